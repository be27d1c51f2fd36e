/* world.h: the tests' embedder: an array of roots, one mutator, layouts of every kind. */
#pragma once
#include "terza/gc.h"
#include "terza/lowmem.h"

#define WORLD_ROOTS 256

/* A node as the tests know it: a raw identity, three references, a raw word that looks like one. */
typedef struct node {
  tz_header header;
  int64_t id;
  tz_word links[3];
  uint64_t decoy;
} node;

typedef struct world {
  tz_heap *heap;
  tz_mutator mutator;
  tz_lowmem *low;
  tz_word roots[WORLD_ROOTS], weak_roots[4];
  tz_layout *node, *bytes, *words, *refs, *closure, *weak_ref, *ephemeron, *table, *finalizable, *wide;
  int64_t releasable; /* counted native memory that is given back when memory is out */
  const char *bug;    /* the last line that the collector reported */
} world;

tz_gc_options world_options(void); /* small, verified before and after each collection, without stress */
void world_init(world *w, tz_gc_options options);
void world_fini(world *w);

node *world_node(world *w, int64_t id);                    /* MAY COLLECT */
tz_object *world_array(world *w, tz_layout *l, int64_t n); /* MAY COLLECT */
void world_link(world *w, void *owner, tz_word *slot, void *target);
tz_word *world_elements(tz_object *array);
void world_collect(world *w, tz_gc_scope scope);
static inline tz_word ref(const void *p) { return (tz_word){.p = (void *)(uintptr_t)p}; }
