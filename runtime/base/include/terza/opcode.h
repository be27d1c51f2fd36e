/* opcode.h: instruction numbers and the encoding of an instruction word, from spec/opcodes.def.
 *
 * A word is op:8 x:8 a:16 b:16 c:16, or op:8 x:8 a:16 d:32 (d overlays b and c). */
#pragma once
#include <stdint.h>

typedef enum tz_opcode {
#define TZ_OP(NAME, text, operands, RULE, FLAGS, meaning) TZ_OP_##NAME,
#include "terza/spec/opcodes.def"
#undef TZ_OP
  TZ_OP_COUNT
} tz_opcode;

enum { TZ_REG_DISCARD = 0xffff }; /* as a call's result register: the result is not wanted */

static inline uint64_t tz_encode_abc(tz_opcode op, uint32_t a, uint32_t b, uint32_t c) {
  return (uint64_t)op | (uint64_t)(uint16_t)a << 16 | (uint64_t)(uint16_t)b << 32 |
         (uint64_t)(uint16_t)c << 48;
}
static inline uint64_t tz_encode_ad(tz_opcode op, uint32_t a, int64_t d) {
  return (uint64_t)op | (uint64_t)(uint16_t)a << 16 | (uint64_t)(uint32_t)d << 32;
}
static inline uint64_t tz_encode_x(uint64_t word, uint32_t x) { return word | (uint64_t)(uint8_t)x << 8; }

/* Words that an argument list of n registers takes; list_lane sets lane i + 1 of the list. */
static inline uint32_t tz_encode_list_words(uint32_t n) { return (n + 4) / 4; }
static inline void tz_encode_list_lane(uint64_t *list, uint32_t i, uint32_t reg) {
  list[(i + 1) / 4] |= (uint64_t)(uint16_t)reg << 16 * ((i + 1) % 4);
}
