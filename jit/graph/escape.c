/* escape.c: partial escape analysis with scalar replacement, after Stadler, Wuerthinger and Moessenboeck,
 * "Partial Escape Analysis and Scalar Replacement for Java" (CGO 2014). Read escape.h.
 *
 * Unlike there, what has to be real is found on demand: an object that is virtual on one way into a block and
 * real on another is only made real if somebody asks for it behind. */
#include "escape.h"
#include "known.h"
#include "simplify.h"

enum { PATIENCE = 8, LIMIT = 48 }; /* visits of each block before giving up single objects, and everything */

/* ---- Objects ---- */

static bool is_plain_class(const tz_class *cls) {
  const tz_layout *l = &cls->layout;
  return l->kind == TZ_LAYOUT_FIXED && !(l->flags & TZ_LAYOUT_HAS_FINALIZER) && cls->shape == NULL &&
         cls->n_fields <= TZ_MAX_OBJECT_FIELDS && l->size == sizeof(tz_word) * (1 + cls->n_fields);
}

static bool describe(tz_escape_object *o, tz_node *n) {
  *o = (tz_escape_object){.node = n, .element = TZ_KIND_VOID};
  if (n->op == TZ_NODE_NEW) {
    o->cls = n->imm.p;
    o->n_fields = o->cls->n_fields;
    return is_plain_class(o->cls);
  }
  const tz_type *type = n->imm.p;
  const tz_node *length = n->inputs[0];
  o->cls = type->class_;
  o->element = type->element->kind;
  if (type->element->rep == 'R') o->element = TZ_KIND_OBJECT;
  if (o->element == TZ_KIND_BOOL) o->element = TZ_KIND_U8; /* as instructions have it */
  if (o->element == TZ_KIND_F32) return false;
  if (length->op != TZ_NODE_INT || length->imm.i < 0 || length->imm.i > TZ_MAX_OBJECT_FIELDS) return false;
  o->n_fields = (uint32_t)length->imm.i;
  return true;
}

static void find_objects(tz_escape *e) {
  tz_graph *g = e->g;
  e->objects = tz_graph_alloc(g, TZ_MAX_OBJECTS * sizeof *e->objects);
  for (uint32_t i = 0; i < g->n_blocks; i++)
    for (tz_node *n = g->blocks[i]->first; n != NULL; n = n->next)
      if ((n->op == TZ_NODE_NEW || n->op == TZ_NODE_NEW_ARRAY) && e->n < TZ_MAX_OBJECTS)
        e->n += describe(&e->objects[e->n], n);
}

static bool catches(const tz_graph *g) {
  if (g->function->n_handlers > 0) return true;
  for (uint32_t i = 0; i < g->n_blocks; i++)
    for (const tz_node *n = g->blocks[i]->first; n != NULL; n = n->next)
      for (const tz_frame_state *s = n->state; s != NULL; s = s->outer)
        if (s->function->n_handlers > 0) return true;
  return false;
}

/* ---- Nodes whose inputs are virtual ---- */

static void is_now(tz_escape *e, tz_node *n, tz_node *same) {
  e->value_of[n->id] = same;
  if (e->changes) tz_node_remove(n);
}

static void is_now_int(tz_escape *e, tz_node *n, int64_t i, tz_int_is is) {
  if (e->changes) is_now(e, n, tz_escape_int(e, i, is));
}

static void begin_object(tz_escape *e, tz_node *n, uint32_t i) {
  const tz_escape_object *o = &e->objects[i];
  tz_record *r = tz_record_new(e, TZ_VIRTUAL, o->n_fields);
  for (uint32_t k = 0; k < o->n_fields; k++) r->fields[k] = e->zeros[tz_escape_field_type(o, k)];
  e->now[i] = r;
  e->version++;
  if (e->changes) tz_node_remove(n);
}

static void set_field(tz_escape *e, tz_node *n, uint32_t i, uint32_t k, tz_node *value) {
  uint32_t n_fields = e->objects[i].n_fields;
  tz_record *r = tz_record_new(e, TZ_VIRTUAL, n_fields);
  memcpy(r->fields, e->now[i]->fields, n_fields * sizeof *r->fields);
  r->fields[k] = value;
  e->now[i] = r;
  e->version++;
  if (e->changes) tz_node_remove(n);
}

/* A narrow element gives what the store left of the value. */
static void load_narrow(tz_escape *e, tz_node *n, tz_kind element, tz_node *value) {
  if (!e->changes) return;
  n->op = element == TZ_KIND_U8 ? TZ_NODE_ZEXT : TZ_NODE_SEXT;
  n->aux = element == TZ_KIND_U8 ? 8 : element == TZ_KIND_I16 ? 16 : 32;
  n->n_inputs = 1;
  n->inputs[0] = tz_escape_peek(e, e->now, value).node;
}

static bool is_narrow(tz_kind element) {
  return element == TZ_KIND_U8 || element == TZ_KIND_I16 || element == TZ_KIND_I32;
}

/* The element that the node accesses; UINT32_MAX: not known, or not there. */
static uint32_t element_of(const tz_escape *e, const tz_node *n, uint32_t i) {
  const tz_node *index = tz_escape_peek(e, e->now, n->inputs[1]).node;
  const tz_escape_object *o = &e->objects[i];
  bool is_known =
      index->op == TZ_NODE_INT && (uint64_t)index->imm.i < o->n_fields && n->aux == (uint32_t)o->element;
  return is_known ? (uint32_t)index->imm.i : UINT32_MAX;
}

static bool visit_element(tz_escape *e, tz_node *n, uint32_t i) {
  uint32_t k = element_of(e, n, i);
  if (k == UINT32_MAX) return false;
  if (n->op == TZ_NODE_STORE_ELEMENT) set_field(e, n, i, k, n->inputs[2]);
  else if (is_narrow(e->objects[i].element)) load_narrow(e, n, e->objects[i].element, e->now[i]->fields[k]);
  else is_now(e, n, e->now[i]->fields[k]);
  return true;
}

static bool is_word(tz_node_type type) { return type == TZ_TYPE_REF || type == TZ_TYPE_ANY; }

/* The object has such a field. Otherwise a guard before never holds, and nobody comes here. */
static bool has_field(const tz_escape_object *o, uint32_t field, tz_node_type type) {
  if (o->element != TZ_KIND_VOID || field >= o->n_fields) return false;
  tz_node_type has = tz_escape_field_type(o, field);
  return has == type || (is_word(has) && is_word(type));
}

static void load_field(tz_escape *e, tz_node *n, uint32_t i) {
  bool exists = has_field(&e->objects[i], n->aux, (tz_node_type)n->type);
  is_now(e, n, exists ? e->now[i]->fields[n->aux] : e->zeros[n->type]);
}

static void store_field(tz_escape *e, tz_node *n, uint32_t i) {
  if (has_field(&e->objects[i], n->aux, (tz_node_type)n->inputs[1]->type))
    set_field(e, n, i, n->aux, n->inputs[1]);
  else if (e->changes) tz_node_remove(n);
}

/* n's first input is virtual object i. False: it has to be made. */
static bool visit_access(tz_escape *e, tz_node *n, uint32_t i) {
  const tz_escape_object *o = &e->objects[i];
  tz_known known = tz_known_object(o->cls, true);
  switch (n->op) {
  case TZ_NODE_LOAD_FIELD: return load_field(e, n, i), true;
  case TZ_NODE_STORE_FIELD: return store_field(e, n, i), true;
  case TZ_NODE_LOAD_MEMBERS: return is_now(e, n, e->zeros[TZ_TYPE_REF]), true; /* nobody comes here */
  case TZ_NODE_LOAD_ELEMENT:
  case TZ_NODE_STORE_ELEMENT: return visit_element(e, n, i);
  case TZ_NODE_LENGTH: return is_now_int(e, n, o->n_fields, TZ_INT_NUMBER), true;
  case TZ_NODE_READS_CLASS:
  case TZ_NODE_CLASS_OF: return is_now_int(e, n, (int64_t)(uintptr_t)o->cls, TZ_INT_CLASS), true;
  case TZ_NODE_ANY_IS_REF: return is_now_int(e, n, 1, TZ_INT_NUMBER), true;
  case TZ_NODE_IS_NULL:
  case TZ_NODE_ANY_IS_INT:
  case TZ_NODE_ANY_IS_FLOAT:
  case TZ_NODE_ANY_IS_BOOL: return is_now_int(e, n, 0, TZ_INT_NUMBER), true;
  case TZ_NODE_ACCEPTS: return is_now_int(e, n, tz_known_accepted(known, n->imm.p) == 1, TZ_INT_NUMBER), true;
  default: return false;
  }
}

/* A virtual object is the same as itself and as nothing else. */
static bool visit_same(tz_escape *e, tz_node *n) {
  tz_value a = tz_escape_demand(e, e->now, n->inputs[0]), b = tz_escape_demand(e, e->now, n->inputs[1]);
  if (a.kind != TZ_VALUE_VIRTUAL && b.kind != TZ_VALUE_VIRTUAL) return false;
  is_now_int(e, n, a.kind == b.kind && a.node == b.node, TZ_INT_NUMBER);
  return true;
}

static void visit_escaping(tz_escape *e, tz_node *n) {
  for (uint32_t k = 0; k < n->n_inputs; k++) {
    tz_value v = tz_escape_demand(e, e->now, n->inputs[k]);
    if (v.kind == TZ_VALUE_VIRTUAL) tz_escape_make(e, e->now, n, v.object);
  }
  for (uint32_t k = 0; e->changes && k < n->n_inputs; k++)
    n->inputs[k] = tz_escape_peek(e, e->now, n->inputs[k]).node;
}

static void visit(tz_escape *e, tz_node *n) {
  uint32_t i = n->id < e->n_old ? e->object_of[n->id] : 0;
  if (n->op == TZ_NODE_PHI || n->id >= e->n_old) return;
  e->value_of[n->id] = NULL;
  if (i-- > 0 && !e->objects[i].is_given_up) {
    begin_object(e, n, i);
    return;
  }
  if (n->op == TZ_NODE_SAME && visit_same(e, n)) return;
  if (n->n_inputs > 0) {
    tz_value first = tz_escape_demand(e, e->now, n->inputs[0]);
    if (first.kind == TZ_VALUE_VIRTUAL && visit_access(e, n, first.object)) return;
  }
  visit_escaping(e, n);
  if (n->op == TZ_NODE_GUARD || n->op == TZ_NODE_DEOPT) n->state = tz_escape_frame_state(e, n->state);
}

/* ---- The walk ---- */

static void visit_block(tz_escape *e, tz_block *b) {
  tz_node *end = b->last;
  tz_escape_enter(e, b);
  for (tz_node *n = b->first, *next; n != NULL; n = next) {
    next = n->next;
    e->g->origin = n->origin; /* of what is made in its place */
    visit(e, n);
  }
  tz_block *tail = end->block; /* b itself unless objects were made in it */
  if (tail->n_successors == 1 && tail->successors[0]->order <= b->order)
    tz_escape_close(e, tail->successors[0]);
  if (!e->changes) memcpy(e->ends[b->id], e->exits[b->id], e->n * sizeof **e->ends);
}

/* False: it takes too long. */
static bool decide_all(tz_escape *e) {
  uint32_t n = e->g->n_blocks;
  for (uint32_t i = 0; i < n; i++) {
    if (++e->n_visited > (uint64_t)LIMIT * n + 4096) return false;
    e->restart = UINT32_MAX;
    visit_block(e, e->g->blocks[i]);
    if (e->restart != UINT32_MAX) i = e->restart - 1; /* may be one below zero */
  }
  return true;
}

static void change_all(tz_escape *e) {
  e->changes = true;
  e->restart = UINT32_MAX;
  for (uint32_t i = 0, n = e->g->n_blocks; i < n; i++) visit_block(e, e->g->blocks[i]);
  if (e->restart != UINT32_MAX)
    longjmp(*e->g->escape, 1); /* would be a mistake of ours: rather no code than wrong code */
  tz_graph_order(e->g);
}

static tz_node *zero(tz_graph *g, tz_node_op op, tz_node_type type) {
  tz_node *n = tz_node_new(g, op, type, 0);
  tz_node_insert_before(g->entry->first, n);
  return n;
}

static void escape_init(tz_escape *e) {
  tz_graph *g = e->g;
  e->zeros[TZ_TYPE_INT] = zero(g, TZ_NODE_INT, TZ_TYPE_INT);
  e->zeros[TZ_TYPE_FLOAT] = zero(g, TZ_NODE_FLOAT, TZ_TYPE_FLOAT);
  e->zeros[TZ_TYPE_REF] = zero(g, TZ_NODE_REF, TZ_TYPE_REF);
  e->zeros[TZ_TYPE_ANY] = zero(g, TZ_NODE_ANY, TZ_TYPE_ANY);
  e->has_handlers = catches(g);
  e->n_old = g->n_nodes;
  e->object_of = tz_graph_alloc(g, (e->n_old + 1) * sizeof *e->object_of);
  for (uint32_t i = 0; i < e->n; i++) e->object_of[e->objects[i].node->id] = (uint16_t)(i + 1);
  e->value_of = tz_graph_alloc(g, (e->n_old + 1) * sizeof *e->value_of);
  e->blocks_room = g->n_block_ids;
  e->exits = tz_graph_alloc(g, e->blocks_room * sizeof *e->exits);
  e->heads = tz_graph_alloc(g, e->blocks_room * sizeof *e->heads);
  e->ends = tz_graph_alloc(g, e->blocks_room * sizeof *e->ends);
  e->virtuals = tz_graph_alloc(g, e->n * sizeof *e->virtuals);
  e->virtuals_version = tz_graph_alloc(g, e->n * sizeof *e->virtuals_version);
  e->making = tz_graph_alloc(g, e->n * sizeof *e->making);
  e->phis = tz_graph_alloc(g, e->n * (TZ_MAX_OBJECT_FIELDS + 1) * sizeof *e->phis);
  e->patience = (uint64_t)PATIENCE * g->n_blocks + 1024;
}

void tz_pass_escape(tz_graph *g) {
  tz_escape e = {.g = g};
  find_objects(&e);
  if (e.n == 0) return;
  tz_graph_split_critical_edges(g); /* objects are made at the ends of blocks that lead to one place only */
  escape_init(&e);
  if (decide_all(&e)) change_all(&e);
}
