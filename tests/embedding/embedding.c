/* embedding.c: the corners of terza.h: wrong use, limits, handles, natives that fail, nested calls. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <terza/terza.h>

static terza_error error;

static terza_vm *machine(const char *source) {
  terza_vm *vm = terza_new(NULL, &error);
  cr_assert_not_null(vm, "%s", error.message);
  if (source != NULL)
    cr_assert(terza_load_source(vm, "m.rima", source, strlen(source), &error), "%s", error.message);
  return vm;
}

static void check_failure(const char *type, const char *part) {
  cr_expect_str_eq(error.type, type);
  cr_expect_not_null(strstr(error.message, part), "%s", error.message);
}

Test(config, is_checked) {
  terza_config config = {0};
  cr_expect_null(terza_new(&config, &error));
  check_failure("HostError", "terza_config_init");
  terza_config_init(&config);
  config.options = "heap-limt=1m";
  cr_expect_null(terza_new(&config, &error));
  check_failure("HostError", "did you mean \"heap-limit\"?");
  cr_expect_null(terza_new(&config, NULL), "errors may be ignored");
}

Test(load, refuses_what_is_no_module) {
  terza_vm *vm = machine(NULL);
  _Alignas(8) char bytes[64] = "not a module";
  cr_expect_not(terza_load_module(vm, bytes, sizeof bytes, &error));
  cr_expect_str_eq(error.type, "ModuleError");
  cr_expect_not(terza_load_file(vm, "/nonexistent/m.rima", &error));
  check_failure("HostError", "No such file");
  terza_free(vm);
}

Test(load, compile_errors_have_a_place) {
  terza_vm *vm = machine(NULL);
  const char *source = "fun f(): int {\n  return \"no\"\n}\n";
  cr_expect_not(terza_load_source(vm, "m.rima", source, strlen(source), &error));
  cr_expect_str_eq(error.type, "CompileError");
  cr_expect_eq(error.line, 2);
  cr_expect_str_eq(error.file, "m.rima");
  terza_free(vm);
}

Test(call, arguments_are_checked) {
  terza_vm *vm = machine("fun f(x: int, s: str): int { return x + s.len() }\n");
  terza_value wrong[] = {terza_float(1), terza_string("a", 1)},
              right[] = {terza_int(1), terza_string("abc", 3)}, result;
  cr_expect_not(terza_call_name(vm, "m.g", NULL, 0, NULL, &error));
  check_failure("HostError", "there is no function m.g");
  cr_expect_not(terza_call_name(vm, "m.f", wrong, 1, NULL, &error));
  check_failure("HostError", "takes 2 arguments, not 1");
  cr_expect_not(terza_call_name(vm, "m.f", wrong, 2, NULL, &error));
  check_failure("HostError", "argument 1 of m.f: an int is wanted");
  right[1].s.text = "\xff\xfe\xfd";
  cr_expect_not(terza_call_name(vm, "m.f", right, 2, NULL, &error));
  check_failure("HostError", "not valid UTF-8");
  right[1].s.text = "abc";
  cr_assert(terza_call_name(vm, "m.f", right, 2, &result, &error), "%s", error.message);
  cr_expect_eq(result.i, 4);
  terza_free(vm);
}

Test(call, values_of_every_kind_come_back) {
  terza_vm *vm = machine("fun same(x) { return x }\n");
  terza_value in[] = {terza_null(),     terza_int(-5),    terza_int(INT64_MAX),
                      terza_float(2.5), terza_bool(true), terza_string("h\xc3\xa9", 3)};
  for (size_t i = 0; i < sizeof in / sizeof *in; i++) {
    terza_value out;
    cr_assert(terza_call_name(vm, "m.same", &in[i], 1, &out, &error), "%s", error.message);
    cr_expect_eq(out.kind, in[i].kind);
    if (out.kind == TERZA_STRING) cr_expect_str_eq(out.s.text, "h\xc3\xa9");
    else if (out.kind == TERZA_INT) cr_expect_eq(out.i, in[i].i);
    terza_value_clear(&out);
  }
  terza_free(vm);
}

Test(handle, follows_its_object) {
  terza_vm *vm = machine("class P(let name: str) { override fun toString(): str = \"P ${name}\" }\n"
                         "fun make(s: str): P { return P(s) }\n");
  terza_value name = terza_string("x", 1), object;
  cr_assert(terza_call_name(vm, "m.make", &name, 1, &object, &error), "%s", error.message);
  cr_expect_str_eq(terza_handle_class(object.object), "m.P");
  terza_handle *second = terza_handle_copy(object.object);
  terza_collect(vm);
  cr_expect(terza_handle_same(second, object.object));
  terza_value_clear(&object);
  terza_collect(vm);
  char *text;
  size_t length;
  cr_assert(terza_to_text(vm, terza_object(second), &text, &length, &error), "%s", error.message);
  cr_expect_str_eq(text, "P x");
  free(text);
  terza_free(vm); /* the handle not released dies with it */
}

Test(error, has_class_place_and_trace) {
  terza_vm *vm =
      machine("fun inner(n: int): int { return 1 / n }\nfun outer(): int {\n  return inner(0) + 1\n}\n");
  cr_expect_not(terza_call_name(vm, "m.outer", NULL, 0, NULL, &error));
  check_failure("DivisionError", "division by zero");
  cr_expect_str_eq(error.file, "m.rima");
  cr_expect_eq(error.line, 1);
  cr_expect_not_null(strstr(error.trace, "at m.outer (m.rima:3)"), "%s", error.trace);
  terza_free(vm);
}

static bool twice(terza_call_frame *call, void *data) {
  ++*(int *)data;
  return terza_return(call, terza_int(2 * terza_arg_int(call, 0)));
}

static bool fails(terza_call_frame *call, void *data) {
  (void)data;
  return terza_raise(call, "StateError", "code %d", 7);
}

static bool calls_back(terza_call_frame *call, void *data) {
  (void)data;
  terza_value argument = terza_int(terza_arg_int(call, 0)), result;
  terza_error inner = {0};
  bool ok = terza_call_name(terza_frame_vm(call), "m.square", &argument, 1, &result, &inner);
  ok = ok ? terza_return(call, result) : terza_raise(call, "Error", "inner: %s", inner.message);
  terza_error_clear(&inner);
  return ok;
}

Test(native, results_errors_and_nested_calls) {
  int calls = 0;
  terza_vm *vm = machine(NULL);
  const char *source =
      "native fun twice(x: int): int\nnative fun fails()\nnative fun callsBack(x: int): int\n"
      "fun square(x: int): int { if x < 0 { throw Error(\"negative\") }; return x * x }\n"
      "fun a(): int = twice(21)\nfun b() { fails() }\nfun c(x: int): int { return callsBack(x) }\n";
  cr_assert(terza_register(vm, "m.twice", "(i64)i64", twice, &calls, &error));
  cr_assert(terza_register(vm, "m.fails", "()void", fails, NULL, &error));
  cr_assert(terza_register(vm, "m.callsBack", "(i64)i64", calls_back, NULL, &error));
  cr_expect_not(terza_register(vm, "m.bad", "(i65)void", fails, NULL, &error));
  cr_assert(terza_load_source(vm, "m.rima", source, strlen(source), &error), "%s", error.message);
  terza_value result, argument = terza_int(5);
  cr_assert(terza_call_name(vm, "m.a", NULL, 0, &result, &error));
  cr_expect_eq(result.i, 42);
  cr_expect_eq(calls, 1);
  cr_expect_not(terza_call_name(vm, "m.b", NULL, 0, NULL, &error));
  check_failure("StateError", "code 7");
  cr_assert(terza_call_name(vm, "m.c", &argument, 1, &result, &error), "%s", error.message);
  cr_expect_eq(result.i, 25);
  argument.i = -1;
  cr_expect_not(terza_call_name(vm, "m.c", &argument, 1, &result, &error));
  check_failure("Error", "inner: negative");
  terza_free(vm);
}

Test(limit, memory_is_catchable_and_recovers) {
  terza_config config;
  terza_config_init(&config);
  config.memory_limit = 32 << 20;
  terza_vm *vm = terza_new(&config, &error);
  const char *source =
      "fun fill(): int { let xs: List[Array[int]] = []; while true { xs.add(Array[int](100000)) }; return 0 "
      "}\n"
      "fun caught(): str { try { fill() } catch e: OutOfMemoryError { return \"caught\" }; return \"\" }\n";
  cr_assert(terza_load_source(vm, "m.rima", source, strlen(source), &error), "%s", error.message);
  cr_expect_not(terza_call_name(vm, "m.fill", NULL, 0, NULL, &error));
  cr_expect_str_eq(error.type, "OutOfMemoryError");
  terza_value result;
  for (int i = 0; i < 3; i++) {
    cr_assert(terza_call_name(vm, "m.caught", NULL, 0, &result, &error), "%s", error.message);
    cr_expect_str_eq(result.s.text, "caught");
    terza_value_clear(&result);
  }
  cr_expect(terza_memory_used(vm) <= 32 << 20);
  terza_free(vm);
}

Test(limit, steps) {
  terza_vm *vm = machine("fun spin(n: int): int { var i = 0; while i < n { i += 1 }; return i }\n");
  terza_value few = terza_int(1000), many = terza_int(10000000), result;
  terza_set_step_limit(vm, 100000);
  cr_expect_not(terza_call_name(vm, "m.spin", &many, 1, &result, &error));
  cr_expect_str_eq(error.type, "StepLimitError");
  cr_expect(terza_call_name(vm, "m.spin", &few, 1, &result, &error));
  terza_set_step_limit(vm, 0);
  cr_expect(terza_call_name(vm, "m.spin", &many, 1, &result, &error));
  terza_free(vm);
}
