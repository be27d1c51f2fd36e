/* limits.c: the heap limit yields NULL, and memory comes back when references are dropped. */
#include "world.h"
#include <criterion/criterion.h>

static tz_gc_options small_options(int collector) {
  tz_gc_options o = world_options();
  o.collector = (tz_gc_collector)collector;
  o.heap_limit = 8 << 20;
  o.verify_heap = 0;
  return o;
}

static size_t fill_with_nodes(world *w) {
  size_t count = 0;
  for (node *n; (n = world_node(w, 1)); count++) {
    world_link(w, n, &n->links[0], w->roots[0].p);
    w->roots[0] = ref(n);
  }
  return count;
}

Test(limits, list_fills_the_heap_then_recovers) {
  for (int collector = 0; collector < 2; collector++) {
    world w;
    world_init(&w, small_options(collector));
    for (int round = 0; round < 5; round++) {
      size_t count = fill_with_nodes(&w);
      cr_assert_gt(count * sizeof(node), 7u << 20);
      cr_assert_lt(count * sizeof(node), (8u << 20) + (256u << 10));
      cr_assert_not_null(world_node(&w, 0), "there is room for the exception");
      w.roots[0].u = 0;
      for (int i = 0; i < 100000; i++) cr_assert_not_null(world_node(&w, 0));
    }
    world_fini(&w);
  }
}

Test(limits, ignoring_failures_does_not_pass_the_limit) {
  for (int collector = 0; collector < 2; collector++) {
    world w;
    world_init(&w, small_options(collector));
    size_t count = 0;
    for (int i = 0; i < 200; i++) count += fill_with_nodes(&w);
    cr_assert_lt(count * sizeof(node), (8u << 20) + (600u << 10));
    world_fini(&w);
  }
}

Test(limits, large_arrays) {
  for (int collector = 0; collector < 2; collector++) {
    world w;
    world_init(&w, small_options(collector));
    cr_assert_null(world_array(&w, w.bytes, 9 << 20));
    for (int i = 0; i < 1000; i++) cr_assert_not_null(world_array(&w, w.bytes, 3 << 20));
    int held = 0;
    for (tz_object *a; (a = world_array(&w, w.words, 1 << 15)); held++) w.roots[held] = ref(a);
    cr_assert_geq(held, 29);
    cr_assert_leq(held, 32);
    for (int i = 0; i < held; i++) w.roots[i].u = 0;
    cr_assert_not_null(world_array(&w, w.bytes, 6 << 20));
    world_fini(&w);
  }
}

Test(limits, native_memory_counts) {
  world w;
  world_init(&w, small_options(0));
  cr_assert(tz_gc_account(w.heap, 6 << 20));
  cr_assert_not(tz_gc_account(w.heap, 3 << 20));
  cr_assert_not(tz_gc_account_or_collect(&w.mutator, 3 << 20));
  size_t count = fill_with_nodes(&w);
  cr_assert_lt(count * sizeof(node), (2u << 20) + (256u << 10));
  w.roots[0].u = 0;
  cr_assert(tz_gc_account_or_collect(&w.mutator, 1 << 20));
  cr_assert(tz_gc_account(w.heap, -(7 << 20)));
  cr_assert_gt(fill_with_nodes(&w) * sizeof(node), 7u << 20);
  world_fini(&w);
}

Test(limits, the_embedder_gives_memory_back_first) {
  for (int collector = 0; collector < 2; collector++) {
    world w;
    world_init(&w, small_options(collector));
    w.releasable = 5 << 20;
    cr_assert(tz_gc_account(w.heap, w.releasable));
    cr_assert_null(world_array(&w, w.bytes, 9 << 20));
    cr_assert_eq(w.releasable, 5 << 20, "nothing helps an array larger than the limit");
    cr_assert_gt(fill_with_nodes(&w) * sizeof(node), 7u << 20);
    cr_assert_eq(w.releasable, 0);
    w.roots[0].u = 0;
    world_collect(&w, TZ_GC_FULL);
    w.releasable = 5 << 20;
    cr_assert(tz_gc_account(w.heap, w.releasable));
    cr_assert_not_null(world_array(&w, w.bytes, 6 << 20));
    cr_assert_eq(w.releasable, 0);
    world_fini(&w);
  }
}

Test(limits, many_full_collections_do_not_leak_regions) {
  world w;
  tz_gc_options o = small_options(0);
  o.poison_from_space = TZ_GC_POISON_PROTECT;
  world_init(&w, o);
  for (int round = 0; round < 200; round++) {
    w.roots[0].u = 0;
    for (int i = 0; i < 40000; i++) {
      node *n = world_node(&w, 1);
      cr_assert_not_null(n);
      world_link(&w, n, &n->links[0], w.roots[0].p);
      w.roots[0] = ref(n);
    }
    world_collect(&w, TZ_GC_FULL);
  }
  tz_gc_stats stats;
  tz_gc_get_stats(w.heap, &stats);
  cr_assert_lt(stats.committed_bytes, 40u << 20);
  world_fini(&w);
}
