//! A connection to the engine, and what is asked of it: each change is one script, which happens whole or not at all.

use std::time::Duration;

use redis::{
    Client, Connection, ConnectionAddr, ConnectionInfo, IntoConnectionInfo as _, RedisError,
    RedisResult, Script, Value, cmd,
};

use crate::limits::{CLUSTER_LEASE_MS, CLUSTER_REPLY_MS};
use crate::log::Batch;
use crate::model::{NodeId, Secret};

use super::{EngineOptions, Position};

/// A server enrols under its name: it is given a number, and a membership that ends all earlier ones.
const ENROL: &str = "
local node = redis.call('HGET', KEYS[1], ARGV[1])
if not node then
  node = redis.call('HLEN', KEYS[1]) + 1
  redis.call('HSET', KEYS[1], ARGV[1], node)
end
return tonumber(node)";

/// Its users of before are gone by an entry, and its lease begins.
const BEGIN: &str = "
local generation = redis.call('HINCRBY', KEYS[2], 'generation', 1)
redis.call('HSET', KEYS[2], 'alive', 1, 'run', ARGV[2])
if ARGV[5] == '1' then redis.call('HSET', KEYS[2], 'number', 0) end
redis.call('SET', KEYS[3], ARGV[2], 'PX', ARGV[4])
local before = redis.call('GET', KEYS[4]) or '0-0'
local at = redis.call('XADD', KEYS[1], '*', 'p', before, 'n', ARGV[1], 'g', generation, 's', 0, 'c', 1, 'b', ARGV[3])
redis.call('SET', KEYS[4], at)
return {tostring(generation), at}";

/// Takes in a batch, which names the place of the one before it, unless it was taken in before, or its membership is over.
const PROPOSE: &str = "
if redis.call('HGET', KEYS[2], 'generation') ~= ARGV[2] then return 'over' end
local last = tonumber(redis.call('HGET', KEYS[2], 'number') or 0)
local through = tonumber(ARGV[3]) + tonumber(ARGV[4]) - 1
if through <= last then return 'had' end
local before = redis.call('GET', KEYS[3]) or '0-0'
local at = redis.call('XADD', KEYS[1], '*', 'p', before, 'n', ARGV[1], 'g', ARGV[2], 's', ARGV[3], 'c', ARGV[4], 'b', ARGV[5])
redis.call('SET', KEYS[3], at)
redis.call('HSET', KEYS[2], 'number', through)
return at";

/// Renews a lease.
const RENEW: &str = "
if redis.call('HGET', KEYS[1], 'generation') ~= ARGV[1] then return 'over' end
redis.call('SET', KEYS[2], ARGV[2], 'PX', ARGV[3])
return 'good'";

/// Declares a server gone whose lease has run out, once.
const DECLARE: &str = "
if redis.call('EXISTS', KEYS[3]) == 1 then return 0 end
if redis.call('HGET', KEYS[2], 'alive') ~= '1' then return 0 end
redis.call('HSET', KEYS[2], 'alive', 0)
redis.call('HINCRBY', KEYS[2], 'generation', 1)
local before = redis.call('GET', KEYS[4]) or '0-0'
local at = redis.call('XADD', KEYS[1], '*', 'p', before, 'n', ARGV[1], 'g', 0, 's', 0, 'c', 1, 'b', ARGV[2])
redis.call('SET', KEYS[4], at)
return 1";

/// Keeps a newer state of the chat, from which a server begins.
const SAVE: &str = "
local ms = tonumber(redis.call('HGET', KEYS[1], 'ms') or -1)
local seq = tonumber(redis.call('HGET', KEYS[1], 'seq') or -1)
local new_ms, new_seq = tonumber(ARGV[1]), tonumber(ARGV[2])
if ARGV[5] == '1' and ms >= 0 then return 0 end
if new_ms < ms or (new_ms == ms and new_seq <= seq) then return 0 end
redis.call('HSET', KEYS[1], 'ms', ARGV[1], 'seq', ARGV[2], 'state', ARGV[3], 'entries', ARGV[4])
return 1";

/// A connection to the engine.
pub(super) struct EngineLink {
    connection: Connection,
    prefix: String,
    name: String,
}

/// What came of a proposal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verdict {
    /// It is in the log.
    In,
    /// The membership is over.
    Over,
}

/// What the engine is and has.
#[derive(Debug, Default)]
pub(super) struct EngineStanding {
    /// The entry that came last.
    pub(super) last: Position,
    /// Everything up to this is there no more.
    pub(super) cut: Position,
    /// How many batches there are.
    pub(super) length: u64,
    /// The state of the chat that is kept there, by its place.
    pub(super) saved: Option<Position>,
}

impl EngineLink {
    /// Connects. `wait` is how long a reply may take.
    pub(super) fn open(
        options: &EngineOptions,
        password: Option<&Secret>,
        wait: Duration,
    ) -> RedisResult<EngineLink> {
        let (host, port) = match &options.address.sentinel {
            None => options.address.hosts[0].clone(),
            Some(name) => master(options, name)?,
        };
        let address = match options.address.is_tls {
            false => ConnectionAddr::Tcp(host, port),
            true => ConnectionAddr::TcpTls {
                host,
                port,
                insecure: false,
                tls_params: None,
            },
        };
        let connection = connect(options, password, address, wait)?;
        Ok(EngineLink {
            connection,
            prefix: options.address.prefix.clone(),
            name: options.node.clone(),
        })
    }

    /// The name of a key.
    fn key(&self, what: &str) -> String {
        format!("{}:{what}", self.prefix)
    }

    fn node_key(&self, name: &str) -> String {
        self.key(&format!("node:{name}"))
    }

    fn lease_key(&self, name: &str) -> String {
        self.key(&format!("lease:{name}"))
    }

    /// The version of the engine, and what it does when it is full.
    pub(super) fn version_and_policy(&mut self) -> RedisResult<(u64, String)> {
        let info: String = cmd("INFO").query(&mut self.connection)?;
        let field = |name: &str| {
            let lines = info.lines();
            let found = lines.filter_map(|line| line.strip_prefix(name)).next();
            found.unwrap_or_default().to_string()
        };
        let version = field("redis_version:");
        let major = version.split('.').next().and_then(|it| it.parse().ok());
        Ok((major.unwrap_or(0), field("maxmemory_policy:")))
    }

    /// The number of this server.
    pub(super) fn enrol(&mut self) -> RedisResult<NodeId> {
        let node: u16 = Script::new(ENROL)
            .key(self.key("nodes"))
            .arg(&self.name)
            .invoke(&mut self.connection)?;
        Ok(NodeId(node))
    }

    /// A new membership. `gone` is the entry by which its users of before have left; `is_first`: no other was this program's.
    pub(super) fn begin(
        &mut self,
        node: NodeId,
        run: &str,
        gone: &[u8],
        is_first: bool,
    ) -> RedisResult<(u64, Position)> {
        let name = self.name.clone();
        let (generation, at): (String, String) = Script::new(BEGIN)
            .key(self.key("log"))
            .key(self.node_key(&name))
            .key(self.lease_key(&name))
            .key(self.key("head"))
            .arg(node.0)
            .arg(run)
            .arg(gone)
            .arg(CLUSTER_LEASE_MS)
            .arg(u8::from(is_first))
            .invoke(&mut self.connection)?;
        Ok((generation.parse().unwrap_or(0), Position::parse(&at)))
    }

    pub(super) fn propose(&mut self, batch: &Batch) -> RedisResult<Verdict> {
        let name = self.name.clone();
        let taken: String = Script::new(PROPOSE)
            .key(self.key("log"))
            .key(self.node_key(&name))
            .key(self.key("head"))
            .arg(batch.node.0)
            .arg(batch.generation)
            .arg(batch.first)
            .arg(batch.count)
            .arg(&batch.bytes)
            .invoke(&mut self.connection)?;
        Ok(match taken.as_str() {
            "over" => Verdict::Over,
            _ => Verdict::In,
        })
    }

    pub(super) fn renew(&mut self, generation: u64, run: &str) -> RedisResult<Verdict> {
        let name = self.name.clone();
        let renewed: String = Script::new(RENEW)
            .key(self.node_key(&name))
            .key(self.lease_key(&name))
            .arg(generation)
            .arg(run)
            .arg(CLUSTER_LEASE_MS)
            .invoke(&mut self.connection)?;
        Ok(match renewed.as_str() {
            "over" => Verdict::Over,
            _ => Verdict::In,
        })
    }

    /// Whose membership it is under this server's name; empty where there is none.
    pub(super) fn run(&mut self) -> RedisResult<String> {
        let key = self.node_key(&self.name);
        let run: Option<String> = cmd("HGET")
            .arg(key)
            .arg("run")
            .query(&mut self.connection)?;
        Ok(run.unwrap_or_default())
    }

    /// The others that are members: their names and numbers, and whether their leases hold.
    pub(super) fn others(&mut self) -> RedisResult<Vec<(String, NodeId, bool)>> {
        let key = self.key("nodes");
        let all: Vec<(String, u16)> = cmd("HGETALL").arg(key).query(&mut self.connection)?;
        let mut others = Vec::new();
        for (name, node) in all.into_iter().filter(|(name, _)| *name != self.name) {
            let (key, lease) = (self.node_key(&name), self.lease_key(&name));
            let alive: Option<u8> = cmd("HGET")
                .arg(key)
                .arg("alive")
                .query(&mut self.connection)?;
            if alive == Some(1) {
                let holds: u8 = cmd("EXISTS").arg(lease).query(&mut self.connection)?;
                others.push((name, NodeId(node), holds == 1));
            }
        }
        Ok(others)
    }

    /// Declares a server gone. `false`: it is not, or somebody else has.
    pub(super) fn declare(&mut self, name: &str, by: NodeId, gone: &[u8]) -> RedisResult<bool> {
        let declared: u8 = Script::new(DECLARE)
            .key(self.key("log"))
            .key(self.node_key(name))
            .key(self.lease_key(name))
            .key(self.key("head"))
            .arg(by.0)
            .arg(gone)
            .invoke(&mut self.connection)?;
        Ok(declared == 1)
    }

    /// Gives its lease up, as it ends.
    pub(super) fn leave(&mut self) -> RedisResult<()> {
        let lease = self.lease_key(&self.name);
        cmd("DEL").arg(lease).query(&mut self.connection)
    }

    /// Keeps a state of the chat. `is_first`: only where there is none. `false`: there is one that is as new.
    pub(super) fn save(&mut self, at: Position, state: &[u8], is_first: bool) -> RedisResult<bool> {
        let saved: u8 = Script::new(SAVE)
            .key(self.key("state"))
            .arg(at.ms)
            .arg(at.seq)
            .arg(state)
            .arg(0)
            .arg(u8::from(is_first))
            .invoke(&mut self.connection)?;
        Ok(saved == 1)
    }

    /// The state of the chat that is kept.
    pub(super) fn state(&mut self) -> RedisResult<Option<(Position, Vec<u8>)>> {
        let key = self.key("state");
        let fields = ["ms", "seq", "state"];
        let found: (Option<u64>, Option<u64>, Option<Vec<u8>>) = cmd("HMGET")
            .arg(key)
            .arg(&fields)
            .query(&mut self.connection)?;
        Ok(match found {
            (Some(ms), Some(seq), Some(state)) => Some((Position { ms, seq }, state)),
            _ => None,
        })
    }

    pub(super) fn standing(&mut self) -> RedisResult<EngineStanding> {
        let state = self.key("state");
        let saved: (Option<u64>, Option<u64>) = cmd("HMGET")
            .arg(state)
            .arg(&["ms", "seq"])
            .query(&mut self.connection)?;
        let saved = match saved {
            (Some(ms), Some(seq)) => Some(Position { ms, seq }),
            _ => None,
        };
        let mut standing = EngineStanding {
            saved,
            ..EngineStanding::default()
        };
        let log = self.key("log");
        let has_log: u8 = cmd("EXISTS").arg(&log).query(&mut self.connection)?;
        if has_log == 0 {
            return Ok(standing);
        }
        let info: Value = cmd("XINFO")
            .arg("STREAM")
            .arg(&log)
            .query(&mut self.connection)?;
        let Value::Array(fields) = info else {
            return Ok(standing);
        };
        for pair in fields.chunks(2) {
            let [Value::BulkString(name), value] = pair else {
                continue;
            };
            let text = match value {
                Value::BulkString(text) => String::from_utf8_lossy(text).into_owned(),
                _ => String::new(),
            };
            match (name.as_slice(), value) {
                (b"last-generated-id", _) => standing.last = Position::parse(&text),
                (b"max-deleted-entry-id", _) => standing.cut = Position::parse(&text),
                (b"length", Value::Int(length)) => standing.length = *length as u64,
                _ => {}
            }
        }
        Ok(standing)
    }

    /// Forgets batches up to a place.
    pub(super) fn trim(&mut self, through: Position) -> RedisResult<()> {
        let log = self.key("log");
        cmd("XTRIM")
            .arg(log)
            .arg("MINID")
            .arg("~")
            .arg(through.to_string())
            .query(&mut self.connection)
    }

    /// Waits for batches behind a place, so long at most, and returns them, each with its place and the one before it.
    pub(super) fn read(
        &mut self,
        after: Position,
        count: usize,
        wait: Duration,
    ) -> RedisResult<Vec<(Position, Position, Batch)>> {
        type Fields = Vec<(String, Vec<u8>)>;
        type Entries = Vec<(String, Fields)>;
        let log = self.key("log");
        let read: Option<Vec<(String, Entries)>> = cmd("XREAD")
            .arg("COUNT")
            .arg(count)
            .arg("BLOCK")
            .arg(wait.as_millis() as u64)
            .arg("STREAMS")
            .arg(log)
            .arg(after.to_string())
            .query(&mut self.connection)?;
        let entries = read.into_iter().flatten().flat_map(|(_, entries)| entries);
        let batches = entries.map(|(at, fields)| {
            let (before, batch) = batch(fields);
            (Position::parse(&at), before, batch)
        });
        Ok(batches.collect())
    }
}

/// A batch, and the place of the one before it.
fn batch(fields: Vec<(String, Vec<u8>)>) -> (Position, Batch) {
    let (mut before, mut batch) = (Position::default(), Batch::default());
    for (name, value) in fields {
        let number = || {
            let text = std::str::from_utf8(&value).ok();
            text.and_then(|text| text.parse::<u64>().ok()).unwrap_or(0)
        };
        match name.as_str() {
            "n" => batch.node = NodeId(u16::try_from(number()).unwrap_or(0)),
            "g" => batch.generation = number(),
            "s" => batch.first = number(),
            "c" => batch.count = number(),
            "b" => batch.bytes = value,
            "p" => before = Position::parse(&String::from_utf8_lossy(&value)),
            _ => {}
        }
    }
    (before, batch)
}

fn connect(
    options: &EngineOptions,
    password: Option<&Secret>,
    address: ConnectionAddr,
    wait: Duration,
) -> RedisResult<Connection> {
    let info: ConnectionInfo = address.into_connection_info()?;
    let mut settings = info.redis_settings().clone().set_skip_set_lib_name();
    settings = settings.set_db(options.address.database);
    if let Some(user) = &options.address.user {
        settings = settings.set_username(user);
    }
    if let Some(password) = password {
        settings = settings.set_password(password.reveal());
    }
    let client = Client::open(info.set_redis_settings(settings))?;
    let connection = client.get_connection_with_timeout(Duration::from_millis(CLUSTER_REPLY_MS))?;
    connection.set_read_timeout(Some(wait))?;
    connection.set_write_timeout(Some(wait))?;
    Ok(connection)
}

/// The Redis that Sentinels say is the one, by the first of them that says so.
fn master(options: &EngineOptions, name: &str) -> RedisResult<(String, u16)> {
    let mut failure = RedisError::from((redis::ErrorKind::InvalidClientConfig, "no Sentinel"));
    for (host, port) in &options.address.hosts {
        let address = ConnectionAddr::Tcp(host.clone(), *port);
        let plain = EngineOptions {
            address: super::EngineAddress {
                database: 0,
                user: None,
                ..options.address.clone()
            },
            ..options.clone()
        };
        let wait = Duration::from_millis(CLUSTER_REPLY_MS);
        let asked = connect(&plain, None, address, wait).and_then(|mut connection| {
            cmd("SENTINEL")
                .arg("get-master-addr-by-name")
                .arg(name)
                .query::<(String, u16)>(&mut connection)
        });
        match asked {
            Ok(found) => return Ok(found),
            Err(e) => failure = e,
        }
    }
    Err(failure)
}
