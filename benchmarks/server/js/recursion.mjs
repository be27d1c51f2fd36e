// recursion.mjs: deep recursion; see ../rima/recursion.rima.
import { run } from "../../classic/js/harness.mjs";

class Cell {
  constructor(head, tail) {
    this.head = head;
    this.tail = tail;
  }
}

function build(n) {
  return n === 0 ? null : new Cell(n, build(n - 1));
}

function mapped(list, f) {
  return list === null ? null : new Cell(f(list.head), mapped(list.tail, f));
}

function appended(first, second) {
  return first === null ? second : new Cell(first.head, appended(first.tail, second));
}

function fold(list) {
  return list === null ? 7 : (list.head + 31 * fold(list.tail)) % 1009;
}

function ping(n) {
  return n === 0 ? 1 : (3 * pong(n - 1) + n) % 1009;
}

function pong(n) {
  return n === 0 ? 2 : (5 * ping(n - 1) + 1) % 1009;
}

function ackermann(m, n) {
  if (m === 0) return n + 1;
  if (n === 0) return ackermann(m - 1, 1);
  return ackermann(m - 1, ackermann(m, n - 1));
}

/** Reads parentheses with names and more parentheses within. */
class Parser {
  constructor(text) {
    this.text = text;
    this.deepest = 0;
    this.at = 0;
  }

  /** How many names there are, each counted once for every pair around it, modulo 1009. */
  group(depth) {
    if (depth > this.deepest) this.deepest = depth;
    let weight = 0;
    while (this.at < this.text.length) {
      const c = this.text[this.at++];
      if (c === ")") break;
      weight = (weight + (c === "(" ? this.group(depth + 1) : depth)) % 1009;
    }
    return (weight * 3) % 1009;
  }
}

function isRight(text) {
  const list = appended(mapped(build(2000), (x) => x * 3 + 1), mapped(build(4000), (x) => x % 17));
  const parser = new Parser(text);
  const weight = parser.group(0);
  const results = [fold(list), ping(4000), weight, parser.deepest, ackermann(2, 150)];
  return results.join(" ") === "293 427 442 2000 303";
}

run(10, (repeats) => {
  const text = "(a".repeat(2000) + "b)".repeat(2000);
  for (let i = 0; i < repeats; i++) {
    if (!isRight(text)) return false;
  }
  return true;
});
