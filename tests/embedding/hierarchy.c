/* hierarchy.c: optimized code that relies on the classes loaded so far, while a module brings one that breaks
 * what it relies on: within a call it makes, within a callee's callee, while it polls, while it waits,
 * between two runs. Each on every tier and under stress; the answers are worked out in C. */
#include "embed.h"
#include "promotion.h"
#include "baseline.h"
#include "class.h"
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <terza/terza.h>
#include <unistd.h>

static const char world[] =
    "interface Shape { fun area(): int }\n"
    "class Square(let side: int) : Shape { override fun area(): int = side * side }\n"
    "open class Account(let n: int) { open fun fee(): int = n }\n"
    "class Plain(n: int) : Account(n)\n"
    "abstract class Item { abstract fun price(): int }\n"
    "open class Thing(let cents: int) : Item { override fun price(): int = cents }\n"
    "let shapes: List[Shape] = [Square(3)]\n"
    "let accounts: List[Account] = [Account(1), Plain(2)]\n"
    "let items: List[Item] = [Thing(4)]\n"
    "native fun tick(i: int)\n"
    "fun through(i: int, deep: int) { if deep == 0 { tick(i) } else { through(i, deep - 1) } }\n"
    /* a loop whose callee loads the module */
    "fun sum(n: int): int {\n"
    "  var total = 0\n"
    "  for i in 0..n {\n"
    "    let before = shapes[i % shapes.len()]\n"
    "    through(i, 2)\n"
    "    total += shapes[i % shapes.len()].area() + before.area() + accounts[i % accounts.len()].fee()\n"
    "  }\n"
    "  return total\n"
    "}\n"
    /* casts and tests of what one class only can be */
    "fun worth(n: int): int {\n"
    "  var total = 0\n"
    "  for i in 0..n {\n"
    "    through(i, 1)\n"
    "    let item = items[i % items.len()]\n"
    "    if item is Thing { total += item.cents }\n"
    "    try { total += (item as Thing).cents } catch e: CastError { total += 1000 }\n"
    "    total += item.price()\n"
    "  }\n"
    "  return total\n"
    "}\n"
    /* a loop that only polls, while another process loads the module */
    "fun spin(): int {\n"
    "  var total = 0\n"
    "  spawn { sleep(5); tick(1) }\n"
    "  while shapes.len() == 1 { total = shapes[0].area() }\n"
    "  for s in shapes { total = total * 100 + s.area() }\n"
    "  return total\n"
    "}\n"
    /* a process that waits in the middle of it all */
    "let requests = Channel[int](0)\n"
    "let answers = Channel[int](0)\n"
    "fun serve() {\n"
    "  var last = 0\n"
    "  for r in requests { for i in 0..r { last = shapes[shapes.len() - 1].area() }; answers.send(last) }\n"
    "}\n"
    "fun start() { spawn { serve() } }\n"
    "fun ask(n: int): int { requests.send(n); return answers.recv() }\n";

static const char late[] =
    "import \"./m\" as m\n"
    "class Round(let r: int) : m.Shape { override fun area(): int = 3 * r * r }\n"
    "class Dear(n: int) : m.Account(n) { override fun fee(): int = 10 * n }\n"
    "class Gift : m.Item { override fun price(): int = 0 }\n"
    "class Sale(cents: int) : m.Thing(cents) { override fun price(): int = cents / 2 }\n"
    "let isAdded = add()\n"
    "fun add(): bool {\n"
    "  m.shapes.add(Round(2)); m.accounts.add(Dear(5))\n"
    "  m.items.add(Gift()); m.items.add(Sale(6))\n"
    "  return true\n"
    "}\n";

/* Which tick loads the module; -1: none. */
typedef struct ticks {
  int64_t due;
} ticks;

static void load_late(terza_vm *vm) {
  terza_error error = {0};
  cr_assert(terza_load_source(vm, "late.rima", late, strlen(late), &error), "%s", error.message);
}

static bool tick(terza_call_frame *call, void *data) {
  ticks *c = data;
  if (terza_arg_int(call, 0) == c->due) {
    c->due = -1;
    load_late(terza_frame_vm(call));
  }
  return terza_return(call, terza_null());
}

static terza_vm *machine(const char *options, ticks *c) {
  terza_error error = {0};
  terza_config config;
  terza_config_init(&config);
  config.options = options;
  terza_vm *vm = terza_new(&config, &error);
  cr_assert_not_null(vm, "%s", error.message);
  *c = (ticks){-1};
  cr_assert(terza_register(vm, "m.tick", "(i64)void", tick, c, &error));
  cr_assert(terza_load_source(vm, "m.rima", world, strlen(world), &error), "%s", error.message);
  return vm;
}

static int64_t call(terza_vm *vm, const char *name, int64_t argument, size_t n) {
  terza_error error = {0};
  terza_value value = terza_int(argument), result = terza_int(0);
  cr_assert(terza_call_name(vm, name, &value, n, &result, &error), "%s: %s", name, error.message);
  return result.i;
}

static const char *const modes[] = {
    "jit=off",
    "jit=baseline jit-threshold=0",
    "jit-sync jit=eager verify-graph",
    "jit-sync jit-promote=2 verify-graph",
    "jit-sync jit=eager jit-hierarchy=false",
    "jit=eager",
    "jit-sync jit=eager jit-inlining=false",
    "jit-sync jit=eager stress-tier",
    "jit-sync jit=eager stress-deopt=50",
    "jit-sync jit=eager stress-safepoint=5 stress-alloc=50 stress-poison verify-heap",
    "jit-sync jit=eager stress-budget=1 stress-stack",
};
enum { N_MODES = sizeof modes / sizeof *modes };

/* Whether the mode is sure to optimize, with what the hierarchy says. */
static bool relies(const char *mode) {
  return strstr(mode, "jit-sync") != NULL && strstr(mode, "hierarchy=false") == NULL;
}

static void check_invalidated(terza_vm *vm, const char *mode, const char *what) {
  if (!relies(mode) || vm->vm->jit->promotion == NULL) return;
  cr_expect_gt(tz_promotion_statistics(vm->vm->jit->promotion).invalidated, 0,
               "%s, %s: nothing became invalid", what, mode);
}

static int64_t area(bool is_loaded, int64_t i) { return is_loaded && i % 2 == 1 ? 12 : 9; }
static int64_t fee(bool is_loaded, int64_t i) {
  static const int64_t fees[] = {1, 2, 50};
  return fees[i % (is_loaded ? 3 : 2)];
}

/* The module comes at round `due`. */
static int64_t expected_sum(int64_t n, int64_t due) {
  int64_t total = 0;
  for (int64_t i = 0; i < n; i++) total += area(i >= due, i) + area(i > due, i) + fee(i >= due, i);
  return total;
}

Test(hierarchy, a_callee_loads_the_override) {
  for (int i = 0; i < N_MODES; i++) {
    ticks c;
    terza_vm *vm = machine(modes[i], &c);
    enum { N = 3000, DUE = 1701 };
    for (int k = 0; k < 20; k++) cr_expect_eq(call(vm, "m.sum", N, 1), expected_sum(N, N), "%s", modes[i]);
    c.due = DUE;
    int64_t got = call(vm, "m.sum", N, 1);
    cr_expect_eq(got, expected_sum(N, DUE), "%s: %ld", modes[i], (long)got);
    cr_expect_eq(c.due, -1);
    check_invalidated(vm, modes[i], "sum");
    for (int k = 0; k < 20; k++) cr_expect_eq(call(vm, "m.sum", N, 1), expected_sum(N, -1), "%s", modes[i]);
    terza_free(vm);
  }
}

static int64_t expected_worth(int64_t n, int64_t due) {
  static const int64_t after[] = {12, 1000, 15}; /* a Thing, a Gift, a Sale */
  int64_t total = 0;
  for (int64_t i = 0; i < n; i++) total += i >= due ? after[i % 3] : 12;
  return total;
}

Test(hierarchy, casts_and_tests) {
  for (int i = 0; i < N_MODES; i++) {
    ticks c;
    terza_vm *vm = machine(modes[i], &c);
    enum { N = 3000, DUE = 1234 };
    for (int k = 0; k < 20; k++) cr_expect_eq(call(vm, "m.worth", N, 1), 12 * N, "%s", modes[i]);
    c.due = DUE;
    int64_t got = call(vm, "m.worth", N, 1);
    cr_expect_eq(got, expected_worth(N, DUE), "%s: %ld", modes[i], (long)got);
    check_invalidated(vm, modes[i], "worth");
    for (int k = 0; k < 5; k++)
      cr_expect_eq(call(vm, "m.worth", N, 1), expected_worth(N, -1), "%s", modes[i]);
    terza_free(vm);
  }
}

Test(hierarchy, another_process_loads_it) {
  for (int i = 0; i < N_MODES; i++) {
    ticks c;
    terza_vm *vm = machine(modes[i], &c);
    c.due = 1;
    cr_expect_eq(call(vm, "m.spin", 0, 0), 90912, "%s", modes[i]);
    terza_free(vm);
  }
}

Test(hierarchy, a_process_waits_meanwhile) {
  for (int i = 0; i < N_MODES; i++) {
    ticks c;
    terza_vm *vm = machine(modes[i], &c);
    call(vm, "m.start", 0, 0);
    for (int k = 0; k < 10; k++) cr_expect_eq(call(vm, "m.ask", 20000, 1), 9, "%s", modes[i]);
    load_late(vm);
    for (int k = 0; k < 10; k++) cr_expect_eq(call(vm, "m.ask", 20000, 1), 12, "%s", modes[i]);
    check_invalidated(vm, modes[i], "serve");
    terza_free(vm);
  }
}

/* A compiler thread has built the code that is to be installed when the module comes. */
static tz_function *function_named(const terza_vm *vm, const char *name) {
  const struct tz_function_table *all = vm->vm->functions;
  for (uint32_t i = 0; i < all->count; i++)
    if (all->by_id[i] != NULL && strcmp(all->by_id[i]->name, name) == 0) return all->by_id[i];
  return NULL;
}

Test(hierarchy, the_module_comes_while_code_is_made) {
  ticks c;
  terza_vm *vm = machine("jit-threshold=0 jit-promote=1000000000 stress-budget=50", &c);
  tz_promotion *p = vm->vm->jit->promotion;
  enum { N = 3000 };
  if (p != NULL) {
    for (int k = 0; k < 5; k++) cr_expect_eq(call(vm, "m.sum", N, 1), expected_sum(N, N));
    tz_function *sum = function_named(vm, "m.sum");
    cr_assert(sum != NULL && sum->tier != NULL);
    cr_expect(!tz_promotion_request(p, sum, TZ_NO_OSR, "test"));
    while (tz_promotion_statistics(p).compiled + tz_promotion_statistics(p).refused == 0) usleep(1000);
    cr_expect_eq(tz_promotion_statistics(p).compiled, 1);
    load_late(vm);
    for (int k = 0; k < 5; k++) cr_expect_eq(call(vm, "m.sum", N, 1), expected_sum(N, -1));
    cr_expect_eq(tz_promotion_statistics(p).invalidated, 1);
    cr_expect_null(tz_promotion_code(sum, TZ_NO_OSR));
  }
  terza_free(vm);
}

/* Beside it: optimized code counts against the memory limit, with its tables. */
Test(hierarchy, code_counts_as_memory) {
  ticks c;
  terza_vm *vm = machine("jit-sync jit=eager", &c);
  tz_gc_stats before, after;
  tz_gc_get_stats(vm->vm->heap, &before);
  call(vm, "m.sum", 3000, 1);
  tz_gc_get_stats(vm->vm->heap, &after);
  uint64_t code =
      vm->vm->jit->promotion != NULL ? tz_promotion_statistics(vm->vm->jit->promotion).code_bytes : 0;
  if (vm->vm->jit->promotion != NULL) cr_expect_gt(code, 0);
  cr_expect_geq(after.external_bytes, before.external_bytes + code);
  terza_free(vm);
}
