//! Dialogues: lines that are heard by who remembers what was said before, and what is to be done for them.

use crate::dialect::{Ask, Dialogue, Move, Parsed, Scene};
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
        self.converse(id, |dialogue, scene, out| dialogue.hear(line, scene, out));
    }

    /// Does what is next in a dialogue.
    pub(super) fn make_move(&mut self, id: ConnId) -> MoveMade {
        let (next, deliveries) =
            self.converse(id, |dialogue, scene, out| dialogue.next(scene, out));
        match next.flatten() {
            Some(Move::Ask(request, request_id)) => MoveMade::Asks(Parsed {
                ask: Ask::Request(request),
                id: Some(request_id),
            }),
            Some(Move::Close) => {
                if let Some(connection) = self.connections.touch(id) {
                    connection.drain(Reason::Quit, self.clock.now);
                }
                MoveMade::Wrote(deliveries)
            }
            Some(Move::Written) | None => MoveMade::Wrote(deliveries),
        }
    }

    /// Has a dialogue go on. What it writes comes behind what was told before, and where that is held, it is held
    /// behind that. Returns what came of it, and what it wrote, in deliveries.
    fn converse<T>(
        &mut self,
        id: ConnId,
        go_on: impl FnOnce(&mut Dialogue, &Scene<'_>, &mut Vec<u8>) -> T,
    ) -> (Option<T>, usize) {
        self.flush_batch_to(id);
        let Some(connection) = self.connections.touch(id) else {
            return (None, 0);
        };
        let scene = Scene {
            world: &self.hub,
            who: id,
            now: self.clock.moment,
            is_secure: connection.is_secure(),
        };
        let mut held = self.hub.holds_before(id).then(Vec::new);
        let before = connection.outbox.len();
        let result = connection.converse(&scene, &self.pages.ledger, held.as_mut(), |it, out| {
            go_on(it, &scene, out)
        });
        let len = connection.outbox.len() - before + held.as_ref().map_or(0, Vec::len);
        self.budget.charge(len / BYTES_PER_DELIVERY);
        connection.note_answer(&self.limits);
        if let Some(bytes) = held {
            self.hub.handle_written(id, bytes);
            self.carry_out();
        }
        (result, len / BYTES_PER_DELIVERY)
    }
}
