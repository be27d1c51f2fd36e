// Harness.java: runs one program and reports its times; see ../rima/harness.rima.
package classic;

import java.util.function.IntPredicate;

public final class Harness {
  private Harness() {}

  /**
   * Calls {@code once} with the size as often as the arguments say and their time allows; it says whether its result was
   * right. Ends the process, with status 1 when a result was wrong.
   */
  public static void run(String[] args, int defaultSize, IntPredicate once) {
    int iterations = argument(args, 0, 1);
    int size = argument(args, 1, defaultSize);
    long budget = argument(args, 2, 0) * 1_000_000L;
    long begin = System.nanoTime();
    boolean allRight = true;
    for (int i = 0; i < iterations; i++) {
      if (i > 0 && budget > 0 && System.nanoTime() - begin >= budget) break;
      long start = System.nanoTime();
      boolean isRight = once.test(size);
      System.out.println("iteration " + (System.nanoTime() - start));
      if (!isRight) allRight = false;
    }
    System.out.println(allRight ? "ok" : "failed");
    System.exit(allRight ? 0 : 1);
  }

  private static int argument(String[] args, int index, int otherwise) {
    return index < args.length && !args[index].equals("-") ? Integer.parseInt(args[index]) : otherwise;
  }
}
