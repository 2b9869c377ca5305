//! A model of the Redis that has the log: what it keeps, and what its scripts do with that.

use std::collections::BTreeMap;
use std::rc::Rc;

use hubbub::testing::{Batch, Logged, OtherMember, Position, Verdict};
use hubbub::testing::{EngineStanding, NodeId};

/// How long a lease is, in milliseconds.
const LEASE_MS: u64 = 6_000;

/// A server that is, or was, a member.
#[derive(Debug, Clone, Default)]
struct Member {
    generation: u64,
    is_alive: bool,
    run: String,
    /// The number of the last entry that was taken in.
    number: u64,
}

/// What it keeps. A copy of it is what was on its disk at some time.
#[derive(Debug, Clone, Default)]
pub(crate) struct Kept {
    nodes: BTreeMap<String, u16>,
    members: BTreeMap<String, Member>,
    /// Until when each lease holds, in milliseconds since 1970.
    leases: BTreeMap<String, u64>,
    log: Vec<Rc<Logged>>,
    last: Position,
    cut: Position,
    head: Position,
    state: Option<(Position, Rc<Vec<u8>>)>,
}

impl Kept {
    fn add(&mut self, batch: Batch, now_ms: u64) -> Position {
        let at = match now_ms > self.last.ms {
            true => Position { ms: now_ms, seq: 0 },
            false => Position {
                seq: self.last.seq + 1,
                ..self.last
            },
        };
        let before = self.head;
        self.log.push(Rc::new(Logged { at, before, batch }));
        (self.last, self.head) = (at, at);
        at
    }

    fn holds(&self, name: &str, now_ms: u64) -> bool {
        self.leases.get(name).is_some_and(|&until| until > now_ms)
    }

    pub(crate) fn enrol(&mut self, name: &str) -> NodeId {
        let next = self.nodes.len() as u16 + 1;
        NodeId(*self.nodes.entry(name.into()).or_insert(next))
    }

    pub(crate) fn begin(
        &mut self,
        name: &str,
        (node, run, is_first): (NodeId, &str, bool),
        gone: &[u8],
        now_ms: u64,
    ) -> (u64, Position) {
        let member = self.members.entry(name.into()).or_default();
        member.generation += 1;
        (member.is_alive, member.run) = (true, run.into());
        if is_first {
            member.number = 0;
        }
        let generation = member.generation;
        self.leases.insert(name.into(), now_ms + LEASE_MS);
        let batch = Batch {
            node,
            generation,
            first: 0,
            count: 1,
            bytes: gone.into(),
        };
        (generation, self.add(batch, now_ms))
    }

    pub(crate) fn propose(&mut self, name: &str, batch: &Batch, now_ms: u64) -> Verdict {
        let Some(member) = self.members.get_mut(name) else {
            return Verdict::Over;
        };
        if member.generation != batch.generation {
            return Verdict::Over;
        }
        if batch.first <= member.number {
            return Verdict::Had(member.number);
        }
        member.number = batch.last();
        self.add(batch.clone(), now_ms);
        Verdict::In
    }

    pub(crate) fn renew(&mut self, name: &str, generation: u64, now_ms: u64) -> Verdict {
        let member = self.members.get(name);
        if member.is_none_or(|member| member.generation != generation) {
            return Verdict::Over;
        }
        self.leases.insert(name.into(), now_ms + LEASE_MS);
        Verdict::In
    }

    pub(crate) fn run(&self, name: &str) -> String {
        let member = self.members.get(name);
        member.map(|member| member.run.clone()).unwrap_or_default()
    }

    pub(crate) fn others(&self, own: &str, now_ms: u64) -> Vec<OtherMember> {
        let members = self.members.iter();
        let others = members.filter(|(name, member)| *name != own && member.is_alive);
        let others = others.map(|(name, _)| OtherMember {
            name: name.clone(),
            node: NodeId(self.nodes[name]),
            holds: self.holds(name, now_ms),
        });
        others.collect()
    }

    pub(crate) fn declare(&mut self, name: &str, by: NodeId, gone: &[u8], now_ms: u64) -> bool {
        if self.holds(name, now_ms) {
            return false;
        }
        let Some(member) = self.members.get_mut(name).filter(|member| member.is_alive) else {
            return false;
        };
        member.is_alive = false;
        member.generation += 1;
        let batch = Batch {
            node: by,
            generation: 0,
            first: 0,
            count: 1,
            bytes: gone.into(),
        };
        self.add(batch, now_ms);
        true
    }

    pub(crate) fn leave(&mut self, name: &str) {
        self.leases.remove(name);
    }

    pub(crate) fn save(&mut self, at: Position, state: &[u8], is_first: bool) -> bool {
        let is_newer = self.state.as_ref().is_none_or(|(saved, _)| at > *saved);
        let is_taken = is_newer && !(is_first && self.state.is_some());
        if is_taken {
            self.state = Some((at, Rc::new(state.into())));
        }
        is_taken
    }

    pub(crate) fn state(&self) -> Option<(Position, Vec<u8>)> {
        let state = self.state.as_ref();
        state.map(|(at, state)| (*at, state.as_ref().clone()))
    }

    pub(crate) fn standing(&self) -> EngineStanding {
        EngineStanding {
            last: self.last,
            cut: self.cut,
            length: self.log.len() as u64,
            saved: self.state.as_ref().map(|(at, _)| *at),
        }
    }

    pub(crate) fn trim(&mut self, through: Position) {
        let is_old = |logged: &&Rc<Logged>| logged.at < through;
        let Some(last) = self.log.iter().take_while(is_old).last() else {
            return;
        };
        self.cut = last.at;
        let cut = self.cut;
        self.log.retain(|logged| logged.at > cut);
    }

    pub(crate) fn read(&self, after: Position, count: usize) -> Vec<Logged> {
        let start = self.log.partition_point(|logged| logged.at <= after);
        let found = self.log[start..].iter().take(count);
        found.map(|logged| logged.as_ref().clone()).collect()
    }
}
