/* parse_text.c: what strings mean, and doc comments. */
#include "parse.h"
#include <string.h>

/* ---- decoding ---- */

typedef struct decoder {
  parser *p;
  const char *at, *end;
  char *out;
  uint32_t indent;    /* """: blanks to drop at each line's start */
  bool at_line_start; /* """: the next bytes are a line's indentation */
} decoder;

static int32_t hex_value(char c) {
  return c >= '0' && c <= '9'   ? c - '0'
         : c >= 'a' && c <= 'f' ? c - 'a' + 10
         : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                : -1;
}

static void complain_escape(decoder *d, const char *from, const char *message, const char *hint) {
  const char *text = d->p->source->text;
  uint32_t base = d->p->source->base;
  rima_span span = {base + (uint32_t)(from - text), base + (uint32_t)(d->at - text)};
  rima_diagnostic *diagnostic = complain(d->p, span, "%s", message);
  if (hint) rima_hint(d->p->sink, diagnostic, "%s", hint);
}

/* \u{…}, behind the u. */
static void decode_unicode(decoder *d, const char *from) {
  uint32_t code = 0, digits = 0;
  if (d->at < d->end && *d->at == '{') {
    for (d->at++; d->at < d->end && hex_value(*d->at) >= 0 && digits < 7; d->at++, digits++)
      code = code << 4 | (uint32_t)hex_value(*d->at);
    bool is_scalar = code <= 0x10ffff && (code < 0xd800 || code > 0xdfff);
    if (digits && d->at < d->end && *d->at == '}') {
      d->at++;
      if (is_scalar) d->out += rima_utf8_encode(d->out, code);
      else complain_escape(d, from, "this is not a Unicode character", NULL);
      return;
    }
  }
  complain_escape(d, from, "a Unicode escape is written `\\u{1F600}`", NULL);
}

static void decode_escape(decoder *d) {
  const char *from = d->at++;
  char c = d->at < d->end ? *d->at++ : 0;
  switch (c) {
  case 'n': *d->out++ = '\n'; break;
  case 't': *d->out++ = '\t'; break;
  case 'r': *d->out++ = '\r'; break;
  case '0': *d->out++ = 0; break;
  case '\\':
  case '"':
  case '\'':
  case '$': *d->out++ = c; break;
  case '\n': break; /* in """: joins the lines */
  case 'u': decode_unicode(d, from); break;
  default:
    complain_escape(d, from, "this escape is not known",
                    "for a backslash write `\\\\`, or use a raw string r\"…\"");
  }
  if (c == '\n') d->at_line_start = true;
}

/* Drops up to `indent` blanks; all of a line that is blank. */
static void skip_indent(decoder *d) {
  const char *p = d->at;
  while (p < d->end && (*p == ' ' || *p == '\t')) p++;
  bool is_blank = p < d->end && (*p == '\n' || (*p == '\r' && p + 1 < d->end && p[1] == '\n'));
  if (!is_blank && (size_t)(p - d->at) > d->indent) p = d->at + d->indent;
  d->at = p;
  d->at_line_start = false;
}

/* The text of one piece, [from, to) of the source. The decoded text is never longer. */
static rima_text decode(decoder *d, const char *from, const char *to, uint8_t flags) {
  bool is_lines = flags & RIMA_TOKEN_LINES;
  if (!is_lines && !(flags & RIMA_TOKEN_ESCAPES)) return (rima_text){from, (uint32_t)(to - from)};
  char *start = d->out = rima_arena_alloc(d->p->arena, (size_t)(to - from) + 1);
  for (d->at = from, d->end = to; d->at < d->end;) {
    if (is_lines && d->at_line_start) skip_indent(d);
    if (d->at >= d->end) break;
    char c = *d->at;
    if (c == '\\') {
      decode_escape(d);
      continue;
    }
    if (is_lines && c == '\r' && d->at + 1 < d->end && d->at[1] == '\n') c = *++d->at;
    d->at_line_start = is_lines && c == '\n';
    *d->out++ = c;
    d->at++;
  }
  return (rima_text){start, (uint32_t)(d->out - start)};
}

/* ---- pieces ---- */

/* The bytes of a piece without its quotes, `}` and `${`. */
static void piece_bounds(const parser *p, const rima_token *t, const char **from, const char **to) {
  uint32_t quote = t->flags & RIMA_TOKEN_LINES ? 3 : 1;
  bool has_head = t->kind == RIMA_TOK_STRING || t->kind == RIMA_TOK_STRING_START;
  bool has_tail = t->kind == RIMA_TOK_STRING || t->kind == RIMA_TOK_STRING_END;
  uint32_t raw = t->flags & RIMA_TOKEN_RAW ? 1 : 0;
  *from = p->source->text + t->start + (has_head ? quote + raw : 1);
  *to = p->source->text + t->end - (has_tail ? quote : 2);
}

/* The first line's rest is dropped with its newline if it is blank. */
static const char *skip_first_line(const char *from, const char *to) {
  const char *q = from;
  while (q < to && (*q == ' ' || *q == '\t' || *q == '\r')) q++;
  return q < to && *q == '\n' ? q + 1 : from;
}

/* The least indentation of a line behind the first; the line of the closing quotes counts, other blank ones
 * do not. */
static uint32_t common_indent(const parser *p, uint32_t index) {
  uint32_t least = UINT32_MAX;
  for (;; index = p->tokens[index].match) {
    const rima_token *t = &p->tokens[index];
    const char *from, *to;
    piece_bounds(p, t, &from, &to);
    for (const char *line = from; (line = memchr(line, '\n', (size_t)(to - line)));) {
      const char *q = ++line;
      while (q < to && (*q == ' ' || *q == '\t')) q++;
      bool is_blank = q < to && (*q == '\n' || *q == '\r');
      if (!is_blank && (uint32_t)(q - line) < least) least = (uint32_t)(q - line);
    }
    if (t->kind == RIMA_TOK_STRING || t->match == RIMA_NO_MATCH) break;
  }
  return least == UINT32_MAX ? 0 : least;
}

static rima_text decode_piece(decoder *d, uint32_t index) {
  const rima_token *t = &d->p->tokens[index];
  const char *from, *to;
  piece_bounds(d->p, t, &from, &to);
  bool is_head = t->kind == RIMA_TOK_STRING || t->kind == RIMA_TOK_STRING_START;
  if ((t->flags & RIMA_TOKEN_LINES) && is_head) {
    const char *second = skip_first_line(from, to);
    d->indent = common_indent(d->p, index);
    d->at_line_start = second != from;
    from = second;
  }
  return decode(d, from, to, t->flags);
}

static void push_text(parser *p, rima_text text, uint32_t index) {
  if (text.length == 0) return;
  rima_expr *part = new_expr(p, RIMA_EXPR_STRING, index);
  part->span = span_of_token(p, index);
  part->text = text;
  list_push(p, part);
}

rima_expr *parse_string(parser *p) {
  uint32_t first = p->at;
  decoder d = {.p = p};
  rima_text text = decode_piece(&d, p->at);
  advance(p);
  if (p->tokens[first].kind == RIMA_TOK_STRING) {
    rima_expr *string = new_expr(p, RIMA_EXPR_STRING, first);
    string->text = text;
    return string;
  }
  size_t mark = list_begin(p);
  bool was_no_lambda = p->no_lambda;
  p->no_lambda = false;
  push_text(p, text, first);
  for (uint32_t piece = first; p->tokens[piece].kind != RIMA_TOK_STRING_END;) {
    rima_expr *part = parse_expr(p);
    list_push(p, part);
    uint32_t next = p->tokens[piece].match;
    if (next == RIMA_NO_MATCH || p->at != next) {
      if (next != RIMA_NO_MATCH)
        rima_hint(p->sink, fail_expected(p, "`}` after the expression in the string"),
                  "a plain dollar is `\\$`");
      p->in_panic = true;
      if (next != RIMA_NO_MATCH) p->at = next;
      else break;
    }
    text = decode_piece(&d, next);
    push_text(p, text, next);
    advance(p);
    piece = next;
  }
  p->no_lambda = was_no_lambda;
  uint32_t count;
  rima_expr **parts = list_end(p, mark, sizeof(rima_expr *), &count);
  rima_expr *string = new_expr(p, RIMA_EXPR_INTERPOLATION, first);
  string->interpolation.parts = parts;
  string->interpolation.count = count;
  return string;
}

/* ---- doc comments ---- */

/* The text of the /// lines in [begin, end). */
static rima_text clean_doc(parser *p, uint32_t begin, uint32_t end) {
  const char *text = p->source->text;
  char *out = rima_arena_alloc(p->arena, end - begin + 1), *to = out;
  for (const char *q = text + begin, *stop = text + end; q < stop;) {
    const char *newline = memchr(q, '\n', (size_t)(stop - q)), *line_end = newline ? newline : stop;
    while (q < line_end && (*q == ' ' || *q == '\t')) q++;
    if (line_end - q >= 3 && memcmp(q, "///", 3) == 0) {
      q += 3;
      if (q < line_end && *q == ' ') q++;
      const char *last = line_end;
      while (last > q && (last[-1] == '\r' || last[-1] == ' ')) last--;
      if (to > out) *to++ = '\n';
      memcpy(to, q, (size_t)(last - q));
      to += last - q;
    }
    q = newline ? newline + 1 : stop;
  }
  return (rima_text){out, (uint32_t)(to - out)};
}

rima_text doc_before(parser *p, uint32_t index, bool is_module_doc) {
  if (!(p->tokens[index].flags & RIMA_TOKEN_DOC)) return (rima_text){0};
  uint32_t begin = index ? p->tokens[index - 1].end : 0, end = p->tokens[index].start;
  const char *text = p->source->text;
  uint32_t run = begin, run_end = begin, runs = 0, first_run = 0, first_end = 0;
  bool in_run = false;
  for (uint32_t at = begin; at < end;) { /* lines of the gap; a run ends at a line without /// */
    const char *newline = memchr(text + at, '\n', end - at);
    uint32_t line_end = newline ? (uint32_t)(newline - text) : end, q = at;
    while (q < line_end && (text[q] == ' ' || text[q] == '\t')) q++;
    bool is_doc = line_end - q >= 3 && memcmp(text + q, "///", 3) == 0;
    if (is_doc && !in_run) run = at, runs++;
    if (is_doc) run_end = line_end;
    if (is_doc && runs == 1) first_run = run, first_end = line_end;
    in_run = is_doc;
    at = newline ? line_end + 1 : end;
  }
  if (runs == 0) return (rima_text){0};
  uint32_t blank_lines = 0;
  for (uint32_t i = run_end; i < end; i++) blank_lines += text[i] == '\n';
  bool is_attached = blank_lines <= 1 && p->tokens[index].kind != RIMA_TOK_END;
  if (!is_module_doc) return is_attached ? clean_doc(p, run, run_end) : (rima_text){0};
  return runs > 1 || !is_attached ? clean_doc(p, first_run, first_end) : (rima_text){0};
}
