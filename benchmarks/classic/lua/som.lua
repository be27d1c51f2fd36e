-- som.lua: the small collections that the classic programs bring along; see ../rima/som.rima.
local som = {}

--- A class with an optional superclass; Class.new(...) is for the class to define.
function som.class(super)
  local class = {}
  class.__index = class
  return setmetatable(class, super and { __index = super })
end

--- Bitwise exclusive or, which Lua spells differently from version to version.
som.bxor = bit and bit.bxor or load("return function(a, b) return a ~ b end")()

--- Integer division of non-negative numbers.
local floor = math.floor
som.div = bit and function(a, b) return floor(a / b) end or load("return function(a, b) return a // b end")()

local Random = som.class()
som.Random = Random

function Random.new() return setmetatable({ seed = 74755 }, Random) end

function Random:next()
  local seed = (self.seed * 1309 + 13849) % 65536
  self.seed = seed
  return seed
end

local Vector = som.class()
som.Vector = Vector

function Vector.new() return setmetatable({ storage = {}, first = 1, last = 0 }, Vector) end

function Vector:size() return self.last - self.first + 1 end
function Vector:is_empty() return self.last < self.first end
function Vector:at(index) return self.storage[self.first + index - 1] end
function Vector:put(index, value) self.storage[self.first + index - 1] = value end

function Vector:append(value)
  local last = self.last + 1
  self.storage[last] = value
  self.last = last
end

function Vector:remove_first()
  local first = self.first
  self.first = first + 1
  return self.storage[first]
end

function Vector:remove_last()
  local last = self.last
  self.last = last - 1
  return self.storage[last]
end

function Vector:remove(value)
  local storage = self.storage
  local kept = self.first
  for i = self.first, self.last do
    local element = storage[i]
    if element ~= value then
      storage[kept] = element
      kept = kept + 1
    end
  end
  self.last = kept - 1
end

function Vector:clear()
  self.first = 1
  self.last = 0
end

-- Numbers and objects compare alike here, so that one set serves for both of Rima's.
local Set = som.class()
som.Set = Set

function Set.new() return setmetatable({ items = Vector.new() }, Set) end

function Set:size() return self.items:size() end
function Set:at(index) return self.items:at(index) end

function Set:contains(value)
  local items = self.items
  for i = 1, items:size() do
    if items:at(i) == value then return true end
  end
  return false
end

function Set:add(value)
  if not self:contains(value) then self.items:append(value) end
end

local Dictionary = som.class()
som.IdentityDictionary = Dictionary

local function buckets_of(length)
  local buckets = {}
  for i = 1, length do buckets[i] = false end
  return buckets
end

function Dictionary.new()
  return setmetatable({ buckets = buckets_of(16), length = 16, count = 0 }, Dictionary)
end

function Dictionary:size() return self.count end

function Dictionary:at(key, absent)
  local hash = key:key_hash()
  local entry = self.buckets[hash % self.length + 1]
  while entry do
    if entry.hash == hash and entry.key == key then return entry.value end
    entry = entry.next
  end
  return absent
end

function Dictionary:put(key, value)
  local hash = key:key_hash()
  local index = hash % self.length + 1
  local entry = self.buckets[index]
  while entry do
    if entry.hash == hash and entry.key == key then
      entry.value = value
      return
    end
    entry = entry.next
  end
  self.buckets[index] = { key = key, hash = hash, value = value, next = self.buckets[index] }
  self.count = self.count + 1
  if self.count > self.length then self:grow() end
end

function Dictionary:grow()
  local old, length = self.buckets, self.length * 2
  local buckets = buckets_of(length)
  for i = 1, self.length do
    local entry = old[i]
    while entry do
      local next = entry.next
      local index = entry.hash % length + 1
      entry.next = buckets[index]
      buckets[index] = entry
      entry = next
    end
  end
  self.buckets, self.length = buckets, length
end

function Dictionary:clear()
  self.buckets, self.length, self.count = buckets_of(16), 16, 0
end

return som
