/* simplify.h: the inside of the simplifying pass, shared by simplify.c, fold*.c and phis.c. */
#pragma once
#include "numbering.h"
#include "passes.h"

typedef struct tz_simplifier {
  tz_graph *g;
  tz_facts *facts;
  tz_numbering *numbering;
  tz_node **constants; /* hash table, all in the entry block */
  uint32_t constants_room, n_constants;
  bool changed;
} tz_simplifier;

/* ---- constants.c: one node for each constant, in the entry block ---- */
void tz_constants_init(tz_simplifier *s);
/* The one node for what n is: n itself, moved there, if it is the first. */
tz_node *tz_constant_unique(tz_simplifier *s, tz_node *n);
tz_node *tz_constant_int(tz_simplifier *s, int64_t i, tz_int_is is);
tz_node *tz_constant_float(tz_simplifier *s, double f);
tz_node *tz_constant_any(tz_simplifier *s, uint64_t word);
tz_node *tz_constant_null(tz_simplifier *s, tz_node_type type);
static inline bool tz_node_is_constant(const tz_node *n) {
  return n->op == TZ_NODE_INT || n->op == TZ_NODE_FLOAT || n->op == TZ_NODE_REF || n->op == TZ_NODE_ANY;
}

/* ---- fold.c: numbers; fold_objects.c: references, classes, dynamic values; fold_ranges.c. A node with the
 * same value that is simpler, or n, perhaps with another operation or other inputs. Inputs are simplified
 * already. ---- */
tz_node *tz_fold_number(tz_simplifier *s, tz_node *n);
tz_node *tz_fold_object(tz_simplifier *s, tz_node *n);
tz_node *tz_fold_range(tz_simplifier *s, tz_node *n); /* comparisons and the like, decided by ranges */

/* ---- phis.c: finds PHIs that always equal another value, and what is known of all others, assuming the best
 * of loops until that proves wrong. Replaces the former, stamps the latter and enters them into facts->own.
 * ---- */
void tz_simplify_phis(tz_simplifier *s);

/* ---- thread.c: jumps over branches whose outcome the way there decides; orders. True: it did. ---- */
bool tz_thread_jumps(tz_graph *g);

/* ---- sweep.c ---- */
/* Everything from `at` on moves to a new block; at's old one is left without an end. */
tz_block *tz_block_split_before(tz_graph *g, tz_node *at);
/* Puts a block on each edge from a block with several successors to one with several predecessors; orders. */
void tz_graph_split_critical_edges(tz_graph *g);
void tz_graph_sweep(
    tz_graph *g); /* removes what nobody uses and joins blocks that always follow each other; orders */
