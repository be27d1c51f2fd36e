/* regions.c: regions of the old generation: committed in steps, handed out, taken back.
 *
 * Invariant: free_count regions are in the free list, count in the list in use, and a condemned list may be
 * on its way from one to the other; together they are the committed ones. */
#include "heap.h"
#include <sys/mman.h>

#define COMMIT_STEP 16 /* regions: 8 MB */

size_t tz_regions_used(const tz_heap *heap) {
  const tz_region_space *s = &heap->regions;
  if (s->last == TZ_NO_REGION) return 0;
  return s->used_bytes + (size_t)(s->table[s->last].top - tz_region_start(s, s->last));
}

static void push_free(tz_region_space *s, uint32_t i) {
  s->states[i] = TZ_REGION_FREE;
  s->table[i].next = s->free_list;
  s->free_list = i;
  s->free_count++;
}

static bool commit_step(tz_region_space *s) {
  uint32_t step = s->max - s->committed < COMMIT_STEP ? s->max - s->committed : COMMIT_STEP;
  if (step == 0) return false;
  char *start = tz_region_start(s, s->committed);
  if (mprotect(start, (size_t)step << TZ_REGION_SHIFT, PROT_READ | PROT_WRITE) != 0) return false;
  for (uint32_t i = s->committed + step; i-- > s->committed;) push_free(s, i);
  s->committed += step;
  return true;
}

bool tz_regions_reserve(tz_heap *heap, size_t n) {
  while (heap->regions.free_count < n)
    if (!commit_step(&heap->regions)) return false;
  return true;
}

char *tz_regions_acquire(tz_heap *heap) {
  tz_region_space *s = &heap->regions;
  if (!tz_regions_reserve(heap, 1)) return NULL;
  uint32_t i = s->free_list;
  char *start = tz_region_start(s, i);
  if (heap->options.poison_from_space == TZ_GC_POISON_PROTECT &&
      mprotect(start, TZ_REGION_SIZE, PROT_READ | PROT_WRITE))
    return NULL;
  s->free_list = s->table[i].next;
  s->free_count--;
  if (s->last == TZ_NO_REGION) s->first = i;
  else {
    s->used_bytes = tz_regions_used(heap);
    s->table[s->last].next = i;
  }
  s->states[i] = TZ_REGION_LIVE;
  s->table[i] = (tz_region){.top = start, .next = TZ_NO_REGION, .live_bytes = 0};
  s->last = i;
  s->count++;
  return start;
}

static void poison(const tz_heap *heap, char *start, size_t used) {
  if (heap->options.poison_from_space != TZ_GC_POISON_NONE) memset(start, 0xdb, used);
  if (heap->options.poison_from_space == TZ_GC_POISON_PROTECT) mprotect(start, TZ_REGION_SIZE, PROT_NONE);
}

void tz_regions_release(tz_heap *heap, uint32_t first, uint32_t count) {
  tz_region_space *s = &heap->regions;
  uint32_t keep = s->count / 2 + COMMIT_STEP; /* free regions that keep their pages */
  for (uint32_t i = first, n = 0; n < count; n++) {
    uint32_t next = s->table[i].next;
    char *start = tz_region_start(s, i);
    if (s->free_count >= keep) madvise(start, TZ_REGION_SIZE, MADV_DONTNEED);
    poison(heap, start, (size_t)(s->table[i].top - start));
    push_free(s, i);
    i = next;
  }
}
