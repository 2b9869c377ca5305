//! How much a turn may do, and what requests, and bytes that are none, cost a connection in tokens.

use crate::limits::{
    DELIVERIES_PER_TOKEN, DELIVERY_BUDGET, ROWS_PER_TOKEN, SEARCH_BYTES_PER_TOKEN,
    STEPS_PER_DELIVERY, UNFRAMED_BYTES_PER_TOKEN, UNFRAMED_READ_COST,
};
use crate::model::ConnId;
use crate::sys::System;

use super::Reactor;

/// What a turn has done, and until when it may go on, in microseconds since its beginning.
#[derive(Debug, Default)]
pub(super) struct Budget {
    /// Deliveries made in this turn, and what takes as long as so many.
    deliveries: usize,
    /// When it has done enough of what it is doing.
    enough_us: u64,
    /// When the connection that is served has had its share.
    pub(super) slice_ends_us: Option<u64>,
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

    pub(super) fn spend(&mut self, id: ConnId, tokens: u64) {
        self.spend_thousandths(id, tokens * 1000);
    }

    pub(super) fn spend_thousandths(&mut self, id: ConnId, cost: u64) {
        if let (Some(rate), Some(connection)) = (self.limits.rate, self.connections.get_mut(id)) {
            connection.bucket.spend(cost, rate, self.clock.now);
        }
    }

    /// A read brought bytes that no frame came of.
    pub(super) fn charge_unframed(&mut self, id: ConnId, bytes: usize) {
        if bytes > 0 {
            let of_bytes = bytes as u64 * 1000 / UNFRAMED_BYTES_PER_TOKEN as u64;
            self.spend_thousandths(id, UNFRAMED_READ_COST + of_bytes);
        }
    }

    /// Charges a connection for what its request, which was for many, made beside its answer: so many
    /// deliveries, and so many steps that the hub took.
    pub(super) fn charge_for_work(&mut self, id: ConnId, deliveries: u64, steps: usize) {
        self.budget.charge(steps);
        let work = deliveries + (steps / STEPS_PER_DELIVERY) as u64;
        self.spend_thousandths(id, work * 1000 / DELIVERIES_PER_TOKEN as u64);
    }

    /// So many rooms or users are told.
    pub(super) fn charge_rows(&mut self, id: ConnId, rows: usize) {
        self.budget.charge(self.hub.take_steps());
        self.spend(id, (rows / ROWS_PER_TOKEN) as u64);
    }

    /// Who searched what is in memory has an answer: it pays for what was looked through, and may ask again.
    pub(super) fn note_searched(&mut self, who: ConnId, bytes: usize) {
        self.spend(who, (bytes / SEARCH_BYTES_PER_TOKEN) as u64);
        if let Some(connection) = self.connections.get_open(who) {
            connection.unthrottle();
        }
        self.connections.make_ready(who);
    }
}
