/* process.h: processes, the scheduler of the one worker, and what the interpreter calls of them.
 *
 * A process is a stack of VM frames plus a saved pc and fp; a machine stack only while it has optimized
 * frames (native_stack.h). Switching happens inside any slow path: it stores the running process's pc and fp,
 * installs another's in the thread (th->process, fp, stack_limit) and returns its pc. Whoever called the slow
 * path reloads fp and k. The budget is the worker's: it goes on across switches.
 *
 * What the interpreter supplies (interp.h), beside tz_interp_run and tz_interp_enter:
 * - tz_interp_process_return: continuation of a process's first frame; th->result = value, then goes on at
 *   tz_slow_process_end's pc.
 * - TZ_OP_EXIT: reached by unwinding past a bottom frame with th->exception pending. Of a nested entry:
 * returns to C; of a process: as tz_interp_process_return.
 * - TZ_OP_RESUME: at a native's frame; completes it by tz_process_resume, then as a native's return (false:
 *   unwinds; parked again: tz_slow_parked).
 * - TZ_OP_NATIVE_RETURN: at the frame of a native section that has ended; gives th->result to its
 * continuation, unwinds if th->exception is set, or goes on at th->left_at.
 * - The native entry: after a native returned true, if (th->parked) goes on at tz_slow_parked's pc. */
#pragma once
#include "frame.h"

/* Opcodes beyond the table, never in modules. Their code words live in process.c. */
enum { TZ_OP_NATIVE_RETURN = 251, TZ_OP_RESUME = 253, TZ_OP_EXIT = 254 };
extern const tz_insn tz_code_resume[1], tz_code_exit[1], tz_code_native_return[1];

typedef struct tz_stack { /* one segment; the words follow */
  struct tz_stack *below;
  tz_word *below_fp; /* frame and pc that were current in the segment below */
  tz_insn *below_pc;
  const void *below_native; /* th->native_top */
  size_t words;
  tz_word base[];
} tz_stack;

typedef enum tz_process_state {
  TZ_PROCESS_READY, /* in the run queue */
  TZ_PROCESS_RUNNING,
  TZ_PROCESS_WAITING, /* for a channel, timer, process or helper */
  TZ_PROCESS_DONE,
} tz_process_state;

typedef enum tz_wait_kind {
  TZ_WAIT_NONE,
  TZ_WAIT_SEND,
  TZ_WAIT_RECV,
  TZ_WAIT_SELECT,
  TZ_WAIT_SLEEP,
  TZ_WAIT_JOIN,
  TZ_WAIT_HELPER,
} tz_wait_kind;

/* A process's place in a queue of waiters (of a channel or another process). */
typedef struct tz_wait {
  tz_process *process;
  struct tz_wait *next, *previous;
  uint32_t index; /* select: the case */
} tz_wait;

typedef bool tz_resume_fn(tz_thread *th, tz_word *args, void *state);

struct tz_process {
  tz_stack *stack; /* top segment */
  tz_word *fp;     /* saved while not running */
  tz_insn *pc;
  struct tz_native_stack *native; /* borrowed while it has optimized frames (native_stack.h) */
  uint64_t object;                /* the guest's Process; a root */
  tz_process *next_ready;
  tz_process *previous, *next;                 /* all processes of the scheduler */
  tz_process *previous_changed, *next_changed; /* those whose stack a young collection must look at */
  tz_wait wait;                                /* single waits; select uses its own array */
  tz_wait *select_waits;
  tz_wait *joiners;
  tz_resume_fn *resume; /* parked native */
  void *resume_state;
  uint32_t timer; /* index in the timer heap + 1; 0: none */
  uint32_t id;
  uint8_t state, wait_kind;
  uint8_t raise; /* 1 + tz_error_kind to raise when next scheduled; 0: none */
  bool changed;  /* in the list of changed ones */
  bool is_main;
  uint32_t n_select;
  char *raise_message; /* malloc'd; NULL: the kind's default */
};

enum {
  TZ_PROCESS_HANDLE,
  TZ_PROCESS_ERROR,
  TZ_PROCESS_ID
}; /* fields of the guest's Process; handle 0: done */

/* Opcodes. */
tz_slow tz_slow_spawn, tz_slow_chan_new, tz_slow_chan_send, tz_slow_chan_recv, tz_slow_chan_next,
    tz_slow_chan_close, tz_slow_select, tz_slow_yield;
/* The running process ended: its first frame returned (th->exception 0) or was unwound. Returns the next
 * process's pc, NULL: the main process ended; th->result or th->exception tells how. */
tz_slow tz_slow_process_end;
/* A native parked the running process: switches. */
tz_slow tz_slow_parked;
/* At the end of each budget slice, with pc where to go on: timers, helpers, host requests, preemption. */
tz_insn *tz_scheduler_tick(tz_thread *th, tz_insn *pc);

/* Makes the words above th->fp up to `bytes` available by moving the top segment: th->fp and th->stack_limit
 * change. False: beyond options.stack_limit, or no memory; nothing changed. With stress_stack it always
 * moves. */
bool tz_process_grow_stack(tz_thread *th, size_t bytes);

/* Opens a segment of at least `bytes` for code called from C and sets th->stack_limit; returns the fp for its
 * first frame (header below it writable), NULL: no memory or too deep (StackOverflowError pending). th->fp,
 * th->pc must be the native's; pop restores them. */
tz_word *tz_process_push_segment(tz_thread *th, size_t bytes);
void tz_process_pop_segment(tz_thread *th);

/* Completes a parked native (TZ_OP_RESUME): th->fp is its frame. As a native: false, exception pending. */
bool tz_process_resume(tz_thread *th);

/* For natives that wait: `return tz_native_park(...)`. The process leaves the worker when the native has
 * returned and `resume` runs, with the native's frame as args, once tz_process_wake was called. Parked again
 * by parking in resume. */
bool tz_native_park(tz_thread *th, tz_wait_kind kind, tz_resume_fn *resume, void *state);
bool tz_native_can_park(tz_thread *th);         /* not inside nested calls from C */
void tz_process_wake(tz_vm *vm, tz_process *p); /* waiting -> ready; undoes its wait */

/* A process that will run f with n arguments; not yet ready (tz_process_start). Its Process object is made
 * too, so this may collect: the arguments are copied first and p->object holds the result. NULL: exception
 * pending. */
tz_process *tz_process_new(tz_thread *th, tz_function *f, const tz_word *args, uint32_t n);
void tz_process_start(tz_vm *vm, tz_process *p);
void tz_process_free(tz_vm *vm, tz_process *p);
/* Makes it raise an error of the kind as soon as it runs; a waiting process stops waiting. message: malloc'd
 * or NULL. */
void tz_process_raise(tz_vm *vm, tz_process *p, tz_error_kind kind, char *message);

/* Natives of module tz: Process.join and its like. */
bool tz_process_natives_register(tz_vm *vm);
