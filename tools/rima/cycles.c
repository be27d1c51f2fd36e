/* cycles.c: which modules import each other in a cycle: strongly connected components of the imports (Tarjan,
 * "Depth-first search and linear graph algorithms", 1972). In a cycle some module runs before one whose
 * variables it can reach, so reads of these are checked (emit_global.c). */
#include "program.h"

typedef struct search {
  rima_compiler *c;
  rima_list open; /* rima_unit: visited, of no finished component */
  uint32_t count;
} search;

static void finish_component(search *s, rima_unit *root) {
  bool is_cycle = s->open.items[s->open.count - 1] != root;
  for (uint32_t i = 0; i < root->import_count; i++) is_cycle |= root->imports[i] == root;
  for (rima_unit *unit = NULL; unit != root;) {
    unit = s->open.items[--s->open.count];
    unit->low = UINT32_MAX;
    unit->is_in_cycle = is_cycle;
  }
}

/* `low`: 0 not visited, else the number of the earliest unit known to be reachable; UINT32_MAX: finished. */
static uint32_t visit(search *s, rima_unit *unit) {
  uint32_t number = ++s->count, low = number;
  unit->low = number;
  rima_list_add(s->c->arena, &s->open, unit);
  for (uint32_t i = 0; i < unit->import_count; i++) {
    rima_unit *to = unit->imports[i];
    uint32_t reached = to->low ? to->low : visit(s, to);
    if (reached < low) low = reached;
  }
  unit->low = low;
  if (low != number) return low;
  finish_component(s, unit);
  return UINT32_MAX;
}

void rima_find_cycles(rima_compiler *c) {
  search s = {.c = c};
  for (uint32_t i = 0; i < c->unit_list.count; i++) {
    rima_unit *unit = c->unit_list.items[i];
    if (!unit->low) visit(&s, unit);
  }
}
