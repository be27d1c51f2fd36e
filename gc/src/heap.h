/* heap.h: the heap's private structure.
 *
 * One reservation of address space holds all that moves:
 *
 *   young_base                                             regions_base
 *   | survivors 0 | nursery              | survivors 1 | region 0 | region 1 | … | region region_max-1 |
 *
 * Each of the three young parts has part_bytes of address space, of which part_committed may be touched. The
 * survivor half in use ("from") and the nursery are adjacent, so "will this collection move it?" is one
 * subtraction and one comparison. Large and permanent objects come from malloc, each behind a node, and are
 * PINNED. Invariant between collections: each old object that refers to a young one has BARRIER clear and
 * stands in a remembered buffer, or is a carded array with a dirty card for the word. */
#pragma once
#include "terza/gc.h"
#include <assert.h>
#include <pthread.h>

#define TZ_REGION_SHIFT 19
#define TZ_REGION_SIZE ((size_t)1 << TZ_REGION_SHIFT)
#define TZ_CARD_SHIFT 9 /* bytes of a large array that one card stands for: 512, 64 words */
#define TZ_NO_REGION UINT32_MAX

typedef enum tz_region_state { TZ_REGION_FREE, TZ_REGION_LIVE, TZ_REGION_CONDEMNED } tz_region_state;

/* 512 KB of old (or, under semispace, of all) objects, one after the other from start to top. */
typedef struct tz_region {
  char *top;
  uint32_t next;       /* index in its list, or TZ_NO_REGION */
  uint32_t live_bytes; /* found by the last full collection: the seam for choosing what to evacuate */
} tz_region;

/* Regions, by index; the free ones and those in use in lists. */
typedef struct tz_region_space {
  char *base;
  uint32_t max, committed; /* [0, committed) may be touched */
  uint32_t free_list, free_count;
  uint32_t first, last; /* in use, in the order of their filling; last is the one being filled */
  uint32_t count;       /* in use */
  size_t used_bytes;    /* in objects, of filled regions; the last one's come on top */
  tz_region *table;
  uint8_t *states; /* tz_region_state, dense, for the test on each edge */
} tz_region_space;

/* Stands right before each large or pinned object. */
typedef struct tz_large_node {
  struct tz_large_node *next, *previous;
  struct tz_large_node *pending; /* link of the objects reached but not yet scanned */
  size_t bytes;                  /* of the object */
  uint8_t *cards;                /* large reference arrays: one byte per 512 bytes of object, 1 = dirty */
  uint32_t card_count;
  bool is_remembered; /* carded: is in a remembered buffer */
} tz_large_node;

/* Large and pinned objects. Those allocated since the last collection are fresh: their MARK says "not
   reached", and a young collection frees those that it does not reach either. */
typedef struct tz_large_space {
  tz_large_node *old, *fresh;
  size_t old_bytes, fresh_bytes;
} tz_large_space;

typedef struct tz_permanent_node {
  struct tz_permanent_node *next, *previous;
} tz_permanent_node;

#define TZ_HANDLES_PER_CHUNK 510
typedef struct tz_handle_chunk {
  struct tz_handle_chunk *next;
  size_t count; /* slots ever handed out */
  tz_word slots[TZ_HANDLES_PER_CHUNK];
} tz_handle_chunk;
typedef struct tz_handle_table {
  tz_handle_chunk *chunks;
  tz_word *free; /* linked through the slots, whose words look like no reference */
} tz_handle_table;

/* Objects with finalizers. entries[0 .. old_count) are old, the rest young; queue has room for all of them.
 */
typedef struct tz_finalizer_table {
  tz_word *entries;
  size_t count, old_count, capacity;
  tz_word *queue;
  size_t queue_first, queue_count, queue_capacity;
} tz_finalizer_table;

struct tz_heap {
  tz_gc_options options;
  tz_gc_embedder embedder;
  pthread_mutex_t lock; /* everything below that mutators change */
  bool is_generational, is_collecting;

  char *reservation;
  size_t reservation_bytes;
  char *survivors[2], *nursery;
  size_t young_bytes; /* of the three together */
  size_t part_bytes, part_committed, nursery_size;
  size_t largest_moved; /* bytes: bigger objects are large from birth, and never move */
  unsigned calm;        /* young collections in a row that next to nothing survived */
  unsigned promptly;    /* so many young collections more promote at once, and let no survivor wait */
  unsigned from;        /* which survivor half is in use */
  char *survivor_top, *nursery_top;
  char *nursery_touched; /* the nursery is still the kernel's zeroes from here on */
  size_t room;           /* bytes that buffers may still take before the next collection */
  tz_region_space regions;

  tz_large_space large;
  tz_permanent_node *permanent_raw, *permanent_scanned; /* without and with words to scan */
  size_t permanent_bytes;
  int64_t external_bytes;
  bool permanent_was_freed; /* since the last full collection: dead objects may refer to it */

  size_t limit, full_threshold, live_after_full;
  bool wants_full;
  uint32_t mark; /* TZ_META_MARK or 0: the sense of the mark bit that means "live" */

  tz_mutator *mutators;
  uint64_t detached_bytes_allocated;
  tz_object_buffer remembered; /* by the collector, and of detached mutators */
  tz_object_buffer remembered_spare;
  bool remembered_is_lossy; /* a buffer could not grow: only a full collection is sound */
  tz_handle_table handles, weak_handles;
  tz_finalizer_table finalizers;
  uint64_t hash_state, alloc_count;
  uint32_t stress_count;
  tz_gc_stats stats;
};

/* regions.c */
bool tz_regions_reserve(tz_heap *heap, size_t n); /* sees to it that the next n acquisitions succeed */
char *tz_regions_acquire(tz_heap *heap);          /* the new last region's start, or NULL */
void tz_regions_release(tz_heap *heap, uint32_t first_of_list, uint32_t count);
size_t tz_regions_used(const tz_heap *heap);
static inline char *tz_region_start(const tz_region_space *s, uint32_t i) {
  return s->base + ((size_t)i << TZ_REGION_SHIFT);
}
/* Index of the region an address lies in; >= max when in none. */
static inline size_t tz_region_index(const tz_region_space *s, uint64_t address) {
  return (address - (uint64_t)(uintptr_t)s->base) >> TZ_REGION_SHIFT;
}

/* alloc.c */
void tz_mutator_retire_buffer(tz_mutator *m);
size_t tz_heap_young_used(const tz_heap *heap);
size_t
tz_heap_tenured(const tz_heap *heap); /* bytes in use outside the young generation, native memory included */
size_t tz_heap_used(const tz_heap *heap); /* both together */
void tz_heap_set_room(tz_heap *heap);     /* after a collection */

/* nursery.c */
typedef struct tz_young_outcome {
  size_t copied;        /* bytes, by the young collection that has ended */
  size_t waited;        /* bytes of survivors there were before it */
  size_t waited_copied; /* of those bytes, the ones that lived on */
} tz_young_outcome;
bool tz_nursery_init(tz_heap *heap, char *young); /* false: no memory */
void tz_nursery_adapt(tz_heap *heap, const tz_young_outcome *outcome);
unsigned tz_nursery_promote_age(const tz_heap *heap);

/* large.c */
tz_object *tz_large_alloc_locked(tz_heap *heap, const tz_layout *layout, size_t bytes);
/* During a collection: room for the copy of a young object; it counts as reached, its words are garbage.
   NULL: no memory. */
tz_object *tz_large_promote(tz_heap *heap, const tz_layout *layout, size_t bytes, uint32_t meta);
void tz_large_sweep_fresh(tz_heap *heap); /* ends a young collection: those reached are old now */
void tz_large_condemn(tz_heap *heap);     /* begins a full one: turns the sense of MARK, all are unreached */
void tz_large_sweep(tz_heap *heap);       /* ends it */
void tz_large_free_all(tz_heap *heap);
static inline tz_large_node *tz_large_node_of(const tz_object *o) {
  return (tz_large_node *)(uintptr_t)o - 1;
}
static inline tz_object *tz_large_object(const tz_large_node *n) { return (tz_object *)(uintptr_t)(n + 1); }
static inline tz_object *tz_permanent_object(const tz_permanent_node *n) {
  return (tz_object *)(uintptr_t)(n + 1);
}
static inline bool tz_object_is_immortal(uint32_t meta) {
  return (meta & TZ_META_AGE_MASK) == TZ_META_IMMORTAL;
}

/* Between full collections an old large object carries the heap's mark. */
static inline bool tz_large_is_fresh(const tz_heap *heap, const tz_object *o) {
  uint32_t meta = o->header.meta;
  return (meta & TZ_META_PINNED) && (meta & TZ_META_MARK) != heap->mark && !tz_object_is_immortal(meta);
}

/* verify.c */
void tz_heap_verify(tz_heap *heap);

/* barrier.c */
bool tz_buffer_push(tz_object_buffer *b, tz_object *o); /* false: no memory */
void tz_heap_remember(tz_heap *heap, tz_object *o);     /* during a collection: unless it is so already */

/* finalize.c */
bool tz_finalizers_register_locked(tz_heap *heap, tz_object *o, bool is_old);

/* collect.c */
typedef enum tz_collection_outcome {
  TZ_COLLECTION_REFUSED,    /* room for the copies could not be had */
  TZ_COLLECTION_BY_ANOTHER, /* another mutator's collection, of any scope, has taken place */
  TZ_COLLECTION_DONE,
} tz_collection_outcome;
typedef struct tz_collection {
  tz_collection_outcome outcome;
  tz_gc_scope scope; /* may be wider than the one wanted */
  size_t room;       /* what there was to take before the world went on */
} tz_collection;
tz_collection tz_heap_collect(tz_mutator *m, tz_gc_scope wanted);
_Noreturn void tz_heap_bug(const tz_heap *heap, const char *what);

static inline bool tz_heap_is_slow_only(const tz_heap *heap) {
  return heap->options.stress_every_n_allocs || heap->options.fail_alloc_n;
}
static inline bool tz_heap_is_in_young(const tz_heap *heap, uint64_t address) {
  return address - (uint64_t)(uintptr_t)heap->survivors[0] < heap->young_bytes;
}
