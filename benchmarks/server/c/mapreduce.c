/* mapreduce.c: counts the words of texts with threads and bounded queues; see ../rima/mapreduce.rima.

   Invariant: what a mapper has counted lives in an arena of its own, which is freed when all threads have
   ended, so that the reducers may read it. */
#include "harness.h"
#include "text.h"
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MAPPERS = 4, REDUCERS = 3, N_TEXTS = 64, N_WORDS = 200, CAPACITY = 4, MODULUS = 1000003 };

/* What is sent waits for whoever receives, up to CAPACITY at a time; senders wait for room. */
typedef struct {
  pthread_mutex_t lock;
  pthread_cond_t has_changed;
  void *values[CAPACITY];
  int first, count;
  bool is_closed;
} channel;

static void channel_init(channel *c) {
  *c = (channel){.lock = PTHREAD_MUTEX_INITIALIZER, .has_changed = PTHREAD_COND_INITIALIZER};
}

static void channel_send(channel *c, void *value) {
  pthread_mutex_lock(&c->lock);
  while (c->count == CAPACITY) pthread_cond_wait(&c->has_changed, &c->lock);
  c->values[(c->first + c->count++) % CAPACITY] = value;
  pthread_cond_broadcast(&c->has_changed);
  pthread_mutex_unlock(&c->lock);
}

/* The next value, or NULL when the channel is closed and empty. */
static void *channel_receive(channel *c) {
  pthread_mutex_lock(&c->lock);
  while (c->count == 0 && !c->is_closed) pthread_cond_wait(&c->has_changed, &c->lock);
  void *value = NULL;
  if (c->count > 0) {
    value = c->values[c->first];
    c->first = (c->first + 1) % CAPACITY;
    c->count--;
    pthread_cond_broadcast(&c->has_changed);
  }
  pthread_mutex_unlock(&c->lock);
  return value;
}

static void channel_close(channel *c) {
  pthread_mutex_lock(&c->lock);
  c->is_closed = true;
  pthread_cond_broadcast(&c->has_changed);
  pthread_mutex_unlock(&c->lock);
}

typedef struct {
  channel jobs;              /* to texts */
  channel counted[REDUCERS]; /* to tables */
} work;

typedef struct {
  pthread_t thread;
  work *work;
  arena memory;
} mapper;

/* What a reducer found: how many words, how many different ones, and a sum in which order does not count. */
typedef struct {
  pthread_t thread;
  channel *counted;
  int words, distinct, sum;
} reducer;

static int hash_of(piece word) {
  int hash = 7;
  for (int i = 0; i < word.length; i++) hash = (hash * 31 + word.bytes[i]) % MODULUS;
  return hash;
}

/* How often each word occurs, for each reducer the words that are its own. */
static void count(piece text, table *counts[REDUCERS]) {
  for (const char *at = text.bytes, *end = at + text.length; at < end;) {
    const char *space = memchr(at, ' ', (size_t)(end - at));
    piece word = {at, (int)((space ? space : end) - at)};
    table_get(counts[hash_of(word) % REDUCERS], word)->number++;
    at = space ? space + 1 : end;
  }
}

static void *map(void *argument) {
  mapper *m = argument;
  for (piece *text; (text = channel_receive(&m->work->jobs));) {
    table *counts[REDUCERS];
    for (int i = 0; i < REDUCERS; i++) {
      counts[i] = arena_get(&m->memory, sizeof(table));
      *counts[i] = (table){.memory = &m->memory};
    }
    count(*text, counts);
    for (int i = 0; i < REDUCERS; i++) channel_send(&m->work->counted[i], counts[i]);
  }
  return NULL;
}

static void *reduce(void *argument) {
  reducer *r = argument;
  arena memory = {0};
  table all = {.memory = &memory};
  for (const table *counts; (counts = channel_receive(r->counted));)
    for (const table_entry *e = counts->oldest; e; e = e->newer) table_get(&all, e->key)->number += e->number;
  for (const table_entry *e = all.oldest; e; e = e->newer) {
    r->words += (int)e->number;
    r->sum = (int)((r->sum + hash_of(e->key) * e->number) % MODULUS);
  }
  r->distinct = all.count;
  arena_free(&memory);
  return NULL;
}

static void start(pthread_t *thread, void *(*run)(void *), void *argument) {
  if (pthread_create(thread, NULL, run, argument) == 0) return;
  fputs("mapreduce: a thread cannot be started\n", stderr);
  exit(EXIT_FAILURE);
}

static piece texts[N_TEXTS];

static bool is_right(void) {
  work w;
  mapper mappers[MAPPERS];
  reducer reducers[REDUCERS];
  channel_init(&w.jobs);
  for (int i = 0; i < REDUCERS; i++) {
    channel_init(&w.counted[i]);
    reducers[i] = (reducer){.counted = &w.counted[i]};
    start(&reducers[i].thread, reduce, &reducers[i]);
  }
  for (int i = 0; i < MAPPERS; i++) {
    mappers[i] = (mapper){.work = &w};
    start(&mappers[i].thread, map, &mappers[i]);
  }
  for (int i = 0; i < N_TEXTS; i++) channel_send(&w.jobs, &texts[i]);
  channel_close(&w.jobs);
  for (int i = 0; i < MAPPERS; i++) pthread_join(mappers[i].thread, NULL);
  int words = 0, distinct = 0, sum = 0;
  for (int i = 0; i < REDUCERS; i++) {
    channel_close(&w.counted[i]);
    pthread_join(reducers[i].thread, NULL);
    words += reducers[i].words;
    distinct += reducers[i].distinct;
    sum = (sum + reducers[i].sum) % MODULUS;
  }
  for (int i = 0; i < MAPPERS; i++) arena_free(&mappers[i].memory);
  return words == 12800 && distinct == 1000 && sum == 578916;
}

/* Texts of made-up words, of which few are frequent. */
static void make_texts(arena *memory) {
  static const char *const syllables[] = {"ba", "de", "fi", "go", "ku", "la", "me", "ni", "po", "ru"};
  random_source random = RANDOM_START;
  for (int i = 0; i < N_TEXTS; i++) {
    buffer text = {0};
    for (int j = 0; j < N_WORDS; j++) {
      double r = random_next(&random) / 65536.0;
      int rank = (int)(1000.0 * r * r);
      if (j > 0) buffer_add_char(&text, ' ');
      buffer_add_text(&text, syllables[rank % 10]);
      buffer_add_text(&text, syllables[rank / 10 % 10]);
      buffer_add_text(&text, syllables[rank / 100]);
    }
    texts[i] = piece_copy(buffer_piece(&text), memory);
    free(text.bytes);
  }
}

static bool mapreduce(int repeats) {
  for (int i = 0; i < repeats; i++)
    if (!is_right()) return false;
  return true;
}

int main(int argc, char **argv) {
  arena memory = {0};
  make_texts(&memory);
  int status = harness_run(argc, argv, 5, mapreduce);
  arena_free(&memory);
  return status;
}
