// Lru.java: a cache that forgets what was not used for longest; see ../rima/lru.rima.
package server;

import classic.Harness;
import classic.Som.Random;
import java.util.HashMap;
import java.util.Map;

public final class Lru {
  private static final int KEYS = 10000;
  private static final int CAPACITY = 1000;
  private static final int ACCESSES = 20000;

  private static final class Entry {
    final String key;
    final int value;
    Entry newer = null;
    Entry older = null;

    Entry(String key, int value) {
      this.key = key;
      this.value = value;
    }
  }

  private static final class Cache {
    int hits = 0;
    int evictions = 0;
    private final Map<String, Entry> entries = new HashMap<>();
    private Entry newest = null;
    private Entry oldest = null;

    /** The entry of a key, which is used thereby; null if there is none. */
    Entry get(String key) {
      Entry entry = entries.get(key);
      if (entry == null) return null;
      hits++;
      if (entry != newest) {
        unlink(entry);
        linkNewest(entry);
      }
      return entry;
    }

    void put(String key, int value) {
      if (entries.size() == CAPACITY) evict(oldest);
      Entry entry = new Entry(key, value);
      entries.put(key, entry);
      linkNewest(entry);
    }

    private void evict(Entry entry) {
      evictions++;
      unlink(entry);
      entries.remove(entry.key);
    }

    private void unlink(Entry entry) {
      Entry newer = entry.newer;
      Entry older = entry.older;
      if (newer == null) {
        newest = older;
      } else {
        newer.older = older;
      }
      if (older == null) {
        oldest = newer;
      } else {
        older.newer = newer;
      }
    }

    private void linkNewest(Entry entry) {
      Entry second = newest;
      entry.newer = null;
      entry.older = second;
      if (second == null) {
        oldest = entry;
      } else {
        second.newer = entry;
      }
      newest = entry;
    }
  }

  /** Draws the numbers below {@code n}, the number k in proportion to 1 / (k + 1). */
  private static final class Zipf {
    private final double[] sums;
    private final Random random = new Random();

    Zipf(int n) {
      sums = new double[n];
      double sum = 0.0;
      for (int k = 0; k < n; k++) {
        sum += 1.0 / (k + 1);
        sums[k] = sum;
      }
    }

    int next() {
      long high = random.next();
      double point = (high * 65536 + random.next()) / 4294967296.0 * sums[sums.length - 1];
      int low = 0;
      int top = sums.length - 1;
      while (low < top) {
        int middle = (low + top) / 2;
        if (sums[middle] > point) {
          top = middle;
        } else {
          low = middle + 1;
        }
      }
      return low;
    }
  }

  /** What would have to be fetched from afar. */
  private static int load(String key) {
    return key.length() * 1000 + key.charAt(key.length() - 1);
  }

  private static boolean serve(String[] keys) {
    Zipf zipf = new Zipf(KEYS);
    Cache cache = new Cache();
    int sum = 0;
    for (int i = 0; i < ACCESSES; i++) {
      String key = keys[zipf.next()];
      Entry entry = cache.get(key);
      if (entry != null) {
        sum += entry.value;
      } else {
        int value = load(key);
        cache.put(key, value);
        sum += value;
      }
    }
    return cache.hits == 12895 && cache.evictions == 6105 && sum == 250333102;
  }

  private static boolean lru(int repeats) {
    String[] keys = new String[KEYS];
    for (int k = 0; k < KEYS; k++) keys[k] = "session:" + k * 7919 % 100003;
    for (int i = 0; i < repeats; i++) {
      if (!serve(keys)) return false;
    }
    return true;
  }

  public static void main(String[] args) {
    Harness.run(args, 5, Lru::lru);
  }
}
