// sor.mjs: successive over-relaxation on a grid; see ../rima/sor.rima.
import { run } from "../../classic/js/harness.mjs";
import { Random } from "../../classic/js/som.mjs";

const n = 100;
const sweeps = 10;

function relax(grid, omega) {
  const quarter = omega * 0.25;
  const rest = 1.0 - omega;
  for (let i = 1; i < n - 1; i++) {
    const above = grid[i - 1];
    const row = grid[i];
    const below = grid[i + 1];
    for (let j = 1; j < n - 1; j++) {
      row[j] = quarter * (above[j] + below[j] + row[j - 1] + row[j + 1]) + rest * row[j];
    }
  }
}

function relaxedSum() {
  const random = new Random();
  const grid = [];
  for (let i = 0; i < n; i++) {
    const row = new Float64Array(n);
    for (let j = 0; j < n; j++) row[j] = random.next() / 65536.0;
    grid.push(row);
  }
  for (let sweep = 0; sweep < sweeps; sweep++) relax(grid, 1.25);
  let sum = 0.0;
  for (const row of grid) {
    for (let j = 0; j < n; j++) sum += row[j];
  }
  return sum;
}

run(20, (repeats) => {
  for (let i = 0; i < repeats; i++) {
    if (relaxedSum() !== 5036.9435570464284) return false;
  }
  return true;
});
