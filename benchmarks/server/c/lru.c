/* lru.c: a cache that forgets what was not used for longest; see ../rima/lru.rima. */
#include "harness.h"
#include "som.h"
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { N_KEYS = 10000, CAPACITY = 1000, N_BUCKETS = 2048, N_ACCESSES = 20000, KEY_SIZE = 16 };

typedef struct entry entry;
struct entry {
  const char *key;
  int value;
  uint32_t hash;
  entry *newer, *older;
  entry *next; /* in the bucket */
};

typedef struct {
  entry *buckets[N_BUCKETS];
  entry *newest, *oldest;
  int count, hits, evictions;
} cache;

/* Fowler, Noll and Vo's hash, 1a. */
static uint32_t hash_of(const char *key) {
  uint32_t hash = 2166136261u;
  for (; *key; key++) hash = (hash ^ (unsigned char)*key) * 16777619u;
  return hash;
}

static entry *find(const cache *c, const char *key, uint32_t hash) {
  entry *e = c->buckets[hash % N_BUCKETS];
  while (e && (e->hash != hash || strcmp(e->key, key) != 0)) e = e->next;
  return e;
}

static void unlink_entry(cache *c, entry *e) {
  if (e->newer) e->newer->older = e->older;
  else c->newest = e->older;
  if (e->older) e->older->newer = e->newer;
  else c->oldest = e->newer;
}

static void link_newest(cache *c, entry *e) {
  e->newer = NULL;
  e->older = c->newest;
  if (c->newest) c->newest->newer = e;
  else c->oldest = e;
  c->newest = e;
}

/* The entry of a key, which is used thereby; NULL if there is none. */
static entry *cache_get(cache *c, const char *key) {
  entry *e = find(c, key, hash_of(key));
  if (!e) return NULL;
  c->hits++;
  if (e != c->newest) {
    unlink_entry(c, e);
    link_newest(c, e);
  }
  return e;
}

static void drop(cache *c, entry *e) {
  unlink_entry(c, e);
  entry **link = &c->buckets[e->hash % N_BUCKETS];
  while (*link != e) link = &(*link)->next;
  *link = e->next;
  free(e);
  c->count--;
}

static void cache_put(cache *c, const char *key, int value) {
  if (c->count == CAPACITY) {
    c->evictions++;
    drop(c, c->oldest);
  }
  entry *e = get_memory(sizeof *e);
  uint32_t hash = hash_of(key);
  entry **bucket = &c->buckets[hash % N_BUCKETS];
  *e = (entry){.key = key, .value = value, .hash = hash, .next = *bucket};
  *bucket = e;
  c->count++;
  link_newest(c, e);
}

/* Draws the numbers below N_KEYS, the number k in proportion to 1 / (k + 1). */
typedef struct {
  double sums[N_KEYS];
  random_source random;
} zipf;

static void zipf_init(zipf *z) {
  *z = (zipf){.random = RANDOM_START};
  double sum = 0.0;
  for (int k = 0; k < N_KEYS; k++) {
    sum += 1.0 / (k + 1);
    z->sums[k] = sum;
  }
}

static int zipf_next(zipf *z) {
  int64_t high = random_next(&z->random);
  double point = (double)(high * 65536 + random_next(&z->random)) / 4294967296.0 * z->sums[N_KEYS - 1];
  int low = 0, top = N_KEYS - 1;
  while (low < top) {
    int middle = (low + top) / 2;
    if (z->sums[middle] > point) top = middle;
    else low = middle + 1;
  }
  return low;
}

/* What would have to be fetched from afar. */
static int load(const char *key) {
  size_t length = strlen(key);
  return (int)length * 1000 + key[length - 1];
}

static bool serve(char (*keys)[KEY_SIZE]) {
  zipf z;
  zipf_init(&z);
  cache c = {0};
  int sum = 0;
  for (int i = 0; i < N_ACCESSES; i++) {
    const char *key = keys[zipf_next(&z)];
    const entry *e = cache_get(&c, key);
    int value = e ? e->value : load(key);
    if (!e) cache_put(&c, key, value);
    sum += value;
  }
  while (c.newest) drop(&c, c.newest);
  return c.hits == 12895 && c.evictions == 6105 && sum == 250333102;
}

static bool lru(int repeats) {
  char(*keys)[KEY_SIZE] = get_memory(N_KEYS * sizeof *keys);
  for (int k = 0; k < N_KEYS; k++) snprintf(keys[k], KEY_SIZE, "session:%d", k * 7919 % 100003);
  bool is_right = true;
  for (int i = 0; i < repeats; i++)
    if (!serve(keys)) is_right = false;
  free(keys);
  return is_right;
}

int main(int argc, char **argv) { return harness_run(argc, argv, 5, lru); }
