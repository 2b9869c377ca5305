//! Whom a mute holds for. A mute is of a user, not of a name.

use crate::limits::MUTED_IN_MAX;
use crate::model::{AccountId, Key, Mark, Mute, Mutes, UserId};

use super::{Hub, RoomId};

impl Hub {
    /// What a user is known by. That of guests has an address.
    fn marks_of(&self, id: UserId) -> Vec<Mark> {
        let Some(user) = self.users.get(id) else {
            return Vec::new();
        };
        let mut marks = vec![Mark::User(id)];
        match user.account() {
            Some(account) => marks.push(Mark::Account(account)),
            None => {
                marks.push(Mark::Name(user.nick().key()));
                let address = user.peer.counted_address(false);
                marks.extend(address.map(Mark::Address));
            }
        }
        marks
    }

    /// A mute of a user who is here.
    pub(super) fn mute_of(&self, target: UserId, until_ms: Option<u64>) -> Mute {
        Mute {
            name: self.users[target].nick().key(),
            until_ms,
            marks: self.marks_of(target),
        }
    }

    /// What a name stands for that somebody is to be unmuted by, here or not.
    pub(super) fn marks_of_name(&self, name: &str) -> Vec<Mark> {
        let key = Key::of(name);
        let mut marks = match self.users.find(name) {
            Some(target) => self.marks_of(target),
            None => Vec::new(),
        };
        let account = self.accounts.directory.find(&key);
        marks.extend(account.map(|account| Mark::Account(account.record.id)));
        marks.push(Mark::Name(key));
        marks
    }

    /// A user has come in, or goes by another name, or is logged in: its mute stays with it.
    pub(super) fn follow_mutes(&mut self, id: UserId) {
        if !self.settings.mutes.is_empty() {
            let marks = self.marks_of(id);
            if self.settings.mutes.follow(&marks) {
                self.effects.push_back(super::Effect::KeepSettings);
            }
        }
        let Some(user) = self.users.get(id) else {
            return;
        };
        let rooms = user.rooms().iter().chain(user.muted_in());
        for room in rooms.copied().collect::<Vec<RoomId>>() {
            self.follow_mutes_in(id, room);
        }
    }

    /// As [`Hub::follow_mutes`], of those in one room.
    pub(super) fn follow_mutes_in(&mut self, id: UserId, room: RoomId) {
        let found = self.rooms.try_get(room);
        if found.is_some_and(|room| !room.modes.muted.is_empty()) {
            let marks = self.marks_of(id);
            self.rooms.get_mut(room).modes.muted.follow(&marks);
        }
    }

    /// A user who is gone has become another: its mutes hold for that one, in the rooms where it was muted, too.
    pub(super) fn take_over_mutes(&mut self, from: UserId, into: UserId, muted_in: &[RoomId]) {
        let marks = self.marks_of(into);
        if self.settings.mutes.take_over(from, &marks) {
            self.effects.push_back(super::Effect::KeepSettings);
        }
        for &id in muted_in {
            if self.rooms.try_get(id).is_some() {
                self.rooms.get_mut(id).modes.muted.take_over(from, &marks);
                self.note_muted_in(into, id, true);
            }
        }
    }

    /// A user is muted in a room, or no more: its mute there is to stay with it.
    pub(super) fn note_muted_in(&mut self, id: UserId, room: RoomId, is_muted: bool) {
        self.change(id, |rare| {
            rare.muted_in.retain(|&other| other != room);
            if is_muted && rare.muted_in.len() < MUTED_IN_MAX {
                rare.muted_in.push(room);
            }
        });
    }

    /// Did an operator see to it that a user says nothing?
    pub(super) fn is_muted(&self, id: UserId) -> bool {
        self.holds_for(&self.settings.mutes, id)
    }

    /// Is a user to say nothing in a room?
    pub(super) fn is_muted_in(&self, id: UserId, room: RoomId) -> bool {
        self.holds_for(&self.rooms.get(room).modes.muted, id) || self.is_muted(id)
    }

    fn holds_for(&self, mutes: &Mutes, id: UserId) -> bool {
        if mutes.is_empty() {
            return false;
        }
        let now_ms = self.now.unix_ms;
        let Some(user) = self.users.get(id) else {
            return false;
        };
        let is_of = |account: AccountId| mutes.has(&Mark::Account(account), now_ms);
        let accounts = user.account().map(|account| self.with_owner(account));
        mutes.has(&Mark::User(id), now_ms)
            || accounts.is_some_and(|accounts| accounts.into_iter().flatten().any(is_of))
            || mutes.has(&Mark::Name(user.nick().key()), now_ms)
    }

    /// An account, and whose bot it is: nobody speaks through a bot who is to say nothing.
    fn with_owner(&self, account: AccountId) -> [Option<AccountId>; 2] {
        let known = self.accounts.directory.get(account);
        [Some(account), known.and_then(|it| it.record.owner)]
    }

    /// Is nothing to be said in a room under a name by who has no connection?
    pub(super) fn is_name_muted(&self, name: &Key, id: RoomId) -> bool {
        let account = self.accounts.directory.find(name);
        let [account, owner] = account.map_or([None; 2], |it| self.with_owner(it.record.id));
        let marks = [
            Some(Mark::Name(name.clone())),
            account.map(Mark::Account),
            owner.map(Mark::Account),
        ];
        let now_ms = self.now.unix_ms;
        let mutes = [&self.rooms.get(id).modes.muted, &self.settings.mutes];
        let mut marks = marks.iter().flatten();
        marks.any(|mark| mutes.iter().any(|mutes| mutes.has(mark, now_ms)))
    }
}
