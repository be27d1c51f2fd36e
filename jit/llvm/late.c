/* late.c: what is an opaque call while LLVM optimizes, and becomes code afterwards. Read lower.h.
 *
 * Allocation: so that a new object is known to be no other (noalias), that loads of others are kept across
 * it, and that one which nobody uses goes. Its code, with the slow call, is put in before statepoints are
 * made. Write barrier: the test of the header must stand with its store, whatever happened to the object
 * between its making and now; it is put in after statepoints are made, when nothing moves loads any more. */
#include "lower.h"
#include <stdlib.h>

/* ---- as the optimizer sees them ---- */

static LLVMValueRef declared(tz_lower *l, const char *name, LLVMTypeRef signature) {
  LLVMValueRef f = LLVMGetNamedFunction(l->module, name);
  if (f != NULL) return f;
  f = LLVMAddFunction(l->module, name, signature);
  tz_lower_function_attribute(l, f, "nounwind", 0);
  tz_lower_function_attribute(l, f, "willreturn", 0);
  tz_lower_function_attribute(l, f, "nofree", 0);
  return f;
}

static void value_attribute(tz_lower *l, LLVMValueRef f, LLVMAttributeIndex at, const char *name) {
  uint32_t kind = LLVMGetEnumAttributeKindForName(name, strlen(name));
  LLVMAddAttributeAtIndex(f, at, LLVMCreateEnumAttribute(l->context, kind, 0));
}

enum { ALLOC_KIND_ALLOC = 1 }; /* of LLVM's attribute allockind */

static LLVMValueRef declared_allocation(tz_lower *l, const char *name, LLVMTypeRef signature) {
  LLVMValueRef f = declared(l, name, signature);
  tz_lower_function_attribute(l, f, "allockind", ALLOC_KIND_ALLOC);
  tz_lower_string_attribute(l, f, "alloc-family", "terza");
  tz_lower_function_attribute(l, f, "memory", TZ_MEMORY_RUNTIME);
  value_attribute(l, f, LLVMAttributeReturnIndex, "noalias");
  return f;
}

static const char new_name[] = "terza.new", new_array_name[] = "terza.new.array",
                  barrier_name[] = "terza.barrier";

LLVMValueRef tz_late_new(tz_lower *l, LLVMTypeRef *signature) {
  *signature = LLVMFunctionType(l->reference, (LLVMTypeRef[]){l->pointer, l->i64, l->i64}, 3, false);
  return declared_allocation(l, new_name, *signature);
}

LLVMValueRef tz_late_new_array(tz_lower *l, LLVMTypeRef *signature) {
  LLVMTypeRef types[] = {l->pointer, l->i64, l->i64, l->i64, l->i64, l->i64};
  *signature = LLVMFunctionType(l->reference, types, 6, false);
  return declared_allocation(l, new_array_name, *signature);
}

LLVMValueRef tz_late_barrier(tz_lower *l, LLVMTypeRef *signature) {
  *signature = LLVMFunctionType(l->void_type, (LLVMTypeRef[]){l->pointer, l->reference, l->i64}, 3, false);
  LLVMValueRef f = declared(l, barrier_name, *signature);
  tz_lower_string_attribute(l, f, "gc-leaf-function", "true");
  tz_lower_function_attribute(l, f, "memory", TZ_MEMORY_ARGUMENTS_WRITTEN);
  value_attribute(l, f, 1, "readnone");
  value_attribute(l, f, 2, "writeonly");
  value_attribute(l, f, 2, "nocapture");
  return f;
}

/* ---- as they are ---- */

/* Puts a function in the place of the declaration, to be inlined, and the builder at its beginning. NULL: not
 * used. */
static LLVMValueRef define(tz_lower *l, const char *name) {
  LLVMValueRef declaration = LLVMGetNamedFunction(l->module, name);
  if (declaration == NULL) return NULL;
  LLVMValueRef f = LLVMAddFunction(l->module, "", LLVMGlobalGetValueType(declaration));
  LLVMReplaceAllUsesWith(declaration, f);
  LLVMDeleteFunction(declaration);
  LLVMSetLinkage(f, LLVMInternalLinkage);
  LLVMSetGC(f, "statepoint-example");
  tz_lower_function_attribute(l, f, "alwaysinline", 0);
  tz_lower_function_attribute(l, f, "nounwind", 0);
  LLVMPositionBuilderAtEnd(l->builder, LLVMAppendBasicBlockInContext(l->context, f, ""));
  return f;
}

static LLVMBasicBlockRef add_block(tz_lower *l, LLVMValueRef f) {
  return LLVMAppendBasicBlockInContext(l->context, f, "");
}

/* The runtime makes it. The bundle is empty: inlining puts the state of the place before it. */
static void allocate_slowly(tz_lower *l, tz_runtime_call call, LLVMValueRef *args, uint32_t n) {
  LLVMTypeRef signature;
  LLVMValueRef callee = tz_lower_runtime(l, call, &signature);
  LLVMBuildRet(l->builder, tz_lower_call_with_bundle(l, signature, callee, args, n, NULL, 0));
}

static void assume_nonnull(tz_lower *l, LLVMValueRef reference) {
  LLVMValueRef is_there = LLVMBuildICmp(l->builder, LLVMIntNE, reference, LLVMConstNull(l->reference), "");
  tz_lower_intrinsic(l, "llvm.assume", NULL, &is_there, 1);
}

/* The common part, as gc_attributes.h has it: bytes from the thread's buffer and the header. The builder is
 * left where the object is there but for its return; *slow is where there was no room, or `never_inline`
 * holds (NULL: always inline). */
static LLVMValueRef bump(tz_lower *l, LLVMValueRef f, LLVMValueRef bytes, LLVMValueRef cls,
                         LLVMValueRef never_inline, LLVMBasicBlockRef *slow) {
  LLVMBuilderRef b = l->builder;
  LLVMValueRef thread = LLVMGetParam(f, 0), limit_at = tz_lower_at(l, thread, TZ_GC_ALLOC_LIMIT_OFFSET);
  LLVMValueRef top = tz_lower_tag(l, LLVMBuildLoad2(b, l->reference, thread, ""), "thread");
  LLVMValueRef limit = tz_lower_tag(l, LLVMBuildLoad2(b, l->reference, limit_at, ""), "thread");
  LLVMValueRef next = LLVMBuildGEP2(b, l->i8, top, &bytes, 1, "");
  LLVMValueRef is_full = LLVMBuildICmp(b, LLVMIntUGT, next, limit, "");
  if (never_inline != NULL) is_full = LLVMBuildOr(b, never_inline, is_full, "");
  LLVMBasicBlockRef fast = add_block(l, f);
  *slow = add_block(l, f);
  tz_lower_weights(l, LLVMBuildCondBr(b, is_full, *slow, fast), TZ_NEVER, TZ_ALWAYS);
  LLVMPositionBuilderAtEnd(b, fast);
  tz_lower_tag(l, LLVMBuildStore(b, next, thread), "thread");
  tz_lower_tag(l, LLVMBuildStore(b, cls, top), "class"); /* a young header is the layout's address alone */
  assume_nonnull(l, top);
  return top;
}

static bool define_new(tz_lower *l) {
  LLVMValueRef f = define(l, new_name);
  if (f == NULL) return false;
  LLVMBasicBlockRef slow;
  LLVMBuildRet(l->builder, bump(l, f, LLVMGetParam(f, 2), LLVMGetParam(f, 1), NULL, &slow));
  LLVMPositionBuilderAtEnd(l->builder, slow);
  allocate_slowly(l, TZ_CALL_tz_native_new, (LLVMValueRef[]){LLVMGetParam(f, 0), LLVMGetParam(f, 1)}, 2);
  return true;
}

static bool define_new_array(tz_lower *l) {
  LLVMValueRef f = define(l, new_array_name);
  if (f == NULL) return false;
  LLVMBuilderRef b = l->builder;
  LLVMValueRef length = LLVMGetParam(f, 2), size = LLVMGetParam(f, 4), shift = LLVMGetParam(f, 5);
  LLVMValueRef is_long =
      LLVMBuildICmp(b, LLVMIntUGT, length, tz_lower_int(l, TZ_GC_INLINE_MAX_BYTES / TZ_OBJECT_ALIGN), "");
  LLVMValueRef bytes = LLVMBuildAdd(b, LLVMBuildShl(b, length, shift, ""), size, "");
  bytes = LLVMBuildAdd(b, bytes, tz_lower_int(l, TZ_OBJECT_ALIGN - 1), "");
  bytes = LLVMBuildAnd(b, bytes, tz_lower_int(l, -TZ_OBJECT_ALIGN), "");
  LLVMBasicBlockRef slow;
  LLVMValueRef array = bump(l, f, bytes, LLVMGetParam(f, 3), is_long, &slow);
  tz_lower_tag(l, LLVMBuildStore(b, length, tz_lower_at(l, array, TZ_ARRAY_LENGTH_OFFSET)), "length");
  LLVMBuildRet(b, array);
  LLVMPositionBuilderAtEnd(b, slow);
  allocate_slowly(l, TZ_CALL_tz_native_new_array,
                  (LLVMValueRef[]){LLVMGetParam(f, 0), LLVMGetParam(f, 1), length}, 3);
  return true;
}

bool tz_late_define_allocation(tz_lower *l) {
  bool has_objects = define_new(l), has_arrays = define_new_array(l);
  return has_objects || has_arrays;
}

bool tz_late_define_barrier(tz_lower *l) {
  LLVMValueRef f = define(l, barrier_name);
  if (f == NULL) return false;
  tz_lower_string_attribute(l, f, "gc-leaf-function", "true");
  LLVMBuilderRef b = l->builder;
  LLVMValueRef meta = LLVMBuildLoad2(b, l->i8, tz_lower_at(l, LLVMGetParam(f, 1), TZ_GC_BARRIER_OFFSET), "");
  LLVMSetVolatile(meta, true);
  LLVMValueRef bit = LLVMBuildAnd(b, meta, LLVMConstInt(l->i8, TZ_GC_BARRIER_MASK, false), "");
  LLVMValueRef is_set = LLVMBuildICmp(b, LLVMIntNE, bit, LLVMConstInt(l->i8, 0, false), "");
  LLVMBasicBlockRef slow = add_block(l, f), done = add_block(l, f);
  tz_lower_weights(l, LLVMBuildCondBr(b, is_set, slow, done), TZ_NEVER, TZ_ALWAYS);
  LLVMPositionBuilderAtEnd(b, slow);
  LLVMTypeRef signature;
  LLVMValueRef callee = tz_lower_runtime(l, TZ_CALL_tz_native_barrier, &signature);
  LLVMBuildCall2(b, signature, callee,
                 (LLVMValueRef[]){LLVMGetParam(f, 0), LLVMGetParam(f, 1), LLVMGetParam(f, 2)}, 3, "");
  LLVMBuildBr(b, done);
  LLVMPositionBuilderAtEnd(b, done);
  LLVMBuildRetVoid(b);
  return true;
}

/* ---- leaving for the interpreter ---- */

static tz_runtime_call deopt_call(const tz_lower *l) {
  if (l->result == l->f64) return TZ_CALL_tz_native_deopt_float;
  return l->result == l->reference ? TZ_CALL_tz_native_deopt_ref : TZ_CALL_tz_native_deopt_int;
}

/* The call's state may lie in any register: the runtime's stub saves them all but those beyond xmm15, so
 * floats go there as integers. References lie in stack slots, where a collection finds them. */
static LLVMValueRef build_deopt(tz_lower *l, LLVMOperandBundleRef state) {
  uint32_t n = LLVMGetNumOperandBundleArgs(state);
  LLVMValueRef *values = calloc(n + 1, sizeof *values);
  if (values == NULL) {
    tz_lower_problem(l, "out of memory");
    return NULL;
  }
  for (uint32_t i = 0; i < n; i++) {
    values[i] = LLVMGetOperandBundleArgAtIndex(state, i);
    if (LLVMTypeOf(values[i]) == l->f64) values[i] = LLVMBuildBitCast(l->builder, values[i], l->i64, "");
  }
  LLVMTypeRef signature;
  LLVMValueRef callee = tz_lower_runtime(l, deopt_call(l), &signature);
  LLVMValueRef call = tz_lower_call_with_bundle(l, signature, callee, &l->thread, 1, values, n);
  free(values);
  LLVMAddCallSiteAttribute(call, (LLVMAttributeIndex)LLVMAttributeFunctionIndex,
                           LLVMCreateStringAttribute(l->context, "deopt-lowering", 14, "live-in", 7));
  return call;
}

static void rewrite_deoptimize(tz_lower *l, LLVMValueRef call) {
  LLVMOperandBundleRef state = LLVMGetOperandBundleAtIndex(call, 0);
  LLVMPositionBuilderBefore(l->builder, call);
  LLVMValueRef result = build_deopt(l, state);
  LLVMDisposeOperandBundle(state);
  LLVMReplaceAllUsesWith(call, result != NULL ? result : LLVMGetUndef(l->result));
  LLVMInstructionEraseFromParent(call);
}

void tz_late_define_deopt(tz_lower *l) {
  uint32_t id = LLVMLookupIntrinsicID("llvm.experimental.deoptimize", 28);
  LLVMValueRef next;
  for (LLVMValueRef f = LLVMGetFirstFunction(l->module); f != NULL; f = next) {
    next = LLVMGetNextFunction(f);
    if (LLVMGetIntrinsicID(f) != id) continue;
    for (LLVMUseRef use; (use = LLVMGetFirstUse(f)) != NULL;) rewrite_deoptimize(l, LLVMGetUser(use));
    LLVMDeleteFunction(f);
  }
}
