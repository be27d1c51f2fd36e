/* llvm_tier.h: from a graph to a relocatable object, through LLVM. The one folder that names LLVM; built as a
 * shared object (libterza-llvm.so, beside the executable) that is opened at the first promotion, because
 * loading LLVM costs 20 ms.
 *
 * It sees the graph, the states and calls.def, and nothing else of the machine: it can be run on a graph read
 * from text. */
#pragma once
#include "graph.h"
#include "state.h"

typedef struct tz_llvm tz_llvm; /* one for each compiler thread */

typedef struct tz_llvm_request {
  const tz_graph *graph;
  const volatile int64_t *is_valid; /* what VALID reads */
  bool dump_llvm, dump_asm;         /* to `to` */
  FILE *to;
  bool no_loop_predication; /* checks within loops are made in each iteration */
  uint64_t limit_ns;        /* of processor time, as far as it can be foreseen; 0: none */
  bool is_to_fail;          /* for tests: a fatal error of LLVM's */
  bool no_optimization;     /* for the strategy lab and for bisecting: LLVM's passes off but those needed */
} tz_llvm_request;

typedef struct tz_llvm_result {
  void *object; /* ELF, free with free() */
  size_t bytes;
  tz_states *states;
  uint64_t passes_ns, emit_ns;
  char *problem;  /* NULL: fine; malloc'd */
  bool is_broken; /* LLVM had a fatal error: nothing can be compiled in this process any more */
} tz_llvm_result;

tz_llvm *tz_llvm_new(void); /* NULL: no target */
void tz_llvm_free(tz_llvm *llvm);
tz_llvm_result tz_llvm_compile(tz_llvm *llvm, const tz_llvm_request *request);

/* The shared object's one table, found by the name "tz_llvm_api". */
typedef struct tz_llvm_api {
  uint32_t version; /* TZ_LLVM_API */
  tz_llvm *(*make)(void);
  void (*free)(tz_llvm *);
  tz_llvm_result (*compile)(tz_llvm *, const tz_llvm_request *);
} tz_llvm_api;
enum { TZ_LLVM_API = 2 };
