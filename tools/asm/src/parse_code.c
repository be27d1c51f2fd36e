/* parse_code.c: the body of a function: registers, instructions, labels, tables. See asm.h. */
#include "asm.h"
#include <stdio.h>
#include <stdlib.h>

/* A growable array of one element type; freed at the end of the body. */
typedef struct vector {
  void *items;
  uint32_t n, capacity;
} vector;

typedef struct fixup { /* a label's offset to be put in when its place is known */
  uint32_t pc, label;
  tz_operand operand; /* field 0: entry `entry` of the switch table */
  uint32_t entry;
  const tz_token *at;
} fixup;

typedef struct body {
  tz_asm *p;
  tz_function_entry *f;
  vector registers, code, sites, handlers, lines, locals, fixups, label_pcs, label_tokens;
  tz_name_map labels;
} body;

static void *append(body *b, vector *v, size_t size) {
  if (v->n == v->capacity) {
    uint32_t capacity = v->capacity == 0 ? 16 : v->capacity * 2;
    void *larger = realloc(v->items, capacity * size);
    if (larger == NULL) {
      tz_asm_no_memory(b->p);
      return NULL;
    }
    v->items = larger;
    v->capacity = capacity;
  }
  return memset((char *)v->items + v->n++ * size, 0, size);
}
#define APPEND(b, v, type, ...)                                                                              \
  do {                                                                                                       \
    type *slot_ = append((b), (v), sizeof(type));                                                            \
    if (slot_ != NULL) *slot_ = (type)__VA_ARGS__;                                                           \
  } while (0)

static uint64_t *word_at(body *b, uint32_t pc) { return (uint64_t *)b->code.items + pc; }

/* --- labels --- */

static uint32_t label_named(body *b, tz_text name, const tz_token *at) {
  const tz_name_entry *e = tz_name_map_find(&b->labels, (tz_text){"", 0}, name);
  if (e != NULL) return e->index;
  uint32_t label = b->label_pcs.n;
  APPEND(b, &b->label_pcs, uint32_t, TZ_NONE);
  APPEND(b, &b->label_tokens, const tz_token *, at);
  if (!tz_name_map_put(&b->labels, (tz_text){"", 0}, name, label)) tz_asm_no_memory(b->p);
  return label;
}

static uint32_t label_use(body *b) {
  const tz_token *t = tz_asm_peek(b->p);
  tz_text name;
  return tz_asm_name(b->p, &name, "a label") ? label_named(b, name, t) : TZ_NONE;
}

static void label_set(body *b) {
  const tz_token *t = tz_asm_next(b->p);
  b->p->at++; /* the colon */
  uint32_t label = label_named(b, t->text, t);
  if (b->p->failed) return;
  uint32_t *pc = (uint32_t *)b->label_pcs.items + label;
  if (*pc != TZ_NONE) tz_asm_fail(b->p, t, "the label %.*s stands twice", (int)t->text.length, t->text.at);
  else *pc = b->code.n;
}

static bool check_labels(body *b) {
  for (uint32_t i = 0; i < b->label_pcs.n; i++) {
    if (((uint32_t *)b->label_pcs.items)[i] != TZ_NONE) continue;
    const tz_token *t = ((const tz_token **)b->label_tokens.items)[i];
    return tz_asm_fail(b->p, t, "there is no label %.*s in this function", (int)t->text.length, t->text.at);
  }
  return true;
}

static uint32_t label_pc(const body *b, uint32_t label) { return ((uint32_t *)b->label_pcs.items)[label]; }

static bool fits(const fixup *x, int64_t offset) {
  if (x->operand.field == 0 || x->operand.field == 'd') return offset == (int32_t)offset;
  return offset == (int16_t)offset;
}

static void apply_fixups(body *b) {
  for (uint32_t i = 0; i < b->fixups.n && !b->p->failed; i++) {
    const fixup *x = &((fixup *)b->fixups.items)[i];
    int64_t offset = (int64_t)label_pc(b, x->label) - x->pc;
    if (!fits(x, offset)) tz_asm_fail(b->p, x->at, "the label is too far away");
    else if (x->operand.field == 0)
      *word_at(b, x->pc + 1 + x->entry / 2) |= (uint64_t)(uint32_t)offset << 32 * (x->entry % 2);
    else *word_at(b, x->pc) = tz_word_set_operand(*word_at(b, x->pc), x->operand, (uint64_t)offset);
  }
}

/* --- operands --- */

static bool parse_register(body *b, bool may_discard, uint32_t *reg) {
  tz_asm *p = b->p;
  const tz_token *t = tz_asm_peek(p);
  uint32_t value = 0, i = 1;
  if (may_discard && tz_asm_accept_word(p, "_")) {
    *reg = TZ_REG_DISCARD;
    return true;
  }
  bool is = t->kind == TOKEN_NAME && t->text.length >= 2 && t->text.length <= 6 && t->text.at[0] == 'r';
  for (; is && i < t->text.length; i++) {
    is = t->text.at[i] >= '0' && t->text.at[i] <= '9';
    value = value * 10 + (uint32_t)(t->text.at[i] - '0');
  }
  if (!is) return tz_asm_fail(p, t, "a register expected: r0, r1, ...");
  if (value >= TZ_REG_DISCARD) return tz_asm_fail(p, t, "there are no such registers");
  p->at++;
  *reg = value;
  return true;
}

static bool parse_immediate(body *b, tz_operand o, uint64_t *value) {
  const tz_token *t = tz_asm_peek(b->p);
  int64_t v;
  if (!tz_asm_number(b->p, &v, "an int")) return false;
  bool is_unsigned = o.role == ':' || o.field == 'x';
  int64_t low = is_unsigned ? 0 : o.field == 'd' ? INT32_MIN : INT16_MIN;
  int64_t high = o.field == 'x'   ? UINT8_MAX
                 : o.field == 'd' ? INT32_MAX
                 : is_unsigned    ? UINT16_MAX
                                  : INT16_MAX;
  if (v < low || v > high)
    return tz_asm_fail(b->p, t, "the int does not fit: %lld to %lld", (long long)low, (long long)high);
  *value = (uint64_t)v;
  return true;
}

/* f64(0x7ff8000000000000): a float by its bits. */
static uint32_t float_by_bits(body *b) {
  tz_word w;
  if (!tz_asm_expect_mark(b->p, '(', "after f64") || !tz_asm_number(b->p, &w.i, "the bits of a float") ||
      !tz_asm_expect_mark(b->p, ')', "after the bits of a float"))
    return TZ_NONE;
  return tz_image_constant_float(b->p->image, w.f);
}

static uint32_t parse_constant(body *b) {
  tz_asm *p = b->p;
  const tz_token *t = tz_asm_peek(p);
  if (tz_asm_accept_word(p, "f64")) return float_by_bits(b);
  switch (t->kind) {
  case TOKEN_INT: tz_asm_next(p); return tz_image_constant_int(p->image, t->value.i);
  case TOKEN_FLOAT: tz_asm_next(p); return tz_image_constant_float(p->image, t->value.f);
  case TOKEN_STRING: tz_asm_next(p); return tz_image_constant_string(p->image, t->text.at, t->text.length);
  default: tz_asm_fail(p, t, "an int, float or string expected"); return TZ_NONE;
  }
}

static tz_site_kind site_kind_of(uint32_t op) {
  switch (op) {
  case TZ_OP_CALL_VIRTUAL:
  case TZ_OP_TAIL_VIRTUAL: return TZ_SITE_VIRTUAL;
  case TZ_OP_CALL_INTERFACE:
  case TZ_OP_TAIL_INTERFACE: return TZ_SITE_INTERFACE;
  case TZ_OP_CALL_CLOSURE:
  case TZ_OP_TAIL_CLOSURE: return TZ_SITE_CLOSURE;
  case TZ_OP_GET_ANY: return TZ_SITE_GET;
  case TZ_OP_SET_ANY: return TZ_SITE_SET;
  default: return TZ_SITE_CALL;
  }
}

/* Sites are made in order; only those of dynamic members have names. */
static uint32_t parse_site(body *b, uint32_t op) {
  tz_site_entry site = {.kind = site_kind_of(op), .name = {"", 0}};
  bool is_unnamed_call = site.kind == TZ_SITE_CALL && tz_asm_is_mark(b->p, '(');
  if (site.kind > TZ_SITE_CLOSURE && !is_unnamed_call) tz_asm_name(b->p, &site.name, "a member's name");
  APPEND(b, &b->sites, tz_site_entry, site);
  return b->sites.n - 1;
}

static uint32_t parse_class_operand(body *b) {
  if (!tz_asm_expect_mark(b->p, '%', "before a class")) return TZ_NONE;
  return tz_asm_reference(b->p, &b->p->classes, "a class");
}

static bool parse_index(body *b, uint32_t op, tz_operand o, uint64_t *value) {
  tz_asm *p = b->p;
  switch (o.type) {
  case 'k': *value = parse_constant(b); break;
  case 'c': *value = parse_class_operand(b); break;
  case 'f': *value = tz_asm_reference(p, &p->functions, "a function"); break;
  case 'g': *value = tz_asm_reference(p, &p->globals, "a global"); break;
  case 't': *value = tz_asm_type(p); break;
  case 's': *value = parse_site(b, op); break;
  default: return parse_immediate(b, o, value);
  }
  if (!p->failed && o.field != 'd' && *value > UINT16_MAX)
    return tz_asm_fail(p, tz_asm_peek(p), "the module has too many of these");
  return !p->failed;
}

static bool parse_operand(body *b, uint32_t pc, uint32_t op, tz_operand o) {
  const tz_token *t = tz_asm_peek(b->p);
  uint64_t value = 0;
  uint32_t reg = 0;
  switch (o.role) {
  case '=':
  case '.':
    if (!parse_register(b, o.role == '=', &reg)) return false;
    value = reg;
    break;
  case '#':
    if (!parse_immediate(b, o, &value)) return false;
    break;
  case '@': {
    uint32_t label = label_use(b);
    APPEND(b, &b->fixups, fixup, {.pc = pc, .label = label, .operand = o, .at = t});
    return !b->p->failed;
  }
  default:
    if (!parse_index(b, op, o, &value)) return false;
    break;
  }
  *word_at(b, pc) = tz_word_set_operand(*word_at(b, pc), o, value);
  return true;
}

static bool parse_list(body *b, uint32_t pc) {
  uint32_t regs[255], n = 0;
  const tz_token *t = tz_asm_peek(b->p);
  if (!tz_asm_expect_mark(b->p, '(', "before the arguments")) return false;
  while (!b->p->failed && !tz_asm_accept_mark(b->p, ')')) {
    if (n != 0 && !tz_asm_expect_mark(b->p, ',', "between arguments")) return false;
    if (n == 255) return tz_asm_fail(b->p, t, "more than 255 arguments");
    parse_register(b, false, &regs[n++]);
  }
  for (uint32_t i = 0; i < tz_encode_list_words(n); i++) APPEND(b, &b->code, uint64_t, 0);
  if (b->p->failed) return false;
  *word_at(b, pc) = tz_encode_x(*word_at(b, pc), n);
  for (uint32_t i = 0; i < n; i++) tz_encode_list_lane(word_at(b, pc + 1), i, regs[i]);
  return true;
}

static bool parse_table(body *b, uint32_t pc, tz_operand o) {
  uint32_t n = 0;
  if (!tz_asm_expect_mark(b->p, '[', "before the labels")) return false;
  while (!b->p->failed && !tz_asm_accept_mark(b->p, ']')) {
    if (n != 0 && !tz_asm_expect_mark(b->p, ',', "between labels")) return false;
    const tz_token *t = tz_asm_peek(b->p);
    uint32_t label = label_use(b);
    APPEND(b, &b->fixups, fixup, {.pc = pc, .label = label, .entry = n, .at = t});
    if (n++ % 2 == 0) APPEND(b, &b->code, uint64_t, 0);
  }
  if (!b->p->failed) *word_at(b, pc) = tz_word_set_operand(*word_at(b, pc), o, n);
  return !b->p->failed;
}

static bool parse_operands(body *b, uint32_t pc, uint32_t op) {
  const tz_op_info *info = &b->p->decode.op[op];
  bool has_before = false;
  for (int i = 0; i < info->n_operands; i++) {
    tz_operand o = info->operands[i];
    bool is_silent = o.type == 's' && site_kind_of(op) <= TZ_SITE_CLOSURE;
    if (has_before && !is_silent && !tz_asm_expect_mark(b->p, ',', "between operands")) return false;
    bool is_table = info->rule == TZ_RULE_SWITCH && o.type == 'n';
    if (is_table ? !parse_table(b, pc, o) : !parse_operand(b, pc, op, o)) return false;
    has_before |= !is_silent;
  }
  if (!info->has_list) return true;
  if (has_before) tz_asm_accept_mark(b->p, ',');
  return parse_list(b, pc);
}

static void parse_insn(body *b) {
  const tz_token *t = tz_asm_next(b->p);
  const tz_name_entry *e =
      t->kind == TOKEN_NAME ? tz_name_map_find(&b->p->mnemonics, (tz_text){"", 0}, t->text) : NULL;
  if (e == NULL) {
    if (b->p->failed) return;
    tz_asm_fail(b->p, t, "an instruction expected");
    if (t->kind == TOKEN_NAME) tz_asm_hint(b->p, &b->p->mnemonics, t->text);
    return;
  }
  uint32_t pc = b->code.n;
  APPEND(b, &b->code, uint64_t, e->index);
  if (b->p->failed || !parse_operands(b, pc, e->index)) return;
  const tz_token *after = tz_asm_peek(b->p);
  if (after->line == t->line && after->kind != TOKEN_END && !tz_asm_is_mark(b->p, '}'))
    tz_asm_fail(b->p, after, "the end of the line expected after %s %s", b->p->decode.op[e->index].mnemonic,
                "and its operands");
}

/* --- directives --- */

static void parse_types(body *b, bool are_refs) {
  do {
    uint32_t type = tz_asm_type(b->p);
    APPEND(b, &b->registers, uint32_t, type);
    b->f->n_ref_locals += are_refs;
  } while (!b->p->failed && tz_asm_accept_mark(b->p, ','));
}

static uint32_t parse_u32(body *b, const char *what) {
  const tz_token *t = tz_asm_peek(b->p);
  int64_t v = 0;
  if (tz_asm_number(b->p, &v, what) && (v < 0 || v > UINT32_MAX))
    tz_asm_fail(b->p, t, "%s out of range", what);
  return (uint32_t)v;
}

static void parse_line(body *b) {
  tz_line l = {.pc = b->code.n, .line = parse_u32(b, "a line")};
  if (tz_asm_expect_mark(b->p, ':', "between line and column")) l.column = parse_u32(b, "a column");
  APPEND(b, &b->lines, tz_line, l);
}

static void parse_catch(body *b) {
  tz_handler h = {.type = tz_asm_type(b->p)};
  tz_asm_expect_mark(b->p, ',', "after the type caught");
  parse_register(b, false, &h.reg);
  tz_asm_expect_mark(b->p, ',', "after the register");
  h.start = label_use(b);
  tz_asm_expect_mark(b->p, ',', "after the first label");
  h.end = label_use(b);
  tz_asm_expect_mark(b->p, ',', "after the last label");
  h.target = label_use(b);
  APPEND(b, &b->handlers, tz_handler, h);
}

static void parse_local(body *b) {
  tz_local l = {.name = {"", 0}};
  tz_asm_name(b->p, &l.name, "a variable's name");
  tz_asm_expect_mark(b->p, ',', "after the name");
  parse_register(b, false, &l.reg);
  tz_asm_expect_mark(b->p, ',', "after the register");
  l.start = label_use(b);
  tz_asm_expect_mark(b->p, ',', "after the first label");
  l.end = label_use(b);
  APPEND(b, &b->locals, tz_local, l);
}

static void parse_source(body *b) {
  tz_text path;
  if (tz_asm_name(b->p, &path, "a file's name"))
    b->f->source = tz_image_source(b->p->image, path.at, path.length);
}

static bool is_label(body *b) {
  const tz_token *t = tz_asm_peek(b->p);
  return t->kind == TOKEN_NAME && t[1].kind == TOKEN_MARK && t[1].mark == ':';
}

static void parse_item(body *b) {
  tz_asm *p = b->p;
  if (is_label(b)) label_set(b);
  else if (tz_asm_accept_word(p, "source")) parse_source(b);
  else if (tz_asm_accept_word(p, "refs")) parse_types(b, true);
  else if (tz_asm_accept_word(p, "numbers")) parse_types(b, false);
  else if (tz_asm_accept_word(p, "line")) parse_line(b);
  else if (tz_asm_accept_word(p, "catch")) parse_catch(b);
  else if (tz_asm_accept_word(p, "local")) parse_local(b);
  else parse_insn(b);
}

/* --- the whole --- */

static void resolve_places(body *b) {
  tz_handler *handlers = b->handlers.items;
  for (uint32_t i = 0; i < b->handlers.n; i++) {
    handlers[i].start = label_pc(b, handlers[i].start);
    handlers[i].end = label_pc(b, handlers[i].end);
    handlers[i].target = label_pc(b, handlers[i].target);
  }
  tz_local *locals = b->locals.items;
  for (uint32_t i = 0; i < b->locals.n; i++) {
    locals[i].start = label_pc(b, locals[i].start);
    locals[i].end = label_pc(b, locals[i].end);
  }
}

static const void *keep(body *b, const vector *v, size_t size) {
  const void *copy = tz_arena_copy(b->p->arena, v->items, v->n * size);
  if (copy == NULL) tz_asm_no_memory(b->p);
  return copy;
}

static void fill_entry(body *b) {
  tz_function_entry *f = b->f;
  f->n_registers = b->registers.n;
  f->registers = keep(b, &b->registers, sizeof(uint32_t));
  f->n_words = b->code.n;
  f->code = keep(b, &b->code, sizeof(uint64_t));
  f->n_sites = b->sites.n;
  f->sites = keep(b, &b->sites, sizeof(tz_site_entry));
  f->n_handlers = b->handlers.n;
  f->handlers = keep(b, &b->handlers, sizeof(tz_handler));
  f->n_lines = b->lines.n;
  f->lines = keep(b, &b->lines, sizeof(tz_line));
  f->n_locals = b->locals.n;
  f->locals = keep(b, &b->locals, sizeof(tz_local));
}

static void body_fini(body *b) {
  vector *all[] = {&b->registers, &b->code,   &b->sites,     &b->handlers,    &b->lines,
                   &b->locals,    &b->fixups, &b->label_pcs, &b->label_tokens};
  for (size_t i = 0; i < sizeof all / sizeof *all; i++) free(all[i]->items);
  tz_name_map_fini(&b->labels);
}

void tz_asm_function_body(tz_asm *p, tz_function_entry *f) {
  body b = {.p = p, .f = f};
  if (!tz_asm_expect_mark(p, '{', "before a function's body")) return;
  const tz_signature *s = &p->image->signatures[f->signature];
  for (uint32_t i = 0; i < s->n_params; i++) APPEND(&b, &b.registers, uint32_t, s->params[i]);
  while (!p->failed && !tz_asm_accept_mark(p, '}')) {
    if (tz_asm_peek(p)->kind == TOKEN_END)
      tz_asm_fail(p, tz_asm_peek(p), "} expected at the end of the function");
    else parse_item(&b);
  }
  if (!p->failed && check_labels(&b)) {
    apply_fixups(&b);
    resolve_places(&b);
    fill_entry(&b);
  }
  body_fini(&b);
}
