-- phases.lua: changes its mind about classes and closures; see ../rima/phases.rima.
package.path = (arg[0]:match("^.*/") or "./") .. "../../classic/lua/?.lua;" .. package.path
local harness = require("harness")
local som = require("som")
local class, div = som.class, som.div

local range = 65536

local Add = class()
function Add.new(k) return setmetatable({ amount = k }, Add) end
function Add:apply(x) return (x + self.amount) % range end

local Scale = class()
function Scale.new(k) return setmetatable({ factor = 2 * k + 1 }, Scale) end
function Scale:apply(x) return x * self.factor % range end

local Clamp = class()
function Clamp.new(k) return setmetatable({ low = k, high = range - k }, Clamp) end
function Clamp:apply(x) return x < self.low and self.low or x > self.high and self.high or x end

local Mirror = class()
function Mirror.new(k) return setmetatable({ finish = range - k }, Mirror) end
function Mirror:apply(x) return x > self.finish and x or self.finish - x end

local Fold = class()
function Fold.new(k) return setmetatable({ size = div(range, 2) + k }, Fold) end
function Fold:apply(x) return x >= self.size and x - self.size or x end

local Divide = class()
function Divide.new(k) return setmetatable({ divisor = 1 + k % 3 }, Divide) end
function Divide:apply(x) return div(x, self.divisor) end

local Swap = class()
function Swap.new() return setmetatable({ size = 256 }, Swap) end
function Swap:apply(x) return (x % self.size * div(range, self.size) + div(x, self.size)) % range end

local Lookup = class()
function Lookup.new(k)
  local squares = {}
  for i = 1, 16 + k do squares[i] = (i - 1) * (i - 1) % range end
  return setmetatable({ squares = squares }, Lookup)
end
function Lookup:apply(x) return self.squares[x % #self.squares + 1] end

local classes = { Add, Scale, Clamp, Mirror, Fold, Divide, Swap, Lookup }
local kinds = #classes

local test_makers = {
  function(k) return function(x) return x > 50 * k end end,
  function(k) return function(x) return x % (k % 7 + 2) == 0 end end,
  function(k) return function(x) return x < range - 100 * k end end,
  function() return function(x) return div(x, 256) > x % 256 end end,
  function(k) return function(x) return x % 10 + div(x, 10) % 10 > k % 18 end end,
  function(k) return function(x) return (x + k) % 3 ~= 0 end end,
  function(k) return function(x) return x ~= k end end,
  function(k) return function(x) return x * k % 1024 < 512 end end,
}

local function run_steps(steps, count)
  local sum = 0
  for i = 0, count - 1 do
    local x = i
    for j = 1, #steps do x = steps[j]:apply(x) end
    sum = (sum * 31 + x) % 1000003
  end
  return sum
end

local function count_if(count, test)
  local found = 0
  for i = 0, count - 1 do
    if test(i * 37 % range) then found = found + 1 end
  end
  return found
end

--- One round of steps and tests of `variety` kinds from `kind` on.
local function round(kind, variety)
  local steps = {}
  for i = 0, 7 do steps[i + 1] = classes[(kind + i % variety) % kinds + 1].new(5 * i + 3) end
  local sum = run_steps(steps, 1000)
  for i = 0, 3 do
    local test = test_makers[(kind + i % variety) % kinds + 1](7 * i + 5)
    sum = (sum * 31 + count_if(1000, test)) % 1000003
  end
  return sum
end

local function variety_of(phase)
  if phase < kinds or phase == 18 then return 1 end
  if phase < 16 then return 2 end
  return phase == 16 and 4 or kinds
end

harness.run(arg, 3, function(rounds)
  local sum = 0
  for phase = 0, 18 do
    local kind, variety = phase < 16 and phase % kinds or 0, variety_of(phase)
    local first = round(kind, variety)
    for _ = 2, rounds do
      if round(kind, variety) ~= first then return false end
    end
    sum = (sum * 31 + first) % 1000003
  end
  return sum == 113807
end)
