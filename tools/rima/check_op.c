/* check_op.c: operators and indexing. */
#include "program.h"
#include <string.h>

static bool is_open(rima_compiler *c, rima_type *t) {
  return t->kind == RIMA_T_ERROR || (c->cx.is_open_check && t->is_open);
}

static bool is_number_literal(const rima_expr *e) {
  if (e->kind == RIMA_EXPR_UNARY && e->op == RIMA_UNARY_NEGATE) e = e->operand;
  return e->kind == RIMA_EXPR_INT && !e->is_character;
}

/* Both operands; a literal takes the other's type. */
static void check_operands(rima_compiler *c, rima_expr *e, rima_type *expected) {
  rima_expr *l = e->binary.left, *r = e->binary.right;
  rima_type *hint = expected && rima_type_strip(expected)->kind == RIMA_T_FLOAT ? RIMA_KIND(c, FLOAT) : NULL;
  if (is_number_literal(l) && !is_number_literal(r)) {
    rima_check(c, r, hint);
    rima_check(c, l, r->type->kind == RIMA_T_FLOAT || r->type->kind == RIMA_T_NULLABLE ? r->type : NULL);
    return;
  }
  rima_check(c, l,
             is_number_literal(l)                                        ? hint
             : l->kind == RIMA_EXPR_BINARY || l->kind == RIMA_EXPR_UNARY ? hint
                                                                         : NULL);
  rima_check(c, r, l->type);
}

static rima_type *report_operands(rima_compiler *c, rima_expr *e) {
  rima_type *l = e->binary.left->type, *r = e->binary.right->type;
  if (is_open(c, l) || is_open(c, r)) return RIMA_KIND(c, ERROR);
  const char *op = rima_binary_op_text((rima_binary_op)e->op);
  rima_diagnostic *d = rima_error(&c->diagnostics, e->binary.op_span, "%s is not defined for %s and %s", op,
                                  rima_type_text(c, l), rima_type_text(c, r));
  bool mixed = (l->kind == RIMA_T_INT && r->kind == RIMA_T_FLOAT) ||
               (l->kind == RIMA_T_FLOAT && r->kind == RIMA_T_INT);
  if (mixed) rima_hint(&c->diagnostics, d, "int and float do not mix; write float(…) around the int");
  else if (e->op == RIMA_BINARY_ADD && (l->kind == RIMA_T_STR || r->kind == RIMA_T_STR))
    rima_hint(&c->diagnostics, d, "write str(…), or use \"${…}\"");
  else if (l->kind == RIMA_T_NULLABLE || r->kind == RIMA_T_NULLABLE)
    rima_hint(&c->diagnostics, d, "the value may be null: test it first, or use ?? or !");
  return RIMA_KIND(c, ERROR);
}

static const rima_name *operator_method(rima_compiler *c, uint8_t op) {
  switch ((rima_binary_op)op) {
  case RIMA_BINARY_ADD: return c->names.plus;
  case RIMA_BINARY_SUB: return c->names.minus;
  case RIMA_BINARY_MUL: return c->names.times;
  case RIMA_BINARY_DIV: return c->names.div;
  case RIMA_BINARY_REM: return c->names.rem;
  default: return NULL;
  }
}

static rima_type *any_operator(rima_compiler *c, rima_expr *e, rima_type *result) {
  if (e->binary.left->type->kind == RIMA_T_VOID || e->binary.right->type->kind == RIMA_T_VOID)
    return report_operands(c, e);
  e->resolved.how = RIMA_HOW_ANY;
  return result;
}

static rima_type *method_operator(rima_compiler *c, rima_expr *e, const rima_name *name) {
  rima_type *l = e->binary.left->type;
  if (!name || l->kind == RIMA_T_NULLABLE || l->kind == RIMA_T_NULL || l->kind == RIMA_T_VOID)
    return report_operands(c, e);
  uint32_t errors = c->diagnostics.error_count;
  rima_call *call = rima_check_method_call(c, e->binary.left, l, name, &e->binary.right, 1, NULL, e->span);
  if (!call) return c->diagnostics.error_count != errors ? RIMA_KIND(c, ERROR) : report_operands(c, e);
  e->resolved.how = RIMA_HOW_CALL;
  e->resolved.decl = call;
  return call->result;
}

static rima_type *check_arithmetic(rima_compiler *c, rima_expr *e, rima_type *expected) {
  check_operands(c, e, expected);
  rima_type *l = e->binary.left->type, *r = e->binary.right->type;
  if (is_open(c, l) || is_open(c, r)) return RIMA_KIND(c, ERROR);
  if (l == r && (l->kind == RIMA_T_INT || l->kind == RIMA_T_FLOAT)) {
    e->resolved.how = RIMA_HOW_PRIMITIVE;
    return l;
  }
  if (e->op == RIMA_BINARY_ADD && l->kind == RIMA_T_STR && r->kind == RIMA_T_STR) {
    e->resolved.how = RIMA_HOW_CONCAT;
    return l;
  }
  if (l->kind == RIMA_T_DYN || r->kind == RIMA_T_DYN) return any_operator(c, e, RIMA_KIND(c, DYN));
  if (rima_type_rep(l) == 'R' && (l->kind != RIMA_T_STR || e->op != RIMA_BINARY_ADD))
    return method_operator(c, e, operator_method(c, e->op));
  return report_operands(c, e);
}

static rima_type *check_bits(rima_compiler *c, rima_expr *e) {
  check_operands(c, e, NULL);
  rima_type *l = e->binary.left->type, *r = e->binary.right->type;
  if (is_open(c, l) || is_open(c, r)) return RIMA_KIND(c, ERROR);
  bool logical = e->op == RIMA_BINARY_AND || e->op == RIMA_BINARY_OR || e->op == RIMA_BINARY_XOR;
  if (l == r && (l->kind == RIMA_T_INT || (logical && l->kind == RIMA_T_BOOL))) {
    e->resolved.how = RIMA_HOW_PRIMITIVE;
    return l;
  }
  if (l->kind == RIMA_T_DYN || r->kind == RIMA_T_DYN) return any_operator(c, e, RIMA_KIND(c, DYN));
  return report_operands(c, e);
}

static rima_type *check_order(rima_compiler *c, rima_expr *e) {
  check_operands(c, e, NULL);
  rima_type *l = e->binary.left->type, *r = e->binary.right->type, *result = RIMA_KIND(c, BOOL);
  if (is_open(c, l) || is_open(c, r)) return result;
  if (l == r && (l->kind == RIMA_T_INT || l->kind == RIMA_T_FLOAT)) {
    e->resolved.how = RIMA_HOW_PRIMITIVE;
    return result;
  }
  if (l->kind == RIMA_T_DYN || r->kind == RIMA_T_DYN) return any_operator(c, e, result);
  if (l->kind == RIMA_T_NULLABLE || l->kind == RIMA_T_INT || l->kind == RIMA_T_FLOAT)
    return report_operands(c, e), result;
  rima_type *compared = method_operator(c, e, c->names.compare_to);
  if (compared->kind == RIMA_T_INT) e->resolved.how = RIMA_HOW_COMPARE;
  return result;
}

static rima_type *check_equality(rima_compiler *c, rima_expr *e) {
  check_operands(c, e, NULL);
  rima_type *l = e->binary.left->type, *r = e->binary.right->type, *result = RIMA_KIND(c, BOOL);
  if (is_open(c, l) || is_open(c, r)) return result;
  if (l->kind == RIMA_T_VOID || r->kind == RIMA_T_VOID) return report_operands(c, e), result;
  if (l == r && (l->kind == RIMA_T_INT || l->kind == RIMA_T_FLOAT || l->kind == RIMA_T_BOOL)) {
    e->resolved.how = RIMA_HOW_PRIMITIVE;
    return result;
  }
  if (l->kind == RIMA_T_DYN || r->kind == RIMA_T_DYN) return any_operator(c, e, result);
  rima_type *a = rima_type_strip(l), *b = rima_type_strip(r);
  bool related = l->kind == RIMA_T_NULL || r->kind == RIMA_T_NULL || rima_type_is_subtype(c, a, b) ||
                 rima_type_is_subtype(c, b, a);
  if (!related && rima_type_rep(a) == 'R' && rima_type_rep(b) == 'R' && a->kind == RIMA_T_CLASS &&
      b->kind == RIMA_T_CLASS)
    related = a->cls->kind == RIMA_CLASS_INTERFACE || b->cls->kind == RIMA_CLASS_INTERFACE ||
              (a->cls->super && a->cls->super == b->cls->super);
  if (!related) {
    rima_diagnostic *d = rima_error(&c->diagnostics, e->binary.op_span, "%s and %s are never equal",
                                    rima_type_text(c, l), rima_type_text(c, r));
    if ((a->kind == RIMA_T_INT && b->kind == RIMA_T_FLOAT) ||
        (b->kind == RIMA_T_INT && a->kind == RIMA_T_FLOAT))
      rima_hint(&c->diagnostics, d, "int and float do not mix; write float(…) around the int");
    return result;
  }
  if (rima_may_warn(c) && ((l->kind == RIMA_T_NULL && !rima_type_is_nullable(r)) ||
                           (r->kind == RIMA_T_NULL && !rima_type_is_nullable(l))))
    rima_warning(&c->diagnostics, e->span, "%s is never null",
                 rima_type_text(c, l->kind == RIMA_T_NULL ? r : l));
  e->resolved.how = rima_type_rep(a) == 'R' && rima_type_rep(b) == 'R' ? RIMA_HOW_EQUALS : RIMA_HOW_ANY;
  return result;
}

static rima_type *check_same(rima_compiler *c, rima_expr *e) {
  check_operands(c, e, NULL);
  rima_type *l = e->binary.left->type, *r = e->binary.right->type;
  if (!is_open(c, l) && !is_open(c, r)) {
    char a = rima_type_rep(l), b = rima_type_rep(r);
    bool fits = a == b && (a == 'I' || a == 'F' || a == 'R' || a == 'Y');
    fits |= (a == 'Y' && b == 'R') || (a == 'R' && b == 'Y');
    if (!fits) report_operands(c, e);
  }
  return RIMA_KIND(c, BOOL);
}

/* Makes the expression a call of a dyn's method. */
static rima_type *dynamic_call(rima_compiler *c, rima_expr *e, rima_expr *receiver, const rima_name *name,
                               rima_expr **args, uint32_t count) {
  rima_call *call = RIMA_NEW(c->arena, rima_call);
  *call = (rima_call){.kind = RIMA_CALL_DYNAMIC,
                      .receiver = receiver,
                      .count = count,
                      .args = RIMA_NEW_ARRAY(c->arena, rima_expr *, count),
                      .types = RIMA_NEW_ARRAY(c->arena, rima_type *, count),
                      .result = RIMA_KIND(c, DYN),
                      .name = name};
  for (uint32_t i = 0; i < count; i++) {
    call->args[i] = args[i];
    call->types[i] = call->result;
    rima_check_to(c, args[i], call->result, "operand");
  }
  e->resolved.how = RIMA_HOW_CALL;
  e->resolved.decl = call;
  return call->result;
}

static rima_type *check_in(rima_compiler *c, rima_expr *e) {
  rima_expr *l = e->binary.left, *r = e->binary.right;
  if (r->kind == RIMA_EXPR_RANGE) {
    rima_check_to(c, l, RIMA_KIND(c, INT), "left of in");
    rima_check(c, r, NULL);
    e->resolved.how = RIMA_HOW_PRIMITIVE;
    return RIMA_KIND(c, BOOL);
  }
  rima_type *type = rima_check(c, r, NULL);
  if (is_open(c, type)) {
    rima_check(c, l, NULL);
    return RIMA_KIND(c, BOOL);
  }
  if (type->kind == RIMA_T_DYN) {
    dynamic_call(c, e, r, c->names.contains, &e->binary.left, 1);
    return RIMA_KIND(c, BOOL);
  }
  uint32_t errors = c->diagnostics.error_count;
  rima_call *call = type->kind == RIMA_T_NULLABLE ? NULL
                                                  : rima_check_method_call(c, r, type, c->names.contains,
                                                                           &e->binary.left, 1, NULL, e->span);
  if (!call && errors == c->diagnostics.error_count) {
    rima_diagnostic *d = rima_error(&c->diagnostics, r->span, "%s has no method contains, which `in` calls",
                                    rima_type_text(c, type));
    if (type->kind == RIMA_T_NULLABLE) rima_hint(&c->diagnostics, d, "the value may be null: test it first");
  }
  if (call) {
    e->resolved.how = RIMA_HOW_CALL;
    e->resolved.decl = call;
  }
  return RIMA_KIND(c, BOOL);
}

static rima_type *check_coalesce(rima_compiler *c, rima_expr *e, rima_type *expected) {
  rima_type *want = expected && expected->kind != RIMA_T_VOID && !expected->is_open ? expected : NULL;
  rima_type *l = rima_check(c, e->binary.left, want ? rima_type_nullable(c, want) : NULL);
  if (is_open(c, l)) {
    rima_check(c, e->binary.right, want);
    return l;
  }
  if (!rima_type_is_nullable(l)) {
    if (rima_may_warn(c))
      rima_warning(&c->diagnostics, e->binary.left->span, "%s is never null", rima_type_text(c, l));
    rima_check(c, e->binary.right, l);
    return l;
  }
  rima_type *value = rima_type_strip(l);
  rima_type *r = rima_check(c, e->binary.right, want ? want : value->kind == RIMA_T_NULL ? NULL : value);
  if (value->kind == RIMA_T_NULL) return r;
  rima_type *joined = rima_type_join(c, value, r);
  if (!joined ||
      (joined->kind == RIMA_T_OBJECT && r->kind != RIMA_T_OBJECT && value->kind != RIMA_T_OBJECT)) {
    rima_require(c, e->binary.right, value, "right of ??");
    return value;
  }
  return joined;
}

rima_type *rima_check_binary(rima_compiler *c, rima_expr *e, rima_type *expected) {
  switch ((rima_binary_op)e->op) {
  case RIMA_BINARY_ADD:
  case RIMA_BINARY_SUB:
  case RIMA_BINARY_MUL:
  case RIMA_BINARY_DIV:
  case RIMA_BINARY_REM: return check_arithmetic(c, e, expected);
  case RIMA_BINARY_SHL:
  case RIMA_BINARY_SHR:
  case RIMA_BINARY_USHR:
  case RIMA_BINARY_AND:
  case RIMA_BINARY_OR:
  case RIMA_BINARY_XOR: return check_bits(c, e);
  case RIMA_BINARY_LOGICAL_AND:
  case RIMA_BINARY_LOGICAL_OR: {
    rima_facts t = {.count = 0}, f = {.count = 0};
    rima_check_condition(c, e, &t, &f);
    return RIMA_KIND(c, BOOL);
  }
  case RIMA_BINARY_COALESCE: return check_coalesce(c, e, expected);
  case RIMA_BINARY_EQ:
  case RIMA_BINARY_NE: return check_equality(c, e);
  case RIMA_BINARY_SAME:
  case RIMA_BINARY_NOT_SAME: return check_same(c, e);
  case RIMA_BINARY_LT:
  case RIMA_BINARY_LE:
  case RIMA_BINARY_GT:
  case RIMA_BINARY_GE: return check_order(c, e);
  case RIMA_BINARY_IN:
  case RIMA_BINARY_NOT_IN: return check_in(c, e);
  case RIMA_BINARY_NONE: break;
  }
  return RIMA_KIND(c, ERROR);
}

static rima_type *check_negate(rima_compiler *c, rima_expr *e, rima_type *expected) {
  rima_type *t = rima_check(c, e->operand,
                            expected && rima_type_strip(expected)->kind == RIMA_T_FLOAT ? expected : NULL);
  if (is_open(c, t)) return RIMA_KIND(c, ERROR);
  if (t->kind == RIMA_T_INT || t->kind == RIMA_T_FLOAT) {
    e->resolved.how = RIMA_HOW_PRIMITIVE;
    return t;
  }
  if (t->kind == RIMA_T_DYN) {
    e->resolved.how = RIMA_HOW_ANY;
    return t;
  }
  uint32_t errors = c->diagnostics.error_count;
  rima_call *call = t->kind == RIMA_T_CLASS
                        ? rima_check_method_call(c, e->operand, t, c->names.negate, NULL, 0, NULL, e->span)
                        : NULL;
  if (call) {
    e->resolved.how = RIMA_HOW_CALL;
    e->resolved.decl = call;
    return call->result;
  }
  if (errors == c->diagnostics.error_count)
    rima_error(&c->diagnostics, e->span, "- is not defined for %s", rima_type_text(c, t));
  return RIMA_KIND(c, ERROR);
}

rima_type *rima_check_unary(rima_compiler *c, rima_expr *e, rima_type *expected) {
  switch ((rima_unary_op)e->op) {
  case RIMA_UNARY_NEGATE: return check_negate(c, e, expected);
  case RIMA_UNARY_NOT: {
    rima_facts t = {.count = 0}, f = {.count = 0};
    rima_check_condition(c, e->operand, &t, &f);
    return RIMA_KIND(c, BOOL);
  }
  case RIMA_UNARY_BIT_NOT:
    rima_check_to(c, e->operand, RIMA_KIND(c, INT), "operand of ~");
    return RIMA_KIND(c, INT);
  case RIMA_UNARY_NOT_NULL: break;
  }
  rima_type *t = rima_check(c, e->operand, expected ? rima_type_nullable(c, expected) : NULL);
  if (t->kind == RIMA_T_VOID) rima_require(c, e->operand, RIMA_KIND(c, DYN), NULL);
  if (!is_open(c, t) && !rima_type_is_nullable(t) && rima_may_warn(c))
    rima_warning(&c->diagnostics, e->span, "%s is never null; the ! is not needed", rima_type_text(c, t));
  return rima_type_strip(t);
}

/* ---- indexing ---- */

/* The start and the end of x[start..end], behind the last with ..=. */
static void slice_bounds(rima_compiler *c, rima_expr *range, rima_expr *bounds[2]) {
  bounds[0] = range->binary.left;
  bounds[1] = range->binary.right;
  if (!range->is_inclusive) return;
  rima_expr *one = RIMA_NEW(c->arena, rima_expr), *sum = RIMA_NEW(c->arena, rima_expr);
  *one = (rima_expr){.kind = RIMA_EXPR_INT, .span = range->span, .integer = 1};
  *sum = (rima_expr){.kind = RIMA_EXPR_BINARY, .op = RIMA_BINARY_ADD, .span = range->span};
  sum->binary.left = bounds[1];
  sum->binary.right = one;
  sum->binary.op_span = range->span;
  bounds[1] = sum;
}

rima_type *rima_check_index(rima_compiler *c, rima_expr *e, rima_type *expected) {
  (void)expected;
  if (!e->index.index) {
    rima_error(&c->diagnostics, e->span, "type arguments must be followed by a call");
    return RIMA_KIND(c, ERROR);
  }
  rima_type *type = rima_check(c, e->index.object, NULL);
  rima_expr *index = e->index.index;
  if (is_open(c, type) && type->kind != RIMA_T_ARRAY && type->kind != RIMA_T_CLASS) {
    rima_check(c, index, NULL);
    return RIMA_KIND(c, ERROR);
  }
  if (type->kind == RIMA_T_NULLABLE) {
    rima_diagnostic *d = rima_error(&c->diagnostics, e->index.object->span, "the value may be null (%s)",
                                    rima_type_text(c, type));
    rima_hint(&c->diagnostics, d, "test it first, or use !");
    rima_check(c, index, NULL);
    return RIMA_KIND(c, ERROR);
  }
  bool is_slice = index->kind == RIMA_EXPR_RANGE;
  if (type->kind == RIMA_T_DYN && !is_slice) {
    rima_check_to(c, index, type, "index");
    e->resolved.how = RIMA_HOW_ANY;
    return type;
  }
  bool is_list = rima_type_is_word_list(c, type);
  if (!is_slice && (type->kind == RIMA_T_ARRAY || type->kind == RIMA_T_STR || is_list)) {
    rima_check_to(c, index, RIMA_KIND(c, INT), "index");
    e->resolved.how = type->kind == RIMA_T_ARRAY ? RIMA_HOW_ARRAY : is_list ? RIMA_HOW_LIST : RIMA_HOW_BYTE;
    if (is_list) {
      rima_class_declare(c, type->cls);
      return type->cls->args[0];
    }
    return type->kind == RIMA_T_ARRAY ? rima_type_of_element(c, type->of) : RIMA_KIND(c, INT);
  }
  uint32_t errors = c->diagnostics.error_count;
  rima_expr *args[2] = {index, NULL};
  if (is_slice) slice_bounds(c, index, args);
  if (type->kind == RIMA_T_DYN) return dynamic_call(c, e, e->index.object, c->names.slice, args, 2);
  rima_call *call = rima_check_method_call(c, e->index.object, type, is_slice ? c->names.slice : c->names.get,
                                           args, is_slice ? 2 : 1, NULL, e->span);
  if (call) {
    e->resolved.how = RIMA_HOW_CALL;
    e->resolved.decl = call;
    return call->result;
  }
  if (errors == c->diagnostics.error_count)
    rima_error(&c->diagnostics, e->span, "%s cannot be %s: it has no method %s", rima_type_text(c, type),
               is_slice ? "sliced" : "indexed", is_slice ? "slice" : "get");
  return RIMA_KIND(c, ERROR);
}
