// List.java: Takeuchi's function over linked lists; see ../rima/list.rima.
package classic;

public final class List {
  private static final class Element {
    final int value;
    final Element next;

    Element(int value, Element next) {
      this.value = value;
      this.next = next;
    }

    int length() {
      return next == null ? 1 : 1 + next.length();
    }
  }

  private static Element makeList(int length) {
    return length == 0 ? null : new Element(length, makeList(length - 1));
  }

  private static boolean isShorter(Element left, Element right) {
    Element a = left;
    for (Element b = right; b != null; b = b.next) {
      if (a == null) return true;
      a = a.next;
    }
    return false;
  }

  private static Element tail(Element x, Element y, Element z) {
    if (isShorter(y, x)) {
      return tail(tail(x.next, y, z), tail(y.next, z, x), tail(z.next, x, y));
    }
    return z;
  }

  private static boolean list(int repeats) {
    for (int i = 0; i < repeats; i++) {
      Element result = tail(makeList(15), makeList(10), makeList(6));
      if (result == null || result.length() != 10) return false;
    }
    return true;
  }

  public static void main(String[] args) {
    Harness.run(args, 20, List::list);
  }
}
