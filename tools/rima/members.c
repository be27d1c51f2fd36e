/* members.c: what a name after a dot, or a bare name within a class, stands for. */
#include "program.h"
#include <string.h>

rima_found rima_class_find(rima_compiler *c, rima_class *cls, const rima_name *name) {
  for (rima_class *s = cls; s; s = s->super) {
    rima_class_declare(c, s);
    if (s->kind == RIMA_CLASS_VARIANT || !s->decl) {
      for (uint32_t i = 0; i < s->field_count; i++)
        if (s->fields[i].name == name)
          return (rima_found){.kind = RIMA_FOUND_FIELD, .field = &s->fields[i], .cls = s};
      continue;
    }
    rima_member *m = rima_map_get(&s->decl->members, name);
    if (!m) continue;
    rima_found found = {.cls = s, .index = m->index, .member = m};
    if (m->kind == RIMA_DECL_FUN) found.kind = m->is_static ? RIMA_FOUND_STATIC_FUN : RIMA_FOUND_METHOD;
    else if (m->is_static) found.kind = RIMA_FOUND_STATIC, found.global = s->decl->statics[m->index];
    else found.kind = RIMA_FOUND_FIELD, found.field = &s->fields[m->index];
    return found;
  }
  for (rima_class *s = cls; s; s = s->super)
    for (uint32_t i = 0; i < s->interface_count; i++) {
      rima_found found = rima_class_find(c, s->interfaces[i], name);
      if (found.kind) return found;
    }
  return (rima_found){0};
}

/* ---- extensions ---- */

static void resolve_target(rima_compiler *c, rima_extension *x) {
  if (x->is_resolved) return;
  x->is_resolved = true;
  rima_saved_context saved = {.cx = c->cx};
  c->cx = (rima_context){.unit = x->unit, .extension = x, .locals_base = c->local_count};
  rima_type *before[8];
  uint32_t n = x->decl->extend.type_param_count;
  for (uint32_t i = 0; i < n && i < 8; i++) {
    before[i] = x->decl->extend.type_params[i].type;
    x->decl->extend.type_params[i].type = NULL;
  }
  x->open_target = rima_resolve_type(c, x->decl->extend.target);
  for (uint32_t i = 0; i < n && i < 8; i++) x->decl->extend.type_params[i].type = before[i];
  c->cx = saved.cx;
}

/* How far the target is from the type: 0 exact, more for supertypes; -1 if it does not fit. */
static int match_target(rima_compiler *c, rima_extension *x, rima_type *type, rima_type **found) {
  resolve_target(c, x);
  rima_type *target = x->open_target;
  uint32_t n = x->decl->extend.type_param_count;
  if (target->kind == RIMA_T_ERROR) return -1;
  if (!n)
    return target == type ? 0 : target->kind != RIMA_T_DYN && rima_type_is_subtype(c, type, target) ? 2 : -1;
  if (target->kind != RIMA_T_PARAM && type->kind != target->kind && type->kind != RIMA_T_CLASS) return -1;
  for (uint32_t i = 0; i < n; i++) found[i] = NULL;
  if (!rima_type_infer(c, target, type, x->decl->extend.type_params, n, found)) return -1;
  for (uint32_t i = 0; i < n; i++)
    if (!found[i]) return -1;
  bool was_muted = c->diagnostics.is_muted;
  c->diagnostics.is_muted = true;
  rima_context saved = c->cx;
  c->cx = (rima_context){.unit = x->unit, .extension = x, .locals_base = c->local_count};
  bool fits = rima_check_bounds(c, x->decl->extend.type_params, found, n, x->decl->span);
  c->cx = saved;
  c->diagnostics.is_muted = was_muted;
  if (!fits) return -1;
  return target->kind == RIMA_T_PARAM ? 3 : 1;
}

rima_extension_method *rima_extension_find(rima_compiler *c, rima_type *type, const rima_name *name,
                                           rima_type ***args) {
  rima_extension_method *best = NULL;
  int best_distance = 100;
  for (rima_extension_method *m = rima_map_get(&c->extensions, name); m; m = m->next) {
    rima_type *found[8] = {0};
    if (m->decl->function->is_private && m->extension->unit != c->cx.unit) continue;
    int distance = match_target(c, m->extension, type, found);
    if (distance < 0 || distance >= best_distance) continue;
    uint32_t n = m->extension->decl->extend.type_param_count;
    rima_type **copy = RIMA_NEW_ARRAY(c->arena, rima_type *, n ? n : 1);
    memcpy(copy, found, n * sizeof *copy);
    *args = copy;
    best = m;
    best_distance = distance;
  }
  return best;
}

/* ---- reports ---- */

void rima_report_no_member(rima_compiler *c, rima_type *type, rima_ident name) {
  if (type->is_open || !name.name) return;
  rima_diagnostic *d =
      rima_error(&c->diagnostics, name.span, "%s has no member %s", rima_type_text(c, type), name.name->text);
  if (!d) return;
  rima_nearest nearest;
  rima_nearest_init(&nearest, name.name->text, name.name->length);
  for (rima_class *s = rima_type_class(c, type); s; s = s->super) {
    rima_class_declare(c, s);
    for (uint32_t i = 0; i < s->field_count; i++)
      rima_nearest_offer(&nearest, s->fields[i].name->text, s->fields[i].name->length);
    for (uint32_t i = 0; s->decl && i < s->decl->member_count; i++)
      rima_nearest_offer(&nearest, s->decl->list[i].name->text, s->decl->list[i].name->length);
  }
  if (type->kind == RIMA_T_STR || type->kind == RIMA_T_ARRAY) rima_nearest_offer(&nearest, "len", 3);
  for (uint32_t i = 0; i < c->extensions.capacity; i++) {
    if (!c->extensions.entries[i].key) continue;
    rima_type **args;
    const rima_name *candidate = c->extensions.entries[i].key;
    if (rima_extension_find(c, type, candidate, &args))
      rima_nearest_offer(&nearest, candidate->text, candidate->length);
  }
  if (nearest.best)
    rima_hint(&c->diagnostics, d, "did you mean %.*s?", (int)nearest.best_length, nearest.best);
  else if (type->kind == RIMA_T_NULLABLE)
    rima_hint(&c->diagnostics, d, "the value may be null; use ?. or test it first");
}

/* ---- whole classes ---- */

static bool signatures_agree(rima_compiler *c, rima_fn *a, rima_fn *b) {
  rima_fn_signature(c, a);
  rima_fn_signature(c, b);
  if (a->param_count != b->param_count) return false;
  for (uint32_t i = 0; i < a->param_count; i++)
    if (a->params[i] != b->params[i] && !rima_type_is_error(a->params[i])) return false;
  return a->result == b->result || rima_type_is_error(a->result) || rima_type_is_error(b->result) ||
         (rima_type_rep(a->result) == 'R' && rima_type_rep(b->result) == 'R' &&
          rima_type_is_subtype(c, a->result, b->result));
}

static const char *signature_text(rima_compiler *c, rima_fn *fn) {
  const char *text = "";
  for (uint32_t i = 0; i < fn->param_count; i++)
    text = rima_arena_format(c->arena, "%s%s%s", text, i ? ", " : "", rima_type_text(c, fn->params[i]));
  return rima_arena_format(c->arena, "(%s): %s", text, rima_type_text(c, fn->result));
}

static void check_override(rima_compiler *c, rima_class *cls, rima_fn *method) {
  rima_function *ast = method->ast;
  rima_found above = {0};
  if (cls->super) above = rima_class_find(c, cls->super, ast->name.name);
  for (uint32_t i = 0; !above.kind && i < cls->interface_count; i++)
    above = rima_class_find(c, cls->interfaces[i], ast->name.name);
  rima_fn *over = above.kind == RIMA_FOUND_METHOD ? rima_class_method(c, above.cls, above.index) : NULL;
  bool may_override =
      over && (over->ast->is_open || over->ast->is_abstract || over->ast->is_override ||
               (!over->ast->body && !over->ast->value) || above.cls->kind == RIMA_CLASS_INTERFACE);
  if (!over && (over = rima_object_method(c, ast->name.name))) may_override = true;
  for (rima_class *s = above.kind ? above.cls : NULL; over && s && !may_override; s = s->super)
    for (uint32_t i = 0; i < s->interface_count; i++)
      may_override |= rima_class_find(c, s->interfaces[i], ast->name.name).kind == RIMA_FOUND_METHOD;
  if (!over) {
    if (ast->is_override)
      rima_error(&c->diagnostics, ast->name.span, "%s overrides nothing", ast->name.name->text);
    return;
  }
  if (!ast->is_override) {
    rima_diagnostic *d =
        rima_error(&c->diagnostics, ast->name.span, "%s hides an inherited method", ast->name.name->text);
    rima_hint(&c->diagnostics, d, "write `override fun %s`", ast->name.name->text);
  } else if (!may_override) {
    rima_diagnostic *d =
        rima_error(&c->diagnostics, ast->name.span, "%s of %s is not open, so it cannot be overridden",
                   ast->name.name->text, above.cls->name);
    rima_related(&c->diagnostics, d, over->ast->name.span, "write `open fun` here");
  }
  bool is_generic = ast->type_param_count || (over->ast && over->ast->type_param_count);
  if (is_generic) {
    rima_diagnostic *d = rima_error(&c->diagnostics, ast->name.span,
                                    "a method with type parameters of its own cannot be overridden");
    if (over->ast) rima_related(&c->diagnostics, d, over->ast->name.span, "overridden here");
  } else if (!signatures_agree(c, method, over))
    rima_error(&c->diagnostics, ast->name.span, "%s%s does not fit the method it overrides, %s",
               ast->name.name->text, signature_text(c, method), signature_text(c, over));
}

static bool misses(rima_compiler *c, rima_class *cls, rima_class *from, rima_span span) {
  bool is_complete = true;
  rima_class_declare(c, from);
  for (uint32_t i = 0; from->decl && from->kind != RIMA_CLASS_VARIANT && i < from->decl->member_count; i++) {
    rima_member *m = &from->decl->list[i];
    if (m->kind != RIMA_DECL_FUN || m->is_static) continue;
    rima_function *ast = m->decl->function;
    if (ast->body || ast->value || ast->is_native) continue;
    rima_found found = rima_class_find(c, cls, m->name);
    bool has = found.kind == RIMA_FOUND_METHOD;
    if (has) {
      rima_function *impl = found.member->decl->function;
      has = impl->body || impl->value || impl->is_native;
    }
    if (has || rima_object_method(c, m->name)) continue;
    rima_diagnostic *d = rima_error(&c->diagnostics, span, "%s does not define %s, which %s demands",
                                    cls->name, m->name->text, from->name);
    rima_related(&c->diagnostics, d, ast->name.span, "declared here");
    is_complete = false;
  }
  for (uint32_t i = 0; i < from->interface_count; i++)
    is_complete &= misses(c, cls, from->interfaces[i], span);
  if (from->super) is_complete &= misses(c, cls, from->super, span);
  return is_complete;
}

bool rima_class_check_complete(rima_compiler *c, rima_class *cls, rima_span span) {
  rima_class_declare(c, cls);
  for (uint32_t i = 0; i < cls->decl->member_count; i++) {
    rima_member *m = &cls->decl->list[i];
    if (m->kind == RIMA_DECL_FUN && !m->is_static)
      check_override(c, cls, rima_class_method(c, cls, m->index));
    bool is_bodiless = m->kind == RIMA_DECL_FUN && !m->decl->function->body && !m->decl->function->value &&
                       !m->decl->function->is_native;
    if (is_bodiless && m->decl->function->type_param_count)
      rima_error(&c->diagnostics, m->decl->function->name.span,
                 "a method without a body cannot have type parameters");
    if (m->kind == RIMA_DECL_FUN && !m->is_static && m->decl->function->is_abstract &&
        !cls->decl->decl->is_abstract && cls->kind == RIMA_CLASS_CLASS)
      rima_error(&c->diagnostics, m->decl->span, "%s has an abstract method, so it must be abstract itself",
                 cls->name);
  }
  if (cls->kind == RIMA_CLASS_CLASS && !cls->decl->decl->is_abstract) return misses(c, cls, cls, span);
  return true;
}
