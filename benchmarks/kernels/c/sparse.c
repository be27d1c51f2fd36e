/* sparse.c: a sparse matrix times a vector, again and again; see ../rima/sparse.rima. */
#include "harness.h"
#include "som.h"
#include <stdlib.h>
#include <string.h>

enum { N = 1000, BY_ROW = 5, N_STEPS = 20 };

/* The values of a row add up to one. */
static const double weights[BY_ROW] = {0.5, 0.25, 0.125, 0.0625, 0.0625};

/* The entries of row i are those from starts[i] to starts[i + 1]. */
typedef struct {
  int starts[N + 1];
  int columns[N * BY_ROW];
  double values[N * BY_ROW];
} matrix;

static void matrix_init(matrix *m, random_source *random) {
  m->starts[0] = 0;
  for (int i = 0; i < N; i++) {
    for (int k = 0; k < BY_ROW; k++) {
      m->columns[i * BY_ROW + k] = random_next(random) % N;
      m->values[i * BY_ROW + k] = weights[k];
    }
    m->starts[i + 1] = (i + 1) * BY_ROW;
  }
}

static void multiply(const matrix *m, const double *x, double *product) {
  for (int i = 0; i < N; i++) {
    double sum = 0.0;
    for (int k = m->starts[i]; k < m->starts[i + 1]; k++) sum += m->values[k] * x[m->columns[k]];
    product[i] = sum;
  }
}

static double smoothed_sum(const matrix *m, const double start[N]) {
  double buffers[2][N];
  double *x = buffers[0], *product = buffers[1];
  memcpy(x, start, N * sizeof *x);
  for (int step = 0; step < N_STEPS; step++) {
    multiply(m, x, product);
    double *held = x;
    x = product;
    product = held;
  }
  double sum = 0.0;
  for (int i = 0; i < N; i++) sum += x[i];
  return sum;
}

static bool sparse(int repeats) {
  random_source random = RANDOM_START;
  matrix *m = get_memory(sizeof *m);
  matrix_init(m, &random);
  double start[N];
  for (int i = 0; i < N; i++) start[i] = random_next(&random) / 65536.0;
  bool is_right = true;
  for (int i = 0; i < repeats; i++)
    if (smoothed_sum(m, start) != 481.63484941876874) is_right = false;
  free(m);
  return is_right;
}

int main(int argc, char **argv) { return harness_run(argc, argv, 50, sparse); }
