//! Searches as an attack: without a disk, and with one.

use std::time::{Duration, Instant};

use serde_json::json;

use crate::attack::{Scene, under_attack};
use crate::util::*;

/// Members of a burst.
const SEARCHES: usize = 30;

/// Somebody in 19 rooms of 100 messages of 4 KB, which it said itself.
fn talker(scene: &Scene, text: impl Fn(usize) -> String) -> Peer {
    let mut speaker = scene.join(Json, "speaker");
    for room in 0..19 {
        speaker.send(format!(
            "{{\"type\":\"join_room\",\"room\":\"room{room}\"}}\n"
        ));
        for n in 0..100 {
            let chat = json!({"type": "chat", "room": format!("room{room}"), "message": text(n)});
            speaker.send(chat.to_string() + "\n");
            if !scene.is_unlimited {
                // Ten a second are a stranger's.
                std::thread::sleep(Duration::from_millis(2));
            }
        }
        speaker.sync();
    }
    speaker
}

fn burst(peer: &mut Peer, query: &str) {
    let search = json!({"type": "search", "query": query}).to_string() + "\n";
    peer.send(search.repeat(SEARCHES));
    let begun = Instant::now();
    let mut answered = 0;
    while answered < SEARCHES && begun.elapsed() < Duration::from_secs(20) {
        let event = peer.json();
        answered += usize::from(event["type"] == "search_end");
        if event["type"] == "error" {
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
            let mut speaker = talker(scene, |n| format!("{text}{n}"));
            scene.measure(Duration::ZERO, || burst(&mut speaker, &query));
        });
    }
}
