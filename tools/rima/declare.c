/* declare.c: the names of units and the members of classes; everything lazily. */
#include "program.h"
#include <string.h>

/* ---- units ---- */

/* An enum's variants come with it, and may be imported by name as well. */
static bool is_same_variant(const rima_entity *a, const rima_entity *b) {
  return a->kind == RIMA_ENTITY_VARIANT && a->variant.enum_ == b->variant.enum_ &&
         a->variant.index == b->variant.index;
}

static void add_entity(rima_compiler *c, rima_unit *unit, rima_entity *entity) {
  rima_entity *before = rima_map_get(&unit->scope, entity->name);
  if (before && before->kind != RIMA_ENTITY_VARIANT && before->kind != RIMA_ENTITY_AMBIGUOUS) {
    if (entity->kind == RIMA_ENTITY_VARIANT) return;
    rima_diagnostic *d = rima_error(&c->diagnostics, entity->span, "%s is already declared in this module",
                                    entity->name->text);
    rima_related(&c->diagnostics, d, before->span, "first declared here");
    return;
  }
  if (before && entity->kind == RIMA_ENTITY_VARIANT && is_same_variant(before, entity)) return;
  if (before && entity->kind == RIMA_ENTITY_VARIANT) entity->kind = RIMA_ENTITY_AMBIGUOUS;
  rima_map_put(c->arena, &unit->scope, entity->name, entity);
}

static rima_entity *new_entity(rima_compiler *c, rima_unit *unit, rima_entity_kind kind, rima_ident name,
                               bool is_private) {
  rima_entity *e = RIMA_NEW(c->arena, rima_entity);
  *e = (rima_entity){
      .kind = (uint8_t)kind, .is_private = is_private, .name = name.name, .unit = unit, .span = name.span};
  return e;
}

static rima_global *new_global(rima_compiler *c, rima_unit *unit, const rima_name *name, rima_span span) {
  rima_global *g = RIMA_NEW(c->arena, rima_global);
  g->name = name;
  g->unit = unit;
  g->span = span;
  g->qualified = rima_arena_join(c->arena, unit->name->text, ".", name->text, NULL);
  return g;
}

static bool is_literal(const rima_expr *e) {
  if (!e) return false;
  if (e->kind == RIMA_EXPR_UNARY && e->op == RIMA_UNARY_NEGATE)
    return e->operand->kind == RIMA_EXPR_INT || e->operand->kind == RIMA_EXPR_FLOAT;
  return e->kind == RIMA_EXPR_INT || e->kind == RIMA_EXPR_FLOAT || e->kind == RIMA_EXPR_BOOL ||
         e->kind == RIMA_EXPR_STRING;
}

static void declare_pattern(rima_compiler *c, rima_unit *unit, rima_variable *v, rima_pattern *p,
                            bool is_private) {
  if (p->kind == RIMA_PATTERN_TUPLE)
    for (uint32_t i = 0; i < p->list.count; i++) declare_pattern(c, unit, v, p->list.items[i], is_private);
  if (p->kind != RIMA_PATTERN_NAME) return;
  rima_global *g = new_global(c, unit, p->local->name, p->local->span);
  g->variable = v;
  g->local = p->local;
  g->is_mutable = v->is_mutable;
  g->is_private = is_private;
  g->is_constant = !v->is_mutable && p == v->pattern && is_literal(v->value) && !v->type;
  p->local->info = g;
  rima_entity *e =
      new_entity(c, unit, RIMA_ENTITY_GLOBAL, (rima_ident){p->local->name, p->local->span}, is_private);
  e->global = g;
  add_entity(c, unit, e);
}

rima_class_decl *rima_class_decl_of(rima_compiler *c, rima_decl *decl, rima_unit *unit) {
  if (decl->info) return decl->info;
  rima_class_decl *d = RIMA_NEW(c->arena, rima_class_decl);
  d->kind = decl->kind == RIMA_DECL_INTERFACE ? RIMA_CLASS_INTERFACE
            : decl->kind == RIMA_DECL_ENUM    ? RIMA_CLASS_ENUM
                                              : RIMA_CLASS_CLASS;
  d->decl = decl;
  d->unit = unit;
  d->name = decl->name.name;
  decl->info = d;
  for (uint32_t i = 0; i < decl->class_.type_param_count; i++) decl->class_.type_params[i].index = (int32_t)i;
  if (decl->class_.type_param_count > 8)
    rima_error(&c->diagnostics, decl->name.span, "more than 8 type parameters");
  return d;
}

static void declare_variants(rima_compiler *c, rima_unit *unit, rima_class_decl *d) {
  for (uint32_t i = 0; i < d->decl->class_.variant_count; i++) {
    rima_entity *e =
        new_entity(c, unit, RIMA_ENTITY_VARIANT, d->decl->class_.variants[i].name, d->decl->is_private);
    e->variant.enum_ = d;
    e->variant.index = i;
    add_entity(c, unit, e);
  }
}

static void refuse_twin_variants(rima_compiler *c, const rima_class_decl *d) {
  rima_map first = {0};
  for (uint32_t i = 0; i < d->decl->class_.variant_count; i++) {
    rima_variant *v = &d->decl->class_.variants[i], *before = rima_map_get(&first, v->name.name);
    if (!before) {
      rima_map_put(c->arena, &first, v->name.name, v);
      continue;
    }
    rima_diagnostic *e = rima_error(&c->diagnostics, v->name.span, "%s already has a variant %s",
                                    d->name->text, v->name.name->text);
    rima_related(&c->diagnostics, e, before->name.span, "first declared here");
  }
}

static void note_overrides(rima_compiler *c, rima_decl *decl) {
  if (!decl->class_.super_count) return;
  for (uint32_t i = 0; i < decl->class_.member_count; i++) {
    rima_decl *m = decl->class_.members[i];
    if (m->kind == RIMA_DECL_FUN && m->function->is_override)
      rima_map_put(c->arena, &c->overridden, m->function->name.name, decl);
  }
}

static void declare_extension(rima_compiler *c, rima_unit *unit, rima_decl *decl) {
  rima_extension *x = RIMA_NEW(c->arena, rima_extension);
  x->decl = decl;
  x->unit = unit;
  decl->info = x;
  for (uint32_t i = 0; i < decl->extend.type_param_count; i++) decl->extend.type_params[i].index = (int32_t)i;
  for (uint32_t i = 0; i < decl->extend.member_count; i++) {
    rima_decl *m = decl->extend.members[i];
    if (m->kind != RIMA_DECL_FUN) continue;
    for (uint32_t k = 0; k < m->function->type_param_count; k++)
      m->function->type_params[k].index = (int32_t)k;
    rima_extension_method *method = RIMA_NEW(c->arena, rima_extension_method);
    method->extension = x;
    method->decl = m;
    method->next = rima_map_get(&c->extensions, m->name.name);
    rima_map_put(c->arena, &c->extensions, m->name.name, method);
  }
}

static void declare_import(rima_compiler *c, rima_unit *unit, rima_decl *decl) {
  rima_unit *target = decl->info;
  if (!target) return;
  if (!decl->import.has_items) {
    rima_ident name = decl->import.alias;
    if (!name.name) name = (rima_ident){target->name, decl->import.path_span};
    rima_entity *e = new_entity(c, unit, RIMA_ENTITY_UNIT, name, true);
    e->target = target;
    add_entity(c, unit, e);
    return;
  }
  for (uint32_t i = 0; i < decl->import.item_count; i++) {
    rima_import_item *item = &decl->import.items[i];
    rima_entity *found = rima_map_get(&target->scope, item->name.name);
    if (!found || found->is_private || found->kind == RIMA_ENTITY_UNIT) {
      rima_diagnostic *d = rima_error(&c->diagnostics, item->name.span,
                                      found ? "%s of module %s is private" : "there is no %s in module %s",
                                      item->name.name->text, target->name->text);
      rima_nearest nearest;
      rima_nearest_init(&nearest, item->name.name->text, item->name.name->length);
      for (uint32_t k = 0; k < target->scope.capacity; k++) {
        rima_entity *e = target->scope.entries[k].value;
        if (target->scope.entries[k].key && !e->is_private)
          rima_nearest_offer(&nearest, e->name->text, e->name->length);
      }
      if (nearest.best)
        rima_hint(&c->diagnostics, d, "did you mean %.*s?", (int)nearest.best_length, nearest.best);
      continue;
    }
    rima_entity *e = RIMA_NEW(c->arena, rima_entity);
    *e = *found;
    e->name = item->alias.name ? item->alias.name : item->name.name;
    e->span = item->name.span;
    e->is_private = true;
    add_entity(c, unit, e);
    if (found->kind == RIMA_ENTITY_CLASS && found->class_->kind == RIMA_CLASS_ENUM)
      declare_variants(c, unit, found->class_);
  }
}

static void declare_class(rima_compiler *c, rima_unit *unit, rima_decl *decl) {
  rima_entity *e = new_entity(c, unit, RIMA_ENTITY_CLASS, decl->name, decl->is_private);
  e->class_ = rima_class_decl_of(c, decl, unit);
  add_entity(c, unit, e);
  if (decl->kind == RIMA_DECL_ENUM) {
    refuse_twin_variants(c, e->class_);
    declare_variants(c, unit, e->class_);
  }
  note_overrides(c, decl);
}

/* Own names first; imports in a second step, when every unit has its own. */
void rima_unit_declare(rima_compiler *c, rima_unit *unit) {
  if (unit->is_named) return;
  unit->is_named = true;
  for (uint32_t i = 0; i < unit->tree->count; i++) {
    rima_decl *decl = unit->tree->decls[i];
    switch ((rima_decl_kind)decl->kind) {
    case RIMA_DECL_VARIABLE:
      declare_pattern(c, unit, &decl->variable, decl->variable.pattern, decl->is_private);
      break;
    case RIMA_DECL_FUN: {
      for (uint32_t k = 0; k < decl->function->type_param_count; k++)
        decl->function->type_params[k].index = (int32_t)k;
      rima_entity *e = new_entity(c, unit, RIMA_ENTITY_FUNCTION, decl->name, decl->is_private);
      e->decl = decl;
      add_entity(c, unit, e);
      break;
    }
    case RIMA_DECL_CLASS:
    case RIMA_DECL_INTERFACE:
    case RIMA_DECL_ENUM: declare_class(c, unit, decl); break;
    case RIMA_DECL_EXTEND: declare_extension(c, unit, decl); break;
    default: break;
    }
  }
}

void rima_unit_declare_imports(rima_compiler *c, rima_unit *unit) {
  if (unit->is_declared) return;
  unit->is_declared = true;
  for (uint32_t i = 0; i < unit->tree->count; i++)
    if (unit->tree->decls[i]->kind == RIMA_DECL_IMPORT) declare_import(c, unit, unit->tree->decls[i]);
}

rima_entity *rima_unit_find(rima_compiler *c, rima_unit *unit, const rima_name *name) {
  rima_entity *e = rima_map_get(&unit->scope, name);
  if (e) return e;
  if (c->options.is_interactive && unit->is_user)
    for (uint32_t i = c->unit_list.count; i-- > 0;) {
      rima_unit *earlier = c->unit_list.items[i];
      if (earlier->is_user && earlier != unit && (e = rima_map_get(&earlier->scope, name))) return e;
    }
  e = c->core ? rima_map_get(&c->core->scope, name) : NULL;
  if (e && (!e->is_private || unit == c->core)) return e;
  return rima_map_get(&c->builtins, name);
}

/* ---- what needs no declaration ---- */

static void builtin(rima_compiler *c, const char *name, rima_type *type) {
  rima_entity *e = RIMA_NEW(c->arena, rima_entity);
  *e = (rima_entity){.kind = RIMA_ENTITY_TYPE, .name = rima_intern(c, name), .type = type};
  rima_map_put(c->arena, &c->builtins, e->name, e);
}

rima_class *rima_class_new(rima_compiler *c, rima_class_kind kind, const char *name, const char *qualified) {
  rima_class *cls = RIMA_NEW(c->arena, rima_class);
  cls->kind = (uint8_t)kind;
  cls->name = name;
  cls->qualified = qualified;
  rima_type *t = RIMA_NEW(c->arena, rima_type);
  t->kind = RIMA_T_CLASS;
  t->cls = cls;
  t->hash = (uint32_t)((uintptr_t)t >> 4) * 0x9e3779b9u;
  cls->type = t;
  return cls;
}

static void add_field(rima_class *cls, const rima_name *name, rima_type *type, bool is_mutable) {
  rima_field *f = &cls->fields[cls->field_count];
  *f = (rima_field){.name = name,
                    .type = type,
                    .slot = cls->field_base + cls->field_count,
                    .is_mutable = is_mutable,
                    .owner = cls};
  cls->field_count++;
}

static void builtin_error(rima_compiler *c, const char *name, const char *message) {
  rima_class *cls = rima_class_new(c, RIMA_CLASS_MACHINE, name, rima_arena_format(c->arena, "tz.%s", name));
  cls->state = 2;
  rima_list_add(c->arena, &c->machine_classes, cls);
  cls->fields = RIMA_NEW_ARRAY(c->arena, rima_field, 3);
  if (!c->error_class) {
    c->error_class = cls;
    add_field(cls, c->names.message, RIMA_KIND(c, STR), true);
    add_field(cls, c->names.cause, rima_type_nullable(c, cls->type), true);
    add_field(cls, rima_intern(c, "(trace)"), rima_type_nullable(c, RIMA_KIND(c, OBJECT)), true);
  } else {
    cls->super = c->error_class;
    cls->field_base = 3;
  }
  rima_fn *fn = rima_fn_new(c, RIMA_FN_CONSTRUCTOR, NULL, c->core);
  fn->owner = cls;
  fn->has_receiver = true;
  fn->self = cls->type;
  fn->state = 2;
  fn->params = RIMA_NEW_ARRAY(c->arena, rima_type *, 2);
  fn->params[0] = RIMA_KIND(c, STR);
  fn->params[1] = rima_type_nullable(c, c->error_class->type);
  fn->param_count = 2;
  fn->result = RIMA_KIND(c, VOID);
  fn->name = message; /* the default message */
  cls->constructor = fn;
  builtin(c, name, cls->type);
}

void rima_builtins_declare(rima_compiler *c) {
  static const struct {
    const char *name;
    rima_type_kind kind;
  } simple[] = {{"int", RIMA_T_INT},       {"float", RIMA_T_FLOAT},     {"bool", RIMA_T_BOOL},
                {"str", RIMA_T_STR},       {"dyn", RIMA_T_DYN},         {"void", RIMA_T_VOID},
                {"Object", RIMA_T_OBJECT}, {"Process", RIMA_T_PROCESS}, {"u8", RIMA_T_U8},
                {"i16", RIMA_T_I16},       {"i32", RIMA_T_I32},         {"f32", RIMA_T_F32}};
  for (size_t i = 0; i < sizeof simple / sizeof *simple; i++)
    builtin(c, simple[i].name, c->simple[simple[i].kind]);
  builtin(c, "Array", NULL);
  builtin(c, "Channel", NULL);
#define TZ_ERROR(NAME, name, super, message) builtin_error(c, name, message);
#include "terza/spec/errors.def"
#undef TZ_ERROR
  static const char *const names[] = {"toString", "equals", "hash"};
  for (uint32_t i = 0; i < 3; i++) {
    rima_fn *fn = rima_fn_new(c, RIMA_FN_OBJECT, NULL, c->core);
    fn->structural = (uint8_t)i;
    fn->has_receiver = true;
    fn->self = RIMA_KIND(c, OBJECT);
    fn->state = 2;
    fn->param_count = i == RIMA_EQUALS;
    fn->params = RIMA_NEW_ARRAY(c->arena, rima_type *, 1);
    fn->params[0] = rima_type_nullable(c, RIMA_KIND(c, OBJECT));
    fn->result = i == RIMA_TO_STRING ? RIMA_KIND(c, STR)
                 : i == RIMA_EQUALS  ? RIMA_KIND(c, BOOL)
                                     : RIMA_KIND(c, INT);
    fn->name = names[i];
    fn->root = fn;
    fn->slot = i;
    fn->has_slot = true;
    fn->is_called_virtually = i == RIMA_TO_STRING || c->options.is_open_world; /* else once a call is seen */
    c->object_methods[i] = fn;
  }
}

rima_class *rima_machine_class(rima_compiler *c, const char *name) {
  for (uint32_t i = 0; i < c->machine_classes.count; i++) {
    rima_class *cls = c->machine_classes.items[i];
    if (strcmp(cls->name, name) == 0) return cls;
  }
  return NULL;
}

/* ---- members of a class declaration ---- */

static void add_member(rima_compiler *c, rima_class_decl *d, rima_member *m, rima_span span) {
  rima_member *before = rima_map_get(&d->members, m->name);
  if (before) {
    rima_diagnostic *e =
        rima_error(&c->diagnostics, span, "%s already has a member %s", d->name->text, m->name->text);
    rima_related(&c->diagnostics, e, before->param ? before->param->local->span : before->decl->span,
                 "first declared here");
    return;
  }
  rima_map_put(c->arena, &d->members, m->name, m);
}

static void declare_static(rima_compiler *c, rima_class_decl *d, rima_decl *member, rima_member *m) {
  rima_global *g = new_global(c, d->unit, m->name, member->span);
  g->qualified = rima_arena_format(c->arena, "%s.%s.%s", d->unit->name->text, d->name->text, m->name->text);
  g->owner = d;
  g->variable = &member->variable;
  g->is_mutable = member->variable.is_mutable;
  g->is_private = member->is_private;
  g->is_constant = !g->is_mutable && is_literal(g->variable->value) && !g->variable->type;
  m->index = d->static_count;
  d->statics[d->static_count++] = g;
  if (member->variable.pattern->kind == RIMA_PATTERN_NAME) g->local = member->variable.pattern->local;
}

static void declare_members(rima_compiler *c, rima_class_decl *d) {
  rima_decl *decl = d->decl;
  rima_function *constructor = decl->class_.constructor;
  uint32_t most = decl->class_.member_count + (constructor ? constructor->param_count : 0);
  d->list = RIMA_NEW_ARRAY(c->arena, rima_member, most + 1);
  d->statics = RIMA_NEW_ARRAY(c->arena, rima_global *, most + 1);
  for (uint32_t i = 0; constructor && i < constructor->param_count; i++) {
    rima_param *p = &constructor->params[i];
    if (!p->is_field) continue;
    rima_member *m = &d->list[d->member_count++];
    *m = (rima_member){.name = p->local->name,
                       .kind = RIMA_DECL_VARIABLE,
                       .is_private = p->is_private,
                       .param = p,
                       .index = d->field_count++};
    add_member(c, d, m, p->local->span);
  }
  for (uint32_t i = 0; i < decl->class_.member_count; i++) {
    rima_decl *member = decl->class_.members[i];
    if (member->kind != RIMA_DECL_VARIABLE && member->kind != RIMA_DECL_FUN) continue;
    bool is_fun = member->kind == RIMA_DECL_FUN;
    if (!is_fun && member->variable.pattern->kind != RIMA_PATTERN_NAME) {
      rima_error(&c->diagnostics, member->span, "a field is declared by a single name");
      continue;
    }
    rima_member *m = &d->list[d->member_count++];
    const rima_name *name = is_fun ? member->function->name.name : member->variable.pattern->local->name;
    *m = (rima_member){.name = name,
                       .kind = member->kind,
                       .decl = member,
                       .is_static = is_fun ? member->function->is_static : member->is_static,
                       .is_private = is_fun ? member->function->is_private : member->is_private};
    if (is_fun) {
      m->index = d->method_count++;
      for (uint32_t k = 0; k < member->function->type_param_count; k++)
        member->function->type_params[k].index = (int32_t)k;
    } else if (m->is_static) {
      declare_static(c, d, member, m);
    } else {
      m->index = d->field_count++;
    }
    add_member(c, d, m, member->span);
  }
}

void rima_class_decl_members(rima_compiler *c, rima_class_decl *d) {
  if (d->list) return;
  declare_members(c, d);
}

/* ---- classes ---- */

static void declare_supers(rima_compiler *c, rima_class *cls) {
  rima_decl *decl = cls->decl->decl;
  cls->interfaces = RIMA_NEW_ARRAY(c->arena, rima_class *, decl->class_.super_count + 1);
  for (uint32_t i = 0; i < decl->class_.super_count; i++) {
    rima_type_expr *expr = decl->class_.supers[i];
    rima_type *type = rima_resolve_type(c, expr);
    if (type->kind == RIMA_T_ERROR) continue;
    if (type->kind == RIMA_T_OBJECT) continue;
    if (type->kind != RIMA_T_CLASS || type->cls->kind == RIMA_CLASS_ENUM ||
        type->cls->kind == RIMA_CLASS_VARIANT) {
      rima_error(&c->diagnostics, expr->span, "%s cannot be extended", rima_type_text(c, type));
      continue;
    }
    rima_class *super = type->cls;
    if (super->kind == RIMA_CLASS_INTERFACE) {
      rima_class_declare(c, super);
      cls->interfaces[cls->interface_count++] = super;
      continue;
    }
    if (cls->kind != RIMA_CLASS_CLASS) {
      rima_error(&c->diagnostics, expr->span, "%s is a class; %s can only extend interfaces", super->name,
                 cls->name);
      continue;
    }
    if (cls->super) {
      rima_error(&c->diagnostics, expr->span, "%s already extends the class %s", cls->name, cls->super->name);
      continue;
    }
    if (super->is_final) {
      rima_diagnostic *d =
          rima_error(&c->diagnostics, expr->span, "%s is not open, so it cannot be extended", super->name);
      if (super->decl)
        rima_related(&c->diagnostics, d, super->decl->decl->name.span, "write `open class` here");
    }
    if (super->state == 1) {
      rima_error(&c->diagnostics, expr->span, "%s extends itself", cls->name);
      continue;
    }
    rima_class_declare(c, super);
    cls->super = super;
  }
}

static bool has_init(const rima_class_decl *d) {
  for (uint32_t i = 0; i < d->decl->class_.member_count; i++)
    if (d->decl->class_.members[i]->kind == RIMA_DECL_INIT) return true;
  return false;
}

static void declare_fields(rima_compiler *c, rima_class *cls) {
  rima_class_decl *d = cls->decl;
  bool is_without_init = d->kind == RIMA_CLASS_CLASS && !has_init(d);
  cls->field_base = cls->super ? cls->super->field_base + cls->super->field_count : 0;
  cls->fields = RIMA_NEW_ARRAY(c->arena, rima_field, d->field_count + 1);
  cls->field_count = d->field_count;
  for (uint32_t i = 0; i < d->member_count; i++) {
    rima_member *m = &d->list[i];
    if (m->kind != RIMA_DECL_VARIABLE || m->is_static) continue;
    rima_field *f = &cls->fields[m->index];
    *f = (rima_field){.name = m->name,
                      .slot = cls->field_base + m->index,
                      .is_private = m->is_private,
                      .owner = cls,
                      .variable = m->param ? NULL : &m->decl->variable};
    f->is_mutable = m->param ? m->param->local->is_mutable : m->decl->variable.is_mutable;
    f->span = m->param ? m->param->local->span : m->decl->span;
    rima_type_expr *written = m->param ? m->param->type : m->decl->variable.type;
    rima_expr *value = m->param ? NULL : m->decl->variable.value;
    if (written) f->type = rima_resolve_type(c, written);
    else if (!value) f->type = RIMA_KIND(c, DYN);
    if (is_without_init && !value && f->variable && rima_field_needs_value(c, f))
      rima_report_unassigned(c, f);
    if (d->kind == RIMA_CLASS_INTERFACE || d->kind == RIMA_CLASS_ENUM)
      rima_error(&c->diagnostics, f->span, "%s cannot have fields",
                 d->kind == RIMA_CLASS_ENUM ? "an enum" : "an interface");
  }
}

static void declare_variant(rima_compiler *c, rima_class *cls) {
  rima_variant *v = cls->variant;
  cls->fields = RIMA_NEW_ARRAY(c->arena, rima_field, v->param_count + 1);
  cls->field_count = v->param_count;
  for (uint32_t i = 0; i < v->param_count; i++) {
    rima_param *p = &v->params[i];
    cls->fields[i] = (rima_field){.name = p->local->name,
                                  .slot = i,
                                  .owner = cls,
                                  .span = p->local->span,
                                  .type = p->type ? rima_resolve_type(c, p->type) : RIMA_KIND(c, DYN)};
  }
}

const rima_name *rima_object_name(const rima_compiler *c, rima_structural which) {
  return which == RIMA_TO_STRING ? c->names.to_string
         : which == RIMA_EQUALS  ? c->names.equals
                                 : c->names.hash;
}

rima_fn *rima_object_method(const rima_compiler *c, const rima_name *name) {
  for (uint32_t i = 0; i < 3; i++)
    if (rima_object_name(c, (rima_structural)i) == name) return c->object_methods[i];
  return NULL;
}

bool rima_class_is_structural(const rima_class *cls, rima_structural which) {
  return cls->kind == RIMA_CLASS_VARIANT && (which != RIMA_EQUALS || cls->singleton == NULL);
}

rima_fn *rima_class_structural(rima_compiler *c, rima_class *cls, rima_structural which) {
  if (cls->structural[which]) return cls->structural[which];
  const rima_fn *root = c->object_methods[which];
  rima_fn *fn = rima_fn_new(c, RIMA_FN_STRUCTURAL, NULL, cls->decl ? cls->decl->unit : c->core);
  fn->structural = (uint8_t)which;
  fn->owner = cls;
  fn->has_receiver = true;
  fn->self = cls->type;
  fn->state = 2;
  fn->params = root->params;
  fn->param_count = root->param_count;
  fn->result = root->result;
  fn->root = c->object_methods[which];
  fn->name = rima_arena_join(c->arena, cls->qualified, ".", root->name, NULL);
  return cls->structural[which] = fn;
}

void rima_class_declare(rima_compiler *c, rima_class *cls) {
  if (cls->state) return;
  cls->state = 1;
  if (cls->decl) {
    rima_class_decl_members(c, cls->decl);
    rima_saved_context saved;
    rima_class_enter(c, cls, &saved);
    if (cls->kind == RIMA_CLASS_VARIANT) {
      declare_variant(c, cls);
    } else {
      cls->methods = RIMA_NEW_ARRAY(c->arena, rima_fn *, cls->decl->method_count + 1);
      declare_supers(c, cls);
      declare_fields(c, cls);
    }
    rima_context_leave(c, &saved);
  }
  cls->state = 2;
}

rima_class *rima_class_variant(rima_compiler *c, rima_class *enum_, uint32_t index) {
  rima_decl *decl = enum_->decl->decl;
  if (!enum_->variants) {
    enum_->variant_count = decl->class_.variant_count;
    enum_->variants = RIMA_NEW_ARRAY(c->arena, rima_class *, enum_->variant_count + 1);
    enum_->is_plain_enum = true;
    for (uint32_t i = 0; i < enum_->variant_count; i++)
      enum_->is_plain_enum &= !decl->class_.variants[i].param_count;
  }
  if (enum_->variants[index]) return enum_->variants[index];
  rima_variant *v = &decl->class_.variants[index];
  rima_class *cls = rima_class_new(
      c, RIMA_CLASS_VARIANT, rima_arena_join(c->arena, enum_->name, ".", v->name.name->text, NULL),
      rima_arena_join(c->arena, enum_->qualified, ".", v->name.name->text, NULL));
  cls->decl = enum_->decl;
  cls->args = enum_->args;
  cls->arg_count = enum_->arg_count;
  cls->type->is_open = enum_->type->is_open;
  cls->super = enum_;
  cls->variant = v;
  cls->tag = index;
  cls->is_final = true;
  if (!v->param_count) {
    rima_global *g = new_global(c, enum_->decl->unit, v->name.name, v->span);
    g->qualified = cls->qualified;
    g->type = cls->type;
    g->singleton_of = cls;
    cls->singleton = g;
  }
  return enum_->variants[index] = cls;
}

rima_class *rima_tuple_class(rima_compiler *c, rima_type *tuple) {
  if (tuple->cls) return tuple->cls;
  const char *name = rima_type_text(c, tuple);
  rima_class *cls = rima_class_new(c, RIMA_CLASS_TUPLE, name,
                                   rima_arena_format(c->arena, "core.%s", rima_type_qualified(c, tuple)));
  cls->is_final = true;
  cls->fields = RIMA_NEW_ARRAY(c->arena, rima_field, tuple->count);
  for (uint32_t i = 0; i < tuple->count; i++)
    add_field(cls, rima_intern(c, rima_arena_format(c->arena, "_%u", i + 1)), tuple->items[i], false);
  cls->type = tuple;
  tuple->cls = cls;
  rima_class_declare(c, cls);
  return cls;
}

rima_class *rima_type_class(rima_compiler *c, rima_type *type) {
  type = rima_type_strip(type);
  if (type->kind == RIMA_T_CLASS) return type->cls;
  return type->kind == RIMA_T_TUPLE ? rima_tuple_class(c, type) : NULL;
}

rima_fn *rima_class_constructor(rima_compiler *c, rima_class *cls) {
  if (cls->constructor) return cls->constructor;
  rima_fn *fn = rima_fn_new(c, RIMA_FN_CONSTRUCTOR, cls->decl->decl->class_.constructor, cls->decl->unit);
  fn->owner = cls;
  fn->has_receiver = true;
  fn->self = cls->type;
  fn->result = RIMA_KIND(c, VOID);
  fn->name = rima_arena_join(c->arena, cls->qualified, ".init", NULL);
  return cls->constructor = fn;
}

/* ---- methods ---- */

rima_fn *rima_class_method(rima_compiler *c, rima_class *cls, uint32_t index) {
  if (cls->methods[index]) return cls->methods[index];
  rima_class_decl *d = cls->decl;
  for (uint32_t i = 0; i < d->member_count; i++) {
    rima_member *m = &d->list[i];
    if (m->kind != RIMA_DECL_FUN || m->index != index) continue;
    rima_function *ast = m->decl->function;
    rima_type *open[8];
    for (uint32_t k = 0; k < ast->type_param_count && k < 8; k++)
      open[k] = rima_type_param_of(c, &ast->type_params[k]);
    rima_fn *fn = rima_fn_instance(c, ast, d->unit, cls, NULL, NULL, open);
    cls->methods[index] = fn;
    return fn;
  }
  return NULL;
}

rima_fn *rima_method_root(rima_compiler *c, rima_fn *method) {
  if (method->root) return method->root;
  method->root = method;
  const rima_name *name = method->ast->name.name;
  rima_class *cls = method->owner;
  rima_class_declare(c, cls);
  for (rima_class *s = cls->super; s; s = s->super) {
    if (!s->decl) continue;
    rima_class_declare(c, s);
    rima_member *m = rima_map_get(&s->decl->members, name);
    if (s->kind != RIMA_CLASS_VARIANT && m && m->kind == RIMA_DECL_FUN && !m->is_static)
      return method->root = rima_method_root(c, rima_class_method(c, s, m->index));
  }
  rima_fn *of_object = rima_object_method(c, name);
  if (of_object) method->root = of_object;
  return method->root;
}

/* ---- signatures ---- */

static void resolve_params(rima_compiler *c, rima_fn *fn, rima_param *params, uint32_t count) {
  fn->params = RIMA_NEW_ARRAY(c->arena, rima_type *, count ? count : 1);
  fn->defaults = RIMA_NEW_ARRAY(c->arena, rima_fn *, count ? count : 1);
  fn->param_count = count;
  for (uint32_t i = 0; i < count; i++) {
    fn->params[i] = params[i].type ? rima_resolve_type(c, params[i].type) : RIMA_KIND(c, DYN);
    if (fn->params[i]->kind != RIMA_T_VOID) continue;
    rima_error(&c->diagnostics, params[i].type->span, "void is only a result type");
    fn->params[i] = RIMA_KIND(c, ERROR);
  }
}

static void resolve_result(rima_compiler *c, rima_fn *fn) {
  rima_function *ast = fn->ast;
  if (fn->result) return;
  if (ast->result) fn->result = rima_resolve_type(c, ast->result);
  else if (ast->value) fn->is_synthetic_result = true;
  else fn->result = ast->body && ast->has_return_value ? RIMA_KIND(c, DYN) : RIMA_KIND(c, VOID);
}

void rima_fn_signature(rima_compiler *c, rima_fn *fn) {
  if (fn->state == 0) {
    fn->state = 1;
    rima_saved_context saved;
    rima_fn_enter(c, fn, &saved);
    rima_variant *v = fn->kind == RIMA_FN_CONSTRUCTOR ? fn->owner->variant : NULL;
    if (v) resolve_params(c, fn, v->params, v->param_count);
    else if (fn->ast) resolve_params(c, fn, fn->ast->params, fn->ast->param_count);
    if (fn->ast && fn->kind != RIMA_FN_DEFAULT) resolve_result(c, fn);
    rima_context_leave(c, &saved);
    fn->state = 2;
  }
  if (!fn->result && fn->state == 2) {
    fn->state = 3;
    rima_type *result = rima_infer_result(c, fn);
    if (!fn->result) fn->result = result;
    fn->state = 2;
  } else if (!fn->result) {
    rima_diagnostic *d = rima_error(&c->diagnostics, fn->ast->name.span,
                                    "the result type of %s depends on itself", fn->ast->name.name->text);
    rima_hint(&c->diagnostics, d, "write it: fun %s(…): int = …", fn->ast->name.name->text);
    fn->result = RIMA_KIND(c, ERROR);
  }
}

rima_type *rima_fn_type(rima_compiler *c, rima_fn *fn) {
  rima_fn_signature(c, fn);
  return rima_type_func(c, fn->params, fn->param_count, fn->result);
}

rima_type *rima_field_type(rima_compiler *c, rima_field *field) {
  if (field->type) return field->type;
  if (!field->variable) return field->type = RIMA_KIND(c, DYN);
  if (field->is_busy) {
    rima_error(&c->diagnostics, field->span, "the type of %s depends on itself; write it", field->name->text);
    return field->type = RIMA_KIND(c, ERROR);
  }
  field->is_busy = true;
  rima_type *type = rima_infer_field(c, field);
  field->is_busy = false;
  if (!field->type) field->type = type;
  return field->type;
}

void rima_global_resolve(rima_compiler *c, rima_global *g) {
  if (g->type) return;
  if (g->is_busy) {
    rima_error(&c->diagnostics, g->span, "the type of %s depends on itself; write it", g->name->text);
    g->type = RIMA_KIND(c, ERROR);
    return;
  }
  g->is_busy = true;
  rima_type *type = rima_infer_variable(c, g);
  g->is_busy = false;
  if (!g->type) g->type = type;
}
