//! What it costs: `cargo test --release --lib -- --ignored --nocapture store::tests::figures`.

use std::path::Path;
use std::time::Instant;

use super::scene::{Scene, history, room};
use super::*;
use crate::model::{Nick, SaidBy, SearchWords};

const MESSAGES: u64 = 1_000_000;

/// Records of one turn.
const TURN: u64 = 64;

fn text(id: u64) -> String {
    const WORDS: [&str; 16] = [
        "hello",
        "there",
        "what",
        "a",
        "fine",
        "day",
        "for",
        "compilers",
        "and",
        "databases",
        "of",
        "every",
        "kind",
        "you",
        "know",
        "well",
    ];
    let mut text = format!("{id}");
    let mut seed = id;
    while text.len() < 100 {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        text.push(' ');
        text.push_str(WORDS[(seed >> 60) as usize]);
    }
    text.truncate(100);
    text
}

fn resident_kib() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find(|line| line.starts_with("VmRSS:"));
    let digits = line.and_then(|line| line.split_whitespace().nth(1));
    digits.and_then(|digits| digits.parse().ok()).unwrap_or(0)
}

/// The time that the writer had a processor, in seconds.
fn writer_cpu_s() -> f64 {
    let tasks = std::fs::read_dir("/proc/self/task")
        .expect("Linux")
        .flatten();
    let read = |task: &std::fs::DirEntry, name| {
        std::fs::read_to_string(task.path().join(name)).unwrap_or_default()
    };
    let writer = tasks
        .filter(|task| read(task, "comm") == "history\n")
        .last();
    let stat = writer
        .map(|task| read(&task, "schedstat"))
        .unwrap_or_default();
    let ns = stat
        .split_whitespace()
        .next()
        .and_then(|ns| ns.parse::<u64>().ok());
    ns.unwrap_or(0) as f64 / 1e9
}

fn bytes_on_disk(dir: &Path) -> u64 {
    let files = std::fs::read_dir(dir).expect("a directory").flatten();
    files
        .filter_map(|file| file.metadata().ok())
        .map(|file| file.len())
        .sum()
}

/// Says a million things as fast as the store takes them, in so many rooms.
fn say(scene: &mut Scene, first: u64, rooms: u64) -> f64 {
    let names: Vec<RoomName> = (0..rooms).map(|n| room(&format!("room{n}"))).collect();
    let nick = Nick::parse("Alice").expect("a nick");
    let begun = Instant::now();
    for id in first..first + MESSAGES {
        let record = Record::Said {
            room: names[(id % rooms) as usize].clone(),
            message: Arc::new(Message {
                id: MessageId(id),
                unix_ms: 1_700_000_000_000 + id,
                nick: nick.clone(),
                origin: SaidBy::Unknown,
                manner: Manner::Said,
                text: text(id),
                tags: None,
                marks: None,
            }),
            is_guarded: false,
        };
        while scene.store().backlog().share > 0.9 {
            scene.store().flush();
            std::thread::yield_now();
        }
        scene.keep(record);
        if id % TURN == 0 {
            scene.store().flush();
        }
    }
    scene.wait_for(first + MESSAGES - 1);
    MESSAGES as f64 / begun.elapsed().as_secs_f64()
}

#[test]
#[ignore = "figures"]
fn figures() {
    for rooms in [1, 1_000] {
        let mut scene = Scene::with(|options| options.durability = Durability::Soon);
        let before_kib = resident_kib();
        let per_s = say(&mut scene, 1, rooms);
        let figures = scene.store().figures();
        println!("{rooms} rooms: {per_s:.0} messages/s to disk; {figures:?}");
        println!(
            "  {:.2} us of the writer's processor a message",
            writer_cpu_s()
        );
        println!("  RSS {} KiB, before {before_kib} KiB", resident_kib());
        let dir = scene.options.dir.clone();
        let begun = Instant::now();
        scene.ids(history(
            "room0",
            Window {
                limit: 20,
                newest: true,
                ..scene::ALL
            },
        ));
        println!("  the last 20 of a room: {:?}", begun.elapsed());
        scene.stop();
        let plain = bytes_on_disk(&dir);
        println!("  {:.1} bytes a message", plain as f64 / MESSAGES as f64);
        let begun = Instant::now();
        scene.restart();
        println!("  started in {:?}", begun.elapsed());
        let begun = Instant::now();
        loop {
            let query = Query::Search {
                rooms: vec![(room("room0"), MessageId(0))],
                words: SearchWords::parse(&format!("compilers {}", MESSAGES - MESSAGES % rooms)),
                window: scene::ALL,
            };
            if !scene.found(query).is_empty() || begun.elapsed().as_secs() > 120 {
                break;
            }
        }
        println!("  indexed after {:?}", begun.elapsed());
        println!("  RSS {} KiB", resident_kib());
        let begun = Instant::now();
        let common = Query::Search {
            rooms: vec![(room("room0"), MessageId(0))],
            words: SearchWords::parse("compilers databases"),
            window: Window {
                limit: 20,
                newest: true,
                ..scene::ALL
            },
        };
        println!(
            "  search: {} in {:?}",
            scene.found(common).len(),
            begun.elapsed()
        );
        scene.stop();
        let indexed = bytes_on_disk(&dir);
        println!(
            "  {:.1} bytes a message with the index",
            indexed as f64 / MESSAGES as f64
        );
    }
}
