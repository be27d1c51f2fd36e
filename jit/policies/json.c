/* json.c: see json.h. */
#include "json.h"
#include <stdlib.h>
#include <string.h>

enum { DEEPEST = 64 };

static void broken(tz_json *j) {
  j->is_broken = true;
  j->at = "";
}

static char next(tz_json *j) {
  j->at += strspn(j->at, " \t\r\n");
  return *j->at;
}

static bool take(tz_json *j, char c) {
  if (next(j) != c) return false;
  j->at++;
  return true;
}

static void expect(tz_json *j, char c) {
  if (!take(j, c)) broken(j);
}

bool tz_json_open(tz_json *j, char bracket) {
  expect(j, bracket);
  if (j->is_broken) return false;
  return !take(j, bracket == '{' ? '}' : ']');
}

bool tz_json_more(tz_json *j, char bracket) {
  if (take(j, ',')) return true;
  expect(j, bracket);
  return false;
}

void tz_json_name(tz_json *j, char *into, size_t room) {
  tz_json_text(j, into, room);
  expect(j, ':');
}

/* The code point behind "\u", as UTF-8. */
static size_t escaped(tz_json *j, char utf8[4]) {
  char digits[5] = {0}, *end;
  memcpy(digits, j->at, strnlen(j->at, 4));
  unsigned c = (unsigned)strtoul(digits, &end, 16);
  if (end != digits + 4) return broken(j), 0;
  j->at += 4;
  if (c < 0x80) return utf8[0] = (char)c, 1;
  size_t n = c < 0x800 ? 2 : 3;
  for (size_t i = n; --i > 0; c >>= 6) utf8[i] = (char)(0x80 | (c & 0x3f));
  utf8[0] = (char)((n == 2 ? 0xc0 : 0xe0) | c);
  return n;
}

static size_t character(tz_json *j, char utf8[4]) {
  static const char named[] = "\"\\/bfnrt", meant[] = "\"\\/\b\f\n\r\t";
  utf8[0] = *j->at++;
  if (utf8[0] != '\\') return 1;
  char c = *j->at;
  const char *found = c != 0 ? strchr(named, c) : NULL;
  if (c == 'u') return j->at++, escaped(j, utf8);
  if (found == NULL) return broken(j), 0;
  j->at++;
  utf8[0] = meant[found - named];
  return 1;
}

/* NULL: nobody wants it. */
static void string(tz_json *j, char *into, size_t room) {
  size_t used = 0;
  if (into != NULL) into[0] = 0;
  expect(j, '"');
  while (*j->at != '"' && !j->is_broken) {
    char utf8[4];
    if (*j->at == 0) return broken(j);
    size_t n = character(j, utf8);
    if (into == NULL) continue;
    if (used + n >= room) return broken(j);
    memcpy(into + used, utf8, n);
    into[used += n] = 0;
  }
  if (!j->is_broken) j->at++;
}

void tz_json_text(tz_json *j, char *into, size_t room) { string(j, into, room); }

uint64_t tz_json_number(tz_json *j) {
  char c = next(j), *end;
  if (c < '0' || c > '9') return broken(j), 0;
  uint64_t number = strtoull(j->at, &end, 10);
  j->at = end;
  return number;
}

static bool word(tz_json *j, const char *text) {
  size_t n = strlen(text);
  next(j);
  if (strncmp(j->at, text, n) != 0) return false;
  j->at += n;
  return true;
}

bool tz_json_bool(tz_json *j) {
  if (word(j, "true")) return true;
  if (!word(j, "false")) broken(j);
  return false;
}

bool tz_json_null(tz_json *j) { return word(j, "null"); }

static void skip(tz_json *j, int depth) {
  char c = next(j), bracket = c == '{' ? '}' : ']';
  if (c == '"') return string(j, NULL, 0);
  if (c != '{' && c != '[') {
    size_t n = strcspn(j->at, ",]} \t\r\n");
    if (n == 0) broken(j);
    else j->at += n;
    return;
  }
  if (depth == DEEPEST) return broken(j);
  for (bool more = tz_json_open(j, c); more; more = tz_json_more(j, bracket)) {
    if (c == '{') string(j, NULL, 0), expect(j, ':');
    skip(j, depth + 1);
  }
}

void tz_json_skip(tz_json *j) { skip(j, 0); }

bool tz_json_at_end(tz_json *j) { return next(j) == 0 && !j->is_broken; }
