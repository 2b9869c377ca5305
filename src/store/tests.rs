//! The store as its owner sees it.

mod accounts;
mod crash;
mod figures;
mod model_test;
mod renewal;
mod retention;
mod scene;
mod trouble;

use std::sync::Arc;

use super::*;
use crate::model::{Key, Manner, Message, RoomName, RoomRecord, SearchWords, Window};
use scene::{ALL, Scene, account, history, message, room, said, whispered};

#[test]
fn what_is_kept_comes_back() {
    let mut scene = Scene::new();
    scene.make_accounts(&["Alice"]);
    let rust = room("Rust");
    for id in 1..=5 {
        scene.keep(said(id, "lobby", "in the lobby"));
    }
    let acted = Arc::new(Message {
        manner: Manner::Acted,
        ..message(6, "žluť 🎉 \"'\0\n")
    });
    scene.keep(Record::Said {
        room: rust.clone(),
        message: Arc::clone(&acted),
        is_guarded: false,
    });
    let owned = RoomRecord {
        name: rust.clone(),
        owner: account("Alice"),
        topic: Some("a topic".into()),
        key: Some("word".into()),
        is_topic_locked: true,
        is_invite_only: false,
        moderators: vec![account("Bob"), account("eve")],
        rest: Box::default(),
    };
    scene.keep(Record::Room(owned.clone()));
    scene.wait_for(6);
    assert_eq!(scene.ids(history("RUST", ALL)), [6]);
    let kept = scene.restart();
    assert_eq!(kept.last_id, MessageId(6));
    assert_eq!(kept.rooms, [owned]);
    assert_eq!(kept.scrollbacks.len(), 2);
    assert_eq!(kept.scrollbacks[0].room, RoomName::lobby());
    assert_eq!(
        [&kept.scrollbacks[0], &kept.scrollbacks[1]].map(|scrollback| scrollback.has_more),
        [true, false]
    );
    let ids: Vec<u64> = kept.scrollbacks[0]
        .messages
        .iter()
        .map(|m| m.id.0)
        .collect();
    assert_eq!(ids, [3, 4, 5], "the last three");
    assert_eq!(kept.scrollbacks[1].room, rust);
    assert_eq!(kept.scrollbacks[1].messages, [acted]);
    scene.keep(Record::RoomGone(rust));
    let cloak_key = kept.cloak_key;
    let kept = scene.restart();
    assert_eq!(kept.cloak_key, cloak_key);
    assert_ne!(Scene::new().restart().cloak_key, cloak_key);
    assert_eq!(kept.rooms, []);
    assert_eq!(scene.ids(history("rust", ALL)), [6], "what was said stays");
}

#[test]
fn a_window_is_bounded_at_both_ends() {
    let mut scene = Scene::new();
    for id in 1..=10 {
        scene.keep(said(id, if id % 2 == 0 { "even" } else { "odd" }, "text"));
    }
    scene.wait_for(10);
    let window = |after, before, limit, newest| Window {
        after: MessageId(after),
        before: MessageId(before),
        since_ms: 0,
        until_ms: u64::MAX,
        limit,
        newest,
        has_events: false,
        only_files: false,
    };
    let even = |window| history("even", window);
    assert_eq!(scene.ids(even(window(2, 10, 9, false))), [4, 6, 8]);
    assert_eq!(
        scene.page(even(window(0, 99, 2, false))),
        (vec![2, 4], 4, true)
    );
    assert_eq!(
        scene.page(even(window(0, 99, 2, true))),
        (vec![8, 10], 10, true)
    );
    assert_eq!(
        scene.page(even(window(0, 99, 5, false))),
        (vec![2, 4, 6, 8, 10], 10, false)
    );
    assert_eq!(scene.page(history("none", ALL)), (vec![], 10, false));
    // The message with the id n was said at n seconds.
    let since = Window {
        since_ms: 7_000,
        ..ALL
    };
    assert_eq!(scene.ids(history("odd", since)), [7, 9]);
}

#[test]
fn what_was_said_behind_a_closed_door_is_not_shown_to_who_comes_later() {
    let mut scene = Scene::new();
    scene.make_accounts(&["alice"]);
    for (id, is_guarded) in [(1, false), (2, true), (3, true), (4, false)] {
        scene.keep(Record::Said {
            room: room("den"),
            message: Arc::new(message(id, "secret word")),
            is_guarded,
        });
    }
    scene.wait_for(4);
    let from = |id| Query::History {
        room: room("den"),
        guarded_from: MessageId(id),
        through: MessageId(0),
        window: ALL,
    };
    assert_eq!(scene.ids(from(0)), [1, 2, 3, 4]);
    assert_eq!(scene.ids(from(3)), [1, 3, 4]);
    assert_eq!(scene.ids(from(9)), [1, 4]);
    let search = |id| Query::Search {
        rooms: vec![(room("den"), MessageId(id)), (room("other"), MessageId(0))],
        words: SearchWords::parse("secret"),
        window: ALL,
    };
    assert_eq!(scene.found(search(3)), [1, 3, 4]);
    // Whoever owns it from here on sees what comes from here on, after a restart, too.
    let owned = RoomRecord {
        name: room("den"),
        owner: account("alice"),
        topic: None,
        key: None,
        is_topic_locked: false,
        is_invite_only: false,
        moderators: Vec::new(),
        rest: Box::default(),
    };
    scene.keep(Record::Room(owned));
    scene.keep(Record::Said {
        room: room("den"),
        message: Arc::new(message(5, "own")),
        is_guarded: true,
    });
    let kept = scene.restart();
    let ids: Vec<u64> = kept.scrollbacks[0]
        .messages
        .iter()
        .map(|m| m.id.0)
        .collect();
    assert_eq!(ids, [1, 4, 5]);
    assert_eq!(scene.ids(from(0)), [1, 4, 5]);
}

#[test]
fn private_messages_are_for_the_two_of_them() {
    let mut scene = Scene::new();
    scene.keep(whispered(1, "Alice", "Bob", [true, true, true]));
    scene.keep(whispered(2, "BOB", "alice", [true, true, true]));
    scene.keep(whispered(3, "Alice", "Bob", [false, true, true]));
    scene.keep(whispered(4, "Eve", "Bob", [true, true, false]));
    scene.keep(whispered(5, "Alice", "Eve", [true, false, true]));
    scene.wait_for(5);
    let between = |own: &str, with: &str, is_account: bool| Query::Private {
        own: Key::of(own),
        with: Key::of(with),
        account: is_account.then(|| account(own)),
        window: ALL,
    };
    assert_eq!(scene.ids(between("alice", "bob", true)), [1, 2]);
    assert_eq!(scene.ids(between("bob", "alice", true)), [1, 2, 3]);
    assert_eq!(scene.ids(between("alice", "bob", false)), [3]);
    assert_eq!(scene.ids(between("eve", "alice", false)), [5]);
    scene.keep(whispered(7, "Eve", "Eve", [true, true, true]));
    scene.wait_for(7);
    assert_eq!(
        scene.ids(between("eve", "eve", true)),
        [7],
        "to oneself, once"
    );
    let mail = Query::Mail { to: account("bob") };
    assert_eq!(scene.ids(mail.clone()), [4]);
    scene.keep(whispered(8, "Eve", "Bob", [true, true, false]));
    scene.keep(Record::Delivered {
        to: account("bob"),
        through: MessageId(4),
    });
    scene.wait_for(8);
    assert_eq!(scene.ids(mail), [8]);
}

#[test]
fn words_are_found_however_they_are_written() {
    let mut scene = Scene::new();
    for (id, text) in [
        (1, "Žluťoučký kůň úpěl"),
        (2, "a zlutoucky horse"),
        (3, "don't panic"),
        (4, "a NEAR miss OR two"),
        (5, "日本 語"),
        (7, "congrats🥳"),
        (8, "so 🤣funny"),
        (9, "शुभ दिन"),
        (10, "今天天气很好"),
        (11, "🎉"),
        (12, "hello world"),
        (13, "cafe\u{301} Ёлка"),
    ] {
        scene.keep(said(id, "lobby", text));
    }
    scene.keep(said(14, "elsewhere", "a horse, too"));
    scene.wait_for(14);
    let search = |words: &str| Query::Search {
        rooms: vec![(room("lobby"), MessageId(0))],
        words: SearchWords::parse(words),
        window: ALL,
    };
    for (words, ids) in [
        ("ZLUTOUCKY", &[1, 2][..]),
        ("žluťoučký", &[1, 2]),
        ("horse zlutoucky", &[2]),
        ("hors", &[]),
        ("hors*", &[2]),
        ("ho*", &[]),
        ("h*", &[]),
        ("don't", &[3]),
        ("near", &[4]),
        ("miss OR two", &[4]),
        ("miss OR nothing", &[]),
        ("日本", &[5]),
        ("panic :-)", &[3]),
        ("", &[]),
        ("!? \" *", &[]),
        ("\"panic\"", &[3]),
        ("congrats", &[7]),
        ("🥳 congrats", &[7]),
        ("funny", &[8]),
        ("दिन", &[9]),
        ("दान", &[]),
        ("天气", &[10]),
        ("天很", &[]),
        ("🎉", &[11]),
        ("hello 🎉", &[]),
        ("CAFÉ елка", &[13]),
        ("a b c", &[]),
    ] {
        assert_eq!(scene.found(search(words)), ids, "{words:?}");
    }
    for hostile in [
        "\"",
        "\"\"",
        "a\"b",
        "text:panic",
        "^panic",
        "panic*\"",
        "(",
        "NOT",
        "AND",
        "NEAR(",
        "\0",
        "pa\0nic",
        "* *",
        "-panic",
        "{",
        "'; DROP TABLE messages; --",
    ] {
        scene.found(search(hostile));
    }
}

#[test]
fn what_there_is_no_room_for_is_refused_and_counted() {
    let mut scene = Scene::new();
    let other = rusqlite::Connection::open(scene.options.dir.join("hubbub.db")).expect("it opens");
    other.execute_batch("BEGIN IMMEDIATE").expect("locked");
    let mut id = 0;
    while scene.store().has_room() {
        id += 1;
        scene.keep(said(id, "lobby", "text"));
        if id % 100 == 0 {
            scene.store().flush();
        }
    }
    assert_eq!(id, STORE_RECORDS_MAX as u64);
    scene.store().lose(Some(MessageId(id + 1)));
    let figures = scene.store().figures();
    assert_eq!((figures.lost, figures.backlog.share), (1, 1.0));
    other.execute_batch("ROLLBACK").expect("unlocked");
    scene.wait_for(id);
    scene.wait_until(|store| store.backlog().records == 0);
    scene.keep(said(id + 2, "lobby", "again"));
    let kept = scene.restart();
    assert_eq!(kept.last_id, MessageId(id + 2));
    let long = "x".repeat(64 * 1024);
    let other = rusqlite::Connection::open(scene.options.dir.join("hubbub.db")).expect("it opens");
    other.execute_batch("BEGIN IMMEDIATE").expect("locked");
    let most = 1 + STORE_BYTES_MAX / long.len();
    let taken = (0..300).take_while(|n| {
        let has_room = scene.store().has_room();
        scene.keep(said(id + 3 + n, "lobby", &long));
        has_room
    });
    assert!(taken.count() <= most);
    other.execute_batch("ROLLBACK").expect("unlocked");
}

#[test]
fn what_was_handed_over_is_on_disk_when_the_store_is_gone() {
    let mut scene = Scene::with(|options| options.durability = Durability::Soon);
    for id in 1..=20_000 {
        scene.keep(said(id, "lobby", "text"));
    }
    scene.stop();
    let log = scene.options.dir.join("hubbub.db-wal");
    assert!(!log.exists(), "the log is in the database");
    scene.restart();
    let newest = Window {
        limit: 1,
        newest: true,
        ..ALL
    };
    assert_eq!(scene.ids(history("lobby", newest)), [20_000]);
    assert_eq!(
        scene.page(history("lobby", ALL)).1,
        1_000,
        "no more at once"
    );
}

#[test]
fn a_search_sees_what_was_said_just_before_it() {
    let mut scene = Scene::with(|options| options.durability = Durability::Soon);
    for id in 1..=2_000 {
        scene.keep(said(id, "lobby", &format!("number {id}")));
        if id % 400 == 0 {
            scene.wait_for(id);
            let query = Query::Search {
                rooms: vec![(RoomName::lobby(), MessageId(0))],
                words: SearchWords::parse(&id.to_string()),
                window: ALL,
            };
            assert_eq!(scene.found(query), [id]);
        }
    }
}

#[test]
fn a_room_is_exported_as_json_lines() {
    let mut scene = Scene::new();
    for id in 1..=2_345 {
        scene.keep(said(
            id,
            if id % 2 == 0 { "日本-1" } else { "lobby" },
            "a \"text\"\u{7}",
        ));
    }
    scene.wait_for(2_345);
    let Found::Exported { path, count } = scene.find(Query::Export {
        room: room("日本-1"),
    }) else {
        panic!("it is exported");
    };
    assert_eq!(count, 1_172);
    let text = std::fs::read_to_string(&path).expect("a file");
    assert_eq!(text.lines().count(), 1_172);
    assert_eq!(
        text.lines().next(),
        Some(
            r#"{"id":2,"kind":"chat","message":"a \"text\"\u0007","room":"日本-1","timestamp":2.0,"username":"Alice"}"#
        )
    );
    assert!(
        path.ends_with(".jsonl") && path.contains("exports/日本-1-"),
        "{path}"
    );
    let again = scene.find(Query::Export {
        room: room("日本-1"),
    });
    assert!(matches!(again, Found::Exported { path: other, .. } if other != path));
}
