/* promotion.h: hot functions go to the optimizing tier: who, when, on which thread, and what becomes of code
 * that keeps giving up.
 *
 * A budget slice that ends in a function heats it (policy.c). When the policy wants it optimized it is put
 * into a queue, in the policy's order; a compiler thread builds its graph, has it lowered by LLVM, and loads
 * the code; at the next slice the guest's thread installs what is done. The guest never waits.
 * docs/optimizing.md, "Promotion". */
#pragma once
#include "build.h"
#include "native.h"

struct tz_jit;
typedef struct tz_promotion tz_promotion;

typedef struct tz_promotion_stats {
  uint64_t compiled, refused, given_up, deopts;
  uint64_t invalidated;                                          /* by classes loaded since */
  uint64_t evicted, evicted_bytes;                               /* since the code cache or memory was full */
  uint64_t dropped;                                              /* requests, as stale */
  uint64_t build_ns, passes_ns, llvm_ns, load_ns, thread_cpu_ns; /* of compiler threads */
  uint64_t code_bytes, most_code_bytes, nodes;
  const char *problem;       /* NULL; or why there is no optimizing tier (any more): good as long as it is */
  uint64_t longest_stall_ns; /* of the guest's thread: asking for or installing code */
} tz_promotion_stats;

/* After tz_native_attach. NULL: no memory. Starts nothing. */
tz_promotion *tz_promotion_new(tz_vm *vm);
/* Waits for the compilation under way; frees all optimized code. */
void tz_promotion_free(tz_promotion *p);

/* The code of f for this entry (TZ_NO_OSR, or a loop head), or NULL. */
const tz_native_code *tz_promotion_code(const tz_function *f, uint32_t osr_pc);
/* Asks for it, unless it was asked for before, refused, or given up a short while ago; with --jit-sync it is
 * there afterwards. True: it is settled. */
bool tz_promotion_request(tz_promotion *p, tz_function *f, uint32_t osr_pc, const char *reason);
/* It is there, or will never be. */
bool tz_promotion_is_settled(const tz_function *f, uint32_t osr_pc);
/* What the policy is told of f and this entry, and of the machine. */
tz_jit_function tz_promotion_function(const tz_function *f, uint32_t osr_pc);
tz_jit_machine tz_promotion_machine(const struct tz_jit *jit);
/* Installs what the compiler thread has finished. */
void tz_promotion_install(tz_promotion *p);
tz_promotion_stats tz_promotion_statistics(tz_promotion *p);
/* A compiler thread is at work: freeing would wait for it. */
bool tz_promotion_is_compiling(const tz_promotion *p);

/* Builds and compiles f anew, writing to `to` what is asked for: "graph", "llvm", "asm", separated by commas.
 * False: *problem (static text, or good until the next call). */
bool tz_promotion_dump(tz_promotion *p, tz_function *f, uint32_t osr_pc, const char *what, FILE *to,
                       const char **problem);
