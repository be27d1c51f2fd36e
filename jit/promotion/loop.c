/* loop.c: see loop.h. The conditions are those of ops.h, for the few opcodes that end loops. */
#include "loop.h"
#include "terza/opcode.h"

static int32_t branch_offset(tz_insn in) {
  switch (tz_insn_op(in)) {
  case TZ_OP_JMP:
  case TZ_OP_JT:
  case TZ_OP_JF:
  case TZ_OP_JNULL:
  case TZ_OP_JNONNULL: return tz_insn_d(in);
  default: return tz_insn_op(in) >= TZ_OP_JEQ_I && tz_insn_op(in) <= TZ_OP_FOR_I ? (int16_t)tz_insn_c(in) : 1;
  }
}

static bool is_taken(const tz_word *fp, tz_insn in) {
  const tz_word *a = &fp[tz_insn_a(in)], *b = &fp[tz_insn_b(in)];
  int64_t imm = (int16_t)tz_insn_b(in);
  switch (tz_insn_op(in)) {
  case TZ_OP_JMP: return true;
  case TZ_OP_JT: return a->i != 0;
  case TZ_OP_JF: return a->i == 0;
  case TZ_OP_JEQ_I:
  case TZ_OP_JEQ_R: return a->u == b->u;
  case TZ_OP_JNE_I:
  case TZ_OP_JNE_R: return a->u != b->u;
  case TZ_OP_JLT_I: return a->i < b->i;
  case TZ_OP_JLE_I: return a->i <= b->i;
  case TZ_OP_JLT_U: return a->u < b->u;
  case TZ_OP_JEQ_II: return a->i == imm;
  case TZ_OP_JNE_II: return a->i != imm;
  case TZ_OP_JLT_II: return a->i < imm;
  case TZ_OP_JLE_II: return a->i <= imm;
  case TZ_OP_JGT_II: return a->i > imm;
  case TZ_OP_JGE_II: return a->i >= imm;
  case TZ_OP_JEQ_F: return a->f == b->f;
  case TZ_OP_JNE_F: return a->f != b->f;
  case TZ_OP_JLT_F: return a->f < b->f;
  case TZ_OP_JLE_F: return a->f <= b->f;
  case TZ_OP_JNLT_F: return !(a->f < b->f);
  case TZ_OP_JNLE_F: return !(a->f <= b->f);
  case TZ_OP_JNULL: return a->u == 0;
  case TZ_OP_JNONNULL: return a->u != 0;
  case TZ_OP_FOR_I: return a->i + 1 < b->i;
  default: return false;
  }
}

uint32_t tz_loop_head_of(const tz_function *f, const tz_insn *pc) {
  int32_t offset = branch_offset(*pc);
  return offset <= 0 ? (uint32_t)(pc + offset - f->code) : TZ_NO_LOOP;
}

uint32_t tz_loop_take_back_edge(tz_thread *th, const tz_function *f, const tz_insn *pc) {
  uint32_t head = tz_loop_head_of(f, pc);
  if (head == TZ_NO_LOOP || !is_taken(th->fp, *pc)) return TZ_NO_LOOP;
  if (tz_insn_op(*pc) == TZ_OP_FOR_I) th->fp[tz_insn_a(*pc)].i++;
  return head;
}
