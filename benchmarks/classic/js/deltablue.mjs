// deltablue.mjs: an incremental solver of one-way constraints; see ../rima/deltablue.rima.
import { run } from "./harness.mjs";
import { Vector } from "./som.mjs";

/** How much a constraint insists: the smaller the rank, the stronger. */
class Strength {
  constructor(name, rank) {
    this.name = name;
    this.rank = rank;
  }

  isStrongerThan(other) {
    return this.rank < other.rank;
  }

  isWeakerThan(other) {
    return this.rank > other.rank;
  }

  weakest(other) {
    return other.isWeakerThan(this) ? other : this;
  }
}

const required = new Strength("required", 0);
const strongPreferred = new Strength("strong preferred", 1);
const preferred = new Strength("preferred", 2);
const strongDefault = new Strength("strong default", 3);
const normal = new Strength("normal", 4);
const weakDefault = new Strength("weak default", 5);
const weakest = new Strength("weakest", 6);
const fromStrongest = [required, strongPreferred, preferred, strongDefault, normal, weakDefault, weakest];

class Variable {
  constructor(value) {
    this.value = value;
    this.constraints = new Vector();
    this.determinedBy = null;
    this.mark = 0;
    this.strength = weakest; // of the weakest constraint that determines the value
    this.isConstant = true;
  }

  addConstraint(c) {
    this.constraints.append(c);
  }

  removeConstraint(c) {
    this.constraints.remove(c);
    if (this.determinedBy === c) this.determinedBy = null;
  }
}

/** A subclass says how it is satisfied: isSatisfied, attach, detach, choose, unsatisfy, output and so on. */
class Constraint {
  constructor(strength) {
    this.strength = strength;
  }

  isInput() {
    return false;
  }

  /** Tries to enforce this constraint; returns the one it displaced. */
  satisfy(mark, planner) {
    this.choose(mark);
    if (!this.isSatisfied()) {
      if (this.strength === required) throw new Error("a required constraint cannot be satisfied");
      return null;
    }
    this.markInputs(mark);
    const target = this.output();
    const displaced = target.determinedBy;
    if (displaced !== null) displaced.unsatisfy();
    target.determinedBy = this;
    if (!planner.propagate(this, mark)) throw new Error("the constraints form a cycle");
    target.mark = mark;
    return displaced;
  }

  isVariableKnown(v, mark) {
    return v.mark === mark || v.isConstant || v.determinedBy === null;
  }
}

class UnaryConstraint extends Constraint {
  constructor(variable, strength) {
    super(strength);
    this.variable = variable;
    this.isOn = false;
  }

  isSatisfied() {
    return this.isOn;
  }

  attach() {
    this.variable.addConstraint(this);
    this.isOn = false;
  }

  detach() {
    this.variable.removeConstraint(this);
    this.isOn = false;
  }

  /** Satisfies itself if that is possible. */
  choose(mark) {
    this.isOn = this.variable.mark !== mark && this.strength.isStrongerThan(this.variable.strength);
  }

  unsatisfy() {
    this.isOn = false;
  }

  output() {
    return this.variable;
  }

  markInputs(mark) {}

  areInputsKnown(mark) {
    return true;
  }

  recalculate() {
    this.variable.strength = this.strength;
    this.variable.isConstant = !this.isInput();
    if (this.variable.isConstant) this.execute();
  }

  execute() {}
}

/** Keeps a variable as it is. */
class StayConstraint extends UnaryConstraint {}

/** Lets the program set a variable. */
class EditConstraint extends UnaryConstraint {
  isInput() {
    return true;
  }
}

const off = 0;
const forward = 1;
const backward = 2;

class Relation extends Constraint {
  constructor(left, right, strength) {
    super(strength);
    this.left = left;
    this.right = right;
    this.direction = off;
  }

  isSatisfied() {
    return this.direction !== off;
  }

  attach() {
    this.left.addConstraint(this);
    this.right.addConstraint(this);
    this.direction = off;
  }

  detach() {
    this.left.removeConstraint(this);
    this.right.removeConstraint(this);
    this.direction = off;
  }

  /** Satisfies itself if that is possible. */
  choose(mark) {
    if (this.left.mark === mark) {
      this.direction = this.directionTo(this.right, mark, forward);
    } else if (this.right.mark === mark) {
      this.direction = this.directionTo(this.left, mark, backward);
    } else if (this.left.strength.isWeakerThan(this.right.strength)) {
      this.direction = this.directionTo(this.left, mark, backward);
    } else {
      this.direction = this.directionTo(this.right, mark, forward);
    }
  }

  directionTo(target, mark, way) {
    return target.mark !== mark && this.strength.isStrongerThan(target.strength) ? way : off;
  }

  unsatisfy() {
    this.direction = off;
  }

  input() {
    return this.direction === forward ? this.left : this.right;
  }

  output() {
    return this.direction === forward ? this.right : this.left;
  }

  markInputs(mark) {
    this.input().mark = mark;
  }

  areInputsKnown(mark) {
    return this.isVariableKnown(this.input(), mark);
  }

  recalculate() {
    const source = this.input();
    const target = this.output();
    target.strength = this.strength.weakest(source.strength);
    target.isConstant = source.isConstant;
    if (target.isConstant) this.execute();
  }
}

class Equality extends Relation {
  execute() {
    this.output().value = this.input().value;
  }
}

/** Keeps right = left * scale + offset. */
class Scaling extends Relation {
  constructor(left, scale, offset, right, strength) {
    super(left, right, strength);
    this.scale = scale;
    this.offset = offset;
  }

  attach() {
    super.attach();
    this.scale.addConstraint(this);
    this.offset.addConstraint(this);
  }

  detach() {
    super.detach();
    this.scale.removeConstraint(this);
    this.offset.removeConstraint(this);
  }

  markInputs(mark) {
    super.markInputs(mark);
    this.scale.mark = mark;
    this.offset.mark = mark;
  }

  areInputsKnown(mark) {
    return (
      this.isVariableKnown(this.input(), mark) &&
      this.isVariableKnown(this.scale, mark) &&
      this.isVariableKnown(this.offset, mark)
    );
  }

  execute() {
    if (this.direction === forward) {
      this.right.value = this.left.value * this.scale.value + this.offset.value;
    } else {
      this.left.value = Math.trunc((this.right.value - this.offset.value) / this.scale.value);
    }
  }

  recalculate() {
    const source = this.input();
    const target = this.output();
    target.strength = this.strength.weakest(source.strength);
    target.isConstant = source.isConstant && this.scale.isConstant && this.offset.isConstant;
    if (target.isConstant) this.execute();
  }
}

class Planner {
  constructor() {
    this.lastMark = 0;
  }

  newMark() {
    this.lastMark++;
    return this.lastMark;
  }

  add(c) {
    c.attach();
    this.enforce(c);
  }

  remove(c) {
    if (c.isSatisfied()) {
      this.retract(c);
    } else {
      c.detach();
    }
  }

  enforce(c) {
    const mark = this.newMark();
    let next = c.satisfy(mark, this);
    while (next !== null) next = next.satisfy(mark, this);
  }

  retract(c) {
    const target = c.output();
    c.unsatisfy();
    c.detach();
    const unsatisfied = this.loosen(target);
    for (const strength of fromStrongest) {
      for (let i = 0; i < unsatisfied.size(); i++) {
        const candidate = unsatisfied.at(i);
        if (candidate.strength === strength) this.enforce(candidate);
      }
    }
  }

  /** Recomputes what depends on `c`; false if it depends on itself. */
  propagate(c, mark) {
    const todo = new Vector();
    todo.append(c);
    while (!todo.isEmpty()) {
      const next = todo.removeFirst();
      const target = next.output();
      if (target.mark === mark) {
        this.retract(c);
        return false;
      }
      next.recalculate();
      this.appendConsumers(target, todo);
    }
    return true;
  }

  /** Frees a variable and all downstream; returns the constraints that might now be satisfied. */
  loosen(variable) {
    const unsatisfied = new Vector();
    variable.determinedBy = null;
    variable.strength = weakest;
    variable.isConstant = true;
    const todo = new Vector();
    todo.append(variable);
    while (!todo.isEmpty()) {
      const v = todo.removeFirst();
      const constraints = v.constraints;
      for (let i = 0; i < constraints.size(); i++) {
        const c = constraints.at(i);
        if (!c.isSatisfied()) unsatisfied.append(c);
      }
      const determining = v.determinedBy;
      for (let i = 0; i < constraints.size(); i++) {
        const c = constraints.at(i);
        if (c !== determining && c.isSatisfied()) {
          c.recalculate();
          todo.append(c.output());
        }
      }
    }
    return unsatisfied;
  }

  /** Orders the constraints that an edit sets in motion. */
  planFor(edits) {
    const todo = new Vector();
    for (let i = 0; i < edits.size(); i++) {
      const c = edits.at(i);
      if (c.isInput() && c.isSatisfied()) todo.append(c);
    }
    const mark = this.newMark();
    const plan = new Vector();
    while (!todo.isEmpty()) {
      const c = todo.removeFirst();
      const target = c.output();
      if (target.mark !== mark && c.areInputsKnown(mark)) {
        plan.append(c);
        target.mark = mark;
        this.appendConsumers(target, todo);
      }
    }
    return plan;
  }

  appendConsumers(v, todo) {
    const determining = v.determinedBy;
    const constraints = v.constraints;
    for (let i = 0; i < constraints.size(); i++) {
      const c = constraints.at(i);
      if (c !== determining && c.isSatisfied()) todo.append(c);
    }
  }

  /** Sets a variable ten times by a plan made once. */
  change(variable, value) {
    const edit = new EditConstraint(variable, preferred);
    this.add(edit);
    const plan = this.planFor(only(edit));
    for (let i = 0; i < 10; i++) {
      variable.value = value;
      execute(plan);
    }
    this.remove(edit);
  }
}

function only(c) {
  const one = new Vector();
  one.append(c);
  return one;
}

function execute(plan) {
  for (let i = 0; i < plan.size(); i++) plan.at(i).execute();
}

/** A long chain of equalities: the worst case for an incremental solver. */
function chainTest(length) {
  const planner = new Planner();
  const first = new Variable(0);
  let last = first;
  for (let i = 0; i < length; i++) {
    const next = new Variable(0);
    planner.add(new Equality(last, next, required));
    last = next;
  }
  planner.add(new StayConstraint(last, strongDefault));
  const edit = new EditConstraint(first, preferred);
  planner.add(edit);
  const plan = planner.planFor(only(edit));
  for (let i = 0; i < 100; i++) {
    first.value = i;
    execute(plan);
    if (last.value !== i) return false;
  }
  planner.remove(edit);
  return true;
}

/** Many pairs tied by one scale and one offset, then a change to each of the four ends. */
function projectionTest(count) {
  const planner = new Planner();
  const scale = new Variable(10);
  const offset = new Variable(1000);
  const targets = new Vector();
  let source = new Variable(0);
  let target = new Variable(0);
  for (let i = 0; i < count; i++) {
    source = new Variable(i);
    target = new Variable(i);
    targets.append(target);
    planner.add(new StayConstraint(source, normal));
    planner.add(new Scaling(source, scale, offset, target, required));
  }
  planner.change(source, 17);
  if (target.value !== 1170) return false;
  planner.change(target, 1050);
  if (source.value !== 5) return false;
  planner.change(scale, 5);
  for (let i = 0; i < count - 1; i++) {
    if (targets.at(i).value !== i * 5 + 1000) return false;
  }
  planner.change(offset, 2000);
  for (let i = 0; i < count - 1; i++) {
    if (targets.at(i).value !== i * 5 + 2000) return false;
  }
  return true;
}

run(300, (size) => chainTest(size) && projectionTest(size));
