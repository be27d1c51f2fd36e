/* operands.c: what the compiler needs to know of each opcode, from spec/opcodes.def. */
#include "baseline.h"

static uint8_t role_of(const char *operands, char field) {
  for (const char *p = operands; *p; p++)
    if (*p == field && (p == operands || p[-1] == ','))
      return p[1] == '=' ? TZ_OPERAND_WRITE : p[1] == '.' ? TZ_OPERAND_READ : TZ_OPERAND_NONE;
  return TZ_OPERAND_NONE;
}

static tz_operands parse(const char *text) {
  const char *branch = strchr(text, '@');
  tz_operands o = {.branch = branch != NULL ? (uint8_t)branch[-1] : 0, .has_list = strchr(text, '*') != NULL};
  o.a = role_of(text, 'a');
  o.b = role_of(text, 'b');
  o.c = role_of(text, 'c');
  return o;
}

/* plan.c makes one stencil only of such an opcode. */
static bool is_exit(int op) {
  const tz_stencil_set *set = &tz_stencil_sets[op];
  const tz_stencil *s = &tz_stencils[tz_stencil_index[set->first]];
  const tz_hole *h = &tz_stencil_holes[s->hole];
  return set->n_a * set->n_b * set->n_c == 1 && s->n_hot_holes == 1 && h->symbol >= TZ_FIRST_EXIT &&
         h->symbol < TZ_FIRST_MISS;
}

void tz_operands_init(tz_operands operands[TZ_OP_COUNT]) {
  static const char *const texts[TZ_OP_COUNT] = {
#define TZ_OP(NAME, mnemonic, ops, RULE, FLAGS, meaning) ops,
#include "terza/spec/opcodes.def"
#undef TZ_OP
  };
  for (int op = 0; op < TZ_OP_COUNT; op++) {
    operands[op] = parse(texts[op]);
    operands[op].is_exit = is_exit(op);
  }
}
