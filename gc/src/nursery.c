/* nursery.c: the young generation's space, how much of it is in use, and when survivors are promoted.
 *
 * A bigger nursery gives objects more time to die, a smaller one stays in the cache and keeps pauses short.
 * So it starts small, doubles while much of it survives, as long as a pause copies no more than LONGEST_COPY,
 * and halves when for a while next to nothing survived. Survivors wait for promotion only while waiting pays:
 * when most of those that waited lived on, copying them twice was in vain. Bytes decide, not times, so that
 * runs can be repeated. Invariant: nursery_top <= nursery + nursery_size <= nursery + part_committed. */
#include "heap.h"
#include "trace.h"
#include <sys/mman.h>

#define LONGEST_COPY ((size_t)32 << 20) /* bytes that one young collection is to copy at most */
#define MUCH 16                         /* more than a 16th of the nursery survived: grow */
#define LITTLE 128                      /* less than a 128th did, */
#define CALM 16                         /* so many times in a row: shrink */
#define PROMPT 7                        /* collections that promote at once before waiting is tried again */
#define HUGE_PAGE ((size_t)2 << 20)

/* What a nursery grows into is used whole, so huge pages spare faults there; a small program needs none. */
static bool commit_part(char *part, size_t from, size_t to) {
  if (mprotect(part + from, to - from, PROT_READ | PROT_WRITE) != 0) return false;
  if (from && to - from >= HUGE_PAGE) madvise(part + from, to - from, MADV_HUGEPAGE);
  return true;
}

static bool commit(tz_heap *heap, size_t bytes) {
  char *young = heap->survivors[0];
  for (size_t i = 0; i < 3; i++)
    if (!commit_part(young + i * heap->part_bytes, heap->part_committed, bytes)) return false;
  heap->part_committed = bytes;
  return true;
}

bool tz_nursery_init(tz_heap *heap, char *young) {
  heap->survivors[0] = heap->survivor_top = young;
  heap->nursery = heap->nursery_top = heap->nursery_touched = young + heap->part_bytes;
  heap->survivors[1] = young + 2 * heap->part_bytes;
  heap->nursery_size = heap->options.nursery_size;
  return commit(heap, heap->nursery_size);
}

static void grow(tz_heap *heap) {
  size_t bytes = heap->nursery_size * 2;
  if (bytes > heap->part_bytes) bytes = heap->part_bytes;
  if (bytes > heap->part_committed && !commit(heap, bytes)) return;
  heap->nursery_size = bytes;
}

static void give_back(char *from, char *to) {
  if (from < to) madvise(from, (size_t)(to - from), MADV_DONTNEED);
}

static void shrink(tz_heap *heap) {
  size_t bytes = heap->nursery_size / 2 & ~(size_t)0xfff;
  heap->nursery_size = bytes < heap->options.nursery_size ? heap->options.nursery_size : bytes;
  char *end = heap->nursery + heap->nursery_size, *idle = heap->survivors[!heap->from];
  give_back(end, heap->nursery_touched);
  give_back(idle + heap->nursery_size, idle + heap->part_committed);
  if (heap->nursery_touched > end) heap->nursery_touched = end;
}

unsigned tz_nursery_promote_age(const tz_heap *heap) {
  return heap->promptly ? 1 : heap->options.promote_age;
}

/* Promoted too early, dead objects keep young ones alive; so this is for when growing is at its end. */
static void promote_promptly(tz_heap *heap, const tz_young_outcome *o) {
  if (heap->promptly) heap->promptly--;
  else if (o->waited > heap->nursery_size / 4 * 3 && o->waited_copied > o->waited / 4 * 3)
    heap->promptly = PROMPT;
}

void tz_nursery_adapt(tz_heap *heap, const tz_young_outcome *o) {
  size_t most = heap->part_bytes, survived = o->copied - o->waited_copied;
  if (most == heap->options.nursery_size) return;
  heap->calm = survived < heap->nursery_size / LITTLE ? heap->calm + 1 : 0;
  if (survived > LONGEST_COPY || heap->calm == CALM) {
    heap->calm = 0;
    shrink(heap);
  } else if (survived <= heap->nursery_size / MUCH) {
    heap->promptly = 0;
  } else if (heap->nursery_size < most && survived <= LONGEST_COPY / 4 * 3) {
    grow(heap);
  } else {
    promote_promptly(heap, o);
  }
}
