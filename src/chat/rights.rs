//! Who may what.

use crate::model::{
    AccountId, Credential, ErrorCode, MaskKind, Nick, Peer, RoomName, SaidBy, UserId,
};

use super::{Actor, Chat, LOBBY, Role, RoomId};

impl Chat {
    /// Is the address kept out? If so, that is the refusal.
    pub(crate) fn refusal_of(&self, peer: &Peer, now_ms: u64) -> Option<ErrorCode> {
        let ip = peer.ip()?;
        self.note_steps(self.settings.bans.len());
        let mut bans = self.settings.bans_at(now_ms);
        let ban = bans.find(|ban| ban.mask.covers_ip(ip))?;
        Some(ErrorCode::AddressBanned(ban.reason.clone()))
    }

    /// May anybody go by that name?
    pub(crate) fn check_nick(&self, nick: &Nick, now_ms: u64) -> Result<(), ErrorCode> {
        self.note_steps(self.settings.bans.len());
        let key = nick.key();
        let mut bans = self.settings.bans_at(now_ms);
        if let Some(ban) = bans.find(|ban| ban.mask.covers_name(&key)) {
            return Err(ErrorCode::NickBanned(ban.reason.clone()));
        }
        match nick.is_reserved() {
            true => Err(ErrorCode::NickTaken),
            false => Ok(()),
        }
    }

    pub(super) fn check_free(&self, nick: &Nick, now_ms: u64) -> Result<(), ErrorCode> {
        self.check_nick(nick, now_ms)?;
        match self.users.find(nick.as_str()) {
            Some(_) => Err(ErrorCode::NickTaken),
            None => Ok(()),
        }
    }

    /// Is the name an account's?
    pub(crate) fn is_registered(&self, nick: &Nick) -> bool {
        !self.directory.is_empty() && self.directory.contains_name(&nick.key())
    }

    /// The account that somebody has proven to be, unless that is void by now.
    ///
    /// # Errors
    /// [`ErrorCode::WrongLogin`].
    pub(super) fn holder(&self, of: Credential) -> Result<AccountId, ErrorCode> {
        let account = self.directory.get(of.account);
        match account.is_some_and(|account| account.record.generation == of.generation) {
            true => Ok(of.account),
            false => Err(ErrorCode::WrongLogin),
        }
    }

    /// May a guest go by that name?
    pub(super) fn check_unregistered(&self, nick: &Nick) -> Result<(), ErrorCode> {
        match self.rules.is_strict && self.is_registered(nick) {
            true => Err(ErrorCode::NameRegistered),
            false => Ok(()),
        }
    }

    /// A user who may have left meanwhile.
    pub(super) fn check_here(&self, user: UserId) -> Result<(), ErrorCode> {
        match self.users.contains(user) {
            true => Ok(()),
            false => Err(ErrorCode::NotJoined),
        }
    }

    /// Whose it is to delete what somebody says who has no session.
    pub(crate) fn origin_of_post(&self, nick: &Nick, as_account: bool) -> SaidBy {
        let account = self.directory.find(&nick.key());
        match (as_account, account) {
            (true, Some(account)) => SaidBy::Account(account.record.id),
            (true, None) => SaidBy::Unknown,
            (false, _) => SaidBy::Program,
        }
    }

    /// May somebody without a session speak in a room?
    pub(crate) fn check_post(
        &self,
        nick: &Nick,
        peer: Peer,
        as_account: bool,
        room: RoomId,
        at_ms: u64,
    ) -> Result<(), ErrorCode> {
        // It may have been banned since it was let in.
        if let Some(refusal) = self.refusal_of(&peer, at_ms) {
            return Err(refusal);
        }
        self.check_room(room)?;
        match as_account {
            true => self.check_bot(nick, room, at_ms)?,
            false if self.is_registered(nick) => return Err(ErrorCode::NameRegistered),
            false => self.check_free(nick, at_ms)?,
        }
        match self.is_name_muted(&nick.key(), room, at_ms) {
            true => Err(ErrorCode::Muted),
            false => Ok(()),
        }
    }

    /// May it do what operators may?
    pub(crate) fn is_operator(&self, actor: Actor) -> bool {
        match actor {
            Actor::Console => true,
            Actor::Account(_) | Actor::Program => false,
            Actor::User(user) => self.users.get(user).is_some_and(|user| user.is_operator()),
        }
    }

    pub(crate) fn check_operator(&self, actor: Actor) -> Result<(), ErrorCode> {
        match self.is_operator(actor) {
            true => Ok(()),
            false => Err(ErrorCode::NotOperator),
        }
    }

    /// Its name, where it is a user.
    pub(crate) fn nick_of(&self, actor: Actor) -> Option<Nick> {
        match actor {
            Actor::User(user) => self.users.get(user).map(|user| user.nick().clone()),
            Actor::Account(id) => self.directory.get(id).map(|it| it.record.nick.clone()),
            Actor::Console | Actor::Program => None,
        }
    }

    /// A room that may have ended meanwhile.
    pub(super) fn check_room(&self, room: RoomId) -> Result<(), ErrorCode> {
        match self.rooms.try_get(room) {
            Some(_) => Ok(()),
            // Its name went with it.
            None => Err(ErrorCode::NoRoomToShow(RoomName::lobby())),
        }
    }

    /// Is a user in a room, which may have ended?
    pub(crate) fn check_is_in(&self, user: UserId, room: RoomId) -> Result<(), ErrorCode> {
        let is_in = self.users.get(user).is_some_and(|user| user.is_in(room));
        match self.rooms.try_get(room) {
            Some(_) if is_in => Ok(()),
            Some(room) => Err(ErrorCode::NotInRoom(room.name.clone())),
            None => Err(ErrorCode::NotInRoom(RoomName::lobby())),
        }
    }

    /// Is it the owner of a room, logged in?
    pub(crate) fn owns(&self, actor: Actor, room: RoomId) -> bool {
        let owner = self.rooms.get(room).modes.owner;
        owner.is_some() && self.account_of(actor) == owner
    }

    /// Is it the owner of a room, or an account that it appointed, logged in?
    fn is_appointed(&self, actor: Actor, room: RoomId) -> bool {
        let modes = &self.rooms.get(room).modes;
        if modes.owner.is_none() {
            return false;
        }
        let account = self.account_of(actor);
        account.is_some_and(|id| modes.owner == Some(id) || modes.moderators.contains(&id))
    }

    pub(super) fn account_of(&self, actor: Actor) -> Option<AccountId> {
        match actor {
            Actor::Account(account) => Some(account),
            _ => self.users.get(actor.user()?)?.account(),
        }
    }

    /// May it set a room's modes? Its moderator may, or of an owned room the owner and whom it has
    /// appointed, and operators.
    pub(crate) fn moderates(&self, actor: Actor, room: RoomId) -> bool {
        let role = actor
            .user()
            .and_then(|own| self.rooms.get(room).role_of(own));
        role.is_some_and(Role::moderates)
            || self.is_appointed(actor, room)
            || self.is_operator(actor)
    }

    /// Is a user a room's moderator, in it? The lobby has none.
    pub(crate) fn check_moderates(&self, user: UserId, room: RoomId) -> Result<(), ErrorCode> {
        self.check_is_in(user, room)?;
        match self.moderates(Actor::User(user), room) {
            true if room == LOBBY => Err(ErrorCode::NotInLobby),
            true => Ok(()),
            false => Err(ErrorCode::NotModerator(self.rooms.get(room).name.clone())),
        }
    }

    /// May it say who moderates an owned room?
    pub(crate) fn check_owns(&self, actor: Actor, room: RoomId) -> Result<(), ErrorCode> {
        if room == LOBBY {
            return Err(ErrorCode::NotInLobby);
        }
        let found = self.rooms.get(room);
        let is_allowed = self.owns(actor, room) || self.is_operator(actor);
        match is_allowed && found.modes.owner.is_some() {
            true => Ok(()),
            false => Err(ErrorCode::NotOwner(found.name.clone())),
        }
    }

    /// May a user who is not in the room come in? Operators always may, and where no operator locked it
    /// those who moderate it by an account.
    pub(super) fn check_door(
        &self,
        user: UserId,
        known: Option<RoomId>,
        name: &RoomName,
        key: Option<&str>,
    ) -> Result<(), ErrorCode> {
        if self.is_operator(Actor::User(user)) {
            return Ok(());
        }
        if self.settings.locked.contains_key(&name.key()) {
            return Err(ErrorCode::RoomLocked(name.clone()));
        }
        let Some(id) = known else { return Ok(()) };
        let room = self.rooms.get(id);
        let modes = &room.modes;
        if modes.invited.contains(&user) || self.is_appointed(Actor::User(user), id) {
            return Ok(());
        }
        if self.is_kept_out(user, id) {
            return Err(ErrorCode::BannedFromRoom(name.clone()));
        }
        if modes.is_invite_only && !self.is_on_list(user, id, MaskKind::Invitation) {
            return Err(ErrorCode::InviteOnly(name.clone()));
        }
        let is_full = |limit: u32| room.count() >= limit as usize;
        if modes.limit.is_some_and(is_full) {
            return Err(ErrorCode::RoomFull(name.clone()));
        }
        match modes.key.as_deref() {
            Some(wanted) if key != Some(wanted) => Err(ErrorCode::WrongKey(name.clone())),
            _ => Ok(()),
        }
    }

    /// May it know who is in a room and what it is about? Those of a room that is closed to some are told to
    /// members, and to operators.
    pub(crate) fn sees_into(&self, actor: Actor, room: RoomId) -> bool {
        let own = actor.user().and_then(|user| self.users.get(user));
        let is_member = || own.is_some_and(|user| user.is_in(room));
        !self.rooms.get(room).is_guarded() || is_member() || self.is_operator(actor)
    }

    /// May a bot post in a room, or read it? One that is closed to some it has to be in.
    pub(crate) fn check_bot(&self, bot: &Nick, room: RoomId, now_ms: u64) -> Result<(), ErrorCode> {
        self.check_nick(bot, now_ms)?;
        let own = self.users.find(bot.as_str());
        let is_in = own.is_some_and(|own| self.users[own].is_in(room));
        let room = self.rooms.get(room);
        match room.is_guarded() && !is_in {
            true => Err(ErrorCode::NotInRoom(room.name.clone())),
            false => Ok(()),
        }
    }
}
