//! Reading ready connections, and handling their frames.

use crate::dialect::sniff::Foreign;
use crate::dialect::{Ask, Parsed};
use crate::frame::End;
use crate::layer::Transport as _;
use crate::limits::{
    BYTES_PER_DELIVERY, DELIVERIES_PER_HANDSHAKE, FRAME_BUDGET, READ_BUDGET_BYTES, SERVE_LATE_US,
    SERVE_US, SERVED_MIN, SHARE_US_MAX, SHARE_US_MIN, STRANGERS_DELIVERY_BUDGET,
    TLS_OVERHEAD_PER_DELIVERY,
};
use crate::model::{ConnId, Event};
use crate::sys::System;

use super::Reactor;
use super::apply::Input;
use super::connection::{Filled, Taken};
use super::connections::ReadyList;
use super::dialogues::MoveMade;
use super::phase::{Phase, Reason};
use super::requests::is_talk;
use super::timers::Tick;

impl<S: System> Reactor<S> {
    /// Gives each connection on the ready lists its share of the turn, as far as the turn's own
    /// budget goes: first those who have joined, then those of them whose requests take long, then
    /// strangers. Each list has something of a turn of which the lists before it took all. Those who come
    /// onto a list meanwhile are for the next turn.
    pub(super) fn serve_ready(&mut self) {
        // Who speaks while some are told already that the server stops would not be heard by all.
        if !self.farewells.is_empty() {
            return;
        }
        let counts = ReadyList::ALL.map(|list| self.connections.ready_len(list));
        for (list, count) in ReadyList::ALL.into_iter().zip(counts) {
            if list != ReadyList::Users {
                self.budget.leave(STRANGERS_DELIVERY_BUDGET);
                self.leave_us(SERVE_LATE_US);
            }
            self.serve_some(count, list);
        }
    }

    fn serve_some(&mut self, count: usize, list: ReadyList) {
        let at_least = match list {
            ReadyList::Users | ReadyList::Strangers => SERVED_MIN,
            ReadyList::Heavy => 1,
        };
        let share_us = (SERVE_US / (count as u64).max(1)).clamp(SHARE_US_MIN, SHARE_US_MAX);
        for served in 0..count {
            if served >= at_least && self.is_spent() {
                return;
            }
            if let Some(id) = self.connections.pop_ready(list) {
                let ends_us = self.turn_us().saturating_add(share_us);
                self.budget.slice_ends_us = Some(ends_us);
                self.serve(id);
                self.budget.slice_ends_us = None;
                let is_over = self.turn_us() >= ends_us;
                if let Some(connection) = self.connections.get_mut(id) {
                    connection.note_share(is_over, self.clock.now);
                }
            }
        }
    }

    /// Reads and handles what one connection has to say, within its budgets.
    fn serve(&mut self, id: ConnId) {
        let mut frames_left = FRAME_BUDGET;
        let mut bytes_left = READ_BUDGET_BYTES;
        // Bytes of the last read.
        let mut came = 0;
        loop {
            let frames = frames_left;
            let goes_on = self.handle_frames(id, End::Open, &mut frames_left);
            if !goes_on {
                return;
            }
            if frames_left == frames {
                self.charge_unframed(id, came);
            }
            let now = self.clock.now;
            let Some(connection) = self.connections.touch(id) else {
                return;
            };
            if connection.ended {
                return self.handle_end(id);
            }
            if bytes_left == 0 {
                return self.connections.make_ready(id);
            }
            if connection.socket.is_handshaking() {
                self.budget.charge(DELIVERIES_PER_HANDSHAKE);
            }
            // All of it, however little is left: a read of a few bytes costs as much as one of many.
            let filled = connection.fill(&mut self.scratch, now);
            let overhead = connection.socket.take_ciphertext_overhead();
            self.budget.charge(overhead / TLS_OVERHEAD_PER_DELIVERY);
            came = overhead;
            match filled {
                Filled::Bytes(0) => return self.connections.make_ready(id),
                Filled::Bytes(count) => {
                    came += count;
                    bytes_left = bytes_left.saturating_sub(count);
                    self.budget.charge(count / BYTES_PER_DELIVERY);
                    self.counters.bytes_in += count as u64;
                }
                Filled::Blocked if overhead > 0 => return self.charge_unframed(id, overhead),
                Filled::Blocked => return connection.caught_up(),
                Filled::Ended => {}
            }
        }
    }

    /// Handles the frames at hand. `false`: a budget is used up, or the connection must wait.
    pub(super) fn handle_frames(&mut self, id: ConnId, end: End, frames_left: &mut usize) -> bool {
        loop {
            let turn_us = self.turn_us();
            let is_over = self.budget.slice_ends_us.is_some_and(|at| turn_us >= at);
            // Whoever is served has a frame handled, however late it is.
            let is_out_of_time = is_over || self.is_spent_at(turn_us);
            let stops = *frames_left == 0 || (is_out_of_time && *frames_left < FRAME_BUDGET);
            let Some(connection) = self.connections.touch(id) else {
                return false;
            };
            if connection.phase != Phase::Open {
                return true;
            }
            if connection.awaits_header() {
                if !self.hear_header(id) {
                    return true;
                }
                continue;
            }
            if connection.is_over_soft_limit(&self.limits) {
                connection.pause(self.clock.now);
                return false;
            }
            if stops {
                connection.note_share(is_over, self.clock.now);
                self.connections.make_ready(id);
                return false;
            }
            if connection.is_held(self.clock.now) {
                return false;
            }
            if !self.has_tokens(id) {
                return self
                    .connections
                    .touch(id)
                    .is_some_and(|c| c.phase != Phase::Open);
            }
            let Some(connection) = self.connections.touch(id) else {
                return false;
            };
            let end = if connection.ended { End::Closed } else { end };
            if connection.dialect.is_none() {
                if !self.find_dialect(id, end) {
                    return true;
                }
                continue;
            }
            let Some(taken) = connection.take(end, &self.limits, &self.pages.ledger) else {
                return true;
            };
            *frames_left -= 1;
            self.handle_taken(id, taken);
        }
    }

    fn handle_taken(&mut self, id: ConnId, taken: Taken) {
        match taken {
            Taken::Frame(parsed) => self.handle_frame(id, parsed),
            Taken::Move => self.go_on_talking(id),
            Taken::Foreign(protocol) => self.turn_off(id, protocol),
            Taken::Close(code) => self.close_websocket(id, code, Reason::Quit),
            Taken::Broken(code) => self.break_websocket(id, code),
            Taken::Piece(bytes) => self.take_piece(id, bytes),
            Taken::PieceEnd { is_whole } => self.end_pieces(id, is_whole),
        }
    }

    /// Finds out what is spoken over a connection of the auto door. `false`: more must come, or it is over.
    fn find_dialect(&mut self, id: ConnId, end: End) -> bool {
        let Some(connection) = self.connections.touch(id) else {
            return false;
        };
        match connection.sniff(end, &self.limits) {
            Ok(Some(_)) => {
                self.greet(id);
                return true;
            }
            Ok(None) => {}
            Err(Foreign::Tls) if self.starts_tls(id) => {}
            Err(foreign) => self.refuse(id, foreign),
        }
        false
    }

    /// Does all that dialogues have begun, and reads nothing on.
    pub(super) fn end_moves(&mut self) {
        for id in self.connections.ids_with_moves() {
            while self
                .connections
                .get_open(id)
                .is_some_and(|connection| connection.has_moves())
            {
                self.go_on_talking(id);
            }
        }
    }

    /// Goes on with a dialogue.
    fn go_on_talking(&mut self, id: ConnId) {
        match self.make_move(id) {
            MoveMade::Asks(parsed) => self.handle_frame(id, parsed),
            MoveMade::Wrote(count) => {
                let steps = self.hub.take_steps();
                self.charge_for_work(id, count as u64, steps);
            }
        }
    }

    pub(super) fn handle_frame(&mut self, id: ConnId, parsed: Parsed) {
        let Some(parsed) = self.defer(id, parsed) else {
            return;
        };
        match parsed.ask {
            Ask::Nothing => {
                // Blank lines and pings are work as well.
                self.spend(id, 1);
                if parsed.id.is_some() {
                    self.answer(id, &Event::Done { what: None }, parsed.id.as_ref());
                }
            }
            Ask::Request(request) => self.handle_request(id, request, parsed.id),
            Ask::Refused(code) => {
                self.spend(id, 1);
                let (who, id) = (id, parsed.id);
                self.apply(Input::Refused { who, code, id });
            }
            Ask::Http(request) => self.visit(id, *request),
            Ask::Answered(bytes) => self.end_with(id, &bytes, Reason::Quit),
            Ask::Line(line) => {
                self.spend(id, 1);
                self.hear_line(id, &line);
            }
        }
    }

    /// Puts off what is asked by who waits for an answer from the disk, so that answers come in the order
    /// of their requests, one after the other. What it says goes on: that has no long answer, and others
    /// wait for it. `None`: it is put off, and nothing else of that connection is handled until then.
    fn defer(&mut self, id: ConnId, parsed: Parsed) -> Option<Parsed> {
        if matches!(&parsed.ask, Ask::Request(request) if is_talk(request)) {
            return Some(parsed);
        }
        let parsed = match self.hub.awaits_entries(id) {
            false => self.questions.put_off(id, parsed),
            true => {
                self.questions.put_behind_words(id, parsed);
                None
            }
        };
        if parsed.is_none()
            && let Some(connection) = self.connections.touch(id)
        {
            connection.hold(Tick::MAX);
        }
        parsed
    }

    /// Takes what the auto door has heard for the beginning of TLS, and looks again at what is inside.
    /// `false`: no TLS is spoken here, or it is spoken already.
    fn starts_tls(&mut self, id: ConnId) -> bool {
        let Some(identity) = &self.identity else {
            return false;
        };
        let Some(connection) = self.connections.get_mut(id) else {
            return false;
        };
        if connection.socket.is_tls() {
            return false;
        }
        let first = connection.take_unparsed();
        identity.secure(&mut connection.socket, &first)
    }
}
