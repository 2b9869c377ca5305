//! What is answered over HTTP, at once or when the disk has done its part.

use crate::buffer::Ledger;
use crate::dialect::http::{Response, ResponseMode};
use crate::layer::Layer;
use crate::limits::BYTES_PER_DELIVERY;
use crate::model::ConnId;
use crate::sys::System;
use crate::web::Representation;

use super::Reactor;
use super::connection::Connection;
use super::timers::Tick;

impl<S: System> Reactor<S> {
    /// Sends a response.
    pub(super) fn respond(&mut self, id: ConnId, mode: ResponseMode, response: &Response) {
        let now = self.clock.moment;
        self.respond_with(id, mode.closes(), |out| response.write(mode, now, out));
    }

    /// Sends what `write` writes.
    pub(super) fn respond_with(
        &mut self,
        id: ConnId,
        closes: bool,
        write: impl FnOnce(&mut Vec<u8>),
    ) {
        self.owe_response(id, closes, |connection, ledger| {
            connection.append(ledger, write);
        });
    }

    /// Sends a file of the page, which those who are sent it share.
    pub(super) fn respond_with_asset(
        &mut self,
        id: ConnId,
        mode: ResponseMode,
        asset: &'static Representation,
    ) {
        let now = self.clock.moment;
        let chunk = (!mode.is_head()).then(|| self.pages.asset(asset.bytes));
        self.owe_response(id, mode.closes(), |connection, ledger| {
            connection.append(ledger, |out| asset.write_head(mode, now, out));
            chunk.iter().for_each(|chunk| connection.push(chunk));
        });
    }

    /// Owes a connection what `owe` does, which the turn is charged for.
    fn owe_response(
        &mut self,
        id: ConnId,
        closes: bool,
        owe: impl FnOnce(&mut Connection<Layer<S::Stream>>, &Ledger),
    ) {
        if let Some(connection) = self.connections.touch(id) {
            let before = connection.outbox.len();
            owe(connection, &self.pages.ledger);
            let count = connection.outbox.len() - before;
            self.budget.charge(count / BYTES_PER_DELIVERY);
            connection.note_answer(&self.limits);
            connection.end_response(closes, self.clock.now);
        }
    }

    /// Puts a response off until the disk has done its part. Nothing else that the connection asks is handled
    /// before.
    pub(super) fn put_response_off(&mut self, id: ConnId, mode: ResponseMode, response: Response) {
        if let Some(connection) = self.connections.touch(id) {
            connection.hold(Tick::MAX);
            // The time for the next request begins, in which the disk may take its own.
            connection.end_response(false, self.clock.now);
            self.questions.put_response_off(id, mode, response);
        }
    }

    /// Sends what became of a response that was put off.
    pub(super) fn end_response(
        &mut self,
        id: ConnId,
        become_of: impl FnOnce(Response) -> Response,
    ) {
        let Some((mode, response)) = self.questions.take_response(id) else {
            return;
        };
        if let Some(connection) = self.connections.get_open(id) {
            connection.unthrottle();
            self.respond(id, mode, &become_of(response));
            self.connections.make_ready(id);
        }
    }
}
