/* emit_global.c: module variables: reading them, giving them their first value.
 *
 * Where modules import each other in a cycle, code may come to a variable before its module has initialised
 * it. There a variable that cannot be null is tested for null, any other has a flag beside it, a global of
 * its own. */
#include "code.h"
#include <string.h>

static bool may_be_early(const rima_global *g) {
  return g->unit->is_in_cycle && g->unit->is_user && !g->is_constant && !g->singleton_of;
}

static bool cannot_be_null(const rima_type *type) {
  return rima_type_rep(type) == 'R' && type->kind != RIMA_T_NULLABLE;
}

/* Whether g has its value: a global of its own. */
static rima_global *flag_of(rima_compiler *c, rima_global *g) {
  if (g->flag) return g->flag;
  rima_global *flag = RIMA_NEW(c->arena, rima_global);
  *flag = (rima_global){.name = g->name, .unit = g->unit, .type = RIMA_KIND(c, BOOL), .span = g->span};
  flag->qualified = rima_arena_format(c->arena, "%s.(is set)", g->qualified);
  return g->flag = flag;
}

/* A module's own statements know in which order they stand. */
static bool in_own_initialiser(rima_compiler *c, const rima_global *g) {
  return !c->code->outer && c->cx.fn && c->cx.fn->kind == RIMA_FN_INIT && c->cx.fn->unit == g->unit;
}

static void check_early(rima_compiler *c, rima_global *g, uint32_t value) {
  uint32_t mark = rima_code_mark(c), fine = rima_label(c);
  if (cannot_be_null(g->type)) {
    rima_branch_d(c, TZ_OP_JNONNULL, value, fine);
  } else {
    uint32_t flag = rima_reg_for(c, RIMA_KIND(c, BOOL));
    rima_op_d(c, TZ_OP_GETG, flag, rima_image_global(c, flag_of(c, g)));
    rima_branch_d(c, TZ_OP_JT, flag, fine);
  }
  uint32_t name = rima_reg_for(c, RIMA_KIND(c, STR));
  rima_emit_constant_text(c, name, g->qualified, strlen(g->qualified));
  rima_call_core(c, rima_intern(c, "readEarly"), name, RIMA_KIND(c, VOID), RIMA_NOWHERE);
  rima_label_here(c, fine);
  rima_code_release(c, mark);
}

uint32_t rima_emit_global(rima_compiler *c, rima_global *g, rima_type *type, int32_t dst) {
  if (g->is_constant) return rima_emit_constant(c, g->variable->value, dst);
  bool is_checked = may_be_early(g) && !in_own_initialiser(c, g);
  uint32_t result = is_checked ? rima_safe_dst(c, type, dst) : rima_dst(c, type, dst);
  rima_op_d(c, TZ_OP_GETG, result, rima_image_global(c, g));
  if (!is_checked) return result;
  check_early(c, g, result);
  return rima_settle(c, result, dst);
}

void rima_global_start(rima_compiler *c, rima_global *g, uint32_t value) {
  rima_op_d(c, TZ_OP_PUTG, value, rima_image_global(c, g));
  if (!may_be_early(g) || cannot_be_null(g->type)) return;
  uint32_t mark = rima_code_mark(c), set = rima_reg_for(c, RIMA_KIND(c, BOOL));
  rima_op_d(c, TZ_OP_CONST_I, set, 1);
  rima_op_d(c, TZ_OP_PUTG, set, rima_image_global(c, flag_of(c, g)));
  rima_code_release(c, mark);
}
