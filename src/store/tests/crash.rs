//! What is left when the server, or the machine, ends at any moment.

use std::fs;
use std::path::Path;

use super::scene::{ALL, Scene, TempDir, history, options, said};
use super::*;
use crate::limits::IDS_RESERVED;

/// The database and its log as a crash would leave them, the log cut to so many bytes.
fn leave(scene: &Scene, to: &Options, log_bytes: usize) {
    let _ = fs::remove_dir_all(&to.dir);
    fs::create_dir(&to.dir).expect("a directory");
    let copy =
        |name: &str| fs::copy(scene.options.dir.join(name), to.dir.join(name)).expect("copied");
    copy("hubbub.db");
    copy("hubbub.db-wal");
    let log = fs::OpenOptions::new()
        .write(true)
        .open(to.dir.join("hubbub.db-wal"));
    log.and_then(|log| log.set_len(log_bytes as u64))
        .expect("cut");
}

fn log_bytes(dir: &Path) -> usize {
    fs::metadata(dir.join("hubbub.db-wal"))
        .expect("a log")
        .len() as usize
}

fn ids_in(options: &Options) -> Vec<u64> {
    let mut ids = Vec::new();
    each_message(&options.dir, None, 0, |_, message| {
        assert_eq!(message.text, text(message.id.0), "whole");
        ids.push(message.id.0);
        true
    })
    .expect("readable");
    ids
}

fn text(id: u64) -> String {
    format!("the {id}th thing that was said ").repeat(id as usize % 30 + 1)
}

/// Says so many things, a commit each, and how long the log was after each.
fn speak(scene: &mut Scene, count: u64) -> Vec<usize> {
    let mut lengths = Vec::new();
    for id in 1..=count {
        scene.keep(said(id, "lobby", &text(id)));
        scene.wait_for(id);
        lengths.push(log_bytes(&scene.options.dir));
    }
    lengths
}

#[test]
fn whatever_is_left_of_the_log_is_a_beginning_of_what_was_said() {
    let mut scene = Scene::new();
    let lengths = speak(&mut scene, 6);
    let dir = TempDir::new();
    let left = options(&dir);
    let end = log_bytes(&scene.options.dir);
    let header = 32;
    let cuts = (header..end)
        .step_by(24 + 4096)
        .chain((0..end).step_by(5_003))
        .chain([end]);
    for cut in cuts {
        leave(&scene, &left, cut);
        let promised = lengths.iter().filter(|&&length| length <= cut).count() as u64;
        // As it is printed beside no server, and as the next server has it.
        for is_printed in [true, false] {
            if !is_printed {
                drop(open(&left, Arc::new(|| {})).expect("it opens"));
            }
            let ids = ids_in(&left);
            let last = ids.len() as u64;
            assert_eq!(ids, (1..=last).collect::<Vec<u64>>(), "cut at {cut}");
            assert!(last >= promised, "{last} of {promised} at {cut}");
        }
    }
}

#[test]
fn no_id_is_given_out_twice_after_a_crash() {
    let mut scene = Scene::new();
    speak(&mut scene, 3);
    let dir = TempDir::new();
    let left = options(&dir);
    leave(&scene, &left, log_bytes(&scene.options.dir));
    let (store, kept) = open(&left, Arc::new(|| {})).expect("it opens");
    assert_eq!(
        kept.last_id,
        MessageId(IDS_RESERVED),
        "what was reserved at the start"
    );
    drop(store);
    let (_, kept) = open(&left, Arc::new(|| {})).expect("it opens");
    assert_eq!(
        kept.last_id,
        MessageId(IDS_RESERVED),
        "nothing was said, and all went well"
    );
}

#[test]
fn the_reservation_is_extended_in_time() {
    let mut scene = Scene::new();
    let far = IDS_RESERVED * 3 / 4;
    for id in [1, far] {
        scene.keep(said(id, "lobby", &text(1)));
        scene.wait_for(id);
    }
    let dir = TempDir::new();
    let left = options(&dir);
    leave(&scene, &left, log_bytes(&scene.options.dir));
    let (_, kept) = open(&left, Arc::new(|| {})).expect("it opens");
    assert_eq!(kept.last_id, MessageId(far + IDS_RESERVED));
    assert_eq!(
        scene.restart().last_id,
        MessageId(far),
        "exactly, in good order"
    );
}

#[test]
fn messages_are_printed_beside_a_server() {
    let mut scene = Scene::new();
    for id in 1..=2_500 {
        let room_name = if id % 5 == 0 { "rust" } else { "lobby" };
        scene.keep(said(id, room_name, &text(id)));
    }
    scene.wait_for(2_500);
    let options = scene.options.clone();
    assert_eq!(ids_in(&options), (1..=2_500).collect::<Vec<u64>>());
    let mut ids = Vec::new();
    let rust = room("RUST");
    each_message(&options.dir, Some(&rust), 2_400_000, |_, message| {
        ids.push(message.id.0);
        ids.len() < 4
    })
    .expect("readable");
    assert_eq!(ids, [2_400, 2_405, 2_410, 2_415]);
    assert_eq!(
        scene.ids(history("rust", Window { limit: 2, ..ALL })),
        [5, 10]
    );
    let nothing = each_message(&options.dir.join("nowhere"), None, 0, |_, _| true);
    assert!(nothing.is_err_and(|line| line.contains("no history")));
}
