/* interp.c: the interpreter: ops.h as one function for each opcode, entries and returns.
 *
 * Invariant: a handler keeps all of its state in its six arguments. Whatever may collect, throw, switch or
 * look at the stack is out of line and finds th->pc, th->fp, th->budget saved; interp_slow is the only way
 * there. */
#include "any.h"
#include "fuse.h"
#include "interp.h"
#include "number.h"
#include "profile.h"
#include "slow.h"
#include "terza/opcode.h"

#pragma clang diagnostic ignored "-Wunused-parameter" /* every handler takes the six values */

#define PARAMETERS tz_thread *th, tz_insn *pc, tz_word *fp, tz_word *k, int64_t budget, uint64_t in
#define ARGUMENTS th, pc, fp, k, budget, in
#define HANDLER TZ_PRESERVE_NONE static void
#define HANDLER_COLD __attribute__((noinline, cold)) TZ_PRESERVE_NONE static void

#define DISPATCH                                                                                             \
  do {                                                                                                       \
    in = *pc;                                                                                                \
    TZ_MUSTTAIL return ((tz_code_fn *)th->dispatch[(uint8_t)in])(ARGUMENTS);                                 \
  } while (0)
#define SAVE (th->pc = pc, th->fp = fp, th->budget = budget)
#define RELOAD (fp = th->fp, budget = th->budget, k = TZ_FRAME_FUNCTION(fp)->k)
/* Goes on after a slow path, which may have moved the stack, unwound or switched processes: on the best tier.
 */
#define RESUME                                                                                               \
  do {                                                                                                       \
    RELOAD;                                                                                                  \
    if (TZ_UNLIKELY(TZ_FRAME_FUNCTION(fp)->tier != NULL))                                                    \
      TZ_MUSTTAIL return ((tz_code_fn *)th->resume)(ARGUMENTS);                                              \
    DISPATCH;                                                                                                \
  } while (0)

const tz_insn tz_code_enter[1] = {TZ_OP_ENTER};

/* in: the tz_slow function. */
HANDLER_COLD interp_slow(PARAMETERS) {
  SAVE;
  pc = ((tz_slow *)(uintptr_t)in)(th, pc);
  RESUME;
}

/* in: the function whose frame does not fit. */
HANDLER_COLD interp_slow_stack(PARAMETERS) {
  SAVE;
  pc = tz_slow_stack(th, pc, (tz_function *)(uintptr_t)in);
  RESUME;
}

/* ---- Operands ---- */

#define FIELD_a ((uint32_t)in >> 16)
#define FIELD_b ((uint16_t)(in >> 32))
#define FIELD_c (in >> 48)
#define RI(x) fp[FIELD_##x].i
#define RF(x) fp[FIELD_##x].f
#define RP(x) fp[FIELD_##x].p
#define RU(x) fp[FIELD_##x].u
#define WI(x, v) (void)(fp[FIELD_##x].i = (v))
#define WF(x, v) (void)(fp[FIELD_##x].f = (v))
#define WU(x, v) (void)(fp[FIELD_##x].u = (v))
#define X ((uint8_t)(in >> 8))
#define IMM_B ((int64_t)(int16_t)(in >> 32))
#define IMM_C ((int64_t)in >> 48)
#define IMM_D ((int64_t)in >> 32)
#define SLOT_C (in >> 48)
#define METHOD_B FIELD_b
#define K_D k[(uint32_t)(in >> 32)]
#define K_C k[FIELD_c]
#define SITE_C ((tz_site *)&k[FIELD_c])
#define ARG0 fp[(uint16_t)(pc[1] >> 16)]

/* ---- Control ---- */

#define PLAIN_NEXT(words)                                                                                    \
  do {                                                                                                       \
    pc += (words);                                                                                           \
    DISPATCH;                                                                                                \
  } while (0)
#define NEXT(words) PLAIN_NEXT(words)
#define SLOW(name) TZ_MUSTTAIL return interp_slow(th, pc, fp, k, budget, (uint64_t)(uintptr_t)tz_slow_##name)
#define OUTLINE(name) TZ_MUSTTAIL return interp_##name(ARGUMENTS)
#define DRAW(offset)                                                                                         \
  budget += ((offset) - 1) >> 63;                                                                            \
  if (TZ_UNLIKELY(budget < 0)) SLOW(budget)
#define JUMP(offset)                                                                                         \
  do {                                                                                                       \
    int64_t distance = offset;                                                                               \
    DRAW(distance);                                                                                          \
    PLAIN_NEXT(distance);                                                                                    \
  } while (0)
#define JUMP_C JUMP(IMM_C)
#define JUMP_D JUMP(IMM_D)
#define JUMP_TABLE(i) JUMP(((const int32_t *)(pc + 1))[i])
#define DRAW_C                                                                                               \
  if (TZ_UNLIKELY(--budget < 0)) SLOW(budget) /* of a counted loop, which goes back */
#define GO_C PLAIN_NEXT(IMM_C)

/* ---- Calls ---- */

#define LANE(list, i) ((uint16_t)((list) >> 16 * (i)))

/* Two at a time: one word too many lies within every frame (its header room). */
static inline void null_ref_locals(tz_word *fp, const tz_function *f) {
  typedef uint64_t pair __attribute__((vector_size(16), aligned(8)));
  tz_word *local = fp + f->n_params;
  for (int32_t n = (int32_t)f->n_ref_locals; TZ_UNLIKELY(n > 0); n -= 2, local += 2) {
    *(pair *)local = (pair){0, 0};
    __asm__ volatile("" : "+r"(local)); /* keeps the loop from becoming a call of memset */
  }
}

#define ENTER(f)                                                                                             \
  do {                                                                                                       \
    void *entry_ = (f)->entry;                                                                               \
    if (TZ_UNLIKELY(entry_ != (void *)tz_interp_entry))                                                      \
      TZ_MUSTTAIL return ((tz_code_fn *)entry_)(th, (tz_insn *)(f), fp, k, budget, in);                      \
    null_ref_locals(fp, f);                                                                                  \
    pc = (f)->code;                                                                                          \
    k = (f)->k;                                                                                              \
    DISPATCH;                                                                                                \
  } while (0)

#define CHECK_CALL(f, frame)                                                                                 \
  if (TZ_UNLIKELY((char *)(frame) + (f)->frame_bytes > (char *)th->stack_limit))                             \
    TZ_MUSTTAIL return interp_slow_stack(th, pc, fp, k, budget, (uint64_t)(uintptr_t)(f));                   \
  if (TZ_UNLIKELY(--budget < 0)) SLOW(budget)

/* Up to three arguments are copied without asking how many there are: what is copied in vain lies in
 * registers that the callee has yet to initialise, or in its header room. */
#define CALL(f)                                                                                              \
  do {                                                                                                       \
    uint64_t list_ = pc[1];                                                                                  \
    tz_word *frame_ = fp + LANE(list_, 0);                                                                   \
    CHECK_CALL(f, frame_);                                                                                   \
    frame_[0] = fp[LANE(list_, 1)];                                                                          \
    if (X > 1) {                                                                                             \
      frame_[1] = fp[LANE(list_, 2)];                                                                        \
      frame_[2] = fp[list_ >> 48];                                                                           \
      _Pragma("clang loop unroll(disable)") for (uint32_t i_ = 3; TZ_UNLIKELY(i_ < X); i_++) frame_[i_] =    \
          fp[tz_insn_arg(pc + 1, i_)];                                                                       \
    }                                                                                                        \
    TZ_FRAME_CONTINUATION(frame_) = (void *)tz_interp_return;                                                \
    TZ_FRAME_RETURN_PC(frame_) = pc;                                                                         \
    TZ_FRAME_FUNCTION(frame_) = (f);                                                                         \
    fp = frame_;                                                                                             \
    ENTER(f);                                                                                                \
  } while (0)

/* More than three arguments: through a buffer, since they move within one frame. */
HANDLER_COLD interp_tail_many(PARAMETERS) {
  tz_function *f = (tz_function *)(uintptr_t)in;
  tz_word args[UINT8_MAX];
  uint32_t n = tz_insn_x(*pc);
  for (uint32_t i = 0; i < n; i++) args[i] = fp[tz_insn_arg(pc + 1, i)];
  memcpy(fp, args, n * sizeof *args);
  TZ_FRAME_FUNCTION(fp) = f;
  TZ_MUSTTAIL return ((tz_code_fn *)f->entry)(th, (tz_insn *)f, fp, k, budget, 0);
}

#define TAIL(f)                                                                                              \
  do {                                                                                                       \
    CHECK_CALL(f, fp);                                                                                       \
    if (TZ_UNLIKELY(X > 3))                                                                                  \
      TZ_MUSTTAIL return interp_tail_many(th, pc, fp, k, budget, (uint64_t)(uintptr_t)(f));                  \
    uint64_t list_ = pc[1];                                                                                  \
    tz_word v0_ = fp[LANE(list_, 1)], v1_ = fp[LANE(list_, 2)], v2_ = fp[list_ >> 48];                       \
    fp[0] = v0_;                                                                                             \
    fp[1] = v1_;                                                                                             \
    fp[2] = v2_;                                                                                             \
    TZ_FRAME_FUNCTION(fp) = (f);                                                                             \
    ENTER(f);                                                                                                \
  } while (0)

/* The result is in `in`; fp is still the callee's frame. */
#define RETURN_TO_INTERPRETER                                                                                \
  do {                                                                                                       \
    pc = TZ_FRAME_RETURN_PC(fp);                                                                             \
    uint64_t call_ = pc[0];                                                                                  \
    fp -= LANE(pc[1], 0);                                                                                    \
    k = TZ_FRAME_FUNCTION(fp)->k;                                                                            \
    fp[(uint32_t)call_ >> 16].u = in;                                                                        \
    pc += 1 + tz_insn_list_words(tz_insn_x(call_));                                                          \
    DISPATCH;                                                                                                \
  } while (0)

#define RETURN(word)                                                                                         \
  do {                                                                                                       \
    in = (word);                                                                                             \
    void *continuation_ = TZ_FRAME_CONTINUATION(fp);                                                         \
    if (TZ_UNLIKELY(continuation_ != (void *)tz_interp_return))                                              \
      TZ_MUSTTAIL return ((tz_code_fn *)continuation_)(ARGUMENTS);                                           \
    RETURN_TO_INTERPRETER;                                                                                   \
  } while (0)

TZ_PRESERVE_NONE void tz_interp_return(PARAMETERS) { RETURN_TO_INTERPRETER; }

TZ_PRESERVE_NONE void tz_interp_entry(PARAMETERS) {
  const tz_function *f = (const tz_function *)pc;
  null_ref_locals(fp, f);
  pc = f->code;
  k = f->k;
  DISPATCH;
}

TZ_PRESERVE_NONE void tz_interp_resume(PARAMETERS) { RESUME; }

/* ---- Natives ---- */

HANDLER_COLD interp_native_parked(PARAMETERS) {
  pc = tz_slow_parked(th, (tz_insn *)tz_code_resume);
  if (pc == NULL) return;
  RESUME;
}

HANDLER_COLD interp_native_failed(PARAMETERS) {
  pc = tz_unwind(th, (tz_insn *)tz_code_resume);
  RESUME;
}

#define NATIVE_RETURN(ok)                                                                                    \
  do {                                                                                                       \
    bool ok_ = (ok);                                                                                         \
    fp = th->fp;                                                                                             \
    budget = th->budget;                                                                                     \
    if (TZ_UNLIKELY(!ok_)) OUTLINE(native_failed);                                                           \
    if (TZ_UNLIKELY(th->parked)) OUTLINE(native_parked);                                                     \
    RETURN(fp[0].u);                                                                                         \
  } while (0)

TZ_PRESERVE_NONE void tz_native_entry(PARAMETERS) {
  tz_native_fn native = ((const tz_function *)pc)->native;
  pc = (tz_insn *)tz_code_resume;
  SAVE;
  NATIVE_RETURN(native(th, fp));
}

/* Continuation of calls made for dynamic operations. */
TZ_PRESERVE_NONE void tz_any_return(PARAMETERS) {
  SAVE;
  pc = tz_any_finish(th, (tz_word){.u = in});
  RESUME;
}

/* ---- Opcodes ---- */

HANDLER_COLD interp_virtual_miss(PARAMETERS) {
  tz_class *cls = tz_object_class(ARG0.p);
  tz_function *f = cls->vtable[METHOD_B];
  tz_site_note(SITE_C, (uint32_t)(uintptr_t)cls, f);
  CALL(f);
}

HANDLER_COLD interp_closure_miss(PARAMETERS) {
  tz_class *cls = tz_object_class(ARG0.p);
  tz_function *f = cls->vtable[0];
  tz_site_note(SITE_C, (uint32_t)(uintptr_t)cls, f);
  CALL(f);
}

/* The interface's class stands in the word before the site. */
static inline tz_function *interface_target(tz_site *site, tz_class *cls, uint32_t method) {
  for (int i = 1; i < TZ_SITE_WAYS; i++)
    if (site->way[i].cls == (uint32_t)(uintptr_t)cls) {
      tz_site_count(&site->way[i]);
      return site->way[i].target;
    }
  tz_function *f = tz_interface_method_nogc(cls, ((tz_word *)site)[-1].p, method);
  tz_site_note(site, (uint32_t)(uintptr_t)cls, f);
  return f;
}

HANDLER_COLD interp_interface_miss(PARAMETERS);
HANDLER_COLD interp_tail_interface_miss(PARAMETERS);

#define OP(NAME) HANDLER op_##NAME(PARAMETERS) {
#define END }
/* clang-format off */
#include "ops.h"
#include "interp_fused.h"
/* clang-format on */
#undef NEXT
#define NEXT(words) PLAIN_NEXT(words)

HANDLER_COLD interp_interface_miss(PARAMETERS) {
  tz_function *f = interface_target(SITE_C, tz_object_class(ARG0.p), METHOD_B);
  CALL(f);
}

HANDLER_COLD interp_tail_interface_miss(PARAMETERS) {
  tz_function *f = interface_target(SITE_C, tz_object_class(ARG0.p), METHOD_B);
  TAIL(f);
}

/* ---- Opcodes beyond the table ---- */

HANDLER op_ENTER(PARAMETERS) {
  tz_function *f = TZ_FRAME_FUNCTION(fp);
  TZ_MUSTTAIL return ((tz_code_fn *)f->entry)(th, (tz_insn *)f, fp, k, budget, 0);
}

HANDLER op_NATIVE_RETURN(PARAMETERS) {
  if (th->left_at != NULL) {
    pc = th->left_at;
    th->left_at = NULL;
    RESUME;
  }
  if (TZ_UNLIKELY(th->exception != 0)) OUTLINE(native_failed);
  RETURN(th->result);
}

HANDLER op_RESUME(PARAMETERS) {
  SAVE;
  NATIVE_RETURN(tz_process_resume(th));
}

/* The running process is over, by result or by th->exception. */
HANDLER_COLD interp_process_end(PARAMETERS) {
  SAVE;
  pc = tz_slow_process_end(th, pc);
  if (pc == NULL) return;
  RESUME;
}

TZ_PRESERVE_NONE void tz_interp_process_return(PARAMETERS) {
  th->result = in;
  TZ_MUSTTAIL return interp_process_end(ARGUMENTS);
}

/* Continuation of a frame entered from C. */
TZ_PRESERVE_NONE void tz_interp_c_return(PARAMETERS) {
  (void)k;
  th->result = in;
  SAVE;
}

HANDLER op_EXIT(PARAMETERS) {
  if (TZ_FRAME_CONTINUATION(fp) == (void *)tz_interp_process_return) OUTLINE(process_end);
  SAVE;
}

/* Any byte that is no opcode: the verifier lets none pass. */
HANDLER op_UNKNOWN(PARAMETERS) {
  (void)k, (void)budget, (void)in;
  SAVE;
  __builtin_trap();
}

tz_code_fn *const tz_interp_table[256] = {
#define TZ_FUSE_GROUP(FIRST)
#define TZ_FUSE2(A, B) [TZ_OP_##A##_##B] = op_##A##_##B,
#define TZ_FUSE3(A, B, C) [TZ_OP_##A##_##B##_##C] = op_##A##_##B##_##C,
#include "fused.def"
#undef TZ_FUSE_GROUP
#undef TZ_FUSE2
#undef TZ_FUSE3
    [TZ_OP_FUSED_END... TZ_OP_NATIVE_RETURN - 1] = op_UNKNOWN,
#define TZ_OP(NAME, text, operands, RULE, FLAGS, meaning) [TZ_OP_##NAME] = op_##NAME,
#include "terza/spec/opcodes.def"
#undef TZ_OP
    [TZ_OP_NATIVE_RETURN] = op_NATIVE_RETURN,
    [TZ_OP_ENTER] = op_ENTER,
    [TZ_OP_RESUME] = op_RESUME,
    [TZ_OP_EXIT] = op_EXIT,
    [TZ_OP_EXIT + 1] = op_UNKNOWN,
};

TZ_PRESERVE_NONE void tz_interp_profile_step(PARAMETERS) {
  tz_profile_instruction(th, pc, fp);
  if (!th->profiling && TZ_FRAME_FUNCTION(fp)->tier != NULL) { /* the burst is over */
    SAVE;
    TZ_MUSTTAIL return ((tz_code_fn *)th->resume)(ARGUMENTS);
  }
  in = *pc;
  TZ_MUSTTAIL return tz_interp_table[tz_insn_op(in)](ARGUMENTS);
}

/* ---- From C ---- */

bool tz_interp_run(tz_thread *th) {
  tz_interp_resume(th, th->pc, th->fp, NULL, th->budget, 0);
  return th->exception == 0;
}

bool tz_interp_enter(tz_thread *th, tz_function *f, const tz_word *args, int n, tz_word *result) {
  tz_word *fp = tz_process_push_segment(th, f->frame_bytes);
  if (fp == NULL) return false;
  if (n > 0) memcpy(fp, args, (size_t)n * sizeof *args);
  TZ_FRAME_CONTINUATION(fp) = (void *)tz_interp_c_return;
  fp[-2].u = TZ_FRAME_BOTTOM;
  TZ_FRAME_FUNCTION(fp) = f;
  th->fp = fp;
  ((tz_code_fn *)f->entry)(th, (tz_insn *)f, fp, NULL, th->budget, 0);
  tz_process_pop_segment(th);
  if (th->exception != 0) return false;
  if (result != NULL) result->u = th->result;
  return true;
}
