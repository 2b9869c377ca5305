//! What is asked about what was said: in memory, or of what is on disk.

use std::sync::Arc;

use crate::chat::RoomId;

use crate::model::{
    ConnId, Done, ErrorCode, Event, Found, Message, MessageId, Moment, Nick, Part, Query, Range,
    RoomName, SearchWords, Target, Window,
};
use crate::session::cut_text;

use super::decision::{Caller, Decision};
use super::questions::{Question, ShowsIds, window_of};
use super::state::Hub;

impl Hub {
    /// Looks up what was said in a room that one is in, or between another and oneself.
    pub(super) fn tell_history(
        &mut self,
        Caller { who, now, .. }: Caller,
        room: Option<RoomName>,
        with: Option<Nick>,
        range: Range,
    ) -> Result<Decision, ErrorCode> {
        self.check_asked(who)?;
        let (window, shows_ids) = (window_of(range, now), range.shows_ids);
        let (target, query) = match with {
            Some(nick) => {
                let query = self.private_history(who, &nick, window)?;
                (Target::User(nick), query)
            }
            None => {
                let id = self.entered(who, room)?;
                let name = self.chat.rooms().get(id).name.clone();
                if self.chat.rules().durability.is_none() {
                    let scrollback = &self.local.get(id).scrollback;
                    let messages = scrollback.within(&window, window.after);
                    let target = Target::Room(name);
                    return self.answer_of(target, (window, shows_ids), messages);
                }
                (Target::Room(name), self.history_of(id, window))
            }
        };
        if self.chat.rules().durability.is_none() {
            return self.answer_of(target, (window, shows_ids), Vec::new());
        }
        let question = Question::History(target, window, shows_ids);
        Ok(Decision::Query(question, query))
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

    fn answer_of(
        &self,
        target: Target,
        (window, shows_ids): (Window, ShowsIds),
        mut messages: Vec<Arc<Message>>,
    ) -> Result<Decision, ErrorCode> {
        let newest = window.newest;
        let has_more = window.cut(&mut messages) | cut_text(&mut messages, newest);
        let part = Part::Answer {
            has_more,
            newest,
            shows_ids,
            only_files: window.only_files,
        };
        Ok(Decision::Answer(Event::History {
            target,
            messages,
            part,
        }))
    }

    /// Looks words up in the rooms that one is in.
    pub(super) fn search(
        &mut self,
        Caller { who, now, .. }: Caller,
        room: Option<RoomName>,
        words: String,
        range: Range,
    ) -> Result<Decision, ErrorCode> {
        self.check_message(&words)?;
        self.check_asked(who)?;
        let rooms = match room {
            Some(room) => vec![self.entered(who, Some(room))?],
            None => self.own(who)?.rooms().to_vec(),
        };
        let window = Window {
            newest: true,
            ..window_of(range, now)
        };
        let words = SearchWords::parse(&words);
        if words.is_empty() {
            let (messages, has_more) = (Vec::new(), false);
            return Ok(Decision::Answer(Event::Found { messages, has_more }));
        }
        if self.chat.rules().durability.is_none() {
            return Ok(Decision::Scan {
                rooms,
                words,
                window,
            });
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
        Ok(Decision::Query(Question::Search, query))
    }

    /// Has a room written to a file, by an operator.
    pub(super) fn export(&mut self, who: ConnId, room: RoomName) -> Result<Decision, ErrorCode> {
        self.check_operator(who)?;
        if self.chat.rules().durability.is_none() {
            return Err(ErrorCode::NothingKept);
        }
        let query = Query::Export { room: room.clone() };
        Ok(Decision::Query(Question::Export(room), query))
    }

    /// A question has been answered. One that nobody waits for any more is nothing.
    pub fn handle_found(&mut self, ticket: u64, mut found: Found, now: Moment) {
        self.history.changed.apply_to(&mut found);
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
        if let Question::Message(sought) = asked.what {
            if let Some(decision) = self.sought(who, *sought, found, now) {
                self.conclude(who, asked.request_id, decision, now);
            }
            return;
        }
        if self.is_stranger(who) {
            return;
        }
        let event = match (asked.what, found) {
            (Question::Mail(to), Found::Messages { messages, .. }) => {
                return self.tell_mail(who, to, messages, now);
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
                            only_files: window.only_files,
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
        self.answer(who, asked.request_id, event);
    }
}
