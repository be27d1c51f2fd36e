-- megamorphic.lua: a machine whose instructions are objects of sixteen classes; see ../rima/megamorphic.rima.
package.path = (arg[0]:match("^.*/") or "./") .. "../../classic/lua/?.lua;" .. package.path
local harness = require("harness")
local som = require("som")
local class, div, Random = som.class, som.div, som.Random

local range = 65536

--- The memory is numbered from 0.
local function new_machine()
  local memory = {}
  for i = 0, 63 do memory[i] = 0 end
  return { a = 1, b = 2, spent = 0, memory = memory }
end

local Constant = class()
function Constant.new(k) return setmetatable({ value = k * 97 }, Constant) end
function Constant:execute(machine) machine.a = self.value end
function Constant:cost() return 1 end

local Load = class()
function Load.new(k) return setmetatable({ address = k % 64 }, Load) end
function Load:execute(machine) machine.a = machine.memory[self.address] end
function Load:cost() return 3 end

local Store = class()
function Store.new(k) return setmetatable({ address = k % 64 }, Store) end
function Store:execute(machine) machine.memory[self.address] = machine.a end
function Store:cost() return 3 end

local LoadAt = class()
function LoadAt.new() return setmetatable({}, LoadAt) end
function LoadAt:execute(machine) machine.a = machine.memory[machine.b % 64] end
function LoadAt:cost() return 4 end

local StoreAt = class()
function StoreAt.new() return setmetatable({}, StoreAt) end
function StoreAt:execute(machine) machine.memory[machine.b % 64] = machine.a end
function StoreAt:cost() return 4 end

local Exchange = class()
function Exchange.new() return setmetatable({}, Exchange) end
function Exchange:execute(machine) machine.a, machine.b = machine.b, machine.a end
function Exchange:cost() return 2 end

local Add = class()
function Add.new() return setmetatable({}, Add) end
function Add:execute(machine) machine.a = (machine.a + machine.b) % range end
function Add:cost() return 1 end

local Subtract = class()
function Subtract.new() return setmetatable({}, Subtract) end
function Subtract:execute(machine) machine.a = (machine.a + range - machine.b) % range end
function Subtract:cost() return 1 end

local Multiply = class()
function Multiply.new() return setmetatable({}, Multiply) end
function Multiply:execute(machine) machine.a = machine.a * machine.b % range end
function Multiply:cost() return 3 end

local Divide = class()
function Divide.new() return setmetatable({}, Divide) end
function Divide:execute(machine) machine.a = div(machine.a, machine.b % 16 + 1) end
function Divide:cost() return 20 end

local Increment = class()
function Increment.new(k) return setmetatable({ amount = k + 1 }, Increment) end
function Increment:execute(machine) machine.b = (machine.b + self.amount) % range end
function Increment:cost() return 1 end

local Larger = class()
function Larger.new() return setmetatable({}, Larger) end
function Larger:execute(machine)
  if machine.b > machine.a then machine.a = machine.b end
end
function Larger:cost() return 2 end

local Smaller = class()
function Smaller.new() return setmetatable({}, Smaller) end
function Smaller:execute(machine)
  if machine.b < machine.a then machine.a = machine.b end
end
function Smaller:cost() return 2 end

local Rotate = class()
function Rotate.new(k) return setmetatable({ power = k % 2 == 0 and 16 or 256 }, Rotate) end
function Rotate:execute(machine)
  local power = self.power
  machine.a = machine.a % power * div(range, power) + div(machine.a, power)
end
function Rotate:cost() return 2 end

local Choose = class()
function Choose.new(k) return setmetatable({ limit = k * 128, below = 3, above = 11 }, Choose) end
function Choose:execute(machine)
  machine.b = (machine.b + (machine.a < self.limit and self.below or self.above)) % range
end
function Choose:cost() return 3 end

local Sum = class()
function Sum.new(k) return setmetatable({ from = k % 60 }, Sum) end
function Sum:execute(machine)
  for i = self.from, self.from + 3 do machine.a = (machine.a + machine.memory[i]) % range end
end
function Sum:cost() return 12 end

local classes = {
  Constant, Load, Store, LoadAt, StoreAt, Exchange, Add, Subtract,
  Multiply, Divide, Increment, Larger, Smaller, Rotate, Choose, Sum,
}

local function make_program(length)
  local random = Random.new()
  local program = {}
  for i = 1, length do
    local made = classes[div(random:next(), 4096) + 1]
    program[i] = made.new(div(random:next(), 128))
  end
  return program
end

local function run_program(program, times)
  local machine = new_machine()
  for _ = 1, times do
    for j = 1, #program do
      local instruction = program[j]
      instruction:execute(machine)
      machine.spent = machine.spent + instruction:cost()
    end
  end
  return machine
end

local function is_right()
  local machine = run_program(make_program(500), 50)
  local sum = machine.a * 7 + machine.b
  for i = 0, 63 do sum = (sum * 31 + machine.memory[i]) % 1000003 end
  return sum == 605189 and machine.spent == 101450
end

harness.run(arg, 10, function(repeats)
  for _ = 1, repeats do
    if not is_right() then return false end
  end
  return true
end)
