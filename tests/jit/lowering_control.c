/* lowering_control.c: guards and the states that they leave with, calls, polls, exceptions, branches,
 * entering loops. */
#include "lowering.h"
#include "terza/linking.h"

TestSuite(lowering_control, .init = make_world);

#define CALL(l, a, b, c, d)                                                                                  \
  AS(int_code, l)(world->thread, NULL, (int64_t)(intptr_t)(a), (int64_t)(intptr_t)(b),                       \
                  (int64_t)(intptr_t)(c), (int64_t)(intptr_t)(d))

Test(lowering_control, a_guard_leaves_with_all_registers) {
  lowered l = lower("graph t.state int\n"
                    "b0:\n"
                    "  v0 = param int 0\n"
                    "  v1 = param ref 1\n"
                    "  v2 = param any 2\n"
                    "  v4 = int 5\n"
                    "  v5 = add v0, v4\n"
                    "  v6 = lt v0, v4\n"
                    "  guard BOUNDS v6 @ t.state:1 [r0=v0 r1=v1 r2=v2 r4=v5] < t.i_i:0 [r0=v4]\n"
                    "  return v5\n");
  played.deopt_result = 4711;
  cr_expect_eq(CALL(l, 4, 0, 0, 0), 9);
  cr_expect_eq(played.n_deopts, 0u);
  tz_word *node = new_node();
  cr_expect_eq(CALL(l, 6, node, tz_any_from_int(3), 0), 4711);
  cr_expect_eq(played.n_deopts, 1u);
  cr_expect_eq(last_state()->reason, TZ_DEOPT_BOUNDS);
  cr_expect_eq(last_state()->n_frames, 2u);
  const tz_state_frame *frames = &l.result.states->frames[last_state()->first_frame];
  cr_expect_eq(frames[0].function, function_named("t.state"));
  cr_expect_eq(frames[0].pc, 1u);
  cr_expect_eq(frames[1].function, function_named("t.i_i"));
  cr_expect_eq(register_at(0, 0), 6);
  cr_expect_eq(register_at(0, 1), (int64_t)(intptr_t)node);
  cr_expect_eq(register_at(0, 2), (int64_t)tz_any_from_int(3));
  cr_expect_eq(register_at(0, 3), 0);
  cr_expect_eq(register_at(0, 4), 11);
  cr_expect_eq(register_at(1, 0), 5);
}

Test(lowering_control, a_float_and_constants_in_a_state) {
  lowered l = lower("graph t.rif_f float\n"
                    "b0:\n"
                    "  v0 = param ref 0\n"
                    "  v2 = param float 2\n"
                    "  v3 = float 2.5\n"
                    "  v4 = fadd v2, v3\n"
                    "  v5 = any float 1.5\n"
                    "  v6 = any true\n"
                    "  v7 = flt v2, v3\n"
                    "  v8 = int 9223372036854775807\n"
                    "  guard KIND v7 @ t.state:1 [r0=v8 r1=v6 r2=v5 r3=v4 r4=v8]\n"
                    "  return v4\n");
  typedef double code(tz_thread *, tz_function *, void *, int64_t, double);
  played.deopt_result = (tz_word){.f = 7}.i;
  cr_expect_eq(AS(code, l)(world->thread, NULL, NULL, 0, 1), 3.5);
  cr_expect_eq(AS(code, l)(world->thread, NULL, NULL, 0, 4), 7);
  tz_word sum = {.i = register_at(0, 3)};
  cr_expect_eq(sum.f, 6.5);
  cr_expect_eq((uint64_t)register_at(0, 2), tz_any_from_float(1.5));
  cr_expect_eq((uint64_t)register_at(0, 1), tz_any_from_bool(true));
  cr_expect_eq(register_at(0, 0), INT64_MAX);
}

/* More than there are registers, of each kind. */
Test(lowering_control, a_state_of_many_values) {
  enum { EACH = 24 };
  char text[8192], state[2048] = "";
  char *t = text, *s = state;
  t += sprintf(
      t, "graph t.many int\nb0:\n  v0 = param int 0\n  v1 = param float 1\n  v2 = int 1\n  v3 = float 1.5\n");
  for (int i = 0; i < EACH; i++) {
    int id = 10 + 2 * i;
    t += sprintf(t, "  v%d = %s v%d, v2\n  v%d = %s v%d, v3\n", id, i % 3 == 0 ? "mul" : "add",
                 i == 0 ? 0 : id - 2, id + 1, i % 3 == 0 ? "fmul" : "fadd", i == 0 ? 1 : id - 1);
    s += sprintf(s, " r%d=v%d r%d=v%d", 2 + i, id, 2 + EACH + i, id + 1);
  }
  sprintf(t, "  v4 = lt v0, v2\n  guard BOUNDS v4 @ t.many:0 [r0=v0 r1=v1%s]\n  return v%d\n", state,
          10 + 2 * EACH - 2);
  lowered l = lower(text);
  typedef int64_t code(tz_thread *, tz_function *, int64_t, double);
  AS(code, l)(world->thread, NULL, 5, 2);
  cr_assert_eq(played.n_deopts, 1u);
  int64_t sum = 5;
  double product = 2;
  for (int i = 0; i < EACH; i++) {
    sum = i % 3 == 0 ? sum : sum + 1;
    product = i % 3 == 0 ? product * 1.5 : product + 1.5;
    cr_expect_eq(register_at(0, 2 + (uint32_t)i), sum);
    cr_expect_eq((tz_word){.i = register_at(0, 2 + EACH + (uint32_t)i)}.f, product);
  }
}

Test(lowering_control, virtual_objects_that_know_each_other) {
  lowered l = lower("graph t.state int\n"
                    "b0:\n"
                    "  v0 = param int 0\n"
                    "  v1 = param ref 1\n"
                    "  v2 = float 0.5\n"
                    "  v3 = any null\n"
                    "  v4 = virtual %t:Node v0, v2, v5, v3\n"
                    "  v5 = virtual %t:Node v0, v2, v4, v1\n"
                    "  deopt UNREACHED @ t.state:1 [r0=v0 r1=v4 r2=v5]\n");
  tz_word *node = new_node();
  CALL(l, 12, node, 0, 0);
  const tz_states *s = l.result.states;
  cr_assert_eq(last_state()->n_virtuals, 2u);
  const tz_state_virtual *first = &s->virtuals[last_state()->first_virtual], *second = first + 1;
  cr_expect_eq(first->cls, class_named("t.Node"));
  cr_expect_eq(first->n_values, 3u, "null needs no saying");
  const tz_state_value *v = &s->values[first->first_value];
  cr_expect_eq(played.operands[v[0].index], 12);
  cr_expect_eq(v[2].slot, 2);
  cr_expect_eq(v[2].source, TZ_FROM_VIRTUAL);
  cr_expect_eq(v[2].index, 1u);
  v = &s->values[second->first_value];
  cr_assert_eq(second->n_values, 4u);
  cr_expect_eq(v[2].source, TZ_FROM_VIRTUAL);
  cr_expect_eq(v[2].index, 0u);
  cr_expect_eq(played.operands[v[3].index], (int64_t)(intptr_t)node);
  const tz_state_frame *frame = &s->frames[last_state()->first_frame];
  cr_assert_eq(frame->n_values, 3u);
  cr_expect_eq(s->values[frame->first_value + 1].source, TZ_FROM_VIRTUAL);
}

Test(lowering_control, boxes_in_states_are_made_when_leaving) {
  lowered l = lower("graph t.state int\n"
                    "b0:\n"
                    "  v0 = param int 0\n"
                    "  v1 = param ref 1\n"
                    "  v2 = box.int v0\n"
                    "  v3 = float 0.5\n"
                    "  v4 = box.float v3\n"
                    "  v5 = box.bool v0\n"
                    "  v6 = virtual %t:Node v0, v3, v7, v5\n"
                    "  v7 = virtual %t:Node v0, v3, v1, v4\n"
                    "  deopt UNREACHED @ t.state:1 [r0=v0 r1=v6 r2=v2]\n");
  CALL(l, 12, new_node(), 0, 0);
  const tz_states *s = l.result.states;
  const tz_state_value *v = &s->values[s->frames[last_state()->first_frame].first_value];
  cr_expect_eq(v[2].source, TZ_FROM_INT);
  cr_expect_eq(v[2].index, v[0].index, "the box is no value of its own");
  cr_expect_eq(played.operands[v[2].index], 12);
  const tz_state_virtual *objects = &s->virtuals[last_state()->first_virtual];
  cr_expect_eq(s->values[objects[0].first_value + 3].source, TZ_FROM_BOOL);
  cr_expect_eq(s->values[objects[1].first_value + 3].source, TZ_FROM_FLOAT);
}

/* The sum of an array's elements, with both checks in the loop. */
static const char sum[] = "graph t.ri_i int\n"
                          "b0:\n"
                          "  v0 = param ref 0\n"
                          "  v1 = param int 1\n"
                          "  v2 = int 0\n"
                          "  v3 = int 1\n"
                          "  jump -> b1\n"
                          "b1 (b0, b2):\n"
                          "  v4 = phi int v2, v13\n"
                          "  v5 = phi int v2, v12\n"
                          "  v6 = lt v4, v1\n"
                          "  branch 1000 v6 -> b2, b3\n"
                          "b2 (b1):\n"
                          "  v7 = is.null v0\n"
                          "  v8 = eq v7, v2\n"
                          "  guard NULL v8 @ t.state:1 [r0=v4 r1=v0 r4=v5]\n"
                          "  v9 = length v0\n"
                          "  v10 = ult v4, v9\n"
                          "  guard BOUNDS v10 @ t.state:1 [r0=v4 r1=v0 r4=v5]\n"
                          "  v11 = load.element int i64 v0, v4\n"
                          "  v12 = add v5, v11\n"
                          "  v13 = add v4, v3\n"
                          "  jump -> b1\n"
                          "b3 (b1):\n"
                          "  return v5\n";

/* What the interpreter would do from the state that the code left with. */
static int64_t sum_on(const tz_array *array, int64_t n) {
  int64_t total = register_at(0, 4);
  for (int64_t i = register_at(0, 0); i < n; i++) {
    if (array == NULL || i >= array->length) return -1000 - total;
    total += array->words[i].i;
  }
  return total;
}

static void expect_sums(tz_llvm_request request) {
  lowered l = lower_with(sum, request);
  cr_assert_null(l.result.problem);
  tz_array *array = new_array_of(TZ_KIND_I64, 100);
  int64_t expected = 0;
  for (int64_t i = 0; i < 100; i++) array->words[i].i = i * i;
  for (int64_t n = 0; n < 103; n++) {
    played.n_deopts = 0;
    int64_t result = CALL(l, array, n, 0, 0);
    cr_expect_eq(played.n_deopts, n > 100 ? 1u : 0u);
    if (played.n_deopts > 0) result = sum_on(array, n);
    cr_expect_eq(result, n > 100 ? -1000 - expected : expected, "%ld elements", n);
    if (n < 100) expected += n * n;
  }
  cr_expect_eq(CALL(l, NULL, 0, 0, 0), 0);
  played.n_deopts = 0;
  CALL(l, NULL, 3, 0, 0);
  cr_expect_eq(played.n_deopts, 1u);
  cr_expect_eq(sum_on(NULL, 3), -1000);
  discard(&l);
}

Test(lowering_control, checks_taken_out_of_a_loop) { expect_sums((tz_llvm_request){.graph = NULL}); }
Test(lowering_control, checks_within_a_loop) { expect_sums((tz_llvm_request){.no_loop_predication = true}); }
Test(lowering_control, checks_without_optimization) {
  expect_sums((tz_llvm_request){.no_optimization = true});
}

Test(lowering_control, branches_and_switches) {
  lowered l = lower("graph t.ii_i int\n"
                    "b0:\n"
                    "  v0 = param int 0\n"
                    "  v1 = param int 1\n"
                    "  v2 = int 100\n"
                    "  v3 = int 200\n"
                    "  v4 = int 300\n"
                    "  switch v0 -> b1, b2, b3, b3, b3\n"
                    "b1 (b0):\n"
                    "  branch 512 v1 -> b3, b2\n"
                    "b2 (b0, b1):\n"
                    "  return v2\n"
                    "b3 (b0, b0, b0, b1):\n"
                    "  v5 = phi int v3, v4, v2, v1\n"
                    "  return v5\n");
  cr_expect_eq(CALL(l, 0, 0, 0, 0), 100);
  cr_expect_eq(CALL(l, 0, 7, 0, 0), 7);
  cr_expect_eq(CALL(l, 1, 7, 0, 0), 100);
  cr_expect_eq(CALL(l, 2, 0, 0, 0), 200);
  cr_expect_eq(CALL(l, 3, 0, 0, 0), 300);
  cr_expect_eq(CALL(l, 4, 0, 0, 0), 100);
  cr_expect_eq(CALL(l, -1, 0, 0, 0), 100);
}

/* Counts to n, polling; gives back a reference that is alive all the time. */
static const char polling[] = "graph t.ri_r ref\n"
                              "b0:\n"
                              "  v0 = param ref 0\n"
                              "  v1 = param int 1\n"
                              "  v2 = int 0\n"
                              "  v3 = int 1\n"
                              "  jump -> b1\n"
                              "b1 (b0, b3):\n"
                              "  v4 = phi int v2, v5\n"
                              "  v5 = add v4, v3\n"
                              "  v6 = load.field int 0 v0\n"
                              "  v7 = add v6, v3\n"
                              "  store.field 0 v0, v7\n"
                              "  v8 = lt v5, v1\n"
                              "  branch 1000 v8 -> b2, b4\n"
                              "b2 (b1):\n"
                              "  v9 = poll @ t.state:2\n"
                              "  branch 1 v9 -> b5, b3\n"
                              "b3 (b2):\n"
                              "  jump -> b1\n"
                              "b4 (b1):\n"
                              "  return v0\n"
                              "b5 (b2):\n"
                              "  deopt INVALID @ t.state:2 [r0=v5 r1=v0]\n";

Test(lowering_control, polls_answered) {
  lowered l = lower(polling);
  tz_word *node = new_node();
  world->thread->poll = 0;
  cr_expect_eq(CALL(l, node, 100, 0, 0), (int64_t)(intptr_t)node);
  cr_expect_eq(node[1].i, 100);
  cr_expect_eq(played.n_polls, 0u);
  world->thread->poll = 1;
  CALL(l, node, 100, 0, 0);
  cr_expect_eq(played.n_polls, 1u);
  cr_expect_eq(node[1].i, 200);
  world->thread->poll = 1;
  played.poll_answer = 1;
  played.deopt_result = 99;
  cr_expect_eq(CALL(l, node, 100, 0, 0), 99);
  cr_expect_eq(last_state()->reason, TZ_DEOPT_INVALID);
  cr_expect_eq(register_at(0, 0), 1);
}

Test(lowering_control, objects_move_at_a_poll) {
  lowered l = lower(polling);
  tz_word *old = new_node(), *new = new_node();
  played.moves_from = (tz_object *)old;
  played.moves_to = (tz_object *)new;
  world->thread->poll = 1;
  cr_expect_eq(CALL(l, old, 10, 0, 0), (int64_t)(intptr_t)new);
  cr_expect_eq(new[1].i, 9, "the stores behind the poll go to where the object is");
}

/* ---- calls ---- */

static int64_t callee_raises;
static int64_t callee(tz_thread *th, tz_function *self, int64_t a, void *b) {
  cr_expect_eq(self, function_named("t.ri_i"));
  th->exception = (uint64_t)callee_raises;
  return a + (b != NULL);
}

static const char calling[] = "graph t.ri_i int\n"
                              "b0:\n"
                              "  v0 = param ref 0\n"
                              "  v1 = param int 1\n"
                              "  %s @ t.state:2 < t.i_i:0\n"
                              "  v3 = pending\n"
                              "  branch 1 v3 -> b1, b2\n"
                              "b1 (b0):\n"
                              "  fail\n"
                              "b2 (b0):\n"
                              "  v4 = add v2, v1\n"
                              "  return v4\n";

static void expect_calls(const char *call) {
  char text[1024];
  snprintf(text, sizeof text, calling, call);
  lowered l = lower(text);
  function_named("t.ri_i")->compiled = (void *)callee;
  callee_raises = 0;
  world->thread->native_limit = NULL;
  cr_expect_eq(CALL(l, new_node(), 20, 0, 0), 41);
  callee_raises = 5;
  cr_expect_eq(CALL(l, new_node(), 20, 0, 0), 0, "an exception is pending");
  cr_expect_eq(l.result.states->n_frames, 2u);
  cr_expect(l.result.states->states[0].is_place_only);
  cr_expect_eq(played.n_stubs, 0u);
  discard(&l);
}

Test(lowering_control, calls) {
  expect_calls("v2 = call int t.ri_i v1, v0");
  expect_calls("v9 = int function t.ri_i\n  v2 = call.pointer int v9, v1, v0");
}

/* What a leaf does to the object is against its promise, which code relies on. */
static tz_word *changed;
static int64_t change(tz_thread *th, tz_function *self, int64_t by) {
  (void)th, (void)self;
  changed[1].i += by;
  return 0;
}

Test(lowering_control, leaves_leave_memory_alone) {
  static const char text[] = "graph t.ri_i int\n"
                             "b0:\n"
                             "  v0 = param ref 0\n"
                             "  v1 = param int 1\n"
                             "  v2 = load.field int 0 v0\n"
                             "  v3 = call int t.i_i v1 @ t.state:2\n"
                             "  v4 = pending\n"
                             "  branch 1 v4 -> b1, b2\n"
                             "b1 (b0):\n"
                             "  fail\n"
                             "b2 (b0):\n"
                             "  v5 = load.field int 0 v0\n"
                             "  v6 = sub v5, v2\n"
                             "  return v6\n";
  tz_function *f = function_named("t.i_i");
  changed = new_node();
  world->thread->native_limit = NULL;
  for (int is_leaf = 0; is_leaf < 2; is_leaf++) {
    if (is_leaf) tz_function_make_leaf(world, f);
    lowered l = lower(text);
    f->compiled = (void *)change;
    cr_expect_eq(CALL(l, changed, 7, 0, 0), is_leaf ? 0 : 7);
    discard(&l);
  }
}

/* Too deep on the native stack: the stub runs the function elsewhere. */
Test(lowering_control, the_stack_is_used_up) {
  lowered l = lower("graph t.i_i int\n"
                    "b0:\n"
                    "  v1 = param int 0\n"
                    "  v0 = ref null\n"
                    "  v2 = call int t.ri_i v1, v0 @ t.state:2\n"
                    "  v3 = pending\n"
                    "  branch 1 v3 -> b1, b2\n"
                    "b1 (b0):\n"
                    "  fail\n"
                    "b2 (b0):\n"
                    "  return v2\n");
  function_named("t.ri_i")->compiled = (void *)callee;
  world->thread->native_limit = NULL;
  cr_expect_eq(CALL(l, 20, 0, 0, 0), 20);
  world->thread->native_limit = (char *)UINTPTR_MAX;
  cr_expect_eq(CALL(l, 20, 0, 0, 0), 20000);
  cr_expect_eq(played.n_stubs, 1u);
}

Test(lowering_control, assumptions) {
  lowered l = lower("graph t.i_i int\n"
                    "b0:\n"
                    "  v0 = param int 0\n"
                    "  v1 = valid\n"
                    "  guard INVALID v1 @ t.state:0 [r0=v0]\n"
                    "  return v0\n");
  cr_expect_eq(CALL(l, 3, 0, 0, 0), 3);
  *assumption = 0;
  played.deopt_result = -3;
  cr_expect_eq(CALL(l, 3, 0, 0, 0), -3);
  cr_expect_eq(last_state()->reason, TZ_DEOPT_INVALID);
}

Test(lowering_control, entering_a_loop) {
  lowered l = lower("graph t.state int osr 1\n"
                    "b0:\n"
                    "  v0 = param int 0\n"
                    "  v1 = param ref 1\n"
                    "  v2 = param float 3\n"
                    "  v3 = param int 4\n"
                    "  v4 = int 1\n"
                    "  jump -> b1\n"
                    "b1 (b0, b2):\n"
                    "  v5 = phi int v3, v6\n"
                    "  v6 = add v5, v4\n"
                    "  v7 = lt v6, v0\n"
                    "  branch 1000 v7 -> b2, b3\n"
                    "b2 (b1):\n"
                    "  jump -> b1\n"
                    "b3 (b1):\n"
                    "  v8 = is.null v1\n"
                    "  v9 = f2i v2\n"
                    "  v10 = add v6, v9\n"
                    "  v11 = add v10, v8\n"
                    "  return v11\n");
  tz_word frame[5] = {{.i = 10}, {.p = NULL}, {.i = 0}, {.f = 1000}, {.i = 3}};
  cr_expect_eq(CALL(l, frame, 0, 0, 0), 1011);
  frame[0].i = 0;
  frame[1].p = frame;
  cr_expect_eq(CALL(l, frame, 0, 0, 0), 1004);
}

Test(lowering_control, what_cannot_be_lowered_is_said) {
  char *problem = NULL;
  tz_llvm_request request = {.graph = NULL};
  volatile int64_t *place = assumption;
  assumption = NULL;
  lowered l = lower_with("graph t.i_i int\nb0:\n  v0 = valid\n  return v0\n", request);
  assumption = place;
  cr_assert_not_null(l.result.problem);
  cr_expect_not_null(strstr(l.result.problem, "assumptions"), "%s", l.result.problem);
  cr_expect_null(l.result.object);
  cr_expect_null(problem);
  discard(&l);
}

Test(lowering_control, dumps) {
  char *text = NULL;
  size_t n;
  tz_llvm_request request = {.dump_llvm = true, .dump_asm = true, .to = open_memstream(&text, &n)};
  lowered l = lower_with(polling, request);
  fclose(request.to);
  cr_assert_null(l.result.problem);
  cr_expect_not_null(strstr(text, "LLVM IR as lowered"));
  cr_expect_not_null(strstr(text, "load volatile i64"));
  cr_expect_not_null(strstr(text, "LLVM IR after passes"));
  cr_expect_not_null(strstr(text, "gc.statepoint"));
  cr_expect_not_null(strstr(text, "machine code of t.ri_r"));
  cr_expect_not_null(strstr(text, "ret"));
  cr_expect_not_null(strstr(text, "; tz_native_poll"), "%s", text);
  free(text);
}
