//! What the loop and those share that talk to the engine.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc::SyncSender;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

use crate::log::Batch;
use crate::model::{NodeEntry, NodeId};

use super::calls::EngineSite;
use super::position::Position;
use super::recent::RecentLog;

/// What the engine has to say.
#[derive(Debug)]
pub enum EngineNews {
    /// The next batch of the log.
    Read(Position, Batch),
    /// A state of the chat is wanted, from which a server that comes begins ([`SharedEngine::save`]).
    WantsState,
    /// This server can't go on: that is why.
    Fatal(String),
}

/// What the loop and the threads share.
pub(super) struct EngineLine<S> {
    pub(super) site: S,
    /// The name of this server.
    pub(super) name: String,
    pub(super) node: NodeId,
    /// The first membership of this program.
    pub(super) since: u64,
    /// The number of the last entry that as many replicas have as there are to be.
    pub(super) confirmed: Mutex<u64>,
    /// That has grown.
    pub(super) grown: Condvar,
    /// What only this program says of itself, so that it is told from another of its name.
    pub(super) run: String,
    pub(super) queue: Mutex<ProposalQueue>,
    /// Something was added to the queue.
    pub(super) added_to_queue: Condvar,
    pub(super) told: SyncSender<EngineNews>,
    pub(super) wake: Arc<dyn Fn() + Send + Sync>,
    pub(super) is_closing: AtomicBool,
    pub(super) is_writing: AtomicBool,
    pub(super) is_reading: AtomicBool,
    /// Is the engine known to have all that anybody has of the log?
    pub(super) is_whole: AtomicBool,
    /// Does the reader have a connection?
    pub(super) is_open: AtomicBool,
    pub(super) proposed: AtomicU64,
    pub(super) recent: Mutex<RecentLog>,
    /// Batches that were ever in the log, as far as it is known.
    pub(super) added: AtomicU64,
    /// How many of them were read, where that is known, or 0.
    pub(super) read: AtomicU64,
    /// How many of those wait for the loop.
    pub(super) told_count: AtomicU64,
    pub(super) nodes: Mutex<NodeList>,
}

/// The servers of the cluster.
#[derive(Default)]
pub(super) struct NodeList {
    /// It counts how often they have changed.
    pub(super) version: u64,
    pub(super) nodes: Vec<NodeEntry>,
}

/// What is to be proposed.
#[derive(Default)]
pub(super) struct ProposalQueue {
    pub(super) batches: VecDeque<Batch>,
    /// The membership: batches of an earlier one are of no use.
    pub(super) generation: u64,
    /// The number of the last entry that the engine may have.
    pub(super) sent: u64,
    /// The number of the last entry that it has, as long as it loses nothing. Entries stay here until they are read back.
    pub(super) taken: u64,
    pub(super) state: Option<(Position, Vec<u8>)>,
    /// Servers that are to be drained.
    pub(super) drains: Vec<String>,
}

impl<S: EngineSite> EngineLine<S> {
    pub(super) fn queue(&self) -> MutexGuard<'_, ProposalQueue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn recent(&self) -> MutexGuard<'_, RecentLog> {
        self.recent.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn is_whole(&self) -> bool {
        self.is_whole.load(Ordering::Acquire)
    }

    /// The engine may be another than before, or is found to be whole.
    pub(super) fn set_whole(&self, is_whole: bool) {
        self.is_whole.store(is_whole, Ordering::Release);
        self.added_to_queue.notify_one();
    }

    /// Tells the loop something. `false`: it is over.
    pub(super) fn tell(&self, told: EngineNews) -> bool {
        let is_told = self.told.send(told).is_ok();
        (self.wake)();
        is_told
    }

    pub(super) fn is_closing(&self) -> bool {
        self.is_closing.load(Ordering::Acquire)
    }
}
