/* finalizers.c: unreachable objects with finalizers are queued once, and take what they refer to along. */
#include "world.h"
#include <criterion/criterion.h>

static node *finalizable(world *w, int64_t id) {
  node *n = (node *)tz_gc_alloc(&w->mutator, w->finalizable);
  n->id = id;
  return n;
}

Test(finalizers, object_is_queued_once_and_resurrected_whole) {
  for (int s = 0; s < 4; s++) {
    world w;
    tz_gc_options o = world_options();
    o.collector = (tz_gc_collector)(s / 2);
    world_init(&w, o);
    w.roots[0] = ref(finalizable(&w, 7));
    node *friend = world_node(&w, 8);
    world_link(&w, w.roots[0].p, &((node *)w.roots[0].p)->links[0], friend);
    tz_weak_handle weak = tz_weak_handle_new(w.heap, w.roots[0]);
    for (int i = 0; i < 3; i++) world_collect(&w, (tz_gc_scope)(i + s) % 2);
    cr_assert_not(tz_gc_has_finalizable(w.heap));
    w.roots[0].u = 0;
    world_collect(&w, TZ_GC_FULL);
    world_collect(&w, TZ_GC_YOUNG);
    world_collect(&w, TZ_GC_FULL);
    cr_assert(tz_gc_has_finalizable(w.heap));
    cr_assert_eq(tz_weak_handle_get(weak).u, 0);
    node *n = (node *)tz_gc_next_finalizable(w.heap);
    cr_assert_eq(n->id, 7);
    cr_assert_eq(((node *)n->links[0].p)->id, 8);
    cr_assert_null(tz_gc_next_finalizable(w.heap));
    world_collect(&w, TZ_GC_FULL);
    cr_assert_null(tz_gc_next_finalizable(w.heap));
    world_fini(&w);
  }
}

Test(finalizers, many_of_all_ages) {
  world w;
  world_init(&w, world_options());
  enum { N = 5000 };
  w.roots[0] = ref(world_array(&w, w.refs, N));
  int finalized = 0;
  static bool was_seen[N];
  for (int i = 0; i < N; i++) {
    node *n = i % 10
                  ? finalizable(&w, i)
                  : (node *)tz_gc_alloc_pinned(&w.mutator, w.finalizable, tz_layout_bytes(w.finalizable, 0));
    n->id = i;
    world_link(&w, w.roots[0].p, world_elements(w.roots[0].p) + i, n);
    if (i % 50 == 0) world_collect(&w, i % 500 ? TZ_GC_YOUNG : TZ_GC_FULL);
    if (i > 200) world_link(&w, w.roots[0].p, world_elements(w.roots[0].p) + (i * 31) % i, NULL);
    for (node *f; (f = (node *)tz_gc_next_finalizable(w.heap)); finalized++) {
      cr_assert_not(was_seen[f->id]);
      was_seen[f->id] = true;
    }
  }
  for (int i = 0; i < N; i++) world_link(&w, w.roots[0].p, world_elements(w.roots[0].p) + i, NULL);
  world_collect(&w, TZ_GC_FULL);
  for (node *f; (f = (node *)tz_gc_next_finalizable(w.heap)); finalized++) {
    cr_assert_not(was_seen[f->id]);
    was_seen[f->id] = true;
  }
  cr_assert_eq(finalized, N);
  world_fini(&w);
}

Test(finalizers, all_are_queued_at_shutdown) {
  world w;
  world_init(&w, world_options());
  for (int i = 0; i < 3; i++) w.roots[i] = ref(finalizable(&w, i));
  tz_gc_finalize_all(w.heap);
  world_collect(&w, TZ_GC_FULL);
  for (int i = 0; i < 3; i++) cr_assert_eq((node *)tz_gc_next_finalizable(w.heap), w.roots[i].p);
  cr_assert_null(tz_gc_next_finalizable(w.heap));
  world_fini(&w);
}
