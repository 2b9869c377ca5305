//! How many answers about what was said are on their way, and to whom.

use std::collections::HashMap;

use crate::model::ConnId;

/// Counts by connection.
#[derive(Debug, Default)]
pub(crate) struct Debts {
    /// Invariant: none is 0.
    counts: HashMap<ConnId, u32>,
}

impl Debts {
    /// How many there are to one.
    pub(crate) fn count(&self, who: ConnId) -> usize {
        self.counts.get(&who).map_or(0, |&count| count as usize)
    }

    /// There is one more.
    pub(crate) fn add(&mut self, who: ConnId) {
        *self.counts.entry(who).or_default() += 1;
    }

    /// One has come, or is not waited for.
    pub(crate) fn settle(&mut self, who: ConnId) {
        if let Some(count) = self.counts.get_mut(&who) {
            *count -= 1;
            if *count == 0 {
                self.counts.remove(&who);
            }
        }
    }

    /// None is waited for any more.
    pub(crate) fn forget(&mut self, who: ConnId) {
        self.counts.remove(&who);
    }

    /// To how many there are any.
    #[cfg(any(test, feature = "testing"))]
    pub(crate) fn len(&self) -> usize {
        self.counts.len()
    }
}
