/* check_stmt.c: statements. */
#include "program.h"
#include <string.h>

/* ---- let ---- */

static void bind_names(rima_compiler *c, rima_pattern *p, rima_type *type) {
  p->type = type;
  switch ((rima_pattern_kind)p->kind) {
  case RIMA_PATTERN_NAME:
    if (p->local->storage == RIMA_STORAGE_MODULE && p->local->info) {
      rima_global *g = p->local->info;
      if (!g->type) g->type = type;
      p->local->type = g->type;
    } else {
      rima_scope_add(c, p->local, type);
    }
    return;
  case RIMA_PATTERN_TUPLE:
    if (type->kind != RIMA_T_TUPLE || type->count != p->list.count) {
      if (type->kind == RIMA_T_DYN)
        rima_error(&c->diagnostics, p->span, "a dyn cannot be taken apart; give it a type with `as`");
      else if (!type->is_open)
        rima_error(&c->diagnostics, p->span, "expected a tuple of %u parts, found %s", p->list.count,
                   rima_type_text(c, type));
      for (uint32_t i = 0; i < p->list.count; i++) bind_names(c, p->list.items[i], RIMA_KIND(c, ERROR));
      return;
    }
    for (uint32_t i = 0; i < p->list.count; i++) bind_names(c, p->list.items[i], type->items[i]);
    return;
  default: return;
  }
}

static rima_type *default_type(rima_compiler *c, rima_variable *v) {
  if (!v->type) return RIMA_KIND(c, DYN);
  rima_type *type = v->type->type;
  if (rima_type_rep(type) == 'R' && type->kind != RIMA_T_NULLABLE && !type->is_open) {
    rima_diagnostic *d =
        rima_error(&c->diagnostics, v->pattern->span, "a %s needs a value", rima_type_text(c, type));
    rima_hint(&c->diagnostics, d, "give it one, or make the type %s?", rima_type_text(c, type));
  }
  return type;
}

rima_type *rima_variable_type(rima_compiler *c, rima_variable *v) {
  rima_type *written = v->type ? v->type->type = rima_resolve_type(c, v->type) : NULL;
  if (!v->value) return default_type(c, v);
  rima_type *type = rima_check(c, v->value, written);
  if (written) {
    rima_require(c, v->value, written, NULL);
    return written;
  }
  if (type->kind == RIMA_T_VOID) {
    rima_require(c, v->value, RIMA_KIND(c, DYN), NULL);
    return RIMA_KIND(c, ERROR);
  }
  return type->kind == RIMA_T_NULL    ? RIMA_KIND(c, DYN)
         : type->kind == RIMA_T_NEVER ? RIMA_KIND(c, ERROR)
                                      : type;
}

void rima_check_variable(rima_compiler *c, rima_variable *v) {
  rima_type *type = rima_variable_type(c, v);
  bind_names(c, v->pattern, type);
  if (v->pattern->kind != RIMA_PATTERN_NAME || !v->value || v->pattern->local->info) return;
  rima_local *local = v->pattern->local;
  rima_type *found = v->value->type;
  if (!local->is_assigned_by_inner && type->kind == RIMA_T_NULLABLE && found == type->of)
    rima_narrow(c, local, found);
}

/* ---- assignment ---- */

static bool is_simple(const rima_expr *e) {
  return e->kind == RIMA_EXPR_NAME || e->kind == RIMA_EXPR_THIS || e->kind == RIMA_EXPR_INT ||
         e->kind == RIMA_EXPR_SUPER || e->kind == RIMA_EXPR_STRING;
}

/* For a[i] += v: `a` and `i` are evaluated once; the operator is an expression made up here. */
static rima_compound *compound_of(rima_compiler *c, rima_stmt *s) {
  if (s->resolved.decl) return s->resolved.decl;
  rima_compound *compound = RIMA_NEW(c->arena, rima_compound);
  rima_expr *op = RIMA_NEW(c->arena, rima_expr);
  *op = (rima_expr){.kind = RIMA_EXPR_BINARY, .op = s->op, .span = s->span};
  op->binary.left = s->assign.target;
  op->binary.right = s->assign.value;
  op->binary.op_span = s->span;
  compound->value = op;
  s->resolved.decl = compound;
  return compound;
}

static void mark_once(rima_expr *target) {
  if (target->kind == RIMA_EXPR_MEMBER && !is_simple(target->member.object))
    target->member.object->resolved.flags |= RIMA_FLAG_ONCE;
  if (target->kind == RIMA_EXPR_INDEX) {
    if (!is_simple(target->index.object)) target->index.object->resolved.flags |= RIMA_FLAG_ONCE;
    if (target->index.index && !is_simple(target->index.index))
      target->index.index->resolved.flags |= RIMA_FLAG_ONCE;
  }
}

static void report_fixed(rima_compiler *c, rima_expr *target, const char *name, rima_span declared) {
  rima_diagnostic *d =
      rima_error(&c->diagnostics, target->span, "%s cannot be assigned: it is declared with let", name);
  if (declared.end) rima_related(&c->diagnostics, d, declared, "write `var` here");
}

static bool in_constructor(rima_compiler *c, rima_class *owner) {
  return c->cx.fn && c->cx.fn->kind == RIMA_FN_CONSTRUCTOR && c->cx.cls == owner;
}

static void check_assignable(rima_compiler *c, rima_expr *target) {
  switch ((rima_how)target->resolved.how) {
  case RIMA_HOW_LOCAL: {
    rima_local *local = target->resolved.local;
    if (!local->is_mutable && local->storage == RIMA_STORAGE_PARAM)
      rima_error(&c->diagnostics, target->span, "%s is a parameter and cannot be assigned",
                 local->name->text);
    else if (!local->is_mutable) report_fixed(c, target, local->name->text, local->span);
    return;
  }
  case RIMA_HOW_GLOBAL: {
    rima_global *g = target->resolved.decl;
    if (!g->is_mutable) report_fixed(c, target, g->name->text, g->span);
    return;
  }
  case RIMA_HOW_FIELD: {
    rima_field *f = target->resolved.decl;
    if (!f->is_mutable && !in_constructor(c, f->owner)) report_fixed(c, target, f->name->text, f->span);
    return;
  }
  case RIMA_HOW_BYTE:
    rima_error(&c->diagnostics, target->span, "a str cannot be changed; build a new one");
    return;
  case RIMA_HOW_NONE:
  case RIMA_HOW_DYNAMIC:
  case RIMA_HOW_ARRAY:
  case RIMA_HOW_LIST:
  case RIMA_HOW_ANY:
  case RIMA_HOW_CALL: return;
  default: rima_error(&c->diagnostics, target->span, "this cannot be assigned");
  }
}

static bool is_set_by_method(rima_compiler *c, rima_type *type) {
  return type->kind == RIMA_T_TUPLE || (type->kind == RIMA_T_CLASS && !rima_type_is_word_list(c, type));
}

/* a[i] = v on what is not an array, list or dyn: a.set(i, v). */
static rima_call *check_set(rima_compiler *c, rima_stmt *s, rima_expr *value) {
  rima_expr *target = s->assign.target;
  rima_type *type = target->index.object->type;
  rima_expr *args[2] = {target->index.index, value};
  uint32_t errors = c->diagnostics.error_count;
  rima_call *call =
      rima_check_method_call(c, target->index.object, type, c->names.set, args, 2, NULL, s->span);
  if (!call && errors == c->diagnostics.error_count && !type->is_open)
    rima_error(&c->diagnostics, target->span, "%s cannot be assigned by index: it has no method set",
               rima_type_text(c, type));
  return call;
}

/* The type that may be stored, not the one a test has narrowed it to. */
static rima_type *stored_type(rima_expr *target) {
  if (target->kind == RIMA_EXPR_NAME && target->resolved.how == RIMA_HOW_LOCAL &&
      target->resolved.local->type)
    return target->resolved.local->type;
  return target->type;
}

/* Assigning something wider than what a loop assumes of the local. */
static void test_assumptions(rima_compiler *c, rima_local *local, rima_type *value) {
  for (uint32_t i = 0; i < c->assumed_count; i++)
    if (c->assumed[i].local == local && !rima_type_is_subtype(c, value, c->assumed[i].type))
      c->is_assumption_broken = true;
}

static void note_assignment(rima_compiler *c, rima_expr *target, rima_type *value) {
  if (target->kind != RIMA_EXPR_NAME || target->resolved.how != RIMA_HOW_LOCAL) return;
  rima_local *local = target->resolved.local;
  bool narrows = local->type->kind == RIMA_T_NULLABLE && !local->is_assigned_by_inner &&
                 value->kind != RIMA_T_ERROR && rima_type_is_subtype(c, value, local->type->of);
  test_assumptions(c, local, value);
  rima_narrow(c, local, narrows ? local->type->of : local->type);
  local->state = (int32_t)++c->assign_count;
}

static void report_slice(rima_compiler *c, const rima_expr *target) {
  rima_diagnostic *d =
      rima_error(&c->diagnostics, target->span, "a slice is a new value and cannot be assigned");
  rima_hint(&c->diagnostics, d, "assign the elements one by one");
}

static void check_compound(rima_compiler *c, rima_stmt *s) {
  rima_expr *target = s->assign.target;
  rima_compound *compound = compound_of(c, s);
  rima_expr *value = compound->value;
  rima_check(c, value, NULL);
  rima_type *want = stored_type(target);
  bool is_call = target->kind == RIMA_EXPR_INDEX && target->resolved.how == RIMA_HOW_CALL;
  if (is_call && target->index.index->kind == RIMA_EXPR_RANGE &&
      !is_set_by_method(c, target->index.object->type)) {
    report_slice(c, target);
  } else if (is_call) {
    rima_expr *computed = RIMA_NEW(c->arena, rima_expr);
    *computed = (rima_expr){.kind = RIMA_EXPR_NAME, .span = value->span, .type = value->type};
    computed->resolved.how = RIMA_HOW_REGISTER;
    rima_resolved get = target->resolved;
    compound->computed = computed;
    compound->set = check_set(c, s, computed);
    target->resolved = get;
  } else if (want->kind != RIMA_T_ERROR) {
    rima_require(c, value, want, NULL);
    check_assignable(c, target);
  }
  mark_once(target);
  note_assignment(c, target, value->type);
}

/* a[i..j] = v on what has no method of its own for it: only what a dyn holds may have one. */
static void check_assign_slice(rima_compiler *c, rima_expr *target, rima_expr *value, rima_type *type) {
  target->type = type;
  if (type->kind == RIMA_T_DYN) {
    rima_check_to(c, target->index.index, type, "index");
    target->resolved.how = RIMA_HOW_ANY;
    rima_check_to(c, value, type, NULL);
    return;
  }
  rima_check(c, value, NULL);
  if (type->kind != RIMA_T_ERROR) report_slice(c, target);
}

static void check_assign(rima_compiler *c, rima_stmt *s) {
  rima_expr *target = s->assign.target, *value = s->assign.value;
  if (s->op != RIMA_BINARY_NONE) {
    check_compound(c, s);
    return;
  }
  if (target->kind == RIMA_EXPR_INDEX && target->index.index) {
    rima_type *type = rima_check(c, target->index.object, NULL);
    if (is_set_by_method(c, type)) { /* only the object and the index are read */
      target->type = RIMA_KIND(c, VOID);
      target->resolved.decl = check_set(c, s, value);
      target->resolved.how = RIMA_HOW_CALL;
      return;
    }
    if (target->index.index->kind == RIMA_EXPR_RANGE && !type->is_open) {
      check_assign_slice(c, target, value, type);
      return;
    }
  }
  rima_check(c, target, NULL);
  rima_type *want = stored_type(target);
  if (target->kind == RIMA_EXPR_MEMBER && target->is_safe)
    rima_error(&c->diagnostics, target->span, "?. cannot be assigned to; test for null first");
  if (want->kind == RIMA_T_ERROR) rima_check(c, value, NULL);
  else rima_check_to(c, value, want, NULL);
  check_assignable(c, target);
  note_assignment(c, target, value->type);
}

/* ---- loops ---- */

typedef void loop_pass(rima_compiler *c, rima_stmt *s, rima_facts *after);

/* What is known of a variable at the start of a loop that assigns it holds in the loop only if every
 * assignment keeps it. That is tried first; if one does not, the variable is known by its declared type. */
static void check_loop(rima_compiler *c, rima_stmt *s, loop_pass *pass, rima_facts *after) {
  uint32_t first = c->assumed_count, mark = c->undo_count, locals = c->local_count;
  for (uint32_t i = c->cx.locals_base; i < c->local_count; i++) {
    rima_local *local = c->locals[i];
    bool is_candidate = local->narrowed && local->is_assigned && rima_block_assigns(s->loop.body, local);
    if (!is_candidate) continue;
    if (c->assumed_count < sizeof c->assumed / sizeof *c->assumed)
      c->assumed[c->assumed_count++] = (rima_fact){local, local->narrowed};
    else rima_narrow(c, local, local->type);
  }
  uint32_t count = c->assumed_count;
  bool holds = true;
  if (count != first) {
    bool was_muted = c->diagnostics.is_muted, was_broken = c->is_assumption_broken;
    uint32_t muted = c->diagnostics.muted_count;
    c->diagnostics.is_muted = true;
    c->is_assumption_broken = false;
    pass(c, s, after);
    holds = !c->is_assumption_broken;
    c->is_assumption_broken = was_broken || (!holds && first);
    c->diagnostics.is_muted = was_muted;
    bool is_done = holds && c->diagnostics.muted_count == muted;
    c->assumed_count = holds ? count : first;
    if (is_done) goto finished;
    rima_narrow_rewind(c, mark);
    c->local_count = locals;
    *after = (rima_facts){.count = 0};
    if (!holds)
      for (uint32_t i = first; i < count; i++) rima_narrow(c, c->assumed[i].local, c->assumed[i].local->type);
  }
  pass(c, s, after);
finished:
  rima_narrow_restore(c, mark);
  c->local_count = locals;
  if (holds)
    for (uint32_t i = first; i < count; i++) rima_narrow(c, c->assumed[i].local, c->assumed[i].type);
  c->assumed_count = first;
}

static bool has_break(const rima_block *block, const rima_stmt *loop);
static bool expr_has_break(const rima_expr *e, const rima_stmt *loop) {
  if (!e) return false;
  switch ((rima_expr_kind)e->kind) {
  case RIMA_EXPR_IF: return has_break(e->branch.then, loop) || expr_has_break(e->branch.otherwise, loop);
  case RIMA_EXPR_BLOCK: return has_break(e->block, loop);
  case RIMA_EXPR_MATCH:
    for (uint32_t i = 0; i < e->match.count; i++)
      if (expr_has_break(e->match.arms[i].body, loop)) return true;
    return false;
  case RIMA_EXPR_TRY:
    for (uint32_t i = 0; i < e->try_->catch_count; i++)
      if (has_break(e->try_->catches[i].body, loop)) return true;
    return has_break(e->try_->body, loop) || has_break(e->try_->finally, loop);
  case RIMA_EXPR_BINARY: return expr_has_break(e->binary.left, loop) || expr_has_break(e->binary.right, loop);
  default: return false;
  }
}
static bool has_break(const rima_block *block, const rima_stmt *loop) {
  for (uint32_t i = 0; block && i < block->count; i++) {
    const rima_stmt *s = block->stmts[i];
    switch ((rima_stmt_kind)s->kind) {
    case RIMA_STMT_BREAK:
      if (s->jump.target == loop) return true;
      break;
    case RIMA_STMT_EXPR:
      if (expr_has_break(s->expr, loop)) return true;
      break;
    case RIMA_STMT_LET:
      if (expr_has_break(s->let.value, loop)) return true;
      break;
    case RIMA_STMT_ASSIGN:
      if (expr_has_break(s->assign.value, loop)) return true;
      break;
    case RIMA_STMT_WHILE:
    case RIMA_STMT_FOR:
      if (has_break(s->loop.body, loop)) return true;
      break;
    case RIMA_STMT_BLOCK:
      if (has_break(s->block, loop)) return true;
      break;
    case RIMA_STMT_SELECT:
      for (uint32_t k = 0; k < s->select.count; k++)
        if (expr_has_break(s->select.arms[k].body, loop)) return true;
      break;
    default: break;
    }
  }
  return false;
}

static void while_pass(rima_compiler *c, rima_stmt *s, rima_facts *after) {
  rima_facts t = {.count = 0};
  rima_check_condition(c, s->loop.head, &t, after);
  rima_facts_apply(c, &t);
  rima_check_block(c, s->loop.body, RIMA_KIND(c, VOID));
}

static bool check_while(rima_compiler *c, rima_stmt *s) {
  rima_facts after = {.count = 0};
  check_loop(c, s, while_pass, &after);
  bool breaks = has_break(s->loop.body, s);
  if (!breaks) rima_facts_apply(c, &after);
  return s->loop.head->kind == RIMA_EXPR_BOOL && s->loop.head->boolean && !breaks;
}

/* The type of the loop's variable. */
static rima_type *element_type(rima_compiler *c, rima_stmt *s) {
  rima_expr *head = s->loop.head;
  rima_iteration *it = RIMA_NEW(c->arena, rima_iteration);
  s->resolved.decl = it;
  if (head->kind == RIMA_EXPR_RANGE) {
    rima_check(c, head, NULL);
    it->kind = RIMA_ITERATE_RANGE;
    return RIMA_KIND(c, INT);
  }
  rima_type *type = rima_check(c, head, NULL);
  if (type->kind == RIMA_T_ERROR || type->kind == RIMA_T_PARAM) return RIMA_KIND(c, ERROR);
  if (type->kind == RIMA_T_ARRAY) {
    it->kind = RIMA_ITERATE_ARRAY;
    return rima_type_of_element(c, type->of);
  }
  if (type->kind == RIMA_T_CHANNEL) {
    it->kind = RIMA_ITERATE_CHANNEL;
    return type->of;
  }
  if (type->kind == RIMA_T_CLASS && type->cls->decl == c->list_decl) {
    rima_class_declare(c, type->cls);
    it->kind = RIMA_ITERATE_LIST;
    return type->cls->args[0];
  }
  if (type->kind == RIMA_T_CLASS && type->cls->decl == c->range_decl) {
    it->kind = RIMA_ITERATE_RANGE_VALUE;
    return RIMA_KIND(c, INT);
  }
  if (type->kind == RIMA_T_DYN) {
    it->kind = RIMA_ITERATE_DYNAMIC;
    return type;
  }
  it->kind = RIMA_ITERATE_PROTOCOL;
  uint32_t errors = c->diagnostics.error_count;
  it->start = type->kind == RIMA_T_NULLABLE || type->kind == RIMA_T_VOID
                  ? NULL
                  : rima_check_method_call(c, head, type, c->names.iterator, NULL, 0, NULL, head->span);
  if (it->start) {
    it->iterator = RIMA_NEW(c->arena, rima_expr);
    *it->iterator = (rima_expr){.kind = RIMA_EXPR_NAME, .span = head->span, .type = it->start->result};
    it->iterator->resolved.how = RIMA_HOW_REGISTER;
    rima_type *t = it->start->result;
    it->has_next = rima_check_method_call(c, it->iterator, t, c->names.has_next, NULL, 0, NULL, head->span);
    it->next = rima_check_method_call(c, it->iterator, t, c->names.next, NULL, 0, NULL, head->span);
    if (it->has_next && it->next) return it->next->result;
  }
  if (errors == c->diagnostics.error_count && !type->is_open) {
    rima_diagnostic *d =
        rima_error(&c->diagnostics, head->span, "cannot go through %s with for", rima_type_text(c, type));
    if (type->kind == RIMA_T_NULLABLE) rima_hint(&c->diagnostics, d, "the value may be null: test it first");
    else if (type->kind == RIMA_T_INT) rima_hint(&c->diagnostics, d, "write 0..n for the ints below n");
    else if (type->kind == RIMA_T_STR) rima_hint(&c->diagnostics, d, "write s.chars() for its characters");
    else rima_hint(&c->diagnostics, d, "it needs a method iterator()");
  }
  return RIMA_KIND(c, ERROR);
}

static void for_pass(rima_compiler *c, rima_stmt *s, rima_facts *after) {
  (void)after;
  rima_scope scope = rima_scope_open(c);
  bind_names(c, s->loop.pattern, s->loop.pattern->type);
  rima_check_block(c, s->loop.body, RIMA_KIND(c, VOID));
  rima_scope_leave(c, scope);
}

static bool check_for(rima_compiler *c, rima_stmt *s) {
  rima_facts after = {.count = 0};
  s->loop.pattern->type = element_type(c, s);
  check_loop(c, s, for_pass, &after);
  return false;
}

/* ---- the others ---- */

static bool check_return(rima_compiler *c, rima_stmt *s) {
  rima_frame *f = c->cx.frame;
  rima_type *want = f->result;
  if (f->ast->kind == RIMA_FUNCTION_MODULE || f->ast->kind == RIMA_FUNCTION_CONSTRUCTOR ||
      f->ast->kind == RIMA_FUNCTION_DEFER) {
    rima_error(&c->diagnostics, s->span, "return outside of a function");
    return true;
  }
  if (!s->expr) {
    if (want && want->kind != RIMA_T_VOID && want->kind != RIMA_T_ERROR && want->kind != RIMA_T_DYN)
      rima_error(&c->diagnostics, s->span, "this function must return a %s", rima_type_text(c, want));
    if (!want && !f->joined) f->joined = RIMA_KIND(c, VOID);
    return true;
  }
  if (want && want->kind == RIMA_T_VOID) {
    rima_check(c, s->expr, NULL);
    if (s->expr->type->kind != RIMA_T_VOID && s->expr->type->kind != RIMA_T_ERROR) {
      rima_diagnostic *d = rima_error(&c->diagnostics, s->expr->span, "this function gives no value");
      rima_hint(&c->diagnostics, d, "declare its result type: fun f(…): %s",
                rima_type_text(c, s->expr->type));
    }
    return true;
  }
  if (want) {
    rima_check_to(c, s->expr, want, "result");
    return true;
  }
  rima_type *type = rima_check(c, s->expr, f->joined);
  rima_type *joined = f->joined ? rima_type_join(c, f->joined, type) : type;
  f->joined = joined ? joined : RIMA_KIND(c, DYN);
  return true;
}

static bool check_select(rima_compiler *c, rima_stmt *s) {
  bool all_end = s->select.count > 0;
  uint32_t communications = 0;
  for (uint32_t i = 0; i < s->select.count; i++) {
    rima_select_arm *arm = &s->select.arms[i];
    rima_scope scope = rima_scope_open(c);
    uint32_t mark = c->undo_count;
    rima_type *element = RIMA_KIND(c, ERROR);
    if (arm->channel) {
      communications++;
      rima_type *type = rima_check(c, arm->channel, NULL);
      if (type->kind == RIMA_T_CHANNEL) element = type->of;
      else if (!type->is_open)
        rima_error(&c->diagnostics, arm->channel->span, "expected a Channel, found %s",
                   rima_type_text(c, type));
    }
    if (arm->kind == RIMA_SELECT_SEND) rima_check_to(c, arm->value, element, "value to send");
    if (arm->kind == RIMA_SELECT_AFTER) rima_check_to(c, arm->value, RIMA_KIND(c, INT), "milliseconds");
    if (arm->kind == RIMA_SELECT_RECV && arm->pattern) bind_names(c, arm->pattern, element);
    rima_type *type = rima_check(c, arm->body, RIMA_KIND(c, VOID));
    all_end &= type->kind == RIMA_T_NEVER;
    rima_narrow_restore(c, mark);
    rima_scope_leave(c, scope);
  }
  if (communications > 15) rima_error(&c->diagnostics, s->span, "a select has at most 15 cases");
  return all_end;
}

static void warn_unused(rima_compiler *c, rima_expr *e) {
  switch ((rima_expr_kind)e->kind) {
  case RIMA_EXPR_BINARY:
    if (e->op == RIMA_BINARY_LOGICAL_AND || e->op == RIMA_BINARY_LOGICAL_OR || e->op == RIMA_BINARY_COALESCE)
      return;
    if (e->resolved.how != RIMA_HOW_PRIMITIVE && e->op != RIMA_BINARY_EQ) return;
    break;
  case RIMA_EXPR_INT:
  case RIMA_EXPR_FLOAT:
  case RIMA_EXPR_STRING:
  case RIMA_EXPR_NAME:
  case RIMA_EXPR_LAMBDA: break;
  default: return;
  }
  if (e->type->kind == RIMA_T_ERROR || !rima_may_warn(c)) return;
  rima_diagnostic *d = rima_warning(&c->diagnostics, e->span, "this value is not used");
  if (e->kind == RIMA_EXPR_BINARY && e->op == RIMA_BINARY_EQ)
    rima_hint(&c->diagnostics, d, "a variable is assigned with a single =");
}

bool rima_check_stmt(rima_compiler *c, rima_stmt *s) {
  rima_type *void_ = RIMA_KIND(c, VOID);
  switch ((rima_stmt_kind)s->kind) {
  case RIMA_STMT_LET:
    rima_check_variable(c, &s->let);
    return s->let.value && s->let.value->type->kind == RIMA_T_NEVER;
  case RIMA_STMT_EXPR: {
    bool ends = rima_check(c, s->expr, void_)->kind == RIMA_T_NEVER;
    warn_unused(c, s->expr);
    return ends;
  }
  case RIMA_STMT_ASSIGN: check_assign(c, s); return false;
  case RIMA_STMT_WHILE: return check_while(c, s);
  case RIMA_STMT_FOR: return check_for(c, s);
  case RIMA_STMT_BREAK:
  case RIMA_STMT_CONTINUE: return true;
  case RIMA_STMT_RETURN: return check_return(c, s);
  case RIMA_STMT_THROW: rima_check_to(c, s->expr, c->error_class->type, "thrown value"); return true;
  case RIMA_STMT_DEFER: rima_check_inner(c, s->defer, NULL, void_, s->span); return false;
  case RIMA_STMT_ASSERT: {
    rima_facts t = {.count = 0}, f = {.count = 0};
    rima_check_condition(c, s->assert_.condition, &t, &f);
    if (s->assert_.message) rima_check_to(c, s->assert_.message, RIMA_KIND(c, STR), "message");
    rima_facts_apply(c, &t);
    return false;
  }
  case RIMA_STMT_SELECT: return check_select(c, s);
  case RIMA_STMT_FUN: rima_check_local_fun(c, s); return false;
  case RIMA_STMT_BLOCK: return rima_check_block(c, s->block, void_)->kind == RIMA_T_NEVER;
  }
  return false;
}
