/* stencil.h: what the macros of ops.h mean in a stencil.
 *
 * Registers of compiled code, in preserve_none's order; those of the interpreter (interp.h) where both have
 * them:
 *
 *   th r12, pin 1 r13, fp r14, pin 2 r15, budget rdi, int accumulator rsi,
 *   float pins xmm0 xmm1, float accumulator xmm2
 *
 * Pinned registers of the function live there alone; the frame's slot is written at exits and calls. A hole
 * is the address of an extern symbol: to the compiler it is an unknown address (never null, never equal to
 * another). */
#pragma once
#include "interp.h"
#include "number.h"
#include "slow.h"
#include "format.h"

#pragma clang diagnostic ignored "-Wunused-parameter"
#pragma clang diagnostic ignored "-Wunused-variable"
#pragma clang diagnostic ignored "-Wmissing-prototypes"
#pragma clang diagnostic ignored "-Wtautological-compare"

#define PARAMETERS                                                                                           \
  tz_thread *th, int64_t v1, tz_word *fp, int64_t v2, int64_t budget, int64_t acc, double x1, double x2,     \
      double xacc
#define ARGUMENTS th, v1, fp, v2, budget, acc, x1, x2, xacc
typedef TZ_PRESERVE_NONE void stencil_fn(PARAMETERS);

/* Plain holes, and those that the compiler may take for multiples of eight, so that scaled indexes fold into
 * one hole. */
extern char HOLE_A[], HOLE_B[], HOLE_C[], HOLE_IMM_B[], HOLE_IMM_C[], HOLE_IMM_D[], HOLE_CLASS[],
    HOLE_FUNCTION[], HOLE_K_VALUE[], HOLE_KC_VALUE[], HOLE_ARG0[], HOLE_FRAME[], HOLE_MINUS_FRAME[],
    HOLE_ROOM[], HOLE_CONT[];
extern tz_word HOLE_FIELD[], HOLE_METHOD[], HOLE_SITE[], HOLE_K_ADDRESS[], HOLE_PC[], HOLE_TABLE[];
#define X(name) stencil_fn SLOW_##name;
TZ_EXITS(X)
#undef X
stencil_fn SLOW_stack, MISS_call, MISS_tail, GO_NEXT, GO_TARGET;

#define VALUE(hole) ((int64_t)(intptr_t)HOLE_##hole)
#define AT(hole) (*(tz_word *)((char *)fp + VALUE(hole)))

/* ---- Operands ---- */

static inline uint64_t bits_of(double f) { return ((tz_word){.f = f}).u; }
static inline double float_of(uint64_t u) { return ((tz_word){.u = u}).f; }

#define SLOT_a AT(A)
#define SLOT_b AT(B)
#define SLOT_c AT(C)
#define RU(x)                                                                                                \
  (LOC_##x == 1   ? (uint64_t)v1                                                                             \
   : LOC_##x == 2 ? (uint64_t)v2                                                                             \
   : LOC_##x == 3 ? (uint64_t)acc                                                                            \
   : LOC_##x == 5 ? bits_of(x1)                                                                              \
   : LOC_##x == 6 ? bits_of(x2)                                                                              \
   : LOC_##x == 7 ? bits_of(xacc)                                                                            \
                  : SLOT_##x.u)
#define RI(x) ((int64_t)RU(x))
#define RP(x) ((void *)RU(x))
#define RF(x) (LOC_##x == 5 ? x1 : LOC_##x == 6 ? x2 : LOC_##x == 7 ? xacc : SLOT_##x.f)
#define WU(x, v)                                                                                             \
  do {                                                                                                       \
    uint64_t value_ = (v);                                                                                   \
    switch (LOC_##x) {                                                                                       \
    case 1: v1 = (int64_t)value_; break;                                                                     \
    case 2: v2 = (int64_t)value_; break;                                                                     \
    case 4:                                                                                                  \
      SLOT_##x.u = value_;                                                                                   \
      xacc = float_of(value_);                                                                               \
      break;                                                                                                 \
    case 5: x1 = float_of(value_); break;                                                                    \
    case 6: x2 = float_of(value_); break;                                                                    \
    default: SLOT_##x.u = value_; acc = (int64_t)value_;                                                     \
    }                                                                                                        \
  } while (0)
#define WI(x, v) WU(x, (uint64_t)(int64_t)(v))
#define WF(x, v)                                                                                             \
  do {                                                                                                       \
    double float_ = (v);                                                                                     \
    switch (LOC_##x) {                                                                                       \
    case 5: x1 = float_; break;                                                                              \
    case 6: x2 = float_; break;                                                                              \
    default: SLOT_##x.f = float_; xacc = float_;                                                             \
    }                                                                                                        \
  } while (0)

#define IMM_B VALUE(IMM_B)
#define IMM_C_HOLE VALUE(IMM_C)
#define IMM_C IMM_C_HOLE
#define IMM_D VALUE(IMM_D)
/* For bodies that compare an immediate with small numbers, which an address never equals. */
#define IMM_C_OPAQUE opaque(VALUE(IMM_C))
static inline int64_t opaque(int64_t i) {
  __asm__("" : "+r"(i));
  return i;
}
#define X (((const uint8_t *)HOLE_PC)[1])
#define SLOT_C (HOLE_FIELD - (tz_word *)0)
#define METHOD_B (HOLE_METHOD - (tz_word *)0)
#define K_D_SLOT (*HOLE_K_ADDRESS)
#define K_D_VALUE ((tz_word){.p = HOLE_K_VALUE})
#define K_C ((tz_word){.p = HOLE_KC_VALUE})
#define ARG0 AT(ARG0)

/* Receiver classes are counted by the interpreter alone: before compilation and in sampled bursts. */
#define SITE_PLAIN ((tz_site *)HOLE_SITE)
#define SITE_MONO                                                                                            \
  (&(tz_site){.way[0] = {.cls = (uint32_t)(uintptr_t)HOLE_CLASS, .target = (tz_function *)HOLE_FUNCTION}})
#define SITE_POLY (&(tz_site){.way[0] = {.cls = (uint32_t)(uintptr_t)cls}})
#define tz_site_count(way) ((void)(way))
#define tz_site_note(site, cls, target) ((void)(site))

/* ---- Control ---- */

#define OP(NAME) TZ_PRESERVE_NONE void NAMED(PARAMETERS) {
#define END }
#define NEXT(words) TZ_MUSTTAIL return GO_NEXT(ARGUMENTS)
#define SLOW(name) TZ_MUSTTAIL return SLOW_##name(ARGUMENTS)
#define OUTLINE(name) TZ_MUSTTAIL return MISS_call(th, VALUE(PC), fp, VALUE(CONT), budget, acc, x1, x2, xacc)
#define DRAW_C                                                                                               \
  if (VARIANT == TZ_VARIANT_BACK && TZ_UNLIKELY(--budget < 0)) SLOW(budget)
#define GO_C TZ_MUSTTAIL return GO_TARGET(ARGUMENTS)
#define JUMP_C                                                                                               \
  do {                                                                                                       \
    DRAW_C;                                                                                                  \
    GO_C;                                                                                                    \
  } while (0)
#define JUMP_D JUMP_C
/* TABLE: addresses of the targets; the offsets behind the instruction tell which of them are back-edges. */
#define JUMP_TABLE(i)                                                                                        \
  do {                                                                                                       \
    budget += ((int64_t)((const int32_t *)(HOLE_PC + 1))[i] - 1) >> 63;                                      \
    if (TZ_UNLIKELY(budget < 0)) SLOW(budget);                                                               \
    TZ_MUSTTAIL return ((stencil_fn *)((void **)HOLE_TABLE)[i])(ARGUMENTS);                                  \
  } while (0)

/* ---- Calls: the body checks and finds the callee; glue copies arguments and enters it ---- */

#define CHECK_CALL(f, room)                                                                                  \
  if (TZ_UNLIKELY((char *)fp + (room) > (char *)th->stack_limit)) {                                          \
    acc = (int64_t)(uintptr_t)(f);                                                                           \
    SLOW(stack);                                                                                             \
  }                                                                                                          \
  if (TZ_UNLIKELY(--budget < 0)) SLOW(budget)
#define CALL(f)                                                                                              \
  do {                                                                                                       \
    if (IS_STATIC) {                                                                                         \
      CHECK_CALL(HOLE_FUNCTION, VALUE(ROOM));                                                                \
    } else {                                                                                                 \
      CHECK_CALL(f, VALUE(FRAME) + (int64_t)(f)->frame_bytes);                                               \
      acc = (int64_t)(uintptr_t)(f);                                                                         \
    }                                                                                                        \
    NEXT(1);                                                                                                 \
  } while (0)
#define TAIL(f)                                                                                              \
  do {                                                                                                       \
    CHECK_CALL(f, (int64_t)(f)->frame_bytes);                                                                \
    acc = (int64_t)(uintptr_t)(f);                                                                           \
    NEXT(1);                                                                                                 \
  } while (0)
#define RETURN(word)                                                                                         \
  do {                                                                                                       \
    acc = (int64_t)(word);                                                                                   \
    TZ_MUSTTAIL return ((stencil_fn *)TZ_FRAME_CONTINUATION(fp))(ARGUMENTS);                                 \
  } while (0)
