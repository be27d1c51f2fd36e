/* log_graph.c: the record of one compilation by the optimizing tier: what was built in, what the code relies
 * on, and what the passes have left of checks, allocations and calls. Read log.h. */
#include "baseline.h"
#include "error.h"
#include "log_line.h"
#include "policies.h"
#include "seen.h"
#include <inttypes.h>
#include <stdlib.h>

typedef enum kind { CHECK, ALLOCATION, CALL, N_KINDS } kind;

/* Nodes of a kind at one place of the bytecode, however often it was built in. */
typedef struct point {
  const tz_function *function;
  const void *what; /* ALLOCATION: class or type; CALL: callee, NULL: looked up */
  uint32_t pc, built, left;
  uint8_t kind, detail; /* CHECK: tz_deopt_reason; ALLOCATION: is an array */
  uint8_t kinds; /* CHECK of a dynamic value: which it is to be, a bit for each of kind_names; UNTOLD: there
                    are others */
  const tz_class *cls; /* CHECK of a class: which it is to be; NULL: none, or several */
} point;

struct tz_log_compilation {
  tz_jit_log *log;
  const tz_function *function;
  uint32_t entry, heat;
  tz_jit_parts parts;
  uint64_t start_ns;
  point *points;
  uint32_t n_points, room;
  tz_log_line inlining, generic, profile, origins; /* their text alone */
  FILE *dump;                                      /* NULL: nobody asked for it */
  char *dump_text;
  size_t dump_bytes;
};

/* ---- Points ---- */

static point *point_of(tz_log_compilation *c, point p) {
  for (uint32_t i = 0; i < c->n_points; i++) {
    point *x = &c->points[i];
    if (x->function == p.function && x->pc == p.pc && x->kind == p.kind && x->detail == p.detail &&
        x->what == p.what)
      return x;
  }
  if (c->n_points == c->room) {
    uint32_t room = c->room > 0 ? 2 * c->room : 64;
    point *larger = realloc(c->points, room * sizeof *larger);
    if (larger == NULL) return NULL;
    c->points = larger;
    c->room = room;
  }
  c->points[c->n_points] = p;
  return &c->points[c->n_points++];
}

/* What a node stands for, if it is of a kind told about. */
static bool point_at(const tz_node *n, point *p) {
  if (n->state == NULL) return false;
  *p = (point){.function = n->state->function, .pc = n->state->pc};
  switch (n->op) {
  case TZ_NODE_GUARD:
  case TZ_NODE_DEOPT:
    p->kind = CHECK, p->detail = (uint8_t)n->aux;
    return n->aux != TZ_DEOPT_INVALID && n->aux != TZ_DEOPT_STRESS;
  case TZ_NODE_NEW: p->kind = ALLOCATION, p->what = n->imm.p; return true;
  case TZ_NODE_NEW_ARRAY: p->kind = ALLOCATION, p->what = n->imm.p, p->detail = 1; return true;
  case TZ_NODE_CALL: p->kind = CALL, p->what = n->imm.p; return true;
  case TZ_NODE_CALL_POINTER: p->kind = CALL; return true;
  default: return false;
  }
}

enum { UNTOLD = 128 };
static const char *const kind_names[] = {"int", "float", "bool", "object"};

static uint8_t kinds_of(const tz_node *condition) {
  switch (condition->op) {
  case TZ_NODE_ANY_IS_INT: return 1;
  case TZ_NODE_ANY_IS_FLOAT: return 2;
  case TZ_NODE_ANY_IS_BOOL: return 4;
  case TZ_NODE_ANY_IS_REF: return 8;
  case TZ_NODE_OR: return kinds_of(condition->inputs[0]) | kinds_of(condition->inputs[1]);
  default: return UNTOLD;
  }
}

/* What a guard just built relies on. */
static void note_expected(point *p, const tz_node *n) {
  if (n->op != TZ_NODE_GUARD) return;
  const tz_node *condition = n->inputs[0];
  if (n->aux == TZ_DEOPT_KIND) p->kinds |= kinds_of(condition);
  bool is_class =
      n->aux == TZ_DEOPT_CLASS && condition->op == TZ_NODE_EQ && condition->inputs[1]->op == TZ_NODE_INT;
  if (!is_class) return;
  const tz_class *cls = (const tz_class *)(uintptr_t)condition->inputs[1]->imm.i;
  p->cls = p->built == 1 || p->cls == cls ? cls : NULL;
}

static void take_points(tz_log_compilation *c, const tz_graph *g, bool is_left) {
  for (uint32_t i = 0; i < g->n_blocks; i++)
    for (const tz_node *n = g->blocks[i]->first; n != NULL; n = n->next) {
      point p, *x = point_at(n, &p) ? point_of(c, p) : NULL;
      if (x == NULL) continue;
      *(is_left ? &x->left : &x->built) += 1;
      if (!is_left && x->kind == CHECK) note_expected(x, n);
    }
}

static void write_class(tz_log_line *line, const char *name, const tz_class *cls) {
  char *text = NULL;
  size_t n;
  FILE *to = open_memstream(&text, &n);
  if (to == NULL) return;
  tz_log_class(to, cls);
  fclose(to);
  tz_log_text(line, name, text);
  free(text);
}

static void write_expected(tz_log_line *line, const point *p) {
  char text[64] = "";
  if (p->cls != NULL) write_class(line, "expects", p->cls);
  if (p->kinds == 0 || p->kinds & UNTOLD) return;
  for (unsigned i = 0; i < sizeof kind_names / sizeof *kind_names; i++) {
    if (!(p->kinds >> i & 1)) continue;
    if (text[0] != 0) strcat(text, " or ");
    strcat(text, kind_names[i]);
  }
  tz_log_text(line, "expects", text);
}

static void write_point(tz_log_line *line, bool is_first, const point *p) {
  tz_log_element(line, is_first, p->function, p->pc);
  if (p->kind == CHECK) {
    tz_log_text(line, "reason", tz_deopt_text((tz_deopt_reason)p->detail));
    write_expected(line, p);
  }
  if (p->kind == ALLOCATION)
    write_class(line, "class", p->detail ? ((const tz_type *)p->what)->class_ : (const tz_class *)p->what);
  if (p->kind == CALL) {
    const tz_function *callee = p->what;
    bool is_outlined = callee != NULL && callee->flags & TZ_FUNCTION_HIDDEN;
    tz_log_text(line, "callee", callee != NULL && !is_outlined ? callee->name : NULL);
    tz_log_text(line, "how",
                callee == NULL ? "looked up"
                : is_outlined  ? "one instruction, out of line"
                               : "direct");
  }
  tz_log_number(line, "built", p->built);
  tz_log_number(line, "left", p->left);
  fputc('}', line->to);
}

static void write_points(tz_log_line *line, const tz_log_compilation *c, kind kind, const char *name) {
  bool is_first = true;
  fprintf(line->to, ",\"%s\":[", name);
  for (uint32_t i = 0; i < c->n_points; i++) {
    if (c->points[i].kind != kind) continue;
    write_point(line, is_first, &c->points[i]);
    is_first = false;
  }
  fputc(']', line->to);
}

/* ---- Inlining ---- */

enum { MOST_DEPTH = 64 };

/* In the order of building, which is that of the tree: a callee's own sites follow its entry, one deeper. */
static void write_inlining(tz_log_line *line, const tz_graph *g) {
  uint32_t n = 0, at, parents[MOST_DEPTH + 1];
  for (const tz_inline_decision *d = g->decisions; d != NULL; d = d->next) n++;
  const tz_inline_decision **all = malloc((n + 1) * sizeof *all);
  if (all == NULL) return;
  at = n;
  for (const tz_inline_decision *d = g->decisions; d != NULL; d = d->next) all[--at] = d;
  for (uint32_t i = 0; i < n; i++) {
    const tz_inline_decision *d = all[i];
    uint32_t depth = d->depth < MOST_DEPTH ? d->depth : MOST_DEPTH;
    fprintf(line->to, "%s{\"depth\":%" PRIu32, i > 0 ? "," : "", d->depth);
    if (depth > 0) tz_log_number(line, "parent", parents[depth - 1]);
    else fputs(",\"parent\":null", line->to);
    tz_log_text(line, "caller", d->caller->name);
    tz_log_place(line, d->caller, d->pc);
    tz_log_text(line, "callee", d->callee->name);
    fprintf(line->to, ",\"inlined\":%s", d->is_inlined ? "true" : "false");
    tz_log_number(line, "words", d->callee->n_words);
    tz_log_text(line, "reason", d->reason);
    fputc('}', line->to);
    if (d->is_inlined) parents[depth] = i;
  }
  free(all);
}

/* Where the policy did not want the profile relied on. */
static void write_generic(tz_log_line *line, const tz_graph *g) {
  for (const tz_generic_place *p = g->generic; p != NULL; p = p->next) {
    tz_log_element(line, p == g->generic, p->function, p->pc);
    tz_log_text(line, "reason", p->reason);
    fputc('}', line->to);
  }
}

static void write_site(tz_log_line *line, const tz_site *site) {
  char name[256];
  fputs(",\"classes\":[", line->to);
  for (int i = 0; i < TZ_SITE_WAYS && site->way[i].cls != 0; i++) {
    fputs(i > 0 ? ",[" : "[", line->to);
    if (tz_seen_class_name(&site->way[i], name, sizeof name)) tz_log_quoted(line->to, name, strlen(name));
    else fputs("null", line->to);
    fprintf(line->to, ",%" PRIu32 "]", site->way[i].count);
  }
  fputc(']', line->to);
  tz_log_number(line, "others", site->misses);
}

/* What the graph was built from. */
static void write_profile(tz_log_line *line, const tz_graph *g) {
  const tz_seen *first = g->seen != NULL ? g->seen->first : NULL;
  for (const tz_seen *s = first; s != NULL; s = s->next) {
    tz_log_element(line, s == first, s->function, s->pc);
    if (s->kind == TZ_SEEN_SITE) write_site(line, &s->site);
    if (s->kind == TZ_SEEN_OPERANDS) tz_log_number(line, "operands", s->operands);
    if (s->kind == TZ_SEEN_BRANCH) {
      tz_log_number(line, "taken", s->branch.taken);
      tz_log_number(line, "not_taken", s->branch.not_taken);
    }
    fputc('}', line->to);
  }
}

static void write_left_out(tz_log_line *line, uint32_t parts) {
  const char *separator = "";
  fputs(",\"without\":[", line->to);
  for (unsigned i = 0; i < TZ_JIT_N_PARTS; i++) {
    if (parts >> i & 1) continue;
    fprintf(line->to, "%s\"%s\"", separator, tz_part_names[i]);
    separator = ",";
  }
  fputc(']', line->to);
}

static void write_origins(tz_log_line *line, const tz_graph *g) {
  for (uint32_t i = 0; i < g->n_origins; i++) {
    const tz_origin *o = &g->origins[i];
    fputs(i > 0 ? ",[" : "[", line->to);
    tz_log_quoted(line->to, o->function->name, strlen(o->function->name));
    fprintf(line->to, ",%" PRIu32 ",%" PRIu32 ",%" PRIu32 "]", o->pc, tz_function_line(o->function, o->pc),
            o->outer);
  }
}

/* ---- One compilation ---- */

tz_log_compilation *tz_log_compile_begin(tz_jit_log *log, tz_compile_job *job) {
  if (log == NULL) return NULL;
  tz_log_compilation *c = calloc(1, sizeof *c);
  if (c == NULL) return NULL;
  *c = (tz_log_compilation){.log = log,
                            .function = job->function,
                            .entry = job->osr_pc,
                            .heat = job->heat_asked,
                            .parts = job->parts,
                            .start_ns = tz_jit_clock()};
  c->inlining.to = open_memstream(&c->inlining.text, &c->inlining.bytes);
  c->generic.to = open_memstream(&c->generic.text, &c->generic.bytes);
  c->profile.to = open_memstream(&c->profile.text, &c->profile.bytes);
  if (tz_log_is_shown(log, job->function)) c->dump = open_memstream(&c->dump_text, &c->dump_bytes);
  if (c->dump != NULL) {
    c->origins.to = open_memstream(&c->origins.text, &c->origins.bytes);
    job->build.keeps_origins = true;
    job->dump = job->passes.dump = c->dump;
    job->dump_llvm = job->dump_asm = true;
  }
  return c;
}

void tz_log_built(tz_log_compilation *c, const tz_graph *g) {
  if (c == NULL) return;
  take_points(c, g, false);
  if (c->inlining.to != NULL) write_inlining(&c->inlining, g);
  if (c->generic.to != NULL) write_generic(&c->generic, g);
  if (c->profile.to != NULL) write_profile(&c->profile, g);
  if (c->origins.to != NULL) write_origins(&c->origins, g);
}

void tz_log_optimized(tz_log_compilation *c, const tz_graph *g) {
  if (c != NULL) take_points(c, g, true);
}

static void write_times(tz_log_line *line, const tz_compile_result *result) {
  tz_log_number(line, "nodes", result->n_nodes);
  tz_log_number(line, "code_bytes", result->code != NULL ? result->code->size : 0);
  tz_log_number(line, "build_ns", result->build_ns);
  tz_log_number(line, "passes_ns", result->passes_ns);
  tz_log_number(line, "llvm_ns", result->llvm_ns);
  tz_log_number(line, "load_ns", result->load_ns);
}

static void write_compilation(tz_log_compilation *c, const tz_compile_result *result) {
  tz_log_line line;
  tz_log_line_begin(&line, "compile");
  if (line.to == NULL) return;
  tz_log_text(&line, "tier", "optimizing");
  tz_log_code(&line, c->function, c->entry);
  tz_log_number(&line, "at_ns", c->start_ns);
  tz_log_number(&line, "ns", tz_jit_clock() - c->start_ns);
  tz_log_number(&line, "heat", c->heat);
  tz_log_text(&line, "reason", c->parts.reason);
  tz_log_text(&line, "problem", result->code != NULL ? NULL : result->problem);
  tz_log_number(&line, "words", c->function->n_words);
  write_times(&line, result);
  fprintf(line.to, ",\"inlining\":[%s]", c->inlining.text != NULL ? c->inlining.text : "");
  fprintf(line.to, ",\"generic\":[%s]", c->generic.text != NULL ? c->generic.text : "");
  fprintf(line.to, ",\"profile\":[%s]", c->profile.text != NULL ? c->profile.text : "");
  write_left_out(&line, c->parts.parts);
  write_points(&line, c, CHECK, "speculation");
  write_points(&line, c, ALLOCATION, "allocations");
  write_points(&line, c, CALL, "calls");
  tz_log_line_end(c->log, &line);
}

static void write_dump(tz_log_compilation *c) {
  tz_log_line line;
  tz_log_line_begin(&line, "code");
  if (line.to == NULL) return;
  tz_log_text(&line, "tier", "optimizing");
  tz_log_code(&line, c->function, c->entry);
  fprintf(line.to, ",\"origins\":[%s],\"text\":", c->origins.text != NULL ? c->origins.text : "");
  tz_log_quoted(line.to, c->dump_text, c->dump_bytes);
  tz_log_line_end(c->log, &line);
}

void tz_log_compile_end(tz_log_compilation *c, const tz_compile_result *result) {
  if (c == NULL) return;
  if (c->inlining.to != NULL) fclose(c->inlining.to);
  if (c->generic.to != NULL) fclose(c->generic.to);
  if (c->profile.to != NULL) fclose(c->profile.to);
  if (c->dump != NULL) fclose(c->dump);
  if (c->origins.to != NULL) fclose(c->origins.to);
  write_compilation(c, result);
  if (c->dump != NULL && c->dump_text != NULL) write_dump(c);
  free(c->inlining.text);
  free(c->generic.text);
  free(c->profile.text);
  free(c->origins.text);
  free(c->dump_text);
  free(c->points);
  free(c);
}
