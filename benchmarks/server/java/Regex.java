// Regex.java: finds what regular expressions match in the lines of a log; see ../rima/regex.rima.
package server;

import classic.Harness;
import classic.Som.Random;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

public final class Regex {
  private sealed interface Node {}

  private record Empty() implements Node {}

  private record Byte(int value) implements Node {}

  private record OneOf(boolean[] bytes) implements Node {}

  private record Begin() implements Node {}

  private record End() implements Node {}

  private record Sequence(Node first, Node second) implements Node {}

  private record Either(Node first, Node second) implements Node {}

  private record Optional(Node node) implements Node {}

  private record Many(Node node) implements Node {}

  private record Some(Node node) implements Node {}

  private static final class Parser {
    private final String pattern;
    private int at = 0;

    Parser(String pattern) {
      this.pattern = pattern;
    }

    Node parse() {
      Node node = alternatives();
      if (at < pattern.length()) throw fail("the end");
      return node;
    }

    private IllegalArgumentException fail(String wanted) {
      return new IllegalArgumentException(wanted + " is missing at byte " + at + " of " + pattern);
    }

    private int peek() {
      return at < pattern.length() ? pattern.charAt(at) : -1;
    }

    private boolean take(char wanted) {
      if (peek() != wanted) return false;
      at++;
      return true;
    }

    private char next() {
      if (at == pattern.length()) throw fail("a character");
      return pattern.charAt(at++);
    }

    private Node alternatives() {
      Node first = sequence();
      return take('|') ? new Either(first, alternatives()) : first;
    }

    private Node sequence() {
      if (peek() == -1 || peek() == '|' || peek() == ')') return new Empty();
      Node first = repeated();
      Node second = sequence();
      return second instanceof Empty ? first : new Sequence(first, second);
    }

    private Node repeated() {
      Node node = atom();
      if (take('*')) return new Many(node);
      if (take('+')) return new Some(node);
      return take('?') ? new Optional(node) : node;
    }

    private Node atom() {
      char c = next();
      return switch (c) {
        case '(' -> group();
        case '[' -> new OneOf(set());
        case '.' -> new OneOf(between(0, 127));
        case '^' -> new Begin();
        case '$' -> new End();
        case '\\' -> escape();
        default -> new Byte(c);
      };
    }

    private Node group() {
      Node node = alternatives();
      if (!take(')')) throw fail("')'");
      return node;
    }

    private Node escape() {
      char c = next();
      return switch (c) {
        case 'd' -> new OneOf(between('0', '9'));
        case 'w' -> new OneOf(wordBytes());
        default -> new Byte(c);
      };
    }

    private boolean[] set() {
      boolean isNegative = take('^');
      boolean[] bytes = new boolean[128];
      while (!take(']')) {
        char low = next();
        char high = take('-') ? next() : low;
        Arrays.fill(bytes, low, high + 1, true);
      }
      if (isNegative) {
        for (int i = 0; i < 128; i++) bytes[i] = !bytes[i];
      }
      return bytes;
    }

    private static boolean[] between(int low, int high) {
      boolean[] bytes = new boolean[128];
      Arrays.fill(bytes, low, high + 1, true);
      return bytes;
    }

    private static boolean[] wordBytes() {
      boolean[] bytes = between('a', 'z');
      Arrays.fill(bytes, 'A', 'Z' + 1, true);
      Arrays.fill(bytes, '0', '9' + 1, true);
      bytes['_'] = true;
      return bytes;
    }
  }

  private enum Kind {
    ONE,
    SET,
    FORK,
    JUMP,
    AT_BEGIN,
    AT_END,
    FOUND
  }

  /** x is the byte of ONE, where JUMP leads, and where FORK leads first; y is where FORK leads then. */
  private static final class Instruction {
    final Kind kind;
    int x = 0;
    int y = 0;
    boolean[] bytes = null;

    Instruction(Kind kind) {
      this.kind = kind;
    }
  }

  private static final class Compiler {
    private final List<Instruction> program = new ArrayList<>();

    Instruction[] compile(Node node) {
      emit(node);
      add(Kind.FOUND);
      return program.toArray(new Instruction[0]);
    }

    private Instruction add(Kind kind) {
      Instruction added = new Instruction(kind);
      program.add(added);
      return added;
    }

    private void emit(Node node) {
      if (node instanceof Byte one) {
        add(Kind.ONE).x = one.value;
      } else if (node instanceof OneOf set) {
        add(Kind.SET).bytes = set.bytes;
      } else if (node instanceof Begin) {
        add(Kind.AT_BEGIN);
      } else if (node instanceof End) {
        add(Kind.AT_END);
      } else if (node instanceof Sequence sequence) {
        emit(sequence.first);
        emit(sequence.second);
      } else if (node instanceof Either either) {
        either(either);
      } else if (node instanceof Optional optional) {
        Instruction fork = add(Kind.FORK);
        fork.x = program.size();
        emit(optional.node);
        fork.y = program.size();
      } else if (node instanceof Many many) {
        many(many);
      } else if (node instanceof Some some) {
        int start = program.size();
        emit(some.node);
        Instruction fork = add(Kind.FORK);
        fork.x = start;
        fork.y = program.size();
      }
    }

    private void either(Either either) {
      Instruction fork = add(Kind.FORK);
      fork.x = program.size();
      emit(either.first);
      Instruction jump = add(Kind.JUMP);
      fork.y = program.size();
      emit(either.second);
      jump.x = program.size();
    }

    private void many(Many many) {
      int start = program.size();
      Instruction fork = add(Kind.FORK);
      fork.x = program.size();
      emit(many.node);
      add(Kind.JUMP).x = start;
      fork.y = program.size();
    }
  }

  /**
   * The places in the program that are reached at one place of the text, the preferred first, each with the place of
   * the text where its match began.
   */
  private static final class Threads {
    final int[] pcs;
    final int[] starts;
    int count = 0;
    private final boolean[] seen;

    Threads(int size) {
      pcs = new int[size];
      starts = new int[size];
      seen = new boolean[size];
    }

    /** Whether a place is new here. */
    boolean isNew(int pc) {
      if (seen[pc]) return false;
      seen[pc] = true;
      return true;
    }

    void add(int pc, int start) {
      pcs[count] = pc;
      starts[count] = start;
      count++;
    }

    void clear() {
      Arrays.fill(seen, false);
      count = 0;
    }
  }

  private final Instruction[] program;
  private Threads current;
  private Threads next;
  private int start = 0; // of the match that was found
  private int end = 0;

  private Regex(String pattern) {
    program = new Compiler().compile(new Parser(pattern).parse());
    current = new Threads(program.length);
    next = new Threads(program.length);
  }

  /** Finds the first match that begins at {@code from} or later. */
  private boolean find(String text, int from) {
    start = -1;
    current.clear();
    for (int at = from; at <= text.length(); at++) {
      if (start < 0) follow(current, 0, at, at, text);
      if (current.count == 0 && start >= 0) break;
      next.clear();
      step(text, at);
      Threads spare = current;
      current = next;
      next = spare;
    }
    return start >= 0;
  }

  /** Takes the threads that can go on over the byte at {@code at}. */
  private void step(String text, int at) {
    int c = at < text.length() ? text.charAt(at) : -1;
    for (int i = 0; i < current.count; i++) {
      int pc = current.pcs[i];
      Instruction instruction = program[pc];
      boolean goesOn;
      switch (instruction.kind) {
        case ONE -> goesOn = instruction.x == c;
        case SET -> goesOn = c >= 0 && instruction.bytes[c];
        default -> {
          // What comes behind is less wanted than this match.
          start = current.starts[i];
          end = at;
          return;
        }
      }
      if (goesOn) follow(next, pc + 1, current.starts[i], at + 1, text);
    }
  }

  /** Adds a place, or the places to which it leads without a byte. */
  private void follow(Threads threads, int pc, int start, int at, String text) {
    if (!threads.isNew(pc)) return;
    Instruction instruction = program[pc];
    switch (instruction.kind) {
      case JUMP -> follow(threads, instruction.x, start, at, text);
      case FORK -> {
        follow(threads, instruction.x, start, at, text);
        follow(threads, instruction.y, start, at, text);
      }
      case AT_BEGIN -> {
        if (at == 0) follow(threads, pc + 1, start, at, text);
      }
      case AT_END -> {
        if (at == text.length()) follow(threads, pc + 1, start, at, text);
      }
      default -> threads.add(pc, start);
    }
  }

  private static final String[] PATTERNS = {
    "\\d\\d\\d\\d-\\d\\d-\\d\\d",
    "(GET|POST|PUT) /[a-z/]+\\d*",
    "[a-z]+@[a-z]+\\.(com|org|net)",
    " [45]\\d\\d ",
    "^[^ ]+ .*[05]ms$",
    "[0-9a-f]*e[0-9a-f][0-9a-f][0-9a-f]",
    "((x+x+)+y|id=\\w+)"
  };

  /** The lines of a log. */
  private static final class Log {
    private static final String[] METHODS = {"GET", "POST", "PUT", "DELETE"};
    private static final String[] HOSTS = {"example.com", "mail.org", "host.net", "box.io"};
    private final Random random = new Random();

    List<String> lines(int count) {
      List<String> lines = new ArrayList<>();
      for (int i = 0; i < count; i++) lines.add(line());
      return lines;
    }

    private int pick(int limit) {
      return random.next() % limit;
    }

    private String line() {
      String day = "2024-0" + (1 + pick(9)) + "-" + (10 + pick(19));
      String request = METHODS[pick(4)] + " /items/" + pick(5000);
      String who = "user=ana" + pick(10) + ".b@" + HOSTS[pick(4)] + "&id=" + identifier();
      return day + " " + request + "?" + who + " " + (200 + 100 * pick(4)) + " xxxxxxxxxxxxxxxx " + pick(2000) + "ms";
    }

    private String identifier() {
      StringBuilder out = new StringBuilder();
      for (int i = 0; i < 12; i++) out.append("0123456789abcdef".charAt(pick(16)));
      return out.toString();
    }
  }

  private static boolean isRight(List<String> lines) {
    int count = 0;
    int sum = 0;
    for (String pattern : PATTERNS) {
      Regex regex = new Regex(pattern);
      for (String line : lines) {
        int from = 0;
        while (from <= line.length() && regex.find(line, from)) {
          count++;
          sum = (sum * 31 + regex.start * 256 + regex.end) % 1000003;
          from = regex.end > regex.start ? regex.end : regex.end + 1;
        }
      }
    }
    return count == 298 && sum == 388274;
  }

  private static boolean regex(List<String> lines, int repeats) {
    for (int i = 0; i < repeats; i++) {
      if (!isRight(lines)) return false;
    }
    return true;
  }

  public static void main(String[] args) {
    List<String> lines = new Log().lines(50);
    Harness.run(args, 4, size -> regex(lines, size));
  }
}
