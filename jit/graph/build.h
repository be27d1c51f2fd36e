/* build.h: from bytecode and profile to a graph, inlining as it goes.
 *
 * Speculates on what the profile has seen: receiver classes of inline caches, kinds of dynamic values, places
 * never reached. Each speculation is a GUARD, unless the policy says that it has failed there too often; then
 * the general form is built. */
#pragma once
#include "graph.h"

/* One call site considered for inlining, for logs and for replaying decisions. */
typedef struct tz_inline_decision {
  struct tz_inline_decision *next;
  const tz_function *caller, *callee;
  uint32_t pc, depth;
  bool is_inlined;
  const char *reason; /* static text */
} tz_inline_decision;

typedef struct tz_build_options {
  bool no_inlining, no_speculation;
  bool no_hierarchy;         /* does not rely on the classes loaded so far */
  bool keeps_origins;        /* graph.h, tz_origin */
  bool no_polls;             /* loops cannot be interrupted: to measure what polls cost */
  uint32_t max_nodes;        /* no inlining beyond; the build fails beyond four times as many */
  uint32_t max_inline_words; /* bytecode words of a callee */
  uint32_t max_depth;
  /* Whether speculating at this instruction has failed too often. NULL: never. */
  bool (*is_exhausted)(void *data, const tz_function *f, uint32_t pc);
  /* A function that runs one instruction out of line (native/outline.h). NULL: not possible. */
  tz_function *(*outline)(tz_vm *vm, tz_function *f, uint32_t pc);
  void *data;
  int64_t *stress; /* counts down; code leaves at random places when it gets to 0. NULL: no stress */
} tz_build_options;
tz_build_options tz_build_options_default(void);

/* Builds f's graph, entered at its start or at the loop head osr_pc. NULL: *problem says why (static text).
 * The graph's decisions list what was inlined. */
tz_graph *tz_graph_build(tz_vm *vm, tz_function *f, uint32_t osr_pc, const tz_build_options *options,
                         const char **problem);
