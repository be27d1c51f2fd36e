/* alloc.c: allocation's slow path: buffers, large objects, limits, stress.
 *
 * Invariant: between a mutator's alloc_top and its chunk_limit all bytes are zero, and tz_heap.room has
 * already paid for them. Used memory stays below the limit, except by a small reserve after an allocation
 * failed, out of which the runtime makes its exception. */
#include "heap.h"

#define OOM_RESERVE ((size_t)256 << 10)

static size_t min_size(size_t a, size_t b) { return a < b ? a : b; }
static size_t max_size(size_t a, size_t b) { return a > b ? a : b; }

/* ---- accounts ---- */

size_t tz_heap_young_used(const tz_heap *heap) {
  if (!heap->is_generational) return 0;
  return (size_t)(heap->survivor_top - heap->survivors[heap->from]) +
         (size_t)(heap->nursery_top - heap->nursery);
}

size_t tz_heap_tenured(const tz_heap *heap) {
  return tz_regions_used(heap) + heap->large.old_bytes + heap->permanent_bytes + (size_t)heap->external_bytes;
}

size_t tz_heap_used(const tz_heap *heap) {
  return tz_heap_young_used(heap) + heap->large.fresh_bytes + tz_heap_tenured(heap);
}

void tz_heap_set_room(tz_heap *heap) {
  size_t used = tz_heap_used(heap), left = heap->limit > used ? heap->limit - used : 0;
  if (left < min_size(2 * max_size(heap->options.chunk_size, heap->options.large_threshold), heap->limit / 8))
    left = 0;
  if (heap->is_generational) {
    heap->room = min_size(left, (size_t)(heap->nursery + heap->nursery_size - heap->nursery_top));
    return;
  }
  size_t until_threshold = heap->full_threshold > used ? heap->full_threshold - used : 0;
  heap->room = min_size(left, max_size(until_threshold, heap->options.nursery_size));
}

/* What the runtime may still take after it was told that memory is out. */
static void open_reserve(tz_heap *heap) {
  size_t used = tz_heap_used(heap), end = heap->limit + min_size(heap->limit / 16, OOM_RESERVE);
  if (end > used && heap->room < end - used) heap->room = end - used;
}

/* ---- buffers ---- */

void tz_mutator_retire_buffer(tz_mutator *m) {
  m->bytes_allocated += (uint64_t)(m->alloc_top - m->chunk_start);
  m->alloc_top = m->alloc_limit = m->chunk_limit = m->chunk_start = NULL;
}

typedef struct span {
  char *start;
  size_t bytes;
} span;

static span take_from_nursery(tz_heap *heap, size_t least, size_t wanted) {
  char *top = heap->nursery_top;
  size_t left = (size_t)(heap->nursery + heap->nursery_size - top);
  size_t bytes = min_size(wanted, min_size(heap->room, left)) & ~(size_t)7;
  if (bytes < least) return (span){NULL, 0};
  heap->nursery_top = top + bytes;
  if (top < heap->nursery_touched) memset(top, 0, min_size(bytes, (size_t)(heap->nursery_touched - top)));
  if (heap->nursery_touched < top + bytes) heap->nursery_touched = top + bytes;
  return (span){top, bytes};
}

static span take_from_regions(tz_heap *heap, size_t least, size_t wanted) {
  tz_region_space *s = &heap->regions;
  if (heap->room < least) return (span){NULL, 0};
  size_t left = s->last == TZ_NO_REGION
                    ? 0
                    : (size_t)(tz_region_start(s, s->last) + TZ_REGION_SIZE - s->table[s->last].top);
  if (left < least) {
    if (!tz_regions_acquire(heap)) return (span){NULL, 0};
    left = TZ_REGION_SIZE;
  }
  size_t bytes = min_size(wanted, min_size(heap->room, left)) & ~(size_t)7;
  char *top = s->table[s->last].top;
  s->table[s->last].top = top + bytes;
  memset(top, 0, bytes);
  return (span){top, bytes};
}

static span take_span_locked(tz_heap *heap, size_t least, size_t wanted) {
  span s =
      heap->is_generational ? take_from_nursery(heap, least, wanted) : take_from_regions(heap, least, wanted);
  heap->room -= s.bytes;
  return s;
}

static void *bump(tz_mutator *m, size_t bytes) {
  if (bytes > (size_t)(m->chunk_limit - m->alloc_top)) return NULL;
  char *p = m->alloc_top;
  m->alloc_top = p + bytes;
  m->alloc_limit = tz_heap_is_slow_only(m->heap) ? m->alloc_top : m->chunk_limit;
  return p;
}

/* Room for one object: from the buffer, a new buffer, or for bigger ones by itself, so that the buffer is not
 * wasted. */
static void *take(tz_mutator *m, size_t bytes) {
  void *p = bump(m, bytes);
  if (p) return p;
  tz_heap *heap = m->heap;
  size_t chunk = heap->options.chunk_size;
  bool is_alone = bytes > chunk / 4;
  pthread_mutex_lock(&heap->lock);
  span s = take_span_locked(heap, bytes, is_alone ? bytes : chunk);
  pthread_mutex_unlock(&heap->lock);
  if (!s.start) return NULL;
  if (is_alone) {
    m->bytes_allocated += bytes;
    return s.start;
  }
  tz_mutator_retire_buffer(m);
  m->alloc_top = m->chunk_start = s.start;
  m->chunk_limit = s.start + s.bytes;
  return bump(m, bytes);
}

/* ---- stress ---- */

static tz_gc_scope stress_scope(tz_heap *heap) {
  uint32_t n = __atomic_add_fetch(&heap->stress_count, 1, __ATOMIC_RELAXED);
  __atomic_fetch_add(&heap->stats.stress_collections, 1, __ATOMIC_RELAXED);
  return n % heap->options.stress_full_every == 0 ? TZ_GC_FULL : TZ_GC_YOUNG;
}

/* false: this allocation is to fail. */
static bool stress_allocation(tz_mutator *m) {
  tz_heap *heap = m->heap;
  uint64_t n = __atomic_add_fetch(&heap->alloc_count, 1, __ATOMIC_RELAXED);
  if (n == heap->options.fail_alloc_n) return false;
  if (heap->options.stress_every_n_allocs && --m->alloc_countdown == 0) {
    m->alloc_countdown = heap->options.stress_every_n_allocs;
    tz_heap_collect(m, stress_scope(heap));
  }
  return true;
}

void tz_gc_safepoint_stress_slow(tz_mutator *m) {
  if (--m->safepoint_countdown != 0) return;
  m->safepoint_countdown = m->heap->options.stress_every_n_safepoints;
  tz_heap_collect(m, stress_scope(m->heap));
}

/* ---- objects ---- */

/* Gives up only when a full collection of its own left too little: other mutators may be quicker to take what
   a collection freed. */
static void *take_or_collect(tz_mutator *m, size_t bytes) {
  void *p = take(m, bytes);
  int full_left = 16;
  for (tz_gc_scope scope = TZ_GC_YOUNG; !p;) {
    tz_collection c = tz_heap_collect(m, scope);
    if (c.outcome == TZ_COLLECTION_REFUSED) return NULL;
    p = take(m, bytes);
    bool is_own_full = c.outcome == TZ_COLLECTION_DONE && c.scope == TZ_GC_FULL;
    if (is_own_full && (c.room < bytes || --full_left == 0)) break;
    scope = c.outcome == TZ_COLLECTION_DONE && c.room < bytes ? TZ_GC_FULL : TZ_GC_YOUNG;
  }
  return p;
}

static tz_object *alloc_small(tz_mutator *m, const tz_layout *layout, size_t bytes) {
  void *p = take_or_collect(m, bytes);
  if (!p) return NULL;
  tz_object *o = tz_object_init_nogc(p, layout);
  if (!(layout->flags & TZ_LAYOUT_HAS_FINALIZER)) return o;
  pthread_mutex_lock(&m->heap->lock);
  bool is_registered = tz_finalizers_register_locked(m->heap, o, false);
  pthread_mutex_unlock(&m->heap->lock);
  return is_registered ? o : NULL;
}

static tz_object *try_large_locked(tz_mutator *m, const tz_layout *layout, size_t bytes) {
  tz_heap *heap = m->heap;
  tz_object *o = tz_large_alloc_locked(heap, layout, bytes);
  if (!o) return NULL;
  m->bytes_allocated += bytes;
  if (!heap->is_generational) heap->room -= min_size(heap->room, bytes);
  if (!(layout->flags & TZ_LAYOUT_HAS_FINALIZER)) return o;
  return tz_finalizers_register_locked(heap, o, !heap->is_generational) ? o : NULL;
}

/* What is to be collected before `bytes` more; TZ_GC_VERIFY: nothing. Fresh large objects have a budget of
   their own, as large as the nursery. */
static tz_gc_scope due_before_large(const tz_heap *heap, size_t bytes, tz_gc_scope tried) {
  size_t used = tz_heap_used(heap), fresh = heap->large.fresh_bytes;
  bool is_too_much = used > heap->limit - bytes;
  bool is_young_tried = tried != TZ_GC_VERIFY;
  if (tried == TZ_GC_FULL) return TZ_GC_VERIFY;
  if (!is_young_tried && fresh && (is_too_much || fresh + bytes > heap->nursery_size)) return TZ_GC_YOUNG;
  return is_too_much || tz_heap_tenured(heap) + bytes > heap->full_threshold ? TZ_GC_FULL : TZ_GC_VERIFY;
}

static tz_object *alloc_large(tz_mutator *m, const tz_layout *layout, size_t bytes) {
  tz_heap *heap = m->heap;
  if (bytes > heap->options.heap_limit) return NULL;
  for (tz_gc_scope tried = TZ_GC_VERIFY;;) {
    pthread_mutex_lock(&heap->lock);
    bool is_impossible = bytes > heap->limit;
    tz_gc_scope due = is_impossible ? TZ_GC_VERIFY : due_before_large(heap, bytes, tried);
    bool fits = !is_impossible && tz_heap_used(heap) <= heap->limit - bytes;
    tz_object *o = due == TZ_GC_VERIFY && fits ? try_large_locked(m, layout, bytes) : NULL;
    pthread_mutex_unlock(&heap->lock);
    if (o) return o;
    if (due == TZ_GC_VERIFY) return NULL;
    tz_collection c = tz_heap_collect(m, due);
    if (c.outcome == TZ_COLLECTION_REFUSED) return NULL;
    if (c.outcome == TZ_COLLECTION_DONE) tried = c.scope;
  }
}

static tz_object *out_of_memory(tz_heap *heap) {
  pthread_mutex_lock(&heap->lock);
  open_reserve(heap);
  pthread_mutex_unlock(&heap->lock);
  return NULL;
}

/* Whether the embedder has made room where there may be some. */
static bool is_released(tz_heap *heap, size_t bytes) {
  const tz_gc_embedder *e = &heap->embedder;
  return bytes <= heap->limit && e->release_memory && e->release_memory(e->data);
}

static tz_object *allocate(tz_mutator *m, const tz_layout *layout, size_t bytes, bool is_large) {
  return is_large ? alloc_large(m, layout, bytes) : alloc_small(m, layout, bytes);
}

static tz_object *allocate_or_fail(tz_mutator *m, const tz_layout *layout, size_t bytes, bool is_large) {
  tz_heap *heap = m->heap;
  tz_object *o = allocate(m, layout, bytes, is_large);
  if (!o && is_released(heap, bytes)) o = allocate(m, layout, bytes, is_large);
  return o ? o : out_of_memory(heap);
}

tz_object *tz_gc_alloc_slow(tz_mutator *m, const tz_layout *layout, size_t bytes) {
  if (TZ_UNLIKELY(tz_heap_is_slow_only(m->heap)) && !stress_allocation(m)) return NULL;
  return allocate_or_fail(m, layout, bytes, bytes >= m->heap->largest_moved);
}

tz_object *tz_gc_alloc_pinned(tz_mutator *m, const tz_layout *layout, size_t bytes) {
  if (TZ_UNLIKELY(tz_heap_is_slow_only(m->heap)) && !stress_allocation(m)) return NULL;
  return allocate_or_fail(m, layout, bytes, true);
}

/* ---- native memory ---- */

bool tz_gc_account(tz_heap *heap, int64_t bytes) {
  pthread_mutex_lock(&heap->lock);
  bool is_counted =
      bytes <= 0 || ((size_t)bytes <= heap->limit && tz_heap_used(heap) <= heap->limit - (size_t)bytes);
  if (is_counted) heap->external_bytes += bytes;
  if (is_counted && bytes > 0 && tz_heap_tenured(heap) > heap->full_threshold) {
    heap->wants_full = true;
    heap->room = 0;
  }
  pthread_mutex_unlock(&heap->lock);
  return is_counted;
}

bool tz_gc_account_or_collect(tz_mutator *m, int64_t bytes) {
  if (tz_gc_account(m->heap, bytes)) return true;
  tz_collection c = {.outcome = TZ_COLLECTION_BY_ANOTHER};
  while (c.outcome == TZ_COLLECTION_BY_ANOTHER) c = tz_heap_collect(m, TZ_GC_FULL);
  return tz_gc_account(m->heap, bytes);
}

void tz_gc_set_limit(tz_heap *heap, size_t bytes) {
  pthread_mutex_lock(&heap->lock);
  heap->limit = min_size(bytes, heap->options.heap_limit);
  tz_heap_set_room(heap);
  pthread_mutex_unlock(&heap->lock);
}
