/* escape_value.c: decisions, and what values are. Read escape.h. */
#include "escape.h"

/* ---- Decisions and their nodes: one hash table ---- */

static uint64_t key_of(tz_decision what, uint32_t a, uint32_t b, uint32_t c) {
  return (uint64_t)(what + 1) << 58 | (uint64_t)a << 24 | (uint64_t)b << 8 | c;
}

static tz_memo *memo_at(const tz_escape *e, uint64_t key) {
  uint32_t i = (uint32_t)(key * 0x9e3779b97f4a7c15u >> 40) & (e->memos_room - 1);
  while (e->memos[i].key != 0 && e->memos[i].key != key) i = (i + 1) & (e->memos_room - 1);
  return &e->memos[i];
}

static tz_memo *memo_add(tz_escape *e, uint64_t key) {
  if (2 * e->n_memos >= e->memos_room) {
    tz_memo *old = e->memos;
    uint32_t room = e->memos_room;
    e->memos_room = room == 0 ? 256 : room * 2;
    e->memos = tz_graph_alloc(e->g, e->memos_room * sizeof *e->memos);
    for (uint32_t i = 0; i < room; i++)
      if (old[i].key != 0) *memo_at(e, old[i].key) = old[i];
  }
  tz_memo *m = memo_at(e, key);
  if (m->key == 0) e->n_memos++;
  m->key = key;
  return m;
}

bool tz_escape_has(tz_escape *e, tz_decision what, uint32_t a, uint32_t b, uint32_t c) {
  return e->n_memos > 0 && memo_at(e, key_of(what, a, b, c))->key != 0;
}

static void go_back_to(tz_escape *e, const tz_block *b) {
  if (b->order < e->restart) e->restart = b->order;
}

void tz_escape_give_up(tz_escape *e, uint32_t i) {
  if (e->objects[i].is_given_up) return;
  e->objects[i].is_given_up = true;
  go_back_to(e, e->objects[i].node->block);
}

void tz_escape_decide(tz_escape *e, tz_decision what, const tz_block *at, uint32_t i, uint32_t c) {
  if (tz_escape_has(e, what, at->id, i, c)) return;
  if (e->n_visited > e->patience) {
    tz_escape_give_up(e, i);
    return;
  }
  memo_add(e, key_of(what, at->id, i, c));
  go_back_to(e, at);
}

void tz_escape_decide_phi(tz_escape *e, const tz_block *header, const tz_node *phi) {
  memo_add(e, key_of(TZ_PHI_IS_REAL, phi->id, 0, 0));
  go_back_to(e, header);
}

tz_node *tz_escape_node(tz_escape *e, tz_decision what, uint32_t a, uint32_t b, uint32_t c, tz_node_op op,
                        tz_node_type type) {
  tz_memo *m = memo_add(e, key_of(what, a, b, c));
  if (m->node == NULL) m->node = tz_node_new(e->g, op, type, 0);
  return m->node;
}

/* ---- Values ---- */

static tz_node *same_as(const tz_escape *e, tz_node *n) {
  while (n->id < e->n_old && e->value_of[n->id] != NULL) n = e->value_of[n->id];
  return n;
}

/* A PHI for a field whose inputs are not all real carries a mark: object and field. */
static bool is_mixed_phi(const tz_escape *e, const tz_node *n) {
  return n->id >= e->n_old && n->op == TZ_NODE_PHI && n->mark != 0;
}

tz_value tz_escape_peek(const tz_escape *e, tz_record *const *state, tz_node *n) {
  n = same_as(e, n);
  if (is_mixed_phi(e, n)) return (tz_value){TZ_VALUE_MIXED, n, UINT32_MAX};
  uint32_t i = n->id < e->n_old ? e->object_of[n->id] : 0;
  if (i-- == 0 || e->objects[i].is_given_up || state[i] == NULL)
    return (tz_value){TZ_VALUE_REAL, n, UINT32_MAX};
  switch (state[i]->status) {
  case TZ_REAL: return (tz_value){TZ_VALUE_REAL, state[i]->value, i};
  case TZ_VIRTUAL: return (tz_value){TZ_VALUE_VIRTUAL, n, i};
  default: return (tz_value){TZ_VALUE_MIXED, n, i};
  }
}

static void demand_phi(tz_escape *e, const tz_node *phi) {
  tz_escape_decide(e, TZ_FIELD_IS_REAL, phi->block, phi->mark >> 8 & 0xffff, phi->mark & 0xff);
}

tz_value tz_escape_demand(tz_escape *e, tz_record *const *state, tz_node *n) {
  tz_value v = tz_escape_peek(e, state, n);
  if (v.kind != TZ_VALUE_MIXED) return v;
  if (v.object == UINT32_MAX) demand_phi(e, v.node);
  else tz_escape_decide(e, TZ_MUST_BE_REAL, state[v.object]->where, v.object, 0);
  v.kind = TZ_VALUE_REAL; /* for now: the walk will come again */
  return v;
}

tz_record *tz_record_new(tz_escape *e, tz_escape_status status, uint32_t n_fields) {
  tz_record *r = tz_graph_alloc(e->g, sizeof *r + n_fields * sizeof(tz_node *));
  r->status = status;
  return r;
}

tz_node_type tz_escape_field_type(const tz_escape_object *o, uint32_t field) {
  switch (o->element != TZ_KIND_VOID ? o->element : o->cls->fields[field].type->kind) {
  case TZ_KIND_F64:
  case TZ_KIND_F32: return TZ_TYPE_FLOAT;
  case TZ_KIND_I64:
  case TZ_KIND_I32:
  case TZ_KIND_I16:
  case TZ_KIND_U8:
  case TZ_KIND_BOOL: return TZ_TYPE_INT;
  case TZ_KIND_ANY: return TZ_TYPE_ANY;
  default: return TZ_TYPE_REF;
  }
}

static void grow_blocks(tz_escape *e, tz_record ****array, uint32_t room) {
  tz_record ***more = tz_graph_alloc(e->g, room * sizeof *more);
  if (e->blocks_room > 0) memcpy(more, *array, e->blocks_room * sizeof *more);
  *array = more;
}

void tz_escape_set_exit(tz_escape *e, const tz_block *b, tz_record **state) {
  if (b->id >= e->blocks_room) {
    uint32_t room = 2 * b->id + 16;
    grow_blocks(e, &e->exits, room);
    grow_blocks(e, &e->heads, room);
    e->blocks_room = room;
  }
  e->exits[b->id] = state;
}
