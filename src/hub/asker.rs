//! Who asks, and where it speaks.

use crate::model::{Author, ConnId, ErrorCode, Nick, Peer, RoomName, UserId};

use super::user::{Rare, User};
use super::{Addresses, Hub, RoomId};

impl Hub {
    /// The user of a connection that has joined.
    pub fn user(&self, who: ConnId) -> Option<&User> {
        self.users.user_of(who)
    }

    /// Who asks; a console is no user.
    pub(super) fn own_id(&self, who: ConnId) -> Result<UserId, ErrorCode> {
        self.users.of(who).ok_or(ErrorCode::NotJoined)
    }

    pub(super) fn own(&self, who: ConnId) -> Result<&User, ErrorCode> {
        self.users.user_of(who).ok_or(ErrorCode::NotJoined)
    }

    /// Changes what few users have.
    pub(super) fn change(&mut self, id: UserId, change: impl FnOnce(&mut Rare)) {
        if let Some(user) = self.users.get_mut(id) {
            user.change_rare(change);
        }
    }

    /// May it ask what operators may?
    pub fn is_operator(&self, who: ConnId) -> bool {
        self.consoles.contains(&who) || self.user(who).is_some_and(User::is_operator)
    }

    pub(super) fn nick_of(&self, who: ConnId) -> Option<&Nick> {
        self.user(who).map(User::nick)
    }

    /// Whose name that is.
    pub(super) fn find_nick(&self, name: &str) -> Result<UserId, ErrorCode> {
        let found = self.users.find(name);
        found.ok_or_else(|| ErrorCode::NoSuchNick(name.into()))
    }

    /// Name and address as events carry them: everybody is shown the same.
    pub(super) fn author(&self, who: ConnId) -> Result<Author, ErrorCode> {
        let (nick, peer) = (self.own(who)?.nick().clone(), self.users.peer_of(who));
        let peer = peer.unwrap_or(Peer::NOWHERE);
        let is_shown = match self.rules.addresses {
            Addresses::None => false,
            Addresses::OfDoors => self.shown.contains(&who),
            Addresses::All => true,
        };
        Ok(Author {
            nick,
            peer: match is_shown {
                true => peer,
                false => peer.hidden(who.slot),
            },
        })
    }

    /// The room that a connection speaks in.
    pub(super) fn focus_of(&self, who: ConnId) -> Result<RoomId, ErrorCode> {
        let session = self.users.session(who).ok_or(ErrorCode::NotJoined)?;
        // Of the rooms that one may be in the lobby is the one that is always there.
        let nowhere = || ErrorCode::NotInRoom(RoomName::lobby());
        session.focus.ok_or_else(nowhere)
    }

    /// The room of that name, or the one that is spoken in, if the user is in it.
    pub(super) fn entered(&self, who: ConnId, name: Option<RoomName>) -> Result<RoomId, ErrorCode> {
        let user = self.own(who)?;
        let Some(name) = name else {
            return self.focus_of(who);
        };
        match self.rooms.find(&name) {
            Some(id) if user.is_in(id) => Ok(id),
            Some(_) => Err(ErrorCode::NotInRoom(name)),
            None => Err(ErrorCode::NoRoomToEnter(name)),
        }
    }
}
