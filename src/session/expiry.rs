//! When accounts and owned rooms were used last, which end where that is long ago.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::chat::RoomId;
use crate::limits::USE_NOTED_MS;
use crate::model::AccountId;

/// What ends when it is not used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub(crate) enum Lasting {
    Account(AccountId),
    Room(RoomId),
}

/// When things were used last. Times are in milliseconds that the server has run, earlier runs included.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(crate) struct Expiry {
    /// Earlier runs.
    pub(crate) ran_before_ms: u64,
    pub(crate) uses: BTreeMap<Lasting, Use>,
    /// When each is to be looked at. Invariant: exactly those of `uses`.
    #[serde(skip)]
    pub(crate) due: BTreeSet<(u64, Lasting)>,
}

#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub(crate) struct Use {
    /// The last time.
    pub(crate) used_ms: u64,
    /// What is kept of that.
    noted_ms: u64,
    /// How long it lasts after that.
    pub(crate) life_ms: u64,
    due_ms: u64,
}

impl Expiry {
    /// Finds them by time from now on. To be called once, after they were read.
    pub(crate) fn index(&mut self) {
        let uses = self.uses.iter();
        self.due = uses.map(|(&what, entry)| (entry.due_ms, what)).collect();
    }

    /// Something is there that was used last then.
    pub(crate) fn watch(&mut self, what: Lasting, used_ms: u64, life_ms: u64) {
        self.forget(what);
        let due_ms = used_ms.saturating_add(life_ms.min(interval(life_ms)));
        let entry = Use {
            used_ms,
            noted_ms: used_ms,
            life_ms,
            due_ms,
        };
        self.uses.insert(what, entry);
        self.due.insert((due_ms, what));
    }

    pub(crate) fn forget(&mut self, what: Lasting) {
        if let Some(entry) = self.uses.remove(&what) {
            self.due.remove(&(entry.due_ms, what));
        }
    }

    /// It is used now. Returns whether that is to be kept: not more often than needed.
    pub(crate) fn touch(&mut self, what: Lasting, now_ms: u64) -> bool {
        let Some(entry) = self.uses.get_mut(&what) else {
            return false;
        };
        entry.used_ms = now_ms;
        let is_stale = now_ms >= entry.noted_ms.saturating_add(interval(entry.life_ms));
        if is_stale {
            entry.noted_ms = now_ms;
        }
        is_stale
    }

    pub(crate) fn put_off(&mut self, what: Lasting, due_ms: u64) {
        if let Some(entry) = self.uses.get_mut(&what) {
            self.due.remove(&(entry.due_ms, what));
            entry.due_ms = due_ms;
            self.due.insert((due_ms, what));
        }
    }
}

/// How often it is looked at whether something is used, and how much of that a crash may take.
pub(crate) fn interval(life_ms: u64) -> u64 {
    let (least, most) = USE_NOTED_MS;
    (life_ms / 10).clamp(least, most)
}
