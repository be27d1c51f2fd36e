/* lowering.h: what the tests of jit/llvm share: graphs as text become machine code that runs in the test,
 * with the runtime's functions played by lowering_world.c. The world is lowering.tza. */
#pragma once
#include "graph.h"
#include "llvm_tier.h"
#include <criterion/criterion.h>
#include <stdlib.h>

typedef struct lowered {
  tz_graph *graph;
  tz_llvm_result result;
  void *library;
  uint8_t *code;
} lowered;

/* What was asked of the runtime, and what it is to answer. */
typedef struct runtime_played {
  const lowered *running;
  /* the last place with a state where compiled code called out: */
  uint32_t state, n_operands;
  int64_t operands[64];
  uint32_t n_deopts, n_polls, n_new, n_barriers, n_stubs;
  int64_t deopt_result; /* its bits, for a float function */
  int64_t poll_answer;
  bool out_of_memory;
  /* at each poll and slow allocation references to the first become ones to the second, as if it had moved:
   */
  tz_object *moves_from, *moves_to;
  tz_object *barrier_object;
  int64_t barrier_offset;
} runtime_played;

extern tz_vm *world;
extern runtime_played played;
extern volatile int64_t *assumption; /* what VALID reads */

void make_world(void); /* .init of a test */
lowered lower(const char *text);
lowered lower_with(const char *text, tz_llvm_request request); /* request.graph is filled in */
void discard(lowered *l);

/* Calls the code with the thread, no function, and up to four words. */
typedef int64_t int_code(tz_thread *, tz_function *, int64_t, int64_t, int64_t, int64_t);
#define AS(type, l) ((type *)enter(&(l)))
void *enter(const lowered *l); /* its address, once the runtime plays for it */

tz_class *class_named(const char *name);
tz_function *function_named(const char *name);
tz_word *new_node(void); /* t.Node, zeroed: [1] n, [2] f, [3] next, [4] value */
tz_array *new_array_of(tz_kind element, int64_t length);
const tz_state *last_state(void); /* of played.state */
/* Word that a register of a frame of the last state has (0: the innermost). */
int64_t register_at(uint32_t frame, uint32_t reg);
