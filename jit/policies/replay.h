/* replay.h: the policy that follows a plan (plan.h). */
#pragma once
#include "plan.h"
#include "terza/vm.h"

typedef struct tz_replay tz_replay;
extern const tz_jit_policy tz_policy_replay; /* `self` is a tz_replay */

/* Takes the plan over. NULL: no memory. */
tz_replay *tz_replay_new(tz_plan *plan, const tz_options *options);
struct tz_seen;
/* What the plan of the compilation under way says of the place, as far as classes are known at it. */
void tz_replay_picture(const tz_replay *r, struct tz_seen *seen);
/* Says on stderr what of the plan came to nothing, once. */
void tz_replay_end(tz_replay *r);
