//! A stop in good order, on a disk that is well and on one that is not.

use rustix::io::Errno;
use serde_json::json;

use super::checker::{Promise, assert_kept};
use super::clients::{Client, Progress, Speech};
use super::faults::Fault;
use super::kept::{House, ROOMS, printed};
use super::kill::PROMISES;
use crate::random::Random;
use crate::util::*;

#[test]
fn all_that_was_seen_before_a_stop_is_kept() {
    let mut random = Random::of_now("a stop");
    for promise in PROMISES {
        let house = House::new(promise);
        let server = house.open();
        let progress = Progress::default();
        let listener = Client::join(&server, Text, "nc", &[]);
        let speaker = Client::join(&server, Json, "ann", &ROOMS).counted(&progress);
        let speech = Speech {
            rooms: ROOMS.into(),
            window: 30,
            padding: 20,
            count: usize::MAX,
        };
        let clients = [listener.listen(), speaker.speak("stop", speech)];
        progress.wait_for(random.between(1, 1500) as u64);
        server.signal("TERM");
        let exited = server.wait();
        assert_eq!(exited.status.code(), Some(0), "{}", exited.stderr);
        let views = clients.map(|client| client.join().expect("no panic"));
        // Whatever is promised of a crash: a stop takes its time.
        assert_kept(Promise::Seen, &[views.into()], &printed(&house.data));
    }
}

fn stopped_on_a_failing_disk(promise: Promise) {
    let house = House::new(promise);
    let server = house.open();
    let mut ann = server.join(Json, "ann");
    let say = |ann: &mut Peer, n: usize| {
        let request = json!({"type": "chat", "message": format!("number {n}"), "id": n});
        ann.send(request.to_string() + "\n");
    };
    say(&mut ann, 0);
    while ann.json()["message_id"].is_null() {}
    ann.sync();
    house.disk.set(Fault::Write(Errno::IO));
    // The others come when the first is being tried again.
    say(&mut ann, 1);
    house.disk.expect_hit();
    (2..4).for_each(|n| say(&mut ann, n));
    let mut told = ann.sync();
    server.signal("TERM");
    told.extend(ann.rest());
    let told = String::from_utf8(told).expect("UTF-8");
    assert!(!told.contains("message_id"), "{told}");
    assert_eq!(
        told.contains("number 1"),
        promise == Promise::Soon,
        "{told}"
    );
    drop(ann);
    let exited = server.wait();
    assert!(
        exited.stderr.contains("history ends without 3 records"),
        "{}",
        exited.stderr
    );
    house.disk.set(Fault::None);
    let texts: Vec<String> = printed(&house.data)
        .into_iter()
        .map(|entry| entry.text)
        .collect();
    assert_eq!(texts, ["number 0"]);
}

#[test]
fn a_stop_waits_for_a_failing_disk_only_so_long_and_says_what_is_lost() {
    // Both at once: it is some seconds.
    std::thread::scope(|scope| {
        for promise in PROMISES {
            scope.spawn(move || stopped_on_a_failing_disk(promise));
        }
    });
}
