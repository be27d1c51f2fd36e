/* fusing.c: sequences run by one handler behave as their instructions do one by one. */
#include "world.h"
#include <criterion/criterion.h>

/* f(i) = { a = [0, 0, 0]; o = Pair(a, 7); try { o.a[i] } catch BoundsError { o.n } } */
static tz_function *make_guarded(tz_vm *vm) {
  tz_class_field fields[] = {{tz_symbol(vm, "a", 1), tz_type_array(vm, tz_type_simple(vm, TZ_KIND_I64))},
                             {tz_symbol(vm, "n", 1), tz_type_simple(vm, TZ_KIND_I64)}};
  tz_class *object = tz_class_machine(vm, "Object");
  tz_class *pair = tz_class_new(vm, NULL, "t.Pair", object, 0, fields, 2, object->methods, object->n_methods);
  tz_class_publish(pair);
  code c;
  code_begin(&c, vm, "guarded", "(i64)i64", "%t:Pair [i64] %tz:Error i64");
  uint32_t cls = k_pointer(&c, pair), type = k_type(&c, "[i64]");
  ad(&c, TZ_OP_NEW, 1, cls);
  ad(&c, TZ_OP_CONST_I, 4, 3);
  abc(&c, TZ_OP_NEW_ARRAY, 2, 4, type);
  abc(&c, TZ_OP_PUTF_R, 2, 1, 0);
  ad(&c, TZ_OP_CONST_I, 4, 7);
  abc(&c, TZ_OP_PUTF, 4, 1, 1);
  abc(&c, TZ_OP_GETF, 2, 1, 0);
  uint32_t start = abc(&c, TZ_OP_LOAD_64, 4, 2, 0);
  guard(&c, start, start + 1, start + 2, 3, "BoundsError");
  abc(&c, TZ_OP_RET, 4, 0, 0);
  abc(&c, TZ_OP_GETF, 4, 1, 1);
  abc(&c, TZ_OP_RET, 4, 0, 0);
  return code_end(&c);
}

Test(fusing, an_exception_has_the_pc_of_its_own_instruction) {
  tz_vm *vm = world_new();
  tz_function *f = make_guarded(vm);
  cr_expect(f->code[6] >> 8 == tz_encode_abc(TZ_OP_GETF, 2, 1, 0) >> 8, "only the opcode may change");
  cr_expect_neq((uint8_t)f->code[6], TZ_OP_GETF, "getf, load.64 should be fused");
  cr_expect_eq(tz_insn_op(f->code[6]), TZ_OP_GETF);
  cr_expect_eq(RUN(vm, f, wi(2)).i, 0);
  cr_expect_eq(RUN(vm, f, wi(3)).i, 7);
  tz_vm_free(vm);
}

/* A jump to the second instruction of a sequence: f(n) = n == 0 ? 5 : n * n + n, both by way of one float
 * addition. */
Test(fusing, jumps_may_enter_a_sequence_in_its_middle) {
  tz_vm *vm = world_new();
  code c;
  code_begin(&c, vm, "middle", "(i64,f64)f64", "f64");
  abc(&c, TZ_OP_MOV, 2, 1, 0);
  uint32_t zero = abc(&c, TZ_OP_JEQ_II, 0, 0, 0);
  abc(&c, TZ_OP_MUL_F, 2, 1, 1);
  patch_c(&c, zero);
  abc(&c, TZ_OP_ADD_F, 2, 2, 1);
  abc(&c, TZ_OP_RET, 2, 0, 0);
  tz_function *f = code_end(&c);
  cr_expect_neq((uint8_t)f->code[2], TZ_OP_MUL_F);
  cr_expect_eq(RUN(vm, f, wi(0), wf(2.5)).f, 5);
  cr_expect_eq(RUN(vm, f, wi(1), wf(3)).f, 12);
  tz_vm_free(vm);
}

Test(fusing, heads_of_loops_stay_whole) {
  tz_vm *vm = world_new();
  code c;
  code_begin(&c, vm, "loop", "(f64)f64", "f64 i64 i64");
  ad(&c, TZ_OP_CONST_I, 2, 0);
  ad(&c, TZ_OP_CONST_I, 3, 10);
  abc(&c, TZ_OP_MUL_F, 1, 0, 0);
  uint32_t top = c.n;
  abc(&c, TZ_OP_ADD_F, 1, 1, 0);
  abc(&c, TZ_OP_FOR_I, 2, 3, (uint16_t)back_to(&c, top));
  abc(&c, TZ_OP_RET, 1, 0, 0);
  tz_function *f = code_end(&c);
  cr_expect_eq((uint8_t)f->code[2], TZ_OP_MUL_F);
  cr_expect_eq(RUN(vm, f, wf(2)).f, 24);
  tz_vm_free(vm);
}
