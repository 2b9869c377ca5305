//! Names and words: who one is, what one says, and to whom.

use std::sync::Arc;

use crate::limits::{IGNORED_MAX, STEPS_PER_IGNORER};

use crate::model::{
    Absence, AccountId, Author, ConnId, Departure, Done, Entry, ErrorCode, Event, Key, Login,
    Manner, Message, MessageId, Moment, Nick, Peer, Record, RoomName, Roster, WhoisEntry,
};

use super::accounts::Coming;
use super::{Addresses, Audience, Effect, Hub, LOBBY, RoomId, Session, check_note};

/// Whom one speaks to who speaks to the operator.
const SERVER: &str = "Server";

impl Hub {
    pub(super) fn join(
        &mut self,
        who: ConnId,
        peer: Peer,
        coming: Coming,
        login: Option<Login>,
    ) -> Result<(), ErrorCode> {
        if self.sessions.contains(who) {
            return Err(ErrorCode::AlreadyJoined);
        }
        // It may have been banned since the connection was accepted.
        if let Some(refusal) = self.refusal_of(&peer, self.now) {
            return Err(refusal);
        }
        if let Some(login) = login {
            return self.join_account(who, peer, coming, login);
        }
        self.check_free(&coming.nick)?;
        self.check_unregistered(&coming.nick)?;
        let resume = self.come_in(who, peer, coming)?;
        self.resume(who, &resume)?;
        self.begin_grace(who);
        Ok(())
    }

    /// Comes in under a free name made of the address. The others are told when it says something, or has
    /// said nothing for a while: what it says first may be another protocol's, and then nobody is told.
    pub(super) fn join_unnamed(&mut self, who: ConnId, peer: Peer) -> Result<(), ErrorCode> {
        let nick = self.free_nick(peer.number());
        let coming = Coming {
            is_untold: true,
            ..Coming::plain(nick)
        };
        self.join(who, peer, coming, None)
    }

    /// Comes in under a name that is free. Returns what is resumed.
    pub(super) fn come_in(
        &mut self,
        who: ConnId,
        peer: Peer,
        coming: Coming,
    ) -> Result<Vec<(RoomName, MessageId)>, ErrorCode> {
        let Coming {
            nick,
            wants_users,
            is_untold,
            resume,
            replay,
        } = coming;
        let mut session = Session::new(nick.clone(), peer, LOBBY);
        session.replay = self.replay_of(replay);
        self.sessions.insert(who, session);
        self.rooms.enter(LOBBY, who);
        self.rooms.get_mut(LOBBY).set_here(who, true);
        self.follow_mutes(who);
        let author = self.author(who)?;
        let users = match wants_users {
            true => self.roster(LOBBY),
            false => Roster::default(),
        };
        self.answer(who, Event::Welcome { nick, users })?;
        match is_untold {
            true => self.tell_later(who),
            false => self.tell_of_entering(who, LOBBY, Event::Joined { author }),
        }
        Ok(resume)
    }

    /// Shows who has come in what was said in its rooms, and in others that it goes on in.
    pub(super) fn resume(
        &mut self,
        who: ConnId,
        resume: &[(RoomName, MessageId)],
    ) -> Result<(), ErrorCode> {
        let (rooms, focus) = (self.own(who)?.rooms().to_vec(), self.own(who)?.focus());
        for &id in &rooms {
            let key = self.rooms.get(id).name.key();
            let had = resume.iter().find(|(room, _)| room.key() == key);
            self.show_past(who, id, had.map(|&(_, id)| id), None);
        }
        for (room, had) in resume.iter().filter(|(room, _)| !room.is_lobby()) {
            let known = self.rooms.find(room);
            if known.is_some_and(|id| rooms.contains(&id)) {
                continue;
            }
            if let Err(code) = self.enter(who, room.clone(), Entry::Focus, None, Some(*had), None) {
                self.refuse(who, code);
            }
            self.set_focus(who, focus);
        }
        Ok(())
    }

    /// `anon-` and the number, or the next one that nobody took.
    pub(super) fn free_nick(&self, number: u32) -> Nick {
        (number..=u32::MAX)
            .chain(0..number)
            .map(|number| Nick::parse(&format!("anon-{number}")).expect("letters, - and digits"))
            .find(|nick| !self.is_registered(nick) && self.sessions.find(nick.as_str()).is_none())
            .expect("fewer names are taken than there are numbers")
    }

    fn check_free(&self, nick: &Nick) -> Result<(), ErrorCode> {
        self.check_nick(nick)?;
        match self.sessions.find(nick.as_str()) {
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
        let old = self.own(who)?.nick().clone();
        if old != nick && self.is_muted(who) {
            return Err(ErrorCode::Muted);
        }
        if old.key() != nick.key() {
            self.check_may_log_out(who)?;
        }
        let (from, to) = self.set_nick(who, nick)?;
        self.answer(who, Event::Renamed { from, to })?;
        self.begin_grace(who);
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
        self.tell_of_coming(who);
        let session = self.own(who)?;
        let (from, rooms) = (session.nick().clone(), session.rooms().to_vec());
        if from == to {
            // There is nothing to tell anybody.
            return Ok((from, to));
        }
        let lead = self.sessions.lead(who);
        if from.key() != to.key() {
            self.stop_grace(lead);
            self.forget_login(who);
            // What was said under the old one is somebody else's.
            self.change_all(who, |rare| rare.first_private = None);
        }
        self.sessions.rename(lead, to.clone());
        self.follow_mutes(who);
        let event = Event::Renamed {
            from: from.clone(),
            to: to.clone(),
        };
        self.broadcast(self.neighbours(who, &rooms), event);
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
        let own = self.sessions.find(bot.as_str());
        match room.is_guarded() && !own.is_some_and(|own| self.sessions[own].is_in(id)) {
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
        Ok((id, self.author(who)?))
    }

    /// May a user say anything in a room that it is in?
    pub(super) fn check_mute(&self, who: ConnId, id: RoomId) -> Result<(), ErrorCode> {
        match self.is_muted_in(who, id) {
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
        let is_member = |&ignorer: &ConnId| self.sessions[ignorer].is_in(id);
        let here = ignorers.iter().copied().filter(is_member);
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
        let Some(target) = self.sessions.find(to) else {
            return match self.watcher.filter(|id| self.consoles.contains(id)) {
                Some(operator) if Key::of(to) == Key::of(SERVER) => {
                    self.say_to_server(who, operator, text)
                }
                _ => self.leave_mail(who, to, text),
            };
        };
        let other = self.own(target)?;
        let (to, away) = (other.nick().clone(), other.away().cloned());
        let away = away.map(Absence::Away);
        if self.consoles.contains(&who) {
            self.tell_all(target, Event::OperatorTold { text: text.clone() });
            let id = None;
            return self.answer(who, Event::PrivateSent { to, id, text, away });
        }
        let author = self.author(who)?;
        if self.is_muted(who) {
            return Err(ErrorCode::Muted);
        }
        let message = self.message(author.nick, Manner::Said, text.clone());
        let id = Some(message.id);
        let from_account = self.note_private(who, message.id);
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
        if self.is_muted(who) {
            return Err(ErrorCode::Muted);
        }
        let message = Arc::new(Message {
            id: MessageId::default(),
            unix_ms: self.now.unix_ms,
            nick,
            manner: Manner::Said,
            text: text.clone(),
        });
        self.tell(operator, Event::Private { message });
        let to = Nick::parse(SERVER).expect("letters");
        let (id, away) = (None, None);
        self.answer(who, Event::PrivateSent { to, id, text, away })
    }

    /// Something is said by or to a user alone. Returns the account that it is logged in to; to other users
    /// belongs what was said since they go by their names.
    pub(super) fn note_private(&mut self, who: ConnId, id: MessageId) -> Option<AccountId> {
        let session = self.sessions.get(who)?;
        let account = session.account();
        if account.is_none() && session.first_private().is_none() {
            self.change_all(who, |rare| rare.first_private = Some(id));
        }
        account
    }

    pub(super) fn list(&mut self, who: ConnId) -> Result<(), ErrorCode> {
        let users = self.roster(self.own(who)?.focus());
        self.answer(who, Event::Listing { users })
    }

    pub(super) fn ignore(&mut self, who: ConnId, name: &str) -> Result<(), ErrorCode> {
        let other = self.find_nick(name)?;
        let nick = self.own(other)?.nick().clone();
        if self.own(who)?.ignored().count() >= IGNORED_MAX {
            return Err(ErrorCode::TooManyIgnored);
        }
        self.change_all(who, |rare| {
            rare.ignored.insert(nick.key());
        });
        for id in self.connections(who) {
            self.ignorers.insert(nick.key(), id);
        }
        self.done(who, Done::Ignored(nick))
    }

    pub(super) fn unignore(&mut self, who: ConnId, name: &str) -> Result<(), ErrorCode> {
        let key = Key::of(name);
        if !self.own(who)?.ignores(&key) {
            return Err(ErrorCode::NoSuchNick(name.into()));
        }
        self.change_all(who, |rare| {
            rare.ignored.remove(&key);
        });
        for id in self.connections(who) {
            self.ignorers.remove(&key, id);
        }
        self.done(who, Done::Unignored(name.into()))
    }

    pub(super) fn away(&mut self, who: ConnId, text: Option<String>) -> Result<(), ErrorCode> {
        text.as_deref().map_or(Ok(()), check_note)?;
        self.own(who)?;
        if text.is_some() && self.is_muted(who) {
            return Err(ErrorCode::Muted);
        }
        self.change_all(who, |rare| rare.away.clone_from(&text));
        let is_away = text.is_some();
        self.done(who, if is_away { Done::Away } else { Done::Back })
    }

    pub(super) fn whois(&mut self, who: ConnId, name: &str) -> Result<(), ErrorCode> {
        let target = self.find_nick(name)?;
        let is_own = target == self.sessions.lead(who);
        let is_told_all = is_own || self.is_operator(who);
        let sees_address = is_told_all || self.rules.addresses == Addresses::All;
        let session = self.own(target)?;
        let rooms = session.rooms().iter();
        let rooms = rooms.filter(|&&id| is_told_all || self.sees_into(who, id));
        let entry = WhoisEntry {
            nick: session.nick().clone(),
            peer: sees_address.then_some(session.peer),
            rooms: rooms.map(|&id| self.rooms.get(id).name.clone()).collect(),
            away: session.away().cloned(),
            is_operator: session.is_operator(),
        };
        self.answer(who, Event::Whois(Box::new(entry)))
    }

    pub(super) fn quit(&mut self, who: ConnId, words: Option<String>) -> Result<(), ErrorCode> {
        words.as_deref().map_or(Ok(()), check_note)?;
        let words = words.filter(|_| !self.is_muted(who));
        self.consoles.remove(&who);
        self.end_session(who, Departure::Quit(words));
        self.effects.push_back(Effect::Close { who });
        Ok(())
    }
}
