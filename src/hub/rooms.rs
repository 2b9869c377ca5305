//! Rooms: entering and leaving them, what they are about, and what their moderators do.

use crate::limits::{ROOM_LIST_MAX, ROOMS_PER_SESSION_MAX};
use crate::model::{
    Change, ConnId, Done, Durability, EnterMode, ErrorCode, Event, Kick, MaskKind, MessageId,
    ModeChange, Notice, RoomName, Roster, UserId,
};

use super::room::Role;
use super::{Audience, Hub, LOBBY, Reader, RoomId, check_note};

impl Hub {
    pub(super) fn enter(
        &mut self,
        who: ConnId,
        name: RoomName,
        entry: EnterMode,
        key: Option<&str>,
        resume: Option<MessageId>,
        replay: Option<usize>,
    ) -> Result<(), ErrorCode> {
        let known = self.rooms.find(&name);
        let user = self.own(who)?;
        let is_in = known.is_some_and(|id| user.is_in(id));
        match (known, entry) {
            (Some(_), EnterMode::Create) => return Err(ErrorCode::RoomExists(name)),
            (None, EnterMode::Existing) => return Err(ErrorCode::NoRoomToEnter(name)),
            (Some(_), EnterMode::Existing) if is_in => return Err(ErrorCode::AlreadyInRoom(name)),
            _ if is_in => {}
            _ if user.rooms().len() >= ROOMS_PER_SESSION_MAX => {
                return Err(ErrorCode::TooManyRooms);
            }
            _ => self.check_door(who, known, &name, key)?,
        }
        let (user, nick) = (self.own_id(who)?, user.nick().clone());
        let id = known.unwrap_or_else(|| self.open(name));
        if !is_in {
            self.rooms.get_mut(id).modes.invited.remove(&user);
            self.add_to_room(user, id);
        }
        if known.is_none() {
            self.found_room(who, id);
        }
        if entry == EnterMode::Focus {
            self.set_focus(who, id);
        }
        let room = self.rooms.get(id).name.clone();
        let users = match entry {
            EnterMode::Existing => Roster::default(),
            EnterMode::Create | EnterMode::Focus => self.roster(id),
        };
        let (created, topic) = (known.is_none(), self.rooms.get(id).topic.clone());
        self.answer(
            who,
            Event::EnteredRoom {
                room: room.clone(),
                created,
                users,
                topic,
            },
        )?;
        if !is_in {
            let others = self.others_of(who);
            for &other in &others {
                self.tell_own_entering(other, id);
            }
            self.tell_of_entering(user, id, Event::RoomJoined { nick, room });
            self.tell_metadata_of(user, id);
            self.show_past(who, id, resume, replay);
            for other in others {
                self.show_past(other, id, None, None);
            }
        }
        Ok(())
    }

    /// Makes a room. What may be on disk of one of its name is not known here; what is not on disk yet is
    /// known to be none, but for what was said in rooms that have ended, or waits to be told.
    pub(super) fn open(&mut self, name: RoomName) -> RoomId {
        let last = self.last_id();
        let silent_since = match self.rules.durability {
            None => MessageId::default(),
            Some(Durability::Soon) => self.kept().max(self.rooms.last_ended),
            Some(Durability::Seen) => last,
        };
        let id = self.rooms.open(name, last, silent_since);
        self.rooms.get_mut(id).made_ms = self.now.unix_ms;
        id
    }

    /// May a user who is not in the room come in? Operators always may, and where no operator locked it
    /// those who moderate it by an account.
    fn check_door(
        &self,
        who: ConnId,
        known: Option<RoomId>,
        name: &RoomName,
        key: Option<&str>,
    ) -> Result<(), ErrorCode> {
        if self.is_operator(who) {
            return Ok(());
        }
        if self.settings.locked.contains_key(&name.key()) {
            return Err(ErrorCode::RoomLocked(name.clone()));
        }
        let Some(id) = known else { return Ok(()) };
        let room = self.rooms.get(id);
        let modes = &room.modes;
        let is_invited = self
            .users
            .of(who)
            .is_some_and(|id| modes.invited.contains(&id));
        if is_invited || self.is_appointed(who, id) {
            return Ok(());
        }
        if self.is_kept_out(who, id) {
            return Err(ErrorCode::BannedFromRoom(name.clone()));
        }
        if modes.is_invite_only && !self.is_on_list(who, id, MaskKind::Invitation) {
            return Err(ErrorCode::InviteOnly(name.clone()));
        }
        if modes
            .limit
            .is_some_and(|limit| room.count() >= limit as usize)
        {
            return Err(ErrorCode::RoomFull(name.clone()));
        }
        match modes.key.as_deref() {
            Some(wanted) if key != Some(wanted) => Err(ErrorCode::WrongKey(name.clone())),
            _ => Ok(()),
        }
    }

    pub(super) fn leave_room(
        &mut self,
        who: ConnId,
        name: Option<RoomName>,
        words: Option<String>,
    ) -> Result<(), ErrorCode> {
        words.as_deref().map_or(Ok(()), check_note)?;
        let id = self.entered(who, name)?;
        let room = self.rooms.get(id).name.clone();
        let words = words.filter(|_| self.check_mute(who, id).is_ok());
        let own = self.own(who)?;
        if id == LOBBY && own.rooms() == [LOBBY] && own.profile().is_none() {
            return self.answer(
                who,
                Event::LeftRoom {
                    room: room.clone(),
                    now_in: room,
                },
            );
        }
        let is_told = self.take_out(self.own_id(who)?, id);
        let now_in = self.name_of_focus(who);
        self.answer(
            who,
            Event::LeftRoom {
                room: room.clone(),
                now_in,
            },
        )?;
        for other in self.others_of(who) {
            self.tell_own_leaving(other, &room);
        }
        if is_told {
            self.tell_of_leaving(who, id, room, None, words)?;
        }
        Ok(())
    }

    /// The name of the room that a connection speaks in, or of the lobby.
    fn name_of_focus(&self, who: ConnId) -> RoomName {
        let focus = self.focus_of(who);
        focus.map_or_else(|_| RoomName::lobby(), |id| self.rooms.get(id).name.clone())
    }

    /// Tells a user that it is out of a room, where it did not ask for that.
    pub(super) fn tell_own_leaving(&mut self, who: ConnId, room: &RoomName) {
        let (room, now_in) = (room.clone(), self.name_of_focus(who));
        self.tell(who, Event::LeftRoom { room, now_in });
    }

    /// Takes a user out of a room; out of its last one it comes back to the lobby, which is told.
    /// Returns whether those who stay are to be told.
    pub(super) fn take_out(&mut self, id: UserId, room: RoomId) -> bool {
        self.tell_of_coming(id);
        let Some(user) = self.users.get_mut(id) else {
            return false;
        };
        user.leave(room);
        let (last, nick) = (user.rooms().last().copied(), user.nick().clone());
        for who in self.users.sessions_of(id).collect::<Vec<_>>() {
            self.end_catching_up(room, who);
            self.rooms.get_mut(room).readers.remove(who);
            let session = self.users.session_mut(who);
            if let Some(session) = session.filter(|session| session.focus == Some(room)) {
                session.focus = last;
                if let Some(last) = last {
                    self.rooms.get_mut(last).readers.set_here(who, true);
                }
            }
        }
        let is_told = self.remove_member(id, room);
        let goes_back = self
            .users
            .get(id)
            .is_some_and(|own| own.profile().is_none());
        if last.is_none() && goes_back {
            self.add_to_room(id, LOBBY);
            let room = RoomName::lobby();
            self.tell_of_entering(id, LOBBY, Event::RoomJoined { nick, room });
        }
        is_told
    }

    /// Tells those who stay in a room that a user left it.
    fn tell_of_leaving(
        &mut self,
        who: ConnId,
        id: RoomId,
        room: RoomName,
        kick: Option<Kick>,
        words: Option<String>,
    ) -> Result<(), ErrorCode> {
        let nick = self.own(who)?.nick().clone();
        let event = Event::RoomLeft {
            nick,
            room,
            kick,
            words,
        };
        self.broadcast(Audience::others(id, who), event);
        Ok(())
    }

    pub(super) fn topic(
        &mut self,
        who: ConnId,
        name: Option<RoomName>,
        text: Option<String>,
    ) -> Result<(), ErrorCode> {
        let id = self.entered(who, name)?;
        let room = self.rooms.get(id).name.clone();
        let Some(text) = text else {
            let topic = self.rooms.get(id).topic.clone();
            return self.answer(
                who,
                Event::Topic {
                    room,
                    topic,
                    by: None,
                },
            );
        };
        check_note(&text)?;
        self.check_mute(who, id)?;
        let is_locked = self.rooms.get(id).modes.is_topic_locked || id == LOBBY;
        if is_locked && !self.moderates(who, id) {
            return Err(ErrorCode::NotModerator(room));
        }
        let topic = Some(text).filter(|text| !text.trim().is_empty());
        let by = self.own(who)?.nick().to_string();
        let set = topic.is_some().then(|| Box::new((by, self.now.unix_ms)));
        self.rooms.get_mut(id).topic.clone_from(&topic);
        self.rooms.get_mut(id).topic_set = set;
        let event = Event::Topic {
            room,
            topic,
            by: Some(self.own(who)?.nick().clone()),
        };
        self.keep_room(id);
        self.broadcast(Audience::others(id, who), event.clone());
        self.answer(who, event)
    }

    /// May a user set a room's modes? Its moderator may, or of an owned room the owner and whom it has
    /// appointed, and operators.
    pub(super) fn moderates(&self, who: ConnId, id: RoomId) -> bool {
        let own = self.users.of(who);
        let role = own.and_then(|own| self.rooms.get(id).role_of(own));
        let is_moderator = role.is_some_and(Role::moderates);
        is_moderator || self.is_appointed(who, id) || self.is_operator(who)
    }

    /// The room of that name, or the one spoken in, for its moderator. The lobby has none.
    pub(super) fn moderated(
        &self,
        who: ConnId,
        name: Option<RoomName>,
    ) -> Result<RoomId, ErrorCode> {
        let id = self.entered(who, name)?;
        match self.moderates(who, id) {
            true if id == LOBBY => Err(ErrorCode::NotInLobby),
            true => Ok(id),
            false => Err(ErrorCode::NotModerator(self.rooms.get(id).name.clone())),
        }
    }

    pub(super) fn change_mode(
        &mut self,
        who: ConnId,
        name: Option<RoomName>,
        change: ModeChange,
    ) -> Result<(), ErrorCode> {
        let id = self.moderated(who, name)?;
        let name = self.rooms.get(id).name.clone();
        self.set_mode(who, id, &change)?;
        self.keep_room(id);
        self.tell_of_modes(who, id, vec![change.clone()]);
        self.done(who, Done::ModeSet { room: name, change })
    }

    pub(super) fn invite(
        &mut self,
        who: ConnId,
        name: Option<RoomName>,
        guest: &str,
    ) -> Result<(), ErrorCode> {
        let id = self.moderated(who, name)?;
        let target = self.find_nick(guest)?;
        let nick = self.users[target].nick().clone();
        self.check_mute(who, id)?;
        let users = &self.users;
        let room = self.rooms.get_mut(id);
        room.modes.invited.retain(|&guest| users.contains(guest));
        if room.modes.invited.len() >= ROOM_LIST_MAX {
            return Err(ErrorCode::TooManyBans);
        }
        room.modes.invited.insert(target);
        let room = room.name.clone();
        let by = self.own(who)?.nick().clone();
        self.tell_watchful(
            id,
            who,
            &Change::Invited {
                by: by.clone(),
                nick: nick.clone(),
                room: room.clone(),
            },
        );
        if !self.users[target].ignores(&by.key()) {
            let room = room.clone();
            self.tell_user(target, &Event::Notice(Notice::Invited { by, room }));
        }
        self.done(who, Done::Invited { nick, room })
    }

    /// Puts a member out of a room, by its moderator.
    pub(super) fn kick_from_room(
        &mut self,
        who: ConnId,
        id: RoomId,
        target: UserId,
        reason: Option<String>,
    ) -> Result<(), ErrorCode> {
        let room = self.rooms.get(id).name.clone();
        let nick = self.users[target].nick().clone();
        if !self.users[target].is_in(id) {
            return Err(ErrorCode::NoSuchNick(nick.to_string()));
        }
        self.log_kick(who, target, Some(room.clone()), reason.clone());
        let is_told = self.take_out(target, id);
        let by = self.own(who)?.nick().clone();
        let kick = Kick { by, reason };
        let connections: Vec<_> = self.users.sessions_of(target).collect();
        for &id in &connections {
            let notice = Notice::PutOut {
                room: room.clone(),
                kick: kick.clone(),
            };
            self.tell(id, Event::Notice(notice));
            self.tell_own_leaving(id, &room);
        }
        if is_told && let Some(&first) = connections.first() {
            self.tell_of_leaving(first, id, room.clone(), Some(kick), None)?;
        }
        self.done(who, Done::PutOut { nick, room })
    }

    /// Lets a member say nothing in a room, by its moderator, or lets it speak again.
    pub(super) fn mute_in_room(
        &mut self,
        who: ConnId,
        id: RoomId,
        target: UserId,
        until_ms: Option<Option<u64>>,
    ) -> Result<(), ErrorCode> {
        let nick = self.users[target].nick().clone();
        let mute = self.mute_of(target, until_ms.flatten());
        let room = self.rooms.get_mut(id);
        match until_ms {
            Some(_) => {
                room.modes.muted.tidy(self.now.unix_ms);
                if room.modes.muted.len() >= ROOM_LIST_MAX {
                    return Err(ErrorCode::TooManyBans);
                }
                room.modes.muted.put(mute);
            }
            None => {
                room.modes.muted.remove(&mute.marks);
            }
        }
        let room = room.name.clone();
        self.note_muted_in(target, id, until_ms.is_some());
        self.done_muting(
            who,
            Some(target),
            nick.to_string(),
            Some(room),
            until_ms.is_some(),
        )
    }

    /// Puts a user in, who is not in yet. It speaks there where it speaks nowhere else.
    fn add_to_room(&mut self, user: UserId, room: RoomId) {
        self.rooms.enter(room, user);
        if let Some(user) = self.users.get_mut(user) {
            user.enter(room);
        }
        for id in self.users.sessions_of(user).collect::<Vec<_>>() {
            if let Some(session) = self.users.session_mut(id) {
                let here = *session.focus.get_or_insert(room) == room;
                let reader = Reader { id, here };
                self.rooms.get_mut(room).readers.add(reader);
            }
        }
        self.follow_mutes_in(user, room);
    }

    /// Has a connection speak from now on in a room that its user is in.
    pub(super) fn set_focus(&mut self, who: ConnId, id: RoomId) {
        let Some(session) = self.users.session_mut(who) else {
            return;
        };
        if let Some(before) = session.focus.replace(id) {
            self.rooms.get_mut(before).readers.set_here(who, false);
        }
        self.rooms.get_mut(id).readers.set_here(who, true);
    }
}
