/* verify_function.c: one pass over a function's code: encoding, operands, branch targets; then the tables
 * about its code. What an instruction demands beyond its operands is in verify_rules.c. See verifier.h. */
#include "verifier.h"

static void set_bit(uint64_t *bits, uint32_t i) { bits[i / 64] |= UINT64_C(1) << i % 64; }
static bool get_bit(const uint64_t *bits, uint32_t i) { return bits[i / 64] >> i % 64 & 1; }

/* --- operands --- */

static bool has_type(const tz_verifier *v, uint32_t type, char wanted) {
  tz_kind kind = tz_type_kind(v, type);
  switch (wanted) {
  case 'i': return tz_kind_rep(kind) == 'I';
  case 'f': return tz_kind_rep(kind) == 'F';
  case 'y': return kind == TZ_KIND_ANY;
  case 'r': return tz_kind_rep(kind) == 'R';
  default: return true;
  }
}

static const char *wanted_text(char wanted) {
  switch (wanted) {
  case 'i': return "an int";
  case 'f': return "a float";
  case 'y': return "a dynamic value";
  default: return "a reference";
  }
}

static bool verify_register(tz_verifier *v, tz_insn_view *in, tz_operand o, uint32_t reg) {
  const tz_function_entry *f = v->f;
  if (reg == TZ_REG_DISCARD && o.role == '=') return true; /* its type stays TZ_NONE */
  if (TZ_UNLIKELY(reg >= f->n_registers))
    return tz_fail_at(v, in->pc, "operand", "%s: %c is register %u of %u", in->info->mnemonic, o.field, reg,
                      f->n_registers);
  uint32_t type = f->registers[reg];
  if (TZ_UNLIKELY(!has_type(v, type, o.type)))
    return tz_fail_at(v, in->pc, "operand", "%s: %c is not %s register", in->info->mnemonic, o.field,
                      wanted_text(o.type));
  set_bit(o.role == '=' ? v->written : v->read, reg);
  if (o.field == 'a') in->type_a = type;
  else if (o.field == 'b') in->type_b = type;
  else in->type_c = type;
  return true;
}

static bool verify_index(tz_verifier *v, const tz_insn_view *in, tz_operand o, uint64_t value) {
  const tz_image *m = v->image;
  uint64_t limit;
  switch (o.type) {
  case 'k': limit = m->n_constants; break;
  case 'c': limit = m->n_classes; break;
  case 'f': limit = m->n_functions; break;
  case 'g': limit = m->n_globals; break;
  case 't': limit = m->n_types; break;
  case 's': limit = v->f->n_sites; break;
  default: return true; /* slots and numbers are the rule's */
  }
  return TZ_LIKELY(value < limit) ||
         tz_fail_at(v, in->pc, "index", "%s: %c is index %llu of %llu", in->info->mnemonic, o.field,
                    (unsigned long long)value, (unsigned long long)limit);
}

static bool mark_target(tz_verifier *v, const tz_insn_view *in, int64_t offset) {
  int64_t target = in->pc + offset;
  if (TZ_UNLIKELY(target < 0 || target >= v->f->n_words))
    return tz_fail_at(v, in->pc, "target", "%s: branches to %lld, outside of the code", in->info->mnemonic,
                      (long long)target);
  set_bit(v->targets, (uint32_t)target);
  return true;
}

static bool verify_operands(tz_verifier *v, tz_insn_view *in) {
  for (int i = 0; i < in->info->n_operands; i++) {
    tz_operand o = in->info->operands[i];
    int64_t value = tz_word_operand(in->word, o);
    switch (o.role) {
    case '=':
    case '.':
      if (!verify_register(v, in, o, (uint32_t)value)) return false;
      break;
    case ':':
      if (!verify_index(v, in, o, (uint64_t)value)) return false;
      break;
    case '@':
      if (!mark_target(v, in, value)) return false;
      break;
    default: break;
    }
  }
  return true;
}

/* --- what follows the instruction word --- */

static bool verify_list(tz_verifier *v, tz_insn_view *in) {
  uint32_t lanes = tz_encode_list_words(in->n_args) * 4;
  if ((uint16_t)in->extra[0] != 0)
    return tz_fail_at(v, in->pc, "encoding", "lane 0 of the argument list is not zero");
  for (uint32_t i = 0; i < in->n_args; i++) {
    uint32_t reg = tz_list_reg(in->extra, i);
    if (TZ_UNLIKELY(reg >= v->f->n_registers))
      return tz_fail_at(v, in->pc, "operand", "%s: argument %u is register %u of %u", in->info->mnemonic, i,
                        reg, v->f->n_registers);
    if (in->info->rule != TZ_RULE_SELECT) set_bit(v->read, reg);
  }
  for (uint32_t i = in->n_args; i + 1 < lanes; i++)
    if (tz_list_reg(in->extra, i) != 0)
      return tz_fail_at(v, in->pc, "encoding", "an unused lane is not zero");
  return true;
}

static bool verify_switch(tz_verifier *v, tz_insn_view *in) {
  uint32_t n = (uint32_t)tz_word_d(in->word);
  if (n == 0) return tz_fail_at(v, in->pc, "SWITCH", "a switch without entries");
  for (uint32_t i = 0; i < n; i++)
    if (!mark_target(v, in, tz_switch_offset(in->extra, i))) return false;
  return n % 2 == 0 || in->extra[n / 2] >> 32 == 0 ||
         tz_fail_at(v, in->pc, "encoding", "the unused half of a switch table is not zero");
}

/* Decodes the instruction at pc and checks all about it. *next: where the following one begins. */
static bool verify_insn(tz_verifier *v, uint32_t pc, uint64_t *next, const tz_op_info **info) {
  uint64_t word = v->f->code[pc];
  tz_insn_view in = {.word = word,
                     .pc = pc,
                     .op = tz_word_op(word),
                     .type_a = TZ_NONE,
                     .type_b = TZ_NONE,
                     .type_c = TZ_NONE,
                     .extra = &v->f->code[pc + 1]};
  if (TZ_UNLIKELY(in.op >= TZ_OP_COUNT))
    return tz_fail_at(v, pc, "opcode", "there is no instruction %u", in.op);
  *info = in.info = &v->decode.op[in.op];
  if (TZ_UNLIKELY((word & in.info->unused) != 0))
    return tz_fail_at(v, pc, "encoding", "%s: unused bits are not zero", in.info->mnemonic);
  *next = pc + 1 + tz_word_extra(in.info, word);
  if (TZ_UNLIKELY(*next > v->f->n_words))
    return tz_fail_at(v, pc, "encoding", "%s: its list runs beyond the code", in.info->mnemonic);
  in.n_args = in.info->has_list ? tz_word_x(word) : 0;
  set_bit(v->starts, pc);
  if (!verify_operands(v, &in)) return false;
  if (in.info->has_list && !verify_list(v, &in)) return false;
  if (in.info->rule == TZ_RULE_SWITCH && !verify_switch(v, &in)) return false;
  return tz_verify_rule(v, &in);
}

/* --- the function as a whole --- */

/* The first instruction that branches to a word where none begins; found by a second look, for the message
 * only. */
static bool fail_target(tz_verifier *v, uint32_t target) {
  for (uint64_t pc = 0; pc < v->f->n_words;) {
    uint64_t word = v->f->code[pc];
    const tz_op_info *info = &v->decode.op[tz_word_op(word)];
    bool is_it = false;
    for (int i = 0; i < info->n_operands; i++)
      if (info->operands[i].role == '@')
        is_it |= (int64_t)pc + tz_word_operand(word, info->operands[i]) == (int64_t)target;
    for (uint32_t i = 0; info->rule == TZ_RULE_SWITCH && i < (uint32_t)tz_word_d(word); i++)
      is_it |= (int64_t)pc + tz_switch_offset(&v->f->code[pc + 1], i) == (int64_t)target;
    if (is_it)
      return tz_fail_at(v, (uint32_t)pc, "target", "%s: branches to %u, where no instruction begins",
                        info->mnemonic, target);
    pc += 1 + tz_word_extra(info, word);
  }
  return tz_fail_at(v, target, "target", "a branch to %u, where no instruction begins", target);
}

static bool verify_targets(tz_verifier *v) {
  for (uint32_t i = 0; i <= (v->f->n_words - 1) / 64; i++) {
    uint64_t wrong = v->targets[i] & ~v->starts[i];
    if (TZ_UNLIKELY(wrong != 0)) return fail_target(v, i * 64 + (uint32_t)__builtin_ctzll(wrong));
  }
  return true;
}

/* A number register that is read but never written is a compiler's slip. */
static bool verify_written(tz_verifier *v) {
  uint32_t first = v->image->signatures[v->f->signature].n_params + v->f->n_ref_locals;
  for (uint32_t i = first / 64; i * 64 < v->f->n_registers; i++) {
    uint64_t never = v->read[i] & ~v->written[i];
    if (i == first / 64) never &= ~UINT64_C(0) << first % 64;
    if (TZ_UNLIKELY(never != 0))
      return tz_fail_function(v, v->f_index, "written", "register %u is read but never written",
                              i * 64 + (uint32_t)__builtin_ctzll(never));
  }
  return true;
}

static bool verify_code(tz_verifier *v) {
  const tz_op_info *info = NULL;
  uint32_t n = v->f->n_words, n_sites = 0, last = 0;
  for (uint64_t pc = 0, next; pc < n; pc = next) {
    last = (uint32_t)pc;
    if (!verify_insn(v, last, &next, &info)) return false;
    for (int i = 0; i < info->n_operands; i++) {
      if (info->operands[i].type != 's') continue;
      if (tz_word_operand(v->f->code[pc], info->operands[i]) != n_sites++)
        return tz_fail_at(v, last, "sites", "sites are not used in order, one by each instruction");
    }
  }
  if (!(info->flags & TZ_OP_END)) return tz_fail_at(v, last, "end", "control runs beyond the code");
  if (n_sites != v->f->n_sites)
    return tz_fail_function(v, v->f_index, "sites", "a site that no instruction uses");
  return verify_targets(v) && verify_written(v);
}

static bool is_start(const tz_verifier *v, uint32_t pc) {
  return pc < v->f->n_words && get_bit(v->starts, pc);
}
static bool is_start_or_end(const tz_verifier *v, uint32_t pc) {
  return pc == v->f->n_words || is_start(v, pc);
}

static bool verify_handler(tz_verifier *v, uint32_t i) {
  const tz_handler *h = &v->f->handlers[i];
  if (!is_start(v, h->start) || !is_start_or_end(v, h->end) || h->start >= h->end || !is_start(v, h->target))
    return tz_fail_function(v, v->f_index, "handlers", "handler %u: not between instructions", i);
  if (h->type >= v->image->n_types || !tz_is_error_type(v, h->type))
    return tz_fail_function(v, v->f_index, "handlers", "handler %u: catches what is no Error", i);
  if (h->reg >= v->f->n_registers || !tz_type_converts(v, v->f->registers[h->reg], h->type))
    return tz_fail_function(v, v->f_index, "handlers", "handler %u: the register does not take the error", i);
  return true;
}

static bool verify_lines(tz_verifier *v) {
  for (uint32_t i = 0; i < v->f->n_lines; i++) {
    const tz_line *l = &v->f->lines[i];
    if (!is_start(v, l->pc) || (i != 0 && l[-1].pc >= l->pc))
      return tz_fail_function(v, v->f_index, "lines",
                              "line entry %u is not in order, or not at an instruction", i);
  }
  return true;
}

static bool verify_locals(tz_verifier *v) {
  for (uint32_t i = 0; i < v->f->n_locals; i++) {
    const tz_local *l = &v->f->locals[i];
    if (l->reg >= v->f->n_registers || !is_start_or_end(v, l->start) || !is_start_or_end(v, l->end) ||
        l->start > l->end || (i != 0 && l[-1].start > l->start))
      return tz_fail_function(v, v->f_index, "locals",
                              "local %u: its range or register is wrong, or not in order", i);
  }
  return true;
}

bool tz_verify_function(tz_verifier *v) {
  const tz_function_entry *f = v->f;
  if (f->n_words == 0) return tz_fail_function(v, v->f_index, "end", "a function without code");
  size_t bitmap = ((size_t)f->n_words + 63) / 64 * 8, registers = ((size_t)f->n_registers + 63) / 64 * 8;
  memset(v->starts, 0, bitmap);
  memset(v->targets, 0, bitmap);
  memset(v->read, 0, registers);
  memset(v->written, 0, registers);
  if (!verify_code(v)) return false;
  for (uint32_t i = 0; i < f->n_handlers; i++)
    if (!verify_handler(v, i)) return false;
  return verify_lines(v) && verify_locals(v);
}
