//! The hub: the chat itself, as a pure state machine. Requests go in, effects come out; it knows no
//! socket, no dialect and no clock.
//!
//! Its methods are of four kinds: getters, `handle_*` for what happens, mutators, and `poll_*`
//! for what is to be done about it and when time is to go on. Requests are handled by theme: `talk` (names
//! and words), `rooms` and `listing`, `operate` (what operators do), `lookup` and `scan` (what was said),
//! `accounts`; what comes of accounts is in `logins`, `guests`, `ownership`, `expiry`, `mail` and `multi`, what
//! comes of words in `history` and `catchup`; `mutes` says who says nothing, `presence` tells who comes and goes.

mod accounts;
mod catchup;
mod cut;
mod directory;
mod effect;
mod expiry;
mod guests;
mod history;
mod ignorers;
mod later;
mod listing;
mod logins;
mod lookup;
mod mail;
#[cfg(test)]
mod model_test;
mod multi;
mod mutes;
mod operate;
#[cfg(any(test, feature = "testing"))]
pub mod oracle;
mod ownership;
mod presence;
mod quota;
mod reading;
mod room;
mod rooms;
mod rules;
mod scan;
mod session;
mod tail;
mod talk;
mod throttle;

use std::cell::Cell;
use std::collections::{HashSet, VecDeque};
use std::mem;

use core::net::IpAddr;

pub(crate) use effect::{Audience, Effect};
use ignorers::Ignorers;
pub(crate) use room::{LOBBY, Member, Room, RoomId};
pub use rules::{Addresses, Rules};
pub(crate) use session::Session;
use session::Sessions;

use crate::limits::NAMES_SHOWN_MAX;
use crate::model::{
    Author, ConnId, Departure, Done, ErrorCode, Event, Kept, Manner, Moment, Nick, Peer, Request,
    RequestId, RoomName, Roster, Secret, Settings, Target,
};
use accounts::{Accounts, Coming};
use expiry::Expiry;
use history::History;
use later::Later;
use operate::OPER_ALLOWANCE;
use room::Rooms;
use throttle::Throttle;

/// Places for effects that are kept between requests.
const IDLE_EFFECTS: usize = 64;

/// The pure chat state machine.
#[derive(Debug)]
pub struct Hub {
    rules: Rules,
    sessions: Sessions,
    rooms: Rooms,
    /// Connections of the operator's console, which have no session.
    consoles: HashSet<ConnId>,
    /// The console that hears what is said to the server itself, where there was one.
    watcher: Option<ConnId>,
    settings: Settings,
    /// Those who came in by a door whose form shows addresses.
    shown: HashSet<ConnId>,
    /// Invariant: exactly the sessions' ignored names the other way round.
    ignorers: Ignorers,
    /// Wrong operator passwords by address.
    failures: Throttle<Option<IpAddr>>,
    accounts: Accounts,
    /// Who has come without a word, and when the others are told of it, in milliseconds since the start;
    /// the first to be told is first. Some are gone, or told, already.
    untold: VecDeque<(u64, ConnId)>,
    /// The time of the request being handled.
    now: Moment,
    /// Its id, until it is answered or the answer is put off.
    request_id: Option<RequestId>,
    history: History,
    /// What is done over several turns, in order.
    later: VecDeque<Later>,
    /// Members, names and bans that were looked at since [`Hub::take_steps`].
    steps: Cell<usize>,
    expiry: Expiry,
    effects: VecDeque<Effect>,
}

impl Hub {
    /// An empty chat.
    pub fn new(rules: Rules, settings: Settings) -> Hub {
        Hub {
            sessions: Sessions::new(rules.hash_seed),
            rules,
            rooms: Rooms::new(),
            consoles: HashSet::new(),
            watcher: None,
            settings,
            shown: HashSet::new(),
            ignorers: Ignorers::default(),
            failures: Throttle::new(OPER_ALLOWANCE),
            accounts: Accounts::new(),
            untold: VecDeque::new(),
            now: Moment::default(),
            request_id: None,
            history: History::default(),
            later: VecDeque::new(),
            steps: Cell::new(0),
            expiry: Expiry::default(),
            effects: VecDeque::new(),
        }
    }

    /// Goes on from what was kept. To be called before anybody comes.
    pub fn restore(&mut self, kept: Kept) {
        self.set_last_id(kept.last_id);
        self.set_last_ms(kept.last_ms);
        self.restore_accounts(kept.accounts, kept.tokens);
        for room in kept.rooms {
            self.restore_room(room);
        }
        self.restore_uses(kept.ran_ms, kept.uses);
        for tail in kept.tails {
            if let Some(id) = self.rooms.find(&tail.room) {
                self.restore_tail(id, tail.messages, tail.has_more);
            }
        }
    }

    /// The session of a connection that has joined.
    pub fn session(&self, who: ConnId) -> Option<&Session> {
        self.sessions.get(who)
    }

    /// How many have joined.
    pub fn online(&self) -> usize {
        self.sessions.len()
    }

    /// How many rooms there are, the lobby included.
    pub fn rooms(&self) -> usize {
        self.rooms.len()
    }

    /// The members of a room that an effect names; none where it has ended meanwhile.
    pub fn members(&self, room: RoomId) -> &[Member] {
        self.rooms.try_get(room).map_or(&[], Room::members)
    }

    /// A session as a member of a room that it is in.
    pub fn member(&self, who: ConnId, room: RoomId) -> Option<Member> {
        let session = self.session(who)?;
        session.is_in(room).then_some(Member {
            id: who,
            here: session.focus() == room,
        })
    }

    /// Does a connection speak in the room that an event for it alone is of?
    pub fn is_here(&self, who: ConnId, event: &Event) -> bool {
        let Event::History {
            target: Target::Room(room),
            ..
        } = event
        else {
            return true;
        };
        let member = self.rooms.find(room).and_then(|id| self.member(who, id));
        member.is_some_and(|member| member.here)
    }

    /// What is to survive a restart.
    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    /// Other settings hold from now on. Whoever is in stays in.
    pub fn set_settings(&mut self, mut settings: Settings) {
        settings.mutes.take_over_connections(&self.settings.mutes);
        self.settings = settings;
    }

    /// What makes an operator from now on; who is one already stays it.
    pub fn set_oper_password(&mut self, password: Option<Secret>) {
        self.rules.oper_password = password;
    }

    /// Is the address kept out? If so, that is the refusal.
    pub fn refusal_of(&self, peer: &Peer, now: Moment) -> Option<ErrorCode> {
        let ip = peer.ip()?;
        self.note_steps(self.settings.bans.len());
        let ban = self
            .settings
            .bans_at(now)
            .find(|ban| ban.mask.covers_ip(ip))?;
        Some(ErrorCode::AddressBanned(ban.reason.clone()))
    }

    /// A connection is the operator's own: it may ask what operators may, and has no session.
    pub fn handle_console(&mut self, who: ConnId) {
        self.consoles.insert(who);
    }

    /// A console hears what is said to the server itself.
    pub fn handle_watcher(&mut self, who: ConnId) {
        self.watcher = Some(who);
    }

    /// A connection is at a door whose form shows addresses: its own is shown there.
    pub fn handle_shown(&mut self, who: ConnId) {
        self.shown.insert(who);
    }

    /// A connection is gone that had no session.
    pub fn handle_gone(&mut self, who: ConnId) {
        self.shown.remove(&who);
        self.consoles.remove(&who);
    }

    /// Handles one request of a connection at `peer`.
    ///
    /// A request with an id has one answer that carries it: where it needs no other, that it is done.
    pub fn handle_request(
        &mut self,
        who: ConnId,
        peer: Peer,
        request: Request,
        id: Option<RequestId>,
        now: Moment,
    ) {
        self.now = now;
        self.request_id = id;
        self.tell_of_coming(who);
        if let Err(code) = self.handle(who, peer, request) {
            self.refuse(who, code);
        }
        if let Some(id) = self.request_id.take() {
            self.answer_with(who, Some(id), Event::Done { what: None });
        }
    }

    fn handle(&mut self, who: ConnId, peer: Peer, request: Request) -> Result<(), ErrorCode> {
        match request {
            Request::Join {
                nick,
                wants_users,
                login,
                resume,
                replay,
            } => {
                let coming = Coming {
                    nick,
                    wants_users,
                    is_untold: false,
                    resume,
                    replay,
                };
                self.join(who, peer, coming, login)
            }
            Request::JoinUnnamed => self.join_unnamed(who, peer),
            Request::Login { name, login }
                if !self.consoles.contains(&who) && !self.sessions.contains(who) =>
            {
                self.join(who, peer, Coming::plain(name), Some(login))
            }
            _ if !self.consoles.contains(&who) && !self.sessions.contains(who) => {
                Err(ErrorCode::NotJoined)
            }
            Request::Nick { nick } => self.change_nick(who, nick),
            Request::Say { room, text } => self.say(who, room, Manner::Said, text),
            Request::Act { room, text } => self.say(who, room, Manner::Acted, text),
            Request::Private { to, text } => self.say_privately(who, &to, text),
            Request::List => self.list(who),
            Request::Members { room, page } => self.tell_members(who, room, &page),
            Request::Rooms { from } => self.tell_rooms(who, &from),
            Request::Enter {
                room,
                entry,
                key,
                resume,
                replay,
            } => self.enter(who, room, entry, key.as_deref(), resume, replay),
            Request::Leave { room } => self.leave_room(who, room),
            Request::Topic { room, text } => self.topic(who, room, text),
            Request::Ignore { name } => self.ignore(who, &name),
            Request::Unignore { name } => self.unignore(who, &name),
            Request::Away { text } => self.away(who, text),
            Request::Whois { name } => self.whois(who, &name),
            Request::Ping => self.answer(who, Event::Pong),
            Request::Help { command } => self.answer(who, Event::Help { command }),
            Request::Quit { words } => self.quit(who, words),
            Request::Oper { password } => self.oper(who, peer, password.reveal()),
            Request::Register { password } => self.register(who, peer, password),
            Request::Login { name, login } => self.login(who, peer, name, login),
            Request::Logout => self.logout(who),
            Request::Passwd { old, new } => self.set_password(who, peer, old, new),
            Request::Unregister { password } => self.unregister(who, peer, password),
            Request::Token { change } => self.change_token(who, peer, change),
            Request::Appoint {
                room,
                name,
                moderates,
            } => self.appoint(who, room, &name, moderates),
            Request::History { room, with, range } => self.tell_history(who, room, with, range),
            Request::Search { room, words, range } => self.search(who, room, words, range),
            Request::Export { room } => self.export(who, room),
            Request::Kick { room, name, reason } => self.kick(who, room, &name, reason),
            Request::Mute {
                room,
                name,
                seconds,
            } => self.mute(who, room, &name, Some(seconds)),
            Request::Unmute { room, name } => self.mute(who, room, &name, None),
            Request::Mode { room, change } => self.change_mode(who, room, change),
            Request::Invite { room, name } => self.invite(who, room, &name),
            Request::Ban {
                mask,
                seconds,
                reason,
            } => self.ban(who, &mask, seconds, reason),
            Request::Unban { mask } => self.unban(who, &mask),
            Request::Bans => self.tell_bans(who),
            Request::Rename { from, to } => self.rename(who, &from, &to),
            Request::Announce { text } => self.announce(who, text),
            Request::CloseRoom { room } => self.close_room(who, room),
            Request::LockRoom { room, locked } => self.lock_room(who, room, locked),
            Request::Clients => self.tell_clients(who),
            Request::Stats => self.report(who),
            Request::Shutdown { seconds } => self.shut_down(who, seconds),
        }
    }

    /// A connection is gone, or about to be: its user leaves, if it had joined.
    pub fn handle_leave(&mut self, who: ConnId, now: Moment) {
        self.now = now;
        self.handle_gone(who);
        self.forgive(who);
        self.end_session(who, Departure::Quit(None));
    }

    /// What is to be done next, in order.
    pub fn poll_effect(&mut self) -> Option<Effect> {
        let effect = self.effects.pop_front();
        if effect.is_none() {
            self.effects.shrink_to(IDLE_EFFECTS);
        }
        effect
    }

    fn end_session(&mut self, who: ConnId, why: Departure) {
        self.forget_scans(who);
        self.accounts.asking.remove(&who);
        let Some(nick) = self.nick_of(who).cloned() else {
            return;
        };
        self.effects.push_back(Effect::Gone { who, nick });
        self.take_away(who, why);
    }

    /// Removes a session. A user of whom that was the last connection leaves, which the others are told.
    fn take_away(&mut self, who: ConnId, why: Departure) {
        self.use_account_of(who);
        self.hand_on(who);
        self.stop_grace(who);
        let Some(session) = self.sessions.remove(who) else {
            return;
        };
        for key in session.ignored() {
            self.ignorers.remove(key, who);
        }
        if session.is_second() {
            return self.take_second_away(who, &session);
        }
        if session.is_untold() {
            return self.take_untold_away(who);
        }
        let mut told = Vec::new();
        for &room in session.rooms() {
            if self.remove_member(who, room) {
                told.push(room);
            }
        }
        let nick = session.nick().clone();
        if !told.is_empty() {
            let audience = self.neighbours(who, &told);
            self.broadcast(audience, Event::Left { nick, why });
        }
    }

    /// The session of who asks; a console has none.
    fn own(&self, who: ConnId) -> Result<&Session, ErrorCode> {
        self.sessions.get(who).ok_or(ErrorCode::NotJoined)
    }

    fn own_mut(&mut self, who: ConnId) -> Result<&mut Session, ErrorCode> {
        self.sessions.get_mut(who).ok_or(ErrorCode::NotJoined)
    }

    /// May it ask what operators may?
    pub fn is_operator(&self, who: ConnId) -> bool {
        self.consoles.contains(&who) || self.sessions.get(who).is_some_and(Session::is_operator)
    }

    /// Whose name that is.
    fn find_nick(&self, name: &str) -> Result<ConnId, ErrorCode> {
        let found = self.sessions.find(name);
        found.ok_or_else(|| ErrorCode::NoSuchNick(name.into()))
    }

    fn nick_of(&self, who: ConnId) -> Option<&Nick> {
        self.sessions.get(who).map(Session::nick)
    }

    /// Name and address as events carry them: everybody is shown the same.
    fn author(&self, who: ConnId) -> Result<Author, ErrorCode> {
        let session = self.own(who)?;
        let is_shown = match self.rules.addresses {
            Addresses::None => false,
            Addresses::OfDoors => self.shown.contains(&who),
            Addresses::All => true,
        };
        Ok(Author {
            nick: session.nick().clone(),
            peer: match is_shown {
                true => session.peer,
                false => session.peer.hidden(who.slot),
            },
        })
    }

    /// The room of that name, or the one that is spoken in, if the session is in it.
    fn entered(&self, who: ConnId, name: Option<RoomName>) -> Result<RoomId, ErrorCode> {
        let session = self.own(who)?;
        let Some(name) = name else {
            return Ok(session.focus());
        };
        match self.rooms.find(&name) {
            Some(id) if session.is_in(id) => Ok(id),
            Some(_) => Err(ErrorCode::NotInRoom(name)),
            None => Err(ErrorCode::NoRoomToEnter(name)),
        }
    }

    /// The other connections in the rooms that still exist, each once, as members of the first that they share.
    fn neighbours(&self, who: ConnId, rooms: &[RoomId]) -> Audience {
        if let &[room] = rooms {
            return Audience::others(room, who);
        }
        let mut seen = vec![false; self.sessions.slots()];
        let mut is_new = |id: ConnId| {
            let seen = seen.get_mut(id.slot as usize);
            seen.is_some_and(|seen| !mem::replace(seen, true))
        };
        is_new(who);
        self.note_steps(rooms.iter().map(|&room| self.members(room).len()).sum());
        let members = rooms.iter().flat_map(|&room| self.members(room));
        let others = members.filter(|member| is_new(member.id));
        Audience::Each(others.copied().collect())
    }

    /// So many members, names or bans are looked at for what is being handled.
    fn note_steps(&self, count: usize) {
        self.steps.set(self.steps.get().saturating_add(count));
    }

    /// Members, names and bans that were looked at since the last call: work that what is told does not show.
    pub fn take_steps(&mut self) -> usize {
        self.steps.take()
    }

    /// The first who are in a room, as many as are named at once.
    fn roster(&self, room: RoomId) -> Roster {
        self.users_from(room, 0, NAMES_SHOWN_MAX)
    }

    /// So many of the users who are in a room at most, from the member at `start` on.
    fn users_from(&self, room: RoomId, start: usize, limit: usize) -> Roster {
        let hidden = match room {
            LOBBY => self.untold_count(),
            _ => 0,
        };
        let room = self.rooms.get(room);
        let mut roster = Roster {
            members: room.count() - hidden,
            ..Roster::default()
        };
        let named = |member: &Member| {
            let session = self.session(member.id)?;
            let is_shown = !session.is_second() && !session.is_untold();
            is_shown.then(|| session.nick().clone())
        };
        let mut users = room.members()[start..].iter().filter_map(named);
        roster.nicks.extend(users.by_ref().take(limit));
        self.note_steps(roster.nicks.len());
        // Each of the members is looked at only where some of them are not shown.
        roster.rest = match (start, hidden + room.seconds()) {
            (0, _) => roster.members - roster.nicks.len(),
            (_, 0) => room.members().len() - start - roster.nicks.len(),
            _ => users.count(),
        };
        roster
    }

    /// The answer of the request being handled.
    fn answer(&mut self, to: ConnId, event: Event) -> Result<(), ErrorCode> {
        let id = self.request_id.take();
        self.answer_with(to, id, event);
        Ok(())
    }

    fn refuse(&mut self, to: ConnId, code: ErrorCode) {
        let id = self.request_id.take();
        self.answer_with(to, id, Event::Error(code));
    }

    fn answer_with(&mut self, to: ConnId, id: Option<RequestId>, event: Event) {
        self.effects.push_back(Effect::Answer { to, id, event });
    }

    /// Answers that it is done.
    fn done(&mut self, to: ConnId, what: Done) -> Result<(), ErrorCode> {
        self.answer(to, Event::Done { what: Some(what) })
    }

    fn tell(&mut self, to: ConnId, event: Event) {
        self.effects.push_back(Effect::Tell { to, event });
    }

    fn broadcast(&mut self, audience: Audience, event: Event) {
        self.effects
            .push_back(Effect::Broadcast { audience, event });
    }

    fn check_message(&self, text: &str) -> Result<(), ErrorCode> {
        match text.len() <= self.rules.message_bytes_max {
            true => Ok(()),
            false => Err(ErrorCode::MessageTooLong(self.rules.message_bytes_max)),
        }
    }
}

/// Holds a note (a topic, a reason, last words) to its limit.
fn check_note(text: &str) -> Result<(), ErrorCode> {
    match text.len() <= crate::limits::NOTE_BYTES_MAX {
        true => Ok(()),
        false => Err(ErrorCode::MessageTooLong(crate::limits::NOTE_BYTES_MAX)),
    }
}

#[cfg(test)]
mod tests;
