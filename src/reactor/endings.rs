//! How connections end: turned off, put out, closed by their peers.

use crate::dialect::sniff::Foreign;
use crate::dialect::spec::Class;
use crate::frame::End;
use crate::frame::websocket::CloseCode;
use crate::model::{ConnId, ErrorCode, Event};
use crate::sys::System;

use super::Reactor;
use super::connection::{Standing, Taken};
use super::phase::{Phase, Reason};

impl<S: System> Reactor<S> {
    pub(super) fn refuse(&mut self, id: ConnId, foreign: Foreign) -> bool {
        if let Some(connection) = self.connections.touch(id) {
            let refusal = foreign.refusal();
            connection.append(&self.pages.ledger, |out| out.extend_from_slice(refusal));
            connection.drain(Reason::Refused, self.clock.now);
            let peer = connection.peer;
            self.log_refusal(&peer, &ErrorCode::NotSpoken(foreign.name()));
        }
        true
    }

    /// Turns off a program that speaks another protocol than its door. Nobody else hears of it.
    pub(super) fn turn_off(&mut self, id: ConnId, protocol: &'static str) {
        let Some(peer) = self
            .connections
            .get_mut(id)
            .map(|connection| connection.peer)
        else {
            return;
        };
        let code = ErrorCode::NotSpoken(protocol);
        self.log_refusal(&peer, &code);
        self.bid_farewell(id, &Event::Error(code), Reason::Refused);
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
        self.hub.handle_leave(id, self.clock.moment);
        self.carry_out();
    }

    /// Tells a connection its last event, and lets it go.
    pub(super) fn bid_farewell(&mut self, id: ConnId, event: &Event, reason: Reason) {
        match self.connections.touch(id) {
            Some(connection) if connection.phase == Phase::Open => {
                // Before the answer, with which some dialects end on their own account.
                connection.reason.get_or_insert(reason);
                // Echo has one form only: its answer to what came so far.
                let is_echo =
                    connection.class() == Class::Echo && connection.standing != Standing::Refused;
                if is_echo
                    && let Some(Taken::Frame(parsed)) =
                        connection.take(End::Closed, &self.limits, &self.pages.ledger)
                {
                    self.handle_frame(id, parsed);
                }
                self.answer(id, event, None);
                self.depart(id, reason);
            }
            _ => {}
        }
    }
}
