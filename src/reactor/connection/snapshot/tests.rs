use std::io::{self, Read, Write};

use super::*;
use crate::frame::End;
use crate::frame::websocket::{Opcode, write_masked_frame};
use crate::limits::Limits;
use crate::model::ErrorCode;
use crate::reactor::connection::{Filled, Taken};

/// A socket that has these bytes for its reader, and takes nothing.
struct Given<'a>(&'a [u8]);

impl Read for Given<'_> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        match self.0 {
            [] => Err(io::ErrorKind::WouldBlock.into()),
            _ => self.0.read(into),
        }
    }
}

impl Write for Given<'_> {
    fn write(&mut self, _: &[u8]) -> io::Result<usize> {
        Err(io::ErrorKind::WouldBlock.into())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Transport for Given<'_> {}

const ID: ConnId = ConnId {
    slot: 7,
    generation: 9,
};

/// A WebSocket's frames: a message in pieces with a ping between, and a whole one.
fn messages() -> Vec<u8> {
    let mut bytes = Vec::new();
    let key = [1, 2, 3, 4];
    write_masked_frame(Opcode::Text, b"{\"type\":", key, &mut bytes);
    bytes[0] &= 0x7f;
    write_masked_frame(Opcode::Ping, b"there?", key, &mut bytes);
    write_masked_frame(Opcode::Continuation, "\"ä\"}".as_bytes(), key, &mut bytes);
    write_masked_frame(Opcode::Text, b"{\"type\":\"ping\"}", key, &mut bytes);
    bytes
}

/// What is asked by bytes of which a program reads the first so many, and the one that takes over the others; and what
/// is owed then.
fn asked(
    dialect: Option<Dialect>,
    messages: Messages,
    bytes: &[u8],
    cut: Option<usize>,
) -> (String, Vec<u8>) {
    let (ledger, limits) = (Ledger::default(), Limits::default());
    let (first, rest) = bytes.split_at(cut.unwrap_or(bytes.len()));
    let mut connection = Connection::new(ID, Given(first), Peer::Unix(3), dialect, 5);
    if messages != Messages::None {
        connection.speak(Dialect::Json, messages);
    }
    let mut taken = String::new();
    take_all(&mut connection, &limits, &ledger, &mut taken);
    if cut.is_some() {
        let state = rmp_serde::to_vec(&connection.state(StreamKind::Unix)).expect("bytes");
        let state = rmp_serde::from_slice(&state).expect("a state");
        let mut connection = Connection::of_state(state, Given(rest), &ledger).expect("one");
        take_all(&mut connection, &limits, &ledger, &mut taken);
        return (taken, connection.outbox.to_vec());
    }
    (taken, connection.outbox.to_vec())
}

fn take_all(
    connection: &mut Connection<Given<'_>>,
    limits: &Limits,
    ledger: &Ledger,
    taken: &mut String,
) {
    loop {
        if connection.dialect.is_none() {
            connection
                .sniff(End::Open, limits)
                .expect("it is spoken here");
        }
        if connection.dialect.is_some() {
            while let Some(next) = connection.take(End::Open, limits, ledger) {
                match next {
                    Taken::Frame(parsed) => *taken += &format!("{:?}\n", parsed.ask),
                    other => *taken += &format!("{other:?}\n"),
                }
            }
        }
        if connection.fill(&mut [0; 16], 6) == Filled::Blocked {
            return;
        }
    }
}

#[test]
fn reading_goes_on_wherever_it_was_cut() {
    const LINES: &[u8] = b"hello you\r\nand you\n\rlast\r";
    const OBJECTS: &[u8] =
        b"{\"type\":\"join\",\"username\":\"a\\\"}\"}\n {\"type\":\"chat\",\"data\":{\"a\":[1]}} x\n";
    const REQUESTS: &[u8] = b"GET / HTTP/1.1\r\nHost: a\r\n\r\nPOST /x HTTP/1.1\r\nHost: a\r\n\
        Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n3;x=y\r\nyou\r\n0\r\n\r\n\
        POST /y HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\nbody";
    let frames = messages();
    let cases: [(Option<Dialect>, Messages, &[u8]); 10] = [
        (None, Messages::None, OBJECTS),
        (Some(Dialect::Text), Messages::None, LINES),
        (Some(Dialect::Json), Messages::None, OBJECTS),
        (Some(Dialect::JsonPadded), Messages::None, OBJECTS),
        (Some(Dialect::Pynet), Messages::None, OBJECTS),
        (Some(Dialect::Anon), Messages::None, LINES),
        (Some(Dialect::Colon), Messages::None, LINES),
        (Some(Dialect::Irc), Messages::None, LINES),
        (Some(Dialect::Http), Messages::None, REQUESTS),
        (Some(Dialect::Http), Messages::Text, &frames),
    ];
    for (dialect, messages, bytes) in cases {
        let whole = asked(dialect, messages, bytes, None);
        assert!(whole.0.lines().count() > 1, "{whole:?}");
        for cut in 0..=bytes.len() {
            let cut_there = asked(dialect, messages, bytes, Some(cut));
            assert_eq!(cut_there, whole, "{dialect:?} {messages:?} at {cut}");
        }
    }
}

#[test]
fn what_holds_it_back_and_what_it_is_owed_stay() {
    let ledger = Ledger::default();
    let mut connection = Connection::new(ID, Given(b""), Peer::Unix(3), Some(Dialect::Text), 5);
    connection.refuse(ErrorCode::AddressBanned(Some("noise".into())));
    connection.pause(11);
    connection.hold(500);
    connection.append(&ledger, |out| out.extend_from_slice(&[200; 3000]));
    connection.drain(Reason::Broken(io::ErrorKind::TimedOut), 12);
    let bytes =
        rmp_serde::to_vec(&connection.state(StreamKind::Reads { begun: 3 })).expect("bytes");
    let state: ConnectionState = rmp_serde::from_slice(&bytes).expect("a state");
    assert_eq!(
        (state.id, state.stream),
        (ID, StreamKind::Reads { begun: 3 })
    );
    let mut again = Connection::of_state(state, Given(b""), &ledger).expect("one");
    let limits = Limits::default();
    assert_eq!(again.due(&limits), connection.due(&limits));
    assert_eq!(again.outbox.to_vec(), [200; 3000]);
    assert_eq!(
        (again.phase, again.standing),
        (Phase::Draining, Standing::Refused)
    );
    assert!(again.is_paused() && again.is_held(499));
    assert_eq!(again.take_refusal(), connection.take_refusal());
    assert!(bytes.len() < 3300, "{}", bytes.len());
}
