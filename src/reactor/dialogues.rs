//! Dialogues: lines that are heard by who remembers what was said before, and what is to be done for them.

use crate::dialect::{Ask, Move, Parsed, Scene};
use crate::limits::BYTES_PER_DELIVERY;
use crate::model::ConnId;
use crate::sys::System;

use super::Reactor;
use super::phase::Reason;

/// What a move came to.
#[derive(Debug)]
pub(super) enum MoveMade {
    /// Something is asked.
    Asks(Parsed),
    /// Something was written, of so many deliveries.
    Wrote(usize),
}

impl<S: System> Reactor<S> {
    /// Has a dialogue hear a line; what that asks is done in moves.
    pub(super) fn hear_line(&mut self, id: ConnId, line: &[u8]) {
        if let Some(connection) = self.connections.touch(id) {
            let scene = Scene {
                world: &self.hub,
                who: id,
                now: self.clock.moment,
                is_secure: connection.is_secure(),
            };
            let before = connection.outbox.len();
            connection.converse(&scene, &self.pages.ledger, |dialogue, out| {
                dialogue.hear(line, &scene, out);
            });
            let len = connection.outbox.len() - before;
            self.budget.charge(len / BYTES_PER_DELIVERY);
            connection.note_answer(&self.limits);
        }
    }

    /// Does what is next in a dialogue.
    pub(super) fn make_move(&mut self, id: ConnId) -> MoveMade {
        let Some(connection) = self.connections.touch(id) else {
            return MoveMade::Wrote(0);
        };
        let scene = Scene {
            world: &self.hub,
            who: id,
            now: self.clock.moment,
            is_secure: connection.is_secure(),
        };
        let before = connection.outbox.len();
        let next = connection.converse(&scene, &self.pages.ledger, |dialogue, out| {
            dialogue.next(&scene, out)
        });
        let deliveries = (connection.outbox.len() - before) / BYTES_PER_DELIVERY;
        self.budget.charge(deliveries);
        connection.note_answer(&self.limits);
        match next.flatten() {
            Some(Move::Ask(request, request_id)) => MoveMade::Asks(Parsed {
                ask: Ask::Request(request),
                id: Some(request_id),
            }),
            Some(Move::Close) => {
                connection.drain(Reason::Quit, self.clock.now);
                MoveMade::Wrote(deliveries)
            }
            Some(Move::Written) | None => MoveMade::Wrote(deliveries),
        }
    }
}
