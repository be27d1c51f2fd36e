-- spectralnorm.lua: the largest singular value of an infinite matrix; see ../rima/spectralnorm.rima.
package.path = (arg[0]:match("^.*/") or "./") .. "../../classic/lua/?.lua;" .. package.path
local harness = require("harness")

local function a(i, j)
  local diagonal = i + j
  return 1.0 / (diagonal * (diagonal + 1) / 2 + i + 1)
end

local function multiply(n, v, product)
  for i = 0, n - 1 do
    local sum = 0.0
    for j = 0, n - 1 do sum = sum + a(i, j) * v[j + 1] end
    product[i + 1] = sum
  end
end

local function multiply_transposed(n, v, product)
  for i = 0, n - 1 do
    local sum = 0.0
    for j = 0, n - 1 do sum = sum + a(j, i) * v[j + 1] end
    product[i + 1] = sum
  end
end

local function spectral_norm(n)
  local u, v, between = {}, {}, {}
  for i = 1, n do u[i], v[i], between[i] = 1.0, 0.0, 0.0 end
  for _ = 1, 10 do
    multiply(n, u, between)
    multiply_transposed(n, between, v)
    multiply(n, v, between)
    multiply_transposed(n, between, u)
  end
  local uv, vv = 0.0, 0.0
  for i = 1, n do
    uv = uv + u[i] * v[i]
    vv = vv + v[i] * v[i]
  end
  return math.sqrt(uv / vv)
end

local expected = { [100] = 1.2742199912349306, [300] = 1.2742239856297708 }

harness.run(arg, 300, function(n)
  local norm = spectral_norm(n)
  if expected[n] then return norm == expected[n] end
  return math.abs(norm - 1.274224153) < 1.0 / n
end)
