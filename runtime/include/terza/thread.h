/* thread.h: the state of one worker thread, at fixed offsets for every tier.
 *
 * Interpreter and baseline code keep the thread, pc, fp, k and the budget in machine registers. Before any C function
 * that may collect, throw, switch processes or walk the stack, they store pc and fp here; afterwards they reload fp
 * (the stack may have grown, another process may run) and continue at the pc that the function returned. */
#pragma once
#include "terza/function.h"
#include "terza/native.h"

struct tz_thread {
  tz_mutator mutator;    /* first: allocation pointer and limit */
  tz_word *fp;           /* current frame, saved */
  tz_insn *pc;           /* current instruction, saved */
  tz_word *stack_limit;  /* of the running process: a frame must end below */
  int64_t budget;        /* saved budget: back-edges and calls until the next tz_slow_budget */
  uint64_t exception;    /* pending exception, 0 if none; a root */
  uint64_t result;       /* value handed over by an entry frame when it returns to C */
  tz_process *process;
  tz_vm *vm;
  uint32_t native_depth; /* nested entries from C into guest code */
  bool profiling;        /* a sampling burst is on */
  tz_insn *profile_pc;   /* last branch seen by the burst */
  uint32_t profile_left; /* instructions left in the burst */
  uint64_t steps_left;   /* step limit, in budget units; UINT64_MAX: none */
  bool parked;           /* a native has parked the running process (runtime/src/process.h) */
  struct tz_root_chunk *roots; /* tz_root_push */
  void *resume;          /* goes on at pc in th->fp's function on its best tier, once that has one; interp.h */
  void *dispatch[256];   /* handlers by opcode; swapped for a sampling burst */
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
