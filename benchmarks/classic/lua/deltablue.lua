-- deltablue.lua: an incremental solver of one-way constraints; see ../rima/deltablue.rima.
package.path = (arg[0]:match("^.*/") or "./") .. "?.lua;" .. package.path
local harness = require("harness")
local som = require("som")
local class, Vector = som.class, som.Vector
local div = som.div

local Strength = class()

function Strength.new(name, rank) return setmetatable({ name = name, rank = rank }, Strength) end
function Strength:is_stronger_than(other) return self.rank < other.rank end
function Strength:is_weaker_than(other) return self.rank > other.rank end
function Strength:weakest(other)
  if other:is_weaker_than(self) then return other end
  return self
end

local required = Strength.new("required", 0)
local strong_preferred = Strength.new("strong preferred", 1)
local preferred = Strength.new("preferred", 2)
local strong_default = Strength.new("strong default", 3)
local normal = Strength.new("normal", 4)
local weak_default = Strength.new("weak default", 5)
local weakest = Strength.new("weakest", 6)
local from_strongest = { required, strong_preferred, preferred, strong_default, normal, weak_default, weakest }

local Variable = class()

function Variable.new(value)
  return setmetatable({
    value = value, constraints = Vector.new(), determined_by = nil, mark = 0, strength = weakest, is_constant = true
  }, Variable)
end

function Variable:add_constraint(c) self.constraints:append(c) end

function Variable:remove_constraint(c)
  self.constraints:remove(c)
  if self.determined_by == c then self.determined_by = nil end
end

local Constraint = class()

function Constraint:is_input() return false end

function Constraint:satisfy(mark, planner)
  self:choose(mark)
  if not self:is_satisfied() then
    if self.strength == required then error("a required constraint cannot be satisfied") end
    return nil
  end
  self:mark_inputs(mark)
  local target = self:output()
  local displaced = target.determined_by
  if displaced then displaced:unsatisfy() end
  target.determined_by = self
  if not planner:propagate(self, mark) then error("the constraints form a cycle") end
  target.mark = mark
  return displaced
end

function Constraint:is_variable_known(v, mark)
  return v.mark == mark or v.is_constant or v.determined_by == nil
end

local UnaryConstraint = class(Constraint)

function UnaryConstraint.init(class, variable, strength)
  return setmetatable({ strength = strength, variable = variable, is_on = false }, class)
end

function UnaryConstraint:is_satisfied() return self.is_on end
function UnaryConstraint:attach()
  self.variable:add_constraint(self)
  self.is_on = false
end
function UnaryConstraint:detach()
  self.variable:remove_constraint(self)
  self.is_on = false
end
function UnaryConstraint:choose(mark)
  self.is_on = self.variable.mark ~= mark and self.strength:is_stronger_than(self.variable.strength)
end
function UnaryConstraint:unsatisfy() self.is_on = false end
function UnaryConstraint:output() return self.variable end
function UnaryConstraint:mark_inputs() end
function UnaryConstraint:are_inputs_known() return true end
function UnaryConstraint:recalculate()
  local variable = self.variable
  variable.strength = self.strength
  variable.is_constant = not self:is_input()
  if variable.is_constant then self:execute() end
end
function UnaryConstraint:execute() end

local StayConstraint = class(UnaryConstraint)
function StayConstraint.new(variable, strength) return UnaryConstraint.init(StayConstraint, variable, strength) end

local EditConstraint = class(UnaryConstraint)
function EditConstraint.new(variable, strength) return UnaryConstraint.init(EditConstraint, variable, strength) end
function EditConstraint:is_input() return true end

local off, forward, backward = 0, 1, 2

local Relation = class(Constraint)

function Relation.init(self, class, left, right, strength)
  self.strength, self.left, self.right, self.direction = strength, left, right, off
  return setmetatable(self, class)
end

function Relation:is_satisfied() return self.direction ~= off end
function Relation:attach()
  self.left:add_constraint(self)
  self.right:add_constraint(self)
  self.direction = off
end
function Relation:detach()
  self.left:remove_constraint(self)
  self.right:remove_constraint(self)
  self.direction = off
end
function Relation:choose(mark)
  local left, right = self.left, self.right
  if left.mark == mark then
    self.direction = self:direction_to(right, mark, forward)
  elseif right.mark == mark then
    self.direction = self:direction_to(left, mark, backward)
  elseif left.strength:is_weaker_than(right.strength) then
    self.direction = self:direction_to(left, mark, backward)
  else
    self.direction = self:direction_to(right, mark, forward)
  end
end
function Relation:direction_to(target, mark, way)
  return target.mark ~= mark and self.strength:is_stronger_than(target.strength) and way or off
end
function Relation:unsatisfy() self.direction = off end
function Relation:input() return self.direction == forward and self.left or self.right end
function Relation:output() return self.direction == forward and self.right or self.left end
function Relation:mark_inputs(mark) self:input().mark = mark end
function Relation:are_inputs_known(mark) return self:is_variable_known(self:input(), mark) end
function Relation:recalculate()
  local source, target = self:input(), self:output()
  target.strength = self.strength:weakest(source.strength)
  target.is_constant = source.is_constant
  if target.is_constant then self:execute() end
end

local Equality = class(Relation)
function Equality.new(left, right, strength)
  return Relation.init({}, Equality, left, right, strength)
end
function Equality:execute() self:output().value = self:input().value end

local Scaling = class(Relation)

function Scaling.new(left, scale, offset, right, strength)
  return Relation.init({ scale = scale, offset = offset }, Scaling, left, right, strength)
end
function Scaling:attach()
  Relation.attach(self)
  self.scale:add_constraint(self)
  self.offset:add_constraint(self)
end
function Scaling:detach()
  Relation.detach(self)
  self.scale:remove_constraint(self)
  self.offset:remove_constraint(self)
end
function Scaling:mark_inputs(mark)
  Relation.mark_inputs(self, mark)
  self.scale.mark = mark
  self.offset.mark = mark
end
function Scaling:are_inputs_known(mark)
  return self:is_variable_known(self:input(), mark) and self:is_variable_known(self.scale, mark) and
    self:is_variable_known(self.offset, mark)
end
function Scaling:execute()
  if self.direction == forward then
    self.right.value = self.left.value * self.scale.value + self.offset.value
  else
    self.left.value = div(self.right.value - self.offset.value, self.scale.value)
  end
end
function Scaling:recalculate()
  local source, target = self:input(), self:output()
  target.strength = self.strength:weakest(source.strength)
  target.is_constant = source.is_constant and self.scale.is_constant and self.offset.is_constant
  if target.is_constant then self:execute() end
end

local function only(c)
  local one = Vector.new()
  one:append(c)
  return one
end

local function execute(plan)
  for i = 1, plan:size() do plan:at(i):execute() end
end

local Planner = class()

function Planner.new() return setmetatable({ last_mark = 0 }, Planner) end

function Planner:new_mark()
  self.last_mark = self.last_mark + 1
  return self.last_mark
end

function Planner:add(c)
  c:attach()
  self:enforce(c)
end

function Planner:remove(c)
  if c:is_satisfied() then self:retract(c) else c:detach() end
end

function Planner:enforce(c)
  local mark = self:new_mark()
  local next = c:satisfy(mark, self)
  while next do next = next:satisfy(mark, self) end
end

function Planner:retract(c)
  local target = c:output()
  c:unsatisfy()
  c:detach()
  local unsatisfied = self:loosen(target)
  for level = 1, #from_strongest do
    local strength = from_strongest[level]
    for i = 1, unsatisfied:size() do
      local candidate = unsatisfied:at(i)
      if candidate.strength == strength then self:enforce(candidate) end
    end
  end
end

function Planner:propagate(c, mark)
  local todo = Vector.new()
  todo:append(c)
  while not todo:is_empty() do
    local next = todo:remove_first()
    local target = next:output()
    if target.mark == mark then
      self:retract(c)
      return false
    end
    next:recalculate()
    self:append_consumers(target, todo)
  end
  return true
end

function Planner:loosen(variable)
  local unsatisfied = Vector.new()
  variable.determined_by = nil
  variable.strength = weakest
  variable.is_constant = true
  local todo = Vector.new()
  todo:append(variable)
  while not todo:is_empty() do
    local v = todo:remove_first()
    local constraints = v.constraints
    for i = 1, constraints:size() do
      local c = constraints:at(i)
      if not c:is_satisfied() then unsatisfied:append(c) end
    end
    local determining = v.determined_by
    for i = 1, constraints:size() do
      local c = constraints:at(i)
      if c ~= determining and c:is_satisfied() then
        c:recalculate()
        todo:append(c:output())
      end
    end
  end
  return unsatisfied
end

function Planner:plan_for(edits)
  local todo = Vector.new()
  for i = 1, edits:size() do
    local c = edits:at(i)
    if c:is_input() and c:is_satisfied() then todo:append(c) end
  end
  local mark = self:new_mark()
  local plan = Vector.new()
  while not todo:is_empty() do
    local c = todo:remove_first()
    local target = c:output()
    if target.mark ~= mark and c:are_inputs_known(mark) then
      plan:append(c)
      target.mark = mark
      self:append_consumers(target, todo)
    end
  end
  return plan
end

function Planner:append_consumers(v, todo)
  local determining = v.determined_by
  local constraints = v.constraints
  for i = 1, constraints:size() do
    local c = constraints:at(i)
    if c ~= determining and c:is_satisfied() then todo:append(c) end
  end
end

function Planner:change(variable, value)
  local edit = EditConstraint.new(variable, preferred)
  self:add(edit)
  local plan = self:plan_for(only(edit))
  for _ = 1, 10 do
    variable.value = value
    execute(plan)
  end
  self:remove(edit)
end

local function chain_test(length)
  local planner = Planner.new()
  local first = Variable.new(0)
  local last = first
  for _ = 1, length do
    local next = Variable.new(0)
    planner:add(Equality.new(last, next, required))
    last = next
  end
  planner:add(StayConstraint.new(last, strong_default))
  local edit = EditConstraint.new(first, preferred)
  planner:add(edit)
  local plan = planner:plan_for(only(edit))
  for i = 0, 99 do
    first.value = i
    execute(plan)
    if last.value ~= i then return false end
  end
  planner:remove(edit)
  return true
end

local function projection_test(count)
  local planner = Planner.new()
  local scale = Variable.new(10)
  local offset = Variable.new(1000)
  local targets = Vector.new()
  local source, target
  for i = 0, count - 1 do
    source = Variable.new(i)
    target = Variable.new(i)
    targets:append(target)
    planner:add(StayConstraint.new(source, normal))
    planner:add(Scaling.new(source, scale, offset, target, required))
  end
  planner:change(source, 17)
  if target.value ~= 1170 then return false end
  planner:change(target, 1050)
  if source.value ~= 5 then return false end
  planner:change(scale, 5)
  for i = 0, count - 2 do
    if targets:at(i + 1).value ~= i * 5 + 1000 then return false end
  end
  planner:change(offset, 2000)
  for i = 0, count - 2 do
    if targets:at(i + 1).value ~= i * 5 + 2000 then return false end
  end
  return true
end

harness.run(arg, 300, function(size) return chain_test(size) and projection_test(size) end)
