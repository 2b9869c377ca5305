//! Rooms: entering and leaving them, and what their moderators do.

use crate::limits::{ROOM_LIST_MAX, ROOMS_PER_SESSION_MAX};
use crate::model::{EnterMode, ErrorCode, Happening, Kick, RoomName, UserId};

use crate::chat::{Actor, Applying, Fact, LOBBY, Leaving, Muting, RoomId};

impl Applying<'_> {
    pub(super) fn enter(
        &mut self,
        user: UserId,
        name: RoomName,
        mode: EnterMode,
        key: Option<&str>,
        may_own: bool,
    ) -> Result<(), ErrorCode> {
        self.chat.check_here(user)?;
        let known = self.chat.rooms.find(&name);
        let own = &self.chat.users[user];
        let was_in = known.is_some_and(|id| own.is_in(id));
        match (known, mode) {
            (Some(_), EnterMode::Create) => return Err(ErrorCode::RoomExists(name)),
            (None, EnterMode::Existing) => return Err(ErrorCode::NoRoomToEnter(name)),
            (Some(_), EnterMode::Existing) if was_in => return Err(ErrorCode::AlreadyInRoom(name)),
            _ if was_in => {}
            _ if own.rooms().len() >= ROOMS_PER_SESSION_MAX => return Err(ErrorCode::TooManyRooms),
            _ => self.chat.check_door(user, known, &name, key)?,
        }
        let is_made = known.is_none();
        let room = known.unwrap_or_else(|| {
            let room = self.chat.rooms.open(name, self.chat.last_id);
            self.chat.rooms.get_mut(room).made_ms = self.at_ms;
            self.facts.push(Fact::RoomMade { room });
            room
        });
        if !was_in {
            self.chat.rooms.get_mut(room).modes.invited.remove(&user);
            self.put_in(user, room);
        }
        if is_made {
            self.found(user, room, may_own);
        }
        self.facts.push(Fact::Entered {
            user,
            room,
            is_made,
            was_in,
        });
        Ok(())
    }

    pub(super) fn leave_room(
        &mut self,
        user: UserId,
        room: RoomId,
        words: Option<String>,
    ) -> Result<(), ErrorCode> {
        self.chat.check_is_in(user, room)?;
        // Who says nothing there has no last words.
        let words = words.filter(|_| self.chat.check_mute(user, room, self.at_ms).is_ok());
        self.take_out(user, room, Leaving::Own(words));
        Ok(())
    }

    pub(super) fn kick(
        &mut self,
        by: UserId,
        room: RoomId,
        user: UserId,
        reason: Option<String>,
    ) -> Result<(), ErrorCode> {
        self.chat.check_moderates(by, room)?;
        self.chat.check_here(user)?;
        let own = &self.chat.users[user];
        if !own.is_in(room) {
            return Err(ErrorCode::NoSuchNick(own.nick().to_string()));
        }
        let mut text = own.nick().to_string();
        if let Some(reason) = &reason {
            text.extend([" ", reason]);
        }
        let event = self.happening(by, Happening::Kick, text);
        let (by, id) = (event.nick.clone(), event.id);
        self.take_out(user, room, Leaving::Kicked(Kick { by, reason, id }, event));
        Ok(())
    }

    pub(super) fn set_topic(
        &mut self,
        user: UserId,
        room: RoomId,
        topic: Option<String>,
    ) -> Result<(), ErrorCode> {
        self.chat.check_is_in(user, room)?;
        self.chat.check_mute(user, room, self.at_ms)?;
        let found = self.chat.rooms.get(room);
        let is_locked = found.modes.is_topic_locked || room == LOBBY;
        if is_locked && !self.chat.moderates(Actor::User(user), room) {
            return Err(ErrorCode::NotModerator(found.name.clone()));
        }
        let by = self.chat.users[user].nick().to_string();
        let found = self.chat.rooms.get_mut(room);
        found.topic_set = topic.is_some().then(|| Box::new((by, self.at_ms)));
        found.topic.clone_from(&topic);
        self.note_change(room);
        let event = self.happening(user, Happening::Topic, topic.unwrap_or_default());
        self.facts.push(Fact::TopicSet { user, room, event });
        Ok(())
    }

    pub(super) fn invite(
        &mut self,
        by: UserId,
        room: RoomId,
        guest: UserId,
    ) -> Result<(), ErrorCode> {
        self.chat.check_moderates(by, room)?;
        self.chat.check_here(guest)?;
        self.chat.check_mute(by, room, self.at_ms)?;
        let users = &self.chat.users;
        let invited = &mut self.chat.rooms.get_mut(room).modes.invited;
        invited.retain(|&guest| users.contains(guest));
        if invited.len() >= ROOM_LIST_MAX {
            return Err(ErrorCode::TooManyBans);
        }
        invited.insert(guest);
        self.facts.push(Fact::Invited { by, room, guest });
        Ok(())
    }

    pub(super) fn mute_in(
        &mut self,
        by: UserId,
        room: RoomId,
        user: UserId,
        muting: Muting,
    ) -> Result<(), ErrorCode> {
        self.chat.check_moderates(by, room)?;
        self.chat.check_here(user)?;
        let until_ms = match muting {
            Muting::Until(ms) => Some(ms),
            Muting::ForGood | Muting::Over => None,
        };
        let mute = self.chat.mute_of(user, until_ms);
        let found = self.chat.rooms.get_mut(room);
        let is_muted = muting != Muting::Over;
        match is_muted {
            true => {
                found.modes.muted.tidy(self.at_ms);
                if found.modes.muted.len() >= ROOM_LIST_MAX {
                    return Err(ErrorCode::TooManyBans);
                }
                found.modes.muted.put(mute);
            }
            false => {
                found.modes.muted.remove(&mute.marks);
            }
        }
        let name = found.name.clone();
        self.chat.note_muted_in(user, room, is_muted);
        self.facts.push(Fact::Muted {
            by: Actor::User(by),
            user: Some(user),
            name: self.chat.users[user].nick().to_string(),
            room: Some(name),
            is_muted,
        });
        Ok(())
    }

    pub(super) fn close(&mut self, by: Actor, room: RoomId) -> Result<(), ErrorCode> {
        self.chat.check_room(room)?;
        if !self.chat.owns(by, room) {
            self.chat.check_operator(by)?;
        }
        if room == LOBBY {
            return Err(ErrorCode::NotInLobby);
        }
        let name = self.chat.rooms.get(room).name.clone();
        self.facts.push(Fact::Closed { by, room, name });
        self.disown(room);
        Ok(())
    }

    /// A user may have left a room that was closed meanwhile, or the room may have ended.
    pub(super) fn take_out_of_closed(
        &mut self,
        user: UserId,
        room: RoomId,
    ) -> Result<(), ErrorCode> {
        let own = self.chat.users.get(user);
        if own.is_some_and(|own| own.is_in(room)) {
            self.take_out(user, room, Leaving::Closed);
        }
        Ok(())
    }
}
