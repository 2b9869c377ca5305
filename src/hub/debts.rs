//! Answers that are on their way, and to whom.

use crate::model::ConnId;

use super::state::Hub;

impl Hub {
    /// Are answers on their way to it?
    pub fn owes(&self, who: ConnId) -> bool {
        let is_asking = self.accounts.asking.contains(&who);
        is_asking || self.history.owed.contains_key(&who) || self.held.is_for(who)
    }

    /// How many of those that are about what was said.
    pub(super) fn owed(&self, who: ConnId) -> usize {
        self.history
            .owed
            .get(&who)
            .map_or(0, |&count| count as usize)
    }

    /// No answer is waited for any more.
    pub fn cancel_pending(&mut self, who: ConnId) {
        self.held.forget(who);
        self.history.owed.remove(&who);
        self.accounts.asking.remove(&who);
    }

    pub(super) fn owe(&mut self, who: ConnId) {
        *self.history.owed.entry(who).or_default() += 1;
    }

    pub(super) fn settle_debt(&mut self, who: ConnId) {
        if let Some(count) = self.history.owed.get_mut(&who) {
            *count -= 1;
            if *count == 0 {
                self.history.owed.remove(&who);
            }
        }
    }
}
