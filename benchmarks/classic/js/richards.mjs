// richards.mjs: the kernel of a small operating system; see ../rima/richards.rima.
import { run } from "./harness.mjs";

const idleTask = 0;
const workerTask = 1;
const handlerATask = 2;
const handlerBTask = 3;
const deviceATask = 4;
const deviceBTask = 5;
const devicePacket = 0;
const workPacket = 1;
const dataSize = 4;

class Packet {
  constructor(link, task, kind) {
    this.link = link;
    this.task = task;
    this.kind = kind;
    this.datum = 0;
    this.data = [0, 0, 0, 0];
  }

  /** Puts this packet at the end of a queue; the queue's head is returned. */
  appendTo(queue) {
    this.link = null;
    if (queue === null) return this;
    let last = queue;
    for (let next = last.link; next !== null; next = last.link) last = next;
    last.link = this;
    return queue;
  }
}

class Task {
  constructor(scheduler, id, priority, queue) {
    this.scheduler = scheduler;
    this.id = id;
    this.priority = priority;
    this.queue = queue;
    this.link = scheduler.tasks;
    this.hasPacket = queue !== null;
    this.isWaiting = true;
    this.isHeld = false;
    scheduler.add(this);
  }

  isBlocked() {
    return this.isHeld || (this.isWaiting && !this.hasPacket);
  }

  hold() {
    this.isHeld = true;
  }

  unhold() {
    this.isHeld = false;
  }

  wait() {
    this.isWaiting = true;
  }

  startRunning() {
    this.hasPacket = false;
    this.isWaiting = false;
  }

  /** Takes a packet if it was waiting for one, and runs until it gives way; returns the task to look at next. */
  run() {
    let packet = null;
    if (this.isWaiting && this.hasPacket) {
      packet = this.queue;
      this.queue = packet.link;
      this.isWaiting = false;
      this.hasPacket = this.queue !== null;
    }
    return this.step(packet);
  }

  /** Hands over a packet; returns this task if it should run before `current`. */
  accept(packet, current) {
    if (this.queue === null) {
      this.queue = packet;
      this.hasPacket = true;
      if (this.priority > current.priority) return this;
    } else {
      packet.appendTo(this.queue);
    }
    return current;
  }
}

class Idle extends Task {
  constructor(scheduler, count) {
    super(scheduler, idleTask, 0, null);
    this.count = count;
    this.control = 1;
  }

  step(packet) {
    this.count--;
    if (this.count === 0) return this.scheduler.holdCurrent();
    if (this.control % 2 === 0) {
      this.control = this.control >> 1;
      return this.scheduler.release(deviceATask);
    }
    this.control = (this.control >> 1) ^ 0xd008;
    return this.scheduler.release(deviceBTask);
  }
}

class Worker extends Task {
  constructor(scheduler, queue) {
    super(scheduler, workerTask, 1000, queue);
    this.destination = handlerATask;
    this.letter = 0;
  }

  step(packet) {
    if (packet === null) return this.scheduler.waitCurrent();
    this.destination = this.destination === handlerATask ? handlerBTask : handlerATask;
    packet.task = this.destination;
    packet.datum = 0;
    for (let i = 0; i < dataSize; i++) {
      this.letter++;
      if (this.letter > 26) this.letter = 1;
      packet.data[i] = this.letter;
    }
    return this.scheduler.send(packet);
  }
}

class Handler extends Task {
  constructor(scheduler, id, priority, queue) {
    super(scheduler, id, priority, queue);
    this.work = null;
    this.free = null;
  }

  step(packet) {
    if (packet !== null) {
      if (packet.kind === workPacket) {
        this.work = packet.appendTo(this.work);
      } else {
        this.free = packet.appendTo(this.free);
      }
    }
    const job = this.work;
    if (job !== null) {
      const count = job.datum;
      if (count >= dataSize) {
        this.work = job.link;
        return this.scheduler.send(job);
      }
      const carrier = this.free;
      if (carrier !== null) {
        this.free = carrier.link;
        carrier.datum = job.data[count];
        job.datum = count + 1;
        return this.scheduler.send(carrier);
      }
    }
    return this.scheduler.waitCurrent();
  }
}

class Device extends Task {
  constructor(scheduler, id, priority) {
    super(scheduler, id, priority, null);
    this.pending = null;
  }

  step(packet) {
    if (packet !== null) {
      this.pending = packet;
      return this.scheduler.holdCurrent();
    }
    const ready = this.pending;
    if (ready === null) return this.scheduler.waitCurrent();
    this.pending = null;
    return this.scheduler.send(ready);
  }
}

class Scheduler {
  constructor() {
    this.tasks = null;
    this.sent = 0;
    this.held = 0;
    this.table = [null, null, null, null, null, null];
    this.current = null;
    this.currentId = 0;
  }

  add(task) {
    this.tasks = task;
    this.table[task.id] = task;
  }

  schedule() {
    let task = this.tasks;
    while (task !== null) {
      if (task.isBlocked()) {
        task = task.link;
      } else {
        this.current = task;
        this.currentId = task.id;
        task = task.run();
      }
    }
  }

  holdCurrent() {
    this.held++;
    this.current.hold();
    return this.current.link;
  }

  waitCurrent() {
    this.current.wait();
    return this.current;
  }

  release(id) {
    const task = this.table[id];
    if (task === null) return null;
    task.unhold();
    return task.priority > this.current.priority ? task : this.current;
  }

  send(packet) {
    const task = this.table[packet.task];
    if (task === null) return null;
    this.sent++;
    packet.link = null;
    packet.task = this.currentId;
    return task.accept(packet, this.current);
  }
}

/** A queue of `length` packets of one kind for one task. */
function packets(length, task, kind) {
  let queue = null;
  for (let i = 0; i < length; i++) queue = new Packet(queue, task, kind);
  return queue;
}

function runKernel() {
  const scheduler = new Scheduler();
  new Idle(scheduler, 10000).startRunning();
  new Worker(scheduler, packets(2, workerTask, workPacket));
  new Handler(scheduler, handlerATask, 2000, packets(3, deviceATask, devicePacket));
  new Handler(scheduler, handlerBTask, 3000, packets(3, deviceBTask, devicePacket));
  new Device(scheduler, deviceATask, 4000);
  new Device(scheduler, deviceBTask, 5000);
  scheduler.schedule();
  return scheduler.sent === 23246 && scheduler.held === 9297;
}

run(3, (repeats) => {
  for (let i = 0; i < repeats; i++) {
    if (!runKernel()) return false;
  }
  return true;
});
