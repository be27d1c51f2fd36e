/* phis.c: PHIs that always equal another value, and what is known of the others.
 *
 * Both are found by iterating from the best assumption (nothing has come yet) upwards to a fixpoint, so that
 * a PHI of a loop that only ever gets itself or one other value back is seen through, and one that is not
 * null at the start stays so unless the loop brings null. What guards and branches show at the end of a
 * predecessor counts for the value that comes from there. */
#include "simplify.h"

typedef struct phi {
  tz_node *node;
  tz_known *at_edges; /* of the inputs, where they come from */
  tz_known known;
  tz_range first;  /* of the first input, where it comes from */
  uintptr_t limit; /* what the others are below where they come from (order_facts.c); 0: not known */
  tz_node *same;   /* NULL: nothing has come yet; node: more than one value comes */
} phi;

typedef struct phis {
  tz_facts *facts;
  phi *at;
  uint32_t n;
  uint32_t *index;  /* by node id, from 1; 0: no PHI */
  bool has_learned; /* of a loop, in this walk: another will know it from the loop's start */
} phis;

static void add_phis(phis *p, tz_graph *g) {
  uint32_t n = 0;
  for (uint32_t i = 0; i < g->n_blocks; i++)
    for (tz_node *x = g->blocks[i]->first; x != NULL && x->op == TZ_NODE_PHI; x = x->next) n++;
  p->at = tz_graph_alloc(g, (n + 1) * sizeof *p->at);
  p->index = tz_graph_alloc(g, (g->n_nodes + 1) * sizeof *p->index);
  for (uint32_t i = 0; i < g->n_blocks; i++)
    for (tz_node *x = g->blocks[i]->first; x != NULL && x->op == TZ_NODE_PHI; x = x->next) {
      p->at[p->n].node = x;
      p->at[p->n].at_edges = tz_graph_alloc(g, x->n_inputs * sizeof(tz_known));
      p->index[x->id] = ++p->n;
    }
}

static phi *phi_of(const phis *p, const tz_node *n) {
  return p->index[n->id] > 0 ? &p->at[p->index[n->id] - 1] : NULL;
}

static void note_edge(phis *p, const tz_node *x, uint32_t k) {
  phi *at = phi_of(p, x);
  at->at_edges[k] = tz_facts_known(p->facts, x->inputs[k]);
  if (x->type != TZ_TYPE_INT || !x->block->is_loop_header) return;
  if (k == 0) {
    at->first = tz_facts_range(p->facts, x->inputs[0]);
    if (at->limit != 0) tz_facts_learn_limit(p->facts, x, at->limit);
    return;
  }
  at->limit = tz_facts_propose_limit(p->facts, x);
  p->has_learned |= tz_facts_learn_counter(p->facts, x, at->first) || at->limit != 0;
}

/* What is known at the end of b of the values that go from there into PHIs. */
static void note_edges(phis *p, const tz_block *b) {
  for (uint32_t i = 0; i < b->n_successors; i++) {
    const tz_block *to = b->successors[i];
    for (const tz_node *x = to->first; x->op == TZ_NODE_PHI; x = x->next)
      for (uint32_t k = 0; k < x->n_inputs; k++)
        if (to->predecessors[k] == b) note_edge(p, x, k);
  }
}

static void walk(phis *p) {
  p->has_learned = false;
  for (tz_block *b; (b = tz_facts_next(p->facts)) != NULL; note_edges(p, b))
    for (tz_node *n = b->first; n != NULL; n = n->next)
      if (n->op == TZ_NODE_GUARD) tz_facts_learn(p->facts, n->inputs[0], true);
  tz_facts_rewind(p->facts);
}

/* What has come to the PHI so far. */
static bool update(const phis *p, phi *x) {
  tz_known known = {0};
  tz_node *same = x->same == x->node ? x->node : NULL;
  for (uint32_t i = 0; i < x->node->n_inputs; i++) {
    tz_node *input = x->node->inputs[i];
    const phi *from = phi_of(p, input);
    tz_node *value = from != NULL ? from->same : input;
    known = tz_known_join(known, from != NULL ? tz_known_meet(x->at_edges[i], from->known) : x->at_edges[i]);
    if (value == NULL || value == x->node) continue;
    same = same == NULL || same == value ? value : x->node;
  }
  bool changed = same != x->same || !tz_known_equal(known, x->known);
  x->same = same;
  x->known = known;
  return changed;
}

static void stamp(tz_facts *facts, tz_node *n, tz_known known) {
  if (n->type != TZ_TYPE_REF && n->type != TZ_TYPE_ANY) return;
  known = tz_known_meet(known, facts->own[n->id]);
  facts->own[n->id] = known;
  if (!(known.kinds & TZ_MAYBE_NULL)) n->is_nonnull = true;
  if (known.cls == NULL || known.kinds & ~(TZ_MAYBE_NULL | TZ_MAYBE_REF)) return;
  n->cls = known.cls;
  n->is_exact = known.is_exact;
}

void tz_simplify_phis(tz_simplifier *s) {
  phis p = {.facts = s->facts};
  add_phis(&p, s->g);
  if (p.n == 0) return;
  walk(&p);
  if (p.has_learned) walk(&p);
  for (bool changed = true; changed;) {
    changed = false;
    for (uint32_t i = 0; i < p.n; i++) changed |= update(&p, &p.at[i]);
  }
  bool replaced = false;
  for (uint32_t i = 0; i < p.n; i++) {
    phi *x = &p.at[i];
    if (x->same != NULL && x->same != x->node) {
      tz_node_replace(x->node, x->same);
      replaced = true;
    } else stamp(s->facts, x->node, x->known);
  }
  if (replaced) tz_graph_apply_replacements(s->g);
  s->changed |= replaced;
}
