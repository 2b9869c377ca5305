//! Replay, resuming and what is said live meet without a gap and without a double, however people come
//! and go meanwhile, at random.

mod followers;
mod segments;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

use serde_json::json;

use crate::durability::{Client, ROOMS, View};
use crate::random::Random;
use crate::util::*;

use followers::{Follower, TextFollower};
use segments::{Segment, Told, check};

/// What is said last.
const FENCE: &str = "that is all";

/// What everybody who takes part needs to know.
struct Stage {
    doors: [String; 2],
    /// Messages that who enters a room is shown.
    replay: usize,
    /// Sessions that are to be had until the talkers stop.
    left: AtomicUsize,
    is_over: AtomicBool,
}

/// Says things in both rooms until it is over, in bursts.
fn talk(stage: &Stage, name: &str, mut random: Random) {
    let mut peer = Peer::connect(&stage.doors[0], Json);
    peer.send(Json.join(name));
    peer.send("{\"type\":\"join_room\",\"room\":\"den\"}\n")
        .sync();
    let mut number = 0;
    while !stage.is_over.load(Ordering::Acquire) {
        for _ in 0..random.between(1, 12) {
            let room = ROOMS[random.below(ROOMS.len())];
            let text = format!("{name} {number}");
            peer.send(json!({"type": "chat", "room": room, "message": text}).to_string() + "\n");
            number += 1;
        }
        peer.sync();
        std::thread::sleep(Duration::from_micros(random.below(5_000) as u64));
    }
}

/// What of a room was said, in order, as somebody was told it who was there all the time.
fn truth_of(room: &str, view: &View) -> Vec<Told> {
    let here = view.sights.iter().filter(|sight| sight.room == room);
    here.map(|sight| Told {
        id: sight.id.unwrap_or_default(),
        text: sight.text.clone(),
        is_live: sight.is_live,
    })
    .collect()
}

/// What somebody does on the stage, and what it was told there.
type Part = Box<dyn FnOnce(&Stage) -> Vec<Segment> + Send>;

fn play(stage: &Arc<Stage>, part: Part) -> JoinHandle<Vec<Segment>> {
    let stage = Arc::clone(stage);
    std::thread::spawn(move || part(&stage))
}

/// Some come and go while others talk, until all have been there as often as they are to. Returns what
/// each was told.
fn perform(server: &Server, replay: usize, sessions: usize, random: &mut Random) -> Vec<Segment> {
    const FOLLOWERS: usize = 8;
    let stage = Arc::new(Stage {
        doors: [Json, Text].map(|dialect| server.door(dialect).to_owned()),
        replay,
        left: AtomicUsize::new(FOLLOWERS * sessions),
        is_over: AtomicBool::new(false),
    });
    let talkers = ["ann", "ben"].map(|name| {
        let random = random.fork();
        let part = move |stage: &Stage| {
            talk(stage, name, random);
            Vec::new()
        };
        play(&stage, Box::new(part))
    });
    let followers: Vec<_> = (0..FOLLOWERS)
        .map(|n| {
            let random = random.fork();
            let part: Part = match n {
                0 | 1 => {
                    Box::new(move |stage| TextFollower::new(n, random).follow(stage, sessions))
                }
                _ => Box::new(move |stage| Follower::new(n, random).follow(stage, sessions)),
            };
            play(&stage, part)
        })
        .collect();
    // A follower that fails ends without its sessions: the talkers are not to wait for it.
    while stage.left.load(Ordering::Acquire) > 0 && !followers.iter().any(JoinHandle::is_finished) {
        std::thread::sleep(Duration::from_millis(2));
    }
    stage.is_over.store(true, Ordering::Release);
    for talker in talkers {
        talker.join().expect("no panic");
    }
    let mut last = server.join(Json, "last");
    last.send("{\"type\":\"join_room\",\"room\":\"den\"}\n");
    for room in ROOMS {
        last.send(json!({"type": "chat", "room": room, "message": FENCE}).to_string() + "\n");
    }
    let segments = followers
        .into_iter()
        .flat_map(|follower| follower.join().expect("no panic"))
        .collect();
    last.sync();
    segments
}

/// Holds what all were told against what was said. Without history on disk only `depth` messages of a
/// room are there to be resumed from.
fn come_and_go(flags: &str, replay: usize, depth: usize, sessions: usize, random: &mut Random) {
    let server = Server::with(&[Json, Text], &format!("{flags} --replay {replay}"));
    let watcher = Client::join(&server, Json, "watcher", &ROOMS).listen();
    let segments = perform(&server, replay, sessions, random);
    drop(server);
    let watched = watcher.join().expect("no panic");
    let truths = ROOMS.map(|room| truth_of(room, &watched));
    for segment in &segments {
        let at = ROOMS.iter().position(|room| *room == segment.room);
        let truth = &truths[at.expect("one of them")];
        if let Err(why) = check(segment, truth, replay, depth) {
            panic!(
                "{flags} --replay {replay}: {} in {}: {why}",
                segment.who, segment.room
            );
        }
    }
    let told: usize = segments.iter().map(|segment| segment.told.len()).sum();
    println!(
        "{flags} --replay {replay}: {} messages, of which {told} were told in {} segments",
        truths.iter().map(Vec::len).sum::<usize>(),
        segments.len()
    );
}

fn come_and_go_on_disk(durability: &str, sessions: usize, random: &mut Random) {
    let directory = TempDir::new();
    let data = directory.join("data");
    let flags = format!("--data {} --durability {durability}", data.display());
    come_and_go(
        &flags,
        [0, 3, 20][random.below(3)],
        usize::MAX,
        sessions,
        random,
    );
}

#[test]
fn in_memory() {
    let mut random = Random::of_now("come and go in memory");
    come_and_go("", 20, 100, 6, &mut random);
}

#[test]
fn on_disk_soon() {
    come_and_go_on_disk("soon", 6, &mut Random::of_now("come and go, soon"));
}

#[test]
fn on_disk_when_seen() {
    come_and_go_on_disk("seen", 6, &mut Random::of_now("come and go, seen"));
}

#[test]
#[ignore = "takes minutes"]
fn come_and_go_for_long() {
    let mut random = Random::of_now("come and go for long");
    for _ in 0..10 {
        come_and_go("", [0, 3, 20][random.below(3)], 100, 30, &mut random);
        come_and_go_on_disk("soon", 30, &mut random);
        come_and_go_on_disk("seen", 30, &mut random);
    }
}
