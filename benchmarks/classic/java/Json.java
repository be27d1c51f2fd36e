// Json.java: parses a document and takes stock of it; see ../rima/json.rima.
package classic;

import classic.Som.Random;
import classic.Som.Vector;

public final class Json {
  private abstract static class Value {
    /** Adds this value and all below to the tally. */
    abstract void count(Tally tally);
  }

  private static final class Text extends Value {
    final String text;

    Text(String text) {
      this.text = text;
    }

    @Override
    void count(Tally tally) {
      tally.texts++;
      tally.bytes += text.length();
    }
  }

  private static final class Number extends Value {
    final String text;

    Number(String text) {
      this.text = text;
    }

    @Override
    void count(Tally tally) {
      tally.numbers++;
      tally.bytes += text.length();
    }
  }

  private static final class Literal extends Value {
    final String text;

    Literal(String text) {
      this.text = text;
    }

    @Override
    void count(Tally tally) {
      tally.literals++;
    }
  }

  private static final class Sequence extends Value {
    final Vector<Value> values = new Vector<>();

    @Override
    void count(Tally tally) {
      tally.sequences++;
      for (int i = 0; i < values.size(); i++) values.at(i).count(tally);
    }
  }

  /** An object; a table of 32 hints, one for each hash, says where a name probably is. */
  private static final class Record extends Value {
    private final Vector<String> names = new Vector<>();
    private final Vector<Value> values = new Vector<>();
    private final int[] hints = new int[32];

    void add(String name, Value value) {
      hints[slot(name)] = names.size() + 1;
      names.append(name);
      values.append(value);
    }

    Value find(String name) {
      int hint = hints[slot(name)] - 1;
      if (hint >= 0 && names.at(hint).equals(name)) return values.at(hint);
      for (int i = 0; i < names.size(); i++) {
        if (names.at(i).equals(name)) return values.at(i);
      }
      return null;
    }

    private static int slot(String name) {
      return name.isEmpty() ? 0 : (name.length() * 7 + name.charAt(0)) % 32;
    }

    @Override
    void count(Tally tally) {
      tally.records++;
      for (int i = 0; i < values.size(); i++) values.at(i).count(tally);
    }
  }

  private static final class Tally {
    int texts = 0;
    int numbers = 0;
    int literals = 0;
    int sequences = 0;
    int records = 0;
    int bytes = 0;

    int sum() {
      return texts + 3 * numbers + 5 * literals + 7 * sequences + 11 * records + 13 * bytes;
    }
  }

  private static final class Parser {
    private final String input;
    private int at = -1; // of the current character
    private int current = -1; // the current character; -1 at the end
    private int start = 0; // of the text being captured
    private String captured = "";

    Parser(String input) {
      this.input = input;
    }

    Value parse() {
      read();
      skipSpace();
      Value value = readValue();
      skipSpace();
      if (current != -1) throw fail("the end");
      return value;
    }

    private void read() {
      at++;
      current = at < input.length() ? input.charAt(at) : -1;
    }

    private Value readValue() {
      return switch (current) {
        case 'n' -> readLiteral("null");
        case 't' -> readLiteral("true");
        case 'f' -> readLiteral("false");
        case '"' -> new Text(readText());
        case '[' -> readSequence();
        case '{' -> readRecord();
        default -> readNumber();
      };
    }

    private Value readSequence() {
      Sequence sequence = new Sequence();
      read();
      skipSpace();
      if (take(']')) return sequence;
      do {
        skipSpace();
        sequence.values.append(readValue());
        skipSpace();
      } while (take(','));
      if (!take(']')) throw fail("',' or ']'");
      return sequence;
    }

    private Value readRecord() {
      Record record = new Record();
      read();
      skipSpace();
      if (take('}')) return record;
      do {
        skipSpace();
        if (current != '"') throw fail("a name");
        String name = readText();
        skipSpace();
        if (!take(':')) throw fail("':'");
        skipSpace();
        record.add(name, readValue());
        skipSpace();
      } while (take(','));
      if (!take('}')) throw fail("',' or '}'");
      return record;
    }

    private Value readLiteral(String word) {
      for (int i = 0; i < word.length(); i++) {
        if (!take(word.charAt(i))) throw fail(word);
      }
      return new Literal(word);
    }

    private String readText() {
      read();
      captured = "";
      start = at;
      while (current != '"') {
        if (current == '\\') {
          captured += input.substring(start, at);
          readEscape();
          start = at;
        } else if (current < 32) {
          throw fail("a character of a string");
        } else {
          read();
        }
      }
      String text = captured + input.substring(start, at);
      read();
      return text;
    }

    private void readEscape() {
      read();
      captured += switch (current) {
        case '"', '/', '\\' -> input.substring(at, at + 1);
        case 'n' -> "\n";
        case 't' -> "\t";
        case 'r' -> "\r";
        default -> throw fail("a known escape");
      };
      read();
    }

    private Value readNumber() {
      start = at;
      take('-');
      int firstDigit = current;
      if (!takeDigit()) throw fail("a value");
      if (firstDigit != '0') takeDigits();
      if (take('.')) {
        if (!takeDigit()) throw fail("a digit");
        takeDigits();
      }
      if (take('e') || take('E')) {
        if (!take('+')) take('-');
        if (!takeDigit()) throw fail("a digit");
        takeDigits();
      }
      return new Number(input.substring(start, at));
    }

    private boolean take(int wanted) {
      if (current != wanted) return false;
      read();
      return true;
    }

    private boolean takeDigit() {
      if (current < '0' || current > '9') return false;
      read();
      return true;
    }

    private void takeDigits() {
      while (takeDigit()) {}
    }

    private void skipSpace() {
      while (current == ' ' || current == '\n' || current == '\t' || current == '\r') read();
    }

    private IllegalStateException fail(String expected) {
      return new IllegalStateException("expected " + expected + " at character " + at);
    }
  }

  /** The document: what a server might send to a remote user interface, one operation a widget. */
  private static final class Writer {
    private final Random random = new Random();

    String document() {
      StringBuilder operations = new StringBuilder(operation());
      for (int i = 1; i < 156; i++) operations.append(",\n").append(operation());
      return "{\"head\":{\"requestCounter\":4,\"version\":null},\"operations\":[" + operations + "]}";
    }

    private String operation() {
      String widget = "\"w" + pick(900) + "\"";
      return switch (pick(3)) {
        case 0 -> "[\"destroy\"," + widget + "]";
        case 1 -> "[\"set\", " + widget + ", {" + properties() + "}]";
        default -> {
          String parent = "{\"parent\":\"w" + pick(900) + "\",";
          yield "[\"create\", " + widget + ", \"rwt.widgets.Label\", " + parent + properties() + "}]";
        }
      };
    }

    private String properties() {
      String bounds = "\"bounds\":[" + pick(1000) + "," + pick(1000) + ",-" + pick(90) + "," + pick(90) + ".5]";
      String style =
          "\"style\":[\"WRAP\",\"NONE\"],\"visible\":true,\"tabIndex\":-1,\"customVariant\":\"variant_item\"";
      String text = "\"text\":\"label " + pick(5000) + "\\n\\\"quoted\\\"\"";
      String font = "\"font\":[[\"Verdana\",\"Lucida Sans\"], " + pick(30) + "e+0, false, {}]";
      return bounds + "," + style + ", " + text + " ,\n  " + font;
    }

    private int pick(int limit) {
      return random.next() % limit;
    }
  }

  private static boolean isRight(Value document) {
    if (!(document instanceof Record record)) return false;
    if (!(record.find("operations") instanceof Sequence operations)) return false;
    if (operations.values.size() != 156) return false;
    if (!(record.find("head") instanceof Record head) || head.find("nothing") != null) return false;
    Tally tally = new Tally();
    document.count(tally);
    return tally.sum() == 137947;
  }

  private static boolean json(String text, int repeats) {
    for (int i = 0; i < repeats; i++) {
      if (!isRight(new Parser(text).parse())) return false;
    }
    return true;
  }

  public static void main(String[] args) {
    String text = new Writer().document();
    Harness.run(args, 20, size -> json(text, size));
  }
}
