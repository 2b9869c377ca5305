//! The chat: who is in, in which rooms, with which rights. It is what comes of applying the entries of its log
//! in their order, and of nothing else: the same entries on the same state give the same state and the same
//! facts. Its time is the entry's; it has no clock, no randomness, no socket and no sentence, and no order of a
//! hash table shows.
//!
//! Who holds it can look at all of it and change it by [`Chat::apply`] alone. Files call downwards:
//! `mod` (apply) → `act/` (what each entry does) → `members` → `mutes` → `rights` (who may what) → `masks` →
//! `persons` → `snapshot` (as bytes) → `state` → the tables.

mod act;
mod directory;
mod entry;
mod fact;
mod masks;
mod members;
mod mutes;
mod persons;
mod rights;
mod room;
mod rules;
mod snapshot;
mod state;
mod table;
mod user;
mod users;

pub(crate) use act::is_given;
pub(crate) use entry::{Actor, Entry, MetadataOf, Muting, TagTo, Words};
pub(crate) use fact::{Cause, Fact, Leaving};
pub(crate) use room::{LOBBY, Member, Role, RoomId, Rooms};
pub use rules::{Addresses, Rules};
#[cfg(test)]
pub(crate) use snapshot::tests::{busy_chat, entry};
pub(crate) use snapshot::{SnapshotError, read_snapshot, write_snapshot};

use state::Applying;
pub(crate) use state::Chat;
pub(crate) use table::Table;
pub(crate) use user::User;

use crate::model::{ErrorCode, NodeId};

impl Chat {
    /// Applies an entry of a server and of `at_ms` (in milliseconds since 1970), and adds what comes of it to `facts`.
    /// Whom and what it names may be gone by then.
    ///
    /// # Errors
    /// Why it is refused. Nobody can tell then that it was tried.
    pub(crate) fn apply(
        &mut self,
        entry: Entry,
        (at_ms, node): (u64, NodeId),
        facts: &mut Vec<Fact>,
    ) -> Result<(), ErrorCode> {
        let chat = self;
        Applying {
            chat,
            at_ms,
            node,
            facts,
        }
        .take(entry)
    }
}
