// sparse.mjs: a sparse matrix times a vector, again and again; see ../rima/sparse.rima.
import { run } from "../../classic/js/harness.mjs";
import { Random } from "../../classic/js/som.mjs";

const n = 1000;
const byRow = 5;
const steps = 20;
const weights = [0.5, 0.25, 0.125, 0.0625, 0.0625]; // of a row; they add up to one

/** The entries of row i are those from starts[i] to starts[i + 1]. */
class Matrix {
  constructor(random) {
    this.starts = new Int32Array(n + 1);
    this.columns = new Int32Array(n * byRow);
    this.values = new Float64Array(n * byRow);
    for (let i = 0; i < n; i++) {
      for (let k = 0; k < byRow; k++) {
        this.columns[i * byRow + k] = random.next() % n;
        this.values[i * byRow + k] = weights[k];
      }
      this.starts[i + 1] = (i + 1) * byRow;
    }
  }

  multiply(x, product) {
    const { starts, columns, values } = this;
    for (let i = 0; i < n; i++) {
      let sum = 0.0;
      for (let k = starts[i]; k < starts[i + 1]; k++) sum += values[k] * x[columns[k]];
      product[i] = sum;
    }
  }
}

function smoothedSum(matrix, start) {
  let x = start.slice();
  let product = new Float64Array(n);
  for (let step = 0; step < steps; step++) {
    matrix.multiply(x, product);
    const held = x;
    x = product;
    product = held;
  }
  let sum = 0.0;
  for (let i = 0; i < n; i++) sum += x[i];
  return sum;
}

run(50, (repeats) => {
  const random = new Random();
  const matrix = new Matrix(random);
  const start = new Float64Array(n);
  for (let i = 0; i < n; i++) start[i] = random.next() / 65536.0;
  for (let i = 0; i < repeats; i++) {
    if (smoothedSum(matrix, start) !== 481.63484941876874) return false;
  }
  return true;
});
