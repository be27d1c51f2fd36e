/* numbering.c: which nodes have the same value. Read numbering.h.
 *
 * One hash table serves pure nodes and memory. Entries of memory carry the time at which they were made; each
 * part of memory, the time of the last thing that may have written to it. */
#include "numbering.h"
#include "text.h"

enum {
  FIELD_SLOTS = 16, /* slots that are told apart, modulo */
  PART_ELEMENTS = FIELD_SLOTS * 3,
  PART_GLOBALS = PART_ELEMENTS + TZ_KIND_COUNT,
  PART_SHAPES,
  PART_EXCEPTION,
  PART_VALID,
  N_PARTS,
  MAX_QUIET_BLOCKS = 16
};

typedef struct entry {
  uint32_t hash;
  uint8_t op, type, n_inputs;
  uint32_t aux;
  int64_t imm;
  const tz_node *inputs[2];
  tz_node *value;
  uintptr_t time;
  struct entry *next;
} entry;

struct tz_numbering {
  tz_facts *facts;
  uintptr_t *chains; /* of entry */
  uint32_t mask;
  uintptr_t now; /* never goes back */
  uintptr_t written[N_PARTS];
  uint8_t *writes;   /* by block id */
  uint32_t *visited; /* by block id */
  uint32_t n_visits;
};

/* What a block may write: guest memory, or only what the machine keeps for itself. */
enum { WRITES_MEMORY = 1, WRITES_STATUS = 2 };

static uint8_t block_writes(const tz_block *b) {
  uint8_t writes = 0;
  for (const tz_node *n = b->first; n != NULL; n = n->next) {
    uint32_t effects = tz_node_effects((tz_node_op)n->op);
    if (n->op == TZ_NODE_POLL || n->op == TZ_NODE_CLEAR_EXCEPTION || effects & TZ_ALLOC ||
        tz_node_is_blind_call(n))
      writes |= WRITES_STATUS;
    else if (effects & (TZ_WRITES | TZ_CALLS)) writes |= WRITES_MEMORY;
  }
  return writes;
}

static uint32_t field_part(uint32_t slot, uint8_t type) {
  return slot % FIELD_SLOTS * 3 + (type == TZ_TYPE_INT ? 0 : type == TZ_TYPE_FLOAT ? 1 : 2);
}

/* Of a node that reads, or N_PARTS. */
static uint32_t part_read(const tz_node *n) {
  switch (n->op) {
  case TZ_NODE_LOAD_FIELD: return field_part(n->aux, n->type);
  case TZ_NODE_LOAD_ELEMENT: return PART_ELEMENTS + n->aux;
  case TZ_NODE_LOAD_GLOBAL: return PART_GLOBALS;
  case TZ_NODE_READS_CLASS:
  case TZ_NODE_LOAD_MEMBERS: return PART_SHAPES;
  case TZ_NODE_PENDING:
  case TZ_NODE_EXCEPTION: return PART_EXCEPTION;
  case TZ_NODE_VALID: return PART_VALID;
  default: return N_PARTS;
  }
}

tz_numbering *tz_numbering_new(tz_facts *f) {
  tz_graph *g = f->g;
  tz_numbering *nb = tz_graph_alloc(g, sizeof *nb);
  uint32_t room = 64;
  while (room < g->n_nodes) room *= 2;
  *nb = (tz_numbering){.facts = f, .mask = room - 1, .now = 1};
  nb->chains = tz_graph_alloc(g, room * sizeof *nb->chains);
  nb->writes = tz_graph_alloc(g, g->n_block_ids);
  nb->visited = tz_graph_alloc(g, g->n_block_ids * sizeof *nb->visited);
  for (uint32_t i = 0; i < g->n_blocks; i++) {
    const tz_block *b = g->blocks[i];
    nb->writes[b->id] = block_writes(b);
    if (b->is_loop_header && tz_loop_waits(g, b)) nb->writes[b->id] |= WRITES_MEMORY; /* by others */
  }
  return nb;
}

/* ---- Table ---- */

static uint32_t hash_of(const entry *key) {
  uint64_t h = (uint64_t)key->op | (uint64_t)key->type << 8 | (uint64_t)key->aux << 16;
  h = (h ^ (uint64_t)key->imm) * 0x9e3779b97f4a7c15u;
  for (uint32_t i = 0; i < key->n_inputs; i++) h = (h ^ key->inputs[i]->id ^ h >> 29) * 0x9e3779b97f4a7c15u;
  return (uint32_t)(h >> 32);
}

static bool same_key(const entry *a, const entry *b) {
  return a->hash == b->hash && a->op == b->op && a->type == b->type && a->aux == b->aux && a->imm == b->imm &&
         a->n_inputs == b->n_inputs && a->inputs[0] == b->inputs[0] && a->inputs[1] == b->inputs[1];
}

static entry key_of(const tz_node *n) {
  tz_details details = tz_node_details((tz_node_op)n->op);
  entry key = {.op = n->op, .type = n->type, .n_inputs = (uint8_t)n->n_inputs};
  if (details.aux != TZ_DETAIL_NONE && details.aux != TZ_DETAIL_IS) key.aux = n->aux;
  if (details.imm != TZ_DETAIL_NONE) key.imm = n->imm.i;
  for (uint32_t i = 0; i < n->n_inputs; i++) key.inputs[i] = n->inputs[i];
  key.hash = hash_of(&key);
  return key;
}

static const entry *find(const tz_numbering *nb, const entry *key) {
  for (const entry *e = (const entry *)nb->chains[key->hash & nb->mask]; e != NULL; e = e->next)
    if (same_key(e, key)) return e;
  return NULL;
}

static void add(tz_numbering *nb, const entry *key, tz_node *value) {
  entry *e = tz_graph_alloc(nb->facts->g, sizeof *e);
  uintptr_t *chain = &nb->chains[key->hash & nb->mask];
  *e = *key;
  e->value = value;
  e->time = nb->now;
  e->next = (entry *)*chain;
  tz_facts_set(nb->facts, chain, (uintptr_t)e);
}

tz_node *tz_numbering_pure(tz_numbering *nb, tz_node *n) {
  if (n->n_inputs > 2 || n->op == TZ_NODE_PHI) return NULL;
  entry key = key_of(n);
  const entry *e = find(nb, &key);
  if (e != NULL) return e->value;
  add(nb, &key, n);
  return NULL;
}

/* ---- Memory ---- */

static void write_part(tz_numbering *nb, uint32_t part) {
  tz_facts_set(nb->facts, &nb->written[part], ++nb->now);
}

static void write_all(tz_numbering *nb) {
  ++nb->now;
  for (uint32_t part = 0; part < N_PARTS; part++) tz_facts_set(nb->facts, &nb->written[part], nb->now);
}

/* Other processes may run, an exception may come: guest memory stays as this code sees it. */
static void write_status(tz_numbering *nb) {
  write_part(nb, PART_SHAPES);
  write_part(nb, PART_VALID);
  write_part(nb, PART_EXCEPTION);
}

/* What is written on the ways from the block's dominator to it. */
static uint8_t writes_before(tz_numbering *nb, const tz_block *b) {
  const tz_block *work[MAX_QUIET_BLOCKS];
  uint32_t n = 0, n_done = 0;
  uint8_t writes = 0;
  nb->visited[b->dominator->id] = ++nb->n_visits;
  for (const tz_block *at = b;; at = work[n_done++]) {
    for (uint32_t i = 0; i < at->n_predecessors; i++) {
      const tz_block *p = at->predecessors[i];
      if (nb->visited[p->id] == nb->n_visits) continue;
      if (n == MAX_QUIET_BLOCKS) return WRITES_MEMORY;
      nb->visited[p->id] = nb->n_visits;
      writes |= nb->writes[p->id];
      work[n++] = p;
    }
    if (n_done == n || writes & WRITES_MEMORY) return writes;
  }
}

void tz_numbering_enter(tz_numbering *nb, const tz_block *b) {
  if (b->dominator == NULL || (b->n_predecessors == 1 && b->predecessors[0] == b->dominator)) return;
  uint8_t writes = writes_before(nb, b);
  if (writes & WRITES_MEMORY) write_all(nb);
  else if (writes & WRITES_STATUS) write_status(nb);
}

/* References and dynamic values share their places. */
static void normalize(entry *key) {
  if (key->type == TZ_TYPE_ANY) key->type = TZ_TYPE_REF;
  key->hash = hash_of(key);
}

tz_node *tz_numbering_read(tz_numbering *nb, tz_node *n) {
  uint32_t part = part_read(n);
  if (part == N_PARTS) return NULL;
  entry key = key_of(n);
  normalize(&key);
  const entry *e = find(nb, &key);
  if (e != NULL && e->time >= nb->written[part] && (e->value->type == n->type || n->type == TZ_TYPE_ANY))
    return e->value;
  add(nb, &key, n);
  return NULL;
}

/* The read that would give what a store writes; op COUNT: none would, or only after narrowing. */
static entry key_of_store(const tz_node *n) {
  const tz_node *value = n->inputs[n->n_inputs - 1];
  entry key = {.type = value->type, .aux = n->aux, .n_inputs = (uint8_t)(n->n_inputs - 1)};
  for (uint32_t i = 0; i < key.n_inputs; i++) key.inputs[i] = n->inputs[i];
  switch (n->op) {
  case TZ_NODE_STORE_FIELD: key.op = TZ_NODE_LOAD_FIELD; break;
  case TZ_NODE_STORE_GLOBAL:
    key.op = TZ_NODE_LOAD_GLOBAL;
    key.imm = n->imm.i;
    break;
  default:
    key.op = n->aux == TZ_KIND_U8 || n->aux == TZ_KIND_I16 || n->aux == TZ_KIND_I32 || n->aux == TZ_KIND_F32
                 ? TZ_NODE_COUNT
                 : TZ_NODE_LOAD_ELEMENT;
  }
  normalize(&key);
  return key;
}

static uint32_t part_written(const tz_node *n) {
  switch (n->op) {
  case TZ_NODE_STORE_FIELD: return field_part(n->aux, n->inputs[1]->type);
  case TZ_NODE_STORE_GLOBAL: return PART_GLOBALS;
  default: return PART_ELEMENTS + n->aux;
  }
}

static bool store(tz_numbering *nb, tz_node *n) {
  entry key = key_of_store(n);
  uint32_t part = part_written(n);
  tz_node *value = n->inputs[n->n_inputs - 1];
  if (key.op == TZ_NODE_COUNT) return write_part(nb, part), false;
  const entry *e = find(nb, &key);
  if (e != NULL && e->value == value && e->time >= nb->written[part]) return true;
  write_part(nb, part);
  add(nb, &key, value);
  return false;
}

bool tz_numbering_effect(tz_numbering *nb, tz_node *n) {
  uint32_t effects = tz_node_effects((tz_node_op)n->op);
  switch (n->op) {
  case TZ_NODE_STORE_FIELD:
  case TZ_NODE_STORE_ELEMENT:
  case TZ_NODE_STORE_GLOBAL: return store(nb, n);
  case TZ_NODE_POLL: return write_status(nb), false;
  default:
    if (tz_node_is_blind_call(n)) write_status(nb);
    else if (effects & TZ_CALLS) write_all(nb);
    else if (effects & (TZ_ALLOC | TZ_WRITES)) write_part(nb, PART_EXCEPTION);
    return false;
  }
}
