/* disassemble_code.c: the body of a function as assembly. Every place that is named gets a label, L0 on in
 * order. */
#include "disassemble.h"
#include <stdlib.h>

typedef struct body {
  dis *d;
  const tz_function_entry *f;
  uint32_t *labels; /* by word, and one for the end: TZ_NONE, or the label's number */
  uint32_t next_line;
} body;

/* --- labels --- */

static void want(body *b, uint64_t pc) { b->labels[pc] = 0; }

static void find_branches(body *b, uint32_t pc, const tz_op_info *info) {
  uint64_t word = b->f->code[pc];
  for (int i = 0; i < info->n_operands; i++)
    if (info->operands[i].role == '@') want(b, (uint64_t)(pc + tz_word_operand(word, info->operands[i])));
  for (uint32_t i = 0; info->rule == TZ_RULE_SWITCH && i < (uint32_t)tz_word_d(word); i++)
    want(b, (uint64_t)((int64_t)pc + tz_switch_offset(&b->f->code[pc + 1], i)));
}

static bool find_labels(body *b) {
  const tz_function_entry *f = b->f;
  b->labels = malloc(((size_t)f->n_words + 1) * sizeof *b->labels);
  if (b->labels == NULL) return false;
  memset(b->labels, 0xff, ((size_t)f->n_words + 1) * sizeof *b->labels);
  for (uint64_t pc = 0; pc < f->n_words;) {
    const tz_op_info *info = &b->d->decode.op[tz_word_op(f->code[pc])];
    find_branches(b, (uint32_t)pc, info);
    pc += 1 + tz_word_extra(info, f->code[pc]);
  }
  for (uint32_t i = 0; i < f->n_handlers; i++)
    want(b, f->handlers[i].start), want(b, f->handlers[i].end), want(b, f->handlers[i].target);
  for (uint32_t i = 0; i < f->n_locals; i++) want(b, f->locals[i].start), want(b, f->locals[i].end);
  uint32_t n = 0;
  for (uint64_t pc = 0; pc <= f->n_words; pc++)
    if (b->labels[pc] != TZ_NONE) b->labels[pc] = n++;
  return true;
}

static void put_label(body *b, uint64_t pc) { tz_out_format(&b->d->out, "L%u", b->labels[pc]); }

/* --- operands --- */

static void put_register(body *b, uint32_t reg, bool may_discard) {
  if (may_discard && reg == TZ_REG_DISCARD) tz_out_text(&b->d->out, "_");
  else tz_out_format(&b->d->out, "r%u", reg);
}

static void put_constant(body *b, const tz_constant *k) {
  if (k->kind == TZ_KIND_STRING) tz_out_quoted(&b->d->out, k->string);
  else if (k->kind == TZ_KIND_F64) tz_out_float(&b->d->out, k->value.f);
  else tz_out_format(&b->d->out, "%lld", (long long)k->value.i);
}

static void put_index(body *b, tz_operand o, uint32_t index) {
  switch (o.type) {
  case 'k': put_constant(b, &b->d->image->constants[index]); return;
  case 'c': tz_dis_class(b->d, index); return;
  case 'f': tz_dis_function(b->d, index); return;
  case 'g': tz_dis_global(b->d, index); return;
  case 't': tz_dis_type(b->d, index); return;
  case 's': tz_out_name(&b->d->out, b->f->sites[index].name); return;
  default: tz_out_format(&b->d->out, "%u", index);
  }
}

static void put_table(body *b, uint32_t pc) {
  for (uint32_t i = 0; i < (uint32_t)tz_word_d(b->f->code[pc]); i++) {
    tz_out_text(&b->d->out, i == 0 ? "[" : ", ");
    put_label(b, (uint64_t)((int64_t)pc + tz_switch_offset(&b->f->code[pc + 1], i)));
  }
  tz_out_text(&b->d->out, "]");
}

static void put_operand(body *b, uint32_t pc, const tz_op_info *info, tz_operand o) {
  int64_t value = tz_word_operand(b->f->code[pc], o);
  switch (o.role) {
  case '=': put_register(b, (uint32_t)value, true); return;
  case '.': put_register(b, (uint32_t)value, false); return;
  case '#': tz_out_format(&b->d->out, "%lld", (long long)value); return;
  case '@': put_label(b, (uint64_t)(pc + value)); return;
  default: break;
  }
  if (info->rule == TZ_RULE_SWITCH) put_table(b, pc);
  else put_index(b, o, (uint32_t)value);
}

static void put_list(body *b, uint32_t pc) {
  tz_out_text(&b->d->out, "(");
  for (uint32_t i = 0; i < tz_word_x(b->f->code[pc]); i++) {
    if (i != 0) tz_out_text(&b->d->out, ", ");
    put_register(b, tz_list_reg(&b->f->code[pc + 1], i), false);
  }
  tz_out_text(&b->d->out, ")");
}

/* Sites without a name are made again in order, so they are not shown. */
static bool is_silent(const body *b, uint64_t word, tz_operand o) {
  return o.type == 's' && b->f->sites[tz_word_operand(word, o)].name.length == 0;
}

static void put_insn(body *b, uint32_t pc, const tz_op_info *info) {
  uint64_t word = b->f->code[pc];
  char last = 0;
  int n = 0;
  tz_out_format(&b->d->out, "    %s", info->mnemonic);
  for (int i = 0; i < info->n_operands; i++) {
    if (is_silent(b, word, info->operands[i])) continue;
    tz_out_text(&b->d->out, n++ == 0 ? " " : ", ");
    put_operand(b, pc, info, info->operands[i]);
    last = info->operands[i].type;
    if (info->operands[i].role != ':') last = 0;
  }
  if (info->has_list) {
    bool is_attached = last == 'f' || last == 'm' || last == 's';
    tz_out_text(&b->d->out, is_attached ? "" : n == 0 ? " " : ", ");
    put_list(b, pc);
  }
  tz_out_text(&b->d->out, "\n");
}

/* --- the whole --- */

static void put_registers(body *b, const char *word, uint32_t from, uint32_t to) {
  if (from == to) return;
  tz_out_format(&b->d->out, "  %s ", word);
  for (uint32_t i = from; i < to; i++) {
    if (i != from) tz_out_text(&b->d->out, ", ");
    tz_dis_type(b->d, b->f->registers[i]);
  }
  tz_out_format(&b->d->out, "    ; r%u", from);
  if (to - from > 1) tz_out_format(&b->d->out, " to r%u", to - 1);
  tz_out_text(&b->d->out, "\n");
}

static void put_code(body *b) {
  const tz_function_entry *f = b->f;
  for (uint64_t pc = 0; pc < f->n_words && !b->d->out.failed;) {
    const tz_op_info *info = &b->d->decode.op[tz_word_op(f->code[pc])];
    if (b->labels[pc] != TZ_NONE) tz_out_format(&b->d->out, "  L%u:\n", b->labels[pc]);
    if (b->next_line < f->n_lines && f->lines[b->next_line].pc == pc) {
      const tz_line *l = &f->lines[b->next_line++];
      tz_out_format(&b->d->out, "  line %u:%u\n", l->line, l->column);
    }
    put_insn(b, (uint32_t)pc, info);
    pc += 1 + tz_word_extra(info, f->code[pc]);
  }
  if (b->labels[f->n_words] != TZ_NONE) tz_out_format(&b->d->out, "  L%u:\n", b->labels[f->n_words]);
}

static void put_tables(body *b) {
  tz_out *o = &b->d->out;
  for (uint32_t i = 0; i < b->f->n_handlers; i++) {
    const tz_handler *h = &b->f->handlers[i];
    tz_out_text(o, "  catch ");
    tz_dis_type(b->d, h->type);
    tz_out_format(o, ", r%u, L%u, L%u, L%u\n", h->reg, b->labels[h->start], b->labels[h->end],
                  b->labels[h->target]);
  }
  for (uint32_t i = 0; i < b->f->n_locals; i++) {
    const tz_local *l = &b->f->locals[i];
    tz_out_text(o, "  local ");
    tz_out_name(o, l->name);
    tz_out_format(o, ", r%u, L%u, L%u\n", l->reg, b->labels[l->start], b->labels[l->end]);
  }
}

void tz_dis_body(dis *d, const tz_function_entry *f) {
  body b = {.d = d, .f = f};
  uint32_t n_params = d->image->signatures[f->signature].n_params;
  if (!find_labels(&b)) {
    d->out.failed = true;
    return;
  }
  if (f->source != TZ_NONE) {
    tz_out_text(&d->out, "  source ");
    tz_out_quoted(&d->out, d->image->sources[f->source]);
    tz_out_text(&d->out, "\n");
  }
  put_registers(&b, "refs", n_params, n_params + f->n_ref_locals);
  put_registers(&b, "numbers", n_params + f->n_ref_locals, f->n_registers);
  put_code(&b);
  put_tables(&b);
  free(b.labels);
}
