//! Searches as an attack: without a disk, and with one.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use hubbub::testing::{
    Answer, Durability, Found, Manner, Message, MessageId, Nick, Options, Query, Record, Retention,
    RoomName, SaidBy, SearchWords, Store, Window, open,
};
use serde_json::json;

use crate::attack::{Scene, under_attack};
use crate::temp_dir::TempDir;
use crate::util::*;

/// Members of a burst.
const SEARCHES: usize = 30;

/// Somebody in 19 rooms of 100 messages, which others said: a stranger says 20 at once.
fn searcher(scene: &Scene, text: impl Fn(usize) -> String) -> Peer {
    let mut searcher = scene.join(Json, "searcher");
    let enter =
        |room| json!({"type": "join_room", "room": format!("room{room}")}).to_string() + "\n";
    searcher.send((0..19).map(enter).collect::<String>()).sync();
    for room in 0..19 {
        for speaker in 0..5 {
            let mut peer = scene.join(Json, &format!("speaker{room}-{speaker}"));
            peer.send(enter(room));
            for n in 0..20 {
                let text = text(20 * speaker + n);
                let chat = json!({"type": "chat", "room": format!("room{room}"), "message": text});
                peer.send(chat.to_string() + "\n");
            }
            peer.sync();
            searcher.sync();
        }
    }
    if !scene.is_unlimited {
        // Its tokens come back.
        std::thread::sleep(Duration::from_secs(13));
    }
    searcher
}

fn burst(peer: &mut Peer, query: &str) {
    let search = json!({"type": "search", "query": query}).to_string() + "\n";
    peer.send(search.repeat(SEARCHES));
    let begun = Instant::now();
    let mut answered = 0;
    while answered < SEARCHES {
        let event = peer.json();
        answered += usize::from(event["type"] == "search_end");
        if event["type"] == "error" || begun.elapsed() > Duration::from_secs(20) {
            break;
        }
    }
    println!("  {answered} searches answered in {:?}", begun.elapsed());
}

#[test]
#[ignore = "a measurement, not a test"]
fn a_burst_of_searches_in_memory() {
    for (attack, query, is_ascii) in [
        ("30 searches of one letter", "b ".repeat(2_048), true),
        (
            "30 searches of 7.6 MB in memory",
            "nowhere hello".to_owned(),
            true,
        ),
        (
            "30 searches of 7.6 MB of Czech in memory",
            "ďábelské nikde".to_owned(),
            false,
        ),
    ] {
        under_attack(attack, "", |scene| {
            let words = if is_ascii {
                "hello bb "
            } else {
                "ďábelské ódy "
            };
            let text = words.repeat(4_000 / words.len());
            let mut searcher = searcher(scene, |n| format!("{text}{n}"));
            scene.measure(Duration::ZERO, || burst(&mut searcher, &query));
        });
    }
}

/// Messages on the disk that is searched.
const KEPT: u64 = 1_000_000;

/// A database with a million messages in the lobby, all of them in the index.
fn keep_many(directory: &TempDir) {
    let options = Options {
        dir: directory.join("data"),
        durability: Durability::Soon,
        retention: Retention::default(),
        replay: 0,
        sets_aside: false,
        is_shared: false,
        files: None,
    };
    let (mut store, _) = open(&options, Arc::new(|| {})).expect("it opens");
    let ask = |id: u64| {
        format!(
            "word{} of many words{} from somebody{} who wonders whether",
            id,
            id % 9_973,
            id % 77
        )
    };
    for id in 1..=KEPT {
        let message = Message {
            id: MessageId(id),
            unix_ms: 1_767_225_600_000 + id,
            nick: Nick::parse("somebody").expect("a nick"),
            origin: SaidBy::Unknown,
            manner: Manner::Said,
            text: ask(id),
            tags: None,
            marks: None,
        };
        let record = Record::Said {
            room: RoomName::lobby(),
            message: Arc::new(message),
            is_guarded: false,
        };
        while !store.has_room() {
            store.flush();
            std::thread::sleep(Duration::from_millis(5));
        }
        assert_eq!(store.keep(record), Ok(()));
        if id % 1_000 == 0 {
            store.flush();
        }
    }
    store.flush();
    let query = Query::Search {
        rooms: vec![(RoomName::lobby(), MessageId(0))],
        words: SearchWords::parse(&format!("word{KEPT}")),
        window: Window::last(1),
    };
    let begun = Instant::now();
    let mut is_indexed = false;
    while !is_indexed {
        store.submit(1, query.clone()).expect("there is room");
        is_indexed = match answer(&mut store) {
            Found::InRooms { messages, .. } => !messages.is_empty(),
            found => panic!("{found:?}"),
        };
    }
    println!("  {KEPT} messages indexed in {:?} more", begun.elapsed());
}

fn answer(store: &mut Store) -> Found {
    loop {
        match store.poll_answer() {
            Some(Answer::Found { found, .. }) => return found,
            _ => std::thread::sleep(Duration::from_millis(5)),
        }
    }
}

/// Asks for the last messages again and again, and prints how long that took.
fn historian(mut peer: Peer, what: &'static str, request: String) -> impl FnOnce() {
    let stops = Arc::new(AtomicBool::new(false));
    let stop = Arc::clone(&stops);
    let thread = std::thread::spawn(move || {
        let (mut waits, mut failures) = (Vec::new(), 0);
        while !stops.load(Ordering::Relaxed) {
            let begun = Instant::now();
            peer.send(&request);
            loop {
                let event = peer.json();
                let kind = event["type"].as_str().expect("a type");
                failures += usize::from(kind == "error");
                if kind == "error" || kind.ends_with("_end") {
                    break;
                }
            }
            waits.push(begun.elapsed());
            std::thread::sleep(Duration::from_millis(300));
        }
        waits.sort_unstable();
        let (middle, last) = (waits[waits.len() / 2], waits[waits.len() - 1]);
        println!(
            "  another's {what}: {} answered, {failures} failed, p50 {middle:?}, longest {last:?}",
            waits.len()
        );
    });
    move || {
        stop.store(true, Ordering::Relaxed);
        thread.join().expect("no panic");
    }
}

#[test]
#[ignore = "a measurement, not a test"]
fn searches_of_a_large_disk() {
    let directory = TempDir::new();
    keep_many(&directory);
    let prefixes: String = (10..26).map(|n| format!("wor* word{n}* ")).collect();
    for (attack, searchers, query) in [
        (
            "8 open searches of w* 16 times on disk",
            1,
            "w* ".repeat(16),
        ),
        ("8 open searches of prefixes on disk", 1, prefixes.clone()),
        (
            "12 users with 8 open searches each on disk",
            12,
            prefixes.clone(),
        ),
    ] {
        let flags = format!("--data {}", directory.join("data").display());
        under_attack(attack, &flags, |scene| {
            let of = |n| scene.join(Json, &format!("searcher{n}"));
            let mut searchers: Vec<Peer> = (0..searchers).map(of).collect();
            let history = json!({"type": "history", "limit": 100}).to_string() + "\n";
            let search = json!({"type": "search", "query": "word123456"}).to_string() + "\n";
            let history = historian(scene.join(Json, "hugo"), "history", history);
            let search = historian(scene.join(Json, "sue"), "search", search);
            scene.measure(Duration::from_secs(8), || {
                let asks = json!({"type": "search", "query": query}).to_string() + "\n";
                for searcher in &mut searchers {
                    searcher.send(asks.repeat(8));
                }
            });
            history();
            search();
        });
    }
}
