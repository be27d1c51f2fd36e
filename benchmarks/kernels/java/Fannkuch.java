// Fannkuch.java: flips pancakes in every order; see ../rima/fannkuch.rima.
package kernels;

import classic.Harness;

public final class Fannkuch {
  private final int n;
  private final int[] order;
  private final int[] turns;
  private final int[] pile;
  private int checksum = 0;
  private int mostFlips = 0;

  private Fannkuch(int n) {
    this.n = n;
    order = new int[n];
    turns = new int[n];
    pile = new int[n];
    for (int i = 0; i < n; i++) order[i] = i;
    boolean isEven = true;
    do {
      int count = flip();
      if (count > mostFlips) mostFlips = count;
      checksum += isEven ? count : -count;
      isEven = !isEven;
    } while (nextOrder());
  }

  /** Turns over the first k + 1, where k is the first, until the first is 0; returns how often. */
  private int flip() {
    int[] pile = this.pile;
    for (int i = 0; i < n; i++) pile[i] = order[i];
    int count = 0;
    for (int k = pile[0]; k != 0; k = pile[0]) {
      for (int i = 0, j = k; i < j; i++, j--) {
        int held = pile[i];
        pile[i] = pile[j];
        pile[j] = held;
      }
      count++;
    }
    return count;
  }

  /**
   * Sets the next order: turns the first two, three, … round by one until one of these has not come full circle. False
   * after the last.
   */
  private boolean nextOrder() {
    for (int r = 1; r < n; r++) {
      int first = order[0];
      for (int i = 0; i < r; i++) order[i] = order[i + 1];
      order[r] = first;
      turns[r]++;
      if (turns[r] <= r) return true;
      turns[r] = 0;
    }
    return false;
  }

  private boolean is(int checksum, int mostFlips) {
    return this.checksum == checksum && this.mostFlips == mostFlips;
  }

  private static boolean isRight(int n) {
    return switch (n) {
      case 6 -> new Fannkuch(n).is(49, 10);
      case 7 -> new Fannkuch(n).is(228, 16);
      case 8 -> new Fannkuch(n).is(1616, 22);
      case 9 -> new Fannkuch(n).is(8629, 30);
      case 10 -> new Fannkuch(n).is(73196, 38);
      case 11 -> new Fannkuch(n).is(556355, 51);
      case 12 -> new Fannkuch(n).is(3968050, 65);
      default -> false;
    };
  }

  public static void main(String[] args) {
    Harness.run(args, 9, Fannkuch::isRight);
  }
}
