/* why_notes.c: what is known of a method's lines: from its profile, from the code that it became (or that it
 * was built into), from the exits of that code. */
#include "why.h"
#include <stdlib.h>

static void note(json_t *notes, int64_t line, const char *kind, json_t *text) {
  size_t i;
  json_t *other;
  if (!text) return;
  json_array_foreach(notes, i, other) {
    if (why_number(other, "line") != line || !json_equal(json_object_get(other, "text"), text)) continue;
    json_decref(text);
    return;
  }
  json_array_append_new(notes,
                        json_pack("{s:I, s:s, s:o}", "line", (json_int_t)line, "kind", kind, "text", text));
}

/* ---- The profile ---- */

static json_t *site_text(json_t *site) {
  json_t *way;
  size_t i, n;
  char *text = NULL;
  FILE *to = open_memstream(&text, &n);
  if (!to) return NULL;
  const char *name = why_string(site, "name");
  double total = (double)why_number(site, "others");
  json_array_foreach(json_object_get(site, "classes"), i, way) total += (double)why_number(way, "count");
  fprintf(to, "%s%s%s", name[0] ? "." : "receiver", name, name[0] ? " of" : "");
  json_array_foreach(json_object_get(site, "classes"), i, way) {
    fprintf(to, "%s %s", i > 0 ? "," : ":", why_string(way, "class"));
    if (total > 0) fprintf(to, " %.0f %%", (double)why_number(way, "count") / total * 100);
  }
  if (why_number(site, "others") > 0)
    fprintf(to, ", %.0f %% of other classes: megamorphic", (double)why_number(site, "others") / total * 100);
  fclose(to);
  json_t *result = json_string(text);
  free(text);
  return result;
}

static void kinds(FILE *to, json_t *list) {
  size_t i;
  json_t *kind;
  json_array_foreach(list, i, kind) fprintf(to, "%s%s", i > 0 ? " or " : "", json_string_value(kind));
}

static json_t *operator_text(json_t *operator) {
  char text[200] = "";
  FILE *to = fmemopen(text, sizeof text, "w");
  if (!to) return NULL;
  fputs("operands: ", to);
  kinds(to, json_object_get(operator, "left"));
  fputs("; ", to);
  kinds(to, json_object_get(operator, "right"));
  fclose(to);
  return json_string(text);
}

/* Those of a line together, in the order of its instructions. */
static json_t *branches_text(json_t *branches, int64_t line) {
  char text[200] = "branches taken in ";
  size_t i, n = strlen(text);
  json_t *b;
  const char *separator = "";
  json_array_foreach(branches, i, b) {
    double taken = (double)why_number(b, "taken"), total = taken + (double)why_number(b, "not_taken");
    if (why_number(b, "line") != line || total <= 0 || n > sizeof text - 60) continue;
    n += (size_t)snprintf(text + n, sizeof text - n, "%s%.0f %%", separator, taken / total * 100);
    separator = ", ";
  }
  snprintf(text + n, sizeof text - n, " of the samples");
  return separator[0] ? json_string(text) : NULL;
}

static void note_profile(json_t *notes, json_t *profile) {
  size_t i;
  json_t *x;
  json_array_foreach(json_object_get(profile, "sites"), i, x)
      note(notes, why_number(x, "line"), "types", site_text(x));
  json_array_foreach(json_object_get(profile, "operators"), i, x)
      note(notes, why_number(x, "line"), "types", operator_text(x));
  json_t *branches = json_object_get(profile, "branches");
  json_array_foreach(branches, i, x)
      note(notes, why_number(x, "line"), "types", branches_text(branches, why_number(x, "line")));
}

/* ---- Code ---- */

static void note_inlining(json_t *notes, json_t *code, const char *method) {
  size_t i;
  json_t *d;
  json_array_foreach(json_object_get(code, "inlining"), i, d) {
    if (strcmp(why_string(d, "caller"), method) != 0) continue;
    int words = (int)why_number(d, "words");
    const char *callee = why_string(d, "callee"), *reason = why_string(d, "reason");
    json_t *text = why_is_true(d, "inlined") ? json_sprintf("%s is built in (%d words)", callee, words)
                   : words > 0 ? json_sprintf("%s is called: %s (%d words)", callee, reason, words)
                               : json_sprintf("%s is called: %s", callee, reason);
    note(notes, why_number(d, "line"), "inlining", text);
  }
}

static void note_calls(json_t *notes, json_t *code, const char *method) {
  size_t i;
  json_t *c;
  json_array_foreach(json_object_get(code, "calls"), i, c) {
    if (!why_is_of(c, method) || why_number(c, "left") == 0) continue;
    const char *how = why_string(c, "how");
    if (strcmp(how, "looked up") == 0)
      note(notes, why_number(c, "line"), "call", json_string("calls what it looks up"));
    else if (strcmp(how, "direct") != 0)
      note(notes, why_number(c, "line"), "call",
           json_string("runs an instruction out of line, by the interpreter"));
  }
}

static void note_allocations(json_t *notes, json_t *code, const char *method) {
  size_t i;
  json_t *a;
  json_array_foreach(json_object_get(code, "allocations"), i, a) {
    if (!why_is_of(a, method)) continue;
    const char *cls = why_string(a, "class");
    json_t *text = why_number(a, "left") == 0 ? json_sprintf("%s is never made: it lives in registers", cls)
                   : why_number(a, "built") == 0 ? json_sprintf("allocates %s here, where it escapes", cls)
                                                 : json_sprintf("allocates %s", cls);
    note(notes, why_number(a, "line"), "allocation", text);
  }
}

static bool is_same_check(json_t *a, json_t *b) {
  static const char *const keys[] = {"function", "reason", "expects"};
  for (size_t i = 0; i < sizeof keys / sizeof *keys; i++)
    if (strcmp(why_string(a, keys[i]), why_string(b, keys[i])) != 0) return false;
  return why_number(a, "line") == why_number(b, "line");
}

/* Checks of a line for one reason together. */
static void note_checks(json_t *notes, json_t *code, const char *method) {
  json_t *all = json_object_get(code, "speculation"), *c, *d;
  size_t i, j;
  json_array_foreach(all, i, c) {
    if (!why_is_of(c, method)) continue;
    int64_t built = 0, left = 0;
    json_array_foreach(all, j, d) if (is_same_check(c, d)) {
      built += why_number(d, "built");
      left += why_number(d, "left");
    }
    const char *expects = why_string(c, "expects");
    note(notes, why_number(c, "line"), "check",
         json_sprintf("leaves if: %s%s%s%s (%d checks built, %d left)", why_string(c, "reason"),
                      expects[0] ? " (not " : "", expects, expects[0] ? ")" : "", (int)built, (int)left));
  }
}

/* Where a policy did not want the profile relied on. */
static void note_generic(json_t *notes, json_t *code, const char *method) {
  size_t i;
  json_t *g;
  json_array_foreach(json_object_get(code, "generic"), i, g) if (why_is_of(g, method))
      note(notes, why_number(g, "line"), "call",
           json_sprintf("in general form, not by what was seen: %s", why_string(g, "reason")));
}

static void note_code(json_t *notes, json_t *code, const char *method) {
  note_generic(notes, code, method);
  note_inlining(notes, code, method);
  note_calls(notes, code, method);
  note_allocations(notes, code, method);
  note_checks(notes, code, method);
}

/* ---- Exits ---- */

static bool is_alike(json_t *a, json_t *b) {
  return why_is(b, "deopt") && why_number(a, "pc") == why_number(b, "pc") &&
         json_equal(json_object_get(a, "function"), json_object_get(b, "function")) &&
         json_equal(json_object_get(a, "reason"), json_object_get(b, "reason"));
}

/* Exits of a place for one reason together, with what the first few saw. */
static json_t *exits_text(const why_log *log, size_t index, const char *method) {
  enum { SHOWN = 3 };
  json_t *first = json_array_get(log->records, index), *record, *seen[SHOWN] = {0};
  size_t i;
  int n = 0, n_seen = 0;
  char *text = NULL;
  size_t bytes;
  FILE *to = open_memstream(&text, &bytes);
  if (!to) return NULL;
  json_array_foreach(log->records, i, record) {
    if (!is_alike(first, record)) continue;
    n++;
    char *values = why_seen(record);
    json_t *value = json_string(values);
    free(values);
    bool is_known = false;
    for (int k = 0; k < n_seen; k++) is_known |= json_equal(seen[k], value);
    if (!is_known && n_seen < SHOWN && value) seen[n_seen++] = value;
    else json_decref(value);
  }
  const char *expected = why_expected(log, index);
  fprintf(to, "left %d time%s", n, n == 1 ? "" : "s");
  if (!why_is_of(first, method))
    fprintf(to, " in %s, line %d", why_string(first, "function"), (int)why_number(first, "line"));
  fprintf(to, ": %s%s%s", why_string(first, "reason"), expected[0] ? "; expected " : "", expected);
  for (int k = 0; k < n_seen; k++) {
    fprintf(to, "%s%s",
            json_string_length(seen[k]) == 0 ? ""
            : k == 0                         ? "; saw "
                                             : " | ",
            json_string_value(seen[k]));
    json_decref(seen[k]);
  }
  fclose(to);
  json_t *result = json_string(text);
  free(text);
  return result;
}

/* The method's line that an exit belongs to: its own, or the call that the place was built in by. 0: not its.
 */
static int64_t exit_line(json_t *deopt, const char *method) {
  json_t *caller;
  size_t i;
  if (!why_is(deopt, "deopt")) return 0;
  if (why_is_of(deopt, method)) return why_number(deopt, "line");
  json_array_foreach(json_object_get(deopt, "callers"), i,
                     caller) if (why_is_of(caller, method)) return why_number(caller, "line");
  return 0;
}

static void note_exits(json_t *notes, const why_log *log, const char *method) {
  json_t *record, *told = json_array(), *other;
  size_t i, j;
  json_array_foreach(log->records, i, record) {
    int64_t line = exit_line(record, method);
    bool is_told = line == 0;
    json_array_foreach(told, j, other) is_told |= !is_told && is_alike(record, other);
    if (is_told) continue;
    json_array_append(told, record);
    note(notes, line, "exit", exits_text(log, i, method));
  }
  json_decref(told);
}

/* ---- All ---- */

static int by_line(const void *a, const void *b) {
  int64_t x = why_number(*(json_t *const *)a, "line"), y = why_number(*(json_t *const *)b, "line");
  return x < y ? -1 : x > y;
}

/* A stable sort of what is nearly sorted. */
static json_t *sorted(json_t *notes) {
  size_t n = json_array_size(notes), at = 0;
  json_t **all = malloc((n + 1) * sizeof *all), *result = json_array();
  for (; all && at < n; at++) {
    size_t j = at;
    for (all[at] = json_array_get(notes, at); j > 0 && by_line(&all[j - 1], &all[j]) > 0; j--) {
      json_t *t = all[j];
      all[j] = all[j - 1];
      all[j - 1] = t;
    }
  }
  for (size_t i = 0; i < at; i++) json_array_append(result, all[i]);
  free(all);
  json_decref(notes);
  return result;
}

json_t *why_notes(const why_log *log, const char *method) {
  json_t *notes = json_array(), *code = why_code(log, method), *record;
  size_t i;
  note_profile(notes, why_profile(log, method));
  if (code) note_code(notes, code, method);
  else
    json_array_foreach(log->records, i,
                       record) if (why_is_optimizing(record) && !why_string(record, "problem")[0])
        note_code(notes, record, method);
  note_exits(notes, log, method);
  return sorted(notes);
}
