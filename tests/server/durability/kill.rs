//! Kill -9 at random moments under load, with a disk that is well and with one that is not.

use std::time::Duration;

use rustix::io::Errno;
use serde_json::json;

use super::checker::{Epoch, Promise, View, assert_kept, now_ns, until};
use super::clients::{Client, Progress, Speech};
use super::faults::Fault;
use super::kept::{House, ROOMS, kill, printed, read_all};
use super::power::Record;
use crate::random::Random;
use crate::util::*;

/// Three speak and two listen, one of them over nc, until the server is killed somewhere in the middle.
/// Before that its disk may have failed for a while, or fail yet.
fn talk_until_killed(
    house: &House,
    server: Server,
    epoch: usize,
    fault: Fault,
    most: usize,
    random: &mut Random,
) -> Epoch {
    let progress = Progress::default();
    let mut clients = Vec::new();
    for who in ["nc", "listener"] {
        let dialect = if who == "nc" { Text } else { Json };
        let rooms = if who == "nc" { &ROOMS[..1] } else { &ROOMS[..] };
        let client = Client::join(&server, dialect, who, rooms);
        clients.push(client.counted(&progress).listen());
    }
    let speakers: Vec<Client> = ["ann", "ben", "cid"]
        .map(|who| Client::join(&server, Json, who, &ROOMS))
        .into();
    for speaker in speakers {
        let speech = Speech {
            rooms: if random.one_in(2) {
                ROOMS.into()
            } else {
                vec![ROOMS[0]]
            },
            window: random.between(1, 40),
            padding: random.below(300),
            count: usize::MAX,
        };
        clients.push(
            speaker
                .counted(&progress)
                .speak(&format!("e{epoch}"), speech),
        );
    }
    progress.wait_for(random.between(1, most) as u64);
    if fault != Fault::None {
        house.disk.set(fault);
        house.disk.expect_hit();
        if random.one_in(2) {
            house.disk.set(Fault::None);
            progress.wait_for(progress.so_far() + random.between(1, most / 2) as u64);
        }
    }
    let exited = kill(server);
    house.disk.set(Fault::None);
    assert!(!exited.stderr.contains("panicked"), "{}", exited.stderr);
    clients
        .into_iter()
        .map(|client| client.join().expect("no panic"))
        .collect()
}

/// Kills as often, on one directory, while its disk fails.
fn killed(promise: Promise, times: usize, fault: Fault, random: &mut Random) {
    let house = House::new(promise);
    let mut epochs: Vec<Epoch> = Vec::new();
    for epoch in 0..times {
        let server = house.open();
        let history = read_all(&server);
        assert_eq!(printed(&house.data), history, "beside the server");
        assert_kept(promise, &epochs, &history);
        epochs.push(talk_until_killed(
            &house, server, epoch, fault, SIGHTS, random,
        ));
    }
    let after_crash = printed(&house.data);
    assert_kept(promise, &epochs, &after_crash);
    assert_eq!(read_all(&house.open()), after_crash);
    let count = |of: fn(&View) -> usize| epochs.iter().flatten().map(of).sum::<usize>();
    println!(
        "{}, {fault}: {times} kills; {} sights and {} oks of {} messages sent, of which {} are kept",
        promise.flag(),
        count(|view| view.sights.len()),
        count(|view| view.receipts.len()),
        count(|view| view.sent.len()),
        after_crash.len(),
    );
}

/// How much is seen at the most before a kill.
const SIGHTS: usize = 4000;

const PROMISES: [Promise; 2] = [Promise::Seen, Promise::Soon];

const FAULTS: [Fault; 5] = [
    Fault::Write(Errno::IO),
    Fault::Write(Errno::NOSPC),
    Fault::Sync(Errno::IO),
    Fault::SlowSync(Duration::from_millis(50)),
    Fault::ReadOnly,
];

#[test]
fn what_was_seen_survives_kill_9() {
    killed(Promise::Seen, 3, Fault::None, &mut Random::of_now("seen"));
}

#[test]
fn what_was_acknowledged_survives_kill_9() {
    killed(Promise::Soon, 3, Fault::None, &mut Random::of_now("soon"));
}

#[test]
fn both_survive_kill_9_while_the_disk_fails() {
    let mut random = Random::of_now("while the disk fails");
    for promise in PROMISES {
        let fault = FAULTS[random.below(FAULTS.len())];
        killed(promise, 2, fault, &mut random);
    }
}

#[test]
#[ignore = "takes minutes"]
fn both_survive_a_hundred_kills() {
    let mut random = Random::of_now("a hundred kills");
    for promise in PROMISES {
        (0..10).for_each(|_| killed(promise, 10, Fault::None, &mut random));
    }
}

#[test]
#[ignore = "takes minutes"]
fn both_survive_a_hundred_kills_while_the_disk_fails() {
    let mut random = Random::of_now("a hundred kills while the disk fails");
    for promise in PROMISES {
        for fault in FAULTS {
            (0..4).for_each(|_| killed(promise, 5, fault, &mut random));
        }
    }
}

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
