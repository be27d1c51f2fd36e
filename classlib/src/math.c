/* math.c: natives of modules math and random. */
#include "library.h"
#include <errno.h>
#include <math.h>
#include <sys/random.h>

#define UNARY(name)                                                                                          \
  static bool math_##name(tz_thread *th, tz_word *args) {                                                    \
    (void)th;                                                                                                \
    return tz_give_float(args, name(args[0].f));                                                             \
  }
#define BINARY(name)                                                                                         \
  static bool math_##name(tz_thread *th, tz_word *args) {                                                    \
    (void)th;                                                                                                \
    return tz_give_float(args, name(args[0].f, args[1].f));                                                  \
  }
#define EACH_UNARY(X)                                                                                        \
  X(sqrt)                                                                                                    \
  X(cbrt)                                                                                                    \
  X(exp)                                                                                                     \
  X(log) X(log2) X(log10) X(sin) X(cos) X(tan) X(asin) X(acos) X(atan) X(sinh) X(cosh) X(tanh) X(floor)      \
      X(ceil) X(round) X(trunc)
#define EACH_BINARY(X) X(pow) X(atan2) X(hypot) X(fmod)
EACH_UNARY(UNARY)
EACH_BINARY(BINARY)

/* A word's bits are the float's: only its reading changes. */
static bool math_same_bits(tz_thread *th, tz_word *args) {
  (void)th, (void)args;
  return true;
}

bool tz_register_math(tz_vm *vm) {
#define UNARY_DEF(name) {#name, "(f64)f64", math_##name},
#define BINARY_DEF(name) {#name, "(f64,f64)f64", math_##name},
  static const tz_native_def defs[] = {
      EACH_UNARY(UNARY_DEF) EACH_BINARY(BINARY_DEF){"fromBits", "(i64)f64", math_same_bits},
      {"bits", "(f64)i64", math_same_bits},
  };
  return tz_natives_register_leaves(vm, "math", defs, TZ_COUNT(defs));
}

/* ---- random ---- */

static bool raise_entropy(tz_thread *th) {
  return tz_raise_io(th, "read", "the system's random numbers", errno);
}

static bool random_entropy(tz_thread *th, tz_word *args) {
  int64_t value;
  if (getrandom(&value, sizeof value, 0) != sizeof value) return raise_entropy(th);
  return tz_give_int(args, value);
}

static bool random_secure_bytes(tz_thread *th, tz_word *args) {
  if (args[0].i < 0) return tz_raise(th, TZ_ERROR_ARGUMENT, "%lld bytes", (long long)args[0].i);
  tz_array *bytes = tz_array_new(th, TZ_KIND_U8, args[0].i);
  if (bytes == NULL) return false;
  for (int64_t at = 0; at < bytes->length;) {
    ssize_t n = getrandom(bytes->u8 + at, (size_t)(bytes->length - at), 0);
    if (n < 0 && errno != EINTR) return raise_entropy(th);
    if (n > 0) at += n;
  }
  return tz_give_ref(args, bytes);
}

bool tz_register_random(tz_vm *vm) {
  static const tz_native_def defs[] = {
      {"entropy", "()i64", random_entropy},
      {"secureBytes", "(i64)[u8]", random_secure_bytes},
  };
  return tz_natives_register_leaves(vm, "random", defs, TZ_COUNT(defs));
}
