//! The hub: the sessions of the chat's users, as a pure state machine. Requests go in, effects come out; it knows no
//! socket, no dialect and no clock.
//!
//! Its methods are of four kinds: getters, `handle_*` for what happens, mutators, and `poll_*`
//! for what is to be done about it and when time is to go on. What a request comes to is decided first: an answer, a
//! question for others, or an entry for the chat, with what goes on when that has been applied. Nobody asks for the time
//! or for whose request it is: both are handed down. Files call downwards:
//! ```text
//! mod (what is asked) · due (what time brings) · history (what is on disk) · snapshot (as bytes)
//!   → coming, talk, utter, rooms, modes, metadata, profiles, operate, accounts, logins, quitting, later, lasting, mail,
//!     seeking → amending, lookup, listing, reading, posting, scan (decide)
//!   → continuing (carries out what was decided, and goes on when an entry was applied)
//!   → hear (commits an entry, and hears the facts that come of it)
//!   → entering, parting, beside, said, tagged, changes, deleted, amended (who is told of them)
//!   → catchup, presence, guests, expiry, watches, roster, tell → held (what waits for the disk) → asker → state
//! ```
//!
//! A user is who one is to the others, in the chat; a session what one of its connections has for itself. Rooms
//! have users as members; their readers, which are sessions, are what is told walks. What one connection has, and what
//! is known beside the chat, is kept by `session`.

mod accounts;
mod amended;
mod amending;
mod asker;
mod asking;
mod beside;
mod catchup;
mod changes;
mod changing;
mod coming;
mod continuing;
mod debts;
mod decision;
mod deleted;
mod due;
mod effect;
mod elsewhere;
mod entering;
mod exile;
mod expiry;
mod guests;
mod hear;
mod held;
mod history;
mod invitations;
mod lasting;
mod later;
mod listing;
mod logins;
mod lookup;
mod mail;
mod metadata;
#[cfg(test)]
mod model_test;
mod modes;
mod operate;
#[cfg(any(test, feature = "testing"))]
pub mod oracle;
mod outgoing;
mod parting;
mod posting;
mod presence;
mod profiles;
mod proposing;
mod questions;
mod quitting;
mod reading;
mod rooms;
mod roster;
mod said;
mod scan;
mod seeking;
mod snapshot;
mod state;
mod tagged;
mod talk;
mod tell;
mod utter;
mod watches;
mod world;

pub(crate) use crate::chat::RoomId;
use crate::chat::Words;
pub use crate::chat::{Addresses, Rules};
pub(crate) use crate::session::{Reader, Readers};
pub(crate) use effect::{Audience, Effect, Report};
pub use state::Hub;

use crate::chat::{Chat, Entry, LOBBY, SnapshotError};
#[cfg(any(test, feature = "testing"))]
use crate::log::Mirror;
use crate::model::{
    ConnId, ErrorCode, Event, Kept, Manner, Moment, Peer, Request, RequestId, Secret, Settings,
};
use asking::What;
use coming::Coming;
use decision::{Caller, Decision};

impl Hub {
    /// Goes on from what was kept. To be called before anybody comes.
    pub fn load(&mut self, kept: Kept) {
        (self.history.kept, self.history.handed) = (kept.last_id, (kept.last_id, 0));
        for id in self.chat.load(&kept) {
            self.local.open(id, kept.last_id);
        }
        self.load_local(kept);
    }

    fn load_local(&mut self, kept: Kept) {
        self.restore_uses(kept.ran_ms, kept.uses);
        for mut scrollback in kept.scrollbacks {
            // What was said after the state of a cluster is read back yet.
            let last = self.chat.last_id();
            scrollback.messages.retain(|message| message.id <= last);
            if let Some(id) = self.chat.rooms().find(&scrollback.room) {
                self.restore_scrollback(id, scrollback.messages, scrollback.has_more);
            }
        }
    }

    /// Begins the chat of a cluster with what was kept here. To be called before anybody comes.
    pub fn begin_cluster(&mut self, kept: Kept) {
        self.chat.begin_cluster(&kept);
        self.load(kept);
    }

    /// The chat as bytes, from which another server of the cluster begins.
    pub fn state(&self) -> Vec<u8> {
        self.chat.snapshot()
    }

    /// Goes on with the chat of a cluster, and what was kept here. To be called before anybody comes. What decides in the
    /// chat is as the cluster's first server has it.
    ///
    /// # Errors
    /// As [`crate::chat::read_snapshot`].
    pub fn load_state(&mut self, kept: Kept, state: &[u8]) -> Result<(), SnapshotError> {
        let own = self.chat.rules().clone();
        let mut chat = Chat::restore(state, own.hash_seed)?;
        let rules = chat.rules().clone();
        chat.set_rules(Rules {
            is_multi: rules.is_multi,
            is_strict: rules.is_strict,
            addresses: rules.addresses,
            ..own
        });
        self.chat = chat;
        (self.history.kept, self.history.handed) = (kept.last_id, (kept.last_id, 0));
        for (id, _) in self.chat.rooms().iter().filter(|(id, _)| *id != LOBBY) {
            self.local.open(id, kept.last_id);
        }
        self.load_local(kept);
        Ok(())
    }

    /// Has a second chat be given every entry from now on, and compared with the first.
    #[cfg(any(test, feature = "testing"))]
    pub fn mirror(&mut self) {
        self.log.mirror = Some(Mirror::of(&self.chat));
    }

    /// # Panics
    /// Where the second chat, if there is one, has come to another state.
    #[cfg(any(test, feature = "testing"))]
    pub fn check_mirror(&self) {
        if let Some(mirror) = &self.log.mirror {
            mirror.check_state(&self.chat);
        }
    }

    /// Other settings hold from now on. Whoever is in stays in.
    pub fn set_settings(&mut self, settings: Settings, now: Moment) {
        self.commit_certain(Entry::Set { settings }, now);
    }

    /// What makes an operator from now on; who is one already stays it.
    pub fn set_oper_password(&mut self, password: Option<Secret>) {
        self.chat.set_oper_password(password);
    }

    /// What is said from now on to everybody who comes in.
    pub fn set_motd(&mut self, lines: Vec<String>) {
        self.chat.set_motd(lines);
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
        self.show(who, now);
        let caller = Caller { who, peer, now };
        let decision = match self.held.is_full() && !matches!(request, Request::Quit { .. }) {
            false => self.handle(caller, request),
            true => {
                // Past all that waits already.
                let (to, event) = (who, Event::Error(ErrorCode::Busy));
                return self.effects.push_back(Effect::Answer { to, id, event });
            }
        };
        self.conclude(who, id, decision, now);
    }

    /// What a request comes to.
    fn handle(&mut self, caller: Caller, request: Request) -> Result<Decision, ErrorCode> {
        let who = caller.who;
        match request {
            Request::Unlock { password, then } => {
                self.unlock(caller, &password)?;
                match then {
                    Some(request) => self.handle(caller, *request),
                    None => Ok(Decision::Answer(Event::Unlocked)),
                }
            }
            _ if self.is_locked_out(who) => Err(ErrorCode::WrongServerPassword),
            Request::Join { .. } => match Coming::of(request) {
                Some((coming, login)) => self.join(caller, coming, login),
                None => Ok(Decision::Done),
            },
            Request::JoinUnnamed => self.join_unnamed(caller),
            Request::ComeIn {
                nick,
                profile,
                account,
            } => self.come_in_nowhere(caller, nick, profile, account),
            Request::Prove { name, login } => self.prove(caller, name, login),
            Request::RegisterEarly {
                name,
                password,
                code,
                then,
            } => {
                let what = match then {
                    Some(then) => Coming::of(*then).map(|(coming, _)| What::Join {
                        coming,
                        is_multi: false,
                    }),
                    None => None,
                };
                let what = what.unwrap_or(What::Proof);
                self.register_early(caller, (name, password, code), what)
            }
            Request::Answer(password) => self.join_by(caller, password),
            Request::Challenge { name } => self.challenge(caller, name),
            Request::ProveBy { name, proof } => self.prove_by(caller, name, proof),
            Request::Login { name, login } if self.is_stranger(who) => {
                self.join(caller, Coming::plain(name), Some(login))
            }
            _ if self.is_stranger(who) => Err(ErrorCode::NotJoined),
            Request::HearEach { is_on } => self.hear_each(who, is_on),
            Request::Nick { nick } => self.change_nick(who, nick),
            Request::Say { room, text } => self.say(who, room, Manner::Said, text),
            Request::Act { room, text } => self.say(who, room, Manner::Acted, text),
            Request::Private { to, text } => self.say_privately(caller, &to, Words::said(text)),
            Request::Delete { within, id, reason } => self.delete(caller, within, id, reason),
            Request::About(about) => self.ask_about(caller, *about),
            Request::List => self.list(who),
            Request::Members { room, page } => self.tell_members(who, room, &page),
            Request::Rooms { from } => self.tell_rooms(who, &from),
            Request::Enter {
                room,
                entry,
                key,
                resume,
                replay,
            } => self.enter(caller, room, (entry, key), resume, replay),
            Request::Leave { room } => self.leave_room(who, room, None),
            Request::Part { room, words } => self.leave_room(who, Some(room), words),
            Request::Utter(utterance) => self.utter(caller, *utterance),
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
            Request::Ping => Ok(Decision::Answer(Event::Pong)),
            Request::Help { command } => Ok(Decision::Answer(Event::Help {
                is_operator: self.is_operator(who),
                has_accounts: self.check_accounts().is_ok(),
                command,
            })),
            Request::Quit { words } => self.quit(caller, words),
            Request::Oper { password } => self.oper(caller, password.reveal()),
            Request::OperAs { name, password } => self.oper_as(caller, &name, password),
            Request::Register { password, code } => self.register(caller, password, code),
            Request::Login { name, login } => self.login(caller, name, login),
            Request::Logout => self.logout(who),
            Request::Passwd { old, new } => self.set_password(caller, old, new),
            Request::Unregister { password } => self.unregister(caller, password),
            Request::Token { change } => self.change_token(caller, change),
            Request::InviteCode(change) => self.change_code(caller, change),
            Request::Appoint {
                room,
                name,
                moderates,
            } => self.appoint(who, room, &name, moderates),
            Request::History { room, with, range } => self.tell_history(caller, room, with, range),
            Request::Search { room, words, range } => self.search(caller, room, words, range),
            Request::Upload(claim) => self.ticket(who, claim),
            Request::Export { room } => self.export(who, room),
            Request::Kick { room, name, reason } => self.kick(who, room, &name, reason),
            Request::Mute {
                room,
                name,
                seconds,
            } => self.mute(caller, room, &name, Some(seconds)),
            Request::Unmute { room, name } => self.mute(caller, room, &name, None),
            Request::Mode { room, change } => self.change_mode(who, room, change),
            Request::Invite { room, name } => self.invite(who, room, &name),
            Request::Ban {
                mask,
                seconds,
                reason,
            } => self.ban(caller, &mask, seconds, reason),
            Request::Unban { mask } => self.unban(who, &mask),
            Request::Bans => self.tell_bans(caller),
            Request::Rename { from, to } => self.rename(who, &from, &to),
            Request::Announce { text } => self.announce(who, text),
            Request::CloseRoom { room } => self.close_room(who, room),
            Request::LockRoom { room, locked } => self.lock_room(who, room, locked),
            Request::Clients => self.tell_clients(who),
            Request::Stats => self.report(who, Report::Stats),
            Request::Nodes => self.report(who, Report::Nodes),
            Request::Drain { node } => self.report(who, Report::Drain(node)),
            Request::Shutdown { seconds } => self.shut_down(who, seconds),
        }
    }
}

#[cfg(test)]
mod tests;
