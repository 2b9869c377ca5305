//! A joined user's state.

use crate::model::{Author, Nick, Peer};

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
}

impl Session {
    /// The name it goes by.
    pub fn nick(&self) -> &Nick {
        &self.nick
    }

    /// Name and address, as events carry them.
    pub(super) fn author(&self) -> Author {
        Author {
            nick: self.nick.clone(),
            peer: self.peer,
        }
    }
}
