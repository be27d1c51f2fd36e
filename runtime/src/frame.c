/* frame.c: walking the frames of a process. frame.h states the invariant. */
#include "process.h"
#include "terza/opcode.h"

/* The operands end with *. */
#define HAS_LIST(operands) ((operands)[sizeof(operands) > 1 ? sizeof(operands) - 2 : 0] == '*')
static const bool has_list[256] = {
#define TZ_OP(NAME, text, operands, RULE, FLAGS, meaning) [TZ_OP_##NAME] = HAS_LIST(operands),
#include "terza/spec/opcodes.def"
#undef TZ_OP
};

const tz_insn *tz_insn_list_of(const tz_insn *pc) { return has_list[tz_insn_op(*pc)] ? pc + 1 : NULL; }

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
