/* native.h: optimized code as it lies in memory, its metadata, and how it meets the rest of the machine.
 *
 * CONVENTION of compiled functions (System V):
 *     R f(tz_thread *th, tz_function *self, P0, P1, …)
 * where an int or bool is int64, a float is double, references and dynamic values are pointers, R is int64 (0) for void.
 * tz_function.compiled is the address to call: optimized code, or tz_vm_call_stub, which runs the function on a VM frame on
 * whatever tier it has; so compiled callers never ask which. th->exception is to be tested after every call.
 *
 * STACKS. Optimized frames live on a native stack that a process borrows while it has such frames (native_stack.h). Below the
 * native frames stands the VM frame of the function that was entered; its function is replaced by the VM's `native_frame`
 * (no registers, no code), so that nobody looks at its slots. Code that optimized code calls through VM frames stands above it:
 *
 *     VM frame … │ native_frame │ [optimized frames, on the native stack] │ VM frame with TZ_FRAME_NATIVE │ VM frame …
 *
 * A frame marked TZ_FRAME_NATIVE in fp[-2] has in fp[-4].u the words down to the VM frame below, and in fp[-5].p the
 * frame record (saved rbp, return address) that leads into the optimized frames between.
 *
 * FRAME RECORDS. Compiled functions keep rbp (frame-pointer=all). A runtime function that compiled code calls and that may
 * collect, throw or run guest code stores its own frame address in th->native_top: a pair {caller's rbp, return address}. The
 * caller's stack pointer at the call is that address + 16; the caller's own record is where its rbp points. The walk ends at a
 * return address that belongs to no compiled code.
 *
 * METADATA. For each return address that may be a safepoint: the roots to be updated, and the state (deopt bundle), whose
 * first operand is the number of a tz_state. */
#pragma once
#include "state.h"
#include "terza/vm.h"

/* One place of a call in compiled code. Locations are stack slots, rsp-relative in bytes, unless said otherwise. */
typedef struct tz_safepoint {
  uint32_t return_offset; /* from code */
  uint32_t first_root, n_roots;
  uint32_t state;         /* index in tz_states; TZ_NO_STATE */
  uint32_t first_operand, n_operands; /* values that the state's frames refer to */
} tz_safepoint;
typedef struct tz_root { int32_t base, derived; } tz_root; /* equal: a plain reference */
enum { TZ_NO_STATE = UINT32_MAX };

typedef enum tz_operand_place { TZ_PLACE_SLOT, TZ_PLACE_CONSTANT, TZ_PLACE_REGISTER, TZ_PLACE_ADDRESS } tz_operand_place;
typedef struct tz_operand {
  uint8_t place; /* tz_operand_place */
  uint8_t size;  /* bytes */
  uint16_t reg;  /* DWARF number, for REGISTER */
  int64_t value; /* offset from rsp, or the constant */
} tz_operand;

typedef struct tz_native_code {
  tz_function *function;
  uint32_t osr_pc;      /* TZ_NO_OSR (graph.h), or the loop head that it is entered at: takes all registers in their order */
  uint8_t *code;        /* where it runs; the entry is at code + entry */
  uint32_t size, entry;
  volatile int64_t *is_valid; /* 1; 0 once an assumption is broken. Below 4 GB: compiled code names its address */
  tz_safepoint *safepoints;   /* by return_offset */
  uint32_t n_safepoints;
  tz_root *roots;
  tz_operand *operands;
  tz_states *states;
  struct tz_native_code *next;
} tz_native_code;

/* ---- load.c: from an ELF object in memory to runnable code ---- */
struct tz_code_memory;
/* Copies .text (and constants) into code memory, relocates, reads .llvm_stackmaps. `symbol` gives the address of an undefined
 * symbol, NULL if unknown. Takes `states` over. NULL: *problem says why (malloc'd). */
tz_native_code *tz_native_load(struct tz_code_memory *memory, const void *object, size_t bytes, tz_function *f, uint32_t osr_pc,
                               void *(*symbol)(void *data, const char *name), void *data, tz_states *states, char **problem);
void tz_native_code_free(struct tz_code_memory *memory, tz_native_code *code);

/* ---- walk.c: frames of optimized code ---- */
typedef struct tz_native_walk {
  const void *const *record;      /* of the frame called by the one at hand */
  const tz_native_code *code;     /* NULL: at the end */
  const tz_safepoint *safepoint;
  uint32_t depth;                 /* inlined frames of this native frame already given */
} tz_native_walk;
/* Finds the compiled code and safepoint of a return address. NULL: none. Async-signal-safe. */
const tz_native_code *tz_native_find(const tz_vm *vm, const void *address);
const tz_safepoint *tz_native_safepoint(const tz_native_code *code, const void *return_address);
/* Fills in vm->hooks.native_visit / native_next (frame.h) with these. */
void tz_native_visit(tz_vm *vm, const void *record, tz_visitor *v);

/* ---- enter.c, stubs.S: into optimized code and out of it ---- */
/* f->entry of a function whose optimized code is f->compiled: preserve_none, as every entry. */
extern void *const tz_native_entry_address;
/* f->compiled of a function without optimized code. */
void tz_vm_call_stub(void);
/* Lets the running process enter optimized code at the loop head it stands at: what the budget hook returns as pc. */
tz_insn *tz_native_enter_loop(tz_thread *th, tz_insn *pc, const tz_native_code *osr);

/* ---- calls.c: what compiled code calls. Each has a line in calls.def: name, result, arguments, what it may do ---- */
void *tz_native_symbol(const char *name); /* its address by name; NULL: unknown */
