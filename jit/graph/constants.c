/* constants.c: constants, each once, at the start of the entry block, where they dominate everything. */
#include "simplify.h"

void tz_constants_init(tz_simplifier *s) {
  s->constants_room = 64;
  while (s->constants_room < s->g->n_nodes / 4) s->constants_room *= 2;
  s->constants = tz_graph_alloc(s->g, s->constants_room * sizeof *s->constants);
  s->n_constants = 0;
}

static uint32_t place_of(const tz_simplifier *s, const tz_node *n) {
  uint64_t h = ((uint64_t)n->imm.i ^ n->op) * 0x9e3779b97f4a7c15u;
  uint32_t i = (uint32_t)(h >> 40) & (s->constants_room - 1);
  while (s->constants[i] != NULL && (s->constants[i]->op != n->op || s->constants[i]->imm.i != n->imm.i))
    i = (i + 1) & (s->constants_room - 1);
  return i;
}

static void grow(tz_simplifier *s) {
  tz_node **old = s->constants;
  uint32_t room = s->constants_room;
  s->constants_room *= 2;
  s->constants = tz_graph_alloc(s->g, s->constants_room * sizeof *s->constants);
  for (uint32_t i = 0; i < room; i++)
    if (old[i] != NULL) s->constants[place_of(s, old[i])] = old[i];
}

tz_node *tz_constant_unique(tz_simplifier *s, tz_node *n) {
  if (2 * s->n_constants >= s->constants_room) grow(s);
  tz_node **place = &s->constants[place_of(s, n)], *first = s->g->entry->first;
  if (*place != NULL) {
    if ((*place)->op == TZ_NODE_INT && (*place)->aux == TZ_INT_NUMBER) (*place)->aux = n->aux;
    return *place;
  }
  if (n->block != s->g->entry) {
    if (n->block != NULL) tz_node_remove(n);
    tz_node_insert_before(first, n);
  }
  s->n_constants++;
  return *place = n;
}

static tz_node *constant(tz_simplifier *s, tz_node_op op, tz_node_type type, int64_t bits, uint32_t aux) {
  tz_node like = {.op = (uint8_t)op, .aux = aux, .imm.i = bits};
  tz_node *n = s->constants[place_of(s, &like)];
  if (n != NULL) return n;
  n = tz_node_new(s->g, op, type, 0);
  n->imm.i = bits;
  n->aux = aux;
  return tz_constant_unique(s, n);
}

tz_node *tz_constant_int(tz_simplifier *s, int64_t i, tz_int_is is) {
  return constant(s, TZ_NODE_INT, TZ_TYPE_INT, i, is);
}

tz_node *tz_constant_float(tz_simplifier *s, double f) {
  int64_t bits;
  memcpy(&bits, &f, 8);
  return constant(s, TZ_NODE_FLOAT, TZ_TYPE_FLOAT, bits, 0);
}

tz_node *tz_constant_any(tz_simplifier *s, uint64_t word) {
  return constant(s, TZ_NODE_ANY, TZ_TYPE_ANY, (int64_t)word, 0);
}

tz_node *tz_constant_null(tz_simplifier *s, tz_node_type type) {
  return type == TZ_TYPE_ANY ? tz_constant_any(s, TZ_ANY_NULL) : constant(s, TZ_NODE_REF, TZ_TYPE_REF, 0, 0);
}
