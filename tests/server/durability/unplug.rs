//! Losses of power at random moments, played from the record of what was written and synced.

use rustix::io::Errno;
use serde_json::json;

use super::checker::{Promise, assert_kept, now_ns, until};
use super::faults::Fault;
use super::kept::{House, kill, printed, read_all};
use super::kill::{PROMISES, SIGHTS, talk_until_killed};
use super::power::Record;
use crate::random::Random;
use crate::util::*;

/// Talks while everything written is recorded, kills, and looks at what a disk may have after it lost
/// its power at random moments before.
fn unplugged(promise: Promise, losses: usize, fault: Fault, most: usize, random: &mut Random) {
    let mut house = House::new(promise);
    house.is_recorded = true;
    let server = house.open();
    let began_ns = now_ns();
    let epochs = vec![talk_until_killed(&house, server, 0, fault, most, random)];
    let ended_ns = now_ns();
    let record = Record::read(&house.disk.log);
    let mut sights = 0;
    for _ in 0..losses {
        let at_ns = began_ns + random.next() % (ended_ns - began_ns);
        let scratch = TempDir::new();
        let other = House::at(scratch.join("data"), scratch, promise);
        record.rebuild(at_ns, random, &other.data);
        let seen = until(&epochs, at_ns);
        sights += seen[0]
            .iter()
            .map(|view| view.sights.len() + view.receipts.len())
            .sum::<usize>();
        let server = other.open();
        let history = read_all(&server);
        assert_kept(promise, &seen, &history);
        assert_eq!(printed(&other.data), history);
        let mut ann = server.join(Json, "ann");
        ann.send(json!({"type": "chat", "message": "again", "id": "again"}).to_string() + "\n");
        let told = [ann.json(), ann.json()];
        let ids: Vec<u64> = told
            .iter()
            .filter_map(|event| event["message_id"].as_u64())
            .collect();
        let ids_seen = seen
            .iter()
            .flatten()
            .flat_map(|view| &view.sights)
            .filter_map(|sight| sight.id);
        assert!(
            ids[0] > ids_seen.max().unwrap_or(0),
            "an id that was given out before"
        );
    }
    println!(
        "{}, {fault}: {losses} losses of power in a run of {} syncs, of which {} of the database; {} sights and oks",
        promise.flag(),
        record.syncs(),
        record.syncs_of("hubbub.db"),
        sights,
    );
}

/// Says something, which is on disk when this returns.
fn say_kept(peer: &mut Peer, text: &str) {
    let request = json!({"type": "chat", "message": text, "id": text});
    peer.send(request.to_string() + "\n");
    while peer.json()["message_id"].is_null() {}
}

/// A sync fails, and what it was for is said to be on disk after a later one, of this server or, if this
/// one `is_killed`, of the next. The system does not write it of itself: the failed sync was its only try.
fn synced_again(is_killed: bool, random: &mut Random) {
    let mut house = House::new(Promise::Soon);
    house.is_recorded = true;
    let mut server = house.open();
    let mut ann = server.join(Json, "ann");
    say_kept(&mut ann, "before");
    house.disk.set(Fault::Sync(Errno::IO));
    ann.send(Json.say("in between"));
    (0..5).for_each(|_| house.disk.expect_hit());
    if is_killed {
        kill(server);
        house.disk.set(Fault::None);
        server = house.open();
        ann = server.join(Json, "ann");
    }
    house.disk.set(Fault::None);
    for n in 0..5 {
        say_kept(&mut ann, &format!("after {n}"));
    }
    kill(server);
    let record = Record::read(&house.disk.log);
    for _ in 0..20 {
        let scratch = TempDir::new();
        let other = House::at(scratch.join("data"), scratch, Promise::Soon);
        record.rebuild(now_ns(), random, &other.data);
        let kept: Vec<String> = printed(&other.data)
            .into_iter()
            .map(|entry| entry.text)
            .collect();
        let expected = [
            "before",
            "in between",
            "after 0",
            "after 1",
            "after 2",
            "after 3",
            "after 4",
        ];
        let without = expected
            .iter()
            .filter(|text| **text != "in between" || !is_killed);
        let is_whole = kept == expected || kept.iter().eq(without);
        assert!(is_whole, "{kept:?}");
    }
}

#[test]
fn what_a_failed_sync_did_not_bring_to_the_disk_is_written_again() {
    let mut random = Random::of_now("a failed sync");
    synced_again(false, &mut random);
    synced_again(true, &mut random);
}

#[test]
fn both_survive_a_loss_of_power() {
    let mut random = Random::of_now("a loss of power");
    for promise in PROMISES {
        unplugged(promise, 5, Fault::None, SIGHTS, &mut random);
    }
}

#[test]
#[ignore = "takes minutes"]
fn both_survive_a_hundred_losses_of_power() {
    let mut random = Random::of_now("a hundred losses of power");
    for promise in PROMISES {
        for fault in [
            Fault::None,
            Fault::Sync(Errno::IO),
            Fault::Write(Errno::NOSPC),
        ] {
            (0..10).for_each(|_| unplugged(promise, 10, fault, 10 * SIGHTS, &mut random));
        }
    }
}
