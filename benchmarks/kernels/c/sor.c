/* sor.c: successive over-relaxation on a grid; see ../rima/sor.rima. */
#include "harness.h"
#include "som.h"

enum { N = 100, N_SWEEPS = 10 };

static void relax(double grid[N][N], double omega) {
  double quarter = omega * 0.25, rest = 1.0 - omega;
  for (int i = 1; i < N - 1; i++) {
    const double *above = grid[i - 1], *below = grid[i + 1];
    double *row = grid[i];
    for (int j = 1; j < N - 1; j++)
      row[j] = quarter * (above[j] + below[j] + row[j - 1] + row[j + 1]) + rest * row[j];
  }
}

static double relaxed_sum(void) {
  random_source random = RANDOM_START;
  double grid[N][N];
  for (int i = 0; i < N; i++)
    for (int j = 0; j < N; j++) grid[i][j] = random_next(&random) / 65536.0;
  for (int sweep = 0; sweep < N_SWEEPS; sweep++) relax(grid, 1.25);
  double sum = 0.0;
  for (int i = 0; i < N; i++)
    for (int j = 0; j < N; j++) sum += grid[i][j];
  return sum;
}

static bool sor(int repeats) {
  for (int i = 0; i < repeats; i++)
    if (relaxed_sum() != 5036.9435570464284) return false;
  return true;
}

int main(int argc, char **argv) { return harness_run(argc, argv, 20, sor); }
