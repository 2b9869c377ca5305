use std::time::Instant;

use super::*;
use crate::hub::oracle;
use crate::model::{
    ConnId, EnterMode, ModeChange, Moment, Nick, Peer, Profile, Request, RoomName, Secret,
    Settings, WatchChange,
};

fn who(slot: u32) -> ConnId {
    let generation = 3;
    ConnId { slot, generation }
}

fn rules() -> Rules {
    Rules {
        oper_password: Some(Secret::new("sesame")),
        presence_limit: 2,
        ..Rules::default()
    }
}

fn now() -> Moment {
    Moment {
        uptime_ms: 5_000,
        unix_ms: 1_800_000_000_000,
        ..Moment::default()
    }
}

fn nick(name: &str) -> Nick {
    Nick::parse(name).expect("a nick")
}

fn room(name: &str) -> RoomName {
    RoomName::parse(name).expect("a room name")
}

fn ask(hub: &mut Hub, slot: u32, request: Request) {
    let ip = [192, 0, 2, slot as u8].into();
    let peer = Peer::Ip { ip, port: 40_000 };
    hub.handle_request(who(slot), peer, request, None, now());
    while hub.poll_effect().is_some() {}
}

fn enter(name: &str) -> Request {
    Request::Enter {
        room: room(name),
        entry: EnterMode::Focus,
        key: None,
        resume: None,
        replay: None,
    }
}

/// One with something in each of its parts.
fn busy_hub() -> Hub {
    let mut hub = Hub::new(rules(), Settings::default());
    let say = |room, text: &str| Request::Say {
        room,
        text: text.into(),
    };
    for (slot, name) in [(4, "alice"), (0, "bob"), (9, "carol"), (7, "Ωmega")] {
        ask(&mut hub, slot, Request::join(nick(name), false));
        ask(&mut hub, slot, enter("rust"));
        ask(&mut hub, slot, say(None, "hello"));
    }
    let profile = Box::new(Profile::new("eve", "Eve of the Evening"));
    let (account, name) = (None, nick("eve"));
    let come_in = Request::ComeIn {
        nick: name,
        profile,
        account,
    };
    ask(&mut hub, 2, come_in);
    ask(&mut hub, 3, Request::JoinUnnamed);
    hub.handle_shown(who(2));
    hub.handle_console(who(1));
    hub.handle_watcher(who(1));
    let change = WatchChange::Add(vec![nick("alice"), nick("dave")]);
    let name = || "bob".to_string();
    let key = ModeChange::Key(Some("key".into()));
    for (slot, request) in [
        (2, Request::HearEach { is_on: true }),
        (2, Request::Watch { change }),
        (4, Request::Ignore { name: name() }),
        (
            4,
            Request::Mode {
                room: None,
                change: key,
            },
        ),
        (
            4,
            Request::Away {
                text: Some("tea".into()),
            },
        ),
        (
            0,
            Request::Private {
                to: "carol".into(),
                text: "psst".into(),
            },
        ),
        (
            0,
            Request::Oper {
                password: Secret::new("guess"),
            },
        ),
        (
            9,
            Request::Oper {
                password: Secret::new("sesame"),
            },
        ),
        (
            9,
            Request::Mute {
                room: None,
                name: name(),
                seconds: Some(600),
            },
        ),
        (
            9,
            Request::Ban {
                mask: "d*".into(),
                seconds: None,
                reason: None,
            },
        ),
        (
            9,
            Request::LockRoom {
                room: room("den"),
                locked: true,
            },
        ),
        (
            7,
            Request::Nick {
                nick: nick("omega"),
            },
        ),
        (7, say(Some(RoomName::lobby()), "bye")),
    ] {
        ask(&mut hub, slot, request);
    }
    hub
}

#[test]
fn it_goes_on_with_every_part() {
    let hub = busy_hub();
    let bytes = hub.snapshot();
    let again = Hub::of_snapshot(rules(), &bytes).expect("a whole snapshot");
    assert!(again.snapshot() == bytes);
    let parts = |hub: &Hub| {
        let rooms = hub.local.iter();
        let readers = rooms.map(|(_, room)| room.readers.len());
        format!(
            "{:?} {:?} {:?} {:?}",
            hub.poll_timeout(),
            hub.ignorers,
            hub.history.scrollback_bytes,
            readers.collect::<Vec<_>>(),
        )
    };
    assert_eq!(parts(&hub), parts(&again));
    assert_eq!(again.watches.readers_of(&nick("DAVE")), [who(2)]);
    assert_eq!(again.chat.rules().oper_password, rules().oper_password);
}

#[test]
fn cut_off_or_changed_it_is_an_error_or_a_hub() {
    let bytes = busy_hub().snapshot();
    for end in 0..bytes.len() {
        let cut = Hub::of_snapshot(rules(), &bytes[..end]);
        assert_eq!(cut.err(), Some(SnapshotError::Malformed), "{end}");
    }
    let mut changed = bytes.clone();
    for at in 0..bytes.len() {
        for byte in [bytes[at] ^ 1, bytes[at] ^ 0x90, u8::MAX] {
            changed[at] = byte;
            oracle::check_snapshot(&changed);
        }
        changed[at] = bytes[at];
    }
}

/// What was written once is read as long as nothing but a step of the version says otherwise. The file is written anew
/// (`SNAPSHOT=write`) under another name when the version is another.
#[test]
fn what_an_older_program_wrote_is_read() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/fuzz/seeds/snapshot/version_1");
    if std::env::var_os("SNAPSHOT").is_some() {
        std::fs::write(path, busy_hub().snapshot()).expect("a file");
    }
    let bytes = std::fs::read(path).expect("a file");
    let hub = Hub::of_snapshot(rules(), &bytes).expect("a whole snapshot");
    assert_eq!((hub.online(), hub.rooms()), (6, 2));
}

#[test]
#[ignore = "measures"]
fn figures() {
    let mut hub = Hub::new(rules(), Settings::default());
    for slot in 0..10_000 {
        let request = Request::join(nick(&format!("somebody{slot}")), false);
        ask(&mut hub, slot, request);
        ask(&mut hub, slot, enter(&format!("room{}", slot % 1000)));
        let text = "What is said by one is read by ten, and is as long as this.".into();
        ask(&mut hub, slot, Request::Say { room: None, text });
    }
    let start = Instant::now();
    let bytes = hub.snapshot();
    let written = start.elapsed();
    let start = Instant::now();
    let again = Hub::of_snapshot(rules(), &bytes).expect("a whole snapshot");
    println!(
        "{} users in {} rooms, with what they said: {} bytes, written in {written:?}, read in {:?}",
        again.online(),
        again.rooms(),
        bytes.len(),
        start.elapsed(),
    );
}
