/* counted.c: see counted.h. */
#include "counted.h"

enum { MAX_STEP = 64 };

bool tz_counted_find_blocks(tz_counted *c) {
  c->latch = c->header->predecessors[1];
  if (c->latch->n_predecessors != 1 || c->latch->first != c->latch->last) return false;
  c->poll = c->latch->predecessors[0];
  const tz_node *poll = c->poll->last->previous;
  return c->poll->n_successors == 2 && c->poll->successors[1] == c->latch && poll != NULL &&
         poll->op == TZ_NODE_POLL;
}

static bool find_exit(tz_counted *c) {
  if (c->test->last->op != TZ_NODE_BRANCH) return false;
  c->stay = tz_block_is_in(c->test->successors[0], c->header) ? 0 : 1;
  return tz_block_is_in(c->test->successors[c->stay], c->header) &&
         !tz_block_is_in(c->test->successors[1 - c->stay], c->header);
}

static bool find_test_at_end(tz_counted *c) {
  if (c->poll->first->op != TZ_NODE_POLL || c->poll->n_predecessors != 1) return false;
  c->test = c->poll->predecessors[0];
  return find_exit(c);
}

static bool find_test_at_start(tz_counted *c) {
  c->is_top = true;
  c->test = c->header;
  return find_exit(c);
}

/* next = counter + step. */
static bool find_step(tz_counted *c, const tz_facts *facts) {
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
static bool is_counter(tz_counted *c, tz_node *tested, const tz_facts *facts) {
  c->tested = tested;
  for (tz_node *phi = c->header->first; phi->op == TZ_NODE_PHI; phi = phi->next) {
    c->counter = phi;
    if (tested == phi || (tested == phi->inputs[1] && !c->is_top)) return find_step(c, facts);
  }
  return false;
}

/* While low < high: low goes up, and high down, by 1. Each is tested before the step or behind. */
static bool find_meeting(tz_counted *c, const tz_facts *facts) {
  const tz_node *cond = c->test->last->inputs[0];
  tz_counted high = *c;
  if (cond->op != TZ_NODE_LT || c->stay != 0 || !is_counter(c, cond->inputs[0], facts) ||
      !is_counter(&high, cond->inputs[1], facts) ||
      (c->tested == c->counter) != (high.tested == high.counter))
    return false;
  c->bound = high.counter->inputs[0];
  c->meets = true;
  return c->step_value == NULL && c->step == 1 && high.step_value == NULL && high.step == -1;
}

static bool find_counter(tz_counted *c, const tz_facts *facts) {
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

bool tz_counted_is_strict(const tz_counted *c) {
  return (c->test->last->inputs[0]->op == TZ_NODE_LT) == (c->stay == 0);
}

static tz_range range_of_step(const tz_counted *c, const tz_facts *facts) {
  return c->step_value != NULL ? tz_facts_range(facts, c->step_value) : (tz_range){c->step, c->step};
}

bool tz_counted_may_overshoot(const tz_counted *c, const tz_facts *facts) {
  if (tz_counted_is_strict(c) && c->step_value == NULL && (c->step == 1 || c->step == -1)) return false;
  tz_range bound = tz_facts_range(facts, c->bound), step = range_of_step(c, facts);
  int64_t ignored;
  return step.low > 0 ? __builtin_add_overflow(bound.high, step.high, &ignored)
                      : __builtin_add_overflow(bound.low, step.low, &ignored);
}

/* One step from where it starts may lead beyond the last number too, if the test comes behind. */
static bool may_start_at_the_end(const tz_counted *c, tz_range first, tz_range step) {
  int64_t ignored;
  if (c->is_top) return false;
  return step.low > 0 ? __builtin_add_overflow(first.high, step.high, &ignored)
                      : __builtin_add_overflow(first.low, step.low, &ignored);
}

int64_t tz_counted_most_rounds(const tz_counted *c, const tz_facts *facts) {
  tz_range first = tz_facts_range(facts, c->counter->inputs[0]), bound = tz_facts_range(facts, c->bound),
           step = range_of_step(c, facts);
  int64_t distance;
  bool wraps = step.low > 0 ? __builtin_sub_overflow(bound.high, first.low, &distance)
                            : __builtin_sub_overflow(first.high, bound.low, &distance);
  if (wraps || distance > INT64_MAX / 2 || c->meets || tz_counted_may_overshoot(c, facts) ||
      may_start_at_the_end(c, first, step))
    return INT64_MAX;
  return distance < 0 ? 1 : distance / (step.low > 0 ? step.low : -step.high) + 2;
}

bool tz_counted_find(tz_counted *c, const tz_facts *facts) {
  const tz_counted found = *c;
  for (int i = 0; i < 4; i++) {
    *c = found;
    if ((i % 2 == 0 ? find_test_at_end(c) : find_test_at_start(c)) &&
        (i < 2 ? find_counter(c, facts) : find_meeting(c, facts)))
      return true;
  }
  *c = found;
  return false;
}
