/* fft.c: a fast Fourier transform and back; see ../rima/fft.rima. */
#include "harness.h"
#include "som.h"
#include <math.h>
#include <stdlib.h>

enum { N = 1024 };

typedef struct {
  double re, im;
} complex_number;

static complex_number times(complex_number a, complex_number b) {
  return (complex_number){a.re * b.re - a.im * b.im, a.re * b.im + a.im * b.re};
}

/* The first half of the Nth roots of one: the quarter turn, its half and so on, and their products. */
static void find_roots(complex_number roots[N / 2]) {
  roots[0] = (complex_number){1.0, 0.0};
  complex_number turn = {0.0, 1.0};
  for (int step = N / 4; step > 0; step /= 2) {
    for (int i = 0; i < N / 2; i += 2 * step) roots[i + step] = times(roots[i], turn);
    double cosine = sqrt((1.0 + turn.re) / 2.0);
    turn = (complex_number){cosine, turn.im / (2.0 * cosine)};
  }
}

static void reverse_bits(complex_number data[N]) {
  int j = 0;
  for (int i = 0; i < N - 1; i++) {
    if (i < j) {
      complex_number held = data[i];
      data[i] = data[j];
      data[j] = held;
    }
    int bit = N / 2;
    while (bit <= j) {
      j -= bit;
      bit /= 2;
    }
    j += bit;
  }
}

/* `sign` is 1 for the transform and -1 for its inverse (times N). */
static void transform(complex_number data[N], const complex_number roots[N / 2], double sign) {
  reverse_bits(data);
  for (int span = 1; span < N; span *= 2) {
    int stride = N / (2 * span);
    for (int start = 0; start < N; start += 2 * span) {
      for (int k = 0; k < span; k++) {
        complex_number root = roots[k * stride];
        root.im *= sign;
        complex_number *even = &data[start + k], *odd = even + span;
        complex_number turned = times(root, *odd);
        *odd = (complex_number){even->re - turned.re, even->im - turned.im};
        *even = (complex_number){even->re + turned.re, even->im + turned.im};
      }
    }
  }
}

static double energy(const complex_number data[N]) {
  double sum = 0.0;
  for (int i = 0; i < N; i++) sum += data[i].re * data[i].re + data[i].im * data[i].im;
  return sum;
}

/* The largest difference between the data divided by N and the original. */
static double largest_error(const complex_number data[N], const complex_number original[N]) {
  double largest = 0.0;
  for (int i = 0; i < N; i++) {
    largest = fmax(largest, fabs(data[i].re / N - original[i].re));
    largest = fmax(largest, fabs(data[i].im / N - original[i].im));
  }
  return largest;
}

static bool fft(int repeats) {
  random_source random = RANDOM_START;
  complex_number roots[N / 2], original[N], data[N];
  find_roots(roots);
  for (int i = 0; i < N; i++) {
    original[i].re = random_next(&random) / 65536.0;
    original[i].im = random_next(&random) / 65536.0;
  }
  for (int i = 0; i < repeats; i++) {
    for (int j = 0; j < N; j++) data[j] = original[j];
    transform(data, roots, 1.0);
    if (energy(data) != 728267.57202148577) return false;
    transform(data, roots, -1.0);
    if (largest_error(data, original) > 1e-14) return false;
  }
  return true;
}

int main(int argc, char **argv) { return harness_run(argc, argv, 100, fft); }
