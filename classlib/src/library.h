/* library.h: what the natives of the class library share: argument checks, results, text of doubtful origin.
 *
 * A reference argument may be null even where Rima's type says otherwise (a fresh array of texts holds
 * nulls), so every native checks those it uses. Pointers into heap objects die at every call marked "may
 * collect"; natives then read args[] again. */
#pragma once
#include "terza/classlib.h"

bool tz_register_core(tz_vm *vm);
bool tz_register_core_text(tz_vm *vm);
bool tz_register_core_number(tz_vm *vm);
bool tz_register_math(tz_vm *vm);
bool tz_register_random(tz_vm *vm);
bool tz_register_time(tz_vm *vm);
bool tz_register_text(tz_vm *vm);
bool tz_register_io(tz_vm *vm);
bool tz_register_io_path(tz_vm *vm);
bool tz_register_json(tz_vm *vm);
bool tz_register_env(tz_vm *vm);
bool tz_register_process(tz_vm *vm);
bool tz_register_hash(tz_vm *vm);
bool tz_register_encoding(tz_vm *vm);

#define TZ_COUNT(array) (sizeof(array) / sizeof(array)[0])

/* Raises NullError and makes the native return false unless the arguments are there. */
#define TZ_REQUIRE(th, pointer)                                                                              \
  do {                                                                                                       \
    if (TZ_UNLIKELY((pointer) == NULL)) return tz_raise((th), TZ_ERROR_NULL_REF, "an argument is null");     \
  } while (0)

/* Results. A NULL reference means that an exception is pending. */
static inline bool tz_give_int(tz_word *args, int64_t value) {
  args[0].i = value;
  return true;
}
static inline bool tz_give_float(tz_word *args, double value) {
  args[0].f = value;
  return true;
}
static inline bool tz_give_ref(tz_word *args, void *object) {
  args[0].p = object;
  return object != NULL;
}
static inline bool tz_give_null(tz_word *args) {
  args[0].u = TZ_ANY_NULL;
  return true;
}

/* UTF-8, one code point at a time. Decoding expects valid text; encoding a valid code point. */
static inline bool tz_utf8_is_start(uint8_t byte) { return (byte & 0xc0) != 0x80; }
static inline bool tz_code_point_is_valid(int64_t c) {
  return c >= 0 && c <= 0x10ffff && (c < 0xd800 || c > 0xdfff);
}
int tz_utf8_decode(const uint8_t *text, uint32_t *code_point); /* bytes taken */
int tz_utf8_encode(uint8_t to[4], uint32_t code_point);        /* bytes put */

/* A string of bytes that may not be UTF-8: what is wrong becomes U+FFFD. `bytes` is C memory. May collect. */
tz_string *tz_text_new(tz_thread *th, const char *bytes, size_t length);

/* An array of strings, filled from C memory. May collect. */
tz_array *tz_text_array_new(tz_thread *th, const char *const *texts, size_t count);
tz_array *tz_string_array_new(tz_thread *th, int64_t length); /* all null */

/* A NUL-terminated copy to be freed, or NULL with an exception pending: out of memory, or a NUL inside (as in
 * a path). */
char *tz_c_string(tz_thread *th, const tz_string *text);

/* Raises IoError "cannot VERB 'path': reason of the error number". */
bool tz_raise_io(tz_thread *th, const char *verb, const char *path, int error);

/* An object of a native class, made on first use; NULL: exception pending. May collect. Payloads move with
 * their objects: what a helper thread is to see lies in C memory, to which the payload points. */
void *tz_payload_new(tz_thread *th, const char *class_name, uint32_t bytes,
                     void (*finalize)(tz_vm *, void *payload));
