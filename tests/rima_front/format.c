/* format.c: layout; formatting twice is formatting once. */
#include "front.h"
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

static void expect_format(const char *text, const char *wanted) {
  cr_expect_str_eq(front_format(text), wanted);
  cr_expect_str_eq(front_format(wanted), wanted);
}

Test(format, spaces) {
  expect_format("let  x:int=1+2*-3 ;", "let x: int = 1 + 2 * -3\n");
  expect_format("f( a ,b:c ,[ 1,2 ],[ : ],x!+y ! )", "f(a, b: c, [1, 2], [:], x! + y!)\n");
  expect_format("let r=0 .. n", "let r = 0..n\n");
  expect_format("class A ( let x:int ):B( x ),C{ }", "class A(let x: int) : B(x), C { }\n");
  expect_format("fun f[ T:C[T] ]( x:T? ):( int )->str{return \"a${ x+1 }b\"}",
                "fun f[T: C[T]](x: T?): (int) -> str { return \"a${x + 1}b\" }\n");
  expect_format("assert (a)==b\nlet y=a !in b&&!c\nlet z = dyn{a:- 1}",
                "assert (a) == b\nlet y = a !in b && !c\nlet z = dyn { a: -1 }\n");
}

Test(format, indentation) {
  expect_format("fun f() {\nif a {\nb\n}\nelse {\nc(\n1,\n2\n)\n}\n}\n",
                "fun f() {\n  if a {\n    b\n  } else {\n    c(\n      1,\n      2\n    )\n  }\n}\n");
  expect_format("let x =\ny\n.map(a => {\nb\n})\n.c()\n",
                "let x =\n  y\n  .map(a => {\n    b\n  })\n  .c()\n");
  expect_format("class A\n: B {\nfun f() = 1\n}\n", "class A\n  : B {\n  fun f() = 1\n}\n");
}

Test(format, comments_and_blank_lines_stay) {
  expect_format("\n\n// head\n\n\n\nfun f() {\n\n  // inside\n  a // trailing\n  bcd // aligned\n  /* b */ "
                "c\n\n}\n\n\n",
                "// head\n\nfun f() {\n  // inside\n  a    // trailing\n  bcd  // aligned\n  /* b */ c\n}\n");
  expect_format("#!/usr/bin/env terza\nlet a = 1", "#!/usr/bin/env terza\nlet a = 1\n");
  expect_format("f(a, // why\nb)", "f(a,  // why\n  b)\n");
}

Test(format, long_lines_break_at_brackets) {
  expect_format(
      "let result = compute(theFirstArgumentOfAll, theSecondArgumentOfAll, theThirdArgumentOfAll, "
      "theFourthArgumentOfAll, 5)",
      "let result = compute(\n  theFirstArgumentOfAll,\n  theSecondArgumentOfAll,\n  theThirdArgumentOfAll,\n"
      "  theFourthArgumentOfAll,\n  5\n)\n");
}

Test(format, long_parameter_lists_break_between_parameters) {
  expect_format("fun spreadAll(map: RedBlackTree[Vector2, Vector[Motion]], seen: RedBlackTree[Vector2, "
                "Vector2], square: "
                "Vector2,\n           motion: Motion) {\n  go(map)\n}",
                "fun spreadAll(\n  map: RedBlackTree[Vector2, Vector[Motion]],\n  seen: "
                "RedBlackTree[Vector2, Vector2],\n"
                "  square: Vector2,\n  motion: Motion\n) {\n  go(map)\n}\n");
  expect_format("fun f(a: int,\n      b: int) {\n  go(a)\n}", "fun f(a: int,\n  b: int) {\n  go(a)\n}\n");
  expect_format("class C(\n  let a: int\n)\n  : Base(a) {\n  fun f() = 1\n}",
                "class C(\n  let a: int\n) : Base(a) {\n  fun f() = 1\n}\n");
}

Test(format, long_lines_with_blocks_break_at_the_blocks) {
  expect_format("fun theNameOfAFunctionIsLongHere(theFirstParameter: int, theSecondParameter: int): int { "
                "let a = theFirstParameter; return a }",
                "fun theNameOfAFunctionIsLongHere(theFirstParameter: int, theSecondParameter: int): int {\n"
                "  let a = theFirstParameter\n  return a\n}\n");
}

Test(format, conditions_break_at_the_loosest_operator) {
  expect_format(
      "let isTheCase = theFirstFactOfAll && theSecondFactOfAll || theThirdFactOfAll && theFourthFactOfAll || "
      "theFifth",
      "let isTheCase = theFirstFactOfAll && theSecondFactOfAll\n"
      "  || theThirdFactOfAll && theFourthFactOfAll\n  || theFifth\n");
}

Test(format, errors_are_reported) {
  cr_expect_str_eq(front_format("let = 1"), "1:5: expected a name, found `=`");
}

Test(format, sample_is_stable) {
  size_t length;
  char *text = front_read_file(RIMA_SAMPLE, &length);
  char *once = strdup(front_format(text));
  cr_expect_gt(strlen(once), length / 2);
  cr_expect_str_eq(front_format(once), once);
  free(once);
  free(text);
}
