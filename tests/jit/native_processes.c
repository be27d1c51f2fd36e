/* native_processes.c: processes that wait, are cancelled and preempted while they have optimized frames,
 * natives that call back, loops entered in the middle. */
#include "fakes.h"
#include <time.h>

/* ---- Waiting ---- */

static tz_handle channels[2];
static tz_function *take, *put;

static bool get_channel(tz_thread *th, tz_word *args) {
  (void)th;
  args[0] = tz_handle_get(channels[args[0].i]);
  return true;
}

/* n times: takes from one channel and puts what it got plus one into the other; the sum of all. */
COMPILED int64_t relay(tz_thread *th, tz_function *self, int64_t n) {
  (void)self;
  int64_t sum = 0;
  for (int64_t i = 0; i < n; i++) {
    int64_t x = CALL1(th, take, 0);
    if (th->exception != 0) return 0;
    CALL2(th, put, 1, x + 1);
    if (th->exception != 0) return 0;
    sum += x;
  }
  return sum;
}

static void make_accessors(tz_vm *vm) {
  const char *error;
  tz_function *get =
      tz_function_native(vm, NULL, "get", tz_sig_parse(vm, "(i64)chan(i64)", &error), get_channel);
  code c;
  code_begin(&c, vm, "take", "(i64)i64", "chan(i64) i64");
  call(&c, TZ_OP_CALL, 1, k_pointer(&c, get), 1, 0);
  abc(&c, TZ_OP_CHAN_RECV, 2, 1, 0);
  abc(&c, TZ_OP_RET, 2, 0, 0);
  take = code_end(&c);
  code_begin(&c, vm, "put", "(i64,i64)void", "chan(i64)");
  call(&c, TZ_OP_CALL, 2, k_pointer(&c, get), 1, 0);
  abc(&c, TZ_OP_CHAN_SEND, 1, 2, 0);
  abc(&c, TZ_OP_RET_VOID, 0, 0, 0);
  put = code_end(&c);
}

static void make_channels(tz_vm *vm, int64_t room) {
  code c;
  code_begin(&c, vm, "channel", "(i64)chan(i64)", "chan(i64)");
  abc(&c, TZ_OP_CHAN_NEW, 1, 0, k_type(&c, "chan(i64)"));
  abc(&c, TZ_OP_RET, 1, 0, 0);
  tz_function *f = code_end(&c);
  for (int i = 0; i < 2; i++) channels[i] = tz_handle_new(vm->heap, RUN(vm, f, wi(room)));
}

/* Sends 0 … n-1 and adds up what comes back. */
static tz_function *make_feeder(tz_vm *vm) {
  code c;
  code_begin(&c, vm, "feeder", "(i64)i64", "i64 i64 i64 i64 i64");
  uint32_t k_put = k_pointer(&c, put), k_take = k_pointer(&c, take);
  for (uint32_t i = 1; i <= 4; i++) ad(&c, TZ_OP_CONST_I, i, i == 4);
  uint32_t head = c.n;
  call(&c, TZ_OP_CALL, TZ_REG_DISCARD, k_put, 2, 2, 1); /* 2 is 0 */
  call(&c, TZ_OP_CALL, 5, k_take, 1, 4);
  abc(&c, TZ_OP_ADD_I, 3, 3, 5);
  abc(&c, TZ_OP_FOR_I, 1, 0, (uint16_t)back_to(&c, head));
  abc(&c, TZ_OP_RET, 3, 0, 0);
  return code_end(&c);
}

static void start(tz_vm *vm, tz_function *f, int64_t n) {
  tz_word arg = wi(n);
  tz_process *p = tz_process_new(vm->thread, f, &arg, 1);
  cr_assert_not_null(p);
  tz_process_start(vm, p);
}

Test(native_processes, wait_with_compiled_frames) {
  for (int mode = 0; mode < N_MODES; mode++)
    for (int64_t room = 0; room < 3; room++) {
      tz_vm *vm = vm_for(mode);
      make_accessors(vm);
      make_channels(vm, room);
      tz_function *f = declare(vm, "relay", "(i64)i64", (void *)relay);
      for (int i = 0; i < 4; i++) start(vm, f, 25); /* each on a stack of its own */
      cr_expect_eq(RUN(vm, make_feeder(vm), wi(100)).i, 99 * 50 + 100);
      tz_vm_free(vm);
    }
}

Test(native_processes, main_ends_while_others_wait) {
  tz_vm *vm = vm_for(PLAIN);
  make_accessors(vm);
  make_channels(vm, 0);
  tz_function *f = declare(vm, "relay", "(i64)i64", (void *)relay);
  for (int i = 0; i < 3; i++) start(vm, f, 1000);
  tz_function *feeder = make_feeder(vm);
  cr_expect_eq(RUN(vm, feeder, wi(10)).i, 55);
  cr_expect_eq(RUN(vm, feeder, wi(10)).i, 55, "they go on in the next run");
  tz_vm_free(vm); /* and are dropped where they stand */
}

Test(native_processes, deadlock_is_raised_through_compiled_frames) {
  tz_vm *vm = vm_for(PLAIN);
  make_accessors(vm);
  make_channels(vm, 0);
  tz_function *f = declare(vm, "relay", "(i64)i64", (void *)relay);
  tz_word one = wi(1);
  cr_expect_str_eq(run_error(vm, f, 1, &one), "DeadlockError");
  cr_expect_eq(vm->scheduler->n_unused_stacks, 1);
  tz_vm_free(vm);
}

/* ---- Polls ---- */

/* Runs until it is told to leave; how often it polled. */
COMPILED int64_t spin(tz_thread *th, tz_function *self, int64_t most) {
  (void)self;
  int64_t polls = 0;
  for (int64_t i = 0; i < most; i++) {
    if (__atomic_load_n(&th->poll, __ATOMIC_RELAXED) == 0) continue;
    polls++;
    if (tz_native_poll(th)) return -polls;
  }
  return polls;
}

static int64_t spun[2];
COMPILED int64_t spin_and_tell(tz_thread *th, tz_function *self, int64_t which) {
  (void)self;
  for (spun[which] = 0; spun[which] < 3 || spun[!which] < 3;) {
    if (__atomic_load_n(&th->poll, __ATOMIC_RELAXED) == 0) continue;
    spun[which]++;
    if (tz_native_poll(th)) break;
  }
  return 0;
}

Test(native_processes, polls_come_by_themselves_and_preempt, .timeout = 20) {
  tz_vm *vm = vm_for(PLAIN);
  tz_function *f = declare(vm, "spin", "(i64)i64", (void *)spin_and_tell);
  start(vm, f, 1);
  RUN(vm, f, wi(0)); /* ends only if the other one gets its turns */
  cr_expect(spun[0] >= 3 && spun[1] >= 3);
  struct timespec until_the_ticker_sleeps = {.tv_nsec = 150000000};
  nanosleep(&until_the_ticker_sleeps, NULL);
  start(vm, f, 1);
  RUN(vm, f, wi(0));
  cr_expect(spun[0] >= 3 && spun[1] >= 3, "it is woken");
  tz_vm_free(vm);
}

static void *interrupt(void *vm) {
  struct timespec while_it_spins = {.tv_nsec = 20000000}; /* a run begins by forgetting what came before */
  nanosleep(&while_it_spins, NULL);
  tz_vm_interrupt(vm);
  return NULL;
}

Test(native_processes, an_interrupt_makes_a_poll_ask_to_leave, .timeout = 20) {
  tz_vm *vm = vm_for(PLAIN);
  tz_function *f = declare(vm, "spin", "(i64)i64", (void *)spin);
  cr_assert(RUN(vm, f, wi(1000)).i >= 0);
  pthread_t thread;
  pthread_create(&thread, NULL, interrupt, vm);
  cr_expect(RUN(vm, f, wi(INT64_MAX)).i < 0, "it ends because it was asked to");
  pthread_join(thread, NULL);
  tz_vm_free(vm);
}

/* ---- Natives that call back ---- */

static tz_function *leaf, *callback;

static bool call_back(tz_thread *th, tz_word *args) {
  tz_word n = args[0], result;
  if (!tz_native_call(th, leaf, &n, 1, &result)) return false;
  args[0].i = result.i + 1;
  return true;
}

COMPILED int64_t descend(tz_thread *th, tz_function *self, int64_t n) {
  (void)self;
  if (n == 0) return 0;
  int64_t r = CALL1(th, callback, n - 1);
  return th->exception != 0 ? 0 : r + 10;
}

/* The same in bytecode, for where there is no more machine stack. */
static tz_function *make_descend(tz_vm *vm) {
  code c;
  code_begin(&c, vm, "descend", "(i64)i64", "i64");
  uint32_t more = abc(&c, TZ_OP_JNE_II, 0, 0, 0);
  abc(&c, TZ_OP_RET, 0, 0, 0);
  patch_c(&c, more);
  abc(&c, TZ_OP_ADD_II, 0, 0, (uint16_t)-1);
  call(&c, TZ_OP_CALL, 1, k_pointer(&c, callback), 1, 0);
  abc(&c, TZ_OP_ADD_II, 1, 1, 10);
  abc(&c, TZ_OP_RET, 1, 0, 0);
  tz_function *f = code_end(&c);
  set_compiled(f, (void *)descend);
  return f;
}

Test(native_processes, natives_call_back) {
  for (int mode = 0; mode < N_MODES; mode++) {
    tz_vm *vm = vm_for(mode);
    const char *error;
    callback = tz_function_native(vm, NULL, "callback", tz_sig_parse(vm, "(i64)i64", &error), call_back);
    leaf = make_descend(vm);
    cr_expect_eq(RUN(vm, leaf, wi(50)).i, 550);
    cr_expect_eq(RUN(vm, callback, wi(50)).i, 551, "a native on the base stack first");
    tz_word endless = wi(-1);
    cr_expect_str_eq(run_error(vm, leaf, 1, &endless), "StackOverflowError");
    cr_expect_eq(RUN(vm, leaf, wi(50)).i, 550);
    tz_vm_free(vm);
  }
}

/* Nobody may wait inside a nested call. */
Test(native_processes, nested_calls_cannot_wait) {
  tz_vm *vm = vm_for(PLAIN);
  make_accessors(vm);
  make_channels(vm, 0);
  leaf = declare(vm, "relay", "(i64)i64", (void *)relay);
  const char *error;
  callback = tz_function_native(vm, NULL, "callback", tz_sig_parse(vm, "(i64)i64", &error), call_back);
  tz_word one = wi(1);
  cr_expect_str_eq(run_error(vm, callback, 1, &one), "StateError");
  tz_vm_free(vm);
}

/* ---- Loops entered in the middle ---- */

/* Goes on with registers 0 (n), 1 (i), 2 (sum) where the frame stands. */
COMPILED int64_t loop_from(tz_thread *th, tz_function *self, const tz_word *frame) {
  (void)th, (void)self;
  int64_t n = frame[0].i, i = frame[1].i, sum = frame[2].i;
  for (; i < n; i++) sum += i;
  return sum;
}

static tz_native_code osr;
static int64_t entered_at;

static tz_insn *enter_at_head(tz_thread *th, tz_function *f, tz_insn *pc) {
  if (f != osr.function || pc != f->code + osr.osr_pc) return pc;
  entered_at = th->fp[1].i;
  return tz_native_enter_loop(th, pc, &osr);
}

static tz_function *make_sum(tz_vm *vm, uint32_t *head) {
  code c;
  code_begin(&c, vm, "sum", "(i64)i64", "i64 i64");
  ad(&c, TZ_OP_CONST_I, 1, 0);
  ad(&c, TZ_OP_CONST_I, 2, 0);
  *head = c.n;
  uint32_t out = abc(&c, TZ_OP_JLE_I, 0, 1, 0);
  abc(&c, TZ_OP_ADD_I, 2, 2, 1);
  abc(&c, TZ_OP_ADD_II, 1, 1, 1);
  ad(&c, TZ_OP_JMP, 0, back_to(&c, *head));
  patch_c(&c, out);
  abc(&c, TZ_OP_RET, 2, 0, 0);
  return code_end(&c);
}

Test(native_processes, a_loop_is_entered_in_the_middle) {
  for (int mode = 0; mode < N_MODES; mode++) {
    tz_vm *vm = vm_for(mode);
    uint32_t head;
    tz_function *f = make_sum(vm, &head);
    /* The branch back draws on the budget: it has not been taken yet when the hook sees it. */
    osr = (tz_native_code){.function = f, .osr_pc = head + 3, .code = (uint8_t *)loop_from};
    vm->hooks.budget = enter_at_head;
    entered_at = 0;
    int64_t n = 20000;
    cr_expect_eq(RUN(vm, f, wi(n)).i, n * (n - 1) / 2);
    cr_expect(entered_at > 0);
    tz_vm_free(vm);
  }
}
