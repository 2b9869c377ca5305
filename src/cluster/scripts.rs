//! What changes the engine: each change is one script, which happens whole or not at all.

/// A server enrols under its name: it is given a number, and a membership that ends all earlier ones.
pub(super) const ENROL: &str = "
local node = redis.call('HGET', KEYS[1], ARGV[1])
if not node then
  node = redis.call('HLEN', KEYS[1]) + 1
  redis.call('HSET', KEYS[1], ARGV[1], node)
end
return tonumber(node)";

/// Its users of before are gone by an entry, and its lease begins.
pub(super) const BEGIN: &str = "
local generation = redis.call('HINCRBY', KEYS[2], 'generation', 1)
redis.call('HSET', KEYS[2], 'alive', 1, 'run', ARGV[2])
if ARGV[5] == '1' then redis.call('HSET', KEYS[2], 'number', 0) end
redis.call('SET', KEYS[3], ARGV[2], 'PX', ARGV[4])
local before = redis.call('GET', KEYS[4]) or '0-0'
local at = redis.call('XADD', KEYS[1], '*', 'p', before, 'n', ARGV[1], 'g', generation, 's', 0, 'c', 1, 'b', ARGV[3])
redis.call('SET', KEYS[4], at)
return {tostring(generation), at}";

/// Takes in a batch, which names the place of the one before it, unless its membership is over, or any of it was taken in
/// before, up to the entry that is returned then: what is tried again may be joined with what has come since.
pub(super) const PROPOSE: &str = "
if redis.call('HGET', KEYS[2], 'generation') ~= ARGV[2] then return 'over' end
local last = tonumber(redis.call('HGET', KEYS[2], 'number') or 0)
local through = tonumber(ARGV[3]) + tonumber(ARGV[4]) - 1
if tonumber(ARGV[3]) <= last then return tostring(last) end
local before = redis.call('GET', KEYS[3]) or '0-0'
local at = redis.call('XADD', KEYS[1], '*', 'p', before, 'n', ARGV[1], 'g', ARGV[2], 's', ARGV[3], 'c', ARGV[4], 'b', ARGV[5])
redis.call('SET', KEYS[3], at)
redis.call('HSET', KEYS[2], 'number', through)
return 'in'";

/// Renews a lease.
pub(super) const RENEW: &str = "
if redis.call('HGET', KEYS[1], 'generation') ~= ARGV[1] then return 'over' end
redis.call('SET', KEYS[2], ARGV[2], 'PX', ARGV[3])
return 'good'";

/// Declares a server gone whose lease has run out, once.
pub(super) const DECLARE: &str = "
if redis.call('EXISTS', KEYS[3]) == 1 then return 0 end
if redis.call('HGET', KEYS[2], 'alive') ~= '1' then return 0 end
redis.call('HSET', KEYS[2], 'alive', 0)
redis.call('HINCRBY', KEYS[2], 'generation', 1)
local before = redis.call('GET', KEYS[4]) or '0-0'
local at = redis.call('XADD', KEYS[1], '*', 'p', before, 'n', ARGV[1], 'g', 0, 's', 0, 'c', 1, 'b', ARGV[2])
redis.call('SET', KEYS[4], at)
return 1";

/// Keeps a newer state of the chat, from which a server begins.
pub(super) const SAVE: &str = "
local ms = tonumber(redis.call('HGET', KEYS[1], 'ms') or -1)
local seq = tonumber(redis.call('HGET', KEYS[1], 'seq') or -1)
local new_ms, new_seq = tonumber(ARGV[1]), tonumber(ARGV[2])
if ARGV[5] == '1' and ms >= 0 then return 0 end
if new_ms < ms or (new_ms == ms and new_seq <= seq) then return 0 end
redis.call('HSET', KEYS[1], 'ms', ARGV[1], 'seq', ARGV[2], 'state', ARGV[3], 'entries', ARGV[4])
return 1";
