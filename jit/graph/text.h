/* text.h: what the text form of graphs knows of operations; private to dump.c, parse.c and verify.c.
 *
 *   graph module.function int osr 12
 *   b0:
 *     v0 = param int 0
 *     v1 = new %test:Point : nonnull exact %test:Point @ test.main:4
 *     v2 = is.null v1
 *     branch 1 v2 -> b2, b1
 *   b1 (b0):
 *     v4 = virtual %test:Pair v0, v1
 *     guard BOUNDS v3 @ test.main:7 [r0=v1 r3=v4] < test.caller:12 []
 *     ...
 *
 * Behind the operation: the type where it varies, imm and aux (details.def), inputs, stamps behind a colon,
 * successors, state. A block names its predecessors in the order of its PHIs' inputs. A virtual object stands
 * before the first node whose state names it. Names with other than plain characters stand in double quotes;
 * what has no name is an address, 0x…, good within the same machine. `; #3` behind a node is the number of its origin, a
 * comment to who reads it. */
#pragma once
#include "graph.h"

typedef enum tz_detail {
  TZ_DETAIL_NONE,
  TZ_DETAIL_INTEGER,
  TZ_DETAIL_FLOAT,
  TZ_DETAIL_OBJECT,
  TZ_DETAIL_WORD,
  TZ_DETAIL_CLASS,
  TZ_DETAIL_TYPE,
  TZ_DETAIL_FUNCTION,
  TZ_DETAIL_GLOBAL,
  TZ_DETAIL_SLOT,
  TZ_DETAIL_KIND,
  TZ_DETAIL_BITS,
  TZ_DETAIL_REASON,
  TZ_DETAIL_CHANCE,
  TZ_DETAIL_IS,
} tz_detail;
typedef struct tz_details {
  uint8_t imm, aux;
} tz_details;
static inline tz_details tz_node_details(tz_node_op op) {
  switch (op) {
#define TZ_DETAIL(NAME, IMM, AUX)                                                                            \
  case TZ_NODE_##NAME: return (tz_details){TZ_DETAIL_##IMM, TZ_DETAIL_##AUX};
#include "details.def"
#undef TZ_DETAIL
  default: return (tz_details){TZ_DETAIL_NONE, TZ_DETAIL_NONE};
  }
}

/* From nodes.def: input letters, and whether the maker of a node chooses its type. */
const char *tz_node_input_letters(tz_node_op op);
bool tz_node_type_varies(tz_node_op op);
tz_node_type tz_node_fixed_type(tz_node_op op);
const char *tz_node_type_name(tz_node_type type);
const char *tz_deopt_name(tz_deopt_reason reason); /* "BOUNDS" */
const char *tz_kind_name(tz_kind kind);
const char *tz_int_is_name(tz_int_is is); /* "class"; "" for a number */
