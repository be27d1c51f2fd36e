/* nursery.c: how the nursery's size and the age of promotion follow what survives. */
#include "world.h"
#include <criterion/criterion.h>

#define MIB ((size_t)1 << 20)

static tz_gc_options growing_options(void) {
  tz_gc_options o = world_options();
  o.heap_limit = 512 * MIB;
  o.nursery_size = 1 * MIB;
  o.nursery_max = 16 * MIB;
  o.min_full_bytes = 256 * MIB;
  o.verify_heap = 0;
  return o;
}

static tz_gc_stats stats_of(world *w) {
  tz_gc_stats stats;
  tz_gc_get_stats(w->heap, &stats);
  return stats;
}

static void allocate(world *w, size_t bytes, bool is_kept) {
  for (size_t i = 0; i < bytes / sizeof(node); i++) {
    node *n = world_node(w, (int64_t)i);
    if (!is_kept) continue;
    world_link(w, n, &n->links[0], w->roots[0].p);
    w->roots[0] = ref(n);
  }
}

static size_t list_length(const world *w) {
  size_t length = 0;
  for (node *n = w->roots[0].p; n; n = n->links[0].p) length++;
  return length;
}

Test(nursery, keeps_its_size_while_little_survives) {
  world w;
  world_init(&w, growing_options());
  allocate(&w, 64 * MIB, false);
  cr_assert_eq(stats_of(&w).nursery_size, 1 * MIB);
  cr_assert_geq(stats_of(&w).young_collections, 60);
  world_fini(&w);
}

Test(nursery, grows_while_much_survives_and_shrinks_afterwards) {
  world w;
  world_init(&w, growing_options());
  for (int round = 0; round < 2; round++) {
    allocate(&w, 64 * MIB, true);
    cr_assert_eq(stats_of(&w).nursery_size, 16 * MIB);
    cr_assert_eq(list_length(&w), 64 * MIB / sizeof(node));
    w.roots[0].u = 0;
    allocate(&w, 1024 * MIB, false);
    cr_assert_eq(stats_of(&w).nursery_size, 1 * MIB);
  }
  world_fini(&w);
}

Test(nursery, stays_as_large_as_it_was_asked_to_be) {
  world w;
  tz_gc_options o = growing_options();
  o.nursery_max = 0;
  world_init(&w, o);
  allocate(&w, 32 * MIB, true);
  cr_assert_eq(stats_of(&w).nursery_size, 1 * MIB);
  world_fini(&w);
}

Test(nursery, is_bounded_by_the_heap_limit) {
  world w;
  tz_gc_options o = growing_options();
  o.heap_limit = 32 * MIB;
  world_init(&w, o);
  allocate(&w, 24 * MIB, true);
  cr_assert_eq(stats_of(&w).nursery_size, 4 * MIB);
  world_fini(&w);
}

Test(nursery, what_lives_on_is_copied_hardly_more_than_once) {
  world w;
  world_init(&w, growing_options());
  allocate(&w, 200 * MIB, true);
  cr_assert_lt(stats_of(&w).bytes_copied, 260 * MIB);
  cr_assert_eq(list_length(&w), 200 * MIB / sizeof(node));
  world_fini(&w);
}
