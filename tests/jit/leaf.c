/* leaf.c: leaf natives, called as optimized code calls them. */
#include "fakes.h"
#include "terza/linking.h"
#include "outline.h"

static tz_function *leaf, *callback;

static tz_function *make_leaf(tz_vm *vm, const char *signature, tz_native_fn native) {
  const char *error;
  tz_function *f = tz_function_native(vm, NULL, "leaf", tz_sig_parse(vm, signature, &error), native);
  cr_assert_not_null(f);
  cr_assert_eq(f->compiled, (void *)tz_vm_call_stub);
  tz_function_make_leaf(vm, f);
  return f;
}

/* ---- Arguments and results ---- */

static bool sum_ints(tz_thread *th, tz_word *args) {
  int64_t sum = 0;
  for (uint32_t i = th->leaf->n_params; i-- > 0;) sum = sum * 10 + args[i].i;
  args[0].i = sum;
  return true;
}

static bool sum_mixed(tz_thread *th, tz_word *args) {
  (void)th;
  int64_t ints = args[0].i + args[4].i * 10 + args[5].i * 100 + args[6].i * 1000;
  args[0].f = (double)(ints + ((tz_string *)args[2].p)->length * 10000) + args[1].f / 2 + args[3].f / 4 +
              args[7].f / 8;
  return true;
}

typedef int64_t ints3(tz_thread *, tz_function *, int64_t, int64_t, int64_t);
typedef double mixed8(tz_thread *, tz_function *, int64_t, double, void *, double, int64_t, int64_t, int64_t,
                      double);

COMPILED int64_t call_three(tz_thread *th, tz_function *self) {
  (void)self;
  return ((ints3 *)leaf->compiled)(th, leaf, 1, 2, 3);
}

COMPILED int64_t call_seven(tz_thread *th, tz_function *self) {
  (void)self;
  return CALL7(th, leaf, 1, 2, 3, 4, 5, 6, 7);
}

COMPILED double call_mixed(tz_thread *th, tz_function *self, void *text) {
  (void)self;
  return ((mixed8 *)leaf->compiled)(th, leaf, 1, 1.0, text, 1.0, 2, 3, 4, 1.0);
}

Test(leaf, arguments_and_results) {
  for (int mode = 0; mode < N_MODES; mode++) {
    tz_vm *vm = vm_for(mode);
    leaf = make_leaf(vm, "(i64,i64,i64)i64", sum_ints);
    cr_expect_neq(leaf->compiled, (void *)tz_vm_call_stub);
    cr_expect_eq(RUN0(vm, declare(vm, "three", "()i64", (void *)call_three)).i, 321);
    leaf = make_leaf(vm, "(i64,i64,i64,i64,i64,i64,i64)i64", sum_ints);
    cr_expect_neq(leaf->compiled, (void *)tz_vm_call_stub);
    cr_expect_eq(RUN0(vm, declare(vm, "seven", "()i64", (void *)call_seven)).i, 7654321);
    leaf = make_leaf(vm, "(i64,f64,string,f64,i64,i64,i64,f64)f64", sum_mixed);
    cr_expect_neq(leaf->compiled, (void *)tz_vm_call_stub);
    tz_word text = {.p = tz_string_permanent(vm, "abc", 3)};
    cr_expect_eq(RUN(vm, declare(vm, "mixed", "(string)f64", (void *)call_mixed), text).f, 34321.875);
    leaf = make_leaf(vm, "(i64,i64,i64,i64,i64,i64,i64,i64,i64)i64", sum_ints);
    cr_expect_eq(leaf->compiled, (void *)tz_vm_call_stub, "nine are too many");
    tz_vm_free(vm);
  }
}

/* ---- The collector ---- */

/* A list of texts, the second argument first, made while the arguments move. */
static bool pair(tz_thread *th, tz_word *args) {
  tz_array *both = tz_array_new_of(th, tz_object_class(args[2].p)->type, 2);
  if (both == NULL) return false;
  tz_array_store_ref(th, both, 0, args[1].p);
  tz_array_store_ref(th, both, 1, args[0].p);
  args[0].p = both;
  return true;
}

/* Young strings of the caller live in the leaf's arguments alone; the number among them is no reference. */
static bool fresh_pair(tz_thread *th, tz_word *args) {
  for (int i = 0; i < 2; i++) {
    args[i].p = tz_string_new(th, i == 0 ? "left" : "right", i == 0 ? 4 : 5);
    if (args[i].p == NULL) return false;
  }
  for (int i = 0; i < 20; i++)
    if (tz_string_alloc(th, 100) == NULL) return false;
  return args[3].i == 0x123456789 && pair(th, args);
}

typedef void *refs4(tz_thread *, tz_function *, void *, void *, void *, int64_t);
COMPILED void *call_pair(tz_thread *th, tz_function *self, void *a, void *b, void *c) {
  (void)self;
  return ((refs4 *)leaf->compiled)(th, leaf, a, b, c, 0x123456789);
}

Test(leaf, arguments_are_roots) {
  for (int mode = 0; mode < N_MODES; mode++) {
    tz_vm *vm = vm_for(mode);
    leaf = make_leaf(vm, "(string,string,[string],i64)[string]", fresh_pair);
    tz_function *f = declare(vm, "caller", "(string,string,[string])[string]", (void *)call_pair);
    code c;
    code_begin(&c, vm, "main", "(string)i64", "[string] string i64 i64");
    uint32_t k_f = k_pointer(&c, f);
    const char *error;
    uint32_t k_type = k_pointer(&c, tz_type_parse(vm, "[string]", &error));
    ad(&c, TZ_OP_CONST_I, 3, 0);
    abc(&c, TZ_OP_NEW_ARRAY, 1, 3, (uint16_t)k_type);
    call(&c, TZ_OP_CALL, 1, k_f, 3, 0, 0, 1);
    abc(&c, TZ_OP_LOAD_64, 2, 1, 3);
    abc(&c, TZ_OP_STR_LEN, 4, 2, 0);
    ad(&c, TZ_OP_CONST_I, 3, 1);
    abc(&c, TZ_OP_LOAD_64, 2, 1, 3);
    abc(&c, TZ_OP_STR_LEN, 3, 2, 0);
    abc(&c, TZ_OP_MUL_II, 4, 4, 10);
    abc(&c, TZ_OP_ADD_I, 4, 4, 3);
    abc(&c, TZ_OP_RET, 4, 0, 0);
    tz_function *main = code_end(&c);
    tz_word text = {.p = tz_string_permanent(vm, "abc", 3)};
    for (int i = 0; i < 50; i++) cr_assert_eq(RUN(vm, main, text).i, 54);
    tz_vm_free(vm);
  }
}

/* ---- Exceptions ---- */

static bool refuse(tz_thread *th, tz_word *args) {
  return tz_raise(th, TZ_ERROR_ARGUMENT, "not %lld", (long long)args[0].i);
}

/* A leaf that breaks its promise. */
static bool call_guest(tz_thread *th, tz_word *args) {
  tz_word result;
  return tz_native_call(th, callback, args, 1, &result);
}

COMPILED int64_t call_one(tz_thread *th, tz_function *self, int64_t n) {
  (void)self;
  int64_t result = CALL1(th, leaf, n);
  return th->exception != 0 ? 0 : result;
}

Test(leaf, exceptions) {
  for (int mode = 0; mode < N_MODES; mode++) {
    tz_vm *vm = vm_for(mode);
    tz_function *f = declare(vm, "caller", "(i64)i64", (void *)call_one);
    tz_word seven = wi(7);
    leaf = make_leaf(vm, "(i64)i64", refuse);
    cr_expect_str_eq(run_error(vm, f, 1, &seven), "ArgumentError");
    cr_expect(vm->thread->leaf == NULL && vm->thread->native_top == NULL);
    leaf = make_leaf(vm, "(i64)i64", call_guest);
    callback = declare(vm, "callback", "(i64)i64", (void *)call_one);
    cr_expect_str_eq(run_error(vm, f, 1, &seven), "StateError");
    tz_vm_free(vm);
  }
}

/* ---- Strings joined ---- */

COMPILED void *call_join(tz_thread *th, tz_function *self, void *a, void *b) {
  (void)self;
  return ((refs4 *)leaf->compiled)(th, leaf, a, NULL, b, 0);
}

Test(leaf, concat) {
  for (int mode = 0; mode < N_MODES; mode++) {
    tz_vm *vm = vm_for(mode);
    code c;
    code_begin(&c, vm, "join", "(string,string,string)string", "string");
    call(&c, TZ_OP_CONCAT, 3, 0, 3, 0, 1, 2);
    abc(&c, TZ_OP_RET, 3, 0, 0);
    leaf = tz_outline(vm, code_end(&c), 0);
    cr_assert_not_null(leaf);
    cr_expect(leaf->flags & TZ_FUNCTION_LEAF);
    tz_function *f = declare(vm, "caller", "(string,string)string", (void *)call_join);
    tz_word a = {.p = tz_string_permanent(vm, "one ", 4)}, b = {.p = tz_string_permanent(vm, " two", 4)};
    for (int i = 0; i < 50; i++) {
      const tz_string *s = RUN(vm, f, a, b).p;
      cr_assert(s->length == 12 && memcmp(s->u8, "one null two", 12) == 0);
    }
    tz_vm_free(vm);
  }
}
