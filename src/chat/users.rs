//! Every user, by id and by name.

use std::hash::BuildHasher as _;

use hashbrown::HashTable;
use serde::{Deserialize, Serialize};

use crate::model::{Folded, HashSeed, Nick, NodeId, Peer, UserId};

use super::table::Table;
use super::user::User;

/// Every user. What most users cost stands in these tables, which give back to the system what a crowd has
/// left.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Users {
    users: Table<UserId, User>,
    next_id: UserId,
    /// The users' places by the hashes of their names, which stand in the users only. Invariant: exactly
    /// the users, and no two of one name.
    #[serde(skip)]
    names: HashTable<u32>,
    /// Peers choose names: its keys keep them from choosing hashes.
    #[serde(skip)]
    hasher: HashSeed,
}

impl Users {
    pub(super) fn new(hasher: HashSeed) -> Users {
        Users {
            users: Table::new(),
            next_id: UserId::FIRST,
            names: HashTable::new(),
            hasher,
        }
    }

    /// Finds the users by their names from now on, whose hashes have that key. To be called once, after they were read.
    ///
    /// # Errors
    /// What is wrong: there are two of one name, or one whose id is yet to be given away.
    pub(super) fn index(&mut self, hasher: HashSeed) -> Result<(), &'static str> {
        self.hasher = hasher;
        for place in 0..self.users.places() {
            let Some((id, user)) = self.users.at(place) else {
                continue;
            };
            if id >= self.next_id {
                return Err("a user of the future");
            }
            if self.find(user.nick.as_str()).is_some() {
                return Err("two users of one name");
            }
            self.insert_name(place);
        }
        Ok(())
    }

    /// How many users there are.
    pub(crate) fn len(&self) -> usize {
        self.users.len()
    }

    pub(crate) fn get(&self, id: UserId) -> Option<&User> {
        self.users.get(id)
    }

    pub(super) fn get_mut(&mut self, id: UserId) -> Option<&mut User> {
        self.users.get_mut(id)
    }

    pub(crate) fn contains(&self, id: UserId) -> bool {
        self.users.get(id).is_some()
    }

    /// Whose name that is, as typed.
    pub(crate) fn find(&self, name: &str) -> Option<UserId> {
        let name = Folded::of(name);
        let is_it = |&place: &u32| name_in(&self.users, place) == name;
        let &place = self.names.find(self.hasher.hash_one(&name), is_it)?;
        Some(self.users.at(place as usize)?.0)
    }

    /// Adds a user in the lobby, under a name that nobody has.
    pub(super) fn insert(&mut self, nick: Nick, peer: Peer, node: NodeId) -> UserId {
        let id = self.next_id;
        self.next_id = id.next();
        let place = self.users.push(id, User::new(nick, peer, node));
        self.insert_name(place);
        id
    }

    pub(super) fn remove(&mut self, id: UserId) -> Option<User> {
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
    pub(crate) fn iter(&self) -> impl Iterator<Item = (UserId, &User)> {
        self.users.iter()
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

impl std::ops::IndexMut<UserId> for Users {
    fn index_mut(&mut self, id: UserId) -> &mut User {
        self.get_mut(id).expect("a member is a user")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn nick(name: &str) -> Nick {
        Nick::parse(name).expect("a nick")
    }

    /// Growth is a decision: this stands for what each user costs.
    #[test]
    fn sizes() {
        let user = size_of::<UserId>() + size_of::<Option<User>>();
        assert_eq!(user, 72);
    }

    #[test]
    fn names_lead_to_users_in_whatever_case_and_however_many_come_and_go() {
        let mut users = Users::new(HashSeed::default());
        let name = |n: u32| format!("Straße{n}");
        let ids: Vec<UserId> = (0..1000)
            .map(|n| users.insert(nick(&name(n)), Peer::Unix(n), NodeId::default()))
            .collect();
        for n in 10..1000 {
            assert!(users.remove(ids[n as usize]).is_some());
            assert_eq!(users.find(&name(n)), None);
        }
        assert!(users.names.capacity() < 64);
        users.rename(ids[3], nick("bob"));
        for n in 0..10 {
            let found = users.find(&format!("STRASSE{n}"));
            assert_eq!(found, (n != 3).then(|| ids[n as usize]));
        }
        assert_eq!((users.find("BOB"), users.len()), (Some(ids[3]), 10));
        let next = users.insert(nick("carol"), Peer::Unix(0), NodeId::default());
        assert!(!ids.contains(&next), "no id is used again");
    }

    #[test]
    fn the_last_session_of_a_user_is_its_end() {
        let (one, other) = (NodeId(1), NodeId(2));
        let mut user = User::new(nick("a"), Peer::Unix(1), one);
        user.add_session(Peer::Unix(2), other);
        user.add_session(Peer::Unix(3), one);
        assert_eq!(
            (user.place_of(one, 1), user.place_of(other, 0)),
            (Some(2), Some(1))
        );
        assert_eq!(
            (user.place_of(other, 1), user.place_of(NodeId(3), 0)),
            (None, None)
        );
        assert!(user.end_session(0));
        assert!(user.peers().eq([2, 3].map(Peer::Unix)) && user.peer() == Peer::Unix(2));
        assert!(user.nodes().eq([other, one]) && user.is_in_one_form());
        assert!(user.end_session(1));
        assert!(user.peers().eq([Peer::Unix(2)]) && user.nodes().eq([other]));
        assert!(!user.end_session(0));
    }
}
