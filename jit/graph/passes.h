/* passes.h: rewriting of graphs. docs/optimizing.md, "Passes", says what each does and after whom.
 *
 * A pass takes a graph for which tz_graph_verify and tz_graph_order hold and leaves one for which they hold
 * again. It changes no guest object and may run on any compiler thread. Running out of memory leads to
 * graph->escape, as graph.h says. */
#pragma once
#include "graph.h"

/* What a pass belongs to: ablations leave out a group. */
typedef enum tz_pass_group { TZ_PASS_ALWAYS, TZ_PASS_ESCAPE, TZ_PASS_LOOPS } tz_pass_group;

#define TZ_PASS(name, GROUP, meaning) void tz_pass_##name(tz_graph *g);
#include "passes.def"
#undef TZ_PASS

typedef struct tz_pass {
  const char *name, *meaning;
  tz_pass_group group;
  void (*run)(tz_graph *g);
} tz_pass;
/* NULL: none of that name. */
const tz_pass *tz_pass_find(const char *name);

typedef struct tz_pass_options {
  bool no_escape_analysis, no_loop_optimization;
  FILE *dump;  /* the graph before the first pass and after each; NULL: none */
  bool verify; /* after each pass; a broken graph aborts with its text */
} tz_pass_options;
/* The whole list of passes (`order` in passes.c). */
void tz_graph_optimize(tz_graph *g, const tz_pass_options *options);
