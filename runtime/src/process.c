/* process.c: processes, their stacks, their natives, and their ends.
 *
 * Invariant: a process is in exactly one of these places: running (th->process), the run queue (READY), the
 * queues its wait_kind names (WAITING). Its Process object's handle is its address until it is done. */
#include "process.h"
#include "class.h"
#include "error.h"
#include "internals.h"
#include "interp.h"
#include "native_stack.h"
#include "scheduler.h"
#include "value.h"
#include <stdlib.h>
#include <time.h>

const tz_insn tz_code_resume[1] = {TZ_OP_RESUME}, tz_code_exit[1] = {TZ_OP_EXIT},
              tz_code_native_return[1] = {TZ_OP_NATIVE_RETURN};

enum {
  FIRST_WORDS = 40,    /* of a process's stack, at least */
  SEGMENT_WORDS = 512, /* of a segment for calls from C */
  SLACK_WORDS = 8,
};

/* ---- stacks ---- */

static tz_stack *stack_new(tz_vm *vm, size_t words) {
  size_t bytes = sizeof(tz_stack) + words * sizeof(tz_word);
  if (!tz_gc_account(vm->heap, (int64_t)bytes)) return NULL;
  tz_stack *s = malloc(bytes);
  if (s == NULL) {
    tz_gc_account(vm->heap, -(int64_t)bytes);
    return NULL;
  }
  s->below = NULL;
  s->below_fp = NULL;
  s->below_pc = NULL;
  s->below_native = NULL;
  s->words = words;
  return s;
}

static void stack_free(tz_vm *vm, tz_stack *s) {
  tz_gc_account(vm->heap, -(int64_t)(sizeof(tz_stack) + s->words * sizeof(tz_word)));
  free(s);
}

static size_t stack_total(const tz_process *p) { /* bytes of all segments */
  size_t words = 0;
  for (const tz_stack *s = p->stack; s != NULL; s = s->below) words += s->words;
  return words * sizeof(tz_word);
}

static void stack_install(tz_thread *th) {
  tz_stack *s = th->process->stack;
  th->stack_limit = s->base + s->words;
}

bool tz_process_grow_stack(tz_thread *th, size_t bytes) {
  tz_vm *vm = th->vm;
  tz_process *p = th->process;
  tz_stack *old = p->stack;
  size_t used = (size_t)(th->fp - old->base), need = used + (bytes + 7) / 8 + SLACK_WORDS;
  if (need <= old->words && !vm->options.stress_stack) return true;
  size_t words = need > old->words * 2 ? need : old->words * 2;
  if (need <= old->words) words = old->words;
  size_t others = stack_total(p) - old->words * sizeof(tz_word), most = (size_t)vm->options.stack_limit;
  if (others + need * sizeof(tz_word) > most) return false;
  if (others + words * sizeof(tz_word) > most) words = (most - others) / sizeof(tz_word);
  tz_stack *s = stack_new(vm, words);
  if (s == NULL) return need <= old->words;
  s->below = old->below;
  s->below_fp = old->below_fp;
  s->below_pc = old->below_pc;
  s->below_native = old->below_native;
  memcpy(s->base, old->base, (words < old->words ? words : old->words) * sizeof(tz_word));
  p->stack = s;
  th->fp = s->base + used;
  stack_free(vm, old);
  stack_install(th);
  return true;
}

tz_word *tz_process_push_segment(tz_thread *th, size_t bytes) {
  tz_vm *vm = th->vm;
  tz_process *p = th->process;
  size_t words = bytes / 8 + SLACK_WORDS + SEGMENT_WORDS;
  if (p == NULL) {
    tz_raise(th, TZ_ERROR_STATE, "no process runs: guest code is entered by tz_vm_run");
    return NULL;
  }
  if (th->leaf != NULL) {
    tz_raise(th, TZ_ERROR_STATE, "%s calls guest code, but is registered as a leaf", th->leaf->name);
    return NULL;
  }
  bool fits = th->native_depth < TZ_NATIVE_DEPTH && tz_native_has_room(th) &&
              stack_total(p) + words * sizeof(tz_word) <= (size_t)vm->options.stack_limit;
  tz_stack *s = fits ? stack_new(vm, words) : NULL;
  if (s == NULL) {
    tz_raise(th, fits ? TZ_ERROR_OUT_OF_MEMORY : TZ_ERROR_STACK_OVERFLOW,
             fits ? "no memory for a stack" : "calls from natives are nested too deeply");
    return NULL;
  }
  s->below = p->stack;
  s->below_fp = th->fp;
  s->below_pc = th->pc;
  s->below_native = th->native_top;
  th->native_top = NULL;
  p->stack = s;
  th->native_depth++;
  stack_install(th);
  return s->base + TZ_FRAME_HEADER + 1;
}

void tz_process_pop_segment(tz_thread *th) {
  tz_stack *s = th->process->stack;
  th->process->stack = s->below;
  th->fp = s->below_fp;
  th->pc = s->below_pc;
  th->native_top = s->below_native;
  th->native_depth--;
  stack_free(th->vm, s);
  stack_install(th);
}

/* ---- birth and death ---- */

static tz_word *process_first_frame(tz_process *p, tz_function *f, const tz_word *args, uint32_t n) {
  tz_word *fp = p->stack->base + TZ_FRAME_HEADER + 1;
  memset(p->stack->base, 0, (size_t)(fp - p->stack->base + f->n_registers) * sizeof(tz_word));
  TZ_FRAME_CONTINUATION(fp) = (void *)tz_interp_process_return;
  fp[-2].u = TZ_FRAME_BOTTOM;
  TZ_FRAME_FUNCTION(fp) = f;
  for (uint32_t i = 0; i < n; i++) fp[i] = args[i];
  return fp;
}

static void process_link(struct tz_scheduler *s, tz_process *p) {
  p->id = ++s->next_id;
  p->next = s->all;
  if (s->all != NULL) s->all->previous = p;
  s->all = p;
  if (++s->n_processes > s->most_processes) s->most_processes = s->n_processes;
}

tz_process *tz_process_new(tz_thread *th, tz_function *f, const tz_word *args, uint32_t n) {
  tz_vm *vm = th->vm;
  size_t words = f->frame_bytes / 8 + TZ_FRAME_HEADER + 1 + SLACK_WORDS;
  tz_process *p = calloc(1, sizeof *p);
  if (p != NULL) p->stack = stack_new(vm, words > FIRST_WORDS ? words : FIRST_WORDS);
  if (p == NULL || p->stack == NULL) {
    free(p);
    tz_raise(th, TZ_ERROR_OUT_OF_MEMORY, "no memory for a process");
    return NULL;
  }
  p->fp = process_first_frame(p, f, args, n);
  p->pc = (tz_insn *)tz_code_enter;
  p->state = TZ_PROCESS_WAITING;
  p->wait.process = p;
  process_link(vm->scheduler, p);
  tz_process_mark_changed(vm, p);
  tz_object *object = tz_gc_alloc(&th->mutator, &vm->process_class->layout);
  if (object == NULL) {
    tz_process_free(vm, p);
    tz_raise(th, TZ_ERROR_OUT_OF_MEMORY, "no memory for a process");
    return NULL;
  }
  tz_object_fields(object)[TZ_PROCESS_HANDLE].p = p;
  tz_object_fields(object)[TZ_PROCESS_ID].i = p->id;
  p->object = (uint64_t)(uintptr_t)object;
  tz_process_mark_changed(vm, p); /* the allocation may have collected and found nothing young in it */
  return p;
}

void tz_process_start(tz_vm *vm, tz_process *p) { tz_scheduler_enqueue(vm->scheduler, p); }

void tz_process_free(tz_vm *vm, tz_process *p) {
  struct tz_scheduler *s = vm->scheduler;
  tz_process_unmark_changed(vm, p);
  if (p->previous != NULL) p->previous->next = p->next;
  else s->all = p->next;
  if (p->next != NULL) p->next->previous = p->previous;
  s->n_processes--;
  tz_native_stack_give_back(vm, p);
  for (tz_stack *stack = p->stack, *below; stack != NULL; stack = below) {
    below = stack->below;
    stack_free(vm, stack);
  }
  free(p->select_waits);
  free(p->raise_message);
  free(p);
}

tz_insn *tz_slow_process_end(tz_thread *th, tz_insn *pc) {
  (void)pc;
  tz_vm *vm = th->vm;
  struct tz_scheduler *s = vm->scheduler;
  tz_process *p = th->process;
  void *object = (void *)(uintptr_t)p->object;
  uint64_t error = th->exception;
  tz_object_fields(object)[TZ_PROCESS_HANDLE].u = 0;
  tz_object_store(th, object, TZ_PROCESS_ERROR, (tz_word){.u = error});
  bool joined = p->joiners != NULL, is_main = p->is_main;
  for (tz_wait *w; (w = p->joiners) != NULL;) {
    p->joiners = w->next;
    tz_process_wake(vm, w->process);
  }
  if (error != 0 && !joined && !is_main) tz_failures_add(vm, p, (void *)(uintptr_t)error);
  th->process = NULL;
  tz_process_free(vm, p);
  if (is_main) {
    s->main = NULL;
    return NULL;
  }
  th->exception = 0;
  return tz_scheduler_next(th);
}

/* ---- waiting ---- */

static void join_unwait(tz_process *p) {
  tz_process *target = tz_object_fields(p->fp[0].p)[TZ_PROCESS_HANDLE].p;
  if (target == NULL) return; /* it ends, and takes its joiners off the list itself */
  tz_wait *w = &p->wait;
  if (w->previous != NULL) w->previous->next = w->next;
  else target->joiners = w->next;
  if (w->next != NULL) w->next->previous = w->previous;
}

void tz_process_wake(tz_vm *vm, tz_process *p) {
  if (p->state != TZ_PROCESS_WAITING) return;
  tz_timer_cancel(vm->scheduler, p);
  switch (p->wait_kind) {
  case TZ_WAIT_SEND:
  case TZ_WAIT_RECV:
  case TZ_WAIT_SELECT: tz_channel_unwait(p); break;
  case TZ_WAIT_JOIN: join_unwait(p); break;
  default: break;
  }
  tz_scheduler_enqueue(vm->scheduler, p);
}

void tz_process_raise(tz_vm *vm, tz_process *p, tz_error_kind kind, char *message) {
  free(p->raise_message);
  p->raise_message = message;
  p->raise = (uint8_t)(kind + 1);
  if (p->state == TZ_PROCESS_WAITING && p->wait_kind != TZ_WAIT_HELPER) tz_process_wake(vm, p);
}

bool tz_can_wait(tz_thread *th) { return th->native_depth == 0; }
bool tz_native_can_park(tz_thread *th) { return tz_can_wait(th) && th->process != NULL && th->leaf == NULL; }

bool tz_native_park(tz_thread *th, tz_wait_kind kind, tz_resume_fn *resume, void *state) {
  tz_process *p = th->process;
  p->resume = resume;
  p->resume_state = state;
  p->wait_kind = (uint8_t)kind;
  p->state = TZ_PROCESS_WAITING;
  th->parked = true;
  return true;
}

tz_insn *tz_slow_parked(tz_thread *th, tz_insn *pc) {
  (void)pc;
  th->parked = false;
  return tz_scheduler_switch(th, (tz_insn *)tz_code_resume);
}

bool tz_process_resume(tz_thread *th) {
  tz_process *p = th->process;
  bool helped = p->wait_kind == TZ_WAIT_HELPER;
  if (p->raise == 0) return p->resume(th, th->fp, p->resume_state);
  if (helped) p->resume(th, th->fp, p->resume_state); /* it frees its state; its result is not wanted */
  th->exception = 0;
  tz_error_kind kind = (tz_error_kind)(p->raise - 1);
  char *message = p->raise_message;
  p->raise = 0;
  p->raise_message = NULL;
  tz_raise(th, kind, "%s", message ? message : "the process was cancelled");
  free(message);
  return false;
}

/* ---- natives ---- */

static bool sleep_done(tz_thread *th, tz_word *args, void *state) {
  (void)th, (void)args, (void)state;
  return true;
}

bool tz_native_sleep(tz_thread *th, int64_t milliseconds) {
  if (milliseconds < 0) milliseconds = 0;
  if (!tz_native_can_park(th)) {
    struct timespec t = {milliseconds / 1000, milliseconds % 1000 * 1000000};
    nanosleep(&t, NULL);
    return true;
  }
  int64_t most = INT64_MAX / 4000000;
  int64_t deadline = tz_clock_now() + (milliseconds < most ? milliseconds : most) * 1000000;
  if (!tz_timer_set(th->vm->scheduler, th->process, deadline))
    return tz_raise(th, TZ_ERROR_OUT_OF_MEMORY, "no memory for a timer");
  return tz_native_park(th, TZ_WAIT_SLEEP, sleep_done, NULL);
}

static bool process_sleep(tz_thread *th, tz_word *args) { return tz_native_sleep(th, args[0].i); }

static bool join_finish(tz_thread *th, tz_word *args, void *state) {
  (void)state;
  tz_word *fields = tz_object_fields(args[0].p);
  tz_failures_joined(th->vm, args[0].p);
  if (fields[TZ_PROCESS_ERROR].u == 0) return true;
  th->exception = fields[TZ_PROCESS_ERROR].u;
  return false;
}

static bool process_join(tz_thread *th, tz_word *args) {
  if (args[0].p == NULL) return tz_raise(th, TZ_ERROR_NULL_REF, "null has no members");
  tz_process *target = tz_object_fields(args[0].p)[TZ_PROCESS_HANDLE].p, *p = th->process;
  if (target == NULL) return join_finish(th, args, NULL);
  if (target == p) return tz_raise(th, TZ_ERROR_STATE, "a process cannot join itself");
  if (!tz_native_can_park(th)) return tz_raise(th, TZ_ERROR_STATE, "cannot wait inside a call from a native");
  p->wait.previous = NULL;
  p->wait.next = target->joiners;
  if (target->joiners != NULL) target->joiners->previous = &p->wait;
  target->joiners = &p->wait;
  return tz_native_park(th, TZ_WAIT_JOIN, join_finish, NULL);
}

static bool process_cancel(tz_thread *th, tz_word *args) {
  if (args[0].p == NULL) return tz_raise(th, TZ_ERROR_NULL_REF, "null has no members");
  tz_process *target = tz_object_fields(args[0].p)[TZ_PROCESS_HANDLE].p;
  if (target == NULL) return true;
  if (target == th->process) return tz_raise(th, TZ_ERROR_CANCELLED, "the process was cancelled");
  tz_process_raise(th->vm, target, TZ_ERROR_CANCELLED, NULL);
  return true;
}

static bool process_is_done(tz_thread *th, tz_word *args) {
  if (args[0].p == NULL) return tz_raise(th, TZ_ERROR_NULL_REF, "null has no members");
  args[0].i = tz_object_fields(args[0].p)[TZ_PROCESS_HANDLE].u == 0;
  return true;
}

static bool process_id(tz_thread *th, tz_word *args) {
  if (args[0].p == NULL) return tz_raise(th, TZ_ERROR_NULL_REF, "null has no members");
  args[0].i = tz_object_fields(args[0].p)[TZ_PROCESS_ID].i;
  return true;
}

static bool process_self(tz_thread *th, tz_word *args) {
  args[0].u = th->process->object;
  return true;
}

static const tz_native_def natives[] = {
    {"Process.join", "(process)void", process_join},     {"Process.cancel", "(process)void", process_cancel},
    {"Process.isDone", "(process)i64", process_is_done}, {"Process.id", "(process)i64", process_id},
    {"Process.self", "()process", process_self},         {"Process.sleep", "(i64)void", process_sleep},
};

bool tz_process_natives_register(tz_vm *vm) {
  return tz_natives_register(vm, "tz", natives, sizeof natives / sizeof *natives);
}
