/* parse.h: what the parser's files share; private to the parser.
 *
 * Recursive descent, operators by precedence climbing. Invariants: `at` always indexes a token (END is never
 * passed); after an error the parser is in panic, silent, until a statement or member boundary; whoever loops
 * makes sure that every round consumes a token. Lists are built on a scratch stack and copied to the arena
 * once complete. */
#pragma once
#include "lexer.h"
#include "parser.h"

/* Short names inside the parser, prefixed symbols outside: the compiler is linked into other people's
 * programs. */
#define is_first_on_line rima_parser_is_first_on_line
#define span_of_token rima_parser_span_of_token
#define span_from rima_parser_span_from
#define span_join rima_parser_span_join
#define fail rima_parser_fail
#define complain rima_parser_complain
#define complain_of_many rima_parser_complain_of_many
#define fail_expected rima_parser_fail_expected
#define expect rima_parser_expect
#define expect_close rima_parser_expect_close
#define expect_ident rima_parser_expect_ident
#define is_left_open rima_parser_is_left_open
#define skip_statement rima_parser_skip_statement
#define expect_statement_end rima_parser_expect_statement_end
#define enter_nesting rima_parser_enter_nesting
#define grow_height rima_parser_grow_height
#define list_push_bytes rima_parser_list_push_bytes
#define list_end rima_parser_list_end
#define scope_end rima_parser_scope_end
#define declare rima_parser_declare
#define bind rima_parser_bind
#define mention rima_parser_mention
#define mention_assigned rima_parser_mention_assigned
#define function_begin rima_parser_function_begin
#define inner_function rima_parser_inner_function
#define function_end rima_parser_function_end
#define parse_type rima_parser_parse_type
#define parse_type_params rima_parser_parse_type_params
#define try_types rima_parser_try_types
#define parse_types rima_parser_parse_types
#define new_expr rima_parser_new_expr
#define parse_expr rima_parser_parse_expr
#define parse_arm_body rima_parser_parse_arm_body
#define parse_condition rima_parser_parse_condition
#define parse_match rima_parser_parse_match
#define parse_args rima_parser_parse_args
#define parse_number rima_parser_parse_number
#define parse_string rima_parser_parse_string
#define doc_before rima_parser_doc_before
#define parse_pattern rima_parser_parse_pattern
#define parse_binding rima_parser_parse_binding
#define parse_variable rima_parser_parse_variable
#define parse_block rima_parser_parse_block
#define parse_stmt rima_parser_parse_stmt
#define is_assert rima_parser_is_assert
#define leading_keyword rima_parser_leading_keyword
#define parse_function_rest rima_parser_parse_function_rest
#define parse_params rima_parser_parse_params

/* How tall a tree may grow, operator chains included; nesting proper is bounded by RIMA_MAX_NESTING. */
#define RIMA_MAX_HEIGHT 1000

typedef struct enclosing_loop {
  struct enclosing_loop *outer;
  rima_stmt *stmt;
} enclosing_loop;

typedef struct binding {
  rima_name *name;
  rima_local *shadowed;
} binding;

typedef struct parser {
  rima_session *session;
  rima_arena *arena;
  rima_source *source;
  rima_diagnostics *sink;
  const rima_token *tokens;
  uint32_t at, count;
  uint32_t start; /* where the present statement, arm or member begins */
  bool in_panic;
  bool no_lambda;   /* in a guard or select arm: a `=>` belongs to the arm */
  bool is_too_deep; /* reported once, then everything unwinds */
  uint32_t nesting, height;
  rima_function *function; /* whose frame we are in */
  enclosing_loop *loops;   /* within that function */
  binding *bindings;       /* the scope pass: what to restore when scopes end */
  uint32_t binding_count, binding_capacity;
  char *scratch;
  size_t scratch_used, scratch_capacity;
} parser;

/* ---- tokens ---- */

static inline const rima_token *token(const parser *p) { return &p->tokens[p->at]; }
static inline rima_token_kind kind(const parser *p) { return (rima_token_kind)p->tokens[p->at].kind; }
static inline rima_token_kind kind_at(const parser *p, uint32_t ahead) {
  uint32_t i = p->at + ahead;
  return (rima_token_kind)p->tokens[i < p->count ? i : p->count - 1].kind;
}
static inline void advance(parser *p) { p->at += p->at + 1 < p->count; }
static inline bool is(const parser *p, rima_token_kind k) { return kind(p) == k; }
static inline bool accept(parser *p, rima_token_kind k) {
  if (!is(p, k)) return false;
  advance(p);
  return true;
}
static inline bool is_keyword(rima_token_kind k) { return k >= RIMA_FIRST_KEYWORD; }
static inline bool after_newline(const parser *p) { return token(p)->flags & RIMA_TOKEN_NEWLINE; }
/* Like after_newline, but also inside brackets: for recovery, when brackets cannot be trusted. */
bool is_first_on_line(const parser *p, uint32_t index);
rima_span span_of_token(const parser *p, uint32_t index);
static inline rima_span here(const parser *p) { return span_of_token(p, p->at); }
/* From the token at `first` to the last one consumed. */
rima_span span_from(const parser *p, uint32_t first);
rima_span span_join(rima_span a, rima_span b);

/* ---- errors ---- */

/* Report unless in panic (then NULL), and be in panic. */
rima_diagnostic *fail(parser *p, rima_span span, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/* Report without panic: the parser knows how to go on. */
rima_diagnostic *complain(parser *p, rima_span span, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/* "expected WHAT, found …" at the present token, with a hint where the found word is known from elsewhere. */
rima_diagnostic *fail_expected(parser *p, const char *what);
/* Consumes a token of this kind or fails: "expected `=>` WHERE, found …". */
bool expect(parser *p, rima_token_kind wanted, const char *where);
/* The same for a closing bracket; `opener` is the index of its partner. */
bool expect_close(parser *p, rima_token_kind wanted, uint32_t opener);
/* A name, or an absent ident and an error. `what` as in "a parameter's name". */
rima_ident expect_ident(parser *p, const char *what);
/* The block opened at `opener` goes on to the end of the file, and here begins what can only stand outside of
 * it. */
bool is_left_open(const parser *p, uint32_t opener);
/* To the next statement of the block we are in; ends the panic. */
void skip_statement(parser *p, uint32_t progress_from);
/* The end of a statement or member, or an error. */
void expect_statement_end(parser *p);
/* False, reported once, when nested too deep; pair with leave_nesting if true. */
bool enter_nesting(parser *p);
static inline void leave_nesting(parser *p) { p->nesting--; }
/* A chain grew by one level; false if the tree is too tall now. */
bool grow_height(parser *p);

/* ---- lists ---- */

static inline size_t list_begin(const parser *p) { return p->scratch_used; }
void list_push_bytes(parser *p, const void *item, size_t size);
#define list_push(p, item) list_push_bytes((p), &(item), sizeof(item))
void *list_end(parser *p, size_t mark, size_t item_size, uint32_t *count);

/* ---- scopes and functions ---- */

static inline uint32_t scope_begin(const parser *p) { return p->binding_count; }
void scope_end(parser *p, uint32_t mark);
/* A new local of the present function, visible from now on (module variables are not bound). */
rima_local *declare(parser *p, rima_ident ident, rima_storage storage, bool is_mutable);
/* An existing local becomes visible (again). */
void bind(parser *p, rima_local *local);
void mention(parser *p, const rima_name *name);
void mention_assigned(parser *p, const rima_name *name);

typedef struct function_frame {
  rima_function *function;
  enclosing_loop *loops;
  uint32_t scope;
  bool no_lambda;
} function_frame;
/* Makes `function` the present one, with a scope of its own. */
function_frame function_begin(parser *p, rima_function *function);
/* A new function node nested in the present one. */
rima_function *inner_function(parser *p, rima_function_kind k);
void function_end(parser *p, function_frame frame);

/* ---- the grammar ---- */

rima_type_expr *parse_type(parser *p);
/* `[T: Bound, …]`, at the bracket. */
rima_type_param *parse_type_params(parser *p, uint32_t *count);
/* Reads `[A, B]`'s inside as types without reporting; NULL (and nothing consumed) if it is none. Ends before
 * the `]`. */
rima_type_expr **try_types(parser *p, uint32_t *count);
rima_type_expr **parse_types(parser *p, rima_token_kind closer, uint32_t *count);

rima_expr *new_expr(parser *p, rima_expr_kind k, uint32_t first);
rima_expr *parse_expr(parser *p);
/* A lambda's or arm's body: an expression, or a simple statement as RIMA_EXPR_BLOCK. */
rima_expr *parse_arm_body(parser *p);
/* A condition: points out `=` meant as `==`. */
rima_expr *parse_condition(parser *p);
/* At `match`, or at a word that stands for it. */
rima_expr *parse_match(parser *p);
/* (a, name: b), at the parenthesis. */
rima_arg *parse_args(parser *p, uint32_t *count);
rima_expr *parse_number(parser *p);
rima_expr *parse_string(parser *p);
rima_text doc_before(parser *p, uint32_t index, bool is_module_doc);

rima_pattern *parse_pattern(parser *p);
/* What let and for bind: a name, _ or a tuple of them. */
rima_pattern *parse_binding(parser *p, rima_storage storage, bool is_mutable);
rima_variable parse_variable(parser *p, rima_storage storage);
rima_block *parse_block(parser *p, const char *of_what);
rima_stmt *parse_stmt(parser *p);
bool is_assert(const parser *p);
/* The keyword that starts a statement here: the present token's kind, or what a word of another language
 * stands for
 * ("function" for fun), which is reported but not consumed. */
rima_token_kind leading_keyword(parser *p);

/* Parameters, result, body of a fun; at the name. The function is the present one's inner if `is_local`. */
void parse_function_rest(parser *p, rima_function *function, bool may_lack_body);
rima_param *parse_params(parser *p, uint32_t *count, bool is_class);
void complain_of_many(parser *p, uint32_t opener, uint32_t count); /* parameters */
