//! A user: who one is to the others, at however many connections.

use std::collections::{BTreeMap, BTreeSet};

use crate::model::{AccountId, Key, MessageId, Nick, Peer, Profile};

use super::metadata::Metadata;
use super::{LOBBY, RoomId};

/// A user who has come in.
#[derive(Debug)]
pub struct User {
    /// Invariant: the table of names leads to this user.
    pub(super) nick: Nick,
    /// The address that others are told where they are told any: that of its first session.
    pub(super) peer: Peer,
    /// The slot of the first of its sessions, in the order of their coming.
    pub(super) first: u32,
    /// The rooms that it is in, in the order of entering; `None` where that is the lobby alone.
    #[expect(
        clippy::box_collection,
        reason = "most users have none, and pay for a pointer only"
    )]
    rooms: Option<Box<Vec<RoomId>>>,
    /// What few users have. Invariant: `None` rather than the default.
    rare: Option<Box<Rare>>,
}

/// What few users have, kept apart so that the others do not pay for it.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Rare {
    /// What is told to those who write while the user is away.
    pub(super) away: Option<String>,
    pub(super) is_operator: bool,
    /// The account that it is logged in to. Invariant: its name is the account's, unless it has a profile.
    pub(super) account: Option<AccountId>,
    /// When it is given another name, in milliseconds since the start: its own is an account's.
    /// Invariant: the hub's list of those times has it.
    pub(super) grace_ms: Option<u64>,
    /// Has nobody been told of it yet? Invariant: it is in the lobby alone, and the hub's list has it.
    pub(super) is_untold: bool,
    /// Its other sessions, in the order of their coming: their slots and addresses.
    pub(super) further: Vec<(u32, Peer)>,
    /// Names that it hears nothing from.
    pub(super) ignored: BTreeSet<Key>,
    /// The first message that was said by or to the user alone under this name.
    pub(super) first_private: Option<MessageId>,
    /// Rooms where it was muted, in or out of them; some may have ended.
    pub(super) muted_in: Vec<RoomId>,
    /// What it says of itself. Who does may be in no room, and goes by other names than its account's.
    pub(super) profile: Option<Box<Profile>>,
    /// Until when it has read what was said in rooms and by others, in milliseconds since 1970.
    pub(super) read_to: BTreeMap<Key, u64>,
    /// With whom it has spoken alone, and when last, in milliseconds since 1970.
    pub(super) talks: Vec<(Nick, u64)>,
    /// What it says of itself by keys.
    pub(super) metadata: Metadata,
}

impl User {
    /// Somebody who is in the lobby alone.
    pub(super) fn new(nick: Nick, peer: Peer, first: u32) -> User {
        User {
            nick,
            peer,
            first,
            rooms: None,
            rare: None,
        }
    }

    /// The name it goes by.
    pub fn nick(&self) -> &Nick {
        &self.nick
    }

    /// The rooms that it is in, in the order of entering. Each lists it as a member.
    pub(super) fn rooms(&self) -> &[RoomId] {
        self.rooms.as_ref().map_or(&[LOBBY], |rooms| rooms)
    }

    pub(super) fn is_in(&self, room: RoomId) -> bool {
        self.rooms().contains(&room)
    }

    /// Enters a room that it is not in.
    pub(super) fn enter(&mut self, room: RoomId) {
        self.change_rooms(|rooms| rooms.push(room));
    }

    pub(super) fn leave(&mut self, room: RoomId) {
        self.change_rooms(|rooms| rooms.retain(|&other| other != room));
    }

    fn change_rooms(&mut self, change: impl FnOnce(&mut Vec<RoomId>)) {
        let mut rooms = self.rooms().to_vec();
        change(&mut rooms);
        rooms.shrink_to_fit();
        self.rooms = (rooms != [LOBBY]).then(|| Box::new(rooms));
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

    /// What it says of itself, at doors where one does.
    pub(super) fn profile(&self) -> Option<&Profile> {
        self.rare.as_ref().and_then(|rare| rare.profile.as_deref())
    }

    /// When it is given another name, if it is, in milliseconds since the start.
    pub(super) fn grace_ms(&self) -> Option<u64> {
        self.rare.as_ref().and_then(|rare| rare.grace_ms)
    }

    /// Has nobody been told that it has come?
    pub(super) fn is_untold(&self) -> bool {
        self.rare.as_ref().is_some_and(|rare| rare.is_untold)
    }

    /// Its sessions but the first, by their slots, and their addresses.
    pub(super) fn further(&self) -> &[(u32, Peer)] {
        self.rare.as_ref().map_or(&[], |rare| &rare.further)
    }

    /// How many sessions it has.
    pub(super) fn sessions(&self) -> usize {
        1 + self.further().len()
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

    /// What it says of itself by keys.
    pub(super) fn metadata(&self) -> impl Iterator<Item = (&String, &String)> {
        self.rare.iter().flat_map(|rare| &rare.metadata)
    }

    /// With whom it has spoken alone, and when last, in milliseconds since 1970.
    pub(super) fn talks(&self) -> &[(Nick, u64)] {
        self.rare.as_ref().map_or(&[], |rare| &rare.talks)
    }

    /// Until when it has read something, in milliseconds since 1970.
    pub(super) fn read_to(&self, key: &Key) -> Option<u64> {
        self.rare.as_ref()?.read_to.get(key).copied()
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
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_is_in_the_lobby_alone_has_nothing_of_its_own_for_it() {
        let mut rooms = crate::hub::room::Rooms::new();
        let name = crate::model::RoomName::parse("r").expect("a room name");
        let other = rooms.open(name, MessageId::default(), MessageId::default());
        let mut user = User::new(Nick::parse("a").expect("a nick"), Peer::Unix(0), 0);
        user.enter(other);
        assert_eq!(user.rooms(), [LOBBY, other]);
        user.leave(LOBBY);
        assert_eq!(user.rooms(), [other]);
        user.leave(other);
        assert_eq!(user.rooms(), []);
        user.enter(LOBBY);
        assert_eq!(user.rooms(), [LOBBY]);
        assert!(user.rooms.is_none());
    }
}
