// fannkuch.mjs: flips pancakes in every order; see ../rima/fannkuch.rima.
import { run } from "../../classic/js/harness.mjs";

class Fannkuch {
  constructor(n) {
    this.n = n;
    this.order = new Int32Array(n);
    this.turns = new Int32Array(n);
    this.pile = new Int32Array(n);
    this.checksum = 0;
    this.mostFlips = 0;
    for (let i = 0; i < n; i++) this.order[i] = i;
    let isEven = true;
    do {
      const count = this.flip();
      if (count > this.mostFlips) this.mostFlips = count;
      this.checksum += isEven ? count : -count;
      isEven = !isEven;
    } while (this.nextOrder());
  }

  /** Turns over the first k + 1, where k is the first, until the first is 0; returns how often. */
  flip() {
    const { n, order, pile } = this;
    for (let i = 0; i < n; i++) pile[i] = order[i];
    let count = 0;
    for (let k = pile[0]; k !== 0; k = pile[0]) {
      for (let i = 0, j = k; i < j; i++, j--) {
        const held = pile[i];
        pile[i] = pile[j];
        pile[j] = held;
      }
      count++;
    }
    return count;
  }

  /**
   * Sets the next order: turns the first two, three, … round by one until one of these has not come full circle. False
   * after the last.
   */
  nextOrder() {
    const { n, order, turns } = this;
    for (let r = 1; r < n; r++) {
      const first = order[0];
      for (let i = 0; i < r; i++) order[i] = order[i + 1];
      order[r] = first;
      turns[r]++;
      if (turns[r] <= r) return true;
      turns[r] = 0;
    }
    return false;
  }
}

// By number of pancakes: checksum and most flips.
const expected = {
  6: [49, 10],
  7: [228, 16],
  8: [1616, 22],
  9: [8629, 30],
  10: [73196, 38],
  11: [556355, 51],
  12: [3968050, 65],
};

run(9, (n) => {
  if (!(n in expected)) return false;
  const [checksum, mostFlips] = expected[n];
  const result = new Fannkuch(n);
  return result.checksum === checksum && result.mostFlips === mostFlips;
});
