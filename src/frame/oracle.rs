//! What a framing makes of an input, and what must hold of it: for the unit tests here and the fuzz target.

use super::{End, Framing, Status, proxy};
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
    /// The head of one whose body is handed on in pieces.
    Head(Vec<u8>),
    /// That body, as far as it came.
    Body(Vec<u8>),
    /// The whole of it came.
    BodyEnd,
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
            Status::BadBody { .. } | Status::BodyEnd { is_whole: false } => {
                found.push(Found::BadBody);
            }
            Status::Head(range) => found.push(Found::Head(held[range].to_vec())),
            Status::Piece(range) => go_on(found, &held[range]),
            Status::HeldPiece => go_on(found, framing.held()),
            Status::BodyEnd { is_whole: true } => found.push(Found::BodyEnd),
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

/// A piece of a body came.
fn go_on(found: &mut Vec<Found>, piece: &[u8]) {
    match found.last_mut() {
        Some(Found::Body(body)) => body.extend_from_slice(piece),
        _ => found.push(Found::Body(piece.to_vec())),
    }
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
    let (framing, behind): (Framing, &[u8]) = match selector % 6 {
        5 => return proxy::check(bytes),
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
fn check_against_the_plain_reading(framing: &Framing, bytes: &[u8], limit: usize, whole: &[Found]) {
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
    while let [b' ' | b'\t' | b'\r' | b'\n', rest @ ..] | [0xEF, 0xBB, 0xBF, rest @ ..] = content {
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
        Framing::Block(_) if !before.is_empty() => decode_all(framing, before, limit, usize::MAX),
        _ => whole.to_vec(),
    };
    assert_eq!(found, expected, "parted by silence");
}
