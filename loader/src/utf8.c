/* utf8.c: see utf8.h. */
#include "utf8.h"
#include <string.h>

static int is_continuation(uint8_t b) { return (b & 0xc0) == 0x80; }

/* Bytes of the valid sequence at p, or 0. */
static size_t sequence(const uint8_t *p, size_t left) {
  uint8_t a = p[0];
  if (a < 0x80) return 1;
  if (a < 0xc2 || a > 0xf4 || left < 2 || !is_continuation(p[1])) return 0;
  if (a < 0xe0) return 2;
  if (left < 3 || !is_continuation(p[2])) return 0;
  if (a < 0xf0) return (a == 0xe0 && p[1] < 0xa0) || (a == 0xed && p[1] > 0x9f) ? 0 : 3;
  if (left < 4 || !is_continuation(p[3])) return 0;
  return (a == 0xf0 && p[1] < 0x90) || (a == 0xf4 && p[1] > 0x8f) ? 0 : 4;
}

size_t tz_utf8_valid_prefix(const uint8_t *bytes, size_t n) {
  size_t i = 0;
  while (i < n) {
    uint64_t eight;
    if (n - i >= 8 && (memcpy(&eight, bytes + i, 8), (eight & UINT64_C(0x8080808080808080)) == 0)) {
      i += 8;
      continue;
    }
    size_t step = sequence(bytes + i, n - i);
    if (step == 0) return i;
    i += step;
  }
  return n;
}
