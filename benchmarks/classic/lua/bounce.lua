-- bounce.lua: a hundred balls in a box; see ../rima/bounce.rima.
package.path = (arg[0]:match("^.*/") or "./") .. "?.lua;" .. package.path
local harness = require("harness")
local som = require("som")

local box_size = 500

local function magnitude(n) return n < 0 and -n or n end

local Ball = som.class()

function Ball.new(random)
  local x = random:next() % 500
  local y = random:next() % 500
  local x_speed = random:next() % 300 - 150
  local y_speed = random:next() % 300 - 150
  return setmetatable({ x = x, y = y, x_speed = x_speed, y_speed = y_speed }, Ball)
end

function Ball:move()
  local has_bounced = false
  self.x = self.x + self.x_speed
  self.y = self.y + self.y_speed
  if self.x > box_size then
    self.x = box_size
    self.x_speed = -magnitude(self.x_speed)
    has_bounced = true
  end
  if self.x < 0 then
    self.x = 0
    self.x_speed = magnitude(self.x_speed)
    has_bounced = true
  end
  if self.y > box_size then
    self.y = box_size
    self.y_speed = -magnitude(self.y_speed)
    has_bounced = true
  end
  if self.y < 0 then
    self.y = 0
    self.y_speed = magnitude(self.y_speed)
    has_bounced = true
  end
  return has_bounced
end

local function count_bounces()
  local random = som.Random.new()
  local balls = {}
  for i = 1, 100 do balls[i] = Ball.new(random) end
  local bounces = 0
  for _ = 1, 50 do
    for i = 1, 100 do
      if balls[i]:move() then bounces = bounces + 1 end
    end
  end
  return bounces
end

harness.run(arg, 50, function(repeats)
  for _ = 1, repeats do
    if count_bounces() ~= 1331 then return false end
  end
  return true
end)
