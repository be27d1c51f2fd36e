// nbody.mjs: the sun and the four gas giants, moved in small steps; see ../rima/nbody.rima.
import { run } from "./harness.mjs";

const solarMass = 4.0 * Math.PI * Math.PI;
const daysPerYear = 365.24;

class Body {
  /** A body whose speed is given by the day and whose mass in suns. */
  constructor(x, y, z, vx, vy, vz, mass) {
    this.x = x;
    this.y = y;
    this.z = z;
    this.vx = vx * daysPerYear;
    this.vy = vy * daysPerYear;
    this.vz = vz * daysPerYear;
    this.mass = mass * solarMass;
  }
}

class SolarSystem {
  constructor() {
    this.bodies = [
      new Body(0, 0, 0, 0, 0, 0, 1),
      new Body(4.84143144246472090, -1.16032004402742839, -0.103622044471123109,
        0.00166007664274403694, 0.00769901118419740425, -0.0000690460016972063023, 0.000954791938424326609),
      new Body(8.34336671824457987, 4.12479856412430479, -0.403523417114321381,
        -0.00276742510726411880, 0.00499852801234917238, 0.0000230417297573763929, 0.000285885980666130812),
      new Body(12.8943695621391310, -15.1111514016986312, -0.223307578892655734,
        0.00296460137564761618, 0.00237847173959480950, -0.0000296589568540237556, 0.0000436624404335156298),
      new Body(15.3796971148509165, -25.9193146099879641, 0.179258772950371181,
        0.00268067772490389322, 0.00162824170038242295, -0.0000951592254519715870, 0.0000515138902046611451),
    ];
    // The sun moves so that the whole system stays where it is.
    let px = 0.0;
    let py = 0.0;
    let pz = 0.0;
    for (const body of this.bodies) {
      px += body.vx * body.mass;
      py += body.vy * body.mass;
      pz += body.vz * body.mass;
    }
    const sun = this.bodies[0];
    sun.vx = 0.0 - px / solarMass;
    sun.vy = 0.0 - py / solarMass;
    sun.vz = 0.0 - pz / solarMass;
  }

  advance(dt) {
    const bodies = this.bodies;
    for (let i = 0; i < bodies.length; i++) {
      const a = bodies[i];
      for (let j = i + 1; j < bodies.length; j++) {
        const b = bodies[j];
        const dx = a.x - b.x;
        const dy = a.y - b.y;
        const dz = a.z - b.z;
        const square = dx * dx + dy * dy + dz * dz;
        const mag = dt / (square * Math.sqrt(square));
        a.vx -= dx * b.mass * mag;
        a.vy -= dy * b.mass * mag;
        a.vz -= dz * b.mass * mag;
        b.vx += dx * a.mass * mag;
        b.vy += dy * a.mass * mag;
        b.vz += dz * a.mass * mag;
      }
    }
    for (const body of bodies) {
      body.x += dt * body.vx;
      body.y += dt * body.vy;
      body.z += dt * body.vz;
    }
  }

  energy() {
    const bodies = this.bodies;
    let e = 0.0;
    for (let i = 0; i < bodies.length; i++) {
      const a = bodies[i];
      e += 0.5 * a.mass * (a.vx * a.vx + a.vy * a.vy + a.vz * a.vz);
      for (let j = i + 1; j < bodies.length; j++) {
        const b = bodies[j];
        const dx = a.x - b.x;
        const dy = a.y - b.y;
        const dz = a.z - b.z;
        e -= (a.mass * b.mass) / Math.sqrt(dx * dx + dy * dy + dz * dz);
      }
    }
    return e;
  }
}

// The energy after some numbers of steps; 1000 steps are known elsewhere to give -0.169087605.
const expected = { 1: -0.16907495402508618, 1000: -0.1690876052346246, 5000: -0.16902000037199369 };

run(5000, (steps) => {
  const system = new SolarSystem();
  const before = system.energy();
  for (let i = 0; i < steps; i++) system.advance(0.01);
  const after = system.energy();
  return steps in expected ? after === expected[steps] : Math.abs(after - before) < 0.0001;
});
