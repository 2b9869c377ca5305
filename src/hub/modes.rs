//! What the moderators of a room set.

use crate::chat::{Entry, RoomId};
use crate::model::{ConnId, Done, ErrorCode, ModeChange, RoomName};

use super::hear::{Asker, Wants};
use super::state::{Hub, check_note};

impl Hub {
    /// Sets one of the modes of a room that one is in.
    pub(super) fn change_mode(
        &mut self,
        who: ConnId,
        name: Option<RoomName>,
        change: ModeChange,
    ) -> Result<(), ErrorCode> {
        let room = self.moderated(who, name)?;
        let wants = Wants::Nothing;
        self.set_modes(Asker { who, wants }, room, vec![change.clone()])?;
        let room = self.chat.rooms().get(room).name.clone();
        self.done(who, Done::ModeSet { room, change })
    }

    /// Sets several of a room's modes; what cannot be set is left out.
    pub(super) fn change_modes(
        &mut self,
        who: ConnId,
        name: RoomName,
        changes: Vec<ModeChange>,
    ) -> Result<(), ErrorCode> {
        let room = self.chat.rooms().find(&name);
        let room = room.ok_or(ErrorCode::NoRoomToShow(name))?;
        let wants = Wants::Modes;
        self.set_modes(Asker { who, wants }, room, changes)
    }

    fn set_modes(
        &mut self,
        asker: Asker,
        room: RoomId,
        changes: Vec<ModeChange>,
    ) -> Result<(), ErrorCode> {
        for change in &changes {
            match change {
                ModeChange::Key(Some(text)) | ModeChange::Mask { mask: text, .. } => {
                    check_note(text)?;
                }
                _ => {}
            }
        }
        let by = self.actor(asker.who)?;
        self.commit(Some(asker), Entry::SetModes { by, room, changes })
    }
}
