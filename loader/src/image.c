/* image.c: making images: tables that grow, declared and defined entries. See module.h. */
#include "builder.h"
#include <stdlib.h>

tz_image *tz_image_new(const char *name, size_t length) {
  tz_arena *arena = tz_arena_new();
  if (arena == NULL) return NULL;
  tz_image *image = tz_arena_alloc(arena, sizeof *image);
  tz_image_builder *builder = tz_arena_alloc(arena, sizeof *builder);
  if (image == NULL || builder == NULL) {
    tz_arena_free(arena);
    return NULL;
  }
  *image = (tz_image){.init = TZ_NONE, .main = TZ_NONE, .arena = arena, .builder = builder};
  image->name = tz_image_text(image, name, length);
  return image;
}

void tz_image_free(tz_image *image) {
  if (image != NULL) tz_arena_free(image->arena);
}

static bool move_table(tz_image *image, void **table, uint32_t n, uint32_t *capacity, uint32_t larger,
                       size_t size) {
  void *moved = tz_arena_alloc(image->arena, larger * size);
  if (moved == NULL) {
    image->builder->failed = true;
    return false;
  }
  if (n != 0) memcpy(moved, *table, n * size);
  *table = moved;
  *capacity = larger;
  return true;
}

bool tz_image_grow(tz_image *image, void **table, uint32_t n, uint32_t *capacity, size_t size) {
  if (n < *capacity) return true;
  if (n < UINT32_MAX / 2)
    return move_table(image, table, n, capacity, *capacity == 0 ? 8 : *capacity * 2, size);
  image->builder->failed = true;
  return false;
}

void tz_image_reserve(tz_image *image, uint32_t n_classes, uint32_t n_functions) {
  tz_image_builder *b = image->builder;
  if (n_classes > b->classes_capacity)
    move_table(image, (void **)&image->classes, image->n_classes, &b->classes_capacity, n_classes,
               sizeof *image->classes);
  if (n_functions > b->functions_capacity)
    move_table(image, (void **)&image->functions, image->n_functions, &b->functions_capacity, n_functions,
               sizeof *image->functions);
}

void *tz_image_copy(tz_image *image, const void *from, size_t n, size_t size) {
  if (n == 0) return NULL;
  void *copy = tz_arena_copy(image->arena, from, n * size);
  if (copy == NULL) image->builder->failed = true;
  return copy;
}

tz_text tz_image_copy_text(tz_image *image, tz_text text) {
  return tz_image_text(image, text.at, text.length);
}

/* A definition usually repeats the name of its declaration. */
static tz_text defined_name(tz_image *image, tz_text declared, tz_text name) {
  return tz_text_equal(declared, name) ? declared : tz_image_copy_text(image, name);
}

uint32_t tz_image_declare_class(tz_image *image, tz_text name) {
  if (!TZ_IMAGE_GROW(image, image->classes, image->n_classes, image->builder->classes_capacity))
    return TZ_NONE;
  uint32_t index = image->n_classes++;
  image->classes[index] = (tz_class_entry){.name = tz_image_copy_text(image, name), .super = TZ_NONE};
  return index;
}

uint32_t tz_image_declare_function(tz_image *image, tz_text name) {
  if (!TZ_IMAGE_GROW(image, image->functions, image->n_functions, image->builder->functions_capacity))
    return TZ_NONE;
  uint32_t index = image->n_functions++;
  image->functions[index] =
      (tz_function_entry){.name = tz_image_copy_text(image, name), .signature = TZ_NONE, .source = TZ_NONE};
  return index;
}

uint32_t tz_image_add_global(tz_image *image, const tz_global_entry *entry) {
  if (!TZ_IMAGE_GROW(image, image->globals, image->n_globals, image->builder->globals_capacity))
    return TZ_NONE;
  tz_global_entry *g = &image->globals[image->n_globals];
  *g = *entry;
  g->name = tz_image_copy_text(image, entry->name);
  g->module = tz_image_copy_text(image, entry->module);
  return image->n_globals++;
}

static const tz_implements *copy_implements(tz_image *image, const tz_class_entry *entry) {
  tz_implements *copy = tz_image_copy(image, entry->implements, entry->n_implements, sizeof *copy);
  for (uint32_t i = 0; copy != NULL && i < entry->n_implements; i++)
    copy[i].functions = tz_image_copy(image, copy[i].functions, copy[i].n_functions, sizeof(uint32_t));
  return copy;
}

void tz_image_define_class(tz_image *image, uint32_t index, const tz_class_entry *entry) {
  if (index >= image->n_classes) return;
  tz_class_entry c = *entry;
  c.name = defined_name(image, image->classes[index].name, entry->name);
  c.module = tz_image_copy_text(image, entry->module);
  tz_field *fields = tz_image_copy(image, entry->fields, entry->n_fields, sizeof *fields);
  for (uint32_t i = 0; fields != NULL && i < c.n_fields; i++)
    fields[i].name = tz_image_copy_text(image, fields[i].name);
  tz_method *methods = tz_image_copy(image, entry->methods, entry->n_methods, sizeof *methods);
  for (uint32_t i = 0; methods != NULL && i < c.n_methods; i++)
    methods[i].name = tz_image_copy_text(image, methods[i].name);
  c.fields = fields;
  c.methods = methods;
  c.implements = copy_implements(image, entry);
  image->classes[index] = c;
}

void tz_image_define_function(tz_image *image, uint32_t index, const tz_function_entry *entry) {
  if (index >= image->n_functions) return;
  tz_function_entry f = *entry;
  f.name = defined_name(image, image->functions[index].name, entry->name);
  f.module = tz_image_copy_text(image, entry->module);
  f.registers = tz_image_copy(image, entry->registers, f.n_registers, sizeof(uint32_t));
  f.code = tz_image_copy(image, entry->code, f.n_words, sizeof(uint64_t));
  f.handlers = tz_image_copy(image, entry->handlers, f.n_handlers, sizeof(tz_handler));
  f.lines = tz_image_copy(image, entry->lines, f.n_lines, sizeof(tz_line));
  tz_site_entry *sites = tz_image_copy(image, entry->sites, f.n_sites, sizeof *sites);
  for (uint32_t i = 0; sites != NULL && i < f.n_sites; i++)
    sites[i].name = tz_image_copy_text(image, sites[i].name);
  tz_local *locals = tz_image_copy(image, entry->locals, f.n_locals, sizeof *locals);
  for (uint32_t i = 0; locals != NULL && i < f.n_locals; i++)
    locals[i].name = tz_image_copy_text(image, locals[i].name);
  f.sites = sites;
  f.locals = locals;
  image->functions[index] = f;
}
