//! What a connection is owed: whether that is too much, and how it is sent.

use std::io;

use crate::buffer::{Chunk, Ledger};
use crate::frame::websocket::CloseCode;
use crate::layer::Transport;
use crate::limits::Limits;
use crate::sys::Interest;

use super::super::phase::{Phase, Reason};
use super::super::timers::Tick;
use super::Connection;

impl<S: Transport> Connection<S> {
    /// Is it owed more than it may be, by others than itself?
    pub fn is_over_hard_limit(&self, limits: &Limits) -> bool {
        let by_others = self.sendq().saturating_sub(self.answer_left());
        let limit = self.class().sendq_hard_bytes(self.stage, limits);
        self.phase == Phase::Open && by_others > limit
    }

    /// Does it wait for its socket to take more? Then an event will come.
    pub fn is_blocked(&self) -> bool {
        self.registered.is_some_and(Interest::is_writable)
    }

    /// Is it over a limit that it was not over when it was settled last?
    pub fn crosses_limit(&self, limits: &Limits) -> bool {
        self.is_over_hard_limit(limits) || (self.is_over_soft_limit(limits) && !self.is_paused())
    }

    /// Keeps account of how long the SendQ is over the soft limit. `true`: it may be read again.
    pub fn note_sendq(&mut self, limits: &Limits, now: Tick) -> bool {
        let was_paused = self.is_paused();
        if self.phase == Phase::Open && self.is_over_soft_limit(limits) {
            self.pause(now);
        } else {
            self.relax(|restraint| restraint.soft_since = None);
        }
        let resumes = was_paused && !self.is_paused();
        if resumes && let Some(restraint) = &mut self.restraint {
            // Its ping may have waited behind all that it was owed.
            restraint.pinged_since = restraint.pinged_since.map(|_| now);
        }
        resumes
    }

    /// What it asked for was answered: however long that is, it is not dropped for it, as long as it takes
    /// some of it.
    pub(in crate::reactor) fn note_answer(&mut self, limits: &Limits) {
        if self.is_over_soft_limit(limits) {
            let sendq = self.sendq();
            self.restraint.get_or_insert_default().answer_left = sendq;
        }
    }

    /// What is to be sent yet of answers, and in front of them, in bytes.
    fn answer_left(&self) -> usize {
        let restraint = self.restraint.as_ref();
        restraint.map_or(0, |restraint| restraint.answer_left)
    }

    /// It took so many bytes. The time for a long answer begins anew with each.
    fn note_taken(&mut self, count: usize, now: Tick) {
        if count > 0 && self.answer_left() > 0 {
            self.relax(|restraint| {
                restraint.answer_left = restraint.answer_left.saturating_sub(count);
                restraint.soft_since = restraint.soft_since.map(|_| now);
            });
        }
    }

    /// Sends a chunk to a peer that is owed nothing else, straight from its page; what the socket does
    /// not take is owed. Returns the bytes taken.
    ///
    /// # Errors
    /// The socket's, which end this connection.
    pub fn send(&mut self, chunk: &Chunk) -> io::Result<usize> {
        debug_assert!(self.owes_nothing(), "what is owed goes first");
        let sent = self.socket.write(&chunk.bytes());
        let count = match sent {
            Ok(count) => count,
            Err(e) if is_passing(e.kind()) => 0,
            Err(e) => return Err(e),
        };
        if count < chunk.len() {
            let mut rest = chunk.clone();
            rest.split_to(count);
            self.outbox.push(&rest);
        }
        Ok(count)
    }

    /// Writes what the peer is owed until it is all sent or the socket would block; returns the
    /// bytes taken.
    ///
    /// # Errors
    /// The socket's, which end this connection, but for `Interrupted`: the rest is to be tried again.
    pub fn flush(&mut self, now: Tick) -> io::Result<usize> {
        let before = self.sendq();
        let flushed = self.outbox.flush(&mut self.socket);
        let passed_on = match self.socket.flush() {
            Err(e) if e.kind() == io::ErrorKind::WouldBlock => Ok(()),
            passed_on => passed_on,
        };
        let is_last = self.ended || self.phase != Phase::Open;
        let taken = before.saturating_sub(self.sendq());
        // It cannot have stalled before it was owed anything.
        if is_last && (taken > 0 || !self.is_blocked()) {
            self.progress = now;
        }
        self.note_taken(taken, now);
        passed_on.and(flushed)
    }

    /// As [`Connection::flush`]; who drains is told behind everything else that nothing more will come,
    /// in the forms that have one: WebSocket's Close, and then TLS's close_notify.
    ///
    /// # Errors
    /// As there.
    pub(in crate::reactor) fn flush_to_the_end(
        &mut self,
        ledger: &Ledger,
        now: Tick,
    ) -> io::Result<usize> {
        let mut count = self.flush(now)?;
        if self.phase == Phase::Draining && self.owes_nothing() && !self.ended {
            let code = self.reason.map_or(CloseCode::Normal, Reason::close_code);
            self.say_close(Some(code.into()), ledger);
            count += self.flush(now)?;
        }
        if self.phase == Phase::Draining && self.owes_nothing() {
            self.socket.say_end();
            count += self.flush(now)?;
        }
        Ok(count)
    }
}

/// Is it an error that says to try again?
fn is_passing(kind: io::ErrorKind) -> bool {
    matches!(kind, io::ErrorKind::WouldBlock | io::ErrorKind::Interrupted)
}
