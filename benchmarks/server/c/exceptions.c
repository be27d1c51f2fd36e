/* exceptions.c: requests of which some fail deep below; see ../rima/exceptions.rima.

   As is usual in C, a function that may fail says how, and every caller hands on what it cannot deal with. */
#include "harness.h"
#include "som.h"
#include <stdio.h>
#include <string.h>

typedef enum { WELL, MISSING, BUSY, FAILURE } status;

typedef struct {
  status status;
  status cause; /* of a failure */
  int value;    /* the result; how long it is busy; the code of a failure */
  int key;
  char message[32];
} outcome;

typedef struct {
  int opened, closed;
  int served, failed, retried, causes, given_up, sum;
} server;

static void add(server *s, int value) { s->sum = (s->sum * 31 + value) % 1000003; }

/* Looks for a key, `depth` levels down. */
__attribute__((noinline)) static status find(int key, int depth, outcome *o) {
  if (depth > 0) {
    status inner = find(key, depth - 1, o);
    if (inner != WELL) return inner;
    o->value++;
    return WELL;
  }
  o->key = key;
  if (key % 3 == 0) {
    snprintf(o->message, sizeof o->message, "there is no %d", key);
    return o->status = MISSING;
  }
  if (key % 5 < 2) {
    o->value = key % 7;
    snprintf(o->message, sizeof o->message, "%d is busy", key);
    return o->status = BUSY;
  }
  o->value = key * 2;
  return o->status = WELL;
}

/* Opens and closes; what is missing is a failure. */
static status load(server *s, int key, outcome *o) {
  s->opened++;
  if (find(key, key % 16, o) == MISSING) {
    o->cause = MISSING;
    o->value = 400 + key % 10;
    strcpy(o->message, "request failed");
    o->status = FAILURE;
  }
  s->closed++;
  return o->status;
}

/* Tries twice while the key is busy. */
static status retrying(server *s, int key, outcome *o) {
  for (int attempt = 0; attempt < 2; attempt++) {
    if (load(s, key + attempt, o) != BUSY) return o->status;
    s->retried++;
    add(s, o->value);
  }
  return BUSY;
}

static void handle(server *s, int key) {
  outcome o;
  switch (retrying(s, key, &o)) {
  case WELL:
    s->served++;
    add(s, o.value);
    break;
  case FAILURE:
    s->failed++;
    if (o.cause == MISSING) s->causes++;
    add(s, o.value);
    break;
  default:
    s->given_up++;
    add(s, o.key);
    break;
  }
}

static bool is_right(void) {
  random_source random = RANDOM_START;
  server s = {0};
  for (int i = 0; i < 1500; i++) handle(&s, random_next(&random));
  char counts[64];
  snprintf(counts, sizeof counts, "%d %d %d %d %d", s.served, s.failed, s.retried, s.given_up, s.sum);
  return s.opened == s.closed && s.causes == s.failed && strcmp(counts, "726 678 486 96 424836") == 0;
}

static bool exceptions(int repeats) {
  for (int i = 0; i < repeats; i++)
    if (!is_right()) return false;
  return true;
}

int main(int argc, char **argv) { return harness_run(argc, argv, 10, exceptions); }
