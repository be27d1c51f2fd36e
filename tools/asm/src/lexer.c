/* lexer.c: assembly text to tokens. Comments run from ; to the end of the line. See asm.h. */
#include "asm.h"
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

bool tz_asm_fail(tz_asm *p, const tz_token *at, const char *format, ...) {
  if (p->failed) return false;
  p->failed = true;
  p->error->line = at->line;
  p->error->column = at->column;
  p->error->hint[0] = 0;
  va_list args;
  va_start(args, format);
  vsnprintf(p->error->message, sizeof p->error->message, format, args);
  va_end(args);
  if (p->tokens.n != 0) p->at = p->tokens.n - 1;
  return false;
}

void tz_asm_hint(tz_asm *p, const tz_name_map *map, tz_text name) {
  tz_text near = tz_name_map_nearest(map, name);
  if (near.length != 0 && near.length < 80)
    snprintf(p->error->hint, sizeof p->error->hint, "did you mean %.*s?", (int)near.length, near.at);
}

bool tz_asm_no_memory(tz_asm *p) {
  return tz_asm_fail(p, &(tz_token){.line = 1, .column = 1}, "out of memory");
}

typedef struct lexer {
  tz_asm *p;
  const char *at, *end, *line_start;
  uint32_t line;
} lexer;

static tz_token *push(lexer *x, tz_token_kind kind, const char *start) {
  tz_token_list *t = &x->p->tokens;
  if (t->n == t->capacity) {
    uint32_t capacity = t->capacity == 0 ? 1024 : t->capacity * 2;
    tz_token *larger = realloc(t->items, capacity * sizeof *larger);
    if (larger == NULL) {
      tz_asm_no_memory(x->p);
      return NULL;
    }
    t->items = larger;
    t->capacity = capacity;
  }
  t->items[t->n] = (tz_token){.kind = kind,
                              .line = x->line,
                              .column = (uint32_t)(start - x->line_start) + 1,
                              .text = {start, (uint32_t)(x->at - start)}};
  return &t->items[t->n++];
}

static bool fail_here(lexer *x, const char *at, const char *message) {
  tz_token here = {.line = x->line, .column = (uint32_t)(at - x->line_start) + 1};
  return tz_asm_fail(x->p, &here, "%s", message);
}

static bool is_digit(char c) { return c >= '0' && c <= '9'; }
static bool is_name_start(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || c == '$' || (unsigned char)c >= 0x80;
}
static bool is_name_char(char c) { return is_name_start(c) || is_digit(c) || c == '.' || c == '@'; }

static void skip_space(lexer *x) {
  for (; x->at < x->end; x->at++) {
    if (*x->at == ';') {
      while (x->at < x->end && *x->at != '\n') x->at++;
      if (x->at == x->end) return;
    }
    if (*x->at == '\n') {
      x->line++;
      x->line_start = x->at + 1;
    } else if (*x->at != ' ' && *x->at != '\t' && *x->at != '\r') {
      return;
    }
  }
}

static bool lex_name(lexer *x) {
  const char *start = x->at;
  while (x->at < x->end && is_name_char(*x->at)) x->at++;
  return push(x, TOKEN_NAME, start) != NULL;
}

static int hex_digit(char c) {
  if (is_digit(c)) return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

/* One escape after the backslash; -1 and the error if there is none such. */
static int lex_escape(lexer *x) {
  char c = x->at < x->end ? *x->at++ : 0;
  switch (c) {
  case 'n': return '\n';
  case 't': return '\t';
  case 'r': return '\r';
  case '"':
  case '\\': return c;
  case 'x':
    if (x->end - x->at >= 2 && hex_digit(x->at[0]) >= 0 && hex_digit(x->at[0]) < 8 &&
        hex_digit(x->at[1]) >= 0) {
      int value = hex_digit(x->at[0]) * 16 + hex_digit(x->at[1]);
      x->at += 2;
      return value;
    }
    break;
  default: break;
  }
  fail_here(x, x->at - 1, "unknown escape: there are \\n \\t \\r \\\" \\\\ and \\x00 to \\x7f");
  return -1;
}

static bool lex_string(lexer *x) {
  const char *start = x->at++;
  const char *close = x->at;
  while (close < x->end && *close != '"' && *close != '\n') close += *close == '\\' ? 2 : 1;
  if (close >= x->end || *close != '"') return fail_here(x, start, "the string is not closed on its line");
  char *bytes = tz_arena_alloc(x->p->arena, (size_t)(close - start) + 1);
  if (bytes == NULL) return tz_asm_no_memory(x->p);
  uint32_t n = 0;
  while (x->at < close) {
    int c = (unsigned char)*x->at++;
    if (c == '\\' && (c = lex_escape(x)) < 0) return false;
    bytes[n++] = (char)c;
  }
  x->at = close + 1;
  tz_token *t = push(x, TOKEN_STRING, start);
  if (t != NULL) t->text = (tz_text){bytes, n};
  return t != NULL;
}

/* Ints wrap only as hexadecimal; a number with . or e is a float. */
static bool lex_number(lexer *x) {
  char digits[512];
  const char *start = x->at;
  bool is_hex = x->end - start > 2 && start[0] == '0' && start[1] == 'x', is_float = false;
  if (*x->at == '-' || *x->at == '+') x->at++;
  is_hex |= x->end - x->at > 2 && x->at[0] == '0' && x->at[1] == 'x';
  for (; x->at < x->end &&
         (is_name_char(*x->at) || ((*x->at == '-' || *x->at == '+') && (x->at[-1] | 32) == 'e' && !is_hex));
       x->at++)
    is_float |= !is_hex && (*x->at == '.' || (*x->at | 32) == 'e');
  size_t n = (size_t)(x->at - start);
  if (n >= sizeof digits) return fail_here(x, start, "the number is too long");
  memcpy(digits, start, n);
  digits[n] = 0;
  tz_token *t = push(x, is_float ? TOKEN_FLOAT : TOKEN_INT, start);
  if (t == NULL) return false;
  char *end;
  errno = 0;
  if (is_float) t->value.f = strtod(digits, &end);
  else if (is_hex && digits[0] != '-') t->value.u = strtoull(digits, &end, 16);
  else t->value.i = strtoll(digits, &end, 0 + (is_hex ? 16 : 10));
  if (*end != 0) return fail_here(x, start, "not a number");
  if (errno == ERANGE && !is_float) return fail_here(x, start, "the int does not fit 64 bits");
  return true;
}

static bool lex_token(lexer *x) {
  char c = *x->at;
  if (is_name_start(c)) return lex_name(x);
  if (c == '"') return lex_string(x);
  if (is_digit(c) || ((c == '-' || c == '+') && x->end - x->at > 1 && is_digit(x->at[1])))
    return lex_number(x);
  if (c == 0 || strchr("{}()[],:=%#", c) == NULL)
    return fail_here(x, x->at, "this character has no meaning here");
  x->at++;
  tz_token *t = push(x, TOKEN_MARK, x->at - 1);
  if (t != NULL) t->mark = c;
  return t != NULL;
}

bool tz_asm_lex(tz_asm *p, const char *text, size_t length) {
  lexer x = {.p = p, .at = text, .end = text + length, .line_start = text, .line = 1};
  for (skip_space(&x); x.at < x.end; skip_space(&x))
    if (!lex_token(&x)) return false;
  return push(&x, TOKEN_END, x.at) != NULL;
}
