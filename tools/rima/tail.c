/* tail.c: which calls in tail position reuse the frame of their caller: those by which a function calls
 * itself, and those to a function of the same module from which tail calls lead back. Others keep their
 * frame, so that stack traces show it.
 *
 * That a call leads back is told by names alone, before anything is checked: a name that means something else
 * there costs a frame in a trace, nothing more. */
#include "code.h"

enum { GROUP_LIMIT = 16 }; /* functions looked at to find the way back */

/* ---- names called in tail position ---- */

static void collect_block(rima_compiler *c, const rima_block *block, rima_list *names);

static void collect_value(rima_compiler *c, const rima_expr *e, rima_list *names) {
  if (!e) return;
  switch ((rima_expr_kind)e->kind) {
  case RIMA_EXPR_CALL: {
    const rima_expr *f = e->call.callee;
    if (f->kind == RIMA_EXPR_NAME) rima_list_add(c->arena, names, (void *)(uintptr_t)f->name);
    if (f->kind == RIMA_EXPR_MEMBER) rima_list_add(c->arena, names, (void *)(uintptr_t)f->member.name.name);
    return;
  }
  case RIMA_EXPR_IF:
    collect_value(c, rima_block_value(e->branch.then), names);
    collect_value(c, e->branch.otherwise, names);
    return;
  case RIMA_EXPR_BLOCK: collect_value(c, rima_block_value(e->block), names); return;
  case RIMA_EXPR_MATCH:
    for (uint32_t i = 0; i < e->match.count; i++) collect_value(c, e->match.arms[i].body, names);
    return;
  case RIMA_EXPR_BINARY:
    if (e->op == RIMA_BINARY_LOGICAL_AND || e->op == RIMA_BINARY_LOGICAL_OR)
      collect_value(c, e->binary.right, names);
    return;
  default: return;
  }
}

/* The returns within a statement. */
static void collect_expr(rima_compiler *c, const rima_expr *e, rima_list *names) {
  if (!e) return;
  if (e->kind == RIMA_EXPR_BLOCK) collect_block(c, e->block, names);
  if (e->kind == RIMA_EXPR_IF) {
    collect_block(c, e->branch.then, names);
    collect_expr(c, e->branch.otherwise, names);
  }
  if (e->kind == RIMA_EXPR_MATCH)
    for (uint32_t i = 0; i < e->match.count; i++) collect_expr(c, e->match.arms[i].body, names);
}

static void collect_block(rima_compiler *c, const rima_block *block, rima_list *names) {
  for (uint32_t i = 0; i < block->count; i++) {
    const rima_stmt *s = block->stmts[i];
    switch ((rima_stmt_kind)s->kind) {
    case RIMA_STMT_RETURN: collect_value(c, s->expr, names); break;
    case RIMA_STMT_EXPR: collect_expr(c, s->expr, names); break;
    case RIMA_STMT_WHILE:
    case RIMA_STMT_FOR: collect_block(c, s->loop.body, names); break;
    case RIMA_STMT_BLOCK: collect_block(c, s->block, names); break;
    default: break;
    }
  }
}

static rima_list *tail_names(rima_compiler *c, rima_function *ast) {
  if (ast->tail_names) return ast->tail_names;
  rima_list *names = RIMA_NEW(c->arena, rima_list);
  if (ast->value) collect_value(c, ast->value, names);
  else if (ast->body && !ast->has_defer) collect_block(c, ast->body, names);
  return ast->tail_names = names;
}

/* ---- the way back ---- */

static rima_function *named(const rima_unit *unit, const rima_class_decl *owner, const rima_name *name) {
  const rima_member *m = owner ? rima_map_get(&owner->members, name) : NULL;
  if (m) return m->kind == RIMA_DECL_FUN ? m->decl->function : NULL;
  const rima_entity *e = rima_map_get(&unit->scope, name);
  return e && e->kind == RIMA_ENTITY_FUNCTION && e->unit == unit ? e->decl->function : NULL;
}

static bool leads_to(rima_compiler *c, const rima_fn *from, const rima_function *to) {
  rima_function *group[GROUP_LIMIT] = {from->ast};
  const rima_class_decl *owner = from->owner ? from->owner->decl : NULL;
  for (uint32_t at = 0, count = 1; at < count; at++) {
    rima_list *names = tail_names(c, group[at]);
    for (uint32_t i = 0; i < names->count; i++) {
      rima_function *next = named(from->unit, owner, names->items[i]);
      if (next == to) return true;
      bool known = !next;
      for (uint32_t k = 0; k < count; k++) known |= group[k] == next;
      if (!known && count < GROUP_LIMIT) group[count++] = next;
    }
  }
  return false;
}

static bool is_recursive(rima_compiler *c, const rima_fn *callee) {
  const rima_fn *caller = c->code->fn;
  if (!caller || !caller->ast || !callee->ast) return false;
  return callee == caller || (callee->unit == caller->unit && leads_to(c, callee, caller->ast));
}

/* ---- calls ---- */

static bool is_guarded(const rima_compiler *c) {
  for (const rima_exit *x = c->code->exits; x; x = x->outer)
    if (x->kind == RIMA_EXIT_FINALLY) return true;
  return c->code->defers >= 0;
}

bool rima_is_tail_call(rima_compiler *c, const rima_expr *e) {
  if (e->kind != RIMA_EXPR_CALL || e->resolved.how != RIMA_HOW_CALL || is_guarded(c)) return false;
  rima_call *call = e->resolved.decl;
  if (call->is_safe || rima_image_type(c, call->result) != rima_image_type(c, c->code->result)) return false;
  if (call->kind == RIMA_CALL_CLOSURE)
    return call->receiver->resolved.how == RIMA_HOW_LOCAL && c->code->own_local &&
           call->receiver->resolved.local == c->code->own_local;
  if (call->kind == RIMA_CALL_METHOD ? rima_must_dispatch(c, call) : call->kind != RIMA_CALL_STATIC)
    return false;
  return !call->fn->ast->is_native && is_recursive(c, call->fn) && !rima_may_inline(c, call);
}

bool rima_has_tail_call(rima_compiler *c, const rima_expr *e) {
  if (!e || e->type != c->code->result) return false;
  switch ((rima_expr_kind)e->kind) {
  case RIMA_EXPR_CALL: return rima_is_tail_call(c, e);
  case RIMA_EXPR_IF:
    return e->branch.otherwise && (rima_has_tail_call(c, rima_block_value(e->branch.then)) ||
                                   rima_has_tail_call(c, e->branch.otherwise));
  case RIMA_EXPR_BLOCK: return rima_has_tail_call(c, rima_block_value(e->block));
  case RIMA_EXPR_MATCH:
    for (uint32_t i = 0; i < e->match.count; i++)
      if (rima_has_tail_call(c, e->match.arms[i].body)) return true;
    return false;
  case RIMA_EXPR_BINARY:
    return (e->op == RIMA_BINARY_LOGICAL_AND || e->op == RIMA_BINARY_LOGICAL_OR) &&
           e->resolved.how != RIMA_HOW_CALL && rima_has_tail_call(c, e->binary.right);
  default: return false;
  }
}
