// Cd.java: finds collisions in simulated air traffic; see ../rima/cd.rima.
package classic;

import classic.Som.Vector;

public final class Cd {
  private static final double LOW = 0.0;
  private static final double HIGH = 1000.0;
  private static final double CEILING = 10.0;
  private static final double RADIUS = 1.0; // of the sphere that an aircraft must keep free
  private static final double CELL = 2.0; // the side of a square of the map

  private static int order(double a, double b) {
    return a < b ? -1 : a > b ? 1 : 0;
  }

  private static final class CallSign implements Comparable<CallSign> {
    final int value;

    CallSign(int value) {
      this.value = value;
    }

    @Override
    public int compareTo(CallSign other) {
      return value < other.value ? -1 : value > other.value ? 1 : 0;
    }
  }

  private static final class Vector2 implements Comparable<Vector2> {
    final double x;
    final double y;

    Vector2(double x, double y) {
      this.x = x;
      this.y = y;
    }

    Vector2 plus(Vector2 other) {
      return new Vector2(x + other.x, y + other.y);
    }

    Vector2 minus(Vector2 other) {
      return new Vector2(x - other.x, y - other.y);
    }

    @Override
    public int compareTo(Vector2 other) {
      int byX = order(x, other.x);
      return byX != 0 ? byX : order(y, other.y);
    }
  }

  private static final class Vector3 {
    final double x;
    final double y;
    final double z;

    Vector3(double x, double y, double z) {
      this.x = x;
      this.y = y;
      this.z = z;
    }

    Vector3 plus(Vector3 other) {
      return new Vector3(x + other.x, y + other.y, z + other.z);
    }

    Vector3 minus(Vector3 other) {
      return new Vector3(x - other.x, y - other.y, z - other.z);
    }

    double dot(Vector3 other) {
      return x * other.x + y * other.y + z * other.z;
    }

    double squaredLength() {
      return dot(this);
    }

    double length() {
      return Math.sqrt(dot(this));
    }

    Vector3 scaled(double factor) {
      return new Vector3(x * factor, y * factor, z * factor);
    }
  }

  private static final class TreeNode<K, V> {
    final K key;
    V value;
    TreeNode<K, V> parent;
    TreeNode<K, V> left = null;
    TreeNode<K, V> right = null;
    boolean isRed = true;

    TreeNode(K key, V value, TreeNode<K, V> parent) {
      this.key = key;
      this.value = value;
      this.parent = parent;
    }
  }

  /** A balanced search tree: no red node has a red child, every way down meets as many black nodes. */
  private static final class RedBlackTree<K extends Comparable<K>, V> {
    private TreeNode<K, V> root = null;

    V get(K key) {
      TreeNode<K, V> node = root;
      while (node != null) {
        int order = key.compareTo(node.key);
        if (order == 0) return node.value;
        node = order < 0 ? node.left : node.right;
      }
      return null;
    }

    /** Sets the value of a key and returns the one before. */
    V put(K key, V value) {
      TreeNode<K, V> parent = null;
      TreeNode<K, V> node = root;
      int order = 0;
      while (node != null) {
        order = key.compareTo(node.key);
        if (order == 0) {
          V before = node.value;
          node.value = value;
          return before;
        }
        parent = node;
        node = order < 0 ? node.left : node.right;
      }
      TreeNode<K, V> added = new TreeNode<>(key, value, parent);
      if (parent == null) {
        root = added;
      } else if (order < 0) {
        parent.left = added;
      } else {
        parent.right = added;
      }
      rebalance(added);
      return null;
    }

    /** Mends a red node under a red node, moving the fault upwards until it is gone. */
    private void rebalance(TreeNode<K, V> added) {
      TreeNode<K, V> node = added;
      while (node.parent != null && node.parent.isRed) {
        TreeNode<K, V> parent = node.parent;
        TreeNode<K, V> grandparent = parent.parent;
        boolean isLeft = parent == grandparent.left;
        TreeNode<K, V> uncle = isLeft ? grandparent.right : grandparent.left;
        if (uncle != null && uncle.isRed) {
          parent.isRed = false;
          uncle.isRed = false;
          grandparent.isRed = true;
          node = grandparent;
        } else if (isLeft) {
          if (node == parent.right) {
            node = parent;
            rotateLeft(node);
          }
          node.parent.isRed = false;
          grandparent.isRed = true;
          rotateRight(grandparent);
        } else {
          if (node == parent.left) {
            node = parent;
            rotateRight(node);
          }
          node.parent.isRed = false;
          grandparent.isRed = true;
          rotateLeft(grandparent);
        }
      }
      root.isRed = false;
    }

    private void rotateLeft(TreeNode<K, V> node) {
      TreeNode<K, V> child = node.right;
      TreeNode<K, V> inner = child.left;
      node.right = inner;
      if (inner != null) inner.parent = node;
      replace(node, child);
      child.left = node;
      node.parent = child;
    }

    private void rotateRight(TreeNode<K, V> node) {
      TreeNode<K, V> child = node.left;
      TreeNode<K, V> inner = child.right;
      node.left = inner;
      if (inner != null) inner.parent = node;
      replace(node, child);
      child.right = node;
      node.parent = child;
    }

    private void replace(TreeNode<K, V> node, TreeNode<K, V> child) {
      TreeNode<K, V> parent = node.parent;
      child.parent = parent;
      if (parent == null) {
        root = child;
      } else if (parent.left == node) {
        parent.left = child;
      } else {
        parent.right = child;
      }
    }

    TreeNode<K, V> first() {
      return root == null ? null : leftmost(root);
    }

    /** The node with the next larger key. */
    TreeNode<K, V> next(TreeNode<K, V> node) {
      if (node.right != null) return leftmost(node.right);
      TreeNode<K, V> below = node;
      TreeNode<K, V> up = node.parent;
      while (up != null && below == up.right) {
        below = up;
        up = up.parent;
      }
      return up;
    }

    private TreeNode<K, V> leftmost(TreeNode<K, V> node) {
      TreeNode<K, V> here = node;
      while (here.left != null) here = here.left;
      return here;
    }
  }

  private static final class Aircraft {
    final CallSign callSign;
    final Vector3 position;

    Aircraft(CallSign callSign, Vector3 position) {
      this.callSign = callSign;
      this.position = position;
    }
  }

  private static final class Collision {
    final CallSign first;
    final CallSign second;
    final Vector3 position;

    Collision(CallSign first, CallSign second, Vector3 position) {
      this.first = first;
      this.second = second;
      this.position = position;
    }
  }

  /** The straight flight of an aircraft during one frame. */
  private static final class Motion {
    final CallSign callSign;
    final Vector3 start;
    final Vector3 end;

    Motion(CallSign callSign, Vector3 start, Vector3 end) {
      this.callSign = callSign;
      this.start = start;
      this.end = end;
    }

    /** Where the two come too near to each other; null if they do not. */
    Vector3 intersection(Motion other) {
      Vector3 move1 = end.minus(start);
      Vector3 move2 = other.end.minus(other.start);
      double a = move2.minus(move1).squaredLength();
      if (a == 0.0) {
        double distance = other.start.minus(start).length();
        return distance <= RADIUS ? start.plus(other.start).scaled(0.5) : null;
      }
      // The distance is the radius at times t where a t² + b t + c = 0.
      double b = 2.0 * start.minus(other.start).dot(move1.minus(move2));
      double c = other.start.minus(start).squaredLength() - RADIUS * RADIUS;
      double discriminant = b * b - 4.0 * a * c;
      if (discriminant < 0.0) return null;
      double root = Math.sqrt(discriminant);
      double t1 = (-b - root) / (2.0 * a);
      double t2 = (-b + root) / (2.0 * a);
      if (t1 > t2 || !touchesUnit(t1, t2)) return null;
      double t = t1 <= 0.0 ? 0.0 : t1;
      Vector3 place = start.plus(move1.scaled(t)).plus(other.start.plus(move2.scaled(t))).scaled(0.5);
      return isInside(place) ? place : null;
    }
  }

  private static boolean isInside(Vector3 p) {
    return p.x >= LOW && p.x <= HIGH && p.y >= LOW && p.y <= HIGH && p.z >= LOW && p.z <= CEILING;
  }

  /** Whether the times have the beginning or the end of the frame among them or lie within it. */
  private static boolean touchesUnit(double start, double end) {
    return start <= 1.0 && 1.0 <= end || start <= 0.0 && 0.0 <= end || 0.0 <= start && end <= 1.0;
  }

  private static final class Detector {
    private static final Vector2 ACROSS = new Vector2(CELL, 0.0);
    private static final Vector2 UPWARD = new Vector2(0.0, CELL);

    private RedBlackTree<CallSign, Vector3> positions = new RedBlackTree<>();

    /** Takes the positions of all aircraft; returns the collisions since the frame before. */
    Vector<Collision> detect(Vector<Aircraft> frame) {
      Vector<Vector<Motion>> groups = nearMotions(motionsOf(frame));
      Vector<Collision> collisions = new Vector<>();
      for (int g = 0; g < groups.size(); g++) {
        Vector<Motion> group = groups.at(g);
        for (int i = 0; i < group.size(); i++) {
          Motion one = group.at(i);
          for (int j = i + 1; j < group.size(); j++) {
            Motion other = group.at(j);
            Vector3 place = one.intersection(other);
            if (place != null) collisions.append(new Collision(one.callSign, other.callSign, place));
          }
        }
      }
      return collisions;
    }

    private Vector<Motion> motionsOf(Vector<Aircraft> frame) {
      Vector<Motion> motions = new Vector<>();
      RedBlackTree<CallSign, Vector3> seen = new RedBlackTree<>();
      for (int i = 0; i < frame.size(); i++) {
        Aircraft aircraft = frame.at(i);
        Vector3 now = aircraft.position;
        Vector3 before = positions.put(aircraft.callSign, now);
        seen.put(aircraft.callSign, now);
        motions.append(new Motion(aircraft.callSign, before == null ? now : before, now));
      }
      forgetUnseen(seen);
      return motions;
    }

    private void forgetUnseen(RedBlackTree<CallSign, Vector3> seen) {
      for (TreeNode<CallSign, Vector3> node = positions.first(); node != null; node = positions.next(node)) {
        if (seen.get(node.key) == null) {
          positions = seen;
          return;
        }
      }
    }

    /** Groups the motions that share a square of the map; those alone in theirs cannot collide. */
    private Vector<Vector<Motion>> nearMotions(Vector<Motion> motions) {
      RedBlackTree<Vector2, Vector<Motion>> map = new RedBlackTree<>();
      for (int i = 0; i < motions.size(); i++) {
        Motion motion = motions.at(i);
        spread(map, new RedBlackTree<>(), squareOf(motion.start), motion);
      }
      Vector<Vector<Motion>> groups = new Vector<>();
      for (TreeNode<Vector2, Vector<Motion>> node = map.first(); node != null; node = map.next(node)) {
        if (node.value.size() > 1) groups.append(node.value);
      }
      return groups;
    }

    private static Vector2 squareOf(Vector3 p) {
      double x = CELL * (double) (long) (p.x / CELL);
      double y = CELL * (double) (long) (p.y / CELL);
      if (p.x < 0.0) x -= CELL;
      if (p.y < 0.0) y -= CELL;
      return new Vector2(x, y);
    }

    /** Enters a motion in every square that it touches, beginning with one of them. */
    private void spread(
        RedBlackTree<Vector2, Vector<Motion>> map,
        RedBlackTree<Vector2, Vector2> seen,
        Vector2 square,
        Motion motion) {
      if (!touches(square, motion)) return;
      if (seen.put(square, square) != null) return;
      Vector<Motion> group = map.get(square);
      if (group == null) {
        group = new Vector<>();
        map.put(square, group);
      }
      group.append(motion);
      Vector2 left = square.minus(ACROSS);
      Vector2 right = square.plus(ACROSS);
      spread(map, seen, left, motion);
      spread(map, seen, right, motion);
      spread(map, seen, square.minus(UPWARD), motion);
      spread(map, seen, square.plus(UPWARD), motion);
      spread(map, seen, left.minus(UPWARD), motion);
      spread(map, seen, left.plus(UPWARD), motion);
      spread(map, seen, right.minus(UPWARD), motion);
      spread(map, seen, right.plus(UPWARD), motion);
    }

    private static boolean touches(Vector2 square, Motion motion) {
      if (square.x > HIGH || square.x < LOW || square.y > HIGH || square.y < LOW) return false;
      double x0 = motion.start.x;
      double y0 = motion.start.y;
      double dx = motion.end.x - x0;
      double dy = motion.end.y - y0;
      double margin = RADIUS / 2.0;
      // The times at which the motion crosses the four sides.
      double xIn = (square.x - margin - x0) / dx;
      double xOut = (square.x + CELL + margin - x0) / dx;
      if (dx < 0.0) {
        double swapped = xIn;
        xIn = xOut;
        xOut = swapped;
      }
      double yIn = (square.y - margin - y0) / dy;
      double yOut = (square.y + CELL + margin - y0) / dy;
      if (dy < 0.0) {
        double swapped = yIn;
        yIn = yOut;
        yOut = swapped;
      }
      if (!overlaps(square.x, x0, dx, margin) && !touchesUnit(xIn, xOut)) return false;
      if (!overlaps(square.y, y0, dy, margin) && !touchesUnit(yIn, yOut)) return false;
      if (dx == 0.0 || dy == 0.0) return true;
      return yIn <= xOut && xOut <= yOut || yIn <= xIn && xIn <= yOut || xIn <= yIn && yOut <= xOut;
    }

    /** Whether what does not move in this direction is between the sides. */
    private static boolean overlaps(double side, double at, double delta, double margin) {
      return delta == 0.0 && side <= at + margin && at - margin <= side + CELL;
    }
  }

  /** Pairs of aircraft that fly along waves. */
  private static final class Simulator {
    private final Vector<CallSign> signs;

    Simulator(int count) {
      signs = new Vector<>(count);
      for (int i = 0; i < count; i++) signs.append(new CallSign(i));
    }

    Vector<Aircraft> frame(double time) {
      Vector<Aircraft> frame = new Vector<>(signs.size());
      for (int i = 0; i < signs.size(); i += 2) {
        double lane = i * 3.0;
        frame.append(new Aircraft(signs.at(i), new Vector3(time, Math.cos(time) * 2.0 + lane, 10.0)));
        frame.append(new Aircraft(signs.at(i + 1), new Vector3(time, Math.sin(time) * 2.0 + lane, 10.0)));
      }
      return frame;
    }
  }

  private static int countCollisions(int aircraft) {
    Simulator simulator = new Simulator(aircraft);
    Detector detector = new Detector();
    int count = 0;
    for (int i = 0; i < 200; i++) count += detector.detect(simulator.frame(i / 10.0)).size();
    return count;
  }

  /** The collisions among that many aircraft; -1 where it is not known. */
  private static int expected(int aircraft) {
    return switch (aircraft) {
      case 2 -> 42;
      case 10 -> 390;
      case 100 -> 4305;
      case 200 -> 8655;
      case 250 -> 10830;
      case 500, 1000 -> 14484;
      default -> -1;
    };
  }

  public static void main(String[] args) {
    Harness.run(args, 10, size -> countCollisions(size) == expected(size));
  }
}
