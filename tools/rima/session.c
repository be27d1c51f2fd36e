/* session.c: arena, names, sources. */
#include "session.h"
#include <locale.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

/* ---- arena ---- */

typedef struct rima_arena_chunk {
  struct rima_arena_chunk *next;
  size_t size;
} chunk;

#define CHUNK_FIRST ((size_t)1 << 16)
#define CHUNK_LARGEST ((size_t)1 << 24)
#define HUGE_PAGE ((size_t)1 << 21)

void rima_arena_init(rima_arena *arena, size_t limit) { *arena = (rima_arena){.limit = limit}; }

/* Large chunks are mapped on huge pages, which the kernel zeroes cheaply and only where touched. */
static chunk *chunk_map(size_t bytes) {
  char *map = mmap(NULL, bytes + HUGE_PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (map == MAP_FAILED) return NULL;
  size_t before = -(uintptr_t)map & (HUGE_PAGE - 1), after = HUGE_PAGE - before;
  if (before) munmap(map, before);
  if (after) munmap(map + before + bytes, after);
  madvise(map + before, bytes, MADV_HUGEPAGE);
  return (chunk *)(map + before);
}

static chunk *chunk_new(size_t bytes) { return bytes < HUGE_PAGE ? calloc(1, bytes) : chunk_map(bytes); }

static void chunk_free(chunk *c) {
  if (c->size < HUGE_PAGE) free(c);
  else munmap(c, c->size);
}

void rima_arena_fini(rima_arena *arena) {
  for (chunk *c = arena->chunks, *next; c; c = next) {
    next = c->next;
    chunk_free(c);
  }
  *arena = (rima_arena){0};
}

static void leave(rima_arena *arena) {
  if (arena->on_exhausted) longjmp(*arena->on_exhausted, 1);
  abort();
}

/* A chunk of the usual growing size, or one of its own for a large request (the current one stays current).
 */
void *rima_arena_alloc_slow(rima_arena *arena, size_t size) {
  size_t usual = arena->used < CHUNK_FIRST     ? CHUNK_FIRST
                 : arena->used < CHUNK_LARGEST ? arena->used
                                               : CHUNK_LARGEST;
  bool is_own = size > usual / 4;
  size_t bytes = sizeof(chunk) + (is_own ? size : usual);
  if (bytes >= HUGE_PAGE) bytes = (bytes + HUGE_PAGE - 1) & ~(HUGE_PAGE - 1);
  if (bytes < size || (arena->limit && bytes > arena->limit - arena->used)) leave(arena);
  chunk *c = chunk_new(bytes);
  if (!c) leave(arena);
  c->size = bytes;
  c->next = arena->chunks;
  arena->chunks = c;
  arena->used += bytes;
  char *first = (char *)(c + 1);
  if (is_own) return first;
  arena->at = first + size;
  arena->end = (char *)c + bytes;
  return first;
}

char *rima_arena_copy(rima_arena *arena, const char *bytes, size_t length) {
  char *copy = rima_arena_alloc(arena, length + 1);
  if (length) memcpy(copy, bytes, length);
  return copy;
}

char *rima_arena_join(rima_arena *arena, const char *first, ...) {
  enum { MOST = 8 };
  const char *parts[MOST];
  size_t lengths[MOST], length = 0;
  int n = 0;
  va_list list;
  va_start(list, first);
  for (const char *part = first; part && n < MOST; part = va_arg(list, const char *)) {
    parts[n] = part;
    length += lengths[n++] = strlen(part);
  }
  va_end(list);
  char *text = rima_arena_alloc(arena, length + 1), *to = text;
  for (int i = 0; i < n; i++) to = mempcpy(to, parts[i], lengths[i]);
  return text;
}

char *rima_arena_format(rima_arena *arena, const char *format, ...) {
  va_list list, again;
  size_t room = (size_t)(arena->end - arena->at);
  va_start(list, format);
  va_copy(again, list);
  int length = vsnprintf(arena->at, room, format, list); /* mostly it fits where it will stay */
  va_end(list);
  size_t size = (size_t)(length < 0 ? 0 : length) + 1;
  if (size > room) memset(arena->at, 0, room);
  char *text = rima_arena_alloc(arena, size);
  if (size > room) vsnprintf(text, size, format, again);
  va_end(again);
  return text;
}

/* ---- session ---- */

#define FIRST_NAMES 512

void rima_session_init(rima_session *session, size_t memory_limit) {
  *session = (rima_session){0};
  rima_arena_init(&session->arena, memory_limit);
  session->c_locale = newlocale(LC_ALL_MASK, "C", (locale_t)0);
}

void rima_session_fini(rima_session *session) {
  rima_arena_fini(&session->arena);
  if (session->c_locale) freelocale((locale_t)session->c_locale);
  *session = (rima_session){0};
}

/* ---- names ---- */

static void grow_names(rima_session *session) {
  uint32_t capacity = session->name_capacity ? session->name_capacity * 2 : FIRST_NAMES;
  rima_name **table = RIMA_NEW_ARRAY(&session->arena, rima_name *, capacity);
  for (uint32_t i = 0; i < session->name_capacity; i++) {
    rima_name *name = session->names[i];
    if (!name) continue;
    uint32_t at = name->hash & (capacity - 1);
    while (table[at]) at = (at + 1) & (capacity - 1);
    table[at] = name;
  }
  session->names = table;
  session->name_capacity = capacity;
}

static uint32_t hash_bytes(const char *bytes, size_t length) {
  uint64_t hash = length * 0x9e3779b97f4a7c15u;
  for (; length >= 8; bytes += 8, length -= 8) {
    uint64_t word;
    memcpy(&word, bytes, 8);
    hash = (hash ^ word) * 0x9e3779b97f4a7c15u;
    hash ^= hash >> 29;
  }
  uint64_t last = 0;
  for (size_t i = 0; i < length; i++) last |= (uint64_t)(unsigned char)bytes[i] << (8 * i);
  hash = (hash ^ last) * 0x9e3779b97f4a7c15u;
  return (uint32_t)(hash >> 32);
}

const rima_name *rima_name_intern(rima_session *session, const char *bytes, size_t length) {
  if ((session->name_count + 1) * 2 > session->name_capacity) grow_names(session);
  uint32_t hash = hash_bytes(bytes, length), mask = session->name_capacity - 1, at = hash & mask;
  for (rima_name *name; (name = session->names[at]); at = (at + 1) & mask)
    if (name->hash == hash && name->length == length && memcmp(name->text, bytes, length) == 0) return name;
  rima_name *name = rima_arena_alloc(&session->arena, sizeof *name + length + 1);
  name->hash = hash;
  name->length = (uint32_t)length;
  memcpy(name->text, bytes, length);
  session->names[at] = name;
  session->name_count++;
  return name;
}

const rima_name *rima_name_of(rima_session *session, const char *c_string) {
  return rima_name_intern(session, c_string, strlen(c_string));
}

/* ---- sources ---- */

rima_source *rima_source_add(rima_session *session, const char *path, const char *text, size_t length) {
  const rima_source *before = session->source_count ? session->sources[session->source_count - 1] : NULL;
  uint64_t base = before ? (uint64_t)before->base + before->length + 1 : 0;
  if (length > RIMA_MAX_SOURCE_BYTES || session->source_count >= RIMA_MAX_SOURCES ||
      base + length >= UINT32_MAX)
    return NULL;
  if (session->source_count == session->source_capacity) {
    uint32_t capacity = session->source_capacity ? session->source_capacity * 2 : 16;
    rima_source **grown = RIMA_NEW_ARRAY(&session->arena, rima_source *, capacity);
    if (session->source_count) memcpy(grown, session->sources, session->source_count * sizeof *grown);
    session->sources = grown;
    session->source_capacity = capacity;
  }
  rima_source *source = RIMA_NEW(&session->arena, rima_source);
  source->path = rima_arena_copy(&session->arena, path, strlen(path));
  source->text = rima_arena_copy(&session->arena, text, length);
  source->length = (uint32_t)length;
  source->base = (uint32_t)base;
  session->sources[session->source_count++] = source;
  return source;
}

static void build_lines(rima_session *session, rima_source *source) {
  uint32_t count = 1;
  const char *end = source->text + source->length;
  for (const char *p = source->text; (p = memchr(p, '\n', (size_t)(end - p))); p++) count++;
  uint32_t *lines = RIMA_NEW_ARRAY(&session->arena, uint32_t, count), line = 1;
  for (const char *p = source->text; (p = memchr(p, '\n', (size_t)(end - p))); p++)
    lines[line++] = (uint32_t)(p + 1 - source->text);
  source->lines = lines;
  source->line_count = count;
}

enum { NEAR = 8 }; /* lines */

rima_source *rima_session_source(rima_session *session, uint32_t position) {
  if (!session->source_count) return NULL;
  rima_source **sources = session->sources, *last = sources[session->last_source];
  if (position >= last->base && position - last->base <= last->length) return last;
  uint32_t low = 0, high = session->source_count;
  while (high - low > 1) {
    uint32_t middle = low + (high - low) / 2;
    if (sources[middle]->base <= position) low = middle;
    else high = middle;
  }
  session->last_source = low;
  return sources[low];
}

rima_place rima_source_place(rima_session *session, rima_source *source, uint32_t position) {
  if (!source->lines) build_lines(session, source);
  uint32_t offset = position - source->base < source->length ? position - source->base : source->length;
  uint32_t low = 0, high = source->line_count;
  if (source->lines[source->last_line] <= offset) {
    low = source->last_line;
    if (high - low > NEAR && source->lines[low + NEAR] > offset) high = low + NEAR;
  }
  while (high - low > 1) {
    uint32_t middle = low + (high - low) / 2;
    if (source->lines[middle] <= offset) low = middle;
    else high = middle;
  }
  source->last_line = low;
  uint32_t column = 1;
  for (uint32_t i = source->lines[low]; i < offset; i++)
    column += ((unsigned char)source->text[i] & 0xc0) != 0x80;
  return (rima_place){low + 1, column};
}
