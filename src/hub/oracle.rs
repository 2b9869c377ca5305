//! What must hold of the hub after any list of operations: the oracle of its fuzz target and of its
//! property tests.

use crate::model::{ConnId, Entry, Event, Nick, Peer, Request, RoomName};

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
    for operation in input.chunks_exact(3) {
        let [who, what, which] = *operation else {
            continue;
        };
        let who = ConnId {
            slot: u32::from(who % CONNECTIONS),
            generation: 1,
        };
        match request(what, usize::from(which)) {
            Some(request) => hub.handle_request(who, Peer::Unix(who.slot), request),
            None => hub.handle_leave(who),
        }
        while let Some(effect) = hub.poll_effect() {
            check_effect(&hub, &effect);
        }
        check_state(&hub);
    }
}

/// A request, or `None` for the end of the connection.
fn request(what: u8, which: usize) -> Option<Request> {
    let nick = NICKS[which % NICKS.len()];
    let room = RoomName::parse(ROOMS[which % ROOMS.len()]).expect("a room name");
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
