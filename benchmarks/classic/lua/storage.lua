-- storage.lua: a tree of arrays; see ../rima/storage.rima.
package.path = (arg[0]:match("^.*/") or "./") .. "?.lua;" .. package.path
local harness = require("harness")
local som = require("som")

local TreeBuilder = som.class()

function TreeBuilder.new() return setmetatable({ count = 0, random = som.Random.new() }, TreeBuilder) end

function TreeBuilder:build(depth)
  self.count = self.count + 1
  if depth == 1 then return self:leaf(self.random:next() % 10 + 1) end
  local node = {}
  for i = 1, 4 do node[i] = self:build(depth - 1) end
  return node
end

function TreeBuilder:leaf(length)
  local items = {}
  for i = 1, length do items[i] = i end
  return items
end

harness.run(arg, 30, function(repeats)
  for _ = 1, repeats do
    local builder = TreeBuilder.new()
    builder:build(7)
    if builder.count ~= 5461 then return false end
  end
  return true
end)
