//! What is done because its time has come, by connections and by the chat.

use crate::frame::End;
use crate::limits::{
    FRAME_BUDGET, SEARCH_BYTES_PER_TURN, SEARCH_SLICE_BYTES, SERVE_LATE_US, SWEEPS_MIN,
    UNREAD_GRACE_MS,
};
use crate::model::{ConnId, ErrorCode, Event};
use crate::sys::System;

use super::Reactor;
use super::apply::Input;
use super::phase::{Due, Reason};

impl<S: System> Reactor<S> {
    /// Lets the deadlines fire that have come, those of a crowd over turns.
    pub(super) fn fire_timers(&mut self) {
        let now = self.clock.now;
        let mut fired = 0;
        while (fired < SWEEPS_MIN || !self.is_spent())
            && let Some(id) = self.timers.pop_due(now, |id, tick| {
                let connection = self.connections.get_mut(id);
                connection.is_some_and(|connection| connection.alarm.unset(tick))
            })
        {
            fired += 1;
            let Some(connection) = self.connections.touch(id) else {
                continue;
            };
            let Some((tick, due)) = connection
                .due(&self.limits)
                .filter(|&(tick, _)| tick <= now)
            else {
                continue;
            };
            // Bytes that are not read yet are no silence, and may be the name. But who sends without
            // end is not waited for without end.
            let grace_ms = match due {
                Due::SendQ | Due::Stall | Due::Linger | Due::Tokens => 0,
                Due::Join | Due::Handshake => UNREAD_GRACE_MS,
                Due::Sniff | Due::Silence | Due::Ping | Due::Pong | Due::Idle => u64::MAX,
            };
            if connection.is_ready && now - tick < grace_ms {
                continue;
            }
            self.fire(id, due);
        }
    }

    /// Lets the hub tell what it has waited to tell.
    pub(super) fn fire_hub(&mut self) {
        self.allow_us(SERVE_LATE_US);
        loop {
            let due = self.hub.poll_timeout();
            if due.is_none_or(|at| at > self.clock.now) {
                return;
            }
            self.apply(Input::Timer);
            self.budget.charge(self.hub.take_steps());
            if self.is_spent() {
                return;
            }
        }
    }

    fn fire(&mut self, id: ConnId, due: Due) {
        match due {
            Due::Sniff | Due::Silence => {
                let is_done = self.handle_frames(id, End::Silent, &mut { FRAME_BUDGET });
                if let Some(connection) = self.connections.get_mut(id) {
                    connection.silence_handled = is_done;
                }
            }
            Due::Join => {
                let code = ErrorCode::JoinTimeout(self.limits.join_ms.div_ceil(1000));
                self.bid_farewell(id, &Event::Error(code), Reason::JoinTimeout);
            }
            Due::Handshake => self.end_handshake(id),
            Due::Ping => {
                if let Some(connection) = self.connections.touch(id) {
                    connection.ping(&self.limits, self.clock.now, &self.pages.ledger);
                }
            }
            Due::Pong => self.connections.doom(id, Reason::PingTimeout),
            Due::Idle => {
                let ms = self.limits.idle_ms.unwrap_or_default();
                let code = ErrorCode::IdleTimeout(ms.div_ceil(1000));
                self.bid_farewell(id, &Event::Error(code), Reason::IdleTimeout);
            }
            Due::SendQ => self.connections.doom(id, Reason::SendQ),
            Due::Stall => self.connections.doom(id, Reason::Stalled),
            Due::Linger => self.connections.doom(id, Reason::Closed),
            Due::Tokens => {
                if let Some(connection) = self.connections.get_mut(id) {
                    connection.unthrottle();
                }
                self.connections.make_ready(id);
            }
        }
    }

    /// Lets those who search what is in memory have a little of the turn.
    pub(super) fn go_on_searching(&mut self) {
        if self.hub.has_searches() {
            self.apply(Input::Search(match self.is_spent() {
                true => SEARCH_SLICE_BYTES,
                false => SEARCH_BYTES_PER_TURN,
            }));
        }
    }
}
