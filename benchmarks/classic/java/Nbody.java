// Nbody.java: the sun and the four gas giants, moved in small steps; see ../rima/nbody.rima.
package classic;

public final class Nbody {
  private static final double SOLAR_MASS = 4.0 * Math.PI * Math.PI;
  private static final double DAYS_PER_YEAR = 365.24;

  private static final class Body {
    double x;
    double y;
    double z;
    double vx;
    double vy;
    double vz;
    final double mass;

    /** A body whose speed is given by the day and whose mass in suns. */
    Body(double x, double y, double z, double vx, double vy, double vz, double mass) {
      this.x = x;
      this.y = y;
      this.z = z;
      this.vx = vx * DAYS_PER_YEAR;
      this.vy = vy * DAYS_PER_YEAR;
      this.vz = vz * DAYS_PER_YEAR;
      this.mass = mass * SOLAR_MASS;
    }
  }

  private static final class SolarSystem {
    private final Body[] bodies = {
      new Body(0, 0, 0, 0, 0, 0, 1),
      new Body(4.84143144246472090, -1.16032004402742839, -0.103622044471123109,
          0.00166007664274403694, 0.00769901118419740425, -0.0000690460016972063023, 0.000954791938424326609),
      new Body(8.34336671824457987, 4.12479856412430479, -0.403523417114321381,
          -0.00276742510726411880, 0.00499852801234917238, 0.0000230417297573763929, 0.000285885980666130812),
      new Body(12.8943695621391310, -15.1111514016986312, -0.223307578892655734,
          0.00296460137564761618, 0.00237847173959480950, -0.0000296589568540237556, 0.0000436624404335156298),
      new Body(15.3796971148509165, -25.9193146099879641, 0.179258772950371181,
          0.00268067772490389322, 0.00162824170038242295, -0.0000951592254519715870, 0.0000515138902046611451),
    };

    SolarSystem() {
      // The sun moves so that the whole system stays where it is.
      double px = 0.0;
      double py = 0.0;
      double pz = 0.0;
      for (Body body : bodies) {
        px += body.vx * body.mass;
        py += body.vy * body.mass;
        pz += body.vz * body.mass;
      }
      Body sun = bodies[0];
      sun.vx = 0.0 - px / SOLAR_MASS;
      sun.vy = 0.0 - py / SOLAR_MASS;
      sun.vz = 0.0 - pz / SOLAR_MASS;
    }

    void advance(double dt) {
      for (int i = 0; i < bodies.length; i++) {
        Body a = bodies[i];
        for (int j = i + 1; j < bodies.length; j++) {
          Body b = bodies[j];
          double dx = a.x - b.x;
          double dy = a.y - b.y;
          double dz = a.z - b.z;
          double square = dx * dx + dy * dy + dz * dz;
          double mag = dt / (square * Math.sqrt(square));
          a.vx -= dx * b.mass * mag;
          a.vy -= dy * b.mass * mag;
          a.vz -= dz * b.mass * mag;
          b.vx += dx * a.mass * mag;
          b.vy += dy * a.mass * mag;
          b.vz += dz * a.mass * mag;
        }
      }
      for (Body body : bodies) {
        body.x += dt * body.vx;
        body.y += dt * body.vy;
        body.z += dt * body.vz;
      }
    }

    double energy() {
      double e = 0.0;
      for (int i = 0; i < bodies.length; i++) {
        Body a = bodies[i];
        e += 0.5 * a.mass * (a.vx * a.vx + a.vy * a.vy + a.vz * a.vz);
        for (int j = i + 1; j < bodies.length; j++) {
          Body b = bodies[j];
          double dx = a.x - b.x;
          double dy = a.y - b.y;
          double dz = a.z - b.z;
          e -= a.mass * b.mass / Math.sqrt(dx * dx + dy * dy + dz * dz);
        }
      }
      return e;
    }
  }

  private static boolean nbody(int steps) {
    SolarSystem system = new SolarSystem();
    double before = system.energy();
    for (int i = 0; i < steps; i++) system.advance(0.01);
    double after = system.energy();
    return switch (steps) {
      case 1 -> after == -0.16907495402508618;
      case 1000 -> after == -0.1690876052346246;
      case 5000 -> after == -0.16902000037199369;
      default -> Math.abs(after - before) < 0.0001; // energy is conserved, up to the error of the method
    };
  }

  public static void main(String[] args) {
    Harness.run(args, 5000, Nbody::nbody);
  }
}
