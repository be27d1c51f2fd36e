/* lexer.c: tokens, numbers, strings, brackets, newlines. */
#include "front.h"
#include <criterion/criterion.h>
#include <string.h>

static void expect_kinds(const char *text, uint32_t count, const uint8_t *kinds) {
  front f;
  front_init(&f, text, strlen(text));
  rima_tokens tokens = rima_lex(&f.session, f.source, &f.sink);
  cr_expect_eq(f.sink.error_count, 0, "%s", text);
  cr_assert_eq(tokens.count, count + 1, "%s: %u tokens", text, tokens.count - 1);
  for (uint32_t i = 0; i < count; i++)
    cr_expect_eq(tokens.items[i].kind, kinds[i], "%s: token %u is %s", text, i,
                 rima_token_kind_text(tokens.items[i].kind));
  front_fini(&f);
}
#define KINDS(text, ...)                                                                                     \
  do {                                                                                                       \
    const uint8_t kinds[] = {__VA_ARGS__};                                                                   \
    expect_kinds(text, sizeof kinds, kinds);                                                                 \
  } while (0)

Test(lexer, longest_operator_wins) {
  KINDS("a>>>=b>>>c>>d>=e", RIMA_TOK_IDENT, RIMA_TOK_USHR_EQ, RIMA_TOK_IDENT, RIMA_TOK_USHR, RIMA_TOK_IDENT,
        RIMA_TOK_SHR, RIMA_TOK_IDENT, RIMA_TOK_GREATER_EQ, RIMA_TOK_IDENT);
  KINDS("0..=9 0..n a.b", RIMA_TOK_INT, RIMA_TOK_DOT_DOT_EQ, RIMA_TOK_INT, RIMA_TOK_INT, RIMA_TOK_DOT_DOT,
        RIMA_TOK_IDENT, RIMA_TOK_IDENT, RIMA_TOK_DOT, RIMA_TOK_IDENT);
  KINDS("x !in y !index !is z", RIMA_TOK_IDENT, RIMA_TOK_NOT_IN, RIMA_TOK_IDENT, RIMA_TOK_BANG,
        RIMA_TOK_IDENT, RIMA_TOK_NOT_IS, RIMA_TOK_IDENT);
  KINDS("=== !== == != => = -> ?? ?. ?", RIMA_TOK_EQ_EQ_EQ, RIMA_TOK_NOT_EQ_EQ, RIMA_TOK_EQ_EQ,
        RIMA_TOK_NOT_EQ, RIMA_TOK_FAT_ARROW, RIMA_TOK_EQ, RIMA_TOK_ARROW, RIMA_TOK_QUESTION_QUESTION,
        RIMA_TOK_QUESTION_DOT, RIMA_TOK_QUESTION);
}

Test(lexer, numbers) {
  KINDS("1 1.5 1e9 2.5e-3 1.foo", RIMA_TOK_INT, RIMA_TOK_FLOAT, RIMA_TOK_FLOAT, RIMA_TOK_FLOAT, RIMA_TOK_INT,
        RIMA_TOK_DOT, RIMA_TOK_IDENT);
  cr_expect_str_eq(front_dump_expr("1_000_000 + 0xff + 0b1010 + 0o17 + '\\n' + 'é'"),
                   "(+ (+ (+ (+ (+ 1000000 255) 10) 15) 10) 233)");
  cr_expect_str_eq(front_dump_expr("0xffff_ffff_ffff_ffff"), "-1");
  cr_expect_str_eq(front_dump_expr("-9223372036854775808"), "-9223372036854775808");
  cr_expect_str_eq(front_dump_expr("9223372036854775808"), "1:10: this number does not fit an int");
}

Test(lexer, strings) {
  cr_expect_str_eq(front_dump_expr("\"a\\tb\\u{e9}\\$\""), "\"a\tbé$\"");
  cr_expect_str_eq(front_dump_expr("r\"a\\tb${c}\""), "\"a\\tb${c}\"");
  cr_expect_str_eq(front_dump_expr("\"a${b + \"c${d}\"}e\""), "(text \"a\" (+ b (text \"c\" d)) \"e\")");
  cr_expect_str_eq(front_dump_expr("\"${dyn { a: 1 }}\""), "(text (dyn a:1))");
  cr_expect_str_eq(front_dump_expr("\"\"\"\n    one\n      two \"quoted\"\n\n    three\n    \"\"\""),
                   "\"one\n  two \"quoted\"\n\nthree\n\"");
  cr_expect_str_eq(front_dump_expr("\"\"\"\n  a ${x}\n   b\"\"\""), "(text \"a \" x \"\n b\")");
  cr_expect_str_eq(front_dump_expr("\"\"\"one \\\n  line\"\"\""), "\"one line\"");
}

Test(lexer, comments_nest) { KINDS("a /* b /* c */ d */ e // f", RIMA_TOK_IDENT, RIMA_TOK_IDENT); }

Test(lexer, soft_keywords_are_names_elsewhere) {
  KINDS("open class", RIMA_TOK_OPEN, RIMA_TOK_CLASS);
  KINDS("open(x) after test init extend", RIMA_TOK_IDENT, RIMA_TOK_LPAREN, RIMA_TOK_IDENT, RIMA_TOK_RPAREN,
        RIMA_TOK_IDENT, RIMA_TOK_IDENT, RIMA_TOK_IDENT, RIMA_TOK_IDENT);
  KINDS("abstract override open fun f", RIMA_TOK_ABSTRACT, RIMA_TOK_OVERRIDE, RIMA_TOK_OPEN, RIMA_TOK_FUN,
        RIMA_TOK_IDENT);
  KINDS("test \"x\" init {", RIMA_TOK_TEST, RIMA_TOK_STRING, RIMA_TOK_INIT, RIMA_TOK_LBRACE);
}

Test(lexer, brackets_know_their_partners) {
  front f;
  const char *text = "f(a[1], { b )";
  front_init(&f, text, strlen(text));
  rima_tokens t = rima_lex(&f.session, f.source, &f.sink);
  cr_expect_eq(t.items[1].match, 9);
  cr_expect_eq(t.items[9].match, 1);
  cr_expect_eq(t.items[3].match, 5);
  cr_expect_eq(t.items[7].match, RIMA_NO_MATCH);
  front_fini(&f);
}

Test(lexer, any_bytes_are_reported_with_their_place) {
  static const struct {
    const char *text;
    size_t length;
    const char *message;
  } cases[] = {{"let a = \x80", 9, "byte 0x80 is not UTF-8"},
               {"let a = 1\0", 10, "the file contains a NUL byte"},
               {"let a = \xed\xa0\x80", 11, "byte 0xed is not UTF-8"},
               {"let a = \x01", 9, "unexpected control character U+0001"}};
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    front f;
    front_init(&f, cases[i].text, cases[i].length);
    rima_lex(&f.session, f.source, &f.sink);
    cr_assert_geq(f.sink.count, 1);
    cr_expect_str_eq(f.sink.items[0].message, cases[i].message);
    front_fini(&f);
  }
}
