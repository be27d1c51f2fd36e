-- permute.lua: all permutations of six elements; see ../rima/permute.rima.
package.path = (arg[0]:match("^.*/") or "./") .. "?.lua;" .. package.path
local harness = require("harness")
local som = require("som")

local Permuter = som.class()

function Permuter.new()
  local elements = {}
  for i = 1, 6 do elements[i] = i end
  return setmetatable({ count = 0, elements = elements }, Permuter)
end

function Permuter:permute(n)
  self.count = self.count + 1
  if n == 0 then return end
  local last = n - 1
  self:permute(last)
  for i = last, 0, -1 do
    self:swap(last + 1, i + 1)
    self:permute(last)
    self:swap(last + 1, i + 1)
  end
end

function Permuter:swap(i, j)
  local elements = self.elements
  local held = elements[i]
  elements[i] = elements[j]
  elements[j] = held
end

harness.run(arg, 30, function(repeats)
  for _ = 1, repeats do
    local permuter = Permuter.new()
    permuter:permute(6)
    if permuter.count ~= 8660 then return false end
  end
  return true
end)
