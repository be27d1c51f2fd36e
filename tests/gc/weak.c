/* weak.c: weak references, ephemerons, ephemeron tables, the embedder's weak roots. */
#include "world.h"
#include <criterion/criterion.h>

static const tz_gc_scope scopes[] = {TZ_GC_YOUNG, TZ_GC_FULL};

Test(weak, reference_follows_its_object_and_falls_with_it) {
  for (int s = 0; s < 4; s++) {
    world w;
    tz_gc_options o = world_options();
    o.collector = (tz_gc_collector)(s / 2);
    world_init(&w, o);
    w.roots[0] = ref(world_node(&w, 1));
    w.roots[1] = ref(tz_gc_alloc(&w.mutator, w.weak_ref));
    world_link(&w, w.roots[1].p, (tz_word *)w.roots[1].p + 1, w.roots[0].p);
    node *strong = world_node(&w, 2);
    world_link(&w, w.roots[1].p, (tz_word *)w.roots[1].p + 3, strong);
    for (int i = 0; i < 5; i++) {
      world_collect(&w, scopes[(i + s) % 2]);
      cr_assert_eq(((tz_word *)w.roots[1].p)[1].p, w.roots[0].p);
      cr_assert_eq(((node *)((tz_word *)w.roots[1].p)[3].p)->id, 2);
    }
    w.roots[0].u = 0;
    world_collect(&w, TZ_GC_FULL);
    cr_assert_eq(((tz_word *)w.roots[1].p)[1].u, 0);
    world_fini(&w);
  }
}

Test(weak, old_reference_to_a_young_object) {
  world w;
  world_init(&w, world_options());
  w.roots[1] = ref(tz_gc_alloc(&w.mutator, w.weak_ref));
  world_collect(&w, TZ_GC_FULL);
  w.roots[0] = ref(world_node(&w, 1));
  world_link(&w, w.roots[1].p, (tz_word *)w.roots[1].p + 1, w.roots[0].p);
  for (int i = 0; i < 3; i++) {
    world_collect(&w, TZ_GC_YOUNG);
    cr_assert_eq(((tz_word *)w.roots[1].p)[1].p, w.roots[0].p);
  }
  world_link(&w, w.roots[1].p, (tz_word *)w.roots[1].p + 1, world_node(&w, 2));
  world_collect(&w, TZ_GC_YOUNG);
  cr_assert_eq(((tz_word *)w.roots[1].p)[1].u, 0);
  world_fini(&w);
}

/* A chain of ephemerons, made so that each value is the next one's key, found in the worst order. */
static void make_chain(world *w, int n) {
  w->roots[2] = ref(world_array(w, w->refs, n));
  w->roots[0] = ref(world_node(w, 0));
  w->roots[3] = w->roots[0];
  for (int i = 0; i < n; i++) {
    tz_object *e = tz_gc_alloc(&w->mutator, w->ephemeron);
    world_link(w, w->roots[2].p, world_elements(w->roots[2].p) + (n - 1 - i), e);
    world_link(w, e, (tz_word *)(void *)e + 1, w->roots[3].p);
    node *next = world_node(w, i + 1);
    e = world_elements(w->roots[2].p)[n - 1 - i].p;
    world_link(w, e, (tz_word *)(void *)e + 2, next);
    w->roots[3] = ref(next);
  }
  w->roots[3].u = 0;
}

Test(weak, ephemeron_chain_lives_by_its_first_key) {
  for (int s = 0; s < 4; s++) {
    world w;
    tz_gc_options o = world_options();
    o.collector = (tz_gc_collector)(s / 2);
    world_init(&w, o);
    enum { N = 50 };
    make_chain(&w, N);
    for (int round = 0; round < 4; round++) {
      world_collect(&w, scopes[(round + s) % 2]);
      for (int i = 0; i < N; i++) {
        tz_word *e = world_elements(w.roots[2].p)[N - 1 - i].p;
        cr_assert_eq(((node *)e[1].p)->id, i);
        cr_assert_eq(((node *)e[2].p)->id, i + 1);
      }
    }
    w.roots[0].u = 0;
    world_collect(&w, TZ_GC_FULL);
    for (int i = 0; i < N; i++) {
      tz_word *e = world_elements(w.roots[2].p)[i].p;
      cr_assert(e[1].u == 0 && e[2].u == 0);
    }
    world_fini(&w);
  }
}

static void fill_table(world *w, int64_t pairs) {
  w->roots[0] = ref(world_array(w, w->table, pairs * 2));
  w->roots[1] = ref(world_array(w, w->refs, pairs));
  for (int64_t i = 0; i < pairs; i++) {
    node *key = world_node(w, i);
    world_link(w, w->roots[1].p, world_elements(w->roots[1].p) + i, key);
    world_link(w, w->roots[0].p, world_elements(w->roots[0].p) + 2 * i, key);
    node *value = world_node(w, 1000 + i);
    key = world_elements(w->roots[1].p)[i].p;
    world_link(w, value, &value->links[0],
               key); /* the value keeps its own key: no ordinary weak map frees that */
    world_link(w, w->roots[0].p, world_elements(w->roots[0].p) + 2 * i + 1, value);
  }
}

static void check_table(world *w, int64_t pairs, int64_t step) {
  for (int64_t i = 0; i < pairs; i++) {
    tz_word *pair = world_elements(w->roots[0].p) + 2 * i;
    if (i % step) {
      cr_assert_eq(pair[0].u, TZ_GC_TOMBSTONE);
      cr_assert_eq(pair[1].u, 0);
    } else {
      cr_assert_eq(pair[0].p, world_elements(w->roots[1].p)[i].p);
      cr_assert_eq(((node *)pair[1].p)->id, 1000 + i);
    }
  }
}

Test(weak, tables_small_and_large_lose_dead_keys) {
  for (int s = 0; s < 8; s++) {
    world w;
    tz_gc_options o = world_options();
    o.collector = (tz_gc_collector)(s & 1);
    world_init(&w, o);
    int64_t pairs = s & 2 ? 4000 : 60;
    fill_table(&w, pairs);
    if (s & 4) world_collect(&w, TZ_GC_YOUNG);
    check_table(&w, pairs, 1);
    for (int64_t i = 0; i < pairs; i++)
      if (i % 3) world_link(&w, w.roots[1].p, world_elements(w.roots[1].p) + i, NULL);
    world_collect(&w, s & 4 ? TZ_GC_FULL : TZ_GC_YOUNG);
    world_collect(&w, TZ_GC_FULL);
    check_table(&w, pairs, 3);
    world_fini(&w);
  }
}

Test(weak, embedders_weak_roots) {
  world w;
  world_init(&w, world_options());
  w.weak_roots[0] = w.roots[0] = ref(world_node(&w, 1));
  w.weak_roots[1] = ref(world_node(&w, 2));
  w.weak_roots[2].u = tz_any_from_int(5);
  world_collect(&w, TZ_GC_YOUNG);
  cr_assert_eq(w.weak_roots[0].p, w.roots[0].p);
  cr_assert_eq(w.weak_roots[1].u, TZ_GC_TOMBSTONE);
  cr_assert_eq(w.weak_roots[2].u, tz_any_from_int(5));
  world_fini(&w);
}
