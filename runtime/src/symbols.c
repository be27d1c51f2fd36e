/* symbols.c: interned names. Invariant: equal texts have one address for the life of the VM. */
#include "symbols.h"
#include "terza/arena.h"
#include <stdlib.h>

/* ---- pointer maps ---- */

static uint32_t ptr_hash(const void *key) {
  return (uint32_t)(((uint64_t)(uintptr_t)key * 0x9e3779b97f4a7c15u) >> 32);
}

static struct tz_ptr_map_entry *ptr_map_slot(const tz_ptr_map *map, const void *key) {
  uint32_t mask = map->capacity - 1, i = ptr_hash(key) & mask;
  while (map->entries[i].key != NULL && map->entries[i].key != key) i = (i + 1) & mask;
  return &map->entries[i];
}

void *tz_ptr_map_get(const tz_ptr_map *map, const void *key) {
  if (map->count == 0 || key == NULL) return NULL;
  return ptr_map_slot(map, key)->value;
}

static bool ptr_map_grow(tz_ptr_map *map) {
  tz_ptr_map bigger = {.capacity = map->capacity ? map->capacity * 2 : 16, .count = map->count};
  bigger.entries = calloc(bigger.capacity, sizeof *bigger.entries);
  if (bigger.entries == NULL) return false;
  for (uint32_t i = 0; i < map->capacity; i++)
    if (map->entries[i].key != NULL) *ptr_map_slot(&bigger, map->entries[i].key) = map->entries[i];
  free(map->entries);
  *map = bigger;
  return true;
}

bool tz_ptr_map_put(tz_ptr_map *map, const void *key, void *value) {
  if (map->count * 3 >= map->capacity * 2 && !ptr_map_grow(map)) return false;
  struct tz_ptr_map_entry *e = ptr_map_slot(map, key);
  if (e->key == NULL) map->count++;
  *e = (struct tz_ptr_map_entry){key, value};
  return true;
}

void tz_ptr_map_fini(tz_ptr_map *map) {
  free(map->entries);
  *map = (tz_ptr_map){0};
}

/* ---- symbols ---- */

typedef struct symbol {
  uint32_t hash;
  uint32_t length;
  char text[];
} symbol;

struct tz_symbols {
  tz_arena *arena;
  symbol **slots;
  uint32_t count, capacity;
};

struct tz_symbols *tz_symbols_new(void) {
  struct tz_symbols *s = calloc(1, sizeof *s);
  if (s == NULL) return NULL;
  s->arena = tz_arena_new();
  s->capacity = 512;
  s->slots = calloc(s->capacity, sizeof *s->slots);
  if (s->arena != NULL && s->slots != NULL) return s;
  tz_symbols_free(s);
  return NULL;
}

void tz_symbols_free(struct tz_symbols *s) {
  if (s == NULL) return;
  tz_arena_free(s->arena);
  free(s->slots);
  free(s);
}

static uint32_t text_hash(const char *at, size_t length) {
  uint32_t h = 0x811c9dc5;
  for (size_t i = 0; i < length; i++) h = (h ^ (uint8_t)at[i]) * 0x01000193;
  return h ^ h >> 15;
}

static symbol **symbol_slot(struct tz_symbols *s, uint32_t hash, const char *name, size_t length) {
  uint32_t mask = s->capacity - 1, i = hash & mask;
  for (; s->slots[i] != NULL; i = (i + 1) & mask) {
    symbol *y = s->slots[i];
    if (y->hash == hash && y->length == length && memcmp(y->text, name, length) == 0) break;
  }
  return &s->slots[i];
}

static bool symbols_grow(struct tz_symbols *s) {
  uint32_t capacity = s->capacity * 2;
  symbol **slots = calloc(capacity, sizeof *slots);
  if (slots == NULL) return false;
  for (uint32_t i = 0; i < s->capacity; i++) {
    if (s->slots[i] == NULL) continue;
    uint32_t at = s->slots[i]->hash & (capacity - 1);
    while (slots[at] != NULL) at = (at + 1) & (capacity - 1);
    slots[at] = s->slots[i];
  }
  free(s->slots);
  s->slots = slots;
  s->capacity = capacity;
  return true;
}

const char *tz_symbol(tz_vm *vm, const char *name, size_t length) {
  struct tz_symbols *s = vm->symbols;
  uint32_t hash = text_hash(name, length);
  symbol **slot = symbol_slot(s, hash, name, length);
  if (*slot != NULL) return (*slot)->text;
  if (s->count * 3 >= s->capacity * 2) {
    if (!symbols_grow(s)) return NULL;
    slot = symbol_slot(s, hash, name, length);
  }
  symbol *y = tz_arena_alloc(s->arena, sizeof *y + length + 1);
  if (y == NULL) return NULL;
  y->hash = hash;
  y->length = (uint32_t)length;
  if (length > 0) memcpy(y->text, name, length);
  *slot = y;
  s->count++;
  return y->text;
}

const char *tz_symbol_find(tz_vm *vm, const char *name, size_t length) {
  symbol *y = *symbol_slot(vm->symbols, text_hash(name, length), name, length);
  return y ? y->text : NULL;
}

const char *tz_symbol_c(tz_vm *vm, const char *name) { return tz_symbol(vm, name, strlen(name)); }

const char *tz_symbol_join(tz_vm *vm, const char *a, const char *separator, const char *b) {
  size_t na = strlen(a), ns = strlen(separator), nb = strlen(b);
  char small[256], *text = na + ns + nb < sizeof small ? small : malloc(na + ns + nb);
  if (text == NULL) return NULL;
  memcpy(text, a, na);
  memcpy(text + na, separator, ns);
  memcpy(text + na + ns, b, nb);
  const char *symbol = tz_symbol(vm, text, na + ns + nb);
  if (text != small) free(text);
  return symbol;
}
