/* scheduler.c: who runs next on the one worker; helper threads; deadlock; errors nobody joined. */
#include "scheduler.h"
#include "error.h"
#include "internals.h"
#include "interp.h"
#include "native_stack.h"
#include <stdio.h>
#include <stdlib.h>

/* ---- making ---- */

struct tz_scheduler *tz_scheduler_new(tz_vm *vm) {
  struct tz_scheduler *s = calloc(1, sizeof *s);
  if (s == NULL) return NULL;
  s->vm = vm;
  s->random = 0x853c49e6748fea9bu;
  pthread_condattr_t monotonic;
  pthread_condattr_init(&monotonic);
  pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
  pthread_mutex_init(&s->lock, NULL);
  pthread_cond_init(&s->wake_worker, &monotonic);
  pthread_cond_init(&s->wake_helpers, NULL);
  pthread_condattr_destroy(&monotonic);
  return s;
}

static void jobs_free(tz_job *job) {
  for (tz_job *next; job != NULL; job = next) {
    next = job->next;
    free(job);
  }
}

static void helpers_stop(struct tz_scheduler *s) {
  pthread_mutex_lock(&s->lock);
  s->stopping = true;
  pthread_cond_broadcast(&s->wake_helpers);
  pthread_mutex_unlock(&s->lock);
  for (uint32_t i = 0; i < s->n_helpers; i++) pthread_join(s->helpers[i], NULL);
}

void tz_scheduler_free(struct tz_scheduler *s) {
  if (s == NULL) return;
  helpers_stop(s);
  while (s->all != NULL) tz_process_free(s->vm, s->all);
  tz_native_stacks_free(s->vm);
  for (uint32_t i = 0; i < s->n_failures; i++) free(s->failures[i].text);
  jobs_free(s->jobs_first);
  jobs_free(s->done);
  free(s->failures);
  free(s->timers.heap);
  pthread_mutex_destroy(&s->lock);
  pthread_cond_destroy(&s->wake_worker);
  pthread_cond_destroy(&s->wake_helpers);
  free(s);
}

/* ---- roots ---- */

void tz_process_mark_changed(tz_vm *vm, tz_process *p) {
  struct tz_scheduler *s = vm->scheduler;
  if (p->changed) return;
  p->changed = true;
  p->previous_changed = NULL;
  p->next_changed = s->changed;
  if (s->changed != NULL) s->changed->previous_changed = p;
  s->changed = p;
}

void tz_process_unmark_changed(tz_vm *vm, tz_process *p) {
  if (!p->changed) return;
  p->changed = false;
  if (p->previous_changed != NULL) p->previous_changed->next_changed = p->next_changed;
  else vm->scheduler->changed = p->next_changed;
  if (p->next_changed != NULL) p->next_changed->previous_changed = p->previous_changed;
}

static void process_visit(tz_thread *th, tz_process *p, tz_visitor *v) {
  tz_frame_walk w;
  tz_gc_visit_words(v, (tz_word *)&p->object, 1);
  if (p == th->process && th->leaf != NULL)
    tz_gc_visit_mapped(v, th->leaf_args, th->leaf->ref_map, th->leaf->n_params);
  for (tz_frame_walk_start(&w, th, p); w.fp != NULL; tz_frame_walk_next(&w)) {
    const tz_function *f = TZ_FRAME_FUNCTION(w.fp);
    if (w.native != NULL) th->vm->hooks.native_visit(th->vm, w.native, v);
    tz_gc_visit_mapped(v, w.fp, f->ref_map, f->n_registers);
  }
}

/* Visits p, and finds out whether the next young collection must look at it. */
static void process_visit_changed(tz_vm *vm, tz_process *p, tz_visitor *v) {
  tz_visitor_reset_young(v);
  process_visit(vm->thread, p, v);
  if (p == vm->thread->process || tz_visitor_saw_young(v)) tz_process_mark_changed(vm, p);
  else tz_process_unmark_changed(vm, p);
}

void tz_processes_visit(tz_vm *vm, tz_visitor *v, tz_gc_scope scope) {
  struct tz_scheduler *s = vm->scheduler;
  if (s == NULL) return;
  if (scope == TZ_GC_VERIFY) {
    for (tz_process *p = s->all; p != NULL; p = p->next) process_visit(vm->thread, p, v);
  } else if (scope == TZ_GC_FULL) {
    for (tz_process *p = s->all; p != NULL; p = p->next) process_visit_changed(vm, p, v);
  } else {
    for (tz_process *p = s->changed, *next; p != NULL; p = next) {
      next = p->next_changed;
      process_visit_changed(vm, p, v);
    }
  }
}

/* ---- the run queue ---- */

void tz_scheduler_enqueue(struct tz_scheduler *s, tz_process *p) {
  p->state = TZ_PROCESS_READY;
  p->next_ready = NULL;
  if (s->ready_last != NULL) s->ready_last->next_ready = p;
  else s->ready_first = p;
  s->ready_last = p;
}

static tz_process *dequeue(struct tz_scheduler *s) {
  tz_process *p = s->ready_first;
  s->ready_first = p->next_ready;
  if (s->ready_first == NULL) s->ready_last = NULL;
  return p;
}

static tz_insn *raise_now(tz_thread *th, tz_process *p) {
  tz_error_kind kind = (tz_error_kind)(p->raise - 1);
  char *message = p->raise_message;
  p->raise = 0;
  p->raise_message = NULL;
  tz_insn *pc = tz_throw(th, th->pc, kind, message ? "%s" : NULL, message);
  free(message);
  return pc;
}

/* The budget slice goes on: it belongs to the worker, so that steps are counted however often processes
 * switch. */
static tz_insn *install(tz_thread *th, tz_process *p) {
  th->process = p;
  th->fp = p->fp;
  th->pc = p->pc;
  th->stack_limit = p->stack->base + p->stack->words;
  th->native_top = p->native != NULL ? p->native->top : NULL;
  p->state = TZ_PROCESS_RUNNING;
  tz_process_mark_changed(th->vm, p);
  th->vm->scheduler->switches++;
  if (p->raise != 0 && p->pc != tz_code_resume && p->pc != tz_code_native_return) return raise_now(th, p);
  return p->pc;
}

/* ---- events: timers, helpers, interrupts ---- */

static void timers_fire(struct tz_scheduler *s) {
  if (s->timers.count == 0) return;
  int64_t now = tz_clock_now();
  for (tz_process *p; (p = tz_timer_due(s, now)) != NULL;) {
    if (p->wait_kind == TZ_WAIT_SELECT) tz_select_timed_out(s->vm, p);
    else tz_process_wake(s->vm, p);
  }
}

static void helpers_collect(struct tz_scheduler *s) {
  pthread_mutex_lock(&s->lock);
  tz_job *done = s->done;
  s->done = NULL;
  pthread_mutex_unlock(&s->lock);
  for (tz_job *next; done != NULL; done = next) { /* the job itself is freed when its process resumes */
    next = done->next;
    s->n_helping--;
    tz_process_wake(s->vm, done->process);
  }
}

static void events_handle(struct tz_scheduler *s) {
  timers_fire(s);
  if (TZ_LIKELY(atomic_load_explicit(&s->events, memory_order_relaxed) == 0)) return;
  unsigned events = atomic_exchange(&s->events, 0);
  if (events & TZ_EVENT_DONE) helpers_collect(s);
  if ((events & TZ_EVENT_INTERRUPT) && s->main != NULL)
    tz_process_raise(s->vm, s->main, TZ_ERROR_CANCELLED, NULL);
  if (events & TZ_EVENT_COLLECTED) {
    if (s->n_failures > 0) tz_failures_report(s->vm, false);
    tz_vm_run_finalizers(s->vm);
  }
}

void tz_scheduler_interrupt(struct tz_scheduler *s) {
  atomic_fetch_or(&s->events, TZ_EVENT_INTERRUPT);
  pthread_mutex_lock(&s->lock);
  pthread_cond_signal(&s->wake_worker);
  pthread_mutex_unlock(&s->lock);
}

/* Sleeps until the first deadline or an event. */
static void idle(struct tz_scheduler *s) {
  tz_vm_flush(s->vm);
  pthread_mutex_lock(&s->lock);
  while (atomic_load(&s->events) == 0) {
    if (s->timers.count == 0) {
      pthread_cond_wait(&s->wake_worker, &s->lock);
      continue;
    }
    int64_t deadline = s->timers.heap[0].deadline;
    struct timespec until = {deadline / 1000000000, deadline % 1000000000};
    if (pthread_cond_timedwait(&s->wake_worker, &s->lock, &until) != 0) break;
  }
  pthread_mutex_unlock(&s->lock);
}

/* ---- deadlock ---- */

static const char *wait_text(const tz_process *p) {
  switch (p->wait_kind) {
  case TZ_WAIT_SEND: return "waits to send";
  case TZ_WAIT_RECV: return "waits to receive";
  case TZ_WAIT_SELECT: return "waits in select";
  case TZ_WAIT_JOIN: return "waits for a process to end";
  default: return "waits";
  }
}

enum { DEADLOCK_PROCESSES = 20, DEADLOCK_FRAMES = 8 };

static char *deadlock_text(tz_thread *th) {
  struct tz_scheduler *s = th->vm->scheduler;
  char *text = NULL;
  size_t bytes;
  FILE *to = open_memstream(&text, &bytes);
  if (to == NULL) return NULL;
  fputs("every process is blocked", to);
  uint32_t n = 0;
  for (tz_process *p = s->all; p != NULL; p = p->next, n++) {
    if (n >= DEADLOCK_PROCESSES) continue;
    fprintf(to, "\nprocess %u%s %s\n", p->id, p->is_main ? " (main)" : "", wait_text(p));
    tz_process_print_stack(to, th, p, DEADLOCK_FRAMES);
  }
  if (n > DEADLOCK_PROCESSES) fprintf(to, "\n… and %u more processes", n - DEADLOCK_PROCESSES);
  fclose(to);
  while (bytes > 0 && text[bytes - 1] == '\n') text[--bytes] = 0;
  return text;
}

/* ---- switching ---- */

static tz_process *next_ready(tz_thread *th) {
  struct tz_scheduler *s = th->vm->scheduler;
  th->process = NULL;
  for (;;) {
    events_handle(s);
    if (s->ready_first != NULL) return dequeue(s);
    if (s->timers.count > 0 || s->n_helping > 0) idle(s);
    else tz_process_raise(s->vm, s->main, TZ_ERROR_DEADLOCK, deadlock_text(th));
  }
}

/* A process within a native section goes on on its own stack; what comes back is the end of that section. */
tz_insn *tz_scheduler_next(tz_thread *th) {
  for (;;) {
    tz_insn *pc = install(th, next_ready(th));
    if (TZ_LIKELY(th->process->native == NULL)) return pc;
    th->pc = pc;
    if (tz_native_section_resume(th) == TZ_SECTION_ENDED) return (tz_insn *)tz_code_native_return;
  }
}

tz_insn *tz_scheduler_switch(tz_thread *th, tz_insn *pc) {
  tz_process *p = th->process;
  p->fp = th->fp;
  p->pc = pc;
  if (TZ_LIKELY(p->native == NULL)) return tz_scheduler_next(th);
  tz_native_section_suspend(th);
  return th->pc;
}

tz_insn *tz_scheduler_tick(tz_thread *th, tz_insn *pc) {
  struct tz_scheduler *s = th->vm->scheduler;
  tz_process *p = th->process;
  if (p == NULL) return pc;
  events_handle(s);
  th->pc = pc;
  if (p->raise != 0) return raise_now(th, p);
  if (s->ready_first == NULL || !tz_can_wait(th)) return pc;
  tz_scheduler_enqueue(s, p);
  return tz_scheduler_switch(th, pc);
}

void tz_scheduler_poll(tz_thread *th) {
  struct tz_scheduler *s = th->vm->scheduler;
  tz_process *p = th->process;
  events_handle(s);
  if (p->raise != 0 || s->ready_first == NULL || !tz_can_wait(th)) return;
  tz_scheduler_enqueue(s, p);
  tz_scheduler_switch(th, (tz_insn *)tz_code_native_return);
}

tz_insn *tz_slow_yield(tz_thread *th, tz_insn *pc) { return tz_scheduler_tick(th, pc + 1); }

tz_insn *tz_slow_spawn(tz_thread *th, tz_insn *pc) {
  void *closure = th->fp[tz_insn_b(*pc)].p;
  if (closure == NULL) return tz_throw(th, pc, TZ_ERROR_NULL_REF, "null cannot be spawned");
  tz_word arg = {.p = closure};
  tz_process *p = tz_process_new(th, tz_object_class(closure)->vtable[0], &arg, 1);
  if (p == NULL) return tz_unwind(th, pc);
  th->fp[tz_insn_a(*pc)].u = p->object;
  tz_process_start(th->vm, p);
  return pc + 1;
}

/* ---- helper threads ---- */

static void *helper_main(void *data) {
  struct tz_scheduler *s = data;
  pthread_mutex_lock(&s->lock);
  for (;;) {
    while (s->jobs_first == NULL && !s->stopping) {
      s->n_idle_helpers++;
      pthread_cond_wait(&s->wake_helpers, &s->lock);
      s->n_idle_helpers--;
    }
    if (s->stopping) break;
    tz_job *job = s->jobs_first;
    s->jobs_first = job->next;
    pthread_mutex_unlock(&s->lock);
    job->work(job->state);
    pthread_mutex_lock(&s->lock);
    job->next = s->done;
    s->done = job;
    atomic_fetch_or(&s->events, TZ_EVENT_DONE);
    pthread_cond_signal(&s->wake_worker);
  }
  pthread_mutex_unlock(&s->lock);
  return NULL;
}

static void job_submit(struct tz_scheduler *s, tz_job *job) {
  pthread_mutex_lock(&s->lock);
  tz_job **end = &s->jobs_first;
  while (*end != NULL) end = &(*end)->next;
  *end = job;
  if (s->n_idle_helpers == 0 && s->n_helpers < TZ_HELPERS &&
      pthread_create(&s->helpers[s->n_helpers], NULL, helper_main, s) == 0)
    s->n_helpers++;
  pthread_cond_signal(&s->wake_helpers);
  pthread_mutex_unlock(&s->lock);
}

static bool block_finish(tz_thread *th, tz_word *args, void *state) {
  tz_job job = *(tz_job *)state;
  free(state);
  return job.finish(th, args, job.state);
}

bool tz_native_block(tz_thread *th, void (*work)(void *), bool (*finish)(tz_thread *, tz_word *, void *),
                     void *state) {
  struct tz_scheduler *s = th->vm->scheduler;
  tz_job *job = tz_native_can_park(th) ? malloc(sizeof *job) : NULL;
  if (job == NULL) { /* called back from C: nobody else can run meanwhile */
    work(state);
    return finish(th, th->fp, state);
  }
  *job = (tz_job){NULL, work, finish, state, th->process};
  s->n_helping++;
  tz_native_park(th, TZ_WAIT_HELPER, block_finish, job);
  job_submit(s, job);
  return true;
}

/* ---- errors that nobody joined ---- */

enum { MOST_FAILURES = 256 };

static void failure_print(tz_vm *vm, const char *text) {
  static const char head[] = "uncaught in a process: ";
  tz_vm_write(vm, 2, head, sizeof head - 1);
  tz_vm_write(vm, 2, text, strlen(text));
}

static void failure_drop(tz_vm *vm, uint32_t i) {
  struct tz_scheduler *s = vm->scheduler;
  tz_weak_handle_free(vm->heap, s->failures[i].object);
  free(s->failures[i].text);
  s->failures[i] = s->failures[--s->n_failures];
}

void tz_failures_report(tz_vm *vm, bool all) {
  struct tz_scheduler *s = vm->scheduler;
  for (uint32_t i = 0; i < s->n_failures;) {
    if (!all && tz_weak_handle_get(s->failures[i].object).u != 0) {
      i++;
      continue;
    }
    failure_print(vm, s->failures[i].text);
    failure_drop(vm, i);
  }
}

void tz_failures_add(tz_vm *vm, tz_process *p, void *error) {
  struct tz_scheduler *s = vm->scheduler;
  if (tz_object_class(error) == vm->error_classes[TZ_ERROR_CANCELLED]) return;
  char *text = tz_error_text(vm, error);
  if (text == NULL) return;
  if (s->n_failures == MOST_FAILURES) tz_failures_report(vm, true);
  if (s->failures == NULL) s->failures = malloc(MOST_FAILURES * sizeof *s->failures);
  tz_weak_handle handle = tz_weak_handle_new(vm->heap, (tz_word){.u = p->object});
  if (s->failures == NULL || handle.slot == NULL) {
    failure_print(vm, text);
    free(text);
    return;
  }
  s->failures[s->n_failures++] = (tz_failure){handle, text};
}

void tz_failures_joined(tz_vm *vm, void *object) {
  struct tz_scheduler *s = vm->scheduler;
  for (uint32_t i = 0; i < s->n_failures; i++)
    if (tz_weak_handle_get(s->failures[i].object).p == object) {
      failure_drop(vm, i);
      return;
    }
}
