//! Names and words: what one goes by, what one says, and to whom.

use std::sync::Arc;

use crate::limits::{IGNORED_MAX, STEPS_PER_IGNORER};

use crate::model::{
    Absence, AccountId, Author, Change, ConnId, Departure, Done, ErrorCode, Event, Key, Manner,
    Message, MessageId, Moment, Nick, Peer, Record, RoomName, UserId, WhoisEntry,
};

use super::{Addresses, Audience, Effect, Hub, RoomId, check_note};

/// Whom one speaks to who speaks to the operator.
const SERVER: &str = "Server";

impl Hub {
    pub(super) fn check_free(&self, nick: &Nick) -> Result<(), ErrorCode> {
        self.check_nick(nick)?;
        match self.users.find(nick.as_str()) {
            Some(_) => Err(ErrorCode::NickTaken),
            None => Ok(()),
        }
    }

    /// May anybody go by that name?
    pub(super) fn check_nick(&self, nick: &Nick) -> Result<(), ErrorCode> {
        self.note_steps(self.settings.bans.len());
        let key = nick.key();
        let mut bans = self.settings.bans_at(self.now);
        if let Some(ban) = bans.find(|ban| ban.mask.covers_name(&key)) {
            return Err(ErrorCode::NickBanned(ban.reason.clone()));
        }
        match nick.is_reserved() {
            true => Err(ErrorCode::NickTaken),
            false => Ok(()),
        }
    }

    pub(super) fn change_nick(&mut self, who: ConnId, nick: Nick) -> Result<(), ErrorCode> {
        let (id, old) = (self.own_id(who)?, self.own(who)?.nick().clone());
        if old != nick && self.is_muted(id) {
            return Err(ErrorCode::Muted);
        }
        if old.key() != nick.key() {
            self.check_may_log_out(who)?;
        }
        let (from, to) = self.set_nick(who, nick)?;
        self.answer(who, Event::Renamed { from, to })?;
        self.begin_grace(id);
        Ok(())
    }

    /// Gives a user another name and tells everyone who shares a room, but not the connection.
    pub(super) fn set_nick(&mut self, who: ConnId, to: Nick) -> Result<(Nick, Nick), ErrorCode> {
        if self.own(who)?.nick().key() != to.key() {
            self.check_free(&to)?;
            self.check_unregistered(&to)?;
        }
        self.go_by(who, to)
    }

    /// Gives a user another name, which nobody else goes by. Whoever is logged in is so no more.
    pub(super) fn go_by(&mut self, who: ConnId, to: Nick) -> Result<(Nick, Nick), ErrorCode> {
        let id = self.own_id(who)?;
        self.tell_of_coming(id);
        let user = &self.users[id];
        let (from, rooms) = (user.nick().clone(), user.rooms().to_vec());
        if from == to {
            // There is nothing to tell anybody.
            return Ok((from, to));
        }
        if from.key() != to.key() {
            self.stop_grace(id);
            if self.users[id].profile().is_none() {
                self.forget_login(id);
            }
            // What was said under the old one is somebody else's.
            self.change(id, |rare| rare.first_private = None);
        }
        if from.key() != to.key() {
            self.note_former(self.as_former(id));
        }
        self.users.rename(id, to.clone());
        self.follow_mutes(id);
        let event = Event::Renamed {
            from: from.clone(),
            to: to.clone(),
        };
        self.broadcast(self.neighbours(who, &rooms), event);
        if from.key() != to.key() {
            self.tell_watchers_of_name(&from, false);
            self.tell_watchers_of_name(&to, true);
        }
        Ok((from, to))
    }

    /// Says or does something in a room, told as the event that `event` makes of it.
    pub(super) fn say(
        &mut self,
        who: ConnId,
        room: Option<RoomName>,
        manner: Manner,
        text: String,
    ) -> Result<(), ErrorCode> {
        let (id, author) = self.voice(who, room, &text)?;
        let message = self.message(author.nick, manner, text);
        self.speak(Some(who), id, author.peer, message);
        Ok(())
    }

    /// Somebody without a connection of its own speaks in a room: as an account, or under a name that is
    /// no account's and that nobody goes by.
    ///
    /// # Errors
    /// [`ErrorCode::AddressBanned`], [`ErrorCode::NoRoomToShow`], [`ErrorCode::NickTaken`],
    /// [`ErrorCode::NameRegistered`], [`ErrorCode::NotInRoom`], [`ErrorCode::NickBanned`], [`ErrorCode::Muted`], [`ErrorCode::MessageTooLong`].
    pub fn handle_post(
        &mut self,
        peer: Peer,
        nick: Nick,
        as_account: bool,
        room: RoomName,
        text: String,
        now: Moment,
    ) -> Result<Arc<Message>, ErrorCode> {
        self.now = now;
        // It may have been banned since the connection was accepted.
        if let Some(refusal) = self.refusal_of(&peer, now) {
            return Err(refusal);
        }
        self.check_message(&text)?;
        let id = self.rooms.find(&room);
        let id = id.ok_or(ErrorCode::NoRoomToShow(room))?;
        match as_account {
            true => self.check_bot(&nick, id)?,
            false if self.is_registered(&nick) => return Err(ErrorCode::NameRegistered),
            false => self.check_free(&nick)?,
        }
        if self.is_name_muted(&nick.key(), id) {
            return Err(ErrorCode::Muted);
        }
        let peer = match self.rules.addresses {
            Addresses::All => peer,
            // Who has no connection of its own is nobody's number.
            Addresses::None | Addresses::OfDoors => Peer::NOWHERE,
        };
        let account = self.accounts.directory.find(&nick.key());
        if let Some(account) = account.map(|account| account.record.id) {
            self.use_account(account);
        }
        let message = self.message(nick, Manner::Said, text);
        self.speak(None, id, peer, Arc::clone(&message));
        Ok(message)
    }

    /// May a bot post in a room? One that is closed to some it has to be in.
    pub(super) fn check_bot(&self, bot: &Nick, id: RoomId) -> Result<(), ErrorCode> {
        self.check_nick(bot)?;
        let room = self.rooms.get(id);
        let own = self.users.find(bot.as_str());
        match room.is_guarded() && !own.is_some_and(|own| self.users[own].is_in(id)) {
            true => Err(ErrorCode::NotInRoom(room.name.clone())),
            false => Ok(()),
        }
    }

    /// The room that may hear `text` from a user, and as whom it hears it there.
    fn voice(
        &self,
        who: ConnId,
        room: Option<RoomName>,
        text: &str,
    ) -> Result<(RoomId, Author), ErrorCode> {
        self.check_message(text)?;
        let id = self.entered(who, room)?;
        self.check_mute(who, id)?;
        self.check_voice(who, id)?;
        Ok((id, self.author(who)?))
    }

    /// May a user say anything in a room that it is in?
    pub(super) fn check_mute(&self, who: ConnId, id: RoomId) -> Result<(), ErrorCode> {
        match self.is_muted_in(self.own_id(who)?, id) {
            true => Err(ErrorCode::Muted),
            false => Ok(()),
        }
    }

    /// The members of a room that hear a name: all but whose it is, those who ignore it, and those who
    /// have not caught up.
    pub(super) fn hearers_of(&self, nick: &Nick, except: Option<ConnId>, id: RoomId) -> Audience {
        let ignorers = self.ignorers.of(|| nick.key());
        // Each of them is looked up, and told apart from the others.
        self.note_steps(STEPS_PER_IGNORER * ignorers.len());
        let is_reader = |&ignorer: &ConnId| self.reader(ignorer, id).is_some();
        let here = ignorers.iter().copied().filter(is_reader);
        let mut ignorers: Vec<ConnId> = here.chain(self.catching_up(id)).collect();
        ignorers.sort_unstable();
        ignorers.dedup();
        Audience::Room {
            room: id,
            except,
            ignorers,
        }
    }

    pub(super) fn say_privately(
        &mut self,
        who: ConnId,
        to: &str,
        text: String,
    ) -> Result<(), ErrorCode> {
        self.check_message(&text)?;
        let Some(target) = self.users.find(to) else {
            return match self.watcher.filter(|id| self.consoles.contains(id)) {
                Some(operator) if Key::of(to) == Key::of(SERVER) => {
                    self.say_to_server(who, operator, text)
                }
                _ => self.leave_mail(who, to, text),
            };
        };
        let other = &self.users[target];
        let (to, away) = (other.nick().clone(), other.away().cloned());
        let away = away.map(Absence::Away);
        if self.consoles.contains(&who) {
            self.tell_user(target, &Event::OperatorTold { text: text.clone() });
            let id = None;
            return self.answer(who, Event::PrivateSent { to, id, text, away });
        }
        let own = self.own_id(who)?;
        let nick = self.users[own].nick().clone();
        if self.is_muted(own) {
            return Err(ErrorCode::Muted);
        }
        let message = self.message(nick, Manner::Said, text.clone());
        let id = Some(message.id);
        let from_account = self.note_private(own, message.id);
        let to_account = self.note_private(target, message.id);
        let record = Record::Private {
            message: Arc::clone(&message),
            to: to.clone(),
            from_account,
            to_account,
            is_delivered: true,
        };
        let answer = Event::PrivateSent { to, id, text, away };
        self.speak_privately(who, Some(target), record, message, answer)
    }

    /// Somebody speaks to the operator at the terminal alone. That is kept nowhere.
    fn say_to_server(
        &mut self,
        who: ConnId,
        operator: ConnId,
        text: String,
    ) -> Result<(), ErrorCode> {
        let nick = self.own(who)?.nick().clone();
        if self.is_muted(self.own_id(who)?) {
            return Err(ErrorCode::Muted);
        }
        let message = Arc::new(Message {
            id: MessageId::default(),
            unix_ms: self.now.unix_ms,
            nick,
            manner: Manner::Said,
            text: text.clone(),
            tags: None,
        });
        self.tell(operator, Event::Private { message });
        let to = Nick::parse(SERVER).expect("letters");
        let (id, away) = (None, None);
        self.answer(who, Event::PrivateSent { to, id, text, away })
    }

    /// Something is said by or to a user alone. Returns the account that it is logged in to; to other users
    /// belongs what was said since they go by their names.
    pub(super) fn note_private(&mut self, user: UserId, id: MessageId) -> Option<AccountId> {
        let own = self.users.get(user)?;
        let account = own.account();
        if account.is_none() && own.first_private().is_none() {
            self.change(user, |rare| rare.first_private = Some(id));
        }
        account
    }

    pub(super) fn list(&mut self, who: ConnId) -> Result<(), ErrorCode> {
        let users = self.roster(self.focus_of(who)?);
        self.answer(who, Event::Listing { users })
    }

    pub(super) fn ignore(&mut self, who: ConnId, name: &str) -> Result<(), ErrorCode> {
        let other = self.find_nick(name)?;
        let nick = self.users[other].nick().clone();
        let own = self.own_id(who)?;
        if self.own(who)?.ignored().count() >= IGNORED_MAX {
            return Err(ErrorCode::TooManyIgnored);
        }
        self.change(own, |rare| {
            rare.ignored.insert(nick.key());
        });
        for id in self.users.sessions_of(own) {
            self.ignorers.insert(nick.key(), id);
        }
        self.done(who, Done::Ignored(nick))
    }

    pub(super) fn unignore(&mut self, who: ConnId, name: &str) -> Result<(), ErrorCode> {
        let key = Key::of(name);
        if !self.own(who)?.ignores(&key) {
            return Err(ErrorCode::NoSuchNick(name.into()));
        }
        let own = self.own_id(who)?;
        self.change(own, |rare| {
            rare.ignored.remove(&key);
        });
        for id in self.users.sessions_of(own) {
            self.ignorers.remove(&key, id);
        }
        self.done(who, Done::Unignored(name.into()))
    }

    pub(super) fn away(&mut self, who: ConnId, text: Option<String>) -> Result<(), ErrorCode> {
        text.as_deref().map_or(Ok(()), check_note)?;
        let own = self.own_id(who)?;
        if text.is_some() && self.is_muted(own) {
            return Err(ErrorCode::Muted);
        }
        let is_away = text.is_some();
        self.change(own, |rare| rare.away.clone_from(&text));
        let nick = self.users[own].nick().clone();
        self.tell_of_change(own, Change::Away { nick, text });
        self.done(who, if is_away { Done::Away } else { Done::Back })
    }

    pub(super) fn whois(&mut self, who: ConnId, name: &str) -> Result<(), ErrorCode> {
        let target = self.find_nick(name)?;
        let is_own = self.users.of(who) == Some(target);
        let is_told_all = is_own || self.is_operator(who);
        let sees_address = is_told_all || self.rules.addresses == Addresses::All;
        let user = &self.users[target];
        let rooms = user.rooms().iter();
        let rooms = rooms.filter(|&&id| is_told_all || self.sees_into(who, id));
        let entry = WhoisEntry {
            nick: user.nick().clone(),
            peer: sees_address.then_some(user.peer),
            rooms: rooms.map(|&id| self.rooms.get(id).name.clone()).collect(),
            away: user.away().cloned(),
            is_operator: user.is_operator(),
        };
        self.answer(who, Event::Whois(Box::new(entry)))
    }

    pub(super) fn quit(&mut self, who: ConnId, words: Option<String>) -> Result<(), ErrorCode> {
        words.as_deref().map_or(Ok(()), check_note)?;
        let is_muted = self.users.of(who).is_some_and(|id| self.is_muted(id));
        let words = words.filter(|_| !is_muted);
        self.consoles.remove(&who);
        self.end_session(who, Departure::Quit(words));
        self.effects.push_back(Effect::Close { who });
        Ok(())
    }
}
