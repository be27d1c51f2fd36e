-- template.lua: makes a page of HTML from a template and the users of a shop; see ../rima/template.rima.
--
-- Fields are tables of the class Fields, items tables without one; everything else is the value of Lua that it stands
-- for. Parts have a kind.
package.path = (arg[0]:match("^.*/") or "./") .. "../../classic/lua/?.lua;" .. package.path
local harness = require("harness")
local som = require("som")
local class, Random = som.class, som.Random

local Fields = class()

local function fields(values) return setmetatable(values, Fields) end

local function is_fields(data) return getmetatable(data) == Fields end

--- The pieces between occurrences of a character.
local function split(text, separator)
  local pieces = {}
  for piece in (text .. separator):gmatch("([^" .. separator .. "]*)" .. separator) do
    pieces[#pieces + 1] = piece
  end
  return pieces
end

local function path_of(text) return split(text, ".") end

local Parser = class()

--- `stop` is what ended the parts that were read: the end, /each, /if or else.
function Parser.new(text) return setmetatable({ text = text, at = 1, stop = "" }, Parser) end

function Parser:fail(wanted) error(wanted .. " is missing before byte " .. self.at - 1) end

function Parser:parse()
  local all = self:parts()
  if self.stop ~= "" then self:fail("the end") end
  return all
end

function Parser:parts()
  local parts = {}
  while true do
    local open = self.text:find("{{", self.at, true)
    local stop = open or #self.text + 1
    if stop > self.at then parts[#parts + 1] = { kind = "plain", text = self.text:sub(self.at, stop - 1) } end
    self.at = stop
    if not open then
      self.stop = ""
      return parts
    end
    local tag = self:tag()
    if tag:sub(1, 1) == "/" or tag == "else" then
      self.stop = tag
      return parts
    end
    parts[#parts + 1] = self:part(tag)
  end
end

function Parser:tag()
  local stop = self.text:find("}}", self.at, true) or self:fail("}}")
  local tag = self.text:sub(self.at + 2, stop - 1)
  self.at = stop + 2
  return tag
end

function Parser:part(tag)
  if tag:sub(1, 6) == "#each " then return self:each(path_of(tag:sub(7))) end
  if tag:sub(1, 4) == "#if " then return self:choice(path_of(tag:sub(5))) end
  local is_raw = tag:sub(1, 1) == "&"
  local filters = split(is_raw and tag:sub(2) or tag, "|")
  local path = path_of(table.remove(filters, 1))
  return { kind = "print", path = path, filters = filters, is_raw = is_raw }
end

function Parser:each(path)
  local body = self:parts()
  if self.stop ~= "/each" then self:fail("{{/each}}") end
  return { kind = "each", path = path, body = body }
end

function Parser:choice(path)
  local yes, no = self:parts(), {}
  if self.stop == "else" then no = self:parts() end
  if self.stop ~= "/if" then self:fail("{{/if}}") end
  return { kind = "if", path = path, yes = yes, no = no }
end

local function is_true(data)
  if type(data) == "number" then return data ~= 0 end
  if type(data) == "string" then return data ~= "" end
  if type(data) == "table" and not is_fields(data) then return #data > 0 end
  return data
end

local function text_of(data)
  return (data == nil or type(data) == "table") and "" or tostring(data)
end

local filters = {
  upper = string.upper,
  lower = string.lower,
  trim = function(text) return text:match("^%s*(.-)%s*$") end,
}

local function filtered(text, names)
  for i = 1, #names do
    local filter = filters[names[i]] or error("there is no filter " .. names[i])
    text = filter(text)
  end
  return text
end

local escapes = {
  [("&"):byte()] = "&amp;", [("<"):byte()] = "&lt;", [(">"):byte()] = "&gt;", [('"'):byte()] = "&quot;",
}

local Renderer = class()

function Renderer.new() return setmetatable({ out = {}, scopes = {} }, Renderer) end

function Renderer:render(parts, data)
  self.scopes[1] = data
  self:all(parts)
  return table.concat(self.out)
end

function Renderer:add(text) self.out[#self.out + 1] = text end

function Renderer:all(parts)
  for i = 1, #parts do
    local part = parts[i]
    local kind = part.kind
    if kind == "plain" then
      self:add(part.text)
    elseif kind == "print" then
      self:print(filtered(text_of(self:find(part.path)), part.filters), part.is_raw)
    elseif kind == "each" then
      self:each(self:find(part.path), part.body)
    else
      self:all(is_true(self:find(part.path)) and part.yes or part.no)
    end
  end
end

function Renderer:find(path)
  local found = self:look_up(path[1])
  for i = 2, #path do found = is_fields(found) and found[path[i]] or nil end
  return found
end

function Renderer:look_up(name)
  local scopes = self.scopes
  for i = #scopes, 1, -1 do
    local found = rawget(scopes[i], name)
    if found ~= nil then return found end
  end
end

function Renderer:each(items, body)
  if type(items) ~= "table" or is_fields(items) then return end
  local scopes = self.scopes
  for i = 1, #items do
    local item = items[i]
    scopes[#scopes + 1] = is_fields(item) and item or fields({ this = item })
    self:all(body)
    scopes[#scopes] = nil
  end
end

function Renderer:print(text, is_raw)
  if is_raw then return self:add(text) end
  local start = 1
  for i = 1, #text do
    local escape = escapes[text:byte(i)]
    if escape then
      self:add(text:sub(start, i - 1))
      self:add(escape)
      start = i + 1
    end
  end
  self:add(text:sub(start))
end

local page = [[
<html><head><title>{{title|upper}}</title></head><body>
{{#if notice}}<p class="notice">{{notice}}</p>{{else}}<p>all is well</p>{{/if}}
{{#each users}}<section>
  <h2>{{name}} of {{address.city|trim|upper}}, {{address.country.code}}</h2>
  {{#if admin}}<b>{{title|lower}}</b>{{else}}<i>{{&badge}}</i>{{/if}}
  <ul>{{#each orders}}<li class="{{#if open}}open{{else}}done{{/if}}">{{sku}}: {{quantity}} x {{price}} for {{name}}</li>
  {{/each}}</ul>
  {{#each tags}}{{this|upper}}{{#if admin}}!{{/if}} {{/each}}
</section>
{{/each}}</body></html>
]]

local cities = { "  Bergen", "Cork  ", " Lyon ", "Oslo" }

--- The users of a shop.
local function shop(count)
  local random = Random.new()
  local function pick(limit) return math.floor(random:next() * limit / 65536) end
  local function list(length, make)
    local all = {}
    for i = 1, length do all[i] = make(i) end
    return all
  end
  local function order()
    local sku, quantity, price = "a-" .. pick(900), 1 + pick(9), pick(2000)
    return fields({ sku = sku, quantity = quantity, price = price, open = pick(2) == 0 })
  end
  local function user(i)
    local country = fields({ code = "C" .. pick(50) })
    local address = fields({ city = cities[1 + pick(4)], country = country })
    local orders = list(1 + pick(8), order)
    local tags = list(1 + pick(4), function() return "tag<" .. pick(100) .. ">" end)
    local admin = pick(3) == 0
    return fields({
      name = 'User "' .. i - 1 .. '" & Co',
      address = address,
      admin = admin,
      badge = "<em>" .. pick(10) .. "</em>",
      orders = orders,
      tags = tags,
    })
  end
  return fields({ title = "Orders & <Users>", notice = "", users = list(count, user) })
end

local function is_right(data)
  local text = Renderer.new():render(Parser.new(page):parse(), data)
  local sum = 0
  for i = 1, #text do sum = (sum * 31 + text:byte(i)) % 1000003 end
  return #text == 29203 and sum == 964138
end

local data = shop(60)
harness.run(arg, 10, function(repeats)
  for _ = 1, repeats do
    if not is_right(data) then return false end
  end
  return true
end)
