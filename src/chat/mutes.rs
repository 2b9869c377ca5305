//! Whom a mute holds for. A mute is of a user, not of a name.

use crate::limits::MUTED_IN_MAX;
use crate::model::{AccountId, ErrorCode, Key, Mark, Mute, Mutes, UserId};

use super::{Applying, Chat, Fact, RoomId};

impl Chat {
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
                let address = user.peer().counted_address(false);
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
        let account = self.directory.find(&key);
        marks.extend(account.map(|account| Mark::Account(account.record.id)));
        marks.push(Mark::Name(key));
        marks
    }

    /// Did an operator see to it that a user says nothing?
    pub(crate) fn is_muted(&self, id: UserId, now_ms: u64) -> bool {
        self.holds_for(&self.settings.mutes, id, now_ms)
    }

    /// Is a user to say nothing in a room?
    pub(crate) fn is_muted_in(&self, id: UserId, room: RoomId, now_ms: u64) -> bool {
        self.holds_for(&self.rooms.get(room).modes.muted, id, now_ms) || self.is_muted(id, now_ms)
    }

    /// May a user say anything in a room that it is in?
    pub(crate) fn check_mute(
        &self,
        id: UserId,
        room: RoomId,
        now_ms: u64,
    ) -> Result<(), ErrorCode> {
        match self.is_muted_in(id, room, now_ms) {
            true => Err(ErrorCode::Muted),
            false => Ok(()),
        }
    }

    /// Whoever is muted does not get rid of that under another name.
    pub(crate) fn check_may_log_out(&self, id: UserId, now_ms: u64) -> Result<(), ErrorCode> {
        let user = &self.users[id];
        let mut rooms = user.rooms().iter().filter(|_| user.is_account());
        rooms.try_for_each(|&room| self.check_mute(id, room, now_ms))
    }

    fn holds_for(&self, mutes: &Mutes, id: UserId, now_ms: u64) -> bool {
        if mutes.is_empty() {
            return false;
        }
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
        let known = self.directory.get(account);
        [Some(account), known.and_then(|it| it.record.owner)]
    }

    /// Is nothing to be said in a room under a name by who has no connection?
    pub(super) fn is_name_muted(&self, name: &Key, room: RoomId, now_ms: u64) -> bool {
        let account = self.directory.find(name);
        let [account, owner] = account.map_or([None; 2], |it| self.with_owner(it.record.id));
        let marks = [
            Some(Mark::Name(name.clone())),
            account.map(Mark::Account),
            owner.map(Mark::Account),
        ];
        let mutes = [&self.rooms.get(room).modes.muted, &self.settings.mutes];
        let mut marks = marks.iter().flatten();
        marks.any(|mark| mutes.iter().any(|mutes| mutes.has(mark, now_ms)))
    }

    /// As [`Applying::follow_mutes`], of those in one room.
    pub(super) fn follow_mutes_in(&mut self, id: UserId, room: RoomId) {
        let found = self.rooms.try_get(room);
        if found.is_some_and(|room| !room.modes.muted.is_empty()) {
            let marks = self.marks_of(id);
            self.rooms.get_mut(room).modes.muted.follow(&marks);
        }
    }

    /// A user is muted in a room, or no more: its mute there is to stay with it.
    pub(super) fn note_muted_in(&mut self, id: UserId, room: RoomId, is_muted: bool) {
        let Some(user) = self.users.get_mut(id) else {
            return;
        };
        user.change_rare(|rare| {
            rare.muted_in.retain(|&other| other != room);
            if is_muted && rare.muted_in.len() < MUTED_IN_MAX {
                rare.muted_in.push(room);
            }
        });
    }
}

impl Applying<'_> {
    /// A user has come in, or goes by another name, or is logged in: its mute stays with it.
    pub(super) fn follow_mutes(&mut self, id: UserId) {
        let chat = &mut *self.chat;
        if !chat.settings.mutes.is_empty() {
            let marks = chat.marks_of(id);
            if chat.settings.mutes.follow(&marks) {
                self.facts.push(Fact::SettingsChanged);
            }
        }
        let Some(user) = chat.users.get(id) else {
            return;
        };
        let rooms = user.rooms().iter().chain(user.muted_in());
        for room in rooms.copied().collect::<Vec<RoomId>>() {
            chat.follow_mutes_in(id, room);
        }
    }

    /// A user who is gone has become another: its mutes hold for that one, in the rooms where it was muted, too.
    pub(super) fn take_over_mutes(&mut self, from: UserId, into: UserId, muted_in: &[RoomId]) {
        let chat = &mut *self.chat;
        let marks = chat.marks_of(into);
        if chat.settings.mutes.take_over(from, &marks) {
            self.facts.push(Fact::SettingsChanged);
        }
        for &room in muted_in {
            if chat.rooms.try_get(room).is_some() {
                chat.rooms.get_mut(room).modes.muted.take_over(from, &marks);
                chat.note_muted_in(into, room, true);
            }
        }
    }
}
