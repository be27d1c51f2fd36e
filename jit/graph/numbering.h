/* numbering.h: value numbering over the dominator tree, of pure nodes and of memory. Private to simplify.
 *
 * Memory is divided into parts that do not overlap: fields by slot and type, elements by kind, and so on. A
 * value read from or written to a place is good until something that may write to its part. */
#pragma once
#include "facts.h"

typedef struct tz_numbering tz_numbering;

tz_numbering *tz_numbering_new(tz_facts *f); /* forgets with f's scopes */
/* A node that dominates this pure one and has the same value; NULL: none, n is remembered. */
tz_node *tz_numbering_pure(tz_numbering *nb, tz_node *n);
/* At the start of each block of the walk, in its order. */
void tz_numbering_enter(tz_numbering *nb, const tz_block *b);
/* The value that READS node n gives, as far as known; NULL: not, n is remembered. If it gives a dynamic value
 * that was written or read on each way to the block at hand, that is a PHI, which is made. */
tz_node *tz_numbering_read(tz_numbering *nb, tz_node *n);
/* Takes note of a node with effects. True: a store of what the place holds already. */
bool tz_numbering_effect(tz_numbering *nb, tz_node *n);
