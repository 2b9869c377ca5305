//! What is forgotten, and what is not.

use std::time::{SystemTime, UNIX_EPOCH};

use rusqlite::Connection;

use super::scene::{ALL, Scene, history, message, room, said, whispered};
use super::*;
use crate::model::SearchWords;

fn number(scene: &Scene, sql: &str) -> i64 {
    let connection = Connection::open(scene.options.dir.join("hubbub.db")).expect("it opens");
    connection
        .query_row(sql, [], |row| row.get(0))
        .expect("a number")
}

/// Waits until a room has so many messages, which are the last ones.
fn wait_for_ids(scene: &mut Scene, name: &str, expected: &[u64]) {
    loop {
        let newest = Window {
            newest: true,
            ..ALL
        };
        let ids = scene.ids(history(name, newest));
        assert!(ids.ends_with(expected), "{} are left, too few", ids.len());
        if ids == expected {
            return;
        }
    }
}

#[test]
fn a_room_keeps_as_many_messages_as_it_may() {
    let mut scene = Scene::with(|options| options.retention.count = Some(10));
    for id in 1..=3_000 {
        scene.keep(said(
            id,
            if id % 100 == 0 { "rare" } else { "lobby" },
            "text",
        ));
    }
    scene.wait_for(3_000);
    wait_for_ids(
        &mut scene,
        "lobby",
        &[2990, 2991, 2992, 2993, 2994, 2995, 2996, 2997, 2998, 2999],
    );
    let rare: Vec<u64> = (21..=30).map(|n| n * 100).collect();
    wait_for_ids(&mut scene, "rare", &rare);
    let search = Query::Search {
        rooms: vec![
            (RoomName::lobby(), MessageId(0)),
            (room("rare"), MessageId(0)),
        ],
        words: SearchWords::parse("text"),
        window: ALL,
    };
    assert_eq!(scene.found(search).len(), 20);
    assert_eq!(
        number(&scene, "SELECT count(*) FROM terms"),
        20,
        "it is gone from the index"
    );
    assert_eq!(number(&scene, "SELECT sum(messages) FROM rooms"), 20);
    let bytes = "SELECT sum(octet_length(text) + octet_length(nick) + 32) FROM messages";
    assert_eq!(
        number(&scene, "SELECT sum(bytes) FROM rooms"),
        number(&scene, bytes)
    );
}

#[test]
fn a_room_keeps_as_many_bytes_as_it_may() {
    let weight = 32 + "Alice".len() + 100;
    let mut scene = Scene::with(|options| options.retention.bytes = Some(4 * weight as u64 + 1));
    for id in 1..=100 {
        scene.keep(said(id, "lobby", &"x".repeat(100)));
    }
    scene.wait_for(100);
    wait_for_ids(&mut scene, "lobby", &[97, 98, 99, 100]);
    // The limit is another at the next start.
    scene.options.retention.bytes = None;
    scene.options.retention.count = Some(2);
    scene.restart();
    wait_for_ids(&mut scene, "lobby", &[99, 100]);
}

#[test]
fn what_is_too_old_goes_and_empty_rooms_with_it() {
    let mut scene = Scene::new();
    let now = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .expect("after 1970");
    for id in 1..=500 {
        let name = if id < 100 { "gone" } else { "lobby" };
        let record = match id {
            496.. => Record::Said {
                room: room(name),
                message: Arc::new(Message {
                    unix_ms: now.as_millis() as u64,
                    ..message(id, "new")
                }),
                is_guarded: false,
            },
            495 => whispered(id, "Alice", "Bob", [true, true, true]),
            _ => said(id, name, "old"),
        };
        scene.keep(record);
    }
    scene.wait_for(500);
    scene.options.retention.age_ms = Some(3_600_000);
    scene.restart();
    wait_for_ids(&mut scene, "lobby", &[496, 497, 498, 499, 500]);
    let mut rest = 1;
    while rest > 0 {
        rest = number(&scene, "SELECT count(*) FROM privates")
            + number(&scene, "SELECT count(*) FROM rooms WHERE key = 'gone'");
    }
}

/// A hundred messages whose times were set, as by a clock that had lost its time: an hour ago, in 1970, now.
fn with_a_clock_set_back() -> (Scene, u64) {
    let mut scene = Scene::new();
    for id in 1..=100 {
        scene.keep(said(id, "lobby", "text"));
    }
    scene.wait_for(100);
    scene.stop();
    let now = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .expect("after 1970");
    let now_ms = now.as_millis() as u64;
    let connection = Connection::open(scene.options.dir.join("hubbub.db")).expect("it opens");
    for (ids, ms) in [
        ("BETWEEN 1 AND 40", now_ms - 3_600_000),
        ("BETWEEN 41 AND 70", 0),
        ("> 70", now_ms),
    ] {
        let sql = format!("UPDATE messages SET ms = ?1 + id WHERE id {ids}");
        connection.execute(&sql, [ms as i64]).expect("they are set");
    }
    (scene, now_ms)
}

#[test]
fn what_was_said_since_is_found_though_times_fall() {
    let (mut scene, now_ms) = with_a_clock_set_back();
    let kept = scene.restart();
    assert_eq!(kept.last_ms, now_ms + 100);
    let since = Window {
        since_ms: now_ms - 7_200_000,
        ..ALL
    };
    let seventy: Vec<u64> = (1..=40).chain(71..=100).collect();
    assert_eq!(scene.ids(history("lobby", since)), seventy);
    for newest in [false, true] {
        let (mut window, mut ids) = (
            Window {
                limit: 7,
                newest,
                ..since
            },
            Vec::new(),
        );
        loop {
            let (page, _, has_more) = scene.page(history("lobby", window));
            match newest {
                true => {
                    window.before = MessageId(page[0]);
                    ids.splice(0..0, page);
                }
                false => {
                    window.after = MessageId(page[page.len() - 1]);
                    ids.extend(page);
                }
            }
            if !has_more {
                break;
            }
        }
        assert_eq!(ids, seventy);
    }
    let search = Query::Search {
        rooms: vec![(RoomName::lobby(), MessageId(0))],
        words: SearchWords::parse("text"),
        window: since,
    };
    assert_eq!(scene.found(search), seventy);
    let mut printed = Vec::new();
    let show = |_: &RoomName, message: &Message| {
        printed.push(message.id.0);
        true
    };
    each_message(&scene.options.dir, None, since.since_ms, show).expect("it is read");
    assert_eq!(printed, seventy);
}

#[test]
fn what_is_too_old_goes_though_times_fall() {
    let (mut scene, _) = with_a_clock_set_back();
    scene.options.retention.age_ms = Some(24 * 3_600_000);
    scene.restart();
    let seventy: Vec<u64> = (1..=40).chain(71..=100).collect();
    loop {
        let ids = scene.ids(history("lobby", ALL));
        assert!(seventy.iter().all(|id| ids.contains(id)), "{ids:?}");
        if ids == seventy {
            break;
        }
    }
    assert_eq!(number(&scene, "SELECT sum(messages) FROM rooms"), 70);
}

#[test]
fn what_is_kept_is_bounded_while_messages_never_pause() {
    let mut scene = Scene::with(|options| {
        options.retention.count = Some(100);
        options.durability = Durability::Soon;
    });
    let mut most = 0;
    for id in 1..=200_000 {
        while scene.store().keep(said(id, "lobby", "text")).is_err() {
            std::thread::yield_now();
        }
        if id % 50 == 0 {
            scene.store().flush();
        }
        if id % 10_000 == 0 {
            most = most.max(number(&scene, "SELECT count(*) FROM messages"));
        }
    }
    // What one commit may bring, twice.
    assert!(most < 2 * STORE_RECORDS_MAX as i64 + 10_000, "{most}");
    scene.wait_for(200_000);
    let last: Vec<u64> = (199_901..=200_000).collect();
    wait_for_ids(&mut scene, "lobby", &last);
}
