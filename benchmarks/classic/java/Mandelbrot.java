// Mandelbrot.java: the Mandelbrot set folded into a byte; see ../rima/mandelbrot.rima.
package classic;

public final class Mandelbrot {
  private static int mandelbrot(int size) {
    int folded = 0;
    int bits = 0;
    int bitCount = 0;
    for (int y = 0; y < size; y++) {
      double ci = 2.0 * y / size - 1.0;
      for (int x = 0; x < size; x++) {
        double cr = 2.0 * x / size - 1.5;
        double zrzr = 0.0;
        double zi = 0.0;
        double zizi = 0.0;
        int step = 0;
        int escaped = 0;
        while (escaped == 0 && step < 50) {
          double zr = zrzr - zizi + cr;
          zi = 2.0 * zr * zi + ci;
          zrzr = zr * zr;
          zizi = zi * zi;
          if (zrzr + zizi > 4.0) escaped = 1;
          step++;
        }
        bits = bits * 2 + escaped;
        bitCount++;
        if (bitCount == 8 || x == size - 1) {
          folded ^= bits << (8 - bitCount);
          bits = 0;
          bitCount = 0;
        }
      }
    }
    return folded;
  }

  private static int expected(int size) {
    return switch (size) {
      case 1 -> 128;
      case 50 -> 15;
      case 100 -> 239;
      case 150 -> 240;
      case 200 -> 2;
      case 500 -> 191;
      case 750 -> 50;
      default -> -1;
    };
  }

  public static void main(String[] args) {
    Harness.run(args, 100, size -> mandelbrot(size) == expected(size));
  }
}
