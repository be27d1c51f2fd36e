/* numbers.c: arithmetic whose corners the language defines. */
#include "world.h"
#include <criterion/criterion.h>
#include <math.h>

static tz_function *binary(tz_vm *vm, tz_opcode op, const char *signature) {
  code c;
  code_begin(&c, vm, "binary", signature, "");
  abc(&c, op, 0, 0, 1);
  abc(&c, TZ_OP_RET, 0, 0, 0);
  return code_end(&c);
}

static tz_function *with_immediate(tz_vm *vm, tz_opcode op, int immediate, const char *signature) {
  code c;
  code_begin(&c, vm, "immediate", signature, "");
  abc(&c, op, 0, 0, (uint16_t)immediate);
  abc(&c, TZ_OP_RET, 0, 0, 0);
  return code_end(&c);
}

static int64_t ints(tz_vm *vm, tz_opcode op, int64_t a, int64_t b) {
  return RUN(vm, binary(vm, op, "(i64,i64)i64"), wi(a), wi(b)).i;
}

Test(numbers, ints_wrap) {
  tz_vm *vm = world_new();
  cr_expect_eq(ints(vm, TZ_OP_ADD_I, INT64_MAX, 1), INT64_MIN);
  cr_expect_eq(ints(vm, TZ_OP_SUB_I, INT64_MIN, 1), INT64_MAX);
  cr_expect_eq(ints(vm, TZ_OP_MUL_I, INT64_MAX, 2), -2);
  cr_expect_eq(ints(vm, TZ_OP_ADD_W, INT32_MAX, 1), INT32_MIN);
  cr_expect_eq(ints(vm, TZ_OP_MUL_W, 0x10000, 0x10000), 0);
  cr_expect_eq(ints(vm, TZ_OP_USHR_W, -1, 28), 15);
  cr_expect_eq(ints(vm, TZ_OP_SHL_W, 1, 31), INT32_MIN);
  cr_expect_eq(RUN(vm, with_immediate(vm, TZ_OP_ADD_II, -7, "(i64)i64"), wi(3)).i, -4);
  tz_vm_free(vm);
}

Test(numbers, division_truncates) {
  tz_vm *vm = world_new();
  cr_expect_eq(ints(vm, TZ_OP_DIV_I, 7, 2), 3);
  cr_expect_eq(ints(vm, TZ_OP_DIV_I, -7, 2), -3);
  cr_expect_eq(ints(vm, TZ_OP_DIV_I, 7, -2), -3);
  cr_expect_eq(ints(vm, TZ_OP_REM_I, -7, 2), -1);
  cr_expect_eq(ints(vm, TZ_OP_REM_I, 7, -2), 1);
  cr_expect_eq(ints(vm, TZ_OP_DIV_I, INT64_MIN, -1), INT64_MIN);
  cr_expect_eq(ints(vm, TZ_OP_REM_I, INT64_MIN, -1), 0);
  cr_expect_eq(ints(vm, TZ_OP_DIV_I, (int64_t)1 << 40, 3), ((int64_t)1 << 40) / 3);
  cr_expect_eq(ints(vm, TZ_OP_DIV_I, 0xffffffff, 1), 0xffffffff);
  cr_expect_eq(RUN(vm, with_immediate(vm, TZ_OP_DIV_II, -1, "(i64)i64"), wi(INT64_MIN)).i, INT64_MIN);
  cr_expect_eq(RUN(vm, with_immediate(vm, TZ_OP_REM_II, 10, "(i64)i64"), wi(-123)).i, -3);
  tz_word by_zero[] = {wi(1), wi(0)};
  cr_expect_str_eq(run_error(vm, binary(vm, TZ_OP_DIV_I, "(i64,i64)i64"), 2, by_zero), "DivisionError");
  cr_expect_str_eq(run_error(vm, binary(vm, TZ_OP_REM_I, "(i64,i64)i64"), 2, by_zero), "DivisionError");
  tz_vm_free(vm);
}

Test(numbers, shifts_mask_their_count) {
  tz_vm *vm = world_new();
  cr_expect_eq(ints(vm, TZ_OP_SHL_I, 1, 65), 2);
  cr_expect_eq(ints(vm, TZ_OP_SHR_I, -8, 1), -4);
  cr_expect_eq(ints(vm, TZ_OP_USHR_I, -1, 60), 15);
  cr_expect_eq(RUN(vm, with_immediate(vm, TZ_OP_SEXT, 8, "(i64)i64"), wi(0x1ff)).i, -1);
  cr_expect_eq(RUN(vm, with_immediate(vm, TZ_OP_ZEXT, 8, "(i64)i64"), wi(0x1ff)).i, 0xff);
  cr_expect_eq(RUN(vm, with_immediate(vm, TZ_OP_SEXT, 32, "(i64)i64"), wi(0x80000000)).i, INT32_MIN);
  tz_vm_free(vm);
}

static tz_word unary(tz_vm *vm, tz_opcode op, const char *signature, tz_word value) {
  return RUN(vm, with_immediate(vm, op, 0, signature), value);
}

/* The operand is register 0 and b is 0, so the two-operand form serves. */
Test(numbers, floats_convert_with_saturation) {
  tz_vm *vm = world_new();
  cr_expect_eq(unary(vm, TZ_OP_F_TO_I, "(f64)i64", wf(-2.9)).i, -2);
  cr_expect_eq(unary(vm, TZ_OP_F_TO_I, "(f64)i64", wf(1e30)).i, INT64_MAX);
  cr_expect_eq(unary(vm, TZ_OP_F_TO_I, "(f64)i64", wf(-1e30)).i, INT64_MIN);
  cr_expect_eq(unary(vm, TZ_OP_F_TO_I, "(f64)i64", wf(NAN)).i, 0);
  cr_expect_eq(unary(vm, TZ_OP_FLOOR_F, "(f64)f64", wf(-0.5)).f, -1);
  cr_expect_eq(unary(vm, TZ_OP_FLOOR_F, "(f64)f64", wf(1e300)).f, 1e300);
  cr_expect_eq(unary(vm, TZ_OP_CEIL_F, "(f64)f64", wf(0.25)).f, 1);
  cr_expect(signbit(unary(vm, TZ_OP_CEIL_F, "(f64)f64", wf(-0.25)).f));
  cr_expect(isinf(unary(vm, TZ_OP_FLOOR_F, "(f64)f64", wf(INFINITY)).f));
  cr_expect_eq(unary(vm, TZ_OP_SQRT_F, "(f64)f64", wf(2.25)).f, 1.5);
  cr_expect_eq(unary(vm, TZ_OP_NEG_F, "(f64)f64", wf(2.25)).f, -2.25);
  tz_vm_free(vm);
}

Test(numbers, nan_compares_false) {
  tz_vm *vm = world_new();
  tz_function *less = binary(vm, TZ_OP_LT_F, "(f64,f64)i64"),
              *different = binary(vm, TZ_OP_NE_F, "(f64,f64)i64");
  cr_expect_eq(RUN(vm, less, wf(NAN), wf(1)).i, 0);
  cr_expect_eq(RUN(vm, different, wf(NAN), wf(NAN)).i, 1);
  cr_expect_eq(RUN(vm, less, wf(1), wf(2)).i, 1);
  tz_vm_free(vm);
}
