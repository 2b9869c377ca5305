//! What is kept: handed to the store once a turn, and what the store answers, to the hub. No turn waits
//! for it: where it falls behind, those who speak are read more slowly.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use mio::Waker;

use crate::hub::keep::{AccountAnswer, AccountAsk, Found, Kept, Query, Record};
use crate::limits::{
    ANSWER_MS, BACKLOG_SHARE, CATCH_UP_SENDQ_BYTES, DRAIN_STALL_MS, SLOW_MS_MAX, TALK_BYTES_MAX,
};
use crate::model::{ConnId, MessageId, Moment};
use crate::store::{self, Answer, Figures, Store};

use super::Reactor;
use super::admission::Throttle;
use super::timers::Tick;

/// The store, and what its answers are waited for with.
pub(super) struct Keeping {
    store: Store,
    /// Everything up to this is on disk.
    committed: MessageId,
    /// Questions that wait for a reader to take what it is owed, or for room in the store's queue.
    parked: VecDeque<(ConnId, u64, Query)>,
    /// Questions that were asked, and when the answer is given up; in that order.
    asked: VecDeque<(Tick, u64)>,
    /// Connections held by a question about an account, by its ticket.
    held: BTreeMap<u64, ConnId>,
    /// Connections whose input has ended and whose answers are on their way, and until when.
    ended: BTreeMap<ConnId, Tick>,
    log_lost: Throttle,
}

/// What a server begins with that keeps nothing. Its ids begin with the time, so that they are later than
/// those of any earlier run that said up to a thousand messages a second.
pub(super) fn nothing_kept(now: Moment) -> Kept {
    const BEGINNING_OF_2026_MS: u64 = 1_767_225_600_000;
    Kept {
        last_id: MessageId(now.unix_ms.saturating_sub(BEGINNING_OF_2026_MS)),
        ..Kept::default()
    }
}

impl Keeping {
    /// # Errors
    /// One line that says why nothing can be kept.
    pub(super) fn open(options: &store::Options, waker: Waker) -> Result<(Keeping, Kept), String> {
        let wake = move || {
            // It fails where the poll is gone, with whoever would hear it.
            let _ = waker.wake();
        };
        let (store, kept) = store::open(options, Arc::new(wake))?;
        let keeping = Keeping {
            store,
            committed: kept.last_id,
            parked: VecDeque::new(),
            asked: VecDeque::new(),
            held: BTreeMap::new(),
            ended: BTreeMap::new(),
            log_lost: Throttle::default(),
        };
        Ok((keeping, kept))
    }

    /// When an answer is given up, or an end of input waited for no longer.
    pub(super) fn next_due(&self) -> Option<Tick> {
        let asked = self.asked.front().map(|&(due, _)| due);
        asked.into_iter().chain(self.ended.values().copied()).min()
    }

    /// How the disk does.
    pub(super) fn figures(&self) -> Figures {
        self.store.figures()
    }

    fn pop_overdue(&mut self, now: Tick) -> Option<u64> {
        let &(due, ticket) = self.asked.front()?;
        (due <= now).then(|| {
            self.asked.pop_front();
            ticket
        })
    }
}

impl Reactor {
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
            log::error!(
                "history is too far behind: what is said now is not kept ({} more)",
                others
            );
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

    /// Has something looked up, when its reader has taken most of what it is owed.
    pub(super) fn look_up(&mut self, who: ConnId, ticket: u64, query: Query) {
        if let Some(keeping) = &mut self.keeping {
            keeping.parked.push_back((who, ticket, query));
            self.ask_parked();
        }
    }

    fn ask_parked(&mut self) {
        let Some(keeping) = &mut self.keeping else {
            return;
        };
        let due = self.clock.now + ANSWER_MS;
        for _ in 0..keeping.parked.len() {
            let Some((who, ticket, query)) = keeping.parked.pop_front() else {
                break;
            };
            let Some(connection) = self.connections.get_mut(who) else {
                continue;
            };
            let is_slow = connection.sendq() > CATCH_UP_SENDQ_BYTES;
            if is_slow || keeping.store.ask(ticket, query.clone()).is_err() {
                keeping.parked.push_back((who, ticket, query));
            } else {
                keeping.asked.push_back((due, ticket));
            }
        }
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
        while let Some(answer) = self.keeping.as_mut().and_then(|it| it.store.poll_answer()) {
            match answer {
                Answer::Committed { through } => {
                    if let Some(keeping) = &mut self.keeping {
                        keeping.committed = through;
                    }
                }
                Answer::Found { ticket, found } => {
                    if let Some(keeping) = &mut self.keeping {
                        keeping.asked.retain(|&(_, asked)| asked != ticket);
                    }
                    self.hub.handle_found(ticket, found, now);
                    self.carry_out();
                }
                Answer::Account { ticket, answer } => self.hear_of_account(ticket, answer),
            }
        }
        self.tell_kept();
        while let Some(ticket) = self
            .keeping
            .as_mut()
            .and_then(|keeping| keeping.pop_overdue(self.clock.now))
        {
            self.hub.handle_found(ticket, Found::Failed, now);
            self.carry_out();
        }
        self.ask_parked();
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
                None => self.hub.forgive(who),
            }
            self.connections.make_ready(who);
        }
        // Somebody may come in by it, or go by another name.
        self.hand_out(0);
        self.hub.handle_account(ticket, answer, self.clock.moment);
        self.carry_out();
    }

    /// Is there more on disk than the hub was told?
    pub(super) fn has_kept_to_tell(&self) -> bool {
        let committed = self.keeping.as_ref().map(|keeping| keeping.committed);
        committed.is_some_and(|committed| self.hub.kept() < committed)
    }

    /// What waited for the disk is told now, as much as a turn takes in.
    fn tell_kept(&mut self) {
        if let Some(keeping) = &self.keeping
            && self.hub.kept() < keeping.committed
        {
            let committed = keeping.committed;
            self.hub
                .handle_kept(committed, TALK_BYTES_MAX, self.clock.moment);
            self.carry_out();
        }
    }

    /// A connection whose input has ended is owed answers: it ends when it has them, or when that takes
    /// too long.
    pub(super) fn end_later(&mut self, id: ConnId) {
        let due = self.clock.now + DRAIN_STALL_MS;
        if let Some(keeping) = &mut self.keeping {
            keeping.ended.entry(id).or_insert(due);
        }
    }

    fn end_answered(&mut self) {
        let Some(keeping) = &mut self.keeping else {
            return;
        };
        let now = self.clock.now;
        let (hub, ended) = (&self.hub, &mut keeping.ended);
        let done: Vec<ConnId> = ended
            .iter()
            .filter(|&(&id, &due)| due <= now || !hub.owes(id))
            .map(|(&id, _)| id)
            .collect();
        for id in done {
            if let Some(keeping) = &mut self.keeping {
                keeping.ended.remove(&id);
            }
            self.hub.forgive(id);
            self.handle_end(id);
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
