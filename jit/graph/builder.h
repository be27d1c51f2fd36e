/* builder.h: the graph builder's inside, shared by build*.c.
 *
 * Bytecode blocks are built in reverse postorder; `env` holds the node of each register of the function at
 * hand. A callee to be inlined gets a tz_scope of its own on top. `block` is where nodes go; NULL: the place
 * at hand is never reached. */
#pragma once
#include "build.h"
#include "flow.h"
#include "hierarchy.h"

typedef struct tz_arrival { /* an edge that has been built, waiting for its target */
  struct tz_arrival *next;
  tz_block *from; /* ends there; not yet linked */
  tz_node **env;
  float frequency;
} tz_arrival;

typedef struct tz_place { /* a bytecode block while its scope is built */
  tz_arrival *arrivals, *back_edges;
  uint32_t n_arrivals, n_back_edges;
  tz_block *header; /* of a loop, once begun */
  tz_node **phis;   /* by register; NULL: none */
} tz_place;

typedef struct tz_scope { /* one function being built */
  struct tz_scope *outer;
  tz_flow *flow;
  tz_function *function;
  tz_frame_state *outer_state;
  tz_place *places;
  tz_arrival *returns; /* env: one node, the result */
  uint32_t n_returns, depth;
  uint32_t outer_origin; /* of the call that built it in */
  uint32_t call_pc;      /* in the outer function */
  tz_node **outer_env;   /* of the outer scope, which waits at that call */
} tz_scope;

typedef struct tz_builder {
  tz_graph *graph;
  const tz_build_options *options;
  tz_scope *scope;
  tz_block *block;
  tz_node **env;
  uint32_t pc;
  uint32_t n_receivers;  /* classes seen at the call at hand, for the policy */
  float frequency;       /* how often the place at hand is reached for each entry of the graph, as far as the
                            profile tells */
  tz_frame_state *state; /* at pc with env as it is; NULL: not made yet */
  tz_flow *flows[64];    /* of functions inlined, by a hash of their address */
  const char *problem;
} tz_builder;

static inline tz_insn tz_builder_insn(const tz_builder *b) { return b->scope->function->code[b->pc]; }

/* ---- build.c ---- */
_Noreturn void tz_give_up(tz_builder *b,
                          const char *problem); /* static text; the function stays on the lower tiers */
tz_node *tz_emit(tz_builder *b, tz_node_op op, tz_node_type type, uint32_t n, tz_node *const *inputs);
#define TZ_EMIT(b, NAME, type, ...)                                                                          \
  tz_emit(b, TZ_NODE_##NAME, type, sizeof((tz_node *[]){__VA_ARGS__}) / sizeof(tz_node *),                   \
          (tz_node *[]){__VA_ARGS__})
tz_node *tz_emit_int(tz_builder *b, int64_t i);
tz_node *tz_emit_address(tz_builder *b, const void *p);
static inline tz_node *tz_emit1(tz_builder *b, tz_node_op op, tz_node_type type, tz_node *x) {
  return tz_emit(b, op, type, 1, &x);
}
static inline tz_node *tz_emit2(tz_builder *b, tz_node_op op, tz_node_type type, tz_node *x, tz_node *y) {
  return tz_emit(b, op, type, 2, (tz_node *[]){x, y});
}
static inline tz_node *tz_emit_i1(tz_builder *b, tz_node_op op, tz_node *x) {
  return tz_emit1(b, op, TZ_TYPE_INT, x);
}
static inline tz_node *tz_emit_i2(tz_builder *b, tz_node_op op, tz_node *x, tz_node *y) {
  return tz_emit2(b, op, TZ_TYPE_INT, x, y);
}
tz_node *tz_emit_not(tz_builder *b, tz_node *x); /* of a node that is 0 or 1 */

tz_node_type tz_type_of(const tz_type *type);
tz_node *tz_read(tz_builder *b, uint32_t reg);
void tz_write(tz_builder *b, uint32_t reg, tz_node *value);
/* What the type of a register says of its value. */
void tz_stamp(tz_node *node, const tz_type *type);

/* The state at the instruction at hand, which has not begun; or for the call at hand, seen by its callee; or
 * its place only. */
tz_frame_state *tz_state_before(tz_builder *b);
tz_frame_state *tz_state_outer(tz_builder *b, uint32_t result);
tz_frame_state *tz_state_place(tz_builder *b);

/* seen.c: what the profile says of the instruction at hand; c: where in the constants its site lies. */
tz_branch_profile tz_seen_branch(tz_builder *b);
uint8_t tz_seen_operands(tz_builder *b);
tz_site tz_seen_site(tz_builder *b, uint32_t c);
/* What an operator has found, the same each time (tz_profile_method): the class, or whatever it was found by,
 * and the method, which may be NULL. 0: nothing, or several. */
uint32_t tz_seen_method(const tz_builder *b, tz_function **method);

void tz_return(tz_builder *b, tz_node *value);
/* The block at hand ends, and goes to the instruction at pc of the scope at hand, with b->env. */
void tz_arrive(tz_builder *b, uint32_t pc);
tz_node **tz_env_copy(tz_builder *b, tz_node *const *env, uint32_t n);

/* Ends the block with a branch; both successors are new blocks. */
typedef struct tz_fork {
  tz_block *yes, *no;
} tz_fork;
tz_fork tz_branch(tz_builder *b, tz_node *cond, uint32_t probability);
/* Where several ways meet again: each that reaches brings a value. */
typedef struct tz_join {
  tz_arrival *arrivals;
  uint32_t n;
} tz_join;
void tz_join_add(tz_builder *b, tz_join *join,
                 tz_node *value); /* from b->block, which ends; NULL value allowed for all */
tz_node *tz_join_finish(tz_builder *b, tz_join *join,
                        tz_node_type type); /* goes on behind; NULL: nothing arrived */

/* The bytecode of f as a scope on top, entered with b->env = its registers; b->block then is where it
 * returns, the result is returned (NULL: none). */
tz_node *tz_build_scope(tz_builder *b, tz_flow *flow, tz_node **env, tz_frame_state *outer_state);
tz_flow *tz_flow_of(tz_builder *b, tz_function *f);

/* ---- build_exits.c ---- */
bool tz_may_speculate(tz_builder *b); /* at the instruction at hand */
/* Goes on in the interpreter unless cond != 0. */
void tz_guard(tz_builder *b, tz_node *cond, tz_deopt_reason reason);
/* The same for an instruction that throws unless cond != 0: where that has happened often, it throws in
 * compiled code. */
void tz_check(tz_builder *b, tz_node *cond, tz_deopt_reason reason);
void tz_check_nonnull(tz_builder *b, tz_node *x);
/* Ends the block there. */
void tz_deopt(tz_builder *b, tz_deopt_reason reason);
/* After a call: leaves if an exception is pending. After an allocation: if it failed. */
void tz_check_pending(tz_builder *b);
void tz_check_allocated(tz_builder *b, tz_node *object);
/* Ends the block with an exception pending: to a handler of some frame at hand, directly or by way of the
 * interpreter, or to the caller. */
void tz_fail(tz_builder *b);
/* Ends the block by throwing the error, which is not null. */
void tz_raise_error(tz_builder *b, tz_node *error);

/* ---- build_op.c, build_call.c, build_any.c: one instruction; false: the opcode is not theirs ---- */
void tz_build_op(tz_builder *b);
bool tz_build_call(tz_builder *b);
bool tz_build_any(tz_builder *b);
/* The instruction at hand by its outlined function; writes no register. The result, NULL if it has none. */
tz_node *tz_build_outlined(tz_builder *b);
/* A call of f with args; inlines it if it may. The result, NULL if none. */
tz_node *tz_build_call_of(tz_builder *b, tz_function *f, tz_node **args, uint32_t n, uint32_t result_reg);
/* build_hierarchy.c: the one function that a call by receiver can mean, by its vtable slot, or its number in
 * an interface (NULL: none), as far as classes are loaded; `type` is that of the receiver's register. NULL:
 * not certain. */
tz_function *tz_build_only_target(tz_builder *b, const tz_node *receiver, const tz_type *type,
                                  const tz_class *interface, uint32_t method);
/* Whether the type accepts the object, which is not null, whatever class of those loaded it has. */
bool tz_build_always_accepted(tz_builder *b, const tz_node *object, const tz_type *by);
/* What a call of the native f gives, without a call. NULL: it takes one. */
tz_node *tz_build_intrinsic(tz_builder *b, const tz_function *f, tz_node **args, uint32_t n);
/* The operator at hand by the method that objects of the class seen have for it; args are changed. False:
 * more than one class, or nothing known. */
bool tz_build_operator(tz_builder *b, tz_node **args, uint32_t n, uint32_t result_reg, tz_node **value);
tz_node *tz_load_field(tz_builder *b, tz_node *object, uint32_t slot, tz_node_type type);
/* 1 if strings s and t, null or not, have the same bytes. */
tz_node *tz_build_same_text(tz_builder *b, tz_node *s, tz_node *t);
/* x, which has passed a cast to the type; where it does not it throws, or the code is left. */
tz_node *tz_build_checked(tz_builder *b, tz_node *x, const tz_type *type);
/* A dynamic value as one of a declared type, guarded. */
tz_node *tz_build_unboxed(tz_builder *b, tz_node *value, const tz_type *type);
