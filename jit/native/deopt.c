/* deopt.c: compiled code is left for the interpreter: the frames that the interpreter would have are written
 * to the VM stack, objects that exist in the frame state alone are made, and the instruction at hand goes on
 * there. The compiled frame is dead from then on.
 *
 * If it was the first of its section, the frames stand in the place of the section's entry, and the section
 * ends: nothing is left on the machine stack. Otherwise compiled code waits for its result: the frames stand
 * above the entry, are run to their end here, and their result is the compiled function's.
 * docs/optimizing.md, "Deoptimization". */
#include "any.h"
#include "baseline.h"
#include "error.h"
#include "log.h"
#include <stdlib.h>

uint64_t tz_native_deopt(tz_thread *th, const uint64_t *registers, const void *const *record);

enum { FEW_VIRTUALS = 16 };

/* What is known of the place. */
typedef struct deopt {
  tz_thread *th;
  const tz_native_code *code;
  const tz_states *states;
  const tz_state *state;
  const tz_native_operand *operands;
  const uint64_t *registers;
  const char *sp;
  const void *const *callers; /* the dead frame's own record */
  bool is_first;              /* of its section */
  tz_word **objects;          /* of the state's virtual objects: roots; NULL: could not be made */
} deopt;

/* ---- Values ---- */

static uint64_t extended(uint64_t value, uint8_t size) {
  switch (size) {
  case 1: return (uint8_t)value;
  case 2: return (uint64_t)(int16_t)value;
  case 4: return (uint64_t)(int32_t)value;
  default: return value;
  }
}

static uint64_t operand_value(const deopt *d, const tz_native_operand *o) {
  uint64_t value = 0;
  switch (o->place) {
  case TZ_PLACE_CONSTANT: return (uint64_t)o->value;
  case TZ_PLACE_ADDRESS: return (uint64_t)(uintptr_t)d->sp + (uint64_t)o->value;
  case TZ_PLACE_REGISTER: value = d->registers[o->reg]; break;
  default: memcpy(&value, d->sp + o->value, o->size < sizeof value ? o->size : sizeof value);
  }
  return extended(value, o->size);
}

static tz_word value_of(const deopt *d, const tz_state_value *v) {
  if (v->source == TZ_FROM_VIRTUAL) {
    const tz_word *root = d->objects[v->index];
    return root != NULL ? *root : (tz_word){.u = 0};
  }
  tz_word operand = {.u = operand_value(d, &d->operands[v->index])};
  switch ((tz_state_source)v->source) {
  case TZ_FROM_INT: return (tz_word){.u = tz_any_from_int(operand.i)};
  case TZ_FROM_FLOAT: return (tz_word){.u = tz_any_from_float(operand.f)};
  case TZ_FROM_BOOL: return (tz_word){.u = tz_any_from_bool(operand.i != 0)};
  default: return operand;
  }
}

/* ---- Objects ---- */

static void *make_object(tz_thread *th, const tz_state_virtual *v) {
  const tz_layout *layout = &v->cls->layout;
  return tz_layout_is_array(layout) ? tz_gc_alloc_array(&th->mutator, layout, v->length)
                                    : tz_gc_alloc(&th->mutator, layout);
}

/* Makes them all, as roots; how many roots. Fewer than there are: no memory. May collect: operands are read
 * afterwards. */
static uint32_t make_objects(deopt *d) {
  tz_thread *th = d->th;
  for (uint32_t i = 0; i < d->state->n_virtuals; i++) {
    void *object = make_object(th, &d->states->virtuals[d->state->first_virtual + i]);
    d->objects[i] = object != NULL ? tz_root_push(th, object) : NULL;
    if (d->objects[i] == NULL) return i;
  }
  return d->state->n_virtuals;
}

static void fill_array(tz_thread *th, tz_array *array, uint32_t i, tz_word value) {
  const tz_layout *layout = tz_object_layout((tz_object *)array);
  if (layout->kind == TZ_LAYOUT_REFS) tz_gc_store(&th->mutator, (tz_object *)array, &array->words[i], value);
  else if (tz_object_class(array)->type->element->kind == TZ_KIND_F32) array->f32[i] = (float)value.f;
  else memcpy(array->u8 + ((size_t)i << layout->elem_shift), &value, (size_t)1 << layout->elem_shift);
}

/* Objects made first may have grown old while the others were made: with the barrier. */
static void fill_object(const deopt *d, uint32_t i) {
  const tz_state_virtual *v = &d->states->virtuals[d->state->first_virtual + i];
  void *object = d->objects[i]->p;
  bool is_array = tz_layout_is_array(&v->cls->layout);
  for (uint32_t j = 0; j < v->n_values; j++) {
    const tz_state_value *value = &d->states->values[v->first_value + j];
    if (is_array) fill_array(d->th, object, value->slot, value_of(d, value));
    else tz_object_store(d->th, object, value->slot, value_of(d, value));
  }
}

/* ---- Frames ---- */

/* Slots from the frame of an outer state's function to that of the function it calls. */
static uint32_t callee_distance(const tz_state_frame *outer) {
  const tz_insn *list = tz_insn_list_of(outer->function->code + outer->pc);
  return list != NULL ? (uint16_t)list[0] : outer->function->n_registers + 1 + TZ_FRAME_HEADER;
}

static uint32_t first_distance(const deopt *d) { return d->is_first ? 0 : TZ_NATIVE_DISTANCE; }

/* Bytes above the section's entry that the frames take. */
static size_t frames_bytes(const deopt *d) {
  const tz_state_frame *frames = &d->states->frames[d->state->first_frame];
  size_t words = first_distance(d);
  for (uint32_t i = d->state->n_frames - 1; i > 0; i--) words += callee_distance(&frames[i]);
  return words * sizeof(tz_word) + frames[0].function->frame_bytes;
}

static void write_frame(const deopt *d, tz_word *fp, const tz_state_frame *frame) {
  TZ_FRAME_FUNCTION(fp) = frame->function;
  memset(fp, 0, frame->function->n_registers * sizeof *fp);
  for (uint32_t i = 0; i < frame->n_values; i++) {
    const tz_state_value *v = &d->states->values[frame->first_value + i];
    fp[v->slot] = value_of(d, v);
  }
}

/* The header of a frame that `outer` waits for: a call of any kind of value converts its result. */
static void link_frame(tz_word *fp, const tz_state_frame *outer, uint32_t distance) {
  tz_insn *pc = outer->function->code + outer->pc;
  bool is_dynamic = tz_insn_list_of(pc) == NULL || tz_insn_op(*pc) == TZ_OP_CALL_ANY;
  TZ_FRAME_CONTINUATION(fp) = (void *)(is_dynamic ? tz_any_return : tz_interp_return);
  TZ_FRAME_RETURN_PC(fp) = pc;
  if (tz_insn_list_of(pc) == NULL) fp[-4].u = distance;
}

/* Outermost first. Sets th->fp, th->pc to the innermost. */
static void write_frames(const deopt *d) {
  const tz_state_frame *frames = &d->states->frames[d->state->first_frame];
  uint32_t i = d->state->n_frames - 1;
  tz_word *fp = d->th->fp + first_distance(d);
  if (!d->is_first) tz_frame_mark_native(fp, d->callers);
  write_frame(d, fp, &frames[i]);
  while (i > 0) {
    uint32_t distance = callee_distance(&frames[i]);
    fp += distance;
    link_frame(fp, &frames[i], distance);
    write_frame(d, fp, &frames[--i]);
  }
  d->th->fp = fp;
  d->th->pc = frames[0].function->code + frames[0].pc;
}

/* ---- Going on ---- */

static void report(const deopt *d) {
  tz_vm *vm = d->th->vm;
  tz_native *n = tz_native_of(vm);
  const tz_state_frame *at = &d->states->frames[d->state->first_frame];
  n->n_deopts++;
  if (vm->options.trace_jit)
    fprintf(stderr, "deopt %s: at %s pc %u line %u: %s\n", d->code->function->name, at->function->name,
            at->pc, tz_function_line(at->function, at->pc), tz_deopt_text((tz_deopt_reason)d->state->reason));
  tz_log_deopt(vm->jit->log, d->code, d->state);
  if (n->deoptimized != NULL)
    n->deoptimized(vm, d->code, at->function, at->pc, (tz_deopt_reason)d->state->reason);
}

static bool reserve_frames(const deopt *d) {
  tz_thread *th = d->th;
  size_t bytes = frames_bytes(d);
  if ((char *)th->fp + bytes <= (char *)th->stack_limit || tz_process_grow_stack(th, bytes)) return true;
  return tz_raise_plain(th, TZ_ERROR_STACK_OVERFLOW);
}

/* Rebuilds the frames; false: StackOverflowError pending, as if the function had not been called. Without
 * memory for the objects the frames hold null in their place, and OutOfMemoryError is raised in the
 * innermost. */
static bool rebuild(deopt *d, const void *const *record) {
  tz_thread *th = d->th;
  th->native_top = record;
  bool ok = reserve_frames(d);
  uint32_t n = ok ? make_objects(d) : 0;
  th->native_top = NULL;
  if (!ok) return false;
  for (uint32_t i = n; i < d->state->n_virtuals; i++) d->objects[i] = NULL;
  for (uint32_t i = 0; i < n; i++) fill_object(d, i);
  write_frames(d);
  tz_root_pop(th, (int)n);
  if (n < d->state->n_virtuals && th->exception == 0) tz_raise_plain(th, TZ_ERROR_OUT_OF_MEMORY);
  return true;
}

static bool rebuild_state(deopt *d, const void *const *record) {
  tz_word *few[FEW_VIRTUALS];
  uint32_t n = d->state->n_virtuals;
  if (n <= FEW_VIRTUALS) {
    d->objects = few;
    return rebuild(d, record);
  }
  d->objects = malloc(n * sizeof *d->objects);
  if (d->objects == NULL) {
    d->th->native_top = record;
    tz_raise(d->th, TZ_ERROR_OUT_OF_MEMORY, "no memory to leave compiled code");
    d->th->native_top = NULL;
    return false;
  }
  bool ok = rebuild(d, record);
  free(d->objects);
  return ok;
}

/* registers: of the compiled frame, by DWARF number (stubs.S). An exception that is pending is raised at the
 * place. */
uint64_t tz_native_deopt(tz_thread *th, const uint64_t *registers, const void *const *record) {
  tz_native_code *code = (tz_native_code *)tz_native_code_at(th->vm, record[1]);
  const tz_safepoint *s = tz_native_safepoint(code, record[1]);
  deopt d = {.th = th,
             .code = code,
             .states = code->states,
             .state = &code->states->states[s->state],
             .operands = code->operands + s->first_operand,
             .registers = registers,
             .sp = (const char *)(record + 2),
             .callers = record[0]};
  d.is_first = tz_native_code_at(th->vm, d.callers[1]) == NULL;
  if (!rebuild_state(&d, record)) return 0;
  code->n_left++; /* no walk finds the dead frame, through which this returns */
  report(&d);
  tz_insn *pc = th->exception != 0 ? tz_unwind(th, th->pc) : th->pc;
  uint64_t result = 0;
  if (d.is_first) th->left_at = pc;
  else result = tz_native_run_frames(th, pc);
  code->n_left--;
  return result;
}
