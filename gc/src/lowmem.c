/* lowmem.c: see lowmem.h. Chunks are mapped below 4 GB; blocks are bumped off them and come back to lists by
 * size.
 *
 * Invariant: every byte of a chunk beyond its top, and of no listed block but its first word, is zero. */
#include "terza/lowmem.h"
#include <pthread.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#define GRAIN 16
#define CLASSES 64 /* lists of blocks of 16, 32, … 1024 bytes; bigger ones stand in one list */
#define FIRST_CHUNK ((size_t)64 << 10)
#define LARGEST_CHUNK ((size_t)4 << 20)
#define LOW_START ((uintptr_t)0x10000000)
#define LOW_END ((uintptr_t)1 << 32)

typedef struct block {
  struct block *next;
  size_t bytes;
} block;

typedef struct chunk {
  struct chunk *next;
  size_t bytes;
} chunk;

struct tz_lowmem {
  pthread_mutex_t lock;
  chunk *chunks;
  char *top, *limit;
  block *free[CLASSES], *free_big;
  size_t next_chunk, used;
};

static void *map_at(uintptr_t hint, size_t bytes, int flags) {
  void *p = mmap((void *)hint, bytes, PROT_READ | PROT_WRITE,
                 MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | flags, -1, 0);
  if (p == MAP_FAILED) return NULL;
  if ((uintptr_t)p + bytes <= LOW_END) return p;
  munmap(p, bytes);
  return NULL;
}

static void *map_low(size_t bytes) {
#if defined(MAP_32BIT)
  void *p = map_at(0, bytes, MAP_32BIT);
  if (p) return p;
#endif
  for (uintptr_t hint = LOW_START; hint + bytes <= LOW_END; hint += 16 << 20) {
    void *q = map_at(hint, bytes, MAP_FIXED_NOREPLACE);
    if (q) return q;
  }
  return NULL;
}

tz_lowmem *tz_lowmem_new(void) {
  tz_lowmem *low = calloc(1, sizeof *low);
  if (!low) return NULL;
  pthread_mutex_init(&low->lock, NULL);
  low->next_chunk = FIRST_CHUNK;
  return low;
}

void tz_lowmem_free(tz_lowmem *low) {
  if (!low) return;
  for (chunk *c = low->chunks, *next; c; c = next) {
    next = c->next;
    munmap(c, c->bytes);
  }
  pthread_mutex_destroy(&low->lock);
  free(low);
}

static bool add_chunk(tz_lowmem *low, size_t bytes) {
  size_t needed = (bytes + sizeof(chunk) + 0xfff) & ~(size_t)0xfff;
  size_t wanted = needed > low->next_chunk ? needed : low->next_chunk;
  chunk *c = map_low(wanted);
  if (!c) return false;
  if (low->next_chunk < LARGEST_CHUNK) low->next_chunk *= 2;
  *c = (chunk){.next = low->chunks, .bytes = wanted};
  low->chunks = c;
  low->top = (char *)(c + 1);
  low->limit = (char *)c + wanted;
  return true;
}

static block *take_big(tz_lowmem *low, size_t bytes) {
  for (block **at = &low->free_big; *at; at = &(*at)->next) {
    block *b = *at;
    if (b->bytes != bytes) continue;
    *at = b->next;
    return b;
  }
  return NULL;
}

static block *take_listed(tz_lowmem *low, size_t bytes) {
  if (bytes > CLASSES * GRAIN) return take_big(low, bytes);
  block **list = &low->free[bytes / GRAIN - 1], *b = *list;
  if (b) *list = b->next;
  return b;
}

static void *take_fresh(tz_lowmem *low, size_t bytes) {
  if (bytes > (size_t)(low->limit - low->top) && !add_chunk(low, bytes)) return NULL;
  char *p = low->top;
  low->top += bytes;
  return p;
}

void *tz_lowmem_alloc(tz_lowmem *low, size_t bytes) {
  if (bytes == 0 || bytes > LOW_END) return NULL;
  bytes = (bytes + GRAIN - 1) & ~(size_t)(GRAIN - 1);
  pthread_mutex_lock(&low->lock);
  void *p = take_listed(low, bytes);
  if (p) memset(p, 0, sizeof(block));
  else p = take_fresh(low, bytes);
  if (p) low->used += bytes;
  pthread_mutex_unlock(&low->lock);
  return p;
}

void tz_lowmem_release(tz_lowmem *low, void *p, size_t bytes) {
  if (!p) return;
  bytes = (bytes + GRAIN - 1) & ~(size_t)(GRAIN - 1);
  memset(p, 0, bytes);
  pthread_mutex_lock(&low->lock);
  block **list = bytes > CLASSES * GRAIN ? &low->free_big : &low->free[bytes / GRAIN - 1], *b = p;
  *b = (block){.next = *list, .bytes = bytes};
  *list = b;
  low->used -= bytes;
  pthread_mutex_unlock(&low->lock);
}

size_t tz_lowmem_used(tz_lowmem *low) {
  pthread_mutex_lock(&low->lock);
  size_t used = low->used;
  pthread_mutex_unlock(&low->lock);
  return used;
}
