//! The hub against a naive reference, written plainly with vectors and linear scans: after any
//! requests each connection has been told the same, in the same order.

mod reference;

use crate::model::Departure;
use proptest::prelude::*;

use super::Addresses;
use super::*;
use crate::model::{
    AboutMessage, Doing, EnterMode, Manner, Nick, PutOut, Reaction, RoomName, Secret, Target,
};
use reference::{Reference, Seen};

const CONNECTIONS: u32 = 6;
const NICKS: [&str; 6] = ["alice", "ALICE", "bob", "Bobby", "carol", "Server"];
const ROOMS: [&str; 4] = ["lobby", "rust", "RUST", "c"];
const MASKS: [&str; 5] = ["bob*", "AL?CE", "10.0.0.2", "10.0.0.4/30", "carol"];
const PASSWORD: &str = "sesame";

#[derive(Debug, Clone)]
enum Step {
    Ask(u32, Request),
    /// Something is done about a message, one of so many.
    About(u32, usize, Doing),
    Leave(u32),
    Wait(u64),
}

/// What the hub's event is to the reference; nothing for what it does not speak of.
fn seen(event: Event) -> Option<Seen> {
    let room_key = |room: RoomName| room.key().as_str().to_string();
    Some(match event {
        Event::Said { room, message, .. } => Seen::Said(message.nick.to_string(), room_key(room)),
        Event::Private { message } => Seen::Private(message.nick.to_string()),
        Event::Amended(amended) => match amended.target {
            Target::Room(room) => Seen::Amended(amended.by.to_string(), room_key(room)),
            Target::User(_) => return None,
        },
        Event::Joined { author } => Seen::Joined(author.nick.to_string()),
        Event::Left { nick, why } => {
            let words = match why {
                Departure::Quit(words) => words,
                Departure::PutOut(PutOut::Kicked { .. }) => Some("kicked".into()),
                Departure::PutOut(PutOut::Banned { .. }) => Some("banned".into()),
                Departure::PutOut(
                    PutOut::TokenVoid | PutOut::LoggedInElsewhere | PutOut::LoggedOut,
                ) => return None,
            };
            Seen::Left(nick.to_string(), words)
        }
        Event::Renamed { from, to } => Seen::Renamed(from.to_string(), to.to_string()),
        Event::RoomJoined { nick, room } => Seen::Entered(nick.to_string(), room_key(room)),
        Event::RoomLeft { nick, room, .. } => Seen::WentOut(nick.to_string(), room_key(room)),
        Event::Kicked { .. } => Seen::PutOut,
        Event::Presence {
            room,
            joined,
            left,
            members,
        } => Seen::Presence(room_key(room), joined, left, members),
        _ => return None,
    })
}

/// Carries out the hub's effects: who is told what.
fn told_by(hub: &mut Hub) -> Vec<(u32, Seen)> {
    let mut told = Vec::new();
    while let Some(effect) = hub.poll_effect() {
        let (whom, event) = match effect {
            Effect::Answer { to, event, .. } => {
                let is_refusal = matches!(event, Event::Error(_));
                let seen = if is_refusal {
                    Seen::Refused
                } else {
                    Seen::Answered
                };
                told.push((to.slot, seen));
                continue;
            }
            Effect::Tell { to, event } => (vec![to], event),
            Effect::Broadcast { audience, event } => match audience {
                Audience::Each(each) => (each.iter().map(|reader| reader.id).collect(), event),
                Audience::Room {
                    readers,
                    except,
                    ignorers,
                    ..
                } => {
                    let readers = readers.iter().map(|reader| reader.id);
                    let hears = |id: &ConnId| Some(*id) != except && !ignorers.contains(id);
                    (readers.filter(hears).collect(), event)
                }
            },
            _ => continue,
        };
        if let Some(seen) = seen(event) {
            told.extend(whom.iter().map(|id| (id.slot, seen.clone())));
        }
    }
    told
}

/// What one connection is told: the answers, which stand at no fixed place among what it is told of
/// others, and the others. Of those put out together, it is open who hears the others go.
fn told_to(told: &[(u32, Seen)], id: u32) -> (Vec<&Seen>, Vec<&Seen>) {
    let own = told.iter().filter(|(to, _)| *to == id);
    let is_answer = |seen: &&Seen| matches!(seen, Seen::Answered | Seen::Refused);
    let (answers, mut others): (Vec<&Seen>, Vec<&Seen>) =
        own.map(|(_, seen)| seen).partition(is_answer);
    if others.contains(&&Seen::PutOut) {
        others.retain(|seen| !matches!(seen, Seen::Left(..)));
    }
    (answers, others)
}

fn connection(slot: u32) -> ConnId {
    let generation = 1;
    ConnId { slot, generation }
}

fn peer(slot: u32) -> Peer {
    let ip = [10, 0, 0, slot as u8].into();
    Peer::Ip { ip, port: 1000 }
}

/// Four come in and meet in a room.
fn met() -> Vec<Step> {
    let nick = |at: u32| Nick::parse(["alice", "bob", "Bobby", "carol"][at as usize]);
    let join = |at| Request::join(nick(at).expect("a nick"), false);
    let enter = Request::Enter {
        room: RoomName::parse("rust").expect("a name"),
        entry: EnterMode::Focus,
        key: None,
        resume: None,
        replay: None,
    };
    let steps = |at| [Step::Ask(at, join(at)), Step::Ask(at, enter.clone())];
    (0..4).flat_map(steps).collect()
}

fn check(steps: &[Step], limit: usize) {
    let rules = Rules {
        message_bytes_max: 100,
        presence_limit: limit,
        addresses: Addresses::All,
        oper_password: Some(crate::model::Secret::new(PASSWORD)),
        ..Rules::default()
    };
    let (mut hub, mut reference) = (Hub::new(rules, Settings::default()), Reference::new(limit));
    hub.mirror();
    let mut now = Moment::default();
    // The ids of what was said.
    let mut said = Vec::new();
    for (at, step) in met().iter().chain(steps).enumerate() {
        if at % 8 == 7 {
            hub.renew();
        }
        match step {
            Step::Wait(ms) => {
                now.unix_ms += ms;
                now.uptime_ms += ms;
                reference.now += ms;
                if hub.poll_timeout().is_some_and(|due| due <= reference.now) {
                    while hub.poll_timeout().is_some_and(|due| due <= now.uptime_ms) {
                        hub.handle_timeout(now);
                    }
                }
                reference.sum_up();
            }
            Step::Leave(id) => {
                hub.handle_leave(connection(*id), now);
                reference.end(*id, None);
            }
            Step::About(_, _, _) if said.is_empty() => continue,
            Step::About(slot, number, doing) => {
                let number = number % said.len();
                let about = AboutMessage {
                    within: None,
                    id: Some(said[number]),
                    what: doing.clone(),
                };
                let request = Request::About(Box::new(about));
                hub.handle_request(connection(*slot), peer(*slot), request, None, now);
                let told = match reference.do_about(*slot, number, doing) {
                    Ok(()) => Seen::Answered,
                    Err(()) => Seen::Refused,
                };
                reference.told.push((*slot, told));
            }
            Step::Ask(slot, request) => {
                let who = connection(*slot);
                let peer = peer(*slot);
                let is_kept_out = hub.refusal_of(&peer, now).is_some();
                assert_eq!(is_kept_out, reference.is_banned("", *slot), "{step:?}");
                // Who is kept out by its address does not come so far as to ask.
                if is_kept_out && matches!(request, Request::Join { .. }) {
                    continue;
                }
                hub.handle_request(who, peer, request.clone(), None, now);
                match reference.ask(*slot, request) {
                    Ok(true) => reference.told.push((*slot, Seen::Answered)),
                    Ok(false) => {}
                    Err(()) => reference.told.push((*slot, Seen::Refused)),
                }
            }
        }
        if reference.messages_len() > said.len() {
            said.push(hub.chat.last_id());
        }
        let (mut told, mut expected) = (told_by(&mut hub), std::mem::take(&mut reference.told));
        if matches!(step, Step::Wait(_)) {
            // Of several rooms whose time has come it is open which is told of first.
            told.sort();
            expected.sort();
        }
        for id in 0..CONNECTIONS {
            let (told, expected) = (told_to(&told, id), told_to(&expected, id));
            assert_eq!(told, expected, "connection {id} at {step:?}");
        }
        hub.check_mirror();
    }
}

fn request() -> impl Strategy<Value = Request> {
    let name = || prop::sample::select(&NICKS[..]).prop_map(String::from);
    let nick = || name().prop_map(|name| Nick::parse(&name).expect("a nick"));
    let room =
        || prop::sample::select(&ROOMS[..]).prop_map(|room| RoomName::parse(room).expect("a name"));
    let mask = || prop::sample::select(&MASKS[..]).prop_map(String::from);
    let maybe_room = move || prop::option::of(room());
    let entry = prop::sample::select(
        &[
            EnterMode::Create,
            EnterMode::Existing,
            EnterMode::Focus,
            EnterMode::Focus,
        ][..],
    );
    let seconds = || prop::option::of(1_u64..20);
    let text = || "hi".to_string();
    prop_oneof![
        3 => nick().prop_map(|nick| Request::join(nick, false)),
        3 => nick().prop_map(|nick| Request::Nick { nick }),
        5 => maybe_room().prop_map(move |room| Request::Say { room, text: text() }),
        3 => name().prop_map(move |to| Request::Private { to, text: text() }),
        8 => (room(), entry).prop_map(|(room, entry)| Request::Enter { room, entry, key: None, resume: None, replay: None }),
        5 => maybe_room().prop_map(|room| Request::Leave { room }),
        2 => name().prop_map(|name| Request::Ignore { name }),
        1 => name().prop_map(|name| Request::Unignore { name }),
        1 => prop::option::of(Just("bye".to_string())).prop_map(|words| Request::Quit { words }),
        1 => Just(Request::Oper { password: Secret::new(PASSWORD) }),
        5 => name().prop_map(|name| Request::Kick { room: None, name, reason: None }),
        3 => name().prop_map(|name| Request::Mute { room: None, name, seconds: None }),
        1 => name().prop_map(|name| Request::Unmute { room: None, name }),
        2 => (mask(), seconds()).prop_map(|(mask, seconds)| {
            Request::Ban { mask, seconds, reason: None }
        }),
        2 => mask().prop_map(|mask| Request::Unban { mask }),
        1 => (name(), name()).prop_map(|(from, to)| Request::Rename { from, to }),
    ]
}

fn doing() -> impl Strategy<Value = Doing> {
    let reaction = || {
        let reaction = prop::sample::select(&["yes", "no"][..]);
        reaction.prop_map(|it| Reaction::parse(it).expect("a reaction"))
    };
    let (manner, text) = (Manner::Said, || "in other words".to_string());
    prop_oneof![
        3 => Just(Doing::Edit { text: text() }),
        5 => (reaction(), prop::bool::weighted(0.7)).prop_map(|(reaction, is_on)| {
            Doing::React { reaction, is_on }
        }),
        2 => Just(Doing::Reply { manner, text: text() }),
    ]
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        40 => (0..CONNECTIONS, request()).prop_map(|(who, request)| Step::Ask(who, request)),
        8 => (0..CONNECTIONS, 0_usize..100, doing()).prop_map(|(who, number, doing)| {
            Step::About(who, number, doing)
        }),
        1 => (0..CONNECTIONS).prop_map(Step::Leave),
        2 => (1_u64..20_000).prop_map(Step::Wait),
        3 => (1_u64..1_500).prop_map(Step::Wait),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, ..ProptestConfig::default() })]

    #[test]
    fn everyone_is_told_what_the_reference_tells(
        steps in prop::collection::vec(step(), 0..120),
        limit in prop::sample::select(&[1_usize, 2, 3, 250][..]),
    ) {
        check(&steps, limit);
    }
}
