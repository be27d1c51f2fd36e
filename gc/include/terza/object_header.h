/* object_header.h: the eight bytes before every heap object, and the layout they name.
 *
 *   63                            38 37     36    35..33  32        31                          0
 *   identity hash (26, 0 = none yet) PINNED  MARK  age     BARRIER   address of the tz_layout
 *   \______________________ meta, 32 bits _________________________/
 *
 * A tz_layout lives below 4 GB (terza/lowmem.h) on a 16-byte boundary, so bit 0 of the whole word is free:
 * when it is set the word is (new address | 1) and the object has moved. Only the collector, with the world
 * stopped, ever sees that state. Invariant: outside a collection every header names a layout. Read
 * docs/gc.md. */
#pragma once
#include "terza/word.h"
#include <stddef.h>

/* How the words after the header are to be read. Every array has its int64 length, in elements, at offset 8.
 */
typedef enum tz_layout_kind {
#define TZ_LAYOUT(NAME, shape) TZ_LAYOUT_##NAME,
#include "terza/layouts.def"
#undef TZ_LAYOUT
} tz_layout_kind;

enum {
  TZ_LAYOUT_HAS_FINALIZER =
      1, /* instances are queued once when unreachable; only tz_gc_alloc_slow may make them */
};

/* The collector's type descriptor; a class begins with one. Immutable once an object names it, and it
 * outlives them. */
typedef struct tz_layout {
  uint8_t kind;       /* tz_layout_kind */
  uint8_t elem_shift; /* arrays: log2 of the bytes of an element, 0..3 (3 for WORDS, REFS, EPHEMERON_TABLE) */
  uint16_t flags;     /* TZ_LAYOUT_… */
  uint32_t size; /* bytes with the header; arrays: bytes before the elements (16 unless said otherwise) */
  uint64_t map;  /* bit i: the word at 8 * (i + 1) is scanned by tz_word_is_ref. Weak words are not in it */
  const uint64_t
      *long_map;     /* the same for objects of more than 65 words (map is then not read), otherwise NULL */
  uint64_t reserved; /* zero; keeps the struct at 32 bytes */
} __attribute__((aligned(16))) tz_layout;

typedef struct tz_header {
  uint32_t layout;
  uint32_t meta;
} tz_header;

/* A heap object of which only the header is known. Runtime objects begin with a tz_header and are cast to
 * this. */
typedef struct tz_object {
  tz_header header;
} tz_object;

enum {
  TZ_META_BARRIER = 1u,  /* storing a reference into it must take the barrier's slow path */
  TZ_META_AGE_SHIFT = 1, /* collections survived while young */
  TZ_META_AGE_MASK = 7u << 1,
  TZ_META_IMMORTAL = 7u << 1, /* the age of a permanent object */
  TZ_META_MARK =
      1u << 4, /* large objects: reached by the last full collection, in the heap's current sense */
  TZ_META_PINNED = 1u << 5, /* never moves */
  TZ_META_HASH_SHIFT = 6,
};
#define TZ_OBJECT_HASH_MAX ((1u << 26) - 1)
#define TZ_OBJECT_ALIGN 8
#define TZ_ARRAY_LENGTH_OFFSET 8

static inline tz_layout *tz_object_layout(const tz_object *o) {
  return (tz_layout *)(uintptr_t)o->header.layout;
}
static inline bool tz_object_is_pinned(const tz_object *o) { return o->header.meta & TZ_META_PINNED; }
static inline int64_t tz_object_length(const tz_object *array) {
  int64_t length;
  memcpy(&length, (const char *)array + TZ_ARRAY_LENGTH_OFFSET, sizeof length);
  return length;
}
static inline tz_word *tz_object_words(tz_object *o) { return (tz_word *)o; } /* [0] is the header */

static inline bool tz_layout_is_array(const tz_layout *l) {
  return (1u << l->kind & (1u << TZ_LAYOUT_WORDS | 1u << TZ_LAYOUT_BYTES | 1u << TZ_LAYOUT_REFS |
                           1u << TZ_LAYOUT_EPHEMERON_TABLE)) != 0;
}

/* Bytes an object takes, header included, rounded up to TZ_OBJECT_ALIGN. `length` counts for arrays only and
   must be
   >= 0 and so small that the result fits (tz_layout_max_length). */
static inline size_t tz_layout_bytes(const tz_layout *l, int64_t length) {
  size_t bytes = l->size;
  if (tz_layout_is_array(l)) bytes += (size_t)length << l->elem_shift;
  return (bytes + (TZ_OBJECT_ALIGN - 1)) & ~(size_t)(TZ_OBJECT_ALIGN - 1);
}
static inline int64_t tz_layout_max_length(const tz_layout *l) { return ((int64_t)1 << 46) >> l->elem_shift; }
static inline size_t tz_object_bytes(const tz_object *o) {
  const tz_layout *l = tz_object_layout(o);
  return tz_layout_bytes(l, tz_layout_is_array(l) ? tz_object_length(o) : 0);
}

/* The 26 hash bits, 0 when none has been set. Strings keep their content hash here, other objects their
   identity's (tz_object_hash in terza/gc.h); it moves with the object. Setting is idempotent per object and
   may race. */
static inline uint32_t tz_object_hash_bits(const tz_object *o) {
  return __atomic_load_n(&o->header.meta, __ATOMIC_RELAXED) >> TZ_META_HASH_SHIFT;
}
/* Sets the bits if they are still 0 and returns those that stand. hash: 1..TZ_OBJECT_HASH_MAX. */
static inline uint32_t tz_object_set_hash_bits(tz_object *o, uint32_t hash) {
  uint32_t meta = __atomic_load_n(&o->header.meta, __ATOMIC_RELAXED);
  do {
    if (meta >> TZ_META_HASH_SHIFT) return meta >> TZ_META_HASH_SHIFT;
  } while (!__atomic_compare_exchange_n(&o->header.meta, &meta, meta | hash << TZ_META_HASH_SHIFT, true,
                                        __ATOMIC_RELAXED, __ATOMIC_RELAXED));
  return hash;
}

_Static_assert(sizeof(tz_header) == 8, "the header is one word");
_Static_assert(sizeof(tz_layout) == 32, "a layout is half a cache line");
