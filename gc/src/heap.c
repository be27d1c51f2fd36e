/* heap.c: making and freeing heaps, attaching mutators, options, statistics, identity hashes. */
#include "heap.h"
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#define MIB ((size_t)1 << 20)
#define LEAST_LIMIT (1 * MIB)
#define ALIGNMENT (2 * MIB) /* of the regions, and so of parts that are as large: a huge page */

tz_gc_options tz_gc_options_default(void) {
  return (tz_gc_options){.collector = TZ_GC_GENERATIONAL,
                         .nursery_size = 4 * MIB,
                         .nursery_max = 64 * MIB,
                         .chunk_size = 32 << 10,
                         .large_threshold = 32 << 10,
                         .promote_age = 2,
                         .growth_percent = 200,
                         .min_full_bytes = 32 * MIB,
                         .stress_every_n_allocs = TERZA_STRESS ? 64 : 0,
                         .stress_full_every = 16};
}

static size_t max_size(size_t a, size_t b) { return a > b ? a : b; }
static size_t clamp(size_t x, size_t low, size_t high) { return x < low ? low : x > high ? high : x; }

static size_t machine_memory(void) { return (size_t)sysconf(_SC_PHYS_PAGES) * (size_t)sysconf(_SC_PAGESIZE); }

static void normalize_options(tz_gc_options *o) {
  if (!o->heap_limit) o->heap_limit = machine_memory() / 2;
  o->heap_limit = clamp(o->heap_limit, LEAST_LIMIT, (size_t)1 << 44);
  o->nursery_size = clamp(o->nursery_size, 128 << 10, o->heap_limit / 4);
  o->nursery_size = (o->nursery_size + 0xfff) & ~(size_t)0xfff;
  o->chunk_size = clamp(o->chunk_size, 4 << 10, o->nursery_size / 4) & ~(size_t)7;
  o->large_threshold = clamp(o->large_threshold, 1 << 10, 64 << 10);
  o->promote_age = (unsigned)clamp(o->promote_age, 1, 6);
  o->growth_percent = (unsigned)clamp(o->growth_percent, 110, 10000);
  if (!o->stress_full_every) o->stress_full_every = 16;
}

/* Young, an array may be larger than when it is old: it mostly dies where it was born, in memory that is
 * ready. */
static size_t largest_moved(const tz_heap *heap) {
  size_t threshold = heap->options.large_threshold;
  return heap->is_generational ? clamp(heap->options.nursery_size / 8, threshold, TZ_REGION_SIZE / 2)
                               : threshold;
}

/* Regions for the limit twice over (a full collection copies), with a share for those that are not quite
 * full. */
static size_t region_max(const tz_heap *heap) {
  const tz_gc_options *o = &heap->options;
  size_t once = (o->heap_limit + o->nursery_max * 2) / (TZ_REGION_SIZE - heap->largest_moved);
  return 2 * once + 64;
}

/* Where address space is short, the heap becomes smaller rather than impossible. */
static bool reserve_space(tz_heap *heap) {
  tz_gc_options *o = &heap->options;
  for (;; o->heap_limit /= 2) {
    size_t part = clamp(o->nursery_max, o->nursery_size, max_size(o->nursery_size, o->heap_limit / 8));
    o->nursery_max = part & ~(size_t)0xfff;
    heap->part_bytes = heap->is_generational ? o->nursery_max : 0;
    heap->young_bytes = 3 * heap->part_bytes;
    heap->regions.max = (uint32_t)region_max(heap);
    heap->reservation_bytes = heap->young_bytes + (size_t)heap->regions.max * TZ_REGION_SIZE + ALIGNMENT;
    void *p =
        mmap(NULL, heap->reservation_bytes, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (p != MAP_FAILED) {
      heap->reservation = p;
      return true;
    }
    if (o->heap_limit < 4 * o->nursery_size || o->heap_limit < 2 * LEAST_LIMIT) return false;
  }
}

static bool lay_out_space(tz_heap *heap) {
  tz_region_space *s = &heap->regions;
  uint64_t after_young = (uint64_t)(uintptr_t)(heap->reservation + heap->young_bytes);
  size_t pad = -after_young & (ALIGNMENT - 1);
  char *young = heap->reservation + pad;
  s->base = young + heap->young_bytes;
  s->first = s->last = s->free_list = TZ_NO_REGION;
  s->table = calloc(s->max, sizeof *s->table);
  s->states = calloc(s->max, 1);
  return s->table && s->states && (!heap->is_generational || tz_nursery_init(heap, young));
}

tz_heap *tz_gc_heap_new(const tz_gc_options *options, const tz_gc_embedder *embedder) {
  tz_heap *heap = calloc(1, sizeof *heap);
  if (!heap) return NULL;
  heap->options = *options;
  heap->embedder = *embedder;
  normalize_options(&heap->options);
  heap->is_generational = options->collector == TZ_GC_GENERATIONAL;
  heap->largest_moved = largest_moved(heap);
  pthread_mutex_init(&heap->lock, NULL);
  if (!reserve_space(heap) || !lay_out_space(heap)) {
    tz_gc_heap_free(heap);
    return NULL;
  }
  heap->limit = heap->options.heap_limit;
  heap->full_threshold = heap->options.min_full_bytes;
  heap->hash_state = (uint64_t)(uintptr_t)heap >> 4;
  tz_heap_set_room(heap);
  return heap;
}

static void free_handles(tz_handle_chunk *chunk) {
  for (tz_handle_chunk *next; chunk; chunk = next) {
    next = chunk->next;
    free(chunk);
  }
}

void tz_gc_heap_free(tz_heap *heap) {
  if (!heap) return;
  tz_large_free_all(heap);
  free_handles(heap->handles.chunks);
  free_handles(heap->weak_handles.chunks);
  free(heap->finalizers.entries);
  free(heap->finalizers.queue);
  free(heap->remembered.items);
  free(heap->remembered_spare.items);
  free(heap->regions.table);
  free(heap->regions.states);
  if (heap->reservation) munmap(heap->reservation, heap->reservation_bytes);
  pthread_mutex_destroy(&heap->lock);
  free(heap);
}

void tz_gc_mutator_attach(tz_heap *heap, tz_mutator *m) {
  *m = (tz_mutator){.heap = heap,
                    .alloc_countdown = heap->options.stress_every_n_allocs,
                    .safepoint_countdown = heap->options.stress_every_n_safepoints};
  pthread_mutex_lock(&heap->lock);
  m->next = heap->mutators;
  if (m->next) m->next->previous = m;
  heap->mutators = m;
  pthread_mutex_unlock(&heap->lock);
}

static void hand_over_remembered(tz_heap *heap, tz_object_buffer *b) {
  for (size_t i = 0; i < b->count; i++)
    if (!tz_buffer_push(&heap->remembered, b->items[i])) heap->remembered_is_lossy = true;
  free(b->items);
  *b = (tz_object_buffer){0};
}

void tz_gc_mutator_detach(tz_mutator *m) {
  tz_heap *heap = m->heap;
  pthread_mutex_lock(&heap->lock);
  tz_mutator_retire_buffer(m);
  heap->detached_bytes_allocated += m->bytes_allocated;
  hand_over_remembered(heap, &m->remembered);
  if (m->previous) m->previous->next = m->next;
  else heap->mutators = m->next;
  if (m->next) m->next->previous = m->previous;
  pthread_mutex_unlock(&heap->lock);
  m->heap = NULL;
}

uint32_t tz_object_hash(tz_heap *heap, tz_object *o) {
  uint32_t hash = tz_object_hash_bits(o);
  if (TZ_LIKELY(hash)) return hash;
  uint64_t x = __atomic_add_fetch(&heap->hash_state, 0x9e3779b97f4a7c15, __ATOMIC_RELAXED);
  x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9;
  x = (x ^ x >> 27) * 0x94d049bb133111eb;
  hash = (uint32_t)(x >> 38);
  return tz_object_set_hash_bits(o, hash ? hash : 1);
}

bool tz_gc_is_young(const tz_heap *heap, const tz_object *o) {
  return tz_heap_is_in_young(heap, (uint64_t)(uintptr_t)o);
}
bool tz_gc_collector_is_generational(const tz_heap *heap) { return heap->is_generational; }

void tz_gc_get_stats(tz_heap *heap, tz_gc_stats *stats) {
  pthread_mutex_lock(&heap->lock);
  *stats = heap->stats;
  stats->bytes_allocated = heap->detached_bytes_allocated;
  for (tz_mutator *m = heap->mutators; m; m = m->next)
    stats->bytes_allocated += m->bytes_allocated + (uint64_t)(m->alloc_top - m->chunk_start);
  stats->young_bytes = tz_heap_young_used(heap);
  stats->nursery_size = heap->is_generational ? heap->nursery_size : 0;
  stats->old_bytes = tz_regions_used(heap);
  stats->large_bytes = heap->large.old_bytes + heap->large.fresh_bytes;
  stats->permanent_bytes = heap->permanent_bytes;
  stats->external_bytes = (uint64_t)heap->external_bytes;
  stats->live_after_full = heap->live_after_full;
  stats->full_threshold = heap->full_threshold;
  stats->limit = heap->limit;
  stats->committed_bytes = 3 * heap->part_committed + ((uint64_t)heap->regions.committed << TZ_REGION_SHIFT);
  pthread_mutex_unlock(&heap->lock);
}
