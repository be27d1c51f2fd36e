/* default.c: the policy of the machine, by its options (spec/options.def, --jit…): `self` is the options.
 * The ablations are this policy with a part left out. */
#include "inlining.h"
#include "policies.h"
#include "terza/jit.h"

enum {
  SITE_LIMIT = 3,       /* times that one place may fail before it is compiled without speculation */
  CODE_LIMIT = 2,       /* times that one place may, before that code is given up */
  EXCEPTION_LIMIT = 32, /* times that a code may be left with exceptions; the next has the handlers in it */
  COOL_DOWN = 32, /* slices before a code that was given up is compiled again, then twice as many each time */
  RECOMPILATIONS = 8, /* of one function and entry; then it stays on the lower tiers */
  STALE_SLICES = 256, /* a request that has waited for so long is stale if its function has had */
  STALE_SHARE = 512,  /* no more than one in so many of them since */
};

/* ---- Tiers ---- */

static bool is_hot(const tz_options *o, const tz_jit_function *f, uint64_t factor) {
  return f->heat >= factor * (uint64_t)o->jit_promote ||
         (o->jit_promote_loops > 0 && f->loop_heat >= factor * (uint64_t)o->jit_promote_loops);
}

static const char *why_hot(const tz_jit_heated *h) {
  if (h->function.n_given_up > 0) return "hot again since its code was given up";
  switch (h->event) {
  case TZ_JIT_LOOPED: return "hot loop";
  case TZ_JIT_CALLS: return "hot: it makes many calls";
  case TZ_JIT_CALLED_OPTIMIZED: return "hot by calls from optimized code";
  default: return "hot by calls";
  }
}

static tz_jit_tier_choice tier(void *self, const tz_jit_heated *h, tz_jit_tier_choice ignored) {
  const tz_options *o = self;
  const tz_jit_function *f = &h->function;
  bool is_first_call = o->jit_threshold == 0;
  (void)ignored;
  if (h->event == TZ_JIT_LINKED && !is_first_call)
    return (tz_jit_tier_choice){TZ_TIER_INTERPRETER, "has not run"};
  if (h->event == TZ_JIT_LINKED)
    return (tz_jit_tier_choice){TZ_TIER_BASELINE, "everything is, at its first call"};
  if (!is_first_call && h->machine.slices < TZ_JIT_WARM_UP_SLICES)
    return (tz_jit_tier_choice){TZ_TIER_INTERPRETER, "the program has only begun"};
  if (f->heat < (uint64_t)o->jit_threshold) return (tz_jit_tier_choice){TZ_TIER_INTERPRETER, "cold"};
  if (!is_hot(o, f, 1)) return (tz_jit_tier_choice){TZ_TIER_BASELINE, "warm"};
  if (h->event == TZ_JIT_CALLED && f->words <= TZ_JIT_TINY_WORDS)
    return (tz_jit_tier_choice){TZ_TIER_BASELINE, "so small that its callers build it in"};
  uint64_t load = o->jit_load_feedback > 0 ? h->machine.queue_length / (uint64_t)o->jit_load_feedback : 0;
  if (!is_hot(o, f, 1 + load))
    return (tz_jit_tier_choice){TZ_TIER_BASELINE, "not hot enough for so long a queue"};
  bool is_by_loops = f->heat < (1 + load) * (uint64_t)o->jit_promote;
  return (tz_jit_tier_choice){TZ_TIER_OPTIMIZED, is_by_loops ? "its loops are hot" : why_hot(h)};
}

static tz_jit_answer enter_loop(void *self, const tz_jit_heated *h, const tz_jit_loop *loop,
                                tz_jit_answer ignored) {
  (void)self, (void)ignored;
  if (!loop->is_settled) return (tz_jit_answer){false, "the next call may go in from the start"};
  if (loop->late_slices == 0) return (tz_jit_answer){false, "this call may end soon"};
  if (h->function.n_given_up > 0) return (tz_jit_answer){true, "hot again since its code was given up"};
  return (tz_jit_answer){true, "a call under way still runs this loop below"};
}

/* ---- The queue ---- */

static tz_jit_answer is_stale(void *self, const tz_jit_request *r, tz_jit_answer ignored) {
  (void)self, (void)ignored;
  uint64_t since = r->function.heat - r->heat_asked;
  bool is_cold = r->slices_waited >= STALE_SLICES && since <= r->slices_waited / STALE_SHARE;
  return (tz_jit_answer){is_cold, is_cold ? "gone cold while it waited" : "still hot"};
}

static uint64_t priority(void *self, const tz_jit_request *r, uint64_t ignored) {
  (void)self, (void)ignored;
  return r->function.heat;
}

/* ---- One compilation ---- */

static tz_jit_parts parts(void *self, const tz_jit_request *r, tz_jit_parts ignored) {
  const tz_options *o = self;
  (void)ignored;
  uint32_t all = (o->jit_inlining ? TZ_JIT_INLINING : 0) | (o->jit_speculation ? TZ_JIT_SPECULATION : 0) |
                 (o->jit_escape_analysis ? TZ_JIT_ESCAPE_ANALYSIS : 0) |
                 (o->jit_loop_optimization ? TZ_JIT_LOOP_OPTIMIZATION : 0) |
                 (o->jit_hierarchy ? TZ_JIT_HIERARCHY : 0);
  if (r->function.n_exceptions < EXCEPTION_LIMIT) return (tz_jit_parts){all, "by the options"};
  return (tz_jit_parts){all | TZ_JIT_HANDLERS, "by the options; exceptions are frequent"};
}

static tz_jit_answer inline_call(void *self, const tz_jit_call *call, tz_jit_answer ignored) {
  const tz_options *o = self;
  tz_inline_budgets budgets = {(uint32_t)o->jit_inline_nodes, (uint32_t)o->jit_inline_words,
                               (uint32_t)o->jit_inline_depth};
  (void)ignored;
  return tz_inlining_default(call, &budgets);
}

static tz_jit_answer speculate(void *self, const tz_jit_site *site, tz_jit_answer ignored) {
  (void)self, (void)ignored;
  if (site->is_generic) return (tz_jit_answer){false, "given up for good"};
  if (site->n_failed >= SITE_LIMIT) return (tz_jit_answer){false, "has failed too often"};
  return (tz_jit_answer){true, "the profile says so"};
}

static tz_jit_after_choice after_deopt(void *self, const tz_jit_deopt *d, tz_jit_after_choice ignored) {
  (void)self, (void)ignored;
  uint32_t n = d->function.n_given_up + 1; /* if it is now */
  bool is_enough = d->is_exception ? d->n_exceptions >= EXCEPTION_LIMIT : d->n_failed >= CODE_LIMIT;
  if (!is_enough) return (tz_jit_after_choice){TZ_JIT_GO_ON, 0, "seldom"};
  if (n >= RECOMPILATIONS)
    return (tz_jit_after_choice){TZ_JIT_STAY_BELOW, 0, "for good: it has been compiled too often"};
  return (tz_jit_after_choice){TZ_JIT_RECOMPILE, COOL_DOWN << (n - 1),
                               d->is_exception
                                   ? "left by too many exceptions: to be compiled again with their handlers"
                                   : "left at one place too often: to be compiled again"};
}

const tz_jit_policy tz_policy_default = {
    .version = TZ_JIT_POLICY_VERSION,
    .name = "default",
    .tier = tier,
    .enter_loop = enter_loop,
    .is_stale = is_stale,
    .priority = priority,
    .parts = parts,
    .inline_call = inline_call,
    .speculate = speculate,
    .after_deopt = after_deopt,
};
