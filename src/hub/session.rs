//! A joined user's state, and all of them.

use std::collections::BTreeSet;
use std::hash::BuildHasher as _;

use hashbrown::HashTable;

use crate::model::{AccountId, ConnId, Folded, HashSeed, Key, MessageId, Nick, Peer};

use super::RoomId;

/// A joined user.
#[derive(Debug)]
pub struct Session {
    /// That of its connection, which stands here so that a slot is no larger than it must be.
    generation: u32,
    /// Invariant: the table of names leads to this session, or to the lead of its presence.
    nick: Nick,
    pub(super) peer: Peer,
    /// The room spoken in. Invariant: one of `rooms()`.
    focus: RoomId,
    /// How many of the last messages it is shown of a room that it enters, where that does not say it.
    pub(super) replay: u16,
    /// What few users have. Invariant: `None` rather than the default.
    rare: Option<Box<Rare>>,
}

/// What few users have, kept apart so that the others do not pay for it.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Rare {
    /// What is told to those who write while the user is away.
    pub(super) away: Option<String>,
    pub(super) is_operator: bool,
    /// The account that it is logged in to. Invariant: its name is the account's.
    pub(super) account: Option<AccountId>,
    /// When it is given another name, in milliseconds since the start: its own is an account's.
    /// Invariant: the hub's list of those times has it, and it is the lead of its presence.
    pub(super) grace_ms: Option<u64>,
    /// Has nobody been told of it yet? Invariant: it is in the lobby alone, and the hub's list has it.
    pub(super) is_untold: bool,
    /// Is it a second of a presence of several, rather than the lead or alone?
    is_second: bool,
    /// The others of its presence, in the order of their coming. Invariant: none where it is a second.
    seconds: Vec<ConnId>,
    /// Names that it hears nothing from.
    pub(super) ignored: BTreeSet<Key>,
    /// The first message that was said by or to the user alone under this name.
    pub(super) first_private: Option<MessageId>,
    /// Rooms where it was muted, in or out of them; some may have ended.
    pub(super) muted_in: Vec<RoomId>,
    /// In the order of entering. Invariant: two or more; none where the focus is the only one.
    rooms: Vec<RoomId>,
}

impl Session {
    pub(super) fn new(nick: Nick, peer: Peer, room: RoomId) -> Session {
        Session {
            generation: 0,
            nick,
            peer,
            focus: room,
            replay: 0,
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

    /// Is it logged in to the account of its name?
    pub fn is_account(&self) -> bool {
        self.account().is_some()
    }

    /// The account that it is logged in to.
    pub(super) fn account(&self) -> Option<AccountId> {
        self.rare.as_ref().and_then(|rare| rare.account)
    }

    /// When it is given another name, if it is, in milliseconds since the start.
    pub(super) fn grace_ms(&self) -> Option<u64> {
        self.rare.as_ref().and_then(|rare| rare.grace_ms)
    }

    /// Has nobody been told that it has come?
    pub(super) fn is_untold(&self) -> bool {
        self.rare.as_ref().is_some_and(|rare| rare.is_untold)
    }

    /// Does another connection stand for both?
    pub(super) fn is_second(&self) -> bool {
        self.rare.as_ref().is_some_and(|rare| rare.is_second)
    }

    /// The connections that it stands for beside itself.
    pub(super) fn seconds(&self) -> &[ConnId] {
        self.rare.as_ref().map_or(&[], |rare| &rare.seconds)
    }

    pub(super) fn away(&self) -> Option<&String> {
        self.rare.as_ref().and_then(|rare| rare.away.as_ref())
    }

    /// Rooms where it was muted; some may have ended.
    pub(super) fn muted_in(&self) -> &[RoomId] {
        self.rare.as_ref().map_or(&[], |rare| &rare.muted_in)
    }

    /// Names that it hears nothing from.
    pub(super) fn ignored(&self) -> impl Iterator<Item = &Key> {
        self.rare.iter().flat_map(|rare| &rare.ignored)
    }

    /// The first message that was said by or to the user alone under its name.
    pub(super) fn first_private(&self) -> Option<MessageId> {
        self.rare.as_ref().and_then(|rare| rare.first_private)
    }

    pub(super) fn ignores(&self, key: &Key) -> bool {
        self.rare
            .as_ref()
            .is_some_and(|rare| rare.ignored.contains(key))
    }

    /// A session of the same user, at another connection. It speaks where this one does.
    pub(super) fn twin(&self, peer: Peer) -> Session {
        let mut twin = Session::new(self.nick.clone(), peer, self.focus);
        if let Some(rare) = &self.rare {
            twin.rare = Some(Box::new(Rare {
                away: rare.away.clone(),
                is_operator: rare.is_operator,
                account: rare.account,
                ignored: rare.ignored.clone(),
                muted_in: rare.muted_in.clone(),
                rooms: rare.rooms.clone(),
                ..Rare::default()
            }));
        }
        twin
    }

    pub(super) fn change_rare<T>(&mut self, change: impl FnOnce(&mut Rare) -> T) -> T {
        let mut rare = self.rare.take().unwrap_or_default();
        let changed = change(&mut rare);
        self.rare = (*rare != Rare::default()).then_some(rare);
        changed
    }
}

/// Slots that the table keeps its memory for.
const IDLE_SLOTS: usize = 64;

/// Every session, by the slot of its connection and by its name. What most users cost stands in these
/// two tables, which give back to the system what a crowd has left.
///
/// A presence is what others see as one user: one connection, or several, of which one is the lead and
/// the others are its seconds.
#[derive(Debug, Default)]
pub(super) struct Sessions {
    /// Invariant: the last one is not empty.
    slots: Vec<Option<Session>>,
    /// The slots by the hashes of their names, which stand in the sessions only. Invariant: exactly the
    /// slots that are not empty, but for the seconds, and no two of one name.
    names: HashTable<u32>,
    /// Peers choose names: its keys keep them from choosing hashes.
    hasher: HashSeed,
}

impl Sessions {
    pub(super) fn new(hasher: HashSeed) -> Sessions {
        Sessions {
            hasher,
            ..Sessions::default()
        }
    }

    /// How many presences there are.
    pub(super) fn len(&self) -> usize {
        self.names.len()
    }

    pub(super) fn get(&self, id: ConnId) -> Option<&Session> {
        let session = self.slots.get(id.slot as usize)?.as_ref()?;
        (session.generation == id.generation).then_some(session)
    }

    pub(super) fn get_mut(&mut self, id: ConnId) -> Option<&mut Session> {
        let session = self.slots.get_mut(id.slot as usize)?.as_mut()?;
        (session.generation == id.generation).then_some(session)
    }

    pub(super) fn contains(&self, id: ConnId) -> bool {
        self.get(id).is_some()
    }

    /// The slot of each is below that.
    pub(super) fn slots(&self) -> usize {
        self.slots.len()
    }

    /// Whose name that is, as typed.
    pub(super) fn find(&self, name: &str) -> Option<ConnId> {
        let name = Folded::of(name);
        let is_it = |&slot: &u32| name_in(&self.slots, slot) == name;
        let &slot = self.names.find(self.hasher.hash_one(&name), is_it)?;
        let generation = self.slots[slot as usize].as_ref()?.generation;
        Some(ConnId { slot, generation })
    }

    /// Adds the session of a connection whose slot has none, under a name that nobody has.
    pub(super) fn insert(&mut self, id: ConnId, session: Session) {
        self.fill(id, session);
        self.insert_name(id.slot);
    }

    /// Adds the session of a connection whose slot has none to the presence of a lead of its name.
    pub(super) fn insert_second(&mut self, id: ConnId, lead: ConnId, mut session: Session) {
        session.change_rare(|rare| rare.is_second = true);
        self.fill(id, session);
        if let Some(lead) = self.get_mut(lead) {
            lead.change_rare(|rare| rare.seconds.push(id));
        }
    }

    fn fill(&mut self, id: ConnId, session: Session) {
        let slot = id.slot as usize;
        if slot >= self.slots.len() {
            self.slots.resize_with(slot + 1, || None);
        }
        debug_assert!(
            self.slots[slot].is_none(),
            "a session is removed before its slot is used"
        );
        self.slots[slot] = Some(Session {
            generation: id.generation,
            ..session
        });
    }

    /// Who stands for a session: itself, unless it is a second.
    pub(super) fn lead(&self, id: ConnId) -> ConnId {
        match self.get(id) {
            Some(session) if session.is_second() => self.find(session.nick.as_str()).unwrap_or(id),
            _ => id,
        }
    }

    /// Makes the first second of a lead the lead. Returns which that is; `None` where it has none.
    pub(super) fn hand_on(&mut self, old: ConnId) -> Option<ConnId> {
        let session = self.get_mut(old)?;
        let (&new, rest) = session.seconds().split_first()?;
        let mut seconds = rest.to_vec();
        seconds.push(old);
        session.change_rare(|rare| {
            rare.seconds = Vec::new();
            rare.is_second = true;
        });
        self.remove_name(old.slot);
        self.get_mut(new)?.change_rare(|rare| {
            rare.seconds = seconds;
            rare.is_second = false;
        });
        self.insert_name(new.slot);
        Some(new)
    }

    /// Takes out a session that stands for no other.
    pub(super) fn remove(&mut self, id: ConnId) -> Option<Session> {
        let session = self.get(id)?;
        debug_assert!(session.seconds().is_empty(), "it has handed on");
        if session.is_second() {
            let lead = self.lead(id);
            self.get_mut(lead)?
                .change_rare(|rare| rare.seconds.retain(|&second| second != id));
        } else {
            self.remove_name(id.slot);
        }
        let session = self.slots[id.slot as usize].take()?;
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
        Some(session)
    }

    /// Gives a presence another name, which nobody else has.
    pub(super) fn rename(&mut self, lead: ConnId, nick: Nick) {
        let Some(session) = self.get(lead) else {
            return;
        };
        let seconds = session.seconds().to_vec();
        self.remove_name(lead.slot);
        for id in seconds.into_iter().chain([lead]) {
            if let Some(session) = self.get_mut(id) {
                session.nick = nick.clone();
            }
        }
        self.insert_name(lead.slot);
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
            let session = entry.as_ref()?;
            Some((id(slot, session.generation), session))
        })
    }
}

/// The name in a slot that is not empty.
fn name_in(slots: &[Option<Session>], slot: u32) -> Folded<'_> {
    let name = slots[slot as usize].as_ref();
    Folded::of(name.map_or("", |session| session.nick.as_str()))
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
        assert_eq!(size_of::<Option<Session>>(), 64);
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
