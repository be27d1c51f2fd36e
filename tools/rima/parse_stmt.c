/* parse_stmt.c: patterns, blocks, statements. */
#include "parse.h"
#include <string.h>

/* ---- patterns ---- */

static rima_pattern *new_pattern(parser *p, rima_pattern_kind k, uint32_t first) {
  rima_pattern *pattern = RIMA_NEW(p->arena, rima_pattern);
  pattern->kind = (uint8_t)k;
  pattern->span = span_from(p, first);
  return pattern;
}

static bool is_wildcard(const rima_name *name) { return name->length == 1 && name->text[0] == '_'; }

/* A name or _, at an IDENT. */
static rima_pattern *parse_name_pattern(parser *p, rima_storage storage, bool is_mutable) {
  uint32_t first = p->at;
  rima_ident ident = {token(p)->name, here(p)};
  advance(p);
  if (is_wildcard(ident.name)) return new_pattern(p, RIMA_PATTERN_WILDCARD, first);
  rima_pattern *pattern = new_pattern(p, RIMA_PATTERN_NAME, first);
  pattern->local = declare(p, ident, storage, is_mutable);
  return pattern;
}

/* Circle(r), Shape.Circle(radius: r): the patterns in the parentheses. */
static void parse_variant_args(parser *p, rima_pattern *variant) {
  uint32_t opener = p->at, count;
  size_t mark = list_begin(p);
  struct named_pattern {
    rima_ident name;
    rima_pattern *pattern;
  } item;
  bool has_names = false;
  advance(p);
  while (!is(p, RIMA_TOK_RPAREN) && !is(p, RIMA_TOK_END) && !p->in_panic) {
    item = (struct named_pattern){0};
    if (is(p, RIMA_TOK_IDENT) && kind_at(p, 1) == RIMA_TOK_COLON) {
      item.name = expect_ident(p, "a field's name");
      advance(p);
      has_names = true;
    }
    item.pattern = parse_pattern(p);
    list_push(p, item);
    if (!accept(p, RIMA_TOK_COMMA)) break;
  }
  struct named_pattern *items = list_end(p, mark, sizeof item, &count);
  expect_close(p, RIMA_TOK_RPAREN, opener);
  variant->variant.has_args = true;
  variant->variant.count = count;
  variant->variant.args = RIMA_NEW_ARRAY(p->arena, rima_pattern *, count);
  if (has_names) variant->variant.arg_names = RIMA_NEW_ARRAY(p->arena, rima_ident, count);
  for (uint32_t i = 0; i < count; i++) {
    variant->variant.args[i] = items[i].pattern;
    if (has_names) variant->variant.arg_names[i] = items[i].name;
  }
}

static rima_pattern *parse_ident_pattern(parser *p) {
  uint32_t first = p->at;
  bool is_plain = kind_at(p, 1) != RIMA_TOK_DOT && kind_at(p, 1) != RIMA_TOK_LPAREN;
  if (is_plain) return parse_name_pattern(p, RIMA_STORAGE_LOCAL, false);
  rima_ident qualifier = {0}, name = expect_ident(p, "a pattern");
  if (accept(p, RIMA_TOK_DOT)) {
    qualifier = name;
    name = expect_ident(p, "a variant's name");
  }
  rima_pattern *pattern = new_pattern(p, RIMA_PATTERN_VARIANT, first);
  pattern->variant.qualifier = qualifier;
  pattern->variant.name = name;
  if (is(p, RIMA_TOK_LPAREN)) parse_variant_args(p, pattern);
  pattern->span = span_from(p, first);
  return pattern;
}

/* A number with its sign, a character, string, bool or null. */
static rima_expr *parse_literal(parser *p) {
  uint32_t first = p->at;
  rima_expr *e;
  switch (kind(p)) {
  case RIMA_TOK_MINUS:
    if (kind_at(p, 1) == RIMA_TOK_INT && p->tokens[first + 1].integer == (uint64_t)1 << 63) {
      advance(p);
      e = new_expr(p, RIMA_EXPR_INT, first);
      e->integer = INT64_MIN;
      advance(p);
    } else if (kind_at(p, 1) == RIMA_TOK_INT || kind_at(p, 1) == RIMA_TOK_FLOAT) {
      advance(p);
      e = parse_number(p);
      if (e->kind == RIMA_EXPR_FLOAT) e->number = -e->number;
      else e->integer = -e->integer;
    } else {
      fail_expected(p, "a pattern");
      return new_expr(p, RIMA_EXPR_ERROR, first);
    }
    e->span = span_from(p, first);
    return e;
  case RIMA_TOK_INT:
  case RIMA_TOK_CHAR:
  case RIMA_TOK_FLOAT: return parse_number(p);
  case RIMA_TOK_STRING: return parse_string(p);
  case RIMA_TOK_STRING_START:
    complain(p, here(p), "a string in a pattern is plain, without `${ }`");
    return parse_string(p);
  case RIMA_TOK_TRUE:
  case RIMA_TOK_FALSE: e = new_expr(p, RIMA_EXPR_BOOL, first), e->boolean = is(p, RIMA_TOK_TRUE); break;
  case RIMA_TOK_NULL_WORD: e = new_expr(p, RIMA_EXPR_NULL, first); break;
  default: fail_expected(p, "a pattern"); return new_expr(p, RIMA_EXPR_ERROR, first);
  }
  advance(p);
  return e;
}

static rima_pattern *parse_literal_pattern(parser *p) {
  uint32_t first = p->at;
  rima_expr *low = parse_literal(p);
  if (is(p, RIMA_TOK_DOT_DOT) || is(p, RIMA_TOK_DOT_DOT_EQ)) {
    bool is_inclusive = is(p, RIMA_TOK_DOT_DOT_EQ);
    advance(p);
    rima_expr *high = parse_literal(p);
    rima_pattern *pattern = new_pattern(p, RIMA_PATTERN_RANGE, first);
    pattern->range.low = low;
    pattern->range.high = high;
    pattern->range.is_inclusive = is_inclusive;
    return pattern;
  }
  rima_pattern *pattern =
      new_pattern(p, low->kind == RIMA_EXPR_ERROR ? RIMA_PATTERN_ERROR : RIMA_PATTERN_LITERAL, first);
  pattern->literal = low;
  return pattern;
}

typedef rima_pattern *(*pattern_parser)(parser *p, rima_storage storage, bool is_mutable);

/* (a, b), or (a) for a. */
static rima_pattern *parse_tuple_pattern(parser *p, pattern_parser item_parser, rima_storage storage,
                                         bool is_mutable) {
  uint32_t first = p->at, count;
  size_t mark = list_begin(p);
  advance(p);
  while (!is(p, RIMA_TOK_RPAREN) && !is(p, RIMA_TOK_END) && !p->in_panic) {
    rima_pattern *item = item_parser(p, storage, is_mutable);
    list_push(p, item);
    if (!accept(p, RIMA_TOK_COMMA)) break;
  }
  rima_pattern **items = list_end(p, mark, sizeof(rima_pattern *), &count);
  expect_close(p, RIMA_TOK_RPAREN, first);
  if (count == 1) return items[0];
  if (count == 0) fail(p, span_from(p, first), "an empty pattern matches nothing");
  rima_pattern *pattern = new_pattern(p, count ? RIMA_PATTERN_TUPLE : RIMA_PATTERN_ERROR, first);
  pattern->list.items = items;
  pattern->list.count = count;
  return pattern;
}

static rima_pattern *parse_any(parser *p, rima_storage storage, bool is_mutable) {
  (void)storage, (void)is_mutable;
  return parse_pattern(p);
}

static rima_pattern *parse_alternative(parser *p) {
  uint32_t first = p->at;
  switch (kind(p)) {
  case RIMA_TOK_IDENT: return parse_ident_pattern(p);
  case RIMA_TOK_LPAREN: return parse_tuple_pattern(p, parse_any, RIMA_STORAGE_LOCAL, false);
  case RIMA_TOK_IS: {
    advance(p);
    rima_type_expr *type = parse_type(p);
    rima_pattern *pattern = new_pattern(p, RIMA_PATTERN_TYPE, first);
    pattern->is_type = type;
    return pattern;
  }
  case RIMA_TOK_ELSE: rima_hint(p->sink, fail_expected(p, "a pattern"), "what remains is `_ => …`"); break;
  default: return parse_literal_pattern(p);
  }
  return new_pattern(p, RIMA_PATTERN_ERROR, first);
}

rima_pattern *parse_pattern(parser *p) {
  uint32_t first = p->at, count;
  if (!enter_nesting(p)) return new_pattern(p, RIMA_PATTERN_ERROR, first);
  rima_pattern *pattern = parse_alternative(p);
  if (is(p, RIMA_TOK_OR)) {
    size_t mark = list_begin(p);
    list_push(p, pattern);
    while (accept(p, RIMA_TOK_OR) && !p->in_panic) {
      rima_pattern *next = parse_alternative(p);
      list_push(p, next);
    }
    rima_pattern **items = list_end(p, mark, sizeof(rima_pattern *), &count);
    pattern = new_pattern(p, RIMA_PATTERN_OR, first);
    pattern->list.items = items;
    pattern->list.count = count;
  }
  leave_nesting(p);
  return pattern;
}

rima_pattern *parse_binding(parser *p, rima_storage storage, bool is_mutable) {
  uint32_t first = p->at;
  if (is(p, RIMA_TOK_IDENT)) return parse_name_pattern(p, storage, is_mutable);
  if (is(p, RIMA_TOK_LPAREN) && enter_nesting(p)) {
    rima_pattern *pattern = parse_tuple_pattern(p, parse_binding, storage, is_mutable);
    leave_nesting(p);
    return pattern;
  }
  expect_ident(p, "a name");
  return new_pattern(p, RIMA_PATTERN_ERROR, first);
}

/* Makes the names of a binding visible again. */
static void bind_pattern(parser *p, const rima_pattern *pattern) {
  if (pattern->kind == RIMA_PATTERN_NAME && pattern->local->storage != RIMA_STORAGE_MODULE)
    bind(p, pattern->local);
  if (pattern->kind == RIMA_PATTERN_TUPLE)
    for (uint32_t i = 0; i < pattern->list.count; i++) bind_pattern(p, pattern->list.items[i]);
}

/* A binding whose names are not visible yet: its initialiser comes first. */
static rima_pattern *parse_hidden_binding(parser *p, rima_storage storage, bool is_mutable) {
  uint32_t scope = scope_begin(p);
  rima_pattern *pattern = parse_binding(p, storage, is_mutable);
  scope_end(p, scope);
  return pattern;
}

/* ---- variables ---- */

rima_variable parse_variable(parser *p, rima_storage storage) {
  rima_variable v = {.is_mutable = is(p, RIMA_TOK_VAR)};
  advance(p);
  v.pattern = parse_hidden_binding(p, storage, v.is_mutable);
  if (is(p, RIMA_TOK_COLON) && kind_at(p, 1) == RIMA_TOK_EQ) {
    complain(p, here(p), "expected a type between `:` and `=`");
    advance(p);
  } else if (accept(p, RIMA_TOK_COLON)) v.type = parse_type(p);
  if (is(p, RIMA_TOK_EQ_EQ)) {
    rima_hint(p->sink, complain(p, here(p), "expected `=`, found `==`"), "`==` compares");
    advance(p);
    v.value = parse_expr(p);
  } else if (accept(p, RIMA_TOK_EQ)) v.value = parse_expr(p);
  if (v.pattern->kind == RIMA_PATTERN_TUPLE && !v.value && !p->in_panic)
    complain(p, v.pattern->span, "a tuple is taken apart only where it is given a value");
  bind_pattern(p, v.pattern);
  return v;
}

/* ---- blocks ---- */

static void fail_not_in_block(parser *p) {
  const char *word = is_keyword(kind(p)) ? token(p)->name->text : "this";
  fail(p, here(p), "`%s` stands only at the top level of a file or class, not in a block", word);
}

/* A block wherever its `{` stands. */
static rima_block *parse_open_block(parser *p, const char *of_what) {
  rima_block *block = RIMA_NEW(p->arena, rima_block);
  uint32_t opener = p->at;
  block->span = here(p);
  if (!is(p, RIMA_TOK_LBRACE)) {
    rima_diagnostic *d = fail_expected(p, "`{`");
    if (d && !d->hint) rima_hint(p->sink, d, "the body of %s is a block: `{ … }`", of_what);
    return block;
  }
  if (!enter_nesting(p)) return block;
  uint32_t scope = scope_begin(p);
  size_t mark = list_begin(p);
  advance(p);
  while (!is(p, RIMA_TOK_RBRACE) && !is(p, RIMA_TOK_END) && !is_left_open(p, opener)) {
    uint32_t at = p->at;
    if (accept(p, RIMA_TOK_SEMICOLON)) continue;
    rima_stmt *stmt = parse_stmt(p);
    if (!p->in_panic) expect_statement_end(p);
    if (p->in_panic) skip_statement(p, at);
    list_push(p, stmt);
  }
  block->stmts = list_end(p, mark, sizeof(rima_stmt *), &block->count);
  expect_close(p, RIMA_TOK_RBRACE, opener);
  block->span = span_from(p, opener);
  scope_end(p, scope);
  leave_nesting(p);
  return block;
}

rima_block *parse_block(parser *p, const char *of_what) {
  if (is(p, RIMA_TOK_LBRACE) && after_newline(p)) complain(p, here(p), "the `{` belongs on the line above");
  return parse_open_block(p, of_what);
}

/* ---- loops and jumps ---- */

static rima_stmt *new_stmt(parser *p, rima_stmt_kind k, uint32_t first) {
  rima_stmt *stmt = RIMA_NEW(p->arena, rima_stmt);
  stmt->kind = (uint8_t)k;
  stmt->span = span_from(p, first);
  return stmt;
}

static void parse_loop_body(parser *p, rima_stmt *loop) {
  enclosing_loop here_loop = {p->loops, loop};
  p->loops = &here_loop;
  p->function->has_loop = true;
  loop->loop.body = parse_block(p, loop->kind == RIMA_STMT_FOR ? "`for`" : "`while`");
  p->loops = here_loop.outer;
}

static rima_stmt *parse_while(parser *p, uint32_t first, rima_ident label) {
  rima_stmt *loop = new_stmt(p, RIMA_STMT_WHILE, first);
  advance(p);
  loop->loop.label = label;
  loop->loop.head = parse_condition(p);
  parse_loop_body(p, loop);
  loop->span = span_from(p, first);
  return loop;
}

/* for (x in xs), for (let i = 0; …): shapes of other languages. */
static bool fail_foreign_for(parser *p) {
  if (!is(p, RIMA_TOK_LPAREN)) return false;
  bool is_counting = kind_at(p, 1) == RIMA_TOK_LET || kind_at(p, 1) == RIMA_TOK_VAR;
  bool is_in = kind_at(p, 1) == RIMA_TOK_IDENT && kind_at(p, 2) == RIMA_TOK_IN;
  if (is_counting)
    rima_hint(p->sink, fail(p, here(p), "`for` runs over a range or collection"),
              "write `for i in 0..n { … }`");
  if (is_in) rima_hint(p->sink, fail(p, here(p), "`for` has no parentheses"), "write `for x in xs { … }`");
  return is_counting || is_in;
}

static rima_stmt *parse_for(parser *p, uint32_t first, rima_ident label) {
  rima_stmt *loop = new_stmt(p, RIMA_STMT_FOR, first);
  advance(p);
  loop->loop.label = label;
  if (is(p, RIMA_TOK_LET) || is(p, RIMA_TOK_VAR)) {
    rima_hint(p->sink, complain(p, here(p), "`for` declares its variable by itself"),
              "write `for x in xs { … }`");
    advance(p);
  }
  uint32_t scope = scope_begin(p);
  if (!fail_foreign_for(p)) {
    loop->loop.pattern = parse_hidden_binding(p, RIMA_STORAGE_LOCAL, false);
    expect(p, RIMA_TOK_IN, "after the loop's variable");
    if (!p->in_panic) loop->loop.head = parse_expr(p);
    bind_pattern(p, loop->loop.pattern);
    if (!p->in_panic) parse_loop_body(p, loop);
  }
  scope_end(p, scope);
  loop->span = span_from(p, first);
  return loop;
}

/* Does the statement end here, so that no value follows? */
static bool is_at_end(const parser *p) {
  switch (kind(p)) {
  case RIMA_TOK_RBRACE:
  case RIMA_TOK_RPAREN:
  case RIMA_TOK_RBRACKET:
  case RIMA_TOK_SEMICOLON:
  case RIMA_TOK_COMMA:
  case RIMA_TOK_STRING_MIDDLE:
  case RIMA_TOK_STRING_END:
  case RIMA_TOK_END: return true;
  default: return is_first_on_line(p, p->at);
  }
}

static rima_stmt *parse_jump(parser *p, rima_stmt_kind k) {
  uint32_t first = p->at;
  const char *word = k == RIMA_STMT_BREAK ? "break" : "continue";
  advance(p);
  rima_ident label = {0};
  if (is(p, RIMA_TOK_IDENT) && !is_at_end(p)) label = expect_ident(p, "a label");
  rima_stmt *stmt = new_stmt(p, k, first);
  stmt->jump.label = label;
  enclosing_loop *loop = p->loops;
  while (loop && label.name && loop->stmt->loop.label.name != label.name) loop = loop->outer;
  if (loop) stmt->jump.target = loop->stmt;
  else if (label.name) complain(p, label.span, "no enclosing loop is labelled `%s`", label.name->text);
  else complain(p, stmt->span, "`%s` stands outside of a loop", word);
  return stmt;
}

static rima_stmt *parse_return(parser *p) {
  uint32_t first = p->at;
  rima_expr *value = NULL;
  advance(p);
  p->function->has_return = true;
  if (!is_at_end(p)) {
    value = parse_expr(p);
    p->function->has_return_value = true;
  }
  rima_stmt *stmt = new_stmt(p, RIMA_STMT_RETURN, first);
  if (p->function->kind == RIMA_FUNCTION_DEFER) complain(p, stmt->span, "`return` cannot stand in `defer`");
  if (p->function->kind == RIMA_FUNCTION_MODULE)
    complain(p, stmt->span, "`return` stands outside of a function");
  stmt->expr = value;
  return stmt;
}

static rima_stmt *parse_throw(parser *p) {
  uint32_t first = p->at;
  advance(p);
  rima_expr *value = parse_expr(p);
  rima_stmt *stmt = new_stmt(p, RIMA_STMT_THROW, first);
  stmt->expr = value;
  return stmt;
}

/* ---- defer, assert, local functions ---- */

static rima_stmt *parse_defer(parser *p) {
  uint32_t first = p->at;
  p->function->has_defer = true;
  rima_function *function = inner_function(p, RIMA_FUNCTION_DEFER);
  if (!enter_nesting(p)) return new_stmt(p, RIMA_STMT_DEFER, first);
  function_frame frame = function_begin(p, function);
  advance(p);
  if (is(p, RIMA_TOK_LBRACE)) function->body = parse_block(p, "`defer`");
  else {
    rima_stmt *stmt = parse_stmt(p);
    rima_block *block = function->body = RIMA_NEW(p->arena, rima_block);
    block->span = stmt->span;
    block->stmts = RIMA_NEW(p->arena, rima_stmt *);
    block->stmts[0] = stmt;
    block->count = 1;
  }
  function->span = span_from(p, first);
  function_end(p, frame);
  leave_nesting(p);
  rima_stmt *stmt = new_stmt(p, RIMA_STMT_DEFER, first);
  stmt->defer = function;
  return stmt;
}

/* `assert` is a name unless an expression follows it. */
bool is_assert(const parser *p) {
  if (!is(p, RIMA_TOK_IDENT) || strcmp(token(p)->name->text, "assert") != 0 || is_first_on_line(p, p->at + 1))
    return false;
  switch (kind_at(p, 1)) {
  case RIMA_TOK_IDENT:
  case RIMA_TOK_INT:
  case RIMA_TOK_FLOAT:
  case RIMA_TOK_CHAR:
  case RIMA_TOK_STRING:
  case RIMA_TOK_STRING_START:
  case RIMA_TOK_LPAREN:
  case RIMA_TOK_BANG:
  case RIMA_TOK_TILDE:
  case RIMA_TOK_THIS:
  case RIMA_TOK_SUPER:
  case RIMA_TOK_TRUE:
  case RIMA_TOK_FALSE:
  case RIMA_TOK_NULL_WORD:
  case RIMA_TOK_IF:
  case RIMA_TOK_MATCH:
  case RIMA_TOK_TRY:
  case RIMA_TOK_DYN: return true;
  case RIMA_TOK_MINUS: /* assert -x < 1, but assert - 1 */
    return (p->tokens[p->at + 1].flags & RIMA_TOKEN_SPACE) &&
           !(p->tokens[p->at + 2].flags & RIMA_TOKEN_SPACE);
  default: return false;
  }
}

static rima_stmt *parse_assert(parser *p) {
  uint32_t first = p->at;
  advance(p);
  rima_expr *condition = parse_condition(p), *message = NULL;
  if (accept(p, RIMA_TOK_COMMA)) message = parse_expr(p);
  rima_stmt *stmt = new_stmt(p, RIMA_STMT_ASSERT, first);
  stmt->assert_.condition = condition;
  stmt->assert_.message = message;
  return stmt;
}

static rima_stmt *parse_local_function(parser *p) {
  uint32_t first = p->at;
  advance(p);
  if (is(p, RIMA_TOK_LPAREN)) {
    rima_hint(p->sink, fail(p, here(p), "a function without a name is a lambda"), "write `(x) => …`");
    return new_stmt(p, RIMA_STMT_FUN, first);
  }
  rima_function *function = inner_function(p, RIMA_FUNCTION_NAMED);
  rima_ident name =
      is(p, RIMA_TOK_IDENT) ? (rima_ident){token(p)->name, here(p)} : (rima_ident){NULL, here(p)};
  rima_local *local = declare(p, name, RIMA_STORAGE_LOCAL, false);
  parse_function_rest(p, function, false);
  function->span = span_from(p, first);
  rima_stmt *stmt = new_stmt(p, RIMA_STMT_FUN, first);
  stmt->fun.local = local;
  stmt->fun.function = function;
  return stmt;
}

/* ---- select ---- */

/* channel.recv() or channel.send(v), taken apart. */
static void split_channel_call(parser *p, rima_select_arm *arm, const rima_expr *call, bool must_receive) {
  bool is_method = call->kind == RIMA_EXPR_CALL && call->call.callee->kind == RIMA_EXPR_MEMBER &&
                   !call->call.callee->is_safe;
  const char *method = is_method ? call->call.callee->member.name.name->text : "";
  if (strcmp(method, "recv") == 0 && call->call.count == 0) arm->kind = RIMA_SELECT_RECV;
  else if (!must_receive && strcmp(method, "send") == 0 && call->call.count == 1)
    arm->kind = RIMA_SELECT_SEND;
  else if (call->kind != RIMA_EXPR_ERROR) {
    rima_diagnostic *d = fail(p, call->span, "an arm of `select` %s",
                              must_receive ? "binds what `channel.recv()` gives" : "sends or receives");
    rima_hint(p->sink, d, "arms are `let v = a.recv() => …`, `b.send(x) => …`, `after ms => …`, `else => …`");
    return;
  } else return;
  arm->channel = call->call.callee->member.object;
  if (arm->kind == RIMA_SELECT_SEND) arm->value = call->call.args[0].value;
}

static bool is_after(const parser *p) {
  rima_token_kind next = kind_at(p, 1);
  bool is_receiver = next == RIMA_TOK_DOT || next == RIMA_TOK_LBRACKET; /* after.recv() */
  return is(p, RIMA_TOK_IDENT) && strcmp(token(p)->name->text, "after") == 0 && !is_receiver;
}

static void parse_select_head(parser *p, rima_select_arm *arm) {
  bool was_no_lambda = p->no_lambda;
  p->no_lambda = true;
  if (is(p, RIMA_TOK_LET) || is(p, RIMA_TOK_VAR)) {
    arm->is_mutable = is(p, RIMA_TOK_VAR);
    advance(p);
    arm->pattern = parse_hidden_binding(p, RIMA_STORAGE_LOCAL, arm->is_mutable);
    expect(p, RIMA_TOK_EQ, "after the name");
    if (!p->in_panic) split_channel_call(p, arm, parse_expr(p), true);
    bind_pattern(p, arm->pattern);
  } else if (is_after(p)) {
    advance(p);
    arm->kind = RIMA_SELECT_AFTER;
    arm->value = parse_expr(p);
  } else if (accept(p, RIMA_TOK_ELSE)) arm->kind = RIMA_SELECT_ELSE;
  else split_channel_call(p, arm, parse_expr(p), false);
  p->no_lambda = was_no_lambda;
}

static rima_stmt *parse_select(parser *p) {
  uint32_t first = p->at, count;
  p->function->has_select = true;
  advance(p);
  uint32_t opener = p->at;
  size_t mark = list_begin(p);
  bool is_open = expect(p, RIMA_TOK_LBRACE, "after `select`");
  while (is_open && !is(p, RIMA_TOK_RBRACE) && !is(p, RIMA_TOK_END)) {
    uint32_t at = p->start = p->at, scope = scope_begin(p);
    rima_select_arm arm = {.reg = -1};
    parse_select_head(p, &arm);
    expect(p, RIMA_TOK_FAT_ARROW, "after the arm's condition");
    arm.body = p->in_panic ? new_expr(p, RIMA_EXPR_ERROR, at) : parse_arm_body(p);
    arm.span = span_from(p, at);
    scope_end(p, scope);
    list_push(p, arm);
    if (!p->in_panic && !accept(p, RIMA_TOK_COMMA)) expect_statement_end(p);
    if (p->in_panic) skip_statement(p, at);
  }
  rima_select_arm *arms = list_end(p, mark, sizeof(rima_select_arm), &count);
  if (is_open) expect_close(p, RIMA_TOK_RBRACE, opener);
  rima_stmt *stmt = new_stmt(p, RIMA_STMT_SELECT, first);
  stmt->select.arms = arms;
  stmt->select.count = count;
  return stmt;
}

/* ---- expressions and assignments ---- */

static bool assignment_op(rima_token_kind k, uint8_t *op) {
  switch (k) {
  case RIMA_TOK_EQ: return *op = RIMA_BINARY_NONE, true;
  case RIMA_TOK_PLUS_EQ: return *op = RIMA_BINARY_ADD, true;
  case RIMA_TOK_MINUS_EQ: return *op = RIMA_BINARY_SUB, true;
  case RIMA_TOK_STAR_EQ: return *op = RIMA_BINARY_MUL, true;
  case RIMA_TOK_SLASH_EQ: return *op = RIMA_BINARY_DIV, true;
  case RIMA_TOK_PERCENT_EQ: return *op = RIMA_BINARY_REM, true;
  case RIMA_TOK_AND_EQ: return *op = RIMA_BINARY_AND, true;
  case RIMA_TOK_OR_EQ: return *op = RIMA_BINARY_OR, true;
  case RIMA_TOK_CARET_EQ: return *op = RIMA_BINARY_XOR, true;
  case RIMA_TOK_SHL_EQ: return *op = RIMA_BINARY_SHL, true;
  case RIMA_TOK_SHR_EQ: return *op = RIMA_BINARY_SHR, true;
  case RIMA_TOK_USHR_EQ: return *op = RIMA_BINARY_USHR, true;
  default: return false;
  }
}

static void check_target(parser *p, const rima_expr *target) {
  if (target->kind == RIMA_EXPR_NAME || target->kind == RIMA_EXPR_ERROR) return;
  if (target->kind == RIMA_EXPR_INDEX && target->index.index) return;
  if (target->kind == RIMA_EXPR_MEMBER && !target->is_safe) return;
  rima_diagnostic *d = complain(p, target->span, "this cannot be assigned to");
  if (target->kind == RIMA_EXPR_TUPLE)
    rima_hint(p->sink, d, "`let (a, b) = …` takes a tuple apart into new names");
  else rima_hint(p->sink, d, "a variable, a member `a.b` or an element `a[i]` can");
}

static rima_stmt *parse_assignment(parser *p, uint32_t first, rima_expr *target, uint8_t op) {
  check_target(p, target);
  if (target->kind == RIMA_EXPR_NAME) {
    mention_assigned(p, target->name);
    if (op == RIMA_BINARY_NONE && target->name->binding) target->name->binding->uses--;
  }
  advance(p);
  rima_expr *value = parse_expr(p);
  uint8_t ignored;
  if (assignment_op(kind(p), &ignored) && !after_newline(p))
    rima_hint(p->sink, fail(p, here(p), "an assignment is a statement and has no value"),
              "write two assignments");
  rima_stmt *stmt = new_stmt(p, RIMA_STMT_ASSIGN, first);
  stmt->op = op;
  stmt->assign.target = target;
  stmt->assign.value = value;
  return stmt;
}

static rima_stmt *parse_expr_stmt(parser *p, bool is_foreign_match) {
  uint32_t first = p->at;
  rima_expr *e = is_foreign_match ? parse_match(p) : parse_expr(p);
  uint8_t op;
  if (assignment_op(kind(p), &op) && !after_newline(p) && !p->in_panic)
    return parse_assignment(p, first, e, op);
  rima_stmt *stmt = new_stmt(p, RIMA_STMT_EXPR, first);
  stmt->expr = e;
  return stmt;
}

/* ---- the dispatch ---- */

static rima_stmt *parse_labelled(parser *p) {
  uint32_t first = p->at;
  rima_ident label = {token(p)->name, here(p)};
  advance(p);
  advance(p);
  return is(p, RIMA_TOK_FOR) ? parse_for(p, first, label) : parse_while(p, first, label);
}

static rima_stmt *parse_misplaced(parser *p) {
  uint32_t first = p->at;

  if (is(p, RIMA_TOK_ELSE) || is(p, RIMA_TOK_CATCH) || is(p, RIMA_TOK_FINALLY))
    fail(p, here(p), "`%s` without `%s`", token(p)->name->text, is(p, RIMA_TOK_ELSE) ? "if" : "try");
  else fail_not_in_block(p);
  return new_stmt(p, RIMA_STMT_EXPR, first);
}

rima_token_kind leading_keyword(parser *p) {
  static const struct {
    const char *word, *message;
    rima_token_kind meant;
  } words[] = {
      {"function", "functions are declared with `fun`", RIMA_TOK_FUN},
      {"def", "functions are declared with `fun`", RIMA_TOK_FUN},
      {"func", "functions are declared with `fun`", RIMA_TOK_FUN},
      {"fn", "functions are declared with `fun`", RIMA_TOK_FUN},
      {"const", "constants are declared with `let`", RIMA_TOK_LET},
      {"val", "constants are declared with `let`", RIMA_TOK_LET},
      {"struct", "there are no structs; classes are declared with `class`", RIMA_TOK_CLASS},
      {"trait", "interfaces are declared with `interface`", RIMA_TOK_INTERFACE},
      {"protocol", "interfaces are declared with `interface`", RIMA_TOK_INTERFACE},
      {"switch", "cases are told apart with `match`", RIMA_TOK_MATCH},
      {"when", "cases are told apart with `match`", RIMA_TOK_MATCH},
      {"foreach", "loops over collections are written `for x in xs { … }`", RIMA_TOK_FOR},
      {"use", "modules are imported with `import`", RIMA_TOK_IMPORT},
      {"using", "modules are imported with `import`", RIMA_TOK_IMPORT},
      {"include", "modules are imported with `import`", RIMA_TOK_IMPORT},
      {"raise", "errors are thrown with `throw`", RIMA_TOK_THROW},
  };
  if (!is(p, RIMA_TOK_IDENT) || is_first_on_line(p, p->at + 1)) return kind(p);
  const rima_token *next = &p->tokens[p->at + 1];
  bool is_headed = next->kind == RIMA_TOK_LPAREN && next->match != RIMA_NO_MATCH &&
                   p->tokens[next->match + 1].kind == RIMA_TOK_LBRACE; /* switch (x) { */
  if (next->kind != RIMA_TOK_IDENT && !is_headed) return kind(p);
  for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
    if (strcmp(token(p)->name->text, words[i].word) != 0) continue;
    if (is_headed && words[i].meant != RIMA_TOK_MATCH) break;
    complain(p, here(p), "%s", words[i].message);
    return words[i].meant;
  }
  return kind(p);
}

rima_stmt *parse_stmt(parser *p) {
  uint32_t first = p->start = p->at;
  switch (leading_keyword(p)) {
  case RIMA_TOK_LET:
  case RIMA_TOK_VAR: {
    rima_variable let = parse_variable(p, RIMA_STORAGE_LOCAL);
    rima_stmt *stmt = new_stmt(p, RIMA_STMT_LET, first);
    stmt->let = let;
    return stmt;
  }
  case RIMA_TOK_LBRACE: {
    rima_block *block = parse_open_block(p, "the block");
    rima_stmt *stmt = new_stmt(p, RIMA_STMT_BLOCK, first);
    stmt->block = block;
    return stmt;
  }
  case RIMA_TOK_WHILE: return parse_while(p, first, (rima_ident){0});
  case RIMA_TOK_FOR: return parse_for(p, first, (rima_ident){0});
  case RIMA_TOK_BREAK: return parse_jump(p, RIMA_STMT_BREAK);
  case RIMA_TOK_CONTINUE: return parse_jump(p, RIMA_STMT_CONTINUE);
  case RIMA_TOK_RETURN: return parse_return(p);
  case RIMA_TOK_THROW: return parse_throw(p);
  case RIMA_TOK_DEFER: return parse_defer(p);
  case RIMA_TOK_SELECT: return parse_select(p);
  case RIMA_TOK_MATCH: return parse_expr_stmt(p, is(p, RIMA_TOK_IDENT));
  case RIMA_TOK_FUN: return parse_local_function(p);
  case RIMA_TOK_ELSE:
  case RIMA_TOK_CATCH:
  case RIMA_TOK_FINALLY:
  case RIMA_TOK_CLASS:
  case RIMA_TOK_INTERFACE:
  case RIMA_TOK_ENUM:
  case RIMA_TOK_EXTEND:
  case RIMA_TOK_IMPORT:
  case RIMA_TOK_INIT:
  case RIMA_TOK_TEST:
  case RIMA_TOK_PRIVATE:
  case RIMA_TOK_STATIC:
  case RIMA_TOK_NATIVE:
  case RIMA_TOK_ABSTRACT:
  case RIMA_TOK_OPEN:
  case RIMA_TOK_OVERRIDE: return parse_misplaced(p);
  default: break;
  }
  bool is_labelled = is(p, RIMA_TOK_IDENT) && kind_at(p, 1) == RIMA_TOK_COLON;
  if (is_labelled && (kind_at(p, 2) == RIMA_TOK_FOR || kind_at(p, 2) == RIMA_TOK_WHILE))
    return parse_labelled(p);
  if (is_assert(p)) return parse_assert(p);
  return parse_expr_stmt(p, false);
}
