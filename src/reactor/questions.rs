//! What is under way between the connections and the archive: each question and how far it has come, and
//! what each connection does when it has its answer. Pure: the archive, the hub and the time are the caller's.

use std::collections::BTreeMap;

use crate::dialect::Parsed;
use crate::dialect::http::{Response, ResponseMode};
use crate::limits::ANSWER_MS;
use crate::model::{ConnId, Query, Request, RequestId};

use super::timers::Tick;

/// All that is under way.
#[derive(Debug, Default)]
pub(super) struct Questions {
    /// By their tickets, so that what was asked first comes first.
    open: BTreeMap<u64, Unanswered>,
    /// Invariant: each has something under way.
    connections: BTreeMap<ConnId, UnderWay>,
}

/// A question that is not answered yet.
#[derive(Debug)]
struct Unanswered {
    who: ConnId,
    /// What is to be asked, until it is.
    query: Option<Query>,
    state: QuestionState,
}

/// How far a question has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum QuestionState {
    /// It waits for whoever asks to take what it is owed, and for the answer before this one.
    Parked,
    /// It waits for room in the archive's queue, until then.
    Queued(Tick),
    /// It is asked, and given up then.
    Asked(Tick),
    /// It is asked, about an account, and not given up.
    OfAccount,
}

/// What a connection has under way.
#[derive(Debug, Default)]
struct UnderWay {
    /// Its question that is queued or asked: the answers to all that one asks at once are more than it is to
    /// be owed. An export is none of these: it takes its time, and is answered with a line.
    current: Option<u64>,
    /// The question whose answer its requests wait for, with the next of them.
    awaited: Option<(u64, Option<Parsed>)>,
    /// The response that waits until what it had said is on disk, or looked up.
    response: Option<(ResponseMode, Response)>,
    /// What it asked next, behind words that have not come back from the cluster.
    behind_words: Option<Parsed>,
    /// It ends when it has the answers that are on their way.
    ending: Option<Ending>,
}

impl UnderWay {
    fn is_nothing(&self) -> bool {
        let UnderWay {
            current,
            awaited,
            response,
            behind_words,
            ending,
        } = self;
        let is_waiting = awaited.is_some() || behind_words.is_some() || response.is_some();
        current.is_none() && !is_waiting && ending.is_none()
    }
}

/// The end of a connection that is owed answers.
#[derive(Debug)]
struct Ending {
    /// Until when they are waited for.
    due: Tick,
    quit: Option<Quit>,
}

/// What ends a connection; without it that is the end of its input.
pub(super) type Quit = (Request, Option<RequestId>);

/// What hinders a question from being asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Hindrance {
    /// Nothing.
    None,
    /// Whoever asks has yet to take what it is owed.
    Owed,
    /// Nobody waits for the answer any more.
    Gone,
}

impl Questions {
    /// Takes in a question that is to be asked. `is_awaited`: what `who` asks next waits for the answer.
    pub(super) fn park(&mut self, who: ConnId, ticket: u64, query: Query, is_awaited: bool) {
        if is_awaited {
            self.connections.entry(who).or_default().awaited = Some((ticket, None));
        }
        let question = Unanswered {
            who,
            query: Some(query),
            state: QuestionState::Parked,
        };
        self.open.insert(ticket, question);
    }

    /// A question about an account was asked.
    pub(super) fn note_account(&mut self, who: ConnId, ticket: u64) {
        let question = Unanswered {
            who,
            query: None,
            state: QuestionState::OfAccount,
        };
        self.open.insert(ticket, question);
    }

    /// Asks what can be asked now, one question of each connection. `submit` asks, or returns `false` where
    /// the archive's queue is full: it has one for what takes long, and one for the rest.
    pub(super) fn ask(
        &mut self,
        now: Tick,
        mut hindrance: impl FnMut(ConnId, u64) -> Hindrance,
        mut submit: impl FnMut(u64, &Query) -> bool,
    ) {
        let due = now + ANSWER_MS;
        let connections = &mut self.connections;
        let mut is_full = [false; 2];
        self.open.retain(|&ticket, question| {
            let (who, Some(query)) = (question.who, &question.query) else {
                return true;
            };
            if question.state == QuestionState::Parked {
                match hindrance(who, ticket) {
                    Hindrance::None => {}
                    Hindrance::Owed => return true,
                    Hindrance::Gone => {
                        end(connections, who, ticket);
                        return false;
                    }
                }
                if !matches!(query, Query::Export { .. }) {
                    let current = &mut connections.entry(who).or_default().current;
                    if current.is_some() {
                        return true;
                    }
                    *current = Some(ticket);
                }
                question.state = QuestionState::Queued(due);
            }
            let is_full = &mut is_full[usize::from(query.is_long())];
            *is_full = *is_full || !submit(ticket, query);
            if !*is_full {
                question.query = None;
                question.state = QuestionState::Asked(due);
            }
            true
        });
    }

    /// A question was answered. Returns whose it was, unless it was given up before.
    pub(super) fn take(&mut self, ticket: u64) -> Option<ConnId> {
        self.open.remove(&ticket).map(|question| question.who)
    }

    /// Takes out the questions that are given up by now: whose each was, and its ticket.
    pub(super) fn take_overdue(&mut self, now: Tick) -> Vec<(ConnId, u64)> {
        let mut overdue = Vec::new();
        self.open.retain(|&ticket, question| {
            let is_overdue = question.due().is_some_and(|due| due <= now);
            if is_overdue {
                overdue.push((question.who, ticket));
            }
            !is_overdue
        });
        overdue
    }

    /// Whoever asked has its answer. Returns what it asked next.
    pub(super) fn end(&mut self, who: ConnId, ticket: u64) -> Option<Parsed> {
        end(&mut self.connections, who, ticket)
    }

    /// Puts off what is asked by who waits for an answer. `Some`: it need not wait.
    pub(super) fn put_off(&mut self, who: ConnId, parsed: Parsed) -> Option<Parsed> {
        match self.connections.get_mut(&who).map(|it| &mut it.awaited) {
            Some(Some((_, next))) => {
                *next = Some(parsed);
                None
            }
            _ => Some(parsed),
        }
    }

    /// Puts off what is asked behind words that have not come back from the cluster.
    pub(super) fn put_behind_words(&mut self, who: ConnId, parsed: Parsed) {
        self.connections.entry(who).or_default().behind_words = Some(parsed);
    }

    /// All that a connection has said has come back. Returns what it asked next.
    pub(super) fn end_awaited_entries(&mut self, who: ConnId) -> Option<Parsed> {
        take_of(&mut self.connections, who, |it| it.behind_words.take())
    }

    /// Does what a connection asks wait for something else than the cluster?
    pub(super) fn awaits(&self, who: ConnId) -> bool {
        let has_next = |it: &UnderWay| matches!(it.awaited, Some((_, Some(_))));
        let is_waiting =
            |it: &UnderWay| it.ending.is_some() || it.response.is_some() || has_next(it);
        let is_of_account = |it: &Unanswered| it.who == who && it.state == QuestionState::OfAccount;
        self.connections.get(&who).is_some_and(is_waiting) || self.open.values().any(is_of_account)
    }

    /// Has a response over HTTP wait.
    pub(super) fn put_response_off(&mut self, who: ConnId, mode: ResponseMode, response: Response) {
        self.connections.entry(who).or_default().response = Some((mode, response));
    }

    /// The response that waited.
    pub(super) fn take_response(&mut self, who: ConnId) -> Option<(ResponseMode, Response)> {
        take_of(&mut self.connections, who, |it| it.response.take())
    }

    /// A connection ends when it has the answers that are on their way, or when that takes too long.
    pub(super) fn end_later(&mut self, who: ConnId, quit: Option<Quit>, now: Tick) {
        let due = now + ANSWER_MS;
        let ending = &mut self.connections.entry(who).or_default().ending;
        ending.get_or_insert(Ending { due, quit });
    }

    /// Takes out the connections that end by now, each with what ends it.
    pub(super) fn take_endings(
        &mut self,
        now: Tick,
        owes: impl Fn(ConnId) -> bool,
    ) -> Vec<(ConnId, Option<Quit>)> {
        let is_done = |(who, it): &(&ConnId, &UnderWay)| {
            let ending = it.ending.as_ref();
            ending.is_some_and(|ending| ending.due <= now || !owes(**who))
        };
        let done = self.connections.iter().filter(is_done);
        let done: Vec<ConnId> = done.map(|(&who, _)| who).collect();
        let taken = done.into_iter().map(|who| {
            let ending = take_of(&mut self.connections, who, |it| it.ending.take());
            (who, ending.and_then(|ending| ending.quit))
        });
        taken.collect()
    }

    /// When an answer is given up, or waited for no longer by who ends.
    pub(super) fn next_due(&self) -> Option<Tick> {
        let questions = self.open.values().filter_map(Unanswered::due);
        let endings = self
            .connections
            .values()
            .filter_map(|it| it.ending.as_ref());
        questions.chain(endings.map(|ending| ending.due)).min()
    }

    /// Is nothing under way?
    pub(super) fn is_empty(&self) -> bool {
        self.open.is_empty() && self.connections.is_empty()
    }

    /// What there is of all that waits, by what it is.
    #[cfg(feature = "testing")]
    pub(super) fn pending(&self) -> Vec<(&'static str, usize)> {
        vec![
            ("questions", self.open.len()),
            ("connections that wait", self.connections.len()),
        ]
    }
}

impl Unanswered {
    /// When it is given up.
    fn due(&self) -> Option<Tick> {
        match self.state {
            QuestionState::Queued(due) | QuestionState::Asked(due) => Some(due),
            QuestionState::Parked | QuestionState::OfAccount => None,
        }
    }
}

/// A question is nobody's any more. Returns what waited for its answer.
fn end(connections: &mut BTreeMap<ConnId, UnderWay>, who: ConnId, ticket: u64) -> Option<Parsed> {
    take_of(connections, who, |it| {
        it.current.take_if(|current| *current == ticket);
        it.awaited.take_if(|(awaited, _)| *awaited == ticket)?.1
    })
}

/// Takes something out of what a connection has under way, and forgets about it where that was all.
fn take_of<T>(
    connections: &mut BTreeMap<ConnId, UnderWay>,
    who: ConnId,
    take: impl FnOnce(&mut UnderWay) -> Option<T>,
) -> Option<T> {
    let under_way = connections.get_mut(&who)?;
    let taken = take(under_way);
    if under_way.is_nothing() {
        connections.remove(&who);
    }
    taken
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dialect::Ask;
    use crate::model::AccountId;

    fn id(slot: u32) -> ConnId {
        let generation = 1;
        ConnId { slot, generation }
    }

    fn mail() -> Query {
        let to = AccountId(1);
        Query::Mail { to }
    }

    fn nothing() -> Parsed {
        Parsed {
            ask: Ask::Nothing,
            id: None,
        }
    }

    /// What is asked now, where nobody owes anything and the queue has room for `room`.
    fn asked(questions: &mut Questions, now: Tick, room: usize) -> Vec<u64> {
        let mut asked = Vec::new();
        let hindrance = |_, _| Hindrance::None;
        questions.ask(now, hindrance, |ticket, _| {
            let has_room = asked.len() < room;
            asked.extend(has_room.then_some(ticket));
            has_room
        });
        asked
    }

    #[test]
    fn one_question_of_each_connection_is_asked_at_once() {
        let mut questions = Questions::default();
        for (ticket, slot) in [(1, 1), (2, 1), (3, 2)] {
            questions.park(id(slot), ticket, mail(), false);
        }
        assert_eq!(asked(&mut questions, 0, 9), [1, 3]);
        assert!(asked(&mut questions, 0, 9).is_empty());
        assert_eq!(questions.take(1), Some(id(1)));
        questions.end(id(1), 1);
        assert_eq!(asked(&mut questions, 0, 9), [2]);
    }

    #[test]
    fn what_is_asked_next_waits_for_the_answer() {
        let mut questions = Questions::default();
        assert!(questions.put_off(id(1), nothing()).is_some());
        questions.park(id(1), 1, mail(), true);
        assert!(questions.put_off(id(1), nothing()).is_none());
        assert_eq!(questions.end(id(1), 7), None);
        assert_eq!(questions.end(id(1), 1), Some(nothing()));
        assert!(questions.connections.is_empty());
    }

    #[test]
    fn an_answer_is_waited_for_so_long_from_the_asking_on() {
        let mut questions = Questions::default();
        questions.park(id(1), 1, mail(), false);
        questions.note_account(id(2), 2);
        assert_eq!(questions.next_due(), None);
        assert!(asked(&mut questions, 5, 0).is_empty());
        assert_eq!(questions.next_due(), Some(5 + ANSWER_MS));
        assert_eq!(asked(&mut questions, 6, 1), [1]);
        assert_eq!(questions.take_overdue(5 + ANSWER_MS), []);
        assert_eq!(questions.take_overdue(6 + ANSWER_MS), [(id(1), 1)]);
        assert_eq!((questions.take(1), questions.next_due()), (None, None));
        assert_eq!(questions.take(2), Some(id(2)));
    }

    #[test]
    fn who_is_gone_or_owes_something_is_not_asked_for() {
        let mut questions = Questions::default();
        questions.park(id(1), 1, mail(), true);
        questions.park(id(2), 2, mail(), true);
        let hindrance = |who: ConnId, _| match who.slot {
            1 => Hindrance::Gone,
            _ => Hindrance::Owed,
        };
        questions.ask(0, hindrance, |_, _| true);
        assert_eq!((questions.take(1), questions.connections.len()), (None, 1));
        assert_eq!(asked(&mut questions, 0, 9), [2]);
    }

    #[test]
    fn who_ends_does_so_with_its_answers_or_when_that_takes_too_long() {
        let mut questions = Questions::default();
        for slot in 1..3 {
            questions.end_later(id(slot), None, 0);
        }
        let is_first = |who: ConnId| who == id(1);
        assert_eq!(questions.take_endings(0, is_first), [(id(2), None)]);
        assert_eq!(questions.take_endings(ANSWER_MS, is_first), [(id(1), None)]);
        assert_eq!(
            (questions.next_due(), questions.connections.len()),
            (None, 0)
        );
    }
}
