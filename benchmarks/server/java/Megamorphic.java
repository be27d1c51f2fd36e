// Megamorphic.java: a machine whose instructions are objects of sixteen classes; see ../rima/megamorphic.rima.
package server;

import classic.Harness;
import classic.Som.Random;

public final class Megamorphic {
  private static final int RANGE = 65536;

  private static final class Machine {
    int a = 1;
    int b = 2;
    int spent = 0;
    final int[] memory = new int[64];
  }

  private interface Instruction {
    void execute(Machine machine);

    int cost();
  }

  private record Constant(int value) implements Instruction {
    @Override
    public void execute(Machine machine) {
      machine.a = value;
    }

    @Override
    public int cost() {
      return 1;
    }
  }

  private record Load(int address) implements Instruction {
    @Override
    public void execute(Machine machine) {
      machine.a = machine.memory[address];
    }

    @Override
    public int cost() {
      return 3;
    }
  }

  private record Store(int address) implements Instruction {
    @Override
    public void execute(Machine machine) {
      machine.memory[address] = machine.a;
    }

    @Override
    public int cost() {
      return 3;
    }
  }

  private record LoadAt() implements Instruction {
    @Override
    public void execute(Machine machine) {
      machine.a = machine.memory[machine.b % 64];
    }

    @Override
    public int cost() {
      return 4;
    }
  }

  private record StoreAt() implements Instruction {
    @Override
    public void execute(Machine machine) {
      machine.memory[machine.b % 64] = machine.a;
    }

    @Override
    public int cost() {
      return 4;
    }
  }

  private record Exchange() implements Instruction {
    @Override
    public void execute(Machine machine) {
      int held = machine.a;
      machine.a = machine.b;
      machine.b = held;
    }

    @Override
    public int cost() {
      return 2;
    }
  }

  private record Add() implements Instruction {
    @Override
    public void execute(Machine machine) {
      machine.a = (machine.a + machine.b) % RANGE;
    }

    @Override
    public int cost() {
      return 1;
    }
  }

  private record Subtract() implements Instruction {
    @Override
    public void execute(Machine machine) {
      machine.a = (machine.a + RANGE - machine.b) % RANGE;
    }

    @Override
    public int cost() {
      return 1;
    }
  }

  private record Multiply() implements Instruction {
    @Override
    public void execute(Machine machine) {
      machine.a = (int) ((long) machine.a * machine.b % RANGE);
    }

    @Override
    public int cost() {
      return 3;
    }
  }

  private record Divide() implements Instruction {
    @Override
    public void execute(Machine machine) {
      machine.a = machine.a / (machine.b % 16 + 1);
    }

    @Override
    public int cost() {
      return 20;
    }
  }

  private record Increment(int amount) implements Instruction {
    @Override
    public void execute(Machine machine) {
      machine.b = (machine.b + amount) % RANGE;
    }

    @Override
    public int cost() {
      return 1;
    }
  }

  private record Larger() implements Instruction {
    @Override
    public void execute(Machine machine) {
      if (machine.b > machine.a) machine.a = machine.b;
    }

    @Override
    public int cost() {
      return 2;
    }
  }

  private record Smaller() implements Instruction {
    @Override
    public void execute(Machine machine) {
      if (machine.b < machine.a) machine.a = machine.b;
    }

    @Override
    public int cost() {
      return 2;
    }
  }

  private record Rotate(int power) implements Instruction {
    @Override
    public void execute(Machine machine) {
      machine.a = machine.a % power * (RANGE / power) + machine.a / power;
    }

    @Override
    public int cost() {
      return 2;
    }
  }

  private record Choose(int limit, int below, int above) implements Instruction {
    @Override
    public void execute(Machine machine) {
      machine.b = (machine.b + (machine.a < limit ? below : above)) % RANGE;
    }

    @Override
    public int cost() {
      return 3;
    }
  }

  private record Sum(int from) implements Instruction {
    @Override
    public void execute(Machine machine) {
      for (int i = from; i < from + 4; i++) machine.a = (machine.a + machine.memory[i]) % RANGE;
    }

    @Override
    public int cost() {
      return 12;
    }
  }

  private static Instruction makeInstruction(int kind, int k) {
    return switch (kind) {
      case 0 -> new Constant(k * 97);
      case 1 -> new Load(k % 64);
      case 2 -> new Store(k % 64);
      case 3 -> new LoadAt();
      case 4 -> new StoreAt();
      case 5 -> new Exchange();
      case 6 -> new Add();
      case 7 -> new Subtract();
      case 8 -> new Multiply();
      case 9 -> new Divide();
      case 10 -> new Increment(k + 1);
      case 11 -> new Larger();
      case 12 -> new Smaller();
      case 13 -> new Rotate(k % 2 == 0 ? 16 : 256);
      case 14 -> new Choose(k * 128, 3, 11);
      default -> new Sum(k % 60);
    };
  }

  private static Instruction[] makeProgram(int length) {
    Random random = new Random();
    Instruction[] program = new Instruction[length];
    for (int i = 0; i < length; i++) {
      int kind = random.next() / 4096;
      program[i] = makeInstruction(kind, random.next() / 128);
    }
    return program;
  }

  private static Machine runProgram(Instruction[] program, int times) {
    Machine machine = new Machine();
    for (int i = 0; i < times; i++) {
      for (Instruction instruction : program) {
        instruction.execute(machine);
        machine.spent += instruction.cost();
      }
    }
    return machine;
  }

  private static boolean isRight() {
    Machine machine = runProgram(makeProgram(500), 50);
    int sum = machine.a * 7 + machine.b;
    for (int value : machine.memory) sum = (sum * 31 + value) % 1000003;
    return sum == 605189 && machine.spent == 101450;
  }

  private static boolean megamorphic(int repeats) {
    for (int i = 0; i < repeats; i++) {
      if (!isRight()) return false;
    }
    return true;
  }

  public static void main(String[] args) {
    Harness.run(args, 10, Megamorphic::megamorphic);
  }
}
