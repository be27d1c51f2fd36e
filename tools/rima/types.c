/* types.c: interning, naming and conversion of types; the small containers of the checker. */
#include "program.h"
#include <stdio.h>
#include <string.h>

/* ---- maps and lists ---- */

static uint32_t hash_pointer(const void *p) {
  uint64_t h = (uint64_t)(uintptr_t)p * 0x9e3779b97f4a7c15u;
  return (uint32_t)(h >> 32);
}

static uint32_t slot_of(const rima_map *map, const void *key) {
  uint32_t mask = map->capacity - 1, i = hash_pointer(key) & mask;
  while (map->entries[i].key && map->entries[i].key != key) i = (i + 1) & mask;
  return i;
}

void *rima_map_get(const rima_map *map, const void *key) {
  return map->capacity ? map->entries[slot_of(map, key)].value : NULL;
}

void rima_map_put(rima_arena *arena, rima_map *map, const void *key, void *value) {
  if (map->count * 4 >= map->capacity * 3) {
    rima_map grown = {.count = map->count, .capacity = map->capacity ? map->capacity * 2 : 8};
    grown.entries = RIMA_NEW_ARRAY(arena, rima_map_entry, grown.capacity);
    for (uint32_t i = 0; i < map->capacity; i++)
      if (map->entries[i].key) grown.entries[slot_of(&grown, map->entries[i].key)] = map->entries[i];
    *map = grown;
  }
  rima_map_entry *entry = &map->entries[slot_of(map, key)];
  if (!entry->key) map->count++;
  *entry = (rima_map_entry){key, value};
}

void rima_list_add(rima_arena *arena, rima_list *list, void *item) {
  if (list->count == list->capacity) {
    uint32_t capacity = list->capacity ? list->capacity * 2 : 8;
    void **grown = RIMA_NEW_ARRAY(arena, void *, capacity);
    if (list->count) memcpy(grown, list->items, list->count * sizeof *grown);
    list->items = grown;
    list->capacity = capacity;
  }
  list->items[list->count++] = item;
}

/* ---- interning ---- */

static uint32_t hash_type(uint32_t kind, rima_type *const *items, uint32_t count, const void *of) {
  uint32_t h = kind * 0x9e3779b9u ^ hash_pointer(of);
  for (uint32_t i = 0; i < count; i++) h = (h << 5 | h >> 27) * 0x85ebca6bu ^ hash_pointer(items[i]);
  return h ^ h >> 15;
}

static bool is_type(const rima_type *t, uint32_t kind, rima_type *const *items, uint32_t count,
                    const void *of) {
  if (t->kind != kind || t->count != count) return false;
  if ((kind == RIMA_T_PARAM ? (const void *)t->param : (const void *)t->of) != of) return false;
  for (uint32_t i = 0; i < count; i++)
    if (t->items[i] != items[i]) return false;
  return true;
}

static void grow_table(rima_compiler *c) {
  uint32_t capacity = c->type_capacity ? c->type_capacity * 2 : 256;
  rima_type **table = RIMA_NEW_ARRAY(c->arena, rima_type *, capacity);
  for (uint32_t i = 0; i < c->type_capacity; i++) {
    rima_type *t = c->type_table[i];
    if (!t) continue;
    uint32_t at = t->hash & (capacity - 1);
    while (table[at]) at = (at + 1) & (capacity - 1);
    table[at] = t;
  }
  c->type_table = table;
  c->type_capacity = capacity;
}

static rima_type *intern(rima_compiler *c, uint32_t kind, rima_type *const *items, uint32_t count, void *of) {
  if (c->type_count * 2 >= c->type_capacity) grow_table(c);
  uint32_t hash = hash_type(kind, items, count, of), at = hash & (c->type_capacity - 1);
  for (; c->type_table[at]; at = (at + 1) & (c->type_capacity - 1))
    if (c->type_table[at]->hash == hash && is_type(c->type_table[at], kind, items, count, of))
      return c->type_table[at];
  rima_type *t = RIMA_NEW(c->arena, rima_type);
  t->kind = (uint8_t)kind;
  t->hash = hash;
  t->count = count;
  t->items = RIMA_NEW_ARRAY(c->arena, rima_type *, count ? count : 1);
  if (kind == RIMA_T_PARAM) {
    t->param = of;
    t->is_open = true;
  } else {
    t->of = of;
    t->is_open = of && ((rima_type *)of)->is_open;
  }
  for (uint32_t i = 0; i < count; i++) {
    t->items[i] = items[i];
    t->is_open |= items[i]->is_open;
  }
  c->type_table[at] = t;
  c->type_count++;
  return t;
}

rima_type *rima_type_nullable(rima_compiler *c, rima_type *type) {
  if (rima_type_is_nullable(type) || type->kind == RIMA_T_ERROR) return type;
  if (type->kind == RIMA_T_NEVER || type->kind == RIMA_T_VOID) return RIMA_KIND(c, NULL);
  if (!type->nullable) type->nullable = intern(c, RIMA_T_NULLABLE, NULL, 0, type);
  return type->nullable;
}
rima_type *rima_type_array(rima_compiler *c, rima_type *element) {
  return intern(c, RIMA_T_ARRAY, NULL, 0, element);
}
rima_type *rima_type_channel(rima_compiler *c, rima_type *element) {
  return intern(c, RIMA_T_CHANNEL, NULL, 0, element);
}
rima_type *rima_type_tuple(rima_compiler *c, rima_type *const *items, uint32_t count) {
  return intern(c, RIMA_T_TUPLE, items, count, NULL);
}
rima_type *rima_type_func(rima_compiler *c, rima_type *const *params, uint32_t count, rima_type *result) {
  return intern(c, RIMA_T_FUNC, params, count, result);
}
rima_type *rima_type_param_of(rima_compiler *c, rima_type_param *param) {
  return intern(c, RIMA_T_PARAM, NULL, 0, param);
}

static const char *const simple_texts[] = {
    [RIMA_T_VOID] = "void",     [RIMA_T_INT] = "int",         [RIMA_T_FLOAT] = "float",
    [RIMA_T_BOOL] = "bool",     [RIMA_T_STR] = "str",         [RIMA_T_DYN] = "dyn",
    [RIMA_T_OBJECT] = "Object", [RIMA_T_PROCESS] = "Process", [RIMA_T_NULL] = "null",
    [RIMA_T_NEVER] = "nothing", [RIMA_T_ERROR] = "?",         [RIMA_T_U8] = "u8",
    [RIMA_T_I16] = "i16",       [RIMA_T_I32] = "i32",         [RIMA_T_F32] = "f32",
};

void rima_types_init(rima_compiler *c) {
  for (uint32_t i = 0; i < RIMA_T_SIMPLE_COUNT; i++) {
    rima_type *t = RIMA_NEW(c->arena, rima_type);
    t->kind = (uint8_t)i;
    t->text = simple_texts[i];
    t->is_open = i == RIMA_T_ERROR;
    c->simple[i] = t;
  }
}

char rima_type_rep(const rima_type *type) {
  switch ((rima_type_kind)type->kind) {
  case RIMA_T_INT:
  case RIMA_T_BOOL:
  case RIMA_T_U8:
  case RIMA_T_I16:
  case RIMA_T_I32: return 'I';
  case RIMA_T_FLOAT:
  case RIMA_T_F32: return 'F';
  case RIMA_T_DYN: return 'Y';
  case RIMA_T_VOID:
  case RIMA_T_NEVER: return 'N';
  case RIMA_T_NULLABLE: return rima_type_rep(type->of) == 'R' ? 'R' : 'Y';
  default: return 'R';
  }
}

/* ---- names ---- */

static const char *list_text(rima_compiler *c, rima_type *const *items, uint32_t count) {
  const char *text = "";
  for (uint32_t i = 0; i < count; i++)
    text = rima_arena_format(c->arena, "%s%s%s", text, i ? ", " : "", rima_type_text(c, items[i]));
  return text;
}

const char *rima_type_text(rima_compiler *c, rima_type *type) {
  if (type->text) return type->text;
  switch ((rima_type_kind)type->kind) {
  case RIMA_T_CLASS: return type->text = type->cls->name;
  case RIMA_T_ARRAY:
    return type->text = rima_arena_format(c->arena, "Array[%s]", rima_type_text(c, type->of));
  case RIMA_T_CHANNEL:
    return type->text = rima_arena_format(c->arena, "Channel[%s]", rima_type_text(c, type->of));
  case RIMA_T_TUPLE:
    return type->text = rima_arena_format(c->arena, "(%s)", list_text(c, type->items, type->count));
  case RIMA_T_FUNC:
    return type->text = rima_arena_format(c->arena, "(%s) -> %s", list_text(c, type->items, type->count),
                                          rima_type_text(c, type->of));
  case RIMA_T_NULLABLE:
    return type->text = rima_arena_format(c->arena, type->of->kind == RIMA_T_FUNC ? "(%s)?" : "%s?",
                                          rima_type_text(c, type->of));
  case RIMA_T_PARAM: return type->text = type->param->name.name->text;
  default: return "?";
  }
}

const char *rima_type_qualified(rima_compiler *c, rima_type *type) {
  const char *text = "";
  switch ((rima_type_kind)type->kind) {
  case RIMA_T_CLASS:
    return strncmp(type->cls->qualified, "core.", 5) == 0 ? type->cls->qualified + 5 : type->cls->qualified;
  case RIMA_T_NULLABLE: return rima_arena_format(c->arena, "%s?", rima_type_qualified(c, type->of));
  case RIMA_T_ARRAY: return rima_arena_format(c->arena, "Array[%s]", rima_type_qualified(c, type->of));
  case RIMA_T_CHANNEL: return rima_arena_format(c->arena, "Channel[%s]", rima_type_qualified(c, type->of));
  case RIMA_T_TUPLE:
  case RIMA_T_FUNC:
    for (uint32_t i = 0; i < type->count; i++)
      text =
          rima_arena_format(c->arena, "%s%s%s", text, i ? "," : "", rima_type_qualified(c, type->items[i]));
    if (type->kind == RIMA_T_TUPLE) return rima_arena_format(c->arena, "(%s)", text);
    return rima_arena_format(c->arena, "(%s)->%s", text, rima_type_qualified(c, type->of));
  default: return rima_type_text(c, type);
  }
}

/* ---- conversion ---- */

rima_type *rima_type_of_element(rima_compiler *c, rima_type *element) {
  switch ((rima_type_kind)element->kind) {
  case RIMA_T_U8:
  case RIMA_T_I16:
  case RIMA_T_I32: return RIMA_KIND(c, INT);
  case RIMA_T_F32: return RIMA_KIND(c, FLOAT);
  default: return element;
  }
}

bool rima_type_is_word_list(const rima_compiler *c, const rima_type *type) {
  return type->kind == RIMA_T_CLASS && type->cls->decl == c->list_decl &&
         type->cls->args[0]->kind != RIMA_T_BOOL;
}

bool rima_class_is_below(rima_compiler *c, rima_class *cls, rima_class *super) {
  for (; cls; cls = cls->super) {
    if (cls == super) return true;
    rima_class_declare(c, cls);
    if (super->kind != RIMA_CLASS_INTERFACE) continue;
    for (uint32_t i = 0; i < cls->interface_count; i++)
      if (rima_class_is_below(c, cls->interfaces[i], super)) return true;
  }
  return false;
}

rima_class *rima_class_ancestor(rima_compiler *c, rima_class *cls, rima_class_decl *decl) {
  for (; cls; cls = cls->super) {
    if (cls->decl == decl && cls->kind != RIMA_CLASS_VARIANT) return cls;
    rima_class_declare(c, cls);
    for (uint32_t i = 0; i < cls->interface_count; i++) {
      rima_class *found = rima_class_ancestor(c, cls->interfaces[i], decl);
      if (found) return found;
    }
  }
  return NULL;
}

bool rima_type_is_subtype(rima_compiler *c, rima_type *from, rima_type *to) {
  if (from == to || from->kind == RIMA_T_ERROR || to->kind == RIMA_T_ERROR || from->kind == RIMA_T_NEVER)
    return true;
  if (to->kind == RIMA_T_DYN) return from->kind != RIMA_T_VOID;
  if (to->kind == RIMA_T_NULLABLE)
    return from->kind == RIMA_T_NULL || rima_type_is_subtype(c, rima_type_strip(from), to->of);
  if (from->kind == RIMA_T_NULLABLE || from->kind == RIMA_T_NULL || from->kind == RIMA_T_DYN) return false;
  if (to->kind == RIMA_T_OBJECT) return rima_type_rep(from) == 'R' && from->kind != RIMA_T_PARAM;
  if (from->kind == RIMA_T_CLASS && to->kind == RIMA_T_CLASS)
    return rima_class_is_below(c, from->cls, to->cls);
  return false;
}

bool rima_type_converts(rima_compiler *c, rima_type *from, rima_type *to) {
  if (from->kind == RIMA_T_DYN && to->kind != RIMA_T_VOID) return true;
  return rima_type_is_subtype(c, from, to);
}

static rima_type *join_classes(rima_compiler *c, rima_class *a, rima_class *b) {
  for (rima_class *s = a; s; s = s->super) {
    rima_class_declare(c, s);
    if (s->kind != RIMA_CLASS_INTERFACE && rima_class_is_below(c, b, s)) return s->type;
  }
  for (rima_class *s = a; s; s = s->super)
    for (uint32_t i = 0; i < s->interface_count; i++)
      if (rima_class_is_below(c, b, s->interfaces[i])) return s->interfaces[i]->type;
  return NULL;
}

rima_type *rima_type_join(rima_compiler *c, rima_type *a, rima_type *b) {
  if (a == b || b->kind == RIMA_T_NEVER || a->kind == RIMA_T_ERROR) return a;
  if (a->kind == RIMA_T_NEVER || b->kind == RIMA_T_ERROR) return b;
  if (a->kind == RIMA_T_VOID || b->kind == RIMA_T_VOID) return NULL;
  if (rima_type_is_subtype(c, a, b)) return b;
  if (rima_type_is_subtype(c, b, a)) return a;
  if (rima_type_is_nullable(a) || rima_type_is_nullable(b)) {
    if (a->kind == RIMA_T_NULL) return rima_type_nullable(c, b);
    if (b->kind == RIMA_T_NULL) return rima_type_nullable(c, a);
    rima_type *joined = rima_type_join(c, rima_type_strip(a), rima_type_strip(b));
    return joined ? rima_type_nullable(c, joined) : NULL;
  }
  if (a->kind == RIMA_T_CLASS && b->kind == RIMA_T_CLASS) {
    rima_type *joined = join_classes(c, a->cls, b->cls);
    if (joined) return joined;
  }
  if (rima_type_rep(a) == 'R' && rima_type_rep(b) == 'R' && a->kind != RIMA_T_PARAM &&
      b->kind != RIMA_T_PARAM)
    return RIMA_KIND(c, OBJECT);
  return NULL;
}
