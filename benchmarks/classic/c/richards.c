/* richards.c: the kernel of a small operating system; see ../rima/richards.rima. */
#include "harness.h"
#include "som.h"

enum { IDLE, WORKER, HANDLER_A, HANDLER_B, DEVICE_A, DEVICE_B, N_TASKS };
enum { DEVICE_PACKET, WORK_PACKET };
enum { DATA_SIZE = 4 };

typedef struct packet packet;
struct packet {
  packet *link;
  int task, kind, datum;
  int data[DATA_SIZE];
};

typedef struct task task;
typedef struct scheduler scheduler;

struct task {
  task *(*step)(task *, scheduler *, packet *); /* returns the task to look at next */
  task *link;
  packet *queue;
  int id, priority;
  bool has_packet, is_waiting, is_held;
  union {
    struct {
      int count, control;
    } idle;
    struct {
      int destination, letter;
    } worker;
    struct {
      packet *work, *free;
    } handler;
    struct {
      packet *pending;
    } device;
  };
};

struct scheduler {
  arena memory;
  task *tasks;
  task *table[N_TASKS];
  task *current;
  int current_id, sent, held;
};

/* Puts a packet at the end of a queue; the queue's head is returned. */
static packet *append(packet *p, packet *queue) {
  p->link = NULL;
  if (!queue) return p;
  packet *last = queue;
  while (last->link) last = last->link;
  last->link = p;
  return queue;
}

static bool is_blocked(const task *t) { return t->is_held || (t->is_waiting && !t->has_packet); }

/* Takes a packet if it was waiting for one, and runs until it gives way; returns the task to look at next. */
static task *task_run(task *t, scheduler *s) {
  packet *p = NULL;
  if (t->is_waiting && t->has_packet) {
    p = t->queue;
    t->queue = p->link;
    t->is_waiting = false;
    t->has_packet = t->queue != NULL;
  }
  return t->step(t, s, p);
}

/* Hands over a packet; returns this task if it should run before the current one. */
static task *task_accept(task *t, packet *p, task *current) {
  if (!t->queue) {
    t->queue = p;
    t->has_packet = true;
    if (t->priority > current->priority) return t;
  } else {
    append(p, t->queue);
  }
  return current;
}

static void schedule(scheduler *s) {
  task *t = s->tasks;
  while (t) {
    if (is_blocked(t)) {
      t = t->link;
    } else {
      s->current = t;
      s->current_id = t->id;
      t = task_run(t, s);
    }
  }
}

static task *hold_current(scheduler *s) {
  s->held++;
  s->current->is_held = true;
  return s->current->link;
}

static task *wait_current(scheduler *s) {
  s->current->is_waiting = true;
  return s->current;
}

static task *release(scheduler *s, int id) {
  task *t = s->table[id];
  if (!t) return NULL;
  t->is_held = false;
  return t->priority > s->current->priority ? t : s->current;
}

static task *send(scheduler *s, packet *p) {
  task *t = s->table[p->task];
  if (!t) return NULL;
  s->sent++;
  p->link = NULL;
  p->task = s->current_id;
  return task_accept(t, p, s->current);
}

static task *step_idle(task *t, scheduler *s, packet *p) {
  (void)p;
  t->idle.count--;
  if (t->idle.count == 0) return hold_current(s);
  if (t->idle.control % 2 == 0) {
    t->idle.control = t->idle.control / 2;
    return release(s, DEVICE_A);
  }
  t->idle.control = t->idle.control / 2 ^ 0xd008;
  return release(s, DEVICE_B);
}

static task *step_worker(task *t, scheduler *s, packet *p) {
  if (!p) return wait_current(s);
  t->worker.destination = t->worker.destination == HANDLER_A ? HANDLER_B : HANDLER_A;
  p->task = t->worker.destination;
  p->datum = 0;
  for (int i = 0; i < DATA_SIZE; i++) {
    t->worker.letter++;
    if (t->worker.letter > 26) t->worker.letter = 1;
    p->data[i] = t->worker.letter;
  }
  return send(s, p);
}

static task *step_handler(task *t, scheduler *s, packet *p) {
  if (p) {
    packet **queue = p->kind == WORK_PACKET ? &t->handler.work : &t->handler.free;
    *queue = append(p, *queue);
  }
  packet *job = t->handler.work;
  if (!job) return wait_current(s);
  if (job->datum >= DATA_SIZE) {
    t->handler.work = job->link;
    return send(s, job);
  }
  packet *carrier = t->handler.free;
  if (!carrier) return wait_current(s);
  t->handler.free = carrier->link;
  carrier->datum = job->data[job->datum];
  job->datum++;
  return send(s, carrier);
}

static task *step_device(task *t, scheduler *s, packet *p) {
  if (p) {
    t->device.pending = p;
    return hold_current(s);
  }
  packet *ready = t->device.pending;
  if (!ready) return wait_current(s);
  t->device.pending = NULL;
  return send(s, ready);
}

/* A queue of packets of one kind for one task. */
static packet *packets(scheduler *s, int length, int task, int kind) {
  packet *queue = NULL;
  for (int i = 0; i < length; i++) {
    packet *p = arena_get(&s->memory, sizeof *p);
    *p = (packet){.link = queue, .task = task, .kind = kind};
    queue = p;
  }
  return queue;
}

static void add(scheduler *s, task model) {
  task *t = arena_get(&s->memory, sizeof *t);
  *t = model;
  t->link = s->tasks;
  t->has_packet = t->queue != NULL;
  s->tasks = t;
  s->table[t->id] = t;
}

static bool run_kernel(void) {
  scheduler s = {0};
  add(&s, (task){.step = step_idle, .id = IDLE, .priority = 0, .idle = {10000, 1}});
  add(&s, (task){.step = step_worker,
                 .id = WORKER,
                 .priority = 1000,
                 .is_waiting = true,
                 .queue = packets(&s, 2, WORKER, WORK_PACKET),
                 .worker = {HANDLER_A, 0}});
  add(&s, (task){.step = step_handler,
                 .id = HANDLER_A,
                 .priority = 2000,
                 .is_waiting = true,
                 .queue = packets(&s, 3, DEVICE_A, DEVICE_PACKET),
                 .handler = {NULL, NULL}});
  add(&s, (task){.step = step_handler,
                 .id = HANDLER_B,
                 .priority = 3000,
                 .is_waiting = true,
                 .queue = packets(&s, 3, DEVICE_B, DEVICE_PACKET),
                 .handler = {NULL, NULL}});
  add(&s,
      (task){.step = step_device, .id = DEVICE_A, .priority = 4000, .is_waiting = true, .device = {NULL}});
  add(&s,
      (task){.step = step_device, .id = DEVICE_B, .priority = 5000, .is_waiting = true, .device = {NULL}});
  schedule(&s);
  arena_free(&s.memory);
  return s.sent == 23246 && s.held == 9297;
}

static bool richards(int repeats) {
  for (int i = 0; i < repeats; i++)
    if (!run_kernel()) return false;
  return true;
}

int main(int argc, char **argv) { return harness_run(argc, argv, 3, richards); }
