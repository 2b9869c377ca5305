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
use crate::model::{AccountAnswer, AccountAsk, AccountId, Key, Secret};

use super::super::{Full, schema};
use super::write::{ChangeProgress, now_ms};
use super::{
    AccountJob, AccountWrite, Hashed, StoredAccount, bots, by_token, codes, find, get, hash,
    new_token, scram, token_digest, verify,
};

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
    /// not wait for it; `tell` is called with the ticket of an ask and what came of it.
    pub(in crate::store) fn start(
        path: &Path,
        write: impl Fn(AccountJob) + Send + 'static,
        tell: impl Fn(u64, AccountAnswer) + Send + 'static,
    ) -> io::Result<Verifier> {
        Verifier::start_with(path, write, tell, Duration::from_millis(ACCOUNT_WRITE_MS))
    }

    fn start_with(
        path: &Path,
        write: impl Fn(AccountJob) + Send + 'static,
        tell: impl Fn(u64, AccountAnswer) + Send + 'static,
        patience: Duration,
    ) -> io::Result<Verifier> {
        let (sender, incoming) = channel();
        let asks = Arc::new(AtomicUsize::new(0));
        let is_stopping = Arc::new(AtomicBool::new(false));
        let worker = Worker {
            path: path.into(),
            write: Box::new(write),
            tell: Box::new(tell),
            patience,
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
            .and_then(|connection| consider(&connection, ask));
        match considered {
            Ok(Considered::Answer(answer)) => (self.tell)(ticket, answer),
            // Nobody waits for the second answer.
            Ok(Considered::Both(answer, write)) => {
                (self.tell)(ticket, answer);
                if self.jobs.load(Ordering::Acquire) < ACCOUNT_WRITES_MAX {
                    self.submit(ticket, write);
                }
            }
            Ok(Considered::Write(write)) => self.submit(ticket, write),
            Err(line) => {
                self.log(&line);
                (self.tell)(ticket, AccountAnswer::Failed);
            }
        }
    }

    fn submit(&mut self, ticket: u64, write: AccountWrite) {
        let serial = self.next_serial;
        self.next_serial += 1;
        self.jobs.fetch_add(1, Ordering::AcqRel);
        let (jobs, done) = (Arc::clone(&self.jobs), self.sender.clone());
        let make = move |connection: &Connection| write.apply(connection);
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

/// What is to be done about an ask.
#[derive(Debug)]
enum Considered {
    Answer(AccountAnswer),
    Write(AccountWrite),
    /// Answer, and write what is to be known the next time.
    Both(AccountAnswer, AccountWrite),
}

/// Checks and hashes what is to be checked and hashed. The error is one line, and shows no secret.
fn consider(connection: &Connection, ask: AccountAsk) -> Result<Considered, String> {
    let read = |e: rusqlite::Error| format!("cannot read the database: {e}");
    let find = |name: &Key| find(connection, name).map_err(read);
    let get = |id: AccountId| get(connection, id).map_err(read);
    let answer = |answer| Ok(Considered::Answer(answer));
    match ask {
        AccountAsk::Register {
            nick,
            password,
            code,
        } => {
            let given = code.as_ref().map(Secret::reveal);
            let is_good = given.map_or(Ok(true), |code| codes::is_good(connection, code, now_ms()));
            if !is_good.map_err(read)? {
                return answer(AccountAnswer::WrongCode);
            }
            if find(&nick.key())?.is_some() {
                return answer(AccountAnswer::Exists);
            }
            let hash = hash_new(&password)?;
            let insert = AccountWrite::Insert { nick, hash, code };
            Ok(Considered::Write(insert))
        }
        AccountAsk::NewCode { uses, until_ms } => {
            let code = codes::new_code(uses, until_ms)?;
            Ok(Considered::Write(AccountWrite::AddCode { code }))
        }
        AccountAsk::DropCode { code } => Ok(Considered::Write(AccountWrite::RemoveCode { code })),
        AccountAsk::Codes => {
            let codes = codes::codes(connection, now_ms()).map_err(read)?;
            answer(AccountAnswer::Codes(codes))
        }
        AccountAsk::Login { name, secret } => {
            let found = match secret.is_token() {
                true => by_token(connection, &token_digest(&secret), now_ms())
                    .map_err(read)?
                    .filter(|bot| bot.record.nick.key() == name),
                false => check(find(&name)?, &secret)?,
            };
            let Some(account) = found else {
                return answer(AccountAnswer::WrongSecret);
            };
            let learnt = learn_scram(&account, &secret)?;
            let logged_in = AccountAnswer::LoggedIn(account.record);
            Ok(match learnt {
                Some(write) => Considered::Both(logged_in, write),
                None => Considered::Answer(logged_in),
            })
        }
        AccountAsk::Challenge { name } => {
            let kept = find(&name)?.and_then(|account| account.scram);
            let challenge = kept.as_ref().map(scram::challenge).transpose()?.flatten();
            answer(challenge.map_or(AccountAnswer::NoSuchAccount, AccountAnswer::Challenge))
        }
        AccountAsk::LoginBy { name, proof } => {
            let found = find(&name)?;
            let kept = found.as_ref().and_then(|account| account.scram.as_ref());
            let signature = kept.and_then(|kept| scram::check(kept, &proof));
            answer(match (found, signature) {
                (Some(account), Some(signature)) => AccountAnswer::Proven {
                    record: account.record,
                    signature,
                },
                _ => AccountAnswer::WrongSecret,
            })
        }
        AccountAsk::SetPassword { account, old, new } => {
            let found = get(account)?;
            let seen = match &old {
                Some(old) => match check(found, old)? {
                    Some(account) => account.hash,
                    None => return answer(AccountAnswer::WrongSecret),
                },
                None if found.is_none_or(|found| found.hash.is_none()) => {
                    return answer(AccountAnswer::NoSuchAccount);
                }
                None => None,
            };
            let hash = hash_new(&new)?;
            Ok(Considered::Write(AccountWrite::SetPassword {
                account,
                seen,
                hash,
            }))
        }
        AccountAsk::Unregister { account, password } => {
            let seen = match &password {
                Some(password) => match check(get(account)?, password)? {
                    Some(account) => account.hash,
                    None => return answer(AccountAnswer::WrongSecret),
                },
                None => None,
            };
            Ok(Considered::Write(AccountWrite::Remove { account, seen }))
        }
        AccountAsk::NewToken { owner, name: bot } => {
            let token = new_token()?;
            Ok(Considered::Write(AccountWrite::SetToken {
                owner,
                bot,
                token,
            }))
        }
        AccountAsk::NewSession { account } => {
            let token = new_token()?;
            Ok(Considered::Write(AccountWrite::AddSession {
                account,
                token,
            }))
        }
        AccountAsk::EndSession { account, token } => {
            Ok(Considered::Write(AccountWrite::EndSession {
                account,
                token,
            }))
        }
        AccountAsk::DropToken { owner, bot } => {
            Ok(Considered::Write(AccountWrite::RemoveBot { owner, bot }))
        }
        AccountAsk::Tokens { owner } => {
            let bots = bots(connection, owner).map_err(read)?;
            let names = bots.into_iter().map(|(_, nick)| nick);
            answer(AccountAnswer::Tokens(names.collect()))
        }
    }
}

/// An account's password was told: from now on it can be proven by SCRAM, too.
fn learn_scram(account: &StoredAccount, password: &Secret) -> Result<Option<AccountWrite>, String> {
    let (None, Some(seen), false) = (&account.scram, &account.hash, password.is_token()) else {
        return Ok(None);
    };
    let scram = scram::keys(password)?;
    Ok(scram.map(|scram| AccountWrite::SetScram {
        account: account.record.id,
        seen: seen.clone(),
        scram,
    }))
}

/// The account, if that is its password. A password that could be one takes a hash whether there is
/// such an account or not.
fn check(
    account: Option<StoredAccount>,
    password: &Secret,
) -> Result<Option<StoredAccount>, String> {
    if !password.is_password() {
        return Ok(None);
    }
    let hash = account.as_ref().and_then(|account| account.hash.as_ref());
    let is_right = verify(password, hash)?;
    Ok(account.filter(|_| is_right))
}

fn hash_new(password: &Secret) -> Result<Hashed, String> {
    match password.is_password() {
        true => hash(password),
        false => Err("a password of a wrong length was to be set".into()),
    }
}

#[cfg(test)]
mod tests;
