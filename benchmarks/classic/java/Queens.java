// Queens.java: places eight queens by backtracking; see ../rima/queens.rima.
package classic;

import java.util.Arrays;

public final class Queens {
  private static final class Board {
    private final boolean[] rows = allFree(8);
    private final boolean[] rising = allFree(16);
    private final boolean[] falling = allFree(16);
    private final int[] columns = new int[8];

    private static boolean[] allFree(int length) {
      boolean[] flags = new boolean[length];
      Arrays.fill(flags, true);
      return flags;
    }

    boolean solve() {
      return place(0);
    }

    private boolean place(int column) {
      for (int row = 0; row < 8; row++) {
        if (isFree(row, column)) {
          columns[row] = column;
          mark(row, column, false);
          if (column == 7 || place(column + 1)) return true;
          mark(row, column, true);
        }
      }
      return false;
    }

    private boolean isFree(int row, int column) {
      return rows[row] && rising[column + row] && falling[column - row + 7];
    }

    private void mark(int row, int column, boolean isFree) {
      rows[row] = isFree;
      rising[column + row] = isFree;
      falling[column - row + 7] = isFree;
    }
  }

  private static boolean queens(int repeats) {
    for (int i = 0; i < repeats; i++) {
      if (!new Board().solve()) return false;
    }
    return true;
  }

  public static void main(String[] args) {
    Harness.run(args, 200, Queens::queens);
  }
}
