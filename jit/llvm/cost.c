/* cost.c: what LLVM takes for a function, as far as that can be told beforehand: it cannot be stopped.
 * Measured on functions made up to be large (docs/optimizing.md, "Limits"). */
#include "lower.h"
#include <time.h>

/* Nanoseconds by the square of: nodes of the graph; guards in one block; instructions in one block, which are
 * scheduled together. By the number of: operands of instructions, those of statepoints among them. */
enum { OPTIMIZE_NODES = 40, OPTIMIZE_GUARDS = 340, EMIT_BLOCK = 29, EMIT_OPERAND = 11000 };
enum { FULL_SHARE = 4 }; /* of the limit that all passes together may take, before only the cheap ones run */

uint64_t tz_llvm_clock(void) {
  struct timespec t;
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
  return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

static uint64_t optimizing_ns(const tz_graph *g) {
  uint64_t n_nodes = 0, most_guards = 0;
  for (uint32_t i = 0; i < g->n_blocks; i++) {
    uint64_t n_guards = 0;
    for (const tz_node *n = g->blocks[i]->first; n != NULL; n = n->next) {
      n_nodes++;
      n_guards += n->op == TZ_NODE_GUARD;
    }
    if (n_guards > most_guards) most_guards = n_guards;
  }
  return n_nodes * n_nodes * OPTIMIZE_NODES + most_guards * most_guards * OPTIMIZE_GUARDS;
}

bool tz_llvm_is_large(const tz_lower *l) {
  uint64_t limit = l->request->limit_ns;
  return limit > 0 && optimizing_ns(l->graph) > limit / FULL_SHARE;
}

bool tz_llvm_has_time(tz_lower *l, uint64_t more_ns) {
  uint64_t limit = l->request->limit_ns, spent = tz_llvm_clock() - l->started_ns;
  if (limit == 0 || spent + more_ns <= limit) return true;
  tz_lower_problem(l, "LLVM would take too long: %u ms so far, some %u more", (unsigned)(spent / 1000000),
                   (unsigned)(more_ns / 1000000));
  return false;
}

uint64_t tz_llvm_emitting_ns(const tz_lower *l) {
  uint64_t n_operands = 0, most = 0;
  for (LLVMValueRef f = LLVMGetFirstFunction(l->module); f != NULL; f = LLVMGetNextFunction(f))
    for (LLVMBasicBlockRef b = LLVMGetFirstBasicBlock(f); b != NULL; b = LLVMGetNextBasicBlock(b)) {
      uint64_t n = 0;
      for (LLVMValueRef i = LLVMGetFirstInstruction(b); i != NULL; i = LLVMGetNextInstruction(i), n++)
        n_operands += (uint64_t)LLVMGetNumOperands(i);
      if (n > most) most = n;
    }
  return n_operands * EMIT_OPERAND + most * most * EMIT_BLOCK;
}
