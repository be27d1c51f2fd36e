/* som.c: see som.h. */
#include "som.h"
#include <stdalign.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void *checked(void *memory) {
  if (!memory) {
    fputs("out of memory\n", stderr);
    exit(EXIT_FAILURE);
  }
  return memory;
}

void *get_memory(size_t size) { return checked(malloc(size)); }
void *get_zeroed(size_t count, size_t size) { return checked(calloc(count, size)); }

struct arena_block {
  arena_block *next;
  size_t size; /* of the bytes */
  alignas(max_align_t) char bytes[];
};

enum { BLOCK_SIZE = 64 * 1024 };

/* A block with room for that much, from the spare ones if possible. */
static arena_block *take_block(arena *a, size_t size) {
  arena_block *block = a->spare;
  if (block && block->size >= size) {
    a->spare = block->next;
    return block;
  }
  size_t bytes = size > BLOCK_SIZE ? size : BLOCK_SIZE;
  block = get_memory(sizeof *block + bytes);
  block->size = bytes;
  return block;
}

void *arena_get(arena *a, size_t size) {
  size = (size + alignof(max_align_t) - 1) & ~(alignof(max_align_t) - 1);
  if ((size_t)(a->end - a->next) < size) {
    arena_block *block = take_block(a, size);
    block->next = a->full;
    a->full = block;
    a->next = block->bytes;
    a->end = block->bytes + block->size;
  }
  void *memory = a->next;
  a->next += size;
  return memory;
}

void arena_reset(arena *a) {
  while (a->full) {
    arena_block *block = a->full;
    a->full = block->next;
    block->next = a->spare;
    a->spare = block;
  }
  a->next = a->end = NULL;
}

void arena_free(arena *a) {
  arena_reset(a);
  while (a->spare) {
    arena_block *block = a->spare;
    a->spare = block->next;
    free(block);
  }
}

int random_next(random_source *r) {
  r->seed = (r->seed * 1309 + 13849) % 65536;
  return r->seed;
}

void vector_grow(vector *v) {
  int size = vector_size(v);
  int capacity = v->capacity ? 2 * v->capacity : 16;
  size_t bytes = (size_t)capacity * sizeof *v->storage;
  void **larger = v->arena ? arena_get(v->arena, bytes) : get_memory(bytes);
  if (size) memcpy(larger, v->storage + v->first, (size_t)size * sizeof *larger);
  if (!v->arena) free(v->storage);
  v->storage = larger;
  v->capacity = capacity;
  v->first = 0;
  v->last = size;
}

void vector_remove(vector *v, const void *value) {
  int kept = v->first;
  for (int i = v->first; i < v->last; i++)
    if (v->storage[i] != value) v->storage[kept++] = v->storage[i];
  v->last = kept;
}

bool vector_contains(const vector *v, const void *value) {
  for (int i = v->first; i < v->last; i++)
    if (v->storage[i] == value) return true;
  return false;
}

void vector_free(vector *v) {
  free(v->storage);
  *v = (vector){0};
}

void int_vector_append(int_vector *v, int value, arena *a) {
  if (v->count == v->capacity) {
    int capacity = v->capacity ? 2 * v->capacity : 4;
    int *larger = arena_get(a, (size_t)capacity * sizeof *larger);
    if (v->count) memcpy(larger, v->items, (size_t)v->count * sizeof *larger);
    v->items = larger;
    v->capacity = capacity;
  }
  v->items[v->count++] = value;
}

void int_vector_add(int_vector *v, int value, arena *a) {
  for (int i = 0; i < v->count; i++)
    if (v->items[i] == value) return;
  int_vector_append(v, value, a);
}
