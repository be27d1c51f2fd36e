/* speed.c: how long the interpreter takes for small programs made by hand: nanoseconds per iteration, best of
 * several. */
#include "world.h"
#include <stdio.h>
#include <time.h>

static double now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

static void measure(tz_vm *vm, tz_function *f, int64_t n, double per) {
  double best = 1e30;
  for (int i = 0; i < 9; i++) {
    double start = now();
    RUN(vm, f, wi(n));
    double time = now() - start;
    if (time < best) best = time;
  }
  printf("%-10s %8.3f ns\n", f->name, best / per);
}

static tz_function *make_loop(tz_vm *vm) {
  code c;
  code_begin(&c, vm, "loop", "(i64)i64", "i64 i64 i64");
  ad(&c, TZ_OP_CONST_I, 1, 0);
  ad(&c, TZ_OP_CONST_I, 2, 0);
  uint32_t top = c.n;
  abc(&c, TZ_OP_MUL_II, 3, 2, 7);
  abc(&c, TZ_OP_XOR_I, 1, 1, 3);
  abc(&c, TZ_OP_AND_II, 3, 1, 255);
  abc(&c, TZ_OP_ADD_I, 1, 1, 3);
  abc(&c, TZ_OP_FOR_I, 2, 0, (uint16_t)back_to(&c, top));
  abc(&c, TZ_OP_RET, 1, 0, 0);
  return code_end(&c);
}

static tz_function *make_sieve(tz_vm *vm) {
  code c;
  code_begin(&c, vm, "sieve", "(i64)i64", "[u8] i64 i64 i64 i64 i64");
  uint32_t type = k_type(&c, "[u8]");
  abc(&c, TZ_OP_NEW_ARRAY, 1, 0, type);
  ad(&c, TZ_OP_CONST_I, 2, 2); /* i */
  ad(&c, TZ_OP_CONST_I, 5, 1);
  ad(&c, TZ_OP_CONST_I, 6, 0); /* count */
  uint32_t top = c.n;
  abc(&c, TZ_OP_LOAD_U8, 4, 1, 2);
  uint32_t composite = ad(&c, TZ_OP_JT, 4, 0);
  abc(&c, TZ_OP_ADD_II, 6, 6, 1);
  abc(&c, TZ_OP_ADD_I, 3, 2, 2); /* j */
  uint32_t inner = abc(&c, TZ_OP_JLE_I, 0, 3, 0);
  uint32_t body = c.n;
  abc(&c, TZ_OP_STORE_U8, 5, 1, 3);
  abc(&c, TZ_OP_ADD_I, 3, 3, 2);
  abc(&c, TZ_OP_JLT_I, 3, 0, (uint16_t)back_to(&c, body));
  patch_c(&c, inner);
  patch_d(&c, composite);
  abc(&c, TZ_OP_FOR_I, 2, 0, (uint16_t)back_to(&c, top));
  abc(&c, TZ_OP_RET, 6, 0, 0);
  return code_end(&c);
}

int main(void) {
  tz_vm *vm = world_new();
  measure(vm, make_fib(vm), 27, 635621);
  measure(vm, make_loop(vm), 2000000, 2000000);
  measure(vm, make_sieve(vm), 500000, 500000);
  tz_vm_free(vm);
  return 0;
}
