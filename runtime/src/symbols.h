/* symbols.h: interned names, and maps keyed by them (or by any pointer). */
#pragma once
#include "terza/vm.h"

/* A map from pointers to pointers: open addressing, grown at two thirds. Zero-initialised is empty. */
typedef struct tz_ptr_map {
  struct tz_ptr_map_entry {
    const void *key;
    void *value;
  } *entries;
  uint32_t count, capacity;
} tz_ptr_map;
void *tz_ptr_map_get(const tz_ptr_map *map, const void *key); /* NULL: absent */
bool tz_ptr_map_put(tz_ptr_map *map, const void *key,
                    void *value); /* adds or replaces; false: out of memory */
void tz_ptr_map_fini(tz_ptr_map *map);

struct tz_symbols *tz_symbols_new(void);
void tz_symbols_free(struct tz_symbols *symbols);
/* The symbol if it exists already, else NULL: for look-ups of untrusted names. */
const char *tz_symbol_find(tz_vm *vm, const char *name, size_t length);
const char *tz_symbol_c(tz_vm *vm, const char *name);
const char *tz_symbol_join(tz_vm *vm, const char *a, const char *separator, const char *b);
