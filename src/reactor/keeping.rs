//! What is handed over to be kept.

use crate::model::{MessageId, Record};
use crate::sys::{Mailbox as _, System};

use super::Reactor;

impl<S: System> Reactor<S> {
    /// Takes in what is to be kept.
    pub(super) fn keep(&mut self, record: Record) {
        if self.cluster.as_ref().is_some_and(|cluster| cluster.is_kept) {
            return;
        }
        let kept = self.store.as_mut().map(|store| store.keep(record));
        if kept.is_some_and(|kept| kept.is_err()) {
            self.note_lost();
        }
    }

    /// There was no room for a message.
    pub(super) fn lose(&mut self, id: Option<MessageId>) {
        if let Some(store) = &mut self.store {
            store.lose(id);
        }
        self.note_lost();
    }

    fn note_lost(&mut self) {
        if let Some(others) = self.journal.lost.pass(self.clock.now) {
            log::error!("history is too far behind: what is said now is not kept{others}");
        }
    }
}
