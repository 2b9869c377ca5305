//! The store as a model of itself: what is handed to its mailbox is on its way to a disk that may be slow,
//! full or failing, and that loses what was not committed when the server crashes.

mod accounts;
mod answers;
mod books;
mod mailbox;
mod settings;

use std::cell::RefCell;
use std::collections::VecDeque;
use std::rc::Rc;

use hubbub::testing::{
    AccountAnswer, AccountAsk, Answer, HashSeed, IDS_RESERVED, Kept, Message, MessageId, Options,
    Query, Record, Retention, Settings,
};

use crate::faults::Chance;
pub(crate) use mailbox::{Capacity, SimStore};
pub(crate) use settings::SimSettings;

use books::Books;
use mailbox::weight;
use settings::File;

/// How long a failed commit waits for the next attempt, in microseconds.
const RETRY_US: u64 = 250_000;

/// How often what is too much, and what is too old, is looked for, in microseconds.
const COUNT_US: u64 = 1_000_000;
const AGE_US: u64 = 60_000_000;

/// How a disk does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Health {
    /// A commit takes some milliseconds at most.
    #[default]
    Well,
    /// A commit takes up to so many microseconds.
    Slow(u64),
    /// Nothing can be written.
    Full,
    /// Nothing can be written, and not everything be read.
    Failing,
}

/// The disk of a world.
#[derive(Clone)]
pub(crate) struct Disk {
    shelves: Rc<RefCell<Shelves>>,
}

impl Disk {
    pub(crate) fn new(shelves: Rc<RefCell<Shelves>>) -> Disk {
        Disk { shelves }
    }

    /// Will it take what waits for it?
    pub(crate) fn can_write(&self) -> bool {
        self.shelves.borrow().can_write()
    }

    /// From now on it does so.
    pub(crate) fn set_health(&self, health: Health) {
        self.shelves.borrow_mut().health = health;
    }

    /// From now on so much waits for it at most.
    pub(crate) fn set_capacity(&self, capacity: Capacity) {
        self.shelves.borrow_mut().capacity = capacity;
    }

    /// The machine loses its power: what is not committed is gone, and of what is being committed nobody
    /// knows before. The server is to be dropped then.
    pub(crate) fn crash(&self) {
        self.shelves.borrow_mut().crash();
    }

    /// What was said in rooms and is on the disk, or was and is not to be kept any more.
    pub(crate) fn messages(&self) -> Vec<(String, Rc<Message>)> {
        let shelves = self.shelves.borrow();
        let said = shelves.books.said();
        said.map(|(room, message)| (room.to_string(), Rc::new(Message::clone(message))))
            .collect()
    }

    /// Is it a message that is not to be kept any more?
    pub(crate) fn has_forgotten(&self, id: u64) -> bool {
        self.shelves.borrow().books.has_forgotten(MessageId(id))
    }

    /// What stands in the file of settings, where the server is to know that.
    pub(crate) fn known_settings(&self) -> Option<Settings> {
        self.shelves.borrow().file.known().cloned()
    }

    /// Somebody writes the file of settings with an editor; `None`: such that it is not one any more.
    pub(crate) fn edit_settings(&self, settings: Option<Settings>) {
        self.shelves.borrow_mut().file.edit(settings);
    }

    /// Makes an operator of an account, as `hubbub account` would beside the server. It is known from the
    /// next start on. `false`: there is no such account.
    pub(crate) fn set_operator(&self, name: &str) -> bool {
        self.shelves.borrow_mut().books.set_operator(name)
    }

    /// The last message that is on it.
    pub(crate) fn committed(&self) -> u64 {
        self.shelves.borrow().committed.0
    }

    /// How often something was committed.
    pub(crate) fn commits(&self) -> u64 {
        self.shelves.borrow().commits
    }
}

/// Something on its way to the disk.
enum Task {
    Record(Record, usize),
    /// A change of the accounts, and when it is given up.
    Change(u64, AccountAsk, Option<u64>),
}

struct Question {
    ticket: u64,
    query: Query,
    /// When it is looked at.
    at_us: u64,
    /// It waits for this to be committed, until then.
    wanted: MessageId,
    until_us: u64,
}

struct Commit {
    begun_us: u64,
    ends_us: u64,
    /// How many of the tasks it is of.
    count: usize,
}

/// The disk, and what waits for it.
pub(crate) struct Shelves {
    seed: u64,
    chance: Chance,
    health: Health,
    books: Books,
    file: File,
    now_us: u64,
    /// A store is open.
    is_open: bool,
    turn: Vec<Record>,
    tasks: VecDeque<Task>,
    commit: Option<Commit>,
    questions: Vec<Question>,
    /// Asks about accounts, and when the next of them is looked at.
    asks: VecDeque<(u64, AccountAsk)>,
    ask_ends_us: u64,
    answers: VecDeque<Answer>,
    committed: MessageId,
    told: MessageId,
    highest: MessageId,
    lost: u64,
    commits: u64,
    longest_commit_us: u64,
    /// The power has failed: nothing that comes now is taken.
    is_off: bool,
    retention: Retention,
    capacity: Capacity,
    /// When what is not to be kept any more was looked for, by number and by age.
    counted_at_us: u64,
    aged_at_us: u64,
}

impl Shelves {
    pub(crate) fn new(seed: u64) -> Shelves {
        Shelves {
            seed,
            chance: Chance::new(seed, u64::MAX),
            health: Health::Well,
            books: Books::new(),
            file: File::default(),
            now_us: 0,
            is_open: false,
            turn: Vec::new(),
            tasks: VecDeque::new(),
            commit: None,
            questions: Vec::new(),
            asks: VecDeque::new(),
            ask_ends_us: 0,
            answers: VecDeque::new(),
            committed: MessageId(0),
            told: MessageId(0),
            highest: MessageId(0),
            lost: 0,
            commits: 0,
            longest_commit_us: 0,
            is_off: false,
            retention: Retention::default(),
            capacity: Capacity::default(),
            counted_at_us: 0,
            aged_at_us: 0,
        }
    }

    /// What stands for addresses is hashed with this. It is no part of what is drawn by and by.
    pub(crate) fn secret(&self) -> HashSeed {
        HashSeed(self.seed, 0x636c_6f61_6b21)
    }

    /// A server is going to be started.
    pub(crate) fn power_on(&mut self) {
        self.is_off = false;
    }

    /// Goes on after the last message that was said.
    fn resume(&mut self, options: &Options, last: MessageId, now_us: u64) {
        self.now_us = now_us;
        self.books.reserved = last.0 + IDS_RESERVED;
        (self.committed, self.told, self.highest) = (last, last, last);
        self.is_open = true;
        self.retention = options.retention;
    }

    fn open(&mut self, options: &Options, now_us: u64) -> Kept {
        let last = self.books.last_id();
        self.resume(options, last, now_us);
        Kept {
            cloak_key: self.secret(),
            ..self.books.kept(last, options.replay)
        }
    }

    /// Everything that is not on the disk is gone.
    fn forget(&mut self) {
        self.is_open = false;
        self.turn.clear();
        self.tasks.clear();
        self.commit = None;
        self.questions.clear();
        self.asks.clear();
        self.answers.clear();
    }

    pub(crate) fn crash(&mut self) {
        if let Some(commit) = self.commit.take()
            && self.can_write()
            && self.chance.below(2) == 0
        {
            self.apply(commit.count);
        }
        self.forget();
        self.file.forget();
        self.is_off = true;
    }

    /// An orderly end: everything that was handed over is written, if the disk takes it.
    fn close(&mut self) {
        if self.is_open {
            self.flush();
            if self.can_write() {
                self.apply(self.tasks.len());
                self.books.reserved = self.highest.0;
            }
            self.forget();
        }
    }

    fn can_write(&self) -> bool {
        matches!(self.health, Health::Well | Health::Slow(_))
    }

    pub(crate) fn is_quiet(&self) -> bool {
        self.next_due_us().is_none() && self.answers.is_empty() && self.told == self.committed
    }

    pub(crate) fn next_due_us(&self) -> Option<u64> {
        let of_commit = self.commit.as_ref().map(|commit| commit.ends_us);
        let begins = (self.commit.is_none() && !self.tasks.is_empty()).then_some(self.now_us);
        let of_questions =
            self.questions
                .iter()
                .map(|question| match self.is_committed(question) {
                    true => question.at_us,
                    false => question.until_us,
                });
        let of_changes = self.tasks.iter().filter_map(|task| match task {
            Task::Change(_, _, until_us) => *until_us,
            Task::Record(..) => None,
        });
        let of_asks = (!self.asks.is_empty()).then_some(self.ask_ends_us);
        [of_commit, begins, of_asks, self.file.next_due_us()]
            .into_iter()
            .flatten()
            .chain(of_questions)
            .chain(of_changes)
            .min()
    }

    /// Lets happen what is due. Tells whether the poll is woken by it.
    pub(crate) fn advance(&mut self, now_us: u64, unix_ms: u64) -> bool {
        self.now_us = self.now_us.max(now_us);
        let mut wakes = false;
        loop {
            self.retain(unix_ms);
            if self.commit.is_none() && !self.tasks.is_empty() {
                self.begin_commit();
            }
            wakes |= self.lose_patience();
            if self.next_due_us().is_none_or(|at_us| at_us > now_us) {
                return wakes;
            }
            if self.commit.as_ref().is_some_and(|it| it.ends_us <= now_us) {
                wakes |= self.end_commit();
            }
            wakes |= self.answer_questions();
            wakes |= self.answer_ask();
            let can_write = self.can_write();
            self.file.advance(self.now_us, can_write);
        }
    }

    /// Forgets what is not to be kept any more. That is seen by who asks only, so that it need not be done on time.
    fn retain(&mut self, unix_ms: u64) {
        if self.now_us >= self.counted_at_us + COUNT_US {
            self.counted_at_us = self.now_us;
            self.books.forget_excess(self.retention);
        }
        if let Some(age_ms) = self.retention.age_ms
            && self.now_us >= self.aged_at_us + AGE_US
        {
            self.aged_at_us = self.now_us;
            self.books.forget_older(unix_ms.saturating_sub(age_ms));
        }
    }

    fn begin_commit(&mut self) {
        let most_us = match self.health {
            Health::Well => 4_000,
            Health::Slow(us) => us.max(1),
            Health::Full | Health::Failing => RETRY_US,
        };
        let takes_us = match self.can_write() {
            true => 100 + self.chance.below(most_us),
            false => most_us,
        };
        self.commit = Some(Commit {
            begun_us: self.now_us,
            ends_us: self.now_us + takes_us,
            count: self.tasks.len(),
        });
    }

    fn end_commit(&mut self) -> bool {
        let Some(commit) = self.commit.take() else {
            return false;
        };
        if self.can_write() {
            let took_us = self.now_us - commit.begun_us;
            self.longest_commit_us = self.longest_commit_us.max(took_us);
            self.commits += 1;
            self.apply(commit.count);
            return true;
        }
        // Changes of accounts were not made; what was said is tried again.
        let mut failed = Vec::new();
        self.tasks.retain(|task| match task {
            Task::Change(ticket, ..) => {
                failed.push(*ticket);
                false
            }
            Task::Record(..) => true,
        });
        let wakes = !failed.is_empty();
        for ticket in failed {
            self.answer_account(ticket, AccountAnswer::Failed);
        }
        wakes
    }

    /// So many of the tasks are on the disk.
    fn apply(&mut self, count: usize) {
        for task in self.tasks.drain(..count).collect::<Vec<_>>() {
            match task {
                Task::Record(record, _) => {
                    if let Some(id) = record.message_id() {
                        self.committed = self.committed.max(id);
                    }
                    self.books.write(&record);
                }
                Task::Change(ticket, ask, _) => {
                    let answer = self.books.change(ask, self.now_us / 1000, &mut self.chance);
                    self.answer_account(ticket, answer);
                }
            }
        }
        if self.highest.0 + IDS_RESERVED / 2 > self.books.reserved {
            self.books.reserved = self.highest.0 + IDS_RESERVED;
        }
    }

    fn flush(&mut self) {
        for record in std::mem::take(&mut self.turn) {
            let bytes = weight(&record);
            self.tasks.push_back(Task::Record(record, bytes));
        }
    }
}
