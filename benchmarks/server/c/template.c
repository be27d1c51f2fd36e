/* template.c: makes a page of HTML from a template and the users of a shop; see ../rima/template.rima.

   Invariant: parts and data live in arenas; texts of the template point into it. */
#include "harness.h"
#include "text.h"
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MOST_NAMES = 4, MOST_SCOPES = 8 };

typedef enum { NOTHING, FLAG, NUMBER, TEXT, ITEMS, FIELDS } data_kind;

typedef struct {
  data_kind kind;
  union {
    int number; /* of a flag, 0 or 1 */
    piece text;
    vector items; /* of data */
    table fields; /* to data */
  };
} data;

typedef struct {
  int count;
  piece names[MOST_NAMES];
} names;

typedef enum { PLAIN, PRINT, EACH, IF } part_kind;

typedef struct part part;
struct part {
  part_kind kind;
  piece text;
  names path, filters;
  bool is_raw;
  part *first, *otherwise; /* what is repeated or chosen */
  part *next;
};

typedef struct {
  piece text;
  int at;
  piece stop; /* what ended the parts that were read: the end, /each, /if or else */
  arena *memory;
} parser;

static void fail(const char *wanted, int at) {
  fprintf(stderr, "template: %s is missing before byte %d\n", wanted, at);
  exit(EXIT_FAILURE);
}

static bool is(piece p, const char *text) { return piece_is(p, piece_of(text)); }

/* What is left behind a beginning; bytes is NULL if the text begins otherwise. */
static piece behind(piece p, const char *start) {
  int length = (int)strlen(start);
  if (p.length < length || memcmp(p.bytes, start, (size_t)length) != 0) return (piece){0};
  return (piece){p.bytes + length, p.length - length};
}

/* Where two characters stand next to each other from `at` on; -1 if they do not. */
static int find_two(piece text, char twice, int at) {
  for (; at + 1 < text.length; at++)
    if (text.bytes[at] == twice && text.bytes[at + 1] == twice) return at;
  return -1;
}

static names split(piece text, char separator) {
  names all = {0};
  int start = 0;
  for (int i = 0; i <= text.length; i++) {
    if (i < text.length && text.bytes[i] != separator) continue;
    if (all.count == MOST_NAMES) fail("a shorter path", i);
    all.names[all.count++] = (piece){text.bytes + start, i - start};
    start = i + 1;
  }
  return all;
}

static part *part_make(parser *p, part_kind kind) {
  part *made = memset(arena_get(p->memory, sizeof *made), 0, sizeof *made);
  made->kind = kind;
  return made;
}

static piece read_tag(parser *p) {
  int end = find_two(p->text, '}', p->at);
  if (end < 0) fail("}}", p->at);
  piece tag = {p->text.bytes + p->at + 2, end - p->at - 2};
  p->at = end + 2;
  return tag;
}

static part *read_parts(parser *p);

static part *read_each(parser *p, piece path) {
  part *each = part_make(p, EACH);
  each->path = split(path, '.');
  each->first = read_parts(p);
  if (!is(p->stop, "/each")) fail("{{/each}}", p->at);
  return each;
}

static part *read_choice(parser *p, piece path) {
  part *choice = part_make(p, IF);
  choice->path = split(path, '.');
  choice->first = read_parts(p);
  if (is(p->stop, "else")) choice->otherwise = read_parts(p);
  if (!is(p->stop, "/if")) fail("{{/if}}", p->at);
  return choice;
}

static part *read_print(parser *p, piece tag) {
  part *print = part_make(p, PRINT);
  piece raw = behind(tag, "&");
  print->is_raw = raw.bytes != NULL;
  print->filters = split(print->is_raw ? raw : tag, '|');
  print->path = split(print->filters.names[0], '.');
  return print;
}

static part *read_part(parser *p, piece tag) {
  piece path = behind(tag, "#each ");
  if (path.bytes) return read_each(p, path);
  path = behind(tag, "#if ");
  if (path.bytes) return read_choice(p, path);
  return read_print(p, tag);
}

static part *read_parts(parser *p) {
  part *first = NULL, **last = &first;
  for (;;) {
    int open = find_two(p->text, '{', p->at);
    int end = open < 0 ? p->text.length : open;
    if (end > p->at) {
      *last = part_make(p, PLAIN);
      (*last)->text = (piece){p->text.bytes + p->at, end - p->at};
      last = &(*last)->next;
    }
    p->at = end;
    p->stop = open < 0 ? (piece){0} : read_tag(p);
    if (open < 0 || *p->stop.bytes == '/' || is(p->stop, "else")) return first;
    *last = read_part(p, p->stop);
    last = &(*last)->next;
  }
}

static const part *read_template(const char *text, arena *memory) {
  parser p = {.text = piece_of(text), .memory = memory};
  const part *all = read_parts(&p);
  if (p.stop.bytes) fail("the end", p.at);
  return all;
}

typedef struct {
  buffer out, spare; /* what is printed; what a filter makes */
  const table *scopes[MOST_SCOPES];
  int n_scopes;
  arena *memory;
} renderer;

static const data nothing = {.kind = NOTHING};

static const data *look_up(const renderer *r, piece name) {
  for (int i = r->n_scopes - 1; i >= 0; i--) {
    const table_entry *e = table_find(r->scopes[i], name);
    if (e) return e->pointer;
  }
  return &nothing;
}

static const data *find(const renderer *r, const names *path) {
  const data *found = look_up(r, path->names[0]);
  for (int i = 1; i < path->count; i++) {
    const table_entry *e = found->kind == FIELDS ? table_find(&found->fields, path->names[i]) : NULL;
    found = e ? e->pointer : &nothing;
  }
  return found;
}

static bool is_true(const data *d) {
  switch (d->kind) {
  case NOTHING: return false;
  case FLAG:
  case NUMBER: return d->number != 0;
  case TEXT: return d->text.length > 0;
  case ITEMS: return !vector_is_empty(&d->items);
  case FIELDS: return true;
  }
  return false;
}

/* Writes what is to be printed into the spare buffer. */
static void put_text(renderer *r, const data *d) {
  r->spare.length = 0;
  if (d->kind == TEXT) buffer_add(&r->spare, d->text);
  if (d->kind == NUMBER) buffer_add_int(&r->spare, d->number);
  if (d->kind == FLAG) buffer_add_text(&r->spare, d->number ? "true" : "false");
}

static void trim(buffer *b) {
  int start = 0;
  while (start < b->length && isspace((unsigned char)b->bytes[start])) start++;
  while (b->length > start && isspace((unsigned char)b->bytes[b->length - 1])) b->length--;
  b->length -= start;
  if (start) memmove(b->bytes, b->bytes + start, (size_t)b->length);
}

static void filter(buffer *b, piece name) {
  if (is(name, "upper")) {
    for (int i = 0; i < b->length; i++) b->bytes[i] = (char)toupper((unsigned char)b->bytes[i]);
  } else if (is(name, "lower")) {
    for (int i = 0; i < b->length; i++) b->bytes[i] = (char)tolower((unsigned char)b->bytes[i]);
  } else if (is(name, "trim")) {
    trim(b);
  } else {
    fprintf(stderr, "template: there is no filter %.*s\n", name.length, name.bytes);
    exit(EXIT_FAILURE);
  }
}

static const char *escape_of(char c) {
  switch (c) {
  case '&': return "&amp;";
  case '<': return "&lt;";
  case '>': return "&gt;";
  case '"': return "&quot;";
  default: return NULL;
  }
}

static void print(buffer *out, piece text, bool is_raw) {
  int start = 0;
  for (int i = 0; i < text.length && !is_raw; i++) {
    const char *escape = escape_of(text.bytes[i]);
    if (!escape) continue;
    buffer_add(out, (piece){text.bytes + start, i - start});
    buffer_add_text(out, escape);
    start = i + 1;
  }
  buffer_add(out, (piece){text.bytes + start, text.length - start});
}

static void render_all(renderer *r, const part *first);

static void render_print(renderer *r, const part *p) {
  put_text(r, find(r, &p->path));
  for (int i = 1; i < p->filters.count; i++) filter(&r->spare, p->filters.names[i]);
  print(&r->out, buffer_piece(&r->spare), p->is_raw);
}

static void render_each(renderer *r, const part *p) {
  const data *list = find(r, &p->path);
  if (list->kind != ITEMS) return;
  if (r->n_scopes == MOST_SCOPES) fail("room for scopes", 0);
  for (int i = 0; i < vector_size(&list->items); i++) {
    data *item = vector_at(&list->items, i);
    table only = {.memory = r->memory};
    if (item->kind != FIELDS) table_get(&only, piece_of("this"))->pointer = item;
    r->scopes[r->n_scopes++] = item->kind == FIELDS ? &item->fields : &only;
    render_all(r, p->first);
    r->n_scopes--;
  }
}

static void render_all(renderer *r, const part *first) {
  for (const part *p = first; p; p = p->next) {
    switch (p->kind) {
    case PLAIN: buffer_add(&r->out, p->text); break;
    case PRINT: render_print(r, p); break;
    case EACH: render_each(r, p); break;
    case IF: render_all(r, is_true(find(r, &p->path)) ? p->first : p->otherwise); break;
    }
  }
}

static const char page[] =
    "<html><head><title>{{title|upper}}</title></head><body>\n"
    "{{#if notice}}<p class=\"notice\">{{notice}}</p>{{else}}<p>all is well</p>{{/if}}\n"
    "{{#each users}}<section>\n"
    "  <h2>{{name}} of {{address.city|trim|upper}}, {{address.country.code}}</h2>\n"
    "  {{#if admin}}<b>{{title|lower}}</b>{{else}}<i>{{&badge}}</i>{{/if}}\n"
    "  <ul>{{#each orders}}<li class=\"{{#if open}}open{{else}}done{{/if}}\">{{sku}}: {{quantity}} x "
    "{{price}}"
    " for {{name}}</li>\n"
    "  {{/each}}</ul>\n"
    "  {{#each tags}}{{this|upper}}{{#if admin}}!{{/if}} {{/each}}\n"
    "</section>\n"
    "{{/each}}</body></html>\n";

/* Makes data of random users. */
typedef struct {
  random_source random;
  arena *memory;
} shop;

static int pick(shop *s, int limit) { return (int)((int64_t)random_next(&s->random) * limit / 65536); }

static data *data_make(shop *s, data_kind kind) {
  data *d = memset(arena_get(s->memory, sizeof *d), 0, sizeof *d);
  d->kind = kind;
  if (kind == ITEMS) d->items.arena = s->memory;
  if (kind == FIELDS) d->fields.memory = s->memory;
  return d;
}

static void set(data *fields, const char *name, data *d) {
  table_get(&fields->fields, piece_of(name))->pointer = d;
}

static data *number(shop *s, data_kind kind, int n) {
  data *d = data_make(s, kind);
  d->number = n;
  return d;
}

/* A text with a number where the format has %d. */
__attribute__((format(printf, 2, 0))) static data *text(shop *s, const char *format, int n) {
  char bytes[64];
  snprintf(bytes, sizeof bytes, format, n);
  data *d = data_make(s, TEXT);
  d->text = piece_copy(piece_of(bytes), s->memory);
  return d;
}

static data *make_order(shop *s) {
  data *order = data_make(s, FIELDS);
  set(order, "sku", text(s, "a-%d", pick(s, 900)));
  set(order, "quantity", number(s, NUMBER, 1 + pick(s, 9)));
  set(order, "price", number(s, NUMBER, pick(s, 2000)));
  set(order, "open", number(s, FLAG, pick(s, 2) == 0));
  return order;
}

static data *make_user(shop *s, int i) {
  static const char *const cities[] = {"  Bergen", "Cork  ", " Lyon ", "Oslo"};
  data *user = data_make(s, FIELDS), *address = data_make(s, FIELDS), *country = data_make(s, FIELDS);
  data *orders = data_make(s, ITEMS), *tags = data_make(s, ITEMS), *city = data_make(s, TEXT);
  set(country, "code", text(s, "C%d", pick(s, 50)));
  city->text = piece_of(cities[pick(s, 4)]);
  set(address, "city", city);
  set(address, "country", country);
  for (int left = pick(s, 8); left >= 0; left--) vector_append(&orders->items, make_order(s));
  for (int left = pick(s, 4); left >= 0; left--)
    vector_append(&tags->items, text(s, "tag<%d>", pick(s, 100)));
  set(user, "name", text(s, "User \"%d\" & Co", i));
  set(user, "address", address);
  set(user, "admin", number(s, FLAG, pick(s, 3) == 0));
  set(user, "badge", text(s, "<em>%d</em>", pick(s, 10)));
  set(user, "orders", orders);
  set(user, "tags", tags);
  return user;
}

static data *make_data(int users, arena *memory) {
  shop s = {RANDOM_START, memory};
  data *all = data_make(&s, FIELDS), *list = data_make(&s, ITEMS), *title = data_make(&s, TEXT);
  title->text = piece_of("Orders & <Users>");
  set(all, "title", title);
  set(all, "notice", data_make(&s, TEXT));
  for (int i = 0; i < users; i++) vector_append(&list->items, make_user(&s, i));
  set(all, "users", list);
  return all;
}

static const data *shop_data; /* made once */

static bool is_right(void) {
  arena memory = {0};
  renderer r = {.scopes = {&shop_data->fields}, .n_scopes = 1, .memory = &memory};
  render_all(&r, read_template(page, &memory));
  int sum = 0;
  for (int i = 0; i < r.out.length; i++) sum = (sum * 31 + r.out.bytes[i]) % 1000003;
  bool is_same = r.out.length == 29203 && sum == 964138;
  free(r.out.bytes);
  free(r.spare.bytes);
  arena_free(&memory);
  return is_same;
}

static bool template(int repeats) {
  for (int i = 0; i < repeats; i++)
    if (!is_right()) return false;
  return true;
}

int main(int argc, char **argv) {
  arena memory = {0};
  shop_data = make_data(60, &memory);
  int status = harness_run(argc, argv, 10, template);
  arena_free(&memory);
  return status;
}
