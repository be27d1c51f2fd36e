/* loop_policy.c: a tiering policy of one's own, to copy and change.
 *
 * Functions are optimized for their loops alone, never for being called often, and only what is small is
 * built into its callers. Both limits are arguments:
 *
 *     clang -O2 -shared -fPIC -I jit/include docs/examples/loop_policy.c -o loop_policy.so
 *     terza run --jit-policy=./loop_policy.so:loops=8,words=60 --trace-jit FILE.rima
 *     terza bench classic --strategy default --strategy loops:--jit-policy=./loop_policy.so:loops=8
 */
#include "terza/jit_policy.h"
#include <stdlib.h>
#include <string.h>

typedef struct limits {
  uint32_t loops; /* slices that must have ended at back-edges */
  uint32_t words; /* of the largest callee that is built in */
} limits;

/* "NAME=NUMBER,...". False: not like that. */
static bool read_limits(limits *l, const char *at) {
  while (*at != 0) {
    bool is_loops = strncmp(at, "loops=", 6) == 0, is_words = strncmp(at, "words=", 6) == 0;
    char *end;
    if (!is_loops && !is_words) return false;
    *(is_loops ? &l->loops : &l->words) = (uint32_t)strtoul(at + 6, &end, 10);
    if (end == at + 6 || (*end != 0 && *end != ',')) return false;
    at = *end == ',' ? end + 1 : end;
  }
  return true;
}

static void *loop_open(const char *arguments, const char **problem) {
  limits *l = malloc(sizeof *l);
  if (l == NULL) {
    *problem = "loop_policy: no memory";
    return NULL;
  }
  *l = (limits){.loops = 20, .words = 40};
  if (read_limits(l, arguments)) return l;
  free(l);
  *problem = "loop_policy takes loops=N,words=N";
  return NULL;
}

static tz_jit_tier_choice loop_tier(void *self, const tz_jit_heated *h, tz_jit_tier_choice by_default) {
  const limits *l = self;
  if (h->function.loop_heat >= l->loops) return (tz_jit_tier_choice){TZ_TIER_OPTIMIZED, "it loops enough"};
  if (by_default.tier < TZ_TIER_OPTIMIZED) return by_default;
  return (tz_jit_tier_choice){TZ_TIER_BASELINE, "it does not loop enough"};
}

static tz_jit_answer loop_inline(void *self, const tz_jit_call *call, tz_jit_answer by_default) {
  const limits *l = self;
  if (call->words > l->words) return (tz_jit_answer){false, "larger than words="};
  return by_default;
}

const tz_jit_policy terza_jit_policy = {
    .version = TZ_JIT_POLICY_VERSION,
    .name = "loops",
    .open = loop_open,
    .close = free,
    .tier = loop_tier,
    .inline_call = loop_inline,
};
