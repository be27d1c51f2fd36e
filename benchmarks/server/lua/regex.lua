-- regex.lua: finds what regular expressions match in the lines of a log; see ../rima/regex.rima.
--
-- Nodes are tables with a kind and what belongs to it. Places in text and program count from 1.
package.path = (arg[0]:match("^.*/") or "./") .. "../../classic/lua/?.lua;" .. package.path
local harness = require("harness")
local som = require("som")
local class, Random = som.class, som.Random

--- Adds the bytes from one to another to a set.
local function between(bytes, low, high)
  for byte = low:byte(), high:byte() do bytes[byte] = true end
  return bytes
end

local function no_bytes()
  local bytes = {}
  for byte = 0, 127 do bytes[byte] = false end
  return bytes
end

local function word_bytes()
  local bytes = between(no_bytes(), "a", "z")
  between(bytes, "A", "Z")
  between(bytes, "0", "9")
  return between(bytes, "_", "_")
end

local Parser = class()

function Parser.new(pattern) return setmetatable({ pattern = pattern, at = 1 }, Parser) end

function Parser:fail(wanted)
  error(string.format("%s is missing at byte %d of %s", wanted, self.at - 1, self.pattern))
end

function Parser:peek() return self.pattern:sub(self.at, self.at) end

function Parser:take(wanted)
  if self:peek() ~= wanted then return false end
  self.at = self.at + 1
  return true
end

function Parser:next()
  local c = self:peek()
  if c == "" then self:fail("a character") end
  self.at = self.at + 1
  return c
end

function Parser:parse()
  local node = self:alternatives()
  if self.at <= #self.pattern then self:fail("the end") end
  return node
end

function Parser:alternatives()
  local first = self:sequence()
  return self:take("|") and { kind = "either", first = first, second = self:alternatives() } or first
end

function Parser:sequence()
  local c = self:peek()
  if c == "" or c == "|" or c == ")" then return { kind = "empty" } end
  local first = self:repeated()
  local second = self:sequence()
  return second.kind == "empty" and first or { kind = "sequence", first = first, second = second }
end

function Parser:repeated()
  local node = self:atom()
  if self:take("*") then return { kind = "many", node = node } end
  if self:take("+") then return { kind = "some", node = node } end
  return self:take("?") and { kind = "optional", node = node } or node
end

function Parser:atom()
  local c = self:next()
  if c == "(" then return self:group() end
  if c == "[" then return { kind = "one_of", bytes = self:set() } end
  if c == "." then return { kind = "one_of", bytes = between(no_bytes(), "\0", "\127") } end
  if c == "^" then return { kind = "begin" } end
  if c == "$" then return { kind = "finish" } end
  if c == "\\" then return self:escape() end
  return { kind = "byte", value = c:byte() }
end

function Parser:group()
  local node = self:alternatives()
  if not self:take(")") then self:fail("')'") end
  return node
end

function Parser:escape()
  local c = self:next()
  if c == "d" then return { kind = "one_of", bytes = between(no_bytes(), "0", "9") } end
  if c == "w" then return { kind = "one_of", bytes = word_bytes() } end
  return { kind = "byte", value = c:byte() }
end

function Parser:set()
  local is_negative = self:take("^")
  local bytes = no_bytes()
  while not self:take("]") do
    local low = self:next()
    between(bytes, low, self:take("-") and self:next() or low)
  end
  if is_negative then
    for byte = 0, 127 do bytes[byte] = not bytes[byte] end
  end
  return bytes
end

local one, set, fork, jump, at_begin, at_end, found = 1, 2, 3, 4, 5, 6, 7

local Compiler = class()

function Compiler.new() return setmetatable({ program = {} }, Compiler) end

--- Of an instruction, x is the byte of one, where jump leads, and where fork leads first; y is where fork leads then.
function Compiler:add(kind)
  local added = { kind = kind, x = 0, y = 0, bytes = false }
  self.program[#self.program + 1] = added
  return added
end

function Compiler:here() return #self.program + 1 end

local emitters = {}

function Compiler:emit(node) emitters[node.kind](self, node) end

function Compiler:compile(node)
  self:emit(node)
  self:add(found)
  return self.program
end

function emitters.empty() end
function emitters.byte(compiler, node) compiler:add(one).x = node.value end
function emitters.one_of(compiler, node) compiler:add(set).bytes = node.bytes end
function emitters.begin(compiler) compiler:add(at_begin) end
function emitters.finish(compiler) compiler:add(at_end) end

function emitters.sequence(compiler, node)
  compiler:emit(node.first)
  compiler:emit(node.second)
end

function emitters.either(compiler, node)
  local way = compiler:add(fork)
  way.x = compiler:here()
  compiler:emit(node.first)
  local leap = compiler:add(jump)
  way.y = compiler:here()
  compiler:emit(node.second)
  leap.x = compiler:here()
end

function emitters.optional(compiler, node)
  local way = compiler:add(fork)
  way.x = compiler:here()
  compiler:emit(node.node)
  way.y = compiler:here()
end

function emitters.many(compiler, node)
  local start = compiler:here()
  local way = compiler:add(fork)
  way.x = compiler:here()
  compiler:emit(node.node)
  compiler:add(jump).x = start
  way.y = compiler:here()
end

function emitters.some(compiler, node)
  local start = compiler:here()
  compiler:emit(node.node)
  local way = compiler:add(fork)
  way.x = start
  way.y = compiler:here()
end

--- The places in the program that are reached at one place of the text, the preferred first, each with the place of
--- the text where its match began.
local Threads = class()

function Threads.new(size)
  local threads = setmetatable({ pcs = {}, starts = {}, count = 0, seen = {}, size = size }, Threads)
  threads:clear()
  return threads
end

--- Whether a place is new here.
function Threads:is_new(pc)
  if self.seen[pc] then return false end
  self.seen[pc] = true
  return true
end

function Threads:add(pc, start)
  local count = self.count + 1
  self.pcs[count] = pc
  self.starts[count] = start
  self.count = count
end

function Threads:clear()
  local seen = self.seen
  for i = 1, self.size do seen[i] = false end
  self.count = 0
end

local Regex = class()

function Regex.new(pattern)
  local program = Compiler.new():compile(Parser.new(pattern):parse())
  return setmetatable({
    program = program,
    current = Threads.new(#program),
    next = Threads.new(#program),
    start = 0, -- of the match that was found
    stop = 0,
  }, Regex)
end

--- Finds the first match that begins at `from` or later; `stop` is the place behind it.
function Regex:find(text, from)
  self.start = -1
  self.current:clear()
  for at = from, #text + 1 do
    if self.start < 0 then self:follow(self.current, 1, at, at, text) end
    if self.current.count == 0 and self.start >= 0 then break end
    self.next:clear()
    self:step(text, at)
    self.current, self.next = self.next, self.current
  end
  return self.start >= 0
end

--- Takes the threads that can go on over the byte at `at`.
function Regex:step(text, at)
  local current, program = self.current, self.program
  local byte = text:byte(at) or -1
  for i = 1, current.count do
    local pc = current.pcs[i]
    local instruction = program[pc]
    local goes_on
    if instruction.kind == one then
      goes_on = instruction.x == byte
    elseif instruction.kind == set then
      goes_on = byte >= 0 and instruction.bytes[byte]
    else
      -- What comes behind is less wanted than this match.
      self.start = current.starts[i]
      self.stop = at
      return
    end
    if goes_on then self:follow(self.next, pc + 1, current.starts[i], at + 1, text) end
  end
end

--- Adds a place, or the places to which it leads without a byte.
function Regex:follow(threads, pc, start, at, text)
  if not threads:is_new(pc) then return end
  local instruction = self.program[pc]
  local kind = instruction.kind
  if kind == jump then
    self:follow(threads, instruction.x, start, at, text)
  elseif kind == fork then
    self:follow(threads, instruction.x, start, at, text)
    self:follow(threads, instruction.y, start, at, text)
  elseif kind == at_begin then
    if at == 1 then self:follow(threads, pc + 1, start, at, text) end
  elseif kind == at_end then
    if at == #text + 1 then self:follow(threads, pc + 1, start, at, text) end
  else
    threads:add(pc, start)
  end
end

local patterns = {
  [[\d\d\d\d-\d\d-\d\d]],
  [[(GET|POST|PUT) /[a-z/]+\d*]],
  [=[[a-z]+@[a-z]+\.(com|org|net)]=],
  [[ [45]\d\d ]],
  [[^[^ ]+ .*[05]ms$]],
  [=[[0-9a-f]*e[0-9a-f][0-9a-f][0-9a-f]]=],
  [[((x+x+)+y|id=\w+)]],
}

local methods = { "GET", "POST", "PUT", "DELETE" }
local hosts = { "example.com", "mail.org", "host.net", "box.io" }

--- The lines of a log.
local function log(count)
  local random = Random.new()
  local function pick(limit) return random:next() % limit end
  local function identifier()
    local out = {}
    for i = 1, 12 do
      local digit = pick(16)
      out[i] = ("0123456789abcdef"):sub(digit + 1, digit + 1)
    end
    return table.concat(out)
  end
  local lines = {}
  for i = 1, count do
    local day = "2024-0" .. 1 + pick(9) .. "-" .. 10 + pick(19)
    local request = methods[1 + pick(4)] .. " /items/" .. pick(5000)
    local who = "user=ana" .. pick(10) .. ".b@" .. hosts[1 + pick(4)] .. "&id=" .. identifier()
    local status, time = 200 + 100 * pick(4), pick(2000)
    lines[i] = day .. " " .. request .. "?" .. who .. " " .. status .. " xxxxxxxxxxxxxxxx " .. time .. "ms"
  end
  return lines
end

local function is_right(lines)
  local count, sum = 0, 0
  for _, pattern in ipairs(patterns) do
    local regex = Regex.new(pattern)
    for _, line in ipairs(lines) do
      local from = 1
      while from <= #line + 1 and regex:find(line, from) do
        count = count + 1
        sum = (sum * 31 + (regex.start - 1) * 256 + regex.stop - 1) % 1000003
        from = regex.stop > regex.start and regex.stop or regex.stop + 1
      end
    end
  end
  return count == 298 and sum == 388274
end

local lines = log(50)
harness.run(arg, 4, function(repeats)
  for _ = 1, repeats do
    if not is_right(lines) then return false end
  end
  return true
end)
