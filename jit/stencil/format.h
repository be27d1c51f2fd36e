/* format.h: what the stencil extractor writes and the baseline compiler reads.
 *
 * A stencil is the machine code of one opcode body for one choice of operand locations, with holes. Its hot
 * part ends where the next instruction begins; its cold part is copied behind the function.
 *
 * Operand locations (LOC_a, LOC_b, LOC_c), one code for ints and references, one for floats:
 *   0 frame slot, mirrored in the int accumulator when written     4 frame slot, mirrored in the float
 * accumulator 1 2 pinned in an int register                                  5 6 pinned in a float register
 *   3 the int accumulator (read only)                              7 the float accumulator (read only) */
#pragma once
#include <stdint.h>

enum { TZ_LOC_SLOT, TZ_LOC_PIN1, TZ_LOC_PIN2, TZ_LOC_ACC, TZ_LOC_FLOAT, TZ_LOC_COUNT = 8 };

/* Values that fill holes. A B C: byte offsets of slots. */
#define TZ_HOLES(X)                                                                                          \
  X(A)                                                                                                       \
  X(B) X(C) X(IMM_B) X(IMM_C) X(IMM_D) X(FIELD) X(METHOD) X(SITE) X(CLASS) X(FUNCTION) X(K_ADDRESS)          \
      X(K_VALUE) X(KC_VALUE) X(ARG0) X(FRAME) X(MINUS_FRAME) X(ROOM) X(PC) X(TABLE) X(TARGET) X(CONT)        \
          X(NEXT) X(COLD) X(RODATA)

/* Ways out of compiled code: each leaves for the C function tz_slow_NAME. */
#define TZ_EXITS(X)                                                                                          \
  X(budget)                                                                                                  \
  X(null) X(bounds) X(division) X(throw) X(new) X(new_array) X(putf_r) X(store_r) X(list_store_r) X(is)      \
      X(cast) X(eq_s) X(concat) X(any_i) X(i_any) X(f_any) X(b_any) X(arith_any) X(neg_any) X(bit_any)       \
          X(eq_any) X(compare_any) X(get_any) X(set_any) X(index_any) X(set_index_any) X(new_dyn)            \
              X(call_any) X(spawn) X(chan_new) X(chan_send) X(chan_recv) X(chan_next) X(chan_close)          \
                  X(select) X(yield)

/* Symbols a stencil may refer to: holes, then exits, then the two exits that are no tz_slow function. */
enum {
#define X(name) TZ_HOLE_##name,
  TZ_HOLES(X)
#undef X
#define X(name) TZ_EXIT_##name,
      TZ_EXITS(X)
#undef X
          TZ_EXIT_stack, /* the stack is too small for the function in the accumulator */
  TZ_MISS_call,          /* inline cache miss of a call: completes it. pin 1: pc, pin 2: continuation */
  TZ_MISS_tail,          /* tail call with many arguments. pin 1: pc, accumulator: the function */
  TZ_SYMBOL_COUNT,
  TZ_FIRST_EXIT = TZ_EXIT_budget,
  TZ_FIRST_MISS = TZ_MISS_call,
};

/* How a hole is filled. S: the symbol's value plus `add`; P: the place. */
typedef enum tz_hole_kind {
  TZ_FILL_ABS32, /* S, 32 bits, sign- or zero-extended by the instruction */
  TZ_FILL_ABS64,
  TZ_FILL_PC32,  /* S - P */
  TZ_FILL_DISP8, /* S, 8 bits */
  TZ_FILL_JUMP26,
  TZ_FILL_JUMP19,
  TZ_FILL_MOVW0,
  TZ_FILL_MOVW1,
  TZ_FILL_MOVW2,
  TZ_FILL_MOVW3, /* aarch64 */
} tz_hole_kind;

typedef struct tz_hole {
  uint16_t at;
  uint8_t kind, symbol;
  int32_t add;
} tz_hole;

typedef struct tz_stencil {
  uint32_t code, hole; /* where its bytes and holes begin; the cold ones follow the hot ones */
  uint16_t hot, cold;  /* bytes */
  uint8_t n_hot_holes, n_cold_holes;
  uint16_t pad;
} tz_stencil;

/* The stencils of one opcode: entry ((a * n_b + b) * n_c + c) * n_variants + variant of the index, 0: there
 * is none. An entry is followed by the form whose slots are reached by 8-bit displacements (the same where
 * there is none). */
typedef struct tz_stencil_set {
  uint32_t first;
  uint8_t n_a, n_b, n_c, n_variants;
} tz_stencil_set;

/* Glue: stencils that belong to no opcode. */
#define TZ_GLUES(X)                                                                                          \
  X(ARG0)                                                                                                    \
  X(ARG1) X(ARG2) X(ARG3) X(ARG5) X(ARG6) X(ARG7) X(ZERO1) X(ZERO4) X(ENTER_STATIC) X(ENTER_DYNAMIC) X(CONT) \
      X(TAIL0) X(TAIL1) X(TAIL2) X(TAIL3) X(TAIL_MANY) X(EXIT)
enum {
#define X(name) TZ_GLUE_##name,
  TZ_GLUES(X)
#undef X
      TZ_GLUE_COUNT
};

/* Variants of a stencil beyond its operand locations. */
enum {
  TZ_VARIANT_PLAIN = 0,
  TZ_VARIANT_BACK = 1,  /* branches: a back-edge, draws on the budget */
  TZ_VARIANT_VALUE = 1, /* const, getg, putg: the constant itself fits a hole */
  TZ_VARIANT_MONO = 1,  /* calls: one receiver class so far, tested as an immediate; the callee is known */
  TZ_VARIANT_POLY = 2,  /* calls by vtable: no inline cache at all */
};
