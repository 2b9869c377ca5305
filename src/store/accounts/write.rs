//! Changes of accounts on their way to the disk: the verifier makes them, and the writer, whose
//! connection alone may write, has them committed.

use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

use rusqlite::Connection;

use crate::model::{AccountAnswer, AccountId, Hashed, InviteCode, Nick, Secret};

use super::{
    TokenSet, add_session, codes, end_session, get, insert, remove, remove_bot, set_password,
    set_scram, set_token, token_digest,
};

/// A change of the accounts. Passwords were checked and hashed before; `seen` is the hash that they
/// were checked by, for another change may have come between.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum AccountWrite {
    /// Make an account.
    Insert {
        /// Its name.
        nick: Nick,
        /// What is kept of its password.
        hash: Hashed,
        /// The invitation that it takes, where it takes one.
        code: Option<Secret>,
    },
    /// Keep an invitation.
    AddCode {
        /// The code.
        code: InviteCode,
    },
    /// Make an invitation void.
    RemoveCode {
        /// The code.
        code: String,
    },
    /// Give an account another password.
    SetPassword {
        /// The account.
        account: AccountId,
        /// The hash that is replaced, whatever it is if not given.
        seen: Option<Secret>,
        /// The new one.
        hash: Hashed,
    },
    /// Let a password be proven by SCRAM, too.
    SetScram {
        /// The account.
        account: AccountId,
        /// The hash that the password was checked by.
        seen: Secret,
        /// What a proof is checked by.
        scram: Secret,
    },
    /// Forget an account and its bots.
    Remove {
        /// The account.
        account: AccountId,
        /// The hash that it has, whatever it is if not given.
        seen: Option<Secret>,
    },
    /// Give a bot a token.
    SetToken {
        /// Whose bot it is.
        owner: AccountId,
        /// Its name.
        bot: Nick,
        /// The token.
        token: Secret,
    },
    /// Let a token stand for an account's password.
    AddSession {
        /// The account.
        account: AccountId,
        /// The token.
        token: Secret,
    },
    /// Make such a token void.
    EndSession {
        /// The account.
        account: AccountId,
        /// The token.
        token: Secret,
    },
    /// Forget a bot.
    RemoveBot {
        /// Whose bot it is.
        owner: AccountId,
        /// The bot.
        bot: AccountId,
    },
}

impl AccountWrite {
    /// Makes the change, within a transaction that is open. The answer holds once that is committed.
    ///
    /// # Errors
    /// The database's. A part of the change may be made then.
    pub(crate) fn apply(&self, connection: &Connection) -> rusqlite::Result<AccountAnswer> {
        Ok(match self {
            AccountWrite::Insert { nick, hash, code } => {
                let now_ms = now_ms();
                let code = code.as_ref().map(Secret::reveal);
                let is_good =
                    code.map_or(Ok(true), |code| codes::is_good(connection, code, now_ms));
                if !is_good? {
                    return Ok(AccountAnswer::WrongCode);
                }
                match insert(connection, nick, hash, now_ms)? {
                    Some(record) => {
                        code.map_or(Ok(()), |code| codes::take(connection, code))?;
                        AccountAnswer::Registered(record)
                    }
                    None => AccountAnswer::Exists,
                }
            }
            AccountWrite::AddCode { code } => match codes::add(connection, code, now_ms())? {
                true => AccountAnswer::Codes(vec![code.clone()]),
                false => AccountAnswer::TooMany,
            },
            AccountWrite::RemoveCode { code } => match codes::remove(connection, code)? {
                true => AccountAnswer::CodeGone,
                false => AccountAnswer::WrongCode,
            },
            AccountWrite::SetPassword {
                account,
                seen,
                hash,
            } => match set_password(connection, *account, seen.as_ref(), hash)? {
                true => AccountAnswer::PasswordSet,
                false => not_found(seen),
            },
            AccountWrite::SetScram {
                account,
                seen,
                scram,
            } => {
                set_scram(connection, *account, seen, scram)?;
                AccountAnswer::PasswordSet
            }
            AccountWrite::Remove { account, seen } => match get(connection, *account)? {
                Some(found) if seen.is_none() || found.hash == *seen => {
                    AccountAnswer::Unregistered {
                        account: *account,
                        bots: remove(connection, *account)?,
                    }
                }
                _ => not_found(seen),
            },
            AccountWrite::SetToken { owner, bot, token } => {
                let digest = token_digest(token);
                match set_token(connection, *owner, bot, &digest, now_ms())? {
                    TokenSet::Set(bot) => AccountAnswer::Token {
                        bot,
                        token: token.clone(),
                        digest,
                    },
                    TokenSet::NoOwner => AccountAnswer::NoSuchAccount,
                    TokenSet::Exists => AccountAnswer::Exists,
                    TokenSet::TooMany => AccountAnswer::TooMany,
                }
            }
            AccountWrite::AddSession { account, token } => {
                match add_session(connection, *account, &token_digest(token), now_ms())? {
                    true => AccountAnswer::Session {
                        token: token.clone(),
                    },
                    false => AccountAnswer::NoSuchAccount,
                }
            }
            AccountWrite::EndSession { account, token } => {
                end_session(connection, *account, &token_digest(token))?;
                AccountAnswer::SessionEnded
            }
            AccountWrite::RemoveBot { owner, bot } => match remove_bot(connection, *owner, *bot)? {
                true => AccountAnswer::TokenDropped { bot: *bot },
                false => AccountAnswer::NoSuchAccount,
            },
        })
    }
}

/// Whoever gave a password is not told whether there is an account.
fn not_found(seen: &Option<Secret>) -> AccountAnswer {
    match seen {
        Some(_) => AccountAnswer::WrongSecret,
        None => AccountAnswer::NoSuchAccount,
    }
}

/// Milliseconds since 1970.
pub(super) fn now_ms() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    since.map_or(0, |time| time.as_millis() as u64)
}

/// Nobody has begun with it.
const WAITING: u8 = 0;
/// The writer has begun with it.
const BEGUN: u8 = 1;
/// Nobody is to begin with it any more.
const GIVEN_UP: u8 = 2;

/// How far a change is.
#[derive(Debug, Clone, Default)]
pub(super) struct ChangeProgress(Arc<AtomicU8>);

impl ChangeProgress {
    fn begin(&self) -> bool {
        self.leave_waiting(BEGUN) || self.0.load(Ordering::Acquire) == BEGUN
    }

    /// `false`: the writer has begun with it.
    pub(super) fn give_up(&self) -> bool {
        self.leave_waiting(GIVEN_UP)
    }

    fn leave_waiting(&self, to: u8) -> bool {
        self.0
            .compare_exchange(WAITING, to, Ordering::AcqRel, Ordering::Acquire)
            .is_ok()
    }
}

type Make = Box<dyn FnMut(&Connection) -> rusqlite::Result<AccountAnswer> + Send>;

/// A change in the writer's hands. Dropped before [`AccountJob::committed`], it was not made, and that
/// is what is told.
pub(in crate::store) struct AccountJob {
    make: Make,
    progress: ChangeProgress,
    answer: Option<AccountAnswer>,
    /// `None` once it was called.
    tell: Option<Box<dyn FnOnce(Option<AccountAnswer>) + Send>>,
}

impl AccountJob {
    /// `make` makes the change within a transaction, and again where that was rolled back; what it
    /// answers holds once that is committed, and is what `tell` is called with, once.
    pub(in crate::store) fn new(
        make: impl FnMut(&Connection) -> rusqlite::Result<AccountAnswer> + Send + 'static,
        tell: impl FnOnce(Option<AccountAnswer>) + Send + 'static,
    ) -> AccountJob {
        AccountJob {
            make: Box::new(make),
            progress: ChangeProgress::default(),
            answer: None,
            tell: Some(Box::new(tell)),
        }
    }

    pub(super) fn progress(&self) -> ChangeProgress {
        self.progress.clone()
    }

    /// Makes the change, within a transaction that is open, or leaves everything as it is: where it
    /// fails, which is logged, and where it took so long to come to it that nobody waits for it any more.
    ///
    /// # Errors
    /// The database's, where the transaction cannot go on.
    pub(in crate::store) fn apply(&mut self, connection: &Connection) -> rusqlite::Result<()> {
        self.answer = None;
        if !self.progress.begin() {
            return Ok(());
        }
        connection.execute_batch("SAVEPOINT account")?;
        match (self.make)(connection) {
            Ok(answer) => self.answer = Some(answer),
            // Some errors end the transaction (sqlite.org/lang_transaction.html).
            Err(e) if connection.is_autocommit() => return Err(e),
            Err(e) => {
                log::error!("cannot change the accounts: {e}");
                connection.execute_batch("ROLLBACK TO account")?;
            }
        }
        connection.execute_batch("RELEASE account")
    }

    /// The transaction is on disk.
    pub(in crate::store) fn committed(mut self) {
        let answer = self.answer.take();
        self.tell(answer);
    }

    fn tell(&mut self, answer: Option<AccountAnswer>) {
        if let Some(tell) = self.tell.take() {
            tell(answer);
        }
    }
}

impl Drop for AccountJob {
    fn drop(&mut self) {
        self.tell(None);
    }
}
