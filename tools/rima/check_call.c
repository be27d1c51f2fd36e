/* check_call.c: what is called, with which arguments, and what type arguments follow.
 *
 * The outcome of every call is a rima_call in expr->resolved.decl: arguments in parameter order, NULL where
 * the default value stands. */
#include "program.h"
#include <string.h>

/* Something that can be called by name. */
typedef struct callee {
  rima_function *ast; /* NULL: constructor of cls, or machine's method `fn` */
  rima_unit *unit;
  rima_class *owner;
  rima_extension *extension;
  rima_type **extension_args;
  rima_fn *fn;               /* when it is known already */
  rima_type *const *written; /* explicit type arguments */
  uint32_t written_count;
  rima_span span;
  const char *name;
} callee;

static rima_call start_call(rima_compiler *c, rima_call_kind kind, uint32_t count) {
  void **places = count ? RIMA_NEW_ARRAY(c->arena, void *, 2 * count) : NULL;
  return (rima_call){.kind = (uint8_t)kind,
                     .count = count,
                     .args = (rima_expr **)places,
                     .types = count ? (rima_type **)(places + count) : NULL};
}

static rima_call *new_call(rima_compiler *c, rima_call_kind kind, uint32_t count) {
  rima_call *call = RIMA_NEW(c->arena, rima_call);
  *call = start_call(c, kind, count);
  return call;
}

static rima_type *finish(rima_expr *e, rima_call *call, rima_type *result) {
  call->result = result;
  e->resolved.how = RIMA_HOW_CALL;
  e->resolved.decl = call;
  return result;
}

static rima_type *check_args_only(rima_compiler *c, rima_expr *e) {
  for (uint32_t i = 0; i < e->call.count; i++) rima_check(c, e->call.args[i].value, NULL);
  return RIMA_KIND(c, ERROR);
}

/* ---- arguments to parameters ---- */

static const char *param_name(rima_param *params, uint32_t i) {
  static const char *const machine[] = {"message", "cause"};
  return params ? params[i].local->name->text : machine[i & 1];
}

static bool has_default(rima_param *params, uint32_t i) { return !params || params[i].default_value; }

static bool place_args(rima_compiler *c, rima_call *call, rima_param *params, rima_arg *args, uint32_t count,
                       rima_span span, const char *name) {
  bool fine = true, named = false;
  for (uint32_t i = 0; i < count; i++) {
    uint32_t at = i;
    if (args[i].name.name) {
      named = true;
      for (at = 0; at < call->count; at++)
        if (strcmp(param_name(params, at), args[i].name.name->text) == 0) break;
      if (at == call->count) {
        rima_diagnostic *d = rima_error(&c->diagnostics, args[i].name.span, "%s has no parameter %s", name,
                                        args[i].name.name->text);
        rima_nearest nearest;
        rima_nearest_init(&nearest, args[i].name.name->text, args[i].name.name->length);
        for (uint32_t k = 0; k < call->count; k++)
          rima_nearest_offer(&nearest, param_name(params, k), strlen(param_name(params, k)));
        if (nearest.best)
          rima_hint(&c->diagnostics, d, "did you mean %.*s?", (int)nearest.best_length, nearest.best);
        fine = false;
        continue;
      }
    } else if (named) {
      rima_error(&c->diagnostics, args[i].value->span, "a positional argument cannot follow a named one");
      fine = false;
      continue;
    } else if (at >= call->count) {
      rima_error(&c->diagnostics, args[i].value->span, "%s takes %u argument%s, found %u", name, call->count,
                 call->count == 1 ? "" : "s", count);
      return false;
    }
    if (call->args[at]) {
      rima_error(&c->diagnostics, args[i].value->span, "%s is given twice", param_name(params, at));
      fine = false;
    }
    call->args[at] = args[i].value;
  }
  for (uint32_t i = 0; i < call->count && fine; i++)
    if (!call->args[i] && !has_default(params, i)) {
      uint32_t needed = 0;
      for (uint32_t k = 0; k < call->count; k++) needed += !has_default(params, k);
      rima_error(&c->diagnostics, span, "%s needs an argument for %s (%s%u wanted, %u found)", name,
                 param_name(params, i), needed < call->count ? "at least " : "", needed, count);
      return false;
    }
  return fine;
}

/* `None` of a generic enum: what it is an option of, others must tell. */
static bool is_open_variant(rima_compiler *c, rima_expr *e) {
  if (e->kind != RIMA_EXPR_NAME && e->kind != RIMA_EXPR_MEMBER) return false;
  rima_entity *entity = rima_entity_of(c, e);
  return entity && entity->kind == RIMA_ENTITY_VARIANT &&
         entity->variant.enum_->decl->class_.type_param_count > 0;
}

/* Arguments that have no type of their own are looked at after the others. */
static bool wants_context(rima_compiler *c, rima_expr *e) {
  return e->kind == RIMA_EXPR_LAMBDA || (e->kind == RIMA_EXPR_LIST && !e->list.count) ||
         (e->kind == RIMA_EXPR_MAP && !e->map.count) || is_open_variant(c, e);
}

static const char *argument_text(rima_compiler *c, const char *name, rima_param *params, uint32_t i) {
  return rima_arena_format(c->arena, "argument %s of %s", param_name(params, i), name);
}

/* The message is made only if it is needed. */
static void check_argument(rima_compiler *c, rima_expr *arg, rima_type *want, const char *name,
                           rima_param *params, uint32_t i) {
  rima_check(c, arg, want);
  if (arg->type->kind == RIMA_T_DYN || !rima_type_converts(c, arg->type, want))
    rima_require(c, arg, want, argument_text(c, name, params, i));
}

static void check_plain_args(rima_compiler *c, rima_call *call, rima_fn *fn, rima_param *params,
                             const char *name) {
  for (uint32_t i = 0; i < call->count; i++) {
    call->types[i] = fn->params[i];
    if (call->args[i]) check_argument(c, call->args[i], fn->params[i], name, params, i);
  }
}

/* ---- inference ---- */

/* Parameters of `open` replaced by what was found so far; still open if something is missing. */
static rima_type *with_found(rima_compiler *c, rima_type *open, rima_type_param *params, uint32_t count,
                             rima_type **found) {
  if (!open->is_open) return open;
  rima_type *before[8];
  for (uint32_t i = 0; i < count; i++) {
    before[i] = params[i].type;
    params[i].type = found[i];
  }
  rima_type *type = rima_type_substitute(c, open);
  rima_params_bind(params, count, before);
  return type;
}

static bool mentions(const rima_type *type, rima_type_param *params, uint32_t count) {
  if (!type->is_open) return false;
  if (type->kind == RIMA_T_PARAM) return type->param >= params && type->param < params + count;
  if (type->of && mentions(type->of, params, count)) return true;
  uint32_t n = type->kind == RIMA_T_CLASS ? type->cls->arg_count : type->count;
  rima_type **items = type->kind == RIMA_T_CLASS ? type->cls->args : type->items;
  for (uint32_t i = 0; i < n; i++)
    if (mentions(items[i], params, count)) return true;
  return false;
}

static void infer_from_expected(rima_compiler *c, rima_type *open, rima_type *expected,
                                rima_type_param *params, uint32_t count, rima_type **found) {
  if (!expected || expected->kind == RIMA_T_VOID || expected->kind == RIMA_T_DYN) return;
  rima_type *want = rima_type_strip(expected);
  if (open->kind == RIMA_T_CLASS && want->kind == RIMA_T_CLASS && open->cls->decl != want->cls->decl) {
    rima_class *ancestor = rima_class_ancestor(c, open->cls, want->cls->decl);
    if (!ancestor) return;
    open = ancestor->type;
  }
  rima_type *guess[8] = {0};
  if (!rima_type_infer(c, open, want, params, count, guess)) return;
  for (uint32_t i = 0; i < count; i++)
    if (!found[i]) found[i] = guess[i];
}

static bool infer_args(rima_compiler *c, rima_call *call, rima_fn *open, rima_type *open_result,
                       rima_param *ast_params, rima_type_param *params, uint32_t count, rima_type **found,
                       rima_type *expected, const char *name, rima_span span) {
  if (open_result->kind != RIMA_T_PARAM) infer_from_expected(c, open_result, expected, params, count, found);
  for (int pass = 0; pass < 2; pass++) {
    if (pass == 1 && open_result->kind == RIMA_T_PARAM)
      infer_from_expected(c, open_result, expected, params, count, found);
    for (uint32_t i = 0; i < call->count; i++) {
      rima_expr *arg = call->args[i];
      if (!arg || wants_context(c, arg) != (pass == 1)) continue;
      rima_type *want = with_found(c, open->params[i], params, count, found);
      bool is_known = !mentions(want, params, count);
      if (is_known) {
        check_argument(c, arg, want, name, ast_params, i);
        continue;
      }
      rima_check(c, arg, arg->kind == RIMA_EXPR_LAMBDA || want->kind == RIMA_T_ARRAY ? want : NULL);
      if (arg->type->kind == RIMA_T_VOID)
        rima_require(c, arg, RIMA_KIND(c, DYN), argument_text(c, name, ast_params, i));
      if (arg->type->kind == RIMA_T_DYN && open->params[i]->kind != RIMA_T_PARAM) continue;
      rima_type_infer(c, open->params[i], arg->type, params, count, found);
    }
  }
  for (uint32_t i = 0; i < count; i++) {
    if (found[i] && found[i]->kind == RIMA_T_NULL) found[i] = RIMA_KIND(c, DYN);
    if (!found[i] && c->cx.is_dynamic_entry) found[i] = RIMA_KIND(c, DYN);
    if (found[i]) continue;
    bool had_error = false;
    for (uint32_t k = 0; k < call->count; k++)
      had_error |= call->args[k] && call->args[k]->type && call->args[k]->type->kind == RIMA_T_ERROR;
    if (!had_error && !c->cx.is_open_check) {
      rima_diagnostic *d =
          rima_error(&c->diagnostics, span, "cannot tell what %s of %s is", params[i].name.name->text, name);
      rima_hint(&c->diagnostics, d, "write it: %s[%s](…)", name, count > 1 ? "…" : "int");
    }
    return false;
  }
  return true;
}

/* Once the type arguments are known: literals adapt, everything else must fit. */
static void settle_args(rima_compiler *c, rima_call *call, rima_fn *fn, rima_param *params,
                        const char *name) {
  for (uint32_t i = 0; i < call->count; i++) {
    rima_type *want = call->types[i] = fn->params[i];
    rima_expr *arg = call->args[i];
    if (!arg || arg->type == want || rima_type_converts(c, arg->type, want)) continue;
    if (rima_type_strip(want)->kind == RIMA_T_FLOAT || arg->kind == RIMA_EXPR_NAME ||
        arg->kind == RIMA_EXPR_LAMBDA)
      rima_check(c, arg, want);
    if (!rima_type_converts(c, arg->type, want))
      rima_require(c, arg, want, argument_text(c, name, params, i));
  }
}

static bool take_written(rima_compiler *c, const callee *to, uint32_t count, rima_type **found) {
  if (!to->written_count) return true;
  if (to->written_count != count) {
    rima_error(&c->diagnostics, to->span, "%s takes %u type argument%s, found %u", to->name, count,
               count == 1 ? "" : "s", to->written_count);
    return false;
  }
  for (uint32_t i = 0; i < count; i++) found[i] = to->written[i];
  return true;
}

/* Checks the arguments for a function; call->fn and call->result are set. False: errors were reported. */
static bool check_function(rima_compiler *c, rima_call *call, const callee *to, rima_arg *args,
                           uint32_t count, rima_type *expected, rima_span span) {
  rima_function *ast = to->ast;
  rima_type *found[8] = {0};
  rima_type *open[8];
  uint32_t n = ast ? ast->type_param_count : 0;
  for (uint32_t i = 0; i < n; i++) open[i] = rima_type_param_of(c, &ast->type_params[i]);
  rima_fn *fn = to->fn
                    ? to->fn
                    : rima_fn_instance(c, ast, to->unit, to->owner, to->extension, to->extension_args, open);
  rima_fn_signature(c, fn);
  rima_param *params = ast                                                     ? ast->params
                       : fn->kind == RIMA_FN_CONSTRUCTOR && fn->owner->variant ? fn->owner->variant->params
                                                                               : NULL;
  *call = start_call(c, (rima_call_kind)call->kind, fn->param_count);
  if (!take_written(c, to, n, found) || !place_args(c, call, params, args, count, span, to->name)) {
    for (uint32_t i = 0; i < count; i++) rima_check(c, args[i].value, NULL);
    return false;
  }
  if (!n) {
    check_plain_args(c, call, fn, params, to->name);
  } else {
    if (!infer_args(c, call, fn, fn->result, params, ast->type_params, n, found, expected, to->name, span))
      return false;
    rima_fn *generic = fn;
    fn = rima_fn_instance(c, ast, to->unit, to->owner, to->extension, to->extension_args, found);
    rima_saved_context saved;
    rima_fn_enter(c, generic, &saved);
    bool fits = rima_check_bounds(c, ast->type_params, found, n, span);
    rima_context_leave(c, &saved);
    if (!fits) return false;
    rima_fn_signature(c, fn);
    settle_args(c, call, fn, params, to->name);
  }
  call->fn = fn;
  call->result = fn->result;
  return true;
}

/* ---- construction ---- */

rima_type *rima_check_construct(rima_compiler *c, rima_class *cls, rima_expr *e, rima_arg *args,
                                uint32_t count) {
  rima_class_declare(c, cls);
  rima_call call = {.kind = RIMA_CALL_NEW};
  rima_fn *fn = cls->kind == RIMA_CLASS_MACHINE ? cls->constructor : rima_class_constructor(c, cls);
  callee to = {.fn = fn,
               .ast = cls->kind == RIMA_CLASS_CLASS ? fn->ast : NULL,
               .unit = fn->unit,
               .owner = cls,
               .name = cls->variant ? cls->variant->name.name->text
                       : cls->decl  ? cls->decl->name->text
                                    : cls->name,
               .span = e->span};
  rima_call *copy = new_call(c, RIMA_CALL_NEW, 0);
  e->resolved.how = RIMA_HOW_CALL;
  e->resolved.decl = copy;
  copy->result = cls->variant ? cls->super->type : cls->type;
  if (cls->kind == RIMA_CLASS_MACHINE) call.intrinsic = RIMA_IN_MACHINE_ERROR;
  uint8_t intrinsic = call.intrinsic;
  bool fine = check_function(c, &call, &to, args, count, NULL, e->span);
  rima_type *result = copy->result;
  *copy = call;
  copy->intrinsic = intrinsic;
  copy->cls = cls;
  copy->result = result;
  return fine ? result : RIMA_KIND(c, ERROR);
}

/* The class arguments of `Box(1)`, from the arguments or the expected type. */
static rima_class *infer_class(rima_compiler *c, rima_class_decl *decl, int variant, rima_expr *e,
                               rima_type *expected) {
  rima_type_param *params = decl->decl->class_.type_params;
  uint32_t n = decl->decl->class_.type_param_count;
  rima_type *open[8], *found[8] = {0};
  for (uint32_t i = 0; i < n; i++) open[i] = rima_type_param_of(c, &params[i]);
  rima_class *cls = rima_class_instance(c, decl, open, n);
  rima_class *made = variant >= 0 ? rima_class_variant(c, cls, (uint32_t)variant) : cls;
  rima_class_declare(c, made);
  rima_fn *fn = rima_class_constructor(c, made);
  rima_fn_signature(c, fn);
  rima_param *ast_params = made->variant ? made->variant->params : fn->ast ? fn->ast->params : NULL;
  const char *name = variant >= 0 ? made->variant->name.name->text : decl->name->text;
  rima_call *call = new_call(c, RIMA_CALL_NEW, fn->param_count);
  if (!place_args(c, call, ast_params, e->call.args, e->call.count, e->span, name) ||
      !infer_args(c, call, fn, cls->type, ast_params, params, n, found, expected, name, e->span)) {
    check_args_only(c, e);
    return NULL;
  }
  cls = rima_class_instance(c, decl, found, n);
  rima_saved_context saved;
  rima_class_enter(c, cls, &saved);
  bool fits = rima_check_bounds(c, params, found, n, e->span);
  rima_context_leave(c, &saved);
  return fits ? cls : NULL;
}

static rima_type *check_new(rima_compiler *c, rima_expr *e, rima_class_decl *decl, rima_type *const *written,
                            uint32_t count, rima_type *expected) {
  uint32_t n = decl->decl->class_.type_param_count;
  if (decl->kind != RIMA_CLASS_CLASS || decl->decl->is_abstract) {
    rima_error(&c->diagnostics, e->span, "%s is %s; it has no instances of its own", decl->name->text,
               decl->kind == RIMA_CLASS_INTERFACE ? "an interface"
               : decl->kind == RIMA_CLASS_ENUM    ? "an enum"
                                                  : "abstract");
    return check_args_only(c, e);
  }
  if (count && count != n) {
    rima_error(&c->diagnostics, e->span, "%s takes %u type argument%s, found %u", decl->name->text, n,
               n == 1 ? "" : "s", count);
    return check_args_only(c, e);
  }
  rima_class *cls =
      count || !n ? rima_class_instance(c, decl, written, n) : infer_class(c, decl, -1, e, expected);
  return cls ? rima_check_construct(c, cls, e, e->call.args, e->call.count) : RIMA_KIND(c, ERROR);
}

static rima_type *check_new_variant(rima_compiler *c, rima_expr *e, rima_class_decl *decl, uint32_t index,
                                    rima_class *written, rima_type *expected) {
  rima_class *cls;
  if (written && !written->type->is_open) cls = rima_class_variant(c, written, index);
  else if (!decl->decl->class_.type_param_count) cls = rima_variant_class(c, decl, index, expected);
  else {
    rima_class *enum_ = infer_class(c, decl, (int)index, e, expected);
    if (!enum_) return RIMA_KIND(c, ERROR);
    cls = rima_class_variant(c, enum_, index);
  }
  return rima_check_construct(c, cls, e, e->call.args, e->call.count);
}

/* ---- int(x), str(x), Array[T](n), Channel[T](n) ---- */

static rima_type *check_convert(rima_compiler *c, rima_expr *e, rima_type *to) {
  if (e->call.count != 1) {
    rima_error(&c->diagnostics, e->span, "%s(…) takes 1 argument, found %u", rima_type_text(c, to),
               e->call.count);
    return check_args_only(c, e);
  }
  rima_expr *arg = e->call.args[0].value;
  rima_type *from = rima_check(c, arg, NULL);
  bool from_number = from->kind == RIMA_T_INT || from->kind == RIMA_T_FLOAT || from->kind == RIMA_T_DYN ||
                     (from->kind == RIMA_T_BOOL && to->kind == RIMA_T_INT);
  bool fits = to->kind == RIMA_T_STR    ? from->kind != RIMA_T_VOID
              : to->kind == RIMA_T_BOOL ? from->kind == RIMA_T_BOOL || from->kind == RIMA_T_DYN
                                        : from_number;
  if (!fits && !from->is_open) {
    rima_diagnostic *d =
        rima_error(&c->diagnostics, arg->span, "%s cannot be made of %s", rima_type_text(c, to),
                   from->kind == RIMA_T_VOID ? "what gives no value" : rima_type_text(c, from));
    if (from->kind == RIMA_T_STR && to->kind != RIMA_T_BOOL)
      rima_hint(&c->diagnostics, d, "a text is read by its method %s()",
                to->kind == RIMA_T_INT ? "toInt" : "toFloat");
  }
  rima_call *call = new_call(c, RIMA_CALL_CONVERT, 1);
  call->args[0] = arg;
  call->types[0] = from;
  return finish(e, call, to);
}

static rima_type *check_new_builtin(rima_compiler *c, rima_expr *e, bool is_array, rima_type *type,
                                    rima_type *expected) {
  rima_type *t = expected ? rima_type_strip(expected) : NULL;
  if (!type && t && t->kind == (is_array ? RIMA_T_ARRAY : RIMA_T_CHANNEL)) type = t;
  if (e->call.count > (is_array ? 2u : 1u) || (is_array && e->call.count == 0)) {
    rima_error(&c->diagnostics, e->span,
               is_array ? "an Array takes its length, and what to fill it with"
                        : "a Channel takes its capacity");
    return check_args_only(c, e);
  }
  rima_call *call = new_call(c, RIMA_CALL_INTRINSIC, e->call.count);
  call->intrinsic = is_array ? RIMA_IN_ARRAY_NEW : RIMA_IN_CHANNEL_NEW;
  if (e->call.count)
    rima_check_to(c, e->call.args[0].value, RIMA_KIND(c, INT), is_array ? "length" : "capacity");
  if (!type && e->call.count == 2) type = rima_type_array(c, rima_check(c, e->call.args[1].value, NULL));
  if (!type) {
    rima_error(&c->diagnostics, e->span, "cannot tell the element type; write %s[int](…)",
               is_array ? "Array" : "Channel");
    return check_args_only(c, e);
  }
  for (uint32_t i = 0; i < e->call.count; i++) {
    call->args[i] = e->call.args[i].value;
    call->types[i] = i ? rima_type_of_element(c, type->of) : RIMA_KIND(c, INT);
    if (i) rima_check_to(c, call->args[i], call->types[i], "element");
  }
  return finish(e, call, type);
}

static rima_type *check_type_call(rima_compiler *c, rima_expr *e, rima_entity *entity,
                                  rima_type *const *written, uint32_t count, rima_type *expected) {
  if (!entity->type) {
    bool is_array = entity->name == c->names.array;
    rima_type *type = NULL;
    if (count == 1) type = is_array ? rima_type_array(c, written[0]) : rima_type_channel(c, written[0]);
    return check_new_builtin(c, e, is_array, type, expected);
  }
  switch ((rima_type_kind)entity->type->kind) {
  case RIMA_T_INT:
  case RIMA_T_FLOAT:
  case RIMA_T_STR:
  case RIMA_T_BOOL: return check_convert(c, e, entity->type);
  case RIMA_T_CLASS: return rima_check_construct(c, entity->type->cls, e, e->call.args, e->call.count);
  default: break;
  }
  rima_error(&c->diagnostics, e->span, "%s has no instances of its own", entity->name->text);
  return check_args_only(c, e);
}

/* ---- calls through values ---- */

static rima_call *method_call(rima_compiler *c, rima_expr *receiver, rima_type *type, rima_ident name,
                              rima_arg *args, uint32_t count, rima_type *const *written,
                              uint32_t written_count, rima_type *expected, rima_span span, bool is_super,
                              bool *reported);

static rima_type *check_value_call(rima_compiler *c, rima_expr *e, rima_type *type) {
  rima_expr *f = e->call.callee;
  if (type->kind == RIMA_T_ERROR || (c->cx.is_open_check && type->is_open && type->kind != RIMA_T_FUNC))
    return check_args_only(c, e);
  if (type->kind == RIMA_T_DYN) {
    rima_call *call = new_call(c, RIMA_CALL_DYNAMIC, e->call.count);
    call->receiver = f;
    for (uint32_t i = 0; i < e->call.count; i++) {
      call->args[i] = e->call.args[i].value;
      call->types[i] = type;
      rima_check_to(c, call->args[i], type, "argument");
      if (!e->call.args[i].name.name) continue;
      rima_diagnostic *d = rima_error(&c->diagnostics, e->call.args[i].name.span,
                                      "an argument of a dynamic call cannot be named");
      rima_hint(&c->diagnostics, d,
                "what is called is known at run time only: leave the name out, or cast with `as`");
    }
    return finish(e, call, type);
  }
  if (type->kind != RIMA_T_FUNC) {
    rima_call *made = NULL;
    bool reported = false;
    if (type->kind == RIMA_T_CLASS)
      made = method_call(c, f, type, (rima_ident){c->names.invoke, e->span}, e->call.args, e->call.count,
                         NULL, 0, NULL, e->span, false, &reported);
    if (reported) return RIMA_KIND(c, ERROR);
    if (made) return finish(e, made, made->result);
    rima_diagnostic *d = rima_error(&c->diagnostics, f->span, "%s cannot be called", rima_type_text(c, type));
    if (type->kind == RIMA_T_NULLABLE)
      rima_hint(&c->diagnostics, d, "the value may be null: test it first, or use !");
    return check_args_only(c, e);
  }
  if (type->count != e->call.count) {
    rima_error(&c->diagnostics, e->span, "this function takes %u argument%s, found %u", type->count,
               type->count == 1 ? "" : "s", e->call.count);
    return check_args_only(c, e);
  }
  rima_call *call = new_call(c, RIMA_CALL_CLOSURE, type->count);
  call->receiver = f;
  call->receiver_type = type;
  for (uint32_t i = 0; i < type->count; i++) {
    call->args[i] = e->call.args[i].value;
    call->types[i] = type->items[i];
    if (e->call.args[i].name.name)
      rima_error(&c->diagnostics, e->call.args[i].name.span, "a function value has no parameter names");
    rima_check_to(c, call->args[i], type->items[i], "argument");
  }
  return finish(e, call, type->of);
}

/* ---- methods ---- */

static bool intrinsic_of(rima_compiler *c, rima_type *type, const rima_name *name, rima_intrinsic *which,
                         uint32_t *params) {
  *params = 0;
  *which = RIMA_IN_NONE;
  if (type->kind == RIMA_T_ARRAY && name == c->names.len) *which = RIMA_IN_ARRAY_LEN;
  if (type->kind == RIMA_T_STR && name == c->names.len) *which = RIMA_IN_STR_LEN;
  if (type->kind == RIMA_T_CHANNEL) {
    if (name == c->names.send) *which = RIMA_IN_SEND, *params = 1;
    if (name == c->names.recv) *which = RIMA_IN_RECV;
    if (name == c->names.try_recv) *which = RIMA_IN_TRY_RECV;
    if (name == c->names.close) *which = RIMA_IN_CLOSE;
  }
  if (type->kind == RIMA_T_CLASS &&
      (type->cls->kind == RIMA_CLASS_ENUM || type->cls->kind == RIMA_CLASS_VARIANT)) {
    if (name == c->names.ordinal) *which = RIMA_IN_ORDINAL;
    if (name == c->names.name) *which = RIMA_IN_NAME;
  }
  return *which != RIMA_IN_NONE;
}

static bool structural_of(rima_compiler *c, const rima_name *name, rima_intrinsic *which, uint32_t *params) {
  *params = name == c->names.equals;
  *which = name == c->names.to_string ? RIMA_IN_TO_STRING
           : name == c->names.equals  ? RIMA_IN_EQUALS
           : name == c->names.hash    ? RIMA_IN_HASH
                                      : RIMA_IN_NONE;
  return *which != RIMA_IN_NONE;
}

rima_builtin rima_builtin_method(rima_compiler *c, rima_type *type, const rima_name *name, uint32_t *params) {
  rima_intrinsic which;
  if (intrinsic_of(c, type, name, &which, params)) return RIMA_BUILTIN_OF_TYPE;
  return structural_of(c, name, &which, params) ? RIMA_BUILTIN_OF_ALL : RIMA_BUILTIN_NONE;
}

static rima_type *intrinsic_result(rima_compiler *c, rima_intrinsic which, rima_type *type) {
  switch (which) {
  case RIMA_IN_ARRAY_LEN:
  case RIMA_IN_STR_LEN:
  case RIMA_IN_ORDINAL:
  case RIMA_IN_HASH: return RIMA_KIND(c, INT);
  case RIMA_IN_RECV: return type->of;
  case RIMA_IN_TRY_RECV: return rima_type_nullable(c, type->of);
  case RIMA_IN_NAME:
  case RIMA_IN_TO_STRING: return RIMA_KIND(c, STR);
  case RIMA_IN_EQUALS: return RIMA_KIND(c, BOOL);
  default: return RIMA_KIND(c, VOID);
  }
}

static rima_call *intrinsic_call(rima_compiler *c, rima_call_kind kind, rima_intrinsic which, uint32_t params,
                                 rima_expr *receiver, rima_type *type, rima_arg *args, uint32_t count,
                                 rima_ident name) {
  if (count != params) {
    rima_error(&c->diagnostics, name.span, "%s takes %u argument%s, found %u", name.name->text, params,
               params == 1 ? "" : "s", count);
    for (uint32_t i = 0; i < count; i++) rima_check(c, args[i].value, NULL);
    return NULL;
  }
  rima_call *call = new_call(c, kind, params);
  call->intrinsic = (uint8_t)which;
  call->receiver = receiver;
  call->receiver_type = type;
  for (uint32_t i = 0; i < params; i++) {
    call->args[i] = args[i].value;
    call->types[i] = which == RIMA_IN_SEND ? type->of
                     : which == RIMA_IN_EQUALS && rima_type_rep(type) != 'R'
                         ? type
                         : rima_type_nullable(c, RIMA_KIND(c, OBJECT));
    check_argument(c, args[i].value, call->types[i], name.name->text, NULL, 0);
  }
  call->result = intrinsic_result(c, which, type);
  return call;
}

/* The method `name` of a non-null `type`. NULL: there is none, or (after a report, *reported) its arguments
 * are wrong. */
static rima_call *method_call(rima_compiler *c, rima_expr *receiver, rima_type *type, rima_ident name,
                              rima_arg *args, uint32_t count, rima_type *const *written,
                              uint32_t written_count, rima_type *expected, rima_span span, bool is_super,
                              bool *reported) {
  *reported = false;
  callee to = {
      .name = name.name->text, .span = name.span, .written = written, .written_count = written_count};
  rima_class *cls = rima_type_class(c, type);
  if (cls && is_super) cls = cls->super;
  rima_found found = cls ? rima_class_find(c, cls, name.name) : (rima_found){0};
  rima_call call = {.kind = RIMA_CALL_METHOD};
  rima_intrinsic which;
  uint32_t params;
  rima_extension_method *x;
  if (found.kind == RIMA_FOUND_FIELD || found.kind == RIMA_FOUND_STATIC) return NULL;
  if (found.kind) {
    rima_check_private(c, &found, name);
    to.ast = found.member->decl->function;
    to.unit = found.cls->decl->unit;
    to.owner = found.cls;
    if (found.kind == RIMA_FOUND_STATIC_FUN) {
      rima_error(&c->diagnostics, name.span, "%s is static: write %s.%s(…)", name.name->text, found.cls->name,
                 name.name->text);
      *reported = true;
      return NULL;
    }
    if (!to.ast->type_param_count) to.fn = rima_class_method(c, found.cls, found.index);
    if (is_super && to.fn && !to.ast->body && !to.ast->value)
      rima_error(&c->diagnostics, name.span, "%s is abstract in %s", name.name->text, found.cls->name);
  } else if (intrinsic_of(c, type, name.name, &which, &params)) {
    rima_call *made =
        intrinsic_call(c, RIMA_CALL_INTRINSIC, which, params, receiver, type, args, count, name);
    *reported = !made;
    return made;
  } else if ((x = rima_extension_find(c, type, name.name, &to.extension_args))) {
    to.ast = x->decl->function;
    to.unit = x->extension->unit;
    to.extension = x->extension;
  } else if (structural_of(c, name.name, &which, &params)) {
    rima_call *made =
        intrinsic_call(c, RIMA_CALL_STRUCTURAL, which, params, receiver, type, args, count, name);
    if (made) made->is_super = is_super;
    *reported = !made;
    return made;
  } else {
    return NULL;
  }
  if (!check_function(c, &call, &to, args, count, expected, span)) {
    *reported = true;
    return NULL;
  }
  rima_call *made = RIMA_NEW(c->arena, rima_call);
  *made = call;
  made->receiver = receiver;
  made->receiver_type = type;
  made->is_super = is_super;
  return made;
}

rima_call *rima_check_method_call(rima_compiler *c, rima_expr *receiver, rima_type *type,
                                  const rima_name *name, rima_expr **args, uint32_t count,
                                  rima_type *expected, rima_span span) {
  rima_arg *list = RIMA_NEW_ARRAY(c->arena, rima_arg, count + 1);
  for (uint32_t i = 0; i < count; i++) list[i].value = args[i];
  bool reported;
  return method_call(c, receiver, type, (rima_ident){name, span}, list, count, NULL, 0, expected, span, false,
                     &reported);
}

static rima_type *check_object_call(rima_compiler *c, rima_expr *e, rima_expr *member,
                                    rima_type *const *written, uint32_t written_count, rima_type *expected) {
  rima_expr *object = member->member.object;
  rima_ident name = member->member.name;
  bool is_super = object->kind == RIMA_EXPR_SUPER;
  if (is_super) {
    object->kind = RIMA_EXPR_THIS;
    rima_check(c, object, NULL);
    object->kind = RIMA_EXPR_SUPER;
    object->resolved.how = RIMA_HOW_THIS;
  } else {
    rima_check(c, object, NULL);
  }
  rima_type *type = object->type;
  if (!name.name || type->kind == RIMA_T_ERROR || type->kind == RIMA_T_PARAM) {
    check_args_only(c, e);
    if (type->kind == RIMA_T_PARAM && type->param->bound) {
      rima_type *bound = rima_resolve_type(c, type->param->bound);
      if (bound->kind == RIMA_T_CLASS && !rima_class_find(c, bound->cls, name.name).kind) {
        rima_type **args;
        rima_intrinsic which;
        uint32_t params;
        if (!rima_extension_find(c, bound, name.name, &args) && !structural_of(c, name.name, &which, &params))
          rima_report_no_member(c, bound, name);
      }
    }
    return RIMA_KIND(c, ERROR);
  }
  if (type->kind == RIMA_T_DYN) {
    rima_type *result = check_value_call(c, e, type);
    rima_call *call = e->resolved.decl;
    call->receiver = object;
    call->name = name.name;
    call->is_safe = member->is_safe;
    return result;
  }
  bool is_safe = member->is_safe && type->kind == RIMA_T_NULLABLE;
  if (type->kind == RIMA_T_NULLABLE && !is_safe && name.name != c->names.to_string &&
      name.name != c->names.hash) {
    rima_diagnostic *d =
        rima_error(&c->diagnostics, name.span, "the value may be null (%s)", rima_type_text(c, type));
    rima_hint(&c->diagnostics, d, "use ?.%s(…), or test it first", name.name->text);
    return check_args_only(c, e);
  }
  bool reported;
  rima_type *seen = is_safe ? type->of : type;
  rima_call *call = method_call(c, object, seen, name, e->call.args, e->call.count, written, written_count,
                                expected, e->span, is_super, &reported);
  if (call) {
    call->is_safe = is_safe;
    rima_type *result = call->result;
    if (is_safe && result->kind != RIMA_T_VOID) result = rima_type_nullable(c, result);
    finish(e, call, call->result);
    return result;
  }
  if (reported) return RIMA_KIND(c, ERROR);
  rima_class *cls = rima_type_class(c, seen);
  rima_found found = cls ? rima_class_find(c, cls, name.name) : (rima_found){0};
  if (found.kind != RIMA_FOUND_FIELD) {
    if (found.kind) rima_check(c, member, NULL);
    else rima_report_no_member(c, seen, name);
    return check_args_only(c, e);
  }
  rima_check(c, member, NULL);
  return check_value_call(c, e, member->type);
}

/* ---- dispatch ---- */

static rima_type *call_function(rima_compiler *c, rima_expr *e, rima_function *ast, rima_unit *unit,
                                rima_class *owner, rima_type *const *written, uint32_t written_count,
                                rima_type *expected) {
  callee to = {.ast = ast,
               .unit = unit,
               .owner = owner,
               .name = ast->name.name->text,
               .span = e->call.callee->span,
               .written = written,
               .written_count = written_count};
  rima_call call = {.kind = RIMA_CALL_STATIC};
  if (!check_function(c, &call, &to, e->call.args, e->call.count, expected, e->span))
    return RIMA_KIND(c, ERROR);
  rima_call *copy = RIMA_NEW(c->arena, rima_call);
  *copy = call;
  return finish(e, copy, copy->result);
}

static rima_type *call_entity(rima_compiler *c, rima_expr *e, rima_entity *entity, rima_type *const *written,
                              uint32_t count, rima_type *expected) {
  switch ((rima_entity_kind)entity->kind) {
  case RIMA_ENTITY_FUNCTION:
    return call_function(c, e, entity->decl->function, entity->unit, NULL, written, count, expected);
  case RIMA_ENTITY_CLASS: return check_new(c, e, entity->class_, written, count, expected);
  case RIMA_ENTITY_VARIANT:
    return check_new_variant(c, e, entity->variant.enum_, entity->variant.index, NULL, expected);
  case RIMA_ENTITY_TYPE: return check_type_call(c, e, entity, written, count, expected);
  default: break;
  }
  rima_expr *f = e->call.callee;
  if (f->kind == RIMA_EXPR_INDEX) f = f->index.object;
  f->type = rima_check_entity_value(c, f, entity, NULL);
  return check_value_call(c, e, f->type);
}

static rima_type *call_bare_member(rima_compiler *c, rima_expr *e, rima_ident name, rima_type *const *written,
                                   uint32_t count, rima_type *expected) {
  rima_expr *object = RIMA_NEW(c->arena, rima_expr);
  object->kind = RIMA_EXPR_THIS;
  object->span = name.span;
  rima_expr *member = RIMA_NEW(c->arena, rima_expr);
  member->kind = RIMA_EXPR_MEMBER;
  member->span = name.span;
  member->member.object = object;
  member->member.name = name;
  return check_object_call(c, e, member, written, count, expected);
}

/* Whether a bare name within a class or extend block is a member called on `this`. */
static bool is_bare_member(rima_compiler *c, const rima_name *name, rima_found *found) {
  rima_type *type = c->cx.this_type;
  rima_class *cls = type ? rima_type_class(c, type) : c->cx.cls;
  *found = cls ? rima_class_find(c, cls, name) : (rima_found){0};
  if (found->kind) return true;
  if (!type || type->kind == RIMA_T_ERROR) return false;
  rima_intrinsic which;
  uint32_t params;
  rima_type **args;
  if (intrinsic_of(c, type, name, &which, &params) || rima_extension_find(c, type, name, &args)) return true;
  return structural_of(c, name, &which, &params) && !rima_unit_find(c, c->cx.unit, name);
}

static rima_type *call_name(rima_compiler *c, rima_expr *e, rima_expr *callee_expr, rima_type *const *written,
                            uint32_t count, rima_type *expected) {
  const rima_name *name = callee_expr->name;
  if (rima_find_local(c, name)) return check_value_call(c, e, rima_check(c, callee_expr, NULL));
  rima_found found;
  if (is_bare_member(c, name, &found)) {
    if (found.kind == RIMA_FOUND_STATIC_FUN)
      return call_function(c, e, found.member->decl->function, found.cls->decl->unit, found.cls, written,
                           count, expected);
    if (found.kind == RIMA_FOUND_FIELD || found.kind == RIMA_FOUND_STATIC)
      return check_value_call(c, e, rima_check(c, callee_expr, NULL));
    return call_bare_member(c, e, (rima_ident){name, callee_expr->span}, written, count, expected);
  }
  rima_entity *entity = rima_unit_find(c, c->cx.unit, name);
  if (entity) return call_entity(c, e, entity, written, count, expected);
  rima_report_unknown(c, name, callee_expr->span);
  return check_args_only(c, e);
}

static rima_type *call_static(rima_compiler *c, rima_expr *e, rima_class *cls, rima_expr *member,
                              rima_type *const *written, uint32_t count, rima_type *expected) {
  rima_ident name = member->member.name;
  rima_decl *decl = cls->decl->decl;
  for (uint32_t i = 0; cls->kind == RIMA_CLASS_ENUM && i < decl->class_.variant_count; i++)
    if (decl->class_.variants[i].name.name == name.name)
      return check_new_variant(c, e, cls->decl, i, cls, expected);
  rima_found found = rima_class_find(c, cls, name.name);
  if (found.kind == RIMA_FOUND_STATIC_FUN) {
    rima_check_private(c, &found, name);
    if (cls->type->is_open && !c->cx.is_open_check) {
      rima_error(&c->diagnostics, member->span, "write the type arguments: %s[…].%s", cls->decl->name->text,
                 name.name->text);
      return check_args_only(c, e);
    }
    return call_function(c, e, found.member->decl->function, found.cls->decl->unit, found.cls, written, count,
                         expected);
  }
  if (!found.kind && cls->kind == RIMA_CLASS_ENUM && name.name == c->names.values) {
    rima_class_variant(c, cls, 0);
    if (!cls->is_plain_enum)
      rima_error(&c->diagnostics, name.span, "values() is for enums whose variants have no parameters");
    rima_call *call = new_call(c, RIMA_CALL_INTRINSIC, 0);
    call->intrinsic = RIMA_IN_VALUES;
    call->cls = cls;
    rima_type *element = cls->type;
    return finish(e, call, rima_class_instance(c, c->list_decl, &element, 1)->type);
  }
  return check_value_call(c, e, rima_check(c, member, NULL));
}

static rima_type *call_member(rima_compiler *c, rima_expr *e, rima_expr *member, rima_type *const *written,
                              uint32_t count, rima_type *expected) {
  rima_expr *object = member->member.object;
  rima_entity *entity = object->kind == RIMA_EXPR_NAME ? rima_entity_of(c, object) : NULL;
  if (entity && entity->kind == RIMA_ENTITY_UNIT) {
    rima_entity *found = rima_map_get(&entity->target->scope, member->member.name.name);
    if (found && (!found->is_private || entity->target == c->cx.unit) && found->kind != RIMA_ENTITY_GLOBAL)
      return call_entity(c, e, found, written, count, expected);
    rima_type *type = member->type = rima_check_unit_member(c, member, entity->target, NULL);
    return check_value_call(c, e, type);
  }
  rima_class *cls = rima_class_of_expr(c, object);
  if (cls) return call_static(c, e, cls, member, written, count, expected);
  return check_object_call(c, e, member, written, count, expected);
}

/* f[int](…): types are written if what stands before them is a function or class, not a value. */
static bool takes_types(rima_compiler *c, rima_expr *f) {
  rima_expr *object = f->index.object;
  if (!f->index.types || f->index.types->count > 8) return false;
  if (!f->index.index) return true;
  if (object->kind == RIMA_EXPR_NAME) {
    if (rima_find_local(c, object->name)) return false;
    rima_class *cls = c->cx.this_type ? rima_type_class(c, c->cx.this_type) : c->cx.cls;
    rima_found found = cls ? rima_class_find(c, cls, object->name) : (rima_found){0};
    if (found.kind) return found.kind == RIMA_FOUND_METHOD || found.kind == RIMA_FOUND_STATIC_FUN;
  }
  rima_entity *entity = rima_entity_of(c, object);
  if (entity) return entity->kind != RIMA_ENTITY_GLOBAL;
  if (object->kind != RIMA_EXPR_MEMBER) return false;
  rima_check(c, object->member.object, NULL); /* a generic method, or an element of a field? */
  rima_class *cls = rima_type_class(c, object->member.object->type);
  rima_found found = cls ? rima_class_find(c, cls, object->member.name.name) : (rima_found){0};
  return found.kind == RIMA_FOUND_METHOD;
}

rima_type *rima_check_call(rima_compiler *c, rima_expr *e, rima_type *expected) {
  rima_expr *f = e->call.callee;
  rima_type *written[8];
  uint32_t count = 0;
  if (f->kind == RIMA_EXPR_INDEX && takes_types(c, f)) {
    count = f->index.types->count;
    for (uint32_t i = 0; i < count; i++) {
      bool is_array = f->index.object->kind == RIMA_EXPR_NAME && f->index.object->name == c->names.array;
      written[i] = is_array ? rima_resolve_element(c, f->index.types->items[i])
                            : rima_resolve_type(c, f->index.types->items[i]);
      if (written[i]->kind == RIMA_T_ERROR) return check_args_only(c, e);
    }
    f = f->index.object;
  }
  if (f->kind == RIMA_EXPR_NAME && f->resolved.how != RIMA_HOW_REGISTER)
    return call_name(c, e, f, written, count, expected);
  if (f->kind == RIMA_EXPR_MEMBER) return call_member(c, e, f, written, count, expected);
  return check_value_call(c, e, rima_check(c, f, NULL));
}
