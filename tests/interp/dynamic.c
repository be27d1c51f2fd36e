/* dynamic.c: operations on `any`: NaN boxing, feedback, members through inline caches, operator methods. */
#include "world.h"
#include "terza/arena.h"
#include <criterion/criterion.h>
#include <math.h>

static tz_function *binary(tz_vm *vm, tz_opcode op, const char *signature) {
  code c;
  code_begin(&c, vm, "binary", signature, "any");
  abc(&c, op, 2, 0, 1);
  abc(&c, TZ_OP_RET, 2, 0, 0);
  return code_end(&c);
}

static uint64_t box(double d) { return tz_any_from_float(d); }
static uint64_t string(tz_vm *vm, const char *text) {
  return (uint64_t)(uintptr_t)tz_string_permanent(vm, text, strlen(text));
}

static uint64_t apply(tz_vm *vm, tz_opcode op, uint64_t a, uint64_t b) {
  return RUN(vm, binary(vm, op, "(any,any)any"), wu(a), wu(b)).u;
}
static uint64_t ints(tz_vm *vm, tz_opcode op, int64_t a, int64_t b) {
  return apply(vm, op, tz_any_from_int(a), tz_any_from_int(b));
}

static const int64_t largest = ((int64_t)1 << 50) - 1;

Test(dynamic, arithmetic) {
  tz_vm *vm = world_new();
  cr_expect_eq(ints(vm, TZ_OP_ADD_ANY, 2, -5), tz_any_from_int(-3));
  cr_expect_eq(ints(vm, TZ_OP_SUB_ANY, 2, -5), tz_any_from_int(7));
  cr_expect_eq(ints(vm, TZ_OP_MUL_ANY, -4, 5), tz_any_from_int(-20));
  cr_expect_eq(ints(vm, TZ_OP_DIV_ANY, -7, 2), tz_any_from_int(-3));
  cr_expect_eq(ints(vm, TZ_OP_REM_ANY, -7, 2), tz_any_from_int(-1));
  cr_expect_eq(apply(vm, TZ_OP_ADD_ANY, box(0.5), tz_any_from_int(1)), box(1.5));
  cr_expect_eq(apply(vm, TZ_OP_DIV_ANY, box(1), box(4)), box(0.25));
  cr_expect_eq(apply(vm, TZ_OP_SUB_ANY, box(INFINITY), box(INFINITY)), box(NAN));
  tz_string *joined = (tz_string *)(uintptr_t)apply(vm, TZ_OP_ADD_ANY, string(vm, "ab"), string(vm, "cd"));
  cr_expect(joined->length == 4 && memcmp(joined->u8, "abcd", 4) == 0);
  tz_word bad[] = {any_int(1), wu(0)};
  cr_expect_str_eq(run_error(vm, binary(vm, TZ_OP_ADD_ANY, "(any,any)any"), 2, bad), "MemberError");
  tz_word zero[] = {any_int(1), any_int(0)};
  cr_expect_str_eq(run_error(vm, binary(vm, TZ_OP_REM_ANY, "(any,any)any"), 2, zero), "DivisionError");
  tz_vm_free(vm);
}

Test(dynamic, ints_beyond_51_bits_are_boxed_and_still_ints) {
  tz_vm *vm = world_new();
  code c;
  code_begin(&c, vm, "square", "(any)i64", "any i64");
  abc(&c, TZ_OP_MUL_ANY, 1, 0, 0);
  abc(&c, TZ_OP_SUB_ANY, 1, 1, 0);
  abc(&c, TZ_OP_I_ANY, 2, 1, 0);
  abc(&c, TZ_OP_RET, 2, 0, 0);
  tz_function *square = code_end(&c);
  cr_expect_eq(RUN(vm, square, any_int(100)).i, 9900);
  cr_expect_eq(RUN(vm, square, any_int(largest)).i,
               (int64_t)((uint64_t)largest * (uint64_t)largest) - largest);
  code_begin(&c, vm, "same", "(i64,i64)i64", "any any i64");
  abc(&c, TZ_OP_ANY_I, 2, 0, 0);
  abc(&c, TZ_OP_ANY_I, 3, 1, 0);
  abc(&c, TZ_OP_EQ_ANY, 4, 2, 3);
  abc(&c, TZ_OP_RET, 4, 0, 0);
  tz_function *same = code_end(&c);
  cr_expect_eq(RUN(vm, same, wi(INT64_MAX), wi(INT64_MAX)).i, 1);
  cr_expect_eq(RUN(vm, same, wi(INT64_MAX), wi(INT64_MIN)).i, 0);
  tz_vm_free(vm);
}

Test(dynamic, comparison) {
  tz_vm *vm = world_new();
  tz_function *less = binary(vm, TZ_OP_LT_ANY, "(any,any)i64"),
              *equal = binary(vm, TZ_OP_EQ_ANY, "(any,any)i64");
  cr_expect_eq(RUN(vm, less, any_int(-1), any_int(1)).i, 1);
  cr_expect_eq(RUN(vm, less, any_int(-1), wu(box(-1.5))).i, 0);
  cr_expect_eq(RUN(vm, less, wu(string(vm, "a")), wu(string(vm, "b"))).i, 1);
  cr_expect_eq(RUN(vm, equal, any_int(2), wu(box(2))).i, 1);
  cr_expect_eq(RUN(vm, equal, wu(box(NAN)), wu(box(NAN))).i, 0);
  cr_expect_eq(RUN(vm, equal, wu(0), wu(0)).i, 1);
  cr_expect_eq(RUN(vm, equal, wu(tz_any_from_bool(true)), any_int(1)).i, 0);
  cr_expect_eq(RUN(vm, equal, wu(string(vm, "xy")), wu(string(vm, "xy"))).i, 1);
  tz_vm_free(vm);
}

Test(dynamic, operand_kinds_are_recorded) {
  tz_vm *vm = world_new();
  tz_function *add = binary(vm, TZ_OP_ADD_ANY, "(any,any)any");
  cr_expect_eq(tz_insn_x(add->code[0]), 0);
  RUN(vm, add, any_int(1), any_int(2));
  cr_expect_eq(tz_insn_x(add->code[0]), 0x11);
  RUN(vm, add, any_int(1), wu(box(2)));
  cr_expect_eq(tz_insn_x(add->code[0]), 0x31);
  tz_vm_free(vm);
}

/* for i in 0..n { o.count = o.count + i }; o.count */
Test(dynamic, members_of_dynamic_objects) {
  tz_options restless = *tz_options_default();
  restless.stress_alloc = 2;
  restless.stress_poison = true;
  for (int round = 0; round < 2; round++) {
    tz_vm *vm = round == 0 ? world_new() : world_new_with(&restless);
    code c;
    code_begin(&c, vm, "count", "(i64)any", "any any any i64");
    uint32_t init = k_site(&c, TZ_SITE_SET, "count"), get = k_site(&c, TZ_SITE_GET, "count"),
             set = k_site(&c, TZ_SITE_SET, "count"), absent = k_site(&c, TZ_SITE_GET, "nothing");
    abc(&c, TZ_OP_NEW_DYN, 1, 0, 0);
    ad(&c, TZ_OP_CONST_I, 4, 0);
    abc(&c, TZ_OP_ANY_I, 2, 4, 0);
    abc(&c, TZ_OP_SET_ANY, 2, 1, init);
    uint32_t top = c.n;
    abc(&c, TZ_OP_GET_ANY, 2, 1, get);
    abc(&c, TZ_OP_ANY_I, 3, 4, 0);
    abc(&c, TZ_OP_ADD_ANY, 2, 2, 3);
    abc(&c, TZ_OP_SET_ANY, 2, 1, set);
    abc(&c, TZ_OP_FOR_I, 4, 0, (uint16_t)back_to(&c, top));
    abc(&c, TZ_OP_GET_ANY, 3, 1, absent);
    abc(&c, TZ_OP_IS_NULL, 4, 3, 0);
    uint32_t is_null = ad(&c, TZ_OP_JT, 4, 0);
    abc(&c, TZ_OP_RET, 3, 0, 0);
    patch_d(&c, is_null);
    abc(&c, TZ_OP_RET, 2, 0, 0);
    cr_expect_eq(RUN(vm, code_end(&c), wi(100)).u, tz_any_from_int(4950));
    tz_vm_free(vm);
  }
}

/* class Vec { x: f64; fun plus(o: any): any; fun compareTo(o: %Vec): i64; fun scale(k: f64): f64 } */
static tz_class *make_vec(tz_vm *vm) {
  const char *error;
  tz_class *object = tz_class_machine(vm, "Object");
  tz_module *module = tz_arena_alloc(vm->arena, sizeof *module); /* classes without one are the machine's */
  module->vm = vm;
  module->name = "t";
  tz_class *vec = tz_class_alloc(vm, module, "t.Vec", 6, 0);
  tz_class_method methods[6];
  memcpy(methods, object->methods, 3 * sizeof *methods);
  methods[3] = (tz_class_method){tz_symbol(vm, "plus", 4), tz_sig_parse(vm, "(any)any", &error)};
  methods[4] = (tz_class_method){tz_symbol(vm, "compareTo", 9), NULL};
  methods[5] = (tz_class_method){tz_symbol(vm, "scale", 5), tz_sig_parse(vm, "(f64)f64", &error)};
  tz_type *of_vec = vec->type;
  methods[4].signature = tz_sig_intern(vm, tz_type_simple(vm, TZ_KIND_I64), &of_vec, 1);
  tz_class_field field = {tz_symbol(vm, "x", 1), tz_type_simple(vm, TZ_KIND_F64)};
  cr_assert(tz_class_complete(vec, object, &field, 1, methods));
  tz_class_publish(vec);
  code c;
  code_begin(&c, vm, "t.Vec.plus", "(%t:Vec,any)any", "");
  abc(&c, TZ_OP_RET, 1, 0, 0);
  vec->vtable[3] = code_end(&c);
  code_begin(&c, vm, "t.Vec.compareTo", "(%t:Vec,%t:Vec)i64", "f64 f64 i64");
  abc(&c, TZ_OP_GETF, 2, 0, 0);
  abc(&c, TZ_OP_GETF, 3, 1, 0);
  abc(&c, TZ_OP_LT_F, 4, 2, 3);
  abc(&c, TZ_OP_NEG_I, 4, 4, 0);
  abc(&c, TZ_OP_RET, 4, 0, 0);
  vec->vtable[4] = code_end(&c);
  code_begin(&c, vm, "t.Vec.scale", "(%t:Vec,f64)f64", "f64");
  abc(&c, TZ_OP_GETF, 2, 0, 0);
  abc(&c, TZ_OP_MUL_F, 2, 2, 1);
  abc(&c, TZ_OP_RET, 2, 0, 0);
  vec->vtable[5] = code_end(&c);
  return vec;
}

Test(dynamic, operators_and_members_of_objects) {
  tz_options restless = *tz_options_default();
  restless.stress_alloc = 1;
  restless.stress_poison = restless.stress_stack = true;
  restless.stress_budget = 1;
  for (int round = 0; round < 2; round++) {
    tz_vm *vm = round == 0 ? world_new() : world_new_with(&restless);
    tz_class *vec = make_vec(vm);
    code c;
    code_begin(&c, vm, "use", "(any)any", "%t:Vec %t:Vec any any any f64 i64");
    uint32_t cls = k_pointer(&c, vec);
    uint32_t x = k_site(&c, TZ_SITE_SET, "x"), get_x = k_site(&c, TZ_SITE_GET, "x"),
             scale = k_site(&c, TZ_SITE_CALL, "scale");
    ad(&c, TZ_OP_NEW, 1, cls);
    ad(&c, TZ_OP_NEW, 2, cls);
    abc(&c, TZ_OP_MOV, 3, 1, 0);
    abc(&c, TZ_OP_MOV, 4, 2, 0);
    abc(&c, TZ_OP_SET_ANY, 0, 3, x); /* an int becomes a float */
    abc(&c, TZ_OP_LT_ANY, 7, 4, 3);  /* 0 < x */
    abc(&c, TZ_OP_ADD_ANY, 5, 3, 0); /* plus gives back its argument */
    abc(&c, TZ_OP_EQ_ANY, 7, 5, 0);
    uint32_t ok = ad(&c, TZ_OP_JT, 7, 0);
    abc(&c, TZ_OP_NULL, 0, 0, 0);
    patch_d(&c, ok);
    abc(&c, TZ_OP_GET_ANY, 5, 3, get_x);
    call(&c, TZ_OP_TAIL_ANY, 0, (uint64_t)scale << 16, 2, 3, 5);
    tz_function *f = code_end(&c);
    cr_expect_eq(RUN(vm, f, any_int(3)).u, box(9));
    code_begin(&c, vm, "twice", "(any)any", "any");
    uint32_t self = k_pointer(&c, f);
    call(&c, TZ_OP_CALL, 1, self, 1, 0);
    call(&c, TZ_OP_CALL, 1, self, 1, 1);
    abc(&c, TZ_OP_RET, 1, 0, 0);
    cr_expect_eq(RUN(vm, code_end(&c), any_int(3)).u, box(81));
    tz_vm_free(vm);
  }
}

static const char *call_error(tz_vm *vm, const char *member, int n, uint64_t receiver) {
  code c;
  code_begin(&c, vm, "wrong", "(any)any", "any");
  uint32_t site = k_site(&c, TZ_SITE_CALL, member);
  call(&c, TZ_OP_CALL_ANY, 1, (uint64_t)site << 16, n, 0, 0, 0);
  abc(&c, TZ_OP_RET, 1, 0, 0);
  tz_word args[] = {wu(receiver)};
  return run_error(vm, code_end(&c), 1, args);
}

Test(dynamic, wrong_calls) {
  tz_vm *vm = world_new();
  tz_class *vec = make_vec(vm);
  code c;
  code_begin(&c, vm, "make", "()any", "%t:Vec");
  ad(&c, TZ_OP_NEW, 0, k_pointer(&c, vec));
  abc(&c, TZ_OP_RET, 0, 0, 0);
  uint64_t v = RUN0(vm, code_end(&c)).u;
  cr_expect_str_eq(call_error(vm, "scala", 2, v), "MemberError");
  cr_expect_str_eq(call_error(vm, "scale", 3, v), "ArgumentError");
  cr_expect_str_eq(call_error(vm, "scale", 2, v), "CastError"); /* a Vec is not a float */
  cr_expect_str_eq(call_error(vm, NULL, 1, v), "CastError");
  cr_expect_str_eq(call_error(vm, "scale", 2, 0), "NullError");
  cr_expect_str_eq(call_error(vm, "scale", 2, tz_any_from_int(1)), "MemberError");
  tz_vm_free(vm);
}

Test(dynamic, arrays_and_strings_by_index) {
  tz_vm *vm = world_new();
  code c;
  code_begin(&c, vm, "elements", "(any)any", "[f32] any any i64");
  uint32_t type = k_type(&c, "[f32]");
  ad(&c, TZ_OP_CONST_I, 4, 4);
  abc(&c, TZ_OP_NEW_ARRAY, 1, 4, type);
  abc(&c, TZ_OP_MOV, 2, 1, 0);
  abc(&c, TZ_OP_SET_INDEX_ANY, 0, 2, 0); /* a[0] = value, the register being both */
  abc(&c, TZ_OP_INDEX_ANY, 3, 2, 0);
  abc(&c, TZ_OP_RET, 3, 0, 0);
  tz_function *f = code_end(&c);
  cr_expect_eq(RUN(vm, f, any_int(3)).u, box(3));
  tz_word args[] = {any_int(4)};
  cr_expect_str_eq(run_error(vm, f, 1, args), "BoundsError");
  cr_expect_eq(RUN(vm, binary(vm, TZ_OP_INDEX_ANY, "(any,any)any"), wu(string(vm, "abc")), any_int(1)).u,
               tz_any_from_int('b'));
  tz_vm_free(vm);
}
