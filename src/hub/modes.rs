//! What the moderators of a room set.

use crate::chat::{Entry, RoomId};
use crate::model::{ConnId, Done, ErrorCode, Event, ModeChange, RoomName};

use super::decision::{Decision, Then, Wants};
use super::state::{Hub, check_note};

impl Hub {
    /// Sets one of the modes of a room that one is in.
    pub(super) fn change_mode(
        &mut self,
        who: ConnId,
        name: Option<RoomName>,
        change: ModeChange,
    ) -> Result<Decision, ErrorCode> {
        let room = self.moderated(who, name)?;
        let name = self.chat.rooms().get(room).name.clone();
        let entry = self.entry_of_modes(who, room, vec![change.clone()])?;
        let what = Some(Done::ModeSet { room: name, change });
        let then = Then::Answer(Event::Done { what });
        Ok(Decision::Entry(entry, Wants::Nothing, then))
    }

    /// Sets several of a room's modes; what cannot be set is left out.
    pub(super) fn change_modes(
        &mut self,
        who: ConnId,
        name: RoomName,
        changes: Vec<ModeChange>,
    ) -> Result<Decision, ErrorCode> {
        let room = self.chat.rooms().find(&name);
        let room = room.ok_or(ErrorCode::NoRoomToShow(name))?;
        let entry = self.entry_of_modes(who, room, changes)?;
        Ok(Decision::Entry(entry, Wants::Modes, Then::Nothing))
    }

    fn entry_of_modes(
        &self,
        who: ConnId,
        room: RoomId,
        changes: Vec<ModeChange>,
    ) -> Result<Entry, ErrorCode> {
        for change in &changes {
            match change {
                ModeChange::Key(Some(text)) | ModeChange::Mask { mask: text, .. } => {
                    check_note(text)?;
                }
                _ => {}
            }
        }
        let by = self.actor(who)?;
        Ok(Entry::SetModes { by, room, changes })
    }
}
