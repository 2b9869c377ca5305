//! The end of a turn: everyone whose state may have changed is flushed once, held to its limits, and
//! has its interest and deadline applied; then those who are done with are swept.

use std::io;

use crate::limits::{BYTES_PER_WRITE, FLUSH_BUDGET, FLUSH_US, FLUSHES_MIN, SWEEP_US, SWEEPS_MIN};
use crate::model::ConnId;
use crate::sys::System;

use super::Reactor;
use super::connection::Standing;
use super::phase::{Phase, Reason};

impl<S: System> Reactor<S> {
    /// Flushes first those who asked something or were heard of, then a share of those who wait for
    /// what others said, and of those who hear what was said in this turn. Who is swept leaves the
    /// hub, and the others are told in a later turn: a crowd that breaks off together costs no flush
    /// of the room for each.
    pub(super) fn settle(&mut self) {
        let mut at = 0;
        while let Some(id) = self.connections.touched(at) {
            self.flush_batch_to(id);
            at += 1;
        }
        self.settle_touched();
        let at_once = FLUSH_BUDGET.saturating_sub(self.connections.waiting_len());
        let waits = FLUSH_BUDGET - at_once;
        let writes = waits + self.hand_out(at_once);
        self.flush_waiting(writes);
        self.bound_total();
        self.allow_us(SWEEP_US);
        let mut swept = 0;
        while swept < SWEEPS_MIN || !self.is_spent() {
            let Some(id) = self.connections.pop_doomed() else {
                break;
            };
            self.sweep(id);
            swept += 1;
        }
        self.hand_out(0);
        self.settle_touched();
        self.pages.retire();
        self.timers
            .tidy(|id| self.connections.get(id).map(|connection| connection.alarm));
        self.connections.shrink_lists();
    }

    /// Flushes some of those who wait for what others said. A long write counts as several.
    fn flush_waiting(&mut self, mut writes: usize) {
        let mut flushed = 0;
        while writes > 0
            && (flushed < FLUSHES_MIN || self.turn_us() < FLUSH_US)
            && let Some(id) = self.connections.pop_waiting()
        {
            let before = self.counters.bytes_out;
            self.settle_one(id);
            let bytes = (self.counters.bytes_out - before) as usize;
            writes = writes.saturating_sub(1 + bytes / BYTES_PER_WRITE);
            flushed += 1;
        }
    }

    fn settle_touched(&mut self) {
        while let Some(id) = self.connections.pop_touched() {
            self.settle_one(id);
        }
    }

    fn settle_one(&mut self, id: ConnId) {
        let now = self.clock.now;
        let Some(connection) = self.connections.get_mut(id) else {
            return;
        };
        if connection.is_doomed {
            return;
        }
        match connection.flush_to_the_end(&self.pages.ledger, now) {
            Ok(count) => self.counters.bytes_out += count as u64,
            // No event will come for what is left.
            Err(e) if e.kind() == io::ErrorKind::Interrupted => {
                self.connections.flush_later(id);
            }
            Err(e) => return self.connections.doom(id, Reason::Broken(e.kind())),
        }
        let Some(connection) = self.connections.get_mut(id) else {
            return;
        };
        if connection.is_over_hard_limit(&self.limits) {
            return self.connections.doom(id, Reason::SendQ);
        }
        let resumes = connection.note_sendq(&self.limits, now);
        if connection.phase == Phase::Draining && connection.owes_nothing() {
            let is_closed = connection.ended || connection.socket.shutdown_write().is_err();
            connection.linger(now);
            self.connections.lingering += 1;
            self.hub.note_open(self.connections.open_len());
            if is_closed {
                return self.connections.doom(id, Reason::Closed);
            }
            // What came meanwhile is read off without waiting for an event.
            return self.connections.make_ready(id);
        }
        if connection.phase == Phase::Lingering && connection.ended {
            return self.connections.doom(id, Reason::Closed);
        }
        let wanted = connection.interest();
        if connection
            .registered
            .is_some_and(|registered| registered != wanted)
        {
            connection.registered = Some(wanted);
            let stream = connection.socket.stream_mut();
            if let Err(e) = self.system.reregister(stream, id, wanted) {
                return self.connections.doom(id, Reason::Broken(e.kind()));
            }
        }
        let due = connection.due(&self.limits).map(|(tick, _)| tick);
        self.timers.want(id, due, &mut connection.alarm);
        if resumes {
            self.connections.make_ready(id);
        }
        if !self.transfers.is_empty() {
            self.go_on_sending(id);
        }
    }

    /// Ends those who hold the most while all Outboxes together hold too much.
    fn bound_total(&mut self) {
        if self.pages.ledger.held() <= self.sendq_total_bytes {
            return;
        }
        let mut by_sendq = self.connections.by_sendq();
        while self.pages.ledger.held() > self.sendq_total_bytes
            && let Some((_, id)) = by_sendq.pop()
        {
            self.connections.doom(id, Reason::SendQ);
        }
    }

    /// Takes a connection out, and its user out of the hub. Dropping the socket closes it.
    fn sweep(&mut self, id: ConnId) {
        let Some(connection) = self.connections.get_mut(id) else {
            return;
        };
        let peer = connection.peer;
        let reason = connection.reason.unwrap_or(Reason::Closed);
        self.journal.note_drop(&peer, reason, self.clock.now);
        if self.hub.user(id).is_some() {
            self.depart(id, reason);
        }
        let Some(mut connection) = self.connections.remove(id) else {
            return;
        };
        self.hub.note_open(self.connections.open_len());
        self.timers.forget(&mut connection.alarm);
        self.counters.note_end(reason);
        self.hub.handle_gone(id);
        self.questions.take_response(id);
        self.end_transfers(id);
        match connection.standing {
            Standing::Admitted => self.admission.release(&peer),
            Standing::Refused => self.refused -= 1,
            Standing::Exempt => self.hub.handle_leave(id, self.clock.moment),
        }
        // Closing the descriptor takes it out of the poll as well; this keeps the books of mio.
        let _ = self.system.deregister(connection.socket.stream_mut());
    }
}
