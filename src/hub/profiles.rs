//! Users who say more of themselves than a name: they come in without a room, go by other names than their
//! account's, and hear of what changes about the others.

use crate::limits::{READ_MARKERS_MAX, STEPS_PER_NAME_COVERED};
use crate::model::{
    AccountId, AccountRecord, Change, ConnId, ErrorCode, Event, Key, Nick, Peer, Profile,
    ProfileChange, Roster, UserId,
};

use super::{Audience, Effect, Hub, LOBBY, Reader, RoomId, User, check_note};

impl Hub {
    /// Comes in under a name, in no room, as the account that the connection has proven to be.
    pub(super) fn come_in_nowhere(
        &mut self,
        who: ConnId,
        peer: Peer,
        nick: Nick,
        profile: Box<Profile>,
        account: Option<AccountId>,
    ) -> Result<(), ErrorCode> {
        if self.users.of(who).is_some() {
            return Err(ErrorCode::AlreadyJoined);
        }
        if let Some(refusal) = self.refusal_of(&peer, self.now) {
            return Err(refusal);
        }
        let record = account.and_then(|account| self.record_of(account));
        let is_own = record
            .as_ref()
            .is_some_and(|record| record.nick.key() == nick.key());
        if let Some(record) = record.as_ref().filter(|_| is_own) {
            self.check_nick(&nick)?;
            let first_effect = self.effects.len();
            if let Some(user) = self.make_way(who, record, false) {
                return self.come_in_beside_nowhere(who, peer, user);
            }
            self.settle_audiences(first_effect);
        } else {
            self.check_free(&nick)?;
            if self.is_registered(&nick) {
                return Err(ErrorCode::NameRegistered);
            }
        }
        let replay = self.replay_of(None);
        let id = self.users.insert(who, nick.clone(), peer, replay);
        if let Some(user) = self.users.get_mut(id) {
            user.leave(LOBBY);
            user.change_rare(|rare| rare.profile = Some(profile));
        }
        if let Some(session) = self.users.session_mut(who) {
            session.focus = None;
        }
        self.follow_mutes(id);
        self.watches.has_profiles = true;
        self.watches.users_max = self.watches.users_max.max(self.users.len());
        let users = Roster::default();
        self.answer(
            who,
            Event::Welcome {
                nick: nick.clone(),
                users,
            },
        )?;
        if let Some(record) = record {
            self.log_in(id, &record);
            self.ask_mail(who);
        }
        self.tell_watchers_of_name(&nick, true);
        Ok(())
    }

    /// What is known of an account, for who has proven to be it.
    fn record_of(&self, account: AccountId) -> Option<AccountRecord> {
        let account = self.accounts.directory.get(account);
        account.map(|account| account.record.clone())
    }

    /// Somebody proved to be an account: before the join that is told, later it is logged in, whatever its
    /// name is.
    pub(super) fn prove_as(
        &mut self,
        who: ConnId,
        record: &AccountRecord,
    ) -> Result<(), ErrorCode> {
        if let Some(user) = self.users.of(who) {
            self.log_in(user, record);
        }
        let (account, nick) = (record.id, record.nick.clone());
        self.answer(who, Event::Proven { account, nick })?;
        if self.users.of(who).is_some() {
            self.ask_mail(who);
        }
        Ok(())
    }

    /// The users who are logged in to an account, but for who goes by its name.
    pub(super) fn users_of_account(&self, account: AccountId, name: &Nick) -> Vec<UserId> {
        self.note_steps(self.users.len());
        let key = name.key();
        let is_its = |(_, user): &(UserId, &User)| {
            user.account() == Some(account) && user.nick().key() != key
        };
        self.users.iter().filter(is_its).map(|(id, _)| id).collect()
    }

    pub(super) fn describe(&mut self, who: ConnId, change: ProfileChange) -> Result<(), ErrorCode> {
        let own = self.own_id(who)?;
        let nick = self.users[own].nick().clone();
        if let ProfileChange::Realname(text) = &change {
            check_note(text)?;
            if self.is_muted(own) {
                return Err(ErrorCode::Muted);
            }
        }
        self.change(own, |rare| match (&change, &mut rare.profile) {
            (ProfileChange::NoOperator, _) => rare.is_operator = false,
            (ProfileChange::Realname(text), Some(profile)) => profile.realname.clone_from(text),
            (ProfileChange::Invisible(on), Some(profile)) => profile.is_invisible = *on,
            (ProfileChange::Wallops(on), Some(profile)) => profile.hears_wallops = *on,
            (ProfileChange::Bot(on), Some(profile)) => profile.is_bot = *on,
            (_, None) => {}
        });
        if let ProfileChange::Realname(text) = change {
            self.tell_of_change(own, Change::Realname { nick, text });
        }
        self.answer(who, Event::Done { what: None })
    }

    /// Speaks, as an operator, to those who want to hear that.
    pub(super) fn wallops(&mut self, who: ConnId, text: String) -> Result<(), ErrorCode> {
        self.check_operator(who)?;
        self.check_message(&text)?;
        let by = self.own(who)?.nick().clone();
        let hears = |id: &ConnId| {
            let profile = self.user(*id).and_then(User::profile);
            profile.is_some_and(|profile| profile.hears_wallops)
        };
        self.note_steps(STEPS_PER_NAME_COVERED * self.users.slots());
        let readers = self.users.sessions().map(|(id, _)| id).filter(hears);
        let readers = readers.map(|id| Reader { id, here: true }).collect();
        let (change, is_watched) = (Change::Wallops { by, text }, false);
        self.broadcast(
            Audience::Each(readers),
            Event::Changed { change, is_watched },
        );
        self.answer(who, Event::Done { what: None })
    }

    pub(super) fn rehash(&mut self, who: ConnId) -> Result<(), ErrorCode> {
        self.check_operator(who)?;
        self.effects.push_back(Effect::Reload);
        self.answer(who, Event::Done { what: None })
    }

    /// Tells how far one has read, and each connection of the user where that is farther now.
    pub(super) fn mark_read(
        &mut self,
        who: ConnId,
        target: String,
        to_ms: Option<u64>,
    ) -> Result<(), ErrorCode> {
        check_note(&target)?;
        let own = self.own_id(who)?;
        let key = Key::of(&target);
        let known = self.users[own].read_to(&key);
        let is_farther = to_ms > known;
        let to_ms = known.max(to_ms);
        if let Some(to_ms) = to_ms.filter(|_| is_farther) {
            self.change(own, |rare| {
                if rare.read_to.len() < READ_MARKERS_MAX || rare.read_to.contains_key(&key) {
                    rare.read_to.insert(key, to_ms);
                }
            });
        }
        let change = Change::ReadTo { target, to_ms };
        let event = Event::Changed {
            change,
            is_watched: false,
        };
        if is_farther {
            self.tell_others_of(who, &event);
        }
        self.answer(who, event)
    }

    /// Tells those who share a room with a user, or wait for it, that something about it is different, if
    /// they are at doors where that is told.
    pub(super) fn tell_of_change(&mut self, user: UserId, change: Change) {
        let (Some(first), Some(own)) = (self.users.first_of(user), self.users.get(user)) else {
            return;
        };
        let (nick, rooms) = (own.nick().clone(), own.rooms().to_vec());
        let own: Vec<ConnId> = self.users.sessions_of(user).collect();
        let told = match self.has_profiles() {
            false => Vec::new(),
            true => {
                let readers = match self.neighbours(first, &rooms) {
                    Audience::Each(readers) => readers,
                    Audience::Room { room, .. } => self.readers(room).iter().collect(),
                };
                let hears =
                    |reader: &Reader| !own.contains(&reader.id) && self.is_watchful(reader.id);
                readers.into_iter().filter(hears).collect()
            }
        };
        let is_told = |who: &ConnId| told.iter().any(|reader: &Reader| reader.id == *who);
        let mut watchers = self.watchers_of(&nick);
        watchers.retain(|who| !is_told(who) && !own.contains(who));
        if !told.is_empty() {
            let (change, is_watched) = (change.clone(), false);
            self.broadcast(Audience::Each(told), Event::Changed { change, is_watched });
        }
        for who in watchers {
            let (change, is_watched) = (change.clone(), true);
            self.tell(who, Event::Changed { change, is_watched });
        }
    }

    /// A user is logged in, or not any more.
    pub(super) fn tell_of_account(&mut self, user: UserId) {
        let Some(own) = self.users.get(user) else {
            return;
        };
        let nick = own.nick().clone();
        let account = own.account().and_then(|account| self.record_of(account));
        let account = account.map(|record| record.nick);
        self.tell_of_change(user, Change::Account { nick, account });
    }

    /// Tells those in a room who are at doors where that is told, but for one.
    pub(super) fn tell_watchful(&mut self, id: RoomId, except: ConnId, change: &Change) {
        if !self.has_profiles() {
            return;
        }
        let readers = self.readers(id).iter();
        let hears = |reader: &Reader| reader.id != except && self.is_watchful(reader.id);
        let readers: Vec<Reader> = readers.filter(hears).collect();
        self.note_steps(self.readers(id).len());
        if !readers.is_empty() {
            let (change, is_watched) = (change.clone(), false);
            self.broadcast(
                Audience::Each(readers),
                Event::Changed { change, is_watched },
            );
        }
    }

    /// The connections in rooms, each once, that are at doors where more is told.
    pub(super) fn watchful_in(&self, rooms: &[RoomId]) -> Vec<ConnId> {
        if !self.has_profiles() {
            return Vec::new();
        }
        self.note_steps(rooms.iter().map(|&room| self.readers(room).len()).sum());
        let readers = rooms.iter().flat_map(|&room| self.readers(room).iter());
        let mut found: Vec<ConnId> = readers
            .map(|reader| reader.id)
            .filter(|&id| self.is_watchful(id))
            .collect();
        found.sort_unstable();
        found.dedup();
        found
    }

    /// Is it at a door where it says more of itself?
    fn is_watchful(&self, who: ConnId) -> bool {
        self.user(who).and_then(User::profile).is_some()
    }

    /// Is there anybody who says more of itself?
    fn has_profiles(&self) -> bool {
        self.watches.has_profiles
    }
}
