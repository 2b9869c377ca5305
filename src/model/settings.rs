//! What operators have set, and what survives a restart.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::ban::is_over;
use super::{Ban, Key, Mutes, RoomName};

/// Bans, mutes and locked rooms.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Settings {
    /// Who is kept out, in the order of setting.
    pub bans: Vec<Ban>,
    /// Who says nothing anywhere.
    pub mutes: Mutes,
    /// Rooms that nobody enters, by the key of their names.
    pub locked: BTreeMap<Key, RoomName>,
}

impl Settings {
    /// The bans that are not over at a time, in milliseconds since 1970.
    pub(crate) fn bans_at(&self, now_ms: u64) -> impl Iterator<Item = &Ban> {
        self.bans
            .iter()
            .filter(move |ban| !is_over(ban.until_ms, now_ms))
    }

    /// Forgets what is over.
    pub(crate) fn tidy(&mut self, now_ms: u64) {
        self.bans.retain(|ban| !is_over(ban.until_ms, now_ms));
        self.mutes.tidy(now_ms);
    }
}
