/* parser.c: tokens, errors and recovery, lists, scopes; the grammar is in parse_*.c. */
#include "parse.h"
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* ---- tokens and spans ---- */

/* Tokens know their offsets in their source. */
static rima_span span_between(const parser *p, uint32_t start, uint32_t end) {
  return (rima_span){p->source->base + start, p->source->base + end};
}

rima_span span_of_token(const parser *p, uint32_t index) {
  const rima_token *t = &p->tokens[index];
  return span_between(p, t->start, t->end);
}

rima_span span_from(const parser *p, uint32_t first) {
  uint32_t last = p->at > first ? p->at - 1 : first;
  return span_between(p, p->tokens[first].start, p->tokens[last].end);
}

rima_span span_join(rima_span a, rima_span b) {
  return (rima_span){a.start < b.start ? a.start : b.start, a.end > b.end ? a.end : b.end};
}

bool is_first_on_line(const parser *p, uint32_t index) {
  if (p->tokens[index].flags & RIMA_TOKEN_NEWLINE) return true;
  uint32_t from = index ? p->tokens[index - 1].end : 0, to = p->tokens[index].start;
  return memchr(p->source->text + from, '\n', to - from) != NULL;
}

/* ---- errors ---- */

static rima_diagnostic *report(parser *p, rima_span span, const char *format, va_list list) {
  char text[512];
  vsnprintf(text, sizeof text, format, list);
  return rima_error(p->sink, span, "%s", text);
}

rima_diagnostic *fail(parser *p, rima_span span, const char *format, ...) {
  if (p->in_panic) return NULL;
  p->in_panic = true;
  va_list list;
  va_start(list, format);
  rima_diagnostic *d = report(p, span, format, list);
  va_end(list);
  return d;
}

rima_diagnostic *complain(parser *p, rima_span span, const char *format, ...) {
  if (p->in_panic) return NULL;
  va_list list;
  va_start(list, format);
  rima_diagnostic *d = report(p, span, format, list);
  va_end(list);
  return d;
}

void complain_of_many(parser *p, uint32_t opener, uint32_t count) {
  if (count > RIMA_MOST_PARAMETERS)
    complain(p, span_of_token(p, opener), "more than %d parameters", RIMA_MOST_PARAMETERS);
}

/* What a token is called when it was not expected. */
static const char *describe(const parser *p, uint32_t index, char buffer[64]) {
  const rima_token *t = &p->tokens[index];
  if (t->kind == RIMA_TOK_IDENT || t->kind == RIMA_TOK_INT || t->kind == RIMA_TOK_FLOAT) {
    uint32_t length = t->end - t->start;
    snprintf(buffer, 64, "`%.*s%s`", (int)(length < 40 ? length : 40), p->source->text + t->start,
             length < 40 ? "" : "…");
    return buffer;
  }
  return rima_token_kind_text((rima_token_kind)t->kind);
}

/* Words and signs of other languages, met where something else was expected. */
static const char *foreign_hint(const parser *p) {
  static const struct {
    const char *word, *hint;
  } words[] = {
      {"and", "write `&&`"},
      {"or", "write `||`"},
      {"not", "write `!`"},
      {"elif", "write `else if`"},
      {"elsif", "write `else if`"},
      {"then", "the body of `if` is a block: `if c { … }`"},
      {"instanceof", "write `is`"},
      {"extends", "supertypes follow `:`, as in `class B : A`"},
      {"implements", "supertypes follow `:`, as in `class B : A`"},
      {"where", "bounds are written `[T: Bound]`"},
      {"of", "write `for x in xs`"},
      {"default", "write `_ => …`"},
  };
  const rima_token *t = token(p);
  if (t->kind == RIMA_TOK_IDENT)
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
      if (strcmp(t->name->text, words[i].word) == 0) return words[i].hint;
  switch (t->kind) {
  case RIMA_TOK_QUESTION: return "there is no `? :`; write `if c { a } else { b }`";
  case RIMA_TOK_ARROW: return "lambdas and match arms are written with `=>`, result types with `:`";
  case RIMA_TOK_LBRACE: return after_newline(p) ? "the `{` belongs on the line above" : NULL;
  default: return NULL;
  }
}

/* Where something is missing: the present token, or right behind the last one if a line ended there. */
static rima_span missing_span(const parser *p) {
  if (p->at == p->start || !is_first_on_line(p, p->at)) return here(p);
  uint32_t end = p->tokens[p->at - 1].end;
  return span_between(p, end, end + 1);
}

rima_diagnostic *fail_expected(parser *p, const char *what) {
  char buffer[64];
  if (is(p, RIMA_TOK_BAD)) p->in_panic = true; /* the lexer has said what is wrong */
  bool is_line_end =
      p->at != p->start && is_first_on_line(p, p->at) && !is(p, RIMA_TOK_END) && !is(p, RIMA_TOK_LBRACE);
  const char *found = is_line_end ? "the end of the line" : describe(p, p->at, buffer);
  rima_diagnostic *d = fail(p, missing_span(p), "expected %s, found %s", what, found);
  if (foreign_hint(p)) rima_hint(p->sink, d, "%s", foreign_hint(p));
  return d;
}

bool expect(parser *p, rima_token_kind wanted, const char *where) {
  if (accept(p, wanted)) return true;
  char what[160];
  snprintf(what, sizeof what, "%s%s%s", rima_token_kind_text(wanted), *where ? " " : "", where);
  fail_expected(p, what);
  return false;
}

static bool starts_declaration(rima_token_kind k) {
  switch (k) {
  case RIMA_TOK_FUN:
  case RIMA_TOK_CLASS:
  case RIMA_TOK_INTERFACE:
  case RIMA_TOK_ENUM:
  case RIMA_TOK_EXTEND:
  case RIMA_TOK_IMPORT:
  case RIMA_TOK_PRIVATE:
  case RIMA_TOK_OVERRIDE:
  case RIMA_TOK_ABSTRACT:
  case RIMA_TOK_NATIVE:
  case RIMA_TOK_OPEN:
  case RIMA_TOK_STATIC:
  case RIMA_TOK_TEST: return true;
  default: return false;
  }
}

/* The column at which the line of this token begins. */
static uint32_t indentation_of_line(const parser *p, uint32_t index) {
  const char *text = p->source->text;
  uint32_t at = p->tokens[index].start, blanks = 0;
  while (at > 0 && text[at - 1] != '\n') at--;
  while (text[at] == ' ' || text[at] == '\t') at++, blanks++;
  return blanks;
}

/* Which `{` was probably left open: the first one behind the unclosed one that is closed by a line less
 * indented. */
static uint32_t suspect_brace(const parser *p, uint32_t unclosed) {
  for (uint32_t i = unclosed + 1; i < p->count; i++) {
    const rima_token *t = &p->tokens[i];
    if (t->kind != RIMA_TOK_LBRACE || t->match == RIMA_NO_MATCH || !is_first_on_line(p, t->match)) continue;
    if (indentation_of_line(p, t->match) < indentation_of_line(p, i)) return i;
  }
  return unclosed;
}

static void fail_unclosed(parser *p, rima_token_kind wanted, uint32_t opener) {
  char buffer[64];
  uint32_t suspect = wanted == RIMA_TOK_RBRACE ? suspect_brace(p, opener) : opener;
  rima_place place = rima_source_place(p->session, p->source, span_of_token(p, suspect).start);
  rima_diagnostic *d =
      fail(p, here(p), "expected %s before %s: the %s on line %u is not closed", rima_token_kind_text(wanted),
           describe(p, p->at, buffer), rima_token_kind_text(p->tokens[suspect].kind), place.line);
  rima_related(p->sink, d, span_of_token(p, suspect), "opened here");
}

bool is_left_open(const parser *p, uint32_t opener) {
  uint32_t start = token(p)->start;
  bool is_at_margin = start == 0 || p->source->text[start - 1] == '\n';
  return p->tokens[opener].match == RIMA_NO_MATCH && is_at_margin && starts_declaration(kind(p));
}

bool expect_close(parser *p, rima_token_kind wanted, uint32_t opener) {
  if (accept(p, wanted)) return true;
  bool is_open = wanted == RIMA_TOK_RBRACE && is_left_open(p, opener);
  if (is_open || is(p, RIMA_TOK_END)) return fail_unclosed(p, wanted, opener), false;
  const char *what = wanted == RIMA_TOK_RPAREN     ? "`,` or `)`"
                     : wanted == RIMA_TOK_RBRACKET ? "`,` or `]`"
                                                   : "`}`";
  rima_diagnostic *d = fail_expected(p, what);
  rima_place open = rima_source_place(p->session, p->source, span_of_token(p, opener).start);
  rima_place now = rima_source_place(p->session, p->source, here(p).start);
  if (open.line != now.line)
    rima_related(p->sink, d, span_of_token(p, opener), "%s opened here",
                 rima_token_kind_text(p->tokens[opener].kind));
  uint32_t match = p->tokens[opener].match;
  if (match != RIMA_NO_MATCH && p->at < match) p->at = match + 1;
  return false;
}

rima_ident expect_ident(parser *p, const char *what) {
  if (is(p, RIMA_TOK_IDENT)) {
    rima_ident ident = {token(p)->name, here(p)};
    advance(p);
    return ident;
  }
  if (is_keyword(kind(p)) && !is_first_on_line(p, p->at)) {
    fail(p, here(p), "expected %s, but `%s` is a keyword", what, token(p)->name->text);
    advance(p);
  } else fail_expected(p, what);
  return (rima_ident){NULL, here(p)};
}

static bool starts_statement(rima_token_kind k) {
  switch (k) {
  case RIMA_TOK_LET:
  case RIMA_TOK_VAR:
  case RIMA_TOK_WHILE:
  case RIMA_TOK_FOR:
  case RIMA_TOK_RETURN:
  case RIMA_TOK_THROW:
  case RIMA_TOK_DEFER: return true;
  default: return starts_declaration(k);
  }
}

void skip_statement(parser *p, uint32_t progress_from) {
  if (p->at == progress_from && !is(p, RIMA_TOK_RBRACE)) advance(p);
  while (!is(p, RIMA_TOK_END) && !is(p, RIMA_TOK_RBRACE)) {
    if (after_newline(p) || (starts_statement(kind(p)) && is_first_on_line(p, p->at))) break;
    if (accept(p, RIMA_TOK_SEMICOLON)) break;
    bool is_opener = is(p, RIMA_TOK_LPAREN) || is(p, RIMA_TOK_LBRACKET) || is(p, RIMA_TOK_LBRACE);
    if (is_opener && token(p)->match != RIMA_NO_MATCH) p->at = token(p)->match;
    advance(p);
  }
  p->in_panic = false;
}

/* `int x = 1` and the like: a name directly behind a name. */
static bool fail_foreign_declaration(parser *p) {
  const rima_token *before = &p->tokens[p->at - 1];
  bool is_typed = is(p, RIMA_TOK_IDENT) && before->kind == RIMA_TOK_IDENT && kind_at(p, 1) == RIMA_TOK_EQ;
  if (!is_typed) return false;
  rima_diagnostic *d = fail(p, here(p), "a variable is declared with `let` or `var`");
  rima_hint(p->sink, d, "write `let %s: %s = …`", token(p)->name->text, before->name->text);
  return true;
}

void expect_statement_end(parser *p) {
  if (accept(p, RIMA_TOK_SEMICOLON)) return;
  if (is(p, RIMA_TOK_RBRACE) || is_first_on_line(p, p->at) || is(p, RIMA_TOK_END) || p->in_panic) return;
  if (fail_foreign_declaration(p)) return;
  rima_token_kind k = kind(p), before = p->tokens[p->at - 1].kind;
  if (k == before && (k == RIMA_TOK_PLUS || k == RIMA_TOK_MINUS)) {
    rima_hint(p->sink, fail(p, here(p), "there is no `%s`", k == RIMA_TOK_PLUS ? "++" : "--"),
              "write `%s= 1`", k == RIMA_TOK_PLUS ? "+" : "-");
    return;
  }
  fail_expected(p, "a new line or `;` between statements");
}

static void give_up(parser *p, const char *what) {
  if (!p->is_too_deep) {
    p->in_panic = false;
    rima_hint(p->sink, fail(p, here(p), "%s", what), "split it into functions or variables");
  }
  p->is_too_deep = true;
  p->in_panic = true;
  p->at = p->count - 1;
}

bool enter_nesting(parser *p) {
  if (p->nesting < RIMA_MAX_NESTING) return p->nesting++, true;
  give_up(p, "this is nested too deeply");
  return false;
}

bool grow_height(parser *p) {
  if (++p->height < RIMA_MAX_HEIGHT) return true;
  give_up(p, "this expression is too long");
  return false;
}

/* ---- lists ---- */

void list_push_bytes(parser *p, const void *item, size_t size) {
  if (p->scratch_used + size > p->scratch_capacity) {
    size_t capacity = (p->scratch_capacity + size) * 2;
    char *grown = rima_arena_alloc(p->arena, capacity);
    if (p->scratch_used) memcpy(grown, p->scratch, p->scratch_used);
    p->scratch = grown;
    p->scratch_capacity = capacity;
  }
  memcpy(p->scratch + p->scratch_used, item, size);
  p->scratch_used += size;
}

void *list_end(parser *p, size_t mark, size_t item_size, uint32_t *count) {
  size_t size = p->scratch_used - mark;
  p->scratch_used = mark;
  *count = (uint32_t)(size / item_size);
  if (size == 0) return NULL;
  return memcpy(rima_arena_alloc(p->arena, size), p->scratch + mark, size);
}

/* ---- scopes ---- */

void bind(parser *p, rima_local *local) {
  if (p->binding_count == p->binding_capacity) {
    uint32_t capacity = p->binding_capacity ? p->binding_capacity * 2 : 64;
    binding *grown = RIMA_NEW_ARRAY(p->arena, binding, capacity);
    if (p->binding_count) memcpy(grown, p->bindings, p->binding_count * sizeof *grown);
    p->bindings = grown;
    p->binding_capacity = capacity;
  }
  rima_name *name = (rima_name *)local->name;
  p->bindings[p->binding_count++] = (binding){name, name->binding};
  name->binding = local;
}

void scope_end(parser *p, uint32_t mark) {
  while (p->binding_count > mark) {
    binding *b = &p->bindings[--p->binding_count];
    b->name->binding = b->shadowed;
  }
}

rima_local *declare(parser *p, rima_ident ident, rima_storage storage, bool is_mutable) {
  rima_local *local = RIMA_NEW(p->arena, rima_local);
  local->name = ident.name ? ident.name : rima_name_of(p->session, "");
  local->span = ident.span;
  local->function = p->function;
  local->storage = (uint8_t)storage;
  local->is_mutable = is_mutable;
  local->is_assigned = storage == RIMA_STORAGE_MODULE && is_mutable;
  local->reg = -1;
  if (storage != RIMA_STORAGE_MODULE) bind(p, local);
  return local;
}

void mention(parser *p, const rima_name *name) {
  rima_local *local = name->binding;
  if (!local) return;
  local->uses++;
  if (local->function != p->function) local->is_captured = true;
}

void mention_assigned(parser *p, const rima_name *name) {
  rima_local *local = name->binding;
  if (!local) return;
  local->is_assigned = true;
  if (local->function != p->function) local->is_captured = local->is_assigned_by_inner = true;
}

rima_function *inner_function(parser *p, rima_function_kind k) {
  rima_function *function = RIMA_NEW(p->arena, rima_function);
  function->kind = (uint8_t)k;
  function->outer = p->function;
  function->depth = (uint16_t)(p->function->depth + 1);
  p->function->has_lambda = true;
  return function;
}

function_frame function_begin(parser *p, rima_function *function) {
  function_frame frame = {p->function, p->loops, scope_begin(p), p->no_lambda};
  p->function = function;
  p->loops = NULL;
  p->no_lambda = false;
  return frame;
}

void function_end(parser *p, function_frame frame) {
  rima_function *function = p->function;
  if (function->outer && function->uses_this) function->outer->uses_this = true;
  scope_end(p, frame.scope);
  p->function = frame.function;
  p->loops = frame.loops;
  p->no_lambda = frame.no_lambda;
}
