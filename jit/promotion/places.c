/* places.c: see places.h. */
#include "places.h"
#include <stdlib.h>

void tz_places_init(tz_places *p) {
  *p = (tz_places){0};
  pthread_mutex_init(&p->lock, NULL);
}

void tz_places_fini(tz_places *p) {
  pthread_mutex_destroy(&p->lock);
  free(p->table);
}

static tz_deopt_place *slot_of(tz_deopt_place *table, uint32_t room, const tz_function *f, uint32_t pc) {
  uint32_t at = (uint32_t)(((uintptr_t)f >> 4) * 31 + pc) * 2654435761u;
  for (;; at++) {
    tz_deopt_place *x = &table[at & (room - 1)];
    if (x->function == NULL || (x->function == f && x->pc == pc)) return x;
  }
}

static bool grow(tz_places *p) {
  uint32_t room = p->room != 0 ? p->room * 2 : 64;
  tz_deopt_place *table = calloc(room, sizeof *table);
  if (table == NULL) return false;
  for (uint32_t i = 0; i < p->room; i++)
    if (p->table[i].function != NULL)
      *slot_of(table, room, p->table[i].function, p->table[i].pc) = p->table[i];
  free(p->table);
  p->table = table;
  p->room = room;
  return true;
}

uint32_t tz_places_count(tz_places *p, const tz_function *f, uint32_t pc) {
  uint32_t count = UINT32_MAX;
  pthread_mutex_lock(&p->lock);
  if (p->n * 2 < p->room || grow(p)) {
    tz_deopt_place *x = slot_of(p->table, p->room, f, pc);
    if (x->function == NULL) *x = (tz_deopt_place){f, pc, 0, false}, p->n++;
    count = ++x->count;
  }
  pthread_mutex_unlock(&p->lock);
  return count;
}

tz_deopt_place tz_places_at(tz_places *p, const tz_function *f, uint32_t pc) {
  pthread_mutex_lock(&p->lock);
  tz_deopt_place x = p->room > 0 ? *slot_of(p->table, p->room, f, pc) : (tz_deopt_place){0};
  pthread_mutex_unlock(&p->lock);
  return x;
}

void tz_places_make_generic(tz_places *p, const tz_function *f, uint32_t pc) {
  pthread_mutex_lock(&p->lock);
  tz_deopt_place *x = p->room > 0 ? slot_of(p->table, p->room, f, pc) : NULL;
  if (x != NULL && x->function != NULL) x->is_generic = true;
  pthread_mutex_unlock(&p->lock);
}
