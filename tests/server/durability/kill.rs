//! Kill -9 at random moments under load, with a disk that is well and with one that is not.

use std::time::Duration;

use rustix::io::Errno;

use super::checker::{Epoch, Promise, View, assert_kept};
use super::clients::{Client, Progress, Speech};
use super::faults::Fault;
use super::kept::{House, ROOMS, kill, printed, read_all};
use crate::random::Random;
use crate::util::*;

/// Three speak and two listen, one of them over nc, until the server is killed somewhere in the middle.
/// Before that its disk may have failed for a while, or fail yet.
pub(super) fn talk_until_killed(
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
pub(super) const SIGHTS: usize = 4000;

pub(super) const PROMISES: [Promise; 2] = [Promise::Seen, Promise::Soon];

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
