-- interpreter.lua: a tree walker for a small language; see ../rima/interpreter.rima.
package.path = (arg[0]:match("^.*/") or "./") .. "../../classic/lua/?.lua;" .. package.path
local harness = require("harness")
local som = require("som")
local class, div = som.class, som.div

local source = [[
  (def fib (n) (if (< n 2) n (+ (fib (- n 1)) (fib (- n 2)))))
  (def gcd (a b) (do (while (< 0 b) (do (set rest (% a b)) (set a b) (set b rest))) a))
  (def coprimes (n) (do (set count 0) (set i 1)
    (while (< i n) (do (if (= (gcd i n) 1) (set count (+ count 1)) 0) (set i (+ i 1)))) count))
  (def collatz (n) (do (set steps 0)
    (while (< 1 n) (do (set n (if (= (% n 2) 0) (/ n 2) (+ (* 3 n) 1))) (set steps (+ steps 1)))) steps))
  (def longest (limit) (do (set most 0) (set i 1)
    (while (< i limit) (do (set steps (collatz i)) (if (< most steps) (set most steps) 0) (set i (+ i 1)))) most))
  (def main () (+ (* (fib 16) 1000000) (+ (* (coprimes 1000) 1000) (longest 1000))))
]]

-- Every node evaluates itself in a frame, the table of a call's local variables.

local Constant = class()
function Constant.new(value) return setmetatable({ value = value }, Constant) end
function Constant:eval(frame) return self.value end

local Get = class()
function Get.new(slot) return setmetatable({ slot = slot }, Get) end
function Get:eval(frame) return frame[self.slot] end

local Assign = class()
function Assign.new(slot, value) return setmetatable({ slot = slot, value = value }, Assign) end
function Assign:eval(frame)
  local result = self.value:eval(frame)
  frame[self.slot] = result
  return result
end

local If = class()
function If.new(parts)
  return setmetatable({ condition = parts[1], consequence = parts[2], otherwise = parts[3] }, If)
end
function If:eval(frame)
  if self.condition:eval(frame) ~= 0 then return self.consequence:eval(frame) end
  return self.otherwise:eval(frame)
end

local While = class()
function While.new(parts) return setmetatable({ condition = parts[1], body = parts[2] }, While) end
function While:eval(frame)
  while self.condition:eval(frame) ~= 0 do self.body:eval(frame) end
  return 0
end

local Do = class()
function Do.new(steps) return setmetatable({ steps = steps }, Do) end
function Do:eval(frame)
  local result = 0
  local steps = self.steps
  for i = 1, #steps do result = steps[i]:eval(frame) end
  return result
end

local Call = class()
function Call.new(callee, arguments) return setmetatable({ callee = callee, arguments = arguments }, Call) end
function Call:eval(frame)
  local callee, arguments = self.callee, self.arguments
  local inner = {}
  for i = 1, callee.slots do inner[i] = 0 end
  for i = 1, #arguments do inner[i] = arguments[i]:eval(frame) end
  return callee.body:eval(inner)
end

--- A class of nodes with two operands.
local function binary(eval)
  local Binary = class()
  Binary.eval = eval
  function Binary.new(parts) return setmetatable({ left = parts[1], right = parts[2] }, Binary) end
  return Binary
end

local forms = {
  ["if"] = If,
  ["while"] = While,
  ["do"] = Do,
  ["+"] = binary(function(self, frame) return self.left:eval(frame) + self.right:eval(frame) end),
  ["-"] = binary(function(self, frame) return self.left:eval(frame) - self.right:eval(frame) end),
  ["*"] = binary(function(self, frame) return self.left:eval(frame) * self.right:eval(frame) end),
  ["/"] = binary(function(self, frame) return div(self.left:eval(frame), self.right:eval(frame)) end),
  ["%"] = binary(function(self, frame) return self.left:eval(frame) % self.right:eval(frame) end),
  ["<"] = binary(function(self, frame) return self.left:eval(frame) < self.right:eval(frame) and 1 or 0 end),
  ["="] = binary(function(self, frame) return self.left:eval(frame) == self.right:eval(frame) and 1 or 0 end)
}

local Parser = class()

function Parser.new(text)
  return setmetatable({ text = text, at = 1, functions = {}, locals = {}, slots = 0 }, Parser)
end

function Parser:parse()
  while self:peek() ~= "" do self:define() end
end

--- The next character that is not a space; empty at the end.
function Parser:peek()
  self.at = self.text:find("%S", self.at) or #self.text + 1
  return self.text:sub(self.at, self.at)
end

function Parser:take(wanted)
  if self:peek() ~= wanted then return false end
  self.at = self.at + 1
  return true
end

function Parser:need(wanted)
  if not self:take(wanted) then error("a parenthesis is missing at byte " .. self.at) end
end

function Parser:word()
  self:peek()
  local start = self.at
  self.at = self.text:find("[%s()]", start) or #self.text + 1
  return self.text:sub(start, self.at - 1)
end

--- The function of that name, perhaps still to be defined.
function Parser:get_function(name)
  local known = self.functions[name]
  if not known then
    known = { slots = 0, body = false }
    self.functions[name] = known
  end
  return known
end

function Parser:slot(name)
  local known = self.locals[name]
  if not known then
    known = self.slots + 1
    self.slots = known
    self.locals[name] = known
  end
  return known
end

function Parser:define()
  self:need("(")
  if self:word() ~= "def" then error("a definition is missing at byte " .. self.at) end
  local definition = self:get_function(self:word())
  self.locals, self.slots = {}, 0
  self:need("(")
  while not self:take(")") do self:slot(self:word()) end
  definition.body = self:expression()
  definition.slots = self.slots
  self:need(")")
end

function Parser:expression()
  if not self:take("(") then return self:atom(self:word()) end
  local node = self:form(self:word())
  self:need(")")
  return node
end

function Parser:atom(word)
  local number = tonumber(word)
  if number then return Constant.new(number) end
  return Get.new(self:slot(word))
end

function Parser:rest()
  local nodes = {}
  while self:peek() ~= ")" do nodes[#nodes + 1] = self:expression() end
  return nodes
end

function Parser:form(name)
  if name == "set" then
    local target = self:slot(self:word())
    return Assign.new(target, self:expression())
  end
  local parts = self:rest()
  local form = forms[name]
  if form then return form.new(parts) end
  return Call.new(self:get_function(name), parts)
end

harness.run(arg, 3, function(repeats)
  for _ = 1, repeats do
    local parser = Parser.new(source)
    parser:parse()
    if Call.new(parser:get_function("main"), {}):eval({}) ~= 987400178 then return false end
  end
  return true
end)
