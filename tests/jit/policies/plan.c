/* plan.c: plans are read from logs, whole ones and broken ones. */
#include "json.h"
#include "plan.h"
#include "seen.h"
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char log_line[] =
    "{\"jit\":\"compile\",\"tier\":\"optimizing\",\"function\":\"m.\\u0022f\\u00e9\",\"entry\":7,\"heat\":20,"
    "\"problem\":null,\"unknown\":[1,{\"x\":[true,\"]}\"]},-2.5e3],\"inlining\":[{\"depth\":0,\"parent\":"
    "null,"
    "\"caller\":\"m.f\",\"pc\":3,\"callee\":\"m.g\",\"inlined\":true},{\"depth\":1,\"parent\":0,\"caller\":"
    "\"m.g\","
    "\"pc\":4,\"callee\":\"m.h\",\"inlined\":false}],\"generic\":[{\"function\":\"m.g\",\"pc\":5}],"
    "\"profile\":[{\"function\":\"m.f\",\"pc\":1,\"line\":2,\"taken\":5,\"not_taken\":6},"
    "{\"function\":\"m.f\",\"pc\":2,\"operands\":17},{\"function\":\"m.f\",\"pc\":3,\"classes\":[[\"m.A\",4],"
    "[\"m.B\",2]],\"others\":1},{\"function\":\"m.f\",\"pc\":4,\"classes\":[[null,9]],\"others\":0}],"
    "\"without\":[\"hierarchy\"]}\n";

/* The plan that a text makes; NULL: `problem` says why not. */
static tz_plan *plan_of(const char *text, size_t n, char problem[256]) {
  char path[] = "/tmp/terza-plan-XXXXXX";
  int fd = mkstemp(path);
  cr_assert(fd >= 0 && write(fd, text, n) == (ssize_t)n);
  close(fd);
  tz_plan *plan = tz_plan_read(path, problem, 256);
  unlink(path);
  return plan;
}

Test(plan, a_log_is_a_plan) {
  char problem[256], text[2048];
  snprintf(
      text, sizeof text,
      "{\"jit\":\"log\",\"format\":1}\n\n%s%s"
      "{\"jit\":\"give-up\",\"function\":\"m.\\\"f\xc3\xa9\",\"entry\":7,\"deopts\":4,\"for_good\":true}\n"
      "{\"jit\":\"compile\",\"tier\":\"baseline\",\"function\":\"m.g\",\"entry\":null,\"heat\":3}\n",
      log_line, log_line);
  tz_plan *plan = plan_of(text, strlen(text), problem);
  cr_assert(plan != NULL, "%s", problem);
  tz_planned_function *f = tz_plan_function(plan, "m.\"f\xc3\xa9"), *g = tz_plan_function(plan, "m.g");
  cr_assert(f != NULL && g != NULL && tz_plan_function(plan, "m.h") == NULL);
  cr_expect_eq(g->baseline_heat, 3);
  cr_expect_eq(f->baseline_heat, UINT32_MAX);
  cr_expect(tz_plan_has_baseline(plan));
  const tz_planned_code *c = tz_plan_code(f, 7, 0), *d = tz_plan_code(f, 7, 1);
  cr_assert(c != NULL && d != NULL && tz_plan_code(f, 7, 2) == NULL &&
            tz_plan_code(f, TZ_JIT_START, 0) == NULL);
  cr_expect_eq(c->heat, 20);
  cr_expect_eq(c->line, 3);
  cr_expect_eq(c->parts, TZ_JIT_ALL_PARTS - TZ_JIT_HIERARCHY);
  cr_expect_eq(c->left_after, 0);
  cr_expect(d->left_after == 4 && d->stays_below, "the end is that of the last code before it");
  cr_assert(c->n_calls == 2 && c->n_generic == 1);
  cr_expect(c->calls[0].is_inlined && c->calls[0].parent == TZ_NO_PARENT && c->calls[0].pc == 3);
  cr_expect(!c->calls[1].is_inlined && c->calls[1].parent == 0);
  cr_expect_str_eq(c->calls[1].callee, "m.h");
  cr_expect(strcmp(c->generic[0].function, "m.g") == 0 && c->generic[0].pc == 5);
  cr_assert_eq(c->n_seen, 4);
  const tz_planned_seen *seen = c->seen;
  cr_expect(seen[0].kind == TZ_SEEN_BRANCH && seen[0].pc == 1 && seen[0].taken == 5 &&
            seen[0].not_taken == 6);
  cr_expect(seen[1].kind == TZ_SEEN_OPERANDS && seen[1].operands == 17);
  cr_expect(seen[2].kind == TZ_SEEN_SITE && seen[2].n_classes == 2 && seen[2].others == 1);
  cr_expect(strcmp(seen[2].classes[1].name, "m.B") == 0 && seen[2].classes[1].count == 2);
  cr_expect(seen[3].kind != TZ_SEEN_SITE, "classes without names are left to the run");
  tz_plan_free(plan);
}

Test(plan, a_line_cut_anywhere_is_refused) {
  char problem[256];
  for (size_t n = 1; n + 2 < sizeof log_line; n++) {
    tz_plan *plan = plan_of(log_line, n, problem);
    cr_expect(plan == NULL, "%zu bytes of it", n);
    tz_plan_free(plan);
  }
}

Test(plan, a_byte_changed_anywhere_does_no_harm) {
  char problem[256], text[sizeof log_line];
  const char bytes[] = {0x01, '"', '\\', '{', ']', ',', '9', 'u', (char)0xff};
  for (size_t i = 0; i + 2 < sizeof log_line; i++)
    for (size_t k = 0; k < sizeof bytes; k++) {
      memcpy(text, log_line, sizeof text);
      text[i] = bytes[k];
      tz_plan_free(plan_of(text, strlen(text), problem));
    }
}

Test(plan, says_what_is_wrong_and_where) {
  static const struct {
    const char *text, *problem;
  } cases[] = {
      {"{\"jit\":\"log\"}\nnonsense\n", ":2: not a line of a JIT log"},
      {"{\"at\":1}\n", ":1: not a line of a JIT log"},
      {"{\"jit\":\"compile\",\"tier\":\"baseline\"}\n", ":1: it names no function"},
      {"{\"jit\":\"compile\",\"tier\":\"top\",\"function\":\"f\"}\n",
       ":1: there is no such tier: baseline, optimizing"},
      {"{\"jit\":\"compile\",\"tier\":\"optimizing\",\"function\":\"f\",\"inlining\":[{\"parent\":0,\"pc\":1,"
       "\"callee\":\"g\",\"inlined\":true}]}\n",
       ":1: not a line of a JIT log"},
  };
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    char problem[256] = "";
    cr_expect(plan_of(cases[i].text, strlen(cases[i].text), problem) == NULL);
    size_t n = strlen(problem), m = strlen(cases[i].problem);
    cr_expect(n > m && strcmp(problem + n - m, cases[i].problem) == 0, "%s", problem);
  }
}

Test(plan, deep_nesting_is_refused) {
  char problem[256], *text = calloc(1, 100000);
  strcpy(text, "{\"jit\":");
  memset(text + 7, '[', 90000);
  cr_expect(plan_of(text, strlen(text), problem) == NULL);
  free(text);
}
