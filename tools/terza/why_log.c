/* why_log.c: the JIT log as `terza why` reads it. */
#include "terza/classlib.h"
#include "terza/options.h"
#include "why.h"
#include <errno.h>
#include <stdlib.h>

/* ---- Fields ---- */

const char *why_string(json_t *object, const char *key) {
  const char *text = json_string_value(json_object_get(object, key));
  return text ? text : "";
}

int64_t why_number(json_t *object, const char *key) {
  return json_integer_value(json_object_get(object, key));
}

bool why_is_true(json_t *object, const char *key) { return json_is_true(json_object_get(object, key)); }

bool why_is(json_t *record, const char *jit) { return strcmp(why_string(record, "jit"), jit) == 0; }

bool why_is_of(json_t *record, const char *method) {
  return strcmp(why_string(record, "function"), method) == 0;
}

bool why_is_optimizing(json_t *record) {
  return why_is(record, "compile") && strcmp(why_string(record, "tier"), "optimizing") == 0;
}

double why_ms(const why_log *log, json_t *record) {
  return ((double)why_number(record, "at_ns") - log->start_ns) * 1e-6;
}

/* ---- Reading ---- */

static int64_t option_number(json_t *options, const char *name, int64_t usual) {
  json_t *value = json_object_get(options, name);
  return value ? json_integer_value(value) : usual;
}

static void take_head(why_log *log, json_t *head) {
  json_t *options = json_object_get(head, "options");
  const tz_options *usual = tz_options_default();
  log->start_ns = (double)why_number(head, "at_ns");
  log->threshold = option_number(options, "jit-threshold", usual->jit_threshold);
  log->is_optimizing = option_number(options, "jit", usual->jit) >= 2; /* as in options.def */
  log->is_by_default = !json_object_get(options, "jit-policy") && !json_object_get(options, "jit-replay");
  log->promote = option_number(options, "jit-promote", usual->jit_promote);
}

/* A last line without its end was cut off with its process. */
bool why_log_read(const command_line *line, const char *path, why_log *log) {
  *log = (why_log){.records = json_array()};
  FILE *file = fopen(path, "re");
  if (!file) return command_fail(line, "cannot read the JIT log %s: %s", path, strerror(errno)), false;
  char *text = NULL;
  size_t room = 0;
  json_error_t problem = {0};
  bool ok = true;
  for (ssize_t n; ok && (n = getline(&text, &room, file)) > 0 && text[n - 1] == '\n';) {
    json_t *record = json_loads(text, JSON_ALLOW_NUL, &problem);
    ok = json_array_append_new(log->records, record) == 0;
    if (ok && why_is(record, "log")) take_head(log, record);
    if (ok && why_is(record, "profile")) log->is_complete = true;
  }
  free(text);
  fclose(file);
  if (!ok)
    command_fail(line, "record %zu of the JIT log: %s", json_array_size(log->records) + 1, problem.text);
  return ok;
}

void why_log_free(why_log *log) { json_decref(log->records); }

/* ---- Questions ---- */

json_t *why_profile(const why_log *log, const char *method) {
  size_t i;
  json_t *record;
  json_array_foreach(log->records, i,
                     record) if (why_is(record, "profile") && why_is_of(record, method)) return record;
  return NULL;
}

json_t *why_code(const why_log *log, const char *method) {
  size_t i;
  json_t *record, *best = NULL;
  json_array_foreach(log->records, i, record) {
    if (!why_is_optimizing(record) || !why_is_of(record, method)) continue;
    if (!json_is_null(json_object_get(record, "problem"))) continue;
    bool is_start = json_is_null(json_object_get(record, "entry"));
    if (!best || is_start || !json_is_null(json_object_get(best, "entry"))) best = record;
  }
  return best;
}

/* ---- Sources ---- */

static const char library[] = "library/";

static why_source library_source(const char *module) {
  const tz_library_source *s = tz_classlib_sources(NULL);
  size_t n = strcspn(module, ".");
  for (; s->name; s++)
    if (strlen(s->name) == n && memcmp(s->name, module, n) == 0) {
      char *copy = malloc(s->length + 1);
      if (copy) memcpy(copy, s->text, s->length + 1);
      return (why_source){copy, copy ? s->length : 0};
    }
  return (why_source){0};
}

why_source why_source_read(const char *path) {
  if (strncmp(path, library, sizeof library - 1) == 0) return library_source(path + sizeof library - 1);
  why_source source = {0};
  FILE *file = fopen(path, "re"), *to = file ? open_memstream(&source.text, &source.length) : NULL;
  char bytes[1 << 14];
  for (size_t n; to && (n = fread(bytes, 1, sizeof bytes, file)) > 0;) fwrite(bytes, 1, n, to);
  if (to) fclose(to);
  if (file) fclose(file);
  return source;
}

const char *why_source_line(const why_source *source, int64_t n, size_t *length) {
  const char *at = source->text ? source->text : "", *end = at + source->length;
  for (int64_t i = 1; i < n && at < end; i++) {
    const char *newline = memchr(at, '\n', (size_t)(end - at));
    at = newline ? newline + 1 : end;
  }
  const char *newline = at < end ? memchr(at, '\n', (size_t)(end - at)) : NULL;
  *length = (size_t)((newline ? newline : end) - at);
  return at;
}

int64_t why_head_line(const why_source *file, const char *method, int64_t first) {
  enum { LINES_ABOVE = 8 };
  const char *dot = strrchr(method, '.'), *name = dot ? dot + 1 : method;
  char head[200];
  snprintf(head, sizeof head, "fun %.*s", (int)strcspn(name, "[@#"), name);
  for (int64_t line = first; line > 0 && line > first - LINES_ABOVE; line--) {
    size_t n;
    const char *text = why_source_line(file, line, &n);
    if (memmem(text, n, head, strlen(head))) return line;
  }
  return first;
}
