-- Keep an order of a session's hits; beyond the most that may be kept the oldest gives way.
-- KEYS[1] the session's orders; ARGV[1] the name of the walk, ARGV[2] the order, ARGV[3] how many may be kept,
-- ARGV[4] seconds to live.
local now = redis.call('TIME')
redis.call('HSET', KEYS[1], ARGV[1], string.format('%012d', now[1]) .. ARGV[2])
redis.call('EXPIRE', KEYS[1], ARGV[4])
if redis.call('HLEN', KEYS[1]) > tonumber(ARGV[3]) then
  local kept, oldest, when = redis.call('HGETALL', KEYS[1]), nil, nil
  for i = 1, #kept, 2 do
    local stamp = string.sub(kept[i + 1], 1, 12)
    if kept[i] ~= ARGV[1] and (not when or stamp < when) then
      oldest, when = kept[i], stamp
    end
  end
  redis.call('HDEL', KEYS[1], oldest)
end
return 1
