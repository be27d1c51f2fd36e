/* roundtrip.c: reads, amends, writes and reads again a document in JSON; see ../rima/roundtrip.rima.

   Invariant: values live in an arena; a text without escapes points into the document. */
#include "harness.h"
#include "text.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef enum { NOTHING, FLAG, NUMBER, TEXT, ITEMS, MEMBERS } kind;

typedef struct {
  kind kind;
  union {
    bool flag;
    double number;
    piece text;
    vector items;  /* of json */
    table members; /* to json */
  };
} json;

typedef struct {
  const char *text, *at; /* ends with NUL */
  arena *memory;
} reader;

static json *json_make(arena *memory, kind kind) {
  json *j = memset(arena_get(memory, sizeof *j), 0, sizeof *j);
  j->kind = kind;
  return j;
}

static void fail(const reader *r, const char *wanted) {
  fprintf(stderr, "roundtrip: %s is missing at byte %td\n", wanted, r->at - r->text);
  exit(EXIT_FAILURE);
}

static bool is_digit(char c) { return c >= '0' && c <= '9'; }

static void skip_space(reader *r) {
  while (*r->at && *r->at <= ' ') r->at++;
}

static bool take(reader *r, char wanted) {
  skip_space(r);
  if (*r->at != wanted) return false;
  r->at++;
  return true;
}

static void need(reader *r, char wanted) {
  char name[] = {'\'', wanted, '\'', 0};
  if (!take(r, wanted)) fail(r, name);
}

/* Takes a character that stands for itself. */
static char plain(reader *r) {
  if ((unsigned char)*r->at < ' ') fail(r, "the end of a string");
  return *r->at++;
}

/* Four hexadecimal digits: a character of ASCII. */
static char read_code(reader *r) {
  int code = 0;
  for (int i = 0; i < 4; i++) {
    char c = *r->at;
    int digit = is_digit(c) ? c - '0' : (c | 32) - 'a' + 10;
    if (digit < 0 || digit > 15) fail(r, "a hexadecimal digit");
    code = code * 16 + digit;
    r->at++;
  }
  if (code > 127) fail(r, "a character of ASCII");
  return (char)code;
}

static char read_escape(reader *r) {
  r->at += 2;
  char c = r->at[-1];
  switch (c) {
  case 'n': return '\n';
  case 't': return '\t';
  case 'r': return '\r';
  case 'b': return '\b';
  case 'f': return '\f';
  case 'u': return read_code(r);
  case '"':
  case '\\':
  case '/': return c;
  default: fail(r, "an escape"); return 0;
  }
}

static piece read_string(reader *r) {
  if (*r->at != '"') fail(r, "a string");
  r->at++;
  const char *start = r->at;
  while (*r->at != '"' && *r->at != '\\') plain(r);
  piece text = {start, (int)(r->at - start)};
  if (*r->at != '"') {
    buffer built = {0};
    buffer_add(&built, text);
    while (*r->at != '"') buffer_add_char(&built, *r->at == '\\' ? read_escape(r) : plain(r));
    text = piece_copy(buffer_piece(&built), r->memory);
    free(built.bytes);
  }
  r->at++;
  return text;
}

static double power(int exponent) {
  double power = 1.0;
  for (int i = 0; i < exponent; i++) power *= 10.0;
  return power;
}

static int read_exponent(reader *r) {
  r->at++;
  char sign = *r->at;
  if (sign == '-' || sign == '+') r->at++;
  if (!is_digit(*r->at)) fail(r, "a digit");
  int exponent = 0;
  while (is_digit(*r->at)) exponent = exponent * 10 + (*r->at++ - '0');
  return sign == '-' ? -exponent : exponent;
}

static json *read_number(reader *r) {
  bool is_negative = *r->at == '-';
  if (is_negative) r->at++;
  if (!is_digit(*r->at)) fail(r, "a value");
  double digits = 0.0;
  int scale = 0;
  while (is_digit(*r->at)) digits = digits * 10.0 + (*r->at++ - '0');
  if (*r->at == '.') {
    r->at++;
    if (!is_digit(*r->at)) fail(r, "a digit");
    for (; is_digit(*r->at); scale--) digits = digits * 10.0 + (*r->at++ - '0');
  }
  if (*r->at == 'e' || *r->at == 'E') scale += read_exponent(r);
  json *j = json_make(r->memory, NUMBER);
  j->number = scale < 0 ? digits / power(-scale) : digits * power(scale);
  if (is_negative) j->number = -j->number;
  return j;
}

static json *read_value(reader *r);

static json *read_items(reader *r) {
  json *j = json_make(r->memory, ITEMS);
  j->items.arena = r->memory;
  need(r, '[');
  if (take(r, ']')) return j;
  do vector_append(&j->items, read_value(r));
  while (take(r, ','));
  need(r, ']');
  return j;
}

static json *read_members(reader *r) {
  json *j = json_make(r->memory, MEMBERS);
  j->members.memory = r->memory;
  need(r, '{');
  if (take(r, '}')) return j;
  do {
    skip_space(r);
    piece name = read_string(r);
    need(r, ':');
    json *value = read_value(r);
    table_get(&j->members, name)->pointer = value;
  } while (take(r, ','));
  need(r, '}');
  return j;
}

static json *read_word(reader *r, const char *word, json value) {
  size_t length = strlen(word);
  if (strncmp(r->at, word, length) != 0) fail(r, word);
  r->at += length;
  json *j = json_make(r->memory, NOTHING);
  *j = value;
  return j;
}

static json *read_value(reader *r) {
  skip_space(r);
  switch (*r->at) {
  case '{': return read_members(r);
  case '[': return read_items(r);
  case '"': {
    json *j = json_make(r->memory, TEXT);
    j->text = read_string(r);
    return j;
  }
  case 't': return read_word(r, "true", (json){.kind = FLAG, .flag = true});
  case 'f': return read_word(r, "false", (json){.kind = FLAG, .flag = false});
  case 'n': return read_word(r, "null", (json){.kind = NOTHING});
  default: return read_number(r);
  }
}

static json *read_document(const char *text, arena *memory) {
  reader r = {text, text, memory};
  json *j = read_value(&r);
  skip_space(&r);
  if (*r.at) fail(&r, "the end");
  return j;
}

static void write_escape(buffer *out, char c) {
  static const char hexadecimal[] = "0123456789abcdef";
  switch (c) {
  case '\n': buffer_add_text(out, "\\n"); break;
  case '\t': buffer_add_text(out, "\\t"); break;
  case '"': buffer_add_text(out, "\\\""); break;
  case '\\': buffer_add_text(out, "\\\\"); break;
  default:
    buffer_add_text(out, "\\u00");
    buffer_add_char(out, hexadecimal[c / 16]);
    buffer_add_char(out, hexadecimal[c % 16]);
  }
}

static void write_string(buffer *out, piece text) {
  buffer_add_char(out, '"');
  int start = 0;
  for (int i = 0; i < text.length; i++) {
    char c = text.bytes[i];
    if (c < ' ' || c == '"' || c == '\\') {
      buffer_add(out, (piece){text.bytes + start, i - start});
      write_escape(out, c);
      start = i + 1;
    }
  }
  buffer_add(out, (piece){text.bytes + start, text.length - start});
  buffer_add_char(out, '"');
}

static void write_number(buffer *out, double value) {
  if (value < 0.0) buffer_add_char(out, '-');
  int64_t hundredths = (int64_t)(fabs(value) * 100.0 + 0.5);
  buffer_add_int(out, hundredths / 100);
  int64_t rest = hundredths % 100;
  if (rest == 0) return;
  buffer_add_text(out, rest < 10 ? ".0" : ".");
  buffer_add_int(out, rest);
}

static void write_value(buffer *out, const json *j);

static void write_items(buffer *out, const vector *items) {
  buffer_add_char(out, '[');
  for (int i = 0; i < vector_size(items); i++) {
    if (i > 0) buffer_add_char(out, ',');
    write_value(out, vector_at(items, i));
  }
  buffer_add_char(out, ']');
}

static void write_members(buffer *out, const table *members) {
  buffer_add_char(out, '{');
  for (const table_entry *e = members->oldest; e; e = e->newer) {
    if (e->older) buffer_add_char(out, ',');
    write_string(out, e->key);
    buffer_add_char(out, ':');
    write_value(out, e->pointer);
  }
  buffer_add_char(out, '}');
}

static void write_value(buffer *out, const json *j) {
  switch (j->kind) {
  case NOTHING: buffer_add_text(out, "null"); break;
  case FLAG: buffer_add_text(out, j->flag ? "true" : "false"); break;
  case NUMBER: write_number(out, j->number); break;
  case TEXT: write_string(out, j->text); break;
  case ITEMS: write_items(out, &j->items); break;
  case MEMBERS: write_members(out, &j->members); break;
  }
}

static int pick(random_source *random, int limit) { return random_next(random) % limit; }

static void write_order(buffer *out, random_source *random, int number) {
  bool is_vip = pick(random, 4) == 0;
  char line[200];
  snprintf(line, sizeof line, "\n  {\"id\": %d, \"customer\": {\"name\": \"J. \\\"%d\\\" \\u0044oe\", ",
           number, pick(random, 1000));
  buffer_add_text(out, line);
  snprintf(line, sizeof line, "\"vip\": %s, \"referrer\": null}, \"lines\": [", is_vip ? "true" : "false");
  buffer_add_text(out, line);
  int last = pick(random, 6);
  for (int i = 0; i <= last; i++) {
    int sku = pick(random, 900), quantity = 1 + pick(random, 9);
    int units = pick(random, 200), hundredths = 10 + pick(random, 90);
    snprintf(line, sizeof line, "%s{\"sku\": \"A-%d\", \"quantity\": %d, \"price\": %d.%d}",
             i > 0 ? ", " : "", sku, quantity, units, hundredths);
    buffer_add_text(out, line);
  }
  snprintf(line, sizeof line, "], \"note\": \"leave it\\nat door %d\\t\\\\ \\u0001\"}", pick(random, 50));
  buffer_add_text(out, line);
}

/* The orders as a shop might send them, to be freed. */
static char *make_document(int orders) {
  random_source random = RANDOM_START;
  buffer out = {0};
  buffer_add_text(&out, "{\"version\": 2e0, \"orders\": [");
  for (int i = 0; i < orders; i++) {
    if (i > 0) buffer_add_char(&out, ',');
    write_order(&out, &random, 1000 + i);
  }
  buffer_add_text(&out, "\n]}");
  buffer_add_char(&out, 0);
  return out.bytes;
}

static json *member(const json *j, const char *name) {
  const table_entry *e = j->kind == MEMBERS ? table_find(&j->members, piece_of(name)) : NULL;
  return e ? e->pointer : NULL;
}

static double number_of(const json *j) { return j && j->kind == NUMBER ? j->number : 0.0; }

static void set_number(json *object, const char *name, double number, arena *memory) {
  json *j = json_make(memory, NUMBER);
  j->number = number;
  table_get(&object->members, piece_of(name))->pointer = j;
}

/* Gives an order its total and its discount, null if there is none, and forgets who sent the customer. */
static void amend(json *order, arena *memory) {
  const json *lines = member(order, "lines");
  double total = 0.0;
  for (int i = 0; i < vector_size(&lines->items); i++) {
    const json *line = vector_at(&lines->items, i);
    total += number_of(member(line, "quantity")) * number_of(member(line, "price"));
  }
  json *customer = member(order, "customer");
  set_number(order, "total", total, memory);
  const json *vip = member(customer, "vip");
  if (vip && vip->kind == FLAG && vip->flag) set_number(order, "discount", -total * 0.05, memory);
  else table_get(&order->members, piece_of("discount"))->pointer = json_make(memory, NOTHING);
  table_remove(&customer->members, piece_of("referrer"));
}

static int checksum(piece text) {
  int sum = 0;
  for (int i = 0; i < text.length; i++) sum = (sum * 31 + text.bytes[i]) % 1000003;
  return sum;
}

static bool is_right(const char *text) {
  arena memory = {0};
  buffer written = {0}, again = {0};
  json *document = read_document(text, &memory);
  const json *orders = member(document, "orders");
  for (int i = 0; i < vector_size(&orders->items); i++) amend(vector_at(&orders->items, i), &memory);
  write_value(&written, document);
  piece result = buffer_piece(&written);
  buffer_add_char(&written, 0);
  write_value(&again, read_document(written.bytes, &memory));
  result.bytes = written.bytes;
  bool is_same =
      piece_is(result, buffer_piece(&again)) && result.length == 53671 && checksum(result) == 460838;
  free(written.bytes);
  free(again.bytes);
  arena_free(&memory);
  return is_same;
}

static char *text; /* of the document */

static bool roundtrip(int repeats) {
  for (int i = 0; i < repeats; i++)
    if (!is_right(text)) return false;
  return true;
}

int main(int argc, char **argv) {
  text = make_document(200);
  int status = harness_run(argc, argv, 2, roundtrip);
  free(text);
  return status;
}
