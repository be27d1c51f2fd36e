/* scheduler.h: the run queue, timers, helper threads and waits of the one worker. Several workers will share
 * one scheduler behind the same functions; only the helpers' part is touched by other threads today (under
 * `lock`). */
#pragma once
#include "process.h"
#include <pthread.h>
#include <stdatomic.h>

typedef struct tz_timer {
  int64_t deadline; /* nanoseconds of the monotonic clock */
  tz_process *process;
} tz_timer;

typedef struct tz_timers { /* a heap by deadline; each process knows its index */
  tz_timer *heap;
  uint32_t count, capacity;
} tz_timers;

typedef struct tz_job { /* blocking work of a parked native */
  struct tz_job *next;
  void (*work)(void *state);
  bool (*finish)(tz_thread *th, tz_word *args, void *state);
  void *state;
  tz_process *process;
} tz_job;

typedef struct tz_failure { /* an error that ended a process and that nobody has joined yet */
  tz_weak_handle object;
  char *text;
} tz_failure;

enum { TZ_HELPERS = 32 };
enum { TZ_EVENT_DONE = 1, TZ_EVENT_INTERRUPT = 2, TZ_EVENT_COLLECTED = 4 };

struct tz_scheduler {
  tz_vm *vm;
  tz_process *ready_first, *ready_last;
  tz_process *all, *changed, *main;
  uint32_t n_processes, most_processes, next_id, n_helping;
  uint64_t switches, random;
  struct tz_native_stack *unused_stacks;
  uint32_t n_unused_stacks, n_native_stacks;
  tz_timers timers;
  tz_failure *failures;
  uint32_t n_failures;

  atomic_uint events; /* TZ_EVENT_… for the next tick */
  pthread_mutex_t lock;
  pthread_cond_t wake_worker, wake_helpers;
  tz_job *jobs_first, *done;
  pthread_t helpers[TZ_HELPERS];
  uint32_t n_helpers, n_idle_helpers;
  bool stopping;
};

struct tz_scheduler *tz_scheduler_new(tz_vm *vm);
void tz_scheduler_free(
    struct tz_scheduler *s); /* frees all processes, without running them; waits for helpers */

/* Saves the running process, which waits or stands in the queue, and installs the next; the pc to go on at.
 */
tz_insn *tz_scheduler_switch(tz_thread *th, tz_insn *pc);
/* Installs the next process, waiting for timers and helpers if there is none; the running one is already put
 * away. */
tz_insn *tz_scheduler_next(tz_thread *th);
void tz_scheduler_enqueue(struct tz_scheduler *s, tz_process *p);
/* The process's stack or object got a new reference: the next young collection looks at it. */
void tz_process_mark_changed(tz_vm *vm, tz_process *p);
void tz_process_unmark_changed(tz_vm *vm, tz_process *p);
void tz_processes_visit(tz_vm *vm, tz_visitor *v, tz_gc_scope scope);
/* At a place where only this much may happen: timers, helpers, and other processes' turns. What is to be
 * raised in the running process stays in process->raise. */
void tz_scheduler_poll(tz_thread *th);
/* From any thread: the main process gets a CancelledError. */
void tz_scheduler_interrupt(struct tz_scheduler *s);

/* Prints errors nobody has joined: all, or those whose Process object is gone. */
void tz_failures_report(tz_vm *vm, bool all);
void tz_failures_add(tz_vm *vm, tz_process *p, void *error);
void tz_failures_joined(tz_vm *vm, void *object);

int64_t tz_clock_now(void);
bool tz_timer_set(struct tz_scheduler *s, tz_process *p, int64_t deadline); /* false: no memory */
void tz_timer_cancel(struct tz_scheduler *s, tz_process *p);
tz_process *tz_timer_due(struct tz_scheduler *s, int64_t now); /* takes one off, or NULL */

/* Waiting in channels (channel.c): takes p out of every queue it stands in. */
void tz_channel_unwait(tz_process *p);
/* p's select ran into its time limit. */
void tz_select_timed_out(tz_vm *vm, tz_process *p);
bool tz_can_wait(tz_thread *th); /* false inside calls from C */
