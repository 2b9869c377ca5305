//! Questions about what was said, which wait for their answers.

use std::sync::Arc;

use crate::chat::RoomId;
use crate::limits::{ASKED_PER_SESSION_MAX, HISTORY_LIMIT, HISTORY_LIMIT_MAX};
use crate::model::{
    AccountId, ConnId, ErrorCode, Found, Message, MessageId, Moment, Query, Range, RequestId,
    RoomName, Target, Window,
};
use crate::session::cut_text;

use super::effect::Effect;
use super::seeking::SoughtMessage;
use super::state::Hub;

/// A question that waits for its answer.
#[derive(Debug)]
pub(super) struct Asked {
    pub(super) who: ConnId,
    pub(super) request_id: Option<RequestId>,
    pub(super) what: Question,
}

/// Does who asks want the numbers of the messages?
pub(super) type ShowsIds = bool;

#[derive(Debug)]
pub(super) enum Question {
    /// A member of a room catches up.
    CatchUp(RoomId),
    /// Somebody wants to know what was said in a room, or with somebody.
    History(Target, Window, ShowsIds),
    /// Somebody without a session wants to know what was said in a room.
    Reading(RoomName, Window),
    /// Somebody searches.
    Search,
    /// What is to be deleted or amended, or is answered?
    Message(Box<SoughtMessage>),
    /// An operator has a room written to a file.
    Export(RoomName),
    /// What waits for an account that has just logged in?
    Mail(AccountId),
}

impl Hub {
    /// What was found on disk, and what was said since that was looked at, where one may see the room yet.
    pub(super) fn whole_answer(
        &self,
        room: Option<RoomId>,
        window: Window,
        found: Found,
    ) -> Option<(Vec<Arc<Message>>, bool)> {
        let Found::Messages {
            mut messages,
            through,
            mut has_more,
        } = found
        else {
            return None;
        };
        if let Some(id) = room
            && (window.newest || !has_more)
        {
            messages.extend(self.local.get(id).scrollback.within(&window, through));
        }
        has_more |= window.cut(&mut messages) | cut_text(&mut messages, window.newest);
        Some((messages, has_more))
    }

    pub(super) fn history_of(&self, id: RoomId, window: Window) -> Query {
        let room = self.chat.rooms().get(id);
        Query::History {
            room: room.name.clone(),
            guarded_from: room.born.next(),
            through: self.local.get(id).scrollback.begins_after(),
            window,
        }
    }

    /// One asks for one thing after the other, more or less.
    pub(super) fn check_asked(&self, who: ConnId) -> Result<(), ErrorCode> {
        self.own(who)?;
        let is_own = |asked: &&Asked| asked.who == who;
        // Thousands may wait, of whom few wait for more than one answer.
        let is_many =
            || self.history.asked.values().filter(is_own).count() >= ASKED_PER_SESSION_MAX;
        match self.history.owed.count(who) >= ASKED_PER_SESSION_MAX && is_many() {
            true => Err(ErrorCode::Busy),
            false => Ok(()),
        }
    }

    /// What the answer to a question is told by. No two questions have one, whatever they are about.
    pub(super) fn next_ticket(&mut self) -> u64 {
        self.history.last_ticket += 1;
        self.history.last_ticket
    }

    pub(super) fn put_query(
        &mut self,
        who: ConnId,
        request_id: Option<RequestId>,
        what: Question,
        query: Query,
    ) -> u64 {
        let ticket = self.next_ticket();
        let asked = Asked {
            who,
            request_id,
            what,
        };
        self.history.asked.insert(ticket, asked);
        self.history.owed.add(who);
        self.effects.push_back(Effect::Ask { who, ticket, query });
        ticket
    }

    /// Is there somebody who waits for the answer?
    pub fn waits_for(&self, ticket: u64) -> bool {
        self.history.asked.contains_key(&ticket)
    }

    /// Nobody is there any more whom the answer would be for, and so it is not looked for.
    pub fn forget_question(&mut self, ticket: u64) {
        self.history.asked.remove(&ticket);
    }

    /// Is its answer that of a request for messages, which may be long?
    pub fn is_requested(&self, ticket: u64) -> bool {
        let asked = self.history.asked.get(&ticket);
        asked.is_some_and(|asked| matches!(asked.what, Question::History(..) | Question::Search))
    }
}

/// What is asked for, at a time.
pub(super) fn window_of(range: Range, now: Moment) -> Window {
    let limit = range.limit.unwrap_or(HISTORY_LIMIT);
    Window {
        after: range.after.unwrap_or_default(),
        before: range.before.unwrap_or(MessageId::MAX),
        since_ms: range
            .since
            .map_or(0, |since| now.ms_of(since))
            .max(range.after_ms.map_or(0, |ms| ms.saturating_add(1))),
        until_ms: range.before_ms.unwrap_or(u64::MAX),
        limit: limit.min(HISTORY_LIMIT_MAX),
        newest: range.is_newest.unwrap_or_else(|| {
            range.before.is_some() || (range.after.is_none() && range.since.is_none())
        }),
        has_events: range.has_events,
        only_files: range.only_files,
    }
}
