//! What is known of who asks and who is told, what a request may bring, and what it costs.

use crate::model::{ConnId, ErrorCode, Event, Moment, Peer, Target};

use super::{Hub, Reader, Readers, RoomId};

impl Hub {
    /// Who reads what is said in a room that an effect names; none where it has ended meanwhile.
    pub fn readers(&self, room: RoomId) -> &Readers {
        self.rooms
            .try_get(room)
            .map_or(Readers::NONE, |room| &room.readers)
    }

    /// A connection as a reader of a room that its user is in.
    pub fn reader(&self, id: ConnId, room: RoomId) -> Option<Reader> {
        let session = self.users.session(id)?;
        let here = session.focus == Some(room);
        let is_in = here || self.users[session.user()].is_in(room);
        is_in.then_some(Reader { id, here })
    }

    /// Does a connection speak in the room that an event for it alone is of?
    pub fn is_here(&self, who: ConnId, event: &Event) -> bool {
        let (Event::Said { room, .. }
        | Event::History {
            target: Target::Room(room),
            ..
        }) = event
        else {
            return true;
        };
        let session = self.users.session(who);
        session.is_some_and(|session| {
            session.focus.is_some() && session.focus == self.rooms.find(room)
        })
    }

    /// Is the address kept out? If so, that is the refusal.
    pub fn refusal_of(&self, peer: &Peer, now: Moment) -> Option<ErrorCode> {
        let ip = peer.ip()?;
        self.note_steps(self.settings.bans.len());
        let ban = self
            .settings
            .bans_at(now)
            .find(|ban| ban.mask.covers_ip(ip))?;
        Some(ErrorCode::AddressBanned(ban.reason.clone()))
    }

    /// Is it neither a user's nor the operator's own?
    pub(super) fn is_stranger(&self, who: ConnId) -> bool {
        !self.consoles.contains(&who) && self.users.of(who).is_none()
    }

    /// So many members, names or bans are looked at for what is being handled.
    pub(super) fn note_steps(&self, count: usize) {
        self.steps.set(self.steps.get().saturating_add(count));
    }

    /// Members, names and bans that were looked at since the last call: work that what is told does not show.
    pub fn take_steps(&mut self) -> usize {
        self.steps.take()
    }

    pub(super) fn check_message(&self, text: &str) -> Result<(), ErrorCode> {
        match text.len() <= self.rules.message_bytes_max {
            true => Ok(()),
            false => Err(ErrorCode::MessageTooLong(self.rules.message_bytes_max)),
        }
    }
}

/// Holds a note (a topic, a reason, last words) to its limit.
pub(super) fn check_note(text: &str) -> Result<(), ErrorCode> {
    match text.len() <= crate::limits::NOTE_BYTES_MAX {
        true => Ok(()),
        false => Err(ErrorCode::MessageTooLong(crate::limits::NOTE_BYTES_MAX)),
    }
}
