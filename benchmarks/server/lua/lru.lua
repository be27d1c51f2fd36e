-- lru.lua: a cache that forgets what was not used for longest; see ../rima/lru.rima.
package.path = (arg[0]:match("^.*/") or "./") .. "../../classic/lua/?.lua;" .. package.path
local harness = require("harness")
local som = require("som")
local class, Random = som.class, som.Random
local floor = math.floor

local key_count = 10000
local capacity = 1000
local accesses = 20000

local Cache = class()

function Cache.new()
  return setmetatable({ hits = 0, evictions = 0, entries = {}, count = 0, newest = nil, oldest = nil }, Cache)
end

--- The value kept for a key, which is used thereby.
function Cache:get(key)
  local entry = self.entries[key]
  if not entry then return nil end
  self.hits = self.hits + 1
  if entry ~= self.newest then
    self:unlink(entry)
    self:link_newest(entry)
  end
  return entry.value
end

function Cache:put(key, value)
  if self.count == capacity then self:evict(self.oldest) end
  local entry = { key = key, value = value, newer = nil, older = nil }
  self.entries[key] = entry
  self.count = self.count + 1
  self:link_newest(entry)
end

function Cache:evict(entry)
  self.evictions = self.evictions + 1
  self:unlink(entry)
  self.entries[entry.key] = nil
  self.count = self.count - 1
end

function Cache:unlink(entry)
  local newer, older = entry.newer, entry.older
  if newer then newer.older = older else self.newest = older end
  if older then older.newer = newer else self.oldest = newer end
end

function Cache:link_newest(entry)
  local second = self.newest
  entry.newer = nil
  entry.older = second
  if second then second.newer = entry else self.oldest = entry end
  self.newest = entry
end

--- Draws the numbers from 1 to n, the number k in proportion to 1 / k.
local Zipf = class()

function Zipf.new(n)
  local sums = {}
  local sum = 0.0
  for k = 1, n do
    sum = sum + 1.0 / k
    sums[k] = sum
  end
  return setmetatable({ n = n, sums = sums, random = Random.new() }, Zipf)
end

function Zipf:next()
  local sums = self.sums
  local high = self.random:next()
  local point = (high * 65536 + self.random:next()) / 4294967296.0 * sums[self.n]
  local low, top = 1, self.n
  while low < top do
    local middle = floor((low + top) / 2)
    if sums[middle] > point then top = middle else low = middle + 1 end
  end
  return low
end

--- What would have to be fetched from afar.
local function load_value(key) return #key * 1000 + key:byte(#key) end

local function serve(keys)
  local zipf = Zipf.new(key_count)
  local cache = Cache.new()
  local sum = 0
  for _ = 1, accesses do
    local key = keys[zipf:next()]
    local value = cache:get(key)
    if not value then
      value = load_value(key)
      cache:put(key, value)
    end
    sum = sum + value
  end
  return cache.hits == 12895 and cache.evictions == 6105 and sum == 250333102
end

harness.run(arg, 5, function(repeats)
  local keys = {}
  for k = 1, key_count do keys[k] = "session:" .. (k - 1) * 7919 % 100003 end
  for _ = 1, repeats do
    if not serve(keys) then return false end
  end
  return true
end)
