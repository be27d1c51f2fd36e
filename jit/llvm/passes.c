/* passes.c: which of LLVM's passes run, and when. Measured in docs/optimizing.md, "Lowering". */
#include "lower.h"
#include <llvm-c/Analysis.h>
#include <llvm-c/Error.h>
#include <llvm-c/Transforms/PassBuilder.h>

/* What must run: guards become branches, references are made safe. */
static const char guards_only[] = "function(lower-guard-intrinsic)";

#define COMBINE "instcombine<no-verify-fixpoint>,"

/* Guards are still calls without control flow here: what they show is used, those within loops that hold for
 * all iterations or for none are taken out of them, and then they become branches. Checks for null come
 * first, so that lengths can be read before the loop; then those for bounds, which are made to hold for all
 * iterations at once. */
#define INVARIANT "loop-mssa(loop-rotate,licm,simple-loop-unswitch<nontrivial>,licm),"
#define PREDICATE "loop(loop-predication),loop-mssa(licm,simple-loop-unswitch<nontrivial>),"
#define CLEAN_THEN(PASSES)                                                                                   \
  "function(early-cse<memssa>,simplifycfg," COMBINE "loop-simplify,lcssa," PASSES                            \
  "guard-widening,lower-guard-intrinsic,simplifycfg)"
static const char guards[] = CLEAN_THEN(INVARIANT);
static const char guards_predicated[] = CLEAN_THEN(INVARIANT PREDICATE);

/* What default<O2> does that pays for functions that graph passes have worked on; half its time. */
static const char optimize[] =
    "function(jump-threading,correlated-propagation,reassociate,loop-simplify,lcssa,loop-mssa(licm),"
    "loop(loop-idiom,indvars,loop-deletion,loop-unroll-full),gvn," COMBINE "dse,adce,simplifycfg)";
static const char vectorize[] = "function(loop-simplify,lcssa,loop-vectorize," COMBINE
                                "loop-unroll,loop-mssa(licm)," COMBINE "simplifycfg)";

/* For large functions: what grows with their size alone. Each pass that is left out takes time by its square,
 * or makes more code of loops. */
static const char guards_large[] =
    "function(early-cse<memssa>,simplifycfg,lower-guard-intrinsic,simplifycfg)";
static const char optimize_large[] =
    "function(" COMBINE "early-cse<memssa>,loop-simplify,lcssa,loop-mssa(licm),gvn,dse,adce,simplifycfg)";

static const char inline_allocation[] = "always-inline,function(jump-threading," COMBINE "simplifycfg)";
static const char make_statepoints[] = "rewrite-statepoints-for-gc";
static const char inline_barrier[] = "always-inline,function(simplifycfg)";

static bool run(tz_lower *l, const char *passes) {
  LLVMPassBuilderOptionsRef options = LLVMCreatePassBuilderOptions();
  LLVMErrorRef error = LLVMRunPasses(l->module, passes, l->llvm->machine, options);
  LLVMDisposePassBuilderOptions(options);
  if (error != NULL) {
    char *text = LLVMGetErrorMessage(error);
    tz_lower_problem(l, "LLVM's passes %s: %s", passes, text);
    LLVMDisposeErrorMessage(text);
  }
  return l->problem == NULL && tz_llvm_has_time(l, 0);
}

/* A mistake of the lowering would otherwise abort within LLVM. Its cost is some 2 % of a compilation. */
static bool verify(tz_lower *l) {
  char *text = NULL;
  if (LLVMVerifyModule(l->module, LLVMReturnStatusAction, &text))
    tz_lower_problem(l, "bad LLVM IR: %s", text);
  LLVMDisposeMessage(text);
  return l->problem == NULL;
}

/* Loop predication leaves an assumption for each index, which helps until loops are vectorized; there it
 * would have the index worked out for whole vectors. */
static void drop_assumptions(const tz_lower *l) {
  const uint32_t assume = LLVMLookupIntrinsicID("llvm.assume", strlen("llvm.assume"));
  for (LLVMBasicBlockRef b = LLVMGetFirstBasicBlock(l->function); b != NULL; b = LLVMGetNextBasicBlock(b))
    for (LLVMValueRef i = LLVMGetFirstInstruction(b), next; i != NULL; i = next) {
      next = LLVMGetNextInstruction(i);
      LLVMValueRef callee = LLVMIsACallInst(i) != NULL ? LLVMGetCalledValue(i) : NULL;
      if (callee != NULL && LLVMGetIntrinsicID(callee) == assume) LLVMInstructionEraseFromParent(i);
    }
}

static bool optimize_module(tz_lower *l) {
  const tz_llvm_request *r = l->request;
  if (r->no_optimization) return run(l, guards_only);
  if (tz_llvm_is_large(l)) return run(l, guards_large) && run(l, optimize_large);
  if (!run(l, r->no_loop_predication ? guards : guards_predicated) || !run(l, optimize)) return false;
  drop_assumptions(l);
  return run(l, vectorize);
}

bool tz_llvm_run_passes(tz_lower *l) {
  if (!verify(l) || !optimize_module(l)) return false;
  tz_late_define_deopt(l);
  if (tz_late_define_allocation(l) && !run(l, inline_allocation)) return false;
  if (!run(l, make_statepoints)) return false;
  if (tz_late_define_barrier(l) && !run(l, inline_barrier)) return false;
  LLVMSetDataLayout(l->module, l->llvm->layout);
  return true;
}
