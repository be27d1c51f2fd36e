/* waits.c: loops that may wait for what another process stores. */
#include "passes.h"

enum { MAX_SLICE = 32 }; /* nodes that a branch hangs on */

static bool reads_memory(const tz_node *n) {
  return n->op == TZ_NODE_LOAD_FIELD || n->op == TZ_NODE_LOAD_ELEMENT || n->op == TZ_NODE_LOAD_GLOBAL;
}

/* Adds to *reads how many values of guest memory n is computed from in the loop. False: from more than that.
 */
static bool follow(const tz_node *n, const tz_block *header, uint32_t *reads, uint32_t *budget) {
  if (n->block == NULL || !tz_block_is_in(n->block, header)) return true; /* replaced: by one before it */
  if (*budget == 0 || (n->op == TZ_NODE_PHI && n->block->is_loop_header)) return false;
  --*budget;
  *reads += reads_memory(n);
  for (uint32_t i = 0; i < n->n_inputs; i++)
    if (!follow(n->inputs[i], header, reads, budget)) return false;
  return true;
}

bool tz_loop_waits(const tz_graph *g, const tz_block *header) {
  for (uint32_t i = header->order; i < g->n_blocks; i++) {
    const tz_block *b = g->blocks[i];
    uint32_t reads = 0, budget = MAX_SLICE;
    bool leaves = false;
    for (uint32_t k = 0; k < b->n_successors; k++) leaves |= !tz_block_is_in(b->successors[k], header);
    if (!leaves || b->last->n_inputs == 0 || !tz_block_is_in(b, header)) continue;
    if (follow(b->last->inputs[0], header, &reads, &budget) && reads > 0) return true;
  }
  return false;
}

static bool is_waiting(const tz_graph *g, const tz_block *b) {
  for (const tz_block *loop = b->loop; loop != NULL; loop = loop->outer_loop)
    if (tz_loop_waits(g, loop)) return true;
  return false;
}

void tz_pass_waits(tz_graph *g) {
  for (uint32_t i = 0; i < g->n_blocks; i++)
    for (tz_node *n = g->blocks[i]->first; n != NULL; n = n->next)
      if (n->op == TZ_NODE_POLL) n->waits = is_waiting(g, n->block);
}
