//! What is kept: handed to the store once a turn, and what the store answers, to the hub. No turn waits
//! for it: where it falls behind, those who speak are read more slowly.

use crate::dialect::{Ask, Parsed};
use crate::limits::{
    ANSWERS_PER_TURN, BACKLOG_SHARE, BATCH_BYTES_MAX, CATCH_UP_SENDQ_BYTES, CLOCK_FLOOR_MS,
    QUESTION_MS_PER_TOKEN, SLOW_MS_MAX,
};
use crate::model::{
    AccountAnswer, AccountAsk, ConnId, Found, Kept, MessageId, Moment, Query, Record, Request,
};
use crate::store::{self, Answer, Figures};
use crate::sys::{Mailbox, System};

use super::Reactor;
use super::admission::LogThrottle;
use super::connection::Connection;
use super::phase::Phase;
use super::questions::{Hindrance, Questions, Quit};
use super::timers::Tick;
use super::welcome::others_in_words;

/// The store, and what its answers are waited for with.
pub(super) struct Keeping<M> {
    store: M,
    /// Everything up to this is on disk.
    committed: MessageId,
    pub(super) questions: Questions,
    /// May there be more answers than the last turn took in?
    has_more: bool,
    log_lost: LogThrottle,
}

/// What a server begins with that keeps nothing. Its ids begin with the time, so that they are later than
/// those of any earlier run that said up to a thousand messages a second.
pub(super) fn nothing_kept(now: Moment) -> Kept {
    Kept {
        last_id: MessageId(now.unix_ms.saturating_sub(CLOCK_FLOOR_MS)),
        ..Kept::default()
    }
}

impl<M: Mailbox> Keeping<M> {
    /// A store that has everything up to that message.
    pub(super) fn new(store: M, committed: MessageId) -> Keeping<M> {
        Keeping {
            store,
            committed,
            questions: Questions::default(),
            has_more: false,
            log_lost: LogThrottle::default(),
        }
    }

    /// How the disk does.
    pub(super) fn figures(&self) -> Figures {
        self.store.figures()
    }
}

impl<S: System> Reactor<S> {
    /// Takes in what is to be kept.
    pub(super) fn keep(&mut self, record: Record) {
        let Some(keeping) = &mut self.keeping else {
            return;
        };
        let id = record.message_id();
        if keeping.store.keep(record).is_ok() {
            return;
        }
        if let Some(others) = keeping.log_lost.pass(self.clock.now) {
            let others = others_in_words(others);
            log::error!("history is too far behind: what is said now is not kept{others}");
        }
        if let Some(id) = id {
            self.hub.handle_lost(id, self.clock.moment);
        }
    }

    /// Hands over what the turn brought.
    pub(super) fn hand_over(&mut self) {
        if let Some(keeping) = &mut self.keeping {
            keeping.store.flush();
        }
    }

    /// Has something looked up, when whoever asks has had the answers before and taken most of them.
    pub(super) fn look_up(&mut self, who: ConnId, ticket: u64, query: Query) {
        if let Some(keeping) = &mut self.keeping {
            let is_awaited = self.hub.is_requested(ticket);
            keeping.questions.park(who, ticket, query, is_awaited);
        }
    }

    /// Puts off what is asked by who waits for an answer from the disk, so that answers come in the order
    /// of their requests, one after the other. What it says goes on: that has no long answer, and others
    /// wait for it. `None`: it is put off, and nothing else of that connection is handled until then.
    pub(super) fn defer(&mut self, id: ConnId, parsed: Parsed) -> Option<Parsed> {
        let Some(keeping) = self.keeping.as_mut().filter(|_| !is_talk(&parsed.ask)) else {
            return Some(parsed);
        };
        let parsed = keeping.questions.put_off(id, parsed);
        if parsed.is_none()
            && let Some(connection) = self.connections.touch(id)
        {
            connection.hold(Tick::MAX);
        }
        parsed
    }

    /// A question has its answer, which may be mail: nobody is dropped for it. What its connection asked
    /// next is handled.
    fn go_on(&mut self, who: ConnId, ticket: u64) {
        if let Some(connection) = self.connections.get_open(who) {
            connection.note_answer(&self.limits);
        }
        let next = self
            .keeping
            .as_mut()
            .and_then(|it| it.questions.end(who, ticket));
        if let (Some(next), Some(connection)) = (next, self.connections.get_open(who)) {
            connection.unthrottle();
            self.handle_frame(who, next);
            self.connections.make_ready(who);
        }
    }

    /// Asks what is to be looked up. It is done at the end of a turn, once: what was flushed in it was
    /// taken, and no event may come before something else is sent.
    pub(super) fn ask_parked(&mut self) {
        let Some(keeping) = &mut self.keeping else {
            return;
        };
        let (connections, hub) = (&self.connections, &mut self.hub);
        let hindrance = |who, ticket| {
            let connection = connections.get(who).filter(|_| hub.waits_for(ticket));
            match connection.map(Connection::sendq) {
                Some(sendq) if sendq > CATCH_UP_SENDQ_BYTES => Hindrance::Owed,
                Some(_) => Hindrance::None,
                None => {
                    hub.forget_question(ticket);
                    Hindrance::Gone
                }
            }
        };
        let store = &keeping.store;
        let submit = |ticket, query: &Query| store.submit(ticket, query.clone()).is_ok();
        keeping.questions.ask(self.clock.now, hindrance, submit);
    }

    /// Asks about an account. Until that is answered nothing else that the connection asks is handled.
    pub(super) fn ask_account(&mut self, who: ConnId, ticket: u64, ask: AccountAsk) {
        let Some(keeping) = &mut self.keeping else {
            return;
        };
        match keeping.store.account(ticket, ask) {
            Ok(()) => {
                keeping.questions.note_account(who, ticket);
                if let Some(connection) = self.connections.touch(who) {
                    connection.hold(Tick::MAX);
                }
            }
            Err(store::Full) => {
                let now = self.clock.moment;
                self.hub.handle_account(ticket, AccountAnswer::Busy, now);
            }
        }
    }

    /// Tells the hub what the store has to say, as far as a turn goes.
    pub(super) fn hear_store(&mut self) {
        let now = self.clock.moment;
        let mut left = ANSWERS_PER_TURN;
        while left > 0
            && let Some(answer) = self.keeping.as_mut().and_then(|it| it.store.poll_answer())
        {
            match answer {
                Answer::Committed { through } => {
                    if let Some(keeping) = &mut self.keeping {
                        keeping.committed = through;
                    }
                }
                Answer::Found {
                    ticket,
                    found,
                    took,
                } => {
                    left -= 1;
                    let who = self
                        .keeping
                        .as_mut()
                        .and_then(|it| it.questions.take(ticket));
                    if let Some(who) = who {
                        self.spend(who, took.as_millis() as u64 / QUESTION_MS_PER_TOKEN);
                    }
                    self.hub.handle_found(ticket, found, now);
                    self.carry_out();
                    if let Some(who) = who {
                        self.go_on(who, ticket);
                    }
                }
                Answer::Account { ticket, answer } => self.hear_of_account(ticket, answer),
            }
        }
        if let Some(keeping) = &mut self.keeping {
            keeping.has_more = left == 0;
        }
        self.tell_kept();
        let overdue = self
            .keeping
            .as_mut()
            .map(|it| it.questions.take_overdue(self.clock.now));
        for (who, ticket) in overdue.into_iter().flatten() {
            self.hub.handle_found(ticket, Found::Failed, now);
            self.carry_out();
            self.go_on(who, ticket);
        }
        self.end_answered();
    }

    fn hear_of_account(&mut self, ticket: u64, answer: AccountAnswer) {
        let Some(keeping) = &mut self.keeping else {
            return;
        };
        if let Some(who) = keeping.questions.take(ticket) {
            match self.connections.get_open(who) {
                Some(connection) => connection.unthrottle(),
                // It went, maybe without having come in.
                None => self.hub.cancel_pending(who),
            }
            self.connections.make_ready(who);
        }
        self.hub.handle_account(ticket, answer, self.clock.moment);
        self.carry_out();
    }

    /// Has the store more to say than the hub was told?
    pub(super) fn has_more_to_hear(&self) -> bool {
        let keeping = self.keeping.as_ref();
        keeping.is_some_and(|keeping| keeping.has_more || self.hub.kept() < keeping.committed)
    }

    /// What waited for the disk is told now, as much as a turn takes in.
    fn tell_kept(&mut self) {
        if let Some(keeping) = &self.keeping
            && self.hub.kept() < keeping.committed
        {
            let committed = keeping.committed;
            self.hub
                .handle_kept(committed, BATCH_BYTES_MAX, self.clock.moment);
            self.carry_out();
        }
    }

    /// A connection whose input has ended, or that has quit, is owed answers: it ends when it has them,
    /// or when that takes too long. Nothing else that it asks is handled.
    pub(super) fn end_later(&mut self, id: ConnId, quit: Option<Quit>) {
        let (Some(keeping), Some(connection)) = (&mut self.keeping, self.connections.touch(id))
        else {
            return;
        };
        connection.hold(Tick::MAX);
        keeping.questions.end_later(id, quit, self.clock.now);
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

    fn end_answered(&mut self) {
        let Some(keeping) = &mut self.keeping else {
            return;
        };
        let hub = &self.hub;
        let endings = keeping
            .questions
            .take_endings(self.clock.now, |id| hub.owes(id));
        for (id, quit) in endings {
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

    /// Who says something waits before it is read again where the disk is behind, the longer the more
    /// waits for it.
    pub(super) fn slow_down(&mut self, id: ConnId) {
        let Some(keeping) = &self.keeping else {
            return;
        };
        let share = keeping.store.backlog().share;
        if share > BACKLOG_SHARE {
            let over = (share - BACKLOG_SHARE) / (1.0 - BACKLOG_SHARE);
            let ms = (over * over * SLOW_MS_MAX as f32) as u64;
            if let Some(connection) = self.connections.touch(id) {
                connection.hold(self.clock.now + ms.max(1));
            }
        }
    }
}

/// Is it something said?
fn is_talk(ask: &Ask) -> bool {
    matches!(
        ask,
        Ask::Request(Request::Say { .. } | Request::Act { .. } | Request::Private { .. })
    )
}
