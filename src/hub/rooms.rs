//! Rooms: what is asked of them, by who is in them and by their moderators.

use core::net::IpAddr;

use crate::chat::{Entry, LOBBY, RoomId};
use crate::model::{ConnId, EnterMode, ErrorCode, Event, Key, MessageId, Moment, RoomName, UserId};

use super::decision::{Asker, Caller, Decision, Resuming, Then, Wants};
use super::state::{Hub, check_note};

impl Hub {
    pub(super) fn enter(
        &mut self,
        Caller { who, now, .. }: Caller,
        room: RoomName,
        (mode, key): (EnterMode, Option<String>),
        resume: Option<MessageId>,
        replay: Option<usize>,
    ) -> Result<Decision, ErrorCode> {
        let (entry, founder) = self.entering(who, room, (mode, key), now)?;
        let wants = Wants::Room {
            mode,
            resume,
            replay,
        };
        let resuming = None;
        Ok(Decision::Entry(
            entry,
            wants,
            Then::Enter { founder, resuming },
        ))
    }

    /// The entry of who enters a room, and from where one is counted that would be an account's.
    fn entering(
        &mut self,
        who: ConnId,
        room: RoomName,
        (mode, key): (EnterMode, Option<String>),
        now: Moment,
    ) -> Result<(Entry, Option<IpAddr>), ErrorCode> {
        let user = self.own_id(who)?;
        let may_own = self.chat.rooms().find(&room).is_none() && self.may_own(who, user, now);
        let founder = self.counted_address(who).filter(|_| may_own);
        let entry = Entry::Enter {
            user,
            room,
            mode,
            key,
            may_own,
        };
        Ok((entry, founder))
    }

    /// What somebody goes on in who has just come in, and is shown what was said in its rooms.
    pub(super) fn resuming(
        &mut self,
        who: ConnId,
        resume: Vec<(RoomName, MessageId)>,
        is_account: bool,
    ) -> Result<Resuming, ErrorCode> {
        let (rooms, focus) = (self.own(who)?.rooms().to_vec(), self.focus_of(who)?);
        for &id in &rooms {
            let key = self.chat.rooms().get(id).name.key();
            let had = resume.iter().find(|(room, _)| room.key() == key);
            self.show_past(who, id, had.map(|&(_, id)| id), None);
        }
        let is_in = |room: &RoomName| {
            let known = self.chat.rooms().find(room);
            room.is_lobby() || known.is_some_and(|id| rooms.contains(&id))
        };
        let left = resume.into_iter().filter(|(room, _)| !is_in(room));
        Ok(Resuming {
            rooms: left.collect(),
            focus,
            is_account,
        })
    }

    /// Enters the next of the rooms that somebody goes on in who has come in; `None`: these were all.
    pub(super) fn resume_next(
        &mut self,
        who: ConnId,
        mut resuming: Resuming,
        now: Moment,
    ) -> Option<(Asker, Entry)> {
        let Some((room, had)) = resuming.rooms.pop_front() else {
            match resuming.is_account {
                true => self.ask_mail(who),
                false => self.begin_grace(self.sessions.user_of(who)?, now),
            }
            return None;
        };
        let mode = EnterMode::Focus;
        let (entry, founder) = self.entering(who, room, (mode, None), now).ok()?;
        let (resume, replay) = (Some(had), None);
        let wants = Wants::Room {
            mode,
            resume,
            replay,
        };
        let resuming = Some(resuming);
        let then = Then::Enter { founder, resuming };
        Some((Asker::new(who, None, wants, then), entry))
    }

    fn counted_address(&self, who: ConnId) -> Option<IpAddr> {
        let limits_loopback = self.chat.rules().limits_loopback;
        self.peer_of(who)?.counted_address(limits_loopback)
    }

    /// May one more room be made from there that is an account's? It is counted, where it may.
    fn may_own(&mut self, who: ConnId, user: UserId, now: Moment) -> bool {
        let owner = self.chat.users()[user].account();
        if owner.is_none_or(|owner| self.chat.owns_many(owner)) {
            return false;
        }
        let address = self.counted_address(who);
        let foundings = &mut self.accounts.foundings;
        address.is_none_or(|address| foundings.take(address, now.uptime_ms))
    }

    pub(super) fn leave_room(
        &mut self,
        who: ConnId,
        name: Option<RoomName>,
        words: Option<String>,
    ) -> Result<Decision, ErrorCode> {
        words.as_deref().map_or(Ok(()), check_note)?;
        let room = self.entered(who, name)?;
        let own = self.own(who)?;
        if room == LOBBY && own.rooms() == [LOBBY] && own.profile().is_none() {
            let room = RoomName::lobby();
            let now_in = room.clone();
            return Ok(Decision::Answer(Event::LeftRoom { room, now_in }));
        }
        let user = self.own_id(who)?;
        Decision::entry(Entry::Leave { user, room, words })
    }

    pub(super) fn topic(
        &mut self,
        who: ConnId,
        name: Option<RoomName>,
        text: Option<String>,
    ) -> Result<Decision, ErrorCode> {
        let room = self.entered(who, name)?;
        let Some(text) = text else {
            let found = self.chat.rooms().get(room);
            let event = Event::Topic {
                room: found.name.clone(),
                topic: found.topic.clone(),
                by: None,
                id: None,
                set: found.topic_set.as_deref().cloned(),
            };
            return Ok(Decision::Answer(event));
        };
        check_note(&text)?;
        let topic = Some(text).filter(|text| !text.trim().is_empty());
        let user = self.own_id(who)?;
        Decision::entry(Entry::SetTopic { user, room, topic })
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
    ) -> Result<Decision, ErrorCode> {
        let room = self.moderated(who, name)?;
        let guest = self.find_nick(guest)?;
        let by = self.own_id(who)?;
        Decision::entry(Entry::Invite { by, room, guest })
    }

    /// Lets an account moderate an owned room, or no more, as its owner or as an operator.
    pub(super) fn appoint(
        &mut self,
        who: ConnId,
        room: Option<RoomName>,
        name: &str,
        moderates: bool,
    ) -> Result<Decision, ErrorCode> {
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
        Decision::entry(entry)
    }
}
