//! The mailbox of the store.

use std::cell::RefCell;
use std::rc::Rc;

use hubbub::testing::{
    ACCOUNT_ASKS_MAX, AccountAsk, Answer, Backlog, Figures, Full, INDEX_WAIT_MS, Kept, Mailbox,
    MessageId, Options, QUESTIONS_MAX, Query, Record, STORE_BEHIND_MS, STORE_BYTES_MAX,
    STORE_RECORDS_MAX,
};

use super::{Question, Shelves, Task};

/// How much waits at most in a mailbox.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Capacity {
    pub(crate) records: usize,
    pub(crate) questions: usize,
    /// Those about accounts.
    pub(crate) asks: usize,
}

impl Default for Capacity {
    /// The store's own.
    fn default() -> Capacity {
        Capacity {
            records: STORE_RECORDS_MAX,
            questions: QUESTIONS_MAX,
            asks: ACCOUNT_ASKS_MAX,
        }
    }
}

/// The mailbox of one server's store.
pub(crate) struct SimStore(Rc<RefCell<Shelves>>);

impl SimStore {
    pub(crate) fn open(
        shelves: &Rc<RefCell<Shelves>>,
        options: &Options,
        now_us: u64,
    ) -> (SimStore, Kept) {
        let kept = shelves.borrow_mut().open(options, now_us);
        (SimStore(Rc::clone(shelves)), kept)
    }

    pub(crate) fn resume(
        shelves: &Rc<RefCell<Shelves>>,
        options: &Options,
        last: MessageId,
        now_us: u64,
    ) -> SimStore {
        shelves.borrow_mut().resume(options, last, now_us);
        SimStore(Rc::clone(shelves))
    }
}

impl Drop for SimStore {
    fn drop(&mut self) {
        self.0.borrow_mut().close();
    }
}

impl Mailbox for SimStore {
    fn keep(&mut self, record: Record) -> Result<(), Full> {
        let mut shelves = self.0.borrow_mut();
        match record.message_id() {
            Some(id) => shelves.highest = shelves.highest.max(id),
            None if shelves.has_room() => {}
            None => {
                shelves.lost += 1;
                return Err(Full);
            }
        }
        shelves.turn.push(record);
        Ok(())
    }

    fn has_room(&self) -> bool {
        self.0.borrow().has_room()
    }

    fn lose(&mut self, id: Option<MessageId>) {
        let mut shelves = self.0.borrow_mut();
        shelves.lost += 1;
        shelves.highest = shelves.highest.max(id.unwrap_or_default());
    }

    fn committed(&self) -> MessageId {
        let mut shelves = self.0.borrow_mut();
        shelves.told = shelves.committed;
        shelves.told
    }

    fn flush(&mut self) {
        // Not after the power has failed.
        let mut shelves = self.0.borrow_mut();
        if !shelves.is_off {
            shelves.flush();
        }
    }

    fn submit(&self, ticket: u64, query: Query) -> Result<(), Full> {
        let mut shelves = self.0.borrow_mut();
        if shelves.questions.len() >= shelves.capacity.questions {
            return Err(Full);
        }
        let wanted = match query {
            Query::History { through, .. } => through,
            _ => shelves.highest,
        };
        let now_us = shelves.now_us;
        let at_us = now_us + 50 + shelves.chance.below(5_000);
        shelves.questions.push(Question {
            ticket,
            query,
            at_us,
            wanted,
            until_us: at_us + INDEX_WAIT_MS * 1000,
        });
        Ok(())
    }

    fn account(&self, ticket: u64, ask: AccountAsk) -> Result<(), Full> {
        let mut shelves = self.0.borrow_mut();
        if shelves.asks.len() >= shelves.capacity.asks {
            return Err(Full);
        }
        if shelves.asks.is_empty() {
            let takes_us = 1_000 + shelves.chance.below(30_000);
            shelves.ask_ends_us = shelves.now_us + takes_us;
        }
        shelves.asks.push_back((ticket, ask));
        Ok(())
    }

    fn poll_answer(&mut self) -> Option<Answer> {
        let mut shelves = self.0.borrow_mut();
        shelves.answers.pop_front()
    }

    fn backlog(&self) -> Backlog {
        self.0.borrow().backlog()
    }

    fn figures(&self) -> Figures {
        let shelves = self.0.borrow();
        Figures {
            backlog: shelves.backlog(),
            lost: shelves.lost,
            commits: shelves.commits,
            longest_commit_us: shelves.longest_commit_us,
            last_error: None,
        }
    }
}

impl Shelves {
    fn has_room(&self) -> bool {
        let backlog = self.backlog();
        backlog.records < self.capacity.records && backlog.bytes <= STORE_BYTES_MAX
    }

    fn backlog(&self) -> Backlog {
        let waiting = self.tasks.iter().filter_map(|task| match task {
            Task::Record(_, bytes) => Some(*bytes),
            Task::Change(..) => None,
        });
        let records = self.turn.len() + waiting.clone().count();
        let bytes = self.turn.iter().map(weight).sum::<usize>() + waiting.sum::<usize>();
        let share = records as f32 / self.capacity.records as f32;
        let begun_us = self.commit.as_ref().map_or(self.now_us, |it| it.begun_us);
        Backlog {
            records,
            bytes,
            share: share.max(bytes as f32 / STORE_BYTES_MAX as f32).min(1.0),
            is_behind: !self.can_write() || self.now_us - begun_us > STORE_BEHIND_MS * 1000,
        }
    }
}

/// About what a record holds in memory.
pub(super) fn weight(record: &Record) -> usize {
    size_of::<Record>()
        + match record {
            Record::Said { message, .. } | Record::Private { message, .. } => message.text.len(),
            _ => 64,
        }
}
