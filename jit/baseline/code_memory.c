/* code_memory.c: see code_memory.h. Free ranges of a chunk are kept in address order and merged. */
#include "code_memory.h"
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

enum { CHUNK_BYTES = 1 << 20, ALIGN = 16 };

/* What stands where code was: whoever comes back to it is stopped at once. */
#if defined(__x86_64__)
enum { TRAP_BYTE = 0xf4 }; /* hlt, a segmentation fault here */
#else
enum { TRAP_BYTE = 0 }; /* four are udf */
#endif

typedef struct range {
  struct range *next;
  size_t start, size;
} range;

struct tz_code_chunk {
  tz_code_chunk *next;
  uint8_t *rw, *rx;
  size_t size;
  range *unused;
};

static size_t rounded(size_t n) { return (n + ALIGN - 1) & ~(size_t)(ALIGN - 1); }

/* A free address range below 2 GB, reserved. */
static void *reserve_low(size_t size) {
#ifdef MAP_32BIT
  void *p = mmap(NULL, size, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_32BIT, -1, 0);
  if (p != MAP_FAILED) return p;
#endif
  for (uintptr_t at = 0x10000000; at + size < 0x7fff0000; at += 0x1000000) {
    void *q = mmap((void *)at, size, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);
    if (q == (void *)at) return q;
    if (q != MAP_FAILED) munmap(q, size);
  }
  return NULL;
}

#if defined(__x86_64__)
/* Anonymous shared memory, and the same pages once more (an mremap of old size 0): perf reads its map of
 * symbols only for anonymous memory, so a file will not do. */
static bool map_twice(tz_code_chunk *c, void *low) {
  void *rw = mmap(NULL, c->size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (rw == MAP_FAILED) return false;
  c->rw = rw;
  return mremap(rw, 0, c->size, MREMAP_MAYMOVE | MREMAP_FIXED, low) == low &&
         mprotect(low, c->size, PROT_READ | PROT_EXEC) == 0;
}
#else
/* A file in memory: user-mode emulators map no pages twice without one. */
static bool map_twice(tz_code_chunk *c, void *low) {
  int fd = memfd_create("terza-code", MFD_CLOEXEC);
  if (fd < 0) return false;
  bool ok = ftruncate(fd, (off_t)c->size) == 0;
  void *rw = ok ? mmap(NULL, c->size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0) : MAP_FAILED;
  if (rw != MAP_FAILED) c->rw = rw;
  ok = rw != MAP_FAILED && mmap(low, c->size, PROT_READ | PROT_EXEC, MAP_SHARED | MAP_FIXED, fd, 0) == low;
  close(fd);
  return ok;
}
#endif

static bool chunk_map(tz_code_chunk *c) {
  c->rx = reserve_low(c->size);
  return c->rx != NULL && map_twice(c, c->rx);
}

static void chunk_free(tz_code_chunk *c) {
  if (c->rw != NULL) munmap(c->rw, c->size);
  if (c->rx != NULL) munmap(c->rx, c->size);
  for (range *r = c->unused, *next; r != NULL; r = next) {
    next = r->next;
    free(r);
  }
  free(c);
}

static tz_code_chunk *chunk_new(tz_code_memory *m, size_t bytes) {
  tz_code_chunk *c = calloc(1, sizeof *c);
  if (c == NULL) return NULL;
  c->size = bytes > CHUNK_BYTES ? (bytes + CHUNK_BYTES - 1) & ~(size_t)(CHUNK_BYTES - 1) : CHUNK_BYTES;
  c->unused = calloc(1, sizeof *c->unused);
  if (c->unused == NULL || !chunk_map(c)) {
    chunk_free(c);
    return NULL;
  }
  c->unused->size = c->size;
  c->next = m->chunks;
  m->chunks = c;
  return c;
}

void tz_code_memory_init(tz_code_memory *m) {
  *m = (tz_code_memory){0};
  pthread_mutex_init(&m->lock, NULL);
}

void tz_code_memory_free(tz_code_memory *m) {
  for (tz_code_chunk *c = m->chunks, *next; c != NULL; c = next) {
    next = c->next;
    chunk_free(c);
  }
  pthread_mutex_destroy(&m->lock);
}

static range *find_room(tz_code_chunk *c, size_t bytes) {
  for (range *r = c->unused; r != NULL; r = r->next)
    if (r->size >= bytes) return r;
  return NULL;
}

bool tz_code_open(tz_code_memory *m, size_t bytes, tz_code_block *block) {
  bytes = rounded(bytes);
  pthread_mutex_lock(&m->lock);
  tz_code_chunk *c = m->chunks;
  while (c != NULL && find_room(c, bytes) == NULL) c = c->next;
  if (c == NULL) c = chunk_new(m, bytes);
  if (c == NULL) {
    pthread_mutex_unlock(&m->lock);
    return false;
  }
  range *r = find_room(c, bytes);
  *block = (tz_code_block){c->rw + r->start, c->rx + r->start, r->size, c};
  return true;
}

void tz_code_close(tz_code_memory *m, tz_code_block *block, size_t used) {
  used = rounded(used);
  tz_code_chunk *c = block->chunk;
  for (range *r = c->unused; r != NULL; r = r->next)
    if (c->rx + r->start == block->rx) {
      r->start += used;
      r->size -= used;
      break;
    }
  m->used += used;
  pthread_mutex_unlock(&m->lock);
  __builtin___clear_cache((char *)block->rx, (char *)block->rx + used);
}

static void release(tz_code_memory *m, void *rx, size_t used) {
  m->used -= used;
  tz_code_chunk *c = m->chunks;
  while (!((uint8_t *)rx >= c->rx && (uint8_t *)rx < c->rx + c->size)) c = c->next;
  size_t start = (size_t)((uint8_t *)rx - c->rx);
  memset(c->rw + start, TRAP_BYTE, used);
  range **at = &c->unused;
  while (*at != NULL && (*at)->start + (*at)->size < start) at = &(*at)->next;
  if (*at != NULL && (*at)->start + (*at)->size == start) {
    (*at)->size += used;
  } else if (*at != NULL && start + used == (*at)->start) {
    (*at)->start = start;
    (*at)->size += used;
  } else {
    range *r = malloc(sizeof *r);
    if (r == NULL) return; /* the bytes stay unused until the end */
    *r = (range){*at, start, used};
    *at = r;
  }
  range *next = (*at)->next;
  if (next != NULL && (*at)->start + (*at)->size == next->start) {
    (*at)->size += next->size;
    (*at)->next = next->next;
    free(next);
  }
}

void tz_code_release(tz_code_memory *m, void *rx, size_t used) {
  pthread_mutex_lock(&m->lock);
  release(m, rx, rounded(used));
  pthread_mutex_unlock(&m->lock);
}
