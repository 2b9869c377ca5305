//! How much is kept.

use super::desk::Tally;

/// How much is kept of each room; `None` is everything. What is beyond it is forgotten within a few
/// seconds, the oldest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Retention {
    /// For how long, in milliseconds; private messages, too.
    pub age_ms: Option<u64>,
    /// How many messages.
    pub count: Option<u64>,
    /// How many bytes: those of the texts and names, and 32 for each message.
    pub bytes: Option<u64>,
}

impl Retention {
    pub(super) fn is_exceeded(self, tally: Tally) -> bool {
        self.excess(tally) != Tally::default()
    }

    pub(super) fn excess(self, tally: Tally) -> Tally {
        let over = |kept: u64, most: Option<u64>| kept.saturating_sub(most.unwrap_or(u64::MAX));
        Tally {
            messages: over(tally.messages, self.count),
            bytes: over(tally.bytes, self.bytes),
        }
    }
}
