// Fft.java: a fast Fourier transform and back; see ../rima/fft.rima.
package kernels;

import classic.Harness;
import classic.Som.Random;

/** Complex numbers stand as pairs in arrays: real part, imaginary part. */
public final class Fft {
  private static final int N = 1024;

  private final double[] roots = new double[N];

  /** The first half of the Nth roots of one: the quarter turn, its half and so on, and their products. */
  private Fft() {
    roots[0] = 1.0;
    double re = 0.0;
    double im = 1.0;
    for (int step = N / 4; step > 0; step /= 2) {
      for (int i = 0; i < N / 2; i += 2 * step) {
        double rootRe = roots[2 * i];
        double rootIm = roots[2 * i + 1];
        roots[2 * (i + step)] = rootRe * re - rootIm * im;
        roots[2 * (i + step) + 1] = rootRe * im + rootIm * re;
      }
      double cosine = Math.sqrt((1.0 + re) / 2.0);
      im = im / (2.0 * cosine);
      re = cosine;
    }
  }

  private static void reverseBits(double[] data) {
    int j = 0;
    for (int i = 0; i < N - 1; i++) {
      if (i < j) {
        double re = data[2 * i];
        double im = data[2 * i + 1];
        data[2 * i] = data[2 * j];
        data[2 * i + 1] = data[2 * j + 1];
        data[2 * j] = re;
        data[2 * j + 1] = im;
      }
      int bit = N / 2;
      while (bit <= j) {
        j -= bit;
        bit /= 2;
      }
      j += bit;
    }
  }

  /** {@code sign} is 1 for the transform and -1 for its inverse (times N). */
  private void transform(double[] data, double sign) {
    reverseBits(data);
    for (int span = 1; span < N; span *= 2) {
      int stride = N / (2 * span);
      for (int start = 0; start < N; start += 2 * span) {
        for (int k = 0; k < span; k++) {
          double rootRe = roots[2 * k * stride];
          double rootIm = roots[2 * k * stride + 1] * sign;
          int even = 2 * (start + k);
          int odd = even + 2 * span;
          double re = rootRe * data[odd] - rootIm * data[odd + 1];
          double im = rootRe * data[odd + 1] + rootIm * data[odd];
          data[odd] = data[even] - re;
          data[odd + 1] = data[even + 1] - im;
          data[even] += re;
          data[even + 1] += im;
        }
      }
    }
  }

  private static double energy(double[] data) {
    double sum = 0.0;
    for (int i = 0; i < 2 * N; i += 2) sum += data[i] * data[i] + data[i + 1] * data[i + 1];
    return sum;
  }

  /** The largest difference between the data divided by N and the original. */
  private static double largestError(double[] data, double[] original) {
    double largest = 0.0;
    for (int i = 0; i < 2 * N; i++) largest = Math.max(largest, Math.abs(data[i] / N - original[i]));
    return largest;
  }

  private static boolean fft(int repeats) {
    Random random = new Random();
    Fft fft = new Fft();
    double[] original = new double[2 * N];
    for (int i = 0; i < 2 * N; i++) original[i] = random.next() / 65536.0;
    double[] data = new double[2 * N];
    for (int i = 0; i < repeats; i++) {
      System.arraycopy(original, 0, data, 0, 2 * N);
      fft.transform(data, 1.0);
      if (energy(data) != 728267.57202148577) return false;
      fft.transform(data, -1.0);
      if (largestError(data, original) > 1e-14) return false;
    }
    return true;
  }

  public static void main(String[] args) {
    Harness.run(args, 100, Fft::fft);
  }
}
