//! How connections end: turned off, put out, closed by their peers.

use crate::dialect::foreign;
use crate::dialect::http::{Refusal, StatusCode};
use crate::dialect::sniff::Foreign;
use crate::dialect::spec::Class;
use crate::dialect::{Ask, Stage};
use crate::frame::End;
use crate::frame::websocket::CloseCode;
use crate::layer::Transport as _;
use crate::model::{ConnId, ErrorCode, Event};
use crate::sys::System;

use super::Reactor;
use super::apply::Input;
use super::connection::{Standing, Taken};
use super::phase::{Phase, Reason};
use super::questions::Quit;
use super::timers::Tick;

impl<S: System> Reactor<S> {
    /// Turns off who speaks a protocol that is not spoken here.
    pub(super) fn refuse(&mut self, id: ConnId, foreign: Foreign) {
        self.end_with(id, foreign.refusal(), Reason::Refused);
        if let Some(connection) = self.connections.get_mut(id) {
            let code = ErrorCode::NotSpoken(foreign.name());
            self.journal
                .note_refusal(&connection.peer, &code, self.clock.now);
        }
    }

    /// Turns off a program that speaks another protocol than its door. Nobody else hears of it.
    pub(super) fn turn_off(&mut self, id: ConnId, protocol: &'static str) {
        if let Some(connection) = self.connections.get_mut(id) {
            // A browser perhaps, whose first words came too late for the auto door.
            if protocol == foreign::HTTP {
                self.browsers.note(&connection.peer, self.clock.now);
            }
            let code = ErrorCode::NotSpoken(protocol);
            self.journal
                .note_refusal(&connection.peer, &code, self.clock.now);
            self.bid_farewell(id, &Event::Error(code), Reason::Refused);
        }
    }

    /// The peer broke the rules of its WebSocket: it is told so, as far as its dialect has words for it.
    pub(super) fn break_websocket(&mut self, id: ConnId, code: CloseCode) {
        if code == CloseCode::TooBig
            && let Some(connection) = self.connections.get_mut(id)
        {
            let limit = connection.frame_limit(&self.limits);
            self.answer(id, &Event::Error(ErrorCode::FrameTooLong(limit)), None);
        }
        self.close_websocket(id, Some(code.into()), Reason::Protocol);
    }

    /// Says the Close that is owed, with which the user leaves: it can be told nothing any more.
    pub(super) fn close_websocket(&mut self, id: ConnId, code: Option<u16>, reason: Reason) {
        self.flush_batch_to(id);
        if let Some(connection) = self.connections.touch(id) {
            connection.say_close(code, &self.pages.ledger);
        }
        self.depart(id, reason);
    }

    /// The peer's input has ended and all of it is handled. Its user leaves the hub when it was sent
    /// what it is owed and is swept.
    pub(super) fn handle_end(&mut self, id: ConnId) {
        match self.connections.touch(id) {
            Some(connection) if connection.phase == Phase::Open && self.hub.owes(id) => {
                self.end_later(id, None);
            }
            Some(connection) if connection.phase == Phase::Open => match connection.reason {
                // What it is told about that is still sent.
                None | Some(Reason::Protocol) => connection.drain(Reason::Closed, self.clock.now),
                Some(reason) => self.connections.doom(id, reason),
            },
            _ => {}
        }
    }

    /// A user leaves the hub; the connection closes after it was sent what it is owed.
    pub(super) fn depart(&mut self, id: ConnId, reason: Reason) {
        if let Some(connection) = self.connections.touch(id) {
            connection.drain(reason, self.clock.now);
        }
        self.apply(Input::Ended(id));
        if let Some(connection) = self.connections.get_mut(id) {
            connection.stage = Stage::Joining;
        }
    }

    /// Tells a connection its last event, and lets it go.
    pub(super) fn bid_farewell(&mut self, id: ConnId, event: &Event, reason: Reason) {
        match self.connections.touch(id) {
            // It can be told nothing yet.
            Some(connection) if connection.awaits_header() => self.connections.doom(id, reason),
            Some(connection) if connection.phase == Phase::Open => {
                // Before the answer, with which some dialects end on their own account.
                connection.reason.get_or_insert(reason);
                // Echo has one form only: its answer to what came so far.
                let is_echo =
                    connection.class() == Class::Echo && connection.standing != Standing::Refused;
                if is_echo
                    && let Some(Taken::Frame(parsed)) =
                        connection.take(End::Closed, &self.limits, &self.pages.ledger)
                    && let Ask::Answered(bytes) = parsed.ask
                {
                    self.end_with(id, &bytes, Reason::Quit);
                }
                self.answer(id, event, None);
                self.depart(id, reason);
            }
            _ => {}
        }
    }

    /// Sends the last that a connection is sent.
    pub(super) fn end_with(&mut self, id: ConnId, bytes: &[u8], reason: Reason) {
        if let Some(connection) = self.connections.touch(id) {
            connection.append(&self.pages.ledger, |out| out.extend_from_slice(bytes));
            connection.drain(reason, self.clock.now);
        }
    }

    /// A connection whose input has ended, or that has quit, is owed answers: it ends when it has them,
    /// or when that takes too long. Nothing else that it asks is handled.
    pub(super) fn end_later(&mut self, id: ConnId, quit: Option<Quit>) {
        if let Some(connection) = self.connections.touch(id) {
            connection.hold(Tick::MAX);
            self.questions.end_later(id, quit, self.clock.now);
        }
    }

    /// The time for a TLS handshake or an HTTP request is over. Where none has begun, that is the end
    /// of keeping it open.
    pub(super) fn end_handshake(&mut self, id: ConnId) {
        let now = self.clock.now;
        let Some(connection) = self.connections.touch(id) else {
            return;
        };
        if connection.socket.is_handshaking() || connection.awaits_header() {
            self.connections.doom(id, Reason::HandshakeTimeout);
        } else if self.transfers.has_download(id) {
            // It takes none of what it asked for, in the middle of which nothing can be said.
            self.connections.doom(id, Reason::Stalled);
        } else if connection.has_unparsed() {
            let refusal = Refusal::new(StatusCode::RequestTimeout);
            let moment = self.clock.moment;
            connection.append(&self.pages.ledger, |out| refusal.write(moment, out));
            connection.drain(Reason::HandshakeTimeout, now);
        } else {
            connection.drain(Reason::Closed, now);
        }
    }
}
