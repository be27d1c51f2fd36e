/* instance.c: generics: one rima_class or rima_fn for each distinct use, and the world a body is checked in.
 */
#include "program.h"
#include <string.h>

static const char *args_qualified(rima_compiler *c, rima_type *const *args, uint32_t count) {
  const char *text = "";
  for (uint32_t i = 0; i < count; i++)
    text = rima_arena_format(c->arena, "%s%s%s", text, i ? "," : "", rima_type_qualified(c, args[i]));
  return count ? rima_arena_format(c->arena, "[%s]", text) : "";
}

static const char *args_text(rima_compiler *c, rima_type *const *args, uint32_t count) {
  const char *text = "";
  for (uint32_t i = 0; i < count; i++)
    text = rima_arena_format(c->arena, "%s%s%s", text, i ? "," : "", rima_type_text(c, args[i]));
  return count ? rima_arena_format(c->arena, "[%s]", text) : "";
}

static rima_type **copy_types(rima_compiler *c, rima_type *const *types, uint32_t count) {
  rima_type **copy = RIMA_NEW_ARRAY(c->arena, rima_type *, count ? count : 1);
  if (count) memcpy(copy, types, count * sizeof *copy);
  return copy;
}

static rima_class *class_make(rima_compiler *c, rima_class_decl *decl, rima_type *const *args,
                              uint32_t count) {
  const char *name = decl->name->text;
  if (count) name = rima_arena_format(c->arena, "%s%s", name, args_text(c, args, count));
  const char *qualified = rima_arena_join(c->arena, decl->unit->name->text, ".", decl->name->text,
                                          args_qualified(c, args, count), NULL);
  rima_class *cls = rima_class_new(c, (rima_class_kind)decl->kind, name, qualified);
  cls->decl = decl;
  cls->args = copy_types(c, args, count);
  cls->arg_count = count;
  for (uint32_t i = 0; i < count; i++) cls->type->is_open |= args[i]->is_open;
  cls->is_final = !decl->decl->is_open && !decl->decl->is_abstract && decl->kind == RIMA_CLASS_CLASS;
  cls->is_abstract = decl->decl->is_abstract || decl->kind != RIMA_CLASS_CLASS;
  return cls;
}

rima_class *rima_class_instance(rima_compiler *c, rima_class_decl *decl, rima_type *const *args,
                                uint32_t count) {
  if (!count) {
    if (!decl->only) decl->only = class_make(c, decl, NULL, 0);
    return decl->only;
  }
  rima_type *key = rima_type_tuple(c, args, count);
  rima_class *cls = rima_map_get(&decl->instances, key);
  if (!cls) {
    cls = class_make(c, decl, args, count);
    rima_map_put(c->arena, &decl->instances, key, cls);
  }
  return cls;
}

/* ---- substitution and inference ---- */

rima_type *rima_type_substitute(rima_compiler *c, rima_type *type) {
  if (!type->is_open) return type;
  switch ((rima_type_kind)type->kind) {
  case RIMA_T_PARAM: return type->param->type ? rima_type_of_element(c, type->param->type) : type;
  case RIMA_T_NULLABLE: return rima_type_nullable(c, rima_type_substitute(c, type->of));
  case RIMA_T_ARRAY:
    if (type->of->kind == RIMA_T_PARAM)
      return rima_type_array(c, type->of->param->type ? type->of->param->type : type->of);
    return rima_type_array(c, rima_type_substitute(c, type->of));
  case RIMA_T_CHANNEL: return rima_type_channel(c, rima_type_substitute(c, type->of));
  default: break;
  }
  uint32_t count = type->kind == RIMA_T_CLASS ? type->cls->arg_count : type->count;
  rima_type **from = type->kind == RIMA_T_CLASS ? type->cls->args : type->items;
  rima_type **items = RIMA_NEW_ARRAY(c->arena, rima_type *, count ? count : 1);
  for (uint32_t i = 0; i < count; i++) items[i] = rima_type_substitute(c, from[i]);
  if (type->kind == RIMA_T_TUPLE) return rima_type_tuple(c, items, count);
  if (type->kind == RIMA_T_FUNC) return rima_type_func(c, items, count, rima_type_substitute(c, type->of));
  if (type->kind != RIMA_T_CLASS) return type;
  rima_class *cls = rima_class_instance(c, type->cls->decl, items, count);
  return type->cls->kind == RIMA_CLASS_VARIANT ? rima_class_variant(c, cls, type->cls->tag)->type : cls->type;
}

static bool bind_param(rima_compiler *c, rima_type_param *param, rima_type *actual, rima_type **found) {
  if (actual->kind == RIMA_T_NEVER || actual->kind == RIMA_T_ERROR || actual->kind == RIMA_T_VOID)
    return true;
  rima_type **at = &found[param->index];
  if (!*at || (*at)->kind == RIMA_T_NULL) {
    *at = actual;
    return true;
  }
  rima_type *joined = *at == actual ? actual : rima_type_join(c, *at, actual);
  if (!joined) return false;
  if (joined->kind == RIMA_T_OBJECT && (*at)->kind != RIMA_T_OBJECT && actual->kind != RIMA_T_OBJECT)
    return false;
  *at = joined;
  return true;
}

bool rima_type_infer(rima_compiler *c, rima_type *open, rima_type *actual, rima_type_param *params,
                     uint32_t count, rima_type **found) {
  if (!open->is_open || !actual) return true;
  if (open->kind == RIMA_T_PARAM) {
    if (open->param < params || open->param >= params + count) return true;
    return bind_param(c, open->param, actual, found);
  }
  if (open->kind == RIMA_T_NULLABLE) {
    if (actual->kind == RIMA_T_NULL) return true;
    return rima_type_infer(c, open->of, rima_type_strip(actual), params, count, found);
  }
  actual = rima_type_strip(actual);
  if (open->kind == RIMA_T_CLASS) {
    rima_class *cls =
        actual->kind == RIMA_T_CLASS ? rima_class_ancestor(c, actual->cls, open->cls->decl) : NULL;
    if (!cls) return false;
    for (uint32_t i = 0; i < cls->arg_count; i++)
      if (!rima_type_infer(c, open->cls->args[i], cls->args[i], params, count, found)) return false;
    return true;
  }
  if (open->kind != actual->kind || open->count != actual->count) return false;
  for (uint32_t i = 0; i < open->count; i++)
    if (!rima_type_infer(c, open->items[i], actual->items[i], params, count, found)) return false;
  return !open->of || rima_type_infer(c, open->of, actual->of, params, count, found);
}

/* ---- functions ---- */

rima_fn *rima_fn_new(rima_compiler *c, rima_fn_kind kind, rima_function *ast, rima_unit *unit) {
  rima_fn *fn = RIMA_NEW(c->arena, rima_fn);
  fn->kind = (uint8_t)kind;
  fn->ast = ast;
  fn->unit = unit;
  return fn;
}

static bool same_types(rima_type *const *a, rima_type *const *b, uint32_t count) {
  return count == 0 || a == b || memcmp(a, b, count * sizeof *a) == 0;
}

static void name_fn(rima_compiler *c, rima_fn *fn) {
  const char *within = "", *dot = "";
  if (fn->owner) {
    fn->name = rima_arena_join(c->arena, fn->owner->qualified, ".", fn->ast->name.name->text,
                               args_qualified(c, fn->args, fn->ast->type_param_count), NULL);
    return;
  }
  if (fn->extension) {
    rima_type *self = rima_type_substitute(c, fn->extension->open_target);
    within = rima_type_qualified(c, self);
    dot = ".";
  }
  fn->name = rima_arena_join(c->arena, fn->unit->name->text, ".", within, dot,
                             fn->ast->name.name ? fn->ast->name.name->text : "?",
                             args_qualified(c, fn->args, fn->ast->type_param_count), NULL);
}

rima_fn *rima_fn_instance(rima_compiler *c, rima_function *ast, rima_unit *unit, rima_class *owner,
                          rima_extension *extension, rima_type *const *extension_args,
                          rima_type *const *args) {
  uint32_t extension_count = extension ? extension->decl->extend.type_param_count : 0;
  const void *key =
      owner ? (const void *)owner : ast; /* the owner's members, else the uses of one function */
  rima_fn *first = rima_map_get(&c->functions, key);
  for (rima_fn *fn = first; fn; fn = fn->next_instance)
    if (fn->ast == ast && fn->owner == owner && same_types(fn->args, args, ast->type_param_count) &&
        same_types(fn->extension_args, extension_args, extension_count))
      return fn;
  rima_fn *fn = rima_fn_new(c, RIMA_FN_PLAIN, ast, unit);
  fn->owner = owner;
  fn->extension = extension;
  fn->args = copy_types(c, args, ast->type_param_count);
  fn->extension_args = copy_types(c, extension_args, extension_count);
  fn->next_instance = first;
  rima_map_put(c->arena, &c->functions, key, fn);
  if (extension) {
    fn->kind = RIMA_FN_EXTENSION;
    fn->has_receiver = !ast->is_static;
    rima_type *before[8];
    for (uint32_t i = 0; i < extension_count; i++) before[i] = extension->decl->extend.type_params[i].type;
    rima_params_bind(extension->decl->extend.type_params, extension_count, fn->extension_args);
    fn->self = rima_type_substitute(c, extension->open_target);
    name_fn(c, fn);
    rima_params_bind(extension->decl->extend.type_params, extension_count, before);
  } else {
    if (owner && !ast->is_static) {
      fn->kind = RIMA_FN_METHOD;
      fn->has_receiver = true;
      fn->self = owner->type;
    }
    name_fn(c, fn);
  }
  return fn;
}

/* ---- entering a function's world ---- */

void rima_params_bind(rima_type_param *params, uint32_t count, rima_type *const *types) {
  for (uint32_t i = 0; i < count; i++) params[i].type = types[i];
}

static void save_and_bind(rima_saved_params *saved, rima_type_param *params, uint32_t count,
                          rima_type *const *types) {
  for (uint32_t i = 0; i < count && saved->count < 24; i++) {
    saved->types[saved->count++] = params[i].type;
    params[i].type = types[i];
  }
}

static void bind_class(rima_saved_params *saved, rima_class *cls) {
  if (cls && cls->decl) save_and_bind(saved, cls->decl->decl->class_.type_params, cls->arg_count, cls->args);
}

static void start_context(rima_compiler *c, rima_saved_context *saved) {
  saved->cx = c->cx;
  saved->params.count = 0;
  c->cx = (rima_context){.locals_base = c->local_count, .scope_base = c->local_count};
}

void rima_fn_enter(rima_compiler *c, rima_fn *fn, rima_saved_context *saved) {
  start_context(c, saved);
  saved->fn = fn;
  c->cx.unit = fn->unit;
  c->cx.fn = fn;
  c->cx.cls = fn->owner;
  c->cx.extension = fn->extension;
  bind_class(&saved->params, fn->owner);
  if (fn->extension)
    save_and_bind(&saved->params, fn->extension->decl->extend.type_params,
                  fn->extension->decl->extend.type_param_count, fn->extension_args);
  if (fn->ast && fn->args)
    save_and_bind(&saved->params, fn->ast->type_params, fn->ast->type_param_count, fn->args);
}

void rima_class_enter(rima_compiler *c, rima_class *cls, rima_saved_context *saved) {
  start_context(c, saved);
  saved->fn = NULL;
  c->cx.unit = cls->decl ? cls->decl->unit : c->core;
  c->cx.cls = cls;
  bind_class(&saved->params, cls);
}

void rima_context_leave(rima_compiler *c, rima_saved_context *saved) {
  uint32_t at = 0;
  rima_class *cls = c->cx.cls;
  rima_fn *fn = saved->fn;
  if (cls && cls->decl)
    for (uint32_t i = 0; i < cls->arg_count && at < saved->params.count; i++)
      cls->decl->decl->class_.type_params[i].type = saved->params.types[at++];
  if (fn && fn->extension)
    for (uint32_t i = 0; i < fn->extension->decl->extend.type_param_count && at < saved->params.count; i++)
      fn->extension->decl->extend.type_params[i].type = saved->params.types[at++];
  if (fn && fn->ast && fn->args)
    for (uint32_t i = 0; i < fn->ast->type_param_count && at < saved->params.count; i++)
      fn->ast->type_params[i].type = saved->params.types[at++];
  c->local_count = c->cx.locals_base;
  c->cx = saved->cx;
}
