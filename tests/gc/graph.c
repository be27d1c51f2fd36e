/* graph.c: a random object graph is changed for many steps and compared with a model of it that no collector
 * touches.
 *
 * The model knows each object by a number that the object carries in a raw word; slots name numbers or
 * immediates. Numbers that the model can no longer reach are used again. */
#include "world.h"
#include <criterion/criterion.h>
#include <stdlib.h>

#define MODEL_MAX 6000
#define NOTHING (-1)

typedef struct model_object {
  int slot_count;
  int *slots; /* number, NOTHING, or immediate(k) */
  uint32_t hash;
  unsigned stamp;
} model_object;

typedef struct model {
  world w;
  model_object objects[MODEL_MAX];
  int unused[MODEL_MAX], unused_count;
  int roots[WORLD_ROOTS];
  unsigned stamp;
  uint64_t random;
} model;

static uint32_t next_random(model *m, uint32_t below) {
  m->random = m->random * 6364136223846793005u + 1442695040888963407u;
  return (uint32_t)((m->random >> 33) % below);
}
static int immediate(int k) { return -2 - k; }

/* Every object of the graph is a closure-like array: word 2 its number, word 3 its first slot, then the
 * others. */
static tz_word *slot_of(tz_object *o, int i) {
  return i == 0 ? (tz_word *)(void *)o + 3 : world_elements(o) + i - 1;
}
static int number_of(const tz_object *o) { return (int)((const tz_word *)(const void *)o)[2].i; }

/* ---- the model's own reachability ---- */

static void reach(model *m, int start) {
  static int stack[MODEL_MAX];
  int depth = 0;
  if (start < 0 || m->objects[start].stamp == m->stamp) return;
  m->objects[start].stamp = m->stamp;
  for (stack[depth++] = start; depth;) {
    model_object *o = &m->objects[stack[--depth]];
    for (int i = 0; i < o->slot_count; i++) {
      int to = o->slots[i];
      if (to < 0 || m->objects[to].stamp == m->stamp) continue;
      m->objects[to].stamp = m->stamp;
      stack[depth++] = to;
    }
  }
}

static void recycle(model *m) {
  m->stamp++;
  for (int i = 0; i < WORLD_ROOTS; i++) reach(m, m->roots[i]);
  m->unused_count = 0;
  for (int i = 0; i < MODEL_MAX; i++)
    if (m->objects[i].stamp != m->stamp) m->unused[m->unused_count++] = i;
}

/* ---- comparison ---- */

static void check_word(model *m, tz_word word, int expected) {
  if (expected == NOTHING) cr_assert_eq(word.u, 0);
  else if (expected < 0) cr_assert_eq(word.u, tz_any_from_int(expected));
  else {
    cr_assert(tz_word_is_ref(word.u));
    cr_assert_eq(number_of(word.p), expected);
    if (m->objects[expected].hash) cr_assert_eq(tz_object_hash_bits(word.p), m->objects[expected].hash);
  }
}

static void check_object(model *m, tz_object *o) {
  model_object *expected = &m->objects[number_of(o)];
  if (expected->stamp == m->stamp) return;
  expected->stamp = m->stamp;
  cr_assert_eq(tz_object_length(o) + 1, expected->slot_count);
  for (int i = 0; i < expected->slot_count; i++) check_word(m, *slot_of(o, i), expected->slots[i]);
}

/* Walks the real graph along the model; each object once. */
static void compare(model *m) {
  static tz_object *stack[MODEL_MAX];
  int depth = 0;
  m->stamp++;
  for (int r = 0; r < WORLD_ROOTS; r++) {
    check_word(m, m->w.roots[r], m->roots[r]);
    if (m->roots[r] < 0 || m->objects[m->roots[r]].stamp == m->stamp) continue;
    check_object(m, stack[depth++] = m->w.roots[r].p);
    while (depth) {
      tz_object *o = stack[--depth];
      for (int i = 0, n = m->objects[number_of(o)].slot_count; i < n; i++) {
        int to = m->objects[number_of(o)].slots[i];
        if (to < 0 || m->objects[to].stamp == m->stamp) continue;
        check_object(m, stack[depth++] = slot_of(o, i)->p);
      }
    }
  }
}

/* ---- steps ---- */

static int random_length(model *m) {
  uint32_t kind = next_random(m, 2000);
  if (kind == 0) return 5000 + (int)next_random(m, 4000); /* large, with cards */
  if (kind < 20) return (int)next_random(m, 1500);
  return (int)next_random(m, 6);
}

static void step_allocate(model *m) {
  if (m->unused_count == 0) recycle(m);
  int root = (int)next_random(m, WORLD_ROOTS);
  if (m->unused_count == 0) {
    m->w.roots[root].u = 0;
    m->roots[root] = NOTHING;
    return;
  }
  int number = m->unused[--m->unused_count], length = random_length(m);
  model_object *o = &m->objects[number];
  free(o->slots);
  *o = (model_object){
      .slot_count = length + 1, .slots = malloc(sizeof(int) * (size_t)(length + 1)), .stamp = o->stamp};
  for (int i = 0; i <= length; i++) o->slots[i] = NOTHING;
  tz_object *real = world_array(&m->w, m->w.closure, length);
  cr_assert_not_null(real);
  ((tz_word *)(void *)real)[2].i = number;
  m->w.roots[root] = ref(real);
  m->roots[root] = number;
}

static tz_object *random_object(model *m) {
  int root = (int)next_random(m, WORLD_ROOTS);
  if (m->roots[root] < 0) return NULL;
  tz_object *o = m->w.roots[root].p;
  for (uint32_t hops = next_random(m, 4); hops; hops--) {
    model_object *known = &m->objects[number_of(o)];
    int slot = (int)next_random(m, (uint32_t)known->slot_count);
    if (known->slots[slot] < 0) break;
    o = slot_of(o, slot)->p;
  }
  return o;
}

static void step_link(model *m) {
  tz_object *from = random_object(m), *to = random_object(m);
  if (!from || !to) return;
  model_object *known = &m->objects[number_of(from)];
  int slot = (int)next_random(m, (uint32_t)known->slot_count), value = number_of(to);
  tz_word word = ref(to);
  if (next_random(m, 8) == 0) {
    value = immediate((int)next_random(m, 1000));
    word.u = tz_any_from_int(value);
  }
  tz_gc_store(&m->w.mutator, from, slot_of(from, slot), word);
  known->slots[slot] = value;
}

static void step_hash(model *m) {
  tz_object *o = random_object(m);
  if (o) m->objects[number_of(o)].hash = tz_object_hash(m->w.heap, o);
}

static void step_drop(model *m) {
  int root = (int)next_random(m, WORLD_ROOTS);
  m->w.roots[root].u = 0;
  m->roots[root] = NOTHING;
}

/* TZ_GC_TEST_SCALE in the environment multiplies the steps of every run. */
static long scaled(long steps) {
  const char *scale = getenv("TZ_GC_TEST_SCALE");
  return scale ? steps * atol(scale) : steps;
}

static void run(tz_gc_options options, long base_steps, uint64_t seed) {
  long steps = scaled(base_steps);
  model *m = calloc(1, sizeof *m);
  world_init(&m->w, options);
  m->random = seed;
  for (int i = 0; i < WORLD_ROOTS; i++) m->roots[i] = NOTHING;
  for (long i = 0; i < steps; i++) {
    uint32_t kind = next_random(m, 100);
    if (kind < 40) step_allocate(m);
    else if (kind < 90) step_link(m);
    else if (kind < 94) step_hash(m);
    else if (kind < 98) step_drop(m);
    else tz_gc_safepoint_stress(&m->w.mutator);
    if (i % 20000 == 0) compare(m);
  }
  compare(m);
  world_collect(&m->w, TZ_GC_FULL);
  compare(m);
  for (int i = 0; i < MODEL_MAX; i++) free(m->objects[i].slots);
  world_fini(&m->w);
  free(m);
}

static tz_gc_options plain(int collector) {
  tz_gc_options o = world_options();
  o.collector = (tz_gc_collector)collector;
  return o;
}

Test(graph, without_stress) {
  for (int collector = 0; collector < 2; collector++) run(plain(collector), 3000000, 1);
}

Test(graph, every_promotion_age) {
  for (unsigned age = 1; age <= 6; age++) {
    tz_gc_options o = plain(0);
    o.promote_age = age;
    o.nursery_size = 256 << 10;
    run(o, 400000, age);
  }
}

Test(graph, collecting_at_every_allocation) {
  for (int collector = 0; collector < 2; collector++) {
    tz_gc_options o = plain(collector);
    o.stress_every_n_allocs = 1;
    o.poison_from_space = TZ_GC_POISON_FILL;
    run(o, 3000, 2);
  }
}

Test(graph, collecting_often_without_verification) {
  for (int collector = 0; collector < 2; collector++) {
    tz_gc_options o = plain(collector);
    o.stress_every_n_allocs = 17;
    o.verify_heap = 0;
    o.poison_from_space = TZ_GC_POISON_FILL;
    run(o, 150000, 3);
  }
}

Test(graph, collecting_at_safepoints) {
  for (int collector = 0; collector < 2; collector++) {
    tz_gc_options o = plain(collector);
    o.stress_every_n_safepoints = 3;
    o.stress_full_every = 4;
    run(o, 40000, 4);
  }
}

Test(graph, protected_from_space) {
  for (int collector = 0; collector < 2; collector++) {
    tz_gc_options o = plain(collector);
    o.stress_every_n_allocs = 50;
    o.poison_from_space = TZ_GC_POISON_PROTECT;
    run(o, 60000, 5);
  }
}

Test(graph, tiny_heap_and_small_thresholds) {
  tz_gc_options o = plain(0);
  o.heap_limit = 24 << 20;
  o.nursery_size = 128 << 10;
  o.large_threshold = 1 << 10;
  o.min_full_bytes = 1 << 20;
  run(o, 400000, 6);
}
