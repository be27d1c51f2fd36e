/* core_number.c: numbers as text and back, always in the C locale's form. */
#include "library.h"
#include <locale.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

/* The C locale object is static in the C library: making it is cheap and needs no freeing. */
static locale_t c_locale(void) { return newlocale(LC_ALL_MASK, "C", (locale_t)0); }

/* printf in the C locale to a new buffer; -1: out of memory. */
static int print_in_c(char **to, const char *format, ...) __attribute__((format(printf, 2, 3)));
static int print_in_c(char **to, const char *format, ...) {
  va_list list;
  va_start(list, format);
  locale_t before = uselocale(c_locale());
  int n = vasprintf(to, format, list);
  uselocale(before);
  va_end(list);
  return n;
}

static int digit_value(uint8_t c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'z') return c - 'a' + 10;
  if (c >= 'A' && c <= 'Z') return c - 'A' + 10;
  return 99;
}

/* False if the text is no int of this radix, or one beyond 64 bits. */
static bool parse_int(const uint8_t *at, const uint8_t *end, int radix, int64_t *result) {
  bool is_negative = at < end && *at == '-';
  if (at < end && (*at == '-' || *at == '+')) at++;
  if (at == end) return false;
  int64_t value = 0; /* kept negative: its range is the larger */
  for (; at < end; at++) {
    int digit = digit_value(*at);
    if (digit >= radix || __builtin_mul_overflow(value, (int64_t)radix, &value) ||
        __builtin_sub_overflow(value, (int64_t)digit, &value))
      return false;
  }
  *result = value;
  return is_negative || !__builtin_sub_overflow((int64_t)0, value, result);
}

static bool str_to_int(tz_thread *th, tz_word *args) {
  tz_string *s = tz_arg_string(args, 0);
  TZ_REQUIRE(th, s);
  if (args[1].i < 2 || args[1].i > 36)
    return tz_raise(th, TZ_ERROR_ARGUMENT, "radix %lld", (long long)args[1].i);
  int64_t value;
  if (!parse_int(s->u8, s->u8 + s->length, (int)args[1].i, &value)) return tz_give_null(args);
  return tz_any_box_int(th, value, &args[0].u);
}

static const char *skip_digits(const char *at) {
  while (*at >= '0' && *at <= '9') at++;
  return at;
}

/* [sign] digits [. digits] [e [sign] digits], or nan, inf. */
static bool is_float(const char *at) {
  if (*at == '-' || *at == '+') at++;
  if (strcmp(at, "inf") == 0 || strcmp(at, "nan") == 0) return true;
  const char *digits = at;
  at = skip_digits(at);
  if (at == digits) return false;
  if (*at == '.') {
    digits = ++at;
    at = skip_digits(at);
    if (at == digits) return false;
  }
  if (*at == 'e' || *at == 'E') {
    at++;
    if (*at == '-' || *at == '+') at++;
    digits = at;
    at = skip_digits(at);
    if (at == digits) return false;
  }
  return *at == 0;
}

static bool str_to_float(tz_thread *th, tz_word *args) {
  tz_string *s = tz_arg_string(args, 0);
  TZ_REQUIRE(th, s);
  char small[64], *text = small;
  size_t n = (size_t)s->length;
  if (memchr(s->u8, 0, n) != NULL) return tz_give_null(args);
  if (n >= sizeof small && (text = tz_c_string(th, s)) == NULL) return false;
  if (text == small) memcpy(small, s->u8, n), small[n] = 0;
  bool ok = is_float(text);
  double value = ok ? strtod_l(text, NULL, c_locale()) : 0;
  if (text != small) free(text);
  args[0].u = ok ? tz_any_from_float(value) : TZ_ANY_NULL;
  return true;
}

static bool int_to_text(tz_thread *th, tz_word *args) {
  int64_t radix = args[1].i;
  if (radix < 2 || radix > 36) return tz_raise(th, TZ_ERROR_ARGUMENT, "radix %lld", (long long)radix);
  char text[72], *at = text + sizeof text;
  uint64_t left = args[0].i < 0 ? -(uint64_t)args[0].i : (uint64_t)args[0].i;
  do *--at = "0123456789abcdefghijklmnopqrstuvwxyz"[left % (uint64_t)radix];
  while ((left /= (uint64_t)radix) != 0);
  if (args[0].i < 0) *--at = '-';
  return tz_give_ref(args, tz_string_new(th, at, (size_t)(text + sizeof text - at)));
}

static bool give_printed(tz_thread *th, tz_word *args, char *text, int n) {
  if (n < 0) return tz_raise(th, TZ_ERROR_OUT_OF_MEMORY, "no memory for a number's text");
  tz_string *s = tz_string_new(th, text, (size_t)n);
  free(text);
  return tz_give_ref(args, s);
}

static bool float_to_fixed(tz_thread *th, tz_word *args) {
  if (args[1].i < 0 || args[1].i > 1000)
    return tz_raise(th, TZ_ERROR_ARGUMENT, "%lld digits", (long long)args[1].i);
  char *text;
  int n = print_in_c(&text, "%.*f", (int)args[1].i, args[0].f);
  return give_printed(th, args, text, n);
}

static bool float_to_text(tz_thread *th, tz_word *args) {
  char *text;
  int n, precision = (int)args[2].i;
  if (args[2].i < 0 || args[2].i > 1000)
    return tz_raise(th, TZ_ERROR_ARGUMENT, "precision %lld", (long long)args[2].i);
  switch (args[1].i) {
  case 'f': n = print_in_c(&text, args[3].i ? "%#.*f" : "%.*f", precision, args[0].f); break;
  case 'e': n = print_in_c(&text, args[3].i ? "%#.*e" : "%.*e", precision, args[0].f); break;
  case 'g': n = print_in_c(&text, args[3].i ? "%#.*g" : "%.*g", precision, args[0].f); break;
  default: return tz_raise(th, TZ_ERROR_ARGUMENT, "no such form of a float");
  }
  return give_printed(th, args, text, n);
}

static bool float_rem(tz_thread *th, tz_word *args) {
  (void)th;
  args[0].f = fmod(args[0].f, args[1].f);
  return true;
}

static bool float_round(tz_thread *th, tz_word *args) {
  (void)th;
  return tz_give_float(args, round(args[0].f));
}

bool tz_register_core_number(tz_vm *vm) {
  static const tz_native_def core[] = {
      {"strToInt", "(string,i64)any", str_to_int},   {"strToFloat", "(string)any", str_to_float},
      {"intToText", "(i64,i64)string", int_to_text}, {"floatToFixed", "(f64,i64)string", float_to_fixed},
      {"floatRound", "(f64)f64", float_round},       {"floatRem", "(f64,f64)f64", float_rem},
  };
  static const tz_native_def text[] = {{"floatToText", "(f64,i64,i64,bool)string", float_to_text}};
  return tz_natives_register_leaves(vm, "core", core, TZ_COUNT(core)) &&
         tz_natives_register_leaves(vm, "text", text, TZ_COUNT(text));
}
