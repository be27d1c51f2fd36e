/* verify.c: walks the whole heap and checks that headers are sane, that references name objects, and that
 * every old object that refers to a young one is remembered.
 *
 * Costs a hash set of all objects; meant for tests. When memory for the set cannot be had, nothing is
 * checked. */
#include "trace.h"
#include <stdio.h>
#include <stdlib.h>

typedef struct address_set {
  uint64_t *slots;
  size_t count, capacity; /* a power of two */
} address_set;

typedef struct tz_verification {
  address_set objects, remembered;
  bool has_memory;
  tz_object *owner; /* of the word under check; NULL: a root */
} tz_verification;

static size_t slot_of(const address_set *s, uint64_t address) {
  size_t i = (address >> 3) * 0x9e3779b97f4a7c15 >> 20 & (s->capacity - 1);
  while (s->slots[i] && s->slots[i] != address) i = (i + 1) & (s->capacity - 1);
  return i;
}

static bool set_has(const address_set *s, uint64_t address) {
  return s->capacity && s->slots[slot_of(s, address)];
}

static bool set_grow(address_set *s) {
  address_set bigger = {.capacity = s->capacity ? s->capacity * 2 : 1024, .count = s->count};
  bigger.slots = calloc(bigger.capacity, sizeof *bigger.slots);
  if (!bigger.slots) return false;
  for (size_t i = 0; i < s->capacity; i++)
    if (s->slots[i]) bigger.slots[slot_of(&bigger, s->slots[i])] = s->slots[i];
  free(s->slots);
  *s = bigger;
  return true;
}

static bool set_add(address_set *s, const void *address) {
  if (s->count * 2 >= s->capacity && !set_grow(s)) return false;
  s->slots[slot_of(s, (uint64_t)(uintptr_t)address)] = (uint64_t)(uintptr_t)address;
  s->count++;
  return true;
}

/* ---- walking ---- */

typedef void visit_object(tz_visitor *v, tz_object *o);

_Noreturn static void report(const tz_visitor *v, const char *what, const void *object, const void *other) {
  char line[160];
  snprintf(line, sizeof line, "heap verification: %s (%p, %p)", what, object, other);
  tz_heap_bug(v->heap, line);
}

static void check_header(const tz_visitor *v, const tz_object *o) {
  uint64_t header = tz_header_word(o);
  if (header & 15 || !(header & UINT32_MAX))
    report(v, "an object's header names no layout", o, (void *)header);
  const tz_layout *layout = tz_object_layout(o);
  if (layout->kind > TZ_LAYOUT_EPHEMERON_TABLE)
    report(v, "an object's layout has an unknown kind", o, layout);
  if (tz_layout_is_array(layout) && (uint64_t)tz_object_length(o) > (uint64_t)tz_layout_max_length(layout))
    report(v, "an array's length is impossible", o, layout);
}

/* Zero words are the unused ends of allocation buffers. */
static void walk_span(tz_visitor *v, char *at, char *end, visit_object *visit) {
  while (at < end) {
    tz_object *o = (tz_object *)(void *)at;
    if (tz_header_word(o) == 0) {
      at += 8;
      continue;
    }
    check_header(v, o);
    size_t bytes = tz_object_bytes(o);
    if (bytes < 8 || bytes > (size_t)(end - at)) report(v, "an object reaches beyond its space", o, end);
    visit(v, o);
    at += bytes;
  }
}

static void walk_permanent(tz_visitor *v, tz_permanent_node *list, visit_object *visit) {
  for (; list; list = list->next) {
    check_header(v, tz_permanent_object(list));
    visit(v, tz_permanent_object(list));
  }
}

static void walk_large(tz_visitor *v, tz_large_node *list, visit_object *visit) {
  for (; list; list = list->next) {
    tz_object *o = tz_large_object(list);
    check_header(v, o);
    if (tz_object_bytes(o) > list->bytes) report(v, "a large object grew", o, list);
    visit(v, o);
  }
}

static void walk_heap(tz_visitor *v, visit_object *visit) {
  tz_heap *heap = v->heap;
  const tz_region_space *s = &heap->regions;
  if (heap->is_generational) {
    walk_span(v, heap->survivors[heap->from], heap->survivor_top, visit);
    walk_span(v, heap->nursery, heap->nursery_top, visit);
  }
  for (uint32_t i = s->first; i != TZ_NO_REGION; i = s->table[i].next)
    walk_span(v, tz_region_start(s, i), s->table[i].top, visit);
  walk_large(v, heap->large.old, visit);
  walk_large(v, heap->large.fresh, visit);
  walk_permanent(v, heap->permanent_raw, visit);
  walk_permanent(v, heap->permanent_scanned, visit);
}

/* ---- checks ---- */

static void add_object(tz_visitor *v, tz_object *o) {
  tz_verification *check = v->verification;
  check->has_memory = check->has_memory && set_add(&check->objects, o);
}

static bool is_remembered(const tz_visitor *v, const tz_object *owner, const tz_word *slot) {
  const tz_verification *check = v->verification;
  uint32_t meta = owner->header.meta;
  if ((meta & TZ_META_BARRIER) && (meta & TZ_META_PINNED) && !tz_object_is_immortal(meta)) {
    const tz_large_node *node = tz_large_node_of(owner);
    size_t card = (size_t)((const char *)slot - (const char *)owner) >> TZ_CARD_SHIFT;
    if (!node->cards || !node->is_remembered || !node->cards[card]) return false;
  } else if (meta & TZ_META_BARRIER) return false;
  return set_has(&check->remembered, (uint64_t)(uintptr_t)owner);
}

static bool is_young(const tz_heap *heap, const tz_object *o) {
  return tz_heap_is_in_young(heap, (uint64_t)(uintptr_t)o) || tz_large_is_fresh(heap, o);
}

void tz_verify_edge(tz_visitor *v, tz_word *slot) {
  const tz_verification *check = v->verification;
  const tz_heap *heap = v->heap;
  if (!tz_word_is_ref(slot->u)) return;
  bool is_inside = slot->u - (uint64_t)(uintptr_t)heap->reservation < heap->reservation_bytes;
  if (!set_has(&check->objects, slot->u)) {
    if (!is_inside && heap->permanent_was_freed) return;
    report(v, check->owner ? "a word refers to no object" : "a root refers to no object", check->owner,
           slot->p);
  }
  if (!check->owner || !heap->is_generational || heap->remembered_is_lossy) return;
  if (is_young(heap, check->owner) || !is_young(heap, slot->p)) return;
  if (!is_remembered(v, check->owner, slot))
    report(v, "an old object that refers to a young one is not remembered", check->owner, slot->p);
}

static void check_object(tz_visitor *v, tz_object *o) {
  ((tz_verification *)v->verification)->owner = o;
  tz_trace_scan(v, o);
}

static void add_buffer(tz_verification *check, const tz_object_buffer *b) {
  for (size_t i = 0; i < b->count; i++)
    check->has_memory = check->has_memory && set_add(&check->remembered, b->items[i]);
}

static void check_roots(tz_visitor *v) {
  tz_heap *heap = v->heap;
  const tz_gc_embedder *e = &heap->embedder;
  ((tz_verification *)v->verification)->owner = NULL;
  tz_handles_visit(v);
  tz_weak_handles_clear(v);
  tz_finalizers_visit_queue(v);
  tz_gc_visit_words(v, heap->finalizers.entries, heap->finalizers.count);
  if (e->visit_roots) e->visit_roots(e->data, v, TZ_GC_VERIFY);
  if (e->visit_weak_roots) e->visit_weak_roots(e->data, v, TZ_GC_VERIFY);
  for (tz_mutator *m = heap->mutators; m && e->visit_mutator_roots; m = m->next)
    e->visit_mutator_roots(e->data, m, v, TZ_GC_VERIFY);
}

void tz_heap_verify(tz_heap *heap) {
  tz_verification check = {.has_memory = true};
  tz_visitor v;
  tz_trace_begin(&v, heap, TZ_GC_VERIFY);
  v.verification = &check;
  add_buffer(&check, &heap->remembered);
  for (tz_mutator *m = heap->mutators; m; m = m->next) add_buffer(&check, &m->remembered);
  walk_heap(&v, add_object);
  if (check.has_memory) {
    walk_heap(&v, check_object);
    check_roots(&v);
  }
  free(check.objects.slots);
  free(check.remembered.slots);
}

void tz_gc_verify_nogc(tz_heap *heap) {
  pthread_mutex_lock(&heap->lock);
  tz_heap_verify(heap);
  pthread_mutex_unlock(&heap->lock);
}
