-- json.lua: parses a document and takes stock of it; see ../rima/json.rima.
package.path = (arg[0]:match("^.*/") or "./") .. "?.lua;" .. package.path
local harness = require("harness")
local som = require("som")
local class, Random, Vector = som.class, som.Random, som.Vector
local byte, sub = string.byte, string.sub

local Text = class()

function Text.new(text) return setmetatable({ text = text }, Text) end
function Text:count(tally)
  tally.texts = tally.texts + 1
  tally.bytes = tally.bytes + #self.text
end

local Number = class()

function Number.new(text) return setmetatable({ text = text }, Number) end
function Number:count(tally)
  tally.numbers = tally.numbers + 1
  tally.bytes = tally.bytes + #self.text
end

local Literal = class()

function Literal.new(text) return setmetatable({ text = text }, Literal) end
function Literal:count(tally) tally.literals = tally.literals + 1 end

local Sequence = class()

function Sequence.new() return setmetatable({ values = Vector.new() }, Sequence) end
function Sequence:count(tally)
  tally.sequences = tally.sequences + 1
  local values = self.values
  for i = 1, values:size() do values:at(i):count(tally) end
end

local Record = class()

function Record.new()
  local hints = {}
  for i = 1, 32 do hints[i] = 0 end
  return setmetatable({ names = Vector.new(), values = Vector.new(), hints = hints }, Record)
end

local function slot(name)
  if #name == 0 then return 1 end
  return (#name * 7 + byte(name, 1)) % 32 + 1
end

function Record:add(name, value)
  self.hints[slot(name)] = self.names:size() + 1
  self.names:append(name)
  self.values:append(value)
end

function Record:find(name)
  local hint = self.hints[slot(name)]
  local names = self.names
  if hint > 0 and names:at(hint) == name then return self.values:at(hint) end
  for i = 1, names:size() do
    if names:at(i) == name then return self.values:at(i) end
  end
  return nil
end

function Record:count(tally)
  tally.records = tally.records + 1
  local values = self.values
  for i = 1, values:size() do values:at(i):count(tally) end
end

local Tally = class()

function Tally.new()
  return setmetatable({ texts = 0, numbers = 0, literals = 0, sequences = 0, records = 0, bytes = 0 }, Tally)
end
function Tally:sum()
  return self.texts + 3 * self.numbers + 5 * self.literals + 7 * self.sequences + 11 * self.records + 13 * self.bytes
end

local QUOTE, BACKSLASH, SLASH = byte('"'), byte("\\"), byte("/")
local OPEN_SEQUENCE, CLOSE_SEQUENCE, OPEN_RECORD, CLOSE_RECORD = byte("["), byte("]"), byte("{"), byte("}")
local COMMA, COLON, MINUS, PLUS, DOT = byte(","), byte(":"), byte("-"), byte("+"), byte(".")
local ZERO, NINE, LOWER_E, UPPER_E = byte("0"), byte("9"), byte("e"), byte("E")
local LOWER_N, LOWER_T, LOWER_F, LOWER_R = byte("n"), byte("t"), byte("f"), byte("r")
local SPACE, NEWLINE, TAB, RETURN = byte(" "), byte("\n"), byte("\t"), byte("\r")

local Parser = class()

function Parser.new(input)
  return setmetatable({ input = input, position = 0, current = -1, start = 1, captured = "" }, Parser)
end

function Parser:parse()
  self:read()
  self:skip_space()
  local value = self:read_value()
  self:skip_space()
  if self.current ~= -1 then self:fail("the end") end
  return value
end

function Parser:read()
  local position = self.position + 1
  self.position = position
  self.current = byte(self.input, position) or -1
end

function Parser:read_value()
  local current = self.current
  if current == LOWER_N then return self:read_literal("null") end
  if current == LOWER_T then return self:read_literal("true") end
  if current == LOWER_F then return self:read_literal("false") end
  if current == QUOTE then return Text.new(self:read_text()) end
  if current == OPEN_SEQUENCE then return self:read_sequence() end
  if current == OPEN_RECORD then return self:read_record() end
  return self:read_number()
end

function Parser:read_sequence()
  local sequence = Sequence.new()
  self:read()
  self:skip_space()
  if self:take(CLOSE_SEQUENCE) then return sequence end
  while true do
    self:skip_space()
    sequence.values:append(self:read_value())
    self:skip_space()
    if not self:take(COMMA) then break end
  end
  if not self:take(CLOSE_SEQUENCE) then self:fail("',' or ']'") end
  return sequence
end

function Parser:read_record()
  local record = Record.new()
  self:read()
  self:skip_space()
  if self:take(CLOSE_RECORD) then return record end
  while true do
    self:skip_space()
    if self.current ~= QUOTE then self:fail("a name") end
    local name = self:read_text()
    self:skip_space()
    if not self:take(COLON) then self:fail("':'") end
    self:skip_space()
    record:add(name, self:read_value())
    self:skip_space()
    if not self:take(COMMA) then break end
  end
  if not self:take(CLOSE_RECORD) then self:fail("',' or '}'") end
  return record
end

function Parser:read_literal(word)
  for i = 1, #word do
    if not self:take(byte(word, i)) then self:fail(word) end
  end
  return Literal.new(word)
end

function Parser:read_text()
  self:read()
  self.captured = ""
  self.start = self.position
  while self.current ~= QUOTE do
    if self.current == BACKSLASH then
      self.captured = self.captured .. sub(self.input, self.start, self.position - 1)
      self:read_escape()
      self.start = self.position
    elseif self.current < SPACE then
      self:fail("a character of a string")
    else
      self:read()
    end
  end
  local text = self.captured .. sub(self.input, self.start, self.position - 1)
  self:read()
  return text
end

function Parser:read_escape()
  self:read()
  local current = self.current
  local text
  if current == QUOTE or current == SLASH or current == BACKSLASH then
    text = sub(self.input, self.position, self.position)
  elseif current == LOWER_N then
    text = "\n"
  elseif current == LOWER_T then
    text = "\t"
  elseif current == LOWER_R then
    text = "\r"
  else
    self:fail("a known escape")
  end
  self.captured = self.captured .. text
  self:read()
end

function Parser:read_number()
  self.start = self.position
  self:take(MINUS)
  local first_digit = self.current
  if not self:take_digit() then self:fail("a value") end
  if first_digit ~= ZERO then self:take_digits() end
  if self:take(DOT) then
    if not self:take_digit() then self:fail("a digit") end
    self:take_digits()
  end
  if self:take(LOWER_E) or self:take(UPPER_E) then
    if not self:take(PLUS) then self:take(MINUS) end
    if not self:take_digit() then self:fail("a digit") end
    self:take_digits()
  end
  return Number.new(sub(self.input, self.start, self.position - 1))
end

function Parser:take(wanted)
  if self.current ~= wanted then return false end
  self:read()
  return true
end

function Parser:take_digit()
  if self.current < ZERO or self.current > NINE then return false end
  self:read()
  return true
end

function Parser:take_digits()
  while self:take_digit() do end
end

function Parser:skip_space()
  while self.current == SPACE or self.current == NEWLINE or self.current == TAB or self.current == RETURN do
    self:read()
  end
end

function Parser:fail(expected)
  error("expected " .. expected .. " at byte " .. self.position)
end

local Writer = class()

function Writer.new() return setmetatable({ random = Random.new() }, Writer) end

function Writer:document()
  local operations = self:operation()
  for _ = 2, 156 do operations = operations .. ",\n" .. self:operation() end
  return '{"head":{"requestCounter":4,"version":null},"operations":[' .. operations .. "]}"
end

function Writer:operation()
  local widget = '"w' .. self:pick(900) .. '"'
  local kind = self:pick(3)
  if kind == 0 then return '["destroy",' .. widget .. "]" end
  if kind == 1 then return '["set", ' .. widget .. ", {" .. self:properties() .. "}]" end
  local parent = '{"parent":"w' .. self:pick(900) .. '",'
  return '["create", ' .. widget .. ', "rwt.widgets.Label", ' .. parent .. self:properties() .. "}]"
end

function Writer:properties()
  local x, y = self:pick(1000), self:pick(1000)
  local w, h = self:pick(90), self:pick(90)
  local bounds = '"bounds":[' .. x .. "," .. y .. ",-" .. w .. "," .. h .. ".5]"
  local style = '"style":["WRAP","NONE"],"visible":true,"tabIndex":-1,"customVariant":"variant_item"'
  local text = '"text":"label ' .. self:pick(5000) .. '\\n\\"quoted\\""'
  local font = '"font":[["Verdana","Lucida Sans"], ' .. self:pick(30) .. "e+0, false, {}]"
  return bounds .. "," .. style .. ", " .. text .. " ,\n  " .. font
end

function Writer:pick(limit) return self.random:next() % limit end

local function is_a(value, class) return getmetatable(value) == class end

local function is_right(document)
  if not is_a(document, Record) then return false end
  local operations = document:find("operations")
  if not is_a(operations, Sequence) or operations.values:size() ~= 156 then return false end
  local head = document:find("head")
  if not is_a(head, Record) or head:find("nothing") then return false end
  local tally = Tally.new()
  document:count(tally)
  return tally:sum() == 137947
end

local text = Writer.new():document()

harness.run(arg, 20, function(repeats)
  for _ = 1, repeats do
    if not is_right(Parser.new(text):parse()) then return false end
  end
  return true
end)
