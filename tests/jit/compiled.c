/* compiled.c: real optimized code, from LLVM, loaded and run: roots and interior pointers in its frames,
 * leaving it with inlined frames and objects that it never made, the places it stands at. The functions are
 * compiled/NAME.ll; the states that the compiler would hand over with them are made here. */
#include "code_memory.h"
#include "fakes.h"
#include <stdio.h>
#include <stdlib.h>

/* ---- Loading ---- */

/* States in one block, as they are handed over. */
typedef struct made_states {
  tz_states all;
  tz_state states[2];
  tz_state_frame frames[4];
  tz_state_virtual virtuals[3];
  tz_state_value values[16];
} made_states;

static made_states *states_new(void) {
  made_states *s = calloc(1, sizeof *s);
  s->all = (tz_states){
      .n_states = 2, .states = s->states, .frames = s->frames, .virtuals = s->virtuals, .values = s->values};
  return s;
}

static tz_native_code *load(tz_vm *vm, tz_code_memory *memory, const char *name, tz_function *f,
                            made_states *states) {
  static char bytes[1 << 16];
  char path[512], *problem = NULL;
  snprintf(path, sizeof path, "%s/%s.o", TERZA_COMPILED, name);
  FILE *file = fopen(path, "rb");
  cr_assert_not_null(file, "%s", path);
  size_t n = fread(bytes, 1, sizeof bytes, file);
  fclose(file);
  tz_native_code *code = tz_native_load(memory, bytes, n, f, TZ_NO_OSR, NULL, NULL, &states->all, &problem);
  cr_assert_not_null(code, "%s: %s", name, problem);
  cr_assert(tz_native_add(vm, code));
  set_compiled(f, code->code + code->entry);
  return code;
}

static void unload(tz_vm *vm, tz_code_memory *memory, tz_native_code *code) {
  cr_expect(!tz_native_is_in_use(vm, code));
  tz_native_remove(vm, code);
  tz_native_code_free(memory, code);
  tz_code_memory_free(memory);
  tz_vm_free(vm);
}

Test(compiled, what_is_no_object_is_refused) {
  tz_code_memory memory;
  char *problem = NULL;
  tz_code_memory_init(&memory);
  cr_expect_null(tz_native_load(&memory, "no", 2, NULL, TZ_NO_OSR, NULL, NULL, malloc(8), &problem));
  cr_expect_str_eq(problem, "not a relocatable object for this machine");
  free(problem);
  tz_code_memory_free(&memory);
}

/* ---- Roots ---- */

/* main(n): fills an array with 0 … n-1 and sums it in compiled code. */
static tz_function *make_sum(tz_vm *vm, tz_function *moving) {
  code c;
  code_begin(&c, vm, "main", "(i64)i64", "[i64] i64 i64 i64");
  uint32_t type = k_type(&c, "[i64]"), k = k_pointer(&c, moving), cls = k_pointer(&c, vm->int_box_class);
  abc(&c, TZ_OP_NEW_ARRAY, 1, 0, type);
  ad(&c, TZ_OP_CONST_I, 2, 0);
  uint32_t head = c.n;
  abc(&c, TZ_OP_STORE_64, 2, 1, 2);
  abc(&c, TZ_OP_FOR_I, 2, 0, (uint16_t)back_to(&c, head));
  ad(&c, TZ_OP_CONST, 3, cls);
  call(&c, TZ_OP_CALL, 4, k, 3, 1, 0, 3);
  abc(&c, TZ_OP_RET, 4, 0, 0);
  return code_end(&c);
}

Test(compiled, references_follow_their_objects) {
  for (int mode = 0; mode < N_MODES; mode++) {
    tz_vm *vm = vm_for(mode);
    tz_code_memory memory;
    tz_code_memory_init(&memory);
    tz_function *f = declare(vm, "moving", "([i64],i64,i64)i64", NULL);
    made_states *s = states_new();
    s->states[0] = (tz_state){.n_frames = 1, .is_place_only = true};
    s->frames[0] = (tz_state_frame){.function = f};
    tz_native_code *code = load(vm, &memory, "moving", f, s);
    cr_expect(code->n_safepoints == 2);
    cr_expect_eq(RUN(vm, make_sum(vm, f), wi(200)).i, 19900);
    unload(vm, &memory, code);
  }
}

/* ---- Leaving ---- */

enum { ERROR_CAUSE = 1, ERROR_TRACE = 2 };

/* inner(error, numbers, n, z, twice, half, small, big): what compiled code has inlined. Entered behind its
 * first instruction. The objects error, error.cause and numbers exist in the state only; twice and half are
 * boxed by it. */
static tz_function *make_inner(tz_vm *vm) {
  code c;
  code_begin(&c, vm, "inner", "(%tz:Error,[i64],i64,f64,any,any,i64,i64)i64", "%tz:Error [i64] i64 i64 i64");
  enum { ERROR, NUMBERS, N, Z, TWICE, HALF, SMALL, BIG, CAUSE, ARRAY, X, SUM, ZERO };
  ad(&c, TZ_OP_CONST_I, N, 1000000);
  abc(&c, TZ_OP_GETF, CAUSE, ERROR, ERROR_CAUSE);
  abc(&c, TZ_OP_GETF, ARRAY, CAUSE, ERROR_TRACE);
  ad(&c, TZ_OP_CONST_I, X, 0);
  abc(&c, TZ_OP_LOAD_64, SUM, ARRAY, X);
  ad(&c, TZ_OP_CONST_I, X, 1);
  abc(&c, TZ_OP_LOAD_64, X, NUMBERS, X);
  abc(&c, TZ_OP_ADD_I, SUM, SUM, X);
  abc(&c, TZ_OP_ARRAY_LEN, X, NUMBERS, 0);
  abc(&c, TZ_OP_ADD_I, SUM, SUM, X);
  abc(&c, TZ_OP_ADD_I, SUM, SUM, N);
  abc(&c, TZ_OP_I_ANY, X, TWICE, 0);
  abc(&c, TZ_OP_ADD_I, SUM, SUM, X);
  abc(&c, TZ_OP_F_TO_I, X, Z, 0);
  abc(&c, TZ_OP_ADD_I, SUM, SUM, X);
  abc(&c, TZ_OP_F_ANY, Z, HALF, 0);
  abc(&c, TZ_OP_F_TO_I, X, Z, 0);
  abc(&c, TZ_OP_ADD_I, SUM, SUM, X);
  abc(&c, TZ_OP_ADD_I, SUM, SUM, SMALL);
  abc(&c, TZ_OP_ADD_I, SUM, SUM, BIG);
  abc(&c, TZ_OP_ADD_I, SUM, SUM, ZERO); /* named by no value of the state */
  abc(&c, TZ_OP_DIV_I, X, SUM, N);
  abc(&c, TZ_OP_RET, SUM, 0, 0);
  return code_end(&c);
}

/* leave(array, n, z) = inner(…) + n, or -1 for a DivisionError. */
static void make_outer(tz_vm *vm, tz_function *f, tz_function *inner) {
  code c;
  code_begin_in(&c, vm, f, "%tz:Error i64");
  call(&c, TZ_OP_CALL, 4, k_pointer(&c, inner), 8, 3, 0, 1, 2, 1, 2, 1, 1);
  guard(&c, 0, c.n, c.n + 2, 3, "DivisionError");
  abc(&c, TZ_OP_ADD_I, 4, 4, 1);
  abc(&c, TZ_OP_RET, 4, 0, 0);
  ad(&c, TZ_OP_CONST_I, 4, -1);
  abc(&c, TZ_OP_RET, 4, 0, 0);
  code_end(&c);
}

static made_states *make_states(tz_vm *vm, tz_function *outer, tz_function *inner) {
  enum { ARRAY, N, Z, TWICE, HALF, SMALL, BIG };
  made_states *s = states_new();
  s->states[0] = (tz_state){.n_frames = 2, .n_virtuals = 3, .reason = TZ_DEOPT_CLASS};
  s->states[1] = (tz_state){.first_frame = 2, .n_frames = 1, .is_place_only = true};
  s->frames[0] = (tz_state_frame){.function = inner, .pc = 1, .first_value = 0, .n_values = 8};
  s->frames[1] = (tz_state_frame){.function = outer, .pc = 0, .first_value = 8, .n_values = 2};
  s->frames[2] = (tz_state_frame){.function = outer};
  tz_class *error = vm->error_classes[0];
  s->virtuals[0] = (tz_state_virtual){.cls = error, .first_value = 10, .n_values = 1};
  s->virtuals[1] = (tz_state_virtual){.cls = error, .first_value = 11, .n_values = 1};
  s->virtuals[2] = (tz_state_virtual){.cls = tz_type_array(vm, tz_type_simple(vm, TZ_KIND_I64))->class_,
                                      .length = 3,
                                      .first_value = 12,
                                      .n_values = 1};
  static const tz_state_value values[] = {
      {0, TZ_FROM_VIRTUAL, 0},           {1, TZ_FROM_VIRTUAL, 2},
      {2, TZ_FROM_OPERAND, N},           {3, TZ_FROM_OPERAND, Z},
      {4, TZ_FROM_INT, TWICE},           {5, TZ_FROM_FLOAT, HALF},
      {6, TZ_FROM_OPERAND, SMALL},       {7, TZ_FROM_OPERAND, BIG},
      {0, TZ_FROM_OPERAND, ARRAY},       {1, TZ_FROM_OPERAND, N}, /* outer */
      {ERROR_CAUSE, TZ_FROM_VIRTUAL, 1}, {ERROR_TRACE, TZ_FROM_OPERAND, ARRAY},
      {1, TZ_FROM_OPERAND, SMALL}};
  memcpy(s->values, values, sizeof values);
  return s;
}

/* main(n): leave([n], n, 2.5 n as float). */
static tz_function *make_leaver(tz_vm *vm, tz_function *leave) {
  code c;
  code_begin(&c, vm, "main", "(i64)i64", "[i64] i64 f64 f64 i64");
  uint32_t type = k_type(&c, "[i64]"), k = k_pointer(&c, leave), factor = k_word(&c, wf(2.5));
  ad(&c, TZ_OP_CONST_I, 2, 1);
  abc(&c, TZ_OP_NEW_ARRAY, 1, 2, type);
  ad(&c, TZ_OP_CONST_I, 2, 0);
  abc(&c, TZ_OP_STORE_64, 0, 1, 2);
  abc(&c, TZ_OP_I_TO_F, 3, 0, 0);
  ad(&c, TZ_OP_CONST, 4, factor);
  abc(&c, TZ_OP_MUL_F, 3, 3, 4);
  call(&c, TZ_OP_CALL, 5, k, 3, 1, 0, 3);
  abc(&c, TZ_OP_RET, 5, 0, 0);
  return code_end(&c);
}

static const tz_function *left_function;
static bool code_was_in_use;
static void note_deopt(tz_vm *vm, const tz_native_code *code, const tz_function *f, uint32_t pc,
                       tz_deopt_reason reason) {
  code_was_in_use = tz_native_is_in_use(vm, code);
  cr_expect_eq(pc, 1);
  cr_expect_eq(reason, TZ_DEOPT_CLASS);
  left_function = f;
}

static bool has_register(const tz_native_code *code) {
  const tz_safepoint *last = &code->safepoints[code->n_safepoints - 1];
  for (uint32_t i = 0; i < last->n_operands; i++)
    if (code->operands[last->first_operand + i].place == TZ_PLACE_REGISTER) return true;
  return false;
}

static void check_leaving(const char *name, bool in_registers) {
  for (int mode = 0; mode < N_MODES; mode++) {
    tz_vm *vm = vm_for(mode);
    tz_code_memory memory;
    tz_code_memory_init(&memory);
    tz_native_of(vm)->deoptimized = note_deopt;
    tz_function *inner = make_inner(vm), *f = code_declare(vm, "leave", "([i64],i64,f64)i64");
    make_outer(vm, f, inner);
    tz_native_code *code = load(vm, &memory, name, f, make_states(vm, f, inner));
    tz_function *main = make_leaver(vm, f);
    cr_expect_eq(has_register(code), in_registers);
    for (int64_t n = 1; n < 6; n += 2) {
      int64_t z = (int64_t)(2.5 * (double)n), half = (int64_t)(1.25 * (double)n);
      int64_t expected = n + 7 + 3 + n + 2 * n + z + half + 7 + 81985529216486895 + n;
      cr_expect_eq(RUN(vm, main, wi(n)).i, expected, "%s, mode %d", name, mode);
    }
    cr_expect(left_function == inner);
    cr_expect_eq(RUN(vm, main, wi(0)).i, -1, "%s, mode %d: the rebuilt frame handles the exception", name,
                 mode);
    cr_expect_null(vm->thread->native_top);
    unload(vm, &memory, code);
  }
}

Test(compiled, is_left_for_the_interpreter) { check_leaving("leave", false); }
Test(compiled, is_left_with_values_in_registers) { check_leaving("leave_registers", true); }

/* main(n): caller([n], n, 2.5 n as float, leave, its code). */
static tz_function *make_caller_of(tz_vm *vm, tz_function *caller, tz_function *leave) {
  code c;
  code_begin(&c, vm, "main", "(i64)i64", "[i64] i64 f64 f64 i64 i64 i64");
  uint32_t type = k_type(&c, "[i64]"), k = k_pointer(&c, caller), factor = k_word(&c, wf(2.5));
  uint32_t k_leave = k_pointer(&c, leave), k_code = k_pointer(&c, leave->compiled);
  ad(&c, TZ_OP_CONST_I, 2, 1);
  abc(&c, TZ_OP_NEW_ARRAY, 1, 2, type);
  ad(&c, TZ_OP_CONST_I, 2, 0);
  abc(&c, TZ_OP_STORE_64, 0, 1, 2);
  abc(&c, TZ_OP_I_TO_F, 3, 0, 0);
  ad(&c, TZ_OP_CONST, 4, factor);
  abc(&c, TZ_OP_MUL_F, 3, 3, 4);
  ad(&c, TZ_OP_CONST, 6, k_leave);
  ad(&c, TZ_OP_CONST, 7, k_code);
  call(&c, TZ_OP_CALL, 5, k, 5, 1, 0, 3, 6, 7);
  abc(&c, TZ_OP_RET, 5, 0, 0);
  return code_end(&c);
}

/* The caller waits in compiled code: the frames rebuilt run above it, and its references are found past the
 * dead frame. */
Test(compiled, is_left_within_a_call) {
  for (int mode = 0; mode < N_MODES; mode++) {
    tz_vm *vm = vm_for(mode);
    tz_code_memory memory;
    tz_code_memory_init(&memory);
    tz_function *inner = make_inner(vm), *f = code_declare(vm, "leave", "([i64],i64,f64)i64");
    tz_function *caller = declare(vm, "caller", "([i64],i64,f64,i64,i64)i64", NULL);
    make_outer(vm, f, inner);
    tz_native_code *left = load(vm, &memory, "leave", f, make_states(vm, f, inner));
    made_states *s = states_new();
    s->states[0] = (tz_state){.n_frames = 1, .is_place_only = true};
    s->frames[0] = (tz_state_frame){.function = caller};
    tz_native_code *code = load(vm, &memory, "caller", caller, s);
    tz_function *main = make_caller_of(vm, caller, f);
    tz_native_of(vm)->deoptimized = note_deopt;
    int64_t n = 4, expected = n + 7 + 3 + n + 2 * n + 10 + 5 + 7 + 81985529216486895 + n + n;
    for (int i = 0; i < 3; i++) cr_expect_eq(RUN(vm, main, wi(n)).i, expected, "mode %d", mode);
    cr_expect_eq(RUN(vm, main, wi(0)).i, -1);
    cr_expect(code_was_in_use, "the dead frame has yet to return");
    cr_expect(!tz_native_is_in_use(vm, left));
    tz_native_remove(vm, left);
    tz_native_code_free(&memory, left);
    unload(vm, &memory, code);
  }
}

/* Every allocation of the way out may fail: then OutOfMemoryError is raised there, nothing else happens. */
Test(compiled, leaving_without_memory) {
  for (uint64_t n = 1; n < 12; n++) {
    tz_options o = *tz_options_default();
    o.jit = TZ_JIT_DEFAULT;
    o.stress_fail_alloc = (int64_t)n;
    tz_vm *vm = world_new_with(&o);
    cr_assert(tz_jit_attach(vm));
    tz_code_memory memory;
    tz_code_memory_init(&memory);
    tz_function *inner = make_inner(vm), *f = code_declare(vm, "leave", "([i64],i64,f64)i64");
    make_outer(vm, f, inner);
    tz_native_code *code = load(vm, &memory, "leave", f, make_states(vm, f, inner));
    tz_word result, arg = wi(1);
    tz_ref error = {0};
    if (!tz_vm_run(vm, make_leaver(vm, f), &arg, 1, &result, &error))
      cr_expect(tz_object_class((void *)(uintptr_t)error.word) == vm->error_classes[TZ_ERROR_OUT_OF_MEMORY]);
    unload(vm, &memory, code);
  }
}

/* ---- Places ---- */

static char *error_text_of(tz_vm *vm, tz_function *f, int n, const tz_word *args) {
  tz_word result;
  tz_ref error = {0};
  cr_assert(!tz_vm_run(vm, f, args, n, &result, &error));
  return tz_error_text(vm, (void *)(uintptr_t)error.word);
}

static bool divide(tz_thread *th, tz_word *args) {
  if (args[0].i == 13) return tz_raise(th, TZ_ERROR_STATE, "thirteen");
  args[0].f = (double)args[0].i * 1000 + args[1].f;
  args[0].i = (int64_t)args[0].f;
  return true;
}

Test(compiled, traces_show_inlined_frames) {
  tz_vm *vm = vm_for(RESTLESS);
  tz_code_memory memory;
  tz_code_memory_init(&memory);
  const char *problem;
  tz_function *inner = make_inner(vm), *f = declare(vm, "raise", "(i64,i64,i64)i64", NULL);
  tz_function *callee =
      tz_function_native(vm, NULL, "divide", tz_sig_parse(vm, "(i64,f64)i64", &problem), divide);
  made_states *s = states_new();
  s->states[0] = (tz_state){.n_frames = 2, .is_place_only = true};
  s->states[1] = (tz_state){.first_frame = 1, .n_frames = 1, .is_place_only = true};
  s->frames[0] = (tz_state_frame){.function = inner, .pc = 4};
  s->frames[1] = (tz_state_frame){.function = f};
  tz_native_code *code = load(vm, &memory, "raise", f, s);
  tz_word type = {.p = tz_type_array(vm, tz_type_simple(vm, TZ_KIND_I64))}, target = {.p = callee};
  tz_word args[] = {type, wi(-1), target};
  char *text = error_text_of(vm, f, 3, args);
  cr_expect_str_eq(text, "ArgumentError: an array cannot have length -1\n  at inner\n  at raise\n");
  free(text);
  cr_expect_eq(RUN(vm, f, type, wi(12), target).i, 12001);
  args[1] = wi(13);
  text = error_text_of(vm, f, 3, args);
  cr_expect_str_eq(text, "StateError: thirteen\n  at divide (native)\n  at raise\n");
  free(text);
  unload(vm, &memory, code);
}
