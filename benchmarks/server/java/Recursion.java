// Recursion.java: deep recursion; see ../rima/recursion.rima.
package server;

import classic.Harness;
import java.util.function.IntUnaryOperator;

public final class Recursion {
  private record Cell(int head, Cell tail) {}

  private static Cell build(int n) {
    return n == 0 ? null : new Cell(n, build(n - 1));
  }

  private static Cell mapped(Cell list, IntUnaryOperator f) {
    return list == null ? null : new Cell(f.applyAsInt(list.head), mapped(list.tail, f));
  }

  private static Cell appended(Cell first, Cell second) {
    return first == null ? second : new Cell(first.head, appended(first.tail, second));
  }

  private static int fold(Cell list) {
    return list == null ? 7 : (list.head + 31 * fold(list.tail)) % 1009;
  }

  private static int ping(int n) {
    return n == 0 ? 1 : (3 * pong(n - 1) + n) % 1009;
  }

  private static int pong(int n) {
    return n == 0 ? 2 : (5 * ping(n - 1) + 1) % 1009;
  }

  private static int ackermann(int m, int n) {
    if (m == 0) return n + 1;
    if (n == 0) return ackermann(m - 1, 1);
    return ackermann(m - 1, ackermann(m, n - 1));
  }

  /** Reads parentheses with names and more parentheses within. */
  private static final class Parser {
    private final String text;
    private int deepest = 0;
    private int at = 0;

    Parser(String text) {
      this.text = text;
    }

    /** How many names there are, each counted once for every pair around it, modulo 1009. */
    int group(int depth) {
      if (depth > deepest) deepest = depth;
      int weight = 0;
      while (at < text.length()) {
        char c = text.charAt(at++);
        if (c == ')') break;
        weight = (weight + (c == '(' ? group(depth + 1) : depth)) % 1009;
      }
      return weight * 3 % 1009;
    }
  }

  private static boolean isRight(String text) {
    Cell list = appended(mapped(build(2000), x -> x * 3 + 1), mapped(build(4000), x -> x % 17));
    Parser parser = new Parser(text);
    int weight = parser.group(0);
    return fold(list) == 293 && ping(4000) == 427 && weight == 442 && parser.deepest == 2000
        && ackermann(2, 150) == 303;
  }

  private static boolean recursion(int repeats) {
    String text = "(a".repeat(2000) + "b)".repeat(2000);
    for (int i = 0; i < repeats; i++) {
      if (!isRight(text)) return false;
    }
    return true;
  }

  public static void main(String[] args) {
    Harness.run(args, 10, Recursion::recursion);
  }
}
