/* channel.c: channels and select.
 *
 * A channel is a heap object: a ring buffer (an array of words, or of `any` if its element type is a
 * reference) and two queues of waiting processes. A value goes straight from one process's register to
 * another's if one of them waits. Invariants: senders wait only while the buffer is full, receivers only
 * while it is empty; a waiting process's pc is its channel instruction, from which its registers, and so the
 * channel, are found. */
#include "scheduler.h"
#include "terza/linking.h"
#include "terza/opcode.h"
#include <stdlib.h>

typedef struct tz_channel { /* fields as in tz_class_new_chan */
  tz_header header;
  tz_array *buffer;
  int64_t head, count, capacity, closed;
  tz_wait *receiver, *last_receiver, *sender, *last_sender;
} tz_channel;

enum { MAX_CAPACITY = 1 << 28 };

static uint32_t list_words(uint32_t n_args) { return tz_insn_list_words(n_args); }

/* ---- queues ---- */

static void queue_add(tz_wait **first, tz_wait **last, tz_wait *w) {
  w->next = NULL;
  w->previous = *last;
  if (*last != NULL) (*last)->next = w;
  else *first = w;
  *last = w;
}

static void queue_remove(tz_wait **first, tz_wait **last, tz_wait *w) {
  if (w->previous != NULL) w->previous->next = w->next;
  else *first = w->next;
  if (w->next != NULL) w->next->previous = w->previous;
  else *last = w->previous;
}

/* ---- the instruction a process waits at ---- */

static bool waits_to_send(const tz_process *p, uint32_t index) {
  if (p->wait_kind == TZ_WAIT_SELECT) return tz_insn_c(*p->pc) >> index & 1;
  return p->wait_kind == TZ_WAIT_SEND;
}

static tz_channel *waited_channel(const tz_process *p, uint32_t index) {
  if (p->wait_kind == TZ_WAIT_SELECT) return p->fp[tz_insn_arg(p->pc + 1, 2 * index)].p;
  return p->fp[tz_insn_b(*p->pc)].p;
}

static tz_word *waited_value(const tz_process *p, uint32_t index) {
  if (p->wait_kind == TZ_WAIT_SELECT) return &p->fp[tz_insn_arg(p->pc + 1, 2 * index + 1)];
  return &p->fp[tz_insn_a(*p->pc)];
}

static void unqueue(tz_process *p, tz_wait *w) {
  tz_channel *ch = waited_channel(p, w->index);
  if (waits_to_send(p, w->index)) queue_remove(&ch->sender, &ch->last_sender, w);
  else queue_remove(&ch->receiver, &ch->last_receiver, w);
}

void tz_channel_unwait(tz_process *p) {
  if (p->wait_kind != TZ_WAIT_SELECT) {
    unqueue(p, &p->wait);
    return;
  }
  for (uint32_t i = 0; i < p->n_select; i++) unqueue(p, &p->select_waits[i]);
}

/* The waiting process p goes on behind its instruction, case `index` of a select taken. */
static void complete(tz_vm *vm, tz_process *p, uint32_t index) {
  tz_process_mark_changed(vm, p);
  tz_process_wake(vm, p); /* needs the old pc */
  switch (tz_insn_op(*p->pc)) {
  case TZ_OP_SELECT:
    p->fp[tz_insn_a(*p->pc)].i = index;
    p->pc += 1 + list_words(tz_insn_x(*p->pc));
    break;
  case TZ_OP_CHAN_NEXT: p->fp[tz_insn_c(*p->pc)].i = 1; /* fall through */
  default: p->pc++;
  }
}

void tz_select_timed_out(tz_vm *vm, tz_process *p) {
  tz_process_wake(vm, p);
  p->fp[tz_insn_a(*p->pc)].i = -1;
  p->pc += 1 + list_words(tz_insn_x(*p->pc));
}

/* ---- moving values ---- */

static void buffer_put(tz_thread *th, tz_channel *ch, tz_word value) {
  int64_t at = ch->head + ch->count++;
  if (at >= ch->capacity) at -= ch->capacity;
  tz_word *slot = &ch->buffer->words[at];
  if (tz_object_class(ch->buffer)->layout.kind == TZ_LAYOUT_REFS)
    tz_gc_barrier(&th->mutator, (tz_object *)ch->buffer, slot);
  *slot = value;
}

static tz_word buffer_take(tz_channel *ch) {
  tz_word *slot = &ch->buffer->words[ch->head], value = *slot;
  slot->u = 0;
  if (++ch->head == ch->capacity) ch->head = 0;
  ch->count--;
  return value;
}

/* Sends without waiting, if that is possible now. The channel is open. */
static bool try_send(tz_thread *th, tz_channel *ch, tz_word value) {
  tz_wait *w = ch->receiver;
  if (w != NULL) {
    *waited_value(w->process, w->index) = value;
    complete(th->vm, w->process, w->index);
    return true;
  }
  if (ch->count == ch->capacity) return false;
  buffer_put(th, ch, value);
  return true;
}

static bool try_receive(tz_thread *th, tz_channel *ch, tz_word *value) {
  tz_wait *w = ch->sender;
  if (ch->count > 0) {
    *value = buffer_take(ch);
    if (w == NULL) return true;
    buffer_put(th, ch, *waited_value(w->process, w->index));
  } else {
    if (w == NULL) return false;
    *value = *waited_value(w->process, w->index);
  }
  complete(th->vm, w->process, w->index);
  return true;
}

/* ---- instructions ---- */

static tz_insn *throw_null(tz_thread *th, tz_insn *pc) {
  return tz_throw(th, pc, TZ_ERROR_NULL_REF, "the channel is null");
}

static tz_insn *throw_closed(tz_thread *th, tz_insn *pc) {
  return tz_throw(th, pc, TZ_ERROR_CHANNEL_CLOSED, "the channel is closed");
}

static tz_insn *throw_nested(tz_thread *th, tz_insn *pc) {
  return tz_throw(th, pc, TZ_ERROR_STATE, "cannot wait inside a call from a native function");
}

static tz_insn *wait_for(tz_thread *th, tz_insn *pc, tz_channel *ch, tz_wait_kind kind) {
  if (!tz_can_wait(th)) return throw_nested(th, pc);
  tz_process *p = th->process;
  p->wait_kind = (uint8_t)kind;
  p->state = TZ_PROCESS_WAITING;
  p->wait.index = 0;
  if (kind == TZ_WAIT_SEND) queue_add(&ch->sender, &ch->last_sender, &p->wait);
  else queue_add(&ch->receiver, &ch->last_receiver, &p->wait);
  return tz_scheduler_switch(th, pc);
}

tz_insn *tz_slow_chan_new(tz_thread *th, tz_insn *pc) {
  tz_type *type = TZ_FRAME_FUNCTION(th->fp)->k[tz_insn_c(*pc)].p;
  int64_t capacity = th->fp[tz_insn_b(*pc)].i;
  uint8_t rep = type->element->rep;
  if (capacity < 0 || capacity > MAX_CAPACITY)
    return tz_throw(th, pc, TZ_ERROR_ARGUMENT, "a channel cannot have room for %lld values",
                    (long long)capacity);
  tz_object *object = tz_gc_alloc(&th->mutator, &type->class_->layout);
  if (object == NULL) return tz_throw(th, pc, TZ_ERROR_OUT_OF_MEMORY, "no memory for a channel");
  if (capacity > 0) {
    tz_kind kind = rep == 'R' || rep == 'Y' ? TZ_KIND_ANY : TZ_KIND_I64;
    tz_word *root = tz_root_push(th, object);
    tz_array *buffer = root ? tz_array_new(th, kind, capacity) : NULL;
    if (buffer == NULL) {
      if (root != NULL) tz_root_pop(th, 1);
      return tz_unwind(th, pc);
    }
    object = root->p;
    tz_root_pop(th, 1);
    tz_object_store(th, object, 0, (tz_word){.p = buffer});
  }
  ((tz_channel *)object)->capacity = capacity;
  th->fp[tz_insn_a(*pc)].p = object;
  return pc + 1;
}

tz_insn *tz_slow_chan_send(tz_thread *th, tz_insn *pc) {
  tz_channel *ch = th->fp[tz_insn_b(*pc)].p;
  if (ch == NULL) return throw_null(th, pc);
  if (ch->closed) return throw_closed(th, pc);
  if (try_send(th, ch, th->fp[tz_insn_a(*pc)])) return pc + 1;
  return wait_for(th, pc, ch, TZ_WAIT_SEND);
}

tz_insn *tz_slow_chan_recv(tz_thread *th, tz_insn *pc) {
  tz_channel *ch = th->fp[tz_insn_b(*pc)].p;
  if (ch == NULL) return throw_null(th, pc);
  if (try_receive(th, ch, &th->fp[tz_insn_a(*pc)])) return pc + 1;
  if (ch->closed) return throw_closed(th, pc);
  return wait_for(th, pc, ch, TZ_WAIT_RECV);
}

tz_insn *tz_slow_chan_next(tz_thread *th, tz_insn *pc) {
  tz_channel *ch = th->fp[tz_insn_b(*pc)].p;
  if (ch == NULL) return throw_null(th, pc);
  tz_word *more = &th->fp[tz_insn_c(*pc)];
  if (try_receive(th, ch, &th->fp[tz_insn_a(*pc)])) {
    more->i = 1;
    return pc + 1;
  }
  if (ch->closed) {
    more->i = 0;
    return pc + 1;
  }
  return wait_for(th, pc, ch, TZ_WAIT_RECV);
}

tz_insn *tz_slow_chan_close(tz_thread *th, tz_insn *pc) {
  tz_vm *vm = th->vm;
  tz_channel *ch = th->fp[tz_insn_a(*pc)].p;
  if (ch == NULL) return throw_null(th, pc);
  ch->closed = 1;
  while (ch->receiver != NULL) {
    tz_process *p = ch->receiver->process;
    if (tz_insn_op(*p->pc) == TZ_OP_CHAN_NEXT) {
      complete(vm, p, 0);
      p->fp[tz_insn_c(p->pc[-1])].i = 0;
    } else tz_process_raise(vm, p, TZ_ERROR_CHANNEL_CLOSED, NULL);
  }
  while (ch->sender != NULL) tz_process_raise(vm, ch->sender->process, TZ_ERROR_CHANNEL_CLOSED, NULL);
  return pc + 1;
}

/* ---- select ---- */

typedef enum outcome { NOT_READY, TAKEN, CLOSED, NO_CHANNEL } outcome;

static outcome select_try(tz_thread *th, tz_insn *pc, uint32_t i) {
  tz_channel *ch = th->fp[tz_insn_arg(pc + 1, 2 * i)].p;
  tz_word *value = &th->fp[tz_insn_arg(pc + 1, 2 * i + 1)];
  if (ch == NULL) return NO_CHANNEL;
  if (tz_insn_c(*pc) >> i & 1) {
    if (ch->closed) return CLOSED;
    return try_send(th, ch, *value) ? TAKEN : NOT_READY;
  }
  if (try_receive(th, ch, value)) return TAKEN;
  return ch->closed ? CLOSED : NOT_READY;
}

static tz_insn *select_wait(tz_thread *th, tz_insn *pc, uint32_t n, int64_t limit) {
  struct tz_scheduler *s = th->vm->scheduler;
  tz_process *p = th->process;
  if (!tz_can_wait(th)) return throw_nested(th, pc);
  tz_wait *waits = realloc(p->select_waits, (n + 1) * sizeof *waits);
  if (waits != NULL) p->select_waits = waits;
  int64_t most = INT64_MAX / 4000000, milliseconds = limit < most ? limit : most;
  if (waits == NULL || (limit > 0 && !tz_timer_set(s, p, tz_clock_now() + milliseconds * 1000000)))
    return tz_throw(th, pc, TZ_ERROR_OUT_OF_MEMORY, "no memory to wait");
  for (uint32_t i = 0; i < n; i++) {
    tz_channel *ch = th->fp[tz_insn_arg(pc + 1, 2 * i)].p;
    waits[i] = (tz_wait){.process = p, .index = i};
    if (tz_insn_c(*pc) >> i & 1) queue_add(&ch->sender, &ch->last_sender, &waits[i]);
    else queue_add(&ch->receiver, &ch->last_receiver, &waits[i]);
  }
  p->n_select = n;
  p->wait_kind = TZ_WAIT_SELECT;
  p->state = TZ_PROCESS_WAITING;
  return tz_scheduler_switch(th, pc);
}

tz_insn *tz_slow_select(tz_thread *th, tz_insn *pc) {
  struct tz_scheduler *s = th->vm->scheduler;
  uint32_t n = tz_insn_x(*pc) / 2;
  int64_t limit = th->fp[tz_insn_b(*pc)].i;
  tz_word *taken = &th->fp[tz_insn_a(*pc)];
  s->random = s->random * 6364136223846793005u + 1442695040888963407u;
  uint32_t first = n > 0 ? (uint32_t)(s->random >> 33) % n : 0;
  for (uint32_t turn = 0; turn < n; turn++) { /* from a random case, for fairness */
    uint32_t i = (first + turn) % n;
    switch (select_try(th, pc, i)) {
    case NOT_READY: continue;
    case CLOSED: return throw_closed(th, pc);
    case NO_CHANNEL: return throw_null(th, pc);
    case TAKEN: taken->i = i; return pc + 1 + list_words(2 * n);
    }
  }
  if (limit != 0) return select_wait(th, pc, n, limit);
  taken->i = -1;
  return pc + 1 + list_words(2 * n);
}
