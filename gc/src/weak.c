/* weak.c: weak references, ephemerons and ephemeron tables.
 *
 * While tracing, a weak word whose object is not known to live puts its owner on a list, linked through the
 * collector's own word in it. After the trace the lists are decided: first ephemerons, to a fixed point, then
 * weak references, then (after finalizers) the dead keys. Invariant: the collector's word is 0 outside a
 * collection and for owners not listed. */
#include "trace.h"

enum { REFERENT = 1, REF_LINK = 2, KEY = 1, VALUE = 2, EPHEMERON_LINK = 3, TABLE_LINK = 2, TABLE_FIRST = 3 };

static bool put_on_list(uint64_t *list, tz_object *owner, int link) {
  tz_word *words = tz_object_words(owner);
  if (words[link].u) return false;
  words[link].u = *list;
  *list = (uint64_t)(uintptr_t)owner;
  return false;
}

static tz_object *take_from_list(uint64_t *list, int link) {
  if (*list == TZ_LIST_END) return NULL;
  tz_object *owner = (tz_object *)*list;
  tz_word *words = tz_object_words(owner);
  *list = words[link].u;
  words[link].u = 0;
  return owner;
}

bool tz_weak_scan_ref(tz_visitor *v, tz_object *o) {
  tz_word *words = tz_object_words(o);
  if (v->scope == TZ_GC_VERIFY || tz_trace_is_live(v, words[REFERENT].u))
    return tz_trace_word_any(v, words + REFERENT);
  return put_on_list(&v->weak_list, o, REF_LINK);
}

static TZ_ALWAYS_INLINE bool scan_pair(tz_visitor *v, tz_word *pair) {
  bool is_key_young = tz_trace_word_any(v, pair), is_value_young = tz_trace_word_any(v, pair + 1);
  return is_key_young || is_value_young;
}

bool tz_weak_scan_ephemeron(tz_visitor *v, tz_object *o) {
  tz_word *words = tz_object_words(o);
  if (v->scope == TZ_GC_VERIFY || tz_trace_is_live(v, words[KEY].u)) return scan_pair(v, words + KEY);
  return put_on_list(&v->ephemeron_list, o, EPHEMERON_LINK);
}

bool tz_weak_scan_table(tz_visitor *v, tz_object *o) {
  tz_word *words = tz_object_words(o);
  bool saw_young = false, is_undecided = false;
  for (int64_t i = 0, n = tz_object_length(o); i + 1 < n; i += 2) {
    tz_word *pair = words + TABLE_FIRST + i;
    if (v->scope == TZ_GC_VERIFY || tz_trace_is_live(v, pair->u)) saw_young |= scan_pair(v, pair);
    else is_undecided = true;
  }
  if (is_undecided) put_on_list(&v->ephemeron_list, o, TABLE_LINK);
  return saw_young;
}

static int ephemeron_link(const tz_object *o) {
  return tz_object_layout(o)->kind == TZ_LAYOUT_EPHEMERON ? EPHEMERON_LINK : TABLE_LINK;
}

static void remember_if_old(tz_visitor *v, tz_object *owner, bool saw_young) {
  if (v->scope != TZ_GC_YOUNG || !saw_young) return;
  if (!tz_heap_is_in_young(v->heap, (uint64_t)(uintptr_t)owner)) tz_heap_remember(v->heap, owner);
}

static tz_object *take_ephemeron(uint64_t *list) {
  return *list == TZ_LIST_END ? NULL : take_from_list(list, ephemeron_link((tz_object *)*list));
}

static uint64_t amount_copied(const tz_visitor *v) {
  return (uint64_t)(uintptr_t)v->survivor_top + v->bytes_promoted;
}

void tz_ephemerons_converge(tz_visitor *v) {
  for (;;) {
    tz_trace_drain(v);
    uint64_t undecided = v->ephemeron_list, copied_before = amount_copied(v);
    v->ephemeron_list = TZ_LIST_END;
    for (tz_object *o; (o = take_ephemeron(&undecided));) {
      bool is_single = tz_object_layout(o)->kind == TZ_LAYOUT_EPHEMERON;
      remember_if_old(v, o, is_single ? tz_weak_scan_ephemeron(v, o) : tz_weak_scan_table(v, o));
    }
    if (amount_copied(v) == copied_before && !v->pending) return;
  }
}

void tz_weak_clear(tz_visitor *v) {
  for (tz_object *o; (o = take_from_list(&v->weak_list, REF_LINK));) {
    tz_word *referent = tz_object_words(o) + REFERENT;
    if (tz_trace_is_live(v, referent->u)) {
      remember_if_old(v, o, tz_trace_word_any(v, referent));
      continue;
    }
    referent->u = 0;
    v->heap->stats.weak_cleared++;
  }
  tz_weak_handles_clear(v);
}

static void clear_table(tz_visitor *v, tz_object *o) {
  tz_word *pair = tz_object_words(o) + TABLE_FIRST, *end = pair + tz_object_length(o);
  for (; pair + 1 < end; pair += 2) {
    if (tz_trace_is_live(v, pair->u)) continue;
    pair[0].u = TZ_GC_TOMBSTONE;
    pair[1].u = 0;
    v->heap->stats.weak_cleared++;
  }
}

void tz_ephemerons_clear(tz_visitor *v) {
  for (tz_object *o; (o = take_ephemeron(&v->ephemeron_list));) {
    if (tz_object_layout(o)->kind == TZ_LAYOUT_EPHEMERON_TABLE) {
      clear_table(v, o);
      continue;
    }
    tz_object_words(o)[KEY].u = tz_object_words(o)[VALUE].u = 0;
    v->heap->stats.weak_cleared++;
  }
}
