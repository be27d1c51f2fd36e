/* fuse.c: replaces the opcodes of first instructions of common sequences by those of fused handlers.
 *
 * Invariant: only the opcode byte of a sequence's first word changes; the other words stay what they are. So
 * every pc keeps its meaning: a jump into a sequence runs its rest plainly, an exception has the pc of its
 * own instruction, and tz_insn_op gives the opcode as it was. */
#include "fuse.h"
#include "interp.h"
#include "terza/linking.h"
#include <stdlib.h>

typedef struct sequence {
  uint8_t ops[3];
  uint8_t n;
} sequence;

static const sequence sequences[] = {
#define TZ_FUSE_GROUP(FIRST)
#define TZ_FUSE2(A, B) {{TZ_OP_##A, TZ_OP_##B}, 2},
#define TZ_FUSE3(A, B, C) {{TZ_OP_##A, TZ_OP_##B, TZ_OP_##C}, 3},
#include "fused.def"
#undef TZ_FUSE_GROUP
#undef TZ_FUSE2
#undef TZ_FUSE3
};
static const uint8_t groups[256] = {
/* opcode of the first sequence that begins so; 0: none */
#define TZ_FUSE_GROUP(FIRST) [TZ_OP_##FIRST] = TZ_FUSED_##FIRST,
#define TZ_FUSE2(A, B)
#define TZ_FUSE3(A, B, C)
#include "fused.def"
#undef TZ_FUSE_GROUP
#undef TZ_FUSE2
#undef TZ_FUSE3
};

_Static_assert((int)TZ_OP_FUSED_END <= (int)TZ_OP_NATIVE_RETURN,
               "sequences and opcodes beyond the table fit in a byte");

const uint8_t tz_insn_plain_op[256] = {
#define TZ_OP(NAME, text, operands, RULE, FLAGS, meaning) [TZ_OP_##NAME] = TZ_OP_##NAME,
#include "terza/spec/opcodes.def"
#undef TZ_OP
#define TZ_FUSE_GROUP(FIRST)
#define TZ_FUSE2(A, B) [TZ_OP_##A##_##B] = TZ_OP_##A,
#define TZ_FUSE3(A, B, C) [TZ_OP_##A##_##B##_##C] = TZ_OP_##A,
#include "fused.def"
#undef TZ_FUSE_GROUP
#undef TZ_FUSE2
#undef TZ_FUSE3
    [TZ_OP_NATIVE_RETURN] = TZ_OP_NATIVE_RETURN,
    [TZ_OP_ENTER] = TZ_OP_ENTER,
    [TZ_OP_RESUME] = TZ_OP_RESUME,
    [TZ_OP_EXIT] = TZ_OP_EXIT,
};

static const char *const operands[TZ_OP_COUNT] = {
#define TZ_OP(NAME, text, ops, RULE, FLAGS, meaning) ops,
#include "terza/spec/opcodes.def"
#undef TZ_OP
};

/* Words of the instruction with what belongs to it. */
static uint32_t instruction_words(const tz_insn *pc) {
  uint8_t op = tz_insn_op(*pc);
  if (op == TZ_OP_SWITCH) return 1 + ((uint32_t)tz_insn_d(*pc) + 1) / 2;
  return tz_insn_list_of(pc) != NULL ? 1 + tz_insn_list_words(tz_insn_x(*pc)) : 1;
}

/* A branch back makes a loop. */
static void mark_loop(uint8_t *loops, uint32_t at, int32_t offset) {
  if (offset <= 0) loops[(int64_t)at + offset] = true;
}

/* Sequences do not run across the head of a loop, whose rounds would begin unfused. */
static void mark_loops(const tz_function *f, uint8_t *loops) {
  for (uint32_t at = 0; at < f->n_words; at += instruction_words(&f->code[at])) {
    tz_insn in = f->code[at];
    uint8_t op = tz_insn_op(in);
    const char *branch = strchr(operands[op], '@');
    if (branch != NULL) mark_loop(loops, at, branch[-1] == 'c' ? (int16_t)tz_insn_c(in) : tz_insn_d(in));
  }
}

static bool matches(const tz_function *f, const uint8_t *loops, uint32_t at, const sequence *s) {
  if (at + s->n > f->n_words) return false;
  for (uint32_t i = 1; i < s->n; i++)
    if (loops[at + i] || tz_insn_op(f->code[at + i]) != s->ops[i]) return false;
  return true;
}

/* The number of instructions fused at a place, 1 if none. */
static uint32_t fuse_at(tz_function *f, const uint8_t *loops, uint32_t at) {
  uint8_t op = (uint8_t)f->code[at];
  if (groups[op] == 0) return 1;
  for (uint32_t fused = groups[op]; fused < TZ_OP_FUSED_END; fused++) {
    const sequence *s = &sequences[fused - TZ_OP_FUSED];
    if (s->ops[0] != op) break;
    if (matches(f, loops, at, s)) {
      f->code[at] = (f->code[at] & ~(tz_insn)UINT8_MAX) | fused;
      return s->n;
    }
  }
  return 1;
}

void tz_function_fuse(tz_function *f) {
  uint8_t *loops = calloc(f->n_words, 1);
  if (loops == NULL) return; /* it runs as it is */
  mark_loops(f, loops);
  for (uint32_t at = 0; at < f->n_words;) {
    uint32_t fused = fuse_at(f, loops, at);
    at += fused > 1 ? fused - 1 : 0;
    at += instruction_words(&f->code[at]);
  }
  free(loops);
}
