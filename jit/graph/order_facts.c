/* order_facts.c: which of two ints is less, from comparisons that hold here.
 *
 * What ranges cannot say, since a bound is a value and no number: an index lies below a length because a test
 * just compared the two, or keeps the loop going. After Bodik, Gupta and Sarkar, "ABCD: Eliminating Array
 * Bounds Checks on Demand" (PLDI 2000), which asks a graph of such differences; here the two latest bounds of
 * a value are kept, and chains are short. */
#include "facts.h"

enum { MAX_CHAIN = 4 };

/* A bound and whether the value is less, in one word. */
static uintptr_t bound_of(const tz_node *n, bool is_strict) { return (uintptr_t)n | is_strict; }
/* The node, or what has taken its place since; NULL: it is gone. */
static const tz_node *node_of(uintptr_t bound) {
  const tz_node *n = (const tz_node *)(bound & ~(uintptr_t)1);
  while (n != NULL && n->replaced_by != NULL) n = n->replaced_by;
  return n != NULL && n->block != NULL ? n : NULL;
}

void tz_facts_learn_below(tz_facts *f, const tz_node *a, const tz_node *b, bool is_strict) {
  if (a->id >= f->n || b->id >= f->n || a->op == TZ_NODE_INT || b->op == TZ_NODE_INT) return;
  uintptr_t *below = f->at[a->id].below, bound = bound_of(b, is_strict);
  if (below[0] == bound) return;
  tz_facts_set(f, &below[1], below[0]);
  tz_facts_set(f, &below[0], bound);
}

static bool is_below(const tz_facts *f, const tz_node *a, const tz_node *b, bool strictly, int depth);

static bool is_below_bound(const tz_facts *f, uintptr_t bound, const tz_node *b, bool strictly, int depth) {
  const tz_node *n = node_of(bound);
  return n != NULL && is_below(f, n, b, strictly && !(bound & 1), depth);
}

/* The constant that is added, if the sum cannot wrap; otherwise 0. */
static int64_t step_of(const tz_facts *f, const tz_node *n) {
  int64_t sum;
  if (n->op != TZ_NODE_ADD || n->inputs[1]->op != TZ_NODE_INT) return 0;
  int64_t step = n->inputs[1]->imm.i;
  tz_range r = tz_facts_range(f, n->inputs[0]);
  return __builtin_add_overflow(step > 0 ? r.high : r.low, step, &sum) ? 0 : step;
}

/* Operations that never give more than an input. */
static bool is_part_below(const tz_facts *f, const tz_node *a, const tz_node *b, bool strictly, int depth) {
  const tz_node *x = a->inputs[0], *y = a->inputs[1];
  switch (a->op) {
  case TZ_NODE_ADD: return step_of(f, a) < 0 && is_below(f, x, b, false, depth);
  case TZ_NODE_AND:
    return (tz_facts_range(f, x).low >= 0 && is_below(f, x, b, strictly, depth)) ||
           (tz_facts_range(f, y).low >= 0 && is_below(f, y, b, strictly, depth));
  case TZ_NODE_SHR: return tz_facts_range(f, x).low >= 0 && is_below(f, x, b, strictly, depth);
  case TZ_NODE_DIV:
    return tz_facts_range(f, x).low >= 0 && tz_facts_range(f, y).low > 0 &&
           is_below(f, x, b, strictly, depth);
  case TZ_NODE_REM: return tz_facts_range(f, y).low > 0 && is_below(f, y, b, false, depth);
  default: return false;
  }
}

static bool is_below(const tz_facts *f, const tz_node *a, const tz_node *b, bool strictly, int depth) {
  if (a == b) return !strictly;
  tz_range x = tz_facts_range(f, a), y = tz_facts_range(f, b);
  if (x.low > x.high || y.low > y.high) return false; /* nobody comes here */
  if (strictly ? x.high < y.low : x.high <= y.low) return true;
  if (depth == MAX_CHAIN) return false;
  depth++;
  if (a->id < f->n) {
    const uintptr_t *below = f->at[a->id].below;
    for (int i = 0; i < 2; i++)
      if (is_below_bound(f, below[i], b, strictly, depth)) return true;
    if (is_below_bound(f, f->limits[a->id], b, strictly, depth)) return true;
  }
  if (step_of(f, b) > 0 && is_below(f, a, b->inputs[0], false, depth)) return true;
  return a->n_inputs == 2 && is_part_below(f, a, b, strictly, depth);
}

bool tz_facts_is_below(const tz_facts *f, const tz_node *a, const tz_node *b, bool strictly) {
  return is_below(f, a, b, strictly, 0);
}

bool tz_facts_is_index(const tz_facts *f, const tz_node *a, const tz_node *b) {
  if (tz_facts_range(f, a).low < 0) return false;
  if (is_below(f, a, b, true, 0)) return true;
  /* a <= x < 2^63, so x + k cannot pass beyond the unsigned numbers, even where it is negative */
  return b->op == TZ_NODE_ADD && b->inputs[1]->op == TZ_NODE_INT && b->inputs[1]->imm.i > 0 &&
         is_below(f, a, b->inputs[0], false, 0);
}

uintptr_t tz_facts_propose_limit(const tz_facts *f, const tz_node *phi) {
  const tz_node *next = phi->inputs[1];
  if (next->id >= f->n) return 0;
  for (int i = 0; i < 2; i++) {
    uintptr_t bound = f->at[next->id].below[i];
    const tz_node *n = node_of(bound);
    if (n != NULL && n->block != phi->block && tz_block_dominates(n->block, phi->block)) return bound;
  }
  return 0;
}

void tz_facts_learn_limit(tz_facts *f, const tz_node *phi, uintptr_t limit) {
  const tz_node *first = phi->inputs[0], *bound = node_of(limit);
  if (bound == NULL) return;
  if (is_below(f, first, bound, limit & 1, 0)) f->limits[phi->id] = limit;
  else if (is_below(f, first, bound, false, 0)) f->limits[phi->id] = bound_of(bound, false);
}
