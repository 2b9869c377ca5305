//! What clients can tell from what they were told, beside what is.

use std::collections::{BTreeSet, HashMap, HashSet};

use crate::limits::ROOMS_PER_SESSION_MAX;
use crate::model::{ConnId, Event, Key, Nick, RoomName};

use crate::chat::{RoomId, User};
use crate::hub::{Audience, Effect, Hub};

/// What a client was told of who is in its rooms, by the rooms' keys; a room that it was told nothing
/// of is missing.
pub(super) type Picture = HashMap<Key, Vec<Nick>>;

/// Tells everybody whom an effect is for.
pub(super) fn tell(
    hub: &Hub,
    asker: ConnId,
    effect: Effect,
    pictures: &mut HashMap<ConnId, Picture>,
) {
    let (whom, event) = match effect {
        Effect::Answer { to, event, .. } => (vec![to], event),
        Effect::Tell { to, event } => (vec![to], event),
        Effect::Broadcast { audience, event } => {
            let whom: Vec<ConnId> = match audience {
                Audience::Each(each) => each.iter().map(|reader| reader.id).collect(),
                Audience::Room {
                    readers,
                    except,
                    ignorers,
                    ..
                } => {
                    let readers = readers.iter().map(|reader| reader.id);
                    let hears = |id: &ConnId| Some(*id) != except && !ignorers.contains(id);
                    readers.filter(hears).collect()
                }
            };
            let distinct: HashSet<_> = whom.iter().collect();
            assert_eq!(distinct.len(), whom.len(), "told twice: {event:?}");
            if let Event::Said { room, .. } = &event {
                assert!(!whom.contains(&asker), "told of its own doing: {event:?}");
                let room = hub.readers(hub.chat.rooms().find(room).expect("a room spoken in"));
                let is_heard_by_all = whom.len() + 1 == room.len() || !hub.ignorers.is_empty();
                assert!(is_heard_by_all, "not for the room: {event:?}");
            }
            (whom, event)
        }
        Effect::Gone { who, .. } | Effect::Close { who } => {
            pictures.remove(&who);
            return;
        }
        Effect::KeepSettings
        | Effect::Keep(_)
        | Effect::Lost(_)
        | Effect::Came { .. }
        | Effect::Ask { .. }
        | Effect::AskAccount { .. }
        | Effect::Written { .. }
        | Effect::Posted { .. }
        | Effect::Hold { .. }
        | Effect::Release { .. }
        | Effect::Ticket { .. }
        | Effect::Log(_)
        | Effect::Read { .. }
        | Effect::Report { .. }
        | Effect::Reload
        | Effect::Stop { .. } => return,
    };
    for id in whom {
        let picture = pictures.entry(id).or_default();
        let rooms = hub.user(id).map(User::rooms);
        let is_known =
            |&room: &RoomId| picture.contains_key(&hub.chat.rooms().get(room).name.key());
        let knows_all = rooms.is_some_and(|rooms| rooms.iter().all(is_known));
        learn(picture, event.clone(), knows_all);
    }
}

fn learn(picture: &mut Picture, event: Event, knows_all: bool) {
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
        Event::Welcome { users, .. } if users.members > 0 => {
            picture.insert(lobby, users.nicks);
        }
        Event::EnteredRoom { room, users, .. } if users.members > 0 => {
            picture.insert(room.key(), users.nicks);
        }
        Event::LeftRoom { room, now_in } if room != now_in => drop(picture.remove(&room.key())),
        Event::Renamed { from, to } => {
            let known = picture.values_mut().flatten().filter(|nick| **nick == from);
            known.for_each(|nick| *nick = to.clone());
        }
        Event::Left { nick, .. } => {
            let mut known = false;
            for nicks in picture.values_mut() {
                known |= nicks.contains(&nick);
                nicks.retain(|other| *other != nick);
            }
            assert!(known || !knows_all, "a stranger left: {nick}");
        }
        Event::RoomLeft { nick, room, .. } => {
            if let Some(nicks) = picture.get_mut(&room.key()) {
                assert!(nicks.contains(&nick), "a stranger left: {nick}");
                nicks.retain(|other| *other != nick);
            }
        }
        _ => {}
    }
}

/// What clients were told adds up to what is, except where it was only counted.
/// `unnamed` are connections that have come in without a name at some time.
pub(super) fn check_pictures(
    hub: &Hub,
    pictures: &mut HashMap<ConnId, Picture>,
    unnamed: &HashSet<ConnId>,
) {
    for (id, session) in hub.sessions.iter() {
        let user = &hub.chat.users()[session.user()];
        assert!(
            user.rooms().len() <= ROOMS_PER_SESSION_MAX,
            "too many rooms"
        );
        for &room in user.rooms() {
            let key = hub.chat.rooms().get(room).name.key();
            let picture = pictures.get_mut(&id).expect("told of its join");
            if hub.local.has_churn(room) {
                picture.remove(&key);
            }
            if let Some(told) = picture.get(&key) {
                let known = hub.roster(room).nicks;
                // Who came without a name came before the others were told of it, and may have another since.
                let came_with_one = |nick: &&Nick| {
                    let user = hub.chat.users().find(nick.as_str());
                    let mut ids = user.into_iter().flat_map(|user| hub.sessions.of(user));
                    !ids.any(|id| unnamed.contains(&id))
                };
                let named = |nicks: &[Nick]| {
                    let named = nicks.iter().filter(came_with_one);
                    named.cloned().collect::<Vec<Nick>>()
                };
                assert_eq!(named(told), named(&known), "told otherwise");
                let sorted = |nicks: &[Nick]| nicks.iter().cloned().collect::<BTreeSet<Nick>>();
                assert_eq!(sorted(told), sorted(&known), "told of others");
            }
        }
    }
}
