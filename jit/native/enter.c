/* enter.c: from VM frames into optimized code, and from there to VM frames.
 *
 * Invariant: while optimized code runs, th->fp is the frame of its section's entry (vm->native_frame).
 * Whoever pushes VM frames above it takes them off again, so that it is found there though the stack may have
 * moved.
 *
 * All calls of VM code are made from this file, which is never instrumented: clang addresses the stack of an
 * instrumented function by rbx, which VM code does not preserve. */
#include "baseline.h"
#include "native.h"
#include "native_stack.h"
#include "scheduler.h"
#include "slow.h"

#pragma clang diagnostic ignored "-Wunused-parameter"

#define PARAMETERS tz_thread *th, tz_insn *pc, tz_word *fp, tz_word *k, int64_t budget, uint64_t in

/* ---- Calls of compiled code (stubs.S) ---- */

enum { INT_REGISTERS = 4, FLOAT_REGISTERS = 8, MOST_ARGUMENTS = UINT8_MAX + 1 };

typedef struct tz_call_registers {
  uint64_t ints[INT_REGISTERS];
  double floats[FLOAT_REGISTERS];
} tz_call_registers;

typedef struct tz_native_result {
  uint64_t word, float_bits;
} tz_native_result;

tz_native_result tz_native_invoke(const void *code, tz_thread *th, tz_function *f,
                                  const tz_call_registers *registers, const uint64_t *stack, size_t n);
uint64_t tz_native_call_vm(tz_thread *th, tz_function *f, const tz_word *saved);

static inline bool is_float(const tz_type *type) { return type->rep == 'F'; }

/* The frame becomes a section's entry while code runs in its place. */
static void run_code(tz_thread *th, tz_function *f, const void *code, const tz_call_registers *registers,
                     const uint64_t *stack, size_t n) {
  TZ_FRAME_FUNCTION(th->fp) = th->vm->native_frame;
  tz_native_result r = tz_native_invoke(code, th, f, registers, stack, n);
  th->native_top = NULL;
  if (TZ_UNLIKELY(th->left_at != NULL)) return; /* other frames stand there */
  th->result = is_float(f->signature->result) ? r.float_bits : r.word;
  /* The continuation may ask for its type; the registers of a frame that is unwound are looked at by no one.
   */
  if (TZ_LIKELY(th->exception == 0)) TZ_FRAME_FUNCTION(th->fp) = f;
}

/* Arguments go to registers and `stack`; how many to the latter. */
static inline uint32_t place_arguments(const tz_sig *sig, const tz_word *args, tz_call_registers *registers,
                                       uint64_t *stack) {
  uint32_t n_ints = 0, n_floats = 0, n = 0;
  for (uint32_t i = 0; i < sig->n_params; i++) {
    if (is_float(sig->params[i]) && n_floats < FLOAT_REGISTERS) registers->floats[n_floats++] = args[i].f;
    else if (!is_float(sig->params[i]) && n_ints < INT_REGISTERS) registers->ints[n_ints++] = args[i].u;
    else stack[n++] = args[i].u;
  }
  return n;
}

static void run_function_of_many(tz_thread *th, void *data) {
  tz_function *f = data;
  tz_call_registers registers;
  uint64_t stack[MOST_ARGUMENTS];
  uint32_t n = place_arguments(f->signature, th->fp, &registers, stack);
  run_code(th, f, f->compiled, &registers, stack, (n + 1) & ~1u);
}

static void run_function(tz_thread *th, void *data) {
  tz_function *f = data;
  tz_call_registers registers;
  place_arguments(f->signature, th->fp, &registers, NULL);
  run_code(th, f, f->compiled, &registers, NULL, 0);
}

static void run_loop(tz_thread *th, void *data) {
  const tz_native_code *osr = data;
  tz_call_registers registers = {.ints = {(uint64_t)(uintptr_t)th->fp}};
  run_code(th, osr->function, osr->code + osr->entry, &registers, NULL, 0);
}

/* ---- In ---- */

typedef enum entered { LOWER_TIER, RETURNED, ELSEWHERE } entered;

/* Step limits bind the lower tiers only. */
static bool may_enter(tz_thread *th, tz_native *n) {
  if (TZ_UNLIKELY(th->steps_left != UINT64_MAX)) return false;
  if (TZ_LIKELY(!th->vm->options.stress_tier)) return true;
  n->random = n->random * 6364136223846793005u + 1442695040888963407u;
  return n->random >> 40 & 1;
}

static tz_insn *take_left_at(tz_thread *th) {
  tz_insn *pc = th->left_at;
  th->left_at = NULL;
  return pc;
}

/* ELSEWHERE: th->pc and th->fp say where. */
static entered enter(tz_thread *th, tz_function *f) {
  tz_native *n = th->vm->jit->native;
  if (!may_enter(th, n)) return LOWER_TIER;
  tz_ticker_wake(n);
  bool fits_registers = f->n_params <= INT_REGISTERS; /* whatever their types */
  switch (tz_native_section(th, fits_registers ? run_function : run_function_of_many, f)) {
  case TZ_SECTION_NO_STACK: return LOWER_TIER;
  case TZ_SECTION_SUSPENDED: th->pc = tz_scheduler_next(th); return ELSEWHERE;
  case TZ_SECTION_ENDED: break;
  }
  if (TZ_LIKELY(th->exception == 0 && th->left_at == NULL)) return RETURNED;
  th->pc = th->left_at != NULL ? take_left_at(th) : tz_unwind(th, (tz_insn *)tz_code_native_return);
  return ELSEWHERE;
}

static tz_code_fn *lower_form(const tz_function *f) {
  const tz_tier *tier = f->tier;
  return tier != NULL && tier->baseline != NULL ? (tz_code_fn *)tier->baseline->code : tz_interp_entry;
}

/* pc: the function. */
TZ_PRESERVE_NONE void tz_optimized_entry(PARAMETERS) {
  tz_function *f = (tz_function *)pc;
  th->fp = fp;
  th->budget = budget;
  switch (enter(th, f)) {
  case LOWER_TIER: TZ_MUSTTAIL return lower_form(f)(th, pc, fp, k, budget, in);
  case RETURNED:
    fp = th->fp;
    TZ_MUSTTAIL return ((tz_code_fn *)TZ_FRAME_CONTINUATION(fp))(th, pc, fp, k, th->budget, th->result);
  default: TZ_MUSTTAIL return tz_interp_resume(th, th->pc, th->fp, k, th->budget, 0);
  }
}

tz_insn *tz_native_enter_loop(tz_thread *th, tz_insn *pc, const tz_native_code *osr) {
  tz_native *n = th->vm->jit->native;
  if (!may_enter(th, n)) return pc;
  tz_ticker_wake(n);
  th->pc = pc;
  th->poll = 1; /* in place of the scheduler's turn, due now */
  switch (tz_native_section(th, run_loop, (void *)osr)) {
  case TZ_SECTION_NO_STACK: return pc;
  case TZ_SECTION_SUSPENDED: return tz_scheduler_next(th);
  default: return th->left_at != NULL ? take_left_at(th) : (tz_insn *)tz_code_native_return;
  }
}

/* ---- Out ---- */

/* The new frame's fp. NULL: StackOverflowError pending. */
static tz_word *push_frame(tz_thread *th, const tz_function *f, const void *record) {
  th->native_top = record;
  tz_word *fp = tz_frame_reserve(th, TZ_NATIVE_DISTANCE, f);
  th->native_top = NULL;
  return fp;
}

static void take_arguments(tz_word *fp, const tz_sig *sig, const tz_word *saved) {
  const tz_word *ints = saved, *floats = saved + INT_REGISTERS;
  const tz_word *ints_end = floats, *floats_end = floats + FLOAT_REGISTERS, *stack = floats_end + 2;
  for (uint32_t i = 0; i < sig->n_params; i++) {
    if (is_float(sig->params[i])) fp[i] = floats < floats_end ? *floats++ : *stack++;
    else fp[i] = ints < ints_end ? *ints++ : *stack++;
  }
}

/* A native that neither waits nor fails needs no dispatch. */
static void run_native(tz_thread *th, tz_function *f) {
  th->pc = (tz_insn *)tz_code_resume;
  bool ok = f->native(th, th->fp);
  if (TZ_LIKELY(ok && !th->parked)) th->result = th->fp[0].u;
  else if (!ok)
    tz_unwind(th, (tz_insn *)tz_code_resume); /* as far as this frame: the caller tests th->exception */
  else tz_interp_resume(th, tz_slow_parked(th, (tz_insn *)tz_code_resume), th->fp, NULL, th->budget, 0);
}

/* Instructions that are mostly outlined, by what runs them. */
static tz_slow *const slow_paths[TZ_OP_COUNT] = {
    [TZ_OP_CONCAT] = tz_slow_concat,       [TZ_OP_ANY_I] = tz_slow_any_i,
    [TZ_OP_ADD_ANY] = tz_slow_arith_any,   [TZ_OP_SUB_ANY] = tz_slow_arith_any,
    [TZ_OP_MUL_ANY] = tz_slow_arith_any,   [TZ_OP_DIV_ANY] = tz_slow_arith_any,
    [TZ_OP_REM_ANY] = tz_slow_arith_any,   [TZ_OP_EQ_ANY] = tz_slow_eq_any,
    [TZ_OP_LT_ANY] = tz_slow_compare_any,  [TZ_OP_LE_ANY] = tz_slow_compare_any,
    [TZ_OP_GET_ANY] = tz_slow_get_any,     [TZ_OP_SET_ANY] = tz_slow_set_any,
    [TZ_OP_INDEX_ANY] = tz_slow_index_any, [TZ_OP_SET_INDEX_ANY] = tz_slow_set_index_any,
    [TZ_OP_NEW_DYN] = tz_slow_new_dyn,     [TZ_OP_CALL_ANY] = tz_slow_call_any,
    [TZ_OP_CHAN_SEND] = tz_slow_chan_send, [TZ_OP_CHAN_RECV] = tz_slow_chan_recv,
};

/* An outlined instruction (outline.h) by its slow path, without dispatch as long as that completes it. */
static void run_outlined(tz_thread *th, tz_function *f, tz_slow *slow) {
  if (f->n_ref_locals > 0) th->fp[f->n_params].u = 0;
  th->pc = f->code;
  tz_insn *next = slow(th, f->code), *end = f->code + f->n_words - 1;
  if (TZ_LIKELY(next == end)) th->result = tz_insn_op(*end) == TZ_OP_RET ? th->fp[tz_insn_a(*end)].u : 0;
  else if (next != tz_code_exit) tz_interp_resume(th, next, th->fp, NULL, th->budget, 0);
}

/* A function that only optimized code calls never ends a budget slice of its own. */
__attribute__((noinline, cold)) static void heat(tz_thread *th, tz_function *f) {
  tz_native *n = tz_native_of(th->vm);
  th->budget = TZ_BUDGET;
  f->heat += f->heat != UINT32_MAX;
  if (n->heated != NULL) n->heated(th->vm, f);
}

static void run_vm(tz_thread *th, tz_function *f) {
  if (TZ_UNLIKELY(--th->budget < 0) && th->steps_left == UINT64_MAX) heat(th, f);
  tz_slow *slow =
      f->code != NULL && f->flags & TZ_FUNCTION_HIDDEN ? slow_paths[tz_insn_op(f->code[0])] : NULL;
  if (f->native != NULL) run_native(th, f);
  else if (slow != NULL) run_outlined(th, f, slow);
  else ((tz_code_fn *)f->entry)(th, (tz_insn *)f, th->fp, NULL, th->budget, 0);
}

/* Runs f on a VM frame above the section's entry. Its result; th->exception is to be tested. */
uint64_t tz_native_call_vm(tz_thread *th, tz_function *f, const tz_word *saved) {
  const void *record = saved + INT_REGISTERS + FLOAT_REGISTERS;
  tz_word *fp = push_frame(th, f, record);
  if (TZ_UNLIKELY(fp == NULL)) return 0;
  take_arguments(fp, f->signature, saved);
  tz_frame_mark_native(fp, record);
  TZ_FRAME_FUNCTION(fp) = f;
  th->fp = fp;
  run_vm(th, f);
  th->fp -= TZ_NATIVE_DISTANCE;
  return th->result;
}

uint64_t tz_native_run_frames(tz_thread *th, tz_insn *pc) {
  tz_interp_resume(th, pc, th->fp, NULL, th->budget, 0);
  th->fp -= TZ_NATIVE_DISTANCE;
  return th->result;
}
