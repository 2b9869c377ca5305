//! What is kept: handed to the store once a turn, and what the store answers, to the hub. No turn waits
//! for it: where it falls behind, those who speak are read more slowly.

use std::collections::{BTreeMap, VecDeque};

use crate::dialect::http::{Response, ResponseMode};
use crate::dialect::{Ask, Parsed};
use crate::limits::{
    ANSWER_MS, ANSWERS_PER_TURN, BACKLOG_SHARE, BATCH_BYTES_MAX, CATCH_UP_SENDQ_BYTES,
    CLOCK_FLOOR_MS, QUESTION_MS_PER_TOKEN, SLOW_MS_MAX,
};
use crate::model::{
    AccountAnswer, AccountAsk, ConnId, Found, Kept, MessageId, Moment, Query, Record, Request,
    RequestId,
};
use crate::store::{self, Answer, Figures};
use crate::sys::{Mailbox, System};

use super::Reactor;
use super::admission::LogThrottle;
use super::phase::Phase;
use super::timers::Tick;
use super::welcome::others_in_words;

/// The store, and what its answers are waited for with.
pub(super) struct Keeping<M> {
    store: M,
    /// Everything up to this is on disk.
    committed: MessageId,
    /// Questions that wait for whoever asks to take what it is owed.
    parked: VecDeque<(ConnId, u64, Query)>,
    /// Questions that wait for room in the store's queue, and when they are given up; in that order.
    queued: VecDeque<(Tick, ConnId, u64, Query)>,
    /// Questions that were asked, and when the answer is given up; in that order.
    asked: VecDeque<(Tick, ConnId, u64)>,
    /// The question of each connection that was asked, or waits for room: the answers to all that one asks
    /// at once are more than it is to be owed.
    current: BTreeMap<ConnId, u64>,
    /// Connections that wait for the answer to a request, by the question's ticket, with what each asks next.
    answering: BTreeMap<ConnId, (u64, Option<Parsed>)>,
    /// Connections held by what they had said, with the response that waits for the disk.
    posts: BTreeMap<ConnId, (ResponseMode, Response)>,
    /// Connections held by a question about an account, by its ticket.
    held: BTreeMap<u64, ConnId>,
    /// Connections that end when they have the answers that are on their way.
    ending: BTreeMap<ConnId, Ending>,
    /// May there be more answers than the last turn took in?
    has_more: bool,
    log_lost: LogThrottle,
}

/// The end of a connection that is owed answers.
struct Ending {
    /// Until when they are waited for.
    due: Tick,
    /// What ends it; `None` is the end of its input.
    quit: Option<(Request, Option<RequestId>)>,
}

/// What a server begins with that keeps nothing. Its ids begin with the time, so that they are later than
/// those of any earlier run that said up to a thousand messages a second.
pub(super) fn nothing_kept(now: Moment) -> Kept {
    Kept {
        last_id: MessageId(now.unix_ms.saturating_sub(CLOCK_FLOOR_MS)),
        ..Kept::default()
    }
}

#[cfg(feature = "testing")]
impl<M> Keeping<M> {
    /// What waits for the store, by what it is.
    pub(super) fn pending(&self) -> Vec<(&'static str, usize)> {
        vec![
            ("parked questions", self.parked.len()),
            ("queued questions", self.queued.len()),
            ("asked questions", self.asked.len()),
            ("connections with a question", self.current.len()),
            ("connections that wait", self.answering.len()),
            ("posts", self.posts.len()),
            ("held connections", self.held.len()),
            ("ending connections", self.ending.len()),
        ]
    }
}

impl<M: Mailbox> Keeping<M> {
    /// A store that has everything up to that message.
    pub(super) fn new(store: M, committed: MessageId) -> Keeping<M> {
        Keeping {
            store,
            committed,
            parked: VecDeque::new(),
            queued: VecDeque::new(),
            asked: VecDeque::new(),
            current: BTreeMap::new(),
            answering: BTreeMap::new(),
            posts: BTreeMap::new(),
            held: BTreeMap::new(),
            ending: BTreeMap::new(),
            has_more: false,
            log_lost: LogThrottle::default(),
        }
    }

    /// Has a response wait until what was said is on disk.
    pub(super) fn put_off(&mut self, id: ConnId, manner: ResponseMode, response: Response) {
        self.posts.insert(id, (manner, response));
    }

    /// The response that waited.
    pub(super) fn take_post(&mut self, id: ConnId) -> Option<(ResponseMode, Response)> {
        self.posts.remove(&id)
    }

    /// When an answer is given up, or waited for no longer by who ends.
    pub(super) fn next_due(&self) -> Option<Tick> {
        let asked = self.asked.front().map(|&(due, ..)| due);
        let queued = self.queued.front().map(|&(due, ..)| due);
        let ending = self.ending.values().map(|ending| ending.due);
        asked.into_iter().chain(queued).chain(ending).min()
    }

    /// How the disk does.
    pub(super) fn figures(&self) -> Figures {
        self.store.figures()
    }

    fn pop_overdue(&mut self, now: Tick) -> Option<(ConnId, u64)> {
        if let Some(&(due, who, ticket)) = self.asked.front()
            && due <= now
        {
            self.asked.pop_front();
            return Some((who, ticket));
        }
        let &(due, who, ticket, _) = self.queued.front()?;
        (due <= now).then(|| {
            self.queued.pop_front();
            (who, ticket)
        })
    }

    /// A question was answered. Returns whose it was, unless it was given up before.
    fn pop_asked(&mut self, ticket: u64) -> Option<ConnId> {
        let at = self.asked.iter().position(|&(.., asked)| asked == ticket)?;
        self.asked.remove(at).map(|(_, who, _)| who)
    }

    /// A question is nobody's any more. Returns what waited for its answer.
    fn end_question(&mut self, who: ConnId, ticket: u64) -> Option<Parsed> {
        if self.current.get(&who) == Some(&ticket) {
            self.current.remove(&who);
        }
        match self.answering.get(&who) {
            Some(&(awaited, _)) if awaited == ticket => self.answering.remove(&who)?.1,
            _ => None,
        }
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
            if self.hub.is_requested(ticket) {
                keeping.answering.insert(who, (ticket, None));
            }
            keeping.parked.push_back((who, ticket, query));
        }
    }

    /// Puts off what is asked by who waits for an answer from the disk, so that answers come in the order
    /// of their requests, one after the other. What it says goes on: that has no long answer, and others
    /// wait for it. `None`: it is put off, and nothing else of that connection is handled until then.
    pub(super) fn defer(&mut self, id: ConnId, parsed: Parsed) -> Option<Parsed> {
        let answering = self
            .keeping
            .as_mut()
            .and_then(|it| it.answering.get_mut(&id));
        let Some((_, next)) = answering.filter(|_| !is_talk(&parsed.ask)) else {
            return Some(parsed);
        };
        *next = Some(parsed);
        if let Some(connection) = self.connections.touch(id) {
            connection.hold(Tick::MAX);
        }
        None
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
            .and_then(|it| it.end_question(who, ticket));
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
        let due = self.clock.now + ANSWER_MS;
        for _ in 0..keeping.parked.len() {
            let Some((who, ticket, query)) = keeping.parked.pop_front() else {
                break;
            };
            let connection = self.connections.get(who);
            let Some(connection) = connection.filter(|_| self.hub.waits_for(ticket)) else {
                self.hub.forget_question(ticket);
                keeping.end_question(who, ticket);
                continue;
            };
            // An export takes its time, and is answered with a line.
            let is_export = matches!(query, Query::Export { .. });
            let waits = connection.sendq() > CATCH_UP_SENDQ_BYTES
                || (!is_export && keeping.current.contains_key(&who));
            if waits {
                keeping.parked.push_back((who, ticket, query));
                continue;
            }
            if !is_export {
                keeping.current.insert(who, ticket);
            }
            keeping.queued.push_back((due, who, ticket, query));
        }
        // The one kind's queue may be full, and the other's not.
        let (mut is_full, mut is_full_of_long) = (false, false);
        let Keeping {
            queued,
            asked,
            store,
            ..
        } = keeping;
        queued.retain(|&(_, who, ticket, ref query)| {
            let is_full = match query.is_long() {
                true => &mut is_full_of_long,
                false => &mut is_full,
            };
            *is_full = *is_full || store.submit(ticket, query.clone()).is_err();
            if !*is_full {
                asked.push_back((due, who, ticket));
            }
            *is_full
        });
    }

    /// Asks about an account. Until that is answered nothing else that the connection asks is handled.
    pub(super) fn ask_account(&mut self, who: ConnId, ticket: u64, ask: AccountAsk) {
        let Some(keeping) = &mut self.keeping else {
            return;
        };
        match keeping.store.account(ticket, ask) {
            Ok(()) => {
                keeping.held.insert(ticket, who);
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
                    let who = self.keeping.as_mut().and_then(|it| it.pop_asked(ticket));
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
        while let Some((who, ticket)) = self
            .keeping
            .as_mut()
            .and_then(|keeping| keeping.pop_overdue(self.clock.now))
        {
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
        if let Some(who) = keeping.held.remove(&ticket) {
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
    pub(super) fn end_later(&mut self, id: ConnId, quit: Option<(Request, Option<RequestId>)>) {
        let due = self.clock.now + ANSWER_MS;
        let (Some(keeping), Some(connection)) = (&mut self.keeping, self.connections.touch(id))
        else {
            return;
        };
        connection.hold(Tick::MAX);
        let ending = Ending { due, quit };
        keeping.ending.entry(id).or_insert(ending);
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
        let (now, hub) = (self.clock.now, &self.hub);
        let is_done = |id: ConnId, ending: &Ending| ending.due <= now || !hub.owes(id);
        let ending = keeping.ending.iter();
        let done = ending.filter(|&(&id, ending)| is_done(id, ending));
        for id in done.map(|(&id, _)| id).collect::<Vec<_>>() {
            let ending = self.keeping.as_mut().and_then(|it| it.ending.remove(&id));
            self.hub.cancel_pending(id);
            match ending.and_then(|ending| ending.quit) {
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
