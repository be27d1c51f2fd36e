/* library.c: registration of all natives, and the helpers they share (library.h). */
#include "library.h"
#include <stdlib.h>

bool tz_classlib_register(tz_vm *vm) {
  return tz_register_core(vm) && tz_register_core_text(vm) && tz_register_core_number(vm) &&
         tz_register_math(vm) && tz_register_random(vm) && tz_register_time(vm) && tz_register_text(vm) &&
         tz_register_io(vm) && tz_register_io_path(vm) && tz_register_json(vm) && tz_register_env(vm) &&
         tz_register_process(vm) && tz_register_hash(vm) && tz_register_encoding(vm);
}

int tz_utf8_decode(const uint8_t *t, uint32_t *c) {
  if (t[0] < 0x80) return *c = t[0], 1;
  if (t[0] < 0xe0) return *c = (t[0] & 0x1fu) << 6 | (t[1] & 0x3fu), 2;
  if (t[0] < 0xf0) return *c = (t[0] & 0xfu) << 12 | (t[1] & 0x3fu) << 6 | (t[2] & 0x3fu), 3;
  *c = (t[0] & 7u) << 18 | (t[1] & 0x3fu) << 12 | (t[2] & 0x3fu) << 6 | (t[3] & 0x3fu);
  return 4;
}

int tz_utf8_encode(uint8_t to[4], uint32_t c) {
  if (c < 0x80) return to[0] = (uint8_t)c, 1;
  if (c < 0x800) {
    to[0] = (uint8_t)(0xc0 | c >> 6), to[1] = (uint8_t)(0x80 | (c & 0x3f));
    return 2;
  }
  if (c < 0x10000) {
    to[0] = (uint8_t)(0xe0 | c >> 12), to[1] = (uint8_t)(0x80 | (c >> 6 & 0x3f)),
    to[2] = (uint8_t)(0x80 | (c & 0x3f));
    return 3;
  }
  to[0] = (uint8_t)(0xf0 | c >> 18), to[1] = (uint8_t)(0x80 | (c >> 12 & 0x3f));
  to[2] = (uint8_t)(0x80 | (c >> 6 & 0x3f)), to[3] = (uint8_t)(0x80 | (c & 0x3f));
  return 4;
}

/* The length of the valid sequence at t, or 0. */
static size_t valid_sequence(const char *t, size_t left) {
  uint8_t lead = (uint8_t)t[0];
  size_t n = lead < 0x80 ? 1 : lead < 0xc2 ? 0 : lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : lead < 0xf5 ? 4 : 0;
  return n != 0 && n <= left && tz_utf8_is_valid(t, n) ? n : 0;
}

static tz_string *repaired(tz_thread *th, const char *bytes, size_t length) {
  char *fixed = malloc(length * 3 + 1);
  if (fixed == NULL) return tz_raise(th, TZ_ERROR_OUT_OF_MEMORY, "no memory for a text"), NULL;
  size_t n = 0;
  for (size_t i = 0; i < length;) {
    size_t taken = valid_sequence(bytes + i, length - i);
    if (taken == 0) {
      memcpy(fixed + n, "\xef\xbf\xbd", 3);
      n += 3, i += 1;
    } else {
      memcpy(fixed + n, bytes + i, taken);
      n += taken, i += taken;
    }
  }
  tz_string *s = tz_string_new(th, fixed, n);
  free(fixed);
  return s;
}

tz_string *tz_text_new(tz_thread *th, const char *bytes, size_t length) {
  if (TZ_LIKELY(tz_utf8_is_valid(bytes, length))) return tz_string_new(th, bytes, length);
  return repaired(th, bytes, length);
}

tz_array *tz_string_array_new(tz_thread *th, int64_t length) {
  tz_vm *vm = tz_thread_vm(th);
  return tz_array_new_of(th, tz_type_array(vm, tz_type_simple(vm, TZ_KIND_STRING)), length);
}

tz_array *tz_text_array_new(tz_thread *th, const char *const *texts, size_t count) {
  tz_array *array = tz_string_array_new(th, (int64_t)count);
  tz_word *root = array == NULL ? NULL : tz_root_push(th, array);
  if (root == NULL) return NULL;
  bool ok = true;
  for (size_t i = 0; ok && i < count; i++) {
    tz_string *s = tz_text_new(th, texts[i], strlen(texts[i]));
    ok = s != NULL;
    if (ok) tz_array_store_ref(th, root->p, (int64_t)i, s);
  }
  array = root->p;
  tz_root_pop(th, 1);
  return ok ? array : NULL;
}

char *tz_c_string(tz_thread *th, const tz_string *text) {
  size_t n = (size_t)text->length;
  if (memchr(text->u8, 0, n) != NULL)
    return tz_raise(th, TZ_ERROR_ARGUMENT, "a NUL character in a name"), NULL;
  char *copy = malloc(n + 1);
  if (copy == NULL) return tz_raise(th, TZ_ERROR_OUT_OF_MEMORY, "no memory for a text"), NULL;
  memcpy(copy, text->u8, n);
  copy[n] = 0;
  return copy;
}

bool tz_raise_io(tz_thread *th, const char *verb, const char *path, int error) {
  char reason[256];
  return tz_raise(th, TZ_ERROR_IO, "cannot %s '%s': %s", verb, path,
                  strerror_r(error, reason, sizeof reason));
}

void *tz_payload_new(tz_thread *th, const char *class_name, uint32_t bytes,
                     void (*finalize)(tz_vm *, void *)) {
  tz_class *cls = tz_native_class(tz_thread_vm(th), class_name, bytes, finalize);
  if (cls == NULL) return tz_raise(th, TZ_ERROR_OUT_OF_MEMORY, "no memory for class %s", class_name), NULL;
  return tz_native_object(th, cls);
}
