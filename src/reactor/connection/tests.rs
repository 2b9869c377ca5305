use super::super::bucket::Flood;
use super::super::phase::Due;
use super::*;
use crate::dialect::{Ask, Stage};
use crate::frame::End;
use crate::limits::{
    BROWSER_SNIFF_MS, DRAIN_MAX_MS, DRAIN_STALL_MS, FLOOD_NOTICE_MS, UNJOINED_SENDQ_BYTES_MAX,
};
use crate::model::{Nick, Request};
use proptest::prelude::*;
use std::collections::VecDeque;
use std::io::{self, Read, Write};

/// What a scripted socket does at one call.
#[derive(Debug, Clone)]
enum Act {
    Give(Vec<u8>),
    Take(usize),
    Fail(io::ErrorKind),
}

/// A socket that does what its script says, then blocks.
#[derive(Debug, Default)]
struct Script {
    reads: VecDeque<Act>,
    writes: VecDeque<Act>,
    written: Vec<u8>,
}

impl Read for Script {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        match self.reads.pop_front() {
            Some(Act::Give(bytes)) => {
                into[..bytes.len()].copy_from_slice(&bytes);
                Ok(bytes.len())
            }
            Some(Act::Fail(kind)) => Err(kind.into()),
            Some(Act::Take(_)) | None => Err(io::ErrorKind::WouldBlock.into()),
        }
    }
}

impl Write for Script {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self.writes.pop_front() {
            Some(Act::Take(most)) => {
                let count = most.min(bytes.len());
                self.written.extend_from_slice(&bytes[..count]);
                Ok(count)
            }
            Some(Act::Fail(kind)) => Err(kind.into()),
            Some(Act::Give(_)) | None => Err(io::ErrorKind::WouldBlock.into()),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Transport for Script {}

fn connection(dialect: Option<Dialect>, reads: Vec<Act>, writes: Vec<Act>) -> Connection<Script> {
    let socket = Script {
        reads: reads.into(),
        writes: writes.into(),
        written: Vec::new(),
    };
    let id = ConnId {
        slot: 0,
        generation: 1,
    };
    Connection::new(id, socket, Peer::Unix(1), dialect, 0)
}

fn asked(taken: Taken) -> Ask {
    match taken {
        Taken::Frame(parsed) => parsed.ask,
        other => panic!("{other:?}"),
    }
}

fn read_all(connection: &mut Connection<Script>) -> Filled {
    let mut scratch = [0; 64];
    loop {
        match connection.fill(&mut scratch, 1) {
            Filled::Bytes(_) => {}
            last => return last,
        }
    }
}

/// Growth is a decision: this stands for what each idle user costs.
#[test]
fn sizes() {
    // A socket takes 16 bytes, half of them for the pointer to a TLS session.
    assert!(size_of::<Connection<[u64; 2]>>() <= 144);
}

#[test]
fn what_is_over_leaves_nothing_behind() {
    let limits = Limits::default();
    let mut connection = connection(
        Some(Dialect::Text),
        vec![Act::Give(b"bo".to_vec()), Act::Give(b"b\n".to_vec())],
        vec![],
    );
    let ledger = Ledger::default();
    let mut scratch = [0; 64];
    connection.fill(&mut scratch, 1);
    assert!(connection.take(End::Open, &limits, &ledger).is_none());
    assert!(connection.input.is_some());
    connection.fill(&mut scratch, 2);
    assert!(connection.take(End::Open, &limits, &ledger).is_some());
    assert!(connection.take(End::Open, &limits, &ledger).is_none());
    assert!(connection.input.is_none());

    assert_eq!(connection.throttle(10, 2), Flood::Wait);
    assert_eq!(connection.throttled_until(), Some(10));
    connection.unthrottle();
    assert!(connection.restraint.is_some());
    connection.caught_up();
    assert!(connection.restraint.is_none());
    // For who caught up the time to a notice begins anew.
    assert_eq!(connection.throttle(5000, 2 + FLOOD_NOTICE_MS), Flood::Wait);
}

#[test]
fn bytes_before_a_reset_are_kept() {
    let reset = Act::Fail(io::ErrorKind::ConnectionReset);
    let reads = vec![Act::Give(b"bo".to_vec()), Act::Give(b"b".to_vec()), reset];
    let mut connection = connection(Some(Dialect::Text), reads, vec![]);
    assert_eq!(read_all(&mut connection), Filled::Ended);
    let parsed = connection
        .take(End::Closed, &Limits::default(), &Ledger::default())
        .expect("a frame");
    let nick = Nick::parse("bob").expect("a nick");
    assert_eq!(asked(parsed), Ask::Request(Request::join(nick, false)));
    assert_eq!(
        connection.reason,
        Some(Reason::Broken(io::ErrorKind::ConnectionReset))
    );
}

#[test]
fn an_interrupted_call_ends_nothing() {
    let interrupted = Act::Fail(io::ErrorKind::Interrupted);
    let reads = vec![interrupted.clone(), Act::Give(b"hi".to_vec())];
    let mut connection = connection(Some(Dialect::Text), reads, vec![interrupted, Act::Take(9)]);
    assert_eq!(read_all(&mut connection), Filled::Blocked);
    assert_eq!(connection.unparsed(), b"hi");
    connection.append(&Ledger::default(), |out| out.extend_from_slice(b"hello"));
    let error = connection.flush(1).expect_err("interrupted");
    assert_eq!(error.kind(), io::ErrorKind::Interrupted);
    assert_eq!(connection.flush(1).expect("no error"), 5);
    assert_eq!(connection.socket.written, b"hello");
}

#[test]
fn a_write_error_is_the_callers_to_see() {
    for kind in [
        io::ErrorKind::BrokenPipe,
        io::ErrorKind::ConnectionReset,
        io::ErrorKind::Other,
    ] {
        let mut connection = connection(
            Some(Dialect::Text),
            vec![],
            vec![Act::Take(1), Act::Fail(kind)],
        );
        connection.append(&Ledger::default(), |out| out.extend_from_slice(b"hello"));
        assert_eq!(connection.flush(1).expect_err("the script's").kind(), kind);
    }
}

#[test]
fn interest_follows_from_the_state() {
    let limits = Limits::default();
    let mut connection = connection(Some(Dialect::Text), vec![], vec![]);
    assert_eq!(connection.interest(), Interest::READABLE);
    connection.append(&Ledger::default(), |out| out.push(b'x'));
    assert_eq!(
        connection.interest(),
        Interest::READABLE | Interest::WRITABLE
    );
    connection.stage = Stage::Joined;
    let much = vec![b'x'; limits.sendq_soft_bytes];
    connection.append(&Ledger::default(), |out| out.extend_from_slice(&much));
    assert!(!connection.note_sendq(&limits, 1));
    assert_eq!(connection.interest(), Interest::WRITABLE);
    assert_eq!(
        connection.due(&limits),
        Some((1 + limits.sendq_ms, Due::SendQ))
    );
    connection.outbox.clear();
    assert!(connection.note_sendq(&limits, 2));
    assert_eq!(connection.interest(), Interest::READABLE);
    assert_eq!(connection.due(&limits), None);
}

#[test]
fn the_sendq_at_its_limits_and_one_past_them() {
    let limits = Limits::default();
    let check = |dialect, joined, soft, hard| {
        let mut connection = connection(Some(dialect), vec![], vec![]);
        connection.stage = joined;
        for (len, over_soft, over_hard) in [
            (soft, false, false),
            (soft + 1, true, soft + 1 > hard),
            (hard, hard > soft, false),
            (hard + 1, true, true),
        ] {
            connection.outbox.clear();
            connection.append(&Ledger::default(), |out| out.resize(len, b'x'));
            assert_eq!(connection.is_over_soft_limit(&limits), over_soft, "{len}");
            assert_eq!(connection.is_over_hard_limit(&limits), over_hard, "{len}");
        }
    };
    let (soft, hard) = (limits.sendq_soft_bytes, limits.sendq_hard_bytes);
    let of_strangers = UNJOINED_SENDQ_BYTES_MAX;
    check(Dialect::Text, Stage::Joined, soft, hard);
    check(Dialect::Text, Stage::Joining, of_strangers, of_strangers);
    // One answer may be as long as what a user is sent, but nothing more is asked meanwhile.
    check(Dialect::Http, Stage::Joining, of_strangers, hard);
}

#[test]
fn the_auto_door_waits_for_the_first_object() {
    let limits = Limits::default();
    let object = br#" {"type": "join", "data": "Alice"}"#;
    let mut connection = connection(
        None,
        object.iter().map(|&byte| Act::Give(vec![byte])).collect(),
        vec![],
    );
    let mut scratch = [0; 64];
    for _ in 1..object.len() {
        connection.fill(&mut scratch, 1);
        assert_eq!(connection.sniff(End::Open, &limits), Ok(None));
    }
    connection.fill(&mut scratch, 1);
    assert_eq!(
        connection.sniff(End::Open, &limits),
        Ok(Some(Dialect::Pynet))
    );
    let parsed = connection
        .take(End::Open, &limits, &Ledger::default())
        .expect("a frame");
    assert!(matches!(asked(parsed), Ask::Request(Request::Join { .. })));
}

#[test]
fn the_auto_door_hears_silence_as_text() {
    let limits = Limits::default();
    let mut connection = connection(None, vec![Act::Give(b"GE".to_vec())], vec![]);
    assert_eq!(connection.due(&limits), Some((limits.sniff_ms, Due::Sniff)));
    read_all(&mut connection);
    assert_eq!(connection.sniff(End::Open, &limits), Ok(None));
    assert_eq!(
        connection.due(&limits),
        Some((1 + limits.sniff_ms, Due::Sniff))
    );
    connection.opening = Opening::Awaited;
    assert_eq!(
        connection.due(&limits),
        Some((1 + BROWSER_SNIFF_MS, Due::Sniff))
    );
    assert_eq!(
        connection.sniff(End::Silent, &limits),
        Ok(Some(Dialect::Text))
    );
}

proptest! {
    /// Whatever the socket does, what it takes is what was owed, in order.
    #[test]
    fn the_stream_is_byte_exact(
        chunks in prop::collection::vec(prop::collection::vec(any::<u8>(), 1..40), 1..10),
        takes in prop::collection::vec(0usize..9, 0..200),
    ) {
        let writes = takes.iter().map(|&most| match most {
            0 => Act::Fail(io::ErrorKind::WouldBlock),
            1 => Act::Fail(io::ErrorKind::Interrupted),
            most => Act::Take(most),
        });
        let mut connection = connection(Some(Dialect::Text), vec![], writes.collect());
        let ledger = Ledger::default();
        for chunk in &chunks {
            connection.append(&ledger, |out| out.extend_from_slice(chunk));
            let _ = connection.flush(1);
        }
        connection.socket.writes.extend(std::iter::repeat_n(Act::Take(1000), 20));
        while !connection.outbox.is_empty() {
            let _ = connection.flush(1);
        }
        prop_assert_eq!(&connection.socket.written, &chunks.concat());
    }
}

#[test]
fn who_takes_its_last_bytes_slowly_is_not_waited_for_without_end() {
    let limits = Limits::default();
    let mut connection = connection(Some(Dialect::Text), vec![], vec![]);
    connection.append(&Ledger::default(), |out| out.push(b'x'));
    connection.drain(Reason::Quit, 5);
    assert_eq!(
        connection.due(&limits),
        Some((5 + DRAIN_STALL_MS, Due::Stall))
    );
    connection.progress = 5 + DRAIN_MAX_MS - 1;
    assert_eq!(
        connection.due(&limits),
        Some((5 + DRAIN_MAX_MS, Due::Stall))
    );
}

#[test]
fn who_has_ended_its_input_has_stalled_only_where_it_was_offered_something() {
    let limits = Limits {
        idle_ms: Some(5),
        ..Limits::default()
    };
    let ledger = Ledger::default();
    let mut connection = connection(Some(Dialect::Pynet), vec![], vec![Act::Take(1)]);
    connection.stage = Stage::Joined;
    assert_eq!(connection.due(&limits), Some((5, Due::Idle)));
    connection.ended = true;
    assert_eq!(connection.due(&limits), None, "it can send nothing");
    let late = 2 * DRAIN_STALL_MS;
    connection.append(&ledger, |out| out.extend_from_slice(b"xy"));
    assert_eq!(connection.due(&limits), None, "it was offered nothing yet");
    assert!(connection.flush(late).is_ok());
    connection.registered = Some(connection.interest());
    let due = Some((late + DRAIN_STALL_MS, Due::Stall));
    assert_eq!(connection.due(&limits), due);
    assert!(connection.flush(late + 1).is_ok());
    assert_eq!(connection.due(&limits), due, "it took nothing");
}

#[test]
fn who_waits_for_an_answer_is_not_idle() {
    let limits = Limits {
        idle_ms: Some(5),
        ..Limits::default()
    };
    let mut connection = connection(Some(Dialect::Text), vec![], vec![]);
    connection.stage = Stage::Joined;
    connection.hold(Tick::MAX);
    assert_eq!(connection.due(&limits), None);
    connection.unthrottle();
    assert_eq!(connection.due(&limits), Some((5, Due::Idle)));
}

#[test]
fn who_was_not_read_has_all_of_its_time_to_answer_a_ping() {
    let limits = Limits::default();
    let ledger = Ledger::default();
    let mut connection = connection(Some(Dialect::Json), vec![], vec![]);
    connection.messages = Messages::Text;
    connection.stage = Stage::Joined;
    connection.ping(&limits, 0, &ledger);
    let pong_at = limits.ping_ms;
    assert_eq!(connection.due(&limits), Some((pong_at, Due::Pong)));
    let much = vec![b'x'; limits.sendq_soft_bytes];
    connection.append(&ledger, |out| out.extend_from_slice(&much));
    assert!(!connection.note_sendq(&limits, 1));
    assert_eq!(
        connection.due(&limits),
        Some((1 + limits.sendq_ms, Due::SendQ))
    );
    connection.outbox.clear();
    assert!(connection.note_sendq(&limits, pong_at));
    assert_eq!(connection.due(&limits), Some((2 * pong_at, Due::Pong)));
}
