//! A connection to a Redis, and what is asked of it.

use std::time::Duration;

use redis::{
    Client, Connection, ConnectionAddr, ConnectionInfo, IntoConnectionInfo as _, RedisError,
    RedisResult, Script, Value, cmd,
};

use crate::limits::{CLUSTER_LEASE_MS, CLUSTER_REPLY_MS};
use crate::log::Batch;
use crate::model::{NodeId, Secret};

use super::calls::{Answered, EngineCalls, EngineStanding, Logged, OtherMember, Verdict};
use super::scripts::{BEGIN, DECLARE, ENROL, PROPOSE, RENEW, SAVE};
use super::{EngineOptions, Position};

/// A connection to the engine.
pub struct EngineLink {
    connection: Connection,
    prefix: String,
    name: String,
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
}

impl EngineCalls for EngineLink {
    fn version_and_policy(&mut self) -> Answered<(u64, String)> {
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

    fn enrol(&mut self) -> Answered<NodeId> {
        let node: u16 = Script::new(ENROL)
            .key(self.key("nodes"))
            .arg(&self.name)
            .invoke(&mut self.connection)?;
        Ok(NodeId(node))
    }

    fn begin(
        &mut self,
        node: NodeId,
        run: &str,
        gone: &[u8],
        is_first: bool,
    ) -> Answered<(u64, Position)> {
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

    fn propose(&mut self, batch: &Batch) -> Answered<Verdict> {
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
            "in" => Verdict::In,
            "over" => Verdict::Over,
            last => Verdict::Had(last.parse().unwrap_or(0)),
        })
    }

    fn renew(&mut self, generation: u64, run: &str) -> Answered<Verdict> {
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

    fn run(&mut self) -> Answered<String> {
        let key = self.node_key(&self.name);
        let run: Option<String> = cmd("HGET")
            .arg(key)
            .arg("run")
            .query(&mut self.connection)?;
        Ok(run.unwrap_or_default())
    }

    fn others(&mut self) -> Answered<Vec<OtherMember>> {
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
                others.push(OtherMember {
                    name,
                    node: NodeId(node),
                    holds: holds == 1,
                });
            }
        }
        Ok(others)
    }

    fn declare(&mut self, name: &str, by: NodeId, gone: &[u8]) -> Answered<bool> {
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

    fn leave(&mut self) -> Answered<()> {
        let lease = self.lease_key(&self.name);
        Ok(cmd("DEL").arg(lease).query(&mut self.connection)?)
    }

    fn save(&mut self, at: Position, state: &[u8], is_first: bool) -> Answered<bool> {
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

    fn state(&mut self) -> Answered<Option<(Position, Vec<u8>)>> {
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

    fn standing(&mut self) -> Answered<EngineStanding> {
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

    fn trim(&mut self, through: Position) -> Answered<()> {
        let log = self.key("log");
        let trimmed = cmd("XTRIM")
            .arg(log)
            .arg("MINID")
            .arg("~")
            .arg(through.to_string())
            .query(&mut self.connection);
        Ok(trimmed?)
    }

    fn read(&mut self, after: Position, count: usize, wait: Duration) -> Answered<Vec<Logged>> {
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
            Logged {
                at: Position::parse(&at),
                before,
                batch,
            }
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
