/* finalize.c: objects with finalizers: registered at birth, queued once when found unreachable.
 *
 * Invariant: the queue has room for every registered object, so that a collection allocates nothing. */
#include "trace.h"
#include <stdlib.h>

static bool grow(tz_word **items, size_t *capacity, size_t needed) {
  if (needed <= *capacity) return true;
  size_t bigger = *capacity ? *capacity * 2 : 64;
  while (bigger < needed) bigger *= 2;
  tz_word *grown = realloc(*items, bigger * sizeof *grown);
  if (!grown) return false;
  *items = grown;
  *capacity = bigger;
  return true;
}

static void compact_queue(tz_finalizer_table *t) {
  if (t->queue_first == 0) return;
  memmove(t->queue, t->queue + t->queue_first, t->queue_count * sizeof *t->queue);
  t->queue_first = 0;
}

bool tz_finalizers_register_locked(tz_heap *heap, tz_object *o, bool is_old) {
  tz_finalizer_table *t = &heap->finalizers;
  compact_queue(t);
  if (!grow(&t->entries, &t->capacity, t->count + 1)) return false;
  if (!grow(&t->queue, &t->queue_capacity, t->queue_count + t->count + 1)) return false;
  t->entries[t->count++].p = o;
  if (is_old) {
    t->entries[t->count - 1] = t->entries[t->old_count];
    t->entries[t->old_count++].p = o;
  }
  return true;
}

void tz_finalizers_visit_queue(tz_visitor *v) {
  tz_finalizer_table *t = &v->heap->finalizers;
  tz_gc_visit_words(v, t->queue + t->queue_first, t->queue_count);
}

void tz_finalizers_resurrect(tz_visitor *v) {
  tz_finalizer_table *t = &v->heap->finalizers;
  compact_queue(t);
  size_t kept = v->scope == TZ_GC_YOUNG ? t->old_count : 0, first_queued = t->queue_count;
  for (size_t i = kept; i < t->count; i++) {
    if (tz_trace_is_live(v, t->entries[i].u)) t->entries[kept++] = t->entries[i];
    else t->queue[t->queue_count++] = t->entries[i];
  }
  t->count = kept;
  v->heap->stats.finalized += t->queue_count - first_queued;
  tz_gc_visit_words(v, t->queue + first_queued, t->queue_count - first_queued);
}

/* Once all addresses are final: updates the entries and moves those of promoted objects among the old ones.
 */
void tz_finalizers_settle(tz_visitor *v) {
  tz_finalizer_table *t = &v->heap->finalizers;
  if (v->scope == TZ_GC_FULL) t->old_count = 0;
  for (size_t i = t->old_count; i < t->count; i++) {
    if (tz_trace_word_any(v, &t->entries[i])) continue;
    tz_word promoted = t->entries[i];
    t->entries[i] = t->entries[t->old_count];
    t->entries[t->old_count++] = promoted;
  }
}

tz_object *tz_gc_next_finalizable(tz_heap *heap) {
  tz_finalizer_table *t = &heap->finalizers;
  tz_object *o = NULL;
  pthread_mutex_lock(&heap->lock);
  if (t->queue_count) {
    o = t->queue[t->queue_first++].p;
    t->queue_count--;
  }
  pthread_mutex_unlock(&heap->lock);
  return o;
}

bool tz_gc_has_finalizable(const tz_heap *heap) {
  return __atomic_load_n(&heap->finalizers.queue_count, __ATOMIC_RELAXED) != 0;
}

void tz_gc_finalize_all(tz_heap *heap) {
  tz_finalizer_table *t = &heap->finalizers;
  pthread_mutex_lock(&heap->lock);
  compact_queue(t);
  for (size_t i = 0; i < t->count; i++) t->queue[t->queue_count++] = t->entries[i];
  heap->stats.finalized += t->count;
  t->count = t->old_count = 0;
  pthread_mutex_unlock(&heap->lock);
}
