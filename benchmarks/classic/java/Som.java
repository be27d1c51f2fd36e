// Som.java: the small collections that the classic programs bring along; see ../rima/som.rima.
//
// Invariant: the algorithms are those of som.rima. Numbers are held unboxed there, so that each collection of numbers
// is a class of its own here.
package classic;

public final class Som {
  private Som() {}

  /** Pseudo-random integers in 0..65536, the same sequence in every language. */
  public static final class Random {
    private int seed = 74755;

    public int next() {
      seed = (seed * 1309 + 13849) % 65536;
      return seed;
    }
  }

  /** A growable sequence that also serves as a queue: elements leave at either end. */
  public static final class Vector<T> {
    private Object[] storage;
    private int first = 0;
    private int last = 0;

    public Vector() {
      this(16);
    }

    public Vector(int capacity) {
      storage = new Object[capacity];
    }

    public int size() {
      return last - first;
    }

    public boolean isEmpty() {
      return last == first;
    }

    @SuppressWarnings("unchecked")
    public T at(int index) {
      return (T) storage[first + index];
    }

    public void put(int index, T value) {
      storage[first + index] = value;
    }

    public void append(T value) {
      if (last == storage.length) grow();
      storage[last] = value;
      last++;
    }

    private void grow() {
      Object[] larger = new Object[2 * storage.length];
      System.arraycopy(storage, first, larger, 0, last - first);
      storage = larger;
      last -= first;
      first = 0;
    }

    @SuppressWarnings("unchecked")
    public T removeFirst() {
      T value = (T) storage[first];
      first++;
      return value;
    }

    @SuppressWarnings("unchecked")
    public T removeLast() {
      last--;
      return (T) storage[last];
    }

    /** Removes every occurrence of this very object. */
    public void remove(T value) {
      int kept = first;
      for (int i = first; i < last; i++) {
        Object element = storage[i];
        if (element != value) {
          storage[kept] = element;
          kept++;
        }
      }
      last = kept;
    }

    public void clear() {
      first = 0;
      last = 0;
    }
  }

  /** A growable sequence of numbers. */
  public static final class IntVector {
    private int[] storage = new int[16];
    private int count = 0;

    public int size() {
      return count;
    }

    public int at(int index) {
      return storage[index];
    }

    public void append(int value) {
      if (count == storage.length) storage = java.util.Arrays.copyOf(storage, 2 * count);
      storage[count] = value;
      count++;
    }
  }

  /** A set of a few numbers, searched from the front. */
  public static final class IntSet {
    private final IntVector items = new IntVector();

    public int size() {
      return items.size();
    }

    public int at(int index) {
      return items.at(index);
    }

    public boolean contains(int value) {
      for (int i = 0; i < items.size(); i++) {
        if (items.at(i) == value) return true;
      }
      return false;
    }

    public void add(int value) {
      if (!contains(value)) items.append(value);
    }
  }

  /** A set of objects told apart by identity, searched from the front. */
  public static final class IdentitySet<T> {
    private final Vector<T> items = new Vector<>();

    public int size() {
      return items.size();
    }

    public T at(int index) {
      return items.at(index);
    }

    public boolean contains(T value) {
      for (int i = 0; i < items.size(); i++) {
        if (items.at(i) == value) return true;
      }
      return false;
    }

    public void add(T value) {
      if (!contains(value)) items.append(value);
    }
  }

  /** What may be a key of an IdentityIntDictionary: knows a number, at least 0, that is always the same. */
  public interface Keyed {
    int keyHash();
  }

  /** A chained hash table from keys told apart by identity to numbers. */
  public static final class IdentityIntDictionary<K extends Keyed> {
    private static final class Entry<K> {
      final K key;
      final int hash;
      int value;
      Entry<K> next;

      Entry(K key, int hash, int value, Entry<K> next) {
        this.key = key;
        this.hash = hash;
        this.value = value;
        this.next = next;
      }
    }

    private Entry<K>[] buckets = newBuckets(16);
    private int count = 0;

    @SuppressWarnings("unchecked")
    private static <K> Entry<K>[] newBuckets(int length) {
      return (Entry<K>[]) new Entry<?>[length];
    }

    public int size() {
      return count;
    }

    public int at(K key, int absent) {
      int hash = key.keyHash();
      for (Entry<K> entry = buckets[hash % buckets.length]; entry != null; entry = entry.next) {
        if (entry.hash == hash && entry.key == key) return entry.value;
      }
      return absent;
    }

    public void put(K key, int value) {
      int hash = key.keyHash();
      int index = hash % buckets.length;
      for (Entry<K> entry = buckets[index]; entry != null; entry = entry.next) {
        if (entry.hash == hash && entry.key == key) {
          entry.value = value;
          return;
        }
      }
      buckets[index] = new Entry<>(key, hash, value, buckets[index]);
      count++;
      if (count > buckets.length) grow();
    }

    private void grow() {
      Entry<K>[] old = buckets;
      buckets = newBuckets(2 * old.length);
      for (Entry<K> head : old) {
        Entry<K> entry = head;
        while (entry != null) {
          Entry<K> next = entry.next;
          int index = entry.hash % buckets.length;
          entry.next = buckets[index];
          buckets[index] = entry;
          entry = next;
        }
      }
    }
  }
}
