/* string.c: strings: header | length in bytes | UTF-8. Immutable once their maker has filled them.
 *
 * The content hash is cached in the header's hash bits; it is the same in every run. */
#include "class.h"
#include "internals.h"
#include "slow.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

tz_string *tz_string_alloc(tz_thread *th, size_t bytes) {
  tz_layout *layout = &th->vm->string_class->layout;
  tz_string *s = (tz_string *)tz_gc_alloc_array(&th->mutator, layout, (int64_t)bytes);
  if (s == NULL) tz_raise(th, TZ_ERROR_OUT_OF_MEMORY, "the memory limit is reached");
  return s;
}

tz_string *tz_string_new(tz_thread *th, const char *utf8, size_t bytes) {
  tz_string *s = tz_string_alloc(th, bytes);
  if (s != NULL && bytes > 0) memcpy(s->u8, utf8, bytes);
  return s;
}

static const char null_text[] = "null";

tz_string *tz_string_join(tz_thread *th, tz_word *const *parts, uint32_t n) {
  size_t bytes = 0;
  for (uint32_t i = 0; i < n; i++) {
    const tz_string *part = parts[i]->p;
    bytes += part != NULL ? (size_t)part->length : sizeof null_text - 1;
  }
  for (uint32_t i = 0; i < n; i++) { /* the others are empty */
    tz_string *part = parts[i]->p;
    if (part != NULL && (size_t)part->length == bytes) return part;
  }
  tz_string *joined = tz_string_alloc(th, bytes);
  if (joined == NULL) return NULL;
  uint8_t *to = joined->u8;
  for (uint32_t i = 0; i < n; i++) {
    const tz_string *part = parts[i]->p;
    size_t length = part != NULL ? (size_t)part->length : sizeof null_text - 1;
    to = mempcpy(to, part != NULL ? (const char *)part->u8 : null_text, length);
  }
  return joined;
}

static uint32_t bytes_hash(const uint8_t *at, size_t n) {
  uint64_t h = 0x9e3779b97f4a7c15u ^ n;
  for (; n >= 8; at += 8, n -= 8) {
    uint64_t w;
    memcpy(&w, at, 8);
    h = (h ^ w) * 0xff51afd7ed558ccdu;
    h ^= h >> 32;
  }
  uint64_t w = 0;
  memcpy(&w, at, n);
  h = (h ^ w) * 0xc4ceb9fe1a85ec53u;
  h ^= h >> 29;
  h *= 0xff51afd7ed558ccdu;
  uint32_t bits = (uint32_t)(h >> 38);
  return bits != 0 ? bits : 1;
}

uint32_t tz_string_hash(tz_string *s) {
  uint32_t hash = tz_object_hash_bits((tz_object *)s);
  return hash != 0 ? hash : tz_object_set_hash_bits((tz_object *)s, bytes_hash(s->u8, (size_t)s->length));
}

bool tz_string_equal(const tz_string *a, const tz_string *b) {
  if (a == b) return true;
  if (a == NULL || b == NULL || a->length != b->length) return false;
  uint32_t ha = tz_object_hash_bits((const tz_object *)a), hb = tz_object_hash_bits((const tz_object *)b);
  if (ha != 0 && hb != 0 && ha != hb) return false;
  return memcmp(a->u8, b->u8, (size_t)a->length) == 0;
}

int tz_string_compare(const tz_string *a, const tz_string *b) {
  size_t n = (size_t)(a->length < b->length ? a->length : b->length);
  int order = memcmp(a->u8, b->u8, n);
  return order != 0 ? order : (a->length > b->length) - (a->length < b->length);
}

bool tz_string_matches(const tz_string *s, const tz_string *part, int64_t at) {
  bool fits = at >= 0 && at <= s->length && part->length <= s->length - at;
  return fits && memcmp(s->u8 + at, part->u8, (size_t)part->length) == 0;
}

int64_t tz_string_find(const tz_string *s, const tz_string *part, int64_t start) {
  if (start < 0) start = 0;
  if (start > s->length) return -1;
  const uint8_t *from = s->u8 + start;
  const uint8_t *found = memmem(from, (size_t)(s->length - start), part->u8, (size_t)part->length);
  return found == NULL ? -1 : found - s->u8;
}

tz_string *tz_string_permanent(tz_vm *vm, const char *utf8, size_t bytes) {
  const char *symbol = tz_symbol(vm, utf8, bytes);
  if (symbol == NULL) return NULL;
  tz_string *s = tz_ptr_map_get(&vm->internals->strings, symbol);
  if (s != NULL) return s;
  const tz_layout *layout = &vm->string_class->layout;
  s = (tz_string *)tz_gc_alloc_permanent(vm->heap, layout, tz_layout_bytes(layout, (int64_t)bytes));
  if (s == NULL) return NULL;
  s->length = (int64_t)bytes;
  if (bytes > 0) memcpy(s->u8, utf8, bytes);
  tz_string_hash(s);
  return tz_ptr_map_put(&vm->internals->strings, symbol, s) ? s : NULL;
}

/* ---- UTF-8 ---- */

static size_t utf8_sequence(const uint8_t *s,
                            size_t n) { /* bytes of the valid code point at s, 0 if malformed */
  uint8_t c = s[0];
  if (c < 0x80) return 1;
  size_t length = c >= 0xf0 ? 4 : c >= 0xe0 ? 3 : 2;
  if (c < 0xc2 || c > 0xf4 || n < length) return 0;
  uint8_t low = 0x80,
          high = 0xbf; /* the second byte excludes overlong forms, surrogates, and what is past 10ffff */
  if (c == 0xe0) low = 0xa0;
  if (c == 0xed) high = 0x9f;
  if (c == 0xf0) low = 0x90;
  if (c == 0xf4) high = 0x8f;
  if (s[1] < low || s[1] > high) return 0;
  for (size_t i = 2; i < length; i++)
    if ((s[i] & 0xc0) != 0x80) return 0;
  return length;
}

bool tz_utf8_is_valid(const char *text, size_t n) {
  const uint8_t *s = (const uint8_t *)text, *end = s + n;
  while (s < end) {
    uint64_t w;
    if (end - s >= 8 && (memcpy(&w, s, 8), (w & 0x8080808080808080u) == 0)) {
      s += 8;
      continue;
    }
    size_t step = utf8_sequence(s, (size_t)(end - s));
    if (step == 0) return false;
    s += step;
  }
  return true;
}

/* ---- numbers ---- */

int tz_int_format(char to[32], int64_t x) {
  static const char pairs[] =
      "0001020304050607080910111213141516171819202122232425262728293031323334353637383940414243444546474849"
      "5051525354555657585960616263646566676869707172737475767778798081828384858687888990919293949596979899";
  char digits[24], *d = digits + sizeof digits;
  uint64_t u = x < 0 ? -(uint64_t)x : (uint64_t)x;
  for (; u >= 100; u /= 100) memcpy(d -= 2, pairs + u % 100 * 2, 2);
  if (u >= 10) memcpy(d -= 2, pairs + u * 2, 2);
  else *--d = (char)('0' + u);
  if (x < 0) *--d = '-';
  int n = (int)(digits + sizeof digits - d);
  memcpy(to, d, (size_t)n);
  to[n] = 0;
  return n;
}

/* The least precision that reads back. Every decimal of up to 15 digits is unique among normal doubles, so
 * its trailing zeros may go; among denormals even fewer digits can do. */
static int shortest_digits(char text[40], double x) {
  int first = fabs(x) < 0x1p-1022 ? 0 : 14;
  for (int precision = first; precision <= 16; precision++) {
    snprintf(text, 40, "%.*e", precision, x);
    if (strtod(text, NULL) == x) return precision + 1;
  }
  return 17;
}

/* digits[n] with the point after the first, times 10^exponent, in the notation of native.h. */
static int layout_digits(char *to, const char *digits, int n, int exponent) {
  char *o = to;
  if (exponent < -5 || exponent >= 16) {
    *o++ = digits[0];
    if (n > 1) {
      *o++ = '.';
      memcpy(o, digits + 1, (size_t)n - 1);
      o += n - 1;
    }
    return (int)(o - to) + sprintf(o, "e%d", exponent);
  }
  int i = 0;
  if (exponent < 0) *o++ = '0';
  for (; i <= exponent; i++) *o++ = i < n ? digits[i] : '0';
  *o++ = '.';
  for (int zeros = -1; zeros > exponent; zeros--) *o++ = '0';
  if (i >= n) *o++ = '0';
  for (; i < n; i++) *o++ = digits[i];
  *o = 0;
  return (int)(o - to);
}

int tz_float_format(char to[32], double x) {
  if (x != x) return sprintf(to, "nan");
  if (isinf(x)) return sprintf(to, x > 0 ? "inf" : "-inf");
  char *o = to;
  if (signbit(x)) *o++ = '-', x = -x;
  if (x == 0) return (int)(o - to) + sprintf(o, "0.0");
  if (x < 1e15 && x == (double)(int64_t)x) { /* the common case of whole numbers */
    o += tz_int_format(o, (int64_t)x);
    return (int)(o - to) + sprintf(o, ".0");
  }
  char text[40], digits[20];
  int n = shortest_digits(text, x);
  digits[0] = text[0];
  if (n > 1) memcpy(digits + 1, text + 2, (size_t)n - 1);
  while (n > 1 && digits[n - 1] == '0') n--;
  return (int)(o - to) + layout_digits(o, digits, n, atoi(strchr(text, 'e') + 1));
}
