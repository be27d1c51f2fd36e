// interpreter.mjs: a tree walker for a small language; see ../rima/interpreter.rima.
import { run } from "../../classic/js/harness.mjs";

const source = `
  (def fib (n) (if (< n 2) n (+ (fib (- n 1)) (fib (- n 2)))))
  (def gcd (a b) (do (while (< 0 b) (do (set rest (% a b)) (set a b) (set b rest))) a))
  (def coprimes (n) (do (set count 0) (set i 1)
    (while (< i n) (do (if (= (gcd i n) 1) (set count (+ count 1)) 0) (set i (+ i 1)))) count))
  (def collatz (n) (do (set steps 0)
    (while (< 1 n) (do (set n (if (= (% n 2) 0) (/ n 2) (+ (* 3 n) 1))) (set steps (+ steps 1)))) steps))
  (def longest (limit) (do (set most 0) (set i 1)
    (while (< i limit) (do (set steps (collatz i)) (if (< most steps) (set most steps) 0) (set i (+ i 1)))) most))
  (def main () (+ (* (fib 16) 1000000) (+ (* (coprimes 1000) 1000) (longest 1000))))
`;

// Every node evaluates itself in a frame, the array of a call's local variables.

class Constant {
  constructor(value) {
    this.value = value;
  }

  eval(frame) {
    return this.value;
  }
}

class Get {
  constructor(slot) {
    this.slot = slot;
  }

  eval(frame) {
    return frame[this.slot];
  }
}

class Assign {
  constructor(slot, value) {
    this.slot = slot;
    this.value = value;
  }

  eval(frame) {
    const result = this.value.eval(frame);
    frame[this.slot] = result;
    return result;
  }
}

class If {
  constructor(condition, then, otherwise) {
    this.condition = condition;
    this.then = then;
    this.otherwise = otherwise;
  }

  eval(frame) {
    return this.condition.eval(frame) !== 0 ? this.then.eval(frame) : this.otherwise.eval(frame);
  }
}

class While {
  constructor(condition, body) {
    this.condition = condition;
    this.body = body;
  }

  eval(frame) {
    while (this.condition.eval(frame) !== 0) this.body.eval(frame);
    return 0;
  }
}

class Do {
  constructor(steps) {
    this.steps = steps;
  }

  eval(frame) {
    let result = 0;
    for (const step of this.steps) result = step.eval(frame);
    return result;
  }
}

class Call {
  constructor(callee, args) {
    this.callee = callee;
    this.args = args;
  }

  eval(frame) {
    const inner = new Array(this.callee.slots).fill(0);
    for (let i = 0; i < this.args.length; i++) inner[i] = this.args[i].eval(frame);
    return this.callee.body.eval(inner);
  }
}

class Binary {
  constructor(left, right) {
    this.left = left;
    this.right = right;
  }
}

class Add extends Binary {
  eval(frame) {
    return this.left.eval(frame) + this.right.eval(frame);
  }
}

class Subtract extends Binary {
  eval(frame) {
    return this.left.eval(frame) - this.right.eval(frame);
  }
}

class Multiply extends Binary {
  eval(frame) {
    return this.left.eval(frame) * this.right.eval(frame);
  }
}

class Divide extends Binary {
  eval(frame) {
    return Math.trunc(this.left.eval(frame) / this.right.eval(frame));
  }
}

class Remainder extends Binary {
  eval(frame) {
    return this.left.eval(frame) % this.right.eval(frame);
  }
}

class Less extends Binary {
  eval(frame) {
    return this.left.eval(frame) < this.right.eval(frame) ? 1 : 0;
  }
}

class Equal extends Binary {
  eval(frame) {
    return this.left.eval(frame) === this.right.eval(frame) ? 1 : 0;
  }
}

class Procedure {
  constructor() {
    this.slots = 0;
    this.body = null;
  }
}

class Parser {
  constructor(text) {
    this.text = text;
    this.at = 0;
    this.procedures = new Map();
    this.locals = new Map();
  }

  parse() {
    while (this.peek() !== "") this.define();
  }

  /** The next character that is not a space; empty at the end. */
  peek() {
    while (this.at < this.text.length && this.text[this.at] <= " ") this.at++;
    return this.at < this.text.length ? this.text[this.at] : "";
  }

  take(wanted) {
    if (this.peek() !== wanted) return false;
    this.at++;
    return true;
  }

  need(wanted) {
    if (!this.take(wanted)) throw new Error(`a parenthesis is missing at character ${this.at}`);
  }

  word() {
    this.peek();
    const start = this.at;
    while (this.at < this.text.length && this.text[this.at] > " " && !"()".includes(this.text[this.at])) this.at++;
    return this.text.slice(start, this.at);
  }

  /** The procedure of that name, perhaps still to be defined. */
  procedure(name) {
    let procedure = this.procedures.get(name);
    if (procedure === undefined) {
      procedure = new Procedure();
      this.procedures.set(name, procedure);
    }
    return procedure;
  }

  slot(name) {
    if (!this.locals.has(name)) this.locals.set(name, this.locals.size);
    return this.locals.get(name);
  }

  define() {
    this.need("(");
    if (this.word() !== "def") throw new Error(`a definition is missing at character ${this.at}`);
    const procedure = this.procedure(this.word());
    this.locals = new Map();
    this.need("(");
    while (!this.take(")")) this.slot(this.word());
    procedure.body = this.expression();
    procedure.slots = this.locals.size;
    this.need(")");
  }

  expression() {
    if (!this.take("(")) return this.atom(this.word());
    const node = this.form(this.word());
    this.need(")");
    return node;
  }

  atom(word) {
    const number = Number.parseInt(word, 10);
    return Number.isNaN(number) ? new Get(this.slot(word)) : new Constant(number);
  }

  rest() {
    const nodes = [];
    while (this.peek() !== ")") nodes.push(this.expression());
    return nodes;
  }

  form(name) {
    if (name === "set") {
      const target = this.slot(this.word());
      return new Assign(target, this.expression());
    }
    const parts = this.rest();
    switch (name) {
      case "if":
        return new If(parts[0], parts[1], parts[2]);
      case "while":
        return new While(parts[0], parts[1]);
      case "do":
        return new Do(parts);
      case "+":
        return new Add(parts[0], parts[1]);
      case "-":
        return new Subtract(parts[0], parts[1]);
      case "*":
        return new Multiply(parts[0], parts[1]);
      case "/":
        return new Divide(parts[0], parts[1]);
      case "%":
        return new Remainder(parts[0], parts[1]);
      case "<":
        return new Less(parts[0], parts[1]);
      case "=":
        return new Equal(parts[0], parts[1]);
      default:
        return new Call(this.procedure(name), parts);
    }
  }
}

run(3, (repeats) => {
  for (let i = 0; i < repeats; i++) {
    const parser = new Parser(source);
    parser.parse();
    if (new Call(parser.procedure("main"), []).eval([]) !== 987400178) return false;
  }
  return true;
});
