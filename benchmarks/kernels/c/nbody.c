/* nbody.c: five bodies moved in small steps; see ../rima/nbody.rima. */
#include "harness.h"
#include <math.h>

#define SOLAR_MASS (4.0 * M_PI * M_PI)
#define DAYS_PER_YEAR 365.24
enum { N = 5 };

/* Column by column: the place in astronomical units, the speed by the day, the mass in suns. */
static const double place[3][N] = {
    {0.0, 4.84143144246472090, 8.34336671824457987, 12.8943695621391310, 15.3796971148509165},
    {0.0, -1.16032004402742839, 4.12479856412430479, -15.1111514016986312, -25.9193146099879641},
    {0.0, -0.103622044471123109, -0.403523417114321381, -0.223307578892655734, 0.179258772950371181},
};
static const double speed[3][N] = {
    {0.0, 0.00166007664274403694, -0.00276742510726411880, 0.00296460137564761618, 0.00268067772490389322},
    {0.0, 0.00769901118419740425, 0.00499852801234917238, 0.00237847173959480950, 0.00162824170038242295},
    {0.0, -0.0000690460016972063023, 0.0000230417297573763929, -0.0000296589568540237556,
     -0.0000951592254519715870},
};
static const double masses[N] = {1.0, 0.000954791938424326609, 0.000285885980666130812,
                                 0.0000436624404335156298, 0.0000515138902046611451};

typedef struct {
  double x[N], y[N], z[N], vx[N], vy[N], vz[N], mass[N];
} bodies;

static void bodies_init(bodies *b) {
  double px = 0.0, py = 0.0, pz = 0.0;
  for (int i = 0; i < N; i++) {
    b->x[i] = place[0][i];
    b->y[i] = place[1][i];
    b->z[i] = place[2][i];
    b->vx[i] = speed[0][i] * DAYS_PER_YEAR;
    b->vy[i] = speed[1][i] * DAYS_PER_YEAR;
    b->vz[i] = speed[2][i] * DAYS_PER_YEAR;
    b->mass[i] = masses[i] * SOLAR_MASS;
    px += b->vx[i] * b->mass[i];
    py += b->vy[i] * b->mass[i];
    pz += b->vz[i] * b->mass[i];
  }
  /* The sun moves so that the whole system stays where it is. */
  b->vx[0] = 0.0 - px / SOLAR_MASS;
  b->vy[0] = 0.0 - py / SOLAR_MASS;
  b->vz[0] = 0.0 - pz / SOLAR_MASS;
}

static void advance(bodies *b, double dt) {
  for (int i = 0; i < N; i++) {
    for (int j = i + 1; j < N; j++) {
      double dx = b->x[i] - b->x[j], dy = b->y[i] - b->y[j], dz = b->z[i] - b->z[j];
      double square = dx * dx + dy * dy + dz * dz;
      double mag = dt / (square * sqrt(square));
      double mi = b->mass[i], mj = b->mass[j];
      b->vx[i] -= dx * mj * mag;
      b->vy[i] -= dy * mj * mag;
      b->vz[i] -= dz * mj * mag;
      b->vx[j] += dx * mi * mag;
      b->vy[j] += dy * mi * mag;
      b->vz[j] += dz * mi * mag;
    }
  }
  for (int i = 0; i < N; i++) {
    b->x[i] += dt * b->vx[i];
    b->y[i] += dt * b->vy[i];
    b->z[i] += dt * b->vz[i];
  }
}

static double energy(const bodies *b) {
  double e = 0.0;
  for (int i = 0; i < N; i++) {
    e += 0.5 * b->mass[i] * (b->vx[i] * b->vx[i] + b->vy[i] * b->vy[i] + b->vz[i] * b->vz[i]);
    for (int j = i + 1; j < N; j++) {
      double dx = b->x[i] - b->x[j], dy = b->y[i] - b->y[j], dz = b->z[i] - b->z[j];
      e -= b->mass[i] * b->mass[j] / sqrt(dx * dx + dy * dy + dz * dz);
    }
  }
  return e;
}

static bool nbody(int steps) {
  bodies b;
  bodies_init(&b);
  double before = energy(&b);
  for (int i = 0; i < steps; i++) advance(&b, 0.01);
  double after = energy(&b);
  switch (steps) {
  case 1000: return after == -0.1690876052346246; /* known elsewhere to be -0.169087605 */
  case 100000: return after == -0.16907985939168202;
  default: return fabs(after - before) < 0.0001; /* energy is conserved, up to the error of the method */
  }
}

int main(int argc, char **argv) { return harness_run(argc, argv, 100000, nbody); }
