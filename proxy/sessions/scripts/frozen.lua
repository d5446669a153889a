-- An order that was kept or read not too long ago, or nothing; being read renews its time.
-- KEYS[1] the session's orders; ARGV[1] the name of the walk, ARGV[2] seconds to live.
local kept = redis.call('HGET', KEYS[1], ARGV[1])
local now = redis.call('TIME')[1]
if not kept or now - string.sub(kept, 1, 12) >= tonumber(ARGV[2]) then
  return false
end
local order = string.sub(kept, 13)
redis.call('HSET', KEYS[1], ARGV[1], string.format('%012d', now) .. order)
redis.call('EXPIRE', KEYS[1], ARGV[2])
return order
