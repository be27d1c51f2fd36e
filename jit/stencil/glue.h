/* glue.h: stencils that belong to no opcode: argument moves, frame headers, returns, exits. */
#pragma once

#define GLUE(NAME) TZ_PRESERVE_NONE void st__##NAME(PARAMETERS) {

/* Slot A takes the value at location n. Also the write-back of a pinned register. */
#define ARG(n, value) GLUE(ARG##n) AT(A).u = (value); NEXT(1); END
ARG(0, AT(B).u)
ARG(1, (uint64_t)v1)
ARG(2, (uint64_t)v2)
ARG(3, (uint64_t)acc)
ARG(5, bits_of(x1))
ARG(6, bits_of(x2))
ARG(7, bits_of(xacc))

/* Null in one, in four slots from A on. */
GLUE(ZERO1) AT(A).u = 0; NEXT(1); END
GLUE(ZERO4) {
  typedef uint64_t pair __attribute__((vector_size(16), aligned(8)));
  pair *to = (pair *)&AT(A);
  to[0] = (pair){0, 0};
  to[1] = (pair){0, 0};
  NEXT(1);
} END

/* The callee's header and entry; FRAME: bytes from fp to its frame. */
#define HEADER(fp, f)                                                                                                  \
  TZ_FRAME_CONTINUATION(fp) = HOLE_CONT;                                                                               \
  TZ_FRAME_RETURN_PC(fp) = HOLE_PC;                                                                                    \
  TZ_FRAME_FUNCTION(fp) = (f)
#define GO_ENTRY(f)                                                                                                    \
  TZ_MUSTTAIL return ((stencil_fn *)((tz_function *)(f))->entry)(th, (int64_t)(uintptr_t)(f), fp, v2, budget, acc, x1, \
                                                                x2, xacc)
#define PUSH_FRAME                                                                                                     \
  fp = (tz_word *)((char *)fp + VALUE(FRAME));                                                                         \
  __asm__("" : "+r"(fp)) /* keeps the hole out of the header's addresses */
GLUE(ENTER_STATIC) {
  PUSH_FRAME;
  HEADER(fp, (tz_function *)HOLE_FUNCTION);
  GO_ENTRY(HOLE_FUNCTION);
} END
GLUE(ENTER_DYNAMIC) {
  tz_function *f = (tz_function *)(uintptr_t)acc;
  PUSH_FRAME;
  HEADER(fp, f);
  GO_ENTRY(f);
} END
/* Where the callee returns to. */
GLUE(CONT) fp = (tz_word *)((char *)fp + VALUE(MINUS_FRAME)); NEXT(1); END

/* Tail calls: arguments move within the frame, then the function in the accumulator is entered. */
#define TAIL_GLUE(n, load, store)                                                                                      \
  GLUE(TAIL##n) {                                                                                                      \
    tz_function *f = (tz_function *)(uintptr_t)acc;                                                                    \
    load;                                                                                                              \
    store;                                                                                                             \
    TZ_FRAME_FUNCTION(fp) = f;                                                                                         \
    GO_ENTRY(f);                                                                                                       \
  } END
TAIL_GLUE(0, , )
TAIL_GLUE(1, tz_word a = AT(A), fp[0] = a)
TAIL_GLUE(2, tz_word a = AT(A); tz_word b = AT(B), fp[0] = a; fp[1] = b)
TAIL_GLUE(3, tz_word a = AT(A); tz_word b = AT(B); tz_word c = AT(C), fp[0] = a; fp[1] = b; fp[2] = c)
GLUE(TAIL_MANY) TZ_MUSTTAIL return MISS_tail(th, VALUE(PC), fp, v2, budget, acc, x1, x2, xacc); END

/* A slow exit: TARGET is the trampoline of its kind. */
GLUE(EXIT) th->pc = (tz_insn *)HOLE_PC; TZ_MUSTTAIL return GO_TARGET(ARGUMENTS); END
