//! One connection: a socket with its buffers, generic over the socket so that tests can script it.

mod due;
mod input;
mod output;
mod proxied;
mod restraint;
mod snapshot;

use std::num::NonZeroU8;

use crate::buffer::{Chunk, Ledger, Outbox};
use crate::dialect::sniff::sniff;
use crate::dialect::spec::{Class, PASSWORD_PROMPT};
use crate::dialect::{Dialect, Dialogue, Scene, Stage, View, localized};
use crate::frame::websocket;
use crate::layer::Transport;
use crate::limits::Limits;
use crate::model::{ConnId, Event, Peer};
use crate::sys::Interest;
use crate::web::DoorKind;
use serde::{Deserialize, Serialize};

use super::bucket::Bucket;
use super::pages::{Kind, Messages};
use super::phase::{Phase, Reason};
use super::timers::{Alarm, Tick};
pub use input::Taken;
use input::Unparsed;
use restraint::Restraint;
pub(super) use snapshot::{ConnectionState, RawBytes};

/// How a connection stands with the limits of connections.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Standing {
    /// Counted in.
    Admitted,
    /// Admitted over the limit, only to be refused.
    Refused,
    /// The operator's own: not counted.
    Exempt,
}

/// What a connection may begin with, beside frames of its dialect.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Opening {
    /// The header of a proxy that is believed.
    Header {
        /// Is what follows TLS?
        is_tls: bool,
    },
    /// Another protocol's first frame: nothing but blank ones came so far.
    Frame,
    /// Likewise, and a browser has come from there lately: the auto door waits longer for first bytes.
    Awaited,
    /// Nothing else any more.
    Over,
    /// Nothing: its WebSocket's Close frame is sent, or not to be sent any more.
    Closed,
}

/// What one read brought.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Filled {
    /// This many bytes.
    Bytes(usize),
    /// Nothing for now.
    Blocked,
    /// The end of input, whichever way: what came before it still counts.
    Ended,
}

/// One socket with its buffers. What a connection needs for a while only stands in a box, so that an
/// idle one is small.
#[derive(Debug)]
pub struct Connection<S> {
    pub(super) socket: S,
    pub(super) id: ConnId,
    pub(super) peer: Peer,
    /// Invariant: where it is absent, no byte is unparsed and the framing is a new one.
    input: Option<Box<Unparsed>>,
    pub(super) outbox: Outbox,
    /// Invariant: where it is absent, nothing holds the connection back.
    restraint: Option<Box<Restraint>>,
    pub(super) bucket: Bucket,
    /// When its entry in the timers fires.
    pub(super) alarm: Alarm,
    /// When it entered its phase, or was answered over HTTP last: deadlines count from then.
    since: Tick,
    /// When it last sent something; once its input has ended or it drains: when it last took
    /// something.
    progress: Tick,
    /// What it speaks; `None` until the auto door knows.
    pub(super) dialect: Option<Dialect>,
    pub(super) phase: Phase,
    /// How it stands with the limits of connections.
    pub(super) standing: Standing,
    /// Why it ends; once set, it is Draining, or on the list to be swept.
    pub(super) reason: Option<Reason>,
    /// As which messages of a WebSocket (RFC 6455) its frames come, and goes what it is sent.
    pub(super) messages: Messages,
    /// What its dialect remembers between frames while something is under way, where it remembers anything.
    dialogue: Option<Box<Dialogue>>,
    /// What it remembers then and otherwise, in brief.
    brief: u32,
    /// Since when its requests are handled behind those of others (`restraint`), in a byte: nearly everybody has been
    /// there once.
    heavy_since: Option<NonZeroU8>,
    /// What the poll was told last.
    pub(super) registered: Option<Interest>,
    /// Through which kind of door it came.
    pub(super) door: DoorKind,
    /// What may come next beside frames of its dialect.
    pub(super) opening: Opening,
    /// What it is asked for next. Invariant: where that is requests, the hub has a session for it.
    pub(super) stage: Stage,
    /// The peer's input has ended.
    pub(super) ended: bool,
    /// The silence after the last byte was heeded already.
    pub(super) silence_handled: bool,
    /// Invariant: on the ready list.
    pub(super) is_ready: bool,
    /// Invariant: on the list of those to be settled at the end of the turn.
    pub(super) is_touched: bool,
    /// Invariant: on the list of those to be flushed when their turn comes.
    pub(super) is_waiting: bool,
    /// Invariant: on the list to be swept; nothing is read from or written to it any more.
    pub(super) is_doomed: bool,
}

impl<S: Transport> Connection<S> {
    /// A connection of a door: of one dialect, or of the auto door.
    pub fn new(id: ConnId, socket: S, peer: Peer, dialect: Option<Dialect>, now: Tick) -> Self {
        Connection {
            socket,
            id,
            peer,
            input: None,
            outbox: Outbox::default(),
            restraint: None,
            bucket: Bucket::default(),
            alarm: Alarm::default(),
            since: now,
            progress: now,
            dialect,
            phase: Phase::Open,
            standing: Standing::Admitted,
            reason: None,
            messages: Messages::None,
            dialogue: dialect.and_then(Dialect::dialogue),
            brief: 0,
            heavy_since: None,
            registered: None,
            door: DoorKind::Public { is_loopback: false },
            opening: Opening::Frame,
            stage: Stage::Joining,
            ended: false,
            silence_handled: true,
            is_ready: false,
            is_touched: false,
            is_waiting: false,
            is_doomed: false,
        }
    }

    /// Does it come over TLS, to here or to a proxy that says so?
    pub(super) fn is_secure(&self) -> bool {
        let restraint = self.restraint.as_ref();
        self.socket.is_tls() || restraint.is_some_and(|it| it.is_proxied_over_tls)
    }

    /// Has the hub a session for it?
    pub(super) fn has_joined(&self) -> bool {
        self.stage == Stage::Joined
    }

    /// The dialect it is answered in, also while the auto door does not know which it speaks.
    pub fn spoken(&self) -> Dialect {
        match self.dialect {
            Some(dialect) => dialect,
            None => sniff(self.unparsed()).answered_in(),
        }
    }

    /// Which limits hold for it.
    pub(super) fn class(&self) -> Class {
        self.spoken().spec().class
    }

    /// What it has in common with others who are to see the same bytes.
    pub(super) fn kind(&self, here: bool) -> Kind {
        Kind::new(
            self.spoken(),
            self.messages,
            here,
            Dialogue::form_of(self.brief),
        )
    }

    /// How long its frames may be, in bytes.
    pub fn frame_limit(&self, limits: &Limits) -> usize {
        self.class().frame_bytes_max(self.stage, limits)
    }

    /// Bytes that it is owed and that its socket did not take yet.
    pub fn sendq(&self) -> usize {
        self.outbox.len() + self.socket.pending()
    }

    /// Is it owed so much that its own requests must wait?
    pub fn is_over_soft_limit(&self, limits: &Limits) -> bool {
        self.sendq() > self.class().sendq_soft_bytes(self.stage, limits)
    }

    /// Is there nothing that it must be sent before anything new?
    pub fn owes_nothing(&self) -> bool {
        self.outbox.is_empty() && self.socket.pending() == 0
    }

    /// Queues a shared chunk for the peer.
    pub fn push(&mut self, chunk: &Chunk) {
        self.outbox.push(chunk);
    }

    /// Queues for the peer what `write` writes.
    pub fn append(&mut self, ledger: &Ledger, write: impl FnOnce(&mut Vec<u8>)) {
        self.outbox.append(ledger, write);
    }

    /// Queues for the peer what its dialect says before anything is asked.
    pub fn greet(&mut self, ledger: &Ledger) {
        let kind = self.kind(true);
        let greeting = match (self.stage, kind.dialect.spec().greeting) {
            (Stage::Locked, greeting) if !greeting.is_empty() => PASSWORD_PROMPT,
            (_, greeting) => greeting,
        };
        self.append(ledger, |out| {
            kind.frame(out, |out| out.extend_from_slice(greeting.as_bytes()));
        });
    }

    /// Queues an event for the peer, in the form that it sees.
    pub fn render(&mut self, event: &Event, view: &View<'_>, ledger: &Ledger) {
        let own = localized(event, self.spoken(), view.links.as_ref());
        let event = own.as_ref().unwrap_or(event);
        let scene = Scene {
            world: view.world,
            who: self.id,
            now: view.now,
            is_secure: self.is_secure(),
        };
        let told = self.converse(&scene, ledger, None, |dialogue, out| match view.own {
            true => dialogue.answer(event, view.id, &scene, out),
            false => dialogue.tell(event, &scene, out),
        });
        if told.is_none() {
            let kind = self.kind(view.here);
            self.append(ledger, |out| kind.render(event, view, out));
        }
    }

    /// Has its dialogue go on, where it has one, and queues what that writes, or appends it to `held`.
    pub(super) fn converse<T>(
        &mut self,
        scene: &Scene<'_>,
        ledger: &Ledger,
        held: Option<&mut Vec<u8>>,
        go_on: impl FnOnce(&mut Dialogue, &mut Vec<u8>) -> T,
    ) -> Option<T> {
        let kind = self.kind(true);
        let resumed = || self.dialect?.resumed(self.brief, scene);
        let mut dialogue = self.dialogue.take().or_else(resumed)?;
        let mut result = None;
        let write = |out: &mut Vec<u8>| {
            kind.frame(out, |out| result = Some(go_on(&mut dialogue, out)));
        };
        match held {
            None => self.append(ledger, write),
            Some(out) => write(out),
        }
        self.brief = dialogue.brief();
        self.dialogue = (!dialogue.is_brief()).then_some(dialogue);
        result
    }

    /// Is something to be done in its dialogue before the next frame is read?
    pub(super) fn has_moves(&self) -> bool {
        self.dialogue.as_deref().is_some_and(Dialogue::has_moves)
    }

    /// Are its frames WebSocket messages?
    pub(super) fn is_websocket(&self) -> bool {
        self.messages != Messages::None
    }

    /// Is it a page that is in the chat, or a program that speaks as one?
    pub(super) fn is_page(&self) -> bool {
        self.is_websocket()
            && self.dialect.is_some_and(Dialect::is_of_pages)
            && self.stage == Stage::Joined
    }

    /// Queues the WebSocket's Close frame, unless it had one. Nothing may follow it
    /// (RFC 6455 section 5.5.1).
    pub(super) fn say_close(&mut self, code: Option<u16>, ledger: &Ledger) {
        if self.is_websocket() && self.opening != Opening::Closed {
            self.opening = Opening::Closed;
            self.append(ledger, |out| websocket::write_close(code, out));
        }
    }

    /// A request over HTTP is answered, and the time for the next begins; or the connection closes.
    pub(super) fn end_response(&mut self, closes: bool, now: Tick) {
        match closes {
            true => self.drain(Reason::Closed, now),
            false => self.since = now,
        }
    }

    /// Deadlines count from `ms` later, or from now.
    pub(super) fn allow_more(&mut self, ms: u64, now: Tick) {
        self.since = self.since.saturating_add(ms).min(now);
    }

    /// Deadlines count from then, which may be later than now.
    pub(super) fn wait_until(&mut self, then: Tick) {
        self.since = then;
    }

    /// Reads no more requests; closes when the peer has taken what it is owed.
    pub fn drain(&mut self, reason: Reason, now: Tick) {
        if self.phase == Phase::Open {
            self.phase = Phase::Draining;
            self.since = now;
            self.progress = now;
            self.input = None;
            self.reason.get_or_insert(reason);
        }
    }

    /// Our FIN is sent.
    pub fn linger(&mut self, now: Tick) {
        self.phase = Phase::Lingering;
        self.since = now;
    }

    /// What came and is no whole frame yet.
    pub(super) fn unparsed(&self) -> &[u8] {
        self.input.as_ref().map_or(&[], |input| input.inbox.bytes())
    }
}

#[cfg(test)]
mod tests;
