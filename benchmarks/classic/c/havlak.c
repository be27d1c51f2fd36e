/* havlak.c: finds the nested loops of a large control flow graph; see ../rima/havlak.rima.

   Invariant: a graph, a forest and a finder each keep what they make in the arena they were given. */
#include "harness.h"
#include "som.h"
#include <string.h>

typedef struct {
  int name;
  vector sources, targets;
} block;

typedef struct {
  arena *memory;
  vector blocks;
} graph;

/* The block of that name, made if there is none. Names are given in sequence. */
static block *graph_block(graph *g, int name) {
  while (vector_size(&g->blocks) <= name) {
    block *b = arena_get(g->memory, sizeof *b);
    *b = (block){.name = vector_size(&g->blocks)};
    b->sources.arena = b->targets.arena = g->memory;
    vector_append(&g->blocks, b);
  }
  return vector_at(&g->blocks, name);
}

static void connect(graph *g, int source, int target) {
  block *from = graph_block(g, source), *to = graph_block(g, target);
  vector_append(&from->targets, to);
  vector_append(&to->sources, from);
}

static int straight(graph *g, int start, int length) {
  for (int i = 0; i < length; i++) connect(g, start + i, start + i + 1);
  return start + length;
}

static int diamond(graph *g, int start) {
  connect(g, start, start + 1);
  connect(g, start, start + 2);
  connect(g, start + 1, start + 3);
  connect(g, start + 2, start + 3);
  return start + 3;
}

/* Three nested loops with two branches inside. */
static int base_loop(graph *g, int from) {
  int header = straight(g, from, 1);
  int first_end = diamond(g, header);
  int second = straight(g, first_end, 1);
  int second_end = diamond(g, second);
  int footer = straight(g, second_end, 1);
  connect(g, second_end, second);
  connect(g, first_end, header);
  connect(g, footer, from);
  return straight(g, footer, 1);
}

typedef struct loop loop;
struct loop {
  vector blocks, children; /* sets */
  loop *parent;
  bool is_reducible;
  int number, depth, nesting;
};

typedef struct {
  arena *memory;
  loop *root;
  vector loops;
} forest;

static void set_add(vector *set, void *value) {
  if (!vector_contains(set, value)) vector_append(set, value);
}

static loop *forest_add(forest *f, block *header, bool is_reducible) {
  loop *l = arena_get(f->memory, sizeof *l);
  *l = (loop){.is_reducible = is_reducible, .number = vector_size(&f->loops)};
  l->blocks.arena = l->children.arena = f->memory;
  if (header) set_add(&l->blocks, header);
  vector_append(&f->loops, l);
  return l;
}

static forest forest_make(arena *memory) {
  forest f = {.memory = memory, .loops = {.arena = memory}};
  f.root = forest_add(&f, NULL, true);
  return f;
}

static void loop_attach(loop *l, loop *outer) {
  l->parent = outer;
  set_add(&outer->children, l);
}

static void nest(loop *l, int depth) {
  l->depth = depth;
  for (int i = 0; i < vector_size(&l->children); i++) {
    loop *child = vector_at(&l->children, i);
    nest(child, depth + 1);
    if (l->nesting < child->nesting + 1) l->nesting = child->nesting + 1;
  }
}

static void compute_nesting(forest *f) {
  for (int i = 0; i < vector_size(&f->loops); i++) {
    loop *l = vector_at(&f->loops, i);
    if (l != f->root && !l->parent) loop_attach(l, f->root);
  }
  nest(f->root, 0);
}

/* A node of the union-find forest in which loops collapse into their headers. */
typedef struct node node;
struct node {
  node *parent;
  block *block;
  loop *loop;
  int number;
};

typedef enum { PLAIN, REDUCIBLE, ITSELF, IRREDUCIBLE, DEAD } kind;

/* A chained hash table from blocks, told apart by identity, to numbers. */
typedef struct entry entry;
struct entry {
  const block *key;
  int value;
  entry *next;
};

typedef struct {
  entry **buckets;
  int length, count;
} dictionary;

enum { UNVISITED = -1 };

typedef struct {
  arena *memory;
  graph *graph;
  forest *forest;
  int size;
  int_vector *forward_sources, *back_sources;
  dictionary numbers;
  int *headers, *lasts;
  kind *kinds;
  node *nodes;
} finder;

static void *zeroed(arena *a, size_t size) { return memset(arena_get(a, size), 0, size); }

static entry **find_entry(const dictionary *d, const block *key) {
  entry **at = &d->buckets[key->name % d->length];
  while (*at && (*at)->key != key) at = &(*at)->next;
  return at;
}

static int dictionary_at(const dictionary *d, const block *key) {
  const entry *e = *find_entry(d, key);
  return e ? e->value : UNVISITED;
}

static void dictionary_grow(dictionary *d, arena *memory) {
  entry **old = d->buckets;
  int old_length = d->length;
  d->length = old_length ? 2 * old_length : 16;
  d->buckets = zeroed(memory, (size_t)d->length * sizeof(entry *));
  for (int i = 0; i < old_length; i++) {
    for (entry *e = old[i], *next; e; e = next) {
      next = e->next;
      entry **bucket = &d->buckets[e->key->name % d->length];
      e->next = *bucket;
      *bucket = e;
    }
  }
}

static void dictionary_put(dictionary *d, const block *key, int value, arena *memory) {
  if (d->count >= d->length) dictionary_grow(d, memory);
  entry **at = find_entry(d, key);
  if (!*at) {
    *at = arena_get(memory, sizeof **at);
    **at = (entry){.key = key};
    d->count++;
  }
  (*at)->value = value;
}

static node *node_find(node *n, arena *memory) {
  vector path = {.arena = memory};
  for (node *up = n->parent; n != up; up = n->parent) {
    if (up->parent != up) vector_append(&path, n);
    n = up;
  }
  for (int i = 0; i < vector_size(&path); i++) ((node *)vector_at(&path, i))->parent = n;
  return n;
}

static void finder_init(finder *f, graph *g, forest *forest, arena *memory) {
  size_t size = (size_t)vector_size(&g->blocks);
  *f = (finder){.memory = memory, .graph = g, .forest = forest, .size = (int)size};
  f->forward_sources = zeroed(memory, size * sizeof *f->forward_sources);
  f->back_sources = zeroed(memory, size * sizeof *f->back_sources);
  f->headers = zeroed(memory, size * sizeof *f->headers);
  f->lasts = zeroed(memory, size * sizeof *f->lasts);
  f->kinds = zeroed(memory, size * sizeof *f->kinds);
  f->nodes = zeroed(memory, size * sizeof *f->nodes);
  for (int i = 0; i < f->size; i++) dictionary_put(&f->numbers, vector_at(&g->blocks, i), UNVISITED, memory);
}

/* Numbers the blocks depth first; returns the last number given below. */
static int search(finder *f, block *b, int number) {
  f->nodes[number] = (node){.parent = &f->nodes[number], .block = b, .number = number};
  dictionary_put(&f->numbers, b, number, f->memory);
  int last = number;
  for (int i = 0; i < vector_size(&b->targets); i++) {
    block *target = vector_at(&b->targets, i);
    if (dictionary_at(&f->numbers, target) == UNVISITED) last = search(f, target, last + 1);
  }
  f->lasts[number] = last;
  return last;
}

static bool is_ancestor(const finder *f, int w, int v) { return w <= v && v <= f->lasts[w]; }

static void sort_edges_into(finder *f, const block *b, int w) {
  for (int i = 0; i < vector_size(&b->sources); i++) {
    int v = dictionary_at(&f->numbers, vector_at(&b->sources, i));
    if (v == UNVISITED) continue;
    if (is_ancestor(f, w, v)) int_vector_append(&f->back_sources[w], v, f->memory);
    else int_vector_add(&f->forward_sources[w], v, f->memory);
  }
}

static void sort_edges(finder *f) {
  for (int w = 0; w < f->size; w++) {
    f->headers[w] = 0;
    f->kinds[w] = PLAIN;
    if (f->nodes[w].block) sort_edges_into(f, f->nodes[w].block, w);
    else f->kinds[w] = DEAD;
  }
}

static void body_from_back_edges(finder *f, int w, vector *body) {
  const int_vector *sources = &f->back_sources[w];
  for (int i = 0; i < sources->count; i++) {
    int v = sources->items[i];
    if (v == w) f->kinds[w] = ITSELF;
    else vector_append(body, node_find(&f->nodes[v], f->memory));
  }
}

static void chase_backwards(finder *f, int w, const node *x, vector *body, vector *todo) {
  const int_vector *sources = &f->forward_sources[x->number];
  for (int i = 0; i < sources->count; i++) {
    node *y = node_find(&f->nodes[sources->items[i]], f->memory);
    if (!is_ancestor(f, w, y->number)) {
      f->kinds[w] = IRREDUCIBLE;
      int_vector_add(&f->forward_sources[w], y->number, f->memory);
    } else if (y->number != w && !vector_contains(body, y)) {
      vector_append(todo, y);
      vector_append(body, y);
    }
  }
}

static void collapse(finder *f, int w, const vector *body, loop *l) {
  node *header = &f->nodes[w];
  header->loop = l;
  for (int i = 0; i < vector_size(body); i++) {
    node *n = vector_at(body, i);
    f->headers[n->number] = w;
    n->parent = header;
    if (n->loop) loop_attach(n->loop, l);
    else set_add(&l->blocks, n->block);
  }
}

static void find_loop_at(finder *f, int w, block *b) {
  vector body = {.arena = f->memory}, todo = {.arena = f->memory};
  body_from_back_edges(f, w, &body);
  if (!vector_is_empty(&body)) f->kinds[w] = REDUCIBLE;
  for (int i = 0; i < vector_size(&body); i++) vector_append(&todo, vector_at(&body, i));
  while (!vector_is_empty(&todo)) chase_backwards(f, w, vector_remove_first(&todo), &body, &todo);
  if (!vector_is_empty(&body) || f->kinds[w] == ITSELF)
    collapse(f, w, &body, forest_add(f->forest, b, f->kinds[w] != IRREDUCIBLE));
}

/* Finds the loops of a graph; `scratch` is reset. */
static void find_loops(graph *g, forest *forest, arena *scratch) {
  finder f;
  arena_reset(scratch);
  finder_init(&f, g, forest, scratch);
  search(&f, vector_at(&g->blocks, 0), 0);
  sort_edges(&f);
  for (int w = f.size - 1; w >= 0; w--)
    if (f.nodes[w].block) find_loop_at(&f, w, f.nodes[w].block);
}

static void extend(graph *g) {
  int n = 2;
  for (int i = 0; i < 10; i++) {
    connect(g, 2, n + 1);
    n++;
    for (int j = 0; j < 10; j++) {
      int top = n;
      n = straight(g, n, 1);
      for (int k = 0; k < 5; k++) n = base_loop(g, n);
      int bottom = straight(g, n, 1);
      connect(g, n, top);
      n = bottom;
    }
    connect(g, n, 1);
  }
}

/* Analyses the graph that many times beyond the first. */
static bool havlak(int repeats) {
  arena memory = {0}, scratch = {0}, passing = {0};
  graph g = {.memory = &memory, .blocks = {.arena = &memory}};
  base_loop(&g, 0);
  connect(&g, 0, 2);
  forest kept = forest_make(&memory);
  find_loops(&g, &kept, &scratch);
  extend(&g);
  find_loops(&g, &kept, &scratch);
  for (int i = 0; i < repeats; i++) {
    arena_reset(&passing);
    forest f = forest_make(&passing);
    find_loops(&g, &f, &scratch);
  }
  compute_nesting(&kept);
  bool is_right = vector_size(&kept.loops) == 1605 && vector_size(&g.blocks) == 5213;
  arena_free(&memory);
  arena_free(&scratch);
  arena_free(&passing);
  return is_right;
}

int main(int argc, char **argv) { return harness_run(argc, argv, 2, havlak); }
