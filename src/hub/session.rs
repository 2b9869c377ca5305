//! A joined user's state, and all of them.

use std::collections::HashSet;

use crate::model::{Author, ConnId, Key, Nick, Peer};

use super::RoomId;

/// A joined user.
#[derive(Debug)]
pub struct Session {
    /// Invariant: the hub's table of names leads from its key to this session.
    pub(super) nick: Nick,
    pub(super) peer: Peer,
    /// In the order of entering. Invariant: never empty, and each lists this session as a member.
    pub(super) rooms: Vec<RoomId>,
    /// The room spoken in. Invariant: one of `rooms`.
    pub(super) focus: RoomId,
    /// What few users have.
    rare: Option<Box<Rare>>,
}

/// What few users have, kept apart so that the others do not pay for it.
#[derive(Debug, Default)]
pub(super) struct Rare {
    /// What is told to those who write while the user is away.
    pub(super) away: Option<String>,
    pub(super) is_operator: bool,
    /// Names that it hears nothing from.
    pub(super) ignored: HashSet<Key>,
}

impl Session {
    pub(super) fn new(nick: Nick, peer: Peer, room: RoomId) -> Session {
        Session {
            nick,
            peer,
            rooms: vec![room],
            focus: room,
            rare: None,
        }
    }

    /// The name it goes by.
    pub fn nick(&self) -> &Nick {
        &self.nick
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

    pub(super) fn ignores(&self, key: &Key) -> bool {
        self.rare
            .as_ref()
            .is_some_and(|rare| rare.ignored.contains(key))
    }

    pub(super) fn rare_mut(&mut self) -> &mut Rare {
        self.rare.get_or_insert_default()
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

/// Every session, by the slot of its connection: looking one up costs an index, and nobody chooses
/// what it is looked up by.
#[derive(Debug, Default)]
pub(super) struct Sessions {
    /// Invariant: the last one is not empty.
    slots: Vec<Option<Box<(ConnId, Session)>>>,
    /// Invariant: how many slots are not empty.
    len: usize,
}

impl Sessions {
    pub(super) fn len(&self) -> usize {
        self.len
    }

    pub(super) fn get(&self, id: ConnId) -> Option<&Session> {
        let entry = self.slots.get(id.slot as usize)?.as_ref()?;
        (entry.0 == id).then_some(&entry.1)
    }

    pub(super) fn get_mut(&mut self, id: ConnId) -> Option<&mut Session> {
        let entry = self.slots.get_mut(id.slot as usize)?.as_mut()?;
        (entry.0 == id).then_some(&mut entry.1)
    }

    pub(super) fn contains(&self, id: ConnId) -> bool {
        self.get(id).is_some()
    }

    /// Adds the session of a connection whose slot has none.
    pub(super) fn insert(&mut self, id: ConnId, session: Session) {
        let slot = id.slot as usize;
        if slot >= self.slots.len() {
            self.slots.resize_with(slot + 1, || None);
        }
        debug_assert!(
            self.slots[slot].is_none(),
            "a session is removed before its slot is used"
        );
        self.slots[slot] = Some(Box::new((id, session)));
        self.len += 1;
    }

    pub(super) fn remove(&mut self, id: ConnId) -> Option<Session> {
        self.get(id)?;
        let entry = self.slots[id.slot as usize].take()?;
        self.len -= 1;
        while self.slots.last().is_some_and(Option::is_none) {
            self.slots.pop();
        }
        if self.slots.len() < self.slots.capacity() / 4 {
            self.slots.shrink_to_fit();
        }
        Some(entry.1)
    }

    /// In the order of slots.
    pub(super) fn iter(&self) -> impl Iterator<Item = (ConnId, &Session)> {
        let entries = self.slots.iter().flatten();
        entries.map(|entry| (entry.0, &entry.1))
    }
}

impl std::ops::Index<ConnId> for Sessions {
    type Output = Session;

    fn index(&self, id: ConnId) -> &Session {
        self.get(id).expect("a member has a session")
    }
}
