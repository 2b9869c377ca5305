//! What requests, and bytes that are none, cost a connection in tokens.

use crate::limits::{
    DELIVERIES_PER_TOKEN, STEPS_PER_DELIVERY, UNFRAMED_BYTES_PER_TOKEN, UNFRAMED_READ_COST,
};
use crate::model::{ConnId, ErrorCode, Event, Notice};
use crate::sys::System;

use super::Reactor;
use super::bucket::Flood;
use super::phase::Reason;

impl<S: System> Reactor<S> {
    /// May it ask something now? If not, it is not read until it may, told so once, and closed where
    /// it goes on and on.
    pub(super) fn has_tokens(&mut self, id: ConnId) -> bool {
        let Some(rate) = self.limits.rate else {
            return true;
        };
        let now = self.clock.now;
        let Some(connection) = self.connections.get_mut(id) else {
            return false;
        };
        let is_exempt = connection.class().is_unmetered()
            || (!self.limits.rate_on_loopback && connection.peer.counted_address(false).is_none());
        let Some(until) = connection.bucket.empty_until(rate, now) else {
            return true;
        };
        if is_exempt || self.hub.is_operator(id) {
            return true;
        }
        match connection.throttle(until, now) {
            Flood::Wait => {}
            Flood::Notice => {
                self.tell(id, &Event::Notice(Notice::TooFast));
            }
            Flood::Close => {
                let code = ErrorCode::Flooding;
                self.bid_farewell(id, &Event::Error(code), Reason::Flood);
            }
        }
        false
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
        self.deliveries += steps;
        let work = deliveries + (steps / STEPS_PER_DELIVERY) as u64;
        self.spend_thousandths(id, work * 1000 / DELIVERIES_PER_TOKEN as u64);
    }
}
