-- sparse.lua: a sparse matrix times a vector, again and again; see ../rima/sparse.rima.
package.path = (arg[0]:match("^.*/") or "./") .. "../../classic/lua/?.lua;" .. package.path
local harness = require("harness")
local Random = require("som").Random

local n = 1000
local by_row = 5
local steps = 20
local weights = { 0.5, 0.25, 0.125, 0.0625, 0.0625 } -- of a row; they add up to one

-- The entries of row i are those from starts[i] to starts[i + 1] - 1.
local function new_matrix(random)
  local starts, columns, values = { 1 }, {}, {}
  for i = 1, n do
    for k = 1, by_row do
      columns[(i - 1) * by_row + k] = random:next() % n + 1
      values[(i - 1) * by_row + k] = weights[k]
    end
    starts[i + 1] = i * by_row + 1
  end
  return { starts = starts, columns = columns, values = values }
end

local function multiply(matrix, x, product)
  local starts, columns, values = matrix.starts, matrix.columns, matrix.values
  for i = 1, n do
    local sum = 0.0
    for k = starts[i], starts[i + 1] - 1 do sum = sum + values[k] * x[columns[k]] end
    product[i] = sum
  end
end

local function smoothed_sum(matrix, start)
  local x, product = {}, {}
  for i = 1, n do x[i], product[i] = start[i], 0.0 end
  for _ = 1, steps do
    multiply(matrix, x, product)
    x, product = product, x
  end
  local sum = 0.0
  for i = 1, n do sum = sum + x[i] end
  return sum
end

harness.run(arg, 50, function(repeats)
  local random = Random.new()
  local matrix = new_matrix(random)
  local start = {}
  for i = 1, n do start[i] = random:next() / 65536.0 end
  for _ = 1, repeats do
    if smoothed_sum(matrix, start) ~= 481.63484941876874 then return false end
  end
  return true
end)
