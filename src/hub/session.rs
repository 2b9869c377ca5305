//! A joined user's state, and all of them.

use std::collections::BTreeSet;
use std::hash::{BuildHasher as _, RandomState};

use hashbrown::HashTable;

use crate::model::{Author, ConnId, Folded, Key, MessageId, Nick, Peer};

use super::RoomId;

/// A joined user.
#[derive(Debug)]
pub struct Session {
    /// Invariant: the table of names leads to this session.
    nick: Nick,
    pub(super) peer: Peer,
    /// The room spoken in. Invariant: one of `rooms()`.
    focus: RoomId,
    /// What few users have. Invariant: `None` rather than the default.
    rare: Option<Box<Rare>>,
}

/// What few users have, kept apart so that the others do not pay for it.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Rare {
    /// What is told to those who write while the user is away.
    pub(super) away: Option<String>,
    pub(super) is_operator: bool,
    /// Names that it hears nothing from.
    pub(super) ignored: BTreeSet<Key>,
    /// The first message that was said by or to the user alone under this name.
    first_private: Option<MessageId>,
    /// In the order of entering. Invariant: two or more; none where the focus is the only one.
    rooms: Vec<RoomId>,
}

impl Session {
    pub(super) fn new(nick: Nick, peer: Peer, room: RoomId) -> Session {
        Session {
            nick,
            peer,
            focus: room,
            rare: None,
        }
    }

    /// The name it goes by.
    pub fn nick(&self) -> &Nick {
        &self.nick
    }

    /// The rooms that it is in, in the order of entering; never none. Each lists it as a member.
    pub(super) fn rooms(&self) -> &[RoomId] {
        match &self.rare {
            Some(rare) if !rare.rooms.is_empty() => &rare.rooms,
            _ => std::slice::from_ref(&self.focus),
        }
    }

    pub(super) fn focus(&self) -> RoomId {
        self.focus
    }

    pub(super) fn is_in(&self, room: RoomId) -> bool {
        self.rooms().contains(&room)
    }

    /// Enters a room that it is not in.
    pub(super) fn enter(&mut self, room: RoomId) {
        let focus = self.focus;
        self.change_rare(|rare| {
            if rare.rooms.is_empty() {
                rare.rooms.push(focus);
            }
            rare.rooms.push(room);
        });
    }

    /// Leaves one of several rooms; where it spoke there, it speaks in the one that it entered last.
    pub(super) fn leave(&mut self, room: RoomId) {
        let mut rooms = self.rooms().to_vec();
        rooms.retain(|&other| other != room);
        if let Some(&last) = rooms.last()
            && self.focus == room
        {
            self.focus = last;
        }
        if rooms.len() == 1 {
            rooms = Vec::new();
        }
        self.change_rare(|rare| rare.rooms = rooms);
    }

    /// Leaves its only room for another.
    pub(super) fn move_to(&mut self, room: RoomId) {
        debug_assert_eq!(self.rooms().len(), 1);
        self.focus = room;
    }

    /// Speaks from now on in a room that it is in. Returns where it spoke before.
    pub(super) fn set_focus(&mut self, room: RoomId) -> RoomId {
        std::mem::replace(&mut self.focus, room)
    }

    pub(super) fn is_operator(&self) -> bool {
        self.rare.as_ref().is_some_and(|rare| rare.is_operator)
    }

    pub(super) fn away(&self) -> Option<&String> {
        self.rare.as_ref().and_then(|rare| rare.away.as_ref())
    }

    /// Names that it hears nothing from.
    pub(super) fn ignored(&self) -> impl Iterator<Item = &Key> {
        self.rare.iter().flat_map(|rare| &rare.ignored)
    }

    /// The first message that was said by or to the user alone under its name.
    pub(super) fn first_private(&self) -> Option<MessageId> {
        self.rare.as_ref().and_then(|rare| rare.first_private)
    }

    /// Something is said by or to the user alone.
    pub(super) fn note_private(&mut self, id: MessageId) {
        if self.first_private().is_none() {
            self.change_rare(|rare| rare.first_private = Some(id));
        }
    }

    /// Goes by another name: what was said under the old one is somebody else's.
    pub(super) fn forget_privates(&mut self) {
        if self.first_private().is_some() {
            self.change_rare(|rare| rare.first_private = None);
        }
    }

    pub(super) fn ignores(&self, key: &Key) -> bool {
        self.rare
            .as_ref()
            .is_some_and(|rare| rare.ignored.contains(key))
    }

    pub(super) fn change_rare<T>(&mut self, change: impl FnOnce(&mut Rare) -> T) -> T {
        let mut rare = self.rare.take().unwrap_or_default();
        let changed = change(&mut rare);
        self.rare = (*rare != Rare::default()).then_some(rare);
        changed
    }

    /// Name and address, as events carry them.
    pub(super) fn author(&self, is_cloaked: bool) -> Author {
        let peer = if is_cloaked {
            self.peer.cloaked()
        } else {
            self.peer
        };
        Author {
            nick: self.nick.clone(),
            peer,
        }
    }
}

/// Slots that the table keeps its memory for.
const IDLE_SLOTS: usize = 64;

/// Every session, by the slot of its connection and by its name. What most users cost stands in these
/// two tables, which give back to the system what a crowd has left.
#[derive(Debug, Default)]
pub(super) struct Sessions {
    /// Invariant: the last one is not empty.
    slots: Vec<Option<Slot>>,
    /// The slots by the hashes of their names, which stand in the sessions only. Invariant: exactly the
    /// slots that are not empty, and no two of one name.
    names: HashTable<u32>,
    /// Peers choose names: its keys keep them from choosing hashes.
    hasher: RandomState,
}

#[derive(Debug)]
struct Slot {
    generation: u32,
    session: Session,
}

impl Sessions {
    pub(super) fn len(&self) -> usize {
        self.names.len()
    }

    pub(super) fn get(&self, id: ConnId) -> Option<&Session> {
        let entry = self.slots.get(id.slot as usize)?.as_ref()?;
        (entry.generation == id.generation).then_some(&entry.session)
    }

    pub(super) fn get_mut(&mut self, id: ConnId) -> Option<&mut Session> {
        let entry = self.slots.get_mut(id.slot as usize)?.as_mut()?;
        (entry.generation == id.generation).then_some(&mut entry.session)
    }

    pub(super) fn contains(&self, id: ConnId) -> bool {
        self.get(id).is_some()
    }

    /// Whose name that is, as typed.
    pub(super) fn find(&self, name: &str) -> Option<ConnId> {
        let name = Folded::of(name);
        let is_it = |&slot: &u32| name_in(&self.slots, slot) == name;
        let &slot = self.names.find(self.hasher.hash_one(name), is_it)?;
        let generation = self.slots[slot as usize].as_ref()?.generation;
        Some(ConnId { slot, generation })
    }

    /// Adds the session of a connection whose slot has none, under a name that nobody has.
    pub(super) fn insert(&mut self, id: ConnId, session: Session) {
        let slot = id.slot as usize;
        if slot >= self.slots.len() {
            self.slots.resize_with(slot + 1, || None);
        }
        debug_assert!(
            self.slots[slot].is_none(),
            "a session is removed before its slot is used"
        );
        self.slots[slot] = Some(Slot {
            generation: id.generation,
            session,
        });
        self.insert_name(id.slot);
    }

    pub(super) fn remove(&mut self, id: ConnId) -> Option<Session> {
        self.get(id)?;
        self.remove_name(id.slot);
        let entry = self.slots[id.slot as usize].take()?;
        while self.slots.last().is_some_and(Option::is_none) {
            self.slots.pop();
        }
        if self.slots.len() < self.slots.capacity() / 4 {
            // Made smaller, never freed: what glibc has seen freed once it does not give back later.
            self.slots.shrink_to(IDLE_SLOTS.max(2 * self.slots.len()));
        }
        if self.names.len() < self.names.capacity() / 4 {
            let (slots, hasher) = (&self.slots, &self.hasher);
            self.names
                .shrink_to_fit(|&slot| hasher.hash_one(name_in(slots, slot)));
        }
        Some(entry.session)
    }

    /// Gives a session another name, which nobody else has.
    pub(super) fn rename(&mut self, id: ConnId, nick: Nick) {
        if self.contains(id) {
            self.remove_name(id.slot);
            if let Some(session) = self.get_mut(id) {
                session.nick = nick;
            }
            self.insert_name(id.slot);
        }
    }

    fn insert_name(&mut self, slot: u32) {
        let hash = |&slot: &u32| self.hasher.hash_one(name_in(&self.slots, slot));
        self.names.insert_unique(hash(&slot), slot, hash);
    }

    fn remove_name(&mut self, slot: u32) {
        let hash = self.hasher.hash_one(name_in(&self.slots, slot));
        if let Ok(entry) = self.names.find_entry(hash, |&other| other == slot) {
            entry.remove();
        }
    }

    /// In the order of slots.
    pub(super) fn iter(&self) -> impl Iterator<Item = (ConnId, &Session)> {
        let id = |slot, generation| ConnId { slot, generation };
        let entries = (0..).zip(&self.slots);
        entries.filter_map(move |(slot, entry)| {
            let entry = entry.as_ref()?;
            Some((id(slot, entry.generation), &entry.session))
        })
    }
}

/// The name in a slot that is not empty.
fn name_in(slots: &[Option<Slot>], slot: u32) -> Folded<'_> {
    let name = slots[slot as usize].as_ref();
    Folded::of(name.map_or("", |entry| entry.session.nick.as_str()))
}

impl std::ops::Index<ConnId> for Sessions {
    type Output = Session;

    fn index(&self, id: ConnId) -> &Session {
        self.get(id).expect("a member has a session")
    }
}

#[cfg(test)]
mod tests {
    use super::super::LOBBY;
    use super::*;

    fn session(name: &str) -> Session {
        Session::new(Nick::parse(name).expect("a nick"), Peer::Unix(0), LOBBY)
    }

    fn id(slot: u32) -> ConnId {
        let generation = 7;
        ConnId { slot, generation }
    }

    /// Growth is a decision: this stands for what each user costs.
    #[test]
    fn sizes() {
        assert_eq!(size_of::<Option<Slot>>(), 64);
    }

    #[test]
    fn names_lead_to_sessions_in_whatever_case_and_however_many_come_and_go() {
        let mut sessions = Sessions::default();
        let name = |n: u32| format!("Straße{n}");
        for n in 0..1000 {
            sessions.insert(id(n), session(&name(n)));
        }
        for n in (10..1000).rev() {
            assert!(sessions.remove(id(n)).is_some());
            assert_eq!(sessions.find(&name(n)), None);
        }
        assert!(sessions.slots.capacity() <= IDLE_SLOTS && sessions.names.capacity() < 64);
        sessions.rename(id(3), Nick::parse("bob").expect("a nick"));
        for n in 0..10 {
            let found = sessions.find(&format!("STRASSE{n}"));
            assert_eq!(found, (n != 3).then(|| id(n)));
        }
        assert_eq!((sessions.find("BOB"), sessions.len()), (Some(id(3)), 10));
    }

    #[test]
    fn who_is_in_one_room_has_nothing_of_its_own_for_it() {
        let rooms = crate::hub::room::Rooms::new();
        let name = crate::model::RoomName::parse("r").expect("a room name");
        let nothing = crate::model::MessageId::default();
        let other = { rooms }.open(name, nothing, nothing);
        let mut session = session("a");
        session.enter(other);
        assert_eq!(
            (session.rooms(), session.focus()),
            (&[LOBBY, other][..], LOBBY)
        );
        session.leave(LOBBY);
        assert_eq!((session.rooms(), session.focus()), (&[other][..], other));
        assert!(session.rare.is_none());
    }
}
