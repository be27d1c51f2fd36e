/* slow.c: out-of-line work of opcodes on typed values: budget, errors, allocation, barriers, type tests,
 * strings.
 *
 * Contract: slow.h. On entry th->pc, th->fp, th->budget are those of the instruction at pc. */
#include "slow.h"
#include "error.h"
#include "profile.h"

/* ---- Operands of the instruction at pc ---- */

static inline tz_word *reg_a(tz_thread *th, const tz_insn *pc) { return &th->fp[tz_insn_a(*pc)]; }
static inline tz_word *reg_b(tz_thread *th, const tz_insn *pc) { return &th->fp[tz_insn_b(*pc)]; }
static inline tz_word *reg_c(tz_thread *th, const tz_insn *pc) { return &th->fp[tz_insn_c(*pc)]; }
static inline tz_word *constants(tz_thread *th) { return TZ_FRAME_FUNCTION(th->fp)->k; }

/* ---- Budget and stack ---- */

/* Nothing changes steps_left between giving a slice and accounting for it, so both compute the same. */
static int64_t slice_size(const tz_thread *th) {
  int64_t stress = th->vm->options.stress_budget;
  uint64_t size = stress > 0 ? (uint64_t)stress : TZ_BUDGET;
  return (int64_t)(size < th->steps_left ? size : th->steps_left);
}

void tz_interp_set_step_limit(tz_thread *th, int64_t steps) {
  th->steps_left = steps > 0 ? (uint64_t)steps : UINT64_MAX;
  th->budget = slice_size(th);
}

void tz_interp_init(tz_thread *th) {
  memcpy(th->dispatch, tz_interp_table, sizeof th->dispatch);
  th->profile_left = th->profile_slices = TZ_PROFILE_SLICES;
  tz_interp_set_step_limit(th, th->vm->options.step_limit);
}

tz_insn *tz_slow_budget(tz_thread *th, tz_insn *pc) {
  if (th->steps_left != UINT64_MAX) {
    th->steps_left -= (uint64_t)slice_size(th);
    if (th->steps_left == 0) return tz_throw(th, pc, TZ_ERROR_STEP_LIMIT, NULL);
  }
  tz_function *f = TZ_FRAME_FUNCTION(th->fp);
  f->heat += f->heat != UINT32_MAX;
  tz_profile_slice(th);
  tz_gc_safepoint_stress(&th->mutator);
  th->budget = slice_size(th);
  tz_insn *next = th->vm->hooks.budget != NULL ? th->vm->hooks.budget(th, f, pc) : pc;
  return next != pc ? next : tz_scheduler_tick(th, pc);
}

tz_insn *tz_slow_stack(tz_thread *th, tz_insn *pc, tz_function *f) {
  bool is_tail = tz_interp_is_tail_call(*pc);
  size_t below = is_tail ? 0 : (uint16_t)pc[1] * sizeof(tz_word);
  if (tz_process_grow_stack(th, below + f->frame_bytes)) return pc;
  return tz_throw(th, pc, TZ_ERROR_STACK_OVERFLOW, NULL);
}

tz_word *tz_frame_reserve(tz_thread *th, uint32_t words, const tz_function *f) {
  size_t bytes = words * sizeof(tz_word) + f->frame_bytes;
  if ((char *)th->fp + bytes > (char *)th->stack_limit && !tz_process_grow_stack(th, bytes)) {
    tz_raise_plain(th, TZ_ERROR_STACK_OVERFLOW);
    return NULL;
  }
  return th->fp + words;
}

/* ---- Errors ---- */

tz_insn *tz_slow_null(tz_thread *th, tz_insn *pc) { return tz_throw(th, pc, TZ_ERROR_NULL_REF, NULL); }

tz_insn *tz_slow_division(tz_thread *th, tz_insn *pc) { return tz_throw(th, pc, TZ_ERROR_DIVISION, NULL); }

tz_insn *tz_slow_bounds(tz_thread *th, tz_insn *pc) {
  uint8_t op = tz_insn_op(*pc);
  int64_t length;
  if (op == TZ_OP_LIST_LOAD || op == TZ_OP_LIST_STORE || op == TZ_OP_LIST_STORE_R)
    length = tz_object_fields(reg_b(th, pc)->p)[1].i;
  else length = ((tz_array *)reg_b(th, pc)->p)->length;
  return tz_throw(th, pc, TZ_ERROR_BOUNDS, "index %lld out of bounds for length %lld",
                  (long long)reg_c(th, pc)->i, (long long)length);
}

tz_insn *tz_slow_throw(tz_thread *th, tz_insn *pc) {
  uint64_t error = reg_a(th, pc)->u;
  if (error == 0) return tz_throw(th, pc, TZ_ERROR_NULL_REF, "null cannot be thrown");
  th->exception = error;
  return tz_unwind(th, pc);
}

/* ---- Allocation ---- */

static tz_insn *out_of_memory(tz_thread *th, tz_insn *pc) {
  return tz_throw(th, pc, TZ_ERROR_OUT_OF_MEMORY, NULL);
}

tz_insn *tz_slow_new(tz_thread *th, tz_insn *pc) {
  const tz_class *cls = constants(th)[(uint32_t)tz_insn_d(*pc)].p;
  void *object = tz_gc_alloc(&th->mutator, &cls->layout);
  if (object == NULL) return out_of_memory(th, pc);
  reg_a(th, pc)->p = object;
  return pc + 1;
}

tz_array *tz_array_new_checked(tz_thread *th, const tz_type *type, int64_t length) {
  void *array = length >= 0 ? tz_gc_alloc_array(&th->mutator, &type->class_->layout, length) : NULL;
  if (length < 0) tz_raise(th, TZ_ERROR_ARGUMENT, "an array cannot have length %lld", (long long)length);
  else if (array == NULL) tz_raise_plain(th, TZ_ERROR_OUT_OF_MEMORY);
  return array;
}

tz_insn *tz_slow_new_array(tz_thread *th, tz_insn *pc) {
  tz_array *array = tz_array_new_checked(th, constants(th)[tz_insn_c(*pc)].p, reg_b(th, pc)->i);
  if (array == NULL) return tz_unwind(th, pc);
  reg_a(th, pc)->p = array;
  return pc + 1;
}

/* ---- Stores behind the write barrier ---- */

static tz_insn *store_reference(tz_thread *th, tz_insn *pc, void *object, tz_word *slot) {
  tz_gc_store(&th->mutator, object, slot, *reg_a(th, pc));
  return pc + 1;
}

tz_insn *tz_slow_putf_r(tz_thread *th, tz_insn *pc) {
  void *object = reg_b(th, pc)->p;
  return store_reference(th, pc, object, &tz_object_fields(object)[tz_insn_c(*pc)]);
}

tz_insn *tz_slow_store_r(tz_thread *th, tz_insn *pc) {
  tz_array *array = reg_b(th, pc)->p;
  return store_reference(th, pc, array, &array->words[reg_c(th, pc)->i]);
}

tz_insn *tz_slow_list_store_r(tz_thread *th, tz_insn *pc) {
  tz_array *array = tz_object_fields(reg_b(th, pc)->p)[0].p;
  return store_reference(th, pc, array, &array->words[reg_c(th, pc)->i]);
}

/* ---- Type tests ---- */

/* A boxed int is an int, not an object. */
static bool accepts(tz_thread *th, const tz_type *type, uint64_t value) {
  if (!tz_word_is_ref(value)) return false;
  void *object = (void *)(uintptr_t)value;
  return tz_object_class(object) != th->vm->int_box_class && tz_type_accepts(type, object);
}

tz_insn *tz_slow_is(tz_thread *th, tz_insn *pc) {
  reg_a(th, pc)->i = accepts(th, constants(th)[tz_insn_c(*pc)].p, reg_b(th, pc)->u);
  return pc + 1;
}

tz_insn *tz_slow_cast(tz_thread *th, tz_insn *pc) {
  const tz_type *type = constants(th)[tz_insn_c(*pc)].p;
  uint64_t value = reg_b(th, pc)->u;
  if (value == 0 || accepts(th, type, value)) {
    reg_a(th, pc)->u = value;
    return pc + 1;
  }
  return tz_throw(th, pc, TZ_ERROR_CAST, "%s is not %s", tz_value_kind_name(th, value),
                  type->class_ != NULL ? type->class_->name : "a function of this type");
}

static int compare_itable(uintptr_t interface, const tz_itable *entry) {
  uintptr_t at = (uintptr_t)entry->interface;
  return interface < at ? -1 : interface > at;
}

tz_function *tz_interface_method_nogc(const tz_class *cls, const tz_class *interface, uint32_t method) {
  uint32_t low = 0, high = cls->n_itables;
  while (low < high) {
    uint32_t middle = (low + high) / 2;
    int order = compare_itable((uintptr_t)interface, &cls->itables[middle]);
    if (order == 0) return cls->itables[middle].methods[method];
    if (order < 0) high = middle;
    else low = middle + 1;
  }
  __builtin_trap(); /* a value of an interface's type implements it: verified */
}

/* ---- Strings ---- */

/* Different strings of equal length. */
tz_insn *tz_slow_eq_s(tz_thread *th, tz_insn *pc) {
  const tz_string *s = reg_b(th, pc)->p, *t = reg_c(th, pc)->p;
  reg_a(th, pc)->i = memcmp(s->u8, t->u8, (size_t)s->length) == 0;
  return pc + 1;
}

tz_insn *tz_slow_concat(tz_thread *th, tz_insn *pc) {
  tz_word *parts[UINT8_MAX];
  uint32_t n = tz_insn_x(*pc);
  for (uint32_t i = 0; i < n; i++) parts[i] = &th->fp[tz_insn_arg(pc + 1, i)];
  tz_string *joined = tz_string_join(th, parts, n);
  if (joined == NULL) return tz_unwind(th, pc);
  reg_a(th, pc)->p = joined;
  return pc + 1 + tz_insn_list_words(n);
}
