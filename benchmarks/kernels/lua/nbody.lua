-- nbody.lua: five bodies moved in small steps; see ../rima/nbody.rima.
package.path = (arg[0]:match("^.*/") or "./") .. "../../classic/lua/?.lua;" .. package.path
local harness = require("harness")
local sqrt = math.sqrt

local pi = 3.141592653589793
local solar_mass = 4.0 * pi * pi
local days_per_year = 365.24
local n = 5

local function new_bodies()
  local bodies = {
    x = { 0.0, 4.84143144246472090, 8.34336671824457987, 12.8943695621391310, 15.3796971148509165 },
    y = { 0.0, -1.16032004402742839, 4.12479856412430479, -15.1111514016986312, -25.9193146099879641 },
    z = { 0.0, -0.103622044471123109, -0.403523417114321381, -0.223307578892655734, 0.179258772950371181 },
    vx = {
      0.0, 0.00166007664274403694, -0.00276742510726411880, 0.00296460137564761618, 0.00268067772490389322
    },
    vy = {
      0.0, 0.00769901118419740425, 0.00499852801234917238, 0.00237847173959480950, 0.00162824170038242295
    },
    vz = {
      0.0, -0.0000690460016972063023, 0.0000230417297573763929, -0.0000296589568540237556,
      -0.0000951592254519715870
    },
    mass = {
      1.0, 0.000954791938424326609, 0.000285885980666130812, 0.0000436624404335156298,
      0.0000515138902046611451
    }
  }
  local vx, vy, vz, mass = bodies.vx, bodies.vy, bodies.vz, bodies.mass
  local px, py, pz = 0.0, 0.0, 0.0
  for i = 1, n do
    vx[i] = vx[i] * days_per_year
    vy[i] = vy[i] * days_per_year
    vz[i] = vz[i] * days_per_year
    mass[i] = mass[i] * solar_mass
    px = px + vx[i] * mass[i]
    py = py + vy[i] * mass[i]
    pz = pz + vz[i] * mass[i]
  end
  -- The sun moves so that the whole system stays where it is.
  vx[1] = 0.0 - px / solar_mass
  vy[1] = 0.0 - py / solar_mass
  vz[1] = 0.0 - pz / solar_mass
  return bodies
end

local function advance(bodies, dt)
  local x, y, z = bodies.x, bodies.y, bodies.z
  local vx, vy, vz, mass = bodies.vx, bodies.vy, bodies.vz, bodies.mass
  for i = 1, n do
    for j = i + 1, n do
      local dx = x[i] - x[j]
      local dy = y[i] - y[j]
      local dz = z[i] - z[j]
      local square = dx * dx + dy * dy + dz * dz
      local mag = dt / (square * sqrt(square))
      local mi, mj = mass[i], mass[j]
      vx[i] = vx[i] - dx * mj * mag
      vy[i] = vy[i] - dy * mj * mag
      vz[i] = vz[i] - dz * mj * mag
      vx[j] = vx[j] + dx * mi * mag
      vy[j] = vy[j] + dy * mi * mag
      vz[j] = vz[j] + dz * mi * mag
    end
  end
  for i = 1, n do
    x[i] = x[i] + dt * vx[i]
    y[i] = y[i] + dt * vy[i]
    z[i] = z[i] + dt * vz[i]
  end
end

local function energy(bodies)
  local x, y, z = bodies.x, bodies.y, bodies.z
  local vx, vy, vz, mass = bodies.vx, bodies.vy, bodies.vz, bodies.mass
  local e = 0.0
  for i = 1, n do
    e = e + 0.5 * mass[i] * (vx[i] * vx[i] + vy[i] * vy[i] + vz[i] * vz[i])
    for j = i + 1, n do
      local dx = x[i] - x[j]
      local dy = y[i] - y[j]
      local dz = z[i] - z[j]
      e = e - mass[i] * mass[j] / sqrt(dx * dx + dy * dy + dz * dz)
    end
  end
  return e
end

local expected = { [1000] = -0.1690876052346246, [100000] = -0.16907985939168202 }

harness.run(arg, 100000, function(steps)
  local bodies = new_bodies()
  local before = energy(bodies)
  for _ = 1, steps do advance(bodies, 0.01) end
  local after = energy(bodies)
  if expected[steps] then return after == expected[steps] end
  return math.abs(after - before) < 0.0001
end)
