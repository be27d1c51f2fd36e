/* barriers.c: which stores need no write barrier. A store of what is no reference; and one into the object
 * allocated last, as long as nothing has come since that may collect: it is still young, or does not mind
 * (gc_attributes.h). */
#include "known.h"
#include "passes.h"

static bool may_collect(const tz_node *n) {
  return tz_node_effects((tz_node_op)n->op) & (TZ_ALLOC | TZ_CALLS);
}

static void mark(tz_node *store, const tz_node *fresh) {
  const tz_node *value = store->inputs[store->n_inputs - 1];
  bool is_word = value->type == TZ_TYPE_REF || value->type == TZ_TYPE_ANY;
  if (is_word) store->no_barrier = store->inputs[0] == fresh || !(tz_known_of(value).kinds & TZ_MAYBE_REF);
}

/* The object that is fresh at the end of b, given the one at its start; NULL: none. */
static tz_node *walk(tz_block *b, tz_node *fresh) {
  for (tz_node *n = b->first; n != NULL; n = n->next)
    if (n->op == TZ_NODE_STORE_FIELD || n->op == TZ_NODE_STORE_ELEMENT) mark(n, fresh);
    else if (may_collect(n)) fresh = n->op == TZ_NODE_NEW || n->op == TZ_NODE_NEW_ARRAY ? n : NULL;
  return fresh;
}

void tz_pass_barriers(tz_graph *g) {
  tz_node **fresh = tz_graph_alloc(g, g->n_blocks * sizeof *fresh); /* at the end of each block, by order */
  for (uint32_t i = 0; i < g->n_blocks; i++) {
    tz_block *b = g->blocks[i];
    tz_node *at_start = b->n_predecessors > 0 && !b->is_loop_header ? fresh[b->predecessors[0]->order] : NULL;
    for (uint32_t p = 1; p < b->n_predecessors; p++)
      if (fresh[b->predecessors[p]->order] != at_start) at_start = NULL;
    fresh[i] = walk(b, at_start);
  }
}
