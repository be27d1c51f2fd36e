-- raytracer.lua: a picture of mirroring spheres over a floor; see ../rima/raytracer.rima.
package.path = (arg[0]:match("^.*/") or "./") .. "../../classic/lua/?.lua;" .. package.path
local harness = require("harness")
local class = require("som").class
local sqrt, floor, ceil = math.sqrt, math.floor, math.ceil

local Vector = class()

function Vector.new(x, y, z) return setmetatable({ x = x, y = y, z = z }, Vector) end
function Vector:plus(other) return Vector.new(self.x + other.x, self.y + other.y, self.z + other.z) end
function Vector:minus(other) return Vector.new(self.x - other.x, self.y - other.y, self.z - other.z) end
function Vector:scaled(factor) return Vector.new(self.x * factor, self.y * factor, self.z * factor) end
function Vector:dot(other) return self.x * other.x + self.y * other.y + self.z * other.z end
function Vector:unit() return self:scaled(1.0 / sqrt(self:dot(self))) end

local near = 0.000001
local most_bounces = 4
local sky = Vector.new(0.3, 0.5, 0.8)
local lamp = Vector.new(-4.0, 8.0, -6.0)
local eye = Vector.new(0.0, 1.5, -6.0)

local function truncate(x) return x < 0.0 and ceil(x) or floor(x) end

--- From an origin in the direction of a vector of length one.
local Ray = class()

function Ray.new(origin, direction) return setmetatable({ origin = origin, direction = direction }, Ray) end
function Ray:at(distance) return self.origin:plus(self.direction:scaled(distance)) end

local Sphere = class()

function Sphere.new(centre, radius, paint, mirroring)
  return setmetatable({ centre = centre, radius = radius, paint = paint, mirroring = mirroring }, Sphere)
end

--- How far away the ray meets this body; -1 if it does not.
function Sphere:distance(ray)
  local away = self.centre:minus(ray.origin)
  local along = away:dot(ray.direction)
  local square = along * along - away:dot(away) + self.radius * self.radius
  if square < 0.0 then return -1.0 end
  local half = sqrt(square)
  if along - half > near then return along - half end
  if along + half > near then return along + half end
  return -1.0
end

function Sphere:normal(point) return point:minus(self.centre):unit() end
function Sphere:colour(point) return self.paint end

--- A level floor of squares in two colours.
local Floor = class()

function Floor.new(height, light, dark, mirroring)
  return setmetatable({ height = height, light = light, dark = dark, mirroring = mirroring }, Floor)
end

function Floor:distance(ray)
  if ray.direction.y == 0.0 then return -1.0 end
  local distance = (self.height - ray.origin.y) / ray.direction.y
  return distance > near and distance or -1.0
end

function Floor:normal(point) return Vector.new(0.0, 1.0, 0.0) end

function Floor:colour(point)
  local square = truncate(point.x + 1000.0) + truncate(point.z + 1000.0)
  return square % 2 == 0 and self.light or self.dark
end

local Scene = class()

function Scene.new()
  return setmetatable({
    bodies = {
      Floor.new(0.0, Vector.new(0.9, 0.9, 0.9), Vector.new(0.1, 0.2, 0.1), 0.2),
      Sphere.new(Vector.new(0.0, 1.0, 0.0), 1.0, Vector.new(0.9, 0.2, 0.2), 0.4),
      Sphere.new(Vector.new(2.2, 0.8, 1.0), 0.8, Vector.new(0.2, 0.9, 0.3), 0.3),
      Sphere.new(Vector.new(-2.0, 1.2, 1.5), 1.2, Vector.new(0.3, 0.3, 0.9), 0.5),
      Sphere.new(Vector.new(0.6, 0.4, -1.8), 0.4, Vector.new(0.9, 0.8, 0.2), 0.1)
    }
  }, Scene)
end

function Scene:nearest(ray)
  local found = nil
  local bodies = self.bodies
  for i = 1, #bodies do
    local body = bodies[i]
    local distance = body:distance(ray)
    if distance > 0.0 and (not found or distance < found.distance) then
      found = { body = body, distance = distance }
    end
  end
  return found
end

--- What is seen along a ray.
function Scene:trace(ray, bounces)
  local hit = self:nearest(ray)
  if not hit then return sky end
  local body = hit.body
  local point = ray:at(hit.distance)
  local normal = body:normal(point)
  local own = body:colour(point):scaled(self:lighting(point, normal))
  if bounces == most_bounces then return own end
  local turned = ray.direction:minus(normal:scaled(2.0 * normal:dot(ray.direction)))
  local mirrored = self:trace(Ray.new(point, turned:unit()), bounces + 1)
  return own:scaled(1.0 - body.mirroring):plus(mirrored:scaled(body.mirroring))
end

function Scene:lighting(point, normal)
  local to_lamp = lamp:minus(point)
  local direction = to_lamp:unit()
  local slant = normal:dot(direction)
  if slant <= 0.0 then return 0.1 end
  local shade = self:nearest(Ray.new(point, direction))
  local is_shaded = shade and shade.distance * shade.distance < to_lamp:dot(to_lamp)
  return is_shaded and 0.1 or 0.1 + 0.9 * slant
end

local function levels(colour)
  return truncate(colour.x * 255.0) + truncate(colour.y * 255.0) + truncate(colour.z * 255.0)
end

local function render(size)
  local scene = Scene.new()
  local sum = 0
  for row = 0, size - 1 do
    local y = 1.0 - 2.0 * row / size
    for column = 0, size - 1 do
      local x = 2.0 * column / size - 1.0
      sum = sum + levels(scene:trace(Ray.new(eye, Vector.new(x, y, 2.0):unit()), 0))
    end
  end
  return sum
end

local expected = { [10] = 33478, [100] = 3314082, [400] = 52973379 }

harness.run(arg, 100, function(size)
  local sum = render(size)
  if expected[size] then return sum == expected[size] end
  return sum > 200 * size * size and sum < 500 * size * size
end)
