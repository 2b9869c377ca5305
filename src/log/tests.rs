use proptest::prelude::*;

use super::wire::{read_entries, write_entry};
use super::*;
use crate::chat::{LOBBY, Words, busy_chat, entry};
use crate::model::{AccountId, AccountRecord, Manner, Nick, Peer, Settings, UserId};

fn batch_of(entries: &[Entry]) -> Vec<u8> {
    let mut batch = Vec::new();
    for entry in entries {
        write_entry(entry, &mut batch);
    }
    batch
}

fn say() -> Entry {
    Entry::Say {
        user: UserId::FIRST,
        room: LOBBY,
        words: Words::said("hi".into()),
        is_outside: false,
        shown: Peer::Unix(3),
    }
}

/// What is of no such kind as bytes spell.
fn others() -> Vec<Entry> {
    let nick = Nick::parse("alice").expect("a nick");
    let record = AccountRecord {
        id: AccountId(1),
        nick: nick.clone(),
        is_operator: true,
        owner: None,
        generation: 0,
    };
    vec![
        say(),
        Entry::NodeGone { node: NodeId(3) },
        Entry::NewEpoch,
        Entry::Post {
            nick,
            peer: Peer::Unix(1),
            as_account: true,
            room: LOBBY,
            words: Words::of(Manner::File, "hi".into()),
            shown: Peer::NOWHERE,
        },
        Entry::Set {
            settings: Settings::default(),
        },
        Entry::Registered {
            record: record.clone(),
            by: Some(UserId::FIRST),
        },
        Entry::Token {
            bot: record,
            digest: [7; 32],
        },
    ]
}

proptest! {
    #[test]
    fn what_is_read_is_what_was_written(bytes in prop::collection::vec(any::<[u8; 3]>(), 0..40)) {
        let chat = busy_chat();
        let entries = bytes.iter().map(|&bytes| entry(&chat, bytes));
        let entries: Vec<Entry> = entries.chain(others()).collect();
        let batch = batch_of(&entries);
        prop_assert_eq!(read_entries(&batch, entries.len() as u64), Ok(entries));
    }

    #[test]
    fn what_is_no_batch_is_an_error(bytes in prop::collection::vec(any::<u8>(), 0..200), count in 0..9_u64) {
        let _ = read_entries(&bytes, count);
    }
}

#[test]
fn a_batch_that_is_cut_off_is_an_error() {
    let entries = others();
    let batch = batch_of(&entries);
    for end in 1..batch.len() {
        let read = read_entries(&batch[..end], entries.len() as u64);
        assert!(matches!(read, Err(WireError::Unknown(_))), "{end}");
    }
    let mut newer = batch.clone();
    newer[0] += 1;
    assert_eq!(read_entries(&newer, 1), Err(WireError::Version(2)));
}

/// The bytes of version 1: servers of several versions read them as long as they are in one cluster.
#[test]
fn entries_are_these_bytes() {
    let mut expected = vec![1, 0x81, 0xa3];
    expected.extend(b"Say");
    // User, room, words without tags and that answer nothing, not outside, and where it is.
    expected.extend([0x95, 1, 1, 0x94, 0xa4]);
    expected.extend(b"Said");
    expected.extend([0xa2]);
    expected.extend(b"hi");
    expected.extend([0xc0, 0xc0, 0xc2, 0x81, 0xa4]);
    expected.extend(b"Unix");
    expected.extend([3]);
    assert_eq!(batch_of(&[say()]), expected);
}

#[test]
fn an_entry_that_is_not_known_is_never_skipped() {
    let mut batch = vec![1, 0x81, 0xa6];
    batch.extend(b"Newest");
    batch.extend([0x91, 1]);
    let error = read_entries(&batch, 1);
    let is_named = |what: &String| what.contains("Newest");
    assert!(
        matches!(&error, Err(WireError::Unknown(what)) if is_named(what)),
        "{error:?}"
    );
}

#[test]
fn what_is_proposed_has_numbers_that_go_on() {
    let mut shared = SharedLog::new(NodeId(2), 5);
    assert_eq!(shared.take(), None);
    assert_eq!((shared.propose(&say()), shared.propose(&say())), (1, 2));
    let batch = shared.take().expect("a batch");
    assert_eq!((batch.first, batch.count, batch.generation), (1, 2, 5));
    assert!(shared.begin(&batch));
    assert!(!shared.begin(&Batch {
        generation: 4,
        ..batch.clone()
    }));
    assert!(!shared.begin(&Batch {
        node: NodeId(1),
        ..batch
    }));
    assert!(shared.set_generation(6) && !shared.set_generation(6));
    shared.propose(&say());
    let batch = shared.take().expect("a batch");
    assert_eq!((batch.first, batch.count, batch.generation), (3, 1, 6));
    assert!(shared.begin(&batch));
}
