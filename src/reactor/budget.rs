//! How much a turn may do.

use crate::limits::DELIVERY_BUDGET;
use crate::sys::System;

use super::Reactor;

/// What a turn has done, and until when it may go on.
#[derive(Debug)]
pub(super) struct Budget {
    /// Deliveries made in this turn, and what takes as long as so many.
    deliveries: usize,
    /// When this turn has done enough of what it is doing, in microseconds since its beginning.
    enough_us: u64,
    /// When the connection that is served has had its share of the turn, likewise.
    slice_ends_us: u64,
}

impl Default for Budget {
    fn default() -> Budget {
        Budget {
            deliveries: 0,
            enough_us: 0,
            slice_ends_us: u64::MAX,
        }
    }
}

impl Budget {
    /// Something takes as long as so many deliveries.
    pub(super) fn charge(&mut self, deliveries: usize) {
        self.deliveries += deliveries;
    }

    /// The turn takes in no more.
    pub(super) fn exhaust(&mut self) {
        self.deliveries = self.deliveries.max(DELIVERY_BUDGET);
    }

    /// So many deliveries may be made yet, whatever was made before.
    pub(super) fn leave(&mut self, deliveries: usize) {
        self.deliveries = self.deliveries.min(DELIVERY_BUDGET - deliveries);
    }
}

impl<S: System> Reactor<S> {
    /// Has this turn made as many deliveries as it may, or taken as long? What a step costs is known
    /// before only about: the clock holds where that was wrong.
    pub(super) fn is_spent(&self) -> bool {
        self.is_spent_at(self.turn_us())
    }

    /// Likewise, so many microseconds after its beginning.
    pub(super) fn is_spent_at(&self, turn_us: u64) -> bool {
        self.budget.deliveries >= DELIVERY_BUDGET || turn_us >= self.budget.enough_us
    }

    /// Microseconds since this turn began.
    pub(super) fn turn_us(&self) -> u64 {
        self.clock.turn_us(&self.system)
    }

    /// From now on this turn may take so many microseconds.
    pub(super) fn allow_us(&mut self, us: u64) {
        self.budget.enough_us = self.turn_us().saturating_add(us);
    }

    /// So many microseconds are left at least, whatever the turn has taken.
    pub(super) fn leave_us(&mut self, us: u64) {
        self.budget.enough_us = self.budget.enough_us.max(self.turn_us().saturating_add(us));
    }

    /// Whoever is served now may take so many microseconds; without an end, nobody is.
    pub(super) fn begin_slice(&mut self, us: u64) {
        self.budget.slice_ends_us = self.turn_us().saturating_add(us);
    }

    /// Has whoever is served taken as long as it may, so many microseconds after the turn began?
    pub(super) fn is_slice_over_at(&self, turn_us: u64) -> bool {
        turn_us >= self.budget.slice_ends_us
    }
}
