//! Rooms: what is asked of them, by who is in them and by their moderators.

use core::net::IpAddr;

use crate::chat::{Entry, LOBBY, RoomId};
use crate::model::{ConnId, EnterMode, ErrorCode, Event, Key, MessageId, RoomName, UserId};

use super::hear::{Asker, Wants};
use super::state::{Hub, check_note};

impl Hub {
    pub(super) fn enter(
        &mut self,
        who: ConnId,
        room: RoomName,
        mode: EnterMode,
        key: Option<String>,
        resume: Option<MessageId>,
        replay: Option<usize>,
    ) -> Result<(), ErrorCode> {
        let user = self.own_id(who)?;
        let may_own = self.chat.rooms().find(&room).is_none() && self.may_own(who, user);
        let wants = Wants::Room {
            mode,
            resume,
            replay,
        };
        let entry = Entry::Enter {
            user,
            room,
            mode,
            key,
            may_own,
        };
        let done = self.commit(Some(Asker { who, wants }), entry);
        if done.is_err()
            && may_own
            && let Some(address) = self.counted_address(who)
        {
            self.accounts.foundings.give_back(address);
        }
        done
    }

    fn counted_address(&self, who: ConnId) -> Option<IpAddr> {
        let limits_loopback = self.chat.rules().limits_loopback;
        self.peer_of(who)?.counted_address(limits_loopback)
    }

    /// May one more room be made from there that is an account's? It is counted, where it may.
    fn may_own(&mut self, who: ConnId, user: UserId) -> bool {
        let owner = self.chat.users()[user].account();
        if owner.is_none_or(|owner| self.chat.owns_many(owner)) {
            return false;
        }
        let now_ms = self.now.uptime_ms;
        let address = self.counted_address(who);
        address.is_none_or(|address| self.accounts.foundings.take(address, now_ms))
    }

    pub(super) fn leave_room(
        &mut self,
        who: ConnId,
        name: Option<RoomName>,
        words: Option<String>,
    ) -> Result<(), ErrorCode> {
        words.as_deref().map_or(Ok(()), check_note)?;
        let room = self.entered(who, name)?;
        let own = self.own(who)?;
        if room == LOBBY && own.rooms() == [LOBBY] && own.profile().is_none() {
            let room = RoomName::lobby();
            let now_in = room.clone();
            self.answer(who, Event::LeftRoom { room, now_in });
            return Ok(());
        }
        let user = self.own_id(who)?;
        self.commit(Asker::new(who), Entry::Leave { user, room, words })
    }

    pub(super) fn topic(
        &mut self,
        who: ConnId,
        name: Option<RoomName>,
        text: Option<String>,
    ) -> Result<(), ErrorCode> {
        let room = self.entered(who, name)?;
        let Some(text) = text else {
            let found = self.chat.rooms().get(room);
            let event = Event::Topic {
                room: found.name.clone(),
                topic: found.topic.clone(),
                by: None,
                set: found.topic_set.as_deref().cloned(),
            };
            self.answer(who, event);
            return Ok(());
        };
        check_note(&text)?;
        let topic = Some(text).filter(|text| !text.trim().is_empty());
        let user = self.own_id(who)?;
        self.commit(Asker::new(who), Entry::SetTopic { user, room, topic })
    }

    /// The room of that name, or the one spoken in, for its moderator.
    pub(super) fn moderated(
        &self,
        who: ConnId,
        name: Option<RoomName>,
    ) -> Result<RoomId, ErrorCode> {
        let room = self.entered(who, name)?;
        self.chat.check_moderates(self.own_id(who)?, room)?;
        Ok(room)
    }

    pub(super) fn invite(
        &mut self,
        who: ConnId,
        name: Option<RoomName>,
        guest: &str,
    ) -> Result<(), ErrorCode> {
        let room = self.moderated(who, name)?;
        let guest = self.find_nick(guest)?;
        let by = self.own_id(who)?;
        self.commit(Asker::new(who), Entry::Invite { by, room, guest })
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
        let rooms = self.chat.rooms();
        let room = match room {
            Some(room) => rooms.find(&room).ok_or(ErrorCode::NoRoomToShow(room))?,
            None => self.focus_of(who)?,
        };
        let by = self.actor(who)?;
        self.chat.check_owns(by, room)?;
        let account = self.chat.directory().find(&Key::of(name));
        let account = account.ok_or_else(|| ErrorCode::NoSuchAccount(name.into()))?;
        let account = account.record.id;
        let entry = Entry::Appoint {
            by,
            room,
            account,
            moderates,
        };
        self.commit(Asker::new(who), entry)
    }
}
