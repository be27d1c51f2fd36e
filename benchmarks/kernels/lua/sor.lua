-- sor.lua: successive over-relaxation on a grid; see ../rima/sor.rima.
package.path = (arg[0]:match("^.*/") or "./") .. "../../classic/lua/?.lua;" .. package.path
local harness = require("harness")
local Random = require("som").Random

local n = 100
local sweeps = 10

local function relax(grid, omega)
  local quarter = omega * 0.25
  local rest = 1.0 - omega
  for i = 2, n - 1 do
    local above, row, below = grid[i - 1], grid[i], grid[i + 1]
    for j = 2, n - 1 do
      row[j] = quarter * (above[j] + below[j] + row[j - 1] + row[j + 1]) + rest * row[j]
    end
  end
end

local function relaxed_sum()
  local random = Random.new()
  local grid = {}
  for i = 1, n do
    local row = {}
    for j = 1, n do row[j] = random:next() / 65536.0 end
    grid[i] = row
  end
  for _ = 1, sweeps do relax(grid, 1.25) end
  local sum = 0.0
  for i = 1, n do
    local row = grid[i]
    for j = 1, n do sum = sum + row[j] end
  end
  return sum
end

harness.run(arg, 20, function(repeats)
  for _ = 1, repeats do
    if relaxed_sum() ~= 5036.9435570464284 then return false end
  end
  return true
end)
