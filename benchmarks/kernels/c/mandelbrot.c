/* mandelbrot.c: escape times over the Mandelbrot set; see ../rima/mandelbrot.rima. */
#include "harness.h"
#include <math.h>

enum { LIMIT = 1000 };

/* The steps until the point leaves, at most LIMIT. */
static int escape_time(double cr, double ci) {
  double zr = 0.0, zi = 0.0;
  int steps = 0;
  while (steps < LIMIT) {
    double zrzr = zr * zr, zizi = zi * zi;
    if (zrzr + zizi > 4.0) break;
    zi = 2.0 * zr * zi + ci;
    zr = zrzr - zizi + cr;
    steps++;
  }
  return steps;
}

static bool mandelbrot(int size) {
  int total = 0, inside = 0;
  for (int y = 0; y < size; y++) {
    double ci = 2.5 * y / size - 1.25;
    for (int x = 0; x < size; x++) {
      int steps = escape_time(2.5 * x / size - 2.0, ci);
      total += steps;
      if (steps == LIMIT) inside++;
    }
  }
  switch (size) {
  case 10: return total == 30349;
  case 150: return total == 5595328;
  case 400: return total == 39684084;
  default: return fabs(6.25 * inside / size / size - 1.5066) < 5.0 / size;
  }
}

int main(int argc, char **argv) { return harness_run(argc, argv, 150, mandelbrot); }
