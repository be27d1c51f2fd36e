/* build.h: from bytecode and profile to a graph, inlining as it goes.
 *
 * Speculates on what the profile has seen: receiver classes of inline caches, kinds of dynamic values, places
 * never reached. Each speculation is a GUARD, unless the policy says that it has failed there too often; then
 * the general form is built. The policy (terza/jit_policy.h) also says what is built in. */
#pragma once
#include "graph.h"
#include "terza/jit_policy.h"

/* One call site considered for inlining, for logs and for replaying decisions. */
typedef struct tz_inline_decision {
  struct tz_inline_decision *next;
  const tz_function *caller, *callee;
  uint32_t pc, depth;
  bool is_inlined;
  const char *reason; /* the policy's */
} tz_inline_decision;

/* An instruction at which the policy did not want the profile relied on. */
typedef struct tz_generic_place {
  struct tz_generic_place *next;
  const tz_function *function;
  uint32_t pc;
  const char *reason;
} tz_generic_place;

struct tz_seen; /* seen.h */
typedef struct tz_build_options {
  bool no_inlining, no_speculation;
  bool no_hierarchy;  /* does not rely on the classes loaded so far */
  bool has_handlers;  /* exceptions are handled by compiled code. Otherwise it is left for the interpreter
                         with them, except where speculation is over */
  bool keeps_origins; /* graph.h, tz_origin */
  bool keeps_picture; /* of the profile: seen.h */
  bool no_polls;      /* loops cannot be interrupted: to measure what polls cost */
  uint32_t max_nodes; /* the build fails beyond; nothing is inlined beyond three quarters */
  size_t max_bytes;   /* of the graph, while it is built and while passes work on it; 0: no limit */
  /* The policy's questions; `request` and `code_bytes` of the facts are not set. NULL: yes; as
   * tz_inlining_default says. */
  tz_jit_answer (*speculate)(void *data, const tz_function *f, uint32_t pc);
  tz_jit_answer (*inline_call)(void *data, const tz_function *callee, tz_jit_call *call);
  /* May change what was seen at a place; ways of sites may only be dropped, sorted and counted anew. NULL:
   * nothing changes. */
  void (*picture)(void *data, struct tz_seen *seen);
  /* A function that runs one instruction out of line (native/outline.h). NULL: not possible. */
  tz_function *(*outline)(tz_vm *vm, tz_function *f, uint32_t pc);
  tz_function *(*join)(tz_vm *vm); /* the same for joining two strings. NULL: not possible */
  tz_function *(*finder)(tz_vm *vm, const tz_function *f, uint32_t pc); /* for the method of a dynamic call */
  void *data;
  int64_t *stress; /* counts down; code leaves at random places when it gets to 0. NULL: no stress */
} tz_build_options;
tz_build_options tz_build_options_default(void);

/* Builds f's graph, entered at its start or at the loop head osr_pc. NULL: *problem says why (static text).
 * The graph's decisions list what was inlined. */
tz_graph *tz_graph_build(tz_vm *vm, tz_function *f, uint32_t osr_pc, const tz_build_options *options,
                         const char **problem);
