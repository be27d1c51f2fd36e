/* fold_ranges.c: simpler nodes for operations whose result follows from the ranges of their inputs. */
#include "simplify.h"

static bool is_within(tz_range r, int64_t low, int64_t high) { return low <= r.low && r.high <= high; }

/* 1, 0, -1 for "may be" */
static int is_less(tz_range a, tz_range b, bool or_equal) {
  if (a.high < b.low || (or_equal && a.high == b.low)) return 1;
  return b.high < a.low || (!or_equal && b.high == a.low) ? 0 : -1;
}

static int is_less_unsigned(tz_range a, tz_range b) {
  if (b.low < 0) return -1;
  if (a.high < 0) return 0; /* beyond all numbers that are not negative */
  return a.low >= 0 ? is_less(a, b, false) : -1;
}

static int are_equal(tz_range a, tz_range b) {
  if (a.high < b.low || b.high < a.low) return 0;
  return a.low == a.high && b.low == b.high ? 1 : -1;
}

static bool any_int_fits(tz_range r) { return tz_any_int_fits(r.low) && tz_any_int_fits(r.high); }

static int test(const tz_node *n, tz_range a, tz_range b) {
  int equal = are_equal(a, b);
  tz_range product;
  switch (n->op) {
  case TZ_NODE_LT: return is_less(a, b, false);
  case TZ_NODE_LE: return is_less(a, b, true);
  case TZ_NODE_ULT: return is_less_unsigned(a, b);
  case TZ_NODE_EQ: return equal;
  case TZ_NODE_NE: return equal < 0 ? -1 : !equal;
  case TZ_NODE_MUL_OVERFLOWS: return tz_range_product(a, b, &product) ? 0 : -1;
  case TZ_NODE_INT_FITS: return any_int_fits(a) ? 1 : -1;
  default: return -1;
  }
}

/* By comparisons that are known to hold. */
static int test_order(const tz_facts *f, const tz_node *n) {
  const tz_node *a = n->inputs[0], *b = n->inputs[n->n_inputs - 1];
  switch (n->op) {
  case TZ_NODE_LT: return tz_facts_is_below(f, a, b, true) ? 1 : tz_facts_is_below(f, b, a, false) ? 0 : -1;
  case TZ_NODE_LE: return tz_facts_is_below(f, a, b, false) ? 1 : tz_facts_is_below(f, b, a, true) ? 0 : -1;
  case TZ_NODE_ULT: return tz_facts_is_index(f, a, b) ? 1 : -1;
  case TZ_NODE_EQ: return tz_facts_is_below(f, a, b, true) || tz_facts_is_below(f, b, a, true) ? 0 : -1;
  case TZ_NODE_NE: return tz_facts_is_below(f, a, b, true) || tz_facts_is_below(f, b, a, true) ? 1 : -1;
  default: return -1;
  }
}

/* Half of the values that an extension's bits can have. */
static int64_t half_range(const tz_node *extension) { return (int64_t)1 << (extension->aux - 1); }

/* Cuts off nothing that is there. */
static bool keeps_all(const tz_node *n, tz_range a, tz_range b) {
  switch (n->op) {
  case TZ_NODE_SEXT: return is_within(a, -half_range(n), half_range(n) - 1);
  case TZ_NODE_ZEXT: return is_within(a, 0, 2 * half_range(n) - 1);
  case TZ_NODE_AND: return b.low == b.high && (b.low & (b.low + 1)) == 0 && is_within(a, 0, b.low);
  default: return false;
  }
}

/* Of a number that is not negative, by a power of two: the bits below. */
static tz_node *remainder_by_mask(tz_simplifier *s, tz_node *n, tz_range a, tz_range b) {
  if (a.low < 0 || b.low != b.high || b.low <= 0 || (b.low & (b.low - 1)) != 0) return n;
  n->op = TZ_NODE_AND;
  n->inputs[1] = tz_constant_int(s, b.low - 1, TZ_INT_NUMBER);
  return n;
}

static bool is_decided_by_ranges(uint8_t op) {
  switch (op) {
  case TZ_NODE_LT:
  case TZ_NODE_LE:
  case TZ_NODE_ULT:
  case TZ_NODE_EQ:
  case TZ_NODE_NE:
  case TZ_NODE_MUL_OVERFLOWS:
  case TZ_NODE_INT_FITS:
  case TZ_NODE_SEXT:
  case TZ_NODE_ZEXT:
  case TZ_NODE_AND:
  case TZ_NODE_REM: return true;
  default: return false;
  }
}

tz_node *tz_fold_range(tz_simplifier *s, tz_node *n) {
  if (!is_decided_by_ranges(n->op)) return n;
  tz_range a = tz_facts_range(s->facts, n->inputs[0]),
           b = tz_facts_range(s->facts, n->inputs[n->n_inputs - 1]);
  if (a.low > a.high || b.low > b.high) return n; /* nobody comes here */
  if (n->op == TZ_NODE_REM) return remainder_by_mask(s, n, a, b);
  int result = test(n, a, b);
  if (result < 0) result = test_order(s->facts, n);
  if (result >= 0) return tz_constant_int(s, result, TZ_INT_NUMBER);
  return keeps_all(n, a, b) ? n->inputs[0] : n;
}
