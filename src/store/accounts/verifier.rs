//! The thread that answers what is asked about accounts. It hashes one password at a time and waits
//! for nothing else: changes go to the writer, and are answered when they are on disk.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::time::{Duration, Instant};

use rusqlite::Connection;

use crate::limits::{
    ACCOUNT_ASKS_MAX, ACCOUNT_WRITE_MS, ACCOUNT_WRITES_MAX, LOG_INTERVAL_MS, STORE_CLOSE_MS,
};
use crate::model::{AccountAnswer, AccountAsk};

use super::super::{Full, schema};
use super::AccountJob;
use super::consider::{Considered, consider, consider_shared};
use super::write::ChangeProgress;

/// The handle of the thread. Dropped, it waits for the password in hand, but not for a disk that does
/// not read, and what was not answered stays so.
pub(in crate::store) struct Verifier {
    incoming: Sender<Incoming>,
    /// Asks that wait, and the one in hand.
    asks: Arc<AtomicUsize>,
    is_stopping: Arc<AtomicBool>,
    /// Disconnected when the thread has ended.
    ended: Receiver<()>,
}

impl Verifier {
    /// Reads from the database at `path`, which is there. `write` hands a change to the writer and does
    /// not wait for it; `tell` is called with the ticket of an ask and what came of it. Where the accounts are those of
    /// a cluster, changes are told as well ([`AccountAnswer::Prepared`]).
    pub(in crate::store) fn start(
        path: &Path,
        write: impl Fn(AccountJob) + Send + 'static,
        tell: impl Fn(u64, AccountAnswer) + Send + 'static,
        is_shared: bool,
    ) -> io::Result<Verifier> {
        let patience = Duration::from_millis(ACCOUNT_WRITE_MS);
        Verifier::start_with(path, write, tell, (patience, is_shared))
    }

    fn start_with(
        path: &Path,
        write: impl Fn(AccountJob) + Send + 'static,
        tell: impl Fn(u64, AccountAnswer) + Send + 'static,
        (patience, is_shared): (Duration, bool),
    ) -> io::Result<Verifier> {
        let (sender, incoming) = channel();
        let asks = Arc::new(AtomicUsize::new(0));
        let is_stopping = Arc::new(AtomicBool::new(false));
        let worker = Worker {
            path: path.into(),
            write: Box::new(write),
            tell: Box::new(tell),
            patience,
            is_shared,
            sender: sender.clone(),
            incoming,
            asks: Arc::clone(&asks),
            is_stopping: Arc::clone(&is_stopping),
            jobs: Arc::new(AtomicUsize::new(0)),
            next_serial: 0,
            pending: Vec::new(),
            logged: None,
        };
        let (ending, ended) = channel();
        std::thread::Builder::new()
            .name("accounts".into())
            .spawn(move || {
                worker.run();
                drop(ending);
            })?;
        Ok(Verifier {
            incoming: sender,
            asks,
            is_stopping,
            ended,
        })
    }

    /// Asks. What comes of it is told with that ticket: once, or after [`AccountAnswer::Delayed`].
    ///
    /// # Errors
    /// [`ACCOUNT_ASKS_MAX`] wait.
    pub(in crate::store) fn submit(&self, ticket: u64, ask: AccountAsk) -> Result<(), Full> {
        self.asks
            .fetch_update(Ordering::AcqRel, Ordering::Acquire, |asks| {
                (asks < ACCOUNT_ASKS_MAX).then_some(asks + 1)
            })
            .map_err(|_| Full)?;
        let sent = self.incoming.send(Incoming::Ask(ticket, ask));
        sent.map_err(|_| Full)
    }
}

impl Drop for Verifier {
    fn drop(&mut self) {
        self.is_stopping.store(true, Ordering::Release);
        // It has ended already, or it ends with this.
        let _ = self.incoming.send(Incoming::Stop);
        let patience = Duration::from_millis(STORE_CLOSE_MS);
        if self.ended.recv_timeout(patience) == Err(RecvTimeoutError::Timeout) {
            log::error!("the disk holds the accounts up: they are left to themselves");
        }
    }
}

/// What the thread wakes up for.
enum Incoming {
    Ask(u64, AccountAsk),
    /// What came of a change, by its serial number; `None` if it was not made.
    Done(u64, Option<AccountAnswer>),
    Stop,
}

/// A change that is on its way to the disk.
struct PendingChange {
    serial: u64,
    ticket: u64,
    progress: ChangeProgress,
    /// When it is given up. `None`: that was too late, and was told.
    until: Option<Instant>,
}

struct Worker {
    path: PathBuf,
    write: Box<dyn Fn(AccountJob) + Send>,
    tell: Box<dyn Fn(u64, AccountAnswer) + Send>,
    patience: Duration,
    /// Are changes the cluster's to make?
    is_shared: bool,
    sender: Sender<Incoming>,
    incoming: Receiver<Incoming>,
    asks: Arc<AtomicUsize>,
    is_stopping: Arc<AtomicBool>,
    /// Changes that the writer has, those among them that were given up.
    jobs: Arc<AtomicUsize>,
    next_serial: u64,
    pending: Vec<PendingChange>,
    /// When something was last logged.
    logged: Option<Instant>,
}

impl Worker {
    fn run(mut self) {
        loop {
            self.lose_patience();
            let next = self
                .pending
                .iter()
                .filter_map(|pending| pending.until)
                .min();
            let incoming = match next {
                Some(until) => {
                    let left = until.saturating_duration_since(Instant::now());
                    self.incoming.recv_timeout(left)
                }
                None => self.incoming.recv().map_err(RecvTimeoutError::from),
            };
            if self.is_stopping.load(Ordering::Acquire) {
                return;
            }
            match incoming {
                Ok(Incoming::Ask(ticket, ask)) => {
                    self.take(ticket, ask);
                    self.asks.fetch_sub(1, Ordering::AcqRel);
                }
                Ok(Incoming::Done(serial, answer)) => self.finish(serial, answer),
                Err(RecvTimeoutError::Timeout) => (),
                Ok(Incoming::Stop) | Err(RecvTimeoutError::Disconnected) => return,
            }
        }
    }

    fn take(&mut self, ticket: u64, ask: AccountAsk) {
        if let AccountAsk::Kept(answer) = ask {
            return self.submit(ticket, move |_| Ok((*answer).clone()));
        }
        let is_read = matches!(
            ask,
            AccountAsk::Login { .. }
                | AccountAsk::Challenge { .. }
                | AccountAsk::LoginBy { .. }
                | AccountAsk::Tokens { .. }
                | AccountAsk::Codes
        );
        if !is_read && self.jobs.load(Ordering::Acquire) >= ACCOUNT_WRITES_MAX {
            (self.tell)(ticket, AccountAnswer::Busy);
            return;
        }
        // A connection for each: next to a password's hash it costs nothing, and it holds no memory between.
        let considered = schema::connect(&self.path, true)
            .map_err(|e| format!("cannot open the database: {e}"))
            .and_then(|connection| match self.is_shared {
                true => consider_shared(&connection, ask),
                false => consider(&connection, ask),
            });
        match considered {
            Ok(Considered::Answer(answer)) => (self.tell)(ticket, answer),
            // Nobody waits for the second answer.
            Ok(Considered::Both(answer, write)) => {
                (self.tell)(ticket, answer);
                if self.jobs.load(Ordering::Acquire) < ACCOUNT_WRITES_MAX {
                    self.submit(ticket, move |connection| write.apply(connection));
                }
            }
            // Nobody waits for the second one.
            Ok(Considered::Answers(answer, second)) => {
                (self.tell)(ticket, answer);
                (self.tell)(u64::MAX, second);
            }
            Ok(Considered::Write(write)) => {
                self.submit(ticket, move |connection| write.apply(connection));
            }
            Err(line) => {
                self.log(&line);
                (self.tell)(ticket, AccountAnswer::Failed);
            }
        }
    }

    fn submit(
        &mut self,
        ticket: u64,
        make: impl FnMut(&Connection) -> rusqlite::Result<AccountAnswer> + Send + 'static,
    ) {
        let serial = self.next_serial;
        self.next_serial += 1;
        self.jobs.fetch_add(1, Ordering::AcqRel);
        let (jobs, done) = (Arc::clone(&self.jobs), self.sender.clone());
        let job = AccountJob::new(make, move |answer| {
            jobs.fetch_sub(1, Ordering::AcqRel);
            // Nobody waits for it after a stop.
            let _ = done.send(Incoming::Done(serial, answer));
        });
        self.pending.push(PendingChange {
            serial,
            ticket,
            progress: job.progress(),
            until: Some(Instant::now() + self.patience),
        });
        (self.write)(job);
    }

    fn finish(&mut self, serial: u64, answer: Option<AccountAnswer>) {
        let place = self.pending.iter().position(|it| it.serial == serial);
        // What was given up was answered then.
        let Some(pending) = place.map(|place| self.pending.swap_remove(place)) else {
            return;
        };
        if answer.is_none() {
            self.log("a change could not be written");
        }
        (self.tell)(pending.ticket, answer.unwrap_or(AccountAnswer::Failed));
    }

    /// Gives up what is overdue. What the writer has begun with cannot be called back: its asker is
    /// told to wait.
    fn lose_patience(&mut self) {
        let now = Instant::now();
        let mut given_up = 0;
        let tell = &self.tell;
        self.pending.retain_mut(|pending| {
            if pending.until.is_none_or(|until| until > now) {
                return true;
            }
            pending.until = None;
            let is_begun = !pending.progress.give_up();
            let answer = match is_begun {
                true => AccountAnswer::Delayed,
                false => AccountAnswer::Failed,
            };
            tell(pending.ticket, answer);
            given_up += usize::from(!is_begun);
            is_begun
        });
        if given_up > 0 {
            self.log("the disk does not keep up: a change was given up");
        }
    }

    fn log(&mut self, line: &str) {
        let interval = Duration::from_millis(LOG_INTERVAL_MS);
        if self.logged.is_none_or(|at| at.elapsed() >= interval) {
            log::error!("accounts: {line}");
            self.logged = Some(Instant::now());
        }
    }
}

#[cfg(test)]
mod tests;
