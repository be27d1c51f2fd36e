// Havlak.java: finds the nested loops of a large control flow graph; see ../rima/havlak.rima.
package classic;

import classic.Som.IdentityIntDictionary;
import classic.Som.IdentitySet;
import classic.Som.IntSet;
import classic.Som.IntVector;
import classic.Som.Keyed;
import classic.Som.Vector;

public final class Havlak {
  private static final class Block implements Keyed {
    final int name;
    final Vector<Block> sources = new Vector<>(2);
    final Vector<Block> targets = new Vector<>(2);

    Block(int name) {
      this.name = name;
    }

    @Override
    public int keyHash() {
      return name;
    }
  }

  private static final class Graph {
    final Vector<Block> blocks = new Vector<>();

    Block start() {
      return blocks.at(0);
    }

    /** The block of that name, made if there is none. Names are given in sequence. */
    Block block(int name) {
      while (blocks.size() <= name) blocks.append(new Block(blocks.size()));
      return blocks.at(name);
    }

    void connect(int source, int target) {
      Block from = block(source);
      Block to = block(target);
      from.targets.append(to);
      to.sources.append(from);
    }

    int straight(int start, int length) {
      for (int i = 0; i < length; i++) connect(start + i, start + i + 1);
      return start + length;
    }

    int diamond(int start) {
      connect(start, start + 1);
      connect(start, start + 2);
      connect(start + 1, start + 3);
      connect(start + 2, start + 3);
      return start + 3;
    }

    /** Three nested loops with two branches inside. */
    int baseLoop(int from) {
      int header = straight(from, 1);
      int firstEnd = diamond(header);
      int second = straight(firstEnd, 1);
      int secondEnd = diamond(second);
      int footer = straight(secondEnd, 1);
      connect(secondEnd, second);
      connect(firstEnd, header);
      connect(footer, from);
      return straight(footer, 1);
    }
  }

  private static final class Loop {
    final boolean isReducible;
    final int number;
    final IdentitySet<Block> blocks = new IdentitySet<>();
    final IdentitySet<Loop> children = new IdentitySet<>();
    Loop parent = null;
    int depth = 0;
    int nesting = 0;

    Loop(Block header, boolean isReducible, int number) {
      this.isReducible = isReducible;
      this.number = number;
      if (header != null) blocks.add(header);
    }

    void attachTo(Loop outer) {
      parent = outer;
      outer.children.add(this);
    }
  }

  private static final class LoopForest {
    final Loop root = new Loop(null, true, 0);
    final Vector<Loop> loops = new Vector<>();

    LoopForest() {
      loops.append(root);
    }

    Loop addLoop(Block header, boolean isReducible) {
      Loop loop = new Loop(header, isReducible, loops.size());
      loops.append(loop);
      return loop;
    }

    void computeNesting() {
      for (int i = 0; i < loops.size(); i++) {
        Loop loop = loops.at(i);
        if (loop != root && loop.parent == null) loop.attachTo(root);
      }
      nest(root, 0);
    }

    private void nest(Loop loop, int depth) {
      loop.depth = depth;
      for (int i = 0; i < loop.children.size(); i++) {
        Loop child = loop.children.at(i);
        nest(child, depth + 1);
        if (loop.nesting < child.nesting + 1) loop.nesting = child.nesting + 1;
      }
    }
  }

  /** A node of the union-find forest in which loops collapse into their headers. */
  private static final class Node {
    Node parent = null;
    Block block = null;
    Loop loop = null;
    int number = 0;

    void assign(Block block, int number) {
      this.block = block;
      this.number = number;
      parent = this;
    }

    Node find() {
      Vector<Node> path = new Vector<>();
      Node node = this;
      Node up = node.parent;
      while (node != up) {
        if (up.parent != up) path.append(node);
        node = up;
        up = node.parent;
      }
      for (int i = 0; i < path.size(); i++) path.at(i).parent = node;
      return node;
    }
  }

  private enum Kind {
    PLAIN,
    REDUCIBLE,
    ITSELF,
    IRREDUCIBLE,
    DEAD
  }

  private static final int UNVISITED = -1;

  private static final class LoopFinder {
    private final Graph graph;
    private final LoopForest forest;
    private final int size;
    private final Vector<IntSet> forwardSources;
    private final Vector<IntVector> backSources;
    private final IdentityIntDictionary<Block> numbers = new IdentityIntDictionary<>();
    private final int[] headers;
    private final Kind[] kinds;
    private final int[] lasts;
    private final Node[] nodes;

    LoopFinder(Graph graph, LoopForest forest) {
      this.graph = graph;
      this.forest = forest;
      size = graph.blocks.size();
      forwardSources = new Vector<>(size);
      backSources = new Vector<>(size);
      headers = new int[size];
      kinds = new Kind[size];
      lasts = new int[size];
      nodes = new Node[size];
    }

    void findLoops() {
      for (int i = 0; i < size; i++) {
        forwardSources.append(new IntSet());
        backSources.append(new IntVector());
        nodes[i] = new Node();
        numbers.put(graph.blocks.at(i), UNVISITED);
      }
      search(graph.start(), 0);
      sortEdges();
      for (int w = size - 1; w >= 0; w--) {
        Block block = nodes[w].block;
        if (block != null) findLoopAt(w, block);
      }
    }

    /** Numbers the blocks depth first; returns the last number given below. */
    private int search(Block block, int number) {
      nodes[number].assign(block, number);
      numbers.put(block, number);
      int last = number;
      Vector<Block> targets = block.targets;
      for (int i = 0; i < targets.size(); i++) {
        Block target = targets.at(i);
        if (numbers.at(target, UNVISITED) == UNVISITED) last = search(target, last + 1);
      }
      lasts[number] = last;
      return last;
    }

    private boolean isAncestor(int w, int v) {
      return w <= v && v <= lasts[w];
    }

    private void sortEdges() {
      for (int w = 0; w < size; w++) {
        headers[w] = 0;
        kinds[w] = Kind.PLAIN;
        Block block = nodes[w].block;
        if (block == null) {
          kinds[w] = Kind.DEAD;
        } else {
          sortEdgesInto(block, w);
        }
      }
    }

    private void sortEdgesInto(Block block, int w) {
      for (int i = 0; i < block.sources.size(); i++) {
        int v = numbers.at(block.sources.at(i), UNVISITED);
        if (v != UNVISITED) {
          if (isAncestor(w, v)) {
            backSources.at(w).append(v);
          } else {
            forwardSources.at(w).add(v);
          }
        }
      }
    }

    private void findLoopAt(int w, Block block) {
      Vector<Node> body = bodyFromBackEdges(w);
      if (!body.isEmpty()) kinds[w] = Kind.REDUCIBLE;
      Vector<Node> todo = new Vector<>(body.size() + 1);
      for (int i = 0; i < body.size(); i++) todo.append(body.at(i));
      while (!todo.isEmpty()) chaseBackwards(w, todo.removeFirst(), body, todo);
      if (!body.isEmpty() || kinds[w] == Kind.ITSELF) {
        Loop loop = forest.addLoop(block, kinds[w] != Kind.IRREDUCIBLE);
        collapse(w, body, loop);
      }
    }

    private Vector<Node> bodyFromBackEdges(int w) {
      Vector<Node> body = new Vector<>();
      IntVector sources = backSources.at(w);
      for (int i = 0; i < sources.size(); i++) {
        int v = sources.at(i);
        if (v == w) {
          kinds[w] = Kind.ITSELF;
        } else {
          body.append(nodes[v].find());
        }
      }
      return body;
    }

    private void chaseBackwards(int w, Node x, Vector<Node> body, Vector<Node> todo) {
      IntSet sources = forwardSources.at(x.number);
      for (int i = 0; i < sources.size(); i++) {
        Node y = nodes[sources.at(i)].find();
        if (!isAncestor(w, y.number)) {
          kinds[w] = Kind.IRREDUCIBLE;
          forwardSources.at(w).add(y.number);
        } else if (y.number != w && !has(body, y)) {
          todo.append(y);
          body.append(y);
        }
      }
    }

    private static boolean has(Vector<Node> nodes, Node node) {
      for (int i = 0; i < nodes.size(); i++) {
        if (nodes.at(i) == node) return true;
      }
      return false;
    }

    private void collapse(int w, Vector<Node> body, Loop loop) {
      Node header = nodes[w];
      header.loop = loop;
      for (int i = 0; i < body.size(); i++) {
        Node node = body.at(i);
        headers[node.number] = w;
        node.parent = header;
        if (node.loop != null) {
          node.loop.attachTo(loop);
        } else {
          loop.blocks.add(node.block);
        }
      }
    }
  }

  private static Graph buildGraph() {
    Graph graph = new Graph();
    graph.baseLoop(0);
    graph.connect(0, 2);
    return graph;
  }

  private static void extend(Graph graph) {
    int n = 2;
    for (int i = 0; i < 10; i++) {
      graph.connect(2, n + 1);
      n++;
      for (int j = 0; j < 10; j++) {
        int top = n;
        n = graph.straight(n, 1);
        for (int k = 0; k < 5; k++) n = graph.baseLoop(n);
        int bottom = graph.straight(n, 1);
        graph.connect(n, top);
        n = bottom;
      }
      graph.connect(n, 1);
    }
  }

  /** Analyses the graph {@code repeats} times beyond the first. */
  private static boolean havlak(int repeats) {
    Graph graph = buildGraph();
    LoopForest forest = new LoopForest();
    new LoopFinder(graph, forest).findLoops();
    extend(graph);
    new LoopFinder(graph, forest).findLoops();
    for (int i = 0; i < repeats; i++) new LoopFinder(graph, new LoopForest()).findLoops();
    forest.computeNesting();
    return forest.loops.size() == 1605 && graph.blocks.size() == 5213;
  }

  public static void main(String[] args) {
    Harness.run(args, 2, Havlak::havlak);
  }
}
