/* dynamic.c: what dynamic code reaches of typed values: entry points, emitted only for the names and numbers
 * of arguments that some dynamic code uses, and for receivers that the program makes.
 *
 * The entry point of `x.name(a, b)` for receivers of type R is a function of R and two dyn whose body is that
 * very call, checked for an x of static type R. So everything that a typed call can reach, a dynamic one can:
 * type parameters stand for dyn, default values are filled in, interfaces' bodies, extensions and the methods
 * of channels are found. A plain method needs none: call.any finds it in the vtable and converts its
 * arguments. The entry point of `x.name`, read as a value, makes a closure. The machine finds entry points by
 * name, number of parameters and class of the receiver. */
#include "code.h"
#include <string.h>

/* ---- which entry points are needed ---- */

static bool takes_function(rima_compiler *c, rima_fn *fn) {
  rima_fn_signature(c, fn);
  for (uint32_t i = 0; i < fn->param_count; i++)
    if (rima_type_strip(fn->params[i])->kind == RIMA_T_FUNC) return true;
  return false;
}

static bool takes_count(const rima_function *ast, int32_t count) {
  int32_t required = 0;
  for (uint32_t i = 0; i < ast->param_count; i++) required += !ast->params[i].default_value;
  return count < 0 || (count >= required && count <= (int32_t)ast->param_count);
}

/* The vtable serves: the call has as many arguments as parameters, or a number that the machine will complain
 * of. */
static bool is_plain(rima_compiler *c, const rima_found *found, int32_t count) {
  rima_function *ast = found->member->decl->function;
  if (count < 0 || ast->type_param_count) return false;
  if (!takes_count(ast, count)) return true;
  return count == (int32_t)ast->param_count &&
         !takes_function(c, rima_class_method(c, found->cls, found->index));
}

static bool has_builtin(rima_compiler *c, rima_type *type, const rima_dynamic_use *use) {
  rima_type **args;
  uint32_t params;
  switch (rima_builtin_method(c, type, use->name, &params)) {
  case RIMA_BUILTIN_OF_TYPE:
    return use->count < 0 || use->name != c->names.len; /* len is the machine's business */
  case RIMA_BUILTIN_OF_ALL: return use->count < 0;
  case RIMA_BUILTIN_NONE: break;
  }
  return rima_extension_find(c, type, use->name, &args) != NULL;
}

/* An entry point for instances of cls, and the class it is for: the one with the method. A subclass that has
 * its own plain method needs one if its superclass does, whose entry point would be found instead; unless it
 * takes no such number of arguments: then that one fills in the superclass's default values and calls the
 * method. */
static bool class_needs(rima_compiler *c, rima_class *cls, const rima_dynamic_use *use, rima_class **at) {
  rima_found found = rima_class_find(c, cls, use->name);
  *at = cls;
  if (!found.kind) return has_builtin(c, cls->type, use);
  if (found.kind != RIMA_FOUND_METHOD) return false;
  if (found.cls->kind == RIMA_CLASS_INTERFACE) return true;
  rima_class *above = found.cls->super, *there;
  bool above_needs = above && above->decl && class_needs(c, above, use, &there);
  bool is_left_to_above = above_needs && !takes_count(found.member->decl->function, use->count);
  *at = is_left_to_above ? there : found.cls;
  return above_needs || !is_plain(c, &found, use->count);
}

static rima_fn *entry_for(rima_compiler *c, rima_type *type, rima_dynamic_use *use) {
  rima_fn *fn = rima_map_get(&use->entries, type);
  if (fn) return fn;
  fn = rima_fn_new(c, RIMA_FN_DYNAMIC, NULL, c->program);
  rima_map_put(c->arena, &use->entries, type, fn);
  rima_class *cls = rima_type_class(c, type);
  rima_found found = cls ? rima_class_find(c, cls, use->name) : (rima_found){0};
  if (found.kind) fn->unit = found.cls->decl->unit;
  fn->use = use;
  fn->has_receiver = true;
  fn->self = type;
  fn->state = 2;
  fn->result = RIMA_KIND(c, DYN);
  fn->param_count = use->count < 0 ? 0 : (uint32_t)use->count;
  fn->params = RIMA_NEW_ARRAY(c->arena, rima_type *, fn->param_count + 1);
  for (uint32_t i = 0; i < fn->param_count; i++) fn->params[i] = fn->result;
  const char *text = rima_type_qualified(c, type);
  fn->name = use->count < 0
                 ? rima_arena_format(c->arena, "%s.(dyn).&%s", text, use->name->text)
                 : rima_arena_format(c->arena, "%s.(dyn %d).%s", text, use->count, use->name->text);
  return fn;
}

static void reach_entry(rima_compiler *c, rima_type *type, rima_dynamic_use *use) {
  rima_unit *unit = c->cx.unit;
  rima_class *cls = rima_type_class(c, type), *at = cls;
  if (cls && cls->kind == RIMA_CLASS_VARIANT) cls = cls->super;
  c->cx.unit = c->program;
  bool is_needed = cls ? class_needs(c, cls, use, &at) : has_builtin(c, type, use);
  c->cx.unit = unit;
  if (is_needed) rima_reach_fn(c, entry_for(c, cls ? at->type : type, use));
}

void rima_dynamic_receiver(rima_compiler *c, rima_type *type) {
  if (type->is_receiver || type->is_open) return;
  type->is_receiver = true;
  rima_list_add(c->arena, &c->dynamic_receivers, type);
  for (uint32_t i = 0; i < c->dynamic_uses.count; i++) reach_entry(c, type, c->dynamic_uses.items[i]);
}

/* Types of values that no instruction of the program need make. */
static void start_receivers(rima_compiler *c) {
  if (RIMA_KIND(c, INT)->is_receiver) return;
  rima_type *types[] = {RIMA_KIND(c, INT), RIMA_KIND(c, FLOAT),   RIMA_KIND(c, BOOL),
                        RIMA_KIND(c, STR), RIMA_KIND(c, PROCESS), c->error_class->type};
  for (size_t i = 0; i < sizeof types / sizeof *types; i++) rima_dynamic_receiver(c, types[i]);
}

static rima_dynamic_use *use_of(rima_compiler *c, const rima_name *name, int32_t count) {
  rima_dynamic_use *first = rima_map_get(&c->dynamic_names, name);
  for (rima_dynamic_use *use = first; use; use = use->next)
    if (use->count == count) return use;
  rima_dynamic_use *use = RIMA_NEW(c->arena, rima_dynamic_use);
  *use = (rima_dynamic_use){.name = name, .count = count, .next = first};
  rima_map_put(c->arena, &c->dynamic_names, name, use);
  rima_list_add(c->arena, &c->dynamic_uses, use);
  start_receivers(c);
  if (count >= 0 && (!first || first->count < 0)) rima_reach_slots(c, name);
  for (uint32_t i = 0; i < c->dynamic_receivers.count; i++)
    reach_entry(c, c->dynamic_receivers.items[i], use);
  return use;
}

void rima_reach_dynamic(rima_compiler *c, const rima_name *name, uint32_t count) {
  use_of(c, name, (int32_t)count);
}

void rima_reach_dynamic_read(rima_compiler *c, const rima_name *name) { use_of(c, name, -1); }

bool rima_is_called_dynamically(rima_compiler *c, const rima_name *name) {
  for (rima_dynamic_use *use = rima_map_get(&c->dynamic_names, name); use; use = use->next)
    if (use->count >= 0) return true;
  return false;
}

/* ---- their code ---- */

static rima_expr *stand_in(rima_compiler *c, rima_type *type) {
  rima_expr *e = RIMA_NEW(c->arena, rima_expr);
  *e = (rima_expr){.kind = RIMA_EXPR_NAME, .type = type};
  e->resolved.how = RIMA_HOW_REGISTER;
  e->resolved.reg = (int32_t)rima_reg_param(c, rima_image_type(c, type), rima_type_rep(type));
  return e;
}

static void emit_wrong_count(rima_compiler *c, const rima_dynamic_use *use) {
  rima_class *cls = rima_machine_class(c, "ArgumentError");
  uint32_t text = rima_reg_for(c, RIMA_KIND(c, STR)), error = rima_reg_for(c, cls->type);
  const char *message = rima_arena_format(c->arena, "%s does not take %d argument%s", use->name->text,
                                          use->count, use->count == 1 ? "" : "s");
  rima_emit_constant_text(c, text, message, strlen(message));
  rima_emit_new(c, cls, error);
  rima_op(c, TZ_OP_PUTF_R, text, error, 0);
  rima_op(c, TZ_OP_THROW, error, 0, 0);
}

static void emit_entry_call(rima_compiler *c, rima_fn *fn) {
  rima_expr *receiver = stand_in(c, fn->self), *args[256];
  for (uint32_t i = 0; i < fn->param_count; i++) args[i] = stand_in(c, fn->params[i]);
  bool was_muted = c->diagnostics.is_muted;
  uint32_t muted = c->diagnostics.muted_count;
  c->diagnostics.is_muted = true;
  rima_call *call = rima_check_method_call(c, receiver, fn->self, fn->use->name, args, fn->param_count, NULL,
                                           (rima_span){0, 0});
  c->diagnostics.is_muted = was_muted;
  if (!call || c->diagnostics.muted_count != muted) {
    emit_wrong_count(c, fn->use);
    return;
  }
  uint32_t value = rima_emit_call(c, NULL, call, RIMA_ANYWHERE), result = rima_reg_for(c, fn->result);
  if (call->result->kind == RIMA_T_VOID || call->result->kind == RIMA_T_NEVER)
    rima_op(c, TZ_OP_NULL, result, 0, 0);
  else rima_convert(c, value, call->result, fn->result, (int32_t)result);
  rima_op(c, TZ_OP_RET, result, 0, 0);
}

/* How many parameters the method has that fn gives as a value. */
static uint32_t method_params(rima_compiler *c, const rima_fn *fn) {
  const rima_name *name = fn->use->name;
  rima_class *cls = rima_type_class(c, fn->self);
  rima_found found = cls ? rima_class_find(c, cls, name) : (rima_found){0};
  if (found.kind) return found.member->decl->function->param_count;
  uint32_t params;
  rima_type **args;
  if (rima_builtin_method(c, fn->self, name, &params) == RIMA_BUILTIN_OF_TYPE) return params;
  rima_extension_method *x = rima_extension_find(c, fn->self, name, &args);
  return x ? x->decl->function->param_count : params;
}

static void emit_entry_read(rima_compiler *c, rima_fn *fn) {
  rima_expr *receiver = stand_in(c, fn->self);
  uint32_t count = method_params(c, fn), result = rima_reg_for(c, fn->result);
  rima_dynamic_use *calls = use_of(c, fn->use->name, (int32_t)count);
  rima_fn *call = entry_for(c, fn->self, calls);
  rima_type *type = rima_type_func(c, call->params, count, call->result);
  uint32_t closure = rima_emit_bound(c, call, receiver, type, RIMA_ANYWHERE);
  rima_convert(c, closure, type, fn->result, (int32_t)result);
  rima_op(c, TZ_OP_RET, result, 0, 0);
}

static void emit_in(rima_compiler *c, rima_fn *fn, uint32_t flags, void (*body)(rima_compiler *, rima_fn *)) {
  rima_context outside = c->cx;
  c->cx = (rima_context){.unit = fn->unit,
                         .locals_base = c->local_count,
                         .scope_base = c->local_count,
                         .is_dynamic_entry = true};
  rima_code_open(c, fn->name, NULL);
  c->code->result = fn->result;
  body(c, fn);
  rima_code_close(c, c->code, rima_image_fn(c, fn),
                  flags | (c->options.is_open_world ? TZ_FUNCTION_EXPORT : 0),
                  rima_image_fn_signature(c, fn, true));
  c->cx = outside;
}

void rima_emit_dynamic(rima_compiler *c, rima_fn *fn) {
  emit_in(c, fn, TZ_FUNCTION_DYNAMIC, fn->use->count < 0 ? emit_entry_read : emit_entry_call);
}

/* ---- functions of another type ---- */

/* The closure that stands for the one in its field, of whatever type: (a: A): R => field(a). */
static uint32_t emit_wrapper(rima_compiler *c, rima_type *type, uint32_t inner) {
  rima_type *dyn = RIMA_KIND(c, DYN);
  uint32_t regs[256];
  rima_class *cls =
      rima_closure_start(c, rima_arena_format(c->arena, "%s.wrapped", c->code->name), dyn, type);
  uint32_t self = rima_reg_param(c, rima_image_type(c, cls->type), 'R');
  uint32_t params[256];
  for (uint32_t i = 0; i < type->count; i++)
    params[i] = rima_reg_param(c, rima_image_type(c, type->items[i]), rima_type_rep(type->items[i]));
  regs[0] = rima_reg_for(c, dyn);
  rima_op(c, TZ_OP_GETF, regs[0], self, 0);
  for (uint32_t i = 0; i < type->count; i++)
    regs[i + 1] = rima_convert(c, params[i], type->items[i], dyn, RIMA_ANYWHERE);
  bool has_result = type->of->kind != RIMA_T_VOID && type->of->kind != RIMA_T_NEVER;
  uint32_t value = has_result ? rima_reg_for(c, dyn) : TZ_REG_DISCARD;
  rima_op_list(c, tz_encode_abc(TZ_OP_CALL_ANY, value, 0, rima_site(c, TZ_SITE_CALL, NULL)), regs,
               type->count + 1);
  if (has_result) rima_op(c, TZ_OP_RET, rima_convert(c, value, dyn, type->of, RIMA_ANYWHERE), 0, 0);
  else rima_op(c, TZ_OP_RET_VOID, 0, 0, 0);
  rima_closure_end(c, cls);
  return rima_closure_make(c, cls, inner);
}

static void emit_adapter(rima_compiler *c, rima_fn *fn) {
  rima_type *type = rima_type_strip(fn->result), *int_ = RIMA_KIND(c, INT);
  uint32_t value = rima_reg_param(c, rima_image_type(c, fn->params[0]), 'Y');
  uint32_t result = rima_reg_for(c, type), test = rima_reg_for(c, int_), fits = rima_label(c);
  rima_op(c, TZ_OP_IS, test, value, rima_image_type(c, type));
  rima_branch_d(c, TZ_OP_JT, test, fits);
  rima_call_core(c, rima_intern(c, "parameterCount"), value, int_, (int32_t)test);
  rima_branch(c, TZ_OP_JNE_II, test, type->count, fits);
  rima_op(c, TZ_OP_RET, emit_wrapper(c, type, value), 0, 0);
  rima_label_here(c, fits);
  rima_op(c, TZ_OP_CAST, result, value, rima_image_type(c, type));
  if (fn->result->kind != RIMA_T_NULLABLE) rima_op(c, TZ_OP_NONNULL, result, 0, 0);
  rima_op(c, TZ_OP_RET, result, 0, 0);
}

void rima_emit_adapter(rima_compiler *c, rima_fn *fn) { emit_in(c, fn, 0, emit_adapter); }

rima_fn *rima_adapter(rima_compiler *c, rima_type *type) {
  rima_fn *fn = rima_map_get(&c->adapters, type);
  if (fn) return fn;
  fn = rima_fn_new(c, RIMA_FN_ADAPTER, NULL, c->core);
  fn->state = 2;
  fn->result = type;
  fn->param_count = 1;
  fn->params = RIMA_NEW_ARRAY(c->arena, rima_type *, 1);
  fn->params[0] = RIMA_KIND(c, DYN);
  fn->name = rima_arena_format(c->arena, "core.(as %s)", rima_type_qualified(c, type));
  rima_map_put(c->arena, &c->adapters, type, fn);
  return fn;
}
