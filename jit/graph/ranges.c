/* ranges.c: between which numbers an int lies.
 *
 * From what the operation can give, from comparisons that hold here, and for counters of loops from where
 * they begin and the test that keeps them in the loop (a much reduced form of Harrison, "Compiler Analysis of
 * the Value Ranges for Variables", TSE 1977). */
#include "facts.h"

enum { MAX_DEPTH = 4, MAX_INPUTS = 4 }; /* of operations within operations, of PHIs */

static const int64_t any_max = ((int64_t)1 << 50) - 1, any_min = -((int64_t)1 << 50);
static const int64_t max_length = (int64_t)1 << 47; /* more than an address space holds */

static tz_range all(void) { return (tz_range){INT64_MIN, INT64_MAX}; }

static tz_range meet(tz_range a, tz_range b) {
  return (tz_range){a.low > b.low ? a.low : b.low, a.high < b.high ? a.high : b.high};
}

static tz_range join(tz_range a, tz_range b) {
  return (tz_range){a.low < b.low ? a.low : b.low, a.high > b.high ? a.high : b.high};
}

static bool is_empty(tz_range r) { return r.low > r.high; } /* nobody comes here */

/* ---- Operations ---- */

static tz_range sum(tz_range a, tz_range b) {
  tz_range r;
  bool wraps =
      __builtin_add_overflow(a.low, b.low, &r.low) || __builtin_add_overflow(a.high, b.high, &r.high);
  return wraps ? all() : r;
}

static tz_range difference(tz_range a, tz_range b) {
  tz_range r;
  bool wraps =
      __builtin_sub_overflow(a.low, b.high, &r.low) || __builtin_sub_overflow(a.high, b.low, &r.high);
  return wraps ? all() : r;
}

bool tz_range_product(tz_range a, tz_range b, tz_range *to) {
  int64_t corners[4];
  if (__builtin_mul_overflow(a.low, b.low, &corners[0]) ||
      __builtin_mul_overflow(a.low, b.high, &corners[1]) ||
      __builtin_mul_overflow(a.high, b.low, &corners[2]) ||
      __builtin_mul_overflow(a.high, b.high, &corners[3]))
    return false;
  *to = (tz_range){corners[0], corners[0]};
  for (int i = 1; i < 4; i++) *to = join(*to, (tz_range){corners[i], corners[i]});
  return true;
}

static tz_range product(tz_range a, tz_range b) {
  tz_range r;
  return tz_range_product(a, b, &r) ? r : all();
}

static tz_range bits(uint32_t n, bool is_signed) {
  if (n > 62) return all();
  return is_signed ? (tz_range){-((int64_t)1 << (n - 1)), ((int64_t)1 << (n - 1)) - 1}
                   : (tz_range){0, ((int64_t)1 << n) - 1};
}

static tz_range range_of(const tz_facts *f, const tz_node *n, int depth);

static tz_range of_two(const tz_facts *f, const tz_node *n, int depth) {
  tz_range a = range_of(f, n->inputs[0], depth), b = range_of(f, n->inputs[1], depth);
  if (is_empty(a) || is_empty(b)) return all();
  switch (n->op) {
  case TZ_NODE_ADD: return sum(a, b);
  case TZ_NODE_SUB: return difference(a, b);
  case TZ_NODE_MUL: return product(a, b);
  case TZ_NODE_AND: /* of numbers that are not negative, the smaller is the limit */
    if (a.low >= 0 && b.low >= 0) return (tz_range){0, a.high < b.high ? a.high : b.high};
    if (a.low >= 0 || b.low >= 0) return (tz_range){0, a.low >= 0 ? a.high : b.high};
    return all();
  case TZ_NODE_SHR:
    if (b.low != b.high) return a.low >= 0 ? (tz_range){0, a.high} : all();
    return (tz_range){a.low >> (b.low & 63), a.high >> (b.low & 63)};
  case TZ_NODE_USHR:
    return a.low >= 0                                   ? (tz_range){0, a.high}
           : b.low == b.high && b.low > 0 && b.low < 64 ? bits(64 - (uint32_t)b.low, false)
                                                        : all();
  case TZ_NODE_DIV: return b.low > 0 && a.low >= 0 ? (tz_range){0, a.high} : all();
  case TZ_NODE_REM: /* smaller than the divisor, with the sign of the dividend */
    if (b.low <= 0) return all();
    return (tz_range){a.low >= 0 ? 0 : 1 - b.high, a.high <= 0 ? 0 : b.high - 1};
  default: return all();
  }
}

static tz_range of_phi(const tz_facts *f, const tz_node *n, int depth) {
  if (n->id < f->n && (f->counters[n->id].low != 0 || f->counters[n->id].high != 0))
    return f->counters[n->id];
  if (n->block->is_loop_header || n->n_inputs == 0 || n->n_inputs > MAX_INPUTS) return all();
  tz_range r = range_of(f, n->inputs[0], depth);
  for (uint32_t i = 1; i < n->n_inputs; i++) r = join(r, range_of(f, n->inputs[i], depth));
  return r;
}

static tz_range of_operation(const tz_facts *f, const tz_node *n, int depth) {
  switch (n->op) {
  case TZ_NODE_INT: return (tz_range){n->imm.i, n->imm.i};
  case TZ_NODE_UNBOX_INT: return (tz_range){any_min, any_max};
  case TZ_NODE_LENGTH: return (tz_range){0, max_length};
  case TZ_NODE_LOAD_BYTE: return bits(8, false);
  case TZ_NODE_TAG: return bits(32, false);
  case TZ_NODE_HASH_TEXT: return bits(26, false);
  case TZ_NODE_FIND_TEXT: return (tz_range){-1, max_length};
  case TZ_NODE_SEXT: return bits(n->aux, true);
  case TZ_NODE_ZEXT: return bits(n->aux, false);
  case TZ_NODE_LOAD_ELEMENT:
    return n->aux == TZ_KIND_U8    ? bits(8, false)
           : n->aux == TZ_KIND_I16 ? bits(16, true)
           : n->aux == TZ_KIND_I32 ? bits(32, true)
                                   : all();
  case TZ_NODE_PHI: return depth < MAX_DEPTH ? of_phi(f, n, depth + 1) : all();
  default:
    if (tz_node_is_bool(n)) return (tz_range){0, 1};
    return n->n_inputs == 2 && depth < MAX_DEPTH ? of_two(f, n, depth + 1) : all();
  }
}

static tz_range range_of(const tz_facts *f, const tz_node *n, int depth) {
  if (n->type != TZ_TYPE_INT) return all();
  tz_range r = of_operation(f, n, depth);
  if (n->id >= f->n) return r;
  const tz_fact *fact = &f->at[n->id];
  if (fact->has_value) return (tz_range){(int64_t)fact->value, (int64_t)fact->value};
  return fact->has_range ? meet(r, (tz_range){(int64_t)fact->low, (int64_t)fact->high}) : r;
}

tz_range tz_facts_range(const tz_facts *f, const tz_node *n) { return range_of(f, n, 0); }

/* ---- Learning ---- */

static void narrow_one(tz_facts *f, const tz_node *n, tz_range to) {
  if (n->id >= f->n || n->op == TZ_NODE_INT) return;
  tz_fact *fact = &f->at[n->id];
  if (fact->has_range) to = meet(to, (tz_range){(int64_t)fact->low, (int64_t)fact->high});
  tz_facts_set(f, &fact->has_range, 1);
  tz_facts_set(f, &fact->low, (uintptr_t)to.low);
  tz_facts_set(f, &fact->high, (uintptr_t)to.high);
}

/* And what it is the sum of. */
static void narrow(tz_facts *f, const tz_node *n, tz_range to) {
  narrow_one(f, n, to);
  if (n->op != TZ_NODE_ADD || n->inputs[1]->op != TZ_NODE_INT) return;
  tz_range part = difference(to, (tz_range){n->inputs[1]->imm.i, n->inputs[1]->imm.i});
  if (part.low != INT64_MIN || part.high != INT64_MAX) narrow_one(f, n->inputs[0], part);
}

/* a < b, or a <= b */
static void learn_order(tz_facts *f, const tz_node *a, const tz_node *b, bool is_strict) {
  tz_range x = tz_facts_range(f, a), y = tz_facts_range(f, b);
  int64_t high = is_strict && y.high > INT64_MIN ? y.high - 1 : y.high,
          low = is_strict && x.low < INT64_MAX ? x.low + 1 : x.low;
  if (high < INT64_MAX) narrow(f, a, (tz_range){INT64_MIN, high});
  if (low > INT64_MIN) narrow(f, b, (tz_range){low, INT64_MAX});
  tz_facts_learn_below(f, a, b, is_strict);
}

void tz_facts_learn_range(tz_facts *f, const tz_node *cond, bool holds) {
  const tz_node *a = cond->n_inputs > 0 ? cond->inputs[0] : NULL,
                *b = cond->n_inputs > 1 ? cond->inputs[1] : NULL;
  switch (cond->op) {
  case TZ_NODE_LT:
    if (holds) learn_order(f, a, b, true);
    else learn_order(f, b, a, false);
    break;
  case TZ_NODE_LE:
    if (holds) learn_order(f, a, b, false);
    else learn_order(f, b, a, true);
    break;
  case TZ_NODE_ULT:
    if (!holds || tz_facts_range(f, b).low < 0) break;
    narrow(f, a, (tz_range){0, tz_facts_range(f, b).high - 1});
    tz_facts_learn_below(f, a, b, true);
    break;
  case TZ_NODE_INT_FITS:
    if (holds) narrow(f, a, (tz_range){any_min, any_max});
    break;
  case TZ_NODE_IS_NULL: /* an array that could be made has a length */
    if (!holds && a->op == TZ_NODE_NEW_ARRAY) narrow(f, a->inputs[0], (tz_range){0, max_length});
    break;
  default: break;
  }
}

/* It begins between 0 and a number, and if it lies there the next one does: then all do, by induction. The
 * number is the largest that it begins with, or that comes of these. */
static bool learn_cycle(tz_facts *f, const tz_node *phi, tz_range first) {
  tz_range *counter = &f->counters[phi->id], next = first;
  if (first.low < 0 || is_empty(first) || counter->low != 0 || counter->high != 0) return false;
  for (int i = 0; i < 2 && next.low >= 0 && next.high > 0; i++) {
    *counter = (tz_range){0, next.high > first.high ? next.high : first.high};
    next = tz_facts_range(f, phi->inputs[1]);
    if (!is_empty(next) && next.low >= 0 && next.high <= counter->high) return true;
  }
  *counter = (tz_range){0, 0};
  return false;
}

/* It begins at `first`, and as long as the loop goes on it lies, after its step, within `after`. Where
 * neither can be stepped over the end of the numbers, it never turns back. */
bool tz_facts_learn_counter(tz_facts *f, const tz_node *phi, tz_range first) {
  const tz_node *next = phi->inputs[1];
  if (next->op == TZ_NODE_REM || next->op == TZ_NODE_AND) return learn_cycle(f, phi, first);
  if (next->op != TZ_NODE_ADD) return false;
  uint32_t k = next->inputs[0] == phi ? 1 : 0;
  if (next->inputs[1 - k] != phi) return false;
  int64_t ignored;
  tz_range after = tz_facts_range(f, next), step = tz_facts_range(f, next->inputs[k]),
           *counter = &f->counters[phi->id];
  if (is_empty(first) || is_empty(after) || is_empty(step) || counter->low != 0 || counter->high != 0)
    return false;
  tz_range both = join(first, after);
  if (step.low >= 0 && !__builtin_add_overflow(both.high, step.high, &ignored))
    *counter = (tz_range){first.low, both.high};
  else if (step.high <= 0 && !__builtin_add_overflow(both.low, step.low, &ignored))
    *counter = (tz_range){both.low, first.high};
  else return false;
  return true;
}
