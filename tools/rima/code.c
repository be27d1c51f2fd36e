/* code.c: registers, labels and tables of one function; see code.h. */
#include "code.h"
#include <stdlib.h>
#include <string.h>

/* Grows an arena array; T is inferred from the pointer. */
#define PUSH(c, array, count, capacity, value)                                                               \
  do {                                                                                                       \
    if ((count) == (capacity)) (array) = grow((c), (array), &(capacity), sizeof *(array));                   \
    (array)[(count)++] = (value);                                                                            \
  } while (0)

static void *grow(rima_compiler *c, void *array, uint32_t *capacity, size_t size) {
  uint32_t before = *capacity;
  *capacity = before ? before * 2 : 32;
  void *grown = rima_arena_alloc(c->arena, size * *capacity);
  if (array && before) memcpy(grown, array, size * before);
  return grown;
}

/* ---- which operands are registers, from the table ---- */

enum { READS_A = 1, READS_B = 2, READS_C = 4, HAS_LIST = 8 };

static uint8_t operand_mask(const char *operands) {
  uint8_t mask = 0;
  for (const char *p = operands; *p; p++) {
    if (*p == '*') mask |= HAS_LIST;
    bool starts = p == operands || p[-1] == ',';
    if (!starts || (p[1] != '=' && p[1] != '.')) continue;
    mask |= *p == 'a' ? READS_A : *p == 'b' ? READS_B : *p == 'c' ? READS_C : 0;
  }
  return mask;
}

static void make_operands(rima_compiler *c) {
  c->operands = RIMA_NEW_ARRAY(c->arena, uint8_t, TZ_OP_COUNT);
#define TZ_OP(NAME, mnemonic, text, rule, flags, meaning) c->operands[TZ_OP_##NAME] = operand_mask(text);
#include "terza/spec/opcodes.def"
#undef TZ_OP
}

/* ---- opening ---- */

rima_code *rima_code_open(rima_compiler *c, const char *name, rima_unit *unit) {
  if (!c->operands) make_operands(c);
  rima_code *code = c->code_pool;
  if (code) {
    c->code_pool = code->outer;
    rima_code old = *code;
    *code = (rima_code){.words = old.words,
                        .capacity = old.capacity,
                        .regs = old.regs,
                        .reg_capacity = old.reg_capacity,
                        .stack = old.stack,
                        .stack_capacity = old.stack_capacity,
                        .labels = old.labels,
                        .label_capacity = old.label_capacity,
                        .fixups = old.fixups,
                        .fixup_capacity = old.fixup_capacity,
                        .lines = old.lines,
                        .line_capacity = old.line_capacity,
                        .locals = old.locals,
                        .local_capacity = old.local_capacity,
                        .handlers = old.handlers,
                        .handler_capacity = old.handler_capacity,
                        .sites = old.sites,
                        .site_capacity = old.site_capacity,
                        .numbers = old.numbers,
                        .number_capacity = old.number_capacity};
  } else {
    code = RIMA_NEW(c->arena, rima_code);
  }
  code->outer = c->code;
  code->name = name;
  code->unit = unit;
  code->this_reg = code->defers = code->result_reg = -1;
  c->code = code;
  return code;
}

/* ---- registers ---- */

static uint32_t add_reg(rima_compiler *c, uint32_t type, char rep) {
  rima_code *code = c->code;
  if (code->reg_count >= 0xfff0) {
    if (code->reg_count == 0xfff0)
      rima_error(&c->diagnostics, (rima_span){0, 0}, "%s needs too many registers", code->name);
    return 0;
  }
  rima_reg reg = {.type = type, .rep = rep};
  PUSH(c, code->regs, code->reg_count, code->reg_capacity, reg);
  return code->reg_count - 1;
}

uint32_t rima_reg_param(rima_compiler *c, uint32_t type, char rep) {
  uint32_t reg = add_reg(c, type, rep);
  c->code->regs[reg].is_local = true;
  c->code->param_count = c->code->reg_count;
  return reg;
}

static uint32_t *free_head(rima_code *code, uint32_t type) {
  for (uint32_t i = 0; i < code->free_kinds; i++)
    if (code->free_heads[i].type == type) return &code->free_heads[i].head;
  if (code->free_kinds == 64) return NULL;
  code->free_heads[code->free_kinds].type = type;
  code->free_heads[code->free_kinds].head = TZ_NONE;
  return &code->free_heads[code->free_kinds++].head;
}

uint32_t rima_reg_new(rima_compiler *c, uint32_t type, char rep) {
  rima_code *code = c->code;
  uint32_t *head = free_head(code, type), reg;
  if (head && *head != TZ_NONE) {
    reg = *head;
    *head = code->regs[reg].next_free;
    code->regs[reg].is_free = false;
    code->regs[reg].is_local = false;
  } else {
    reg = add_reg(c, type, rep);
  }
  PUSH(c, code->stack, code->stack_count, code->stack_capacity, reg);
  return reg;
}

uint32_t rima_reg_private(rima_compiler *c, uint32_t type, char rep) {
  uint32_t reg = add_reg(c, type, rep);
  c->code->regs[reg].is_local = true;
  return reg;
}

uint32_t rima_reg_for(rima_compiler *c, rima_type *type) {
  char rep = rima_type_rep(type);
  return rima_reg_new(c, rima_image_type(c, type), rep == 'N' ? 'Y' : rep);
}

static void free_reg(rima_code *code, uint32_t reg) {
  uint32_t *head = free_head(code, code->regs[reg].type);
  if (!head || code->regs[reg].is_free || reg < code->param_count) return;
  code->regs[reg].is_free = true;
  code->regs[reg].next_free = *head;
  *head = reg;
}

void rima_code_release(rima_compiler *c, uint32_t mark) {
  rima_code *code = c->code;
  while (code->stack_count > mark) free_reg(code, code->stack[--code->stack_count]);
}

void rima_code_release_but(rima_compiler *c, uint32_t mark, uint32_t keep) {
  rima_code *code = c->code;
  bool kept = false;
  while (code->stack_count > mark) {
    uint32_t reg = code->stack[--code->stack_count];
    if (reg == keep) kept = true;
    else free_reg(code, reg);
  }
  if (kept) PUSH(c, code->stack, code->stack_count, code->stack_capacity, keep);
}

/* ---- instructions ---- */

static void add_word(rima_compiler *c, uint64_t word) {
  rima_code *code = c->code;
  PUSH(c, code->words, code->count, code->capacity, word);
}

void rima_op(rima_compiler *c, tz_opcode op, uint32_t a, uint32_t b, uint32_t cc) {
  if (op == TZ_OP_EQ_ANY) rima_reach_virtual(c, c->object_methods[RIMA_EQUALS]);
  add_word(c, tz_encode_abc(op, a, b, cc));
}
void rima_op_d(rima_compiler *c, tz_opcode op, uint32_t a, int64_t d) { add_word(c, tz_encode_ad(op, a, d)); }

void rima_op_list(rima_compiler *c, uint64_t word, const uint32_t *regs, uint32_t count) {
  add_word(c, tz_encode_x(word, count));
  uint32_t at = c->code->count;
  for (uint32_t i = 0; i < tz_encode_list_words(count); i++) add_word(c, 0);
  for (uint32_t i = 0; i < count; i++) tz_encode_list_lane(&c->code->words[at], i, regs[i]);
}

uint32_t rima_site(rima_compiler *c, tz_site_kind kind, const char *name) {
  rima_code *code = c->code;
  tz_site_entry site = {.kind = kind, .name = name ? tz_text_of(name) : (tz_text){"", 0}};
  PUSH(c, code->sites, code->site_count, code->site_capacity, site);
  if (code->site_count == 3000)
    rima_error(&c->diagnostics, (rima_span){0, 0}, "%s has too many call sites", code->name);
  return code->site_count - 1;
}

enum { LABEL_UNUSED = -1, LABEL_USED = -2 }; /* not placed yet */

uint32_t rima_label(rima_compiler *c) {
  rima_code *code = c->code;
  PUSH(c, code->labels, code->label_count, code->label_capacity, LABEL_UNUSED);
  return code->label_count - 1;
}

void rima_label_here(rima_compiler *c, uint32_t label) {
  if (c->code->labels[label] == LABEL_USED) c->code->is_dead = false;
  c->code->labels[label] = (int32_t)c->code->count;
}

void rima_label_back(rima_compiler *c, uint32_t label) {
  c->code->is_dead = false;
  c->code->is_dead = false; /* a loop's end branches here, even if a jump stands before */
  c->code->labels[label] = (int32_t)c->code->count;
}

static void add_fixup(rima_compiler *c, uint32_t word, uint32_t at, uint32_t label, uint8_t kind) {
  rima_code *code = c->code;
  if (code->labels[label] == LABEL_UNUSED) code->labels[label] = LABEL_USED;
  rima_fixup fixup = {.word = word, .at = at, .label = label, .kind = kind};
  PUSH(c, code->fixups, code->fixup_count, code->fixup_capacity, fixup);
}

static tz_opcode opposite(tz_opcode op) {
  switch (op) {
  case TZ_OP_JEQ_I: return TZ_OP_JNE_I;
  case TZ_OP_JNE_I: return TZ_OP_JEQ_I;
  case TZ_OP_JEQ_II: return TZ_OP_JNE_II;
  case TZ_OP_JNE_II: return TZ_OP_JEQ_II;
  case TZ_OP_JLT_II: return TZ_OP_JGE_II;
  case TZ_OP_JGE_II: return TZ_OP_JLT_II;
  case TZ_OP_JLE_II: return TZ_OP_JGT_II;
  case TZ_OP_JGT_II: return TZ_OP_JLE_II;
  case TZ_OP_JEQ_F: return TZ_OP_JNE_F;
  case TZ_OP_JNE_F: return TZ_OP_JEQ_F;
  case TZ_OP_JLT_F: return TZ_OP_JNLT_F;
  case TZ_OP_JNLT_F: return TZ_OP_JLT_F;
  case TZ_OP_JLE_F: return TZ_OP_JNLE_F;
  case TZ_OP_JNLE_F: return TZ_OP_JLE_F;
  case TZ_OP_JEQ_R: return TZ_OP_JNE_R;
  case TZ_OP_JNE_R: return TZ_OP_JEQ_R;
  default: return TZ_OP_NOP;
  }
}

void rima_branch(rima_compiler *c, tz_opcode op, uint32_t a, uint32_t b, uint32_t label) {
  if (c->code->has_long_branches && op != TZ_OP_FOR_I) { /* over a far jump */
    if (opposite(op) != TZ_OP_NOP) {
      rima_op(c, opposite(op), a, b, 2);
    } else if (op == TZ_OP_JLT_I || op == TZ_OP_JLE_I) {
      rima_op(c, op == TZ_OP_JLT_I ? TZ_OP_JLE_I : TZ_OP_JLT_I, b, a, 2);
    } else {
      rima_op(c, op, a, b, 2);
      rima_op_d(c, TZ_OP_JMP, 0, 2);
    }
    rima_branch_d(c, TZ_OP_JMP, 0, label);
    c->code->is_dead = false;
    return;
  }
  add_fixup(c, c->code->count, c->code->count, label, 0);
  rima_op(c, op, a, b, 0);
}

/* counter + 1; to the top while it is below bound. */
void rima_counted_branch(rima_compiler *c, uint32_t counter, uint32_t bound, uint32_t top) {
  if (!c->code->has_long_branches) {
    rima_branch(c, TZ_OP_FOR_I, counter, bound, top);
    return;
  }
  rima_op(c, TZ_OP_ADD_II, counter, counter, 1);
  rima_branch(c, TZ_OP_JLT_I, counter, bound, top);
}

void rima_branch_d(rima_compiler *c, tz_opcode op, uint32_t a, uint32_t label) {
  add_fixup(c, c->code->count, c->code->count, label, 1);
  rima_op_d(c, op, a, 0);
  if (op == TZ_OP_JMP) c->code->is_dead = true;
}

void rima_switch(rima_compiler *c, uint32_t a, const uint32_t *labels, uint32_t count) {
  uint32_t word = c->code->count;
  rima_op_d(c, TZ_OP_SWITCH, a, count);
  for (uint32_t i = 0; i < count; i += 2) {
    add_fixup(c, word, c->code->count, labels[i], 2);
    if (i + 1 < count) add_fixup(c, word, c->code->count, labels[i + 1], 3);
    add_word(c, 0);
  }
}

/* ---- tables ---- */

void rima_line(rima_compiler *c, rima_span span) {
  rima_code *code = c->code;
  if (!span.end || c->inline_depth) return; /* inlined code counts as the call's line */
  rima_source *source = rima_session_source(&c->session, span.start);
  rima_place place = rima_source_place(&c->session, source, span.start);
  tz_line line = {code->count, place.line, place.column};
  if (code->line_count) {
    tz_line *last = &code->lines[code->line_count - 1];
    if (last->line == line.line && last->column == line.column) return;
    if (last->pc == line.pc) {
      *last = line;
      return;
    }
  }
  PUSH(c, code->lines, code->line_count, code->line_capacity, line);
}

/* The end is filled in when its register is released at the end of the function. */
void rima_local_name(rima_compiler *c, const char *name, uint32_t reg, uint32_t start) {
  rima_code *code = c->code;
  tz_local local = {tz_text_of(name), reg, start, 0};
  PUSH(c, code->locals, code->local_count, code->local_capacity, local);
}

void rima_handler(rima_compiler *c, uint32_t start, uint32_t end, uint32_t target, uint32_t type,
                  uint32_t reg) {
  rima_code *code = c->code;
  if (start >= end) return;
  tz_handler handler = {start, end, target, type, reg};
  PUSH(c, code->handlers, code->handler_count, code->handler_capacity, handler);
}

/* ---- closing ---- */

static uint32_t *renumber(rima_compiler *c, rima_code *code, uint32_t *n_refs) {
  while (code->number_capacity < 2 * code->reg_count)
    code->numbers = grow(c, NULL, &code->number_capacity, sizeof *code->numbers);
  uint32_t *map = code->numbers, next = code->param_count;
  for (uint32_t i = 0; i < code->param_count; i++) map[i] = i;
  for (uint32_t i = code->param_count; i < code->reg_count; i++)
    if (code->regs[i].rep == 'R' || code->regs[i].rep == 'Y') map[i] = next++;
  *n_refs = next - code->param_count;
  for (uint32_t i = code->param_count; i < code->reg_count; i++)
    if (code->regs[i].rep != 'R' && code->regs[i].rep != 'Y') map[i] = next++;
  return map;
}

static uint64_t map_lane(uint64_t word, unsigned shift, const uint32_t *map) {
  uint16_t reg = (uint16_t)(word >> shift);
  if (reg == TZ_REG_DISCARD) return word;
  return (word & ~((uint64_t)0xffff << shift)) | (uint64_t)(uint16_t)map[reg] << shift;
}

static void rewrite_registers(rima_compiler *c, rima_code *code, const uint32_t *map) {
  for (uint32_t i = 0; i < code->count;) {
    uint64_t word = code->words[i];
    uint8_t op = (uint8_t)word, mask = c->operands[op];
    uint32_t count = (uint8_t)(word >> 8), d = (uint32_t)(word >> 32);
    if (mask & READS_A) word = map_lane(word, 16, map);
    if (mask & READS_B) word = map_lane(word, 32, map);
    if (mask & READS_C) word = map_lane(word, 48, map);
    code->words[i++] = word;
    if (op == TZ_OP_SWITCH) i += (d + 1) / 2;
    if (!(mask & HAS_LIST)) continue;
    for (uint32_t k = 0; k < count; k++) {
      uint64_t *lane = &code->words[i + (k + 1) / 4];
      *lane = map_lane(*lane, 16 * ((k + 1) % 4), map);
    }
    i += tz_encode_list_words(count);
  }
}

static bool patch(rima_code *code) {
  bool fits = true;
  for (uint32_t i = 0; i < code->fixup_count; i++) {
    rima_fixup *f = &code->fixups[i];
    int64_t offset = (int64_t)code->labels[f->label] - f->word;
    uint64_t *word = &code->words[f->at];
    if (f->kind == 0) {
      fits &= offset == (int16_t)offset;
      *word |= (uint64_t)(uint16_t)offset << 48;
    } else if (f->kind == 2) {
      *word |= (uint32_t)offset;
    } else {
      *word |= (uint64_t)(uint32_t)offset << 32;
    }
  }
  return fits;
}

/* Puts the hoisted constants before the code; branches are relative, tables move along. */
static void insert_constants(rima_compiler *c, rima_code *code) {
  uint32_t n = code->constant_count;
  if (!n) return;
  for (uint32_t i = 0; i < n; i++) add_word(c, 0);
  memmove(code->words + n, code->words, (code->count - n) * sizeof *code->words);
  for (uint32_t i = 0; i < n; i++) {
    tz_word value = {.u = code->constants[i].bits};
    uint32_t reg = code->constants[i].reg;
    bool is_small = code->constants[i].kind == RIMA_T_INT && value.i == (int32_t)value.i;
    code->words[i] = is_small ? tz_encode_ad(TZ_OP_CONST_I, reg, value.i)
                              : tz_encode_ad(TZ_OP_CONST, reg,
                                             code->constants[i].kind == RIMA_T_INT
                                                 ? tz_image_constant_int(c->image, value.i)
                                                 : tz_image_constant_float(c->image, value.f));
  }
  for (uint32_t i = 0; i < code->line_count; i++) code->lines[i].pc += code->lines[i].pc || i ? n : 0;
  for (uint32_t i = 0; i < code->local_count; i++) {
    code->locals[i].start += n;
    if (code->locals[i].end) code->locals[i].end += n;
  }
  for (uint32_t i = 0; i < code->handler_count; i++) {
    code->handlers[i].start += n;
    code->handlers[i].end += n;
    code->handlers[i].target += n;
  }
  for (uint32_t i = 0; i < code->slot_words.count; i++)
    ((rima_slot_patch *)code->slot_words.items[i])->word += n;
}

void rima_code_close(rima_compiler *c, rima_code *code, uint32_t index, uint32_t flags, uint32_t signature) {
  if (!patch(code))
    rima_error(&c->diagnostics, (rima_span){0, 0}, "%s is too large for one function", code->name);
  insert_constants(c, code);
  uint32_t n_refs;
  uint32_t *map = renumber(c, code, &n_refs);
  rewrite_registers(c, code, map);
  uint32_t *types = code->numbers + code->reg_count;
  for (uint32_t i = 0; i < code->reg_count; i++) types[map[i]] = code->regs[i].type;
  for (uint32_t i = 0; i < code->handler_count; i++) code->handlers[i].reg = map[code->handlers[i].reg];
  uint32_t n_locals = 0;
  for (uint32_t i = 0; i < code->local_count; i++) {
    tz_local l = code->locals[i];
    if (!l.end) l.end = code->count;
    l.reg = map[l.reg];
    if (l.start < l.end) code->locals[n_locals++] = l;
  }
  while (code->line_count && code->lines[code->line_count - 1].pc >= code->count) code->line_count--;
  rima_source *source = code->unit ? code->unit->tree->source : NULL;
  tz_function_entry entry = {
      .name = tz_text_of(code->name),
      .flags = flags,
      .signature = signature,
      .n_registers = code->reg_count,
      .n_ref_locals = n_refs,
      .registers = types,
      .n_words = code->count,
      .code = code->words,
      .n_sites = code->site_count,
      .sites = code->sites,
      .n_handlers = code->handler_count,
      .handlers = code->handlers,
      .source = source ? tz_image_source(c->image, source->path, strlen(source->path)) : TZ_NONE,
      .n_lines = code->line_count,
      .lines = code->lines,
      .n_locals = n_locals,
      .locals = code->locals,
  };
  tz_image_define_function(c->image, index, &entry);
  for (uint32_t i = 0; i < code->slot_words.count; i++) {
    rima_slot_patch *p = code->slot_words.items[i];
    rima_pending_slot *pending = RIMA_NEW(c->arena, rima_pending_slot);
    *pending = (rima_pending_slot){index, p->word, p->root};
    rima_list_add(c->arena, &c->slot_patches, pending);
  }
  c->code = code->outer;
  code->outer = c->code_pool;
  c->code_pool = code;
}
