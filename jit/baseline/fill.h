/* fill.h: filling a hole of a stencil, for every machine there are stencils for. */
#pragma once
#include "format.h"
#include <stdbool.h>
#include <string.h>

static inline bool tz_hole_is_relative(tz_hole_kind kind) {
  return kind == TZ_FILL_PC32 || kind == TZ_FILL_JUMP26 || kind == TZ_FILL_JUMP19;
}

/* place: the address at which the code will run; value: the symbol's, add included. */
static inline void tz_hole_fill(uint8_t *at, uint64_t place, tz_hole_kind kind, int64_t value) {
  int32_t narrow = (int32_t)value, distance = (int32_t)(value - (int64_t)place);
  uint32_t word;
  switch (kind) {
  case TZ_FILL_ABS32: memcpy(at, &narrow, 4); return;
  case TZ_FILL_ABS64: memcpy(at, &value, 8); return;
  case TZ_FILL_PC32: memcpy(at, &distance, 4); return;
  case TZ_FILL_DISP8: *at = (uint8_t)value; return;
  default: break;
  }
  memcpy(&word, at, 4);
  if (kind == TZ_FILL_JUMP26) word = (word & 0xfc000000) | ((uint32_t)(distance >> 2) & 0x03ffffff);
  else if (kind == TZ_FILL_JUMP19) word = (word & 0xff00001f) | ((uint32_t)(distance >> 2) & 0x7ffff) << 5;
  else word = (word & 0xffe0001f) | (uint32_t)((uint64_t)value >> 16 * (kind - TZ_FILL_MOVW0) & 0xffff) << 5;
  memcpy(at, &word, 4);
}
