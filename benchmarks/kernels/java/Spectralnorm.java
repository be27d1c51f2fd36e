// Spectralnorm.java: the largest singular value of an infinite matrix; see ../rima/spectralnorm.rima.
package kernels;

import classic.Harness;
import java.util.Arrays;

public final class Spectralnorm {
  private static double a(int i, int j) {
    int diagonal = i + j;
    return 1.0 / (diagonal * (diagonal + 1) / 2 + i + 1);
  }

  private static void multiply(double[] v, double[] product) {
    for (int i = 0; i < v.length; i++) {
      double sum = 0.0;
      for (int j = 0; j < v.length; j++) sum += a(i, j) * v[j];
      product[i] = sum;
    }
  }

  private static void multiplyTransposed(double[] v, double[] product) {
    for (int i = 0; i < v.length; i++) {
      double sum = 0.0;
      for (int j = 0; j < v.length; j++) sum += a(j, i) * v[j];
      product[i] = sum;
    }
  }

  private static double spectralNorm(int n) {
    double[] u = new double[n];
    double[] v = new double[n];
    double[] between = new double[n];
    Arrays.fill(u, 1.0);
    for (int round = 0; round < 10; round++) {
      multiply(u, between);
      multiplyTransposed(between, v);
      multiply(v, between);
      multiplyTransposed(between, u);
    }
    double uv = 0.0;
    double vv = 0.0;
    for (int i = 0; i < n; i++) {
      uv += u[i] * v[i];
      vv += v[i] * v[i];
    }
    return Math.sqrt(uv / vv);
  }

  private static boolean isRight(int n) {
    double norm = spectralNorm(n);
    return switch (n) {
      case 100 -> norm == 1.2742199912349306;
      case 300 -> norm == 1.2742239856297708;
      default -> Math.abs(norm - 1.274224153) < 1.0 / n;
    };
  }

  public static void main(String[] args) {
    Harness.run(args, 300, Spectralnorm::isRight);
  }
}
