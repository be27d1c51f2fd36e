/* policies.h: who decides in a machine: the default policy, and, if given, another that is asked after it. */
#pragma once
#include "terza/jit_policy.h"
#include "terza/vm.h"

struct tz_seen;

typedef struct tz_policy {
  const tz_options *options;   /* the default policy's `self` */
  const tz_jit_policy *chosen; /* NULL: the default's answers stand */
  void *self;
  void *library; /* of a plug-in */
} tz_policy;

extern const tz_jit_policy tz_policy_default; /* default.c */
enum { TZ_JIT_N_PARTS = 6 };
extern const char *const tz_part_names[TZ_JIT_N_PARTS]; /* by bit of tz_jit_parts */

/* What the options ask for: --jit-replay, --jit-policy, or the default. False: `problem` says why not; the
 * default stands.
 */
bool tz_policy_open(tz_policy *p, const tz_options *options, char *problem, size_t room);
/* The program has ended: what is to be said about it is said. `close` does so too. */
void tz_policy_end(tz_policy *p);
void tz_policy_close(tz_policy *p);

/* The questions of jit_policy.h. */
tz_jit_tier_choice tz_policy_tier(const tz_policy *p, const tz_jit_heated *heated);
tz_jit_answer tz_policy_enter_loop(const tz_policy *p, const tz_jit_heated *heated, const tz_jit_loop *loop);
tz_jit_answer tz_policy_is_stale(const tz_policy *p, const tz_jit_request *request);
uint64_t tz_policy_priority(const tz_policy *p, const tz_jit_request *request);
tz_jit_parts tz_policy_parts(const tz_policy *p, const tz_jit_request *request);
tz_jit_answer tz_policy_inline_call(const tz_policy *p, const tz_jit_call *call);
tz_jit_answer tz_policy_speculate(const tz_policy *p, const tz_jit_site *site);
/* A plan says what was seen of a place when it was recorded (graph/seen.h). */
bool tz_policy_has_picture(const tz_policy *p);
void tz_policy_picture(const tz_policy *p, struct tz_seen *seen);
tz_jit_after_choice tz_policy_after_deopt(const tz_policy *p, const tz_jit_deopt *deopt);
