/* decode.c: turns the operand strings of opcodes.def into tables. See decode.h. */
#include "terza/decode.h"
#include "builder.h"
#include <string.h>

static const uint64_t field_bits[] = {
    ['a'] = UINT64_C(0xffff) << 16,     ['b'] = UINT64_C(0xffff) << 32, ['c'] = UINT64_C(0xffff) << 48,
    ['d'] = UINT64_C(0xffffffff) << 32, ['x'] = UINT64_C(0xff) << 8,
};

/* "a=i,b.i,c#,*": each operand is FIELD ROLE [TYPE]. */
static void parse_operands(tz_op_info *info, const char *s) {
  uint64_t used = 0xff;
  while (*s != 0) {
    if (*s == '*') {
      info->has_list = true;
      used |= field_bits['x'];
      s++;
    } else {
      tz_operand o = {.field = s[0], .role = s[1]};
      s += 2;
      if (*s != 0 && *s != ',') o.type = *s++;
      used |= field_bits[(unsigned char)o.field];
      info->operands[info->n_operands++] = o;
    }
    if (*s == ',') s++;
  }
  info->unused = ~used;
}

void tz_decode_init(tz_decode_table *table) {
  enum { PURE = 0, THROWS = TZ_OP_THROWS, GC = TZ_OP_GC, BRANCH = TZ_OP_BRANCH, END = TZ_OP_END };
  static const struct {
    const char *mnemonic, *operands, *meaning;
    uint8_t rule, flags;
  } rows[] = {
#define TZ_OP(NAME, text, operands, RULE, FLAGS, meaning) {text, operands, meaning, TZ_RULE_##RULE, FLAGS},
#include "terza/spec/opcodes.def"
#undef TZ_OP
  };
  memset(table, 0, sizeof *table);
  for (int i = 0; i < TZ_OP_COUNT; i++) {
    tz_op_info *info = &table->op[i];
    info->mnemonic = rows[i].mnemonic;
    info->meaning = rows[i].meaning;
    info->rule = rows[i].rule;
    info->flags = rows[i].flags;
    parse_operands(info, rows[i].operands);
  }
}

uint32_t tz_decode_fingerprint(void) {
  static const char text[] =
#define TZ_OP(NAME, text, operands, RULE, FLAGS, meaning) text " " operands "\n"
#include "terza/spec/opcodes.def"
#undef TZ_OP
#define TZ_KIND(NAME, text, rep) text " " #rep "\n"
#include "terza/spec/kinds.def"
#undef TZ_KIND
      ;
  uint64_t h = tz_hash_bytes(text, sizeof text - 1);
  return (uint32_t)(h ^ h >> 32);
}

const char *tz_rule_name(tz_rule rule) {
  static const char *const names[] = {
#define R(NAME) #NAME,
      TZ_RULES(R)
#undef R
  };
  return rule < TZ_RULE_COUNT ? names[rule] : "?";
}
