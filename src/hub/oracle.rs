//! What must hold of the hub after any list of operations: the oracle of its fuzz target and of its
//! property tests.

use std::collections::{HashMap, HashSet};

use crate::limits::ROOMS_PER_SESSION_MAX;
use crate::model::{ConnId, Entry, Event, Key, Nick, Peer, Request, RoomName};

use super::{Audience, Effect, Hub};

const CONNECTIONS: u8 = 8;
const NICKS: [&str; 5] = ["alice", "ALICE", "bob", "anon-3", "Ωmega"];
const ROOMS: [&str; 5] = ["lobby", "Lobby", "rust", "RUST", "c"];

/// Carries out the operations that `input` spells, three bytes each (who, what, with which name),
/// and checks the hub after each.
///
/// # Panics
/// Where membership, names and counts disagree, or an effect is for somebody who is not there.
pub fn check(input: &[u8]) {
    let mut hub = Hub::new(16);
    let mut pictures = HashMap::new();
    for operation in input.chunks_exact(3) {
        let [who, what, which] = *operation else {
            continue;
        };
        let who = ConnId {
            slot: u32::from(who % CONNECTIONS),
            generation: 1,
        };
        let asked = request(what, usize::from(which));
        let answers_due = match asked {
            None => 0,
            Some(Request::Quit) if hub.session(who).is_some() => 0,
            Some(_) => 1,
        };
        match asked {
            Some(request) => hub.handle_request(who, Peer::Unix(who.slot), request),
            None => hub.handle_leave(who),
        }
        let mut answers = 0;
        while let Some(effect) = hub.poll_effect() {
            check_effect(&hub, &effect);
            if let Effect::Answer { to, .. } = &effect {
                assert_eq!(*to, who, "an answer for somebody else");
                answers += 1;
            }
            tell(&hub, who, effect, &mut pictures);
        }
        assert_eq!(answers, answers_due, "one answer a request");
        check_state(&hub);
        check_pictures(&hub, &pictures);
    }
}

/// What a client was told of who is in its rooms, by the rooms' keys; a room that it was told nothing
/// of is missing.
type Picture = HashMap<Key, Vec<Nick>>;

/// Tells everybody whom an effect is for.
fn tell(hub: &Hub, asker: ConnId, effect: Effect, pictures: &mut HashMap<ConnId, Picture>) {
    let (whom, event) = match effect {
        Effect::Answer { to, event } => (vec![to], event),
        Effect::Tell { to, event } => (vec![to], event),
        Effect::Broadcast { audience, event } => {
            let whom: Vec<ConnId> = match audience {
                Audience::Each(each) => each,
                Audience::Room { room, except } => {
                    assert_eq!(except, asker, "somebody left out");
                    let members = hub.members(room).iter().map(|member| member.id);
                    members.filter(|&id| id != except).collect()
                }
            };
            let distinct: HashSet<_> = whom.iter().collect();
            assert_eq!(distinct.len(), whom.len(), "told twice: {event:?}");
            assert!(!whom.contains(&asker), "told of its own doing: {event:?}");
            if let Event::Said { room, .. } = &event {
                let room = hub.members(hub.rooms.find(room).expect("a room spoken in"));
                assert_eq!(whom.len() + 1, room.len(), "not for the room: {event:?}");
            }
            (whom, event)
        }
        Effect::Gone { who, .. } | Effect::Close { who } => {
            pictures.remove(&who);
            return;
        }
    };
    for id in whom {
        learn(pictures.entry(id).or_default(), event.clone());
    }
}

fn learn(picture: &mut Picture, event: Event) {
    let lobby = RoomName::lobby().key();
    let mut enters = |room: Key, nick: Nick| {
        if let Some(nicks) = picture.get_mut(&room) {
            assert!(!nicks.contains(&nick), "{nick} entered twice");
            nicks.push(nick);
        }
    };
    match event {
        Event::Joined { author } => enters(lobby, author.nick),
        Event::RoomJoined { nick, room } => enters(room.key(), nick),
        Event::Welcome { users, .. } => drop(picture.insert(lobby, users)),
        Event::EnteredRoom { room, nicks, .. } => drop(picture.insert(room.key(), nicks)),
        Event::LeftRoom { room, now_in } if room != now_in => drop(picture.remove(&room.key())),
        Event::Left { nick } => {
            let mut known = false;
            for nicks in picture.values_mut() {
                known |= nicks.contains(&nick);
                nicks.retain(|other| *other != nick);
            }
            let knows_all = picture.contains_key(&lobby);
            assert!(known || !knows_all, "a stranger left: {nick}");
        }
        Event::RoomLeft { nick, room } => {
            if let Some(nicks) = picture.get_mut(&room.key()) {
                assert!(nicks.contains(&nick), "a stranger left: {nick}");
                nicks.retain(|other| *other != nick);
            }
        }
        _ => {}
    }
}

/// What clients were told adds up to what is.
fn check_pictures(hub: &Hub, pictures: &HashMap<ConnId, Picture>) {
    for (id, session) in &hub.sessions {
        assert!(
            session.rooms.len() <= ROOMS_PER_SESSION_MAX,
            "too many rooms"
        );
        for &room in &session.rooms {
            let key = hub.rooms.get(room).name.key();
            if let Some(told) = pictures[id].get(&key) {
                assert_eq!(*told, hub.nicks_in(room), "told otherwise");
            }
        }
    }
}

/// A request, or `None` for the end of the connection.
fn request(what: u8, which: usize) -> Option<Request> {
    let nick = NICKS[which % NICKS.len()];
    let room = match which {
        0..128 => RoomName::parse(ROOMS[which % ROOMS.len()]),
        _ => RoomName::parse(&format!("r{}", which % 32)),
    }
    .expect("a room name");
    let text = "x".repeat(which % 20);
    Some(match what % 16 {
        0 | 1 => Request::Join {
            nick: Nick::parse(nick).expect("a nick"),
        },
        2 => Request::JoinUnnamed,
        3 => Request::Say { room: None, text },
        4 => Request::Say {
            room: Some(room),
            text,
        },
        5 => Request::Private {
            to: nick.into(),
            text,
        },
        6 => Request::List,
        7 => Request::Members { room },
        8 => Request::Enter {
            room,
            entry: Entry::Create,
        },
        9 => Request::Enter {
            room,
            entry: Entry::Existing,
        },
        10 => Request::Enter {
            room,
            entry: Entry::Focus,
        },
        11 => Request::Leave { room: Some(room) },
        12 => Request::Leave { room: None },
        13 => Request::Ping,
        14 => Request::Quit,
        _ => return None,
    })
}

fn check_effect(hub: &Hub, effect: &Effect) {
    let is_here = |id: &ConnId| hub.sessions.contains_key(id);
    match effect {
        Effect::Answer {
            event: Event::Error(_),
            ..
        } => {}
        Effect::Answer { to, .. } | Effect::Tell { to, .. } => assert!(is_here(to), "{effect:?}"),
        Effect::Broadcast {
            audience: Audience::Each(each),
            ..
        } => {
            assert!(each.iter().all(is_here), "{effect:?}");
        }
        Effect::Broadcast {
            audience: Audience::Room { room, .. },
            ..
        } => {
            assert!(
                hub.members(*room).iter().all(|member| is_here(&member.id)),
                "{effect:?}"
            );
        }
        Effect::Gone { who, .. } | Effect::Close { who } => assert!(!is_here(who), "{effect:?}"),
    }
}

fn check_state(hub: &Hub) {
    assert_eq!(
        hub.nicks.len(),
        hub.sessions.len(),
        "a name for each session"
    );
    for (id, session) in &hub.sessions {
        assert_eq!(
            hub.nicks.get(&session.nick.key()),
            Some(id),
            "a name leads to its session"
        );
        assert!(
            session.rooms.contains(&session.focus),
            "one speaks in a room that one is in"
        );
        for &room in &session.rooms {
            let members = hub.members(room);
            let found: Vec<_> = members.iter().filter(|member| member.id == *id).collect();
            assert_eq!(found.len(), 1, "a member once");
            assert_eq!(found[0].here, room == session.focus, "here is the focus");
        }
    }
    let rooms: Vec<_> = hub.rooms.iter().collect();
    assert_eq!(rooms.len(), hub.rooms.names().len(), "a name for each room");
    for (id, room) in rooms {
        assert_eq!(
            hub.rooms.names().get(&room.name.key()),
            Some(&id),
            "a name leads to its room"
        );
        assert!(
            room.name.is_lobby() || !room.members().is_empty(),
            "a room ends with its last"
        );
        for member in room.members() {
            assert!(
                hub.sessions[&member.id].rooms.contains(&id),
                "a member's session knows"
            );
        }
    }
}

#[cfg(test)]
mod tests {
    use super::check;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn any_operations(input in prop::collection::vec(any::<u8>(), 0..900)) {
            check(&input);
        }
    }
}
