/* core.c: natives of module core that are not about text or numbers: output, conversion to text, arrays. */
#include "library.h"
#include "terza/gc.h"
#include <stdlib.h>

static bool print_to(tz_thread *th, int fd, const tz_string *text, bool has_newline) {
  tz_vm *vm = tz_thread_vm(th);
  TZ_REQUIRE(th, text);
  tz_vm_write(vm, fd, tz_string_bytes(text), (size_t)text->length);
  if (has_newline) tz_vm_write(vm, fd, "\n", 1);
  return true;
}
static bool core_print_line(tz_thread *th, tz_word *args) {
  return print_to(th, 1, tz_arg_string(args, 0), true);
}
static bool core_print_err_line(tz_thread *th, tz_word *args) {
  return print_to(th, 2, tz_arg_string(args, 0), true);
}
static bool core_print_text(tz_thread *th, tz_word *args) {
  return print_to(th, 1, tz_arg_string(args, 0), false);
}

static bool core_sleep(tz_thread *th, tz_word *args) {
  return tz_native_sleep(th, args[0].i > 0 ? args[0].i : 0);
}

static bool core_int_to_str(tz_thread *th, tz_word *args) {
  char text[32];
  return tz_give_ref(args, tz_string_new(th, text, (size_t)tz_int_format(text, args[0].i)));
}

static bool core_float_to_str(tz_thread *th, tz_word *args) {
  char text[32];
  return tz_give_ref(args, tz_string_new(th, text, (size_t)tz_float_format(text, args[0].f)));
}

static bool core_bool_to_str(tz_thread *th, tz_word *args) {
  return tz_give_ref(args, args[0].i ? tz_string_new(th, "true", 4) : tz_string_new(th, "false", 5));
}

static bool core_any_to_str(tz_thread *th, tz_word *args) {
  return tz_give_ref(args, tz_any_to_string(th, args[0].u));
}

/* Of a closure; -1 for any other value. */
static bool core_parameter_count(tz_thread *th, tz_word *args) {
  (void)th;
  return tz_give_int(args, tz_any_parameter_count(args[0].u));
}

static bool core_any_hash(tz_thread *th, tz_word *args) {
  int64_t hash;
  return tz_any_hash(th, args[0].u, &hash) && tz_give_int(args, hash);
}

static bool core_dyn_keys(tz_thread *th, tz_word *args) {
  return tz_give_ref(args, tz_dyn_keys(th, args[0].u));
}

/* ---- arrays ---- */

static bool is_array(const void *object) { return tz_object_class(object)->type->kind == TZ_KIND_ARRAY; }

static bool has_room(const tz_array *a, int64_t start, int64_t count) {
  return start >= 0 && count >= 0 && start <= a->length && count <= a->length - start;
}

static void *element_at(tz_array *a, int64_t index) {
  return a->u8 + ((size_t)index << tz_object_layout((tz_object *)a)->elem_shift);
}

static bool holds_refs(tz_array *a) { return tz_object_layout((tz_object *)a)->kind == TZ_LAYOUT_REFS; }

static bool core_array_copy(tz_thread *th, tz_word *args) {
  tz_array *from = args[0].p, *to = args[2].p;
  int64_t start = args[1].i, at = args[3].i, count = args[4].i;
  TZ_REQUIRE(th, from);
  TZ_REQUIRE(th, to);
  if (!is_array(from) || tz_object_class(from) != tz_object_class(to))
    return tz_raise(th, TZ_ERROR_ARGUMENT, "arrays of different kinds");
  if (!has_room(from, start, count) || !has_room(to, at, count))
    return tz_raise(
        th, TZ_ERROR_BOUNDS, "%lld elements from index %lld of an array of %lld to index %lld of one of %lld",
        (long long)count, (long long)start, (long long)from->length, (long long)at, (long long)to->length);
  if (holds_refs(to)) tz_gc_barrier_range(&th->mutator, (tz_object *)to, element_at(to, at), (size_t)count);
  memmove(element_at(to, at), element_at(from, start),
          (size_t)count << tz_object_layout((tz_object *)to)->elem_shift);
  return true;
}

static bool core_array_clear(tz_thread *th, tz_word *args) {
  tz_array *a = args[0].p;
  TZ_REQUIRE(th, a);
  if (!is_array(a)) return tz_raise(th, TZ_ERROR_ARGUMENT, "not an array");
  int64_t start = args[1].i, count = args[2].i - start;
  if (!has_room(a, start, count))
    return tz_raise(th, TZ_ERROR_BOUNDS, "%lld..%lld of an array of %lld", (long long)start,
                    (long long)args[2].i, (long long)a->length);
  if (holds_refs(a)) tz_gc_barrier_range(&th->mutator, (tz_object *)a, element_at(a, start), (size_t)count);
  memset(element_at(a, start), 0, (size_t)count << tz_object_layout((tz_object *)a)->elem_shift);
  return true;
}

static bool core_bytes_to_str(tz_thread *th, tz_word *args) {
  tz_array *bytes = args[0].p;
  TZ_REQUIRE(th, bytes);
  int64_t start = args[1].i, count = args[2].i - start;
  if (!has_room(bytes, start, count))
    return tz_raise(th, TZ_ERROR_BOUNDS, "%lld..%lld of an array of %lld", (long long)start,
                    (long long)args[2].i, (long long)bytes->length);
  const char *text = (const char *)bytes->u8 + start;
  if (TZ_UNLIKELY(!tz_utf8_is_valid(text, (size_t)count))) {
    char *copy = malloc((size_t)count);
    if (copy == NULL) return tz_raise(th, TZ_ERROR_OUT_OF_MEMORY, "no memory for a text");
    memcpy(copy, text, (size_t)count);
    tz_string *fixed = tz_text_new(th, copy, (size_t)count);
    free(copy);
    return tz_give_ref(args, fixed);
  }
  tz_string *s = tz_string_alloc(th, (size_t)count);
  if (s == NULL) return false;
  memcpy(s->u8, ((tz_array *)args[0].p)->u8 + start, (size_t)count);
  return tz_give_ref(args, s);
}

static bool core_bytes_put(tz_thread *th, tz_word *args) {
  tz_array *bytes = args[0].p;
  tz_string *text = args[2].p;
  TZ_REQUIRE(th, bytes);
  TZ_REQUIRE(th, text);
  if (!has_room(bytes, args[1].i, text->length))
    return tz_raise(th, TZ_ERROR_BOUNDS, "no room for %lld bytes at index %lld of an array of %lld",
                    (long long)text->length, (long long)args[1].i, (long long)bytes->length);
  memcpy(bytes->u8 + args[1].i, text->u8, (size_t)text->length);
  return true;
}

/* Gives how many bytes the number takes. */
static bool core_bytes_put_int(tz_thread *th, tz_word *args) {
  tz_array *bytes = args[0].p;
  TZ_REQUIRE(th, bytes);
  char text[32];
  int64_t n = tz_int_format(text, args[2].i);
  if (!has_room(bytes, args[1].i, n))
    return tz_raise(th, TZ_ERROR_BOUNDS, "no room for %lld bytes at index %lld of an array of %lld",
                    (long long)n, (long long)args[1].i, (long long)bytes->length);
  memcpy(bytes->u8 + args[1].i, text, (size_t)n);
  return tz_give_int(args, n);
}

bool tz_register_core(tz_vm *vm) {
  static const tz_native_def defs[] = {
      {"printLine", "(string)void", core_print_line}, {"printErrLine", "(string)void", core_print_err_line},
      {"printText", "(string)void", core_print_text}, {"sleep", "(i64)void", core_sleep},
      {"anyToStr", "(any)string", core_any_to_str},   {"anyHash", "(any)i64", core_any_hash},
  };
  static const tz_native_def leaves[] = {
      {"intToStr", "(i64)string", core_int_to_str},
      {"floatToStr", "(f64)string", core_float_to_str},
      {"boolToStr", "(bool)string", core_bool_to_str},
      {"parameterCount", "(any)i64", core_parameter_count},
      {"dynKeys", "(any)[string]", core_dyn_keys},
      {"arrayCopy", "(object,i64,object,i64,i64)void", core_array_copy},
      {"arrayClear", "(object,i64,i64)void", core_array_clear},
      {"bytesToStr", "([u8],i64,i64)string", core_bytes_to_str},
      {"bytesPut", "([u8],i64,string)void", core_bytes_put},
      {"bytesPutInt", "([u8],i64,i64)i64", core_bytes_put_int},
  };
  return tz_natives_register(vm, "core", defs, TZ_COUNT(defs)) &&
         tz_natives_register_leaves(vm, "core", leaves, TZ_COUNT(leaves));
}
