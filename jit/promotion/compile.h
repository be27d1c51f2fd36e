/* compile.h: one compilation, from function to loaded code. Used by one thread at a time. */
#pragma once
#include "code_memory.h"
#include "llvm_tier.h"
#include "native.h"
#include "passes.h"
#include "promotion.h"

typedef struct tz_compile_backend { /* LLVM, once it is open */
  void *library;
  const tz_llvm_api *api;
  tz_llvm *llvm;
} tz_compile_backend;

typedef struct tz_compile_job {
  tz_vm *vm;
  tz_function *function;
  uint32_t osr_pc;
  uint32_t heat_asked; /* for the log, */
  tz_jit_parts parts;  /* as well: `build` and `passes` say what takes part */
  tz_build_options build;
  tz_pass_options passes;
  uint64_t limit_ns; /* of LLVM's processor time; 0: none */
  bool is_to_fail;   /* in LLVM, for tests */
  bool no_loop_predication, dump_llvm, dump_asm;
  FILE *dump;
  struct tz_log_compilation *log; /* log.h; NULL: none */
} tz_compile_job;

typedef struct tz_compile_result {
  tz_native_code *code; /* NULL: refused */
  char problem[200];
  bool is_broken; /* LLVM can compile nothing any more */
  uint32_t n_nodes, n_decisions;
  uint64_t build_ns, passes_ns, llvm_ns, load_ns;
} tz_compile_result;

/* False: no libterza-llvm.so; `problem` says why. */
bool tz_compile_open(tz_compile_backend *backend, char *problem, size_t room);
void tz_compile_close(tz_compile_backend *backend);
tz_compile_result tz_compile(tz_compile_backend *backend, struct tz_code_memory *memory,
                             const tz_compile_job *job);
/* A code that is in no map, and all it owns; NULL is ignored. */
void tz_compile_free_code(tz_vm *vm, tz_native_code *code);
