// nbody.mjs: five bodies moved in small steps; see ../rima/nbody.rima.
import { run } from "../../classic/js/harness.mjs";

const solarMass = 4.0 * Math.PI * Math.PI;
const daysPerYear = 365.24;
const n = 5;

class Bodies {
  constructor() {
    this.x = Float64Array.of(
      0.0, 4.84143144246472090, 8.34336671824457987, 12.8943695621391310, 15.3796971148509165);
    this.y = Float64Array.of(
      0.0, -1.16032004402742839, 4.12479856412430479, -15.1111514016986312, -25.9193146099879641);
    this.z = Float64Array.of(
      0.0, -0.103622044471123109, -0.403523417114321381, -0.223307578892655734, 0.179258772950371181);
    this.vx = Float64Array.of(
      0.0, 0.00166007664274403694, -0.00276742510726411880, 0.00296460137564761618, 0.00268067772490389322);
    this.vy = Float64Array.of(
      0.0, 0.00769901118419740425, 0.00499852801234917238, 0.00237847173959480950, 0.00162824170038242295);
    this.vz = Float64Array.of(
      0.0, -0.0000690460016972063023, 0.0000230417297573763929, -0.0000296589568540237556,
      -0.0000951592254519715870);
    this.mass = Float64Array.of(
      1.0, 0.000954791938424326609, 0.000285885980666130812, 0.0000436624404335156298,
      0.0000515138902046611451);
    let px = 0.0;
    let py = 0.0;
    let pz = 0.0;
    for (let i = 0; i < n; i++) {
      this.vx[i] *= daysPerYear;
      this.vy[i] *= daysPerYear;
      this.vz[i] *= daysPerYear;
      this.mass[i] *= solarMass;
      px += this.vx[i] * this.mass[i];
      py += this.vy[i] * this.mass[i];
      pz += this.vz[i] * this.mass[i];
    }
    // The sun moves so that the whole system stays where it is.
    this.vx[0] = 0.0 - px / solarMass;
    this.vy[0] = 0.0 - py / solarMass;
    this.vz[0] = 0.0 - pz / solarMass;
  }

  advance(dt) {
    const { x, y, z, vx, vy, vz, mass } = this;
    for (let i = 0; i < n; i++) {
      for (let j = i + 1; j < n; j++) {
        const dx = x[i] - x[j];
        const dy = y[i] - y[j];
        const dz = z[i] - z[j];
        const square = dx * dx + dy * dy + dz * dz;
        const mag = dt / (square * Math.sqrt(square));
        const mi = mass[i];
        const mj = mass[j];
        vx[i] -= dx * mj * mag;
        vy[i] -= dy * mj * mag;
        vz[i] -= dz * mj * mag;
        vx[j] += dx * mi * mag;
        vy[j] += dy * mi * mag;
        vz[j] += dz * mi * mag;
      }
    }
    for (let i = 0; i < n; i++) {
      x[i] += dt * vx[i];
      y[i] += dt * vy[i];
      z[i] += dt * vz[i];
    }
  }

  energy() {
    const { x, y, z, vx, vy, vz, mass } = this;
    let e = 0.0;
    for (let i = 0; i < n; i++) {
      e += 0.5 * mass[i] * (vx[i] * vx[i] + vy[i] * vy[i] + vz[i] * vz[i]);
      for (let j = i + 1; j < n; j++) {
        const dx = x[i] - x[j];
        const dy = y[i] - y[j];
        const dz = z[i] - z[j];
        e -= (mass[i] * mass[j]) / Math.sqrt(dx * dx + dy * dy + dz * dz);
      }
    }
    return e;
  }
}

const expected = { 1000: -0.1690876052346246, 100000: -0.16907985939168202 };

run(100000, (steps) => {
  const bodies = new Bodies();
  const before = bodies.energy();
  for (let i = 0; i < steps; i++) bodies.advance(0.01);
  const after = bodies.energy();
  return steps in expected ? after === expected[steps] : Math.abs(after - before) < 0.0001;
});
