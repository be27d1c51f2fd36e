// Query.java: answers questions in a small SQL about three tables; see ../rima/query.rima.
package server;

import classic.Harness;
import classic.Som.Random;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

public final class Query {
  private sealed interface Value extends Comparable<Value> {
    @Override
    default int compareTo(Value other) {
      if (this instanceof Number a && other instanceof Number b) return Long.compare(a.number, b.number);
      if (this instanceof Text a && other instanceof Text b) return a.text.compareTo(b.text);
      return this instanceof Number ? -1 : 1;
    }
  }

  private record Number(long number) implements Value {
    @Override
    public String toString() {
      return Long.toString(number);
    }
  }

  private record Text(String text) implements Value {
    @Override
    public String toString() {
      return text;
    }
  }

  private static final Value YES = new Number(1);
  private static final Value NO = new Number(0);

  private static Value truth(boolean holds) {
    return holds ? YES : NO;
  }

  private static long numberOf(Value value) {
    if (value instanceof Number number) return number.number;
    throw new IllegalArgumentException("a number is wanted, not " + value);
  }

  private interface Expression {
    Value of(Value[] row);
  }

  private static final class Table {
    final List<String> columns;
    final List<Value[]> rows = new ArrayList<>();

    Table(String... columns) {
      this.columns = List.of(columns);
    }
  }

  /** Gives rows one after another. Columns are named TABLE.COLUMN, or as the question names them. */
  private abstract static class Operator {
    final List<String> columns;

    Operator(List<String> columns) {
      this.columns = columns;
    }

    /** The next row, or null behind the last. */
    abstract Value[] next();

    int position(String name) {
      for (int i = 0; i < columns.size(); i++) {
        if (columns.get(i).equals(name) || columns.get(i).endsWith("." + name)) return i;
      }
      throw new IllegalArgumentException("there is no column " + name);
    }
  }

  private static final class Scan extends Operator {
    private final Table table;
    private int at = 0;

    Scan(Table table) {
      super(table.columns);
      this.table = table;
    }

    @Override
    Value[] next() {
      return at == table.rows.size() ? null : table.rows.get(at++);
    }
  }

  private static final class Filter extends Operator {
    private final Operator input;
    private final Expression condition;

    Filter(Operator input, Expression condition) {
      super(input.columns);
      this.input = input;
      this.condition = condition;
    }

    @Override
    Value[] next() {
      Value[] row = input.next();
      while (row != null && numberOf(condition.of(row)) == 0) row = input.next();
      return row;
    }
  }

  /** Pairs the rows whose keys are the same; those on the right stand in a table by their keys. */
  private static final class Join extends Operator {
    private final Operator left;
    private final Expression key;
    private final Map<String, List<Value[]>> matches = new HashMap<>();
    private Value[] row = null;
    private List<Value[]> found = List.of();
    private int at = 0;

    Join(Operator left, Operator right, Expression key, Expression rightKey) {
      super(both(left.columns, right.columns));
      this.left = left;
      this.key = key;
      for (Value[] added = right.next(); added != null; added = right.next()) {
        matches.computeIfAbsent(rightKey.of(added).toString(), k -> new ArrayList<>()).add(added);
      }
    }

    private static List<String> both(List<String> left, List<String> right) {
      List<String> columns = new ArrayList<>(left);
      columns.addAll(right);
      return columns;
    }

    @Override
    Value[] next() {
      while (at == found.size()) {
        row = left.next();
        if (row == null) return null;
        found = matches.getOrDefault(key.of(row).toString(), List.of());
        at = 0;
      }
      return joined(row, found.get(at++));
    }

    private static Value[] joined(Value[] left, Value[] right) {
      Value[] both = Arrays.copyOf(left, left.length + right.length);
      System.arraycopy(right, 0, both, left.length, right.length);
      return both;
    }
  }

  private static final class Project extends Operator {
    private final Operator input;
    private final List<Item> items;

    Project(Operator input, List<Item> items) {
      super(items.stream().map(Item::name).toList());
      this.input = input;
      this.items = items;
    }

    @Override
    Value[] next() {
      Value[] row = input.next();
      if (row == null) return null;
      Value[] result = new Value[items.size()];
      for (int i = 0; i < result.length; i++) result[i] = items.get(i).value.of(row);
      return result;
    }
  }

  private enum Summary {
    COUNT,
    SUM,
    MIN,
    MAX
  }

  private record Aggregate(Summary summary, Expression argument) {}

  /** The rows with the same keys, and what is known of them so far. */
  private static final class Group {
    private final Value[] keys;
    private final int[] counts;
    private final long[] numbers;

    Group(Value[] keys, int size) {
      this.keys = keys;
      counts = new int[size];
      numbers = new long[size];
    }

    void add(List<Aggregate> aggregates, Value[] row) {
      for (int i = 0; i < numbers.length; i++) {
        Aggregate aggregate = aggregates.get(i);
        long number = numberOf(aggregate.argument.of(row));
        boolean isFirst = counts[i]++ == 0;
        switch (aggregate.summary) {
          case COUNT -> numbers[i]++;
          case SUM -> numbers[i] += number;
          case MIN -> {
            if (isFirst || number < numbers[i]) numbers[i] = number;
          }
          case MAX -> {
            if (isFirst || number > numbers[i]) numbers[i] = number;
          }
        }
      }
    }

    Value[] row() {
      Value[] row = Arrays.copyOf(keys, keys.length + numbers.length);
      for (int i = 0; i < numbers.length; i++) row[keys.length + i] = new Number(numbers[i]);
      return row;
    }
  }

  private static final class GroupBy extends Operator {
    private final Operator input;
    private final List<Expression> keys;
    private final List<Aggregate> aggregates;
    private final List<Group> groups = new ArrayList<>();
    private int at = -1;

    GroupBy(Operator input, List<String> names, List<Expression> keys, List<Aggregate> aggregates) {
      super(names);
      this.input = input;
      this.keys = keys;
      this.aggregates = aggregates;
    }

    @Override
    Value[] next() {
      if (at < 0) collect();
      return at < groups.size() ? groups.get(at++).row() : null;
    }

    private void collect() {
      Map<String, Group> byKey = new HashMap<>();
      for (Value[] row = input.next(); row != null; row = input.next()) groupOf(row, byKey).add(aggregates, row);
      at = 0;
    }

    private Group groupOf(Value[] row, Map<String, Group> byKey) {
      Value[] values = new Value[keys.size()];
      StringBuilder text = new StringBuilder();
      for (int i = 0; i < values.length; i++) {
        values[i] = keys.get(i).of(row);
        text.append(values[i]).append('|');
      }
      return byKey.computeIfAbsent(text.toString(), key -> {
        Group added = new Group(values, aggregates.size());
        groups.add(added);
        return added;
      });
    }
  }

  private record Order(int column, boolean isDescending) {}

  private static final class Sort extends Operator {
    private final Operator input;
    private final List<Order> orders;
    private final List<Value[]> rows = new ArrayList<>();
    private int at = -1;

    Sort(Operator input, List<Order> orders) {
      super(input.columns);
      this.input = input;
      this.orders = orders;
    }

    @Override
    Value[] next() {
      if (at < 0) collect();
      return at < rows.size() ? rows.get(at++) : null;
    }

    private void collect() {
      for (Value[] row = input.next(); row != null; row = input.next()) rows.add(row);
      rows.sort(this::order);
      at = 0;
    }

    private int order(Value[] a, Value[] b) {
      for (Order order : orders) {
        int result = a[order.column].compareTo(b[order.column]);
        if (result != 0) return order.isDescending ? -result : result;
      }
      return 0;
    }
  }

  private static final class Limit extends Operator {
    private final Operator input;
    private int left;

    Limit(Operator input, int left) {
      super(input.columns);
      this.input = input;
      this.left = left;
    }

    @Override
    Value[] next() {
      return left-- > 0 ? input.next() : null;
    }
  }

  /** Takes a question apart into words, numbers, texts with their first quote, and signs. */
  private static List<String> tokensOf(String question) {
    List<String> tokens = new ArrayList<>();
    int at = 0;
    while (at < question.length()) {
      int start = at;
      char c = question.charAt(at++);
      if (c == '\'') {
        while (question.charAt(at) != '\'') at++;
        tokens.add(question.substring(start, at++));
      } else if (isWordCharacter(c)) {
        while (at < question.length() && isWordCharacter(question.charAt(at))) at++;
        tokens.add(question.substring(start, at));
      } else if (c != ' ') {
        char after = at < question.length() ? question.charAt(at) : ' ';
        if ((c == '<' || c == '>') && (after == '=' || after == '>')) at++;
        tokens.add(question.substring(start, at));
      }
    }
    return tokens;
  }

  private static boolean isWordCharacter(char c) {
    return c >= 'a' && c <= 'z' || c >= '0' && c <= '9' || c == '.' || c == '_';
  }

  private record Item(String name, Expression value) {}

  private static final class Planner {
    private final List<String> tokens;
    private final Map<String, Table> tables;
    private int at = 0;
    private Operator scope; // what names of columns mean
    private final List<Aggregate> aggregates = new ArrayList<>();
    private List<String> keyNames = List.of();

    Planner(String question, Map<String, Table> tables) {
      tokens = tokensOf(question);
      this.tables = tables;
    }

    private String peek() {
      return at < tokens.size() ? tokens.get(at) : "";
    }

    private String next() {
      if (at == tokens.size()) throw fail("a word");
      return tokens.get(at++);
    }

    private boolean take(String word) {
      if (!peek().equals(word)) return false;
      at++;
      return true;
    }

    private void need(String word) {
      if (!take(word)) throw fail(word);
    }

    private IllegalArgumentException fail(String wanted) {
      return new IllegalArgumentException(wanted + " is missing before " + peek());
    }

    /** The clauses are planned in the order in which they take effect; {@code at} goes back and forth between them. */
    Operator plan() {
      need("select");
      int itemsAt = at;
      while (!take("from")) next();
      scope = from();
      if (take("where")) scope = new Filter(scope, expression());
      Operator input = scope;
      List<Expression> keys = new ArrayList<>();
      List<String> names = new ArrayList<>();
      if (take("group")) {
        need("by");
        keys.add(key(names));
        while (take(",")) keys.add(key(names));
      }
      int restAt = at;
      at = itemsAt;
      keyNames = names;
      List<Item> items = items();
      at = restAt;
      if (!keys.isEmpty()) scope = new GroupBy(input, keyNames, keys, aggregates);
      scope = new Project(scope, items);
      if (take("order")) scope = new Sort(scope, orders());
      if (take("limit")) scope = new Limit(scope, Integer.parseInt(next()));
      if (at < tokens.size()) throw fail("the end");
      return scope;
    }

    private Operator table() {
      String name = next();
      Table table = tables.get(name);
      if (table == null) throw new IllegalArgumentException("there is no table " + name);
      return new Scan(table);
    }

    private Operator from() {
      Operator input = table();
      while (take("join")) {
        Operator right = table();
        need("on");
        scope = input;
        Expression key = sum();
        need("=");
        scope = right;
        input = new Join(input, right, key, sum());
      }
      return input;
    }

    private Expression key(List<String> names) {
      names.add(peek());
      return expression();
    }

    private List<Item> items() {
      List<Item> items = new ArrayList<>();
      items.add(item());
      while (take(",")) items.add(item());
      return items;
    }

    private Item item() {
      String start = peek();
      Expression value = expression();
      return new Item(take("as") ? next() : start, value);
    }

    private List<Order> orders() {
      need("by");
      List<Order> orders = new ArrayList<>();
      orders.add(order());
      while (take(",")) orders.add(order());
      return orders;
    }

    private Order order() {
      int column = scope.position(next());
      return new Order(column, take("desc"));
    }

    private Expression expression() {
      Expression left = conjunction();
      while (take("or")) {
        Expression a = left;
        Expression b = conjunction();
        left = row -> truth(numberOf(a.of(row)) != 0 || numberOf(b.of(row)) != 0);
      }
      return left;
    }

    private Expression conjunction() {
      Expression left = negation();
      while (take("and")) {
        Expression a = left;
        Expression b = negation();
        left = row -> truth(numberOf(a.of(row)) != 0 && numberOf(b.of(row)) != 0);
      }
      return left;
    }

    private Expression negation() {
      if (!take("not")) return comparison();
      Expression a = negation();
      return row -> truth(numberOf(a.of(row)) == 0);
    }

    private Expression comparison() {
      Expression a = sum();
      if (take("=")) {
        Expression b = sum();
        return row -> truth(a.of(row).compareTo(b.of(row)) == 0);
      }
      if (take("<>")) {
        Expression b = sum();
        return row -> truth(a.of(row).compareTo(b.of(row)) != 0);
      }
      if (take("<")) {
        Expression b = sum();
        return row -> truth(a.of(row).compareTo(b.of(row)) < 0);
      }
      if (take(">")) {
        Expression b = sum();
        return row -> truth(a.of(row).compareTo(b.of(row)) > 0);
      }
      if (take(">=")) {
        Expression b = sum();
        return row -> truth(a.of(row).compareTo(b.of(row)) >= 0);
      }
      return a;
    }

    private Expression sum() {
      Expression left = product();
      while (peek().equals("+") || peek().equals("-")) {
        int sign = next().equals("+") ? 1 : -1;
        Expression a = left;
        Expression b = product();
        left = row -> new Number(numberOf(a.of(row)) + sign * numberOf(b.of(row)));
      }
      return left;
    }

    private Expression product() {
      Expression left = primary();
      while (take("*")) {
        Expression a = left;
        Expression b = primary();
        left = row -> new Number(numberOf(a.of(row)) * numberOf(b.of(row)));
      }
      return left;
    }

    private Expression primary() {
      String token = next();
      if (token.equals("(")) {
        Expression inner = expression();
        need(")");
        return inner;
      }
      if (take("(")) return aggregate(token);
      char first = token.charAt(0);
      if (first >= '0' && first <= '9') return constant(new Number(Long.parseLong(token)));
      if (first == '\'') return constant(new Text(token.substring(1)));
      return column(token);
    }

    private static Expression constant(Value value) {
      return row -> value;
    }

    private Expression aggregate(String name) {
      Summary summary = switch (name) {
        case "count" -> Summary.COUNT;
        case "sum" -> Summary.SUM;
        case "min" -> Summary.MIN;
        case "max" -> Summary.MAX;
        default -> throw new IllegalArgumentException("there is no function " + name);
      };
      List<String> names = keyNames;
      keyNames = List.of(); // within the argument, columns are those of the rows
      Expression argument = peek().equals(")") ? constant(NO) : expression();
      keyNames = names;
      need(")");
      aggregates.add(new Aggregate(summary, argument));
      return cell(names.size() + aggregates.size() - 1);
    }

    /** Behind a grouping, a column is one of the keys. */
    private Expression column(String name) {
      if (keyNames.isEmpty()) return cell(scope.position(name));
      int key = keyNames.indexOf(name);
      if (key < 0) throw new IllegalArgumentException(name + " is not grouped by");
      return cell(key);
    }

    private static Expression cell(int position) {
      return row -> row[position];
    }
  }

  /** The sales of a shop. */
  private static final class Shop {
    private static final String[] CITIES = {"Bergen", "Cork", "Lyon", "Oslo", "Porto", "Turin"};
    private static final String[] REGIONS = {"north", "south", "east", "west"};
    private static final String[] CATEGORIES = {"tools", "toys", "books", "plants", "paper"};
    final Table customers = new Table("customers.id", "customers.name", "customers.city", "customers.level");
    final Table products = new Table("products.id", "products.title", "products.category", "products.cost");
    final Table sales =
        new Table("sales.customer", "sales.product", "sales.quantity", "sales.price", "sales.region");
    private final Random random = new Random();

    Shop() {
      for (int i = 0; i < 200; i++) customer(i);
      for (int i = 0; i < 50; i++) product(i);
      for (int i = 0; i < 1500; i++) sale();
    }

    private int pick(int limit) {
      return random.next() * limit / 65536;
    }

    private void customer(int i) {
      Value level = new Number(1 + pick(4));
      Value name = new Text("customer" + i * 37 % 200);
      customers.rows.add(new Value[] {new Number(i), name, new Text(CITIES[pick(6)]), level});
    }

    private void product(int i) {
      Value category = new Text(CATEGORIES[pick(5)]);
      products.rows.add(new Value[] {new Number(i), new Text("product" + i), category, new Number(pick(300))});
    }

    private void sale() {
      Value customer = new Number(pick(200));
      Value product = new Number(pick(50));
      Value quantity = new Number(1 + pick(9));
      Value price = new Number(100 + pick(900));
      sales.rows.add(new Value[] {customer, product, quantity, price, new Text(REGIONS[pick(4)])});
    }
  }

  private static final String[] QUESTIONS = {
    "select name, city from customers where level >= 3 and city <> 'Oslo' order by name limit 20",
    "select region, count() as n, sum(quantity * price) as revenue from sales where quantity > 2"
        + " group by region order by revenue desc",
    "select category, sum(quantity) as sold, max(price) as dearest from sales join products on product = id"
        + " group by category order by category",
    "select city, level, count() as n, min(price) as cheapest from sales"
        + " join customers on sales.customer = customers.id where price > 500 or region = 'north'"
        + " group by city, level order by n desc, city, level limit 10",
    "select name, sum(quantity * (price - cost)) as profit from sales join customers on customer = id"
        + " join products on product = id where not level = 1 group by name order by profit desc, name limit 5"
  };

  private static boolean isRight(Map<String, Table> tables) {
    int sum = 0;
    int count = 0;
    for (String question : QUESTIONS) {
      Operator plan = new Planner(question, tables).plan();
      for (Value[] row = plan.next(); row != null; row = plan.next()) {
        count++;
        for (Value value : row) {
          String text = value.toString();
          for (int i = 0; i < text.length(); i++) sum = (sum * 31 + text.charAt(i)) % 1000003;
        }
      }
    }
    return count == 44 && sum == 67918;
  }

  private static boolean query(Map<String, Table> tables, int repeats) {
    for (int i = 0; i < repeats; i++) {
      if (!isRight(tables)) return false;
    }
    return true;
  }

  public static void main(String[] args) {
    Shop shop = new Shop();
    Map<String, Table> tables = Map.of("customers", shop.customers, "products", shop.products, "sales", shop.sales);
    Harness.run(args, 3, size -> query(tables, size));
  }
}
