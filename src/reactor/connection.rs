//! One connection: a socket with its buffers, generic over the socket so that tests can script it.

use std::io::{self, Read, Write};

use mio::Interest;

use crate::buffer::{Chunk, Inbox, Ledger, Outbox};
use crate::dialect::sniff::{Foreign, Sniffed, sniff, sniff_object};
use crate::dialect::telnet;
use crate::dialect::{Dialect, Parsed, Stage};
use crate::frame::{End, Framing, Status, Step};
use crate::limits::{
    DRAIN_MAX_MS, DRAIN_STALL_MS, ECHO_BYTES_MAX, HTTP_HEAD_BYTES_MAX, LINGER_MS, Limits,
    SILENCE_MS, SNIFF_MS, UNJOINED_FRAME_BYTES_MAX, UNJOINED_SENDQ_BYTES_MAX,
};
use crate::model::{ConnId, Peer};

use super::bucket::{Bucket, Flood, Flooding};
use super::phase::{Due, Phase, Reason};
use super::timers::{Alarm, Tick};

/// How a connection stands with the limits of connections.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// Counted in.
    Admitted,
    /// Admitted over the limit, only to be refused.
    Refused,
    /// The operator's own: not counted.
    Exempt,
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
    input: Option<Box<Input>>,
    pub(super) outbox: Outbox,
    /// Invariant: where it is absent, nothing holds the connection back.
    restraint: Option<Box<Restraint>>,
    pub(super) bucket: Bucket,
    /// When its entry in the timers fires.
    pub(super) alarm: Alarm,
    /// When it entered its phase.
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
    /// What the poll was told last.
    pub(super) registered: Option<Interest>,
    /// Invariant: the hub has a session for it.
    pub(super) joined: bool,
    /// The peer's input has ended.
    pub(super) ended: bool,
    /// Not read because its SendQ is over the soft limit.
    pub(super) paused: bool,
    /// The silence after the last byte was heeded already.
    pub(super) hushed: bool,
    /// Invariant: on the ready list.
    pub(super) is_ready: bool,
    /// Invariant: on the list of those to be settled at the end of the turn.
    pub(super) is_touched: bool,
    /// Invariant: on the list of those to be flushed when their turn comes.
    pub(super) is_waiting: bool,
    /// Invariant: on the list to be swept; nothing is read from or written to it any more.
    pub(super) is_doomed: bool,
}

/// Bytes that are not parsed yet, and how far the framing has looked at them.
#[derive(Debug)]
struct Input {
    inbox: Inbox,
    framing: Framing,
}

/// What holds a connection back that is owed or asks too much.
#[derive(Debug, Default, PartialEq, Eq)]
struct Restraint {
    /// Since when its SendQ is over the soft limit.
    soft_since: Option<Tick>,
    /// Its requests wait for tokens until then.
    throttled_until: Option<Tick>,
    flooding: Option<Flooding>,
}

impl<S> Connection<S> {
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
            registered: None,
            joined: false,
            ended: false,
            paused: false,
            hushed: true,
            is_ready: false,
            is_touched: false,
            is_waiting: false,
            is_doomed: false,
        }
    }

    /// What it is asked for next: a name, or requests.
    pub fn stage(&self) -> Stage {
        if self.joined {
            Stage::Joined
        } else {
            Stage::Joining
        }
    }

    /// The dialect it is answered in. While the auto door does not know, that is text, or json where
    /// an object has begun.
    pub fn spoken(&self) -> Dialect {
        match self.dialect {
            Some(dialect) => dialect,
            None if self.awaits_object() => Dialect::Json,
            None => Dialect::Text,
        }
    }

    /// Has it begun an object that will tell which of the JSON dialects it speaks?
    fn awaits_object(&self) -> bool {
        sniff(self.unparsed()) == Sniffed::Object
    }

    fn unparsed(&self) -> &[u8] {
        self.input.as_ref().map_or(&[], |input| input.inbox.bytes())
    }

    fn input_mut(&mut self) -> &mut Input {
        let dialect = self.dialect;
        self.input.get_or_insert_with(|| {
            Box::new(Input {
                inbox: Inbox::default(),
                framing: framing_of(dialect),
            })
        })
    }

    /// Gives back the memory that unparsed bytes do not need.
    fn settle_input(&mut self) {
        if let Some(input) = &mut self.input {
            input.inbox.settle();
            if input.inbox.is_empty() && input.framing == framing_of(self.dialect) {
                self.input = None;
            }
        }
    }

    /// Decides the dialect of a connection at the auto door, if the bytes at hand do. At the end of
    /// input or after silence they do.
    ///
    /// # Errors
    /// The protocol recognised, where it is not spoken here.
    pub fn sniff(&mut self, end: End, limits: &Limits) -> Result<Option<Dialect>, Foreign> {
        let sniffed = sniff(self.unparsed());
        let too_long = self.unparsed().len() > self.frame_limit(limits);
        let dialect = match sniffed {
            Sniffed::Foreign(foreign) => return Err(foreign),
            Sniffed::Spoken(dialect) => dialect,
            Sniffed::Object => match self.sniff_object(end, limits) {
                Some(dialect) => dialect,
                None => return Ok(None),
            },
            Sniffed::Undecided if end == End::Open && !too_long => return Ok(None),
            Sniffed::Undecided => Dialect::Text,
        };
        self.dialect = Some(dialect);
        if let Some(input) = &mut self.input {
            input.framing = framing_of(self.dialect);
        }
        Ok(self.dialect)
    }

    fn sniff_object(&mut self, end: End, limits: &Limits) -> Option<Dialect> {
        let limit = self.frame_limit(limits);
        let Input { inbox, framing } = self.input_mut();
        let step = framing.decode(inbox.bytes(), limit, end);
        match step.status {
            Status::Frame(range) => Some(sniff_object(&inbox.bytes()[range])),
            Status::TooLong => Some(Dialect::Json),
            Status::Partial
            | Status::Message { .. }
            | Status::Ping
            | Status::Pong
            | Status::Close(_)
            | Status::Broken(_) => {
                inbox.consume(step.consumed);
                None
            }
        }
    }

    /// Takes the next frame that is at hand and reads it. `None`: more bytes are needed. What telnet
    /// asks in between is answered on the way.
    pub fn take(&mut self, end: End, limits: &Limits, ledger: &Ledger) -> Option<Parsed> {
        // The end of input is a frame in some framings; but for that, nothing comes of nothing.
        if self.input.is_none() && end != End::Closed {
            return None;
        }
        let (limit, dialect, stage) = (self.frame_limit(limits), self.spoken(), self.stage());
        let is_text = self.dialect == Some(Dialect::Text);
        let input = self.input_mut();
        let step = input.framing.decode(input.inbox.bytes(), limit, end);
        let parsed = match &step.status {
            Status::Partial
            | Status::Message { .. }
            | Status::Ping
            | Status::Pong
            | Status::Close(_)
            | Status::Broken(_) => None,
            Status::Frame(range) => Some(dialect.parse(&input.inbox.bytes()[range.clone()], stage)),
            Status::TooLong => Some(dialect.parse_too_long(limit)),
        };
        let marks = if is_text {
            input.telnet_marks(&step)
        } else {
            0
        };
        input.inbox.consume(step.consumed);
        for _ in 0..marks {
            self.append(ledger, |out| out.extend_from_slice(telnet::NO_TIMING_MARK));
        }
        if parsed.is_none() {
            self.settle_input();
        }
        parsed
    }

    /// A stranger's frames are held to less than a user's.
    fn frame_limit(&self, limits: &Limits) -> usize {
        match (self.dialect, self.stage()) {
            (Some(Dialect::Echo), _) => ECHO_BYTES_MAX,
            (Some(Dialect::Http | Dialect::Status), _) => HTTP_HEAD_BYTES_MAX,
            (Some(Dialect::Console), _) | (_, Stage::Joined) => limits.frame_bytes,
            (_, Stage::Joining) => limits.frame_bytes.min(UNJOINED_FRAME_BYTES_MAX),
        }
    }

    fn soft_limit(&self, limits: &Limits) -> usize {
        self.hard_limit(limits).min(limits.sendq_soft_bytes)
    }

    fn hard_limit(&self, limits: &Limits) -> usize {
        match (self.dialect, self.stage()) {
            (Some(Dialect::Console), _) | (_, Stage::Joined) => limits.sendq_hard_bytes,
            // What one frame is answered with must always fit.
            (Some(Dialect::Echo), _) => 2 * ECHO_BYTES_MAX,
            (_, Stage::Joining) => limits.sendq_hard_bytes.min(UNJOINED_SENDQ_BYTES_MAX),
        }
    }

    /// Is it owed so much that its own requests must wait?
    pub fn is_over_soft_limit(&self, limits: &Limits) -> bool {
        self.outbox.len() > self.soft_limit(limits)
    }

    /// Is it owed more than it may be?
    pub fn is_over_hard_limit(&self, limits: &Limits) -> bool {
        self.phase == Phase::Open && self.outbox.len() > self.hard_limit(limits)
    }

    /// Is there nothing that it must be sent before anything new?
    pub fn owes_nothing(&self) -> bool {
        self.outbox.is_empty()
    }

    /// Does it wait for its socket to take more? Then an event will come.
    pub fn is_blocked(&self) -> bool {
        self.registered.is_some_and(Interest::is_writable)
    }

    /// Is it over a limit that it was not over when it was settled last?
    pub fn crosses_limit(&self, limits: &Limits) -> bool {
        self.is_over_hard_limit(limits) || (self.is_over_soft_limit(limits) && !self.paused)
    }

    /// Owes the peer a shared chunk.
    pub fn push(&mut self, chunk: &Chunk) {
        self.outbox.push(chunk);
    }

    /// Owes the peer what `write` writes.
    pub fn append(&mut self, ledger: &Ledger, write: impl FnOnce(&mut Vec<u8>)) {
        self.outbox.append(ledger, write);
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

    /// What the poll is to watch: a pure function of the state.
    pub fn interest(&self) -> Interest {
        let waits = self.paused || self.throttled_until().is_some();
        let reads = !self.ended && (self.phase != Phase::Open || !waits);
        match (reads, !self.outbox.is_empty()) {
            (true, true) => Interest::READABLE | Interest::WRITABLE,
            (false, true) => Interest::WRITABLE,
            (_, false) => Interest::READABLE,
        }
    }

    /// Keeps account of how long the SendQ is over the soft limit. `true`: it may be read again.
    pub fn note_sendq(&mut self, limits: &Limits, now: Tick) -> bool {
        let was_paused = self.paused;
        self.paused = self.phase == Phase::Open && self.is_over_soft_limit(limits);
        if self.paused {
            let restraint = self.restraint.get_or_insert_default();
            restraint.soft_since.get_or_insert(now);
        } else {
            self.relax(|restraint| restraint.soft_since = None);
        }
        was_paused && !self.paused
    }

    /// Its requests wait for tokens until then.
    fn throttled_until(&self) -> Option<Tick> {
        self.restraint.as_ref()?.throttled_until
    }

    /// Lets its requests wait for tokens, and tells what else is to be done about it.
    pub(super) fn throttle(&mut self, until: Tick, now: Tick) -> Flood {
        let restraint = self.restraint.get_or_insert_default();
        restraint.throttled_until = Some(until);
        let flooding = restraint.flooding.get_or_insert(Flooding::since(now));
        flooding.judge(now)
    }

    /// The time to wait for tokens is over.
    pub(super) fn unthrottle(&mut self) {
        self.relax(|restraint| restraint.throttled_until = None);
    }

    /// Nothing waits any more: who asks just as fast as it may floods nobody.
    pub(super) fn caught_up(&mut self) {
        self.relax(|restraint| restraint.flooding = None);
    }

    fn relax(&mut self, relax: impl FnOnce(&mut Restraint)) {
        if let Some(restraint) = &mut self.restraint {
            relax(restraint);
            if **restraint == Restraint::default() {
                self.restraint = None;
            }
        }
    }

    /// The next deadline and what is due then: a pure function of the state.
    pub fn due(&self, limits: &Limits) -> Option<(Tick, Due)> {
        let open = self.phase == Phase::Open;
        let when = |condition: bool, tick: Tick, due: Due| condition.then_some((tick, due));
        let stalls =
            self.phase == Phase::Draining || (open && self.ended && !self.outbox.is_empty());
        // A tick is cut to the millisecond: one more, so that the silence is never too short.
        let silence = self.progress + SILENCE_MS + 1;
        let sniffs = open && self.dialect.is_none() && !self.ended && !self.awaits_object();
        let waits = self.paused || self.throttled_until().is_some();
        let hears = open && !self.hushed && !waits && framing_of(self.dialect).heeds_silence();
        let soft_since = self.restraint.as_ref().and_then(|it| it.soft_since);
        [
            self.throttled_until()
                .filter(|_| open)
                .map(|until| (until, Due::Tokens)),
            when(sniffs, self.progress + SNIFF_MS, Due::Sniff),
            when(hears, silence, Due::Silence),
            when(
                open && !self.joined && self.dialect != Some(Dialect::Console),
                self.since + limits.join_ms,
                Due::Join,
            ),
            limits
                .idle_ms
                .filter(|_| open && self.joined)
                .map(|ms| (self.progress + ms, Due::Idle)),
            soft_since.map(|since| (since + limits.sendq_ms, Due::SendQ)),
            when(stalls, self.progress + DRAIN_STALL_MS, Due::Stall),
            when(
                self.phase == Phase::Draining,
                self.since + DRAIN_MAX_MS,
                Due::Stall,
            ),
            when(
                self.phase == Phase::Lingering,
                self.since + LINGER_MS,
                Due::Linger,
            ),
        ]
        .into_iter()
        .flatten()
        .min_by_key(|&(tick, _)| tick)
    }
}

impl<S: Read + Write> Connection<S> {
    /// Does one read into `scratch` and keeps what came; once draining, what comes is let go.
    /// `Interrupted` is `Bytes(0)`: try again in the next turn. Any other error ends the input, and
    /// is remembered as the reason.
    pub fn fill(&mut self, scratch: &mut [u8], now: Tick) -> Filled {
        match self.socket.read(scratch) {
            Ok(0) => self.end(now),
            Ok(count) => {
                if self.phase == Phase::Open {
                    self.input_mut().inbox.extend(&scratch[..count]);
                    self.progress = now;
                    self.hushed = false;
                }
                Filled::Bytes(count)
            }
            Err(e) if e.kind() == io::ErrorKind::WouldBlock => Filled::Blocked,
            Err(e) if e.kind() == io::ErrorKind::Interrupted => Filled::Bytes(0),
            Err(e) => {
                self.reason.get_or_insert(Reason::Broken(e.kind()));
                self.end(now)
            }
        }
    }

    fn end(&mut self, now: Tick) -> Filled {
        self.ended = true;
        self.progress = now;
        Filled::Ended
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
        let before = self.outbox.len();
        let flushed = self.outbox.flush(&mut self.socket);
        let is_last = self.ended || self.phase != Phase::Open;
        if is_last && self.outbox.len() < before {
            self.progress = now;
        }
        flushed
    }
}

/// Is it an error that says to try again?
fn is_passing(kind: io::ErrorKind) -> bool {
    matches!(kind, io::ErrorKind::WouldBlock | io::ErrorKind::Interrupted)
}

impl Input {
    /// How often telnet waits for an answer, in a whole line or at the end of an unfinished one; the
    /// latter is taken back, so that it is answered once.
    fn telnet_marks(&mut self, step: &Step) -> usize {
        if let Status::Frame(range) = &step.status {
            return telnet::timing_marks(&self.inbox.bytes()[range.clone()]);
        }
        let mut marks = 0;
        while self.inbox.bytes()[step.consumed..].ends_with(telnet::TIMING_MARK) {
            self.inbox.retract(telnet::TIMING_MARK.len());
            self.framing.retract(telnet::TIMING_MARK.len());
            marks += 1;
        }
        marks
    }
}

/// The framing that a dialect's byte stream begins with; the auto door looks for an object.
fn framing_of(dialect: Option<Dialect>) -> Framing {
    match dialect {
        Some(Dialect::Text | Dialect::Json | Dialect::Console) => Framing::line(),
        Some(Dialect::Pynet) | None => Framing::object(),
        Some(Dialect::Anon | Dialect::Colon) => Framing::silence(),
        Some(Dialect::Echo) => Framing::block(),
        Some(Dialect::Http | Dialect::Status) => Framing::http(),
    }
}

#[cfg(test)]
mod tests;
