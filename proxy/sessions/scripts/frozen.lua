-- An order that was used not too long ago, and how many of its hits were shown; or nothing. Renews its time.
-- KEYS[1] the session's orders; ARGV[1] the name of the walk, ARGV[2] how many hits will be shown from now on,
-- ARGV[3] seconds to live. The form of a value: see freeze.lua.
local kept = redis.call('HGET', KEYS[1], ARGV[1])
local now = redis.call('TIME')
if not kept or now[1] - string.sub(kept, 1, 12) >= tonumber(ARGV[3]) then
  return false
end
local shown, order = tonumber(string.sub(kept, 19, 28)), string.sub(kept, 29)
local more = math.max(shown, tonumber(ARGV[2]))
-- A server that takes no writes can still be read.
redis.pcall('HSET', KEYS[1], ARGV[1], string.format('%012d%06d%010d', now[1], now[2], more) .. order)
redis.pcall('EXPIRE', KEYS[1], ARGV[3])
return {shown, order}
