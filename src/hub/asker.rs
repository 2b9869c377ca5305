//! Who asks, and where it speaks.

use crate::chat::{Actor, Addresses, RoomId, User};
use crate::model::{AccountId, Author, ConnId, ErrorCode, Nick, Peer, RoomName, UserId};

use super::state::Hub;

impl Hub {
    /// The user of a connection that has joined.
    pub fn user(&self, who: ConnId) -> Option<&User> {
        self.chat.users().get(self.sessions.user_of(who)?)
    }

    /// Who asks; a console is no user.
    pub(super) fn own_id(&self, who: ConnId) -> Result<UserId, ErrorCode> {
        self.sessions.user_of(who).ok_or(ErrorCode::NotJoined)
    }

    pub(super) fn own(&self, who: ConnId) -> Result<&User, ErrorCode> {
        self.user(who).ok_or(ErrorCode::NotJoined)
    }

    /// Who does what a connection asks for.
    pub(super) fn actor(&self, who: ConnId) -> Result<Actor, ErrorCode> {
        match self.consoles.contains(&who) {
            true => Ok(Actor::Console),
            false => self.own_id(who).map(Actor::User),
        }
    }

    /// May it ask what operators may?
    pub fn is_operator(&self, who: ConnId) -> bool {
        self.actor(who)
            .is_ok_and(|actor| self.chat.is_operator(actor))
    }

    pub(super) fn nick_of(&self, who: ConnId) -> Option<&Nick> {
        self.user(who).map(User::nick)
    }

    /// Whose name that is.
    pub(super) fn find_nick(&self, name: &str) -> Result<UserId, ErrorCode> {
        let found = self.chat.users().find(name);
        found.ok_or_else(|| ErrorCode::NoSuchNick(name.into()))
    }

    /// The name of a user who is here.
    pub(super) fn name_of(&self, user: UserId) -> Nick {
        self.chat.users()[user].nick().clone()
    }

    /// The address of a connection.
    pub(super) fn peer_of(&self, who: ConnId) -> Option<Peer> {
        let place = self.sessions.place_of(who)?;
        self.user(who)?.peers().nth(place)
    }

    /// Where a connection is, as others may see it: everybody is shown the same.
    pub(super) fn shown_peer(&self, who: ConnId) -> Peer {
        let peer = self.peer_of(who).unwrap_or(Peer::NOWHERE);
        match (self.shows_address(who), self.sessions.user_of(who)) {
            (true, _) => peer,
            (false, Some(user)) if self.log.is_shared() => self.shown_of(peer, user),
            (false, _) => peer.hidden(who.slot),
        }
    }

    fn shows_address(&self, who: ConnId) -> bool {
        match self.chat.rules().addresses {
            Addresses::None => false,
            Addresses::OfDoors => self.shown.contains(&who),
            Addresses::All => true,
        }
    }

    /// Where a user of a cluster is, as others may see it at every server.
    pub(super) fn shown_of(&self, peer: Peer, user: UserId) -> Peer {
        match self.chat.rules().addresses {
            Addresses::All => peer,
            Addresses::None | Addresses::OfDoors => peer.hidden(user.number() as u32),
        }
    }

    /// Name and address as events carry them.
    pub(super) fn author(&self, who: ConnId, nick: Nick) -> Author {
        let peer = self.shown_peer(who);
        Author { nick, peer }
    }

    /// The room that a connection speaks in.
    pub(super) fn focus_of(&self, who: ConnId) -> Result<RoomId, ErrorCode> {
        let session = self.sessions.get(who).ok_or(ErrorCode::NotJoined)?;
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
        match self.chat.rooms().find(&name) {
            Some(id) if user.is_in(id) => Ok(id),
            Some(_) => Err(ErrorCode::NotInRoom(name)),
            None => Err(ErrorCode::NoRoomToEnter(name)),
        }
    }

    /// Is it neither a user's nor the operator's own?
    pub(super) fn is_stranger(&self, who: ConnId) -> bool {
        !self.consoles.contains(&who) && self.sessions.user_of(who).is_none()
    }

    /// The account that the user of a connection is logged in to, if it is.
    pub(super) fn account_of(&self, who: ConnId) -> Option<AccountId> {
        self.user(who).and_then(User::account)
    }

    pub(super) fn check_operator(&self, who: ConnId) -> Result<(), ErrorCode> {
        if self.is_operator(who) {
            Ok(())
        } else {
            Err(ErrorCode::NotOperator)
        }
    }

    /// The connections of users, with their names and addresses, in the order of slots.
    pub(super) fn clients(&self) -> impl Iterator<Item = (ConnId, &Nick, Peer)> {
        self.sessions.iter().filter_map(|(id, _)| {
            let user = self.user(id)?;
            Some((id, user.nick(), self.peer_of(id)?))
        })
    }

    /// May a connection know who is in a room and what it is about?
    pub(super) fn sees_into(&self, who: ConnId, id: RoomId) -> bool {
        self.actor(who)
            .is_ok_and(|actor| self.chat.sees_into(actor, id))
    }

    /// The name of the room that a connection speaks in, or of the lobby.
    pub(super) fn name_of_focus(&self, who: ConnId) -> RoomName {
        let focus = self.focus_of(who);
        focus.map_or_else(
            |_| RoomName::lobby(),
            |id| self.chat.rooms().get(id).name.clone(),
        )
    }

    /// Has a connection speak from now on in a room that its user is in.
    pub(super) fn set_focus(&mut self, who: ConnId, id: RoomId) {
        let Some(session) = self.sessions.get_mut(who) else {
            return;
        };
        if let Some(before) = session.focus.replace(id) {
            self.local.get_mut(before).readers.set_here(who, false);
        }
        self.local.get_mut(id).readers.set_here(who, true);
    }
}
