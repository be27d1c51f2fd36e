/* check_expr.c: the types of expressions; names, literals, containers. */
#include "program.h"
#include <string.h>

/* ---- requiring a type ---- */

static void hint_conversion(rima_compiler *c, rima_diagnostic *d, rima_type *from, rima_type *to) {
  if (from->kind == RIMA_T_INT && to->kind == RIMA_T_FLOAT) rima_hint(&c->diagnostics, d, "write float(…)");
  else if (from->kind == RIMA_T_FLOAT && to->kind == RIMA_T_INT)
    rima_hint(&c->diagnostics, d, "write int(…), which truncates");
  else if (to->kind == RIMA_T_STR && from->kind != RIMA_T_NULL && from->kind != RIMA_T_NULLABLE)
    rima_hint(&c->diagnostics, d, "write str(…)");
  else if (from->kind == RIMA_T_NULLABLE && rima_type_is_subtype(c, from->of, to))
    rima_hint(&c->diagnostics, d, "the value may be null: test it first, or use ?? or !");
  else if (from->kind == RIMA_T_NULL)
    rima_hint(&c->diagnostics, d, "only a type with ? can be null: %s?", rima_type_text(c, to));
  else if (from->kind == RIMA_T_CLASS && to->kind == RIMA_T_CLASS && rima_type_is_subtype(c, to, from))
    rima_hint(&c->diagnostics, d, "write `as %s`, which is checked at run time", rima_type_text(c, to));
}

static bool require_last(rima_compiler *c, rima_block *block, rima_type *want, const char *what) {
  rima_stmt *last = block->count ? block->stmts[block->count - 1] : NULL;
  return !last || last->kind != RIMA_STMT_EXPR || rima_require(c, last->expr, want, what);
}

/* Branches of different types make a dyn, which would convert to anything: each must fit by itself. */
static bool require_branches(rima_compiler *c, rima_expr *e, rima_type *want, const char *what) {
  bool fits = true;
  switch ((rima_expr_kind)e->kind) {
  case RIMA_EXPR_IF:
    if (!e->branch.otherwise) return true;
    fits = require_last(c, e->branch.then, want, what);
    return rima_require(c, e->branch.otherwise, want, what) && fits;
  case RIMA_EXPR_BLOCK: return require_last(c, e->block, want, what);
  case RIMA_EXPR_MATCH:
    for (uint32_t i = 0; i < e->match.count; i++)
      fits = rima_require(c, e->match.arms[i].body, want, what) && fits;
    return fits;
  case RIMA_EXPR_TRY:
    fits = require_last(c, e->try_->body, want, what);
    for (uint32_t i = 0; i < e->try_->catch_count; i++)
      fits = require_last(c, e->try_->catches[i].body, want, what) && fits;
    return fits;
  default: return true;
  }
}

bool rima_require(rima_compiler *c, rima_expr *e, rima_type *want, const char *what) {
  rima_type *from = e->type;
  if (rima_type_converts(c, from, want)) {
    bool narrows = from->kind == RIMA_T_DYN && want->kind != RIMA_T_DYN && !c->cx.is_open_check;
    return !narrows || require_branches(c, e, want, what);
  }
  if (c->cx.is_open_check && (from->is_open || want->is_open)) return true;
  rima_diagnostic *d;
  if (from->kind == RIMA_T_VOID)
    d = rima_error(&c->diagnostics, e->span, "%s%sexpected %s, but this gives no value", what ? what : "",
                   what ? ": " : "", rima_type_text(c, want));
  else
    d = rima_error(&c->diagnostics, e->span, "%s%sexpected %s, found %s", what ? what : "", what ? ": " : "",
                   rima_type_text(c, want), rima_type_text(c, from));
  hint_conversion(c, d, from, want);
  return false;
}

void rima_check_to(rima_compiler *c, rima_expr *e, rima_type *want, const char *what) {
  rima_check(c, e, want);
  rima_require(c, e, want, what);
}

bool rima_may_warn(const rima_compiler *c) {
  const rima_context *cx = &c->cx;
  bool is_generic = (cx->cls && cx->cls->arg_count) || cx->extension ||
                    (cx->fn && cx->fn->ast && cx->fn->args && cx->fn->ast->type_param_count);
  return cx->unit->is_user && !is_generic && !c->inline_depth;
}

/* ---- locals ---- */

rima_local *rima_find_local(rima_compiler *c, const rima_name *name) {
  for (uint32_t i = c->local_count; i-- > c->cx.locals_base;)
    if (c->locals[i]->name == name) return c->locals[i];
  return NULL;
}

rima_scope rima_scope_open(rima_compiler *c) {
  rima_scope before = {c->local_count, c->cx.scope_base};
  c->cx.scope_base = c->local_count;
  return before;
}

void rima_scope_leave(rima_compiler *c, rima_scope scope) {
  c->local_count = scope.locals;
  c->cx.scope_base = scope.base;
}

static void refuse_twin(rima_compiler *c, const rima_local *local) {
  for (uint32_t i = c->cx.scope_base; i < c->local_count; i++) {
    const rima_local *before = c->locals[i];
    if (before->name != local->name || local->name == c->names.underscore || !local->span.end) continue;
    rima_diagnostic *d =
        rima_error(&c->diagnostics, local->span, "%s is already declared in this scope", local->name->text);
    rima_related(&c->diagnostics, d, before->span, "first declared here");
    return;
  }
}

void rima_scope_add(rima_compiler *c, rima_local *local, rima_type *type) {
  refuse_twin(c, local);
  local->type = type;
  local->narrowed = NULL;
  local->state = 0;
  if (c->local_count == c->local_capacity) {
    uint32_t capacity = c->local_capacity ? c->local_capacity * 2 : 64;
    rima_local **grown = RIMA_NEW_ARRAY(c->arena, rima_local *, capacity);
    if (c->local_count) memcpy(grown, c->locals, c->local_count * sizeof *grown);
    c->locals = grown;
    c->local_capacity = capacity;
  }
  c->locals[c->local_count++] = local;
}

rima_type *rima_local_type(const rima_local *local) {
  return local->narrowed ? local->narrowed : local->type;
}

/* A mention: inner functions capture what they mention of outer ones. */
void rima_use_local(rima_compiler *c, rima_local *local) {
  if (local->storage == RIMA_STORAGE_MODULE && local->info) return;
  for (rima_frame *f = c->cx.frame; f && f->is_inner && f->ast != local->function; f = f->outer)
    rima_function_capture(c->arena, f->ast, local);
}

static rima_type *use_this(rima_compiler *c, rima_span span) {
  if (!c->cx.this_local) {
    rima_error(&c->diagnostics, span, "there is no `this` here");
    return RIMA_KIND(c, ERROR);
  }
  rima_use_local(c, c->cx.this_local);
  return c->cx.this_type;
}

/* ---- names ---- */

static void offer_scope(rima_compiler *c, rima_nearest *nearest, rima_map *scope) {
  for (uint32_t i = 0; i < scope->capacity; i++) {
    rima_entity *e = scope->entries[i].value;
    if (scope->entries[i].key && (!e->is_private || e->unit == c->cx.unit || scope == &c->cx.unit->scope))
      rima_nearest_offer(nearest, e->name->text, e->name->length);
  }
}

void rima_report_unknown(rima_compiler *c, const rima_name *name, rima_span span) {
  rima_diagnostic *d = rima_error(&c->diagnostics, span, "unknown name %s", name->text);
  if (!d) return;
  rima_nearest nearest;
  rima_nearest_init(&nearest, name->text, name->length);
  for (uint32_t i = c->cx.locals_base; i < c->local_count; i++)
    rima_nearest_offer(&nearest, c->locals[i]->name->text, c->locals[i]->name->length);
  rima_class *s = c->cx.this_type ? rima_type_class(c, c->cx.this_type) : c->cx.cls;
  for (; s; s = s->super)
    for (uint32_t i = 0; s->decl && i < s->decl->member_count; i++)
      rima_nearest_offer(&nearest, s->decl->list[i].name->text, s->decl->list[i].name->length);
  offer_scope(c, &nearest, &c->cx.unit->scope);
  offer_scope(c, &nearest, &c->core->scope);
  for (size_t i = 0; i < c->options.library_count; i++)
    if (strcmp(c->options.library[i].name, name->text) == 0) {
      rima_hint(&c->diagnostics, d, "write `import %s` at the top of the file", name->text);
      return;
    }
  if (nearest.best)
    rima_hint(&c->diagnostics, d, "did you mean %.*s?", (int)nearest.best_length, nearest.best);
}

/* The type of a variant's enum where its type arguments are not written. */
rima_class *rima_variant_class(rima_compiler *c, rima_class_decl *decl, uint32_t index, rima_type *expected) {
  uint32_t n = decl->decl->class_.type_param_count;
  if (!n) return rima_class_variant(c, rima_class_instance(c, decl, NULL, 0), index);
  rima_type *t = expected ? rima_type_strip(expected) : NULL;
  if (t && t->kind == RIMA_T_CLASS && t->cls->decl == decl)
    return rima_class_variant(c, rima_class_instance(c, decl, t->cls->args, n), index);
  if (c->cx.cls && c->cx.cls->decl == decl)
    return rima_class_variant(c, rima_class_instance(c, decl, c->cx.cls->args, n), index);
  return NULL;
}

static rima_type *check_variant_value(rima_compiler *c, rima_expr *e, rima_class_decl *decl, uint32_t index,
                                      rima_type *expected) {
  rima_variant *v = &decl->decl->class_.variants[index];
  if (v->param_count) {
    rima_error(&c->diagnostics, e->span, "%s has parameters: %s(…)", v->name.name->text, v->name.name->text);
    return RIMA_KIND(c, ERROR);
  }
  rima_class *cls = rima_variant_class(c, decl, index, expected);
  if (!cls) {
    rima_diagnostic *d =
        rima_error(&c->diagnostics, e->span, "cannot tell the type arguments of %s here", decl->name->text);
    rima_hint(&c->diagnostics, d, "write the type of the variable, as in let x: %s[int] = …",
              decl->name->text);
    return RIMA_KIND(c, ERROR);
  }
  rima_class_declare(c, cls);
  e->resolved.how = RIMA_HOW_SINGLETON;
  e->resolved.decl = cls;
  return cls->super->type;
}

static rima_type *check_function_value(rima_compiler *c, rima_expr *e, rima_function *ast, rima_unit *unit,
                                       rima_class *owner, rima_type *expected) {
  rima_type *args[8] = {0};
  rima_fn *fn;
  if (ast->type_param_count) {
    rima_type *open[8];
    for (uint32_t i = 0; i < ast->type_param_count; i++)
      open[i] = rima_type_param_of(c, &ast->type_params[i]);
    fn = rima_fn_instance(c, ast, unit, owner, NULL, NULL, open);
    rima_type *want = expected ? rima_type_strip(expected) : NULL;
    bool fits = want && want->kind == RIMA_T_FUNC &&
                rima_type_infer(c, rima_fn_type(c, fn), want, ast->type_params, ast->type_param_count, args);
    for (uint32_t i = 0; i < ast->type_param_count; i++)
      if (!fits || !args[i]) {
        rima_error(&c->diagnostics, e->span, "cannot tell the type arguments of %s here",
                   ast->name.name->text);
        return RIMA_KIND(c, ERROR);
      }
  }
  fn = rima_fn_instance(c, ast, unit, owner, NULL, NULL, args);
  e->resolved.how = RIMA_HOW_FUNCTION;
  e->resolved.decl = fn;
  return rima_fn_type(c, fn);
}

rima_type *rima_check_entity_value(rima_compiler *c, rima_expr *e, rima_entity *entity, rima_type *expected) {
  switch ((rima_entity_kind)entity->kind) {
  case RIMA_ENTITY_GLOBAL:
    rima_global_resolve(c, entity->global);
    e->resolved.how = RIMA_HOW_GLOBAL;
    e->resolved.decl = entity->global;
    return entity->global->type;
  case RIMA_ENTITY_FUNCTION:
    return check_function_value(c, e, entity->decl->function, entity->unit, NULL, expected);
  case RIMA_ENTITY_VARIANT:
    return check_variant_value(c, e, entity->variant.enum_, entity->variant.index, expected);
  case RIMA_ENTITY_AMBIGUOUS: {
    rima_diagnostic *d =
        rima_error(&c->diagnostics, e->span, "several enums have a variant %s", entity->name->text);
    rima_hint(&c->diagnostics, d, "write the enum before it, as in %s.%s", entity->variant.enum_->name->text,
              entity->name->text);
    return RIMA_KIND(c, ERROR);
  }
  case RIMA_ENTITY_UNIT:
    rima_error(&c->diagnostics, e->span, "%s is a module, not a value", entity->name->text);
    return RIMA_KIND(c, ERROR);
  default: {
    rima_diagnostic *d =
        rima_error(&c->diagnostics, e->span, "%s is a type, not a value", entity->name->text);
    rima_hint(&c->diagnostics, d, "an instance is made by calling the class: %s(…)", entity->name->text);
    return RIMA_KIND(c, ERROR);
  }
  }
}

void rima_check_private(rima_compiler *c, rima_found *found, rima_ident name) {
  if (found->member && found->member->is_private && found->cls->decl->unit != c->cx.unit)
    rima_error(&c->diagnostics, name.span, "%s of %s is private to module %s", name.name->text,
               found->cls->name, found->cls->decl->unit->name->text);
}

/* A member found: of an object (has_object), or by its bare name within the class. */
rima_type *rima_check_found(rima_compiler *c, rima_expr *e, rima_found *found, rima_ident name,
                            rima_type *expected, bool has_object) {
  rima_check_private(c, found, name);
  switch (found->kind) {
  case RIMA_FOUND_STATIC:
    rima_global_resolve(c, found->global);
    e->resolved.how = RIMA_HOW_GLOBAL;
    e->resolved.decl = found->global;
    return found->global->type;
  case RIMA_FOUND_STATIC_FUN:
    return check_function_value(c, e, found->member->decl->function, found->cls->decl->unit, found->cls,
                                expected);
  case RIMA_FOUND_FIELD:
    if (!has_object && use_this(c, name.span)->kind == RIMA_T_ERROR) return RIMA_KIND(c, ERROR);
    e->resolved.how = RIMA_HOW_FIELD;
    e->resolved.decl = found->field;
    return rima_field_type(c, found->field);
  default: break;
  }
  if (!has_object && use_this(c, name.span)->kind == RIMA_T_ERROR) return RIMA_KIND(c, ERROR);
  if (found->member->decl->function->type_param_count) {
    rima_error(&c->diagnostics, name.span, "a generic method can only be called");
    return RIMA_KIND(c, ERROR);
  }
  rima_fn *fn = rima_class_method(c, found->cls, found->index);
  e->resolved.how = RIMA_HOW_BOUND;
  e->resolved.decl = fn;
  return rima_fn_type(c, fn);
}

rima_type *rima_check_name(rima_compiler *c, rima_expr *e, rima_type *expected) {
  rima_local *local = rima_find_local(c, e->name);
  if (local) {
    rima_use_local(c, local);
    e->resolved.how = RIMA_HOW_LOCAL;
    e->resolved.local = local;
    if (!local->type) {
      rima_error(&c->diagnostics, e->span, "the type of %s depends on itself; write it", e->name->text);
      return RIMA_KIND(c, ERROR);
    }
    return rima_local_type(local);
  }
  rima_class *cls = c->cx.this_type ? rima_type_class(c, c->cx.this_type) : c->cx.cls;
  if (cls) {
    rima_found found = rima_class_find(c, cls, e->name);
    if (found.kind) return rima_check_found(c, e, &found, (rima_ident){e->name, e->span}, expected, false);
  }
  rima_entity *entity = rima_unit_find(c, c->cx.unit, e->name);
  if (entity) return rima_check_entity_value(c, e, entity, expected);
  rima_report_unknown(c, e->name, e->span);
  return RIMA_KIND(c, ERROR);
}

/* ---- what stands before a dot: a module or a class, or a value ---- */

rima_entity *rima_entity_of(rima_compiler *c, rima_expr *e) {
  if (e->kind == RIMA_EXPR_NAME) {
    if (rima_find_local(c, e->name)) return NULL;
    rima_class *cls = c->cx.this_type ? rima_type_class(c, c->cx.this_type) : c->cx.cls;
    if (cls && rima_class_find(c, cls, e->name).kind) return NULL;
    return rima_unit_find(c, c->cx.unit, e->name);
  }
  if (e->kind == RIMA_EXPR_MEMBER && e->member.object->kind == RIMA_EXPR_NAME && !e->is_safe) {
    rima_entity *unit = rima_entity_of(c, e->member.object);
    if (!unit || (unit->kind != RIMA_ENTITY_UNIT && unit->kind != RIMA_ENTITY_CLASS)) return NULL;
    return rima_resolve_type_entity(c, e->member.object->name, e->member.name.name);
  }
  return NULL;
}

/* The class named by e, type arguments written or not needed: List[int], Shape, geometry.Point. NULL: none.
 */
static rima_class *class_of(rima_compiler *c, rima_expr *e) {
  rima_entity *entity = NULL;
  rima_type *args[8];
  uint32_t count = 0;
  if (e->kind == RIMA_EXPR_INDEX && e->index.types && e->index.types->count <= 8) {
    entity = rima_entity_of(c, e->index.object);
    if (!entity || entity->kind != RIMA_ENTITY_CLASS) return NULL;
    count = e->index.types->count;
    for (uint32_t i = 0; i < count; i++) args[i] = rima_resolve_type(c, e->index.types->items[i]);
  } else {
    entity = rima_entity_of(c, e);
  }
  if (!entity || entity->kind != RIMA_ENTITY_CLASS) return NULL;
  if (count != entity->class_->decl->class_.type_param_count) {
    if (count) return NULL;
    rima_type *open[8];
    count = entity->class_->decl->class_.type_param_count;
    for (uint32_t i = 0; i < count; i++)
      open[i] = rima_type_param_of(c, &entity->class_->decl->class_.type_params[i]);
    return rima_class_instance(c, entity->class_, open, count);
  }
  return rima_class_instance(c, entity->class_, args, count);
}
rima_class *rima_class_of_expr(rima_compiler *c, rima_expr *e) { return class_of(c, e); }

static rima_type *check_static_member(rima_compiler *c, rima_expr *e, rima_class *cls, rima_type *expected) {
  rima_ident name = e->member.name;
  if (cls->kind == RIMA_CLASS_ENUM) {
    rima_decl *decl = cls->decl->decl;
    for (uint32_t i = 0; i < decl->class_.variant_count; i++)
      if (decl->class_.variants[i].name.name == name.name)
        return check_variant_value(c, e, cls->decl, i,
                                   cls->arg_count && !cls->type->is_open ? cls->type : expected);
  }
  rima_found found = rima_class_find(c, cls, name.name);
  if (found.kind == RIMA_FOUND_STATIC || found.kind == RIMA_FOUND_STATIC_FUN)
    return rima_check_found(c, e, &found, name, expected, true);
  if (found.kind) {
    rima_error(&c->diagnostics, name.span, "%s belongs to the instances of %s, not to the class",
               name.name->text, cls->name);
    return RIMA_KIND(c, ERROR);
  }
  rima_diagnostic *d = rima_error(&c->diagnostics, name.span, "%s has no %s", cls->name, name.name->text);
  rima_nearest nearest;
  rima_nearest_init(&nearest, name.name->text, name.name->length);
  for (uint32_t i = 0; i < cls->decl->decl->class_.variant_count; i++) {
    const rima_name *v = cls->decl->decl->class_.variants[i].name.name;
    rima_nearest_offer(&nearest, v->text, v->length);
  }
  for (uint32_t i = 0; i < cls->decl->member_count; i++)
    if (cls->decl->list[i].is_static)
      rima_nearest_offer(&nearest, cls->decl->list[i].name->text, cls->decl->list[i].name->length);
  if (nearest.best)
    rima_hint(&c->diagnostics, d, "did you mean %.*s?", (int)nearest.best_length, nearest.best);
  return RIMA_KIND(c, ERROR);
}

rima_type *rima_check_unit_member(rima_compiler *c, rima_expr *e, rima_unit *unit, rima_type *expected) {
  rima_ident name = e->member.name;
  rima_entity *found = rima_map_get(&unit->scope, name.name);
  if (found && (!found->is_private || unit == c->cx.unit))
    return rima_check_entity_value(c, e, found, expected);
  rima_diagnostic *d = rima_error(&c->diagnostics, name.span,
                                  found && found->kind != RIMA_ENTITY_UNIT ? "%s of module %s is private"
                                                                           : "there is no %s in module %s",
                                  name.name->text, unit->name->text);
  rima_nearest nearest;
  rima_nearest_init(&nearest, name.name->text, name.name->length);
  for (uint32_t i = 0; i < unit->scope.capacity; i++) {
    rima_entity *candidate = unit->scope.entries[i].value;
    if (unit->scope.entries[i].key && !candidate->is_private)
      rima_nearest_offer(&nearest, candidate->name->text, candidate->name->length);
  }
  if (!found && nearest.best)
    rima_hint(&c->diagnostics, d, "did you mean %.*s?", (int)nearest.best_length, nearest.best);
  return RIMA_KIND(c, ERROR);
}

/* A method that an extension adds, with its object, as a value. */
static rima_type *check_bound_extension(rima_compiler *c, rima_expr *e, rima_type *type) {
  rima_ident name = e->member.name;
  rima_type **args;
  rima_extension_method *m = e->is_safe ? NULL : rima_extension_find(c, type, name.name, &args);
  if (!m) {
    rima_report_no_member(c, rima_type_strip(type), name);
    return RIMA_KIND(c, ERROR);
  }
  if (m->decl->function->type_param_count) {
    rima_error(&c->diagnostics, name.span, "a generic method can only be called");
    return RIMA_KIND(c, ERROR);
  }
  rima_fn *fn = rima_fn_instance(c, m->decl->function, m->extension->unit, NULL, m->extension, args, NULL);
  e->resolved.how = RIMA_HOW_BOUND;
  e->resolved.decl = fn;
  return rima_fn_type(c, fn);
}

rima_type *rima_check_member(rima_compiler *c, rima_expr *e, rima_type *expected) {
  rima_expr *object = e->member.object;
  rima_ident name = e->member.name;
  rima_entity *entity = object->kind == RIMA_EXPR_NAME ? rima_entity_of(c, object) : NULL;
  if (entity && entity->kind == RIMA_ENTITY_UNIT)
    return rima_check_unit_member(c, e, entity->target, expected);
  rima_class *named = class_of(c, object);
  if (named) return check_static_member(c, e, named, expected);
  rima_type *type = object->kind == RIMA_EXPR_SUPER ? use_this(c, object->span) : rima_check(c, object, NULL);
  if (object->kind == RIMA_EXPR_SUPER) object->type = type;
  if (type->is_open && (type->kind == RIMA_T_ERROR || c->cx.is_open_check) && !rima_type_class(c, type))
    return RIMA_KIND(c, ERROR);
  if (type->kind == RIMA_T_DYN) {
    e->resolved.how = RIMA_HOW_DYNAMIC;
    return type;
  }
  if (type->kind == RIMA_T_NULLABLE && !e->is_safe) {
    rima_diagnostic *d =
        rima_error(&c->diagnostics, name.span, "the value may be null (%s)", rima_type_text(c, type));
    rima_hint(&c->diagnostics, d, "use ?.%s, or test it first", name.name ? name.name->text : "");
    return RIMA_KIND(c, ERROR);
  }
  rima_class *cls = rima_type_class(c, type);
  if (object->kind == RIMA_EXPR_SUPER && cls) cls = cls->super;
  rima_found found = cls ? rima_class_find(c, cls, name.name) : (rima_found){0};
  if (e->is_safe && type->kind == RIMA_T_NULLABLE && found.kind != RIMA_FOUND_FIELD && found.kind) {
    rima_error(&c->diagnostics, name.span, "a method behind ?. can only be called");
    return RIMA_KIND(c, ERROR);
  }
  if (!found.kind) return check_bound_extension(c, e, type);
  if (found.kind == RIMA_FOUND_STATIC || found.kind == RIMA_FOUND_STATIC_FUN) {
    rima_error(&c->diagnostics, name.span, "%s is static: write %s.%s", name.name->text, found.cls->name,
               name.name->text);
    return RIMA_KIND(c, ERROR);
  }
  rima_type *result = rima_check_found(c, e, &found, name, expected, true);
  return e->is_safe && type->kind == RIMA_T_NULLABLE ? rima_type_nullable(c, result) : result;
}

/* ---- literals and containers ---- */

static rima_type *check_elements(rima_compiler *c, rima_expr **items, uint32_t count, rima_type *want,
                                 const char *what) {
  if (want) {
    for (uint32_t i = 0; i < count; i++) rima_check_to(c, items[i], want, what);
    return want;
  }
  rima_type *joined = NULL;
  for (uint32_t i = 0; i < count; i++) {
    rima_type *t = rima_check(c, items[i], joined);
    if (t->kind == RIMA_T_VOID) rima_require(c, items[i], RIMA_KIND(c, DYN), what);
    if (!joined || joined->kind == RIMA_T_NEVER) {
      joined = t;
    } else if (joined->kind == RIMA_T_INT && t->kind == RIMA_T_FLOAT) {
      bool literal = true;
      for (uint32_t k = 0; k < i; k++) literal &= rima_is_int_literal(items[k]);
      for (uint32_t k = 0; literal && k < i; k++) rima_literal_to_float(c, items[k]);
      joined = literal ? t : RIMA_KIND(c, DYN);
    } else {
      rima_type *both = rima_type_join(c, joined, t);
      joined = both ? both : RIMA_KIND(c, DYN);
    }
  }
  return joined && joined->kind == RIMA_T_NULL ? RIMA_KIND(c, DYN) : joined;
}

static rima_type *list_type(rima_compiler *c, rima_class_decl *decl, rima_type *element, rima_type *second) {
  if (!decl) return RIMA_KIND(c, ERROR);
  rima_type *args[2] = {element, second};
  return rima_class_instance(c, decl, args, second ? 2 : 1)->type;
}

static rima_type *check_list(rima_compiler *c, rima_expr *e, rima_type *expected) {
  rima_type *t = expected ? rima_type_strip(expected) : NULL;
  rima_type *element = NULL;
  bool is_array = t && t->kind == RIMA_T_ARRAY;
  if (is_array) element = t->of->is_open && !c->cx.is_open_check ? NULL : rima_type_of_element(c, t->of);
  else if (t && t->kind == RIMA_T_CLASS && t->cls->arg_count == 1 && c->list_decl) {
    rima_type *arg = t->cls->args[0];
    rima_class *as_list =
        arg->is_open && !c->cx.is_open_check ? NULL : list_type(c, c->list_decl, arg, NULL)->cls;
    if (as_list && rima_class_is_below(c, as_list, t->cls)) element = arg;
  }
  element = check_elements(c, e->list.items, e->list.count, element, "list element");
  if (is_array && t->of->is_open) return element ? rima_type_array(c, element) : t;
  if (is_array) return t;
  if (!element) {
    if (t && t->kind == RIMA_T_DYN) return list_type(c, c->list_decl, t, NULL);
    rima_diagnostic *d =
        rima_error(&c->diagnostics, e->span, "cannot tell the element type of this empty list");
    rima_hint(&c->diagnostics, d, "write it: let xs: List[int] = []");
    return RIMA_KIND(c, ERROR);
  }
  return element->kind == RIMA_T_ERROR ? element : list_type(c, c->list_decl, element, NULL);
}

static rima_expr *register_of(rima_compiler *c, rima_span span, rima_type *type) {
  rima_expr *e = RIMA_NEW(c->arena, rima_expr);
  *e = (rima_expr){.kind = RIMA_EXPR_NAME, .span = span, .type = type};
  e->resolved.how = RIMA_HOW_REGISTER;
  return e;
}

static void plan_map(rima_compiler *c, rima_expr *e, rima_type *map, rima_type *key, rima_type *value) {
  rima_map_plan *plan = RIMA_NEW(c->arena, rima_map_plan);
  rima_expr made = {.kind = RIMA_EXPR_CALL, .span = e->span};
  rima_check_construct(c, map->cls, &made, NULL, 0);
  plan->make = made.resolved.decl;
  plan->receiver = register_of(c, e->span, map);
  plan->key = register_of(c, e->span, key);
  plan->value = register_of(c, e->span, value);
  rima_expr *args[2] = {plan->key, plan->value};
  plan->set = rima_check_method_call(c, plan->receiver, map, c->names.set, args, 2, NULL, e->span);
  e->resolved.decl = plan;
}

static rima_type *check_map(rima_compiler *c, rima_expr *e, rima_type *expected) {
  rima_type *t = expected ? rima_type_strip(expected) : NULL;
  rima_type *key = NULL, *value = NULL;
  if (t && t->kind == RIMA_T_CLASS && t->cls->decl == c->map_decl && !t->is_open) {
    key = t->cls->args[0];
    value = t->cls->args[1];
  }
  rima_expr **exprs = RIMA_NEW_ARRAY(c->arena, rima_expr *, e->map.count + 1);
  for (uint32_t i = 0; i < e->map.count; i++) exprs[i] = e->map.entries[i].key;
  key = check_elements(c, exprs, e->map.count, key, "map key");
  for (uint32_t i = 0; i < e->map.count; i++) exprs[i] = e->map.entries[i].value;
  value = check_elements(c, exprs, e->map.count, value, "map value");
  if (!key || !value) {
    if (t && t->kind == RIMA_T_DYN) return list_type(c, c->map_decl, t, t);
    rima_diagnostic *d = rima_error(&c->diagnostics, e->span, "cannot tell the types of this empty map");
    rima_hint(&c->diagnostics, d, "write them: let m: Map[str, int] = [:]");
    return RIMA_KIND(c, ERROR);
  }
  if (key->kind == RIMA_T_ERROR || value->kind == RIMA_T_ERROR) return RIMA_KIND(c, ERROR);
  rima_type *map = list_type(c, c->map_decl, key, value);
  if (map->kind == RIMA_T_CLASS) plan_map(c, e, map, key, value);
  return map;
}

static rima_type *check_tuple(rima_compiler *c, rima_expr *e, rima_type *expected) {
  rima_type *t = expected ? rima_type_strip(expected) : NULL;
  if (t && (t->kind != RIMA_T_TUPLE || t->count != e->list.count)) t = NULL;
  rima_type **items = RIMA_NEW_ARRAY(c->arena, rima_type *, e->list.count);
  for (uint32_t i = 0; i < e->list.count; i++) {
    rima_type *want = t && !t->items[i]->is_open ? t->items[i] : NULL;
    items[i] = rima_check(c, e->list.items[i], want);
    if (want && rima_require(c, e->list.items[i], want, "part of a tuple")) items[i] = want;
    if (items[i]->kind == RIMA_T_VOID)
      rima_require(c, e->list.items[i], RIMA_KIND(c, DYN), "part of a tuple");
    if (items[i]->kind == RIMA_T_NULL) items[i] = RIMA_KIND(c, DYN);
    if (items[i]->kind == RIMA_T_ERROR) return items[i];
  }
  return rima_type_tuple(c, items, e->list.count);
}

static rima_type *check_interpolation(rima_compiler *c, rima_expr *e) {
  for (uint32_t i = 0; i < e->interpolation.count; i++) {
    rima_expr *part = e->interpolation.parts[i];
    if (rima_check(c, part, NULL)->kind == RIMA_T_VOID) rima_require(c, part, RIMA_KIND(c, STR), NULL);
  }
  return RIMA_KIND(c, STR);
}

static rima_type *check_cast(rima_compiler *c, rima_expr *e) {
  rima_type *target = rima_resolve_type(c, e->cast.target);
  e->cast.target->type = target;
  bool is_test = e->kind == RIMA_EXPR_IS;
  rima_type *from = rima_check(c, e->cast.value, is_test ? NULL : target);
  rima_type *result = is_test ? RIMA_KIND(c, BOOL) : target;
  if (from->is_open || target->is_open) return result;
  if (from->kind == RIMA_T_VOID) {
    rima_require(c, e->cast.value, target, NULL);
    return result;
  }
  rima_type *a = rima_type_strip(from), *b = rima_type_strip(target);
  bool possible = rima_type_converts(c, a, b) || rima_type_is_subtype(c, b, a) || from->kind == RIMA_T_NULL;
  if (!possible && a->kind == RIMA_T_CLASS && b->kind == RIMA_T_CLASS)
    possible = (a->cls->kind == RIMA_CLASS_INTERFACE && !b->cls->is_final) ||
               (b->cls->kind == RIMA_CLASS_INTERFACE && !a->cls->is_final);
  if (!possible) {
    rima_diagnostic *d =
        rima_error(&c->diagnostics, e->span,
                   is_test ? "a value of type %s is never a %s" : "a value of type %s cannot be a %s",
                   rima_type_text(c, from), rima_type_text(c, target));
    hint_conversion(c, d, from, target);
  }
  return result;
}

static rima_type *check_range(rima_compiler *c, rima_expr *e) {
  rima_check_to(c, e->binary.left, RIMA_KIND(c, INT), "start of a range");
  rima_check_to(c, e->binary.right, RIMA_KIND(c, INT), "end of a range");
  if (!c->range_decl) return RIMA_KIND(c, ERROR);
  rima_class *cls = rima_class_instance(c, c->range_decl, NULL, 0);
  rima_class_declare(c, cls);
  return cls->type;
}

static rima_type *check_spawn(rima_compiler *c, rima_expr *e) {
  if (e->spawn.block) rima_check_inner(c, e->spawn.block, NULL, RIMA_KIND(c, VOID), e->span);
  else {
    rima_check(c, e->spawn.call, RIMA_KIND(c, VOID));
    if (e->spawn.call->kind != RIMA_EXPR_CALL)
      rima_error(&c->diagnostics, e->spawn.call->span, "spawn takes a block or a call");
  }
  return RIMA_KIND(c, PROCESS);
}

static bool fits_branch(rima_compiler *c, rima_type *type, rima_type *expected) {
  if (!expected || type->kind == RIMA_T_NEVER) return expected;
  return type->kind != RIMA_T_VOID && rima_type_converts(c, type, expected);
}

static rima_type *check_try(rima_compiler *c, rima_expr *e, rima_type *expected) {
  rima_type *joined = rima_check_block(c, e->try_->body, expected);
  bool fits = fits_branch(c, joined, expected);
  bool discard = expected && expected->kind == RIMA_T_VOID;
  for (uint32_t i = 0; i < e->try_->catch_count; i++) {
    rima_catch *k = &e->try_->catches[i];
    rima_type *type = k->type ? rima_resolve_type(c, k->type) : c->error_class->type;
    if (type->kind != RIMA_T_ERROR && !rima_type_is_subtype(c, type, c->error_class->type)) {
      rima_error(&c->diagnostics, k->type->span, "%s is not an Error", rima_type_text(c, type));
      type = RIMA_KIND(c, ERROR);
    }
    rima_scope scope = rima_scope_open(c);
    if (k->local) rima_scope_add(c, k->local, type);
    rima_type *t = rima_check_block(c, k->body, rima_branch_hint(expected, joined));
    rima_scope_leave(c, scope);
    bool is_first = i == 0 && !expected;
    if (is_first) joined = rima_adapt_branch(c, rima_block_value(e->try_->body), joined, t);
    rima_type *both = rima_type_join(c, joined, t);
    bool is_void = discard || joined->kind == RIMA_T_VOID || t->kind == RIMA_T_VOID;
    joined = both ? both : is_void ? RIMA_KIND(c, VOID) : RIMA_KIND(c, DYN);
    fits &= fits_branch(c, t, expected);
  }
  if (e->try_->finally) rima_check_block(c, e->try_->finally, RIMA_KIND(c, VOID));
  if (joined->kind == RIMA_T_NEVER || discard) return joined;
  return fits && !expected->is_open ? expected : joined;
}

/* ---- dispatch ---- */

static rima_type *check_kind(rima_compiler *c, rima_expr *e, rima_type *expected) {
  switch ((rima_expr_kind)e->kind) {
  case RIMA_EXPR_INT:
    return expected && rima_type_strip(expected)->kind == RIMA_T_FLOAT && !e->is_character
               ? RIMA_KIND(c, FLOAT)
               : RIMA_KIND(c, INT);
  case RIMA_EXPR_FLOAT: return RIMA_KIND(c, FLOAT);
  case RIMA_EXPR_BOOL: return RIMA_KIND(c, BOOL);
  case RIMA_EXPR_NULL: return RIMA_KIND(c, NULL);
  case RIMA_EXPR_STRING: return RIMA_KIND(c, STR);
  case RIMA_EXPR_INTERPOLATION: return check_interpolation(c, e);
  case RIMA_EXPR_NAME:
    return e->resolved.how == RIMA_HOW_REGISTER ? e->type : rima_check_name(c, e, expected);
  case RIMA_EXPR_THIS: e->resolved.how = RIMA_HOW_THIS; return use_this(c, e->span);
  case RIMA_EXPR_SUPER: rima_error(&c->diagnostics, e->span, "super needs a method: super.name(…)"); break;
  case RIMA_EXPR_MEMBER: return rima_check_member(c, e, expected);
  case RIMA_EXPR_CALL: return rima_check_call(c, e, expected);
  case RIMA_EXPR_INDEX: return rima_check_index(c, e, expected);
  case RIMA_EXPR_UNARY: return rima_check_unary(c, e, expected);
  case RIMA_EXPR_BINARY: return rima_check_binary(c, e, expected);
  case RIMA_EXPR_RANGE: return check_range(c, e);
  case RIMA_EXPR_IS:
  case RIMA_EXPR_AS: return check_cast(c, e);
  case RIMA_EXPR_TUPLE: return check_tuple(c, e, expected);
  case RIMA_EXPR_LIST: return check_list(c, e, expected);
  case RIMA_EXPR_MAP: return check_map(c, e, expected);
  case RIMA_EXPR_OBJECT:
    for (uint32_t i = 0; i < e->map.count; i++)
      rima_check_to(c, e->map.entries[i].value, RIMA_KIND(c, DYN), "member");
    return RIMA_KIND(c, DYN);
  case RIMA_EXPR_LAMBDA: return rima_check_lambda(c, e, expected);
  case RIMA_EXPR_IF: return rima_check_if(c, e, expected);
  case RIMA_EXPR_MATCH: return rima_check_match(c, e, expected);
  case RIMA_EXPR_TRY: return check_try(c, e, expected);
  case RIMA_EXPR_BLOCK: return rima_check_block(c, e->block, expected);
  case RIMA_EXPR_SPAWN: return check_spawn(c, e);
  case RIMA_EXPR_ERROR: break;
  }
  return RIMA_KIND(c, ERROR);
}

rima_type *rima_check(rima_compiler *c, rima_expr *e, rima_type *expected) {
  uint32_t assigns = c->assign_count;
  if (e->resolved.how != RIMA_HOW_REGISTER) e->resolved = (rima_resolved){0};
  e->type = check_kind(c, e, expected);
  if (c->assign_count != assigns) e->resolved.flags |= RIMA_FLAG_ASSIGNS;
  return e->type;
}
