/* collect.c: a collection as a story: stop, look, copy, decide what is weak, give back, go on.
 *
 * Invariant: room for every possible copy is secured before the first one, so a collection that has begun
 * succeeds. */
#include "trace.h"
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <time.h>

_Noreturn void tz_heap_bug(const tz_heap *heap, const char *what) {
  if (heap->embedder.bug) heap->embedder.bug(heap->embedder.data, what);
  else fprintf(stderr, "terza gc: %s\n", what);
  abort();
}

static uint64_t now_ns(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

/* ---- the world ---- */

/* false: another mutator's collection has just taken place instead. */
static bool stop_world(tz_mutator *m) {
  const tz_gc_embedder *e = &m->heap->embedder;
  if (e->request_stop && !e->request_stop(e->data, m)) return false;
  if (e->wait_stopped) e->wait_stopped(e->data, m);
  return true;
}

static void resume_world(tz_mutator *m) {
  const tz_gc_embedder *e = &m->heap->embedder;
  if (e->resume) e->resume(e->data, m);
}

/* ---- both scopes ---- */

static void visit_roots(tz_visitor *v) {
  tz_heap *heap = v->heap;
  const tz_gc_embedder *e = &heap->embedder;
  tz_handles_visit(v);
  tz_finalizers_visit_queue(v);
  if (e->visit_roots) e->visit_roots(e->data, v, v->scope);
  if (!e->visit_mutator_roots) return;
  for (tz_mutator *m = heap->mutators; m; m = m->next) e->visit_mutator_roots(e->data, m, v, v->scope);
}

/* Strong reachability is known; what is only weakly reachable falls here, finalizable objects rise once more.
 */
static void decide_weak(tz_visitor *v) {
  const tz_gc_embedder *e = &v->heap->embedder;
  tz_ephemerons_converge(v);
  tz_weak_clear(v);
  tz_finalizers_resurrect(v);
  tz_ephemerons_converge(v);
  tz_ephemerons_clear(v);
  tz_weak_clear(v);
  tz_finalizers_settle(v);
  if (e->visit_weak_roots) e->visit_weak_roots(e->data, v, v->scope);
}

static void poison_young(tz_heap *heap, char *from, size_t bytes) {
  if (heap->options.poison_from_space != TZ_GC_POISON_NONE) memset(from, 0xdb, bytes);
}

static void empty_nursery(tz_heap *heap) {
  poison_young(heap, heap->nursery, (size_t)(heap->nursery_top - heap->nursery));
  heap->nursery_top = heap->nursery;
}

/* ---- young ---- */

static void collect_young(tz_heap *heap) {
  char *survivors_before = heap->survivor_top;
  unsigned half = heap->from;
  tz_visitor v;
  tz_trace_begin(&v, heap, TZ_GC_YOUNG);
  tz_trace_remembered(&v);
  visit_roots(&v);
  decide_weak(&v);
  tz_trace_end(&v);
  poison_young(heap, heap->survivors[half], (size_t)(survivors_before - heap->survivors[half]));
  empty_nursery(heap);
  tz_large_sweep_fresh(heap);
  heap->stats.bytes_copied += v.bytes_copied;
  heap->stats.bytes_promoted += v.bytes_promoted;
  tz_nursery_adapt(heap, &(tz_young_outcome){.copied = v.bytes_copied,
                                             .waited = (size_t)(survivors_before - heap->survivors[half]),
                                             .waited_copied = v.bytes_waited});
}

/* ---- full ---- */

typedef struct condemned_regions {
  uint32_t first, count;
} condemned_regions;

static condemned_regions condemn_regions(tz_heap *heap) {
  tz_region_space *s = &heap->regions;
  condemned_regions c = {s->first, s->count};
  for (uint32_t i = c.first; i != TZ_NO_REGION; i = s->table[i].next) s->states[i] = TZ_REGION_CONDEMNED;
  s->first = s->last = TZ_NO_REGION;
  s->count = 0;
  s->used_bytes = 0;
  return c;
}

static void forget_remembered(tz_heap *heap) {
  heap->remembered.count = 0;
  for (tz_mutator *m = heap->mutators; m; m = m->next) m->remembered.count = 0;
  heap->remembered_is_lossy = false;
}

static void scan_permanent(tz_visitor *v) {
  for (tz_permanent_node *n = v->heap->permanent_scanned; n; n = n->next) {
    tz_object *o = tz_permanent_object(n);
    o->header.meta |= (uint32_t)v->old_meta;
    tz_trace_scan(v, o);
  }
}

static void count_live(tz_heap *heap) {
  tz_region_space *s = &heap->regions;
  for (uint32_t i = s->first; i != TZ_NO_REGION; i = s->table[i].next)
    s->table[i].live_bytes = (uint32_t)(s->table[i].top - tz_region_start(s, i));
  heap->live_after_full = tz_heap_used(heap);
  size_t threshold = heap->live_after_full / 100 * heap->options.growth_percent;
  heap->full_threshold = threshold < heap->options.min_full_bytes ? heap->options.min_full_bytes : threshold;
}

static void collect_full(tz_heap *heap) {
  char *survivors_before = heap->survivor_top, *survivors = heap->survivors[heap->from];
  condemned_regions condemned = condemn_regions(heap);
  tz_large_condemn(heap);
  forget_remembered(heap);
  tz_visitor v;
  tz_trace_begin(&v, heap, TZ_GC_FULL);
  scan_permanent(&v);
  visit_roots(&v);
  decide_weak(&v);
  tz_trace_end(&v);
  if (heap->is_generational) {
    poison_young(heap, survivors, (size_t)(survivors_before - survivors));
    empty_nursery(heap);
  }
  tz_regions_release(heap, condemned.first, condemned.count);
  tz_large_sweep(heap);
  heap->permanent_was_freed = heap->wants_full = false;
  heap->stats.bytes_copied += v.bytes_copied;
  count_live(heap);
}

/* ---- a collection ---- */

static tz_gc_scope choose_scope(const tz_heap *heap, tz_gc_scope wanted) {
  bool is_full =
      wanted == TZ_GC_FULL || !heap->is_generational || heap->remembered_is_lossy || heap->wants_full;
  return is_full || tz_heap_tenured(heap) > heap->full_threshold ? TZ_GC_FULL : TZ_GC_YOUNG;
}

/* Each region may stay unfilled by almost one object of the largest size that is copied. */
static bool secure_room(tz_heap *heap, tz_gc_scope scope) {
  size_t most = tz_heap_young_used(heap) + (scope == TZ_GC_FULL ? tz_regions_used(heap) : 0);
  return tz_regions_reserve(heap, most / (TZ_REGION_SIZE - heap->largest_moved) + 2);
}

static void count_pause(tz_gc_stats *s, tz_gc_scope scope, uint64_t ns) {
  bool is_full = scope == TZ_GC_FULL;
  uint64_t *count = is_full ? &s->full_collections : &s->young_collections;
  uint64_t *total = is_full ? &s->full_pause_ns : &s->young_pause_ns;
  uint64_t *longest = is_full ? &s->full_pause_max_ns : &s->young_pause_max_ns;
  ++*count;
  *total += ns;
  if (ns > *longest) *longest = ns;
  uint64_t us = ns / 1000;
  unsigned bucket = us ? 63u - (unsigned)__builtin_clzll(us) : 0;
  s->pause_histogram[bucket < 32 ? bucket : 31]++;
}

static bool collect_locked(tz_heap *heap, tz_gc_scope scope) {
  if (heap->is_collecting) tz_heap_bug(heap, "a collection was asked for while one runs");
  for (tz_mutator *m = heap->mutators; m; m = m->next) tz_mutator_retire_buffer(m);
  if (!secure_room(heap, scope)) return false;
  heap->is_collecting = true;
  if (heap->options.verify_heap & TZ_GC_VERIFY_BEFORE) tz_heap_verify(heap);
  if (scope == TZ_GC_FULL) collect_full(heap);
  else collect_young(heap);
  if (heap->options.verify_heap & TZ_GC_VERIFY_AFTER) tz_heap_verify(heap);
  tz_heap_set_room(heap);
  heap->is_collecting = false;
  return true;
}

tz_collection tz_heap_collect(tz_mutator *m, tz_gc_scope wanted) {
  tz_heap *heap = m->heap;
  const tz_gc_embedder *e = &heap->embedder;
  uint64_t start = now_ns();
  if (!stop_world(m)) return (tz_collection){.outcome = TZ_COLLECTION_BY_ANOTHER};
  pthread_mutex_lock(&heap->lock);
  tz_gc_scope scope = choose_scope(heap, wanted);
  pthread_mutex_unlock(&heap->lock);
  if (e->before_collection) e->before_collection(e->data, scope);
  pthread_mutex_lock(&heap->lock);
  bool is_done = collect_locked(heap, scope);
  uint64_t pause = now_ns() - start;
  if (is_done) count_pause(&heap->stats, scope, pause);
  tz_collection result = {is_done ? TZ_COLLECTION_DONE : TZ_COLLECTION_REFUSED, scope, heap->room};
  pthread_mutex_unlock(&heap->lock);
  if (e->after_collection) e->after_collection(e->data, scope, pause);
  resume_world(m);
  return result;
}

bool tz_gc_collect(tz_mutator *m, tz_gc_scope scope) {
  return tz_heap_collect(m, scope).outcome != TZ_COLLECTION_REFUSED;
}
