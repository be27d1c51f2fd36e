/* query.c: answers questions in a small SQL about three tables; see ../rima/query.rima.

   Invariant: what a question needs lives in an arena of its own, the tables in another; texts point into the
   questions or are constants. Expressions are trees that a switch evaluates. */
#define _GNU_SOURCE /* for qsort_r */
#include "harness.h"
#include "text.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MOST_COLUMNS = 24, MOST_KEYS = 4, MOST_TOKENS = 128, N_TABLES = 3 };

typedef struct {
  bool is_text;
  union {
    int64_t number;
    piece text;
  };
} value;

static value number(int64_t n) { return (value){.number = n}; }
static value text(piece p) { return (value){.is_text = true, .text = p}; }

static void fail(const char *problem, piece subject) {
  fprintf(stderr, "query: %s %.*s\n", problem, subject.length, subject.bytes);
  exit(EXIT_FAILURE);
}

static int64_t number_of(value v) {
  if (v.is_text) fail("a number is wanted, not", v.text);
  return v.number;
}

static int compare(value a, value b) {
  if (a.is_text != b.is_text) return a.is_text ? 1 : -1;
  if (a.is_text) return piece_compare(a.text, b.text);
  return (a.number > b.number) - (a.number < b.number);
}

static void show(buffer *out, value v) {
  if (v.is_text) buffer_add(out, v.text);
  else buffer_add_int(out, v.number);
}

typedef enum {
  CONSTANT,
  CELL,
  OR,
  AND,
  NOT,
  EQUAL,
  UNEQUAL,
  LESS,
  GREATER,
  AT_LEAST,
  PLUS,
  MINUS,
  TIMES
} kind;

typedef struct expression expression;
struct expression {
  kind kind;
  int cell;
  value constant;
  const expression *a, *b;
};

static value eval(const expression *e, const value *row);

static bool holds(const expression *e, const value *row) { return number_of(eval(e, row)) != 0; }

static int order_of(const expression *e, const value *row) {
  return compare(eval(e->a, row), eval(e->b, row));
}

static value eval(const expression *e, const value *row) {
  switch (e->kind) {
  case CONSTANT: return e->constant;
  case CELL: return row[e->cell];
  case OR: return number(holds(e->a, row) || holds(e->b, row));
  case AND: return number(holds(e->a, row) && holds(e->b, row));
  case NOT: return number(!holds(e->a, row));
  case EQUAL: return number(order_of(e, row) == 0);
  case UNEQUAL: return number(order_of(e, row) != 0);
  case LESS: return number(order_of(e, row) < 0);
  case GREATER: return number(order_of(e, row) > 0);
  case AT_LEAST: return number(order_of(e, row) >= 0);
  case PLUS: return number(number_of(eval(e->a, row)) + number_of(eval(e->b, row)));
  case MINUS: return number(number_of(eval(e->a, row)) - number_of(eval(e->b, row)));
  case TIMES: return number(number_of(eval(e->a, row)) * number_of(eval(e->b, row)));
  }
  return number(0);
}

/* Gives rows one after another, NULL behind the last. Columns are named TABLE.COLUMN, or as the question
   names them. Each operator begins with this. */
typedef struct operator operator;
struct operator{
  value *(*next)(operator* o);
  operator* input;
  int n_columns;
  piece columns[MOST_COLUMNS];
  arena *memory;
};

static value *next_row(operator* o) { return o->next(o); }

static void *operator_make(arena *memory, size_t size, value *(*next)(operator*), operator* input) {
  operator* o = memset(arena_get(memory, size), 0, size);
  o->next = next;
  o->input = input;
  o->memory = memory;
  if (input) {
    o->n_columns = input->n_columns;
    memcpy(o->columns, input->columns, sizeof o->columns);
  }
  return o;
}

static int position(const operator* o, piece name) {
  for (int i = 0; i < o->n_columns; i++) {
    piece column = o->columns[i];
    int behind = column.length - name.length;
    if (piece_is(column, name)) return i;
    if (behind < 1 || column.bytes[behind - 1] != '.') continue;
    if (piece_is((piece){column.bytes + behind, name.length}, name)) return i;
  }
  fail("there is no column", name);
  return -1;
}

typedef struct {
  const char *name;
  int n_columns;
  const char *columns[5];
  vector rows; /* of value[] */
} relation;

typedef struct {
  operator base;
  const relation *relation;
  int at;
} scan;

static value *scan_next(operator* o) {
  scan *s = (scan *)o;
  return s->at == vector_size(&s->relation->rows) ? NULL : vector_at(&s->relation->rows, s->at++);
}

static operator* scan_make(arena *memory, const relation *r) {
  scan *s = operator_make(memory, sizeof *s, scan_next, NULL);
  s->relation = r;
  s->base.n_columns = r->n_columns;
  for (int i = 0; i < r->n_columns; i++) s->base.columns[i] = piece_of(r->columns[i]);
  return &s->base;
}

typedef struct {
  operator base;
  const expression *condition;
} filter;

static value *filter_next(operator* o) {
  const filter *f = (filter *)o;
  value *row = next_row(o->input);
  while (row && !holds(f->condition, row)) row = next_row(o->input);
  return row;
}

/* Pairs the rows whose keys are the same; those on the right stand in a table by their keys. */
typedef struct {
  operator base; /* the input is the left */
  const expression *key;
  table matches; /* to vectors of rows */
  buffer text;
  int n_left, n_right;
  const value *row;
  const vector *found;
  int at;
} join;

static piece key_text(buffer *b, value key) {
  b->length = 0;
  show(b, key);
  return buffer_piece(b);
}

static value *join_next(operator* o) {
  join *j = (join *)o;
  while (!j->found || j->at == vector_size(j->found)) {
    j->row = next_row(o->input);
    if (!j->row) {
      free(j->text.bytes);
      j->text = (buffer){0};
      return NULL;
    }
    const table_entry *e = table_find(&j->matches, key_text(&j->text, eval(j->key, j->row)));
    j->found = e ? e->pointer : NULL;
    j->at = 0;
  }
  size_t left = (size_t)j->n_left * sizeof(value), right = (size_t)j->n_right * sizeof(value);
  value *both = arena_get(o->memory, left + right);
  memcpy(both, j->row, left);
  memcpy(both + j->n_left, vector_at(j->found, j->at++), right);
  return both;
}

static void join_add(join *j, value *row, value key) {
  piece name = key_text(&j->text, key);
  table_entry *e = table_find(&j->matches, name);
  if (!e) {
    e = table_get(&j->matches, piece_copy(name, j->base.memory));
    vector *rows = arena_get(j->base.memory, sizeof *rows);
    *rows = (vector){.arena = j->base.memory};
    e->pointer = rows;
  }
  vector_append(e->pointer, row);
}

static operator*
    join_make(operator* left, operator* right, const expression *key, const expression *right_key) {
  join *j = operator_make(left->memory, sizeof *j, join_next, left);
  j->key = key;
  j->matches.memory = left->memory;
  j->n_left = left->n_columns;
  j->n_right = right->n_columns;
  for (int i = 0; i < right->n_columns; i++) j->base.columns[j->base.n_columns++] = right->columns[i];
  for (value *row; (row = next_row(right));) join_add(j, row, eval(right_key, row));
  return &j->base;
}

typedef struct {
  operator base;
  const expression *items[MOST_COLUMNS];
} project;

static value *project_next(operator* o) {
  const project *p = (project *)o;
  const value *row = next_row(o->input);
  if (!row) return NULL;
  value *result = arena_get(o->memory, (size_t)o->n_columns * sizeof *result);
  for (int i = 0; i < o->n_columns; i++) result[i] = eval(p->items[i], row);
  return result;
}

typedef enum { COUNT, SUM, MIN, MAX } summary;

typedef struct {
  summary summary;
  const expression *argument;
} aggregate;

/* The rows with the same keys, and what is known of them so far. */
typedef struct group group;
struct group {
  int counts[MOST_COLUMNS];
  value row[MOST_COLUMNS]; /* the keys, then the aggregates */
};

typedef struct {
  operator base;
  int n_keys, n_aggregates;
  const expression *keys[MOST_KEYS];
  aggregate aggregates[MOST_COLUMNS];
  table groups;
  bool is_collected;
  const table_entry *at;
} grouping;

static void group_add(group *g, const grouping *by, const value *row) {
  for (int i = 0; i < by->n_aggregates; i++) {
    int64_t n = number_of(eval(by->aggregates[i].argument, row));
    int64_t *known = &g->row[by->n_keys + i].number;
    bool is_first = g->counts[i]++ == 0;
    switch (by->aggregates[i].summary) {
    case COUNT: ++*known; break;
    case SUM: *known += n; break;
    case MIN:
      if (is_first || n < *known) *known = n;
      break;
    case MAX:
      if (is_first || n > *known) *known = n;
      break;
    }
  }
}

static group *group_of(grouping *by, const value *row, buffer *b) {
  value keys[MOST_KEYS];
  b->length = 0;
  for (int i = 0; i < by->n_keys; i++) {
    keys[i] = eval(by->keys[i], row);
    show(b, keys[i]);
    buffer_add_char(b, '|');
  }
  table_entry *e = table_find(&by->groups, buffer_piece(b));
  if (e) return e->pointer;
  e = table_get(&by->groups, piece_copy(buffer_piece(b), by->base.memory));
  group *added = memset(arena_get(by->base.memory, sizeof *added), 0, sizeof *added);
  memcpy(added->row, keys, (size_t)by->n_keys * sizeof *keys);
  e->pointer = added;
  return added;
}

static value *grouping_next(operator* o) {
  grouping *by = (grouping *)o;
  if (!by->is_collected) {
    buffer b = {0};
    for (const value *row; (row = next_row(o->input));) group_add(group_of(by, row, &b), by, row);
    free(b.bytes);
    by->is_collected = true;
    by->at = by->groups.oldest;
  }
  if (!by->at) return NULL;
  group *g = by->at->pointer;
  by->at = by->at->newer;
  return g->row;
}

typedef struct {
  int column;
  bool is_descending;
} order;

typedef struct {
  operator base;
  int n_orders;
  order orders[MOST_KEYS];
  vector rows;
  bool is_collected;
  int at;
} sort;

static int sort_compare(const void *a, const void *b, void *context) {
  const sort *s = context;
  const value *first = *(value *const *)a, *second = *(value *const *)b;
  for (int i = 0; i < s->n_orders; i++) {
    int result = compare(first[s->orders[i].column], second[s->orders[i].column]);
    if (result != 0) return s->orders[i].is_descending ? -result : result;
  }
  return 0;
}

static value *sort_next(operator* o) {
  sort *s = (sort *)o;
  if (!s->is_collected) {
    for (value *row; (row = next_row(o->input));) vector_append(&s->rows, row);
    if (vector_size(&s->rows) > 0)
      qsort_r(s->rows.storage, (size_t)vector_size(&s->rows), sizeof(void *), sort_compare, s);
    s->is_collected = true;
  }
  return s->at == vector_size(&s->rows) ? NULL : vector_at(&s->rows, s->at++);
}

typedef struct {
  operator base;
  int left;
} limit;

static value *limit_next(operator* o) {
  limit *l = (limit *)o;
  return l->left-- > 0 ? next_row(o->input) : NULL;
}

typedef struct {
  piece tokens[MOST_TOKENS];
  int n_tokens, at;
  const relation *tables;
  operator* scope; /* what names of columns mean */
  aggregate aggregates[MOST_COLUMNS];
  int n_aggregates;
  piece key_names[MOST_KEYS];
  int n_keys; /* 0 where columns are those of the rows */
  arena *memory;
} planner;

static bool is_word_byte(char c) {
  return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '.' || c == '_';
}

/* Takes a question apart into words, numbers, texts with their first quote, and signs. */
static void tokenize(planner *p, const char *question) {
  for (const char *at = question; *at;) {
    const char *start = at++, *stop;
    if (*start == '\'') {
      while (*at != '\'') at++;
      stop = at++;
    } else if (is_word_byte(*start)) {
      while (is_word_byte(*at)) at++;
      stop = at;
    } else {
      if ((*start == '<' || *start == '>') && (*at == '=' || *at == '>')) at++;
      stop = at;
    }
    if (*start == ' ') continue;
    if (p->n_tokens == MOST_TOKENS) fail("too long:", piece_of(question));
    p->tokens[p->n_tokens++] = (piece){start, (int)(stop - start)};
  }
}

static piece peek(const planner *p) { return p->at < p->n_tokens ? p->tokens[p->at] : (piece){"", 0}; }

static bool is_next(const planner *p, const char *word) { return piece_is(peek(p), piece_of(word)); }

static piece next(planner *p) {
  if (p->at == p->n_tokens) fail("a word is missing at", piece_of("the end"));
  return p->tokens[p->at++];
}

static bool take(planner *p, const char *word) {
  if (!is_next(p, word)) return false;
  p->at++;
  return true;
}

static void need(planner *p, const char *word) {
  if (take(p, word)) return;
  fprintf(stderr, "query: %s is missing\n", word);
  fail("before", peek(p));
}

static int next_number(planner *p) {
  piece digits = next(p);
  int n = 0;
  for (int i = 0; i < digits.length; i++) n = n * 10 + digits.bytes[i] - '0';
  return n;
}

static const expression *make(planner *p, expression e) {
  expression *made = arena_get(p->memory, sizeof *made);
  *made = e;
  return made;
}

static const expression *cell(planner *p, int position) {
  return make(p, (expression){.kind = CELL, .cell = position});
}

static const expression *constant(planner *p, value v) {
  return make(p, (expression){.kind = CONSTANT, .constant = v});
}

static const expression *parse_expression(planner *p);

static summary summary_of(piece name) {
  static const char *const names[] = {"count", "sum", "min", "max"};
  for (int i = 0; i < 4; i++)
    if (piece_is(name, piece_of(names[i]))) return (summary)i;
  fail("there is no function", name);
  return COUNT;
}

static const expression *parse_aggregate(planner *p, piece name) {
  summary s = summary_of(name);
  int n_keys = p->n_keys;
  p->n_keys = 0; /* within the argument, columns are those of the rows */
  const expression *argument = is_next(p, ")") ? constant(p, number(0)) : parse_expression(p);
  p->n_keys = n_keys;
  need(p, ")");
  p->aggregates[p->n_aggregates++] = (aggregate){s, argument};
  return cell(p, n_keys + p->n_aggregates - 1);
}

/* Behind a grouping, a column is one of the keys. */
static const expression *column(planner *p, piece name) {
  if (p->n_keys == 0) return cell(p, position(p->scope, name));
  for (int i = 0; i < p->n_keys; i++)
    if (piece_is(p->key_names[i], name)) return cell(p, i);
  fail("not grouped by", name);
  return NULL;
}

static const expression *parse_primary(planner *p) {
  char first = peek(p).length ? *peek(p).bytes : 0;
  if (first >= '0' && first <= '9') return constant(p, number(next_number(p)));
  piece token = next(p);
  if (first == '(') {
    const expression *inner = parse_expression(p);
    need(p, ")");
    return inner;
  }
  if (take(p, "(")) return parse_aggregate(p, token);
  if (first == '\'') return constant(p, text((piece){token.bytes + 1, token.length - 1}));
  return column(p, token);
}

static const expression *parse_product(planner *p) {
  const expression *left = parse_primary(p);
  while (take(p, "*")) left = make(p, (expression){.kind = TIMES, .a = left, .b = parse_primary(p)});
  return left;
}

static const expression *parse_sum(planner *p) {
  const expression *left = parse_product(p);
  while (is_next(p, "+") || is_next(p, "-")) {
    kind kind = *next(p).bytes == '+' ? PLUS : MINUS;
    left = make(p, (expression){.kind = kind, .a = left, .b = parse_product(p)});
  }
  return left;
}

static const expression *parse_comparison(planner *p) {
  static const struct {
    const char *sign;
    kind kind;
  } signs[] = {{"=", EQUAL}, {"<>", UNEQUAL}, {"<", LESS}, {">", GREATER}, {">=", AT_LEAST}};
  const expression *a = parse_sum(p);
  for (size_t i = 0; i < sizeof signs / sizeof *signs; i++)
    if (take(p, signs[i].sign))
      return make(p, (expression){.kind = signs[i].kind, .a = a, .b = parse_sum(p)});
  return a;
}

static const expression *parse_negation(planner *p) {
  if (!take(p, "not")) return parse_comparison(p);
  return make(p, (expression){.kind = NOT, .a = parse_negation(p)});
}

static const expression *parse_conjunction(planner *p) {
  const expression *left = parse_negation(p);
  while (take(p, "and")) left = make(p, (expression){.kind = AND, .a = left, .b = parse_negation(p)});
  return left;
}

static const expression *parse_expression(planner *p) {
  const expression *left = parse_conjunction(p);
  while (take(p, "or")) left = make(p, (expression){.kind = OR, .a = left, .b = parse_conjunction(p)});
  return left;
}

static operator* plan_table(planner *p) {
  piece name = next(p);
  for (int i = 0; i < N_TABLES; i++)
    if (piece_is(name, piece_of(p->tables[i].name))) return scan_make(p->memory, &p->tables[i]);
  fail("there is no table", name);
  return NULL;
}

static operator* plan_from(planner *p) {
  operator* input = plan_table(p);
  while (take(p, "join")) {
    operator* right = plan_table(p);
    need(p, "on");
    p->scope = input;
    const expression *key = parse_sum(p);
    need(p, "=");
    p->scope = right;
    input = join_make(input, right, key, parse_sum(p));
  }
  return input;
}

static operator* plan_where(planner *p) {
  filter *f = operator_make(p->memory, sizeof *f, filter_next, p->scope);
  f->condition = parse_expression(p);
  return &f->base;
}

/* The keys of a grouping; its aggregates and columns are not yet known. */
static grouping *plan_keys(planner *p) {
  grouping *by = operator_make(p->memory, sizeof *by, grouping_next, p->scope);
  by->groups.memory = p->memory;
  need(p, "by");
  do {
    by->base.columns[by->n_keys] = peek(p);
    by->keys[by->n_keys++] = parse_expression(p);
  } while (take(p, ","));
  by->base.n_columns = by->n_keys;
  return by;
}

/* What is selected; what it selects from is not yet known. */
static project *plan_items(planner *p) {
  project *items = operator_make(p->memory, sizeof *items, project_next, NULL);
  do {
    int i = items->base.n_columns++;
    items->base.columns[i] = peek(p);
    items->items[i] = parse_expression(p);
    if (take(p, "as")) items->base.columns[i] = next(p);
  } while (take(p, ","));
  return items;
}

static operator* plan_order(planner *p) {
  sort *s = operator_make(p->memory, sizeof *s, sort_next, p->scope);
  s->rows.arena = p->memory;
  need(p, "by");
  do {
    int column = position(p->scope, next(p));
    s->orders[s->n_orders++] = (order){column, take(p, "desc")};
  } while (take(p, ","));
  return &s->base;
}

/* The clauses are planned in the order in which they take effect; `at` goes back and forth between them. */
static operator* plan(planner *p) {
  need(p, "select");
  int items_at = p->at;
  while (!take(p, "from")) next(p);
  p->scope = plan_from(p);
  if (take(p, "where")) p->scope = plan_where(p);
  grouping *by = take(p, "group") ? plan_keys(p) : NULL;
  int rest_at = p->at;
  p->at = items_at;
  if (by) {
    p->n_keys = by->n_keys;
    memcpy(p->key_names, by->base.columns, sizeof p->key_names);
  }
  project *items = plan_items(p);
  p->at = rest_at;
  if (by) {
    by->n_aggregates = p->n_aggregates;
    memcpy(by->aggregates, p->aggregates, sizeof by->aggregates);
    p->scope = &by->base;
  }
  items->base.input = p->scope;
  p->scope = &items->base;
  if (take(p, "order")) p->scope = plan_order(p);
  if (take(p, "limit")) {
    limit *l = operator_make(p->memory, sizeof *l, limit_next, p->scope);
    l->left = next_number(p);
    p->scope = &l->base;
  }
  if (p->at < p->n_tokens) fail("the end is missing before", peek(p));
  return p->scope;
}

static int pick(random_source *random, int limit) {
  return (int)((int64_t)random_next(random) * limit / 65536);
}

static void add_row(relation *r, const value *row, arena *memory) {
  size_t size = (size_t)r->n_columns * sizeof *row;
  r->rows.arena = memory;
  vector_append(&r->rows, memcpy(arena_get(memory, size), row, size));
}

static value numbered(const char *name, int n, arena *memory) {
  char bytes[32];
  snprintf(bytes, sizeof bytes, "%s%d", name, n);
  return text(piece_copy(piece_of(bytes), memory));
}

/* The sales of a shop. */
static void fill_tables(relation *tables, arena *memory) {
  static const char *const cities[] = {"Bergen", "Cork", "Lyon", "Oslo", "Porto", "Turin"};
  static const char *const regions[] = {"north", "south", "east", "west"};
  static const char *const categories[] = {"tools", "toys", "books", "plants", "paper"};
  random_source random = RANDOM_START;
  for (int i = 0; i < 200; i++) {
    value level = number(1 + pick(&random, 4)), city = text(piece_of(cities[pick(&random, 6)]));
    add_row(&tables[0], (value[]){number(i), numbered("customer", i * 37 % 200, memory), city, level},
            memory);
  }
  for (int i = 0; i < 50; i++) {
    value category = text(piece_of(categories[pick(&random, 5)])), cost = number(pick(&random, 300));
    add_row(&tables[1], (value[]){number(i), numbered("product", i, memory), category, cost}, memory);
  }
  for (int i = 0; i < 1500; i++) {
    value customer = number(pick(&random, 200)), product = number(pick(&random, 50));
    value quantity = number(1 + pick(&random, 9)), price = number(100 + pick(&random, 900));
    value region = text(piece_of(regions[pick(&random, 4)]));
    add_row(&tables[2], (value[]){customer, product, quantity, price, region}, memory);
  }
}

static const char *const questions[] = {
    "select name, city from customers where level >= 3 and city <> 'Oslo' order by name limit 20",
    "select region, count() as n, sum(quantity * price) as revenue from sales where quantity > 2"
    " group by region order by revenue desc",
    "select category, sum(quantity) as sold, max(price) as dearest from sales join products on product = id"
    " group by category order by category",
    "select city, level, count() as n, min(price) as cheapest from sales"
    " join customers on sales.customer = customers.id where price > 500 or region = 'north'"
    " group by city, level order by n desc, city, level limit 10",
    "select name, sum(quantity * (price - cost)) as profit from sales join customers on customer = id"
    " join products on product = id where not level = 1 group by name order by profit desc, name limit 5",
};

static relation tables[N_TABLES] = {
    {"customers", 4, {"customers.id", "customers.name", "customers.city", "customers.level"}, {0}},
    {"products", 4, {"products.id", "products.title", "products.category", "products.cost"}, {0}},
    {"sales", 5, {"sales.customer", "sales.product", "sales.quantity", "sales.price", "sales.region"}, {0}},
};

static bool is_right(void) {
  int sum = 0, count = 0;
  arena memory = {0};
  buffer shown = {0};
  for (size_t q = 0; q < sizeof questions / sizeof *questions; q++) {
    planner p = {.tables = tables, .memory = &memory};
    tokenize(&p, questions[q]);
    operator* o = plan(&p);
    for (const value *row; (row = next_row(o));) {
      count++;
      shown.length = 0;
      for (int i = 0; i < o->n_columns; i++) show(&shown, row[i]);
      for (int i = 0; i < shown.length; i++) sum = (sum * 31 + shown.bytes[i]) % 1000003;
    }
    arena_reset(&memory);
  }
  free(shown.bytes);
  arena_free(&memory);
  return count == 44 && sum == 67918;
}

static bool query(int repeats) {
  for (int i = 0; i < repeats; i++)
    if (!is_right()) return false;
  return true;
}

int main(int argc, char **argv) {
  arena memory = {0};
  fill_tables(tables, &memory);
  int status = harness_run(argc, argv, 3, query);
  arena_free(&memory);
  return status;
}
