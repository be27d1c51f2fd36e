/* machine.c: the machine's classes: Object with its three methods, and the errors of spec/errors.def. See
 * machine.h. */
#include "machine.h"
#include "builder.h"

static const tz_machine_class classes[] = {
    {"Object", NULL, TZ_MACHINE_OBJECT},
#define OBJECT "Object"
#define ERROR "Error"
#define TZ_ERROR(NAME, name, super, message) {name, super, TZ_MACHINE_OTHER_ERROR},
#include "terza/spec/errors.def"
#undef TZ_ERROR
#undef OBJECT
#undef ERROR
};
enum { N_CLASSES = sizeof classes / sizeof *classes };

static const tz_machine_class error_class = {"Error", "Object", TZ_MACHINE_ERROR};

const tz_machine_class *tz_machine_class_find(tz_text name) {
  if (tz_text_equal(name, tz_text_of("Error"))) return &error_class;
  for (int i = 0; i < N_CLASSES; i++)
    if (tz_text_equal(name, tz_text_of(classes[i].name))) return &classes[i];
  return NULL;
}

enum { N_METHODS = 3, N_ERROR_FIELDS = 3 };
static const char *const method_names[N_METHODS] = {"toString", "equals", "hash"};
static const char *const error_field_names[N_ERROR_FIELDS] = {"message", "cause", "trace"};

static bool type_is(const tz_image *image, uint32_t type, tz_kind kind) {
  return image->types[type].kind == kind;
}

static bool type_is_machine_class(const tz_image *image, uint32_t type, const char *name) {
  if (!type_is(image, type, TZ_KIND_CLASS)) return false;
  const tz_class_entry *c = &image->classes[image->types[type].of];
  return tz_is_machine_module(c->module) && tz_text_equal(c->name, tz_text_of(name));
}

static bool signature_is(const tz_image *image, uint32_t index, tz_kind result, uint32_t n_params) {
  const tz_signature *s = &image->signatures[index];
  bool gives =
      type_is(image, s->result, result) || (result == TZ_KIND_BOOL && type_is(image, s->result, TZ_KIND_I64));
  return gives && s->n_params == n_params && (n_params == 0 || type_is(image, s->params[0], TZ_KIND_OBJECT));
}

static bool methods_match(const tz_image *image, const tz_class_entry *c) {
  if (c->n_methods != N_METHODS) return false;
  for (int i = 0; i < N_METHODS; i++)
    if (!tz_text_equal(c->methods[i].name, tz_text_of(method_names[i]))) return false;
  return signature_is(image, c->methods[0].signature, TZ_KIND_STRING, 0) &&
         signature_is(image, c->methods[1].signature, TZ_KIND_BOOL, 1) &&
         signature_is(image, c->methods[2].signature, TZ_KIND_I64, 0);
}

static bool error_fields_match(const tz_image *image, const tz_class_entry *c) {
  if (c->n_fields != N_ERROR_FIELDS) return false;
  for (int i = 0; i < N_ERROR_FIELDS; i++)
    if (!tz_text_equal(c->fields[i].name, tz_text_of(error_field_names[i]))) return false;
  return type_is(image, c->fields[0].type, TZ_KIND_STRING) &&
         type_is_machine_class(image, c->fields[1].type, "Error") &&
         type_is(image, c->fields[2].type, TZ_KIND_OBJECT);
}

static bool super_matches(const tz_image *image, const tz_class_entry *c, const char *super) {
  if (super == NULL || c->super == TZ_NONE) return super == NULL && c->super == TZ_NONE;
  const tz_class_entry *s = &image->classes[c->super];
  return tz_is_machine_module(s->module) && tz_text_equal(s->name, tz_text_of(super));
}

bool tz_machine_class_matches(const tz_image *image, const tz_class_entry *c) {
  const tz_machine_class *m = tz_machine_class_find(c->name);
  if (m == NULL || (c->flags & ~(uint32_t)TZ_CLASS_EXPORT) != 0 || c->tag != 0 || c->n_implements != 0)
    return false;
  if (!super_matches(image, c, m->super) || !methods_match(image, c)) return false;
  return m->kind == TZ_MACHINE_ERROR ? error_fields_match(image, c) : c->n_fields == 0;
}

static void declare_methods(tz_image *image, tz_method *methods) {
  uint32_t object = tz_image_type_simple(image, TZ_KIND_OBJECT),
           i64 = tz_image_type_simple(image, TZ_KIND_I64);
  uint32_t string = tz_image_type_simple(image, TZ_KIND_STRING),
           boolean = tz_image_type_simple(image, TZ_KIND_BOOL);
  uint32_t signatures[N_METHODS] = {
      tz_image_signature(image, string, 0, NULL),
      tz_image_signature(image, boolean, 1, &object),
      tz_image_signature(image, i64, 0, NULL),
  };
  for (int i = 0; i < N_METHODS; i++)
    methods[i] = (tz_method){tz_text_of(method_names[i]), signatures[i], TZ_NONE};
}

static void declare(tz_image *image, uint32_t index, const tz_machine_class *m, uint32_t super) {
  tz_method methods[N_METHODS];
  tz_field fields[N_ERROR_FIELDS];
  declare_methods(image, methods);
  tz_class_entry entry = {.name = tz_text_of(m->name),
                          .module = tz_text_of("tz"),
                          .super = super,
                          .n_methods = N_METHODS,
                          .methods = methods};
  if (m->kind == TZ_MACHINE_ERROR) {
    uint32_t types[N_ERROR_FIELDS] = {
        tz_image_type_simple(image, TZ_KIND_STRING),
        tz_image_type(image, TZ_KIND_CLASS, index),
        tz_image_type_simple(image, TZ_KIND_OBJECT),
    };
    for (int i = 0; i < N_ERROR_FIELDS; i++)
      fields[i] = (tz_field){tz_text_of(error_field_names[i]), types[i], 0};
    entry.n_fields = N_ERROR_FIELDS;
    entry.fields = fields;
  }
  tz_image_define_class(image, index, &entry);
}

static uint32_t find_declared(const tz_image *image, tz_text name) {
  const tz_image_builder *b = image->builder;
  for (uint32_t i = 0; i < b->n_machine; i++)
    if (tz_text_equal(image->classes[b->machine_class_indexes[i]].name, name))
      return b->machine_class_indexes[i];
  return TZ_NONE;
}

uint32_t tz_image_machine_class(tz_image *image, const char *name) {
  tz_image_builder *b = image->builder;
  uint32_t index = find_declared(image, tz_text_of(name)), super = TZ_NONE;
  const tz_machine_class *m = tz_machine_class_find(tz_text_of(name));
  if (index != TZ_NONE || m == NULL) return index;
  if (m->super != NULL) super = tz_image_machine_class(image, m->super);
  index = tz_image_declare_class(image, tz_text_of(name));
  if (index == TZ_NONE || !TZ_IMAGE_GROW(image, b->machine_class_indexes, b->n_machine, b->machine_capacity))
    return TZ_NONE;
  b->machine_class_indexes[b->n_machine++] = index;
  declare(image, index, m, super);
  return index;
}
