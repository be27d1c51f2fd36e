/* any.h: what the files of dynamic operations share.
 *
 * Calls that an operation makes never nest in C: it pushes the callee's frame with the continuation
 * tz_any_return, which turns the typed result into what the waiting instruction wants (tz_any_finish). */
#pragma once
#include "shape.h"
#include "slow.h"
#include "terza/linking.h"

/* Feedback bits in an instruction's x byte: of the second operand; the third's are shifted left by four. */
typedef enum tz_any_kind {
  TZ_SAW_INT = 1,
  TZ_SAW_FLOAT = 2,
  TZ_SAW_STRING = 4,
  TZ_SAW_OTHER = 8
} tz_any_kind;

/* Boxed ints count as ints. */
tz_any_kind tz_any_kind_of(tz_thread *th, uint64_t any);
int64_t tz_any_int_value(uint64_t any); /* of kind INT, boxed or not */
/* Of kind INT or FLOAT. */
double tz_any_float_value(tz_thread *th, uint64_t any);

static inline void *tz_any_object(uint64_t any) { return (void *)(uintptr_t)any; }

/* any converts to a register of this type: *to is the word. False: it does not. No exception, no collection.
 */
bool tz_any_convert_nogc(tz_thread *th, const tz_type *type, uint64_t any, tz_word *to);
/* The reverse: a word of the type as a dynamic value. MAY COLLECT if it is i64. False: exception pending. */
bool tz_any_from_word(tz_thread *th, const tz_type *type, tz_word word, uint64_t *any);

/* Stores the result in the register a of pc and goes on behind it. */
static inline tz_insn *tz_any_done(tz_thread *th, tz_insn *pc, uint64_t result) {
  th->fp[tz_insn_a(*pc)].u = result;
  return pc + 1;
}

/* What a call of the method on the receiver reaches: a dynamic function of this number of parameters, else
 * whatever the class has in its vtable under the name. NULL: neither. */
tz_function *tz_any_find_method(tz_thread *th, uint64_t receiver, const char *interned_name,
                                uint32_t n_params);
/* The method of that name by the receiver's class alone, if it takes and gives dynamic values as they are.
 * NULL: there is none; what there is needs conversion; it is a dynamic object's, or in a field. */
tz_function *tz_any_find_plain_method(tz_thread *th, uint64_t receiver, const char *interned_name,
                                      uint32_t n_params);
/* The slot of the field that is a member of this name; -1: none. */
int32_t tz_any_find_field(const tz_class *cls, const char *interned_name);
/* Raises MemberError, naming the class and the nearest name. */
tz_insn *tz_any_no_member(tz_thread *th, tz_insn *pc, uint64_t receiver, const char *name);

/* Calls f for the operator at pc, which has no argument list, with dynamic values as arguments. */
tz_insn *tz_any_call_operator(tz_thread *th, tz_insn *pc, tz_function *f, const uint64_t *args, uint32_t n);
/* The same by method name; MemberError if there is none. */
tz_insn *tz_any_call_method(tz_thread *th, tz_insn *pc, const char *name, const uint64_t *args, uint32_t n);

tz_code_fn tz_any_return;
/* th->fp is the frame that has returned `result`. Gives it to the waiting instruction. */
tz_insn *tz_any_finish(tz_thread *th, tz_word result);
