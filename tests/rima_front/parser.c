/* parser.c: precedence, lambdas, newlines, declarations, limits. */
#include "front.h"
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#define EXPR(text, dump) cr_expect_str_eq(front_dump_expr(text), dump)

Test(parser, precedence) {
  EXPR("1 + 2 * 3 - 4", "(- (+ 1 (* 2 3)) 4)");
  EXPR("a ?? b || c && d | e ^ f & g == h", "(?? a (|| b (&& c (| d (^ e (& f (== g h)))))))");
  EXPR("a < b << 1 + 2", "(< a (<< b (+ 1 2)))");
  EXPR("x in 0..n + 1", "(in x (.. 0 (+ n 1)))");
  EXPR("-x as int * 2", "(* (as (- x) int) 2)");
  EXPR("!a.b!.c", "(! (. (! post (. a b)) c))");
  EXPR("x !in xs && y !is int?", "(&& (!in x xs) (!is y int?))");
  EXPR("x as int ?? y", "(?? (as x int) y)");
  EXPR("a?.b(1)[2]", "(index (call (?. a b) 1) 2)");
}

Test(parser, lambdas) {
  EXPR("x => x + 1", "(fn x => (+ x 1))");
  EXPR("() => { f(); g() }", "(fn => {(call f); (call g)})");
  EXPR("f((a, b: int) => a, x: y => z)", "(call f (fn a b => a) x:(fn y => z))");
  EXPR("x => total += x", "(fn x => {total += x})");
}

Test(parser, type_arguments) {
  EXPR("first[int](xs, 0)", "(call (index first int <int>) xs 0)");
  EXPR("Map[str, List[int?]]()", "(call (index Map <str,List[int?]>))");
  EXPR("xs[i](1)", "(call (index xs i <i>) 1)");
  EXPR("xs[i + 1].y", "(. (index xs (+ i 1)) y)");
  EXPR("Channel[(int) -> bool](4)", "(call (index Channel <(int)->bool>) 4)");
}

Test(parser, literals) {
  EXPR("[1, 2,]", "(list 1 2)");
  EXPR("[:]", "(map)");
  EXPR("[\"a\": 1, \"b\": [2]]", "(map \"a\":1 \"b\":(list 2))");
  EXPR("dyn { name: \"x\", \"two words\": 3 }", "(dyn name:\"x\" two words:3)");
  EXPR("(1, (2, 3))", "(tuple 1 (tuple 2 3))");
}

Test(parser, branches_are_expressions) {
  EXPR("if a { 1 } else if b { 2 } else { 3 }", "(if a {1} (if b {2} {3}))");
  EXPR("x ?? throw e", "(?? x {throw e})");
  EXPR("match x { 0 | 1 => a; 2..=9 => b, n if n < 0 => c\n _ => d }",
       "(match x {0|1}=>a 2..=9=>b n if (< n 0)=>c _=>d)");
  EXPR("match s { Circle(r) => r, Shape.Rect(w, _) if w => w, is Named => 0, (0, y) => y, Color.Red => x = 1 "
       "}",
       "(match s Circle(r)=>r Shape.Rect(w,_) if w=>w is Named=>0 (0,y)=>y Color.Red=>{x = 1})");
}

Test(parser, newlines_end_statements) {
  EXPR("a\n  .b()\n  ?? c\n  && d", "(?? (call (. a b)) (&& c d))");
  EXPR("a\n-b", "a");
  EXPR("a\n(b)", "a");
  EXPR("a\n[b]", "a");
  EXPR("(a\n-b)", "(- a b)");
  EXPR("a +\n b", "(+ a b)");
  EXPR("[1,\n2\n]", "(list 1 2)");
}

static rima_module *parse(front *f, const char *text) {
  front_init(f, text, strlen(text));
  rima_module *m = rima_parse(&f->session, f->source, &f->sink);
  cr_expect(!m->has_errors, "%s", rima_diagnostics_render(&f->sink, false));
  return m;
}

Test(parser, class_declaration) {
  front f;
  rima_module *m = parse(
      &f, "/// A thing.\n/// Of two lines.\nopen class A[T: B[T]](let x: int, private var y = 1, z: str)\n"
          "  : Base(z), I {\n  static let n = 1\n  init { f() }\n  override fun g(): T? = null\n}");
  cr_assert_eq(m->count, 1);
  rima_decl *d = m->decls[0];
  cr_assert_eq(d->kind, RIMA_DECL_CLASS);
  cr_expect(d->is_open);
  cr_expect_str_eq(d->doc.bytes, "A thing.\nOf two lines.");
  rima_function *c = d->class_.constructor;
  cr_assert_eq(c->param_count, 3);
  cr_expect(c->params[0].is_field && !c->params[0].local->is_mutable);
  cr_expect(c->params[1].is_field && c->params[1].is_private && c->params[1].local->is_mutable);
  cr_expect(!c->params[2].is_field);
  cr_expect_eq(d->class_.super_count, 2);
  cr_expect_eq(d->class_.super_call, 0);
  cr_expect_eq(d->class_.super_arg_count, 1);
  cr_assert_eq(d->class_.member_count, 3);
  cr_expect_eq(d->class_.members[1]->kind, RIMA_DECL_INIT);
  cr_expect(d->class_.members[2]->function->is_override);
  front_fini(&f);
}

Test(parser, enum_and_imports) {
  front f;
  rima_module *m = parse(&f, "/// About the module.\n\nimport a as b\nimport \"./x\" { y, z as w }\n"
                             "enum E { A(x: int), B\n C\n fun f() = 1 }");
  cr_expect_str_eq(m->doc.bytes, "About the module.");
  cr_expect_str_eq(m->decls[0]->import.alias.name->text, "b");
  cr_expect(m->decls[1]->import.is_file && m->decls[1]->import.item_count == 2);
  cr_expect_eq(m->decls[2]->class_.variant_count, 3);
  cr_expect_eq(m->decls[2]->class_.member_count, 1);
  front_fini(&f);
}

Test(parser, function_facts) {
  front f;
  rima_module *m =
      parse(&f, "fun f(x) {\n  let g = () => { return 1 }\n  outer: for y in x { while y { break outer } }\n"
                "  defer x.close()\n  spawn { return }\n  return\n}");
  rima_function *fn = m->decls[0]->function;
  cr_expect(fn->has_return && !fn->has_return_value && fn->has_defer && fn->has_spawn && fn->has_lambda &&
            fn->has_loop);
  rima_function *lambda = fn->body->stmts[0]->let.value->function;
  cr_expect(lambda->has_return_value && lambda->depth == 1 && lambda->outer == fn);
  rima_stmt *outer = fn->body->stmts[1];
  cr_expect_eq(outer->loop.body->stmts[0]->loop.body->stmts[0]->jump.target, outer);
  front_fini(&f);
}

/* `count` copies of `before`, then `middle`, then as many of `after`. */
static char *nest(uint32_t count, const char *before, const char *middle, const char *after) {
  size_t size = count * (strlen(before) + strlen(after)) + strlen(middle) + 1;
  char *text = malloc(size), *to = text;
  for (uint32_t i = 0; i < count; i++) to = stpcpy(to, before);
  to = stpcpy(to, middle);
  for (uint32_t i = 0; i < count; i++) to = stpcpy(to, after);
  return text;
}

Test(parser, deep_nesting_is_an_error) {
  static const char *const shapes[][3] = {{"(", "1", ")"},
                                          {"[", "1", "]"},
                                          {"-", "1", ""},
                                          {"x => ", "1", ""},
                                          {"if a { ", "1", " }"},
                                          {"f(", "1", ")"},
                                          {"match x { _ => ", "1", " }"},
                                          {"spawn ", "f()", ""},
                                          {"\"${", "1", "}\""},
                                          {"return ", "1", ""},
                                          {"dyn { a: ", "1", " }"}};
  for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++) {
    char *text = nest(20000, shapes[i][0], shapes[i][1], shapes[i][2]);
    cr_expect(strstr(front_dump_expr(text), "this is nested too deeply"), "%s", shapes[i][0]);
    free(text);
    text = nest(40, shapes[i][0], shapes[i][1], shapes[i][2]);
    cr_expect(!strstr(front_dump_expr(text), "too deeply"), "%s", shapes[i][0]);
    free(text);
  }
}

Test(parser, deep_types_are_an_error) {
  char *type = nest(20000, "(", "int", ")"), *text = malloc(strlen(type) + 8);
  stpcpy(stpcpy(text, "x as "), type);
  cr_expect(strstr(front_dump_expr(text), "this is nested too deeply"));
  free(type);
  free(text);
}

static void expect_many(int count, const char *before, const char *part, const char *after) {
  char *list = nest(count, part, "", ""), *text = malloc(strlen(before) + strlen(list) + strlen(after) + 1);
  stpcpy(stpcpy(stpcpy(text, before), list), after);
  cr_expect_eq(strstr(front_first_error(text), "more than 250 parameters") != NULL, count > 250, "%d: %s%s",
               count, before, after);
  free(list);
  free(text);
}

Test(parser, more_parameters_than_a_call_passes) {
  for (int count = 250; count <= 251; count++) {
    expect_many(count, "fun f(", "_: int,", ") { }");
    expect_many(count, "class C(", "_: int,", ")");
    expect_many(count, "let f = (", "_,", ") => 1");
    expect_many(count, "fun f(g: (", "int,", ") -> int) { }");
  }
}

Test(parser, long_chains_are_an_error) {
  char *text = nest(20000, "", "1", " + 1");
  cr_expect(strstr(front_dump_expr(text), "this expression is too long"));
  free(text);
  text = nest(400, "", "a", ".b()");
  cr_expect(!strstr(front_dump_expr(text), "too long"));
  free(text);
}
