// mandelbrot.mjs: the Mandelbrot set folded into a byte; see ../rima/mandelbrot.rima.
import { run } from "./harness.mjs";

function mandelbrot(size) {
  let folded = 0;
  let bits = 0;
  let bitCount = 0;
  for (let y = 0; y < size; y++) {
    const ci = (2.0 * y) / size - 1.0;
    for (let x = 0; x < size; x++) {
      const cr = (2.0 * x) / size - 1.5;
      let zrzr = 0.0;
      let zi = 0.0;
      let zizi = 0.0;
      let step = 0;
      let escaped = 0;
      while (escaped === 0 && step < 50) {
        const zr = zrzr - zizi + cr;
        zi = 2.0 * zr * zi + ci;
        zrzr = zr * zr;
        zizi = zi * zi;
        if (zrzr + zizi > 4.0) escaped = 1;
        step++;
      }
      bits = bits * 2 + escaped;
      bitCount++;
      if (bitCount === 8 || x === size - 1) {
        folded ^= bits << (8 - bitCount);
        bits = 0;
        bitCount = 0;
      }
    }
  }
  return folded;
}

const expected = { 1: 128, 50: 15, 100: 239, 150: 240, 200: 2, 500: 191, 750: 50 };

run(100, (size) => mandelbrot(size) === expected[size]);
