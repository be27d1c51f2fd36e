/* ops_then.h: the bodies of ops.h, each as a handler op_NAME_THEN that goes on with op_THEN without dispatch.
 * Included by interp_fused.h with THEN defined. */
#define JOINED(a, b) a##b
#define JOIN(a, b) JOINED(a, b)
#undef NEXT
#undef OP
#define NEXT(words)                                                                                          \
  do {                                                                                                       \
    pc += (words);                                                                                           \
    in = *pc;                                                                                                \
    TZ_MUSTTAIL return JOIN(op_, THEN)(ARGUMENTS);                                                           \
  } while (0)
#define OP(NAME) __attribute__((unused)) HANDLER JOIN(op_##NAME##_, THEN)(PARAMETERS) {
#include "ops.h"
#undef THEN
