// sieve.mjs: counts the primes up to 5000; see ../rima/sieve.rima.
import { run } from "./harness.mjs";

function countPrimes(limit) {
  const flags = new Array(limit + 1).fill(true);
  let count = 0;
  for (let i = 2; i <= limit; i++) {
    if (flags[i]) {
      count++;
      for (let multiple = i + i; multiple <= limit; multiple += i) flags[multiple] = false;
    }
  }
  return count;
}

run(100, (repeats) => {
  for (let i = 0; i < repeats; i++) {
    if (countPrimes(5000) !== 669) return false;
  }
  return true;
});
