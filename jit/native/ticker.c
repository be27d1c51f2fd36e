/* ticker.c: a thread that asks optimized code to poll, once a millisecond. It sleeps while no such code was
 * entered for a while, so that a machine that waits costs nothing. */
#include "native.h"
#include <pthread.h>
#include <stdlib.h>
#include <time.h>

enum { TICK_NS = 1000000, QUIET_TICKS = 50 };

struct tz_ticker {
  tz_thread *th;
  pthread_t thread;
  pthread_mutex_t lock;
  pthread_cond_t wake;
  bool is_stopping;
  /* Both sides write theirs before they read the other's: either the worker sees that it is to wake the
   * ticker, or the ticker that it is not to sleep. */
  bool is_asleep;
  bool is_busy; /* such code was entered, or has polled, since the last tick */
};
typedef struct tz_ticker tz_ticker;

/* Waits for the next tick; under the lock. */
static void wait_tick(tz_ticker *t) {
  struct timespec until;
  clock_gettime(CLOCK_MONOTONIC, &until);
  until.tv_nsec += TICK_NS;
  if (until.tv_nsec >= 1000000000) until.tv_sec++, until.tv_nsec -= 1000000000;
  pthread_cond_timedwait(&t->wake, &t->lock, &until);
}

static void *ticker_main(void *data) {
  tz_ticker *t = data;
  uint32_t quiet = 0;
  pthread_mutex_lock(&t->lock);
  while (!t->is_stopping) {
    if (quiet >= QUIET_TICKS) {
      __atomic_store_n(&t->is_asleep, true, __ATOMIC_SEQ_CST);
      if (!__atomic_load_n(&t->is_busy, __ATOMIC_SEQ_CST)) pthread_cond_wait(&t->wake, &t->lock);
      __atomic_store_n(&t->is_asleep, false, __ATOMIC_SEQ_CST);
      quiet = 0;
      continue;
    }
    wait_tick(t);
    __atomic_store_n(&t->th->poll, 1, __ATOMIC_RELAXED);
    quiet = __atomic_exchange_n(&t->is_busy, false, __ATOMIC_SEQ_CST) ? 0 : quiet + 1;
  }
  pthread_mutex_unlock(&t->lock);
  return NULL;
}

static void start(tz_native *n) {
  tz_ticker *t = calloc(1, sizeof *t);
  if (t == NULL) return;
  pthread_condattr_t monotonic;
  t->th = n->vm->thread;
  pthread_mutex_init(&t->lock, NULL);
  pthread_condattr_init(&monotonic);
  pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
  pthread_cond_init(&t->wake, &monotonic);
  pthread_condattr_destroy(&monotonic);
  if (pthread_create(&t->thread, NULL, ticker_main, t) == 0) {
    n->ticker = t;
    return;
  }
  pthread_mutex_destroy(&t->lock);
  pthread_cond_destroy(&t->wake);
  free(t);
}

void tz_ticker_wake(tz_native *n) {
  tz_ticker *t = n->ticker;
  if (TZ_UNLIKELY(t == NULL)) {
    if (!n->is_restless) start(n);
    return;
  }
  if (TZ_LIKELY(__atomic_load_n(&t->is_busy, __ATOMIC_RELAXED))) return;
  __atomic_store_n(&t->is_busy, true, __ATOMIC_SEQ_CST);
  if (TZ_LIKELY(!__atomic_load_n(&t->is_asleep, __ATOMIC_SEQ_CST))) return;
  pthread_mutex_lock(&t->lock);
  pthread_cond_signal(&t->wake);
  pthread_mutex_unlock(&t->lock);
}

void tz_ticker_stop(tz_native *n) {
  tz_ticker *t = n->ticker;
  if (t == NULL) return;
  pthread_mutex_lock(&t->lock);
  t->is_stopping = true;
  pthread_cond_signal(&t->wake);
  pthread_mutex_unlock(&t->lock);
  pthread_join(t->thread, NULL);
  pthread_mutex_destroy(&t->lock);
  pthread_cond_destroy(&t->wake);
  free(t);
  n->ticker = NULL;
}
