/* scopes.c: which locals inner functions mention, which are assigned. */
#include "front.h"
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

typedef struct scope_case {
  const char *text; /* the body of fun f(p); its first statement declares the variable looked at */
  bool is_captured, is_assigned;
} scope_case;

static void expect_case(scope_case c) {
  front f;
  char text[512];
  snprintf(text, sizeof text, "fun f(p) { %s }", c.text);
  front_init(&f, text, strlen(text));
  rima_module *m = rima_parse(&f.session, f.source, &f.sink);
  cr_assert(!m->has_errors, "%s", rima_diagnostics_render(&f.sink, false));
  rima_local *local = m->decls[0]->function->body->stmts[0]->let.pattern->local;
  cr_expect_eq(local->is_captured, c.is_captured, "%s: captured %d", c.text, local->is_captured);
  cr_expect_eq(local->is_assigned, c.is_assigned, "%s: assigned %d", c.text, local->is_assigned);
  front_fini(&f);
}

Test(scopes, captured_and_assigned) {
  static const scope_case cases[] = {
      {"var x = 1; x + 1", false, false},
      {"var x = 1; x = 2", false, true},
      {"var x = 1; x += 2", false, true},
      {"var x = 1; g(() => x)", true, false},
      {"var x = 1; g(() => { x = 2 })", true, true},
      {"var x = 1; spawn { x }", true, false},
      {"var x = 1; spawn g(x)", false, false},
      {"var x = 1; defer g(x)", true, false},
      {"var x = 1; g(x => x)", false, false},
      {"var x = 1; { let x = 2; g(() => x) }", false, false},
      {"var x = 1; g(() => { let y = x; let x = 3; x })", true, false},
      {"let x = 1; g(() => { let x = x })", true, false},
      {"var x = 1; for x in p { g(() => x) }", false, false},
      {"var x = 1; match p { x => g(() => x) }", false, false},
      {"var x = 1; fun h() { x = 2 }", true, true},
      {"var x = 1; \"${() => x}\"", true, false},
      {"var x = 1; try { } catch x { g(() => x) }", false, false},
  };
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) expect_case(cases[i]);
}
