-- richards.lua: the kernel of a small operating system; see ../rima/richards.rima.
package.path = (arg[0]:match("^.*/") or "./") .. "?.lua;" .. package.path
local harness = require("harness")
local som = require("som")
local bxor, div = som.bxor, som.div

local idle_task, worker_task, handler_a_task, handler_b_task, device_a_task, device_b_task = 1, 2, 3, 4, 5, 6
local device_packet, work_packet = 0, 1
local data_size = 4

local Packet = som.class()

function Packet.new(link, task, kind)
  return setmetatable({ link = link, task = task, kind = kind, datum = 0, data = { 0, 0, 0, 0 } }, Packet)
end

function Packet:append_to(queue)
  self.link = nil
  if not queue then return self end
  local last = queue
  local next = last.link
  while next do
    last = next
    next = last.link
  end
  last.link = self
  return queue
end

local Task = som.class()

function Task.init(self, class, scheduler, id, priority, queue)
  self.scheduler, self.id, self.priority, self.queue = scheduler, id, priority, queue
  self.link = scheduler.tasks
  self.has_packet = queue ~= nil
  self.is_waiting = true
  self.is_held = false
  scheduler:add(self)
  return setmetatable(self, class)
end

function Task:is_blocked() return self.is_held or (self.is_waiting and not self.has_packet) end
function Task:hold() self.is_held = true end
function Task:unhold() self.is_held = false end
function Task:wait() self.is_waiting = true end
function Task:start_running()
  self.has_packet = false
  self.is_waiting = false
end

function Task:run()
  local packet = nil
  if self.is_waiting and self.has_packet then
    packet = self.queue
    self.queue = packet.link
    self.is_waiting = false
    self.has_packet = self.queue ~= nil
  end
  return self:step(packet)
end

function Task:accept(packet, current)
  if not self.queue then
    self.queue = packet
    self.has_packet = true
    if self.priority > current.priority then return self end
  else
    packet:append_to(self.queue)
  end
  return current
end

local Idle = som.class(Task)

function Idle.new(scheduler, count)
  return Task.init({ count = count, control = 1 }, Idle, scheduler, idle_task, 0, nil)
end

function Idle:step()
  self.count = self.count - 1
  if self.count == 0 then return self.scheduler:hold_current() end
  if self.control % 2 == 0 then
    self.control = div(self.control, 2)
    return self.scheduler:release(device_a_task)
  end
  self.control = bxor(div(self.control, 2), 0xd008)
  return self.scheduler:release(device_b_task)
end

local Worker = som.class(Task)

function Worker.new(scheduler, queue)
  return Task.init({ destination = handler_a_task, letter = 0 }, Worker, scheduler, worker_task, 1000, queue)
end

function Worker:step(packet)
  if not packet then return self.scheduler:wait_current() end
  self.destination = self.destination == handler_a_task and handler_b_task or handler_a_task
  packet.task = self.destination
  packet.datum = 0
  for i = 1, data_size do
    self.letter = self.letter + 1
    if self.letter > 26 then self.letter = 1 end
    packet.data[i] = self.letter
  end
  return self.scheduler:send(packet)
end

local Handler = som.class(Task)

function Handler.new(scheduler, id, priority, queue)
  return Task.init({ work = nil, free = nil }, Handler, scheduler, id, priority, queue)
end

function Handler:step(packet)
  if packet then
    if packet.kind == work_packet then
      self.work = packet:append_to(self.work)
    else
      self.free = packet:append_to(self.free)
    end
  end
  local job = self.work
  if job then
    local count = job.datum
    if count >= data_size then
      self.work = job.link
      return self.scheduler:send(job)
    end
    local carrier = self.free
    if carrier then
      self.free = carrier.link
      carrier.datum = job.data[count + 1]
      job.datum = count + 1
      return self.scheduler:send(carrier)
    end
  end
  return self.scheduler:wait_current()
end

local Device = som.class(Task)

function Device.new(scheduler, id, priority)
  return Task.init({ pending = nil }, Device, scheduler, id, priority, nil)
end

function Device:step(packet)
  if packet then
    self.pending = packet
    return self.scheduler:hold_current()
  end
  local ready = self.pending
  if not ready then return self.scheduler:wait_current() end
  self.pending = nil
  return self.scheduler:send(ready)
end

local Scheduler = som.class()

function Scheduler.new()
  return setmetatable({
    tasks = nil, sent = 0, held = 0, table = { false, false, false, false, false, false }, current = nil, current_id = 0
  }, Scheduler)
end

function Scheduler:add(task)
  self.tasks = task
  self.table[task.id] = task
end

function Scheduler:schedule()
  local task = self.tasks
  while task do
    if task:is_blocked() then
      task = task.link
    else
      self.current = task
      self.current_id = task.id
      task = task:run()
    end
  end
end

function Scheduler:hold_current()
  self.held = self.held + 1
  local task = self.current
  task:hold()
  return task.link
end

function Scheduler:wait_current()
  local task = self.current
  task:wait()
  return task
end

function Scheduler:release(id)
  local task = self.table[id]
  if not task then return nil end
  task:unhold()
  local running = self.current
  return task.priority > running.priority and task or running
end

function Scheduler:send(packet)
  local task = self.table[packet.task]
  if not task then return nil end
  self.sent = self.sent + 1
  packet.link = nil
  packet.task = self.current_id
  return task:accept(packet, self.current)
end

local function packets(length, task, kind)
  local queue = nil
  for _ = 1, length do queue = Packet.new(queue, task, kind) end
  return queue
end

local function run_kernel()
  local scheduler = Scheduler.new()
  Idle.new(scheduler, 10000):start_running()
  Worker.new(scheduler, packets(2, worker_task, work_packet))
  Handler.new(scheduler, handler_a_task, 2000, packets(3, device_a_task, device_packet))
  Handler.new(scheduler, handler_b_task, 3000, packets(3, device_b_task, device_packet))
  Device.new(scheduler, device_a_task, 4000)
  Device.new(scheduler, device_b_task, 5000)
  scheduler:schedule()
  return scheduler.sent == 23246 and scheduler.held == 9297
end

harness.run(arg, 3, function(repeats)
  for _ = 1, repeats do
    if not run_kernel() then return false end
  end
  return true
end)
