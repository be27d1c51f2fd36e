/* emit_stmt.c: statements, variables, loops, and the ways out of a block. */
#include "code.h"
#include <string.h>

/* ---- variables ---- */

bool rima_local_is_boxed(const rima_local *local) {
  return local->is_captured && local->is_assigned && !(local->storage == RIMA_STORAGE_MODULE && local->info);
}

static bool is_global(const rima_local *local) {
  return local->storage == RIMA_STORAGE_MODULE && local->info;
}

uint32_t rima_local_read(rima_compiler *c, rima_local *local, int32_t dst) {
  uint32_t reg = local->name == c->names.this_ ? (uint32_t)c->code->this_reg : (uint32_t)local->reg;
  if (!rima_local_is_boxed(local)) {
    if (dst < 0) return reg;
    rima_move(c, (uint32_t)dst, reg);
    return (uint32_t)dst;
  }
  uint32_t result = rima_dst(c, local->type, dst);
  rima_op(c, TZ_OP_GETF, result, reg, 0);
  return result;
}

/* A register for a variable that starts to exist; boxed ones get a new cell. */
void rima_local_declare(rima_compiler *c, rima_local *local) {
  if (rima_local_is_boxed(local)) {
    rima_class *cell = rima_cell_class(c, local->type);
    local->reg = (int32_t)rima_reg_for(c, cell->type);
    rima_emit_new(c, cell, (uint32_t)local->reg);
  } else {
    local->reg = (int32_t)rima_reg_for(c, local->type);
  }
  c->code->regs[local->reg].is_local = true;
  if (!rima_local_is_boxed(local))
    rima_local_name(c, local->name->text, (uint32_t)local->reg, c->code->count);
}

/* ... with a value that is already in a register of its type. */
void rima_local_declare_with(rima_compiler *c, rima_local *local, uint32_t reg) {
  rima_local_declare(c, local);
  if (rima_local_is_boxed(local)) rima_put_field(c, reg, local->type, (uint32_t)local->reg, 0);
  else rima_move(c, (uint32_t)local->reg, reg);
}

static void declare_value(rima_compiler *c, rima_local *local, rima_expr *value) {
  if (rima_local_is_boxed(local)) {
    uint32_t reg = rima_emit_as(c, value, local->type, RIMA_ANYWHERE);
    rima_local_declare_with(c, local, reg);
    return;
  }
  uint32_t reg = rima_reg_for(c, local->type), mark = rima_code_mark(c);
  rima_emit_as(c, value, local->type, (int32_t)reg);
  rima_code_release(c, mark);
  local->reg = (int32_t)reg;
  c->code->regs[reg].is_local = true;
  rima_local_name(c, local->name->text, reg, c->code->count);
}

static void put_global(rima_compiler *c, rima_global *g, uint32_t reg) {
  rima_op_d(c, TZ_OP_PUTG, reg, rima_image_global(c, g));
}

void rima_emit_bind(rima_compiler *c, rima_pattern *p, uint32_t reg) {
  if (p->kind == RIMA_PATTERN_NAME) {
    if (is_global(p->local)) rima_global_start(c, p->local->info, reg);
    else rima_local_declare_with(c, p->local, reg);
    return;
  }
  if (p->kind != RIMA_PATTERN_TUPLE) return;
  for (uint32_t i = 0; i < p->list.count; i++) {
    rima_pattern *part = p->list.items[i];
    if (part->kind == RIMA_PATTERN_WILDCARD) continue;
    if (part->kind == RIMA_PATTERN_NAME && !is_global(part->local) && !rima_local_is_boxed(part->local)) {
      rima_local_declare(c, part->local);
      rima_op(c, TZ_OP_GETF, (uint32_t)part->local->reg, reg, i);
      continue;
    }
    uint32_t value = rima_reg_for(c, part->type);
    rima_op(c, TZ_OP_GETF, value, reg, i);
    rima_emit_bind(c, part, value);
  }
}

static void zero(rima_compiler *c, uint32_t reg) {
  char rep = c->code->regs[reg].rep;
  if (rep == 'R' || rep == 'Y') rima_op(c, TZ_OP_NULL, reg, 0, 0);
  else if (rep == 'I') rima_op_d(c, TZ_OP_CONST_I, reg, 0);
  else rima_op_d(c, TZ_OP_CONST, reg, tz_image_constant_float(c->image, 0));
}

void rima_emit_let(rima_compiler *c, rima_variable *v) {
  if (v->pattern->kind != RIMA_PATTERN_NAME) {
    if (v->value) rima_emit_bind(c, v->pattern, rima_emit(c, v->value, RIMA_ANYWHERE));
    return;
  }
  rima_local *local = v->pattern->local;
  if (is_global(local)) {
    rima_global *g = local->info;
    if (g->is_constant) return;
    uint32_t mark = rima_code_mark(c);
    uint32_t reg = rima_reg_for(c, g->type);
    if (v->value) rima_emit_as(c, v->value, g->type, (int32_t)reg);
    else zero(c, reg);
    rima_global_start(c, g, reg);
    rima_code_release(c, mark);
    return;
  }
  if (v->value) {
    declare_value(c, local, v->value);
    return;
  }
  rima_local_declare(c, local);
  if (!rima_local_is_boxed(local)) zero(c, (uint32_t)local->reg);
}

/* ---- assignment ---- */

static void assign_name(rima_compiler *c, rima_expr *target, rima_expr *value) {
  switch ((rima_how)target->resolved.how) {
  case RIMA_HOW_LOCAL: {
    rima_local *local = target->resolved.local;
    if (is_global(local)) {
      rima_global *g = local->info;
      put_global(c, g, rima_emit_as(c, value, g->type, RIMA_ANYWHERE));
    } else if (rima_local_is_boxed(local)) {
      uint32_t reg = rima_emit_as(c, value, local->type, RIMA_ANYWHERE);
      rima_put_field(c, reg, local->type, (uint32_t)local->reg, 0);
    } else {
      rima_emit_as(c, value, local->type, local->reg);
    }
    return;
  }
  case RIMA_HOW_GLOBAL: {
    rima_global *g = target->resolved.decl;
    put_global(c, g, rima_emit_as(c, value, g->type, RIMA_ANYWHERE));
    return;
  }
  case RIMA_HOW_FIELD: {
    rima_field *f = target->resolved.decl;
    rima_type *type = rima_field_type(c, f);
    rima_put_field(c, rima_emit_as(c, value, type, RIMA_ANYWHERE), type, (uint32_t)c->code->this_reg,
                   f->slot);
    return;
  }
  default: rima_emit_discard(c, value);
  }
}

static uint32_t guarded(rima_compiler *c, rima_expr *e, rima_expr *later) {
  uint32_t reg = rima_emit(c, e, RIMA_ANYWHERE);
  if (!(later->resolved.flags & RIMA_FLAG_ASSIGNS) || !c->code->regs[reg].is_local) return reg;
  uint32_t copy = rima_reg_for(c, e->type);
  rima_move(c, copy, reg);
  return copy;
}

static void assign_member(rima_compiler *c, rima_expr *target, rima_expr *value) {
  if (target->resolved.how == RIMA_HOW_GLOBAL) {
    rima_global *g = target->resolved.decl;
    put_global(c, g, rima_emit_as(c, value, g->type, RIMA_ANYWHERE));
    return;
  }
  uint32_t object = guarded(c, target->member.object, value);
  if (target->resolved.how == RIMA_HOW_DYNAMIC) {
    uint32_t reg = rima_emit_as(c, value, RIMA_KIND(c, DYN), RIMA_ANYWHERE);
    rima_op(c, TZ_OP_SET_ANY, reg, object, rima_site(c, TZ_SITE_SET, target->member.name.name->text));
    return;
  }
  rima_field *f = target->resolved.decl;
  rima_type *type = rima_field_type(c, f);
  rima_put_field(c, rima_emit_as(c, value, type, RIMA_ANYWHERE), type, object, f->slot);
}

static void assign_index(rima_compiler *c, rima_expr *target, rima_expr *value) {
  if (target->resolved.how == RIMA_HOW_CALL) {
    uint32_t mark = rima_code_mark(c);
    rima_emit_call(c, NULL, target->resolved.decl, RIMA_NOWHERE);
    rima_code_release(c, mark);
    return;
  }
  rima_expr *array = target->index.object, *index = target->index.index;
  rima_type *dyn = RIMA_KIND(c, DYN);
  bool is_any = target->resolved.how == RIMA_HOW_ANY;
  bool assigns = (index->resolved.flags | value->resolved.flags) & RIMA_FLAG_ASSIGNS;
  uint32_t object = assigns ? guarded(c, array, value->resolved.flags & RIMA_FLAG_ASSIGNS ? value : index)
                            : rima_emit(c, array, RIMA_ANYWHERE);
  uint32_t at = rima_emit_as(c, index, is_any ? dyn : RIMA_KIND(c, INT), RIMA_ANYWHERE);
  if (value->resolved.flags & RIMA_FLAG_ASSIGNS && c->code->regs[at].is_local) {
    uint32_t copy = rima_reg_new(c, c->code->regs[at].type, c->code->regs[at].rep);
    rima_move(c, copy, at);
    at = copy;
  }
  rima_type *element = is_any ? dyn : target->type;
  uint32_t reg = rima_emit_as(c, value, element, RIMA_ANYWHERE);
  rima_line(c, target->span);
  if (target->resolved.how == RIMA_HOW_ARRAY) {
    rima_op(c, rima_store_op(array->type->of), reg, object, at);
  } else if (target->resolved.how == RIMA_HOW_LIST) {
    char rep = rima_type_rep(element);
    rima_op(c, rep == 'R' || rep == 'Y' ? TZ_OP_LIST_STORE_R : TZ_OP_LIST_STORE, reg, object, at);
  } else {
    rima_reach_dynamic(c, c->names.set, 2);
    rima_op(c, TZ_OP_SET_INDEX_ANY, reg, object, at);
  }
}

static void start_once(rima_expr *target) {
  if (target->kind == RIMA_EXPR_MEMBER) target->member.object->resolved.flags &= (uint8_t)~RIMA_FLAG_DONE;
  if (target->kind != RIMA_EXPR_INDEX) return;
  target->index.object->resolved.flags &= (uint8_t)~RIMA_FLAG_DONE;
  target->index.index->resolved.flags &= (uint8_t)~RIMA_FLAG_DONE;
}

static void emit_assign(rima_compiler *c, rima_stmt *s) {
  rima_expr *target = s->assign.target, *value = s->assign.value;
  uint32_t mark = rima_code_mark(c);
  if (s->op != RIMA_BINARY_NONE) {
    rima_compound *compound = s->resolved.decl;
    value = compound->value;
    start_once(target);
    if (compound->set) {
      compound->computed->resolved.reg = (int32_t)rima_emit(c, value, RIMA_ANYWHERE);
      rima_emit_call(c, NULL, compound->set, RIMA_NOWHERE);
      rima_code_release(c, mark);
      return;
    }
  }
  if (target->kind == RIMA_EXPR_NAME) assign_name(c, target, value);
  else if (target->kind == RIMA_EXPR_MEMBER) assign_member(c, target, value);
  else assign_index(c, target, value);
  rima_code_release(c, mark);
}

/* ---- leaving blocks ---- */

static void push_exit(rima_compiler *c, rima_exit *x) {
  x->outer = c->code->exits;
  c->code->exits = x;
}

void rima_exit_gap(rima_compiler *c, rima_exit *x, uint32_t start, uint32_t end) {
  if (x->gap_count + 2 > x->gap_capacity) {
    uint32_t capacity = x->gap_capacity ? x->gap_capacity * 2 : 8;
    uint32_t *grown = RIMA_NEW_ARRAY(c->arena, uint32_t, capacity);
    if (x->gap_count) memcpy(grown, x->gaps, x->gap_count * sizeof *grown);
    x->gaps = grown;
    x->gap_capacity = capacity;
  }
  x->gaps[x->gap_count++] = start;
  x->gaps[x->gap_count++] = end;
}

/* Runs the finally blocks between here and `down_to` (NULL: all); they are not guarded by their own try. */
void rima_emit_unwind(rima_compiler *c, rima_exit *down_to) {
  rima_exit *saved = c->code->exits;
  for (rima_exit *x = saved; x != down_to; x = x->outer) {
    if (x->kind != RIMA_EXIT_FINALLY) continue;
    uint32_t start = c->code->count;
    c->code->exits = x->outer;
    if (x->finally) rima_emit_block(c, x->finally);
    for (rima_exit *inner = saved; inner != x->outer; inner = inner->outer)
      if (inner->kind == RIMA_EXIT_FINALLY) rima_exit_gap(c, inner, start, c->code->count);
  }
  c->code->exits = saved;
}

static void emit_jump(rima_compiler *c, rima_stmt *s) {
  rima_exit *x = c->code->exits;
  while (x && (x->kind != RIMA_EXIT_LOOP || x->loop != s->jump.target)) x = x->outer;
  if (!x) return;
  rima_emit_unwind(c, x);
  rima_branch_d(c, TZ_OP_JMP, 0, s->kind == RIMA_STMT_BREAK ? x->on_break : x->on_continue);
}

static bool must_unwind(rima_compiler *c) {
  if (c->code->defers >= 0) return true;
  for (rima_exit *x = c->code->exits; x; x = x->outer)
    if (x->kind == RIMA_EXIT_FINALLY && x->finally) return true;
  return false;
}

static void return_block(rima_compiler *c, rima_block *block) {
  uint32_t mark = rima_code_mark(c);
  rima_expr *value = rima_block_value(block);
  for (uint32_t i = 0; i + (value != NULL) < block->count && !c->code->is_dead; i++)
    rima_emit_stmt(c, block->stmts[i]);
  if (!c->code->is_dead) rima_emit_return(c, value);
  rima_code_release(c, mark);
}

static void return_if(rima_compiler *c, rima_expr *e) {
  uint32_t otherwise = rima_label(c), mark = rima_code_mark(c);
  rima_emit_condition(c, e->branch.condition, otherwise, false);
  rima_code_release(c, mark);
  return_block(c, e->branch.then);
  rima_label_here(c, otherwise);
  rima_emit_return(c, e->branch.otherwise);
}

/* a && f(x), a || f(x) */
static void return_logical(rima_compiler *c, rima_expr *e) {
  bool is_or = e->op == RIMA_BINARY_LOGICAL_OR;
  uint32_t decided = rima_label(c), mark = rima_code_mark(c);
  rima_emit_condition(c, e->binary.left, decided, is_or);
  rima_code_release(c, mark);
  rima_emit_return(c, e->binary.right);
  rima_label_here(c, decided);
  uint32_t result = rima_reg_for(c, e->type);
  rima_op_d(c, TZ_OP_CONST_I, result, is_or);
  rima_op(c, TZ_OP_RET, result, 0, 0);
  rima_code_release(c, mark);
}

/* Each way to the value returns by itself if one of them ends in a tail call. False: none does, nothing was
 * emitted. */
static bool return_ways(rima_compiler *c, rima_expr *e) {
  if (!rima_has_tail_call(c, e) && !rima_is_tail_call(c, e)) return false;
  switch ((rima_expr_kind)e->kind) {
  case RIMA_EXPR_IF: return_if(c, e); break;
  case RIMA_EXPR_BLOCK: return_block(c, e->block); break;
  case RIMA_EXPR_MATCH: rima_emit_match(c, e, e->type, RIMA_RETURNED); break;
  case RIMA_EXPR_BINARY: return_logical(c, e); break;
  default: rima_emit_tail_call(c, e);
  }
  return true;
}

void rima_emit_return(rima_compiler *c, rima_expr *value) {
  rima_type *result = c->code->result;
  bool has_result = result && result->kind != RIMA_T_VOID && result->kind != RIMA_T_NEVER;
  uint32_t mark = rima_code_mark(c);
  if (value && return_ways(c, value)) {
    c->code->is_dead = true;
  } else if (!has_result) {
    if (value) rima_emit_discard(c, value);
    rima_emit_unwind(c, NULL);
    rima_emit_leave(c);
    rima_op(c, TZ_OP_RET_VOID, 0, 0, 0);
  } else if (!value) {
    uint32_t reg = rima_reg_for(c, result);
    zero(c, reg);
    rima_emit_unwind(c, NULL);
    rima_emit_leave(c);
    rima_op(c, TZ_OP_RET, reg, 0, 0);
  } else if (value->type->kind == RIMA_T_NEVER) {
    rima_emit_discard(c, value);
  } else if (must_unwind(c)) {
    uint32_t reg = rima_reg_for(c, result);
    rima_emit_as(c, value, result, (int32_t)reg);
    rima_emit_unwind(c, NULL);
    rima_emit_leave(c);
    rima_op(c, TZ_OP_RET, reg, 0, 0);
  } else {
    rima_op(c, TZ_OP_RET, rima_emit_as(c, value, result, RIMA_ANYWHERE), 0, 0);
  }
  c->code->is_dead = true;
  rima_code_release(c, mark);
}

/* ---- loops ---- */

static void emit_body(rima_compiler *c, rima_stmt *s, uint32_t on_break, uint32_t on_continue) {
  rima_exit x = {.kind = RIMA_EXIT_LOOP, .loop = s, .on_break = on_break, .on_continue = on_continue};
  push_exit(c, &x);
  rima_emit_block(c, s->loop.body);
  c->code->exits = x.outer;
}

/* A few comparisons of numbers that are at hand. */
static bool is_cheap(const rima_expr *e, int depth) {
  if (depth == 4) return false;
  switch ((rima_expr_kind)e->kind) {
  case RIMA_EXPR_INT:
  case RIMA_EXPR_FLOAT:
  case RIMA_EXPR_BOOL: return true;
  case RIMA_EXPR_NAME:
    return e->type->kind == RIMA_T_INT || e->type->kind == RIMA_T_FLOAT || e->type->kind == RIMA_T_BOOL;
  case RIMA_EXPR_BINARY:
    return e->op != RIMA_BINARY_DIV && e->op != RIMA_BINARY_REM && e->resolved.how != RIMA_HOW_CALL &&
           is_cheap(e->binary.left, depth + 1) && is_cheap(e->binary.right, depth + 1);
  default: return false;
  }
}

/* A cheap condition stands before the loop and at its end, others only at its end, where the loop is entered:
 * so each round has one branch, and an optimizer sees a loop with its test at the end. */
static void emit_while(rima_compiler *c, rima_stmt *s) {
  uint32_t top = rima_label(c), next = rima_label(c), end = rima_label(c);
  bool forever = s->loop.head->kind == RIMA_EXPR_BOOL && s->loop.head->boolean;
  c->code->loop_depth++;
  if (!forever && is_cheap(s->loop.head, 0)) {
    rima_line(c, s->loop.head->span);
    rima_emit_condition(c, s->loop.head, end, false);
  } else if (!forever) rima_branch_d(c, TZ_OP_JMP, 0, next);
  rima_label_back(c, top);
  emit_body(c, s, end, next);
  rima_label_here(c, next);
  rima_line(c, s->loop.head->span);
  rima_emit_condition(c, s->loop.head, top, true);
  if (forever) c->code->is_dead = true;
  rima_label_here(c, end);
  c->code->loop_depth--;
}

/* The counter itself is the variable unless something may change or keep it. */
static uint32_t bind_counter(rima_compiler *c, rima_pattern *p, uint32_t counter) {
  if (p->kind != RIMA_PATTERN_NAME) return counter;
  rima_local *local = p->local;
  if (local->is_assigned || local->is_captured) {
    rima_local_declare_with(c, local, counter);
    return counter;
  }
  local->reg = (int32_t)counter;
  rima_local_name(c, local->name->text, counter, c->code->count);
  return counter;
}

/* for i in a..b, the bound evaluated once, one instruction at the bottom. The bound of an inclusive range
 * lies behind its last int. Behind the largest int it wraps to the smallest; then the instruction at the
 * bottom leaves the loop at once, and is told to go on until the counter has wrapped as well. `end` is a
 * label that the caller may have branched to. */
static void counted_loop(rima_compiler *c, rima_stmt *s, uint32_t counter, uint32_t bound, bool may_wrap,
                         uint32_t end) {
  uint32_t top = rima_label(c), next = rima_label(c);
  c->code->loop_depth++;
  rima_label_back(c, top);
  uint32_t mark = rima_code_mark(c);
  bind_counter(c, s->loop.pattern, counter);
  emit_body(c, s, end, next);
  rima_code_release(c, mark);
  rima_label_here(c, next);
  rima_counted_branch(c, counter, bound, top);
  if (may_wrap) {
    uint32_t smallest = rima_reg_for(c, RIMA_KIND(c, INT));
    rima_emit_constant_int(c, smallest, INT64_MIN);
    rima_branch(c, TZ_OP_JNE_I, bound, smallest, end);
    rima_branch(c, TZ_OP_JNE_I, counter, smallest, top);
  }
  c->code->loop_depth--;
  rima_label_here(c, end);
}

static void emit_range_loop(rima_compiler *c, rima_stmt *s) {
  rima_expr *head = s->loop.head;
  rima_type *int_ = RIMA_KIND(c, INT);
  uint32_t counter = rima_reg_for(c, int_), bound = rima_reg_for(c, int_), end = rima_label(c);
  int64_t value;
  bool is_constant =
      rima_const_int(c, head->binary.right, &value) && (value != INT64_MAX || !head->is_inclusive);
  rima_emit_as(c, head->binary.left, int_, (int32_t)counter);
  if (is_constant) rima_emit_constant_int(c, bound, value + head->is_inclusive);
  else rima_emit_as(c, head->binary.right, int_, (int32_t)bound);
  bool may_wrap = head->is_inclusive && !is_constant;
  if (may_wrap) {
    rima_branch(c, TZ_OP_JLT_I, bound, counter, end);
    rima_op(c, TZ_OP_ADD_II, bound, bound, 1);
  } else {
    rima_branch(c, TZ_OP_JLE_I, bound, counter, end);
  }
  c->code->regs[counter].is_local = true;
  counted_loop(c, s, counter, bound, may_wrap, end);
}

static void emit_range_value_loop(rima_compiler *c, rima_stmt *s) {
  rima_type *int_ = RIMA_KIND(c, INT);
  uint32_t counter = rima_reg_for(c, int_), bound = rima_reg_for(c, int_), mark = rima_code_mark(c);
  uint32_t range = rima_emit(c, s->loop.head, RIMA_ANYWHERE), includes_end = rima_reg_for(c, int_);
  uint32_t enter = rima_label(c), end = rima_label(c);
  rima_op(c, TZ_OP_GETF, counter, range, 0);
  rima_op(c, TZ_OP_GETF, bound, range, 1);
  rima_op(c, TZ_OP_GETF, includes_end, range, 2);
  rima_op(c, TZ_OP_ADD_I, bound, bound, includes_end);
  rima_branch_d(c, TZ_OP_JT, includes_end, enter);
  rima_branch(c, TZ_OP_JLE_I, bound, counter, end);
  rima_label_here(c, enter);
  rima_code_release(c, mark);
  c->code->regs[counter].is_local = true;
  counted_loop(c, s, counter, bound, true, end);
}

static void bind_element(rima_compiler *c, rima_pattern *p, rima_type *type, tz_opcode op, uint32_t object,
                         uint32_t index) {
  if (p->kind == RIMA_PATTERN_NAME && !rima_local_is_boxed(p->local)) {
    rima_local_declare(c, p->local);
    rima_op(c, op, (uint32_t)p->local->reg, object, index);
    return;
  }
  uint32_t value = rima_reg_for(c, type);
  rima_op(c, op, value, object, index);
  rima_emit_bind(c, p, value);
}

static uint32_t own_register(rima_compiler *c, rima_expr *head) {
  uint32_t reg = rima_reg_for(c, head->type), mark = rima_code_mark(c);
  rima_emit_as(c, head, head->type, (int32_t)reg);
  rima_code_release(c, mark);
  return reg;
}

/* A variable that nothing assigns can be gone through where it is. */
static uint32_t loop_subject(rima_compiler *c, rima_expr *head) {
  bool stays = head->kind == RIMA_EXPR_THIS ||
               (head->kind == RIMA_EXPR_NAME && head->resolved.how == RIMA_HOW_LOCAL &&
                !head->resolved.local->is_assigned && !is_global(head->resolved.local) &&
                head->resolved.local->type == head->type);
  return stays ? rima_emit(c, head, RIMA_ANYWHERE) : own_register(c, head);
}

/* An element of a list whose array has no words: the loop's test has shown that it is there. */
static void bind_narrow(rima_compiler *c, rima_pattern *p, rima_type *element, uint32_t list,
                        uint32_t index) {
  uint32_t items = rima_reg_for(c, rima_type_array(c, element));
  rima_op(c, TZ_OP_GETF, items, list, 0);
  bind_element(c, p, element, rima_load_op(element), items, index);
}

static void emit_array_loop(rima_compiler *c, rima_stmt *s, bool is_list) {
  rima_type *int_ = RIMA_KIND(c, INT), *type = s->loop.head->type;
  rima_type *element = is_list ? type->cls->args[0] : rima_type_of_element(c, type->of);
  uint32_t object = loop_subject(c, s->loop.head);
  uint32_t index = rima_reg_for(c, int_), count = rima_reg_for(c, int_);
  uint32_t top = rima_label(c), next = rima_label(c), end = rima_label(c);
  rima_op_d(c, TZ_OP_CONST_I, index, 0);
  if (is_list) rima_op(c, TZ_OP_GETF, count, object, 1);
  else rima_op(c, TZ_OP_ARRAY_LEN, count, object, 0);
  rima_branch(c, TZ_OP_JLE_II, count, 0, end);
  c->code->loop_depth++;
  rima_label_back(c, top);
  uint32_t mark = rima_code_mark(c);
  if (is_list && !rima_type_is_word_list(c, type)) bind_narrow(c, s->loop.pattern, element, object, index);
  else
    bind_element(c, s->loop.pattern, element, is_list ? TZ_OP_LIST_LOAD : rima_load_op(type->of), object,
                 index);
  emit_body(c, s, end, next);
  rima_code_release(c, mark);
  rima_label_here(c, next);
  if (is_list) rima_op(c, TZ_OP_GETF, count, object, 1); /* the body may have changed it */
  rima_counted_branch(c, index, count, top);
  c->code->loop_depth--;
  rima_label_here(c, end);
}

static void emit_channel_loop(rima_compiler *c, rima_stmt *s) {
  rima_type *element = s->loop.head->type->of;
  uint32_t channel = loop_subject(c, s->loop.head), value = rima_reg_for(c, element),
           open = rima_reg_for(c, RIMA_KIND(c, INT));
  uint32_t top = rima_label(c), end = rima_label(c);
  rima_label_back(c, top);
  rima_op(c, TZ_OP_CHAN_NEXT, value, channel, open);
  rima_branch_d(c, TZ_OP_JF, open, end);
  uint32_t mark = rima_code_mark(c);
  rima_emit_bind(c, s->loop.pattern, value);
  emit_body(c, s, end, top);
  rima_code_release(c, mark);
  if (!c->code->is_dead) rima_branch_d(c, TZ_OP_JMP, 0, top);
  rima_label_here(c, end);
}

static void emit_protocol_loop(rima_compiler *c, rima_stmt *s, rima_iteration *it) {
  uint32_t top = rima_label(c), next = rima_label(c), end = rima_label(c);
  uint32_t iterator = rima_reg_for(c, it->start->result), mark = rima_code_mark(c);
  rima_emit_call(c, NULL, it->start, (int32_t)iterator);
  rima_code_release(c, mark);
  it->iterator->resolved.reg = (int32_t)iterator;
  c->code->regs[iterator].is_local = true;
  c->code->loop_depth++;
  rima_branch_d(c, TZ_OP_JMP, 0, next);
  rima_label_back(c, top);
  mark = rima_code_mark(c);
  if (s->loop.pattern->kind == RIMA_PATTERN_NAME && !rima_local_is_boxed(s->loop.pattern->local)) {
    rima_local_declare(c, s->loop.pattern->local);
    uint32_t inner = rima_code_mark(c);
    rima_emit_call(c, NULL, it->next, s->loop.pattern->local->reg);
    rima_code_release(c, inner);
  } else {
    rima_emit_bind(c, s->loop.pattern, rima_emit_call(c, NULL, it->next, RIMA_ANYWHERE));
  }
  emit_body(c, s, end, next);
  rima_code_release(c, mark);
  rima_label_here(c, next);
  rima_line(c, s->loop.head->span);
  if (!rima_emit_call_condition(c, it->has_next, top, true)) {
    mark = rima_code_mark(c);
    rima_branch_d(c, TZ_OP_JT, rima_emit_call(c, NULL, it->has_next, RIMA_ANYWHERE), top);
    rima_code_release(c, mark);
  }
  c->code->loop_depth--;
  rima_label_here(c, end);
}

static void call_any(rima_compiler *c, uint32_t result, uint32_t object, const rima_name *name) {
  rima_reach_dynamic(c, name, 0);
  rima_op_list(c, tz_encode_abc(TZ_OP_CALL_ANY, result, 0, rima_site(c, TZ_SITE_CALL, name->text)), &object,
               1);
}

static void emit_dynamic_loop(rima_compiler *c, rima_stmt *s) {
  rima_type *dyn = RIMA_KIND(c, DYN);
  uint32_t top = rima_label(c), next = rima_label(c), end = rima_label(c);
  uint32_t iterator = rima_reg_for(c, dyn), value = rima_reg_for(c, dyn),
           more = rima_reg_for(c, RIMA_KIND(c, BOOL));
  call_any(c, iterator, rima_emit(c, s->loop.head, RIMA_ANYWHERE), c->names.iterator);
  rima_branch_d(c, TZ_OP_JMP, 0, next);
  rima_label_back(c, top);
  uint32_t mark = rima_code_mark(c);
  call_any(c, value, iterator, c->names.next);
  rima_emit_bind(c, s->loop.pattern, value);
  emit_body(c, s, end, next);
  rima_code_release(c, mark);
  rima_label_here(c, next);
  call_any(c, value, iterator, c->names.has_next);
  rima_op(c, TZ_OP_B_ANY, more, value, 0);
  rima_branch_d(c, TZ_OP_JT, more, top);
  rima_label_here(c, end);
}

static void emit_for(rima_compiler *c, rima_stmt *s) {
  rima_iteration *it = s->resolved.decl;
  uint32_t mark = rima_code_mark(c);
  switch ((rima_iterate)it->kind) {
  case RIMA_ITERATE_RANGE: emit_range_loop(c, s); break;
  case RIMA_ITERATE_RANGE_VALUE: emit_range_value_loop(c, s); break;
  case RIMA_ITERATE_ARRAY: emit_array_loop(c, s, false); break;
  case RIMA_ITERATE_LIST: emit_array_loop(c, s, true); break;
  case RIMA_ITERATE_CHANNEL: emit_channel_loop(c, s); break;
  case RIMA_ITERATE_PROTOCOL: emit_protocol_loop(c, s, it); break;
  case RIMA_ITERATE_DYNAMIC: emit_dynamic_loop(c, s); break;
  case RIMA_ITERATE_NONE: break;
  }
  rima_code_release(c, mark);
}

/* ---- select, assert ---- */

static void emit_select(rima_compiler *c, rima_stmt *s) {
  uint32_t regs[32], labels[16], count = 0, sends = 0, cases = 0;
  uint32_t mark = rima_code_mark(c), end = rima_label(c), late = rima_label(c);
  uint32_t limit = rima_reg_for(c, RIMA_KIND(c, INT)), taken = rima_reg_for(c, RIMA_KIND(c, INT));
  rima_select_arm *timeout = NULL;
  for (uint32_t i = 0; i < s->select.count; i++) {
    rima_select_arm *arm = &s->select.arms[i];
    if (arm->kind == RIMA_SELECT_AFTER || arm->kind == RIMA_SELECT_ELSE) timeout = arm;
    if (!arm->channel || cases >= 15) continue;
    regs[count++] = own_register(c, arm->channel);
    uint32_t value = rima_reg_for(c, arm->channel->type->of);
    if (arm->kind == RIMA_SELECT_SEND) {
      rima_emit_as(c, arm->value, arm->channel->type->of, (int32_t)value);
      sends |= 1u << cases;
    }
    arm->reg = (int32_t)value;
    regs[count++] = value;
    labels[cases++] = rima_label(c);
  }
  if (timeout && timeout->kind == RIMA_SELECT_AFTER)
    rima_emit_as(c, timeout->value, RIMA_KIND(c, INT), (int32_t)limit);
  else rima_op_d(c, TZ_OP_CONST_I, limit, timeout ? 0 : -1);
  rima_line(c, s->span);
  rima_op_list(c, tz_encode_abc(TZ_OP_SELECT, taken, limit, sends), regs, count);
  for (uint32_t i = 0; i < cases; i++) rima_branch(c, TZ_OP_JEQ_II, taken, i, labels[i]);
  rima_branch_d(c, TZ_OP_JMP, 0, late);
  for (uint32_t i = 0, at = 0; i < s->select.count; i++) {
    rima_select_arm *arm = &s->select.arms[i];
    if (!arm->channel || at >= cases) continue;
    rima_label_here(c, labels[at++]);
    uint32_t inner = rima_code_mark(c);
    if (arm->pattern && arm->pattern->kind != RIMA_PATTERN_WILDCARD)
      rima_emit_bind(c, arm->pattern, (uint32_t)arm->reg);
    rima_emit_discard(c, arm->body);
    rima_code_release(c, inner);
    if (!c->code->is_dead) rima_branch_d(c, TZ_OP_JMP, 0, end);
  }
  rima_label_here(c, late);
  if (timeout) rima_emit_discard(c, timeout->body);
  rima_label_here(c, end);
  rima_code_release(c, mark);
}

static void emit_throw_reg(rima_compiler *c, uint32_t reg) {
  rima_op(c, TZ_OP_THROW, reg, 0, 0);
  c->code->is_dead = true;
}

static void emit_assert(rima_compiler *c, rima_stmt *s) {
  uint32_t fine = rima_label(c), mark = rima_code_mark(c);
  rima_expr *message = s->assert_.message;
  rima_emit_condition(c, s->assert_.condition, fine, true);
  rima_entity *e = rima_map_get(&c->core->scope, c->names.assert_error);
  rima_class *cls =
      e && e->kind == RIMA_ENTITY_CLASS ? rima_class_instance(c, e->class_, NULL, 0) : c->error_class;
  rima_class_declare(c, cls);
  uint32_t text = rima_reg_for(c, RIMA_KIND(c, STR)), error = rima_reg_for(c, cls->type);
  if (message) {
    rima_emit_as(c, message, RIMA_KIND(c, STR), (int32_t)text);
  } else {
    rima_span span = s->assert_.condition->span;
    const rima_source *source = rima_session_source(&c->session, span.start);
    const char *shown = rima_arena_format(c->arena, "assertion failed: %.*s", (int)(span.end - span.start),
                                          source->text + (span.start - source->base));
    rima_emit_constant_text(c, text, shown, strlen(shown));
  }
  rima_line(c, s->span);
  rima_emit_new(c, cls, error);
  rima_op(c, TZ_OP_PUTF_R, text, error, 0);
  emit_throw_reg(c, error);
  rima_label_here(c, fine);
  rima_code_release(c, mark);
}

/* ---- dispatch ---- */

static void emit_local_fun(rima_compiler *c, rima_stmt *s) {
  rima_local *local = s->fun.local;
  uint32_t reg = rima_reg_for(c, local->type);
  local->reg = (int32_t)reg;
  rima_emit_lambda(c, s->fun.function, (int32_t)reg);
  c->code->regs[reg].is_local = true;
}

void rima_emit_stmt(rima_compiler *c, rima_stmt *s) {
  if (s->kind != RIMA_STMT_BLOCK && s->kind != RIMA_STMT_WHILE) rima_line(c, s->span);
  switch ((rima_stmt_kind)s->kind) {
  case RIMA_STMT_LET: rima_emit_let(c, &s->let); return;
  case RIMA_STMT_EXPR: rima_emit_discard(c, s->expr); return;
  case RIMA_STMT_ASSIGN: emit_assign(c, s); return;
  case RIMA_STMT_WHILE: emit_while(c, s); return;
  case RIMA_STMT_FOR: emit_for(c, s); return;
  case RIMA_STMT_BREAK:
  case RIMA_STMT_CONTINUE: emit_jump(c, s); return;
  case RIMA_STMT_RETURN: rima_emit_return(c, s->expr); return;
  case RIMA_STMT_THROW: {
    uint32_t mark = rima_code_mark(c);
    uint32_t reg = rima_emit_as(c, s->expr, c->error_class->type, RIMA_ANYWHERE);
    rima_line(c, s->span);
    emit_throw_reg(c, reg);
    rima_code_release(c, mark);
    return;
  }
  case RIMA_STMT_DEFER: rima_emit_defer(c, s->defer); return;
  case RIMA_STMT_ASSERT: emit_assert(c, s); return;
  case RIMA_STMT_SELECT: emit_select(c, s); return;
  case RIMA_STMT_FUN: emit_local_fun(c, s); return;
  case RIMA_STMT_BLOCK: rima_emit_block(c, s->block); return;
  }
}

/* What stands behind a jump out of the block is never reached, and left out. */
void rima_emit_block(rima_compiler *c, rima_block *block) {
  uint32_t mark = rima_code_mark(c);
  for (uint32_t i = 0; i < block->count && !c->code->is_dead; i++) rima_emit_stmt(c, block->stmts[i]);
  rima_code_release(c, mark);
}

uint32_t rima_emit_block_value(rima_compiler *c, rima_block *block, rima_type *want, int32_t dst) {
  if (want->kind == RIMA_T_VOID || want->kind == RIMA_T_NEVER) {
    rima_emit_block(c, block);
    return 0;
  }
  uint32_t result = rima_dst(c, want, dst), mark = rima_code_mark(c);
  for (uint32_t i = 0; i < block->count && !c->code->is_dead; i++) {
    rima_stmt *s = block->stmts[i];
    bool is_value = i + 1 == block->count && s->kind == RIMA_STMT_EXPR && s->expr->type->kind != RIMA_T_NEVER;
    if (is_value) {
      rima_line(c, s->span);
      rima_emit_as(c, s->expr, want, (int32_t)result);
    } else {
      rima_emit_stmt(c, s);
    }
  }
  rima_code_release(c, mark);
  return result;
}
