//! What outlives the server: history, owned rooms and accounts in a database (SQLite) in a directory of
//! their own, and the operators' settings in a file ([`settings`]).
//!
//! The database has one writer, a thread that groups records into commits ([`Store::keep`]), and a reader,
//! a thread that answers questions ([`Store::ask`]). Nothing here makes its caller wait: what is handed over
//! waits in bounded queues, and answers are polled when the store has woken its owner.

pub(crate) mod accounts;
mod amending;
mod backup;
mod copied;
mod desk;
mod erasure;
mod export;
mod files;
mod find;
mod gone;
mod index;
mod names;
mod place;
mod print;
mod reader;
mod rest;
mod retention;
mod rows;
mod schema;
pub(crate) mod settings;
mod shared;
mod start;
mod step;
mod times;
mod upkeep;
mod weight;
mod writer;

use std::os::fd::{BorrowedFd, OwnedFd};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread::{Builder, JoinHandle};
use std::time::Duration;

use rusqlite::Connection;

use crate::limits::{STORE_BEHIND_MS, STORE_BYTES_MAX, STORE_CLOSE_MS, STORE_RECORDS_MAX};
use crate::model::{AccountAnswer, AccountAsk, Durability, Found, Kept, MessageId, Query, Record};

pub(crate) use backup::backup;
pub(crate) use copied::{make_copy, replace, standing};
pub(crate) use export::json_line;
pub(crate) use files::{FileAnswer, FileFailure, FileOptions, FileOrder, FoundFile};
pub(crate) use print::each_message;
pub use retention::Retention;

use accounts::Verifier;
use files::Vault;
use place::LockedDir;
use reader::QueryReader;
use shared::{Answers, Shared};
use weight::weight;
use writer::{Task, Writer};

/// How history is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Options {
    /// The directory, which is made where there is none. It is for one server at a time.
    pub dir: PathBuf,
    /// What is promised; it says how long records are gathered for one commit.
    pub durability: Durability,
    /// What is forgotten.
    pub retention: Retention,
    /// How many of the last messages of a room are read at the start ([`Kept::scrollbacks`]).
    pub replay: usize,
    /// Is a database that is broken renamed, and a new one begun?
    pub sets_aside: bool,
    /// How files are shared; `None` is that none are.
    pub files: Option<FileOptions>,
    /// Are the accounts those of a cluster, whose changes come from there?
    pub is_shared: bool,
}

/// As much waits as may: what was to be added is not.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Full;

/// What the store has to say. Answers come in no order; what `ticket` is for is its owner's business.
#[derive(Debug, PartialEq)]
pub enum Answer {
    /// What came of a [`Store::ask`].
    Found {
        /// Which.
        ticket: u64,
        /// What was found.
        found: Found,
        /// How long that was worked on.
        took: Duration,
    },
    /// What came of a [`Store::account`].
    Account {
        /// Which.
        ticket: u64,
        /// What came of it.
        answer: AccountAnswer,
    },
    /// What came of a [`Store::file`].
    File {
        /// Which transfer.
        at: u64,
        /// What came of it.
        answer: FileAnswer,
    },
}

/// What was handed over and is not on disk.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Backlog {
    /// Records.
    pub records: usize,
    /// The memory that they hold.
    pub bytes: usize,
    /// How much that is of what may wait: 0 is nothing, at 1 what is added is lost.
    pub share: f32,
    /// Does the disk not take it, or take longer than a second over it?
    pub is_behind: bool,
}

/// Counters for whoever watches.
#[derive(Debug, Clone, PartialEq)]
pub struct Figures {
    /// What waits.
    pub backlog: Backlog,
    /// Records that were not kept, for as much waited as may.
    pub lost: u64,
    /// Commits of records that were made.
    pub commits: u64,
    /// The longest of them, in microseconds.
    pub longest_commit_us: u64,
    /// What went wrong last with the disk, if anything did.
    pub last_error: Option<String>,
}

/// History, owned rooms and accounts on disk.
pub struct Store {
    tasks: Sender<Task>,
    writer: Option<WorkerThread>,
    reader: Option<QueryReader>,
    verifier: Option<Verifier>,
    vault: Option<Vault>,
    answers: Receiver<Answer>,
    shared: Arc<Shared>,
    /// What this turn brought.
    turn: Vec<Record>,
    /// Records that were taken in, and their memory, since the start.
    records: u64,
    bytes: u64,
    /// Taken until all else here is gone.
    place: LockedDir,
}

/// A thread that says when it is done.
struct WorkerThread {
    thread: JoinHandle<()>,
    done: Receiver<()>,
}

/// Opens what is kept in a directory, or begins it. `wake` is called, from other threads, when there is
/// something to poll ([`Store::poll_answer`]).
///
/// # Errors
/// One line: the directory cannot be written to or is in use, or the database is broken, newer or another
/// program's.
pub fn open(options: &Options, wake: Arc<dyn Fn() + Send + Sync>) -> Result<(Store, Kept), String> {
    let place = LockedDir::take(&options.dir)?;
    copied::clear(&options.dir);
    let (connection, kept) = start::start(&place, options)?;
    Store::begin(options, place, connection, kept.last_id, wake).map(|store| (store, kept))
}

/// Is that the lock of the directory, and can this program read what is in there? Nothing is changed.
///
/// # Errors
/// One line that says what is wrong.
pub(crate) fn check_given(options: &Options, lock: &OwnedFd) -> Result<(), String> {
    let place = place::check_lock(&options.dir, lock);
    place.map_err(|_| {
        format!(
            "the server that runs does not keep its history in {}",
            options.dir.display()
        )
    })?;
    schema::check_version(&place::database(&options.dir))
}

/// Opens what is kept in a directory whose lock was handed over, by a program that said `last` there as its last and
/// has closed it.
///
/// # Errors
/// As [`open`].
pub(crate) fn resume(
    options: &Options,
    lock: OwnedFd,
    last: MessageId,
    wake: Arc<dyn Fn() + Send + Sync>,
) -> Result<Store, String> {
    let place = LockedDir::of_given(&options.dir, lock);
    let options = &Options {
        replay: 0,
        sets_aside: false,
        ..options.clone()
    };
    let (connection, _) = start::start(&place, options)?;
    Store::begin(options, place, connection, last, wake)
}

impl Store {
    /// Begins, with a last message that may have been said.
    fn begin(
        options: &Options,
        place: LockedDir,
        connection: Connection,
        last: MessageId,
        wake: Arc<dyn Fn() + Send + Sync>,
    ) -> Result<Store, String> {
        let path = place.database();
        let shared = Arc::new(Shared::new(last.0));
        let (give, answers) = channel();
        let answered = Answers::new(give, wake);
        let (tasks, received) = channel();
        let cannot = |e: std::io::Error| format!("cannot keep history: {e}");
        let reader = QueryReader::start(&path, &shared, &answered, &tasks).map_err(cannot)?;
        let (changes, told) = (tasks.clone(), answered.clone());
        let verifier = Verifier::start(
            &path,
            // A change that comes after the writer's end is dropped, which says that it was not made.
            move |change| drop(changes.send(Task::Change(change))),
            move |ticket, answer| told.give(Answer::Account { ticket, answer }),
            options.is_shared,
        )
        .map_err(cannot)?;
        let vault = options
            .files
            .map(|files| Vault::start(&path, files, &answered, &shared));
        let vault = vault
            .transpose()
            .map_err(|e| format!("cannot keep files: {e}"))?;
        let remover = vault.as_ref().and_then(Vault::remover);
        let writer = Writer::new(received, Arc::clone(&shared), answered, (options, remover));
        let (is_done, done) = channel();
        let thread = Builder::new().name("history".into());
        let thread = thread
            .spawn(move || {
                writer.run(connection);
                let _ = is_done.send(());
            })
            .map_err(cannot)?;
        Ok(Store {
            tasks,
            writer: Some(WorkerThread { thread, done }),
            reader: Some(reader),
            verifier: Some(verifier),
            vault,
            answers,
            shared,
            turn: Vec::new(),
            records: 0,
            bytes: 0,
            place,
        })
    }

    /// The lock of its directory.
    pub(crate) fn lock(&self) -> BorrowedFd<'_> {
        self.place.lock()
    }

    /// Takes a record, which is on its way to the disk from the next [`Store::flush`] on. Messages come in
    /// the order of their ids, and only where there is room ([`Store::has_room`]).
    ///
    /// # Errors
    /// As much waits as may: the record, which is none of a message, is lost, and counted as that.
    pub fn keep(&mut self, record: Record) -> Result<(), Full> {
        match record.message_id() {
            Some(id) => self.note_id(id),
            None if self.has_room() => {}
            None => {
                self.shared.lost.fetch_add(1, Ordering::AcqRel);
                return Err(Full);
            }
        }
        self.records += 1;
        self.bytes += weight(&record) as u64;
        self.turn.push(record);
        Ok(())
    }

    /// Is there room for one more record, however long?
    pub fn has_room(&self) -> bool {
        let (records, bytes) = self.waiting();
        records < STORE_RECORDS_MAX && bytes <= STORE_BYTES_MAX
    }

    /// There was no room for a message, which has that id, or was not even said. It is counted.
    pub fn lose(&mut self, id: Option<MessageId>) {
        self.shared.lost.fetch_add(1, Ordering::AcqRel);
        if let Some(id) = id {
            self.note_id(id);
        }
    }

    fn note_id(&mut self, id: MessageId) {
        self.shared.highest.fetch_max(id.0, Ordering::AcqRel);
    }

    /// Every message that was taken by [`Store::keep`] and has no later id is on disk.
    pub fn committed(&self) -> MessageId {
        MessageId(self.shared.committed.load(Ordering::Acquire))
    }

    /// Hands over what the turn brought.
    pub fn flush(&mut self) {
        if !self.turn.is_empty() {
            self.shared
                .handed_records
                .store(self.records, Ordering::Release);
            let next = Vec::with_capacity(self.turn.len().min(64));
            // The writer lives as long as the store, unless it panicked: then this waits for ever.
            let _ = self
                .tasks
                .send(Task::Records(std::mem::replace(&mut self.turn, next)));
        }
    }

    /// Asks about what is kept, which is answered with the `ticket`.
    ///
    /// # Errors
    /// Too many questions wait.
    pub fn submit(&self, ticket: u64, query: Query) -> Result<(), Full> {
        self.reader.as_ref().ok_or(Full)?.submit(ticket, query)
    }

    /// Asks something of the accounts, which is answered with the `ticket`.
    ///
    /// # Errors
    /// Too many passwords wait to be checked.
    pub fn account(&self, ticket: u64, ask: AccountAsk) -> Result<(), Full> {
        self.verifier.as_ref().ok_or(Full)?.submit(ticket, ask)
    }

    /// Has something done about a file, whose transfer is called `at` there. It has one order under way at a time.
    ///
    /// # Errors
    /// No files are shared.
    pub fn file(&self, order: FileOrder) -> Result<(), Full> {
        let vault = self.vault.as_ref().ok_or(Full)?;
        vault.submit(order);
        Ok(())
    }

    /// What there is to say, until it is `None`. Then the store wakes its owner when there is more.
    pub fn poll_answer(&mut self) -> Option<Answer> {
        self.answers.try_recv().ok()
    }

    /// How many records are not on disk yet, and what they hold in memory, in bytes.
    fn waiting(&self) -> (usize, usize) {
        let waiting = |taken: u64, done: u64| taken.saturating_sub(done) as usize;
        let done_records = self.shared.done_records.load(Ordering::Acquire);
        let done_bytes = self.shared.done_bytes.load(Ordering::Acquire);
        (
            waiting(self.records, done_records),
            waiting(self.bytes, done_bytes),
        )
    }

    /// What is not on disk yet.
    pub fn backlog(&self) -> Backlog {
        let (records, bytes) = self.waiting();
        let of_records = records as f32 / STORE_RECORDS_MAX as f32;
        let of_bytes = bytes as f32 / STORE_BYTES_MAX as f32;
        Backlog {
            records,
            bytes,
            share: of_records.max(of_bytes).min(1.0),
            is_behind: self.shared.is_failing.load(Ordering::Acquire)
                || self.shared.committing_ms() > STORE_BEHIND_MS,
        }
    }

    /// How it goes.
    pub fn figures(&self) -> Figures {
        let read = |counter: &std::sync::atomic::AtomicU64| counter.load(Ordering::Acquire);
        Figures {
            backlog: self.backlog(),
            lost: read(&self.shared.lost),
            commits: read(&self.shared.commits),
            longest_commit_us: read(&self.shared.longest_commit_us),
            last_error: self.shared.last_error(),
        }
    }
}

impl Drop for Store {
    /// Waits until everything that was handed over is on disk; for some seconds where the disk fails.
    fn drop(&mut self) {
        self.flush();
        self.shared.is_closing.store(true, Ordering::Release);
        // Both have the writer do things: it goes last, and the log is emptied where nobody else reads.
        self.verifier = None;
        self.reader = None;
        let _ = self.tasks.send(Task::Close);
        if let Some(WorkerThread { thread, done }) = self.writer.take() {
            let most = Duration::from_millis(STORE_CLOSE_MS + 1_000);
            match done.recv_timeout(most) {
                Err(std::sync::mpsc::RecvTimeoutError::Timeout) => {
                    log::error!("the disk holds the history up: it is left to itself");
                }
                _ => drop(thread.join()),
            }
        }
    }
}

#[cfg(test)]
mod tests;
