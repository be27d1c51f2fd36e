/* handles.c: tables of words outside the heap, strong and weak.
 *
 * Invariant: a slot never moves; a free one holds the next free slot's address under top bits that make it no
 * reference. */
#include "trace.h"
#include <stdlib.h>

#define FREE_TAG ((uint64_t)0x7ffe << 48)

static tz_word *fresh_slot(tz_handle_table *t) {
  if (!t->chunks || t->chunks->count == TZ_HANDLES_PER_CHUNK) {
    tz_handle_chunk *chunk = malloc(sizeof *chunk);
    if (!chunk) return NULL;
    chunk->next = t->chunks;
    chunk->count = 0;
    t->chunks = chunk;
  }
  return &t->chunks->slots[t->chunks->count++];
}

static tz_word *new_slot(tz_heap *heap, tz_handle_table *t, tz_word value) {
  pthread_mutex_lock(&heap->lock);
  tz_word *slot = t->free;
  if (slot) t->free = (tz_word *)(slot->u & ~FREE_TAG);
  else slot = fresh_slot(t);
  if (slot) *slot = value;
  pthread_mutex_unlock(&heap->lock);
  return slot;
}

static void free_slot(tz_heap *heap, tz_handle_table *t, tz_word *slot) {
  if (!slot) return;
  pthread_mutex_lock(&heap->lock);
  slot->u = (uint64_t)(uintptr_t)t->free | FREE_TAG;
  t->free = slot;
  pthread_mutex_unlock(&heap->lock);
}

tz_handle tz_handle_new(tz_heap *heap, tz_word value) {
  return (tz_handle){new_slot(heap, &heap->handles, value)};
}
void tz_handle_free(tz_heap *heap, tz_handle h) { free_slot(heap, &heap->handles, h.slot); }
tz_weak_handle tz_weak_handle_new(tz_heap *heap, tz_word value) {
  return (tz_weak_handle){new_slot(heap, &heap->weak_handles, value)};
}
void tz_weak_handle_free(tz_heap *heap, tz_weak_handle h) { free_slot(heap, &heap->weak_handles, h.slot); }

void tz_handles_visit(tz_visitor *v) {
  for (tz_handle_chunk *c = v->heap->handles.chunks; c; c = c->next) tz_gc_visit_words(v, c->slots, c->count);
}

void tz_weak_handles_clear(tz_visitor *v) {
  for (tz_handle_chunk *c = v->heap->weak_handles.chunks; c; c = c->next)
    for (size_t i = 0; i < c->count; i++)
      if (!tz_gc_visit_weak(v, (tz_edge){&c->slots[i]}, (tz_word){.u = 0})) v->heap->stats.weak_cleared++;
}
