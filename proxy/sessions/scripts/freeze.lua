-- Keep an order of a session's hits; beyond the most that may be kept the oldest gives way.
-- KEYS[1] the session's orders; ARGV[1] the name of the walk, ARGV[2] the order, ARGV[3] how many of its hits are shown,
-- ARGV[4] how many orders may be kept, ARGV[5] seconds to live.
-- A value is twelve digits of the time that it was used last, ten digits of the hits shown, and the order.
local stamp = string.format('%012d', redis.call('TIME')[1])
redis.call('HSET', KEYS[1], ARGV[1], stamp .. string.format('%010d', ARGV[3]) .. ARGV[2])
redis.call('EXPIRE', KEYS[1], ARGV[5])
if redis.call('HLEN', KEYS[1]) > tonumber(ARGV[4]) then
  local kept, oldest, when = redis.call('HGETALL', KEYS[1]), nil, nil
  for i = 1, #kept, 2 do
    local used = string.sub(kept[i + 1], 1, 12)
    if kept[i] ~= ARGV[1] and (not when or used < when) then
      oldest, when = kept[i], used
    end
  end
  redis.call('HDEL', KEYS[1], oldest)
end
return 1
