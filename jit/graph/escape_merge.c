/* escape_merge.c: what is known where ways meet, and at the two ends of loops. Read escape.h. */
#include "escape.h"

static tz_record **exit_of(const tz_escape *e, const tz_block *b) { return e->exits[b->id]; }

static bool is_reference(const tz_node *n) { return n->type == TZ_TYPE_REF || n->type == TZ_TYPE_ANY; }

/* The value must be real at the end of b, from where it goes into a PHI. True: an object has been made for
 * that. */
static bool make_real(tz_escape *e, tz_block *b, tz_node *n) {
  tz_record **state = exit_of(e, b);
  tz_value v = tz_escape_demand(e, state, n);
  if (v.kind != TZ_VALUE_VIRTUAL) return false;
  tz_escape_make(e, state, b->last, v.object);
  return true;
}

static void add_phi(tz_escape *e, tz_node *phi, uint32_t object, uint32_t field) {
  e->phis[e->n_phis++] = (struct tz_new_phi){phi, object, field};
}

/* Puts the PHIs chosen into b. Those of loops get their second input when the loop is closed. */
static void install_phis(tz_escape *e, tz_block *b) {
  for (uint32_t i = 0; i < e->n_phis; i++) {
    const struct tz_new_phi *p = &e->phis[i];
    if (p->node->mark != 0) continue; /* mixed, never asked for */
    for (uint32_t k = 0; k < b->n_predecessors; k++) {
      const tz_record *r = exit_of(e, b->predecessors[k])[p->object];
      tz_node *input = p->field == TZ_PHI_OF_VALUE
                           ? r->value
                           : tz_escape_peek(e, exit_of(e, b->predecessors[k]), r->fields[p->field]).node;
      tz_phi_add_input(e->g, p->node, input);
      if (b->is_loop_header) break;
    }
    tz_node_insert_before(b->first, p->node);
  }
}

/* ---- Where ways meet ---- */

static tz_node *field_phi(tz_escape *e, tz_block *b, uint32_t i, uint32_t k, bool is_mixed) {
  tz_node *phi =
      tz_escape_node(e, TZ_FIELD_PHI, b->id, i, k, TZ_NODE_PHI, tz_escape_field_type(&e->objects[i], k));
  phi->block = b;
  phi->mark = is_mixed ? TZ_MIXED_PHI | i << 8 | k : 0;
  add_phi(e, phi, i, k);
  return phi;
}

/* Field k of object i, virtual on all ways into b. Sets *made if an object had to be made for it. */
static tz_node *merge_field(tz_escape *e, tz_block *b, uint32_t i, uint32_t k, bool *made) {
  bool is_same = true, is_mixed = false, must_be_real = tz_escape_has(e, TZ_FIELD_IS_REAL, b->id, i, k);
  tz_node *first = exit_of(e, b->predecessors[0])[i]->fields[k];
  for (uint32_t p = 0; p < b->n_predecessors; p++) {
    tz_record **state = exit_of(e, b->predecessors[p]);
    is_same &= state[i]->fields[k] == first;
    is_mixed |= tz_escape_peek(e, state, state[i]->fields[k]).kind != TZ_VALUE_REAL;
  }
  if (is_same) return first;
  for (uint32_t p = 0; must_be_real && p < b->n_predecessors; p++)
    *made |= make_real(e, b->predecessors[p], exit_of(e, b->predecessors[p])[i]->fields[k]);
  return field_phi(e, b, i, k, is_mixed && !must_be_real);
}

static tz_record *merge_virtual(tz_escape *e, tz_block *b, uint32_t i, bool *made) {
  uint32_t n = e->objects[i].n_fields;
  tz_record *r = tz_record_new(e, TZ_VIRTUAL, n);
  for (uint32_t k = 0; k < n && !*made; k++) r->fields[k] = merge_field(e, b, i, k, made);
  return r;
}

static tz_record *merge_real(tz_escape *e, tz_block *b, uint32_t i) {
  tz_record *first = exit_of(e, b->predecessors[0])[i];
  bool is_same = true;
  for (uint32_t p = 1; p < b->n_predecessors; p++)
    is_same &= exit_of(e, b->predecessors[p])[i]->value == first->value;
  if (is_same) return first;
  tz_record *r = tz_record_new(e, TZ_REAL, 0);
  r->value = tz_escape_node(e, TZ_VALUE_PHI, b->id, i, 0, TZ_NODE_PHI, TZ_TYPE_REF);
  add_phi(e, r->value, i, TZ_PHI_OF_VALUE);
  return r;
}

static tz_record *mixed(tz_escape *e, tz_block *b) {
  tz_record *r = tz_record_new(e, TZ_MIXED, 0);
  r->where = b;
  return r;
}

/* Object i at the start of b; NULL: not made on all ways. */
static tz_record *merge_object(tz_escape *e, tz_block *b, uint32_t i, bool *made) {
  uint32_t n_of[TZ_MIXED + 1] = {0};
  for (uint32_t p = 0; p < b->n_predecessors; p++) {
    const tz_record *r = exit_of(e, b->predecessors[p])[i];
    if (r == NULL) return NULL;
    n_of[r->status]++;
  }
  if (n_of[TZ_VIRTUAL] == b->n_predecessors) return merge_virtual(e, b, i, made);
  if (n_of[TZ_REAL] == b->n_predecessors) return merge_real(e, b, i);
  if (!tz_escape_has(e, TZ_MUST_BE_REAL, b->id, i, 0)) return mixed(e, b);
  for (uint32_t p = 0; p < b->n_predecessors; p++)
    *made |= make_real(e, b->predecessors[p], e->objects[i].node);
  return mixed(e, b);
}

/* Program PHIs: all inputs the same virtual object, or all real. */
static bool merge_phi(tz_escape *e, tz_block *b, tz_node *phi) {
  bool is_same = true, made = false;
  tz_value first = {0};
  for (uint32_t p = 0; p < b->n_predecessors; p++) {
    tz_value v = tz_escape_peek(e, exit_of(e, b->predecessors[p]), phi->inputs[p]);
    if (p == 0) first = v;
    is_same &= v.kind == TZ_VALUE_VIRTUAL && v.node == first.node;
  }
  e->value_of[phi->id] = is_same ? first.node : NULL;
  for (uint32_t p = 0; p < b->n_predecessors && !is_same; p++)
    made |= make_real(e, b->predecessors[p], phi->inputs[p]);
  return made;
}

static bool merge_once(tz_escape *e, tz_block *b) {
  bool made = false;
  e->n_phis = 0;
  for (tz_node *n = b->first; n->op == TZ_NODE_PHI; n = n->next)
    if (is_reference(n) && n->id < e->n_old) made |= merge_phi(e, b, n);
  for (uint32_t i = 0; i < e->n && !made; i++)
    e->now[i] = e->objects[i].is_given_up ? NULL : merge_object(e, b, i, &made);
  return made;
}

static void rewrite_phi_inputs(tz_escape *e, tz_block *b, uint32_t from, uint32_t to) {
  for (tz_node *n = b->first, *next; n->op == TZ_NODE_PHI; n = next) {
    next = n->next;
    if (n->id >= e->n_old) continue;
    if (e->value_of[n->id] != NULL) tz_node_remove(n);
    else
      for (uint32_t p = from; p < to; p++)
        n->inputs[p] = tz_escape_peek(e, exit_of(e, b->predecessors[p]), n->inputs[p]).node;
  }
}

/* ---- Loops ---- */

static tz_node *enter_field(tz_escape *e, tz_block *b, uint32_t i, uint32_t k, bool *made) {
  tz_record **state = exit_of(e, b->predecessors[0]);
  tz_node *before = state[i]->fields[k];
  if (!tz_escape_has(e, TZ_FIELD_CHANGES, b->id, i, k)) return before;
  bool must_be_real = tz_escape_has(e, TZ_FIELD_IS_REAL, b->id, i, k);
  bool is_mixed = tz_escape_has(e, TZ_FIELD_IS_MIXED, b->id, i, k) ||
                  tz_escape_peek(e, state, before).kind != TZ_VALUE_REAL;
  if (must_be_real) *made |= make_real(e, b->predecessors[0], before);
  return field_phi(e, b, i, k, is_mixed && !must_be_real);
}

static tz_record *enter_object(tz_escape *e, tz_block *b, uint32_t i, bool *made) {
  tz_record *before = exit_of(e, b->predecessors[0])[i];
  if (before == NULL || before->status != TZ_VIRTUAL) return before;
  if (tz_escape_has(e, TZ_MUST_BE_REAL, b->id, i, 0)) {
    *made = make_real(e, b->predecessors[0], e->objects[i].node);
    return before;
  }
  if (tz_escape_has(e, TZ_IS_MIXED, b->id, i, 0)) return mixed(e, b);
  uint32_t n = e->objects[i].n_fields;
  tz_record *r = tz_record_new(e, TZ_VIRTUAL, n);
  for (uint32_t k = 0; k < n && !*made; k++) r->fields[k] = enter_field(e, b, i, k, made);
  return r;
}

static bool enter_phi(tz_escape *e, tz_block *b, tz_node *phi) {
  tz_value v = tz_escape_peek(e, exit_of(e, b->predecessors[0]), phi->inputs[0]);
  bool is_object = v.kind == TZ_VALUE_VIRTUAL && !tz_escape_has(e, TZ_PHI_IS_REAL, phi->id, 0, 0);
  e->value_of[phi->id] = is_object ? v.node : NULL;
  return !is_object && make_real(e, b->predecessors[0], phi->inputs[0]);
}

static bool enter_once(tz_escape *e, tz_block *b) {
  bool made = false;
  e->n_phis = 0;
  for (tz_node *n = b->first; n->op == TZ_NODE_PHI; n = n->next)
    if (is_reference(n) && n->id < e->n_old) made |= enter_phi(e, b, n);
  for (uint32_t i = 0; i < e->n && !made; i++)
    e->now[i] = e->objects[i].is_given_up ? NULL : enter_object(e, b, i, &made);
  return made;
}

static void save_head(tz_escape *e, const tz_block *b) {
  tz_record ***head = &e->heads[b->id];
  if (*head == NULL) *head = tz_graph_alloc(e->g, e->n * sizeof **head);
  memcpy(*head, e->now, e->n * sizeof **head);
}

/* Nothing has been made real for b yet. */
static void forget(tz_escape *e, const tz_block *b) {
  for (uint32_t p = 0; p < b->n_predecessors; p++) {
    const tz_block *from = b->predecessors[p];
    if (from->order < b->order) memcpy(exit_of(e, from), e->ends[from->id], e->n * sizeof **e->ends);
  }
}

void tz_escape_enter(tz_escape *e, tz_block *b) {
  if (e->exits[b->id] == NULL) {
    e->exits[b->id] = tz_graph_alloc(e->g, e->n * sizeof **e->exits);
    e->ends[b->id] = tz_graph_alloc(e->g, e->n * sizeof **e->ends);
  }
  if (!e->changes) forget(e, b);
  e->now = e->exits[b->id];
  e->version++;
  if (b->n_predecessors == 0) memset(e->now, 0, e->n * sizeof *e->now);
  else if (b->is_loop_header) {
    while (enter_once(e, b)) {}
    save_head(e, b);
  } else
    while (merge_once(e, b)) {}
  if (!e->changes || b->n_predecessors == 0) return;
  rewrite_phi_inputs(e, b, 0, b->is_loop_header ? 1 : b->n_predecessors);
  install_phis(e, b);
}

/* Where the loop ends; another block each time that an object is made there. */
static tz_block *latch_of(const tz_block *header) { return header->predecessors[1]; }

/* Field k of object i, virtual at both ends of the loop. */
static bool close_field(tz_escape *e, tz_block *header, uint32_t i, uint32_t k) {
  tz_record **head = e->heads[header->id], **state = exit_of(e, latch_of(header));
  tz_node *before = head[i]->fields[k], *after = state[i]->fields[k];
  tz_value v = tz_escape_peek(e, state, after), was = tz_escape_peek(e, head, before);
  if (!tz_escape_has(e, TZ_FIELD_CHANGES, header->id, i, k)) {
    bool is_same = before == after || (v.kind == was.kind && v.node == was.node);
    if (!is_same) tz_escape_decide(e, TZ_FIELD_CHANGES, header, i, k);
  } else if (tz_escape_has(e, TZ_FIELD_IS_REAL, header->id, i, k))
    return make_real(e, latch_of(header), after);
  else if (v.kind != TZ_VALUE_REAL && before->mark == 0) tz_escape_decide(e, TZ_FIELD_IS_MIXED, header, i, k);
  return false;
}

static bool close_object(tz_escape *e, tz_block *header, uint32_t i) {
  const tz_record *head = e->heads[header->id][i], *after = exit_of(e, latch_of(header))[i];
  if (head == NULL || e->objects[i].is_given_up || head->status != TZ_VIRTUAL) return false;
  if (after == NULL || after->status != TZ_VIRTUAL) {
    tz_escape_decide(e, TZ_IS_MIXED, header, i, 0);
    return false;
  }
  for (uint32_t k = 0; k < e->objects[i].n_fields; k++)
    if (close_field(e, header, i, k)) return true;
  return false;
}

static bool close_phi(tz_escape *e, tz_block *header, tz_node *phi) {
  tz_node *object = e->value_of[phi->id];
  if (object == NULL) return make_real(e, latch_of(header), phi->inputs[1]);
  tz_value v = tz_escape_peek(e, exit_of(e, latch_of(header)), phi->inputs[1]);
  if (v.kind != TZ_VALUE_VIRTUAL || v.node != object) tz_escape_decide_phi(e, header, phi);
  return false;
}

static bool close_once(tz_escape *e, tz_block *header) {
  bool made = false;
  for (tz_node *n = header->first; n->op == TZ_NODE_PHI; n = n->next)
    if (is_reference(n) && n->id < e->n_old) made |= close_phi(e, header, n);
  for (uint32_t i = 0; i < e->n && !made; i++) made = close_object(e, header, i);
  return made;
}

/* The second inputs of the PHIs that were put into the header. */
static void close_new_phis(tz_escape *e, tz_block *header) {
  tz_record **head = e->heads[header->id], **state = exit_of(e, latch_of(header));
  for (uint32_t i = 0; i < e->n; i++) {
    if (head[i] == NULL || head[i]->status != TZ_VIRTUAL) continue;
    for (uint32_t k = 0; k < e->objects[i].n_fields; k++) {
      tz_node *phi = head[i]->fields[k];
      bool is_new = tz_escape_has(e, TZ_FIELD_CHANGES, header->id, i, k) && phi->mark == 0;
      if (is_new) tz_phi_add_input(e->g, phi, tz_escape_peek(e, state, state[i]->fields[k]).node);
    }
  }
}

void tz_escape_close(tz_escape *e, tz_block *header) {
  while (close_once(e, header)) {}
  if (!e->changes) return;
  close_new_phis(e, header);
  rewrite_phi_inputs(e, header, 1, 2);
}
