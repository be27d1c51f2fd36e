/* sweep.c: removes nodes whose values nobody uses, joins blocks that always follow each other, splits edges.
 */
#include "simplify.h"

typedef struct sweep {
  uint8_t *is_live;
  tz_node **work;
  uint32_t n_work;
} sweep;

static void use(sweep *s, tz_node *n) {
  if (n == NULL || s->is_live[n->id]) return;
  s->is_live[n->id] = 1;
  s->work[s->n_work++] = n;
}

static void use_state(sweep *s, const tz_frame_state *state) {
  for (; state != NULL; state = state->outer)
    for (uint32_t r = 0; r < state->n; r++) use(s, state->values[r]);
}

static void remove_unused(tz_graph *g) {
  sweep s = {.is_live = tz_graph_alloc(g, g->n_nodes + 1),
             .work = tz_graph_alloc(g, (g->n_nodes + 1) * sizeof(tz_node *))};
  const uint32_t needed = TZ_WRITES | TZ_ALLOC | TZ_CALLS | TZ_GUARD | TZ_END;
  for (uint32_t i = 0; i < g->n_blocks; i++)
    for (tz_node *n = g->blocks[i]->first; n != NULL; n = n->next)
      if (tz_node_effects((tz_node_op)n->op) & needed || n->op == TZ_NODE_PARAM) use(&s, n);
  while (s.n_work > 0) {
    tz_node *n = s.work[--s.n_work];
    for (uint32_t i = 0; i < n->n_inputs; i++) use(&s, n->inputs[i]);
    if (tz_node_effects((tz_node_op)n->op) & TZ_STATE) use_state(&s, n->state);
  }
  for (uint32_t i = 0; i < g->n_blocks; i++)
    for (tz_node *n = g->blocks[i]->first, *next; n != NULL; n = next) {
      next = n->next;
      if (!s.is_live[n->id]) tz_node_remove(n);
    }
}

/* b ends in a jump to `next`, which has no other predecessor. */
static void join(tz_block *b, tz_block *next) {
  tz_node_remove(b->last);
  for (tz_node *n; (n = next->first) != NULL;) {
    if (n->op == TZ_NODE_PHI) {
      tz_node_replace(n, n->inputs[0]);
      continue;
    }
    tz_node_remove(n);
    tz_block_append(b, n);
  }
  b->successors = next->successors;
  b->n_successors = next->n_successors;
  for (uint32_t i = 0; i < b->n_successors; i++) {
    tz_block *to = b->successors[i];
    for (uint32_t k = 0; k < to->n_predecessors; k++)
      if (to->predecessors[k] == next) to->predecessors[k] = b;
  }
  next->successors = NULL;
  next->n_successors = next->n_predecessors = 0;
}

static bool join_blocks(tz_graph *g) {
  bool joined = false;
  for (uint32_t i = 0; i < g->n_blocks; i++) {
    tz_block *b = g->blocks[i];
    if (b->last == NULL) continue; /* has been joined to another */
    while (b->last->op == TZ_NODE_JUMP && b->successors[0]->n_predecessors == 1 && b->successors[0] != b) {
      join(b, b->successors[0]);
      joined = true;
    }
  }
  if (joined) tz_graph_apply_replacements(g);
  return joined;
}

void tz_graph_sweep(tz_graph *g) {
  tz_graph_order(g);
  remove_unused(g);
  if (join_blocks(g)) tz_graph_order(g);
}

void tz_graph_split_critical_edges(tz_graph *g) {
  for (uint32_t i = 0, n = g->n_blocks; i < n; i++) {
    tz_block *b = g->blocks[i];
    for (uint32_t k = 0; b->n_successors > 1 && k < b->n_successors; k++) {
      tz_block *to = b->successors[k], *between;
      if (to->n_predecessors < 2) continue;
      between = tz_block_new(g);
      tz_block_append(between, tz_node_new(g, TZ_NODE_JUMP, TZ_TYPE_VOID, 0));
      tz_block_link(g, between, to); /* then it takes b's place among the predecessors */
      to->n_predecessors--;
      uint32_t at = 0;
      while (to->predecessors[at] != b) at++;
      to->predecessors[at] = between;
      b->successors[k] = between;
      between->predecessors = tz_graph_alloc(g, 2 * sizeof *between->predecessors);
      between->predecessors[0] = b;
      between->n_predecessors = 1;
    }
  }
  tz_graph_order(g);
}

tz_block *tz_block_split_before(tz_graph *g, tz_node *at) {
  tz_block *b = at->block, *rest = tz_block_new(g);
  for (tz_node *n = at, *next; n != NULL; n = next) {
    next = n->next;
    tz_node_remove(n);
    tz_block_append(rest, n);
  }
  rest->order = b->order;
  rest->successors = b->successors;
  rest->n_successors = b->n_successors;
  b->successors = NULL;
  b->n_successors = 0;
  for (uint32_t i = 0; i < rest->n_successors; i++) {
    tz_block *to = rest->successors[i];
    for (uint32_t k = 0; k < to->n_predecessors; k++)
      if (to->predecessors[k] == b) to->predecessors[k] = rest;
  }
  return rest;
}
