/* gc_attributes.h: what an interpreter or a compiler must know of the collector: allocation and write
 * barrier, inline.
 *
 * Allocation:  p = m->alloc_top; if (bytes > m->alloc_limit - p) slow; m->alloc_top = p + bytes; *(u64 *)p =
 * layout. The memory is zero already. Objects whose layout has a finalizer always take the slow path.
 * Barrier:     before a reference is stored into an object: if (*(u32 *)(obj + 4) & 1) slow(m, obj, slot).
 *              No safepoint may lie between barrier and store.
 * An object fresh from any allocation function may be filled without barrier until the next point that may
 * collect. The sequence is the same under every collector, so compiled code names none. Read docs/gc.md. */
#pragma once
#include "terza/object_header.h"

typedef struct tz_heap tz_heap;

/* Addresses of objects that wait to be scanned by the next young collection. */
typedef struct tz_object_buffer {
  tz_object **items;
  size_t count, capacity;
} tz_object_buffer;

/* One allocating thread's share of the collector; embedded in the runtime's thread struct. Only the first two
   fields are for compiled code, the others are the collector's. Set up by tz_gc_mutator_attach. */
typedef struct tz_mutator {
  char *alloc_top;   /* next free byte */
  char *alloc_limit; /* end of the buffer; equals alloc_top when every allocation is to take the slow path */
  char *chunk_limit; /* the buffer's true end */
  tz_heap *heap;
  char *chunk_start; /* where counting of allocated bytes goes on */
  uint64_t bytes_allocated;
  uint32_t alloc_countdown;     /* stress_every_n_allocs */
  uint32_t safepoint_countdown; /* stress_every_n_safepoints; 0 when off */
  tz_object_buffer remembered;
  struct tz_mutator *next, *previous;
} tz_mutator;

#define TZ_GC_ALLOC_TOP_OFFSET 0
#define TZ_GC_ALLOC_LIMIT_OFFSET 8
#define TZ_GC_BARRIER_OFFSET 4 /* of the 32-bit word in the object */
#define TZ_GC_BARRIER_MASK TZ_META_BARRIER
#define TZ_GC_INLINE_MAX_BYTES                                                                               \
  4096 /* compilers inline allocations up to this; larger ones call tz_gc_alloc_slow */

/* The slow paths: ordinary C calls. tz_gc_alloc_slow MAY COLLECT; it returns the object with its header
   written (length still 0), or NULL when the heap limit stands in the way (the runtime throws
   OutOfMemoryError). `bytes` as computed by tz_layout_bytes. The barrier never collects. */
tz_object *tz_gc_alloc_slow(tz_mutator *m, const tz_layout *layout, size_t bytes);
void tz_gc_barrier_slow(tz_mutator *m, tz_object *object, const tz_word *slot);

/* Room for `bytes` (a multiple of 8, zeroed) or NULL: then call tz_gc_alloc_slow. The caller writes the
   header before anything can collect. Never collects. */
static inline void *tz_gc_alloc_inline(tz_mutator *m, size_t bytes) {
  char *p = m->alloc_top;
  if (TZ_UNLIKELY(bytes > (size_t)(m->alloc_limit - p))) return NULL;
  m->alloc_top = p + bytes;
  return p;
}

/* A young object has meta 0, so one 64-bit store makes its header. */
static inline tz_object *tz_object_init_nogc(void *memory, const tz_layout *layout) {
  tz_object *o = memory;
  o->header = (tz_header){(uint32_t)(uintptr_t)layout, 0};
  return o;
}

/* A zeroed object of a layout that is no array. MAY COLLECT. NULL: out of memory. */
static inline tz_object *tz_gc_alloc(tz_mutator *m, const tz_layout *layout) {
  size_t bytes = tz_layout_bytes(layout, 0);
  void *p = TZ_LIKELY(!(layout->flags & TZ_LAYOUT_HAS_FINALIZER)) ? tz_gc_alloc_inline(m, bytes) : NULL;
  return TZ_LIKELY(p != NULL) ? tz_object_init_nogc(p, layout) : tz_gc_alloc_slow(m, layout, bytes);
}

/* A zeroed array. MAY COLLECT. NULL: out of memory, or a length that is negative or beyond
 * tz_layout_max_length. */
static inline tz_object *tz_gc_alloc_array(tz_mutator *m, const tz_layout *layout, int64_t length) {
  if (TZ_UNLIKELY((uint64_t)length > (uint64_t)tz_layout_max_length(layout))) return NULL;
  size_t bytes = tz_layout_bytes(layout, length);
  void *p = TZ_LIKELY(!(layout->flags & TZ_LAYOUT_HAS_FINALIZER)) ? tz_gc_alloc_inline(m, bytes) : NULL;
  tz_object *o = TZ_LIKELY(p != NULL) ? tz_object_init_nogc(p, layout) : tz_gc_alloc_slow(m, layout, bytes);
  if (TZ_LIKELY(o != NULL)) memcpy((char *)o + TZ_ARRAY_LENGTH_OFFSET, &length, sizeof length);
  return o;
}

/* Another thread may clear the bit at the same moment; either answer is sound. */
static inline bool tz_object_has_barrier(const tz_object *o) {
  return __atomic_load_n(&o->header.meta, __ATOMIC_RELAXED) & TZ_META_BARRIER;
}

/* To be called before a word that may be a reference is stored to *slot, which lies in `object`. */
static inline void tz_gc_barrier(tz_mutator *m, tz_object *object, const tz_word *slot) {
  if (TZ_UNLIKELY(tz_object_has_barrier(object))) tz_gc_barrier_slow(m, object, slot);
}
/* The same for n adjacent words (array copy, fill). */
void tz_gc_barrier_range_slow(tz_mutator *m, tz_object *object, const tz_word *first, size_t n);
static inline void tz_gc_barrier_range(tz_mutator *m, tz_object *object, const tz_word *first, size_t n) {
  if (TZ_UNLIKELY(tz_object_has_barrier(object))) tz_gc_barrier_range_slow(m, object, first, n);
}
static inline void tz_gc_store(tz_mutator *m, tz_object *object, tz_word *slot, tz_word value) {
  tz_gc_barrier(m, object, slot);
  *slot = value;
}

_Static_assert(offsetof(tz_mutator, alloc_top) == TZ_GC_ALLOC_TOP_OFFSET, "known to compiled code");
_Static_assert(offsetof(tz_mutator, alloc_limit) == TZ_GC_ALLOC_LIMIT_OFFSET, "known to compiled code");
