/* lower_any.c: dynamic values, as word.h lays them out; classes and what they tell. Read lower.h.
 *
 * Classes, types and functions do not change once code can name them, so what is read from them is invariant.
 */
#include "lower.h"

#define A tz_lower_value(l, n->inputs[0])
#define B tz_lower_value(l, n->inputs[1])

/* ---- dynamic values ---- */

static LLVMValueRef bits_of(tz_lower *l, LLVMValueRef any) {
  return LLVMBuildPtrToInt(l->builder, any, l->i64, "");
}
static LLVMValueRef from_bits(tz_lower *l, LLVMValueRef bits) {
  return LLVMBuildIntToPtr(l->builder, bits, l->reference, "");
}

static LLVMValueRef box_int(tz_lower *l, const tz_node *n) {
  LLVMValueRef payload = LLVMBuildAnd(l->builder, A, tz_lower_int(l, (int64_t)TZ_ANY_INT_MASK), "");
  return from_bits(l, LLVMBuildOr(l->builder, payload, tz_lower_int(l, (int64_t)(TZ_ANY_INT_TAG << 51)), ""));
}

static LLVMValueRef box_float(tz_lower *l, const tz_node *n) {
  LLVMValueRef a = A, bits = LLVMBuildBitCast(l->builder, a, l->i64, "");
  LLVMValueRef is_nan = LLVMBuildFCmp(l->builder, LLVMRealUNO, a, a, "");
  bits = LLVMBuildSelect(l->builder, is_nan, tz_lower_int(l, (int64_t)TZ_ANY_NAN), bits, "");
  return from_bits(l, LLVMBuildAdd(l->builder, bits, tz_lower_int(l, (int64_t)TZ_ANY_FLOAT_BIAS), ""));
}

static LLVMValueRef box_bool(tz_lower *l, const tz_node *n) {
  LLVMValueRef bit = LLVMBuildZExt(l->builder, tz_lower_condition(l, n->inputs[0]), l->i64, "");
  return from_bits(l, LLVMBuildOr(l->builder, bit, tz_lower_int(l, (int64_t)(TZ_ANY_BOOL_TAG << 48)), ""));
}

/* 51 bits in two's complement, at the bottom of a word. */
static LLVMValueRef sign_extended(tz_lower *l, LLVMValueRef bits) {
  LLVMValueRef by = tz_lower_int(l, 13);
  return LLVMBuildAShr(l->builder, LLVMBuildShl(l->builder, bits, by, ""), by, "");
}

static LLVMValueRef unbox_float(tz_lower *l, const tz_node *n) {
  LLVMValueRef bits =
      LLVMBuildSub(l->builder, bits_of(l, A), tz_lower_int(l, (int64_t)TZ_ANY_FLOAT_BIAS), "");
  return LLVMBuildBitCast(l->builder, bits, l->f64, "");
}

/* first <= bits < first + n, unsigned */
static LLVMValueRef is_within(tz_lower *l, LLVMValueRef any, uint64_t first, uint64_t n) {
  LLVMValueRef from_first = LLVMBuildSub(l->builder, bits_of(l, any), tz_lower_int(l, (int64_t)first), "");
  return LLVMBuildICmp(l->builder, LLVMIntULT, from_first, tz_lower_int(l, (int64_t)n), "");
}

static LLVMValueRef kind_test(tz_lower *l, const tz_node *n) {
  static const uint64_t floats_end = TZ_ANY_INT_TAG << 51;
  switch (n->op) {
  case TZ_NODE_ANY_IS_INT:
    return LLVMBuildICmp(l->builder, LLVMIntUGE, bits_of(l, A), tz_lower_int(l, (int64_t)floats_end), "");
  case TZ_NODE_ANY_IS_FLOAT: return is_within(l, A, TZ_ANY_FLOAT_BIAS, floats_end - TZ_ANY_FLOAT_BIAS);
  case TZ_NODE_ANY_IS_BOOL: return is_within(l, A, TZ_ANY_BOOL_TAG << 48, (uint64_t)1 << 48);
  case TZ_NODE_ANY_IS_REF: return is_within(l, A, 1, ((uint64_t)1 << 48) - 1);
  case TZ_NODE_INT_FITS: return LLVMBuildICmp(l->builder, LLVMIntEQ, sign_extended(l, A), A, "");
  case TZ_NODE_SAME: return LLVMBuildICmp(l->builder, LLVMIntEQ, A, B, "");
  case TZ_NODE_IS_NULL: return LLVMBuildICmp(l->builder, LLVMIntEQ, A, LLVMConstNull(l->reference), "");
  default: return NULL;
  }
}

static LLVMValueRef conversion(tz_lower *l, const tz_node *n) {
  switch (n->op) {
  case TZ_NODE_BOX_INT: return box_int(l, n);
  case TZ_NODE_BOX_FLOAT: return box_float(l, n);
  case TZ_NODE_BOX_BOOL: return box_bool(l, n);
  case TZ_NODE_UNBOX_INT: return sign_extended(l, bits_of(l, A));
  case TZ_NODE_UNBOX_FLOAT: return unbox_float(l, n);
  case TZ_NODE_UNBOX_BOOL: return LLVMBuildAnd(l->builder, bits_of(l, A), tz_lower_int(l, 1), "");
  default: return NULL;
  }
}

bool tz_lower_any(tz_lower *l, const tz_node *n) {
  LLVMValueRef bit = kind_test(l, n), word = bit == NULL ? conversion(l, n) : NULL;
  if (bit != NULL) tz_lower_set_bit(l, n, bit);
  else if (word != NULL) tz_lower_set(l, n, word);
  return bit != NULL || word != NULL;
}

/* ---- classes ---- */

/* Field `offset` of the class, function or type at an address that is an i64. */
static LLVMValueRef read_metadata(tz_lower *l, LLVMValueRef address, size_t offset, LLVMTypeRef type) {
  LLVMValueRef from = LLVMBuildIntToPtr(l->builder, address, l->pointer, "");
  LLVMValueRef load = LLVMBuildLoad2(l->builder, type, tz_lower_at(l, from, (int64_t)offset), "");
  return tz_lower_invariant(l, tz_lower_tag(l, load, "metadata"));
}

static LLVMValueRef class_of(tz_lower *l, const tz_node *n, bool is_fixed) {
  LLVMValueRef load = tz_lower_tag(l, LLVMBuildLoad2(l->builder, l->i32, A, ""), "class");
  if (is_fixed) tz_lower_invariant(l, load);
  return LLVMBuildZExt(l->builder, load, l->i64, "");
}

static LLVMValueRef widened(tz_lower *l, LLVMValueRef i32) {
  return LLVMBuildZExt(l->builder, i32, l->i64, "");
}

/* ancestors[min(its depth, ours)] is the class asked for only if that is its depth: no branch is needed. */
static LLVMValueRef is_subclass(tz_lower *l, const tz_node *n) {
  const tz_class *want = n->imm.p;
  LLVMValueRef cls = A, depth = read_metadata(l, cls, offsetof(tz_class, depth), l->i32);
  LLVMValueRef ancestors = read_metadata(l, cls, offsetof(tz_class, ancestors), l->pointer);
  LLVMValueRef wanted = LLVMConstInt(l->i32, want->depth, false);
  LLVMValueRef index =
      widened(l, tz_lower_intrinsic(l, "llvm.umin", l->i32, (LLVMValueRef[]){depth, wanted}, 2));
  LLVMValueRef at = LLVMBuildInBoundsGEP2(l->builder, l->i64, ancestors, &index, 1, "");
  LLVMValueRef ancestor =
      tz_lower_invariant(l, tz_lower_tag(l, LLVMBuildLoad2(l->builder, l->i64, at, ""), "metadata"));
  return LLVMBuildICmp(l->builder, LLVMIntEQ, ancestor, tz_lower_int(l, (int64_t)(intptr_t)want), "");
}

static LLVMValueRef call_runtime(tz_lower *l, tz_runtime_call call, LLVMValueRef *args, uint32_t n) {
  LLVMTypeRef signature;
  LLVMValueRef callee = tz_lower_runtime(l, call, &signature);
  return LLVMBuildCall2(l->builder, signature, callee, args, n, "");
}

static LLVMValueRef constant_address(const tz_lower *l, const tz_node *n) {
  return tz_lower_int(l, (int64_t)(intptr_t)n->imm.p);
}

static LLVMValueRef of_class(tz_lower *l, const tz_node *n) {
  switch (n->op) {
  case TZ_NODE_CLASS_OF: return class_of(l, n, true);
  case TZ_NODE_READS_CLASS: return class_of(l, n, false);
  case TZ_NODE_TAG: return widened(l, read_metadata(l, A, offsetof(tz_class, tag), l->i32));
  case TZ_NODE_METHOD:
    return read_metadata(l, A, offsetof(tz_class, vtable) + n->aux * sizeof(tz_function *), l->i64);
  case TZ_NODE_INTERFACE_METHOD:
    return call_runtime(l, TZ_CALL_tz_native_interface_method,
                        (LLVMValueRef[]){A, constant_address(l, n), tz_lower_int(l, n->aux)}, 3);
  case TZ_NODE_ACCEPTS:
    return call_runtime(l, TZ_CALL_tz_native_accepts, (LLVMValueRef[]){constant_address(l, n), A}, 2);
  default: return NULL;
  }
}

static LLVMValueRef of_text(tz_lower *l, const tz_node *n) {
  tz_runtime_call call;
  switch (n->op) {
  case TZ_NODE_SAME_TEXT: call = TZ_CALL_tz_native_same_text; break;
  case TZ_NODE_HASH_TEXT: call = TZ_CALL_tz_native_hash_text; break;
  case TZ_NODE_COMPARE_TEXT: call = TZ_CALL_tz_native_compare_text; break;
  case TZ_NODE_MATCHES_TEXT: call = TZ_CALL_tz_native_matches_text; break;
  case TZ_NODE_FIND_TEXT: call = TZ_CALL_tz_native_find_text; break;
  default: return NULL;
  }
  LLVMValueRef args[3];
  for (uint32_t i = 0; i < n->n_inputs; i++) args[i] = tz_lower_value(l, n->inputs[i]);
  return call_runtime(l, call, args, n->n_inputs);
}

bool tz_lower_class(tz_lower *l, const tz_node *n) {
  if (n->op == TZ_NODE_SUBCLASS) {
    tz_lower_set_bit(l, n, is_subclass(l, n));
    return true;
  }
  LLVMValueRef word = of_class(l, n);
  if (word == NULL) word = of_text(l, n);
  if (word != NULL) tz_lower_set(l, n, word);
  return word != NULL;
}
