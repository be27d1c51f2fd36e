/* facts.h: a walk over the dominator tree that knows, at each place, what the guards and branches passed on
 * the way there have shown. Private to passes.
 *
 * Blocks come in preorder, a block's children in reverse postorder; so all that come before a block in
 * control flow, but for back-edges, have been visited. What is learned in a block holds in those it
 * dominates, and is forgotten behind them. */
#pragma once
#include "known.h"

typedef struct tz_fact {
  uintptr_t known; /* kinds | is_exact << 8, of what was learned; 0: nothing was */
  uintptr_t cls;
  uintptr_t has_value, value; /* INT: it is this number here */
  uintptr_t has_range, low, high;
  uintptr_t below[2]; /* what it is less than, or not more than: the latest two (order_facts.c) */
} tz_fact;

typedef struct tz_range {
  int64_t low, high;
} tz_range; /* both inclusive */

typedef struct tz_facts {
  tz_graph *g;
  uint32_t n; /* nodes with smaller ids have facts; younger ones are constants */
  tz_fact *at;
  tz_known *own;      /* what is known of the node everywhere */
  tz_range *counters; /* by id: the range of a loop's counter; 0, 0: not known to be one */
  uintptr_t *limits;  /* by id: what a loop's PHI is below throughout, as in tz_fact; 0: not known */
  tz_block **preorder;
  uint32_t next;
  struct tz_scope_mark {
    const tz_block *block;
    uint32_t trail;
  } *scopes;
  uint32_t n_scopes;
  struct tz_trail_entry {
    uintptr_t *where, old;
  } *trail;
  uint32_t n_trail, trail_room;
} tz_facts;

tz_facts *tz_facts_new(tz_graph *g);
void tz_facts_rewind(tz_facts *f); /* to walk again; f->own stays */
/* Goes to the next block, with what holds at its start; NULL: that was all. */
tz_block *tz_facts_next(tz_facts *f);
/* From here on cond is known to be not 0 (holds), or 0. */
void tz_facts_learn(tz_facts *f, tz_node *cond, bool holds);
/* From here on this is known of n, besides what was. */
void tz_facts_learn_known(tz_facts *f, const tz_node *n, tz_known k);
tz_known tz_facts_known(const tz_facts *f, const tz_node *n);
/* The number that n is known to be here. */
bool tz_facts_value(const tz_facts *f, const tz_node *n, int64_t *value);

/* ---- ranges.c ---- */
tz_range tz_facts_range(const tz_facts *f, const tz_node *n); /* of an INT, here */
bool tz_range_product(tz_range a, tz_range b, tz_range *to);  /* false: it may wrap */
/* What a comparison or test that holds here, or does not, says of the ranges of its inputs. */
void tz_facts_learn_range(tz_facts *f, const tz_node *cond, bool holds);
/* At the end of a loop: if the PHI counts in steps from where it begins, or is made anew by a remainder or a
 * mask, as random numbers are, its range in the loop is noted.
 * `first` is that of its first input before the loop. True: it was not known before. */
bool tz_facts_learn_counter(tz_facts *f, const tz_node *phi, tz_range first);

/* ---- order_facts.c ---- */
void tz_facts_learn_below(tz_facts *f, const tz_node *a, const tz_node *b, bool is_strict);
/* a < b, or a <= b, is known. */
bool tz_facts_is_below(const tz_facts *f, const tz_node *a, const tz_node *b, bool strictly);
/* 0 <= a and, as unsigned numbers, a < b. */
bool tz_facts_is_index(const tz_facts *f, const tz_node *a, const tz_node *b);
/* At the end of a loop: what its PHI goes on below, if that does not change in the loop; 0: not known. */
uintptr_t tz_facts_propose_limit(const tz_facts *f, const tz_node *phi);
/* Before the loop: it is noted as the PHI's limit if the PHI begins below it too. */
void tz_facts_learn_limit(tz_facts *f, const tz_node *phi, uintptr_t limit);

/* *where = value until the walk leaves what the block at hand dominates. */
void tz_facts_set(tz_facts *f, uintptr_t *where, uintptr_t value);
/* The node gives 0 or 1. */
bool tz_node_is_bool(const tz_node *n);
