/* jit.h: the compiled tiers of a VM. They plug into the runtime's hooks; the runtime never names them.
 *
 * Policies (option --jit): off, the interpreter alone; baseline, functions that used --jit-threshold budget
 * slices are compiled by copy-and-patch; default, functions that used --jit-promote slices are then
 * optimized; eager, the same as early as can be. Others by --jit-policy and --jit-replay: terza/jit_policy.h.
 */
#pragma once
#include "terza/vm.h"
#include <stdio.h>

typedef enum tz_jit_mode {
  TZ_JIT_OFF,
  TZ_JIT_BASELINE,
  TZ_JIT_DEFAULT,
  TZ_JIT_EAGER
} tz_jit_mode; /* as in options.def */

/* Of the default policy (policies/default.c), beside its options. */
enum {
  TZ_JIT_WARM_UP_SLICES =
      64, /* of the program, before anything is compiled: the first compilation costs 0.3 ms */
  TZ_JIT_TINY_WORDS =
      40, /* a function this small is built into its callers rather than entered from lower tiers */
};

/* Attaches the tiers that vm->options asks for; before modules are loaded. False: no memory for code; the VM
 * then interprets, which is no error. The VM's end frees everything. */
bool tz_jit_attach(tz_vm *vm);

/* Why the policy that vm->options ask for is not in use: nobody should run anything then. NULL: it is. */
const char *tz_jit_problem(const tz_vm *vm);

/* Compiles f now. False: it stays interpreted (a native, too large, no memory). */
bool tz_jit_compile(tz_vm *vm, tz_function *f);

/* The function whose compiled code contains this address, or NULL. Async-signal-safe: for crash reports. */
const tz_function *tz_jit_find(tz_vm *vm, const void *address);

/* How f is compiled, as far as `what` names it: asm, bytecode beside the baseline tier's machine code, and
 * the optimized code; graph, the optimizing tier's graph after each pass; llvm. Compiled for the purpose.
 * False: *problem says why. */
bool tz_jit_dump(tz_vm *vm, tz_function *f, const char *what, FILE *to, const char **problem);

/* A compiler thread is at work, which the VM's end would wait for: a process that ends anyway need not. */
bool tz_jit_is_compiling(const tz_vm *vm);

typedef struct tz_jit_stats {
  uint64_t functions, instructions; /* compiled so far, also what was freed since */
  uint64_t nanoseconds;             /* spent compiling */
  uint64_t code_bytes, table_bytes; /* in use */
  uint64_t freed;                   /* compiled forms freed as superseded */
  uint64_t longest_stall_ns;        /* of the guest, by one compilation of the baseline tier */
} tz_jit_stats;
tz_jit_stats tz_jit_statistics(const tz_vm *vm);
