// megamorphic.mjs: a machine whose instructions are objects of sixteen classes; see ../rima/megamorphic.rima.
import { run } from "../../classic/js/harness.mjs";
import { Random } from "../../classic/js/som.mjs";

const range = 65536;

class Machine {
  constructor() {
    this.a = 1;
    this.b = 2;
    this.spent = 0;
    this.memory = new Array(64).fill(0);
  }
}

class Constant {
  constructor(value) {
    this.value = value;
  }

  execute(machine) {
    machine.a = this.value;
  }

  cost() {
    return 1;
  }
}

class Load {
  constructor(address) {
    this.address = address;
  }

  execute(machine) {
    machine.a = machine.memory[this.address];
  }

  cost() {
    return 3;
  }
}

class Store {
  constructor(address) {
    this.address = address;
  }

  execute(machine) {
    machine.memory[this.address] = machine.a;
  }

  cost() {
    return 3;
  }
}

class LoadAt {
  execute(machine) {
    machine.a = machine.memory[machine.b % 64];
  }

  cost() {
    return 4;
  }
}

class StoreAt {
  execute(machine) {
    machine.memory[machine.b % 64] = machine.a;
  }

  cost() {
    return 4;
  }
}

class Exchange {
  execute(machine) {
    const held = machine.a;
    machine.a = machine.b;
    machine.b = held;
  }

  cost() {
    return 2;
  }
}

class Add {
  execute(machine) {
    machine.a = (machine.a + machine.b) % range;
  }

  cost() {
    return 1;
  }
}

class Subtract {
  execute(machine) {
    machine.a = (machine.a + range - machine.b) % range;
  }

  cost() {
    return 1;
  }
}

class Multiply {
  execute(machine) {
    machine.a = (machine.a * machine.b) % range;
  }

  cost() {
    return 3;
  }
}

class Divide {
  execute(machine) {
    machine.a = Math.floor(machine.a / ((machine.b % 16) + 1));
  }

  cost() {
    return 20;
  }
}

class Increment {
  constructor(amount) {
    this.amount = amount;
  }

  execute(machine) {
    machine.b = (machine.b + this.amount) % range;
  }

  cost() {
    return 1;
  }
}

class Larger {
  execute(machine) {
    if (machine.b > machine.a) machine.a = machine.b;
  }

  cost() {
    return 2;
  }
}

class Smaller {
  execute(machine) {
    if (machine.b < machine.a) machine.a = machine.b;
  }

  cost() {
    return 2;
  }
}

class Rotate {
  constructor(power) {
    this.power = power;
  }

  execute(machine) {
    machine.a = (machine.a % this.power) * (range / this.power) + Math.floor(machine.a / this.power);
  }

  cost() {
    return 2;
  }
}

class Choose {
  constructor(limit, below, above) {
    this.limit = limit;
    this.below = below;
    this.above = above;
  }

  execute(machine) {
    machine.b = (machine.b + (machine.a < this.limit ? this.below : this.above)) % range;
  }

  cost() {
    return 3;
  }
}

class Sum {
  constructor(from) {
    this.from = from;
  }

  execute(machine) {
    for (let i = this.from; i < this.from + 4; i++) machine.a = (machine.a + machine.memory[i]) % range;
  }

  cost() {
    return 12;
  }
}

const makers = [
  (k) => new Constant(k * 97),
  (k) => new Load(k % 64),
  (k) => new Store(k % 64),
  () => new LoadAt(),
  () => new StoreAt(),
  () => new Exchange(),
  () => new Add(),
  () => new Subtract(),
  () => new Multiply(),
  () => new Divide(),
  (k) => new Increment(k + 1),
  () => new Larger(),
  () => new Smaller(),
  (k) => new Rotate(k % 2 === 0 ? 16 : 256),
  (k) => new Choose(k * 128, 3, 11),
  (k) => new Sum(k % 60),
];

function makeProgram(length) {
  const random = new Random();
  const program = [];
  for (let i = 0; i < length; i++) {
    const maker = makers[random.next() >> 12];
    program.push(maker(random.next() >> 7));
  }
  return program;
}

function runProgram(program, times) {
  const machine = new Machine();
  for (let i = 0; i < times; i++) {
    for (let j = 0; j < program.length; j++) {
      const instruction = program[j];
      instruction.execute(machine);
      machine.spent += instruction.cost();
    }
  }
  return machine;
}

function isRight() {
  const machine = runProgram(makeProgram(500), 50);
  let sum = machine.a * 7 + machine.b;
  for (const value of machine.memory) sum = (sum * 31 + value) % 1000003;
  return sum === 605189 && machine.spent === 101450;
}

run(10, (repeats) => {
  for (let i = 0; i < repeats; i++) {
    if (!isRight()) return false;
  }
  return true;
});
