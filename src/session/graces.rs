//! The time that guests have who go by an account's name: then they are given another.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::model::UserId;

/// Until when guests may go by accounts' names, in milliseconds since the start.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(crate) struct Graces {
    by_user: BTreeMap<UserId, u64>,
    /// Invariant: exactly those of `by_user`.
    #[serde(skip)]
    by_time: BTreeSet<(u64, UserId)>,
}

impl Graces {
    /// A user may go by its name until then.
    pub(crate) fn begin(&mut self, user: UserId, due_ms: u64) {
        self.by_user.insert(user, due_ms);
        self.by_time.insert((due_ms, user));
    }

    /// Finds them by time from now on. To be called once, after they were read.
    pub(crate) fn index(&mut self) {
        let by_user = self.by_user.iter();
        self.by_time = by_user.map(|(&user, &due_ms)| (due_ms, user)).collect();
    }

    pub(crate) fn has(&self, user: UserId) -> bool {
        self.by_user.contains_key(&user)
    }

    /// Lets a user go by its name.
    pub(crate) fn stop(&mut self, user: UserId) {
        if let Some(due_ms) = self.by_user.remove(&user) {
            self.by_time.remove(&(due_ms, user));
        }
    }

    /// When the next guest is given another name, and who that is.
    pub(crate) fn next(&self) -> Option<(u64, UserId)> {
        self.by_time.first().copied()
    }

    /// Whose time runs.
    pub(crate) fn users(&self) -> impl Iterator<Item = UserId> {
        debug_assert_eq!(self.by_user.len(), self.by_time.len());
        self.by_user.keys().copied()
    }
}
