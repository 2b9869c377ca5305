//! What is told, and to whom: in one queue, in the order of its happening.

use std::mem;

use crate::model::{ConnId, Done, ErrorCode, Event, RequestId, UserId};

use super::{Audience, Effect, Hub, RoomId};

impl Hub {
    /// The answer of the request being handled.
    pub(super) fn answer(&mut self, to: ConnId, event: Event) -> Result<(), ErrorCode> {
        let id = self.request_id.take();
        self.answer_with(to, id, event);
        Ok(())
    }

    pub(super) fn refuse(&mut self, to: ConnId, code: ErrorCode) {
        let id = self.request_id.take();
        self.answer_with(to, id, Event::Error(code));
    }

    pub(super) fn answer_with(&mut self, to: ConnId, id: Option<RequestId>, event: Event) {
        self.effects.push_back(Effect::Answer { to, id, event });
    }

    /// Answers that it is done.
    pub(super) fn done(&mut self, to: ConnId, what: Done) -> Result<(), ErrorCode> {
        self.answer(to, Event::Done { what: Some(what) })
    }

    pub(super) fn tell(&mut self, to: ConnId, event: Event) {
        self.effects.push_back(Effect::Tell { to, event });
    }

    /// Tells a user, at each of its connections.
    pub(super) fn tell_user(&mut self, id: UserId, event: &Event) {
        for to in self.users.sessions_of(id).collect::<Vec<_>>() {
            self.tell(to, event.clone());
        }
    }

    /// Tells the other connections of the user of one.
    pub(super) fn tell_others_of(&mut self, who: ConnId, event: &Event) {
        for to in self.others_of(who) {
            self.tell(to, event.clone());
        }
    }

    /// The other connections of the user of one.
    pub(super) fn others_of(&self, who: ConnId) -> Vec<ConnId> {
        let own = self.users.of(who).into_iter();
        let own = own.flat_map(|id| self.users.sessions_of(id));
        own.filter(|&other| other != who).collect()
    }

    pub(super) fn broadcast(&mut self, audience: Audience, event: Event) {
        self.effects
            .push_back(Effect::Broadcast { audience, event });
    }

    /// The other connections in the rooms that still exist, each once, as readers of the first that they share.
    pub(super) fn neighbours(&self, who: ConnId, rooms: &[RoomId]) -> Audience {
        if let &[room] = rooms {
            return Audience::others(room, who);
        }
        let mut seen = vec![false; self.users.slots()];
        let mut is_new = |id: ConnId| {
            let seen = seen.get_mut(id.slot as usize);
            seen.is_some_and(|seen| !mem::replace(seen, true))
        };
        is_new(who);
        self.note_steps(rooms.iter().map(|&room| self.readers(room).len()).sum());
        let readers = rooms.iter().flat_map(|&room| self.readers(room).iter());
        Audience::Each(readers.filter(|reader| is_new(reader.id)).collect())
    }

    /// Whom the last effects are for does not change any more: who enters now is not among them.
    pub(super) fn settle_audiences(&mut self, first: usize) {
        for at in first..self.effects.len() {
            let Some(Effect::Broadcast { audience, .. }) = self.effects.get(at) else {
                continue;
            };
            let Audience::Room {
                room,
                except,
                ignorers,
            } = audience
            else {
                continue;
            };
            let readers = self.readers(*room).iter();
            let hears = |id: &ConnId| Some(*id) != *except && !ignorers.contains(id);
            let settled = readers.filter(|reader| hears(&reader.id)).collect();
            if let Some(Effect::Broadcast { audience, .. }) = self.effects.get_mut(at) {
                *audience = Audience::Each(settled);
            }
        }
    }
}
