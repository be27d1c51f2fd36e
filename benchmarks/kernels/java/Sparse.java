// Sparse.java: a sparse matrix times a vector, again and again; see ../rima/sparse.rima.
package kernels;

import classic.Harness;
import classic.Som.Random;

public final class Sparse {
  private static final int N = 1000;
  private static final int BY_ROW = 5;
  private static final int STEPS = 20;
  private static final double[] WEIGHTS = {0.5, 0.25, 0.125, 0.0625, 0.0625}; // of a row; they add up to one

  /** The entries of row i are those from starts[i] to starts[i + 1]. */
  private static final class Matrix {
    private final int[] starts = new int[N + 1];
    private final int[] columns = new int[N * BY_ROW];
    private final double[] values = new double[N * BY_ROW];

    Matrix(Random random) {
      for (int i = 0; i < N; i++) {
        for (int k = 0; k < BY_ROW; k++) {
          columns[i * BY_ROW + k] = random.next() % N;
          values[i * BY_ROW + k] = WEIGHTS[k];
        }
        starts[i + 1] = (i + 1) * BY_ROW;
      }
    }

    void multiply(double[] x, double[] product) {
      for (int i = 0; i < N; i++) {
        double sum = 0.0;
        for (int k = starts[i]; k < starts[i + 1]; k++) sum += values[k] * x[columns[k]];
        product[i] = sum;
      }
    }
  }

  private static double smoothedSum(Matrix matrix, double[] start) {
    double[] x = start.clone();
    double[] product = new double[N];
    for (int step = 0; step < STEPS; step++) {
      matrix.multiply(x, product);
      double[] held = x;
      x = product;
      product = held;
    }
    double sum = 0.0;
    for (double value : x) sum += value;
    return sum;
  }

  private static boolean sparse(int repeats) {
    Random random = new Random();
    Matrix matrix = new Matrix(random);
    double[] start = new double[N];
    for (int i = 0; i < N; i++) start[i] = random.next() / 65536.0;
    for (int i = 0; i < repeats; i++) {
      if (smoothedSum(matrix, start) != 481.63484941876874) return false;
    }
    return true;
  }

  public static void main(String[] args) {
    Harness.run(args, 50, Sparse::sparse);
  }
}
