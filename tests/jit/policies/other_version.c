/* other_version.c: a policy for another machine. */
#include "terza/jit_policy.h"

const tz_jit_policy terza_jit_policy = {.version = TZ_JIT_POLICY_VERSION + 1, .name = "other"};
