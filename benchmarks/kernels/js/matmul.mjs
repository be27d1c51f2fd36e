// matmul.mjs: the product of two square matrices; see ../rima/matmul.rima.
import { run } from "../../classic/js/harness.mjs";
import { Random } from "../../classic/js/som.mjs";

/** Quarters below 16: all sums and products of the program are exact. */
function randomQuarters(random, count) {
  const values = new Float64Array(count);
  for (let i = 0; i < count; i++) {
    const r = random.next();
    values[i] = (r - (r % 1024)) / 4096.0;
  }
  return values;
}

function multiply(a, b, n) {
  const c = new Float64Array(n * n);
  for (let i = 0; i < n; i++) {
    for (let k = 0; k < n; k++) {
      const factor = a[i * n + k];
      for (let j = 0; j < n; j++) c[i * n + j] += factor * b[k * n + j];
    }
  }
  return c;
}

function apply(a, v) {
  const n = v.length;
  const product = new Float64Array(n);
  for (let i = 0; i < n; i++) {
    let sum = 0.0;
    for (let j = 0; j < n; j++) sum += a[i * n + j] * v[j];
    product[i] = sum;
  }
  return product;
}

// Whether (a b) v = a (b v): Freivalds' check.
run(200, (n) => {
  const random = new Random();
  const a = randomQuarters(random, n * n);
  const b = randomQuarters(random, n * n);
  const v = randomQuarters(random, n);
  const left = apply(multiply(a, b, n), v);
  const right = apply(a, apply(b, v));
  return left.every((value, i) => value === right[i]);
});
