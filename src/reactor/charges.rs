//! What requests, and bytes that are none, cost a connection in tokens.

use crate::limits::{
    DELIVERIES_PER_TOKEN, ROWS_PER_TOKEN, SEARCH_BYTES_PER_TOKEN, STEPS_PER_DELIVERY,
    UNFRAMED_BYTES_PER_TOKEN, UNFRAMED_READ_COST,
};
use crate::model::ConnId;
use crate::sys::System;

use super::Reactor;

impl<S: System> Reactor<S> {
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
