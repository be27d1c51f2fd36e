-- harness.lua: runs one program and reports its times; see ../rima/harness.rima.
local harness = {}

--- Nanoseconds of a monotonic clock: the system's under LuaJIT, else the processor time that standard Lua offers.
local function clock()
  local has_ffi, ffi = pcall(require, "ffi")
  if not has_ffi then
    return function() return math.floor(os.clock() * 1e9) end
  end
  ffi.cdef [[
    typedef struct { long seconds, nanos; } terza_time;
    int clock_gettime(int clock, terza_time *now);
  ]]
  local now = ffi.new("terza_time")
  return function()
    ffi.C.clock_gettime(1, now)
    return tonumber(now.seconds) * 1e9 + tonumber(now.nanos)
  end
end

--- Calls once(size) as often as args[1] says, or as args[3] milliseconds allow; exits with 1 when it returned false.
function harness.run(args, default_size, once)
  local iterations = tonumber(args[1]) or 1
  local size = tonumber(args[2]) or default_size
  local budget = (tonumber(args[3]) or 0) * 1e6
  local nanos = clock()
  local begin = nanos()
  local all_right = true
  io.stdout:setvbuf("line") -- whoever reads along sees each line when it is written
  for i = 1, iterations do
    if i > 1 and budget > 0 and nanos() - begin >= budget then break end
    local start = nanos()
    local is_right = once(size)
    print(string.format("iteration %d", nanos() - start))
    if not is_right then all_right = false end
  end
  print(all_right and "ok" or "failed")
  os.exit(all_right and 0 or 1)
end

return harness
