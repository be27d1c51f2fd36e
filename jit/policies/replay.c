/* replay.c: compiles what a plan says, in the same way, and nothing else.
 *
 * A compilation is due when its function has the heat at which it was asked for when the plan was recorded;
 * those that wait are compiled in the plan's order. Sites of calls are found by the way that leads to them,
 * so that a plan may be changed anywhere; for what it does not know (the sites of a callee that is inlined by
 * a change, say) the default policy decides. */
#include "replay.h"
#include "seen.h"
#include <stdlib.h>
#include <string.h>

struct tz_replay {
  tz_plan *plan;
  const tz_options *options;
  tz_planned_code *current; /* the compilation under way; NULL: it is not planned */
  bool has_ended;
};

tz_replay *tz_replay_new(tz_plan *plan, const tz_options *options) {
  tz_replay *r = calloc(1, sizeof *r);
  if (r == NULL) return NULL;
  *r = (tz_replay){.plan = plan, .options = options};
  return r;
}

void tz_replay_end(tz_replay *r) {
  if (!r->has_ended) tz_plan_report(r->plan, r->options->trace_jit, stderr);
  r->has_ended = true;
}

static void replay_close(void *self) {
  tz_replay *r = self;
  tz_replay_end(r);
  tz_plan_free(r->plan);
  free(r);
}

/* ---- Tiers ---- */

static const tz_planned_code *due(const tz_planned_function *f, const tz_jit_function *facts,
                                  uint32_t entry) {
  const tz_planned_code *c = tz_plan_code(f, entry, facts->n_compiled);
  return c != NULL && facts->heat >= c->heat ? c : NULL;
}

/* Compiled and not given up: it is entered, rests, or was evicted from a full code cache. */
static bool is_there(const tz_jit_function *facts) { return facts->n_compiled > facts->n_given_up; }

/* The plan of a compilation that begins: code that was evicted is made again as before. */
static tz_planned_code *plan_of(const tz_replay *r, const tz_jit_request *request) {
  const tz_planned_function *f = tz_plan_function(r->plan, request->function.name);
  uint32_t n = request->function.n_compiled;
  tz_planned_code *c = tz_plan_code(f, request->entry, n);
  while (c == NULL && n > 0) c = tz_plan_code(f, request->entry, --n);
  return c;
}

static tz_jit_tier_choice replay_tier(void *self, const tz_jit_heated *h, tz_jit_tier_choice by_default) {
  const tz_replay *r = self;
  tz_planned_function *f = tz_plan_function(r->plan, h->function.name);
  if (f != NULL && h->event == TZ_JIT_LINKED) f->is_linked = true;
  if (due(f, &h->function, TZ_JIT_START) != NULL) return (tz_jit_tier_choice){TZ_TIER_OPTIMIZED, "planned"};
  if (is_there(&h->function) && by_default.tier == TZ_TIER_OPTIMIZED)
    return (tz_jit_tier_choice){TZ_TIER_OPTIMIZED, "its code has been there"};
  bool has_baseline = f != NULL && h->function.heat >= f->baseline_heat;
  if (tz_plan_has_baseline(r->plan))
    return (tz_jit_tier_choice){has_baseline ? TZ_TIER_BASELINE : TZ_TIER_INTERPRETER, "planned"};
  if (by_default.tier == TZ_TIER_OPTIMIZED)
    return (tz_jit_tier_choice){TZ_TIER_BASELINE, "no more is planned"};
  return by_default;
}

static tz_jit_answer replay_enter_loop(void *self, const tz_jit_heated *h, const tz_jit_loop *loop,
                                       tz_jit_answer by_default) {
  const tz_replay *r = self;
  const tz_planned_function *f = tz_plan_function(r->plan, h->function.name);
  if (due(f, &h->function, loop->pc) != NULL) return (tz_jit_answer){true, "planned"};
  if (!is_there(&h->function)) return (tz_jit_answer){false, "not planned"};
  bool has_start = tz_plan_code(f, TZ_JIT_START, 0) != NULL;
  return (tz_jit_answer){by_default.yes || !has_start, "its code is there"};
}

/* ---- The queue ---- */

static tz_jit_answer replay_is_stale(void *self, const tz_jit_request *request, tz_jit_answer by_default) {
  (void)self, (void)request, (void)by_default;
  return (tz_jit_answer){false, "planned"};
}

static uint64_t replay_priority(void *self, const tz_jit_request *request, uint64_t by_default) {
  const tz_planned_code *c = plan_of(self, request);
  (void)by_default;
  return c != NULL ? UINT64_MAX - c->number : 0;
}

/* ---- One compilation ---- */

static tz_jit_parts replay_parts(void *self, const tz_jit_request *request, tz_jit_parts by_default) {
  tz_replay *r = self;
  tz_planned_code *c = plan_of(r, request);
  r->current = c;
  if (c == NULL) return by_default;
  c->is_begun = true;
  for (uint32_t i = 0; i < c->n_calls; i++) c->calls[i].is_used = false;
  if (!c->has_parts) return by_default;
  uint32_t allowed = by_default.parts | TZ_JIT_HANDLERS; /* no option turns these off */
  return (tz_jit_parts){c->parts & allowed, "planned"};
}

/* The planned call of `callee` at a place of what `parent` built in. Where several are alike (two classes
 * that inherit one method), they come in order: the next one, or, to go on below it, the one that came last.
 * NULL: not planned. */
static tz_planned_call *find_call(tz_planned_code *c, uint32_t parent, uint32_t pc, const char *callee,
                                  bool is_last) {
  tz_planned_call *found = NULL;
  for (uint32_t i = 0; i < c->n_calls; i++) {
    tz_planned_call *call = &c->calls[i];
    if (call->parent != parent || call->pc != pc || strcmp(call->callee, callee) != 0) continue;
    if (is_last && found != NULL && !call->is_used) return found;
    found = call;
    if (!is_last && !call->is_used) return found;
  }
  return found;
}

static tz_planned_call *planned_call(tz_planned_code *c, const tz_jit_call *call) {
  uint32_t parent = TZ_NO_PARENT;
  for (uint32_t i = call->n_callers; --i > 0;) {
    const tz_planned_call *outer =
        find_call(c, parent, call->callers[i].pc, call->callers[i - 1].function, true);
    if (outer == NULL) return NULL;
    parent = (uint32_t)(outer - c->calls);
  }
  return find_call(c, parent, call->callers[0].pc, call->callee, false);
}

static tz_jit_answer replay_inline(void *self, const tz_jit_call *call, tz_jit_answer by_default) {
  tz_replay *r = self;
  tz_planned_code *c = r->current;
  tz_planned_call *planned = c != NULL && c->has_calls ? planned_call(c, call) : NULL;
  if (planned == NULL) return by_default;
  if (planned->is_inlined && call->obstacle != NULL && !planned->is_used)
    fprintf(stderr, "terza: %s:%u: %s cannot be built into %s: %s\n", tz_plan_path(r->plan), c->line,
            call->callee, call->callers[0].function, call->obstacle);
  planned->is_used = true;
  return (tz_jit_answer){planned->is_inlined, "planned"};
}

static tz_jit_answer replay_speculate(void *self, const tz_jit_site *site, tz_jit_answer by_default) {
  const tz_replay *r = self;
  const tz_planned_code *c = r->current;
  if (c == NULL) return by_default;
  for (uint32_t i = 0; i < c->n_generic; i++)
    if (c->generic[i].pc == site->pc && strcmp(c->generic[i].function, site->function) == 0)
      return (tz_jit_answer){false, "planned"};
  return (tz_jit_answer){true, "planned"};
}

/* ---- The profile ---- */

static const tz_planned_seen *planned_seen(const tz_planned_code *c, const tz_seen *seen) {
  for (uint32_t i = 0; c != NULL && i < c->n_seen; i++) {
    const tz_planned_seen *x = &c->seen[i];
    if (x->pc == seen->pc && x->kind == (int)seen->kind && strcmp(x->function, seen->function->name) == 0)
      return x;
  }
  return NULL;
}

static const tz_site_way *way_of(const tz_site *site, const char *class_name) {
  char name[256];
  for (int i = 0; i < TZ_SITE_WAYS && site->way[i].cls != 0; i++)
    if (tz_seen_class_name(&site->way[i], name, sizeof name) && strcmp(name, class_name) == 0)
      return &site->way[i];
  return NULL;
}

/* Of the classes planned those that this run has met as well, since it is the site that knows their methods.
 */
static void set_site(tz_site *site, const tz_planned_seen *planned) {
  tz_site_way ways[TZ_SITE_WAYS] = {0};
  uint32_t n = 0;
  for (uint32_t i = 0; i < planned->n_classes; i++) {
    const tz_site_way *way = way_of(site, planned->classes[i].name);
    if (way == NULL) continue;
    ways[n] = *way;
    ways[n++].count = planned->classes[i].count;
  }
  memcpy(site->way, ways, sizeof ways);
  site->misses = planned->others;
}

void tz_replay_picture(const tz_replay *r, tz_seen *seen) {
  const tz_planned_seen *planned = planned_seen(r->current, seen);
  if (planned == NULL) return;
  switch (seen->kind) {
  case TZ_SEEN_BRANCH: seen->branch = (tz_branch_profile){planned->taken, planned->not_taken}; break;
  case TZ_SEEN_OPERANDS: seen->operands = (uint8_t)planned->operands; break;
  case TZ_SEEN_SITE: set_site(&seen->site, planned); break;
  }
}

/* ---- Leaving ---- */

static tz_jit_after_choice replay_after(void *self, const tz_jit_deopt *d, tz_jit_after_choice by_default) {
  const tz_replay *r = self;
  const tz_planned_function *f = tz_plan_function(r->plan, d->function.name);
  uint32_t n = d->function.n_compiled;
  const tz_planned_code *c = n > 0 ? tz_plan_code(f, d->entry, n - 1) : NULL;
  bool has_end = c != NULL && c->left_after > 0;
  if (has_end ? d->function.n_deopts < c->left_after : by_default.action == TZ_JIT_GO_ON)
    return (tz_jit_after_choice){TZ_JIT_GO_ON, 0, "planned"};
  if (tz_plan_code(f, d->entry, n) != NULL) return (tz_jit_after_choice){TZ_JIT_RECOMPILE, 0, "planned"};
  if (!has_end) return (tz_jit_after_choice){TZ_JIT_STAY_BELOW, 0, by_default.reason};
  return (tz_jit_after_choice){c->stays_below ? TZ_JIT_STAY_BELOW : TZ_JIT_RECOMPILE, UINT32_MAX, "planned"};
}

const tz_jit_policy tz_policy_replay = {
    .version = TZ_JIT_POLICY_VERSION,
    .name = "replay",
    .close = replay_close,
    .tier = replay_tier,
    .enter_loop = replay_enter_loop,
    .is_stale = replay_is_stale,
    .priority = replay_priority,
    .parts = replay_parts,
    .inline_call = replay_inline,
    .speculate = replay_speculate,
    .after_deopt = replay_after,
};
