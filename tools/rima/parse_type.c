/* parse_type.c: types as written. */
#include "parse.h"

static rima_type_expr *new_type(parser *p, rima_type_expr_kind k, uint32_t first) {
  rima_type_expr *type = RIMA_NEW(p->arena, rima_type_expr);
  type->kind = k;
  type->span = span_from(p, first);
  return type;
}

/* (x: int) -> R: the name is not written. */
static void drop_parameter_name(parser *p) {
  if (!is(p, RIMA_TOK_IDENT) || kind_at(p, 1) != RIMA_TOK_COLON) return;
  complain(p, here(p), "a function type has no parameter names");
  advance(p);
  advance(p);
}

rima_type_expr **parse_types(parser *p, rima_token_kind closer, uint32_t *count) {
  size_t mark = list_begin(p);
  while (!is(p, closer) && !is(p, RIMA_TOK_END) && !p->in_panic) {
    if (closer == RIMA_TOK_RPAREN) drop_parameter_name(p);
    rima_type_expr *type = parse_type(p);
    list_push(p, type);
    if (!accept(p, RIMA_TOK_COMMA)) break;
  }
  return list_end(p, mark, sizeof(rima_type_expr *), count);
}

/* (A, B), (A, B) -> R, or (A) for A. */
static rima_type_expr *parse_paren_type(parser *p) {
  uint32_t first = p->at, count;
  advance(p);
  rima_type_expr **items = parse_types(p, RIMA_TOK_RPAREN, &count);
  expect_close(p, RIMA_TOK_RPAREN, first);
  if (accept(p, RIMA_TOK_ARROW)) {
    complain_of_many(p, first, count);
    rima_type_expr *result = parse_type(p);
    rima_type_expr *type = new_type(p, RIMA_TYPE_FUNCTION, first);
    type->tuple.items = items;
    type->tuple.count = count;
    type->tuple.result = result;
    return type;
  }
  if (count == 1) return items[0];
  if (count == 0) fail(p, span_from(p, first), "`()` is not a type; no value is `void`");
  rima_type_expr *type = new_type(p, count ? RIMA_TYPE_TUPLE : RIMA_TYPE_ERROR, first);
  type->tuple.items = items;
  type->tuple.count = count;
  return type;
}

/* List<int>: said how it is written, skipped if it closes on the line. */
static void complain_angles(parser *p) {
  rima_diagnostic *d = complain(p, here(p), "type arguments are written in `[ ]`");
  rima_hint(p->sink, d, "write `List[int]`");
  uint32_t depth = 0;
  for (uint32_t i = p->at; i < p->count; i++) {
    rima_token_kind k = (rima_token_kind)p->tokens[i].kind;
    bool is_inside =
        k == RIMA_TOK_IDENT || k == RIMA_TOK_COMMA || k == RIMA_TOK_QUESTION || k == RIMA_TOK_DYN;
    if (k == RIMA_TOK_LESS) depth++;
    else if (k == RIMA_TOK_GREATER || k == RIMA_TOK_SHR) depth -= k == RIMA_TOK_SHR && depth > 1 ? 2 : 1;
    else if (!is_inside) break;
    if (depth == 0) {
      p->at = i;
      advance(p);
      return;
    }
  }
  p->in_panic = true;
}

static rima_type_expr *parse_named_type(parser *p) {
  uint32_t first = p->at;
  rima_ident qualifier = {0}, name = {token(p)->name, here(p)};
  advance(p);
  if (is(p, RIMA_TOK_DOT) && kind_at(p, 1) == RIMA_TOK_IDENT) {
    qualifier = name;
    advance(p);
    name = (rima_ident){token(p)->name, here(p)};
    advance(p);
  }
  rima_type_expr **args = NULL;
  uint32_t count = 0;
  if (is(p, RIMA_TOK_LBRACKET) && !after_newline(p)) {
    uint32_t opener = p->at;
    advance(p);
    args = parse_types(p, RIMA_TOK_RBRACKET, &count);
    if (count == 0 && !p->in_panic) fail(p, span_from(p, opener), "type arguments are missing");
    expect_close(p, RIMA_TOK_RBRACKET, opener);
  } else if (is(p, RIMA_TOK_LESS)) complain_angles(p);
  rima_type_expr *type = new_type(p, RIMA_TYPE_NAME, first);
  type->named.qualifier = qualifier;
  type->named.name = name;
  type->named.args = args;
  type->named.arg_count = count;
  return type;
}

static rima_type_expr *parse_primary_type(parser *p) {
  switch (kind(p)) {
  case RIMA_TOK_IDENT:
  case RIMA_TOK_DYN: return parse_named_type(p);
  case RIMA_TOK_LPAREN: return parse_paren_type(p);
  case RIMA_TOK_LBRACKET:
    rima_hint(p->sink, fail(p, here(p), "a type does not begin with `[`"),
              "write `List[int]` or `Array[int]`");
    break;
  case RIMA_TOK_NULL_WORD:
    rima_hint(p->sink, fail(p, here(p), "`null` is not a type"), "a `T` or null is `T?`, no value is `void`");
    break;
  default: fail_expected(p, "a type");
  }
  return new_type(p, RIMA_TYPE_ERROR, p->at);
}

/* `int??`, but not the `??` of `x as int ?? y`. */
static bool is_twice_nullable(const parser *p) {
  bool is_closed =
      kind_at(p, 1) == RIMA_TOK_EQ || kind_at(p, 1) == RIMA_TOK_COMMA || kind_at(p, 1) == RIMA_TOK_RPAREN;
  return is(p, RIMA_TOK_QUESTION_QUESTION) && is_closed;
}

rima_type_expr *parse_type(parser *p) {
  uint32_t first = p->at;
  if (!enter_nesting(p)) return new_type(p, RIMA_TYPE_ERROR, first);
  rima_type_expr *type = parse_primary_type(p);
  if ((is(p, RIMA_TOK_QUESTION) || is_twice_nullable(p)) && !after_newline(p)) {
    if (is_twice_nullable(p)) complain(p, here(p), "a type is made nullable once");
    advance(p);
    rima_type_expr *nullable = new_type(p, RIMA_TYPE_NULLABLE, first);
    nullable->nullable = type;
    type = nullable;
  }
  if (is(p, RIMA_TOK_ARROW) && !after_newline(p))
    rima_hint(p->sink, fail(p, here(p), "the parameters of a function type stand in parentheses"),
              "write `(A) -> R`");
  leave_nesting(p);
  return type;
}

rima_type_expr **try_types(parser *p, uint32_t *count) {
  uint32_t at = p->at, nesting = p->nesting;
  bool was_muted = p->sink->is_muted, in_panic = p->in_panic, was_too_deep = p->is_too_deep;
  uint32_t muted = p->sink->muted_count;
  p->sink->is_muted = true;
  rima_type_expr **types = parse_types(p, RIMA_TOK_RBRACKET, count);
  bool is_good = p->sink->muted_count == muted && !p->in_panic && is(p, RIMA_TOK_RBRACKET) && *count;
  p->sink->is_muted = was_muted;
  p->in_panic = in_panic;
  p->is_too_deep = was_too_deep;
  p->nesting = nesting;
  if (is_good) return types;
  p->at = at;
  *count = 0;
  return NULL;
}

static void complain_of_twins(parser *p, const rima_type_param *params, uint32_t count) {
  for (uint32_t i = 1; i < count; i++)
    for (uint32_t k = 0; k < i; k++) {
      if (params[k].name.name != params[i].name.name || !params[i].name.name) continue;
      rima_diagnostic *d =
          complain(p, params[i].name.span, "there is already a type parameter %s", params[i].name.name->text);
      rima_related(p->sink, d, params[k].name.span, "first declared here");
      break;
    }
}

rima_type_param *parse_type_params(parser *p, uint32_t *count) {
  size_t mark = list_begin(p);
  uint32_t opener = p->at;
  advance(p);
  while (!is(p, RIMA_TOK_RBRACKET) && !is(p, RIMA_TOK_END) && !p->in_panic) {
    rima_type_param param = {.name = expect_ident(p, "a type parameter's name")};
    param.index = (int32_t)((p->scratch_used - mark) / sizeof param);
    if (accept(p, RIMA_TOK_COLON)) param.bound = parse_type(p);
    list_push(p, param);
    if (!accept(p, RIMA_TOK_COMMA)) break;
  }
  rima_type_param *params = list_end(p, mark, sizeof(rima_type_param), count);
  complain_of_twins(p, params, *count);
  if (*count == 0 && !p->in_panic) fail(p, span_from(p, opener), "type parameters are missing");
  expect_close(p, RIMA_TOK_RBRACKET, opener);
  return params;
}
