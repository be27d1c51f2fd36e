-- fannkuch.lua: flips pancakes in every order; see ../rima/fannkuch.rima.
package.path = (arg[0]:match("^.*/") or "./") .. "../../classic/lua/?.lua;" .. package.path
local harness = require("harness")

-- Turns over the first k + 1, where k is the first, until the first is 0; returns how often.
local function flip(order, pile, n)
  for i = 1, n do pile[i] = order[i] end
  local count = 0
  local k = pile[1]
  while k ~= 0 do
    local i, j = 1, k + 1
    while i < j do
      pile[i], pile[j] = pile[j], pile[i]
      i = i + 1
      j = j - 1
    end
    count = count + 1
    k = pile[1]
  end
  return count
end

-- Sets the next order: turns the first two, three, … round by one until one of these has not come full circle. False
-- after the last.
local function next_order(order, turns, n)
  for r = 1, n - 1 do
    local first = order[1]
    for i = 1, r do order[i] = order[i + 1] end
    order[r + 1] = first
    turns[r] = turns[r] + 1
    if turns[r] <= r then return true end
    turns[r] = 0
  end
  return false
end

local function fannkuch(n)
  local order, turns, pile = {}, {}, {}
  for i = 1, n do order[i], turns[i], pile[i] = i - 1, 0, 0 end
  local checksum, most_flips = 0, 0
  local is_even = true
  repeat
    local count = flip(order, pile, n)
    if count > most_flips then most_flips = count end
    checksum = checksum + (is_even and count or -count)
    is_even = not is_even
  until not next_order(order, turns, n)
  return checksum, most_flips
end

-- By number of pancakes: checksum and most flips.
local expected = {
  [6] = { 49, 10 }, [7] = { 228, 16 }, [8] = { 1616, 22 }, [9] = { 8629, 30 },
  [10] = { 73196, 38 }, [11] = { 556355, 51 }, [12] = { 3968050, 65 }
}

harness.run(arg, 9, function(n)
  local wanted = expected[n]
  if not wanted then return false end
  local checksum, most_flips = fannkuch(n)
  return checksum == wanted[1] and most_flips == wanted[2]
end)
