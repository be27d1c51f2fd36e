/* plan.c: see plan.h. */
#include "plan.h"
#include "json.h"
#include "policies.h"
#include "seen.h"
#include "terza/arena.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum { HASHES = 1024, LONGEST_NAME = 1024 };

struct tz_plan {
  tz_arena *arena;
  const char *path;
  tz_planned_function *functions[HASHES];
  uint32_t n_codes;
  bool has_baseline;
};

/* A line as it is read. */
typedef struct record {
  tz_plan *plan;
  tz_json json;
  char kind[32], tier[32], function[LONGEST_NAME];
  uint32_t entry, heat, deopts, parts, line;
  tz_planned_call *calls;
  tz_planned_place *generic;
  tz_planned_seen *seen;
  uint32_t n_calls, n_generic, n_seen;
  bool has_calls, has_parts, is_for_good;
} record;

/* ---- Lookup ---- */

static uint32_t hash(const char *name) {
  uint32_t h = 2166136261u;
  for (; *name != 0; name++) h = (h ^ (uint8_t)*name) * 16777619u;
  return h % HASHES;
}

tz_planned_function *tz_plan_function(const tz_plan *plan, const char *name) {
  for (tz_planned_function *f = plan->functions[hash(name)]; f != NULL; f = f->next)
    if (strcmp(f->name, name) == 0) return f;
  return NULL;
}

tz_planned_code *tz_plan_code(const tz_planned_function *f, uint32_t entry, uint32_t n) {
  for (tz_planned_code *c = f != NULL ? f->codes : NULL; c != NULL; c = c->next)
    if (c->entry == entry && n-- == 0) return c;
  return NULL;
}

bool tz_plan_has_baseline(const tz_plan *plan) { return plan->has_baseline; }

const char *tz_plan_path(const tz_plan *plan) { return plan->path; }

/* ---- Reading a record ---- */

static void *copy(tz_plan *plan, const void *from, size_t bytes) {
  return tz_arena_copy(plan->arena, from, bytes);
}

static const char *copy_text(tz_plan *plan, const char *text) { return copy(plan, text, strlen(text) + 1); }

/* The array with one more element; NULL: no memory. */
static void *append(void *array, uint32_t n, const void *element, size_t bytes) {
  if ((n & (n - 1)) != 0) return memcpy((char *)array + n * bytes, element, bytes), array;
  void *larger = realloc(array, (n > 0 ? 2 * (size_t)n : 1) * bytes);
  if (larger != NULL) memcpy((char *)larger + n * bytes, element, bytes);
  return larger;
}

static void broken(record *r) {
  r->json.is_broken = true;
  r->json.at = "";
}

static uint32_t number(record *r) {
  uint64_t n = tz_json_number(&r->json);
  return n < UINT32_MAX ? (uint32_t)n : UINT32_MAX;
}

static void read_call(record *r) {
  tz_planned_call call = {.parent = TZ_NO_PARENT};
  char name[32], text[LONGEST_NAME];
  tz_json *j = &r->json;
  for (bool more = tz_json_open(j, '{'); more; more = tz_json_more(j, '}')) {
    tz_json_name(j, name, sizeof name);
    if (strcmp(name, "parent") == 0) call.parent = tz_json_null(j) ? TZ_NO_PARENT : number(r);
    else if (strcmp(name, "pc") == 0) call.pc = number(r);
    else if (strcmp(name, "inlined") == 0) call.is_inlined = tz_json_bool(j);
    else if (strcmp(name, "callee") == 0)
      tz_json_text(j, text, sizeof text), call.callee = copy_text(r->plan, text);
    else tz_json_skip(j);
  }
  bool is_whole = call.callee != NULL && (call.parent == TZ_NO_PARENT || call.parent < r->n_calls);
  void *calls = is_whole && !j->is_broken ? append(r->calls, r->n_calls, &call, sizeof call) : NULL;
  if (calls == NULL) return broken(r);
  r->calls = calls;
  r->n_calls++;
}

static void read_place(record *r) {
  tz_planned_place place = {0};
  char name[32], text[LONGEST_NAME];
  tz_json *j = &r->json;
  for (bool more = tz_json_open(j, '{'); more; more = tz_json_more(j, '}')) {
    tz_json_name(j, name, sizeof name);
    if (strcmp(name, "pc") == 0) place.pc = number(r);
    else if (strcmp(name, "function") == 0)
      tz_json_text(j, text, sizeof text), place.function = copy_text(r->plan, text);
    else tz_json_skip(j);
  }
  void *generic =
      place.function != NULL && !j->is_broken ? append(r->generic, r->n_generic, &place, sizeof place) : NULL;
  if (generic == NULL) return broken(r);
  r->generic = generic;
  r->n_generic++;
}

/* [NAME, COUNT], the name null for a class that has none of its own. */
static void read_class(record *r, tz_planned_seen *seen) {
  char text[LONGEST_NAME];
  tz_json *j = &r->json;
  uint32_t n = seen->n_classes;
  bool is_known = tz_json_open(j, '[') && !tz_json_null(j);
  if (is_known) tz_json_text(j, text, sizeof text);
  else seen->kind = -1;
  if (!tz_json_more(j, ']') || n == TZ_PLANNED_CLASSES) return broken(r);
  seen->classes[n].count = number(r);
  seen->classes[n].name = is_known ? copy_text(r->plan, text) : "";
  seen->n_classes++;
  if (tz_json_more(j, ']') || seen->classes[n].name == NULL) broken(r);
}

static void read_classes(record *r, tz_planned_seen *seen) {
  seen->kind = TZ_SEEN_SITE;
  for (bool more = tz_json_open(&r->json, '['); more; more = tz_json_more(&r->json, ']')) read_class(r, seen);
}

static void read_seen(record *r) {
  tz_planned_seen seen = {.kind = TZ_SEEN_BRANCH};
  char name[32], text[LONGEST_NAME];
  tz_json *j = &r->json;
  for (bool more = tz_json_open(j, '{'); more; more = tz_json_more(j, '}')) {
    tz_json_name(j, name, sizeof name);
    if (strcmp(name, "pc") == 0) seen.pc = number(r);
    else if (strcmp(name, "function") == 0)
      tz_json_text(j, text, sizeof text), seen.function = copy_text(r->plan, text);
    else if (strcmp(name, "taken") == 0) seen.taken = number(r);
    else if (strcmp(name, "not_taken") == 0) seen.not_taken = number(r);
    else if (strcmp(name, "operands") == 0) seen.kind = TZ_SEEN_OPERANDS, seen.operands = number(r);
    else if (strcmp(name, "classes") == 0) read_classes(r, &seen);
    else if (strcmp(name, "others") == 0) seen.others = number(r);
    else tz_json_skip(j);
  }
  void *all = seen.function != NULL && !j->is_broken ? append(r->seen, r->n_seen, &seen, sizeof seen) : NULL;
  if (all == NULL) return broken(r);
  r->seen = all;
  r->n_seen++;
}

static void read_list(record *r, void (*read)(record *r)) {
  for (bool more = tz_json_open(&r->json, '['); more; more = tz_json_more(&r->json, ']')) read(r);
}

static void read_left_out(record *r) {
  char text[64];
  tz_json_text(&r->json, text, sizeof text);
  for (unsigned i = 0; i < TZ_JIT_N_PARTS; i++)
    if (strcmp(text, tz_part_names[i]) == 0) r->parts &= ~(1u << i);
}

static void read_record(record *r) {
  char name[32];
  tz_json *j = &r->json;
  r->entry = TZ_JIT_START;
  r->parts = TZ_JIT_ALL_PARTS;
  for (bool more = tz_json_open(j, '{'); more; more = tz_json_more(j, '}')) {
    tz_json_name(j, name, sizeof name);
    if (strcmp(name, "jit") == 0) tz_json_text(j, r->kind, sizeof r->kind);
    else if (strcmp(name, "tier") == 0) tz_json_text(j, r->tier, sizeof r->tier);
    else if (strcmp(name, "function") == 0) tz_json_text(j, r->function, sizeof r->function);
    else if (strcmp(name, "entry") == 0) r->entry = tz_json_null(j) ? TZ_JIT_START : number(r);
    else if (strcmp(name, "heat") == 0) r->heat = number(r);
    else if (strcmp(name, "deopts") == 0) r->deopts = number(r);
    else if (strcmp(name, "for_good") == 0) r->is_for_good = tz_json_bool(j);
    else if (strcmp(name, "inlining") == 0) r->has_calls = true, read_list(r, read_call);
    else if (strcmp(name, "generic") == 0) read_list(r, read_place);
    else if (strcmp(name, "profile") == 0) read_list(r, read_seen);
    else if (strcmp(name, "without") == 0) r->has_parts = true, read_list(r, read_left_out);
    else tz_json_skip(j);
  }
}

/* ---- Making the plan ---- */

static tz_planned_function *function_of(record *r) {
  tz_plan *plan = r->plan;
  tz_planned_function *f = tz_plan_function(plan, r->function);
  if (f != NULL) return f;
  f = tz_arena_alloc(plan->arena, sizeof *f);
  if (f == NULL) return NULL;
  tz_planned_function **chain = &plan->functions[hash(r->function)];
  *f = (tz_planned_function){
      .next = *chain, .name = copy_text(plan, r->function), .baseline_heat = UINT32_MAX, .line = r->line};
  return f->name != NULL ? *chain = f : NULL;
}

static bool add_code(record *r, tz_planned_function *f) {
  tz_plan *plan = r->plan;
  tz_planned_code *c = tz_arena_alloc(plan->arena, sizeof *c), **last = &f->codes;
  if (c == NULL) return false;
  *c = (tz_planned_code){.entry = r->entry,
                         .heat = r->heat,
                         .line = r->line,
                         .parts = r->parts,
                         .number = plan->n_codes++,
                         .has_calls = r->has_calls,
                         .has_parts = r->has_parts,
                         .calls = copy(plan, r->calls, r->n_calls * sizeof *r->calls),
                         .generic = copy(plan, r->generic, r->n_generic * sizeof *r->generic),
                         .seen = copy(plan, r->seen, r->n_seen * sizeof *r->seen),
                         .n_seen = r->n_seen,
                         .n_calls = r->n_calls,
                         .n_generic = r->n_generic};
  while (*last != NULL) last = &(*last)->next;
  *last = c;
  return c->calls != NULL && c->generic != NULL && c->seen != NULL;
}

/* It is about the last code of that entry. */
static void add_end(record *r, tz_planned_function *f) {
  tz_planned_code *last = NULL;
  for (tz_planned_code *c = f->codes; c != NULL; c = c->next)
    if (c->entry == r->entry) last = c;
  if (last == NULL) return;
  last->left_after = r->deopts;
  last->stays_below = r->is_for_good;
}

/* False: no memory. */
static bool add(record *r) {
  bool is_code = strcmp(r->kind, "compile") == 0, is_end = strcmp(r->kind, "give-up") == 0;
  if (!is_code && !is_end) return true;
  tz_planned_function *f = function_of(r);
  if (f == NULL) return false;
  if (is_end) return add_end(r, f), true;
  if (strcmp(r->tier, "optimizing") == 0) return add_code(r, f);
  r->plan->has_baseline = true;
  if (r->heat < f->baseline_heat) f->baseline_heat = r->heat;
  return true;
}

static const char *problem_of(const record *r) {
  bool is_code = strcmp(r->kind, "compile") == 0;
  if (r->kind[0] == 0) return "not a line of a JIT log";
  if ((is_code || strcmp(r->kind, "give-up") == 0) && r->function[0] == 0) return "it names no function";
  if (is_code && strcmp(r->tier, "baseline") != 0 && strcmp(r->tier, "optimizing") != 0)
    return "there is no such tier: baseline, optimizing";
  return NULL;
}

/* NULL: done. */
static const char *read_line(tz_plan *plan, const char *text, uint32_t line) {
  record *r = calloc(1, sizeof *r);
  if (r == NULL) return "no memory";
  *r = (record){.plan = plan, .json = {text, false}, .line = line};
  read_record(r);
  const char *problem = tz_json_at_end(&r->json) ? problem_of(r) : "not a line of a JIT log";
  if (problem == NULL && !add(r)) problem = "no memory";
  free(r->calls);
  free(r->generic);
  free(r->seen);
  free(r);
  return problem;
}

static const char *read_lines(tz_plan *plan, FILE *from, uint32_t *line) {
  char *text = NULL;
  size_t room = 0;
  const char *problem = NULL;
  for (*line = 1; problem == NULL && getline(&text, &room, from) > 0; ++*line)
    if (text[strspn(text, " \t\r\n")] != 0) problem = read_line(plan, text, *line);
  free(text);
  return problem;
}

tz_plan *tz_plan_read(const char *path, char *problem, size_t room) {
  uint32_t line = 0;
  FILE *from = fopen(path, "re");
  if (from == NULL) return snprintf(problem, room, "cannot read %s: %s", path, strerror(errno)), NULL;
  tz_plan *plan = calloc(1, sizeof *plan);
  if (plan != NULL) plan->arena = tz_arena_new();
  bool is_made = plan != NULL && plan->arena != NULL && (plan->path = copy_text(plan, path)) != NULL;
  const char *why = is_made ? read_lines(plan, from, &line) : "no memory";
  if (why == NULL && ferror(from)) why = "cannot be read";
  fclose(from);
  if (why == NULL) return plan;
  snprintf(problem, room, "%s:%u: %s", path, line > 0 ? line - 1 : 0, why);
  tz_plan_free(plan);
  return NULL;
}

void tz_plan_free(tz_plan *plan) {
  if (plan == NULL) return;
  tz_arena_free(plan->arena);
  free(plan);
}

/* ---- Afterwards ---- */

static void report_function(const tz_plan *plan, const tz_planned_function *f, bool all, FILE *to) {
  if (!f->is_linked)
    fprintf(to, "terza: %s:%u: the program has no function %s\n", plan->path, f->line, f->name);
  for (const tz_planned_code *c = f->codes; c != NULL && all && f->is_linked; c = c->next)
    if (!c->is_begun) fprintf(to, "terza: %s:%u: %s was not compiled\n", plan->path, c->line, f->name);
}

static bool is_of_another_program(const tz_plan *plan) {
  for (uint32_t i = 0; i < HASHES; i++)
    for (const tz_planned_function *f = plan->functions[i]; f != NULL; f = f->next)
      if (f->is_linked) return false;
  return true;
}

void tz_plan_report(const tz_plan *plan, bool all, FILE *to) {
  if (is_of_another_program(plan)) {
    fprintf(to, "terza: %s: the program has none of its functions\n", plan->path);
    return;
  }
  for (uint32_t i = 0; i < HASHES; i++)
    for (const tz_planned_function *f = plan->functions[i]; f != NULL; f = f->next)
      report_function(plan, f, all, to);
}
