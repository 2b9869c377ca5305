//! What changes the engine: each change is one script, which happens whole or not at all.

/// Before each of the changes: their last key is the epoch's, their last argument what tells this engine from one that was
/// started anew, or is another. Nobody changes such a one before it was found to have all that anybody has ([`EXAMINE`]).
pub(super) const GUARD: &str = "
if redis.call('HGET', KEYS[#KEYS], 'token') ~= ARGV[#ARGV] then return redis.error_reply('LOST the engine is another') end";

/// A server enrols under its name: it is given a number, and a membership that ends all earlier ones.
pub(super) const ENROL: &str = "
local node = redis.call('HGET', KEYS[1], ARGV[1])
if not node then
  node = 1
  for _, other in ipairs(redis.call('HVALS', KEYS[1])) do node = math.max(node, other + 1) end
  redis.call('HSET', KEYS[1], ARGV[1], node)
end
return tonumber(node)";

/// Its users of before are gone by an entry, and its lease begins.
pub(super) const BEGIN: &str = "
local generation = math.max(redis.call('HGET', KEYS[2], 'generation') or 0, ARGV[6]) + 1
redis.call('HSET', KEYS[2], 'alive', 1, 'run', ARGV[2], 'generation', generation)
redis.call('HDEL', KEYS[2], 'left')
if ARGV[5] == '1' then
  redis.call('HSET', KEYS[2], 'number', 0)
  redis.call('HDEL', KEYS[2], 'client', 'drain')
end
redis.call('SET', KEYS[3], ARGV[2], 'PX', ARGV[4])
local before = redis.call('GET', KEYS[4]) or '0-0'
local number = redis.call('HGET', KEYS[2], 'number') or 0
local at = redis.call('XADD', KEYS[1], '*', 'p', before, 'n', ARGV[1], 'g', generation, 's', 0, 'c', 1, 'b', ARGV[3], 'l', number)
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

/// All that have ever enrolled.
pub(super) const NODES: &str = "
local all = redis.call('HGETALL', KEYS[1])
local rows = {}
for at = 1, #all, 2 do
  local name = all[at]
  local of = redis.call('HMGET', ARGV[1] .. 'node:' .. name, 'alive', 'client', 'address', 'drain')
  local lease = redis.call('EXISTS', ARGV[1] .. 'lease:' .. name)
  table.insert(rows, {name, all[at + 1], of[1] or '0', of[2] or '', of[3] or '', of[4] or '0', tostring(lease)})
end
return rows";

/// Ends the lease of a server whose connection has ended, unless it has come by another.
pub(super) const END_LEASE: &str = "
if redis.call('HGET', KEYS[1], 'client') == ARGV[1] then redis.call('DEL', KEYS[2]) end
return 1";

/// Has a server be drained that has enrolled.
pub(super) const DRAIN: &str = "
if redis.call('HEXISTS', KEYS[1], ARGV[1]) == 1 then redis.call('HSET', KEYS[2], 'drain', 1) end
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

/// A server says how much it has of the log, at an engine that may have lost some of it. When all have, it is this
/// engine's turn where nobody has more, and else that of who has most ([`OPEN`]). Whoever does not say it within a lease
/// is not waited for.
pub(super) const EXAMINE: &str = "
local epoch = redis.call('HMGET', KEYS[1], 'number', 'token')
local number = tonumber(epoch[1] or 0)
if epoch[2] == ARGV[1] then return {'whole', epoch[1], ''} end
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
redis.call('HSETNX', KEYS[2], 'since', string.format('%.0f', now))
redis.call('HSET', KEYS[2], 'is:' .. ARGV[2], string.format('%.0f %s %s %s', now, ARGV[3], ARGV[4], ARGV[5]))
redis.call('PEXPIRE', KEYS[2], 60000)
local waited = now - tonumber(redis.call('HGET', KEYS[2], 'since'))
local lease = tonumber(ARGV[6])
local all, told, best = redis.call('HGETALL', KEYS[2]), {}, nil
for i = 1, #all, 2 do
  local name = string.match(all[i], '^is:(.*)$')
  if name then
    local at, its, ms, seq = string.match(all[i + 1], '^(%d+) (%d+) (%d+) (%d+)$')
    at, its, ms, seq = tonumber(at), tonumber(its), tonumber(ms), tonumber(seq)
    if now - at < lease then
      told[name] = true
      if not best or its > best[1] or (its == best[1] and (ms > best[2] or (ms == best[2] and
          (seq > best[3] or (seq == best[3] and name < best[4]))))) then
        best = {its, ms, seq, name}
      end
    end
  end
end
if waited < lease then
  for i = 9, #ARGV do
    if not told[ARGV[i]] then return {'wait', '', ''} end
  end
  for _, name in ipairs(redis.call('HKEYS', KEYS[3])) do
    local it = redis.call('HMGET', ARGV[8] .. name, 'alive', 'left')
    if it[1] == '1' and not it[2] and not told[name] then return {'wait', '', ''} end
  end
  if best[1] == 0 and number == 0 and waited < tonumber(ARGV[7]) then return {'wait', '', ''} end
end
local head = redis.call('GET', KEYS[4]) or '0-0'
if best[1] > 0 and redis.call('EXISTS', KEYS[5]) == 0 then head = '0-0' end
local ms, seq = string.match(head, '^(%d+)-(%d+)$')
ms, seq = tonumber(ms), tonumber(seq)
if best[1] > number or (best[1] == number and (best[2] > ms or (best[2] == ms and best[3] > seq))) then
  if best[4] ~= ARGV[2] then return {'wait', '', ''} end
  return {'lead', string.format('%.0f', number), head}
end
if number == 0 then number = now end
redis.call('HSET', KEYS[1], 'number', string.format('%.0f', number), 'token', ARGV[1])
redis.call('DEL', KEYS[2])
return {'whole', string.format('%.0f', number), ''}";

/// Begins a new epoch: what the engine has lost is there again, as who has most of the log has it. Where the engine has
/// too little of it to go on, the log begins anew, with a state of the chat.
pub(super) const OPEN: &str = "
local epoch = redis.call('HMGET', KEYS[1], 'number', 'token')
if epoch[2] == ARGV[1] or tonumber(epoch[1] or 0) ~= tonumber(ARGV[2]) then return 0 end
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
if ARGV[8] ~= '1' then
  redis.call('DEL', KEYS[3])
  redis.call('HSET', KEYS[5], 'ms', ARGV[9], 'seq', ARGV[10], 'state', ARGV[11], 'entries', 0)
end
local at = 14
for i = 1, tonumber(ARGV[13]) do
  local key = ARGV[12] .. ARGV[at]
  redis.call('HSET', KEYS[6], ARGV[at], ARGV[at + 1])
  if tonumber(redis.call('HGET', key, 'generation') or 0) <= tonumber(ARGV[at + 2]) then
    redis.call('HSET', key, 'generation', ARGV[at + 2], 'number', ARGV[at + 3], 'alive', ARGV[at + 4])
  end
  at = at + 5
end
while at < #ARGV do
  redis.call('XADD', KEYS[3], ARGV[at], 'p', ARGV[at + 1], 'n', ARGV[at + 2], 'g', ARGV[at + 3], 's', ARGV[at + 4],
    'c', ARGV[at + 5], 'b', ARGV[at + 6], 'l', ARGV[at + 7], 'e', ARGV[at + 8])
  at = at + 9
end
local ms, seq = tonumber(ARGV[6]), tonumber(ARGV[7])
local id = string.format('%.0f-%.0f', ms, seq + 1)
if now > ms then id = string.format('%.0f-0', now) end
local number = string.format('%.0f', math.max(now, tonumber(ARGV[2]) + 1, tonumber(ARGV[3]) + 1))
redis.call('XADD', KEYS[3], id, 'p', ARGV[6] .. '-' .. ARGV[7], 'n', ARGV[4], 'g', 0, 's', 0, 'c', 1, 'b', ARGV[5], 'e', number)
redis.call('SET', KEYS[4], id)
redis.call('HSET', KEYS[1], 'number', number, 'token', ARGV[1])
redis.call('DEL', KEYS[2])
return 1";
