/* any_member.c: members and elements of dynamic values: get.any, set.any, index.any, set.index.any.
 *
 * Invariant of a site's ways: a class has at most one way, and its slot and rep hold for all objects of that
 * class. */
#include "error.h"
#include "any.h"
#include "profile.h"

static inline tz_word *reg_a(tz_thread *th, const tz_insn *pc) { return &th->fp[tz_insn_a(*pc)]; }
static inline tz_word *reg_b(tz_thread *th, const tz_insn *pc) { return &th->fp[tz_insn_b(*pc)]; }
static inline tz_word *reg_c(tz_thread *th, const tz_insn *pc) { return &th->fp[tz_insn_c(*pc)]; }
static inline tz_site *site_c(tz_thread *th, const tz_insn *pc) {
  return (tz_site *)&TZ_FRAME_FUNCTION(th->fp)->k[tz_insn_c(*pc)];
}

/* ---- Looking names up ---- */

/* Levenshtein's distance, for names of sensible length; more than `limit` counts as limit + 1. */
static unsigned name_distance(const char *a, const char *b, unsigned limit) {
  enum { LONGEST = 40 };
  size_t m = strlen(a), n = strlen(b);
  if (m > LONGEST || n > LONGEST || (m > n ? m - n : n - m) > limit) return limit + 1;
  unsigned row[LONGEST + 1];
  for (unsigned j = 0; j <= n; j++) row[j] = j;
  for (unsigned i = 1; i <= m; i++) {
    unsigned diagonal = row[0];
    row[0] = i;
    for (unsigned j = 1; j <= n; j++) {
      unsigned replaced = diagonal + (a[i - 1] != b[j - 1]);
      unsigned best = row[j] < row[j - 1] ? row[j] + 1 : row[j - 1] + 1;
      diagonal = row[j];
      row[j] = replaced < best ? replaced : best;
    }
  }
  return row[n];
}

static void consider(const char *candidate, const char *name, unsigned *best, const char **nearest) {
  unsigned distance = name_distance(candidate, name, *best);
  if (distance >= *best) return;
  *best = distance;
  *nearest = candidate;
}

/* A member's name that may have been meant, or NULL. */
static const char *nearest_member(const tz_class *cls, const char *name) {
  unsigned best = 3;
  const char *nearest = NULL;
  for (uint32_t i = 0; i < cls->n_methods; i++) consider(cls->methods[i].name, name, &best, &nearest);
  for (uint32_t i = 0; i < cls->n_fields; i++) consider(cls->fields[i].name, name, &best, &nearest);
  return nearest;
}

tz_insn *tz_any_no_member(tz_thread *th, tz_insn *pc, uint64_t receiver, const char *name) {
  if (receiver == 0) return tz_throw(th, pc, TZ_ERROR_NULL_REF, "null has no member '%s'", name);
  const char *nearest =
      tz_word_is_ref(receiver) ? nearest_member(tz_object_class(tz_any_object(receiver)), name) : NULL;
  const char *owner = tz_value_kind_name(th, receiver);
  if (nearest == NULL) return tz_throw(th, pc, TZ_ERROR_MEMBER, "%s has no member '%s'", owner, name);
  return tz_throw(th, pc, TZ_ERROR_MEMBER, "%s has no member '%s'; did you mean '%s'?", owner, name, nearest);
}

/* The type that instances of a class have as parameters. */
static const tz_type *class_type(const tz_class *cls) {
  return cls == cls->vm->process_class ? tz_type_simple(cls->vm, TZ_KIND_PROCESS) : cls->type;
}

/* Values that are no objects; null has no type. */
static const tz_type *immediate_type(tz_thread *th, uint64_t any) {
  if (tz_any_is_bool(any)) return tz_type_simple(th->vm, TZ_KIND_BOOL);
  switch (tz_any_kind_of(th, any)) {
  case TZ_SAW_INT: return tz_type_simple(th->vm, TZ_KIND_I64);
  case TZ_SAW_FLOAT: return tz_type_simple(th->vm, TZ_KIND_F64);
  default: return NULL;
  }
}

tz_function *tz_any_find_method(tz_thread *th, uint64_t receiver, const char *name, uint32_t n_params) {
  if (name == NULL) return NULL;
  if (!tz_word_is_ref(receiver) || tz_any_kind_of(th, receiver) == TZ_SAW_INT) {
    const tz_type *type = immediate_type(th, receiver);
    return type != NULL ? tz_vm_find_dynamic(th->vm, type, name, n_params) : NULL;
  }
  const tz_class *cls = tz_object_class(tz_any_object(receiver));
  for (const tz_class *s = cls; s != NULL; s = s->super) {
    tz_function *f = tz_vm_find_dynamic(th->vm, class_type(s), name, n_params);
    if (f != NULL) return f;
  }
  return tz_class_find_method(cls, name);
}

/* What the machine keeps in its own objects is no member: buffers of channels, traces of errors, what
 * closures capture. */
static bool is_member(const tz_class *cls, uint32_t slot) {
  if (cls->flags & TZ_CLASS_CLOSURE) return false;
  if (tz_class_is_subclass(cls, cls->vm->error_classes[TZ_ERROR_ERROR])) return slot != TZ_ERROR_TRACE;
  return cls->module != NULL;
}

int32_t tz_any_find_field(const tz_class *cls, const char *name) {
  for (uint32_t i = 0; i < cls->n_fields; i++)
    if (cls->fields[i].name == name && is_member(cls, i)) return (int32_t)i;
  return -1;
}

/* Where objects of a class keep a member. False: nowhere. */
static bool locate_member(const tz_class *cls, const char *name, tz_site_way *way) {
  int32_t slot = cls->shape != NULL ? tz_shape_find(cls->shape, name) : tz_any_find_field(cls, name);
  if (slot < 0) return false;
  uint8_t rep = TZ_MEMBER_DYNAMIC;
  if (cls->shape == NULL) {
    uint8_t kind = cls->fields[slot].type->rep;
    rep = kind == 'R' || kind == 'Y' ? TZ_MEMBER_WORD : TZ_MEMBER_TYPED;
  }
  *way = (tz_site_way){.cls = (uint32_t)(uintptr_t)cls, .count = 1};
  way->member.slot = slot;
  way->member.rep = rep;
  return true;
}

/* The way of cls in the site, made if there is room; *spare serves when there is none. NULL: no such member.
 */
static tz_site_way *find_way(tz_site *site, const tz_class *cls, tz_site_way *spare) {
  for (int i = 0; i < TZ_SITE_WAYS; i++) {
    tz_site_way *way = &site->way[i];
    if (way->cls == (uint32_t)(uintptr_t)cls) {
      tz_site_count(way);
      return way;
    }
    if (way->cls == 0) return locate_member(cls, site->name, way) ? way : NULL;
  }
  site->misses += site->misses != UINT32_MAX;
  return locate_member(cls, site->name, spare) ? spare : NULL;
}

static tz_word *member_word(void *object, const tz_site_way *way) {
  tz_word *fields = tz_object_fields(object);
  return way->member.rep == TZ_MEMBER_DYNAMIC
             ? &((tz_array *)fields[TZ_DYN_MEMBERS].p)->words[way->member.slot]
             : &fields[way->member.slot];
}

/* ---- Members ---- */

static bool has_members(tz_thread *th, uint64_t any) {
  return tz_word_is_ref(any) && tz_any_kind_of(th, any) == TZ_SAW_OTHER;
}

/* A method as a value: the function named &method makes it. */
static tz_insn *get_method(tz_thread *th, tz_insn *pc, uint64_t receiver, const char *name) {
  tz_function *f = tz_any_find_method(th, receiver, tz_symbol_join(th->vm, "&", "", name), 1);
  if (f == NULL) return tz_any_no_member(th, pc, receiver, name);
  return tz_any_call_operator(th, pc, f, &receiver, 1);
}

tz_insn *tz_slow_get_any(tz_thread *th, tz_insn *pc) {
  tz_site *site = site_c(th, pc);
  uint64_t receiver = reg_b(th, pc)->u;
  if (!has_members(th, receiver)) return get_method(th, pc, receiver, site->name);
  const tz_class *cls = tz_object_class(tz_any_object(receiver));
  tz_site_way spare, *way = find_way(site, cls, &spare);
  if (way == NULL)
    return tz_class_is_dyn(cls) ? tz_any_done(th, pc, TZ_ANY_NULL) : get_method(th, pc, receiver, site->name);
  tz_word word = *member_word(tz_any_object(receiver), way);
  if (way->member.rep == TZ_MEMBER_TYPED &&
      !tz_any_from_word(th, cls->fields[way->member.slot].type, word, &word.u))
    return tz_unwind(th, pc);
  return tz_any_done(th, pc, word.u);
}

static tz_insn *set_dynamic(tz_thread *th, tz_insn *pc, const char *name) {
  if (!tz_dyn_set(th, reg_b(th, pc), name, reg_a(th, pc))) return tz_unwind(th, pc);
  return pc + 1;
}

tz_insn *tz_slow_set_any(tz_thread *th, tz_insn *pc) {
  tz_site *site = site_c(th, pc);
  uint64_t receiver = reg_b(th, pc)->u;
  if (!has_members(th, receiver)) return tz_any_no_member(th, pc, receiver, site->name);
  void *object = tz_any_object(receiver);
  const tz_class *cls = tz_object_class(object);
  tz_site_way spare, *way = find_way(site, cls, &spare);
  if (way == NULL)
    return tz_class_is_dyn(cls) ? set_dynamic(th, pc, site->name)
                                : tz_any_no_member(th, pc, receiver, site->name);
  if (way->member.rep == TZ_MEMBER_DYNAMIC) {
    tz_array *members = tz_object_fields(object)[TZ_DYN_MEMBERS].p;
    tz_gc_store(&th->mutator, (tz_object *)members, &members->words[way->member.slot], *reg_a(th, pc));
    return pc + 1;
  }
  if (tz_class_is_fixed(cls, (uint32_t)way->member.slot))
    return tz_throw(th, pc, TZ_ERROR_MEMBER, "member '%s' of %s cannot be assigned", site->name, cls->name);
  const tz_type *type = cls->fields[way->member.slot].type;
  tz_word value;
  if (!tz_any_convert_nogc(th, type, reg_a(th, pc)->u, &value))
    return tz_throw(th, pc, TZ_ERROR_CAST, "member '%s' of %s cannot be %s", site->name, cls->name,
                    tz_value_kind_name(th, reg_a(th, pc)->u));
  tz_gc_store(&th->mutator, object, member_word(object, way), value);
  return pc + 1;
}

tz_insn *tz_slow_new_dyn(tz_thread *th, tz_insn *pc) {
  void *object = tz_dyn_new(th);
  if (object == NULL) return tz_unwind(th, pc);
  return tz_any_done(th, pc, (uint64_t)(uintptr_t)object);
}

/* ---- Elements ---- */

static const tz_class *class_of(uint64_t any) {
  return tz_word_is_ref(any) ? tz_object_class(tz_any_object(any)) : NULL;
}

static bool is_array(const tz_class *cls) {
  return cls != NULL && cls->type != NULL && cls->type->kind == TZ_KIND_ARRAY;
}

static tz_insn *bad_index(tz_thread *th, tz_insn *pc, int64_t index, int64_t length) {
  return tz_throw(th, pc, TZ_ERROR_BOUNDS, "index %lld out of bounds for length %lld", (long long)index,
                  (long long)length);
}

/* An element as a dynamic value. MAY COLLECT for i64. */
static bool load_element(tz_thread *th, const tz_array *array, const tz_type *element, int64_t i,
                         uint64_t *any) {
  switch (element->kind) {
  case TZ_KIND_U8: *any = tz_any_from_int(array->u8[i]); return true;
  case TZ_KIND_BOOL: *any = tz_any_from_bool(array->u8[i] != 0); return true;
  case TZ_KIND_I16: *any = tz_any_from_int(array->i16[i]); return true;
  case TZ_KIND_I32: *any = tz_any_from_int(array->i32[i]); return true;
  case TZ_KIND_F32: *any = tz_any_from_float((double)array->f32[i]); return true;
  default: return tz_any_from_word(th, element, array->words[i], any);
  }
}

/* False: the value does not convert to the element's type. */
static bool store_element(tz_thread *th, tz_array *array, const tz_type *element, int64_t i, uint64_t any) {
  tz_any_kind kind = tz_any_kind_of(th, any);
  tz_word word;
  switch (element->kind) {
  case TZ_KIND_U8:
  case TZ_KIND_I16:
  case TZ_KIND_I32:
    if (kind != TZ_SAW_INT) return false;
    word.i = tz_any_int_value(any);
    if (element->kind == TZ_KIND_U8) array->u8[i] = (uint8_t)word.i;
    else if (element->kind == TZ_KIND_I16) array->i16[i] = (int16_t)word.i;
    else array->i32[i] = (int32_t)word.i;
    return true;
  case TZ_KIND_F32:
    if (kind > TZ_SAW_FLOAT) return false;
    array->f32[i] = (float)tz_any_float_value(th, any);
    return true;
  case TZ_KIND_BOOL:
    if (!tz_any_convert_nogc(th, element, any, &word)) return false;
    array->u8[i] = (uint8_t)word.i;
    return true;
  default:
    if (!tz_any_convert_nogc(th, element, any, &word)) return false;
    if (element->rep == 'R' || element->rep == 'Y')
      tz_gc_store(&th->mutator, (tz_object *)array, &array->words[i], word);
    else array->words[i] = word;
    return true;
  }
}

/* The interned text of a string used as a member's name. NULL: out of memory, pending. */
static const char *member_symbol(tz_thread *th, const tz_string *s) {
  const char *name = tz_symbol(th->vm, tz_string_bytes(s), (size_t)s->length);
  if (name == NULL) tz_raise(th, TZ_ERROR_OUT_OF_MEMORY, "no memory for a member's name");
  return name;
}

static unsigned index_form(tz_thread *th, const tz_class *cls, tz_any_kind index) {
  if (index != TZ_SAW_INT) return TZ_INDEX_OTHER;
  if (cls == th->vm->any_array_class) return TZ_INDEX_ARRAY;
  if (cls == th->vm->string_class) return TZ_INDEX_STRING;
  return is_array(cls) ? TZ_INDEX_TYPED : TZ_INDEX_OTHER;
}

static void note_index(tz_thread *th, tz_insn *pc, const tz_class *cls, tz_any_kind index) {
  unsigned seen = index_form(th, cls, index);
  if (seen == TZ_INDEX_TYPED) tz_profile_method(th, pc, cls, NULL);
  if (seen & ~tz_insn_x(*pc)) *pc |= (tz_insn)seen << 8;
}

tz_insn *tz_slow_index_any(tz_thread *th, tz_insn *pc) {
  uint64_t operands[2] = {reg_b(th, pc)->u, reg_c(th, pc)->u};
  const tz_class *cls = class_of(operands[0]);
  tz_any_kind index_kind = tz_any_kind_of(th, operands[1]);
  note_index(th, pc, cls, index_kind);
  if (cls != NULL && index_kind == TZ_SAW_INT && (is_array(cls) || cls == th->vm->string_class)) {
    tz_array *array = tz_any_object(operands[0]);
    int64_t i = tz_any_int_value(operands[1]);
    if ((uint64_t)i >= (uint64_t)array->length) return bad_index(th, pc, i, array->length);
    if (cls == th->vm->string_class) return tz_any_done(th, pc, tz_any_from_int(array->u8[i]));
    uint64_t any;
    if (!load_element(th, array, cls->type->element, i, &any)) return tz_unwind(th, pc);
    return tz_any_done(th, pc, any);
  }
  if (cls != NULL && tz_class_is_dyn(cls) && index_kind == TZ_SAW_STRING) {
    const char *name = member_symbol(th, tz_any_object(operands[1]));
    if (name == NULL) return tz_unwind(th, pc);
    return tz_any_done(th, pc, tz_dyn_get_nogc(tz_any_object(operands[0]), name).u);
  }
  return tz_any_call_method(th, pc, "get", operands, 2);
}

tz_insn *tz_slow_set_index_any(tz_thread *th, tz_insn *pc) {
  uint64_t operands[3] = {reg_b(th, pc)->u, reg_c(th, pc)->u, reg_a(th, pc)->u};
  const tz_class *cls = class_of(operands[0]);
  tz_any_kind index_kind = tz_any_kind_of(th, operands[1]);
  note_index(th, pc, cls, index_kind);
  if (is_array(cls) && index_kind == TZ_SAW_INT) {
    tz_array *array = tz_any_object(operands[0]);
    int64_t i = tz_any_int_value(operands[1]);
    if ((uint64_t)i >= (uint64_t)array->length) return bad_index(th, pc, i, array->length);
    if (store_element(th, array, cls->type->element, i, operands[2])) return pc + 1;
    return tz_throw(th, pc, TZ_ERROR_CAST, "%s cannot be an element of %s",
                    tz_value_kind_name(th, operands[2]), cls->name);
  }
  if (cls != NULL && tz_class_is_dyn(cls) && index_kind == TZ_SAW_STRING) {
    const char *name = member_symbol(th, tz_any_object(operands[1]));
    return name != NULL ? set_dynamic(th, pc, name) : tz_unwind(th, pc);
  }
  return tz_any_call_method(th, pc, "set", operands, 3);
}
