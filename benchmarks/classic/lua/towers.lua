-- towers.lua: the towers of Hanoi; see ../rima/towers.rima.
package.path = (arg[0]:match("^.*/") or "./") .. "?.lua;" .. package.path
local harness = require("harness")
local som = require("som")

local Towers = som.class()

function Towers.new() return setmetatable({ moves = 0, piles = { false, false, false } }, Towers) end

function Towers:solve(disks)
  for size = disks, 1, -1 do self:push({ size = size, below = false }, 1) end
  self:move(disks, 1, 2)
end

function Towers:push(disk, pile)
  local top = self.piles[pile]
  if top and disk.size >= top.size then error("a larger disk cannot lie on a smaller one") end
  disk.below = top
  self.piles[pile] = disk
end

function Towers:pop(pile)
  local top = self.piles[pile]
  if not top then error("no disk lies here") end
  self.piles[pile] = top.below
  top.below = false
  return top
end

function Towers:move_top(source, target)
  self:push(self:pop(source), target)
  self.moves = self.moves + 1
end

function Towers:move(disks, source, target)
  if disks == 1 then
    self:move_top(source, target)
    return
  end
  local spare = 6 - source - target
  self:move(disks - 1, source, spare)
  self:move_top(source, target)
  self:move(disks - 1, spare, target)
end

harness.run(arg, 20, function(repeats)
  for _ = 1, repeats do
    local puzzle = Towers.new()
    puzzle:solve(13)
    if puzzle.moves ~= 8191 then return false end
  end
  return true
end)
