// mandelbrot.mjs: escape times over the Mandelbrot set; see ../rima/mandelbrot.rima.
import { run } from "../../classic/js/harness.mjs";

const limit = 1000;

/** The steps until the point leaves, at most `limit`. */
function escapeTime(cr, ci) {
  let zr = 0.0;
  let zi = 0.0;
  let steps = 0;
  while (steps < limit) {
    const zrzr = zr * zr;
    const zizi = zi * zi;
    if (zrzr + zizi > 4.0) break;
    zi = 2.0 * zr * zi + ci;
    zr = zrzr - zizi + cr;
    steps++;
  }
  return steps;
}

const expected = { 10: 30349, 150: 5595328, 400: 39684084 };

run(150, (size) => {
  let total = 0;
  let inside = 0;
  for (let y = 0; y < size; y++) {
    const ci = (2.5 * y) / size - 1.25;
    for (let x = 0; x < size; x++) {
      const steps = escapeTime((2.5 * x) / size - 2.0, ci);
      total += steps;
      if (steps === limit) inside++;
    }
  }
  if (size in expected) return total === expected[size];
  return Math.abs((6.25 * inside) / size / size - 1.5066) < 5.0 / size;
});
