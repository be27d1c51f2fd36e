/* decode.h: the operands of each instruction as data, parsed from the strings of spec/opcodes.def.
 *
 * The table is built by tz_decode_init where it is needed (a few microseconds), so that nothing global is
 * mutable. */
#pragma once
#include "terza/opcode.h"
#include <stdbool.h>
#include <stddef.h>

enum { TZ_OP_THROWS = 1, TZ_OP_GC = 2, TZ_OP_BRANCH = 4, TZ_OP_END = 8 };

/* Every rule that opcodes.def names; docs/verification.md says what each checks. */
#define TZ_RULES(R)                                                                                          \
  R(PLAIN)                                                                                                   \
  R(MOVE) R(CONST) R(NULLABLE) R(NULLABLE_B) R(NONZERO) R(WIDTH) R(IDENTITY) R(IDENTITY_AB) R(COUNTER)       \
      R(SWITCH) R(GLOBAL) R(GLOBAL_PUT) R(NEW) R(GETF) R(PUTF) R(PUTF_R) R(IS) R(CAST) R(TAG) R(NEW_ARRAY)   \
          R(ARRAY) R(ARRAY_LOAD) R(ARRAY_STORE) R(LIST_LOAD) R(LIST_STORE) R(STRING) R(STRING2) R(CONCAT)    \
              R(CALL) R(CALL_VIRTUAL) R(CALL_INTERFACE) R(CALL_CLOSURE) R(CALL_ANY) R(RET) R(RET_VOID)       \
                  R(BIT_ANY) R(SITE_ANY) R(THROW) R(SPAWN) R(CHAN_NEW) R(CHAN_SEND) R(CHAN_RECV)             \
                      R(CHAN_NEXT) R(CHAN) R(SELECT)

typedef enum tz_rule {
#define R(NAME) TZ_RULE_##NAME,
  TZ_RULES(R)
#undef R
      TZ_RULE_COUNT
} tz_rule;

typedef struct tz_operand {
  char field; /* a b c d x */
  char role;  /* = . # @ : */
  char type;  /* see opcodes.def; 0 after # and @ */
} tz_operand;

typedef struct tz_op_info {
  const char *mnemonic, *meaning;
  tz_operand operands[4];
  uint8_t n_operands;
  bool has_list;
  uint8_t rule;    /* tz_rule */
  uint8_t flags;   /* TZ_OP_… */
  uint64_t unused; /* bits of the word that must be zero */
} tz_op_info;

typedef struct tz_decode_table {
  tz_op_info op[TZ_OP_COUNT];
} tz_decode_table;

void tz_decode_init(tz_decode_table *table);
/* Changes with the instruction set: modules carry it, since code means nothing under another one. */
uint32_t tz_decode_fingerprint(void);
const char *tz_rule_name(tz_rule rule); /* as in opcodes.def */

static inline uint32_t tz_word_op(uint64_t w) { return (uint8_t)w; }
static inline uint32_t tz_word_x(uint64_t w) { return (uint8_t)(w >> 8); }
static inline uint32_t tz_word_a(uint64_t w) { return (uint16_t)(w >> 16); }
static inline uint32_t tz_word_b(uint64_t w) { return (uint16_t)(w >> 32); }
static inline uint32_t tz_word_c(uint64_t w) { return (uint16_t)(w >> 48); }
static inline int32_t tz_word_d(uint64_t w) { return (int32_t)(w >> 32); }

/* The value of an operand, sign-extended for immediates and branch offsets. */
static inline int64_t tz_word_operand(uint64_t w, tz_operand o) {
  bool is_signed = o.role == '#' || o.role == '@';
  switch (o.field) {
  case 'a': return tz_word_a(w);
  case 'b': return is_signed ? (int16_t)tz_word_b(w) : (int64_t)tz_word_b(w);
  case 'c': return is_signed ? (int16_t)tz_word_c(w) : (int64_t)tz_word_c(w);
  case 'd': return is_signed ? tz_word_d(w) : (int64_t)(uint32_t)tz_word_d(w);
  default: return tz_word_x(w);
  }
}
static inline uint64_t tz_word_set_operand(uint64_t w, tz_operand o, uint64_t value) {
  switch (o.field) {
  case 'a': return (w & ~(UINT64_C(0xffff) << 16)) | (value & 0xffff) << 16;
  case 'b': return (w & ~(UINT64_C(0xffff) << 32)) | (value & 0xffff) << 32;
  case 'c': return (w & ~(UINT64_C(0xffff) << 48)) | (value & 0xffff) << 48;
  case 'd': return (w & 0xffffffff) | value << 32;
  default: return (w & ~UINT64_C(0xff00)) | (value & 0xff) << 8;
  }
}

/* Words behind the instruction that belong to it: its argument list or switch table. */
static inline uint64_t tz_word_extra(const tz_op_info *info, uint64_t w) {
  if (info->has_list) return tz_encode_list_words(tz_word_x(w));
  if (info->rule == TZ_RULE_SWITCH) return ((uint64_t)(uint32_t)tz_word_d(w) + 1) / 2;
  return 0;
}
static inline uint32_t tz_list_reg(const uint64_t *list, uint32_t i) {
  return (uint16_t)(list[(i + 1) / 4] >> 16 * ((i + 1) % 4));
}
/* The entries of a switch table: signed 32-bit offsets, two to a word. */
static inline int32_t tz_switch_offset(const uint64_t *table, uint32_t i) {
  return (int32_t)(uint32_t)(table[i / 2] >> 32 * (i % 2));
}
