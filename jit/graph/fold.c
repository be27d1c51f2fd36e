/* fold.c: simpler nodes for operations on numbers. */
#include "number.h"
#include "simplify.h"
#include <math.h>

static tz_node *int_constant(tz_simplifier *s, int64_t i) { return tz_constant_int(s, i, TZ_INT_NUMBER); }

static bool is_int(const tz_node *n, int64_t i) { return n->op == TZ_NODE_INT && n->imm.i == i; }

/* ---- All inputs constant ---- */

static bool evaluate_int(const tz_node *n, int64_t a, int64_t b, int64_t *r) {
  uint64_t ua = (uint64_t)a, ub = (uint64_t)b;
  switch (n->op) {
  case TZ_NODE_ADD: return *r = (int64_t)(ua + ub), true;
  case TZ_NODE_SUB: return *r = (int64_t)(ua - ub), true;
  case TZ_NODE_MUL: return *r = (int64_t)(ua * ub), true;
  case TZ_NODE_DIV: return b != 0 && (*r = tz_int_div(a, b), true);
  case TZ_NODE_REM: return b != 0 && (*r = tz_int_rem(a, b), true);
  case TZ_NODE_AND: return *r = a & b, true;
  case TZ_NODE_OR: return *r = a | b, true;
  case TZ_NODE_XOR: return *r = a ^ b, true;
  case TZ_NODE_SHL: return *r = (int64_t)(ua << (b & 63)), true;
  case TZ_NODE_SHR: return *r = a >> (b & 63), true;
  case TZ_NODE_USHR: return *r = (int64_t)(ua >> (b & 63)), true;
  case TZ_NODE_SEXT: return *r = (int64_t)(ua << (64 - n->aux)) >> (64 - n->aux), true;
  case TZ_NODE_ZEXT: return *r = (int64_t)(ua << (64 - n->aux) >> (64 - n->aux)), true;
  case TZ_NODE_EQ: return *r = a == b, true;
  case TZ_NODE_NE: return *r = a != b, true;
  case TZ_NODE_LT: return *r = a < b, true;
  case TZ_NODE_LE: return *r = a <= b, true;
  case TZ_NODE_ULT: return *r = ua < ub, true;
  case TZ_NODE_MUL_OVERFLOWS: return *r = __builtin_mul_overflow(a, b, r), true;
  case TZ_NODE_INT_FITS: return *r = tz_any_int_fits(a), true;
  default: return false;
  }
}

static bool evaluate_float(const tz_node *n, double a, double b, double *r) {
  switch (n->op) {
  case TZ_NODE_FADD: return *r = a + b, true;
  case TZ_NODE_FSUB: return *r = a - b, true;
  case TZ_NODE_FMUL: return *r = a * b, true;
  case TZ_NODE_FDIV: return *r = a / b, true;
  case TZ_NODE_FNEG: return *r = -a, true;
  case TZ_NODE_FABS: return *r = fabs(a), true;
  case TZ_NODE_FSQRT: return *r = sqrt(a), true;
  case TZ_NODE_FFLOOR: return *r = tz_float_floor(a), true;
  case TZ_NODE_FCEIL: return *r = -tz_float_floor(-a), true;
  default: return false;
  }
}

static bool evaluate_float_to_int(const tz_node *n, double a, double b, int64_t *r) {
  switch (n->op) {
  case TZ_NODE_FEQ: return *r = a == b, true;
  case TZ_NODE_FNE: return *r = a != b, true;
  case TZ_NODE_FLT: return *r = a < b, true;
  case TZ_NODE_FLE: return *r = a <= b, true;
  case TZ_NODE_F2I: return *r = tz_float_to_int(a), true;
  case TZ_NODE_F_BITS_I: return memcpy(r, &a, 8), true;
  default: return false;
  }
}

/* NULL: not all inputs are constant, or it is no such operation. */
static tz_node *evaluate(tz_simplifier *s, const tz_node *n) {
  int64_t i;
  double f;
  if (n->n_inputs == 0 || n->n_inputs > 2) return NULL;
  const tz_node *a = n->inputs[0], *b = n->inputs[n->n_inputs - 1];
  if (a->op == TZ_NODE_INT && b->op == TZ_NODE_INT) {
    if (evaluate_int(n, a->imm.i, b->imm.i, &i)) return int_constant(s, i);
    if (n->op == TZ_NODE_I2F) return tz_constant_float(s, (double)a->imm.i);
    if (n->op == TZ_NODE_I_BITS_F) return memcpy(&f, &a->imm.i, 8), tz_constant_float(s, f);
  }
  if (a->op == TZ_NODE_FLOAT && b->op == TZ_NODE_FLOAT) {
    if (evaluate_float(n, a->imm.f, b->imm.f, &f)) return tz_constant_float(s, f);
    if (evaluate_float_to_int(n, a->imm.f, b->imm.f, &i)) return int_constant(s, i);
  }
  return NULL;
}

/* ---- Identities ---- */

static tz_node *become(tz_simplifier *s, tz_node *n, tz_node_op op, tz_node *a, tz_node *b) {
  n->op = (uint8_t)op;
  n->inputs[0] = a;
  n->inputs[1] = b;
  s->changed = true;
  return n;
}

static bool is_commutative(uint8_t op) {
  switch (op) {
  case TZ_NODE_ADD:
  case TZ_NODE_MUL:
  case TZ_NODE_AND:
  case TZ_NODE_OR:
  case TZ_NODE_XOR:
  case TZ_NODE_EQ:
  case TZ_NODE_NE:
  case TZ_NODE_MUL_OVERFLOWS:
  case TZ_NODE_FADD:
  case TZ_NODE_FMUL:
  case TZ_NODE_FEQ:
  case TZ_NODE_FNE:
  case TZ_NODE_SAME: return true;
  default: return false;
  }
}

/* Constants to the right, otherwise the older input to the left. */
static void order_inputs(tz_node *n) {
  if (n->n_inputs != 2 || !is_commutative(n->op)) return;
  tz_node *a = n->inputs[0], *b = n->inputs[1];
  bool a_last = tz_node_is_constant(a), b_last = tz_node_is_constant(b);
  if (a_last == b_last ? a->id <= b->id : b_last) return;
  n->inputs[0] = b;
  n->inputs[1] = a;
}

static tz_node *fold_add(tz_simplifier *s, tz_node *n, tz_node *a, tz_node *b) {
  if (is_int(b, 0)) return a;
  if (b->op == TZ_NODE_INT && a->op == TZ_NODE_ADD && a->inputs[1]->op == TZ_NODE_INT)
    return become(s, n, TZ_NODE_ADD, a->inputs[0],
                  int_constant(s, (int64_t)((uint64_t)a->inputs[1]->imm.i + (uint64_t)b->imm.i)));
  return n;
}

static tz_node *fold_sub(tz_simplifier *s, tz_node *n, tz_node *a, tz_node *b) {
  if (a == b) return int_constant(s, 0);
  if (b->op == TZ_NODE_INT)
    return become(s, n, TZ_NODE_ADD, a, int_constant(s, (int64_t)(0 - (uint64_t)b->imm.i)));
  return n;
}

/* a == 0 where a is itself a test: the opposite test. NULL: there is none. */
static tz_node *opposite(tz_simplifier *s, tz_node *n, tz_node *a) {
  if (a->n_inputs == 0) return NULL;
  tz_node *x = a->inputs[0], *y = a->inputs[a->n_inputs - 1];
  switch (a->op) {
  case TZ_NODE_EQ: return become(s, n, TZ_NODE_NE, x, y);
  case TZ_NODE_NE: return become(s, n, TZ_NODE_EQ, x, y);
  case TZ_NODE_LT: return become(s, n, TZ_NODE_LE, y, x);
  case TZ_NODE_LE: return become(s, n, TZ_NODE_LT, y, x);
  case TZ_NODE_FEQ: return become(s, n, TZ_NODE_FNE, x, y);
  case TZ_NODE_FNE: return become(s, n, TZ_NODE_FEQ, x, y);
  default: return NULL;
  }
}

static tz_node *fold_equality(tz_simplifier *s, tz_node *n, tz_node *a, tz_node *b) {
  bool is_eq = n->op == TZ_NODE_EQ;
  if (a == b) return int_constant(s, is_eq);
  if (!tz_node_is_bool(a) || b->op != TZ_NODE_INT) return n;
  if (b->imm.i != 0 && b->imm.i != 1) return int_constant(s, !is_eq);
  if ((b->imm.i == 1) == is_eq) return a;
  tz_node *other = opposite(s, n, a);
  if (other != NULL) return other;
  return is_eq && b->imm.i == 0 ? n : become(s, n, TZ_NODE_EQ, a, int_constant(s, 0));
}

static tz_node *fold_and(tz_simplifier *s, tz_node *n, tz_node *a, tz_node *b) {
  if (a == b || is_int(b, -1) || (is_int(b, 1) && tz_node_is_bool(a))) return a;
  return is_int(b, 0) ? int_constant(s, 0) : n;
}

static tz_node *fold_xor(tz_simplifier *s, tz_node *n, tz_node *a, tz_node *b) {
  if (a == b) return int_constant(s, 0);
  if (is_int(b, 0)) return a;
  return is_int(b, 1) && tz_node_is_bool(a) ? become(s, n, TZ_NODE_EQ, a, int_constant(s, 0)) : n;
}

/* Sign- or zero-extension of what has been extended, or never had more bits. */
static tz_node *fold_extension(tz_simplifier *s, tz_node *n, tz_node *a) {
  if (n->aux >= 8 && tz_node_is_bool(a)) return a;
  if (a->op == n->op && a->aux <= n->aux) return a;
  if (a->op == TZ_NODE_ZEXT && a->aux < n->aux) return a;
  bool cuts = a->op == TZ_NODE_SEXT || a->op == TZ_NODE_ZEXT;
  if (cuts && a->aux >= n->aux) {
    n->inputs[0] = a->inputs[0];
    s->changed = true;
  }
  return n;
}

static tz_node *input_if(tz_node *n, tz_node_op op) {
  return n->inputs[0]->op == op ? n->inputs[0]->inputs[0] : n;
}

static tz_node *identity(tz_simplifier *s, tz_node *n) {
  tz_node *a = n->inputs[0], *b = n->n_inputs == 2 ? n->inputs[1] : NULL;
  switch (n->op) {
  case TZ_NODE_ADD: return fold_add(s, n, a, b);
  case TZ_NODE_SUB: return fold_sub(s, n, a, b);
  case TZ_NODE_MUL: return is_int(b, 1) ? a : is_int(b, 0) ? b : n;
  case TZ_NODE_DIV: return is_int(b, 1) ? a : n;
  case TZ_NODE_REM: return is_int(b, 1) ? int_constant(s, 0) : n;
  case TZ_NODE_AND: return fold_and(s, n, a, b);
  case TZ_NODE_OR: return a == b || is_int(b, 0) ? a : is_int(b, -1) ? b : n;
  case TZ_NODE_XOR: return fold_xor(s, n, a, b);
  case TZ_NODE_SHL:
  case TZ_NODE_SHR:
  case TZ_NODE_USHR: return b->op == TZ_NODE_INT && (b->imm.i & 63) == 0 ? a : n;
  case TZ_NODE_SEXT:
  case TZ_NODE_ZEXT: return fold_extension(s, n, a);
  case TZ_NODE_EQ:
  case TZ_NODE_NE: return fold_equality(s, n, a, b);
  case TZ_NODE_LT:
  case TZ_NODE_ULT: return a == b ? int_constant(s, 0) : n;
  case TZ_NODE_LE: return a == b ? int_constant(s, 1) : n;
  case TZ_NODE_MUL_OVERFLOWS: return is_int(b, 0) || is_int(b, 1) ? int_constant(s, 0) : n;
  case TZ_NODE_FNEG: return input_if(n, TZ_NODE_FNEG);
  case TZ_NODE_I_BITS_F: return input_if(n, TZ_NODE_F_BITS_I);
  case TZ_NODE_F_BITS_I: return input_if(n, TZ_NODE_I_BITS_F);
  default: return n;
  }
}

tz_node *tz_fold_number(tz_simplifier *s, tz_node *n) {
  order_inputs(n);
  tz_node *constant = evaluate(s, n);
  if (constant != NULL) return constant;
  return n->n_inputs == 1 || n->n_inputs == 2 ? identity(s, n) : n;
}
