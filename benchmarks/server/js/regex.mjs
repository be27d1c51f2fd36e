// regex.mjs: finds what regular expressions match in the lines of a log; see ../rima/regex.rima.
import { run } from "../../classic/js/harness.mjs";
import { Random } from "../../classic/js/som.mjs";

/** Nodes are objects with a kind and what belongs to it. */
class Parser {
  constructor(pattern) {
    this.pattern = pattern;
    this.at = 0;
  }

  parse() {
    const node = this.alternatives();
    if (this.at < this.pattern.length) throw this.fail("the end");
    return node;
  }

  fail(wanted) {
    return new SyntaxError(`${wanted} is missing at byte ${this.at} of ${this.pattern}`);
  }

  peek() {
    return this.pattern[this.at];
  }

  take(wanted) {
    if (this.peek() !== wanted) return false;
    this.at++;
    return true;
  }

  next() {
    if (this.at === this.pattern.length) throw this.fail("a character");
    return this.pattern[this.at++];
  }

  alternatives() {
    const first = this.sequence();
    return this.take("|") ? { kind: "either", first, second: this.alternatives() } : first;
  }

  sequence() {
    const c = this.peek();
    if (c === undefined || c === "|" || c === ")") return { kind: "empty" };
    const first = this.repeated();
    const second = this.sequence();
    return second.kind === "empty" ? first : { kind: "sequence", first, second };
  }

  repeated() {
    const node = this.atom();
    if (this.take("*")) return { kind: "many", node };
    if (this.take("+")) return { kind: "some", node };
    return this.take("?") ? { kind: "optional", node } : node;
  }

  atom() {
    const c = this.next();
    switch (c) {
      case "(":
        return this.group();
      case "[":
        return { kind: "oneOf", bytes: this.set() };
      case ".":
        return { kind: "oneOf", bytes: new Uint8Array(128).fill(1) };
      case "^":
        return { kind: "begin" };
      case "$":
        return { kind: "end" };
      case "\\":
        return this.escape();
      default:
        return { kind: "byte", value: c.charCodeAt(0) };
    }
  }

  group() {
    const node = this.alternatives();
    if (!this.take(")")) throw this.fail("')'");
    return node;
  }

  escape() {
    const c = this.next();
    if (c === "d") return { kind: "oneOf", bytes: between(new Uint8Array(128), "0", "9") };
    if (c === "w") return { kind: "oneOf", bytes: wordBytes() };
    return { kind: "byte", value: c.charCodeAt(0) };
  }

  set() {
    const isNegative = this.take("^");
    const bytes = new Uint8Array(128);
    while (!this.take("]")) {
      const low = this.next();
      between(bytes, low, this.take("-") ? this.next() : low);
    }
    return isNegative ? bytes.map((is) => 1 - is) : bytes;
  }
}

function between(bytes, low, high) {
  return bytes.fill(1, low.charCodeAt(0), high.charCodeAt(0) + 1);
}

function wordBytes() {
  const bytes = new Uint8Array(128);
  between(bytes, "a", "z");
  between(bytes, "A", "Z");
  between(bytes, "0", "9");
  return between(bytes, "_", "_");
}

const [one, set, fork, jump, atBegin, atEnd, found] = [0, 1, 2, 3, 4, 5, 6];

/** x is the byte of one, where jump leads, and where fork leads first; y is where fork leads then. */
class Instruction {
  constructor(kind) {
    this.kind = kind;
    this.x = 0;
    this.y = 0;
    this.bytes = null;
  }
}

class Compiler {
  constructor() {
    this.program = [];
  }

  compile(node) {
    this.emit(node);
    this.add(found);
    return this.program;
  }

  add(kind) {
    const added = new Instruction(kind);
    this.program.push(added);
    return added;
  }

  emit(node) {
    switch (node.kind) {
      case "byte":
        this.add(one).x = node.value;
        break;
      case "oneOf":
        this.add(set).bytes = node.bytes;
        break;
      case "begin":
        this.add(atBegin);
        break;
      case "end":
        this.add(atEnd);
        break;
      case "sequence":
        this.emit(node.first);
        this.emit(node.second);
        break;
      case "either":
        this.either(node);
        break;
      case "optional":
        this.optional(node);
        break;
      case "many":
        this.many(node);
        break;
      case "some":
        this.some(node);
        break;
    }
  }

  either(node) {
    const { program } = this;
    const way = this.add(fork);
    way.x = program.length;
    this.emit(node.first);
    const leap = this.add(jump);
    way.y = program.length;
    this.emit(node.second);
    leap.x = program.length;
  }

  optional(node) {
    const way = this.add(fork);
    way.x = this.program.length;
    this.emit(node.node);
    way.y = this.program.length;
  }

  many(node) {
    const start = this.program.length;
    const way = this.add(fork);
    way.x = this.program.length;
    this.emit(node.node);
    this.add(jump).x = start;
    way.y = this.program.length;
  }

  some(node) {
    const start = this.program.length;
    this.emit(node.node);
    const way = this.add(fork);
    way.x = start;
    way.y = this.program.length;
  }
}

/**
 * The places in the program that are reached at one place of the text, the preferred first, each with the place of the
 * text where its match began.
 */
class Threads {
  constructor(size) {
    this.pcs = new Int32Array(size);
    this.starts = new Int32Array(size);
    this.count = 0;
    this.seen = new Uint8Array(size);
  }

  /** Whether a place is new here. */
  isNew(pc) {
    if (this.seen[pc] === 1) return false;
    this.seen[pc] = 1;
    return true;
  }

  add(pc, start) {
    this.pcs[this.count] = pc;
    this.starts[this.count] = start;
    this.count++;
  }

  clear() {
    this.seen.fill(0);
    this.count = 0;
  }
}

class Regex {
  constructor(pattern) {
    this.program = new Compiler().compile(new Parser(pattern).parse());
    this.current = new Threads(this.program.length);
    this.next = new Threads(this.program.length);
    this.start = 0; // of the match that was found
    this.end = 0;
  }

  /** Finds the first match that begins at `from` or later. */
  find(text, from) {
    this.start = -1;
    this.current.clear();
    for (let at = from; at <= text.length; at++) {
      if (this.start < 0) this.follow(this.current, 0, at, at, text);
      if (this.current.count === 0 && this.start >= 0) break;
      this.next.clear();
      this.step(text, at);
      const spare = this.current;
      this.current = this.next;
      this.next = spare;
    }
    return this.start >= 0;
  }

  /** Takes the threads that can go on over the byte at `at`. */
  step(text, at) {
    const { current, program } = this;
    const c = at < text.length ? text.charCodeAt(at) : -1;
    for (let i = 0; i < current.count; i++) {
      const pc = current.pcs[i];
      const instruction = program[pc];
      let goesOn = false;
      if (instruction.kind === one) {
        goesOn = instruction.x === c;
      } else if (instruction.kind === set) {
        goesOn = c >= 0 && instruction.bytes[c] === 1;
      } else {
        // What comes behind is less wanted than this match.
        this.start = current.starts[i];
        this.end = at;
        return;
      }
      if (goesOn) this.follow(this.next, pc + 1, current.starts[i], at + 1, text);
    }
  }

  /** Adds a place, or the places to which it leads without a byte. */
  follow(threads, pc, start, at, text) {
    if (!threads.isNew(pc)) return;
    const instruction = this.program[pc];
    switch (instruction.kind) {
      case jump:
        this.follow(threads, instruction.x, start, at, text);
        break;
      case fork:
        this.follow(threads, instruction.x, start, at, text);
        this.follow(threads, instruction.y, start, at, text);
        break;
      case atBegin:
        if (at === 0) this.follow(threads, pc + 1, start, at, text);
        break;
      case atEnd:
        if (at === text.length) this.follow(threads, pc + 1, start, at, text);
        break;
      default:
        threads.add(pc, start);
    }
  }
}

const patterns = [
  String.raw`\d\d\d\d-\d\d-\d\d`,
  String.raw`(GET|POST|PUT) /[a-z/]+\d*`,
  String.raw`[a-z]+@[a-z]+\.(com|org|net)`,
  String.raw` [45]\d\d `,
  String.raw`^[^ ]+ .*[05]ms$`,
  String.raw`[0-9a-f]*e[0-9a-f][0-9a-f][0-9a-f]`,
  String.raw`((x+x+)+y|id=\w+)`,
];

const methods = ["GET", "POST", "PUT", "DELETE"];
const hosts = ["example.com", "mail.org", "host.net", "box.io"];

/** The lines of a log. */
function log(count) {
  const random = new Random();
  const pick = (limit) => random.next() % limit;
  const identifier = () => {
    let out = "";
    for (let i = 0; i < 12; i++) out += "0123456789abcdef"[pick(16)];
    return out;
  };
  const line = () => {
    const day = `2024-0${1 + pick(9)}-${10 + pick(19)}`;
    const request = `${methods[pick(4)]} /items/${pick(5000)}`;
    const who = `user=ana${pick(10)}.b@${hosts[pick(4)]}&id=${identifier()}`;
    return `${day} ${request}?${who} ${200 + 100 * pick(4)} xxxxxxxxxxxxxxxx ${pick(2000)}ms`;
  };
  return Array.from({ length: count }, line);
}

function isRight(lines) {
  let count = 0;
  let sum = 0;
  for (const pattern of patterns) {
    const regex = new Regex(pattern);
    for (const line of lines) {
      let from = 0;
      while (from <= line.length && regex.find(line, from)) {
        count++;
        sum = (sum * 31 + regex.start * 256 + regex.end) % 1000003;
        from = regex.end > regex.start ? regex.end : regex.end + 1;
      }
    }
  }
  return count === 298 && sum === 388274;
}

const lines = log(50);
run(4, (repeats) => {
  for (let i = 0; i < repeats; i++) {
    if (!isRight(lines)) return false;
  }
  return true;
});
