/* errors.c: exceptions, their handlers, and the limits of stack, memory and steps. */
#include "world.h"
#include <criterion/criterion.h>

/* f(i) = try a[i] catch e: KIND { -1 }, for an array of length 3 or null. */
static tz_function *make_guarded(tz_vm *vm, const char *kind, bool null_array) {
  code c;
  code_begin(&c, vm, "guarded", "(i64)i64", "[i64] %tz:Error i64");
  uint32_t type = k_type(&c, "[i64]");
  ad(&c, TZ_OP_CONST_I, 3, 3);
  if (!null_array) abc(&c, TZ_OP_NEW_ARRAY, 1, 3, type);
  uint32_t start = abc(&c, TZ_OP_LOAD_64, 3, 1, 0);
  abc(&c, TZ_OP_RET, 3, 0, 0);
  guard(&c, start, start + 1, c.n, 2, kind);
  ad(&c, TZ_OP_CONST_I, 3, -1);
  abc(&c, TZ_OP_RET, 3, 0, 0);
  return code_end(&c);
}

Test(errors, handlers_match_by_class) {
  tz_vm *vm = world_new();
  cr_expect_eq(RUN(vm, make_guarded(vm, "BoundsError", false), wi(1)).i, 0);
  cr_expect_eq(RUN(vm, make_guarded(vm, "BoundsError", false), wi(3)).i, -1);
  cr_expect_eq(RUN(vm, make_guarded(vm, "Error", false), wi(-1)).i, -1);
  cr_expect_eq(RUN(vm, make_guarded(vm, "NullError", true), wi(0)).i, -1);
  tz_word args[] = {wi(9)};
  cr_expect_str_eq(run_error(vm, make_guarded(vm, "NullError", false), 1, args), "BoundsError");
  tz_vm_free(vm);
}

/* f(n) = n == 0 ? 1 / 0 : f(n - 1) */
static tz_function *make_faulty(tz_vm *vm) {
  code c;
  code_begin(&c, vm, "faulty", "(i64)i64", "string i64");
  uint32_t self = k_pointer(&c, c.f);
  uint32_t zero = abc(&c, TZ_OP_JEQ_II, 0, 0, 0);
  abc(&c, TZ_OP_ADD_II, 0, 0, (uint16_t)-1);
  call(&c, TZ_OP_CALL, 2, self, 1, 0);
  abc(&c, TZ_OP_RET, 2, 0, 0);
  patch_c(&c, zero);
  abc(&c, TZ_OP_DIV_I, 2, 0, 0);
  abc(&c, TZ_OP_RET, 2, 0, 0);
  return code_end(&c);
}

Test(errors, unwinding_passes_frames) {
  tz_vm *vm = world_new();
  code c;
  code_begin(&c, vm, "catcher", "(i64)i64", "%tz:Error string i64");
  uint32_t faulty = k_pointer(&c, make_faulty(vm));
  uint32_t start = call(&c, TZ_OP_CALL, 3, faulty, 1, 0);
  uint32_t end = c.n;
  abc(&c, TZ_OP_RET, 3, 0, 0);
  guard(&c, start, end, c.n, 1, "DivisionError");
  abc(&c, TZ_OP_GETF, 2, 1, 0);
  abc(&c, TZ_OP_STR_LEN, 3, 2, 0);
  abc(&c, TZ_OP_RET, 3, 0, 0);
  tz_function *f = code_end(&c);
  cr_expect_eq(RUN(vm, f, wi(0)).i, (int64_t)strlen("division by zero"));
  cr_expect_eq(RUN(vm, f, wi(1000)).i, (int64_t)strlen("division by zero"));
  tz_vm_free(vm);
}

static tz_function *make_endless(tz_vm *vm) {
  code c;
  code_begin(&c, vm, "endless", "(i64)i64", "i64");
  uint32_t self = k_pointer(&c, c.f);
  call(&c, TZ_OP_CALL, 1, self, 1, 0);
  abc(&c, TZ_OP_RET, 1, 0, 0);
  return code_end(&c);
}

Test(errors, stack_overflow_can_be_caught_again_and_again) {
  tz_options o = *tz_options_default();
  o.stack_limit = 1 << 18;
  tz_vm *vm = world_new_with(&o);
  code c;
  code_begin(&c, vm, "catcher", "(i64)i64", "%tz:Error i64 i64");
  uint32_t endless = k_pointer(&c, make_endless(vm));
  ad(&c, TZ_OP_CONST_I, 3, 0);
  uint32_t top = c.n;
  uint32_t start = call(&c, TZ_OP_CALL, 2, endless, 1, 0);
  uint32_t end = c.n;
  abc(&c, TZ_OP_RET, 2, 0, 0);
  guard(&c, start, end, c.n, 1, "StackOverflowError");
  abc(&c, TZ_OP_FOR_I, 3, 0, (uint16_t)back_to(&c, top));
  abc(&c, TZ_OP_RET, 3, 0, 0);
  cr_expect_eq(RUN(vm, code_end(&c), wi(5)).i, 5);
  tz_vm_free(vm);
}

Test(errors, out_of_memory_can_be_caught) {
  tz_options o = *tz_options_default();
  o.heap_limit = 32 << 20;
  tz_vm *vm = world_new_with(&o);
  code c;
  code_begin(&c, vm, "greedy", "(i64)i64", "[i64] %tz:Error i64");
  uint32_t type = k_type(&c, "[i64]");
  uint32_t start = abc(&c, TZ_OP_NEW_ARRAY, 1, 0, type);
  abc(&c, TZ_OP_ARRAY_LEN, 3, 1, 0);
  abc(&c, TZ_OP_RET, 3, 0, 0);
  guard(&c, start, start + 1, c.n, 2, "OutOfMemoryError");
  ad(&c, TZ_OP_CONST_I, 3, -1);
  abc(&c, TZ_OP_RET, 3, 0, 0);
  tz_function *f = code_end(&c);
  cr_expect_eq(RUN(vm, f, wi(1 << 24)).i, -1);
  cr_expect_eq(RUN(vm, f, wi(1 << 10)).i, 1 << 10);
  cr_expect_eq(RUN(vm, f, wi(INT64_MAX)).i, -1);
  tz_word args[] = {wi(-1)};
  cr_expect_str_eq(run_error(vm, f, 1, args), "ArgumentError");
  tz_vm_free(vm);
}

/* while true {} , and the same made of throws alone. */
Test(errors, the_step_limit_ends_loops_and_cannot_be_caught) {
  tz_options o = *tz_options_default();
  o.step_limit = 100000;
  tz_vm *vm = world_new_with(&o);
  code c;
  code_begin(&c, vm, "spin", "()i64", "%tz:Error");
  uint32_t at = ad(&c, TZ_OP_JMP, 0, 0);
  guard(&c, at, at + 1, at, 0, "Error");
  cr_expect_str_eq(run_error(vm, code_end(&c), 0, NULL), "StepLimitError");
  code_begin(&c, vm, "juggle", "()i64", "%tz:Error");
  at = abc(&c, TZ_OP_THROW, 0, 0, 0);
  guard(&c, at, at + 1, at, 0, "Error");
  tz_interp_set_step_limit(vm->thread, 100000);
  cr_expect_str_eq(run_error(vm, code_end(&c), 0, NULL), "StepLimitError");
  tz_vm_free(vm);
}

Test(errors, casts) {
  tz_vm *vm = world_new();
  code c;
  code_begin(&c, vm, "cast", "(any)i64", "string i64");
  uint32_t type = k_type(&c, "string");
  abc(&c, TZ_OP_CAST, 1, 0, type);
  abc(&c, TZ_OP_IS_NULL, 2, 1, 0);
  abc(&c, TZ_OP_RET, 2, 0, 0);
  tz_function *f = code_end(&c);
  cr_expect_eq(RUN(vm, f, wu(0)).i, 1);
  cr_expect_eq(RUN(vm, f, wu((uint64_t)(uintptr_t)tz_string_permanent(vm, "x", 1))).i, 0);
  tz_word args[] = {any_int(4)};
  cr_expect_str_eq(run_error(vm, f, 1, args), "CastError");
  tz_vm_free(vm);
}
