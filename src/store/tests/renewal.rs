//! The search index of an older version is made anew.

use std::time::Instant;

use rusqlite::{Connection, params};

use super::scene::{ALL, Scene, message, room, said};
use super::*;
use crate::model::SearchWords;

const OLD: u64 = 5_000;

/// A database of version 1 with messages in two rooms, all of them in its index.
fn old_database(scene: &mut Scene) {
    scene.stop();
    for file in ["hubbub.db", "hubbub.db-wal", "hubbub.db-shm"] {
        let _ = std::fs::remove_file(scene.options.dir.join(file));
    }
    let connection = Connection::open(scene.options.dir.join("hubbub.db")).expect("made");
    schema::make_old(&connection);
    let begin = "BEGIN; INSERT INTO rooms (id, key, name, messages, bytes)
        VALUES (1, 'lobby', 'lobby', 2500, 0), (2, 'den', 'den', 2500, 0)";
    connection.execute_batch(begin).expect("rooms");
    for id in 1..=OLD {
        let Message { text, .. } = message(id, &format!("congrats🥳 number {id}"));
        connection
            .execute(
                "INSERT INTO messages VALUES (?1, ?2, ?3, 'Alice', 0, 0, ?4)",
                params![id as i64, 1 + id as i64 % 2, id as i64 * 1_000, text],
            )
            .expect("a message");
        let index = "INSERT INTO search (rowid, text) VALUES (?1, ?2)";
        connection
            .execute(index, params![id as i64, text])
            .expect("indexed");
    }
    let end = format!("UPDATE meta SET value = {OLD} WHERE key = 'indexed_id'; COMMIT");
    connection.execute_batch(&end).expect("committed");
}

fn search(words: &str, limit: usize) -> Query {
    let place = |name| (room(name), MessageId(0));
    Query::Search {
        rooms: vec![place("lobby"), place("den")],
        words: SearchWords::parse(words),
        window: Window {
            limit,
            newest: true,
            ..ALL
        },
    }
}

fn found(scene: &mut Scene, query: Query) -> (Vec<u64>, bool) {
    match scene.find(query) {
        Found::InRooms { messages, has_more } => {
            (messages.iter().map(|(_, m)| m.id.0).collect(), has_more)
        }
        found => panic!("nothing in rooms: {found:?}"),
    }
}

#[test]
fn an_old_index_is_made_anew_beside_all_else() {
    let mut scene = Scene::new();
    old_database(&mut scene);
    scene.restart();
    let (mut id, mut starts) = (OLD, 0);
    loop {
        // What is said now is found at once, and nothing false is said of what is not indexed yet.
        id += 1;
        scene.keep(said(id, "lobby", "congrats🥳 anew"));
        scene.wait_for(id);
        let (ids, has_more) = found(&mut scene, search("congrats", 10));
        let latest: Vec<u64> = (id - 9..=id).collect();
        let (expected, least) = (&latest[10 - ids.len()..], (id - OLD).min(10) as usize);
        assert!(ids == expected && ids.len() >= least && has_more, "{ids:?}");
        let (ids, has_more) = found(&mut scene, search("number 1", 10));
        if ids == [1] && !has_more {
            break;
        }
        assert!(ids.is_empty() && has_more, "{ids:?}");
        // It goes on wherever it was, however often it is stopped.
        if starts < 5 {
            starts += 1;
            scene.restart();
        }
    }
    assert_eq!(
        found(&mut scene, search("🥳 4999", 10)),
        (vec![4999], false)
    );
    scene.stop();
    let connection = Connection::open(scene.options.dir.join("hubbub.db")).expect("it opens");
    let number = |sql: &str| -> i64 { connection.query_row(sql, [], |row| row.get(0)).expect(sql) };
    assert_eq!(number("SELECT count(*) FROM terms"), id as i64, "each once");
    let old =
        "SELECT coalesce(group_concat(name), '') FROM sqlite_master WHERE name LIKE 'search%'";
    let old: String = connection.query_row(old, [], |row| row.get(0)).expect(old);
    assert_eq!(old, "");
    let check = "INSERT INTO terms (terms, rank) VALUES ('integrity-check', 0)";
    connection.execute(check, []).expect("whole");
    // It is complete as soon as nothing is before the first message, and 0 a step later.
    let unindexed = number("SELECT value FROM meta WHERE key = 'unindexed_id'");
    assert!((0..=1).contains(&unindexed), "{unindexed}");
}

#[test]
fn what_is_forgotten_meanwhile_is_not_in_the_new_index() {
    let mut scene = Scene::new();
    old_database(&mut scene);
    scene.options.retention.count = Some(100);
    scene.restart();
    let until = Instant::now() + Duration::from_secs(30);
    loop {
        let (ids, has_more) = found(&mut scene, search("congrats", 1_000));
        if ids.len() == 200 && !has_more {
            break;
        }
        assert!(Instant::now() < until, "not in time");
    }
    scene.stop();
    let connection = Connection::open(scene.options.dir.join("hubbub.db")).expect("it opens");
    let count: i64 = connection
        .query_row("SELECT count(*) FROM terms", [], |row| row.get(0))
        .expect("a count");
    assert_eq!(count, 200);
}
