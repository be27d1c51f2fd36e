/* emit_call.c: calls: static where the target is known, inlined where it is a single expression. */
#include "code.h"
#include <string.h>

/* ---- arguments ---- */

/* An argument, copied if it is a variable that a later one assigns. */
static uint32_t emit_argument(rima_compiler *c, rima_expr *arg, rima_type *want, bool is_guarded) {
  uint32_t reg = rima_emit_as(c, arg, want, RIMA_ANYWHERE);
  if (!is_guarded || !c->code->regs[reg].is_local) return reg;
  uint32_t copy = rima_reg_for(c, want);
  rima_move(c, copy, reg);
  return copy;
}

static bool is_plain_literal(const rima_expr *e) {
  if (e->kind == RIMA_EXPR_UNARY && e->op == RIMA_UNARY_NEGATE) e = e->operand;
  return e->kind == RIMA_EXPR_INT || e->kind == RIMA_EXPR_FLOAT || e->kind == RIMA_EXPR_BOOL ||
         e->kind == RIMA_EXPR_NULL || e->kind == RIMA_EXPR_STRING;
}

static rima_param *param_of(rima_fn *fn, uint32_t i) {
  if (fn->kind == RIMA_FN_CONSTRUCTOR && fn->owner->variant) return &fn->owner->variant->params[i];
  return fn->ast ? &fn->ast->params[i] : NULL;
}

static rima_fn *default_fn(rima_compiler *c, rima_fn *fn, uint32_t i, rima_param *param) {
  if (fn->defaults[i]) return fn->defaults[i];
  rima_fn *d = rima_fn_new(c, RIMA_FN_DEFAULT, fn->ast, fn->unit);
  d->owner = fn->owner;
  d->extension = fn->extension;
  d->extension_args = fn->extension_args;
  d->args = fn->args;
  d->of = fn;
  d->of_index = i;
  d->default_value = param->default_value;
  d->self = fn->self;
  d->has_receiver = fn->has_receiver && fn->kind != RIMA_FN_CONSTRUCTOR;
  d->params = fn->params;
  d->param_count = i;
  d->result = fn->params[i];
  d->state = 2;
  d->name = rima_arena_format(c->arena, "%s.default.%s", fn->name, param->local->name->text);
  return fn->defaults[i] = d;
}

/* args: the arguments before this one; a method's receiver stands before them. */
static uint32_t emit_default(rima_compiler *c, rima_fn *fn, uint32_t i, const uint32_t *args) {
  rima_param *param = param_of(fn, i);
  if (!param) {
    uint32_t reg = rima_reg_for(c, fn->params[i]);
    if (i == 0) rima_emit_constant_text(c, reg, fn->name, strlen(fn->name));
    else rima_op(c, TZ_OP_NULL, reg, 0, 0);
    return reg;
  }
  if (is_plain_literal(param->default_value)) {
    rima_check_to(c, param->default_value, fn->params[i], "default value");
    if (c->diagnostics.error_count) return rima_reg_for(c, fn->params[i]);
    return rima_emit_as(c, param->default_value, fn->params[i], RIMA_ANYWHERE);
  }
  rima_fn *d = default_fn(c, fn, i, param);
  return rima_call_fn(c, d, args - d->has_receiver, i + d->has_receiver, RIMA_ANYWHERE);
}

/* Arguments behind what regs already holds (count registers). */
uint32_t rima_emit_arguments(rima_compiler *c, rima_call *call, uint32_t *regs, uint32_t count) {
  const uint32_t *args = regs + count;
  bool guarded[256] = {false};
  bool later = false;
  for (uint32_t i = call->count; i-- > 0;) {
    guarded[i & 255] = later;
    later |= call->args[i] && call->args[i]->resolved.flags & RIMA_FLAG_ASSIGNS;
  }
  for (uint32_t i = 0; i < call->count; i++) {
    if (i >= RIMA_MOST_PARAMETERS) {
      rima_error(&c->diagnostics, call->args[i]->span, "more than %d arguments", RIMA_MOST_PARAMETERS);
      return count;
    }
    if (call->args[i]) regs[count] = emit_argument(c, call->args[i], call->types[i], guarded[i & 255]);
    else regs[count] = emit_default(c, call->fn, i, args);
    count++;
  }
  return count;
}

static bool args_assign(const rima_call *call) {
  for (uint32_t i = 0; i < call->count; i++)
    if (call->args[i] && call->args[i]->resolved.flags & RIMA_FLAG_ASSIGNS) return true;
  return false;
}

/* ---- the call instructions ---- */

static uint32_t result_reg(rima_compiler *c, rima_type *type, int32_t dst) {
  if (type->kind == RIMA_T_VOID || type->kind == RIMA_T_NEVER || dst == RIMA_NOWHERE) return TZ_REG_DISCARD;
  return rima_dst(c, type, dst);
}

uint32_t rima_call_fn(rima_compiler *c, rima_fn *fn, const uint32_t *args, uint32_t count, int32_t dst) {
  rima_fn_signature(c, fn);
  uint32_t result = result_reg(c, fn->result, dst);
  rima_reach_fn(c, fn);
  rima_op_list(c, tz_encode_ad(TZ_OP_CALL, result, rima_image_fn(c, fn)), args, count);
  return result == TZ_REG_DISCARD ? 0 : result;
}

uint32_t rima_call_core(rima_compiler *c, const rima_name *name, uint32_t reg, rima_type *result,
                        int32_t dst) {
  rima_entity *e = rima_map_get(&c->core->scope, name);
  if (!e || e->kind != RIMA_ENTITY_FUNCTION) {
    rima_error(&c->diagnostics, (rima_span){0, 0}, "the library's core has no function %s", name->text);
    return rima_dst(c, result, dst);
  }
  return rima_call_fn(c, rima_fn_instance(c, e->decl->function, c->core, NULL, NULL, NULL, NULL), &reg, 1,
                      dst);
}

static void slot_patch(rima_compiler *c, uint32_t word, rima_fn *root) {
  rima_slot_patch *p = RIMA_NEW(c->arena, rima_slot_patch);
  *p = (rima_slot_patch){word, root};
  rima_list_add(c->arena, &c->code->slot_words, p);
}

/* Through a vtable slot or an interface. The declared result of the root may be wider than what is known
 * here. */
static uint32_t call_dispatched(rima_compiler *c, rima_fn *root, rima_type *result, const uint32_t *args,
                                uint32_t count, int32_t dst) {
  bool is_interface = root->owner && root->owner->kind == RIMA_CLASS_INTERFACE;
  rima_fn_signature(c, root);
  rima_reach_virtual(c, root);
  bool has_result = result->kind != RIMA_T_VOID && result->kind != RIMA_T_NEVER && dst != RIMA_NOWHERE;
  bool same = has_result && rima_image_type(c, root->result) == rima_image_type(c, result);
  uint32_t reg = !has_result ? TZ_REG_DISCARD
                 : same      ? rima_dst(c, result, dst)
                             : rima_reg_for(c, root->result);
  uint32_t word = c->code->count;
  uint32_t slot = root->has_slot && !is_interface ? root->slot : 0;
  uint32_t site = rima_site(c, is_interface ? TZ_SITE_INTERFACE : TZ_SITE_VIRTUAL, NULL);
  rima_op_list(c, tz_encode_abc(is_interface ? TZ_OP_CALL_INTERFACE : TZ_OP_CALL_VIRTUAL, reg, slot, site),
               args, count);
  if (root->kind != RIMA_FN_OBJECT) slot_patch(c, word, root);
  if (!has_result) return 0;
  if (same) return reg;
  uint32_t cast = dst >= 0 && c->code->regs[dst].type == rima_image_type(c, result) ? (uint32_t)dst
                                                                                    : rima_reg_for(c, result);
  rima_op(c, TZ_OP_CAST, cast, reg, rima_image_type(c, result));
  if (dst < 0 || (uint32_t)dst == cast) return cast;
  rima_move(c, (uint32_t)dst, cast);
  return (uint32_t)dst;
}

/* ---- inlining ---- */

enum { INLINE_UNKNOWN, INLINE_YES, INLINE_NO };

static uint32_t tree_size(const rima_expr *e, uint32_t limit);
static uint32_t list_size(rima_expr *const *items, uint32_t count, uint32_t limit) {
  uint32_t size = 0;
  for (uint32_t i = 0; i < count && size <= limit; i++) size += tree_size(items[i], limit);
  return size;
}

/* Nodes in a tree of the simple kinds; beyond the limit for others. */
static uint32_t tree_size(const rima_expr *e, uint32_t limit) {
  uint32_t size = 1;
  switch ((rima_expr_kind)e->kind) {
  case RIMA_EXPR_INT:
  case RIMA_EXPR_FLOAT:
  case RIMA_EXPR_BOOL:
  case RIMA_EXPR_NULL:
  case RIMA_EXPR_STRING:
  case RIMA_EXPR_NAME:
  case RIMA_EXPR_THIS: return 1;
  case RIMA_EXPR_MEMBER: return 1 + tree_size(e->member.object, limit);
  case RIMA_EXPR_INDEX:
    if (!e->index.index) return limit + 1;
    return 1 + tree_size(e->index.object, limit) + tree_size(e->index.index, limit);
  case RIMA_EXPR_UNARY: return 1 + tree_size(e->operand, limit);
  case RIMA_EXPR_BINARY: return 1 + tree_size(e->binary.left, limit) + tree_size(e->binary.right, limit);
  case RIMA_EXPR_CALL:
    size += tree_size(e->call.callee, limit);
    for (uint32_t i = 0; i < e->call.count && size <= limit; i++)
      size += tree_size(e->call.args[i].value, limit);
    return size + 1;
  case RIMA_EXPR_TUPLE: return 1 + list_size(e->list.items, e->list.count, limit);
  default: return limit + 1;
  }
}

/* Nothing that can throw: a stack trace would miss the inlined function. Names, fields, arithmetic that
 * cannot fail. */
static bool is_calm(rima_compiler *c, const rima_expr *e) {
  switch ((rima_expr_kind)e->kind) {
  case RIMA_EXPR_INT:
  case RIMA_EXPR_FLOAT:
  case RIMA_EXPR_BOOL:
  case RIMA_EXPR_NULL:
  case RIMA_EXPR_STRING:
  case RIMA_EXPR_NAME:
  case RIMA_EXPR_THIS: return true;
  case RIMA_EXPR_MEMBER: return is_calm(c, e->member.object);
  case RIMA_EXPR_UNARY: return e->op != RIMA_UNARY_NOT_NULL && is_calm(c, e->operand);
  case RIMA_EXPR_BINARY:
    return e->op != RIMA_BINARY_DIV && e->op != RIMA_BINARY_REM && e->op != RIMA_BINARY_IN &&
           e->op != RIMA_BINARY_NOT_IN && is_calm(c, e->binary.left) && is_calm(c, e->binary.right);
  case RIMA_EXPR_TUPLE:
    for (uint32_t i = 0; i < e->list.count; i++)
      if (!is_calm(c, e->list.items[i])) return false;
    return true;
  case RIMA_EXPR_CALL: /* xs.len() */
    return e->call.count == 0 && e->call.callee->kind == RIMA_EXPR_MEMBER &&
           e->call.callee->member.name.name == c->names.len && is_calm(c, e->call.callee->member.object);
  default: return false;
  }
}

/* The one expression a function consists of, or the one field assignment; NULL otherwise. */
static rima_expr *only_value(const rima_function *ast) {
  if (ast->value) return ast->value;
  if (!ast->body || ast->body->count != 1) return NULL;
  rima_stmt *s = ast->body->stmts[0];
  return s->kind == RIMA_STMT_RETURN ? s->expr : NULL;
}

static rima_stmt *only_assignment(const rima_function *ast) {
  if (!ast->body || ast->body->count != 1) return NULL;
  rima_stmt *s = ast->body->stmts[0];
  return s->kind == RIMA_STMT_ASSIGN && s->assign.target->kind != RIMA_EXPR_INDEX ? s : NULL;
}

static bool is_inlinable(rima_compiler *c, rima_fn *fn) {
  rima_function *ast = fn->ast;
  if (!ast || (fn->kind != RIMA_FN_METHOD && fn->kind != RIMA_FN_EXTENSION && fn->kind != RIMA_FN_PLAIN))
    return false;
  if (fn->inlining == INLINE_UNKNOWN) {
    fn->inlining = INLINE_NO;
    enum { LIMIT = 16 };
    bool simple = !ast->is_native && !ast->is_abstract && !ast->has_lambda && !ast->has_spawn &&
                  !ast->has_select && !ast->has_try && !ast->has_defer && !ast->has_loop &&
                  ast->param_count <= 6;
    rima_expr *value = only_value(ast);
    rima_stmt *put = value ? NULL : only_assignment(ast);
    bool keeps_trace =
        !fn->unit->is_user ||
        (value ? is_calm(c, value) : put && is_calm(c, put->assign.value) && is_calm(c, put->assign.target));
    simple &= keeps_trace && !(put && (put->op == RIMA_BINARY_DIV || put->op == RIMA_BINARY_REM));
    if (simple && value && tree_size(value, LIMIT) <= LIMIT) fn->inlining = INLINE_YES;
    if (simple && put && !ast->result &&
        tree_size(put->assign.value, LIMIT) + tree_size(put->assign.target, LIMIT) <= LIMIT)
      fn->inlining = INLINE_YES;
    for (uint32_t i = 0; i < ast->param_count; i++)
      if (ast->params[i].local->is_assigned) fn->inlining = INLINE_NO;
  }
  return fn->inlining == INLINE_YES && !ast->is_busy;
}

typedef struct inlined {
  rima_saved_context saved;
  rima_local *this_local;
  int32_t this_reg;
  rima_exit *exits;
} inlined;

/* Checks fn's body anew and binds its parameters to registers. */
static void inline_enter(rima_compiler *c, rima_fn *fn, const uint32_t *regs, inlined *in) {
  rima_fn_signature(c, fn);
  rima_fn_enter(c, fn, &in->saved);
  fn->ast->is_busy = true;
  c->inline_depth++;
  rima_check_fn(c, fn);
  in->this_local = c->code->this_local;
  in->this_reg = c->code->this_reg;
  if (fn->has_receiver) {
    c->code->this_local = c->cx.this_local;
    c->code->this_reg = (int32_t)*regs++;
  }
  for (uint32_t i = 0; i < fn->param_count; i++) fn->ast->params[i].local->reg = (int32_t)regs[i];
}

static void inline_leave(rima_compiler *c, rima_fn *fn, inlined *in) {
  c->code->this_local = in->this_local;
  c->code->this_reg = in->this_reg;
  c->inline_depth--;
  fn->ast->is_busy = false;
  rima_context_leave(c, &in->saved);
}

static uint32_t emit_inlined(rima_compiler *c, rima_fn *fn, const uint32_t *regs, int32_t dst) {
  inlined in;
  inline_enter(c, fn, regs, &in);
  rima_expr *value = only_value(fn->ast);
  uint32_t result = 0;
  if (c->diagnostics.error_count) result = rima_reg_for(c, RIMA_KIND(c, DYN)); /* wrong for these types */
  else if (!value) rima_emit_stmt(c, only_assignment(fn->ast));
  else if (fn->result->kind == RIMA_T_VOID || dst == RIMA_NOWHERE) rima_emit_discard(c, value);
  else result = rima_emit_as(c, value, fn->result, dst);
  inline_leave(c, fn, &in);
  return result;
}

bool rima_may_inline(rima_compiler *c, rima_call *call) {
  return call->fn && c->inline_depth < 4 && !call->is_safe && is_inlinable(c, call->fn) &&
         (call->kind == RIMA_CALL_STATIC ||
          (call->kind == RIMA_CALL_METHOD && (call->is_super || !rima_must_dispatch(c, call))));
}

/* ---- methods ---- */

/* Whether the method to call is found out at run time. */
bool rima_must_dispatch(rima_compiler *c, const rima_call *call) {
  rima_fn *fn = call->fn;
  if (call->is_super || fn->kind != RIMA_FN_METHOD) return false;
  rima_class *seen = rima_type_class(c, call->receiver_type);
  bool has_body = fn->ast->body || fn->ast->value || fn->ast->is_native;
  if (seen && seen->is_final && has_body) return false;
  if (fn->ast->type_param_count) return false; /* generic methods have no slots */
  if (fn->owner->kind == RIMA_CLASS_INTERFACE) return true;
  return !has_body || rima_is_overridden(c, fn);
}

uint32_t rima_call_method(rima_compiler *c, rima_call *call, uint32_t *regs, uint32_t count, int32_t dst) {
  rima_fn *fn = call->fn;
  rima_fn_signature(c, fn);
  if (!rima_must_dispatch(c, call)) return rima_call_fn(c, fn, regs, count, dst);
  rima_fn *root = rima_method_root(c, fn);
  if (root->kind != RIMA_FN_OBJECT && root->owner->kind == RIMA_CLASS_INTERFACE) {
    uint32_t interface = rima_image_type(c, root->owner->type);
    if (c->code->regs[regs[0]].type != interface) {
      uint32_t as_interface = rima_reg_new(c, interface, 'R');
      rima_move(c, as_interface, regs[0]);
      regs[0] = as_interface;
    }
  }
  return call_dispatched(c, root, fn->result, regs, count, dst);
}

static uint32_t emit_receiver(rima_compiler *c, rima_call *call) {
  bool is_guarded = args_assign(call);
  uint32_t reg = rima_emit(c, call->receiver, RIMA_ANYWHERE);
  rima_type *from = call->receiver->type;
  if (call->is_safe) reg = rima_convert(c, reg, from, rima_type_strip(from), RIMA_ANYWHERE);
  if (call->fn && call->fn->self && call->fn->kind == RIMA_FN_EXTENSION)
    reg = rima_convert(c, reg, call->is_safe ? rima_type_strip(from) : from, call->fn->self, RIMA_ANYWHERE);
  if (!is_guarded || !c->code->regs[reg].is_local) return reg;
  uint32_t copy = rima_reg_new(c, c->code->regs[reg].type, c->code->regs[reg].rep);
  rima_move(c, copy, reg);
  return copy;
}

static uint32_t emit_method_call(rima_compiler *c, rima_call *call, int32_t dst) {
  uint32_t regs[256];
  regs[0] = emit_receiver(c, call);
  uint32_t count = rima_emit_arguments(c, call, regs, 1);
  if (rima_may_inline(c, call)) return emit_inlined(c, call->fn, regs, dst);
  return rima_call_method(c, call, regs, count, dst);
}

/* A call for which rima_is_tail_call. */
void rima_emit_tail_call(rima_compiler *c, rima_expr *e) {
  rima_call *call = e->resolved.decl;
  uint32_t regs[256], count = 0;
  bool is_closure = call->kind == RIMA_CALL_CLOSURE;
  rima_line(c, e->span);
  if (is_closure) regs[count++] = rima_emit(c, call->receiver, RIMA_ANYWHERE);
  if (call->kind == RIMA_CALL_METHOD) regs[count++] = emit_receiver(c, call);
  count = rima_emit_arguments(c, call, regs, count);
  rima_line(c, e->span);
  if (is_closure) {
    rima_op_list(c, tz_encode_abc(TZ_OP_TAIL_CLOSURE, 0, 0, rima_site(c, TZ_SITE_CLOSURE, NULL)), regs,
                 count);
    return;
  }
  rima_reach_fn(c, call->fn);
  rima_op_list(c, tz_encode_ad(TZ_OP_TAIL_CALL, 0, rima_image_fn(c, call->fn)), regs, count);
}

/* ---- construction ---- */

void rima_emit_new(rima_compiler *c, rima_class *cls, uint32_t dst) {
  rima_reach_class(c, cls);
  rima_op_d(c, TZ_OP_NEW, dst, rima_image_class(c, cls));
}

static bool is_zero_literal(const rima_expr *e) {
  return (e->kind == RIMA_EXPR_INT && e->integer == 0) || e->kind == RIMA_EXPR_NULL ||
         (e->kind == RIMA_EXPR_BOOL && !e->boolean) || (e->kind == RIMA_EXPR_FLOAT && e->number == 0);
}

/* Zero bits are what a new instance holds, except where the field is dynamic. */
bool rima_starts_so(rima_compiler *c, rima_field *f, const rima_expr *value) {
  if (!is_zero_literal(value)) return false;
  return value->kind == RIMA_EXPR_NULL || rima_type_rep(rima_field_type(c, f)) != 'Y';
}

/* A constructor that only stores parameters and literals needs no call. */
static bool is_trivial_constructor(rima_compiler *c, rima_class *cls) {
  if (cls->kind == RIMA_CLASS_VARIANT) return true;
  rima_decl *decl = cls->decl->decl;
  if (cls->super || decl->class_.super_call >= 0) return false;
  uint32_t stores = 0;
  for (uint32_t i = 0; i < decl->class_.member_count; i++) {
    rima_decl *m = decl->class_.members[i];
    if (m->kind == RIMA_DECL_INIT) return false;
    if (m->kind != RIMA_DECL_VARIABLE || m->is_static || !m->variable.value) continue;
    rima_field *f =
        &cls->fields[((rima_member *)rima_map_get(&cls->decl->members, m->variable.pattern->local->name))
                         ->index];
    if (!is_plain_literal(m->variable.value)) return false;
    stores += !rima_starts_so(c, f, m->variable.value);
  }
  return stores <= 4;
}

static void store_literals(rima_compiler *c, rima_class *cls, uint32_t object) {
  if (cls->kind == RIMA_CLASS_VARIANT) return;
  for (uint32_t i = 0; i < cls->field_count; i++) {
    rima_field *f = &cls->fields[i];
    if (!f->variable || !f->variable->value || rima_starts_so(c, f, f->variable->value)) continue;
    uint32_t mark = rima_code_mark(c);
    rima_type *type = rima_field_type(c, f);
    rima_check(c, f->variable->value, type);
    rima_put_field(c, rima_emit_as(c, f->variable->value, type, RIMA_ANYWHERE), type, object, f->slot);
    rima_code_release(c, mark);
  }
}

static void store_params(rima_compiler *c, rima_class *cls, uint32_t object, const uint32_t *regs) {
  if (cls->kind == RIMA_CLASS_VARIANT) {
    for (uint32_t i = 0; i < cls->field_count; i++)
      rima_put_field(c, regs[i], cls->fields[i].type, object, i);
    return;
  }
  rima_function *ast = cls->constructor->ast;
  for (uint32_t i = 0, field = 0; ast && i < ast->param_count; i++)
    if (ast->params[i].is_field) {
      rima_put_field(c, regs[i], rima_field_type(c, &cls->fields[field]), object, cls->fields[field].slot);
      field++;
    }
}

static uint32_t emit_machine_error(rima_compiler *c, rima_call *call, uint32_t result) {
  uint32_t regs[4];
  rima_emit_arguments(c, call, regs, 0);
  rima_emit_new(c, call->cls, result);
  rima_op(c, TZ_OP_PUTF_R, regs[0], result, 0);
  if (call->args[1]) rima_op(c, TZ_OP_PUTF_R, regs[1], result, 1);
  return result;
}

static uint32_t emit_new_call(rima_compiler *c, rima_call *call, int32_t dst) {
  rima_class *cls = call->cls;
  rima_class_declare(c, cls);
  if (cls->kind == RIMA_CLASS_VARIANT && !cls->variant->param_count) {
    rima_reach_class(c, cls);
    uint32_t result = rima_dst(c, cls->type, dst);
    rima_op_d(c, TZ_OP_GETG, result, rima_image_global(c, cls->singleton));
    return result;
  }
  uint32_t result = rima_safe_dst(c, cls->type, dst), regs[256], mark = rima_code_mark(c);
  if (cls->kind == RIMA_CLASS_MACHINE) {
    emit_machine_error(c, call, result);
  } else if (is_trivial_constructor(c, cls)) {
    rima_emit_arguments(c, call, regs, 0);
    rima_emit_new(c, cls, result);
    store_params(c, cls, result, regs);
    store_literals(c, cls, result);
  } else {
    regs[0] = result;
    uint32_t count = rima_emit_arguments(c, call, regs, 1);
    rima_emit_new(c, cls, result);
    rima_call_fn(c, rima_class_constructor(c, cls), regs, count, RIMA_NOWHERE);
  }
  rima_code_release(c, mark);
  if (dst < 0 || result == (uint32_t)dst) return result;
  rima_move(c, (uint32_t)dst, result);
  return (uint32_t)dst;
}

/* ---- the other kinds ---- */

static uint32_t emit_closure_call(rima_compiler *c, rima_call *call, int32_t dst) {
  uint32_t regs[256], mark = rima_code_mark(c);
  uint32_t result = result_reg(c, call->result, dst);
  regs[0] = emit_argument(c, call->receiver, call->receiver_type, args_assign(call));
  uint32_t count = rima_emit_arguments(c, call, regs, 1);
  rima_op_list(c, tz_encode_abc(TZ_OP_CALL_CLOSURE, result, 0, rima_site(c, TZ_SITE_CLOSURE, NULL)), regs,
               count);
  rima_code_release_but(c, mark, result);
  return result == TZ_REG_DISCARD ? 0 : result;
}

static uint32_t emit_dynamic_call(rima_compiler *c, rima_call *call, int32_t dst) {
  rima_type *dyn = RIMA_KIND(c, DYN);
  uint32_t regs[256], mark = rima_code_mark(c);
  uint32_t result = result_reg(c, dyn, dst);
  regs[0] = emit_argument(c, call->receiver, dyn, args_assign(call));
  uint32_t count = rima_emit_arguments(c, call, regs, 1);
  rima_reach_dynamic(c, call->name ? call->name : c->names.invoke, call->count);
  uint32_t site = rima_site(c, TZ_SITE_CALL, call->name ? call->name->text : NULL);
  rima_op_list(c, tz_encode_abc(TZ_OP_CALL_ANY, result, 0, site), regs, count);
  rima_code_release_but(c, mark, result);
  return result == TZ_REG_DISCARD ? 0 : result;
}

static uint32_t emit_convert(rima_compiler *c, rima_call *call, int32_t dst) {
  rima_expr *arg = call->args[0];
  rima_type *from = arg->type, *to = call->result;
  if (dst == RIMA_NOWHERE) dst = RIMA_ANYWHERE;
  if (from == to) return rima_emit(c, arg, dst);
  uint32_t result = rima_dst(c, to, dst), mark = rima_code_mark(c);
  uint32_t reg = rima_emit(c, arg, RIMA_ANYWHERE);
  if (to->kind == RIMA_T_STR) {
    rima_to_text(c, reg, from, (int32_t)result);
  } else if (from->kind == RIMA_T_DYN && to->kind == RIMA_T_INT) { /* an int or a float */
    uint32_t kind = rima_reg_for(c, to), wide = rima_reg_for(c, RIMA_KIND(c, FLOAT)),
             is_float = rima_label(c), end = rima_label(c);
    rima_op(c, TZ_OP_KIND_ANY, kind, reg, 0);
    rima_branch(c, TZ_OP_JEQ_II, kind, 3, is_float);
    rima_op(c, TZ_OP_I_ANY, result, reg, 0);
    rima_branch_d(c, TZ_OP_JMP, 0, end);
    rima_label_here(c, is_float);
    rima_op(c, TZ_OP_F_ANY, wide, reg, 0);
    rima_op(c, TZ_OP_F_TO_I, result, wide, 0);
    rima_label_here(c, end);
  } else if (from->kind == RIMA_T_DYN) {
    rima_convert(c, reg, from, to, (int32_t)result);
  } else if (to->kind == RIMA_T_FLOAT) {
    rima_op(c, TZ_OP_I_TO_F, result, reg, 0);
  } else if (from->kind == RIMA_T_FLOAT) {
    rima_op(c, TZ_OP_F_TO_I, result, reg, 0);
  } else {
    rima_move(c, result, reg);
  }
  rima_code_release(c, mark);
  return result;
}

static uint32_t emit_new_array(rima_compiler *c, rima_call *call, int32_t dst) {
  rima_type *type = call->result;
  uint32_t result = rima_safe_dst(c, type, dst), mark = rima_code_mark(c);
  uint32_t n = emit_argument(c, call->args[0], RIMA_KIND(c, INT), args_assign(call));
  rima_op(c, TZ_OP_NEW_ARRAY, result, n, rima_image_type(c, type));
  if (call->count == 2) {
    uint32_t value = rima_emit_as(c, call->args[1], call->types[1], RIMA_ANYWHERE),
             i = rima_reg_for(c, RIMA_KIND(c, INT));
    uint32_t top = rima_label(c), end = rima_label(c);
    rima_op_d(c, TZ_OP_CONST_I, i, 0);
    rima_branch(c, TZ_OP_JLE_I, n, i, end);
    rima_label_here(c, top);
    rima_op(c, rima_store_op(type->of), value, result, i);
    rima_branch(c, TZ_OP_FOR_I, i, n, top);
    rima_label_here(c, end);
  }
  rima_code_release(c, mark);
  if (dst < 0 || result == (uint32_t)dst) return result;
  rima_move(c, (uint32_t)dst, result);
  return (uint32_t)dst;
}

/* ch.tryRecv(): a select with one case that does not wait. */
static uint32_t emit_try_recv(rima_compiler *c, rima_call *call, int32_t dst) {
  rima_type *element = call->receiver_type->of;
  uint32_t result = rima_safe_dst(c, call->result, dst), mark = rima_code_mark(c);
  uint32_t pair[2] = {rima_emit(c, call->receiver, RIMA_ANYWHERE), rima_reg_for(c, element)};
  uint32_t taken = rima_reg_for(c, RIMA_KIND(c, INT)), end = rima_label(c);
  rima_op_d(c, TZ_OP_CONST_I, taken, 0);
  rima_op_list(c, tz_encode_abc(TZ_OP_SELECT, taken, taken, 0), pair, 2);
  rima_op(c, TZ_OP_NULL, result, 0, 0);
  rima_branch(c, TZ_OP_JLT_II, taken, 0, end);
  rima_convert(c, pair[1], element, call->result, (int32_t)result);
  rima_label_here(c, end);
  rima_code_release(c, mark);
  if (dst < 0 || result == (uint32_t)dst) return result;
  rima_move(c, (uint32_t)dst, result);
  return (uint32_t)dst;
}

static uint32_t emit_variant_name(rima_compiler *c, rima_call *call, int32_t dst) {
  rima_class *cls = call->receiver_type->cls;
  if (cls->kind == RIMA_CLASS_VARIANT) cls = cls->super;
  uint32_t result = rima_safe_dst(c, RIMA_KIND(c, STR), dst), mark = rima_code_mark(c), end = rima_label(c);
  uint32_t object = rima_emit(c, call->receiver, RIMA_ANYWHERE), tag = rima_reg_for(c, RIMA_KIND(c, INT));
  rima_class_variant(c, cls, 0);
  rima_op(c, TZ_OP_TAG, tag, object, 0);
  for (uint32_t i = 0; i < cls->variant_count; i++) {
    uint32_t next = rima_label(c);
    const rima_name *name = cls->decl->decl->class_.variants[i].name.name;
    if (i + 1 < cls->variant_count) rima_branch(c, TZ_OP_JNE_II, tag, i, next);
    rima_emit_constant_text(c, result, name->text, name->length);
    if (i + 1 < cls->variant_count) rima_branch_d(c, TZ_OP_JMP, 0, end);
    rima_label_here(c, next);
  }
  rima_label_here(c, end);
  rima_code_release(c, mark);
  if (dst < 0 || result == (uint32_t)dst) return result;
  rima_move(c, (uint32_t)dst, result);
  return (uint32_t)dst;
}

static uint32_t emit_values(rima_compiler *c, rima_call *call, int32_t dst) {
  rima_class *cls = call->cls;
  rima_expr **items = RIMA_NEW_ARRAY(c->arena, rima_expr *, cls->decl->decl->class_.variant_count + 1);
  uint32_t n = cls->decl->decl->class_.variant_count;
  for (uint32_t i = 0; i < n; i++) {
    items[i] = RIMA_NEW(c->arena, rima_expr);
    rima_class *variant = rima_class_variant(c, cls, i);
    rima_class_declare(c, variant);
    *items[i] = (rima_expr){.kind = RIMA_EXPR_NAME, .type = cls->type};
    items[i]->resolved.how = RIMA_HOW_SINGLETON;
    items[i]->resolved.decl = variant;
  }
  return rima_emit_list_of(c, call->result, items, n, dst);
}

static uint32_t emit_intrinsic(rima_compiler *c, rima_call *call, int32_t dst) {
  if (dst == RIMA_NOWHERE) dst = RIMA_ANYWHERE;
  switch ((rima_intrinsic)call->intrinsic) {
  case RIMA_IN_ARRAY_NEW: return emit_new_array(c, call, dst);
  case RIMA_IN_TRY_RECV: return emit_try_recv(c, call, dst);
  case RIMA_IN_NAME: return emit_variant_name(c, call, dst);
  case RIMA_IN_VALUES: return emit_values(c, call, dst);
  default: break;
  }
  bool has_result = call->result->kind != RIMA_T_VOID;
  uint32_t result = has_result ? rima_dst(c, call->result, dst) : 0, mark = rima_code_mark(c);
  uint32_t object = call->receiver ? rima_emit(c, call->receiver, RIMA_ANYWHERE) : 0;
  switch ((rima_intrinsic)call->intrinsic) {
  case RIMA_IN_CHANNEL_NEW: {
    uint32_t capacity;
    if (call->count) {
      capacity = rima_emit_as(c, call->args[0], RIMA_KIND(c, INT), RIMA_ANYWHERE);
    } else {
      capacity = rima_reg_for(c, RIMA_KIND(c, INT));
      rima_op_d(c, TZ_OP_CONST_I, capacity, 0);
    }
    rima_op(c, TZ_OP_CHAN_NEW, result, capacity, rima_image_type(c, call->result));
    break;
  }
  case RIMA_IN_SEND: {
    uint32_t value = rima_emit_as(c, call->args[0], call->types[0], RIMA_ANYWHERE);
    rima_op(c, TZ_OP_CHAN_SEND, value, object, 0);
    break;
  }
  case RIMA_IN_RECV: rima_op(c, TZ_OP_CHAN_RECV, result, object, 0); break;
  case RIMA_IN_CLOSE: rima_op(c, TZ_OP_CHAN_CLOSE, object, 0, 0); break;
  case RIMA_IN_ARRAY_LEN: rima_op(c, TZ_OP_ARRAY_LEN, result, object, 0); break;
  case RIMA_IN_STR_LEN: rima_op(c, TZ_OP_STR_LEN, result, object, 0); break;
  case RIMA_IN_ORDINAL: rima_op(c, TZ_OP_TAG, result, object, 0); break;
  default: break;
  }
  rima_code_release(c, mark);
  return result;
}

/* toString, equals, hash where no class declares them. */
static uint32_t emit_structural(rima_compiler *c, rima_call *call, int32_t dst) {
  if (dst == RIMA_NOWHERE) dst = RIMA_ANYWHERE;
  rima_type *type = call->receiver_type;
  uint32_t result = rima_safe_dst(c, call->result, dst), mark = rima_code_mark(c);
  uint32_t object = emit_receiver(c, call);
  if (call->intrinsic == RIMA_IN_TO_STRING && type->kind == RIMA_T_NULLABLE) {
    uint32_t any = rima_convert(c, object, type, RIMA_KIND(c, DYN), RIMA_ANYWHERE);
    rima_call_core(c, c->names.any_to_str, any, call->result, (int32_t)result);
  } else if (call->intrinsic == RIMA_IN_TO_STRING && call->is_super) {
    rima_emit_object_method(c, RIMA_TO_STRING, &object, result);
  } else if (call->intrinsic == RIMA_IN_TO_STRING) {
    rima_to_text(c, object, type, (int32_t)result);
  } else if (call->intrinsic == RIMA_IN_HASH && call->is_super) {
    rima_emit_object_method(c, RIMA_HASH, &object, result);
  } else if (call->intrinsic == RIMA_IN_HASH) {
    rima_emit_hash(c, object, type, (int32_t)result);
  } else {
    uint32_t other = rima_emit_as(c, call->args[0], call->types[0], RIMA_ANYWHERE);
    if (call->is_super) rima_op(c, TZ_OP_EQ_R, result, object, other);
    else rima_emit_equals(c, result, object, type, other, call->types[0]);
  }
  rima_code_release(c, mark);
  if (dst < 0 || result == (uint32_t)dst) return result;
  rima_move(c, (uint32_t)dst, result);
  return (uint32_t)dst;
}

/* ---- dispatch ---- */

static uint32_t emit_call_kind(rima_compiler *c, rima_call *call, int32_t dst) {
  uint32_t regs[256];
  switch ((rima_call_kind)call->kind) {
  case RIMA_CALL_STATIC: {
    uint32_t count = rima_emit_arguments(c, call, regs, 0);
    rima_fn_signature(c, call->fn);
    rima_intrinsic which = rima_intrinsic_function(c, call->fn);
    if (which) return rima_emit_math(c, which, regs[0], call->result, dst);
    if (rima_may_inline(c, call)) return emit_inlined(c, call->fn, regs, dst);
    return rima_call_fn(c, call->fn, regs, count, dst);
  }
  case RIMA_CALL_METHOD: return emit_method_call(c, call, dst);
  case RIMA_CALL_NEW: return emit_new_call(c, call, dst == RIMA_NOWHERE ? RIMA_ANYWHERE : dst);
  case RIMA_CALL_CLOSURE: return emit_closure_call(c, call, dst);
  case RIMA_CALL_DYNAMIC: return emit_dynamic_call(c, call, dst);
  case RIMA_CALL_CONVERT: return emit_convert(c, call, dst);
  case RIMA_CALL_INTRINSIC: return emit_intrinsic(c, call, dst);
  case RIMA_CALL_STRUCTURAL: return emit_structural(c, call, dst);
  }
  return 0;
}

/* x?.m(…): null goes around. */
static uint32_t emit_safe_call(rima_compiler *c, rima_call *call, rima_type *type, int32_t dst) {
  bool has_result = type->kind != RIMA_T_VOID && dst != RIMA_NOWHERE;
  uint32_t result = has_result ? rima_safe_dst(c, type, dst) : 0, mark = rima_code_mark(c);
  uint32_t absent = rima_label(c), end = rima_label(c);
  rima_type *from = call->receiver->type;
  uint32_t object = rima_emit(c, call->receiver, RIMA_ANYWHERE);
  rima_branch_d(c, TZ_OP_JNULL, object, absent);
  rima_expr placeholder = {
      .kind = RIMA_EXPR_NAME, .span = call->receiver->span, .type = rima_type_strip(from)};
  placeholder.resolved.how = RIMA_HOW_REGISTER;
  placeholder.resolved.reg = (int32_t)rima_convert(c, object, from, rima_type_strip(from), RIMA_ANYWHERE);
  rima_call direct = *call;
  direct.is_safe = false;
  direct.receiver = &placeholder;
  uint32_t value = emit_call_kind(c, &direct, has_result ? RIMA_ANYWHERE : RIMA_NOWHERE);
  if (has_result) {
    rima_convert(c, value, call->result, type, (int32_t)result);
    rima_branch_d(c, TZ_OP_JMP, 0, end);
    rima_label_here(c, absent);
    rima_op(c, TZ_OP_NULL, result, 0, 0);
  } else {
    rima_label_here(c, absent);
  }
  rima_label_here(c, end);
  rima_code_release(c, mark);
  if (!has_result || dst < 0 || result == (uint32_t)dst) return result;
  rima_move(c, (uint32_t)dst, result);
  return (uint32_t)dst;
}

uint32_t rima_emit_call(rima_compiler *c, rima_expr *e, rima_call *call, int32_t dst) {
  if (e) rima_line(c, e->span);
  if (call->is_safe && e) return emit_safe_call(c, call, e->type, dst);
  if (dst != RIMA_ANYWHERE) {
    uint32_t mark = rima_code_mark(c);
    uint32_t result = emit_call_kind(c, call, dst);
    rima_code_release(c, mark);
    return result;
  }
  bool has_result = call->result->kind != RIMA_T_VOID && call->result->kind != RIMA_T_NEVER;
  bool reserves = has_result && !rima_may_inline(c, call) && call->kind != RIMA_CALL_CONVERT;
  uint32_t mark = rima_code_mark(c);
  int32_t target = reserves ? (int32_t)rima_reg_for(c, call->result) : RIMA_ANYWHERE;
  uint32_t result = emit_call_kind(c, call, target);
  rima_code_release_but(c, mark, result);
  return result;
}

bool rima_emit_call_condition(rima_compiler *c, rima_call *call, uint32_t label, bool when) {
  if (!rima_may_inline(c, call) || call->result->kind != RIMA_T_BOOL || !only_value(call->fn->ast))
    return false;
  uint32_t regs[256], mark = rima_code_mark(c);
  uint32_t count = 0;
  if (call->kind == RIMA_CALL_METHOD) regs[count++] = emit_receiver(c, call);
  rima_emit_arguments(c, call, regs, count);
  if (call->kind == RIMA_CALL_STATIC && rima_intrinsic_function(c, call->fn)) return false;
  inlined in;
  inline_enter(c, call->fn, regs, &in);
  if (!c->diagnostics.error_count) rima_emit_condition(c, only_value(call->fn->ast), label, when);
  inline_leave(c, call->fn, &in);
  rima_code_release(c, mark);
  return true;
}

/* ---- the machine's own ---- */

void rima_emit_object_method(rima_compiler *c, rima_structural which, const uint32_t *args, uint32_t dst) {
  rima_fn *fn = c->object_methods[which];
  rima_reach_virtual(c, fn); /* the machine's own may ask the parts of a value */
  rima_call_fn(c, fn, args, 1 + fn->param_count, (int32_t)dst);
}

rima_intrinsic rima_intrinsic_function(rima_compiler *c, rima_fn *fn) {
  static const struct {
    const char *name;
    rima_intrinsic which;
  } known[] = {{"math.sqrt", RIMA_IN_SQRT},
               {"math.floor", RIMA_IN_FLOOR},
               {"math.ceil", RIMA_IN_CEIL},
               {"math.bits", RIMA_IN_FLOAT_BITS},
               {"math.fromBits", RIMA_IN_BITS_FLOAT}};
  (void)c;
  if (!fn->ast || !fn->ast->is_native || fn->unit->is_user) return RIMA_IN_NONE;
  for (size_t i = 0; i < sizeof known / sizeof *known; i++)
    if (strcmp(known[i].name, fn->name) == 0) return known[i].which;
  return RIMA_IN_NONE;
}

uint32_t rima_emit_math(rima_compiler *c, rima_intrinsic which, uint32_t reg, rima_type *result,
                        int32_t dst) {
  tz_opcode op = which == RIMA_IN_SQRT         ? TZ_OP_SQRT_F
                 : which == RIMA_IN_FLOOR      ? TZ_OP_FLOOR_F
                 : which == RIMA_IN_CEIL       ? TZ_OP_CEIL_F
                 : which == RIMA_IN_FLOAT_BITS ? TZ_OP_F_BITS_I
                                               : TZ_OP_I_BITS_F;
  uint32_t target = rima_dst(c, result, dst == RIMA_NOWHERE ? RIMA_ANYWHERE : dst);
  rima_op(c, op, target, reg, 0);
  return target;
}
