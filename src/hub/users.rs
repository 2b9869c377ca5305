//! Every user and every session.

use std::hash::BuildHasher as _;

use hashbrown::HashTable;

use crate::model::{ConnId, Folded, HashSeed, Nick, Peer, UserId};

use super::session::{Session, Sessions};
use super::table::Table;
use super::user::User;
use super::{LOBBY, RoomId};

/// Every user, by id and by name, and every session, by its connection. What most users cost stands in
/// these tables, which give back to the system what a crowd has left.
#[derive(Debug)]
pub(super) struct Users {
    users: Table<UserId, User>,
    next_id: UserId,
    /// The users' places by the hashes of their names, which stand in the users only. Invariant: exactly
    /// the users, and no two of one name.
    names: HashTable<u32>,
    /// Peers choose names: its keys keep them from choosing hashes.
    hasher: HashSeed,
    /// Invariant: exactly those that the users know of.
    sessions: Sessions,
}

impl Users {
    pub(super) fn new(hasher: HashSeed) -> Users {
        Users {
            users: Table::new(),
            next_id: UserId::FIRST,
            names: HashTable::new(),
            hasher,
            sessions: Sessions::default(),
        }
    }

    /// How many users there are.
    pub(super) fn len(&self) -> usize {
        self.users.len()
    }

    pub(super) fn get(&self, id: UserId) -> Option<&User> {
        self.users.get(id)
    }

    pub(super) fn get_mut(&mut self, id: UserId) -> Option<&mut User> {
        self.users.get_mut(id)
    }

    pub(super) fn contains(&self, id: UserId) -> bool {
        self.users.get(id).is_some()
    }

    pub(super) fn session(&self, who: ConnId) -> Option<&Session> {
        self.sessions.get(who)
    }

    pub(super) fn session_mut(&mut self, who: ConnId) -> Option<&mut Session> {
        self.sessions.get_mut(who)
    }

    /// Whose connection that is.
    pub(super) fn of(&self, who: ConnId) -> Option<UserId> {
        self.sessions.get(who).map(Session::user)
    }

    /// The user of a connection.
    pub(super) fn user_of(&self, who: ConnId) -> Option<&User> {
        self.users.get(self.of(who)?)
    }

    /// The address of a connection.
    pub(super) fn peer_of(&self, who: ConnId) -> Option<Peer> {
        let user = self.user_of(who)?;
        let mut further = user.further().iter();
        let further = further.find(|&&(slot, _)| slot == who.slot);
        Some(further.map_or(user.peer, |&(_, peer)| peer))
    }

    /// The first connection of a user.
    pub(super) fn first_of(&self, id: UserId) -> Option<ConnId> {
        self.sessions.id_in(self.users.get(id)?.first)
    }

    /// Every connection of a user, in the order of their coming.
    pub(super) fn sessions_of(&self, id: UserId) -> impl Iterator<Item = ConnId> {
        let slots = self.users.get(id).into_iter().flat_map(|user| {
            let further = user.further().iter().map(|&(slot, _)| slot);
            [user.first].into_iter().chain(further)
        });
        slots.filter_map(|slot| self.sessions.id_in(slot))
    }

    /// The slot of each session is below that.
    pub(super) fn slots(&self) -> usize {
        self.sessions.slots()
    }

    /// Whose name that is, as typed.
    pub(super) fn find(&self, name: &str) -> Option<UserId> {
        let name = Folded::of(name);
        let is_it = |&place: &u32| name_in(&self.users, place) == name;
        let &place = self.names.find(self.hasher.hash_one(&name), is_it)?;
        Some(self.users.at(place as usize)?.0)
    }

    /// Adds a user in the lobby, under a name that nobody has, at a connection that has no session.
    pub(super) fn insert(&mut self, who: ConnId, nick: Nick, peer: Peer, replay: u16) -> UserId {
        let id = self.next_id;
        self.next_id = id.next();
        let place = self.users.push(id, User::new(nick, peer, who.slot));
        self.insert_name(place);
        let session = Session::new(id, Some(LOBBY), replay);
        self.sessions.insert(who, session);
        id
    }

    /// A connection that has no session becomes one more of a user.
    pub(super) fn attach(
        &mut self,
        who: ConnId,
        peer: Peer,
        id: UserId,
        focus: Option<RoomId>,
        replay: u16,
    ) {
        if let Some(user) = self.users.get_mut(id) {
            user.change_rare(|rare| rare.further.push((who.slot, peer)));
            self.sessions.insert(who, Session::new(id, focus, replay));
        }
    }

    /// Ends a session, and its user where that was its last. Returns the user then.
    pub(super) fn remove(&mut self, who: ConnId) -> Option<User> {
        let id = self.sessions.remove(who)?.user();
        let user = self.users.get_mut(id)?;
        if user.first != who.slot {
            user.change_rare(|rare| rare.further.retain(|&(slot, _)| slot != who.slot));
            return None;
        }
        if let Some(&(slot, peer)) = user.further().first() {
            (user.first, user.peer) = (slot, peer);
            user.change_rare(|rare| rare.further.remove(0));
            return None;
        }
        self.remove_name(self.users.place_of(id)?);
        let user = self.users.remove(id);
        if let Some(places) = self.users.close_gaps() {
            let names = self.names.iter_mut();
            names.for_each(|place| *place = places[*place as usize] as u32);
        }
        if self.names.len() < self.names.capacity() / 4 {
            let (users, hasher) = (&self.users, &self.hasher);
            self.names
                .shrink_to_fit(|&place| hasher.hash_one(name_in(users, place)));
        }
        user
    }

    /// Gives a user another name, which nobody else has.
    pub(super) fn rename(&mut self, id: UserId, nick: Nick) {
        let Some(place) = self.users.place_of(id) else {
            return;
        };
        self.remove_name(place);
        if let Some(user) = self.users.get_mut(id) {
            user.nick = nick;
        }
        self.insert_name(place);
    }

    fn insert_name(&mut self, place: usize) {
        let place = u32::try_from(place).expect("fewer users than connections, fewer than 2^32");
        let hash = |&place: &u32| self.hasher.hash_one(name_in(&self.users, place));
        self.names.insert_unique(hash(&place), place, hash);
    }

    fn remove_name(&mut self, place: usize) {
        let hash = self.hasher.hash_one(name_in(&self.users, place as u32));
        let is_it = |&other: &u32| other as usize == place;
        if let Ok(entry) = self.names.find_entry(hash, is_it) {
            entry.remove();
        }
    }

    /// In the order of their coming.
    pub(super) fn iter(&self) -> impl Iterator<Item = (UserId, &User)> {
        self.users.iter()
    }

    /// In the order of slots.
    pub(super) fn sessions(&self) -> impl Iterator<Item = (ConnId, &Session)> {
        self.sessions.iter()
    }
}

/// The name of the user in a place, which is no gap.
fn name_in(users: &Table<UserId, User>, place: u32) -> Folded<'_> {
    let user = users.at(place as usize);
    Folded::of(user.map_or("", |(_, user)| user.nick.as_str()))
}

impl std::ops::Index<UserId> for Users {
    type Output = User;

    fn index(&self, id: UserId) -> &User {
        self.get(id).expect("a member is a user")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn nick(name: &str) -> Nick {
        Nick::parse(name).expect("a nick")
    }

    fn who(slot: u32) -> ConnId {
        let generation = 7;
        ConnId { slot, generation }
    }

    /// Growth is a decision: this stands for what each user costs.
    #[test]
    fn sizes() {
        let user = size_of::<UserId>() + size_of::<Option<User>>();
        assert_eq!((user, size_of::<Option<Session>>()), (72, 24));
    }

    #[test]
    fn names_lead_to_users_in_whatever_case_and_however_many_come_and_go() {
        let mut users = Users::new(HashSeed::default());
        let name = |n: u32| format!("Straße{n}");
        let ids: Vec<UserId> = (0..1000)
            .map(|n| users.insert(who(n), nick(&name(n)), Peer::Unix(n), 0))
            .collect();
        for n in 10..1000 {
            assert!(users.remove(who(n)).is_some());
            assert_eq!(users.find(&name(n)), None);
        }
        assert!(users.names.capacity() < 64);
        users.rename(ids[3], nick("bob"));
        for n in 0..10 {
            let found = users.find(&format!("STRASSE{n}"));
            assert_eq!(found, (n != 3).then(|| ids[n as usize]));
        }
        assert_eq!((users.find("BOB"), users.len()), (Some(ids[3]), 10));
        let next = users.insert(who(10), nick("carol"), Peer::Unix(0), 0);
        assert!(!ids.contains(&next), "no id is used again");
    }

    #[test]
    fn the_last_session_of_a_user_is_its_end() {
        let mut users = Users::new(HashSeed::default());
        let id = users.insert(who(1), nick("a"), Peer::Unix(1), 0);
        users.attach(who(2), Peer::Unix(2), id, None, 0);
        users.attach(who(3), Peer::Unix(3), id, None, 0);
        assert!(users.sessions_of(id).eq([who(1), who(2), who(3)]));
        assert_eq!(users.peer_of(who(3)), Some(Peer::Unix(3)));
        assert!(users.remove(who(1)).is_none());
        assert!(users.sessions_of(id).eq([who(2), who(3)]));
        assert_eq!((users[id].peer, users[id].sessions()), (Peer::Unix(2), 2));
        assert!(users.remove(who(3)).is_none() && users.remove(who(1)).is_none());
        assert!(users.remove(who(2)).is_some() && !users.contains(id));
        assert_eq!((users.find("a"), users.slots()), (None, 0));
    }
}
