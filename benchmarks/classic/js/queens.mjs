// queens.mjs: places eight queens by backtracking; see ../rima/queens.rima.
import { run } from "./harness.mjs";

class Board {
  constructor() {
    this.rows = new Array(8).fill(true);
    this.rising = new Array(16).fill(true);
    this.falling = new Array(16).fill(true);
    this.columns = new Array(8).fill(0);
  }

  solve() {
    return this.place(0);
  }

  place(column) {
    for (let row = 0; row < 8; row++) {
      if (this.isFree(row, column)) {
        this.columns[row] = column;
        this.mark(row, column, false);
        if (column === 7 || this.place(column + 1)) return true;
        this.mark(row, column, true);
      }
    }
    return false;
  }

  isFree(row, column) {
    return this.rows[row] && this.rising[column + row] && this.falling[column - row + 7];
  }

  mark(row, column, isFree) {
    this.rows[row] = isFree;
    this.rising[column + row] = isFree;
    this.falling[column - row + 7] = isFree;
  }
}

run(200, (repeats) => {
  for (let i = 0; i < repeats; i++) {
    if (!new Board().solve()) return false;
  }
  return true;
});
