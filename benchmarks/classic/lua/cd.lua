-- cd.lua: finds collisions in simulated air traffic; see ../rima/cd.rima.
package.path = (arg[0]:match("^.*/") or "./") .. "?.lua;" .. package.path
local harness = require("harness")
local som = require("som")
local class, Vector = som.class, som.Vector
local sqrt, sin, cos, floor, ceil = math.sqrt, math.sin, math.cos, math.floor, math.ceil

local low, high, ceiling = 0.0, 1000.0, 10.0
local radius = 1.0
local cell = 2.0

local CallSign = class()

function CallSign.new(value) return setmetatable({ value = value }, CallSign) end

local function order(a, b)
  if a < b then return -1 end
  if a > b then return 1 end
  return 0
end

function CallSign:order(other) return order(self.value, other.value) end

local Vector2 = class()

function Vector2.new(x, y) return setmetatable({ x = x, y = y }, Vector2) end
function Vector2:plus(other) return Vector2.new(self.x + other.x, self.y + other.y) end
function Vector2:minus(other) return Vector2.new(self.x - other.x, self.y - other.y) end
function Vector2:order(other)
  local by_x = order(self.x, other.x)
  if by_x ~= 0 then return by_x end
  return order(self.y, other.y)
end

local Vector3 = class()

function Vector3.new(x, y, z) return setmetatable({ x = x, y = y, z = z }, Vector3) end
function Vector3:plus(other) return Vector3.new(self.x + other.x, self.y + other.y, self.z + other.z) end
function Vector3:minus(other) return Vector3.new(self.x - other.x, self.y - other.y, self.z - other.z) end
function Vector3:dot(other) return self.x * other.x + self.y * other.y + self.z * other.z end
function Vector3:squared_length() return self:dot(self) end
function Vector3:length() return sqrt(self:dot(self)) end
function Vector3:scaled(factor) return Vector3.new(self.x * factor, self.y * factor, self.z * factor) end

local Tree = class()

function Tree.new() return setmetatable({ root = nil }, Tree) end

function Tree:get(key)
  local node = self.root
  while node do
    local order = key:order(node.key)
    if order == 0 then return node.value end
    if order < 0 then node = node.left else node = node.right end
  end
  return nil
end

function Tree:put(key, value)
  local parent = nil
  local node = self.root
  local order = 0
  while node do
    order = key:order(node.key)
    if order == 0 then
      local before = node.value
      node.value = value
      return before
    end
    parent = node
    if order < 0 then node = node.left else node = node.right end
  end
  local added = { key = key, value = value, parent = parent, left = nil, right = nil, is_red = true }
  if not parent then
    self.root = added
  elseif order < 0 then
    parent.left = added
  else
    parent.right = added
  end
  self:rebalance(added)
  return nil
end

function Tree:rebalance(added)
  local node = added
  while true do
    local parent = node.parent
    if not parent or not parent.is_red then break end
    local grandparent = parent.parent
    local is_left = parent == grandparent.left
    local uncle
    if is_left then uncle = grandparent.right else uncle = grandparent.left end
    if uncle and uncle.is_red then
      parent.is_red = false
      uncle.is_red = false
      grandparent.is_red = true
      node = grandparent
    elseif is_left then
      if node == parent.right then
        node = parent
        self:rotate_left(node)
      end
      node.parent.is_red = false
      grandparent.is_red = true
      self:rotate_right(grandparent)
    else
      if node == parent.left then
        node = parent
        self:rotate_right(node)
      end
      node.parent.is_red = false
      grandparent.is_red = true
      self:rotate_left(grandparent)
    end
  end
  self.root.is_red = false
end

function Tree:rotate_left(node)
  local child = node.right
  local inner = child.left
  node.right = inner
  if inner then inner.parent = node end
  self:replace(node, child)
  child.left = node
  node.parent = child
end

function Tree:rotate_right(node)
  local child = node.left
  local inner = child.right
  node.left = inner
  if inner then inner.parent = node end
  self:replace(node, child)
  child.right = node
  node.parent = child
end

function Tree:replace(node, child)
  local parent = node.parent
  child.parent = parent
  if not parent then
    self.root = child
  elseif parent.left == node then
    parent.left = child
  else
    parent.right = child
  end
end

local function leftmost(node)
  local here = node
  local left = here.left
  while left do
    here = left
    left = here.left
  end
  return here
end

function Tree:first()
  local top = self.root
  return top and leftmost(top)
end

function Tree:next(node)
  local right = node.right
  if right then return leftmost(right) end
  local below = node
  local up = node.parent
  while up and below == up.right do
    below = up
    up = up.parent
  end
  return up
end

local function is_inside(p)
  return p.x >= low and p.x <= high and p.y >= low and p.y <= high and p.z >= low and p.z <= ceiling
end

local function touches_unit(start, finish)
  return start <= 1.0 and 1.0 <= finish or start <= 0.0 and 0.0 <= finish or 0.0 <= start and finish <= 1.0
end

local Motion = class()

function Motion.new(call_sign, start, finish)
  return setmetatable({ call_sign = call_sign, start = start, finish = finish }, Motion)
end

function Motion:intersection(other)
  local start = self.start
  local move1 = self.finish:minus(start)
  local move2 = other.finish:minus(other.start)
  local a = move2:minus(move1):squared_length()
  if a == 0.0 then
    local distance = other.start:minus(start):length()
    if distance <= radius then return start:plus(other.start):scaled(0.5) end
    return nil
  end
  local b = 2.0 * start:minus(other.start):dot(move1:minus(move2))
  local c = other.start:minus(start):squared_length() - radius * radius
  local discriminant = b * b - 4.0 * a * c
  if discriminant < 0.0 then return nil end
  local root = sqrt(discriminant)
  local t1 = (-b - root) / (2.0 * a)
  local t2 = (-b + root) / (2.0 * a)
  if t1 > t2 or not touches_unit(t1, t2) then return nil end
  local t = t1 <= 0.0 and 0.0 or t1
  local place = start:plus(move1:scaled(t)):plus(other.start:plus(move2:scaled(t))):scaled(0.5)
  if is_inside(place) then return place end
  return nil
end

local across = Vector2.new(cell, 0.0)
local upward = Vector2.new(0.0, cell)

local Detector = class()

function Detector.new() return setmetatable({ positions = Tree.new() }, Detector) end

function Detector:detect(frame)
  local groups = self:near_motions(self:motions_of(frame))
  local collisions = Vector.new()
  for g = 1, groups:size() do
    local group = groups:at(g)
    for i = 1, group:size() do
      local one = group:at(i)
      for j = i + 1, group:size() do
        local other = group:at(j)
        local place = one:intersection(other)
        if place then
          collisions:append({ first = one.call_sign, second = other.call_sign, position = place })
        end
      end
    end
  end
  return collisions
end

function Detector:motions_of(frame)
  local motions = Vector.new()
  local seen = Tree.new()
  for i = 1, frame:size() do
    local aircraft = frame:at(i)
    local now = aircraft.position
    local before = self.positions:put(aircraft.call_sign, now)
    seen:put(aircraft.call_sign, now)
    motions:append(Motion.new(aircraft.call_sign, before or now, now))
  end
  self:forget_unseen(seen)
  return motions
end

function Detector:forget_unseen(seen)
  local node = self.positions:first()
  while node do
    if not seen:get(node.key) then
      self.positions = seen
      return
    end
    node = self.positions:next(node)
  end
end

function Detector:near_motions(motions)
  local map = Tree.new()
  for i = 1, motions:size() do
    local motion = motions:at(i)
    self:spread(map, Tree.new(), self:square_of(motion.start), motion)
  end
  local groups = Vector.new()
  local node = map:first()
  while node do
    if node.value:size() > 1 then groups:append(node.value) end
    node = map:next(node)
  end
  return groups
end

local function truncate(x) return x < 0.0 and ceil(x) or floor(x) end

function Detector:square_of(p)
  local x = cell * truncate(p.x / cell)
  local y = cell * truncate(p.y / cell)
  if p.x < 0.0 then x = x - cell end
  if p.y < 0.0 then y = y - cell end
  return Vector2.new(x, y)
end

function Detector:spread(map, seen, square, motion)
  if not self:touches(square, motion) then return end
  if seen:put(square, square) then return end
  local group = map:get(square)
  if not group then
    group = Vector.new()
    map:put(square, group)
  end
  group:append(motion)
  local left = square:minus(across)
  local right = square:plus(across)
  self:spread(map, seen, left, motion)
  self:spread(map, seen, right, motion)
  self:spread(map, seen, square:minus(upward), motion)
  self:spread(map, seen, square:plus(upward), motion)
  self:spread(map, seen, left:minus(upward), motion)
  self:spread(map, seen, left:plus(upward), motion)
  self:spread(map, seen, right:minus(upward), motion)
  self:spread(map, seen, right:plus(upward), motion)
end

local function overlaps(side, at, delta, margin)
  return delta == 0.0 and side <= at + margin and at - margin <= side + cell
end

function Detector:touches(square, motion)
  if square.x > high or square.x < low or square.y > high or square.y < low then return false end
  local x0, y0 = motion.start.x, motion.start.y
  local dx, dy = motion.finish.x - x0, motion.finish.y - y0
  local margin = radius / 2.0
  local x_in = (square.x - margin - x0) / dx
  local x_out = (square.x + cell + margin - x0) / dx
  if dx < 0.0 then x_in, x_out = x_out, x_in end
  local y_in = (square.y - margin - y0) / dy
  local y_out = (square.y + cell + margin - y0) / dy
  if dy < 0.0 then y_in, y_out = y_out, y_in end
  if not overlaps(square.x, x0, dx, margin) and not touches_unit(x_in, x_out) then return false end
  if not overlaps(square.y, y0, dy, margin) and not touches_unit(y_in, y_out) then return false end
  if dx == 0.0 or dy == 0.0 then return true end
  return y_in <= x_out and x_out <= y_out or y_in <= x_in and x_in <= y_out or x_in <= y_in and y_out <= x_out
end

local Simulator = class()

function Simulator.new(count)
  local signs = Vector.new()
  for i = 0, count - 1 do signs:append(CallSign.new(i)) end
  return setmetatable({ signs = signs }, Simulator)
end

function Simulator:frame(time)
  local frame = Vector.new()
  local signs = self.signs
  for i = 0, signs:size() - 1, 2 do
    local lane = i * 3.0
    frame:append({ call_sign = signs:at(i + 1), position = Vector3.new(time, cos(time) * 2.0 + lane, 10.0) })
    frame:append({ call_sign = signs:at(i + 2), position = Vector3.new(time, sin(time) * 2.0 + lane, 10.0) })
  end
  return frame
end

local function count_collisions(aircraft)
  local simulator = Simulator.new(aircraft)
  local detector = Detector.new()
  local count = 0
  for i = 0, 199 do count = count + detector:detect(simulator:frame(i / 10.0)):size() end
  return count
end

local expected = { [2] = 42, [10] = 390, [100] = 4305, [200] = 8655, [250] = 10830, [500] = 14484, [1000] = 14484 }

harness.run(arg, 10, function(size) return count_collisions(size) == expected[size] end)
