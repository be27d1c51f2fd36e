// Template.java: makes a page of HTML from a template and the users of a shop; see ../rima/template.rima.
package server;

import classic.Harness;
import classic.Som.Random;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

public final class Template {
  private sealed interface Data {}

  private enum Nothing implements Data {
    NOTHING
  }

  private record Flag(boolean value) implements Data {}

  private record Number(int number) implements Data {}

  private record Text(String text) implements Data {}

  private record Items(List<Data> items) implements Data {}

  private record Fields(Map<String, Data> fields) implements Data {}

  private sealed interface Part {}

  private record Plain(String text) implements Part {}

  private record Print(List<String> path, List<String> filters, boolean isRaw) implements Part {}

  private record Each(List<String> path, List<Part> body) implements Part {}

  private record If(List<String> path, List<Part> then, List<Part> otherwise) implements Part {}

  private static final class Parser {
    private final String text;
    private int at = 0;
    private String stop = ""; // what ended the parts that were read: the end, /each, /if or else

    Parser(String text) {
      this.text = text;
    }

    List<Part> parse() {
      List<Part> all = parts();
      if (!stop.isEmpty()) throw fail("the end");
      return all;
    }

    private IllegalArgumentException fail(String wanted) {
      return new IllegalArgumentException(wanted + " is missing before byte " + at);
    }

    private List<Part> parts() {
      List<Part> parts = new ArrayList<>();
      while (true) {
        int open = text.indexOf("{{", at);
        int end = open < 0 ? text.length() : open;
        if (end > at) parts.add(new Plain(text.substring(at, end)));
        at = end;
        if (open < 0) {
          stop = "";
          return parts;
        }
        String tag = tag();
        if (tag.startsWith("/") || tag.equals("else")) {
          stop = tag;
          return parts;
        }
        parts.add(part(tag));
      }
    }

    private String tag() {
      int end = text.indexOf("}}", at);
      if (end < 0) throw fail("}}");
      String tag = text.substring(at + 2, end);
      at = end + 2;
      return tag;
    }

    private Part part(String tag) {
      if (tag.startsWith("#each ")) return each(pathOf(tag.substring(6)));
      if (tag.startsWith("#if ")) return choice(pathOf(tag.substring(4)));
      boolean isRaw = tag.startsWith("&");
      List<String> pieces = List.of((isRaw ? tag.substring(1) : tag).split("\\|"));
      return new Print(pathOf(pieces.get(0)), pieces.subList(1, pieces.size()), isRaw);
    }

    private static List<String> pathOf(String text) {
      return List.of(text.split("\\."));
    }

    private Part each(List<String> path) {
      List<Part> body = parts();
      if (!stop.equals("/each")) throw fail("{{/each}}");
      return new Each(path, body);
    }

    private Part choice(List<String> path) {
      List<Part> then = parts();
      List<Part> otherwise = stop.equals("else") ? parts() : List.of();
      if (!stop.equals("/if")) throw fail("{{/if}}");
      return new If(path, then, otherwise);
    }
  }

  private static final class Renderer {
    private final StringBuilder out = new StringBuilder();
    private final List<Map<String, Data>> scopes = new ArrayList<>();

    String render(List<Part> parts, Map<String, Data> data) {
      scopes.add(data);
      all(parts);
      return out.toString();
    }

    private void all(List<Part> parts) {
      for (Part part : parts) {
        if (part instanceof Plain plain) {
          out.append(plain.text);
        } else if (part instanceof Print print) {
          print(filtered(textOf(find(print.path)), print.filters), print.isRaw);
        } else if (part instanceof Each each) {
          each(find(each.path), each.body);
        } else if (part instanceof If choice) {
          all(isTrue(find(choice.path)) ? choice.then : choice.otherwise);
        }
      }
    }

    private Data find(List<String> path) {
      Data found = lookUp(path.get(0));
      for (int i = 1; i < path.size(); i++) {
        found = found instanceof Fields f ? f.fields.getOrDefault(path.get(i), Nothing.NOTHING) : Nothing.NOTHING;
      }
      return found;
    }

    private Data lookUp(String name) {
      for (int i = scopes.size() - 1; i >= 0; i--) {
        Data found = scopes.get(i).get(name);
        if (found != null) return found;
      }
      return Nothing.NOTHING;
    }

    private void each(Data list, List<Part> body) {
      if (!(list instanceof Items items)) return;
      for (Data item : items.items) {
        scopes.add(item instanceof Fields fields ? fields.fields : Map.of("this", item));
        all(body);
        scopes.remove(scopes.size() - 1);
      }
    }

    private static boolean isTrue(Data data) {
      if (data instanceof Flag flag) return flag.value;
      if (data instanceof Number number) return number.number != 0;
      if (data instanceof Text text) return !text.text.isEmpty();
      if (data instanceof Items items) return !items.items.isEmpty();
      return data instanceof Fields;
    }

    private static String textOf(Data data) {
      if (data instanceof Text text) return text.text;
      if (data instanceof Number number) return Integer.toString(number.number);
      if (data instanceof Flag flag) return Boolean.toString(flag.value);
      return "";
    }

    private static String filtered(String text, List<String> filters) {
      String result = text;
      for (String filter : filters) {
        result = switch (filter) {
          case "upper" -> result.toUpperCase();
          case "lower" -> result.toLowerCase();
          case "trim" -> result.trim();
          default -> throw new IllegalArgumentException("there is no filter " + filter);
        };
      }
      return result;
    }

    private void print(String text, boolean isRaw) {
      if (isRaw) {
        out.append(text);
        return;
      }
      int start = 0;
      for (int i = 0; i < text.length(); i++) {
        String escape = switch (text.charAt(i)) {
          case '&' -> "&amp;";
          case '<' -> "&lt;";
          case '>' -> "&gt;";
          case '"' -> "&quot;";
          default -> "";
        };
        if (!escape.isEmpty()) {
          out.append(text, start, i).append(escape);
          start = i + 1;
        }
      }
      out.append(text, start, text.length());
    }
  }

  private static final String PAGE =
      """
      <html><head><title>{{title|upper}}</title></head><body>
      {{#if notice}}<p class="notice">{{notice}}</p>{{else}}<p>all is well</p>{{/if}}
      {{#each users}}<section>
        <h2>{{name}} of {{address.city|trim|upper}}, {{address.country.code}}</h2>
        {{#if admin}}<b>{{title|lower}}</b>{{else}}<i>{{&badge}}</i>{{/if}}
        <ul>{{#each orders}}<li class="{{#if open}}open{{else}}done{{/if}}">{{sku}}: {{quantity}} x {{price}} for {{name}}</li>
        {{/each}}</ul>
        {{#each tags}}{{this|upper}}{{#if admin}}!{{/if}} {{/each}}
      </section>
      {{/each}}</body></html>
      """;

  /** The users of a shop. */
  private static final class Shop {
    private static final String[] CITIES = {"  Bergen", "Cork  ", " Lyon ", "Oslo"};
    private final Random random = new Random();

    private int pick(int limit) {
      return random.next() * limit / 65536;
    }

    Map<String, Data> data(int users) {
      List<Data> all = new ArrayList<>();
      for (int i = 0; i < users; i++) all.add(new Fields(user(i)));
      return fields("title", new Text("Orders & <Users>"), "notice", new Text(""), "users", new Items(all));
    }

    private Map<String, Data> user(int i) {
      Data country = new Fields(fields("code", new Text("C" + pick(50))));
      Data address = new Fields(fields("city", new Text(CITIES[pick(4)]), "country", country));
      List<Data> orders = new ArrayList<>();
      for (int left = pick(8); left >= 0; left--) orders.add(new Fields(order()));
      List<Data> tags = new ArrayList<>();
      for (int left = pick(4); left >= 0; left--) tags.add(new Text("tag<" + pick(100) + ">"));
      Data name = new Text("User \"" + i + "\" & Co");
      Data admin = new Flag(pick(3) == 0);
      Data badge = new Text("<em>" + pick(10) + "</em>");
      return fields("name", name, "address", address, "admin", admin, "badge", badge, "orders", new Items(orders),
          "tags", new Items(tags));
    }

    private Map<String, Data> order() {
      Data sku = new Text("a-" + pick(900));
      Data quantity = new Number(1 + pick(9));
      Data price = new Number(pick(2000));
      return fields("sku", sku, "quantity", quantity, "price", price, "open", new Flag(pick(2) == 0));
    }

    /** Names and what they stand for, in turn. */
    private static Map<String, Data> fields(Object... pairs) {
      Map<String, Data> fields = new LinkedHashMap<>();
      for (int i = 0; i < pairs.length; i += 2) fields.put((String) pairs[i], (Data) pairs[i + 1]);
      return fields;
    }
  }

  private static boolean isRight(Map<String, Data> data) {
    String text = new Renderer().render(new Parser(PAGE).parse(), data);
    int sum = 0;
    for (int i = 0; i < text.length(); i++) sum = (sum * 31 + text.charAt(i)) % 1000003;
    return text.length() == 29203 && sum == 964138;
  }

  private static boolean template(Map<String, Data> data, int repeats) {
    for (int i = 0; i < repeats; i++) {
      if (!isRight(data)) return false;
    }
    return true;
  }

  public static void main(String[] args) {
    Map<String, Data> data = new Shop().data(60);
    Harness.run(args, 10, size -> template(data, size));
  }
}
