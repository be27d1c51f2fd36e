/* emit_expr.c: expressions other than calls: values are computed straight into their target register. */
#include "code.h"
#include <string.h>

/* ---- targets ---- */

static bool has_type(rima_compiler *c, uint32_t reg, rima_type *type) {
  return c->code->regs[reg].type == rima_image_type(c, type);
}

uint32_t rima_dst(rima_compiler *c, rima_type *type, int32_t dst) {
  return dst >= 0 ? (uint32_t)dst : rima_reg_for(c, type);
}

uint32_t rima_safe_dst(rima_compiler *c, rima_type *type, int32_t dst) {
  if (dst >= 0 && !c->code->regs[dst].is_local && has_type(c, (uint32_t)dst, type)) return (uint32_t)dst;
  return rima_reg_for(c, type);
}

void rima_move(rima_compiler *c, uint32_t to, uint32_t from) {
  if (to != from) rima_op(c, TZ_OP_MOV, to, from, 0);
}

/* The value in `reg` is wanted in dst, if dst is given; types need no conversion. */
uint32_t rima_settle(rima_compiler *c, uint32_t reg, int32_t dst) {
  if (dst < 0) return reg;
  rima_move(c, (uint32_t)dst, reg);
  return (uint32_t)dst;
}

/* ---- conversion ---- */

static tz_opcode box_op(const rima_type *from) {
  return from->kind == RIMA_T_BOOL ? TZ_OP_ANY_B : rima_type_rep(from) == 'F' ? TZ_OP_ANY_F : TZ_OP_ANY_I;
}
static tz_opcode unbox_op(const rima_type *to) {
  return to->kind == RIMA_T_BOOL ? TZ_OP_B_ANY : rima_type_rep(to) == 'F' ? TZ_OP_F_ANY : TZ_OP_I_ANY;
}

/* A reference already is of the wanted type as the verifier sees it. */
bool rima_is_upcast(rima_compiler *c, rima_type *from, rima_type *to) {
  from = rima_type_strip(from);
  to = rima_type_strip(to);
  return from->kind == RIMA_T_NEVER || rima_type_is_subtype(c, from, to);
}

/* dyn to int?: null or an int. */
static uint32_t check_boxed(rima_compiler *c, uint32_t reg, rima_type *value, int32_t dst) {
  uint32_t result = dst >= 0 ? (uint32_t)dst : reg, end = rima_label(c), mark = rima_code_mark(c);
  rima_branch_d(c, TZ_OP_JNULL, reg, end);
  rima_op(c, unbox_op(value), rima_reg_for(c, value), reg, 0);
  rima_code_release(c, mark);
  rima_label_here(c, end);
  rima_move(c, result, reg);
  return result;
}

uint32_t rima_convert(rima_compiler *c, uint32_t reg, rima_type *from, rima_type *to, int32_t dst) {
  if (from == to || from->kind == RIMA_T_NEVER || to->kind == RIMA_T_VOID) return rima_settle(c, reg, dst);
  char a = rima_type_rep(from), b = rima_type_rep(to);
  if (from->kind == RIMA_T_NULL) {
    uint32_t result = rima_dst(c, to, dst);
    rima_op(c, TZ_OP_NULL, result, 0, 0);
    return result;
  }
  if (a == 'I' && b == 'F') return rima_settle(c, reg, dst);
  if ((a == 'I' || a == 'F') && b == 'Y') {
    if (a == 'I' && rima_type_strip(to)->kind == RIMA_T_FLOAT) {
      uint32_t wide = rima_reg_for(c, RIMA_KIND(c, FLOAT));
      rima_op(c, TZ_OP_I_TO_F, wide, reg, 0);
      reg = wide;
      from = RIMA_KIND(c, FLOAT);
    }
    uint32_t result = rima_dst(c, to, dst);
    rima_op(c, box_op(from), result, reg, 0);
    return result;
  }
  if (a == 'Y' && (b == 'I' || b == 'F')) {
    uint32_t result = rima_dst(c, to, dst);
    rima_op(c, unbox_op(to), result, reg, 0);
    return result;
  }
  if (a == 'Y' && b == 'Y') {
    if (from->kind == RIMA_T_DYN && to->kind == RIMA_T_NULLABLE) return check_boxed(c, reg, to->of, dst);
    return rima_settle(c, reg, dst);
  }
  if (a == 'R' && b == 'Y') {
    uint32_t result = rima_dst(c, to, dst);
    rima_op(c, TZ_OP_MOV, result, reg, 0);
    return result;
  }
  if (a == 'R' && b == 'R' && rima_is_upcast(c, from, to)) return rima_settle(c, reg, dst);
  if (b != 'R') return rima_settle(c, reg, dst);
  uint32_t result = dst >= 0 && has_type(c, (uint32_t)dst, to) ? (uint32_t)dst : rima_reg_for(c, to);
  if (from->kind == RIMA_T_DYN && rima_type_strip(to)->kind == RIMA_T_FUNC) {
    rima_call_fn(c, rima_adapter(c, to), &reg, 1, (int32_t)result);
    return rima_settle(c, result, dst);
  }
  rima_op(c, TZ_OP_CAST, result, reg, rima_image_type(c, to));
  if (from->kind == RIMA_T_DYN && to->kind != RIMA_T_NULLABLE) rima_op(c, TZ_OP_NONNULL, result, 0, 0);
  return rima_settle(c, result, dst);
}

/* What a test has shown needs no NONNULL. */
static uint32_t narrow(rima_compiler *c, uint32_t reg, rima_type *from, rima_type *to, int32_t dst) {
  if (from->kind == RIMA_T_DYN && rima_type_rep(to) == 'R')
    from = rima_type_nullable(c, RIMA_KIND(c, OBJECT));
  if (from->kind == RIMA_T_OBJECT || from->kind == RIMA_T_NULLABLE || from->kind == RIMA_T_CLASS)
    if (rima_type_rep(to) == 'R' && !rima_is_upcast(c, from, to)) {
      uint32_t result = dst >= 0 && has_type(c, (uint32_t)dst, to) ? (uint32_t)dst : rima_reg_for(c, to);
      rima_op(c, TZ_OP_CAST, result, reg, rima_image_type(c, to));
      return rima_settle(c, result, dst);
    }
  return rima_convert(c, reg, from, to, dst);
}

static bool is_number_literal(const rima_expr *e) {
  if (e->kind == RIMA_EXPR_UNARY && e->op == RIMA_UNARY_NEGATE) e = e->operand;
  return e->kind == RIMA_EXPR_INT;
}

uint32_t rima_emit_as(rima_compiler *c, rima_expr *e, rima_type *want, int32_t dst) {
  rima_type *from = e->type;
  if (from->kind == RIMA_T_NULL && e->kind == RIMA_EXPR_NULL) {
    uint32_t result = rima_dst(c, want, dst);
    rima_op(c, TZ_OP_NULL, result, 0, 0);
    return result;
  }
  if (from->kind == RIMA_T_NEVER) {
    rima_emit_discard(c, e);
    return rima_dst(c, want, dst);
  }
  if (from == want) return rima_emit(c, e, dst);
  if (is_number_literal(e) && rima_type_strip(want)->kind == RIMA_T_FLOAT && from->kind == RIMA_T_INT) {
    e->type = RIMA_KIND(c, FLOAT);
    if (e->kind == RIMA_EXPR_UNARY) e->operand->type = e->type;
    return rima_emit_as(c, e, want, dst);
  }
  char a = rima_type_rep(from), b = rima_type_rep(want);
  if (a == 'R' && (b == 'R' || b == 'Y') && rima_is_upcast(c, from, want)) {
    if (b == 'R') return rima_emit(c, e, dst);
    if (e->kind == RIMA_EXPR_STRING) return rima_emit(c, e, (int32_t)rima_dst(c, want, dst));
    uint32_t result = rima_dst(c, want, dst),
             mark = rima_code_mark(c); /* what makes references writes no `any` */
    rima_move(c, result, rima_emit(c, e, RIMA_ANYWHERE));
    rima_code_release(c, mark);
    return result;
  }
  if (a == b && a == 'Y' && !(from->kind == RIMA_T_DYN && want->kind == RIMA_T_NULLABLE))
    return rima_emit(c, e, dst);
  if (dst >= 0) {
    uint32_t mark = rima_code_mark(c);
    rima_convert(c, rima_emit(c, e, RIMA_ANYWHERE), from, want, dst);
    rima_code_release(c, mark);
    return (uint32_t)dst;
  }
  uint32_t mark = rima_code_mark(c);
  uint32_t result = rima_convert(c, rima_emit(c, e, RIMA_ANYWHERE), from, want, RIMA_ANYWHERE);
  rima_code_release_but(c, mark, result);
  return result;
}

/* ---- constants ---- */

bool rima_const_int(rima_compiler *c, const rima_expr *e, int64_t *value) {
  int64_t a, b;
  if (!e->type || e->type->kind != RIMA_T_INT) return false;
  if (e->kind == RIMA_EXPR_INT) {
    *value = e->integer;
    return true;
  }
  if ((e->kind == RIMA_EXPR_NAME || e->kind == RIMA_EXPR_MEMBER) && e->resolved.how == RIMA_HOW_GLOBAL) {
    rima_global *g = e->resolved.decl;
    if (!g->is_constant || g->variable->value->kind == RIMA_EXPR_FLOAT) return false;
    const rima_expr *v = g->variable->value;
    bool negative = v->kind == RIMA_EXPR_UNARY;
    if (negative) v = v->operand;
    if (v->kind != RIMA_EXPR_INT) return false;
    *value = negative ? -v->integer : v->integer;
    return true;
  }
  if (e->kind == RIMA_EXPR_UNARY && e->resolved.how == RIMA_HOW_PRIMITIVE &&
      rima_const_int(c, e->operand, &a)) {
    *value = (int64_t)(0 - (uint64_t)a);
    return true;
  }
  if (e->kind != RIMA_EXPR_BINARY || e->resolved.how != RIMA_HOW_PRIMITIVE) return false;
  if (!rima_const_int(c, e->binary.left, &a) || !rima_const_int(c, e->binary.right, &b)) return false;
  switch ((rima_binary_op)e->op) {
  case RIMA_BINARY_ADD: *value = (int64_t)((uint64_t)a + (uint64_t)b); return true;
  case RIMA_BINARY_SUB: *value = (int64_t)((uint64_t)a - (uint64_t)b); return true;
  case RIMA_BINARY_MUL: *value = (int64_t)((uint64_t)a * (uint64_t)b); return true;
  case RIMA_BINARY_DIV:
    if (b == 0 || b == -1) return false;
    *value = a / b;
    return true;
  case RIMA_BINARY_REM:
    if (b == 0 || b == -1) return false;
    *value = a % b;
    return true;
  case RIMA_BINARY_SHL: *value = (int64_t)((uint64_t)a << (b & 63)); return true;
  case RIMA_BINARY_SHR: *value = a >> (b & 63); return true;
  case RIMA_BINARY_AND: *value = a & b; return true;
  case RIMA_BINARY_OR: *value = a | b; return true;
  case RIMA_BINARY_XOR: *value = a ^ b; return true;
  default: return false;
  }
}

static bool small_int(rima_compiler *c, const rima_expr *e, int64_t *value) {
  return rima_const_int(c, e, value) && *value >= -32767 && *value <= 32767;
}

void rima_emit_constant_int(rima_compiler *c, uint32_t dst, int64_t value) {
  if (value == (int32_t)value) rima_op_d(c, TZ_OP_CONST_I, dst, value);
  else rima_op_d(c, TZ_OP_CONST, dst, tz_image_constant_int(c->image, value));
}

/* In a loop, a constant operand lives in a register of its own, filled when the function starts. */
static uint32_t hoisted(rima_compiler *c, rima_type *type, uint64_t bits) {
  rima_code *code = c->code;
  for (uint32_t i = 0; i < code->constant_count; i++)
    if (code->constants[i].bits == bits && code->constants[i].kind == type->kind)
      return code->constants[i].reg;
  if (code->constant_count == sizeof code->constants / sizeof *code->constants) return TZ_NONE;
  uint32_t reg = rima_reg_private(c, rima_image_type(c, type), rima_type_rep(type));
  code->constants[code->constant_count].bits = bits;
  code->constants[code->constant_count].kind = type->kind;
  code->constants[code->constant_count++].reg = reg;
  return reg;
}

static uint32_t emit_int(rima_compiler *c, int64_t value, int32_t dst) {
  rima_type *type = RIMA_KIND(c, INT);
  if (dst < 0 && c->code->loop_depth) {
    uint32_t reg = hoisted(c, type, (uint64_t)value);
    if (reg != TZ_NONE) return reg;
  }
  uint32_t result = rima_dst(c, type, dst);
  rima_emit_constant_int(c, result, value);
  return result;
}

static uint32_t emit_float(rima_compiler *c, double value, int32_t dst) {
  rima_type *type = RIMA_KIND(c, FLOAT);
  uint64_t bits;
  memcpy(&bits, &value, 8);
  if (dst < 0 && c->code->loop_depth) {
    uint32_t reg = hoisted(c, type, bits);
    if (reg != TZ_NONE) return reg;
  }
  uint32_t result = rima_dst(c, type, dst);
  rima_op_d(c, TZ_OP_CONST, result, tz_image_constant_float(c->image, value));
  return result;
}

static uint32_t emit_string(rima_compiler *c, rima_text text, int32_t dst) {
  uint32_t result = rima_dst(c, RIMA_KIND(c, STR), dst);
  rima_op_d(c, TZ_OP_CONST, result, tz_image_constant_string(c->image, text.bytes, text.length));
  return result;
}

uint32_t rima_emit_constant(rima_compiler *c, const rima_expr *literal, int32_t dst) {
  bool negative = literal->kind == RIMA_EXPR_UNARY;
  if (negative) literal = literal->operand;
  if (literal->kind == RIMA_EXPR_INT)
    return emit_int(c, negative ? -literal->integer : literal->integer, dst);
  if (literal->kind == RIMA_EXPR_FLOAT)
    return emit_float(c, negative ? -literal->number : literal->number, dst);
  if (literal->kind == RIMA_EXPR_STRING) return emit_string(c, literal->text, dst);
  return emit_int(c, literal->boolean, dst);
}

/* ---- variables ---- */

static uint32_t emit_local(rima_compiler *c, rima_expr *e, int32_t dst) {
  rima_local *local = e->resolved.local;
  if (local->storage == RIMA_STORAGE_MODULE && local->info)
    return rima_emit_global(c, local->info, e->type, dst);
  if (local->type == e->type) return rima_local_read(c, local, dst);
  uint32_t mark = rima_code_mark(c);
  uint32_t result = narrow(c, rima_local_read(c, local, RIMA_ANYWHERE), local->type, e->type, dst);
  rima_code_release_but(c, mark, result);
  return result;
}

static uint32_t emit_this(rima_compiler *c, int32_t dst) {
  return rima_settle(c, (uint32_t)c->code->this_reg, dst);
}

static uint32_t emit_function_value(rima_compiler *c, rima_fn *fn, int32_t dst) {
  return rima_emit_bound(c, fn, NULL, rima_fn_type(c, fn), dst);
}

static uint32_t get_field(rima_compiler *c, uint32_t object, rima_field *field, int32_t dst) {
  uint32_t result = rima_dst(c, rima_field_type(c, field), dst);
  rima_op(c, TZ_OP_GETF, result, object, field->slot);
  return result;
}

void rima_put_field(rima_compiler *c, uint32_t value, rima_type *type, uint32_t object, uint32_t slot) {
  char rep = rima_type_rep(type);
  rima_op(c, rep == 'R' || rep == 'Y' ? TZ_OP_PUTF_R : TZ_OP_PUTF, value, object, slot);
}

static uint32_t emit_name(rima_compiler *c, rima_expr *e, int32_t dst) {
  switch ((rima_how)e->resolved.how) {
  case RIMA_HOW_LOCAL: return emit_local(c, e, dst);
  case RIMA_HOW_REGISTER: return rima_settle(c, (uint32_t)e->resolved.reg, dst);
  case RIMA_HOW_FIELD: return get_field(c, emit_this(c, RIMA_ANYWHERE), e->resolved.decl, dst);
  case RIMA_HOW_GLOBAL: return rima_emit_global(c, e->resolved.decl, e->type, dst);
  case RIMA_HOW_FUNCTION: return emit_function_value(c, e->resolved.decl, dst);
  case RIMA_HOW_SINGLETON: {
    rima_class *cls = e->resolved.decl;
    rima_reach_class(c, cls);
    uint32_t result = rima_dst(c, cls->type, dst);
    rima_op_d(c, TZ_OP_GETG, result, rima_image_global(c, cls->singleton));
    return result;
  }
  case RIMA_HOW_BOUND: return rima_emit_bound(c, e->resolved.decl, NULL, e->type, dst);
  default: return rima_dst(c, e->type, dst);
  }
}

/* object?.x: null goes around. */
static uint32_t emit_safe_member(rima_compiler *c, rima_expr *e, int32_t dst) {
  rima_type *type = e->member.object->type;
  rima_field *field = e->resolved.decl;
  uint32_t result = rima_safe_dst(c, e->type, dst), mark = rima_code_mark(c);
  uint32_t object = rima_emit(c, e->member.object, RIMA_ANYWHERE);
  uint32_t absent = rima_label(c), end = rima_label(c);
  rima_branch_d(c, TZ_OP_JNULL, object, absent);
  object = narrow(c, object, type, rima_type_strip(type), RIMA_ANYWHERE);
  uint32_t value = get_field(c, object, field, RIMA_ANYWHERE);
  rima_convert(c, value, rima_field_type(c, field), e->type, (int32_t)result);
  rima_branch_d(c, TZ_OP_JMP, 0, end);
  rima_label_here(c, absent);
  rima_op(c, TZ_OP_NULL, result, 0, 0);
  rima_label_here(c, end);
  rima_code_release(c, mark);
  return rima_settle(c, result, dst);
}

/* object.x or object?.x of a dyn. */
static uint32_t emit_dynamic_member(rima_compiler *c, rima_expr *e, int32_t dst) {
  uint32_t result = e->is_safe ? rima_safe_dst(c, e->type, dst) : rima_dst(c, e->type, dst);
  uint32_t mark = rima_code_mark(c), absent = rima_label(c), end = rima_label(c);
  uint32_t object = rima_emit(c, e->member.object, RIMA_ANYWHERE);
  rima_line(c, e->span);
  if (e->is_safe) rima_branch_d(c, TZ_OP_JNULL, object, absent);
  rima_op(c, TZ_OP_GET_ANY, result, object, rima_site(c, TZ_SITE_GET, e->member.name.name->text));
  rima_reach_dynamic_read(c, e->member.name.name);
  if (e->is_safe) {
    rima_branch_d(c, TZ_OP_JMP, 0, end);
    rima_label_here(c, absent);
    rima_op(c, TZ_OP_NULL, result, 0, 0);
    rima_label_here(c, end);
  }
  rima_code_release(c, mark);
  return e->is_safe ? rima_settle(c, result, dst) : result;
}

static uint32_t emit_member(rima_compiler *c, rima_expr *e, int32_t dst) {
  switch ((rima_how)e->resolved.how) {
  case RIMA_HOW_FIELD: {
    if (e->member.object->type->kind == RIMA_T_NULLABLE) return emit_safe_member(c, e, dst);
    uint32_t result = dst >= 0 ? (uint32_t)dst : rima_reg_for(c, e->type), mark = rima_code_mark(c);
    uint32_t object = rima_emit(c, e->member.object, RIMA_ANYWHERE);
    get_field(c, object, e->resolved.decl, (int32_t)result);
    rima_code_release(c, mark);
    return result;
  }
  case RIMA_HOW_DYNAMIC: return emit_dynamic_member(c, e, dst);
  case RIMA_HOW_BOUND: return rima_emit_bound(c, e->resolved.decl, e->member.object, e->type, dst);
  default: return emit_name(c, e, dst);
  }
}

/* ---- operators ---- */

static tz_opcode int_op(rima_binary_op op) {
  static const tz_opcode ops[] = {
      [RIMA_BINARY_ADD] = TZ_OP_ADD_I, [RIMA_BINARY_SUB] = TZ_OP_SUB_I,   [RIMA_BINARY_MUL] = TZ_OP_MUL_I,
      [RIMA_BINARY_DIV] = TZ_OP_DIV_I, [RIMA_BINARY_REM] = TZ_OP_REM_I,   [RIMA_BINARY_SHL] = TZ_OP_SHL_I,
      [RIMA_BINARY_SHR] = TZ_OP_SHR_I, [RIMA_BINARY_USHR] = TZ_OP_USHR_I, [RIMA_BINARY_AND] = TZ_OP_AND_I,
      [RIMA_BINARY_OR] = TZ_OP_OR_I,   [RIMA_BINARY_XOR] = TZ_OP_XOR_I};
  return ops[op];
}
static tz_opcode immediate_op(rima_binary_op op) {
  static const tz_opcode ops[] = {
      [RIMA_BINARY_ADD] = TZ_OP_ADD_II, [RIMA_BINARY_SUB] = TZ_OP_ADD_II,   [RIMA_BINARY_MUL] = TZ_OP_MUL_II,
      [RIMA_BINARY_DIV] = TZ_OP_DIV_II, [RIMA_BINARY_REM] = TZ_OP_REM_II,   [RIMA_BINARY_SHL] = TZ_OP_SHL_II,
      [RIMA_BINARY_SHR] = TZ_OP_SHR_II, [RIMA_BINARY_USHR] = TZ_OP_USHR_II, [RIMA_BINARY_AND] = TZ_OP_AND_II,
      [RIMA_BINARY_OR] = TZ_OP_OR_II,   [RIMA_BINARY_XOR] = TZ_OP_XOR_II};
  return ops[op];
}
static tz_opcode float_op(rima_binary_op op) {
  return op == RIMA_BINARY_ADD   ? TZ_OP_ADD_F
         : op == RIMA_BINARY_SUB ? TZ_OP_SUB_F
         : op == RIMA_BINARY_MUL ? TZ_OP_MUL_F
                                 : TZ_OP_DIV_F;
}

/* The left operand, safe from what the right one assigns. */
uint32_t rima_emit_left(rima_compiler *c, rima_expr *left, rima_expr *right, rima_type *want) {
  uint32_t reg = rima_emit_as(c, left, want, RIMA_ANYWHERE);
  if (!(right->resolved.flags & RIMA_FLAG_ASSIGNS) || !c->code->regs[reg].is_local) return reg;
  uint32_t copy = rima_reg_for(c, want);
  rima_move(c, copy, reg);
  return copy;
}

static bool is_commutative(rima_binary_op op) {
  return op == RIMA_BINARY_ADD || op == RIMA_BINARY_MUL || op == RIMA_BINARY_AND || op == RIMA_BINARY_OR ||
         op == RIMA_BINARY_XOR;
}

static uint32_t emit_primitive(rima_compiler *c, rima_expr *e, int32_t dst) {
  rima_binary_op op = (rima_binary_op)e->op;
  rima_expr *l = e->binary.left, *r = e->binary.right;
  int64_t value;
  if (rima_const_int(c, e, &value)) return emit_int(c, value, dst);
  uint32_t result = rima_dst(c, e->type, dst), mark = rima_code_mark(c);
  if (is_commutative(op) && small_int(c, l, &value)) {
    rima_expr *swap = l;
    l = r;
    r = swap;
  }
  if (e->type->kind == RIMA_T_FLOAT && op == RIMA_BINARY_REM) {
    /* a - b * trunc(a / b) as the library computes it */
    uint32_t args[2] = {rima_emit_left(c, l, r, e->type), rima_emit_as(c, r, e->type, RIMA_ANYWHERE)};
    rima_entity *entity = rima_map_get(&c->core->scope, rima_intern(c, "floatRem"));
    if (entity && entity->kind == RIMA_ENTITY_FUNCTION)
      rima_call_fn(c, rima_fn_instance(c, entity->decl->function, c->core, NULL, NULL, NULL, NULL), args, 2,
                   (int32_t)result);
  } else if (e->type->kind == RIMA_T_FLOAT) {
    uint32_t a = rima_emit_left(c, l, r, e->type);
    rima_op(c, float_op(op), result, a, rima_emit_as(c, r, e->type, RIMA_ANYWHERE));
  } else if (small_int(c, r, &value) && !((op == RIMA_BINARY_DIV || op == RIMA_BINARY_REM) && value == 0)) {
    uint32_t a = rima_emit(c, l, RIMA_ANYWHERE);
    if (op == RIMA_BINARY_SUB) value = -value;
    rima_op(c, immediate_op(op), result, a, (uint32_t)(uint16_t)value);
  } else {
    uint32_t a = rima_emit_left(c, l, r, e->type);
    uint32_t b = rima_emit(c, r, RIMA_ANYWHERE);
    if (op == RIMA_BINARY_DIV || op == RIMA_BINARY_REM) rima_line(c, e->span);
    rima_op(c, int_op(op), result, a, b);
  }
  rima_code_release(c, mark);
  return result;
}

static tz_opcode any_op(rima_binary_op op) {
  switch (op) {
  case RIMA_BINARY_ADD: return TZ_OP_ADD_ANY;
  case RIMA_BINARY_SUB: return TZ_OP_SUB_ANY;
  case RIMA_BINARY_MUL: return TZ_OP_MUL_ANY;
  case RIMA_BINARY_DIV: return TZ_OP_DIV_ANY;
  case RIMA_BINARY_REM: return TZ_OP_REM_ANY;
  case RIMA_BINARY_EQ:
  case RIMA_BINARY_NE: return TZ_OP_EQ_ANY;
  case RIMA_BINARY_LT:
  case RIMA_BINARY_GT: return TZ_OP_LT_ANY;
  case RIMA_BINARY_LE:
  case RIMA_BINARY_GE: return TZ_OP_LE_ANY;
  default: return TZ_OP_BIT_ANY;
  }
}

static void reach_any_operator(rima_compiler *c, rima_binary_op op) {
  const rima_name *name = op == RIMA_BINARY_ADD   ? c->names.plus
                          : op == RIMA_BINARY_SUB ? c->names.minus
                          : op == RIMA_BINARY_MUL ? c->names.times
                          : op == RIMA_BINARY_DIV ? c->names.div
                          : op == RIMA_BINARY_REM ? c->names.rem
                                                  : c->names.compare_to;
  if (op != RIMA_BINARY_EQ && op != RIMA_BINARY_NE) rima_reach_dynamic(c, name, 1);
}

static uint32_t emit_any(rima_compiler *c, rima_expr *e, int32_t dst) {
  rima_binary_op op = (rima_binary_op)e->op;
  rima_type *dyn = RIMA_KIND(c, DYN);
  uint32_t result = rima_dst(c, e->type, dst), mark = rima_code_mark(c);
  uint32_t a = rima_emit_left(c, e->binary.left, e->binary.right, dyn);
  uint32_t b = rima_emit_as(c, e->binary.right, dyn, RIMA_ANYWHERE);
  if (op == RIMA_BINARY_GT || op == RIMA_BINARY_GE) {
    uint32_t swap = a;
    a = b;
    b = swap;
  }
  rima_line(c, e->span);
  reach_any_operator(c, op);
  rima_op(c, any_op(op), result, a, b);
  if (any_op(op) == TZ_OP_BIT_ANY) {
    static const uint8_t kinds[] = {[RIMA_BINARY_AND] = 0, [RIMA_BINARY_OR] = 1,  [RIMA_BINARY_XOR] = 2,
                                    [RIMA_BINARY_SHL] = 3, [RIMA_BINARY_SHR] = 4, [RIMA_BINARY_USHR] = 5};
    uint64_t *word = &c->code->words[c->code->count - 1];
    *word = tz_encode_x(*word, kinds[op]);
  }
  if (op == RIMA_BINARY_NE) rima_op(c, TZ_OP_NOT_B, result, result, 0);
  rima_code_release(c, mark);
  return result;
}

/* ---- text ---- */

static void concat_parts(rima_compiler *c, rima_expr *e, uint32_t *regs, uint32_t *count) {
  if (e->kind == RIMA_EXPR_BINARY && e->resolved.how == RIMA_HOW_CONCAT && *count < 200) {
    concat_parts(c, e->binary.left, regs, count);
    concat_parts(c, e->binary.right, regs, count);
    return;
  }
  if (e->kind == RIMA_EXPR_INTERPOLATION && *count + e->interpolation.count < 200) {
    for (uint32_t i = 0; i < e->interpolation.count; i++)
      concat_parts(c, e->interpolation.parts[i], regs, count);
    return;
  }
  uint32_t reg = rima_emit(c, e, RIMA_ANYWHERE);
  regs[(*count)++] = rima_to_text(c, reg, e->type, RIMA_ANYWHERE);
  uint32_t last = regs[*count - 1];
  if (c->code->regs[last].is_local && e->resolved.flags & RIMA_FLAG_ASSIGNS) {
    regs[*count - 1] = rima_reg_for(c, RIMA_KIND(c, STR));
    rima_move(c, regs[*count - 1], last);
  }
}

static uint32_t emit_concat(rima_compiler *c, rima_expr *e, int32_t dst) {
  uint32_t regs[260], count = 0;
  uint32_t result = rima_dst(c, RIMA_KIND(c, STR), dst), mark = rima_code_mark(c);
  if (e->kind == RIMA_EXPR_INTERPOLATION && e->interpolation.count >= 200) {
    rima_emit_text_chunks(c, e, result);
    rima_code_release(c, mark);
    return result;
  }
  concat_parts(c, e, regs, &count);
  bool is_text = e->kind == RIMA_EXPR_INTERPOLATION && e->interpolation.count == 1 &&
                 !rima_type_is_nullable(e->interpolation.parts[0]->type);
  if (count == 1 && is_text) { /* "${x}" */
    rima_move(c, result, regs[0]);
  } else {
    rima_op_list(c, tz_encode_abc(TZ_OP_CONCAT, result, 0, 0), regs, count);
  }
  rima_code_release(c, mark);
  return result;
}

/* More parts than one instruction takes. */
void rima_emit_text_chunks(rima_compiler *c, rima_expr *e, uint32_t result) {
  uint32_t regs[130], count = 0, sum = rima_reg_for(c, RIMA_KIND(c, STR));
  rima_emit_constant_text(c, sum, "", 0);
  regs[count++] = sum;
  for (uint32_t i = 0; i < e->interpolation.count; i++) {
    rima_expr *part = e->interpolation.parts[i];
    regs[count++] = rima_to_text(c, rima_emit(c, part, RIMA_ANYWHERE), part->type, RIMA_ANYWHERE);
    if (count < 120 && i + 1 < e->interpolation.count) continue;
    rima_op_list(c, tz_encode_abc(TZ_OP_CONCAT, sum, 0, 0), regs, count);
    count = 1;
  }
  rima_move(c, result, sum);
}

void rima_emit_constant_text(rima_compiler *c, uint32_t dst, const char *text, size_t length) {
  rima_op_d(c, TZ_OP_CONST, dst, tz_image_constant_string(c->image, text, length));
}

/* ---- binary, unary ---- */

/* A condition as a value: both ends write 0 or 1. */
static uint32_t emit_truth(rima_compiler *c, rima_expr *e, int32_t dst) {
  uint32_t result = rima_dst(c, RIMA_KIND(c, BOOL), dst), no = rima_label(c), end = rima_label(c);
  uint32_t mark = rima_code_mark(c);
  rima_emit_condition(c, e, no, false);
  rima_code_release(c, mark);
  rima_op_d(c, TZ_OP_CONST_I, result, 1);
  rima_branch_d(c, TZ_OP_JMP, 0, end);
  rima_label_here(c, no);
  rima_op_d(c, TZ_OP_CONST_I, result, 0);
  rima_label_here(c, end);
  return result;
}

static uint32_t emit_comparison(rima_compiler *c, rima_expr *e, int32_t dst) {
  rima_binary_op op = (rima_binary_op)e->op;
  rima_expr *l = e->binary.left, *r = e->binary.right;
  bool is_float = l->type->kind == RIMA_T_FLOAT;
  uint32_t result = rima_dst(c, RIMA_KIND(c, BOOL), dst), mark = rima_code_mark(c);
  uint32_t a = rima_emit_left(c, l, r, l->type), b = rima_emit(c, r, RIMA_ANYWHERE);
  if (op == RIMA_BINARY_GT || op == RIMA_BINARY_GE) {
    uint32_t swap = a;
    a = b;
    b = swap;
  }
  tz_opcode code = op == RIMA_BINARY_EQ                           ? is_float ? TZ_OP_EQ_F : TZ_OP_EQ_I
                   : op == RIMA_BINARY_NE                         ? is_float ? TZ_OP_NE_F : TZ_OP_NE_I
                   : op == RIMA_BINARY_LT || op == RIMA_BINARY_GT ? is_float ? TZ_OP_LT_F : TZ_OP_LT_I
                   : is_float                                     ? TZ_OP_LE_F
                                                                  : TZ_OP_LE_I;
  rima_op(c, code, result, a, b);
  rima_code_release(c, mark);
  return result;
}

static uint32_t emit_equality(rima_compiler *c, rima_expr *e, int32_t dst) {
  rima_expr *l = e->binary.left, *r = e->binary.right;
  uint32_t result = rima_safe_dst(c, RIMA_KIND(c, BOOL), dst), mark = rima_code_mark(c);
  uint32_t a = l->type->kind == RIMA_T_NULL ? 0 : rima_emit_left(c, l, r, l->type);
  uint32_t b = r->type->kind == RIMA_T_NULL ? 0 : rima_emit(c, r, RIMA_ANYWHERE);
  rima_emit_equals(c, result, a, l->type, b, r->type);
  if (e->op == RIMA_BINARY_NE) rima_op(c, TZ_OP_NOT_B, result, result, 0);
  rima_code_release(c, mark);
  return rima_settle(c, result, dst);
}

static uint32_t emit_coalesce(rima_compiler *c, rima_expr *e, int32_t dst) {
  rima_expr *l = e->binary.left;
  if (!rima_type_is_nullable(l->type)) return rima_emit_as(c, l, e->type, dst);
  uint32_t result = rima_safe_dst(c, e->type, dst), mark = rima_code_mark(c);
  uint32_t absent = rima_label(c), end = rima_label(c);
  uint32_t value = rima_emit(c, l, RIMA_ANYWHERE);
  rima_branch_d(c, TZ_OP_JNULL, value, absent);
  rima_type *bare = rima_type_strip(l->type);
  if (bare->kind != RIMA_T_NULL) {
    value = narrow(c, value, l->type, bare, RIMA_ANYWHERE);
    rima_convert(c, value, bare, e->type, (int32_t)result);
  }
  rima_branch_d(c, TZ_OP_JMP, 0, end);
  rima_label_here(c, absent);
  rima_code_release(c, mark);
  rima_emit_as(c, e->binary.right, e->type, (int32_t)result);
  rima_label_here(c, end);
  rima_code_release(c, mark);
  return rima_settle(c, result, dst);
}

static uint32_t emit_binary(rima_compiler *c, rima_expr *e, int32_t dst) {
  rima_binary_op op = (rima_binary_op)e->op;
  if (op == RIMA_BINARY_COALESCE) return emit_coalesce(c, e, dst);
  if (op == RIMA_BINARY_LOGICAL_AND || op == RIMA_BINARY_LOGICAL_OR || op == RIMA_BINARY_SAME ||
      op == RIMA_BINARY_NOT_SAME)
    return emit_truth(c, e, dst);
  switch ((rima_how)e->resolved.how) {
  case RIMA_HOW_PRIMITIVE:
    if (op == RIMA_BINARY_IN || op == RIMA_BINARY_NOT_IN) return emit_truth(c, e, dst);
    return op >= RIMA_BINARY_EQ ? emit_comparison(c, e, dst) : emit_primitive(c, e, dst);
  case RIMA_HOW_ANY: return emit_any(c, e, dst);
  case RIMA_HOW_CONCAT: return emit_concat(c, e, dst);
  case RIMA_HOW_EQUALS: return emit_equality(c, e, dst);
  case RIMA_HOW_CALL:
    if (op == RIMA_BINARY_IN || op == RIMA_BINARY_NOT_IN) return emit_truth(c, e, dst);
    return rima_emit_call(c, e, e->resolved.decl, dst);
  default: return emit_truth(c, e, dst);
  }
}

static uint32_t emit_unary(rima_compiler *c, rima_expr *e, int32_t dst) {
  int64_t value;
  rima_expr *x = e->operand;
  if (e->op == RIMA_UNARY_NOT) return emit_truth(c, e, dst);
  if (e->op == RIMA_UNARY_NEGATE && rima_const_int(c, e, &value)) return emit_int(c, value, dst);
  if (e->op == RIMA_UNARY_NEGATE && e->type->kind == RIMA_T_FLOAT &&
      (x->kind == RIMA_EXPR_FLOAT || x->kind == RIMA_EXPR_INT))
    return emit_float(c, x->kind == RIMA_EXPR_INT ? -(double)x->integer : -x->number, dst);
  if (e->resolved.how == RIMA_HOW_CALL) return rima_emit_call(c, e, e->resolved.decl, dst);
  bool is_same = e->op == RIMA_UNARY_NOT_NULL && rima_type_rep(x->type) == 'R' &&
                 rima_type_rep(e->type) == 'R' && rima_image_type(c, x->type) == rima_image_type(c, e->type);
  if (is_same && (dst < 0 || (!c->code->regs[dst].is_local && has_type(c, (uint32_t)dst, e->type)))) {
    uint32_t reg = rima_emit(c, x, dst); /* tested where it lands */
    rima_line(c, e->span);
    if (rima_type_is_nullable(x->type)) rima_op(c, TZ_OP_NONNULL, reg, 0, 0);
    return reg;
  }
  uint32_t result = rima_dst(c, e->type, dst), mark = rima_code_mark(c);
  uint32_t reg = rima_emit(c, x, RIMA_ANYWHERE);
  if (e->op == RIMA_UNARY_BIT_NOT) {
    reg = rima_convert(c, reg, x->type, RIMA_KIND(c, INT), RIMA_ANYWHERE);
    rima_op(c, TZ_OP_NOT_I, result, reg, 0);
  } else if (e->op == RIMA_UNARY_NOT_NULL) {
    if (rima_type_is_nullable(x->type)) {
      rima_line(c, e->span);
      rima_op(c, TZ_OP_NONNULL, reg, 0, 0);
    }
    narrow(c, reg, x->type, e->type, (int32_t)result);
  } else if (e->type->kind == RIMA_T_INT || e->type->kind == RIMA_T_FLOAT) {
    rima_op(c, e->type->kind == RIMA_T_INT ? TZ_OP_NEG_I : TZ_OP_NEG_F, result, reg, 0);
  } else {
    rima_reach_dynamic(c, c->names.negate, 0);
    rima_op(c, TZ_OP_NEG_ANY, result, reg, 0);
  }
  rima_code_release(c, mark);
  return result;
}

static uint32_t emit_if(rima_compiler *c, rima_expr *e, rima_type *want, int32_t dst) {
  bool is_value = want->kind != RIMA_T_VOID && want->kind != RIMA_T_NEVER;
  uint32_t result = is_value ? rima_dst(c, want, dst) : 0, otherwise = rima_label(c), end = rima_label(c);
  uint32_t mark = rima_code_mark(c);
  rima_emit_condition(c, e->branch.condition, otherwise, false);
  rima_code_release(c, mark);
  if (is_value) rima_emit_block_value(c, e->branch.then, want, (int32_t)result);
  else rima_emit_block(c, e->branch.then);
  if (e->branch.otherwise && !c->code->is_dead) rima_branch_d(c, TZ_OP_JMP, 0, end);
  rima_label_here(c, otherwise);
  if (e->branch.otherwise) {
    if (is_value) rima_emit_as(c, e->branch.otherwise, want, (int32_t)result);
    else rima_emit_discard(c, e->branch.otherwise);
  }
  rima_label_here(c, end);
  rima_code_release(c, mark);
  return result;
}

/* ---- dispatch ---- */

static uint32_t emit_kind(rima_compiler *c, rima_expr *e, int32_t dst) {
  switch ((rima_expr_kind)e->kind) {
  case RIMA_EXPR_INT:
    return e->type->kind == RIMA_T_FLOAT ? emit_float(c, (double)e->integer, dst)
                                         : emit_int(c, e->integer, dst);
  case RIMA_EXPR_FLOAT: return emit_float(c, e->number, dst);
  case RIMA_EXPR_BOOL: return emit_int(c, e->boolean, dst);
  case RIMA_EXPR_NULL: {
    uint32_t result = rima_dst(c, e->type, dst);
    rima_op(c, TZ_OP_NULL, result, 0, 0);
    return result;
  }
  case RIMA_EXPR_STRING: return emit_string(c, e->text, dst);
  case RIMA_EXPR_INTERPOLATION: return emit_concat(c, e, dst);
  case RIMA_EXPR_NAME: return emit_name(c, e, dst);
  case RIMA_EXPR_THIS:
  case RIMA_EXPR_SUPER: return emit_this(c, dst);
  case RIMA_EXPR_MEMBER: return emit_member(c, e, dst);
  case RIMA_EXPR_CALL: return rima_emit_call(c, e, e->resolved.decl, dst);
  case RIMA_EXPR_INDEX: return rima_emit_index_expr(c, e, dst);
  case RIMA_EXPR_UNARY: return emit_unary(c, e, dst);
  case RIMA_EXPR_BINARY: return emit_binary(c, e, dst);
  case RIMA_EXPR_RANGE: return rima_emit_range_expr(c, e, dst);
  case RIMA_EXPR_IS: return rima_emit_is_expr(c, e, dst);
  case RIMA_EXPR_AS: return rima_emit_as_expr(c, e, dst);
  case RIMA_EXPR_TUPLE: return rima_emit_tuple_expr(c, e, dst);
  case RIMA_EXPR_LIST: return rima_emit_list_expr(c, e, dst);
  case RIMA_EXPR_MAP: return rima_emit_map_expr(c, e, dst);
  case RIMA_EXPR_OBJECT: return rima_emit_object_expr(c, e, dst);
  case RIMA_EXPR_LAMBDA: return rima_emit_lambda(c, e->function, dst);
  case RIMA_EXPR_IF: return emit_if(c, e, e->type, dst);
  case RIMA_EXPR_MATCH: return rima_emit_match(c, e, e->type, dst);
  case RIMA_EXPR_TRY: return rima_emit_try(c, e, e->type, dst);
  case RIMA_EXPR_BLOCK: return rima_emit_block_value(c, e->block, e->type, dst);
  case RIMA_EXPR_SPAWN: return rima_emit_spawn(c, e, dst);
  case RIMA_EXPR_ERROR: break;
  }
  return rima_dst(c, e->type, dst);
}

uint32_t rima_emit(rima_compiler *c, rima_expr *e, int32_t dst) {
  if (!(e->resolved.flags & RIMA_FLAG_ONCE)) return emit_kind(c, e, dst);
  if (!(e->resolved.flags & RIMA_FLAG_DONE)) {
    uint32_t reg = rima_reg_for(c, e->type);
    emit_kind(c, e, (int32_t)reg);
    e->resolved.flags |= RIMA_FLAG_DONE;
    e->resolved.once = (uint16_t)reg;
  }
  return rima_settle(c, e->resolved.once, dst);
}

void rima_emit_discard(rima_compiler *c, rima_expr *e) {
  uint32_t mark = rima_code_mark(c);
  rima_type *void_ = RIMA_KIND(c, VOID);
  switch ((rima_expr_kind)e->kind) {
  case RIMA_EXPR_IF: emit_if(c, e, void_, RIMA_ANYWHERE); break;
  case RIMA_EXPR_MATCH: rima_emit_match(c, e, void_, RIMA_ANYWHERE); break;
  case RIMA_EXPR_TRY: rima_emit_try(c, e, void_, RIMA_ANYWHERE); break;
  case RIMA_EXPR_BLOCK: rima_emit_block(c, e->block); break;
  case RIMA_EXPR_CALL: rima_emit_call(c, e, e->resolved.decl, RIMA_NOWHERE); break;
  default: rima_emit(c, e, RIMA_ANYWHERE);
  }
  rima_code_release(c, mark);
}
