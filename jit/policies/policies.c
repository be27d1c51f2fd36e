/* policies.c: see policies.h. */
#include "policies.h"
#include "replay.h"
#include <dlfcn.h>

const char *const tz_part_names[TZ_JIT_N_PARTS] = {"inlining",          "speculation", "escape analysis",
                                                   "loop optimization", "hierarchy",   "handlers"};

/* ---- Opening ---- */

static bool begin(tz_policy *p, const tz_jit_policy *chosen, const char *arguments, char *problem,
                  size_t room) {
  const char *why = NULL;
  if (chosen->open != NULL) p->self = chosen->open(arguments, &why);
  if (why != NULL) return snprintf(problem, room, "%s", why), false;
  p->chosen = chosen;
  return true;
}

/* FILE.so[:ARGUMENTS]. A name without a folder is a file of the current one, not of the system's libraries.
 */
static bool open_plugin(tz_policy *p, const char *text, char *problem, size_t room) {
  char path[TZ_OPTION_TEXT_ROOM + 2];
  size_t length = strcspn(text, ":");
  snprintf(path, sizeof path, "%s%.*s", memchr(text, '/', length) != NULL ? "" : "./", (int)length, text);
  p->library = dlopen(path, RTLD_NOW | RTLD_LOCAL);
  if (p->library == NULL) return snprintf(problem, room, "%s", dlerror()), false;
  const tz_jit_policy *policy = dlsym(p->library, "terza_jit_policy");
  if (policy == NULL) return snprintf(problem, room, "%s defines no terza_jit_policy", path), false;
  if (policy->version != TZ_JIT_POLICY_VERSION)
    return snprintf(problem, room, "%s is a policy of version %u; this machine takes version %u", path,
                    policy->version, (unsigned)TZ_JIT_POLICY_VERSION),
           false;
  return begin(p, policy, text[length] == ':' ? text + length + 1 : "", problem, room);
}

static bool open_replay(tz_policy *p, const tz_options *o, char *problem, size_t room) {
  if (o->jit_policy[0] != 0)
    return snprintf(problem, room, "either --jit-policy or --jit-replay decides, not both"), false;
  tz_plan *plan = tz_plan_read(o->jit_replay, problem, room);
  if (plan == NULL) return false;
  p->self = tz_replay_new(plan, o);
  if (p->self == NULL) return tz_plan_free(plan), snprintf(problem, room, "no memory for a plan"), false;
  p->chosen = &tz_policy_replay;
  return true;
}

bool tz_policy_open(tz_policy *p, const tz_options *o, char *problem, size_t room) {
  *p = (tz_policy){.options = o};
  if (o->jit_replay[0] != 0) return open_replay(p, o, problem, room);
  bool ok = o->jit_policy[0] == 0 || open_plugin(p, o->jit_policy, problem, room);
  if (!ok && p->library != NULL) dlclose(p->library), p->library = NULL;
  return ok;
}

void tz_policy_end(tz_policy *p) {
  if (p->chosen == &tz_policy_replay) tz_replay_end(p->self);
}

void tz_policy_close(tz_policy *p) {
  if (p->chosen != NULL && p->chosen->close != NULL) p->chosen->close(p->self);
  if (p->library != NULL) dlclose(p->library);
  *p = (tz_policy){.options = p->options};
}

/* ---- Asking ---- */

static const char *explained(const char *reason) { return reason != NULL ? reason : "no reason given"; }

static tz_jit_answer explained_answer(tz_jit_answer answer) {
  return (tz_jit_answer){answer.yes, explained(answer.reason)};
}

#define BY_DEFAULT(question, ...) tz_policy_default.question((void *)p->options, __VA_ARGS__)
#define CHOSEN(question, by_default, ...)                                                                    \
  (p->chosen != NULL && p->chosen->question != NULL ? p->chosen->question(p->self, __VA_ARGS__, by_default)  \
                                                    : by_default)

tz_jit_tier_choice tz_policy_tier(const tz_policy *p, const tz_jit_heated *heated) {
  tz_jit_tier_choice by_default = BY_DEFAULT(tier, heated, (tz_jit_tier_choice){0}),
                     answer = CHOSEN(tier, by_default, heated);
  if (answer.tier > TZ_TIER_OPTIMIZED) answer = by_default;
  answer.reason = explained(answer.reason);
  return answer;
}

tz_jit_answer tz_policy_enter_loop(const tz_policy *p, const tz_jit_heated *heated, const tz_jit_loop *loop) {
  tz_jit_answer by_default = BY_DEFAULT(enter_loop, heated, loop, (tz_jit_answer){0});
  return explained_answer(CHOSEN(enter_loop, by_default, heated, loop));
}

tz_jit_answer tz_policy_is_stale(const tz_policy *p, const tz_jit_request *request) {
  tz_jit_answer by_default = BY_DEFAULT(is_stale, request, (tz_jit_answer){0});
  return explained_answer(CHOSEN(is_stale, by_default, request));
}

uint64_t tz_policy_priority(const tz_policy *p, const tz_jit_request *request) {
  uint64_t by_default = BY_DEFAULT(priority, request, 0);
  return CHOSEN(priority, by_default, request);
}

tz_jit_parts tz_policy_parts(const tz_policy *p, const tz_jit_request *request) {
  tz_jit_parts by_default = BY_DEFAULT(parts, request, (tz_jit_parts){0}),
               answer = CHOSEN(parts, by_default, request);
  answer.reason = explained(answer.reason);
  return answer;
}

tz_jit_answer tz_policy_inline_call(const tz_policy *p, const tz_jit_call *call) {
  tz_jit_answer by_default = BY_DEFAULT(inline_call, call, (tz_jit_answer){0});
  return explained_answer(CHOSEN(inline_call, by_default, call));
}

tz_jit_answer tz_policy_speculate(const tz_policy *p, const tz_jit_site *site) {
  tz_jit_answer by_default = BY_DEFAULT(speculate, site, (tz_jit_answer){0});
  return explained_answer(CHOSEN(speculate, by_default, site));
}

tz_jit_after_choice tz_policy_after_deopt(const tz_policy *p, const tz_jit_deopt *deopt) {
  tz_jit_after_choice by_default = BY_DEFAULT(after_deopt, deopt, (tz_jit_after_choice){0}),
                      answer = CHOSEN(after_deopt, by_default, deopt);
  if (answer.action > TZ_JIT_STAY_BELOW) answer = by_default;
  answer.reason = explained(answer.reason);
  return answer;
}

bool tz_policy_has_picture(const tz_policy *p) { return p->chosen == &tz_policy_replay; }

void tz_policy_picture(const tz_policy *p, struct tz_seen *seen) {
  if (tz_policy_has_picture(p)) tz_replay_picture(p->self, seen);
}
