/* profile.c: sampled bursts. A burst watches which instruction follows each conditional branch. */
#include "profile.h"
#include "interp.h"
#include "terza/arena.h"
#include "terza/opcode.h"
#include <stdio.h>

enum { PURE = 0, THROWS = 1, GC = 2, BRANCH = 4, END = 8 };
static const uint8_t op_flags[256] = {
#define TZ_OP(NAME, text, operands, RULE, FLAGS, meaning) [TZ_OP_##NAME] = FLAGS,
#include "terza/spec/opcodes.def"
#undef TZ_OP
};

static bool is_conditional_branch(uint8_t op) {
  return (op_flags[op] & (BRANCH | END)) == BRANCH && op != TZ_OP_SWITCH;
}
static bool is_allocation(uint8_t op) {
  return op == TZ_OP_NEW || op == TZ_OP_NEW_ARRAY || op == TZ_OP_NEW_DYN;
}

bool tz_profile_is_count(tz_insn in) {
  return is_conditional_branch(tz_insn_op(in)) || is_allocation(tz_insn_op(in));
}

static void begin_burst(tz_thread *th) {
  th->profiling = true;
  th->profile_left = TZ_PROFILE_BURST;
  th->profile_pc = NULL;
  for (int op = 0; op < 256; op++) th->dispatch[op] = (void *)tz_interp_profile_step;
}

static void end_burst(tz_thread *th) {
  th->profiling = false;
  th->profile_left = th->profile_slices;
  memcpy(th->dispatch, tz_interp_table, sizeof th->dispatch);
}

void tz_profile_slice(tz_thread *th) {
  if (!th->vm->options.profile) return;
  if (th->profiling) end_burst(th);
  else if (--th->profile_left == 0) begin_burst(th);
}

/* The counters of an instruction of f; NULL if it is not f's, or without memory. */
static tz_branch_profile *counters(tz_thread *th, tz_function *f, const tz_insn *pc) {
  size_t at = (size_t)(pc - f->code);
  if (f->code == NULL || at >= f->n_words) return NULL;
  if (f->branches == NULL) f->branches = tz_arena_alloc(th->vm->arena, f->n_words * sizeof *f->branches);
  return f->branches != NULL ? &f->branches[at] : NULL;
}

void tz_profile_method(tz_thread *th, tz_insn *pc, const void *by, tz_function *method) {
  tz_branch_profile *seen = counters(th, TZ_FRAME_FUNCTION(th->fp), pc);
  uint32_t address = (uint32_t)(uintptr_t)by;
  if (seen == NULL || seen->taken == address) return;
  if (seen->taken == 0) seen->not_taken = (uint32_t)(uintptr_t)method;
  uint32_t is_now = seen->taken == 0 ? address : UINT32_MAX;
  __atomic_store_n(&seen->taken, is_now, __ATOMIC_RELEASE); /* compilers read it meanwhile */
}

static void count(uint32_t *counter) { *counter += *counter != UINT32_MAX; }

void tz_profile_instruction(tz_thread *th, tz_insn *pc, tz_word *fp) {
  tz_function *f = TZ_FRAME_FUNCTION(fp);
  uint8_t op = tz_insn_op(*pc);
  if (th->profile_pc != NULL) {
    tz_branch_profile *branch = counters(th, f, th->profile_pc);
    if (branch != NULL) count(pc == th->profile_pc + 1 ? &branch->not_taken : &branch->taken);
    th->profile_pc = NULL;
  }
  if (is_conditional_branch(op)) th->profile_pc = pc;
  if (is_allocation(op)) {
    tz_branch_profile *site = counters(th, f, pc);
    if (site != NULL) count(&site->taken);
  }
  if (pc == f->code && th->vm->options.trace_calls) fprintf(stderr, "call %s\n", f->name);
  if (--th->profile_left == 0) end_burst(th);
}
