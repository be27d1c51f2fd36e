// spectralnorm.mjs: the largest singular value of an infinite matrix; see ../rima/spectralnorm.rima.
import { run } from "../../classic/js/harness.mjs";

function a(i, j) {
  const diagonal = i + j;
  return 1.0 / ((diagonal * (diagonal + 1)) / 2 + i + 1);
}

function multiply(v, product) {
  for (let i = 0; i < v.length; i++) {
    let sum = 0.0;
    for (let j = 0; j < v.length; j++) sum += a(i, j) * v[j];
    product[i] = sum;
  }
}

function multiplyTransposed(v, product) {
  for (let i = 0; i < v.length; i++) {
    let sum = 0.0;
    for (let j = 0; j < v.length; j++) sum += a(j, i) * v[j];
    product[i] = sum;
  }
}

function spectralNorm(n) {
  const u = new Float64Array(n).fill(1.0);
  const v = new Float64Array(n);
  const between = new Float64Array(n);
  for (let round = 0; round < 10; round++) {
    multiply(u, between);
    multiplyTransposed(between, v);
    multiply(v, between);
    multiplyTransposed(between, u);
  }
  let uv = 0.0;
  let vv = 0.0;
  for (let i = 0; i < n; i++) {
    uv += u[i] * v[i];
    vv += v[i] * v[i];
  }
  return Math.sqrt(uv / vv);
}

const expected = { 100: 1.2742199912349306, 300: 1.2742239856297708 };

run(300, (n) => {
  const norm = spectralNorm(n);
  return n in expected ? norm === expected[n] : Math.abs(norm - 1.274224153) < 1.0 / n;
});
