/* allocation.c: fresh objects, survival, promotion, hashes, pinned and permanent objects. */
#include "world.h"
#include <criterion/criterion.h>

static int64_t list_sum(node *n) {
  int64_t sum = 0;
  for (; n; n = n->links[0].p) sum += n->id;
  return sum;
}

static void grow_list(world *w, int root, int from, int to) {
  for (int i = from; i < to; i++) {
    node *n = world_node(w, i);
    world_link(w, n, &n->links[0], w->roots[root].p);
    w->roots[root] = ref(n);
  }
}

Test(allocation, fresh_memory_is_zero) {
  world w;
  tz_gc_options o = world_options();
  o.poison_from_space = TZ_GC_POISON_FILL;
  world_init(&w, o);
  for (int round = 0; round < 20000; round++) {
    tz_object *a = world_array(&w, w.words, 1 + round % 300);
    for (int i = 0; i < 1 + round % 300; i++) {
      cr_assert_eq(world_elements(a)[i].u, 0);
      world_elements(a)[i].u = UINT64_MAX;
    }
  }
  world_fini(&w);
}

Test(allocation, list_survives_many_collections) {
  for (int collector = 0; collector < 2; collector++) {
    world w;
    tz_gc_options o = world_options();
    o.collector = (tz_gc_collector)collector;
    world_init(&w, o);
    grow_list(&w, 0, 0, 100000);
    for (int i = 0; i < 6; i++) {
      grow_list(&w, 1, 0, 1000);
      world_collect(&w, i % 3 ? TZ_GC_YOUNG : TZ_GC_FULL);
      cr_assert_eq(list_sum(w.roots[0].p), (int64_t)100000 * 99999 / 2);
    }
    cr_assert_eq(list_sum(w.roots[1].p), (int64_t)6 * 1000 * 999 / 2);
    world_fini(&w);
  }
}

Test(allocation, survivors_age_then_are_promoted) {
  world w;
  tz_gc_options o = world_options();
  o.promote_age = 3;
  world_init(&w, o);
  w.roots[0] = ref(world_node(&w, 1));
  for (int i = 0; i < 3; i++) {
    cr_assert(tz_gc_is_young(w.heap, w.roots[0].p));
    void *before = w.roots[0].p;
    world_collect(&w, TZ_GC_YOUNG);
    cr_assert_neq(w.roots[0].p, before, "each collection moves every young object");
  }
  cr_assert_not(tz_gc_is_young(w.heap, w.roots[0].p));
  void *old = w.roots[0].p;
  world_collect(&w, TZ_GC_YOUNG);
  cr_assert_eq(w.roots[0].p, old);
  world_collect(&w, TZ_GC_FULL);
  cr_assert_neq(w.roots[0].p, old, "a full collection evacuates");
  world_fini(&w);
}

Test(allocation, hash_is_stable_over_moves) {
  for (int collector = 0; collector < 2; collector++) {
    world w;
    tz_gc_options o = world_options();
    o.collector = (tz_gc_collector)collector;
    world_init(&w, o);
    uint32_t hashes[WORLD_ROOTS];
    for (int i = 0; i < WORLD_ROOTS; i++) {
      w.roots[i] = ref(world_node(&w, i));
      hashes[i] = i % 2 ? tz_object_hash(w.heap, w.roots[i].p) : 0;
    }
    for (int round = 0; round < 5; round++) {
      world_collect(&w, round == 3 ? TZ_GC_FULL : TZ_GC_YOUNG);
      for (int i = 0; i < WORLD_ROOTS; i++) {
        if (hashes[i]) cr_assert_eq(tz_object_hash(w.heap, w.roots[i].p), hashes[i]);
        else cr_assert_eq(tz_object_hash_bits(w.roots[i].p), 0);
      }
    }
    cr_assert_eq(tz_object_set_hash_bits(w.roots[0].p, 77), 77);
    cr_assert_eq(tz_object_set_hash_bits(w.roots[0].p, 78), 77, "the first setting stands");
    world_fini(&w);
  }
}

Test(allocation, wide_objects_use_the_long_map) {
  world w;
  world_init(&w, world_options());
  w.roots[0] = ref(tz_gc_alloc(&w.mutator, w.wide));
  for (int i = 0; i < 2; i++) {
    node *n = world_node(&w, 40 + i);
    world_link(&w, w.roots[0].p, (tz_word *)w.roots[0].p + (i ? 70 : 64), n);
  }
  ((tz_word *)w.roots[0].p)[65].u = 0x123456; /* raw */
  for (int i = 0; i < 4; i++) {
    world_collect(&w, i == 2 ? TZ_GC_FULL : TZ_GC_YOUNG);
    tz_word *words = w.roots[0].p;
    cr_assert_eq(((node *)words[64].p)->id, 40);
    cr_assert_eq(((node *)words[70].p)->id, 41);
    cr_assert_eq(words[65].u, 0x123456);
  }
  world_fini(&w);
}

Test(allocation, pinned_objects_stay_put_and_die) {
  world w;
  world_init(&w, world_options());
  size_t bytes = tz_layout_bytes(w.node, 0);
  node *pinned = (node *)tz_gc_alloc_pinned(&w.mutator, w.node, bytes);
  w.roots[0] = ref(pinned);
  world_link(&w, pinned, &pinned->links[0], world_node(&w, 9));
  for (int i = 0; i < 6; i++) {
    world_collect(&w, i % 2 ? TZ_GC_FULL : TZ_GC_YOUNG);
    cr_assert_eq(w.roots[0].p, pinned);
    cr_assert_eq(((node *)pinned->links[0].p)->id, 9);
    world_link(&w, pinned, &pinned->links[0], world_node(&w, 9));
  }
  tz_gc_stats stats;
  tz_gc_get_stats(w.heap, &stats);
  cr_assert_eq(stats.large_bytes, bytes);
  w.roots[0].u = 0;
  world_collect(&w, TZ_GC_FULL);
  tz_gc_get_stats(w.heap, &stats);
  cr_assert_eq(stats.large_bytes, 0);
  world_fini(&w);
}

Test(allocation, permanent_objects_keep_what_they_refer_to) {
  for (int collector = 0; collector < 2; collector++) {
    world w;
    tz_gc_options o = world_options();
    o.collector = (tz_gc_collector)collector;
    world_init(&w, o);
    node *p = (node *)tz_gc_alloc_permanent(w.heap, w.node, tz_layout_bytes(w.node, 0));
    tz_object *text = tz_gc_alloc_permanent(w.heap, w.bytes, tz_layout_bytes(w.bytes, 5));
    ((int64_t *)(void *)text)[1] = 5;
    world_link(&w, p, &p->links[1], text);
    for (int i = 0; i < 8; i++) {
      world_link(&w, p, &p->links[0], world_node(&w, i));
      world_collect(&w, i % 3 == 2 ? TZ_GC_FULL : TZ_GC_YOUNG);
      world_collect(&w, TZ_GC_YOUNG);
      cr_assert_eq(((node *)p->links[0].p)->id, i);
    }
    world_link(&w, p, &p->links[1], NULL);
    tz_gc_free_permanent(w.heap, text);
    world_link(&w, p, &p->links[0], world_node(&w, 1));
    tz_gc_free_permanent(w.heap, (tz_object *)p);
    world_collect(&w, TZ_GC_YOUNG);
    world_collect(&w, TZ_GC_FULL);
    world_fini(&w);
  }
}

Test(allocation, handles_are_roots) {
  world w;
  world_init(&w, world_options());
  enum { N = 3000 };
  static tz_handle h[N];
  for (int i = 0; i < N; i++) h[i] = tz_handle_new(w.heap, ref(world_node(&w, i)));
  for (int i = 0; i < N; i += 3) tz_handle_free(w.heap, h[i]);
  tz_weak_handle weak = tz_weak_handle_new(w.heap, tz_handle_get(h[1]));
  tz_weak_handle dying = tz_weak_handle_new(w.heap, ref(world_node(&w, -1)));
  for (int round = 0; round < 4; round++) {
    world_collect(&w, round == 2 ? TZ_GC_FULL : TZ_GC_YOUNG);
    for (int i = 0; i < N; i++)
      if (i % 3) cr_assert_eq(((node *)tz_handle_get(h[i]).p)->id, i);
    cr_assert_eq(tz_weak_handle_get(weak).p, tz_handle_get(h[1]).p);
    cr_assert_eq(tz_weak_handle_get(dying).u, 0);
  }
  for (int i = 0; i < N; i += 3) h[i] = tz_handle_new(w.heap, ref(world_node(&w, i)));
  world_collect(&w, TZ_GC_YOUNG);
  for (int i = 0; i < N; i++) cr_assert_eq(((node *)tz_handle_get(h[i]).p)->id, i);
  world_fini(&w);
}

Test(allocation, the_nth_allocation_fails) {
  world w;
  tz_gc_options o = world_options();
  o.fail_alloc_n = 100;
  world_init(&w, o);
  for (int i = 1; i < 300; i++) cr_assert_eq(world_node(&w, i) == NULL, i == 100);
  world_fini(&w);
}
