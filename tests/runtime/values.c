/* values.c: strings, numbers, types, classes, dynamic objects, options, natives. */
#include "class.h"
#include "error.h"
#include "shape.h"
#include "world.h"
#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>

static void check_float(double x, const char *expected) {
  char text[32];
  int n = tz_float_format(text, x);
  cr_expect_str_eq(text, expected);
  cr_expect_eq((size_t)n, strlen(expected));
  if (x == x) cr_expect_eq(strtod(text, NULL), x, "%s does not read back", text);
}

Test(number, floats_are_shortest) {
  check_float(0, "0.0");
  check_float(-0.0, "-0.0");
  check_float(1, "1.0");
  check_float(-1.5, "-1.5");
  check_float(0.1, "0.1");
  check_float(0.1 + 0.2, "0.30000000000000004");
  check_float(1e15, "1000000000000000.0");
  check_float(1e16, "1e16");
  check_float(1.5e300, "1.5e300");
  check_float(1e-5, "0.00001");
  check_float(1.25e-6, "1.25e-6");
  check_float(5e-324, "5e-324");
  check_float(1.7976931348623157e308, "1.7976931348623157e308");
  check_float(123456.789, "123456.789");
  check_float(INFINITY, "inf");
  check_float(-INFINITY, "-inf");
  char text[32];
  tz_float_format(text, NAN);
  cr_expect_str_eq(text, "nan");
}

Test(number, ints) {
  char text[32];
  tz_int_format(text, INT64_MIN);
  cr_expect_str_eq(text, "-9223372036854775808");
  tz_int_format(text, 0);
  cr_expect_str_eq(text, "0");
}

Test(string, utf8) {
  cr_expect(tz_utf8_is_valid("plain ascii, longer than eight bytes", 36));
  cr_expect(tz_utf8_is_valid("\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80", 9));
  cr_expect_not(tz_utf8_is_valid("\xc0\x80", 2), "overlong");
  cr_expect_not(tz_utf8_is_valid("\xed\xa0\x80", 3), "surrogate");
  cr_expect_not(tz_utf8_is_valid("\xf4\x90\x80\x80", 4), "past the end");
  cr_expect_not(tz_utf8_is_valid("\xe2\x82", 2), "cut off");
}

Test(string, equality_and_order) {
  tz_vm *vm = world_new();
  tz_thread *th = vm->thread;
  tz_word *a = tz_root_push(th, tz_string_new(th, "apple", 5));
  tz_word *b = tz_root_push(th, tz_string_new(th, "apple", 5));
  tz_word *c = tz_root_push(th, tz_string_new(th, "apples", 6));
  cr_expect(tz_string_equal(a->p, b->p));
  cr_expect_eq(tz_string_hash(a->p), tz_string_hash(b->p));
  cr_expect_not(tz_string_equal(a->p, c->p));
  cr_expect(tz_string_compare(a->p, c->p) < 0);
  cr_expect_eq(tz_string_permanent(vm, "x", 1), tz_string_permanent(vm, "x", 1));
  tz_root_pop(th, 3);
  tz_vm_free(vm);
}

Test(type, text_round_trip) {
  tz_vm *vm = world_new();
  static const char *const texts[] = {"(i64,f64)string", "([u8],[[string]])any", "(fn(i64)chan(any))void",
                                      "(%tz:Error,process)%tz:Object", "()void"};
  for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
    const char *error;
    char text[128];
    tz_sig *sig = tz_sig_parse(vm, texts[i], &error);
    cr_assert_not_null(sig, "%s: %s", texts[i], error ? error : "");
    tz_sig_text(sig, text, sizeof text);
    cr_expect_str_eq(text, texts[i]);
    cr_expect_eq(sig, tz_sig_parse(vm, texts[i], &error), "interned");
  }
  const char *error;
  cr_expect_null(tz_sig_parse(vm, "(i64", &error));
  cr_expect_null(tz_sig_parse(vm, "(i65)void", &error));
  cr_expect_str_eq(error, "no such type");
  cr_expect_null(tz_sig_parse(vm, "(%none:Such)void", &error));
  tz_vm_free(vm);
}

Test(class, subclasses_and_interfaces) {
  tz_vm *vm = world_new();
  tz_class *object = vm->object_class;
  tz_class_field field = {tz_symbol_c(vm, "x"), tz_type_simple(vm, TZ_KIND_STRING)};
  tz_class *shape = tz_class_new(vm, NULL, "t.Shape", NULL, TZ_CLASS_INTERFACE, NULL, 0, object->methods, 1);
  tz_class *a = tz_class_new(vm, NULL, "t.A", object, 0, &field, 1, object->methods, object->n_methods);
  cr_assert(tz_class_add_itable(a, shape, a->vtable));
  tz_class *b = tz_class_new(vm, NULL, "t.B", a, 0, &field, 1, object->methods, object->n_methods);
  tz_class_publish(a), tz_class_publish(b);
  cr_expect(tz_class_is_subclass(b, a));
  cr_expect(tz_class_is_subclass(b, object));
  cr_expect_not(tz_class_is_subclass(a, b));
  cr_expect(tz_class_implements(b, shape));
  cr_expect_not(tz_class_implements(object, shape));
  cr_expect_eq(b->n_fields, 2);
  cr_expect_eq(b->layout.map, 3);
  cr_expect_eq(b->vtable[0], object->vtable[0]);
  cr_expect_eq(tz_class_by_name(vm, "t.B"), b);
  cr_expect_eq(a->n_subclasses, 1);
  tz_vm_free(vm);
}

static void check_text(tz_vm *vm, uint64_t any, const char *expected) {
  tz_string *s = tz_any_to_string(vm->thread, any);
  cr_assert_not_null(s);
  cr_expect(s->length == (int64_t)strlen(expected) && memcmp(s->u8, expected, strlen(expected)) == 0,
            "%.*s is not %s", (int)s->length, (char *)s->u8, expected);
}

Test(value, to_string) {
  tz_vm *vm = world_new();
  tz_thread *th = vm->thread;
  uint64_t big;
  check_text(vm, 0, "null");
  check_text(vm, tz_any_from_bool(true), "true");
  check_text(vm, tz_any_from_int(-42), "-42");
  check_text(vm, tz_any_from_float(2.5), "2.5");
  cr_assert(tz_any_box_int(th, INT64_MAX, &big));
  check_text(vm, big, "9223372036854775807");
  tz_array *a = tz_array_new(th, TZ_KIND_I64, 3);
  for (int i = 0; i < 3; i++) a->words[i].i = i * i;
  check_text(vm, (uint64_t)(uintptr_t)a, "[0, 1, 4]");
  tz_raise(th, TZ_ERROR_BOUNDS, "index %d", 7);
  uint64_t error = th->exception;
  th->exception = 0;
  check_text(vm, error, "BoundsError: index 7");
  tz_vm_free(vm);
}

Test(value, equality_and_hash) {
  tz_vm *vm = world_new();
  tz_thread *th = vm->thread;
  bool equal;
  int64_t h, i;
  cr_assert(tz_any_equal(th, tz_any_from_int(3), tz_any_from_float(3), &equal));
  cr_expect(equal);
  cr_assert(tz_any_hash(th, tz_any_from_int(3), &h) && tz_any_hash(th, tz_any_from_float(3), &i));
  cr_expect_eq(h, i);
  cr_assert(tz_any_equal(th, tz_any_from_int(1), tz_any_from_bool(true), &equal));
  cr_expect_not(equal);
  cr_assert(tz_any_equal(th, 0, tz_any_from_int(0), &equal));
  cr_expect_not(equal);
  tz_vm_free(vm);
}

Test(value, cyclic_array_overflows) {
  tz_vm *vm = world_new();
  tz_thread *th = vm->thread;
  tz_array *a = tz_array_new(th, TZ_KIND_ANY, 1);
  tz_array_store_ref(th, a, 0, a);
  cr_expect_null(tz_any_to_string(th, (uint64_t)(uintptr_t)a));
  cr_expect_eq(tz_object_class((void *)(uintptr_t)th->exception), vm->error_classes[TZ_ERROR_STACK_OVERFLOW]);
  cr_expect_eq(th->native_depth, 0);
  th->exception = 0;
  tz_vm_free(vm);
}

Test(dyn, many_members_and_branching_shapes) {
  tz_options options = *tz_options_default();
  options.stress_alloc = 7;
  tz_vm *vm = world_new_with(&options);
  tz_thread *th = vm->thread;
  tz_word *o = tz_root_push(th, tz_dyn_new(th)), *p = tz_root_push(th, tz_dyn_new(th)),
          *v = tz_root_push(th, NULL);
  char name[16];
  for (int i = 0; i < 100; i++) {
    snprintf(name, sizeof name, "m%d", i);
    v->u = tz_any_from_int(i);
    cr_assert(tz_dyn_set(th, o, tz_symbol_c(vm, name), v));
    if (i == 10) continue; /* p branches off here */
    v->u = tz_any_from_int(-i);
    cr_assert(tz_dyn_set(th, p, tz_symbol_c(vm, name), v));
  }
  for (int i = 0; i < 100; i++) {
    snprintf(name, sizeof name, "m%d", i);
    cr_expect_eq(tz_dyn_get_nogc(o->p, tz_symbol_c(vm, name)).u, tz_any_from_int(i));
    cr_expect_eq(tz_dyn_get_nogc(p->p, tz_symbol_c(vm, name)).u, i == 10 ? 0 : tz_any_from_int(-i));
  }
  cr_expect_eq(tz_dyn_keys(th, o->u)->length, 100);
  cr_expect_eq(tz_dyn_keys(th, p->u)->length, 99);
  tz_root_pop(th, 3);
  tz_vm_free(vm);
}

Test(options, parse) {
  tz_options o = *tz_options_default();
  char error[200];
  cr_assert(tz_options_parse_list(&o, "--heap-limit=64m, trace-gc stack-limit=8k", error, sizeof error));
  cr_expect_eq(o.heap_limit, 64 << 20);
  cr_expect(o.trace_gc);
  cr_expect_eq(o.stack_limit, 8192);
  cr_expect_not(tz_options_parse(&o, "--heap-limt=1", error, sizeof error));
  cr_expect_str_eq(error, "there is no option \"heap-limt\"; did you mean \"heap-limit\"?");
  cr_expect_not(tz_options_parse(&o, "step-limit=many", error, sizeof error));
  cr_expect_str_eq(error, "option step-limit takes a number, not \"many\"");
  cr_expect_not(tz_options_parse(&o, "trace-gc=perhaps", error, sizeof error));
  tz_options traces = *tz_options_default();
  cr_expect(tz_options_parse(&traces, "--trace=jit,load", error, sizeof error));
  cr_expect(traces.trace_jit && traces.trace_load && !traces.trace_gc);
  cr_expect_not(tz_options_parse(&traces, "--trace=jit,lod", error, sizeof error));
  cr_expect_str_eq(error, "option trace knows no \"lod\"");
  char list[] = "jit-log=a.jsonl,trace-jit"; /* its own copy is kept */
  cr_assert(tz_options_parse_list(&o, list, error, sizeof error));
  memset(list, 'x', sizeof list - 1);
  cr_expect_str_eq(o.jit_log, "a.jsonl");
  cr_expect_not(tz_options_parse(&o, "jit-log", error, sizeof error));
  cr_expect_str_eq(error, "option jit-log takes a text of up to 1023 bytes");
  cr_expect_str_eq(o.jit_log, "a.jsonl");
}

static void count_finalized(tz_vm *vm, void *payload) {
  (void)payload;
  ++*(int *)vm->host;
}

Test(native, payload_finalizers_run_once) {
  int count = 0;
  tz_vm *vm = world_new();
  vm->host = &count;
  tz_class *cls = tz_native_class(vm, "t.File", 20, count_finalized);
  cr_expect_eq(cls, tz_native_class(vm, "t.File", 20, count_finalized));
  for (int i = 0; i < 10; i++) cr_assert_not_null(tz_native_object(vm->thread, cls));
  tz_gc_collect(&vm->thread->mutator, TZ_GC_FULL);
  cr_assert_not_null(tz_native_object(vm->thread, cls));
  cr_expect_eq(count, 10);
  tz_vm_free(vm);
  cr_expect_eq(count, 11);
}

Test(native, many_roots_survive_moves) {
  tz_vm *vm = world_new();
  tz_thread *th = vm->thread;
  tz_word *slots[200];
  for (int i = 0; i < 200; i++) {
    char text[8];
    slots[i] = tz_root_push(th, tz_string_new(th, text, (size_t)snprintf(text, 8, "%d", i)));
  }
  tz_gc_collect(&th->mutator, TZ_GC_YOUNG);
  tz_gc_collect(&th->mutator, TZ_GC_FULL);
  for (int i = 0; i < 200; i++) cr_expect_eq(atoi((char *)((tz_string *)slots[i]->p)->u8), i);
  tz_root_pop(th, 200);
  tz_vm_free(vm);
}

Test(vm, several_in_one_process) {
  tz_vm *a = world_new(), *b = world_new();
  cr_expect_neq(a->string_class, b->string_class);
  tz_vm_free(a);
  check_text(b, tz_any_from_int(1), "1");
  tz_vm_free(b);
}
