//! Guests: users without an account. One who goes by an account's name has some time to log in, and is
//! given another name then.

use std::collections::{BTreeSet, HashMap};

use crate::model::{Event, Notice, UserId};

use super::state::Hub;

/// Until when guests may go by accounts' names, in milliseconds since the start.
#[derive(Debug, Default)]
pub(super) struct Graces {
    by_user: HashMap<UserId, u64>,
    /// Invariant: exactly those of `by_user`.
    by_time: BTreeSet<(u64, UserId)>,
}

impl Graces {
    fn begin(&mut self, user: UserId, due_ms: u64) {
        self.by_user.insert(user, due_ms);
        self.by_time.insert((due_ms, user));
    }

    pub(super) fn has(&self, user: UserId) -> bool {
        self.by_user.contains_key(&user)
    }

    /// Lets a user go by its name.
    pub(super) fn stop(&mut self, user: UserId) {
        if let Some(due_ms) = self.by_user.remove(&user) {
            self.by_time.remove(&(due_ms, user));
        }
    }

    /// When the next guest is given another name, and who that is.
    pub(super) fn next(&self) -> Option<(u64, UserId)> {
        self.by_time.first().copied()
    }

    /// Whose time runs.
    #[cfg(any(test, feature = "testing"))]
    pub(super) fn users(&self) -> impl Iterator<Item = UserId> {
        assert_eq!(self.by_user.len(), self.by_time.len());
        self.by_time.iter().map(|&(_, user)| user)
    }
}

impl Hub {
    /// Tells a guest whose name is an account's how long it may go by it, from now on.
    pub(super) fn begin_grace(&mut self, id: UserId) {
        let Some(user) = self.chat.users().get(id) else {
            return;
        };
        let nick = user.nick().clone();
        if user.is_account() || self.graces.has(id) || !self.chat.is_registered(&nick) {
            return;
        }
        let grace_ms = self.chat.rules().grace_ms;
        self.graces.begin(id, self.now.uptime_ms + grace_ms);
        let seconds = grace_ms.div_ceil(1000);
        let notice = Notice::MustLogIn { nick, seconds };
        self.tell_user(id, &Event::Notice(notice));
    }
}
