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
  MAX_BLOCKS_BETWEEN = 48
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

/* A set of them. */
typedef struct tz_memory_parts {
  uint64_t bits[2];
} tz_memory_parts;
_Static_assert(N_PARTS <= 128, "parts fit their sets");

struct tz_numbering {
  tz_facts *facts;
  uintptr_t *chains; /* of entry */
  uint32_t mask;
  uintptr_t now; /* never goes back */
  uintptr_t written[N_PARTS];
  tz_memory_parts *writes; /* by block id */
  uint32_t *visited;       /* by block id */
  uint32_t n_visits;
};

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

static uint32_t part_written(const tz_node *n) {
  switch (n->op) {
  case TZ_NODE_STORE_FIELD: return field_part(n->aux, n->inputs[1]->type);
  case TZ_NODE_STORE_GLOBAL: return PART_GLOBALS;
  default: return PART_ELEMENTS + n->aux;
  }
}

/* ---- Sets of parts ---- */

static void add_part(tz_memory_parts *to, uint32_t part) { to->bits[part / 64] |= (uint64_t)1 << part % 64; }

static bool has_part(const tz_memory_parts *parts, uint32_t part) {
  return parts->bits[part / 64] >> part % 64 & 1;
}

static void add_parts(tz_memory_parts *to, const tz_memory_parts *more) {
  for (int i = 0; i < 2; i++) to->bits[i] |= more->bits[i];
}

static bool is_all(const tz_memory_parts *parts) { return (parts->bits[0] & parts->bits[1]) == UINT64_MAX; }

/* Of a node with effects: other processes may run, an exception may come, while guest memory stays as this
 * code sees it; or whatever there is may be written. */
static tz_memory_parts parts_written(const tz_node *n) {
  uint32_t effects = tz_node_effects((tz_node_op)n->op);
  tz_memory_parts parts = {{0, 0}};
  switch (n->op) {
  case TZ_NODE_STORE_FIELD:
  case TZ_NODE_STORE_ELEMENT:
  case TZ_NODE_STORE_GLOBAL: add_part(&parts, part_written(n)); return parts;
  default: break;
  }
  bool lets_in = n->op == TZ_NODE_POLL || tz_node_is_blind_call(n);
  if (lets_in) add_part(&parts, PART_SHAPES), add_part(&parts, PART_VALID);
  if (lets_in || effects & (TZ_ALLOC | TZ_WRITES)) add_part(&parts, PART_EXCEPTION);
  else if (effects & TZ_CALLS) parts = (tz_memory_parts){{UINT64_MAX, UINT64_MAX}};
  return parts;
}

static tz_memory_parts block_writes(const tz_block *b) {
  tz_memory_parts parts = {{0, 0}};
  for (const tz_node *n = b->first; n != NULL; n = n->next) {
    tz_memory_parts of_node = parts_written(n);
    add_parts(&parts, &of_node);
  }
  return parts;
}

tz_numbering *tz_numbering_new(tz_facts *f) {
  tz_graph *g = f->g;
  tz_numbering *nb = tz_graph_alloc(g, sizeof *nb);
  uint32_t room = 64;
  while (room < g->n_nodes) room *= 2;
  *nb = (tz_numbering){.facts = f, .mask = room - 1, .now = 1};
  nb->chains = tz_graph_alloc(g, room * sizeof *nb->chains);
  nb->writes = tz_graph_alloc(g, g->n_block_ids * sizeof *nb->writes);
  nb->visited = tz_graph_alloc(g, g->n_block_ids * sizeof *nb->visited);
  for (uint32_t i = 0; i < g->n_blocks; i++) {
    const tz_block *b = g->blocks[i];
    nb->writes[b->id] = block_writes(b);
    if (b->is_loop_header && tz_loop_waits(g, b)) /* for what others write */
      nb->writes[b->id] = (tz_memory_parts){{UINT64_MAX, UINT64_MAX}};
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

static void write_parts(tz_numbering *nb, const tz_memory_parts *parts) {
  if ((parts->bits[0] | parts->bits[1]) == 0) return;
  ++nb->now;
  for (uint32_t part = 0; part < N_PARTS; part++)
    if (has_part(parts, part)) tz_facts_set(nb->facts, &nb->written[part], nb->now);
}

/* What is written on the ways from the block's dominator to it. */
static tz_memory_parts writes_before(tz_numbering *nb, const tz_block *b) {
  const tz_block *work[MAX_BLOCKS_BETWEEN];
  uint32_t n = 0, n_done = 0;
  tz_memory_parts writes = {{0, 0}};
  nb->visited[b->dominator->id] = ++nb->n_visits;
  for (const tz_block *at = b;; at = work[n_done++]) {
    for (uint32_t i = 0; i < at->n_predecessors; i++) {
      const tz_block *p = at->predecessors[i];
      if (nb->visited[p->id] == nb->n_visits) continue;
      if (n == MAX_BLOCKS_BETWEEN) return (tz_memory_parts){{UINT64_MAX, UINT64_MAX}};
      nb->visited[p->id] = nb->n_visits;
      add_parts(&writes, &nb->writes[p->id]);
      work[n++] = p;
    }
    if (n_done == n || is_all(&writes)) return writes;
  }
}

void tz_numbering_enter(tz_numbering *nb, const tz_block *b) {
  if (b->dominator == NULL || (b->n_predecessors == 1 && b->predecessors[0] == b->dominator)) return;
  tz_memory_parts writes = writes_before(nb, b);
  write_parts(nb, &writes);
}

/* References and dynamic values share their places. */
static void normalize(entry *key) {
  if (key->type == TZ_TYPE_ANY) key->type = TZ_TYPE_REF;
  key->hash = hash_of(key);
}

static tz_node *value_of_ways(tz_numbering *nb, const tz_node *load);

tz_node *tz_numbering_read(tz_numbering *nb, tz_node *n) {
  uint32_t part = part_read(n);
  if (part == N_PARTS) return NULL;
  entry key = key_of(n);
  normalize(&key);
  const entry *e = find(nb, &key);
  if (e != NULL && e->time >= nb->written[part] && (e->value->type == n->type || n->type == TZ_TYPE_ANY))
    return e->value;
  tz_node *merged = value_of_ways(nb, n);
  add(nb, &key, merged != NULL ? merged : n);
  return merged;
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
  switch (n->op) {
  case TZ_NODE_STORE_FIELD:
  case TZ_NODE_STORE_ELEMENT:
  case TZ_NODE_STORE_GLOBAL: return store(nb, n);
  default: {
    tz_memory_parts parts = parts_written(n);
    write_parts(nb, &parts);
    return false;
  }
  }
}

/* ---- Loads of what differs by the way ---- */

enum { MAX_STEPS = 256, MAX_MERGED = 8 };

typedef struct search {
  tz_numbering *nb;
  const tz_node *load;
  entry key;
  uint32_t part, steps;
} search;

/* What the node tells of the place; NULL: nothing. */
static tz_node *told_by(const search *s, tz_node *n) {
  bool is_store =
      n->op == TZ_NODE_STORE_FIELD || n->op == TZ_NODE_STORE_ELEMENT || n->op == TZ_NODE_STORE_GLOBAL;
  if (!is_store && n->op != s->load->op) return NULL;
  entry key = is_store ? key_of_store(n) : key_of(n);
  if (!is_store) normalize(&key);
  return same_key(&key, &s->key) ? is_store ? n->inputs[n->n_inputs - 1] : n : NULL;
}

/* Looks from `from` back to the start of its block. False: the search is over; *value, or nothing is known.
 */
static bool look_back(search *s, tz_node *from, tz_node **value) {
  *value = NULL;
  for (tz_node *n = from; n != NULL; n = n->previous) {
    if (s->steps++ == MAX_STEPS) return false;
    *value = told_by(s, n);
    if (*value != NULL) return false;
    tz_memory_parts parts = parts_written(n);
    if (has_part(&parts, s->part)) return false;
  }
  return true;
}

/* The block whose end comes next on the way back from the start of b; NULL: there is none, or the place may
 * be written between, or is another there. */
static tz_block *before(const search *s, const tz_block *b) {
  for (uint32_t i = 0; i < s->load->n_inputs; i++)
    if (s->load->inputs[i]->block == b) return NULL;
  if (b->n_predecessors == 1) return b->predecessors[0];
  if (b->dominator == NULL || b->is_loop_header) return NULL;
  tz_memory_parts writes = writes_before(s->nb, b);
  return has_part(&writes, s->part) ? NULL : b->dominator;
}

static tz_node *value_at_end(search *s, const tz_block *b) {
  tz_node *value = NULL;
  while (b != NULL && look_back(s, b->last, &value)) b = before(s, b);
  return value;
}

static bool are_same(tz_node *const *values, uint32_t n) {
  for (uint32_t i = 1; i < n; i++)
    if (values[i] != values[0]) return false;
  return true;
}

/* Values at the ends of the ways into b. */
static tz_node *merge_of(search *s, tz_block *b) {
  tz_graph *g = s->nb->facts->g;
  tz_node *values[MAX_MERGED];
  if (b->n_predecessors < 2 || b->n_predecessors > MAX_MERGED || b->is_loop_header) return NULL;
  for (uint32_t i = 0; i < s->load->n_inputs; i++)
    if (s->load->inputs[i]->block == b) return NULL;
  for (uint32_t i = 0; i < b->n_predecessors; i++)
    if ((values[i] = value_at_end(s, b->predecessors[i])) == NULL) return NULL;
  if (are_same(values, b->n_predecessors)) return values[0];
  tz_node *phi = tz_node_new(g, TZ_NODE_PHI, TZ_TYPE_ANY, b->n_predecessors);
  memcpy(phi->inputs, values, b->n_predecessors * sizeof *values);
  phi->origin = s->load->origin;
  tz_node_insert_before(b->first, phi);
  return phi;
}

/* All but dynamic values, which may be unboxed, is left to LLVM. */
static tz_node *value_of_ways(tz_numbering *nb, const tz_node *load) {
  if (load->type != TZ_TYPE_ANY || (load->op != TZ_NODE_LOAD_FIELD && load->op != TZ_NODE_LOAD_ELEMENT))
    return NULL;
  search s = {.nb = nb, .load = load, .key = key_of(load), .part = part_read(load)};
  normalize(&s.key);
  tz_node *value;
  tz_block *b = load->block;
  bool goes_on = look_back(&s, load->previous, &value);
  for (tz_block *next; goes_on && (next = before(&s, b)) != NULL; b = next)
    goes_on = look_back(&s, next->last, &value);
  return goes_on ? merge_of(&s, b) : value;
}
