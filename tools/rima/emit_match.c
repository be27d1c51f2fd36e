/* emit_match.c: patterns become tests and bindings; try and its handlers. */
#include "code.h"
#include <string.h>

/* A match while it is emitted. */
typedef struct matcher {
  uint32_t subject;
  rima_type *type;
  uint32_t tag; /* register with the subject's tag, or TZ_NONE */
} matcher;

static void test_pattern(rima_compiler *c, rima_pattern *p, uint32_t reg, rima_type *type, uint32_t tag,
                         uint32_t fail, bool is_known);

static rima_class *variant_of(const rima_pattern *p) {
  if (p->kind == RIMA_PATTERN_NAME && p->resolved.how == RIMA_HOW_SINGLETON) return p->resolved.decl;
  if (p->kind != RIMA_PATTERN_VARIANT) return NULL;
  rima_class *cls = p->resolved.decl;
  return cls && cls->kind == RIMA_CLASS_VARIANT ? cls : NULL;
}

static bool is_enum(const rima_type *type) {
  return type->kind == RIMA_T_CLASS && type->cls->kind == RIMA_CLASS_ENUM;
}

static bool binds_or_tests(const rima_pattern *p) { return p->kind != RIMA_PATTERN_WILDCARD; }

/* Parts of a class instance against the patterns in parentheses. */
static void test_parts(rima_compiler *c, rima_pattern *p, rima_class *cls, uint32_t object, uint32_t fail) {
  for (uint32_t i = 0; i < p->variant.count; i++) {
    rima_pattern *part = p->variant.args[i];
    if (!binds_or_tests(part)) continue;
    rima_field *f = &cls->fields[part->resolved.part];
    rima_type *type = rima_field_type(c, f);
    if (part->kind == RIMA_PATTERN_NAME && part->resolved.how == RIMA_HOW_LOCAL &&
        !rima_local_is_boxed(part->local)) {
      rima_local_declare(c, part->local);
      rima_op(c, TZ_OP_GETF, (uint32_t)part->local->reg, object, f->slot);
      continue;
    }
    uint32_t value = rima_reg_for(c, type);
    rima_op(c, TZ_OP_GETF, value, object, f->slot);
    test_pattern(c, part, value, type, TZ_NONE, fail, false);
  }
}

/* is_known: the subject is of this class already. */
static void test_class(rima_compiler *c, rima_pattern *p, uint32_t reg, rima_type *type, uint32_t tag,
                       uint32_t fail, bool is_known) {
  rima_class *cls = p->resolved.decl;
  rima_type *bare = rima_type_strip(type);
  bool has_parts = p->kind == RIMA_PATTERN_VARIANT && p->variant.count;
  if (is_known) {
  } else if (tag != TZ_NONE && cls->kind == RIMA_CLASS_VARIANT) {
    rima_branch(c, TZ_OP_JNE_II, tag, cls->tag, fail);
  } else if (bare == cls->type) {
    if (type->kind == RIMA_T_NULLABLE) rima_branch_d(c, TZ_OP_JNULL, reg, fail);
  } else if (is_enum(bare) && cls->kind == RIMA_CLASS_VARIANT) {
    uint32_t own = rima_reg_for(c, RIMA_KIND(c, INT));
    if (type->kind == RIMA_T_NULLABLE) rima_branch_d(c, TZ_OP_JNULL, reg, fail);
    rima_op(c, TZ_OP_TAG, own, reg, 0);
    rima_branch(c, TZ_OP_JNE_II, own, cls->tag, fail);
  } else {
    uint32_t is = rima_reg_for(c, RIMA_KIND(c, BOOL));
    rima_emit_is(c, is, reg, type, cls->type);
    rima_branch_d(c, TZ_OP_JF, is, fail);
  }
  if (!has_parts) return;
  uint32_t object = reg;
  if (bare != cls->type) {
    object = rima_reg_for(c, cls->type);
    rima_op(c, TZ_OP_CAST, object, reg, rima_image_type(c, cls->type));
  }
  test_parts(c, p, cls, object, fail);
}

static void test_literal(rima_compiler *c, rima_expr *e, uint32_t reg, rima_type *type, uint32_t fail) {
  int64_t value;
  if (e->kind == RIMA_EXPR_NULL) {
    char rep = rima_type_rep(type);
    if (rep == 'R' || rep == 'Y') rima_branch_d(c, TZ_OP_JNONNULL, reg, fail);
    else rima_branch_d(c, TZ_OP_JMP, 0, fail);
    return;
  }
  if (type->kind == RIMA_T_INT && rima_const_int(c, e, &value) && value == (int16_t)value) {
    rima_branch(c, TZ_OP_JNE_II, reg, (uint32_t)(uint16_t)value, fail);
    return;
  }
  if (type->kind == RIMA_T_BOOL && e->kind == RIMA_EXPR_BOOL) {
    rima_branch_d(c, e->boolean ? TZ_OP_JF : TZ_OP_JT, reg, fail);
    return;
  }
  uint32_t equal = rima_reg_for(c, RIMA_KIND(c, BOOL));
  rima_type *as = rima_type_strip(type)->kind == RIMA_T_FLOAT && e->type->kind == RIMA_T_INT
                      ? RIMA_KIND(c, FLOAT)
                      : e->type;
  uint32_t literal = rima_emit_as(c, e, as, RIMA_ANYWHERE);
  rima_emit_equals(c, equal, reg, type, literal, as);
  rima_branch_d(c, TZ_OP_JF, equal, fail);
}

static void test_range(rima_compiler *c, rima_pattern *p, uint32_t reg, rima_type *type, uint32_t fail) {
  rima_type *number = rima_type_strip(type)->kind == RIMA_T_FLOAT ? RIMA_KIND(c, FLOAT) : RIMA_KIND(c, INT);
  if (rima_type_rep(type) == 'Y') {
    uint32_t is = rima_reg_for(c, RIMA_KIND(c, BOOL));
    rima_emit_is(c, is, reg, type, number);
    rima_branch_d(c, TZ_OP_JF, is, fail);
    reg = rima_convert(c, reg, type, number, RIMA_ANYWHERE);
  }
  uint32_t low = rima_emit_as(c, p->range.low, number, RIMA_ANYWHERE),
           high = rima_emit_as(c, p->range.high, number, RIMA_ANYWHERE);
  if (number->kind == RIMA_T_FLOAT) {
    rima_branch(c, TZ_OP_JNLE_F, low, reg, fail);
    rima_branch(c, p->range.is_inclusive ? TZ_OP_JNLE_F : TZ_OP_JNLT_F, reg, high, fail);
  } else {
    rima_branch(c, TZ_OP_JLT_I, reg, low, fail);
    if (p->range.is_inclusive) rima_branch(c, TZ_OP_JLT_I, high, reg, fail);
    else rima_branch(c, TZ_OP_JLE_I, high, reg, fail);
  }
}

static void test_alternatives(rima_compiler *c, rima_pattern *p, uint32_t reg, rima_type *type, uint32_t tag,
                              uint32_t fail) {
  uint32_t fits = rima_label(c);
  for (uint32_t i = 0; i < p->list.count; i++) {
    bool is_last = i + 1 == p->list.count;
    uint32_t next = is_last ? fail : rima_label(c);
    test_pattern(c, p->list.items[i], reg, type, tag, next, false);
    if (is_last) break;
    rima_branch_d(c, TZ_OP_JMP, 0, fits);
    rima_label_here(c, next);
  }
  rima_label_here(c, fits);
}

static void test_pattern(rima_compiler *c, rima_pattern *p, uint32_t reg, rima_type *type, uint32_t tag,
                         uint32_t fail, bool is_known) {
  switch ((rima_pattern_kind)p->kind) {
  case RIMA_PATTERN_WILDCARD:
  case RIMA_PATTERN_ERROR: return;
  case RIMA_PATTERN_NAME:
    if (p->resolved.how == RIMA_HOW_SINGLETON) test_class(c, p, reg, type, tag, fail, is_known);
    else rima_local_declare_with(c, p->local, rima_convert(c, reg, type, p->type, RIMA_ANYWHERE));
    return;
  case RIMA_PATTERN_LITERAL: test_literal(c, p->literal, reg, type, fail); return;
  case RIMA_PATTERN_RANGE: test_range(c, p, reg, type, fail); return;
  case RIMA_PATTERN_VARIANT: test_class(c, p, reg, type, tag, fail, is_known); return;
  case RIMA_PATTERN_TUPLE:
    for (uint32_t i = 0; i < p->list.count; i++) {
      rima_pattern *part = p->list.items[i];
      if (!binds_or_tests(part)) continue;
      uint32_t value = rima_reg_for(c, type->items[i]);
      rima_op(c, TZ_OP_GETF, value, reg, i);
      test_pattern(c, part, value, type->items[i], TZ_NONE, fail, false);
    }
    return;
  case RIMA_PATTERN_TYPE: {
    uint32_t is = rima_reg_for(c, RIMA_KIND(c, BOOL));
    rima_emit_is(c, is, reg, type, p->type);
    rima_branch_d(c, TZ_OP_JF, is, fail);
    return;
  }
  case RIMA_PATTERN_OR: test_alternatives(c, p, reg, type, tag, fail); return;
  }
}

/* ---- choosing an arm by table ---- */

enum { FEWEST_CASES = 4, LARGEST_TABLE = 512 };

static bool is_irrefutable(const rima_pattern *p) {
  return p->kind == RIMA_PATTERN_WILDCARD ||
         (p->kind == RIMA_PATTERN_NAME && p->resolved.how == RIMA_HOW_LOCAL);
}

static bool is_case(rima_compiler *c, const rima_pattern *p, bool by_tag, int64_t *value) {
  if (by_tag) {
    rima_class *cls = variant_of(p);
    if (cls) *value = cls->tag;
    return cls != NULL;
  }
  return p->kind == RIMA_PATTERN_LITERAL && rima_const_int(c, p->literal, value) && *value >= 0 &&
         *value < LARGEST_TABLE;
}

/* Whether the arm takes key `value`; *all: it takes every key. */
static bool takes(rima_compiler *c, const rima_pattern *p, bool by_tag, int64_t value) {
  int64_t own;
  if (is_irrefutable(p)) return true;
  if (p->kind == RIMA_PATTERN_OR) {
    for (uint32_t i = 0; i < p->list.count; i++)
      if (takes(c, p->list.items[i], by_tag, value)) return true;
    return false;
  }
  return is_case(c, p, by_tag, &own) && own == value;
}

static bool measure(rima_compiler *c, const rima_pattern *p, bool by_tag, uint32_t *cases, int64_t *most) {
  int64_t value;
  if (is_irrefutable(p)) return true;
  if (p->kind == RIMA_PATTERN_OR) {
    for (uint32_t i = 0; i < p->list.count; i++)
      if (!measure(c, p->list.items[i], by_tag, cases, most)) return false;
    return true;
  }
  if (!is_case(c, p, by_tag, &value)) return false;
  (*cases)++;
  if (value > *most) *most = value;
  return true;
}

/* The size of the table, or 0 if tests in turn are better. */
static uint32_t table_size(rima_compiler *c, rima_expr *e, const matcher *m) {
  bool by_tag = m->tag != TZ_NONE;
  uint32_t cases = 0;
  int64_t most = 0;
  if (!by_tag && m->type->kind != RIMA_T_INT) return 0;
  for (uint32_t i = 0; i < e->match.count; i++)
    if (!measure(c, e->match.arms[i].pattern, by_tag, &cases, &most)) return 0;
  if (by_tag) most = m->type->cls->decl->decl->class_.variant_count - 1;
  return cases >= FEWEST_CASES && most + 1 <= 4 * (int64_t)cases ? (uint32_t)most + 1 : 0;
}

static void emit_table(rima_compiler *c, rima_expr *e, const matcher *m, uint32_t size,
                       const uint32_t *direct, uint32_t otherwise) {
  uint32_t labels[LARGEST_TABLE];
  bool by_tag = m->tag != TZ_NONE;
  for (uint32_t k = 0; k < size; k++) {
    labels[k] = otherwise;
    for (uint32_t i = 0; i < e->match.count; i++)
      if (takes(c, e->match.arms[i].pattern, by_tag, k)) {
        labels[k] = direct[i];
        break;
      }
  }
  rima_switch(c, by_tag ? m->tag : m->subject, labels, size);
  for (uint32_t i = 0; i < e->match.count; i++)
    if (is_irrefutable(e->match.arms[i].pattern)) {
      otherwise = direct[i];
      break;
    }
  rima_branch_d(c, TZ_OP_JMP, 0, otherwise);
}

/* ---- match ---- */

static bool has_variants(const rima_expr *e) {
  for (uint32_t i = 0; i < e->match.count; i++) {
    const rima_pattern *p = e->match.arms[i].pattern;
    if (variant_of(p)) return true;
    if (p->kind == RIMA_PATTERN_OR)
      for (uint32_t k = 0; k < p->list.count; k++)
        if (variant_of(p->list.items[k])) return true;
  }
  return false;
}

static uint32_t subject_register(rima_compiler *c, rima_expr *e) {
  bool stays = e->kind == RIMA_EXPR_THIS ||
               (e->kind == RIMA_EXPR_NAME && e->resolved.how == RIMA_HOW_LOCAL &&
                !e->resolved.local->is_assigned && e->resolved.local->type == e->type &&
                !(e->resolved.local->storage == RIMA_STORAGE_MODULE && e->resolved.local->info));
  if (stays) return rima_emit(c, e, RIMA_ANYWHERE);
  uint32_t reg = rima_reg_for(c, e->type), mark = rima_code_mark(c);
  rima_emit_as(c, e, e->type, (int32_t)reg);
  rima_code_release(c, mark);
  return reg;
}

/* Whether entering the arm directly leaves something of its pattern to be tested. */
static bool is_refutable_inside(const rima_pattern *p) {
  if (p->kind != RIMA_PATTERN_VARIANT) return false;
  for (uint32_t i = 0; i < p->variant.count; i++)
    if (!is_irrefutable(p->variant.args[i])) return true;
  return false;
}

uint32_t rima_emit_match(rima_compiler *c, rima_expr *e, rima_type *want, int32_t dst) {
  bool is_value = want->kind != RIMA_T_VOID && want->kind != RIMA_T_NEVER;
  uint32_t result = is_value ? rima_safe_dst(c, want, dst) : 0, mark = rima_code_mark(c), end = rima_label(c);
  matcher m = {.type = e->match.subject->type, .tag = TZ_NONE};
  m.subject = subject_register(c, e->match.subject);
  if (is_enum(m.type) && has_variants(e)) {
    m.tag = rima_reg_for(c, RIMA_KIND(c, INT));
    rima_op(c, TZ_OP_TAG, m.tag, m.subject, 0);
  }
  uint32_t size = table_size(c, e, &m);
  uint32_t *direct = RIMA_NEW_ARRAY(c->arena, uint32_t, e->match.count + 1);
  for (uint32_t i = 0; i < e->match.count; i++) direct[i] = rima_label(c);
  uint32_t otherwise = rima_label(c);
  if (size) emit_table(c, e, &m, size, direct, otherwise);
  bool falls = !size; /* tests of an earlier arm may fail into the next one */
  for (uint32_t i = 0; i < e->match.count; i++) {
    rima_arm *arm = &e->match.arms[i];
    bool is_last = i + 1 == e->match.count;
    bool is_sure = is_last && e->match.is_complete && !arm->guard && !is_refutable_inside(arm->pattern) &&
                   variant_of(arm->pattern);
    uint32_t next = is_last ? otherwise : rima_label(c), inner = rima_code_mark(c);
    bool is_known = !falls || is_sure;
    if (size && falls && !is_irrefutable(arm->pattern)) { /* two ways in: tested, or chosen by the table */
      rima_pattern bare = *arm->pattern;
      if (bare.kind == RIMA_PATTERN_VARIANT) bare.variant.count = 0;
      test_pattern(c, &bare, m.subject, m.type, m.tag, next, false);
      is_known = true;
    }
    rima_label_here(c, direct[i]);
    bool skips =
        is_known && (arm->pattern->kind == RIMA_PATTERN_OR || arm->pattern->kind == RIMA_PATTERN_LITERAL);
    if (!skips) test_pattern(c, arm->pattern, m.subject, m.type, m.tag, next, is_known);
    if (arm->guard) rima_emit_condition(c, arm->guard, next, false);
    if (dst == RIMA_RETURNED) rima_emit_return(c, arm->body);
    else if (is_value) rima_emit_as(c, arm->body, want, (int32_t)result);
    else rima_emit_discard(c, arm->body);
    rima_code_release(c, inner);
    if (!c->code->is_dead) rima_branch_d(c, TZ_OP_JMP, 0, end);
    if (size) falls = falls || arm->guard || is_refutable_inside(arm->pattern);
    if (!is_last) {
      c->code->is_dead = true;
      rima_label_here(c, next);
    }
  }
  c->code->is_dead = true;
  rima_label_here(c, otherwise);
  rima_label_here(c, end);
  rima_code_release(c, mark);
  if (!is_value || dst < 0 || result == (uint32_t)dst) return result;
  rima_move(c, (uint32_t)dst, result);
  return (uint32_t)dst;
}

/* ---- try ---- */

static void guard_range(rima_compiler *c, const rima_exit *x, uint32_t start, uint32_t end, uint32_t target,
                        uint32_t type, uint32_t reg) {
  for (uint32_t i = 0; i < x->gap_count; i += 2) {
    if (x->gaps[i + 1] <= start || x->gaps[i] >= end) continue;
    rima_handler(c, start, x->gaps[i] < end ? x->gaps[i] : end, target, type, reg);
    if (x->gaps[i + 1] > start) start = x->gaps[i + 1];
  }
  rima_handler(c, start, end, target, type, reg);
}

static void emit_catches(rima_compiler *c, rima_expr *e, const rima_exit *x, uint32_t start, uint32_t end,
                         rima_type *want, uint32_t result, uint32_t done, bool is_value) {
  rima_exit *exits = c->code->exits;
  for (uint32_t i = 0; i < e->try_->catch_count; i++) {
    rima_catch *k = &e->try_->catches[i];
    uint32_t mark = rima_code_mark(c);
    rima_type *type = k->local ? k->local->type : c->error_class->type;
    uint32_t reg = rima_reg_for(c, type);
    c->code->is_dead = false;
    uint32_t target = c->code->count;
    guard_range(c, x, start, end, target, rima_image_type(c, type), reg);
    rima_op(c, TZ_OP_NOP, 0, 0, 0);
    if (k->local) rima_local_declare_with(c, k->local, reg);
    if (is_value) rima_emit_block_value(c, k->body, want, (int32_t)result);
    else rima_emit_block(c, k->body);
    if (!c->code->is_dead) {
      if (e->try_->finally) {
        uint32_t from = c->code->count;
        c->code->exits = x->outer;
        rima_emit_block(c, e->try_->finally);
        c->code->exits = exits;
        rima_exit_gap(c, (rima_exit *)x, from, c->code->count);
      }
      if (!c->code->is_dead) rima_branch_d(c, TZ_OP_JMP, 0, done);
    }
    rima_code_release(c, mark);
  }
}

uint32_t rima_emit_try(rima_compiler *c, rima_expr *e, rima_type *want, int32_t dst) {
  bool is_value = want->kind != RIMA_T_VOID && want->kind != RIMA_T_NEVER;
  uint32_t result = is_value ? rima_safe_dst(c, want, dst) : 0, done = rima_label(c),
           mark = rima_code_mark(c);
  rima_exit x = {.kind = RIMA_EXIT_FINALLY, .outer = c->code->exits, .finally = e->try_->finally};
  c->code->exits = &x;
  uint32_t start = c->code->count;
  if (is_value) rima_emit_block_value(c, e->try_->body, want, (int32_t)result);
  else rima_emit_block(c, e->try_->body);
  uint32_t end = c->code->count;
  if (!c->code->is_dead) {
    if (e->try_->finally) {
      c->code->exits = x.outer;
      rima_emit_block(c, e->try_->finally);
      c->code->exits = &x;
      rima_exit_gap(c, &x, end, c->code->count);
    }
    if (!c->code->is_dead) rima_branch_d(c, TZ_OP_JMP, 0, done);
  }
  emit_catches(c, e, &x, start, end, want, result, done, is_value);
  uint32_t guarded_end = c->code->count;
  c->code->exits = x.outer;
  if (e->try_->finally) { /* whatever was not caught */
    uint32_t error = rima_reg_for(c, c->error_class->type);
    c->code->is_dead = false;
    guard_range(c, &x, start, guarded_end, c->code->count, rima_image_type(c, c->error_class->type), error);
    rima_op(c, TZ_OP_NOP, 0, 0, 0);
    rima_emit_block(c, e->try_->finally);
    if (!c->code->is_dead) rima_op(c, TZ_OP_THROW, error, 0, 0);
    c->code->is_dead = true;
  }
  c->code->is_dead = true;
  rima_label_here(c, done);
  rima_code_release(c, mark);
  if (!is_value || dst < 0 || result == (uint32_t)dst) return result;
  rima_move(c, (uint32_t)dst, result);
  return (uint32_t)dst;
}
