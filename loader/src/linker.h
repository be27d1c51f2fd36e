/* linker.h: what the parts of the linker share.
 *
 * Order (link.c): imports and shared entities are found and natives checked; classes are allocated, so that
 * types can be linked; declarations are compared; classes completed; globals and functions made; tables and
 * code filled; all published. Everything before the publishing can be undone, and only memory can fail after
 * the comparison.
 *
 * Why types are sound across modules: a VM has one module of a name and one shared class of a name; classes
 * enter types by identity, and an import's or shared entity's declaration is compared member by member in
 * linked types. */
#pragma once
#include "signature.h"
#include "terza/arena.h"
#include "terza/decode.h"
#include "terza/linking.h"
#include "terza/loader.h"

typedef enum tz_entity { TZ_ENTITY_CLASS, TZ_ENTITY_FUNCTION, TZ_ENTITY_GLOBAL } tz_entity;

/* Names of a module's local entities, for those that import them. */
typedef struct tz_name_index {
  struct tz_name_slot {
    uint64_t hash;
    uint32_t entity, index;
  } *slots;          /* index + 1; 0: empty */
  uint32_t capacity; /* power of two; 0: not built yet */
} tz_name_index;

typedef struct tz_loaded {
  tz_module module; /* first */
  tz_arena *arena;  /* everything that lives as long as the module */
  tz_name_index index;
} tz_loaded;

typedef struct tz_k_map { /* where an entity stands in the k of the function at hand */
  uint32_t *stamp, *at;   /* valid if stamp[i] is the function's */
} tz_k_map;
enum { TZ_K_CONSTANT, TZ_K_FUNCTION, TZ_K_CLASS, TZ_K_GLOBAL, TZ_K_TYPE, TZ_K_COUNT };

typedef struct tz_linker {
  tz_vm *vm;
  const tz_image *image;
  tz_loaded *loaded;
  tz_module *module; /* = &loaded->module */
  tz_load_error *error;
  tz_decode_table decode;
  tz_hashes hashes;
  tz_sig **signatures;
  bool *is_own_class, *is_own_function, *is_complete; /* own: made by this load, not found */
  tz_k_map k_maps[TZ_K_COUNT];
} tz_linker;

/* All false after setting the error. */
bool tz_link_fail(tz_linker *l, const char *format, ...) __attribute__((format(printf, 2, 3)));
bool tz_link_no_memory(tz_linker *l);
void *tz_link_alloc(tz_linker *l, size_t n,
                    size_t size); /* in the module's arena; NULL after setting the error */
const char *tz_link_name(tz_linker *l, tz_text name,
                         bool is_shared); /* as the VM shows it; NULL after the error */

bool tz_link_find_imports(tz_linker *l); /* link_import.c */
bool tz_link_compare_imports(tz_linker *l);
bool tz_link_allocate_classes(tz_linker *l); /* link_class.c */
bool tz_link_types(tz_linker *l);
bool tz_link_complete_classes(tz_linker *l);
bool tz_link_fill_tables(tz_linker *l);
bool tz_class_agrees(const tz_linker *l, const tz_class_entry *c, const tz_class *cls);
bool tz_link_globals(tz_linker *l); /* link_function.c */
bool tz_link_allocate_functions(tz_linker *l);
bool tz_link_functions(tz_linker *l);
bool tz_link_code(tz_linker *l, const tz_function_entry *entry, tz_function *f); /* link_code.c */
void tz_unlink_code(tz_linker *l, tz_function *f);                               /* gives code and k back */
bool tz_link_constants(tz_linker *l);                                            /* makes room for k maps */

bool tz_module_is_loaded(const tz_module *m); /* made by this loader, so a tz_loaded */
/* The local entity of this name, or TZ_NONE. Builds the index at first. */
uint32_t tz_loaded_find(tz_loaded *loaded, tz_entity entity, tz_text name);
