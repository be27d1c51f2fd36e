/* processes.c: spawn, channels, select, timers, join, cancel, deadlock, stacks, helpers. */
#include "error.h"
#include "symbols.h"
#include "scheduler.h"
#include "world.h"
#include <criterion/criterion.h>
#include <stdlib.h>
#include <unistd.h>

/* A closure class over f (whose first parameter is the closure) with captured fields of the given types. */
static tz_class *closure_class(tz_vm *vm, tz_function *f, const char *types) {
  tz_class_field fields[8];
  uint32_t n = 0;
  for (const char *p = types; *p;) {
    char text[64];
    const char *error;
    size_t length = strcspn(p, " ");
    snprintf(text, sizeof text, "%.*s", (int)length, p);
    fields[n++] = (tz_class_field){tz_symbol_c(vm, "c"), tz_type_parse(vm, text, &error)};
    p += length + (p[length] == ' ');
  }
  tz_class_method invoke = {
      tz_symbol_c(vm, "invoke"),
      tz_sig_intern(vm, f->signature->result, f->signature->params + 1, f->signature->n_params - 1)};
  tz_class *cls =
      tz_class_new(vm, NULL, "t.closure", NULL, TZ_CLASS_CLOSURE | TZ_CLASS_FINAL, fields, n, &invoke, 1);
  cls->vtable[0] = f;
  return cls;
}

static tz_function *native(tz_vm *vm, const char *name) {
  const char *error;
  const tz_native_def *def = tz_native_find(vm, "tz", name);
  return tz_function_native(vm, NULL, name, tz_sig_parse(vm, def->signature, &error), def->function);
}

/* producer(closure): sends 0..count-1 on the channel in field 0, then closes it. Field 1: count. */
static tz_class *producer(tz_vm *vm) {
  code c;
  code_begin(&c, vm, "t.producer", "(object)void", "chan(i64) i64 i64");
  abc(&c, TZ_OP_GETF, 1, 0, 0);
  abc(&c, TZ_OP_GETF, 3, 0, 1);
  ad(&c, TZ_OP_CONST_I, 2, 0);
  uint32_t loop = c.n;
  uint32_t out = abc(&c, TZ_OP_JLE_I, 3, 2, 0);
  abc(&c, TZ_OP_CHAN_SEND, 2, 1, 0);
  abc(&c, TZ_OP_ADD_II, 2, 2, 1);
  ad(&c, TZ_OP_JMP, 0, back_to(&c, loop));
  patch_c(&c, out);
  ad(&c, TZ_OP_CHAN_CLOSE, 1, 0);
  ad(&c, TZ_OP_RET_VOID, 0, 0);
  return closure_class(vm, code_end(&c), "chan(i64) i64");
}

/* main(capacity, count): spawns the producer and sums what comes out of the channel. */
static tz_function *consumer(tz_vm *vm) {
  code c;
  tz_class *cls = producer(vm);
  code_begin(&c, vm, "t.main", "(i64,i64)i64", "chan(i64) object process i64 i64 i64");
  abc(&c, TZ_OP_CHAN_NEW, 2, 0, k_type(&c, "chan(i64)"));
  ad(&c, TZ_OP_NEW, 3, k_pointer(&c, cls));
  abc(&c, TZ_OP_PUTF_R, 2, 3, 0);
  abc(&c, TZ_OP_PUTF, 1, 3, 1);
  abc(&c, TZ_OP_SPAWN, 4, 3, 0);
  ad(&c, TZ_OP_CONST_I, 5, 0);
  uint32_t loop = c.n;
  abc(&c, TZ_OP_CHAN_NEXT, 6, 2, 7);
  uint32_t out = ad(&c, TZ_OP_JF, 7, 0);
  abc(&c, TZ_OP_ADD_I, 5, 5, 6);
  ad(&c, TZ_OP_JMP, 0, back_to(&c, loop));
  patch_d(&c, out);
  ad(&c, TZ_OP_RET, 5, 0);
  return code_end(&c);
}

static void check_pipeline(const tz_options *options, int64_t capacity, int64_t count) {
  tz_vm *vm = world_new_with(options);
  tz_word args[2] = {{.i = capacity}, {.i = count}};
  cr_expect_eq(run(vm, consumer(vm), 2, args).i, count * (count - 1) / 2, "capacity %d", (int)capacity);
  cr_expect_eq(vm->scheduler->n_processes, 0);
  tz_vm_free(vm);
}

Test(channel, passes_values_in_order) {
  for (int64_t capacity = 0; capacity < 5; capacity++) check_pipeline(tz_options_default(), capacity, 10000);
}

Test(channel, under_stress) {
  tz_options o = *tz_options_default();
  o.stress_alloc = 1;
  o.stress_safepoint = 1;
  o.stress_budget = 3;
  o.stress_stack = true;
  o.stress_poison = true;
  o.verify_heap = true;
  check_pipeline(&o, 0, 100);
  check_pipeline(&o, 3, 100);
}

Test(channel, negative_capacity) {
  tz_vm *vm = world_new();
  tz_word args[2] = {{.i = -1}, {.i = 1}};
  cr_expect_str_eq(run_error(vm, consumer(vm), 2, args), "ArgumentError");
  tz_vm_free(vm);
}

/* A closure that does one thing and ends: `what` writes the code after captured field 0 (a channel) came to
 * r1. */
static tz_function *spawn_main(tz_vm *vm, code *c, tz_class *cls) {
  code_begin(c, vm, "t.main", "()i64", "chan(i64) object process i64 i64");
  ad(c, TZ_OP_CONST_I, 3, 0);
  abc(c, TZ_OP_CHAN_NEW, 0, 3, k_type(c, "chan(i64)"));
  ad(c, TZ_OP_NEW, 1, k_pointer(c, cls));
  abc(c, TZ_OP_PUTF_R, 0, 1, 0);
  abc(c, TZ_OP_SPAWN, 2, 1, 0);
  return c->f;
}

static tz_class *blocked(tz_vm *vm) { /* waits for ever on its channel */
  code c;
  code_begin(&c, vm, "t.blocked", "(object)void", "chan(i64) i64");
  abc(&c, TZ_OP_GETF, 1, 0, 0);
  abc(&c, TZ_OP_CHAN_RECV, 2, 1, 0);
  ad(&c, TZ_OP_RET_VOID, 0, 0);
  return closure_class(vm, code_end(&c), "chan(i64)");
}

Test(process, deadlock_lists_everyone) {
  tz_vm *vm = world_new();
  code c;
  spawn_main(vm, &c, blocked(vm));
  abc(&c, TZ_OP_CHAN_RECV, 3, 0, 0);
  ad(&c, TZ_OP_RET, 3, 0);
  tz_word result;
  tz_ref error;
  cr_assert_not(tz_vm_run(vm, code_end(&c), NULL, 0, &result, &error));
  char *text = tz_error_text(vm, (void *)(uintptr_t)error.word);
  cr_expect_not_null(strstr(text, "DeadlockError: every process is blocked"));
  cr_expect_not_null(strstr(text, "process 1 (main) waits to receive\n  at t.main"), "%s", text);
  cr_expect_not_null(strstr(text, "process 2 waits to receive\n  at t.blocked"), "%s", text);
  free(text);
  tz_vm_free(vm);
}

static tz_class *failing(tz_vm *vm) { /* divides by zero */
  code c;
  code_begin(&c, vm, "t.failing", "(object)void", "i64 i64");
  ad(&c, TZ_OP_CONST_I, 1, 0);
  abc(&c, TZ_OP_DIV_I, 2, 1, 1);
  ad(&c, TZ_OP_RET_VOID, 0, 0);
  return closure_class(vm, code_end(&c), "chan(i64)");
}

static char output[4096];
static void take_output(tz_vm *vm, int fd, const char *bytes, size_t n) {
  (void)vm, (void)fd;
  strncat(output, bytes, n);
}

Test(process, join_throws_what_ended_it) {
  tz_vm *vm = world_new();
  vm->hooks.write = take_output;
  code c;
  spawn_main(vm, &c, failing(vm));
  call(&c, TZ_OP_CALL, TZ_REG_DISCARD, k_pointer(&c, native(vm, "Process.join")), 1, 2);
  ad(&c, TZ_OP_RET, 3, 0);
  cr_expect_str_eq(run_error(vm, code_end(&c), 0, NULL), "DivisionError");
  cr_expect_str_eq(output, "");
  tz_vm_free(vm);
}

Test(process, unjoined_error_is_printed) {
  tz_vm *vm = world_new();
  vm->hooks.write = take_output;
  code c;
  spawn_main(vm, &c, failing(vm));
  ad(&c, TZ_OP_YIELD, 0, 0);
  ad(&c, TZ_OP_RET, 3, 0);
  run(vm, code_end(&c), 0, NULL);
  cr_expect_str_eq(output, "uncaught in a process: DivisionError: division by zero\n  at t.failing\n");
  tz_vm_free(vm);
}

Test(process, cancel_ends_a_wait) {
  tz_vm *vm = world_new();
  code c;
  spawn_main(vm, &c, blocked(vm));
  ad(&c, TZ_OP_YIELD, 0, 0);
  call(&c, TZ_OP_CALL, TZ_REG_DISCARD, k_pointer(&c, native(vm, "Process.cancel")), 1, 2);
  call(&c, TZ_OP_CALL, TZ_REG_DISCARD, k_pointer(&c, native(vm, "Process.join")), 1, 2);
  ad(&c, TZ_OP_RET, 3, 0);
  cr_expect_str_eq(run_error(vm, code_end(&c), 0, NULL), "CancelledError");
  tz_vm_free(vm);
}

Test(process, sleep_then_done) {
  tz_vm *vm = world_new();
  code c;
  code_begin(&c, vm, "t.main", "()i64", "i64");
  ad(&c, TZ_OP_CONST_I, 0, 20);
  call(&c, TZ_OP_CALL, TZ_REG_DISCARD, k_pointer(&c, native(vm, "Process.sleep")), 1, 0);
  ad(&c, TZ_OP_RET, 0, 0);
  int64_t start = tz_clock_now();
  cr_expect_eq(run(vm, code_end(&c), 0, NULL).i, 20);
  int64_t ms = (tz_clock_now() - start) / 1000000;
  cr_expect(ms >= 20 && ms < 2000, "%d ms", (int)ms);
  tz_vm_free(vm);
}

/* main(limit): select { receive from an empty channel; send on one with room } with the limit. */
static int64_t run_select(int64_t limit, int64_t room) {
  tz_vm *vm = world_new();
  code c;
  code_begin(&c, vm, "t.main", "(i64,i64)i64", "chan(i64) chan(i64) i64 i64 i64");
  ad(&c, TZ_OP_CONST_I, 4, 0);
  abc(&c, TZ_OP_CHAN_NEW, 2, 4, k_type(&c, "chan(i64)"));
  abc(&c, TZ_OP_CHAN_NEW, 3, 1, k_type(&c, "chan(i64)"));
  uint32_t at = call(&c, TZ_OP_SELECT, 5, 0, 4, 2, 6, 3, 4);
  c.words[at] = tz_encode_x(tz_encode_abc(TZ_OP_SELECT, 5, 0, 2), 4);
  ad(&c, TZ_OP_RET, 5, 0);
  tz_word args[2] = {{.i = limit}, {.i = room}};
  int64_t taken = run(vm, code_end(&c), 2, args).i;
  tz_vm_free(vm);
  return taken;
}

Test(select, takes_what_is_ready) {
  cr_expect_eq(run_select(-1, 1), 1);
  cr_expect_eq(run_select(0, 0), -1);
  cr_expect_eq(run_select(15, 0), -1);
}

/* Two producers, one select loop of `rounds` receives: both must be heard. */
Test(select, waits_and_is_fair) {
  tz_vm *vm = world_new();
  tz_class *cls = producer(vm);
  code c;
  code_begin(&c, vm, "t.main", "(i64)i64", "chan(i64) chan(i64) object process i64 i64 i64 i64 i64");
  ad(&c, TZ_OP_CONST_I, 5, 0);
  for (uint32_t i = 0; i < 2; i++) {
    abc(&c, TZ_OP_CHAN_NEW, 1 + i, 5, k_type(&c, "chan(i64)"));
    ad(&c, TZ_OP_NEW, 3, k_pointer(&c, cls));
    abc(&c, TZ_OP_PUTF_R, 1 + i, 3, 0);
    abc(&c, TZ_OP_PUTF, 0, 3, 1);
    abc(&c, TZ_OP_SPAWN, 4, 3, 0);
  }
  ad(&c, TZ_OP_CONST_I, 6, -1);
  ad(&c, TZ_OP_CONST_I, 9, 0);
  uint32_t loop = c.n;
  uint32_t at = call(&c, TZ_OP_SELECT, 7, 0, 4, 1, 8, 2, 8);
  c.words[at] = tz_encode_x(tz_encode_abc(TZ_OP_SELECT, 7, 6, 0), 4);
  abc(&c, TZ_OP_ADD_I, 9, 9, 7); /* counts case 1 */
  abc(&c, TZ_OP_ADD_II, 5, 5, 1);
  at = abc(&c, TZ_OP_JLT_I, 5, 0, 0);
  c.words[at] |= (uint64_t)(uint16_t)back_to(&(code){.n = at}, loop) << 48;
  ad(&c, TZ_OP_RET, 9, 0);
  tz_word rounds = {.i = 1000};
  int64_t second = run(vm, code_end(&c), 1, &rounds).i;
  cr_expect(second > 200 && second < 800, "case 1 taken %d times", (int)second);
  tz_vm_free(vm);
}

/* spinning(closure): a loop without end; preemption must let main go on. */
Test(process, tight_loops_are_preempted) {
  tz_vm *vm = world_new();
  code c;
  code_begin(&c, vm, "t.spinning", "(object)void", "");
  ad(&c, TZ_OP_JMP, 0, 0);
  tz_class *cls = closure_class(vm, code_end(&c), "chan(i64)");
  spawn_main(vm, &c, cls);
  ad(&c, TZ_OP_YIELD, 0, 0);
  ad(&c, TZ_OP_YIELD, 0, 0);
  ad(&c, TZ_OP_RET, 3, 0);
  run(vm, code_end(&c), 0, NULL);
  cr_expect_eq(vm->scheduler->n_processes, 1, "the spinning one stays for the next run");
  tz_vm_free(vm);
}

static void *interrupt_soon(void *vm) {
  usleep(20000);
  tz_vm_interrupt(vm);
  return NULL;
}

Test(vm, interrupt_from_another_thread) {
  tz_vm *vm = world_new();
  code c;
  code_begin(&c, vm, "t.main", "()i64", "i64");
  ad(&c, TZ_OP_JMP, 0, 0);
  ad(&c, TZ_OP_RET, 0, 0);
  tz_function *f = code_end(&c);
  pthread_t other;
  pthread_create(&other, NULL, interrupt_soon, vm);
  cr_expect_str_eq(run_error(vm, f, 0, NULL), "CancelledError");
  pthread_join(other, NULL);
  tz_vm_free(vm);
}

static void slow_work(void *state) {
  usleep(10000);
  *(int *)state = 42;
}

static bool slow_finish(tz_thread *th, tz_word *args, void *state) {
  (void)th;
  args[0].i = *(int *)state;
  free(state);
  return true;
}

static bool slow_native(tz_thread *th, tz_word *args) {
  (void)args;
  return tz_native_block(th, slow_work, slow_finish, calloc(1, sizeof(int)));
}

Test(native, blocking_work_runs_on_a_helper) {
  tz_vm *vm = world_new();
  const char *error;
  tz_function *slow = tz_function_native(vm, NULL, "t.slow", tz_sig_parse(vm, "()i64", &error), slow_native);
  code c;
  code_begin(&c, vm, "t.main", "()i64", "i64");
  call(&c, TZ_OP_CALL, 0, k_pointer(&c, slow), 0);
  ad(&c, TZ_OP_RET, 0, 0);
  cr_expect_eq(run(vm, code_end(&c), 0, NULL).i, 42);
  tz_vm_free(vm);
}

/* main(n): spawns n processes that block on one channel, closes it, and yields until they are gone. */
static int64_t run_crowd(tz_vm *vm, int64_t n) {
  code c;
  tz_class *cls = blocked(vm);
  code_begin(&c, vm, "t.main", "(i64)i64", "chan(i64) object process i64");
  ad(&c, TZ_OP_CONST_I, 4, 0);
  abc(&c, TZ_OP_CHAN_NEW, 1, 4, k_type(&c, "chan(i64)"));
  uint32_t loop = c.n;
  ad(&c, TZ_OP_NEW, 2, k_pointer(&c, cls));
  abc(&c, TZ_OP_PUTF_R, 1, 2, 0);
  abc(&c, TZ_OP_SPAWN, 3, 2, 0);
  abc(&c, TZ_OP_ADD_II, 4, 4, 1);
  uint32_t at = abc(&c, TZ_OP_JLT_I, 4, 0, 0);
  c.words[at] |= (uint64_t)(uint16_t)back_to(&(code){.n = at}, loop) << 48;
  ad(&c, TZ_OP_YIELD, 0, 0);
  ad(&c, TZ_OP_RET, 4, 0);
  tz_word count = {.i = n};
  return run(vm, code_end(&c), 1, &count).i;
}

static int64_t resident_bytes(void) {
  FILE *f = fopen("/proc/self/statm", "r");
  long pages = 0, resident = 0;
  if (f == NULL || fscanf(f, "%ld %ld", &pages, &resident) != 2) resident = 0;
  if (f != NULL) fclose(f);
  return resident * sysconf(_SC_PAGESIZE);
}

Test(process, a_blocked_process_is_small, .timeout = 60) {
  tz_vm *vm = world_new();
  int64_t n = 100000, before = resident_bytes();
  cr_expect_eq(run_crowd(vm, n), n);
  int64_t each = (resident_bytes() - before) / n;
  cr_expect_eq(vm->scheduler->n_processes, n);
#if __has_feature(address_sanitizer)
  (void)each; /* its allocator pads */
#else
  cr_expect(each < 1000, "%d bytes a process", (int)each);
#endif
  tz_vm_free(vm);
}
