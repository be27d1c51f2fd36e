/* expand.c: writes a random text by a grammar; grammar.h says what the holes mean. */
#include "random_source.h"
#include "rules.h"
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
  MAX_VARIABLES = 1024,
  MAX_NAMES = 64,
  NAME_SIZE = 24,

  NEST_LIMIT = 5,
  LOOP_BODY = 10
};

typedef struct variable {
  uint32_t rule;
  bool is_assignable;
  char name[NAME_SIZE];
} variable;

/* Where a text stands: what holds for everything in it. */
typedef struct place {
  uint64_t granted;
  int n_callables;       /* those declared before the one whose body this is */
  uint32_t depth, nest;  /* of expansions within a list's item, of lists */
  uint32_t outermost;    /* the first variable that is seen */
  uint64_t times;        /* how often it runs, by the loops around it */
  uint64_t limit, *cost; /* of the callable's body */
} place;

typedef struct expansion {
  const grammar *g;
  random_source random;
  uint32_t scale;
  char *text;
  size_t length, capacity;
  variable variables[MAX_VARIABLES];
  uint32_t n_variables, n_names;
  uint32_t depth_limit, list_limit; /* so that programs differ in size */
  uint32_t *favour;                 /* for each production, a factor on its weight */
} expansion;

/* The new names of one production's text. */
typedef struct names {
  variable at[MAX_NAMES];
  bool is_inner[MAX_NAMES], is_outer[MAX_NAMES];
  uint32_t n;
} names;

static uint32_t below(expansion *e, uint32_t n) { return random_below(&e->random, n); }
static bool chance(expansion *e, uint32_t percent) { return below(e, 100) < percent; }

static void put(expansion *e, const char *text, size_t n) {
  while (e->length + n + 1 > e->capacity) e->text = realloc(e->text, e->capacity *= 2);
  memcpy(e->text + e->length, text, n);
  e->text[e->length += n] = 0;
}

static void declare(expansion *e, const variable *v) {
  if (e->n_variables < MAX_VARIABLES) e->variables[e->n_variables++] = *v;
}

static const variable *pick_variable(expansion *e, const place *at, uint32_t rule, bool is_assigned) {
  const variable *found = NULL;
  uint32_t n = 0;
  for (uint32_t i = at->outermost; i < e->n_variables; i++) {
    const variable *v = &e->variables[i];
    if (v->rule == rule && (!is_assigned || v->is_assignable) && below(e, ++n) == 0) found = v;
  }
  return found;
}

/* --- which production --- */

static uint64_t remaining(const place *at) { return *at->cost >= at->limit ? 0 : at->limit - *at->cost; }

static bool has_targets(expansion *e, const place *at, const production *p) {
  for (uint32_t i = 0; i < p->n_parts; i++)
    if (p->parts[i].kind == PART_VARIABLE &&
        !pick_variable(e, at, p->parts[i].number, p->parts[i].is_assignable))
      return false;
  return true;
}

static bool is_usable(expansion *e, const place *at, const production *p) {
  if (p->needs & ~at->granted) return false;
  if (at->depth >= e->depth_limit && !p->is_short) return false;
  if (p->callable >= at->n_callables) return false;
  if (p->callable != NO_CALLABLE && at->times * e->g->callables[p->callable].cost > remaining(at))
    return false;
  if (p->has_loop && (at->nest >= NEST_LIMIT || at->times * 2 * LOOP_BODY > remaining(at))) return false;
  return has_targets(e, at, p);
}

/* One of the productions that may stand here, by weight, or NULL. */
static const production *pick_usable(expansion *e, const place *at, const rule *of) {
  const production *found = NULL;
  uint32_t sum = 0;
  bool is_spent = remaining(at) == 0;
  for (uint32_t i = 0; i < of->n_productions; i++) {
    const production *p = &of->productions[i];
    if (!is_usable(e, at, p) || (is_spent && !p->is_short)) continue;
    uint32_t weight = p->weight * e->favour[of->first_production + i];
    sum += weight;
    if (weight != 0 && below(e, sum) < weight) found = p;
  }
  return found;
}

/* One that ends soon, whatever it costs. */
static const production *pick_short(expansion *e, const place *at, const rule *of) {
  const production *found = NULL;
  uint32_t sum = 0;
  for (uint32_t i = 0; i < of->n_productions; i++) {
    const production *p = &of->productions[i];
    if (!p->is_short || p->needs != 0 || p->callable >= at->n_callables) continue;
    sum += p->weight;
    if (below(e, sum) < p->weight) found = p;
  }
  return found;
}

/* --- parts --- */

static void expand(expansion *e, const place *at, uint32_t i);

/* A few small counts and a rare larger one, as many as the cost allows. */
static uint32_t pick_count(expansion *e, const place *at, bool is_many) {
  uint64_t most = remaining(at) / (at->times * LOOP_BODY * (is_many ? e->scale : 1));
  uint32_t n = is_many ? 20 + below(e, 200) : chance(e, 80) ? 1 + below(e, 8) : 8 + below(e, 60);
  if (n > most) n = (uint32_t)most;
  return n < 1 ? 1 : n;
}

static void put_int(expansion *e) {
  static const int64_t telling[] = {0,  1,  2,   3,   -1,  7,   8,    10,    15,         16,         31,
                                    63, 64, 100, 127, 128, 255, 1000, 65535, 2147483647, 4294967296, -128};
  char text[24];
  int64_t n = telling[below(e, sizeof telling / sizeof *telling)];
  int length = snprintf(text, sizeof text, n < 0 ? "(%ld)" : "%ld", (long)n);
  put(e, text, (size_t)length);
}

static void new_name(expansion *e, names *new, uint32_t rule, const part *p) {
  assert(new->n < MAX_NAMES);
  variable *v = &new->at[new->n];
  *v = (variable){rule, p->is_assignable, ""};
  snprintf(v->name, NAME_SIZE, "v%u", e->n_names++);
  new->is_inner[new->n] = p->kind == PART_NEW && p->is_inner;
  new->is_outer[new->n] = p->kind == PART_NEW && !p->is_inner;
  new->n++;
  put(e, v->name, strlen(v->name));
}

static void declare_named(expansion *e, const names *new, const part *p) {
  variable v = {p->number, p->is_assignable, ""};
  if (p->length == 1 && *p->text >= '1' && *p->text <= '9') {
    memcpy(v.name, new->at[*p->text - '1'].name, NAME_SIZE);
  } else {
    assert(p->length < NAME_SIZE);
    memcpy(v.name, p->text, p->length);
  }
  declare(e, &v);
}

/* The place within a scope; the text's inner names are declared there. `own` is where a body's cost is
 * counted. */
static place open_scope(expansion *e, const place *at, const part *p, names *new, uint64_t *own) {
  place in = *at;
  in.granted = (at->granted | p->granted) & ~p->refused;
  if (p->is_opaque) in.outermost = e->n_variables;
  if (p->callable != NO_CALLABLE) {
    *own = 0;
    in.cost = own;
    in.limit = e->g->callables[p->callable].body;
    in.times = 1;
    in.depth = in.nest = 0;
    in.n_callables = p->callable;
  }
  for (uint32_t i = 0; i < new->n; i++) {
    if (new->is_inner[i]) declare(e, &new->at[i]);
    new->is_inner[i] = false;
  }
  return in;
}

static void expand_some(expansion *e, const place *at, uint32_t i) {
  place in = *at;
  in.nest++;
  in.depth = 0;
  in.limit -= remaining(at) / 4; /* what follows the list wants its share */
  uint32_t n = (at->nest == 0 ? 2 : 1) + below(e, e->list_limit);
  if (at->nest >= NEST_LIMIT) return;
  for (uint32_t k = 0; k < n && remaining(&in) > 0; k++) {
    if (k > 0) put(e, "\n", 1);
    expand(e, &in, i);
  }
}

static void put_named(expansion *e, const place *at, const part *p) {
  const variable *v = pick_variable(e, at, p->number, p->is_assignable);
  put(e, v->name, strlen(v->name));
}

static void put_count(expansion *e, place *at, const part *p) {
  char text[16];
  uint32_t n = pick_count(e, at, p->kind == PART_MANY);
  put(e, text, (size_t)snprintf(text, sizeof text, "%u", n));
  at->times *= (uint64_t)n * (p->kind == PART_MANY ? e->scale : 1);
}

/* The parts from *next to the end of the scope that `at` is the place of. */
static void write_parts(expansion *e, const production *p, place at, names *new, uint32_t *next) {
  uint32_t outside = e->n_variables;
  while (*next < p->n_parts) {
    const part *is = &p->parts[(*next)++];
    switch (is->kind) {
    case PART_TEXT: put(e, is->text, is->length); break;
    case PART_EXPAND: expand(e, &at, is->number); break;
    case PART_SOME: expand_some(e, &at, is->number); break;
    case PART_MAYBE:
      if (chance(e, 50) && at.depth < e->depth_limit) expand(e, &at, is->number);
      break;
    case PART_NEW: new_name(e, new, is->number, is); break;
    case PART_NAME: new_name(e, new, 0, is); break;
    case PART_VARIABLE: put_named(e, &at, is); break;
    case PART_NAMED: put(e, new->at[is->number].name, strlen(new->at[is->number].name)); break;
    case PART_DECLARED: declare_named(e, new, is); break;
    case PART_FEW:
    case PART_MANY: put_count(e, &at, is); break;
    case PART_TIMES: at.times *= is->number; break;
    case PART_INT: put_int(e); break;
    case PART_CLOSE: e->n_variables = outside; return;
    case PART_OPEN: {
      uint64_t own;
      uint32_t before = e->n_variables;
      place in = open_scope(e, &at, is, new, &own);
      write_parts(e, p, in, new, next);
      e->n_variables = before;
    }
    }
  }
}

static void expand(expansion *e, const place *at, uint32_t i) {
  const rule *of = &e->g->rules[i];
  *at->cost += at->times;
  const variable *v = pick_variable(e, at, i, false);
  const production *p = NULL;
  if (!v || !chance(e, 35 + 15 * at->depth)) p = pick_usable(e, at, of);
  if (!v && !p) p = pick_short(e, at, of);
  if (!p && !v) {
    fprintf(stderr, "grammar: nothing stands for %.*s behind: %s\n", (int)of->name_length, of->name,
            e->length > 200 ? e->text + e->length - 200 : e->text);
    abort();
  }
  if (!p) {
    put(e, v->name, strlen(v->name));
    return;
  }
  place in = *at;
  in.depth++;
  if (p->callable != NO_CALLABLE) *at->cost += at->times * e->g->callables[p->callable].cost;
  names new = {0};
  uint32_t next = 0;
  write_parts(e, p, in, &new, &next);
  for (uint32_t k = 0; k < new.n; k++)
    if (new.is_outer[k]) declare(e, &new.at[k]);
}

/* Of ten productions, two are left out, unless their rule would have none, and one is preferred. */
static void pick_favours(expansion *e) {
  for (uint32_t i = 0; i < e->g->n_rules; i++) {
    const rule *of = &e->g->rules[i];
    uint32_t *favour = &e->favour[of->first_production], sum = 0;
    for (uint32_t k = 0; k < of->n_productions; k++) {
      uint32_t dice = below(e, 10);
      sum += favour[k] = dice < 2 ? 0 : dice < 3 ? 5 : 1;
    }
    if (sum == 0 && of->n_productions != 0) favour[below(e, of->n_productions)] = 1;
  }
}

static uint32_t program_rule(const grammar *g) {
  uint32_t i = 0;
  while (g->rules[i].name_length != 7 || memcmp(g->rules[i].name, "program", 7) != 0) i++;
  return i;
}

char *grammar_expand(const grammar *g, uint64_t seed, uint32_t scale) {
  expansion *e = calloc(1, sizeof *e);
  e->g = g;
  e->random.state = seed * UINT64_C(0x2545f4914f6cdd1d) + 1;
  e->scale = scale;
  e->capacity = 4096;
  e->text = calloc(1, e->capacity);
  e->favour = calloc(g->n_productions, sizeof *e->favour);
  pick_favours(e);
  e->depth_limit = 2 + below(e, 3);
  e->list_limit = 1 + below(e, 5);
  uint64_t cost = 0;
  place whole = {.n_callables = (int)g->n_callables, .times = 1, .limit = UINT64_MAX, .cost = &cost};
  expand(e, &whole, program_rule(g));
  char *text = e->text;
  free(e->favour);
  free(e);
  return text;
}
