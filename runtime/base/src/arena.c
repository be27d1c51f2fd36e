/* arena.c: bump allocation in chunks that double up to a bound; large ones are mapped on huge pages, which
 * the kernel zeroes cheaply and only where touched. Invariant: every chunk is zeroed beyond its `used`. See
 * arena.h. */
#include "terza/arena.h"
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

enum { FIRST_CHUNK = 4096, LARGEST_CHUNK = 1 << 24, HUGE_PAGE = 1 << 21, ALIGNMENT = 16 };

typedef struct chunk {
  struct chunk *next;
  size_t used, size; /* of data */
  _Alignas(ALIGNMENT) char data[];
} chunk;

struct tz_arena {
  chunk *chunks; /* the first is the one being filled */
  size_t next_size, bytes;
};

static chunk *chunk_map(size_t bytes) {
  char *map = mmap(NULL, bytes + HUGE_PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (map == MAP_FAILED) return NULL;
  size_t before = -(uintptr_t)map & (HUGE_PAGE - 1), after = HUGE_PAGE - before;
  if (before != 0) munmap(map, before);
  if (after != 0) munmap(map + before + bytes, after);
  madvise(map + before, bytes, MADV_HUGEPAGE);
  return (chunk *)(map + before);
}

/* `size` bytes of data at least. */
static chunk *chunk_new(size_t size) {
  size_t bytes = sizeof(chunk) + size;
  if (bytes >= HUGE_PAGE) bytes = (bytes + HUGE_PAGE - 1) & ~(size_t)(HUGE_PAGE - 1);
  chunk *c = bytes < HUGE_PAGE ? calloc(1, bytes) : chunk_map(bytes);
  if (c != NULL) c->size = bytes - sizeof *c;
  return c;
}

static void chunk_free(chunk *c) {
  size_t bytes = sizeof *c + c->size;
  if (bytes < HUGE_PAGE) free(c);
  else munmap(c, bytes);
}

tz_arena *tz_arena_new(void) {
  tz_arena *arena = calloc(1, sizeof *arena);
  if (arena != NULL) arena->next_size = FIRST_CHUNK;
  return arena;
}

void tz_arena_free(tz_arena *arena) {
  if (arena == NULL) return;
  for (chunk *c = arena->chunks, *next; c != NULL; c = next) {
    next = c->next;
    chunk_free(c);
  }
  free(arena);
}

/* A block too large for the chunks to come gets one of its own, behind the one being filled. */
static void *alloc_slow(tz_arena *arena, size_t bytes) {
  int large = bytes > arena->next_size / 4 && arena->chunks != NULL;
  chunk *c = chunk_new(large || bytes > arena->next_size ? bytes : arena->next_size);
  if (c == NULL) return NULL;
  c->used = bytes;
  arena->bytes += c->size;
  if (large) {
    c->next = arena->chunks->next;
    arena->chunks->next = c;
  } else {
    c->next = arena->chunks;
    arena->chunks = c;
    if (arena->next_size < LARGEST_CHUNK) arena->next_size *= 2;
  }
  return c->data;
}

void *tz_arena_alloc(tz_arena *arena, size_t bytes) {
  if (bytes > SIZE_MAX / 2) return NULL;
  bytes = (bytes + ALIGNMENT - 1) & ~(size_t)(ALIGNMENT - 1);
  chunk *c = arena->chunks;
  if (c == NULL || c->size - c->used < bytes) return alloc_slow(arena, bytes);
  void *block = c->data + c->used;
  c->used += bytes;
  return block;
}

void *tz_arena_copy(tz_arena *arena, const void *from, size_t bytes) {
  void *block = tz_arena_alloc(arena, bytes);
  if (block != NULL && bytes != 0) memcpy(block, from, bytes);
  return block;
}

size_t tz_arena_bytes(const tz_arena *arena) { return arena->bytes; }
