-- list.lua: Takeuchi's function over linked lists; see ../rima/list.rima.
package.path = (arg[0]:match("^.*/") or "./") .. "?.lua;" .. package.path
local harness = require("harness")
local som = require("som")

local Element = som.class()

function Element.new(value, next) return setmetatable({ value = value, next = next }, Element) end

function Element:length()
  local rest = self.next
  return rest == nil and 1 or 1 + rest:length()
end

local function make_list(length)
  if length == 0 then return nil end
  return Element.new(length, make_list(length - 1))
end

local function is_shorter(left, right)
  local a, b = left, right
  while b do
    if not a then return true end
    a = a.next
    b = b.next
  end
  return false
end

local function tail(x, y, z)
  if is_shorter(y, x) then
    return tail(tail(x.next, y, z), tail(y.next, z, x), tail(z.next, x, y))
  end
  return z
end

harness.run(arg, 20, function(repeats)
  for _ = 1, repeats do
    local result = tail(make_list(15), make_list(10), make_list(6))
    if result == nil or result:length() ~= 10 then return false end
  end
  return true
end)
