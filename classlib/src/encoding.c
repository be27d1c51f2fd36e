/* encoding.c: natives of modules encoding and json: bytes and texts in other clothes.
 *
 * Each encoder computes the result's length first, then fills a string of that length. */
#include "library.h"
#include <ctype.h>
#include <stdlib.h>

static const char HEX[] = "0123456789abcdef";

static bool encoding_hex(tz_thread *th, tz_word *args) {
  TZ_REQUIRE(th, args[0].p);
  tz_string *s = tz_string_alloc(th, (size_t)((tz_array *)args[0].p)->length * 2);
  if (s == NULL) return false;
  tz_array *bytes = args[0].p;
  for (int64_t i = 0; i < bytes->length; i++) {
    s->u8[i * 2] = (uint8_t)HEX[bytes->u8[i] >> 4];
    s->u8[i * 2 + 1] = (uint8_t)HEX[bytes->u8[i] & 15];
  }
  return tz_give_ref(args, s);
}

static int hex_value(uint8_t c) {
  if (c >= '0' && c <= '9') return c - '0';
  c |= 0x20;
  return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static bool encoding_hex_decode(tz_thread *th, tz_word *args) {
  tz_string *s = args[0].p;
  TZ_REQUIRE(th, s);
  if (s->length % 2 != 0) return tz_give_null(args);
  for (int64_t i = 0; i < s->length; i++)
    if (hex_value(s->u8[i]) < 0) return tz_give_null(args);
  tz_array *bytes = tz_array_new(th, TZ_KIND_U8, s->length / 2);
  if (bytes == NULL) return false;
  s = args[0].p;
  for (int64_t i = 0; i < bytes->length; i++)
    bytes->u8[i] = (uint8_t)(hex_value(s->u8[i * 2]) << 4 | hex_value(s->u8[i * 2 + 1]));
  return tz_give_ref(args, bytes);
}

static bool encoding_base64(tz_thread *th, tz_word *args) {
  static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  TZ_REQUIRE(th, args[0].p);
  tz_string *s = tz_string_alloc(th, (size_t)(((tz_array *)args[0].p)->length + 2) / 3 * 4);
  if (s == NULL) return false;
  tz_array *bytes = args[0].p;
  uint8_t *to = s->u8;
  for (int64_t i = 0; i < bytes->length; i += 3) {
    int64_t left = bytes->length - i;
    uint32_t group = (uint32_t)bytes->u8[i] << 16 | (left > 1 ? (uint32_t)bytes->u8[i + 1] << 8 : 0) |
                     (left > 2 ? bytes->u8[i + 2] : 0);
    *to++ = (uint8_t)letters[group >> 18];
    *to++ = (uint8_t)letters[group >> 12 & 63];
    *to++ = left > 1 ? (uint8_t)letters[group >> 6 & 63] : '=';
    *to++ = left > 2 ? (uint8_t)letters[group & 63] : '=';
  }
  return tz_give_ref(args, s);
}

static int base64_value(uint8_t c) {
  if (c >= 'A' && c <= 'Z') return c - 'A';
  if (c >= 'a' && c <= 'z') return c - 'a' + 26;
  if (c >= '0' && c <= '9') return c - '0' + 52;
  return c == '+' || c == '-' ? 62 : c == '/' || c == '_' ? 63 : -1;
}

static bool encoding_base64_decode(tz_thread *th, tz_word *args) {
  tz_string *s = args[0].p;
  TZ_REQUIRE(th, s);
  int64_t letters = s->length;
  while (letters > 0 && s->length - letters < 2 && s->u8[letters - 1] == '=') letters--;
  bool is_padded = letters < s->length;
  if (letters % 4 == 1 || (is_padded && s->length % 4 != 0)) return tz_give_null(args);
  for (int64_t i = 0; i < letters; i++)
    if (base64_value(s->u8[i]) < 0) return tz_give_null(args);
  tz_array *bytes = tz_array_new(th, TZ_KIND_U8, letters * 6 / 8);
  if (bytes == NULL) return false;
  s = args[0].p;
  uint32_t bits = 0;
  for (int64_t i = 0, n = 0; i < letters; i++) {
    bits = bits << 6 | (uint32_t)base64_value(s->u8[i]);
    if (i % 4 != 0) bytes->u8[n++] = (uint8_t)(bits >> (6 - i % 4 * 2));
  }
  return tz_give_ref(args, bytes);
}

static bool is_unreserved(uint8_t c) {
  return (c < 0x80 && isalnum(c)) || c == '-' || c == '_' || c == '.' || c == '~';
}

static bool encoding_percent(tz_thread *th, tz_word *args) {
  tz_string *s = args[0].p;
  TZ_REQUIRE(th, s);
  size_t length = 0;
  for (int64_t i = 0; i < s->length; i++) length += is_unreserved(s->u8[i]) ? 1 : 3;
  tz_string *result = tz_string_alloc(th, length);
  if (result == NULL) return false;
  s = args[0].p;
  uint8_t *to = result->u8;
  for (int64_t i = 0; i < s->length; i++) {
    uint8_t c = s->u8[i];
    if (is_unreserved(c)) *to++ = c;
    else *to++ = '%', *to++ = (uint8_t)toupper(HEX[c >> 4]), *to++ = (uint8_t)toupper(HEX[c & 15]);
  }
  return tz_give_ref(args, result);
}

static bool encoding_from_percent(tz_thread *th, tz_word *args) {
  tz_string *s = args[0].p;
  TZ_REQUIRE(th, s);
  char *bytes = malloc((size_t)s->length + 1);
  if (bytes == NULL) return tz_raise(th, TZ_ERROR_OUT_OF_MEMORY, "no memory for a text");
  size_t n = 0;
  for (int64_t i = 0; i < s->length; i++) {
    bool is_escape =
        s->u8[i] == '%' && i + 2 < s->length && hex_value(s->u8[i + 1]) >= 0 && hex_value(s->u8[i + 2]) >= 0;
    bytes[n++] = (char)(is_escape ? hex_value(s->u8[i + 1]) << 4 | hex_value(s->u8[i + 2]) : s->u8[i]);
    if (is_escape) i += 2;
  }
  tz_string *result = tz_text_new(th, bytes, n);
  free(bytes);
  return tz_give_ref(args, result);
}

bool tz_register_encoding(tz_vm *vm) {
  static const tz_native_def defs[] = {
      {"hex", "([u8])string", encoding_hex},
      {"hexDecode", "(string)[u8]", encoding_hex_decode},
      {"base64", "([u8])string", encoding_base64},
      {"base64Decode", "(string)[u8]", encoding_base64_decode},
      {"percent", "(string)string", encoding_percent},
      {"fromPercent", "(string)string", encoding_from_percent},
  };
  return tz_natives_register_leaves(vm, "encoding", defs, TZ_COUNT(defs));
}

/* ---- json ---- */

/* The letter of a two-character escape of JSON; 0: the byte has none. */
static char escape_letter(uint8_t c) {
  switch (c) {
  case '"': return '"';
  case '\\': return '\\';
  case '\n': return 'n';
  case '\r': return 'r';
  case '\t': return 't';
  case '\b': return 'b';
  case '\f': return 'f';
  default: return 0;
  }
}

static bool json_quote(tz_thread *th, tz_word *args) {
  tz_string *s = args[0].p;
  TZ_REQUIRE(th, s);
  size_t length = 2;
  for (int64_t i = 0; i < s->length; i++) length += escape_letter(s->u8[i]) ? 2 : s->u8[i] < 0x20 ? 6 : 1;
  tz_string *result = tz_string_alloc(th, length);
  if (result == NULL) return false;
  s = args[0].p;
  uint8_t *to = result->u8;
  *to++ = '"';
  for (int64_t i = 0; i < s->length; i++) {
    uint8_t c = s->u8[i];
    char letter = escape_letter(c);
    if (letter) {
      *to++ = '\\', *to++ = (uint8_t)letter;
    } else if (c < 0x20) {
      to = mempcpy(to, "\\u00", 4);
      *to++ = (uint8_t)HEX[c >> 4], *to++ = (uint8_t)HEX[c & 15];
    } else {
      *to++ = c;
    }
  }
  *to = '"';
  return tz_give_ref(args, result);
}

bool tz_register_json(tz_vm *vm) {
  static const tz_native_def defs[] = {{"quote", "(string)string", json_quote}};
  return tz_natives_register_leaves(vm, "json", defs, TZ_COUNT(defs));
}
