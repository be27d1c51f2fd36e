// Strings.java: builds texts in the ways that programs do; see ../rima/strings.rima.
package server;

import classic.Harness;
import classic.Som.Random;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;

public final class Strings {
  private static final String[] NAMES = {"anchor", "bolt", "cable", "drill", "eyelet", "flange", "gasket", "hinge"};

  private static String padLeft(String text, int width, String fill) {
    return fill.repeat(Math.max(0, width - text.length())) + text;
  }

  private static String padRight(String text, int width, String fill) {
    return text + fill.repeat(Math.max(0, width - text.length()));
  }

  /** A table of stock, a line a row, its columns padded. */
  private static String report(int rows) {
    Random random = new Random();
    StringBuilder out = new StringBuilder();
    for (int i = 0; i < rows; i++) {
      String name = NAMES[random.next() / 8192];
      int count = random.next() / 16;
      out.append(padLeft(Integer.toString(i), 5, "0")).append(" | ").append(padRight(name, 10, " ")).append('|');
      out.append(padLeft(Integer.toString(count), 6, " ")).append(" | ").append("*".repeat(count % 20)).append('\n');
    }
    return out.toString();
  }

  /** The cells of the table, trimmed, a line a row, in capital letters, the last column first. */
  private static String turned(String report) {
    List<String> lines = new ArrayList<>();
    for (String line : report.split("\n", -1)) {
      List<String> cells = new ArrayList<>();
      for (String cell : line.split("\\|", -1)) cells.add(cell.trim());
      Collections.reverse(cells);
      lines.add(String.join(",", cells).toUpperCase());
    }
    return String.join("\n", lines);
  }

  /** Runs of one character as the character and how many there are. */
  private static String packed(String text) {
    StringBuilder out = new StringBuilder();
    int at = 0;
    while (at < text.length()) {
      char c = text.charAt(at);
      int end = at + 1;
      while (end < text.length() && text.charAt(end) == c) end++;
      out.append(c).append(end - at).append(';');
      at = end;
    }
    return out.toString();
  }

  private static String unpacked(String text) {
    StringBuilder out = new StringBuilder();
    int at = 0;
    while (at < text.length()) {
      char c = text.charAt(at);
      int end = text.indexOf(';', at + 1);
      int count = Integer.parseInt(text.substring(at + 1, end));
      for (int i = 0; i < count; i++) out.append(c);
      at = end + 1;
    }
    return out.toString();
  }

  /** Every third line, one added to another. */
  private static String chosen(String[] lines) {
    String text = "";
    for (int i = 0; i < lines.length; i += 3) text = text + lines[i] + ";";
    return text;
  }

  private static int countOf(String text, String part) {
    int count = 0;
    for (int at = text.indexOf(part); at >= 0; at = text.indexOf(part, at + 1)) count++;
    return count;
  }

  private static int checksum(String text) {
    int sum = text.length();
    for (int i = 0; i < text.length(); i++) sum = (sum * 31 + text.charAt(i)) % 1000003;
    return sum;
  }

  private static boolean isRight() {
    String stock = report(300);
    String other = turned(stock);
    String runs = packed(stock);
    String few = chosen(other.split("\n", -1));
    String replaced = stock.replace("bolt", "screw").replace("**", "+");
    int counts = countOf(stock, "able") * 10000 + countOf(replaced, "++");
    if (!unpacked(runs).equals(stock)) return false;
    String sums =
        checksum(other) + " " + checksum(runs) + " " + checksum(few) + " " + checksum(replaced) + " " + counts;
    return sums.equals("236090 120002 779078 98584 311111");
  }

  private static boolean strings(int repeats) {
    for (int i = 0; i < repeats; i++) {
      if (!isRight()) return false;
    }
    return true;
  }

  public static void main(String[] args) {
    Harness.run(args, 5, Strings::strings);
  }
}
