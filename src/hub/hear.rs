//! What comes of an entry, and who is told of it.

use std::mem;
use std::sync::Arc;

use crate::chat::{Actor, Cause, Entry, Fact, Leaving, RoomId};
use crate::limits::STEPS_PER_NAME_COVERED;
use crate::model::{
    AccountId, Change, ConnId, Done, ErrorCode, Event, Key, Mask, Moment, Nick, NodeId, Notice,
    Peer, ProfileChange, PutOut, Record, RoomName, UserId,
};
use crate::session::Lasting;

use super::decision::Asker;
use super::effect::{Audience, Effect};
use super::later::Later;
use super::state::Hub;

impl Hub {
    pub(super) fn hear(&mut self, fact: Fact, asker: Option<&mut Asker>, now: Moment) {
        match fact {
            Fact::Joined { user } => self.hear_joined(user, asker, now),
            Fact::Attached { user, node } if self.log.is_here(node) => {
                self.hear_attached(user, asker, now);
            }
            Fact::Replaced { user, node } if self.log.is_here(node) => {
                self.hear_replaced(user, now);
            }
            Fact::Attached { .. } | Fact::Replaced { .. } => {}
            Fact::Shown { user, nick } => self.tell_of_coming(user, nick, now),
            Fact::Gone {
                id,
                user,
                members,
                why,
            } => self.hear_gone((id, &user), &members, why, now),
            Fact::Merged {
                id,
                user,
                into,
                rooms,
                members,
            } => self.hear_merged((id, &user), &members, into, rooms, now),
            Fact::Renamed {
                user,
                from,
                to,
                cause,
            } => self.hear_renamed(user, (from, to), cause, asker, now),
            Fact::LoggedIn { user, account } => {
                self.graces.stop(user);
                self.use_account(account, now);
                self.tell_of_account(user);
            }
            Fact::LoggedOut { user, nick } => {
                self.tell_user(user, &Event::Notice(Notice::LoggedOut(nick)));
                self.tell_of_account(user);
                self.let_out(user);
            }
            Fact::NameTaken { user } => self.begin_grace(user, now),
            Fact::NameFreed { user } => self.graces.stop(user),
            Fact::Ignores { user, key, is_on } => self.hear_ignores(user, &key, is_on),
            Fact::RoomMade { room } => self.open(room),
            Fact::RoomEnded { room } => {
                let bytes = self.local.end(room);
                self.forget_scrollback(bytes);
            }
            Fact::Entered {
                user,
                room,
                is_made,
                was_in,
            } => self.hear_entered(user, room, (is_made, was_in), asker, now),
            Fact::Left {
                user,
                room,
                name,
                members,
                is_back,
                leaving,
            } => {
                let is_told = self.read_no_more(user, room, (members, is_back), now);
                if let Leaving::Kicked(_, event) = &leaving {
                    self.keep_happening(room, Arc::clone(event), now);
                }
                self.hear_left(user, (room, name), is_told, leaving, asker);
            }
            Fact::Owned { room, is_new } => self.hear_owned(room, is_new, now),
            Fact::NotOwned { room } => {
                let room = self.chat.rooms().get(room).name.clone();
                if let Some(asker) = asker {
                    self.tell(asker.who, Event::Notice(Notice::NotOwned(room)));
                }
            }
            Fact::Disowned { room, name } => {
                self.keep(Record::RoomGone(name));
                self.expiry.forget(Lasting::Room(room));
            }
            Fact::TopicSet { user, room, event } => {
                let id = event.id;
                self.keep_happening(room, event, now);
                self.hear_topic(user, room, id, asker);
            }
            Fact::ModesSet {
                by,
                room,
                changes,
                refusal,
                event,
            } => {
                let id = event.as_ref().map(|event| event.id);
                if let Some(event) = event {
                    self.keep_happening(room, event, now);
                }
                self.hear_modes(by, room, (changes, id), refusal, asker);
            }
            Fact::Invited { by, room, guest } => self.hear_invited(by, room, guest, asker),
            Fact::Appointed {
                by,
                room,
                account,
                moderates,
            } => self.hear_appointed(by, room, account, moderates, asker),
            Fact::Closed { by, room, name } => self.hear_closed(by, room, name, asker),
            Fact::Operator => self.answer_done(asker, Done::Operator),
            Fact::Away { user, text } => self.hear_away(user, text, asker),
            Fact::Described { user, change } => self.hear_described(user, change, asker),
            Fact::MetadataSet { by, of, key, value } => {
                self.hear_metadata(by, of, key, value, asker)
            }
            Fact::Tagged {
                user,
                to,
                words,
                id,
            } => self.hear_tagged(user, to, words, id, asker),
            Fact::Muted {
                by,
                user,
                name,
                room,
                is_muted,
            } => {
                let notice = Notice::Muted {
                    by: self.chat.nick_of(by),
                    room: room.clone(),
                    is_muted,
                };
                if let Some(user) = user {
                    self.tell_user(user, &Event::Notice(notice));
                }
                let done = Done::Muted {
                    name,
                    room,
                    is_muted,
                };
                self.answer_done(asker, done);
            }
            Fact::Banned { by, mask, reason } => self.hear_banned(by, &mask, reason, asker),
            Fact::Locked {
                room,
                is_new: false,
                ..
            } => self.answer_done(asker, Done::NotLocked(room)),
            Fact::Locked {
                room, is_locked, ..
            } => self.answer_done(asker, Done::Locked { room, is_locked }),
            Fact::SettingsChanged => self.effects.push_back(Effect::KeepSettings),
            Fact::Said {
                room,
                shown,
                message,
            } => self.hear_said(asker, room, shown, message, now),
            Fact::Private {
                to,
                message,
                from_account,
                to_account,
            } => self.hear_private(to, message, (from_account, to_account), asker, now),
            Fact::Mailed {
                to,
                message,
                from_account,
            } => self.hear_mailed(to, message, from_account, asker, now),
            Fact::Amended {
                user,
                message,
                amendment,
                id,
                unix_ms,
            } => self.hear_amended(user, &message, amendment, (id, unix_ms), asker, now),
            Fact::Deleted {
                by,
                message,
                reason,
                is_own,
                id,
            } => self.hear_deleted((by, is_own), (*message, id), reason, asker, now),
            Fact::Noted { account, note } => self.keep(Record::Note { account, note }),
            Fact::AccountChanged { change, of, at_ms } => {
                self.keep(Record::Account { change, of, at_ms });
            }
            Fact::MailTold { to, through } => self.keep(Record::Delivered { to, through }),
            Fact::AccountGone { account, nick } => self.hear_account_gone(account, &nick),
            Fact::AccountMade { account } => self.watch_new_account(account, now),
        }
    }

    fn hear_away(&mut self, user: UserId, text: Option<String>, asker: Option<&mut Asker>) {
        let done = match text {
            Some(_) => Done::Away,
            None => Done::Back,
        };
        let nick = self.name_of(user);
        self.tell_of_change(user, Change::Away { nick, text });
        self.answer_done(asker, done);
    }

    fn hear_described(&mut self, user: UserId, change: ProfileChange, asker: Option<&mut Asker>) {
        if let ProfileChange::Realname(text) = change {
            let nick = self.name_of(user);
            self.tell_of_change(user, Change::Realname { nick, text });
        }
        if let Some(asker) = asker {
            self.answer_asker(asker, Event::Done { what: None });
        }
    }

    fn hear_ignores(&mut self, user: UserId, key: &Key, is_on: bool) {
        for who in self.sessions.of(user) {
            match is_on {
                true => self.ignorers.insert(key.clone(), who),
                false => self.ignorers.remove(key, who),
            }
        }
    }

    fn hear_renamed(
        &mut self,
        user: UserId,
        (from, to): (Nick, Nick),
        cause: Cause,
        asker: Option<&mut Asker>,
        now: Moment,
    ) {
        if from.key() != to.key() {
            self.graces.stop(user);
            self.hear_name_changed(user, &from, &to, now);
        }
        let is_own = |who: &ConnId| self.sessions.user_of(*who) == Some(user);
        let own = asker.as_ref().map(|asker| asker.who).filter(is_own);
        let own = own.or_else(|| self.sessions.first_of(user));
        let event = Event::Renamed {
            from: from.clone(),
            to: to.clone(),
        };
        if from != to
            && let Some(user) = self.chat.users().get(user)
        {
            let rooms = user.rooms().to_vec();
            self.broadcast(self.neighbours(own, &rooms), event.clone());
        }
        match (cause, own) {
            (Cause::Own, Some(own)) => {
                let id = asker.and_then(|asker| asker.id.take());
                self.answer(own, id, event);
                self.begin_grace(user, now);
            }
            (Cause::Operator, own) => {
                if let Some(own) = own.filter(|_| from != to) {
                    self.tell(own, event);
                }
                self.begin_grace(user, now);
                if let Some(asker) = asker {
                    self.answer_asker(asker, Event::RenamedOther { from, to });
                }
            }
            (Cause::Aside(notice), Some(own)) => {
                self.tell_user(user, &Event::Notice(notice));
                self.tell(own, event);
            }
            (Cause::LoggedIn, Some(own)) => self.tell(own, event),
            // It has no session here.
            (Cause::Own | Cause::Aside(_) | Cause::LoggedIn, None) => {}
        }
    }

    fn hear_name_changed(&mut self, user: UserId, from: &Nick, to: &Nick, now: Moment) {
        if let Some(user) = self.chat.users().get(user) {
            self.watches
                .note_former(&self.chat, user, from.clone(), now);
        }
        self.tell_watchers_of_name(from, false);
        self.tell_watchers_of_name(to, true);
    }

    fn hear_invited(&mut self, by: UserId, id: RoomId, guest: UserId, asker: Option<&mut Asker>) {
        let room = self.chat.rooms().get(id).name.clone();
        let (by, nick) = (self.name_of(by), self.name_of(guest));
        if !self.chat.users()[guest].ignores(&by.key()) {
            let room = room.clone();
            let by = by.clone();
            self.tell_user(guest, &Event::Notice(Notice::Invited { by, room }));
        }
        let change = Change::Invited {
            by,
            nick: nick.clone(),
            room: room.clone(),
        };
        self.tell_watchful(id, asker.as_ref().map(|asker| asker.who), &change);
        self.answer_done(asker, Done::Invited { nick, room });
    }

    fn hear_appointed(
        &mut self,
        by: Actor,
        room: RoomId,
        account: AccountId,
        moderates: bool,
        asker: Option<&mut Asker>,
    ) {
        let Some(appointed) = self.chat.directory().get(account) else {
            return;
        };
        let nick = appointed.record.nick.clone();
        let room = self.chat.rooms().get(room).name.clone();
        if let Some(target) = self.chat.users().find(nick.as_str())
            && self.chat.users()[target].account() == Some(account)
            && by.user() != Some(target)
        {
            let notice = Notice::Appointed {
                by: self.chat.nick_of(by),
                room: room.clone(),
                moderates,
            };
            self.tell_user(target, &Event::Notice(notice));
        }
        let done = Done::Appointed {
            nick,
            room,
            moderates,
        };
        self.answer_done(asker, done);
    }

    fn hear_closed(&mut self, by: Actor, room: RoomId, name: RoomName, asker: Option<&mut Asker>) {
        // It has ended where nobody is in it.
        let found = self.chat.rooms().try_get(room).into_iter();
        let members = found.flat_map(|room| room.members());
        let connections = members.flat_map(|member| self.sessions.of(member.user));
        let later = connections.map(|who| Later::TakeOut {
            who,
            id: room,
            room: name.clone(),
        });
        let later: Vec<Later> = later.collect();
        let notice = Notice::Closed {
            by: self.chat.nick_of(by),
            room: name,
        };
        let readers = self.readers(room).iter().collect();
        self.broadcast(Audience::Each(readers), Event::Notice(notice));
        self.put_out_later(later, asker);
    }

    fn hear_owned(&mut self, room: RoomId, is_new: bool, now: Moment) {
        if is_new {
            self.watch_new_room(room, now);
        }
        if let Some(record) = self.chat.room_record(room) {
            self.keep(Record::Room(record));
        }
    }

    /// An account is gone: who asked about it is told nothing that it knew.
    pub(super) fn hear_account_gone(&mut self, account: AccountId, nick: &Nick) {
        self.expiry.forget(Lasting::Account(account));
        for waiting in self.accounts.waiting.values_mut() {
            waiting.is_void |= waiting.name.key() == nick.key();
        }
    }

    /// Names or addresses are kept out: those of them who are here are put out, but for who does it.
    pub(super) fn hear_banned(
        &mut self,
        by: Actor,
        mask: &Mask,
        reason: Option<String>,
        asker: Option<&mut Asker>,
    ) {
        self.note_steps(STEPS_PER_NAME_COVERED * self.sessions.slots());
        let is_covered = |nick: &Nick, peer: Peer| {
            mask.covers_name(&nick.key()) || peer.ip().is_some_and(|ip| mask.covers_ip(ip))
        };
        let covered = self.clients().filter(|&(id, nick, peer)| {
            let is_own = by.user().is_some() && self.sessions.user_of(id) == by.user();
            !is_own && is_covered(nick, peer)
        });
        let why = Arc::new(PutOut::Banned {
            by: self.chat.nick_of(by),
            reason,
        });
        let later = covered.map(|(who, ..)| Later::PutOut {
            who,
            why: Arc::clone(&why),
        });
        let later: Vec<Later> = later.collect();
        self.put_out_later(later, asker);
    }

    /// Has some put out over several turns.
    fn put_out_later(&mut self, later: Vec<Later>, asker: Option<&mut Asker>) {
        if let Some(asker) = asker {
            asker.put_out = later.len();
        }
        self.later.extend(later);
    }

    /// Has the chat take an entry of a server, and tells of what comes of it. Its time is `now`.
    ///
    /// # Errors
    /// Why the chat refuses it.
    pub(super) fn commit(
        &mut self,
        asker: Option<&mut Asker>,
        entry: Entry,
        node: NodeId,
        now: Moment,
    ) -> Result<(), ErrorCode> {
        let mut facts = mem::take(&mut self.facts);
        let stamp = (now.unix_ms, node);
        let done = (self.log).apply(&mut self.chat, entry, stamp, &mut facts);
        let mut asker = asker;
        for fact in facts.drain(..) {
            self.hear(fact, asker.as_deref_mut(), now);
        }
        self.facts = facts;
        done
    }

    /// Has the chat take an entry that nobody asks for, and in whose way nothing stands.
    pub(super) fn commit_certain(&mut self, entry: Entry, now: Moment) {
        if self.log.is_shared() {
            return self.propose(None, entry, now);
        }
        let done = self.commit(None, entry, NodeId::default(), now);
        debug_assert!(done.is_ok(), "nothing stands in the way");
    }
}
