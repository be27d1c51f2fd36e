/* frame.c: walking the frames of a process. frame.h states the invariant. */
#include "native_stack.h"
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
  *w = (tz_frame_walk){
      .fp = running ? th->fp : p->fp, .pc = running ? th->pc : p->pc, .segment = p->stack, .vm = th->vm};
  if (running) w->native = th->native_top;
  else if (p->native != NULL) w->native = p->native->top;
}

void tz_frame_walk_next(tz_frame_walk *w) {
  tz_word *fp = w->fp;
  w->native = NULL;
  if (!tz_frame_is_bottom(fp)) {
    w->fp = tz_frame_caller(fp);
    w->pc = tz_frame_call_pc(fp);
    return;
  }
  if (tz_frame_is_native(fp)) {
    w->native = fp[-5].p;
    w->fp = fp - fp[-4].u;
    w->pc = (tz_insn *)tz_code_native_return;
    return;
  }
  w->fp = w->segment->below_fp;
  w->pc = w->segment->below_pc;
  w->native = w->segment->below_native;
  w->segment = w->segment->below;
}

/* ---- as the guest sees them ---- */

/* An internal instruction counts as the function's first. */
static int64_t pc_index(const tz_function *f, const tz_insn *pc) {
  if (f->code == NULL) return -1;
  return pc >= f->code && pc < f->code + f->n_words ? pc - f->code : 0;
}

static bool trace_native(tz_trace_walk *w) {
  uint32_t pc;
  if (w->native.record == NULL) return false;
  w->function = w->frames.vm->hooks.native_next(w->frames.vm, &w->native, &pc);
  w->pc = pc;
  return w->function != NULL;
}

/* The first frame that is to be seen, from the one at hand on. */
static void trace_find(tz_trace_walk *w) {
  for (;;) {
    while (trace_native(w))
      if (!(w->function->flags & TZ_FUNCTION_HIDDEN)) return;
    w->native.record = NULL;
    if (w->frames.fp == NULL) {
      w->function = NULL;
      return;
    }
    w->function = TZ_FRAME_FUNCTION(w->frames.fp);
    w->pc = pc_index(w->function, w->frames.pc);
    tz_frame_walk_next(&w->frames);
    w->native = (tz_native_cursor){.record = w->frames.native};
    if (!(w->function->flags & TZ_FUNCTION_HIDDEN)) return;
  }
}

void tz_trace_walk_start(tz_trace_walk *w, tz_thread *th, tz_process *p) {
  tz_frame_walk_start(&w->frames, th, p);
  w->native = (tz_native_cursor){.record = w->frames.native};
  bool is_in_leaf = p == th->process && th->leaf != NULL && !(th->leaf->flags & TZ_FUNCTION_HIDDEN);
  if (is_in_leaf) w->function = th->leaf, w->pc = -1;
  else trace_find(w);
}

void tz_trace_walk_next(tz_trace_walk *w) { trace_find(w); }
