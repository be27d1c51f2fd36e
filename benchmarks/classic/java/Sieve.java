// Sieve.java: counts the primes up to 5000; see ../rima/sieve.rima.
package classic;

import java.util.Arrays;

public final class Sieve {
  private static int countPrimes(int limit) {
    boolean[] flags = new boolean[limit + 1];
    Arrays.fill(flags, 2, limit + 1, true);
    int count = 0;
    for (int i = 2; i <= limit; i++) {
      if (flags[i]) {
        count++;
        for (int multiple = i + i; multiple <= limit; multiple += i) flags[multiple] = false;
      }
    }
    return count;
  }

  private static boolean sieve(int repeats) {
    for (int i = 0; i < repeats; i++) {
      if (countPrimes(5000) != 669) return false;
    }
    return true;
  }

  public static void main(String[] args) {
    Harness.run(args, 100, Sieve::sieve);
  }
}
