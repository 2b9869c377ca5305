//! Answers that are on their way, and to whom.

use crate::model::ConnId;

use super::state::Hub;

impl Hub {
    /// Are answers on their way to it?
    pub fn owes(&self, who: ConnId) -> bool {
        let is_asking = self.accounts.asking.contains(&who);
        is_asking
            || self.history.owed.count(who) > 0
            || self.held.is_for(who)
            || self.proposed.has(who)
    }

    /// Is nothing under way that would be lost with this program?
    pub fn is_settled(&self) -> bool {
        self.held.is_empty()
            && self.proposed.is_empty()
            && self.exiles.is_empty()
            && self.effects.is_empty()
            && self.later.is_empty()
            && self.moved.is_empty()
            && self.accounts.waiting.is_empty()
            && self.accounts.early.is_empty()
            && self.history.asked.is_empty()
            && self.history.scans.is_empty()
            && self.history.catching.is_empty()
            && self.history.handed.0 <= self.history.kept
    }

    /// No answer is waited for any more.
    pub fn cancel_pending(&mut self, who: ConnId) {
        self.held.forget(who);
        self.history.owed.forget(who);
        self.accounts.asking.remove(&who);
    }
}
