/* build_exits.c: ways out of a graph: speculation that fails, checks, exceptions. */
#include "builder.h"
#include "error.h"

/* ---- Leaving compiled code ---- */

bool tz_may_speculate(tz_builder *b) {
  const tz_build_options *o = b->options;
  const tz_function *f = b->scope->function;
  tz_graph *g = b->graph;
  if (o->no_speculation) return false;
  for (const tz_generic_place *p = g->generic; p != NULL; p = p->next) /* of one mind in one graph */
    if (p->function == f && p->pc == b->pc) return false;
  tz_jit_answer answer = o->speculate != NULL ? o->speculate(o->data, f, b->pc) : (tz_jit_answer){true, ""};
  if (answer.yes) return true;
  tz_generic_place *place = tz_graph_alloc(b->graph, sizeof *place);
  *place = (tz_generic_place){g->generic, f, b->pc, answer.reason};
  g->generic = place;
  return false;
}

void tz_guard(tz_builder *b, tz_node *cond, tz_deopt_reason reason) {
  if (cond->op == TZ_NODE_INT && cond->imm.i != 0) return;
  tz_node *guard = tz_emit1(b, TZ_NODE_GUARD, TZ_TYPE_VOID, cond);
  guard->aux = reason;
  guard->state = tz_state_before(b);
}

void tz_check(tz_builder *b, tz_node *cond, tz_deopt_reason reason) {
  if (tz_may_speculate(b) || b->options->outline == NULL) {
    tz_guard(b, cond, reason);
    return;
  }
  tz_fork fork = tz_branch(b, cond, 1023);
  b->block = fork.no;
  tz_build_outlined(b); /* throws */
  if (b->block != NULL) tz_deopt(b, reason);
  b->block = fork.yes;
}

void tz_check_nonnull(tz_builder *b, tz_node *x) {
  if (!x->is_nonnull) tz_check(b, tz_emit_not(b, tz_emit_i1(b, TZ_NODE_IS_NULL, x)), TZ_DEOPT_NULL);
}

void tz_deopt(tz_builder *b, tz_deopt_reason reason) {
  tz_node *deopt = tz_emit(b, TZ_NODE_DEOPT, TZ_TYPE_VOID, 0, NULL);
  deopt->aux = reason;
  deopt->state = tz_state_before(b);
  b->block = NULL;
}

/* ---- Exceptions ---- */

static bool covers(const struct tz_linked_handler *h, uint32_t pc) { return h->start <= pc && pc < h->end; }

static bool has_handler(const tz_function *f, uint32_t pc) {
  for (uint32_t i = 0; i < f->n_handlers; i++)
    if (covers(&f->handlers[i], pc)) return true;
  return false;
}

static bool is_handled(const tz_builder *b) {
  bool result = has_handler(b->scope->function, b->pc);
  for (const tz_frame_state *s = b->scope->outer_state; s != NULL; s = s->outer)
    result |= has_handler(s->function, s->pc);
  return result;
}

/* Whether the handler takes an error of class cls; NULL: it takes all. The guest must not go on by catching
 * the end of its steps (tz_unwind). */
static tz_node *takes(tz_builder *b, const tz_class *type, tz_node *cls) {
  tz_class *const *errors = b->graph->vm->error_classes;
  tz_node *test = NULL;
  if (type != errors[TZ_ERROR_ERROR]) {
    test = tz_emit_i1(b, TZ_NODE_SUBCLASS, cls);
    test->imm.p = type;
  }
  if (!tz_class_is_subclass(errors[TZ_ERROR_STEP_LIMIT], type)) return test;
  tz_node *may = tz_emit_i2(b, TZ_NODE_NE, cls, tz_emit_address(b, errors[TZ_ERROR_STEP_LIMIT]));
  return test != NULL ? tz_emit_i2(b, TZ_NODE_AND, test, may) : may;
}

/* Goes on where the handler does not take the pending exception. */
static void offer(tz_builder *b, tz_scope *scope, tz_node **env, const struct tz_linked_handler *h,
                  tz_node *error, tz_node *cls) {
  tz_fork fork = tz_branch(b, takes(b, h->type, cls), 512);
  b->block = fork.yes;
  tz_emit(b, TZ_NODE_CLEAR_EXCEPTION, TZ_TYPE_VOID, 0, NULL);
  tz_scope *innermost = b->scope;
  b->scope = scope;
  b->env = tz_env_copy(b, env, scope->function->n_registers);
  if (h->reg < scope->function->n_registers) b->env[h->reg] = error;
  tz_arrive(b, h->target);
  b->scope = innermost;
  b->block = fork.no;
}

/* To the caller. */
static void fail(tz_builder *b) {
  tz_emit(b, TZ_NODE_FAIL, TZ_TYPE_VOID, 0, NULL);
  b->block = NULL;
}

static const float RAISED = 0.1f; /* of the times that a place is reached, for inlining */

/* The pending exception goes to the handler that tz_unwind would find in the frames at hand, or to the
 * caller. */
static void unwind(tz_builder *b, tz_node *error) {
  tz_node **env = b->env, **at_env = env, *cls = tz_emit_i1(b, TZ_NODE_CLASS_OF, error);
  float frequency = b->frequency;
  uint32_t pc = b->pc;
  b->frequency *= RAISED;
  for (tz_scope *s = b->scope; s != NULL; s = s->outer) {
    for (uint32_t i = 0; i < s->function->n_handlers; i++)
      if (covers(&s->function->handlers[i], pc)) offer(b, s, at_env, &s->function->handlers[i], error, cls);
    pc = s->call_pc;
    at_env = s->outer_env;
  }
  fail(b);
  b->env = env;
  b->frequency = frequency;
}

void tz_fail(tz_builder *b) {
  if (!is_handled(b)) {
    fail(b);
  } else if (!b->options->has_handlers && tz_may_speculate(b)) {
    tz_deopt(b, TZ_DEOPT_THROW);
  } else {
    tz_node *error = tz_emit(b, TZ_NODE_EXCEPTION, TZ_TYPE_REF, 0, NULL);
    error->cls = b->graph->vm->error_classes[TZ_ERROR_ERROR];
    error->is_nonnull = true;
    unwind(b, error);
  }
}

void tz_raise_error(tz_builder *b, tz_node *error) {
  tz_emit1(b, TZ_NODE_RAISE, TZ_TYPE_VOID, error)->state = tz_state_place(b);
  unwind(b, error);
}

void tz_check_pending(tz_builder *b) {
  tz_fork fork = tz_branch(b, tz_emit(b, TZ_NODE_PENDING, TZ_TYPE_INT, 0, NULL), 0);
  b->block = fork.yes;
  tz_fail(b);
  b->block = fork.no;
}

/* Being out of memory is no way to spend one's time: its handlers are not built. */
void tz_check_allocated(tz_builder *b, tz_node *object) {
  tz_fork fork = tz_branch(b, tz_emit_i1(b, TZ_NODE_IS_NULL, object), 0);
  b->block = fork.yes;
  if (is_handled(b)) tz_deopt(b, TZ_DEOPT_THROW);
  else fail(b);
  b->block = fork.no;
}
