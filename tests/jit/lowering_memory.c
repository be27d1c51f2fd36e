/* lowering_memory.c: fields, elements, globals, classes, allocation, the write barrier. */
#include "lowering.h"

TestSuite(lowering_memory, .init = make_world);

#define CALL(l, a, b, c)                                                                                     \
  AS(int_code, l)(world->thread, NULL, (int64_t)(intptr_t)(a), (int64_t)(intptr_t)(b),                       \
                  (int64_t)(intptr_t)(c), 0)

Test(lowering_memory, fields) {
  lowered l = lower("graph t.rri_i int\n"
                    "b0:\n"
                    "  v0 = param ref 0 : nonnull\n"
                    "  v1 = param ref 1\n"
                    "  v2 = param int 2\n"
                    "  store.field 0 v0, v2\n"
                    "  v3 = i2f v2\n"
                    "  store.field 1 v0, v3\n"
                    "  store.field 2 v0, v1\n"
                    "  v4 = box.int v2\n"
                    "  store.field 3 v0, v4\n"
                    "  v5 = load.field int 0 v0\n"
                    "  v6 = load.field float 1 v0\n"
                    "  v7 = f2i v6\n"
                    "  v8 = load.field any 3 v0\n"
                    "  v9 = unbox.int v8\n"
                    "  v10 = add v5, v7\n"
                    "  v11 = add v9, v10\n"
                    "  return v11\n");
  tz_word *node = new_node(), *other = new_node();
  cr_expect_eq(CALL(l, node, other, 14), 42);
  cr_expect_eq(node[1].i, 14);
  cr_expect_eq(node[2].f, 14.0);
  cr_expect_eq(node[3].p, other);
  cr_expect_eq(node[4].u, tz_any_from_int(14));
  cr_expect_eq(played.n_barriers, 0u, "a young object needs none");
  ((tz_object *)node)->header.meta |= TZ_META_BARRIER;
  node[3].p = NULL;
  CALL(l, node, other, 1);
  cr_expect_eq(played.n_barriers, 2u, "one for each reference stored");
  cr_expect_eq(played.barrier_object, (tz_object *)node);
  cr_expect_eq(played.barrier_offset, 32);
  cr_expect_eq(node[3].p, other);
}

Test(lowering_memory, stores_that_need_no_barrier) {
  lowered l = lower("graph t.rr_i int\n"
                    "b0:\n"
                    "  v0 = param ref 0\n"
                    "  v1 = param ref 1\n"
                    "  store.field 2 v0, v1 : nobarrier\n"
                    "  v2 = load.field ref 2 v0\n"
                    "  v3 = same v2, v1\n"
                    "  return v3\n");
  tz_word *node = new_node(), *other = new_node();
  ((tz_object *)node)->header.meta |= TZ_META_BARRIER;
  cr_expect_eq(CALL(l, node, other, 0), 1);
  cr_expect_eq(played.n_barriers, 0u);
  cr_expect_eq(node[3].p, other);
}

/* Element b of array a becomes element b + 1, which is given back. */
static int64_t copied(const char *kind, const char *type, tz_array *array, int64_t at) {
  char text[512];
  snprintf(text, sizeof text,
           "graph t.ri_i int\nb0:\n  v0 = param ref 0\n  v1 = param int 1\n  v2 = int 1\n  v3 = add v1, v2\n"
           "  v4 = load.element %s %s v0, v1\n  store.element %s v0, v3, v4\n  v5 = load.element %s %s v0, "
           "v3\n%s  return v%d\n",
           type, kind, kind, type, kind,
           *type == 'f'   ? "  v6 = f2i v5\n"
           : *type == 'a' ? "  v6 = unbox.int v5\n"
                          : "",
           *type == 'i' ? 5 : 6);
  lowered l = lower(text);
  int64_t result = CALL(l, array, at, 0);
  discard(&l);
  return result;
}

Test(lowering_memory, elements_of_every_kind) {
  tz_array *u8 = new_array_of(TZ_KIND_U8, 10), *i16 = new_array_of(TZ_KIND_I16, 10),
           *i32 = new_array_of(TZ_KIND_I32, 10), *i64 = new_array_of(TZ_KIND_I64, 10),
           *f32 = new_array_of(TZ_KIND_F32, 10), *f64 = new_array_of(TZ_KIND_F64, 10),
           *any = new_array_of(TZ_KIND_ANY, 10);
  u8->u8[5] = 200;
  i16->i16[5] = -200;
  i32->i32[5] = -70000;
  i64->words[5].i = INT64_MIN;
  f32->f32[5] = 77;
  f64->words[5].f = -99;
  any->words[5].u = tz_any_from_int(-5);
  cr_expect_eq(copied("u8", "int", u8, 5), 200);
  cr_expect_eq(copied("i16", "int", i16, 5), -200);
  cr_expect_eq(copied("i32", "int", i32, 5), -70000);
  cr_expect_eq(copied("i64", "int", i64, 5), INT64_MIN);
  cr_expect_eq(copied("f32", "float", f32, 5), 77);
  cr_expect_eq(copied("f64", "float", f64, 5), -99);
  cr_expect_eq(copied("any", "any", any, 5), -5);
  cr_expect_eq(u8->u8[6], 200);
  cr_expect_eq(u8->u8[7], 0);
  cr_expect_eq(i16->i16[7], 0);
  any->header.meta |= TZ_META_BARRIER;
  cr_expect_eq(copied("any", "any", any, 5), -5);
  cr_expect_eq(played.n_barriers, 1u);
  cr_expect_eq(played.barrier_offset, 16 + 6 * 8);
}

Test(lowering_memory, lengths_and_bytes) {
  lowered l = lower("graph t.ri_i int\n"
                    "b0:\n"
                    "  v0 = param ref 0\n"
                    "  v1 = param int 1\n"
                    "  v2 = length v0\n"
                    "  v3 = load.byte v0, v1\n"
                    "  v4 = int 1000\n"
                    "  v5 = mul v2, v4\n"
                    "  v6 = add v5, v3\n"
                    "  return v6\n");
  tz_array *bytes = new_array_of(TZ_KIND_U8, 7);
  bytes->u8[6] = 255;
  cr_expect_eq(CALL(l, bytes, 6, 0), 7255);
}

Test(lowering_memory, globals) {
  lowered l = lower("graph t.ri_i int\n"
                    "b0:\n"
                    "  v0 = param ref 0\n"
                    "  v1 = param int 1\n"
                    "  v2 = load.global int t:0\n"
                    "  v3 = add v2, v1\n"
                    "  store.global t:0 v3\n"
                    "  store.global t:1 v0\n"
                    "  v4 = load.global ref t:1\n"
                    "  v5 = same v4, v0\n"
                    "  v6 = add v3, v5\n"
                    "  return v6\n");
  tz_word *node = new_node();
  cr_expect_eq(CALL(l, node, 10, 0), 11);
  cr_expect_eq(CALL(l, node, 10, 0), 21);
}

Test(lowering_memory, classes) {
  lowered l = lower("graph t.ri_i int\n"
                    "b0:\n"
                    "  v0 = param ref 0\n"
                    "  v1 = param int 1\n"
                    "  v2 = class.of v0\n"
                    "  v3 = reads.class v0\n"
                    "  v4 = eq v2, v3\n"
                    "  v5 = subclass %t:Node v2\n"
                    "  v6 = subclass %t:Leaf v2\n"
                    "  v7 = tag v2\n"
                    "  v8 = int 2\n"
                    "  v9 = shl v4, v8\n"
                    "  v10 = add v5, v5\n"
                    "  v11 = or v9, v10\n"
                    "  v12 = or v11, v6\n"
                    "  v13 = int 100\n"
                    "  v14 = mul v7, v13\n"
                    "  v15 = add v12, v14\n"
                    "  return v15\n");
  tz_word *node = new_node();
  cr_expect_eq(CALL(l, node, 0, 0) % 100, 6, "a Node, no Leaf");
  tz_object *leaf = tz_gc_alloc(&world->thread->mutator, &class_named("t.Leaf")->layout),
            *other = tz_gc_alloc(&world->thread->mutator, &class_named("t.Other")->layout);
  cr_expect_eq(CALL(l, leaf, 0, 0), 707, "a Leaf is a Node too");
  cr_expect_eq(CALL(l, other, 0, 0), 304, "neither");
}

Test(lowering_memory, methods_and_what_types_accept) {
  lowered l = lower("graph t.ri_i int\n"
                    "b0:\n"
                    "  v0 = param ref 0\n"
                    "  v2 = class.of v0\n"
                    "  v3 = method 2 v2\n"
                    "  v4 = int function t.hash\n"
                    "  v5 = eq v3, v4\n"
                    "  v6 = accepts %t:Node v0\n"
                    "  v7 = add v5, v5\n"
                    "  v8 = add v6, v7\n"
                    "  return v8\n");
  cr_expect_eq(CALL(l, new_node(), 0, 0), 3);
  cr_expect_eq(CALL(l, tz_gc_alloc(&world->thread->mutator, &class_named("t.Other")->layout), 0, 0), 2);
}

static tz_string *string_of(const char *text) {
  int64_t length = (int64_t)strlen(text);
  tz_string *s =
      (tz_string *)tz_gc_alloc_array(&world->thread->mutator, &world->string_class->layout, length);
  memcpy(s->u8, text, (size_t)length);
  return s;
}

Test(lowering_memory, what_the_runtime_tells_without_a_state) {
  lowered method = lower("graph t.r_i int\n"
                         "b0:\n"
                         "  v0 = param ref 0\n"
                         "  v1 = class.of v0\n"
                         "  v2 = interface.method %t:Sized 0 v1\n"
                         "  return v2\n");
  tz_object *leaf = tz_gc_alloc(&world->thread->mutator, &class_named("t.Leaf")->layout);
  cr_expect_eq(CALL(method, leaf, 0, 0), (int64_t)(intptr_t)function_named("t.Leaf.size"));
  lowered text = lower("graph t.rr_i int\n"
                       "b0:\n"
                       "  v0 = param ref 0\n"
                       "  v1 = param ref 1\n"
                       "  v2 = same.text v0, v1\n"
                       "  return v2\n");
  cr_expect_eq(CALL(text, string_of("eins"), string_of("eins"), 0), 1);
  cr_expect_eq(CALL(text, string_of("eins"), string_of("zwei"), 0), 0);
}

Test(lowering_memory, strings) {
  lowered l = lower("graph t.rri_i int\n"
                    "b0:\n"
                    "  v0 = param ref 0\n"
                    "  v1 = param ref 1\n"
                    "  v2 = param int 2\n"
                    "  v3 = int 10\n"
                    "  v4 = int 1000\n"
                    "  v5 = matches.text v0, v1, v2\n"
                    "  v6 = find.text v0, v1, v2\n"
                    "  v7 = compare.text v0, v1\n"
                    "  v8 = int 0\n"
                    "  v9 = lt v7, v8\n"
                    "  v10 = mul v6, v3\n"
                    "  v11 = mul v9, v4\n"
                    "  v12 = add v5, v10\n"
                    "  v13 = add v12, v11\n"
                    "  return v13\n");
  cr_expect_eq(CALL(l, string_of("abcab"), string_of("ab"), 3), 31);
  cr_expect_eq(CALL(l, string_of("abcab"), string_of("ab"), 1), 30);
  cr_expect_eq(CALL(l, string_of("abcab"), string_of("b"), -7), 1010);
  lowered hash = lower("graph t.r_i int\nb0:\n  v0 = param ref 0\n  v1 = hash.text v0\n  return v1\n");
  tz_string *s = string_of("eins");
  cr_expect_eq(CALL(hash, s, 0, 0), tz_string_hash(s));
}

/* A list of n nodes, each made before its predecessor is stored into it; the references kept across the
 * allocation. */
static const char list[] = "graph t.i_r ref\n"
                           "b0:\n"
                           "  v0 = param int 0\n"
                           "  v1 = int 0\n"
                           "  v2 = int 1\n"
                           "  v3 = ref null\n"
                           "  jump -> b1\n"
                           "b1 (b0, b4):\n"
                           "  v4 = phi int v1, v10\n"
                           "  v5 = phi ref v3, v8\n"
                           "  v6 = lt v4, v0\n"
                           "  branch 1000 v6 -> b2, b5\n"
                           "b2 (b1):\n"
                           "  v8 = new %t:Node @ t.state:2\n"
                           "  v9 = is.null v8\n"
                           "  branch 1 v9 -> b3, b4\n"
                           "b3 (b2):\n"
                           "  fail\n"
                           "b4 (b2):\n"
                           "  store.field 0 v8, v4\n"
                           "  store.field 2 v8, v5\n"
                           "  v10 = add v4, v2\n"
                           "  jump -> b1\n"
                           "b5 (b1):\n"
                           "  return v5\n";

static void expect_list(const tz_word *node, int64_t n) {
  for (int64_t i = n - 1; i >= 0; i--, node = node[3].p) {
    cr_assert_not_null(node);
    cr_expect_eq(node[1].i, i);
    cr_expect_eq(tz_object_class(node), class_named("t.Node"));
    cr_expect_eq(((const tz_header *)node)->meta, 0u);
  }
  cr_expect_null(node);
}

Test(lowering_memory, allocation_in_the_thread_s_buffer) {
  lowered l = lower(list);
  new_node(); /* gets a buffer */
  expect_list((tz_word *)CALL(l, 10, 0, 0), 10);
  cr_expect_eq(played.n_new, 0u);
}

Test(lowering_memory, class_and_fields_of_a_new_object) {
  lowered l = lower("graph t.i_i int\n"
                    "b0:\n"
                    "  v0 = param int 0\n"
                    "  v1 = new %t:Node @ t.state:2\n"
                    "  v2 = is.null v1\n"
                    "  branch 1 v2 -> b1, b2\n"
                    "b1 (b0):\n"
                    "  fail\n"
                    "b2 (b0):\n"
                    "  v3 = reads.class v1\n"
                    "  v4 = int class %t:Node\n"
                    "  v5 = eq v3, v4\n"
                    "  v6 = load.field int 0 v1\n"
                    "  store.global t:1 v1\n"
                    "  v7 = add v5, v6\n"
                    "  return v7\n");
  new_node();
  cr_expect_eq(CALL(l, 0, 0, 0), 1);
  cr_expect_eq(played.n_new, 0u);
}

Test(lowering_memory, allocation_by_the_runtime) {
  lowered l = lower(list);
  tz_mutator *m = &world->thread->mutator;
  new_node();
  m->alloc_limit = m->alloc_top;
  tz_word *node = (tz_word *)CALL(l, 1, 0, 0);
  expect_list(node, 1);
  cr_expect_eq(played.n_new, 1u);
  cr_expect_eq(last_state()->is_place_only, true);
  cr_expect_eq(played.running->result.states->frames[last_state()->first_frame].pc, 2u);
}

Test(lowering_memory, allocation_fails) {
  lowered l = lower(list);
  tz_mutator *m = &world->thread->mutator;
  new_node();
  m->alloc_limit = m->alloc_top;
  played.out_of_memory = true;
  cr_expect_eq(CALL(l, 3, 0, 0), 0);
  cr_expect_eq(played.n_new, 1u);
  cr_expect_eq(world->thread->exception, 1u);
}

Test(lowering_memory, objects_move_while_another_is_made) {
  lowered l = lower("graph t.ri_r ref\n"
                    "b0:\n"
                    "  v0 = param ref 0\n"
                    "  v1 = load.field int 0 v0\n"
                    "  v2 = new %t:Node @ t.state:2\n"
                    "  v3 = is.null v2\n"
                    "  branch 1 v3 -> b1, b2\n"
                    "b1 (b0):\n"
                    "  fail\n"
                    "b2 (b0):\n"
                    "  v4 = add v1, v1\n"
                    "  store.field 0 v0, v4\n"
                    "  store.field 2 v2, v0 : nobarrier\n"
                    "  return v2\n");
  tz_word *old = new_node(), *new = new_node();
  tz_mutator *m = &world->thread->mutator;
  m->alloc_limit = m->alloc_top;
  old[1].i = 21;
  played.moves_from = (tz_object *)old;
  played.moves_to = (tz_object *)new;
  tz_word *made = (tz_word *)CALL(l, old, 0, 0);
  cr_expect_eq(played.n_new, 1u);
  cr_expect_eq(new[1].i, 42, "the store goes to where the object is now");
  cr_expect_eq(made[3].p, new);
}

Test(lowering_memory, arrays_made) {
  for (int64_t n = 0; n < 700; n += 100) { /* beyond 512 elements the runtime makes them */
    char text[512];
    snprintf(
        text, sizeof text,
        "graph t.i_r ref\nb0:\n  v0 = param int 0\n  v1 = new.array %s v0 @ t.state:2\n  v2 = is.null v1\n"
        "  branch 1 v2 -> b1, b2\nb1 (b0):\n  fail\nb2 (b0):\n  return v1\n",
        n % 200 == 0 ? "[i64]" : "[u8]");
    lowered l = lower(text);
    new_node();
    played.n_new = 0;
    tz_array *array = (tz_array *)CALL(l, n + 3, 0, 0), *next = (tz_array *)CALL(l, n + 3, 0, 0);
    cr_expect_eq(array->length, n + 3);
    cr_expect_eq(tz_object_bytes((tz_object *)array) % 8, 0u);
    cr_expect_eq(played.n_new, n + 3 > 512 ? 2u : 0u);
    if (played.n_new == 0)
      cr_expect_eq((char *)next - (char *)array, (ptrdiff_t)tz_object_bytes((tz_object *)array));
    discard(&l);
  }
}

/* The exception that an allocation left behind is seen although one was cleared before. */
Test(lowering_memory, exception_of_a_failed_allocation) {
  lowered l = lower("graph t.ri_r ref\n"
                    "b0:\n"
                    "  clear.exception\n"
                    "  v0 = new %t:Other @ t.state:2\n"
                    "  v1 = is.null v0\n"
                    "  branch 1 v1 -> b1, b2\n"
                    "b1 (b0):\n"
                    "  v2 = exception\n"
                    "  return v2\n"
                    "b2 (b0):\n"
                    "  return v0\n");
  played.out_of_memory = true;
  tz_mutator *m = &world->thread->mutator;
  m->alloc_limit = m->alloc_top;
  world->thread->exception = 77;
  cr_expect_eq(CALL(l, 0, 0, 0), 1, "what tz_native_new left");
}

/* The error raised is the exception until it is cleared; references are those of objects that have moved. */
Test(lowering_memory, raising) {
  lowered l = lower("graph t.ri_r ref\n"
                    "b0:\n"
                    "  v0 = param ref 0\n"
                    "  v1 = param int 1\n"
                    "  raise v0 @ t.state:2\n"
                    "  v2 = exception\n"
                    "  branch 512 v1 -> b1, b2\n"
                    "b1 (b0):\n"
                    "  clear.exception\n"
                    "  store.field 2 v2, v0\n"
                    "  return v2\n"
                    "b2 (b0):\n"
                    "  fail\n");
  tz_word *old = new_node(), *new = new_node();
  cr_expect_eq(CALL(l, old, 0, 0), 0);
  cr_expect_eq(world->thread->exception, (uint64_t)(uintptr_t)old);
  played.moves_from = (tz_object *)old;
  played.moves_to = (tz_object *)new;
  cr_expect_eq(CALL(l, old, 1, 0), (int64_t)(intptr_t)old, "as the exception says");
  cr_expect_eq(old[3].p, new, "as the collector says");
  cr_expect_eq(world->thread->exception, 0u);
}
