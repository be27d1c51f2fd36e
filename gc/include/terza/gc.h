/* gc.h: what a runtime calls: heaps, mutators, collections, handles, finalizers, limits, statistics.
 *
 * A heap serves one virtual machine; several live in one process and share nothing. Functions that take a
 * tz_mutator run on its thread; those that take a tz_heap may be called by any attached thread. Nothing
 * collects unless its contract says MAY COLLECT. Read docs/gc.md. */
#pragma once
#include "terza/gc_embedder.h"

typedef enum tz_gc_collector { TZ_GC_GENERATIONAL, TZ_GC_SEMISPACE } tz_gc_collector;
typedef enum tz_gc_poison { TZ_GC_POISON_NONE, TZ_GC_POISON_FILL, TZ_GC_POISON_PROTECT } tz_gc_poison;
enum { TZ_GC_VERIFY_BEFORE = 1, TZ_GC_VERIFY_AFTER = 2 };

typedef struct tz_gc_options {
  tz_gc_collector collector;
  size_t heap_limit;   /* bytes of objects and accounted native memory; 0 = half the machine's memory */
  size_t nursery_size; /* bytes allocated between two young collections, at first; 4 MB */
  size_t nursery_max;  /* it grows up to so many bytes, or an eighth of the limit, while much survives; 64 MB;
                          at  most nursery_size: it does not */
  size_t chunk_size;   /* bytes of a thread's allocation buffer; 32 KB */
  /* Old objects of at least so many bytes do not move; at most 64 KB; 32 KB. Young ones do, up to an eighth
     of nursery_size or 256 KB, whichever is less, if that is more. */
  size_t large_threshold;
  unsigned promote_age;    /* collections survived before promotion, 1..6; 2 */
  unsigned growth_percent; /* the old generation may grow to so many percent of what last lived; 200 */
  size_t
      min_full_bytes; /* no full collection below so many bytes in use, unless the limit asks for it; 32 MB */
  unsigned stress_every_n_allocs;     /* collect at every n-th allocation; 0 = off */
  unsigned stress_every_n_safepoints; /* collect at every n-th tz_gc_safepoint_stress; 0 = off */
  unsigned stress_full_every;         /* every n-th stress collection is a full one; 16 */
  tz_gc_poison poison_from_space;     /* make stale references visible */
  unsigned verify_heap;               /* TZ_GC_VERIFY_… */
  uint64_t fail_alloc_n;              /* the n-th allocation (from 1) returns NULL; 0 = off */
} tz_gc_options;

tz_gc_options tz_gc_options_default(void);

/* A heap, or NULL when memory for it could not be had. Both structs are copied. */
tz_heap *tz_gc_heap_new(const tz_gc_options *options, const tz_gc_embedder *embedder);
/* Frees everything; all mutators must be detached. Finalizers do not run. */
void tz_gc_heap_free(tz_heap *heap);

/* `m` is the embedder's memory, and must stay put until detached. A thread attaches and detaches as part of
   the embedder's stop protocol, like a running mutator: never between request_stop and resume of another. */
void tz_gc_mutator_attach(tz_heap *heap, tz_mutator *m);
void tz_gc_mutator_detach(tz_mutator *m);

/* MAY COLLECT, and does, unless memory for the copies cannot be had: then false. */
bool tz_gc_collect(tz_mutator *m, tz_gc_scope scope);
/* At a safepoint: MAY COLLECT when stress_every_n_safepoints asks for it. One load when off. */
void tz_gc_safepoint_stress_slow(tz_mutator *m);
static inline void tz_gc_safepoint_stress(tz_mutator *m) {
  if (TZ_UNLIKELY(m->safepoint_countdown != 0)) tz_gc_safepoint_stress_slow(m);
}
/* Walks the whole heap; a violation goes to the embedder's bug(). The world must stand still. */
void tz_gc_verify_nogc(tz_heap *heap);

/* An object that never moves but dies when unreachable: buffers lent to foreign code. MAY COLLECT. NULL: out
 * of memory. */
tz_object *tz_gc_alloc_pinned(tz_mutator *m, const tz_layout *layout, size_t bytes);
/* An object that never moves and never dies, until freed here or with the heap; what it refers to lives.
   Arrays: the caller writes the length at once. Never collects; does not need a mutator. NULL: out of memory.
 */
tz_object *tz_gc_alloc_permanent(tz_heap *heap, const tz_layout *layout, size_t bytes);
/* No reachable object may refer to it any more. */
void tz_gc_free_permanent(tz_heap *heap, tz_object *object);

/* The object's identity hash, 1..TZ_OBJECT_HASH_MAX, made on first use. */
uint32_t tz_object_hash(tz_heap *heap, tz_object *object);

/* Is the object in the young generation, so that a young collection may move it? For the embedder's own
 * bookkeeping. */
bool tz_gc_is_young(const tz_heap *heap, const tz_object *object);
bool tz_gc_collector_is_generational(const tz_heap *heap);

/* Handles: words outside the heap that the collector knows. New and free take constant time. A handle's word
   is read and written through tz_handle_get/set. slot == NULL: no memory. */
typedef struct tz_handle {
  tz_word *slot;
} tz_handle;
typedef struct tz_weak_handle {
  tz_word *slot; /* the word becomes 0 when its object dies (before its finalizer runs) */
} tz_weak_handle;
tz_handle tz_handle_new(tz_heap *heap, tz_word value);
void tz_handle_free(tz_heap *heap, tz_handle handle);
tz_weak_handle tz_weak_handle_new(tz_heap *heap, tz_word value);
void tz_weak_handle_free(tz_heap *heap, tz_weak_handle handle);
static inline tz_word tz_handle_get(tz_handle h) { return *h.slot; }
static inline void tz_handle_set(tz_handle h, tz_word w) { *h.slot = w; }
static inline tz_word tz_weak_handle_get(tz_weak_handle h) { return *h.slot; }

/* A table's pair whose key died: this word stands in the key's place, 0 in the value's. No reference, nor
   equal to any dynamic value. A single ephemeron's key becomes 0 instead. */
#define TZ_GC_TOMBSTONE ((uint64_t)1 << 48 | 0xdead)

/* The next object that was found unreachable and whose layout has a finalizer; NULL when there is none. Each
   object is handed out once. It is an ordinary object again, and dies for good when next found unreachable.
 */
tz_object *tz_gc_next_finalizable(tz_heap *heap);
bool tz_gc_has_finalizable(const tz_heap *heap);
/* Queues every object with a finalizer, reachable or not: for the runtime's shutdown, before tz_gc_heap_free.
 */
void tz_gc_finalize_all(tz_heap *heap);

/* Counts native memory that hangs on heap objects against the limit. false: the limit would be exceeded;
   nothing was counted (a negative amount always counts). The second MAY COLLECT to make room. */
bool tz_gc_account(tz_heap *heap, int64_t bytes);
bool tz_gc_account_or_collect(tz_mutator *m, int64_t bytes);

/* Changes the limit; takes effect at the next allocation of a buffer. At most what the heap was made for. */
void tz_gc_set_limit(tz_heap *heap, size_t bytes);

typedef struct tz_gc_stats {
  uint64_t young_collections, full_collections, stress_collections;
  uint64_t young_pause_ns, full_pause_ns; /* totals */
  uint64_t young_pause_max_ns, full_pause_max_ns;
  uint64_t pause_histogram[32]; /* [i]: pauses of 2^i to 2^(i+1) microseconds; [0]: below 2 */
  uint64_t bytes_allocated;     /* ever, by all mutators, large objects included */
  uint64_t bytes_copied;        /* ever, promotions included */
  uint64_t bytes_promoted;
  uint64_t bytes_freed_large;
  uint64_t young_bytes, old_bytes, large_bytes, permanent_bytes, external_bytes; /* now in use */
  uint64_t nursery_size;                                                         /* now */
  uint64_t live_after_full; /* in use after the last full collection */
  uint64_t full_threshold;  /* the next full collection comes at so many bytes in use */
  uint64_t limit;
  uint64_t committed_bytes;    /* address space made usable; the peak over time */
  uint64_t remembered_objects; /* at the start of the last young collection */
  uint64_t weak_cleared, finalized;
} tz_gc_stats;
/* Exact when the world stands still. */
void tz_gc_get_stats(tz_heap *heap, tz_gc_stats *stats);
