/* som.h: the small collections that the classic programs bring along; see ../rima/som.rima.

   Memory: an arena hands out memory that is all given back at once; a vector owns its storage, not what its
   elements point to. Running out of memory ends the process. */
#ifndef BENCH_SOM_H
#define BENCH_SOM_H

#include <stdbool.h>
#include <stddef.h>

/* malloc and calloc that do not return NULL. */
void *get_memory(size_t size);
void *get_zeroed(size_t count, size_t size);

/* An arena begins as {0}. */
typedef struct arena_block arena_block;
typedef struct {
  arena_block *full;  /* blocks in use, the newest first */
  arena_block *spare; /* blocks kept from before arena_reset */
  char *next, *end;   /* the free part of the newest block */
} arena;

void *arena_get(arena *a, size_t size); /* not zeroed; aligned for any type */
void arena_reset(arena *a);             /* gives everything back to the arena, which keeps its blocks */
void arena_free(arena *a);              /* gives everything back to the system */

/* Pseudo-random integers in 0..65536, the same sequence in every language; begins as RANDOM_START. */
typedef struct {
  int seed;
} random_source;

#define RANDOM_START {74755}

int random_next(random_source *r);

/* A growable sequence of pointers that also serves as a queue; begins as {0}. Storage comes from malloc, or
   from an arena if one was set: then vector_free is not to be called. */
typedef struct {
  void **storage;
  int capacity, first, last;
  arena *arena;
} vector;

static inline int vector_size(const vector *v) { return v->last - v->first; }
static inline bool vector_is_empty(const vector *v) { return v->last == v->first; }
static inline void *vector_at(const vector *v, int index) { return v->storage[v->first + index]; }
static inline void *vector_remove_first(vector *v) { return v->storage[v->first++]; }

void vector_grow(vector *v);

static inline void vector_append(vector *v, void *value) {
  if (v->last == v->capacity) vector_grow(v);
  v->storage[v->last++] = value;
}

void vector_remove(vector *v, const void *value); /* removes every occurrence of this very pointer */
bool vector_contains(const vector *v, const void *value);
void vector_free(vector *v);

/* A growable sequence of numbers in an arena; begins as {0}. */
typedef struct {
  int *items;
  int capacity, count;
} int_vector;

void int_vector_append(int_vector *v, int value, arena *a);
void int_vector_add(int_vector *v, int value, arena *a); /* unless it is there */

#endif
