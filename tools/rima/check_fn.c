/* check_fn.c: whole bodies: functions, constructors, initialisers, lambdas. */
#include "program.h"
#include <string.h>

/* ---- inner functions ---- */

/* A variable that is assigned anywhere may have changed when an inner function runs. */
static void forget_mutable(rima_compiler *c) {
  for (uint32_t i = c->cx.locals_base; i < c->local_count; i++) {
    rima_local *local = c->locals[i];
    if (local->narrowed && local->is_assigned) rima_narrow(c, local, local->type);
  }
}

static rima_type *body_result(rima_compiler *c, rima_function *ast, rima_type *wanted, rima_frame *frame) {
  if (ast->value) {
    rima_type *type = rima_check(c, ast->value, wanted);
    if (wanted && wanted->kind == RIMA_T_VOID) return wanted;
    if (wanted) {
      rima_require(c, ast->value, wanted, "result");
      return wanted;
    }
    rima_type *joined = frame->joined ? rima_type_join(c, frame->joined, type) : type;
    return joined ? joined : RIMA_KIND(c, DYN);
  }
  bool is_lambda = ast->kind == RIMA_FUNCTION_LAMBDA && !ast->has_return_value;
  rima_type *void_ = RIMA_KIND(c, VOID);
  rima_type *type = rima_check_block(c, ast->body, is_lambda ? wanted : void_);
  if (is_lambda && !wanted) return frame->joined ? frame->joined : type;
  rima_type *result = wanted ? wanted : frame->joined ? frame->joined : void_;
  if (result->kind == RIMA_T_VOID || type->kind == RIMA_T_NEVER || result->is_open) return result;
  if (is_lambda && type->kind != RIMA_T_VOID) {
    rima_stmt *last = ast->body->stmts[ast->body->count - 1];
    rima_require(c, last->expr, result, "result");
    return result;
  }
  if (result->kind == RIMA_T_DYN && !ast->result) return result;
  rima_span end = {ast->body->span.end - 1, ast->body->span.end};
  rima_error(&c->diagnostics, end, "the end is reached without a return of %s", rima_type_text(c, result));
  return result;
}

void rima_check_inner(rima_compiler *c, rima_function *ast, rima_type *const *params, rima_type *result,
                      rima_span span) {
  (void)span;
  if (ast->type_param_count)
    rima_error(&c->diagnostics, ast->span, "an inner function cannot have type parameters");
  rima_frame frame = {.outer = c->cx.frame, .ast = ast, .result = result, .is_inner = true};
  rima_scope scope = rima_scope_open(c);
  uint32_t undo = c->undo_count;
  ast->capture_count = 0;
  forget_mutable(c);
  c->cx.frame = &frame;
  for (uint32_t i = 0; i < ast->param_count; i++) rima_scope_add(c, ast->params[i].local, params[i]);
  ast->result_type = body_result(c, ast, result, &frame);
  if (ast->result_type->kind == RIMA_T_NEVER) ast->result_type = RIMA_KIND(c, VOID);
  if (ast->result_type->kind == RIMA_T_NULL) ast->result_type = RIMA_KIND(c, DYN);
  c->cx.frame = frame.outer;
  rima_narrow_restore(c, undo);
  rima_scope_leave(c, scope);
  for (uint32_t i = 0; i < ast->capture_count; i++) rima_use_local(c, ast->captures[i].local);
  ast->type = rima_type_func(c, params, ast->param_count, ast->result_type);
}

rima_type *rima_check_lambda(rima_compiler *c, rima_expr *e, rima_type *expected) {
  rima_function *ast = e->function;
  rima_type *want = expected ? rima_type_strip(expected) : NULL;
  if (want && want->kind != RIMA_T_FUNC) want = NULL;
  if (want && want->count != ast->param_count) {
    rima_error(&c->diagnostics, e->span, "expected a function of %u parameter%s, found one of %u",
               want->count, want->count == 1 ? "" : "s", ast->param_count);
    want = NULL;
  }
  rima_type **params = RIMA_NEW_ARRAY(c->arena, rima_type *, ast->param_count + 1);
  for (uint32_t i = 0; i < ast->param_count; i++) {
    if (ast->params[i].type) params[i] = rima_resolve_type(c, ast->params[i].type);
    else if (want && (!want->items[i]->is_open || c->cx.is_open_check)) params[i] = want->items[i];
    else params[i] = RIMA_KIND(c, DYN);
  }
  rima_type *result = NULL;
  if (ast->result) result = rima_resolve_type(c, ast->result);
  else if (want && !want->of->is_open) result = want->of;
  rima_check_inner(c, ast, params, result, e->span);
  return ast->type;
}

void rima_check_local_fun(rima_compiler *c, rima_stmt *s) {
  rima_function *ast = s->fun.function;
  rima_local *local = s->fun.local;
  rima_type **params = RIMA_NEW_ARRAY(c->arena, rima_type *, ast->param_count + 1);
  for (uint32_t i = 0; i < ast->param_count; i++) {
    params[i] = ast->params[i].type ? rima_resolve_type(c, ast->params[i].type) : RIMA_KIND(c, DYN);
    if (ast->params[i].default_value)
      rima_error(&c->diagnostics, ast->params[i].default_value->span,
                 "an inner function cannot have default values");
  }
  rima_type *result = NULL;
  if (ast->result) result = rima_resolve_type(c, ast->result);
  else if (!ast->value) result = ast->has_return_value ? RIMA_KIND(c, DYN) : RIMA_KIND(c, VOID);
  rima_scope_add(c, local, result ? rima_type_func(c, params, ast->param_count, result) : NULL);
  rima_check_inner(c, ast, params, result, s->span);
  local->type = ast->type;
}

/* ---- functions with a tree of their own ---- */

static rima_local *make_this(rima_compiler *c, rima_fn *fn, rima_function *ast) {
  rima_local *local = RIMA_NEW(c->arena, rima_local);
  local->name = c->names.this_;
  local->function = ast;
  local->storage = RIMA_STORAGE_PARAM;
  local->type = fn->self;
  local->is_captured = ast && ast->has_lambda;
  return local;
}

static void start_fn(rima_compiler *c, rima_fn *fn, rima_frame *frame) {
  c->cx.frame = frame;
  c->undo_count = c->undo_count;
  bool is_open = fn->self && fn->self->is_open;
  for (uint32_t i = 0; fn->ast && fn->args && i < fn->ast->type_param_count; i++)
    is_open |= fn->args[i]->is_open;
  c->cx.is_open_check = is_open;
  if (fn->has_receiver) {
    c->cx.this_local = make_this(c, fn, frame->ast);
    c->cx.this_type = fn->self;
  }
}

static void add_params(rima_compiler *c, rima_fn *fn, rima_param *params, uint32_t count) {
  for (uint32_t i = 0; i < count; i++) rima_scope_add(c, params[i].local, fn->params[i]);
}

/* The same; a default value sees the parameters before its own. */
static void add_checked_params(rima_compiler *c, rima_fn *fn, rima_param *params, uint32_t count) {
  for (uint32_t i = 0; i < count; i++) {
    if (params[i].default_value && !c->inline_depth)
      rima_check_to(c, params[i].default_value, fn->params[i], "default value");
    rima_scope_add(c, params[i].local, fn->params[i]);
  }
}

static void check_constructor(rima_compiler *c, rima_fn *fn) {
  rima_class *cls = fn->owner;
  rima_decl *decl = cls->decl->decl;
  uint32_t errors = c->diagnostics.error_count;
  if (fn->ast) add_checked_params(c, fn, fn->ast->params, fn->ast->param_count);
  if (cls->super && decl->class_.super_call >= 0) {
    rima_expr *call = cls->super_call;
    if (!call) {
      call = cls->super_call = RIMA_NEW(c->arena, rima_expr);
      call->kind = RIMA_EXPR_CALL;
      call->span = decl->class_.supers[decl->class_.super_call]->span;
    }
    rima_check_construct(c, cls->super, call, decl->class_.super_args, decl->class_.super_arg_count);
  } else if (cls->super && cls->super->kind != RIMA_CLASS_MACHINE) {
    rima_fn *above = rima_class_constructor(c, cls->super);
    rima_fn_signature(c, above);
    for (uint32_t i = 0; i < above->param_count; i++)
      if (!above->ast->params[i].default_value) {
        rima_error(&c->diagnostics, decl->name.span, "%s must pass arguments to %s: write `: %s(…)`",
                   cls->name, cls->super->name, cls->super->name);
        break;
      }
  }
  for (uint32_t i = 0; i < decl->class_.member_count; i++) {
    rima_decl *m = decl->class_.members[i];
    if (m->kind == RIMA_DECL_INIT) rima_check_block(c, m->init, RIMA_KIND(c, VOID));
    if (m->kind != RIMA_DECL_VARIABLE || m->is_static || !m->variable.value ||
        m->variable.pattern->kind != RIMA_PATTERN_NAME)
      continue;
    rima_member *member = rima_map_get(&cls->decl->members, m->variable.pattern->local->name);
    if (!member || member->decl != m) continue;
    rima_field *f = &cls->fields[member->index];
    if (f->type) rima_check_to(c, m->variable.value, f->type, NULL);
    else f->type = rima_variable_type(c, &m->variable);
  }
  if (errors == c->diagnostics.error_count && cls->kind == RIMA_CLASS_CLASS) rima_check_assigned(c, cls);
}

static void check_static_fields(rima_compiler *c, rima_decl *decl, rima_unit *unit) {
  rima_class_decl *d = rima_class_decl_of(c, decl, unit);
  rima_class_decl_members(c, d);
  for (uint32_t i = 0; i < d->static_count; i++) {
    rima_global *g = d->statics[i];
    if (decl->class_.type_param_count) {
      rima_error(&c->diagnostics, g->span, "a generic class cannot have static fields");
      continue;
    }
    rima_context saved = c->cx;
    c->cx.cls = rima_class_instance(c, d, NULL, 0);
    rima_type *type = rima_variable_type(c, g->variable);
    if (!g->type) g->type = type;
    c->cx = saved;
  }
}

static void check_init(rima_compiler *c, rima_fn *fn) {
  rima_unit *unit = fn->unit;
  for (uint32_t i = 0; i < unit->tree->count; i++) {
    rima_decl *decl = unit->tree->decls[i];
    if (decl->kind == RIMA_DECL_VARIABLE) rima_check_variable(c, &decl->variable);
    if (decl->kind == RIMA_DECL_CLASS || decl->kind == RIMA_DECL_ENUM || decl->kind == RIMA_DECL_INTERFACE)
      check_static_fields(c, decl, unit);
    bool is_shown = c->options.is_interactive && decl->kind == RIMA_DECL_STMT &&
                    decl->stmt->kind == RIMA_STMT_EXPR && i + 1 == unit->tree->count;
    if (is_shown) rima_check(c, decl->stmt->expr, NULL);
    else if (decl->kind == RIMA_DECL_STMT) rima_check_stmt(c, decl->stmt);
  }
}

static void check_body(rima_compiler *c, rima_fn *fn, rima_frame *frame) {
  rima_function *ast = fn->ast;
  switch ((rima_fn_kind)fn->kind) {
  case RIMA_FN_CONSTRUCTOR: check_constructor(c, fn); return;
  case RIMA_FN_INIT: check_init(c, fn); return;
  case RIMA_FN_DEFAULT: {
    add_params(c, fn,
               fn->of->kind == RIMA_FN_CONSTRUCTOR && fn->owner->variant ? fn->owner->variant->params
                                                                         : ast->params,
               fn->param_count);
    rima_check_to(c, fn->default_value, fn->result, "default value");
    return;
  }
  default: break;
  }
  add_checked_params(c, fn, ast->params, ast->param_count);
  if (ast->body || ast->value) body_result(c, ast, fn->result, frame);
}

void rima_check_fn(rima_compiler *c, rima_fn *fn) {
  rima_fn_signature(c, fn);
  rima_frame frame = {.ast = fn->ast, .result = fn->result};
  start_fn(c, fn, &frame);
  check_body(c, fn, &frame);
  c->cx.frame = NULL;
}

/* ---- types found by looking at a body ---- */

static bool enter_nested(rima_compiler *c, rima_span span) {
  if (c->depth > 200) {
    rima_error(&c->diagnostics, span, "types depend on each other too deeply; write some of them");
    return false;
  }
  c->depth++;
  return true;
}

rima_type *rima_infer_result(rima_compiler *c, rima_fn *fn) {
  if (!enter_nested(c, fn->ast->name.span)) return RIMA_KIND(c, ERROR);
  if (fn->ast->is_busy) {
    c->depth--;
    rima_diagnostic *d = rima_error(&c->diagnostics, fn->ast->name.span,
                                    "the result type of %s depends on itself", fn->ast->name.name->text);
    rima_hint(&c->diagnostics, d, "write it: fun %s(…): int = …", fn->ast->name.name->text);
    return RIMA_KIND(c, ERROR);
  }
  fn->ast->is_busy = true;
  rima_saved_context saved;
  uint32_t undo = c->undo_count;
  rima_fn_enter(c, fn, &saved);
  rima_frame frame = {.ast = fn->ast, .result = NULL};
  start_fn(c, fn, &frame);
  add_params(c, fn, fn->ast->params, fn->ast->param_count);
  bool was_muted = c->diagnostics.is_muted;
  c->diagnostics.is_muted = was_muted || c->cx.is_open_check;
  rima_type *type = body_result(c, fn->ast, NULL, &frame);
  c->diagnostics.is_muted = was_muted;
  rima_narrow_restore(c, undo);
  rima_context_leave(c, &saved);
  fn->ast->is_busy = false;
  c->depth--;
  if (type->kind == RIMA_T_NULL) return RIMA_KIND(c, DYN);
  return type->kind == RIMA_T_NEVER ? RIMA_KIND(c, VOID) : type;
}

rima_type *rima_infer_variable(rima_compiler *c, rima_global *g) {
  rima_variable *v = g->variable;
  rima_saved_context saved = {.cx = c->cx};
  if (!enter_nested(c, g->span)) return RIMA_KIND(c, ERROR);
  uint32_t undo = c->undo_count;
  rima_frame frame = {.ast = g->unit->tree->init};
  c->cx = (rima_context){
      .unit = g->unit, .frame = &frame, .locals_base = c->local_count, .scope_base = c->local_count};
  if (g->owner) c->cx.cls = rima_class_instance(c, g->owner, NULL, 0);
  rima_type *type;
  if (v->type && v->pattern->kind == RIMA_PATTERN_NAME) type = rima_resolve_type(c, v->type);
  else if (v->pattern->kind == RIMA_PATTERN_NAME || g->owner) type = rima_variable_type(c, v);
  else {
    rima_check_variable(c, v);
    type = g->type ? g->type : RIMA_KIND(c, ERROR);
  }
  rima_narrow_restore(c, undo);
  c->local_count = c->cx.locals_base;
  c->cx = saved.cx;
  c->depth--;
  return type;
}

rima_type *rima_infer_field(rima_compiler *c, rima_field *field) {
  if (!enter_nested(c, field->span)) return RIMA_KIND(c, ERROR);
  rima_fn *fn = rima_class_constructor(c, field->owner);
  rima_fn_signature(c, fn);
  rima_saved_context saved;
  uint32_t undo = c->undo_count;
  rima_fn_enter(c, fn, &saved);
  rima_frame frame = {.ast = fn->ast, .result = fn->result};
  start_fn(c, fn, &frame);
  if (fn->ast) add_params(c, fn, fn->ast->params, fn->ast->param_count);
  rima_type *type = rima_variable_type(c, field->variable);
  rima_narrow_restore(c, undo);
  rima_context_leave(c, &saved);
  c->depth--;
  return type;
}
