//! From a connection's bytes to its frames: which dialect they belong to, and what the next one asks.

use std::io;

use crate::buffer::{Inbox, Ledger};
use crate::dialect::foreign::{self, Begun};
use crate::dialect::sniff::{Foreign, Sniffed, byte_order_mark_len, sniff, sniff_object};
use crate::dialect::spec::{Class, FrameEnd};
use crate::dialect::{Ask, Dialect, Parsed, Stage, http, telnet};
use crate::frame::websocket::{self, CloseCode, Opcode};
use crate::frame::{End, Framing, Status, Step};
use crate::layer::Transport;
use crate::limits::Limits;
use crate::model::ErrorCode;

use super::super::pages::Messages;
use super::super::phase::{Phase, Reason};
use super::super::timers::Tick;
use super::{Connection, Filled, Opening};

/// Bytes that are not parsed yet, and how far the framing has looked at them.
#[derive(Debug)]
pub(super) struct Unparsed {
    pub(super) inbox: Inbox,
    pub(super) framing: Framing,
}

/// What the bytes at hand came to.
#[derive(Debug, PartialEq)]
pub enum Taken {
    /// A frame, understood.
    Frame(Parsed),
    /// Something that is to be done in the dialogue before the next frame is read.
    Move,
    /// The first frame, which is of this protocol rather than of the dialect.
    Foreign(&'static str),
    /// The peer closes its WebSocket, with this code.
    Close(Option<u16>),
    /// The peer broke the rules of its WebSocket, which ends with this code.
    Broken(CloseCode),
    /// A piece of a file that is sent.
    Piece(Vec<u8>),
    /// The end of what is sent of a file.
    PieceEnd {
        /// Did all of that come?
        is_whole: bool,
    },
}

impl<S: Transport> Connection<S> {
    /// Has something begun that silence does not turn into text?
    pub(super) fn has_begun(&self) -> bool {
        matches!(sniff(self.unparsed()), Sniffed::Object | Sniffed::Hello)
    }

    /// Has something come that is no whole frame yet?
    pub fn has_unparsed(&self) -> bool {
        let is_within = |input: &Unparsed| input.framing.is_within();
        !self.unparsed().is_empty() || self.input.as_deref().is_some_and(is_within)
    }

    pub(super) fn input_mut(&mut self) -> &mut Unparsed {
        let (dialect, is_websocket) = (self.dialect, self.is_websocket());
        self.input.get_or_insert_with(|| {
            Box::new(Unparsed {
                inbox: Inbox::default(),
                framing: framing_of(dialect, is_websocket),
            })
        })
    }

    /// Does one read into `scratch` and keeps what came; once draining, what comes is let go.
    /// `Interrupted` is `Bytes(0)`: try again in the next turn. Any other error ends the input, and
    /// is remembered as the reason.
    pub fn fill(&mut self, scratch: &mut [u8], now: Tick) -> Filled {
        let was_handshaking = self.socket.is_handshaking();
        match self.socket.read(scratch) {
            Ok(0) => self.end(now),
            Ok(count) => {
                if self.phase == Phase::Open {
                    self.input_mut().inbox.extend(&scratch[..count]);
                    self.progress = now;
                    self.silence_handled = false;
                    self.relax(|restraint| restraint.pinged_since = None);
                }
                Filled::Bytes(count)
            }
            Err(e) if e.kind() == io::ErrorKind::WouldBlock => {
                if was_handshaking && !self.socket.is_handshaking() {
                    self.progress = now;
                }
                Filled::Blocked
            }
            Err(e) if e.kind() == io::ErrorKind::Interrupted => Filled::Bytes(0),
            Err(e) => {
                let is_no_tls = e.kind() == io::ErrorKind::InvalidData;
                if is_no_tls {
                    // Nothing can be encrypted for it any more.
                    self.outbox.clear();
                }
                self.reason.get_or_insert(match is_no_tls {
                    true => Reason::Protocol,
                    false => Reason::Broken(e.kind()),
                });
                self.end(now)
            }
        }
    }

    fn end(&mut self, now: Tick) -> Filled {
        // What waits for a handshake that will not be can't be sent any more.
        if self.socket.is_handshaking() {
            self.outbox.clear();
        }
        self.ended = true;
        self.progress = now;
        Filled::Ended
    }

    /// Takes the bytes that are not parsed yet: they belong to something below this connection.
    pub fn take_unparsed(&mut self) -> Vec<u8> {
        let input = self.input.take();
        input.map_or(Vec::new(), |input| input.inbox.bytes().to_vec())
    }

    /// Goes on in a dialect; what is unparsed belongs to it.
    pub(in crate::reactor) fn speak(&mut self, dialect: Dialect, messages: Messages) {
        self.dialect = Some(dialect);
        self.messages = messages;
        (self.dialogue, self.brief) = (dialect.dialogue(), 0);
        if dialect.spec().is_padded {
            self.socket.keep_reads_apart();
        }
        if let Some(input) = &mut self.input {
            input.framing = framing_of(self.dialect, messages != Messages::None);
        }
    }

    /// Gives back the memory that unparsed bytes do not need.
    fn settle_input(&mut self) {
        if let Some(input) = &mut self.input {
            input.inbox.settle();
            let new = framing_of(self.dialect, self.messages != Messages::None);
            if input.inbox.is_empty() && input.framing == new {
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
        match byte_order_mark_len(self.unparsed()) {
            0 => {}
            mark => self.input_mut().inbox.consume(mark),
        }
        let sniffed = sniff(self.unparsed());
        let too_long = self.unparsed().len() > self.frame_limit(limits);
        let dialect = match sniffed {
            Sniffed::Foreign(foreign) => return Err(foreign),
            Sniffed::Spoken(dialect) => dialect,
            Sniffed::Object => match self.sniff_object(end, limits) {
                Some(dialect) => dialect,
                None => return Ok(None),
            },
            Sniffed::Hello if end != End::Closed => return Ok(None),
            Sniffed::Request | Sniffed::Undecided if end == End::Open && !too_long => {
                return Ok(None);
            }
            Sniffed::Request | Sniffed::Hello | Sniffed::Undecided => sniffed.taken_for(),
        };
        self.speak(dialect, Messages::None);
        Ok(self.dialect)
    }

    fn sniff_object(&mut self, end: End, limits: &Limits) -> Option<Dialect> {
        let limit = self.frame_limit(limits);
        let Unparsed { inbox, framing } = self.input_mut();
        let step = framing.decode(inbox.bytes(), limit, end);
        match step.status {
            Status::Frame(range) => Some(sniff_object(&inbox.bytes()[range])),
            Status::TooLong => Some(Sniffed::Object.taken_for()),
            _ => {
                inbox.consume(step.consumed);
                None
            }
        }
    }

    /// Takes the next frame that is at hand and reads it. `None`: more bytes are needed. What telnet
    /// or a WebSocket asks of the server's own is answered on the way.
    pub fn take(&mut self, end: End, limits: &Limits, ledger: &Ledger) -> Option<Taken> {
        if self.has_moves() {
            return Some(Taken::Move);
        }
        // The end of input is a frame in some framings; but for that, nothing comes of nothing.
        if self.input.is_none() && end != End::Closed {
            return None;
        }
        let (limit, dialect, stage) = (self.frame_limit(limits), self.spoken(), self.stage);
        let spec = dialect.spec();
        let is_telnet = spec.has_telnet && !self.is_websocket();
        let is_echo = spec.class == Class::Echo;
        let may_be_foreign = matches!(self.opening, Opening::Frame | Opening::Awaited)
            && !self.is_websocket()
            && spec.class.is_chat();
        let asks_name = stage != Stage::Joined && spec.class != Class::Console;
        let input = self.input_mut();
        let step = input.framing.decode(input.inbox.bytes(), limit, end);
        let (mut own, mut is_request) = (Vec::new(), true);
        let foreign = may_be_foreign
            .then(|| input.protocol(&step, spec.frame_end, asks_name))
            .flatten();
        let taken = match &step.status {
            Status::Partial => None,
            Status::Frame(_) | Status::TooLong if foreign.is_some() => foreign.map(Taken::Foreign),
            Status::Frame(range) => {
                let frame = &input.inbox.bytes()[range.clone()];
                Some(Taken::Frame(dialect.parse(frame, stage)))
            }
            Status::TooLong => Some(Taken::Frame(refused(ErrorCode::FrameTooLong(limit)))),
            Status::BadBody { is_too_long } => {
                let refusal = http::refusal_of_body(input.framing.held(), *is_too_long);
                Some(Taken::Frame(Parsed {
                    ask: Ask::Http(Box::new(Err(refusal))),
                    id: None,
                }))
            }
            Status::Head(range) => {
                let head = http::parse_head(&input.inbox.bytes()[range.clone()]);
                Some(Taken::Frame(Parsed {
                    ask: Ask::Http(Box::new(head)),
                    id: None,
                }))
            }
            Status::Piece(range) => Some(Taken::Piece(input.inbox.bytes()[range.clone()].to_vec())),
            Status::HeldPiece => Some(Taken::Piece(input.framing.held().to_vec())),
            Status::BodyEnd { is_whole } => {
                let is_whole = *is_whole;
                Some(Taken::PieceEnd { is_whole })
            }
            Status::Message { is_text } if is_echo => {
                let opcode = match is_text {
                    true => Opcode::Text,
                    false => Opcode::Binary,
                };
                websocket::write_frame(opcode, input.framing.held(), &mut own);
                Some(Taken::Frame(nothing()))
            }
            Status::Message { .. } => {
                Some(Taken::Frame(dialect.parse(input.framing.held(), stage)))
            }
            Status::Ping => {
                websocket::write_pong(input.framing.held(), &mut own);
                is_request = false;
                Some(Taken::Frame(nothing()))
            }
            Status::Pong => {
                is_request = false;
                Some(Taken::Frame(nothing()))
            }
            Status::Close(code) => Some(Taken::Close(*code)),
            Status::Broken(code) => Some(Taken::Broken(*code)),
        };
        if is_telnet {
            for _ in 0..input.telnet_marks(&step) {
                own.extend_from_slice(telnet::NO_TIMING_MARK);
            }
        }
        // Whether a file is wanted is not known before its head was looked at.
        if !matches!(step.status, Status::Head(_)) && input.framing.owes_continue() {
            own.extend_from_slice(http::CONTINUE);
        }
        let is_first = may_be_foreign && taken.is_some();
        let is_blank = |bytes: &[u8]| bytes.trim_ascii().is_empty();
        if is_first && !is_blank(&input.inbox.bytes()[..step.consumed]) {
            self.opening = Opening::Over;
        }
        let input = self.input_mut();
        input.inbox.consume(step.consumed);
        if !own.is_empty() {
            self.append(ledger, |out| out.extend_from_slice(&own));
        }
        match taken {
            None => self.settle_input(),
            Some(_) if is_request => self.heard_from(),
            Some(_) => self.heard_only_life(limits),
        }
        taken
    }
}

fn nothing() -> Parsed {
    let ask = Ask::Nothing;
    Parsed { ask, id: None }
}

fn refused(code: ErrorCode) -> Parsed {
    let ask = Ask::Refused(code);
    Parsed { ask, id: None }
}

impl Unparsed {
    /// Which other protocol a first frame is of, if it is. What may have been cut is looked at for how it
    /// begins: the rest of a request would be words or names.
    fn protocol(&self, step: &Step, ends: FrameEnd, asks_name: bool) -> Option<&'static str> {
        let bytes = self.inbox.bytes();
        let (frame, is_whole) = match &step.status {
            Status::Frame(range) => {
                let is_line = bytes[range.end..step.consumed].contains(&b'\n');
                (&bytes[range.clone()], is_line && ends != FrameEnd::Object)
            }
            Status::TooLong => (&bytes[..step.consumed], false),
            _ => return None,
        };
        let begun = Begun {
            is_whole,
            asks_name,
        };
        foreign::protocol(frame, begun)
    }

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

/// The framing that a dialect begins with; the auto door looks for an object.
fn framing_of(dialect: Option<Dialect>, is_websocket: bool) -> Framing {
    if is_websocket {
        return Framing::websocket();
    }
    match dialect.map_or(FrameEnd::Object, |dialect| dialect.spec().frame_end) {
        FrameEnd::Line => Framing::line(),
        FrameEnd::TypedLine => Framing::typed_line(),
        FrameEnd::Object => Framing::object(),
        FrameEnd::Silence => Framing::silence(),
        FrameEnd::Block => Framing::block(),
        FrameEnd::Http => Framing::http(),
    }
}
