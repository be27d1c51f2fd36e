// Matmul.java: the product of two square matrices; see ../rima/matmul.rima.
package kernels;

import classic.Harness;
import classic.Som.Random;
import java.util.Arrays;

public final class Matmul {
  /** Quarters below 16: all sums and products of the program are exact. */
  private static double[] randomQuarters(Random random, int count) {
    double[] values = new double[count];
    for (int i = 0; i < count; i++) {
      int r = random.next();
      values[i] = (r - r % 1024) / 4096.0;
    }
    return values;
  }

  private static double[] multiply(double[] a, double[] b, int n) {
    double[] c = new double[n * n];
    for (int i = 0; i < n; i++) {
      for (int k = 0; k < n; k++) {
        double factor = a[i * n + k];
        for (int j = 0; j < n; j++) c[i * n + j] += factor * b[k * n + j];
      }
    }
    return c;
  }

  private static double[] apply(double[] a, double[] v) {
    int n = v.length;
    double[] product = new double[n];
    for (int i = 0; i < n; i++) {
      double sum = 0.0;
      for (int j = 0; j < n; j++) sum += a[i * n + j] * v[j];
      product[i] = sum;
    }
    return product;
  }

  /** Whether (a b) v = a (b v): Freivalds' check. */
  private static boolean matmul(int n) {
    Random random = new Random();
    double[] a = randomQuarters(random, n * n);
    double[] b = randomQuarters(random, n * n);
    double[] v = randomQuarters(random, n);
    double[] c = multiply(a, b, n);
    return Arrays.equals(apply(c, v), apply(a, apply(b, v)));
  }

  public static void main(String[] args) {
    Harness.run(args, 200, Matmul::matmul);
  }
}
