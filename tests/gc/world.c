/* world.c: see world.h. */
#include "world.h"
#include <criterion/criterion.h>

static const uint64_t wide_map[2] = {(uint64_t)1 << 63, 1u << 5};

static void visit_roots(void *data, tz_visitor *v, tz_gc_scope scope) {
  (void)scope;
  world *w = data;
  tz_gc_visit_words(v, w->roots, WORLD_ROOTS / 2);
  uint64_t all[] = {UINT64_MAX, UINT64_MAX};
  tz_gc_visit_mapped(v, w->roots + WORLD_ROOTS / 2, all, WORLD_ROOTS / 2);
}

static void visit_weak_roots(void *data, tz_visitor *v, tz_gc_scope scope) {
  (void)scope;
  world *w = data;
  for (int i = 0; i < 4; i++)
    tz_gc_visit_weak(v, (tz_edge){&w->weak_roots[i]}, (tz_word){.u = TZ_GC_TOMBSTONE});
}

static void report_bug(void *data, const char *what) {
  world *w = data;
  w->bug = what;
  cr_log_error("%s", what);
}

static tz_layout *layout(world *w, tz_layout_kind kind, uint32_t size, uint64_t map) {
  tz_layout *l = tz_lowmem_alloc(w->low, sizeof *l);
  *l = (tz_layout){
      .kind = (uint8_t)kind, .elem_shift = kind == TZ_LAYOUT_BYTES ? 0 : 3, .size = size, .map = map};
  return l;
}

tz_gc_options world_options(void) {
  tz_gc_options o = tz_gc_options_default();
  o.heap_limit = 64 << 20;
  o.nursery_size = 512 << 10;
  o.min_full_bytes = 4 << 20;
  o.stress_every_n_allocs = 0;
  o.verify_heap = TZ_GC_VERIFY_BEFORE | TZ_GC_VERIFY_AFTER;
  return o;
}

static bool release_memory(void *data) {
  world *w = data;
  int64_t bytes = w->releasable;
  w->releasable = 0;
  if (bytes > 0) tz_gc_account(w->heap, -bytes);
  return bytes > 0;
}

void world_init(world *w, tz_gc_options options) {
  *w = (world){.low = tz_lowmem_new()};
  tz_gc_embedder e = {.data = w,
                      .visit_roots = visit_roots,
                      .visit_weak_roots = visit_weak_roots,
                      .release_memory = release_memory,
                      .bug = report_bug};
  w->heap = tz_gc_heap_new(&options, &e);
  cr_assert_not_null(w->heap);
  tz_gc_mutator_attach(w->heap, &w->mutator);
  w->node = layout(w, TZ_LAYOUT_FIXED, sizeof(node), 7 << 1);
  w->bytes = layout(w, TZ_LAYOUT_BYTES, 16, 0);
  w->words = layout(w, TZ_LAYOUT_WORDS, 16, 0);
  w->refs = layout(w, TZ_LAYOUT_REFS, 16, 0);
  w->closure = layout(w, TZ_LAYOUT_REFS, 32, 1 << 2); /* word 2 raw, word 3 scanned, then the elements */
  w->weak_ref = layout(w, TZ_LAYOUT_WEAK_REF, 32, 1 << 2);
  w->ephemeron = layout(w, TZ_LAYOUT_EPHEMERON, 32, 0);
  w->table = layout(w, TZ_LAYOUT_EPHEMERON_TABLE, 24, 0);
  w->finalizable = layout(w, TZ_LAYOUT_FIXED, sizeof(node), 7 << 1);
  w->finalizable->flags = TZ_LAYOUT_HAS_FINALIZER;
  w->wide = layout(w, TZ_LAYOUT_FIXED, 100 * 8, 0); /* words 64 and 70 are scanned */
  w->wide->long_map = wide_map;
}

void world_fini(world *w) {
  tz_gc_mutator_detach(&w->mutator);
  tz_gc_heap_free(w->heap);
  tz_lowmem_free(w->low);
}

node *world_node(world *w, int64_t id) {
  node *n = (node *)tz_gc_alloc(&w->mutator, w->node);
  if (!n) return NULL;
  n->id = id;
  n->decoy = 0x1234567890; /* in the form of a reference, in a raw word */
  return n;
}

tz_object *world_array(world *w, tz_layout *l, int64_t length) {
  return tz_gc_alloc_array(&w->mutator, l, length);
}

void world_link(world *w, void *owner, tz_word *slot, void *target) {
  tz_gc_store(&w->mutator, owner, slot, ref(target));
}

tz_word *world_elements(tz_object *array) {
  return (tz_word *)(void *)((char *)array + tz_object_layout(array)->size);
}

void world_collect(world *w, tz_gc_scope scope) { cr_assert(tz_gc_collect(&w->mutator, scope)); }
