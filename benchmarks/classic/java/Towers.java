// Towers.java: the towers of Hanoi; see ../rima/towers.rima.
package classic;

public final class Towers {
  private static final class Disk {
    final int size;
    Disk below = null;

    Disk(int size) {
      this.size = size;
    }
  }

  private static final class Puzzle {
    int moves = 0;
    private final Disk[] piles = new Disk[3];

    void solve(int disks) {
      for (int size = disks; size > 0; size--) push(new Disk(size), 0);
      move(disks, 0, 1);
    }

    private void push(Disk disk, int pile) {
      Disk top = piles[pile];
      if (top != null && disk.size >= top.size) {
        throw new IllegalStateException("a larger disk cannot lie on a smaller one");
      }
      disk.below = top;
      piles[pile] = disk;
    }

    private Disk pop(int pile) {
      Disk top = piles[pile];
      if (top == null) throw new IllegalStateException("no disk lies here");
      piles[pile] = top.below;
      top.below = null;
      return top;
    }

    private void moveTop(int source, int target) {
      push(pop(source), target);
      moves++;
    }

    private void move(int disks, int source, int target) {
      if (disks == 1) {
        moveTop(source, target);
        return;
      }
      int spare = 3 - source - target;
      move(disks - 1, source, spare);
      moveTop(source, target);
      move(disks - 1, spare, target);
    }
  }

  private static boolean towers(int repeats) {
    for (int i = 0; i < repeats; i++) {
      Puzzle puzzle = new Puzzle();
      puzzle.solve(13);
      if (puzzle.moves != 8191) return false;
    }
    return true;
  }

  public static void main(String[] args) {
    Harness.run(args, 20, Towers::towers);
  }
}
