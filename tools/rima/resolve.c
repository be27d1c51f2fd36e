/* resolve.c: types as written become types. */
#include "program.h"
#include <string.h>

static rima_type *find_param(rima_type_param *params, uint32_t count, const rima_name *name,
                             rima_compiler *c) {
  for (uint32_t i = 0; i < count; i++)
    if (params[i].name.name == name)
      return params[i].type ? params[i].type : rima_type_param_of(c, &params[i]);
  return NULL;
}

static rima_type *visible_param(rima_compiler *c, const rima_name *name) {
  rima_context *cx = &c->cx;
  rima_type *found = NULL;
  for (rima_frame *f = cx->frame; f && !found; f = f->outer)
    if (f->is_inner) found = find_param(f->ast->type_params, f->ast->type_param_count, name, c);
  if (!found && cx->fn && cx->fn->ast)
    found = find_param(cx->fn->ast->type_params, cx->fn->ast->type_param_count, name, c);
  if (!found && cx->extension)
    found = find_param(cx->extension->decl->extend.type_params, cx->extension->decl->extend.type_param_count,
                       name, c);
  if (!found && cx->cls && cx->cls->decl)
    found = find_param(cx->cls->decl->decl->class_.type_params, cx->cls->decl->decl->class_.type_param_count,
                       name, c);
  return found;
}

rima_entity *rima_resolve_type_entity(rima_compiler *c, const rima_name *qualifier, const rima_name *name) {
  if (!qualifier) return rima_unit_find(c, c->cx.unit, name);
  rima_entity *unit = rima_unit_find(c, c->cx.unit, qualifier);
  if (unit && unit->kind == RIMA_ENTITY_CLASS) { /* Shape.Circle */
    rima_decl *decl = unit->class_->decl;
    if (decl->kind != RIMA_DECL_ENUM) return NULL;
    for (uint32_t i = 0; i < decl->class_.variant_count; i++)
      if (decl->class_.variants[i].name.name == name) {
        rima_entity *e = RIMA_NEW(c->arena, rima_entity);
        *e = (rima_entity){.kind = RIMA_ENTITY_VARIANT, .name = name, .unit = unit->unit, .span = unit->span};
        e->variant.enum_ = unit->class_;
        e->variant.index = i;
        return e;
      }
    return NULL;
  }
  if (!unit || unit->kind != RIMA_ENTITY_UNIT) return NULL;
  rima_entity *found = rima_map_get(&unit->target->scope, name);
  return found && found->is_private && unit->target != c->cx.unit ? NULL : found;
}

static void offer_types(rima_compiler *c, rima_nearest *nearest, rima_map *scope) {
  for (uint32_t i = 0; i < scope->capacity; i++) {
    rima_entity *e = scope->entries[i].value;
    if (scope->entries[i].key && (e->kind == RIMA_ENTITY_CLASS || e->kind == RIMA_ENTITY_TYPE) &&
        (!e->is_private || e->unit == c->cx.unit))
      rima_nearest_offer(nearest, e->name->text, e->name->length);
  }
}

static void report_unknown(rima_compiler *c, rima_type_expr *expr) {
  const rima_name *name = expr->named.name.name;
  if (expr->named.qualifier.name) {
    rima_error(&c->diagnostics, expr->span, "there is no type %s.%s", expr->named.qualifier.name->text,
               name->text);
    return;
  }
  rima_diagnostic *d = rima_error(&c->diagnostics, expr->named.name.span, "unknown type %s", name->text);
  static const char *const habits[][2] = {
      {"string", "str"},  {"String", "str"},   {"boolean", "bool"}, {"Int", "int"},   {"Integer", "int"},
      {"Bool", "bool"},   {"double", "float"}, {"number", "float"}, {"any", "dyn"},   {"Any", "dyn"},
      {"Float", "float"}, {"list", "List"},    {"unit", "void"},    {"Unit", "void"}, {"long", "int"}};
  for (size_t i = 0; i < sizeof habits / sizeof *habits; i++)
    if (strcmp(habits[i][0], name->text) == 0) {
      rima_hint(&c->diagnostics, d, "the type is called %s", habits[i][1]);
      return;
    }
  rima_nearest nearest;
  rima_nearest_init(&nearest, name->text, name->length);
  offer_types(c, &nearest, &c->cx.unit->scope);
  offer_types(c, &nearest, &c->core->scope);
  offer_types(c, &nearest, &c->builtins);
  if (nearest.best)
    rima_hint(&c->diagnostics, d, "did you mean %.*s?", (int)nearest.best_length, nearest.best);
}

static bool satisfies_bound(rima_compiler *c, rima_type *type, rima_type *bound) {
  if (type->is_open || bound->kind == RIMA_T_ERROR || rima_type_is_subtype(c, type, bound)) return true;
  if (bound->kind != RIMA_T_CLASS || bound->cls->decl != c->comparable_decl) return false;
  bool is_primitive = type->kind == RIMA_T_INT || type->kind == RIMA_T_FLOAT || type->kind == RIMA_T_STR ||
                      type->kind == RIMA_T_BOOL;
  return type->kind == RIMA_T_DYN || (is_primitive && bound->cls->args[0] == type);
}

bool rima_check_bounds(rima_compiler *c, rima_type_param *params, rima_type *const *types, uint32_t count,
                       rima_span span) {
  for (uint32_t i = 0; i < count; i++) {
    if (!params[i].bound || types[i]->kind == RIMA_T_DYN) continue; /* a dyn is asked at run time */
    rima_type *before[8];
    for (uint32_t k = 0; k < count; k++) before[k] = params[k].type;
    rima_params_bind(params, count, types);
    rima_type *bound = rima_resolve_type(c, params[i].bound);
    rima_params_bind(params, count, before);
    if (satisfies_bound(c, types[i], bound)) continue;
    rima_error(&c->diagnostics, span, "%s is not a %s, as %s must be", rima_type_text(c, types[i]),
               rima_type_text(c, bound), params[i].name.name->text);
    return false;
  }
  return true;
}

/* Bounds are written in the declaring unit's words. */
static void check_class_bounds(rima_compiler *c, rima_class *cls, rima_span span) {
  rima_saved_context saved;
  rima_class_enter(c, cls, &saved);
  rima_check_bounds(c, cls->decl->decl->class_.type_params, cls->args, cls->arg_count, span);
  rima_context_leave(c, &saved);
}

static rima_type *wrong_count(rima_compiler *c, const char *name, uint32_t wanted, uint32_t found,
                              rima_span span) {
  if (wanted == 0) rima_error(&c->diagnostics, span, "%s takes no type arguments", name);
  else
    rima_error(&c->diagnostics, span, "%s takes %u type argument%s, found %u", name, wanted,
               wanted == 1 ? "" : "s", found);
  return RIMA_KIND(c, ERROR);
}

static rima_type *builtin_type(rima_compiler *c, rima_entity *entity, rima_type **args, uint32_t count,
                               rima_span span) {
  if (entity->type) {
    if (count) return wrong_count(c, entity->name->text, 0, count, span);
    return entity->type;
  }
  if (count != 1) return wrong_count(c, entity->name->text, 1, count, span);
  if (args[0]->kind == RIMA_T_VOID) {
    rima_error(&c->diagnostics, span, "void is not the type of a value");
    return RIMA_KIND(c, ERROR);
  }
  return entity->name == c->names.array ? rima_type_array(c, args[0]) : rima_type_channel(c, args[0]);
}

rima_type *rima_entity_type(rima_compiler *c, rima_entity *entity, rima_type **args, uint32_t count,
                            rima_span span) {
  if (entity->kind == RIMA_ENTITY_TYPE) return builtin_type(c, entity, args, count, span);
  rima_class_decl *decl = entity->kind == RIMA_ENTITY_CLASS     ? entity->class_
                          : entity->kind == RIMA_ENTITY_VARIANT ? entity->variant.enum_
                                                                : NULL;
  if (!decl) {
    rima_error(&c->diagnostics, span, "%s is not a type", entity->name->text);
    return RIMA_KIND(c, ERROR);
  }
  uint32_t wanted = decl->decl->class_.type_param_count;
  if (count == 0 && wanted && c->cx.cls && c->cx.cls->decl == decl && entity->kind == RIMA_ENTITY_VARIANT) {
    args = c->cx.cls->args;
    count = wanted;
  }
  if (count != wanted) return wrong_count(c, entity->name->text, wanted, count, span);
  rima_class *cls = rima_class_instance(c, decl, args, count);
  if (count) check_class_bounds(c, cls, span);
  if (entity->kind == RIMA_ENTITY_VARIANT) cls = rima_class_variant(c, cls, entity->variant.index);
  return cls->type;
}

static bool is_narrow(const rima_type *type) {
  return type->kind == RIMA_T_U8 || type->kind == RIMA_T_I16 || type->kind == RIMA_T_I32 ||
         type->kind == RIMA_T_F32;
}

/* A type argument of Array: the one place where u8, i16, i32 and f32 stay what they are. */
rima_type *rima_resolve_element(rima_compiler *c, rima_type_expr *expr) {
  bool may_be_param = expr->kind == RIMA_TYPE_NAME && !expr->named.qualifier.name;
  rima_type *param = may_be_param ? visible_param(c, expr->named.name.name) : NULL;
  return param ? param : rima_resolve_type(c, expr);
}

static rima_type *resolve_named(rima_compiler *c, rima_type_expr *expr) {
  const rima_name *name = expr->named.name.name;
  if (!expr->named.qualifier.name) {
    rima_type *param = visible_param(c, name);
    if (param) return rima_type_of_element(c, param); /* u8 … stay narrow only in an array */
  }
  rima_entity *entity = rima_resolve_type_entity(c, expr->named.qualifier.name, name);
  if (!entity) {
    report_unknown(c, expr);
    return RIMA_KIND(c, ERROR);
  }
  if (expr->named.arg_count > 8) {
    rima_error(&c->diagnostics, expr->span, "more than 8 type arguments");
    return RIMA_KIND(c, ERROR);
  }
  rima_type *args[8];
  bool is_array = entity->kind == RIMA_ENTITY_TYPE && entity->name == c->names.array;
  for (uint32_t i = 0; i < expr->named.arg_count; i++) {
    args[i] =
        is_array ? rima_resolve_element(c, expr->named.args[i]) : rima_resolve_type(c, expr->named.args[i]);
    if (is_narrow(args[i]) && !is_array) {
      rima_error(&c->diagnostics, expr->named.args[i]->span, "%s is only an element type of Array",
                 rima_type_text(c, args[i]));
      return RIMA_KIND(c, ERROR);
    }
    if (args[i]->kind == RIMA_T_ERROR) return args[i];
  }
  return rima_entity_type(c, entity, args, expr->named.arg_count, expr->span);
}

static rima_type *resolve_list(rima_compiler *c, rima_type_expr *expr) {
  rima_type **items = RIMA_NEW_ARRAY(c->arena, rima_type *, expr->tuple.count + 1);
  for (uint32_t i = 0; i < expr->tuple.count; i++) {
    items[i] = rima_resolve_type(c, expr->tuple.items[i]);
    if (items[i]->kind == RIMA_T_ERROR) return items[i];
    if (items[i]->kind == RIMA_T_VOID || is_narrow(items[i])) {
      rima_error(&c->diagnostics, expr->tuple.items[i]->span, "%s is not the type of a value",
                 rima_type_text(c, items[i]));
      return RIMA_KIND(c, ERROR);
    }
  }
  if (expr->kind == RIMA_TYPE_TUPLE) return rima_type_tuple(c, items, expr->tuple.count);
  rima_type *result = rima_resolve_type(c, expr->tuple.result);
  return result->kind == RIMA_T_ERROR ? result : rima_type_func(c, items, expr->tuple.count, result);
}

rima_type *rima_resolve_type(rima_compiler *c, rima_type_expr *expr) {
  switch (expr->kind) {
  case RIMA_TYPE_NAME: return resolve_named(c, expr);
  case RIMA_TYPE_NULLABLE: {
    rima_type *of = rima_resolve_type(c, expr->nullable);
    if (of->kind != RIMA_T_VOID && !is_narrow(of)) return rima_type_nullable(c, of);
    rima_error(&c->diagnostics, expr->span, "%s cannot be null", rima_type_text(c, of));
    return RIMA_KIND(c, ERROR);
  }
  case RIMA_TYPE_TUPLE:
  case RIMA_TYPE_FUNCTION: return resolve_list(c, expr);
  case RIMA_TYPE_ERROR: break;
  }
  return RIMA_KIND(c, ERROR);
}
