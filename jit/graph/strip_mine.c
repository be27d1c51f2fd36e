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
 * the limit is that a poll is asked for: the test of that stays in the loop, the call does not. Counting
 * loops that are short for sure lose their poll altogether, and so do those that have been short so far,
 * behind a guard that they still are. Two counters that go towards each other make a loop short as well.
 *
 * Loops are looked at from the inside out, so that of each is known how much it does between polls. */
#include "simplify.h"

/* Work is counted in nodes: a hundred thousand take some ten microseconds, hardly ever a millisecond. */
enum {
  STRIP = 1024,         /* rounds without a poll, where there may be more */
  LEAST_STRIP = 4,      /* shorter ones do not pay */
  BUDGET = 1 << 19,     /* work between polls */
  NO_WORK = BUDGET / 8, /* that of a loop which needs no poll */
  EXPECTED = 4,         /* a loop is expected to be short if its strip is so many times its rounds */
  MAX_STEP = 64,
  SELDOM = 64
};

typedef enum how { KEEP, DROP, EXPECT, COUNT, ASK } how; /* what becomes of a loop's poll */

typedef struct counted {
  how how;
  tz_block *header, *latch, *poll, *test; /* test's branch stays in the loop or goes out */
  bool is_top;                            /* it is the header's; otherwise right before the poll */
  uint32_t stay;                          /* its successor that is in the loop */
  tz_node *counter;                       /* PHI of the header */
  tz_node *tested, *bound; /* the loop goes on while tested < bound, in the direction of the step */
  uint32_t bound_input;    /* of the comparison */
  int64_t strip;           /* rounds that it runs without a poll */
  int64_t step;            /* 1 if it is not constant */
  tz_node *step_value;     /* NULL: constant; otherwise it does not change in the loop, and is positive */
  bool meets;     /* the bound is where a counter begins that goes down by 1, while this goes up by 1 */
  tz_node *guard; /* on SHORT; NULL: there is none */
  int64_t work;   /* between polls; 0: it runs guest code */
  bool polls;     /* within, or in loops within */
} counted;

static int64_t work_of_block(const tz_block *b) {
  int64_t work = 0;
  for (const tz_node *n = b->first; n != NULL; n = n->next, work++)
    if (n->op != TZ_NODE_POLL && (tz_node_effects((tz_node_op)n->op) & TZ_CALLS)) return 0;
  return work;
}

/* The work of one round; 0: it runs guest code. Whether a loop within polls. `all` is known of those. */
static int64_t work_of_round(const tz_graph *g, const tz_block *header, const counted *all, bool *polls) {
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

/* header ◄─ latch ◄─ poll */
static bool find_blocks(counted *c) {
  c->latch = c->header->predecessors[1];
  if (c->latch->n_predecessors != 1 || c->latch->first != c->latch->last) return false;
  c->poll = c->latch->predecessors[0];
  const tz_node *poll = c->poll->last->previous;
  return c->poll->n_successors == 2 && c->poll->successors[1] == c->latch && poll != NULL &&
         poll->op == TZ_NODE_POLL;
}

static bool find_exit(counted *c) {
  if (c->test->last->op != TZ_NODE_BRANCH) return false;
  c->stay = tz_block_is_in(c->test->successors[0], c->header) ? 0 : 1;
  return tz_block_is_in(c->test->successors[c->stay], c->header) &&
         !tz_block_is_in(c->test->successors[1 - c->stay], c->header);
}

static bool find_test_at_end(counted *c) {
  if (c->poll->first->op != TZ_NODE_POLL || c->poll->n_predecessors != 1) return false;
  c->test = c->poll->predecessors[0];
  return find_exit(c);
}

static bool find_test_at_start(counted *c) {
  c->is_top = true;
  c->test = c->header;
  return find_exit(c);
}

/* next = counter + step. */
static bool find_step(counted *c, const tz_facts *facts) {
  const tz_node *next = c->counter->inputs[1];
  if (next->op != TZ_NODE_ADD) return false;
  uint32_t k = next->inputs[0] == c->counter ? 1 : 0;
  tz_node *step = next->inputs[k];
  if (next->inputs[1 - k] != c->counter) return false;
  if (step->op == TZ_NODE_INT) {
    c->step = step->imm.i;
    return c->step != 0 && c->step >= -MAX_STEP && c->step <= MAX_STEP;
  }
  c->step = 1;
  c->step_value = step;
  return !tz_block_is_in(step->block, c->header) && tz_facts_range(facts, step).low > 0;
}

/* tested is the counter, before or after its step. */
static bool is_counter(counted *c, tz_node *tested, const tz_facts *facts) {
  c->tested = tested;
  for (tz_node *phi = c->header->first; phi->op == TZ_NODE_PHI; phi = phi->next) {
    c->counter = phi;
    if (tested == phi || (tested == phi->inputs[1] && !c->is_top)) return find_step(c, facts);
  }
  return false;
}

/* While low < high: low goes up, and high down, by 1. Each is tested before the step or behind. */
static bool find_meeting(counted *c, const tz_facts *facts) {
  const tz_node *cond = c->test->last->inputs[0];
  counted high = *c;
  if (cond->op != TZ_NODE_LT || c->stay != 0 || !is_counter(c, cond->inputs[0], facts) ||
      !is_counter(&high, cond->inputs[1], facts) ||
      (c->tested == c->counter) != (high.tested == high.counter))
    return false;
  c->bound = high.counter->inputs[0];
  c->meets = true;
  return c->step_value == NULL && c->step == 1 && high.step_value == NULL && high.step == -1;
}

static bool find_counter(counted *c, const tz_facts *facts) {
  const tz_node *cond = c->test->last->inputs[0];
  if (cond->op != TZ_NODE_LT && cond->op != TZ_NODE_LE) return false;
  for (uint32_t k = 0; k < 2; k++) {
    c->bound = cond->inputs[1 - k];
    c->bound_input = 1 - k;
    if (tz_block_is_in(c->bound->block, c->header) || !is_counter(c, cond->inputs[k], facts)) continue;
    bool is_below = (k == 0) == (c->stay == 0); /* the loop goes on while the counter is below the bound */
    return is_below == (c->step > 0);
  }
  return false;
}

/* The loop ends where the counter reaches the bound; otherwise where it is beyond. */
static bool is_strict(const counted *c) {
  return (c->test->last->inputs[0]->op == TZ_NODE_LT) == (c->stay == 0);
}

/* The last step may lead beyond the last number, and the loop then goes on from the other end. */
static bool may_overshoot(const counted *c, const tz_facts *facts) {
  if (is_strict(c) && c->step_value == NULL && (c->step == 1 || c->step == -1)) return false;
  tz_range bound = tz_facts_range(facts, c->bound), step = {c->step, c->step};
  int64_t ignored;
  if (c->step_value != NULL) step = tz_facts_range(facts, c->step_value);
  return step.low > 0 ? __builtin_add_overflow(bound.high, step.high, &ignored)
                      : __builtin_add_overflow(bound.low, step.low, &ignored);
}

/* The most rounds that the loop can run; INT64_MAX: not known. */
static int64_t most_rounds(const counted *c, const tz_facts *facts) {
  tz_range first = tz_facts_range(facts, c->counter->inputs[0]), bound = tz_facts_range(facts, c->bound);
  int64_t distance, step = c->step;
  if (c->step_value != NULL) step = tz_facts_range(facts, c->step_value).low;
  bool wraps = step > 0 ? __builtin_sub_overflow(bound.high, first.low, &distance)
                        : __builtin_sub_overflow(first.high, bound.low, &distance);
  if (wraps || distance > INT64_MAX / 2 || c->meets || may_overshoot(c, facts)) return INT64_MAX;
  return distance < 0 ? 1 : distance / (step > 0 ? step : -step) + 2;
}

/* On SHORT, before the loop; start and bound are known there. */
static tz_node *find_guard(const counted *c) {
  const tz_block *entry = c->header->predecessors[0];
  for (tz_node *n = entry->last; n != NULL; n = n->previous) {
    if (n->op == TZ_NODE_GUARD && n->inputs[0]->op == TZ_NODE_SHORT) return n;
    if (n == c->bound || n == c->counter->inputs[0]) return NULL;
  }
  return NULL;
}

/* The profile has seen it, and it was over in far fewer rounds than its strip would have. */
static bool was_short(const counted *c) {
  uint32_t stays = c->test->last->aux, leaves = c->stay == 0 ? 1024 - stays : stays;
  return leaves != TZ_LOOP_LEFT && leaves * c->strip >= 1024 * EXPECTED;
}

static bool is_expected_short(counted *c, const tz_facts *facts) {
  if (c->step_value != NULL || !was_short(c) || may_overshoot(c, facts)) return false;
  c->guard = find_guard(c);
  return c->guard != NULL;
}

static bool is_counted(counted *c, const tz_facts *facts) {
  const counted found = *c;
  for (int i = 0; i < 4; i++) {
    *c = found;
    if ((i % 2 == 0 ? find_test_at_end(c) : find_test_at_start(c)) &&
        (i < 2 ? find_counter(c, facts) : find_meeting(c, facts)))
      return true;
  }
  *c = found;
  return false;
}

static how choose(counted *c, int64_t round, bool polls_within, const tz_facts *facts) {
  if (!find_blocks(c)) return KEEP;
  bool counts = is_counted(c, facts);
  c->strip = BUDGET / round < STRIP ? BUDGET / round : STRIP;
  if (counts) {
    int64_t rounds = most_rounds(c, facts);
    if (rounds <= NO_WORK / round) {
      c->strip = rounds;
      return DROP;
    }
    if (is_expected_short(c, facts)) return EXPECT;
    if (c->strip >= LEAST_STRIP && !c->meets) return COUNT;
  }
  return polls_within ? KEEP : ASK;
}

static void decide(const tz_graph *g, tz_block *header, counted *all, const tz_facts *facts) {
  counted *c = &all[header->order];
  *c = (counted){.header = header, .strip = 1};
  bool polls_within;
  c->work = work_of_round(g, header, all, &polls_within);
  c->polls = true;
  if (c->work == 0) return;
  c->how = choose(c, c->work, polls_within, facts);
  c->polls = polls_within || (c->how != DROP && c->how != EXPECT);
  if (c->how != KEEP && c->how != ASK) c->work *= c->strip;
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

/* The bound that the counter lies below, or above, in the loop. One of all numbers wraps: then a strip is one
 * round. */
static tz_node *strict_bound(tz_graph *g, const counted *c, tz_block *outer) {
  if (is_strict(c)) return c->bound;
  tz_node *one = append(g, outer, TZ_NODE_INT, TZ_TYPE_INT, 0, NULL, NULL);
  one->imm.i = c->step > 0 ? 1 : -1;
  return append(g, outer, TZ_NODE_ADD, TZ_TYPE_INT, 2, c->bound, one);
}

/* min or max of the bound and a strip further, at the end of the outer header; returns the block that goes
 * on. */
static tz_block *make_limit(tz_graph *g, const counted *c, tz_block *outer, tz_node **limit) {
  tz_node *length = append(g, outer, TZ_NODE_INT, TZ_TYPE_INT, 0, NULL, NULL);
  length->imm.i = c->strip * c->step;
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
static tz_block *make_back_edge(tz_graph *g, const counted *c) {
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
static void compare_with_limit(tz_graph *g, const counted *c, tz_block *b, tz_node *value, tz_node *limit,
                               tz_block *on, uint32_t chance) {
  tz_node *x = c->bound_input == 0 ? limit : value, *y = c->bound_input == 0 ? value : limit;
  tz_node *inner = append(g, b, c->stay == 0 ? TZ_NODE_LT : TZ_NODE_LE, TZ_TYPE_INT, 2, x, y);
  append(g, b, TZ_NODE_BRANCH, TZ_TYPE_VOID, 1, inner, NULL)->aux = chance;
  tz_block *back = make_back_edge(g, c);
  tz_block_link(g, b, c->stay == 0 ? back : on);
  tz_block_link(g, b, c->stay == 0 ? on : back);
}

/* Where the inner loop ends, the old test follows, anew: nothing of it is to be used from within the loop. */
static void split_at_test(tz_graph *g, const counted *c, tz_node *limit) {
  tz_node *branch = c->test->last, *cond = branch->inputs[0];
  tz_block *again = tz_block_split_before(g, branch);
  cond = tz_node_new(g, (tz_node_op)cond->op, TZ_TYPE_INT, 2);
  memcpy(cond->inputs, branch->inputs[0]->inputs, 2 * sizeof *cond->inputs);
  counted now = *c;
  tz_node_insert_before(branch, cond);
  branch->inputs[0] = cond;
  now.test = again; /* its branch stands there */
  compare_with_limit(g, &now, c->test, c->tested, limit, again, branch->aux);
  branch->aux = c->stay == 0 ? SELDOM : 1024 - SELDOM; /* most loops end within their first strip */
}

static void split_at_poll(tz_graph *g, const counted *c, tz_node *limit) {
  tz_block *rest = tz_block_split_before(g, c->poll->last->previous);
  compare_with_limit(g, c, c->poll, c->counter->inputs[1], limit, rest, c->stay == 0 ? 1023 : 1);
}

static void ask_before_poll(tz_graph *g, const counted *c) {
  tz_block *rest = tz_block_split_before(g, c->poll->last->previous);
  tz_node *asked = append(g, c->poll, TZ_NODE_ASKED, TZ_TYPE_INT, 0, NULL, NULL);
  append(g, c->poll, TZ_NODE_BRANCH, TZ_TYPE_VOID, 1, asked, NULL)->aux = 0;
  tz_block *back = make_back_edge(g, c);
  tz_block_link(g, c->poll, rest);
  tz_block_link(g, c->poll, back);
}

static void split_loop(tz_graph *g, const counted *c) {
  tz_block *entry = c->header->predecessors[0], *outer = tz_block_new(g), *join = outer;
  tz_node *limit = NULL;
  g->origin = c->header->first->origin;
  make_outer_phis(g, c, outer);
  if (c->how == COUNT) join = make_limit(g, c, outer, &limit);
  append(g, join, TZ_NODE_JUMP, TZ_TYPE_VOID, 0, NULL, NULL);
  join->successors = entry->successors;
  join->n_successors = 1;
  replace_block(c->header->predecessors, 2, entry, join);
  entry->successors = NULL;
  entry->n_successors = 0;
  tz_block_link(g, entry, outer);
  if (c->how == ASK) ask_before_poll(g, c);
  else if (c->is_top) split_at_poll(g, c, limit);
  else split_at_test(g, c, limit);
  tz_block_link(g, c->latch, outer);
}

static tz_node *before_guard(tz_graph *g, const counted *c, tz_node_op op, tz_node *x, tz_node *y) {
  tz_node *n = tz_node_new(g, op, TZ_TYPE_INT, x != NULL ? 2 : 0);
  if (x != NULL) n->inputs[0] = x;
  if (y != NULL) n->inputs[1] = y;
  tz_node_insert_before(c->guard, n);
  return n;
}

/* The guard asks whether the bound is within a strip from where the counter starts. A sum that wraps is no
 * harm: what lies below it is near as well, around the end of the numbers. For counters that meet it must
 * not, and does not where the one starts below the other: the loop's own test says so, or the guard asks. */
static void guard_shortness(tz_graph *g, const counted *c) {
  tz_node *first = c->counter->inputs[0], *length = before_guard(g, c, TZ_NODE_INT, NULL, NULL);
  length->imm.i = c->strip * c->step;
  tz_node *further = before_guard(g, c, TZ_NODE_ADD, first, length);
  bool is_up = c->step > 0;
  tz_node *is_short = before_guard(g, c, TZ_NODE_LT, is_up ? c->bound : further, is_up ? further : c->bound);
  if (c->meets && !c->is_top) {
    tz_node *is_below = before_guard(g, c, TZ_NODE_LT, first, c->bound);
    is_short = before_guard(g, c, TZ_NODE_AND, is_below, is_short);
  }
  c->guard->inputs[0] = is_short;
}

/* The poll never asks to leave. */
static void drop_poll(const counted *c) {
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

static bool change(tz_graph *g, const counted *c) {
  switch (c->how) {
  case KEEP: return false;
  case EXPECT: guard_shortness(g, c); /* fall through */
  case DROP: drop_poll(c); return true;
  default: split_loop(g, c); return true;
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
  counted *all = tz_graph_alloc(g, n * sizeof *all);
  for (uint32_t i = n; i-- > 0;)
    if (g->blocks[i]->is_loop_header) decide(g, g->blocks[i], all, facts);
  bool changed = false;
  for (uint32_t i = 0; i < n; i++)
    if (g->blocks[i]->is_loop_header) changed |= change(g, &all[i]);
  changed |= drop_guards(g);
  if (changed) tz_graph_sweep(g);
}
