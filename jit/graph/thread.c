/* thread.c: jumps over branches whose outcome the way there decides.
 *
 *      P: jump ─► B: x = phi(0 from P, y from Q)        P ────────────► no
 *      Q: jump ─►    branch x ─► yes, no          becomes
 *                                                      Q ─► B: branch y ─► yes, no
 *
 * So inlined predicates leave their truth to the place that they decide, and everything that their checks
 * have shown holds there. B may hold nothing but PHIs, one test of them and the branch. Its values may be
 * used behind only where the new edge does not lead. */
#include "simplify.h"

typedef struct threader {
  tz_graph *g;
  uint8_t *is_candidate;        /* by block id */
  const tz_block **used_behind; /* by node id, of nodes in candidates: the successor behind which all uses
                                   lie; NULL: none */
  uint8_t *is_used_anywhere;    /* by node id: not behind one successor alone */
  uint32_t *seen;               /* by node id: VIRTUALs, the walk that came there */
  uint32_t n_walks;
} threader;

static const tz_node *test_of(const tz_block *b) { return b->last->n_inputs > 0 ? b->last->inputs[0] : NULL; }

static bool is_candidate(const tz_block *b) {
  if (b->is_loop_header || b->n_predecessors < 2 ||
      (b->last->op != TZ_NODE_BRANCH && b->last->op != TZ_NODE_SWITCH))
    return false;
  const tz_node *test = test_of(b), *n = b->first;
  while (n->op == TZ_NODE_PHI) n = n->next;
  if (n == b->first) return false;
  if (n == b->last) return test->op == TZ_NODE_PHI && test->block == b;
  bool is_test = n->op == TZ_NODE_IS_NULL || n->op == TZ_NODE_EQ || n->op == TZ_NODE_NE;
  return is_test && n == test && n->next == b->last;
}

/* ---- Where values are used ---- */

static void note_use(threader *t, const tz_node *value, const tz_block *at) {
  if (value->block == NULL || !t->is_candidate[value->block->id] || value->block == at) return;
  const tz_block *b = value->block, *behind = NULL;
  for (uint32_t i = 0; i < b->n_successors; i++)
    if (b->successors[i]->n_predecessors == 1 && tz_block_dominates(b->successors[i], at))
      behind = b->successors[i];
  const tz_block **place = &t->used_behind[value->id];
  if (behind == NULL || (*place != NULL && *place != behind)) t->is_used_anywhere[value->id] = 1;
  *place = behind;
}

static void note_state_value(threader *t, const tz_node *value, const tz_block *at) {
  if (value->op != TZ_NODE_VIRTUAL) {
    note_use(t, value, at);
    return;
  }
  if (t->seen[value->id] == t->n_walks) return;
  t->seen[value->id] = t->n_walks;
  for (uint32_t i = 0; i < value->n_inputs; i++) note_state_value(t, value->inputs[i], at);
}

static void note_uses(threader *t, const tz_node *n) {
  for (uint32_t i = 0; i < n->n_inputs; i++) {
    const tz_block *at = n->op == TZ_NODE_PHI ? n->block->predecessors[i] : n->block;
    if (n->op == TZ_NODE_PHI && n->inputs[i]->block == at && n->inputs[i]->op != TZ_NODE_PHI)
      t->is_used_anywhere[n->inputs[i]->id] = 1;
    note_use(t, n->inputs[i], at);
  }
  if (!(tz_node_effects((tz_node_op)n->op) & TZ_STATE)) return;
  t->n_walks++;
  for (const tz_frame_state *s = n->state; s != NULL; s = s->outer)
    for (uint32_t r = 0; r < s->n; r++)
      if (s->values[r] != NULL) note_state_value(t, s->values[r], n->block);
}

/* No value of b is used where only an edge to `target` leads. */
static bool may_skip_to(const threader *t, const tz_block *b, const tz_block *target) {
  for (const tz_node *n = b->first; n != b->last; n = n->next)
    if (t->is_used_anywhere[n->id] || t->used_behind[n->id] == target) return false;
  return true;
}

/* ---- Deciding ---- */

static const tz_node *coming_from(const tz_node *n, const tz_block *b, uint32_t k) {
  return n->op == TZ_NODE_PHI && n->block == b ? n->inputs[k] : n;
}

/* The number that the branch's input is when control comes by edge k. */
static bool decide(const tz_block *b, uint32_t k, int64_t *value) {
  const tz_node *test = test_of(b), *x = coming_from(test, b, k);
  if (test->block == b && test->op != TZ_NODE_PHI) {
    x = coming_from(test->inputs[0], b, k);
    const tz_node *y = test->n_inputs > 1 ? coming_from(test->inputs[1], b, k) : NULL;
    if (test->op == TZ_NODE_IS_NULL) return tz_node_is_constant(x) && (*value = x->imm.i == 0, true);
    return x->op == TZ_NODE_INT && y->op == TZ_NODE_INT &&
           (*value = (x->imm.i == y->imm.i) == (test->op == TZ_NODE_EQ), true);
  }
  return x->op == TZ_NODE_INT && (*value = x->imm.i, true);
}

static tz_block *target_of(const tz_block *b, int64_t value) {
  if (b->last->op == TZ_NODE_BRANCH) return b->successors[value == 0];
  uint32_t last = b->n_successors - 1;
  return b->successors[(uint64_t)value < last ? (uint32_t)value : last];
}

/* ---- Changing ---- */

static uint32_t index_of(tz_block *const *blocks, uint32_t n, const tz_block *b, uint32_t *count) {
  uint32_t found = n;
  *count = 0;
  for (uint32_t i = 0; i < n; i++)
    if (blocks[i] == b) {
      found = i;
      ++*count;
    }
  return found;
}

static void remove_edge(tz_block *b, uint32_t k) {
  b->n_predecessors--;
  for (uint32_t i = k; i < b->n_predecessors; i++) b->predecessors[i] = b->predecessors[i + 1];
  for (tz_node *phi = b->first; phi->op == TZ_NODE_PHI; phi = phi->next) {
    phi->n_inputs--;
    for (uint32_t i = k; i < phi->n_inputs; i++) phi->inputs[i] = phi->inputs[i + 1];
  }
}

/* Edge k into b leads to `to` instead. */
static bool redirect(tz_graph *g, tz_block *b, uint32_t k, tz_block *to) {
  tz_block *from = b->predecessors[k];
  uint32_t n_out, n_in, out = index_of(from->successors, from->n_successors, b, &n_out);
  uint32_t in = index_of(to->predecessors, to->n_predecessors, b, &n_in);
  if (n_out != 1 || n_in != 1) return false;
  for (tz_node *phi = to->first; phi->op == TZ_NODE_PHI; phi = phi->next)
    tz_phi_add_input(g, phi, (tz_node *)coming_from(phi->inputs[in], b, k));
  tz_block_link(g, from, to);
  from->successors[out] = to;
  from->n_successors--;
  remove_edge(b, k);
  return true;
}

static bool thread_block(threader *t, tz_block *b) {
  bool changed = false;
  for (uint32_t k = b->n_predecessors; k-- > 0;) {
    int64_t value;
    if (!decide(b, k, &value)) continue;
    tz_block *to = target_of(b, value);
    if (may_skip_to(t, b, to)) changed |= redirect(t->g, b, k, to);
  }
  return changed;
}

bool tz_thread_jumps(tz_graph *g) {
  threader t = {.g = g, .is_candidate = tz_graph_alloc(g, g->n_block_ids)};
  uint32_t n = 0;
  for (uint32_t i = 0; i < g->n_blocks; i++)
    n += t.is_candidate[g->blocks[i]->id] = is_candidate(g->blocks[i]);
  if (n == 0) return false;
  t.used_behind = tz_graph_alloc(g, (g->n_nodes + 1) * sizeof *t.used_behind);
  t.is_used_anywhere = tz_graph_alloc(g, g->n_nodes + 1);
  t.seen = tz_graph_alloc(g, (g->n_nodes + 1) * sizeof *t.seen);
  for (uint32_t i = 0; i < g->n_blocks; i++)
    for (const tz_node *x = g->blocks[i]->first; x != NULL; x = x->next) note_uses(&t, x);
  bool changed = false;
  for (uint32_t i = 0; i < g->n_blocks; i++)
    if (t.is_candidate[g->blocks[i]->id]) changed |= thread_block(&t, g->blocks[i]);
  if (changed) tz_graph_order(g);
  return changed;
}
