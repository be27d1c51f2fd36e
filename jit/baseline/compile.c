/* compile.c: from bytecode to machine code in one pass: copy each instruction's stencil, fill its holes, go
 * on.
 *
 * The hot code grows from the start of the block; cold parts are gathered beside it and laid behind.
 * Invariant at each instruction: registers that are pinned are in their machine registers and nowhere else,
 * all others are in the frame; the accumulators mirror the slots noted in `places`, so that any
 * instruction can be entered from outside.
 *
 * A call is several stencils: the opcode's own, which checks and finds the callee, moves of the arguments,
 * the entry, and behind it the continuation. Callees are entered through tz_function.entry: a direct jump was
 * measured to gain nothing, and this way nothing need be patched when a callee changes tier. */
#include "baseline.h"
#include "fill.h"
#include "slow.h"
#include <stdlib.h>

enum { MARGIN = 4096, ARGUMENT_BYTES = 64, MAX_WORDS = 1 << 20, COLD_BIT = 1u << 31, SHORT_REACH = 128 };

/* What a place that is not filled at once waits for. */
typedef enum fixup_kind {
  FIX_LABEL,
  FIX_COLD,
  FIX_ADDRESS,
  FIX_EXIT,
  FIX_CONTINUATION,
  FIX_TABLE
} fixup_kind;
typedef struct fixup {
  uint32_t place; /* offset in the hot code, or COLD_BIT and offset in the cold code */
  uint8_t kind, fill, symbol;
  uint32_t insn;
  int64_t value; /* added to what is waited for */
} fixup;

typedef struct tz_compiler {
  struct tz_jit *jit;
  tz_function *f;
  const tz_tier *tier;
  tz_baseline *out;
  tz_code_block block;
  uint8_t *at; /* next hot byte, in block.rw */
  uint8_t *cold;
  uint32_t n_cold, cold_room;
  fixup *fixups;
  uint32_t n_fixups, fixups_room;
  uint8_t *home; /* by register: its location when nothing mirrors it */
  uint32_t home_room;
  uint8_t *labels; /* by word: is a branch target or handler */
  uint32_t labels_room;
  int32_t acc, float_acc;    /* slots mirrored, -1: none */
  uint32_t acc_at, float_at; /* the instructions that wrote them */
  uint32_t insn;
  int64_t value[TZ_SYMBOL_COUNT];
} compiler;

void tz_compiler_free(struct tz_compiler *c) {
  if (c == NULL) return;
  free(c->cold);
  free(c->fixups);
  free(c->home);
  free(c->labels);
  free(c);
}

/* ---- Room ---- */

static bool grow(void *array, uint32_t *room, uint32_t need, size_t item) {
  if (need <= *room) return true;
  uint32_t wanted = need + need / 2 + 256;
  void *p = realloc(*(void **)array, wanted * item);
  if (p == NULL) return false;
  *(void **)array = p;
  *room = wanted;
  return true;
}

/* Room for one instruction. The hot block cannot grow: the whole compilation starts again with a larger one.
 */
static bool has_room(compiler *c, uint32_t n_args) {
  size_t bytes = MARGIN + n_args * ARGUMENT_BYTES;
  return (size_t)(c->at - c->block.rw) + bytes <= c->block.room &&
         grow(&c->cold, &c->cold_room, c->n_cold + MARGIN, 1) &&
         grow(&c->fixups, &c->fixups_room, c->n_fixups + 64, sizeof(fixup));
}

/* ---- Stencils ---- */

static uint32_t hot_offset(const compiler *c) { return (uint32_t)(c->at - c->block.rw); }
static uint64_t hot_address(const compiler *c, uint32_t offset) {
  return (uint64_t)(uintptr_t)c->block.rx + offset;
}

static void wait_for(compiler *c, uint32_t place, fixup_kind kind, const tz_hole *h, int64_t value) {
  c->fixups[c->n_fixups++] = (fixup){place, (uint8_t)kind, h->kind, h->symbol, c->insn, value};
}

/* Fills one hole, or notes what it waits for. `to` is where the part's bytes are, `place` its place. */
__attribute__((always_inline)) static inline void fill_hole(compiler *c, const tz_hole *h, uint8_t *to,
                                                            uint32_t place, uint32_t cold_start) {
  int64_t value = c->value[h->symbol] + h->add;
  place += h->at;
  if (tz_hole_is_relative(h->kind)) {
    if (h->symbol >= TZ_FIRST_EXIT && h->symbol < TZ_FIRST_MISS) wait_for(c, place, FIX_EXIT, h, h->add);
    else if (h->symbol == TZ_HOLE_TARGET) wait_for(c, place, FIX_LABEL, h, h->add);
    else if (h->symbol == TZ_HOLE_COLD) wait_for(c, place, FIX_COLD, h, cold_start + h->add);
    else if (place & COLD_BIT) wait_for(c, place, FIX_ADDRESS, h, value);
    else tz_hole_fill(to + h->at, hot_address(c, place), h->kind, value);
    return;
  }
  if (h->symbol == TZ_HOLE_CONT) wait_for(c, place, FIX_CONTINUATION, h, h->add);
  else if (h->symbol == TZ_HOLE_TABLE) wait_for(c, place, FIX_TABLE, h, h->add);
  tz_hole_fill(to + h->at, 0, h->kind, value);
}

static inline void copy_bytes(uint8_t *to, const uint8_t *from, uint32_t n) {
  for (uint32_t i = 0; i < n; i += 32) __builtin_memcpy(to + i, from + i, 32); /* both sides have slack */
}

static void emit(compiler *c, const tz_stencil *s) {
  const uint8_t *code = tz_stencil_code + s->code;
  const tz_hole *h = tz_stencil_holes + s->hole;
  uint32_t place = hot_offset(c), cold_start = c->n_cold;
  c->value[TZ_HOLE_NEXT] = (int64_t)hot_address(c, place + s->hot);
  copy_bytes(c->at, code, s->hot);
  for (uint32_t i = 0; i < s->n_hot_holes; i++) fill_hole(c, h++, c->at, place, cold_start);
  c->at += s->hot;
  if (TZ_LIKELY(s->cold == 0)) return;
  uint8_t *cold = c->cold + cold_start;
  copy_bytes(cold, code + s->hot, s->cold);
  for (uint32_t i = 0; i < s->n_cold_holes; i++) fill_hole(c, h++, cold, cold_start | COLD_BIT, cold_start);
  c->n_cold += s->cold;
}

/* Displacements of the frame slots at hand fit eight bits: the short form, which stands behind the long one.
 */
static void emit_number(compiler *c, uint32_t number, bool is_short) {
  emit(c, &tz_stencils[number + is_short]);
}

static inline void set_slots(compiler *c, uint32_t a, uint32_t b, uint32_t cc) {
  c->value[TZ_HOLE_A] = a * 8;
  c->value[TZ_HOLE_B] = b * 8;
  c->value[TZ_HOLE_C] = cc * 8;
}

static uint32_t find_stencil(uint8_t op, uint32_t a, uint32_t b, uint32_t c, uint32_t variant) {
  const tz_stencil_set *set = &tz_stencil_sets[op];
  if (a >= set->n_a || b >= set->n_b || c >= set->n_c || variant >= set->n_variants) return 0;
  return tz_stencil_index[set->first + ((a * set->n_b + b) * set->n_c + c) * set->n_variants + variant];
}

/* Slot `to` takes the register at location loc, whose own slot is `from`. */
static void emit_store(compiler *c, uint32_t to, uint32_t loc, uint32_t from) {
  static const uint8_t glue[TZ_LOC_COUNT] = {TZ_GLUE_ARG0, TZ_GLUE_ARG1, TZ_GLUE_ARG2, TZ_GLUE_ARG3,
                                             TZ_GLUE_ARG0, TZ_GLUE_ARG5, TZ_GLUE_ARG6, TZ_GLUE_ARG7};
  set_slots(c, to, from, 0);
  bool reads_slot = glue[loc] == TZ_GLUE_ARG0;
  emit_number(c, tz_stencil_glue[glue[loc]], (to | (reads_slot ? from : 0)) < SHORT_REACH / 8);
}

static void emit_load_pin(compiler *c, uint32_t slot) {
  uint32_t loc = c->home[slot];
  set_slots(c, 0, slot, 0);
  emit_number(c, find_stencil(TZ_OP_MOV, loc, loc & TZ_LOC_FLOAT, 0, 0), slot < SHORT_REACH / 8);
}

static void emit_write_back_all(compiler *c) {
  for (int i = 0; i < TZ_PINS; i++)
    if (c->tier->pinned >> i & 1) emit_store(c, c->tier->pins[i], c->home[c->tier->pins[i]], 0);
}

static void emit_load_all(compiler *c, uint32_t except) {
  for (int i = 0; i < TZ_PINS; i++)
    if (c->tier->pinned >> i & 1 && c->tier->pins[i] != except) emit_load_pin(c, c->tier->pins[i]);
}

/* ---- Operands ---- */

static bool is_pin(uint32_t loc) { return (loc & 3) == 1 || (loc & 3) == 2; }

static uint32_t read_location(const compiler *c, uint32_t reg) {
  uint32_t home = c->home[reg];
  if (home == TZ_LOC_SLOT && c->acc == (int32_t)reg) return TZ_LOC_ACC;
  if (home == TZ_LOC_FLOAT && c->float_acc == (int32_t)reg) return TZ_LOC_FLOAT + TZ_LOC_ACC;
  return home;
}

static uint32_t location(const compiler *c, uint32_t role, uint32_t reg) {
  return role == TZ_OPERAND_NONE ? 0 : role == TZ_OPERAND_READ ? read_location(c, reg) : c->home[reg];
}

/* After a register was written at location loc by a stencil. */
static void note_write(compiler *c, uint32_t reg, uint32_t loc) {
  int32_t mirrored = c->home[reg] == loc ? (int32_t)reg : -1;
  if (loc == TZ_LOC_SLOT) c->acc = mirrored, c->acc_at = c->insn;
  else if (loc == TZ_LOC_FLOAT) c->float_acc = mirrored, c->float_at = c->insn;
}

static void set_values(compiler *c, tz_insn in) {
  const tz_function *f = c->f;
  uint32_t b = tz_insn_b(in), cc = tz_insn_c(in);
  set_slots(c, tz_insn_a(in), b, cc);
  c->value[TZ_HOLE_IMM_B] = (int16_t)b;
  c->value[TZ_HOLE_IMM_C] = (int16_t)cc;
  c->value[TZ_HOLE_IMM_D] = tz_insn_d(in);
  c->value[TZ_HOLE_FIELD] = cc * 8;
  c->value[TZ_HOLE_METHOD] = b * 8;
  c->value[TZ_HOLE_SITE] = (int64_t)(uintptr_t)(f->k + cc);
  c->value[TZ_HOLE_K_ADDRESS] = (int64_t)(uintptr_t)(f->k + (uint32_t)tz_insn_d(in));
  c->value[TZ_HOLE_PC] = (int64_t)(uintptr_t)(f->code + c->insn);
}

static bool fits_hole(int64_t v) { return v == (int32_t)v && v >= 0; }

/* Sets what a value in the constant table is, where a stencil names it. */
static uint32_t choose_variant(compiler *c, uint8_t op, tz_insn in) {
  const tz_word *k = c->f->k;
  switch (op) {
  case TZ_OP_NEW: c->value[TZ_HOLE_K_VALUE] = k[(uint32_t)tz_insn_d(in)].i; return 0;
  case TZ_OP_IS:
  case TZ_OP_CAST:
  case TZ_OP_NEW_ARRAY: c->value[TZ_HOLE_KC_VALUE] = k[tz_insn_c(in)].i; return 0;
  case TZ_OP_CONST:
  case TZ_OP_GETG:
  case TZ_OP_PUTG: {
    int64_t v = k[(uint32_t)tz_insn_d(in)].i;
    c->value[TZ_HOLE_K_VALUE] = v;
    bool is_small = op == TZ_OP_CONST ? v == (int32_t)v : fits_hole(v);
    return is_small ? TZ_VARIANT_VALUE : TZ_VARIANT_PLAIN;
  }
  default: {
    const tz_operands *o = &c->jit->operands[op];
    if (o->branch == 0) return 0;
    int32_t offset = o->branch == 'c' ? (int16_t)tz_insn_c(in) : tz_insn_d(in);
    return offset <= 0 ? TZ_VARIANT_BACK : TZ_VARIANT_PLAIN;
  }
  }
}

/* There is no stencil for these locations: pinned operands pass through their slots. */
static void emit_through_slots(compiler *c, uint8_t op, tz_insn in, uint32_t variant) {
  const tz_operands *o = &c->jit->operands[op];
  uint32_t regs[3] = {tz_insn_a(in), tz_insn_b(in), tz_insn_c(in)}, loc[3];
  uint8_t roles[3] = {o->a, o->b, o->c};
  for (int i = 0; i < 3; i++) {
    uint32_t home = roles[i] == TZ_OPERAND_NONE ? 0 : c->home[regs[i]];
    loc[i] = home & TZ_LOC_FLOAT;
    if (is_pin(home))
      emit_store(c, regs[i], home, 0); /* written operands too: the body may leave them alone */
  }
  set_values(c, in);
  uint32_t number = find_stencil(op, loc[0], loc[1], loc[2], variant);
  if (number == 0) { /* a discarded result: the scratch slot takes floats too */
    loc[0] ^= TZ_LOC_FLOAT;
    number = find_stencil(op, loc[0], loc[1], loc[2], variant);
  }
  emit_number(c, number, false);
  for (int i = 0; i < 3; i++) {
    if (roles[i] != TZ_OPERAND_WRITE) continue;
    note_write(c, regs[i], loc[i]);
    if (is_pin(c->home[regs[i]])) emit_load_pin(c, regs[i]);
  }
}

static void emit_plain(compiler *c, uint8_t op, tz_insn in) {
  const tz_operands *o = &c->jit->operands[op];
  uint32_t ra = tz_insn_a(in), rb = tz_insn_b(in), rc = tz_insn_c(in);
  uint32_t a = location(c, o->a, ra), b = location(c, o->b, rb), cc = location(c, o->c, rc);
  set_values(c, in);
  uint32_t variant = choose_variant(c, op, in), number = find_stencil(op, a, b, cc, variant);
  if (TZ_UNLIKELY(number == 0)) {
    emit_through_slots(c, op, in, variant);
    return;
  }
  uint32_t reach = (o->a ? ra : 0) | (o->b ? rb : 0) | (o->c ? rc : 0);
  emit_number(c, number, reach < SHORT_REACH / 8);
  if (o->a == TZ_OPERAND_WRITE) note_write(c, ra, a);
}

/* ---- Calls ---- */

static bool is_tail(uint8_t op) { return op >= TZ_OP_TAIL_CALL && op <= TZ_OP_TAIL_ANY; }

/* What the inline cache has seen decides the form of a call. */
static uint32_t call_variant(compiler *c, uint8_t op, tz_insn in, tz_function **callee) {
  *callee = NULL;
  if (op == TZ_OP_CALL || op == TZ_OP_TAIL_CALL) {
    *callee = c->f->k[(uint32_t)tz_insn_d(in)].p;
    c->value[TZ_HOLE_K_VALUE] = (int64_t)(uintptr_t)*callee;
    return 0;
  }
  const tz_site *site = (const tz_site *)&c->f->k[tz_insn_c(in)];
  const tz_site_way *way = site->way;
  bool is_any = op == TZ_OP_CALL_ANY || op == TZ_OP_TAIL_ANY;
  if (way[0].cls == 0) {
    c->out->n_open_sites++;
    return TZ_VARIANT_PLAIN;
  }
  if (is_tail(op) || (is_any && way[0].cls & TZ_WAY_BITS)) return TZ_VARIANT_PLAIN;
  if (way[1].cls == 0 && site->misses == 0) {
    *callee = way[0].target;
    c->value[TZ_HOLE_CLASS] = way[0].cls;
    return TZ_VARIANT_MONO;
  }
  return op == TZ_OP_CALL_VIRTUAL || op == TZ_OP_CALL_CLOSURE ? TZ_VARIANT_POLY : TZ_VARIANT_PLAIN;
}

static void emit_arguments(compiler *c, const tz_insn *list, uint32_t n, uint32_t frame,
                           bool acc_is_function) {
  for (uint32_t i = 0; i < n; i++) {
    uint32_t reg = tz_insn_arg(list, i), loc = read_location(c, reg);
    if (loc == TZ_LOC_ACC && acc_is_function) loc = TZ_LOC_SLOT;
    emit_store(c, frame + i, loc, reg);
  }
}

static void emit_tail(compiler *c, const tz_insn *list, uint32_t n) {
  static const uint8_t glue[] = {TZ_GLUE_TAIL0, TZ_GLUE_TAIL1, TZ_GLUE_TAIL2, TZ_GLUE_TAIL3};
  set_slots(c, n > 0 ? tz_insn_arg(list, 0) : 0, n > 1 ? tz_insn_arg(list, 1) : 0,
            n > 2 ? tz_insn_arg(list, 2) : 0);
  emit_number(c, tz_stencil_glue[n <= 3 ? glue[n] : TZ_GLUE_TAIL_MANY], false);
}

/* All places of this instruction that want the continuation get it. */
static void resolve_continuation(compiler *c, uint32_t first_fixup) {
  int64_t here = (int64_t)hot_address(c, hot_offset(c));
  for (uint32_t i = first_fixup; i < c->n_fixups; i++)
    if (c->fixups[i].kind == FIX_CONTINUATION) {
      c->fixups[i].kind = FIX_ADDRESS;
      c->fixups[i].value += here;
    }
}

static void emit_continuation(compiler *c, uint32_t result, uint32_t frame) {
  emit_number(c, tz_stencil_glue[TZ_GLUE_CONT], frame * 8 <= SHORT_REACH);
  if (result == c->f->n_registers) { /* discarded */
    emit_load_all(c, TZ_REG_DISCARD);
    c->acc = c->float_acc = -1;
    return;
  }
  emit_load_all(c, result);
  uint32_t home = c->home[result];
  set_slots(c, result, 0, 0);
  emit_number(c, find_stencil(TZ_OP_MOV, home, TZ_LOC_ACC, 0, 0), result < SHORT_REACH / 8);
  c->acc = c->float_acc = -1;
  note_write(c, result, home);
}

static void emit_call(compiler *c, uint8_t op, tz_insn in) {
  const tz_insn *list = &c->f->code[c->insn + 1];
  uint32_t n = tz_insn_x(in), frame = (uint16_t)list[0], first_fixup = c->n_fixups;
  tz_function *callee;
  emit_write_back_all(c);
  set_values(c, in);
  uint32_t variant = call_variant(c, op, in, &callee), arg0 = n > 0 ? tz_insn_arg(list, 0) : 0;
  c->value[TZ_HOLE_ARG0] = arg0 * 8;
  c->value[TZ_HOLE_FRAME] = frame * 8;
  c->value[TZ_HOLE_MINUS_FRAME] = -(int64_t)frame * 8;
  c->value[TZ_HOLE_CONT] = 0;
  if (callee != NULL) {
    c->value[TZ_HOLE_FUNCTION] = (int64_t)(uintptr_t)callee;
    c->value[TZ_HOLE_ROOM] = frame * 8 + callee->frame_bytes;
  }
  emit_number(c, find_stencil(op, 0, 0, 0, variant), (arg0 | frame) < SHORT_REACH / 8);
  if (is_tail(op)) {
    resolve_continuation(c, first_fixup); /* never used */
    emit_tail(c, list, n);
    return;
  }
  emit_arguments(c, list, n, frame, callee == NULL);
  emit_number(c, tz_stencil_glue[callee != NULL ? TZ_GLUE_ENTER_STATIC : TZ_GLUE_ENTER_DYNAMIC],
              frame < SHORT_REACH / 8);
  resolve_continuation(c, first_fixup);
  emit_continuation(c, tz_insn_a(in), frame);
}

/* ---- Functions ---- */

static void emit_entry(compiler *c) {
  uint32_t slot = c->f->n_params, end = slot + c->f->n_ref_locals;
  while (slot < end) {
    bool four = end - slot >= 4;
    set_slots(c, slot, 0, 0);
    /* the vector form reaches two slots further with its displacement */
    emit_number(c, tz_stencil_glue[four ? TZ_GLUE_ZERO4 : TZ_GLUE_ZERO1], !four && slot < SHORT_REACH / 8);
    slot += four ? 4 : 1;
  }
  emit_load_all(c, TZ_REG_DISCARD);
}

static void mark_label(compiler *c, int64_t at) { c->labels[at] = 1; }

static void find_labels(compiler *c) {
  const tz_function *f = c->f;
  for (uint32_t i = 0; i < f->n_words; i += tz_insn_words(c->jit, &f->code[i])) {
    tz_insn in = f->code[i];
    uint8_t op = tz_insn_op(in);
    uint8_t branch = c->jit->operands[op].branch;
    if (branch == 'c') mark_label(c, (int64_t)i + (int16_t)tz_insn_c(in));
    else if (branch == 'd') mark_label(c, (int64_t)i + tz_insn_d(in));
    else if (op == TZ_OP_SWITCH)
      for (int32_t j = 0; j < tz_insn_d(in); j++)
        mark_label(c, (int64_t)i + ((const int32_t *)&f->code[i + 1])[j]);
  }
  for (uint32_t i = 0; i < f->n_handlers; i++) mark_label(c, f->handlers[i].target);
}

static bool is_argument_call(uint8_t op) { return op >= TZ_OP_CALL && op <= TZ_OP_TAIL_ANY; }

/* A result too far back to be named is forgotten. */
static uint32_t place_here(compiler *c) {
  if (c->acc >= 0 && c->insn - c->acc_at > TZ_PLACE_DISTANCE_MAX) c->acc = -1;
  if (c->float_acc >= 0 && c->insn - c->float_at > TZ_PLACE_DISTANCE_MAX) c->float_acc = -1;
  return tz_place(hot_offset(c), c->acc < 0 ? 0 : c->insn - c->acc_at,
                  c->float_acc < 0 ? 0 : c->insn - c->float_at);
}

static bool emit_instructions(compiler *c) {
  tz_function *f = c->f;
  tz_baseline *out = c->out;
  for (uint32_t i = 0; i < f->n_words;) {
    tz_insn in = f->code[i];
    uint8_t op = tz_insn_op(in);
    if (!has_room(c, c->jit->operands[op].has_list ? tz_insn_x(in) : 0)) return false;
    c->insn = i;
    if (c->labels[i]) c->acc = c->float_acc = -1;
    out->places[i] = place_here(c);
    if (is_argument_call(op)) {
      emit_call(c, op, in);
    } else if (c->jit->operands[op].is_exit) { /* it writes pins back itself */
      set_values(c, in);
      emit_number(c, find_stencil(op, 0, 0, 0, 0), false);
      c->acc = c->float_acc = -1;
    } else {
      emit_plain(c, op, in);
    }
    i += tz_insn_words(c->jit, &f->code[i]);
    c->jit->stats.instructions++;
  }
  return true;
}

/* ---- The end: cold code, exit stubs, tables ---- */

static uint32_t emit_stub(compiler *c, uint32_t insn, uint8_t symbol) {
  uint32_t start = hot_offset(c);
  c->value[TZ_HOLE_PC] = (int64_t)(uintptr_t)(c->f->code + insn);
  const tz_stencil *s = &tz_stencils[tz_stencil_glue[TZ_GLUE_EXIT]];
  const tz_hole *h = tz_stencil_holes + s->hole;
  copy_bytes(c->at, tz_stencil_code + s->code, s->hot);
  for (uint32_t i = 0; i < s->n_hot_holes; i++, h++) {
    int64_t value = (h->symbol == TZ_HOLE_TARGET ? c->jit->symbols[symbol] : c->value[h->symbol]) + h->add;
    tz_hole_fill(c->at + h->at, hot_address(c, start + h->at), h->kind, value);
  }
  c->at += s->hot;
  return start;
}

static int64_t emit_table(compiler *c, uint32_t insn) {
  while (hot_offset(c) % 8 != 0) *c->at++ = 0;
  uint32_t start = hot_offset(c);
  const int32_t *entries = (const int32_t *)&c->f->code[insn + 1];
  for (int32_t i = 0; i < tz_insn_d(c->f->code[insn]); i++) {
    uint64_t target = hot_address(c, tz_place_offset(c->out->places[(int64_t)insn + entries[i]]));
    memcpy(c->at, &target, sizeof target);
    c->at += sizeof target;
  }
  return (int64_t)hot_address(c, start);
}

static size_t tail_bytes(const compiler *c) {
  size_t bytes = c->n_cold + 64;
  size_t stub = tz_stencils[tz_stencil_glue[TZ_GLUE_EXIT]].hot;
  for (uint32_t i = 0; i < c->n_fixups; i++) {
    if (c->fixups[i].kind == FIX_EXIT) bytes += stub;
    if (c->fixups[i].kind == FIX_TABLE) bytes += 8 + (size_t)tz_insn_d(c->f->code[c->fixups[i].insn]) * 8;
  }
  return bytes;
}

static int64_t label_address(const compiler *c, uint32_t insn) {
  tz_insn in = c->f->code[insn];
  int32_t offset = c->jit->operands[tz_insn_op(in)].branch == 'c' ? (int16_t)tz_insn_c(in) : tz_insn_d(in);
  return (int64_t)hot_address(c, tz_place_offset(c->out->places[(int64_t)insn + offset]));
}

/* Stubs of one instruction are near each other in the list: its exits of one kind share one. */
static int64_t exit_address(compiler *c, uint32_t i) {
  const fixup *x = &c->fixups[i];
  for (uint32_t j = i; j-- > 0 && c->fixups[j].insn == x->insn;)
    if (c->fixups[j].kind == FIX_EXIT && c->fixups[j].symbol == x->symbol) return c->fixups[j].value;
  return (int64_t)hot_address(c, emit_stub(c, x->insn, x->symbol));
}

static bool finish_code(compiler *c) {
  c->out->hot_size = hot_offset(c);
  if (hot_offset(c) + tail_bytes(c) > c->block.room || hot_offset(c) >= 1u << TZ_PLACE_OFFSET_BITS)
    return false;
  uint32_t cold_base = hot_offset(c);
  memcpy(c->at, c->cold, c->n_cold);
  c->at += c->n_cold;
  for (uint32_t i = 0; i < c->n_fixups; i++) {
    fixup *x = &c->fixups[i];
    uint32_t offset = x->place & COLD_BIT ? cold_base + (x->place & ~COLD_BIT) : x->place;
    int64_t value = x->value, target = 0;
    switch (x->kind) {
    case FIX_LABEL: target = label_address(c, x->insn); break;
    case FIX_COLD: target = (int64_t)hot_address(c, cold_base); break;
    case FIX_EXIT: target = exit_address(c, i); break;
    case FIX_TABLE: target = emit_table(c, x->insn); break;
    default: break;
    }
    if (x->kind == FIX_EXIT) x->value = target;
    tz_hole_fill(c->block.rw + offset, hot_address(c, offset), x->fill, target + value);
  }
  return true;
}

/* ---- From outside ---- */

static bool prepare(compiler *c) {
  const tz_function *f = c->f;
  if (!grow(&c->home, &c->home_room, f->n_registers + 1, 1) ||
      !grow(&c->labels, &c->labels_room, f->n_words + 1, 1))
    return false;
  for (uint32_t r = 0; r < f->n_registers; r++)
    c->home[r] = f->registers[r]->rep == 'F' ? TZ_LOC_FLOAT : TZ_LOC_SLOT;
  static const uint8_t locations[TZ_PINS] = {TZ_LOC_PIN1, TZ_LOC_PIN2, TZ_LOC_FLOAT + 1, TZ_LOC_FLOAT + 2};
  for (int i = 0; i < TZ_PINS; i++)
    if (c->tier->pinned >> i & 1) c->home[c->tier->pins[i]] = locations[i];
  c->home[f->n_registers] = TZ_LOC_SLOT; /* the scratch slot of discarded results */
  memset(c->labels, 0, f->n_words + 1);
  find_labels(c);
  return true;
}

static bool compile_into(compiler *c, size_t room) {
  if (!tz_code_open(&c->jit->memory, room, &c->block)) return false;
  uint64_t instructions = c->jit->stats.instructions;
  c->at = c->block.rw;
  c->n_cold = c->n_fixups = c->insn = 0;
  c->acc = c->float_acc = -1;
  c->out->n_open_sites = 0;
  bool ok = has_room(c, c->f->n_ref_locals);
  if (ok) emit_entry(c);
  ok = ok && emit_instructions(c) && finish_code(c);
  if (!ok) c->jit->stats.instructions = instructions;
  c->out->code = c->block.rx;
  c->out->size = ok ? hot_offset(c) : 0;
  tz_code_close(&c->jit->memory, &c->block, c->out->size);
  return ok;
}

static tz_baseline *baseline_new(tz_function *f) {
  size_t words = f->n_words + 1;
  tz_baseline *b = calloc(1, sizeof *b + words * sizeof *b->places);
  if (b == NULL) return NULL;
  b->function = f;
  b->places = (uint32_t *)(b + 1);
  memset(b->places, 0xff, words * sizeof *b->places);
  return b;
}

/* All metadata that code names must lie where 32 bits reach. */
static bool is_reachable(const tz_function *f) {
  return fits_hole((int64_t)(uintptr_t)(f->code + f->n_words)) && fits_hole((int64_t)(uintptr_t)f->k) &&
         fits_hole((int64_t)(uintptr_t)f);
}

static size_t table_bytes(const tz_function *f) {
  return sizeof(tz_baseline) + (f->n_words + 1) * sizeof(uint32_t);
}

tz_baseline *tz_baseline_compile(struct tz_jit *jit, tz_function *f, const tz_tier *tier) {
  if (f->code == NULL || f->n_words > MAX_WORDS || !is_reachable(f)) return NULL;
  uint64_t start = tz_jit_clock();
  if (jit->compiler == NULL) jit->compiler = calloc(1, sizeof *jit->compiler);
  compiler *c = jit->compiler;
  tz_baseline *out = c != NULL ? baseline_new(f) : NULL;
  if (out == NULL) return NULL;
  c->jit = jit;
  c->f = f;
  c->tier = tier;
  c->out = out;
  memcpy(c->value, jit->symbols, sizeof c->value);
  bool ok = false;
  if (prepare(c))
    for (size_t room = f->n_words * 64 + 3 * MARGIN, tries = 0; !ok && tries < 4; room *= 2, tries++)
      ok = compile_into(c, room);
  if (!ok) {
    free(out);
    return NULL;
  }
  uint64_t end = tz_jit_clock();
  tz_jit_note(jit, &(tz_compilation){"baseline", f, start, end, out->size});
  jit->stats.functions++;
  jit->stats.nanoseconds += end - start;
  jit->stats.code_bytes += out->size;
  jit->stats.table_bytes += table_bytes(f);
  return out;
}

void tz_baseline_free(struct tz_jit *jit, tz_baseline *b) {
  jit->stats.code_bytes -= b->size;
  jit->stats.table_bytes -= table_bytes(b->function);
  tz_code_release(&jit->memory, b->code, b->size);
  free(b);
}
