/* llvm_tier.c: one compilation from end to end; the target. Read llvm_tier.h. */
#include "lower.h"
#include <llvm-c/Support.h>
#include <llvm-c/Target.h>
#include <pthread.h>
#include <stdlib.h>
#include <time.h>

/* A short loop across two lines takes twice as many fetches from the cache of decoded instructions: up to 4 %
 * by the chance of where code lies. */
#define INNERMOST_LOOPS_AT_CACHE_LINES "-x86-experimental-pref-innermost-loop-alignment=6"

static void initialize_target(void) {
  LLVMInitializeNativeTarget();
  LLVMInitializeNativeAsmPrinter();
  LLVMInitializeNativeDisassembler();
#if defined(__x86_64__)
  /* Arguments that are pushed move the stack pointer, and references would be found from the frame pointer.
   */
  static const char *const options[] = {"terza", "-no-x86-call-frame-opt", INNERMOST_LOOPS_AT_CACHE_LINES};
  LLVMParseCommandLineOptions(3, options, NULL);
#endif
}

/* The machine that we run on, position-independent: the object may be laid down anywhere. */
static LLVMTargetMachineRef make_machine(void) {
  LLVMTargetRef target;
  char *text = NULL, *triple = LLVMGetDefaultTargetTriple(), *cpu = LLVMGetHostCPUName(),
       *features = LLVMGetHostCPUFeatures();
  LLVMTargetMachineRef machine = NULL;
  if (LLVMGetTargetFromTriple(triple, &target, &text)) LLVMDisposeMessage(text);
  else
    machine = LLVMCreateTargetMachine(target, triple, cpu, features, LLVMCodeGenLevelDefault, LLVMRelocPIC,
                                      LLVMCodeModelSmall);
  LLVMDisposeMessage(triple);
  LLVMDisposeMessage(cpu);
  LLVMDisposeMessage(features);
  return machine;
}

static bool describe_machine(tz_llvm *llvm) {
  LLVMTargetDataRef data = LLVMCreateTargetDataLayout(llvm->machine);
  char *layout = LLVMCopyStringRepOfTargetData(data), *triple = LLVMGetTargetMachineTriple(llvm->machine);
  llvm->layout = strdup(layout);
  llvm->triple = strdup(triple);
  if (asprintf(&llvm->optimizer_layout, "%s-ni:1", layout) < 0) llvm->optimizer_layout = NULL;
  LLVMDisposeMessage(triple);
  LLVMDisposeMessage(layout);
  LLVMDisposeTargetData(data);
  return llvm->layout != NULL && llvm->triple != NULL && llvm->optimizer_layout != NULL;
}

tz_llvm *tz_llvm_new(void) {
  static pthread_once_t once = PTHREAD_ONCE_INIT;
  pthread_once(&once, initialize_target);
  tz_llvm *llvm = calloc(1, sizeof *llvm);
  if (llvm == NULL) return NULL;
  llvm->machine = make_machine();
  if (llvm->machine != NULL && describe_machine(llvm)) return llvm;
  tz_llvm_free(llvm);
  return NULL;
}

void tz_llvm_free(tz_llvm *llvm) {
  if (llvm == NULL) return;
  if (llvm->machine != NULL) LLVMDisposeTargetMachine(llvm->machine);
  free(llvm->layout);
  free(llvm->optimizer_layout);
  free(llvm->triple);
  free(llvm);
}

static uint64_t now(void) {
  struct timespec t;
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
  return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

static void compile(tz_lower *l, tz_llvm_result *result) {
  const tz_llvm_request *request = l->request;
  uint64_t start = now();
  tz_lower_graph(l);
  if (l->problem != NULL) return;
  if (request->dump_llvm) tz_llvm_print(l, "LLVM IR as lowered");
  if (!tz_llvm_run_passes(l)) return;
  if (request->dump_llvm) tz_llvm_print(l, "LLVM IR after passes");
  uint64_t passed = now();
  if (!tz_llvm_emit(l, &result->object, &result->bytes)) return;
  result->passes_ns = passed - start;
  result->emit_ns = now() - passed;
  if (request->dump_asm) tz_llvm_disassemble(l, result->object, result->bytes);
  result->states = tz_lower_states_finish(l);
  if (result->states == NULL) tz_lower_problem(l, "out of memory");
}

tz_llvm_result tz_llvm_compile(tz_llvm *llvm, const tz_llvm_request *request) {
  tz_llvm_result result = {.object = NULL};
  tz_lower l;
  if (tz_lower_init(&l, llvm, request)) compile(&l, &result);
  else tz_lower_problem(&l, "out of memory");
  if (l.problem != NULL) {
    free(result.object);
    free(result.states);
    result = (tz_llvm_result){.problem = l.problem};
  }
  tz_lower_fini(&l);
  return result;
}

/* Its symbol is the type's name, which C gives to one of them only. */
extern const tz_llvm_api table __asm__("tz_llvm_api") __attribute__((visibility("default")));
const tz_llvm_api table = {TZ_LLVM_API, tz_llvm_new, tz_llvm_free, tz_llvm_compile};
