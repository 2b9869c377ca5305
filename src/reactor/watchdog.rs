//! The service manager is told that the loop goes round: where it hears nothing, it starts the server anew.

use std::time::Duration;

use super::Tick;

/// When it is told next.
#[derive(Debug)]
pub(super) struct Watchdog {
    /// In milliseconds, not 0.
    every_ms: u64,
    pub(super) at: Tick,
}

impl Watchdog {
    /// For a manager that waits for `patience` at most: it is told twice in that time.
    pub(super) fn new(patience: Duration) -> Watchdog {
        let every_ms = u64::try_from(patience.as_millis() / 2).unwrap_or(u64::MAX);
        Watchdog {
            every_ms: every_ms.max(1),
            at: 0,
        }
    }

    /// Is it to be told now?
    pub(super) fn is_due(&mut self, now: Tick) -> bool {
        let is_due = self.at <= now;
        if is_due {
            self.at = now + self.every_ms;
        }
        is_due
    }
}
