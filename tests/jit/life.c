/* life.c: compiled code comes, is found by address, is superseded, and goes. */
#include "terza/jit.h"
#include "world.h"
#include <criterion/criterion.h>
#include <unistd.h>

static tz_vm *vm_with(int64_t threshold, int64_t slice) {
  tz_options o = *tz_options_default();
  o.jit = TZ_JIT_BASELINE;
  o.jit_threshold = threshold;
  o.stress_budget = slice;
  o.jit_gdb = o.jit_perf_map = true;
  tz_vm *vm = world_new_with(&o);
  cr_assert(tz_jit_attach(vm));
  return vm;
}

/* Calls toString of a fresh object n times: a site that has seen nothing when it is compiled at once. */
static tz_function *make_caller(tz_vm *vm) {
  code c;
  code_begin(&c, vm, "caller", "(i64)i64", "object string i64");
  uint32_t site = k_site(&c, TZ_SITE_VIRTUAL, NULL), cls = k_pointer(&c, tz_class_machine(vm, "Object"));
  ad(&c, TZ_OP_CONST_I, 3, 0);
  uint32_t head = c.n;
  ad(&c, TZ_OP_NEW, 1, cls);
  call(&c, TZ_OP_CALL_VIRTUAL, 2, (uint64_t)site << 16, 1, 1);
  abc(&c, TZ_OP_FOR_I, 3, 0, (uint16_t)back_to(&c, head));
  abc(&c, TZ_OP_RET, 3, 0, 0);
  return code_end(&c);
}

Test(jit_life, superseded_code_is_freed) {
  tz_vm *vm = vm_with(0, 5);
  tz_function *f = make_caller(vm);
  cr_expect_eq(RUN(vm, f, wi(2000)).i, 2000);
  tz_jit_stats s = tz_jit_statistics(vm);
  cr_expect(s.functions >= 2, "it is compiled again once its site has seen a class");
  cr_expect(s.freed >= 1, "the first form is freed");
  size_t code = s.code_bytes;
  cr_expect_eq(RUN(vm, f, wi(2000)).i, 2000);
  cr_expect_eq(tz_jit_statistics(vm).code_bytes, code);
  tz_vm_free(vm);
}

Test(jit_life, found_by_address) {
  tz_vm *one = vm_with(1, 1), *two = vm_with(1, 1);
  tz_function *f = make_caller(one), *g = make_caller(two);
  cr_expect(tz_jit_find(one, f->entry) == NULL, "it is not compiled yet");
  cr_expect_eq(RUN(one, f, wi(100)).i, 100);
  cr_expect_eq(RUN(two, g, wi(100)).i, 100);
  cr_expect(tz_jit_find(one, (char *)f->entry + 3) == f);
  cr_expect(tz_jit_find(two, (char *)g->entry + 3) == g);
  cr_expect(tz_jit_find(two, f->entry) == NULL, "machines do not share code");
  tz_vm_free(one);
  cr_expect_eq(RUN(two, g, wi(100)).i, 100);
  tz_vm_free(two);
  char path[64];
  snprintf(path, sizeof path, "/tmp/perf-%d.map", (int)getpid());
  cr_expect(access(path, R_OK) == 0, "perf finds the names");
  unlink(path);
}

Test(jit_life, off) {
  tz_options o = *tz_options_default();
  o.jit = TZ_JIT_OFF;
  tz_vm *vm = world_new_with(&o);
  cr_assert(tz_jit_attach(vm));
  tz_function *f = make_caller(vm);
  cr_expect(!tz_jit_compile(vm, f));
  cr_expect_eq(RUN(vm, f, wi(10000)).i, 10000);
  cr_expect_eq(tz_jit_statistics(vm).functions, 0);
  tz_vm_free(vm);
}
