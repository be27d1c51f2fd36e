/* calls.c: calls of every kind, loops, switches, the stack and the collector's view of frames. */
#include "world.h"
#include <criterion/criterion.h>

static tz_options restless(void) {
  tz_options o = *tz_options_default();
  o.stress_alloc = 3;
  o.stress_poison = o.verify_heap = o.stress_stack = true;
  o.stress_budget = 1;
  o.stress_safepoint = 2;
  return o;
}

/* Runs a test body on a VM at ease and on a restless one. */
#define ON_BOTH(vm)                                                                                          \
  for (int round_ = 0; round_ < 2; round_++)                                                                 \
    for (tz_vm *vm = round_ == 0 ? world_new() : world_new_with(&(tz_options[]){restless()}[0]); vm;         \
         tz_vm_free(vm), vm = NULL)

Test(calls, recursion) { ON_BOTH(vm) cr_expect_eq(RUN(vm, make_fib(vm), wi(18)).i, 2584); }

/* f(a..e) = a + 10 b + 100 c + 1000 d + 10000 e, called plainly or as a tail. */
static tz_function *make_five(tz_vm *vm) {
  code c;
  code_begin(&c, vm, "five", "(i64,i64,i64,i64,i64)i64", "i64");
  for (int i = 3; i >= 0; i--) {
    abc(&c, TZ_OP_MUL_II, 5, (uint32_t)i + 1, 10);
    abc(&c, TZ_OP_ADD_I, (uint32_t)i, (uint32_t)i, 5);
  }
  abc(&c, TZ_OP_RET, 0, 0, 0);
  return code_end(&c);
}

Test(calls, many_arguments_and_tails) {
  ON_BOTH(vm) {
    tz_function *five = make_five(vm);
    code c;
    code_begin(&c, vm, "reversed", "(i64,i64,i64,i64,i64)i64", "");
    call(&c, TZ_OP_TAIL_CALL, 0, k_pointer(&c, five), 5, 4, 3, 2, 1, 0);
    tz_function *reversed = code_end(&c);
    code_begin(&c, vm, "both", "(i64,i64,i64,i64,i64)i64", "i64 i64");
    call(&c, TZ_OP_CALL, 5, k_pointer(&c, five), 5, 0, 1, 2, 3, 4);
    call(&c, TZ_OP_CALL, 6, k_pointer(&c, reversed), 5, 0, 1, 2, 3, 4);
    abc(&c, TZ_OP_SUB_I, 5, 5, 6);
    abc(&c, TZ_OP_RET, 5, 0, 0);
    tz_function *both = code_end(&c);
    cr_expect_eq(RUN(vm, both, wi(1), wi(2), wi(3), wi(4), wi(5)).i, 54321 - 12345);
  }
}

Test(calls, a_million_tail_calls_take_no_stack) {
  tz_options o = *tz_options_default();
  o.stack_limit = 1 << 16;
  tz_vm *vm = world_new_with(&o);
  code c;
  code_begin(&c, vm, "down", "(i64,i64)i64", "");
  uint32_t self = k_pointer(&c, c.f);
  uint32_t go_on = abc(&c, TZ_OP_JGT_II, 0, 0, 0);
  abc(&c, TZ_OP_RET, 1, 0, 0);
  patch_c(&c, go_on);
  abc(&c, TZ_OP_ADD_II, 0, 0, (uint16_t)-1);
  abc(&c, TZ_OP_ADD_II, 1, 1, 2);
  call(&c, TZ_OP_TAIL_CALL, 0, self, 2, 0, 1);
  cr_expect_eq(RUN(vm, code_end(&c), wi(1000000), wi(0)).i, 2000000);
  tz_vm_free(vm);
}

Test(calls, deep_recursion_grows_the_stack) {
  tz_vm *vm = world_new();
  code c;
  code_begin(&c, vm, "sum", "(i64)i64", "string i64");
  uint32_t self = k_pointer(&c, c.f);
  uint32_t zero = abc(&c, TZ_OP_JEQ_II, 0, 0, 0);
  abc(&c, TZ_OP_ADD_II, 2, 0, (uint16_t)-1);
  call(&c, TZ_OP_CALL, 2, self, 1, 2);
  abc(&c, TZ_OP_ADD_I, 0, 0, 2);
  patch_c(&c, zero);
  abc(&c, TZ_OP_RET, 0, 0, 0);
  cr_expect_eq(RUN(vm, code_end(&c), wi(100000)).i, (int64_t)100000 * 100001 / 2);
  tz_vm_free(vm);
}

Test(calls, counted_loops_and_switches) {
  ON_BOTH(vm) {
    code c;
    code_begin(&c, vm, "loop", "(i64)i64", "i64 i64 i64");
    abc(&c, TZ_OP_CONST_I, 1, 0, 0); /* sum */
    abc(&c, TZ_OP_CONST_I, 2, 0, 0); /* i */
    uint32_t top = c.n;
    abc(&c, TZ_OP_REM_II, 3, 2, 4);
    uint32_t table = ad(&c, TZ_OP_SWITCH, 3, 3);
    uint32_t entries = c.n;
    c.n += 2;
    abc(&c, TZ_OP_ADD_II, 1, 1, 1000); /* i % 4 == 3 falls through */
    int32_t targets[4] = {0};
    uint32_t done[3];
    uint32_t out = ad(&c, TZ_OP_JMP, 0, 0);
    for (int i = 0; i < 3; i++) {
      targets[i] = (int32_t)(c.n - table);
      abc(&c, TZ_OP_ADD_II, 1, 1, (uint32_t)i);
      done[i] = ad(&c, TZ_OP_JMP, 0, 0);
    }
    memcpy(&c.words[entries], targets, sizeof targets);
    patch_d(&c, out);
    for (int i = 0; i < 3; i++) patch_d(&c, done[i]);
    abc(&c, TZ_OP_FOR_I, 2, 0, (uint16_t)back_to(&c, top));
    abc(&c, TZ_OP_RET, 1, 0, 0);
    cr_expect_eq(RUN(vm, code_end(&c), wi(400)).i, 100 * (1000 + 0 + 1 + 2));
  }
}

/* ---- Objects ---- */

typedef struct shapes {
  tz_class *base, *square, *circle, *shape;
} shapes;

static tz_function *constant_method(tz_vm *vm, const char *name, const char *signature, int value) {
  code c;
  code_begin(&c, vm, name, signature, "i64");
  ad(&c, TZ_OP_CONST_I, c.f->n_registers - 1, value);
  abc(&c, TZ_OP_RET, c.f->n_registers - 1, 0, 0);
  return code_end(&c);
}

/* Base < Object; Square, Circle < Base with area at vtable slot 3; both implement Shape { area }. */
static shapes make_shapes(tz_vm *vm) {
  shapes s;
  const char *error;
  tz_sig *area = tz_sig_parse(vm, "()i64", &error);
  tz_class *object = tz_class_machine(vm, "Object");
  tz_class_method methods[4];
  memcpy(methods, object->methods, 3 * sizeof *methods);
  methods[3] = (tz_class_method){tz_symbol(vm, "area", 4), area};
  tz_class_field field = {tz_symbol(vm, "size", 4), tz_type_simple(vm, TZ_KIND_I64)};
  s.base = tz_class_new(vm, NULL, "t.Base", object, TZ_CLASS_ABSTRACT, &field, 1, methods, 4);
  s.shape = tz_class_new(vm, NULL, "t.Shape", NULL, TZ_CLASS_INTERFACE, NULL, 0, &methods[3], 1);
  s.square = tz_class_new(vm, NULL, "t.Square", s.base, 0, NULL, 0, methods, 4);
  s.circle = tz_class_new(vm, NULL, "t.Circle", s.base, 0, NULL, 0, methods, 4);
  tz_class *all[] = {s.base, s.shape, s.square, s.circle};
  for (int i = 0; i < 4; i++) tz_class_publish(all[i]);
  s.square->vtable[3] = constant_method(vm, "t.Square.area", "(%t:Square)i64", 4);
  s.circle->vtable[3] = constant_method(vm, "t.Circle.area", "(%t:Circle)i64", 3);
  cr_assert(tz_class_add_itable(s.square, s.shape, &s.square->vtable[3]));
  cr_assert(tz_class_add_itable(s.circle, s.shape, &s.circle->vtable[3]));
  return s;
}

/* Calls area n times, on squares and circles in turn. */
static tz_function *make_turns(tz_vm *vm, const shapes *s, bool by_interface) {
  code c;
  code_begin(&c, vm, "turns", "(i64)i64", by_interface ? "%t:Shape i64 i64 i64" : "%t:Base i64 i64 i64");
  uint32_t square = k_pointer(&c, s->square), circle = k_pointer(&c, s->circle);
  uint32_t site = by_interface ? k_interface_site(&c, s->shape) : k_site(&c, TZ_SITE_VIRTUAL, NULL);
  ad(&c, TZ_OP_CONST_I, 2, 0);
  ad(&c, TZ_OP_CONST_I, 3, 0);
  uint32_t top = c.n;
  abc(&c, TZ_OP_AND_II, 4, 2, 1);
  ad(&c, TZ_OP_NEW, 1, square);
  uint32_t even = ad(&c, TZ_OP_JF, 4, 0);
  ad(&c, TZ_OP_NEW, 1, circle);
  patch_d(&c, even);
  uint64_t fields = (by_interface ? 0u : 3u) | (uint64_t)site << 16;
  call(&c, by_interface ? TZ_OP_CALL_INTERFACE : TZ_OP_CALL_VIRTUAL, 4, fields, 1, 1);
  abc(&c, TZ_OP_ADD_I, 3, 3, 4);
  abc(&c, TZ_OP_FOR_I, 2, 0, (uint16_t)back_to(&c, top));
  abc(&c, TZ_OP_RET, 3, 0, 0);
  return code_end(&c);
}

Test(calls, virtual_calls_fill_their_sites) {
  ON_BOTH(vm) {
    shapes s = make_shapes(vm);
    tz_function *f = make_turns(vm, &s, false);
    cr_expect_eq(RUN(vm, f, wi(100)).i, 350);
    const tz_site *site = (const tz_site *)&f->k[2];
    cr_expect_eq(site->way[0].cls, (uint32_t)(uintptr_t)s.square);
    cr_expect_eq(site->way[1].cls, (uint32_t)(uintptr_t)s.circle);
    cr_expect_eq(site->misses, 0);
    cr_expect(site->way[0].count >= 50 && site->way[1].count >= 50);
  }
}

Test(calls, interface_methods) {
  ON_BOTH(vm) {
    shapes s = make_shapes(vm);
    cr_expect_eq(RUN(vm, make_turns(vm, &s, true), wi(100)).i, 350);
  }
}

Test(calls, closures_keep_what_they_captured) {
  ON_BOTH(vm) {
    tz_type *i64 = tz_type_simple(vm, TZ_KIND_I64);
    tz_sig *sig = tz_sig_intern(vm, i64, &i64, 1);
    tz_class_method method = {tz_symbol(vm, "call", 4), sig};
    tz_class_field field = {tz_symbol(vm, "n", 1), i64};
    tz_class *adder = tz_class_new(vm, NULL, "t.adder", NULL, TZ_CLASS_CLOSURE, &field, 1, &method, 1);
    cr_assert_not_null(adder);
    tz_class_publish(adder);
    code c;
    code_begin(&c, vm, "t.adder.call", "(%t:adder,i64)i64", "i64");
    abc(&c, TZ_OP_GETF, 2, 0, 0);
    abc(&c, TZ_OP_ADD_I, 1, 1, 2);
    abc(&c, TZ_OP_RET, 1, 0, 0);
    adder->vtable[0] = code_end(&c);
    code_begin(&c, vm, "use", "(i64)i64", "fn(i64)i64 i64");
    uint32_t cls = k_pointer(&c, adder), site = k_site(&c, TZ_SITE_CLOSURE, NULL);
    ad(&c, TZ_OP_NEW, 1, cls);
    abc(&c, TZ_OP_PUTF, 0, 1, 0);
    call(&c, TZ_OP_CALL_CLOSURE, 2, (uint64_t)site << 16, 2, 1, 0);
    call(&c, TZ_OP_TAIL_CLOSURE, 0, (uint64_t)site << 16, 2, 1, 2);
    cr_expect_eq(RUN(vm, code_end(&c), wi(7)).i, 21);
  }
}

Test(calls, lists_of_references_survive_collections) {
  ON_BOTH(vm) {
    code c;
    code_begin(&c, vm, "fill", "(i64)i64", "[string] string string i64 i64 i64");
    uint32_t type = k_type(&c, "[string]"), text = k_string(&c, "ab");
    abc(&c, TZ_OP_NEW_ARRAY, 1, 0, type);
    ad(&c, TZ_OP_CONST, 2, text);
    ad(&c, TZ_OP_CONST_I, 4, 0);
    uint32_t top = c.n;
    call(&c, TZ_OP_CONCAT, 3, 0, 2, 2, 2);
    abc(&c, TZ_OP_STORE_R, 3, 1, 4);
    abc(&c, TZ_OP_FOR_I, 4, 0, (uint16_t)back_to(&c, top));
    ad(&c, TZ_OP_CONST_I, 4, 0);
    ad(&c, TZ_OP_CONST_I, 6, 0);
    top = c.n;
    abc(&c, TZ_OP_LOAD_64, 3, 1, 4);
    abc(&c, TZ_OP_STR_LEN, 5, 3, 0);
    abc(&c, TZ_OP_ADD_I, 6, 6, 5);
    abc(&c, TZ_OP_FOR_I, 4, 0, (uint16_t)back_to(&c, top));
    abc(&c, TZ_OP_RET, 6, 0, 0);
    cr_expect_eq(RUN(vm, code_end(&c), wi(500)).i, 2000);
  }
}
