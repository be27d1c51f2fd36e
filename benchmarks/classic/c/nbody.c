/* nbody.c: the sun and the four gas giants, moved in small steps; see ../rima/nbody.rima. */
#include "harness.h"
#include <math.h>

#define SOLAR_MASS (4.0 * M_PI * M_PI)
#define DAYS_PER_YEAR 365.24
enum { N_BODIES = 5 };

typedef struct {
  double x, y, z, vx, vy, vz, mass;
} body;

/* Speeds by the day, masses in suns. */
static const body planets[N_BODIES] = {
    {0, 0, 0, 0, 0, 0, 1},
    {4.84143144246472090, -1.16032004402742839, -0.103622044471123109, 0.00166007664274403694,
     0.00769901118419740425, -0.0000690460016972063023, 0.000954791938424326609},
    {8.34336671824457987, 4.12479856412430479, -0.403523417114321381, -0.00276742510726411880,
     0.00499852801234917238, 0.0000230417297573763929, 0.000285885980666130812},
    {12.8943695621391310, -15.1111514016986312, -0.223307578892655734, 0.00296460137564761618,
     0.00237847173959480950, -0.0000296589568540237556, 0.0000436624404335156298},
    {15.3796971148509165, -25.9193146099879641, 0.179258772950371181, 0.00268067772490389322,
     0.00162824170038242295, -0.0000951592254519715870, 0.0000515138902046611451},
};

static void system_init(body bodies[N_BODIES]) {
  double px = 0.0, py = 0.0, pz = 0.0;
  for (int i = 0; i < N_BODIES; i++) {
    const body *p = &planets[i];
    bodies[i] = (body){p->x,
                       p->y,
                       p->z,
                       p->vx * DAYS_PER_YEAR,
                       p->vy * DAYS_PER_YEAR,
                       p->vz * DAYS_PER_YEAR,
                       p->mass * SOLAR_MASS};
    px += bodies[i].vx * bodies[i].mass;
    py += bodies[i].vy * bodies[i].mass;
    pz += bodies[i].vz * bodies[i].mass;
  }
  /* The sun moves so that the whole system stays where it is. */
  bodies[0].vx = 0.0 - px / SOLAR_MASS;
  bodies[0].vy = 0.0 - py / SOLAR_MASS;
  bodies[0].vz = 0.0 - pz / SOLAR_MASS;
}

static void advance(body bodies[N_BODIES], double dt) {
  for (int i = 0; i < N_BODIES; i++) {
    body *a = &bodies[i];
    for (int j = i + 1; j < N_BODIES; j++) {
      body *b = &bodies[j];
      double dx = a->x - b->x, dy = a->y - b->y, dz = a->z - b->z;
      double square = dx * dx + dy * dy + dz * dz;
      double mag = dt / (square * sqrt(square));
      a->vx -= dx * b->mass * mag;
      a->vy -= dy * b->mass * mag;
      a->vz -= dz * b->mass * mag;
      b->vx += dx * a->mass * mag;
      b->vy += dy * a->mass * mag;
      b->vz += dz * a->mass * mag;
    }
  }
  for (int i = 0; i < N_BODIES; i++) {
    bodies[i].x += dt * bodies[i].vx;
    bodies[i].y += dt * bodies[i].vy;
    bodies[i].z += dt * bodies[i].vz;
  }
}

static double energy(const body bodies[N_BODIES]) {
  double e = 0.0;
  for (int i = 0; i < N_BODIES; i++) {
    const body *a = &bodies[i];
    e += 0.5 * a->mass * (a->vx * a->vx + a->vy * a->vy + a->vz * a->vz);
    for (int j = i + 1; j < N_BODIES; j++) {
      const body *b = &bodies[j];
      double dx = a->x - b->x, dy = a->y - b->y, dz = a->z - b->z;
      e -= a->mass * b->mass / sqrt(dx * dx + dy * dy + dz * dz);
    }
  }
  return e;
}

static bool nbody(int steps) {
  body bodies[N_BODIES];
  system_init(bodies);
  double before = energy(bodies);
  for (int i = 0; i < steps; i++) advance(bodies, 0.01);
  double after = energy(bodies);
  switch (steps) {
  case 1: return after == -0.16907495402508618;
  case 1000: return after == -0.1690876052346246; /* known elsewhere to be -0.169087605 */
  case 5000: return after == -0.16902000037199369;
  default: return fabs(after - before) < 0.0001; /* energy is conserved, up to the error of the method */
  }
}

int main(int argc, char **argv) { return harness_run(argc, argv, 5000, nbody); }
