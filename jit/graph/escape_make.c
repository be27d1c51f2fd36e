/* escape_make.c: where an object escapes it is made: allocated and filled. Read escape.h.
 *
 * An allocation may fail, so there must be a way out: before a call, that of the call, as if the call had
 * raised the exception; elsewhere, out of the function, which is only right where no function of the graph
 * catches exceptions. Without a way out the object is given up: it stays as it was. */
#include "escape.h"
#include "simplify.h"

tz_node *tz_escape_int(tz_escape *e, int64_t i, tz_int_is is) {
  tz_node *n = tz_node_new(e->g, TZ_NODE_INT, TZ_TYPE_INT, 0);
  n->imm.i = i;
  n->aux = is;
  tz_node_insert_before(e->g->entry->first, n);
  return n;
}

/* What ends the block where a call at `at` leads when it fails; NULL: no call, or more than an end stands
 * there. */
static tz_node *failing_end(const tz_node *at) {
  if (at->op != TZ_NODE_CALL && at->op != TZ_NODE_CALL_POINTER) return NULL;
  tz_node *end = at->block->successors[0]->last;
  return end->previous == NULL && (end->op == TZ_NODE_FAIL || end->op == TZ_NODE_DEOPT) ? end : NULL;
}

/* Marks i and what it refers to as made before `at`. */
static void collect(tz_escape *e, tz_record **state, const tz_node *at, uint32_t i) {
  const tz_escape_object *o = &e->objects[i];
  tz_record *was = state[i], *made = tz_record_new(e, TZ_REAL, 0);
  made->value = tz_escape_node(e, TZ_MADE_NODE, at->id, i, 0, (tz_node_op)o->node->op, TZ_TYPE_REF);
  state[i] = made;
  e->making[e->n_making++] = (struct tz_making){i, was};
  for (uint32_t k = 0; k < o->n_fields; k++) {
    tz_value v = tz_escape_demand(e, state, was->fields[k]);
    if (v.kind == TZ_VALUE_VIRTUAL) collect(e, state, at, v.object);
  }
}

static void allocate(tz_escape *e, const struct tz_making *m, tz_node *made, tz_node *at,
                     const tz_node *failing, tz_frame_state *state) {
  const tz_escape_object *o = &e->objects[m->object];
  tz_block *b = at->block;
  made->imm = o->node->imm;
  made->cls = o->cls;
  made->is_exact = true;
  made->state = failing != NULL ? at->state : o->node->state;
  if (o->element != TZ_KIND_VOID) {
    made->inputs = o->node->inputs;
    made->n_inputs = 1;
  }
  tz_block *rest = tz_block_split_before(e->g, at), *failed = tz_block_new(e->g);
  tz_block_append(b, made);
  tz_node *test = tz_node_new(e->g, TZ_NODE_IS_NULL, TZ_TYPE_INT, 1);
  test->inputs[0] = made;
  tz_block_append(b, test);
  tz_node *branch = tz_node_new(e->g, TZ_NODE_BRANCH, TZ_TYPE_VOID, 1);
  branch->inputs[0] = test;
  tz_block_append(b, branch);
  tz_block_link(e->g, b, failed);
  tz_block_link(e->g, b, rest);
  tz_node *end = tz_node_new(e->g, failing != NULL ? (tz_node_op)failing->op : TZ_NODE_FAIL, TZ_TYPE_VOID, 0);
  end->state = state;
  if (failing != NULL) end->aux = failing->aux;
  tz_block_append(failed, end);
}

static bool is_zero(const tz_node *n) {
  return (n->op == TZ_NODE_INT || n->op == TZ_NODE_FLOAT || n->op == TZ_NODE_REF || n->op == TZ_NODE_ANY) &&
         n->imm.i == 0;
}

static void fill(tz_escape *e, tz_record *const *state, const struct tz_making *m, tz_node *at) {
  const tz_escape_object *o = &e->objects[m->object];
  for (uint32_t k = 0; k < o->n_fields; k++) {
    tz_node *value = tz_escape_peek(e, state, m->record->fields[k]).node;
    if (is_zero(value)) continue;
    bool is_array = o->element != TZ_KIND_VOID;
    tz_node *store = tz_node_new(e->g, is_array ? TZ_NODE_STORE_ELEMENT : TZ_NODE_STORE_FIELD, TZ_TYPE_VOID,
                                 is_array ? 3 : 2);
    store->inputs[0] = state[m->object]->value;
    if (is_array) store->inputs[1] = tz_escape_int(e, k, TZ_INT_NUMBER);
    store->inputs[store->n_inputs - 1] = value;
    store->aux = is_array ? o->element : k;
    tz_node_insert_before(at, store);
  }
}

void tz_escape_make(tz_escape *e, tz_record **state, tz_node *at, uint32_t i) {
  const tz_node *failing = failing_end(at);
  if (failing == NULL && e->has_handlers) {
    tz_escape_give_up(e, i);
    return;
  }
  tz_frame_state *frames =
      failing != NULL && failing->state != NULL ? tz_escape_frame_state(e, failing->state) : NULL;
  e->n_making = 0;
  collect(e, state, at, i);
  e->version++;
  if (!e->changes) return;
  for (uint32_t k = 0; k < e->n_making; k++)
    allocate(e, &e->making[k], state[e->making[k].object]->value, at, failing, frames);
  for (uint32_t k = 0; k < e->n_making; k++) fill(e, state, &e->making[k], at);
  tz_escape_set_exit(e, at->block, state);
}
