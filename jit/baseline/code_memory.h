/* code_memory.h: memory for machine code, never writable and executable at one address.
 *
 * Chunks lie below 2 GB, so that code can name them in 32 bits, and are mapped twice: read-write to fill,
 * read-execute to run. A change of protection would cost microseconds for each function; a second mapping
 * costs nothing. Thread-safe: who opens a block while another thread has one waits. */
#pragma once
#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct tz_code_chunk tz_code_chunk;
typedef struct tz_code_memory {
  tz_code_chunk *chunks;
  size_t used;          /* bytes in blocks */
  pthread_mutex_t lock; /* from open to close */
} tz_code_memory;

/* A block under construction: written through rw, run at rx. */
typedef struct tz_code_block {
  uint8_t *rw, *rx;
  size_t room;
  tz_code_chunk *chunk;
} tz_code_block;

void tz_code_memory_init(tz_code_memory *m);
void tz_code_memory_free(tz_code_memory *m); /* with all code */
/* Opens a block of at least `bytes`, 16-byte aligned; one at a time. False: no memory below 2 GB. */
bool tz_code_open(tz_code_memory *m, size_t bytes, tz_code_block *block);
/* Keeps the first `used` bytes (may be 0) and makes them runnable. */
void tz_code_close(tz_code_memory *m, tz_code_block *block, size_t used);
void tz_code_release(tz_code_memory *m, void *rx, size_t used);
