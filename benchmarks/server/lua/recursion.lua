-- recursion.lua: deep recursion; see ../rima/recursion.rima.
package.path = (arg[0]:match("^.*/") or "./") .. "../../classic/lua/?.lua;" .. package.path
local harness = require("harness")
local som = require("som")
local class = som.class

local function build(n)
  if n == 0 then return nil end
  return { head = n, tail = build(n - 1) }
end

local function mapped(list, f)
  if not list then return nil end
  return { head = f(list.head), tail = mapped(list.tail, f) }
end

local function appended(first, second)
  if not first then return second end
  return { head = first.head, tail = appended(first.tail, second) }
end

local function fold(list)
  if not list then return 7 end
  return (list.head + 31 * fold(list.tail)) % 1009
end

local pong

local function ping(n)
  if n == 0 then return 1 end
  return (3 * pong(n - 1) + n) % 1009
end

function pong(n)
  if n == 0 then return 2 end
  return (5 * ping(n - 1) + 1) % 1009
end

local function ackermann(m, n)
  if m == 0 then return n + 1 end
  if n == 0 then return ackermann(m - 1, 1) end
  return ackermann(m - 1, ackermann(m, n - 1))
end

local open, close = ("()"):byte(1, 2)

--- Reads parentheses with names and more parentheses within.
local Parser = class()

function Parser.new(text) return setmetatable({ text = text, deepest = 0, at = 1 }, Parser) end

--- How many names there are, each counted once for every pair around it, modulo 1009.
function Parser:group(depth)
  if depth > self.deepest then self.deepest = depth end
  local weight = 0
  while self.at <= #self.text do
    local byte = self.text:byte(self.at)
    self.at = self.at + 1
    if byte == close then break end
    weight = (weight + (byte == open and self:group(depth + 1) or depth)) % 1009
  end
  return weight * 3 % 1009
end

local function is_right(text)
  local first = mapped(build(2000), function(x) return x * 3 + 1 end)
  local list = appended(first, mapped(build(4000), function(x) return x % 17 end))
  local parser = Parser.new(text)
  local weight = parser:group(0)
  return fold(list) == 293 and ping(4000) == 427 and weight == 442 and parser.deepest == 2000
    and ackermann(2, 150) == 303
end

harness.run(arg, 10, function(repeats)
  local text = ("(a"):rep(2000) .. ("b)"):rep(2000)
  for _ = 1, repeats do
    if not is_right(text) then return false end
  end
  return true
end)
