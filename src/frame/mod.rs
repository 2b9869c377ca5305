//! Framings: where a frame ends, and nothing about what it means.
//!
//! A decoder looks at the unparsed bytes, remembers how far it looked, and never looks at a byte
//! twice: bytes that arrive one by one cost linear time. "More bytes are needed" is a value,
//! [`Status::Partial`]. Size is checked exactly where a decoder would wait for more, so that a frame
//! over the limit is reported once, skipped up to its end, and never held whole.

mod http;
mod line;
mod object;
mod silence;
pub mod websocket;

use std::ops::Range;

pub use http::Http;
#[doc(hidden)]
pub use http::oracle as http_oracle;
pub use line::Line;
pub use object::Object;
pub use silence::{Block, Silence};
use websocket::Opcode;
pub use websocket::{CloseCode, WebSocket};

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
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Framing {
    /// The end of a line ends a frame.
    Line(Line),
    /// The closing brace of a JSON object ends a frame.
    Object(Object),
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
        Framing::Object(Object::default())
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
    pub fn encode(&self, payload: &[u8], out: &mut Vec<u8>) {
        match self {
            Framing::Line(_) | Framing::Silence(_) => {
                out.extend_from_slice(payload);
                out.push(b'\n');
            }
            Framing::Object(_) | Framing::Block(_) | Framing::Http(_) => {
                out.extend_from_slice(payload);
            }
            Framing::WebSocket(_) => websocket::write_frame(Opcode::Text, payload, out),
        }
    }
}

/// What a framing makes of an input, and the oracle of its tests: used by the unit tests here and by
/// the fuzz target.
#[doc(hidden)]
pub mod oracle {
    use super::{End, Framing, Status};
    use crate::limits::HTTP_BODY_BYTES_MAX;

    /// A frame, or the report of one that was too long.
    #[derive(Debug, Clone, PartialEq, Eq)]
    pub enum Found {
        /// A whole frame.
        Frame(Vec<u8>),
        /// One that the framing put together.
        Held(Vec<u8>),
        /// One over the limit.
        TooLong,
        /// One whose body is none.
        BadBody,
    }

    /// Feeds `bytes` in pieces of `piece` bytes, then ends the input.
    ///
    /// # Panics
    /// Where the decoder breaks its contract: consumes more than it was given, finds a frame over
    /// the limit or outside of what it consumed, holds more than a limit's worth, or does not stop.
    pub fn decode_all(framing: &Framing, bytes: &[u8], limit: usize, piece: usize) -> Vec<Found> {
        let mut framing = framing.clone();
        let mut held = Vec::new();
        let mut found = Vec::new();
        for part in bytes.chunks(piece.max(1)) {
            held.extend_from_slice(part);
            drain(&mut framing, &mut held, limit, End::Open, &mut found);
            assert!(
                held.len() <= len_max(&framing, limit) + 2,
                "{} bytes held at a limit of {limit}",
                held.len()
            );
        }
        drain(&mut framing, &mut held, limit, End::Closed, &mut found);
        found
    }

    /// How long a frame may be.
    fn len_max(framing: &Framing, limit: usize) -> usize {
        match framing {
            Framing::Http(_) => limit + HTTP_BODY_BYTES_MAX,
            _ => limit,
        }
    }

    pub(super) fn drain(
        framing: &mut Framing,
        held: &mut Vec<u8>,
        limit: usize,
        end: End,
        found: &mut Vec<Found>,
    ) {
        let steps_max = 2 * held.len() + 4;
        for _ in 0..steps_max {
            let step = framing.decode(held, limit, end);
            assert!(step.consumed <= held.len(), "consumed more than there was");
            match step.status {
                Status::Partial => {
                    held.drain(..step.consumed);
                    return;
                }
                Status::Frame(range) => {
                    assert!(
                        range.end <= step.consumed,
                        "a frame beyond what was consumed"
                    );
                    let is_short = range.len() <= len_max(framing, limit);
                    assert!(is_short, "a frame over the limit");
                    found.push(Found::Frame(held[range].to_vec()));
                }
                Status::TooLong => found.push(Found::TooLong),
                Status::BadBody { .. } => found.push(Found::BadBody),
                Status::Message { .. } if matches!(framing, Framing::Http(_)) => {
                    let request = framing.held().to_vec();
                    assert!(request.len() <= len_max(framing, limit), "over the limit");
                    found.push(Found::Held(request));
                }
                Status::Message { .. }
                | Status::Ping
                | Status::Pong
                | Status::Close(_)
                | Status::Broken(_) => panic!("{:?} of a stream of bytes", step.status),
            }
            held.drain(..step.consumed);
        }
        panic!("the decoder does not stop");
    }

    /// Checks one input of the fuzz target: two bytes choose framing and limit, the rest is input.
    /// Whole, byte by byte and with bytes behind it, the framing must find the same frames, and what
    /// it finds must survive being encoded and decoded again.
    ///
    /// # Panics
    /// Where they disagree.
    pub fn check(input: &[u8]) {
        let [selector, size, bytes @ ..] = input else {
            return;
        };
        let (framing, behind): (Framing, &[u8]) = match selector % 5 {
            0 => (Framing::line(), b"\nnext\n"),
            1 => (Framing::object(), b"\n{}"),
            2 => (Framing::silence(), b"\nnext\n"),
            3 => (Framing::block(), b""),
            _ => (Framing::typed_line(), b"\nnext\n"),
        };
        let limit = 1 + usize::from(*size);
        let whole = decode_all(&framing, bytes, limit, bytes.len());
        for piece in [1, 2, 3, 7] {
            assert_eq!(
                whole,
                decode_all(&framing, bytes, limit, piece),
                "in pieces of {piece}"
            );
        }
        check_against_the_plain_reading(&framing, bytes, limit, &whole);
        check_silence(&framing, bytes, limit, &whole);
        // An object that the input leaves open goes on in what follows, and so has no such law.
        if !matches!(framing, Framing::Object(_)) {
            let longer = decode_all(&framing, &[bytes, behind].concat(), limit, usize::MAX);
            assert_eq!(whole[..], longer[..whole.len()], "with bytes behind");
        }
        for frame in &whole {
            let Found::Frame(payload) = frame else {
                continue;
            };
            let mut encoded = Vec::new();
            framing.encode(payload, &mut encoded);
            let again = decode_all(&framing, &encoded, limit, usize::MAX);
            // A blank line is a frame too; of the carriage returns at an end only the last is cut.
            if !payload.ends_with(b"\r") {
                assert_eq!(
                    again,
                    std::slice::from_ref(frame),
                    "encoded and decoded again"
                );
            }
        }
    }

    /// What a framing must find, said in the plainest way: all bytes at hand, no state.
    fn check_against_the_plain_reading(
        framing: &Framing,
        bytes: &[u8],
        limit: usize,
        whole: &[Found],
    ) {
        let found = |frame: &[u8]| match frame.len() <= limit {
            true => Found::Frame(frame.to_vec()),
            false => Found::TooLong,
        };
        match framing {
            Framing::Line(_) | Framing::Silence(_) if *framing == Framing::line() => {
                let lines = bytes.split_inclusive(|&byte| byte == b'\n');
                let plain: Vec<Found> = lines
                    .map(|line| line.strip_suffix(b"\n").unwrap_or(line))
                    .map(|line| found(line.strip_suffix(b"\r").unwrap_or(line)))
                    .collect();
                assert_eq!(whole, plain, "the lines");
            }
            Framing::Line(_) | Framing::Silence(_) => {
                // Each byte is a character here.
                let text: String = bytes.iter().map(|&byte| char::from(byte)).collect();
                let text = text.replace("\r\n", "\n").replace("\r\0", "\n");
                let text = text.replace('\r', "\n");
                let lines = text.split_inclusive('\n');
                let plain: Vec<Found> = lines
                    .map(|line| line.strip_suffix('\n').unwrap_or(line))
                    .map(|line| found(&line.chars().map(|c| c as u8).collect::<Vec<u8>>()))
                    .collect();
                assert_eq!(whole, plain, "the typed lines");
            }
            Framing::Block(_) => {
                let plain = bytes[..bytes.len().min(limit)].to_vec();
                assert_eq!(whole, [Found::Frame(plain)], "the block");
            }
            Framing::Object(_) => {
                let mut objects = serde_json::Deserializer::from_slice(bytes)
                    .into_iter::<serde_json::Map<String, serde_json::Value>>();
                let (mut plain, mut start) = (Vec::new(), 0);
                while let Some(Ok(_)) = objects.next() {
                    let end = objects.byte_offset();
                    plain.push(found(without_white_space(&bytes[start..end])));
                    start = end;
                    // Behind one over the limit, a line feed inside it begins anew.
                    if plain.last() == Some(&Found::TooLong) {
                        break;
                    }
                }
                assert_eq!(whole.get(..plain.len()), Some(&plain[..]), "the objects");
                check_nothing_is_lost(bytes, whole);
            }
            Framing::WebSocket(_) | Framing::Http(_) => unreachable!("they have their own oracles"),
        }
    }

    /// Between frames there are white space and byte-order marks, and nothing else.
    fn check_nothing_is_lost(bytes: &[u8], whole: &[Found]) {
        let mut rest = bytes;
        for found in whole {
            let Found::Frame(frame) = found else { return };
            rest = without_white_space(rest);
            rest = rest.strip_prefix(&frame[..]).expect("a frame as it came");
        }
        assert!(without_white_space(rest).is_empty(), "bytes lost: {rest:?}");
    }

    /// Behind JSON's white space, which is not all of ASCII's, and byte-order marks.
    fn without_white_space(bytes: &[u8]) -> &[u8] {
        let mut content = bytes;
        while let [b' ' | b'\t' | b'\r' | b'\n', rest @ ..] | [0xEF, 0xBB, 0xBF, rest @ ..] =
            content
        {
            content = rest;
        }
        content
    }

    /// Silence parts a stream as its end would, for the framings that heed it; others wait on.
    fn check_silence(framing: &Framing, bytes: &[u8], limit: usize, whole: &[Found]) {
        let (before, after) = bytes.split_at(bytes.len() / 2);
        let (mut parted, mut held, mut found) = (framing.clone(), before.to_vec(), Vec::new());
        drain(&mut parted, &mut held, limit, End::Silent, &mut found);
        held.extend_from_slice(after);
        drain(&mut parted, &mut held, limit, End::Closed, &mut found);
        let expected = match framing {
            Framing::Silence(_) => {
                // It belongs to the end of the line before.
                let has_second = before.ends_with(b"\r") && after.starts_with(b"\n")
                    || before.ends_with(b"\r") && after.starts_with(b"\0");
                [before, &after[usize::from(has_second)..]]
                    .map(|part| decode_all(framing, part, limit, usize::MAX))
                    .concat()
            }
            Framing::Block(_) if !before.is_empty() => {
                decode_all(framing, before, limit, usize::MAX)
            }
            _ => whole.to_vec(),
        };
        assert_eq!(found, expected, "parted by silence");
    }
}

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
            selector in 0u8..5,
            size in 0u8..40,
            bytes in prop::collection::vec(
                prop::sample::select(br#"ab{}[]":,\ xyz"#.iter().chain(b"\r\n\0\xff\xef\xbb\xbf").copied().collect::<Vec<_>>()), 0..120),
        ) {
            check(&[&[selector, size], &bytes[..]].concat());
        }
    }
}
