/* list.c: Takeuchi's function over linked lists; see ../rima/list.rima. */
#include "harness.h"
#include "som.h"
#include <stdlib.h>

typedef struct element element;
struct element {
  int value;
  element *next;
};

static int list_length(const element *e) { return e->next ? 1 + list_length(e->next) : 1; }

static element *list_make(int length) {
  if (length == 0) return NULL;
  element *e = get_memory(sizeof *e);
  e->value = length;
  e->next = list_make(length - 1);
  return e;
}

static void list_free(element *e) {
  while (e) {
    element *next = e->next;
    free(e);
    e = next;
  }
}

static bool is_shorter(const element *a, const element *b) {
  for (; b; b = b->next) {
    if (!a) return true;
    a = a->next;
  }
  return false;
}

static const element *tail(const element *x, const element *y, const element *z) {
  if (is_shorter(y, x)) return tail(tail(x->next, y, z), tail(y->next, z, x), tail(z->next, x, y));
  return z;
}

static bool is_tail_right(void) {
  element *x = list_make(15), *y = list_make(10), *z = list_make(6);
  const element *result = tail(x, y, z);
  bool is_right = result && list_length(result) == 10;
  list_free(x);
  list_free(y);
  list_free(z);
  return is_right;
}

static bool list(int repeats) {
  for (int i = 0; i < repeats; i++)
    if (!is_tail_right()) return false;
  return true;
}

int main(int argc, char **argv) { return harness_run(argc, argv, 20, list); }
