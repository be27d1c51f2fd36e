/* value.c: text, equality and hash of any value, as Rima's str(), == and hash() have them.
 *
 * Machine objects (strings, arrays, boxed ints, errors) are handled here; others by their methods, called
 * from C. The depth of such calls is bounded by the VM, so cyclic structures end in StackOverflowError. */
#include "value.h"
#include "native_stack.h"
#include "class.h"
#include "error.h"
#include "interp.h"
#include <stdio.h>
#include <stdlib.h>

enum { TO_STRING, EQUALS, HASH }; /* vtable slots of every class */

bool tz_any_box_int(tz_thread *th, int64_t value, uint64_t *any) {
  if (tz_any_int_fits(value)) {
    *any = tz_any_from_int(value);
    return true;
  }
  void *box = tz_gc_alloc(&th->mutator, &th->vm->int_box_class->layout);
  if (box == NULL) return tz_raise(th, TZ_ERROR_OUT_OF_MEMORY, "no memory for a number");
  tz_object_fields(box)[0].i = value;
  *any = (uint64_t)(uintptr_t)box;
  return true;
}

static bool is_int(tz_vm *vm, uint64_t any, int64_t *value) {
  if (tz_any_is_int(any)) *value = tz_any_to_int(any);
  else if (tz_word_is_ref(any) && tz_object_class((void *)(uintptr_t)any) == vm->int_box_class)
    *value = tz_object_fields((void *)(uintptr_t)any)[0].i;
  else return false;
  return true;
}

static bool is_machine_method(const tz_class *cls, int slot) {
  return cls->vtable[slot] == cls->vm->object_class->vtable[slot];
}

static bool deeper(tz_thread *th) {
  if (th->native_depth >= TZ_NATIVE_DEPTH || !tz_native_has_room(th))
    return tz_raise(th, TZ_ERROR_STACK_OVERFLOW, "values nested too deeply");
  th->native_depth++;
  return true;
}

/* ---- text ---- */

static bool append(tz_thread *th, FILE *to, uint64_t any) {
  tz_string *s = tz_any_to_string(th, any);
  if (s != NULL) fwrite(s->u8, 1, (size_t)s->length, to);
  return s != NULL;
}

static uint64_t element_any(tz_thread *th, const tz_array *a, int64_t i, tz_kind kind) {
  uint64_t any = 0;
  switch (kind) {
  case TZ_KIND_U8: return tz_any_from_int(a->u8[i]);
  case TZ_KIND_I16: return tz_any_from_int(a->i16[i]);
  case TZ_KIND_I32: return tz_any_from_int(a->i32[i]);
  case TZ_KIND_F32: return tz_any_from_float(a->f32[i]);
  case TZ_KIND_F64: return tz_any_from_float(a->words[i].f);
  case TZ_KIND_I64: tz_any_box_int(th, a->words[i].i, &any); return any;
  case TZ_KIND_BOOL: return tz_any_from_bool(a->u8[i] != 0);
  default: return a->words[i].u;
  }
}

static tz_string *array_to_string(tz_thread *th, tz_array *a) {
  char *text = NULL;
  size_t bytes;
  FILE *to = open_memstream(&text, &bytes);
  tz_word *root = to ? tz_root_push(th, a) : NULL;
  if (root == NULL) {
    if (to != NULL) fclose(to), free(text);
    else tz_raise(th, TZ_ERROR_OUT_OF_MEMORY, "no memory for a text");
    return NULL;
  }
  tz_kind kind = tz_object_class(a)->type->element->kind;
  int64_t n = a->length;
  bool ok = true;
  fputc('[', to);
  for (int64_t i = 0; ok && i < n; i++) {
    if (i > 0) fputs(", ", to);
    uint64_t any = element_any(th, root->p, i, kind);
    ok = th->exception == 0 && append(th, to, any);
  }
  fputc(']', to);
  fclose(to);
  tz_root_pop(th, 1);
  tz_string *s = ok ? tz_string_new(th, text, bytes) : NULL;
  free(text);
  return s;
}

static tz_string *dyn_to_string(tz_thread *th, void *object) {
  char *text = NULL;
  size_t bytes;
  FILE *to = open_memstream(&text, &bytes);
  tz_word *root = to ? tz_root_push(th, object) : NULL;
  if (root == NULL) {
    if (to != NULL) fclose(to), free(text);
    return NULL;
  }
  tz_shape *shape = tz_object_class(object)->shape;
  bool ok = true;
  fputc('{', to);
  for (uint32_t i = 0; ok && i < shape->n_members; i++) {
    fprintf(to, "%s%s: ", i > 0 ? ", " : "", shape->names[i]);
    ok = append(th, to, tz_dyn_get_nogc(root->p, shape->names[i]).u);
  }
  fputc('}', to);
  fclose(to);
  tz_root_pop(th, 1);
  tz_string *s = ok ? tz_string_new(th, text, bytes) : NULL;
  free(text);
  return s;
}

static tz_string *error_to_string(tz_thread *th, void *error) {
  const char *name = tz_class_plain_name(tz_object_class(error));
  tz_string *message = tz_object_fields(error)[TZ_ERROR_MESSAGE].p;
  size_t n = strlen(name), m = message ? (size_t)message->length : 0;
  if (m == 0) return tz_string_new(th, name, n);
  tz_word *root = tz_root_push(th, message);
  if (root == NULL) return NULL;
  tz_string *s = tz_string_alloc(th, n + 2 + m);
  message = root->p;
  tz_root_pop(th, 1);
  if (s == NULL) return NULL;
  memcpy(s->u8, name, n);
  memcpy(s->u8 + n, ": ", 2);
  memcpy(s->u8 + n + 2, message->u8, m);
  return s;
}

static tz_string *formatted(tz_thread *th, const char *format, const char *name) {
  char text[256];
  int n = snprintf(text, sizeof text, format, name);
  return tz_string_new(th, text, n < (int)sizeof text ? (size_t)n : sizeof text - 1);
}

static tz_string *int_to_string(tz_thread *th, int64_t value) {
  char text[32];
  return tz_string_new(th, text, (size_t)tz_int_format(text, value));
}

tz_string *tz_machine_to_string(tz_thread *th, void *object) {
  tz_vm *vm = th->vm;
  tz_class *cls = tz_object_class(object);
  if (cls == vm->string_class) return object;
  if (cls == vm->int_box_class) return int_to_string(th, tz_object_fields(object)[0].i);
  if (tz_class_is_subclass(cls, vm->error_classes[TZ_ERROR_ERROR])) return error_to_string(th, object);
  if (cls->type->kind != TZ_KIND_ARRAY && !tz_class_is_dyn(cls))
    return formatted(th, cls->flags & TZ_CLASS_CLOSURE ? "<function %s>" : "<%s>",
                     cls->flags & TZ_CLASS_CLOSURE && cls->vtable[0] ? cls->vtable[0]->name
                                                                     : tz_class_plain_name(cls));
  if (!deeper(th)) return NULL;
  tz_string *s = tz_class_is_dyn(cls) ? dyn_to_string(th, object) : array_to_string(th, object);
  th->native_depth--;
  return s;
}

/* A closure's vtable slot 0 is its function, so closures are never asked by method. */
static bool asks_machine(const tz_class *cls, int slot) {
  return (cls->flags & TZ_CLASS_CLOSURE) || is_machine_method(cls, slot);
}

tz_string *tz_any_to_string(tz_thread *th, uint64_t any) {
  char text[32];
  if (any == 0) return tz_string_new(th, "null", 4);
  if (tz_any_is_bool(any))
    return tz_any_to_bool(any) ? tz_string_new(th, "true", 4) : tz_string_new(th, "false", 5);
  if (tz_any_is_int(any)) return int_to_string(th, tz_any_to_int(any));
  if (tz_any_is_float(any))
    return tz_string_new(th, text, (size_t)tz_float_format(text, tz_any_to_float(any)));
  void *object = (void *)(uintptr_t)any;
  tz_class *cls = tz_object_class(object);
  if (asks_machine(cls, TO_STRING)) return tz_machine_to_string(th, object);
  tz_word arg = {.p = object}, result;
  if (!tz_native_call(th, cls->vtable[TO_STRING], &arg, 1, &result)) return NULL;
  return result.p != NULL ? result.p : tz_string_new(th, "null", 4);
}

/* ---- equality ---- */

static bool number_equal(tz_vm *vm, uint64_t a, uint64_t b, bool *equal) {
  int64_t i, j;
  bool ai = is_int(vm, a, &i), bi = is_int(vm, b, &j), af = tz_any_is_float(a), bf = tz_any_is_float(b);
  if ((!ai && !af) || (!bi && !bf)) return false;
  if (ai && bi) *equal = i == j;
  else *equal = (ai ? (double)i : tz_any_to_float(a)) == (bi ? (double)j : tz_any_to_float(b));
  return true;
}

static bool arrays_equal(tz_thread *th, tz_array *a, tz_array *b, bool *equal) {
  tz_class *cls = tz_object_class(a);
  *equal = false;
  if (cls != tz_object_class(b) || a->length != b->length) return true;
  int64_t n = a->length;
  if (cls->layout.kind != TZ_LAYOUT_REFS && cls->type->element->rep != 'F' &&
      cls->type->element->kind != TZ_KIND_F32) {
    *equal = memcmp(a->u8, b->u8, (size_t)n << cls->layout.elem_shift) == 0;
    return true;
  }
  tz_word *roots = tz_root_push(th, a), *root_b = roots ? tz_root_push(th, b) : NULL;
  if (root_b == NULL) return false;
  *equal = true;
  bool ok = true;
  tz_kind kind = cls->type->element->kind;
  for (int64_t i = 0; ok && *equal && i < n; i++) {
    uint64_t x = element_any(th, roots->p, i, kind), y = element_any(th, root_b->p, i, kind);
    ok = tz_any_equal(th, x, y, equal);
  }
  tz_root_pop(th, 2);
  return ok;
}

static bool machine_equal(tz_thread *th, void *a, void *b, bool *equal) {
  tz_class *cls = tz_object_class(a);
  *equal = a == b;
  if (*equal || b == NULL || tz_object_class(b) != cls) return true;
  if (cls == th->vm->string_class) *equal = tz_string_equal(a, b);
  else if (cls == th->vm->int_box_class) *equal = tz_object_fields(a)[0].i == tz_object_fields(b)[0].i;
  else if (cls->type->kind == TZ_KIND_ARRAY) {
    if (!deeper(th)) return false;
    bool ok = arrays_equal(th, a, b, equal);
    th->native_depth--;
    return ok;
  }
  return true;
}

bool tz_machine_equals(tz_thread *th, void *a, void *b, bool *equal) {
  return machine_equal(th, a, b, equal);
}

bool tz_any_equal(tz_thread *th, uint64_t a, uint64_t b, bool *equal) {
  if (number_equal(th->vm, a, b, equal)) return true;
  *equal = a == b;
  if (*equal || !tz_word_is_ref(a) || !tz_any_is_ref_or_null(b)) return true;
  void *object = (void *)(uintptr_t)a;
  tz_class *cls = tz_object_class(object);
  if (asks_machine(cls, EQUALS)) return machine_equal(th, object, (void *)(uintptr_t)b, equal);
  tz_word args[2] = {{.u = a}, {.u = b}}, result;
  if (!tz_native_call(th, cls->vtable[EQUALS], args, 2, &result)) return false;
  *equal = result.i != 0;
  return true;
}

/* ---- hash ---- */

static int64_t mix(uint64_t h) {
  h = (h ^ h >> 32) * 0x9e3779b97f4a7c15u;
  return (int64_t)((h ^ h >> 29) & INT64_MAX);
}

static int64_t float_hash(double d) { /* floats equal to ints hash as those */
  if (d >= -0x1p63 && d < 0x1p63 && d == (double)(int64_t)d) return mix((uint64_t)(int64_t)d);
  uint64_t bits = TZ_ANY_NAN;
  if (d == d) memcpy(&bits, &d, 8);
  return mix(bits);
}

static bool array_hash(tz_thread *th, tz_array *a, int64_t *hash) {
  tz_word *root = tz_root_push(th, a);
  if (root == NULL) return false;
  uint64_t h = (uint64_t)a->length;
  int64_t n = a->length;
  tz_kind kind = tz_object_class(a)->type->element->kind;
  bool ok = true;
  for (int64_t i = 0; ok && i < n; i++) {
    int64_t one = 0;
    uint64_t any = element_any(th, root->p, i, kind);
    ok = th->exception == 0 && tz_any_hash(th, any, &one);
    h = h * 31 + (uint64_t)one;
  }
  tz_root_pop(th, 1);
  *hash = mix(h);
  return ok;
}

bool tz_machine_hash(tz_thread *th, void *object, int64_t *hash) {
  tz_class *cls = tz_object_class(object);
  if (cls == th->vm->string_class) *hash = tz_string_hash(object);
  else if (cls == th->vm->int_box_class) *hash = mix((uint64_t)tz_object_fields(object)[0].i);
  else if (cls->type->kind != TZ_KIND_ARRAY) *hash = tz_object_hash(th->vm->heap, object);
  else {
    if (!deeper(th)) return false;
    bool ok = array_hash(th, object, hash);
    th->native_depth--;
    return ok;
  }
  return true;
}

bool tz_any_hash(tz_thread *th, uint64_t any, int64_t *hash) {
  if (tz_any_is_int(any)) *hash = mix((uint64_t)tz_any_to_int(any));
  else if (tz_any_is_float(any)) *hash = float_hash(tz_any_to_float(any));
  else if (!tz_word_is_ref(any)) *hash = mix(any);
  else {
    void *object = (void *)(uintptr_t)any;
    tz_class *cls = tz_object_class(object);
    if (asks_machine(cls, HASH)) return tz_machine_hash(th, object, hash);
    tz_word arg = {.p = object}, result;
    if (!tz_native_call(th, cls->vtable[HASH], &arg, 1, &result)) return false;
    *hash = result.i;
  }
  return true;
}
