-- strings.lua: builds texts in the ways that programs do; see ../rima/strings.rima.
package.path = (arg[0]:match("^.*/") or "./") .. "../../classic/lua/?.lua;" .. package.path
local harness = require("harness")
local som = require("som")
local div, Random = som.div, som.Random

local names = { "anchor", "bolt", "cable", "drill", "eyelet", "flange", "gasket", "hinge" }

local function pad_left(text, width, fill) return fill:rep(width - #text) .. text end

local function pad_right(text, width, fill) return text .. fill:rep(width - #text) end

--- The pieces between occurrences of a text.
local function split(text, separator)
  local pieces, start = {}, 1
  for at in function() return text:find(separator, start, true) end do
    pieces[#pieces + 1] = text:sub(start, at - 1)
    start = at + #separator
  end
  pieces[#pieces + 1] = text:sub(start)
  return pieces
end

local function trim(text) return text:match("^%s*(.-)%s*$") end

--- A table of stock, a line a row, its columns padded.
local function report(rows)
  local random = Random.new()
  local out = {}
  for i = 0, rows - 1 do
    local name = names[div(random:next(), 8192) + 1]
    local count = div(random:next(), 16)
    out[#out + 1] = pad_left(tostring(i), 5, "0") .. " | " .. pad_right(name, 10, " ") .. "|"
    out[#out + 1] = pad_left(tostring(count), 6, " ") .. " | " .. ("*"):rep(count % 20) .. "\n"
  end
  return table.concat(out)
end

--- The cells of the table, trimmed, a line a row, in capital letters, the last column first.
local function turned(report)
  local lines = {}
  for i, line in ipairs(split(report, "\n")) do
    local cells, reversed = split(line, "|"), {}
    for j = #cells, 1, -1 do reversed[#reversed + 1] = trim(cells[j]) end
    lines[i] = table.concat(reversed, ","):upper()
  end
  return table.concat(lines, "\n")
end

--- Runs of one character as the character and how many there are.
local function packed(text)
  local out = {}
  local at = 1
  while at <= #text do
    local byte = text:byte(at)
    local stop = at + 1
    while stop <= #text and text:byte(stop) == byte do stop = stop + 1 end
    out[#out + 1] = text:sub(at, at) .. stop - at .. ";"
    at = stop
  end
  return table.concat(out)
end

local function unpacked(text)
  local out = {}
  local at = 1
  while at <= #text do
    local char = text:sub(at, at)
    local stop = text:find(";", at + 1, true)
    for _ = 1, tonumber(text:sub(at + 1, stop - 1)) do out[#out + 1] = char end
    at = stop + 1
  end
  return table.concat(out)
end

--- Every third line, one added to another.
local function chosen(lines)
  local text = ""
  for i = 1, #lines, 3 do text = text .. lines[i] .. ";" end
  return text
end

local function count_of(text, part)
  local count = 0
  local at = text:find(part, 1, true)
  while at do
    count = count + 1
    at = text:find(part, at + 1, true)
  end
  return count
end

local function checksum(text)
  local sum = #text
  for i = 1, #text do sum = (sum * 31 + text:byte(i)) % 1000003 end
  return sum
end

local function is_right()
  local stock = report(300)
  local other = turned(stock)
  local runs = packed(stock)
  local few = chosen(split(other, "\n"))
  local replaced = stock:gsub("bolt", "screw"):gsub("%*%*", "+")
  local counts = count_of(stock, "able") * 10000 + count_of(replaced, "++")
  if unpacked(runs) ~= stock then return false end
  local sums = string.format(
    "%d %d %d %d %d", checksum(other), checksum(runs), checksum(few), checksum(replaced), counts
  )
  return sums == "236090 120002 779078 98584 311111"
end

harness.run(arg, 5, function(repeats)
  for _ = 1, repeats do
    if not is_right() then return false end
  end
  return true
end)
