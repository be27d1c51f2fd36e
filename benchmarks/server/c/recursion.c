/* recursion.c: deep recursion; see ../rima/recursion.rima.

   Invariant: cells live in an arena. */
#include "harness.h"
#include "som.h"
#include <stdlib.h>
#include <string.h>

enum { NESTED = 2000 };

typedef struct cell cell;
struct cell {
  int head;
  const cell *tail;
};

static cell *make(arena *memory, int head) {
  cell *c = arena_get(memory, sizeof *c);
  c->head = head;
  return c;
}

static const cell *build(arena *memory, int n) {
  if (n == 0) return NULL;
  cell *c = make(memory, n);
  c->tail = build(memory, n - 1);
  return c;
}

static const cell *mapped(arena *memory, const cell *list, int (*f)(int)) {
  if (!list) return NULL;
  cell *c = make(memory, f(list->head));
  c->tail = mapped(memory, list->tail, f);
  return c;
}

static const cell *appended(arena *memory, const cell *first, const cell *second) {
  if (!first) return second;
  cell *c = make(memory, first->head);
  c->tail = appended(memory, first->tail, second);
  return c;
}

static int fold(const cell *list) { return list ? (list->head + 31 * fold(list->tail)) % 1009 : 7; }

static int pong(int n);

static int ping(int n) { return n == 0 ? 1 : (3 * pong(n - 1) + n) % 1009; }
static int pong(int n) { return n == 0 ? 2 : (5 * ping(n - 1) + 1) % 1009; }

static int ackermann(int m, int n) {
  if (m == 0) return n + 1;
  if (n == 0) return ackermann(m - 1, 1);
  return ackermann(m - 1, ackermann(m, n - 1));
}

/* Reads parentheses with names and more parentheses within. */
typedef struct {
  const char *at; /* ends with NUL */
  int deepest;
} parser;

/* How many names there are, each counted once for every pair around it, modulo 1009. */
static int group(parser *p, int depth) {
  if (depth > p->deepest) p->deepest = depth;
  int weight = 0;
  while (*p->at) {
    char c = *p->at++;
    if (c == ')') break;
    weight = (weight + (c == '(' ? group(p, depth + 1) : depth)) % 1009;
  }
  return weight * 3 % 1009;
}

static int tripled(int x) { return x * 3 + 1; }
static int reduced(int x) { return x % 17; }

static bool is_right(const char *text) {
  arena memory = {0};
  const cell *first = mapped(&memory, build(&memory, 2000), tripled);
  const cell *list = appended(&memory, first, mapped(&memory, build(&memory, 4000), reduced));
  parser p = {text, 0};
  int weight = group(&p, 0), folded = fold(list);
  arena_free(&memory);
  return folded == 293 && ping(4000) == 427 && weight == 442 && p.deepest == NESTED &&
         ackermann(2, 150) == 303;
}

static bool recursion(int repeats) {
  char text[4 * NESTED + 1] = {0};
  for (int i = 0; i < NESTED; i++) {
    memcpy(text + 2 * i, "(a", 2);
    memcpy(text + 2 * (NESTED + i), "b)", 2);
  }
  for (int i = 0; i < repeats; i++)
    if (!is_right(text)) return false;
  return true;
}

int main(int argc, char **argv) { return harness_run(argc, argv, 10, recursion); }
