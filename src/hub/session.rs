//! What one connection has for itself, and all of those.

use crate::model::{CameBy, ConnId, UserId};

use super::RoomId;

/// A connection of a user.
#[derive(Debug)]
pub(super) struct Session {
    /// Whose it is. Invariant: that user knows of it.
    user: UserId,
    /// The room that it speaks in. Invariant: one that its user is in; `None` where that is in none.
    pub(super) focus: Option<RoomId>,
    /// That of its connection, which stands here so that a slot is no larger than it must be.
    generation: u32,
    /// How many of the last messages it is shown of a room that it enters, where that does not say it.
    pub(super) replay: u16,
    /// With what it came.
    pub(super) via: CameBy,
}

impl Session {
    pub(super) fn new(user: UserId, focus: Option<RoomId>, replay: u16) -> Session {
        Session {
            user,
            focus,
            generation: 0,
            replay,
            via: CameBy::Line,
        }
    }

    pub(super) fn user(&self) -> UserId {
        self.user
    }
}

/// Slots that the table keeps its memory for.
const IDLE_SLOTS: usize = 64;

/// Every session, by the slot of its connection.
#[derive(Debug, Default)]
pub(super) struct Sessions {
    /// Invariant: the last one is not empty.
    slots: Vec<Option<Session>>,
}

impl Sessions {
    pub(super) fn get(&self, id: ConnId) -> Option<&Session> {
        let session = self.slots.get(id.slot as usize)?.as_ref()?;
        (session.generation == id.generation).then_some(session)
    }

    pub(super) fn get_mut(&mut self, id: ConnId) -> Option<&mut Session> {
        let session = self.slots.get_mut(id.slot as usize)?.as_mut()?;
        (session.generation == id.generation).then_some(session)
    }

    /// The slot of each is below that.
    pub(super) fn slots(&self) -> usize {
        self.slots.len()
    }

    /// Whose session is in a slot.
    pub(super) fn id_in(&self, slot: u32) -> Option<ConnId> {
        let generation = self.slots.get(slot as usize)?.as_ref()?.generation;
        Some(ConnId { slot, generation })
    }

    /// Adds the session of a connection whose slot has none.
    pub(super) fn insert(&mut self, id: ConnId, session: Session) {
        let slot = id.slot as usize;
        if slot >= self.slots.len() {
            self.slots.resize_with(slot + 1, || None);
        }
        debug_assert!(
            self.slots[slot].is_none(),
            "a session is removed before its slot is used"
        );
        self.slots[slot] = Some(Session {
            generation: id.generation,
            ..session
        });
    }

    pub(super) fn remove(&mut self, id: ConnId) -> Option<Session> {
        self.get(id)?;
        let session = self.slots[id.slot as usize].take();
        while self.slots.last().is_some_and(Option::is_none) {
            self.slots.pop();
        }
        if self.slots.len() < self.slots.capacity() / 4 {
            // Made smaller, never freed: what glibc has seen freed once it does not give back later.
            self.slots.shrink_to(IDLE_SLOTS.max(2 * self.slots.len()));
        }
        session
    }

    /// In the order of slots.
    pub(super) fn iter(&self) -> impl Iterator<Item = (ConnId, &Session)> {
        let entries = (0..).zip(&self.slots);
        entries.filter_map(|(slot, entry)| {
            let session = entry.as_ref()?;
            let generation = session.generation;
            Some((ConnId { slot, generation }, session))
        })
    }
}
