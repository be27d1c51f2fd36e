/* front.c: see front.h. */
#include "front.h"
#include <criterion/criterion.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void front_init(front *f, const char *text, size_t length) {
  rima_session_init(&f->session, 0);
  rima_diagnostics_init(&f->sink, &f->session, 0);
  f->source = rima_source_add(&f->session, "test.rima", text, length);
}

void front_fini(front *f) { rima_session_fini(&f->session); }

char *front_read_file(const char *path, size_t *length) {
  FILE *file = fopen(path, "rb");
  cr_assert(file, "%s", path);
  fseek(file, 0, SEEK_END);
  *length = (size_t)ftell(file);
  rewind(file);
  char *text = malloc(*length + 1);
  cr_assert_eq(fread(text, 1, *length, file), *length);
  text[*length] = 0;
  fclose(file);
  return text;
}

/* ---- trees as text ---- */

static _Thread_local char buffer[1 << 16];
static _Thread_local size_t used;

static void put(const char *format, ...) {
  va_list list;
  va_start(list, format);
  int n = vsnprintf(buffer + used, sizeof buffer - used, format, list);
  va_end(list);
  if (n > 0 && used + (size_t)n < sizeof buffer) used += (size_t)n;
}

static void dump_type(const rima_type_expr *t) {
  switch (t->kind) {
  case RIMA_TYPE_NAME:
    put("%s%s%s", t->named.qualifier.name ? t->named.qualifier.name->text : "",
        t->named.qualifier.name ? "." : "", t->named.name.name->text);
    for (uint32_t i = 0; i < t->named.arg_count; i++) put(i ? "," : "["), dump_type(t->named.args[i]);
    if (t->named.arg_count) put("]");
    break;
  case RIMA_TYPE_NULLABLE: dump_type(t->nullable), put("?"); break;
  case RIMA_TYPE_TUPLE:
  case RIMA_TYPE_FUNCTION:
    put("(");
    for (uint32_t i = 0; i < t->tuple.count; i++) put(i ? "," : ""), dump_type(t->tuple.items[i]);
    put(")");
    if (t->kind == RIMA_TYPE_FUNCTION) put("->"), dump_type(t->tuple.result);
    break;
  case RIMA_TYPE_ERROR: put("?error"); break;
  }
}

static void dump_pattern(const rima_pattern *p) {
  switch (p->kind) {
  case RIMA_PATTERN_WILDCARD: put("_"); break;
  case RIMA_PATTERN_NAME: put("%s", p->local->name->text); break;
  case RIMA_PATTERN_VARIANT:
    put("%s%s%s", p->variant.qualifier.name ? p->variant.qualifier.name->text : "",
        p->variant.qualifier.name ? "." : "", p->variant.name.name->text);
    if (p->variant.has_args) put("(");
    for (uint32_t i = 0; i < p->variant.count; i++) put(i ? "," : ""), dump_pattern(p->variant.args[i]);
    if (p->variant.has_args) put(")");
    break;
  case RIMA_PATTERN_TUPLE:
  case RIMA_PATTERN_OR:
    put(p->kind == RIMA_PATTERN_OR ? "{" : "(");
    for (uint32_t i = 0; i < p->list.count; i++)
      put(i ? p->kind == RIMA_PATTERN_OR ? "|" : "," : ""), dump_pattern(p->list.items[i]);
    put(p->kind == RIMA_PATTERN_OR ? "}" : ")");
    break;
  case RIMA_PATTERN_TYPE: put("is "), dump_type(p->is_type); break;
  case RIMA_PATTERN_RANGE:
    put("%lld%s%lld", (long long)p->range.low->integer, p->range.is_inclusive ? "..=" : "..",
        (long long)p->range.high->integer);
    break;
  case RIMA_PATTERN_LITERAL:
    if (p->literal->kind == RIMA_EXPR_INT) put("%lld", (long long)p->literal->integer);
    else put("literal");
    break;
  default: put("?error");
  }
}

static void dump(const rima_expr *e);

static void dump_block(const rima_block *block) {
  put("{");
  for (uint32_t i = 0; i < block->count; i++) {
    const rima_stmt *s = block->stmts[i];
    if (i) put("; ");
    if (s->kind == RIMA_STMT_EXPR) dump(s->expr);
    else if (s->kind == RIMA_STMT_RETURN) put("return "), s->expr ? dump(s->expr) : (void)0;
    else if (s->kind == RIMA_STMT_THROW) put("throw "), dump(s->expr);
    else if (s->kind == RIMA_STMT_ASSIGN)
      dump(s->assign.target), put(" %s= ", s->op ? rima_binary_op_text(s->op) : ""), dump(s->assign.value);
    else put("stmt%d", s->kind);
  }
  put("}");
}

static void dump_list(const char *head, rima_expr **items, uint32_t count) {
  put("(%s", head);
  for (uint32_t i = 0; i < count; i++) put(" "), dump(items[i]);
  put(")");
}

static void dump_call(const rima_expr *e) {
  put("(call ");
  dump(e->call.callee);
  for (uint32_t i = 0; i < e->call.count; i++) {
    put(" ");
    if (e->call.args[i].name.name) put("%s:", e->call.args[i].name.name->text);
    dump(e->call.args[i].value);
  }
  put(")");
}

static void dump_index(const rima_expr *e) {
  put("(index ");
  dump(e->index.object);
  if (e->index.index) put(" "), dump(e->index.index);
  uint32_t count = e->index.types ? e->index.types->count : 0;
  for (uint32_t i = 0; i < count; i++) put(i ? "," : " <"), dump_type(e->index.types->items[i]);
  put(count ? ">)" : ")");
}

static void dump_match(const rima_expr *e) {
  put("(match ");
  dump(e->match.subject);
  for (uint32_t i = 0; i < e->match.count; i++) {
    put(" ");
    dump_pattern(e->match.arms[i].pattern);
    if (e->match.arms[i].guard) put(" if "), dump(e->match.arms[i].guard);
    put("=>");
    dump(e->match.arms[i].body);
  }
  put(")");
}

static void dump(const rima_expr *e) {
  switch (e->kind) {
  case RIMA_EXPR_INT: put("%lld", (long long)e->integer); break;
  case RIMA_EXPR_FLOAT: put("%g", e->number); break;
  case RIMA_EXPR_BOOL: put(e->boolean ? "true" : "false"); break;
  case RIMA_EXPR_NULL: put("null"); break;
  case RIMA_EXPR_STRING: put("\"%.*s\"", (int)e->text.length, e->text.bytes); break;
  case RIMA_EXPR_INTERPOLATION: dump_list("text", e->interpolation.parts, e->interpolation.count); break;
  case RIMA_EXPR_NAME: put("%s", e->name->text); break;
  case RIMA_EXPR_THIS: put("this"); break;
  case RIMA_EXPR_SUPER: put("super"); break;
  case RIMA_EXPR_MEMBER:
    put(e->is_safe ? "(?. " : "(. "), dump(e->member.object), put(" %s)", e->member.name.name->text);
    break;
  case RIMA_EXPR_CALL: dump_call(e); break;
  case RIMA_EXPR_INDEX: dump_index(e); break;
  case RIMA_EXPR_UNARY:
    put(e->op == RIMA_UNARY_NOT_NULL ? "(! post " : "(%s ", rima_unary_op_text(e->op)), dump(e->operand),
        put(")");
    break;
  case RIMA_EXPR_BINARY:
  case RIMA_EXPR_RANGE:
    put("(%s ", e->kind == RIMA_EXPR_BINARY ? rima_binary_op_text(e->op) : e->is_inclusive ? "..=" : "..");
    dump(e->binary.left), put(" "), dump(e->binary.right), put(")");
    break;
  case RIMA_EXPR_IS:
  case RIMA_EXPR_AS:
    put(e->kind == RIMA_EXPR_AS ? "(as " : e->is_negated ? "(!is " : "(is ");
    dump(e->cast.value), put(" "), dump_type(e->cast.target), put(")");
    break;
  case RIMA_EXPR_TUPLE: dump_list("tuple", e->list.items, e->list.count); break;
  case RIMA_EXPR_LIST: dump_list("list", e->list.items, e->list.count); break;
  case RIMA_EXPR_MAP:
  case RIMA_EXPR_OBJECT:
    put(e->kind == RIMA_EXPR_MAP ? "(map" : "(dyn");
    for (uint32_t i = 0; i < e->map.count; i++) {
      put(" ");
      if (e->map.entries[i].key) dump(e->map.entries[i].key);
      else put("%s", e->map.entries[i].name.name->text);
      put(":"), dump(e->map.entries[i].value);
    }
    put(")");
    break;
  case RIMA_EXPR_LAMBDA:
    put("(fn");
    for (uint32_t i = 0; i < e->function->param_count; i++)
      put(" %s", e->function->params[i].local->name->text);
    put(" => ");
    if (e->function->body) dump_block(e->function->body);
    else dump(e->function->value);
    put(")");
    break;
  case RIMA_EXPR_IF:
    put("(if "), dump(e->branch.condition), put(" "), dump_block(e->branch.then);
    if (e->branch.otherwise) put(" "), dump(e->branch.otherwise);
    put(")");
    break;
  case RIMA_EXPR_MATCH: dump_match(e); break;
  case RIMA_EXPR_BLOCK: dump_block(e->block); break;
  default: put("expr%d", e->kind);
  }
}

/* ---- whole texts ---- */

static const char *first_error(front *f) {
  if (f->sink.count == 0) return "";
  rima_diagnostics_sort(&f->sink);
  rima_place at = rima_source_place(&f->session, f->source, f->sink.items[0].span.start);
  snprintf(buffer, sizeof buffer, "%u:%u: %s", at.line, at.column, f->sink.items[0].message);
  return buffer;
}

const char *front_dump_expr(const char *text) {
  front f;
  size_t length = strlen(text);
  char *module = malloc(length + 32);
  snprintf(module, length + 32, "let it = %s", text);
  front_init(&f, module, strlen(module));
  rima_module *m = rima_parse(&f.session, f.source, &f.sink);
  used = 0;
  buffer[0] = 0;
  if (m->has_errors) first_error(&f);
  else dump(m->decls[0]->variable.value);
  front_fini(&f);
  free(module);
  return buffer;
}

const char *front_first_error(const char *text) {
  front f;
  front_init(&f, text, strlen(text));
  rima_parse(&f.session, f.source, &f.sink);
  buffer[0] = 0;
  first_error(&f);
  front_fini(&f);
  return buffer;
}

const char *front_format(const char *text) {
  front f;
  size_t length;
  front_init(&f, text, strlen(text));
  const char *formatted = rima_format(&f.session, f.source, &f.sink, &length);
  buffer[0] = 0;
  if (formatted) snprintf(buffer, sizeof buffer, "%s", formatted);
  else first_error(&f);
  front_fini(&f);
  return buffer;
}
