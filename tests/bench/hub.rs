//! What a message, a join and a leave cost the hub, by the size of the room. What the reactor does
//! for each member is not in it.

mod harness;

use std::hint::black_box;

use hubbub::testing::{Addresses, Ask, ConnId, Dialect, Hub, Moment, Peer, Rules, Settings, Stage};

const MESSAGES: u64 = 1000;
const NEWCOMERS: u32 = 100;

fn main() {
    for members in [10, 1_000, 10_000] {
        let mut hub = lobby_of(members);
        say(&format!("say in a room of {members}"), &mut hub);
    }
    let mut hub = lobby_of(10_000);
    for slot in 0..10 {
        ask(&mut hub, slot, Stage::Joined, "/join small");
    }
    say("say in a room of 10 beside 10000", &mut hub);
    join_and_leave(10_000);
}

fn say(name: &str, hub: &mut Hub) {
    harness::row(
        name,
        "ns",
        |ns| ns,
        || {
            let took = harness::timed(|| {
                for _ in 0..MESSAGES {
                    ask(hub, 0, Stage::Joined, "a message of a usual length");
                }
            });
            (took, MESSAGES)
        },
    );
}

fn join_and_leave(members: u32) {
    let mut hub = lobby_of(members);
    let newcomers = members..members + NEWCOMERS;
    let come = |hub: &mut Hub| newcomers.clone().for_each(|slot| join(hub, slot));
    let go = |hub: &mut Hub| newcomers.clone().for_each(|slot| leave(hub, slot));
    let name = format!("join a room of {members}");
    harness::row(
        &name,
        "ns",
        |ns| ns,
        || {
            let took = harness::timed(|| come(&mut hub));
            go(&mut hub);
            (took, NEWCOMERS.into())
        },
    );
    let name = format!("leave a room of {members}");
    harness::row(
        &name,
        "ns",
        |ns| ns,
        || {
            come(&mut hub);
            let took = harness::timed(|| go(&mut hub));
            (took, NEWCOMERS.into())
        },
    );
}

fn lobby_of(members: u32) -> Hub {
    let rules = Rules {
        message_bytes_max: 4096,
        presence_limit: 250,
        addresses: Addresses::All,
        oper_password: None,
        ..Rules::default()
    };
    let mut hub = Hub::new(rules, Settings::default());
    (0..members).for_each(|slot| join(&mut hub, slot));
    hub
}

fn join(hub: &mut Hub, slot: u32) {
    ask(hub, slot, Stage::Joining, &format!("user{slot}"));
}

fn leave(hub: &mut Hub, slot: u32) {
    hub.handle_leave(id(slot), Moment::default());
    drain(hub);
}

/// Asks in the words of the text dialect, which is the smaller part of the cost.
fn ask(hub: &mut Hub, slot: u32, stage: Stage, line: &str) {
    let Ask::Request(request) = Dialect::Text.parse(line.as_bytes(), stage).ask else {
        panic!("{line:?} asks nothing");
    };
    hub.handle_request(id(slot), Peer::Unix(slot), request, None, Moment::default());
    drain(hub);
}

fn drain(hub: &mut Hub) {
    while let Some(effect) = hub.poll_effect() {
        black_box(effect);
    }
}

fn id(slot: u32) -> ConnId {
    ConnId {
        slot,
        generation: 0,
    }
}
