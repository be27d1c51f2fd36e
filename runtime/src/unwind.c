/* unwind.c: raising exceptions and finding their handlers.
 *
 * Invariant: a frame that is left takes nothing with it but itself; frames hold no native resources. */
#include "error.h"
#include "slow.h"
#include <stdarg.h>
#include <stdio.h>

/* First match wins. */
static const struct tz_linked_handler *find_handler(const tz_function *f, const tz_insn *pc,
                                                    const tz_class *error) {
  uint32_t at = (uint32_t)(pc - f->code);
  for (uint32_t i = 0; i < f->n_handlers; i++) {
    const struct tz_linked_handler *h = &f->handlers[i];
    if (h->start <= at && at < h->end && tz_class_is_subclass(error, h->type)) return h;
  }
  return NULL;
}

/* A handler may stand before what it guards, so that throwing makes a loop: it draws on the budget as a
 * branch does. */
static tz_insn *enter_handler(tz_thread *th, tz_word *fp, const struct tz_linked_handler *h) {
  fp[h->reg].u = th->exception;
  th->exception = 0;
  th->fp = fp;
  tz_insn *target = TZ_FRAME_FUNCTION(fp)->code + h->target;
  return --th->budget < 0 ? tz_slow_budget(th, target) : target;
}

tz_insn *tz_unwind(tz_thread *th, tz_insn *pc) {
  th->pc = pc;
  void *error = tz_error_capture_trace(th, (void *)(uintptr_t)th->exception);
  th->exception = (uint64_t)(uintptr_t)error;
  const tz_class *cls = tz_object_class(error);
  /* The step limit binds the guest: it must not go on by catching it. */
  bool is_catchable = cls != th->vm->error_classes[TZ_ERROR_STEP_LIMIT];
  for (tz_word *fp = th->fp;; fp = tz_frame_caller(fp)) {
    const tz_function *f = TZ_FRAME_FUNCTION(fp);
    if (f->code != NULL && is_catchable) {
      const struct tz_linked_handler *h = find_handler(f, pc, cls);
      if (h != NULL) return enter_handler(th, fp, h);
    }
    if (tz_frame_is_bottom(fp)) {
      th->fp = fp;
      return (tz_insn *)tz_code_exit;
    }
    pc = tz_frame_call_pc(fp);
  }
}

tz_insn *tz_throw(tz_thread *th, tz_insn *pc, tz_error_kind kind, const char *format, ...) {
  th->pc = pc;
  if (format == NULL) {
    tz_raise_plain(th, kind);
    return tz_unwind(th, pc);
  }
  char message[512];
  va_list args;
  va_start(args, format);
  vsnprintf(message, sizeof message, format, args);
  va_end(args);
  tz_raise(th, kind, "%s", message);
  return tz_unwind(th, pc);
}
