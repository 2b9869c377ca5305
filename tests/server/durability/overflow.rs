//! More is said than may wait for a disk that fails.

use std::collections::{HashMap, HashSet};

use rustix::io::Errno;
use serde_json::{Value, json};

use super::checker::{Epoch, Promise, assert_kept};
use super::clients::{Client, Progress, Speech};
use super::faults::{Fault, wait_until};
use super::kept::{House, kill, printed};
use super::starve::{await_behind, figure};
use crate::util::*;

#[test]
fn who_speaks_is_read_more_slowly_and_nothing_is_lost() {
    const SPEAKERS: usize = 4;
    const EACH: usize = 2_500;
    const PADDING: usize = 2_000;
    let house = House::new(Promise::Soon);
    let server = house.open();
    let progress = Progress::default();
    house.disk.set(Fault::Write(Errno::NOSPC));
    let speech = Speech {
        rooms: vec!["lobby"],
        // What all say at once stays below a SendQ.
        window: 60,
        padding: PADDING,
        count: EACH,
    };
    let speakers: Vec<Client> = (0..SPEAKERS)
        .map(|n| Client::join(&server, Json, &format!("speaker{n}"), &[]).counted(&progress))
        .collect();
    let speak = |speaker: Client| speaker.speak("flood", speech.clone());
    let speakers: Vec<_> = speakers.into_iter().map(speak).collect();
    // 16 MiB may wait; from a quarter of it on those who speak are read more slowly.
    wait_until("much waits", || figure(&server, "history_queued") > 2_500);
    await_behind(&server, 1);
    let mut nc = server.join(Text, "nc");
    nc.sync();
    assert!(
        server.memory_kib() < 64 * 1024,
        "{} KiB",
        server.memory_kib()
    );
    house.disk.set(Fault::None);
    wait_until("all is on disk", || {
        figure(&server, "messages_in") == (SPEAKERS * EACH) as u64
            && figure(&server, "history_queued") == 0
    });
    assert_eq!(figure(&server, "history_lost"), 0);
    // Each speaker hears all of them, and of its own that they are kept.
    progress.wait_for((SPEAKERS * SPEAKERS * EACH + SPEAKERS * EACH) as u64);
    kill(server);
    let views: Epoch = speakers
        .into_iter()
        .map(|speaker| speaker.join().expect("no panic"))
        .collect();
    let history = printed(&house.data);
    assert_eq!(history.len(), SPEAKERS * EACH);
    assert_kept(Promise::Seen, &[views], &history);
}

/// What came of the requests of one who speaks in a room of its own.
#[derive(Default)]
struct Outcome {
    /// What it heard itself say.
    heard: HashSet<String>,
    /// By the text, the id that it is kept under, or the error instead.
    answers: HashMap<String, Result<u64, Value>>,
}

impl Outcome {
    fn is_whole(&self, count: usize, promise: Promise) -> bool {
        let kept = self
            .answers
            .values()
            .filter(|answer| answer.is_ok())
            .count();
        let due = match promise {
            Promise::Soon => count,
            Promise::Seen => kept,
        };
        self.answers.len() == count && self.heard.len() >= due
    }
}

const READY: &str = "ready";

/// Comes into a room of its own, and is told what is said there from now on.
fn in_own_room(server: &Server, name: &str) -> Peer {
    let mut peer = server.join(Json, name);
    // It is made to wait, and the disk fails for as long as it takes to say too much.
    let patience = Some(4 * DEADLINE);
    peer.socket.set_read_timeout(patience).expect("a time");
    peer.socket.set_write_timeout(patience).expect("a time");
    for request in [
        json!({"type": "join_room", "room": name}),
        json!({"type": "chat", "room": name, "message": READY}),
    ] {
        peer.send(request.to_string() + "\n");
    }
    while peer.json()["message"] != READY {}
    peer
}

/// Says long things in its room, and waits until each is answered, and told if it is to be.
fn speak_at_length(mut peer: Peer, name: &str, count: usize, promise: Promise) -> Outcome {
    let text = |n: usize| format!("{name} {n}");
    let padding = "x".repeat(60_000);
    for n in 0..count {
        let message = format!("{}:{padding}", text(n));
        let request = json!({"type": "chat", "room": name, "message": message, "id": n});
        peer.send(request.to_string() + "\n");
    }
    let mut outcome = Outcome::default();
    while !outcome.is_whole(count, promise) {
        let event = peer.json();
        let asked = || text(event["id"].as_u64().expect("a number") as usize);
        let (asked, answer) = match event["type"].as_str().unwrap_or_default() {
            "chat" => {
                let (said, _) = event["message"]
                    .as_str()
                    .and_then(|m| m.split_once(':'))
                    .expect("a text");
                outcome.heard.insert(said.into());
                continue;
            }
            "ok" if event["message_id"].is_u64() => {
                (asked(), Ok(event["message_id"].as_u64().expect("an id")))
            }
            "error" => (asked(), Err(event["code"].clone())),
            _ => continue,
        };
        let before = outcome.answers.insert(asked, answer);
        assert_eq!(before, None, "answered twice: {event}");
    }
    outcome
}

/// Each of many requests is answered, and the answer is true: kept, or not.
fn overflown(promise: Promise) {
    const EACH: usize = 4;
    let mut house = House::new(promise);
    house.flags = "--max-message 64KiB --max-frame 128KiB".into();
    let server = house.open();
    let names: Vec<String> = (0..100).map(|n| format!("speaker{n}")).collect();
    let peers: Vec<Peer> = names
        .iter()
        .map(|name| in_own_room(&server, name))
        .collect();
    house.disk.set(Fault::Write(Errno::NOSPC));
    let speakers = peers.into_iter().zip(names).map(|(peer, name)| {
        std::thread::spawn(move || speak_at_length(peer, &name, EACH, promise))
    });
    let speakers: Vec<_> = speakers.collect();
    wait_until("more is said than can wait", || {
        figure(&server, "history_lost") > 0
    });
    house.disk.set(Fault::None);
    let outcomes: Vec<Outcome> = speakers
        .into_iter()
        .map(|speaker| speaker.join().expect("no panic"))
        .collect();
    let lost = figure(&server, "history_lost");
    kill(server);
    let name_of = |text: &str| text.split(':').next().unwrap_or_default().to_owned();
    let kept = printed(&house.data)
        .into_iter()
        .filter(|entry| entry.text != READY);
    let kept: HashMap<String, u64> = kept.map(|entry| (name_of(&entry.text), entry.id)).collect();
    let (mut said_kept, mut said_lost) = (0, 0);
    for outcome in &outcomes {
        for (text, answer) in &outcome.answers {
            let is_heard = outcome.heard.contains(text);
            match answer {
                Ok(id) => {
                    assert_eq!((kept.get(text), is_heard), (Some(id), true), "{text}");
                    said_kept += 1;
                }
                Err(code) => {
                    let due = match promise {
                        Promise::Soon => ("not_kept", true),
                        Promise::Seen => ("keeping_failed", false),
                    };
                    assert_eq!((code, is_heard), (&json!(due.0), due.1), "{text}");
                    assert_eq!(kept.get(text), None, "{text}");
                    said_lost += 1;
                }
            }
        }
    }
    assert_eq!((said_kept, said_lost as u64), (kept.len(), lost));
    println!("{}: {said_kept} kept, {said_lost} not", promise.flag());
}

#[test]
fn what_cannot_wait_is_said_not_to_be_kept() {
    overflown(Promise::Soon);
}

#[test]
#[ignore = "takes a while"]
fn what_cannot_wait_is_not_said_where_all_that_is_seen_is_kept() {
    overflown(Promise::Seen);
}

#[test]
fn who_resumes_is_told_all_that_waits_for_the_disk_in_parts() {
    const COUNT: usize = 700;
    let house = House::new(Promise::Soon);
    let server = house.open();
    let mut ann = server.join(Json, "ann");
    house.disk.set(Fault::Write(Errno::NOSPC));
    let padding = "x".repeat(2_000);
    for n in 0..COUNT {
        let request = json!({"type": "chat", "message": format!("{n}:{padding}")});
        ann.send(request.to_string() + "\n");
        if n % 50 == 49 {
            ann.sync();
        }
    }
    let narrow = |socket: &socket2::Socket| socket.set_recv_buffer_size(2048).expect("a size");
    let mut bob = Peer::try_connect(server.door(Json), Json, narrow).expect("it listens");
    let join = json!({"type": "join", "username": "bob", "resume": {"lobby": 0}});
    bob.send(join.to_string() + "\n");
    // What is owed to it is more than a SendQ holds, and it reads none of it yet.
    ann.settle();
    let mut next = 0;
    while next < COUNT {
        let event = bob.json();
        if matches!(event["type"].as_str(), Some("history" | "chat")) {
            let text = event["message"].as_str().expect("a text");
            assert_eq!(text.split(':').next(), Some(next.to_string().as_str()));
            next += 1;
        }
    }
    bob.silent();
}
