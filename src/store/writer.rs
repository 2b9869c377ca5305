//! The thread that writes: what a turn, or a few milliseconds, brought is one commit. When the disk does
//! not take it, it is held and tried again; nothing is said to be kept that is not.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, TryRecvError};
use std::time::{Duration, Instant};

use rusqlite::{Connection, Result as Done, Transaction, TransactionBehavior};

use crate::limits::{
    LOG_INTERVAL_MS, STORE_CLOSE_MS, STORE_GATHER_MS, STORE_GROUP_RECORDS, STORE_RETRY_MS,
};
use crate::model::{Durability, Record};

use super::accounts::AccountJob;
use super::desk::Desk;
use super::gone::Gone;
use super::shared::{Answers, Shared};
use super::upkeep::{self, Upkeep};
use super::weight::weight;
use super::{FileOrder, Options, Retention};

/// What is asked of the writer.
pub(super) enum Task {
    /// Keep these, in this order.
    Records(Vec<Record>),
    /// Change something about accounts, and answer when it is on disk.
    Change(AccountJob),
    /// Somebody waits for the search index (`Shared::index_wanted`).
    Index,
    /// Write what there is, and end.
    Close,
}

pub(super) struct Writer {
    tasks: Receiver<Task>,
    shared: Arc<Shared>,
    answers: Answers,
    durability: Durability,
    retention: Retention,
    /// How long files are kept, in milliseconds.
    file_age_ms: Option<u64>,
    group: Group,
    trouble: Trouble,
    gone: Gone,
}

/// What the next commit is made of. It stays until it is on disk.
#[derive(Default)]
struct Group {
    records: Vec<Record>,
    changes: Vec<AccountJob>,
    bytes: usize,
    is_last: bool,
}

/// How things went wrong, since they last went well.
#[derive(Default)]
struct Trouble {
    attempts: u32,
    logged: Option<Instant>,
}

impl Writer {
    pub(super) fn new(
        tasks: Receiver<Task>,
        shared: Arc<Shared>,
        answers: Answers,
        (options, remover): (&Options, Option<Sender<FileOrder>>),
    ) -> Writer {
        Writer {
            tasks,
            shared,
            answers,
            durability: options.durability,
            retention: options.retention,
            file_age_ms: options.files.and_then(|files| files.expiry_ms),
            group: Group::default(),
            trouble: Trouble::default(),
            gone: Gone(remover),
        }
    }

    /// Writes until it is closed.
    ///
    /// After an error the connection stays. It undoes what it could not commit, and writes it again: what
    /// was in the log when an fsync failed is never written by the system any more. A new connection would
    /// find it in the log, take it for committed, and build on it.
    pub(super) fn run(mut self, connection: Connection) {
        let mut closing = None;
        loop {
            let Err(e) = self.serve(&connection) else {
                return;
            };
            self.fail(&e);
            if self.shared.is_closing.load(Ordering::Acquire) {
                let begun = *closing.get_or_insert_with(Instant::now);
                if begun.elapsed() >= Duration::from_millis(STORE_CLOSE_MS) {
                    log::error!(
                        "history ends without {} records that could not be written: {e}",
                        self.shared.waiting_records()
                    );
                    return;
                }
            }
            std::thread::sleep(self.trouble.pause());
        }
    }

    /// Writes until it is closed, or until something goes wrong.
    fn serve(&mut self, connection: &Connection) -> Done<()> {
        let last = self.shared.committed.load(Ordering::Acquire);
        let mut desk = Desk::new(connection, self.retention, last)?;
        self.gone.watch(connection)?;
        let kept = (self.retention, self.file_age_ms);
        let mut upkeep = Upkeep::new(connection, kept, &mut desk, &self.shared)?;
        loop {
            if self.group.is_empty() && !self.group.is_last {
                self.gather(upkeep.wait(&desk, &self.shared));
            }
            let count = self.commit(connection, &mut desk)?;
            if self.group.is_last {
                return self.end(connection, &mut desk);
            }
            let busy_with = self.shared.is_waiting().then_some(count);
            // It is the same disk, and what comes meanwhile waits.
            self.shared.begin_commit();
            upkeep.step(connection, &mut desk, &self.shared, busy_with);
            self.shared.end_commit();
            self.gone.tell(connection)?;
        }
    }

    /// Takes what is there. The first is waited for so long; `None` is for ever.
    fn gather(&mut self, wait: Option<Duration>) {
        let first = match wait {
            None => self
                .tasks
                .recv()
                .map_err(|_| RecvTimeoutError::Disconnected),
            Some(wait) => self.tasks.recv_timeout(wait),
        };
        if !self.group.take_in(first) {
            return;
        }
        let until = Instant::now() + Duration::from_millis(STORE_GATHER_MS);
        loop {
            let next = match self.tasks.try_recv() {
                Err(TryRecvError::Empty) if self.is_to_gather() => {
                    let left = until.saturating_duration_since(Instant::now());
                    self.tasks.recv_timeout(left)
                }
                Err(TryRecvError::Empty) => return,
                Err(TryRecvError::Disconnected) => Err(RecvTimeoutError::Disconnected),
                Ok(task) => Ok(task),
            };
            if !self.group.take_in(next) {
                return;
            }
        }
    }

    /// Is it worth while to wait for more?
    fn is_to_gather(&self) -> bool {
        let count = self.group.records.len();
        self.durability == Durability::Soon && (1..STORE_GROUP_RECORDS).contains(&count)
    }

    /// Commits what was gathered, and says how many records that were.
    fn commit(&mut self, connection: &Connection, desk: &mut Desk<'_>) -> Done<u64> {
        if self.group.is_empty() {
            return Ok(0);
        }
        let count = self.group.records.len() as u64;
        let begun = Instant::now();
        self.shared.begin_commit();
        let made = self.write(connection, desk);
        self.shared.end_commit();
        made?;
        let took = u64::try_from(begun.elapsed().as_micros()).unwrap_or(u64::MAX);
        self.shared
            .longest_commit_us
            .fetch_max(took, Ordering::AcqRel);
        self.shared.commits.fetch_add(1, Ordering::AcqRel);
        self.shared
            .committed
            .store(desk.last().0, Ordering::Release);
        for change in self.group.changes.drain(..) {
            change.committed();
        }
        self.give_up_group();
        self.recover();
        self.answers.wake();
        Ok(count)
    }

    /// One transaction. What is answered is true when it returns.
    fn write(&mut self, connection: &Connection, desk: &mut Desk<'_>) -> Done<()> {
        let transaction = Transaction::new_unchecked(connection, TransactionBehavior::Immediate)?;
        for record in &self.group.records {
            desk.write(record)?;
        }
        for change in &mut self.group.changes {
            change.apply(&transaction)?;
        }
        desk.end(self.shared.highest.load(Ordering::Acquire))?;
        transaction.commit()
    }

    /// What was gathered is done with.
    fn give_up_group(&mut self) {
        let records = self.group.records.len() as u64;
        self.shared
            .done_bytes
            .fetch_add(self.group.bytes as u64, Ordering::AcqRel);
        self.shared
            .done_records
            .fetch_add(records, Ordering::AcqRel);
        self.group.records.clear();
        self.group.records.shrink_to(STORE_GROUP_RECORDS);
        self.group.changes.clear();
        self.group.bytes = 0;
    }

    /// The exact last id is written back, so that an orderly stop skips none; the log is emptied.
    fn end(&mut self, connection: &Connection, desk: &mut Desk<'_>) -> Done<()> {
        let transaction = Transaction::new_unchecked(connection, TransactionBehavior::Immediate)?;
        desk.reserve_to(self.shared.highest.load(Ordering::Acquire))?;
        transaction.commit()?;
        // Somebody may be reading. Then the log stays, and is read at the next start.
        if let Err(e) = upkeep::empty_log(connection) {
            log::warn!("the write-ahead log of the history stays: {e}");
        }
        Ok(())
    }

    fn fail(&mut self, e: &rusqlite::Error) {
        self.shared.set_error(e.to_string());
        self.shared.is_failing.store(true, Ordering::Release);
        // Whoever asked is told that they were not made, and may ask again.
        self.group.changes.clear();
        self.trouble.attempts += 1;
        if self.trouble.is_to_log() {
            log::error!(
                "cannot keep history: {e}; {} records wait, attempt {}",
                self.shared.waiting_records(),
                self.trouble.attempts
            );
        }
    }

    fn recover(&mut self) {
        if self.trouble.attempts > 0 {
            log::info!(
                "history is kept again, after {} attempts",
                self.trouble.attempts
            );
            self.trouble.attempts = 0;
            self.shared.is_failing.store(false, Ordering::Release);
        }
    }
}

impl Group {
    fn is_empty(&self) -> bool {
        self.records.is_empty() && self.changes.is_empty()
    }

    /// `false`: there is no more to come for now.
    fn take_in(&mut self, task: Result<Task, RecvTimeoutError>) -> bool {
        match task {
            Ok(Task::Records(mut records)) => {
                self.bytes += records.iter().map(weight).sum::<usize>();
                match self.records.is_empty() {
                    true => self.records = records,
                    false => self.records.append(&mut records),
                }
                true
            }
            Ok(Task::Change(change)) => {
                self.changes.push(change);
                true
            }
            Ok(Task::Index) => true,
            Ok(Task::Close) | Err(RecvTimeoutError::Disconnected) => {
                self.is_last = true;
                false
            }
            Err(RecvTimeoutError::Timeout) => false,
        }
    }
}

impl Trouble {
    /// How long to wait before the next attempt.
    fn pause(&self) -> Duration {
        let (first, most) = STORE_RETRY_MS;
        let doublings = self.attempts.saturating_sub(1).min(10);
        Duration::from_millis((first << doublings).min(most))
    }

    fn is_to_log(&mut self) -> bool {
        let interval = Duration::from_millis(LOG_INTERVAL_MS);
        let is_due = self
            .logged
            .is_none_or(|logged| logged.elapsed() >= interval);
        if is_due {
            self.logged = Some(Instant::now());
        }
        is_due
    }
}
