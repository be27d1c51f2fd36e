/* native.h: optimized code as it lies in memory, its metadata, and how it meets the rest of the machine.
 *
 * CONVENTION of compiled functions (System V):
 *     R f(tz_thread *th, tz_function *self, P0, P1, …)
 * where an int or bool is int64, a float is double, references and dynamic values are pointers, R is int64
 * (0) for void. tz_function.compiled is the address to call: optimized code, or tz_vm_call_stub, which runs
 * the function on a VM frame on whatever tier it has, or leaf.c's; so compiled callers never ask which.
 * th->exception is to be tested after every call.
 *
 * STACKS. Optimized frames live on a machine stack that a process borrows while it has such frames
 * (runtime/src/native_stack.h). Below the native frames stands the VM frame of the function that was entered;
 * its function is replaced by vm->native_frame (no registers, no code), so that nobody looks at its slots.
 * Code that optimized code calls through VM frames stands above it:
 *
 *     VM frame … │ native_frame │ [optimized frames, on the machine stack] │ VM frame, TZ_FRAME_NATIVE │ …
 *
 * runtime/src/frame.h says what stands in a frame marked TZ_FRAME_NATIVE.
 *
 * FRAME RECORDS. Compiled functions keep rbp (frame-pointer=all). A runtime function that compiled code calls
 * and that may collect, throw or run guest code stores its own frame address in th->native_top: a pair
 * {caller's rbp, return address}. The caller's stack pointer at the call is that address + 16; the caller's
 * own record is where its rbp points. The walk ends at a return address that belongs to no compiled code.
 *
 * METADATA. For each return address that may be a safepoint: the roots to be updated, and the state (deopt
 * bundle), whose first operand is the number of a tz_state. */
#pragma once
#include "graph.h"
#include "hierarchy.h"
#include "interp.h"
#include "state.h"
#include "terza/vm.h"

/* One place of a call in compiled code. Locations are stack slots, rsp-relative in bytes, unless said
 * otherwise. */
typedef struct tz_safepoint {
  uint32_t return_offset; /* from code */
  uint32_t first_root, n_roots;
  uint32_t state;                     /* index in tz_states; TZ_NO_STATE */
  uint32_t first_operand, n_operands; /* values that the state's frames refer to */
} tz_safepoint;
typedef struct tz_root {
  int32_t base, derived; /* equal: a plain reference */
} tz_root;
enum { TZ_NO_STATE = UINT32_MAX };

typedef enum tz_operand_place {
  TZ_PLACE_SLOT,
  TZ_PLACE_CONSTANT,
  TZ_PLACE_REGISTER,
  TZ_PLACE_ADDRESS
} tz_operand_place;
typedef struct tz_native_operand {
  uint8_t place; /* tz_operand_place */
  uint8_t size;  /* bytes; less than 8: extended by sign, one byte by zeros */
  uint16_t reg;  /* DWARF number, for REGISTER */
  int64_t value; /* offset from rsp, or the constant */
} tz_native_operand;

/* Whether code is entered: yes; not, but it may be again; never again. */
typedef enum tz_code_state { TZ_CODE_ENTERED, TZ_CODE_RESTING, TZ_CODE_RETIRED } tz_code_state;

typedef struct tz_native_code {
  tz_function *function;
  uint32_t osr_pc; /* TZ_NO_OSR (graph.h), or the loop head that it is entered at */
  uint8_t *code;   /* where it runs; the entry is at code + entry */
  uint32_t size, entry;
  volatile int64_t *is_valid; /* 1; 0 once an assumption is broken. Below 4 GB: compiled code names its
                                 address. May be NULL */
  tz_safepoint *safepoints;   /* by return_offset */
  uint32_t n_safepoints;
  tz_root *roots;
  tz_native_operand *operands;
  tz_states *states;
  tz_dependency *dependencies; /* what it assumes of the class hierarchy; malloc'd */
  uint32_t n_dependencies;
  uint8_t state;   /* tz_code_state */
  bool is_used;    /* some process had a frame of it when last marked */
  uint64_t seen;   /* tz_native.clock when it last polled, was installed or asked for */
  uint32_t n_left; /* frames that were left for the interpreter and have yet to return their result */
  void *gdb_entry;
  struct tz_native_code *next; /* for the policy's use */
} tz_native_code;

/* ---- native.c: what a VM holds for this tier ---- */

/* Compiled code was left for the interpreter at pc of f, the innermost frame rebuilt. On the worker. */
typedef void tz_deopt_hook(tz_vm *vm, const tz_native_code *code, const tz_function *f, uint32_t pc,
                           tz_deopt_reason reason);

/* Optimized code has used up a budget slice calling functions that have none; f was the last. On the worker.
 */
typedef void tz_heat_hook(tz_vm *vm, tz_function *f);

typedef struct tz_native {
  tz_vm *vm;
  const struct tz_code_map *map;     /* read by signal handlers too (walk.c) */
  const struct tz_code_map *old_map; /* kept until the next change */
  tz_deopt_hook *deoptimized;        /* the policy's; NULL: none */
  tz_heat_hook *heated;              /* the policy's; NULL: none */
  uint64_t n_deopts, random;
  uint64_t clock;   /* counts polls and slices */
  bool is_restless; /* under stress: poll at every chance */
  struct tz_outlines *outlines;
  struct tz_ticker *ticker; /* NULL: not started */
} tz_native;
/* Prepares vm (with vm->jit) for optimized code: hooks of the runtime, f->compiled of all functions there
 * are. Functions made later get it by tz_native_function_linked. False: no memory, or not possible on this
 * machine. */
bool tz_native_attach(tz_vm *vm);
void tz_native_detach(tz_vm *vm); /* when no process is left; the codes are the policy's to free */
void tz_native_function_linked(tz_vm *vm, tz_function *f);
tz_native *tz_native_of(const tz_vm *vm); /* NULL: not attached */

/* ---- load.c: from an ELF object in memory to runnable code ---- */
struct tz_code_memory;
/* Copies code and constants into code memory, relocates, reads .llvm_stackmaps. `symbol` gives the address of
 * an undefined symbol that tz_native_symbol does not know, NULL if unknown; it may be NULL itself. The entry
 * is the object's one global function. Takes `states` over (freed in any case). NULL: *problem says why
 * (malloc'd). On any thread. */
tz_native_code *tz_native_load(struct tz_code_memory *memory, const void *object, size_t bytes,
                               tz_function *f, uint32_t osr_pc, void *(*symbol)(void *data, const char *name),
                               void *data, tz_states *states, char **problem);
void tz_native_code_free(struct tz_code_memory *memory,
                         tz_native_code *code); /* removed before; NULL is ignored */

/* ---- walk.c: code by address, frames of optimized code ---- */
/* Before code first runs, after it last ran. On the worker. False: no memory. */
bool tz_native_add(tz_vm *vm, tz_native_code *code);
void tz_native_remove(tz_vm *vm, tz_native_code *code);
/* The compiled code and the safepoint of a return address. NULL: none. Async-signal-safe. */
const tz_native_code *tz_native_code_at(const tz_vm *vm, const void *address);
const tz_safepoint *tz_native_safepoint(const tz_native_code *code, const void *return_address);
/* vm->hooks */
void tz_native_visit(tz_vm *vm, const void *record, tz_visitor *v);
const tz_function *tz_native_next(tz_vm *vm, tz_native_cursor *at, uint32_t *pc);
/* Whether some process has a frame of the code. */
bool tz_native_is_in_use(tz_vm *vm, const tz_native_code *code);
/* Sets is_used of the codes that some process has a frame of, on its stack or left for the interpreter. */
void tz_native_mark_used(tz_vm *vm);
/* All codes added, by address: how many. */
uint32_t tz_native_codes(const tz_vm *vm, tz_native_code *const **codes);

/* ---- enter.c, stubs.S: into optimized code and out of it ---- */
/* f->entry of a function whose optimized code is f->compiled. */
tz_code_fn tz_optimized_entry;
/* f->compiled of a function without optimized code. */
void tz_vm_call_stub(void);
/* ---- leaf.c: leaf natives without a VM frame ---- */
/* f->compiled of a leaf native: tz_vm_call_stub if it has more parameters than leaf.c takes. */
void *tz_native_leaf_entry(const tz_function *f);
/* A leaf native that does what the instruction does, on its sources. NULL: there is none. */
tz_native_fn tz_native_leaf_of(uint8_t op, uint32_t n_params);

/* Goes on from pc, the loop head that `osr` was made for and that th's frame stands at: the result is to be
 * returned by the budget hook, whose pc it is (pc itself: it was not entered, or left at once). The code has
 * the form R f(th, self, frame) and reads the frame's registers at once. */
tz_insn *tz_native_enter_loop(tz_thread *th, tz_insn *pc, const tz_native_code *osr);

/* Goes on at pc of th->fp, until the frame above the section's entry, which is marked native, has returned:
 * its result; th->exception is to be tested. */
uint64_t tz_native_run_frames(tz_thread *th, tz_insn *pc);

/* VM frames that optimized code calls: their distance from the section's entry, and the C half of the stubs.
 */
enum { TZ_NATIVE_DISTANCE = TZ_FRAME_HEADER + 2 };
static inline void tz_frame_mark_native(tz_word *fp, const void *record) {
  fp[-5].p = (void *)record;
  fp[-4].u = TZ_NATIVE_DISTANCE;
  TZ_FRAME_CONTINUATION(fp) = (void *)tz_interp_c_return;
  fp[-2].u = TZ_FRAME_NATIVE;
}

/* ---- calls.c, deopt.c: what compiled code calls: calls.def says what they do. */
int64_t tz_native_deopt_int(tz_thread *th);
double tz_native_deopt_float(tz_thread *th);
void *tz_native_deopt_ref(tz_thread *th);
int64_t tz_native_poll(tz_thread *th);
void *tz_native_new(tz_thread *th, const tz_class *cls);
void *tz_native_new_array(tz_thread *th, tz_type *type, int64_t length);
void tz_native_raise(tz_thread *th, void *error);
void tz_native_barrier(tz_thread *th, void *object, int64_t offset);
int64_t tz_native_same_text(const tz_string *a, const tz_string *b);
int64_t tz_native_hash_text(tz_string *s);
int64_t tz_native_compare_text(const tz_string *a, const tz_string *b);
int64_t tz_native_matches_text(const tz_string *s, const tz_string *part, int64_t at);
int64_t tz_native_find_text(const tz_string *s, const tz_string *part, int64_t start);
int64_t tz_native_accepts(const tz_type *type, const void *object);
tz_function *tz_native_interface_method(const tz_class *cls, const tz_class *interface, int64_t method);
void *tz_native_symbol(
    const char *name); /* its address by name, tz_vm_call_stub and some of libc too; NULL: unknown */

/* ---- ticker.c: sets th->poll every millisecond while optimized code runs ---- */
void tz_ticker_wake(tz_native *n); /* a section begins; starts the thread at first */
void tz_ticker_stop(tz_native *n);
