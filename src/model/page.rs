//! Which part of a long list is asked for.

use super::RoomName;

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
