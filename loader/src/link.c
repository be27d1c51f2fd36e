/* link.c: loading a module: the order of linking, publishing, undoing. See linker.h. */
#include "linker.h"
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

bool tz_link_fail(tz_linker *l, const char *format, ...) {
  va_list args;
  va_start(args, format);
  vsnprintf(l->error->message, sizeof l->error->message, format, args);
  va_end(args);
  return false;
}
bool tz_link_no_memory(tz_linker *l) { return tz_link_fail(l, "out of memory"); }

void *tz_link_alloc(tz_linker *l, size_t n, size_t size) {
  void *block = tz_arena_alloc(l->loaded->arena, (n + 1) * size);
  if (block == NULL) tz_link_no_memory(l);
  return block;
}

const char *tz_link_name(tz_linker *l, tz_text name, bool is_shared) {
  char text[2 * 4096 + 2];
  size_t n = 0;
  if (!is_shared && !(l->image->flags & TZ_IMAGE_QUALIFIED)) {
    memcpy(text, l->image->name.at, l->image->name.length < 4096 ? l->image->name.length : 4096);
    n = l->image->name.length < 4096 ? l->image->name.length : 4096;
    text[n++] = '.';
  }
  uint32_t length = name.length < 4096 ? name.length : 4096;
  memcpy(text + n, name.at, length);
  const char *symbol = tz_symbol(l->vm, text, n + length);
  if (symbol == NULL) tz_link_no_memory(l);
  return symbol;
}

/* --- making and undoing --- */

static void dispose(tz_module *module) {
  tz_loaded *loaded = (tz_loaded *)module;
  tz_image_free(module->image);
  free(module->bytes);
  tz_arena_free(loaded->arena);
  free(loaded);
}

bool tz_module_is_loaded(const tz_module *m) { return m->dispose == dispose; }

static tz_loaded *loaded_new(void) {
  tz_loaded *loaded = calloc(1, sizeof *loaded);
  tz_arena *arena = tz_arena_new();
  if (loaded == NULL || arena == NULL) {
    free(loaded);
    tz_arena_free(arena);
    return NULL;
  }
  loaded->arena = arena;
  loaded->module.dispose = dispose;
  return loaded;
}

static bool allocate_tables(tz_linker *l) {
  tz_module *m = l->module;
  const tz_image *image = l->image;
  m->n_types = image->n_types;
  m->n_classes = image->n_classes;
  m->n_functions = image->n_functions;
  m->n_globals = image->n_globals;
  return (m->types = tz_link_alloc(l, m->n_types, sizeof *m->types)) != NULL &&
         (m->classes = tz_link_alloc(l, m->n_classes, sizeof *m->classes)) != NULL &&
         (m->functions = tz_link_alloc(l, m->n_functions, sizeof *m->functions)) != NULL &&
         (m->globals = tz_link_alloc(l, m->n_globals, sizeof *m->globals)) != NULL &&
         (l->signatures = tz_link_alloc(l, image->n_signatures, sizeof *l->signatures)) != NULL &&
         (l->is_own_class = tz_link_alloc(l, m->n_classes, 1)) != NULL &&
         (l->is_complete = tz_link_alloc(l, m->n_classes, 1)) != NULL &&
         (l->is_own_function = tz_link_alloc(l, m->n_functions, 1)) != NULL;
}

/* Gives back what a failed load has made below 4 GB. */
static void undo(tz_linker *l) {
  tz_module *m = l->module;
  for (uint32_t i = 0; m->functions != NULL && l->is_own_function != NULL && i < m->n_functions; i++)
    if (l->is_own_function[i]) {
      tz_unlink_code(l, m->functions[i]);
      tz_function_discard(l->vm, m->functions[i]);
    }
  for (uint32_t i = 0; m->classes != NULL && l->is_own_class != NULL && i < m->n_classes; i++)
    if (l->is_own_class[i]) tz_class_discard(m->classes[i]);
  tz_arena_free(l->loaded->arena);
  free(l->loaded);
}

/* --- publishing --- */

/* The last part of "core.List[a.B].map", behind the last dot outside of brackets: "map". */
static const char *method_name(const char *name) {
  const char *last = name;
  int depth = 0;
  for (const char *p = name; *p != 0; p++) {
    depth += (*p == '[') - (*p == ']');
    if (*p == '.' && depth == 0) last = p + 1;
  }
  return last;
}

static bool publish_dynamic(tz_linker *l, tz_function *f) {
  if (!(f->flags & TZ_FUNCTION_DYNAMIC) || f->n_params == 0) return true;
  return tz_vm_add_dynamic(l->vm, method_name(f->name), f) || tz_link_no_memory(l);
}

static bool publish(tz_linker *l) {
  tz_module *m = l->module;
  for (uint32_t i = l->image->n_imported_functions; i < m->n_functions; i++)
    if (l->is_own_function[i] && !publish_dynamic(l, m->functions[i])) return false;
  for (uint32_t i = 0; i < m->n_classes; i++)
    if (l->is_own_class[i]) tz_class_publish(m->classes[i]);
  tz_module_publish(l->vm, m);
  return true;
}

static bool link_all(tz_linker *l) {
  const tz_image *image = l->image;
  l->module->name = tz_symbol(l->vm, image->name.at, image->name.length);
  if (l->module->name == NULL) return tz_link_no_memory(l);
  if (tz_module_find(l->vm, l->module->name) != NULL)
    return tz_link_fail(l, "module %s is loaded already", l->module->name);
  if (!tz_hashes_init(&l->hashes, image)) return tz_link_no_memory(l);
  if (!allocate_tables(l) || !tz_link_find_imports(l) || !tz_link_allocate_classes(l) || !tz_link_types(l) ||
      !tz_link_compare_imports(l) || !tz_link_complete_classes(l) || !tz_link_globals(l) ||
      !tz_link_allocate_functions(l) || !tz_link_fill_tables(l) || !tz_link_functions(l))
    return false;
  l->module->init = image->init == TZ_NONE ? NULL : l->module->functions[image->init];
  l->module->main = image->main == TZ_NONE ? NULL : l->module->functions[image->main];
  return publish(l);
}

static tz_module *link_verified(tz_vm *vm, const tz_image *image, tz_load_error *error) {
  tz_linker *l = calloc(1, sizeof *l);
  tz_loaded *loaded = loaded_new();
  if (l == NULL || loaded == NULL) {
    free(l);
    if (loaded != NULL) dispose(&loaded->module);
    snprintf(error->message, sizeof error->message, "out of memory");
    return NULL;
  }
  *l = (tz_linker){.vm = vm, .image = image, .loaded = loaded, .module = &loaded->module, .error = error};
  tz_decode_init(&l->decode);
  tz_module *module = l->module;
  module->vm = vm;
  bool is_linked = link_all(l);
  tz_hashes_fini(&l->hashes);
  if (!is_linked) {
    undo(l);
    module = NULL;
  }
  free(l);
  return module;
}

/* --- entry --- */

static bool verify(const tz_image *image, tz_load_error *error) {
  if (tz_image_verify(image, &error->image)) return true;
  error->is_refused = true;
  tz_image_error_format(image, &error->image, error->message, sizeof error->message);
  return false;
}

static double now_ms(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

static tz_module *verify_and_link(tz_vm *vm, tz_image *image, tz_load_error *error) {
  double start = now_ms();
  if (!verify(image, error)) return NULL;
  double verified = now_ms();
  tz_module *module = link_verified(vm, image, error);
  if (module == NULL) return NULL;
  module->image = image;
  if (vm->options.trace_load)
    fprintf(stderr, "load: %s: %u classes, %u functions, verified in %.3f ms, linked in %.3f ms\n",
            module->name, module->n_classes, module->n_functions, verified - start, now_ms() - verified);
  return module;
}

tz_module *tz_module_link(tz_vm *vm, tz_image *image, tz_load_error *error) {
  memset(error, 0, sizeof *error);
  return verify_and_link(vm, image, error);
}

tz_module *tz_module_load(tz_vm *vm, const uint8_t *bytes, size_t length, tz_load_error *error) {
  memset(error, 0, sizeof *error);
  uint8_t *copy = malloc(length + 1);
  if (copy == NULL) {
    snprintf(error->message, sizeof error->message, "out of memory");
    return NULL;
  }
  memcpy(copy, bytes, length);
  tz_image *image = tz_image_read(copy, length, &error->image);
  if (image == NULL) {
    error->is_refused = true;
    tz_image_error_format(NULL, &error->image, error->message, sizeof error->message);
  }
  tz_module *module = image != NULL ? verify_and_link(vm, image, error) : NULL;
  if (module == NULL) {
    tz_image_free(image);
    free(copy);
    return NULL;
  }
  module->bytes = copy;
  return module;
}

tz_function *tz_module_function(tz_module *module, const char *name) {
  if (!tz_module_is_loaded(module)) return NULL;
  uint32_t i = tz_loaded_find((tz_loaded *)module, TZ_ENTITY_FUNCTION, tz_text_of(name));
  return i == TZ_NONE ? NULL : module->functions[i];
}

tz_class *tz_module_class(tz_module *module, const char *name) {
  if (!tz_module_is_loaded(module)) return NULL;
  uint32_t i = tz_loaded_find((tz_loaded *)module, TZ_ENTITY_CLASS, tz_text_of(name));
  return i == TZ_NONE ? NULL : module->classes[i];
}
