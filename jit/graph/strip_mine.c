/* strip_mine.c: loops without calls poll once in many rounds, or outside of the loop.
 *
 * A poll on the back-edge keeps LLVM from vectorizing a loop, and what lies behind it, a call, from keeping
 * references in place. A loop whose last test compares its counter with a bound becomes two:
 *
 *      entry                        entry
 *        │                            ▼
 *        ▼                ┌──────► outer: limit = min(bound, counter + a strip)
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
 * The limit is never beyond the bound, also when the sum wraps: then a strip is short, nothing worse. The
 * counter is held below it strictly, so that it cannot step from the limit over the end of the numbers: where
 * the loop goes on up to and including the bound, the limit is one more. A loop that tests at its start keeps
 * that test, and compares with the limit before the poll. Where nothing is counted, and no loop within polls,
 * the limit is that a poll is asked for, if there are references to be kept in place: the test of that stays
 * in the loop, the call does not. Counting loops that are short for sure lose their poll altogether, and so
 * do those that have been short so far, behind a guard that they still are. Two counters that go towards each
 * other make a loop short as well.
 *
 * Loops are looked at from the inside out, so that of each is known how much it does between polls. */
#include "counted.h"
#include "simplify.h"

/* Work is counted in nodes: a million take some hundred microseconds, hardly ever a millisecond. */
enum {
  STRIP = 1024,      /* rounds without a poll, where there may be more */
  LEAST_STRIP = 4,   /* shorter ones do not pay */
  BUDGET = 1 << 20,  /* work between polls */
  NO_WORK = 1 << 16, /* that of a loop which needs no poll */
  EXPECTED = 4,      /* a loop is expected to be short if its strip is so many times its rounds */
  SELDOM = 64
};

typedef enum how { KEEP, DROP, EXPECT, COUNT, ASK } how; /* what becomes of a loop's poll */

typedef struct plan {
  how how;
  tz_counted c;   /* COUNT, EXPECT: all of it; DROP, ASK: the blocks */
  tz_node *guard; /* EXPECT: on SHORT */
  int64_t strip;  /* rounds that it runs without a poll */
  int64_t work;   /* between polls; 0: it runs guest code */
  bool polls;     /* within, or in loops within */
} plan;

static int64_t work_of_block(const tz_block *b) {
  int64_t work = 0;
  for (const tz_node *n = b->first; n != NULL; n = n->next, work++)
    if (n->op != TZ_NODE_POLL && (tz_node_effects((tz_node_op)n->op) & TZ_CALLS)) return 0;
  return work;
}

/* The work of one round; 0: it runs guest code. Whether a loop within polls. `all` is known of those. */
static int64_t work_of_round(const tz_graph *g, const tz_block *header, const plan *all, bool *polls) {
  int64_t sum = 0;
  *polls = false;
  for (uint32_t i = header->order; i < g->n_blocks; i++) {
    const tz_block *b = g->blocks[i];
    bool is_within = b->loop == b && b->outer_loop == header;
    if (b->loop != header && !is_within) continue;
    int64_t work = is_within ? all[i].work : work_of_block(b);
    if (work == 0) return 0;
    sum += work;
    *polls |= is_within && all[i].polls;
  }
  return sum;
}

/* A reference from outside is used in the loop: with a call within it would be another after each round. */
static bool uses_reference(const tz_graph *g, const tz_block *header) {
  for (uint32_t i = header->order; i < g->n_blocks; i++) {
    if (!tz_block_is_in(g->blocks[i], header)) continue;
    for (const tz_node *n = g->blocks[i]->first; n != NULL; n = n->next)
      for (uint32_t k = 0; k < n->n_inputs && n->op != TZ_NODE_PHI; k++) {
        const tz_node *x = n->inputs[k];
        bool is_reference = x->type == TZ_TYPE_REF || x->type == TZ_TYPE_ANY;
        if (is_reference && !tz_node_is_constant(x) && !tz_block_is_in(x->block, header)) return true;
      }
  }
  return false;
}

/* On SHORT, before the loop; start and bound are known there. */
static tz_node *find_guard(const tz_counted *c) {
  const tz_block *entry = c->header->predecessors[0];
  for (tz_node *n = entry->last; n != NULL; n = n->previous) {
    if (n->op == TZ_NODE_GUARD && n->inputs[0]->op == TZ_NODE_SHORT) return n;
    if (n == c->bound || n == c->counter->inputs[0]) return NULL;
  }
  return NULL;
}

/* The profile has seen it, and it was over in far fewer rounds than its strip would have. */
static bool was_short(const tz_counted *c, int64_t strip) {
  uint32_t stays = c->test->last->aux, leaves = c->stay == 0 ? 1024 - stays : stays;
  return leaves != TZ_LOOP_LEFT && leaves * strip >= 1024 * EXPECTED;
}

static bool is_expected_short(plan *p, const tz_facts *facts) {
  if (p->c.step_value != NULL || !was_short(&p->c, p->strip) || tz_counted_may_overshoot(&p->c, facts))
    return false;
  p->guard = find_guard(&p->c);
  return p->guard != NULL;
}

static how choose(const tz_graph *g, plan *p, int64_t round, bool polls_within, const tz_facts *facts) {
  if (!tz_counted_find_blocks(&p->c)) return KEEP;
  p->strip = BUDGET / round < STRIP ? BUDGET / round : STRIP;
  if (tz_counted_find(&p->c, facts)) {
    int64_t rounds = tz_counted_most_rounds(&p->c, facts);
    if (rounds <= NO_WORK / round) {
      p->strip = rounds;
      return DROP;
    }
    if (is_expected_short(p, facts)) return EXPECT;
    if (p->strip >= LEAST_STRIP && !p->c.meets) return COUNT;
  }
  return polls_within || !uses_reference(g, p->c.header) ? KEEP : ASK;
}

static void decide(const tz_graph *g, tz_block *header, plan *all, const tz_facts *facts) {
  plan *p = &all[header->order];
  *p = (plan){.c.header = header, .strip = 1};
  bool polls_within;
  p->work = work_of_round(g, header, all, &polls_within);
  p->polls = true;
  if (p->work == 0) return;
  p->how = choose(g, p, p->work, polls_within, facts);
  p->polls = polls_within || (p->how != DROP && p->how != EXPECT);
  if (p->how != KEEP && p->how != ASK) p->work *= p->strip;
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
static void make_outer_phis(tz_graph *g, const tz_counted *c, tz_block *outer) {
  for (tz_node *n = c->header->first; n->op == TZ_NODE_PHI; n = n->next) {
    tz_node *phi = append(g, outer, TZ_NODE_PHI, (tz_node_type)n->type, 2, n->inputs[0], n->inputs[1]);
    phi->is_nonnull = n->is_nonnull;
    phi->is_exact = n->is_exact;
    phi->cls = n->cls;
    n->inputs[0] = phi;
  }
}

/* The bound that the counter lies below, or above, in the loop. One of all numbers wraps: then a strip is one
 * round. */
static tz_node *strict_bound(tz_graph *g, const tz_counted *c, tz_block *outer) {
  if (tz_counted_is_strict(c)) return c->bound;
  tz_node *one = append(g, outer, TZ_NODE_INT, TZ_TYPE_INT, 0, NULL, NULL);
  one->imm.i = c->step > 0 ? 1 : -1;
  return append(g, outer, TZ_NODE_ADD, TZ_TYPE_INT, 2, c->bound, one);
}

/* min or max of the bound and a strip further, at the end of the outer header; returns the block that goes
 * on. */
static tz_block *make_limit(tz_graph *g, const plan *p, tz_block *outer, tz_node **limit) {
  const tz_counted *c = &p->c;
  tz_node *length = append(g, outer, TZ_NODE_INT, TZ_TYPE_INT, 0, NULL, NULL);
  length->imm.i = p->strip * c->step;
  if (c->step_value != NULL) length = append(g, outer, TZ_NODE_MUL, TZ_TYPE_INT, 2, c->step_value, length);
  tz_node *further = append(g, outer, TZ_NODE_ADD, TZ_TYPE_INT, 2, c->counter->inputs[0], length);
  tz_node *bound = strict_bound(g, c, outer);
  bool is_up = c->step > 0;
  tz_node *is_first =
      append(g, outer, TZ_NODE_LT, TZ_TYPE_INT, 2, is_up ? further : bound, is_up ? bound : further);
  append(g, outer, TZ_NODE_BRANCH, TZ_TYPE_VOID, 1, is_first, NULL)->aux = 512;
  tz_block *yes = tz_block_new(g), *no = tz_block_new(g), *join = tz_block_new(g);
  tz_block_link(g, outer, yes);
  tz_block_link(g, outer, no);
  jump(g, yes, join);
  jump(g, no, join);
  *limit = append(g, join, TZ_NODE_PHI, TZ_TYPE_INT, 2, further, bound);
  return join;
}

/* The edge back into the header comes from a new block instead of the latch. */
static tz_block *make_back_edge(tz_graph *g, const tz_counted *c) {
  tz_block *back = tz_block_new(g);
  append(g, back, TZ_NODE_JUMP, TZ_TYPE_VOID, 0, NULL, NULL);
  back->successors = c->latch->successors;
  back->n_successors = 1;
  replace_block(c->header->predecessors, 2, c->latch, back);
  c->latch->successors = NULL;
  c->latch->n_successors = 0;
  return back;
}

/* At the end of b: back if the value is within the limit, then the test would say so too, otherwise to `on`.
 * The comparison holds with this chance, in 1/1024. */
static void compare_with_limit(tz_graph *g, const tz_counted *c, tz_block *b, tz_node *value, tz_node *limit,
                               tz_block *on, uint32_t chance) {
  tz_node *x = c->bound_input == 0 ? limit : value, *y = c->bound_input == 0 ? value : limit;
  tz_node *inner = append(g, b, c->stay == 0 ? TZ_NODE_LT : TZ_NODE_LE, TZ_TYPE_INT, 2, x, y);
  append(g, b, TZ_NODE_BRANCH, TZ_TYPE_VOID, 1, inner, NULL)->aux = chance;
  tz_block *back = make_back_edge(g, c);
  tz_block_link(g, b, c->stay == 0 ? back : on);
  tz_block_link(g, b, c->stay == 0 ? on : back);
}

/* Where the inner loop ends, the old test follows, anew: nothing of it is to be used from within the loop. */
static void split_at_test(tz_graph *g, const tz_counted *c, tz_node *limit) {
  tz_node *branch = c->test->last, *cond = branch->inputs[0];
  tz_block *again = tz_block_split_before(g, branch);
  cond = tz_node_new(g, (tz_node_op)cond->op, TZ_TYPE_INT, 2);
  memcpy(cond->inputs, branch->inputs[0]->inputs, 2 * sizeof *cond->inputs);
  tz_counted now = *c;
  tz_node_insert_before(branch, cond);
  branch->inputs[0] = cond;
  now.test = again; /* its branch stands there */
  compare_with_limit(g, &now, c->test, c->tested, limit, again, branch->aux);
  branch->aux = c->stay == 0 ? SELDOM : 1024 - SELDOM; /* most loops end within their first strip */
}

static void split_at_poll(tz_graph *g, const tz_counted *c, tz_node *limit) {
  tz_block *rest = tz_block_split_before(g, c->poll->last->previous);
  compare_with_limit(g, c, c->poll, c->counter->inputs[1], limit, rest, c->stay == 0 ? 1023 : 1);
}

static void ask_before_poll(tz_graph *g, const tz_counted *c) {
  tz_block *rest = tz_block_split_before(g, c->poll->last->previous);
  tz_node *asked = append(g, c->poll, TZ_NODE_ASKED, TZ_TYPE_INT, 0, NULL, NULL);
  append(g, c->poll, TZ_NODE_BRANCH, TZ_TYPE_VOID, 1, asked, NULL)->aux = 0;
  tz_block *back = make_back_edge(g, c);
  tz_block_link(g, c->poll, rest);
  tz_block_link(g, c->poll, back);
}

static void split_loop(tz_graph *g, const plan *p) {
  const tz_counted *c = &p->c;
  tz_block *entry = c->header->predecessors[0], *outer = tz_block_new(g), *join = outer;
  tz_node *limit = NULL;
  g->origin = c->header->first->origin;
  make_outer_phis(g, c, outer);
  if (p->how == COUNT) join = make_limit(g, p, outer, &limit);
  append(g, join, TZ_NODE_JUMP, TZ_TYPE_VOID, 0, NULL, NULL);
  join->successors = entry->successors;
  join->n_successors = 1;
  replace_block(c->header->predecessors, 2, entry, join);
  entry->successors = NULL;
  entry->n_successors = 0;
  tz_block_link(g, entry, outer);
  if (p->how == ASK) ask_before_poll(g, c);
  else if (c->is_top) split_at_poll(g, c, limit);
  else split_at_test(g, c, limit);
  tz_block_link(g, c->latch, outer);
}

static tz_node *before(tz_graph *g, tz_node *guard, tz_node_op op, tz_node *x, tz_node *y) {
  tz_node *n = tz_node_new(g, op, TZ_TYPE_INT, x != NULL ? 2 : 0);
  if (x != NULL) n->inputs[0] = x;
  if (y != NULL) n->inputs[1] = y;
  tz_node_insert_before(guard, n);
  return n;
}

/* The guard asks whether the bound is within a strip from where the counter starts. A sum that wraps is no
 * harm: what lies below it is near as well, around the end of the numbers. For counters that meet it must
 * not, and does not where the one starts below the other: the loop's own test says so, or the guard asks. */
static void guard_shortness(tz_graph *g, const plan *p) {
  const tz_counted *c = &p->c;
  tz_node *first = c->counter->inputs[0], *length = before(g, p->guard, TZ_NODE_INT, NULL, NULL);
  length->imm.i = p->strip * c->step;
  tz_node *further = before(g, p->guard, TZ_NODE_ADD, first, length);
  bool is_up = c->step > 0;
  tz_node *is_short = before(g, p->guard, TZ_NODE_LT, is_up ? c->bound : further, is_up ? further : c->bound);
  if (c->meets && !c->is_top) {
    tz_node *is_below = before(g, p->guard, TZ_NODE_LT, first, c->bound);
    is_short = before(g, p->guard, TZ_NODE_AND, is_below, is_short);
  }
  p->guard->inputs[0] = is_short;
}

/* The poll never asks to leave. */
static void drop_poll(const tz_counted *c) {
  tz_block_unlink(c->poll, c->poll->successors[0]);
  tz_node *branch = c->poll->last;
  branch->op = TZ_NODE_JUMP;
  branch->n_inputs = 0;
  branch->aux = 0;
  tz_node_remove(branch->previous);
}

/* With the ranges of counters, for steps that are not constant. */
static const tz_facts *learn(tz_graph *g) {
  tz_simplifier s = {.g = g, .facts = tz_facts_new(g)};
  tz_simplify_phis(&s);
  return s.facts;
}

static bool change(tz_graph *g, const plan *p) {
  switch (p->how) {
  case KEEP: return false;
  case EXPECT: guard_shortness(g, p); /* fall through */
  case DROP: drop_poll(&p->c); return true;
  default: split_loop(g, p); return true;
  }
}

static bool drop_guards(tz_graph *g) {
  bool changed = false;
  for (uint32_t i = 0; i < g->n_blocks; i++)
    for (tz_node *n = g->blocks[i]->first, *next; n != NULL; n = next) {
      next = n->next;
      if (n->op != TZ_NODE_GUARD || n->inputs[0]->op != TZ_NODE_SHORT) continue;
      tz_node_remove(n);
      changed = true;
    }
  return changed;
}

void tz_pass_strip_mine(tz_graph *g) {
  const tz_facts *facts = learn(g);
  uint32_t n = g->n_blocks;
  plan *all = tz_graph_alloc(g, n * sizeof *all);
  for (uint32_t i = n; i-- > 0;)
    if (g->blocks[i]->is_loop_header) decide(g, g->blocks[i], all, facts);
  bool changed = false;
  for (uint32_t i = 0; i < n; i++)
    if (g->blocks[i]->is_loop_header) changed |= change(g, &all[i]);
  changed |= drop_guards(g);
  if (changed) tz_graph_sweep(g);
}
