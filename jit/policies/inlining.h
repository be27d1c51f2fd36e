/* inlining.h: what the default policy builds into what. */
#pragma once
#include "terza/jit_policy.h"

typedef struct tz_inline_budgets {
  uint32_t max_nodes; /* of the graph: beyond, only small callees; beyond twice as many, none */
  uint32_t max_words; /* of a callee's bytecode */
  uint32_t max_depth;
} tz_inline_budgets;
tz_inline_budgets tz_inline_budgets_default(void);

tz_jit_answer tz_inlining_default(const tz_jit_call *call, const tz_inline_budgets *budgets);
