/* large.c: objects that do not move: large and pinned ones (swept), permanent ones (freed by hand).
 *
 * All are born with BARRIER clear, so that filling them needs no barrier until the next collection; what that
 * one scans it arms. It scans large ones when it reaches them, for they are as young as any other new object;
 * permanent ones are born remembered. */
#include "heap.h"
#include <stdlib.h>

#define CLEARED_BY_HAND ((size_t)4 << 20) /* bytes */

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
  return true;
}

static void link_node(tz_large_node **list, tz_large_node *node) {
  node->previous = NULL;
  node->next = *list;
  if (node->next) node->next->previous = node;
  *list = node;
}

static void unlink_node(tz_large_node **list, tz_large_node *node) {
  if (node->previous) node->previous->next = node->next;
  else *list = node->next;
  if (node->next) node->next->previous = node->previous;
}

/* calloc gets its zeroes by giving pages back to the system and faulting them in again, which costs more than
   clearing what the last array left; only an array so big that it may stay unused in parts is better off. */
static tz_large_node *allocate_zeroed(size_t bytes) {
  if (bytes > CLEARED_BY_HAND) return calloc(1, sizeof(tz_large_node) + bytes);
  tz_large_node *node = malloc(sizeof *node + bytes);
  if (node) memset(node + 1, 0, bytes); /* not from `node` on, or the compiler makes it a calloc */
  return node;
}

/* Takes over `node`'s memory. */
static tz_object *init_node(tz_heap *heap, tz_large_node *node, const tz_layout *layout, size_t bytes,
                            uint32_t meta) {
  if (!node) return NULL;
  *node = (tz_large_node){.bytes = bytes};
  if (!add_cards(heap, node, layout)) {
    free(node);
    return NULL;
  }
  tz_object *o = tz_object_init_nogc(tz_large_object(node), layout);
  o->header.meta = meta | TZ_META_PINNED;
  return o;
}

tz_object *tz_large_alloc_locked(tz_heap *heap, const tz_layout *layout, size_t bytes) {
  tz_large_space *s = &heap->large;
  bool is_fresh = heap->is_generational;
  uint32_t mark = is_fresh ? heap->mark ^ TZ_META_MARK : heap->mark;
  tz_object *o = init_node(heap, allocate_zeroed(bytes), layout, bytes, mark);
  if (!o) return NULL;
  link_node(is_fresh ? &s->fresh : &s->old, tz_large_node_of(o));
  *(is_fresh ? &s->fresh_bytes : &s->old_bytes) += bytes;
  return o;
}

tz_object *tz_large_promote(tz_heap *heap, const tz_layout *layout, size_t bytes, uint32_t meta) {
  meta = (meta & ~(uint32_t)TZ_META_AGE_MASK) | heap->mark;
  tz_object *o = init_node(heap, malloc(sizeof(tz_large_node) + bytes), layout, bytes, meta);
  if (!o) return NULL;
  link_node(&heap->large.old, tz_large_node_of(o));
  heap->large.old_bytes += bytes;
  return o;
}

static void free_node(tz_heap *heap, tz_large_node *node) {
  heap->stats.bytes_freed_large += node->bytes;
  free(node->cards);
  if (heap->options.poison_from_space != TZ_GC_POISON_NONE) memset(node, 0xdb, sizeof *node + node->bytes);
  free(node);
}

void tz_large_sweep_fresh(tz_heap *heap) {
  tz_large_space *s = &heap->large;
  for (tz_large_node *node = s->fresh, *next; node; node = next) {
    next = node->next;
    if (tz_large_is_fresh(heap, tz_large_object(node))) {
      free_node(heap, node);
      continue;
    }
    s->old_bytes += node->bytes;
    link_node(&s->old, node);
  }
  s->fresh = NULL;
  s->fresh_bytes = 0;
}

void tz_large_condemn(tz_heap *heap) {
  for (tz_large_node *node = heap->large.fresh; node; node = node->next)
    tz_large_object(node)->header.meta ^= TZ_META_MARK;
  tz_large_sweep_fresh(heap);
  heap->mark ^= TZ_META_MARK;
}

void tz_large_sweep(tz_heap *heap) {
  tz_large_space *s = &heap->large;
  for (tz_large_node *node = s->old, *next; node; node = next) {
    next = node->next;
    if ((tz_large_object(node)->header.meta & TZ_META_MARK) == heap->mark) continue;
    unlink_node(&s->old, node);
    s->old_bytes -= node->bytes;
    free_node(heap, node);
  }
}

static void free_nodes(tz_heap *heap, tz_large_node *list) {
  for (tz_large_node *next; list; list = next) {
    next = list->next;
    free_node(heap, list);
  }
}

static void free_permanents(tz_permanent_node *list) {
  for (tz_permanent_node *next; list; list = next) {
    next = list->next;
    free(list);
  }
}

void tz_large_free_all(tz_heap *heap) {
  free_nodes(heap, heap->large.old);
  free_nodes(heap, heap->large.fresh);
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
