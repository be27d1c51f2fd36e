/* state.h: what a place in optimized code means to the interpreter: which frames, and where their registers
 * are.
 *
 * Made by the lowering from frame states (jit/graph/graph.h), read by deoptimization and stack traces. One
 * malloc'd block of flat arrays. Operand i is the i-th value of the safepoint's deopt bundle behind the
 * state's number. */
#pragma once
#include "terza/function.h"

/* An operand as it is, a virtual object, or an operand that is boxed when the state is needed. */
typedef enum tz_state_source {
  TZ_FROM_OPERAND,
  TZ_FROM_VIRTUAL,
  TZ_FROM_INT,
  TZ_FROM_FLOAT,
  TZ_FROM_BOOL,
} tz_state_source;
typedef struct tz_state_value {
  uint16_t slot;  /* register of the frame; field of the virtual object */
  uint8_t source; /* tz_state_source */
  uint32_t index; /* operand, or virtual object within the state */
} tz_state_value;

typedef struct tz_state_frame { /* innermost first */
  tz_function *function;
  uint32_t pc;
  uint32_t first_value, n_values; /* registers not named are dead: zero */
} tz_state_frame;

/* An object that compiled code did not make: to be made when the frames are rebuilt. They may refer to each
 * other. */
typedef struct tz_state_virtual {
  const tz_class *cls;
  uint32_t length;                /* of an array */
  uint32_t first_value, n_values; /* fields, or elements, not named are zero */
} tz_state_virtual;

typedef struct tz_state {
  uint32_t first_frame, n_frames;
  uint32_t first_virtual, n_virtuals;
  uint8_t reason;     /* tz_deopt_reason */
  bool is_place_only; /* no registers: for stack traces */
} tz_state;

typedef struct tz_states {
  uint32_t n_states, n_frames, n_virtuals, n_values;
  tz_state *states;
  tz_state_frame *frames;
  tz_state_virtual *virtuals;
  tz_state_value *values;
} tz_states;
