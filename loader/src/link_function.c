/* link_function.c: globals and functions of a module in a VM. See linker.h. */
#include "linker.h"
#include <stdio.h>

static bool is_traced(const tz_type *t) { return t->rep == 'R' || t->rep == 'Y'; }

bool tz_link_globals(tz_linker *l) {
  tz_module *m = l->module;
  uint32_t first = l->image->n_imported_globals, n = m->n_globals - first;
  m->storage = tz_link_alloc(l, n, sizeof *m->storage);
  m->storage_map = tz_link_alloc(l, n / 64 + 1, sizeof *m->storage_map);
  if (m->storage == NULL || m->storage_map == NULL) return false;
  m->n_storage = n;
  for (uint32_t i = 0; i < n; i++) {
    m->globals[first + i] = &m->storage[i];
    if (is_traced(m->types[l->image->globals[first + i].type]))
      m->storage_map[i / 64] |= UINT64_C(1) << i % 64;
  }
  return true;
}

static tz_function *native_new(tz_linker *l, const tz_function_entry *entry) {
  char module[256], name[512], full[780];
  snprintf(module, sizeof module, "%.*s", (int)entry->module.length, entry->module.at);
  snprintf(name, sizeof name, "%.*s", (int)entry->name.length, entry->name.at);
  snprintf(full, sizeof full, "%s.%s", module, name);
  const tz_native_def *def = tz_native_find(l->vm, module, name);
  tz_function *f = tz_function_native(l->vm, l->module, full, l->signatures[entry->signature], def->function);
  if (f != NULL && tz_native_is_leaf(l->vm, def)) tz_function_make_leaf(l->vm, f);
  return f;
}

bool tz_link_allocate_functions(tz_linker *l) {
  for (uint32_t i = 0; i < l->image->n_functions; i++) {
    const tz_function_entry *entry = &l->image->functions[i];
    if (l->module->functions[i] != NULL) continue; /* imported or shared */
    const char *name = tz_link_name(l, entry->name, entry->flags & TZ_FUNCTION_SHARED);
    if (name == NULL) return false;
    tz_function *f = entry->flags & TZ_FUNCTION_NATIVE
                         ? native_new(l, entry)
                         : tz_function_alloc(l->vm, l->module, name, l->signatures[entry->signature]);
    if (f == NULL) return tz_link_no_memory(l);
    l->module->functions[i] = f;
    l->is_own_function[i] = true;
  }
  return true;
}

static bool link_registers(tz_linker *l, const tz_function_entry *entry, tz_function *f) {
  f->registers = tz_link_alloc(l, entry->n_registers, sizeof *f->registers);
  if (f->registers == NULL) return false;
  for (uint32_t i = 0; i < entry->n_registers; i++) f->registers[i] = l->module->types[entry->registers[i]];
  f->n_registers = entry->n_registers;
  f->n_ref_locals = entry->n_ref_locals;
  return tz_function_finish(l->vm, f) || tz_link_no_memory(l);
}

static bool link_handlers(tz_linker *l, const tz_function_entry *entry, tz_function *f) {
  struct tz_linked_handler *handlers = tz_link_alloc(l, entry->n_handlers, sizeof *handlers);
  if (handlers == NULL) return false;
  for (uint32_t i = 0; i < entry->n_handlers; i++) {
    const tz_handler *h = &entry->handlers[i];
    tz_class *type = l->module->classes[l->image->types[h->type].of];
    handlers[i] = (struct tz_linked_handler){h->start, h->end, h->target, h->reg, type};
  }
  f->handlers = handlers;
  f->n_handlers = entry->n_handlers;
  return true;
}

static bool link_source(tz_linker *l, const tz_function_entry *entry, tz_function *f) {
  f->lines = entry->lines;
  f->n_lines = entry->n_lines;
  f->locals = entry->locals;
  f->n_locals = entry->n_locals;
  if (entry->source == TZ_NONE) return true;
  tz_text source = l->image->sources[entry->source];
  f->source = tz_symbol(l->vm, source.at, source.length);
  return f->source != NULL || tz_link_no_memory(l);
}

bool tz_link_functions(tz_linker *l) {
  if (!tz_link_constants(l)) return false;
  for (uint32_t i = l->image->n_imported_functions; i < l->image->n_functions; i++) {
    const tz_function_entry *entry = &l->image->functions[i];
    tz_function *f = l->module->functions[i];
    if (!l->is_own_function[i]) continue;
    f->flags = entry->flags;
    if (!link_registers(l, entry, f) || !link_handlers(l, entry, f) || !link_source(l, entry, f) ||
        !tz_link_code(l, entry, f))
      return false;
  }
  return true;
}
