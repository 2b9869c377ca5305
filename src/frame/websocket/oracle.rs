//! What must hold of the decoder whatever the bytes: used by its tests and by the fuzz target.

use super::super::Status;
use super::{CONTROL_BYTES_MAX, CloseCode, FINAL, Opcode, WebSocket, write_masked_frame};

/// A header that lacks one byte, in bytes.
const UNCONSUMED_MAX: usize = 13;

/// What a decoder found, with its payload.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Found {
    /// A message of text.
    Text(String),
    /// A message of any bytes.
    Binary(Vec<u8>),
    /// A ping.
    Ping(Vec<u8>),
    /// A pong.
    Pong(Vec<u8>),
    /// The peer's close.
    Close(Option<u16>),
    /// An end for the peer's fault.
    Broken(CloseCode),
}

/// Feeds `bytes` in pieces of `piece` bytes.
///
/// # Panics
/// Where the decoder breaks its contract: consumes more than it was given or leaves more than a part
/// of a header, takes more memory than came or than the limit needs, finds what is too long, text
/// that is not UTF-8, or anything after the end, or does not stop.
pub fn decode_all(bytes: &[u8], limit: usize, piece: usize) -> Vec<Found> {
    let mut websocket = WebSocket::default();
    let (mut given, mut at) = (0, 0);
    let mut found = Vec::new();
    for part in bytes.chunks(piece.max(1)) {
        given += part.len();
        loop {
            let step = websocket.decode(&bytes[at..given], limit);
            assert!(step.consumed <= given - at, "consumed more than there was");
            at += step.consumed;
            check_memory(&websocket, given, limit);
            let Some(next) = found_by(step.status, websocket.held()) else {
                break;
            };
            assert!(!is_over(&found), "{next:?} after the end");
            found.push(next);
            assert!(found.len() <= given, "the decoder does not stop");
        }
        assert!(given - at <= UNCONSUMED_MAX, "{} bytes left", given - at);
        assert!(!is_over(&found) || at == given, "bytes left after the end");
    }
    found
}

fn found_by(status: Status, held: &[u8]) -> Option<Found> {
    let payload = held.to_vec();
    Some(match status {
        Status::Partial => return None,
        Status::Message { is_text: true } => {
            Found::Text(String::from_utf8(payload).expect("UTF-8"))
        }
        Status::Message { is_text: false } => Found::Binary(payload),
        Status::Ping => Found::Ping(payload),
        Status::Pong => Found::Pong(payload),
        Status::Close(code) => Found::Close(code),
        Status::Broken(code) => Found::Broken(code),
        Status::Frame(_)
        | Status::TooLong
        | Status::BadBody { .. }
        | Status::Head(_)
        | Status::Piece(_)
        | Status::HeldPiece
        | Status::BodyEnd { .. } => {
            panic!("{status:?} of a WebSocket")
        }
    })
}

fn is_over(found: &[Found]) -> bool {
    matches!(found.last(), Some(Found::Close(_) | Found::Broken(_)))
}

fn check_memory(websocket: &WebSocket, given: usize, limit: usize) {
    let (message, control) = (websocket.message.capacity(), websocket.control.capacity());
    assert!(message <= limit.min(2 * given), "{message} bytes held");
    assert!(
        control <= CONTROL_BYTES_MAX.min(2 * given),
        "{control} bytes held"
    );
    let is_idle = *websocket == WebSocket::default();
    assert!(!is_idle || message + control == 0, "bytes held for nothing");
}

/// Checks one input of the fuzz target: two bytes choose the limit, the rest is what a client sends.
/// Whole, in small pieces and with bytes behind it, the same is found, and what is found is found
/// again where it is encoded in fragments.
///
/// # Panics
/// Where one of these does not hold.
pub fn check(input: &[u8]) {
    let [high, low, bytes @ ..] = input else {
        return;
    };
    let limit = usize::from(u16::from_be_bytes([*high, *low]));
    let whole = decode_all(bytes, limit, bytes.len());
    for piece in [1, 2, 3, 7] {
        let found = decode_all(bytes, limit, piece);
        assert_eq!(whole, found, "in pieces of {piece}");
    }
    let longer = decode_all(&[bytes, b"\x89\x80key!"].concat(), limit, usize::MAX);
    assert_eq!(whole[..], longer[..whole.len()], "with bytes behind");
    for fragment in [1, 5, usize::MAX] {
        let mut encoded = Vec::new();
        for (at, found) in whole.iter().enumerate() {
            let key = (at as u32).wrapping_mul(0x9E37_79B9).to_be_bytes();
            encode(found, fragment, key, &mut encoded);
        }
        let again = decode_all(&encoded, limit, usize::MAX);
        let is_mine = |found: &&Found| !matches!(found, Found::Broken(_));
        let mine: Vec<Found> = whole.iter().filter(is_mine).cloned().collect();
        assert_eq!(mine, again, "in fragments of {fragment}");
    }
}

/// Appends what a client sends for it to be found; for a fault, nothing.
fn encode(found: &Found, fragment: usize, key: [u8; 4], out: &mut Vec<u8>) {
    match found {
        Found::Text(text) => encode_message(Opcode::Text, text.as_bytes(), fragment, key, out),
        Found::Binary(payload) => encode_message(Opcode::Binary, payload, fragment, key, out),
        Found::Ping(payload) => write_masked_frame(Opcode::Ping, payload, key, out),
        Found::Pong(payload) => write_masked_frame(Opcode::Pong, payload, key, out),
        Found::Close(code) => {
            let payload = code.map_or(Vec::new(), |code| code.to_be_bytes().to_vec());
            write_masked_frame(Opcode::Close, &payload, key, out);
        }
        Found::Broken(_) => {}
    }
}

/// Appends a message in parts of `fragment` bytes and an empty one to end it.
fn encode_message(
    opcode: Opcode,
    payload: &[u8],
    fragment: usize,
    key: [u8; 4],
    out: &mut Vec<u8>,
) {
    let mut opcode = opcode;
    for part in payload.chunks(fragment) {
        let start = out.len();
        write_masked_frame(opcode, part, key, out);
        out[start] &= !FINAL;
        opcode = Opcode::Continuation;
    }
    write_masked_frame(opcode, &[], key, out);
}
