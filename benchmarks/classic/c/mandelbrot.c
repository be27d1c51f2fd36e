/* mandelbrot.c: the Mandelbrot set folded into a byte; see ../rima/mandelbrot.rima. */
#include "harness.h"

static int mandelbrot(int size) {
  int folded = 0, bits = 0, bit_count = 0;
  for (int y = 0; y < size; y++) {
    double ci = 2.0 * y / size - 1.0;
    for (int x = 0; x < size; x++) {
      double cr = 2.0 * x / size - 1.5;
      double zrzr = 0.0, zi = 0.0, zizi = 0.0;
      int escaped = 0;
      for (int step = 0; !escaped && step < 50; step++) {
        double zr = zrzr - zizi + cr;
        zi = 2.0 * zr * zi + ci;
        zrzr = zr * zr;
        zizi = zi * zi;
        if (zrzr + zizi > 4.0) escaped = 1;
      }
      bits = bits * 2 + escaped;
      bit_count++;
      if (bit_count == 8 || x == size - 1) {
        folded ^= bits << (8 - bit_count);
        bits = 0;
        bit_count = 0;
      }
    }
  }
  return folded;
}

static int expected(int size) {
  switch (size) {
  case 1: return 128;
  case 50: return 15;
  case 100: return 239;
  case 150: return 240;
  case 200: return 2;
  case 500: return 191;
  case 750: return 50;
  default: return -1;
  }
}

static bool is_right(int size) { return mandelbrot(size) == expected(size); }

int main(int argc, char **argv) { return harness_run(argc, argv, 100, is_right); }
