//! The log: what the chat's entries go through, in their order. Nothing else changes the chat.
//!
//! There is one kind, the direct log: an entry is applied where it is committed, by value, and is written nowhere. A
//! second kind will send an entry to the other servers of a cluster, and apply it when it is read back from there; who
//! commits to that one hears what has come of it later, which is why an entry says all that it needs.

#[cfg(any(test, feature = "testing"))]
mod mirror;

use crate::chat::{Chat, Entry, Fact};
use crate::model::ErrorCode;
#[cfg(any(test, feature = "testing"))]
pub(crate) use mirror::Mirror;

/// A log that applies its entries at once.
#[derive(Debug, Default)]
pub(crate) struct Log {
    /// A second chat that is given every entry, where tests ask for that.
    #[cfg(any(test, feature = "testing"))]
    pub(crate) mirror: Option<Mirror>,
}

impl Log {
    /// Commits an entry at a time in milliseconds since 1970, and adds what comes of it to `facts`.
    ///
    /// # Errors
    /// Why the chat refuses it. Nobody can tell then that it was tried.
    pub(crate) fn commit(
        &mut self,
        chat: &mut Chat,
        entry: Entry,
        at_ms: u64,
        facts: &mut Vec<Fact>,
    ) -> Result<(), ErrorCode> {
        #[cfg(any(test, feature = "testing"))]
        if let Some(mirror) = &mut self.mirror {
            mirror.apply(entry.clone(), at_ms);
        }
        let done = chat.apply(entry, at_ms, facts);
        #[cfg(any(test, feature = "testing"))]
        if let Some(mirror) = &mut self.mirror {
            mirror.check(chat, &done, facts);
        }
        done
    }
}
