// permute.mjs: makes all permutations of six elements; see ../rima/permute.rima.
import { run } from "./harness.mjs";

class Permuter {
  constructor() {
    this.count = 0;
    this.elements = [0, 1, 2, 3, 4, 5];
  }

  permute(n) {
    this.count++;
    if (n === 0) return;
    const last = n - 1;
    this.permute(last);
    for (let i = last; i >= 0; i--) {
      this.swap(last, i);
      this.permute(last);
      this.swap(last, i);
    }
  }

  swap(i, j) {
    const held = this.elements[i];
    this.elements[i] = this.elements[j];
    this.elements[j] = held;
  }
}

run(30, (repeats) => {
  for (let i = 0; i < repeats; i++) {
    const permuter = new Permuter();
    permuter.permute(6);
    if (permuter.count !== 8660) return false;
  }
  return true;
});
