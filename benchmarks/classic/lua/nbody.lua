-- nbody.lua: the sun and four planets; see ../rima/nbody.rima.
package.path = (arg[0]:match("^.*/") or "./") .. "?.lua;" .. package.path
local harness = require("harness")
local som = require("som")
local sqrt = math.sqrt

local solar_mass = 4.0 * 3.141592653589793 * 3.141592653589793
local days_per_year = 365.24

local function planet(x, y, z, vx, vy, vz, mass)
  return {
    x = x, y = y, z = z,
    vx = vx * days_per_year, vy = vy * days_per_year, vz = vz * days_per_year,
    mass = mass * solar_mass
  }
end

local SolarSystem = som.class()

function SolarSystem.new()
  local bodies = {
    planet(0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 1.0),
    planet(4.84143144246472090, -1.16032004402742839, -0.103622044471123109,
           0.00166007664274403694, 0.00769901118419740425, -0.0000690460016972063023, 0.000954791938424326609),
    planet(8.34336671824457987, 4.12479856412430479, -0.403523417114321381,
           -0.00276742510726411880, 0.00499852801234917238, 0.0000230417297573763929, 0.000285885980666130812),
    planet(12.8943695621391310, -15.1111514016986312, -0.223307578892655734,
           0.00296460137564761618, 0.00237847173959480950, -0.0000296589568540237556, 0.0000436624404335156298),
    planet(15.3796971148509165, -25.9193146099879641, 0.179258772950371181,
           0.00268067772490389322, 0.00162824170038242295, -0.0000951592254519715870, 0.0000515138902046611451)
  }
  local px, py, pz = 0.0, 0.0, 0.0
  for i = 1, #bodies do
    local body = bodies[i]
    px = px + body.vx * body.mass
    py = py + body.vy * body.mass
    pz = pz + body.vz * body.mass
  end
  local sun = bodies[1]
  sun.vx = 0.0 - px / solar_mass
  sun.vy = 0.0 - py / solar_mass
  sun.vz = 0.0 - pz / solar_mass
  return setmetatable({ bodies = bodies }, SolarSystem)
end

function SolarSystem:advance(dt)
  local bodies = self.bodies
  local n = #bodies
  for i = 1, n do
    local a = bodies[i]
    for j = i + 1, n do
      local b = bodies[j]
      local dx = a.x - b.x
      local dy = a.y - b.y
      local dz = a.z - b.z
      local square = dx * dx + dy * dy + dz * dz
      local mag = dt / (square * sqrt(square))
      a.vx = a.vx - dx * b.mass * mag
      a.vy = a.vy - dy * b.mass * mag
      a.vz = a.vz - dz * b.mass * mag
      b.vx = b.vx + dx * a.mass * mag
      b.vy = b.vy + dy * a.mass * mag
      b.vz = b.vz + dz * a.mass * mag
    end
  end
  for i = 1, n do
    local body = bodies[i]
    body.x = body.x + dt * body.vx
    body.y = body.y + dt * body.vy
    body.z = body.z + dt * body.vz
  end
end

function SolarSystem:energy()
  local e = 0.0
  local bodies = self.bodies
  local n = #bodies
  for i = 1, n do
    local a = bodies[i]
    e = e + 0.5 * a.mass * (a.vx * a.vx + a.vy * a.vy + a.vz * a.vz)
    for j = i + 1, n do
      local b = bodies[j]
      local dx = a.x - b.x
      local dy = a.y - b.y
      local dz = a.z - b.z
      e = e - a.mass * b.mass / sqrt(dx * dx + dy * dy + dz * dz)
    end
  end
  return e
end

-- The energy after some numbers of steps; 1000 steps are known elsewhere to give -0.169087605.
local expected = { [1] = -0.16907495402508618, [1000] = -0.1690876052346246, [5000] = -0.16902000037199369 }

harness.run(arg, 5000, function(steps)
  local system = SolarSystem.new()
  local before = system:energy()
  for _ = 1, steps do system:advance(0.01) end
  local after = system:energy()
  if expected[steps] then return after == expected[steps] end
  local change = after - before
  return change < 0.0001 and change > -0.0001
end)
