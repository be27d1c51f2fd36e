/* lower.h: the lowering at work, private to jit/llvm. docs/optimizing.md, "Lowering".
 *
 * One tz_lower turns one graph into one LLVM module, in four steps:
 *   lower.c, lower_*.c   the graph becomes IR, in which allocation, write barrier and leaving for the
 *                        interpreter are opaque calls that LLVM's optimizer understands by their attributes
 *   passes.c             the optimizer
 *   late.c               the opaque calls become what they stand for; references are made safe (statepoints)
 *   emit.c               machine code
 *
 * Invariants that keep references safe:
 *   - a reference or dynamic value is `ptr addrspace(1)` and never lies in an alloca or an aggregate
 *   - an integer made of one is used for its tag bits and immediate payload alone, which no move changes
 *   - memory that the runtime changes behind a call which claims to leave guest memory alone is read and
 * written volatile */
#pragma once
#include "llvm_tier.h"
#include "terza/thread.h"
#include <llvm-c/Core.h>
#include <llvm-c/TargetMachine.h>

struct tz_llvm {
  LLVMTargetMachineRef machine;
  char *triple, *layout;
  char *optimizer_layout; /* the same, with references not to be turned into integers and back */
};

/* What a node has become. */
typedef struct tz_lowered {
  LLVMValueRef word; /* i64, double or reference; NULL: not yet lowered */
  LLVMValueRef bit;  /* of comparisons: the same as i1 */
  uint32_t seen_in;  /* number of the last state that names the node, from 1 */
  uint32_t index;    /* there: operand, or virtual object */
} tz_lowered;

typedef enum tz_runtime_call {
#define TZ_CALL(name, RESULT, arguments, KIND, meaning) TZ_CALL_##name,
#include "calls.def"
#undef TZ_CALL
  TZ_CALL_COUNT
} tz_runtime_call;

typedef struct tz_edge_block { /* the LLVM block that control comes from along an edge, if it is not the
                                  block's end */
  const tz_block *from, *to;
  uint32_t nth; /* of these edges, from 0 */
  LLVMBasicBlockRef block;
} tz_edge_block;

/* States as they grow (lower_state.c). */
typedef struct tz_state_maker {
  tz_states all;              /* arrays of their own, with room for the next power of two */
  const tz_frame_state *last; /* whose operands are at hand */
  tz_state last_made;
  const tz_node **operands;
  uint32_t n_operands;
  const tz_node **virtuals;
  uint32_t n_virtuals;
  uint32_t serial;
} tz_state_maker;

typedef struct tz_lower {
  const tz_llvm *llvm;
  const tz_llvm_request *request;
  const tz_graph *graph;
  LLVMContextRef context;
  LLVMModuleRef module;
  LLVMBuilderRef builder;
  LLVMTypeRef void_type, i1, i8, i16, i32, i64, f32, f64, pointer, reference;
  LLVMTypeRef result, signature; /* of the function */
  LLVMValueRef function, thread;
  tz_lowered *values;        /* by node id */
  LLVMBasicBlockRef *begins; /* by block order: where a block begins */
  LLVMBasicBlockRef *ends;   /* ... and ends: a node may take several */
  tz_edge_block *edges;
  uint32_t n_edges;
  LLVMMetadataRef tbaa_root;
  tz_state_maker states;
  LLVMMetadataRef origin_scope; /* origins.c; NULL: the graph has none */
  uint64_t started_ns;          /* by tz_llvm_clock */
  char *problem;                /* the first one; malloc'd */
} tz_lower;

void tz_lower_problem(tz_lower *l, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* ---- lower.c ---- */
bool tz_lower_init(tz_lower *l, const tz_llvm *llvm,
                   const tz_llvm_request *request); /* false: out of memory */
void tz_lower_fini(tz_lower *l);
void tz_lower_graph(tz_lower *l); /* into l->module; looks at l->problem behind it */
LLVMTypeRef tz_lower_type(const tz_lower *l, tz_node_type type);
LLVMValueRef tz_lower_value(tz_lower *l, const tz_node *n);     /* as i64, double or reference */
LLVMValueRef tz_lower_condition(tz_lower *l, const tz_node *n); /* INT n != 0, as i1 */
LLVMBasicBlockRef tz_lower_block(tz_lower *l); /* a new one behind the one at hand, for parts of a node */
LLVMValueRef tz_lower_int(const tz_lower *l, int64_t value);
LLVMValueRef tz_lower_address(const tz_lower *l, const void *address); /* as pointer */
LLVMValueRef tz_lower_at(tz_lower *l, LLVMValueRef pointer,
                         int64_t bytes); /* pointer + bytes, in the same object */
LLVMValueRef tz_lower_intrinsic(tz_lower *l, const char *name, LLVMTypeRef overload, LLVMValueRef *args,
                                uint32_t n);
void tz_lower_weights(tz_lower *l, LLVMValueRef branch, uint32_t if_true, uint32_t if_false);
enum { TZ_NEVER = 1, TZ_ALWAYS = 1 << 20 }; /* weights of slow paths and of the others */

/* ---- Operations by kind, each in its file; false: not one of these ---- */
bool tz_lower_arithmetic(tz_lower *l, const tz_node *n); /* lower_node.c: ints and floats */
bool tz_lower_any(tz_lower *l, const tz_node *n);        /* lower_any.c: dynamic values, identity */
bool tz_lower_class(tz_lower *l, const tz_node *n);      /* lower_any.c: what classes tell */
bool tz_lower_memory(tz_lower *l, const tz_node *n);     /* lower_memory.c: guest memory, allocation */
bool tz_lower_call(tz_lower *l, const tz_node *n);       /* lower_call.c: calls, guards, exceptions */
bool tz_lower_end(tz_lower *l, const tz_node *n);        /* lower_call.c: ends of blocks, polls with them */
/* Notes what n has become. A bit gives both forms. */
void tz_lower_set(tz_lower *l, const tz_node *n, LLVMValueRef word);
void tz_lower_set_bit(tz_lower *l, const tz_node *n, LLVMValueRef bit);

/* ---- lower_memory.c ---- */
/* The access touches only memory of the kind so named: accesses of different names never meet (TBAA). */
LLVMValueRef tz_lower_tag(tz_lower *l, LLVMValueRef access, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/* What the access reads never changes. */
LLVMValueRef tz_lower_invariant(tz_lower *l, LLVMValueRef load);
/* The object that n is known to be, if it is not null, has at least so many bytes; 0: nothing is known. They may
 * be read ahead of time, which takes loads out of loops. */
uint32_t tz_lower_size(const tz_node *n);
LLVMValueRef tz_lower_object(tz_lower *l, LLVMValueRef load, const tz_node *n); /* the load, which is told so */
/* A field of the thread. */
LLVMValueRef tz_lower_thread_load(tz_lower *l, size_t offset, LLVMTypeRef type, bool is_volatile);

/* ---- lower_call.c ---- */
LLVMValueRef tz_lower_runtime(tz_lower *l, tz_runtime_call call,
                              LLVMTypeRef *signature); /* declared at first use */
/* A call with a deopt bundle: the number of n's state, then its operands (none for a state of places only).
 */
LLVMValueRef tz_lower_call_with_state(tz_lower *l, LLVMTypeRef signature, LLVMValueRef callee,
                                      LLVMValueRef *args, uint32_t n_args, const tz_node *n);
LLVMValueRef tz_lower_call_with_bundle(tz_lower *l, LLVMTypeRef signature, LLVMValueRef callee,
                                       LLVMValueRef *args, uint32_t n_args, LLVMValueRef *bundle,
                                       uint32_t n_bundle);
void tz_lower_function_attribute(tz_lower *l, LLVMValueRef function, const char *name, uint64_t value);
void tz_lower_string_attribute(tz_lower *l, LLVMValueRef function, const char *name, const char *value);
/* Of a parameter, counted from 0. */
void tz_lower_parameter_attribute(tz_lower *l, LLVMValueRef function, uint32_t parameter, const char *name,
                                  uint64_t value);
/* The values of LLVM's attribute memory(…): two bits each for what arguments point to, what only the runtime
 * sees, and the rest */
enum {
  TZ_MEMORY_NONE = 0,
  TZ_MEMORY_ARGUMENTS_WRITTEN = 0x2,
  TZ_MEMORY_RUNTIME = 0xc,
  TZ_MEMORY_RUNTIME_AND_ARGUMENTS = 0xf
};

/* ---- lower_state.c ---- */
/* The state's number; its operands are then l->states.operands. UINT32_MAX: out of memory, noted as problem.
 */
uint32_t tz_lower_state(tz_lower *l, const tz_node *n);
tz_states *tz_lower_states_finish(tz_lower *l); /* in one block of memory, for free(); NULL: out of memory */
void tz_lower_states_fini(tz_lower *l);

/* ---- late.c: the opaque calls of the optimizer's time ---- */
LLVMValueRef tz_late_new(tz_lower *l, LLVMTypeRef *signature); /* (th, class, bytes): a reference */
LLVMValueRef tz_late_new_array(tz_lower *l,
                               LLVMTypeRef *signature); /* (th, type, length, class, size, shift) */
LLVMValueRef tz_late_barrier(tz_lower *l, LLVMTypeRef *signature); /* (th, object, offset) */
bool tz_late_define_allocation(tz_lower *l);                       /* false: there is none */
bool tz_late_define_barrier(tz_lower *l);                          /* false: there is none */
/* Leaving for the interpreter: llvm.experimental.deoptimize becomes a call whose result is returned. */
void tz_late_define_deopt(tz_lower *l);

/* ---- cost.c: limits on time ---- */
uint64_t tz_llvm_clock(void); /* processor time of this thread, in ns */
/* All passes would take more of the limit than is due to them: only those that take little are run. */
bool tz_llvm_is_large(const tz_lower *l);
/* False: with so much more it would be over the limit, noted as problem. */
bool tz_llvm_has_time(tz_lower *l, uint64_t more_ns);
/* What the code generator will take for the module as it is, about. */
uint64_t tz_llvm_emitting_ns(const tz_lower *l);

/* ---- passes.c, emit.c: false: l->problem says why ---- */
bool tz_llvm_run_passes(tz_lower *l);
bool tz_llvm_emit(tz_lower *l, void **object, size_t *bytes); /* malloc'd */
void tz_llvm_print(tz_lower *l, const char *title);
void tz_llvm_disassemble(tz_lower *l, const void *object, size_t bytes);

/* ---- origins.c: for graphs that keep origins ---- */
void tz_origins_begin(tz_lower *l);                       /* once the function is there */
void tz_origins_at(tz_lower *l, uint32_t origin);         /* of what is built from now on */
void tz_origins_print(const tz_lower *l, const char *ir); /* behind each instruction its origin: `; #3` */
/* Machine code from this offset on, up to the next row, comes from the origin; 0: from none. By offset. */
typedef struct tz_origin_row {
  uint64_t offset;
  uint32_t origin;
} tz_origin_row;
typedef struct tz_origin_rows {
  tz_origin_row *at; /* malloc'd */
  uint32_t n;
} tz_origin_rows;
tz_origin_rows tz_origins_read(const uint8_t *debug_line, size_t bytes);
