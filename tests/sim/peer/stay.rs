//! What somebody was told of a room while it was there.

use hubbub::testing::Key;

/// The time between entering a room and leaving it, as its member was told.
#[derive(Debug, Clone)]
pub(crate) struct Stay {
    pub(crate) room: Key,
    /// The step in which it was told that it is in.
    pub(crate) from_step: u64,
    /// The texts that it was told there, as they were said or on entering, in that order.
    pub(crate) heard: Vec<(usize, bool)>,
    /// Everything up to this id has come: all was quiet then.
    pub(crate) through: u64,
    pub(crate) last_id: u64,
}

impl Stay {
    pub(crate) fn new(room: Key, from_step: u64) -> Stay {
        Stay {
            room,
            from_step,
            heard: Vec::new(),
            through: 0,
            last_id: 0,
        }
    }
}
