/* outline.h: instructions that optimized code leaves to the lower tiers, one at a time: slow or rare ones,
 * those that wait.
 *
 * Such an instruction becomes a function of its own, which optimized code calls as any other. It is hidden
 * from stack traces: the caller's state says where the guest is. */
#pragma once
#include "terza/vm.h"

/* A function that does what the instruction at pc of f does, with f's constants and inline caches. Its
 * parameters are the instruction's source registers in the order of operands: a, b, c as far as they are
 * read, then those of the argument list; it returns the register a, if that is written and kept. chan.next,
 * which may leave a as it was, reads it too, and gives its other result in th->second. The same function each
 * time. Thread-safe. NULL: no memory, or an instruction that is not outlined: branches, returns, tail calls,
 * a select that receives, a chan.next whose value is dropped. */
tz_function *tz_outline(tz_vm *vm, tz_function *f, uint32_t pc);

/* (string, string)string: concat of the two. The same each time. Thread-safe. NULL: no memory. */
tz_function *tz_outline_join(tz_vm *vm);

/* (any)i64: the address of the function that call.any at pc of f, which has a name, means for this receiver,
 * if it takes and gives dynamic values as they are, and a result if one is kept; otherwise 0. The same each
 * time. Thread-safe. NULL: no memory. */
tz_function *tz_outline_finder(tz_vm *vm, const tz_function *f, uint32_t pc);

struct tz_outlines *tz_outlines_new(void); /* NULL: no memory */
void tz_outlines_free(tz_vm *vm, struct tz_outlines *outlines);
