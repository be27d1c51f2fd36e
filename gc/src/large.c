/* large.c: objects that do not move: large and pinned ones (swept), permanent ones (freed by hand).
 *
 * Both are born with BARRIER clear and remembered, so that filling them needs no barrier until the next
 * collection; what that one scans it arms. */
#include "heap.h"
#include <stdlib.h>

static bool has_scanned_words(const tz_layout *l) {
  return l->kind >= TZ_LAYOUT_REFS || (l->kind == TZ_LAYOUT_FIXED && (l->map || l->long_map));
}

static bool remember_at_birth(tz_heap *heap, tz_object *o) {
  return !heap->is_generational || !has_scanned_words(tz_object_layout(o)) ||
         tz_buffer_push(&heap->remembered, o);
}

static bool add_cards(tz_heap *heap, tz_large_node *node, const tz_layout *layout) {
  if (!heap->is_generational || layout->kind != TZ_LAYOUT_REFS || node->bytes < heap->options.large_threshold)
    return true;
  node->card_count = (uint32_t)((node->bytes + ((size_t)1 << TZ_CARD_SHIFT) - 1) >> TZ_CARD_SHIFT);
  node->cards = malloc(node->card_count);
  if (!node->cards) return false;
  memset(node->cards, 1, node->card_count);
  node->is_remembered = true;
  return true;
}

tz_object *tz_large_alloc_locked(tz_heap *heap, const tz_layout *layout, size_t bytes) {
  tz_large_node *node = calloc(1, sizeof *node + bytes);
  if (!node) return NULL;
  node->bytes = bytes;
  tz_object *o = tz_object_init_nogc(tz_large_object(node), layout);
  o->header.meta = TZ_META_PINNED | heap->mark;
  if (!add_cards(heap, node, layout) || !remember_at_birth(heap, o)) {
    free(node->cards);
    free(node);
    return NULL;
  }
  node->next = heap->large;
  if (node->next) node->next->previous = node;
  heap->large = node;
  heap->large_bytes += bytes;
  return o;
}

static void free_large(tz_heap *heap, tz_large_node *node) {
  if (node->previous) node->previous->next = node->next;
  else heap->large = node->next;
  if (node->next) node->next->previous = node->previous;
  heap->large_bytes -= node->bytes;
  heap->stats.bytes_freed_large += node->bytes;
  free(node->cards);
  if (heap->options.poison_from_space != TZ_GC_POISON_NONE) memset(node, 0xdb, sizeof *node + node->bytes);
  free(node);
}

void tz_large_sweep(tz_heap *heap) {
  for (tz_large_node *node = heap->large, *next; node; node = next) {
    next = node->next;
    if ((tz_large_object(node)->header.meta & TZ_META_MARK) != heap->mark) free_large(heap, node);
  }
}

static void free_permanents(tz_permanent_node *list) {
  for (tz_permanent_node *next; list; list = next) {
    next = list->next;
    free(list);
  }
}

void tz_large_free_all(tz_heap *heap) {
  while (heap->large) free_large(heap, heap->large);
  free_permanents(heap->permanent_raw);
  free_permanents(heap->permanent_scanned);
}

tz_object *tz_gc_alloc_permanent(tz_heap *heap, const tz_layout *layout, size_t bytes) {
  tz_permanent_node *node = calloc(1, sizeof *node + bytes);
  if (!node) return NULL;
  tz_object *o = tz_object_init_nogc(tz_permanent_object(node), layout);
  o->header.meta = TZ_META_PINNED | TZ_META_IMMORTAL;
  pthread_mutex_lock(&heap->lock);
  tz_permanent_node **list = has_scanned_words(layout) ? &heap->permanent_scanned : &heap->permanent_raw;
  bool is_done = remember_at_birth(heap, o);
  if (is_done) {
    node->next = *list;
    if (node->next) node->next->previous = node;
    *list = node;
    heap->permanent_bytes += bytes;
  }
  pthread_mutex_unlock(&heap->lock);
  if (is_done) return o;
  free(node);
  return NULL;
}

static void forget(tz_object_buffer *b, const tz_object *o) {
  for (size_t i = 0; i < b->count; i++)
    if (b->items[i] == o) b->items[i--] = b->items[--b->count];
}

void tz_gc_free_permanent(tz_heap *heap, tz_object *o) {
  tz_permanent_node *node = (tz_permanent_node *)(void *)o - 1;
  bool is_scanned = has_scanned_words(tz_object_layout(o));
  pthread_mutex_lock(&heap->lock);
  if (is_scanned && !(o->header.meta & TZ_META_BARRIER)) {
    forget(&heap->remembered, o);
    for (tz_mutator *m = heap->mutators; m; m = m->next) forget(&m->remembered, o);
  }
  if (node->previous) node->previous->next = node->next;
  else *(is_scanned ? &heap->permanent_scanned : &heap->permanent_raw) = node->next;
  if (node->next) node->next->previous = node->previous;
  heap->permanent_bytes -= tz_object_bytes(o);
  heap->permanent_was_freed = true;
  pthread_mutex_unlock(&heap->lock);
  free(node);
}
