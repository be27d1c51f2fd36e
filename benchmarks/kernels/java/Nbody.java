// Nbody.java: five bodies moved in small steps; see ../rima/nbody.rima.
package kernels;

import classic.Harness;

public final class Nbody {
  private static final double SOLAR_MASS = 4.0 * Math.PI * Math.PI;
  private static final double DAYS_PER_YEAR = 365.24;
  private static final int N = 5;

  private final double[] x = {
    0.0, 4.84143144246472090, 8.34336671824457987, 12.8943695621391310, 15.3796971148509165
  };
  private final double[] y = {
    0.0, -1.16032004402742839, 4.12479856412430479, -15.1111514016986312, -25.9193146099879641
  };
  private final double[] z = {
    0.0, -0.103622044471123109, -0.403523417114321381, -0.223307578892655734, 0.179258772950371181
  };
  private final double[] vx = {
    0.0, 0.00166007664274403694, -0.00276742510726411880, 0.00296460137564761618, 0.00268067772490389322
  };
  private final double[] vy = {
    0.0, 0.00769901118419740425, 0.00499852801234917238, 0.00237847173959480950, 0.00162824170038242295
  };
  private final double[] vz = {
    0.0,
    -0.0000690460016972063023,
    0.0000230417297573763929,
    -0.0000296589568540237556,
    -0.0000951592254519715870
  };
  private final double[] mass = {
    1.0, 0.000954791938424326609, 0.000285885980666130812, 0.0000436624404335156298, 0.0000515138902046611451
  };

  private Nbody() {
    double px = 0.0;
    double py = 0.0;
    double pz = 0.0;
    for (int i = 0; i < N; i++) {
      vx[i] *= DAYS_PER_YEAR;
      vy[i] *= DAYS_PER_YEAR;
      vz[i] *= DAYS_PER_YEAR;
      mass[i] *= SOLAR_MASS;
      px += vx[i] * mass[i];
      py += vy[i] * mass[i];
      pz += vz[i] * mass[i];
    }
    // The sun moves so that the whole system stays where it is.
    vx[0] = 0.0 - px / SOLAR_MASS;
    vy[0] = 0.0 - py / SOLAR_MASS;
    vz[0] = 0.0 - pz / SOLAR_MASS;
  }

  private void advance(double dt) {
    for (int i = 0; i < N; i++) {
      for (int j = i + 1; j < N; j++) {
        double dx = x[i] - x[j];
        double dy = y[i] - y[j];
        double dz = z[i] - z[j];
        double square = dx * dx + dy * dy + dz * dz;
        double mag = dt / (square * Math.sqrt(square));
        double mi = mass[i];
        double mj = mass[j];
        vx[i] -= dx * mj * mag;
        vy[i] -= dy * mj * mag;
        vz[i] -= dz * mj * mag;
        vx[j] += dx * mi * mag;
        vy[j] += dy * mi * mag;
        vz[j] += dz * mi * mag;
      }
    }
    for (int i = 0; i < N; i++) {
      x[i] += dt * vx[i];
      y[i] += dt * vy[i];
      z[i] += dt * vz[i];
    }
  }

  private double energy() {
    double e = 0.0;
    for (int i = 0; i < N; i++) {
      e += 0.5 * mass[i] * (vx[i] * vx[i] + vy[i] * vy[i] + vz[i] * vz[i]);
      for (int j = i + 1; j < N; j++) {
        double dx = x[i] - x[j];
        double dy = y[i] - y[j];
        double dz = z[i] - z[j];
        e -= mass[i] * mass[j] / Math.sqrt(dx * dx + dy * dy + dz * dz);
      }
    }
    return e;
  }

  private static boolean nbody(int steps) {
    Nbody bodies = new Nbody();
    double before = bodies.energy();
    for (int i = 0; i < steps; i++) bodies.advance(0.01);
    double after = bodies.energy();
    return switch (steps) {
      case 1000 -> after == -0.1690876052346246;
      case 100000 -> after == -0.16907985939168202;
      default -> Math.abs(after - before) < 0.0001;
    };
  }

  public static void main(String[] args) {
    Harness.run(args, 100000, Nbody::nbody);
  }
}
