/* trace.h: one collection's state, and the work on one edge, inlined into every scanning loop.
 *
 * The same scanning code serves the young and the full collection: each loop takes the scope as a constant,
 * so that the compiler makes two copies of it. A word counts as processed when it names an object that will
 * not move any more. */
#pragma once
#include "heap.h"

#define TZ_ALWAYS_INLINE inline __attribute__((always_inline))
#define TZ_LIST_END ((uint64_t)1) /* ends the lists linked through objects; no reference */

struct tz_visitor {
  tz_heap *heap;
  tz_gc_scope scope;
  bool saw_young;

  uint64_t from_base, from_size;   /* of the young objects that this collection moves */
  uint64_t to_base, to_size;       /* where those go that stay young; size 0 in a full collection */
  uint64_t fresh_base, fresh_size; /* where fresh large objects lie, and others beside them; size 0: none */
  char *survivor_top, *survivor_limit, *survivor_scan;
  unsigned promote_age;
  size_t large_threshold; /* bytes: what is promoted becomes a large object */

  char *old_top, *old_limit; /* of the region that copies go to */
  char *old_scan;
  uint32_t old_scan_region;
  uint64_t old_meta; /* BARRIER, or 0 under semispace */

  tz_large_node *pending;             /* large objects reached and not yet scanned */
  uint64_t weak_list, ephemeron_list; /* undecided ones, linked through their collector's word */
  uint64_t bytes_copied, bytes_promoted;
  uint64_t bytes_waited; /* of what was copied, the survivors of earlier collections */

  void *verification; /* tz_verification, when that is the scope */
};

/* trace.c */
void tz_trace_begin(tz_visitor *v, tz_heap *heap, tz_gc_scope scope);
void tz_trace_drain(tz_visitor *v); /* until everything copied or pending has been scanned */
void tz_trace_end(tz_visitor *v);
bool tz_trace_scan(tz_visitor *v, tz_object *o); /* true: the object refers to a young one now */
void tz_trace_remembered(tz_visitor *v);
tz_object *tz_trace_copy(tz_visitor *v, tz_object *o, uint64_t header);
void tz_trace_reach_fresh(tz_visitor *v, tz_object *o); /* marks it if it is a fresh large object */
void tz_verify_edge(tz_visitor *v, tz_word *slot);

/* weak.c */
bool tz_weak_scan_ref(tz_visitor *v, tz_object *o);
bool tz_weak_scan_ephemeron(tz_visitor *v, tz_object *o);
bool tz_weak_scan_table(tz_visitor *v, tz_object *o);
void tz_ephemerons_converge(tz_visitor *v); /* and drain */
void tz_weak_clear(tz_visitor *v);          /* weak references and handles whose objects died */
void tz_ephemerons_clear(tz_visitor *v);

/* finalize.c */
void tz_finalizers_visit_queue(tz_visitor *v);
void tz_finalizers_resurrect(tz_visitor *v);
void tz_finalizers_settle(tz_visitor *v);

/* handles.c */
void tz_handles_visit(tz_visitor *v);
void tz_weak_handles_clear(tz_visitor *v);

/* Marks a pinned object; those not yet reached will be scanned. Permanent ones are roots already. */
static inline void tz_trace_mark_pinned(tz_visitor *v, tz_object *o) {
  uint32_t meta = o->header.meta;
  if ((meta & TZ_META_MARK) == v->heap->mark || tz_object_is_immortal(meta)) return;
  o->header.meta = meta ^ TZ_META_MARK;
  tz_large_node *node = tz_large_node_of(o);
  node->pending = v->pending;
  v->pending = node;
}

static inline uint64_t tz_header_word(const tz_object *o) {
  uint64_t w;
  memcpy(&w, &o->header, sizeof w);
  return w;
}

/* Can the address be a fresh large object's? */
static inline bool tz_trace_may_be_fresh(const tz_visitor *v, uint64_t address) {
  return TZ_UNLIKELY(address - v->fresh_base < v->fresh_size);
}

/* Processes *slot. true: it refers to a young object now. */
static TZ_ALWAYS_INLINE bool tz_trace_word(tz_visitor *v, tz_word *slot, tz_gc_scope scope) {
  uint64_t u = slot->u;
  if (scope == TZ_GC_YOUNG) {
    if (u - v->from_base >= v->from_size) {
      if (tz_trace_may_be_fresh(v, u)) tz_trace_reach_fresh(v, (tz_object *)u);
      return u - v->to_base < v->to_size;
    }
    tz_object *o = (tz_object *)u;
    uint64_t header = tz_header_word(o);
    uint64_t copy = header & 1 ? header - 1 : (uint64_t)(uintptr_t)tz_trace_copy(v, o, header);
    slot->u = copy;
    return copy - v->to_base < v->to_size;
  }
  if (scope == TZ_GC_VERIFY) {
    tz_verify_edge(v, slot);
    return false;
  }
  if (!tz_word_is_ref(u)) return false;
  tz_object *o = (tz_object *)u;
  if (u - v->from_base >= v->from_size) {
    size_t region = tz_region_index(&v->heap->regions, u);
    if (region >= v->heap->regions.max) {
      tz_trace_mark_pinned(v, o);
      return false;
    }
    if (v->heap->regions.states[region] != TZ_REGION_CONDEMNED) return false;
  }
  uint64_t header = tz_header_word(o);
  slot->u = header & 1 ? header - 1 : (uint64_t)(uintptr_t)tz_trace_copy(v, o, header);
  return false;
}

/* What is known of a word's object before the trace has ended. */
static inline bool tz_trace_is_live(const tz_visitor *v, uint64_t u) {
  if (!tz_word_is_ref(u)) return true;
  const tz_object *o = (const tz_object *)u;
  if (u - v->from_base < v->from_size) return tz_header_word(o) & 1;
  if (v->scope == TZ_GC_YOUNG) return !tz_trace_may_be_fresh(v, u) || !tz_large_is_fresh(v->heap, o);
  size_t region = tz_region_index(&v->heap->regions, u);
  if (region < v->heap->regions.max)
    return v->heap->regions.states[region] != TZ_REGION_CONDEMNED || (tz_header_word(o) & 1);
  return (o->header.meta & TZ_META_MARK) == v->heap->mark || tz_object_is_immortal(o->header.meta);
}

static inline bool tz_trace_word_any(tz_visitor *v, tz_word *slot) {
  return v->scope == TZ_GC_YOUNG  ? tz_trace_word(v, slot, TZ_GC_YOUNG)
         : v->scope == TZ_GC_FULL ? tz_trace_word(v, slot, TZ_GC_FULL)
                                  : tz_trace_word(v, slot, TZ_GC_VERIFY);
}
