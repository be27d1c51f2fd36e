/* emit_fn.c: whole functions, constructors, initialisers, closures; methods that are generated. */
#include "code.h"
#include <string.h>

/* ---- frames ---- */

enum { LONG_BRANCH_SPAN = 60000 }; /* source bytes beyond which branches may not fit 16 bits */

static void start_body(rima_compiler *c, rima_function *ast, rima_type *result) {
  rima_code *code = c->code;
  code->result = result;
  if (ast) code->has_long_branches = ast->span.end - ast->span.start > LONG_BRANCH_SPAN;
}

/* Parameters arrive in registers; those that an inner function shares move into cells. */
static void add_param(rima_compiler *c, rima_local *local, rima_type *type) {
  uint32_t reg = rima_reg_param(c, rima_image_type(c, type), rima_type_rep(type));
  local->reg = (int32_t)reg;
}

static void box_params(rima_compiler *c, rima_param *params, uint32_t count) {
  for (uint32_t i = 0; i < count; i++) {
    rima_local *local = params[i].local;
    uint32_t reg = (uint32_t)local->reg;
    if (rima_local_is_boxed(local)) rima_local_declare_with(c, local, reg);
    else rima_local_name(c, local->name->text, reg, 0);
  }
}

static void add_this(rima_compiler *c, rima_type *self) {
  c->code->this_reg = (int32_t)rima_reg_param(c, rima_image_type(c, self), rima_type_rep(self));
  c->code->this_local = c->cx.this_local;
}

/* ---- deferred closures: a list in a register, newest first ---- */

static rima_class *deferred_class(rima_compiler *c) {
  if (c->deferred_class) return c->deferred_class;
  rima_class *cls = rima_class_new(c, RIMA_CLASS_CELL, "Deferred", "core.(Deferred)");
  cls->state = 2;
  cls->is_final = true;
  cls->fields = RIMA_NEW_ARRAY(c->arena, rima_field, 2);
  cls->field_count = 2;
  cls->fields[0] = (rima_field){.name = rima_intern(c, "action"),
                                .slot = 0,
                                .owner = cls,
                                .type = rima_type_func(c, NULL, 0, RIMA_KIND(c, VOID))};
  cls->fields[1] =
      (rima_field){.name = c->names.next, .slot = 1, .owner = cls, .type = rima_type_nullable(c, cls->type)};
  return c->deferred_class = cls;
}

static void start_defers(rima_compiler *c, const rima_function *ast) {
  if (!ast->has_defer) return;
  rima_class *cls = deferred_class(c);
  c->code->defers = (int32_t)rima_reg_private(c, rima_image_type(c, cls->type), 'R');
  rima_op(c, TZ_OP_NULL, (uint32_t)c->code->defers, 0, 0);
}

void rima_emit_defer(rima_compiler *c, rima_function *ast) {
  rima_class *cls = deferred_class(c);
  uint32_t mark = rima_code_mark(c);
  uint32_t action = rima_emit_lambda(c, ast, RIMA_ANYWHERE), entry = rima_reg_for(c, cls->type);
  rima_emit_new(c, cls, entry);
  rima_op(c, TZ_OP_PUTF_R, action, entry, 0);
  rima_op(c, TZ_OP_PUTF_R, (uint32_t)c->code->defers, entry, 1);
  rima_move(c, (uint32_t)c->code->defers, entry);
  rima_code_release(c, mark);
}

void rima_emit_leave(rima_compiler *c) {
  if (c->code->defers < 0) return;
  uint32_t list = (uint32_t)c->code->defers, mark = rima_code_mark(c);
  uint32_t action = rima_reg_for(c, deferred_class(c)->fields[0].type), top = rima_label(c),
           end = rima_label(c);
  rima_label_back(c, top);
  rima_branch_d(c, TZ_OP_JNULL, list, end);
  rima_op(c, TZ_OP_GETF, action, list, 0);
  rima_op(c, TZ_OP_GETF, list, list, 1);
  rima_op_list(c, tz_encode_abc(TZ_OP_CALL_CLOSURE, TZ_REG_DISCARD, 0, rima_site(c, TZ_SITE_CLOSURE, NULL)),
               &action, 1);
  rima_branch_d(c, TZ_OP_JMP, 0, top);
  rima_label_here(c, end);
  c->code->is_dead = false;
  rima_code_release(c, mark);
}

/* The way out when the function ends by an error. */
static void finish_defers(rima_compiler *c) {
  if (c->code->defers < 0) return;
  uint32_t error = rima_reg_for(c, c->error_class->type);
  rima_handler(c, 0, c->code->count, c->code->count, rima_image_type(c, c->error_class->type), error);
  rima_op(c, TZ_OP_NOP, 0, 0, 0);
  rima_emit_leave(c);
  rima_op(c, TZ_OP_THROW, error, 0, 0);
}

/* ---- bodies ---- */

static void emit_body(rima_compiler *c, rima_function *ast, bool is_lambda) {
  rima_type *result = c->code->result;
  bool has_result = result->kind != RIMA_T_VOID && result->kind != RIMA_T_NEVER;
  start_defers(c, ast);
  if (ast->value) {
    rima_line(c, ast->value->span);
    rima_emit_return(c, ast->value);
  } else if (is_lambda && has_result && !ast->has_return_value) {
    uint32_t mark = rima_code_mark(c), reg = rima_reg_for(c, result);
    rima_emit_block_value(c, ast->body, result, (int32_t)reg);
    if (!c->code->is_dead) {
      rima_emit_leave(c);
      rima_op(c, TZ_OP_RET, reg, 0, 0);
    }
    rima_code_release(c, mark);
  } else {
    rima_emit_block(c, ast->body);
    if (!c->code->is_dead) rima_emit_return(c, NULL);
  }
  finish_defers(c);
}

static uint32_t fn_flags(rima_compiler *c, rima_fn *fn) {
  bool is_public = fn->kind == RIMA_FN_PLAIN || fn->kind == RIMA_FN_METHOD || fn->kind == RIMA_FN_TEST;
  return c->options.is_open_world || (fn->unit->is_user && is_public) ? TZ_FUNCTION_EXPORT : 0;
}

static void close(rima_compiler *c, rima_fn *fn) {
  rima_code_close(c, c->code, rima_image_fn(c, fn), fn_flags(c, fn), rima_image_fn_signature(c, fn, true));
}

static void emit_plain(rima_compiler *c, rima_fn *fn) {
  rima_function *ast = fn->ast;
  rima_code_open(c, fn->name, fn->unit);
  c->code->fn = fn;
  start_body(c, ast, fn->result);
  if (fn->has_receiver) add_this(c, fn->self);
  for (uint32_t i = 0; i < fn->param_count; i++) add_param(c, ast->params[i].local, fn->params[i]);
  box_params(c, ast->params, ast->param_count);
  emit_body(c, ast, false);
  close(c, fn);
}

static void emit_default_fn(rima_compiler *c, rima_fn *fn) {
  rima_param *params = fn->of->kind == RIMA_FN_CONSTRUCTOR && fn->owner->variant ? fn->owner->variant->params
                                                                                 : fn->ast->params;
  rima_code_open(c, fn->name, fn->unit);
  start_body(c, NULL, fn->result);
  if (fn->has_receiver) add_this(c, fn->self);
  for (uint32_t i = 0; i < fn->param_count; i++) add_param(c, params[i].local, fn->params[i]);
  box_params(c, params, fn->param_count);
  rima_line(c, fn->default_value->span);
  rima_emit_return(c, fn->default_value);
  close(c, fn);
}

/* ---- constructors ---- */

static void store_value(rima_compiler *c, rima_field *f, rima_expr *value) {
  uint32_t mark = rima_code_mark(c);
  rima_type *type = rima_field_type(c, f);
  rima_line(c, value->span);
  rima_put_field(c, rima_emit_as(c, value, type, RIMA_ANYWHERE), type, (uint32_t)c->code->this_reg, f->slot);
  rima_code_release(c, mark);
}

static void construct_super(rima_compiler *c, rima_class *cls) {
  rima_class *super = cls->super;
  if (!super) return;
  uint32_t regs[256], mark = rima_code_mark(c);
  regs[0] = (uint32_t)c->code->this_reg;
  if (super->kind == RIMA_CLASS_MACHINE) {
    rima_call *call = cls->super_call ? cls->super_call->resolved.decl : NULL;
    uint32_t message;
    if (call && call->args[0]) {
      message = rima_emit_as(c, call->args[0], RIMA_KIND(c, STR), RIMA_ANYWHERE);
    } else {
      message = rima_reg_for(c, RIMA_KIND(c, STR));
      rima_emit_constant_text(c, message, super->constructor->name, strlen(super->constructor->name));
    }
    rima_op(c, TZ_OP_PUTF_R, message, regs[0], 0);
    if (call && call->args[1])
      rima_op(c, TZ_OP_PUTF_R, rima_emit_as(c, call->args[1], super->constructor->params[1], RIMA_ANYWHERE),
              regs[0], 1);
  } else {
    rima_fn *fn = rima_class_constructor(c, super);
    rima_fn_signature(c, fn);
    rima_call *call = cls->super_call ? cls->super_call->resolved.decl : NULL;
    rima_call none = {.fn = fn, .count = fn->param_count, .types = fn->params};
    if (!call) {
      none.args = RIMA_NEW_ARRAY(c->arena, rima_expr *, fn->param_count + 1);
      call = &none;
    }
    call->fn = fn;
    uint32_t count = rima_emit_arguments(c, call, regs, 1);
    rima_call_fn(c, fn, regs, count, RIMA_NOWHERE);
  }
  rima_code_release(c, mark);
}

static void emit_constructor(rima_compiler *c, rima_fn *fn) {
  rima_class *cls = fn->owner;
  rima_decl *decl = cls->decl->decl;
  rima_param *params = cls->variant ? cls->variant->params : fn->ast ? fn->ast->params : NULL;
  rima_code_open(c, fn->name, fn->unit);
  start_body(c, fn->ast, fn->result);
  add_this(c, fn->self);
  for (uint32_t i = 0; i < fn->param_count; i++) add_param(c, params[i].local, fn->params[i]);
  for (uint32_t i = 0, field = 0; i < fn->param_count; i++)
    if (cls->variant || params[i].is_field) {
      rima_put_field(c, (uint32_t)params[i].local->reg, fn->params[i], (uint32_t)c->code->this_reg,
                     cls->fields[field].slot);
      field++;
    }
  box_params(c, params, fn->param_count);
  if (!cls->variant) construct_super(c, cls);
  bool had_init = false;
  for (uint32_t i = 0; !cls->variant && i < decl->class_.member_count; i++) {
    rima_decl *m = decl->class_.members[i];
    if (m->kind == RIMA_DECL_INIT) rima_emit_block(c, m->init);
    had_init |= m->kind == RIMA_DECL_INIT;
    if (m->kind != RIMA_DECL_VARIABLE || m->is_static || !m->variable.value) continue;
    rima_member *member = rima_map_get(&cls->decl->members, m->variable.pattern->local->name);
    bool is_untouched = !had_init && (!cls->super || cls->super->kind == RIMA_CLASS_MACHINE);
    if (is_untouched && rima_starts_so(c, &cls->fields[member->index], m->variable.value)) continue;
    store_value(c, &cls->fields[member->index], m->variable.value);
  }
  rima_op(c, TZ_OP_RET_VOID, 0, 0, 0);
  close(c, fn);
}

/* ---- initialisers of a unit ---- */

static void init_statics(rima_compiler *c, rima_decl *decl) {
  rima_class_decl *d = decl->info;
  for (uint32_t i = 0; d && i < d->static_count; i++) {
    rima_global *g = d->statics[i];
    if (g->is_constant || !g->variable->value) continue;
    uint32_t mark = rima_code_mark(c);
    rima_line(c, g->variable->value->span);
    uint32_t reg = rima_emit_as(c, g->variable->value, g->type, RIMA_ANYWHERE);
    rima_global_start(c, g, reg);
    rima_code_release(c, mark);
  }
}

/* The last expression of what a REPL was given is printed. */
static bool prints(rima_compiler *c, const rima_unit *unit, uint32_t i) {
  const rima_decl *decl = unit->tree->decls[i];
  return c->options.is_interactive && unit == c->program && i + 1 == unit->tree->count &&
         decl->kind == RIMA_DECL_STMT && decl->stmt->kind == RIMA_STMT_EXPR &&
         decl->stmt->expr->type->kind != RIMA_T_VOID && decl->stmt->expr->type->kind != RIMA_T_NEVER;
}

static void print_value(rima_compiler *c, rima_expr *e) {
  uint32_t text = rima_to_text(c, rima_emit(c, e, RIMA_ANYWHERE), e->type, RIMA_ANYWHERE);
  if (e->type->kind == RIMA_T_NULLABLE) {
    uint32_t joined = rima_reg_for(c, RIMA_KIND(c, STR));
    rima_op_list(c, tz_encode_abc(TZ_OP_CONCAT, joined, 0, 0), &text, 1);
    text = joined;
  }
  rima_call_core(c, rima_intern(c, "printLine"), text, RIMA_KIND(c, VOID), RIMA_NOWHERE);
}

static void emit_init(rima_compiler *c, rima_fn *fn) {
  rima_unit *unit = fn->unit;
  rima_code_open(c, fn->name, unit);
  start_body(c, unit->tree->init, fn->result);
  c->code->has_long_branches = unit->tree->source->length > LONG_BRANCH_SPAN;
  for (uint32_t i = 0; i < unit->tree->count; i++) {
    rima_decl *decl = unit->tree->decls[i];
    if (decl->kind == RIMA_DECL_VARIABLE) {
      rima_line(c, decl->span);
      rima_emit_let(c, &decl->variable);
    }
    if (decl->kind == RIMA_DECL_CLASS || decl->kind == RIMA_DECL_ENUM || decl->kind == RIMA_DECL_INTERFACE)
      init_statics(c, decl);
    if (decl->kind != RIMA_DECL_STMT) continue;
    uint32_t mark = rima_code_mark(c);
    if (prints(c, unit, i)) print_value(c, decl->stmt->expr);
    else rima_emit_stmt(c, decl->stmt);
    if (decl->stmt->kind != RIMA_STMT_LET && decl->stmt->kind != RIMA_STMT_FUN) rima_code_release(c, mark);
  }
  c->code->is_dead = false;
  rima_op(c, TZ_OP_RET_VOID, 0, 0, 0);
  close(c, fn);
}

/* ---- generated methods ---- */

static void structural_text(rima_compiler *c, rima_class *cls, uint32_t self) {
  uint32_t regs[200], count = 0, str = rima_image_type(c, RIMA_KIND(c, STR));
  const char *open = cls->variant ? cls->variant->name.name->text : "";
  bool has_parts = cls->kind == RIMA_CLASS_TUPLE || cls->field_count;
  regs[count++] = rima_reg_new(c, str, 'R');
  const char *first = has_parts ? rima_arena_format(c->arena, "%s(", open) : open;
  rima_emit_constant_text(c, regs[0], first, strlen(first));
  for (uint32_t i = 0; i < cls->field_count && count < 190; i++) {
    if (i) {
      regs[count] = rima_reg_new(c, str, 'R');
      rima_emit_constant_text(c, regs[count++], ", ", 2);
    }
    rima_type *type = rima_field_type(c, &cls->fields[i]);
    uint32_t value = rima_reg_for(c, type);
    rima_op(c, TZ_OP_GETF, value, self, cls->fields[i].slot);
    regs[count++] = rima_to_text(c, value, type, RIMA_ANYWHERE);
  }
  if (has_parts) {
    regs[count] = rima_reg_new(c, str, 'R');
    rima_emit_constant_text(c, regs[count++], ")", 1);
  }
  uint32_t result = rima_reg_new(c, str, 'R');
  rima_op_list(c, tz_encode_abc(TZ_OP_CONCAT, result, 0, 0), regs, count);
  rima_op(c, TZ_OP_RET, result, 0, 0);
}

static void structural_equals(rima_compiler *c, rima_class *cls, uint32_t self, uint32_t other) {
  uint32_t no = rima_label(c), result = rima_reg_for(c, RIMA_KIND(c, BOOL)),
           same = rima_reg_for(c, cls->type);
  rima_op(c, TZ_OP_IS, result, other, rima_image_type(c, cls->type));
  rima_branch_d(c, TZ_OP_JF, result, no);
  rima_op(c, TZ_OP_CAST, same, other, rima_image_type(c, cls->type));
  for (uint32_t i = 0; i < cls->field_count; i++) {
    uint32_t mark = rima_code_mark(c);
    rima_type *type = rima_field_type(c, &cls->fields[i]);
    uint32_t a = rima_reg_for(c, type), b = rima_reg_for(c, type);
    rima_op(c, TZ_OP_GETF, a, self, cls->fields[i].slot);
    rima_op(c, TZ_OP_GETF, b, same, cls->fields[i].slot);
    rima_emit_equals(c, result, a, type, b, type);
    rima_branch_d(c, TZ_OP_JF, result, no);
    rima_code_release(c, mark);
  }
  rima_op_d(c, TZ_OP_CONST_I, result, 1);
  rima_op(c, TZ_OP_RET, result, 0, 0);
  rima_label_here(c, no);
  rima_op_d(c, TZ_OP_CONST_I, result, 0);
  rima_op(c, TZ_OP_RET, result, 0, 0);
}

static void structural_hash(rima_compiler *c, rima_class *cls, uint32_t self) {
  rima_type *int_ = RIMA_KIND(c, INT);
  uint32_t sum = rima_reg_for(c, int_);
  rima_op_d(c, TZ_OP_CONST_I, sum, 17 + cls->tag);
  for (uint32_t i = 0; i < cls->field_count; i++) {
    uint32_t mark = rima_code_mark(c);
    rima_type *type = rima_field_type(c, &cls->fields[i]);
    uint32_t value = rima_reg_for(c, type);
    rima_op(c, TZ_OP_GETF, value, self, cls->fields[i].slot);
    uint32_t hash = rima_emit_hash(c, value, type, RIMA_ANYWHERE);
    rima_op(c, TZ_OP_MUL_II, sum, sum, 31);
    rima_op(c, TZ_OP_ADD_I, sum, sum, hash);
    rima_code_release(c, mark);
  }
  rima_op(c, TZ_OP_RET, sum, 0, 0);
}

void rima_emit_structural(rima_compiler *c, rima_fn *fn) {
  rima_class *cls = fn->owner;
  rima_code_open(c, fn->name, NULL);
  start_body(c, NULL, fn->result);
  uint32_t self = rima_reg_param(c, rima_image_type(c, cls->type), 'R');
  if (fn->structural == RIMA_TO_STRING) {
    structural_text(c, cls, self);
  } else if (fn->structural == RIMA_HASH) {
    structural_hash(c, cls, self);
  } else {
    uint32_t other = rima_reg_param(c, rima_image_type(c, RIMA_KIND(c, OBJECT)), 'R');
    structural_equals(c, cls, self, other);
  }
  close(c, fn);
}

/* ---- closures ---- */

static rima_class *closure_class(rima_compiler *c, const char *name, uint32_t fields) {
  rima_class *cls = rima_class_new(c, RIMA_CLASS_CLOSURE, name, name);
  cls->state = 2;
  cls->is_final = true;
  cls->fields = RIMA_NEW_ARRAY(c->arena, rima_field, fields ? fields : 1);
  return cls;
}

static void closure_field(rima_compiler *c, rima_class *cls, const rima_name *name, rima_type *type) {
  cls->fields[cls->field_count] =
      (rima_field){.name = name, .type = type, .slot = cls->field_count, .owner = cls};
  cls->field_count++;
  (void)c;
}

/* The function behind a closure class, and the signature its callers see. */
static void closure_function(rima_compiler *c, rima_class *cls, const char *name, rima_type *type,
                             rima_unit *unit) {
  rima_fn *fn = rima_fn_new(c, RIMA_FN_PLAIN, NULL, unit);
  fn->name = name;
  fn->has_receiver = true;
  fn->self = cls->type;
  fn->state = 2;
  fn->params = type->items;
  fn->param_count = type->count;
  fn->result = type->of;
  fn->is_queued = true;
  cls->closure_function = fn;
}

static rima_type *capture_type(rima_compiler *c, rima_local *local) {
  return rima_local_is_boxed(local) ? rima_cell_class(c, local->type)->type : local->type;
}

static const char *closure_name(rima_compiler *c, rima_function *ast) {
  rima_source *source = rima_session_source(&c->session, ast->span.start);
  uint32_t line = source ? rima_source_place(&c->session, source, ast->span.start).line : 0;
  const char *kind = ast->kind == RIMA_FUNCTION_SPAWN   ? "spawn"
                     : ast->kind == RIMA_FUNCTION_DEFER ? "defer"
                     : ast->name.name                   ? ast->name.name->text
                                                        : "lambda";
  return rima_arena_format(c->arena, "%s.%s@%u#%u", c->code->name, kind, line, ++c->lambda_count);
}

typedef struct saved_captures {
  int32_t *regs;
  rima_local *this_local;
} saved_captures;

static void enter_closure(rima_compiler *c, rima_function *ast, rima_class *cls, rima_local *own,
                          int32_t *saved) {
  uint32_t self = rima_reg_param(c, rima_image_type(c, cls->type), 'R');
  for (uint32_t i = 0; i < ast->param_count; i++) add_param(c, ast->params[i].local, ast->type->items[i]);
  for (uint32_t i = 0, field = 0; i < ast->capture_count; i++) {
    rima_local *local = ast->captures[i].local;
    saved[i] = local->reg;
    if (local == own) {
      local->reg = (int32_t)self;
      continue;
    }
    rima_type *type = cls->fields[field].type;
    uint32_t reg = rima_reg_private(c, rima_image_type(c, type), rima_type_rep(type));
    rima_op(c, TZ_OP_GETF, reg, self, field++);
    if (local->name == c->names.this_) {
      c->code->this_reg = (int32_t)reg;
      c->code->this_local = local;
    } else {
      local->reg = (int32_t)reg;
    }
  }
  box_params(c, ast->params, ast->param_count);
}

static rima_local *own_local(rima_function *ast) {
  for (uint32_t i = 0; i < ast->capture_count; i++)
    if (ast->captures[i].local->storage == RIMA_STORAGE_LOCAL && ast->name.name &&
        ast->captures[i].local->name == ast->name.name &&
        ast->captures[i].local->span.start == ast->name.span.start)
      return ast->captures[i].local;
  return NULL;
}

uint32_t rima_emit_lambda(rima_compiler *c, rima_function *ast, int32_t dst) {
  const char *name = closure_name(c, ast);
  rima_unit *unit = c->code->unit;
  rima_class *cls = closure_class(c, name, ast->capture_count);
  rima_local *own = own_local(ast);
  for (uint32_t i = 0; i < ast->capture_count; i++)
    if (ast->captures[i].local != own)
      closure_field(c, cls, ast->captures[i].local->name, capture_type(c, ast->captures[i].local));
  closure_function(c, cls, name, ast->type, unit);
  int32_t *saved = RIMA_NEW_ARRAY(c->arena, int32_t, ast->capture_count + 1);
  rima_code_open(c, name, unit);
  c->code->own_local = own;
  start_body(c, ast, ast->result_type);
  enter_closure(c, ast, cls, own, saved);
  emit_body(c, ast, true);
  rima_code_close(c, c->code, rima_image_fn(c, cls->closure_function), 0,
                  rima_image_fn_signature(c, cls->closure_function, true));
  for (uint32_t i = 0; i < ast->capture_count; i++)
    if (ast->captures[i].local->name != c->names.this_) ast->captures[i].local->reg = saved[i];
  uint32_t result = dst >= 0 && !c->code->regs[dst].is_local ? (uint32_t)dst : rima_reg_for(c, ast->type);
  uint32_t mark = rima_code_mark(c), object = rima_reg_new(c, rima_image_type(c, cls->type), 'R');
  rima_emit_new(c, cls, object);
  for (uint32_t i = 0, field = 0; i < ast->capture_count; i++) {
    rima_local *local = ast->captures[i].local;
    if (local == own) continue;
    uint32_t reg = local->name == c->names.this_ ? (uint32_t)c->code->this_reg : (uint32_t)local->reg;
    rima_put_field(c, reg, cls->fields[field].type, object, field);
    field++;
  }
  rima_move(c, result, object);
  rima_code_release(c, mark);
  if (dst < 0 || result == (uint32_t)dst) return result;
  rima_move(c, (uint32_t)dst, result);
  return (uint32_t)dst;
}

rima_class *rima_closure_start(rima_compiler *c, const char *name, rima_type *held, rima_type *type) {
  rima_class *cls = closure_class(c, name, 1);
  if (held) closure_field(c, cls, c->names.this_, held);
  closure_function(c, cls, name, type, c->code->unit);
  rima_code_open(c, name, c->code->unit);
  start_body(c, NULL, type->of);
  return cls;
}

void rima_closure_end(rima_compiler *c, rima_class *cls) {
  rima_code_close(c, c->code, rima_image_fn(c, cls->closure_function), 0,
                  rima_image_fn_signature(c, cls->closure_function, true));
}

uint32_t rima_closure_make(rima_compiler *c, rima_class *cls, uint32_t held) {
  uint32_t made = rima_reg_new(c, rima_image_type(c, cls->type), 'R');
  rima_emit_new(c, cls, made);
  if (cls->field_count) rima_put_field(c, held, cls->fields[0].type, made, 0);
  return made;
}

/* A function, or a method with its object, as a value: a closure that calls it. */
uint32_t rima_emit_bound(rima_compiler *c, rima_fn *fn, rima_expr *object, rima_type *type, int32_t dst) {
  rima_fn_signature(c, fn);
  const char *name = rima_arena_format(c->arena, "%s.ref@%s#%u", c->code->name, fn->name, ++c->lambda_count);
  rima_class *cls = rima_closure_start(c, name, fn->has_receiver ? fn->self : NULL, type);
  uint32_t regs[256], count = 0, self = rima_reg_param(c, rima_image_type(c, cls->type), 'R');
  if (fn->has_receiver) count++;
  for (uint32_t i = 0; i < fn->param_count; i++)
    regs[count++] = rima_reg_param(c, rima_image_type(c, fn->params[i]), rima_type_rep(fn->params[i]));
  if (fn->has_receiver) {
    regs[0] = rima_reg_for(c, fn->self);
    rima_op(c, TZ_OP_GETF, regs[0], self, 0);
  }
  rima_call call = {.kind = RIMA_CALL_METHOD, .fn = fn, .receiver_type = fn->self, .result = fn->result};
  uint32_t value = fn->has_receiver ? rima_call_method(c, &call, regs, count, RIMA_ANYWHERE)
                                    : rima_call_fn(c, fn, regs, count, RIMA_ANYWHERE);
  bool has_result = fn->result->kind != RIMA_T_VOID && fn->result->kind != RIMA_T_NEVER;
  rima_op(c, has_result ? TZ_OP_RET : TZ_OP_RET_VOID, has_result ? value : 0, 0, 0);
  rima_closure_end(c, cls);
  uint32_t result = rima_dst(c, type, dst), mark = rima_code_mark(c);
  uint32_t receiver = !fn->has_receiver ? 0
                      : object          ? rima_emit(c, object, RIMA_ANYWHERE)
                                        : (uint32_t)c->code->this_reg;
  rima_move(c, result, rima_closure_make(c, cls, receiver));
  rima_code_release(c, mark);
  return result;
}

/* spawn f(x): what f is given is computed here, the call happens there. */
static uint32_t spawn_call(rima_compiler *c, rima_expr *e) {
  rima_call *call = e->resolved.decl;
  const char *name = rima_arena_format(c->arena, "%s.spawn#%u", c->code->name, ++c->lambda_count);
  rima_class *cls = closure_class(c, name, call->count + 1);
  rima_call inner = *call;
  rima_type *type = rima_type_func(c, NULL, 0, RIMA_KIND(c, VOID));
  uint32_t regs[256], count = 0;
  rima_expr **stand_ins = RIMA_NEW_ARRAY(c->arena, rima_expr *, call->count + 1);
  inner.args = RIMA_NEW_ARRAY(c->arena, rima_expr *, call->count + 1);
  for (uint32_t i = 0; i <= call->count; i++) {
    rima_expr *arg = i == 0 ? call->receiver : call->args[i - 1];
    if (!arg) continue;
    rima_type *want = i == 0 ? arg->type : call->types[i - 1];
    regs[count++] = rima_emit_as(c, arg, want, RIMA_ANYWHERE);
    closure_field(c, cls, rima_intern(c, rima_arena_format(c->arena, "_%u", i)), want);
    stand_ins[i] = RIMA_NEW(c->arena, rima_expr);
    *stand_ins[i] = (rima_expr){.kind = RIMA_EXPR_NAME, .span = arg->span, .type = want};
    stand_ins[i]->resolved.how = RIMA_HOW_REGISTER;
    if (i) inner.args[i - 1] = stand_ins[i];
    else inner.receiver = stand_ins[i];
  }
  closure_function(c, cls, name, type, c->code->unit);
  rima_code_open(c, name, c->code->unit);
  start_body(c, NULL, RIMA_KIND(c, VOID));
  uint32_t self = rima_reg_param(c, rima_image_type(c, cls->type), 'R');
  for (uint32_t i = 0, field = 0; i <= call->count; i++) {
    if (!stand_ins[i]) continue;
    stand_ins[i]->resolved.reg = (int32_t)rima_reg_private(c, rima_image_type(c, stand_ins[i]->type),
                                                           rima_type_rep(stand_ins[i]->type));
    rima_op(c, TZ_OP_GETF, (uint32_t)stand_ins[i]->resolved.reg, self, field++);
  }
  rima_line(c, e->span);
  rima_emit_call(c, NULL, &inner, RIMA_NOWHERE);
  rima_op(c, TZ_OP_RET_VOID, 0, 0, 0);
  rima_code_close(c, c->code, rima_image_fn(c, cls->closure_function), 0,
                  rima_image_fn_signature(c, cls->closure_function, true));
  uint32_t made = rima_reg_new(c, rima_image_type(c, cls->type), 'R');
  rima_emit_new(c, cls, made);
  for (uint32_t i = 0; i < count; i++) rima_put_field(c, regs[i], cls->fields[i].type, made, i);
  return made;
}

uint32_t rima_emit_spawn(rima_compiler *c, rima_expr *e, int32_t dst) {
  uint32_t result = rima_dst(c, e->type, dst), mark = rima_code_mark(c);
  uint32_t closure =
      e->spawn.block ? rima_emit_lambda(c, e->spawn.block, RIMA_ANYWHERE) : spawn_call(c, e->spawn.call);
  rima_line(c, e->span);
  rima_op(c, TZ_OP_SPAWN, result, closure, 0);
  rima_code_release(c, mark);
  return result;
}

/* ---- dispatch ---- */

/* Natives and methods without a body have nothing but parameters to check. */
static bool has_code(const rima_fn *fn) {
  if (!fn->ast || fn->kind == RIMA_FN_DEFAULT) return true;
  return !fn->ast->is_native && (fn->kind != RIMA_FN_METHOD || fn->ast->body || fn->ast->value);
}

static void check_and_emit(rima_compiler *c, rima_fn *fn) {
  rima_saved_context saved;
  uint32_t errors = c->diagnostics.error_count;
  rima_fn_signature(c, fn); /* may look at the body for the result's type */
  if (fn->ast) fn->ast->is_busy = true;
  rima_fn_enter(c, fn, &saved);
  uint32_t undo = c->undo_count;
  rima_check_fn(c, fn);
  rima_narrow_restore(c, undo);
  if (has_code(fn) && c->diagnostics.error_count == errors && !c->has_errors &&
      c->diagnostics.error_count == 0) {
    switch ((rima_fn_kind)fn->kind) {
    case RIMA_FN_CONSTRUCTOR: emit_constructor(c, fn); break;
    case RIMA_FN_DEFAULT: emit_default_fn(c, fn); break;
    case RIMA_FN_INIT: emit_init(c, fn); break;
    default: emit_plain(c, fn);
    }
  }
  rima_context_leave(c, &saved);
  if (fn->ast) fn->ast->is_busy = false;
}

void rima_emit_fn(rima_compiler *c, rima_fn *fn) {
  if (fn->kind == RIMA_FN_OBJECT || (!has_code(fn) && !fn->unit->is_user)) return;
  if (fn->kind == RIMA_FN_STRUCTURAL) {
    if (!c->diagnostics.error_count) rima_emit_structural(c, fn);
    return;
  }
  if (fn->kind == RIMA_FN_DYNAMIC || fn->kind == RIMA_FN_ADAPTER) {
    if (c->diagnostics.error_count || c->has_errors) return;
    if (fn->kind == RIMA_FN_DYNAMIC) rima_emit_dynamic(c, fn);
    else rima_emit_adapter(c, fn);
    return;
  }
  check_and_emit(c, fn);
}
