mod entries;

use std::time::Instant;

use proptest::prelude::*;

use super::*;
use crate::chat::{Entry, Fact, Rules};
use crate::model::{EnterMode, ErrorCode, Nick, NodeId, Peer, RoomName, Settings};
pub(crate) use entries::entry;

const AT_MS: u64 = 1_800_000_000_000;

fn rules() -> Rules {
    Rules {
        is_multi: true,
        cloak_key: HashSeed(1, u64::MAX),
        ..Rules::default()
    }
}

fn apply(chat: &mut Chat, entry: Entry, at: u64) -> (Result<(), ErrorCode>, Vec<Fact>) {
    let mut facts = Vec::new();
    let done = chat.apply(entry, (AT_MS + at, NodeId::default()), &mut facts);
    (done, facts)
}

fn restored(chat: &Chat) -> Chat {
    let bytes = chat.snapshot();
    let restored = Chat::restore(&bytes, HashSeed(7, 8)).expect("a whole snapshot");
    assert!(restored.snapshot() == bytes);
    restored
}

/// One to whom nearly everything has happened.
pub(crate) fn busy_chat() -> Chat {
    let mut chat = Chat::new(rules(), Settings::default());
    let mut number = 1_u32;
    for at in 0..1000 {
        number = number.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        let [_, what, who, which] = number.to_be_bytes();
        let entry = entry(&chat, [what, who, which]);
        let _ = apply(&mut chat, entry, at);
    }
    chat
}

#[test]
fn cut_off_or_changed_it_is_an_error_or_a_chat() {
    let bytes = busy_chat().snapshot();
    for end in 0..bytes.len() {
        let cut = Chat::restore(&bytes[..end], HashSeed::default());
        assert_eq!(cut.err(), Some(SnapshotError::Malformed), "{end}");
    }
    let mut changed = bytes.clone();
    // Behind the version: what is of an older one has another form.
    for at in 1..bytes.len() {
        // Another value, and another type or length.
        for byte in [bytes[at] ^ 1, bytes[at] ^ 0x90] {
            changed[at] = byte;
            if let Ok(chat) = Chat::restore(&changed, HashSeed::default()) {
                assert_eq!(chat.snapshot(), changed);
            }
        }
        changed[at] = bytes[at];
    }
    changed.push(0);
    let error = SnapshotError::Invalid("another form");
    assert_eq!(
        Chat::restore(&changed, HashSeed::default()).err(),
        Some(error)
    );
}

#[test]
fn another_version_is_refused_by_its_number() {
    let mut bytes = busy_chat().snapshot();
    assert_eq!(u32::from(bytes[0]), SNAPSHOT_VERSION);
    bytes[0] += 1;
    let error = Chat::restore(&bytes, HashSeed::default()).err();
    assert_eq!(error, Some(SnapshotError::Version(SNAPSHOT_VERSION + 1)));
}

/// As fields are added: last in their types.
#[test]
fn what_was_not_written_yet_is_the_default() {
    #[derive(Serialize)]
    struct Before(u8, Vec<(u8, u8)>);
    #[derive(Debug, PartialEq, Deserialize)]
    struct Now(u8, Vec<NowWithMore>, #[serde(default)] Option<u8>);
    #[derive(Debug, PartialEq, Deserialize)]
    struct NowWithMore(u8, u8, #[serde(default)] bool);
    let bytes = write_snapshot(&Before(1, vec![(2, 3), (4, 5)]));
    let read = Now::deserialize(&mut Deserializer::from_read_ref(&bytes[1..]));
    let more = vec![NowWithMore(2, 3, false), NowWithMore(4, 5, false)];
    assert_eq!(read.ok(), Some(Now(1, more, None)));
}

proptest! {
    #[test]
    fn a_chat_goes_on_as_the_one_that_it_was(
        before in prop::collection::vec(any::<[u8; 3]>(), 0..200),
        after in prop::collection::vec(any::<[u8; 3]>(), 0..50),
    ) {
        let mut chat = Chat::new(rules(), Settings::default());
        for (at, bytes) in (0..).zip(before) {
            let entry = entry(&chat, bytes);
            let _ = apply(&mut chat, entry, at);
        }
        let mut again = restored(&chat);
        for (at, bytes) in (1000..).zip(after) {
            let entry = entry(&chat, bytes);
            prop_assert_eq!(
                apply(&mut chat, entry.clone(), at),
                apply(&mut again, entry, at)
            );
            prop_assert!(chat.snapshot() == again.snapshot());
        }
    }
}

#[test]
#[ignore = "measures"]
fn figures() {
    let mut chat = Chat::new(rules(), Settings::default());
    for n in 0..10_000_u32 {
        let peer = Peer::Ip {
            ip: n.to_be_bytes().into(),
            port: 50_000,
        };
        let nick = Nick::parse(&format!("somebody{n}")).expect("a nick");
        let is_untold = false;
        let _ = apply(
            &mut chat,
            Entry::Join {
                nick,
                peer,
                is_untold,
            },
            0,
        );
    }
    for user in chat.users.iter().map(|(id, _)| id).collect::<Vec<_>>() {
        let enter = Entry::Enter {
            user,
            room: RoomName::parse(&format!("room{}", user.number() % 1000)).expect("a room name"),
            mode: EnterMode::Focus,
            key: None,
            may_own: false,
        };
        let _ = apply(&mut chat, enter, 0);
    }
    let start = Instant::now();
    let bytes = chat.snapshot();
    let taken = start.elapsed();
    let start = Instant::now();
    let again = Chat::restore(&bytes, HashSeed(3, 4)).expect("a whole snapshot");
    let restored = start.elapsed();
    println!(
        "{} users in {} rooms: {} bytes, written in {taken:?}, read in {restored:?}",
        again.users.len(),
        again.rooms.len(),
        bytes.len(),
    );
}
