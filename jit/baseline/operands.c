/* operands.c: what the compiler needs to know of each opcode, from spec/opcodes.def. */
#include "baseline.h"

static uint8_t role_of(const char *operands, char field) {
  for (const char *p = operands; *p; p++)
    if (*p == field && (p == operands || p[-1] == ','))
      return p[1] == '=' ? TZ_OPERAND_WRITE : p[1] == '.' ? TZ_OPERAND_READ : TZ_OPERAND_NONE;
  return TZ_OPERAND_NONE;
}

static tz_operands parse(const char *text, bool ends) {
  const char *branch = strchr(text, '@');
  tz_operands o = {.branch = branch != NULL ? (uint8_t)branch[-1] : 0,
                   .has_list = strchr(text, '*') != NULL,
                   .has_flow_end = ends};
  o.a = role_of(text, 'a');
  o.b = role_of(text, 'b');
  o.c = role_of(text, 'c');
  return o;
}

void tz_operands_init(tz_operands operands[TZ_OP_COUNT]) {
  enum { PURE = 0, THROWS = 1, GC = 2, BRANCH = 4, END = 8 };
  static const struct {
    const char *text;
    uint8_t flags;
  } opcodes[TZ_OP_COUNT] = {
#define TZ_OP(NAME, mnemonic, ops, RULE, FLAGS, meaning) {ops, FLAGS},
#include "terza/spec/opcodes.def"
#undef TZ_OP
  };
  for (int op = 0; op < TZ_OP_COUNT; op++) operands[op] = parse(opcodes[op].text, opcodes[op].flags & END);
}

uint32_t tz_insn_words(const struct tz_jit *jit, const tz_insn *pc) {
  uint8_t op = tz_insn_op(*pc);
  if (op == TZ_OP_SWITCH) return 1 + ((uint32_t)tz_insn_d(*pc) + 1) / 2;
  return jit->operands[op].has_list ? 1 + tz_insn_list_words(tz_insn_x(*pc)) : 1;
}
