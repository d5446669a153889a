-- Replace the events of a session if they are still the ones that the writer has read.
-- KEYS[1] the session; ARGV[1] the bytes that were read ("" for none), ARGV[2] the new bytes, ARGV[3] seconds to live.
-- Returns 1, or the bytes that stand there by now, which the writer starts from again.
local kept = redis.call('HGET', KEYS[1], 'e') or ''
if kept ~= ARGV[1] then
  return kept
end
redis.call('HSET', KEYS[1], 'e', ARGV[2])
redis.call('EXPIRE', KEYS[1], ARGV[3])
return 1
