//! One order for everybody, and what passes it.

use super::*;
use crate::hub::{Rules, Settings};
use crate::model::{ErrorCode, Nick, Peer, Request, RequestId};

fn id(slot: u32) -> ConnId {
    let generation = 1;
    ConnId { slot, generation }
}

fn at(uptime_ms: u64) -> Moment {
    Moment {
        uptime_ms,
        ..Moment::default()
    }
}

/// A hub where nothing is seen before it is kept, with two in the lobby.
fn two() -> Hub {
    let rules = Rules {
        durability: Some(Durability::Seen),
        replay: 0,
        ..Rules::default()
    };
    let mut hub = Hub::new(rules, Settings::default());
    for slot in 0..2 {
        join(&mut hub, slot, at(0));
    }
    told(&mut hub, id(0));
    hub
}

fn ask(hub: &mut Hub, slot: u32, request: Request, now: Moment) {
    let request_id = Some(RequestId("1".into()));
    hub.handle_request(id(slot), Peer::Unix(slot), request, request_id, now);
}

fn join(hub: &mut Hub, slot: u32, now: Moment) {
    let nick = Nick::parse(&format!("n{slot}")).expect("a nick");
    ask(hub, slot, Request::join(nick, false), now);
}

fn say(hub: &mut Hub, slot: u32, now: Moment) {
    let (room, text) = (None, "hi".into());
    ask(hub, slot, Request::Say { room, text }, now);
}

/// What a connection is told, by one word each.
fn told(hub: &mut Hub, who: ConnId) -> Vec<&'static str> {
    let hears = |effect: &Effect| match effect {
        Effect::Broadcast {
            audience:
                Audience::Room {
                    readers,
                    except,
                    ignorers,
                    ..
                },
            ..
        } => {
            let is_reader = readers.iter().any(|reader| reader.id == who);
            is_reader && *except != Some(who) && !ignorers.contains(&who)
        }
        Effect::Broadcast {
            audience: Audience::Each(each),
            ..
        } => each.iter().any(|reader| reader.id == who),
        effect => connection_of(effect) == Some(who),
    };
    let effects = std::iter::from_fn(|| hub.poll_effect()).filter(hears);
    let word = |effect: Effect| match event_of(&effect) {
        Some(Event::Said { .. }) => "said",
        Some(Event::Kept { .. }) => "kept",
        Some(Event::Joined { .. }) => "joined",
        Some(Event::Left { .. }) => "left",
        Some(Event::Welcome { .. }) => "welcome",
        Some(Event::History { .. }) => "history",
        Some(Event::Pong) => "pong",
        Some(Event::Error(ErrorCode::Busy)) => "busy",
        _ => "other",
    };
    effects.map(word).collect()
}

#[test]
fn who_comes_stands_in_its_place_behind_what_is_not_on_disk() {
    let mut hub = two();
    say(&mut hub, 0, at(1));
    join(&mut hub, 2, at(2));
    say(&mut hub, 0, at(3));
    hub.handle_leave(id(2), at(4));
    assert_eq!(told(&mut hub, id(1)), [""; 0]);
    hub.handle_kept(MessageId(1), usize::MAX);
    assert_eq!(told(&mut hub, id(1)), ["said", "joined"]);
    hub.handle_kept(MessageId(2), usize::MAX);
    assert_eq!(told(&mut hub, id(1)), ["said", "left"]);
    assert!(!hub.owes(id(0)) && hub.held.is_empty());
    join(&mut hub, 3, at(7));
    assert_eq!(told(&mut hub, id(1)), ["joined"], "nothing is waited for");
}

#[test]
fn who_enters_behind_a_message_is_not_told_of_it_live() {
    let mut hub = two();
    say(&mut hub, 0, at(1));
    join(&mut hub, 2, at(2));
    say(&mut hub, 0, at(3));
    hub.handle_kept(MessageId(2), usize::MAX);
    assert_eq!(told(&mut hub, id(2)), ["welcome", "said"]);
}

#[test]
fn what_keeps_nothing_passes_what_waits_for_too_long() {
    let mut hub = two();
    say(&mut hub, 0, at(1));
    ask(&mut hub, 0, Request::Ping, at(2));
    join(&mut hub, 2, at(3));
    assert_eq!(hub.poll_timeout(), Some(1 + HELD_MS));
    hub.handle_timeout(at(1 + HELD_MS));
    assert_eq!(told(&mut hub, id(0)), ["pong", "joined"]);
    assert!(hub.poll_timeout().is_none_or(|due_ms| due_ms > 2 * HELD_MS));
    ask(&mut hub, 0, Request::Ping, at(2 + HELD_MS));
    assert_eq!(told(&mut hub, id(0)), ["pong"]);
    assert!(hub.owes(id(0)), "the answer that says that it is kept");
    hub.handle_kept(MessageId(1), usize::MAX);
    assert_eq!(told(&mut hub, id(0)), ["said", "kept"]);
    assert!(!hub.owes(id(0)));
}

#[test]
fn where_as_much_is_held_as_may_be_nothing_more_is_taken_in() {
    let mut hub = two();
    say(&mut hub, 0, at(1));
    while !hub.held.is_full() {
        ask(&mut hub, 0, Request::Ping, at(2));
    }
    let last = hub.chat.last_id();
    say(&mut hub, 1, at(3));
    assert_eq!(told(&mut hub, id(1)), ["busy"]);
    assert_eq!(hub.chat.last_id(), last);
    hub.handle_kept(last, usize::MAX);
    assert!(!hub.held.is_full() && hub.held.bytes == 0);
    say(&mut hub, 1, at(5));
    assert_eq!(hub.chat.last_id(), last.next());
}
