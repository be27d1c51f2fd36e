/* phases.c: changes its mind about the functions it calls; see ../rima/phases.rima.

   A step is a pointer to a function with its numbers beside it, and so is a test. */
#include "harness.h"

enum { RANGE = 65536, KINDS = 8, N_STEPS = 8, N_TESTS = 4, MOST_SQUARES = 64 };

typedef struct step step;
struct step {
  int (*apply)(const step *s, int x);
  int a, b;
  int squares[MOST_SQUARES];
};

static int add(const step *s, int x) { return (x + s->a) % RANGE; }
static int scale(const step *s, int x) { return x * s->a % RANGE; }
static int clamp(const step *s, int x) { return x < s->a ? s->a : x > s->b ? s->b : x; }
static int mirror(const step *s, int x) { return x > s->a ? x : s->a - x; }
static int fold(const step *s, int x) { return x >= s->a ? x - s->a : x; }
static int divide(const step *s, int x) { return x / s->a; }
static int swap(const step *s, int x) { return (x % s->a * (RANGE / s->a) + x / s->a) % RANGE; }
static int lookup(const step *s, int x) { return s->squares[x % s->a]; }

static step make_step(int kind, int k) {
  switch (kind) {
  case 0: return (step){.apply = add, .a = k};
  case 1: return (step){.apply = scale, .a = 2 * k + 1};
  case 2: return (step){.apply = clamp, .a = k, .b = RANGE - k};
  case 3: return (step){.apply = mirror, .a = RANGE - k};
  case 4: return (step){.apply = fold, .a = RANGE / 2 + k};
  case 5: return (step){.apply = divide, .a = 1 + k % 3};
  case 6: return (step){.apply = swap, .a = 256};
  default: break;
  }
  step s = {.apply = lookup, .a = 16 + k};
  for (int i = 0; i < s.a; i++) s.squares[i] = i * i % RANGE;
  return s;
}

typedef struct test test;
struct test {
  bool (*holds)(const test *t, int x);
  int k;
};

static bool is_large(const test *t, int x) { return x > 50 * t->k; }
static bool is_multiple(const test *t, int x) { return x % (t->k % 7 + 2) == 0; }
static bool is_small(const test *t, int x) { return x < RANGE - 100 * t->k; }
static bool is_top_heavy(const test *t, int x) { return (void)t, x / 256 > x % 256; }
static bool has_digits(const test *t, int x) { return x % 10 + x / 10 % 10 > t->k % 18; }
static bool is_no_third(const test *t, int x) { return (x + t->k) % 3 != 0; }
static bool is_other(const test *t, int x) { return x != t->k; }
static bool is_lower_half(const test *t, int x) { return x * t->k % 1024 < 512; }

static test make_test(int kind, int k) {
  static bool (*const tests[KINDS])(const test *, int) = {
      is_large, is_multiple, is_small, is_top_heavy, has_digits, is_no_third, is_other, is_lower_half,
  };
  return (test){tests[kind], k};
}

static int run_steps(const step *steps, int count) {
  int sum = 0;
  for (int i = 0; i < count; i++) {
    int x = i;
    for (int j = 0; j < N_STEPS; j++) x = steps[j].apply(&steps[j], x);
    sum = (sum * 31 + x) % 1000003;
  }
  return sum;
}

static int count_if(int count, const test *t) {
  int found = 0;
  for (int i = 0; i < count; i++)
    if (t->holds(t, i * 37 % RANGE)) found++;
  return found;
}

/* One round of steps and tests of `variety` kinds from `kind` on. */
static int run_round(int kind, int variety) {
  step steps[N_STEPS];
  for (int i = 0; i < N_STEPS; i++) steps[i] = make_step((kind + i % variety) % KINDS, 5 * i + 3);
  int sum = run_steps(steps, 1000);
  for (int i = 0; i < N_TESTS; i++) {
    test t = make_test((kind + i % variety) % KINDS, 7 * i + 5);
    sum = (sum * 31 + count_if(1000, &t)) % 1000003;
  }
  return sum;
}

static bool phases(int rounds) {
  int sum = 0;
  for (int phase = 0; phase < 19; phase++) {
    int kind = phase < 16 ? phase % KINDS : 0;
    int variety = phase < KINDS || phase == 18 ? 1 : phase < 16 ? 2 : phase == 16 ? 4 : KINDS;
    int first = run_round(kind, variety);
    for (int i = 1; i < rounds; i++)
      if (run_round(kind, variety) != first) return false;
    sum = (sum * 31 + first) % 1000003;
  }
  return sum == 113807;
}

int main(int argc, char **argv) { return harness_run(argc, argv, 3, phases); }
