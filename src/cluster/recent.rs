//! The end of the log, as far as it was read here: what an engine is given back that has lost it.

use std::collections::{BTreeMap, VecDeque};

use crate::limits::CLUSTER_RECENT_BYTES;
use crate::log::gone_node;
use crate::model::NodeId;

use super::calls::{EngineMember, Logged, NewEpoch, Tail};
use super::position::Position;

/// The end of the log.
#[derive(Debug, Default)]
pub(super) struct RecentLog {
    /// Up to where it was read.
    pub(super) at: Position,
    /// In which epoch.
    pub(super) epoch: u64,
    /// All members that are known, as they were when the engine was asked last.
    pub(super) members: Vec<EngineMember>,
    /// Has one come since that is not among them?
    pub(super) has_stranger: bool,
    /// What their memberships have come to, as it was read.
    tails: BTreeMap<NodeId, Tail>,
    /// Invariant: each follows the one before it, and the last is at `at`, where there is one.
    batches: VecDeque<Logged>,
    bytes: usize,
}

impl RecentLog {
    /// Nothing of an epoch was read yet.
    pub(super) fn new(epoch: u64, members: Vec<EngineMember>) -> RecentLog {
        RecentLog {
            epoch,
            members,
            ..RecentLog::default()
        }
    }

    /// The next batch was read.
    pub(super) fn note(&mut self, logged: &Logged) {
        self.at = logged.at;
        self.epoch = logged.epoch.unwrap_or(0).max(self.epoch);
        self.note_tail(logged);
        self.bytes += logged.batch.bytes.len();
        self.batches.push_back(logged.clone());
        while self.bytes > CLUSTER_RECENT_BYTES
            && let Some(old) = self.batches.pop_front()
        {
            self.bytes -= old.batch.bytes.len();
        }
    }

    fn note_tail(&mut self, logged: &Logged) {
        let batch = &logged.batch;
        if let Some(number) = logged.number {
            let begun = Tail {
                generation: batch.generation,
                number,
                is_alive: true,
            };
            self.tails.insert(batch.node, begun);
            self.has_stranger |= self.members.iter().all(|it| it.node != batch.node);
        } else if batch.generation > 0 {
            let tail = self.tails.entry(batch.node).or_default();
            (tail.generation, tail.number) = (batch.generation, batch.last());
            tail.is_alive = true;
        } else if let Some(node) = gone_node(&batch.bytes, batch.count) {
            let known = self.members.iter().find(|member| member.node == node);
            let known = known.map(|member| member.membership).unwrap_or_default();
            let tail = self.tails.entry(node).or_insert(known);
            tail.is_alive = false;
            tail.generation += 1;
        }
    }

    /// Who is a member now, as the engine says.
    pub(super) fn meet(&mut self, members: Vec<EngineMember>) {
        self.members = members;
        self.has_stranger = false;
    }

    /// The names of those that may have some of the log.
    pub(super) fn known(&self) -> Vec<String> {
        let members = self.members.iter();
        let alive = members.filter(|member| member.membership.is_alive);
        alive.map(|member| member.name.clone()).collect()
    }

    /// What an engine is given back that has the log up to a place; `state` is a state of the chat, which it needs where it
    /// does not have what comes before all that is remembered here. `None`: it needs a newer one.
    pub(super) fn new_epoch(
        &self,
        head: Position,
        state: Option<(Position, Vec<u8>)>,
    ) -> Option<NewEpoch> {
        let mut members = self.members.clone();
        for member in &mut members {
            if let Some(tail) = self.tails.get(&member.node) {
                member.membership = *tail;
            }
        }
        let mut new = NewEpoch {
            own: self.epoch,
            at: self.at,
            members,
            ..NewEpoch::default()
        };
        let first = self.batches.front();
        let start = first.map_or(self.at, |logged| logged.before);
        let is_known = |place: Position| {
            place == start || self.batches.iter().any(|logged| logged.at == place)
        };
        let is_whole = head != Position::default() && is_known(head);
        if !is_whole {
            new.state = Some(state.filter(|(at, _)| is_known(*at))?);
        }
        let from = if is_whole { head } else { start };
        let batches = self.batches.iter().filter(|logged| logged.at > from);
        new.batches = batches.cloned().collect();
        Some(new)
    }
}
