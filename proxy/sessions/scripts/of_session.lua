-- Read the fields of a published hash that are named by the items of a session, which the caller does not know yet.
-- KEYS[1] the session, KEYS[2] the hash.
-- Returns the first nine bytes of the session (its version and sequence) and then a value or false for each of its items,
-- oldest first; nothing where there is no session of ours.
local kept = redis.call('HGET', KEYS[1], 'e')
if not kept then
  return {}
end
-- Behind those nine bytes and that of the list begin the columns. The first two are the time of the first event and the
-- items; the others stay as they are, since Redis reads no byte strings (MessagePack's "bin").
local sound, _, _, items = pcall(cmsgpack.unpack_limit, kept, 2, 10)
if not sound or type(items) ~= 'table' or #items == 0 then
  return {}
end
local found = redis.call('HMGET', KEYS[2], unpack(items))
table.insert(found, 1, string.sub(kept, 1, 9))
return found
