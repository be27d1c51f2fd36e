// Richards.java: the kernel of a small operating system; see ../rima/richards.rima.
package classic;

public final class Richards {
  private static final int IDLE = 0;
  private static final int WORKER = 1;
  private static final int HANDLER_A = 2;
  private static final int HANDLER_B = 3;
  private static final int DEVICE_A = 4;
  private static final int DEVICE_B = 5;
  private static final int DEVICE_PACKET = 0;
  private static final int WORK_PACKET = 1;
  private static final int DATA_SIZE = 4;

  private static final class Packet {
    Packet link;
    int task;
    final int kind;
    int datum = 0;
    final int[] data = new int[DATA_SIZE];

    Packet(Packet link, int task, int kind) {
      this.link = link;
      this.task = task;
      this.kind = kind;
    }

    /** Puts this packet at the end of a queue; the queue's head is returned. */
    Packet appendTo(Packet queue) {
      link = null;
      if (queue == null) return this;
      Packet last = queue;
      for (Packet next = last.link; next != null; next = last.link) last = next;
      last.link = this;
      return queue;
    }
  }

  private abstract static class Task {
    final Scheduler scheduler;
    final int id;
    final int priority;
    final Task link;
    private Packet queue;
    private boolean hasPacket;
    private boolean isWaiting = true;
    private boolean isHeld = false;

    Task(Scheduler scheduler, int id, int priority, Packet queue) {
      this.scheduler = scheduler;
      this.id = id;
      this.priority = priority;
      this.queue = queue;
      link = scheduler.tasks;
      hasPacket = queue != null;
      scheduler.add(this);
    }

    abstract Task step(Packet packet);

    boolean isBlocked() {
      return isHeld || (isWaiting && !hasPacket);
    }

    void hold() {
      isHeld = true;
    }

    void unhold() {
      isHeld = false;
    }

    void await() {
      isWaiting = true;
    }

    void startRunning() {
      hasPacket = false;
      isWaiting = false;
    }

    /** Takes a packet if it was waiting for one, and runs until it gives way; returns the task to look at next. */
    Task run() {
      Packet packet = null;
      if (isWaiting && hasPacket) {
        packet = queue;
        queue = packet.link;
        isWaiting = false;
        hasPacket = queue != null;
      }
      return step(packet);
    }

    /** Hands over a packet; returns this task if it should run before {@code current}. */
    Task accept(Packet packet, Task current) {
      if (queue == null) {
        queue = packet;
        hasPacket = true;
        if (priority > current.priority) return this;
      } else {
        packet.appendTo(queue);
      }
      return current;
    }
  }

  private static final class Idle extends Task {
    private int count;
    private int control = 1;

    Idle(Scheduler scheduler, int count) {
      super(scheduler, IDLE, 0, null);
      this.count = count;
    }

    @Override
    Task step(Packet packet) {
      count--;
      if (count == 0) return scheduler.holdCurrent();
      if (control % 2 == 0) {
        control = control / 2;
        return scheduler.release(DEVICE_A);
      }
      control = control / 2 ^ 0xd008;
      return scheduler.release(DEVICE_B);
    }
  }

  private static final class Worker extends Task {
    private int destination = HANDLER_A;
    private int letter = 0;

    Worker(Scheduler scheduler, Packet queue) {
      super(scheduler, WORKER, 1000, queue);
    }

    @Override
    Task step(Packet packet) {
      if (packet == null) return scheduler.waitCurrent();
      destination = destination == HANDLER_A ? HANDLER_B : HANDLER_A;
      packet.task = destination;
      packet.datum = 0;
      for (int i = 0; i < DATA_SIZE; i++) {
        letter++;
        if (letter > 26) letter = 1;
        packet.data[i] = letter;
      }
      return scheduler.send(packet);
    }
  }

  private static final class Handler extends Task {
    private Packet work = null;
    private Packet free = null;

    Handler(Scheduler scheduler, int id, int priority, Packet queue) {
      super(scheduler, id, priority, queue);
    }

    @Override
    Task step(Packet packet) {
      if (packet != null) {
        if (packet.kind == WORK_PACKET) {
          work = packet.appendTo(work);
        } else {
          free = packet.appendTo(free);
        }
      }
      Packet job = work;
      if (job != null) {
        int count = job.datum;
        if (count >= DATA_SIZE) {
          work = job.link;
          return scheduler.send(job);
        }
        Packet carrier = free;
        if (carrier != null) {
          free = carrier.link;
          carrier.datum = job.data[count];
          job.datum = count + 1;
          return scheduler.send(carrier);
        }
      }
      return scheduler.waitCurrent();
    }
  }

  private static final class Device extends Task {
    private Packet pending = null;

    Device(Scheduler scheduler, int id, int priority) {
      super(scheduler, id, priority, null);
    }

    @Override
    Task step(Packet packet) {
      if (packet != null) {
        pending = packet;
        return scheduler.holdCurrent();
      }
      Packet ready = pending;
      if (ready == null) return scheduler.waitCurrent();
      pending = null;
      return scheduler.send(ready);
    }
  }

  private static final class Scheduler {
    Task tasks = null;
    int sent = 0;
    int held = 0;
    private final Task[] table = new Task[6];
    private Task current = null;
    private int currentId = 0;

    void add(Task task) {
      tasks = task;
      table[task.id] = task;
    }

    void schedule() {
      Task task = tasks;
      while (task != null) {
        if (task.isBlocked()) {
          task = task.link;
        } else {
          current = task;
          currentId = task.id;
          task = task.run();
        }
      }
    }

    Task holdCurrent() {
      held++;
      current.hold();
      return current.link;
    }

    Task waitCurrent() {
      current.await();
      return current;
    }

    Task release(int id) {
      Task task = table[id];
      if (task == null) return null;
      task.unhold();
      return task.priority > current.priority ? task : current;
    }

    Task send(Packet packet) {
      Task task = table[packet.task];
      if (task == null) return null;
      sent++;
      packet.link = null;
      packet.task = currentId;
      return task.accept(packet, current);
    }
  }

  /** A queue of {@code length} packets of one kind for one task. */
  private static Packet packets(int length, int task, int kind) {
    Packet queue = null;
    for (int i = 0; i < length; i++) queue = new Packet(queue, task, kind);
    return queue;
  }

  private static boolean runKernel() {
    Scheduler scheduler = new Scheduler();
    new Idle(scheduler, 10000).startRunning();
    new Worker(scheduler, packets(2, WORKER, WORK_PACKET));
    new Handler(scheduler, HANDLER_A, 2000, packets(3, DEVICE_A, DEVICE_PACKET));
    new Handler(scheduler, HANDLER_B, 3000, packets(3, DEVICE_B, DEVICE_PACKET));
    new Device(scheduler, DEVICE_A, 4000);
    new Device(scheduler, DEVICE_B, 5000);
    scheduler.schedule();
    return scheduler.sent == 23246 && scheduler.held == 9297;
  }

  private static boolean richards(int repeats) {
    for (int i = 0; i < repeats; i++) {
      if (!runKernel()) return false;
    }
    return true;
  }

  public static void main(String[] args) {
    Harness.run(args, 3, Richards::richards);
  }
}
