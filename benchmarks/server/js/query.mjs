// query.mjs: answers questions in a small SQL about three tables; see ../rima/query.rima.
//
// Values are numbers and strings, rows arrays of them, expressions functions of a row. Truth is 1 or 0.
import { run } from "../../classic/js/harness.mjs";
import { Random } from "../../classic/js/som.mjs";

const truth = (holds) => (holds ? 1 : 0);

function numberOf(value) {
  if (typeof value === "number") return value;
  throw new TypeError(`a number is wanted, not ${value}`);
}

function compare(a, b) {
  if (typeof a === typeof b) return a < b ? -1 : a > b ? 1 : 0;
  return typeof a === "number" ? -1 : 1;
}

class Table {
  constructor(...columns) {
    this.columns = columns;
    this.rows = [];
  }
}

/**
 * Gives rows one after another by next(), null behind the last. Columns are named TABLE.COLUMN, or as the question
 * names them.
 */
class Operator {
  constructor(columns) {
    this.columns = columns;
  }

  position(name) {
    const position = this.columns.findIndex((column) => column === name || column.endsWith(`.${name}`));
    if (position < 0) throw new RangeError(`there is no column ${name}`);
    return position;
  }
}

class Scan extends Operator {
  constructor(table) {
    super(table.columns);
    this.rows = table.rows;
    this.at = 0;
  }

  next() {
    return this.at === this.rows.length ? null : this.rows[this.at++];
  }
}

class Filter extends Operator {
  constructor(input, condition) {
    super(input.columns);
    this.input = input;
    this.condition = condition;
  }

  next() {
    let row = this.input.next();
    while (row !== null && numberOf(this.condition(row)) === 0) row = this.input.next();
    return row;
  }
}

/** Pairs the rows whose keys are the same; those on the right stand in a table by their keys. */
class Join extends Operator {
  constructor(left, right, key, rightKey) {
    super([...left.columns, ...right.columns]);
    this.left = left;
    this.key = key;
    this.matches = new Map();
    this.row = null;
    this.found = [];
    this.at = 0;
    for (let added = right.next(); added !== null; added = right.next()) {
      const text = String(rightKey(added));
      const known = this.matches.get(text);
      if (known === undefined) {
        this.matches.set(text, [added]);
      } else {
        known.push(added);
      }
    }
  }

  next() {
    while (this.at === this.found.length) {
      this.row = this.left.next();
      if (this.row === null) return null;
      this.found = this.matches.get(String(this.key(this.row))) ?? [];
      this.at = 0;
    }
    return this.row.concat(this.found[this.at++]);
  }
}

class Project extends Operator {
  constructor(input, items) {
    super(items.map((item) => item.name));
    this.input = input;
    this.items = items;
  }

  next() {
    const row = this.input.next();
    return row === null ? null : this.items.map((item) => item.value(row));
  }
}

/** The rows with the same keys, and what is known of them so far. */
class Group {
  constructor(keys, size) {
    this.keys = keys;
    this.counts = new Array(size).fill(0);
    this.numbers = new Array(size).fill(0);
  }

  add(aggregates, row) {
    const { counts, numbers } = this;
    for (let i = 0; i < aggregates.length; i++) {
      const aggregate = aggregates[i];
      const number = numberOf(aggregate.argument(row));
      const isFirst = counts[i]++ === 0;
      switch (aggregate.summary) {
        case "count":
          numbers[i]++;
          break;
        case "sum":
          numbers[i] += number;
          break;
        case "min":
          if (isFirst || number < numbers[i]) numbers[i] = number;
          break;
        case "max":
          if (isFirst || number > numbers[i]) numbers[i] = number;
          break;
      }
    }
  }

  row() {
    return this.keys.concat(this.numbers);
  }
}

class GroupBy extends Operator {
  constructor(input, names, keys, aggregates) {
    super(names);
    this.input = input;
    this.keys = keys;
    this.aggregates = aggregates;
    this.groups = [];
    this.at = -1;
  }

  next() {
    if (this.at < 0) this.collect();
    return this.at < this.groups.length ? this.groups[this.at++].row() : null;
  }

  collect() {
    const byKey = new Map();
    for (let row = this.input.next(); row !== null; row = this.input.next()) {
      this.groupOf(row, byKey).add(this.aggregates, row);
    }
    this.at = 0;
  }

  groupOf(row, byKey) {
    const values = this.keys.map((key) => key(row));
    const text = values.join("|");
    let group = byKey.get(text);
    if (group === undefined) {
      group = new Group(values, this.aggregates.length);
      byKey.set(text, group);
      this.groups.push(group);
    }
    return group;
  }
}

class Sort extends Operator {
  constructor(input, orders) {
    super(input.columns);
    this.input = input;
    this.orders = orders;
    this.rows = [];
    this.at = -1;
  }

  next() {
    if (this.at < 0) this.collect();
    return this.at < this.rows.length ? this.rows[this.at++] : null;
  }

  collect() {
    for (let row = this.input.next(); row !== null; row = this.input.next()) this.rows.push(row);
    this.rows.sort((a, b) => this.order(a, b));
    this.at = 0;
  }

  order(a, b) {
    for (const { column, isDescending } of this.orders) {
      const result = compare(a[column], b[column]);
      if (result !== 0) return isDescending ? -result : result;
    }
    return 0;
  }
}

class Limit extends Operator {
  constructor(input, left) {
    super(input.columns);
    this.input = input;
    this.left = left;
  }

  next() {
    return this.left-- > 0 ? this.input.next() : null;
  }
}

/** Takes a question apart into words, numbers, texts with their first quote, and signs. */
function tokensOf(question) {
  const tokens = [];
  let at = 0;
  while (at < question.length) {
    const start = at;
    const c = question[at++];
    if (c === "'") {
      while (question[at] !== "'") at++;
      tokens.push(question.slice(start, at++));
    } else if (isWordCharacter(c)) {
      while (at < question.length && isWordCharacter(question[at])) at++;
      tokens.push(question.slice(start, at));
    } else if (c !== " ") {
      const after = question[at];
      if ((c === "<" || c === ">") && (after === "=" || after === ">")) at++;
      tokens.push(question.slice(start, at));
    }
  }
  return tokens;
}

function isWordCharacter(c) {
  return (c >= "a" && c <= "z") || (c >= "0" && c <= "9") || c === "." || c === "_";
}

const summaries = new Set(["count", "sum", "min", "max"]);

class Planner {
  constructor(question, tables) {
    this.tokens = tokensOf(question);
    this.tables = tables;
    this.at = 0;
    this.scope = null; // what names of columns mean
    this.aggregates = [];
    this.keyNames = [];
  }

  peek() {
    return this.at < this.tokens.length ? this.tokens[this.at] : "";
  }

  next() {
    if (this.at === this.tokens.length) throw this.fail("a word");
    return this.tokens[this.at++];
  }

  take(word) {
    if (this.peek() !== word) return false;
    this.at++;
    return true;
  }

  need(word) {
    if (!this.take(word)) throw this.fail(word);
  }

  fail(wanted) {
    return new SyntaxError(`${wanted} is missing before ${this.peek()}`);
  }

  /** One or more, with commas between. */
  listOf(one) {
    const all = [one()];
    while (this.take(",")) all.push(one());
    return all;
  }

  /** The clauses are planned in the order in which they take effect; `at` goes back and forth between them. */
  plan() {
    this.need("select");
    const itemsAt = this.at;
    while (!this.take("from")) this.next();
    this.scope = this.from();
    if (this.take("where")) this.scope = new Filter(this.scope, this.expression());
    const input = this.scope;
    let keys = [];
    const names = [];
    if (this.take("group")) {
      this.need("by");
      keys = this.listOf(() => {
        names.push(this.peek());
        return this.expression();
      });
    }
    const restAt = this.at;
    this.at = itemsAt;
    this.keyNames = names;
    const items = this.listOf(() => this.item());
    this.at = restAt;
    if (keys.length > 0) this.scope = new GroupBy(input, names, keys, this.aggregates);
    this.scope = new Project(this.scope, items);
    if (this.take("order")) {
      this.need("by");
      this.scope = new Sort(this.scope, this.listOf(() => this.order()));
    }
    if (this.take("limit")) this.scope = new Limit(this.scope, Number.parseInt(this.next(), 10));
    if (this.at < this.tokens.length) throw this.fail("the end");
    return this.scope;
  }

  table() {
    const name = this.next();
    const table = this.tables.get(name);
    if (table === undefined) throw new RangeError(`there is no table ${name}`);
    return new Scan(table);
  }

  from() {
    let input = this.table();
    while (this.take("join")) {
      const right = this.table();
      this.need("on");
      this.scope = input;
      const key = this.sum();
      this.need("=");
      this.scope = right;
      input = new Join(input, right, key, this.sum());
    }
    return input;
  }

  item() {
    const start = this.peek();
    const value = this.expression();
    return { name: this.take("as") ? this.next() : start, value };
  }

  order() {
    const column = this.scope.position(this.next());
    return { column, isDescending: this.take("desc") };
  }

  expression() {
    let left = this.conjunction();
    while (this.take("or")) {
      const a = left;
      const b = this.conjunction();
      left = (row) => truth(numberOf(a(row)) !== 0 || numberOf(b(row)) !== 0);
    }
    return left;
  }

  conjunction() {
    let left = this.negation();
    while (this.take("and")) {
      const a = left;
      const b = this.negation();
      left = (row) => truth(numberOf(a(row)) !== 0 && numberOf(b(row)) !== 0);
    }
    return left;
  }

  negation() {
    if (!this.take("not")) return this.comparison();
    const a = this.negation();
    return (row) => truth(numberOf(a(row)) === 0);
  }

  comparison() {
    const a = this.sum();
    if (this.take("=")) {
      const b = this.sum();
      return (row) => truth(compare(a(row), b(row)) === 0);
    }
    if (this.take("<>")) {
      const b = this.sum();
      return (row) => truth(compare(a(row), b(row)) !== 0);
    }
    if (this.take("<")) {
      const b = this.sum();
      return (row) => truth(compare(a(row), b(row)) < 0);
    }
    if (this.take(">")) {
      const b = this.sum();
      return (row) => truth(compare(a(row), b(row)) > 0);
    }
    if (this.take(">=")) {
      const b = this.sum();
      return (row) => truth(compare(a(row), b(row)) >= 0);
    }
    return a;
  }

  sum() {
    let left = this.product();
    while (this.peek() === "+" || this.peek() === "-") {
      const sign = this.next() === "+" ? 1 : -1;
      const a = left;
      const b = this.product();
      left = (row) => numberOf(a(row)) + sign * numberOf(b(row));
    }
    return left;
  }

  product() {
    let left = this.primary();
    while (this.take("*")) {
      const a = left;
      const b = this.primary();
      left = (row) => numberOf(a(row)) * numberOf(b(row));
    }
    return left;
  }

  primary() {
    const token = this.next();
    if (token === "(") {
      const inner = this.expression();
      this.need(")");
      return inner;
    }
    if (this.take("(")) return this.aggregate(token);
    if (token[0] >= "0" && token[0] <= "9") return constant(Number.parseInt(token, 10));
    if (token[0] === "'") return constant(token.slice(1));
    return this.column(token);
  }

  aggregate(summary) {
    if (!summaries.has(summary)) throw new RangeError(`there is no function ${summary}`);
    const names = this.keyNames;
    this.keyNames = []; // within the argument, columns are those of the rows
    const argument = this.peek() === ")" ? constant(0) : this.expression();
    this.keyNames = names;
    this.need(")");
    this.aggregates.push({ summary, argument });
    return cell(names.length + this.aggregates.length - 1);
  }

  /** Behind a grouping, a column is one of the keys. */
  column(name) {
    if (this.keyNames.length === 0) return cell(this.scope.position(name));
    const key = this.keyNames.indexOf(name);
    if (key < 0) throw new RangeError(`${name} is not grouped by`);
    return cell(key);
  }
}

const constant = (value) => () => value;
const cell = (position) => (row) => row[position];

const cities = ["Bergen", "Cork", "Lyon", "Oslo", "Porto", "Turin"];
const regions = ["north", "south", "east", "west"];
const categories = ["tools", "toys", "books", "plants", "paper"];

/** The sales of a shop. */
function shop() {
  const customers = new Table("customers.id", "customers.name", "customers.city", "customers.level");
  const products = new Table("products.id", "products.title", "products.category", "products.cost");
  const sales = new Table("sales.customer", "sales.product", "sales.quantity", "sales.price", "sales.region");
  const random = new Random();
  const pick = (limit) => Math.floor((random.next() * limit) / 65536);
  for (let i = 0; i < 200; i++) {
    const level = 1 + pick(4);
    customers.rows.push([i, `customer${(i * 37) % 200}`, cities[pick(6)], level]);
  }
  for (let i = 0; i < 50; i++) products.rows.push([i, `product${i}`, categories[pick(5)], pick(300)]);
  for (let i = 0; i < 1500; i++) {
    sales.rows.push([pick(200), pick(50), 1 + pick(9), 100 + pick(900), regions[pick(4)]]);
  }
  return new Map([["customers", customers], ["products", products], ["sales", sales]]);
}

const questions = [
  "select name, city from customers where level >= 3 and city <> 'Oslo' order by name limit 20",
  "select region, count() as n, sum(quantity * price) as revenue from sales where quantity > 2" +
    " group by region order by revenue desc",
  "select category, sum(quantity) as sold, max(price) as dearest from sales join products on product = id" +
    " group by category order by category",
  "select city, level, count() as n, min(price) as cheapest from sales" +
    " join customers on sales.customer = customers.id where price > 500 or region = 'north'" +
    " group by city, level order by n desc, city, level limit 10",
  "select name, sum(quantity * (price - cost)) as profit from sales join customers on customer = id" +
    " join products on product = id where not level = 1 group by name order by profit desc, name limit 5",
];

function isRight(tables) {
  let sum = 0;
  let count = 0;
  for (const question of questions) {
    const plan = new Planner(question, tables).plan();
    for (let row = plan.next(); row !== null; row = plan.next()) {
      count++;
      for (const value of row) {
        const text = String(value);
        for (let i = 0; i < text.length; i++) sum = (sum * 31 + text.charCodeAt(i)) % 1000003;
      }
    }
  }
  return count === 44 && sum === 67918;
}

const tables = shop();
run(3, (repeats) => {
  for (let i = 0; i < repeats; i++) {
    if (!isRight(tables)) return false;
  }
  return true;
});
