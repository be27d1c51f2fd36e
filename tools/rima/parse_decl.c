/* parse_decl.c: declarations, their members, and the module as a whole. */
#include "parse.h"
#include <string.h>

/* ---- modifiers ---- */

typedef struct modifiers {
  bool is_private, is_static, is_native, is_abstract, is_open, is_override;
  rima_span span; /* of the last one */
  bool any;
} modifiers;

static bool *modifier_flag(modifiers *m, rima_token_kind k) {
  switch (k) {
  case RIMA_TOK_PRIVATE: return &m->is_private;
  case RIMA_TOK_STATIC: return &m->is_static;
  case RIMA_TOK_NATIVE: return &m->is_native;
  case RIMA_TOK_ABSTRACT: return &m->is_abstract;
  case RIMA_TOK_OPEN: return &m->is_open;
  case RIMA_TOK_OVERRIDE: return &m->is_override;
  default: return NULL;
  }
}

/* public, protected, final: said and dropped. */
static bool drop_foreign_modifier(parser *p) {
  static const char *const words[][2] = {{"public", "everything is public unless `private`"},
                                         {"protected", "there is only `private`, which limits to the file"},
                                         {"internal", "there is only `private`, which limits to the file"},
                                         {"final", "classes and methods are final unless `open`"},
                                         {"sealed", "a closed family of classes is an `enum`"},
                                         {"data", "a class compared by value is an `enum` of one variant"},
                                         {"async", "every function may wait; `spawn` starts a process"},
                                         {"export", "everything is exported unless `private`"}};
  rima_token_kind next = kind_at(p, 1);
  bool is_candidate = is(p, RIMA_TOK_IDENT) && (is_keyword(next) || next == RIMA_TOK_IDENT);
  if (!is_candidate || is_first_on_line(p, p->at + 1)) return false;
  for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
    if (strcmp(token(p)->name->text, words[i][0]) != 0) continue;
    rima_hint(p->sink, complain(p, here(p), "`%s` is not a modifier", words[i][0]), "%s", words[i][1]);
    advance(p);
    return true;
  }
  return false;
}

static modifiers parse_modifiers(parser *p) {
  modifiers m = {0};
  for (;;) {
    bool *flag = modifier_flag(&m, kind(p));
    if (!flag) {
      if (drop_foreign_modifier(p)) continue;
      return m;
    }
    if (*flag) complain(p, here(p), "`%s` is written twice", token(p)->name->text);
    *flag = true;
    m.any = true;
    m.span = here(p);
    advance(p);
  }
}

/* Complains about each modifier that is set and not among those allowed. */
static void check_modifiers(parser *p, modifiers m, modifiers allowed, const char *of_what) {
  const char *wrong = m.is_private && !allowed.is_private     ? "private"
                      : m.is_static && !allowed.is_static     ? "static"
                      : m.is_native && !allowed.is_native     ? "native"
                      : m.is_abstract && !allowed.is_abstract ? "abstract"
                      : m.is_open && !allowed.is_open         ? "open"
                      : m.is_override && !allowed.is_override ? "override"
                                                              : NULL;
  if (wrong) complain(p, m.span, "`%s` does not go with %s", wrong, of_what);
}

/* ---- parameters and functions ---- */

static void parse_param_modifiers(parser *p, rima_param *param, bool is_class, bool *is_mutable) {
  if (is(p, RIMA_TOK_PRIVATE) && is_class) {
    param->is_private = true;
    advance(p);
    if (!is(p, RIMA_TOK_LET) && !is(p, RIMA_TOK_VAR)) fail_expected(p, "`let` or `var` after `private`");
  }
  if (!is(p, RIMA_TOK_LET) && !is(p, RIMA_TOK_VAR)) return;
  if (!is_class) complain(p, here(p), "only a class's parameters are declared with `let` or `var`");
  param->is_field = is_class;
  *is_mutable = is(p, RIMA_TOK_VAR);
  advance(p);
}

static void complain_of_twins(parser *p, const rima_param *params, uint32_t count) {
  for (uint32_t i = 1; i < count; i++)
    for (uint32_t k = 0; k < i && params[i].local && params[i].local->name; k++)
      if (params[k].local && params[k].local->name == params[i].local->name && !params[i].is_field &&
          strcmp(params[i].local->name->text, "_") != 0) {
        rima_diagnostic *d = complain(p, params[i].local->span, "there is already a parameter %s",
                                      params[i].local->name->text);
        rima_related(p->sink, d, params[k].local->span, "first declared here");
        break;
      }
}

rima_param *parse_params(parser *p, uint32_t *count, bool is_class) {
  uint32_t opener = p->at;
  size_t mark = list_begin(p);
  advance(p);
  while (!is(p, RIMA_TOK_RPAREN) && !is(p, RIMA_TOK_END) && !p->in_panic) {
    rima_param param = {.doc = doc_before(p, p->at, false)};
    bool is_mutable = false;
    parse_param_modifiers(p, &param, is_class, &is_mutable);
    rima_ident name = expect_ident(p, "a parameter's name");
    if (p->in_panic) break;
    if (is(p, RIMA_TOK_IDENT) && !is_first_on_line(p, p->at))
      rima_hint(p->sink, fail(p, here(p), "a parameter's type follows its name and `:`"), "write `%s: %s`",
                token(p)->name->text, name.name->text);
    if (accept(p, RIMA_TOK_COLON)) param.type = parse_type(p);
    if (accept(p, RIMA_TOK_EQ)) param.default_value = parse_expr(p);
    param.local = declare(p, name, RIMA_STORAGE_PARAM, is_mutable);
    list_push(p, param);
    if (!accept(p, RIMA_TOK_COMMA)) break;
  }
  rima_param *params = list_end(p, mark, sizeof(rima_param), count);
  complain_of_many(p, opener, *count);
  complain_of_twins(p, params, *count);
  expect_close(p, RIMA_TOK_RPAREN, opener);
  return params;
}

static void parse_result(parser *p, rima_function *function) {
  if (is(p, RIMA_TOK_ARROW)) {
    rima_hint(p->sink, complain(p, here(p), "the result type follows `:`"), "write `fun f(): T`");
    advance(p);
    function->result = parse_type(p);
  } else if (accept(p, RIMA_TOK_COLON)) function->result = parse_type(p);
}

static void parse_body(parser *p, rima_function *function, bool may_lack_body) {
  if (is(p, RIMA_TOK_LBRACE) && !after_newline(p)) function->body = parse_block(p, "the function");
  else if (accept(p, RIMA_TOK_EQ)) function->value = parse_expr(p);
  else if (is(p, RIMA_TOK_FAT_ARROW)) {
    rima_hint(p->sink, fail(p, here(p), "a function's expression follows `=`"), "write `fun f(x) = x * 2`");
  } else if (!may_lack_body && !p->in_panic) {
    rima_diagnostic *d = fail_expected(p, "the function's body");
    if (d && !d->hint) rima_hint(p->sink, d, "write `{ … }` or `= expression`");
  }
}

void parse_function_rest(parser *p, rima_function *function, bool may_lack_body) {
  function->name = expect_ident(p, "the function's name");
  function_frame frame = function_begin(p, function);
  if (!p->in_panic && is(p, RIMA_TOK_LBRACKET))
    function->type_params = parse_type_params(p, &function->type_param_count);
  else if (is(p, RIMA_TOK_LESS) && !p->in_panic)
    rima_hint(p->sink, fail(p, here(p), "type parameters are written in `[ ]`"), "write `fun f[T](x: T)`");
  if (!p->in_panic && !is(p, RIMA_TOK_LPAREN)) fail_expected(p, "`(` after the function's name");
  if (!p->in_panic) {
    function->params = parse_params(p, &function->param_count, false);
    if (!p->in_panic) parse_result(p, function);
    if (!p->in_panic) parse_body(p, function, may_lack_body);
  }
  function_end(p, frame);
}

/* ---- members ---- */

static rima_decl *new_decl(parser *p, rima_decl_kind k, uint32_t first) {
  rima_decl *decl = RIMA_NEW(p->arena, rima_decl);
  decl->kind = (uint8_t)k;
  decl->span = span_from(p, first);
  return decl;
}

/* At `fun`. */
static rima_decl *parse_fun(parser *p, uint32_t first, modifiers m, rima_function_kind k,
                            bool may_lack_body) {
  rima_function *function = RIMA_NEW(p->arena, rima_function);
  function->kind = (uint8_t)k;
  function->doc = doc_before(p, first, false);
  function->is_private = m.is_private;
  function->is_static = m.is_static;
  function->is_native = m.is_native;
  function->is_abstract = m.is_abstract;
  function->is_open = m.is_open;
  function->is_override = m.is_override;
  advance(p);
  parse_function_rest(p, function, may_lack_body || m.is_native || m.is_abstract);
  function->span = span_from(p, first);
  bool has_body = function->body || function->value;
  if (has_body && (m.is_native || m.is_abstract))
    complain(p, function->name.span, "%s function has no body", m.is_native ? "a native" : "an abstract");
  rima_decl *decl = new_decl(p, RIMA_DECL_FUN, first);
  decl->name = function->name;
  decl->doc = function->doc;
  decl->is_private = m.is_private;
  decl->is_static = m.is_static;
  decl->is_open = m.is_open;
  decl->is_abstract = m.is_abstract;
  decl->function = function;
  return decl;
}

static rima_decl *parse_variable_decl(parser *p, uint32_t first, modifiers m, rima_storage storage) {
  rima_text doc = doc_before(p, first, false);
  rima_variable variable = parse_variable(p, storage);
  rima_decl *decl = new_decl(p, RIMA_DECL_VARIABLE, first);
  if (variable.pattern->kind == RIMA_PATTERN_NAME)
    decl->name = (rima_ident){variable.pattern->local->name, variable.pattern->local->span};
  decl->doc = doc;
  decl->is_private = m.is_private;
  decl->is_static = m.is_static;
  decl->variable = variable;
  return decl;
}

static const char *container_text(rima_decl_kind k) {
  return k == RIMA_DECL_CLASS       ? "a class"
         : k == RIMA_DECL_INTERFACE ? "an interface"
         : k == RIMA_DECL_ENUM      ? "an enum"
                                    : "`extend`";
}

static rima_decl *parse_field(parser *p, uint32_t first, modifiers m, rima_decl_kind container) {
  check_modifiers(p, m, (modifiers){.is_private = true, .is_static = true}, "a field");
  bool is_allowed = container == RIMA_DECL_CLASS || (container == RIMA_DECL_ENUM && m.is_static);
  if (!is_allowed) complain(p, here(p), "%s has no fields", container_text(container));
  rima_decl *decl = parse_variable_decl(p, first, m, RIMA_STORAGE_MODULE);
  if (decl->variable.pattern->kind == RIMA_PATTERN_TUPLE) complain(p, decl->span, "a field has one name");
  return decl;
}

static rima_decl *parse_init(parser *p, uint32_t first, modifiers m, rima_decl_kind container) {
  check_modifiers(p, m, (modifiers){0}, "`init`");
  if (container != RIMA_DECL_CLASS) complain(p, here(p), "%s has no `init`", container_text(container));
  advance(p);
  rima_block *block = parse_block(p, "`init`");
  rima_decl *decl = new_decl(p, RIMA_DECL_INIT, first);
  decl->init = block;
  return decl;
}

static rima_decl *parse_method(parser *p, uint32_t first, modifiers m, rima_decl_kind container) {
  modifiers allowed = {.is_private = true, .is_static = true, .is_native = true};
  allowed.is_open = allowed.is_abstract = container == RIMA_DECL_CLASS;
  allowed.is_override =
      container == RIMA_DECL_CLASS || container == RIMA_DECL_ENUM || container == RIMA_DECL_INTERFACE;
  check_modifiers(p, m, allowed, container == RIMA_DECL_CLASS ? "a method" : "a method here");
  if (m.is_static && (m.is_open || m.is_abstract || m.is_override))
    complain(p, m.span, "a static function is not overridden");
  return parse_fun(p, first, m, RIMA_FUNCTION_METHOD, container == RIMA_DECL_INTERFACE);
}

/* One member, or NULL and panic. Fields and init see `constructor`'s frame. */
static rima_decl *parse_member_decl(parser *p, rima_decl_kind container, rima_function *constructor) {
  uint32_t first = p->start = p->at;
  modifiers m = parse_modifiers(p);
  rima_function *saved = p->function;
  rima_decl *decl = NULL;
  switch (leading_keyword(p)) {
  case RIMA_TOK_FUN: return parse_method(p, first, m, container);
  case RIMA_TOK_LET:
  case RIMA_TOK_VAR:
    p->function = constructor;
    decl = parse_field(p, first, m, container);
    break;
  case RIMA_TOK_INIT:
    p->function = constructor;
    decl = parse_init(p, first, m, container);
    break;
  case RIMA_TOK_CLASS:
  case RIMA_TOK_INTERFACE:
  case RIMA_TOK_ENUM: fail(p, here(p), "classes do not nest; declare it at the top level"); break;
  default:
    if (is(p, RIMA_TOK_IDENT) && strcmp(token(p)->name->text, "init") == 0)
      rima_hint(p->sink, fail(p, here(p), "`init` has no parameters"),
                "a class's parameters follow its name: `class A(x: int) { … }`");
    else if (is(p, RIMA_TOK_IDENT) && kind_at(p, 1) == RIMA_TOK_LPAREN)
      rima_hint(p->sink, fail(p, here(p), "a method is declared with `fun`"), "write `fun %s(…)`",
                token(p)->name->text);
    else if (is(p, RIMA_TOK_IDENT) && (kind_at(p, 1) == RIMA_TOK_COLON || kind_at(p, 1) == RIMA_TOK_EQ))
      rima_hint(p->sink, fail(p, here(p), "a field is declared with `let` or `var`"), "write `var %s`",
                token(p)->name->text);
    else fail_expected(p, container == RIMA_DECL_CLASS ? "a member: `fun`, `let`, `var` or `init`" : "`fun`");
  }
  p->function = saved;
  return decl;
}

/* Members up to the `}`, which is consumed. */
static rima_decl **parse_members(parser *p, uint32_t opener, rima_decl_kind container,
                                 rima_function *constructor, uint32_t *count) {
  size_t mark = list_begin(p);
  while (!is(p, RIMA_TOK_RBRACE) && !is(p, RIMA_TOK_END) && !is_left_open(p, opener)) {
    uint32_t at = p->at;
    if (accept(p, RIMA_TOK_SEMICOLON)) continue;
    rima_decl *decl = parse_member_decl(p, container, constructor);
    if (!p->in_panic) expect_statement_end(p);
    if (p->in_panic) skip_statement(p, at);
    if (decl) list_push(p, decl);
  }
  rima_decl **members = list_end(p, mark, sizeof(rima_decl *), count);
  expect_close(p, RIMA_TOK_RBRACE, opener);
  return members;
}

/* ---- classes, interfaces, enums, extensions ---- */

static bool starts_body(const parser *p) { return is(p, RIMA_TOK_LBRACE) && !after_newline(p); }

/* ": Base(seed), Printable"; a newline may stand before the colon. */
static void parse_supers(parser *p, rima_decl *decl) {
  decl->class_.super_call = -1;
  if (!accept(p, RIMA_TOK_COLON)) {
    if (is(p, RIMA_TOK_IDENT) && !after_newline(p)) fail_expected(p, "`:` or `{`");
    return;
  }
  size_t mark = list_begin(p);
  do {
    rima_type_expr *super = parse_type(p);
    list_push(p, super);
    if (!is(p, RIMA_TOK_LPAREN) || after_newline(p)) continue;
    if (decl->class_.super_call >= 0 || decl->kind != RIMA_DECL_CLASS)
      complain(p, here(p),
               decl->kind == RIMA_DECL_CLASS ? "a class has one superclass"
                                             : "only a class calls its superclass");
    decl->class_.super_call = (int32_t)((p->scratch_used - mark) / sizeof super) - 1;
    decl->class_.super_args = parse_args(p, &decl->class_.super_arg_count);
  } while (accept(p, RIMA_TOK_COMMA) && !p->in_panic);
  decl->class_.supers = list_end(p, mark, sizeof(rima_type_expr *), &decl->class_.super_count);
}

static rima_decl *new_type_decl(parser *p, rima_decl_kind k, uint32_t first, modifiers m) {
  rima_decl *decl = new_decl(p, k, first);
  decl->doc = doc_before(p, first, false);
  decl->is_private = m.is_private;
  decl->is_open = m.is_open;
  decl->is_abstract = m.is_abstract;
  return decl;
}

static void parse_head(parser *p, rima_decl *decl, const char *what) {
  advance(p);
  decl->name = expect_ident(p, what);
  if (!p->in_panic && is(p, RIMA_TOK_LBRACKET))
    decl->class_.type_params = parse_type_params(p, &decl->class_.type_param_count);
  else if (is(p, RIMA_TOK_LESS))
    rima_hint(p->sink, fail(p, here(p), "type parameters are written in `[ ]`"), "write `class Box[T]`");
}

/* In initialisers and init blocks a parameter that is a field means the field: only the others are bound. */
static void bind_plain_params(parser *p, const rima_function *constructor) {
  for (uint32_t i = 0; i < constructor->param_count; i++)
    if (!constructor->params[i].is_field) bind(p, constructor->params[i].local);
}

static void parse_class_members(parser *p, rima_decl *decl, rima_function *constructor) {
  uint32_t opener = p->at, scope = scope_begin(p);
  bind_plain_params(p, constructor);
  advance(p);
  decl->class_.members = parse_members(p, opener, RIMA_DECL_CLASS, constructor, &decl->class_.member_count);
  scope_end(p, scope);
}

static rima_decl *parse_class(parser *p, uint32_t first, modifiers m) {
  check_modifiers(p, m, (modifiers){.is_private = true, .is_open = true, .is_abstract = true}, "a class");
  rima_decl *decl = new_type_decl(p, RIMA_DECL_CLASS, first, m);
  rima_function *constructor = decl->class_.constructor = RIMA_NEW(p->arena, rima_function);
  constructor->kind = RIMA_FUNCTION_CONSTRUCTOR;
  parse_head(p, decl, "the class's name");
  constructor->name = decl->name;
  function_frame frame = function_begin(p, constructor);
  if (!p->in_panic && is(p, RIMA_TOK_LPAREN) && !after_newline(p)) {
    decl->class_.has_params = true;
    constructor->params = parse_params(p, &constructor->param_count, true);
  }
  if (!p->in_panic) parse_supers(p, decl);
  function_end(p, frame);
  if (!p->in_panic && starts_body(p)) parse_class_members(p, decl, constructor);
  else if (!p->in_panic && is(p, RIMA_TOK_LBRACE)) fail_expected(p, "`{`");
  decl->span = constructor->span = span_from(p, first);
  return decl;
}

static rima_decl *parse_interface(parser *p, uint32_t first, modifiers m) {
  check_modifiers(p, m, (modifiers){.is_private = true}, "an interface");
  rima_decl *decl = new_type_decl(p, RIMA_DECL_INTERFACE, first, m);
  parse_head(p, decl, "the interface's name");
  if (!p->in_panic) parse_supers(p, decl);
  uint32_t opener = p->at;
  if (!p->in_panic && starts_body(p)) {
    advance(p);
    decl->class_.members =
        parse_members(p, opener, RIMA_DECL_INTERFACE, p->function, &decl->class_.member_count);
  } else if (!p->in_panic) fail_expected(p, "`{` after the interface's name");
  decl->span = span_from(p, first);
  return decl;
}

static rima_variant parse_variant(parser *p) {
  uint32_t first = p->at;
  rima_variant variant = {.doc = doc_before(p, first, false), .name = expect_ident(p, "a variant's name")};
  rima_function *constructor = variant.constructor = RIMA_NEW(p->arena, rima_function);
  constructor->kind = RIMA_FUNCTION_CONSTRUCTOR;
  constructor->name = variant.name;
  if (is(p, RIMA_TOK_LPAREN) && !after_newline(p)) {
    function_frame frame = function_begin(p, constructor);
    variant.params = constructor->params = parse_params(p, &variant.param_count, false);
    constructor->param_count = variant.param_count;
    variant.has_params = true;
    function_end(p, frame);
  }
  variant.span = constructor->span = span_from(p, first);
  return variant;
}

/* Variants, parted by `,` or new lines, come before the members. */
static void parse_enum_body(parser *p, rima_decl *decl, uint32_t opener) {
  size_t mark = list_begin(p);
  rima_token_kind k = leading_keyword(p);
  while (k == RIMA_TOK_IDENT) {
    uint32_t at = p->at;
    rima_variant variant = parse_variant(p);
    list_push(p, variant);
    bool is_parted = accept(p, RIMA_TOK_COMMA) || accept(p, RIMA_TOK_SEMICOLON) || after_newline(p) ||
                     is(p, RIMA_TOK_RBRACE);
    if (!is_parted) fail_expected(p, "`,` between variants");
    if (p->in_panic) skip_statement(p, at);
    k = is_first_on_line(p, p->at) ? leading_keyword(p) : kind(p);
  }
  decl->class_.variants = list_end(p, mark, sizeof(rima_variant), &decl->class_.variant_count);
  if (decl->class_.variant_count == 0) complain(p, decl->name.span, "an enum needs a variant");
  decl->class_.members = parse_members(p, opener, RIMA_DECL_ENUM, p->function, &decl->class_.member_count);
}

static rima_decl *parse_enum(parser *p, uint32_t first, modifiers m) {
  check_modifiers(p, m, (modifiers){.is_private = true}, "an enum");
  rima_decl *decl = new_type_decl(p, RIMA_DECL_ENUM, first, m);
  parse_head(p, decl, "the enum's name");
  if (!p->in_panic) parse_supers(p, decl);
  uint32_t opener = p->at;
  if (!p->in_panic && starts_body(p)) {
    advance(p);
    parse_enum_body(p, decl, opener);
  } else if (!p->in_panic) fail_expected(p, "`{` after the enum's name");
  decl->span = span_from(p, first);
  return decl;
}

static rima_decl *parse_extend(parser *p, uint32_t first, modifiers m) {
  check_modifiers(p, m, (modifiers){.is_private = true}, "`extend`");
  rima_decl *decl = new_type_decl(p, RIMA_DECL_EXTEND, first, m);
  advance(p);
  if (is(p, RIMA_TOK_LBRACKET))
    decl->extend.type_params = parse_type_params(p, &decl->extend.type_param_count);
  decl->extend.target = parse_type(p);
  uint32_t opener = p->at;
  if (!p->in_panic && starts_body(p)) {
    advance(p);
    decl->extend.members =
        parse_members(p, opener, RIMA_DECL_EXTEND, p->function, &decl->extend.member_count);
  } else if (!p->in_panic) fail_expected(p, "`{` after the extended type");
  decl->span = span_from(p, first);
  return decl;
}

/* ---- imports and tests ---- */

static void parse_import_items(parser *p, rima_decl *decl) {
  uint32_t opener = p->at;
  size_t mark = list_begin(p);
  advance(p);
  while (!is(p, RIMA_TOK_RBRACE) && !is(p, RIMA_TOK_END) && !p->in_panic) {
    rima_import_item item = {.name = expect_ident(p, "a name to import")};
    if (accept(p, RIMA_TOK_AS)) item.alias = expect_ident(p, "the name it gets here");
    if (item.name.name) list_push(p, item);
    if (!accept(p, RIMA_TOK_COMMA)) break;
  }
  decl->import.items = list_end(p, mark, sizeof(rima_import_item), &decl->import.item_count);
  decl->import.has_items = true;
  expect_close(p, RIMA_TOK_RBRACE, opener);
}

static rima_decl *parse_import(parser *p, uint32_t first, modifiers m) {
  check_modifiers(p, m, (modifiers){0}, "`import`");
  rima_decl *decl = new_decl(p, RIMA_DECL_IMPORT, first);
  advance(p);
  decl->import.path_span = here(p);
  if (is(p, RIMA_TOK_STRING)) {
    decl->import.path = parse_string(p)->text;
    decl->import.is_file = true;
    if (memchr(decl->import.path.bytes, 0, decl->import.path.length))
      complain(p, decl->import.path_span, "this is not a path");
  } else if (is(p, RIMA_TOK_LBRACE)) {
    rima_hint(p->sink, fail(p, here(p), "the module comes first"), "write `import module { name }`");
  } else {
    rima_ident name = expect_ident(p, "a module's name");
    if (name.name) decl->import.path = (rima_text){name.name->text, name.name->length};
    decl->name = name;
    if (is(p, RIMA_TOK_DOT) && !p->in_panic)
      rima_hint(p->sink, fail(p, here(p), "modules have plain names"), "write `import module { name }`");
  }
  if (!p->in_panic && accept(p, RIMA_TOK_AS)) decl->import.alias = expect_ident(p, "the name it gets here");
  if (!p->in_panic && is(p, RIMA_TOK_LBRACE) && !after_newline(p)) parse_import_items(p, decl);
  decl->span = span_from(p, first);
  return decl;
}

static rima_decl *parse_test(parser *p, uint32_t first, modifiers m) {
  check_modifiers(p, m, (modifiers){0}, "`test`");
  rima_decl *decl = new_decl(p, RIMA_DECL_TEST, first);
  rima_function *function = decl->function = RIMA_NEW(p->arena, rima_function);
  function->kind = RIMA_FUNCTION_TEST;
  advance(p);
  if (is(p, RIMA_TOK_STRING)) {
    uint32_t at = p->at;
    rima_text title = parse_string(p)->text;
    decl->name = (rima_ident){rima_name_intern(p->session, title.bytes, title.length), span_of_token(p, at)};
    function->name = decl->name;
  } else fail_expected(p, "the test's name, a string");
  function_frame frame = function_begin(p, function);
  if (!p->in_panic) function->body = parse_block(p, "the test");
  function_end(p, frame);
  decl->span = function->span = span_from(p, first);
  return decl;
}

/* ---- the module ---- */

static rima_decl *parse_stmt_decl(parser *p, uint32_t first, modifiers m) {
  if (m.any) {
    fail_expected(p, "a declaration after the modifier");
    return NULL;
  }
  bool is_stray = is(p, RIMA_TOK_RBRACE) || is(p, RIMA_TOK_RPAREN) || is(p, RIMA_TOK_RBRACKET);
  if (is_stray) {
    fail(p, here(p), "unexpected %s: there is nothing open here", rima_token_kind_text(kind(p)));
    advance(p);
    return NULL;
  }
  rima_stmt *stmt = parse_stmt(p);
  rima_decl *decl = new_decl(p, RIMA_DECL_STMT, first);
  decl->stmt = stmt;
  return decl;
}

static rima_decl *parse_decl(parser *p) {
  uint32_t first = p->start = p->at;
  modifiers m = parse_modifiers(p);
  switch (leading_keyword(p)) {
  case RIMA_TOK_IMPORT: return parse_import(p, first, m);
  case RIMA_TOK_LET:
  case RIMA_TOK_VAR:
    check_modifiers(p, m, (modifiers){.is_private = true}, "a variable");
    return parse_variable_decl(p, first, m, RIMA_STORAGE_MODULE);
  case RIMA_TOK_FUN:
    check_modifiers(p, m, (modifiers){.is_private = true, .is_native = true},
                    "a function outside of a class");
    return parse_fun(p, first, m, RIMA_FUNCTION_NAMED, false);
  case RIMA_TOK_CLASS: return parse_class(p, first, m);
  case RIMA_TOK_INTERFACE: return parse_interface(p, first, m);
  case RIMA_TOK_ENUM: return parse_enum(p, first, m);
  case RIMA_TOK_EXTEND: return parse_extend(p, first, m);
  case RIMA_TOK_TEST: return parse_test(p, first, m);
  default: return parse_stmt_decl(p, first, m);
  }
}

static void parse_decls(parser *p, rima_module *module) {
  size_t mark = list_begin(p);
  while (!is(p, RIMA_TOK_END)) {
    uint32_t at = p->at;
    if (accept(p, RIMA_TOK_SEMICOLON)) continue;
    rima_decl *decl = parse_decl(p);
    if (!p->in_panic) expect_statement_end(p);
    if (p->in_panic) skip_statement(p, at);
    if (p->at == at) advance(p);
    if (decl) list_push(p, decl);
  }
  module->decls = list_end(p, mark, sizeof(rima_decl *), &module->count);
}

rima_module *rima_parse(rima_session *session, rima_source *source, rima_diagnostics *sink) {
  uint32_t errors_before = sink->error_count;
  rima_tokens tokens = rima_lex(session, source, sink);
  rima_module *module = RIMA_NEW(&session->arena, rima_module);
  module->source = source;
  module->init = RIMA_NEW(&session->arena, rima_function);
  module->init->kind = RIMA_FUNCTION_MODULE;
  module->init->span = (rima_span){source->base, source->base + source->length};
  parser p = {.session = session, .arena = &session->arena, .source = source, .sink = sink};
  p.tokens = tokens.items;
  p.count = tokens.count;
  p.function = module->init;
  module->doc = doc_before(&p, 0, true);
  parse_decls(&p, module);
  module->has_errors = sink->error_count > errors_before;
  return module;
}
