/* unbox.c: PHIs of dynamic values that are always ints, floats or bools become PHIs of these, with one box
 * behind them.
 *
 * Which kinds a PHI may have is found with optimism about loops (phis.c), so that `i = i + 1` runs unboxed
 * around a loop. The box is dropped by the next simplification if nobody needs the value as it was. */
#include "simplify.h"

typedef struct unboxed { /* how values of a kind are boxed */
  uint8_t kind;
  tz_node_op box, unbox;
  tz_node_type type;
} unboxed;

static const unboxed forms[] = {
    {TZ_MAYBE_INT, TZ_NODE_BOX_INT, TZ_NODE_UNBOX_INT, TZ_TYPE_INT},
    {TZ_MAYBE_FLOAT, TZ_NODE_BOX_FLOAT, TZ_NODE_UNBOX_FLOAT, TZ_TYPE_FLOAT},
    {TZ_MAYBE_BOOL, TZ_NODE_BOX_BOOL, TZ_NODE_UNBOX_BOOL, TZ_TYPE_INT},
};

static const unboxed *form_of(const tz_simplifier *s, const tz_node *phi) {
  if (phi->op != TZ_NODE_PHI || phi->type != TZ_TYPE_ANY || phi->id >= s->facts->n) return NULL;
  for (size_t i = 0; i < sizeof forms / sizeof *forms; i++)
    if (s->facts->own[phi->id].kinds == forms[i].kind) return &forms[i];
  return NULL;
}

/* It comes unboxed from somewhere: then not all is lost by unboxing it. */
static bool is_worth_it(const tz_node *phi, const unboxed *form) {
  for (uint32_t i = 0; i < phi->n_inputs; i++)
    if (phi->inputs[i]->op == form->box || phi->inputs[i]->op == TZ_NODE_ANY) return true;
  return false;
}

/* Makes the PHI; its inputs come later, since they may be such PHIs themselves. The box is the old one's
 * `replaced_by`. */
static void make_phi(tz_simplifier *s, tz_node *phi, const unboxed *form, tz_node *behind) {
  tz_node *plain = tz_node_new(s->g, TZ_NODE_PHI, form->type, phi->n_inputs),
          *box = tz_node_new(s->g, form->box, TZ_TYPE_ANY, 1);
  memcpy(plain->inputs, phi->inputs, phi->n_inputs * sizeof *phi->inputs);
  box->inputs[0] = plain;
  tz_node_insert_before(phi, plain);
  tz_node_insert_before(behind, box);
  tz_node_replace(phi, box);
  s->changed = true;
}

static tz_node *behind_phis(const tz_block *b) {
  tz_node *n = b->first;
  while (n->op == TZ_NODE_PHI) n = n->next;
  return n;
}

/* The input unboxed, where it comes from. */
static tz_node *unbox(tz_simplifier *s, tz_node *value, const tz_block *from, const unboxed *form) {
  if (value->replaced_by != NULL) value = value->replaced_by;
  bool is_plain =
      value->op == form->box && (form->kind != TZ_MAYBE_BOOL || tz_node_is_bool(value->inputs[0]) ||
                                 value->inputs[0]->id >= s->facts->n);
  if (is_plain) return value->inputs[0];
  tz_node *n = tz_node_new(s->g, form->unbox, form->type, 1);
  n->inputs[0] = value;
  tz_node_insert_before(from->last, n);
  return n;
}

static const unboxed *form_of_box(const tz_node *box) {
  for (size_t i = 0; i < sizeof forms / sizeof *forms; i++)
    if (box->op == forms[i].box) return &forms[i];
  return NULL;
}

static void unbox_inputs(tz_simplifier *s, tz_block *b) {
  for (tz_node *n = behind_phis(b); n != NULL && n->id >= s->facts->n;
       n = n->next) { /* the boxes just made */
    const unboxed *form = form_of_box(n);
    tz_node *phi = form != NULL ? n->inputs[0] : NULL;
    for (uint32_t i = 0; phi != NULL && i < phi->n_inputs; i++)
      phi->inputs[i] = unbox(s, phi->inputs[i], b->predecessors[i], form);
  }
}

static bool is_any_needed(const tz_graph *g) {
  for (uint32_t i = 0; i < g->n_blocks; i++)
    for (const tz_node *n = g->blocks[i]->first; n->op == TZ_NODE_PHI; n = n->next)
      if (n->type == TZ_TYPE_ANY) return true;
  return false;
}

void tz_pass_unbox(tz_graph *g) {
  if (!is_any_needed(g)) return;
  tz_graph_split_critical_edges(g); /* inputs are unboxed at the ends of blocks that lead to one place only */
  tz_simplifier s = {.g = g, .facts = tz_facts_new(g)};
  tz_simplify_phis(&s);
  for (uint32_t i = 0; i < g->n_blocks; i++) {
    tz_node *behind = behind_phis(g->blocks[i]);
    for (tz_node *n = g->blocks[i]->first, *next; n != behind; n = next) {
      next = n->next;
      const unboxed *form = form_of(&s, n);
      if (form != NULL && is_worth_it(n, form)) make_phi(&s, n, form, behind);
    }
  }
  for (uint32_t i = 0; i < g->n_blocks; i++) unbox_inputs(&s, g->blocks[i]);
  tz_graph_apply_replacements(g);
}
