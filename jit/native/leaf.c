/* leaf.c: leaf natives (native.h), called by optimized code without a VM frame.
 *
 * The arguments lie in the frame of the C function that compiled code calls, which leaves them and the native
 * in th->leaf while it is at work: the collector updates references there, and stack traces begin with it. */
#include "native.h"
#include "slow.h"

enum { MOST_ARGUMENTS = 8, INT_REGISTERS = 4, FLOAT_REGISTERS = 4 };

/* In rax and in xmm0: the caller knows which of them counts. */
typedef struct leaf_result {
  uint64_t word;
  double real;
} leaf_result;

/* record: of the C function that compiled code has called. */
static inline leaf_result run(tz_thread *th, tz_function *f, tz_word *args, const void *record) {
  th->native_top = record;
  th->leaf = f;
  th->leaf_args = args;
  f->native(th, args); /* if it fails the caller finds the exception */
  th->leaf = NULL;
  th->native_top = NULL;
  return (leaf_result){args[0].u, args[0].f};
}

/* Up to four parameters, none a float: those that the native does not have bring what stands in the
 * registers. */
static leaf_result run_few_ints(tz_thread *th, tz_function *f, uint64_t a, uint64_t b, uint64_t c,
                                uint64_t d) {
  tz_word args[INT_REGISTERS] = {{.u = a}, {.u = b}, {.u = c}, {.u = d}};
  return run(th, f, args, __builtin_frame_address(0));
}

static leaf_result run_many_ints(tz_thread *th, tz_function *f, uint64_t a, uint64_t b, uint64_t c,
                                 uint64_t d) {
  tz_word args[MOST_ARGUMENTS] = {{.u = a}, {.u = b}, {.u = c}, {.u = d}};
  const tz_word *stack = (const tz_word *)__builtin_frame_address(0) + 2;
  for (uint32_t i = INT_REGISTERS; i < f->n_params; i++) args[i] = stack[i - INT_REGISTERS];
  return run(th, f, args, __builtin_frame_address(0));
}

/* The convention has the first four ints and the first eight floats in registers, all others on the stack in
 * order. */
static leaf_result run_any(tz_thread *th, tz_function *f, uint64_t a, uint64_t b, uint64_t c, uint64_t d,
                           double w, double x, double y, double z) {
  const uint64_t ints[INT_REGISTERS] = {a, b, c, d};
  const double floats[FLOAT_REGISTERS] = {w, x, y, z};
  const tz_word *stack = (const tz_word *)__builtin_frame_address(0) + 2;
  tz_word args[MOST_ARGUMENTS];
  uint32_t n_ints = 0, n_floats = 0;
  for (uint32_t i = 0; i < f->n_params; i++) {
    if (f->signature->params[i]->rep == 'F') args[i].f = floats[n_floats++];
    else if (n_ints < INT_REGISTERS) args[i].u = ints[n_ints++];
    else args[i] = *stack++;
  }
  return run(th, f, args, __builtin_frame_address(0));
}

/* ---- Instructions of the machine as leaves ---- */

static bool concat(tz_thread *th, tz_word *args) {
  tz_word *parts[MOST_ARGUMENTS];
  uint32_t n = th->leaf->n_params;
  for (uint32_t i = 0; i < n; i++) parts[i] = &args[i];
  args[0].p = tz_string_join(th, parts, n);
  return args[0].p != NULL;
}

tz_native_fn tz_native_leaf_of(uint8_t op, uint32_t n_params) {
  return op == TZ_OP_CONCAT && n_params <= MOST_ARGUMENTS ? concat : NULL;
}

/* ---- Which of them ---- */

void *tz_native_leaf_entry(const tz_function *f) {
  uint32_t n_floats = 0;
  for (uint32_t i = 0; i < f->n_params; i++) n_floats += f->signature->params[i]->rep == 'F';
  if (n_floats == 0 && f->n_params <= INT_REGISTERS) return (void *)run_few_ints;
  if (n_floats == 0 && f->n_params <= MOST_ARGUMENTS) return (void *)run_many_ints;
  bool fits = n_floats <= FLOAT_REGISTERS && f->n_params <= MOST_ARGUMENTS;
  return fits ? (void *)run_any : (void *)tz_vm_call_stub;
}
