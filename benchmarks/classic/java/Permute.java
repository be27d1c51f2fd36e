// Permute.java: makes all permutations of six elements; see ../rima/permute.rima.
package classic;

public final class Permute {
  private static final class Permuter {
    int count = 0;
    private final int[] elements = new int[6];

    Permuter() {
      for (int i = 0; i < elements.length; i++) elements[i] = i;
    }

    void permute(int n) {
      count++;
      if (n == 0) return;
      int last = n - 1;
      permute(last);
      for (int i = last; i >= 0; i--) {
        swap(last, i);
        permute(last);
        swap(last, i);
      }
    }

    private void swap(int i, int j) {
      int held = elements[i];
      elements[i] = elements[j];
      elements[j] = held;
    }
  }

  private static boolean permute(int repeats) {
    for (int i = 0; i < repeats; i++) {
      Permuter permuter = new Permuter();
      permuter.permute(6);
      if (permuter.count != 8660) return false;
    }
    return true;
  }

  public static void main(String[] args) {
    Harness.run(args, 30, Permute::permute);
  }
}
