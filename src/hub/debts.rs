//! Answers that are on their way, and to whom.

use crate::model::ConnId;

use super::state::Hub;

impl Hub {
    /// Are answers on their way to it?
    pub fn owes(&self, who: ConnId) -> bool {
        let is_asking = self.accounts.asking.contains(&who);
        is_asking || self.history.owed.count(who) > 0 || self.held.is_for(who)
    }

    /// No answer is waited for any more.
    pub fn cancel_pending(&mut self, who: ConnId) {
        self.held.forget(who);
        self.history.owed.forget(who);
        self.accounts.asking.remove(&who);
    }
}
