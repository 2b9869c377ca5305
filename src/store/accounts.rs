//! Accounts.

use std::io;
use std::path::PathBuf;
use std::sync::mpsc::Sender;

use rusqlite::Connection;

use crate::hub::keep::{AccountAnswer, AccountAsk};

use super::Full;
use super::shared::Answers;
use super::writer::{Change, Task};

/// Answers what is asked of the accounts: that it cannot be done.
pub(super) struct Verifier {
    tasks: Sender<Task>,
}

impl Verifier {
    /// Reads the accounts at `path`; changes them by [`Task::Change`].
    pub(super) fn start(
        _path: PathBuf,
        tasks: Sender<Task>,
        _answers: Answers,
    ) -> io::Result<Verifier> {
        Ok(Verifier { tasks })
    }

    pub(super) fn ask(&self, ticket: u64, _ask: AccountAsk) -> Result<(), Full> {
        let make = Box::new(|_: &Connection| Ok(AccountAnswer::Failed));
        let change = Change { ticket, make };
        self.tasks.send(Task::Change(change)).map_err(|_| Full)
    }
}
