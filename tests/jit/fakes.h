/* fakes.h: C functions of the compiled convention in the place of optimized code. They hold no references
 * across calls, as only code with stack maps may. */
#pragma once
#include "native.h"
#include "native_stack.h"
#include "scheduler.h"
#include "terza/jit.h"
#include "world.h"
#include <criterion/criterion.h>

/* All of a file lie in one section, so that a walk can be told where they are. What they call is of another C
 * type, as the convention has it. */
#define COMPILED __attribute__((section("compiled_fakes"), noinline, no_sanitize("function"))) static
extern char __start_compiled_fakes[], __stop_compiled_fakes[];

enum { PLAIN, RESTLESS, N_MODES };

static inline tz_vm *vm_for(int mode) {
  tz_options o = *tz_options_default();
  o.jit = TZ_JIT_DEFAULT;
  o.jit_threshold = 1 << 30; /* nothing is compiled but what the tests say */
  if (mode == RESTLESS) {
    o.stress_alloc = 5;
    o.stress_stack = o.stress_poison = true;
    o.stress_budget = 2;
    o.stress_safepoint = 3;
  }
  tz_vm *vm = world_new_with(&o);
  cr_assert(tz_jit_attach(vm));
  cr_assert_not_null(tz_native_of(vm));
  return vm;
}

static inline void set_compiled(tz_function *f, void *compiled) {
  f->compiled = compiled;
  f->entry = (void *)tz_optimized_entry;
}

/* A function that runs as this C function; its lower form is not to be asked. */
static inline tz_function *declare(tz_vm *vm, const char *name, const char *signature, void *compiled) {
  code c;
  code_begin(&c, vm, name, signature, "");
  abc(&c, TZ_OP_RET_VOID, 0, 0, 0);
  tz_function *f = code_end(&c);
  set_compiled(f, compiled);
  return f;
}

/* Calls as compiled code makes them. */
typedef int64_t compiled1(tz_thread *th, tz_function *f, int64_t a);
typedef int64_t compiled2(tz_thread *th, tz_function *f, int64_t a, int64_t b);
typedef int64_t compiled7(tz_thread *th, tz_function *f, int64_t a, int64_t b, int64_t c, int64_t d,
                          int64_t e, int64_t g, int64_t h);
#define CALL1(th, f, a) ((compiled1 *)(f)->compiled)(th, f, a)
#define CALL2(th, f, a, b) ((compiled2 *)(f)->compiled)(th, f, a, b)
#define CALL7(th, f, ...) ((compiled7 *)(f)->compiled)(th, f, __VA_ARGS__)
