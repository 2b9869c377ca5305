//! Framings: where a frame ends, and nothing about what it means.
//!
//! A decoder looks at the unparsed bytes, remembers how far it looked, and never looks at a byte
//! twice: bytes that arrive one by one cost linear time. "More bytes are needed" is a value,
//! [`Status::Partial`]. Size is checked exactly where a decoder would wait for more, so that a frame
//! over the limit is reported once, skipped up to its end, and never held whole.

mod http;
mod line;
mod object;
pub(crate) mod proxy;
mod silence;
pub(crate) mod websocket;

use serde::{Deserialize, Serialize};
use std::ops::Range;

pub(crate) use http::Http;
#[cfg(any(test, feature = "testing"))]
pub use http::oracle as http_oracle;
pub(crate) use line::Line;
pub(crate) use object::JsonObject;
pub(crate) use silence::{Block, Silence};
pub(crate) use websocket::{CloseCode, WebSocket};

/// What is known about the bytes behind those at hand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End {
    /// More may come.
    Open,
    /// More may come, but none did for [`crate::limits::SILENCE_MS`].
    Silent,
    /// None will come: what is unfinished counts as finished.
    Closed,
}

/// What a decoder found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Status {
    /// No whole frame yet.
    Partial,
    /// A frame: its range in the bytes given, without its end.
    Frame(Range<usize>),
    /// A frame over the limit; what follows of it will be skipped.
    TooLong,
    /// The body of an HTTP request is none, or is too long. The framing holds what came of the request;
    /// nothing more is found after it.
    BadBody {
        /// Is it longer than a body may be?
        is_too_long: bool,
    },
    /// A whole message, or an HTTP request whose body came in chunks, which the framing holds
    /// ([`Framing::held`]).
    Message {
        /// Is it text, and so UTF-8?
        is_text: bool,
    },
    /// The head of an HTTP request whose body is handed on in pieces: its range.
    Head(Range<usize>),
    /// A piece of that body: its range.
    Piece(Range<usize>),
    /// A piece of it that came in chunks, which the framing holds.
    HeldPiece,
    /// The end of that body.
    BodyEnd {
        /// Is it all that was announced? Where it is not, nothing more is found.
        is_whole: bool,
    },
    /// The peer asks for a pong with the payload that the framing holds.
    Ping,
    /// A pong, asked for or not, whose payload the framing holds.
    Pong,
    /// The peer closes, and is owed a close with the same code. Nothing more is found after it.
    Close(Option<u16>),
    /// The peer broke the protocol, and is owed a close with this code. Nothing more is found
    /// after it.
    Broken(CloseCode),
}

/// One answer of a decoder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    /// What was found.
    pub status: Status,
    /// How many bytes at the front are done with; at most as many as were given. The next call is
    /// given the bytes behind them.
    pub consumed: usize,
}

/// The framing of one connection, with what it remembers between calls.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Framing {
    /// The end of a line ends a frame.
    Line(Line),
    /// The closing brace of a JSON object ends a frame.
    Object(JsonObject),
    /// The end of a typed line or silence ends a frame.
    Silence(Silence),
    /// Silence, the limit or the end of input ends the only frame.
    Block(Block),
    /// A WebSocket's messages, which the framing holds itself.
    WebSocket(Box<WebSocket>),
    /// A whole HTTP request is a frame.
    Http(Http),
}

impl Framing {
    /// A line feed ends a frame; a carriage return before it belongs to the end.
    pub fn line() -> Framing {
        Framing::Line(Line::default())
    }

    /// CR LF, LF, CR NUL or CR ends a frame.
    pub fn typed_line() -> Framing {
        Framing::Line(Line::typed())
    }

    /// The closing brace of a JSON object ends a frame.
    pub fn object() -> Framing {
        Framing::Object(JsonObject::default())
    }

    /// The end of a typed line or silence ends a frame.
    pub fn silence() -> Framing {
        Framing::Silence(Silence::default())
    }

    /// Silence, the limit or the end of input ends the only frame.
    pub fn block() -> Framing {
        Framing::Block(Block::default())
    }

    /// Messages from a WebSocket client.
    pub fn websocket() -> Framing {
        Framing::WebSocket(Box::default())
    }

    /// A whole HTTP request, head and body, is a frame.
    pub fn http() -> Framing {
        Framing::Http(Http::default())
    }

    /// Looks for the next frame in `bytes`, which begin where the last call's `consumed` ended.
    /// A frame longer than `limit` bytes, its end not counted, is [`Status::TooLong`]; of an HTTP
    /// request that is the head, its end counted; a WebSocket's message is [`Status::Broken`].
    pub fn decode(&mut self, bytes: &[u8], limit: usize, end: End) -> Step {
        match self {
            Framing::Line(line) => line.decode(bytes, limit, end == End::Closed),
            Framing::Object(object) => object.decode(bytes, limit, end == End::Closed),
            Framing::Silence(silence) => silence.decode(bytes, limit, end),
            Framing::Block(block) => block.decode(bytes, limit, end),
            Framing::WebSocket(websocket) => websocket.decode(bytes, limit),
            Framing::Http(http) => http.decode(bytes, limit, end == End::Closed),
        }
    }

    /// The payload of the message, ping or pong that the last call found, or the request, until the next
    /// one.
    pub fn held(&self) -> &[u8] {
        match self {
            Framing::WebSocket(websocket) => websocket.held(),
            Framing::Http(http) => http.held(),
            Framing::Line(_) | Framing::Object(_) | Framing::Silence(_) | Framing::Block(_) => &[],
        }
    }

    /// Is it in the middle of a frame of which no byte may be unparsed?
    pub fn is_within(&self) -> bool {
        matches!(self, Framing::Http(http) if http.is_within())
    }

    /// Is the client to be told that the body it has announced is wanted? Once for each.
    pub fn owes_continue(&mut self) -> bool {
        match self {
            Framing::Http(http) => http.take_continue(),
            _ => false,
        }
    }

    /// The last `count` bytes of the unfinished frame, which were looked at, are taken back.
    pub fn retract(&mut self, count: usize) {
        if let Framing::Line(line) = self {
            line.retract(count);
        }
    }

    /// Appends `payload` as a frame. Decoding gives it back where the framing can carry it: a line
    /// without its end, an object that is one. A WebSocket's frame is for
    /// the client: a message of text, not masked, which a server would refuse.
    #[cfg(any(test, feature = "testing"))]
    pub fn encode(&self, payload: &[u8], out: &mut Vec<u8>) {
        match self {
            Framing::Line(_) | Framing::Silence(_) => {
                out.extend_from_slice(payload);
                out.push(b'\n');
            }
            Framing::Object(_) | Framing::Block(_) | Framing::Http(_) => {
                out.extend_from_slice(payload);
            }
            Framing::WebSocket(_) => websocket::write_frame(websocket::Opcode::Text, payload, out),
        }
    }
}

#[cfg(any(test, feature = "testing"))]
pub mod oracle;

#[cfg(test)]
mod tests {
    use super::oracle::{Found, check, decode_all};
    use super::*;
    use proptest::prelude::*;

    /// Runs a case whole, byte by byte and with bytes behind it.
    pub(super) fn case(framing: &Framing, input: &[u8], limit: usize, expected: &[Option<&[u8]>]) {
        let expected: Vec<Found> = expected
            .iter()
            .map(|frame| frame.map_or(Found::TooLong, |frame| Found::Frame(frame.to_vec())))
            .collect();
        for piece in 1..=input.len().max(1) {
            assert_eq!(
                decode_all(framing, input, limit, piece),
                expected,
                "in pieces of {piece}"
            );
        }
        if !matches!(framing, Framing::Block(_)) {
            let longer = decode_all(framing, &[input, b"\n{}\n"].concat(), limit, usize::MAX);
            assert_eq!(longer[..expected.len()], expected[..], "with bytes behind");
        }
    }

    #[test]
    fn five_megabytes_without_a_boundary_cost_linear_time_and_no_memory() {
        for (framing, byte) in [
            (Framing::line(), b'x'),
            (Framing::object(), b'{'),
            (Framing::object(), b' '),
            (Framing::object(), b'x'),
            (Framing::silence(), b'x'),
            (Framing::http(), b'x'),
            (Framing::http(), b'\n'),
        ] {
            // decode_all holds the decoder to the limit; a quadratic one would not end here.
            let found = decode_all(&framing, &vec![byte; 5 << 20], 8192, 1);
            assert!(found.len() <= 1, "{framing:?} {} reports", found.len());
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(2000))]
        #[test]
        fn every_framing_agrees_with_itself(
            selector in 0u8..6,
            size in 0u8..40,
            bytes in prop::collection::vec(
                prop::sample::select(br#"ab{}[]":,\ xyz"#.iter().chain(b"\r\n\0\xff\xef\xbb\xbf").copied().collect::<Vec<_>>()), 0..120),
        ) {
            check(&[&[selector, size], &bytes[..]].concat());
        }
    }
}
