//! Catching up: who enters a room is told what was said there, from memory, or else page by page from
//! the disk until the room's scrollback has the rest. Until then it is told nothing else that is said there,
//! so that there is no gap and no double.

use std::sync::Arc;

use crate::chat::RoomId;
use crate::limits::HISTORY_LIMIT_MAX;
use crate::model::{ConnId, Event, Found, Message, MessageId, Notice, Part, Target};
use crate::session::{CatchUp, cut_text};

use super::questions::Question;
use super::state::Hub;

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
        let catching = CatchUp::new(after, last, count);
        self.history.catching.insert((id, who), catching);
        self.ask_for_page(id, who);
    }

    /// A member is in a room no more.
    pub(super) fn end_catching_up(&mut self, id: RoomId, who: ConnId) {
        if let Some(catching) = self.history.catching.remove(&(id, who))
            && self.history.asked.remove(&catching.ticket).is_some()
        {
            self.history.owed.settle(who);
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
        let query = self.history_of(id, catching.window());
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
        let scrollback = &self.local.get(id).scrollback;
        let shown = catching.go_on(found, self.history.kept, scrollback);
        if shown.is_done {
            self.history.catching.remove(&(id, who));
            if shown.is_unreadable {
                self.tell(who, Event::Notice(Notice::PastUnreadable));
            }
        }
        self.tell_past(who, id, shown.messages, shown.part);
        if !shown.is_done {
            self.ask_for_page(id, who);
        }
    }
}
