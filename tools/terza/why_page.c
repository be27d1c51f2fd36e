/* why_page.c: the explorer: one page that needs nothing else. It holds what is known as JSON, which why.js
 * shows. */
#include "terza/lab.h"
#include "why.h"
#include <stdlib.h>

#pragma clang diagnostic push
#pragma clang diagnostic ignored "-Wc23-extensions"
static const char own_style[] = {
#embed "why.css"
    , 0};
static const char script[] = {
#embed "why.js"
    , 0};
#pragma clang diagnostic pop

/* ---- Code ---- */

/* A title line within the dump of a compilation: what follows, up to the next. */
typedef struct part_title {
  const char *kind; /* graph, llvm, asm; NULL: no title */
  const char *at;
  size_t length;
} part_title;

static part_title title_of(const char *line, size_t n) {
  static const char after[] = "; after ", rule[] = "; ---- ";
  if (n > sizeof after && memcmp(line, after, sizeof after - 1) == 0)
    return (part_title){"graph", line + 2, n - 2};
  if (n < sizeof rule + 4 || memcmp(line, rule, sizeof rule - 1) != 0) return (part_title){0};
  part_title t = {"llvm", line + sizeof rule - 1, n - (sizeof rule - 1) - 5};
  return strncmp(t.at, "LLVM IR", 7) == 0 ? t : (part_title){"asm", "optimizing tier", 15};
}

/* Passes leave most lines of a graph as they are: each line stands once in a table, parts hold numbers. */
typedef struct line_table {
  json_t *lines, *numbers; /* numbers: by line */
} line_table;

static void add_line(line_table *table, json_t *part, const char *line, size_t n) {
  char *key = strndup(line, n);
  json_t *number = key ? json_object_get(table->numbers, key) : NULL;
  if (key && !number) {
    number = json_integer((json_int_t)json_array_size(table->lines));
    json_array_append_new(table->lines, json_stringn(line, n));
    json_object_set_new(table->numbers, key, number);
  }
  json_array_append(json_object_get(part, "lines"), number);
  free(key);
}

/* A part that is as the one before is marked, so that a reader need not look. */
static void end_part(json_t *parts, json_t *part) {
  json_t *last = json_array_get(parts, json_array_size(parts) - 1);
  if (!part) return;
  bool is_same = last && json_equal(json_object_get(last, "lines"), json_object_get(part, "lines"));
  json_object_set_new(part, "same", json_boolean(is_same));
  json_array_append_new(parts, part);
}

static json_t *begin_part(const part_title *t, size_t number) {
  bool is_graph = strcmp(t->kind, "graph") == 0;
  json_t *title =
      is_graph ? json_sprintf("%zu: %.*s", number, (int)t->length, t->at) : json_stringn(t->at, t->length);
  return json_pack("{s:s, s:o, s:[]}", "kind", t->kind, "title", title, "lines");
}

static json_t *split(line_table *table, const char *text, size_t length) {
  json_t *parts = json_array(), *part = NULL;
  const char *end = text + length;
  for (const char *line = text; line < end;) {
    const char *newline = memchr(line, '\n', (size_t)(end - line)), *stop = newline ? newline : end;
    part_title t = title_of(line, (size_t)(stop - line));
    if (t.kind) {
      end_part(parts, part);
      part = begin_part(&t, json_array_size(parts));
    } else if (part) add_line(table, part, line, (size_t)(stop - line));
    line = newline ? newline + 1 : end;
  }
  end_part(parts, part);
  return parts;
}

/* A compilation: its text in parts, origins, calls. */
static json_t *code_of(json_t *record, json_t *compile) {
  char title[64];
  line_table table = {json_array(), json_object()};
  json_t *text = json_object_get(record, "text");
  json_t *parts = split(&table, json_string_value(text), json_string_length(text));
  json_decref(table.numbers);
  return json_pack("{s:s, s:O, s:O, s:O, s:o, s:o}", "title", why_entry(record, title), "entry",
                   json_object_get(record, "entry"), "origins", json_object_get(record, "origins"),
                   "inlining", json_object_get(compile, "inlining"), "lines", table.lines, "parts", parts);
}

/* Where the code for the same entry is; the number of codes: there is none. */
static size_t find_code(json_t *codes, json_t *record) {
  size_t i = 0, n = json_array_size(codes);
  while (i < n &&
         !json_equal(json_object_get(json_array_get(codes, i), "entry"), json_object_get(record, "entry")))
    i++;
  return i;
}

/* The last compilation for each entry, the start first. */
static json_t *codes_of(const why_log *log, const char *method) {
  json_t *codes = json_array(), *record, *compile = NULL;
  size_t i;
  json_array_foreach(log->records, i, record) {
    if (!why_is_of(record, method)) continue;
    if (why_is_optimizing(record)) compile = record;
    bool is_code = why_is(record, "code") && strcmp(why_string(record, "tier"), "optimizing") == 0;
    if (!is_code || !compile || why_string(compile, "problem")[0]) continue;
    size_t at = find_code(codes, record);
    bool is_start = json_is_null(json_object_get(record, "entry"));
    if (at < json_array_size(codes)) json_array_set_new(codes, at, code_of(record, compile));
    else json_array_insert_new(codes, is_start ? 0 : at, code_of(record, compile));
  }
  return codes;
}

/* The record of this tier's code. */
static json_t *code_of_tier(const why_log *log, const char *method, const char *tier) {
  size_t i;
  json_t *record;
  json_array_foreach(log->records, i, record) {
    bool is_it =
        why_is(record, "code") && why_is_of(record, method) && strcmp(why_string(record, "tier"), tier) == 0;
    if (is_it) return json_incref(record);
  }
  return json_null();
}

/* ---- Methods ---- */

static json_t *compilations_of(const why_log *log, const char *method) {
  json_t *all = json_array(), *record;
  size_t i;
  json_array_foreach(log->records, i, record) {
    if (!why_is(record, "compile") || !why_is_of(record, method)) continue;
    char entry[64];
    bool is_baseline = !why_is_optimizing(record);
    json_t *what =
        is_baseline ? json_string("baseline") : json_sprintf("optimizing, %s", why_entry(record, entry));
    json_t *row = json_pack("{s:o, s:f}", "what", what, "at", why_ms(log, record));
    static const char *const keys[] = {"ns",      "build_ns", "passes_ns", "llvm_ns",
                                       "load_ns", "nodes",    "code_bytes"};
    for (size_t k = 0; k < sizeof keys / sizeof *keys; k++)
      json_object_set_new(row, keys[k], json_integer(why_number(record, keys[k])));
    json_array_append_new(all, row);
  }
  return all;
}

static void add_sums(const why_log *log, const char *method, json_t *m) {
  json_t *record;
  size_t i;
  int64_t ns = 0, bytes = 0, exits = 0;
  json_array_foreach(log->records, i, record) {
    if (why_is(record, "deopt")) exits += why_is_of(json_object_get(record, "code"), method);
    if (!why_is(record, "compile") || !why_is_of(record, method)) continue;
    ns += why_number(record, "ns");
    bytes += why_number(record, "code_bytes");
  }
  json_object_set_new(m, "ns", json_integer(ns));
  json_object_set_new(m, "bytes", json_integer(bytes));
  json_object_set_new(m, "exits", json_integer(exits));
}

static json_t *method_of(const why_log *log, const char *method, json_t *sources) {
  json_t *profile = why_profile(log, method);
  const char *path = why_string(profile, "source");
  why_source file = why_source_read(path);
  int64_t first = why_number(profile, "first_line");
  json_t *m = json_pack(
      "{s:s, s:s, s:I, s:I, s:I, s:I}", "name", method, "source", path, "head",
      (json_int_t)why_head_line(&file, method, first), "last", (json_int_t)why_number(profile, "last_line"),
      "heat", (json_int_t)why_number(profile, "heat"), "words", (json_int_t)why_number(profile, "words"));
  if (file.text && !json_object_get(sources, path))
    json_object_set_new(sources, path, json_stringn(file.text, file.length));
  free(file.text);
  json_object_set_new(m, "state", why_state(log, method));
  json_object_set_new(m, "verdict", why_verdict(log, method));
  json_object_set_new(m, "story", why_story(log, method));
  json_object_set_new(m, "notes", why_notes(log, method));
  json_object_set_new(m, "uses", why_uses(log, method));
  json_object_set_new(m, "codes", codes_of(log, method));
  json_object_set_new(m, "bytecode", code_of_tier(log, method, "bytecode"));
  json_object_set_new(m, "baseline", code_of_tier(log, method, "baseline"));
  json_object_set_new(m, "compilations", compilations_of(log, method));
  add_sums(log, method, m);
  return m;
}

static int hotter(const void *a, const void *b) {
  int64_t x = why_number(*(json_t *const *)a, "heat"), y = why_number(*(json_t *const *)b, "heat");
  return (x < y) - (x > y);
}

/* Those that got hot, the hottest first; without profiles, those that were compiled. */
static json_t *all_methods(const why_log *log, json_t *sources) {
  json_t *names = json_object(), *record, *methods = json_array();
  size_t i, n = 0;
  const char *name;
  json_array_foreach(log->records, i, record) {
    bool is_hot = why_is(record, "compile") || (why_is(record, "profile") && why_number(record, "heat") > 0);
    if (is_hot) json_object_set_new(names, why_string(record, "function"), json_true());
  }
  json_t **all = malloc((json_object_size(names) + 1) * sizeof *all), *value;
  if (all) json_object_foreach(names, name, value) all[n++] = method_of(log, name, sources);
  if (n > 0) qsort(all, n, sizeof *all, hotter);
  for (i = 0; i < n; i++) json_array_append_new(methods, all[i]);
  free(all);
  json_decref(names);
  return methods;
}

/* ---- The page ---- */

static void escape(FILE *to, const char *text) {
  for (; *text; text++) {
    if (*text == '<') fputs("&lt;", to);
    else if (*text == '&') fputs("&amp;", to);
    else fputc(*text, to);
  }
}

/* Within a script: no `<`, so that nothing in a text ends it. */
static int write_json(const char *bytes, size_t n, void *to) {
  for (size_t i = 0; i < n; i++) {
    if (bytes[i] == '<') fputs("\\u003c", to);
    else fputc(bytes[i], to);
  }
  return 0;
}

static void head(FILE *to, const char *program) {
  fputs("<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">\n"
        "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n<title>",
        to);
  escape(to, program);
  fprintf(
      to,
      " as Terza compiled it</title>\n<style>\n%s%s</style></head>\n<body class=\"explorer\">\n<aside><h1>",
      lab_style, own_style);
  escape(to, program);
  fputs("</h1>\n<input id=\"filter\" type=\"search\" placeholder=\"method\" aria-label=\"Show methods whose "
        "name has\">\n"
        "<table><thead><tr><th>method</th><th>tier</th><th title=\"budget slices of 2,000 calls and "
        "back-edges\">heat</th>"
        "<th title=\"milliseconds compiling\">ms</th><th title=\"of all its codes\">bytes</th><th "
        "title=\"from optimized code\">exits</th></tr>"
        "</thead><tbody id=\"methods\"></tbody></table></aside>\n<main id=\"method\"><noscript>The page is "
        "drawn by the script "
        "in it.</noscript></main>\n",
        to);
}

void why_page(FILE *to, const why_log *log, const char *method, const char *program) {
  json_t *sources = json_object();
  json_t *methods = method ? json_pack("[o]", method_of(log, method, sources)) : all_methods(log, sources);
  json_t *data = json_pack("{s:s, s:o, s:o}", "program", program, "methods", methods, "sources", sources);
  head(to, program);
  fputs("<script type=\"application/json\" id=\"data\">", to);
  json_dump_callback(data, write_json, to, JSON_COMPACT);
  fprintf(to, "</script>\n<script>\n%s</script>\n</body></html>\n", script);
  json_decref(data);
}
