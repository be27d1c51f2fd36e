/* emit_container.c: indexing, type tests and casts; lists, tuples, maps, dynamic objects, ranges. */
#include "code.h"
#include <string.h>

static tz_opcode load_op(const rima_type *element) {
  switch ((rima_type_kind)element->kind) {
  case RIMA_T_BOOL:
  case RIMA_T_U8: return TZ_OP_LOAD_U8;
  case RIMA_T_I16: return TZ_OP_LOAD_I16;
  case RIMA_T_I32: return TZ_OP_LOAD_I32;
  case RIMA_T_F32: return TZ_OP_LOAD_F32;
  default: return TZ_OP_LOAD_64;
  }
}

uint32_t rima_emit_index_expr(rima_compiler *c, rima_expr *e, int32_t dst) {
  if (e->resolved.how == RIMA_HOW_CALL) return rima_emit_call(c, e, e->resolved.decl, dst);
  rima_expr *object = e->index.object, *index = e->index.index;
  uint32_t result = rima_dst(c, e->type, dst), mark = rima_code_mark(c);
  uint32_t a = rima_emit_left(c, object, index, object->type);
  uint32_t i = rima_emit_as(c, index, e->resolved.how == RIMA_HOW_ANY ? RIMA_KIND(c, DYN) : RIMA_KIND(c, INT),
                            RIMA_ANYWHERE);
  rima_line(c, e->span);
  switch ((rima_how)e->resolved.how) {
  case RIMA_HOW_ARRAY: rima_op(c, load_op(object->type->of), result, a, i); break;
  case RIMA_HOW_LIST: rima_op(c, TZ_OP_LIST_LOAD, result, a, i); break;
  case RIMA_HOW_BYTE: rima_op(c, TZ_OP_STR_BYTE, result, a, i); break;
  default: rima_reach_dynamic(c, c->names.get, 1); rima_op(c, TZ_OP_INDEX_ANY, result, a, i);
  }
  rima_code_release(c, mark);
  return result;
}

/* Whether the value in reg is a `target`, as 0 or 1. */
void rima_emit_is(rima_compiler *c, uint32_t dst, uint32_t reg, rima_type *from, rima_type *target) {
  rima_type *bare = rima_type_strip(from);
  target = rima_type_strip(target);
  char rep = rima_type_rep(from);
  if (rep == 'I' || rep == 'F') {
    rima_op_d(c, TZ_OP_CONST_I, dst, target->kind == from->kind || target->kind == RIMA_T_DYN);
    return;
  }
  if (target->kind == RIMA_T_DYN) {
    rima_op_d(c, TZ_OP_CONST_I, dst, 1);
    return;
  }
  if (rima_type_rep(target) == 'R') {
    if (rep == 'R' && rima_is_upcast(c, bare, target)) {
      rima_op(c, TZ_OP_IS_NULL, dst, reg, 0);
      rima_op(c, TZ_OP_NOT_B, dst, dst, 0);
    } else {
      rima_op(c, TZ_OP_IS, dst, reg, rima_image_type(c, target));
    }
    return;
  }
  if (rep == 'R') {
    rima_op_d(c, TZ_OP_CONST_I, dst, 0);
    return;
  }
  uint32_t kind = target->kind == RIMA_T_BOOL  ? 1
                  : target->kind == RIMA_T_INT ? 2
                                               : 3,
           mark = rima_code_mark(c);
  uint32_t found = rima_reg_for(c, RIMA_KIND(c, INT)), wanted = rima_reg_for(c, RIMA_KIND(c, INT));
  rima_op(c, TZ_OP_KIND_ANY, found, reg, 0);
  rima_op_d(c, TZ_OP_CONST_I, wanted, kind);
  rima_op(c, TZ_OP_EQ_I, dst, found, wanted);
  rima_code_release(c, mark);
}

uint32_t rima_emit_is_expr(rima_compiler *c, rima_expr *e, int32_t dst) {
  uint32_t result = rima_safe_dst(c, RIMA_KIND(c, BOOL), dst), mark = rima_code_mark(c);
  uint32_t reg = rima_emit(c, e->cast.value, RIMA_ANYWHERE);
  rima_emit_is(c, result, reg, e->cast.value->type, e->cast.target->type);
  if (e->is_negated) rima_op(c, TZ_OP_NOT_B, result, result, 0);
  rima_code_release(c, mark);
  return rima_settle(c, result, dst);
}

uint32_t rima_emit_as_expr(rima_compiler *c, rima_expr *e, int32_t dst) {
  rima_type *from = e->cast.value->type, *to = e->type;
  if (from == to || rima_type_is_subtype(c, from, to)) return rima_emit_as(c, e->cast.value, to, dst);
  rima_line(c, e->span);
  uint32_t mark = rima_code_mark(c);
  uint32_t reg = rima_emit(c, e->cast.value, RIMA_ANYWHERE);
  bool drops_null = rima_type_is_nullable(from) && !rima_type_is_nullable(to) && rima_type_rep(to) == 'R';
  uint32_t result = rima_convert(c, reg, from, to, dst);
  if (drops_null && from->kind != RIMA_T_DYN) rima_op(c, TZ_OP_NONNULL, result, 0, 0);
  rima_code_release_but(c, mark, result);
  return result;
}

static tz_opcode store_op(const rima_type *element) {
  switch ((rima_type_kind)element->kind) {
  case RIMA_T_BOOL:
  case RIMA_T_U8: return TZ_OP_STORE_U8;
  case RIMA_T_I16: return TZ_OP_STORE_I16;
  case RIMA_T_I32: return TZ_OP_STORE_I32;
  case RIMA_T_F32: return TZ_OP_STORE_F32;
  default: break;
  }
  char rep = rima_type_rep(element);
  return rep == 'R' || rep == 'Y' ? TZ_OP_STORE_R : TZ_OP_STORE_64;
}
tz_opcode rima_store_op(const rima_type *element) { return store_op(element); }
tz_opcode rima_load_op(const rima_type *element) { return load_op(element); }

static uint32_t emit_array(rima_compiler *c, rima_type *array, rima_expr **items, uint32_t count) {
  rima_type *element = rima_type_of_element(c, array->of);
  uint32_t result = rima_reg_for(c, array), mark = rima_code_mark(c);
  uint32_t index = rima_reg_for(c, RIMA_KIND(c, INT));
  rima_op_d(c, TZ_OP_CONST_I, index, count);
  rima_op(c, TZ_OP_NEW_ARRAY, result, index, rima_image_type(c, array));
  for (uint32_t i = 0; i < count; i++) {
    uint32_t inner = rima_code_mark(c);
    uint32_t value = rima_emit_as(c, items[i], element, RIMA_ANYWHERE);
    rima_op_d(c, TZ_OP_CONST_I, index, i);
    rima_op(c, store_op(array->of), value, result, index);
    rima_code_release(c, inner);
  }
  rima_code_release(c, mark);
  return result;
}

uint32_t rima_emit_list_of(rima_compiler *c, rima_type *list, rima_expr **items, uint32_t count,
                           int32_t dst) {
  rima_type *array = rima_type_array(c, list->cls->args[0]);
  uint32_t result = rima_safe_dst(c, list, dst), mark = rima_code_mark(c);
  uint32_t elements = emit_array(c, array, items, count);
  rima_emit_new(c, list->cls, result);
  rima_put_field(c, elements, array, result, 0);
  if (count) {
    uint32_t n = rima_reg_for(c, RIMA_KIND(c, INT));
    rima_op_d(c, TZ_OP_CONST_I, n, count);
    rima_op(c, TZ_OP_PUTF, n, result, 1);
  }
  rima_code_release(c, mark);
  return rima_settle(c, result, dst);
}

uint32_t rima_emit_list_expr(rima_compiler *c, rima_expr *e, int32_t dst) {
  if (e->type->kind != RIMA_T_ARRAY) return rima_emit_list_of(c, e->type, e->list.items, e->list.count, dst);
  uint32_t mark = rima_code_mark(c);
  uint32_t result = rima_settle(c, emit_array(c, e->type, e->list.items, e->list.count), dst);
  rima_code_release_but(c, mark, result);
  return result;
}

uint32_t rima_emit_tuple_expr(rima_compiler *c, rima_expr *e, int32_t dst) {
  rima_class *cls = rima_tuple_class(c, e->type);
  uint32_t regs[256], mark = rima_code_mark(c);
  uint32_t result = rima_safe_dst(c, e->type, dst);
  for (uint32_t i = 0; i < e->list.count && i < 256; i++) {
    rima_expr *next = i + 1 < e->list.count ? e->list.items[i + 1] : e->list.items[i];
    regs[i] = rima_emit_left(c, e->list.items[i], next, e->type->items[i]);
  }
  rima_emit_new(c, cls, result);
  for (uint32_t i = 0; i < e->list.count && i < 256; i++)
    rima_put_field(c, regs[i], e->type->items[i], result, i);
  result = rima_settle(c, result, dst);
  rima_code_release_but(c, mark, result);
  return result;
}

uint32_t rima_emit_map_expr(rima_compiler *c, rima_expr *e, int32_t dst) {
  rima_map_plan *plan = e->resolved.decl;
  uint32_t result = rima_safe_dst(c, e->type, dst);
  rima_emit_call(c, NULL, plan->make, (int32_t)result);
  plan->receiver->resolved.reg = (int32_t)result;
  for (uint32_t i = 0; i < e->map.count; i++) {
    uint32_t mark = rima_code_mark(c);
    plan->key->resolved.reg = (int32_t)rima_emit_as(c, e->map.entries[i].key, plan->key->type, RIMA_ANYWHERE);
    plan->value->resolved.reg =
        (int32_t)rima_emit_as(c, e->map.entries[i].value, plan->value->type, RIMA_ANYWHERE);
    rima_emit_call(c, NULL, plan->set, RIMA_ANYWHERE);
    rima_code_release(c, mark);
  }
  return rima_settle(c, result, dst);
}

uint32_t rima_emit_object_expr(rima_compiler *c, rima_expr *e, int32_t dst) {
  uint32_t result = rima_safe_dst(c, e->type, dst);
  rima_op(c, TZ_OP_NEW_DYN, result, 0, 0);
  for (uint32_t i = 0; i < e->map.count; i++) {
    uint32_t mark = rima_code_mark(c);
    uint32_t value = rima_emit_as(c, e->map.entries[i].value, RIMA_KIND(c, DYN), RIMA_ANYWHERE);
    rima_op(c, TZ_OP_SET_ANY, value, result, rima_site(c, TZ_SITE_SET, e->map.entries[i].name.name->text));
    rima_code_release(c, mark);
  }
  return rima_settle(c, result, dst);
}

/* The range's end is behind its last int, unless that is the largest there is. */
static void put_last(rima_compiler *c, uint32_t last, uint32_t range) {
  uint32_t beyond = rima_reg_for(c, RIMA_KIND(c, INT)), fits = rima_label(c), done = rima_label(c);
  rima_op(c, TZ_OP_ADD_II, beyond, last, 1);
  rima_branch(c, TZ_OP_JLT_I, last, beyond, fits);
  rima_op(c, TZ_OP_PUTF, last, range, 1);
  rima_op_d(c, TZ_OP_CONST_I, beyond, 1);
  rima_op(c, TZ_OP_PUTF, beyond, range, 2);
  rima_branch_d(c, TZ_OP_JMP, 0, done);
  rima_label_here(c, fits);
  rima_op(c, TZ_OP_PUTF, beyond, range, 1);
  rima_label_here(c, done);
}

uint32_t rima_emit_range_expr(rima_compiler *c, rima_expr *e, int32_t dst) {
  uint32_t result = rima_safe_dst(c, e->type, dst), mark = rima_code_mark(c);
  uint32_t start = rima_emit_left(c, e->binary.left, e->binary.right, RIMA_KIND(c, INT));
  uint32_t end = rima_emit_as(c, e->binary.right, RIMA_KIND(c, INT), RIMA_ANYWHERE);
  rima_emit_new(c, e->type->cls, result);
  rima_op(c, TZ_OP_PUTF, start, result, 0);
  if (e->is_inclusive) put_last(c, end, result);
  else rima_op(c, TZ_OP_PUTF, end, result, 1);
  rima_code_release(c, mark);
  return rima_settle(c, result, dst);
}
