/* lexer.c: one pass over the bytes, driven by a table of character classes.
 *
 * Modes: a stack of open brackets tells whether newlines count and whether a `}` ends a `${` of a string. */
#include "lexer.h"
#include <locale.h>
#include <stdlib.h>
#include <string.h>

/* ---- tables ---- */

enum class { C_BAD, C_BLANK, C_NEWLINE, C_LETTER, C_DIGIT, C_PUNCTUATION, C_QUOTE, C_CHARACTER };

static const uint8_t classes[256] = {
    [' '] = C_BLANK,          ['\t'] = C_BLANK,         ['\r'] = C_BLANK,      ['\n'] = C_NEWLINE,
    ['a' ... 'z'] = C_LETTER, ['A' ... 'Z'] = C_LETTER, ['_'] = C_LETTER,      ['0' ... '9'] = C_DIGIT,
    ['"'] = C_QUOTE,          ['\''] = C_CHARACTER,     ['('] = C_PUNCTUATION, [')'] = C_PUNCTUATION,
    ['['] = C_PUNCTUATION,    [']'] = C_PUNCTUATION,    ['{'] = C_PUNCTUATION, ['}'] = C_PUNCTUATION,
    [','] = C_PUNCTUATION,    [';'] = C_PUNCTUATION,    [':'] = C_PUNCTUATION, ['.'] = C_PUNCTUATION,
    ['?'] = C_PUNCTUATION,    ['-'] = C_PUNCTUATION,    ['='] = C_PUNCTUATION, ['!'] = C_PUNCTUATION,
    ['~'] = C_PUNCTUATION,    ['<'] = C_PUNCTUATION,    ['>'] = C_PUNCTUATION, ['&'] = C_PUNCTUATION,
    ['|'] = C_PUNCTUATION,    ['+'] = C_PUNCTUATION,    ['*'] = C_PUNCTUATION, ['/'] = C_PUNCTUATION,
    ['%'] = C_PUNCTUATION,    ['^'] = C_PUNCTUATION,
};

static const char *const kind_texts[] = {
#define RIMA_TOKEN(name, text) text,
#include "tokens.def"
};
const char *rima_token_kind_text(rima_token_kind kind) { return kind_texts[kind]; }

static bool is_word_byte(unsigned char c) { return classes[c] == C_LETTER || classes[c] == C_DIGIT; }

/* ---- state ---- */

typedef struct open_bracket {
  uint32_t token;
  uint8_t kind; /* LPAREN, LBRACKET, LBRACE, or STRING_START for ${ */
  uint8_t string_flags;
  uint32_t string; /* latest piece of the string that ${ interrupts */
} open_bracket;

typedef struct lexer {
  rima_session *session;
  rima_source *source;
  rima_diagnostics *sink;
  const char *text, *at, *end;
  rima_token *tokens;
  uint32_t count, capacity;
  uint8_t flags; /* for the next token */
  open_bracket *open;
  uint32_t open_count, open_capacity;
  uint32_t open_of[4]; /* how many of each kind are open: ( [ { ${ */
  uint32_t soft; /* the latest word that may be a name after all; each links to the one before by `match` */
} lexer;

static uint32_t bracket_class(uint8_t kind) {
  return kind == RIMA_TOK_LPAREN ? 0 : kind == RIMA_TOK_LBRACKET ? 1 : kind == RIMA_TOK_LBRACE ? 2 : 3;
}

static rima_span span_of(const lexer *l, const char *from, const char *to) {
  return (rima_span){l->source->base + (uint32_t)(from - l->text),
                     l->source->base + (uint32_t)(to - l->text)};
}

static rima_token *push(lexer *l, rima_token_kind kind, const char *from) {
  if (l->count == l->capacity) {
    rima_token *grown = RIMA_NEW_ARRAY(&l->session->arena, rima_token, (size_t)l->capacity * 2);
    memcpy(grown, l->tokens, l->count * sizeof *grown);
    l->tokens = grown;
    l->capacity *= 2;
  }
  rima_token *t = &l->tokens[l->count++];
  *t = (rima_token){.kind = (uint8_t)kind,
                    .flags = l->flags,
                    .start = (uint32_t)(from - l->text),
                    .end = (uint32_t)(l->at - l->text),
                    .match = RIMA_NO_MATCH};
  l->flags = 0;
  return t;
}

/* ---- UTF-8 ---- */

int32_t rima_utf8_decode(const char *p, const char *end, uint32_t *length) {
  const unsigned char *u = (const unsigned char *)p;
  size_t left = (size_t)(end - p);
  *length = 1;
  if (left == 0) return -1;
  if (u[0] < 0x80) return u[0];
  if (u[0] < 0xc2 || u[0] > 0xf4) return -1;
  uint32_t n = u[0] < 0xe0 ? 2 : u[0] < 0xf0 ? 3 : 4;
  if (left < n) return -1;
  int32_t code = u[0] & (0x7f >> n);
  for (uint32_t i = 1; i < n; i++) {
    if ((u[i] & 0xc0) != 0x80) return -1;
    code = code << 6 | (u[i] & 0x3f);
  }
  bool is_overlong = (n == 3 && code < 0x800) || (n == 4 && code < 0x10000);
  if (is_overlong || code > 0x10ffff || (code >= 0xd800 && code < 0xe000)) return -1;
  *length = n;
  return code;
}

uint32_t rima_utf8_encode(char *to, uint32_t code) {
  if (code < 0x80) return to[0] = (char)code, 1;
  uint32_t n = code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;
  for (uint32_t i = n - 1; i > 0; i--, code >>= 6) to[i] = (char)(0x80 | (code & 0x3f));
  to[0] = (char)((0xf00u >> n & 0xf0) | code);
  return n;
}

/* The file is UTF-8 without NULs, or the first few places where it is not are reported. */
static void check_bytes(lexer *l) {
  const char *p = l->text;
  for (int reported = 0; p < l->end && reported < 3;) {
    uint64_t word;
    if (l->end - p >= 8 && (memcpy(&word, p, 8), (word & 0x8080808080808080u) == 0)) {
      p += 8;
      continue;
    }
    uint32_t length;
    if (rima_utf8_decode(p, l->end, &length) < 0) {
      rima_diagnostic *d =
          rima_error(l->sink, span_of(l, p, p + 1), "byte 0x%02x is not UTF-8", (unsigned char)*p);
      rima_hint(l->sink, d, "source files are UTF-8");
      reported++;
    }
    p += length;
  }
  const char *nul = memchr(l->text, 0, l->source->length);
  if (nul) rima_error(l->sink, span_of(l, nul, nul + 1), "the file contains a NUL byte");
}

/* ---- blanks and comments ---- */

/* At the slash-star; comments nest. */
static void skip_block_comment(lexer *l) {
  const char *from = l->at;
  uint32_t depth = 0;
  while (l->at + 1 < l->end) {
    if (l->at[0] == '/' && l->at[1] == '*') depth++, l->at += 2;
    else if (l->at[0] == '*' && l->at[1] == '/') {
      l->at += 2;
      if (--depth == 0) return;
    } else l->at++;
  }
  l->at = l->end;
  rima_error(l->sink, span_of(l, from, from + 2), "this comment is not closed");
}

static void skip_gap(lexer *l) {
  bool counts = l->open_count == 0 || l->open[l->open_count - 1].kind == RIMA_TOK_LBRACE;
  const char *from = l->at;
  for (;; l->at++) {
    while (l->at < l->end && classes[(unsigned char)*l->at] == C_BLANK) l->at++;
    if (l->at >= l->end) break;
    if (*l->at == '\n') {
      if (counts) l->flags |= RIMA_TOKEN_NEWLINE;
    } else if (l->end - l->at >= 2 && l->at[0] == '/' && l->at[1] == '/') {
      if (l->end - l->at >= 3 && l->at[2] == '/') l->flags |= RIMA_TOKEN_DOC;
      const char *newline = memchr(l->at, '\n', (size_t)(l->end - l->at));
      l->at = (newline ? newline : l->end) - 1;
    } else if (l->end - l->at >= 2 && l->at[0] == '/' && l->at[1] == '*') {
      const char *comment = l->at;
      skip_block_comment(l);
      if (counts && memchr(comment, '\n', (size_t)(l->at - comment))) l->flags |= RIMA_TOKEN_NEWLINE;
      l->at--;
    } else break;
  }
  if (l->at > from) l->flags |= RIMA_TOKEN_SPACE;
}

/* ---- brackets ---- */

static void open(lexer *l, uint8_t kind, uint8_t string_flags) {
  if (l->open_count == l->open_capacity) {
    uint32_t capacity = l->open_capacity ? l->open_capacity * 2 : 64;
    open_bracket *grown = RIMA_NEW_ARRAY(&l->session->arena, open_bracket, capacity);
    if (l->open_count) memcpy(grown, l->open, l->open_count * sizeof *grown);
    l->open = grown;
    l->open_capacity = capacity;
  }
  uint32_t token = l->count - 1;
  l->open[l->open_count++] = (open_bracket){token, kind, string_flags, token};
  l->open_of[bracket_class(kind)]++;
}

/* The innermost open bracket of this kind, which the newest token closes; what was opened inside it stays
 * unmatched. A closer of another kind never closes through a ${. */
static void close_bracket(lexer *l, uint8_t kind) {
  uint32_t height = l->open_count;
  if (l->open_of[bracket_class(kind)] == 0) return;
  while (height > 0 && l->open[height - 1].kind != kind) {
    if (l->open[height - 1].kind == RIMA_TOK_STRING_START) return;
    height--;
  }
  if (height == 0) return;
  while (l->open_count >= height) l->open_of[bracket_class(l->open[--l->open_count].kind)]--;
  uint32_t opener = l->open[height - 1].token;
  l->tokens[opener].match = l->count - 1;
  l->tokens[l->count - 1].match = opener;
}

/* ---- strings ---- */

/* Text up to the closing quote or the next ${. l->at is behind the opening quote or the `}`. The piece's
 * token starts at `from`; `previous` is the string's piece before it or RIMA_NO_MATCH. */
static void lex_string_rest(lexer *l, const char *from, uint8_t string_flags, uint32_t previous) {
  bool is_lines = string_flags & RIMA_TOKEN_LINES, is_first = previous == RIMA_NO_MATCH;
  l->flags |= string_flags;
  for (; l->at < l->end; l->at++) {
    char c = *l->at;
    if (c == '\\') {
      l->flags |= RIMA_TOKEN_ESCAPES;
      if (l->at + 1 < l->end && (l->at[1] != '\n' || is_lines)) l->at++;
    } else if (c == '$' && l->at + 1 < l->end && l->at[1] == '{') {
      l->at += 2;
      push(l, is_first ? RIMA_TOK_STRING_START : RIMA_TOK_STRING_MIDDLE, from);
      if (!is_first) l->tokens[previous].match = l->count - 1;
      open(l, RIMA_TOK_STRING_START, string_flags);
      return;
    } else if (c == '"' && (!is_lines || (l->end - l->at >= 3 && l->at[1] == '"' && l->at[2] == '"'))) {
      l->at += is_lines ? 3 : 1;
      push(l, is_first ? RIMA_TOK_STRING : RIMA_TOK_STRING_END, from);
      if (!is_first) l->tokens[previous].match = l->count - 1;
      return;
    } else if (c == '\n' && !is_lines) break;
  }
  rima_diagnostic *d = rima_error(l->sink, span_of(l, from, l->at), "this string is not closed");
  bool is_inside = l->open_count && l->open[l->open_count - 1].kind == RIMA_TOK_STRING_START;
  rima_hint(l->sink, d,
            is_inside  ? "perhaps the `}` that ends `${` is missing"
            : is_lines ? "a string that starts with \"\"\" ends with \"\"\""
                       : "a string ends on its line; one that spans lines starts and ends with \"\"\"");
  push(l, RIMA_TOK_BAD, from);
}

static void lex_string(lexer *l) {
  const char *from = l->at;
  bool is_lines = l->end - from >= 3 && from[1] == '"' && from[2] == '"';
  l->at += is_lines ? 3 : 1;
  lex_string_rest(l, from, is_lines ? RIMA_TOKEN_LINES : 0, RIMA_NO_MATCH);
}

static void lex_raw_string(lexer *l) {
  const char *from = l->at;
  for (l->at += 2; l->at < l->end && *l->at != '"' && *l->at != '\n';) l->at++;
  if (l->at < l->end && *l->at == '"') {
    l->at++;
    push(l, RIMA_TOK_STRING, from)->flags |= RIMA_TOKEN_RAW;
    return;
  }
  rima_error(l->sink, span_of(l, from, l->at), "this raw string is not closed");
  push(l, RIMA_TOK_BAD, from);
}

/* A `}` that ends a ${: go on with the string. */
static void resume_string(lexer *l) {
  open_bracket b = l->open[--l->open_count];
  l->open_of[3]--;
  const char *from = l->at++;
  lex_string_rest(l, from, b.string_flags, b.string);
}

/* ---- characters ---- */

static int32_t hex_value(char c) {
  return c >= '0' && c <= '9'   ? c - '0'
         : c >= 'a' && c <= 'f' ? c - 'a' + 10
         : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                : -1;
}

static int32_t lex_escape(lexer *l) {
  const char *from = l->at++;
  char c = l->at < l->end ? *l->at++ : 0;
  switch (c) {
  case 'n': return '\n';
  case 't': return '\t';
  case 'r': return '\r';
  case '0': return 0;
  case '\\':
  case '\'':
  case '"':
  case '$': return c;
  case 'u': break;
  default: goto bad;
  }
  int32_t code = 0, digits = 0;
  if (l->at < l->end && *l->at == '{') {
    for (l->at++; l->at < l->end && hex_value(*l->at) >= 0 && digits < 6; l->at++, digits++)
      code = code << 4 | hex_value(*l->at);
    bool is_scalar = code <= 0x10ffff && (code < 0xd800 || code > 0xdfff);
    if (digits && is_scalar && l->at < l->end && *l->at == '}') return l->at++, code;
  }
bad:
  rima_error(l->sink, span_of(l, from, l->at), "this escape is not known");
  return 0;
}

static void lex_character(lexer *l) {
  const char *from = l->at++;
  int32_t code = -1;
  uint32_t length = 1;
  if (l->at < l->end && *l->at == '\\') code = lex_escape(l);
  else if (l->at < l->end && *l->at != '\n' && *l->at != '\'') {
    code = rima_utf8_decode(l->at, l->end, &length);
    l->at += length;
  }
  if (code >= 0 && l->at < l->end && *l->at == '\'') {
    l->at++;
    push(l, RIMA_TOK_CHAR, from)->integer = (uint64_t)code;
    return;
  }
  const char *close = l->at;
  while (close < l->end && *close != '\'' && *close != '\n') close++;
  if (close < l->end && *close == '\'') l->at = close + 1;
  rima_diagnostic *d =
      rima_error(l->sink, span_of(l, from, l->at), "a character literal holds exactly one character");
  rima_hint(l->sink, d, "strings are written in double quotes");
  push(l, RIMA_TOK_CHAR, from)->integer = 0;
}

/* ---- numbers ---- */

static void lex_based(lexer *l, uint32_t base) {
  const char *from = l->at;
  uint64_t value = 0;
  uint32_t digits = 0;
  bool is_large = false;
  for (l->at += 2; l->at < l->end && is_word_byte((unsigned char)*l->at); l->at++) {
    if (*l->at == '_') continue;
    int32_t digit = hex_value(*l->at);
    if (digit < 0 || digit >= (int32_t)base) {
      while (l->at < l->end && is_word_byte((unsigned char)*l->at)) l->at++;
      rima_error(l->sink, span_of(l, from, l->at), "a base-%u number holds only digits below %u", base, base);
      break;
    }
    is_large |= value > UINT64_MAX / base;
    value = value * base + (uint32_t)digit;
    digits++;
  }
  if (is_large) rima_error(l->sink, span_of(l, from, l->at), "this number does not fit 64 bits");
  if (digits == 0) rima_error(l->sink, span_of(l, from, l->at), "digits are missing after `%.2s`", from);
  push(l, RIMA_TOK_INT, from)->integer = value;
}

/* Digits and underscores; true if there was a digit. */
static bool skip_digits(lexer *l) {
  const char *from = l->at;
  while (l->at < l->end && (classes[(unsigned char)*l->at] == C_DIGIT || *l->at == '_')) l->at++;
  return l->at > from;
}

/* The double nearest to the decimal text [from, to), underscores allowed. */
static double parse_float(lexer *l, const char *from, const char *to) {
  char *digits = rima_arena_alloc(&l->session->arena, (size_t)(to - from) + 1), *d = digits;
  for (; from < to; from++)
    if (*from != '_') *d++ = *from;
  *d = 0;
  return l->session->c_locale ? strtod_l(digits, NULL, (locale_t)l->session->c_locale) : strtod(digits, NULL);
}

static void push_decimal(lexer *l, const char *from) {
  uint64_t value = 0;
  bool is_large = false;
  for (const char *p = from; p < l->at; p++)
    if (*p != '_')
      is_large = is_large || __builtin_mul_overflow(value, 10u, &value) ||
                 __builtin_add_overflow(value, (uint64_t)(*p - '0'), &value);
  if (is_large || value > (uint64_t)1 << 63) {
    rima_diagnostic *d = rima_error(l->sink, span_of(l, from, l->at), "this number does not fit an int");
    rima_hint(l->sink, d, "the largest int is 9223372036854775807");
    value = 0;
  }
  push(l, RIMA_TOK_INT, from)->integer = value;
}

static void lex_number(lexer *l) {
  const char *from = l->at;
  char second = l->end - from >= 2 ? from[1] : 0;
  if (*from == '0' && second == 'x') return lex_based(l, 16);
  if (*from == '0' && second == 'b') return lex_based(l, 2);
  if (*from == '0' && second == 'o') return lex_based(l, 8);
  bool is_float = false;
  skip_digits(l);
  if (l->end - l->at >= 2 && l->at[0] == '.' && classes[(unsigned char)l->at[1]] == C_DIGIT) {
    is_float = true;
    l->at++;
    skip_digits(l);
  }
  if (l->at < l->end && (*l->at == 'e' || *l->at == 'E')) {
    const char *exponent = l->at++;
    if (l->at < l->end && (*l->at == '+' || *l->at == '-')) l->at++;
    if (l->at < l->end && classes[(unsigned char)*l->at] == C_DIGIT) is_float = skip_digits(l);
    else l->at = exponent;
  }
  if (is_float) push(l, RIMA_TOK_FLOAT, from)->number = parse_float(l, from, l->at);
  else push_decimal(l, from);
  if (l->at < l->end && classes[(unsigned char)*l->at] == C_LETTER) {
    const char *letters = l->at;
    while (l->at < l->end && is_word_byte((unsigned char)*l->at)) l->at++;
    rima_error(l->sink, span_of(l, letters, l->at), "`%.*s` cannot follow a number", (int)(l->at - letters),
               letters);
  }
}

/* ---- words ---- */

static bool is_soft_word(uint8_t kind) {
  return kind >= RIMA_TOK_NATIVE ? kind <= RIMA_TOK_TEST : kind == RIMA_TOK_EXTEND;
}

static void lex_word(lexer *l) {
  const char *from = l->at;
  if (*from == 'r' && l->end - from >= 2 && from[1] == '"') return lex_raw_string(l);
  while (l->at < l->end && is_word_byte((unsigned char)*l->at)) l->at++;
  rima_name *name = (rima_name *)rima_name_intern(l->session, from, (size_t)(l->at - from));
  rima_token *t = push(l, name->keyword ? name->keyword : RIMA_TOK_IDENT, from);
  t->name = name;
  if (is_soft_word(t->kind)) {
    t->match = l->soft;
    l->soft = l->count - 1;
  }
}

/* Is the word at `t` a keyword in front of what follows it? */
static bool is_soft_keyword(const lexer *l, const rima_token *t) {
  const rima_token *next = t + 1;
  if (next->flags & RIMA_TOKEN_NEWLINE) return false;
  switch (t->kind) {
  case RIMA_TOK_INIT: return next->kind == RIMA_TOK_LBRACE;
  case RIMA_TOK_TEST: return next->kind == RIMA_TOK_STRING;
  case RIMA_TOK_EXTEND:
    if (next->kind == RIMA_TOK_LBRACKET && next->match != RIMA_NO_MATCH) next = &l->tokens[next->match + 1];
    return next->kind == RIMA_TOK_IDENT || next->kind == RIMA_TOK_DYN;
  default:
    return next->kind == RIMA_TOK_IDENT || (next->kind >= RIMA_TOK_LET && next->kind <= RIMA_TOK_IMPORT) ||
           (next->kind >= RIMA_TOK_PRIVATE && next->kind <= RIMA_TOK_INIT);
  }
}

/* From the last to the first, since a modifier looks at what the word behind it has become. */
static void settle_soft_words(lexer *l) {
  for (uint32_t i = l->soft, before; i != RIMA_NO_MATCH; i = before) {
    rima_token *t = &l->tokens[i];
    before = t->match;
    t->match = RIMA_NO_MATCH;
    if (!is_soft_keyword(l, t)) t->kind = RIMA_TOK_IDENT;
  }
}

static void reserve_keywords(rima_session *session) {
  static const char *const texts[] = {
#define RIMA_KEYWORD(name, text) text,
#include "tokens.def"
  };
  for (uint32_t i = 0; i < sizeof texts / sizeof *texts; i++)
    ((rima_name *)rima_name_of(session, texts[i]))->keyword = (uint8_t)(RIMA_FIRST_KEYWORD + i);
}

/* ---- punctuation ---- */

static bool next_is(const lexer *l, uint32_t offset, char c) {
  return (size_t)(l->end - l->at) > offset && l->at[offset] == c;
}

/* !in and !is, not the start of a longer word. */
static bool next_is_word(const lexer *l, const char *word) {
  size_t left = (size_t)(l->end - l->at);
  return left >= 3 && l->at[1] == word[0] && l->at[2] == word[1] &&
         (left == 3 || !is_word_byte((unsigned char)l->at[3]));
}

#define ONE_OF_2(second, both, single)                                                                       \
  (next_is(l, 1, second) ? (*length = 2, RIMA_TOK_##both) : RIMA_TOK_##single)

static rima_token_kind shift_or_comparison(const lexer *l, uint32_t *length) {
  bool is_less = *l->at == '<';
  char c = *l->at;
  uint32_t run = 1;
  while (run < (is_less ? 2u : 3u) && next_is(l, run, c)) run++;
  bool is_assigning = next_is(l, run, '=');
  *length = run + is_assigning;
  static const rima_token_kind less[2][2] = {{RIMA_TOK_LESS, RIMA_TOK_LESS_EQ},
                                             {RIMA_TOK_SHL, RIMA_TOK_SHL_EQ}};
  static const rima_token_kind greater[3][2] = {{RIMA_TOK_GREATER, RIMA_TOK_GREATER_EQ},
                                                {RIMA_TOK_SHR, RIMA_TOK_SHR_EQ},
                                                {RIMA_TOK_USHR, RIMA_TOK_USHR_EQ}};
  return is_less ? less[run - 1][is_assigning] : greater[run - 1][is_assigning];
}

static rima_token_kind punctuation(const lexer *l, uint32_t *length) {
  *length = 1;
  switch (*l->at) {
  case '(': return RIMA_TOK_LPAREN;
  case ')': return RIMA_TOK_RPAREN;
  case '[': return RIMA_TOK_LBRACKET;
  case ']': return RIMA_TOK_RBRACKET;
  case '{': return RIMA_TOK_LBRACE;
  case '}': return RIMA_TOK_RBRACE;
  case ',': return RIMA_TOK_COMMA;
  case ';': return RIMA_TOK_SEMICOLON;
  case ':': return RIMA_TOK_COLON;
  case '~': return RIMA_TOK_TILDE;
  case '.':
    if (next_is(l, 1, '.'))
      return *length = 2 + next_is(l, 2, '='), *length == 3 ? RIMA_TOK_DOT_DOT_EQ : RIMA_TOK_DOT_DOT;
    return RIMA_TOK_DOT;
  case '?':
    return next_is(l, 1, '.') ? (*length = 2, RIMA_TOK_QUESTION_DOT)
                              : ONE_OF_2('?', QUESTION_QUESTION, QUESTION);
  case '-': return next_is(l, 1, '>') ? (*length = 2, RIMA_TOK_ARROW) : ONE_OF_2('=', MINUS_EQ, MINUS);
  case '=':
    if (next_is(l, 1, '>')) return *length = 2, RIMA_TOK_FAT_ARROW;
    if (!next_is(l, 1, '=')) return RIMA_TOK_EQ;
    return *length = 2 + next_is(l, 2, '='), *length == 3 ? RIMA_TOK_EQ_EQ_EQ : RIMA_TOK_EQ_EQ;
  case '!':
    if (next_is(l, 1, '='))
      return *length = 2 + next_is(l, 2, '='), *length == 3 ? RIMA_TOK_NOT_EQ_EQ : RIMA_TOK_NOT_EQ;
    if (next_is_word(l, "in")) return *length = 3, RIMA_TOK_NOT_IN;
    if (next_is_word(l, "is")) return *length = 3, RIMA_TOK_NOT_IS;
    return RIMA_TOK_BANG;
  case '<':
  case '>': return shift_or_comparison(l, length);
  case '&': return next_is(l, 1, '&') ? (*length = 2, RIMA_TOK_AND_AND) : ONE_OF_2('=', AND_EQ, AND);
  case '|': return next_is(l, 1, '|') ? (*length = 2, RIMA_TOK_OR_OR) : ONE_OF_2('=', OR_EQ, OR);
  case '+': return ONE_OF_2('=', PLUS_EQ, PLUS);
  case '*': return ONE_OF_2('=', STAR_EQ, STAR);
  case '/': return ONE_OF_2('=', SLASH_EQ, SLASH);
  case '%': return ONE_OF_2('=', PERCENT_EQ, PERCENT);
  default: return ONE_OF_2('=', CARET_EQ, CARET);
  }
}

static void lex_punctuation(lexer *l) {
  const char *from = l->at;
  if (*from == '}' && l->open_count && l->open[l->open_count - 1].kind == RIMA_TOK_STRING_START)
    return resume_string(l);
  uint32_t length;
  rima_token_kind kind = punctuation(l, &length);
  l->at += length;
  push(l, kind, from);
  switch (kind) {
  case RIMA_TOK_LPAREN:
  case RIMA_TOK_LBRACKET:
  case RIMA_TOK_LBRACE: open(l, (uint8_t)kind, 0); break;
  case RIMA_TOK_RPAREN: close_bracket(l, RIMA_TOK_LPAREN); break;
  case RIMA_TOK_RBRACKET: close_bracket(l, RIMA_TOK_LBRACKET); break;
  case RIMA_TOK_RBRACE: close_bracket(l, RIMA_TOK_LBRACE); break;
  default: break;
  }
}

/* ---- what does not belong ---- */

static const char *bad_hint(int32_t code) {
  switch (code) {
  case '#': return "comments start with //";
  case '`':
  case 0x2018:
  case 0x2019:
  case 0x201c:
  case 0x201d: return "strings are written in plain double quotes";
  case 0xa0:
  case 0x200b:
  case 0xfeff: return "it looks like a blank but is another character";
  case 0x2013:
  case 0x2212: return "minus is the plain `-`";
  default: return code >= 0x80 ? "names are made of ASCII letters, digits and _" : NULL;
  }
}

static void lex_bad(lexer *l) {
  const char *from = l->at;
  uint32_t length;
  int32_t code = rima_utf8_decode(from, l->end, &length);
  l->at += length;
  if (code > 0) {
    rima_diagnostic *d =
        code < 0x20 || code == 0x7f
            ? rima_error(l->sink, span_of(l, from, l->at), "unexpected control character U+%04X",
                         (unsigned)code)
            : rima_error(l->sink, span_of(l, from, l->at), "unexpected character `%.*s`", (int)length, from);
    if (bad_hint(code)) rima_hint(l->sink, d, "%s", bad_hint(code));
  }
  if (l->count && l->tokens[l->count - 1].kind == RIMA_TOK_BAD &&
      l->tokens[l->count - 1].end + l->text == from)
    l->tokens[l->count - 1].end = (uint32_t)(l->at - l->text);
  else push(l, RIMA_TOK_BAD, from);
}

/* ---- the whole ---- */

static void lex_all(lexer *l) {
  for (skip_gap(l); l->at < l->end; skip_gap(l)) {
    switch (classes[(unsigned char)*l->at]) {
    case C_LETTER: lex_word(l); break;
    case C_DIGIT: lex_number(l); break;
    case C_PUNCTUATION: lex_punctuation(l); break;
    case C_QUOTE: lex_string(l); break;
    case C_CHARACTER: lex_character(l); break;
    default: lex_bad(l);
    }
  }
  l->flags |= RIMA_TOKEN_NEWLINE;
  push(l, RIMA_TOK_END, l->at);
  settle_soft_words(l);
}

/* A byte order mark and a #! line are passed over. */
static void skip_head(lexer *l) {
  if (l->end - l->at >= 3 && memcmp(l->at, "\xef\xbb\xbf", 3) == 0) l->at += 3;
  if (l->end - l->at >= 2 && l->at[0] == '#' && l->at[1] == '!') {
    const char *newline = memchr(l->at, '\n', (size_t)(l->end - l->at));
    l->at = newline ? newline : l->end;
  }
}

rima_tokens rima_lex(rima_session *session, rima_source *source, rima_diagnostics *sink) {
  lexer l = {.session = session,
             .source = source,
             .sink = sink,
             .text = source->text,
             .at = source->text,
             .soft = RIMA_NO_MATCH};
  l.end = l.text + source->length;
  l.capacity = source->length / 3 + 64;
  if (l.capacity <= session->token_capacity) {
    l.tokens = session->tokens;
    l.capacity = session->token_capacity;
  } else {
    l.tokens = RIMA_NEW_ARRAY(&session->arena, rima_token, l.capacity);
  }
  reserve_keywords(session);
  check_bytes(&l);
  skip_head(&l);
  lex_all(&l);
  session->tokens = l.tokens;
  session->token_capacity = l.capacity;
  return (rima_tokens){l.tokens, l.count};
}
