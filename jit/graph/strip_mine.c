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
 * loops that are short for sure lose their poll altogether.
 *
 * Loops are looked at from the inside out, so that of each is known how much it does between polls. */
#include "simplify.h"

/* Work is counted in rounds of innermost loops; one takes some nanoseconds. */
enum {
  STRIP = 1024,     /* rounds without a poll, where there may be more */
  SHORT = 4096,     /* rounds of a loop that needs no poll */
  BUDGET = 1 << 15, /* work between polls of a loop around others */
  LEAST_STRIP = 4,  /* shorter ones do not pay */
  MAX_STEP = 64,
  SELDOM = 64
};

typedef enum how { KEEP, DROP, COUNT, ASK } how; /* what becomes of a loop's poll */

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
  int64_t work;            /* between polls; 0: it runs guest code */
  bool polls;              /* within, or in loops within */
} counted;

/* Of the loop, or of one within. */
static bool is_in(const tz_block *b, const tz_block *header) {
  const tz_block *loop = b->loop;
  while (loop != NULL && loop != header) loop = loop->outer_loop;
  return loop == header;
}

static bool calls(const tz_block *b) {
  for (const tz_node *n = b->first; n != NULL; n = n->next)
    if (n->op != TZ_NODE_POLL && (tz_node_effects((tz_node_op)n->op) & TZ_CALLS)) return true;
  return false;
}

/* The work of one round, 1 of an innermost loop; 0: it runs guest code. Whether a loop within polls. `all` is
 * known of those. */
static int64_t work_of_round(const tz_graph *g, const tz_block *header, const counted *all, bool *polls) {
  int64_t work = 1;
  *polls = false;
  for (uint32_t i = header->order; i < g->n_blocks; i++) {
    const tz_block *b = g->blocks[i];
    if (b->loop == header && calls(b)) return 0;
    if (b->loop != b || b->outer_loop != header) continue;
    if (all[i].work == 0) return 0;
    work += all[i].work;
    *polls |= all[i].polls;
  }
  return work;
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
  c->stay = is_in(c->test->successors[0], c->header) ? 0 : 1;
  return is_in(c->test->successors[c->stay], c->header) &&
         !is_in(c->test->successors[1 - c->stay], c->header);
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
  return !is_in(step->block, c->header) && tz_facts_range(facts, step).low > 0;
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

static bool find_counter(counted *c, const tz_facts *facts) {
  const tz_node *cond = c->test->last->inputs[0];
  if (cond->op != TZ_NODE_LT && cond->op != TZ_NODE_LE) return false;
  for (uint32_t k = 0; k < 2; k++) {
    c->bound = cond->inputs[1 - k];
    c->bound_input = 1 - k;
    if (is_in(c->bound->block, c->header) || !is_counter(c, cond->inputs[k], facts)) continue;
    bool is_below = (k == 0) == (c->stay == 0); /* the loop goes on while the counter is below the bound */
    return is_below == (c->step > 0);
  }
  return false;
}

/* The most rounds that the loop can run; INT64_MAX: not known. Where a step might lead beyond the last number
 * it would go on from the other end. */
static int64_t most_rounds(const counted *c, const tz_facts *facts) {
  tz_range first = tz_facts_range(facts, c->counter->inputs[0]), bound = tz_facts_range(facts, c->bound),
           step = {c->step, c->step};
  if (c->step_value != NULL) step = tz_facts_range(facts, c->step_value);
  int64_t distance, ignored;
  bool wraps = step.low > 0 ? __builtin_sub_overflow(bound.high, first.low, &distance) ||
                                  __builtin_add_overflow(bound.high, step.high, &ignored)
                            : __builtin_sub_overflow(first.high, bound.low, &distance) ||
                                  __builtin_add_overflow(bound.low, step.low, &ignored);
  if (wraps) return INT64_MAX;
  int64_t least = step.low > 0 ? step.low : -step.high;
  return distance < 0 ? 1 : distance / least + 2;
}

static bool is_counted(counted *c, const tz_facts *facts) {
  const counted found = *c;
  if (find_test_at_end(c) && find_counter(c, facts)) return true;
  *c = found;
  if (find_test_at_start(c) && find_counter(c, facts)) return true;
  *c = found;
  return false;
}

static void decide(const tz_graph *g, tz_block *header, counted *all, const tz_facts *facts) {
  counted *c = &all[header->order];
  *c = (counted){.header = header};
  bool polls_within;
  int64_t round = work_of_round(g, header, all, &polls_within);
  c->work = round;
  c->polls = true;
  if (round == 0 || !find_blocks(c)) return;
  if (!is_counted(c, facts)) {
    if (!polls_within) c->how = ASK;
    return;
  }
  int64_t rounds = most_rounds(c, facts);
  c->strip = BUDGET / round < STRIP ? BUDGET / round : STRIP;
  if (rounds <= SHORT && rounds <= BUDGET / round) c->how = DROP;
  else if (c->strip >= LEAST_STRIP) c->how = COUNT;
  else return;
  c->work = round * (c->how == DROP ? rounds : c->strip);
  c->polls = c->how != DROP || polls_within;
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
  bool is_strict = (c->test->last->inputs[0]->op == TZ_NODE_LT) == (c->stay == 0);
  if (is_strict) return c->bound;
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

void tz_pass_strip_mine(tz_graph *g) {
  const tz_facts *facts = learn(g);
  uint32_t n = g->n_blocks;
  counted *all = tz_graph_alloc(g, n * sizeof *all);
  bool changed = false;
  for (uint32_t i = n; i-- > 0;)
    if (g->blocks[i]->is_loop_header) decide(g, g->blocks[i], all, facts);
  for (uint32_t i = 0; i < n; i++) {
    const counted *c = &all[i];
    if (!g->blocks[i]->is_loop_header || c->how == KEEP) continue;
    if (c->how == DROP) drop_poll(c);
    else split_loop(g, c);
    changed = true;
  }
  if (changed) tz_graph_sweep(g);
}
