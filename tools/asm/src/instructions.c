/* instructions.c: docs/instructions.md from spec/opcodes.def. */
#include "asm.h"
#include "out.h"

static void put_flags(tz_out *o, uint8_t flags) {
  static const char *const words[] = {"throws", "may collect", "branches", "ends"};
  bool any = false;
  for (int i = 0; i < 4; i++)
    if (flags >> i & 1) {
      tz_out_format(o, "%s%s", any ? ", " : "", words[i]);
      any = true;
    }
  if (!any) tz_out_text(o, "none");
}

/* "a=i,b.i,c#" as `a:int ← b:int, c` would hide the encoding; the table shows the fields as they are. */
static void put_operand(tz_out *o, tz_operand operand) {
  static const struct {
    char type;
    const char *text;
  } registers[] = {{'i', "int"}, {'f', "float"}, {'r', "reference"}, {'y', "any"}, {'v', "value"}};
  static const struct {
    char type;
    const char *text;
  } indexes[] = {{'k', "constant"}, {'c', "class"},  {'f', "function"}, {'g', "global"}, {'t', "type"},
                 {'s', "site"},     {'m', "method"}, {'l', "field"},    {'n', "number"}};
  tz_out_format(o, "%c ", operand.field);
  switch (operand.role) {
  case '#': tz_out_text(o, "immediate"); return;
  case '@': tz_out_text(o, "target"); return;
  case ':':
    for (size_t i = 0; i < sizeof indexes / sizeof *indexes; i++)
      if (indexes[i].type == operand.type) tz_out_text(o, indexes[i].text);
    return;
  default:
    for (size_t i = 0; i < sizeof registers / sizeof *registers; i++)
      if (registers[i].type == operand.type) tz_out_text(o, registers[i].text);
    if (operand.role == '=') tz_out_text(o, " out");
  }
}

static void put_rule(tz_out *o, tz_rule rule) {
  if (rule == TZ_RULE_PLAIN) tz_out_text(o, " ");
  else tz_out_text(o, tz_rule_name(rule));
}

/* A bar would end the table's cell. */
static void put_meaning(tz_out *o, const char *s) {
  for (; *s != 0; s++) tz_out_text(o, *s == '|' ? "\\|" : (char[]){*s, 0});
}

static void put_row(tz_out *o, uint32_t number, const tz_op_info *info) {
  tz_out_format(o, "| %u | `%s` | ", number, info->mnemonic);
  for (int i = 0; i < info->n_operands; i++) {
    if (i != 0) tz_out_text(o, ", ");
    put_operand(o, info->operands[i]);
  }
  if (info->has_list) tz_out_text(o, info->n_operands != 0 ? ", list" : "list");
  tz_out_text(o, " | ");
  put_meaning(o, info->meaning);
  tz_out_text(o, " | ");
  put_flags(o, info->flags);
  tz_out_text(o, " | ");
  put_rule(o, info->rule);
  tz_out_text(o, " |\n");
}

char *tz_asm_instructions_markdown(size_t *length) {
  tz_decode_table table;
  tz_out o = {0};
  tz_decode_init(&table);
  tz_out_text(
      &o, "# Instructions\n\n"
          "Made from `runtime/spec/include/terza/spec/opcodes.def` by `gen_instructions`; do not edit.\n\n"
          "An instruction is a 64-bit little-endian word, `op:8 x:8 a:16 b:16 c:16` or `op:8 x:8 a:16 d:32`. "
          "Operands\n"
          "are listed in assembly order, each with its field. *out*: the register is written; 0xffff (`_`) "
          "discards.\n"
          "*list*: x argument registers follow the word, four 16-bit lanes to a word, lane 0 of the first "
          "being zero in\n"
          "the file. *target*: an offset in words from this word. Effects: *throws* a guest exception; *may "
          "collect*, "
          "suspend\nor move objects; *branches*; *ends*: control never falls through. Rules are in "
          "[verification.md](verification.md).\n\n"
          "| # | mnemonic | operands | meaning | effects | rule |\n|---|---|---|---|---|---|\n");
  for (uint32_t i = 0; i < TZ_OP_COUNT; i++) put_row(&o, i, &table.op[i]);
  return tz_out_end(&o, length);
}
