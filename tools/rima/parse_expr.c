/* parse_expr.c: expressions, by precedence climbing. Levels as in docs/language.md, section 4. */
#include "parse.h"
#include <string.h>

rima_expr *new_expr(parser *p, rima_expr_kind k, uint32_t first) {
  rima_expr *e = RIMA_NEW(p->arena, rima_expr);
  e->kind = (uint8_t)k;
  e->span = span_from(p, first);
  return e;
}

static rima_expr *error_expr(parser *p) { return new_expr(p, RIMA_EXPR_ERROR, p->at); }

/* ---- operators ---- */

enum {
  LEVEL_NONE,
  LEVEL_COALESCE,
  LEVEL_OR_OR,
  LEVEL_AND_AND,
  LEVEL_OR,
  LEVEL_XOR,
  LEVEL_AND,
  LEVEL_COMPARE,
  LEVEL_RANGE,
  LEVEL_SHIFT,
  LEVEL_ADD,
  LEVEL_MULTIPLY,
  LEVEL_AS
};

static const struct {
  uint8_t level, op;
} operators[RIMA_TOKEN_KINDS] = {
    [RIMA_TOK_QUESTION_QUESTION] = {LEVEL_COALESCE, RIMA_BINARY_COALESCE},
    [RIMA_TOK_OR_OR] = {LEVEL_OR_OR, RIMA_BINARY_LOGICAL_OR},
    [RIMA_TOK_AND_AND] = {LEVEL_AND_AND, RIMA_BINARY_LOGICAL_AND},
    [RIMA_TOK_OR] = {LEVEL_OR, RIMA_BINARY_OR},
    [RIMA_TOK_CARET] = {LEVEL_XOR, RIMA_BINARY_XOR},
    [RIMA_TOK_AND] = {LEVEL_AND, RIMA_BINARY_AND},
    [RIMA_TOK_EQ_EQ] = {LEVEL_COMPARE, RIMA_BINARY_EQ},
    [RIMA_TOK_NOT_EQ] = {LEVEL_COMPARE, RIMA_BINARY_NE},
    [RIMA_TOK_EQ_EQ_EQ] = {LEVEL_COMPARE, RIMA_BINARY_SAME},
    [RIMA_TOK_NOT_EQ_EQ] = {LEVEL_COMPARE, RIMA_BINARY_NOT_SAME},
    [RIMA_TOK_LESS] = {LEVEL_COMPARE, RIMA_BINARY_LT},
    [RIMA_TOK_LESS_EQ] = {LEVEL_COMPARE, RIMA_BINARY_LE},
    [RIMA_TOK_GREATER] = {LEVEL_COMPARE, RIMA_BINARY_GT},
    [RIMA_TOK_GREATER_EQ] = {LEVEL_COMPARE, RIMA_BINARY_GE},
    [RIMA_TOK_IS] = {LEVEL_COMPARE, RIMA_BINARY_NONE},
    [RIMA_TOK_NOT_IS] = {LEVEL_COMPARE, RIMA_BINARY_NONE},
    [RIMA_TOK_IN] = {LEVEL_COMPARE, RIMA_BINARY_IN},
    [RIMA_TOK_NOT_IN] = {LEVEL_COMPARE, RIMA_BINARY_NOT_IN},
    [RIMA_TOK_DOT_DOT] = {LEVEL_RANGE, RIMA_BINARY_NONE},
    [RIMA_TOK_DOT_DOT_EQ] = {LEVEL_RANGE, RIMA_BINARY_NONE},
    [RIMA_TOK_SHL] = {LEVEL_SHIFT, RIMA_BINARY_SHL},
    [RIMA_TOK_SHR] = {LEVEL_SHIFT, RIMA_BINARY_SHR},
    [RIMA_TOK_USHR] = {LEVEL_SHIFT, RIMA_BINARY_USHR},
    [RIMA_TOK_PLUS] = {LEVEL_ADD, RIMA_BINARY_ADD},
    [RIMA_TOK_MINUS] = {LEVEL_ADD, RIMA_BINARY_SUB},
    [RIMA_TOK_STAR] = {LEVEL_MULTIPLY, RIMA_BINARY_MUL},
    [RIMA_TOK_SLASH] = {LEVEL_MULTIPLY, RIMA_BINARY_DIV},
    [RIMA_TOK_PERCENT] = {LEVEL_MULTIPLY, RIMA_BINARY_REM},
    [RIMA_TOK_AS] = {LEVEL_AS, RIMA_BINARY_NONE},
};

/* These go on with the expression even at the start of a line. */
static bool continues_line(rima_token_kind k) {
  return k == RIMA_TOK_DOT || k == RIMA_TOK_QUESTION_DOT || k == RIMA_TOK_QUESTION_QUESTION ||
         k == RIMA_TOK_AND_AND || k == RIMA_TOK_OR_OR;
}

static rima_expr *parse_unary(parser *p);

/* a < b < c, and List<int>(), which reads the same. */
static void complain_chain(parser *p, uint32_t op_index, rima_token_kind before) {
  bool is_angle = before == RIMA_TOK_LESS && p->tokens[op_index].kind == RIMA_TOK_GREATER;
  rima_diagnostic *d = complain(p, span_of_token(p, op_index), "comparisons do not chain");
  p->in_panic |= is_angle;
  rima_hint(p->sink, d,
            is_angle ? "type arguments are written in `[ ]`: `List[int]`"
                     : "join them with `&&`, or say with parentheses what is meant");
}

/* Both at the token behind the operator. */
static rima_expr *parse_cast_rest(parser *p, uint32_t first, rima_expr *left, rima_token_kind k) {
  rima_type_expr *target = parse_type(p);
  rima_expr *e = new_expr(p, k == RIMA_TOK_AS ? RIMA_EXPR_AS : RIMA_EXPR_IS, first);
  e->cast.value = left;
  e->cast.target = target;
  e->is_negated = k == RIMA_TOK_NOT_IS;
  return e;
}

static rima_expr *parse_binary(parser *p, uint8_t lowest);

static rima_expr *parse_binary_rest(parser *p, uint32_t first, rima_expr *left, uint32_t op_index) {
  rima_token_kind k = (rima_token_kind)p->tokens[op_index].kind;
  rima_expr *right = parse_binary(p, operators[k].level + 1);
  rima_expr *e = new_expr(p, operators[k].level == LEVEL_RANGE ? RIMA_EXPR_RANGE : RIMA_EXPR_BINARY, first);
  e->op = operators[k].op;
  e->is_inclusive = k == RIMA_TOK_DOT_DOT_EQ;
  e->binary.left = left;
  e->binary.right = right;
  e->binary.op_span = span_of_token(p, op_index);
  return e;
}

static rima_expr *parse_binary(parser *p, uint8_t lowest) {
  uint32_t first = p->at;
  rima_expr *left = parse_unary(p);
  rima_token_kind compared = RIMA_TOK_END, ranged = RIMA_TOK_END;
  for (;;) {
    rima_token_kind k = kind(p);
    uint8_t level = operators[k].level;
    if (level == LEVEL_NONE || level < lowest || (after_newline(p) && !continues_line(k)) || p->in_panic)
      return left;
    uint32_t op_index = p->at;
    advance(p);
    if (level == LEVEL_COMPARE) {
      if (compared != RIMA_TOK_END) complain_chain(p, op_index, compared);
      compared = k;
    } else if (level < LEVEL_COMPARE) compared = RIMA_TOK_END;
    if (level == LEVEL_RANGE && ranged != RIMA_TOK_END)
      complain(p, span_of_token(p, op_index), "ranges do not chain");
    ranged = level == LEVEL_RANGE ? k : RIMA_TOK_END;
    bool is_cast = k == RIMA_TOK_AS || k == RIMA_TOK_IS || k == RIMA_TOK_NOT_IS;
    left = is_cast ? parse_cast_rest(p, first, left, k) : parse_binary_rest(p, first, left, op_index);
    if (!grow_height(p)) return left;
  }
}

rima_expr *parse_expr(parser *p) {
  if (!enter_nesting(p)) return error_expr(p);
  uint32_t height = p->height;
  p->height = 0;
  rima_expr *e = parse_binary(p, LEVEL_COALESCE);
  p->height = p->height + 1 > height ? p->height + 1 : height;
  leave_nesting(p);
  return e;
}

rima_expr *parse_condition(parser *p) {
  bool was_no_lambda = p->no_lambda;
  p->no_lambda = false;
  rima_expr *e = parse_expr(p);
  if (is(p, RIMA_TOK_EQ)) {
    rima_hint(p->sink, complain(p, here(p), "`=` assigns; a condition compares"), "write `==`");
    advance(p);
    parse_expr(p);
  }
  p->no_lambda = was_no_lambda;
  return e;
}

/* ---- prefix and postfix ---- */

/* -9223372036854775808 is a literal of its own: its digits alone do not fit. */
static rima_expr *parse_negated_number(parser *p) {
  uint32_t first = p->at;
  advance(p);
  rima_expr *e = new_expr(p, RIMA_EXPR_INT, first);
  e->integer = (int64_t)(0 - token(p)->integer);
  advance(p);
  e->span = span_from(p, first);
  return e;
}

static rima_expr *parse_postfix(parser *p);

static bool is_least_int(const parser *p) {
  if (!is(p, RIMA_TOK_MINUS) || kind_at(p, 1) != RIMA_TOK_INT) return false;
  const rima_token *number = &p->tokens[p->at + 1];
  bool is_decimal = number->end - number->start > 1 && p->source->text[number->start] != '0';
  return is_decimal && number->integer == (uint64_t)1 << 63;
}

static rima_expr *parse_unary(parser *p) {
  rima_unary_op op;
  switch (kind(p)) {
  case RIMA_TOK_MINUS: op = RIMA_UNARY_NEGATE; break;
  case RIMA_TOK_BANG: op = RIMA_UNARY_NOT; break;
  case RIMA_TOK_TILDE: op = RIMA_UNARY_BIT_NOT; break;
  case RIMA_TOK_PLUS:
    if (p->at && p->tokens[p->at - 1].kind == RIMA_TOK_PLUS && p->tokens[p->at - 1].end == token(p)->start)
      rima_hint(p->sink, fail(p, here(p), "there is no `++`"), "write `+= 1`");
    else rima_hint(p->sink, fail(p, here(p), "there is no unary `+`"), "leave it out");
    return error_expr(p);
  default: return parse_postfix(p);
  }
  if (is_least_int(p)) return parse_negated_number(p);
  bool is_doubled = p->at && is(p, RIMA_TOK_MINUS) && p->tokens[p->at - 1].kind == RIMA_TOK_MINUS &&
                    p->tokens[p->at - 1].end == token(p)->start && is_first_on_line(p, p->at + 1);
  if (is_doubled) {
    rima_hint(p->sink, fail(p, here(p), "there is no `--`"), "write `-= 1`");
    return error_expr(p);
  }
  uint32_t first = p->at;
  if (!enter_nesting(p)) return error_expr(p);
  advance(p);
  rima_expr *operand = parse_unary(p);
  rima_expr *e = new_expr(p, RIMA_EXPR_UNARY, first);
  e->op = (uint8_t)op;
  e->operand = operand;
  grow_height(p);
  leave_nesting(p);
  return e;
}

rima_arg *parse_args(parser *p, uint32_t *count) {
  uint32_t opener = p->at;
  size_t mark = list_begin(p);
  bool was_no_lambda = p->no_lambda;
  p->no_lambda = false;
  advance(p);
  while (!is(p, RIMA_TOK_RPAREN) && !is(p, RIMA_TOK_END) && !p->in_panic) {
    rima_arg arg = {0};
    if (kind_at(p, 1) == RIMA_TOK_COLON && (is(p, RIMA_TOK_IDENT) || is_keyword(kind(p)))) {
      arg.name = (rima_ident){token(p)->name, here(p)};
      advance(p);
      advance(p);
    }
    arg.value = parse_expr(p);
    if (is(p, RIMA_TOK_EQ) && arg.value->kind == RIMA_EXPR_NAME) {
      rima_hint(p->sink, complain(p, here(p), "an argument's name is followed by `:`"), "write `%s: …`",
                arg.value->name->text);
      advance(p);
      arg.value = parse_expr(p);
    }
    list_push(p, arg);
    if (!accept(p, RIMA_TOK_COMMA)) break;
  }
  rima_arg *args = list_end(p, mark, sizeof(rima_arg), count);
  expect_close(p, RIMA_TOK_RPAREN, opener);
  p->no_lambda = was_no_lambda;
  return args;
}

static rima_expr *parse_call(parser *p, uint32_t first, rima_expr *callee) {
  uint32_t count;
  rima_arg *args = parse_args(p, &count);
  rima_expr *e = new_expr(p, RIMA_EXPR_CALL, first);
  e->call.callee = callee;
  e->call.args = args;
  e->call.count = count;
  return e;
}

static rima_expr *parse_member(parser *p, uint32_t first, rima_expr *object) {
  bool is_safe = is(p, RIMA_TOK_QUESTION_DOT);
  advance(p);
  rima_ident name;
  if (is_keyword(kind(p)) && !is_first_on_line(p, p->at)) {
    name = (rima_ident){token(p)->name, here(p)};
    advance(p);
  } else if (is(p, RIMA_TOK_INT)) {
    rima_hint(p->sink, fail(p, here(p), "a member's name is not a number"),
              "take a tuple apart: `let (a, b) = pair`");
    return error_expr(p);
  } else name = expect_ident(p, "a member's name");
  if (!name.name) return error_expr(p);
  rima_expr *e = new_expr(p, RIMA_EXPR_MEMBER, first);
  e->is_safe = is_safe;
  e->member.object = object;
  e->member.name = name;
  return e;
}

/* Can a type also be read as an index: a name, List[int], (A, B)? */
static bool is_like_expr(const rima_type_expr *type) {
  if (type->kind == RIMA_TYPE_TUPLE) {
    for (uint32_t i = 0; i < type->tuple.count; i++)
      if (!is_like_expr(type->tuple.items[i])) return false;
    return true;
  }
  if (type->kind != RIMA_TYPE_NAME || type->named.name.name->keyword == RIMA_TOK_DYN) return false;
  return type->named.arg_count == 0 || (type->named.arg_count == 1 && is_like_expr(type->named.args[0]));
}

/* xs[i], first[int](…), Map[str, int](): what stands in the brackets may be types, an index, or either. */
static rima_expr *parse_index(parser *p, uint32_t first, rima_expr *object) {
  uint32_t opener = p->at, after = token(p)->match, type_count = 0;
  bool was_no_lambda = p->no_lambda;
  p->no_lambda = false;
  advance(p);
  uint32_t inside = p->at;
  rima_token_kind next = after == RIMA_NO_MATCH ? RIMA_TOK_END : (rima_token_kind)p->tokens[after + 1].kind;
  bool is_applied =
      (next == RIMA_TOK_LPAREN && !(p->tokens[after + 1].flags & RIMA_TOKEN_NEWLINE)) || next == RIMA_TOK_DOT;
  bool may_be_types = (object->kind == RIMA_EXPR_NAME || object->kind == RIMA_EXPR_MEMBER) && is_applied &&
                      (is(p, RIMA_TOK_IDENT) || is(p, RIMA_TOK_DYN) || is(p, RIMA_TOK_LPAREN));
  rima_type_expr **types = may_be_types ? try_types(p, &type_count) : NULL;
  rima_expr *index = NULL;
  if (!types || (type_count == 1 && is_like_expr(types[0]))) {
    p->at = inside;
    index = is(p, RIMA_TOK_RBRACKET) ? NULL : parse_expr(p);
    if (!index) fail_expected(p, "an index");
    if (is(p, RIMA_TOK_COMMA) && !p->in_panic) {
      p->at = inside;
      index = NULL;
      types = parse_types(p, RIMA_TOK_RBRACKET, &type_count);
    }
  }
  expect_close(p, RIMA_TOK_RBRACKET, opener);
  p->no_lambda = was_no_lambda;
  rima_expr *e = new_expr(p, RIMA_EXPR_INDEX, first);
  e->index.object = object;
  e->index.index = index;
  if (types) {
    e->index.types = RIMA_NEW(p->arena, rima_written_types);
    *e->index.types = (rima_written_types){types, type_count};
  }
  return e;
}

static rima_expr *parse_primary(parser *p);

static rima_expr *parse_postfix(parser *p) {
  uint32_t first = p->at;
  rima_expr *e = parse_primary(p);
  for (;;) {
    if (p->in_panic || (after_newline(p) && !continues_line(kind(p)))) return e;
    switch (kind(p)) {
    case RIMA_TOK_LPAREN: e = parse_call(p, first, e); break;
    case RIMA_TOK_LBRACKET: e = parse_index(p, first, e); break;
    case RIMA_TOK_DOT:
    case RIMA_TOK_QUESTION_DOT: e = parse_member(p, first, e); break;
    case RIMA_TOK_BANG: {
      advance(p);
      rima_expr *checked = new_expr(p, RIMA_EXPR_UNARY, first);
      checked->op = RIMA_UNARY_NOT_NULL;
      checked->operand = e;
      e = checked;
      break;
    }
    default: return e;
    }
    if (!grow_height(p)) return e;
  }
}

/* ---- lambdas ---- */

static bool is_lambda(const parser *p) {
  if (p->no_lambda) return false;
  if (is(p, RIMA_TOK_IDENT)) return kind_at(p, 1) == RIMA_TOK_FAT_ARROW;
  if (!is(p, RIMA_TOK_LPAREN) || token(p)->match == RIMA_NO_MATCH) return false;
  return p->tokens[token(p)->match + 1].kind == RIMA_TOK_FAT_ARROW;
}

static rima_param *parse_lambda_params(parser *p, uint32_t *count) {
  if (is(p, RIMA_TOK_LPAREN)) return parse_params(p, count, false);
  rima_param *param = RIMA_NEW(p->arena, rima_param);
  param->local = declare(p, expect_ident(p, "a parameter's name"), RIMA_STORAGE_PARAM, false);
  *count = 1;
  return param;
}

static rima_expr *parse_lambda(parser *p) {
  uint32_t first = p->at;
  rima_function *function = inner_function(p, RIMA_FUNCTION_LAMBDA);
  function_frame frame = function_begin(p, function);
  function->params = parse_lambda_params(p, &function->param_count);
  expect(p, RIMA_TOK_FAT_ARROW, "after the lambda's parameters");
  if (is(p, RIMA_TOK_LBRACE)) function->body = parse_block(p, "the lambda");
  else function->value = parse_arm_body(p);
  function->span = span_from(p, first);
  function_end(p, frame);
  rima_expr *e = new_expr(p, RIMA_EXPR_LAMBDA, first);
  e->function = function;
  return e;
}

/* ---- literals and brackets ---- */

rima_expr *parse_number(parser *p) {
  uint32_t first = p->at;
  const rima_token *t = token(p);
  advance(p);
  if (t->kind == RIMA_TOK_FLOAT) {
    rima_expr *e = new_expr(p, RIMA_EXPR_FLOAT, first);
    e->number = t->number;
    return e;
  }
  rima_expr *e = new_expr(p, RIMA_EXPR_INT, first);
  bool is_decimal = p->source->text[t->start] != '0';
  if (t->kind == RIMA_TOK_INT && is_decimal && t->integer > INT64_MAX)
    rima_hint(p->sink, complain(p, e->span, "this number does not fit an int"),
              "the largest int is 9223372036854775807");
  e->integer = (int64_t)t->integer;
  e->is_character = t->kind == RIMA_TOK_CHAR;
  return e;
}

static rima_expr *parse_paren(parser *p) {
  uint32_t first = p->at, count;
  bool was_no_lambda = p->no_lambda;
  p->no_lambda = false;
  advance(p);
  size_t mark = list_begin(p);
  while (!is(p, RIMA_TOK_RPAREN) && !is(p, RIMA_TOK_END) && !p->in_panic) {
    rima_expr *item = parse_condition(p);
    list_push(p, item);
    if (!accept(p, RIMA_TOK_COMMA)) break;
  }
  rima_expr **items = list_end(p, mark, sizeof(rima_expr *), &count);
  expect_close(p, RIMA_TOK_RPAREN, first);
  p->no_lambda = was_no_lambda;
  if (count == 1) {
    items[0]->is_parenthesised = true;
    return items[0];
  }
  if (count == 0) {
    if (!p->in_panic)
      rima_hint(p->sink, fail(p, span_from(p, first), "`()` is not a value"), "a lambda is `() => …`");
    return error_expr(p);
  }
  rima_expr *e = new_expr(p, RIMA_EXPR_TUPLE, first);
  e->list.items = items;
  e->list.count = count;
  return e;
}

static rima_expr *finish_map(parser *p, uint32_t first, size_t mark) {
  uint32_t count;
  rima_entry *entries = list_end(p, mark, sizeof(rima_entry), &count);
  expect_close(p, RIMA_TOK_RBRACKET, first);
  rima_expr *e = new_expr(p, RIMA_EXPR_MAP, first);
  e->map.entries = entries;
  e->map.count = count;
  return e;
}

/* ["a": 1, …], behind the first key; the key is not yet on the list. */
static rima_expr *parse_map_rest(parser *p, uint32_t first, rima_expr *key) {
  size_t mark = list_begin(p);
  for (;;) {
    rima_entry entry = {.key = key};
    if (!expect(p, RIMA_TOK_COLON, "between a map's key and value")) break;
    entry.value = parse_expr(p);
    list_push(p, entry);
    if (!accept(p, RIMA_TOK_COMMA) || is(p, RIMA_TOK_RBRACKET) || p->in_panic) break;
    key = parse_expr(p);
  }
  return finish_map(p, first, mark);
}

static rima_expr *parse_list(parser *p) {
  uint32_t first = p->at, count;
  bool was_no_lambda = p->no_lambda;
  p->no_lambda = false;
  advance(p);
  size_t mark = list_begin(p);
  rima_expr *e = NULL;
  if (accept(p, RIMA_TOK_COLON)) e = finish_map(p, first, mark);
  while (!e && !is(p, RIMA_TOK_RBRACKET) && !is(p, RIMA_TOK_END) && !p->in_panic) {
    rima_expr *item = parse_expr(p);
    if (is(p, RIMA_TOK_COLON) && p->scratch_used == mark) {
      e = parse_map_rest(p, first, item);
      break;
    }
    list_push(p, item);
    if (!accept(p, RIMA_TOK_COMMA)) break;
  }
  if (!e) {
    rima_expr **items = list_end(p, mark, sizeof(rima_expr *), &count);
    expect_close(p, RIMA_TOK_RBRACKET, first);
    e = new_expr(p, RIMA_EXPR_LIST, first);
    e->list.items = items;
    e->list.count = count;
  }
  p->no_lambda = was_no_lambda;
  return e;
}

/* dyn { name: "x", "other name": 3 } */
static rima_expr *parse_object(parser *p) {
  uint32_t first = p->at, count;
  advance(p);
  uint32_t opener = p->at;
  if (!expect(p, RIMA_TOK_LBRACE, "after `dyn`")) return error_expr(p);
  bool was_no_lambda = p->no_lambda;
  p->no_lambda = false;
  size_t mark = list_begin(p);
  while (!is(p, RIMA_TOK_RBRACE) && !is(p, RIMA_TOK_END) && !p->in_panic) {
    rima_entry entry = {0};
    if (is(p, RIMA_TOK_STRING)) {
      uint32_t at = p->at;
      rima_text text = parse_string(p)->text;
      entry.name = (rima_ident){rima_name_intern(p->session, text.bytes, text.length), span_of_token(p, at)};
    } else if (is_keyword(kind(p))) {
      entry.name = (rima_ident){token(p)->name, here(p)};
      advance(p);
    } else entry.name = expect_ident(p, "a member's name");
    if (expect(p, RIMA_TOK_COLON, "after the member's name")) {
      entry.value = parse_expr(p);
      list_push(p, entry);
    }
    if (!accept(p, RIMA_TOK_COMMA)) break;
  }
  rima_entry *entries = list_end(p, mark, sizeof(rima_entry), &count);
  expect_close(p, RIMA_TOK_RBRACE, opener);
  p->no_lambda = was_no_lambda;
  rima_expr *e = new_expr(p, RIMA_EXPR_OBJECT, first);
  e->map.entries = entries;
  e->map.count = count;
  return e;
}

/* ---- if, match, try, spawn ---- */

static rima_expr *block_expr(parser *p, uint32_t first, rima_block *block) {
  rima_expr *e = new_expr(p, RIMA_EXPR_BLOCK, first);
  e->block = block;
  return e;
}

/* One statement where an expression is wanted. */
static rima_expr *stmt_expr(parser *p, rima_stmt *stmt) {
  uint32_t first = p->at;
  rima_block *block = RIMA_NEW(p->arena, rima_block);
  block->span = stmt->span;
  block->stmts = RIMA_NEW(p->arena, rima_stmt *);
  block->stmts[0] = stmt;
  block->count = 1;
  rima_expr *e = block_expr(p, first, block);
  e->span = stmt->span;
  return e;
}

static rima_expr *parse_if(parser *p) {
  uint32_t first = p->at;
  if (!enter_nesting(p)) return error_expr(p);
  advance(p);
  rima_expr *condition = parse_condition(p), *otherwise = NULL;
  rima_block *then = parse_block(p, "`if`");
  if (accept(p, RIMA_TOK_ELSE)) {
    uint32_t at = p->at;
    otherwise = is(p, RIMA_TOK_IF) ? parse_if(p) : block_expr(p, at, parse_block(p, "`else`"));
    if (otherwise->kind == RIMA_EXPR_BLOCK) otherwise->span = span_from(p, at);
  }
  leave_nesting(p);
  rima_expr *e = new_expr(p, RIMA_EXPR_IF, first);
  e->branch.condition = condition;
  e->branch.then = then;
  e->branch.otherwise = otherwise;
  return e;
}

rima_expr *parse_arm_body(parser *p) {
  bool was_no_lambda = p->no_lambda;
  p->no_lambda = false;
  uint32_t first = p->at;
  rima_expr *e;
  if (is(p, RIMA_TOK_LBRACE)) {
    rima_block *block = parse_block(p, "the arm");
    e = block_expr(p, first, block);
  } else {
    rima_stmt *stmt = parse_stmt(p);
    bool is_declaration = stmt->kind == RIMA_STMT_LET || stmt->kind == RIMA_STMT_FUN;
    if (is_declaration) complain(p, stmt->span, "a declaration stands in a block: `=> { … }`");
    e = stmt->kind == RIMA_STMT_EXPR ? stmt->expr : stmt_expr(p, stmt);
  }
  p->no_lambda = was_no_lambda;
  return e;
}

/* Between arms: a new line, `,` or `;`. */
static void expect_arm_end(parser *p) {
  if (accept(p, RIMA_TOK_COMMA) || is_first_on_line(p, p->at)) return;
  expect_statement_end(p);
}

static rima_arm parse_arm(parser *p) {
  uint32_t first = p->start = p->at, scope = scope_begin(p);
  rima_arm arm = {.pattern = parse_pattern(p)};
  if (accept(p, RIMA_TOK_IF)) {
    bool was_no_lambda = p->no_lambda;
    p->no_lambda = true;
    arm.guard = parse_expr(p);
    p->no_lambda = was_no_lambda;
  }
  expect(p, RIMA_TOK_FAT_ARROW, "after the pattern");
  arm.body = p->in_panic ? error_expr(p) : parse_arm_body(p);
  arm.span = span_from(p, first);
  scope_end(p, scope);
  return arm;
}

rima_expr *parse_match(parser *p) {
  uint32_t first = p->at, count;
  advance(p);
  rima_expr *subject = parse_condition(p);
  uint32_t opener = p->at;
  size_t mark = list_begin(p);
  if (expect(p, RIMA_TOK_LBRACE, "after what is matched")) {
    while (!is(p, RIMA_TOK_RBRACE) && !is(p, RIMA_TOK_END)) {
      uint32_t at = p->at;
      rima_arm arm = parse_arm(p);
      list_push(p, arm);
      if (!p->in_panic) expect_arm_end(p);
      if (p->in_panic) skip_statement(p, at);
    }
    expect_close(p, RIMA_TOK_RBRACE, opener);
  }
  rima_arm *arms = list_end(p, mark, sizeof(rima_arm), &count);
  rima_expr *e = new_expr(p, RIMA_EXPR_MATCH, first);
  e->match.subject = subject;
  e->match.arms = arms;
  e->match.count = count;
  return e;
}

static rima_catch parse_catch(parser *p) {
  uint32_t first = p->at, scope = scope_begin(p);
  rima_catch c = {0};
  advance(p);
  bool has_paren = is(p, RIMA_TOK_LPAREN);
  if (has_paren) {
    rima_hint(p->sink, complain(p, here(p), "`catch` has no parentheses"), "write `catch e: Error { … }`");
    advance(p);
  }
  rima_ident name = is(p, RIMA_TOK_LBRACE) ? (rima_ident){rima_name_of(p->session, "_"), here(p)}
                                           : expect_ident(p, "a name for the error");
  c.local = declare(p, name, RIMA_STORAGE_LOCAL, false);
  if (accept(p, RIMA_TOK_COLON)) c.type = parse_type(p);
  if (has_paren) accept(p, RIMA_TOK_RPAREN);
  c.body = parse_block(p, "`catch`");
  c.span = span_from(p, first);
  scope_end(p, scope);
  return c;
}

static rima_expr *parse_try(parser *p) {
  uint32_t first = p->at, count;
  p->function->has_try = true;
  advance(p);
  rima_block *body = parse_block(p, "`try`"), *finally = NULL;
  size_t mark = list_begin(p);
  while (is(p, RIMA_TOK_CATCH) && !p->in_panic) {
    rima_catch c = parse_catch(p);
    list_push(p, c);
  }
  rima_catch *catches = list_end(p, mark, sizeof(rima_catch), &count);
  if (accept(p, RIMA_TOK_FINALLY)) finally = parse_block(p, "`finally`");
  if (!count && !finally) {
    rima_diagnostic *d = complain(p, span_of_token(p, first), "`try` needs a `catch` or a `finally`");
    rima_hint(p->sink, d, "write `try { … } catch e { … }`");
  }
  rima_expr *e = new_expr(p, RIMA_EXPR_TRY, first);
  e->try_ = RIMA_NEW(p->arena, rima_try);
  *e->try_ = (rima_try){body, catches, count, finally};
  return e;
}

static rima_expr *parse_spawn(parser *p) {
  uint32_t first = p->at;
  if (!enter_nesting(p)) return error_expr(p);
  p->function->has_spawn = true;
  advance(p);
  rima_function *block = NULL;
  rima_expr *call = NULL;
  if (is(p, RIMA_TOK_LBRACE)) {
    block = inner_function(p, RIMA_FUNCTION_SPAWN);
    function_frame frame = function_begin(p, block);
    block->body = parse_block(p, "`spawn`");
    block->span = span_from(p, first);
    function_end(p, frame);
  } else {
    call = parse_postfix(p);
    if (call->kind != RIMA_EXPR_CALL && !p->in_panic)
      rima_hint(p->sink, complain(p, call->span, "`spawn` starts a call or a block"), "write `spawn { … }`");
  }
  leave_nesting(p);
  rima_expr *e = new_expr(p, RIMA_EXPR_SPAWN, first);
  e->spawn.block = block;
  e->spawn.call = call;
  return e;
}

/* ---- primary ---- */

static rima_expr *parse_simple(parser *p, rima_expr_kind k) {
  uint32_t first = p->at;
  advance(p);
  return new_expr(p, k, first);
}

static rima_expr *parse_bool(parser *p) {
  bool value = is(p, RIMA_TOK_TRUE);
  rima_expr *e = parse_simple(p, RIMA_EXPR_BOOL);
  e->boolean = value;
  return e;
}

static rima_expr *parse_name(parser *p) {
  const rima_name *name = token(p)->name;
  bool is_before_name = kind_at(p, 1) == RIMA_TOK_IDENT && !is_first_on_line(p, p->at + 1);
  if (is_before_name && strcmp(name->text, "new") == 0) {
    rima_diagnostic *d = complain(p, here(p), "classes are called directly, without `new`");
    rima_hint(p->sink, d, "write `%s(…)`", p->tokens[p->at + 1].name->text);
    advance(p);
    name = token(p)->name;
  }
  mention(p, name);
  rima_expr *e = parse_simple(p, RIMA_EXPR_NAME);
  e->name = name;
  return e;
}

static rima_expr *parse_this(parser *p) {
  p->function->uses_this = true;
  if (is(p, RIMA_TOK_THIS)) return parse_simple(p, RIMA_EXPR_THIS);
  rima_expr *e = parse_simple(p, RIMA_EXPR_SUPER);
  if (!is(p, RIMA_TOK_DOT))
    rima_hint(p->sink, fail_expected(p, "`.` after `super`"), "write `super.method(…)`");
  return e;
}

static rima_expr *fail_expr(parser *p) {
  if (is(p, RIMA_TOK_FUN))
    rima_hint(p->sink, fail(p, here(p), "a function without a name is a lambda"), "write `(x) => …`");
  else if (is(p, RIMA_TOK_SELECT)) fail(p, here(p), "`select` is a statement, not an expression");
  else if (is(p, RIMA_TOK_OR) || is(p, RIMA_TOK_OR_OR))
    rima_hint(p->sink, fail_expected(p, "an expression"), "a lambda is `(x) => …`");
  else if (is(p, RIMA_TOK_LBRACE) && !is_first_on_line(p, p->at))
    rima_hint(p->sink, fail_expected(p, "an expression"),
              "a map is `[\"a\": 1]`, a dynamic object `dyn { a: 1 }`");
  else fail_expected(p, "an expression");
  return error_expr(p);
}

static rima_expr *parse_primary(parser *p) {
  switch (kind(p)) {
  case RIMA_TOK_IDENT: return is_lambda(p) ? parse_lambda(p) : parse_name(p);
  case RIMA_TOK_LPAREN: return is_lambda(p) ? parse_lambda(p) : parse_paren(p);
  case RIMA_TOK_INT:
  case RIMA_TOK_CHAR:
  case RIMA_TOK_FLOAT: return parse_number(p);
  case RIMA_TOK_STRING:
  case RIMA_TOK_STRING_START: return parse_string(p);
  case RIMA_TOK_TRUE:
  case RIMA_TOK_FALSE: return parse_bool(p);
  case RIMA_TOK_NULL_WORD: return parse_simple(p, RIMA_EXPR_NULL);
  case RIMA_TOK_THIS:
  case RIMA_TOK_SUPER: return parse_this(p);
  case RIMA_TOK_LBRACKET: return parse_list(p);
  case RIMA_TOK_DYN: return parse_object(p);
  case RIMA_TOK_IF: return parse_if(p);
  case RIMA_TOK_MATCH: return parse_match(p);
  case RIMA_TOK_TRY: return parse_try(p);
  case RIMA_TOK_SPAWN: return parse_spawn(p);
  case RIMA_TOK_RETURN:
  case RIMA_TOK_THROW:
  case RIMA_TOK_BREAK:
  case RIMA_TOK_CONTINUE: return stmt_expr(p, parse_stmt(p));
  default: return fail_expr(p);
  }
}
