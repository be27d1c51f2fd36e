// Interpreter.java: a tree walker for a small language; see ../rima/interpreter.rima.
package server;

import classic.Harness;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

public final class Interpreter {
  private static final String SOURCE =
      """
      (def fib (n) (if (< n 2) n (+ (fib (- n 1)) (fib (- n 2)))))
      (def gcd (a b) (do (while (< 0 b) (do (set rest (% a b)) (set a b) (set b rest))) a))
      (def coprimes (n) (do (set count 0) (set i 1)
        (while (< i n) (do (if (= (gcd i n) 1) (set count (+ count 1)) 0) (set i (+ i 1)))) count))
      (def collatz (n) (do (set steps 0)
        (while (< 1 n) (do (set n (if (= (% n 2) 0) (/ n 2) (+ (* 3 n) 1))) (set steps (+ steps 1)))) steps))
      (def longest (limit) (do (set most 0) (set i 1)
        (while (< i limit) (do (set steps (collatz i)) (if (< most steps) (set most steps) 0) (set i (+ i 1)))) most))
      (def main () (+ (* (fib 16) 1000000) (+ (* (coprimes 1000) 1000) (longest 1000))))
      """;

  private abstract static class Node {
    abstract long eval(long[] frame);
  }

  private static final class Constant extends Node {
    private final long value;

    Constant(long value) {
      this.value = value;
    }

    @Override
    long eval(long[] frame) {
      return value;
    }
  }

  private static final class Get extends Node {
    private final int slot;

    Get(int slot) {
      this.slot = slot;
    }

    @Override
    long eval(long[] frame) {
      return frame[slot];
    }
  }

  private static final class Assign extends Node {
    private final int slot;
    private final Node value;

    Assign(int slot, Node value) {
      this.slot = slot;
      this.value = value;
    }

    @Override
    long eval(long[] frame) {
      long result = value.eval(frame);
      frame[slot] = result;
      return result;
    }
  }

  private static final class If extends Node {
    private final Node condition;
    private final Node then;
    private final Node otherwise;

    If(Node condition, Node then, Node otherwise) {
      this.condition = condition;
      this.then = then;
      this.otherwise = otherwise;
    }

    @Override
    long eval(long[] frame) {
      return condition.eval(frame) != 0 ? then.eval(frame) : otherwise.eval(frame);
    }
  }

  private static final class While extends Node {
    private final Node condition;
    private final Node body;

    While(Node condition, Node body) {
      this.condition = condition;
      this.body = body;
    }

    @Override
    long eval(long[] frame) {
      while (condition.eval(frame) != 0) body.eval(frame);
      return 0;
    }
  }

  private static final class Do extends Node {
    private final List<Node> steps;

    Do(List<Node> steps) {
      this.steps = steps;
    }

    @Override
    long eval(long[] frame) {
      long result = 0;
      for (int i = 0; i < steps.size(); i++) result = steps.get(i).eval(frame);
      return result;
    }
  }

  private static final class Call extends Node {
    private final Function callee;
    private final List<Node> arguments;

    Call(Function callee, List<Node> arguments) {
      this.callee = callee;
      this.arguments = arguments;
    }

    @Override
    long eval(long[] frame) {
      long[] inner = new long[callee.slots];
      for (int i = 0; i < arguments.size(); i++) inner[i] = arguments.get(i).eval(frame);
      return callee.body.eval(inner);
    }
  }

  private abstract static class Binary extends Node {
    final Node left;
    final Node right;

    Binary(Node left, Node right) {
      this.left = left;
      this.right = right;
    }
  }

  private static final class Add extends Binary {
    Add(Node left, Node right) {
      super(left, right);
    }

    @Override
    long eval(long[] frame) {
      return left.eval(frame) + right.eval(frame);
    }
  }

  private static final class Subtract extends Binary {
    Subtract(Node left, Node right) {
      super(left, right);
    }

    @Override
    long eval(long[] frame) {
      return left.eval(frame) - right.eval(frame);
    }
  }

  private static final class Multiply extends Binary {
    Multiply(Node left, Node right) {
      super(left, right);
    }

    @Override
    long eval(long[] frame) {
      return left.eval(frame) * right.eval(frame);
    }
  }

  private static final class Divide extends Binary {
    Divide(Node left, Node right) {
      super(left, right);
    }

    @Override
    long eval(long[] frame) {
      return left.eval(frame) / right.eval(frame);
    }
  }

  private static final class Remainder extends Binary {
    Remainder(Node left, Node right) {
      super(left, right);
    }

    @Override
    long eval(long[] frame) {
      return left.eval(frame) % right.eval(frame);
    }
  }

  private static final class Less extends Binary {
    Less(Node left, Node right) {
      super(left, right);
    }

    @Override
    long eval(long[] frame) {
      return left.eval(frame) < right.eval(frame) ? 1 : 0;
    }
  }

  private static final class Equal extends Binary {
    Equal(Node left, Node right) {
      super(left, right);
    }

    @Override
    long eval(long[] frame) {
      return left.eval(frame) == right.eval(frame) ? 1 : 0;
    }
  }

  private static final class Function {
    int slots = 0;
    Node body = null;
  }

  private static final class Parser {
    final Map<String, Function> functions = new HashMap<>();
    private final String text;
    private int at = 0;
    private Map<String, Integer> locals = new HashMap<>();

    Parser(String text) {
      this.text = text;
    }

    void parse() {
      while (peek() != -1) define();
    }

    private int peek() {
      while (at < text.length() && text.charAt(at) <= ' ') at++;
      return at < text.length() ? text.charAt(at) : -1;
    }

    private boolean take(int wanted) {
      if (peek() != wanted) return false;
      at++;
      return true;
    }

    private void need(int wanted) {
      if (!take(wanted)) throw new IllegalStateException("a parenthesis is missing at character " + at);
    }

    private String word() {
      peek();
      int start = at;
      while (at < text.length() && text.charAt(at) > ' ' && text.charAt(at) != '(' && text.charAt(at) != ')') at++;
      return text.substring(start, at);
    }

    /** The function of that name, perhaps still to be defined. */
    private Function function(String name) {
      return functions.computeIfAbsent(name, absent -> new Function());
    }

    private int slot(String name) {
      Integer known = locals.putIfAbsent(name, locals.size());
      return known != null ? known : locals.size() - 1;
    }

    private void define() {
      need('(');
      if (!word().equals("def")) throw new IllegalStateException("a definition is missing at character " + at);
      Function function = function(word());
      locals = new HashMap<>();
      need('(');
      while (!take(')')) slot(word());
      function.body = expression();
      function.slots = locals.size();
      need(')');
    }

    private Node expression() {
      if (!take('(')) return atom(word());
      Node node = form(word());
      need(')');
      return node;
    }

    private Node atom(String word) {
      return Character.isDigit(word.charAt(0)) ? new Constant(Long.parseLong(word)) : new Get(slot(word));
    }

    private List<Node> rest() {
      List<Node> nodes = new ArrayList<>();
      while (peek() != ')') nodes.add(expression());
      return nodes;
    }

    private Node form(String name) {
      if (name.equals("set")) {
        int target = slot(word());
        return new Assign(target, expression());
      }
      List<Node> parts = rest();
      return switch (name) {
        case "if" -> new If(parts.get(0), parts.get(1), parts.get(2));
        case "while" -> new While(parts.get(0), parts.get(1));
        case "do" -> new Do(parts);
        case "+" -> new Add(parts.get(0), parts.get(1));
        case "-" -> new Subtract(parts.get(0), parts.get(1));
        case "*" -> new Multiply(parts.get(0), parts.get(1));
        case "/" -> new Divide(parts.get(0), parts.get(1));
        case "%" -> new Remainder(parts.get(0), parts.get(1));
        case "<" -> new Less(parts.get(0), parts.get(1));
        case "=" -> new Equal(parts.get(0), parts.get(1));
        default -> new Call(function(name), parts);
      };
    }
  }

  private static boolean interpreter(int repeats) {
    for (int i = 0; i < repeats; i++) {
      Parser parser = new Parser(SOURCE);
      parser.parse();
      Call start = new Call(parser.functions.get("main"), List.of());
      if (start.eval(new long[0]) != 987400178) return false;
    }
    return true;
  }

  public static void main(String[] args) {
    Harness.run(args, 3, Interpreter::interpreter);
  }
}
