-- query.lua: answers questions in a small SQL about three tables; see ../rima/query.rima.
--
-- Values are numbers and strings, rows arrays of them, expressions functions of a row. Truth is 1 or 0.
package.path = (arg[0]:match("^.*/") or "./") .. "../../classic/lua/?.lua;" .. package.path
local harness = require("harness")
local som = require("som")
local class, Random = som.class, som.Random

local function truth(holds) return holds and 1 or 0 end

local function number_of(value)
  if type(value) ~= "number" then error("a number is wanted, not " .. tostring(value)) end
  return value
end

local function compare(a, b)
  if type(a) == type(b) then return a < b and -1 or a > b and 1 or 0 end
  return type(a) == "number" and -1 or 1
end

--- Numbers as integers, whatever the version of Lua makes of them.
local function show(value) return type(value) == "number" and string.format("%d", value) or value end

--- Gives rows one after another by next(), nil behind the last. Columns are named TABLE.COLUMN, or as the question
--- names them.
local Operator = class()

function Operator:position(name)
  local suffix = "." .. name
  for i, column in ipairs(self.columns) do
    if column == name or column:sub(-#suffix) == suffix then return i end
  end
  error("there is no column " .. name)
end

local Scan = class(Operator)

function Scan.new(source) return setmetatable({ columns = source.columns, rows = source.rows, at = 0 }, Scan) end

function Scan:next()
  self.at = self.at + 1
  return self.rows[self.at]
end

local Filter = class(Operator)

function Filter.new(input, condition)
  return setmetatable({ columns = input.columns, input = input, condition = condition }, Filter)
end

function Filter:next()
  local row = self.input:next()
  while row and number_of(self.condition(row)) == 0 do row = self.input:next() end
  return row
end

--- A new array of the elements of one and then another.
local function joined(left, right)
  local both, count = {}, #left
  for i = 1, count do both[i] = left[i] end
  for i = 1, #right do both[count + i] = right[i] end
  return both
end

--- Pairs the rows whose keys are the same; those on the right stand in a table by their keys.
local Join = class(Operator)

function Join.new(left, right, key, right_key)
  local matches = {}
  for added in function() return right:next() end do
    local text = show(right_key(added))
    local known = matches[text]
    if known then known[#known + 1] = added else matches[text] = { added } end
  end
  return setmetatable({
    columns = joined(left.columns, right.columns),
    left = left,
    key = key,
    matches = matches,
    row = nil,
    found = {},
    at = 0,
  }, Join)
end

local none = {}

function Join:next()
  while self.at == #self.found do
    local row = self.left:next()
    if not row then return nil end
    self.row = row
    self.found = self.matches[show(self.key(row))] or none
    self.at = 0
  end
  self.at = self.at + 1
  return joined(self.row, self.found[self.at])
end

local Project = class(Operator)

function Project.new(input, items)
  local columns = {}
  for i, item in ipairs(items) do columns[i] = item.name end
  return setmetatable({ columns = columns, input = input, items = items }, Project)
end

function Project:next()
  local row = self.input:next()
  if not row then return nil end
  local items, result = self.items, {}
  for i = 1, #items do result[i] = items[i].value(row) end
  return result
end

--- The rows with the same keys, and what is known of them so far.
local Group = class()

function Group.new(keys, size)
  local counts, numbers = {}, {}
  for i = 1, size do
    counts[i] = 0
    numbers[i] = 0
  end
  return setmetatable({ keys = keys, counts = counts, numbers = numbers }, Group)
end

function Group:add(aggregates, row)
  local counts, numbers = self.counts, self.numbers
  for i = 1, #aggregates do
    local aggregate = aggregates[i]
    local number = number_of(aggregate.argument(row))
    local is_first = counts[i] == 0
    counts[i] = counts[i] + 1
    local summary = aggregate.summary
    if summary == "count" then
      numbers[i] = numbers[i] + 1
    elseif summary == "sum" then
      numbers[i] = numbers[i] + number
    elseif summary == "min" then
      if is_first or number < numbers[i] then numbers[i] = number end
    elseif is_first or number > numbers[i] then
      numbers[i] = number
    end
  end
end

function Group:row() return joined(self.keys, self.numbers) end

local GroupBy = class(Operator)

function GroupBy.new(input, names, keys, aggregates)
  return setmetatable({
    columns = names,
    input = input,
    keys = keys,
    aggregates = aggregates,
    groups = {},
    at = nil,
  }, GroupBy)
end

function GroupBy:next()
  if not self.at then self:collect() end
  self.at = self.at + 1
  local group = self.groups[self.at]
  return group and group:row()
end

function GroupBy:collect()
  local by_key = {}
  for row in function() return self.input:next() end do
    self:group_of(row, by_key):add(self.aggregates, row)
  end
  self.at = 0
end

function GroupBy:group_of(row, by_key)
  local values, texts = {}, {}
  for i, key in ipairs(self.keys) do
    values[i] = key(row)
    texts[i] = show(values[i])
  end
  local text = table.concat(texts, "|")
  local group = by_key[text]
  if not group then
    group = Group.new(values, #self.aggregates)
    by_key[text] = group
    self.groups[#self.groups + 1] = group
  end
  return group
end

local Sort = class(Operator)

function Sort.new(input, orders)
  return setmetatable({ columns = input.columns, input = input, orders = orders, rows = {}, at = nil }, Sort)
end

function Sort:next()
  if not self.at then self:collect() end
  self.at = self.at + 1
  return self.rows[self.at]
end

function Sort:collect()
  local rows = self.rows
  for row in function() return self.input:next() end do rows[#rows + 1] = row end
  table.sort(rows, function(a, b) return self:order(a, b) < 0 end)
  self.at = 0
end

function Sort:order(a, b)
  for _, order in ipairs(self.orders) do
    local result = compare(a[order.column], b[order.column])
    if result ~= 0 then return order.is_descending and -result or result end
  end
  return 0
end

local Limit = class(Operator)

function Limit.new(input, left)
  return setmetatable({ columns = input.columns, input = input, left = left }, Limit)
end

function Limit:next()
  if self.left == 0 then return nil end
  self.left = self.left - 1
  return self.input:next()
end

--- Takes a question apart into words, numbers, texts with their first quote, and signs.
local function tokens_of(question)
  local tokens, at = {}, 1
  while at <= #question do
    local text, stop = question:match("^('[^']*)'()", at)
    if not text then text, stop = question:match("^([a-z0-9._]+)()", at) end
    if not text then text, stop = question:match("^([<>][=>])()", at) end
    if not text then text, stop = question:sub(at, at), at + 1 end
    if text ~= " " then tokens[#tokens + 1] = text end
    at = stop
  end
  return tokens
end

local function constant(value)
  return function() return value end
end

local function cell(position)
  return function(row) return row[position] end
end

local Planner = class()

function Planner.new(question, tables)
  return setmetatable({
    tokens = tokens_of(question),
    tables = tables,
    at = 1,
    scope = nil, -- what names of columns mean
    aggregates = {},
    key_names = {},
  }, Planner)
end

function Planner:peek() return self.tokens[self.at] or "" end

function Planner:next()
  local token = self.tokens[self.at] or self:fail("a word")
  self.at = self.at + 1
  return token
end

function Planner:take(word)
  if self:peek() ~= word then return false end
  self.at = self.at + 1
  return true
end

function Planner:need(word)
  if not self:take(word) then self:fail(word) end
end

function Planner:fail(wanted) error(wanted .. " is missing before " .. self:peek()) end

--- One or more, with commas between.
function Planner:list_of(one)
  local all = { one(self) }
  while self:take(",") do all[#all + 1] = one(self) end
  return all
end

--- The clauses are planned in the order in which they take effect; `at` goes back and forth between them.
function Planner:plan()
  self:need("select")
  local items_at = self.at
  while not self:take("from") do self:next() end
  self.scope = self:from()
  if self:take("where") then self.scope = Filter.new(self.scope, self:expression()) end
  local input, keys, names = self.scope, {}, {}
  if self:take("group") then
    self:need("by")
    keys = self:list_of(function()
      names[#names + 1] = self:peek()
      return self:expression()
    end)
  end
  local rest_at = self.at
  self.at = items_at
  self.key_names = names
  local items = self:list_of(self.item)
  self.at = rest_at
  if #keys > 0 then self.scope = GroupBy.new(input, names, keys, self.aggregates) end
  self.scope = Project.new(self.scope, items)
  if self:take("order") then
    self:need("by")
    self.scope = Sort.new(self.scope, self:list_of(self.order))
  end
  if self:take("limit") then self.scope = Limit.new(self.scope, tonumber(self:next())) end
  if self.at <= #self.tokens then self:fail("the end") end
  return self.scope
end

function Planner:table()
  local name = self:next()
  return Scan.new(self.tables[name] or error("there is no table " .. name))
end

function Planner:from()
  local input = self:table()
  while self:take("join") do
    local right = self:table()
    self:need("on")
    self.scope = input
    local key = self:sum()
    self:need("=")
    self.scope = right
    input = Join.new(input, right, key, self:sum())
  end
  return input
end

function Planner:item()
  local start = self:peek()
  local value = self:expression()
  return { name = self:take("as") and self:next() or start, value = value }
end

function Planner:order()
  local column = self.scope:position(self:next())
  return { column = column, is_descending = self:take("desc") }
end

function Planner:expression()
  local left = self:conjunction()
  while self:take("or") do
    local a, b = left, self:conjunction()
    left = function(row) return truth(number_of(a(row)) ~= 0 or number_of(b(row)) ~= 0) end
  end
  return left
end

function Planner:conjunction()
  local left = self:negation()
  while self:take("and") do
    local a, b = left, self:negation()
    left = function(row) return truth(number_of(a(row)) ~= 0 and number_of(b(row)) ~= 0) end
  end
  return left
end

function Planner:negation()
  if not self:take("not") then return self:comparison() end
  local a = self:negation()
  return function(row) return truth(number_of(a(row)) == 0) end
end

function Planner:comparison()
  local a = self:sum()
  if self:take("=") then
    local b = self:sum()
    return function(row) return truth(compare(a(row), b(row)) == 0) end
  end
  if self:take("<>") then
    local b = self:sum()
    return function(row) return truth(compare(a(row), b(row)) ~= 0) end
  end
  if self:take("<") then
    local b = self:sum()
    return function(row) return truth(compare(a(row), b(row)) < 0) end
  end
  if self:take(">") then
    local b = self:sum()
    return function(row) return truth(compare(a(row), b(row)) > 0) end
  end
  if self:take(">=") then
    local b = self:sum()
    return function(row) return truth(compare(a(row), b(row)) >= 0) end
  end
  return a
end

function Planner:sum()
  local left = self:product()
  while self:peek() == "+" or self:peek() == "-" do
    local sign = self:next() == "+" and 1 or -1
    local a, b = left, self:product()
    left = function(row) return number_of(a(row)) + sign * number_of(b(row)) end
  end
  return left
end

function Planner:product()
  local left = self:primary()
  while self:take("*") do
    local a, b = left, self:primary()
    left = function(row) return number_of(a(row)) * number_of(b(row)) end
  end
  return left
end

function Planner:primary()
  local token = self:next()
  if token == "(" then
    local inner = self:expression()
    self:need(")")
    return inner
  end
  if self:take("(") then return self:aggregate(token) end
  if token:find("^%d") then return constant(tonumber(token)) end
  if token:find("^'") then return constant(token:sub(2)) end
  return self:column(token)
end

local summaries = { count = true, sum = true, min = true, max = true }

function Planner:aggregate(summary)
  if not summaries[summary] then error("there is no function " .. summary) end
  local names = self.key_names
  self.key_names = {} -- within the argument, columns are those of the rows
  local argument = self:peek() == ")" and constant(0) or self:expression()
  self.key_names = names
  self:need(")")
  local aggregates = self.aggregates
  aggregates[#aggregates + 1] = { summary = summary, argument = argument }
  return cell(#names + #aggregates)
end

--- Behind a grouping, a column is one of the keys.
function Planner:column(name)
  if #self.key_names == 0 then return cell(self.scope:position(name)) end
  for i, key_name in ipairs(self.key_names) do
    if key_name == name then return cell(i) end
  end
  error(name .. " is not grouped by")
end

local cities = { "Bergen", "Cork", "Lyon", "Oslo", "Porto", "Turin" }
local regions = { "north", "south", "east", "west" }
local categories = { "tools", "toys", "books", "plants", "paper" }

--- The sales of a shop.
local function shop()
  local random = Random.new()
  local function pick(limit) return math.floor(random:next() * limit / 65536) end
  local customers, products, sales = {}, {}, {}
  for i = 1, 200 do
    local level = 1 + pick(4)
    customers[i] = { i - 1, "customer" .. (i - 1) * 37 % 200, cities[1 + pick(6)], level }
  end
  for i = 1, 50 do products[i] = { i - 1, "product" .. i - 1, categories[1 + pick(5)], pick(300) } end
  for i = 1, 1500 do sales[i] = { pick(200), pick(50), 1 + pick(9), 100 + pick(900), regions[1 + pick(4)] } end
  return {
    customers = { columns = { "customers.id", "customers.name", "customers.city", "customers.level" }, rows = customers },
    products = { columns = { "products.id", "products.title", "products.category", "products.cost" }, rows = products },
    sales = {
      columns = { "sales.customer", "sales.product", "sales.quantity", "sales.price", "sales.region" },
      rows = sales,
    },
  }
end

local questions = {
  "select name, city from customers where level >= 3 and city <> 'Oslo' order by name limit 20",
  "select region, count() as n, sum(quantity * price) as revenue from sales where quantity > 2"
    .. " group by region order by revenue desc",
  "select category, sum(quantity) as sold, max(price) as dearest from sales join products on product = id"
    .. " group by category order by category",
  "select city, level, count() as n, min(price) as cheapest from sales"
    .. " join customers on sales.customer = customers.id where price > 500 or region = 'north'"
    .. " group by city, level order by n desc, city, level limit 10",
  "select name, sum(quantity * (price - cost)) as profit from sales join customers on customer = id"
    .. " join products on product = id where not level = 1 group by name order by profit desc, name limit 5",
}

local function is_right(tables)
  local sum, count = 0, 0
  for _, question in ipairs(questions) do
    local plan = Planner.new(question, tables):plan()
    for row in function() return plan:next() end do
      count = count + 1
      for _, value in ipairs(row) do
        local text = show(value)
        for i = 1, #text do sum = (sum * 31 + text:byte(i)) % 1000003 end
      end
    end
  end
  return count == 44 and sum == 67918
end

local tables = shop()
harness.run(arg, 3, function(repeats)
  for _ = 1, repeats do
    if not is_right(tables) then return false end
  end
  return true
end)
