/* test_link.c: modules linked into a VM and run. */
#include "support.h"
#include "terza/linking.h"
#include "terza/loader.h"
#include <criterion/criterion.h>

#define OBJECT "machine Object\nmachine Error\n"
#define METHODS                                                                                              \
  "  method toString ()string = str\n  method equals (object)bool = eq\n  method hash ()i64 = hash\n"
#define DECLARED "  method toString ()string\n  method equals (object)bool\n  method hash ()i64\n"
#define FUNCTIONS                                                                                            \
  "function str (%tz:Object)string {\n refs string\n const r1, \"it\"\n ret r1\n}\n"                         \
  "function eq (%tz:Object, object)i64 {\n numbers i64\n eq.r r2, r0, r1\n ret r2\n}\n"                      \
  "function hash (%tz:Object)i64 {\n numbers i64\n const.i r1, 9\n ret r1\n}\n"

static bool native_twice(tz_thread *th, tz_word *args) {
  (void)th;
  args[0].i *= 2;
  return true;
}

static tz_vm *vm_new(void) {
  static const tz_native_def natives[] = {{"twice", "(i64) i64", native_twice}};
  tz_vm *vm = tz_vm_new(NULL);
  cr_assert_not_null(vm);
  cr_assert(tz_natives_register(vm, "host", natives, 1));
  return vm;
}

static tz_module *load(tz_vm *vm, const char *text, tz_load_error *error) {
  size_t length;
  tz_image *image = assemble_text(text);
  cr_assert_not_null(image);
  uint8_t *bytes = tz_image_write(image, &length);
  tz_module *module = tz_module_load(vm, bytes, length, error);
  tz_image_free(image);
  free(bytes);
  return module;
}

static tz_module *load_well(tz_vm *vm, const char *text) {
  tz_load_error error;
  tz_module *module = load(vm, text, &error);
  cr_assert_not_null(module, "%s", error.message);
  return module;
}

static void load_fails(tz_vm *vm, const char *text, const char *message) {
  tz_load_error error;
  tz_module *before = vm->modules;
  cr_assert_null(load(vm, text, &error));
  cr_assert(strstr(error.message, message) != NULL, "%s", error.message);
  cr_assert_eq(vm->modules, before);
}

static int64_t call(tz_module *module, const char *name, int64_t argument) {
  tz_word arg = {.i = argument}, result = {.i = 0};
  tz_ref exception;
  tz_function *f = tz_module_function(module, name);
  cr_assert_not_null(f, "%s", name);
  cr_assert(tz_vm_run(module->vm, f, &arg, 1, &result, &exception), "%s throws", name);
  return result.i;
}

Test(link, numbers_calls_natives) {
  tz_vm *vm = vm_new();
  tz_module *m = load_well(
      vm, "module m\nnative host:twice (i64)i64\n"
          "function fib (i64)i64 {\n numbers i64, i64\n jlt.ii r0, 2, base\n add.ii r1, r0, -1\n"
          " call r1, fib(r1)\n add.ii r2, r0, -2\n call r2, fib(r2)\n add.i r1, r1, r2\n ret r1\n"
          "base:\n ret r0\n}\n"
          "function both (i64)i64 {\n numbers i64\n call r1, fib(r0)\n call _, host:twice(r1)\n"
          " call r1, host:twice(r1)\n ret r1\n}\n"
          "function big (i64)i64 {\n numbers i64\n const r1, 5000000000\n add.i r1, r1, r0\n ret r1\n}\n"
          "function pick (i64)i64 {\n numbers i64\n const.i r1, 0\n switch r0, [a, b, a]\n ret r1\n"
          "a:\n const.i r1, 10\n ret r1\nb:\n const.i r1, 20\n ret r1\n}\n");
  cr_assert_eq(call(m, "fib", 20), 6765);
  cr_assert_eq(call(m, "both", 10), 110);
  cr_assert_eq(call(m, "big", 1), 5000000001);
  cr_assert_eq(call(m, "pick", 0), 10);
  cr_assert_eq(call(m, "pick", 1), 20);
  cr_assert_eq(call(m, "pick", 2), 10);
  cr_assert_eq(call(m, "pick", 3), 0);
  cr_assert_eq(call(m, "pick", -1), 0);
  tz_vm_free(vm);
}

static const char classes[] =
    "module shapes\n" OBJECT "class Sized interface export {\n method size (i64)i64\n}\n"
    "class Shape super %tz:Object abstract export {\n field side i64\n" DECLARED " method area ()i64\n}\n"
    "class Square super %Shape export {\n" METHODS
    " method area ()i64 = square_area\n implements %Sized { square_size }\n}\n"
    "class Cube super %Square final export {\n field depth i64\n" METHODS
    " method area ()i64 = cube_area\n implements %Sized { square_size }\n}\n"
    "class Adder closure {\n field n i64\n method call (i64)i64 = adder\n}\n"
    "global made i64 export\nglobal last %Shape export\n"
    "function square_area (%Square)i64 {\n numbers i64\n getf r1, r0, 0\n mul.i r1, r1, r1\n ret r1\n}\n"
    "function square_size (%Shape, i64)i64 {\n numbers i64\n call.virtual r2, 3(r0)\n add.i r2, r2, r1\n ret "
    "r2\n}\n"
    "function cube_area (%Cube)i64 {\n numbers i64\n getf r1, r0, 1\n ret r1\n}\n"
    "function adder (%Adder, i64)i64 {\n numbers i64\n getf r2, r0, 0\n add.i r2, r2, r1\n ret r2\n}\n"
    "function square (i64)%Square export {\n refs %Square\n numbers i64\n new r1, %Square\n putf r0, r1, 0\n "
    "getg r2, made\n"
    " add.ii r2, r2, 1\n putg r2, made\n putg r1, last\n ret r1\n}\n"
    "function cube (i64)i64 {\n refs %Cube, %Sized, %Shape, %tz:Object, string\n numbers i64\n new r1, "
    "%Cube\n putf r0, r1, 0\n"
    " const.i r6, 7\n putf r6, r1, 1\n mov r2, r1\n mov r3, r1\n mov r4, r3\n call.virtual r5, 0(r4)\n"
    " call.interface r6, 0(r2, r0)\n str.len r0, r5\n add.i r6, r6, r0\n ret r6\n}\n"
    "function add (i64)i64 {\n refs %Adder, fn(i64)i64\n numbers i64\n new r1, %Adder\n putf r0, r1, 0\n mov "
    "r2, r1\n"
    " call.closure r3, (r2, r0)\n call.closure r3, (r1, r3)\n ret r3\n}\n"
    "function dynamic (i64)i64 {\n refs %Square, any, any\n numbers i64\n call r1, square(r0)\n mov r2, r1\n "
    "call.any r2, area(r2)\n"
    " any.i r3, r0\n add.any r2, r2, r3\n i.any r4, r2\n ret r4\n}\n" FUNCTIONS;

Test(link, classes_closures_dynamic_values) {
  tz_vm *vm = vm_new();
  tz_module *m = load_well(vm, classes);
  cr_assert_eq(call(m, "cube", 5), 7 + 5 + 2);
  cr_assert_eq(call(m, "add", 4), 12);
  cr_assert_eq(call(m, "dynamic", 3), 12);
  cr_assert(tz_class_is_subclass(tz_module_class(m, "Cube"), tz_module_class(m, "Shape")));
  cr_assert_str_eq(tz_module_class(m, "Cube")->name, "shapes.Cube");
  tz_vm_free(vm);
}

#define IMPORTS                                                                                              \
  "module user\n" OBJECT "import class shapes:Sized interface {\n method size (i64)i64\n}\n"                 \
  "import class shapes:Shape super %tz:Object abstract {\n field side i64\n" DECLARED                        \
  " method area ()i64\n}\n"                                                                                  \
  "import class shapes:Square super %shapes:Shape {\n" DECLARED                                              \
  " method area ()i64\n implements %shapes:Sized\n}\n"                                                       \
  "import global shapes:made i64\nimport global shapes:last %shapes:Shape\n"                                 \
  "import function shapes:square (i64)%shapes:Square\n"

Test(link, imports) {
  tz_vm *vm = vm_new();
  load_well(vm, classes);
  tz_module *m = load_well(
      vm, IMPORTS
      "function use (i64)i64 {\n refs %shapes:Square, %shapes:Sized, %shapes:Shape\n numbers i64, i64\n"
      " call r1, shapes:square(r0)\n mov r2, r1\n call.interface r4, 0(r2, r0)\n getg r5, shapes:made\n"
      " add.i r4, r4, r5\n getg r3, shapes:last\n getf r5, r3, 0\n add.i r4, r4, r5\n ret r4\n}\n");
  cr_assert_eq(call(m, "use", 3), 9 + 3 + 1 + 3);
  tz_vm_free(vm);
}

Test(link, imports_that_do_not_fit) {
  tz_vm *vm = vm_new();
  load_fails(vm, IMPORTS, "module shapes, which is not loaded");
  load_well(vm, classes);
  load_fails(vm, "module a\nimport function shapes:none ()void\n", "shapes.none, which does not exist");
  load_fails(vm, "module a\nimport function shapes:adder (i64)void\n", "not exported");
  load_fails(vm, "module a\nimport function shapes:square (f64)i64\n",
             "wants function shapes.square (f64)i64, found (i64)%shapes:Square");
  load_fails(vm, "module a\nimport global shapes:made f64\n", "wants global shapes.made: f64, found i64");
  load_fails(vm, "module a\nimport class shapes:Sized interface {\n method size (f64)i64\n}\n",
             "another declaration");
  load_fails(vm,
             "module a\nimport class shapes:Shape super %tz:Object abstract {\n field side f64\n" DECLARED
             " method area ()i64\n}\n" OBJECT,
             "another declaration");
  load_fails(vm, classes, "module shapes is loaded already");
  load_fails(vm, "module a\nnative host:thrice (i64)i64\n", "host.thrice, which is not registered");
  load_fails(vm, "module a\nnative host:twice (f64)i64\n",
             "wants native host.twice (f64)i64, found (i64) i64");
  load_fails(vm, "module a\nimport function tz:f ()void\n", "not loaded");
  load_fails(vm, "module a\nfunction f ()i64 {\n ret.void\n}\n", "RET_VOID");
  load_well(vm, IMPORTS);
  tz_vm_free(vm);
}

#define SHARED_BOX(module, field)                                                                            \
  "module " module "\n" OBJECT "class \"core.Box[int]\" super %tz:Object final shared {\n field " field      \
  "\n" METHODS "}\n"                                                                                         \
  "function \"core.Box[int].get\" (%\"core.Box[int]\")i64 shared {\n numbers i64\n getf r1, r0, 0\n ret "    \
  "r1\n}\n" FUNCTIONS

Test(link, shared_entities_are_one) {
  tz_vm *vm = vm_new();
  tz_module *a = load_well(vm, SHARED_BOX("a", "value i64"));
  tz_module *b = load_well(vm, SHARED_BOX("b", "value i64"));
  cr_assert_eq(tz_module_class(a, "core.Box[int]"), tz_module_class(b, "core.Box[int]"));
  cr_assert_str_eq(tz_module_class(a, "core.Box[int]")->name, "core.Box[int]");
  cr_assert_eq(tz_module_function(a, "core.Box[int].get"), tz_module_function(b, "core.Box[int].get"));
  cr_assert_neq(tz_module_function(a, "str"), tz_module_function(b, "str"));
  load_fails(vm,
             "module c\n" OBJECT
             "class \"core.Box[int]\" super %tz:Object final shared {\n field other f64\n" METHODS
             "}\n" FUNCTIONS,
             "another declaration");
  tz_vm_free(vm);
}

Test(link, errors_are_caught_by_class) {
  tz_vm *vm = vm_new();
  tz_module *m = load_well(
      vm, "module m\nmachine BoundsError\nmachine DivisionError\nfunction f (i64)i64 {\n refs [i64], "
          "%tz:Error, %tz:DivisionError\n numbers i64\n"
          "from:\n new.array r1, r0, [i64]\n const.i r4, 3\n load.64 r4, r1, r4\n div.i r4, r0, r4\n ret "
          "r4\nto:\n"
          "division:\n const.i r4, -1\n ret r4\nany:\n const.i r4, -2\n ret r4\n"
          " catch %tz:DivisionError, r3, from, to, division\n catch %tz:Error, r2, from, to, any\n}\n");
  cr_assert_eq(call(m, "f", 4), -1);
  cr_assert_eq(call(m, "f", 2), -2);
  tz_vm_free(vm);
}

Test(link, init_and_main_are_not_run) {
  tz_vm *vm = vm_new();
  tz_module *m = load_well(
      vm,
      "module m\nglobal g i64\nfunction i ()void {\n numbers i64\n const.i r0, 5\n putg r0, g\n ret.void\n}\n"
      "function m ()i64 {\n numbers i64\n getg r0, g\n ret r0\n}\ninit i\nmain m\n");
  tz_word result;
  tz_ref exception;
  cr_assert_not(m->initialised);
  cr_assert_eq(m->storage[0].i, 0);
  cr_assert(tz_vm_run(vm, m->init, NULL, 0, &result, &exception));
  cr_assert(tz_vm_run(vm, m->main, NULL, 0, &result, &exception));
  cr_assert_eq(result.i, 5);
  tz_vm_free(vm);
}

Test(link, references_in_globals_and_constants_survive_collections) {
  tz_options options = *tz_options_default();
  options.stress_alloc = 1;
  tz_vm *vm = tz_vm_new(&options);
  tz_module *m = load_well(
      vm,
      "module m\nglobal kept string\nfunction f (i64)i64 {\n refs string, string\n numbers i64\n const r1, "
      "\"ab\"\n"
      " concat r2, (r1, r1)\n putg r2, kept\nagain:\n getg r2, kept\n concat r2, (r2, r1)\n putg r2, kept\n"
      " add.ii r0, r0, -1\n jgt.ii r0, 0, again\n getg r2, kept\n str.len r3, r2\n ret r3\n}\n");
  cr_assert_eq(call(m, "f", 50), 104);
  tz_vm_free(vm);
}
