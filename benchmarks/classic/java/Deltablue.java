// Deltablue.java: an incremental solver of one-way constraints; see ../rima/deltablue.rima.
package classic;

import classic.Som.Vector;

public final class Deltablue {
  /** How much a constraint insists: the smaller the rank, the stronger. */
  private static final class Strength {
    static final Strength REQUIRED = new Strength("required", 0);
    static final Strength STRONG_PREFERRED = new Strength("strong preferred", 1);
    static final Strength PREFERRED = new Strength("preferred", 2);
    static final Strength STRONG_DEFAULT = new Strength("strong default", 3);
    static final Strength NORMAL = new Strength("normal", 4);
    static final Strength WEAK_DEFAULT = new Strength("weak default", 5);
    static final Strength WEAKEST = new Strength("weakest", 6);
    static final Strength[] FROM_STRONGEST = {
      REQUIRED, STRONG_PREFERRED, PREFERRED, STRONG_DEFAULT, NORMAL, WEAK_DEFAULT, WEAKEST
    };

    final String name;
    final int rank;

    private Strength(String name, int rank) {
      this.name = name;
      this.rank = rank;
    }

    boolean isStrongerThan(Strength other) {
      return rank < other.rank;
    }

    boolean isWeakerThan(Strength other) {
      return rank > other.rank;
    }

    Strength weakest(Strength other) {
      return other.isWeakerThan(this) ? other : this;
    }
  }

  private static final class Variable {
    int value;
    final Vector<Constraint> constraints = new Vector<>();
    Constraint determinedBy = null;
    int mark = 0;
    Strength strength = Strength.WEAKEST; // of the weakest constraint that determines the value
    boolean isConstant = true;

    Variable(int value) {
      this.value = value;
    }

    void addConstraint(Constraint c) {
      constraints.append(c);
    }

    void removeConstraint(Constraint c) {
      constraints.remove(c);
      if (determinedBy == c) determinedBy = null;
    }
  }

  private abstract static class Constraint {
    final Strength strength;

    Constraint(Strength strength) {
      this.strength = strength;
    }

    boolean isInput() {
      return false;
    }

    abstract boolean isSatisfied();

    abstract void attach();

    abstract void detach();

    /** Satisfies itself if that is possible. */
    abstract void choose(int mark);

    abstract void unsatisfy();

    abstract Variable output();

    abstract void markInputs(int mark);

    abstract boolean areInputsKnown(int mark);

    abstract void recalculate();

    abstract void execute();

    /** Tries to enforce this constraint; returns the one it displaced. */
    Constraint satisfy(int mark, Planner planner) {
      choose(mark);
      if (!isSatisfied()) {
        if (strength == Strength.REQUIRED) {
          throw new IllegalStateException("a required constraint cannot be satisfied");
        }
        return null;
      }
      markInputs(mark);
      Variable target = output();
      Constraint displaced = target.determinedBy;
      if (displaced != null) displaced.unsatisfy();
      target.determinedBy = this;
      if (!planner.propagate(this, mark)) throw new IllegalStateException("the constraints form a cycle");
      target.mark = mark;
      return displaced;
    }

    boolean isVariableKnown(Variable v, int mark) {
      return v.mark == mark || v.isConstant || v.determinedBy == null;
    }
  }

  private abstract static class UnaryConstraint extends Constraint {
    private final Variable variable;
    private boolean isOn = false;

    UnaryConstraint(Variable variable, Strength strength) {
      super(strength);
      this.variable = variable;
    }

    @Override
    boolean isSatisfied() {
      return isOn;
    }

    @Override
    void attach() {
      variable.addConstraint(this);
      isOn = false;
    }

    @Override
    void detach() {
      variable.removeConstraint(this);
      isOn = false;
    }

    @Override
    void choose(int mark) {
      isOn = variable.mark != mark && strength.isStrongerThan(variable.strength);
    }

    @Override
    void unsatisfy() {
      isOn = false;
    }

    @Override
    Variable output() {
      return variable;
    }

    @Override
    void markInputs(int mark) {}

    @Override
    boolean areInputsKnown(int mark) {
      return true;
    }

    @Override
    void recalculate() {
      variable.strength = strength;
      variable.isConstant = !isInput();
      if (variable.isConstant) execute();
    }

    @Override
    void execute() {}
  }

  /** Keeps a variable as it is. */
  private static final class StayConstraint extends UnaryConstraint {
    StayConstraint(Variable variable, Strength strength) {
      super(variable, strength);
    }
  }

  /** Lets the program set a variable. */
  private static final class EditConstraint extends UnaryConstraint {
    EditConstraint(Variable variable, Strength strength) {
      super(variable, strength);
    }

    @Override
    boolean isInput() {
      return true;
    }
  }

  private enum Direction {
    OFF,
    FORWARD,
    BACKWARD
  }

  private abstract static class Relation extends Constraint {
    final Variable left;
    final Variable right;
    Direction direction = Direction.OFF;

    Relation(Variable left, Variable right, Strength strength) {
      super(strength);
      this.left = left;
      this.right = right;
    }

    @Override
    boolean isSatisfied() {
      return direction != Direction.OFF;
    }

    @Override
    void attach() {
      left.addConstraint(this);
      right.addConstraint(this);
      direction = Direction.OFF;
    }

    @Override
    void detach() {
      left.removeConstraint(this);
      right.removeConstraint(this);
      direction = Direction.OFF;
    }

    @Override
    void choose(int mark) {
      if (left.mark == mark) {
        direction = directionTo(right, mark, Direction.FORWARD);
      } else if (right.mark == mark) {
        direction = directionTo(left, mark, Direction.BACKWARD);
      } else if (left.strength.isWeakerThan(right.strength)) {
        direction = directionTo(left, mark, Direction.BACKWARD);
      } else {
        direction = directionTo(right, mark, Direction.FORWARD);
      }
    }

    private Direction directionTo(Variable target, int mark, Direction way) {
      return target.mark != mark && strength.isStrongerThan(target.strength) ? way : Direction.OFF;
    }

    @Override
    void unsatisfy() {
      direction = Direction.OFF;
    }

    Variable input() {
      return direction == Direction.FORWARD ? left : right;
    }

    @Override
    Variable output() {
      return direction == Direction.FORWARD ? right : left;
    }

    @Override
    void markInputs(int mark) {
      input().mark = mark;
    }

    @Override
    boolean areInputsKnown(int mark) {
      return isVariableKnown(input(), mark);
    }

    @Override
    void recalculate() {
      Variable source = input();
      Variable target = output();
      target.strength = strength.weakest(source.strength);
      target.isConstant = source.isConstant;
      if (target.isConstant) execute();
    }
  }

  private static final class Equality extends Relation {
    Equality(Variable left, Variable right, Strength strength) {
      super(left, right, strength);
    }

    @Override
    void execute() {
      output().value = input().value;
    }
  }

  /** Keeps right = left * scale + offset. */
  private static final class Scaling extends Relation {
    private final Variable scale;
    private final Variable offset;

    Scaling(Variable left, Variable scale, Variable offset, Variable right, Strength strength) {
      super(left, right, strength);
      this.scale = scale;
      this.offset = offset;
    }

    @Override
    void attach() {
      super.attach();
      scale.addConstraint(this);
      offset.addConstraint(this);
    }

    @Override
    void detach() {
      super.detach();
      scale.removeConstraint(this);
      offset.removeConstraint(this);
    }

    @Override
    void markInputs(int mark) {
      super.markInputs(mark);
      scale.mark = mark;
      offset.mark = mark;
    }

    @Override
    boolean areInputsKnown(int mark) {
      return isVariableKnown(input(), mark) && isVariableKnown(scale, mark) && isVariableKnown(offset, mark);
    }

    @Override
    void execute() {
      if (direction == Direction.FORWARD) {
        right.value = left.value * scale.value + offset.value;
      } else {
        left.value = (right.value - offset.value) / scale.value;
      }
    }

    @Override
    void recalculate() {
      Variable source = input();
      Variable target = output();
      target.strength = strength.weakest(source.strength);
      target.isConstant = source.isConstant && scale.isConstant && offset.isConstant;
      if (target.isConstant) execute();
    }
  }

  private static final class Planner {
    private int lastMark = 0;

    int newMark() {
      lastMark++;
      return lastMark;
    }

    void add(Constraint c) {
      c.attach();
      enforce(c);
    }

    void remove(Constraint c) {
      if (c.isSatisfied()) {
        retract(c);
      } else {
        c.detach();
      }
    }

    private void enforce(Constraint c) {
      int mark = newMark();
      Constraint next = c.satisfy(mark, this);
      while (next != null) next = next.satisfy(mark, this);
    }

    private void retract(Constraint c) {
      Variable target = c.output();
      c.unsatisfy();
      c.detach();
      Vector<Constraint> unsatisfied = loosen(target);
      for (Strength strength : Strength.FROM_STRONGEST) {
        for (int i = 0; i < unsatisfied.size(); i++) {
          Constraint candidate = unsatisfied.at(i);
          if (candidate.strength == strength) enforce(candidate);
        }
      }
    }

    /** Recomputes what depends on {@code c}; false if it depends on itself. */
    boolean propagate(Constraint c, int mark) {
      Vector<Constraint> todo = new Vector<>();
      todo.append(c);
      while (!todo.isEmpty()) {
        Constraint next = todo.removeFirst();
        Variable target = next.output();
        if (target.mark == mark) {
          retract(c);
          return false;
        }
        next.recalculate();
        appendConsumers(target, todo);
      }
      return true;
    }

    /** Frees a variable and all downstream; returns the constraints that might now be satisfied. */
    private Vector<Constraint> loosen(Variable variable) {
      Vector<Constraint> unsatisfied = new Vector<>();
      variable.determinedBy = null;
      variable.strength = Strength.WEAKEST;
      variable.isConstant = true;
      Vector<Variable> todo = new Vector<>();
      todo.append(variable);
      while (!todo.isEmpty()) {
        Variable v = todo.removeFirst();
        Vector<Constraint> constraints = v.constraints;
        for (int i = 0; i < constraints.size(); i++) {
          Constraint c = constraints.at(i);
          if (!c.isSatisfied()) unsatisfied.append(c);
        }
        Constraint determining = v.determinedBy;
        for (int i = 0; i < constraints.size(); i++) {
          Constraint c = constraints.at(i);
          if (c != determining && c.isSatisfied()) {
            c.recalculate();
            todo.append(c.output());
          }
        }
      }
      return unsatisfied;
    }

    /** Orders the constraints that an edit sets in motion. */
    Vector<Constraint> planFor(Vector<Constraint> edits) {
      Vector<Constraint> todo = new Vector<>();
      for (int i = 0; i < edits.size(); i++) {
        Constraint c = edits.at(i);
        if (c.isInput() && c.isSatisfied()) todo.append(c);
      }
      int mark = newMark();
      Vector<Constraint> plan = new Vector<>();
      while (!todo.isEmpty()) {
        Constraint c = todo.removeFirst();
        Variable target = c.output();
        if (target.mark != mark && c.areInputsKnown(mark)) {
          plan.append(c);
          target.mark = mark;
          appendConsumers(target, todo);
        }
      }
      return plan;
    }

    private void appendConsumers(Variable v, Vector<Constraint> todo) {
      Constraint determining = v.determinedBy;
      Vector<Constraint> constraints = v.constraints;
      for (int i = 0; i < constraints.size(); i++) {
        Constraint c = constraints.at(i);
        if (c != determining && c.isSatisfied()) todo.append(c);
      }
    }

    /** Sets a variable ten times by a plan made once. */
    void change(Variable variable, int value) {
      EditConstraint edit = new EditConstraint(variable, Strength.PREFERRED);
      add(edit);
      Vector<Constraint> plan = planFor(only(edit));
      for (int i = 0; i < 10; i++) {
        variable.value = value;
        execute(plan);
      }
      remove(edit);
    }
  }

  private static Vector<Constraint> only(Constraint c) {
    Vector<Constraint> one = new Vector<>();
    one.append(c);
    return one;
  }

  private static void execute(Vector<Constraint> plan) {
    for (int i = 0; i < plan.size(); i++) plan.at(i).execute();
  }

  /** A long chain of equalities: the worst case for an incremental solver. */
  private static boolean chainTest(int length) {
    Planner planner = new Planner();
    Variable first = new Variable(0);
    Variable last = first;
    for (int i = 0; i < length; i++) {
      Variable next = new Variable(0);
      planner.add(new Equality(last, next, Strength.REQUIRED));
      last = next;
    }
    planner.add(new StayConstraint(last, Strength.STRONG_DEFAULT));
    EditConstraint edit = new EditConstraint(first, Strength.PREFERRED);
    planner.add(edit);
    Vector<Constraint> plan = planner.planFor(only(edit));
    for (int i = 0; i < 100; i++) {
      first.value = i;
      execute(plan);
      if (last.value != i) return false;
    }
    planner.remove(edit);
    return true;
  }

  /** Many pairs tied by one scale and one offset, then a change to each of the four ends. */
  private static boolean projectionTest(int count) {
    Planner planner = new Planner();
    Variable scale = new Variable(10);
    Variable offset = new Variable(1000);
    Vector<Variable> targets = new Vector<>();
    Variable source = new Variable(0);
    Variable target = new Variable(0);
    for (int i = 0; i < count; i++) {
      source = new Variable(i);
      target = new Variable(i);
      targets.append(target);
      planner.add(new StayConstraint(source, Strength.NORMAL));
      planner.add(new Scaling(source, scale, offset, target, Strength.REQUIRED));
    }
    planner.change(source, 17);
    if (target.value != 1170) return false;
    planner.change(target, 1050);
    if (source.value != 5) return false;
    planner.change(scale, 5);
    for (int i = 0; i < count - 1; i++) {
      if (targets.at(i).value != i * 5 + 1000) return false;
    }
    planner.change(offset, 2000);
    for (int i = 0; i < count - 1; i++) {
      if (targets.at(i).value != i * 5 + 2000) return false;
    }
    return true;
  }

  public static void main(String[] args) {
    Harness.run(args, 300, size -> chainTest(size) && projectionTest(size));
  }
}
