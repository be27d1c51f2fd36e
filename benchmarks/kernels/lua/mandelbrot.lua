-- mandelbrot.lua: escape times over the Mandelbrot set; see ../rima/mandelbrot.rima.
package.path = (arg[0]:match("^.*/") or "./") .. "../../classic/lua/?.lua;" .. package.path
local harness = require("harness")

local limit = 1000

-- The steps until the point leaves, at most `limit`.
local function escape_time(cr, ci)
  local zr, zi = 0.0, 0.0
  local steps = 0
  while steps < limit do
    local zrzr, zizi = zr * zr, zi * zi
    if zrzr + zizi > 4.0 then break end
    zi = 2.0 * zr * zi + ci
    zr = zrzr - zizi + cr
    steps = steps + 1
  end
  return steps
end

local expected = { [10] = 30349, [150] = 5595328, [400] = 39684084 }

harness.run(arg, 150, function(size)
  local total, inside = 0, 0
  for y = 0, size - 1 do
    local ci = 2.5 * y / size - 1.25
    for x = 0, size - 1 do
      local steps = escape_time(2.5 * x / size - 2.0, ci)
      total = total + steps
      if steps == limit then inside = inside + 1 end
    end
  end
  if expected[size] then return total == expected[size] end
  return math.abs(6.25 * inside / size / size - 1.5066) < 5.0 / size
end)
