// Mandelbrot.java: escape times over the Mandelbrot set; see ../rima/mandelbrot.rima.
package kernels;

import classic.Harness;

public final class Mandelbrot {
  private static final int LIMIT = 1000;

  /** The steps until the point leaves, at most LIMIT. */
  private static int escapeTime(double cr, double ci) {
    double zr = 0.0;
    double zi = 0.0;
    int steps = 0;
    while (steps < LIMIT) {
      double zrzr = zr * zr;
      double zizi = zi * zi;
      if (zrzr + zizi > 4.0) break;
      zi = 2.0 * zr * zi + ci;
      zr = zrzr - zizi + cr;
      steps++;
    }
    return steps;
  }

  private static boolean mandelbrot(int size) {
    int total = 0;
    int inside = 0;
    for (int y = 0; y < size; y++) {
      double ci = 2.5 * y / size - 1.25;
      for (int x = 0; x < size; x++) {
        int steps = escapeTime(2.5 * x / size - 2.0, ci);
        total += steps;
        if (steps == LIMIT) inside++;
      }
    }
    return switch (size) {
      case 10 -> total == 30349;
      case 150 -> total == 5595328;
      case 400 -> total == 39684084;
      default -> Math.abs(6.25 * inside / size / size - 1.5066) < 5.0 / size;
    };
  }

  public static void main(String[] args) {
    Harness.run(args, 150, Mandelbrot::mandelbrot);
  }
}
