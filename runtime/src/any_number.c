/* any_number.c: dynamic values as numbers: conversion, arithmetic, comparison. Strings and objects come
 * along, since `+` and `<` are theirs too. */
#include "any.h"
#include "number.h"
#include "profile.h"
#include "terza/opcode.h"

static inline uint64_t reg_b(tz_thread *th, const tz_insn *pc) { return th->fp[tz_insn_b(*pc)].u; }
static inline uint64_t reg_c(tz_thread *th, const tz_insn *pc) { return th->fp[tz_insn_c(*pc)].u; }

/* ---- Kinds and conversions ---- */

tz_any_kind tz_any_kind_of(tz_thread *th, uint64_t any) {
  if (tz_any_is_int(any)) return TZ_SAW_INT;
  if (tz_any_is_float(any)) return TZ_SAW_FLOAT;
  if (!tz_word_is_ref(any)) return TZ_SAW_OTHER;
  const tz_class *cls = tz_object_class(tz_any_object(any));
  return cls == th->vm->string_class    ? TZ_SAW_STRING
         : cls == th->vm->int_box_class ? TZ_SAW_INT
                                        : TZ_SAW_OTHER;
}

const char *tz_value_kind_name(tz_thread *th, uint64_t any) {
  if (any == 0) return "null";
  switch (tz_any_kind_of(th, any)) {
  case TZ_SAW_INT: return "an int";
  case TZ_SAW_FLOAT: return "a float";
  case TZ_SAW_STRING: return "a string";
  case TZ_SAW_OTHER: break;
  }
  return tz_any_is_bool(any) ? "a bool" : tz_object_class(tz_any_object(any))->name;
}

int64_t tz_any_int_value(uint64_t any) {
  return tz_any_is_int(any) ? tz_any_to_int(any) : tz_object_fields(tz_any_object(any))[0].i;
}

double tz_any_float_value(tz_thread *th, uint64_t any) {
  return tz_any_kind_of(th, any) == TZ_SAW_INT ? (double)tz_any_int_value(any) : tz_any_to_float(any);
}

bool tz_any_convert_nogc(tz_thread *th, const tz_type *type, uint64_t any, tz_word *to) {
  tz_any_kind kind = tz_any_kind_of(th, any);
  switch (type->rep) {
  case 'I':
    if (type->kind == TZ_KIND_BOOL) {
      to->i = tz_any_to_bool(any);
      return tz_any_is_bool(any);
    }
    if (kind != TZ_SAW_INT) return false;
    to->i = tz_any_int_value(any);
    return true;
  case 'F':
    if (kind != TZ_SAW_INT && kind != TZ_SAW_FLOAT) return false;
    to->f = tz_any_float_value(th, any);
    return true;
  case 'R':
    to->u = any;
    if (any == 0) return true;
    return tz_word_is_ref(any) && kind != TZ_SAW_INT && tz_type_accepts(type, tz_any_object(any));
  default: to->u = any; return true;
  }
}

bool tz_any_from_word(tz_thread *th, const tz_type *type, tz_word word, uint64_t *any) {
  if (type->kind == TZ_KIND_BOOL) {
    *any = tz_any_from_bool(word.i != 0);
    return true;
  }
  switch (type->rep) {
  case 'I': return tz_any_box_int(th, word.i, any);
  case 'F': *any = tz_any_from_float(word.f); return true;
  case 'N': *any = TZ_ANY_NULL; return true;
  default: *any = word.u; return true;
  }
}

static tz_insn *done_int(tz_thread *th, tz_insn *pc, int64_t value) {
  uint64_t any;
  if (!tz_any_box_int(th, value, &any)) return tz_unwind(th, pc);
  return tz_any_done(th, pc, any);
}

tz_insn *tz_slow_any_i(tz_thread *th, tz_insn *pc) { return done_int(th, pc, (int64_t)reg_b(th, pc)); }

static tz_insn *cast_error(tz_thread *th, tz_insn *pc, uint64_t any, const char *wanted) {
  return tz_throw(th, pc, TZ_ERROR_CAST, "%s is not %s", tz_value_kind_name(th, any), wanted);
}

tz_insn *tz_slow_i_any(tz_thread *th, tz_insn *pc) {
  uint64_t v = reg_b(th, pc);
  if (tz_any_kind_of(th, v) != TZ_SAW_INT) return cast_error(th, pc, v, "an int");
  return tz_any_done(th, pc, (uint64_t)tz_any_int_value(v));
}

tz_insn *tz_slow_f_any(tz_thread *th, tz_insn *pc) {
  uint64_t v = reg_b(th, pc);
  if (tz_any_kind_of(th, v) > TZ_SAW_FLOAT) return cast_error(th, pc, v, "a float");
  th->fp[tz_insn_a(*pc)].f = tz_any_float_value(th, v);
  return pc + 1;
}

tz_insn *tz_slow_b_any(tz_thread *th, tz_insn *pc) { return cast_error(th, pc, reg_b(th, pc), "a bool"); }

/* ---- Arithmetic ---- */

/* Adds the operands' kinds to the instruction's x; returns both kinds in that form. */
static unsigned note_kinds(tz_thread *th, tz_insn *pc, uint64_t v, uint64_t w) {
  unsigned kinds = tz_any_kind_of(th, v) | (unsigned)tz_any_kind_of(th, w) << 4;
  if (kinds & ~tz_insn_x(*pc)) *pc |= (tz_insn)kinds << 8;
  return kinds;
}

enum { TWO_INTS = TZ_SAW_INT | TZ_SAW_INT << 4, TWO_STRINGS = TZ_SAW_STRING | TZ_SAW_STRING << 4 };

static bool are_numbers(unsigned kinds) { return (kinds & ~0x33u) == 0; }

static const char *operator_method(uint8_t op) {
  switch (op) {
  case TZ_OP_ADD_ANY: return "plus";
  case TZ_OP_SUB_ANY: return "minus";
  case TZ_OP_MUL_ANY: return "times";
  case TZ_OP_DIV_ANY: return "div";
  case TZ_OP_REM_ANY: return "rem";
  case TZ_OP_NEG_ANY: return "negate";
  default: return "compareTo";
  }
}

static tz_insn *int_arithmetic(tz_thread *th, tz_insn *pc, int64_t v, int64_t w) {
  switch (tz_insn_op(*pc)) {
  case TZ_OP_ADD_ANY: return done_int(th, pc, v + w);
  case TZ_OP_SUB_ANY: return done_int(th, pc, v - w);
  case TZ_OP_MUL_ANY: return done_int(th, pc, v * w);
  default: break;
  }
  if (w == 0) return tz_slow_division(th, pc);
  return done_int(th, pc, tz_insn_op(*pc) == TZ_OP_DIV_ANY ? tz_int_div(v, w) : tz_int_rem(v, w));
}

static tz_insn *float_arithmetic(tz_thread *th, tz_insn *pc, double v, double w) {
  double r;
  switch (tz_insn_op(*pc)) {
  case TZ_OP_ADD_ANY: r = v + w; break;
  case TZ_OP_SUB_ANY: r = v - w; break;
  case TZ_OP_MUL_ANY: r = v * w; break;
  case TZ_OP_DIV_ANY: r = v / w; break;
  default: r = __builtin_fmod(v, w); break;
  }
  return tz_any_done(th, pc, tz_any_from_float(r));
}

static tz_insn *join_strings(tz_thread *th, tz_insn *pc) {
  int64_t first = ((tz_string *)tz_any_object(reg_b(th, pc)))->length;
  int64_t second = ((tz_string *)tz_any_object(reg_c(th, pc)))->length;
  tz_string *joined = tz_string_alloc(th, (size_t)(first + second));
  if (joined == NULL) return tz_unwind(th, pc);
  memcpy(joined->u8, ((tz_string *)tz_any_object(reg_b(th, pc)))->u8, (size_t)first);
  memcpy(joined->u8 + first, ((tz_string *)tz_any_object(reg_c(th, pc)))->u8, (size_t)second);
  return tz_any_done(th, pc, (uint64_t)(uintptr_t)joined);
}

tz_insn *tz_slow_arith_any(tz_thread *th, tz_insn *pc) {
  uint64_t operands[2] = {reg_b(th, pc), reg_c(th, pc)};
  unsigned kinds = note_kinds(th, pc, operands[0], operands[1]);
  if (kinds == TWO_INTS)
    return int_arithmetic(th, pc, tz_any_int_value(operands[0]), tz_any_int_value(operands[1]));
  if (are_numbers(kinds))
    return float_arithmetic(th, pc, tz_any_float_value(th, operands[0]), tz_any_float_value(th, operands[1]));
  if (kinds == TWO_STRINGS && tz_insn_op(*pc) == TZ_OP_ADD_ANY) return join_strings(th, pc);
  return tz_any_call_method(th, pc, operator_method(tz_insn_op(*pc)), operands, 2);
}

tz_insn *tz_slow_neg_any(tz_thread *th, tz_insn *pc) {
  uint64_t v = reg_b(th, pc);
  tz_any_kind kind = tz_any_kind_of(th, v);
  if (kind & ~tz_insn_x(*pc)) *pc |= (tz_insn)kind << 8;
  if (kind == TZ_SAW_INT) return done_int(th, pc, -tz_any_int_value(v));
  if (kind == TZ_SAW_FLOAT) return tz_any_done(th, pc, tz_any_from_float(-tz_any_to_float(v)));
  return tz_any_call_method(th, pc, operator_method(TZ_OP_NEG_ANY), &v, 1);
}

tz_insn *tz_slow_bit_any(tz_thread *th, tz_insn *pc) {
  uint64_t v = reg_b(th, pc), w = reg_c(th, pc);
  if (tz_any_kind_of(th, v) != TZ_SAW_INT) return cast_error(th, pc, v, "an int");
  if (tz_any_kind_of(th, w) != TZ_SAW_INT) return cast_error(th, pc, w, "an int");
  int64_t i = tz_any_int_value(v), j = tz_any_int_value(w);
  switch (tz_insn_x(*pc)) {
  case 0: return done_int(th, pc, i & j);
  case 1: return done_int(th, pc, i | j);
  case 2: return done_int(th, pc, i ^ j);
  case 3: return done_int(th, pc, (int64_t)((uint64_t)i << (j & 63)));
  case 4: return done_int(th, pc, i >> (j & 63));
  default: return done_int(th, pc, (int64_t)((uint64_t)i >> (j & 63)));
  }
}

/* ---- Comparison ---- */

tz_insn *tz_slow_compare_any(tz_thread *th, tz_insn *pc) {
  uint64_t operands[2] = {reg_b(th, pc), reg_c(th, pc)};
  unsigned kinds = note_kinds(th, pc, operands[0], operands[1]);
  bool or_equal = tz_insn_op(*pc) == TZ_OP_LE_ANY;
  if (kinds == TWO_INTS) {
    int64_t v = tz_any_int_value(operands[0]), w = tz_any_int_value(operands[1]);
    return tz_any_done(th, pc, or_equal ? v <= w : v < w);
  }
  if (are_numbers(kinds)) {
    double v = tz_any_float_value(th, operands[0]), w = tz_any_float_value(th, operands[1]);
    return tz_any_done(th, pc, or_equal ? v <= w : v < w);
  }
  if (kinds == TWO_STRINGS) {
    int order = tz_string_compare(tz_any_object(operands[0]), tz_any_object(operands[1]));
    return tz_any_done(th, pc, or_equal ? order <= 0 : order < 0);
  }
  return tz_any_call_method(th, pc, operator_method(TZ_OP_LT_ANY), operands, 2);
}

enum { EQUALS_SLOT = 1 }; /* Object's vtable: toString, equals, hash */

tz_insn *tz_slow_eq_any(tz_thread *th, tz_insn *pc) {
  uint64_t operands[2] = {reg_b(th, pc), reg_c(th, pc)};
  uint64_t v = operands[0], w = operands[1];
  unsigned kinds = note_kinds(th, pc, v, w);
  if (kinds == TWO_INTS) return tz_any_done(th, pc, tz_any_int_value(v) == tz_any_int_value(w));
  if (are_numbers(kinds)) return tz_any_done(th, pc, tz_any_float_value(th, v) == tz_any_float_value(th, w));
  if (kinds == TWO_STRINGS) return tz_any_done(th, pc, tz_string_equal(tz_any_object(v), tz_any_object(w)));
  if (v == w) return tz_any_done(th, pc, 1);
  /* Different words: equal only if an object says so of another. */
  if (kinds != (TZ_SAW_OTHER | TZ_SAW_OTHER << 4) || !tz_word_is_ref(v) || !tz_word_is_ref(w))
    return tz_any_done(th, pc, 0);
  const tz_class *cls = tz_object_class(tz_any_object(v)), *object = th->vm->object_class;
  if (!tz_class_is_subclass(cls, object) || cls->vtable[EQUALS_SLOT] == object->vtable[EQUALS_SLOT])
    return tz_any_done(th, pc, 0);
  tz_function *equals = cls->vtable[EQUALS_SLOT];
  tz_profile_method(th, pc, equals, equals);
  return tz_any_call_operator(th, pc, equals, operands, 2);
}
