/* llvm_tier.c: one compilation from end to end; the target. Read llvm_tier.h. */
#include "lower.h"
#include <llvm-c/ErrorHandling.h>
#include <llvm-c/Support.h>
#include <llvm-c/Target.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>

/* ---- Fatal errors ----
 * LLVM ends the process when its handler returns. So the handler does not: control goes back to whoever
 * called LLVM, as in LLVM's own recovery from crashes (CrashRecoveryContext). What the compilation held is
 * lost with it, and LLVM may be left in any state: nothing is asked of it any more, by no machine of the
 * process. LLVM calls handlers without holding locks. These are LLVM's process-wide handler's, so they belong
 * to no machine. */

static _Thread_local jmp_buf *fatal_escape; /* of the compilation under way on this thread */
static _Thread_local char fatal_text[160];
static atomic_bool is_broken;

static void on_fatal_error(const char *reason) {
  is_broken = true;
  if (fatal_escape == NULL) return;
  snprintf(fatal_text, sizeof fatal_text, "%s", reason);
  longjmp(*fatal_escape, 1);
}

/* An intrinsic of another machine's, which the code generator cannot select. */
static void make_fail(tz_lower *l) {
  LLVMPositionBuilderBefore(l->builder, LLVMGetFirstInstruction(LLVMGetEntryBasicBlock(l->function)));
  tz_lower_intrinsic(l, "llvm.nvvm.barrier0", NULL, NULL, 0);
}

/* ---- Target ---- */

/* A short loop across two lines takes twice as many fetches from the cache of decoded instructions: up to 4 %
 * by the chance of where code lies. What is run through to get there costs too, if it is long. */
#define INNERMOST_LOOPS_AT_CACHE_LINES                                                                       \
  "-x86-experimental-pref-innermost-loop-alignment=6", "-max-bytes-for-alignment=16"

static void initialize_target(void) {
  LLVMInstallFatalErrorHandler(on_fatal_error);
  LLVMInitializeNativeTarget();
  LLVMInitializeNativeAsmPrinter();
  LLVMInitializeNativeDisassembler();
#if defined(__x86_64__)
  /* Arguments that are pushed move the stack pointer, and references would be found from the frame pointer.
   * Sums of floats, added up in order, may stand in a vectorized loop: what is added is then worked out in
   * vectors. The C library's memset may store around the caches (rep stosb): what is filled by a loop is
   * mostly read soon, which takes up to half longer then. That an object is not null is known from a branch
   * on it however often it is used, and so its fields are read before loops. */
  static const char *const options[] = {"terza",
                                        "-no-x86-call-frame-opt",
                                        INNERMOST_LOOPS_AT_CACHE_LINES,
                                        "-force-ordered-reductions",
                                        "-disable-loop-idiom-memset",
                                        "-dom-conditions-max-uses=200"};
  LLVMParseCommandLineOptions(sizeof options / sizeof *options, options, NULL);
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
  if (llvm->machine != NULL && !is_broken) LLVMDisposeTargetMachine(llvm->machine);
  free(llvm->layout);
  free(llvm->optimizer_layout);
  free(llvm->triple);
  free(llvm);
}

/* ---- Compiling ---- */

static void compile(tz_lower *l, tz_llvm_result *result) {
  const tz_llvm_request *request = l->request;
  l->started_ns = tz_llvm_clock();
  tz_lower_graph(l);
  if (l->problem != NULL) return;
  if (request->dump_llvm) tz_llvm_print(l, "LLVM IR as lowered");
  if (!tz_llvm_run_passes(l)) return;
  if (request->dump_llvm) tz_llvm_print(l, "LLVM IR after passes");
  uint64_t passed = tz_llvm_clock();
  if (!tz_llvm_has_time(l, tz_llvm_emitting_ns(l))) return;
  if (request->is_to_fail) make_fail(l);
  if (!tz_llvm_emit(l, &result->object, &result->bytes)) return;
  result->passes_ns = passed - l->started_ns;
  result->emit_ns = tz_llvm_clock() - passed;
  if (request->dump_asm) tz_llvm_disassemble(l, result->object, result->bytes);
  result->states = tz_lower_states_finish(l);
  if (result->states == NULL) tz_lower_problem(l, "out of memory");
}

static tz_llvm_result compile_graph(tz_llvm *llvm, const tz_llvm_request *request) {
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

static tz_llvm_result broken(const char *text) {
  tz_llvm_result result = {.is_broken = true};
  if (asprintf(&result.problem, "a fatal error of LLVM: %s", text) < 0) result.problem = NULL;
  return result;
}

tz_llvm_result tz_llvm_compile(tz_llvm *llvm, const tz_llvm_request *request) {
  jmp_buf escape;
  if (is_broken) return broken("it had one before");
  if (setjmp(escape)) {
    fatal_escape = NULL;
    return broken(fatal_text);
  }
  fatal_escape = &escape;
  tz_llvm_result result = compile_graph(llvm, request);
  fatal_escape = NULL;
  return result;
}

/* Its symbol is the type's name, which C gives to one of them only. */
extern const tz_llvm_api table __asm__("tz_llvm_api") __attribute__((visibility("default")));
const tz_llvm_api table = {TZ_LLVM_API, tz_llvm_new, tz_llvm_free, tz_llvm_compile};
