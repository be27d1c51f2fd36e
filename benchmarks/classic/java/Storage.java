// Storage.java: builds a tree of arrays to keep the allocator busy; see ../rima/storage.rima.
package classic;

import classic.Som.Random;

public final class Storage {
  private static final class TreeBuilder {
    int count = 0;
    private final Random random = new Random();

    Object build(int depth) {
      count++;
      if (depth == 1) return leaf(random.next() % 10 + 1);
      Object[] node = new Object[4];
      for (int i = 0; i < node.length; i++) node[i] = build(depth - 1);
      return node;
    }

    private int[] leaf(int length) {
      int[] items = new int[length];
      for (int i = 0; i < length; i++) items[i] = i;
      return items;
    }
  }

  private static boolean storage(int repeats) {
    for (int i = 0; i < repeats; i++) {
      TreeBuilder builder = new TreeBuilder();
      builder.build(7);
      if (builder.count != 5461) return false;
    }
    return true;
  }

  public static void main(String[] args) {
    Harness.run(args, 30, Storage::storage);
  }
}
