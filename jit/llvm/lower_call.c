/* lower_call.c: calls, polls, guards, ends of blocks. Read lower.h. */
#include "lower.h"
#include "terza/function.h"
#include <stdlib.h>

/* ---- attributes ---- */

void tz_lower_function_attribute(tz_lower *l, LLVMValueRef function, const char *name, uint64_t value) {
  uint32_t kind = LLVMGetEnumAttributeKindForName(name, strlen(name));
  LLVMAddAttributeAtIndex(function, (LLVMAttributeIndex)LLVMAttributeFunctionIndex,
                          LLVMCreateEnumAttribute(l->context, kind, value));
}

static LLVMAttributeRef attribute(const tz_lower *l, const char *name, uint64_t value) {
  return LLVMCreateEnumAttribute(l->context, LLVMGetEnumAttributeKindForName(name, strlen(name)), value);
}

void tz_lower_parameter_attribute(tz_lower *l, LLVMValueRef function, uint32_t parameter, const char *name,
                                  uint64_t value) {
  LLVMAddAttributeAtIndex(function, parameter + 1, attribute(l, name, value));
}

void tz_lower_string_attribute(tz_lower *l, LLVMValueRef function, const char *name, const char *value) {
  LLVMAttributeRef a =
      LLVMCreateStringAttribute(l->context, name, (uint32_t)strlen(name), value, (uint32_t)strlen(value));
  LLVMAddAttributeAtIndex(function, (LLVMAttributeIndex)LLVMAttributeFunctionIndex, a);
}

/* ---- the runtime's functions (calls.def) ---- */

typedef enum call_kind { SAFEPOINT, POLL, LEAF, PURE, DEOPT } call_kind;
static const struct runtime_call {
  const char *name, *result, *arguments;
  call_kind kind;
} runtime_calls[TZ_CALL_COUNT] = {
#define TZ_CALL(name, RESULT, arguments, KIND, meaning) {#name, #RESULT, arguments, KIND},
#include "calls.def"
#undef TZ_CALL
};

static LLVMTypeRef letter_type(const tz_lower *l, char letter) {
  switch (letter) {
  case 'T': return l->pointer;
  case 'F': return l->f64;
  case 'R': return l->reference;
  case 'V': return l->void_type;
  default: return l->i64;
  }
}

/* What the thread points to may be guest memory too, as far as LLVM knows, but for objects that were made
 * here: behind a call of the runtime fields are read again, on that path alone. To say otherwise gained
 * nothing. */
static void add_attributes(tz_lower *l, LLVMValueRef function, call_kind kind) {
  tz_lower_function_attribute(l, function, "nounwind", 0);
  if (kind != PURE) tz_lower_function_attribute(l, function, "cold", 0);
  if (kind == LEAF || kind == PURE) tz_lower_string_attribute(l, function, "gc-leaf-function", "true");
  if (kind == PURE) {
    tz_lower_function_attribute(l, function, "willreturn", 0);
    tz_lower_function_attribute(l, function, "nofree", 0);
    tz_lower_function_attribute(l, function, "memory", TZ_MEMORY_NONE);
  }
  if (kind == SAFEPOINT || kind == LEAF)
    tz_lower_function_attribute(l, function, "memory", TZ_MEMORY_RUNTIME_AND_ARGUMENTS);
}

LLVMValueRef tz_lower_runtime(tz_lower *l, tz_runtime_call call, LLVMTypeRef *signature) {
  const struct runtime_call *c = &runtime_calls[call];
  LLVMTypeRef types[8];
  uint32_t n = 0;
  for (const char *a = c->arguments; *a != 0; a++) types[n++] = letter_type(l, *a);
  *signature = LLVMFunctionType(letter_type(l, c->result[0]), types, n, false);
  LLVMValueRef function = LLVMGetNamedFunction(l->module, c->name);
  if (function == NULL) {
    function = LLVMAddFunction(l->module, c->name, *signature);
    add_attributes(l, function, c->kind);
  }
  return function;
}

/* ---- deopt bundles ---- */

LLVMValueRef tz_lower_call_with_bundle(tz_lower *l, LLVMTypeRef signature, LLVMValueRef callee,
                                       LLVMValueRef *args, uint32_t n_args, LLVMValueRef *bundle,
                                       uint32_t n_bundle) {
  LLVMOperandBundleRef deopt = LLVMCreateOperandBundle("deopt", 5, bundle, n_bundle);
  LLVMValueRef call =
      LLVMBuildCallWithOperandBundles(l->builder, signature, callee, args, n_args, &deopt, 1, "");
  LLVMDisposeOperandBundle(deopt);
  bool has_result = LLVMGetReturnType(signature) != l->void_type;
  if (has_result) LLVMAddCallSiteAttribute(call, LLVMAttributeReturnIndex, attribute(l, "noundef", 0));
  return call;
}

/* Constants are not for the collector: they stand as numbers. */
static LLVMValueRef operand(tz_lower *l, const tz_node *n) {
  bool is_constant = n->op == TZ_NODE_REF || n->op == TZ_NODE_ANY;
  return is_constant ? tz_lower_int(l, n->imm.i) : tz_lower_value(l, n);
}

LLVMValueRef tz_lower_call_with_state(tz_lower *l, LLVMTypeRef signature, LLVMValueRef callee,
                                      LLVMValueRef *args, uint32_t n_args, const tz_node *n) {
  uint32_t state = tz_lower_state(l, n), n_operands = l->states.n_operands;
  LLVMValueRef *bundle = calloc(n_operands + 1, sizeof *bundle);
  if (bundle == NULL) {
    tz_lower_problem(l, "out of memory");
    return LLVMGetUndef(LLVMGetReturnType(signature));
  }
  bundle[0] = tz_lower_int(l, state);
  for (uint32_t i = 0; i < n_operands; i++) bundle[i + 1] = operand(l, l->states.operands[i]);
  LLVMValueRef call = tz_lower_call_with_bundle(l, signature, callee, args, n_args, bundle, n_operands + 1);
  free(bundle);
  return call;
}

/* ---- calls ---- */

static void call_attribute(tz_lower *l, LLVMValueRef call, const char *name, uint64_t value) {
  uint32_t kind = LLVMGetEnumAttributeKindForName(name, strlen(name));
  LLVMAddCallSiteAttribute(call, (LLVMAttributeIndex)LLVMAttributeFunctionIndex,
                           LLVMCreateEnumAttribute(l->context, kind, value));
}

/* The function at an address (i64) on inputs [first..]. What it is compiled to is read anew at each call. */
static LLVMValueRef call_function(tz_lower *l, const tz_node *n, LLVMValueRef callee, uint32_t first) {
  uint32_t n_args = n->n_inputs - first + 2;
  LLVMValueRef *args = calloc(n_args, sizeof *args);
  LLVMTypeRef *types = calloc(n_args, sizeof *types);
  LLVMValueRef result = LLVMGetUndef(tz_lower_type(l, (tz_node_type)n->type));
  if (args == NULL || types == NULL) tz_lower_problem(l, "out of memory");
  else {
    args[0] = l->thread;
    args[1] = LLVMBuildIntToPtr(l->builder, callee, l->pointer, "");
    for (uint32_t i = 2; i < n_args; i++) args[i] = tz_lower_value(l, n->inputs[first + i - 2]);
    for (uint32_t i = 0; i < n_args; i++) types[i] = LLVMTypeOf(args[i]);
    LLVMTypeRef signature = LLVMFunctionType(LLVMTypeOf(result), types, n_args, false);
    LLVMValueRef from = tz_lower_at(l, args[1], offsetof(tz_function, compiled));
    LLVMValueRef code = tz_lower_tag(l, LLVMBuildLoad2(l->builder, l->pointer, from, ""), "code");
    result = tz_lower_call_with_state(l, signature, code, args, n_args, n);
    call_attribute(l, result, "nounwind", 0);
    if (tz_node_is_blind_call(n)) {
      call_attribute(l, result, "memory", TZ_MEMORY_RUNTIME_AND_ARGUMENTS);
      tz_lower_tag(l, result, "thread");
    }
  }
  free(args);
  free(types);
  return result;
}

/* Volatile: allocation and polls change it, which claim to change nothing that code can see. */
static LLVMValueRef pending_exception(tz_lower *l, LLVMTypeRef type) {
  return tz_lower_thread_load(l, offsetof(tz_thread, exception), type, true);
}

static void clear_exception(tz_lower *l) {
  LLVMValueRef to = tz_lower_at(l, l->thread, offsetof(tz_thread, exception));
  LLVMValueRef store = LLVMBuildStore(l->builder, tz_lower_int(l, 0), to);
  LLVMSetVolatile(store, true);
  tz_lower_tag(l, store, "thread");
}

static void raise(tz_lower *l, const tz_node *n) {
  LLVMTypeRef signature;
  LLVMValueRef callee = tz_lower_runtime(l, TZ_CALL_tz_native_raise, &signature);
  LLVMValueRef args[] = {l->thread, tz_lower_value(l, n->inputs[0])};
  tz_lower_call_with_state(l, signature, callee, args, 2, n);
}

static LLVMValueRef is_valid(tz_lower *l) {
  if (l->request->is_valid == NULL) {
    tz_lower_problem(l, "the graph has assumptions, but there is no place that says whether they hold");
    return LLVMConstNull(l->i1);
  }
  LLVMValueRef load =
      LLVMBuildLoad2(l->builder, l->i64, tz_lower_address(l, (const void *)l->request->is_valid), "");
  LLVMSetVolatile(load, true);
  return LLVMBuildICmp(l->builder, LLVMIntNE, tz_lower_tag(l, load, "valid"), tz_lower_int(l, 0), "");
}

/* ---- leaving for the interpreter ---- */

static void guard(tz_lower *l, const tz_node *n) {
  uint32_t id = LLVMLookupIntrinsicID("llvm.experimental.guard", 23);
  LLVMValueRef callee = LLVMGetIntrinsicDeclaration(l->module, id, NULL, 0),
               condition = tz_lower_condition(l, n->inputs[0]);
  tz_lower_call_with_state(l, LLVMIntrinsicGetType(l->context, id, NULL, 0), callee, &condition, 1, n);
}

static void deoptimize(tz_lower *l, const tz_node *n) {
  uint32_t id = LLVMLookupIntrinsicID("llvm.experimental.deoptimize", 28);
  LLVMValueRef callee = LLVMGetIntrinsicDeclaration(l->module, id, &l->result, 1);
  LLVMTypeRef signature = LLVMIntrinsicGetType(l->context, id, &l->result, 1);
  LLVMBuildRet(l->builder, tz_lower_call_with_state(l, signature, callee, NULL, 0, n));
}

/* An atomic load would stand in the way of moving others; a volatile one does not, and is whole on every
 * machine. */
static LLVMValueRef is_asked(tz_lower *l) {
  LLVMValueRef asked = tz_lower_thread_load(l, offsetof(tz_thread, poll), l->i64, true);
  return LLVMBuildICmp(l->builder, LLVMIntNE, asked, tz_lower_int(l, 0), "");
}

/* ---- which is which ---- */

static LLVMValueRef call_word(tz_lower *l, const tz_node *n) {
  switch (n->op) {
  case TZ_NODE_CALL: return call_function(l, n, tz_lower_int(l, (int64_t)(intptr_t)n->imm.p), 0);
  case TZ_NODE_CALL_POINTER: return call_function(l, n, tz_lower_value(l, n->inputs[0]), 1);
  case TZ_NODE_EXCEPTION: return pending_exception(l, l->reference);
  default: return NULL;
  }
}

bool tz_lower_call(tz_lower *l, const tz_node *n) {
  LLVMValueRef word = call_word(l, n), bit = NULL;
  if (word != NULL) tz_lower_set(l, n, word);
  else if (n->op == TZ_NODE_POLL) return true; /* made by the BRANCH that follows */
  else if (n->op == TZ_NODE_GUARD) guard(l, n);
  else if (n->op == TZ_NODE_CLEAR_EXCEPTION) clear_exception(l);
  else if (n->op == TZ_NODE_RAISE) raise(l, n);
  else if (n->op == TZ_NODE_VALID) bit = is_valid(l);
  else if (n->op == TZ_NODE_SHORT) bit = LLVMConstInt(LLVMInt1TypeInContext(l->context), 1, false);
  else if (n->op == TZ_NODE_ASKED) bit = is_asked(l);
  else if (n->op == TZ_NODE_PENDING)
    bit = LLVMBuildICmp(l->builder, LLVMIntNE, pending_exception(l, l->i64), tz_lower_int(l, 0), "");
  else return false;
  if (bit != NULL) tz_lower_set_bit(l, n, bit);
  return true;
}

/* ---- ends of blocks ---- */

/* Control comes to successor k, which nth edges before it lead to, from this LLVM block. */
static void note_edge(tz_lower *l, const tz_block *from, uint32_t k, LLVMBasicBlockRef block) {
  uint32_t nth = 0;
  for (uint32_t i = 0; i < k; i++) nth += from->successors[i] == from->successors[k];
  l->edges[l->n_edges++] =
      (tz_edge_block){.from = from, .to = from->successors[k], .nth = nth, .block = block};
}

/* Where successor k of the block begins: behind a block of its own if it is not the first edge there, so that
 * PHIs can tell the edges apart. */
static LLVMBasicBlockRef target(tz_lower *l, const tz_block *from, uint32_t k) {
  const tz_block *to = from->successors[k];
  bool is_first = true;
  for (uint32_t i = 0; i < k; i++) is_first &= from->successors[i] != to;
  if (is_first || to->first->op != TZ_NODE_PHI) return l->begins[to->order];
  LLVMBasicBlockRef here = LLVMGetInsertBlock(l->builder), edge = tz_lower_block(l);
  LLVMPositionBuilderAtEnd(l->builder, edge);
  LLVMBuildBr(l->builder, l->begins[to->order]);
  LLVMPositionBuilderAtEnd(l->builder, here);
  note_edge(l, from, k, edge);
  return edge;
}

/* The branch on a poll's answer is taken where the answer is known: nothing is asked twice on the fast path,
 * not even at a loop's end, where LLVM would not thread the jump. */
static void branch_on_poll(tz_lower *l, const tz_node *n, const tz_node *poll) {
  LLVMBuilderRef b = l->builder;
  LLVMBasicBlockRef go_on = tz_lower_block(l), slow = tz_lower_block(l);
  tz_lower_weights(l, LLVMBuildCondBr(b, is_asked(l), slow, go_on), TZ_NEVER, TZ_ALWAYS);
  LLVMPositionBuilderAtEnd(b, slow);
  LLVMTypeRef signature;
  LLVMValueRef callee = tz_lower_runtime(l, TZ_CALL_tz_native_poll, &signature);
  LLVMValueRef answer = tz_lower_call_with_state(l, signature, callee, &l->thread, 1, poll);
  if (!poll->waits) call_attribute(l, answer, "memory", TZ_MEMORY_RUNTIME_AND_ARGUMENTS);
  LLVMValueRef must_leave = LLVMBuildICmp(b, LLVMIntNE, answer, tz_lower_int(l, 0), "");
  LLVMBasicBlockRef leave = target(l, n->block, 0);
  tz_lower_weights(l, LLVMBuildCondBr(b, must_leave, leave, go_on), TZ_NEVER, TZ_ALWAYS);
  note_edge(l, n->block, 0, slow);
  LLVMPositionBuilderAtEnd(b, go_on);
  LLVMBuildBr(b, target(l, n->block, 1));
  l->ends[n->block->order] = go_on;
}

static void branch(tz_lower *l, const tz_node *n) {
  if (n->inputs[0]->op == TZ_NODE_POLL) {
    branch_on_poll(l, n, n->inputs[0]);
    return;
  }
  LLVMValueRef condition = tz_lower_condition(l, n->inputs[0]);
  LLVMBasicBlockRef yes = target(l, n->block, 0), no = target(l, n->block, 1);
  uint32_t chance = n->aux > 1024 ? 1024 : n->aux;
  tz_lower_weights(l, LLVMBuildCondBr(l->builder, condition, yes, no), chance * 1024 + 1,
                   (1024 - chance) * 1024 + 1);
}

static void switch_on(tz_lower *l, const tz_node *n) {
  uint32_t last = n->block->n_successors - 1;
  LLVMValueRef index = tz_lower_value(l, n->inputs[0]);
  LLVMValueRef end = LLVMBuildSwitch(l->builder, index, target(l, n->block, last), last);
  for (uint32_t i = 0; i < last; i++) LLVMAddCase(end, tz_lower_int(l, i), target(l, n->block, i));
}

/* PHIs of the successors want to know where the block ends. */
bool tz_lower_end(tz_lower *l, const tz_node *n) {
  l->ends[n->block->order] = LLVMGetInsertBlock(l->builder);
  switch (n->op) {
  case TZ_NODE_JUMP: LLVMBuildBr(l->builder, l->begins[n->block->successors[0]->order]); return true;
  case TZ_NODE_BRANCH: branch(l, n); return true;
  case TZ_NODE_SWITCH: switch_on(l, n); return true;
  case TZ_NODE_RETURN:
    LLVMBuildRet(l->builder, n->n_inputs > 0 ? tz_lower_value(l, n->inputs[0]) : tz_lower_int(l, 0));
    return true;
  case TZ_NODE_FAIL: LLVMBuildRet(l->builder, LLVMConstNull(l->result)); return true;
  case TZ_NODE_DEOPT: deoptimize(l, n); return true;
  default: return false;
  }
}
