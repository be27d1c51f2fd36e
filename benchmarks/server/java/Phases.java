// Phases.java: changes its mind about classes and closures; see ../rima/phases.rima.
package server;

import classic.Harness;
import java.util.function.IntPredicate;

public final class Phases {
  private static final int RANGE = 65536;
  private static final int KINDS = 8;

  private abstract static class Step {
    abstract int apply(int x);
  }

  private static final class Add extends Step {
    private final int amount;

    Add(int amount) {
      this.amount = amount;
    }

    @Override
    int apply(int x) {
      return (x + amount) % RANGE;
    }
  }

  private static final class Scale extends Step {
    private final int factor;

    Scale(int factor) {
      this.factor = factor;
    }

    @Override
    int apply(int x) {
      return x * factor % RANGE;
    }
  }

  private static final class Clamp extends Step {
    private final int low;
    private final int high;

    Clamp(int low, int high) {
      this.low = low;
      this.high = high;
    }

    @Override
    int apply(int x) {
      return x < low ? low : x > high ? high : x;
    }
  }

  private static final class Mirror extends Step {
    private final int end;

    Mirror(int end) {
      this.end = end;
    }

    @Override
    int apply(int x) {
      return x > end ? x : end - x;
    }
  }

  private static final class Fold extends Step {
    private final int size;

    Fold(int size) {
      this.size = size;
    }

    @Override
    int apply(int x) {
      return x >= size ? x - size : x;
    }
  }

  private static final class Divide extends Step {
    private final int divisor;

    Divide(int divisor) {
      this.divisor = divisor;
    }

    @Override
    int apply(int x) {
      return x / divisor;
    }
  }

  private static final class Swap extends Step {
    private final int size;

    Swap(int size) {
      this.size = size;
    }

    @Override
    int apply(int x) {
      return (x % size * (RANGE / size) + x / size) % RANGE;
    }
  }

  private static final class Lookup extends Step {
    private final int[] table;

    Lookup(int size) {
      table = new int[size];
      for (int i = 0; i < size; i++) table[i] = i * i % RANGE;
    }

    @Override
    int apply(int x) {
      return table[x % table.length];
    }
  }

  private static Step makeStep(int kind, int k) {
    return switch (kind) {
      case 0 -> new Add(k);
      case 1 -> new Scale(2 * k + 1);
      case 2 -> new Clamp(k, RANGE - k);
      case 3 -> new Mirror(RANGE - k);
      case 4 -> new Fold(RANGE / 2 + k);
      case 5 -> new Divide(1 + k % 3);
      case 6 -> new Swap(256);
      default -> new Lookup(16 + k);
    };
  }

  private static IntPredicate makeTest(int kind, int k) {
    return switch (kind) {
      case 0 -> x -> x > 50 * k;
      case 1 -> x -> x % (k % 7 + 2) == 0;
      case 2 -> x -> x < RANGE - 100 * k;
      case 3 -> x -> x / 256 > x % 256;
      case 4 -> x -> x % 10 + x / 10 % 10 > k % 18;
      case 5 -> x -> (x + k) % 3 != 0;
      case 6 -> x -> x != k;
      default -> x -> x * k % 1024 < 512;
    };
  }

  private static int runSteps(Step[] steps, int count) {
    int sum = 0;
    for (int i = 0; i < count; i++) {
      int x = i;
      for (Step step : steps) x = step.apply(x);
      sum = (sum * 31 + x) % 1000003;
    }
    return sum;
  }

  private static int countIf(int count, IntPredicate test) {
    int found = 0;
    for (int i = 0; i < count; i++) {
      if (test.test(i * 37 % RANGE)) found++;
    }
    return found;
  }

  /** One round of steps and tests of {@code variety} kinds from {@code kind} on. */
  private static int round(int kind, int variety) {
    Step[] steps = new Step[8];
    for (int i = 0; i < steps.length; i++) steps[i] = makeStep((kind + i % variety) % KINDS, 5 * i + 3);
    int sum = runSteps(steps, 1000);
    for (int i = 0; i < 4; i++) {
      IntPredicate test = makeTest((kind + i % variety) % KINDS, 7 * i + 5);
      sum = (sum * 31 + countIf(1000, test)) % 1000003;
    }
    return sum;
  }

  private static boolean phases(int rounds) {
    int sum = 0;
    for (int phase = 0; phase < 19; phase++) {
      int kind = phase < 16 ? phase % KINDS : 0;
      int variety = phase < KINDS || phase == 18 ? 1 : phase < 16 ? 2 : phase == 16 ? 4 : KINDS;
      int first = round(kind, variety);
      for (int i = 1; i < rounds; i++) {
        if (round(kind, variety) != first) return false;
      }
      sum = (sum * 31 + first) % 1000003;
    }
    return sum == 113807;
  }

  public static void main(String[] args) {
    Harness.run(args, 3, Phases::phases);
  }
}
