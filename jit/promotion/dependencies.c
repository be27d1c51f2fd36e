/* dependencies.c: see dependencies.h. */
#include "dependencies.h"
#include <stdlib.h>

static bool is_same(const tz_dependency *a, const tz_dependency *b) {
  return a->below == b->below && a->interface == b->interface && a->method == b->method &&
         a->target == b->target && a->accepted_by == b->accepted_by;
}

static bool has(const tz_native_code *code, const tz_dependency *d) {
  for (uint32_t i = 0; i < code->n_dependencies; i++)
    if (is_same(&code->dependencies[i], d)) return true;
  return false;
}

bool tz_dependencies_take(tz_native_code *code, const tz_graph *g) {
  if (g->n_dependencies == 0) return true;
  code->dependencies = calloc(g->n_dependencies, sizeof *code->dependencies);
  if (code->dependencies == NULL) return false;
  for (const tz_graph_dependency *d = g->dependencies; d != NULL; d = d->next)
    if (!has(code, &d->is)) code->dependencies[code->n_dependencies++] = d->is;
  return true;
}

bool tz_dependencies_hold(const tz_vm *vm, const tz_native_code *code) {
  for (uint32_t i = 0; i < code->n_dependencies; i++)
    if (!tz_dependency_holds(vm, &code->dependencies[i])) return false;
  return true;
}

bool tz_dependencies_allow(const tz_native_code *code, const tz_class *loaded) {
  for (uint32_t i = 0; i < code->n_dependencies; i++)
    if (!tz_dependency_allows(&code->dependencies[i], loaded)) return false;
  return true;
}
