/* places.h: where optimized code had to be left, and how often. Thread-safe. */
#pragma once
#include "terza/function.h"
#include <pthread.h>

typedef struct tz_deopt_place {
  const tz_function *function;
  uint32_t pc, count;
  bool is_generic; /* the policy wants no speculation there */
} tz_deopt_place;

typedef struct tz_places {
  pthread_mutex_t lock;
  tz_deopt_place *table; /* open addressing by function and pc */
  uint32_t n, room;
} tz_places;

void tz_places_init(tz_places *p);
void tz_places_fini(tz_places *p);
/* How often code was left there, this time included; UINT32_MAX without memory. */
uint32_t tz_places_count(tz_places *p, const tz_function *f, uint32_t pc);
/* What is known of the place; zeros: it was never left. */
tz_deopt_place tz_places_at(tz_places *p, const tz_function *f, uint32_t pc);
/* Of a place that was left before. */
void tz_places_make_generic(tz_places *p, const tz_function *f, uint32_t pc);
