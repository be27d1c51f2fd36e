/* mutators.c: several threads on one heap, with an embedder that stops them at polls. A program of its own
 * without Criterion, whose sandbox does not run under ThreadSanitizer. Exit status 0: all is well. */
#include "terza/gc.h"
#include "terza/lowmem.h"
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

#define CHECK(condition) ((condition) ? (void)0 : fail(#condition, __LINE__))

_Noreturn static void fail(const char *condition, int line) {
  fprintf(stderr, "mutators.c:%d: not so: %s\n", line, condition);
  exit(1);
}

#define THREADS 4
#define STEPS 60000
#define SHARED 64

typedef struct pair {
  tz_header header;
  tz_word next;
  int64_t id;
} pair;

typedef struct crew crew;
typedef struct worker {
  tz_mutator mutator; /* first */
  crew *crew;
  int number;
  tz_word list, scratch;
  pthread_t thread;
} worker;

struct crew {
  tz_heap *heap;
  tz_layout *pair, *refs;
  pthread_mutex_t lock;
  pthread_cond_t changed;
  bool is_stopping;
  int running;
  tz_word shared; /* an array that all threads store into */
  worker workers[THREADS];
};

static void visit_roots(void *data, tz_visitor *v, tz_gc_scope scope) {
  (void)scope;
  tz_gc_visit_edge(v, (tz_edge){&((crew *)data)->shared});
}

static void visit_mutator_roots(void *data, tz_mutator *m, tz_visitor *v, tz_gc_scope scope) {
  (void)data, (void)scope;
  worker *w = (worker *)m;
  tz_gc_visit_edge(v, (tz_edge){&w->list});
  tz_gc_visit_edge(v, (tz_edge){&w->scratch});
}

static void wait_for_resume(crew *c) {
  c->running--;
  pthread_cond_broadcast(&c->changed);
  while (c->is_stopping) pthread_cond_wait(&c->changed, &c->lock);
  c->running++;
}

static bool request_stop(void *data, tz_mutator *m) {
  (void)m;
  crew *c = data;
  pthread_mutex_lock(&c->lock);
  bool is_first = !c->is_stopping;
  if (is_first) __atomic_store_n(&c->is_stopping, true, __ATOMIC_RELAXED);
  else wait_for_resume(c);
  pthread_mutex_unlock(&c->lock);
  return is_first;
}

static void wait_stopped(void *data, tz_mutator *m) {
  (void)m;
  crew *c = data;
  pthread_mutex_lock(&c->lock);
  while (c->running > 1) pthread_cond_wait(&c->changed, &c->lock);
  pthread_mutex_unlock(&c->lock);
}

static void resume(void *data, tz_mutator *m) {
  (void)m;
  crew *c = data;
  pthread_mutex_lock(&c->lock);
  __atomic_store_n(&c->is_stopping, false, __ATOMIC_RELAXED);
  pthread_cond_broadcast(&c->changed);
  pthread_mutex_unlock(&c->lock);
}

static void safepoint(crew *c) {
  if (!__atomic_load_n(&c->is_stopping, __ATOMIC_RELAXED)) return;
  pthread_mutex_lock(&c->lock);
  if (c->is_stopping) wait_for_resume(c);
  pthread_mutex_unlock(&c->lock);
}

static void *work(void *argument) {
  worker *w = argument;
  crew *c = w->crew;
  for (int i = 0; i < STEPS; i++) {
    safepoint(c);
    pair *p = (pair *)tz_gc_alloc(&w->mutator, c->pair);
    CHECK(p != NULL);
    p->id = i;
    p->next = i % 1000 ? w->list : (tz_word){.u = 0};
    w->list.p = p;
    tz_word *slot = (tz_word *)c->shared.p + 2 + w->number * SHARED + i % SHARED;
    tz_gc_store(&w->mutator, c->shared.p, slot, w->list);
    if (i % 7 == 0) tz_object_hash(c->heap, w->list.p);
    if (i % 500 == 0) {
      w->scratch.p = tz_gc_alloc_array(&w->mutator, c->refs, 6000);
      tz_gc_store(&w->mutator, w->scratch.p, (tz_word *)w->scratch.p + 100, w->list);
    }
  }
  pthread_mutex_lock(&c->lock);
  c->running--;
  pthread_cond_broadcast(&c->changed);
  pthread_mutex_unlock(&c->lock);
  return NULL;
}

static void check_worker(worker *w) {
  int64_t expected = STEPS - 1;
  for (pair *p = w->list.p; p; p = p->next.p) CHECK(p->id == expected--);
  CHECK(expected % 1000 == 999);
  for (int i = 0; i < SHARED; i++) {
    pair *p = ((tz_word *)w->crew->shared.p)[2 + w->number * SHARED + i].p;
    CHECK(p->id % SHARED == i);
  }
}

static void run(tz_gc_options options) {
  static crew c;
  c = (crew){.running = THREADS};
  pthread_mutex_init(&c.lock, NULL);
  pthread_cond_init(&c.changed, NULL);
  tz_lowmem *low = tz_lowmem_new();
  tz_layout *layouts = tz_lowmem_alloc(low, 2 * sizeof *layouts);
  layouts[0] = (tz_layout){.kind = TZ_LAYOUT_FIXED, .size = sizeof(pair), .map = 1};
  layouts[1] = (tz_layout){.kind = TZ_LAYOUT_REFS, .elem_shift = 3, .size = 16};
  c.pair = &layouts[0];
  c.refs = &layouts[1];
  tz_gc_embedder e = {.data = &c,
                      .visit_roots = visit_roots,
                      .visit_mutator_roots = visit_mutator_roots,
                      .request_stop = request_stop,
                      .wait_stopped = wait_stopped,
                      .resume = resume};
  c.heap = tz_gc_heap_new(&options, &e);
  for (int i = 0; i < THREADS; i++) {
    c.workers[i].crew = &c;
    c.workers[i].number = i;
    tz_gc_mutator_attach(c.heap, &c.workers[i].mutator);
  }
  c.running = 1;
  c.shared.p = tz_gc_alloc_array(&c.workers[0].mutator, c.refs, THREADS * SHARED);
  c.running = THREADS;
  for (int i = 0; i < THREADS; i++) pthread_create(&c.workers[i].thread, NULL, work, &c.workers[i]);
  for (int i = 0; i < THREADS; i++) pthread_join(c.workers[i].thread, NULL);
  for (int i = 0; i < THREADS; i++) check_worker(&c.workers[i]);
  tz_gc_stats stats;
  tz_gc_get_stats(c.heap, &stats);
  CHECK(stats.bytes_allocated >= (uint64_t)THREADS * STEPS * sizeof(pair));
  for (int i = 0; i < THREADS; i++) tz_gc_mutator_detach(&c.workers[i].mutator);
  tz_gc_heap_free(c.heap);
  tz_lowmem_free(low);
}

static tz_gc_options options(int collector) {
  tz_gc_options o = tz_gc_options_default();
  o.collector = (tz_gc_collector)collector;
  o.nursery_size = 256 << 10;
  o.heap_limit = 64 << 20;
  o.min_full_bytes = 1 << 20;
  o.stress_every_n_allocs = 0;
  return o;
}

int main(void) {
  for (int collector = 0; collector < 2; collector++) {
    run(options(collector));
    tz_gc_options o = options(collector);
    o.stress_every_n_allocs = 200;
    o.verify_heap = TZ_GC_VERIFY_AFTER;
    o.poison_from_space = TZ_GC_POISON_FILL;
    run(o);
  }
  return 0;
}
