// roundtrip.mjs: reads, amends, writes and reads again a document in JSON; see ../rima/roundtrip.rima.
//
// Objects are Maps; everything else is the value of JavaScript that JSON means. Characters are numbers while reading.
import { run } from "../../classic/js/harness.mjs";
import { Random } from "../../classic/js/som.mjs";

const [space, quote, backslash] = [32, 34, 92];

class Reader {
  constructor(text) {
    this.text = text;
    this.at = 0;
  }

  read() {
    const result = this.value();
    this.space();
    if (this.at < this.text.length) throw this.fail("the end");
    return result;
  }

  fail(wanted) {
    return new SyntaxError(`${wanted} is missing at byte ${this.at}`);
  }

  peek() {
    return this.at < this.text.length ? this.text.charCodeAt(this.at) : -1;
  }

  space() {
    const text = this.text;
    while (this.at < text.length && text.charCodeAt(this.at) <= space) this.at++;
  }

  take(wanted) {
    this.space();
    if (this.text[this.at] !== wanted) return false;
    this.at++;
    return true;
  }

  need(wanted) {
    if (!this.take(wanted)) throw this.fail(`'${wanted}'`);
  }

  value() {
    this.space();
    switch (this.text[this.at]) {
      case "{":
        return this.members();
      case "[":
        return this.items();
      case '"':
        return this.string();
      case "t":
        return this.word("true", true);
      case "f":
        return this.word("false", false);
      case "n":
        return this.word("null", null);
      default:
        return this.number();
    }
  }

  word(word, value) {
    if (!this.text.startsWith(word, this.at)) throw this.fail(word);
    this.at += word.length;
    return value;
  }

  items() {
    const items = [];
    this.need("[");
    if (!this.take("]")) {
      items.push(this.value());
      while (this.take(",")) items.push(this.value());
      this.need("]");
    }
    return items;
  }

  members() {
    const members = new Map();
    this.need("{");
    if (!this.take("}")) {
      this.member(members);
      while (this.take(",")) this.member(members);
      this.need("}");
    }
    return members;
  }

  member(members) {
    this.space();
    const name = this.string();
    this.need(":");
    members.set(name, this.value());
  }

  string() {
    if (this.peek() !== quote) throw this.fail("a string");
    this.at++;
    const start = this.at;
    while (this.peek() !== quote && this.peek() !== backslash) this.plain();
    let built = this.text.slice(start, this.at);
    while (this.peek() !== quote) {
      built += this.peek() === backslash ? this.escape() : this.plain();
    }
    this.at++;
    return built;
  }

  /** Takes a character that stands for itself. */
  plain() {
    if (this.peek() < space) throw this.fail("the end of a string");
    return this.text[this.at++];
  }

  escape() {
    this.at += 2;
    const c = this.text[this.at - 1];
    switch (c) {
      case "n":
        return "\n";
      case "t":
        return "\t";
      case "r":
        return "\r";
      case "b":
        return "\b";
      case "f":
        return "\f";
      case "u":
        return this.code();
      case '"':
      case "\\":
      case "/":
        return c;
      default:
        throw this.fail("an escape");
    }
  }

  /** Four hexadecimal digits: a character of ASCII. */
  code() {
    let code = 0;
    for (let i = 0; i < 4; i++) {
      const c = this.peek();
      const digit = isDigit(c) ? c - 48 : (c | 32) - 97 + 10;
      if (digit < 0 || digit > 15) throw this.fail("a hexadecimal digit");
      code = code * 16 + digit;
      this.at++;
    }
    if (code > 127) throw this.fail("a character of ASCII");
    return String.fromCharCode(code);
  }

  number() {
    const isNegative = this.text[this.at] === "-";
    if (isNegative) this.at++;
    if (!isDigit(this.peek())) throw this.fail("a value");
    let digits = 0.0;
    let scale = 0;
    while (isDigit(this.peek())) digits = digits * 10.0 + this.digit();
    if (this.text[this.at] === ".") {
      this.at++;
      if (!isDigit(this.peek())) throw this.fail("a digit");
      for (; isDigit(this.peek()); scale--) digits = digits * 10.0 + this.digit();
    }
    if (this.text[this.at] === "e" || this.text[this.at] === "E") scale += this.exponent();
    const value = scale < 0 ? digits / power(-scale) : digits * power(scale);
    return isNegative ? -value : value;
  }

  exponent() {
    this.at++;
    const sign = this.text[this.at];
    if (sign === "-" || sign === "+") this.at++;
    if (!isDigit(this.peek())) throw this.fail("a digit");
    let exponent = 0;
    while (isDigit(this.peek())) exponent = exponent * 10 + this.digit();
    return sign === "-" ? -exponent : exponent;
  }

  digit() {
    return this.text.charCodeAt(this.at++) - 48;
  }
}

function isDigit(c) {
  return c >= 48 && c <= 57;
}

function power(exponent) {
  let power = 1.0;
  for (let i = 0; i < exponent; i++) power *= 10.0;
  return power;
}

function write(json) {
  if (typeof json === "string") return writeString(json);
  if (typeof json === "number") return writeNumber(json);
  if (json instanceof Map) return writeMembers(json);
  if (Array.isArray(json)) return writeItems(json);
  return String(json);
}

function writeItems(items) {
  let out = "[";
  for (let i = 0; i < items.length; i++) {
    if (i > 0) out += ",";
    out += write(items[i]);
  }
  return out + "]";
}

function writeMembers(members) {
  let out = "{";
  let isFirst = true;
  for (const [name, value] of members) {
    if (!isFirst) out += ",";
    isFirst = false;
    out += `${writeString(name)}:${write(value)}`;
  }
  return out + "}";
}

function writeNumber(value) {
  const sign = value < 0.0 ? "-" : "";
  const hundredths = Math.floor(Math.abs(value) * 100.0 + 0.5);
  const rest = hundredths % 100;
  const fraction = rest === 0 ? "" : (rest < 10 ? ".0" : ".") + rest;
  return sign + Math.floor(hundredths / 100) + fraction;
}

function writeString(text) {
  let out = '"';
  let start = 0;
  for (let i = 0; i < text.length; i++) {
    const c = text.charCodeAt(i);
    if (c < space || c === quote || c === backslash) {
      out += text.slice(start, i) + writeEscape(text[i]);
      start = i + 1;
    }
  }
  return out + text.slice(start) + '"';
}

function writeEscape(c) {
  switch (c) {
    case "\n":
      return "\\n";
    case "\t":
      return "\\t";
    case '"':
      return '\\"';
    case "\\":
      return "\\\\";
    default:
      return "\\u00" + hexadecimal[c.charCodeAt(0) >> 4] + hexadecimal[c.charCodeAt(0) % 16];
  }
}

const hexadecimal = "0123456789abcdef";

/** The orders as a shop might send them. */
class Shop {
  constructor() {
    this.random = new Random();
  }

  document(orders) {
    let out = '{"version": 2e0, "orders": [';
    for (let i = 0; i < orders; i++) {
      if (i > 0) out += ",";
      out += this.order(1000 + i);
    }
    return out + "\n]}";
  }

  pick(limit) {
    return this.random.next() % limit;
  }

  order(number) {
    const isVip = this.pick(4) === 0;
    let out = `\n  {"id": ${number}, "customer": {"name": "J. \\"${this.pick(1000)}\\" \\u0044oe", `;
    out += `"vip": ${isVip}, "referrer": null}, "lines": [`;
    const last = this.pick(6);
    for (let i = 0; i <= last; i++) {
      if (i > 0) out += ", ";
      out += `{"sku": "A-${this.pick(900)}", "quantity": ${1 + this.pick(9)}, `;
      out += `"price": ${this.pick(200)}.${10 + this.pick(90)}}`;
    }
    return out + `], "note": "leave it\\nat door ${this.pick(50)}\\t\\\\ \\u0001"}`;
  }
}

/** Gives an order its total and its discount, null if there is none, and forgets who sent the customer. */
function amend(order) {
  let total = 0.0;
  for (const line of order.get("lines")) total += line.get("quantity") * line.get("price");
  const customer = order.get("customer");
  order.set("total", total);
  order.set("discount", customer.get("vip") === true ? -total * 0.05 : null);
  customer.delete("referrer");
}

function checksum(text) {
  let sum = 0;
  for (let i = 0; i < text.length; i++) sum = (sum * 31 + text.charCodeAt(i)) % 1000003;
  return sum;
}

function isRight(text) {
  const document = new Reader(text).read();
  for (const order of document.get("orders")) amend(order);
  const written = write(document);
  const again = write(new Reader(written).read());
  return written === again && written.length === 53671 && checksum(written) === 460838;
}

const text = new Shop().document(200);
run(2, (repeats) => {
  for (let i = 0; i < repeats; i++) {
    if (!isRight(text)) return false;
  }
  return true;
});
