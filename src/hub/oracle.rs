//! What must hold of the hub after any list of operations: the oracle of its fuzz target and property tests.

mod accounts;
mod pictures;
pub(crate) mod requests;

use std::collections::{HashMap, HashSet};

use crate::chat::LOBBY;
use crate::limits::{PRESENCE_MS, UNTOLD_MS};
use crate::model::{ConnId, Durability, Event, Moment, Peer, Query, Request, RoomName, Settings};
use crate::session::Ignorers;

use accounts::{GRACE_MS, Keeper};
use pictures::{Picture, check_pictures, tell};
use requests::{Operation, PASSWORDS, operation};

use super::{Addresses, Audience, Effect, Hub, Reader, Rules};

const CONNECTIONS: u8 = 8;
/// The last of the connections is a console.
const CONSOLE: u32 = 7;
const PRESENCE_LIMIT: usize = 3;
/// How many operations there are to a snapshot, about.
const RENEWAL: usize = 16;

/// As much input as the fuzz target has use for, in bytes: what forty operations do not bring about,
/// more seldom do, and take the time of other inputs.
pub const INPUT_BYTES_MAX: usize = 120;

/// Carries out the operations that `input` spells, three bytes each (who, what, with which name),
/// and checks the hub after each. One input in eight also goes by snapshots, which take the time of several others.
///
/// # Panics
/// Where membership, names and counts disagree, or an effect is for somebody who is not there.
pub fn check(input: &[u8]) {
    // Of who does something three bits are looked at: four of the first's are free, and one says whether it is kept.
    let is_renewed = input.first().is_some_and(|first| first >> 4 & 7 == 7);
    run(input, is_renewed.then_some(RENEWAL), |_| ());
}

/// Goes on as what is restored of a snapshot, if it is one, until everybody has left.
///
/// # Panics
/// Where that is not possible.
pub fn check_snapshot(input: &[u8]) {
    let now = Moment::default();
    let Ok(mut hub) = Hub::of_snapshot(Rules::default(), input) else {
        return;
    };
    check_sessions(&hub);
    let sessions: Vec<ConnId> = hub.sessions.iter().map(|(who, _)| who).collect();
    for who in sessions {
        hub.handle_leave(who, now);
        while hub.poll_effect().is_some() {}
    }
    assert_eq!(hub.online(), 0, "nobody is left");
    hub.renew();
}

/// As [`check`], and shows what is done. Where there is a `renewal`, a second chat is given every entry, and before
/// each so manyth operation or so the hub goes on as what is restored of its snapshot.
fn run(input: &[u8], renewal: Option<usize>, mut show: impl FnMut(&Effect)) {
    let is_kept = input.first().is_none_or(|first| first >> 7 == 0);
    let oper_password = Some(crate::model::Secret::new(PASSWORDS[0]));
    let rules = Rules {
        message_bytes_max: 16,
        presence_limit: PRESENCE_LIMIT,
        addresses: Addresses::OfDoors,
        oper_password,
        durability: is_kept.then_some(Durability::Soon),
        replay: 0,
        grace_ms: GRACE_MS,
        ..Rules::default()
    };
    let mut hub = Hub::new(rules, Settings::default());
    if renewal.is_some() {
        hub.mirror();
    }
    let console = connection(CONSOLE);
    let mut pictures = HashMap::new();
    let mut unnamed = HashSet::new();
    let mut keeper = Keeper::default();
    let mut now = Moment::default();
    for bytes in input.chunks_exact(3) {
        let [who, what, which] = *bytes else {
            continue;
        };
        let who = connection(u32::from(who % CONNECTIONS));
        now.unix_ms += u64::from(which) * 10;
        now.uptime_ms += u64::from(which) * 10;
        while hub.poll_timeout().is_some_and(|due| due <= now.uptime_ms) {
            hub.handle_timeout(now);
        }
        tell_of_time(&mut hub, now, &mut pictures);
        if renewal.is_some_and(|renewal| usize::from(which) % renewal == renewal - 1) {
            hub.renew();
        }
        hub.handle_console(console);
        let which = usize::from(which);
        let waits = keeper.is_asked_by(who) || hub.is_searching(who);
        let mut answered = vec![who];
        let mut is_last = true;
        match operation(what, which) {
            Operation::Answer => answered = keeper.answer(&mut hub, which, now),
            Operation::Ask(_) if waits => {}
            Operation::Ask(Request::Join { .. } | Request::JoinUnnamed) if who == console => {}
            Operation::Ask(request) => {
                if matches!(request, Request::JoinUnnamed) {
                    unnamed.insert(who);
                }
                is_last = matches!(request, Request::Quit { .. });
                hub.handle_request(who, peer(who), request, None, now);
                is_last |= hub.is_searching(who);
            }
            Operation::Leave => {
                hub.handle_leave(who, now);
                keeper.forget(who);
            }
        }
        let mut answers = 0;
        while let Some(effect) = hub.poll_effect() {
            check_effect(&hub, &effect);
            show(&effect);
            keeper.take_in(&effect);
            if let Effect::Answer { to, .. } = &effect {
                assert!(answered.contains(to), "an answer for somebody else");
            }
            answers += usize::from(is_answer(&effect));
            if let Effect::Gone { who, .. } = &effect {
                keeper.forget(*who);
            }
            tell(&hub, who, effect, &mut pictures);
        }
        let is_gone = hub.user(who).is_none() && who != console;
        assert!(
            answers == 1 || is_last || is_gone,
            "one answer a request: {answers} to {what} {which}"
        );
        check_state(&hub);
        keeper.check(&hub);
        check_pictures(&hub, &mut pictures, &unnamed);
    }
    hub.check_mirror();
}

fn connection(slot: u32) -> ConnId {
    let generation = 1;
    ConnId { slot, generation }
}

/// Takes what is told when its time has come: who is given another name, and the lines about crowded
/// rooms: one a room, and only then when something happened.
fn tell_of_time(hub: &mut Hub, now: Moment, pictures: &mut HashMap<ConnId, Picture>) {
    let ms_max = PRESENCE_MS.max(GRACE_MS).max(UNTOLD_MS);
    let of_expiry = hub.next_expiry();
    let is_in_time = |due| {
        let soon = now.uptime_ms + 1..=now.uptime_ms + ms_max;
        soon.contains(&due) || (due > now.uptime_ms && Some(due) == of_expiry)
    };
    assert!(
        hub.poll_timeout().is_none_or(is_in_time),
        "not told in time"
    );
    let mut told = HashSet::new();
    while let Some(effect) = hub.poll_effect() {
        let is_of_coming = matches!(
            effect,
            Effect::Broadcast {
                event: Event::Joined { .. },
                ..
            }
        );
        if is_of_coming || accounts::is_of_graces(&effect) {
            let nobody = connection(u32::MAX);
            tell(hub, nobody, effect, pictures);
            continue;
        }
        let Effect::Broadcast {
            audience:
                Audience::Room {
                    room,
                    except: None,
                    ignorers,
                    ..
                },
            event:
                Event::Presence {
                    joined,
                    left,
                    members,
                    ..
                },
        } = effect
        else {
            panic!("{effect:?}");
        };
        assert!(told.insert(room) && ignorers.is_empty(), "told twice");
        assert!(joined + left > 0, "nothing happened");
        assert_eq!(
            members,
            hub.chat.rooms().get(room).count(),
            "as many as there are"
        );
    }
}

/// Half of them come from an address.
fn peer(who: ConnId) -> Peer {
    match who.slot {
        slot @ 0..4 => Peer::Ip {
            ip: [10, 0, 0, slot as u8].into(),
            port: 1000,
        },
        slot => Peer::Unix(slot),
    }
}

/// Is it the answer to a request, or does that come later?
fn is_answer(effect: &Effect) -> bool {
    match effect {
        Effect::Answer { .. } | Effect::AskAccount { .. } => true,
        Effect::Ask { query, .. } => !matches!(query, Query::Mail { .. }),
        _ => false,
    }
}

fn check_effect(hub: &Hub, effect: &Effect) {
    let is_here = |id: &ConnId| !hub.is_stranger(*id);
    match effect {
        Effect::Answer {
            event: Event::Found { messages, .. },
            to,
            ..
        } => {
            assert!(is_here(to), "{effect:?}");
            let is_in_order = messages.is_sorted_by(|(_, one), (_, next)| one.id < next.id);
            assert!(is_in_order, "{effect:?}");
        }
        Effect::Ask {
            who,
            query: Query::Search { rooms, .. },
            ..
        } => {
            let own = hub.user(*who).expect("somebody who is there").rooms();
            let is_own = |name: &RoomName| {
                own.iter()
                    .any(|&room| hub.chat.rooms().get(room).name == *name)
            };
            assert!(rooms.iter().all(|(name, _)| is_own(name)), "{effect:?}");
        }
        Effect::Answer {
            event: Event::Error(_),
            ..
        } => {}
        // The last word for who is put out.
        Effect::Tell {
            event: Event::Kicked { .. },
            ..
        } => {}
        Effect::Answer { to, .. } | Effect::Tell { to, .. } | Effect::Report { to, .. } => {
            assert!(is_here(to), "{effect:?}");
        }
        Effect::Broadcast {
            audience: Audience::Each(each),
            ..
        } => {
            // Of those put out together, some may still stand in what the first ones' leaving tells.
            assert!(
                each.windows(2).all(|pair| pair[0].id != pair[1].id),
                "{effect:?}"
            );
        }
        Effect::Broadcast {
            audience: Audience::Room { room, ignorers, .. },
            ..
        } => {
            let readers = hub.readers(*room);
            let are_here = readers.iter().all(|reader| is_here(&reader.id));
            assert!(are_here, "{effect:?}");
            let is_reader = |id: &ConnId| readers.iter().any(|reader| reader.id == *id);
            let is_ascending = ignorers.is_sorted_by(|one, next| one < next);
            assert!(is_ascending && ignorers.iter().all(is_reader), "{effect:?}");
        }
        Effect::Gone { .. }
        | Effect::Came { .. }
        | Effect::Ticket { .. }
        | Effect::KeepSettings
        | Effect::Keep(_)
        | Effect::Lost(_)
        | Effect::Ask { .. }
        | Effect::AskAccount { .. }
        | Effect::Written { .. }
        | Effect::Posted { .. }
        | Effect::Hold { .. }
        | Effect::Release { .. }
        | Effect::Log(_)
        | Effect::Read { .. }
        | Effect::Reload
        | Effect::Stop { .. } => {}
        Effect::Close { who } => assert!(!is_here(who), "{effect:?}"),
    }
}

fn check_state(hub: &Hub) {
    hub.local.check_due();
    hub.chat.rooms().check_order();
    check_users(hub);
    check_sessions(hub);
    check_rooms(hub);
}

fn check_users(hub: &Hub) {
    assert_eq!(
        hub.chat.users().len(),
        hub.chat.users().iter().count(),
        "as many users"
    );
    let mut ignorers = Ignorers::default();
    for (id, user) in hub.chat.users().iter() {
        for key in user.ignored() {
            let sessions = hub.sessions.of(id);
            sessions.for_each(|who| ignorers.insert(key.clone(), who));
        }
        let found = hub.chat.users().find(user.nick().as_str());
        assert_eq!(found, Some(id), "a name leads to its user");
        assert!(!user.nick().is_reserved(), "nobody looks like the server");
        for &room in user.rooms() {
            let members = hub.chat.rooms().get(room).members().iter();
            let found = members.filter(|member| { member.user } == id).count();
            assert_eq!(found, 1, "a member once");
        }
        let sessions: Vec<ConnId> = hub.sessions.of(id).collect();
        assert_eq!(sessions.len(), user.sessions(), "a connection each");
        assert_eq!(hub.peer_of(sessions[0]), Some(user.peer()), "the first's");
    }
    assert_eq!(hub.ignorers, ignorers, "who ignores whom");
}

fn check_sessions(hub: &Hub) {
    for (id, session) in hub.sessions.iter() {
        let mut own = hub.sessions.of(session.user());
        assert!(own.any(|other| other == id), "whose it is knows of it");
        let rooms = hub.chat.users()[session.user()].rooms();
        let is_in = match session.focus {
            Some(focus) => rooms.contains(&focus),
            None => hub.chat.users()[session.user()].profile().is_some(),
        };
        assert!(is_in, "one speaks in a room that one is in");
        for &room in rooms {
            let readers = hub.readers(room).iter();
            let found: Vec<_> = readers.filter(|reader| reader.id == id).collect();
            let here = session.focus == Some(room);
            assert_eq!(
                found,
                [Reader { id, here }],
                "a reader once, here is the focus"
            );
        }
    }
}

fn check_rooms(hub: &Hub) {
    let rooms: Vec<_> = hub.chat.rooms().iter().collect();
    let local = hub.local.iter().map(|(id, _)| id);
    assert!(
        local.eq(rooms.iter().map(|&(id, _)| id)),
        "the chat's rooms"
    );
    assert_eq!(
        rooms.len(),
        hub.chat.rooms().names().len(),
        "a name for each room"
    );
    for (id, room) in rooms {
        assert_eq!(
            hub.chat.rooms().names().get(&room.name.key()),
            Some(&id),
            "a name leads to its room"
        );
        assert!(
            room.name.is_lobby() || !room.members().is_empty() || room.modes.owner.is_some(),
            "a room ends with its last"
        );
        let mut sessions = 0;
        for member in room.members() {
            let user = &hub.chat.users()[member.user];
            assert!(user.is_in(id), "a member knows");
            sessions += user.sessions();
        }
        assert_eq!(
            hub.readers(id).len(),
            sessions,
            "each session of a member reads"
        );
        let mut members = room.members().iter();
        let is_moderated = members.any(|member| { member.role }.moderates());
        let needs_none = id == LOBBY || room.modes.owner.is_some();
        assert!(
            is_moderated != needs_none,
            "every room but the lobby and those owned is moderated by a member"
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// What is done, with readers in one order: they are in none.
    fn shown(effect: &Effect) -> String {
        let Effect::Broadcast { audience, event } = effect else {
            return format!("{effect:?}");
        };
        let (mut readers, but): (Vec<Reader>, _) = match audience {
            Audience::Room {
                readers,
                except,
                ignorers,
                ..
            } => (readers.iter().collect(), Some((except, ignorers))),
            Audience::Each(readers) => (readers.clone(), None),
        };
        readers.sort_unstable_by_key(|reader| reader.id);
        format!("{readers:?} but {but:?}: {event:?}")
    }

    proptest! {
        #[test]
        fn any_operations(input in prop::collection::vec(any::<u8>(), 0..900)) {
            run(&input, Some(RENEWAL), |_| ());
        }

        #[test]
        fn a_hub_goes_on_as_the_one_that_it_was(input in prop::collection::vec(any::<u8>(), 0..600)) {
            let told = |renewal| {
                let mut told = Vec::new();
                run(&input, renewal, |effect| told.push(shown(effect)));
                told
            };
            let (told, renewed) = (told(None), told(Some(2)));
            for (told, renewed) in told.iter().zip(&renewed) {
                prop_assert_eq!(told, renewed);
            }
            prop_assert_eq!(told.len(), renewed.len());
        }
    }
}
