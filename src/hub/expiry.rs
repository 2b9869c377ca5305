//! Accounts and owned rooms end when they are not used for long. Time counts that the server has run: neither
//! a clock that was wrong nor a year in which it was switched off ends anything.

use crate::chat::RoomId;
use crate::limits::ROOM_EXPIRY_MS;
use crate::model::{AccountId, Moment, Record, Used};
use crate::session::Lasting;

use super::effect::Effect;
use super::state::Hub;

impl Hub {
    /// How long the server has run, earlier runs included.
    pub(super) fn ran_ms(&self, now: Moment) -> u64 {
        self.expiry.ran_before_ms.saturating_add(now.uptime_ms)
    }

    /// The uses of before the start.
    pub(super) fn restore_uses(&mut self, ran_ms: u64, uses: Vec<(Used, u64)>) {
        self.expiry.ran_before_ms = ran_ms;
        for (used, used_ms) in uses {
            let used_ms = used_ms.min(ran_ms);
            match used {
                Used::Account(id) => self.watch_account(id, used_ms),
                Used::Room(name) => {
                    let id = self.chat.rooms().find(&name);
                    let owned = id.filter(|&id| self.chat.rooms().get(id).modes.owner.is_some());
                    if let Some(id) = owned {
                        self.expiry
                            .watch(Lasting::Room(id), used_ms, ROOM_EXPIRY_MS);
                    }
                }
            }
        }
    }

    fn watch_account(&mut self, id: AccountId, used_ms: u64) {
        if let Some(life_ms) = self.chat.rules().account_expiry_ms {
            self.expiry.watch(Lasting::Account(id), used_ms, life_ms);
        }
    }

    /// An account was made just now.
    pub(super) fn watch_new_account(&mut self, id: AccountId, now: Moment) {
        self.watch_account(id, self.ran_ms(now));
    }

    /// A room is owned from now on.
    pub(super) fn watch_new_room(&mut self, id: RoomId, now: Moment) {
        let now_ms = self.ran_ms(now);
        self.expiry.watch(Lasting::Room(id), now_ms, ROOM_EXPIRY_MS);
    }

    /// An account is used, and with a bot its owner's.
    pub(super) fn use_account(&mut self, id: AccountId, now: Moment) {
        let account = self.chat.directory().get(id);
        let owner = account.and_then(|account| account.record.owner);
        for id in [Some(id), owner].into_iter().flatten() {
            self.use_lasting(Lasting::Account(id), now);
        }
    }

    /// Somebody is in a room or speaks there: if it is owned, it is used.
    pub(super) fn use_room(&mut self, id: RoomId, now: Moment) {
        if self.chat.rooms().get(id).modes.owner.is_some() {
            self.use_lasting(Lasting::Room(id), now);
        }
    }

    pub(super) fn use_lasting(&mut self, what: Lasting, now: Moment) {
        let ran_ms = self.ran_ms(now);
        if !self.expiry.touch(what, ran_ms) {
            return;
        }
        let used = match what {
            Lasting::Account(id) => Used::Account(id),
            Lasting::Room(id) => Used::Room(self.chat.rooms().get(id).name.clone()),
        };
        self.effects
            .push_back(Effect::Keep(Record::Used { used, ran_ms }));
    }

    /// When something is to be looked at, in milliseconds since the start.
    pub(super) fn next_expiry(&self) -> Option<u64> {
        let &(due_ms, _) = self.expiry.due.first()?;
        Some(due_ms.saturating_sub(self.expiry.ran_before_ms))
    }
}
