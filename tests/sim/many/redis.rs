//! A model of the Redis that has the log: what it keeps, and what its scripts do with that.

use std::collections::BTreeMap;
use std::rc::Rc;

use hubbub::testing::{
    Batch, EngineMember, EngineStanding, Logged, NodeId, Position, Tail, Verdict,
};

use super::epoch::Inquiry;

/// How long a lease is, in milliseconds.
const LEASE_MS: u64 = 6_000;

/// A server that is, or was, a member.
#[derive(Debug, Clone, Default)]
pub(super) struct Member {
    pub(super) tail: Tail,
    run: String,
    /// Has it left by itself?
    pub(super) has_left: bool,
}

/// What it keeps. A copy of it is what was on its disk at some time.
#[derive(Debug, Clone, Default)]
pub(crate) struct Kept {
    pub(super) nodes: BTreeMap<String, u16>,
    pub(super) members: BTreeMap<String, Member>,
    /// Until when each lease holds, in milliseconds since 1970.
    leases: BTreeMap<String, u64>,
    pub(super) log: Vec<Rc<Logged>>,
    pub(super) last: Position,
    cut: Position,
    pub(super) head: Position,
    pub(super) state: Option<(Position, Rc<Vec<u8>>)>,
    /// The epoch; 0 is none.
    pub(super) epoch: u64,
    /// The incarnation that was found to be whole.
    pub(super) token: Option<u64>,
    /// What is asked about each incarnation.
    pub(super) inquiries: BTreeMap<u64, Inquiry>,
}

impl Kept {
    fn add(&mut self, batch: Batch, number: Option<u64>, now_ms: u64) -> Position {
        let at = match now_ms > self.last.ms {
            true => Position { ms: now_ms, seq: 0 },
            false => Position {
                seq: self.last.seq + 1,
                ..self.last
            },
        };
        let before = self.head;
        self.log.push(Rc::new(Logged {
            at,
            before,
            batch,
            number,
            epoch: None,
        }));
        (self.last, self.head) = (at, at);
        at
    }

    fn holds(&self, name: &str, now_ms: u64) -> bool {
        self.leases.get(name).is_some_and(|&until| until > now_ms)
    }

    pub(crate) fn enrol(&mut self, name: &str) -> NodeId {
        let next = self.nodes.values().max().unwrap_or(&0) + 1;
        NodeId(*self.nodes.entry(name.into()).or_insert(next))
    }

    pub(crate) fn begin(
        &mut self,
        name: &str,
        (node, run, floor): (NodeId, &str, u64),
        gone: &[u8],
        now_ms: u64,
    ) -> (u64, Position) {
        let member = self.members.entry(name.into()).or_default();
        member.tail.generation = member.tail.generation.max(floor) + 1;
        (member.tail.is_alive, member.run, member.has_left) = (true, run.into(), false);
        if floor == 0 {
            member.tail.number = 0;
        }
        let (generation, number) = (member.tail.generation, member.tail.number);
        self.leases.insert(name.into(), now_ms + LEASE_MS);
        let batch = Batch {
            node,
            generation,
            first: 0,
            count: 1,
            bytes: gone.into(),
        };
        (generation, self.add(batch, Some(number), now_ms))
    }

    pub(crate) fn propose(&mut self, name: &str, batch: &Batch, now_ms: u64) -> Verdict {
        let Some(member) = self.members.get_mut(name) else {
            return Verdict::Over;
        };
        if member.tail.generation != batch.generation {
            return Verdict::Over;
        }
        if batch.first <= member.tail.number {
            return Verdict::Had(member.tail.number);
        }
        member.tail.number = batch.last();
        self.add(batch.clone(), None, now_ms);
        Verdict::In
    }

    pub(crate) fn renew(&mut self, name: &str, generation: u64, now_ms: u64) -> Verdict {
        let member = self.members.get(name);
        if member.is_none_or(|member| member.tail.generation != generation) {
            return Verdict::Over;
        }
        self.leases.insert(name.into(), now_ms + LEASE_MS);
        Verdict::In
    }

    pub(crate) fn run(&self, name: &str) -> String {
        let member = self.members.get(name);
        member.map(|member| member.run.clone()).unwrap_or_default()
    }

    pub(crate) fn members(&self, now_ms: u64) -> Vec<EngineMember> {
        let nodes = self.nodes.iter();
        let members = nodes.map(|(name, &node)| EngineMember {
            name: name.clone(),
            node: NodeId(node),
            membership: self.members.get(name).map_or(Tail::default(), |it| it.tail),
            holds: self.holds(name, now_ms),
        });
        members.collect()
    }

    pub(crate) fn declare(&mut self, name: &str, by: NodeId, gone: &[u8], now_ms: u64) -> bool {
        if self.holds(name, now_ms) {
            return false;
        }
        let Some(member) = self
            .members
            .get_mut(name)
            .filter(|member| member.tail.is_alive)
        else {
            return false;
        };
        member.tail.is_alive = false;
        member.tail.generation += 1;
        let batch = Batch {
            node: by,
            generation: 0,
            first: 0,
            count: 1,
            bytes: gone.into(),
        };
        self.add(batch, None, now_ms);
        true
    }

    pub(crate) fn leave(&mut self, name: &str) {
        self.leases.remove(name);
        self.members.entry(name.into()).or_default().has_left = true;
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
