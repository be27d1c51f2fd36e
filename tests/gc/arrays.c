/* arrays.c: arrays small and large, their cards, and impossible lengths. */
#include "world.h"
#include <criterion/criterion.h>

enum { BIG = 100000 };

static void check_every(world *w, int root, int step) {
  tz_object *a = w->roots[root].p;
  for (int i = 0; i < BIG; i++) {
    node *n = world_elements(a)[i].p;
    if (i % step) cr_assert_null(n);
    else cr_assert_eq(n->id, i);
  }
}

Test(arrays, big_array_keeps_young_objects_by_cards) {
  for (int collector = 0; collector < 2; collector++) {
    world w;
    tz_gc_options o = world_options();
    o.collector = (tz_gc_collector)collector;
    o.verify_heap = TZ_GC_VERIFY_AFTER;
    world_init(&w, o);
    w.roots[0] = ref(world_array(&w, w.refs, BIG));
    for (int round = 0; round < 3; round++) {
      for (int i = 0; i < BIG; i += 7) {
        node *n = world_node(&w, i);
        world_link(&w, w.roots[0].p, world_elements(w.roots[0].p) + i, n);
      }
      world_collect(&w, TZ_GC_YOUNG);
      check_every(&w, 0, 7);
    }
    world_collect(&w, TZ_GC_FULL);
    check_every(&w, 0, 7);
    world_fini(&w);
  }
}

Test(arrays, clean_cards_are_not_scanned_again) {
  world w;
  world_init(&w, world_options());
  w.roots[0] = ref(world_array(&w, w.refs, BIG));
  for (int i = 0; i < 4; i++) world_collect(&w, TZ_GC_YOUNG);
  tz_gc_stats stats;
  tz_gc_get_stats(w.heap, &stats);
  cr_assert_eq(stats.remembered_objects, 0);
  world_link(&w, w.roots[0].p, world_elements(w.roots[0].p) + 500, world_node(&w, 3));
  world_collect(&w, TZ_GC_YOUNG);
  tz_gc_get_stats(w.heap, &stats);
  cr_assert_eq(stats.remembered_objects, 1);
  cr_assert_eq(((node *)world_elements(w.roots[0].p)[500].p)->id, 3);
  world_fini(&w);
}

Test(arrays, fresh_large_array_may_be_filled_without_barrier) {
  world w;
  world_init(&w, world_options());
  w.roots[1] = ref(world_node(&w, 11));
  tz_object *a = world_array(&w, w.refs, BIG);
  for (int i = 0; i < BIG; i++) world_elements(a)[i] = w.roots[1];
  w.roots[0] = ref(a);
  w.roots[1].u = 0;
  for (int i = 0; i < 3; i++) world_collect(&w, TZ_GC_YOUNG);
  for (int i = 0; i < BIG; i++) cr_assert_eq(((node *)world_elements(w.roots[0].p)[i].p)->id, 11);
  world_fini(&w);
}

static tz_gc_stats stats_of(world *w) {
  tz_gc_stats stats;
  tz_gc_get_stats(w->heap, &stats);
  return stats;
}

Test(arrays, unreachable_large_arrays_die_young) {
  world w;
  tz_gc_options o = world_options();
  o.nursery_size = 4 << 20; /* room for all four */
  world_init(&w, o);
  tz_object *kept = world_array(&w, w.refs, BIG), *dropped = world_array(&w, w.refs, BIG);
  world_elements(kept)[BIG - 1].p = world_array(&w, w.words, BIG);
  world_elements(dropped)[5].p = world_array(&w, w.words, BIG);
  world_elements(dropped)[6].p = kept;
  w.roots[0] = ref(kept);
  size_t each = 16 + 8 * (size_t)BIG;
  cr_assert_eq(stats_of(&w).large_bytes, 4 * each);
  world_collect(&w, TZ_GC_YOUNG);
  cr_assert_eq(stats_of(&w).large_bytes, 2 * each);
  cr_assert_eq(w.roots[0].p, kept, "large objects do not move");
  w.roots[0].u = 0;
  world_collect(&w, TZ_GC_YOUNG);
  cr_assert_eq(stats_of(&w).large_bytes, 2 * each, "what survived is old");
  world_collect(&w, TZ_GC_FULL);
  cr_assert_eq(stats_of(&w).large_bytes, 0);
  world_fini(&w);
}

Test(arrays, fresh_large_array_is_kept_by_an_old_object) {
  world w;
  world_init(&w, world_options());
  w.roots[0] = ref(world_node(&w, 1));
  for (int i = 0; i < 3; i++) world_collect(&w, TZ_GC_YOUNG);
  for (int round = 0; round < 3; round++) {
    node *n = w.roots[0].p;
    tz_object *a = world_array(&w, w.refs, BIG);
    world_link(&w, n, &n->links[0], a);
    world_elements(a)[77].p = world_node(&w, 7);
    world_collect(&w, round == 1 ? TZ_GC_FULL : TZ_GC_YOUNG);
    n = w.roots[0].p;
    cr_assert_eq(n->links[0].p, a);
    cr_assert_eq(((node *)world_elements(a)[77].p)->id, 7);
  }
  world_fini(&w);
}

Test(arrays, fresh_large_array_is_weakly_held_in_vain) {
  world w;
  world_init(&w, world_options());
  tz_weak_handle dying = tz_weak_handle_new(w.heap, ref(world_array(&w, w.refs, BIG)));
  w.roots[0] = ref(world_array(&w, w.refs, BIG));
  tz_weak_handle living = tz_weak_handle_new(w.heap, w.roots[0]);
  world_collect(&w, TZ_GC_YOUNG);
  cr_assert_eq(tz_weak_handle_get(dying).u, 0);
  cr_assert_eq(tz_weak_handle_get(living).p, w.roots[0].p);
  world_fini(&w);
}

/* 5000 words are too many for an old object that moves and few enough for a young one. */
Test(arrays, big_array_moves_while_young_then_stays) {
  enum { MIDDLE = 5000 };
  world w;
  tz_gc_options o = world_options();
  o.large_threshold = 16 << 10;
  world_init(&w, o);
  w.roots[0] = ref(world_array(&w, w.refs, MIDDLE));
  cr_assert(tz_gc_is_young(w.heap, w.roots[0].p));
  for (int i = 0; i < MIDDLE; i += 7) {
    node *n = world_node(&w, i);
    world_link(&w, w.roots[0].p, world_elements(w.roots[0].p) + i, n);
  }
  uint32_t hash = tz_object_hash(w.heap, w.roots[0].p);
  for (int i = 0; i < 3; i++) world_collect(&w, TZ_GC_YOUNG);
  cr_assert_not(tz_gc_is_young(w.heap, w.roots[0].p));
  cr_assert_eq(stats_of(&w).large_bytes, 16 + 8 * (size_t)MIDDLE);
  tz_object *old = w.roots[0].p;
  world_link(&w, old, world_elements(old) + 500, world_node(&w, 500));
  for (int i = 0; i < 4; i++) world_collect(&w, i == 2 ? TZ_GC_FULL : TZ_GC_YOUNG);
  cr_assert_eq(w.roots[0].p, old);
  cr_assert_eq(tz_object_hash(w.heap, old), hash);
  for (int i = 0; i < MIDDLE; i++)
    if (i % 7 == 0 || i == 500) cr_assert_eq(((node *)world_elements(old)[i].p)->id, i);
  w.roots[0].u = 0;
  world_collect(&w, TZ_GC_FULL);
  cr_assert_eq(stats_of(&w).large_bytes, 0);
  world_fini(&w);
}

Test(arrays, range_barrier_covers_every_card) {
  world w;
  world_init(&w, world_options());
  w.roots[0] = ref(world_array(&w, w.refs, BIG));
  world_collect(&w, TZ_GC_YOUNG);
  world_collect(&w, TZ_GC_YOUNG);
  w.roots[1] = ref(world_node(&w, 5));
  tz_word *first = world_elements(w.roots[0].p) + 1000;
  tz_gc_barrier_range(&w.mutator, w.roots[0].p, first, 30000);
  for (int i = 0; i < 30000; i++) first[i] = w.roots[1];
  world_collect(&w, TZ_GC_YOUNG);
  for (int i = 0; i < 30000; i++) cr_assert_eq(first[i].p, w.roots[1].p);
  world_fini(&w);
}

Test(arrays, prefix_words_are_scanned_by_the_map) {
  world w;
  world_init(&w, world_options());
  for (int i = 0; i < 2; i++) w.roots[i] = ref(world_array(&w, w.closure, i ? BIG : 3));
  for (int round = 0; round < 4; round++) {
    for (int i = 0; i < 2; i++) {
      ((tz_word *)w.roots[i].p)[2].u = 0xabcdef0; /* raw */
      node *n = world_node(&w, 3);
      world_link(&w, w.roots[i].p, (tz_word *)w.roots[i].p + 3, n);
      n = world_node(&w, 4);
      world_link(&w, w.roots[i].p, world_elements(w.roots[i].p) + 2, n);
    }
    world_collect(&w, round == 2 ? TZ_GC_FULL : TZ_GC_YOUNG);
    for (int i = 0; i < 2; i++) {
      cr_assert_eq(((node *)((tz_word *)w.roots[i].p)[3].p)->id, 3);
      cr_assert_eq(((node *)world_elements(w.roots[i].p)[2].p)->id, 4);
    }
  }
  world_fini(&w);
}

Test(arrays, impossible_lengths_are_refused) {
  world w;
  world_init(&w, world_options());
  cr_assert_null(world_array(&w, w.refs, -1));
  cr_assert_null(world_array(&w, w.refs, INT64_MAX));
  cr_assert_null(world_array(&w, w.bytes, tz_layout_max_length(w.bytes)));
  cr_assert_not_null(world_array(&w, w.refs, 0));
  world_fini(&w);
}
