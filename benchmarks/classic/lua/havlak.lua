-- havlak.lua: finds the nested loops of a control flow graph; see ../rima/havlak.rima.
package.path = (arg[0]:match("^.*/") or "./") .. "?.lua;" .. package.path
local harness = require("harness")
local som = require("som")
local class, Dictionary, Set, Vector = som.class, som.IdentityDictionary, som.Set, som.Vector

local Block = class()

function Block.new(name)
  return setmetatable({ name = name, sources = Vector.new(), targets = Vector.new() }, Block)
end

function Block:key_hash() return self.name end

local Graph = class()

function Graph.new() return setmetatable({ blocks = Vector.new() }, Graph) end

function Graph:start() return self.blocks:at(1) end

function Graph:block(name)
  local blocks = self.blocks
  while blocks:size() <= name do blocks:append(Block.new(blocks:size())) end
  return blocks:at(name + 1)
end

function Graph:connect(source, target)
  local from = self:block(source)
  local to = self:block(target)
  from.targets:append(to)
  to.sources:append(from)
end

function Graph:straight(start, length)
  for i = 0, length - 1 do self:connect(start + i, start + i + 1) end
  return start + length
end

function Graph:diamond(start)
  self:connect(start, start + 1)
  self:connect(start, start + 2)
  self:connect(start + 1, start + 3)
  self:connect(start + 2, start + 3)
  return start + 3
end

function Graph:base_loop(from)
  local header = self:straight(from, 1)
  local first_end = self:diamond(header)
  local second = self:straight(first_end, 1)
  local second_end = self:diamond(second)
  local footer = self:straight(second_end, 1)
  self:connect(second_end, second)
  self:connect(first_end, header)
  self:connect(footer, from)
  return self:straight(footer, 1)
end

local Loop = class()

function Loop.new(header, is_reducible, number)
  local loop = setmetatable({
    header = header, is_reducible = is_reducible, number = number, blocks = Set.new(), children = Set.new(),
    parent = nil, depth = 0, nesting = 0
  }, Loop)
  if header then loop.blocks:add(header) end
  return loop
end

function Loop:attach_to(outer)
  self.parent = outer
  outer.children:add(self)
end

local LoopForest = class()

function LoopForest.new()
  local forest = setmetatable({ root = Loop.new(nil, true, 0), loops = Vector.new() }, LoopForest)
  forest.loops:append(forest.root)
  return forest
end

function LoopForest:add_loop(header, is_reducible)
  local loop = Loop.new(header, is_reducible, self.loops:size())
  self.loops:append(loop)
  return loop
end

function LoopForest:compute_nesting()
  local loops = self.loops
  for i = 1, loops:size() do
    local loop = loops:at(i)
    if loop ~= self.root and not loop.parent then loop:attach_to(self.root) end
  end
  self:nest(self.root, 0)
end

function LoopForest:nest(loop, depth)
  loop.depth = depth
  local children = loop.children
  for i = 1, children:size() do
    local child = children:at(i)
    self:nest(child, depth + 1)
    if loop.nesting < child.nesting + 1 then loop.nesting = child.nesting + 1 end
  end
end

local Node = class()

function Node.new() return setmetatable({ parent = nil, block = nil, loop = nil, number = 0 }, Node) end

function Node:assign(block, number)
  self.block = block
  self.number = number
  self.parent = self
end

function Node:find()
  local path = Vector.new()
  local node = self
  local up = node.parent
  while node ~= up do
    if up.parent ~= up then path:append(node) end
    node = up
    up = node.parent
  end
  for i = 1, path:size() do path:at(i).parent = node end
  return node
end

local plain, reducible, itself, irreducible, dead = 0, 1, 2, 3, 4
local unvisited = -1

local LoopFinder = class()

function LoopFinder.new(graph, forest)
  return setmetatable({
    graph = graph, forest = forest, size = graph.blocks:size(), forward_sources = Vector.new(),
    back_sources = Vector.new(), numbers = Dictionary.new(), headers = {}, kinds = {}, lasts = {}, nodes = {}
  }, LoopFinder)
end

-- Blocks are numbered from 1 here.
function LoopFinder:find_loops()
  for i = 1, self.size do
    self.forward_sources:append(Set.new())
    self.back_sources:append(Vector.new())
    self.nodes[i] = Node.new()
    self.numbers:put(self.graph.blocks:at(i), unvisited)
  end
  self:search(self.graph:start(), 1)
  self:sort_edges()
  for w = self.size, 1, -1 do
    local block = self.nodes[w].block
    if block then self:find_loop_at(w, block) end
  end
end

function LoopFinder:search(block, number)
  self.nodes[number]:assign(block, number)
  self.numbers:put(block, number)
  local last = number
  local targets = block.targets
  for i = 1, targets:size() do
    local target = targets:at(i)
    if self.numbers:at(target, unvisited) == unvisited then last = self:search(target, last + 1) end
  end
  self.lasts[number] = last
  return last
end

function LoopFinder:is_ancestor(w, v) return w <= v and v <= self.lasts[w] end

function LoopFinder:sort_edges()
  for w = 1, self.size do
    self.headers[w] = 0
    self.kinds[w] = plain
    local block = self.nodes[w].block
    if block then
      self:sort_edges_into(block, w)
    else
      self.kinds[w] = dead
    end
  end
end

function LoopFinder:sort_edges_into(block, w)
  local sources = block.sources
  for i = 1, sources:size() do
    local v = self.numbers:at(sources:at(i), unvisited)
    if v ~= unvisited then
      if self:is_ancestor(w, v) then
        self.back_sources:at(w):append(v)
      else
        self.forward_sources:at(w):add(v)
      end
    end
  end
end

function LoopFinder:find_loop_at(w, block)
  local body = self:body_from_back_edges(w)
  local kinds = self.kinds
  if not body:is_empty() then kinds[w] = reducible end
  local todo = Vector.new()
  for i = 1, body:size() do todo:append(body:at(i)) end
  while not todo:is_empty() do self:chase_backwards(w, todo:remove_first(), body, todo) end
  if not body:is_empty() or kinds[w] == itself then
    local loop = self.forest:add_loop(block, kinds[w] ~= irreducible)
    self:collapse(w, body, loop)
  end
end

function LoopFinder:body_from_back_edges(w)
  local body = Vector.new()
  local sources = self.back_sources:at(w)
  for i = 1, sources:size() do
    local v = sources:at(i)
    if v == w then self.kinds[w] = itself else body:append(self.nodes[v]:find()) end
  end
  return body
end

local function has(nodes, node)
  for i = 1, nodes:size() do
    if nodes:at(i) == node then return true end
  end
  return false
end

function LoopFinder:chase_backwards(w, x, body, todo)
  local sources = self.forward_sources:at(x.number)
  for i = 1, sources:size() do
    local y = self.nodes[sources:at(i)]:find()
    if not self:is_ancestor(w, y.number) then
      self.kinds[w] = irreducible
      self.forward_sources:at(w):add(y.number)
    elseif y.number ~= w and not has(body, y) then
      todo:append(y)
      body:append(y)
    end
  end
end

function LoopFinder:collapse(w, body, loop)
  local header = self.nodes[w]
  header.loop = loop
  for i = 1, body:size() do
    local node = body:at(i)
    self.headers[node.number] = w
    node.parent = header
    local inner = node.loop
    if inner then inner:attach_to(loop) else loop.blocks:add(node.block) end
  end
end

local function build_graph()
  local graph = Graph.new()
  graph:base_loop(0)
  graph:connect(0, 2)
  return graph
end

local function extend(graph)
  local n = 2
  for _ = 1, 10 do
    graph:connect(2, n + 1)
    n = n + 1
    for _ = 1, 10 do
      local top = n
      n = graph:straight(n, 1)
      for _ = 1, 5 do n = graph:base_loop(n) end
      local bottom = graph:straight(n, 1)
      graph:connect(n, top)
      n = bottom
    end
    graph:connect(n, 1)
  end
end

harness.run(arg, 2, function(repeats)
  local graph = build_graph()
  local forest = LoopForest.new()
  LoopFinder.new(graph, forest):find_loops()
  extend(graph)
  LoopFinder.new(graph, forest):find_loops()
  for _ = 1, repeats do LoopFinder.new(graph, LoopForest.new()):find_loops() end
  forest:compute_nesting()
  return forest.loops:size() == 1605 and graph.blocks:size() == 5213
end)
