//! Whom a mute holds for. A mute is of a user, not of a name.

use crate::model::{AccountId, ConnId, Key, Mark, Mute, Mutes};

use super::{Hub, RoomId};

impl Hub {
    /// What a user is known by, its connections first. That of guests has an address.
    fn marks_of(&self, who: ConnId) -> Vec<Mark> {
        let Some(session) = self.sessions.get(who) else {
            return Vec::new();
        };
        let connections = self.connections(who).into_iter();
        let mut marks: Vec<Mark> = connections.map(Mark::Connection).collect();
        match session.account() {
            Some(account) => marks.push(Mark::Account(account)),
            None => {
                marks.push(Mark::Name(session.nick().key()));
                let address = session.peer.counted_address(false);
                marks.extend(address.map(Mark::Address));
            }
        }
        marks
    }

    /// A mute of a user who is here.
    pub(super) fn mute_of(&self, target: ConnId, until_ms: Option<u64>) -> Mute {
        let name = self
            .nick_of(target)
            .map_or_else(|| Key::of(""), |nick| nick.key());
        Mute {
            name,
            until_ms,
            marks: self.marks_of(target),
        }
    }

    /// What a name stands for that somebody is to be unmuted by, here or not.
    pub(super) fn marks_of_name(&self, name: &str) -> Vec<Mark> {
        let key = Key::of(name);
        let mut marks = match self.sessions.find(name) {
            Some(target) => self.marks_of(target),
            None => Vec::new(),
        };
        let account = self.accounts.directory.find(&key);
        marks.extend(account.map(|account| Mark::Account(account.record.id)));
        marks.push(Mark::Name(key));
        marks
    }

    /// A user has come in, or goes by another name, or is logged in: its mute stays with it.
    pub(super) fn follow_mutes(&mut self, who: ConnId) {
        if !self.settings.mutes.is_empty() {
            let marks = self.marks_of(who);
            if self.settings.mutes.follow(&marks) {
                self.effects.push_back(super::Effect::KeepSettings);
            }
        }
        let Some(session) = self.sessions.get(who) else {
            return;
        };
        let rooms = session.rooms().iter().chain(session.muted_in());
        for id in rooms.copied().collect::<Vec<RoomId>>() {
            self.follow_mutes_in(who, id);
        }
    }

    /// As [`Hub::follow_mutes`], of those in one room.
    pub(super) fn follow_mutes_in(&mut self, who: ConnId, id: RoomId) {
        let room = self.rooms.try_get(id);
        if room.is_some_and(|room| !room.modes.muted.is_empty()) {
            let marks = self.marks_of(who);
            self.rooms.get_mut(id).modes.muted.follow(&marks);
        }
    }

    /// Did an operator see to it that a user says nothing?
    pub(super) fn is_muted(&self, who: ConnId) -> bool {
        self.holds_for(&self.settings.mutes, who)
    }

    /// Is a user to say nothing in a room?
    pub(super) fn is_muted_in(&self, who: ConnId, id: RoomId) -> bool {
        self.holds_for(&self.rooms.get(id).modes.muted, who) || self.is_muted(who)
    }

    fn holds_for(&self, mutes: &Mutes, who: ConnId) -> bool {
        if mutes.is_empty() {
            return false;
        }
        let now_ms = self.now.unix_ms;
        let Some(session) = self.sessions.get(who) else {
            return false;
        };
        let is_of = |account: AccountId| mutes.has(&Mark::Account(account), now_ms);
        let accounts = session.account().map(|account| self.with_owner(account));
        mutes.has(&Mark::Connection(who), now_ms)
            || accounts.is_some_and(|accounts| accounts.into_iter().flatten().any(is_of))
            || mutes.has(&Mark::Name(session.nick().key()), now_ms)
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
