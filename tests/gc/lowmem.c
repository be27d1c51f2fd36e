/* lowmem.c: metadata below 4 GB: placement, zeroing, reuse. */
#include "terza/lowmem.h"
#include <criterion/criterion.h>
#include <stdint.h>

Test(lowmem, blocks_are_low_aligned_and_zero) {
  tz_lowmem *low = tz_lowmem_new();
  enum { N = 4000 };
  static unsigned char *blocks[N];
  for (int round = 0; round < 3; round++) {
    size_t total = 0;
    for (int i = 0; i < N; i++) {
      size_t bytes = (size_t)(i * 37 % 5000 + 1);
      blocks[i] = tz_lowmem_alloc(low, bytes);
      cr_assert_not_null(blocks[i]);
      cr_assert_eq((uintptr_t)blocks[i] & 15, 0);
      cr_assert_lt((uintptr_t)blocks[i] + bytes, (uintptr_t)1 << 32);
      for (size_t k = 0; k < bytes; k++) cr_assert_eq(blocks[i][k], 0);
      memset(blocks[i], i, bytes);
      total += bytes;
    }
    cr_assert_geq(tz_lowmem_used(low), total);
    for (int i = 0; i < N; i++) {
      cr_assert_eq(*blocks[i], (unsigned char)i);
      tz_lowmem_release(low, blocks[i], (size_t)(i * 37 % 5000 + 1));
    }
    cr_assert_eq(tz_lowmem_used(low), 0);
  }
  tz_lowmem_free(low);
}

Test(lowmem, several_arenas_and_large_blocks) {
  tz_lowmem *a = tz_lowmem_new(), *b = tz_lowmem_new();
  char *big = tz_lowmem_alloc(a, 9 << 20), *other = tz_lowmem_alloc(b, 9 << 20);
  cr_assert(big && other && big != other);
  big[(9 << 20) - 1] = 1;
  tz_lowmem_free(a);
  tz_lowmem_free(b);
}
