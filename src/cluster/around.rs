//! What those who talk to the engine tell each other and the loop of other servers, of replicas, and how far behind this one is.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{MutexGuard, PoisonError};
use std::time::Duration;

use crate::limits::CLUSTER_RETRY_MS;
use crate::log::Batch;
use crate::model::NodeEntry;

use super::calls::EngineSite;
use super::line::{EngineLine, NodeList};

impl<S: EngineSite> EngineLine<S> {
    /// Waits until as many replicas have a batch of this program as there are to be. `false`: it is over.
    pub(super) fn await_replicas(&self, batch: &Batch) -> bool {
        let is_own = batch.node == self.node && batch.generation >= self.since;
        if self.site.replicas() == 0 || !is_own {
            return true;
        }
        let moment = Duration::from_millis(CLUSTER_RETRY_MS);
        let confirmed = self.confirmed.lock();
        let mut confirmed = confirmed.unwrap_or_else(PoisonError::into_inner);
        while *confirmed < batch.last() && !self.is_closing() {
            let waited = self.grown.wait_timeout(confirmed, moment);
            confirmed = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
        !self.is_closing()
    }

    /// As many replicas as there are to be have the entries up to that.
    pub(super) fn confirm(&self, through: u64) {
        let confirmed = self.confirmed.lock();
        let mut confirmed = confirmed.unwrap_or_else(PoisonError::into_inner);
        *confirmed = through.max(*confirmed);
        self.grown.notify_one();
    }

    pub(super) fn nodes(&self) -> MutexGuard<'_, NodeList> {
        self.nodes.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Tells the loop which servers there are, where that has changed.
    pub(super) fn note_nodes(&self, nodes: Vec<NodeEntry>) {
        let mut list = self.nodes();
        if list.nodes != nodes {
            *list = NodeList {
                version: list.version + 1,
                nodes,
            };
            drop(list);
            (self.wake)();
        }
    }

    /// Batches of the log that are not applied here, as far as it is known.
    pub(super) fn behind(&self) -> u64 {
        let count = |of: &AtomicU64| of.load(Ordering::Acquire);
        let unread = match count(&self.read) {
            0 => 0,
            read => count(&self.added).saturating_sub(read),
        };
        unread + count(&self.told_count)
    }
}
