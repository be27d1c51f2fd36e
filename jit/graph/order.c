/* order.c: reverse postorder, dominators, loops. Read graph.h.
 *
 * Dominators by Cooper, Harvey and Kennedy, "A Simple, Fast Dominance Algorithm", 2001. */
#include "graph.h"

enum { UNREACHED = UINT32_MAX };

/* Numbers the blocks that can be reached and puts them into g->blocks in reverse postorder. Returns how many.
 */
static uint32_t sort_reachable(tz_graph *g, tz_block **sorted) {
  struct {
    tz_block *block;
    uint32_t next; /* successor to look at */
  } *stack = tz_graph_alloc(g, g->n_blocks * sizeof *stack);
  uint32_t depth = 1, first = g->n_blocks;
  for (uint32_t i = 0; i < g->n_blocks; i++) g->blocks[i]->order = UNREACHED;
  stack[0].block = g->entry;
  g->entry->order = 0;
  while (depth > 0) {
    tz_block *b = stack[depth - 1].block;
    if (stack[depth - 1].next == b->n_successors) {
      sorted[--first] = b;
      depth--;
      continue;
    }
    /* The last successor first: what a branch goes to when its condition holds then follows it in the order.
     */
    tz_block *s = b->successors[b->n_successors - ++stack[depth - 1].next];
    if (s->order != UNREACHED) continue;
    s->order = 0;
    stack[depth].block = s;
    stack[depth++].next = 0;
  }
  return g->n_blocks - first;
}

static void drop_unreachable(tz_graph *g) {
  tz_block **sorted = tz_graph_alloc(g, g->n_blocks * sizeof *sorted);
  uint32_t n = sort_reachable(g, sorted), first = g->n_blocks - n;
  for (uint32_t i = 0; i < g->n_blocks; i++) {
    tz_block *b = g->blocks[i];
    if (b->order == UNREACHED)
      while (b->n_successors > 0) tz_block_unlink(b, b->successors[0]);
  }
  g->n_blocks = n;
  for (uint32_t i = 0; i < n; i++) {
    tz_block *b = g->blocks[i] = sorted[first + i];
    *b = (tz_block){.id = b->id,
                    .order = i,
                    .first = b->first,
                    .last = b->last,
                    .n_predecessors = b->n_predecessors,
                    .n_successors = b->n_successors,
                    .predecessors = b->predecessors,
                    .successors = b->successors};
  }
}

static tz_block *common_dominator(tz_block *a, tz_block *b) {
  while (a != b) {
    while (a->order > b->order) a = a->dominator;
    while (b->order > a->order) b = b->dominator;
  }
  return a;
}

static void find_dominators(tz_graph *g) {
  for (bool changed = true; changed;) {
    changed = false;
    for (uint32_t i = 1; i < g->n_blocks; i++) {
      tz_block *b = g->blocks[i], *dominator = NULL;
      for (uint32_t k = 0; k < b->n_predecessors; k++) {
        tz_block *p = b->predecessors[k];
        if (p != g->entry && p->dominator == NULL) continue; /* not yet known */
        dominator = dominator == NULL ? p : common_dominator(p, dominator);
      }
      changed |= b->dominator != dominator;
      b->dominator = dominator;
    }
  }
}

/* Numbers the dominator tree in preorder, so that a subtree is a range. A block comes after its dominator in
 * the order. */
static void number_dominators(tz_graph *g) {
  uint32_t *used = tz_graph_alloc(g, g->n_blocks * sizeof *used); /* numbers given within a block's subtree */
  for (uint32_t i = g->n_blocks; i-- > 0;) {
    tz_block *b = g->blocks[i];
    b->n_dominated++;
    if (b->dominator != NULL) b->dominator->n_dominated += b->n_dominated;
  }
  for (uint32_t i = 0; i < g->n_blocks; i++) {
    tz_block *b = g->blocks[i], *d = b->dominator;
    used[i] = 1;
    if (d == NULL) continue;
    b->dominator_number = d->dominator_number + used[d->order];
    used[d->order] += b->n_dominated;
  }
}

/* The header of the outermost loop known around b; b itself outside of loops. */
static tz_block *outermost(tz_block *b) {
  if (b->loop == NULL) return b;
  for (b = b->loop; b->outer_loop != NULL;) b = b->outer_loop;
  return b;
}

/* Gives the loop of `header` all blocks that reach its back-edges. Inner loops are known already. */
static void fill_loop(tz_block *header, tz_block **stack) {
  uint32_t n = 0;
  for (uint32_t i = 0; i < header->n_predecessors; i++)
    if (tz_block_dominates(header, header->predecessors[i])) stack[n++] = header->predecessors[i];
  header->is_loop_header = n > 0;
  if (n > 0) header->loop = header;
  while (n > 0) {
    tz_block *b = outermost(stack[--n]);
    if (b == header) continue;
    if (b->loop == b) b->outer_loop = header;
    else b->loop = header;
    for (uint32_t i = 0; i < b->n_predecessors; i++)
      if (outermost(b->predecessors[i]) != header) stack[n++] = b->predecessors[i];
  }
}

static void find_loops(tz_graph *g) {
  uint32_t n_edges = 0;
  for (uint32_t i = 0; i < g->n_blocks; i++) n_edges += g->blocks[i]->n_predecessors;
  tz_block **stack = tz_graph_alloc(g, (n_edges + 1) * sizeof *stack);
  for (uint32_t i = g->n_blocks; i-- > 0;) fill_loop(g->blocks[i], stack);
  for (uint32_t i = 0; i < g->n_blocks; i++) {
    tz_block *b = g->blocks[i];
    if (b->loop == b) b->loop_depth = 1 + (b->outer_loop != NULL ? b->outer_loop->loop_depth : 0);
    else if (b->loop != NULL) b->loop_depth = b->loop->loop_depth;
  }
}

bool tz_graph_order(tz_graph *g) {
  drop_unreachable(g);
  find_dominators(g);
  number_dominators(g);
  for (uint32_t i = 0; i < g->n_blocks; i++) {
    tz_block *b = g->blocks[i];
    for (uint32_t k = 0; k < b->n_successors; k++)
      if (b->successors[k]->order <= i && !tz_block_dominates(b->successors[k], b)) return false;
  }
  find_loops(g);
  return true;
}
