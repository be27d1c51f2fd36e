// towers.mjs: the towers of Hanoi; see ../rima/towers.rima.
import { run } from "./harness.mjs";

class Disk {
  constructor(size) {
    this.size = size;
    this.below = null;
  }
}

class Towers {
  constructor() {
    this.moves = 0;
    this.piles = [null, null, null];
  }

  solve(disks) {
    for (let size = disks; size > 0; size--) this.push(new Disk(size), 0);
    this.move(disks, 0, 1);
  }

  push(disk, pile) {
    const top = this.piles[pile];
    if (top !== null && disk.size >= top.size) throw new Error("a larger disk cannot lie on a smaller one");
    disk.below = top;
    this.piles[pile] = disk;
  }

  pop(pile) {
    const top = this.piles[pile];
    if (top === null) throw new Error("no disk lies here");
    this.piles[pile] = top.below;
    top.below = null;
    return top;
  }

  moveTop(source, target) {
    this.push(this.pop(source), target);
    this.moves++;
  }

  move(disks, source, target) {
    if (disks === 1) {
      this.moveTop(source, target);
      return;
    }
    const spare = 3 - source - target;
    this.move(disks - 1, source, spare);
    this.moveTop(source, target);
    this.move(disks - 1, spare, target);
  }
}

run(20, (repeats) => {
  for (let i = 0; i < repeats; i++) {
    const puzzle = new Towers();
    puzzle.solve(13);
    if (puzzle.moves !== 8191) return false;
  }
  return true;
});
