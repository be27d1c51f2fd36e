-- queens.lua: eight queens; see ../rima/queens.rima.
package.path = (arg[0]:match("^.*/") or "./") .. "?.lua;" .. package.path
local harness = require("harness")
local som = require("som")

local function all_free(length)
  local flags = {}
  for i = 1, length do flags[i] = true end
  return flags
end

local Board = som.class()

function Board.new()
  return setmetatable({
    rows = all_free(8), rising = all_free(16), falling = all_free(16), columns = { 0, 0, 0, 0, 0, 0, 0, 0 }
  }, Board)
end

function Board:place(column)
  for row = 1, 8 do
    if self:is_free(row, column) then
      self.columns[row] = column
      self:mark(row, column, false)
      if column == 8 or self:place(column + 1) then return true end
      self:mark(row, column, true)
    end
  end
  return false
end

function Board:is_free(row, column)
  return self.rows[row] and self.rising[column + row - 1] and self.falling[column - row + 8]
end

function Board:mark(row, column, is_free)
  self.rows[row] = is_free
  self.rising[column + row - 1] = is_free
  self.falling[column - row + 8] = is_free
end

harness.run(arg, 200, function(repeats)
  for _ = 1, repeats do
    if not Board.new():place(1) then return false end
  end
  return true
end)
