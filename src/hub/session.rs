//! A joined user's state.

use std::collections::HashSet;

use crate::model::{Author, Key, Nick, Peer};

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

    pub(super) fn ignored_len(&self) -> usize {
        self.rare.as_ref().map_or(0, |rare| rare.ignored.len())
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
