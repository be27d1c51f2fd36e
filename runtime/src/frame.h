/* frame.h: how frames on a process's VM stack hang together. function.h draws one frame.
 *
 * Invariant, kept by whoever pushes a frame and relied on by every stack walk. fp[-2] is
 * - TZ_FRAME_BOTTOM: first frame of a stack segment, nothing below it in this segment
 * - TZ_FRAME_NATIVE: called by optimized code; fp[-4].u words below lies the frame of the section's entry,
 * whose function is vm->native_frame, and fp[-5].p is the frame record that leads into the optimized frames
 * between
 * - otherwise an instruction of the caller, whose opcode tells where the caller's fp is: with an argument
 * list fp - lane 0 of the list; with any other opcode fp - fp[-4].u slots (operators on `any` that call a
 * guest method push this word) Odd ones end what tz_unwind searches: the exception stays pending and goes to
 * the C code below.
 *
 * A process's stack is a chain of segments. Code that C calls back into runs on a segment of its own, so that
 * the frames of natives below never move while C holds their addresses; only the top segment grows, by
 * copying.
 *
 * Optimized frames lie on a machine stack; a frame record, the pair (caller's rbp, return address) that
 * begins the frame of a function they called, leads to them. Only the compiled tiers can read them:
 * vm->hooks. */
#pragma once
#include "terza/vm.h"

#define TZ_FRAME_BOTTOM ((uint64_t)1)
#define TZ_FRAME_NATIVE ((uint64_t)3)

static inline bool tz_frame_is_bottom(const tz_word *fp) { return fp[-2].u & 1; }

static inline bool tz_frame_is_native(const tz_word *fp) { return fp[-2].u == TZ_FRAME_NATIVE; }

/* The instruction in the caller that made this frame; NULL if that is none. */
static inline tz_insn *tz_frame_call_pc(const tz_word *fp) {
  return tz_frame_is_bottom(fp) ? NULL : fp[-2].p;
}

/* The argument list of a call instruction, or NULL when the opcode has none. */
const tz_insn *tz_insn_list_of(const tz_insn *pc);

/* The caller's fp; NULL if the caller is no VM frame. */
tz_word *tz_frame_caller(tz_word *fp);

/* Walks the VM frames of a process, innermost first, across segments and optimized code:
 *   tz_frame_walk w; for (tz_frame_walk_start(&w, th, p); w.fp; tz_frame_walk_next(&w)) ... */
typedef struct tz_frame_walk {
  tz_word *fp;
  tz_insn *pc;        /* the instruction that runs in this frame, or waits for a call to return */
  const void *native; /* frame record of the optimized frames above this one; NULL: none */
  struct tz_stack *segment;
  tz_vm *vm;
} tz_frame_walk;
void tz_frame_walk_start(tz_frame_walk *w, tz_thread *th,
                         tz_process *p); /* p running: th->fp, th->pc count */
void tz_frame_walk_next(tz_frame_walk *w);

/* Walks the frames as a guest sees them, optimized and inlined ones too, without those that are the machine's
 * own: tz_trace_walk w; for (tz_trace_walk_start(&w, th, p); w.function; tz_trace_walk_next(&w)) ... */
typedef struct tz_trace_walk {
  const tz_function *function;
  int64_t pc; /* word index in its code; -1: a native */
  tz_frame_walk frames;
  tz_native_cursor native;
} tz_trace_walk;
void tz_trace_walk_start(tz_trace_walk *w, tz_thread *th, tz_process *p);
void tz_trace_walk_next(tz_trace_walk *w);
