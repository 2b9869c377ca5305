//! A user: who one is to the others, at however many connections.

use std::collections::{BTreeMap, BTreeSet};
use std::{iter, slice};

use serde::{Deserialize, Serialize};

use crate::model::{AccountId, CameBy, Key, MessageId, Nick, NodeId, Note, Peer, Profile};

use super::{LOBBY, RoomId};

/// A user who has come in.
#[derive(Debug, PartialEq, Serialize, Deserialize)]
pub struct User {
    /// Invariant: the table of names leads to this user.
    pub(super) nick: Nick,
    /// The address that others are told where they are told any: that of its first session.
    pub(super) peer: Peer,
    /// With what its first session came.
    pub(super) via: CameBy,
    /// The room that it is in, where it is in one.
    room: RoomId,
    /// What some users have. Invariant: `None` rather than the default.
    extra: Option<Box<Extra>>,
    /// The server that has its first session.
    #[serde(default)]
    node: NodeId,
}

/// What some users have, kept apart so that the others do not pay for it.
#[derive(Debug, Default, PartialEq, Serialize, Deserialize)]
struct Extra {
    /// What it says of itself. Who does may be in no room, and goes by other names than its account's.
    profile: Option<Profile>,
    /// The rooms that it is in, in the order of entering, where that is not one.
    #[expect(
        clippy::box_collection,
        reason = "most users are in one room, and pay for a pointer only"
    )]
    rooms: Option<Box<Vec<RoomId>>>,
    /// Invariant: `None` rather than the default.
    rare: Option<Box<Rare>>,
}

/// What few users have, likewise.
#[derive(Debug, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Rare {
    /// What is told to those who write while the user is away.
    pub(super) away: Option<String>,
    pub(super) is_operator: bool,
    /// The account that it is logged in to. Invariant: its name is the account's, unless it has a profile.
    pub(super) account: Option<AccountId>,
    /// Has nobody been told of it yet? Invariant: it is in the lobby alone.
    pub(super) is_untold: bool,
    /// The addresses of its other sessions, in the order of their coming.
    pub(super) further: Vec<Peer>,
    /// Names that it hears nothing from.
    pub(super) ignored: BTreeSet<Key>,
    /// The first message that was said by or to the user alone under this name.
    pub(super) first_private: Option<MessageId>,
    /// Rooms where it was muted, in or out of them; some may have ended.
    pub(super) muted_in: Vec<RoomId>,
    /// What is remembered for it while it has no account.
    pub(super) notes: Notes,
    /// With whom it has spoken alone, and when last, in milliseconds since 1970.
    pub(super) talks: Vec<(Nick, u64)>,
    /// The servers that have its other sessions, in their order. Invariant: none where each is at the only one.
    #[serde(default)]
    further_nodes: Vec<NodeId>,
}

/// What is remembered for a user, or for an account.
#[derive(Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Notes {
    /// Until when it has read what was said in rooms and by others, in milliseconds since 1970.
    pub(super) read_to: BTreeMap<Key, u64>,
    /// What it says of itself by keys.
    pub(super) metadata: BTreeMap<String, String>,
}

impl Notes {
    /// Takes something in.
    pub(super) fn take(&mut self, note: Note) {
        match note {
            Note::ReadTo { key, to_ms } => drop(self.read_to.insert(key, to_ms)),
            Note::Metadata { key, value } => match value {
                Some(value) => drop(self.metadata.insert(key, value)),
                None => drop(self.metadata.remove(&key)),
            },
        }
    }
}

impl Rare {
    fn set_nodes(&mut self, nodes: Vec<NodeId>) {
        let is_alone = nodes.iter().all(|&node| node == NodeId::default());
        self.further_nodes = if is_alone { Vec::new() } else { nodes };
    }

    fn has_nodes_in_one_form(&self) -> bool {
        let nodes = &self.further_nodes;
        let is_told = nodes.iter().any(|&node| node != NodeId::default());
        nodes.is_empty() || is_told && nodes.len() == self.further.len()
    }
}

impl User {
    /// Somebody who is in the lobby alone.
    pub(super) fn new(nick: Nick, peer: Peer, node: NodeId) -> User {
        User {
            nick,
            peer,
            via: CameBy::Line,
            room: LOBBY,
            extra: None,
            node,
        }
    }

    /// The name it goes by.
    pub(crate) fn nick(&self) -> &Nick {
        &self.nick
    }

    /// The rooms that it is in, in the order of entering. Each lists it as a member.
    pub(crate) fn rooms(&self) -> &[RoomId] {
        let several = self.extra.as_ref().and_then(|extra| extra.rooms.as_ref());
        several.map_or(slice::from_ref(&self.room), |rooms| rooms)
    }

    pub(crate) fn is_in(&self, room: RoomId) -> bool {
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
        let several = match rooms[..] {
            [one] => {
                self.room = one;
                None
            }
            _ => Some(Box::new(rooms)),
        };
        if several.is_some() || self.extra.is_some() {
            self.change_extra(|extra| extra.rooms = several);
        }
    }

    pub(crate) fn is_operator(&self) -> bool {
        self.rare().is_some_and(|rare| rare.is_operator)
    }

    /// With what its first session came.
    pub(crate) fn via(&self) -> CameBy {
        self.via
    }

    /// Is it logged in to the account of its name?
    pub(crate) fn is_account(&self) -> bool {
        self.account().is_some()
    }

    /// The account that it is logged in to.
    pub(crate) fn account(&self) -> Option<AccountId> {
        self.rare().and_then(|rare| rare.account)
    }

    /// Has nobody been told that it has come?
    pub(crate) fn is_untold(&self) -> bool {
        self.rare().is_some_and(|rare| rare.is_untold)
    }

    /// The address that others are told where they are told any.
    pub(crate) fn peer(&self) -> Peer {
        self.peer
    }

    /// The addresses of its sessions, in the order of their coming.
    pub(crate) fn peers(&self) -> impl Iterator<Item = Peer> {
        let further = self.rare().into_iter().flat_map(|rare| &rare.further);
        [self.peer].into_iter().chain(further.copied())
    }

    /// How many sessions it has: one at least.
    pub(crate) fn sessions(&self) -> usize {
        1 + self.rare().map_or(0, |rare| rare.further.len())
    }

    /// Does it have each of its sessions at the only server?
    pub(crate) fn is_at_only_node(&self) -> bool {
        self.nodes().all(|node| node == NodeId::default())
    }

    /// The servers that have its sessions, in the order of their coming.
    pub(super) fn nodes(&self) -> impl Iterator<Item = NodeId> {
        let further = self.rare().map_or(&[][..], |rare| &rare.further_nodes);
        let further = further
            .iter()
            .copied()
            .chain(iter::repeat(NodeId::default()));
        let nodes = [self.node].into_iter().chain(further);
        nodes.take(self.sessions())
    }

    /// The place of a session in the order of their coming, by that among those which a server has.
    pub(super) fn place_of(&self, node: NodeId, at: usize) -> Option<usize> {
        let places = self.nodes().enumerate();
        let mut places = places.filter(|&(_, other)| other == node);
        places.nth(at).map(|(place, _)| place)
    }

    /// One session more.
    pub(super) fn add_session(&mut self, peer: Peer, node: NodeId) {
        let mut nodes: Vec<NodeId> = self.nodes().skip(1).collect();
        nodes.push(node);
        self.change_rare(|rare| {
            rare.further.push(peer);
            rare.set_nodes(nodes);
        });
    }

    /// One session less, by its place in the order of their coming. `false`: it was the last.
    pub(super) fn end_session(&mut self, at: usize) -> bool {
        if self.sessions() == 1 {
            return false;
        }
        let mut nodes: Vec<NodeId> = self.nodes().collect();
        nodes.remove(at);
        self.node = nodes.remove(0);
        let first = self.change_rare(|rare| {
            rare.set_nodes(nodes);
            match at {
                0 => Some(rare.further.remove(0)),
                _ => {
                    rare.further.remove(at - 1);
                    None
                }
            }
        });
        self.peer = first.unwrap_or(self.peer);
        true
    }

    pub(crate) fn away(&self) -> Option<&String> {
        self.rare().and_then(|rare| rare.away.as_ref())
    }

    /// Rooms where it was muted; some may have ended.
    pub(crate) fn muted_in(&self) -> &[RoomId] {
        self.rare().map_or(&[], |rare| &rare.muted_in)
    }

    /// Names that it hears nothing from.
    pub(crate) fn ignored(&self) -> impl Iterator<Item = &Key> {
        self.rare().into_iter().flat_map(|rare| &rare.ignored)
    }

    /// The first message that was said by or to the user alone under its name.
    pub(crate) fn first_private(&self) -> Option<MessageId> {
        self.rare().and_then(|rare| rare.first_private)
    }

    /// What it says of itself, at doors where one does.
    pub(crate) fn profile(&self) -> Option<&Profile> {
        self.extra.as_ref()?.profile.as_ref()
    }

    /// With whom it has spoken alone, and when last, in milliseconds since 1970.
    pub(crate) fn talks(&self) -> &[(Nick, u64)] {
        self.rare().map_or(&[], |rare| &rare.talks)
    }

    /// What is remembered for it while it has no account.
    pub(super) fn notes(&self) -> Option<&Notes> {
        self.rare().map(|rare| &rare.notes)
    }

    pub(crate) fn ignores(&self, key: &Key) -> bool {
        self.rare().is_some_and(|rare| rare.ignored.contains(key))
    }

    /// Has it nothing that is the default, or stands elsewhere?
    pub(super) fn is_in_one_form(&self) -> bool {
        self.extra.as_ref().is_none_or(|extra| {
            let has_one_room = extra.rooms.as_ref().is_some_and(|rooms| rooms.len() == 1);
            let rare = extra.rare.as_deref();
            **extra != Extra::default()
                && !has_one_room
                && rare.is_none_or(|rare| *rare != Rare::default() && rare.has_nodes_in_one_form())
        })
    }

    fn rare(&self) -> Option<&Rare> {
        self.extra.as_ref()?.rare.as_deref()
    }

    /// Changes what few users have.
    pub(super) fn change_rare<T>(&mut self, change: impl FnOnce(&mut Rare) -> T) -> T {
        self.change_extra(|extra| {
            let mut rare = extra.rare.take().unwrap_or_default();
            let changed = change(&mut rare);
            extra.rare = (*rare != Rare::default()).then_some(rare);
            changed
        })
    }

    /// Changes what it says of itself.
    pub(super) fn change_profile(&mut self, change: impl FnOnce(&mut Option<Profile>)) {
        self.change_extra(|extra| change(&mut extra.profile));
    }

    fn change_extra<T>(&mut self, change: impl FnOnce(&mut Extra) -> T) -> T {
        let mut extra = self.extra.take().unwrap_or_default();
        let changed = change(&mut extra);
        self.extra = (*extra != Extra::default()).then_some(extra);
        changed
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_is_in_one_room_has_nothing_of_its_own_for_it() {
        let mut rooms = crate::chat::room::Rooms::new();
        let name = crate::model::RoomName::parse("r").expect("a room name");
        let other = rooms.open(name, MessageId::default());
        let mut user = User::new(
            Nick::parse("a").expect("a nick"),
            Peer::Unix(0),
            NodeId::default(),
        );
        user.enter(other);
        assert_eq!(user.rooms(), [LOBBY, other]);
        user.leave(LOBBY);
        assert_eq!(user.rooms(), [other]);
        assert!(user.extra.is_none());
        user.leave(other);
        assert_eq!(user.rooms(), []);
        user.enter(LOBBY);
        assert_eq!(user.rooms(), [LOBBY]);
        assert!(user.extra.is_none());
    }
}
