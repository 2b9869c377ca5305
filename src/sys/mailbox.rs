//! The seam to what is kept on disk.

use crate::model::{AccountAsk, MessageId, Query, Record};
use crate::store::{Answer, Backlog, Figures, FileOrder, Full, Store};

/// The store's mailbox: what is handed over to it, and its answers. Each method does as the one of
/// [`Store`].
pub trait Mailbox {
    /// Takes a record. That of a message is to be taken in only where there is room for it.
    ///
    /// # Errors
    /// As much waits as may: the record is lost. It is none of a message.
    fn keep(&mut self, record: Record) -> Result<(), Full>;
    /// Is there room for one more message?
    fn has_room(&self) -> bool;
    /// There was none for a message, which has that id, or was not even said.
    fn lose(&mut self, id: Option<MessageId>);
    /// Everything up to this that was handed over is on disk.
    fn committed(&self) -> MessageId;
    /// Hands over what the turn brought.
    fn flush(&mut self);
    /// Asks about what is kept.
    ///
    /// # Errors
    /// Too many questions wait.
    fn submit(&self, ticket: u64, query: Query) -> Result<(), Full>;
    /// Asks something of the accounts.
    ///
    /// # Errors
    /// Too many passwords wait to be checked.
    fn account(&self, ticket: u64, ask: AccountAsk) -> Result<(), Full>;
    /// Has something done about a file.
    ///
    /// # Errors
    /// No files are shared.
    fn file(&self, _: FileOrder) -> Result<(), Full> {
        Err(Full)
    }
    /// What there is to say, until it is `None`.
    fn poll_answer(&mut self) -> Option<Answer>;
    /// What is not on disk yet.
    fn backlog(&self) -> Backlog;
    /// How it goes.
    fn figures(&self) -> Figures;
}

impl Mailbox for Store {
    fn keep(&mut self, record: Record) -> Result<(), Full> {
        self.keep(record)
    }

    fn has_room(&self) -> bool {
        self.has_room()
    }

    fn lose(&mut self, id: Option<MessageId>) {
        self.lose(id);
    }

    fn committed(&self) -> MessageId {
        self.committed()
    }

    fn flush(&mut self) {
        self.flush();
    }

    fn submit(&self, ticket: u64, query: Query) -> Result<(), Full> {
        self.submit(ticket, query)
    }

    fn account(&self, ticket: u64, ask: AccountAsk) -> Result<(), Full> {
        self.account(ticket, ask)
    }

    fn file(&self, order: FileOrder) -> Result<(), Full> {
        self.file(order)
    }

    fn poll_answer(&mut self) -> Option<Answer> {
        self.poll_answer()
    }

    fn backlog(&self) -> Backlog {
        self.backlog()
    }

    fn figures(&self) -> Figures {
        self.figures()
    }
}
