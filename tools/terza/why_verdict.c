/* why_verdict.c: what the record says keeps a method from being as fast as it could be, in plain sentences.
 * Each rule looks at one thing and says nothing if it is not so. */
#include "terza/jit.h"
#include "why.h"
#include <stdlib.h>

typedef struct verdict {
  const why_log *log;
  const char *method;
  json_t *profile, *code; /* NULL: none */
  json_t *sentences;
  int n_compiled, n_entries, n_given_up, n_baseline; /* codes of the optimizing tier; of the baseline tier */
  json_t *problem, *end, *request, *drop; /* the last record that it was not optimized; given up; asked for;
                                           * taken out of the queue */
} verdict;

static void say(verdict *v, json_t *sentence) {
  size_t i;
  json_t *other;
  bool is_said = false;
  json_array_foreach(v->sentences, i, other) is_said |= sentence && json_equal(other, sentence);
  if (is_said) json_decref(sentence);
  else if (sentence) json_array_append_new(v->sentences, sentence);
}

/* The first good compilation for its entry. */
static bool is_first(const verdict *v, size_t index) {
  json_t *r = json_array_get(v->log->records, index);
  for (size_t i = 0; i < index; i++) {
    json_t *other = json_array_get(v->log->records, i);
    if (why_is_optimizing(other) && why_is_of(other, v->method) && !why_string(other, "problem")[0] &&
        json_equal(json_object_get(other, "entry"), json_object_get(r, "entry")))
      return false;
  }
  return true;
}

static void look(verdict *v) {
  size_t i;
  json_t *r;
  json_array_foreach(v->log->records, i, r) {
    if (!why_is_of(r, v->method)) continue;
    bool is_refused = why_string(r, "problem")[0] != 0;
    if (why_is_optimizing(r) && is_refused) v->problem = r;
    v->n_compiled += why_is_optimizing(r) && !is_refused;
    v->n_entries += why_is_optimizing(r) && !is_refused && is_first(v, i);
    v->n_baseline += why_is(r, "compile") && !why_is_optimizing(r) && !is_refused;
    if (why_is(r, "give-up")) v->n_given_up++, v->end = r;
    if (why_is(r, "request")) v->request = r, v->drop = NULL;
    if (why_is(r, "drop")) v->drop = r;
  }
}

/* ---- How far it came ---- */

static int uses(verdict *v, bool is_inlined) {
  json_t *all = why_uses(v->log, v->method), *use;
  size_t i;
  int n = 0;
  json_array_foreach(all, i, use) n += why_is_true(use, "inlined") == is_inlined;
  json_decref(all);
  return n;
}

static void tier(verdict *v) {
  int64_t heat = why_number(v->profile, "heat"), words = why_number(v->profile, "words");
  int n_uses = uses(v, true);
  const char *lower = v->n_baseline > 0 ? "on the baseline tier" : "in the interpreter";
  if (v->problem) say(v, json_sprintf("It stays %s: %s.", lower, why_string(v->problem, "problem")));
  if (v->n_compiled > 0 || v->problem) return;
  if (!v->log->is_optimizing) say(v, json_string("The optimizing tier is off (--jit=baseline)."));
  else if (n_uses > 0)
    say(v,
        json_sprintf("It is built into other methods, in %d place%s, and has no optimized code of its own.",
                     n_uses, n_uses == 1 ? "" : "s"));
  else if (v->drop)
    say(v, json_sprintf("Its request was dropped while it waited for the compiler: %s.",
                        why_string(v->drop, "reason")));
  else if (v->request)
    say(v,
        json_sprintf("It waited for the compiler when the program ended; --jit-sync makes programs wait."));
  else if (!v->profile) say(v, json_sprintf("The run did not come to its end, so its heat is not known."));
  else if (!v->log->is_by_default)
    say(v,
        json_sprintf("The policy in use (--jit-policy, --jit-replay) did not want it optimized; it used %d "
                     "budget slices.",
                     (int)heat));
  else if (v->n_baseline == 0)
    say(v, json_sprintf("It was not hot: it used %d budget slices (of 2,000 calls and back-edges); the "
                        "baseline tier compiles "
                        "after %d, once the program has used %d.",
                        (int)heat, (int)v->log->threshold, (int)TZ_JIT_WARM_UP_SLICES));
  else if (heat < v->log->promote)
    say(v, json_sprintf("It was not hot enough to be optimized: it used %d budget slices, and that takes %d "
                        "(--jit-promote).",
                        (int)heat, (int)v->log->promote));
  else if (words <= TZ_JIT_TINY_WORDS)
    say(v, json_sprintf("It is small (%d words): such methods are optimized within their callers, not for "
                        "the sake of callers "
                        "on lower tiers.",
                        (int)words));
}

/* The first time that the method was asked for from its start: how long until its code was in use. */
static void waiting(verdict *v) {
  enum { LONG_MS = 100 };
  double asked = -1, begun = -1;
  size_t i;
  json_t *r;
  json_array_foreach(v->log->records, i, r) {
    if (!why_is_of(r, v->method) || !json_is_null(json_object_get(r, "entry"))) continue;
    double at = why_ms(v->log, r);
    if (why_is(r, "request") && asked < 0) asked = at;
    if (why_is_optimizing(r) && begun < 0) begun = at;
    if (!why_is(r, "install")) continue;
    if (asked >= 0 && begun >= 0 && at - asked > LONG_MS)
      say(v, json_sprintf("Its optimized code came %.0f ms after it was asked for: %.0f ms in the queue, "
                          "%.0f ms until it was "
                          "compiled and in use.",
                          at - asked, begun - asked, at - begun));
    return;
  }
}

/* ---- Exits ---- */

static bool is_exception(json_t *deopt) {
  return why_is_true(deopt, "exception") || strcmp(why_string(deopt, "reason"), "throw") == 0;
}

static void exits(verdict *v) {
  json_t *r, *last = NULL;
  size_t i, at = 0;
  int n = 0, n_exceptions = 0;
  json_array_foreach(v->log->records, i, r) {
    if (!why_is(r, "deopt") || !why_is_of(json_object_get(r, "code"), v->method)) continue;
    if (is_exception(r)) n_exceptions++;
    else n++, last = r, at = i;
  }
  if (v->n_compiled > v->n_entries)
    say(v, json_sprintf("The optimizing tier compiled it %d times, for %d entr%s.", v->n_compiled,
                        v->n_entries, v->n_entries == 1 ? "y" : "ies"));
  if (last) {
    char *seen = why_seen(last);
    const char *expected = why_expected(v->log, at);
    say(v, json_sprintf("Its optimized code was left %d time%s, last by speculation that failed at line %d "
                        "of %s: %s%s%s%s%s.",
                        n, n == 1 ? "" : "s", (int)why_number(last, "line"), why_string(last, "function"),
                        why_string(last, "reason"), expected[0] ? "; expected " : "", expected,
                        seen && seen[0] ? ", saw " : "", seen ? seen : ""));
    free(seen);
  }
  if (n_exceptions > 0)
    say(v, json_sprintf("Exceptions left its optimized code %d time%s.", n_exceptions,
                        n_exceptions == 1 ? "" : "s"));
  if (v->end)
    say(v, json_sprintf("Code was given up %d time%s, the last time: %s.", v->n_given_up,
                        v->n_given_up == 1 ? "" : "s", why_string(v->end, "reason")));
}

/* ---- What the code still does ---- */

static void megamorphic(verdict *v) {
  size_t i, j;
  json_t *site, *way;
  json_array_foreach(json_object_get(v->profile, "sites"), i, site) {
    double others = (double)why_number(site, "others"), total = others;
    json_array_foreach(json_object_get(site, "classes"), j, way) total += (double)why_number(way, "count");
    if (others > 0)
      say(v, json_sprintf("Line %d has a megamorphic place: it sees more than four classes, the first four "
                          "in %.0f %% of cases.",
                          (int)why_number(site, "line"), (total - others) / total * 100));
  }
}

static void kinds(verdict *v) {
  size_t i;
  json_t *o;
  json_array_foreach(json_object_get(v->profile, "operators"), i, o) {
    size_t left = json_array_size(json_object_get(o, "left")),
           right = json_array_size(json_object_get(o, "right"));
    if (left < 2 && right < 2) continue;
    say(v, json_sprintf("Line %d has an operator on dynamic values of %d kinds.", (int)why_number(o, "line"),
                        (int)(left > right ? left : right)));
  }
}

static void general(verdict *v) {
  size_t i;
  json_t *g;
  json_array_foreach(json_object_get(v->code, "generic"), i, g)
      say(v, json_sprintf("Line %d of %s is compiled in general form, not by what was seen: %s.",
                          (int)why_number(g, "line"), why_string(g, "function"), why_string(g, "reason")));
}

static void large(verdict *v) {
  size_t i;
  json_t *d;
  int n = 0;
  json_array_foreach(json_object_get(v->code, "inlining"), i, d) n +=
      strcmp(why_string(d, "reason"), "the caller is large enough") == 0;
  if (n > 0)
    say(v,
        json_sprintf("It has become large: %d call%s not built in for that.", n, n == 1 ? " was" : "s were"));
}

static void leftovers(verdict *v) {
  size_t i;
  json_t *x;
  json_array_foreach(json_object_get(v->code, "calls"), i, x) {
    bool is_outlined = strncmp(why_string(x, "how"), "one", 3) == 0;
    if (is_outlined && why_number(x, "left") > 0)
      say(v, json_sprintf("Line %d of %s runs an instruction out of line, by the interpreter.",
                          (int)why_number(x, "line"), why_string(x, "function")));
  }
  json_array_foreach(json_object_get(v->code, "allocations"), i, x) if (why_number(x, "left") > 0)
      say(v, json_sprintf("Line %d of %s allocates %s.", (int)why_number(x, "line"),
                          why_string(x, "function"), why_string(x, "class")));
}

/* A method that calls itself cannot be built in for ever. */
static void refusals(verdict *v) {
  json_t *all = why_uses(v->log, v->method), *use, *first = NULL;
  size_t i;
  int n = 0;
  json_array_foreach(all, i, use) {
    if (why_is_true(use, "inlined") || strcmp(why_string(use, "into"), v->method) == 0) continue;
    if (n++ == 0) first = use;
  }
  if (n > 0)
    say(v, json_sprintf("%d place%s that call%s it did not build it in, first: %s.", n, n == 1 ? "" : "s",
                        n == 1 ? "s" : "", why_string(first, "text")));
  json_decref(all);
}

json_t *why_verdict(const why_log *log, const char *method) {
  verdict v = {
      log,  method, why_profile(log, method), why_code(log, method), json_array(), 0, 0, 0, 0, NULL, NULL,
      NULL, NULL};
  look(&v);
  tier(&v);
  waiting(&v);
  exits(&v);
  megamorphic(&v);
  kinds(&v);
  general(&v);
  large(&v);
  leftovers(&v);
  refusals(&v);
  if (json_array_size(v.sentences) > 0) return v.sentences;
  if (v.n_compiled > 0) say(&v, json_string("It is optimized; the record shows nothing that holds it up."));
  else say(&v, json_string("The record does not show why it has no optimized code."));
  return v.sentences;
}
