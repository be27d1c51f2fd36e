/* passes.c: the list of passes and what runs them. */
#include "passes.h"
#include <stdlib.h>

static const tz_pass passes[] = {
#define TZ_PASS(name, GROUP, meaning) {#name, meaning, TZ_PASS_##GROUP, tz_pass_##name},
#include "passes.def"
#undef TZ_PASS
};
enum {
#define TZ_PASS(name, GROUP, meaning) PASS_##name,
#include "passes.def"
#undef TZ_PASS
};

/* In this order. */
static const uint8_t order[] = {PASS_valid,    PASS_simplify, PASS_escape, PASS_simplify,   PASS_unbox,
                                PASS_simplify, PASS_valid,    PASS_waits,  PASS_strip_mine, PASS_barriers};

const tz_pass *tz_pass_find(const char *name) {
  for (size_t i = 0; i < sizeof passes / sizeof *passes; i++)
    if (strcmp(passes[i].name, name) == 0) return &passes[i];
  return NULL;
}

static bool is_left_out(const tz_pass *pass, const tz_pass_options *o) {
  switch (pass->group) {
  case TZ_PASS_ESCAPE: return o->no_escape_analysis;
  case TZ_PASS_LOOPS: return o->no_loop_optimization;
  default: return false;
  }
}

static void dump(const tz_graph *g, const char *pass, FILE *to) {
  fprintf(to, "; after %s\n", pass);
  tz_graph_dump(g, to);
  fputc('\n', to);
}

static void verify(tz_graph *g, const char *pass) {
  char *problem = tz_graph_verify(g);
  if (problem == NULL) return;
  dump(g, pass, stderr);
  fprintf(stderr, "terza: the graph is broken after %s: %s\n", pass, problem);
  abort();
}

void tz_graph_optimize(tz_graph *g, const tz_pass_options *options) {
  if (options->dump != NULL) dump(g, "build", options->dump);
  if (options->verify) verify(g, "build");
  for (size_t i = 0; i < sizeof order; i++) {
    const tz_pass *pass = &passes[order[i]];
    if (is_left_out(pass, options)) continue;
    pass->run(g);
    g->origin = 0;
    if (options->dump != NULL) dump(g, pass->name, options->dump);
    if (options->verify) verify(g, pass->name);
  }
}
