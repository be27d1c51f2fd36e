/* matmul.c: the product of two square matrices; see ../rima/matmul.rima. */
#include "harness.h"
#include "som.h"
#include <stdlib.h>

/* Quarters below 16: all sums and products of the program are exact. */
static double *random_quarters(random_source *random, int count) {
  double *values = get_memory((size_t)count * sizeof *values);
  for (int i = 0; i < count; i++) {
    int r = random_next(random);
    values[i] = (r - r % 1024) / 4096.0;
  }
  return values;
}

static double *multiply(const double *restrict a, const double *restrict b, int n) {
  double *restrict c = get_zeroed((size_t)n * (size_t)n, sizeof *c);
  for (int i = 0; i < n; i++) {
    for (int k = 0; k < n; k++) {
      double factor = a[i * n + k];
      for (int j = 0; j < n; j++) c[i * n + j] += factor * b[k * n + j];
    }
  }
  return c;
}

static double *apply(const double *a, const double *v, int n) {
  double *product = get_memory((size_t)n * sizeof *product);
  for (int i = 0; i < n; i++) {
    double sum = 0.0;
    for (int j = 0; j < n; j++) sum += a[i * n + j] * v[j];
    product[i] = sum;
  }
  return product;
}

/* Whether (a b) v = a (b v): Freivalds' check. */
static bool matmul(int n) {
  random_source random = RANDOM_START;
  double *a = random_quarters(&random, n * n), *b = random_quarters(&random, n * n);
  double *v = random_quarters(&random, n);
  double *c = multiply(a, b, n);
  double *left = apply(c, v, n), *inner = apply(b, v, n), *right = apply(a, inner, n);
  bool is_right = true;
  for (int i = 0; i < n; i++)
    if (left[i] != right[i]) is_right = false;
  double *all[] = {a, b, v, c, left, inner, right};
  for (size_t i = 0; i < sizeof all / sizeof *all; i++) free(all[i]);
  return is_right;
}

int main(int argc, char **argv) { return harness_run(argc, argv, 200, matmul); }
