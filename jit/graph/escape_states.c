/* escape_states.c: frame states that name virtual objects. Read escape.h. */
#include "escape.h"

enum { COPIES = 64 };

/* The VIRTUAL node for object i as it is in e->now; NULL while nothing is changed, but mixed values within it
 * are demanded. */
static tz_node *virtual_node(tz_escape *e, uint32_t i) {
  if (e->virtuals_version[i] == e->version) return e->virtuals[i];
  const tz_escape_object *o = &e->objects[i];
  tz_node *n = NULL;
  if (e->changes) {
    n = tz_node_new(e->g, TZ_NODE_VIRTUAL, TZ_TYPE_REF, o->n_fields);
    n->imm.p = o->cls;
  }
  e->virtuals_version[i] = e->version;
  e->virtuals[i] = n;
  for (uint32_t k = 0; k < o->n_fields; k++) {
    tz_value v = tz_escape_demand(e, e->now, e->now[i]->fields[k]);
    tz_node *input = v.kind == TZ_VALUE_VIRTUAL ? virtual_node(e, v.object) : v.node;
    if (n != NULL) n->inputs[k] = input;
  }
  return n;
}

static bool is_value_changed(tz_escape *e, const tz_node *value) {
  bool changed = false;
  if (value->op == TZ_NODE_VIRTUAL) { /* of the builder's: a boxed int */
    for (uint32_t i = 0; i < value->n_inputs; i++) changed |= is_value_changed(e, value->inputs[i]);
    return changed;
  }
  tz_value v = tz_escape_demand(e, e->now, (tz_node *)value);
  if (v.kind == TZ_VALUE_VIRTUAL) virtual_node(e, v.object);
  return v.kind == TZ_VALUE_VIRTUAL || v.node != value;
}

static bool is_changed(tz_escape *e, const tz_frame_state *state) {
  bool changed = false;
  for (; state != NULL; state = state->outer)
    for (uint32_t r = 0; r < state->n; r++)
      if (state->values[r] != NULL) changed |= is_value_changed(e, state->values[r]);
  return changed;
}

static tz_node *value_of(tz_escape *e, tz_node *value) {
  if (value->op == TZ_NODE_VIRTUAL) {
    tz_node *n = tz_node_new(e->g, TZ_NODE_VIRTUAL, TZ_TYPE_REF, value->n_inputs);
    n->imm = value->imm;
    for (uint32_t i = 0; i < n->n_inputs; i++) n->inputs[i] = value_of(e, value->inputs[i]);
    return n;
  }
  tz_value v = tz_escape_peek(e, e->now, value);
  return v.kind == TZ_VALUE_VIRTUAL ? virtual_node(e, v.object) : v.node;
}

/* One copy for all nodes that share a state, until objects change. */
static tz_frame_state *copy(tz_escape *e, tz_frame_state *state) {
  if (state == NULL) return NULL;
  struct tz_state_copy *last = &e->copies[((uintptr_t)state >> 4) % COPIES];
  if (last->from == state && last->version == e->version) return last->to;
  tz_frame_state *to = tz_frame_state_copy(e->g, state, false);
  for (uint32_t r = 0; r < to->n; r++)
    if (to->values[r] != NULL) to->values[r] = value_of(e, to->values[r]);
  to->outer = copy(e, state->outer);
  *last = (struct tz_state_copy){state, to, e->version};
  return to;
}

tz_frame_state *tz_escape_frame_state(tz_escape *e, tz_frame_state *state) {
  if (e->copies == NULL) e->copies = tz_graph_alloc(e->g, COPIES * sizeof *e->copies);
  return is_changed(e, state) && e->changes ? copy(e, state) : state;
}
