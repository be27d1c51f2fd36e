/* why_story.c: a method's way through the tiers, and the methods that it was built into. */
#include "why.h"
#include <stdlib.h>

const char *why_entry(json_t *record, char text[64]) {
  if (json_is_null(json_object_get(record, "entry"))) return "from its start";
  snprintf(text, 64, "from the loop at line %d on", (int)why_number(record, "entry_line"));
  return text;
}

static double ms(json_t *record, const char *key) { return (double)why_number(record, key) * 1e-6; }

/* ---- Exits ---- */

static bool is_same_entry(json_t *a, json_t *b) {
  return json_equal(json_object_get(a, "entry"), json_object_get(b, "entry"));
}

const char *why_expected(const why_log *log, size_t deopt_index) {
  json_t *deopt = json_array_get(log->records, deopt_index), *code = json_object_get(deopt, "code"), *check;
  for (size_t i = deopt_index, j; i-- > 0;) {
    json_t *record = json_array_get(log->records, i);
    if (!why_is_optimizing(record) || !why_is_of(record, why_string(code, "function")) ||
        !is_same_entry(record, code))
      continue;
    json_array_foreach(json_object_get(record, "speculation"), j, check) {
      bool is_it = why_is_of(check, why_string(deopt, "function")) &&
                   why_number(check, "pc") == why_number(deopt, "pc") &&
                   strcmp(why_string(check, "reason"), why_string(deopt, "reason")) == 0;
      if (is_it) return why_string(check, "expects");
    }
    return "";
  }
  return "";
}

char *why_seen(json_t *deopt) {
  char *text = NULL;
  size_t n, i;
  FILE *to = open_memstream(&text, &n);
  json_t *name, *values = json_object_get(deopt, "values");
  if (!to) return NULL;
  json_array_foreach(json_object_get(deopt, "reads"), i, name) {
    if (i > 0) fputs(", ", to);
    fprintf(to, "%s = %s", json_string_value(name), why_string(values, json_string_value(name)));
  }
  fclose(to);
  return text;
}

static json_t *exit_text(const why_log *log, size_t index, const char *method) {
  json_t *record = json_array_get(log->records, index), *code = json_object_get(record, "code");
  char *seen = why_seen(record), place[600] = "", around[600] = "", entry[64];
  const char *expected = why_expected(log, index);
  if (!why_is_of(record, method))
    snprintf(place, sizeof place, " of %s, built in", why_string(record, "function"));
  if (!why_is_of(code, method))
    snprintf(around, sizeof around, ", in the code of %s", why_string(code, "function"));
  json_t *text = json_sprintf(
      "left at line %d%s%s%s%s: %s%s%s%s%s", (int)why_number(record, "line"), place, around,
      why_is_of(code, method) && json_is_integer(json_object_get(code, "entry")) ? ", code " : "",
      why_is_of(code, method) && json_is_integer(json_object_get(code, "entry")) ? why_entry(code, entry)
                                                                                 : "",
      why_string(record, "reason"), expected[0] ? "; expected " : "", expected, seen && seen[0] ? "; " : "",
      seen ? seen : "");
  free(seen);
  return text;
}

/* ---- The story ---- */

/* Parts of the optimizing tier that a policy left out; handlers are, as long as nothing throws. */
static void left_out(json_t *compile, char *text, size_t room) {
  size_t i, n = 0;
  json_t *part;
  text[0] = 0;
  json_array_foreach(json_object_get(compile, "without"), i, part) {
    const char *name = json_string_value(part);
    if (name && strcmp(name, "handlers") != 0 && n < room)
      n += (size_t)snprintf(text + n, room - n, "%s%s", n > 0 ? ", " : "; without ", name);
  }
}

static json_t *compile_text(json_t *r) {
  char entry[64], without[200];
  const char *problem = why_string(r, "problem");
  bool is_baseline = strcmp(why_string(r, "tier"), "baseline") == 0;
  if (problem[0]) return json_sprintf("%s: %s", is_baseline ? "stays interpreted" : "not optimized", problem);
  if (is_baseline)
    return json_sprintf("baseline code after %d budget slices, %s: %d bytes, %.2f ms",
                        (int)why_number(r, "heat"), why_string(r, "reason"), (int)why_number(r, "code_bytes"),
                        ms(r, "ns"));
  left_out(r, without, sizeof without);
  return json_sprintf(
      "optimized %s: %d nodes, %d bytes; %.1f ms (graph %.2f, passes %.2f, LLVM %.1f, loading %.2f)%s",
      why_entry(r, entry), (int)why_number(r, "nodes"), (int)why_number(r, "code_bytes"), ms(r, "ns"),
      ms(r, "build_ns"), ms(r, "passes_ns"), ms(r, "llvm_ns"), ms(r, "load_ns"), without);
}

static json_t *event_text(const why_log *log, size_t index, const char *method) {
  json_t *r = json_array_get(log->records, index);
  char entry[64];
  if (why_is(r, "deopt"))
    return why_is_of(r, method) || why_is_of(json_object_get(r, "code"), method)
               ? exit_text(log, index, method)
               : NULL;
  if (!why_is_of(r, method)) return NULL;
  if (why_is(r, "compile")) return compile_text(r);
  if (why_is(r, "request"))
    return json_sprintf("into the optimizing tier's queue, %s: %s (%d slices)", why_entry(r, entry),
                        why_string(r, "reason"), (int)why_number(r, "heat"));
  if (why_is(r, "install")) return json_sprintf("code %s is in use", why_entry(r, entry));
  if (why_is(r, "drop")) return json_sprintf("out of the queue again: %s", why_string(r, "reason"));
  if (why_is(r, "give-up") || why_is(r, "evict") || why_is(r, "invalidate"))
    return json_sprintf("code %s is given up: %s", why_entry(r, entry), why_string(r, "reason"));
  return NULL;
}

/* An event like the last is counted with it. */
json_t *why_story(const why_log *log, const char *method) {
  json_t *story = json_array(), *record;
  size_t i;
  json_array_foreach(log->records, i, record) {
    json_t *text = event_text(log, i, method), *last = json_array_get(story, json_array_size(story) - 1);
    if (!text) continue;
    if (last && json_equal(json_object_get(last, "text"), text)) {
      json_object_set_new(last, "times", json_integer(why_number(last, "times") + 1));
      json_decref(text);
      continue;
    }
    json_array_append_new(story, json_pack("{s:f, s:s, s:o, s:i}", "ms", why_ms(log, record), "what",
                                           why_string(record, "jit"), "text", text, "times", 1));
  }
  return story;
}

/* Whether code for this entry (the record's) is in use at the end. */
static bool is_in_use(const why_log *log, json_t *install) {
  size_t i;
  json_t *record;
  bool result = false;
  json_array_foreach(log->records, i, record) {
    if (!why_is_of(record, why_string(install, "function")) || !is_same_entry(record, install)) continue;
    if (why_is(record, "install")) result = true;
    if (why_is(record, "give-up") || why_is(record, "evict") || why_is(record, "invalidate")) result = false;
  }
  return result;
}

/* ---- Uses ---- */

static json_t *find_use(json_t *uses, json_t *use) {
  size_t i;
  json_t *other;
  json_array_foreach(uses, i, other) {
    bool is_same = json_equal(json_object_get(other, "into"), json_object_get(use, "into")) &&
                   json_equal(json_object_get(other, "text"), json_object_get(use, "text"));
    if (is_same) return other;
  }
  return NULL;
}

static void add_use(json_t *uses, json_t *compile, json_t *d) {
  bool is_inlined = why_is_true(d, "inlined"), is_direct = why_is_of(compile, why_string(d, "caller"));
  json_t *text =
      json_sprintf("%s %s, line %d%s%s%s%s%s", is_inlined ? "built into" : "not built into",
                   why_string(compile, "function"), (int)why_number(d, "line"), is_direct ? "" : " of ",
                   is_direct ? "" : why_string(d, "caller"), is_direct ? "" : " (built in there)",
                   is_inlined ? "" : ": ", is_inlined ? "" : why_string(d, "reason"));
  json_t *use = json_pack("{s:s, s:I, s:b, s:o}", "into", why_string(compile, "function"), "line",
                          (json_int_t)why_number(d, "line"), "inlined", is_inlined, "text", text);
  if (find_use(uses, use)) json_decref(use);
  else json_array_append_new(uses, use);
}

json_t *why_uses(const why_log *log, const char *method) {
  json_t *uses = json_array(), *record, *d;
  size_t i, j;
  json_array_foreach(log->records, i,
                     record) if (why_is_optimizing(record) && !why_string(record, "problem")[0])
      json_array_foreach(json_object_get(record, "inlining"), j,
                         d) if (strcmp(why_string(d, "callee"), method) == 0) add_use(uses, record, d);
  return uses;
}

/* ---- Where it is at the end ---- */

static bool is_built_in(const why_log *log, const char *method) {
  json_t *uses = why_uses(log, method), *use;
  size_t i;
  bool result = false;
  json_array_foreach(uses, i, use) result |= why_is_true(use, "inlined");
  json_decref(uses);
  return result;
}

json_t *why_state(const why_log *log, const char *method) {
  json_t *profile = why_profile(log, method), *record, *loop = NULL;
  size_t i;
  bool is_optimized = false, is_compiled = false;
  json_array_foreach(log->records, i, record) {
    if (!why_is_of(record, method)) continue;
    is_compiled |= why_is(record, "compile") && !why_string(record, "problem")[0];
    if (!why_is(record, "install") || !is_in_use(log, record)) continue;
    if (json_is_null(json_object_get(record, "entry"))) is_optimized = true;
    else loop = record;
  }
  char entry[64] = "";
  bool is_within = !is_optimized && !loop && is_built_in(log, method);
  const char *tier = is_optimized ? "optimized code" : is_compiled ? "baseline code" : "interpreted";
  if (!is_optimized && profile) /* the profile knows best */
    tier = strcmp(why_string(profile, "tier"), "interpreter") == 0 ? "interpreted" : "baseline code";
  return json_sprintf("%s%s%s%s", is_within ? "built into other methods; otherwise " : "", tier,
                      loop ? "; optimized code " : "", loop ? why_entry(loop, entry) : "");
}
