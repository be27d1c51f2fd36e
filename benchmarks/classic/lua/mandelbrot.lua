-- mandelbrot.lua: the Mandelbrot set folded into a byte; see ../rima/mandelbrot.rima.
package.path = (arg[0]:match("^.*/") or "./") .. "?.lua;" .. package.path
local harness = require("harness")
local bxor = require("som").bxor

local function mandelbrot(size)
  local folded = 0
  local bits = 0
  local bit_count = 0
  for y = 0, size - 1 do
    local ci = 2.0 * y / size - 1.0
    for x = 0, size - 1 do
      local cr = 2.0 * x / size - 1.5
      local zrzr = 0.0
      local zi = 0.0
      local zizi = 0.0
      local step = 0
      local escaped = 0
      while escaped == 0 and step < 50 do
        local zr = zrzr - zizi + cr
        zi = 2.0 * zr * zi + ci
        zrzr = zr * zr
        zizi = zi * zi
        if zrzr + zizi > 4.0 then escaped = 1 end
        step = step + 1
      end
      bits = bits * 2 + escaped
      bit_count = bit_count + 1
      if bit_count == 8 or x == size - 1 then
        folded = bxor(folded, bits * 2 ^ (8 - bit_count))
        bits = 0
        bit_count = 0
      end
    end
  end
  return folded
end

local expected = { [1] = 128, [50] = 15, [100] = 239, [150] = 240, [200] = 2, [500] = 191, [750] = 50 }

harness.run(arg, 100, function(size) return mandelbrot(size) == expected[size] end)
