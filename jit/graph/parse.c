/* parse.c: reads graphs from text, for tests and experiments. text.h shows the form.
 *
 * Lines are read in order; what they name and is not there yet (values, successors) is noted and resolved at
 * the end. */
#include "text.h"
#include "terza/linking.h"
#include <inttypes.h>
#include <stdarg.h>
#include <stdlib.h>

enum { MAX_WORD = 1024, MAX_LIST = UINT16_MAX };

typedef struct list { /* of numbers read from a line */
  uint32_t n, room;
  uint32_t *at;
} list;

typedef struct fixup { /* *slot is to be the value with this id */
  tz_node **slot;
  uint32_t id, line;
} fixup;

typedef struct target { /* an edge to be made */
  tz_block *from;
  uint32_t to, line;
} target;

typedef struct block_entry {
  tz_block *block;
  list predecessors;
  uint32_t line;
} block_entry;

typedef struct parser {
  jmp_buf escape; /* for want of memory */
  tz_vm *vm;
  tz_graph *g;
  const char *at;
  uint32_t line;
  char *problem; /* the first one */
  char word[MAX_WORD];
  bool was_quoted;
  tz_block *block;  /* being filled */
  list numbers;     /* scratch */
  tz_node **values; /* by id */
  uint32_t n_values;
  block_entry *blocks;
  uint32_t n_blocks;
  fixup *fixups;
  uint32_t n_fixups, fixups_room;
  target *targets;
  uint32_t n_targets, targets_room;
} parser;

static void __attribute__((format(printf, 2, 3))) fail(parser *p, const char *format, ...) {
  if (p->problem != NULL) return;
  char text[MAX_WORD + 128];
  va_list args;
  va_start(args, format);
  vsnprintf(text, sizeof text, format, args);
  va_end(args);
  if (asprintf(&p->problem, "line %" PRIu32 ": %s", p->line, text) < 0) p->problem = strdup("out of memory");
}

static bool grow(parser *p, void *array, uint32_t *room, uint32_t n, size_t size) {
  if (n < *room) return true;
  uint32_t more = *room * 2 > n + 8 ? *room * 2 : n + 8;
  void *bigger = realloc(*(void **)array, more * size);
  if (bigger == NULL) {
    fail(p, "out of memory");
    return false;
  }
  memset((char *)bigger + *room * size, 0, (more - *room) * size);
  *(void **)array = bigger;
  *room = more;
  return true;
}

/* ---- Words ---- */

static void skip_blanks(parser *p) {
  while (*p->at == ' ' || *p->at == '\t') p->at++;
  if (*p->at == ';')
    while (*p->at != 0 && *p->at != '\n') p->at++;
}

static bool at_end_of_line(parser *p) {
  skip_blanks(p);
  return *p->at == '\n' || *p->at == 0;
}

static bool accept(parser *p, const char *text) {
  skip_blanks(p);
  size_t n = strlen(text);
  if (strncmp(p->at, text, n) != 0) return false;
  p->at += n;
  return true;
}

static void expect(parser *p, const char *text) {
  if (!accept(p, text)) fail(p, "expected %s", text);
}

static void read_quoted(parser *p, size_t *n) {
  for (p->at++; *p->at != '"' && *n < MAX_WORD - 1; p->at++) {
    unsigned code;
    if (*p->at == 0 || *p->at == '\n') {
      fail(p, "text without an end");
      return;
    }
    if (*p->at != '\\') p->word[(*n)++] = *p->at;
    else if (p->at[1] == '"' || p->at[1] == '\\') p->word[(*n)++] = *++p->at;
    else if (sscanf(p->at + 1, "%2x", &code) == 1) {
      p->word[(*n)++] = (char)code;
      p->at += 2;
    } else fail(p, "bad escape");
  }
  if (*p->at == '"') p->at++;
}

/* The next word into p->word; its length. */
static size_t read_word(parser *p) {
  skip_blanks(p);
  size_t n = 0;
  p->was_quoted = *p->at == '"';
  if (p->was_quoted) read_quoted(p, &n);
  else
    while (*p->at != 0 && strchr(" \t\n\",()<>{}=;\\", *p->at) == NULL && n < MAX_WORD - 1)
      p->word[n++] = *p->at++;
  p->word[n] = 0;
  if (n == 0 && !p->was_quoted) fail(p, at_end_of_line(p) ? "the line ends early" : "a word was expected");
  return n;
}

static int64_t read_integer(parser *p) {
  read_word(p);
  char *end;
  int64_t i = (int64_t)(p->word[0] == '-' ? strtoll(p->word, &end, 10) : (int64_t)strtoull(p->word, &end, 0));
  if (*end != 0) fail(p, "%s is no integer", p->word);
  return i;
}

static uint32_t read_id(parser *p, char letter) {
  read_word(p);
  char *end;
  unsigned long id = strtoul(p->word + 1, &end, 10);
  if (p->word[0] != letter || *end != 0 || end == p->word + 1 || id > 1u << 24)
    fail(p, "%s is no name of a %s", p->word, letter == 'v' ? "value" : "block");
  return p->problem == NULL ? (uint32_t)id : 0;
}

static bool starts_id(parser *p, char letter) {
  skip_blanks(p);
  return *p->at == letter && p->at[1] >= '0' && p->at[1] <= '9';
}

/* Comma-separated ids, from the first one on. */
static void read_ids(parser *p, char letter, list *ids) {
  ids->n = 0;
  do {
    uint32_t id = read_id(p, letter);
    if (p->problem != NULL || !grow(p, &ids->at, &ids->room, ids->n, sizeof *ids->at)) return;
    if (ids->n == MAX_LIST) fail(p, "too many");
    else ids->at[ids->n++] = id;
  } while (accept(p, ","));
}

/* ---- Things of the machine by name ---- */

static bool word_is_address(parser *p, const void **address) {
  if (p->was_quoted || strncmp(p->word, "0x", 2) != 0) return false;
  *address = (const void *)(uintptr_t)strtoull(p->word, NULL, 16);
  return true;
}

static const tz_type *word_type(parser *p) {
  const char *error = NULL;
  const tz_type *t = tz_type_parse(p->vm, p->word, &error);
  if (t == NULL) fail(p, "type %s: %s", p->word, error != NULL ? error : "unknown");
  return t;
}

static const void *read_class(parser *p) {
  const void *address;
  read_word(p);
  if (p->problem != NULL || word_is_address(p, &address)) return p->problem == NULL ? address : NULL;
  const tz_type *t = word_type(p);
  if (t != NULL && t->class_ == NULL) fail(p, "%s is no class", p->word);
  return t != NULL ? t->class_ : NULL;
}

static const void *read_type(parser *p) {
  read_word(p);
  return p->problem == NULL ? word_type(p) : NULL;
}

static tz_function *word_function(parser *p) {
  for (const tz_module *m = p->vm->modules; m != NULL; m = m->next)
    for (uint32_t i = 0; i < m->n_functions; i++)
      if (m->functions[i] != NULL && strcmp(m->functions[i]->name, p->word) == 0) return m->functions[i];
  fail(p, "there is no function %s", p->word);
  return NULL;
}

static tz_function *read_function(parser *p) {
  read_word(p);
  return p->problem == NULL ? word_function(p) : NULL;
}

static const void *read_global(parser *p) {
  const void *address;
  read_word(p);
  if (p->problem != NULL || word_is_address(p, &address)) return p->problem == NULL ? address : NULL;
  char *colon = strrchr(p->word, ':');
  size_t length = colon != NULL ? (size_t)(colon - p->word) : 0;
  for (const tz_module *m = p->vm->modules; m != NULL && colon != NULL; m = m->next)
    if (strlen(m->name) == length && strncmp(m->name, p->word, length) == 0) {
      unsigned long i = strtoul(colon + 1, NULL, 10);
      if (i < m->n_storage) return m->storage + i;
    }
  fail(p, "there is no global %s", p->word);
  return NULL;
}

static const void *read_object(parser *p) {
  const void *address;
  size_t n = read_word(p);
  if (p->problem != NULL) return NULL;
  if (p->was_quoted) {
    const void *text = tz_string_permanent(p->vm, p->word, n);
    if (text == NULL) fail(p, "out of memory");
    return text;
  }
  if (strcmp(p->word, "null") == 0) return NULL;
  if (!word_is_address(p, &address)) fail(p, "%s is no permanent object", p->word);
  return p->problem == NULL ? address : NULL;
}

static double read_float(parser *p) {
  const void *bits;
  double f = 0;
  read_word(p);
  if (word_is_address(p, &bits)) {
    uint64_t u = (uintptr_t)bits;
    memcpy(&f, &u, 8);
    return f;
  }
  char *end;
  f = strtod(p->word, &end);
  if (*end != 0) fail(p, "%s is no float", p->word);
  return f;
}

static uint64_t read_any(parser *p) {
  static const struct {
    const char *text;
    uint64_t word;
  } names[] = {{"null", TZ_ANY_NULL}, {"false", TZ_ANY_BOOL_TAG << 48}, {"true", TZ_ANY_BOOL_TAG << 48 | 1}};
  for (size_t i = 0; i < sizeof names / sizeof *names; i++)
    if (accept(p, names[i].text)) return names[i].word;
  if (accept(p, "float")) return tz_any_from_float(read_float(p));
  int64_t i = read_integer(p);
  if (!tz_any_int_fits(i)) fail(p, "%" PRId64 " does not fit 51 bits", i);
  return tz_any_from_int(i);
}

/* ---- Nodes ---- */

static uint32_t index_of(parser *p, const char *(*name)(uint32_t), uint32_t n, const char *what) {
  for (uint32_t i = 0; i < n; i++)
    if (strcmp(p->word, name(i)) == 0) return i;
  fail(p, "there is no %s %s", what, p->word);
  return 0;
}
static const char *op_name(uint32_t i) { return tz_node_name((tz_node_op)i); }
static const char *type_name(uint32_t i) { return tz_node_type_name((tz_node_type)i); }
static const char *kind_name(uint32_t i) { return tz_kind_name((tz_kind)i); }
static const char *reason_name(uint32_t i) { return tz_deopt_name((tz_deopt_reason)i); }

static void read_int_constant(parser *p, tz_node *n) {
  n->aux = accept(p, "class ")      ? TZ_INT_CLASS
           : accept(p, "function ") ? TZ_INT_FUNCTION
           : accept(p, "type ")     ? TZ_INT_TYPE
                                    : TZ_INT_NUMBER;
  switch ((tz_int_is)n->aux) {
  case TZ_INT_NUMBER: n->imm.i = read_integer(p); break;
  case TZ_INT_CLASS: n->imm.i = (int64_t)(uintptr_t)read_class(p); break;
  case TZ_INT_FUNCTION: n->imm.i = (int64_t)(uintptr_t)read_function(p); break;
  case TZ_INT_TYPE: n->imm.i = (int64_t)(uintptr_t)read_type(p); break;
  }
}

static void read_details(parser *p, tz_node *n) {
  tz_details details = tz_node_details((tz_node_op)n->op);
  switch ((tz_detail)details.imm) {
  case TZ_DETAIL_INTEGER: read_int_constant(p, n); break;
  case TZ_DETAIL_FLOAT: n->imm.f = read_float(p); break;
  case TZ_DETAIL_OBJECT: n->imm.p = read_object(p); break;
  case TZ_DETAIL_WORD: n->imm.i = (int64_t)read_any(p); break;
  case TZ_DETAIL_CLASS: n->imm.p = read_class(p); break;
  case TZ_DETAIL_TYPE: n->imm.p = read_type(p); break;
  case TZ_DETAIL_FUNCTION: n->imm.p = read_function(p); break;
  case TZ_DETAIL_GLOBAL: n->imm.p = read_global(p); break;
  default: break;
  }
  switch ((tz_detail)details.aux) {
  case TZ_DETAIL_SLOT:
  case TZ_DETAIL_BITS:
  case TZ_DETAIL_CHANCE: n->aux = (uint32_t)read_integer(p); break;
  case TZ_DETAIL_KIND:
    read_word(p);
    n->aux = index_of(p, kind_name, TZ_KIND_COUNT, "kind");
    break;
  case TZ_DETAIL_REASON:
    read_word(p);
    n->aux = index_of(p, reason_name, TZ_DEOPT_COUNT, "reason");
    break;
  default: break;
  }
}

static void add_fixup(parser *p, tz_node **slot, uint32_t id) {
  if (grow(p, &p->fixups, &p->fixups_room, p->n_fixups, sizeof *p->fixups))
    p->fixups[p->n_fixups++] = (fixup){slot, id, p->line};
}

static tz_frame_state *read_state(parser *p) {
  read_word(p);
  if (p->problem != NULL) return NULL;
  char *colon = p->was_quoted ? NULL : strrchr(p->word, ':');
  if (colon != NULL) *colon = 0;
  tz_function *f = word_function(p);
  uint32_t pc = 0;
  if (colon != NULL) pc = (uint32_t)strtoul(colon + 1, NULL, 10);
  else {
    expect(p, ":");
    pc = (uint32_t)read_integer(p);
  }
  if (p->problem != NULL) return NULL;
  tz_frame_state *s = tz_graph_alloc(p->g, sizeof *s);
  *s = (tz_frame_state){.function = f, .pc = pc};
  if (accept(p, "[")) {
    s->n = f->n_registers;
    s->values = tz_graph_alloc(p->g, (s->n + 1) * sizeof *s->values);
    while (p->problem == NULL && !accept(p, "]")) {
      uint32_t r = read_id(p, 'r');
      expect(p, "=");
      skip_blanks(p);
      char *end;
      uint32_t id = (uint32_t)strtoul(p->at + 1, &end, 10);
      if (r >= s->n) fail(p, "%s has %u registers", f->name, s->n);
      else if (*p->at != 'v' || end == p->at + 1) fail(p, "a value was expected");
      else add_fixup(p, &s->values[r], id);
      p->at = end;
    }
  }
  if (accept(p, "<")) s->outer = read_state(p);
  return s;
}

static void read_stamps(parser *p, tz_node *n) {
  while (p->problem == NULL && !at_end_of_line(p) && strncmp(p->at, "->", 2) != 0 && *p->at != '@') {
    if (accept(p, "nonnull")) n->is_nonnull = true;
    else if (accept(p, "exact")) n->is_exact = true;
    else if (accept(p, "nobarrier")) n->no_barrier = true;
    else if (accept(p, "waits")) n->waits = true;
    else n->cls = read_class(p);
  }
}

static void define(parser *p, tz_node *n, uint32_t id) {
  if (!grow(p, &p->values, &p->n_values, id, sizeof *p->values)) return;
  if (p->values[id] != NULL) fail(p, "v%" PRIu32 " is defined twice", id);
  p->values[id] = n;
  n->id = id;
}

static void read_targets(parser *p) {
  read_ids(p, 'b', &p->numbers);
  for (uint32_t i = 0; i < p->numbers.n && p->problem == NULL; i++)
    if (grow(p, &p->targets, &p->targets_room, p->n_targets, sizeof *p->targets))
      p->targets[p->n_targets++] = (target){p->block, p->numbers.at[i], p->line};
}

/* What follows the operation's name. */
static void finish_node(parser *p, tz_node_op op, tz_node_type type, bool has_id, uint32_t id) {
  tz_node details = {.op = (uint8_t)op};
  read_details(p, &details);
  p->numbers.n = 0;
  if (starts_id(p, 'v')) read_ids(p, 'v', &p->numbers);
  if (p->problem != NULL) return;
  tz_node *n = tz_node_new(p->g, op, type, p->numbers.n);
  n->imm = details.imm;
  n->aux = details.aux;
  for (uint32_t i = 0; i < p->numbers.n; i++) add_fixup(p, &n->inputs[i], p->numbers.at[i]);
  if (has_id) define(p, n, id);
  else n->id = UINT32_MAX; /* until all others have theirs */
  if (op != TZ_NODE_VIRTUAL) tz_block_append(p->block, n);
  if (op == TZ_NODE_PARAM && n->imm.i >= 0 && n->imm.i < p->g->n_params) p->g->params[n->imm.i] = n;
  if (accept(p, ": ")) read_stamps(p, n);
  if (accept(p, "->")) read_targets(p);
  if (accept(p, "@")) n->state = read_state(p);
  if (!at_end_of_line(p)) fail(p, "what is this at the end of the line: %.20s", p->at);
}

static void read_node(parser *p) {
  bool has_id = starts_id(p, 'v');
  uint32_t id = 0;
  if (has_id) {
    id = read_id(p, 'v');
    expect(p, "=");
  }
  if (p->block == NULL) fail(p, "a node outside any block");
  read_word(p);
  uint32_t op = index_of(p, op_name, TZ_NODE_COUNT, "operation");
  if (p->problem != NULL) return;
  tz_node_type type = TZ_TYPE_VOID;
  if (tz_node_type_varies((tz_node_op)op)) {
    read_word(p);
    type = (tz_node_type)index_of(p, type_name, TZ_TYPE_ANY + 1, "type");
  } else type = tz_node_fixed_type((tz_node_op)op);
  if (has_id != (type != TZ_TYPE_VOID))
    fail(p, has_id ? "%s gives no value" : "%s needs a name for its value", op_name(op));
  if (p->problem == NULL) finish_node(p, (tz_node_op)op, type, has_id, id);
}

/* ---- Blocks ---- */

static void read_block(parser *p) {
  uint32_t line = p->line;
  skip_blanks(p);
  char *end;
  uint32_t id = (uint32_t)strtoul(p->at + 1, &end, 10);
  p->at = end;
  if (id > 1u << 24 || !grow(p, &p->blocks, &p->n_blocks, id, sizeof *p->blocks)) return;
  block_entry *e = &p->blocks[id];
  if (e->block != NULL) {
    fail(p, "b%" PRIu32 " is there twice", id);
    return;
  }
  if (accept(p, "(")) {
    read_ids(p, 'b', &e->predecessors);
    expect(p, ")");
  }
  expect(p, ":");
  e->block = p->block == NULL ? p->g->entry : tz_block_new(p->g);
  e->line = line;
  e->block->id = id;
  if (p->g->n_block_ids <= id) p->g->n_block_ids = id + 1;
  p->block = e->block;
}

static void read_head(parser *p) {
  expect(p, "graph");
  tz_function *f = read_function(p);
  read_word(p);
  tz_node_type result = (tz_node_type)index_of(p, type_name, TZ_TYPE_ANY + 1, "type");
  uint32_t osr_pc = accept(p, "osr") ? (uint32_t)read_integer(p) : TZ_NO_OSR;
  if (p->problem != NULL) return;
  p->g = tz_graph_new(p->vm, f, osr_pc);
  if (p->g == NULL) {
    fail(p, "out of memory");
    return;
  }
  p->g->escape = &p->escape;
  p->g->result = result;
  p->g->n_params = osr_pc == TZ_NO_OSR ? f->n_params : f->n_registers;
  p->g->params = tz_graph_alloc(p->g, (p->g->n_params + 1) * sizeof *p->g->params);
}

static void read_lines(parser *p) {
  for (; *p->at != 0 && p->problem == NULL; p->line++) {
    if (!at_end_of_line(p)) {
      if (p->g == NULL) read_head(p);
      else if (starts_id(p, 'b')) read_block(p);
      else read_node(p);
    }
    if (p->problem == NULL && !at_end_of_line(p))
      fail(p, "what is this at the end of the line: %.20s", p->at);
    if (*p->at == '\n') p->at++;
  }
  if (p->block == NULL) fail(p, "no graph");
}

/* ---- What was named before it was there ---- */

static void resolve_values(parser *p) {
  for (uint32_t i = 0; i < p->n_fixups && p->problem == NULL; i++) {
    const fixup *x = &p->fixups[i];
    p->line = x->line;
    *x->slot = x->id < p->n_values ? p->values[x->id] : NULL;
    if (*x->slot == NULL) fail(p, "v%" PRIu32 " is defined nowhere", x->id);
  }
}

static void resolve_edges(parser *p) {
  for (uint32_t i = 0; i < p->n_targets && p->problem == NULL; i++) {
    const target *t = &p->targets[i];
    p->line = t->line;
    if (t->to >= p->n_blocks || p->blocks[t->to].block == NULL) fail(p, "there is no block b%" PRIu32, t->to);
    else tz_block_link(p->g, t->from, p->blocks[t->to].block);
  }
}

/* The predecessors in the order that the block names them in, which is that of its PHIs' inputs. */
static void order_predecessors(parser *p, block_entry *e) {
  tz_block *b = e->block;
  p->line = e->line;
  if (e->predecessors.n != b->n_predecessors)
    fail(p, "b%" PRIu32 " names %" PRIu32 " predecessors, but has %" PRIu32, b->id, e->predecessors.n,
         b->n_predecessors);
  for (uint32_t i = 0; i < b->n_predecessors && p->problem == NULL; i++) {
    uint32_t j = i;
    while (j < b->n_predecessors && b->predecessors[j]->id != e->predecessors.at[i]) j++;
    if (j == b->n_predecessors) {
      fail(p, "b%" PRIu32 " does not come before b%" PRIu32, e->predecessors.at[i], b->id);
      return;
    }
    tz_block *found = b->predecessors[j];
    b->predecessors[j] = b->predecessors[i];
    b->predecessors[i] = found;
  }
}

/* Nodes without a value get the ids behind those that were named. */
static void number_rest(parser *p) {
  uint32_t next = 0;
  for (uint32_t i = 0; i < p->n_values; i++)
    if (p->values[i] != NULL) next = i + 1;
  for (uint32_t i = 0; i < p->g->n_blocks; i++)
    for (tz_node *n = p->g->blocks[i]->first; n != NULL; n = n->next)
      if (n->id == UINT32_MAX) n->id = next++;
  p->g->n_nodes = next;
}

static void order_all_predecessors(parser *p) {
  for (uint32_t i = 0; i < p->n_blocks && p->problem == NULL; i++)
    if (p->blocks[i].block != NULL) order_predecessors(p, &p->blocks[i]);
}

static void parse(parser *p) {
  if (setjmp(p->escape)) {
    fail(p, "out of memory");
    return;
  }
  read_lines(p);
  if (p->problem == NULL) resolve_values(p);
  if (p->problem == NULL) resolve_edges(p);
  if (p->problem == NULL) order_all_predecessors(p);
  if (p->problem == NULL) number_rest(p);
}

static void parser_fini(parser *p) {
  for (uint32_t i = 0; i < p->n_blocks; i++) free(p->blocks[i].predecessors.at);
  free(p->numbers.at);
  free(p->values);
  free(p->blocks);
  free(p->fixups);
  free(p->targets);
}

tz_graph *tz_graph_parse(tz_vm *vm, const char *text, char **problem) {
  parser p = {.vm = vm, .at = text, .line = 1};
  parse(&p);
  parser_fini(&p);
  if (p.g != NULL) p.g->escape = NULL;
  if (p.problem == NULL) return p.g;
  tz_graph_free(p.g);
  *problem = p.problem;
  return NULL;
}
