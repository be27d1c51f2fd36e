/* frame.h: how frames on a process's VM stack hang together. function.h draws one frame.
 *
 * Invariant, kept by whoever pushes a frame and relied on by every stack walk:
 *   fp[-2] odd (TZ_FRAME_BOTTOM)    first frame of a stack segment: nothing below it in this segment
 *   otherwise an instruction of the caller; its opcode tells where the caller's fp is:
 *     has an argument list          fp - lane 0 of the list
 *     any other opcode              fp - fp[-4].u slots (operators on `any` that call a guest method push
 * this word)
 *
 * A process's stack is a chain of segments. Code that C calls back into runs on a segment of its own, so that
 * the frames of natives below never move while C holds their addresses; only the top segment grows, by
 * copying. */
#pragma once
#include "terza/vm.h"

#define TZ_FRAME_BOTTOM ((uint64_t)1)

static inline bool tz_frame_is_bottom(const tz_word *fp) { return fp[-2].u & 1; }

/* The instruction in the caller that made this frame; NULL at the bottom of a segment. */
static inline tz_insn *tz_frame_call_pc(const tz_word *fp) {
  return tz_frame_is_bottom(fp) ? NULL : fp[-2].p;
}

/* The argument list of a call instruction, or NULL when the opcode has none. */
const tz_insn *tz_insn_list_of(const tz_insn *pc);

/* The caller's fp; NULL at the bottom of a segment. */
tz_word *tz_frame_caller(tz_word *fp);

/* Walks the frames of a process, innermost first, across segments:
 *   tz_frame_walk w; for (tz_frame_walk_start(&w, th, p); w.fp; tz_frame_walk_next(&w)) ... */
typedef struct tz_frame_walk {
  tz_word *fp;
  tz_insn *pc; /* the instruction that runs in this frame, or waits for a call to return */
  struct tz_stack *segment;
} tz_frame_walk;
void tz_frame_walk_start(tz_frame_walk *w, tz_thread *th,
                         tz_process *p); /* p running: th->fp, th->pc count */
void tz_frame_walk_next(tz_frame_walk *w);
