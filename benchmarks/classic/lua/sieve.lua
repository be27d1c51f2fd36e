-- sieve.lua: the primes up to 5000; see ../rima/sieve.rima.
package.path = (arg[0]:match("^.*/") or "./") .. "?.lua;" .. package.path
local harness = require("harness")

local function count_primes(limit)
  local flags = {}
  for i = 1, limit do flags[i] = true end
  local count = 0
  for i = 2, limit do
    if flags[i] then
      count = count + 1
      for multiple = i + i, limit, i do flags[multiple] = false end
    end
  end
  return count
end

harness.run(arg, 100, function(repeats)
  for _ = 1, repeats do
    if count_primes(5000) ~= 669 then return false end
  end
  return true
end)
