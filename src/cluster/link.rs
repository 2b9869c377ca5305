//! A connection to a Redis, and what is asked of it.

use std::time::Duration;

use redis::{Connection, RedisResult, Script, Value, cmd};

use crate::limits::{CLUSTER_FOUND_MS, CLUSTER_LEASE_MS, CLUSTER_RENEW_MS};
use crate::log::Batch;
use crate::model::{NodeId, Secret};

use super::EngineOptions;
use super::calls::{
    Answered, EngineCalls, EngineMember, EngineNode, EngineStanding, Examined, Logged, NewEpoch,
    Tail, Verdict,
};
use super::dial::dial;
use super::position::Position;
use super::scripts::{BEGIN, DECLARE, ENROL, EXAMINE, GUARD, OPEN, PROPOSE, RENEW, SAVE};

/// A connection to the engine.
pub struct EngineLink {
    pub(super) connection: Connection,
    prefix: String,
    pub(super) name: String,
    /// Where people reach this server.
    pub(super) address_told: Option<String>,
    /// What tells the engine from one that was started anew, or is another.
    token: String,
}

impl EngineLink {
    /// Connects. `wait` is how long a reply may take.
    pub(super) fn open(
        options: &EngineOptions,
        password: Option<&Secret>,
        wait: Duration,
    ) -> RedisResult<EngineLink> {
        let mut connection = dial(options, password, wait)?;
        let info: String = cmd("INFO").query(&mut connection)?;
        Ok(EngineLink {
            token: format!(
                "{}/{}",
                field(&info, "run_id:"),
                field(&info, "master_replid:")
            ),
            connection,
            prefix: options.address.prefix.clone(),
            name: options.node.clone(),
            address_told: options.address_told.clone(),
        })
    }

    /// The name of a key.
    pub(super) fn key(&self, what: &str) -> String {
        format!("{}:{what}", self.prefix)
    }

    pub(super) fn node_key(&self, name: &str) -> String {
        self.key(&format!("node:{name}"))
    }

    pub(super) fn lease_key(&self, name: &str) -> String {
        self.key(&format!("lease:{name}"))
    }
}

impl EngineCalls for EngineLink {
    fn version_and_policy(&mut self) -> Answered<(u64, String)> {
        let info: String = cmd("INFO").query(&mut self.connection)?;
        let version = field(&info, "redis_version:");
        let major = version.split('.').next().and_then(|it| it.parse().ok());
        Ok((
            major.unwrap_or(0),
            field(&info, "maxmemory_policy:").to_string(),
        ))
    }

    fn examine(&mut self, epoch: u64, at: Position, known: &[String]) -> Answered<Examined> {
        let (what, number, head): (String, String, String) = Script::new(EXAMINE)
            .key(self.key("epoch"))
            .key(self.key(&format!("inquiry:{}", self.token)))
            .key(self.key("nodes"))
            .key(self.key("head"))
            .key(self.key("state"))
            .arg(&self.token)
            .arg(&self.name)
            .arg(epoch)
            .arg(at.ms)
            .arg(at.seq)
            .arg(CLUSTER_LEASE_MS + CLUSTER_RENEW_MS)
            .arg(CLUSTER_FOUND_MS)
            .arg(self.node_key(""))
            .arg(known)
            .invoke(&mut self.connection)?;
        let number = number.parse().unwrap_or(0);
        match what.as_str() {
            "whole" => Ok(Examined::Whole(number)),
            "lead" => Ok(Examined::Lead(number, Position::parse(&head))),
            _ => Ok(Examined::Wait),
        }
    }

    fn open_epoch(&mut self, new: &NewEpoch) -> Answered<bool> {
        let (state_at, state) = new.state.clone().unwrap_or_default();
        let script = Script::new(OPEN);
        let mut script = script.prepare_invoke();
        script
            .key(self.key("epoch"))
            .key(self.key(&format!("inquiry:{}", self.token)))
            .key(self.key("log"))
            .key(self.key("head"))
            .key(self.key("state"))
            .key(self.key("nodes"))
            .arg(&self.token)
            .arg(new.after)
            .arg(new.own)
            .arg(new.node.0)
            .arg(&new.entry)
            .arg(new.at.ms)
            .arg(new.at.seq)
            .arg(u8::from(new.state.is_none()))
            .arg(state_at.ms)
            .arg(state_at.seq)
            .arg(state)
            .arg(self.node_key(""))
            .arg(new.members.len());
        for member in &new.members {
            let tail = member.membership;
            script.arg(&member.name).arg(member.node.0);
            script.arg(tail.generation).arg(tail.number);
            script.arg(u8::from(tail.is_alive));
        }
        let text = |number: Option<u64>| number.map_or(String::new(), |it| it.to_string());
        for Logged {
            at,
            before,
            batch,
            number,
            epoch,
        } in &new.batches
        {
            script.arg(at.to_string()).arg(before.to_string());
            script.arg(batch.node.0).arg(batch.generation);
            script.arg(batch.first).arg(batch.count).arg(&batch.bytes);
            script.arg(text(*number)).arg(text(*epoch));
        }
        let opened: u8 = script.invoke(&mut self.connection)?;
        Ok(opened == 1)
    }

    fn enrol(&mut self) -> Answered<NodeId> {
        let node: u16 = guarded(ENROL)
            .key(self.key("nodes"))
            .key(self.key("epoch"))
            .arg(&self.name)
            .arg(&self.token)
            .invoke(&mut self.connection)?;
        Ok(NodeId(node))
    }

    fn begin(
        &mut self,
        node: NodeId,
        run: &str,
        gone: &[u8],
        floor: u64,
    ) -> Answered<(u64, Position)> {
        let name = self.name.clone();
        let (generation, at): (String, String) = guarded(BEGIN)
            .key(self.key("log"))
            .key(self.node_key(&name))
            .key(self.lease_key(&name))
            .key(self.key("head"))
            .key(self.key("epoch"))
            .arg(node.0)
            .arg(run)
            .arg(gone)
            .arg(CLUSTER_LEASE_MS)
            .arg(u8::from(floor == 0))
            .arg(floor)
            .arg(&self.token)
            .invoke(&mut self.connection)?;
        Ok((generation.parse().unwrap_or(0), Position::parse(&at)))
    }

    fn propose(&mut self, batch: &Batch) -> Answered<Verdict> {
        let name = self.name.clone();
        let taken: String = guarded(PROPOSE)
            .key(self.key("log"))
            .key(self.node_key(&name))
            .key(self.key("head"))
            .key(self.key("epoch"))
            .arg(batch.node.0)
            .arg(batch.generation)
            .arg(batch.first)
            .arg(batch.count)
            .arg(&batch.bytes)
            .arg(&self.token)
            .invoke(&mut self.connection)?;
        Ok(match taken.as_str() {
            "in" => Verdict::In,
            "over" => Verdict::Over,
            last => Verdict::Had(last.parse().unwrap_or(0)),
        })
    }

    fn renew(&mut self, generation: u64, run: &str) -> Answered<Verdict> {
        let name = self.name.clone();
        let renewed: String = guarded(RENEW)
            .key(self.node_key(&name))
            .key(self.lease_key(&name))
            .key(self.key("epoch"))
            .arg(generation)
            .arg(run)
            .arg(CLUSTER_LEASE_MS)
            .arg(&self.token)
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

    fn members(&mut self) -> Answered<Vec<EngineMember>> {
        let key = self.key("nodes");
        let all: Vec<(String, u16)> = cmd("HGETALL").arg(key).query(&mut self.connection)?;
        let mut members = Vec::new();
        for (name, node) in all {
            let (key, lease) = (self.node_key(&name), self.lease_key(&name));
            let found: (Option<u64>, Option<u64>, Option<u8>) = cmd("HMGET")
                .arg(key)
                .arg(&["generation", "number", "alive"])
                .query(&mut self.connection)?;
            let holds: u8 = cmd("EXISTS").arg(lease).query(&mut self.connection)?;
            members.push(EngineMember {
                name,
                node: NodeId(node),
                membership: Tail {
                    generation: found.0.unwrap_or(0),
                    number: found.1.unwrap_or(0),
                    is_alive: found.2 == Some(1),
                },
                holds: holds == 1,
            });
        }
        Ok(members)
    }

    fn declare(&mut self, name: &str, by: NodeId, gone: &[u8]) -> Answered<bool> {
        let declared: u8 = guarded(DECLARE)
            .key(self.key("log"))
            .key(self.node_key(name))
            .key(self.lease_key(name))
            .key(self.key("head"))
            .key(self.key("epoch"))
            .arg(by.0)
            .arg(gone)
            .arg(&self.token)
            .invoke(&mut self.connection)?;
        Ok(declared == 1)
    }

    fn introduce(&mut self) -> Answered<()> {
        Ok(self.tell_itself()?)
    }

    fn nodes(&mut self) -> Answered<Vec<EngineNode>> {
        Ok(self.all_nodes()?)
    }

    fn open_clients(&mut self, clients: &[String]) -> Answered<Vec<String>> {
        Ok(self.open_of(clients)?)
    }

    fn end_lease(&mut self, name: &str, client: &str) -> Answered<()> {
        Ok(self.end_lease_of(name, client)?)
    }

    fn drain(&mut self, name: &str) -> Answered<()> {
        Ok(self.have_drained(name)?)
    }

    fn await_replicas(&mut self, count: u64, ms: u64) -> Answered<u64> {
        Ok(cmd("WAIT").arg(count).arg(ms).query(&mut self.connection)?)
    }

    fn batches_ever(&mut self) -> Answered<u64> {
        Ok(self.count_ever()?)
    }

    fn leave(&mut self) -> Answered<()> {
        let (key, lease) = (self.node_key(&self.name), self.lease_key(&self.name));
        let left = cmd("HSET").arg(key).arg("left").arg(1).to_owned();
        let () = left.query(&mut self.connection)?;
        Ok(cmd("DEL").arg(lease).query(&mut self.connection)?)
    }

    fn save(&mut self, at: Position, state: &[u8], is_first: bool) -> Answered<bool> {
        let saved: u8 = guarded(SAVE)
            .key(self.key("state"))
            .key(self.key("epoch"))
            .arg(at.ms)
            .arg(at.seq)
            .arg(state)
            .arg(0)
            .arg(u8::from(is_first))
            .arg(&self.token)
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
        let batches = entries.map(|(at, fields)| logged(Position::parse(&at), fields));
        Ok(batches.collect())
    }
}

/// What stands behind a name in what an engine says of itself.
fn field<'a>(info: &'a str, name: &str) -> &'a str {
    let mut lines = info.lines();
    let found = lines.find_map(|line| line.strip_prefix(name));
    found.unwrap_or_default().trim()
}

/// A batch of the log.
fn logged(at: Position, fields: Vec<(String, Vec<u8>)>) -> Logged {
    let mut logged = Logged {
        at,
        ..Logged::default()
    };
    let batch = &mut logged.batch;
    for (name, value) in fields {
        let maybe = || {
            let text = std::str::from_utf8(&value).ok();
            text.and_then(|text| text.parse::<u64>().ok())
        };
        let number = || maybe().unwrap_or(0);
        match name.as_str() {
            "n" => batch.node = NodeId(u16::try_from(number()).unwrap_or(0)),
            "g" => batch.generation = number(),
            "s" => batch.first = number(),
            "c" => batch.count = number(),
            "b" => batch.bytes = value,
            "p" => logged.before = Position::parse(&String::from_utf8_lossy(&value)),
            "l" => logged.number = maybe(),
            "e" => logged.epoch = maybe(),
            _ => {}
        }
    }
    logged
}

/// A change that is made at no other engine than the one that was examined.
fn guarded(change: &str) -> Script {
    Script::new(&format!("{GUARD}{change}"))
}
