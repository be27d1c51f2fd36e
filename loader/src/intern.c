/* intern.c: interned entries of an image under construction: equal arguments, equal index. See module.h. */
#include "builder.h"

uint64_t tz_hash_bytes(const void *bytes, size_t n) {
  const unsigned char *p = bytes;
  uint64_t h = UINT64_C(0xcbf29ce484222325) ^ n, w;
  for (; n >= 8; n -= 8, p += 8) {
    memcpy(&w, p, 8);
    h = tz_hash_mix(h, w);
  }
  for (w = 0; n != 0; n--) w = w << 8 | p[n - 1];
  return tz_hash_mix(h, w);
}

static bool table_grow(tz_image *image, tz_index_table *t) {
  uint32_t capacity = t->capacity == 0 ? 16 : t->capacity * 2;
  tz_index_slot *slots = tz_arena_alloc(image->arena, capacity * sizeof *slots);
  if (slots == NULL) {
    image->builder->failed = true;
    return false;
  }
  for (uint32_t i = 0; i < t->capacity; i++) {
    if (t->slots[i].number == 0) continue;
    uint32_t at = t->slots[i].hash & (capacity - 1);
    while (slots[at].number != 0) at = (at + 1) & (capacity - 1);
    slots[at] = t->slots[i];
  }
  *t = (tz_index_table){slots, t->n, capacity};
  return true;
}

/* All bits of the hash have a say in the 32 that a slot keeps. */
static uint32_t slot_hash(uint64_t hash) { return (uint32_t)(hash ^ hash >> 32); }

typedef bool matches_fn(const tz_image *image, uint32_t index, const void *key);

/* The index of the entry equal to key, or TZ_NONE: then *slot is where to put the new one. */
static inline uint32_t table_find(tz_image *image, tz_index_table *t, uint64_t hash, matches_fn *matches,
                                  const void *key, uint32_t *slot) {
  *slot = TZ_NONE;
  if (t->n * 2 >= t->capacity && !table_grow(image, t)) return TZ_NONE;
  uint32_t at = slot_hash(hash) & (t->capacity - 1);
  for (; t->slots[at].number != 0; at = (at + 1) & (t->capacity - 1))
    if (t->slots[at].hash == slot_hash(hash) && matches(image, t->slots[at].number - 1, key))
      return t->slots[at].number - 1;
  *slot = at;
  return TZ_NONE;
}

static uint32_t table_put(tz_index_table *t, uint32_t slot, uint64_t hash, uint32_t index) {
  t->slots[slot] = (tz_index_slot){index + 1, slot_hash(hash)};
  t->n++;
  return index;
}

static bool text_matches(const tz_image *image, uint32_t index, const void *key) {
  return tz_text_equal(image->builder->text_entries[index], *(const tz_text *)key);
}

tz_text tz_image_text(tz_image *image, const char *at, size_t length) {
  tz_image_builder *b = image->builder;
  if (length == 0 || length >= UINT32_MAX) return (tz_text){"", 0};
  tz_text key = {at, (uint32_t)length};
  tz_recent_text *recent = tz_recent_text_slot(b->recent, at);
  if (recent->at == at && recent->length == length && text_matches(image, recent->number, &key))
    return b->text_entries[recent->number];
  uint64_t hash = tz_hash_bytes(at, length);
  uint32_t slot, index = table_find(image, &b->texts, hash, text_matches, &key, &slot);
  if (index != TZ_NONE) {
    *recent = (tz_recent_text){at, (uint32_t)length, index};
    return b->text_entries[index];
  }
  if (slot == TZ_NONE || !TZ_IMAGE_GROW(image, b->text_entries, b->n_texts, b->texts_capacity))
    return (tz_text){"", 0};
  key.at = tz_image_copy(image, at, length, 1);
  if (key.at == NULL) return (tz_text){"", 0};
  b->text_entries[b->n_texts] = key;
  table_put(&b->texts, slot, hash, b->n_texts++);
  return key;
}

static bool type_matches(const tz_image *image, uint32_t index, const void *key) {
  const tz_type_entry *a = &image->types[index], *b = key;
  return a->kind == b->kind && a->of == b->of;
}

uint32_t tz_image_type(tz_image *image, tz_kind kind, uint32_t of) {
  tz_image_builder *b = image->builder;
  tz_type_entry key = {kind, of};
  uint64_t hash = tz_hash_mix(kind + 1, of);
  uint32_t slot, index = table_find(image, &b->types, hash, type_matches, &key, &slot);
  if (index != TZ_NONE) return index;
  if (slot == TZ_NONE || !TZ_IMAGE_GROW(image, image->types, image->n_types, b->types_capacity))
    return TZ_NONE;
  image->types[image->n_types] = key;
  return table_put(&b->types, slot, hash, image->n_types++);
}

static bool signature_matches(const tz_image *image, uint32_t index, const void *key) {
  const tz_signature *a = &image->signatures[index], *b = key;
  return a->result == b->result && a->n_params == b->n_params &&
         (a->n_params == 0 || memcmp(a->params, b->params, a->n_params * sizeof *a->params) == 0);
}

uint32_t tz_image_signature(tz_image *image, uint32_t result, uint32_t n_params, const uint32_t *params) {
  tz_image_builder *b = image->builder;
  tz_signature key = {result, n_params, params};
  uint64_t hash = tz_hash_mix(n_params, result);
  for (uint32_t i = 0; i < n_params; i++) hash = tz_hash_mix(hash, params[i]);
  uint32_t slot, index = table_find(image, &b->signatures, hash, signature_matches, &key, &slot);
  if (index != TZ_NONE) return index;
  if (slot == TZ_NONE ||
      !TZ_IMAGE_GROW(image, image->signatures, image->n_signatures, b->signatures_capacity))
    return TZ_NONE;
  key.params = tz_image_copy(image, params, n_params, sizeof *params);
  image->signatures[image->n_signatures] = key;
  return table_put(&b->signatures, slot, hash, image->n_signatures++);
}

static bool constant_matches(const tz_image *image, uint32_t index, const void *key) {
  const tz_constant *a = &image->constants[index], *b = key;
  return a->kind == b->kind &&
         (a->kind == TZ_KIND_STRING ? tz_text_equal(a->string, b->string) : a->value.u == b->value.u);
}

static uint32_t constant_intern(tz_image *image, tz_constant key, uint64_t hash) {
  tz_image_builder *b = image->builder;
  uint32_t slot, index = table_find(image, &b->constants, hash, constant_matches, &key, &slot);
  if (index != TZ_NONE) return index;
  if (slot == TZ_NONE || !TZ_IMAGE_GROW(image, image->constants, image->n_constants, b->constants_capacity))
    return TZ_NONE;
  if (key.kind == TZ_KIND_STRING && key.string.length != 0)
    key.string.at = tz_image_copy(image, key.string.at, key.string.length, 1);
  image->constants[image->n_constants] = key;
  return table_put(&b->constants, slot, hash, image->n_constants++);
}

uint32_t tz_image_constant_int(tz_image *image, int64_t value) {
  return constant_intern(image, (tz_constant){.kind = TZ_KIND_I64, .value.i = value},
                         tz_hash_mix(1, (uint64_t)value));
}

uint32_t tz_image_constant_float(tz_image *image, double value) {
  tz_constant key = {.kind = TZ_KIND_F64, .value.f = value};
  return constant_intern(image, key, tz_hash_mix(2, key.value.u));
}

uint32_t tz_image_constant_string(tz_image *image, const char *utf8, size_t length) {
  if (length >= UINT32_MAX) {
    image->builder->failed = true;
    return TZ_NONE;
  }
  tz_constant key = {.kind = TZ_KIND_STRING, .string = {length != 0 ? utf8 : "", (uint32_t)length}};
  return constant_intern(image, key, tz_hash_bytes(utf8, length));
}

static bool source_matches(const tz_image *image, uint32_t index, const void *key) {
  return tz_text_equal(image->sources[index], *(const tz_text *)key);
}

uint32_t tz_image_source(tz_image *image, const char *path, size_t length) {
  tz_image_builder *b = image->builder;
  tz_text key = {path, (uint32_t)length};
  uint64_t hash = tz_hash_bytes(path, length);
  uint32_t slot, index = table_find(image, &b->sources, hash, source_matches, &key, &slot);
  if (index != TZ_NONE) return index;
  if (slot == TZ_NONE || !TZ_IMAGE_GROW(image, image->sources, image->n_sources, b->sources_capacity))
    return TZ_NONE;
  image->sources[image->n_sources] = tz_image_text(image, path, length);
  return table_put(&b->sources, slot, hash, image->n_sources++);
}
