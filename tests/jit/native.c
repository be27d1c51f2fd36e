/* native.c: the ways into optimized code and out of it, tried with C functions of the compiled convention in
 * its place. */
#include "fakes.h"
#include <stdio.h>
#include <unistd.h>

/* f(args) by call from bytecode: main(…) = f(…). */
static tz_function *make_caller(tz_vm *vm, tz_function *f, const char *locals) {
  tz_function *g = tz_function_alloc(vm, NULL, "caller", f->signature);
  code c;
  code_begin_in(&c, vm, g, locals);
  uint32_t k = k_pointer(&c, f), n = f->signature->n_params;
  uint32_t at = c.n;
  call(&c, TZ_OP_CALL, n, k, 0);
  c.words[at] = tz_encode_x(tz_encode_ad(TZ_OP_CALL, n, k), n);
  memset(&c.words[at + 1], 0, tz_encode_list_words(n) * sizeof *c.words);
  c.words[at + 1] = g->n_registers + TZ_FRAME_HEADER;
  c.n = at + 1 + tz_encode_list_words(n);
  for (uint32_t i = 0; i < n; i++) tz_encode_list_lane(&c.words[at + 1], i, i);
  abc(&c, TZ_OP_RET, n, 0, 0);
  return code_end(&c);
}

/* ---- Arguments and results ---- */

COMPILED int64_t sum_ints(tz_thread *th, tz_function *self, int64_t a, int64_t b, int64_t c, int64_t d,
                          int64_t e, int64_t f, int64_t g) {
  (void)th, (void)self;
  return a + 10 * b + 100 * c + 1000 * d + 10000 * e + 100000 * f + 1000000 * g;
}

COMPILED double sum_floats(tz_thread *th, tz_function *self, double a, double b, double c, double d, double e,
                           double f, double g, double h, double i, double j) {
  (void)th, (void)self;
  return a + 2 * b + 4 * c + 8 * d + 16 * e + 32 * f + 64 * g + 128 * h + 256 * i + 512 * j;
}

COMPILED double mixed(tz_thread *th, tz_function *self, int64_t a, double b, tz_array *s, double c, int64_t d,
                      int64_t e, int64_t f, double g) {
  (void)th, (void)self;
  return (double)(a + d * 10 + e * 100 + f * 1000 + s->length * 10000) + b / 2 + c / 4 + g / 8;
}

COMPILED void *same(tz_thread *th, tz_function *self, void *object) {
  (void)th, (void)self;
  return object;
}

Test(native, arguments_and_results) {
  for (int mode = 0; mode < N_MODES; mode++) {
    tz_vm *vm = vm_for(mode);
    tz_function *ints = declare(vm, "ints", "(i64,i64,i64,i64,i64,i64,i64)i64", (void *)sum_ints);
    tz_function *main = make_caller(vm, ints, "i64");
    cr_expect_eq(RUN(vm, main, wi(1), wi(2), wi(3), wi(4), wi(5), wi(6), wi(7)).i, 7654321);
    tz_function *floats =
        declare(vm, "floats", "(f64,f64,f64,f64,f64,f64,f64,f64,f64,f64)f64", (void *)sum_floats);
    main = make_caller(vm, floats, "f64");
    cr_expect_eq(RUN(vm, main, wf(1), wf(1), wf(1), wf(1), wf(1), wf(1), wf(1), wf(1), wf(1), wf(1)).f,
                 1023.0);
    tz_function *mix = declare(vm, "mixed", "(i64,f64,string,f64,i64,i64,i64,f64)f64", (void *)mixed);
    main = make_caller(vm, mix, "f64");
    tz_word text = {.p = tz_string_permanent(vm, "abc", 3)};
    cr_expect_eq(RUN(vm, main, wi(1), wf(1), text, wf(1), wi(2), wi(3), wi(4), wf(1)).f, 34321.875);
    tz_function *identity = declare(vm, "same", "(object)object", (void *)same);
    cr_expect_eq(RUN(vm, make_caller(vm, identity, "object"), text).u, text.u);
    cr_expect_eq(RUN(vm, identity, text).u, text.u, "as a process's first function");
    tz_vm_free(vm);
  }
}

/* ---- Calls of lower tiers ---- */

/* The stub must give each parameter its place too. */
static tz_function *callee;
COMPILED int64_t pass_on(tz_thread *th, tz_function *self, int64_t a, int64_t b, int64_t c, int64_t d,
                         int64_t e, int64_t f, int64_t g) {
  (void)self;
  return CALL7(th, callee, a, b, c, d, e, f, g);
}

static bool native_sum(tz_thread *th, tz_word *args) {
  (void)th;
  args[0].i = args[0].i + 10 * args[1].i + 100 * args[2].i + 1000 * args[3].i + 10000 * args[4].i +
              100000 * args[5].i + 1000000 * args[6].i;
  return true;
}

Test(native, calls_a_native_function) {
  for (int mode = 0; mode < N_MODES; mode++) {
    tz_vm *vm = vm_for(mode);
    static const char signature[] = "(i64,i64,i64,i64,i64,i64,i64)i64";
    const char *error;
    callee = tz_function_native(vm, NULL, "native_sum", tz_sig_parse(vm, signature, &error), native_sum);
    tz_function *f = declare(vm, "pass_on", signature, (void *)pass_on);
    cr_expect_eq(RUN(vm, make_caller(vm, f, "i64"), wi(1), wi(2), wi(3), wi(4), wi(5), wi(6), wi(7)).i,
                 7654321);
    tz_vm_free(vm);
  }
}

/* fib, of which one half is compiled: each calls the other. */
static tz_function *even, *odd;
COMPILED int64_t fib_even(tz_thread *th, tz_function *self, int64_t n) {
  if (n < 2) return n;
  int64_t a = CALL1(th, odd, n - 1);
  return th->exception != 0 ? 0 : a + CALL1(th, self, n - 2);
}

Test(native, calls_back_and_forth) {
  for (int mode = 0; mode < N_MODES; mode++) {
    tz_vm *vm = vm_for(mode);
    even = declare(vm, "even", "(i64)i64", (void *)fib_even);
    odd = fib_with(vm, code_declare(vm, "odd", "(i64)i64"), even);
    cr_expect_eq(RUN(vm, odd, wi(17)).i, 1597);
    cr_expect_eq(RUN(vm, even, wi(18)).i, 2584);
    cr_expect_null(vm->thread->native_top);
    cr_expect_eq(vm->scheduler->n_unused_stacks, 1, "one stack was borrowed and given back");
    tz_vm_free(vm);
  }
}

/* ---- Deep recursion ---- */

/* depth(n) = n == 0 ? 0 : depth(n - 1) + 1, checking its stack as compiled code does. */
COMPILED int64_t depth(tz_thread *th, tz_function *self, int64_t n) {
  if ((char *)__builtin_frame_address(0) < th->native_limit)
    return ((compiled1 *)(void *)tz_vm_call_stub)(th, self, n);
  if (n == 0) return 0;
  int64_t d = CALL1(th, self, n - 1);
  return th->exception != 0 ? 0 : d + 1;
}

static tz_function *make_depth(tz_vm *vm) {
  tz_function *f = code_declare(vm, "depth", "(i64)i64");
  code c;
  code_begin_in(&c, vm, f, "i64");
  uint32_t self = k_pointer(&c, f);
  uint32_t more = abc(&c, TZ_OP_JNE_II, 0, 0, 0);
  abc(&c, TZ_OP_RET, 0, 0, 0);
  patch_c(&c, more);
  abc(&c, TZ_OP_ADD_II, 0, 0, (uint16_t)-1);
  call(&c, TZ_OP_CALL, 1, self, 1, 0);
  abc(&c, TZ_OP_ADD_II, 1, 1, 1);
  abc(&c, TZ_OP_RET, 1, 0, 0);
  code_end(&c);
  set_compiled(f, (void *)depth);
  return f;
}

Test(native, deep_recursion_goes_on_on_the_vm_stack) {
  tz_vm *vm = vm_for(PLAIN);
  tz_function *f = make_depth(vm);
  cr_expect_eq(RUN(vm, f, wi(500000)).i, 500000);
  tz_word endless = wi(-1);
  cr_expect_str_eq(run_error(vm, f, 1, &endless), "StackOverflowError");
  cr_expect_eq(RUN(vm, f, wi(1000)).i, 1000);
  tz_vm_free(vm);
}

/* Without a machine stack, or with steps to be counted, the lower form runs. */
Test(native, lower_tiers_stand_in) {
  tz_vm *vm = vm_for(PLAIN);
  tz_function *f = make_depth(vm);
  vm->scheduler->n_native_stacks = TZ_NATIVE_STACKS;
  cr_expect_eq(RUN(vm, f, wi(1000)).i, 1000);
  cr_expect_eq(vm->scheduler->n_unused_stacks, 0, "there was none");
  vm->scheduler->n_native_stacks = 0;
  tz_vm_set_step_limit(vm, 5000);
  cr_expect_eq(RUN(vm, f, wi(1000)).i, 1000);
  cr_expect_eq(vm->scheduler->n_unused_stacks, 0, "none was asked for");
  tz_word endless = wi(-1);
  cr_expect_str_eq(run_error(vm, f, 1, &endless), "StepLimitError");
  tz_vm_set_step_limit(vm, 0);
  cr_expect_eq(RUN(vm, f, wi(1000)).i, 1000);
  cr_expect_eq(vm->scheduler->n_unused_stacks, 1);
  tz_vm_free(vm);
}

/* ---- Exceptions ---- */

static tz_function *thrower;
COMPILED int64_t call_thrower(tz_thread *th, tz_function *self, int64_t n) {
  (void)self;
  int64_t r = CALL1(th, thrower, n);
  return th->exception != 0 ? 0 : r + 1;
}

/* 100 / n in a frame of its own; the caller turns DivisionError into -1. */
static tz_function *make_thrower(tz_vm *vm) {
  code c;
  code_begin(&c, vm, "thrower", "(i64)i64", "i64");
  ad(&c, TZ_OP_CONST_I, 1, 100);
  abc(&c, TZ_OP_DIV_I, 1, 1, 0);
  abc(&c, TZ_OP_RET, 1, 0, 0);
  return code_end(&c);
}

static tz_function *make_catcher(tz_vm *vm, tz_function *f) {
  code c;
  code_begin(&c, vm, "catcher", "(i64)i64", "object i64");
  uint32_t k = k_pointer(&c, f), start = c.n;
  call(&c, TZ_OP_CALL, 2, k, 1, 0);
  abc(&c, TZ_OP_RET, 2, 0, 0);
  guard(&c, start, c.n - 1, c.n, 1, "DivisionError");
  ad(&c, TZ_OP_CONST_I, 2, -1);
  abc(&c, TZ_OP_RET, 2, 0, 0);
  return code_end(&c);
}

Test(native, exceptions_pass_through) {
  for (int mode = 0; mode < N_MODES; mode++) {
    tz_vm *vm = vm_for(mode);
    thrower = make_thrower(vm);
    tz_function *f = declare(vm, "middle", "(i64)i64", (void *)call_thrower), *catcher = make_catcher(vm, f);
    cr_expect_eq(RUN(vm, catcher, wi(5)).i, 21);
    cr_expect_eq(RUN(vm, catcher, wi(0)).i, -1);
    tz_word zero = wi(0);
    cr_expect_str_eq(run_error(vm, f, 1, &zero), "DivisionError");
    cr_expect_null(vm->thread->native_top);
    tz_vm_free(vm);
  }
}

/* With the code in the map the trace names it; what is hidden stays so. */
Test(native, traces_name_compiled_code) {
  tz_vm *vm = vm_for(PLAIN);
  thrower = make_thrower(vm);
  tz_function *f = declare(vm, "middle", "(i64)i64", (void *)call_thrower), *main = make_caller(vm, f, "i64");
  tz_native_code fakes = {.function = f,
                          .code = (uint8_t *)__start_compiled_fakes,
                          .size = (uint32_t)(__stop_compiled_fakes - __start_compiled_fakes)};
  cr_assert(tz_native_add(vm, &fakes));
  tz_word zero = wi(0), result;
  tz_ref error = {0};
  cr_expect(!tz_vm_run(vm, main, &zero, 1, &result, &error));
  char *text = tz_error_text(vm, (void *)(uintptr_t)error.word);
  cr_expect_not_null(strstr(text, "at thrower"), "%s", text);
  cr_expect_not_null(strstr(text, "at middle"), "%s", text);
  cr_expect_not_null(strstr(text, "at caller"), "%s", text);
  cr_expect_null(strstr(text, "optimized"), "%s", text);
  cr_expect(tz_jit_find(vm, (void *)call_thrower) == f);
  free(text);
  tz_native_remove(vm, &fakes);
  cr_expect_null(tz_jit_find(vm, (void *)call_thrower));
  tz_vm_free(vm);
}

/* ---- The map ---- */

/* Optimized functions are told to perf and debuggers as the others are. */
Test(native, names_for_profilers) {
  tz_options o = *tz_options_default();
  o.jit = TZ_JIT_DEFAULT;
  o.jit_gdb = o.jit_perf_map = true;
  tz_vm *vm = world_new_with(&o);
  cr_assert(tz_jit_attach(vm));
  tz_function *f = declare(vm, "named_function", "(i64)i64", (void *)call_thrower);
  tz_native_code fakes = {.function = f, .code = (uint8_t *)__start_compiled_fakes, .size = 64};
  cr_assert(tz_native_add(vm, &fakes));
  cr_expect_not_null(fakes.gdb_entry);
  char path[64], line[256] = "";
  snprintf(path, sizeof path, "/tmp/perf-%d.map", (int)getpid());
  FILE *map = fopen(path, "r");
  cr_assert_not_null(map);
  cr_expect_not_null(fgets(line, sizeof line, map));
  cr_expect_not_null(strstr(line, "40 named_function"), "%s", line);
  fclose(map);
  unlink(path);
  tz_native_remove(vm, &fakes);
  cr_expect_null(fakes.gdb_entry);
  tz_vm_free(vm);
}

Test(native, code_is_found_by_address) {
  enum { N = 100 };
  tz_vm *vm = vm_for(PLAIN);
  static uint8_t space[N * 16];
  tz_native_code codes[N];
  for (int i = 0; i < N; i++) { /* in no order */
    int at = i * 37 % N;
    codes[at] = (tz_native_code){.code = space + 16 * at, .size = 10};
    cr_assert(tz_native_add(vm, &codes[at]));
  }
  for (int i = 0; i < N; i++) {
    cr_expect(tz_native_code_at(vm, space + 16 * i) == &codes[i]);
    cr_expect(tz_native_code_at(vm, space + 16 * i + 9) == &codes[i]);
    cr_expect_null(tz_native_code_at(vm, space + 16 * i + 10));
  }
  cr_expect_null(tz_native_code_at(vm, (void *)((uintptr_t)space - 1)));
  for (int i = 0; i < N; i += 2) tz_native_remove(vm, &codes[i]);
  for (int i = 0; i < N; i++)
    cr_expect(tz_native_code_at(vm, space + 16 * i + 5) == (i % 2 ? &codes[i] : NULL));
  for (int i = 1; i < N; i += 2) tz_native_remove(vm, &codes[i]);
  cr_expect_null(tz_native_code_at(vm, space));
  tz_vm_free(vm);
}
