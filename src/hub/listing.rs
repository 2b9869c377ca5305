//! Which rooms there are, who is in them, and who may know it.

use crate::chat::RoomId;
use crate::limits::{NAMES_SHOWN_MAX, ROOMS_SHOWN_MAX, STEPS_PER_ROOM};
use crate::model::{ConnId, ErrorCode, Event, MembersPage, RoomEntry, RoomName, RoomsFrom, Roster};

use super::decision::Decision;
use super::state::Hub;

impl Hub {
    pub(super) fn tell_members(
        &mut self,
        who: ConnId,
        name: Option<RoomName>,
        page: &MembersPage,
    ) -> Result<Decision, ErrorCode> {
        let id = match name {
            Some(name) => self
                .chat
                .rooms()
                .find(&name)
                .ok_or(ErrorCode::NoRoomToShow(name))?,
            None => self.focus_of(who)?,
        };
        if !self.sees_into(who, id) {
            return Err(ErrorCode::NotInRoom(self.chat.rooms().get(id).name.clone()));
        }
        let (room, users) = (
            self.chat.rooms().get(id).name.clone(),
            self.page_of(id, page)?,
        );
        Ok(Decision::Answer(Event::Members { room, users }))
    }

    /// A page of a room's users, [`NAMES_SHOWN_MAX`] at most.
    fn page_of(&self, id: RoomId, page: &MembersPage) -> Result<Roster, ErrorCode> {
        let start = match page.after.as_deref() {
            None => 0,
            Some(name) => {
                let last = self.find_nick(name)?;
                let members = self.chat.rooms().get(id).members();
                let at = members.iter().position(|member| { member.user } == last);
                self.note_steps(members.len());
                1 + at.ok_or_else(|| ErrorCode::NoSuchNick(name.into()))?
            }
        };
        let limit = page.limit.unwrap_or(NAMES_SHOWN_MAX);
        Ok(self.users_from(id, start, limit.min(NAMES_SHOWN_MAX)))
    }

    pub(super) fn tell_rooms(
        &mut self,
        who: ConnId,
        from: &RoomsFrom,
    ) -> Result<Decision, ErrorCode> {
        let (rooms, more) = self.list_rooms(Some(who), from)?;
        Ok(Decision::Answer(Event::Rooms { rooms, more }))
    }

    /// Which rooms there are, the largest first, [`ROOMS_SHOWN_MAX`] at most, as a connection may know it or
    /// anybody; and from where on there are more.
    ///
    /// # Errors
    /// [`ErrorCode::NoRoomToShow`]
    pub fn list_rooms(
        &self,
        reader: Option<ConnId>,
        from: &RoomsFrom,
    ) -> Result<(Vec<RoomEntry>, Option<RoomsFrom>), ErrorCode> {
        let mut ids: Vec<RoomId> = match from {
            RoomsFrom::Page(page) => {
                let before = page.saturating_sub(1).saturating_mul(ROOMS_SHOWN_MAX);
                self.note_steps(before.min(self.chat.rooms().len()));
                let largest = self.chat.rooms().largest().skip(before);
                largest.take(ROOMS_SHOWN_MAX + 1).collect()
            }
            RoomsFrom::After(room) => {
                let id = self.chat.rooms().find(room);
                let id = id.ok_or_else(|| ErrorCode::NoRoomToShow(room.clone()))?;
                self.chat
                    .rooms()
                    .behind(id)
                    .take(ROOMS_SHOWN_MAX + 1)
                    .collect()
            }
        };
        self.note_steps(ids.len() * STEPS_PER_ROOM);
        let has_more = ids.len() > ROOMS_SHOWN_MAX;
        ids.truncate(ROOMS_SHOWN_MAX);
        let more = ids.last().filter(|_| has_more).map(|&last| match from {
            RoomsFrom::Page(page) => RoomsFrom::Page(page + 1),
            RoomsFrom::After(_) => RoomsFrom::After(self.chat.rooms().get(last).name.clone()),
        });
        let entry = |id: RoomId| {
            let room = self.chat.rooms().get(id);
            let sees = match reader {
                Some(who) => self.sees_into(who, id),
                None => !room.is_guarded(),
            };
            room.entry(sees)
        };
        let is_shown = |id: &RoomId| {
            let is_secret = self.chat.rooms().get(*id).modes.is_secret;
            !is_secret || reader.is_some_and(|who| self.sees_into(who, *id))
        };
        Ok((ids.into_iter().filter(is_shown).map(entry).collect(), more))
    }

    /// Who is in a room, in the order of their coming, [`NAMES_SHOWN_MAX`] at most, as anybody may know it.
    ///
    /// # Errors
    /// [`ErrorCode::NoRoomToShow`], [`ErrorCode::NotInRoom`] where the room is closed to some, and
    /// [`ErrorCode::NoSuchNick`] where the page begins behind nobody who is there.
    pub fn users_in(&self, room: &RoomName, page: &MembersPage) -> Result<Roster, ErrorCode> {
        let id = self.chat.rooms().find(room);
        let id = id.ok_or_else(|| ErrorCode::NoRoomToShow(room.clone()))?;
        match self.chat.rooms().get(id).is_guarded() {
            true => Err(ErrorCode::NotInRoom(room.clone())),
            false => self.page_of(id, page),
        }
    }
}
