/* any_call.c: calls with dynamic arguments: call.any, tail.any, and the methods behind operators.
 *
 * A way whose cls is a class without further bits (TZ_WAY_…) leads to a method or closure that takes and
 * gives dynamic values as they are: the handler calls it. */
#include "any.h"
#include "profile.h"
#include "terza/opcode.h"

/* What a dynamic call leads to. */
typedef struct callee {
  tz_function *f; /* NULL: nothing */
  uint64_t first; /* its first argument: the receiver, or the closure */
  bool by_class;  /* depends on the receiver's class alone, and first is the receiver */
} callee;

/* ---- Frames ---- */

static const char *type_name(const tz_type *type) {
  switch (type->rep) {
  case 'I': return type->kind == TZ_KIND_BOOL ? "a bool" : "an int";
  case 'F': return "a float";
  default: return type->class_ != NULL ? type->class_->name : "a function of its type";
  }
}

static tz_insn *wrong_count(tz_thread *th, tz_insn *pc, const tz_function *f, uint32_t n) {
  return tz_throw(th, pc, TZ_ERROR_ARGUMENT, "%s takes %u arguments, not %u", f->name, f->n_params - 1,
                  n - 1);
}

static tz_insn *wrong_argument(tz_thread *th, tz_insn *pc, const tz_function *f, uint32_t i, uint64_t any) {
  return tz_throw(th, pc, TZ_ERROR_CAST, "argument %u of %s is %s, not %s", i, f->name,
                  tz_value_kind_name(th, any), type_name(f->signature->params[i]));
}

/* Writes the header and makes the frame current; its arguments are in place. */
static tz_insn *enter_frame(tz_thread *th, tz_insn *pc, tz_word *frame, tz_function *f) {
  TZ_FRAME_CONTINUATION(frame) = (void *)tz_any_return;
  TZ_FRAME_RETURN_PC(frame) = pc;
  TZ_FRAME_FUNCTION(frame) = f;
  th->fp = frame;
  return (tz_insn *)tz_code_enter;
}

tz_insn *tz_any_call_operator(tz_thread *th, tz_insn *pc, tz_function *f, const uint64_t *args, uint32_t n) {
  if (n != f->n_params) return wrong_count(th, pc, f, n);
  uint32_t distance = TZ_FRAME_FUNCTION(th->fp)->n_registers + 1 + TZ_FRAME_HEADER;
  tz_word *frame = tz_frame_reserve(th, distance, f);
  if (frame == NULL) return tz_unwind(th, pc);
  for (uint32_t i = 0; i < n; i++)
    if (!tz_any_convert_nogc(th, f->signature->params[i], args[i], &frame[i]))
      return wrong_argument(th, pc, f, i, args[i]);
  frame[-1 - TZ_FRAME_HEADER].u = distance;
  return enter_frame(th, pc, frame, f);
}

tz_insn *tz_any_call_method(tz_thread *th, tz_insn *pc, const char *name, const uint64_t *args, uint32_t n) {
  const char *symbol = tz_symbol(th->vm, name, strlen(name));
  if (symbol == NULL) return tz_throw(th, pc, TZ_ERROR_OUT_OF_MEMORY, NULL);
  tz_function *f = tz_any_find_method(th, args[0], symbol, n);
  if (f == NULL) return tz_any_no_member(th, pc, args[0], name);
  if (tz_word_is_ref(args[0])) tz_profile_method(th, pc, tz_object_class(tz_any_object(args[0])), f);
  return tz_any_call_operator(th, pc, f, args, n);
}

/* Calls for call.any and tail.any at pc, which have an argument list. */
static tz_insn *call_listed(tz_thread *th, tz_insn *pc, const callee *c) {
  tz_function *f = c->f;
  uint32_t n = tz_insn_x(*pc);
  uint16_t distance = (uint16_t)pc[1];
  if (tz_frame_reserve(th, distance, f) == NULL) return tz_unwind(th, pc);
  tz_word *fp = th->fp, *frame = fp + distance;
  for (uint32_t i = 0; i < n; i++) {
    uint64_t any = i == 0 ? c->first : fp[tz_insn_arg(pc + 1, i)].u;
    if (!tz_any_convert_nogc(th, f->signature->params[i], any, &frame[i]))
      return wrong_argument(th, pc, f, i, any);
  }
  return enter_frame(th, pc, frame, f);
}

/* ---- Results ---- */

/* The answer of equals or compareTo, whatever its type says. */
static int64_t answer(uint64_t any) {
  return tz_any_is_bool(any) ? tz_any_to_bool(any) : tz_any_is_int(any) ? tz_any_to_int(any) : 0;
}

static const tz_insn return_first[1] = {TZ_OP_RET}; /* of register 0 */

tz_insn *tz_any_finish(tz_thread *th, tz_word result) {
  const tz_type *type = TZ_FRAME_FUNCTION(th->fp)->signature->result;
  tz_insn *pc = tz_frame_call_pc(th->fp);
  th->fp = tz_frame_caller(th->fp);
  th->pc = pc;
  uint64_t any;
  if (!tz_any_from_word(th, type, result, &any)) return tz_unwind(th, pc);
  switch (tz_insn_op(*pc)) {
  case TZ_OP_TAIL_ANY:
    th->fp[0].u = any; /* no one looks at this frame again */
    return (tz_insn *)return_first;
  case TZ_OP_CALL_ANY: return tz_any_done(th, pc, any) + tz_insn_list_words(tz_insn_x(*pc));
  case TZ_OP_EQ_ANY: return tz_any_done(th, pc, answer(any) != 0);
  case TZ_OP_LT_ANY: return tz_any_done(th, pc, answer(any) < 0);
  case TZ_OP_LE_ANY: return tz_any_done(th, pc, answer(any) <= 0);
  case TZ_OP_SET_ANY:
  case TZ_OP_SET_INDEX_ANY: return pc + 1;
  default: return tz_any_done(th, pc, any);
  }
}

/* ---- Finding the callee ---- */

int tz_any_parameter_count(uint64_t any) {
  if (!tz_word_is_ref(any)) return -1;
  const tz_class *cls = tz_object_class(tz_any_object(any));
  return cls->flags & TZ_CLASS_CLOSURE ? (int)cls->vtable[0]->n_params - 1 : -1;
}

/* A value that is called itself: a closure, or an object with `invoke`. */
static callee find_value(tz_thread *th, uint64_t value, uint32_t n_params) {
  callee c = {.first = value, .by_class = true};
  if (!tz_word_is_ref(value)) return c;
  const tz_class *cls = tz_object_class(tz_any_object(value));
  if (cls->flags & TZ_CLASS_CLOSURE) c.f = cls->vtable[0];
  else c.f = tz_any_find_method(th, value, tz_symbol(th->vm, "invoke", 6), n_params);
  return c;
}

static callee call_member(tz_thread *th, uint64_t value, uint32_t n_params) {
  callee c = find_value(th, value, n_params);
  c.by_class = false;
  return c;
}

static int32_t closure_field(const tz_class *cls, const char *name) {
  int32_t slot = tz_any_find_field(cls, name);
  return slot >= 0 && (cls->fields[slot].type->rep == 'R' || cls->fields[slot].type->rep == 'Y') ? slot : -1;
}

static callee find_named(tz_thread *th, uint64_t receiver, const char *name, uint32_t n_params,
                         int32_t *shape_slot) {
  if (tz_word_is_ref(receiver)) {
    tz_word *fields = tz_object_fields(tz_any_object(receiver));
    const tz_class *cls = tz_object_class(tz_any_object(receiver));
    if (tz_class_is_dyn(cls)) {
      int32_t slot = tz_shape_find(cls->shape, name);
      *shape_slot = slot;
      if (slot >= 0) return call_member(th, ((tz_array *)fields[TZ_DYN_MEMBERS].p)->words[slot].u, n_params);
    } else if (tz_class_find_method(cls, name) == NULL) {
      int32_t field = closure_field(cls, name);
      if (field >= 0) return call_member(th, fields[field].u, n_params);
    }
  }
  return (callee){
      .f = tz_any_find_method(th, receiver, name, n_params), .first = receiver, .by_class = receiver != 0};
}

/* Takes and gives dynamic values as they are; the receiver's class is that of the site's way. */
static bool is_dynamic(const tz_function *f) {
  uint8_t result = f->signature->result->rep;
  if (result != 'Y' && result != 'R' && !(result == 'N' && f->native == NULL)) return false;
  if (f->signature->params[0]->rep != 'R' && f->signature->params[0]->rep != 'Y') return false;
  for (uint32_t i = 1; i < f->n_params; i++)
    if (f->signature->params[i]->rep != 'Y') return false;
  return true;
}

tz_function *tz_any_find_plain_method(tz_thread *th, uint64_t receiver, const char *name, uint32_t n_params) {
  if (!tz_word_is_ref(receiver)) return NULL;
  const tz_class *cls = tz_object_class(tz_any_object(receiver));
  if (tz_class_is_dyn(cls) || tz_class_find_method(cls, name) == NULL) return NULL;
  tz_function *f = tz_any_find_method(th, receiver, name, n_params);
  return f != NULL && f->n_params == n_params && is_dynamic(f) ? f : NULL;
}

static void note_shape(tz_site *site, uint32_t cls, int32_t slot) {
  for (int i = 0; i < TZ_SITE_WAYS; i++)
    if (site->way[i].cls == 0) {
      site->way[i] = (tz_site_way){.cls = cls | TZ_WAY_SHAPE, .count = 1};
      site->way[i].member.slot = slot;
      return;
    }
  site->misses += site->misses != UINT32_MAX;
}

/* What a way of the receiver has as its cls, but for the bits of a class; null: 0. */
static uint32_t way_key(tz_thread *th, uint64_t receiver) {
  if (tz_word_is_ref(receiver)) return (uint32_t)(uintptr_t)tz_object_class(tz_any_object(receiver));
  return receiver != 0 ? tz_way_of_kind(tz_any_kind_of(th, receiver)) : 0;
}

static bool is_way_of(const tz_site_way *way, uint32_t key) {
  return tz_way_is_immediate(way) ? way->cls == key : (way->cls & ~(uint32_t)TZ_WAY_BITS) == key;
}

/* The callee by the site's ways. f is NULL if they do not know the receiver's class. */
static callee find_cached(tz_thread *th, tz_site *site, uint64_t receiver, uint32_t n_params) {
  callee c = {.first = receiver, .by_class = true};
  void *object = tz_any_object(receiver);
  uint32_t key = way_key(th, receiver);
  for (int i = 0; i < TZ_SITE_WAYS && site->way[i].cls != 0; i++) {
    tz_site_way *way = &site->way[i];
    if (!is_way_of(way, key)) continue;
    if (!tz_way_is_immediate(way) && way->cls & TZ_WAY_SHAPE) {
      tz_site_count(way);
      return call_member(
          th, ((tz_array *)tz_object_fields(object)[TZ_DYN_MEMBERS].p)->words[way->member.slot].u, n_params);
    }
    if (way->target != NULL) tz_site_count(way);
    c.f = way->target;
    return c;
  }
  return c;
}

/* Strings and arrays: what Rima compiles to an instruction when it knows the type. */
static bool has_length(tz_thread *th, uint64_t any) {
  if (!tz_word_is_ref(any)) return false;
  const tz_class *cls = tz_object_class(tz_any_object(any));
  return cls == th->vm->string_class || (cls->type != NULL && cls->type->kind == TZ_KIND_ARRAY);
}

/* Methods that need no function: of every value, and the length. False: not one of them. */
static bool call_basic(tz_thread *th, uint64_t receiver, const char *name, uint64_t other, uint32_t n,
                       uint64_t *result, bool *ok) {
  int64_t hash;
  bool equal;
  if (n == 1 && strcmp(name, "toString") == 0) {
    tz_string *text = tz_any_to_string(th, receiver);
    *ok = text != NULL;
    *result = (uint64_t)(uintptr_t)text;
  } else if (n == 1 && strcmp(name, "hash") == 0) {
    *ok = tz_any_hash(th, receiver, &hash) && tz_any_box_int(th, hash, result);
  } else if (n == 2 && strcmp(name, "equals") == 0) {
    *ok = tz_any_equal(th, receiver, other, &equal);
    *result = tz_any_from_bool(equal);
  } else if (n == 1 && strcmp(name, "len") == 0 && has_length(th, receiver)) {
    *result = tz_any_from_int(((tz_array *)tz_any_object(receiver))->length);
    *ok = true;
  } else {
    return false;
  }
  return true;
}

static tz_insn *no_callee(tz_thread *th, tz_insn *pc, tz_site *site, uint64_t receiver, uint64_t called) {
  if (site->name == NULL || called != receiver)
    return tz_throw(th, pc, called == 0 ? TZ_ERROR_NULL_REF : TZ_ERROR_CAST, "%s cannot be called",
                    tz_value_kind_name(th, called));
  uint64_t other = tz_insn_x(*pc) > 1 ? th->fp[tz_insn_arg(pc + 1, 1)].u : 0, result;
  bool ok;
  if (receiver == 0 || !call_basic(th, receiver, site->name, other, tz_insn_x(*pc), &result, &ok))
    return tz_any_no_member(th, pc, receiver, site->name);
  if (!ok) return tz_unwind(th, pc);
  if (strcmp(site->name, "len") == 0) tz_site_note(site, way_key(th, receiver) | TZ_WAY_CONVERTS, NULL);
  if (tz_insn_op(*pc) == TZ_OP_CALL_ANY)
    return tz_any_done(th, pc, result) + tz_insn_list_words(tz_insn_x(*pc));
  th->fp[0].u = result;
  return (tz_insn *)return_first;
}

tz_insn *tz_slow_call_any(tz_thread *th, tz_insn *pc) {
  tz_site *site = (tz_site *)&TZ_FRAME_FUNCTION(th->fp)->k[tz_insn_c(*pc)];
  uint64_t receiver = th->fp[tz_insn_arg(pc + 1, 0)].u;
  uint32_t n = tz_insn_x(*pc);
  callee c = find_cached(th, site, receiver, n);
  bool is_new = c.f == NULL;
  int32_t slot = -1;
  if (is_new)
    c = site->name == NULL ? find_value(th, receiver, n) : find_named(th, receiver, site->name, n, &slot);
  if (c.f == NULL) return no_callee(th, pc, site, receiver, c.first);
  if (c.f->n_params != n) return wrong_count(th, pc, c.f, n);
  if (is_new) {
    uint32_t key = way_key(th, receiver);
    if (slot >= 0) note_shape(site, key, slot);
    else if (c.by_class) tz_site_note(site, is_dynamic(c.f) ? key : key | TZ_WAY_CONVERTS, c.f);
  }
  if (--th->budget < 0) return tz_slow_budget(th, pc);
  return call_listed(th, pc, &c);
}
