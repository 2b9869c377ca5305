//! What is said: messages get their ids here, are told, remembered in their room's scrollback, and kept, in
//! the order that was promised.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::sync::Arc;

use crate::limits::{
    CATCH_UP_TAIL_MESSAGES, CLOCK_AHEAD_MS_MAX, CLOCK_FLOOR_MS, KEPT_BYTES, SCROLLBACK_BYTES_MAX,
    SCROLLBACK_MESSAGES,
};
use crate::model::{
    ConnId, Durability, ErrorCode, Event, Manner, Message, MessageId, Moment, Nick, Peer, Record,
    RequestId, RoomName, UserId,
};

use super::catchup::CatchUp;
use super::lookup::Asked;
use super::scan::Scan;
use super::scrollback::Scrollback;
use super::{Effect, Hub, RoomId};

/// What is known of all that was said.
#[derive(Debug, Default)]
pub(super) struct History {
    /// The message said last.
    pub(super) last: MessageId,
    /// When that was, in milliseconds since 1970.
    last_ms: u64,
    /// Everything up to this is on disk; with no disk, nothing.
    pub(super) kept: MessageId,
    /// What is to be done when a message is on disk, in the order of ids.
    waiting: VecDeque<Uncommitted>,
    /// Questions that wait for their answers, by their tickets.
    pub(super) asked: HashMap<u64, Asked>,
    pub(super) last_ticket: u64,
    /// Searches of what is in memory, in the order in which they go on. Invariant: of connections that
    /// wait for nothing else, one each.
    pub(super) scans: VecDeque<Scan>,
    /// Members that are told nothing live of a room before they have caught up. Invariant: members.
    pub(super) catching: BTreeMap<(RoomId, ConnId), CatchUp>,
    /// How many answers are on their way to whom. Invariant: none to whom there are none.
    owed: HashMap<ConnId, u32>,
    /// What all scrollbacks take, in bytes.
    scrollback_bytes: usize,
}

/// What waits for a message to be on disk.
#[derive(Debug)]
struct Uncommitted {
    id: MessageId,
    /// Who said it, if it has a session.
    who: Option<ConnId>,
    /// The request that said it.
    request_id: Option<RequestId>,
    what: Withheld,
}

#[derive(Debug)]
enum Withheld {
    /// It was told. This is the answer.
    Answer(Event),
    /// It is to be told in a room.
    Room {
        room: RoomName,
        peer: Peer,
        message: Arc<Message>,
    },
    /// It is to be told to one user, if that is here, and this is the answer.
    User {
        to: Option<UserId>,
        message: Arc<Message>,
        answer: Event,
    },
    /// It was said by who has no session, which is told.
    Post,
}

impl Withheld {
    /// The text that is told of it, in bytes.
    fn text_len(&self) -> usize {
        match self {
            Withheld::Answer(_) | Withheld::Post => 0,
            Withheld::Room { message, .. } | Withheld::User { message, .. } => message.text.len(),
        }
    }
}

impl History {
    /// The time of what is said now: the clock's, but not before the message before, wherever the clock
    /// was set. A time that is further ahead than [`CLOCK_AHEAD_MS_MAX`] of a clock that can be right was
    /// itself wrong, and holds nothing.
    fn stamp(&mut self, clock_ms: u64) -> u64 {
        let ahead = self.last_ms.saturating_sub(clock_ms);
        let holds = ahead <= CLOCK_AHEAD_MS_MAX || clock_ms < CLOCK_FLOOR_MS;
        self.last_ms = match holds {
            true => self.last_ms.max(clock_ms),
            false => clock_ms,
        };
        self.last_ms
    }
}

impl Hub {
    /// What waits for an answer or goes on over turns, by what it is.
    #[cfg(feature = "testing")]
    pub fn pending(&self) -> Vec<(&'static str, usize)> {
        let history = &self.history;
        vec![
            ("messages that wait for the disk", history.waiting.len()),
            ("questions about history", history.asked.len()),
            ("searches", history.scans.len()),
            ("members catching up", history.catching.len()),
            ("connections owed an answer", history.owed.len()),
            ("questions about accounts", self.accounts.waiting.len()),
        ]
    }

    /// The last message that may have been said.
    pub fn last_id(&self) -> MessageId {
        self.history.last
    }

    /// Nothing that was said up to this may get an id again.
    pub fn set_last_id(&mut self, last: MessageId) {
        self.history.last = last;
        self.history.kept = last;
    }

    /// When the last message was said, in milliseconds since 1970.
    pub(super) fn set_last_ms(&mut self, ms: u64) {
        self.history.last_ms = ms;
    }

    /// A room's last messages are these, and there are others before or not.
    pub(super) fn restore_scrollback(
        &mut self,
        id: RoomId,
        messages: Vec<Arc<Message>>,
        has_more: bool,
    ) {
        let room = self.rooms.get_mut(id);
        room.scrollback = match has_more {
            true => Scrollback::of_last(messages, self.history.last),
            false => Scrollback::of_all(messages),
        };
        self.history.scrollback_bytes += room.scrollback.bytes();
    }

    /// Everything up to this is on disk, and who waited for that was told.
    pub fn kept(&self) -> MessageId {
        self.history.kept
    }

    /// Everything up to a message is on disk: who waits for that is told, up to `bytes_max` bytes of text, with
    /// [`KEPT_BYTES`] for each message, or a message more. Where that was not all ([`Hub::kept`]) it goes on.
    pub fn handle_kept(&mut self, through: MessageId, bytes_max: usize, now: Moment) {
        self.now = now;
        let mut bytes = 0;
        while let Some(waiting) = self.pop_waiting(through) {
            self.history.kept = self.history.kept.max(waiting.id);
            bytes += KEPT_BYTES + waiting.what.text_len();
            self.end_waiting(waiting);
            if bytes > bytes_max {
                return;
            }
        }
        self.history.kept = self.history.kept.max(through);
        self.ask_kept_mail();
    }

    /// Are answers on their way to it?
    pub fn owes(&self, who: ConnId) -> bool {
        self.history.owed.contains_key(&who) || self.accounts.asking.contains(&who)
    }

    /// How many of those that are about what was said.
    pub(super) fn owed(&self, who: ConnId) -> usize {
        self.history
            .owed
            .get(&who)
            .map_or(0, |&count| count as usize)
    }

    /// No answer is waited for any more.
    pub fn cancel_pending(&mut self, who: ConnId) {
        self.history.owed.remove(&who);
        self.accounts.asking.remove(&who);
    }

    pub(super) fn owe(&mut self, who: ConnId) {
        *self.history.owed.entry(who).or_default() += 1;
    }

    pub(super) fn settle_debt(&mut self, who: ConnId) {
        if let Some(count) = self.history.owed.get_mut(&who) {
            *count -= 1;
            if *count == 0 {
                self.history.owed.remove(&who);
            }
        }
        self.ask_kept_mail();
    }

    fn pop_waiting(&mut self, through: MessageId) -> Option<Uncommitted> {
        let is_kept = self.history.waiting.front()?.id <= through;
        is_kept.then(|| self.history.waiting.pop_front()).flatten()
    }

    fn end_waiting(&mut self, waiting: Uncommitted) {
        if let Some(who) = waiting.who {
            self.settle_debt(who);
        }
        let Uncommitted {
            id,
            who,
            request_id,
            what,
        } = waiting;
        let answer = match what {
            Withheld::Answer(answer) => answer,
            Withheld::Room {
                room,
                peer,
                message,
            } => {
                // Whoever made a room of that name since then is not spoken to.
                let found = self.rooms.find(&room);
                let found = found.filter(|&room| self.rooms.get(room).born < id);
                if let Some(room) = found {
                    self.tell_said(who, room, peer, message);
                }
                Event::Kept { id, room }
            }
            Withheld::User {
                to,
                message,
                answer,
            } => {
                self.tell_privately(who, to, message, &answer);
                if request_id.is_none() {
                    self.tell_own(who, None, answer);
                    return;
                }
                answer
            }
            Withheld::Post => return self.tell_poster(who, None),
        };
        if request_id.is_some() {
            self.tell_own(who, request_id, answer);
        }
    }

    /// Answers somebody who may be gone.
    fn tell_own(&mut self, who: Option<ConnId>, id: Option<RequestId>, event: Event) {
        if let Some(who) = who
            && self.user(who).is_some()
        {
            self.answer_with(who, id, event);
        }
    }

    fn tell_poster(&mut self, who: Option<ConnId>, failure: Option<ErrorCode>) {
        if let Some(to) = who {
            self.effects.push_back(Effect::Posted { to, failure });
        }
    }

    /// A message could not be taken in to be kept.
    pub fn handle_lost(&mut self, id: MessageId, now: Moment) {
        self.now = now;
        let waiting = &mut self.history.waiting;
        let begin = waiting.partition_point(|waiting| waiting.id < id);
        let end = waiting.partition_point(|waiting| waiting.id <= id);
        for lost in waiting.drain(begin..end).collect::<Vec<_>>() {
            self.end_lost(lost);
        }
    }

    fn end_lost(&mut self, lost: Uncommitted) {
        if let Some(who) = lost.who {
            self.settle_debt(who);
        }
        let code = match self.rules.durability {
            Some(Durability::Seen) => ErrorCode::KeepingFailed,
            _ => ErrorCode::NotKept,
        };
        match lost.what {
            Withheld::Post => self.tell_poster(lost.who, Some(code)),
            _ => self.tell_own(lost.who, lost.request_id, Event::Error(code)),
        }
    }

    /// Whoever said a message without a session of its own is told with [`Effect::Posted`] when it is on
    /// disk. To be called before the effects of its being said are polled.
    pub fn wait_for_post(&mut self, who: ConnId, id: MessageId) {
        self.wait(id, Some(who), Withheld::Post);
    }

    /// A message that is said now, with an id of its own.
    pub(super) fn message(&mut self, nick: Nick, manner: Manner, text: String) -> Arc<Message> {
        self.history.last = self.history.last.next();
        Arc::new(Message {
            id: self.history.last,
            unix_ms: self.history.stamp(self.now.unix_ms),
            nick,
            manner,
            text,
            tags: None,
        })
    }

    /// Something is said in a room: by a session there, or by nobody who has one.
    pub(super) fn speak(
        &mut self,
        who: Option<ConnId>,
        id: RoomId,
        peer: Peer,
        message: Arc<Message>,
    ) {
        let (message_id, room) = (message.id, self.rooms.get(id).name.clone());
        self.use_room(id);
        if self.rules.durability.is_some() {
            self.effects.push_back(Effect::Keep(Record::Said {
                room: room.clone(),
                message: Arc::clone(&message),
                is_guarded: self.rooms.get(id).is_guarded(),
            }));
        }
        if self.rules.durability == Some(Durability::Seen) {
            let what = Withheld::Room {
                room,
                peer,
                message,
            };
            return self.wait(message_id, who, what);
        }
        self.tell_said(who, id, peer, message);
        if let (Some(who), true) = (who, self.request_id.is_some()) {
            let id = message_id;
            self.answer_when_kept(who, id, Event::Kept { id, room });
        }
    }

    /// Something is said by a session to another, or to an account that is not here.
    pub(super) fn speak_privately(
        &mut self,
        who: ConnId,
        to: Option<UserId>,
        record: Record,
        message: Arc<Message>,
        answer: Event,
    ) -> Result<(), ErrorCode> {
        let id = message.id;
        if self.rules.durability.is_some() {
            self.effects.push_back(Effect::Keep(record));
        }
        if self.rules.durability == Some(Durability::Seen) {
            let what = Withheld::User {
                to,
                message,
                answer,
            };
            self.wait(id, Some(who), what);
            return Ok(());
        }
        self.tell_privately(Some(who), to, message, &answer);
        match self.request_id.is_some() {
            true => self.answer_when_kept(who, id, answer),
            false => self.answer(who, answer)?,
        }
        Ok(())
    }

    /// Answers the request at hand, which said a message: when that is on disk, where there is one.
    fn answer_when_kept(&mut self, who: ConnId, id: MessageId, answer: Event) {
        match self.rules.durability {
            Some(_) => self.wait(id, Some(who), Withheld::Answer(answer)),
            None => {
                let request_id = self.request_id.take();
                self.answer_with(who, request_id, answer);
            }
        }
    }

    /// Puts off the answer of the request at hand until a message is on disk.
    fn wait(&mut self, id: MessageId, who: Option<ConnId>, what: Withheld) {
        let request_id = self.request_id.take();
        if let Some(who) = who {
            self.owe(who);
        }
        self.history.waiting.push_back(Uncommitted {
            id,
            who,
            request_id,
            what,
        });
    }

    /// Tells a room, and who spoke, and remembers it.
    fn tell_said(&mut self, who: Option<ConnId>, id: RoomId, peer: Peer, message: Arc<Message>) {
        let room = self.rooms.get(id).name.clone();
        let audience = self.hearers_of(&message.nick, who, id);
        self.remember(id, Arc::clone(&message));
        let event = Event::Said {
            peer,
            room,
            message,
        };
        self.broadcast(audience, event.clone());
        if let Some(who) = who
            && self.user(who).is_some()
            && !self.is_catching_up(id, who)
        {
            self.answer_with(who, None, event);
        }
    }

    /// Tells a user, unless it hears nothing from who speaks or is gone, and the other connections of who
    /// speaks.
    fn tell_privately(
        &mut self,
        who: Option<ConnId>,
        to: Option<UserId>,
        message: Arc<Message>,
        sent: &Event,
    ) {
        let user = to.and_then(|to| self.users.get(to));
        if let Some(to) = to
            && user.is_some_and(|user| !user.ignores(&message.nick.key()))
        {
            self.tell_user(to, &Event::Private { message });
        }
        if let Some(who) = who {
            self.tell_others_of(who, sent);
        }
    }

    fn remember(&mut self, id: RoomId, message: Arc<Message>) {
        let kept = match self.rules.durability {
            None => MessageId::MAX,
            Some(_) => self.history.kept,
        };
        // Who catches up waits for the scrollback to have the rest.
        let count = match self.catching_up(id).next() {
            None => SCROLLBACK_MESSAGES.max(self.rules.replay),
            Some(_) => CATCH_UP_TAIL_MESSAGES,
        };
        let scrollback = &mut self.rooms.get_mut(id).scrollback;
        self.history.scrollback_bytes += scrollback.push(message);
        self.history.scrollback_bytes -= scrollback.trim(count, kept);
        while self.history.scrollback_bytes > SCROLLBACK_BYTES_MAX {
            let Some(freed) = self.rooms.halve_largest_tails() else {
                break;
            };
            self.history.scrollback_bytes -= freed;
        }
    }

    /// A room ends, and what is remembered of it here.
    pub(super) fn forget_room(&mut self, bytes: usize) {
        self.history.scrollback_bytes -= bytes;
    }
}

#[cfg(test)]
mod tests;
