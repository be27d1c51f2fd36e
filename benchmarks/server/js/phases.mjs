// phases.mjs: changes its mind about classes and closures; see ../rima/phases.rima.
import { run } from "../../classic/js/harness.mjs";

const range = 65536;

class Add {
  constructor(amount) {
    this.amount = amount;
  }

  apply(x) {
    return (x + this.amount) % range;
  }
}

class Scale {
  constructor(factor) {
    this.factor = factor;
  }

  apply(x) {
    return (x * this.factor) % range;
  }
}

class Clamp {
  constructor(low, high) {
    this.low = low;
    this.high = high;
  }

  apply(x) {
    return x < this.low ? this.low : x > this.high ? this.high : x;
  }
}

class Mirror {
  constructor(end) {
    this.end = end;
  }

  apply(x) {
    return x > this.end ? x : this.end - x;
  }
}

class Fold {
  constructor(size) {
    this.size = size;
  }

  apply(x) {
    return x >= this.size ? x - this.size : x;
  }
}

class Divide {
  constructor(divisor) {
    this.divisor = divisor;
  }

  apply(x) {
    return Math.floor(x / this.divisor);
  }
}

class Swap {
  constructor(size) {
    this.size = size;
  }

  apply(x) {
    return ((x % this.size) * (range / this.size) + Math.floor(x / this.size)) % range;
  }
}

class Lookup {
  constructor(size) {
    this.table = Array.from({ length: size }, (_, i) => (i * i) % range);
  }

  apply(x) {
    return this.table[x % this.table.length];
  }
}

const makers = [
  (k) => new Add(k),
  (k) => new Scale(2 * k + 1),
  (k) => new Clamp(k, range - k),
  (k) => new Mirror(range - k),
  (k) => new Fold(range / 2 + k),
  (k) => new Divide(1 + (k % 3)),
  () => new Swap(256),
  (k) => new Lookup(16 + k),
];
const kinds = makers.length;

const testMakers = [
  (k) => (x) => x > 50 * k,
  (k) => (x) => x % ((k % 7) + 2) === 0,
  (k) => (x) => x < range - 100 * k,
  () => (x) => Math.floor(x / 256) > x % 256,
  (k) => (x) => (x % 10) + (Math.floor(x / 10) % 10) > k % 18,
  (k) => (x) => (x + k) % 3 !== 0,
  (k) => (x) => x !== k,
  (k) => (x) => (x * k) % 1024 < 512,
];

function runSteps(steps, count) {
  let sum = 0;
  for (let i = 0; i < count; i++) {
    let x = i;
    for (let j = 0; j < steps.length; j++) x = steps[j].apply(x);
    sum = (sum * 31 + x) % 1000003;
  }
  return sum;
}

function countIf(count, test) {
  let found = 0;
  for (let i = 0; i < count; i++) {
    if (test((i * 37) % range)) found++;
  }
  return found;
}

/** One round of steps and tests of `variety` kinds from `kind` on. */
function round(kind, variety) {
  const steps = [];
  for (let i = 0; i < 8; i++) steps.push(makers[(kind + (i % variety)) % kinds](5 * i + 3));
  let sum = runSteps(steps, 1000);
  for (let i = 0; i < 4; i++) {
    const test = testMakers[(kind + (i % variety)) % kinds](7 * i + 5);
    sum = (sum * 31 + countIf(1000, test)) % 1000003;
  }
  return sum;
}

run(3, (rounds) => {
  let sum = 0;
  for (let phase = 0; phase < 19; phase++) {
    const kind = phase < 16 ? phase % kinds : 0;
    const variety = phase < kinds || phase === 18 ? 1 : phase < 16 ? 2 : phase === 16 ? 4 : kinds;
    const first = round(kind, variety);
    for (let i = 1; i < rounds; i++) {
      if (round(kind, variety) !== first) return false;
    }
    sum = (sum * 31 + first) % 1000003;
  }
  return sum === 113807;
});
