/* exits.c: the way out of compiled code and back in.
 *
 * These functions have the registers of compiled code as parameters (stencil.h). An exit writes the pinned
 * registers to the frame and calls the slow path that the interpreter would call; then the instruction it
 * returned is entered: as compiled code if its function has some, otherwise in the interpreter. */
#include "baseline.h"
#include "slow.h"

#pragma clang diagnostic ignored "-Wunused-parameter"

#define PARAMETERS                                                                                           \
  tz_thread *th, int64_t v1, tz_word *fp, int64_t v2, int64_t budget, int64_t acc, double x1, double x2,     \
      double xacc
#define ARGUMENTS th, v1, fp, v2, budget, acc, x1, x2, xacc
typedef TZ_PRESERVE_NONE void stencil_fn(PARAMETERS);
#define EXIT TZ_PRESERVE_NONE static void

static uint32_t next_random(struct tz_jit *jit) { /* xorshift */
  uint64_t x = jit->random;
  x ^= x << 13;
  x ^= x >> 7;
  x ^= x << 17;
  jit->random = x;
  return (uint32_t)(x >> 32);
}

/* The compiled form in which the instruction at pc of th's frame is to go on; NULL: the interpreter. */
static const tz_baseline *form_for(const tz_thread *th, const tz_function *f, const tz_insn *pc) {
  const tz_tier *tier = f->tier;
  if (tier == NULL || tier->baseline == NULL || (size_t)(pc - f->code) >= f->n_words) return NULL;
  if (TZ_UNLIKELY(th->profiling)) return NULL;
  if (TZ_UNLIKELY(th->vm->options.stress_tier) && (next_random(th->vm->jit) & 1)) return NULL;
  return tier->baseline;
}

/* The slot written by the instruction that many words before. */
static inline tz_word mirrored(const tz_word *fp, const tz_insn *pc, uint32_t distance) {
  return fp[distance > 0 ? tz_insn_a(pc[-(int32_t)distance]) : 0];
}

/* v1: the pc to go on at, in th->fp's function. */
EXIT resume(PARAMETERS) {
  const tz_insn *pc = (const tz_insn *)(uintptr_t)v1;
  fp = th->fp;
  budget = th->budget;
  const tz_function *f = TZ_FRAME_FUNCTION(fp);
  const tz_baseline *b = form_for(th, f, pc);
  if (b == NULL) {
    acc = (int64_t)*pc;
    v2 = (int64_t)(uintptr_t)f->k;
    TZ_MUSTTAIL return ((stencil_fn *)th->dispatch[(uint8_t)*pc])(ARGUMENTS);
  }
  const tz_tier *tier = f->tier;
  uint32_t place = b->places[pc - f->code];
  acc = mirrored(fp, pc, tz_place_distance(place)).i;
  xacc = mirrored(fp, pc, tz_place_float_distance(place)).f;
  v1 = fp[tier->pins[0]].i;
  v2 = fp[tier->pins[1]].i;
  x1 = fp[tier->pins[2]].f;
  x2 = fp[tier->pins[3]].f;
  TZ_MUSTTAIL return ((stencil_fn *)(b->code + tz_place_offset(place)))(ARGUMENTS);
}

void *tz_baseline_resume_address(void) { return (void *)resume; }

#define RESUME_AT(pc)                                                                                        \
  do {                                                                                                       \
    v1 = (int64_t)(uintptr_t)(pc);                                                                           \
    TZ_MUSTTAIL return resume(ARGUMENTS);                                                                    \
  } while (0)

static inline void write_back(tz_word *fp, int64_t v1, int64_t v2, double x1, double x2) {
  const tz_tier *tier = TZ_FRAME_FUNCTION(fp)->tier;
  if (tier->pinned & 1) fp[tier->pins[0]].i = v1;
  if (tier->pinned & 2) fp[tier->pins[1]].i = v2;
  if (tier->pinned & 4) fp[tier->pins[2]].f = x1;
  if (tier->pinned & 8) fp[tier->pins[3]].f = x2;
}

/* The exit's stub has set th->pc. */
#define LEAVE (write_back(fp, v1, v2, x1, x2), th->fp = fp, th->budget = budget)

#define X(name)                                                                                              \
  EXIT exit_##name(PARAMETERS) {                                                                             \
    LEAVE;                                                                                                   \
    RESUME_AT(tz_slow_##name(th, th->pc));                                                                   \
  }
TZ_EXITS(X)
#undef X

/* The accumulator: the function whose frame does not fit. */
EXIT exit_stack(PARAMETERS) {
  LEAVE;
  RESUME_AT(tz_slow_stack(th, th->pc, (tz_function *)(uintptr_t)acc));
}

/* ---- Calls that compiled code does not complete ---- */

/* Notes a class not seen at this site before. Known ones are counted by the interpreter alone. */
static void note(tz_site *site, const tz_class *cls, tz_function *target) {
  for (int i = 0; i < TZ_SITE_WAYS; i++) {
    tz_site_way *way = &site->way[i];
    if (way->cls == (uint32_t)(uintptr_t)cls) return;
    if (way->cls == 0) {
      *way = (tz_site_way){.cls = (uint32_t)(uintptr_t)cls, .count = 1, .target = target};
      return;
    }
  }
  site->misses += site->misses != UINT32_MAX;
}

static tz_function *interface_target(tz_site *site, const tz_class *cls, uint32_t method) {
  for (int i = 0; i < TZ_SITE_WAYS; i++)
    if (site->way[i].cls == (uint32_t)(uintptr_t)cls) return site->way[i].target;
  tz_function *f = tz_interface_method_nogc(cls, ((tz_word *)site)[-1].p, method);
  note(site, cls, f);
  return f;
}

static tz_function *missed_target(const tz_word *fp, const tz_insn *pc) {
  tz_insn in = *pc;
  const tz_class *cls = tz_object_class(fp[tz_insn_arg(pc + 1, 0)].p);
  tz_site *site = (tz_site *)&TZ_FRAME_FUNCTION(fp)->k[tz_insn_c(in)];
  uint8_t op = tz_insn_op(in);
  if (op == TZ_OP_CALL_INTERFACE || op == TZ_OP_TAIL_INTERFACE)
    return interface_target(site, cls, tz_insn_b(in));
  tz_function *f = cls->vtable[op == TZ_OP_CALL_VIRTUAL ? tz_insn_b(in) : 0];
  note(site, cls, f);
  return f;
}

static void copy_arguments(tz_word *to, const tz_word *fp, const tz_insn *pc) {
  uint32_t n = tz_insn_x(*pc);
  for (uint32_t i = 0; i < n; i++) to[i] = fp[tz_insn_arg(pc + 1, i)];
}

/* Arguments of a tail call move within one frame. */
static void replace_arguments(tz_word *fp, const tz_insn *pc, tz_function *f) {
  tz_word arguments[UINT8_MAX];
  copy_arguments(arguments, fp, pc);
  memcpy(fp, arguments, tz_insn_x(*pc) * sizeof *arguments);
  TZ_FRAME_FUNCTION(fp) = f;
}

/* v1: the pc; v2: the continuation. Pinned registers are in the frame. */
EXIT miss_call(PARAMETERS) {
  tz_insn *pc = (tz_insn *)(uintptr_t)v1;
  tz_function *f = missed_target(fp, pc);
  bool is_tail = tz_interp_is_tail_call(*pc);
  tz_word *frame = is_tail ? fp : fp + (uint16_t)pc[1];
  bool fits = (char *)frame + f->frame_bytes <= (char *)th->stack_limit;
  if (TZ_UNLIKELY(!fits || --budget < 0)) {
    th->pc = pc;
    th->fp = fp;
    th->budget = budget;
    RESUME_AT(fits ? tz_slow_budget(th, pc) : tz_slow_stack(th, pc, f));
  }
  if (is_tail) {
    replace_arguments(fp, pc, f);
  } else {
    copy_arguments(frame, fp, pc);
    TZ_FRAME_CONTINUATION(frame) = (void *)(uintptr_t)v2;
    TZ_FRAME_RETURN_PC(frame) = pc;
    TZ_FRAME_FUNCTION(frame) = f;
    fp = frame;
  }
  v1 = (int64_t)(uintptr_t)f;
  TZ_MUSTTAIL return ((stencil_fn *)f->entry)(ARGUMENTS);
}

/* v1: the pc; the accumulator: the function, which has passed the checks. */
EXIT miss_tail(PARAMETERS) {
  tz_function *f = (tz_function *)(uintptr_t)acc;
  replace_arguments(fp, (const tz_insn *)(uintptr_t)v1, f);
  v1 = acc;
  TZ_MUSTTAIL return ((stencil_fn *)f->entry)(ARGUMENTS);
}

/* v1: the function. Its frame is complete but for reference locals, which its entry sets. */
EXIT first_entry(PARAMETERS) {
  tz_function *f = (tz_function *)(uintptr_t)v1;
  if (f->entry == (void *)first_entry) {
    f->entry = (void *)tz_interp_entry;
    tz_jit_compile(th->vm, f);
  }
  TZ_MUSTTAIL return ((stencil_fn *)f->entry)(ARGUMENTS);
}

void *tz_baseline_first_entry_address(void) { return (void *)first_entry; }

void *const tz_baseline_exits[TZ_SYMBOL_COUNT] = {
#define X(name) [TZ_EXIT_##name] = (void *)exit_##name,
    TZ_EXITS(X)
#undef X
        [TZ_EXIT_stack] = (void *)exit_stack,
    [TZ_MISS_call] = (void *)miss_call,
    [TZ_MISS_tail] = (void *)miss_tail,
};
