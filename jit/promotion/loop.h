/* loop.h: entering optimized code in the middle of a loop: what stands at a back-edge, and whether it is
 * about to be taken. */
#pragma once
#include "terza/thread.h"

/* The loop head that the instruction at pc of th's frame goes back to, if its next step does so; that step is
 * then done (a counter counted up), so that the frame is the one of the head. TZ_NO_LOOP: it does not;
 * nothing was done. */
uint32_t tz_loop_take_back_edge(tz_thread *th, const tz_function *f, const tz_insn *pc);
/* The loop head of the instruction, whether it is taken or not. */
uint32_t tz_loop_head_of(const tz_function *f, const tz_insn *pc);
enum { TZ_NO_LOOP = UINT32_MAX };
