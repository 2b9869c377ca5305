//! This server's end of the log of a cluster: what it proposes, until that is handed over.

use crate::chat::Entry;
use crate::model::NodeId;

use super::wire::{entries_of, write_entry};

/// Entries that are proposed together, or were read back together.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Batch {
    /// The server that they come from.
    pub node: NodeId,
    /// The number of its membership: one that was declared gone takes a new one.
    pub generation: u64,
    /// The number of the first of them; the others follow. No two entries of a program have one.
    pub first: u64,
    /// How many there are.
    pub count: u64,
    /// The entries ([`super::read_entries`]).
    pub bytes: Vec<u8>,
}

impl Batch {
    /// The number of the last of them.
    pub fn last(&self) -> u64 {
        (self.first + self.count).saturating_sub(1)
    }

    /// Adds the entries of the next batch. `false`: it is not of the same server and membership, or does not follow.
    pub fn append(&mut self, next: &Batch) -> bool {
        let follows = next.first == self.first + self.count;
        let is_same = next.node == self.node && next.generation == self.generation;
        if follows && is_same {
            self.count += next.count;
            self.bytes.extend_from_slice(entries_of(&next.bytes));
        }
        follows && is_same
    }
}

/// This server's end.
#[derive(Debug)]
pub(crate) struct SharedLog {
    node: NodeId,
    /// The first membership of this program. Entries of an earlier one are another program's.
    since: u64,
    generation: u64,
    /// The number of the last entry.
    last: u64,
    /// What is proposed and not handed over; empty for nothing.
    bytes: Vec<u8>,
    count: u64,
    /// Is what is being applied an entry of this program?
    is_own: bool,
}

impl SharedLog {
    pub(crate) fn new(node: NodeId, generation: u64) -> SharedLog {
        SharedLog {
            node,
            since: generation,
            generation,
            last: 0,
            bytes: Vec::new(),
            count: 0,
            is_own: false,
        }
    }

    pub(crate) fn node(&self) -> NodeId {
        self.node
    }

    #[cfg(feature = "testing")]
    pub(crate) fn generation(&self) -> u64 {
        self.generation
    }

    /// Was that batch proposed by this program? What is heard next comes of it.
    pub(crate) fn begin(&mut self, batch: &Batch) -> bool {
        self.is_own = batch.node == self.node && batch.generation >= self.since;
        self.is_own
    }

    pub(crate) fn is_own(&self) -> bool {
        self.is_own
    }

    /// It goes on under a membership. `false`: that is the one that it has.
    pub(crate) fn set_generation(&mut self, generation: u64) -> bool {
        let is_new = generation > self.generation;
        self.generation = self.generation.max(generation);
        is_new
    }

    /// Proposes an entry. Returns its number.
    pub(crate) fn propose(&mut self, entry: &Entry) -> u64 {
        write_entry(entry, &mut self.bytes);
        self.count += 1;
        self.last += 1;
        self.last
    }

    /// What was proposed since the last call.
    pub(crate) fn take(&mut self) -> Option<Batch> {
        if self.bytes.is_empty() {
            return None;
        }
        let count = std::mem::take(&mut self.count);
        Some(Batch {
            node: self.node,
            generation: self.generation,
            first: self.last - count + 1,
            count,
            bytes: std::mem::take(&mut self.bytes),
        })
    }
}
