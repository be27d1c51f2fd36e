/* pins.c: which of a function's registers live in machine registers: two ints or references, two floats.
 *
 * Chosen by use, each loop weighing eightfold. A call writes all pins to the frame and reads them back, so a
 * register is pinned only if it is used clearly more often than calls are made. */
#include "baseline.h"
#include <stdlib.h>

enum { MAX_DEPTH = 6, DEPTH_SHIFT = 3, MAX_REGISTERS = 8192 };

typedef struct weights {
  const struct tz_jit *jit;
  const tz_function *f;
  int32_t *depth; /* by word: change of loop depth */
  uint32_t *uses; /* by register */
  uint32_t calls;
} weights;

static int32_t branch_offset(const tz_operands *o, tz_insn in) {
  return o->branch == 'c' ? (int16_t)tz_insn_c(in) : tz_insn_d(in);
}

static void find_loops(weights *w) {
  for (uint32_t i = 0; i < w->f->n_words; i += tz_insn_words(w->jit, &w->f->code[i])) {
    tz_insn in = w->f->code[i];
    const tz_operands *o = &w->jit->operands[tz_insn_op(in)];
    if (o->branch == 0 || branch_offset(o, in) > 0) continue;
    w->depth[(int32_t)i + branch_offset(o, in)]++;
    w->depth[i + 1]--;
  }
}

static bool is_call(const tz_operands *o, uint8_t op) {
  return o->has_list && op != TZ_OP_CONCAT && op != TZ_OP_SELECT;
}

static void count_uses(weights *w) {
  int32_t depth = 0;
  for (uint32_t i = 0; i < w->f->n_words;) {
    tz_insn in = w->f->code[i];
    uint8_t op = tz_insn_op(in);
    const tz_operands *o = &w->jit->operands[op];
    uint32_t words = tz_insn_words(w->jit, &w->f->code[i]), weight;
    depth += w->depth[i];
    weight = 1u << DEPTH_SHIFT * (depth < MAX_DEPTH ? depth : MAX_DEPTH);
    for (uint32_t j = 1; j < words; j++) depth += w->depth[i + j];
    i += words;
    if (is_call(o, op)) w->calls += weight;
    if (o->has_list) continue;
    if (o->a != TZ_OPERAND_NONE) w->uses[tz_insn_a(in)] += weight;
    if (o->b != TZ_OPERAND_NONE) w->uses[tz_insn_b(in)] += weight;
    if (o->c != TZ_OPERAND_NONE) w->uses[tz_insn_c(in)] += weight;
  }
}

static void take_best(const weights *w, tz_tier *tier, int pin, bool want_float) {
  uint32_t best = 0, most = 2 * w->calls + 2;
  bool found = false;
  for (uint32_t r = 0; r < w->f->n_registers; r++)
    if (w->uses[r] > most && (w->f->registers[r]->rep == 'F') == want_float) {
      most = w->uses[r];
      best = r;
      found = true;
    }
  if (!found) return;
  tier->pins[pin] = (uint16_t)best;
  tier->pinned |= (uint8_t)(1u << pin);
  w->uses[best] = 0;
}

void tz_pins_choose(const struct tz_jit *jit, const tz_function *f, tz_tier *tier) {
  if (f->n_registers > MAX_REGISTERS || f->n_registers == 0) return;
  weights w = {jit, f, calloc(f->n_words + 1, sizeof(int32_t)),
               calloc((size_t)f->n_registers + 1, sizeof(uint32_t)), 0};
  if (w.depth != NULL && w.uses != NULL) {
    find_loops(&w);
    count_uses(&w);
    for (int pin = 0; pin < TZ_PINS; pin++) take_best(&w, tier, pin, pin >= 2);
  }
  free(w.depth);
  free(w.uses);
}
