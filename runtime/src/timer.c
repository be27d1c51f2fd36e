/* timer.c: deadlines of waiting processes, in a binary heap. Invariant: heap[i].process->timer == i + 1. */
#include "scheduler.h"
#include <stdlib.h>
#include <time.h>

int64_t tz_clock_now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

static void place(tz_timers *t, uint32_t i, tz_timer timer) {
  t->heap[i] = timer;
  timer.process->timer = i + 1;
}

static void sift_up(tz_timers *t, uint32_t i, tz_timer timer) {
  for (; i > 0 && t->heap[(i - 1) / 2].deadline > timer.deadline; i = (i - 1) / 2)
    place(t, i, t->heap[(i - 1) / 2]);
  place(t, i, timer);
}

static void sift_down(tz_timers *t, uint32_t i, tz_timer timer) {
  for (uint32_t child; (child = 2 * i + 1) < t->count; i = child) {
    if (child + 1 < t->count && t->heap[child + 1].deadline < t->heap[child].deadline) child++;
    if (t->heap[child].deadline >= timer.deadline) break;
    place(t, i, t->heap[child]);
  }
  place(t, i, timer);
}

bool tz_timer_set(struct tz_scheduler *s, tz_process *p, int64_t deadline) {
  tz_timers *t = &s->timers;
  if (t->count == t->capacity) {
    uint32_t capacity = t->capacity ? t->capacity * 2 : 16;
    tz_timer *heap = realloc(t->heap, capacity * sizeof *heap);
    if (heap == NULL) return false;
    t->heap = heap;
    t->capacity = capacity;
  }
  sift_up(t, t->count++, (tz_timer){deadline, p});
  return true;
}

void tz_timer_cancel(struct tz_scheduler *s, tz_process *p) {
  tz_timers *t = &s->timers;
  if (p->timer == 0) return;
  uint32_t i = p->timer - 1;
  p->timer = 0;
  tz_timer last = t->heap[--t->count];
  if (last.process == p) return;
  if (i > 0 && t->heap[(i - 1) / 2].deadline > last.deadline) sift_up(t, i, last);
  else sift_down(t, i, last);
}

tz_process *tz_timer_due(struct tz_scheduler *s, int64_t now) {
  tz_timers *t = &s->timers;
  if (t->count == 0 || t->heap[0].deadline > now) return NULL;
  tz_process *p = t->heap[0].process;
  tz_timer_cancel(s, p);
  return p;
}
