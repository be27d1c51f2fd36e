/* grammar.h: random texts from a grammar file: the engine behind rima.grammar and assembly.grammar.
 *
 * A grammar file has one production a line, `RULE WEIGHT [!NEED…] TEXT`; where TEXT is missing, the lines
 * below that begin with `|` are the text. A line `callable NAME COST [BODY]` declares, in order, what a text
 * may call: what a call costs, and what the body may cost, if it calls itself. `#` begins a comment. In a
 * text:
 *   @rule         an expansion of the rule, or a variable in scope that was declared with this rule's name
 *   @rule* @rule? some expansions, one a line, or none; one or none
 *   @^rule @*rule a new variable, visible when this text ends; with `*` one that may be assigned
 *   @+rule        a new variable, visible in the next scope of this text
 *   @:rule @=rule a variable in scope; one that may be assigned. A production is passed over where there is
 * none
 *   @.  @1        a new name that is no variable; the first (second…) new name of this text
 *   @(rule x)     declares a variable whose name is x, `@(rule* x)` one that may be assigned; a digit is as
 * `@1`
 *   @[+a,-b @]    a scope, with need a granted and b refused; `=f`: the body of callable f, which may call
 * what was declared before it; `~`: variables outside are not seen
 *   @K @N         how often a loop runs: a small constant; one that is multiplied by the program's scale
 *   @!9           what follows runs 9 times, to be counted in its cost
 *   @#            an int
 * A NEED is what a scope must have granted, or a callable. Costs keep programs short: each expansion costs 1,
 * times the counts of the loops around it; a call costs what its callable may. Each seed also picks a few
 * productions that it leaves out and a few that it prefers (swarm testing, Groce et al., ISSTA 2012), so that
 * programs differ in kind. */
#pragma once
#include <stdint.h>

typedef struct grammar grammar;

/* Reads a grammar, whose text must outlive it. A mistake in it is a bug: it is reported and the program ends.
 */
grammar *grammar_new(const char *text);
void grammar_free(grammar *g);

/* An expansion of the rule `program`, the same for the same seed; to be freed. `scale` is what @N will be
 * multiplied by when the program runs in full. */
char *grammar_expand(const grammar *g, uint64_t seed, uint32_t scale);
