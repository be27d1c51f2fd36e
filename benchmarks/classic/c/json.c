/* json.c: parses a document and takes stock of it; see ../rima/json.rima.

   Invariant: a tree of values and its texts live in the parser's arena. Names and texts are copies, as
   strings are in the other languages. */
#include "harness.h"
#include "som.h"
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct {
  const char *bytes;
  int length;
} text;

typedef enum { TEXT, NUMBER, LITERAL, SEQUENCE, RECORD } kind;

/* Of a record, a table of 32 hints, one for each hash, says where a name probably is. */
typedef struct value value;
struct value {
  kind kind;
  union {
    text text;
    struct {
      vector values, names;
      int *hints;
    };
  };
};

enum { N_HINTS = 32 };

typedef struct {
  int texts, numbers, literals, sequences, records, bytes;
} tally;

typedef struct {
  const char *input;
  int length, at, current; /* the current byte is at `at`; -1 at the end */
  text captured;
  arena memory;
} parser;

static bool is_same(text a, text b) {
  return a.length == b.length && memcmp(a.bytes, b.bytes, (size_t)a.length) == 0;
}

static int slot(text name) {
  return name.length == 0 ? 0 : (name.length * 7 + (unsigned char)name.bytes[0]) % N_HINTS;
}

static void record_add(value *record, text *name, value *v) {
  record->hints[slot(*name)] = vector_size(&record->names) + 1;
  vector_append(&record->names, name);
  vector_append(&record->values, v);
}

static value *record_find(const value *record, const char *name) {
  text wanted = {name, (int)strlen(name)};
  int hint = record->hints[slot(wanted)] - 1;
  if (hint >= 0 && is_same(*(text *)vector_at(&record->names, hint), wanted))
    return vector_at(&record->values, hint);
  for (int i = 0; i < vector_size(&record->names); i++)
    if (is_same(*(text *)vector_at(&record->names, i), wanted)) return vector_at(&record->values, i);
  return NULL;
}

static void count_all(const vector *values, tally *t);

/* Adds a value and all below to the tally. */
static void count(const value *v, tally *t) {
  switch (v->kind) {
  case TEXT:
    t->texts++;
    t->bytes += v->text.length;
    break;
  case NUMBER:
    t->numbers++;
    t->bytes += v->text.length;
    break;
  case LITERAL: t->literals++; break;
  case SEQUENCE:
    t->sequences++;
    count_all(&v->values, t);
    break;
  case RECORD:
    t->records++;
    count_all(&v->values, t);
    break;
  }
}

static void count_all(const vector *values, tally *t) {
  for (int i = 0; i < vector_size(values); i++) count(vector_at(values, i), t);
}

static int tally_sum(const tally *t) {
  return t->texts + 3 * t->numbers + 5 * t->literals + 7 * t->sequences + 11 * t->records + 13 * t->bytes;
}

static void fail(const parser *p, const char *expected) {
  fprintf(stderr, "json: expected %s at byte %d\n", expected, p->at);
  exit(EXIT_FAILURE);
}

static void read_byte(parser *p) {
  p->at++;
  p->current = p->at < p->length ? (unsigned char)p->input[p->at] : -1;
}

static bool take(parser *p, int wanted) {
  if (p->current != wanted) return false;
  read_byte(p);
  return true;
}

static void need(parser *p, int wanted, const char *expected) {
  if (!take(p, wanted)) fail(p, expected);
}

static bool take_digit(parser *p) {
  if (p->current < '0' || p->current > '9') return false;
  read_byte(p);
  return true;
}

static void need_digits(parser *p) {
  if (!take_digit(p)) fail(p, "a digit");
  while (take_digit(p)) {}
}

static void skip_space(parser *p) {
  while (p->current == ' ' || p->current == '\n' || p->current == '\t' || p->current == '\r') read_byte(p);
}

/* A new text: the one before, then these bytes. */
static text join(parser *p, text before, const char *bytes, int length) {
  char *joined = arena_get(&p->memory, (size_t)(before.length + length));
  if (before.length) memcpy(joined, before.bytes, (size_t)before.length);
  memcpy(joined + before.length, bytes, (size_t)length);
  return (text){joined, before.length + length};
}

static void read_escape(parser *p) {
  read_byte(p);
  char byte = (char)p->current;
  switch (p->current) {
  case '"':
  case '/':
  case '\\': break;
  case 'n': byte = '\n'; break;
  case 't': byte = '\t'; break;
  case 'r': byte = '\r'; break;
  default: fail(p, "a known escape");
  }
  p->captured = join(p, p->captured, &byte, 1);
  read_byte(p);
}

static text read_text(parser *p) {
  read_byte(p);
  p->captured = (text){0};
  int start = p->at;
  while (p->current != '"') {
    if (p->current == '\\') {
      p->captured = join(p, p->captured, p->input + start, p->at - start);
      read_escape(p);
      start = p->at;
    } else if (p->current < ' ') {
      fail(p, "a character of a string");
    } else {
      read_byte(p);
    }
  }
  text result = join(p, p->captured, p->input + start, p->at - start);
  read_byte(p);
  return result;
}

static value *value_make(parser *p, kind kind) {
  value *v = arena_get(&p->memory, sizeof *v);
  *v = (value){.kind = kind};
  if (kind == SEQUENCE || kind == RECORD) v->values = v->names = (vector){.arena = &p->memory};
  return v;
}

static value *value_of(parser *p, kind kind, text t) {
  value *v = value_make(p, kind);
  v->text = t;
  return v;
}

static value *read_value(parser *p);

static value *read_sequence(parser *p) {
  value *sequence = value_make(p, SEQUENCE);
  read_byte(p);
  skip_space(p);
  if (take(p, ']')) return sequence;
  do {
    skip_space(p);
    vector_append(&sequence->values, read_value(p));
    skip_space(p);
  } while (take(p, ','));
  need(p, ']', "',' or ']'");
  return sequence;
}

static value *record_make(parser *p) {
  value *record = value_make(p, RECORD);
  record->hints = arena_get(&p->memory, N_HINTS * sizeof *record->hints);
  memset(record->hints, 0, N_HINTS * sizeof *record->hints);
  return record;
}

static value *read_record(parser *p) {
  value *record = record_make(p);
  read_byte(p);
  skip_space(p);
  if (take(p, '}')) return record;
  do {
    skip_space(p);
    if (p->current != '"') fail(p, "a name");
    text *name = arena_get(&p->memory, sizeof *name);
    *name = read_text(p);
    skip_space(p);
    need(p, ':', "':'");
    skip_space(p);
    record_add(record, name, read_value(p));
    skip_space(p);
  } while (take(p, ','));
  need(p, '}', "',' or '}'");
  return record;
}

static value *read_literal(parser *p, const char *word) {
  for (const char *c = word; *c; c++) need(p, *c, word);
  return value_of(p, LITERAL, (text){word, (int)strlen(word)});
}

static value *read_number(parser *p) {
  int start = p->at;
  take(p, '-');
  int first_digit = p->current;
  if (!take_digit(p)) fail(p, "a value");
  if (first_digit != '0')
    while (take_digit(p)) {}
  if (take(p, '.')) need_digits(p);
  if (take(p, 'e') || take(p, 'E')) {
    if (!take(p, '+')) take(p, '-');
    need_digits(p);
  }
  return value_of(p, NUMBER, join(p, (text){0}, p->input + start, p->at - start));
}

static value *read_value(parser *p) {
  switch (p->current) {
  case 'n': return read_literal(p, "null");
  case 't': return read_literal(p, "true");
  case 'f': return read_literal(p, "false");
  case '"': return value_of(p, TEXT, read_text(p));
  case '[': return read_sequence(p);
  case '{': return read_record(p);
  default: return read_number(p);
  }
}

static value *parse(parser *p) {
  read_byte(p);
  skip_space(p);
  value *v = read_value(p);
  skip_space(p);
  if (p->current != -1) fail(p, "the end");
  return v;
}

/* The document: what a server might send to a remote user interface, one operation a widget. */
typedef struct {
  char *bytes;
  size_t length, capacity;
  random_source random;
} writer;

__attribute__((format(printf, 2, 3))) static void put(writer *w, const char *format, ...) {
  enum { LONGEST = 256 };
  if (w->capacity - w->length < LONGEST) {
    w->capacity = 2 * w->capacity + LONGEST;
    w->bytes = realloc(w->bytes, w->capacity);
    if (!w->bytes) abort();
  }
  va_list args;
  va_start(args, format);
  w->length += (size_t)vsnprintf(w->bytes + w->length, LONGEST, format, args);
  va_end(args);
}

static int pick(writer *w, int limit) { return random_next(&w->random) % limit; }

static void write_properties(writer *w) {
  put(w, "\"bounds\":[%d,", pick(w, 1000));
  put(w, "%d,", pick(w, 1000));
  put(w, "-%d,", pick(w, 90));
  put(w, "%d.5],", pick(w, 90));
  put(w, "\"style\":[\"WRAP\",\"NONE\"],\"visible\":true,\"tabIndex\":-1,\"customVariant\":\"variant_item\"");
  put(w, ", \"text\":\"label %d\\n\\\"quoted\\\"\"", pick(w, 5000));
  put(w, " ,\n  \"font\":[[\"Verdana\",\"Lucida Sans\"], %de+0, false, {}]", pick(w, 30));
}

static void write_operation(writer *w) {
  int widget = pick(w, 900);
  switch (pick(w, 3)) {
  case 0: put(w, "[\"destroy\",\"w%d\"]", widget); break;
  case 1:
    put(w, "[\"set\", \"w%d\", {", widget);
    write_properties(w);
    put(w, "}]");
    break;
  default:
    put(w, "[\"create\", \"w%d\", \"rwt.widgets.Label\", ", widget);
    put(w, "{\"parent\":\"w%d\",", pick(w, 900));
    write_properties(w);
    put(w, "}]");
  }
}

static writer write_document(void) {
  writer w = {.random = RANDOM_START};
  put(&w, "{\"head\":{\"requestCounter\":4,\"version\":null},\"operations\":[");
  write_operation(&w);
  for (int i = 1; i < 156; i++) {
    put(&w, ",\n");
    write_operation(&w);
  }
  put(&w, "]}");
  return w;
}

static bool is_right(const value *document) {
  if (document->kind != RECORD) return false;
  const value *operations = record_find(document, "operations");
  if (!operations || operations->kind != SEQUENCE || vector_size(&operations->values) != 156) return false;
  const value *head = record_find(document, "head");
  if (!head || head->kind != RECORD || record_find(head, "nothing")) return false;
  tally t = {0};
  count(document, &t);
  return tally_sum(&t) == 137947;
}

static writer document; /* written before the clock starts */

static bool json(int repeats) {
  for (int i = 0; i < repeats; i++) {
    parser p = {.input = document.bytes, .length = (int)document.length, .at = -1};
    bool was_right = is_right(parse(&p));
    arena_free(&p.memory);
    if (!was_right) return false;
  }
  return true;
}

int main(int argc, char **argv) {
  document = write_document();
  int status = harness_run(argc, argv, 20, json);
  free(document.bytes);
  return status;
}
