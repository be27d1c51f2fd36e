/* reduce.c: see reduce.h. A candidate is the text with one stretch replaced by another; the first that still
 * shows the fault takes the text's place. */
#include "reduce.h"
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

typedef struct reduction {
  char *text;
  reduce_test *shows;
  void *context;
  time_t deadline;
} reduction;

static bool is_late(const reduction *r) { return time(NULL) >= r->deadline; }

/* Puts `with` for the bytes from..to if the fault still shows. */
static bool try_replace(reduction *r, size_t from, size_t to, const char *with, size_t length) {
  size_t n = strlen(r->text);
  if (is_late(r) || (length == to - from && memcmp(r->text + from, with, length) == 0)) return false;
  char *candidate = malloc(n - (to - from) + length + 1);
  memcpy(candidate, r->text, from);
  memcpy(candidate + from, with, length);
  memcpy(candidate + from + length, r->text + to, n - to + 1);
  if (!r->shows(r->context, candidate)) {
    free(candidate);
    return false;
  }
  free(r->text);
  r->text = candidate;
  return true;
}

/* --- lines --- */

static size_t line_end(const char *text, size_t at) {
  at += strcspn(text + at, "\n");
  return text[at] == '\n' ? at + 1 : at;
}

static int balance(const char *from, const char *to) {
  int n = 0;
  for (; from < to; from++) n += (strchr("([{", *from) != NULL) - (strchr(")]}", *from) != NULL);
  return n;
}

/* Where at least `lines` lines from `at` end, and as many more as it takes to close what they open; 0:
 * nowhere. */
static size_t balanced_end(const char *text, size_t at, size_t lines) {
  int open = 0;
  for (size_t n = 1; text[at] != 0; n++) {
    size_t end = line_end(text, at);
    open += balance(text + at, text + end);
    at = end;
    if (n >= lines && open == 0) return at;
  }
  return 0;
}

static size_t count_lines(const char *text) {
  size_t n = 0;
  for (; *text != 0; text++) n += *text == '\n';
  return n;
}

static size_t skip_lines(const char *text, size_t at, size_t lines) {
  while (lines-- > 0 && text[at] != 0) at = line_end(text, at);
  return at;
}

/* Stretches of lines, from half of the text down to single ones and what they open. */
static bool remove_lines(reduction *r) {
  bool any = false;
  for (size_t lines = count_lines(r->text) / 2 + 1; lines > 0; lines /= 2) {
    for (size_t at = 0; r->text[at] != 0 && !is_late(r);) {
      size_t end = balanced_end(r->text, at, lines);
      if (end != 0 && try_replace(r, at, end, "", 0)) any = true;
      else at = skip_lines(r->text, at, lines);
    }
  }
  return any;
}

/* Takes away a block's first and last line and leaves what is between. */
static bool unwrap_blocks(reduction *r) {
  bool any = false;
  for (size_t at = 0; r->text[at] != 0 && !is_late(r); at = line_end(r->text, at)) {
    size_t first = line_end(r->text, at);
    if (balance(r->text + at, r->text + first) <= 0) continue;
    size_t end = balanced_end(r->text, at, 2);
    if (end < first + 2) continue;
    size_t last = end - 1;
    while (last > first && r->text[last - 1] != '\n') last--;
    char *inner = strndup(r->text + first, last - first);
    any |= try_replace(r, at, end, inner, last - first);
    free(inner);
  }
  return any;
}

/* --- expressions --- */

static bool is_word(char c) { return isalnum((unsigned char)c) || c == '_' || c == '.'; }

/* Behind the bracket that closes the one at `at`, on the same line; 0 if there is none. */
static size_t group_end(const char *text, size_t at) {
  int open = 0;
  for (; text[at] != 0 && text[at] != '\n'; at++) {
    open += balance(text + at, text + at + 1);
    if (open == 0) return at + 1;
  }
  return 0;
}

/* Behind the operand at `at`: words and brackets up to a blank or a comma. */
static size_t operand_end(const char *text, size_t at) {
  while (text[at] != 0 && strchr(" ,;\n)]}", text[at]) == NULL) {
    size_t end = strchr("([{", text[at]) != NULL ? group_end(text, at) : at + 1;
    if (end == 0) return at;
    at = end;
  }
  return at;
}

/* An operand of a bracket's contents in place of all from..to. */
static bool promote_operand(reduction *r, size_t from, size_t open, size_t to) {
  for (size_t at = open + 1; at < to;) {
    size_t end = operand_end(r->text, at);
    if (end > at && end < to && (is_word(r->text[at]) || strchr("([\"", r->text[at]) != NULL)) {
      char *operand = strndup(r->text + at, end - at);
      bool done = try_replace(r, from, to, operand, end - at);
      free(operand);
      if (done) return true;
    }
    at = end > at ? end : at + 1;
  }
  return false;
}

/* Takes an operand and the comma behind it away. */
static bool drop_operand(reduction *r, size_t open, size_t to) {
  for (size_t at = open + 1; at < to;) {
    size_t end = operand_end(r->text, at);
    if (end > at && end + 1 < to && r->text[end] == ',' && try_replace(r, at, end + 2, "", 0)) return true;
    at = end > at ? end : at + 1;
  }
  return false;
}

static bool put_simple(reduction *r, size_t from, size_t to) {
  static const char *const simple[] = {"0", "1", "0.5", "true", "\"\"", "null", ""};
  for (size_t i = 0; i < sizeof simple / sizeof *simple; i++)
    if (to - from > strlen(simple[i]) && try_replace(r, from, to, simple[i], strlen(simple[i]))) return true;
  return false;
}

/* The bracket at `open`, with the word before it: in its place something simple, or one of its operands; or
 * without an operand; or just the call's receiver; or something simple in the bracket's place alone. */
static bool simplify_group(reduction *r, size_t open) {
  size_t to = group_end(r->text, open), from = open, dot = 0;
  if (to == 0) return false;
  while (from > 0 && is_word(r->text[from - 1])) from--;
  if (put_simple(r, from, to) || promote_operand(r, from, open, to) || drop_operand(r, open, to)) return true;
  for (size_t at = from; at < open; at++)
    if (r->text[at] == '.') dot = at;
  if (dot != 0 && try_replace(r, dot, to, "", 0)) return true;
  return from != open && put_simple(r, open, to);
}

static bool simplify_expressions(reduction *r) {
  bool any = false;
  for (size_t at = 0; r->text[at] != 0 && !is_late(r);) {
    if (strchr("([{", r->text[at]) != NULL && simplify_group(r, at)) any = true, at = at > 80 ? at - 80 : 0;
    else at++;
    while (at > 0 && r->text[at] != 0 && is_word(r->text[at - 1]) && is_word(r->text[at])) at++;
  }
  return any;
}

/* Smaller numbers. */
static bool simplify_numbers(reduction *r) {
  bool any = false;
  for (size_t at = 0; r->text[at] != 0 && !is_late(r); at++) {
    if (!isdigit((unsigned char)r->text[at]) || (at > 0 && is_word(r->text[at - 1]))) continue;
    size_t end = at;
    while (is_word(r->text[end])) end++;
    char half[24];
    long n = strtol(r->text + at, NULL, 10);
    snprintf(half, sizeof half, "%ld", n / 2);
    if (n > 1 && (try_replace(r, at, end, "1", 1) || try_replace(r, at, end, half, strlen(half)))) any = true;
  }
  return any;
}

char *reduce(const char *text, reduce_test *shows, void *context, unsigned seconds) {
  reduction r = {strdup(text), shows, context, time(NULL) + seconds};
  bool any = true;
  while (any && !is_late(&r)) {
    any = remove_lines(&r);
    any |= unwrap_blocks(&r);
    any |= simplify_expressions(&r);
    any |= simplify_numbers(&r);
  }
  return r.text;
}
