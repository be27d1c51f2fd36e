/* valid.c: drops guards on VALID that cannot fail. Code is entered only while its assumptions hold; calls
 * alone may break them, and a poll, which leaves code for which they do not hold (build_hierarchy.c). */
#include "passes.h"
#include "simplify.h"

static bool may_load_classes(const tz_node *n) {
  return n->op != TZ_NODE_POLL && tz_node_effects((tz_node_op)n->op) & TZ_CALLS;
}

/* Whether the assumptions are known to hold at the end of b, given whether they are at its start. Removes
 * guards that this shows to hold, if `removed` is given, and notes it there. */
static bool walk(tz_block *b, bool is_valid, bool *removed) {
  const tz_node *read = NULL; /* since the last call */
  for (tz_node *n = b->first, *next; n != NULL; n = next) {
    next = n->next;
    if (n->op == TZ_NODE_VALID) read = n;
    if (may_load_classes(n)) {
      is_valid = false;
      read = NULL;
    }
    if (n->op != TZ_NODE_GUARD || n->inputs[0]->op != TZ_NODE_VALID) continue;
    if (is_valid && removed != NULL) {
      tz_node_remove(n);
      *removed = true;
    }
    is_valid |= n->inputs[0] == read;
  }
  return is_valid;
}

static bool at_start(const tz_block *b, const bool *at_end) {
  for (uint32_t i = 0; i < b->n_predecessors; i++)
    if (!at_end[b->predecessors[i]->order]) return false;
  return true;
}

void tz_pass_valid(tz_graph *g) {
  bool *at_end = tz_graph_alloc(g, (g->n_blocks + 1) * sizeof *at_end), removed = false; /* by order */
  memset(at_end, true, g->n_blocks);
  for (bool again = true; again;) {
    again = false;
    for (uint32_t i = 0; i < g->n_blocks; i++) {
      bool is_valid = walk(g->blocks[i], at_start(g->blocks[i], at_end), NULL);
      again |= is_valid != at_end[i];
      at_end[i] = is_valid;
    }
  }
  for (uint32_t i = 0; i < g->n_blocks; i++) walk(g->blocks[i], at_start(g->blocks[i], at_end), &removed);
  if (removed) tz_graph_sweep(g);
}
