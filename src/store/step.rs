//! How much of the upkeep is done at once.

use std::time::{Duration, Instant};

/// How long a step may take before its commit: a message that comes waits for it.
const STEP: Duration = Duration::from_millis(2);

/// Rows between two looks at the clock.
pub(super) const ROWS: usize = 32;

/// What is left of a step.
pub(super) struct StepBudget {
    until: Instant,
    /// Rows, rather than until then.
    rows: Option<u64>,
}

impl StepBudget {
    /// A step that begins now, of so many rows or of as many as it has time for.
    pub(super) fn new(rows: Option<u64>) -> StepBudget {
        StepBudget {
            until: Instant::now() + STEP,
            rows,
        }
    }

    pub(super) fn is_over(&self) -> bool {
        match self.rows {
            Some(rows) => rows == 0,
            None => Instant::now() >= self.until,
        }
    }

    /// A row is done.
    pub(super) fn count(&mut self) {
        self.rows = self.rows.map(|rows| rows.saturating_sub(1));
    }

    /// What is left is a matter of time alone.
    pub(super) fn limit_by_time(&mut self) {
        self.rows = None;
    }
}
