/* thread.h: the state of one worker thread, at fixed offsets for every tier.
 *
 * Interpreter and baseline code keep the thread, pc, fp, k and the budget in machine registers. Before any C function
 * that may collect, throw, switch processes or walk the stack, they store pc and fp here; afterwards they reload fp
 * (the stack may have grown, another process may run) and continue at the pc that the function returned. */
#pragma once
#include "terza/function.h"
#include "terza/native.h"

struct tz_thread {
#define TZ_THREAD_FIELD(type, name, meaning) type name;
#include "terza/spec/thread.def"
#undef TZ_THREAD_FIELD
};

/* The size of one budget slice: back-edges plus calls between two visits to the runtime. Hotness sampling, preemption,
 * safepoint polls, step limits and timers all hang on it. */
enum { TZ_BUDGET = 2000 };

/* Every slow path of an opcode: th->pc, th->fp are saved by the caller; returns where to go on, in th->fp's function. */
typedef tz_insn *tz_slow(tz_thread *th, tz_insn *pc);

/* Unwinds to the handler of th->exception: sets th->fp, returns its pc; at an entry frame from C returns the exit
 * instruction, with the exception still pending. Implemented in runtime/src/unwind.c. */
tz_insn *tz_unwind(tz_thread *th, tz_insn *pc);
/* Creates and raises a machine error at pc, then unwinds. */
tz_insn *tz_throw(tz_thread *th, tz_insn *pc, tz_error_kind kind, const char *format, ...)
    __attribute__((format(printf, 4, 5)));
