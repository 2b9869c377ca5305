//! Questions to the archive at the end of a turn, and what it answers at the beginning. No turn waits for it.

use crate::limits::{ANSWERS_PER_TURN, CATCH_UP_SENDQ_BYTES, QUESTION_MS_PER_TOKEN};
use crate::model::{AccountAnswer, ConnId, Found, Query};
use crate::store::{Answer, FileAnswer};
use crate::sys::{Mailbox as _, System};

use super::Reactor;
use super::apply::Input;
use super::connection::Connection;
use super::phase::Phase;
use super::questions::Hindrance;

impl<S: System> Reactor<S> {
    /// Hands over what the turn brought.
    pub(super) fn hand_over(&mut self) {
        if let Some(store) = &mut self.store {
            store.flush();
        }
    }

    /// Asks what is to be looked up. It is done at the end of a turn, once: what was flushed in it was
    /// taken, and no event may come before something else is sent.
    pub(super) fn ask_parked(&mut self) {
        let Some(store) = &self.store else {
            return;
        };
        let awaits_all = self.is_handing_over();
        let (connections, hub) = (&self.connections, &mut self.hub);
        let hindrance = |who, ticket| {
            let connection = connections.get(who).filter(|_| hub.waits_for(ticket));
            match connection.map(Connection::sendq) {
                // A program that takes over cannot be told of a question.
                Some(_) if awaits_all => Hindrance::None,
                Some(sendq) if sendq > CATCH_UP_SENDQ_BYTES || hub.holds_much() => Hindrance::Owed,
                Some(_) => Hindrance::None,
                None => {
                    hub.forget_question(ticket);
                    Hindrance::Gone
                }
            }
        };
        let submit = |ticket, query: &Query| store.submit(ticket, query.clone()).is_ok();
        self.questions.ask(self.clock.now, hindrance, submit);
    }

    /// Takes in what the store has to say, as far as a turn goes.
    pub(super) fn hear_store(&mut self) {
        let mut left = ANSWERS_PER_TURN;
        while left > 0
            && let Some(answer) = self.store.as_mut().and_then(|store| store.poll_answer())
        {
            match answer {
                Answer::Found {
                    ticket,
                    found,
                    took,
                } => {
                    left -= 1;
                    let who = self.questions.take(ticket);
                    if let Some(who) = who {
                        self.spend(who, took.as_millis() as u64 / QUESTION_MS_PER_TOKEN);
                    }
                    self.hear_answer(who, ticket, found);
                }
                Answer::Account { ticket, answer } => self.hear_of_account(ticket, answer),
                Answer::File { at, answer } => {
                    left -= 1;
                    match answer {
                        FileAnswer::Taken(_) | FileAnswer::Stored(_) => {
                            self.hear_of_upload(at, answer);
                        }
                        FileAnswer::Opened(_) | FileAnswer::Piece(_) => {
                            self.hear_of_download(at, answer);
                        }
                    }
                }
            }
        }
        self.has_more_answers = left == 0;
        let committed = self.store.as_ref().map(|store| store.committed());
        if let Some(through) = committed
            && (through > self.hub.kept() || self.hub.has_more_kept())
        {
            self.apply(Input::Committed(through));
        }
        for (who, ticket) in self.questions.take_overdue(self.clock.now) {
            self.hear_answer(Some(who), ticket, Found::Failed);
        }
        self.end_answered();
    }

    /// Has the store more to say than the chat was told?
    pub(super) fn has_more_to_hear(&self) -> bool {
        self.has_more_answers || self.hub.has_more_kept()
    }

    fn hear_of_account(&mut self, ticket: u64, answer: AccountAnswer) {
        if let Some(who) = self.questions.take(ticket) {
            match self.connections.get_open(who) {
                Some(connection) => connection.unthrottle(),
                // It went, maybe without having come in.
                None => self.hub.cancel_pending(who),
            }
            self.connections.make_ready(who);
        }
        self.apply(Input::Account { ticket, answer });
    }

    /// A question has its answer, which may be mail: nobody is dropped for it. What its connection asked
    /// next is handled.
    fn hear_answer(&mut self, who: Option<ConnId>, ticket: u64, found: Found) {
        self.apply(Input::Found { ticket, found });
        let Some(who) = who else {
            return;
        };
        if let Some(connection) = self.connections.get_open(who) {
            connection.note_answer(&self.limits);
        }
        let next = self.questions.end(who, ticket);
        if let (Some(next), Some(connection)) = (next, self.connections.get_open(who)) {
            connection.unthrottle();
            self.handle_frame(who, next);
            self.connections.make_ready(who);
        }
    }

    /// Hears who was to quit and was refused, because its words were too long, say.
    fn go_on_unless_ended(&mut self, id: ConnId) {
        if let Some(connection) = self.connections.get_open(id)
            && connection.phase == Phase::Open
        {
            connection.unthrottle();
            self.connections.make_ready(id);
        }
    }

    /// Ends those who waited for their answers only.
    pub(super) fn end_answered(&mut self) {
        let hub = &self.hub;
        let owes = |id| hub.owes(id);
        for (id, quit) in self.questions.take_endings(self.clock.now, owes) {
            self.hub.cancel_pending(id);
            match quit {
                None => self.handle_end(id),
                Some((request, request_id)) if self.connections.get_open(id).is_some() => {
                    self.handle_request(id, request, request_id);
                    self.go_on_unless_ended(id);
                }
                Some(_) => {}
            }
        }
    }
}
