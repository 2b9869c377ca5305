//! Where what is said is kept, and what answers questions about it.

use crate::limits::CLOCK_FLOOR_MS;
use crate::model::{Kept, MessageId, Moment};

/// The store.
pub(super) struct Keeping<M> {
    pub(super) store: M,
    /// Everything up to this is on disk.
    pub(super) committed: MessageId,
    /// May there be more answers than the last turn took in?
    pub(super) has_more: bool,
}

impl<M> Keeping<M> {
    /// A store that has everything up to that message.
    pub(super) fn new(store: M, committed: MessageId) -> Keeping<M> {
        Keeping {
            store,
            committed,
            has_more: false,
        }
    }
}

/// What a server begins with that keeps nothing. Its ids begin with the time, so that they are later than
/// those of any earlier run that said up to a thousand messages a second.
pub(super) fn nothing_kept(now: Moment) -> Kept {
    Kept {
        last_id: MessageId(now.unix_ms.saturating_sub(CLOCK_FLOOR_MS)),
        ..Kept::default()
    }
}
