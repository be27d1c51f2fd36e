// Roundtrip.java: reads, amends, writes and reads again a document in JSON; see ../rima/roundtrip.rima.
package server;

import classic.Harness;
import classic.Som.Random;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

public final class Roundtrip {
  private sealed interface Json permits Null, Flag, Number, Text, Items, Members {}

  private enum Null implements Json {
    NULL
  }

  private record Flag(boolean value) implements Json {}

  private record Number(double value) implements Json {}

  private record Text(String value) implements Json {}

  private record Items(List<Json> items) implements Json {}

  private record Members(Map<String, Json> members) implements Json {}

  private static final class Reader {
    private final String text;
    private int at = 0;

    Reader(String text) {
      this.text = text;
    }

    Json read() {
      Json result = value();
      space();
      if (at < text.length()) throw fail("the end");
      return result;
    }

    private IllegalArgumentException fail(String wanted) {
      return new IllegalArgumentException(wanted + " is missing at byte " + at);
    }

    private int peek() {
      return at < text.length() ? text.charAt(at) : -1;
    }

    private void space() {
      while (at < text.length() && text.charAt(at) <= ' ') at++;
    }

    private boolean take(char wanted) {
      space();
      if (peek() != wanted) return false;
      at++;
      return true;
    }

    private void need(char wanted) {
      if (!take(wanted)) throw fail("'" + wanted + "'");
    }

    private Json value() {
      space();
      return switch (peek()) {
        case '{' -> members();
        case '[' -> items();
        case '"' -> new Text(string());
        case 't' -> word("true", new Flag(true));
        case 'f' -> word("false", new Flag(false));
        case 'n' -> word("null", Null.NULL);
        default -> number();
      };
    }

    private Json word(String word, Json value) {
      if (!text.startsWith(word, at)) throw fail(word);
      at += word.length();
      return value;
    }

    private Json items() {
      List<Json> items = new ArrayList<>();
      need('[');
      if (!take(']')) {
        items.add(value());
        while (take(',')) items.add(value());
        need(']');
      }
      return new Items(items);
    }

    private Json members() {
      Map<String, Json> members = new LinkedHashMap<>();
      need('{');
      if (!take('}')) {
        member(members);
        while (take(',')) member(members);
        need('}');
      }
      return new Members(members);
    }

    private void member(Map<String, Json> members) {
      space();
      String name = string();
      need(':');
      members.put(name, value());
    }

    private String string() {
      if (peek() != '"') throw fail("a string");
      at++;
      int start = at;
      while (peek() != '"' && peek() != '\\') plain();
      if (peek() == '"') {
        at++;
        return text.substring(start, at - 1);
      }
      StringBuilder built = new StringBuilder(text.substring(start, at));
      while (peek() != '"') {
        if (peek() == '\\') {
          built.append(escape());
        } else {
          built.append(plain());
        }
      }
      at++;
      return built.toString();
    }

    /** Takes a character that stands for itself. */
    private char plain() {
      int c = peek();
      if (c < ' ') throw fail("the end of a string");
      at++;
      return (char) c;
    }

    private char escape() {
      at += 2;
      char c = text.charAt(at - 1);
      return switch (c) {
        case 'n' -> '\n';
        case 't' -> '\t';
        case 'r' -> '\r';
        case 'b' -> '\b';
        case 'f' -> '\f';
        case 'u' -> code();
        case '"', '\\', '/' -> c;
        default -> throw fail("an escape");
      };
    }

    /** Four hexadecimal digits: a character of ASCII. */
    private char code() {
      int code = 0;
      for (int i = 0; i < 4; i++) {
        int c = peek();
        int digit = isDigit(c) ? c - '0' : (c | 32) - 'a' + 10;
        if (digit < 0 || digit > 15) throw fail("a hexadecimal digit");
        code = code * 16 + digit;
        at++;
      }
      if (code > 127) throw fail("a character of ASCII");
      return (char) code;
    }

    private Json number() {
      boolean isNegative = peek() == '-';
      if (isNegative) at++;
      if (!isDigit(peek())) throw fail("a value");
      double digits = 0.0;
      int scale = 0;
      while (isDigit(peek())) digits = digits * 10.0 + digit();
      if (peek() == '.') {
        at++;
        if (!isDigit(peek())) throw fail("a digit");
        for (; isDigit(peek()); scale--) digits = digits * 10.0 + digit();
      }
      if (peek() == 'e' || peek() == 'E') scale += exponent();
      double value = scale < 0 ? digits / power(-scale) : digits * power(scale);
      return new Number(isNegative ? -value : value);
    }

    private int exponent() {
      at++;
      boolean isNegative = peek() == '-';
      if (isNegative || peek() == '+') at++;
      if (!isDigit(peek())) throw fail("a digit");
      int exponent = 0;
      while (isDigit(peek())) exponent = exponent * 10 + digit();
      return isNegative ? -exponent : exponent;
    }

    private int digit() {
      return text.charAt(at++) - '0';
    }

    private static boolean isDigit(int c) {
      return c >= '0' && c <= '9';
    }

    private static double power(int exponent) {
      double power = 1.0;
      for (int i = 0; i < exponent; i++) power *= 10.0;
      return power;
    }
  }

  private static final class Writer {
    private static final String HEXADECIMAL = "0123456789abcdef";
    private final StringBuilder out = new StringBuilder();

    static String write(Json json) {
      Writer writer = new Writer();
      writer.value(json);
      return writer.out.toString();
    }

    private void value(Json json) {
      if (json instanceof Text text) {
        string(text.value);
      } else if (json instanceof Number number) {
        number(number.value);
      } else if (json instanceof Members members) {
        members(members.members);
      } else if (json instanceof Items items) {
        items(items.items);
      } else if (json instanceof Flag flag) {
        out.append(flag.value);
      } else {
        out.append("null");
      }
    }

    private void items(List<Json> items) {
      out.append('[');
      for (int i = 0; i < items.size(); i++) {
        if (i > 0) out.append(',');
        value(items.get(i));
      }
      out.append(']');
    }

    private void members(Map<String, Json> members) {
      out.append('{');
      boolean isFirst = true;
      for (Map.Entry<String, Json> member : members.entrySet()) {
        if (!isFirst) out.append(',');
        isFirst = false;
        string(member.getKey());
        out.append(':');
        value(member.getValue());
      }
      out.append('}');
    }

    private void number(double value) {
      if (value < 0.0) out.append('-');
      long hundredths = (long) (Math.abs(value) * 100.0 + 0.5);
      out.append(hundredths / 100);
      long rest = hundredths % 100;
      if (rest != 0) out.append(rest < 10 ? ".0" : ".").append(rest);
    }

    private void string(String text) {
      out.append('"');
      int start = 0;
      for (int i = 0; i < text.length(); i++) {
        char c = text.charAt(i);
        if (c < ' ' || c == '"' || c == '\\') {
          out.append(text, start, i);
          escape(c);
          start = i + 1;
        }
      }
      out.append(text, start, text.length()).append('"');
    }

    private void escape(char c) {
      switch (c) {
        case '\n' -> out.append("\\n");
        case '\t' -> out.append("\\t");
        case '"' -> out.append("\\\"");
        case '\\' -> out.append("\\\\");
        default -> out.append("\\u00").append(HEXADECIMAL.charAt(c / 16)).append(HEXADECIMAL.charAt(c % 16));
      }
    }
  }

  /** The orders as a shop might send them. */
  private static final class Shop {
    private final Random random = new Random();
    private final StringBuilder out = new StringBuilder();

    String document(int orders) {
      out.append("{\"version\": 2e0, \"orders\": [");
      for (int i = 0; i < orders; i++) {
        if (i > 0) out.append(',');
        order(1000 + i);
      }
      return out.append("\n]}").toString();
    }

    private int pick(int limit) {
      return random.next() % limit;
    }

    private void order(int number) {
      boolean isVip = pick(4) == 0;
      out.append("\n  {\"id\": ").append(number).append(", \"customer\": {\"name\": \"J. \\\"");
      out.append(pick(1000)).append("\\\" \\u0044oe\", \"vip\": ").append(isVip);
      out.append(", \"referrer\": null}, \"lines\": [");
      int last = pick(6);
      for (int i = 0; i <= last; i++) {
        if (i > 0) out.append(", ");
        out.append("{\"sku\": \"A-").append(pick(900)).append("\", \"quantity\": ").append(1 + pick(9));
        out.append(", \"price\": ").append(pick(200)).append('.').append(10 + pick(90)).append('}');
      }
      out.append("], \"note\": \"leave it\\nat door ").append(pick(50)).append("\\t\\\\ \\u0001\"}");
    }
  }

  private static Map<String, Json> membersOf(Json json) {
    return json instanceof Members members ? members.members : Map.of();
  }

  private static Json member(Json json, String name) {
    return membersOf(json).getOrDefault(name, Null.NULL);
  }

  private static List<Json> itemsOf(Json json) {
    return json instanceof Items items ? items.items : List.of();
  }

  private static double numberOf(Json json) {
    return json instanceof Number number ? number.value : 0.0;
  }

  /** Gives an order its total and its discount, null if there is none, and forgets who sent the customer. */
  private static void amend(Json order) {
    double total = 0.0;
    for (Json line : itemsOf(member(order, "lines"))) {
      total += numberOf(member(line, "quantity")) * numberOf(member(line, "price"));
    }
    Map<String, Json> customer = membersOf(member(order, "customer"));
    Map<String, Json> members = membersOf(order);
    members.put("total", new Number(total));
    boolean isVip = customer.get("vip") instanceof Flag flag && flag.value;
    members.put("discount", isVip ? new Number(-total * 0.05) : Null.NULL);
    customer.remove("referrer");
  }

  private static int checksum(String text) {
    int sum = 0;
    for (int i = 0; i < text.length(); i++) sum = (sum * 31 + text.charAt(i)) % 1000003;
    return sum;
  }

  private static boolean isRight(String text) {
    Json document = new Reader(text).read();
    for (Json order : itemsOf(member(document, "orders"))) amend(order);
    String written = Writer.write(document);
    String again = Writer.write(new Reader(written).read());
    return written.equals(again) && written.length() == 53671 && checksum(written) == 460838;
  }

  private static boolean roundtrip(String text, int repeats) {
    for (int i = 0; i < repeats; i++) {
      if (!isRight(text)) return false;
    }
    return true;
  }

  public static void main(String[] args) {
    String text = new Shop().document(200);
    Harness.run(args, 2, size -> roundtrip(text, size));
  }
}
