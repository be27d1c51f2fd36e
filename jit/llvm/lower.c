/* lower.c: the frame of the lowering: function, blocks, PHIs. Read lower.h. */
#include "lower.h"
#include <ctype.h>
#include <stdarg.h>
#include <stdlib.h>

void tz_lower_problem(tz_lower *l, const char *format, ...) {
  if (l->problem != NULL) return;
  va_list args;
  va_start(args, format);
  if (vasprintf(&l->problem, format, args) < 0) l->problem = NULL;
  va_end(args);
}

static void note_diagnostic(LLVMDiagnosticInfoRef info, void *data) {
  if (LLVMGetDiagInfoSeverity(info) != LLVMDSError) return;
  char *text = LLVMGetDiagInfoDescription(info);
  tz_lower_problem(data, "LLVM: %s", text);
  LLVMDisposeMessage(text);
}

static void make_types(tz_lower *l) {
  LLVMContextRef c = l->context;
  l->void_type = LLVMVoidTypeInContext(c);
  l->i1 = LLVMInt1TypeInContext(c);
  l->i8 = LLVMInt8TypeInContext(c);
  l->i16 = LLVMInt16TypeInContext(c);
  l->i32 = LLVMInt32TypeInContext(c);
  l->i64 = LLVMInt64TypeInContext(c);
  l->f32 = LLVMFloatTypeInContext(c);
  l->f64 = LLVMDoubleTypeInContext(c);
  l->pointer = LLVMPointerTypeInContext(c, 0);
  l->reference = LLVMPointerTypeInContext(c, 1);
}

bool tz_lower_init(tz_lower *l, const tz_llvm *llvm, const tz_llvm_request *request) {
  const tz_graph *g = request->graph;
  *l = (tz_lower){.llvm = llvm, .request = request, .graph = g};
  size_t n_edges = 0;
  for (uint32_t i = 0; i < g->n_blocks; i++) n_edges += g->blocks[i]->n_successors;
  l->values = calloc(g->n_nodes + 1, sizeof *l->values);
  l->begins = calloc(g->n_blocks + 1, sizeof *l->begins);
  l->ends = calloc(g->n_blocks + 1, sizeof *l->ends);
  l->edges = calloc(n_edges + 1, sizeof *l->edges);
  if (l->values == NULL || l->begins == NULL || l->ends == NULL || l->edges == NULL) return false;
  l->context = LLVMContextCreate();
  LLVMContextSetDiscardValueNames(l->context, !request->dump_llvm);
  LLVMContextSetDiagnosticHandler(l->context, note_diagnostic, l);
  l->module = LLVMModuleCreateWithNameInContext("terza", l->context);
  LLVMSetTarget(l->module, llvm->triple);
  LLVMSetDataLayout(l->module, llvm->optimizer_layout);
  l->builder = LLVMCreateBuilderInContext(l->context);
  make_types(l);
  l->tbaa_root = LLVMMDNodeInContext2(l->context,
                                      (LLVMMetadataRef[]){LLVMMDStringInContext2(l->context, "terza", 5)}, 1);
  return true;
}

void tz_lower_fini(tz_lower *l) {
  if (l->builder != NULL) LLVMDisposeBuilder(l->builder);
  if (l->context != NULL) LLVMContextDispose(l->context); /* with the module */
  tz_lower_states_fini(l);
  free(l->values);
  free(l->begins);
  free(l->ends);
  free(l->edges);
}

/* ---- small parts ---- */

LLVMTypeRef tz_lower_type(const tz_lower *l, tz_node_type type) {
  switch (type) {
  case TZ_TYPE_FLOAT: return l->f64;
  case TZ_TYPE_REF:
  case TZ_TYPE_ANY: return l->reference;
  default: return l->i64; /* nothing is the number 0 */
  }
}

LLVMValueRef tz_lower_int(const tz_lower *l, int64_t value) {
  return LLVMConstInt(l->i64, (uint64_t)value, true);
}

LLVMValueRef tz_lower_address(const tz_lower *l, const void *address) {
  return LLVMConstIntToPtr(tz_lower_int(l, (int64_t)(intptr_t)address), l->pointer);
}

LLVMValueRef tz_lower_at(tz_lower *l, LLVMValueRef pointer, int64_t bytes) {
  LLVMValueRef offset = tz_lower_int(l, bytes);
  return bytes == 0 ? pointer : LLVMBuildInBoundsGEP2(l->builder, l->i8, pointer, &offset, 1, "");
}

LLVMBasicBlockRef tz_lower_block(tz_lower *l) {
  LLVMBasicBlockRef next = LLVMGetNextBasicBlock(LLVMGetInsertBlock(l->builder));
  return next != NULL ? LLVMInsertBasicBlockInContext(l->context, next, "")
                      : LLVMAppendBasicBlockInContext(l->context, l->function, "");
}

LLVMValueRef tz_lower_intrinsic(tz_lower *l, const char *name, LLVMTypeRef overload, LLVMValueRef *args,
                                uint32_t n) {
  uint32_t id = LLVMLookupIntrinsicID(name, strlen(name)), n_overloads = overload != NULL;
  LLVMValueRef callee = LLVMGetIntrinsicDeclaration(l->module, id, &overload, n_overloads);
  return LLVMBuildCall2(l->builder, LLVMIntrinsicGetType(l->context, id, &overload, n_overloads), callee,
                        args, n, "");
}

void tz_lower_weights(tz_lower *l, LLVMValueRef branch, uint32_t if_true, uint32_t if_false) {
  LLVMMetadataRef parts[] = {LLVMMDStringInContext2(l->context, "branch_weights", 14),
                             LLVMValueAsMetadata(LLVMConstInt(l->i32, if_true, false)),
                             LLVMValueAsMetadata(LLVMConstInt(l->i32, if_false, false))};
  LLVMMetadataRef weights = LLVMMDNodeInContext2(l->context, parts, 3);
  LLVMSetMetadata(branch, LLVMGetMDKindIDInContext(l->context, "prof", 4),
                  LLVMMetadataAsValue(l->context, weights));
}

/* ---- values ---- */

void tz_lower_set(tz_lower *l, const tz_node *n, LLVMValueRef word) { l->values[n->id].word = word; }

void tz_lower_set_bit(tz_lower *l, const tz_node *n, LLVMValueRef bit) {
  l->values[n->id].bit = bit;
  l->values[n->id].word = LLVMBuildZExt(l->builder, bit, l->i64, "");
}

static LLVMValueRef constant(const tz_lower *l, const tz_node *n) {
  switch (n->op) {
  case TZ_NODE_INT: return tz_lower_int(l, n->imm.i);
  case TZ_NODE_FLOAT: return LLVMConstBitCast(tz_lower_int(l, n->imm.i), l->f64); /* NaNs keep their bits */
  case TZ_NODE_REF:
  case TZ_NODE_ANY:
    return n->imm.i == 0 ? LLVMConstNull(l->reference)
                         : LLVMConstIntToPtr(tz_lower_int(l, n->imm.i), l->reference);
  default: return NULL;
  }
}

LLVMValueRef tz_lower_value(tz_lower *l, const tz_node *n) {
  tz_lowered *v = &l->values[n->id];
  if (v->word == NULL) v->word = constant(l, n);
  if (v->word == NULL) {
    tz_lower_problem(l, "v%u (%u) is used before it is made", n->id, n->op);
    v->word = LLVMGetUndef(tz_lower_type(l, n->type));
  }
  return v->word;
}

LLVMValueRef tz_lower_condition(tz_lower *l, const tz_node *n) {
  LLVMValueRef word = tz_lower_value(l, n), bit = l->values[n->id].bit;
  return bit != NULL ? bit : LLVMBuildICmp(l->builder, LLVMIntNE, word, tz_lower_int(l, 0), "");
}

/* ---- the function ---- */

/* Debuggers and profilers show it. */
static void symbol_name(const tz_graph *g, char *name, size_t room) {
  snprintf(name, room, "%s", g->function->name);
  for (char *c = name; *c != 0; c++)
    if (!isalnum((unsigned char)*c) && strchr("._$", *c) == NULL) *c = '_';
}

static bool is_loop_entry(const tz_lower *l) { return l->graph->osr_pc != TZ_NO_OSR; }

static LLVMTypeRef declared_type(const tz_lower *l, const tz_type *type) {
  return type->rep == 'I' ? l->i64 : type->rep == 'F' ? l->f64 : l->reference;
}

static void make_function(tz_lower *l) {
  const tz_graph *g = l->graph;
  const tz_sig *declared = g->function->signature;
  uint32_t n = 2;
  LLVMTypeRef *types = calloc(declared->n_params + 3, sizeof *types);
  if (types == NULL) {
    tz_lower_problem(l, "out of memory");
    return;
  }
  types[0] = types[1] = l->pointer;
  if (is_loop_entry(l)) types[n++] = l->pointer;
  else
    for (uint32_t i = 0; i < declared->n_params; i++) types[n++] = declared_type(l, declared->params[i]);
  l->result = tz_lower_type(l, g->result);
  l->signature = LLVMFunctionType(l->result, types, n, false);
  free(types);
  char name[256];
  symbol_name(g, name, sizeof name);
  l->function = LLVMAddFunction(l->module, name, l->signature);
  l->thread = LLVMGetParam(l->function, 0);
  for (uint32_t i = 0; i < n; i++) /* what they lead to need not be frozen before loops are unswitched */
    tz_lower_parameter_attribute(l, l->function, i, "noundef", 0);
  LLVMSetGC(l->function, "statepoint-example");
  tz_lower_string_attribute(l, l->function, "frame-pointer", "all");
  tz_lower_function_attribute(l, l->function, "nounwind", 0);
  tz_lower_function_attribute(l, l->function, "uwtable",
                              1); /* .eh_frame exact at calls, which is what debuggers see */
}

static bool has_calls(const tz_graph *g) {
  for (uint32_t i = 0; i < g->n_blocks; i++)
    for (const tz_node *n = g->blocks[i]->first; n != NULL; n = n->next)
      if (n->op == TZ_NODE_CALL || n->op == TZ_NODE_CALL_POINTER) return true;
  return false;
}

/* When the native stack is used up, the function runs on a VM frame instead. Its place is taken over by a
 * jump: the stub then returns to our caller, whose state at the call is the one to be seen. */
static void check_stack(tz_lower *l) {
  LLVMValueRef level = LLVMConstInt(l->i32, 0, false);
  LLVMValueRef frame = tz_lower_intrinsic(l, "llvm.frameaddress", l->pointer, &level, 1);
  LLVMValueRef limit = tz_lower_thread_load(l, offsetof(tz_thread, native_limit), l->pointer, true);
  LLVMValueRef is_deep = LLVMBuildICmp(l->builder, LLVMIntULT, frame, limit, "");
  LLVMBasicBlockRef go_on = tz_lower_block(l), deep = tz_lower_block(l);
  tz_lower_weights(l, LLVMBuildCondBr(l->builder, is_deep, deep, go_on), TZ_NEVER, TZ_ALWAYS);
  LLVMPositionBuilderAtEnd(l->builder, deep);
  uint32_t n = LLVMCountParams(l->function);
  LLVMValueRef *params = calloc(n, sizeof *params);
  if (params == NULL) {
    tz_lower_problem(l, "out of memory");
    return;
  }
  LLVMGetParams(l->function, params);
  LLVMValueRef stub = LLVMAddFunction(l->module, "tz_vm_call_stub", l->signature);
  tz_lower_string_attribute(l, stub, "gc-leaf-function",
                            "true"); /* our frame is gone: nothing to be found in it */
  tz_lower_function_attribute(l, stub, "nounwind", 0);
  LLVMValueRef call = LLVMBuildCall2(l->builder, l->signature, stub, params, n, "");
  LLVMSetTailCallKind(call, LLVMTailCallKindMustTail);
  LLVMBuildRet(l->builder, call);
  LLVMPositionBuilderAtEnd(l->builder, go_on);
  free(params);
}

static void make_blocks(tz_lower *l) {
  const tz_graph *g = l->graph;
  LLVMBasicBlockRef prologue = LLVMAppendBasicBlockInContext(l->context, l->function, "");
  for (uint32_t i = 0; i < g->n_blocks; i++) {
    char name[16];
    snprintf(name, sizeof name, "b%u", g->blocks[i]->id);
    l->begins[i] = LLVMAppendBasicBlockInContext(l->context, l->function, name);
  }
  LLVMPositionBuilderAtEnd(l->builder, prologue);
  if (!is_loop_entry(l) && has_calls(g)) check_stack(l);
  LLVMBuildBr(l->builder, l->begins[g->entry->order]);
}

/* A register of the frame that a loop is entered from, or an argument. */
static LLVMValueRef parameter(tz_lower *l, const tz_node *n) {
  uint32_t index = (uint32_t)n->imm.i + 2;
  if (!is_loop_entry(l)) {
    if (tz_lower_size(n) > 0) {
      tz_lower_parameter_attribute(l, l->function, index, "align", 8);
      tz_lower_parameter_attribute(l, l->function, index, "dereferenceable_or_null", tz_lower_size(n));
    }
    return LLVMGetParam(l->function, index);
  }
  LLVMValueRef from = tz_lower_at(l, LLVMGetParam(l->function, 2), n->imm.i * 8);
  LLVMValueRef load = LLVMBuildLoad2(l->builder, tz_lower_type(l, (tz_node_type)n->type), from, "");
  return tz_lower_object(l, tz_lower_tag(l, load, "frame"), n);
}

static void lower_node(tz_lower *l, const tz_node *n) {
  if (n->op == TZ_NODE_PHI) {
    tz_lower_set(l, n, LLVMBuildPhi(l->builder, tz_lower_type(l, (tz_node_type)n->type), ""));
    return;
  }
  if (n->op == TZ_NODE_PARAM) {
    tz_lower_set(l, n, parameter(l, n));
    return;
  }
  if (constant(l, n) != NULL) return; /* made where it is used */
  if (!tz_lower_arithmetic(l, n) && !tz_lower_any(l, n) && !tz_lower_class(l, n) && !tz_lower_memory(l, n) &&
      !tz_lower_call(l, n) && !tz_lower_end(l, n))
    tz_lower_problem(l, "no lowering of operation %u", n->op);
}

/* ---- PHIs ---- */

/* The LLVM block that control comes from along the edge to->predecessors[i]. */
static LLVMBasicBlockRef edge_source(const tz_lower *l, const tz_block *to, uint32_t i) {
  const tz_block *from = to->predecessors[i];
  uint32_t nth = 0;
  for (uint32_t k = 0; k < i; k++) nth += to->predecessors[k] == from;
  for (uint32_t k = 0; k < l->n_edges; k++)
    if (l->edges[k].from == from && l->edges[k].to == to && l->edges[k].nth == nth) return l->edges[k].block;
  return l->ends[from->order];
}

static void fill_phis(tz_lower *l, const tz_block *b) {
  for (const tz_node *phi = b->first; phi != NULL && phi->op == TZ_NODE_PHI; phi = phi->next)
    for (uint32_t i = 0; i < phi->n_inputs; i++) {
      LLVMValueRef value = tz_lower_value(l, phi->inputs[i]);
      LLVMBasicBlockRef from = edge_source(l, b, i);
      LLVMAddIncoming(l->values[phi->id].word, &value, &from, 1);
    }
}

void tz_lower_graph(tz_lower *l) {
  const tz_graph *g = l->graph;
  make_function(l);
  if (l->problem != NULL) return;
  if (g->n_origins > 0) tz_origins_begin(l);
  make_blocks(l);
  for (uint32_t i = 0; i < g->n_blocks && l->problem == NULL; i++) {
    LLVMPositionBuilderAtEnd(l->builder, l->begins[i]);
    for (const tz_node *n = g->blocks[i]->first; n != NULL; n = n->next) {
      tz_origins_at(l, n->origin);
      lower_node(l, n);
    }
  }
  for (uint32_t i = 0; i < g->n_blocks && l->problem == NULL; i++) fill_phis(l, g->blocks[i]);
}
