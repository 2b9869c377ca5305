//! Which part of a long list is asked for.

use super::{MessageId, RoomName};

/// From where on the list of rooms is told, the largest first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RoomsFrom {
    /// A page, counted from 1.
    Page(usize),
    /// Behind a room, which must be there.
    After(RoomName),
}

impl Default for RoomsFrom {
    fn default() -> RoomsFrom {
        RoomsFrom::Page(1)
    }
}

/// Which of a room's members are asked for, in the order of their coming.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct MembersPage {
    /// Those behind this one.
    pub after: Option<String>,
    /// So many at most; a further bound is the server's.
    pub limit: Option<usize>,
}

/// From when on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Since {
    /// So many seconds ago.
    Ago(u64),
    /// A second since 1970, UTC.
    Unix(u64),
    /// A date and time by the server's own clock, as a second since 1970 that knows no time zone.
    Local(i64),
    /// A second of the day, of today or yesterday, by the server's own clock.
    Clock(u32),
}

/// Which messages, of those that may be seen; all bounds hold together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Range {
    /// So many at most: the last ones, or the first ones where only `after` or `since` bounds them.
    pub limit: Option<usize>,
    /// Earlier than this.
    pub before: Option<MessageId>,
    /// Later than this.
    pub after: Option<MessageId>,
    /// Not said before this.
    pub since: Option<Since>,
    /// Said after this, in milliseconds since 1970.
    pub after_ms: Option<u64>,
    /// Said before this, in milliseconds since 1970.
    pub before_ms: Option<u64>,
    /// The last of them where there are more, or the first? `None` is as the bounds say.
    pub is_newest: Option<bool>,
    /// Does one want to be shown their numbers, where lines do not?
    pub shows_ids: bool,
    /// Does one want to be shown what happened, beside what was said?
    pub has_events: bool,
    /// Are only files meant that were shared?
    pub only_files: bool,
}
