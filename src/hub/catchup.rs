//! Catching up: who enters a room is told what was said there, from memory, or else page by page from
//! the disk until the room's scrollback has the rest. Until then it is told nothing else that is said there,
//! so that there is no gap and no double.

use std::sync::Arc;

use crate::chat::RoomId;
use crate::limits::{CATCH_UP_MESSAGES, HISTORY_LIMIT_MAX};
use crate::model::{ConnId, Event, Found, Message, MessageId, Notice, Part, Target, Window};

use super::cut::cut_text;
use super::questions::Question;
use super::state::Hub;

/// How far a member has caught up.
#[derive(Debug)]
pub(super) struct CatchUp {
    ticket: u64,
    /// It was told, or need not be told, everything up to this.
    cursor: MessageId,
    /// What was said last when it began.
    begun_at: MessageId,
    /// How many it is to be shown of what was said before that: the last ones. `None`: all.
    count: Option<usize>,
    part: Part,
}

impl Hub {
    /// How many messages a session is shown of what it enters, of those that it asks for.
    pub(super) fn replay_of(&self, asked: Option<usize>) -> u16 {
        let count = asked
            .unwrap_or(self.chat.rules().replay)
            .min(HISTORY_LIMIT_MAX);
        u16::try_from(count).unwrap_or(u16::MAX)
    }

    /// Shows who has entered a room what was said there, where it has asked for that: all after a message
    /// that it has, or the last ones.
    pub(super) fn show_past(
        &mut self,
        who: ConnId,
        id: RoomId,
        resume: Option<MessageId>,
        replay: Option<usize>,
    ) {
        let last = self.chat.last_id();
        let own = self.sessions.get(who).map_or(0, |own| own.replay);
        let replay = match replay.map_or(own, |count| self.replay_of(Some(count))) {
            // What is said to have been said later has an id newer than ours, so the database was reset: there
            // is something to be shown, and nobody knows how much.
            0 if resume.is_some() => self.replay_of(None),
            replay => replay,
        };
        let resume = resume.filter(|&after| after <= last);
        let count = match resume {
            Some(_) => None,
            None if replay == 0 => return,
            None => Some(usize::from(replay)),
        };
        let scrollback = &self.local.get(id).scrollback;
        let after = resume.unwrap_or_default();
        let is_enough =
            scrollback.covers(after) || count.is_some_and(|count| scrollback.len() >= count);
        if is_enough || self.chat.rules().durability.is_none() {
            let past = scrollback.after(after).collect::<Vec<_>>();
            let begin = count.map_or(0, |count| past.len().saturating_sub(count));
            let messages = past[begin..].iter().map(|&message| Arc::clone(message));
            let mut messages: Vec<_> = messages.collect();
            // Without a disk there are no parts to wait for: the last are told, as many as fit.
            let has_parts = self.chat.rules().durability.is_some();
            if !cut_text(&mut messages, !has_parts) || !has_parts {
                return self.tell_past(who, id, messages, Part::First);
            }
        }
        let catching = CatchUp {
            ticket: 0,
            cursor: after,
            begun_at: last,
            count,
            part: Part::First,
        };
        self.history.catching.insert((id, who), catching);
        self.ask_for_page(id, who);
    }

    /// A member is in a room no more.
    pub(super) fn end_catching_up(&mut self, id: RoomId, who: ConnId) {
        if let Some(catching) = self.history.catching.remove(&(id, who))
            && self.history.asked.remove(&catching.ticket).is_some()
        {
            self.settle_debt(who);
        }
    }

    pub(super) fn is_catching_up(&self, id: RoomId, who: ConnId) -> bool {
        self.history.catching.contains_key(&(id, who))
    }

    /// The members of a room that are told nothing live of it yet, in ascending order.
    pub(super) fn catching_up(&self, id: RoomId) -> impl Iterator<Item = ConnId> {
        let first = ConnId {
            slot: 0,
            generation: 0,
        };
        let catching = self.history.catching.range((id, first)..);
        let of_room = catching.take_while(move |((room, _), _)| *room == id);
        of_room.map(|((_, who), _)| *who)
    }

    fn tell_past(&mut self, to: ConnId, id: RoomId, messages: Vec<Arc<Message>>, part: Part) {
        if !messages.is_empty() {
            let target = Target::Room(self.chat.rooms().get(id).name.clone());
            self.tell(
                to,
                Event::History {
                    target,
                    messages,
                    part,
                },
            );
        }
    }

    /// Asks for what a member is to be shown next.
    fn ask_for_page(&mut self, id: RoomId, who: ConnId) {
        let Some(catching) = self.history.catching.get(&(id, who)) else {
            return;
        };
        let window = Window {
            after: catching.cursor,
            before: match catching.count {
                Some(_) => catching.begun_at.next(),
                None => MessageId::MAX,
            },
            since_ms: 0,
            until_ms: u64::MAX,
            limit: catching.count.unwrap_or(CATCH_UP_MESSAGES),
            newest: catching.count.is_some(),
        };
        let query = self.history_of(id, window);
        let ticket = self.put_query(who, None, Question::CatchUp(id), query);
        if let Some(catching) = self.history.catching.get_mut(&(id, who)) {
            catching.ticket = ticket;
        }
    }

    /// A member is shown a page, and asks for the next one or has caught up.
    pub(super) fn continue_catchup(&mut self, id: RoomId, who: ConnId, found: Found) {
        let Some(catching) = self.history.catching.get_mut(&(id, who)) else {
            return;
        };
        let page = catching.page(found, self.history.kept);
        let scrollback = &self.local.get(id).scrollback;
        let is_stuck = page.is_failed || page.is_end && page.reached <= catching.cursor;
        let is_last = !page.has_more && (scrollback.covers(page.reached) || is_stuck);
        let mut messages = page.messages;
        if is_last {
            messages.extend(scrollback.after(page.reached).cloned());
        }
        if let Some(count) = catching.count.take() {
            let before = messages.partition_point(|message| message.id <= catching.begun_at);
            messages.drain(..before.saturating_sub(count));
        }
        // The scrollback may have much that is not on disk yet: its reader is to take that in parts, too.
        let is_cut = cut_text(&mut messages, false);
        let is_done = is_last && !is_cut;
        catching.cursor = match messages.last() {
            Some(last) if is_cut => last.id,
            _ => page.reached,
        };
        let part = catching.part;
        if let Some(last) = messages.last() {
            catching.part = Part::Next {
                after_ms: last.unix_ms,
            };
        }
        if is_done {
            self.history.catching.remove(&(id, who));
            if page.is_failed || is_stuck && !self.local.get(id).scrollback.covers(page.reached) {
                self.tell(who, Event::Notice(Notice::PastUnreadable));
            }
        }
        self.tell_past(who, id, messages, part);
        if !is_done {
            self.ask_for_page(id, who);
        }
    }
}

/// What a member that catches up is shown next.
struct CatchupPage {
    messages: Vec<Arc<Message>>,
    /// These are all up to this.
    reached: MessageId,
    has_more: bool,
    /// There will be no more for now: the disk has not got further.
    is_end: bool,
    is_failed: bool,
}

impl CatchUp {
    /// What was found of what is on disk and told. What is told only now will be told live.
    fn page(&self, found: Found, kept: MessageId) -> CatchupPage {
        let Found::Messages {
            mut messages,
            through,
            has_more,
        } = found
        else {
            return CatchupPage {
                messages: Vec::new(),
                reached: self.cursor,
                has_more: false,
                is_end: true,
                is_failed: true,
            };
        };
        // What is on disk and not told yet will be told in a later turn.
        let is_end = through <= kept && messages.is_empty() && self.count.is_none();
        let through = through.min(kept);
        let found = messages.len();
        messages.retain(|message| message.id <= through);
        let has_more = has_more && self.count.is_none() && messages.len() == found;
        let reached = match (messages.last(), self.count) {
            (Some(last), _) if has_more => last.id,
            (_, Some(_)) => through.min(self.begun_at),
            _ => through,
        };
        CatchupPage {
            messages,
            reached: reached.max(self.cursor),
            has_more,
            is_end,
            is_failed: false,
        }
    }
}
