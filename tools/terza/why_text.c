/* why_text.c: the answer of `terza why` as text. */
#include "why.h"
#include <stdlib.h>

static void title(FILE *to, const char *text) { fprintf(to, "\n%s\n", text); }

/* ---- Story ---- */

static void story(FILE *to, const why_log *log, const char *method) {
  json_t *rows = why_story(log, method), *row;
  size_t i;
  if (json_array_size(rows) > 0) title(to, "How it came there (milliseconds since the program began)");
  json_array_foreach(rows, i, row) {
    fprintf(to, "%10.1f  %s", json_real_value(json_object_get(row, "ms")), why_string(row, "text"));
    if (why_number(row, "times") > 1) fprintf(to, " (%d times)", (int)why_number(row, "times"));
    fputc('\n', to);
  }
  json_decref(rows);
}

static void times(FILE *to, const why_log *log, const char *method) {
  static const char *const keys[] = {"build_ns", "passes_ns", "llvm_ns", "load_ns"}, *const names[] = {
                                                                                         "graph", "passes",
                                                                                         "LLVM", "loading"};
  double sums[4] = {0}, baseline = 0;
  size_t i;
  int n = 0;
  json_t *r;
  json_array_foreach(log->records, i, r) {
    if (!why_is(r, "compile") || !why_is_of(r, method)) continue;
    if (!why_is_optimizing(r)) baseline += (double)why_number(r, "ns") * 1e-6;
    n++;
    for (int k = 0; k < 4; k++) sums[k] += (double)why_number(r, keys[k]) * 1e-6;
  }
  if (n == 0) return;
  title(to, "Compile times, all compilations together");
  fprintf(to, "  baseline %.2f ms", baseline);
  for (int k = 0; k < 4; k++) fprintf(to, ", %s %.2f", names[k], sums[k]);
  fputc('\n', to);
}

/* ---- Inlining ---- */

static void inlining(FILE *to, const why_log *log, const char *method) {
  enum { SHOWN = 100 };
  json_t *all = json_object_get(why_code(log, method), "inlining"), *d;
  size_t i;
  if (json_array_size(all) > 0) title(to, "Calls, and what was built in (words of bytecode)");
  json_array_foreach(all, i, d) {
    if (i == SHOWN) {
      fprintf(to, "  … and %zu more; --html shows all\n", json_array_size(all) - SHOWN);
      break;
    }
    fprintf(to, "  %*s%s %s  line %d, %d words: %s\n", 2 * (int)why_number(d, "depth"), "",
            why_is_true(d, "inlined") ? "+" : "-", why_string(d, "callee"), (int)why_number(d, "line"),
            (int)why_number(d, "words"), why_string(d, "reason"));
  }
}

static void uses(FILE *to, const why_log *log, const char *method) {
  json_t *all = why_uses(log, method), *use;
  size_t i;
  if (json_array_size(all) > 0) title(to, "In other methods' code");
  json_array_foreach(all, i, use) fprintf(to, "  %s\n", why_string(use, "text"));
  json_decref(all);
}

/* ---- Source ---- */

static void line_notes(FILE *to, json_t *notes, int64_t line) {
  size_t i;
  json_t *note;
  json_array_foreach(notes, i, note) if (why_number(note, "line") == line)
      fprintf(to, "        | %s\n", why_string(note, "text"));
}

static void source(FILE *to, const why_log *log, const char *method) {
  json_t *profile = why_profile(log, method), *notes = why_notes(log, method);
  why_source file = why_source_read(why_string(profile, "source"));
  int64_t first = why_number(profile, "first_line"), last = why_number(profile, "last_line");
  if (profile && first > 0) title(to, "Its lines, and what is known of them");
  for (int64_t line = why_head_line(&file, method, first); profile && first > 0 && line <= last; line++) {
    size_t n;
    const char *text = why_source_line(&file, line, &n);
    fprintf(to, "%6d  %.*s\n", (int)line, (int)n, text);
    line_notes(to, notes, line);
  }
  free(file.text);
  json_decref(notes);
}

/* ---- The whole ---- */

static void strings(FILE *to, json_t *list) {
  size_t i;
  json_t *text;
  json_array_foreach(list, i, text) fprintf(to, "  %s\n", json_string_value(text));
  json_decref(list);
}

static void all(FILE *to, const why_log *log, const char *method) {
  json_t *profile = why_profile(log, method), *state = why_state(log, method);
  fprintf(to, "\n%s", method);
  if (why_string(profile, "source")[0])
    fprintf(to, " (%s:%d)", why_string(profile, "source"), (int)why_number(profile, "first_line"));
  fprintf(to, ": %s\n", json_string_value(state));
  json_decref(state);
  story(to, log, method);
  source(to, log, method);
  inlining(to, log, method);
  uses(to, log, method);
  times(to, log, method);
  title(to, "In short");
  strings(to, why_verdict(log, method));
}

/* Names and values may hold what a terminal takes for orders. */
void why_text(FILE *to, const why_log *log, const char *method) {
  char *text = NULL;
  size_t n = 0;
  FILE *made = open_memstream(&text, &n);
  if (!made) return;
  all(made, log, method);
  fclose(made);
  for (size_t i = 0; i < n; i++) {
    unsigned char c = (unsigned char)text[i];
    fputc(c == 0x7f || (c < ' ' && c != '\n' && c != '\t') ? '?' : c, to);
  }
  free(text);
}
