/* check_flow.c: conditions, blocks, and the narrower types that tests give to locals.
 *
 * A narrowing lives in local->narrowed and is undone, by the log c->undo, when its block ends. An assignment
 * within the block stamps the local (local->state); then the old narrowing does not come back. */
#include "program.h"
#include <string.h>

/* ---- narrowing ---- */

void rima_facts_add(rima_facts *facts, rima_local *local, rima_type *type) {
  if (facts->count < sizeof facts->items / sizeof *facts->items)
    facts->items[facts->count++] = (rima_fact){local, type};
}

void rima_narrow(rima_compiler *c, rima_local *local, rima_type *type) {
  if (c->undo_count == c->undo_capacity) {
    uint32_t capacity = c->undo_capacity ? c->undo_capacity * 2 : 64;
    rima_undo *grown = RIMA_NEW_ARRAY(c->arena, rima_undo, capacity);
    if (c->undo_count) memcpy(grown, c->undo, c->undo_count * sizeof *grown);
    c->undo = grown;
    c->undo_capacity = capacity;
  }
  c->undo[c->undo_count++] = (rima_undo){local, local->narrowed, local->state};
  local->narrowed = type == local->type ? NULL : type;
}

void rima_facts_apply(rima_compiler *c, const rima_facts *facts) {
  for (uint32_t i = 0; i < facts->count; i++) rima_narrow(c, facts->items[i].local, facts->items[i].type);
}

void rima_narrow_restore(rima_compiler *c, uint32_t mark) {
  while (c->undo_count > mark) {
    rima_undo *u = &c->undo[--c->undo_count];
    u->local->narrowed = u->local->state == u->stamp ? u->before : NULL;
  }
}

/* As things were at the mark, for another branch that starts there. */
void rima_narrow_rewind(rima_compiler *c, uint32_t mark) {
  while (c->undo_count > mark) {
    rima_undo *u = &c->undo[--c->undo_count];
    u->local->narrowed = u->before;
  }
}

/* Behind branches: what they have assigned since is known only by its declared type. */
void rima_narrow_forget(rima_compiler *c, uint32_t since) {
  if (c->assign_count == since) return;
  for (uint32_t i = c->cx.locals_base; i < c->local_count; i++)
    if (c->locals[i]->narrowed && c->locals[i]->state > (int32_t)since)
      rima_narrow(c, c->locals[i], c->locals[i]->type);
}

static rima_local *narrowable(rima_expr *e) {
  if (e->kind != RIMA_EXPR_NAME || e->resolved.how != RIMA_HOW_LOCAL) return NULL;
  rima_local *local = e->resolved.local;
  return local->is_assigned_by_inner ? NULL : local;
}

/* What `e is T`, `e != null`, `e == null` tell. */
static void test_facts(rima_compiler *c, rima_expr *e, rima_facts *when_true, rima_facts *when_false) {
  if (e->kind == RIMA_EXPR_IS) {
    rima_local *local = narrowable(e->cast.value);
    rima_type *target = e->cast.target->type;
    if (!local || !target || target->kind == RIMA_T_ERROR) return;
    rima_type *seen = rima_local_type(local);
    rima_facts *yes = e->is_negated ? when_false : when_true, *no = e->is_negated ? when_true : when_false;
    if (!rima_type_is_subtype(c, seen, target)) rima_facts_add(yes, local, target);
    else if (seen->kind == RIMA_T_NULLABLE) rima_facts_add(yes, local, seen->of);
    if (seen->kind == RIMA_T_NULLABLE && seen->of == target) rima_facts_add(no, local, seen);
    return;
  }
  if (e->kind != RIMA_EXPR_BINARY) return;
  rima_expr *l = e->binary.left, *r = e->binary.right;
  if (l->kind == RIMA_EXPR_NULL) {
    rima_expr *swap = l;
    l = r;
    r = swap;
  }
  bool equal = e->op == RIMA_BINARY_EQ || e->op == RIMA_BINARY_SAME;
  if (!equal && e->op != RIMA_BINARY_NE && e->op != RIMA_BINARY_NOT_SAME) return;
  if (r->kind == RIMA_EXPR_NULL) {
    rima_local *local = narrowable(l);
    if (local && rima_local_type(local)->kind == RIMA_T_NULLABLE)
      rima_facts_add(equal ? when_false : when_true, local, rima_local_type(local)->of);
    return;
  }
  for (int i = 0; i < 2; i++) { /* x == value that is never null */
    rima_local *local = narrowable(i ? r : l);
    rima_type *other = (i ? l : r)->type;
    if (local && rima_local_type(local)->kind == RIMA_T_NULLABLE && !rima_type_is_nullable(other) &&
        other->kind != RIMA_T_ERROR)
      rima_facts_add(equal ? when_true : when_false, local, rima_local_type(local)->of);
  }
}

static void merge_facts(rima_facts *to, const rima_facts *from) {
  for (uint32_t i = 0; i < from->count; i++) rima_facts_add(to, from->items[i].local, from->items[i].type);
}

void rima_check_condition(rima_compiler *c, rima_expr *e, rima_facts *when_true, rima_facts *when_false) {
  if (e->kind == RIMA_EXPR_UNARY && e->op == RIMA_UNARY_NOT) {
    e->resolved = (rima_resolved){0};
    rima_check_condition(c, e->operand, when_false, when_true);
    e->type = RIMA_KIND(c, BOOL);
    return;
  }
  bool is_and = e->kind == RIMA_EXPR_BINARY && e->op == RIMA_BINARY_LOGICAL_AND;
  bool is_or = e->kind == RIMA_EXPR_BINARY && e->op == RIMA_BINARY_LOGICAL_OR;
  if (is_and || is_or) {
    e->resolved = (rima_resolved){0};
    rima_facts left[2] = {{.count = 0}, {.count = 0}}, right[2] = {{.count = 0}, {.count = 0}};
    rima_check_condition(c, e->binary.left, &left[1], &left[0]);
    uint32_t mark = c->undo_count;
    rima_facts_apply(c, &left[is_and]);
    rima_check_condition(c, e->binary.right, &right[1], &right[0]);
    rima_narrow_restore(c, mark);
    rima_facts *both = is_and ? when_true : when_false;
    merge_facts(both, &left[is_and]);
    merge_facts(both, &right[is_and]);
    e->type = RIMA_KIND(c, BOOL);
    return;
  }
  rima_check_to(c, e, RIMA_KIND(c, BOOL), "condition");
  test_facts(c, e, when_true, when_false);
}

/* ---- which locals a loop assigns ---- */

static bool expr_assigns(const rima_expr *e, const rima_local *local);

static bool args_assign(const rima_arg *args, uint32_t count, const rima_local *local) {
  for (uint32_t i = 0; i < count; i++)
    if (expr_assigns(args[i].value, local)) return true;
  return false;
}

static bool list_assigns(rima_expr *const *items, uint32_t count, const rima_local *local) {
  for (uint32_t i = 0; i < count; i++)
    if (expr_assigns(items[i], local)) return true;
  return false;
}

static bool expr_assigns(const rima_expr *e, const rima_local *local) {
  if (!e) return false;
  switch ((rima_expr_kind)e->kind) {
  case RIMA_EXPR_INTERPOLATION: return list_assigns(e->interpolation.parts, e->interpolation.count, local);
  case RIMA_EXPR_MEMBER: return expr_assigns(e->member.object, local);
  case RIMA_EXPR_CALL:
    return expr_assigns(e->call.callee, local) || args_assign(e->call.args, e->call.count, local);
  case RIMA_EXPR_INDEX: return expr_assigns(e->index.object, local) || expr_assigns(e->index.index, local);
  case RIMA_EXPR_UNARY: return expr_assigns(e->operand, local);
  case RIMA_EXPR_BINARY:
  case RIMA_EXPR_RANGE: return expr_assigns(e->binary.left, local) || expr_assigns(e->binary.right, local);
  case RIMA_EXPR_IS:
  case RIMA_EXPR_AS: return expr_assigns(e->cast.value, local);
  case RIMA_EXPR_TUPLE:
  case RIMA_EXPR_LIST: return list_assigns(e->list.items, e->list.count, local);
  case RIMA_EXPR_MAP:
  case RIMA_EXPR_OBJECT:
    for (uint32_t i = 0; i < e->map.count; i++)
      if (expr_assigns(e->map.entries[i].key, local) || expr_assigns(e->map.entries[i].value, local))
        return true;
    return false;
  case RIMA_EXPR_IF:
    return expr_assigns(e->branch.condition, local) || rima_block_assigns(e->branch.then, local) ||
           expr_assigns(e->branch.otherwise, local);
  case RIMA_EXPR_MATCH:
    if (expr_assigns(e->match.subject, local)) return true;
    for (uint32_t i = 0; i < e->match.count; i++)
      if (expr_assigns(e->match.arms[i].guard, local) || expr_assigns(e->match.arms[i].body, local))
        return true;
    return false;
  case RIMA_EXPR_TRY:
    if (rima_block_assigns(e->try_->body, local) || rima_block_assigns(e->try_->finally, local)) return true;
    for (uint32_t i = 0; i < e->try_->catch_count; i++)
      if (rima_block_assigns(e->try_->catches[i].body, local)) return true;
    return false;
  case RIMA_EXPR_BLOCK: return rima_block_assigns(e->block, local);
  case RIMA_EXPR_SPAWN: return expr_assigns(e->spawn.call, local);
  default: return false;
  }
}

static bool stmt_assigns(const rima_stmt *s, const rima_local *local) {
  switch ((rima_stmt_kind)s->kind) {
  case RIMA_STMT_LET: return expr_assigns(s->let.value, local);
  case RIMA_STMT_EXPR:
  case RIMA_STMT_THROW:
  case RIMA_STMT_RETURN: return expr_assigns(s->expr, local);
  case RIMA_STMT_ASSIGN:
    return (s->assign.target->kind == RIMA_EXPR_NAME && s->assign.target->name == local->name) ||
           expr_assigns(s->assign.target, local) || expr_assigns(s->assign.value, local);
  case RIMA_STMT_WHILE:
  case RIMA_STMT_FOR: return expr_assigns(s->loop.head, local) || rima_block_assigns(s->loop.body, local);
  case RIMA_STMT_ASSERT: return expr_assigns(s->assert_.condition, local);
  case RIMA_STMT_SELECT:
    for (uint32_t i = 0; i < s->select.count; i++)
      if (expr_assigns(s->select.arms[i].body, local)) return true;
    return false;
  case RIMA_STMT_BLOCK: return rima_block_assigns(s->block, local);
  default: return false;
  }
}

bool rima_block_assigns(const rima_block *block, const rima_local *local) {
  for (uint32_t i = 0; block && i < block->count; i++)
    if (stmt_assigns(block->stmts[i], local)) return true;
  return false;
}

/* ---- blocks ---- */

static bool is_value_statement(const rima_stmt *s) { return s->kind == RIMA_STMT_EXPR; }

/* The statements of a block; its narrowings stay in the log. */
static rima_type *check_statements(rima_compiler *c, rima_block *block, rima_type *expected) {
  rima_scope scope = rima_scope_open(c);
  rima_type *type = RIMA_KIND(c, VOID);
  bool discard = expected && expected->kind == RIMA_T_VOID, terminated = false;
  for (uint32_t i = 0; i < block->count; i++) {
    rima_stmt *s = block->stmts[i];
    if (terminated && rima_may_warn(c)) rima_warning(&c->diagnostics, s->span, "this is never reached");
    if (i + 1 == block->count && !discard && !terminated && is_value_statement(s)) {
      type = rima_check(c, s->expr, expected);
      break;
    }
    if (rima_check_stmt(c, s) || terminated) {
      discard = terminated = true;
      type = RIMA_KIND(c, NEVER);
    }
  }
  rima_scope_leave(c, scope);
  return type;
}

rima_type *rima_check_block(rima_compiler *c, rima_block *block, rima_type *expected) {
  uint32_t undo = c->undo_count;
  rima_type *type = check_statements(c, block, expected);
  rima_narrow_restore(c, undo);
  return type;
}

/* ---- if ---- */

typedef struct assigned {
  rima_fact items[16];
  uint32_t count;
} assigned;

/* The types that locals assigned within a branch have at its end. */
static void collect_assigned(rima_compiler *c, uint32_t mark, uint32_t since, assigned *out) {
  out->count = 0;
  for (uint32_t i = mark; i < c->undo_count; i++) {
    rima_undo *u = &c->undo[i];
    if (u->local->state <= (int32_t)since) continue;
    bool known = false;
    for (uint32_t k = 0; k < out->count; k++) known |= out->items[k].local == u->local;
    if (!known && out->count < 16)
      out->items[out->count++] = (rima_fact){u->local, rima_local_type(u->local)};
  }
}

static rima_type *type_after(const assigned *branch, const rima_facts *facts, rima_local *local,
                             rima_type *before) {
  for (uint32_t i = 0; i < branch->count; i++)
    if (branch->items[i].local == local) return branch->items[i].type;
  for (uint32_t i = 0; i < facts->count; i++)
    if (facts->items[i].local == local) return facts->items[i].type;
  return before;
}

typedef struct branch_end {
  assigned assigned;
  const rima_facts *facts;
  bool terminates;
} branch_end;

/* What is known behind both branches of the locals they assign. */
static uint32_t join_branches(rima_compiler *c, const branch_end *a, const branch_end *b, rima_fact *out) {
  uint32_t count = 0;
  for (int side = 0; side < 2; side++) {
    const assigned *from = side ? &b->assigned : &a->assigned;
    for (uint32_t i = 0; i < from->count; i++) {
      rima_local *local = from->items[i].local;
      rima_type *ta =
          a->terminates ? NULL : type_after(&a->assigned, a->facts, local, rima_local_type(local));
      rima_type *tb =
          b->terminates ? NULL : type_after(&b->assigned, b->facts, local, rima_local_type(local));
      rima_type *joined = !ta ? tb : !tb ? ta : rima_type_join(c, ta, tb);
      if (joined && joined != local->type && rima_type_is_subtype(c, joined, local->type))
        out[count++] = (rima_fact){local, joined};
    }
  }
  return count;
}

static rima_type *check_branch(rima_compiler *c, rima_block *then, rima_expr *otherwise,
                               const rima_facts *facts, rima_type *expected, branch_end *end) {
  uint32_t mark = c->undo_count, since = c->assign_count;
  rima_facts_apply(c, facts);
  rima_type *type;
  if (then) type = check_statements(c, then, expected);
  else if (otherwise->kind == RIMA_EXPR_BLOCK)
    type = otherwise->type = check_statements(c, otherwise->block, expected);
  else type = rima_check(c, otherwise, expected);
  end->facts = facts;
  end->terminates = type->kind == RIMA_T_NEVER;
  collect_assigned(c, mark, since, &end->assigned);
  rima_narrow_rewind(c, mark);
  return type;
}

/* What a further branch is checked against: without an expected type the branches before it give a hint, by
 * which `0` becomes a float and `[]` a list like theirs. */
rima_type *rima_branch_hint(rima_type *expected, rima_type *before) {
  if (expected) return expected;
  switch ((rima_type_kind)before->kind) {
  case RIMA_T_FLOAT:
  case RIMA_T_CLASS:
  case RIMA_T_ARRAY:
  case RIMA_T_NULLABLE: return before;
  default: return NULL;
  }
}

rima_expr *rima_block_value(const rima_block *block) {
  if (!block->count || block->stmts[block->count - 1]->kind != RIMA_STMT_EXPR) return NULL;
  return block->stmts[block->count - 1]->expr;
}

bool rima_is_int_literal(const rima_expr *e) {
  if (!e) return false;
  if (e->type && e->type->kind == RIMA_T_NEVER) return true;
  switch ((rima_expr_kind)e->kind) {
  case RIMA_EXPR_INT: return !e->is_character;
  case RIMA_EXPR_UNARY:
    return e->op == RIMA_UNARY_NEGATE && e->operand->kind == RIMA_EXPR_INT && !e->operand->is_character;
  case RIMA_EXPR_IF:
    return rima_is_int_literal(rima_block_value(e->branch.then)) && rima_is_int_literal(e->branch.otherwise);
  case RIMA_EXPR_BLOCK: return rima_is_int_literal(rima_block_value(e->block));
  case RIMA_EXPR_MATCH:
    for (uint32_t i = 0; i < e->match.count; i++)
      if (!rima_is_int_literal(e->match.arms[i].body)) return false;
    return true;
  case RIMA_EXPR_TRY:
    for (uint32_t i = 0; i < e->try_->catch_count; i++)
      if (!rima_is_int_literal(rima_block_value(e->try_->catches[i].body))) return false;
    return rima_is_int_literal(rima_block_value(e->try_->body));
  default: return false;
  }
}

void rima_literal_to_float(rima_compiler *c, rima_expr *e) {
  if (e->type->kind == RIMA_T_NEVER) return;
  switch ((rima_expr_kind)e->kind) {
  case RIMA_EXPR_UNARY: e->operand->type = RIMA_KIND(c, FLOAT); break;
  case RIMA_EXPR_IF:
    rima_literal_to_float(c, rima_block_value(e->branch.then));
    rima_literal_to_float(c, e->branch.otherwise);
    break;
  case RIMA_EXPR_BLOCK: rima_literal_to_float(c, rima_block_value(e->block)); break;
  case RIMA_EXPR_MATCH:
    for (uint32_t i = 0; i < e->match.count; i++) rima_literal_to_float(c, e->match.arms[i].body);
    break;
  case RIMA_EXPR_TRY:
    rima_literal_to_float(c, rima_block_value(e->try_->body));
    for (uint32_t i = 0; i < e->try_->catch_count; i++)
      rima_literal_to_float(c, rima_block_value(e->try_->catches[i].body));
    break;
  default: break;
  }
  e->type = RIMA_KIND(c, FLOAT);
}

/* What a branch of type `before` becomes beside one of type `other`: 0 beside 1.5 is a float. */
rima_type *rima_adapt_branch(rima_compiler *c, rima_expr *value, rima_type *before, rima_type *other) {
  bool adapts = before->kind == RIMA_T_INT && rima_type_strip(other)->kind == RIMA_T_FLOAT &&
                rima_is_int_literal(value);
  if (!adapts) return before;
  rima_literal_to_float(c, value);
  return RIMA_KIND(c, FLOAT);
}

rima_type *rima_check_if(rima_compiler *c, rima_expr *e, rima_type *expected) {
  rima_facts when_true = {.count = 0}, when_false = {.count = 0};
  rima_check_condition(c, e->branch.condition, &when_true, &when_false);
  bool discard = expected && expected->kind == RIMA_T_VOID;
  rima_type *wanted = e->branch.otherwise || discard ? expected : RIMA_KIND(c, VOID);
  uint32_t since = c->assign_count;
  branch_end a = {.terminates = false}, b = {.terminates = false, .facts = &when_false};
  rima_type *then = check_branch(c, e->branch.then, NULL, &when_true, wanted, &a);
  rima_type *other = RIMA_KIND(c, VOID);
  if (e->branch.otherwise)
    other = check_branch(c, NULL, e->branch.otherwise, &when_false, rima_branch_hint(wanted, then), &b);
  if (!expected) then = rima_adapt_branch(c, rima_block_value(e->branch.then), then, other);
  rima_fact joined_facts[32];
  uint32_t joined_count = join_branches(c, &a, &b, joined_facts);
  rima_narrow_forget(c, since);
  for (uint32_t i = 0; i < joined_count; i++) rima_narrow(c, joined_facts[i].local, joined_facts[i].type);
  if (a.terminates && !b.terminates) rima_facts_apply(c, &when_false);
  if (b.terminates && !a.terminates) rima_facts_apply(c, &when_true);
  if (then->kind == RIMA_T_NEVER && other->kind == RIMA_T_NEVER) return then;
  if (discard || !e->branch.otherwise) return RIMA_KIND(c, VOID);
  if (expected && !expected->is_open) {
    bool fits = (then->kind == RIMA_T_VOID) == (other->kind == RIMA_T_VOID) || then->kind == RIMA_T_NEVER ||
                other->kind == RIMA_T_NEVER;
    if (fits && rima_type_converts(c, then, expected) && rima_type_converts(c, other, expected))
      return expected;
  }
  if (then->kind == RIMA_T_VOID || other->kind == RIMA_T_VOID) return RIMA_KIND(c, VOID);
  rima_type *joined = rima_type_join(c, then, other);
  return joined ? joined : RIMA_KIND(c, DYN);
}
