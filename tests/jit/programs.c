/* programs.c: small programs on every way of running them: interpreted, compiled at the first call, switching
 * tiers at random, with the collector and the stack at their most restless. All must agree. */
#include "terza/jit.h"
#include "world.h"
#include <criterion/criterion.h>

enum { OFF, COMPILED, BURSTS, HOT, SWITCHING, RESTLESS, N_MODES };
static const char *const mode_names[] = {"interpreted", "compiled", "bursts", "hot", "switching", "restless"};

static tz_vm *vm_for(int mode) {
  tz_options o = *tz_options_default();
  o.jit = mode == OFF ? TZ_JIT_OFF : TZ_JIT_BASELINE;
  o.jit_threshold = mode == HOT ? 1 : 0;
  o.stress_tier = mode == SWITCHING || mode == RESTLESS;
  if (mode == HOT) o.stress_budget = 2;
  if (mode == BURSTS) o.stress_budget = 100; /* slices longer than a profiling burst */
  if (mode == RESTLESS) {
    o.stress_alloc = 5;
    o.stress_stack = o.stress_poison = true;
    o.stress_budget = 1;
    o.stress_safepoint = 3;
  }
  tz_vm *vm = world_new_with(&o);
  cr_assert(tz_jit_attach(vm));
  return vm;
}

/* Makes a program in a VM. */
typedef tz_function *maker(tz_vm *vm);

static void check(maker *make, int64_t argument, int64_t expected) {
  for (int mode = 0; mode < N_MODES; mode++) {
    tz_vm *vm = vm_for(mode);
    tz_function *f = make(vm);
    for (int i = 0; i < 3; i++) {
      int64_t got = RUN(vm, f, wi(argument)).i;
      cr_expect_eq(got, expected, "%s, %s: %ld instead of %ld", f->name, mode_names[mode], (long)got,
                   (long)expected);
    }
    if (mode == COMPILED) cr_expect(tz_jit_statistics(vm).functions > 0);
    tz_vm_free(vm);
  }
}

static void check_error(maker *make, int64_t argument, const char *expected) {
  for (int mode = 0; mode < N_MODES; mode++) {
    tz_vm *vm = vm_for(mode);
    tz_function *f = make(vm);
    tz_word args[] = {wi(argument)};
    const char *got = run_error(vm, f, 1, args);
    cr_expect_str_eq(got, expected, "%s, %s: %s", f->name, mode_names[mode], got);
    tz_vm_free(vm);
  }
}

/* ---- Calls and loops ---- */

Test(jit, fib) { check(make_fib, 18, 2584); }

/* sum of i * i for i < n, by for.i; and of floats beside it */
static tz_function *make_loop(tz_vm *vm) {
  code c;
  code_begin(&c, vm, "loop", "(i64)i64", "i64 i64 i64 f64 f64");
  uint32_t half = k_word(&c, wf(0.5));
  ad(&c, TZ_OP_CONST_I, 1, 0);
  ad(&c, TZ_OP_CONST_I, 2, 0);
  ad(&c, TZ_OP_CONST, 4, half);
  abc(&c, TZ_OP_I_TO_F, 5, 1, 0);
  uint32_t head = c.n;
  abc(&c, TZ_OP_MUL_I, 3, 1, 1);
  abc(&c, TZ_OP_ADD_I, 2, 2, 3);
  abc(&c, TZ_OP_ADD_F, 5, 5, 4);
  abc(&c, TZ_OP_FOR_I, 1, 0, (uint16_t)back_to(&c, head));
  abc(&c, TZ_OP_FLOOR_F, 5, 5, 0);
  abc(&c, TZ_OP_F_TO_I, 3, 5, 0);
  abc(&c, TZ_OP_ADD_I, 2, 2, 3);
  abc(&c, TZ_OP_RET, 2, 0, 0);
  return code_end(&c);
}
Test(jit, loop) { check(make_loop, 1000, 332833500 + 500); }

/* Ackermann's shape by tail calls with one, three and five arguments. */
static tz_function *make_tail(tz_vm *vm) {
  tz_function *three = code_declare(vm, "three", "(i64,i64,i64)i64");
  tz_function *five = code_declare(vm, "five", "(i64,i64,i64,i64,i64)i64");
  code c;
  code_begin_in(&c, vm, three, "");
  uint32_t k = k_pointer(&c, five);
  uint32_t more = abc(&c, TZ_OP_JGT_II, 0, 0, 0);
  abc(&c, TZ_OP_SUB_I, 1, 1, 2);
  abc(&c, TZ_OP_RET, 1, 0, 0);
  patch_c(&c, more);
  abc(&c, TZ_OP_ADD_II, 0, 0, (uint16_t)-1);
  call(&c, TZ_OP_TAIL_CALL, 0, k, 5, 2, 1, 0, 1, 2);
  code_end(&c);
  code_begin_in(&c, vm, five, "");
  k = k_pointer(&c, three);
  abc(&c, TZ_OP_ADD_I, 3, 3, 2);
  abc(&c, TZ_OP_ADD_I, 4, 4, 0);
  call(&c, TZ_OP_TAIL_CALL, 0, k, 3, 2, 3, 1);
  code_end(&c);
  code_begin(&c, vm, "tail", "(i64)i64", "i64");
  k = k_pointer(&c, three);
  ad(&c, TZ_OP_CONST_I, 1, 7);
  call(&c, TZ_OP_TAIL_CALL, 0, k, 3, 0, 1, 1);
  return code_end(&c);
}
static int64_t tail_in_c(int64_t n) {
  int64_t a = n, b = 7, d = 7;
  while (a > 0) {
    a--;
    int64_t fourth = b + a, second = b;
    b = fourth;
    d = second;
  }
  return b - d;
}
Test(jit, tail) { check(make_tail, 100, tail_in_c(100)); }

static tz_function *make_switch(tz_vm *vm) {
  code c;
  code_begin(&c, vm, "switch", "(i64)i64", "i64 i64 i64");
  ad(&c, TZ_OP_CONST_I, 2, 0);
  ad(&c, TZ_OP_CONST_I, 1, 0);
  uint32_t head = c.n;
  abc(&c, TZ_OP_REM_II, 3, 1, 4);
  uint32_t at = ad(&c, TZ_OP_SWITCH, 3, 3);
  c.n += 2;
  abc(&c, TZ_OP_ADD_II, 2, 2, 1000); /* 3 falls through */
  uint32_t out = ad(&c, TZ_OP_JMP, 0, 0);
  int32_t *table = (int32_t *)&c.words[at + 1];
  table[0] = (int32_t)(c.n - at);
  abc(&c, TZ_OP_ADD_II, 2, 2, 1);
  table[1] = (int32_t)(c.n - at);
  abc(&c, TZ_OP_ADD_II, 2, 2, 10);
  table[2] = (int32_t)(c.n - at);
  abc(&c, TZ_OP_ADD_II, 2, 2, 100);
  patch_d(&c, out);
  abc(&c, TZ_OP_FOR_I, 1, 0, (uint16_t)back_to(&c, head));
  abc(&c, TZ_OP_RET, 2, 0, 0);
  return code_end(&c);
}
Test(jit, switches) { check(make_switch, 400, 100 * (111 + 110 + 100 + 1000)); }

/* ---- Heap ---- */

/* Primes below n by an array of ints, each freshly allocated object chained to the last. */
static tz_function *make_sieve(tz_vm *vm) {
  code c;
  code_begin(&c, vm, "sieve", "(i64)i64", "[i64] [object] i64 i64 i64 i64");
  uint32_t type = k_type(&c, "[i64]"), objects = k_type(&c, "[object]"), text = k_string(&c, "x");
  enum { N, A, O, I, J, COUNT, V };
  abc(&c, TZ_OP_NEW_ARRAY, A, N, type);
  abc(&c, TZ_OP_NEW_ARRAY, O, N, objects);
  ad(&c, TZ_OP_CONST_I, COUNT, 0);
  ad(&c, TZ_OP_CONST_I, I, 2);
  uint32_t head = c.n;
  abc(&c, TZ_OP_LOAD_64, V, A, I);
  uint32_t composite = ad(&c, TZ_OP_JT, V, 0);
  abc(&c, TZ_OP_ADD_II, COUNT, COUNT, 1);
  abc(&c, TZ_OP_STORE_R, A, O, I); /* keeps a reference to the sieve itself */
  abc(&c, TZ_OP_ADD_I, J, I, I);
  ad(&c, TZ_OP_CONST_I, V, 1);
  uint32_t inner = c.n;
  uint32_t done = abc(&c, TZ_OP_JLE_I, N, J, 0);
  abc(&c, TZ_OP_STORE_64, V, A, J);
  abc(&c, TZ_OP_ADD_I, J, J, I);
  ad(&c, TZ_OP_JMP, 0, back_to(&c, inner));
  patch_c(&c, done);
  abc(&c, TZ_OP_NEW_ARRAY, O, N, objects); /* garbage for the collector */
  patch_d(&c, composite);
  abc(&c, TZ_OP_FOR_I, I, N, (uint16_t)back_to(&c, head));
  abc(&c, TZ_OP_ARRAY_LEN, V, A, 0);
  abc(&c, TZ_OP_SUB_I, V, V, N);
  abc(&c, TZ_OP_ADD_I, COUNT, COUNT, V);
  (void)text;
  abc(&c, TZ_OP_RET, COUNT, 0, 0);
  return code_end(&c);
}
Test(jit, sieve) { check(make_sieve, 200, 46); }

/* Classes Shape, Square, Circle, Dot with field 0 an int and method 0 an int function of it. */
typedef struct shapes {
  tz_class *classes[5], *interface;
} shapes;

static tz_function *make_area(tz_vm *vm, int i) {
  static const char *const names[] = {"a0", "a1", "a2", "a3", "a4"};
  code c;
  code_begin(&c, vm, names[i], "(%tz:Object,i64)i64", "i64 i64");
  abc(&c, TZ_OP_GETF, 2, 0, 0);
  abc(&c, TZ_OP_MUL_II, 3, 1, (uint32_t)i + 1);
  abc(&c, TZ_OP_ADD_I, 2, 2, 3);
  abc(&c, TZ_OP_PUTF, 2, 0, 0);
  abc(&c, TZ_OP_RET, 3, 0, 0);
  return code_end(&c);
}

static shapes make_shapes(tz_vm *vm) {
  static const char *const names[] = {"t.A", "t.B", "t.C", "t.D", "t.E"};
  shapes s;
  const char *error;
  tz_sig *sig = tz_sig_parse(vm, "(i64)i64", &error);
  tz_class *object = tz_class_machine(vm, "Object");
  tz_class_method methods[16];
  uint32_t n = object->n_methods;
  memcpy(methods, object->methods, n * sizeof *methods);
  methods[n] = (tz_class_method){tz_symbol(vm, "area", 4), sig};
  tz_class_field field = {tz_symbol(vm, "x", 1), tz_type_simple(vm, TZ_KIND_I64)};
  tz_class_method method = methods[n];
  s.interface = tz_class_new(vm, NULL, "t.I", NULL, TZ_CLASS_INTERFACE, NULL, 0, &method, 1);
  tz_class_publish(s.interface);
  for (int i = 0; i < 5; i++) {
    s.classes[i] = tz_class_new(vm, NULL, names[i], object, 0, &field, 1, methods, n + 1);
    tz_function *f = make_area(vm, i);
    s.classes[i]->vtable[n] = f;
    cr_assert(tz_class_add_itable(s.classes[i], s.interface, &f));
    tz_class_publish(s.classes[i]);
  }
  return s;
}

/* n calls of area on objects of `kinds` classes in turn. */
static tz_function *make_calls(tz_vm *vm, tz_opcode op, int kinds, const char *name) {
  shapes s = make_shapes(vm);
  uint32_t slot = tz_class_machine(vm, "Object")->n_methods;
  code c;
  code_begin(&c, vm, name, "(i64)i64", "[object] object i64 i64 i64 i64");
  enum { N, A, O, I, SUM, V, COUNT };
  uint32_t site =
      op == TZ_OP_CALL_INTERFACE ? k_interface_site(&c, s.interface) : k_site(&c, TZ_SITE_VIRTUAL, NULL);
  uint32_t type = k_type(&c, "[object]"), classes[5];
  for (int i = 0; i < kinds; i++) classes[i] = k_pointer(&c, s.classes[i]);
  ad(&c, TZ_OP_CONST_I, COUNT, kinds);
  abc(&c, TZ_OP_NEW_ARRAY, A, COUNT, type);
  for (int i = 0; i < kinds; i++) {
    ad(&c, TZ_OP_NEW, O, classes[i]);
    ad(&c, TZ_OP_CONST_I, V, i);
    abc(&c, TZ_OP_STORE_R, O, A, V);
  }
  ad(&c, TZ_OP_CONST_I, I, 0);
  ad(&c, TZ_OP_CONST_I, SUM, 0);
  uint32_t head = c.n;
  abc(&c, TZ_OP_REM_I, V, I, COUNT);
  abc(&c, TZ_OP_LOAD_64, O, A, V);
  uint32_t method = op == TZ_OP_CALL_INTERFACE ? 0 : slot;
  call(&c, op, V, method | (uint64_t)site << 16, 2, O, I);
  abc(&c, TZ_OP_ADD_I, SUM, SUM, V);
  abc(&c, TZ_OP_GETF, V, O, 0);
  abc(&c, TZ_OP_XOR_I, SUM, SUM, V);
  abc(&c, TZ_OP_FOR_I, I, N, (uint16_t)back_to(&c, head));
  abc(&c, TZ_OP_RET, SUM, 0, 0);
  return code_end(&c);
}

static int64_t calls_in_c(int64_t n, int kinds) {
  int64_t x[5] = {0}, sum = 0;
  for (int64_t i = 0; i < n; i++) {
    int k = (int)(i % kinds);
    int64_t v = i * (k + 1);
    x[k] += v;
    sum = (sum + v) ^ x[k];
  }
  return sum;
}
#define CALLS(name, op, kinds)                                                                               \
  static tz_function *make_##name(tz_vm *vm) { return make_calls(vm, op, kinds, #name); }                    \
  Test(jit, name) { check(make_##name, 300, calls_in_c(300, kinds)); }
CALLS(virtual_one, TZ_OP_CALL_VIRTUAL, 1)
CALLS(virtual_two, TZ_OP_CALL_VIRTUAL, 2)
CALLS(virtual_five, TZ_OP_CALL_VIRTUAL, 5)
CALLS(interface_one, TZ_OP_CALL_INTERFACE, 1)
CALLS(interface_two, TZ_OP_CALL_INTERFACE, 2)
CALLS(interface_five, TZ_OP_CALL_INTERFACE, 5)

/* ---- Exceptions ---- */

/* Divides, indexes and dereferences badly in turn, catching each. */
static tz_function *make_catch(tz_vm *vm) {
  code c;
  code_begin(&c, vm, "catch", "(i64)i64", "[i64] %tz:Error i64 i64 i64 i64");
  enum { N, A, E, I, SUM, V, ZERO };
  uint32_t type = k_type(&c, "[i64]");
  ad(&c, TZ_OP_CONST_I, ZERO, 0);
  ad(&c, TZ_OP_CONST_I, SUM, 0);
  ad(&c, TZ_OP_CONST_I, I, 0);
  uint32_t head = c.n;
  abc(&c, TZ_OP_REM_II, V, I, 3);
  ad(&c, TZ_OP_NULL, A, 0);
  uint32_t start = c.n;
  uint32_t not0 = abc(&c, TZ_OP_JNE_II, V, 0, 0);
  abc(&c, TZ_OP_DIV_I, V, I, ZERO);
  patch_c(&c, not0);
  uint32_t not1 = abc(&c, TZ_OP_JNE_II, V, 1, 0);
  abc(&c, TZ_OP_NEW_ARRAY, A, I, type);
  abc(&c, TZ_OP_LOAD_64, V, A, I);
  patch_c(&c, not1);
  abc(&c, TZ_OP_LOAD_64, V, A, I);
  uint32_t end = c.n;
  uint32_t handlers[3];
  static const char *const errors[] = {"DivisionError", "BoundsError", "NullError"};
  uint32_t outs[3];
  for (int i = 0; i < 3; i++) {
    handlers[i] = c.n;
    abc(&c, TZ_OP_ADD_II, SUM, SUM, i == 0 ? 1 : i == 1 ? 100 : 10000);
    outs[i] = ad(&c, TZ_OP_JMP, 0, 0);
  }
  for (int i = 0; i < 3; i++) {
    patch_d(&c, outs[i]);
    guard(&c, start, end, handlers[i], E, errors[i]);
  }
  abc(&c, TZ_OP_FOR_I, I, N, (uint16_t)back_to(&c, head));
  abc(&c, TZ_OP_RET, SUM, 0, 0);
  return code_end(&c);
}
Test(jit, catches) { check(make_catch, 60, 20 * 10101); }

static tz_function *make_deep(tz_vm *vm) {
  code c;
  code_begin(&c, vm, "deep", "(i64)i64", "i64");
  uint32_t self = k_pointer(&c, c.f);
  abc(&c, TZ_OP_ADD_II, 1, 0, 1);
  call(&c, TZ_OP_CALL, 1, self, 1, 1);
  abc(&c, TZ_OP_ADD_II, 1, 1, 1);
  abc(&c, TZ_OP_RET, 1, 0, 0);
  return code_end(&c);
}
Test(jit, stack_overflow) {
  for (int mode = 0; mode < RESTLESS; mode++) {
    tz_vm *vm = vm_for(mode);
    tz_word args[] = {wi(0)};
    cr_expect_str_eq(run_error(vm, make_deep(vm), 1, args), "StackOverflowError");
    tz_vm_free(vm);
  }
}

static tz_function *make_divide(tz_vm *vm) {
  code c;
  code_begin(&c, vm, "divide", "(i64)i64", "i64");
  ad(&c, TZ_OP_CONST_I, 1, 5);
  abc(&c, TZ_OP_REM_I, 1, 1, 0);
  abc(&c, TZ_OP_RET, 1, 0, 0);
  return code_end(&c);
}
Test(jit, uncaught) { check_error(make_divide, 0, "DivisionError"); }

/* ---- Dynamic values ---- */

static tz_function *make_dynamic(tz_vm *vm) {
  code c;
  code_begin(&c, vm, "dynamic", "(i64)i64", "any any any any i64 i64");
  enum { N, SUM, I, F, T, J, V };
  uint32_t half = k_word(&c, wu(tz_any_from_float(0.5)));
  ad(&c, TZ_OP_CONST_I, J, 0);
  abc(&c, TZ_OP_ANY_I, SUM, J, 0);
  ad(&c, TZ_OP_CONST, F, half);
  uint32_t head = c.n;
  abc(&c, TZ_OP_ANY_I, I, J, 0);
  abc(&c, TZ_OP_ADD_ANY, SUM, SUM, I);
  abc(&c, TZ_OP_MUL_ANY, T, I, F);
  abc(&c, TZ_OP_ADD_ANY, F, F, F);
  abc(&c, TZ_OP_SUB_ANY, F, F, F);
  abc(&c, TZ_OP_LT_ANY, V, T, I);
  abc(&c, TZ_OP_ANY_I, T, V, 0);
  abc(&c, TZ_OP_ADD_ANY, SUM, SUM, T);
  abc(&c, TZ_OP_FOR_I, J, N, (uint16_t)back_to(&c, head));
  abc(&c, TZ_OP_I_ANY, V, SUM, 0);
  abc(&c, TZ_OP_RET, V, 0, 0);
  return code_end(&c);
}
Test(jit, dynamic) { check(make_dynamic, 100, 99 * 50 + 99); }
