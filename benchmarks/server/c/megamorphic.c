/* megamorphic.c: a machine whose instructions are objects of sixteen kinds; see ../rima/megamorphic.rima.

   An object begins with a pointer to the functions of its kind. */
#include "harness.h"
#include "som.h"
#include <stdint.h>

enum { RANGE = 65536, N_CELLS = 64, N_KINDS = 16, LENGTH = 500 };

typedef struct {
  int a, b, spent;
  int memory[N_CELLS];
} machine;

typedef struct instruction instruction;

typedef struct {
  void (*execute)(const instruction *i, machine *m);
  int (*cost)(const instruction *i);
} functions;

struct instruction {
  const functions *functions;
  int x, y, z;
};

static void constant(const instruction *i, machine *m) { m->a = i->x; }

static int constant_cost(const instruction *i) {
  (void)i;
  return 1;
}

static void load(const instruction *i, machine *m) { m->a = m->memory[i->x]; }

static int load_cost(const instruction *i) {
  (void)i;
  return 3;
}

static void store(const instruction *i, machine *m) { m->memory[i->x] = m->a; }

static int store_cost(const instruction *i) {
  (void)i;
  return 3;
}

static void load_at(const instruction *i, machine *m) {
  (void)i;
  m->a = m->memory[m->b % N_CELLS];
}

static int load_at_cost(const instruction *i) {
  (void)i;
  return 4;
}

static void store_at(const instruction *i, machine *m) {
  (void)i;
  m->memory[m->b % N_CELLS] = m->a;
}

static int store_at_cost(const instruction *i) {
  (void)i;
  return 4;
}

static void exchange(const instruction *i, machine *m) {
  (void)i;
  int held = m->a;
  m->a = m->b;
  m->b = held;
}

static int exchange_cost(const instruction *i) {
  (void)i;
  return 2;
}

static void add(const instruction *i, machine *m) {
  (void)i;
  m->a = (m->a + m->b) % RANGE;
}

static int add_cost(const instruction *i) {
  (void)i;
  return 1;
}

static void subtract(const instruction *i, machine *m) {
  (void)i;
  m->a = (m->a + RANGE - m->b) % RANGE;
}

static int subtract_cost(const instruction *i) {
  (void)i;
  return 1;
}

static void multiply(const instruction *i, machine *m) {
  (void)i;
  m->a = (int)((int64_t)m->a * m->b % RANGE);
}

static int multiply_cost(const instruction *i) {
  (void)i;
  return 3;
}

static void divide(const instruction *i, machine *m) {
  (void)i;
  m->a = m->a / (m->b % 16 + 1);
}

static int divide_cost(const instruction *i) {
  (void)i;
  return 20;
}

static void increment(const instruction *i, machine *m) { m->b = (m->b + i->x) % RANGE; }

static int increment_cost(const instruction *i) {
  (void)i;
  return 1;
}

static void larger(const instruction *i, machine *m) {
  (void)i;
  if (m->b > m->a) m->a = m->b;
}

static int larger_cost(const instruction *i) {
  (void)i;
  return 2;
}

static void smaller(const instruction *i, machine *m) {
  (void)i;
  if (m->b < m->a) m->a = m->b;
}

static int smaller_cost(const instruction *i) {
  (void)i;
  return 2;
}

static void rotate(const instruction *i, machine *m) { m->a = m->a % i->x * (RANGE / i->x) + m->a / i->x; }

static int rotate_cost(const instruction *i) {
  (void)i;
  return 2;
}

static void choose(const instruction *i, machine *m) { m->b = (m->b + (m->a < i->x ? i->y : i->z)) % RANGE; }

static int choose_cost(const instruction *i) {
  (void)i;
  return 3;
}

static void sum(const instruction *i, machine *m) {
  for (int at = i->x; at < i->x + 4; at++) m->a = (m->a + m->memory[at]) % RANGE;
}

static int sum_cost(const instruction *i) {
  (void)i;
  return 12;
}

static const functions kinds[N_KINDS] = {
    {constant, constant_cost}, {load, load_cost},           {store, store_cost},
    {load_at, load_at_cost},   {store_at, store_at_cost},   {exchange, exchange_cost},
    {add, add_cost},           {subtract, subtract_cost},   {multiply, multiply_cost},
    {divide, divide_cost},     {increment, increment_cost}, {larger, larger_cost},
    {smaller, smaller_cost},   {rotate, rotate_cost},       {choose, choose_cost},
    {sum, sum_cost},
};

static instruction make_instruction(int kind, int k) {
  instruction i = {.functions = &kinds[kind]};
  switch (kind) {
  case 0: i.x = k * 97; break;
  case 1:
  case 2: i.x = k % N_CELLS; break;
  case 10: i.x = k + 1; break;
  case 13: i.x = k % 2 == 0 ? 16 : 256; break;
  case 14: i = (instruction){i.functions, k * 128, 3, 11}; break;
  case 15: i.x = k % 60; break;
  default: break;
  }
  return i;
}

static machine run_program(const instruction *program, int times) {
  machine m = {.a = 1, .b = 2};
  for (int t = 0; t < times; t++) {
    for (int j = 0; j < LENGTH; j++) {
      const instruction *i = &program[j];
      i->functions->execute(i, &m);
      m.spent += i->functions->cost(i);
    }
  }
  return m;
}

static bool is_right(void) {
  random_source random = RANDOM_START;
  instruction program[LENGTH];
  for (int i = 0; i < LENGTH; i++) {
    int kind = random_next(&random) / 4096;
    program[i] = make_instruction(kind, random_next(&random) / 128);
  }
  machine m = run_program(program, 50);
  int sum = m.a * 7 + m.b;
  for (int i = 0; i < N_CELLS; i++) sum = (sum * 31 + m.memory[i]) % 1000003;
  return sum == 605189 && m.spent == 101450;
}

static bool megamorphic(int repeats) {
  for (int i = 0; i < repeats; i++)
    if (!is_right()) return false;
  return true;
}

int main(int argc, char **argv) { return harness_run(argc, argv, 10, megamorphic); }
