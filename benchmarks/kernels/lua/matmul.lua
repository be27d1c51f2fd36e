-- matmul.lua: the product of two square matrices; see ../rima/matmul.rima.
package.path = (arg[0]:match("^.*/") or "./") .. "../../classic/lua/?.lua;" .. package.path
local harness = require("harness")
local Random = require("som").Random

-- Quarters below 16: all sums and products of the program are exact.
local function random_quarters(random, count)
  local values = {}
  for i = 1, count do
    local r = random:next()
    values[i] = (r - r % 1024) / 4096.0
  end
  return values
end

local function multiply(a, b, n)
  local c = {}
  for i = 1, n * n do c[i] = 0.0 end
  for i = 0, n - 1 do
    for k = 0, n - 1 do
      local factor = a[i * n + k + 1]
      for j = 1, n do c[i * n + j] = c[i * n + j] + factor * b[k * n + j] end
    end
  end
  return c
end

local function apply(a, v)
  local n = #v
  local product = {}
  for i = 1, n do
    local row = (i - 1) * n
    local sum = 0.0
    for j = 1, n do sum = sum + a[row + j] * v[j] end
    product[i] = sum
  end
  return product
end

-- Whether (a b) v = a (b v): Freivalds' check.
harness.run(arg, 200, function(n)
  local random = Random.new()
  local a = random_quarters(random, n * n)
  local b = random_quarters(random, n * n)
  local v = random_quarters(random, n)
  local left = apply(multiply(a, b, n), v)
  local right = apply(a, apply(b, v))
  for i = 1, n do
    if left[i] ~= right[i] then return false end
  end
  return true
end)
