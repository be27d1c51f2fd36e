/* strip_mine.c: counted loops poll once in 1,024 rounds.
 *
 * A poll on the back-edge keeps LLVM from vectorizing a loop. An innermost loop without calls whose last test
 * compares its counter with a bound becomes two:
 *
 *      entry                        entry
 *        │                            ▼
 *        ▼                ┌──────► outer: limit = min(bound, counter + 1024 steps)
 *   ┌► header             │           ▼
 *   │    …                │   ┌─► header
 *   │   test ──► exit     │   │     …
 *   │    ▼                │   │    test against limit
 *   │   poll              │   └──── y   n
 *   └────┘                │             ▼
 *                         │           test ──► exit
 *                         │             ▼
 *                         └──────────  poll
 *
 * The limit is never beyond the bound, also when the sum wraps: then a strip is short, nothing worse.
 * Counting loops that are short for sure lose their poll altogether. */
#include "simplify.h"

enum { STRIP = 1024, MAX_STEP = 64 };

typedef struct counted {
  tz_block *header, *latch, *poll, *test; /* test's branch goes to poll or out of the loop */
  uint32_t stay;                          /* its successor that is poll */
  tz_node *counter;                       /* PHI of the header */
  tz_node *tested, *bound; /* the loop goes on while tested < bound, in the direction of the step */
  uint32_t bound_input;    /* of the comparison */
  int64_t step;
} counted;

static bool is_in(const tz_block *b, const tz_block *header) { return b->loop == header; }

/* No loop within, and nothing that runs guest code but the poll at the end. */
static bool is_simple(const tz_graph *g, const counted *c) {
  for (uint32_t i = c->header->order; i < g->n_blocks; i++) {
    const tz_block *b = g->blocks[i];
    if (b->is_loop_header && b->outer_loop == c->header) return false;
    if (!is_in(b, c->header) || b == c->poll) continue;
    for (const tz_node *n = b->first; n != NULL; n = n->next)
      if (tz_node_effects((tz_node_op)n->op) & TZ_CALLS) return false;
  }
  return true;
}

/* header ◄─ latch ◄─ poll ◄─ test */
static bool find_blocks(counted *c) {
  c->latch = c->header->predecessors[1];
  if (c->latch->n_predecessors != 1 || c->latch->first != c->latch->last) return false;
  c->poll = c->latch->predecessors[0];
  if (c->poll->first->op != TZ_NODE_POLL || c->poll->n_predecessors != 1 ||
      c->poll->successors[1] != c->latch)
    return false;
  c->test = c->poll->predecessors[0];
  if (c->test->last->op != TZ_NODE_BRANCH) return false;
  c->stay = c->test->successors[0] == c->poll ? 0 : 1;
  return !is_in(c->test->successors[1 - c->stay], c->header);
}

/* The step from the counter to n; 0: it is not a constant one. */
static int64_t step_of(const counted *c, const tz_node *n) {
  bool is_step = n->op == TZ_NODE_ADD && n->inputs[0] == c->counter && n->inputs[1]->op == TZ_NODE_INT;
  int64_t step = is_step ? n->inputs[1]->imm.i : 0;
  return step >= -MAX_STEP && step <= MAX_STEP ? step : 0;
}

/* tested is the counter, before or after its step. */
static bool is_counter(counted *c, tz_node *tested) {
  c->tested = tested;
  c->counter = tested->op == TZ_NODE_ADD ? tested->inputs[0] : tested;
  if (c->counter->op != TZ_NODE_PHI || c->counter->block != c->header) return false;
  c->step = step_of(c, c->counter->inputs[1]);
  return c->step != 0 && (tested == c->counter || tested == c->counter->inputs[1]);
}

static bool find_counter(counted *c) {
  const tz_node *cond = c->test->last->inputs[0];
  if (cond->op != TZ_NODE_LT && cond->op != TZ_NODE_LE) return false;
  for (uint32_t k = 0; k < 2; k++) {
    c->bound = cond->inputs[1 - k];
    c->bound_input = 1 - k;
    if (is_in(c->bound->block, c->header) || !is_counter(c, cond->inputs[k])) continue;
    bool is_below = (k == 0) == (c->stay == 0); /* the loop goes on while the counter is below the bound */
    return is_below == (c->step > 0);
  }
  return false;
}

static bool is_short(const counted *c) {
  const tz_node *first = c->counter->inputs[0];
  if (first->op != TZ_NODE_INT || c->bound->op != TZ_NODE_INT) return false;
  int64_t distance;
  bool wraps = c->step > 0 ? __builtin_sub_overflow(c->bound->imm.i, first->imm.i, &distance)
                           : __builtin_sub_overflow(first->imm.i, c->bound->imm.i, &distance);
  return !wraps && distance <= STRIP;
}

/* ---- Changing ---- */

static tz_node *append(tz_graph *g, tz_block *b, tz_node_op op, tz_node_type type, uint32_t n, tz_node *x,
                       tz_node *y) {
  tz_node *node = tz_node_new(g, op, type, n);
  if (n > 0) node->inputs[0] = x;
  if (n > 1) node->inputs[1] = y;
  tz_block_append(b, node);
  return node;
}

static void jump(tz_graph *g, tz_block *from, tz_block *to) {
  append(g, from, TZ_NODE_JUMP, TZ_TYPE_VOID, 0, NULL, NULL);
  tz_block_link(g, from, to);
}

static void replace_block(tz_block **blocks, uint32_t n, const tz_block *old, tz_block *by) {
  for (uint32_t i = 0; i < n; i++)
    if (blocks[i] == old) {
      blocks[i] = by;
      return;
    }
}

/* A PHI in the outer header for each of the inner one, which then starts from that. */
static void make_outer_phis(tz_graph *g, const counted *c, tz_block *outer) {
  for (tz_node *n = c->header->first; n->op == TZ_NODE_PHI; n = n->next) {
    tz_node *phi = append(g, outer, TZ_NODE_PHI, (tz_node_type)n->type, 2, n->inputs[0], n->inputs[1]);
    phi->is_nonnull = n->is_nonnull;
    phi->is_exact = n->is_exact;
    phi->cls = n->cls;
    n->inputs[0] = phi;
  }
}

/* min or max of the bound and a strip further, at the end of the outer header; returns the block that goes
 * on. */
static tz_block *make_limit(tz_graph *g, const counted *c, tz_block *outer, tz_node **limit) {
  tz_node *length = append(g, outer, TZ_NODE_INT, TZ_TYPE_INT, 0, NULL, NULL);
  length->imm.i = STRIP * c->step;
  tz_node *further = append(g, outer, TZ_NODE_ADD, TZ_TYPE_INT, 2, c->counter->inputs[0], length);
  bool is_up = c->step > 0;
  tz_node *is_first =
      append(g, outer, TZ_NODE_LT, TZ_TYPE_INT, 2, is_up ? further : c->bound, is_up ? c->bound : further);
  append(g, outer, TZ_NODE_BRANCH, TZ_TYPE_VOID, 1, is_first, NULL)->aux = 512;
  tz_block *yes = tz_block_new(g), *no = tz_block_new(g), *join = tz_block_new(g);
  tz_block_link(g, outer, yes);
  tz_block_link(g, outer, no);
  jump(g, yes, join);
  jump(g, no, join);
  *limit = append(g, join, TZ_NODE_PHI, TZ_TYPE_INT, 2, further, c->bound);
  return join;
}

/* The test compares with the limit and stays in the inner loop; where that ends, the old test follows. */
static void split_test(tz_graph *g, const counted *c, tz_node *limit) {
  tz_block *t = c->test, *again = tz_block_new(g), *back = tz_block_new(g);
  tz_node *branch = t->last, *cond = branch->inputs[0];
  tz_node *inner = tz_node_new(g, (tz_node_op)cond->op, TZ_TYPE_INT, 2);
  inner->inputs[c->bound_input] = limit;
  inner->inputs[1 - c->bound_input] = c->tested;
  tz_node_insert_before(branch, inner);
  branch->inputs[0] = inner;
  cond = append(g, again, (tz_node_op)cond->op, TZ_TYPE_INT, 2, cond->inputs[0],
                cond->inputs[1]); /* not one from within the loop */
  append(g, again, TZ_NODE_BRANCH, TZ_TYPE_VOID, 1, cond, NULL)->aux = branch->aux;
  again->successors = t->successors;
  again->n_successors = 2;
  for (uint32_t i = 0; i < 2; i++)
    replace_block(again->successors[i]->predecessors, again->successors[i]->n_predecessors, t, again);
  t->successors = NULL;
  t->n_successors = 0;
  tz_block_link(g, t, c->stay == 0 ? back : again);
  tz_block_link(g, t, c->stay == 0 ? again : back);
  append(g, back, TZ_NODE_JUMP, TZ_TYPE_VOID, 0, NULL, NULL);
  back->successors = c->latch->successors; /* the edge into the header, which keeps its place there */
  back->n_successors = 1;
  replace_block(c->header->predecessors, 2, c->latch, back);
  c->latch->successors = NULL;
  c->latch->n_successors = 0;
}

static void strip(tz_graph *g, const counted *c) {
  tz_block *entry = c->header->predecessors[0], *outer = tz_block_new(g);
  tz_node *limit;
  make_outer_phis(g, c, outer);
  tz_block *join = make_limit(g, c, outer, &limit);
  append(g, join, TZ_NODE_JUMP, TZ_TYPE_VOID, 0, NULL, NULL);
  join->successors = entry->successors;
  join->n_successors = 1;
  replace_block(c->header->predecessors, 2, entry, join);
  entry->successors = NULL;
  entry->n_successors = 0;
  tz_block_link(g, entry, outer);
  split_test(g, c, limit);
  tz_block_link(g, c->latch, outer);
}

/* The poll never asks to leave. */
static void drop_poll(const counted *c) {
  tz_block_unlink(c->poll, c->poll->successors[0]);
  tz_node *branch = c->poll->last;
  branch->op = TZ_NODE_JUMP;
  branch->n_inputs = 0;
  branch->aux = 0;
  tz_node_remove(c->poll->first);
}

void tz_pass_strip_mine(tz_graph *g) {
  bool changed = false;
  uint32_t n = g->n_blocks;
  for (uint32_t i = 0; i < n; i++) {
    counted c = {.header = g->blocks[i]};
    if (!c.header->is_loop_header || !find_blocks(&c) || !find_counter(&c) || !is_simple(g, &c)) continue;
    if (is_short(&c)) drop_poll(&c);
    else strip(g, &c);
    changed = true;
  }
  if (changed) tz_graph_sweep(g);
}
