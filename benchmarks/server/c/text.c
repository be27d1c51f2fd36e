/* text.c: see text.h. */
#include "text.h"
#include <stdlib.h>
#include <string.h>

piece piece_of(const char *text) { return (piece){text, (int)strlen(text)}; }

piece piece_copy(piece p, arena *a) {
  char *bytes = arena_get(a, (size_t)p.length);
  if (p.length) memcpy(bytes, p.bytes, (size_t)p.length);
  return (piece){bytes, p.length};
}

bool piece_is(piece p, piece other) {
  return p.length == other.length && (p.length == 0 || memcmp(p.bytes, other.bytes, (size_t)p.length) == 0);
}

int piece_compare(piece p, piece other) {
  int shorter = p.length < other.length ? p.length : other.length;
  int order = shorter ? memcmp(p.bytes, other.bytes, (size_t)shorter) : 0;
  return order ? order : p.length - other.length;
}

/* Fowler, Noll and Vo's hash, 1a. */
uint32_t piece_hash(piece p) {
  uint32_t hash = 2166136261u;
  for (int i = 0; i < p.length; i++) hash = (hash ^ (unsigned char)p.bytes[i]) * 16777619u;
  return hash;
}

void buffer_reserve(buffer *b, int more) {
  if (b->capacity - b->length >= more) return;
  int capacity = b->capacity ? 2 * b->capacity : 64;
  while (capacity - b->length < more) capacity *= 2;
  char *bytes = realloc(b->bytes, (size_t)capacity);
  if (!bytes) abort();
  b->bytes = bytes;
  b->capacity = capacity;
}

void buffer_add(buffer *b, piece p) {
  if (p.length == 0) return;
  buffer_reserve(b, p.length);
  memcpy(b->bytes + b->length, p.bytes, (size_t)p.length);
  b->length += p.length;
}

void buffer_add_text(buffer *b, const char *text) { buffer_add(b, piece_of(text)); }

void buffer_add_int(buffer *b, int64_t value) {
  char digits[20];
  int start = sizeof digits;
  uint64_t rest = value < 0 ? -(uint64_t)value : (uint64_t)value;
  do digits[--start] = (char)('0' + rest % 10);
  while (rest /= 10);
  if (value < 0) buffer_add_char(b, '-');
  buffer_add(b, (piece){digits + start, (int)sizeof digits - start});
}

static table_entry *find(const table *t, piece key, uint32_t hash) {
  if (t->count == 0) return NULL;
  table_entry *e = t->buckets[hash & (uint32_t)(t->n_buckets - 1)];
  while (e && (e->hash != hash || !piece_is(e->key, key))) e = e->chain;
  return e;
}

table_entry *table_find(const table *t, piece key) { return find(t, key, piece_hash(key)); }

static void enter(table *t, table_entry *e) {
  table_entry **bucket = &t->buckets[e->hash & (uint32_t)(t->n_buckets - 1)];
  e->chain = *bucket;
  *bucket = e;
}

static void grow(table *t) {
  t->n_buckets = t->n_buckets ? 2 * t->n_buckets : 8;
  size_t size = (size_t)t->n_buckets * sizeof *t->buckets;
  t->buckets = memset(arena_get(t->memory, size), 0, size);
  for (table_entry *e = t->oldest; e; e = e->newer) enter(t, e);
}

table_entry *table_get(table *t, piece key) {
  uint32_t hash = piece_hash(key);
  table_entry *known = find(t, key, hash);
  if (known) return known;
  if (t->count + 1 >= t->n_buckets) grow(t);
  table_entry *e = arena_get(t->memory, sizeof *e);
  *e = (table_entry){.key = key, .hash = hash, .older = t->newest};
  if (t->newest) t->newest->newer = e;
  else t->oldest = e;
  t->newest = e;
  t->count++;
  enter(t, e);
  return e;
}

void table_remove(table *t, piece key) {
  table_entry *e = table_find(t, key);
  if (!e) return;
  table_entry **link = &t->buckets[e->hash & (uint32_t)(t->n_buckets - 1)];
  while (*link != e) link = &(*link)->chain;
  *link = e->chain;
  if (e->older) e->older->newer = e->newer;
  else t->oldest = e->newer;
  if (e->newer) e->newer->older = e->older;
  else t->newest = e->older;
  t->count--;
}
