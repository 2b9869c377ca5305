//! The hub: the chat itself, as a pure state machine. Requests go in, effects come out; it knows no
//! socket, no dialect and no clock.
//!
//! Its methods are of four kinds: getters, `handle_*` for what happens, mutators, and `poll_*`
//! for what is to be done about it and when time is to go on. Requests are handled by theme: `coming`, `talk`
//! (names and words), `rooms` and `listing`, `operate` (what operators do), `lookup` and `scan` (what was
//! said), `accounts`; what comes of accounts is in `logins`, `beside`, `guests`, `ownership`, `expiry` and `mail`, what
//! comes of words in `history` and `catchup`; `mutes` says who says nothing, `presence` tells who comes and goes.
//! What is told goes through `tell`.
//!
//! A user is who one is to the others (`users`), a session what one of its connections has for itself. Rooms
//! have users as members; their readers, which are sessions, are what is told walks.

mod accounts;
mod asker;
mod beside;
mod bounds;
mod catchup;
mod coming;
mod cut;
mod directory;
mod effect;
mod expiry;
mod facts;
mod failures;
mod guests;
mod history;
mod ignorers;
mod later;
mod listing;
mod logins;
mod lookup;
mod mail;
mod metadata;
#[cfg(test)]
mod model_test;
mod modes;
mod mutes;
mod operate;
#[cfg(any(test, feature = "testing"))]
pub mod oracle;
mod ownership;
mod presence;
mod profiles;
mod quota;
mod readers;
mod reading;
mod room;
mod rooms;
mod rules;
mod scan;
mod scrollback;
mod session;
mod table;
mod talk;
mod tell;
mod throttle;
mod user;
mod users;
mod utter;
mod watches;

use std::cell::Cell;
use std::collections::{HashSet, VecDeque};

use core::net::IpAddr;

use bounds::check_note;
pub(crate) use effect::{Audience, Effect};
use ignorers::Ignorers;
pub(crate) use readers::{Reader, Readers};
pub(crate) use room::{LOBBY, RoomId};
pub use rules::{Addresses, Rules};
pub(crate) use user::User;

use crate::model::{
    ConnId, Departure, ErrorCode, Event, Kept, Manner, Moment, Peer, Request, RequestId, Secret,
    Settings, UserId,
};
use accounts::Accounts;
use coming::Coming;
use expiry::Expiry;
use history::History;
use later::Later;
use operate::OPER_ALLOWANCE;
use room::Rooms;
use throttle::Throttle;
use users::Users;
use watches::Watches;

/// Places for effects that are kept between requests.
const IDLE_EFFECTS: usize = 64;

/// The pure chat state machine.
#[derive(Debug)]
pub struct Hub {
    rules: Rules,
    users: Users,
    rooms: Rooms,
    /// Connections of the operator's console, which have no session.
    consoles: HashSet<ConnId>,
    /// The console that hears what is said to the server itself, where there was one.
    watcher: Option<ConnId>,
    settings: Settings,
    /// Those who came in by a door whose form shows addresses.
    shown: HashSet<ConnId>,
    /// Invariant: exactly the users' ignored names the other way round, by their sessions.
    ignorers: Ignorers,
    /// Wrong operator passwords by address.
    failures: Throttle<Option<IpAddr>>,
    accounts: Accounts,
    /// Who has come without a word, and when the others are told of it, in milliseconds since the start;
    /// the first to be told is first. Some are gone, or told, already.
    untold: VecDeque<(u64, UserId)>,
    /// The time of the request being handled.
    now: Moment,
    /// Its id, until it is answered or the answer is put off.
    request_id: Option<RequestId>,
    history: History,
    /// Who waits for which names, and who went by which.
    watches: Watches,
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
            users: Users::new(rules.hash_seed),
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
            watches: Watches::default(),
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
        for scrollback in kept.scrollbacks {
            if let Some(id) = self.rooms.find(&scrollback.room) {
                self.restore_scrollback(id, scrollback.messages, scrollback.has_more);
            }
        }
    }

    /// How many users have joined.
    pub fn online(&self) -> usize {
        self.users.len()
    }

    /// How many rooms there are, the lobby included.
    pub fn rooms(&self) -> usize {
        self.rooms.len()
    }

    /// What is to survive a restart.
    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    /// Other settings hold from now on. Whoever is in stays in.
    pub fn set_settings(&mut self, mut settings: Settings) {
        settings.mutes.take_over_users(&self.settings.mutes);
        self.settings = settings;
    }

    /// What makes an operator from now on; who is one already stays it.
    pub fn set_oper_password(&mut self, password: Option<Secret>) {
        self.rules.oper_password = password;
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
        self.cancel_pending(who);
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
        if let Some(user) = self.users.of(who) {
            self.tell_of_coming(user);
        }
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
            Request::ComeIn {
                nick,
                profile,
                account,
            } => self.come_in_nowhere(who, peer, nick, profile, account),
            Request::Prove { name, login } => self.prove(who, peer, name, login),
            Request::Login { name, login } if self.is_stranger(who) => {
                self.join(who, peer, Coming::plain(name), Some(login))
            }
            _ if self.is_stranger(who) => Err(ErrorCode::NotJoined),
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
            Request::Leave { room } => self.leave_room(who, room, None),
            Request::Part { room, words } => self.leave_room(who, Some(room), words),
            Request::Utter(utterance) => self.utter(who, *utterance),
            Request::Modes { room, changes } => self.change_modes(who, room, changes),
            Request::Describe { change } => self.describe(who, change),
            Request::SetMetadata { target, key, value } => {
                self.set_metadata(who, target, key, value)
            }
            Request::Watch { change } => self.watch(who, change),
            Request::MarkRead { target, to_ms } => self.mark_read(who, target, to_ms),
            Request::Rehash => self.rehash(who),
            Request::Wallops { text } => self.wallops(who, text),
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

    /// A connection is gone, or about to be: its user leaves, if it had joined and this was its last.
    pub fn handle_leave(&mut self, who: ConnId, now: Moment) {
        self.now = now;
        self.handle_gone(who);
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
}

#[cfg(test)]
mod tests;
