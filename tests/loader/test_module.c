/* test_module.c: the builder, and files that are read back. */
#include "support.h"
#include <criterion/criterion.h>

Test(builder, interns) {
  tz_image *m = tz_image_new("m", 1);
  uint32_t i64 = tz_image_type_simple(m, TZ_KIND_I64);
  cr_assert_eq(i64, tz_image_type_simple(m, TZ_KIND_I64));
  cr_assert_neq(tz_image_type(m, TZ_KIND_ARRAY, i64), tz_image_type(m, TZ_KIND_CHAN, i64));
  cr_assert_eq(tz_image_signature(m, i64, 1, &i64), tz_image_signature(m, i64, 1, &i64));
  cr_assert_neq(tz_image_constant_float(m, 0.0), tz_image_constant_float(m, -0.0));
  cr_assert_neq(tz_image_constant_int(m, 0), tz_image_constant_float(m, 0.0));
  cr_assert_eq(tz_image_constant_string(m, "ab", 2), tz_image_constant_string(m, "ab", 2));
  cr_assert_eq(tz_image_machine_class(m, "BoundsError"), tz_image_machine_class(m, "BoundsError"));
  cr_assert_eq(tz_image_machine_class(m, "Nonsense"), TZ_NONE);
  for (int64_t i = 0; i < 10000; i++) cr_assert_eq(tz_image_constant_int(m, i), tz_image_constant_int(m, i));
  tz_image_free(m);
}

/* A local entity is declared before an import and a type that nothing uses: finish puts them in order. */
static tz_image *build_shuffled(void) {
  tz_image *m = tz_image_new("m", 1);
  uint32_t i64 = tz_image_type_simple(m, TZ_KIND_I64), unused = tz_image_type_simple(m, TZ_KIND_F64);
  uint32_t signature = tz_image_signature(m, i64, 1, &i64);
  uint32_t main_function = tz_image_declare_function(m, tz_text_of("double"));
  uint32_t native = tz_image_declare_function(m, tz_text_of("add"));
  uint32_t types[] = {i64, i64};
  uint64_t code[] = {tz_encode_x(tz_encode_ad(TZ_OP_CALL, 1, native), 1), 0,
                     tz_encode_abc(TZ_OP_RET, 1, 0, 0)};
  tz_encode_list_lane(&code[1], 0, 0);
  tz_image_define_function(m, main_function,
                           &(tz_function_entry){.name = tz_text_of("double"),
                                                .flags = TZ_FUNCTION_EXPORT,
                                                .signature = signature,
                                                .n_registers = 2,
                                                .registers = types,
                                                .n_words = 3,
                                                .code = code,
                                                .source = TZ_NONE});
  tz_image_define_function(m, native,
                           &(tz_function_entry){.name = tz_text_of("add"),
                                                .module = tz_text_of("host"),
                                                .flags = TZ_FUNCTION_NATIVE,
                                                .signature = signature,
                                                .source = TZ_NONE});
  (void)unused;
  cr_assert(tz_image_finish(m));
  return m;
}

Test(builder, finish_puts_imports_first) {
  tz_image *m = build_shuffled();
  tz_image_error error;
  cr_assert_eq(m->n_imported_functions, 1);
  cr_assert_eq(m->n_types, 1);
  cr_assert(tz_text_equal(m->functions[0].name, tz_text_of("add")));
  cr_assert_eq((uint32_t)(m->functions[1].code[0] >> 32), 0);
  cr_assert(tz_image_verify(m, &error), "%s", error.message);
  tz_image_free(m);
}

Test(builder, same_calls_same_bytes) {
  size_t a_length, b_length;
  tz_image *a = build_shuffled(), *b = build_shuffled();
  uint8_t *a_bytes = tz_image_write(a, &a_length), *b_bytes = tz_image_write(b, &b_length);
  cr_assert_eq(a_length, b_length);
  cr_assert_arr_eq(a_bytes, b_bytes, a_length);
  free(a_bytes);
  free(b_bytes);
  tz_image_free(a);
  tz_image_free(b);
}

Test(builder, unfinished_is_not_written) {
  size_t length;
  tz_image_error error;
  tz_image *m = tz_image_new("m", 1);
  cr_assert_null(tz_image_write(m, &length));
  cr_assert_not(tz_image_verify(m, &error));
  tz_image_free(m);
}

Test(file, every_prefix_is_refused) {
  size_t n, length;
  char *text = read_file(TESTS_DIR "/loader/kitchen.tza", &n);
  uint8_t *bytes = module_bytes(text, &length);
  tz_image_error error;
  cr_assert_not_null(bytes);
  for (size_t i = 0; i < length; i++) {
    uint8_t *prefix = malloc(i + 8); /* exact, so that sanitizers see an overrun */
    memcpy(prefix, bytes, i);
    cr_assert_null(tz_image_read(prefix, i, &error));
    free(prefix);
  }
  free(bytes);
  free(text);
}

/* Flips every byte in turn: each variant is refused, or is a module that writes back to the same bytes. */
Test(file, every_changed_byte_is_refused_or_read) {
  size_t n, length;
  char *text = read_file(TESTS_DIR "/loader/kitchen.tza", &n);
  uint8_t *bytes = module_bytes(text, &length);
  tz_image_error error;
  uint32_t n_accepted = 0;
  for (size_t i = 0; i < length; i++) {
    bytes[i] ^= 1;
    tz_image *image = tz_image_read(bytes, length, &error);
    if (image != NULL && tz_image_verify(image, &error)) n_accepted++;
    else cr_assert(error.message[0] != 0 && error.rule[0] != 0);
    tz_image_free(image);
    bytes[i] ^= 1;
  }
  cr_assert_lt(n_accepted, length / 2); /* names, numbers, lines */
  free(bytes);
  free(text);
}
