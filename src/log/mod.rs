//! The log: what the chat's entries go through, in their order. Nothing else changes the chat.
//!
//! There are two kinds. The direct log applies an entry where it is committed, by value, and is written nowhere. That
//! of a cluster ([`SharedLog`]) sends it to the other servers, and it is applied when it is read back from there; who
//! proposes to that one hears what has come of it later, which is why an entry says all that it needs.

#[cfg(any(test, feature = "testing"))]
mod mirror;
mod shared;
#[cfg(test)]
mod tests;
mod wire;

use crate::chat::{Chat, Entry, Fact};
use crate::model::{ErrorCode, NodeId};
#[cfg(any(test, feature = "testing"))]
pub(crate) use mirror::Mirror;
pub use shared::Batch;
pub(crate) use shared::SharedLog;
pub use wire::WireError;
pub(crate) use wire::{epoch_bytes, gone_bytes, gone_node, read_entries};

/// The log of a server.
#[derive(Debug, Default)]
pub(crate) struct Log {
    /// A second chat that is given every entry, where tests ask for that.
    #[cfg(any(test, feature = "testing"))]
    pub(crate) mirror: Option<Mirror>,
    /// The end of a cluster's log; without one, entries are applied where they are committed.
    pub(crate) shared: Option<Box<SharedLog>>,
}

impl Log {
    /// Applies an entry of a server and of a time in milliseconds since 1970, and adds what comes of it to `facts`.
    ///
    /// # Errors
    /// Why the chat refuses it. Nobody can tell then that it was tried.
    pub(crate) fn apply(
        &mut self,
        chat: &mut Chat,
        entry: Entry,
        stamp: (u64, NodeId),
        facts: &mut Vec<Fact>,
    ) -> Result<(), ErrorCode> {
        #[cfg(any(test, feature = "testing"))]
        if let Some(mirror) = &mut self.mirror {
            mirror.apply(entry.clone(), stamp);
        }
        let done = chat.apply(entry, stamp, facts);
        #[cfg(any(test, feature = "testing"))]
        if let Some(mirror) = &mut self.mirror {
            mirror.check(chat, &done, facts);
        }
        done
    }

    /// Is an entry applied only when it is read back?
    pub(crate) fn is_shared(&self) -> bool {
        self.shared.is_some()
    }

    /// Is that this server?
    pub(crate) fn is_here(&self, node: NodeId) -> bool {
        self.shared
            .as_ref()
            .is_none_or(|shared| shared.node() == node)
    }

    /// Is what is being applied an entry of this program?
    pub(crate) fn is_own(&self) -> bool {
        self.shared.as_ref().is_none_or(|shared| shared.is_own())
    }
}
