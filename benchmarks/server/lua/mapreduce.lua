-- mapreduce.lua: counts the words of texts with coroutines and channels; see ../rima/mapreduce.rima.
package.path = (arg[0]:match("^.*/") or "./") .. "../../classic/lua/?.lua;" .. package.path
local harness = require("harness")
local som = require("som")
local class, div, Random = som.class, som.div, som.Random

local mappers = 4
local reducers = 3
local modulus = 1000003

--- Runs coroutines in turn until all have ended; those that wait for something are looked at again when it comes.
local Scheduler = class()

function Scheduler.new() return setmetatable({ ready = {}, first = 1, last = 0 }, Scheduler) end

function Scheduler:wake(process)
  self.last = self.last + 1
  self.ready[self.last] = process
end

function Scheduler:spawn(work) self:wake(coroutine.create(work)) end

function Scheduler:run()
  while self.first <= self.last do
    local process = self.ready[self.first]
    self.ready[self.first] = nil
    self.first = self.first + 1
    assert(coroutine.resume(process))
  end
end

--- What is sent waits for whoever receives, up to `capacity` at a time; senders wait for room.
local Channel = class()

function Channel.new(scheduler, capacity)
  return setmetatable({
    scheduler = scheduler, capacity = capacity, values = {}, waiting = {}, is_closed = false,
  }, Channel)
end

--- Leaves this process until something has changed.
function Channel:wait()
  self.waiting[#self.waiting + 1] = coroutine.running()
  coroutine.yield()
end

function Channel:changed()
  local waiting = self.waiting
  if #waiting == 0 then return end
  self.waiting = {}
  for _, process in ipairs(waiting) do self.scheduler:wake(process) end
end

function Channel:send(value)
  while #self.values == self.capacity do self:wait() end
  self.values[#self.values + 1] = value
  self:changed()
end

--- The next value, or nil when the channel is closed and empty.
function Channel:receive()
  while #self.values == 0 do
    if self.is_closed then return nil end
    self:wait()
  end
  local value = table.remove(self.values, 1)
  self:changed()
  return value
end

function Channel:close()
  self.is_closed = true
  self:changed()
end

local function hash_of(word)
  local hash = 7
  for i = 1, #word do hash = (hash * 31 + word:byte(i)) % modulus end
  return hash
end

--- How often each word occurs, for each reducer the words that are its own.
local function count(text)
  local counts = {}
  for i = 1, reducers do counts[i] = {} end
  for word in text:gmatch("[^ ]+") do
    local own = counts[hash_of(word) % reducers + 1]
    own[word] = (own[word] or 0) + 1
  end
  return counts
end

local function map(texts, jobs, counted)
  for job in function() return jobs:receive() end do
    local counts = count(texts[job])
    for i = 1, reducers do counted[i]:send(counts[i]) end
  end
end

--- Sends what a reducer found: how many words, how many different ones, and a sum in which order does not count.
local function reduce(counted, totals)
  local all = {}
  for counts in function() return counted:receive() end do
    for word, n in pairs(counts) do all[word] = (all[word] or 0) + n end
  end
  local words, distinct, sum = 0, 0, 0
  for word, n in pairs(all) do
    words = words + n
    distinct = distinct + 1
    sum = (sum + hash_of(word) * n) % modulus
  end
  totals:send({ words = words, distinct = distinct, sum = sum })
end

local function is_right(texts)
  local scheduler = Scheduler.new()
  local jobs, totals = Channel.new(scheduler, 4), Channel.new(scheduler, reducers)
  local ended = Channel.new(scheduler, mappers)
  local counted = {}
  for i = 1, reducers do
    counted[i] = Channel.new(scheduler, 4)
    scheduler:spawn(function() reduce(counted[i], totals) end)
  end
  for _ = 1, mappers do
    scheduler:spawn(function()
      map(texts, jobs, counted)
      ended:send(true)
    end)
  end
  local words, distinct, sum = 0, 0, 0
  scheduler:spawn(function()
    for i = 1, #texts do jobs:send(i) end
    jobs:close()
    for _ = 1, mappers do ended:receive() end
    for i = 1, reducers do counted[i]:close() end
    for _ = 1, reducers do
      local total = totals:receive()
      words = words + total.words
      distinct = distinct + total.distinct
      sum = (sum + total.sum) % modulus
    end
  end)
  scheduler:run()
  return words == 12800 and distinct == 1000 and sum == 578916
end

local syllables = { "ba", "de", "fi", "go", "ku", "la", "me", "ni", "po", "ru" }

--- Texts of made-up words, of which few are frequent.
local function make_texts(count)
  local random = Random.new()
  local texts = {}
  for i = 1, count do
    local words = {}
    for j = 1, 200 do
      local r = random:next() / 65536.0
      local rank = math.floor(1000.0 * r * r)
      words[j] = syllables[rank % 10 + 1] .. syllables[div(rank, 10) % 10 + 1] .. syllables[div(rank, 100) + 1]
    end
    texts[i] = table.concat(words, " ")
  end
  return texts
end

local texts = make_texts(64)
harness.run(arg, 5, function(repeats)
  for _ = 1, repeats do
    if not is_right(texts) then return false end
  end
  return true
end)
