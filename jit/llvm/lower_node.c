/* lower_node.c: ints and floats, exactly as runtime/src/ops.h and number.h compute them. Read lower.h. */
#include "lower.h"

#define A tz_lower_value(l, n->inputs[0])
#define B tz_lower_value(l, n->inputs[1])

static LLVMValueRef binary(tz_lower *l, const tz_node *n, LLVMOpcode op) {
  return LLVMBuildBinOp(l->builder, op, A, B, "");
}

static LLVMValueRef compare(tz_lower *l, const tz_node *n, LLVMIntPredicate predicate) {
  return LLVMBuildICmp(l->builder, predicate, A, B, "");
}

static LLVMValueRef compare_floats(tz_lower *l, const tz_node *n, LLVMRealPredicate predicate) {
  return LLVMBuildFCmp(l->builder, predicate, A, B, "");
}

static LLVMValueRef shift(tz_lower *l, const tz_node *n, LLVMOpcode op) {
  LLVMValueRef by = LLVMBuildAnd(l->builder, B, tz_lower_int(l, 63), "");
  return LLVMBuildBinOp(l->builder, op, A, by, "");
}

/* The machine's division traps for INT64_MIN / -1: then it divides by 1, and the result is made from a alone.
 */
static LLVMValueRef divide(tz_lower *l, const tz_node *n, LLVMOpcode op) {
  LLVMValueRef a = A, b = B, zero = tz_lower_int(l, 0);
  if (LLVMIsAConstantInt(b) != NULL && LLVMConstIntGetSExtValue(b) != -1)
    return LLVMBuildBinOp(l->builder, op, a, b, "");
  LLVMValueRef is_minus_one = LLVMBuildICmp(l->builder, LLVMIntEQ, b, tz_lower_int(l, -1), "");
  LLVMValueRef divisor = LLVMBuildSelect(l->builder, is_minus_one, tz_lower_int(l, 1), b, "");
  LLVMValueRef result = LLVMBuildBinOp(l->builder, op, a, divisor, "");
  LLVMValueRef special = op == LLVMSDiv ? LLVMBuildSub(l->builder, zero, a, "") : zero;
  return LLVMBuildSelect(l->builder, is_minus_one, special, result, "");
}

/* The low aux bits, widened again. */
static LLVMValueRef extend(tz_lower *l, const tz_node *n, LLVMOpcode op) {
  LLVMValueRef low = LLVMBuildTrunc(l->builder, A, LLVMIntTypeInContext(l->context, n->aux), "");
  return LLVMBuildCast(l->builder, op, low, l->i64, "");
}

static LLVMValueRef multiplication_overflows(tz_lower *l, const tz_node *n) {
  LLVMValueRef both = tz_lower_intrinsic(l, "llvm.smul.with.overflow", l->i64, (LLVMValueRef[]){A, B}, 2);
  return LLVMBuildExtractValue(l->builder, both, 1, "");
}

static LLVMValueRef call_float(tz_lower *l, const char *intrinsic, LLVMValueRef a) {
  return tz_lower_intrinsic(l, intrinsic, l->f64, &a, 1);
}

static LLVMValueRef float_to_int(tz_lower *l, const tz_node *n) {
  uint32_t id = LLVMLookupIntrinsicID("llvm.fptosi.sat", 15);
  LLVMTypeRef overloads[] = {l->i64, l->f64};
  LLVMValueRef a = A, callee = LLVMGetIntrinsicDeclaration(l->module, id, overloads, 2);
  return LLVMBuildCall2(l->builder, LLVMIntrinsicGetType(l->context, id, overloads, 2), callee, &a, 1, "");
}

static LLVMValueRef int_word(tz_lower *l, const tz_node *n) {
  switch (n->op) {
  case TZ_NODE_ADD: return binary(l, n, LLVMAdd);
  case TZ_NODE_SUB: return binary(l, n, LLVMSub);
  case TZ_NODE_MUL: return binary(l, n, LLVMMul);
  case TZ_NODE_DIV: return divide(l, n, LLVMSDiv);
  case TZ_NODE_REM: return divide(l, n, LLVMSRem);
  case TZ_NODE_AND: return binary(l, n, LLVMAnd);
  case TZ_NODE_OR: return binary(l, n, LLVMOr);
  case TZ_NODE_XOR: return binary(l, n, LLVMXor);
  case TZ_NODE_SHL: return shift(l, n, LLVMShl);
  case TZ_NODE_SHR: return shift(l, n, LLVMAShr);
  case TZ_NODE_USHR: return shift(l, n, LLVMLShr);
  case TZ_NODE_SEXT: return extend(l, n, LLVMSExt);
  case TZ_NODE_ZEXT: return extend(l, n, LLVMZExt);
  case TZ_NODE_F2I: return float_to_int(l, n);
  case TZ_NODE_F_BITS_I: return LLVMBuildBitCast(l->builder, A, l->i64, "");
  default: return NULL;
  }
}

static LLVMValueRef float_word(tz_lower *l, const tz_node *n) {
  switch (n->op) {
  case TZ_NODE_FADD: return binary(l, n, LLVMFAdd);
  case TZ_NODE_FSUB: return binary(l, n, LLVMFSub);
  case TZ_NODE_FMUL: return binary(l, n, LLVMFMul);
  case TZ_NODE_FDIV: return binary(l, n, LLVMFDiv);
  case TZ_NODE_FNEG: return LLVMBuildFNeg(l->builder, A, "");
  case TZ_NODE_FABS: return call_float(l, "llvm.fabs", A);
  case TZ_NODE_FSQRT: return call_float(l, "llvm.sqrt", A);
  case TZ_NODE_FFLOOR: return call_float(l, "llvm.floor", A);
  case TZ_NODE_FCEIL: return call_float(l, "llvm.ceil", A);
  case TZ_NODE_I2F: return LLVMBuildSIToFP(l->builder, A, l->f64, "");
  case TZ_NODE_I_BITS_F: return LLVMBuildBitCast(l->builder, A, l->f64, "");
  default: return NULL;
  }
}

static LLVMValueRef comparison(tz_lower *l, const tz_node *n) {
  switch (n->op) {
  case TZ_NODE_EQ: return compare(l, n, LLVMIntEQ);
  case TZ_NODE_NE: return compare(l, n, LLVMIntNE);
  case TZ_NODE_LT: return compare(l, n, LLVMIntSLT);
  case TZ_NODE_LE: return compare(l, n, LLVMIntSLE);
  case TZ_NODE_ULT: return compare(l, n, LLVMIntULT);
  case TZ_NODE_MUL_OVERFLOWS: return multiplication_overflows(l, n);
  case TZ_NODE_FEQ: return compare_floats(l, n, LLVMRealOEQ);
  case TZ_NODE_FNE: return compare_floats(l, n, LLVMRealUNE);
  case TZ_NODE_FLT: return compare_floats(l, n, LLVMRealOLT);
  case TZ_NODE_FLE: return compare_floats(l, n, LLVMRealOLE);
  default: return NULL;
  }
}

bool tz_lower_arithmetic(tz_lower *l, const tz_node *n) {
  LLVMValueRef word = int_word(l, n);
  if (word == NULL) word = float_word(l, n);
  if (word != NULL) {
    tz_lower_set(l, n, word);
    return true;
  }
  LLVMValueRef bit = comparison(l, n);
  if (bit != NULL) tz_lower_set_bit(l, n, bit);
  return bit != NULL;
}
