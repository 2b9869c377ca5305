//! Another implementation of the protocol says the same.

use std::io::{self, Read, Write};

use proptest::prelude::*;
use tungstenite::protocol::{Role, WebSocketConfig};

use super::*;

/// Bytes for a peer to read, and where it writes what nobody reads.
struct Recorded<'a>(&'a [u8]);

impl Read for Recorded<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.0.read(buffer)
    }
}

impl Write for Recorded<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// What tungstenite finds, up to what it holds for a fault.
fn found_by_a_peer(bytes: &[u8], role: Role, limit: usize) -> Vec<Found> {
    let config = WebSocketConfig::default().max_message_size(Some(limit));
    let config = config.max_frame_size(Some(limit.max(CONTROL_BYTES_MAX)));
    let mut peer = tungstenite::WebSocket::from_raw_socket(Recorded(bytes), role, Some(config));
    let mut found = Vec::new();
    while let Ok(message) = peer.read() {
        found.push(match message {
            tungstenite::Message::Text(text) => Found::Text(text.to_string()),
            tungstenite::Message::Binary(payload) => Found::Binary(payload.to_vec()),
            tungstenite::Message::Ping(payload) => Found::Ping(payload.to_vec()),
            tungstenite::Message::Pong(payload) => Found::Pong(payload.to_vec()),
            tungstenite::Message::Close(close) => Found::Close(close.map(|it| it.code.into())),
            tungstenite::Message::Frame(_) => unreachable!("it is not asked for them"),
        });
    }
    found
}

#[test]
fn a_peer_reads_what_the_server_writes() {
    let mut out = Vec::new();
    let mut expected = Vec::new();
    for len in [0, 1, 125, 126, 65_535, 65_536] {
        write_frame(Opcode::Binary, &vec![7; len], &mut out);
        expected.push(Found::Binary(vec![7; len]));
    }
    write_ping(b"there?", &mut out);
    write_pong(&[7; 125], &mut out);
    write_close(Some(1001), &mut out);
    expected.extend([
        Found::Ping(b"there?".to_vec()),
        Found::Pong(vec![7; 125]),
        Found::Close(Some(1001)),
    ]);
    assert_eq!(found_by_a_peer(&out, Role::Client, 1 << 20), expected);
}

/// Messages in fragments with pings between, pongs, now and then a close or a text that is none, and
/// in every other stream a bit that fell over.
fn streams() -> impl Strategy<Value = Vec<u8>> {
    let payload = prop_oneof![
        8 => "[a-zäß€😀]{0,12}".prop_map(String::into_bytes),
        1 => prop::collection::vec(any::<u8>(), 0..8),
        1 => Just(vec![b'x'; 130]),
    ];
    let message = (any::<bool>(), payload, 1..20usize, any::<bool>());
    let message = message.prop_map(|(is_text, payload, fragment, pings)| {
        let mut opcode = if is_text {
            Opcode::Text
        } else {
            Opcode::Binary
        };
        let mut out = Vec::new();
        for part in payload.chunks(fragment) {
            out.extend(begun(opcode, part));
            opcode = Opcode::Continuation;
            if pings {
                out.extend(sent(Opcode::Ping, part));
            }
        }
        out.extend(sent(opcode, b""));
        out
    });
    let frames = prop_oneof![
        16 => message,
        4 => prop::collection::vec(any::<u8>(), 0..8).prop_map(|payload| sent(Opcode::Pong, &payload)),
        1 => Just(sent(Opcode::Close, &[])),
        1 => Just(sent(Opcode::Close, b"\x03\xE8bye")),
    ];
    let flaw = prop::option::of((any::<prop::sample::Index>(), 0..8));
    (prop::collection::vec(frames, 1..12), flaw).prop_map(|(frames, flaw)| {
        let mut stream = frames.concat();
        if let Some((at, bit)) = flaw {
            let at = at.index(stream.len());
            stream[at] ^= 1u8 << bit;
        }
        stream
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(500))]

    #[test]
    fn the_decoder_agrees_with_itself(stream in streams(), limit in 20u16..200) {
        check(&[&limit.to_be_bytes(), &stream[..]].concat());
    }

    #[test]
    fn any_bytes_are_decoded(input in prop::collection::vec(any::<u8>(), 0..200)) {
        check(&input);
    }

    /// What is no fault to either is the same to both; one may see a fault where the other still
    /// waits for the rest of a frame, and a close that is a fault is a close of that code to the peer.
    #[test]
    fn the_decoder_agrees_with_a_peer(stream in streams(), limit in 20usize..200) {
        let mut own = decode_all(&stream, limit, usize::MAX);
        let mut peers = found_by_a_peer(&stream, Role::Server, limit);
        if own.pop_if(|last| matches!(last, Found::Broken(_))).is_some() {
            peers.pop_if(|last| *last == Found::Close(Some(CloseCode::Protocol.into())));
        }
        prop_assert_eq!(own, peers);
    }
}
