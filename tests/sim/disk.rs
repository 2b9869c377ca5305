//! The store as a model of itself: what is handed to its mailbox is on its way to a disk that may be slow,
//! full or failing, and that loses what was not committed when the server crashes.

mod books;

use std::cell::RefCell;
use std::collections::VecDeque;
use std::rc::Rc;
use std::time::Duration;

use hubbub::testing::{
    ACCOUNT_ASKS_MAX, ACCOUNT_WRITE_MS, ACCOUNT_WRITES_MAX, AccountAnswer, AccountAsk, Answer,
    Backlog, Figures, Found, Full, IDS_RESERVED, INDEX_WAIT_MS, Kept, Mailbox, Message, MessageId,
    Options, QUESTIONS_MAX, Query, Record, STORE_BEHIND_MS, STORE_BYTES_MAX, STORE_RECORDS_MAX,
    Settings, SettingsFile,
};

use crate::faults::Chance;
use books::{Books, Considered};

/// How long a failed commit waits for the next attempt, in microseconds.
const RETRY_US: u64 = 250_000;

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

    /// From now on it does so.
    /// Will it take what waits for it?
    pub(crate) fn can_write(&self) -> bool {
        self.shelves.borrow().can_write()
    }

    pub(crate) fn set_health(&self, health: Health) {
        self.shelves.borrow_mut().health = health;
    }

    /// The machine loses its power: what is not committed is gone, and of what is being committed nobody
    /// knows before. The server is to be dropped then.
    pub(crate) fn crash(&self) {
        self.shelves.borrow_mut().crash();
    }

    /// What was said in rooms and is on the disk, in the order of ids.
    pub(crate) fn messages(&self) -> Vec<(String, Rc<Message>)> {
        let shelves = self.shelves.borrow();
        let said = shelves.books.said();
        said.map(|(room, message)| (room.to_string(), Rc::new(Message::clone(message))))
            .collect()
    }

    /// Makes an operator of an account, as `hubbub account` would beside the server. It is known from the
    /// next start on. `false`: there is no such account.
    pub(crate) fn set_operator(&self, name: &str) -> bool {
        self.shelves.borrow_mut().books.set_operator(name)
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
    chance: Chance,
    health: Health,
    books: Books,
    settings: Settings,
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
    /// Settings that are being written, and when they are; what is read again, and when it is.
    writing: Option<(u64, Settings)>,
    reading: Option<u64>,
    read: Option<Settings>,
}

impl Shelves {
    pub(crate) fn new(seed: u64) -> Shelves {
        Shelves {
            chance: Chance::new(seed, u64::MAX),
            health: Health::Well,
            books: Books::default(),
            settings: Settings::default(),
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
            writing: None,
            reading: None,
            read: None,
        }
    }

    fn open(&mut self, options: &Options, now_us: u64) -> Kept {
        self.now_us = now_us;
        let last = self.books.last_id();
        self.books.reserved = last.0 + IDS_RESERVED;
        (self.committed, self.told, self.highest) = (last, last, last);
        self.is_open = true;
        self.books.kept(last, options.replay)
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
        (self.writing, self.reading, self.read) = (None, None, None);
    }

    fn crash(&mut self) {
        if let Some(commit) = self.commit.take()
            && self.can_write()
            && self.chance.below(2) == 0
        {
            self.apply(commit.count);
        }
        self.forget();
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
        let of_settings = self.writing.as_ref().map(|&(at_us, _)| at_us);
        [of_commit, begins, of_asks, of_settings, self.reading]
            .into_iter()
            .flatten()
            .chain(of_questions)
            .chain(of_changes)
            .min()
    }

    /// Lets happen what is due. Tells whether the poll is woken by it.
    pub(crate) fn advance(&mut self, now_us: u64) -> bool {
        self.now_us = self.now_us.max(now_us);
        let mut wakes = false;
        loop {
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
            self.keep_settings();
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

    /// Gives up changes of accounts that wait for too long.
    fn lose_patience(&mut self) -> bool {
        let begun = self.commit.as_ref().map_or(0, |commit| commit.count);
        let mut given_up = Vec::new();
        let mut at = 0;
        self.tasks.retain_mut(|task| {
            at += 1;
            let Task::Change(ticket, _, until_us) = task else {
                return true;
            };
            if until_us.is_none_or(|until_us| until_us > self.now_us) {
                return true;
            }
            *until_us = None;
            let is_begun = at <= begun;
            let answer = match is_begun {
                true => AccountAnswer::Delayed,
                false => AccountAnswer::Failed,
            };
            given_up.push((*ticket, answer));
            is_begun
        });
        let wakes = !given_up.is_empty();
        for (ticket, answer) in given_up {
            self.answer_account(ticket, answer);
        }
        wakes
    }

    fn is_committed(&self, question: &Question) -> bool {
        self.committed >= question.wanted || !self.can_write()
    }

    fn answer_questions(&mut self) -> bool {
        let now_us = self.now_us;
        let mut answered = Vec::new();
        let questions = std::mem::take(&mut self.questions);
        for question in questions {
            let is_over = question.until_us <= now_us;
            if question.at_us <= now_us && (is_over || self.is_committed(&question)) {
                answered.push(question);
            } else {
                self.questions.push(question);
            }
        }
        let wakes = !answered.is_empty();
        for Question { ticket, query, .. } in answered {
            let fails = self.health == Health::Failing && self.chance.below(2) == 0;
            let found = match fails {
                true => Found::Failed,
                false => self.books.find(&query, self.committed),
            };
            let took = Duration::from_micros(self.chance.below(20_000));
            self.answers.push_back(Answer::Found {
                ticket,
                found,
                took,
            });
        }
        wakes
    }

    /// Passwords are checked one after the other.
    fn answer_ask(&mut self) -> bool {
        if self.asks.is_empty() || self.ask_ends_us > self.now_us {
            return false;
        }
        let Some((ticket, ask)) = self.asks.pop_front() else {
            return false;
        };
        self.ask_ends_us = self.now_us + 1_000 + self.chance.below(30_000);
        if self.health == Health::Failing && self.chance.below(2) == 0 {
            self.answer_account(ticket, AccountAnswer::Failed);
            return true;
        }
        let changes = |task: &&Task| matches!(task, Task::Change(..));
        match self.books.consider(ask) {
            Considered::Answer(answer) => self.answer_account(ticket, answer),
            Considered::Change(_)
                if self.tasks.iter().filter(changes).count() >= ACCOUNT_WRITES_MAX =>
            {
                self.answer_account(ticket, AccountAnswer::Busy);
            }
            Considered::Change(ask) => {
                let until_us = self.now_us + ACCOUNT_WRITE_MS * 1000;
                self.tasks
                    .push_back(Task::Change(ticket, ask, Some(until_us)));
                return false;
            }
        }
        true
    }

    fn answer_account(&mut self, ticket: u64, answer: AccountAnswer) {
        self.answers.push_back(Answer::Account { ticket, answer });
    }

    fn keep_settings(&mut self) {
        let now_us = self.now_us;
        if let Some((_, settings)) = self.writing.take_if(|(at_us, _)| *at_us <= now_us)
            && self.can_write()
        {
            self.settings = settings;
        }
        if self.reading.take_if(|at_us| *at_us <= now_us).is_some() {
            self.read = Some(self.settings.clone());
        }
    }

    fn flush(&mut self) {
        for record in std::mem::take(&mut self.turn) {
            let bytes = weight(&record);
            self.tasks.push_back(Task::Record(record, bytes));
        }
    }

    fn backlog(&self) -> Backlog {
        let waiting = self.tasks.iter().filter_map(|task| match task {
            Task::Record(_, bytes) => Some(*bytes),
            Task::Change(..) => None,
        });
        let records = self.turn.len() + waiting.clone().count();
        let bytes = self.turn.iter().map(weight).sum::<usize>() + waiting.sum::<usize>();
        let share = records as f32 / STORE_RECORDS_MAX as f32;
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
fn weight(record: &Record) -> usize {
    size_of::<Record>()
        + match record {
            Record::Said { message, .. } | Record::Private { message, .. } => message.text.len(),
            _ => 64,
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
}

impl Drop for SimStore {
    fn drop(&mut self) {
        self.0.borrow_mut().close();
    }
}

impl Mailbox for SimStore {
    fn keep(&mut self, record: Record) -> Result<(), Full> {
        let mut shelves = self.0.borrow_mut();
        if let Some(id) = record.message_id() {
            shelves.highest = shelves.highest.max(id);
        }
        let backlog = shelves.backlog();
        if backlog.records >= STORE_RECORDS_MAX || backlog.bytes > STORE_BYTES_MAX {
            shelves.lost += 1;
            return Err(Full);
        }
        shelves.turn.push(record);
        Ok(())
    }

    fn flush(&mut self) {
        self.0.borrow_mut().flush();
    }

    fn submit(&self, ticket: u64, query: Query) -> Result<(), Full> {
        let mut shelves = self.0.borrow_mut();
        if shelves.questions.len() >= QUESTIONS_MAX {
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
        if shelves.asks.len() >= ACCOUNT_ASKS_MAX {
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
        if shelves.committed > shelves.told {
            shelves.told = shelves.committed;
            return Some(Answer::Committed {
                through: shelves.told,
            });
        }
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

/// The file of settings.
pub(crate) struct SimSettings(Rc<RefCell<Shelves>>);

impl SimSettings {
    pub(crate) fn open(shelves: &Rc<RefCell<Shelves>>) -> (Settings, SimSettings) {
        let settings = shelves.borrow().settings.clone();
        (settings, SimSettings(Rc::clone(shelves)))
    }
}

impl SettingsFile for SimSettings {
    fn keep(&self, settings: Settings) {
        let mut shelves = self.0.borrow_mut();
        let at_us = shelves.now_us + 100 + shelves.chance.below(20_000);
        shelves.writing = Some((at_us, settings));
    }

    fn read_again(&self) -> bool {
        let mut shelves = self.0.borrow_mut();
        let is_behind = shelves.writing.is_some();
        shelves.read = None;
        if !is_behind {
            let at_us = shelves.now_us + shelves.chance.below(20_000);
            shelves.reading = Some(at_us);
        }
        !is_behind
    }

    fn take_read(&self) -> Option<Result<Settings, String>> {
        self.0.borrow_mut().read.take().map(Ok)
    }
}
