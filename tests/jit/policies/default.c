/* default.c: what the default policy answers to facts that a run seldom makes. */
#include "inlining.h"
#include "policies.h"
#include <criterion/criterion.h>

static tz_jit_tier tier_of(const tz_options *o, tz_jit_heated h) {
  return tz_policy_default.tier((void *)o, &h, (tz_jit_tier_choice){0}).tier;
}

static tz_jit_heated heated(uint32_t heat, uint32_t queue) {
  return (tz_jit_heated){.function = {.name = "f", .words = 100, .heat = heat},
                         .machine = {.slices = 1000, .queue_length = queue},
                         .event = TZ_JIT_CALLED};
}

Test(default_policy, a_long_queue_raises_the_threshold) {
  tz_options o = *tz_options_default();
  o.jit_promote = 20, o.jit_load_feedback = 4;
  cr_expect_eq(tier_of(&o, heated(19, 0)), TZ_TIER_BASELINE);
  cr_expect_eq(tier_of(&o, heated(20, 0)), TZ_TIER_OPTIMIZED);
  cr_expect_eq(tier_of(&o, heated(20, 3)), TZ_TIER_OPTIMIZED);
  cr_expect_eq(tier_of(&o, heated(39, 4)), TZ_TIER_BASELINE);
  cr_expect_eq(tier_of(&o, heated(40, 4)), TZ_TIER_OPTIMIZED);
  cr_expect_eq(tier_of(&o, heated(59, 8)), TZ_TIER_BASELINE);
  cr_expect_eq(tier_of(&o, heated(60, 8)), TZ_TIER_OPTIMIZED);
  o.jit_load_feedback = 0;
  cr_expect_eq(tier_of(&o, heated(20, 1000)), TZ_TIER_OPTIMIZED);
}

Test(default_policy, loops_have_a_threshold_of_their_own) {
  tz_options o = *tz_options_default();
  o.jit_promote = 1000, o.jit_promote_loops = 5;
  tz_jit_heated h = heated(10, 0);
  h.function.loop_heat = 4;
  cr_expect_eq(tier_of(&o, h), TZ_TIER_BASELINE);
  h.function.loop_heat = 5;
  cr_expect_eq(tier_of(&o, h), TZ_TIER_OPTIMIZED);
  h.machine.queue_length = (uint32_t)o.jit_load_feedback;
  cr_expect_eq(tier_of(&o, h), TZ_TIER_BASELINE, "the queue counts for loops too");
}

Test(default_policy, requests_go_stale) {
  tz_jit_request r = {.function = {.name = "f", .heat = 30}, .heat_asked = 30, .slices_waited = 255};
  tz_jit_answer no = {0};
  cr_expect_not(tz_policy_default.is_stale(NULL, &r, no).yes, "it has not waited for long");
  r.slices_waited = 256;
  cr_expect(tz_policy_default.is_stale(NULL, &r, no).yes);
  r.function.heat = 31;
  cr_expect_not(tz_policy_default.is_stale(NULL, &r, no).yes, "it is run now and then");
  r.slices_waited = 512;
  cr_expect(tz_policy_default.is_stale(NULL, &r, no).yes, "seldom, for so long");
  r.function.heat = 32;
  cr_expect_not(tz_policy_default.is_stale(NULL, &r, no).yes);
}

Test(default_policy, each_recompilation_waits_twice_as_long) {
  tz_jit_deopt d = {.function = {.name = "f"}, .n_failed = 2};
  tz_jit_after_choice none = {0}, after;
  for (uint32_t n = 0; n < 7; n++) {
    d.function.n_given_up = n;
    after = tz_policy_default.after_deopt(NULL, &d, none);
    cr_expect_eq(after.action, TZ_JIT_RECOMPILE);
    cr_expect_eq(after.wait, 32u << n);
  }
  d.function.n_given_up = 7;
  cr_expect_eq(tz_policy_default.after_deopt(NULL, &d, none).action, TZ_JIT_STAY_BELOW);
  d.n_failed = 1;
  cr_expect_eq(tz_policy_default.after_deopt(NULL, &d, none).action, TZ_JIT_GO_ON);
}

Test(default_policy, frequent_exceptions_bring_handlers) {
  tz_options o = *tz_options_default();
  tz_jit_deopt d = {.function = {.name = "f"}, .n_failed = 100, .is_exception = true, .n_exceptions = 31};
  tz_jit_after_choice none = {0};
  tz_jit_parts no_parts = {0};
  cr_expect_eq(tz_policy_default.after_deopt(NULL, &d, none).action, TZ_JIT_GO_ON);
  d.n_exceptions = 32;
  cr_expect_eq(tz_policy_default.after_deopt(NULL, &d, none).action, TZ_JIT_RECOMPILE);
  tz_jit_request r = {.function = {.name = "f", .n_exceptions = 31}};
  cr_expect_not(tz_policy_default.parts(&o, &r, no_parts).parts & TZ_JIT_HANDLERS);
  r.function.n_exceptions = 32;
  cr_expect(tz_policy_default.parts(&o, &r, no_parts).parts & TZ_JIT_HANDLERS);
  d.function.n_given_up = 7;
  cr_expect_eq(tz_policy_default.after_deopt(NULL, &d, none).action, TZ_JIT_STAY_BELOW);
}

Test(default_policy, what_has_large_code_of_its_own_is_called) {
  tz_inline_budgets budgets = tz_inline_budgets_default();
  tz_jit_call call = {.callee = "t.f", .words = 100, .n_callers = 1, .n_receivers = 1, .frequency = 10};
  cr_expect(tz_inlining_default(&call, &budgets).yes);
  call.code_bytes = 2500;
  cr_expect(tz_inlining_default(&call, &budgets).yes);
  call.code_bytes = 2501;
  tz_jit_answer answer = tz_inlining_default(&call, &budgets);
  cr_expect(!answer.yes);
  cr_expect_str_eq(answer.reason, "has large code of its own");
  call.words = 12; /* no larger than the call */
  cr_expect(tz_inlining_default(&call, &budgets).yes);
}

Test(default_policy, several_receivers_are_built_in_near_the_top_only) {
  tz_inline_budgets budgets = tz_inline_budgets_default();
  tz_jit_call call = {.callee = "t.f", .words = 30, .n_callers = 3, .n_receivers = 2, .frequency = 10};
  cr_expect(tz_inlining_default(&call, &budgets).yes);
  call.n_callers = 4;
  cr_expect_not(tz_inlining_default(&call, &budgets).yes);
  call.n_receivers = 1;
  cr_expect(tz_inlining_default(&call, &budgets).yes);
}
