/* graph_machine.h: runs graphs as they stand, on objects of its own, to compare what they do before and after
 * a pass.
 *
 * What a graph does is a text: a line for each call with its arguments, and how it ended (returned, failed,
 * left for the interpreter) with all that can be seen then: the values of the frame state or the result, the
 * globals. Objects are written out with their fields and numbered in the order in which they are first seen,
 * so that identity shows too. */
#pragma once
#include "graph.h"

typedef struct machine_argument { /* of the graph's parameters, by type */
  int64_t i;
  double f;
  int ref; /* 0: null; 1: a fresh Node; 2: a fresh Leaf */
} machine_argument;

/* malloc'd; NULL: not ended after so many nodes and blocks. */
char *machine_run(const tz_graph *g, const machine_argument *arguments, uint32_t n, uint32_t max_steps);
