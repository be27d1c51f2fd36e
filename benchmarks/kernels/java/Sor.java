// Sor.java: successive over-relaxation on a grid; see ../rima/sor.rima.
package kernels;

import classic.Harness;
import classic.Som.Random;

public final class Sor {
  private static final int N = 100;
  private static final int SWEEPS = 10;

  private static void relax(double[][] grid, double omega) {
    double quarter = omega * 0.25;
    double rest = 1.0 - omega;
    for (int i = 1; i < N - 1; i++) {
      double[] above = grid[i - 1];
      double[] row = grid[i];
      double[] below = grid[i + 1];
      for (int j = 1; j < N - 1; j++) {
        row[j] = quarter * (above[j] + below[j] + row[j - 1] + row[j + 1]) + rest * row[j];
      }
    }
  }

  private static double relaxedSum() {
    Random random = new Random();
    double[][] grid = new double[N][N];
    for (double[] row : grid) {
      for (int j = 0; j < N; j++) row[j] = random.next() / 65536.0;
    }
    for (int sweep = 0; sweep < SWEEPS; sweep++) relax(grid, 1.25);
    double sum = 0.0;
    for (double[] row : grid) {
      for (double value : row) sum += value;
    }
    return sum;
  }

  private static boolean sor(int repeats) {
    for (int i = 0; i < repeats; i++) {
      if (relaxedSum() != 5036.9435570464284) return false;
    }
    return true;
  }

  public static void main(String[] args) {
    Harness.run(args, 20, Sor::sor);
  }
}
