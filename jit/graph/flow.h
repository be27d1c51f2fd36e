/* flow.h: what the graph builder must know of a function's bytecode before it begins: basic blocks, their
 * order, loops, and which registers are live where. Made once per function and compilation, in the
 * compilation's arena. */
#pragma once
#include "terza/arena.h"
#include "terza/function.h"
#include "terza/opcode.h"

typedef struct tz_operand_facts { /* of an opcode, from its operand string */
  bool reads_a, reads_b, reads_c, writes_a, writes_c, has_list;
  char branch; /* field of the offset: 'c', 'd', 0 */
  bool ends;   /* never falls through */
} tz_operand_facts;

typedef struct tz_flow_block {
  uint32_t start, end; /* words */
  uint32_t n_successors, n_predecessors;
  uint32_t *successors,
      *predecessors; /* blocks; a conditional branch: target, then fall-through; then handlers */
  uint32_t n_ways;   /* successors with the handlers of the block's instructions */
  uint64_t *live_in;
  uint64_t *assigned; /* of a loop header: registers that its loop writes; otherwise NULL */
  uint32_t order;     /* place in flow->order; UINT32_MAX: not reached from the start */
} tz_flow_block;

typedef struct tz_flow {
  tz_function *function;
  const tz_operand_facts *facts;
  const char *problem; /* why the function cannot be compiled; NULL: it can */
  uint32_t n_blocks, n_order, set_words;
  tz_flow_block *blocks;
  uint32_t *block_at; /* by word: the block that starts there, or UINT32_MAX */
  uint32_t *order;    /* reverse postorder from the start */
  uint64_t *live;     /* by word: set of the registers live before the instruction there */
} tz_flow;

/* From the instruction at `start` (0, or a loop head). NULL: no memory. */
tz_flow *tz_flow_new(tz_arena *arena, tz_function *f, uint32_t start);
uint32_t tz_flow_insn_words(const tz_flow *flow, uint32_t pc);
/* Adds what the handlers of the instruction at pc read to a set of registers. */
void tz_flow_add_handlers(const tz_flow *flow, uint32_t pc, uint64_t *live);
/* A tail call of the function itself: a loop back to its start. */
bool tz_flow_is_loop_call(const tz_flow *flow, uint32_t pc);

static inline bool tz_set_has(const uint64_t *set, uint32_t i) { return set[i / 64] >> i % 64 & 1; }
static inline void tz_set_add(uint64_t *set, uint32_t i) { set[i / 64] |= (uint64_t)1 << i % 64; }
static inline void tz_set_drop(uint64_t *set, uint32_t i) { set[i / 64] &= ~((uint64_t)1 << i % 64); }
