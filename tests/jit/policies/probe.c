/* probe.c: a policy that answers one question in its own way, as the argument names it, and says when it is
 * opened and closed. */
#include "terza/jit_policy.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static bool is_asked(void *self, const char *what) { return strcmp(self, what) == 0; }

static void *probe_open(const char *arguments, const char **problem) {
  if (arguments[0] == 0) {
    *problem = "probe: what?";
    return NULL;
  }
  fprintf(stderr, "probe opened: %s\n", arguments);
  return strdup(arguments);
}

static void probe_close(void *self) {
  fprintf(stderr, "probe closed\n");
  free(self);
}

static tz_jit_tier_choice probe_tier(void *self, const tz_jit_heated *h, tz_jit_tier_choice by_default) {
  if (is_asked(self, "early")) return (tz_jit_tier_choice){TZ_TIER_OPTIMIZED, NULL};
  if (is_asked(self, "nothing")) return (tz_jit_tier_choice){TZ_TIER_INTERPRETER, "nothing is compiled"};
  if (is_asked(self, "wild")) by_default.tier = (tz_jit_tier)99;
  if (is_asked(self, "facts") && h->event == TZ_JIT_LINKED && strcmp(h->function.name, "shapes.total") == 0)
    fprintf(stderr, "probe linked: heat %u, tier %d\n", h->function.heat, (int)h->function.tier);
  return by_default;
}

static tz_jit_answer probe_enter_loop(void *self, const tz_jit_heated *h, const tz_jit_loop *loop,
                                      tz_jit_answer by_default) {
  (void)h, (void)loop;
  if (is_asked(self, "no-loops")) return (tz_jit_answer){false, "never"};
  return by_default;
}

static tz_jit_answer probe_is_stale(void *self, const tz_jit_request *r, tz_jit_answer by_default) {
  (void)r;
  if (is_asked(self, "stale")) return (tz_jit_answer){true, "the probe wants it so"};
  return by_default;
}

static uint64_t probe_priority(void *self, const tz_jit_request *r, uint64_t by_default) {
  return is_asked(self, "coldest") ? UINT64_MAX - r->function.heat : by_default;
}

static tz_jit_parts probe_parts(void *self, const tz_jit_request *r, tz_jit_parts by_default) {
  if (is_asked(self, "slow")) sleep(5); /* a compiler that is not done before the program ends */
  if (is_asked(self, "no-parts") && strcmp(r->function.name, "shapes.total") == 0)
    return (tz_jit_parts){0, "none"};
  return by_default;
}

static tz_jit_answer probe_inline(void *self, const tz_jit_call *c, tz_jit_answer by_default) {
  if (is_asked(self, "inline")) return (tz_jit_answer){true, "everything"};
  if (is_asked(self, "no-step") && strcmp(c->callee, "shapes.step") == 0)
    return (tz_jit_answer){false, "not this one"};
  if (is_asked(self, "facts") && c->n_callers == 2 && c->n_receivers > 1)
    fprintf(stderr, "probe call: %s at %u in %s at %u of %s: %u receivers, %u words\n", c->callee,
            c->callers[0].pc, c->callers[0].function, c->callers[1].pc, c->request->function.name,
            c->n_receivers, c->words);
  return by_default;
}

static tz_jit_answer probe_speculate(void *self, const tz_jit_site *s, tz_jit_answer by_default) {
  if (is_asked(self, "careful") && strcmp(s->function, "shapes.step") == 0)
    return (tz_jit_answer){false, "careful"};
  return by_default;
}

static tz_jit_after_choice probe_after_deopt(void *self, const tz_jit_deopt *d,
                                             tz_jit_after_choice by_default) {
  if (is_asked(self, "generic")) return (tz_jit_after_choice){TZ_JIT_GENERIC, 1, "at once"};
  if (is_asked(self, "below")) return (tz_jit_after_choice){TZ_JIT_STAY_BELOW, 0, d->why};
  if (is_asked(self, "go-on")) return (tz_jit_after_choice){TZ_JIT_GO_ON, 0, "never mind"};
  if (is_asked(self, "wild")) by_default.action = (tz_jit_after)99;
  return by_default;
}

const tz_jit_policy terza_jit_policy = {
    .version = TZ_JIT_POLICY_VERSION,
    .name = "probe",
    .open = probe_open,
    .close = probe_close,
    .tier = probe_tier,
    .enter_loop = probe_enter_loop,
    .is_stale = probe_is_stale,
    .priority = probe_priority,
    .parts = probe_parts,
    .inline_call = probe_inline,
    .speculate = probe_speculate,
    .after_deopt = probe_after_deopt,
};
