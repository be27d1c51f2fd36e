/* verify.c: the verifier's entry: order of the checks, scratch memory, hashes of imports, errors. See
 * verifier.h. */
#include "verifier.h"
#include "signature.h"
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

static void set_message(tz_image_error *e, const char *format, va_list args) {
  vsnprintf(e->message, sizeof e->message, format, args);
}

bool tz_fail_at(tz_verifier *v, uint32_t pc, const char *rule, const char *format, ...) {
  va_list args;
  tz_error_set(v->error, TZ_SECTION_CODE, (v->code_base + pc) * 8, rule, "%s", "");
  v->error->function = v->f_index;
  v->error->pc = pc;
  va_start(args, format);
  set_message(v->error, format, args);
  va_end(args);
  return false;
}

bool tz_fail_function(tz_verifier *v, uint32_t index, const char *rule, const char *format, ...) {
  va_list args;
  tz_error_set(v->error, TZ_SECTION_FUNCTIONS, (uint64_t)index * sizeof(tz_file_function), rule, "%s", "");
  v->error->function = index;
  va_start(args, format);
  set_message(v->error, format, args);
  va_end(args);
  return false;
}

bool tz_fail_class(tz_verifier *v, uint32_t index, const char *rule, const char *format, ...) {
  char text[160];
  va_list args;
  va_start(args, format);
  vsnprintf(text, sizeof text, format, args);
  va_end(args);
  tz_text name = v->image->classes[index].name;
  return tz_error_set(v->error, TZ_SECTION_CLASSES, (uint64_t)index * sizeof(tz_file_class), rule,
                      "class %.*s: %s", name.length < 64 ? (int)name.length : 64,
                      name.length != 0 ? name.at : "", text);
}

/* The file's hashes of its imports must be those of its declarations: what the linker compares is what was
 * verified. */
static bool verify_hashes(tz_verifier *v) {
  const tz_image *m = v->image;
  const uint64_t *stored = m->import_hashes;
  tz_hashes h;
  if (stored == NULL) return true; /* not read from a file */
  if (!tz_hashes_init(&h, m)) return tz_error_set(v->error, -1, 0, "memory", "out of memory");
  uint32_t n_classes = m->n_imported_classes, n_functions = m->n_imported_functions, at = 0;
  bool is_fine = true;
  for (uint32_t i = 0; is_fine && i < n_classes; i++) is_fine = tz_hash_class(&h, i) == stored[at++];
  for (uint32_t i = 0; is_fine && i < n_functions; i++) is_fine = tz_hash_function(&h, i) == stored[at++];
  for (uint32_t i = 0; is_fine && i < m->n_imported_globals; i++)
    is_fine = tz_hash_global(&h, i) == stored[at++];
  tz_hashes_fini(&h);
  return is_fine || tz_error_set(v->error, TZ_SECTION_HASHES, (at - 1) * UINT64_C(8), "hash",
                                 "the hash is not the declaration's");
}

static bool verify_functions(tz_verifier *v) {
  const tz_image *m = v->image;
  for (uint32_t i = m->n_imported_functions; i < m->n_functions; i++) {
    v->f = &m->functions[i];
    v->f_index = i;
    if (!tz_verify_function(v)) return false;
    v->code_base += v->f->n_words;
  }
  return true;
}

static bool allocate(tz_verifier *v) {
  const tz_image *m = v->image;
  size_t longest = 0;
  for (uint32_t i = 0; i < m->n_functions; i++)
    if (m->functions[i].n_words > longest) longest = m->functions[i].n_words;
  v->n_inherited = calloc((size_t)m->n_classes + 1, sizeof *v->n_inherited);
  v->starts = malloc((longest / 64 + 1) * 8);
  v->targets = malloc((longest / 64 + 1) * 8);
  return (v->n_inherited != NULL && v->starts != NULL && v->targets != NULL) ||
         tz_error_set(v->error, -1, 0, "memory", "out of memory");
}

bool tz_image_verify(const tz_image *image, tz_image_error *error) {
  if (image->builder != NULL) return tz_error_set(error, -1, 0, "module", "the image is not finished");
  tz_verifier *v = calloc(1, sizeof *v);
  if (v == NULL) return tz_error_set(error, -1, 0, "memory", "out of memory");
  v->image = image;
  v->error = error;
  v->object_class = v->error_class = TZ_NONE;
  tz_decode_init(&v->decode);
  bool is_fine = allocate(v) && tz_verify_tables(v) && tz_verify_classes(v) && verify_hashes(v) &&
                 tz_verify_overrides(v) && verify_functions(v);
  free(v->n_inherited);
  free(v->starts);
  free(v->targets);
  free(v);
  return is_fine;
}
