// fft.mjs: a fast Fourier transform and back; see ../rima/fft.rima.
//
// Complex numbers stand as pairs in arrays: real part, imaginary part.
import { run } from "../../classic/js/harness.mjs";
import { Random } from "../../classic/js/som.mjs";

const n = 1024;

/** The first half of the nth roots of one: the quarter turn, its half and so on, and their products. */
function findRoots() {
  const roots = new Float64Array(n);
  roots[0] = 1.0;
  let re = 0.0;
  let im = 1.0;
  for (let step = n / 4; step >= 1; step /= 2) {
    for (let i = 0; i < n / 2; i += 2 * step) {
      const rootRe = roots[2 * i];
      const rootIm = roots[2 * i + 1];
      roots[2 * (i + step)] = rootRe * re - rootIm * im;
      roots[2 * (i + step) + 1] = rootRe * im + rootIm * re;
    }
    const cosine = Math.sqrt((1.0 + re) / 2.0);
    im = im / (2.0 * cosine);
    re = cosine;
  }
  return roots;
}

function reverseBits(data) {
  let j = 0;
  for (let i = 0; i < n - 1; i++) {
    if (i < j) {
      const re = data[2 * i];
      const im = data[2 * i + 1];
      data[2 * i] = data[2 * j];
      data[2 * i + 1] = data[2 * j + 1];
      data[2 * j] = re;
      data[2 * j + 1] = im;
    }
    let bit = n >> 1;
    while (bit <= j) {
      j -= bit;
      bit >>= 1;
    }
    j += bit;
  }
}

/** `sign` is 1 for the transform and -1 for its inverse (times n). */
function transform(data, roots, sign) {
  reverseBits(data);
  for (let span = 1; span < n; span *= 2) {
    const stride = n / (2 * span);
    for (let start = 0; start < n; start += 2 * span) {
      for (let k = 0; k < span; k++) {
        const rootRe = roots[2 * k * stride];
        const rootIm = roots[2 * k * stride + 1] * sign;
        const even = 2 * (start + k);
        const odd = even + 2 * span;
        const re = rootRe * data[odd] - rootIm * data[odd + 1];
        const im = rootRe * data[odd + 1] + rootIm * data[odd];
        data[odd] = data[even] - re;
        data[odd + 1] = data[even + 1] - im;
        data[even] += re;
        data[even + 1] += im;
      }
    }
  }
}

function energy(data) {
  let sum = 0.0;
  for (let i = 0; i < 2 * n; i += 2) sum += data[i] * data[i] + data[i + 1] * data[i + 1];
  return sum;
}

/** The largest difference between the data divided by n and the original. */
function largestError(data, original) {
  let largest = 0.0;
  for (let i = 0; i < 2 * n; i++) largest = Math.max(largest, Math.abs(data[i] / n - original[i]));
  return largest;
}

run(100, (repeats) => {
  const random = new Random();
  const roots = findRoots();
  const original = new Float64Array(2 * n);
  for (let i = 0; i < 2 * n; i++) original[i] = random.next() / 65536.0;
  const data = new Float64Array(2 * n);
  for (let i = 0; i < repeats; i++) {
    data.set(original);
    transform(data, roots, 1.0);
    if (energy(data) !== 728267.57202148577) return false;
    transform(data, roots, -1.0);
    if (largestError(data, original) > 1e-14) return false;
  }
  return true;
});
