/* check_init.c: definite assignment: a field that cannot be null has a value before it is read and when its
 * instance is made (as in the Java Language Specification, chapter 16).
 *
 * Goes once through a constructor whose parts are checked already, with a set of the fields that surely have
 * a value. Behind what never goes on (return, throw, an endless loop) every field counts as assigned. Inner
 * functions are passed over: they run at another time; so do the methods that the constructor calls. */
#include "program.h"
#include <string.h>

enum { GROUP = 64 }; /* fields looked at together */
static const uint64_t EVERYTHING = ~(uint64_t)0;

typedef struct loop_exit {
  struct loop_exit *outer;
  const rima_stmt *loop;
  uint64_t at_break; /* assigned at every break so far */
} loop_exit;

typedef struct assignment {
  rima_compiler *c;
  rima_class *cls;
  rima_field *fields[GROUP];
  uint32_t count;
  uint64_t set;      /* assigned here, by index in fields */
  uint64_t reported; /* read too early, once is enough */
  loop_exit *loops;
} assignment;

static void visit(assignment *a, const rima_expr *e);
static void visit_block(assignment *a, const rima_block *block);

/* ---- fields ---- */

bool rima_field_needs_value(rima_compiler *c, rima_field *f) {
  rima_type *type = rima_field_type(c, f);
  return rima_type_rep(type) == 'R' && type->kind != RIMA_T_NULLABLE && type->kind != RIMA_T_NULL &&
         !type->is_open;
}

void rima_report_unassigned(rima_compiler *c, const rima_field *f) {
  const char *type = rima_type_text(c, f->type);
  rima_diagnostic *d =
      rima_error(&c->diagnostics, f->span,
                 "the field %s may be left without a value, and a %s cannot be null", f->name->text, type);
  rima_hint(&c->diagnostics, d, "give it one here or on every way through `init`, or make the type %s?",
            type);
}

/* The bit of the field of `this` that e names, or 0. */
static uint64_t bit_of(const assignment *a, const rima_expr *e) {
  bool is_own = e->resolved.how == RIMA_HOW_FIELD &&
                (e->kind == RIMA_EXPR_NAME ||
                 (e->kind == RIMA_EXPR_MEMBER && e->member.object->kind == RIMA_EXPR_THIS));
  for (uint32_t i = 0; is_own && i < a->count; i++)
    if (a->fields[i] == e->resolved.decl) return (uint64_t)1 << i;
  return 0;
}

static void read_field(assignment *a, const rima_expr *e) {
  uint64_t bit = bit_of(a, e) & ~a->set & ~a->reported;
  if (!bit) return;
  a->reported |= bit;
  const rima_field *f = e->resolved.decl;
  rima_diagnostic *d =
      rima_error(&a->c->diagnostics, e->span, "%s is read before it has a value", f->name->text);
  rima_related(&a->c->diagnostics, d, f->span, "declared here");
}

/* ---- expressions ---- */

/* What is evaluated only perhaps: it may read, what it assigns does not count. */
static void visit_perhaps(assignment *a, const rima_expr *e) {
  uint64_t before = a->set;
  visit(a, e);
  a->set = before;
}

static void visit_if(assignment *a, const rima_expr *e) {
  visit(a, e->branch.condition);
  uint64_t before = a->set;
  visit_block(a, e->branch.then);
  uint64_t then = a->set;
  a->set = before;
  visit(a, e->branch.otherwise);
  a->set &= then;
}

static void visit_match(assignment *a, const rima_expr *e) {
  visit(a, e->match.subject);
  uint64_t before = a->set, after = e->match.is_complete && e->match.count ? EVERYTHING : before;
  for (uint32_t i = 0; i < e->match.count; i++) {
    a->set = before;
    visit(a, e->match.arms[i].guard);
    visit(a, e->match.arms[i].body);
    after &= a->set;
  }
  a->set = after;
}

static void visit_try(assignment *a, const rima_expr *e) {
  uint64_t before = a->set;
  visit_block(a, e->try_->body);
  uint64_t after = a->set;
  for (uint32_t i = 0; i < e->try_->catch_count; i++) {
    a->set = before;
    visit_block(a, e->try_->catches[i].body);
    after &= a->set;
  }
  a->set = before;
  if (e->try_->finally) visit_block(a, e->try_->finally);
  a->set |= after;
}

static void visit_list(assignment *a, rima_expr *const *items, uint32_t count) {
  for (uint32_t i = 0; i < count; i++) visit(a, items[i]);
}

static void visit(assignment *a, const rima_expr *e) {
  if (!e) return;
  switch ((rima_expr_kind)e->kind) {
  case RIMA_EXPR_INTERPOLATION: visit_list(a, e->interpolation.parts, e->interpolation.count); return;
  case RIMA_EXPR_NAME: read_field(a, e); return;
  case RIMA_EXPR_MEMBER:
    visit(a, e->member.object);
    read_field(a, e);
    return;
  case RIMA_EXPR_CALL:
    visit(a, e->call.callee);
    for (uint32_t i = 0; i < e->call.count; i++) visit(a, e->call.args[i].value);
    return;
  case RIMA_EXPR_INDEX:
    visit(a, e->index.object);
    visit(a, e->index.index);
    return;
  case RIMA_EXPR_UNARY: visit(a, e->operand); return;
  case RIMA_EXPR_BINARY:
  case RIMA_EXPR_RANGE: {
    bool is_short =
        e->kind == RIMA_EXPR_BINARY && (e->op == RIMA_BINARY_LOGICAL_AND || e->op == RIMA_BINARY_LOGICAL_OR ||
                                        e->op == RIMA_BINARY_COALESCE);
    visit(a, e->binary.left);
    if (is_short) visit_perhaps(a, e->binary.right);
    else visit(a, e->binary.right);
    return;
  }
  case RIMA_EXPR_IS:
  case RIMA_EXPR_AS: visit(a, e->cast.value); return;
  case RIMA_EXPR_TUPLE:
  case RIMA_EXPR_LIST: visit_list(a, e->list.items, e->list.count); return;
  case RIMA_EXPR_MAP:
  case RIMA_EXPR_OBJECT:
    for (uint32_t i = 0; i < e->map.count; i++) {
      visit(a, e->map.entries[i].key);
      visit(a, e->map.entries[i].value);
    }
    return;
  case RIMA_EXPR_IF: visit_if(a, e); return;
  case RIMA_EXPR_MATCH: visit_match(a, e); return;
  case RIMA_EXPR_TRY: visit_try(a, e); return;
  case RIMA_EXPR_BLOCK: visit_block(a, e->block); return;
  case RIMA_EXPR_SPAWN: visit(a, e->spawn.call); return;
  default: return;
  }
}

/* ---- statements ---- */

static void visit_assign(assignment *a, const rima_stmt *s) {
  const rima_expr *target = s->assign.target;
  uint64_t bit = bit_of(a, target);
  if (!bit || s->op != RIMA_BINARY_NONE) visit(a, target);
  visit(a, s->assign.value);
  a->set |= bit;
}

static void visit_loop(assignment *a, const rima_stmt *s) {
  loop_exit loop = {.outer = a->loops, .loop = s, .at_break = EVERYTHING};
  bool is_endless =
      s->kind == RIMA_STMT_WHILE && s->loop.head->kind == RIMA_EXPR_BOOL && s->loop.head->boolean;
  visit(a, s->loop.head);
  uint64_t before = a->set;
  a->loops = &loop;
  visit_block(a, s->loop.body);
  a->loops = loop.outer;
  a->set = (is_endless ? EVERYTHING : before) & loop.at_break;
}

static void visit_break(assignment *a, const rima_stmt *s) {
  for (loop_exit *l = a->loops; l; l = l->outer)
    if (l->loop == s->jump.target) l->at_break &= a->set;
  a->set = EVERYTHING;
}

static void visit_select(assignment *a, const rima_stmt *s) {
  for (uint32_t i = 0; i < s->select.count; i++) {
    visit(a, s->select.arms[i].channel);
    visit(a, s->select.arms[i].value);
  }
  uint64_t before = a->set, after = s->select.count ? EVERYTHING : before;
  for (uint32_t i = 0; i < s->select.count; i++) {
    a->set = before;
    visit(a, s->select.arms[i].body);
    after &= a->set;
  }
  a->set = after;
}

static void visit_stmt(assignment *a, const rima_stmt *s) {
  switch ((rima_stmt_kind)s->kind) {
  case RIMA_STMT_LET: visit(a, s->let.value); return;
  case RIMA_STMT_EXPR: visit(a, s->expr); break;
  case RIMA_STMT_ASSIGN: visit_assign(a, s); return;
  case RIMA_STMT_WHILE:
  case RIMA_STMT_FOR: visit_loop(a, s); return;
  case RIMA_STMT_BREAK: visit_break(a, s); return;
  case RIMA_STMT_CONTINUE: a->set = EVERYTHING; return;
  case RIMA_STMT_RETURN:
  case RIMA_STMT_THROW:
    visit(a, s->expr);
    a->set = EVERYTHING;
    return;
  case RIMA_STMT_ASSERT: visit(a, s->assert_.condition); return;
  case RIMA_STMT_SELECT: visit_select(a, s); return;
  case RIMA_STMT_BLOCK: visit_block(a, s->block); return;
  case RIMA_STMT_DEFER:
  case RIMA_STMT_FUN: return;
  }
}

static void visit_block(assignment *a, const rima_block *block) {
  for (uint32_t i = 0; i < block->count; i++) visit_stmt(a, block->stmts[i]);
}

/* ---- constructors ---- */

static void visit_members(assignment *a) {
  const rima_decl *decl = a->cls->decl->decl;
  for (uint32_t i = 0; i < decl->class_.super_arg_count; i++) visit(a, decl->class_.super_args[i].value);
  for (uint32_t i = 0; i < decl->class_.member_count; i++) {
    const rima_decl *m = decl->class_.members[i];
    if (m->kind == RIMA_DECL_INIT) visit_block(a, m->init);
    if (m->kind != RIMA_DECL_VARIABLE || m->is_static || !m->variable.value) continue;
    visit(a, m->variable.value);
    for (uint32_t k = 0; k < a->count; k++)
      if (a->fields[k]->variable == &m->variable) a->set |= (uint64_t)1 << k;
  }
}

void rima_check_assigned(rima_compiler *c, rima_class *cls) {
  for (uint32_t next = 0; next < cls->field_count;) {
    assignment a = {.c = c, .cls = cls};
    for (; next < cls->field_count && a.count < GROUP; next++) {
      rima_field *f = &cls->fields[next];
      if (f->variable && rima_field_needs_value(c, f)) a.fields[a.count++] = f;
    }
    if (!a.count) return;
    visit_members(&a);
    for (uint32_t i = 0; i < a.count; i++)
      if (!(a.set >> i & 1)) rima_report_unassigned(c, a.fields[i]);
  }
}
