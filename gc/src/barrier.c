/* barrier.c: the write barrier's slow path, and remembered buffers.
 *
 * Invariant: an object with BARRIER clear that is old stands in exactly one buffer; a carded array stands in
 * one when its node says so. */
#include "heap.h"
#include <stdlib.h>

bool tz_buffer_push(tz_object_buffer *b, tz_object *o) {
  if (b->count == b->capacity) {
    size_t capacity = b->capacity ? b->capacity * 2 : 256;
    tz_object **items = realloc(b->items, capacity * sizeof *items);
    if (!items) return false;
    b->items = items;
    b->capacity = capacity;
  }
  b->items[b->count++] = o;
  return true;
}

void tz_heap_remember(tz_heap *heap, tz_object *o) {
  if (!(o->header.meta & TZ_META_BARRIER)) return;
  o->header.meta &= ~(uint32_t)TZ_META_BARRIER;
  if (!tz_buffer_push(&heap->remembered, o)) heap->remembered_is_lossy = true;
}

static void push_or_lose(tz_mutator *m, tz_object *o) {
  if (!tz_buffer_push(&m->remembered, o))
    __atomic_store_n(&m->heap->remembered_is_lossy, true, __ATOMIC_RELAXED);
}

/* The node of an array that has cards, or NULL. */
static tz_large_node *carded_node(const tz_object *o) {
  uint32_t meta = __atomic_load_n(&o->header.meta, __ATOMIC_RELAXED);
  if (!(meta & TZ_META_PINNED) || tz_object_is_immortal(meta)) return NULL;
  tz_large_node *node = tz_large_node_of(o);
  return node->cards ? node : NULL;
}

static void mark_cards(tz_mutator *m, tz_large_node *node, size_t first_byte, size_t last_byte) {
  for (size_t card = first_byte >> TZ_CARD_SHIFT; card <= last_byte >> TZ_CARD_SHIFT; card++)
    __atomic_store_n(&node->cards[card], 1, __ATOMIC_RELAXED);
  if (!__atomic_exchange_n(&node->is_remembered, true, __ATOMIC_RELAXED))
    push_or_lose(m, tz_large_object(node));
}

void tz_gc_barrier_range_slow(tz_mutator *m, tz_object *o, const tz_word *first, size_t n) {
  if (n == 0) return;
  tz_large_node *node = carded_node(o);
  if (node) {
    size_t start = (size_t)((const char *)first - (const char *)o);
    mark_cards(m, node, start, start + n * sizeof(tz_word) - 1);
    return;
  }
  uint32_t before = __atomic_fetch_and(&o->header.meta, ~(uint32_t)TZ_META_BARRIER, __ATOMIC_RELAXED);
  if (before & TZ_META_BARRIER) push_or_lose(m, o);
}

void tz_gc_barrier_slow(tz_mutator *m, tz_object *o, const tz_word *slot) {
  tz_gc_barrier_range_slow(m, o, slot, 1);
}
