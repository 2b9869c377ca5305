//! What is asked of the engine. [`super::link`] asks a Redis; tests have a model of one.

use std::fmt;
use std::time::Duration;

use redis::RedisError;

use crate::log::Batch;
use crate::model::{NodeEntry, NodeId};

use super::position::Position;

/// Why the engine has not answered: it may have done what it was asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EngineError(pub String);

impl fmt::Display for EngineError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl From<RedisError> for EngineError {
    fn from(error: RedisError) -> EngineError {
        EngineError(error.to_string())
    }
}

/// What an engine has answered.
pub type Answered<T> = Result<T, EngineError>;

/// What came of a proposal, or of a renewal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// It is in the log.
    In,
    /// Nothing was done: what it has of this membership goes up to that entry, as some of it was taken in before.
    Had(u64),
    /// The membership is over.
    Over,
}

/// What the engine is and has.
#[derive(Debug, Clone, Copy, Default)]
pub struct EngineStanding {
    /// The entry that came last.
    pub last: Position,
    /// Everything up to this is there no more.
    pub cut: Position,
    /// How many batches there are.
    pub length: u64,
    /// The state of the chat that is kept there, by its place.
    pub saved: Option<Position>,
}

/// A batch of the log.
#[derive(Debug, Clone, Default)]
pub struct Logged {
    /// Its place.
    pub at: Position,
    /// The place of the one before it.
    pub before: Position,
    /// The batch.
    pub batch: Batch,
    /// Where a membership begins with it: the number of the last entry that was taken in of its program.
    pub number: Option<u64>,
    /// Where an epoch begins with it: that.
    pub epoch: Option<u64>,
}

/// A server that is a member, or was.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EngineMember {
    /// Its name.
    pub name: String,
    /// Its number.
    pub node: NodeId,
    /// Its membership.
    pub membership: Tail,
    /// Does its lease hold?
    pub holds: bool,
}

/// A server that has enrolled, as others see it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EngineNode {
    /// Its number.
    pub node: NodeId,
    /// The connection by which it proposes, as the engine numbers it; empty where that is not known.
    pub client: String,
    /// What is told of it.
    pub entry: NodeEntry,
}

/// What a membership has come to.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Tail {
    /// Which one it is.
    pub generation: u64,
    /// The last entry that was taken in of its program.
    pub number: u64,
    /// Was it not declared over?
    pub is_alive: bool,
}

/// What an engine is found to be that a server comes to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Examined {
    /// It has all that is known, in that epoch.
    Whole(u64),
    /// That is not known yet.
    Wait,
    /// This server has most of the log: a new epoch is its to begin, after the one of that number, at an engine that has
    /// the log up to a place.
    Lead(u64, Position),
}

/// A new epoch: what an engine is to have that has lost some of it.
#[derive(Debug, Clone, Default)]
pub struct NewEpoch {
    /// The epoch that the engine has.
    pub after: u64,
    /// The epoch that the server has, which is the number `node`.
    pub own: u64,
    /// The server.
    pub node: NodeId,
    /// Up to where it has the log.
    pub at: Position,
    /// The entry that the epoch begins with.
    pub entry: Vec<u8>,
    /// All members.
    pub members: Vec<EngineMember>,
    /// The end of the log.
    pub batches: Vec<Logged>,
    /// A state of the chat, where the log begins anew: it is what the engine has otherwise that those batches follow.
    pub state: Option<(Position, Vec<u8>)>,
}

/// Where an engine is asked, and what time it is there for who asks.
pub trait EngineSite {
    /// A connection to the engine.
    type Calls: EngineCalls;

    /// Connects. `wait` is how long a reply may take.
    ///
    /// # Errors
    /// Here and below: what the engine or the way there does not do.
    fn open(&self, wait: Duration) -> Answered<Self::Calls>;

    /// Time since some moment.
    fn now(&self) -> Duration;

    /// Where it is, for a message.
    fn address(&self) -> String;

    /// How many replicas of it have what is acknowledged.
    fn replicas(&self) -> u64 {
        0
    }

    /// Waits for so long. `false`: nobody waits here.
    fn rest(&self, time: Duration) -> bool;
}

/// A connection to the engine. Each change is done whole or not at all.
pub trait EngineCalls {
    /// The version of the engine, and what it does when it is full.
    fn version_and_policy(&mut self) -> Answered<(u64, String)>;
    /// Is it an engine that has all that anybody has? This server has the log up to a place of an epoch, 0 where it has
    /// none, and those of `known` may have some of it, too.
    fn examine(&mut self, epoch: u64, at: Position, known: &[String]) -> Answered<Examined>;
    /// Begins a new epoch. `false`: another has.
    fn open_epoch(&mut self, new: &NewEpoch) -> Answered<bool>;
    /// The number of this server.
    fn enrol(&mut self) -> Answered<NodeId>;
    /// A new membership: its number, and its place. `gone` is the entry by which its users of before have left; `floor`: the one
    /// that this program had before, or 0.
    fn begin(
        &mut self,
        node: NodeId,
        run: &str,
        gone: &[u8],
        floor: u64,
    ) -> Answered<(u64, Position)>;
    /// Has a batch taken in, unless it was before.
    fn propose(&mut self, batch: &Batch) -> Answered<Verdict>;
    /// Renews the lease.
    fn renew(&mut self, generation: u64, run: &str) -> Answered<Verdict>;
    /// Whose membership it is under this server's name; empty where there is none.
    fn run(&mut self) -> Answered<String>;
    /// All that are members, or were.
    fn members(&mut self) -> Answered<Vec<EngineMember>>;
    /// Declares a server gone. `false`: it is not, or somebody else has.
    fn declare(&mut self, name: &str, by: NodeId, gone: &[u8]) -> Answered<bool>;
    /// Tells which connection is this server's, and where people reach it.
    fn introduce(&mut self) -> Answered<()> {
        Ok(())
    }
    /// The servers that have enrolled, by their names, where that is of use.
    fn nodes(&mut self) -> Answered<Vec<EngineNode>> {
        Ok(Vec::new())
    }
    /// Those of some connections that are open; all of them, where that is not known.
    fn open_clients(&mut self, clients: &[String]) -> Answered<Vec<String>> {
        Ok(clients.to_vec())
    }
    /// Ends the lease of a server whose connection has ended, unless it has come by another.
    fn end_lease(&mut self, _name: &str, _client: &str) -> Answered<()> {
        Ok(())
    }
    /// Has a server be drained.
    fn drain(&mut self, _name: &str) -> Answered<()> {
        Ok(())
    }
    /// Waits until so many replicas have what was written by this connection, or for so many milliseconds. Returns how
    /// many have it.
    fn await_replicas(&mut self, count: u64, _ms: u64) -> Answered<u64> {
        Ok(count)
    }
    /// How many batches there were ever, where that is known.
    fn batches_ever(&mut self) -> Answered<u64> {
        Ok(0)
    }
    /// Gives the lease up, as the server ends.
    fn leave(&mut self) -> Answered<()>;
    /// Keeps a state of the chat. `is_first`: only where there is none. `false`: there is one that is as new.
    fn save(&mut self, at: Position, state: &[u8], is_first: bool) -> Answered<bool>;
    /// The state of the chat that is kept.
    fn state(&mut self) -> Answered<Option<(Position, Vec<u8>)>>;
    /// What the engine is and has.
    fn standing(&mut self) -> Answered<EngineStanding>;
    /// Forgets batches up to a place.
    fn trim(&mut self, through: Position) -> Answered<()>;
    /// Waits for batches behind a place, so long at most, and returns them.
    fn read(&mut self, after: Position, count: usize, wait: Duration) -> Answered<Vec<Logged>>;
}
