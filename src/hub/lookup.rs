//! What is asked about what was said: in memory, or of what is on disk.

use std::sync::Arc;

use crate::chat::RoomId;

use crate::model::{
    ConnId, Done, ErrorCode, Event, Found, Message, MessageId, Moment, Nick, Part, Query, Range,
    RoomName, SearchWords, Target, Window,
};
use crate::session::cut_text;

use super::questions::{Question, ShowsIds};
use super::state::Hub;

impl Hub {
    /// Looks up what was said in a room that one is in, or between another and oneself.
    pub(super) fn tell_history(
        &mut self,
        who: ConnId,
        room: Option<RoomName>,
        with: Option<Nick>,
        range: Range,
    ) -> Result<(), ErrorCode> {
        self.check_asked(who)?;
        let (window, shows_ids) = (self.window(range), range.shows_ids);
        let (target, query) = match with {
            Some(nick) => {
                let query = self.private_history(who, &nick, window)?;
                (Target::User(nick), query)
            }
            None => {
                let id = self.entered(who, room)?;
                let name = self.chat.rooms().get(id).name.clone();
                if self.chat.rules().durability.is_none() {
                    let scrollback = self.local.get(id).scrollback.after(window.after);
                    let said = scrollback.filter(|message| window.has(message));
                    let messages = said.cloned().collect();
                    let target = Target::Room(name);
                    return self.tell_answer(who, target, (window, shows_ids), messages);
                }
                (Target::Room(name), self.history_of(id, window))
            }
        };
        if self.chat.rules().durability.is_none() {
            return self.tell_answer(who, target, (window, shows_ids), Vec::new());
        }
        let request_id = self.request_id.take();
        let question = Question::History(target, window, shows_ids);
        self.put_query(who, request_id, question, query);
        Ok(())
    }

    /// What was said between another and oneself: of a name's own account all, of others what was said
    /// while they went by theirs.
    fn private_history(
        &self,
        who: ConnId,
        with: &Nick,
        window: Window,
    ) -> Result<Query, ErrorCode> {
        let user = self.own(who)?;
        let before_all = |first: MessageId| MessageId(first.0 - 1);
        let account = user.account();
        let since = match user.first_private() {
            _ if account.is_some() => MessageId::default(),
            first => first.map_or(self.chat.last_id(), before_all),
        };
        let window = Window {
            after: window.after.max(since),
            ..window
        };
        Ok(Query::Private {
            own: user.nick().key(),
            with: with.key(),
            account,
            window,
        })
    }

    fn tell_answer(
        &mut self,
        who: ConnId,
        target: Target,
        (window, shows_ids): (Window, ShowsIds),
        mut messages: Vec<Arc<Message>>,
    ) -> Result<(), ErrorCode> {
        let newest = window.newest;
        let has_more = window.cut(&mut messages) | cut_text(&mut messages, newest);
        let part = Part::Answer {
            has_more,
            newest,
            shows_ids,
        };
        self.answer(
            who,
            Event::History {
                target,
                messages,
                part,
            },
        );
        Ok(())
    }

    /// Looks words up in the rooms that one is in.
    pub(super) fn search(
        &mut self,
        who: ConnId,
        room: Option<RoomName>,
        words: String,
        range: Range,
    ) -> Result<(), ErrorCode> {
        self.check_message(&words)?;
        self.check_asked(who)?;
        let rooms = match room {
            Some(room) => vec![self.entered(who, Some(room))?],
            None => self.own(who)?.rooms().to_vec(),
        };
        let window = Window {
            newest: true,
            ..self.window(range)
        };
        let words = SearchWords::parse(&words);
        if words.is_empty() {
            let (messages, has_more) = (Vec::new(), false);
            self.answer(who, Event::Found { messages, has_more });
            return Ok(());
        }
        if self.chat.rules().durability.is_none() {
            self.begin_scan(who, rooms, words, window);
            return Ok(());
        }
        let named = |&id: &RoomId| {
            let room = self.chat.rooms().get(id);
            (room.name.clone(), room.born.next())
        };
        let query = Query::Search {
            rooms: rooms.iter().map(named).collect(),
            words,
            window,
        };
        let request_id = self.request_id.take();
        self.put_query(who, request_id, Question::Search, query);
        Ok(())
    }

    /// Has a room written to a file, by an operator.
    pub(super) fn export(&mut self, who: ConnId, room: RoomName) -> Result<(), ErrorCode> {
        self.check_operator(who)?;
        if self.chat.rules().durability.is_none() {
            return Err(ErrorCode::NothingKept);
        }
        let request_id = self.request_id.take();
        let query = Query::Export { room: room.clone() };
        self.put_query(who, request_id, Question::Export(room), query);
        Ok(())
    }

    /// A question has been answered. One that nobody waits for any more is nothing.
    pub fn handle_found(&mut self, ticket: u64, mut found: Found, now: Moment) {
        self.now = now;
        self.history.deleted.strip(&mut found);
        let Some(asked) = self.history.asked.remove(&ticket) else {
            return;
        };
        let who = asked.who;
        self.history.owed.settle(who);
        if let Question::CatchUp(id) = asked.what {
            return self.continue_catchup(id, who, found);
        }
        if let Question::Reading(room, window) = asked.what {
            return self.end_reading(who, room, window, found);
        }
        let is_here = !self.is_stranger(who);
        if let Question::Deletion(deletion) = asked.what {
            return self.end_deletion(who, asked.request_id, *deletion, is_here, found);
        }
        if !is_here {
            return;
        }
        let event = match (asked.what, found) {
            (Question::Mail(to), Found::Messages { messages, .. }) => {
                return self.tell_mail(who, to, messages);
            }
            (Question::Mail(_), _) => return,
            (Question::History(target, window, shows_ids), found @ Found::Messages { .. }) => {
                let room = match &target {
                    Target::Room(room) => self.entered(who, Some(room.clone())).ok(),
                    Target::User(_) => None,
                };
                match self.whole_answer(room, window, found) {
                    Some((messages, has_more)) => Event::History {
                        target,
                        messages,
                        part: Part::Answer {
                            has_more,
                            newest: window.newest,
                            shows_ids,
                        },
                    },
                    None => Event::Error(ErrorCode::StoreFailed),
                }
            }
            (Question::Search, Found::InRooms { messages, has_more }) => {
                Event::Found { messages, has_more }
            }
            (Question::Export(room), Found::Exported { path, count }) => Event::Done {
                what: Some(Done::Exported { room, path, count }),
            },
            _ => Event::Error(ErrorCode::StoreFailed),
        };
        self.answer_with(who, asked.request_id, event);
    }
}
