// json.mjs: parses a document and takes stock of it; see ../rima/json.rima.
import { run } from "./harness.mjs";
import { Random, Vector } from "./som.mjs";

class Text {
  constructor(text) {
    this.text = text;
  }

  /** Adds this value and all below to the tally; so for the other classes. */
  count(tally) {
    tally.texts++;
    tally.bytes += this.text.length;
  }
}

class Numeral {
  constructor(text) {
    this.text = text;
  }

  count(tally) {
    tally.numbers++;
    tally.bytes += this.text.length;
  }
}

class Literal {
  constructor(text) {
    this.text = text;
  }

  count(tally) {
    tally.literals++;
  }
}

class Sequence {
  constructor() {
    this.values = new Vector();
  }

  count(tally) {
    tally.sequences++;
    for (let i = 0; i < this.values.size(); i++) this.values.at(i).count(tally);
  }
}

/** An object; a table of 32 hints, one for each hash, says where a name probably is. */
class Dictionary {
  constructor() {
    this.names = new Vector();
    this.values = new Vector();
    this.hints = new Array(32).fill(0);
  }

  add(name, value) {
    this.hints[slot(name)] = this.names.size() + 1;
    this.names.append(name);
    this.values.append(value);
  }

  find(name) {
    const hint = this.hints[slot(name)] - 1;
    if (hint >= 0 && this.names.at(hint) === name) return this.values.at(hint);
    for (let i = 0; i < this.names.size(); i++) {
      if (this.names.at(i) === name) return this.values.at(i);
    }
    return null;
  }

  count(tally) {
    tally.records++;
    for (let i = 0; i < this.values.size(); i++) this.values.at(i).count(tally);
  }
}

function slot(name) {
  return name.length === 0 ? 0 : (name.length * 7 + name.charCodeAt(0)) % 32;
}

class Tally {
  constructor() {
    this.texts = 0;
    this.numbers = 0;
    this.literals = 0;
    this.sequences = 0;
    this.records = 0;
    this.bytes = 0;
  }

  sum() {
    return (
      this.texts + 3 * this.numbers + 5 * this.literals + 7 * this.sequences + 11 * this.records + 13 * this.bytes
    );
  }
}

const code = (character) => character.charCodeAt(0);
const quote = code('"');
const backslash = code("\\");
const openSequence = code("[");
const closeSequence = code("]");
const openRecord = code("{");
const closeRecord = code("}");
const comma = code(",");
const colon = code(":");
const minus = code("-");
const plus = code("+");
const dot = code(".");
const zero = code("0");
const nine = code("9");
const lowerE = code("e");
const upperE = code("E");
const space = code(" ");
const newline = code("\n");
const tab = code("\t");
const carriageReturn = code("\r");

class Parser {
  constructor(input) {
    this.input = input;
    this.at = -1; // of the current character
    this.current = -1; // the current character's code; -1 at the end
    this.start = 0; // of the text being captured
    this.captured = "";
  }

  parse() {
    this.read();
    this.skipSpace();
    const value = this.readValue();
    this.skipSpace();
    if (this.current !== -1) this.fail("the end");
    return value;
  }

  read() {
    this.at++;
    this.current = this.at < this.input.length ? this.input.charCodeAt(this.at) : -1;
  }

  readValue() {
    switch (this.input[this.at]) {
      case "n":
        return this.readLiteral("null");
      case "t":
        return this.readLiteral("true");
      case "f":
        return this.readLiteral("false");
      case '"':
        return new Text(this.readText());
      case "[":
        return this.readSequence();
      case "{":
        return this.readRecord();
      default:
        return this.readNumber();
    }
  }

  readSequence() {
    const sequence = new Sequence();
    this.read();
    this.skipSpace();
    if (this.take(closeSequence)) return sequence;
    do {
      this.skipSpace();
      sequence.values.append(this.readValue());
      this.skipSpace();
    } while (this.take(comma));
    if (!this.take(closeSequence)) this.fail("',' or ']'");
    return sequence;
  }

  readRecord() {
    const record = new Dictionary();
    this.read();
    this.skipSpace();
    if (this.take(closeRecord)) return record;
    do {
      this.skipSpace();
      if (this.current !== quote) this.fail("a name");
      const name = this.readText();
      this.skipSpace();
      if (!this.take(colon)) this.fail("':'");
      this.skipSpace();
      record.add(name, this.readValue());
      this.skipSpace();
    } while (this.take(comma));
    if (!this.take(closeRecord)) this.fail("',' or '}'");
    return record;
  }

  readLiteral(word) {
    for (let i = 0; i < word.length; i++) {
      if (!this.take(word.charCodeAt(i))) this.fail(word);
    }
    return new Literal(word);
  }

  readText() {
    this.read();
    this.captured = "";
    this.start = this.at;
    while (this.current !== quote) {
      if (this.current === backslash) {
        this.captured += this.input.slice(this.start, this.at);
        this.readEscape();
        this.start = this.at;
      } else if (this.current < space) {
        this.fail("a character of a string");
      } else {
        this.read();
      }
    }
    const text = this.captured + this.input.slice(this.start, this.at);
    this.read();
    return text;
  }

  readEscape() {
    this.read();
    const character = this.input[this.at];
    switch (character) {
      case '"':
      case "/":
      case "\\":
        this.captured += character;
        break;
      case "n":
        this.captured += "\n";
        break;
      case "t":
        this.captured += "\t";
        break;
      case "r":
        this.captured += "\r";
        break;
      default:
        this.fail("a known escape");
    }
    this.read();
  }

  readNumber() {
    this.start = this.at;
    this.take(minus);
    const firstDigit = this.current;
    if (!this.takeDigit()) this.fail("a value");
    if (firstDigit !== zero) this.takeDigits();
    if (this.take(dot)) {
      if (!this.takeDigit()) this.fail("a digit");
      this.takeDigits();
    }
    if (this.take(lowerE) || this.take(upperE)) {
      if (!this.take(plus)) this.take(minus);
      if (!this.takeDigit()) this.fail("a digit");
      this.takeDigits();
    }
    return new Numeral(this.input.slice(this.start, this.at));
  }

  take(wanted) {
    if (this.current !== wanted) return false;
    this.read();
    return true;
  }

  takeDigit() {
    if (this.current < zero || this.current > nine) return false;
    this.read();
    return true;
  }

  takeDigits() {
    while (this.takeDigit()) {}
  }

  skipSpace() {
    while (
      this.current === space ||
      this.current === newline ||
      this.current === tab ||
      this.current === carriageReturn
    ) {
      this.read();
    }
  }

  fail(expected) {
    throw new Error(`expected ${expected} at character ${this.at}`);
  }
}

/** The document: what a server might send to a remote user interface, one operation a widget. */
class Writer {
  constructor() {
    this.random = new Random();
  }

  document() {
    let operations = this.operation();
    for (let i = 1; i < 156; i++) operations += ",\n" + this.operation();
    return `{"head":{"requestCounter":4,"version":null},"operations":[${operations}]}`;
  }

  operation() {
    const widget = `"w${this.pick(900)}"`;
    switch (this.pick(3)) {
      case 0:
        return `["destroy",${widget}]`;
      case 1:
        return `["set", ${widget}, {${this.properties()}}]`;
      default:
        return `["create", ${widget}, "rwt.widgets.Label", {"parent":"w${this.pick(900)}",${this.properties()}}]`;
    }
  }

  properties() {
    const bounds = `"bounds":[${this.pick(1000)},${this.pick(1000)},-${this.pick(90)},${this.pick(90)}.5]`;
    const style = '"style":["WRAP","NONE"],"visible":true,"tabIndex":-1,"customVariant":"variant_item"';
    const text = `"text":"label ${this.pick(5000)}\\n\\"quoted\\""`;
    const font = `"font":[["Verdana","Lucida Sans"], ${this.pick(30)}e+0, false, {}]`;
    return `${bounds},${style}, ${text} ,\n  ${font}`;
  }

  pick(limit) {
    return this.random.next() % limit;
  }
}

function isRight(document) {
  if (!(document instanceof Dictionary)) return false;
  const operations = document.find("operations");
  if (!(operations instanceof Sequence) || operations.values.size() !== 156) return false;
  const head = document.find("head");
  if (!(head instanceof Dictionary) || head.find("nothing") !== null) return false;
  const tally = new Tally();
  document.count(tally);
  return tally.sum() === 137947;
}

const text = new Writer().document();

run(20, (repeats) => {
  for (let i = 0; i < repeats; i++) {
    if (!isRight(new Parser(text).parse())) return false;
  }
  return true;
});
