-- Keep a session vector beside the events that it was made from; without those there is nothing to keep it for.
-- KEYS[1] the session; ARGV[1] what its events must begin with (version and sequence), ARGV[2] the packed vector.
local kept = redis.call('HGET', KEYS[1], 'e')
if not kept or string.sub(kept, 1, #ARGV[1]) ~= ARGV[1] then
  return 0
end
redis.call('HSET', KEYS[1], 'v', ARGV[2])
return 1
