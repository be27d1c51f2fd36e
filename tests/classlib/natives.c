/* natives.c: every native that the library's Rima declares is registered with the signature that the
 * declaration says, and none minds null references or strange numbers; the text natives are checked in
 * detail. */
#include "terza/classlib.h"
#include "terza/linking.h"
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static tz_vm *machine(void) {
  tz_vm *vm = tz_vm_new(tz_options_default());
  cr_assert(vm != NULL && tz_classlib_register(vm));
  return vm;
}

/* ---- declarations ---- */

typedef struct declaration {
  char name[64];
  char signature[256]; /* as in assembly */
} declaration;

static const char *skip_spaces(const char *at) { return at + strspn(at, " "); }

/* The machine's text of the Rima type at `at`, which is moved behind it. */
static void append_type(char *to, const char **at) {
  static const struct {
    const char *rima, *machine, *nullable;
  } types[] = {{"int", "i64", "any"},
               {"bool", "bool", "any"},
               {"float", "f64", "any"},
               {"str", "string", "string"},
               {"Object", "object", "object"},
               {"dyn", "any", "any"},
               {"void", "void", "void"},
               {"Array[u8]", "[u8]", "[u8]"},
               {"Array[int]", "[i64]", "[i64]"},
               {"Array[str]", "[string]", "[string]"}};
  size_t length = strcspn(*at, "?,)\n ");
  for (size_t i = 0; i < sizeof types / sizeof *types; i++) {
    if (strlen(types[i].rima) != length || strncmp(types[i].rima, *at, length) != 0) continue;
    *at += length;
    bool is_nullable = **at == '?';
    *at += is_nullable;
    strcat(to, is_nullable ? types[i].nullable : types[i].machine);
    return;
  }
  cr_assert_fail("no machine type for %.*s", (int)length, *at);
}

/* Reads "NAME(a: T, b: U): R" behind `native fun `. */
static declaration read_declaration(const char *at) {
  declaration d = {"", "("};
  size_t length = strcspn(at, "(");
  snprintf(d.name, sizeof d.name, "%.*s", (int)length, at);
  at += length + 1;
  while (*at != ')') {
    at = skip_spaces(strchr(at, ':') + 1);
    append_type(d.signature, &at);
    if (*at == ',') strcat(d.signature, ","), at = skip_spaces(at + 1);
  }
  strcat(d.signature, ")");
  if (at[1] == ':') at = skip_spaces(at + 2), append_type(d.signature, &at);
  else strcat(d.signature, "void");
  return d;
}

/* Indented ones are methods of the machine's own classes, which the machine supplies. */
static bool is_top_level(const char *at) { return at[-1] != ' ' || at[-2] != ' '; }

/* Calls `visit` for each native that a module of the library declares; returns how many there are. */
static int each_declaration(tz_vm *vm, void (*visit)(tz_vm *vm, const char *module, const declaration *d)) {
  int count = 0;
  for (const tz_library_source *s = tz_classlib_sources(NULL); s->name != NULL; s++)
    for (const char *at = s->text; (at = strstr(at, "native fun ")) != NULL;) {
      bool counts = is_top_level(at);
      at += strlen("native fun ");
      if (!counts) continue;
      count++;
      declaration d = read_declaration(at);
      visit(vm, s->name, &d);
    }
  return count;
}

static void check_registered(tz_vm *vm, const char *module, const declaration *d) {
  const tz_native_def *def = tz_native_find(vm, module, d->name);
  cr_assert(def != NULL, "%s.%s is not registered", module, d->name);
  cr_expect_str_eq(def->signature, d->signature, "%s.%s", module, d->name);
}

Test(natives, are_registered_as_declared) {
  tz_vm *vm = machine();
  cr_expect_gt(each_declaration(vm, check_registered), 100);
  tz_vm_free(vm);
}

Test(sources, begin_with_core) {
  size_t count;
  const tz_library_source *s = tz_classlib_sources(&count);
  cr_expect_str_eq(s[0].name, "core");
  cr_expect_eq(s[0].length, strlen(s[0].text));
  cr_expect_null(s[count].name);
}

/* ---- calls ---- */

static bool call(tz_vm *vm, const char *module, const char *name, int n, const tz_word *args,
                 tz_word *result) {
  const char *error;
  const tz_native_def *def = tz_native_find(vm, module, name);
  cr_assert(def != NULL, "%s.%s", module, name);
  tz_sig *signature = tz_sig_parse(vm, def->signature, &error);
  cr_assert(signature != NULL, "%s: %s", def->signature, error);
  tz_function *f = tz_function_native(vm, NULL, name, signature, def->function);
  tz_ref exception;
  return tz_vm_run(vm, f, args, n, result, &exception);
}

static void check_robust(tz_vm *vm, const char *module, const declaration *d) {
  static const int64_t numbers[] = {0, -1, 1, INT64_MAX, INT64_MIN, 35};
  static const char *const waits[] = {"exit", "sleep", "fileStandard"};
  for (size_t i = 0; i < sizeof waits / sizeof *waits; i++)
    if (strcmp(d->name, waits[i]) == 0) return;
  const char *error;
  tz_sig *signature = tz_sig_parse(vm, d->signature, &error);
  tz_string *text = tz_string_permanent(vm, "a\xc3\xa9", 3);
  for (size_t i = 0; i < sizeof numbers / sizeof *numbers * 2; i++) {
    tz_word args[8] = {0}, result;
    for (uint32_t p = 0; p < signature->n_params; p++) {
      tz_kind kind = signature->params[p]->kind;
      if (kind == TZ_KIND_I64) args[p].i = numbers[i / 2];
      if (kind == TZ_KIND_BOOL) args[p].i = i / 2 % 2;
      if (kind == TZ_KIND_F64) args[p].f = (double)numbers[i / 2];
      if ((kind == TZ_KIND_STRING || kind == TZ_KIND_OBJECT) && i % 2 == 1) args[p].p = text;
    }
    bool is_large = i / 2 == 3 && strcmp(d->name, "strRepeat") != 0;
    if (!is_large) call(vm, module, d->name, (int)signature->n_params, args, &result);
  }
}

/* A file named by a strange text may be made: in a folder of its own. */
Test(natives, survive_strange_arguments) {
  char folder[] = "/tmp/terza-natives-XXXXXX", command[64];
  cr_assert(mkdtemp(folder) != NULL && chdir(folder) == 0);
  tz_vm *vm = machine();
  each_declaration(vm, check_robust);
  tz_vm_free(vm);
  snprintf(command, sizeof command, "rm -r %s", folder);
  cr_expect_eq(system(command), 0);
}

static tz_word ref(tz_vm *vm, const char *text) {
  return (tz_word){.p = tz_string_permanent(vm, text, strlen(text))};
}
static tz_word number(int64_t i) { return (tz_word){.i = i}; }

#define CALL(vm, module, name, ...)                                                                          \
  call(vm, module, name, sizeof((tz_word[]){__VA_ARGS__}) / sizeof(tz_word), (tz_word[]){__VA_ARGS__},       \
       &result)
#define EXPECT_TEXT(expected)                                                                                \
  cr_expect(((tz_string *)result.p)->length == (int64_t)strlen(expected) &&                                  \
                memcmp(((tz_string *)result.p)->u8, expected, strlen(expected)) == 0,                        \
            "found %.*s", (int)((tz_string *)result.p)->length, ((tz_string *)result.p)->u8)

Test(text, search_and_cut) {
  tz_vm *vm = machine();
  tz_word result;
  cr_expect(CALL(vm, "core", "strIndexOf", ref(vm, "hello"), ref(vm, "l"), number(3)));
  cr_expect_eq(result.i, 3);
  cr_expect(CALL(vm, "core", "strIndexOf", ref(vm, "hello"), ref(vm, "l"), number(9)));
  cr_expect_eq(result.i, -1);
  cr_expect(CALL(vm, "core", "strLastIndexOf", ref(vm, "abab"), ref(vm, "ab")));
  cr_expect_eq(result.i, 2);
  cr_expect(CALL(vm, "core", "strSlice", ref(vm, "h\xc3\xa9llo"), number(1), number(4)));
  EXPECT_TEXT("\xc3\xa9l");
  cr_expect_not(CALL(vm, "core", "strSlice", ref(vm, "h\xc3\xa9llo"), number(2), number(4)));
  cr_expect(CALL(vm, "core", "strTrim", ref(vm, " \xc2\xa0x\n"), number(3)));
  EXPECT_TEXT("x");
  tz_vm_free(vm);
}

Test(text, transform) {
  tz_vm *vm = machine();
  tz_word result;
  cr_expect(CALL(vm, "core", "strReplace", ref(vm, "banana"), ref(vm, "an"), ref(vm, "<an>")));
  EXPECT_TEXT("b<an><an>a");
  cr_expect(CALL(vm, "core", "strUpper", ref(vm, "gr\xc3\xbc\xc3\x9f")));
  EXPECT_TEXT("GR\xc3\x9c\xc3\x9f");
  cr_expect(CALL(vm, "core", "strReverse", ref(vm, "a\xc3\xa9z")));
  EXPECT_TEXT("z\xc3\xa9"
              "a");
  cr_expect(CALL(vm, "core", "strRepeat", ref(vm, "ab"), number(3)));
  EXPECT_TEXT("ababab");
  cr_expect(CALL(vm, "json", "quote", ref(vm, "a\"\n\x01")));
  EXPECT_TEXT("\"a\\\"\\n\\u0001\"");
  cr_expect(CALL(vm, "core", "intToText", number(INT64_MIN), number(2)));
  EXPECT_TEXT("-1000000000000000000000000000000000000000000000000000000000000000");
  tz_vm_free(vm);
}

Test(text, parse_numbers) {
  static const struct {
    const char *text;
    bool is_int;
    int64_t value;
  } ints[] = {{"0", true, 0},
              {"-7", true, -7},
              {"+7", true, 7},
              {"", false, 0},
              {"-", false, 0},
              {"1 ", false, 0},
              {"1125899906842623", true, 1125899906842623},
              {"9223372036854775808", false, 0}};
  tz_vm *vm = machine();
  tz_word result;
  for (size_t i = 0; i < sizeof ints / sizeof *ints; i++) {
    cr_expect(CALL(vm, "core", "strToInt", ref(vm, ints[i].text), number(10)));
    cr_expect_eq(tz_any_is_int(result.u), ints[i].is_int, "%s", ints[i].text);
    if (ints[i].is_int) cr_expect_eq(tz_any_to_int(result.u), ints[i].value);
  }
  static const char *const no_floats[] = {"", ".", "1.", ".5", "0x1", "1e", "infinity", "1 "};
  for (size_t i = 0; i < sizeof no_floats / sizeof *no_floats; i++) {
    cr_expect(CALL(vm, "core", "strToFloat", ref(vm, no_floats[i])));
    cr_expect_eq(result.u, TZ_ANY_NULL, "%s", no_floats[i]);
  }
  cr_expect(CALL(vm, "core", "strToFloat", ref(vm, "-1.25e2")));
  cr_expect_eq(tz_any_to_float(result.u), -125.0);
  tz_vm_free(vm);
}
