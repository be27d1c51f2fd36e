/* format.c: layout from tokens. The gaps between tokens give comments and the author's line breaks; a pass
 * decides blanks, a pass breaks long lines, a pass writes. */
#include "format.h"
#include "lexer.h"
#include "parser.h"
#include <string.h>

/* A token or a comment. */
typedef struct item {
  uint32_t start, end;
  uint32_t token;       /* index; of the next token for comments */
  uint8_t kind;         /* rima_token_kind, or one of the two below */
  uint8_t breaks;       /* before it: 0 none, 1 a line break, 2 a blank line as well */
  bool has_space;       /* a blank before it unless it begins a line */
  bool is_continuation; /* indented by one more if it begins a line */
} item;

enum { LINE_COMMENT = RIMA_TOKEN_KINDS, BLOCK_COMMENT };

typedef struct line {
  uint32_t first, end; /* items */
  uint32_t comment;    /* the trailing line comment's item, or 0 */
  uint32_t indent;     /* levels */
  uint32_t width;      /* columns without the comment */
} line;

typedef struct formatter {
  rima_arena *arena;
  const char *text;
  rima_tokens tokens;
  item *items;
  uint32_t count, capacity;
  line *lines;
  uint32_t line_count, line_capacity;
  uint32_t *open; /* the indent of each open bracket's line */
  uint32_t open_count, open_capacity;
  char *out;
  size_t length, out_capacity;
} formatter;

static void *grow(formatter *f, void *old, uint32_t *capacity, uint32_t count, size_t size) {
  if (count < *capacity) return old;
  uint32_t larger = *capacity ? *capacity * 2 : 256;
  void *grown = rima_arena_alloc(f->arena, larger * size);
  if (count) memcpy(grown, old, count * size);
  *capacity = larger;
  return grown;
}

/* ---- items ---- */

static bool is_comment(const item *i) { return i->kind >= RIMA_TOKEN_KINDS; }

static item *add_item(formatter *f, uint8_t kind, uint32_t start, uint32_t end, uint32_t token,
                      uint32_t newlines) {
  f->items = grow(f, f->items, &f->capacity, f->count, sizeof *f->items);
  item *i = &f->items[f->count++];
  *i = (item){.start = start, .end = end, .token = token, .kind = kind};
  i->breaks = (uint8_t)(newlines > 2 ? 2 : newlines);
  return i;
}

static uint32_t block_comment_end(const char *text, uint32_t at, uint32_t end) {
  uint32_t depth = 0;
  while (at + 1 < end) {
    if (text[at] == '/' && text[at + 1] == '*') depth++, at += 2;
    else if (text[at] == '*' && text[at + 1] == '/') {
      at += 2;
      if (--depth == 0) return at;
    } else at++;
  }
  return end;
}

/* The comments of [from, to) as items; returns the newlines behind the last one. */
static uint32_t add_gap(formatter *f, uint32_t from, uint32_t to, uint32_t token) {
  uint32_t newlines = 0;
  for (uint32_t at = from; at < to;) {
    char c = f->text[at];
    bool is_line = (c == '/' && f->text[at + 1] == '/') || (c == '#' && at == from);
    if (is_line) {
      const char *newline = memchr(f->text + at, '\n', to - at);
      uint32_t end = newline ? (uint32_t)(newline - f->text) : to, next = end;
      while (end > at && (f->text[end - 1] == ' ' || f->text[end - 1] == '\t' || f->text[end - 1] == '\r'))
        end--;
      add_item(f, LINE_COMMENT, at, end, token, newlines);
      newlines = 0;
      at = next;
    } else if (c == '/' && f->text[at + 1] == '*') {
      uint32_t end = block_comment_end(f->text, at, to);
      add_item(f, BLOCK_COMMENT, at, end, token, newlines);
      newlines = 0;
      at = end;
    } else {
      newlines += c == '\n';
      at++;
    }
  }
  return newlines;
}

static void collect_items(formatter *f) {
  uint32_t from = memcmp(f->text, "\xef\xbb\xbf", 3) == 0 ? 3 : 0;
  for (uint32_t i = 0; i < f->tokens.count; i++) {
    const rima_token *t = &f->tokens.items[i];
    uint32_t newlines = add_gap(f, from, t->start, i);
    add_item(f, t->kind, t->start, t->end, i, newlines);
    from = t->end;
  }
}

/* ---- what stands where ---- */

static bool is_open_bracket(uint8_t k) {
  return k == RIMA_TOK_LPAREN || k == RIMA_TOK_LBRACKET || k == RIMA_TOK_LBRACE || k == RIMA_TOK_STRING_START;
}
static bool is_close_bracket(uint8_t k) {
  return k == RIMA_TOK_RPAREN || k == RIMA_TOK_RBRACKET || k == RIMA_TOK_RBRACE || k == RIMA_TOK_STRING_END;
}

static bool is_binary(uint8_t k) {
  return (k >= RIMA_TOK_NOT_IN && k <= RIMA_TOK_USHR_EQ) || k == RIMA_TOK_ARROW || k == RIMA_TOK_FAT_ARROW ||
         k == RIMA_TOK_QUESTION_QUESTION || k == RIMA_TOK_IN || k == RIMA_TOK_IS || k == RIMA_TOK_AS;
}

static bool is_assert_word(const formatter *f, uint32_t token) {
  const rima_token *t = &f->tokens.items[token];
  if (t->kind != RIMA_TOK_IDENT || strcmp(t->name->text, "assert") != 0) return false;
  uint8_t before = token ? t[-1].kind : RIMA_TOK_SEMICOLON;
  return (t->flags & RIMA_TOKEN_NEWLINE) || before == RIMA_TOK_SEMICOLON || before == RIMA_TOK_LBRACE ||
         before == RIMA_TOK_FAT_ARROW;
}

static bool is_member_word(const formatter *f, uint32_t token) {
  uint8_t before = token ? f->tokens.items[token - 1].kind : RIMA_TOK_END;
  return before == RIMA_TOK_DOT || before == RIMA_TOK_QUESTION_DOT;
}

static bool is_prefix(const formatter *f, uint32_t token);

/* Could an operand end with this token? */
static bool ends_operand(const formatter *f, uint32_t token) {
  switch (f->tokens.items[token].kind) {
  case RIMA_TOK_IDENT: return !is_assert_word(f, token);
  case RIMA_TOK_INT:
  case RIMA_TOK_FLOAT:
  case RIMA_TOK_CHAR:
  case RIMA_TOK_STRING:
  case RIMA_TOK_STRING_END:
  case RIMA_TOK_RPAREN:
  case RIMA_TOK_RBRACKET:
  case RIMA_TOK_RBRACE:
  case RIMA_TOK_QUESTION:
  case RIMA_TOK_THIS:
  case RIMA_TOK_SUPER:
  case RIMA_TOK_NULL_WORD:
  case RIMA_TOK_TRUE:
  case RIMA_TOK_FALSE: return true;
  case RIMA_TOK_BANG: return !is_prefix(f, token);
  default: return f->tokens.items[token].kind >= RIMA_FIRST_KEYWORD && is_member_word(f, token);
  }
}

/* Is this `-`, `!` or `~` before its operand? */
static bool is_prefix(const formatter *f, uint32_t token) {
  const rima_token *t = &f->tokens.items[token];
  if (t->kind == RIMA_TOK_TILDE) return true;
  if (t->kind != RIMA_TOK_MINUS && t->kind != RIMA_TOK_BANG) return false;
  if (token == 0 || (t->flags & RIMA_TOKEN_NEWLINE)) return true;
  if (t->kind ==
      RIMA_TOK_BANG) { /* without recursion: the run of `!` before it began as a prefix or a postfix */
    uint32_t first = token;
    while (first > 0 && t[-1].kind == RIMA_TOK_BANG && !(t->flags & RIMA_TOKEN_NEWLINE)) first--, t--;
    if (first == 0 || (t->flags & RIMA_TOKEN_NEWLINE)) return true;
    return !ends_operand(f, first - 1);
  }
  return !ends_operand(f, token - 1);
}

static bool is_bracket_joined(const formatter *f, uint32_t before, uint8_t bracket) {
  uint8_t k = f->tokens.items[before].kind;
  if (k == RIMA_TOK_RBRACE) return false;
  return ends_operand(f, before) || (k == RIMA_TOK_EXTEND && bracket == RIMA_TOK_LBRACKET) ||
         k == RIMA_TOK_DYN;
}

/* A blank between two neighbouring tokens? `is_super`: the colon before supertypes. */
static bool wants_space(const formatter *f, uint32_t index, bool is_super) {
  uint8_t before = f->tokens.items[index - 1].kind, now = f->tokens.items[index].kind;
  switch (before) {
  case RIMA_TOK_LPAREN:
  case RIMA_TOK_LBRACKET:
  case RIMA_TOK_DOT:
  case RIMA_TOK_QUESTION_DOT:
  case RIMA_TOK_DOT_DOT:
  case RIMA_TOK_DOT_DOT_EQ:
  case RIMA_TOK_STRING_START:
  case RIMA_TOK_STRING_MIDDLE: return false;
  case RIMA_TOK_MINUS:
  case RIMA_TOK_BANG:
  case RIMA_TOK_TILDE:
    if (is_prefix(f, index - 1)) return false;
    break;
  default: break;
  }
  switch (now) {
  case RIMA_TOK_RPAREN:
  case RIMA_TOK_RBRACKET:
  case RIMA_TOK_COMMA:
  case RIMA_TOK_SEMICOLON:
  case RIMA_TOK_DOT:
  case RIMA_TOK_QUESTION_DOT:
  case RIMA_TOK_DOT_DOT:
  case RIMA_TOK_DOT_DOT_EQ:
  case RIMA_TOK_QUESTION:
  case RIMA_TOK_STRING_MIDDLE:
  case RIMA_TOK_STRING_END: return false;
  case RIMA_TOK_COLON: return is_super;
  case RIMA_TOK_BANG: return is_prefix(f, index);
  case RIMA_TOK_LPAREN:
  case RIMA_TOK_LBRACKET: return !is_bracket_joined(f, index - 1, now);
  default: return true;
  }
}

/* Does a line that begins here go on with the one before? */
static bool continues(const formatter *f, uint32_t index) {
  if (index == 0) return false;
  const rima_token *t = &f->tokens.items[index];
  uint8_t before = t[-1].kind;
  switch (t->kind) {
  case RIMA_TOK_DOT:
  case RIMA_TOK_QUESTION_DOT:
  case RIMA_TOK_QUESTION_QUESTION:
  case RIMA_TOK_AND_AND:
  case RIMA_TOK_OR_OR:
  case RIMA_TOK_COLON: return true;
  default: break;
  }
  if (is_binary(t->kind) && !(t->flags & RIMA_TOKEN_NEWLINE) && !is_prefix(f, index)) return true;
  bool is_operator = (is_binary(before) && !(before == RIMA_TOK_BANG && !is_prefix(f, index - 1))) ||
                     before == RIMA_TOK_DOT || before == RIMA_TOK_COLON;
  return is_operator && t->kind != RIMA_TOK_RBRACE;
}

/* ---- the first pass: blanks, breaks ---- */

static bool is_dropped(const formatter *f, uint32_t token) {
  const rima_token *t = &f->tokens.items[token];
  if (t->kind != RIMA_TOK_SEMICOLON) return false;
  uint8_t after = t[1].kind;
  if (after == RIMA_TOK_SEMICOLON || after == RIMA_TOK_RBRACE || after == RIMA_TOK_END) return true;
  return (t[1].flags & RIMA_TOKEN_NEWLINE) && !continues(f, token + 1);
}

static void drop_semicolons(formatter *f) {
  uint32_t to = 0, breaks = 0;
  for (uint32_t i = 0; i < f->count; i++) {
    item it = f->items[i];
    if (it.breaks < breaks) it.breaks = (uint8_t)breaks;
    breaks = 0;
    if (!is_comment(&it) && is_dropped(f, it.token)) breaks = it.breaks;
    else f->items[to++] = it;
  }
  f->count = to;
}

/* No blank line behind an opening bracket or before a closing one; `else` joins the brace before it. */
static void settle_breaks(formatter *f) {
  for (uint32_t i = 0; i < f->count; i++) {
    item *it = &f->items[i], *before = i ? it - 1 : NULL;
    if (!before || before->kind == LINE_COMMENT) {
      it->breaks = before && it->breaks == 0 ? 1 : before ? it->breaks : 0;
    } else if (it->breaks == 2 && (is_open_bracket(before->kind) || is_close_bracket(it->kind)))
      it->breaks = 1;
    if (before && before->kind == LINE_COMMENT && it->breaks == 2 && is_close_bracket(it->kind))
      it->breaks = 1;
    bool is_else = it->kind == RIMA_TOK_ELSE || it->kind == RIMA_TOK_CATCH || it->kind == RIMA_TOK_FINALLY;
    bool is_arm = it->kind == RIMA_TOK_ELSE && f->tokens.items[it->token + 1].kind == RIMA_TOK_FAT_ARROW;
    if (is_else && !is_arm && before && before->kind == RIMA_TOK_RBRACE) it->breaks = 0;
  }
}

static void settle_spaces(formatter *f) {
  uint32_t depth = 0, header_depth = UINT32_MAX;
  for (uint32_t i = 0; i < f->count; i++) {
    item *it = &f->items[i];
    uint8_t k = it->kind;
    it->is_continuation = continues(f, it->token);
    if (is_comment(it) || i == 0 || is_comment(it - 1)) {
      it->has_space = i > 0;
      if (is_comment(it)) continue;
    } else if (f->items[i - 1].token + 1 == it->token)
      it->has_space = wants_space(f, it->token, k == RIMA_TOK_COLON && depth == header_depth);
    else it->has_space = k != RIMA_TOK_SEMICOLON; /* behind a dropped `;` */
    bool is_header = (k == RIMA_TOK_CLASS || k == RIMA_TOK_INTERFACE || k == RIMA_TOK_ENUM) &&
                     !is_member_word(f, it->token);
    if (is_header) header_depth = depth;
    if (depth == header_depth && (k == RIMA_TOK_LBRACE || k == RIMA_TOK_COLON || k == RIMA_TOK_FUN))
      header_depth = UINT32_MAX;
    if (is_open_bracket(k)) depth++;
    if (is_close_bracket(k) && depth > 0) depth--;
  }
}

/* ---- the second pass: lines ---- */

static uint32_t columns(const formatter *f, const item *i) {
  uint32_t n = 0;
  for (uint32_t at = i->start; at < i->end; at++) n += ((unsigned char)f->text[at] & 0xc0) != 0x80;
  return n;
}

static bool spans_lines(const formatter *f, const item *i) {
  return memchr(f->text + i->start, '\n', i->end - i->start) != NULL;
}

static uint32_t line_end(const formatter *f, uint32_t first) {
  uint32_t end = first + 1;
  while (end < f->count && f->items[end].breaks == 0) end++;
  return end;
}

static uint32_t line_indent(const formatter *f, uint32_t first) {
  const item *it = &f->items[first];
  uint32_t inside = f->open_count ? f->open[f->open_count - 1] : 0;
  if (f->open_count && is_close_bracket(it->kind)) return inside;
  return inside + (f->open_count ? 1 : 0) + it->is_continuation;
}

static uint32_t line_width(const formatter *f, uint32_t first, uint32_t end, uint32_t indent) {
  uint32_t width = indent * 2;
  for (uint32_t i = first; i < end; i++) {
    if (f->items[i].kind == LINE_COMMENT && i > first) break;
    width += columns(f, &f->items[i]) + (i > first && f->items[i].has_space);
  }
  return width;
}

/* The partner of the bracket at item i within [i, end), or 0. */
static uint32_t partner(const formatter *f, uint32_t i, uint32_t end) {
  uint32_t depth = 0;
  for (; i < end; i++) {
    if (is_open_bracket(f->items[i].kind)) depth++;
    if (is_close_bracket(f->items[i].kind) && --depth == 0) return i;
  }
  return 0;
}

static bool is_list_bracket(uint8_t k) { return k == RIMA_TOK_LPAREN || k == RIMA_TOK_LBRACKET; }

/* One item a line between the brackets at open and close. */
static void break_list(formatter *f, uint32_t open, uint32_t close) {
  uint32_t depth = 0;
  f->items[open + 1].breaks = f->items[close].breaks = 1;
  for (uint32_t i = open + 1; i < close; i++) {
    if (is_open_bracket(f->items[i].kind)) depth++;
    if (is_close_bracket(f->items[i].kind)) depth--;
    if (depth == 0 && f->items[i].kind == RIMA_TOK_COMMA && f->items[i + 1].breaks == 0 &&
        !is_comment(&f->items[i + 1]))
      f->items[i + 1].breaks = 1;
  }
}

/* Breaks a list that the line begins and does not end, unless it ends in a block: a parameter list that the
 * author broke somewhere, say. False if there is none. */
static bool break_open_list(formatter *f, uint32_t first, uint32_t end) {
  uint32_t open = end;
  for (uint32_t i = first; i < end; i++) {
    if (!is_open_bracket(f->items[i].kind)) continue;
    uint32_t close = partner(f, i, end);
    if (close) {
      i = close;
      continue;
    }
    if (f->items[i].kind != RIMA_TOK_LPAREN) return false; /* a list literal keeps the author's lines */
    if (open == end) open = i;
  }
  uint32_t close = open + 1 < end ? partner(f, open, f->count) : 0;
  if (!close) return false;
  break_list(f, open, close);
  return true;
}

/* May the statements between these braces stand on lines of their own? Arms and members with commas may not.
 */
static bool is_block(const formatter *f, uint32_t open, uint32_t close) {
  uint32_t depth = 0;
  if (close == open + 1 || (open && f->items[open - 1].kind == RIMA_TOK_DYN)) return false;
  for (uint32_t i = open + 1; i < close; i++) {
    if (is_open_bracket(f->items[i].kind)) depth++;
    if (is_close_bracket(f->items[i].kind)) depth--;
    if (depth == 0 && (f->items[i].kind == RIMA_TOK_COMMA || is_comment(&f->items[i]))) return false;
  }
  return true;
}

/* One statement a line; the semicolons between them go. */
static void break_block(formatter *f, uint32_t open, uint32_t close) {
  uint32_t depth = 0;
  f->items[open + 1].breaks = f->items[close].breaks = 1;
  for (uint32_t i = open + 1; i < close; i++) {
    item *it = &f->items[i];
    if (is_open_bracket(it->kind)) depth++;
    if (is_close_bracket(it->kind)) depth--;
    if (depth > 0 || it->kind != RIMA_TOK_SEMICOLON) continue;
    f->items[i + 1].breaks = 1;
    if (!continues(f, it->token + 1)) it->end = it->start;
  }
}

/* Breaks the outermost blocks of the line, if it ends with one. */
static bool break_blocks(formatter *f, uint32_t first, uint32_t end) {
  uint32_t last = end;
  while (last > first && (is_comment(&f->items[last - 1]) || f->items[last - 1].kind == RIMA_TOK_END)) last--;
  if (last == first || f->items[last - 1].kind != RIMA_TOK_RBRACE) return false;
  bool has_broken = false;
  for (uint32_t i = first; i < end; i++) {
    if (!is_open_bracket(f->items[i].kind)) continue;
    uint32_t close = partner(f, i, end);
    if (!close) return has_broken;
    if (f->items[i].kind == RIMA_TOK_LBRACE && is_block(f, i, close)) {
      break_block(f, i, close);
      has_broken = true;
    }
    i = close;
  }
  return has_broken;
}

/* Breaks the widest outermost ( ) or [ ] of the line: one item a line. False if there is none. */
static bool break_brackets(formatter *f, uint32_t first, uint32_t end) {
  uint32_t best = 0, best_close = 0, best_width = 0;
  for (uint32_t i = first; i < end; i++) {
    uint8_t k = f->items[i].kind;
    if (!is_open_bracket(k)) continue;
    uint32_t close = partner(f, i, end);
    if (!close) continue;
    uint32_t width = f->items[close].end - f->items[i].end;
    bool is_breakable = is_list_bracket(k) && close > i + 1;
    if (is_breakable && width > best_width) best = i, best_close = close, best_width = width;
    i = close;
  }
  if (best_width < 8) return false;
  break_list(f, best, best_close);
  return true;
}

/* Breaks before the line's outermost operators of this kind. */
static bool break_operators(formatter *f, uint32_t first, uint32_t end, uint8_t operator) {
  uint32_t depth = 0;
  bool has_broken = false;
  for (uint32_t i = first; i < end; i++) {
    uint8_t k = f->items[i].kind;
    if (is_open_bracket(k)) depth++;
    if (is_close_bracket(k) && depth > 0) depth--;
    if (depth > 0 || i == first || k != operator) continue;
    f->items[i].breaks = 1;
    has_broken = true;
  }
  return has_broken;
}

/* && binds tighter: it stays together as long as there is an || to break at. */
static bool break_conditions(formatter *f, uint32_t first, uint32_t end) {
  return break_operators(f, first, end, RIMA_TOK_OR_OR) || break_operators(f, first, end, RIMA_TOK_AND_AND);
}

/* What a bracket holds is indented against the line that opens it, what follows a list of several lines
 * against the line where the list began; a class's body against the class, also when the supertypes stand on
 * a line of their own. */
static void track_brackets(formatter *f, uint32_t first, uint32_t end, uint32_t indent) {
  if (f->items[first].kind == RIMA_TOK_COLON && indent > 0) indent--;
  for (uint32_t i = first; i < end; i++) {
    if (is_close_bracket(f->items[i].kind) && f->open_count) indent = f->open[--f->open_count];
    if (!is_open_bracket(f->items[i].kind)) continue;
    f->open = grow(f, f->open, &f->open_capacity, f->open_count, sizeof *f->open);
    f->open[f->open_count++] = indent;
  }
}

static void add_line(formatter *f, uint32_t first, uint32_t end, uint32_t indent) {
  f->lines = grow(f, f->lines, &f->line_capacity, f->line_count, sizeof *f->lines);
  line *l = &f->lines[f->line_count++];
  bool has_comment = end - first > 1 && f->items[end - 1].kind == LINE_COMMENT;
  *l = (line){first, has_comment ? end - 1 : end, has_comment ? end - 1 : 0, indent,
              line_width(f, first, end, indent)};
}

/* `) : Base`: the supertypes go on behind a list that was broken. */
static bool joins_supertypes(const formatter *f, uint32_t first, uint32_t end) {
  return end == first + 1 && f->items[first].kind == RIMA_TOK_RPAREN && end < f->count &&
         f->items[end].kind == RIMA_TOK_COLON;
}

static bool break_line(formatter *f, uint32_t first, uint32_t end) {
  return break_blocks(f, first, end) || break_open_list(f, first, end) || break_brackets(f, first, end) ||
         break_conditions(f, first, end);
}

static void lay_out(formatter *f) {
  for (uint32_t first = 0, end; first < f->count; first = end) {
    uint32_t indent = line_indent(f, first);
    end = line_end(f, first);
    if (joins_supertypes(f, first, end)) {
      f->items[end].breaks = 0;
      end = line_end(f, first);
    }
    while (line_width(f, first, end, indent) > RIMA_FORMAT_COLUMNS && break_line(f, first, end))
      end = line_end(f, first);
    add_line(f, first, end, indent);
    track_brackets(f, first, end, indent);
  }
}

/* ---- the third pass: text ---- */

static void put(formatter *f, const char *bytes, size_t length) {
  if (f->length + length + 1 > f->out_capacity) {
    size_t capacity = (f->out_capacity + length + 1) * 2;
    char *grown = rima_arena_alloc(f->arena, capacity);
    if (f->length) memcpy(grown, f->out, f->length);
    f->out = grown;
    f->out_capacity = capacity;
  }
  memcpy(f->out + f->length, bytes, length);
  f->length += length;
}
static void put_blanks(formatter *f, uint32_t count) {
  for (; count; count--) put(f, " ", 1);
}
static void put_item(formatter *f, const item *i) { put(f, f->text + i->start, i->end - i->start); }

static bool is_many_lines(const formatter *f, const line *l) {
  for (uint32_t i = l->first; i < l->end; i++)
    if (spans_lines(f, &f->items[i])) return true;
  return false;
}

/* The column of the trailing comments of the run of lines around `at` that have one. */
static uint32_t comment_column(const formatter *f, uint32_t at, uint32_t *run_end) {
  uint32_t column = 0, end = at;
  for (; end < f->line_count && f->lines[end].comment; end++) {
    const line *l = &f->lines[end];
    if (end > at && f->items[l->first].breaks == 2) break;
    if (is_many_lines(f, l)) break;
    if (l->width > column) column = l->width;
  }
  *run_end = end > at ? end : at + 1;
  return column + 2;
}

static void put_line(formatter *f, const line *l, uint32_t column) {
  if (f->length && f->items[l->first].breaks == 2) put(f, "\n", 1);
  if (f->items[l->first].kind != RIMA_TOK_END) put_blanks(f, l->indent * 2);
  for (uint32_t i = l->first; i < l->end; i++) {
    if (i > l->first && f->items[i].has_space && f->items[i].kind != RIMA_TOK_END) put(f, " ", 1);
    put_item(f, &f->items[i]);
  }
  if (l->comment) {
    bool is_aligned = column > l->width && !is_many_lines(f, l);
    put_blanks(f, is_aligned ? column - l->width : 2);
    put_item(f, &f->items[l->comment]);
  }
  put(f, "\n", 1);
}

static void write_lines(formatter *f) {
  uint32_t run_end = 0, column = 0;
  for (uint32_t i = 0; i < f->line_count; i++) {
    const line *l = &f->lines[i];
    if (l->comment && i >= run_end) column = comment_column(f, i, &run_end);
    bool is_end = l->end - l->first == 1 && f->items[l->first].kind == RIMA_TOK_END;
    if (!is_end) put_line(f, l, l->comment ? column : 0);
  }
  put(f, "", 1);
  f->length--;
}

const char *rima_format(rima_session *session, rima_source *source, rima_diagnostics *sink, size_t *length) {
  *length = 0;
  if (rima_parse(session, source, sink)->has_errors) return NULL;
  formatter f = {.arena = &session->arena, .text = source->text, .tokens = rima_lex(session, source, sink)};
  collect_items(&f);
  drop_semicolons(&f);
  settle_breaks(&f);
  settle_spaces(&f);
  lay_out(&f);
  write_lines(&f);
  *length = f.length;
  return f.out;
}
