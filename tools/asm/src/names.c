/* names.c: name maps, and the nearest name for hints. See asm.h. */
#include "asm.h"
#include <stdlib.h>

static uint32_t hash_names(tz_text module, tz_text name) {
  uint64_t h = UINT64_C(0xcbf29ce484222325);
  for (uint32_t i = 0; i < module.length; i++)
    h = (h ^ (unsigned char)module.at[i]) * UINT64_C(0x100000001b3);
  h = (h ^ 0xff) * UINT64_C(0x100000001b3);
  for (uint32_t i = 0; i < name.length; i++) h = (h ^ (unsigned char)name.at[i]) * UINT64_C(0x100000001b3);
  return (uint32_t)(h ^ h >> 32);
}

static bool grow(tz_name_map *m) {
  uint32_t capacity = m->capacity == 0 ? 64 : m->capacity * 2;
  uint32_t *slots = calloc(capacity, sizeof *slots);
  tz_name_entry *entries = realloc(m->entries, capacity / 2 * sizeof *entries);
  if (entries != NULL) m->entries = entries;
  if (slots == NULL || entries == NULL) {
    free(slots);
    return false;
  }
  for (uint32_t i = 0; i < m->n; i++) {
    uint32_t at = hash_names(m->entries[i].module, m->entries[i].name) & (capacity - 1);
    while (slots[at] != 0) at = (at + 1) & (capacity - 1);
    slots[at] = i + 1;
  }
  free(m->slots);
  m->slots = slots;
  m->capacity = capacity;
  return true;
}

static uint32_t find_slot(const tz_name_map *m, tz_text module, tz_text name) {
  uint32_t at = hash_names(module, name) & (m->capacity - 1);
  for (; m->slots[at] != 0; at = (at + 1) & (m->capacity - 1)) {
    const tz_name_entry *e = &m->entries[m->slots[at] - 1];
    if (tz_text_equal(e->name, name) && tz_text_equal(e->module, module)) break;
  }
  return at;
}

bool tz_name_map_put(tz_name_map *m, tz_text module, tz_text name, uint32_t index) {
  if (m->n * 2 >= m->capacity && !grow(m)) return false;
  uint32_t at = find_slot(m, module, name);
  if (m->slots[at] != 0) {
    m->entries[m->slots[at] - 1].is_ambiguous = true;
    return true;
  }
  m->entries[m->n] = (tz_name_entry){module, name, index, false};
  m->slots[at] = ++m->n;
  return true;
}

const tz_name_entry *tz_name_map_find(const tz_name_map *m, tz_text module, tz_text name) {
  if (m->n == 0) return NULL;
  uint32_t at = find_slot(m, module, name);
  return m->slots[at] == 0 ? NULL : &m->entries[m->slots[at] - 1];
}

void tz_name_map_fini(tz_name_map *m) {
  free(m->entries);
  free(m->slots);
}

uint32_t tz_edit_distance(tz_text a, tz_text b, uint32_t limit) {
  uint32_t row[65];
  if (a.length > 64 || b.length > 64) return limit + 1;
  for (uint32_t j = 0; j <= b.length; j++) row[j] = j;
  for (uint32_t i = 1; i <= a.length; i++) {
    uint32_t diagonal = row[0];
    row[0] = i;
    for (uint32_t j = 1; j <= b.length; j++) {
      uint32_t above = row[j], best = diagonal + (a.at[i - 1] != b.at[j - 1]);
      if (above + 1 < best) best = above + 1;
      if (row[j - 1] + 1 < best) best = row[j - 1] + 1;
      diagonal = above;
      row[j] = best;
    }
  }
  return row[b.length] <= limit ? row[b.length] : limit + 1;
}

tz_text tz_name_map_nearest(const tz_name_map *m, tz_text name) {
  uint32_t limit = name.length < 4 ? 1 : 2;
  tz_text best = {"", 0};
  for (uint32_t i = 0; i < m->n; i++) {
    uint32_t d = tz_edit_distance(name, m->entries[i].name, limit);
    if (d > limit || (best.length != 0 && d == limit)) continue;
    best = m->entries[i].name;
    if (d == 0) break;
    limit = d;
  }
  return best;
}
