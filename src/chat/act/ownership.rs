//! Rooms that belong to an account: they last without members.

use crate::limits::{OWNED_ROOMS_MAX, OWNED_ROOMS_TOTAL_MAX, ROOM_LIST_MAX};
use crate::model::{AccountId, ErrorCode, UserId};

use crate::chat::{Actor, Applying, Chat, Fact, RoomId};

impl Chat {
    /// Has an account, or have all together, as many rooms as may be?
    pub(crate) fn owns_many(&self, owner: AccountId) -> bool {
        let account = self.directory.get(owner);
        account.is_none_or(|account| account.rooms >= OWNED_ROOMS_MAX)
            || self.owned_rooms >= OWNED_ROOMS_TOTAL_MAX
    }
}

impl Applying<'_> {
    /// Whoever made a room moderates it. One who is logged in owns it, where it may.
    pub(super) fn found(&mut self, user: UserId, room: RoomId, may_own: bool) {
        self.chat.rooms.get_mut(room).set_moderated(true);
        let Some(owner) = self.chat.users[user].account() else {
            return;
        };
        if !may_own || self.chat.owns_many(owner) {
            return self.facts.push(Fact::NotOwned { room });
        }
        if let Some(account) = self.chat.directory.get_mut(owner) {
            account.rooms += 1;
            self.chat.owned_rooms += 1;
            let found = self.chat.rooms.get_mut(room);
            found.modes.owner = Some(owner);
            found.set_moderated(false);
            self.facts.push(Fact::Owned { room, is_new: true });
        }
    }

    /// A room has changed: if it is owned, that is to be kept.
    pub(super) fn note_change(&mut self, room: RoomId) {
        if self.chat.rooms.get(room).modes.owner.is_some() {
            let is_new = false;
            self.facts.push(Fact::Owned { room, is_new });
        }
    }

    pub(super) fn appoint(
        &mut self,
        by: Actor,
        room: RoomId,
        account: AccountId,
        moderates: bool,
    ) -> Result<(), ErrorCode> {
        self.chat.check_room(room)?;
        self.chat.check_owns(by, room)?;
        let moderators = &mut self.chat.rooms.get_mut(room).modes.moderators;
        let is_new = !moderators.contains(&account);
        if moderates && is_new && moderators.len() >= ROOM_LIST_MAX {
            return Err(ErrorCode::TooManyBans);
        }
        moderators.retain(|&other| other != account);
        if moderates {
            moderators.push(account);
        }
        self.note_change(room);
        self.facts.push(Fact::Appointed {
            by,
            room,
            account,
            moderates,
        });
        Ok(())
    }

    /// A room belongs to nobody any more. It ends when it is empty, and is moderated like any other.
    pub(super) fn disown(&mut self, room: RoomId) {
        let Some(found) = self.chat.rooms.try_get(room) else {
            return;
        };
        let name = found.name.clone();
        let found = self.chat.rooms.get_mut(room);
        let Some(owner) = found.modes.owner.take() else {
            return;
        };
        found.modes.moderators = Vec::new();
        found.set_moderated(true);
        if let Some(account) = self.chat.directory.get_mut(owner) {
            account.rooms -= 1;
        }
        self.chat.owned_rooms -= 1;
        self.facts.push(Fact::Disowned { room, name });
        if self.chat.rooms.end_if_over(room) {
            self.facts.push(Fact::RoomEnded { room });
        }
    }

    /// An account is gone: it owns and moderates nothing.
    pub(super) fn disown_all(&mut self, account: AccountId) {
        let rooms = self.chat.rooms.iter();
        let of_account = rooms.filter(|(_, room)| {
            room.modes.owner == Some(account) || room.modes.moderators.contains(&account)
        });
        for room in of_account.map(|(id, _)| id).collect::<Vec<RoomId>>() {
            let modes = &mut self.chat.rooms.get_mut(room).modes;
            if modes.owner == Some(account) {
                self.disown(room);
            } else {
                modes.moderators.retain(|&other| other != account);
                self.note_change(room);
            }
        }
    }
}
