/* frame.c: walking the frames of a process. frame.h states the invariant. */
#include "process.h"
#include "terza/opcode.h"

static const char *const operands[TZ_OP_COUNT] = {
#define TZ_OP(NAME, text, ops, RULE, FLAGS, meaning) ops,
#include "terza/spec/opcodes.def"
#undef TZ_OP
};

const tz_insn *tz_insn_list_of(const tz_insn *pc) {
  uint8_t op = tz_insn_op(*pc);
  if (op >= TZ_OP_COUNT) return NULL;
  size_t n = strlen(operands[op]);
  return n > 0 && operands[op][n - 1] == '*' ? pc + 1 : NULL;
}

tz_word *tz_frame_caller(tz_word *fp) {
  const tz_insn *pc = tz_frame_call_pc(fp);
  if (pc == NULL) return NULL;
  const tz_insn *list = tz_insn_list_of(pc);
  return fp - (list != NULL ? (uint16_t)list[0] : fp[-4].u);
}

void tz_frame_walk_start(tz_frame_walk *w, tz_thread *th, tz_process *p) {
  bool running = p == th->process;
  *w = (tz_frame_walk){running ? th->fp : p->fp, running ? th->pc : p->pc, p->stack};
}

void tz_frame_walk_next(tz_frame_walk *w) {
  if (!tz_frame_is_bottom(w->fp)) {
    tz_word *fp = w->fp;
    w->fp = tz_frame_caller(fp);
    w->pc = tz_frame_call_pc(fp);
    return;
  }
  w->fp = w->segment->below_fp;
  w->pc = w->segment->below_pc;
  w->segment = w->segment->below;
}
