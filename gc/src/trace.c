/* trace.c: copying and scanning, after Cheney: what has been copied but not scanned is the queue.
 *
 * Three queues stand open at once: the survivors, the regions copies went to, and the large objects reached.
 * Invariant: every word before a scan pointer is processed. */
#include "trace.h"

static void next_region(tz_visitor *v) {
  tz_region_space *s = &v->heap->regions;
  if (s->last != TZ_NO_REGION) s->table[s->last].top = v->old_top;
  v->old_top = tz_regions_acquire(v->heap);
  if (!v->old_top) tz_heap_bug(v->heap, "the copy reserve was too small");
  v->old_limit = v->old_top + TZ_REGION_SIZE;
  if (v->old_scan_region != TZ_NO_REGION) return;
  v->old_scan_region = s->last;
  v->old_scan = v->old_top;
}

static TZ_ALWAYS_INLINE void copy_words(uint64_t *restrict to, const uint64_t *restrict from, size_t bytes) {
  if (TZ_UNLIKELY(bytes > 128)) {
    memcpy(to, from, bytes);
    return;
  }
#pragma clang loop vectorize(disable) unroll(disable)
  for (size_t i = 0; i < bytes / 8; i++) to[i] = from[i];
}

static tz_object *forward(tz_object *o, tz_object *copy) {
  uint64_t word = (uint64_t)(uintptr_t)copy | 1;
  memcpy(&o->header, &word, 8);
  return copy;
}

/* Old, a big array is a large object, which has cards and moves no more. NULL: no memory for that. */
static tz_object *promote_large(tz_visitor *v, tz_object *o, uint64_t header, size_t bytes) {
  const tz_layout *layout = (const tz_layout *)(header & UINT32_MAX);
  tz_object *copy = tz_large_promote(v->heap, layout, bytes, (uint32_t)(header >> 32));
  if (!copy) return NULL;
  memcpy((char *)copy + 8, (const char *)o + 8, bytes - 8);
  v->bytes_promoted += bytes;
  tz_large_node *node = tz_large_node_of(copy);
  node->pending = v->pending;
  v->pending = node;
  return forward(o, copy);
}

static TZ_ALWAYS_INLINE tz_object *copy_object(tz_visitor *v, tz_object *o, uint64_t header) {
  const tz_layout *layout = (const tz_layout *)(header & UINT32_MAX);
  uint32_t meta = (uint32_t)(header >> 32);
  size_t bytes = TZ_LIKELY(layout->kind == TZ_LAYOUT_FIXED) ? (layout->size + 7u) & ~7u : tz_object_bytes(o);
  unsigned age = (meta & TZ_META_AGE_MASK) >> TZ_META_AGE_SHIFT;
  char *to;
  if (age) v->bytes_waited += bytes;
  if (age + 1 < v->promote_age && bytes <= (size_t)(v->survivor_limit - v->survivor_top)) {
    to = v->survivor_top;
    v->survivor_top += bytes;
    meta += 1u << TZ_META_AGE_SHIFT;
  } else {
    if (TZ_UNLIKELY(bytes >= v->large_threshold)) {
      tz_object *copy = promote_large(v, o, header, bytes);
      if (copy) return copy;
    }
    if (TZ_UNLIKELY(bytes > (size_t)(v->old_limit - v->old_top))) next_region(v);
    to = v->old_top;
    v->old_top += bytes;
    v->bytes_promoted += bytes;
    meta |= (uint32_t)v->old_meta;
  }
  copy_words((uint64_t *)(void *)to + 1, (const uint64_t *)(const void *)o + 1, bytes - 8);
  tz_object *copy = (tz_object *)(void *)to;
  copy->header = (tz_header){(uint32_t)header, meta};
  return forward(o, copy);
}

tz_object *tz_trace_copy(tz_visitor *v, tz_object *o, uint64_t header) { return copy_object(v, o, header); }

/* ---- scanning one object ---- */

static TZ_ALWAYS_INLINE bool scan_map(tz_visitor *v, tz_word *words, uint64_t map, tz_gc_scope scope) {
  bool saw_young = false;
  for (; map; map &= map - 1) saw_young |= tz_trace_word(v, words + __builtin_ctzll(map), scope);
  return saw_young;
}

static TZ_ALWAYS_INLINE bool scan_run(tz_visitor *v, tz_word *words, size_t n, tz_gc_scope scope) {
  bool saw_young = false;
  for (size_t i = 0; i < n; i++) saw_young |= tz_trace_word(v, words + i, scope);
  return saw_young;
}

static TZ_ALWAYS_INLINE bool scan_fixed(tz_visitor *v, tz_object *o, const tz_layout *layout,
                                        tz_gc_scope scope) {
  tz_word *words = tz_object_words(o) + 1;
  if (TZ_LIKELY(!layout->long_map)) return scan_map(v, words, layout->map, scope);
  bool saw_young = false;
  for (size_t i = 0, n = layout->size / 8 - 1; i < n; i += 64)
    saw_young |= scan_map(v, words + i, layout->long_map[i / 64], scope);
  return saw_young;
}

static TZ_ALWAYS_INLINE bool scan_refs(tz_visitor *v, tz_object *o, const tz_layout *layout,
                                       tz_gc_scope scope) {
  bool saw_young = scan_map(v, tz_object_words(o) + 1, layout->map, scope);
  return saw_young | scan_run(v, (tz_word *)((char *)o + layout->size), (size_t)tz_object_length(o), scope);
}

/* Unlike ||, evaluates both. */
static TZ_ALWAYS_INLINE bool both(bool a, bool b) { return a || b; }

static TZ_ALWAYS_INLINE bool scan_object(tz_visitor *v, tz_object *o, const tz_layout *layout,
                                         tz_gc_scope scope) {
  switch ((tz_layout_kind)layout->kind) {
  case TZ_LAYOUT_FIXED: return scan_fixed(v, o, layout, scope);
  case TZ_LAYOUT_WORDS:
  case TZ_LAYOUT_BYTES: return false;
  case TZ_LAYOUT_REFS: return scan_refs(v, o, layout, scope);
  case TZ_LAYOUT_WEAK_REF: return both(scan_fixed(v, o, layout, scope), tz_weak_scan_ref(v, o));
  case TZ_LAYOUT_EPHEMERON: return both(scan_fixed(v, o, layout, scope), tz_weak_scan_ephemeron(v, o));
  case TZ_LAYOUT_EPHEMERON_TABLE: return tz_weak_scan_table(v, o);
  }
  tz_heap_bug(v->heap, "an object's layout has an unknown kind");
}

bool tz_trace_scan(tz_visitor *v, tz_object *o) {
  const tz_layout *layout = tz_object_layout(o);
  return v->scope == TZ_GC_YOUNG  ? scan_object(v, o, layout, TZ_GC_YOUNG)
         : v->scope == TZ_GC_FULL ? scan_object(v, o, layout, TZ_GC_FULL)
                                  : scan_object(v, o, layout, TZ_GC_VERIFY);
}

/* ---- the queues ---- */

static TZ_ALWAYS_INLINE size_t bytes_of(const tz_object *o, const tz_layout *layout) {
  return TZ_LIKELY(layout->kind == TZ_LAYOUT_FIXED) ? (layout->size + 7u) & ~7u : tz_object_bytes(o);
}

static void scan_survivors(tz_visitor *v) {
  while (v->survivor_scan < v->survivor_top) {
    tz_object *o = (tz_object *)(void *)v->survivor_scan;
    const tz_layout *layout = tz_object_layout(o);
    v->survivor_scan += bytes_of(o, layout);
    scan_object(v, o, layout, TZ_GC_YOUNG);
  }
}

/* The region's end moves as long as it is the one that copies go to, and that may end while it is scanned. */
static TZ_ALWAYS_INLINE void scan_regions(tz_visitor *v, tz_gc_scope scope) {
  tz_region_space *s = &v->heap->regions;
  for (uint32_t region = v->old_scan_region; region != TZ_NO_REGION; region = v->old_scan_region) {
    char *at = v->old_scan;
    while (at < (s->last == region ? v->old_top : s->table[region].top)) {
      tz_object *o = (tz_object *)(void *)at;
      const tz_layout *layout = tz_object_layout(o);
      at += bytes_of(o, layout);
      bool saw_young = scan_object(v, o, layout, scope);
      if (scope == TZ_GC_YOUNG && saw_young) tz_heap_remember(v->heap, o);
    }
    v->old_scan = at;
    if (s->last == region) return;
    v->old_scan_region = s->table[region].next;
    v->old_scan = tz_region_start(s, v->old_scan_region);
  }
}

/* ---- old objects in a young collection ---- */

static bool scan_card(tz_visitor *v, tz_object *o, const tz_layout *layout, uint32_t card) {
  char *end = (char *)o + layout->size + 8 * (size_t)tz_object_length(o);
  char *from = (char *)o + ((size_t)card << TZ_CARD_SHIFT), *to = from + ((size_t)1 << TZ_CARD_SHIFT);
  bool saw_young = false;
  if (card == 0) {
    saw_young = scan_map(v, tz_object_words(o) + 1, layout->map, TZ_GC_YOUNG);
    from += layout->size;
  }
  if (to > end) to = end;
  if (to > from) saw_young |= scan_run(v, (tz_word *)(void *)from, (size_t)(to - from) / 8, TZ_GC_YOUNG);
  return saw_young;
}

/* Scans the dirty cards; those stay dirty whose words refer to young objects still. */
static bool scan_cards(tz_visitor *v, tz_large_node *node) {
  tz_object *o = tz_large_object(node);
  const tz_layout *layout = tz_object_layout(o);
  uint8_t *cards = node->cards, *end = cards + node->card_count;
  bool saw_young = false;
  for (uint8_t *card = cards; card < end && (card = memchr(card, 1, (size_t)(end - card))); card++) {
    *card = scan_card(v, o, layout, (uint32_t)(card - cards));
    saw_young |= *card;
  }
  return saw_young;
}

static void scan_remembered(tz_visitor *v, tz_object *o) {
  uint32_t meta = o->header.meta |= TZ_META_BARRIER;
  bool has_node = (meta & TZ_META_PINNED) && !tz_object_is_immortal(meta);
  tz_large_node *node = has_node ? tz_large_node_of(o) : NULL;
  if (!node || !node->cards) {
    if (tz_trace_scan(v, o)) tz_heap_remember(v->heap, o);
    return;
  }
  node->is_remembered = scan_cards(v, node);
  if (node->is_remembered && !tz_buffer_push(&v->heap->remembered, o)) v->heap->remembered_is_lossy = true;
}

/* ---- large objects ---- */

void tz_trace_reach_fresh(tz_visitor *v, tz_object *o) {
  if (tz_large_is_fresh(v->heap, o)) tz_trace_mark_pinned(v, o);
}

/* Reached by a young collection, a large object is old from now on. */
static TZ_ALWAYS_INLINE void scan_large(tz_visitor *v, tz_large_node *node, tz_gc_scope scope) {
  tz_object *o = tz_large_object(node);
  if (node->cards) memset(node->cards, scope == TZ_GC_YOUNG, node->card_count);
  node->is_remembered = false;
  if (scope == TZ_GC_YOUNG) {
    scan_remembered(v, o);
    return;
  }
  o->header.meta |= (uint32_t)v->old_meta;
  scan_object(v, o, tz_object_layout(o), scope);
}

static TZ_ALWAYS_INLINE void scan_pending(tz_visitor *v, tz_gc_scope scope) {
  while (v->pending) {
    tz_large_node *node = v->pending;
    v->pending = node->pending;
    scan_large(v, node, scope);
  }
}

static bool is_drained(const tz_visitor *v) {
  return v->survivor_scan == v->survivor_top && v->old_scan == v->old_top && !v->pending;
}

static TZ_ALWAYS_INLINE void drain(tz_visitor *v, tz_gc_scope scope) {
  while (!is_drained(v)) {
    if (scope == TZ_GC_YOUNG) scan_survivors(v);
    scan_regions(v, scope);
    scan_pending(v, scope);
  }
}

void tz_trace_drain(tz_visitor *v) {
  if (v->scope == TZ_GC_YOUNG) drain(v, TZ_GC_YOUNG);
  else drain(v, TZ_GC_FULL);
}

/* ---- remembered objects ---- */

static void scan_buffer(tz_visitor *v, tz_object_buffer *b) {
  for (size_t i = 0; i < b->count; i++) scan_remembered(v, b->items[i]);
  v->heap->stats.remembered_objects += b->count;
  b->count = 0;
}

void tz_trace_remembered(tz_visitor *v) {
  tz_heap *heap = v->heap;
  heap->stats.remembered_objects = 0;
  tz_object_buffer before = heap->remembered;
  heap->remembered = heap->remembered_spare;
  scan_buffer(v, &before);
  heap->remembered_spare = before;
  for (tz_mutator *m = heap->mutators; m; m = m->next) scan_buffer(v, &m->remembered);
}

/* ---- begin, end ---- */

static void set_young_ranges(tz_visitor *v) {
  tz_heap *heap = v->heap;
  v->from_base = (uint64_t)(uintptr_t)heap->survivors[0];
  v->from_size = heap->young_bytes;
  if (v->scope == TZ_GC_FULL) return;
  char *to = heap->survivors[!heap->from];
  v->to_base = (uint64_t)(uintptr_t)to;
  v->to_size = heap->part_bytes;
  v->from_size -= v->to_size;
  if (heap->from == 1) v->from_base += v->to_size;
  v->survivor_top = v->survivor_scan = to;
  v->survivor_limit = to + heap->nursery_size;
}

static void set_fresh_range(tz_visitor *v) {
  uint64_t low = UINT64_MAX, high = 0;
  for (const tz_large_node *node = v->heap->large.fresh; node; node = node->next) {
    uint64_t address = (uint64_t)(uintptr_t)tz_large_object(node);
    if (address < low) low = address;
    if (address > high) high = address;
  }
  if (low > high) return;
  v->fresh_base = low;
  v->fresh_size = high - low + 1;
}

static void resume_last_region(tz_visitor *v) {
  tz_region_space *s = &v->heap->regions;
  v->old_scan_region = s->last;
  if (s->last == TZ_NO_REGION) return;
  v->old_top = v->old_scan = s->table[s->last].top;
  v->old_limit = tz_region_start(s, s->last) + TZ_REGION_SIZE;
}

void tz_trace_begin(tz_visitor *v, tz_heap *heap, tz_gc_scope scope) {
  *v = (tz_visitor){.heap = heap,
                    .scope = scope,
                    .promote_age = tz_nursery_promote_age(heap),
                    .large_threshold = heap->options.large_threshold,
                    .old_meta = heap->is_generational ? TZ_META_BARRIER : 0,
                    .weak_list = TZ_LIST_END,
                    .ephemeron_list = TZ_LIST_END};
  if (scope == TZ_GC_VERIFY) return;
  set_young_ranges(v);
  if (scope == TZ_GC_YOUNG) set_fresh_range(v);
  resume_last_region(v);
}

void tz_trace_end(tz_visitor *v) {
  tz_heap *heap = v->heap;
  if (heap->regions.last != TZ_NO_REGION) heap->regions.table[heap->regions.last].top = v->old_top;
  if (v->scope == TZ_GC_YOUNG) {
    heap->from = !heap->from;
    heap->survivor_top = v->survivor_top;
    v->bytes_copied = v->bytes_promoted + (size_t)(v->survivor_top - heap->survivors[heap->from]);
  } else {
    heap->survivor_top = heap->survivors[heap->from];
    v->bytes_copied = v->bytes_promoted;
  }
}

/* ---- the embedder's visits ---- */

void tz_gc_visit_edge(tz_visitor *v, tz_edge edge) { v->saw_young |= tz_trace_word_any(v, edge.slot); }

void tz_gc_visit_words(tz_visitor *v, tz_word *words, size_t n) {
  bool saw_young = false;
  if (v->scope == TZ_GC_YOUNG) saw_young = scan_run(v, words, n, TZ_GC_YOUNG);
  else if (v->scope == TZ_GC_FULL) scan_run(v, words, n, TZ_GC_FULL);
  else scan_run(v, words, n, TZ_GC_VERIFY);
  v->saw_young |= saw_young;
}

void tz_gc_visit_mapped(tz_visitor *v, tz_word *words, const uint64_t *bitmap, size_t n) {
  for (size_t i = 0; i < n; i += 64) {
    uint64_t map = bitmap[i / 64];
    if (n - i < 64) map &= ((uint64_t)1 << (n - i)) - 1;
    if (v->scope == TZ_GC_YOUNG) v->saw_young |= scan_map(v, words + i, map, TZ_GC_YOUNG);
    else if (v->scope == TZ_GC_FULL) scan_map(v, words + i, map, TZ_GC_FULL);
    else scan_map(v, words + i, map, TZ_GC_VERIFY);
  }
}

bool tz_gc_visit_weak(tz_visitor *v, tz_edge edge, tz_word dead) {
  if (v->scope != TZ_GC_VERIFY && !tz_trace_is_live(v, edge.slot->u)) {
    *edge.slot = dead;
    return false;
  }
  tz_gc_visit_edge(v, edge);
  return true;
}

void tz_visitor_reset_young(tz_visitor *v) { v->saw_young = false; }
bool tz_visitor_saw_young(const tz_visitor *v) { return v->saw_young; }
