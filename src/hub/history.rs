//! What is said: messages get their ids here, are told, remembered in their room's scrollback, and kept, in
//! the order that was promised.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::sync::Arc;

use crate::chat::RoomId;
use crate::limits::KEPT_BYTES;
use crate::model::{
    ConnId, Deletion, Durability, ErrorCode, Event, KeptMessage, Message, MessageId, Moment, Peer,
    RequestId, RoomName, UserId,
};

use super::catchup::CatchUp;
use super::deleted::Deleted;
use super::effect::Effect;
use super::questions::Asked;
use super::scan::Scan;
use super::scrollback::Scrollback;
use super::state::Hub;

/// What is known of all that was said.
#[derive(Debug, Default)]
pub(super) struct History {
    /// Everything up to this is on disk; with no disk, nothing.
    pub(super) kept: MessageId,
    /// What is to be done when a message is on disk, in the order of ids.
    pub(super) waiting: VecDeque<Uncommitted>,
    /// Questions that wait for their answers, by their tickets.
    pub(super) asked: HashMap<u64, Asked>,
    pub(super) last_ticket: u64,
    /// Searches of what is in memory, in the order in which they go on. Invariant: of connections that
    /// wait for nothing else, one each.
    pub(super) scans: VecDeque<Scan>,
    /// Members that are told nothing live of a room before they have caught up. Invariant: members.
    pub(super) catching: BTreeMap<(RoomId, ConnId), CatchUp>,
    /// How many answers are on their way to whom. Invariant: none to whom there are none.
    pub(super) owed: HashMap<ConnId, u32>,
    /// What all scrollbacks take, in bytes.
    pub(super) scrollback_bytes: usize,
    /// What was deleted and may be found on disk yet.
    pub(super) deleted: Deleted,
    /// The last messages of users to each other: what is to be known to delete them.
    pub(super) privates: VecDeque<KeptMessage>,
}

/// What waits for a message to be on disk.
#[derive(Debug)]
pub(super) struct Uncommitted {
    pub(super) id: MessageId,
    /// Who said it, if it has a session.
    pub(super) who: Option<ConnId>,
    /// The request that said it.
    pub(super) request_id: Option<RequestId>,
    pub(super) what: Withheld,
}

#[derive(Debug)]
pub(super) enum Withheld {
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
    /// It was deleted, which is to be told.
    Deleted(Box<(KeptMessage, Deletion)>),
    /// It was said by who has no session, which is told.
    Post,
}

impl Withheld {
    /// The text that is told of it, in bytes.
    fn text_len(&self) -> usize {
        match self {
            Withheld::Answer(_) | Withheld::Deleted(_) | Withheld::Post => 0,
            Withheld::Room { message, .. } | Withheld::User { message, .. } => message.text.len(),
        }
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

    /// A room's last messages are these, and there are others before or not.
    pub(super) fn restore_scrollback(
        &mut self,
        id: RoomId,
        messages: Vec<Arc<Message>>,
        has_more: bool,
    ) {
        let room = self.local.get_mut(id);
        room.scrollback = match has_more {
            true => Scrollback::of_last(messages, self.chat.last_id()),
            false => Scrollback::of_all(messages),
        };
        self.history.scrollback_bytes += room.scrollback.bytes();
    }

    /// Everything up to a message is on disk: who waits for that is told, up to `bytes_max` bytes of
    /// text, with [`KEPT_BYTES`] for each message, or a message more. Where that was not all
    /// ([`Hub::kept`]) it is to be called again.
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
        if !self.history.deleted.is_empty() {
            let history = &mut self.history;
            let oldest = history.asked.keys().min().copied();
            history
                .deleted
                .note_kept(history.kept, history.last_ticket, oldest);
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
                let found = self.chat.rooms().find(&room);
                let found = found.filter(|&room| self.chat.rooms().get(room).born < id);
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
            Withheld::Deleted(told) => {
                let (message, deletion) = *told;
                self.tell_deleted(who, &message, &deletion);
                let answer = Event::Deleted(Box::new(deletion));
                return self.tell_own(who, request_id, answer);
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
        self.ask_kept_mail();
    }

    fn end_lost(&mut self, lost: Uncommitted) {
        if let Some(who) = lost.who {
            self.settle_debt(who);
        }
        let code = match (&lost.what, self.chat.rules().durability) {
            (Withheld::Deleted(_), _) => ErrorCode::StoreFailed,
            (_, Some(Durability::Seen)) => ErrorCode::KeepingFailed,
            _ => ErrorCode::NotKept,
        };
        match lost.what {
            Withheld::Post => self.tell_poster(lost.who, Some(code)),
            _ => self.tell_own(lost.who, lost.request_id, Event::Error(code)),
        }
    }
}

#[cfg(test)]
mod tests;
