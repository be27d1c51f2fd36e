/* out.c: see out.h. */
#include "out.h"
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

static bool reserve(tz_out *o, size_t n) {
  if (o->failed) return false;
  if (o->capacity - o->n > n) return true;
  size_t capacity = (o->n + n) * 2 + 256;
  char *larger = realloc(o->text, capacity);
  if (larger == NULL) {
    o->failed = true;
    return false;
  }
  o->text = larger;
  o->capacity = capacity;
  return true;
}

void tz_out_bytes(tz_out *o, const char *bytes, size_t n) {
  if (!reserve(o, n)) return;
  memcpy(o->text + o->n, bytes, n);
  o->n += n;
  o->text[o->n] = 0;
}

void tz_out_text(tz_out *o, const char *text) { tz_out_bytes(o, text, strlen(text)); }

void tz_out_format(tz_out *o, const char *format, ...) {
  char text[512];
  va_list args;
  va_start(args, format);
  int n = vsnprintf(text, sizeof text, format, args);
  va_end(args);
  tz_out_bytes(o, text, n < (int)sizeof text ? (size_t)n : sizeof text - 1);
}

static void put_escaped(tz_out *o, unsigned char c) {
  switch (c) {
  case '"': tz_out_text(o, "\\\""); return;
  case '\\': tz_out_text(o, "\\\\"); return;
  case '\n': tz_out_text(o, "\\n"); return;
  case '\t': tz_out_text(o, "\\t"); return;
  case '\r': tz_out_text(o, "\\r"); return;
  default: break;
  }
  if (c < 0x20 || c == 0x7f) tz_out_format(o, "\\x%02x", c);
  else tz_out_bytes(o, (const char *)&c, 1);
}

void tz_out_quoted(tz_out *o, tz_text text) {
  tz_out_text(o, "\"");
  for (uint32_t i = 0; i < text.length; i++) put_escaped(o, (unsigned char)text.at[i]);
  tz_out_text(o, "\"");
}

static bool is_plain(tz_text name) {
  if (name.length == 0 || (name.length == 1 && name.at[0] == '_')) return false;
  for (uint32_t i = 0; i < name.length; i++) {
    char c = name.at[i];
    bool is_start =
        (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || c == '$' || (unsigned char)c >= 0x80;
    if (!is_start && (i == 0 || !((c >= '0' && c <= '9') || c == '.' || c == '@'))) return false;
  }
  return true;
}

void tz_out_name(tz_out *o, tz_text name) {
  if (is_plain(name)) tz_out_bytes(o, name.at, name.length);
  else tz_out_quoted(o, name);
}

void tz_out_float(tz_out *o, double value) {
  char text[40];
  uint64_t bits;
  memcpy(&bits, &value, 8);
  if (!isfinite(value)) {
    tz_out_format(o, "f64(0x%llx)", (unsigned long long)bits);
    return;
  }
  for (int precision = 1; precision <= 17; precision++) {
    snprintf(text, sizeof text, "%.*g", precision, value);
    if (strtod(text, NULL) == value) break;
  }
  tz_out_text(o, text);
  if (strpbrk(text, ".e") == NULL) tz_out_text(o, ".0");
}

char *tz_out_end(tz_out *o, size_t *length) {
  if (!o->failed && o->text == NULL) tz_out_bytes(o, "", 0);
  if (o->failed) {
    free(o->text);
    return NULL;
  }
  if (length != NULL) *length = o->n;
  return o->text;
}
