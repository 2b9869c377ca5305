//! What operators have set, and what survives a restart.

use std::collections::HashMap;

use super::ban::is_over;
use super::{Ban, Key, Moment, Mutes, RoomName};

/// Bans, mutes and locked rooms.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Settings {
    /// Who is kept out, in the order of setting.
    pub bans: Vec<Ban>,
    /// Who says nothing anywhere.
    pub mutes: Mutes,
    /// Rooms that nobody enters, by the key of their names.
    pub locked: HashMap<Key, RoomName>,
}

impl Settings {
    /// The bans that are not over yet.
    pub(crate) fn bans_at(&self, now: Moment) -> impl Iterator<Item = &Ban> {
        self.bans
            .iter()
            .filter(move |ban| !is_over(ban.until_ms, now.unix_ms))
    }

    /// Forgets what is over.
    pub(crate) fn tidy(&mut self, now: Moment) {
        self.bans.retain(|ban| !is_over(ban.until_ms, now.unix_ms));
        self.mutes.tidy(now.unix_ms);
    }
}
