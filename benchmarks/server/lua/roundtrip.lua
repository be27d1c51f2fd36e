-- roundtrip.lua: reads, amends, writes and reads again a document in JSON; see ../rima/roundtrip.rima.
--
-- Numbers, strings and booleans are those of Lua, null is a value of its own, arrays and objects are told apart by
-- their class; an object has its names in order.
package.path = (arg[0]:match("^.*/") or "./") .. "../../classic/lua/?.lua;" .. package.path
local harness = require("harness")
local som = require("som")
local class, Random = som.class, som.Random
local floor, char = math.floor, string.char

local space, quote, backslash = (' "\\'):byte(1, 3)
local null = {}

local Items = class()

local Members = class()

function Members.new() return setmetatable({ names = {}, values = {} }, Members) end

function Members:get(name) return self.values[name] end

function Members:set(name, value)
  if self.values[name] == nil then self.names[#self.names + 1] = name end
  self.values[name] = value
end

function Members:remove(name)
  self.values[name] = nil
  for i = 1, #self.names do
    if self.names[i] == name then return table.remove(self.names, i) end
  end
end

local Reader = class()

function Reader.new(text) return setmetatable({ text = text, at = 1 }, Reader) end

function Reader:read()
  local result = self:value()
  self:space()
  if self.at <= #self.text then self:fail("the end") end
  return result
end

function Reader:fail(wanted) error(wanted .. " is missing at byte " .. self.at - 1) end

function Reader:peek() return self.text:byte(self.at) or -1 end

function Reader:space()
  local text, at = self.text, self.at
  while at <= #text and text:byte(at) <= space do at = at + 1 end
  self.at = at
end

function Reader:take(wanted)
  self:space()
  if self.text:byte(self.at) ~= wanted then return false end
  self.at = self.at + 1
  return true
end

function Reader:need(wanted)
  if not self:take(wanted) then self:fail("'" .. char(wanted) .. "'") end
end

local readers = {}

function Reader:value()
  self:space()
  return (readers[self:peek()] or self.number)(self)
end

function Reader:word(word, value)
  if self.text:sub(self.at, self.at + #word - 1) ~= word then self:fail(word) end
  self.at = self.at + #word
  return value
end

local open_bracket, close_bracket, open_brace, close_brace, comma, colon = ("[]{},:"):byte(1, 6)

function Reader:items()
  local items = setmetatable({}, Items)
  self:need(open_bracket)
  if not self:take(close_bracket) then
    items[1] = self:value()
    while self:take(comma) do items[#items + 1] = self:value() end
    self:need(close_bracket)
  end
  return items
end

function Reader:members()
  local members = Members.new()
  self:need(open_brace)
  if not self:take(close_brace) then
    self:member(members)
    while self:take(comma) do self:member(members) end
    self:need(close_brace)
  end
  return members
end

function Reader:member(members)
  self:space()
  local name = self:string()
  self:need(colon)
  members:set(name, self:value())
end

function Reader:string()
  if self:peek() ~= quote then self:fail("a string") end
  self.at = self.at + 1
  local start = self.at
  while self:peek() ~= quote and self:peek() ~= backslash do self:plain() end
  local built = { self.text:sub(start, self.at - 1) }
  while self:peek() ~= quote do
    built[#built + 1] = self:peek() == backslash and self:escape() or self:plain()
  end
  self.at = self.at + 1
  return #built == 1 and built[1] or table.concat(built)
end

--- Takes a character that stands for itself.
function Reader:plain()
  local at = self.at
  if self:peek() < space then self:fail("the end of a string") end
  self.at = at + 1
  return self.text:sub(at, at)
end

local escapes = {
  n = "\n", t = "\t", r = "\r", b = "\b", f = "\f", ['"'] = '"', ["\\"] = "\\", ["/"] = "/",
}

function Reader:escape()
  local letter = self.text:sub(self.at + 1, self.at + 1)
  self.at = self.at + 2
  if letter == "u" then return self:code() end
  return escapes[letter] or self:fail("an escape")
end

local function is_digit(byte) return byte >= 48 and byte <= 57 end

--- Four hexadecimal digits: a character of ASCII.
function Reader:code()
  local code = tonumber(self.text:match("^%x%x%x%x", self.at) or self:fail("a hexadecimal digit"), 16)
  self.at = self.at + 4
  if code > 127 then self:fail("a character of ASCII") end
  return char(code)
end

local function power(exponent)
  local result = 1.0
  for _ = 1, exponent do result = result * 10.0 end
  return result
end

function Reader:digit()
  local byte = self.text:byte(self.at)
  self.at = self.at + 1
  return byte - 48
end

local minus, plus, point, small_e, large_e = ("-+.eE"):byte(1, 5)

function Reader:number()
  local is_negative = self:peek() == minus
  if is_negative then self.at = self.at + 1 end
  if not is_digit(self:peek()) then self:fail("a value") end
  local digits, scale = 0.0, 0
  while is_digit(self:peek()) do digits = digits * 10.0 + self:digit() end
  if self:peek() == point then
    self.at = self.at + 1
    if not is_digit(self:peek()) then self:fail("a digit") end
    while is_digit(self:peek()) do
      digits = digits * 10.0 + self:digit()
      scale = scale - 1
    end
  end
  if self:peek() == small_e or self:peek() == large_e then scale = scale + self:exponent() end
  local value = scale < 0 and digits / power(-scale) or digits * power(scale)
  return is_negative and -value or value
end

function Reader:exponent()
  self.at = self.at + 1
  local sign = self:peek()
  if sign == minus or sign == plus then self.at = self.at + 1 end
  if not is_digit(self:peek()) then self:fail("a digit") end
  local exponent = 0
  while is_digit(self:peek()) do exponent = exponent * 10 + self:digit() end
  return sign == minus and -exponent or exponent
end

readers[open_brace] = Reader.members
readers[open_bracket] = Reader.items
readers[quote] = Reader.string
readers[("t"):byte()] = function(reader) return reader:word("true", true) end
readers[("f"):byte()] = function(reader) return reader:word("false", false) end
readers[("n"):byte()] = function(reader) return reader:word("null", null) end

--- Writes into a list of pieces.
local Writer = class()

function Writer:add(piece) self[#self + 1] = piece end

function Writer:value(json)
  local kind = type(json)
  if kind == "string" then
    self:string(json)
  elseif kind == "number" then
    self:number(json)
  elseif kind == "boolean" then
    self:add(tostring(json))
  elseif json == null then
    self:add("null")
  elseif getmetatable(json) == Items then
    self:items(json)
  else
    self:members(json)
  end
end

function Writer:items(items)
  self:add("[")
  for i = 1, #items do
    if i > 1 then self:add(",") end
    self:value(items[i])
  end
  self:add("]")
end

function Writer:members(members)
  self:add("{")
  for i, name in ipairs(members.names) do
    if i > 1 then self:add(",") end
    self:string(name)
    self:add(":")
    self:value(members.values[name])
  end
  self:add("}")
end

function Writer:number(value)
  if value < 0.0 then self:add("-") end
  local hundredths = floor(math.abs(value) * 100.0 + 0.5)
  self:add(string.format("%d", floor(hundredths / 100)))
  local rest = hundredths % 100
  if rest ~= 0 then self:add(string.format(rest < 10 and ".0%d" or ".%d", rest)) end
end

local written_escapes = { ["\n"] = "\\n", ["\t"] = "\\t", ['"'] = '\\"', ["\\"] = "\\\\" }

function Writer:string(text)
  self:add('"')
  local start = 1
  for i = 1, #text do
    local byte = text:byte(i)
    if byte < space or byte == quote or byte == backslash then
      self:add(text:sub(start, i - 1))
      self:add(written_escapes[char(byte)] or string.format("\\u%04x", byte))
      start = i + 1
    end
  end
  self:add(text:sub(start))
  self:add('"')
end

local function write(json)
  local writer = setmetatable({}, Writer)
  writer:value(json)
  return table.concat(writer)
end

--- The orders as a shop might send them.
local random = Random.new()

local function pick(limit) return random:next() % limit end

local function order(number)
  local is_vip = pick(4) == 0
  local out = { '\n  {"id": ' .. number .. ', "customer": {"name": "J. \\"' .. pick(1000) .. '\\" \\u0044oe", ' }
  out[2] = '"vip": ' .. tostring(is_vip) .. ', "referrer": null}, "lines": ['
  for i = 0, pick(6) do
    if i > 0 then out[#out + 1] = ", " end
    out[#out + 1] = '{"sku": "A-' .. pick(900) .. '", "quantity": ' .. 1 + pick(9) .. ", "
    out[#out + 1] = '"price": ' .. pick(200) .. "." .. 10 + pick(90) .. "}"
  end
  return table.concat(out) .. '], "note": "leave it\\nat door ' .. pick(50) .. '\\t\\\\ \\u0001"}'
end

local function document(orders)
  local all = {}
  for i = 1, orders do all[i] = order(999 + i) end
  return '{"version": 2e0, "orders": [' .. table.concat(all, ",") .. "\n]}"
end

--- Gives an order its total and its discount, null if there is none, and forgets who sent the customer.
local function amend(order)
  local total = 0.0
  for _, line in ipairs(order:get("lines")) do
    total = total + line:get("quantity") * line:get("price")
  end
  local customer = order:get("customer")
  order:set("total", total)
  order:set("discount", customer:get("vip") == true and -total * 0.05 or null)
  customer:remove("referrer")
end

local function checksum(text)
  local sum = 0
  for i = 1, #text do sum = (sum * 31 + text:byte(i)) % 1000003 end
  return sum
end

local function is_right(text)
  local document = Reader.new(text):read()
  for _, order in ipairs(document:get("orders")) do amend(order) end
  local written = write(document)
  local again = write(Reader.new(written):read())
  return written == again and #written == 53671 and checksum(written) == 460838
end

local text = document(200)
harness.run(arg, 2, function(repeats)
  for _ = 1, repeats do
    if not is_right(text) then return false end
  end
  return true
end)
