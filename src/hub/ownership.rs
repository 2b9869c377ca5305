//! Rooms that belong to an account: they last without members, and are as they were after a restart.

use crate::limits::{OWNED_ROOMS_MAX, OWNED_ROOMS_TOTAL_MAX, ROOM_LIST_MAX};
use crate::model::{
    AccountId, ConnId, Done, ErrorCode, Event, Key, MessageId, Notice, Record, RoomName, RoomRecord,
};

use super::expiry::Lasting;
use super::{Effect, Hub, LOBBY, RoomId};

impl Hub {
    /// Whoever made a room moderates it. One who is logged in owns it, unless it, its address or all own many;
    /// it is told so.
    pub(super) fn found_room(&mut self, who: ConnId, id: RoomId) {
        self.rooms.get_mut(id).set_moderated(true);
        let Some(owner) = self.account_of(who) else {
            return;
        };
        if !self.may_own_more(who, owner) {
            let room = self.rooms.get(id).name.clone();
            return self.tell(who, Event::Notice(Notice::NotOwned(room)));
        }
        if let Some(account) = self.accounts.directory.get_mut(owner) {
            account.rooms += 1;
            self.accounts.owned_rooms += 1;
            let room = self.rooms.get_mut(id);
            room.modes.owner = Some(owner);
            room.set_moderated(false);
            self.watch_new_room(id);
            self.keep_room(id);
        }
    }

    fn may_own_more(&mut self, who: ConnId, owner: AccountId) -> bool {
        let account = self.accounts.directory.get(owner);
        let is_full = account.is_none_or(|account| account.rooms >= OWNED_ROOMS_MAX)
            || self.accounts.owned_rooms >= OWNED_ROOMS_TOTAL_MAX;
        let peer = self.users.peer_of(who);
        let address = peer.and_then(|peer| peer.counted_address(self.rules.limits_loopback));
        let now_ms = self.now.uptime_ms;
        !is_full && address.is_none_or(|address| self.accounts.foundings.take(address, now_ms))
    }

    /// A room of before the start is there again.
    pub(super) fn restore_room(&mut self, record: RoomRecord) {
        let known = self.rooms.find(&record.name);
        let Some(account) = self.accounts.directory.get_mut(record.owner) else {
            return;
        };
        if known.is_some() {
            return;
        }
        account.rooms += 1;
        self.accounts.owned_rooms += 1;
        let id = self
            .rooms
            .open(record.name, MessageId::default(), self.history.last);
        let room = self.rooms.get_mut(id);
        room.topic = record.topic;
        room.modes.owner = Some(record.owner);
        room.modes.moderators = record.moderators;
        room.modes.key = record.key;
        room.modes.is_topic_locked = record.is_topic_locked;
        room.modes.is_invite_only = record.is_invite_only;
    }

    /// A room has changed: if it is owned, that is kept.
    pub(super) fn keep_room(&mut self, id: RoomId) {
        let room = self.rooms.get(id);
        let Some(owner) = room.modes.owner else {
            return;
        };
        let record = RoomRecord {
            name: room.name.clone(),
            owner,
            topic: room.topic.clone(),
            key: room.modes.key.clone(),
            is_topic_locked: room.modes.is_topic_locked,
            is_invite_only: room.modes.is_invite_only,
            moderators: room.modes.moderators.clone(),
        };
        self.effects.push_back(Effect::Keep(Record::Room(record)));
    }

    /// Is it the owner's, logged in?
    pub(super) fn owns(&self, who: ConnId, id: RoomId) -> bool {
        let owner = self.rooms.get(id).modes.owner;
        owner.is_some() && self.account_of(who) == owner
    }

    /// Is it the owner's, or that of an account that it appointed, logged in?
    pub(super) fn is_appointed(&self, who: ConnId, id: RoomId) -> bool {
        let modes = &self.rooms.get(id).modes;
        if modes.owner.is_none() {
            return false;
        }
        let account = self.account_of(who);
        account.is_some_and(|id| modes.owner == Some(id) || modes.moderators.contains(&id))
    }

    /// Lets an account moderate an owned room, or no more, as its owner or as an operator.
    pub(super) fn appoint(
        &mut self,
        who: ConnId,
        room: Option<RoomName>,
        name: &str,
        moderates: bool,
    ) -> Result<(), ErrorCode> {
        self.check_accounts()?;
        let id = match room {
            Some(room) => self
                .rooms
                .find(&room)
                .ok_or(ErrorCode::NoRoomToShow(room))?,
            None => self.focus_of(who)?,
        };
        if id == LOBBY {
            return Err(ErrorCode::NotInLobby);
        }
        let room = self.rooms.get(id).name.clone();
        let is_allowed = self.owns(who, id) || self.is_operator(who);
        if !is_allowed || self.rooms.get(id).modes.owner.is_none() {
            return Err(ErrorCode::NotOwner(room));
        }
        let account = self.accounts.directory.find(&Key::of(name));
        let account = account.ok_or_else(|| ErrorCode::NoSuchAccount(name.into()))?;
        let (nick, appointed) = (account.record.nick.clone(), account.record.id);
        let moderators = &mut self.rooms.get_mut(id).modes.moderators;
        moderators.retain(|&other| other != appointed);
        if moderates {
            if moderators.len() >= ROOM_LIST_MAX {
                return Err(ErrorCode::TooManyBans);
            }
            moderators.push(appointed);
        }
        self.keep_room(id);
        if let Some(target) = self.users.find(name)
            && self.users[target].account() == Some(appointed)
            && self.users.of(who) != Some(target)
        {
            let notice = Notice::Appointed {
                by: self.nick_of(who).cloned(),
                room: room.clone(),
                moderates,
            };
            self.tell_user(target, &Event::Notice(notice));
        }
        let done = Done::Appointed {
            nick,
            room,
            moderates,
        };
        self.done(who, done)
    }

    /// A room belongs to nobody any more. It ends when it is empty, and is moderated like any other.
    pub(super) fn disown(&mut self, id: RoomId) {
        let room = self.rooms.get_mut(id);
        let Some(owner) = room.modes.owner.take() else {
            return;
        };
        room.modes.moderators = Vec::new();
        room.set_moderated(true);
        let record = Record::RoomGone(room.name.clone());
        self.effects.push_back(Effect::Keep(record));
        if let Some(account) = self.accounts.directory.get_mut(owner) {
            account.rooms -= 1;
        }
        self.accounts.owned_rooms -= 1;
        self.expiry.forget(Lasting::Room(id));
        let forgotten_bytes = self.rooms.end_if_over(id);
        self.forget_room(forgotten_bytes);
    }

    /// An account is gone: it owns and moderates nothing.
    pub(super) fn disown_all(&mut self, account: AccountId) {
        let of_account = |&id: &RoomId| {
            let modes = &self.rooms.get(id).modes;
            modes.owner == Some(account) || modes.moderators.contains(&account)
        };
        let ids = self.rooms.iter().map(|(id, _)| id);
        for id in ids.filter(of_account).collect::<Vec<RoomId>>() {
            let modes = &mut self.rooms.get_mut(id).modes;
            if modes.owner == Some(account) {
                self.disown(id);
            } else {
                modes.moderators.retain(|&other| other != account);
                self.keep_room(id);
            }
        }
    }
}
