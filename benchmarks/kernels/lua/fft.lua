-- fft.lua: a fast Fourier transform and back; see ../rima/fft.rima.
--
-- Complex numbers stand as pairs in tables: real part, imaginary part.
package.path = (arg[0]:match("^.*/") or "./") .. "../../classic/lua/?.lua;" .. package.path
local harness = require("harness")
local som = require("som")
local Random, div = som.Random, som.div

local n = 1024

-- The first half of the nth roots of one: the quarter turn, its half and so on, and their products.
local function find_roots()
  local roots = {}
  for i = 1, n do roots[i] = 0.0 end
  roots[1] = 1.0
  local re, im = 0.0, 1.0
  local step = div(n, 4)
  while step > 0 do
    for i = 0, div(n, 2) - 1, 2 * step do
      local root_re, root_im = roots[2 * i + 1], roots[2 * i + 2]
      roots[2 * (i + step) + 1] = root_re * re - root_im * im
      roots[2 * (i + step) + 2] = root_re * im + root_im * re
    end
    local cosine = math.sqrt((1.0 + re) / 2.0)
    im = im / (2.0 * cosine)
    re = cosine
    step = div(step, 2)
  end
  return roots
end

local function reverse_bits(data)
  local j = 0
  for i = 0, n - 2 do
    if i < j then
      local a, b = 2 * i + 1, 2 * j + 1
      data[a], data[b] = data[b], data[a]
      data[a + 1], data[b + 1] = data[b + 1], data[a + 1]
    end
    local bit = div(n, 2)
    while bit <= j do
      j = j - bit
      bit = div(bit, 2)
    end
    j = j + bit
  end
end

-- `sign` is 1 for the transform and -1 for its inverse (times n).
local function transform(data, roots, sign)
  reverse_bits(data)
  local span = 1
  while span < n do
    local stride = div(n, 2 * span)
    for start = 0, n - 1, 2 * span do
      for k = 0, span - 1 do
        local root_re = roots[2 * k * stride + 1]
        local root_im = roots[2 * k * stride + 2] * sign
        local even = 2 * (start + k) + 1
        local odd = even + 2 * span
        local re = root_re * data[odd] - root_im * data[odd + 1]
        local im = root_re * data[odd + 1] + root_im * data[odd]
        data[odd] = data[even] - re
        data[odd + 1] = data[even + 1] - im
        data[even] = data[even] + re
        data[even + 1] = data[even + 1] + im
      end
    end
    span = span * 2
  end
end

local function energy(data)
  local sum = 0.0
  for i = 1, 2 * n, 2 do sum = sum + (data[i] * data[i] + data[i + 1] * data[i + 1]) end
  return sum
end

-- The largest difference between the data divided by n and the original.
local function largest_error(data, original)
  local largest = 0.0
  for i = 1, 2 * n do largest = math.max(largest, math.abs(data[i] / n - original[i])) end
  return largest
end

harness.run(arg, 100, function(repeats)
  local random = Random.new()
  local roots = find_roots()
  local original, data = {}, {}
  for i = 1, 2 * n do original[i] = random:next() / 65536.0 end
  for _ = 1, repeats do
    for i = 1, 2 * n do data[i] = original[i] end
    transform(data, roots, 1.0)
    if energy(data) ~= 728267.57202148577 then return false end
    transform(data, roots, -1.0)
    if largest_error(data, original) > 1e-14 then return false end
  end
  return true
end)
