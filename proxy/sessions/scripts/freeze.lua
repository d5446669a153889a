-- Keep an order of a session's hits; beyond the most that may be kept the one that was used longest ago gives way.
-- KEYS[1] the session's orders; ARGV[1] the name of the walk, ARGV[2] the order, ARGV[3] how many of its hits are shown,
-- ARGV[4] how many orders may be kept, ARGV[5] seconds to live.
-- A value is when it was used last (12 digits of seconds, 6 of microseconds), 10 digits of the hits shown, and the order.
local now = redis.call('TIME')
local head = string.format('%012d%06d%010d', now[1], now[2], ARGV[3])
redis.call('HSET', KEYS[1], ARGV[1], head .. ARGV[2])
redis.call('EXPIRE', KEYS[1], ARGV[5])
if redis.call('HLEN', KEYS[1]) > tonumber(ARGV[4]) then
  local kept, oldest, when = redis.call('HGETALL', KEYS[1]), nil, nil
  for i = 1, #kept, 2 do
    local used = string.sub(kept[i + 1], 1, 18)
    if kept[i] ~= ARGV[1] and (not when or used < when) then
      oldest, when = kept[i], used
    end
  end
  redis.call('HDEL', KEYS[1], oldest)
end
return 1
