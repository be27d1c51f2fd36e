/* emit_cond.c: conditions become branches; equality, hashing and text of any type. */
#include "code.h"
#include <string.h>

/* ---- comparing numbers ---- */

static bool small_int(rima_compiler *c, const rima_expr *e, int64_t *value) {
  return rima_const_int(c, e, value) && *value >= -32768 && *value <= 32767;
}

static rima_binary_op swapped(rima_binary_op op) {
  switch (op) {
  case RIMA_BINARY_LT: return RIMA_BINARY_GT;
  case RIMA_BINARY_LE: return RIMA_BINARY_GE;
  case RIMA_BINARY_GT: return RIMA_BINARY_LT;
  case RIMA_BINARY_GE: return RIMA_BINARY_LE;
  default: return op;
  }
}
static rima_binary_op negated(rima_binary_op op) {
  switch (op) {
  case RIMA_BINARY_LT: return RIMA_BINARY_GE;
  case RIMA_BINARY_LE: return RIMA_BINARY_GT;
  case RIMA_BINARY_GT: return RIMA_BINARY_LE;
  case RIMA_BINARY_GE: return RIMA_BINARY_LT;
  case RIMA_BINARY_EQ: return RIMA_BINARY_NE;
  default: return RIMA_BINARY_EQ;
  }
}

static void branch_immediate(rima_compiler *c, rima_binary_op op, uint32_t a, int64_t value, uint32_t label) {
  tz_opcode code = op == RIMA_BINARY_LT   ? TZ_OP_JLT_II
                   : op == RIMA_BINARY_LE ? TZ_OP_JLE_II
                   : op == RIMA_BINARY_GT ? TZ_OP_JGT_II
                   : op == RIMA_BINARY_GE ? TZ_OP_JGE_II
                   : op == RIMA_BINARY_EQ ? TZ_OP_JEQ_II
                                          : TZ_OP_JNE_II;
  rima_branch(c, code, a, (uint32_t)(uint16_t)value, label);
}

static void branch_ints(rima_compiler *c, rima_binary_op op, uint32_t a, uint32_t b, uint32_t label) {
  switch (op) {
  case RIMA_BINARY_LT: rima_branch(c, TZ_OP_JLT_I, a, b, label); return;
  case RIMA_BINARY_LE: rima_branch(c, TZ_OP_JLE_I, a, b, label); return;
  case RIMA_BINARY_GT: rima_branch(c, TZ_OP_JLT_I, b, a, label); return;
  case RIMA_BINARY_GE: rima_branch(c, TZ_OP_JLE_I, b, a, label); return;
  case RIMA_BINARY_EQ: rima_branch(c, TZ_OP_JEQ_I, a, b, label); return;
  default: rima_branch(c, TZ_OP_JNE_I, a, b, label);
  }
}

static void branch_floats(rima_compiler *c, rima_binary_op op, uint32_t a, uint32_t b, uint32_t label,
                          bool when) {
  if (op == RIMA_BINARY_GT || op == RIMA_BINARY_GE) {
    uint32_t swap = a;
    a = b;
    b = swap;
    op = swapped(op);
  }
  tz_opcode code = op == RIMA_BINARY_LT             ? when ? TZ_OP_JLT_F : TZ_OP_JNLT_F
                   : op == RIMA_BINARY_LE           ? when ? TZ_OP_JLE_F : TZ_OP_JNLE_F
                   : (op == RIMA_BINARY_EQ) == when ? TZ_OP_JEQ_F
                                                    : TZ_OP_JNE_F;
  rima_branch(c, code, a, b, label);
}

static uint32_t emit_left(rima_compiler *c, rima_expr *left, rima_expr *right) {
  uint32_t reg = rima_emit(c, left, RIMA_ANYWHERE);
  if (!(right->resolved.flags & RIMA_FLAG_ASSIGNS) || !c->code->regs[reg].is_local) return reg;
  uint32_t copy = rima_reg_for(c, left->type);
  rima_move(c, copy, reg);
  return copy;
}

static void branch_comparison(rima_compiler *c, rima_expr *e, uint32_t label, bool when) {
  rima_binary_op op = (rima_binary_op)e->op;
  rima_expr *l = e->binary.left, *r = e->binary.right;
  int64_t value;
  if (l->type->kind == RIMA_T_FLOAT) {
    uint32_t a = emit_left(c, l, r);
    branch_floats(c, op, a, rima_emit(c, r, RIMA_ANYWHERE), label, when);
    return;
  }
  if (!when) op = negated(op);
  if (small_int(c, r, &value)) {
    branch_immediate(c, op, rima_emit(c, l, RIMA_ANYWHERE), value, label);
  } else if (small_int(c, l, &value)) {
    branch_immediate(c, swapped(op), rima_emit(c, r, RIMA_ANYWHERE), value, label);
  } else {
    uint32_t a = emit_left(c, l, r);
    branch_ints(c, op, a, rima_emit(c, r, RIMA_ANYWHERE), label);
  }
}

/* x in a..b */
static void branch_in_range(rima_compiler *c, rima_expr *e, uint32_t label, bool when) {
  rima_expr *range = e->binary.right;
  uint32_t x = rima_emit(c, e->binary.left, RIMA_ANYWHERE), outside = rima_label(c);
  uint32_t low = rima_emit_as(c, range->binary.left, RIMA_KIND(c, INT), RIMA_ANYWHERE);
  uint32_t high = rima_emit_as(c, range->binary.right, RIMA_KIND(c, INT), RIMA_ANYWHERE);
  uint32_t no = when ? outside : label;
  branch_ints(c, RIMA_BINARY_LT, x, low, no);
  if (when) branch_ints(c, range->is_inclusive ? RIMA_BINARY_LE : RIMA_BINARY_LT, x, high, label);
  else branch_ints(c, range->is_inclusive ? RIMA_BINARY_GT : RIMA_BINARY_GE, x, high, no);
  rima_label_here(c, outside);
}

/* ---- equality ---- */

static rima_fn *own_method(rima_compiler *c, rima_class *cls, rima_structural which) {
  if (cls->kind == RIMA_CLASS_TUPLE) return rima_class_structural(c, cls, which);
  rima_found found = rima_class_find(c, cls, rima_object_name(c, which));
  if (found.kind == RIMA_FOUND_METHOD && found.member->decl->function->is_abstract)
    found.kind = RIMA_FOUND_NOTHING;
  if (found.kind == RIMA_FOUND_METHOD) return rima_class_method(c, found.cls, found.index);
  return rima_class_is_structural(cls, which) ? rima_class_structural(c, cls, which) : NULL;
}

/* Whether equality of values of this type is identity, whatever their classes. */
static bool is_identity(rima_compiler *c, rima_type *type) {
  type = rima_type_strip(type);
  if (type->kind == RIMA_T_CHANNEL || type->kind == RIMA_T_FUNC || type->kind == RIMA_T_PROCESS) return true;
  if (type->kind != RIMA_T_CLASS) return false;
  rima_class *cls = type->cls;
  if (cls->kind == RIMA_CLASS_ENUM) {
    rima_class_variant(c, cls, 0);
    return cls->is_plain_enum && !own_method(c, cls, RIMA_EQUALS);
  }
  return cls->is_final && !own_method(c, cls, RIMA_EQUALS);
}

/* toString, equals or hash of a reference that is not null. dst: where the result goes. */
void rima_emit_structural_call(rima_compiler *c, rima_structural which, rima_type *type, const uint32_t *args,
                               uint32_t dst) {
  type = rima_type_strip(type);
  rima_class *cls = rima_type_class(c, type);
  uint32_t count = which == RIMA_EQUALS ? 2 : 1;
  bool has_slots = type->kind == RIMA_T_CLASS || type->kind == RIMA_T_TUPLE || type->kind == RIMA_T_STR ||
                   type->kind == RIMA_T_ARRAY;
  if (!has_slots) { /* any reference: the machine knows how */
    uint32_t mark = rima_code_mark(c), regs[2];
    for (uint32_t i = 0; i < count; i++) {
      regs[i] = rima_reg_for(c, RIMA_KIND(c, DYN));
      rima_move(c, regs[i], args[i]);
    }
    if (which == RIMA_EQUALS) rima_op(c, TZ_OP_EQ_ANY, dst, regs[0], regs[1]);
    else
      rima_call_core(c, which == RIMA_HASH ? c->names.any_hash : c->names.any_to_str, regs[0],
                     which == RIMA_HASH ? RIMA_KIND(c, INT) : RIMA_KIND(c, STR), (int32_t)dst);
    rima_code_release(c, mark);
    return;
  }
  rima_fn *own = cls ? own_method(c, cls, which) : NULL;
  bool is_static = own && own->owner->kind != RIMA_CLASS_INTERFACE &&
                   (cls->is_final || (cls->kind != RIMA_CLASS_INTERFACE && cls->kind != RIMA_CLASS_ENUM &&
                                      !rima_is_overridden(c, own)));
  if (is_static) {
    rima_call_fn(c, own, args, count, (int32_t)dst);
    return;
  }
  rima_reach_virtual(c, c->object_methods[which]);
  rima_op_list(c, tz_encode_abc(TZ_OP_CALL_VIRTUAL, dst, which, rima_site(c, TZ_SITE_VIRTUAL, NULL)), args,
               count);
}

void rima_emit_equals(rima_compiler *c, uint32_t dst, uint32_t a, rima_type *ta, uint32_t b, rima_type *tb) {
  if (ta->kind == RIMA_T_NULL || tb->kind == RIMA_T_NULL) {
    rima_type *other = ta->kind == RIMA_T_NULL ? tb : ta;
    char rep = rima_type_rep(other);
    if (rep == 'I' || rep == 'F' || other->kind == RIMA_T_NULL)
      rima_op_d(c, TZ_OP_CONST_I, dst, other->kind == RIMA_T_NULL);
    else rima_op(c, TZ_OP_IS_NULL, dst, ta->kind == RIMA_T_NULL ? b : a, 0);
    return;
  }
  rima_type *sa = rima_type_strip(ta), *sb = rima_type_strip(tb);
  char ra = rima_type_rep(ta), rb = rima_type_rep(tb);
  if (ra != 'R' || rb != 'R') {
    if (ta == tb && (ra == 'I' || ra == 'F')) {
      rima_op(c, ra == 'I' ? TZ_OP_EQ_I : TZ_OP_EQ_F, dst, a, b);
      return;
    }
    uint32_t mark = rima_code_mark(c);
    rima_type *dyn = RIMA_KIND(c, DYN);
    uint32_t x = ra == 'Y' ? a : rima_convert(c, a, ta, dyn, RIMA_ANYWHERE);
    uint32_t y = rb == 'Y' ? b : rima_convert(c, b, tb, dyn, RIMA_ANYWHERE);
    rima_op(c, TZ_OP_EQ_ANY, dst, x, y);
    rima_code_release(c, mark);
    return;
  }
  if (sa->kind == RIMA_T_STR && sb->kind == RIMA_T_STR) {
    rima_op(c, TZ_OP_EQ_S, dst, a, b);
    return;
  }
  if (is_identity(c, sa) || is_identity(c, sb)) {
    rima_op(c, TZ_OP_EQ_R, dst, a, b);
    return;
  }
  uint32_t end = rima_label(c);
  rima_op(c, TZ_OP_EQ_R, dst, a, b);
  rima_branch_d(c, TZ_OP_JT, dst, end);
  if (ta->kind == RIMA_T_NULLABLE) rima_branch_d(c, TZ_OP_JNULL, a, end);
  rima_emit_structural_call(c, RIMA_EQUALS, sa, (uint32_t[]){a, b}, dst);
  rima_label_here(c, end);
}

uint32_t rima_emit_hash(rima_compiler *c, uint32_t reg, rima_type *type, int32_t dst) {
  rima_type *int_ = RIMA_KIND(c, INT);
  uint32_t result = rima_dst(c, int_, dst);
  char rep = rima_type_rep(type);
  if (rep == 'I') {
    rima_move(c, result, reg);
  } else if (rep == 'R' && type->kind != RIMA_T_NULLABLE) {
    rima_emit_structural_call(c, RIMA_HASH, type, &reg, result);
  } else {
    uint32_t mark = rima_code_mark(c);
    uint32_t any = rima_convert(c, reg, type, RIMA_KIND(c, DYN), RIMA_ANYWHERE);
    rima_call_core(c, c->names.any_hash, any, int_, (int32_t)result);
    rima_code_release(c, mark);
  }
  return result;
}

uint32_t rima_to_text(rima_compiler *c, uint32_t reg, rima_type *type, int32_t dst) {
  rima_type *str = RIMA_KIND(c, STR);
  switch ((rima_type_kind)type->kind) {
  case RIMA_T_STR: return rima_convert(c, reg, type, str, dst);
  case RIMA_T_INT: return rima_call_core(c, c->names.int_to_str, reg, str, dst);
  case RIMA_T_FLOAT: return rima_call_core(c, c->names.float_to_str, reg, str, dst);
  case RIMA_T_BOOL: return rima_call_core(c, c->names.bool_to_str, reg, str, dst);
  case RIMA_T_VOID:
  case RIMA_T_NEVER: return rima_dst(c, str, dst);
  default: break;
  }
  if (type->kind == RIMA_T_NULLABLE && type->of->kind == RIMA_T_STR && dst < 0)
    return reg; /* concat prints null */
  uint32_t result = rima_dst(c, str, dst), mark = rima_code_mark(c);
  bool direct = rima_type_rep(type) == 'R' && type->kind != RIMA_T_NULLABLE && type->kind != RIMA_T_NULL;
  if (direct) {
    rima_emit_structural_call(c, RIMA_TO_STRING, type, &reg, result);
  } else {
    uint32_t any = rima_convert(c, reg, type, RIMA_KIND(c, DYN), RIMA_ANYWHERE);
    rima_call_core(c, c->names.any_to_str, any, str, (int32_t)result);
  }
  rima_code_release(c, mark);
  return result;
}

/* ---- conditions ---- */

static void branch_value(rima_compiler *c, rima_expr *e, uint32_t label, bool when) {
  uint32_t reg = rima_emit_as(c, e, RIMA_KIND(c, BOOL), RIMA_ANYWHERE);
  rima_branch_d(c, when ? TZ_OP_JT : TZ_OP_JF, reg, label);
}

static void branch_null(rima_compiler *c, rima_expr *e, uint32_t label, bool when) {
  rima_expr *x = e->binary.left->kind == RIMA_EXPR_NULL ? e->binary.right : e->binary.left;
  bool equal = e->op == RIMA_BINARY_EQ || e->op == RIMA_BINARY_SAME;
  uint32_t reg = rima_emit_as(
      c, x, rima_type_rep(x->type) == 'R' || rima_type_rep(x->type) == 'Y' ? x->type : RIMA_KIND(c, DYN),
      RIMA_ANYWHERE);
  rima_branch_d(c, equal == when ? TZ_OP_JNULL : TZ_OP_JNONNULL, reg, label);
}

static void branch_same(rima_compiler *c, rima_expr *e, uint32_t label, bool when) {
  uint32_t a = emit_left(c, e->binary.left, e->binary.right),
           b = rima_emit(c, e->binary.right, RIMA_ANYWHERE);
  bool equal = (e->op == RIMA_BINARY_SAME || e->op == RIMA_BINARY_EQ) == when;
  char rep = rima_type_rep(e->binary.left->type);
  if (rep == 'F') rima_branch(c, equal ? TZ_OP_JEQ_F : TZ_OP_JNE_F, a, b, label);
  else if (rep == 'I') rima_branch(c, equal ? TZ_OP_JEQ_I : TZ_OP_JNE_I, a, b, label);
  else rima_branch(c, equal ? TZ_OP_JEQ_R : TZ_OP_JNE_R, a, b, label);
}

static void branch_binary(rima_compiler *c, rima_expr *e, uint32_t label, bool when) {
  rima_binary_op op = (rima_binary_op)e->op;
  bool null_operand = e->binary.left->kind == RIMA_EXPR_NULL || e->binary.right->kind == RIMA_EXPR_NULL;
  bool equality = op == RIMA_BINARY_EQ || op == RIMA_BINARY_NE;
  if (op == RIMA_BINARY_LOGICAL_AND || op == RIMA_BINARY_LOGICAL_OR) {
    bool is_and = op == RIMA_BINARY_LOGICAL_AND;
    if (is_and != when) { /* either side alone decides */
      rima_emit_condition(c, e->binary.left, label, when);
      rima_emit_condition(c, e->binary.right, label, when);
      return;
    }
    uint32_t past = rima_label(c);
    rima_emit_condition(c, e->binary.left, past, !when);
    rima_emit_condition(c, e->binary.right, label, when);
    rima_label_here(c, past);
    return;
  }
  if (null_operand && (equality || op == RIMA_BINARY_SAME || op == RIMA_BINARY_NOT_SAME)) {
    branch_null(c, e, label, when);
    return;
  }
  if (op == RIMA_BINARY_SAME || op == RIMA_BINARY_NOT_SAME) {
    branch_same(c, e, label, when);
    return;
  }
  if (op == RIMA_BINARY_IN || op == RIMA_BINARY_NOT_IN) {
    bool wanted = (op == RIMA_BINARY_IN) == when;
    if (e->resolved.how == RIMA_HOW_PRIMITIVE) branch_in_range(c, e, label, wanted);
    else if (!rima_emit_call_condition(c, e->resolved.decl, label, wanted)) {
      rima_call *call = e->resolved.decl;
      uint32_t reg = rima_emit_call(c, NULL, call, RIMA_ANYWHERE);
      reg = rima_convert(c, reg, call->result, RIMA_KIND(c, BOOL), RIMA_ANYWHERE);
      rima_branch_d(c, wanted ? TZ_OP_JT : TZ_OP_JF, reg, label);
    }
    return;
  }
  if (e->resolved.how == RIMA_HOW_PRIMITIVE && op >= RIMA_BINARY_EQ && op <= RIMA_BINARY_GE &&
      e->binary.left->type->kind != RIMA_T_BOOL) {
    branch_comparison(c, e, label, when);
    return;
  }
  if (e->resolved.how == RIMA_HOW_PRIMITIVE && equality) {
    branch_same(c, e, label, when);
    return;
  }
  if (e->resolved.how == RIMA_HOW_COMPARE) {
    uint32_t order = rima_emit_call(c, NULL, e->resolved.decl, RIMA_ANYWHERE);
    branch_immediate(c, when ? op : negated(op), order, 0, label);
    return;
  }
  if (e->resolved.how == RIMA_HOW_EQUALS &&
      (is_identity(c, e->binary.left->type) || is_identity(c, e->binary.right->type))) {
    branch_same(c, e, label, when);
    return;
  }
  branch_value(c, e, label, when);
}

void rima_emit_condition(rima_compiler *c, rima_expr *e, uint32_t label, bool when) {
  uint32_t mark = rima_code_mark(c);
  if (e->kind == RIMA_EXPR_BOOL) {
    if (e->boolean == when) rima_branch_d(c, TZ_OP_JMP, 0, label);
  } else if (e->kind == RIMA_EXPR_UNARY && e->op == RIMA_UNARY_NOT) {
    rima_emit_condition(c, e->operand, label, !when);
  } else if (e->kind == RIMA_EXPR_BINARY) {
    branch_binary(c, e, label, when);
  } else if (e->kind == RIMA_EXPR_CALL && e->resolved.how == RIMA_HOW_CALL && e->type->kind == RIMA_T_BOOL &&
             rima_emit_call_condition(c, e->resolved.decl, label, when)) {
  } else {
    branch_value(c, e, label, when);
  }
  rima_code_release(c, mark);
}
