/* simplify.c: one walk over the dominator tree that folds, merges equal values, and drops what guards and
 * branches have shown already. Repeated while it finds something, since back-edges come late.
 *
 * After Click, "Global Code Motion / Global Value Numbering" (PLDI 1995) for merging, Wegman and Zadeck
 * (TOPLAS 1991) for the optimism about PHIs. */
#include "simplify.h"

enum { MAX_ROUNDS = 4, MAX_FOLDS = 8 };

/* ---- Inputs ---- */

static tz_node *current(tz_node *n) {
  while (n->replaced_by != NULL) n = n->replaced_by;
  return n;
}

/* The input, or the constant that it is known to be here. */
static tz_node *input_here(tz_simplifier *s, tz_node *n) {
  int64_t value;
  n = current(n);
  if (tz_node_is_constant(n)) return n;
  if (n->type == TZ_TYPE_INT && tz_facts_value(s->facts, n, &value))
    return tz_constant_int(
        s, value, n->op == TZ_NODE_CLASS_OF || n->op == TZ_NODE_READS_CLASS ? TZ_INT_CLASS : TZ_INT_NUMBER);
  if ((n->type == TZ_TYPE_REF || n->type == TZ_TYPE_ANY) &&
      tz_facts_known(s->facts, n).kinds == TZ_MAYBE_NULL)
    return tz_constant_null(s, (tz_node_type)n->type);
  return n;
}

static void update_inputs(tz_simplifier *s, tz_node *n) {
  for (uint32_t i = 0; i < n->n_inputs; i++) {
    tz_node *input = input_here(s, n->inputs[i]);
    s->changed |= input != n->inputs[i];
    n->inputs[i] = input;
  }
}

/* ---- Values ---- */

static tz_node *fold(tz_simplifier *s, tz_node *n) {
  for (int i = 0; i < MAX_FOLDS; i++) {
    uint8_t op = n->op;
    const tz_node *first = n->inputs[0];
    tz_node *by = tz_fold_number(s, n);
    if (by == n) by = tz_fold_object(s, n);
    if (by == n) by = tz_fold_range(s, n);
    if (by != n) return by;
    if (n->op == op && n->inputs[0] == first) break;
  }
  return n;
}

static void replace(tz_simplifier *s, tz_node *n, tz_node *by) {
  tz_facts_learn_known(s->facts, by, tz_known_of(n)); /* what a load's type says of the value stored */
  tz_node_replace(n, by);
  s->changed = true;
}

static void visit_value(tz_simplifier *s, tz_node *n) {
  uint32_t effects = tz_node_effects((tz_node_op)n->op);
  tz_node *by = n->n_inputs > 0 ? fold(s, n) : n;
  if (by == n && effects == TZ_PURE) by = tz_numbering_pure(s->numbering, n);
  else if (by == n) by = tz_numbering_read(s->numbering, n);
  if (by != NULL && by != n) replace(s, n, by);
}

static void visit_effect(tz_simplifier *s, tz_node *n) {
  if (!tz_numbering_effect(s->numbering, n)) return;
  tz_node_remove(n);
  s->changed = true;
}

/* ---- Control ---- */

/* The block ends here, in the interpreter. */
static void end_in_deopt(tz_simplifier *s, tz_node *guard) {
  tz_block *b = guard->block;
  while (b->n_successors > 0) tz_block_unlink(b, b->successors[b->n_successors - 1]);
  while (b->last != guard) tz_node_remove(b->last);
  tz_node *end = tz_node_new(s->g, TZ_NODE_DEOPT, TZ_TYPE_VOID, 0);
  end->state = guard->state;
  end->aux = guard->aux;
  end->origin = guard->origin;
  tz_node_remove(guard);
  tz_block_append(b, end);
  s->changed = true;
}

/* False: nothing comes behind it any more. */
static bool visit_guard(tz_simplifier *s, tz_node *n) {
  const tz_node *cond = n->inputs[0];
  if (cond->op != TZ_NODE_INT) {
    tz_facts_learn(s->facts, n->inputs[0], true);
    return true;
  }
  if (cond->imm.i == 0) return end_in_deopt(s, n), false;
  tz_node_remove(n);
  s->changed = true;
  return true;
}

static uint32_t count_edges(const tz_block *from, const tz_block *to) {
  uint32_t n = 0;
  for (uint32_t i = 0; i < from->n_successors; i++) n += from->successors[i] == to;
  return n;
}

/* The end of a block always goes to this successor. */
static void always_go(tz_simplifier *s, tz_node *end, uint32_t successor) {
  tz_block *b = end->block, *to = b->successors[successor];
  if (count_edges(b, to) > 1) return; /* the edges may bring different values to PHIs */
  for (uint32_t i = b->n_successors; i-- > 0;)
    if (b->successors[i] != to) tz_block_unlink(b, b->successors[i]);
  end->op = TZ_NODE_JUMP;
  end->n_inputs = 0;
  end->aux = 0;
  s->changed = true;
}

static void visit_branch(tz_simplifier *s, tz_node *n) {
  tz_node *cond = n->inputs[0];
  tz_block *b = n->block;
  if (cond->op == TZ_NODE_INT) always_go(s, n, cond->imm.i == 0);
  else if (cond->op == TZ_NODE_EQ && cond->inputs[1]->op == TZ_NODE_INT && cond->inputs[1]->imm.i == 0) {
    tz_block *otherwise = b->successors[0];
    b->successors[0] = b->successors[1];
    b->successors[1] = otherwise;
    n->inputs[0] = cond->inputs[0];
    n->aux = 1024 - n->aux;
    s->changed = true;
  }
}

static void visit_switch(tz_simplifier *s, tz_node *n) {
  const tz_node *value = n->inputs[0];
  uint32_t last = n->block->n_successors - 1;
  if (last == 0) always_go(s, n, 0);
  else if (value->op == TZ_NODE_INT)
    always_go(s, n, (uint64_t)value->imm.i < last ? (uint32_t)value->imm.i : last);
}

/* False: nothing comes behind it any more. */
static bool visit(tz_simplifier *s, tz_node *n) {
  if (n->op == TZ_NODE_PHI || n->op == TZ_NODE_PARAM) return true;
  if (tz_node_is_constant(n)) {
    tz_node *unique = tz_constant_unique(s, n);
    if (unique != n) tz_node_replace(n, unique);
    return true;
  }
  update_inputs(s, n);
  switch (n->op) {
  case TZ_NODE_GUARD: return visit_guard(s, n);
  case TZ_NODE_BRANCH: return visit_branch(s, n), true;
  case TZ_NODE_SWITCH: return visit_switch(s, n), true;
  default: break;
  }
  if (tz_node_effects((tz_node_op)n->op) & ~(uint32_t)TZ_READS) {
    tz_fold_object(s, n);
    visit_effect(s, n);
  } else visit_value(s, n);
  return true;
}

static void visit_block(tz_simplifier *s, tz_block *b) {
  if (b->n_predecessors == 0 && b != s->g->entry) { /* no longer reached */
    while (b->n_successors > 0) tz_block_unlink(b, b->successors[b->n_successors - 1]);
    return;
  }
  tz_numbering_enter(s->numbering, b);
  for (tz_node *n = b->first, *next; n != NULL; n = next) {
    next = n->next;
    if (!visit(s, n)) return;
  }
}

static bool simplify_once(tz_graph *g) {
  tz_simplifier s = {.g = g, .facts = tz_facts_new(g)};
  tz_simplify_phis(&s);
  tz_constants_init(&s);
  s.numbering = tz_numbering_new(s.facts);
  for (tz_block *b; (b = tz_facts_next(s.facts)) != NULL;) visit_block(&s, b);
  tz_graph_apply_replacements(g);
  tz_graph_sweep(g);
  return tz_thread_jumps(g) || s.changed;
}

void tz_pass_simplify(tz_graph *g) {
  for (int i = 0; i < MAX_ROUNDS && simplify_once(g); i++) {}
}
