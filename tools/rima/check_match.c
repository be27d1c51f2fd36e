/* check_match.c: patterns, and whether a match covers every case. */
#include "program.h"
#include <string.h>

static rima_class *enum_of(rima_type *type) {
  type = rima_type_strip(type);
  if (type->kind != RIMA_T_CLASS) return NULL;
  if (type->cls->kind == RIMA_CLASS_ENUM) return type->cls;
  return type->cls->kind == RIMA_CLASS_VARIANT ? type->cls->super : NULL;
}

static int variant_index(rima_class *enum_, const rima_name *name) {
  rima_decl *decl = enum_->decl->decl;
  for (uint32_t i = 0; i < decl->class_.variant_count; i++)
    if (decl->class_.variants[i].name.name == name) return (int)i;
  return -1;
}

static void bind_error(rima_compiler *c, rima_pattern *p) {
  switch ((rima_pattern_kind)p->kind) {
  case RIMA_PATTERN_NAME: rima_scope_add(c, p->local, RIMA_KIND(c, ERROR)); break;
  case RIMA_PATTERN_VARIANT:
    for (uint32_t i = 0; i < p->variant.count; i++) bind_error(c, p->variant.args[i]);
    break;
  case RIMA_PATTERN_TUPLE:
  case RIMA_PATTERN_OR:
    for (uint32_t i = 0; i < p->list.count; i++) bind_error(c, p->list.items[i]);
    break;
  default: break;
  }
  p->type = RIMA_KIND(c, ERROR);
}

/* The class a pattern names: a variant of the subject's enum, of another enum, or a class taken apart by its
 * fields. */
static rima_class *pattern_class(rima_compiler *c, rima_pattern *p, rima_type *subject, bool *reported) {
  rima_class *enum_ = enum_of(subject);
  const rima_name *name = p->variant.name.name, *qualifier = p->variant.qualifier.name;
  *reported = false;
  if (enum_ && (!qualifier || qualifier == enum_->decl->name)) {
    int index = variant_index(enum_, name);
    if (index >= 0) return rima_class_variant(c, enum_, (uint32_t)index);
  }
  rima_entity *entity = rima_resolve_type_entity(c, qualifier, name);
  if (entity && entity->kind == RIMA_ENTITY_VARIANT)
    return rima_variant_class(c, entity->variant.enum_, entity->variant.index, subject);
  if (entity && entity->kind == RIMA_ENTITY_CLASS) {
    uint32_t n = entity->class_->decl->class_.type_param_count;
    if (!n) return rima_class_instance(c, entity->class_, NULL, 0);
    rima_type *s = rima_type_strip(subject);
    if (s->kind == RIMA_T_CLASS && s->cls->arg_count == n)
      return rima_class_instance(c, entity->class_, s->cls->args, n);
  }
  *reported = true;
  rima_diagnostic *d = rima_error(&c->diagnostics, p->variant.name.span, "%s is not a variant of %s",
                                  name->text, rima_type_text(c, subject));
  if (enum_) {
    rima_nearest nearest;
    rima_nearest_init(&nearest, name->text, name->length);
    for (uint32_t i = 0; i < enum_->decl->decl->class_.variant_count; i++) {
      const rima_name *v = enum_->decl->decl->class_.variants[i].name.name;
      rima_nearest_offer(&nearest, v->text, v->length);
    }
    if (nearest.best)
      rima_hint(&c->diagnostics, d, "did you mean %.*s?", (int)nearest.best_length, nearest.best);
  }
  return NULL;
}

/* The fields a class pattern takes apart, in the order of its constructor. */
static uint32_t pattern_fields(rima_class *cls) {
  if (cls->kind != RIMA_CLASS_CLASS) return cls->field_count;
  uint32_t n = 0;
  while (n < cls->field_count && !cls->fields[n].variable) n++;
  return n;
}

static void check_class_pattern(rima_compiler *c, rima_pattern *p, rima_type *subject) {
  bool reported;
  rima_class *cls = pattern_class(c, p, subject, &reported);
  if (!cls) {
    if (!reported)
      rima_error(&c->diagnostics, p->span, "%s does not fit %s", p->variant.name.name->text,
                 rima_type_text(c, subject));
    bind_error(c, p);
    return;
  }
  rima_class_declare(c, cls);
  rima_type *bare = rima_type_strip(subject);
  if (!rima_type_is_subtype(c, cls->type, bare) && bare->kind != RIMA_T_DYN && !subject->is_open &&
      !(bare->kind == RIMA_T_CLASS && bare->cls->kind == RIMA_CLASS_INTERFACE))
    rima_error(&c->diagnostics, p->span, "a value of type %s is never a %s", rima_type_text(c, subject),
               cls->name);
  p->type = cls->type;
  p->resolved.decl = cls;
  if (!p->variant.has_args) return;
  uint32_t fields = pattern_fields(cls);
  if (p->variant.count > fields || (p->variant.count < fields && !p->variant.arg_names)) {
    rima_error(&c->diagnostics, p->span, "%s has %u part%s, found %u", cls->name, fields,
               fields == 1 ? "" : "s", p->variant.count);
    bind_error(c, p);
    return;
  }
  for (uint32_t i = 0; i < p->variant.count; i++) {
    uint32_t at = i;
    if (p->variant.arg_names && p->variant.arg_names[i].name) {
      for (at = 0; at < fields && cls->fields[at].name != p->variant.arg_names[i].name; at++) {}
      if (at == fields) {
        rima_error(&c->diagnostics, p->variant.arg_names[i].span, "%s has no part %s", cls->name,
                   p->variant.arg_names[i].name->text);
        bind_error(c, p->variant.args[i]);
        continue;
      }
    }
    rima_check_pattern(c, p->variant.args[i], rima_field_type(c, &cls->fields[at]));
    p->variant.args[i]->resolved.part = (uint16_t)at;
  }
}

static void check_literal(rima_compiler *c, rima_expr *e, rima_type *subject) {
  rima_type *type = rima_check(c, e, rima_type_strip(subject));
  if (subject->is_open || rima_type_converts(c, type, subject) || subject->kind == RIMA_T_DYN) return;
  rima_error(&c->diagnostics, e->span, "expected a pattern for %s, found %s", rima_type_text(c, subject),
             rima_type_text(c, type));
}

static bool names_variant(rima_compiler *c, rima_pattern *p, rima_type *subject) {
  rima_class *enum_ = enum_of(subject);
  if (enum_ && variant_index(enum_, p->local->name) >= 0) return true;
  rima_entity *e = rima_unit_find(c, c->cx.unit, p->local->name);
  return e && e->kind == RIMA_ENTITY_VARIANT && !enum_ && subject->kind != RIMA_T_INT &&
         subject->kind != RIMA_T_STR &&
         !e->variant.enum_->decl->class_.variants[e->variant.index].param_count;
}

void rima_check_pattern(rima_compiler *c, rima_pattern *p, rima_type *subject) {
  p->type = subject;
  switch ((rima_pattern_kind)p->kind) {
  case RIMA_PATTERN_WILDCARD:
  case RIMA_PATTERN_ERROR: return;
  case RIMA_PATTERN_NAME:
    p->resolved.how = RIMA_HOW_LOCAL;
    if (names_variant(c, p, subject)) {
      rima_pattern as_variant = {.kind = RIMA_PATTERN_VARIANT, .span = p->span};
      as_variant.variant.name = (rima_ident){p->local->name, p->span};
      check_class_pattern(c, &as_variant, subject);
      p->type = as_variant.type;
      p->resolved.how = RIMA_HOW_SINGLETON;
      p->resolved.decl = as_variant.resolved.decl;
      return;
    }
    rima_scope_add(c, p->local, subject);
    return;
  case RIMA_PATTERN_LITERAL: check_literal(c, p->literal, subject); return;
  case RIMA_PATTERN_RANGE:
    check_literal(c, p->range.low, subject);
    check_literal(c, p->range.high, subject);
    return;
  case RIMA_PATTERN_VARIANT: check_class_pattern(c, p, subject); return;
  case RIMA_PATTERN_TUPLE:
    if (subject->kind != RIMA_T_TUPLE || subject->count != p->list.count) {
      if (!subject->is_open)
        rima_error(&c->diagnostics, p->span, "a tuple of %u parts does not fit %s", p->list.count,
                   rima_type_text(c, subject));
      bind_error(c, p);
      return;
    }
    for (uint32_t i = 0; i < p->list.count; i++) rima_check_pattern(c, p->list.items[i], subject->items[i]);
    return;
  case RIMA_PATTERN_TYPE:
    p->type = p->is_type->type = rima_resolve_type(c, p->is_type);
    if (!p->type->is_open && !subject->is_open && !rima_type_converts(c, rima_type_strip(subject), p->type) &&
        !rima_type_is_subtype(c, p->type, rima_type_strip(subject)) &&
        !(subject->kind == RIMA_T_CLASS &&
          (subject->cls->kind == RIMA_CLASS_INTERFACE ||
           (p->type->kind == RIMA_T_CLASS && p->type->cls->kind == RIMA_CLASS_INTERFACE))))
      rima_error(&c->diagnostics, p->span, "a value of type %s is never a %s", rima_type_text(c, subject),
                 rima_type_text(c, p->type));
    return;
  case RIMA_PATTERN_OR:
    for (uint32_t i = 0; i < p->list.count; i++) {
      uint32_t before = c->local_count;
      rima_check_pattern(c, p->list.items[i], subject);
      if (c->local_count != before && !subject->is_open)
        rima_error(&c->diagnostics, p->list.items[i]->span, "the alternatives of | cannot bind names");
    }
    return;
  }
}

/* ---- coverage ---- */

/* Matches every value of its type. */
static bool is_total(rima_compiler *c, const rima_pattern *p) {
  switch ((rima_pattern_kind)p->kind) {
  case RIMA_PATTERN_WILDCARD:
  case RIMA_PATTERN_ERROR: return true;
  case RIMA_PATTERN_NAME: return p->resolved.how == RIMA_HOW_LOCAL;
  case RIMA_PATTERN_TUPLE:
    for (uint32_t i = 0; i < p->list.count; i++)
      if (!is_total(c, p->list.items[i])) return false;
    return true;
  case RIMA_PATTERN_OR:
    for (uint32_t i = 0; i < p->list.count; i++)
      if (is_total(c, p->list.items[i])) return true;
    return false;
  default: return false;
  }
}

static rima_class *covered_class(rima_compiler *c, const rima_pattern *p) {
  if (p->kind == RIMA_PATTERN_NAME && p->resolved.how == RIMA_HOW_SINGLETON) return p->resolved.decl;
  if (p->kind != RIMA_PATTERN_VARIANT)
    return p->kind == RIMA_PATTERN_TYPE && p->type->kind == RIMA_T_CLASS ? p->type->cls : NULL;
  for (uint32_t i = 0; i < p->variant.count; i++)
    if (!is_total(c, p->variant.args[i])) return NULL;
  return p->resolved.decl;
}

typedef struct coverage {
  bool *variants;
  bool is_true, is_false, is_null, all;
} coverage;

static void cover(rima_compiler *c, const rima_pattern *p, coverage *cov) {
  if (p->kind == RIMA_PATTERN_OR)
    for (uint32_t i = 0; i < p->list.count; i++) cover(c, p->list.items[i], cov);
  if (is_total(c, p)) cov->all = true;
  if (p->kind == RIMA_PATTERN_LITERAL) {
    if (p->literal->kind == RIMA_EXPR_BOOL) *(p->literal->boolean ? &cov->is_true : &cov->is_false) = true;
    if (p->literal->kind == RIMA_EXPR_NULL) cov->is_null = true;
  }
  rima_class *cls = covered_class(c, p);
  if (cls && cls->kind == RIMA_CLASS_VARIANT && cov->variants) cov->variants[cls->tag] = true;
  if (cls && cls->kind == RIMA_CLASS_ENUM && cov->variants)
    for (uint32_t i = 0; i < cls->decl->decl->class_.variant_count; i++) cov->variants[i] = true;
}

/* Tuples of enums and bools: covered if the arms, seen as a table, leave no row out. Rows are counted by
 * trial. */
static bool pattern_takes(rima_compiler *c, const rima_pattern *p, rima_type *type, uint32_t which) {
  if (is_total(c, p)) return true;
  if (p->kind == RIMA_PATTERN_OR) {
    for (uint32_t i = 0; i < p->list.count; i++)
      if (pattern_takes(c, p->list.items[i], type, which)) return true;
    return false;
  }
  if (type->kind == RIMA_T_BOOL)
    return p->kind == RIMA_PATTERN_LITERAL && p->literal->kind == RIMA_EXPR_BOOL &&
           p->literal->boolean == (which == 1);
  rima_class *cls = covered_class(c, p);
  return cls && cls->kind == RIMA_CLASS_VARIANT && cls->tag == which;
}

static bool covers_tuple(rima_compiler *c, rima_expr *e, rima_type *type) {
  uint32_t radix[6], rows = 1;
  if (type->count > 6) return false;
  for (uint32_t i = 0; i < type->count; i++) {
    rima_class *enum_ = enum_of(type->items[i]);
    bool finite = type->items[i]->kind == RIMA_T_BOOL || (enum_ && type->items[i]->kind == RIMA_T_CLASS);
    radix[i] = type->items[i]->kind == RIMA_T_BOOL ? 2 : finite ? enum_->decl->decl->class_.variant_count : 1;
    if (!finite) radix[i] = 1;
    rows *= radix[i];
    if (rows > 4096) return false;
  }
  for (uint32_t row = 0; row < rows; row++) {
    bool taken = false;
    for (uint32_t a = 0; a < e->match.count && !taken; a++) {
      rima_pattern *p = e->match.arms[a].pattern;
      if (e->match.arms[a].guard || p->kind != RIMA_PATTERN_TUPLE) continue;
      uint32_t rest = row;
      taken = true;
      for (uint32_t i = 0; i < type->count && taken; i++) {
        taken = radix[i] == 1
                    ? is_total(c, p->list.items[i]) || pattern_takes(c, p->list.items[i], type->items[i], 0)
                    : pattern_takes(c, p->list.items[i], type->items[i], rest % radix[i]);
        rest /= radix[i];
      }
    }
    if (!taken) return false;
  }
  return true;
}

static bool check_coverage(rima_compiler *c, rima_expr *e, bool is_value) {
  rima_type *type = e->match.subject->type;
  if (type->is_open) return true;
  rima_class *enum_ = enum_of(type);
  coverage cov = {
      .variants = enum_ ? RIMA_NEW_ARRAY(c->arena, bool, enum_->decl->decl->class_.variant_count + 1) : NULL};
  for (uint32_t i = 0; i < e->match.count; i++) {
    if (cov.all && rima_may_warn(c))
      rima_warning(&c->diagnostics, e->match.arms[i].span, "this arm is never reached");
    if (!e->match.arms[i].guard) cover(c, e->match.arms[i].pattern, &cov);
  }
  if (cov.all) return true;
  bool needs_null = type->kind == RIMA_T_NULLABLE;
  const char *missing = "";
  if (rima_type_strip(type)->kind == RIMA_T_BOOL) {
    if (!cov.is_true) missing = "true";
    if (!cov.is_false) missing = rima_arena_format(c->arena, "%s%sfalse", missing, *missing ? ", " : "");
  } else if (enum_) {
    rima_decl *decl = enum_->decl->decl;
    for (uint32_t i = 0; i < decl->class_.variant_count; i++)
      if (!cov.variants[i] && (type->cls == enum_ || type->kind == RIMA_T_NULLABLE || type->cls->tag == i))
        missing = rima_arena_format(c->arena, "%s%s%s", missing, *missing ? ", " : "",
                                    decl->class_.variants[i].name.name->text);
  } else if (type->kind == RIMA_T_TUPLE && covers_tuple(c, e, type)) {
    return true;
  } else {
    if (is_value) {
      rima_diagnostic *d = rima_error(&c->diagnostics, e->match.subject->span,
                                      "this match does not cover every %s", rima_type_text(c, type));
      rima_hint(&c->diagnostics, d, "add an arm `_ => …`");
    }
    return false;
  }
  if (needs_null && !cov.is_null)
    missing = rima_arena_format(c->arena, "%s%snull", missing, *missing ? ", " : "");
  if (!*missing) return true;
  rima_error(&c->diagnostics, e->match.subject->span, "this match does not cover %s", missing);
  return false;
}

/* ---- match ---- */

static void narrow_subject(rima_compiler *c, rima_expr *subject, rima_pattern *p) {
  if (subject->kind != RIMA_EXPR_NAME || subject->resolved.how != RIMA_HOW_LOCAL) return;
  rima_local *local = subject->resolved.local;
  if (local->is_assigned_by_inner || p->type->kind == RIMA_T_ERROR ||
      rima_local_type(local)->kind == RIMA_T_ERROR)
    return;
  if (p->kind == RIMA_PATTERN_LITERAL && p->literal->kind != RIMA_EXPR_NULL) {
    if (rima_local_type(local)->kind == RIMA_T_NULLABLE) rima_narrow(c, local, rima_local_type(local)->of);
    return;
  }
  bool tests = p->kind == RIMA_PATTERN_TYPE || p->kind == RIMA_PATTERN_VARIANT ||
               (p->kind == RIMA_PATTERN_NAME && p->resolved.how == RIMA_HOW_SINGLETON);
  if (tests && p->type != rima_local_type(local)) rima_narrow(c, local, p->type);
}

/* The arms before `count` give ints: beside a float, literals among them are floats. */
static rima_type *adapt_arms(rima_compiler *c, rima_expr *e, uint32_t count, rima_type *joined,
                             rima_type *type) {
  for (uint32_t i = 0; i < count; i++)
    if (!rima_is_int_literal(e->match.arms[i].body)) return joined;
  rima_type *adapted = joined;
  for (uint32_t i = 0; i < count; i++) {
    rima_expr *body = e->match.arms[i].body;
    if (body->type->kind != RIMA_T_NEVER) adapted = rima_adapt_branch(c, body, joined, type);
  }
  return adapted;
}

rima_type *rima_check_match(rima_compiler *c, rima_expr *e, rima_type *expected) {
  rima_type *subject = rima_check(c, e->match.subject, NULL);
  if (subject->kind == RIMA_T_VOID) {
    rima_require(c, e->match.subject, RIMA_KIND(c, DYN), NULL);
    subject = e->match.subject->type = RIMA_KIND(c, ERROR);
  }
  bool discard = expected && expected->kind == RIMA_T_VOID;
  rima_type *joined = RIMA_KIND(c, NEVER);
  bool fits = true, null_taken = false;
  uint32_t since = c->assign_count;
  for (uint32_t i = 0; i < e->match.count; i++) {
    rima_arm *arm = &e->match.arms[i];
    rima_scope scope = rima_scope_open(c);
    uint32_t mark = c->undo_count;
    rima_type *seen = null_taken && subject->kind == RIMA_T_NULLABLE ? subject->of : subject;
    rima_check_pattern(c, arm->pattern, seen);
    narrow_subject(c, e->match.subject, arm->pattern);
    if (arm->guard) {
      rima_facts t = {.count = 0}, f = {.count = 0};
      rima_check_condition(c, arm->guard, &t, &f);
      rima_facts_apply(c, &t);
    } else if (arm->pattern->kind == RIMA_PATTERN_LITERAL && arm->pattern->literal->kind == RIMA_EXPR_NULL) {
      null_taken = true;
    }
    rima_type *type = rima_check(c, arm->body, rima_branch_hint(expected, joined));
    rima_narrow_rewind(c, mark);
    rima_scope_leave(c, scope);
    fits &= expected && (type->kind == RIMA_T_NEVER ||
                         (type->kind != RIMA_T_VOID && rima_type_converts(c, type, expected)));
    if (!expected && joined->kind == RIMA_T_INT) joined = adapt_arms(c, e, i, joined, type);
    rima_type *both = joined->kind == RIMA_T_NEVER ? type : rima_type_join(c, joined, type);
    if (!both && type->kind != RIMA_T_VOID && joined->kind != RIMA_T_VOID) both = RIMA_KIND(c, DYN);
    joined = both ? both : RIMA_KIND(c, VOID);
  }
  rima_narrow_forget(c, since);
  bool is_complete = e->match.is_complete = check_coverage(c, e, !discard);
  if (discard)
    return joined->kind == RIMA_T_NEVER && is_complete && e->match.count ? joined : RIMA_KIND(c, VOID);
  if (joined->kind == RIMA_T_NEVER) return is_complete ? joined : RIMA_KIND(c, VOID);
  return expected && !expected->is_open && fits ? expected : joined;
}
