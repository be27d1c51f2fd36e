/* interp.h: entering and leaving interpreted code, and the calling convention that all tiers share.
 *
 * Guest code is a web of tail calls between functions of type tz_code_fn; none of them has a native frame, so
 * guest recursion uses no C stack. Six values live in machine registers throughout:
 *
 *   th r12, pc r13, fp r14, k r15, budget rdi, in rsi
 *
 * in is the current instruction word within a handler, and the result when a continuation is entered.
 *
 * A call:    the caller checks the stack (callee's frame_bytes above its fp) and the budget, writes arguments
 *            and header (continuation, its own pc, the function), then enters f->entry with
 *            pc = (tz_insn *)f and fp = the new frame. The callee's entry sets its reference locals to null
 *            before anything can look at the frame.
 * A return:  enters fp[-3] with the same fp and the result in `in`. */
#pragma once
#include "process.h"

#define TZ_PRESERVE_NONE __attribute__((preserve_none))
#define TZ_MUSTTAIL __attribute__((musttail))

typedef TZ_PRESERVE_NONE void tz_code_fn(tz_thread *th, tz_insn *pc, tz_word *fp, tz_word *k, int64_t budget,
                                         uint64_t in);

tz_code_fn tz_interp_entry;          /* f->entry of a function that has code */
tz_code_fn tz_native_entry;          /* f->entry of a native */
tz_code_fn tz_interp_return;         /* continuation in a frame called by an interpreted call instruction */
tz_code_fn tz_interp_process_return; /* continuation in a process's first frame */
tz_code_fn tz_interp_c_return; /* continuation in a frame entered by an ordinary call from C: th->result */
tz_code_fn
    tz_interp_resume; /* goes on at pc in th->fp's function, on any tier; other arguments are ignored */
/* th->resume, of this type too, is entered instead of the dispatch loop when a slow path has ended in a
 * function whose `tier` is set: pc is where to go on, maybe an internal instruction; th->fp and th->budget
 * are up to date. */

/* One more opcode beyond the table (process.h has the others): at a complete frame, enters its function. Slow
 * paths that have pushed a frame return tz_code_enter. */
enum { TZ_OP_ENTER = 252 };
extern const tz_insn tz_code_enter[1];

/* Fills dispatch, budget and step limit from th->vm->options. Once, when the thread is made. */
void tz_interp_init(tz_thread *th);
void tz_interp_set_step_limit(tz_thread *th, int64_t steps); /* 0: none */

/* Runs from th->pc, th->fp until the main process has ended. False: th->exception has its uncaught error. */
bool tz_interp_run(tz_thread *th);

/* Calls f from C on a stack segment of its own: args already converted, n of them. MAY COLLECT, may not
 * switch processes. False: exception pending. result may be NULL. */
bool tz_interp_enter(tz_thread *th, tz_function *f, const tz_word *args, int n, tz_word *result);

/* Frames pushed by C slow paths. The new frame's fp: `words` above th->fp, with room for f's frame; the stack
 * may move. NULL: StackOverflowError pending (then `return tz_unwind(th, pc)`). */
tz_word *tz_frame_reserve(tz_thread *th, uint32_t words, const tz_function *f);

/* The handler of each opcode, and the one that a profiling burst puts in all places of th->dispatch. */
extern tz_code_fn *const tz_interp_table[256];
tz_code_fn tz_interp_profile_step;
