/* facts.c: what guards and branches have shown. Read facts.h. */
#include "facts.h"

enum { MAX_DEPTH = 8 }; /* of conditions within conditions */

tz_facts *tz_facts_new(tz_graph *g) {
  tz_facts *f = tz_graph_alloc(g, sizeof *f);
  *f = (tz_facts){.g = g, .n = g->n_nodes, .trail_room = 256};
  f->at = tz_graph_alloc(g, (f->n + 1) * sizeof *f->at);
  f->own = tz_graph_alloc(g, (f->n + 1) * sizeof *f->own);
  f->counters = tz_graph_alloc(g, (f->n + 1) * sizeof *f->counters);
  f->limits = tz_graph_alloc(g, (f->n + 1) * sizeof *f->limits);
  f->preorder = tz_graph_alloc(g, (g->n_blocks + 1) * sizeof *f->preorder);
  f->scopes = tz_graph_alloc(g, (g->n_blocks + 1) * sizeof *f->scopes);
  f->trail = tz_graph_alloc(g, f->trail_room * sizeof *f->trail);
  for (uint32_t i = 0; i < g->n_blocks; i++) {
    f->preorder[g->blocks[i]->dominator_number] = g->blocks[i];
    for (const tz_node *n = g->blocks[i]->first; n != NULL; n = n->next) f->own[n->id] = tz_known_of(n);
  }
  return f;
}

/* ---- Scopes ---- */

void tz_facts_set(tz_facts *f, uintptr_t *where, uintptr_t value) {
  if (f->n_trail == f->trail_room) {
    void *more = tz_graph_alloc(f->g, 2 * f->trail_room * sizeof *f->trail);
    memcpy(more, f->trail, f->n_trail * sizeof *f->trail);
    f->trail = more;
    f->trail_room *= 2;
  }
  f->trail[f->n_trail++] = (struct tz_trail_entry){where, *where};
  *where = value;
}

static void leave_scope(tz_facts *f) {
  uint32_t mark = f->scopes[--f->n_scopes].trail;
  while (f->n_trail > mark) {
    f->n_trail--;
    *f->trail[f->n_trail].where = f->trail[f->n_trail].old;
  }
}

void tz_facts_rewind(tz_facts *f) {
  while (f->n_scopes > 0) leave_scope(f);
  f->next = 0;
}

/* What the one way into the block shows. */
static void learn_from_edge(tz_facts *f, const tz_block *b) {
  const tz_block *from = b->predecessors[0];
  const tz_node *end = from->last;
  if (from->n_successors < 2) return;
  if (end->op == TZ_NODE_BRANCH) tz_facts_learn(f, end->inputs[0], b == from->successors[0]);
  if (end->op != TZ_NODE_SWITCH || end->inputs[0]->id >= f->n) return;
  tz_fact *fact = &f->at[end->inputs[0]->id];
  for (uint32_t i = 0; i + 1 < from->n_successors; i++)
    if (from->successors[i] == b) {
      tz_facts_set(f, &fact->has_value, 1);
      tz_facts_set(f, &fact->value, i);
    }
}

tz_block *tz_facts_next(tz_facts *f) {
  if (f->next == f->g->n_blocks) return NULL;
  tz_block *b = f->preorder[f->next++];
  while (f->n_scopes > 0 && !tz_block_dominates(f->scopes[f->n_scopes - 1].block, b)) leave_scope(f);
  f->scopes[f->n_scopes++] = (struct tz_scope_mark){b, f->n_trail};
  if (b->n_predecessors == 1) learn_from_edge(f, b);
  return b;
}

/* ---- Asking ---- */

static tz_known learned(const tz_fact *fact) {
  if (fact->known == 0) return (tz_known){.kinds = TZ_MAYBE_ANY};
  return (tz_known){
      .kinds = (uint8_t)fact->known, .is_exact = fact->known >> 8 & 1, .cls = (const tz_class *)fact->cls};
}

tz_known tz_facts_known(const tz_facts *f, const tz_node *n) {
  if (n->id >= f->n) return tz_known_of(n);
  return tz_known_meet(f->own[n->id], learned(&f->at[n->id]));
}

bool tz_facts_value(const tz_facts *f, const tz_node *n, int64_t *value) {
  if (n->op == TZ_NODE_INT) return *value = n->imm.i, true;
  if (n->id >= f->n || !f->at[n->id].has_value) return false;
  *value = (int64_t)f->at[n->id].value;
  return true;
}

bool tz_node_is_bool(const tz_node *n) {
  switch (n->op) {
  case TZ_NODE_EQ:
  case TZ_NODE_NE:
  case TZ_NODE_LT:
  case TZ_NODE_LE:
  case TZ_NODE_ULT:
  case TZ_NODE_MUL_OVERFLOWS:
  case TZ_NODE_FEQ:
  case TZ_NODE_FNE:
  case TZ_NODE_FLT:
  case TZ_NODE_FLE:
  case TZ_NODE_SAME:
  case TZ_NODE_IS_NULL:
  case TZ_NODE_SUBCLASS:
  case TZ_NODE_ACCEPTS:
  case TZ_NODE_UNBOX_BOOL:
  case TZ_NODE_ANY_IS_INT:
  case TZ_NODE_ANY_IS_FLOAT:
  case TZ_NODE_ANY_IS_BOOL:
  case TZ_NODE_ANY_IS_REF:
  case TZ_NODE_INT_FITS:
  case TZ_NODE_SAME_TEXT:
  case TZ_NODE_MATCHES_TEXT:
  case TZ_NODE_PENDING:
  case TZ_NODE_VALID:
  case TZ_NODE_ASKED:
  case TZ_NODE_SHORT:
  case TZ_NODE_POLL: return true;
  case TZ_NODE_INT: return n->imm.i == 0 || n->imm.i == 1;
  default: return false;
  }
}

/* ---- Learning ---- */

void tz_facts_learn_known(tz_facts *f, const tz_node *n, tz_known k) {
  if (n->id >= f->n) return;
  tz_fact *fact = &f->at[n->id];
  tz_known both = tz_known_meet(learned(fact), k);
  tz_facts_set(f, &fact->known, both.kinds | (uintptr_t)both.is_exact << 8 | 1u << 16);
  tz_facts_set(f, &fact->cls, (uintptr_t)both.cls);
}

static void learn_value(tz_facts *f, const tz_node *n, int64_t value) {
  if (n->id >= f->n) return;
  tz_facts_set(f, &f->at[n->id].has_value, 1);
  tz_facts_set(f, &f->at[n->id].value, (uintptr_t)value);
}

static void learn_kinds(tz_facts *f, const tz_node *n, uint8_t kinds, bool holds) {
  tz_facts_learn_known(f, n, (tz_known){.kinds = holds ? kinds : TZ_MAYBE_ANY & ~kinds});
}

static void learn(tz_facts *f, tz_node *cond, bool holds, int depth);

/* a == k. */
static void learn_equal(tz_facts *f, tz_node *a, int64_t k, int depth) {
  learn_value(f, a, k);
  if (a->op == TZ_NODE_CLASS_OF)
    tz_facts_learn_known(f, a->inputs[0], tz_known_object((const tz_class *)(uintptr_t)k, true));
  if (tz_node_is_bool(a)) learn(f, a, k != 0, depth);
}

static void learn_comparison(tz_facts *f, tz_node *a, const tz_node *b, bool are_equal, int depth) {
  if (b->op != TZ_NODE_INT) return;
  if (are_equal) learn_equal(f, a, b->imm.i, depth);
  else if (tz_node_is_bool(a) && (b->imm.i == 0 || b->imm.i == 1)) learn(f, a, b->imm.i == 0, depth);
}

static void learn_class(tz_facts *f, const tz_node *object, const tz_class *cls, bool holds) {
  if (holds) tz_facts_learn_known(f, object, tz_known_object(cls, false));
}

static void learn_parts(tz_facts *f, tz_node *cond, bool holds, int depth) {
  learn(f, cond->inputs[0], holds, depth);
  learn(f, cond->inputs[1], holds, depth);
}

static void learn(tz_facts *f, tz_node *cond, bool holds, int depth) {
  if (depth == MAX_DEPTH) return;
  depth++;
  if (!holds || tz_node_is_bool(cond)) learn_value(f, cond, holds);
  tz_facts_learn_range(f, cond, holds);
  tz_node *a = cond->n_inputs > 0 ? cond->inputs[0] : NULL;
  switch (cond->op) {
  case TZ_NODE_EQ: learn_comparison(f, a, cond->inputs[1], holds, depth); break;
  case TZ_NODE_NE: learn_comparison(f, a, cond->inputs[1], !holds, depth); break;
  case TZ_NODE_AND:
    if (holds) learn_parts(f, cond, true, depth);
    break;
  case TZ_NODE_OR:
    if (!holds) learn_parts(f, cond, false, depth);
    break;
  case TZ_NODE_IS_NULL: learn_kinds(f, a, TZ_MAYBE_NULL, holds); break;
  case TZ_NODE_ANY_IS_INT: learn_kinds(f, a, TZ_MAYBE_INT, holds); break;
  case TZ_NODE_ANY_IS_FLOAT: learn_kinds(f, a, TZ_MAYBE_FLOAT, holds); break;
  case TZ_NODE_ANY_IS_BOOL: learn_kinds(f, a, TZ_MAYBE_BOOL, holds); break;
  case TZ_NODE_ANY_IS_REF: learn_kinds(f, a, TZ_MAYBE_REF, holds); break;
  case TZ_NODE_SUBCLASS:
    if (a->op == TZ_NODE_CLASS_OF) learn_class(f, a->inputs[0], cond->imm.p, holds);
    break;
  case TZ_NODE_ACCEPTS:
    if (((const tz_type *)cond->imm.p)->kind == TZ_KIND_CLASS)
      learn_class(f, a, ((const tz_type *)cond->imm.p)->class_, holds);
    break;
  case TZ_NODE_SAME:
    if (!holds) break;
    tz_facts_learn_known(f, a, tz_facts_known(f, cond->inputs[1]));
    tz_facts_learn_known(f, cond->inputs[1], tz_facts_known(f, a));
    break;
  default: break;
  }
}

void tz_facts_learn(tz_facts *f, tz_node *cond, bool holds) { learn(f, cond, holds, 0); }
