/* inlining.c: see inlining.h. By size and by how often the site is reached. */
#include "inlining.h"
#include "terza/jit.h"

/* Words of bytecode. What is no larger than the call costs nothing to build in; the rest must be worth it. */
enum { TRIVIAL_WORDS = 12, TINY_WORDS = TZ_JIT_TINY_WORDS, SMALL_WORDS = 90, DEEP = 5, MANY_WAYS_DEEP = 3 };
/* A callee that came to be this large with all that was built into it gains nothing by being built in itself,
 * and is worse compiled as a part; as HotSpot's InlineSmallCode. */
enum { LARGE_CODE = 2500 };
static const float HARDLY_EVER = 0.01f, SELDOM = 0.1f, OFTEN = 1; /* per entry of the graph */

tz_inline_budgets tz_inline_budgets_default(void) { return (tz_inline_budgets){2000, 200, 10}; }

/* Why not; NULL: it is to be inlined. */
static const char *refusal(const tz_jit_call *c, const tz_inline_budgets *budgets) {
  uint32_t depth = c->n_callers - 1;
  if (c->words > budgets->max_words) return "too large";
  if (depth >= budgets->max_depth) return "too deep";
  if (c->code_bytes > LARGE_CODE && c->words > TRIVIAL_WORDS) return "has large code of its own";
  if (c->recursion > (c->words <= SMALL_WORDS ? 1u : 0u)) return "recursive";
  if (c->n_nodes > budgets->max_nodes * 2) return "the caller is large enough";
  if (c->words > TRIVIAL_WORDS && c->frequency < HARDLY_EVER) return "hardly ever reached";
  if (c->words > TINY_WORDS && c->frequency < SELDOM) return "seldom reached";
  if (c->words > SMALL_WORDS && c->frequency < OFTEN) return "too large for how seldom it is reached";
  if (c->words > TINY_WORDS && c->n_nodes > budgets->max_nodes) return "the caller is large enough";
  if (c->words > TRIVIAL_WORDS && c->n_nodes > budgets->max_nodes / 2 * 3)
    return "the caller is large enough";
  if (c->n_receivers > 1 && depth >= MANY_WAYS_DEEP && c->words > TRIVIAL_WORDS)
    return "one of several receivers, so deep";
  if (depth >= DEEP && c->words > SMALL_WORDS) return "too large so deep";
  return NULL;
}

tz_jit_answer tz_inlining_default(const tz_jit_call *call, const tz_inline_budgets *budgets) {
  const char *why_not = call->obstacle != NULL ? call->obstacle : refusal(call, budgets);
  return (tz_jit_answer){why_not == NULL, why_not != NULL ? why_not : "small or hot"};
}
