-- search.lua: indexes documents by their words and ranks what answers a question; see ../rima/search.rima.
package.path = (arg[0]:match("^.*/") or "./") .. "../../classic/lua/?.lua;" .. package.path
local harness = require("harness")
local som = require("som")
local class, Random = som.class, som.Random
local floor = math.floor

--- Where a word stands: the documents in ascending order, and for each the places within it.
local Postings = class()

function Postings.new() return setmetatable({ documents = {}, places = {} }, Postings) end

function Postings:add(document, place)
  local documents, places = self.documents, self.places
  local last = #documents
  if documents[last] ~= document then
    last = last + 1
    documents[last] = document
    places[last] = {}
  end
  local here = places[last]
  here[#here + 1] = place
end

--- The best hits, the best first; of equals the earlier document.
local Ranking = class()

function Ranking.new(most) return setmetatable({ most = most, hits = {} }, Ranking) end

function Ranking:offer(document, score)
  local hits, most = self.hits, self.most
  local at = #hits + 1
  while at > 1 and hits[at - 1].score < score do at = at - 1 end
  if at > most then return end
  if #hits == most then hits[most] = nil end
  table.insert(hits, at, { document = document, score = score })
end

--- A word in small letters without the s of a plural.
local function stem_of(word)
  local small = word:lower()
  return #small > 3 and small:sub(-1) == "s" and small:sub(1, -2) or small
end

local function is_letter(byte)
  return byte >= 97 and byte <= 122 or byte >= 65 and byte <= 90
end

--- How many places have the one behind them in the other list.
local function following(left, right)
  local count, i, j = 0, 1, 1
  while i <= #left and j <= #right do
    if left[i] + 1 == right[j] then count = count + 1 end
    if left[i] + 1 < right[j] then i = i + 1 else j = j + 1 end
  end
  return count
end

local none = Postings.new()

--- Documents are numbered from 1.
local Index = class()

function Index.new() return setmetatable({ postings = {}, lengths = {}, total = 0 }, Index) end

function Index:add(text)
  local document, place, at = #self.lengths + 1, 0, 1
  while at <= #text do
    local start = at
    while at <= #text and is_letter(text:byte(at)) do at = at + 1 end
    if at > start then
      self:get(stem_of(text:sub(start, at - 1))):add(document, place)
      place = place + 1
    else
      at = at + 1
    end
  end
  self.lengths[document] = place
  self.total = self.total + place
end

--- The postings of a stem, added if there are none.
function Index:get(stem)
  local found = self.postings[stem]
  if not found then
    found = Postings.new()
    self.postings[stem] = found
  end
  return found
end

function Index:find(word) return self.postings[stem_of(word)] or none end

--- How much it says that a document has a word so many times.
function Index:weight(postings, document, times)
  local holders = #postings.documents
  local rarity = (#self.lengths - holders + 0.5) / (holders + 0.5)
  local length = self.lengths[document] * #self.lengths / self.total
  return rarity * times * 2.2 / (times + 0.3 + 0.9 * length)
end

function Index:any(words)
  local scores = {}
  for document = 1, #self.lengths do scores[document] = 0.0 end
  for _, word in ipairs(words) do
    local found = self:find(word)
    for i, document in ipairs(found.documents) do
      scores[document] = scores[document] + self:weight(found, document, #found.places[i])
    end
  end
  local ranking = Ranking.new(10)
  for document, score in ipairs(scores) do
    if score > 0.0 then ranking:offer(document, score) end
  end
  return ranking
end

--- The documents with both words; where `is_phrase`, with one right behind the other.
function Index:both(first, second, is_phrase)
  local ranking = Ranking.new(10)
  local left, right = self:find(first), self:find(second)
  local i, j = 1, 1
  while i <= #left.documents and j <= #right.documents do
    local document, other = left.documents[i], right.documents[j]
    if document < other then
      i = i + 1
    elseif document > other then
      j = j + 1
    else
      local times = #left.places[i]
      if is_phrase then times = following(left.places[i], right.places[j]) end
      if times > 0 then
        local score = self:weight(right, document, #right.places[j])
        ranking:offer(document, self:weight(left, document, times) + score)
      end
      i = i + 1
      j = j + 1
    end
  end
  return ranking
end

--- Documents and questions of made-up words, of which few are frequent.
local function library()
  local random = Random.new()
  local function pick(limit) return floor(random:next() * limit / 65536) end
  local function syllable(n)
    local consonant, vowel = floor(n / 5) % 10 + 1, n % 5 + 1
    return ("bdfgklmnrt"):sub(consonant, consonant) .. ("aeiou"):sub(vowel, vowel)
  end
  local function word()
    local r = random:next() / 65536.0
    local rank = floor(2000.0 * r * r * r)
    local start = syllable(rank) .. syllable(floor(rank / 50))
    return rank % 3 == 0 and start .. syllable(rank * 7) or start
  end
  local function document()
    local out = {}
    for i = 0, 60 + pick(60) do
      local text = word()
      if i % 9 == 0 then text = text:sub(1, 1):upper() .. text:sub(2) end
      if pick(4) == 0 then text = text .. "s" end
      out[i + 1] = text .. (i % 9 == 8 and ". " or pick(6) == 0 and ", " or " ")
    end
    return table.concat(out)
  end
  local documents, questions = {}, {}
  for i = 1, 200 do documents[i] = document() end
  for i = 1, 150 do questions[i] = { word(), word(), word() } end
  return { documents = documents, questions = questions }
end

local function is_right(library)
  local index = Index.new()
  for _, document in ipairs(library.documents) do index:add(document) end
  local count, sum = 0, 0
  for i, question in ipairs(library.questions) do
    local kind = (i - 1) % 3
    local ranking = kind == 0 and index:any(question) or index:both(question[1], question[2], kind == 2)
    for _, hit in ipairs(ranking.hits) do
      count = count + 1
      sum = (sum * 31 + (hit.document - 1) * 1000 + floor(hit.score * 100.0)) % 1000003
    end
  end
  return count == 667 and sum == 458111
end

local shelf = library()
harness.run(arg, 2, function(repeats)
  for _ = 1, repeats do
    if not is_right(shelf) then return false end
  end
  return true
end)
