-- exceptions.lua: requests of which some fail deep below; see ../rima/exceptions.rima.
--
-- Errors are objects thrown by error and caught by pcall.
package.path = (arg[0]:match("^.*/") or "./") .. "../../classic/lua/?.lua;" .. package.path
local harness = require("harness")
local som = require("som")
local class, Random = som.class, som.Random

local Missing, Busy, Failure = class(), class(), class()

local function throw(kind, fields) error(setmetatable(fields, kind)) end

local function is(e, kind) return getmetatable(e) == kind end

local Store = class()

function Store.new() return setmetatable({ opened = 0, closed = 0 }, Store) end

--- Looks for a key, `depth` levels down.
function Store:find(key, depth)
  if depth > 0 then return self:find(key, depth - 1) + 1 end
  if key % 3 == 0 then throw(Missing, { message = "there is no " .. key }) end
  if key % 5 < 2 then throw(Busy, { message = key .. " is busy", key = key, wait = key % 7 }) end
  return key * 2
end

--- Opens and closes; what is missing is a failure.
function Store:load(key)
  self.opened = self.opened + 1
  local is_well, result = pcall(self.find, self, key, key % 16)
  self.closed = self.closed + 1
  if is_well then return result end
  if is(result, Missing) then
    throw(Failure, { message = "request failed", code = 400 + key % 10, cause = result })
  end
  error(result, 0)
end

local Server = class()

function Server.new()
  return setmetatable({
    store = Store.new(), served = 0, failed = 0, retried = 0, causes = 0, given_up = 0, sum = 0,
  }, Server)
end

function Server:add(value) self.sum = (self.sum * 31 + value) % 1000003 end

--- Tries twice while the key is busy.
function Server:retrying(key)
  local last
  for attempt = 0, 1 do
    local is_well, result = pcall(self.store.load, self.store, key + attempt)
    if is_well then return result end
    if not is(result, Busy) then error(result, 0) end
    self.retried = self.retried + 1
    self:add(result.wait)
    last = result
  end
  error(last, 0)
end

function Server:handle(key)
  local is_well, result = pcall(self.retrying, self, key)
  if is_well then
    self.served = self.served + 1
    self:add(result)
  elseif is(result, Failure) then
    self.failed = self.failed + 1
    if is(result.cause, Missing) then self.causes = self.causes + 1 end
    self:add(result.code)
  elseif is(result, Busy) then
    self.given_up = self.given_up + 1
    self:add(result.key)
  else
    error(result, 0)
  end
end

local function is_right()
  local random, server = Random.new(), Server.new()
  for _ = 1, 1500 do server:handle(random:next()) end
  local store = server.store
  local counts = string.format(
    "%d %d %d %d %d", server.served, server.failed, server.retried, server.given_up, server.sum
  )
  return store.opened == store.closed and server.causes == server.failed and counts == "726 678 486 96 424836"
end

harness.run(arg, 10, function(repeats)
  for _ = 1, repeats do
    if not is_right() then return false end
  end
  return true
end)
