/* outline.c: single instructions as functions of their own. */
#include "fakes.h"
#include "outline.h"

/* f(a, b) of dynamic values with one instruction at pc 1; its outlined form is to give the same. */
typedef struct subject {
  tz_vm *vm;
  tz_function *f, *outlined;
} subject;

static subject outline_at(tz_vm *vm, tz_function *f, uint32_t pc) {
  subject s = {vm, f, tz_outline(vm, f, pc)};
  cr_assert_not_null(s.outlined);
  cr_expect(s.outlined == tz_outline(vm, f, pc), "there is one");
  cr_expect(s.outlined->flags & TZ_FUNCTION_HIDDEN);
  cr_expect(s.outlined->compiled == (void *)tz_vm_call_stub);
  return s;
}

static tz_function *make_binary(tz_vm *vm, tz_opcode op, uint32_t x) {
  code c;
  code_begin(&c, vm, "binary", "(any,any)any", "any");
  abc(&c, TZ_OP_NOP, 0, 0, 0);
  c.words[abc(&c, op, 2, 0, 1)] |= x << 8;
  abc(&c, TZ_OP_RET, 2, 0, 0);
  return code_end(&c);
}

static tz_word text(tz_vm *vm, const char *bytes) {
  return (tz_word){.p = tz_string_permanent(vm, bytes, strlen(bytes))};
}

static bool is_text(tz_word w, const char *bytes) {
  const tz_string *s = w.p;
  return s->length == (int64_t)strlen(bytes) && memcmp(s->u8, bytes, strlen(bytes)) == 0;
}

Test(outline, operators) {
  for (int mode = 0; mode < N_MODES; mode++) {
    tz_vm *vm = vm_for(mode);
    subject add = outline_at(vm, make_binary(vm, TZ_OP_ADD_ANY, 0), 1);
    cr_expect_eq(add.outlined->n_params, 2);
    cr_expect_eq(RUN(vm, add.outlined, any_int(3), any_int(4)).u, any_int(7).u);
    cr_expect(is_text(RUN(vm, add.outlined, text(vm, "ab"), text(vm, "cd")), "abcd"));
    tz_word bad[] = {any_int(1), {.u = 0}};
    cr_expect_str_eq(run_error(vm, add.f, 2, bad), run_error(vm, add.outlined, 2, bad));
    subject xor = outline_at(vm, make_binary(vm, TZ_OP_BIT_ANY, 2), 1);
    cr_expect_eq(RUN(vm, xor.outlined, any_int(12), any_int(10)).u, any_int(6).u, "the x byte counts");
    tz_vm_free(vm);
  }
}

Test(outline, argument_lists_and_types) {
  for (int mode = 0; mode < N_MODES; mode++) {
    tz_vm *vm = vm_for(mode);
    code c;
    code_begin(&c, vm, "join", "(i64,string,string)string", "string");
    call(&c, TZ_OP_CONCAT, 3, 0, 4, 1, 2, 1, 1);
    abc(&c, TZ_OP_RET, 3, 0, 0);
    tz_function *f = code_end(&c), *outlined = tz_outline(vm, f, 0);
    cr_assert_eq(outlined->n_params, 4, "one for each operand");
    tz_word a = text(vm, "a"), b = text(vm, "b");
    cr_expect(is_text(RUN(vm, outlined, a, b, a, a), "abaa"));
    cr_expect_eq(outlined->signature->result, f->signature->result);
    tz_vm_free(vm);
  }
}

Test(outline, results_may_be_discarded) {
  tz_vm *vm = vm_for(PLAIN);
  code c;
  code_begin(&c, vm, "discard", "(any)void", "");
  uint32_t site = k_site(&c, TZ_SITE_CALL, "toString");
  call(&c, TZ_OP_CALL_ANY, TZ_REG_DISCARD, (uint64_t)site << 16, 1, 0);
  abc(&c, TZ_OP_RET_VOID, 0, 0, 0);
  tz_function *f = code_end(&c), *outlined = tz_outline(vm, f, 0);
  cr_assert_not_null(outlined);
  cr_expect(outlined->signature->result->kind == TZ_KIND_VOID);
  RUN(vm, outlined, any_int(5));
  tz_vm_free(vm);
}

static bool make_pending(tz_thread *th, tz_word *args) {
  args[0].i = th->second.i;
  return true;
}

/* room(n): a channel with 1 … n in it, closed. */
static tz_function *make_filled(tz_vm *vm) {
  code c;
  code_begin(&c, vm, "filled", "(i64)chan(string)", "chan(string) string i64");
  uint32_t text = k_string(&c, "x"), type = k_type(&c, "chan(string)");
  abc(&c, TZ_OP_CHAN_NEW, 1, 0, type);
  ad(&c, TZ_OP_CONST, 2, text);
  ad(&c, TZ_OP_CONST_I, 3, 0);
  uint32_t head = c.n;
  abc(&c, TZ_OP_CHAN_SEND, 2, 1, 0);
  abc(&c, TZ_OP_FOR_I, 3, 0, (uint16_t)back_to(&c, head));
  abc(&c, TZ_OP_CHAN_CLOSE, 1, 0, 0);
  abc(&c, TZ_OP_RET, 1, 0, 0);
  return code_end(&c);
}

/* Takes by the outlined form until it says that there is no more; how many. The last value stays. */
Test(outline, a_channel_to_its_end) {
  for (int mode = 0; mode < N_MODES; mode++) {
    tz_vm *vm = vm_for(mode);
    const char *error;
    tz_function *filled = make_filled(vm);
    tz_function *second =
        tz_function_native(vm, NULL, "second", tz_sig_parse(vm, "(i64)i64", &error), make_pending);
    code c;
    code_begin(&c, vm, "subject", "(string,chan(string))i64", "i64");
    abc(&c, TZ_OP_CHAN_NEXT, 0, 1, 2);
    abc(&c, TZ_OP_RET, 2, 0, 0);
    tz_function *next = tz_outline(vm, code_end(&c), 0);
    cr_assert_eq(next->n_params, 2);
    code_begin(&c, vm, "main", "(i64)i64", "chan(string) string i64 i64");
    enum { N, CHANNEL, TEXT, COUNT, MORE };
    uint32_t k_filled = k_pointer(&c, filled), k_next = k_pointer(&c, next), k_second = k_pointer(&c, second);
    ad(&c, TZ_OP_CONST_I, COUNT, 0);
    call(&c, TZ_OP_CALL, CHANNEL, k_filled, 1, N);
    uint32_t head = c.n;
    call(&c, TZ_OP_CALL, TEXT, k_next, 2, TEXT, CHANNEL);
    call(&c, TZ_OP_CALL, MORE, k_second, 1, N);
    abc(&c, TZ_OP_ADD_I, COUNT, COUNT, MORE);
    ad(&c, TZ_OP_JT, MORE, back_to(&c, head));
    abc(&c, TZ_OP_STR_LEN, MORE, TEXT, 0);
    abc(&c, TZ_OP_ADD_I, COUNT, COUNT, MORE);
    abc(&c, TZ_OP_RET, COUNT, 0, 0);
    cr_expect_eq(RUN(vm, code_end(&c), wi(20)).i, 21);
    tz_vm_free(vm);
  }
}

Test(outline, throwing) {
  tz_vm *vm = vm_for(PLAIN);
  code c;
  code_begin(&c, vm, "throw", "(%tz:Error)void", "");
  abc(&c, TZ_OP_THROW, 0, 0, 0);
  tz_function *f = code_end(&c), *outlined = tz_outline(vm, f, 0);
  tz_word null = {.u = 0}, result;
  cr_expect_str_eq(run_error(vm, outlined, 1, &null), "NullError");
  tz_ref error = {0};
  tz_vm_run(vm, outlined, &null, 1, &result, &error);
  char *told = tz_error_text(vm, (void *)(uintptr_t)error.word);
  cr_expect_str_eq(told, "NullError: null cannot be thrown\n", "it is in no trace");
  free(told);
  tz_vm_free(vm);
}

Test(outline, refusals) {
  tz_vm *vm = vm_for(PLAIN);
  code c;
  code_begin(&c, vm, "refused", "(i64,chan(i64))i64", "i64 i64");
  abc(&c, TZ_OP_JEQ_I, 0, 0, 1);
  abc(&c, TZ_OP_CHAN_NEXT, 4, 1, 3); /* 4: dropped */
  uint32_t receives = call(&c, TZ_OP_SELECT, 2, 0, 2, 1, 3);
  uint32_t sends = call(&c, TZ_OP_SELECT, 2, (uint64_t)1 << 16, 2, 1, 3);
  uint32_t returns = abc(&c, TZ_OP_RET, 2, 0, 0);
  tz_function *f = code_end(&c);
  cr_expect_null(tz_outline(vm, f, 0));
  cr_expect_null(tz_outline(vm, f, 1));
  cr_expect_null(tz_outline(vm, f, receives));
  cr_expect_null(tz_outline(vm, f, returns));
  cr_expect_not_null(tz_outline(vm, f, sends));
  tz_vm_free(vm);
}
