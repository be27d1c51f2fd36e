/* builder.h: the state of an image under construction: hash tables for interned entries and the tables'
 * capacities. Private to the module library. */
#pragma once
#include "terza/arena.h"
#include "terza/module.h"

/* Open addressing; capacity is a power of two. Keys live in the image's tables. */
typedef struct tz_index_slot {
  uint32_t number; /* index + 1; 0 is empty */
  uint32_t hash;
} tz_index_slot;
typedef struct tz_index_table {
  tz_index_slot *slots;
  uint32_t n, capacity;
} tz_index_table;

/* Where a text was last given from, and its number: names come from the same places again and again. */
typedef struct tz_recent_text {
  const char *at;
  uint32_t length, number;
} tz_recent_text;
enum { TZ_RECENT_TEXTS = 512 };
static inline tz_recent_text *tz_recent_text_slot(tz_recent_text *recent, const char *at) {
  return &recent[((uintptr_t)at * UINT64_C(0x9e3779b97f4a7c15) >> 32) % TZ_RECENT_TEXTS];
}

typedef struct tz_image_builder {
  bool failed; /* out of memory, sticky */
  tz_index_table texts, types, signatures, constants, sources;
  tz_text *text_entries;
  tz_recent_text recent[TZ_RECENT_TEXTS];
  uint32_t n_texts, texts_capacity;
  uint32_t *machine_class_indexes;
  uint32_t n_machine, machine_capacity;
  uint32_t types_capacity, signatures_capacity, classes_capacity, functions_capacity, globals_capacity,
      constants_capacity, sources_capacity;
} tz_image_builder;

/* Room for one more element of `size` bytes; grows by doubling in the arena. False: out of memory (sticky).
 */
bool tz_image_grow(tz_image *image, void **table, uint32_t n, uint32_t *capacity, size_t size);
#define TZ_IMAGE_GROW(image, table, n, capacity)                                                             \
  tz_image_grow((image), (void **)&(table), (n), &(capacity), sizeof *(table))

/* Copies an array into the arena; NULL for n == 0 or out of memory (sticky). */
void *tz_image_copy(tz_image *image, const void *from, size_t n, size_t size);
tz_text tz_image_copy_text(tz_image *image, tz_text text);

static inline uint64_t tz_hash_mix(uint64_t h, uint64_t v) {
  h = (h ^ v) * UINT64_C(0x9e3779b97f4a7c15);
  return h ^ h >> 29;
}
uint64_t tz_hash_bytes(const void *bytes, size_t n); /* stable: part of the file format */
